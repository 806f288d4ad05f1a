//! Tests of groups, odds ratios and strata against scipy and statsmodels, to 1e-10, on the tables of `reference/significance.json`; power against simulation;
//! the worked examples of a rule.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_metrics::proportions::{Proportion, newcombe};
use evenhand_metrics::significance::{
    Alternative, ChiSquared, Counted, Fraction, Measured, Stratum, Undefined, chi_squared, fisher_exact, haldane_anscombe, holm,
    impact_ratios, mantel_haenszel, odds_ratio, one_moved, power, ratio_of_proportions, scoring, shortfall_to_overall, shortfall_to_ratio,
    smallest_gap, two_proportions, unknown_bounds,
};
use evenhand_rows::Groups;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use serde_json::Value;

const LEVEL: f64 = 0.95;
const TOLERANCE: f64 = 1e-10;
/// Below this a p-value is no longer a normal floating-point number, and its digits are few.
const TINY: f64 = 1e-290;

fn of(selected: u64, n: u64) -> Counted {
    Counted::new(selected, n).unwrap()
}

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/significance.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

fn pair(table: &Value) -> (Counted, Counted) {
    let cells = counts(table);
    (of(cells[0], cells[1]), of(cells[2], cells[3]))
}

/// What was compared of each subject, how far it was off at most, and what was wrong.
#[derive(Default)]
struct Tested {
    subjects: BTreeMap<&'static str, (usize, f64)>,
    undefined: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tested {
    fn near(&mut self, subject: &'static str, found: f64, expected: f64, about: &Value) {
        let error = if expected.abs() < TINY { (found - expected).abs() } else { ((found - expected) / expected).abs() };
        let (compared, worst) = self.subjects.entry(subject).or_default();
        *compared += 1;
        *worst = worst.max(error);
        if !(error <= TOLERANCE && found.is_finite()) {
            self.wrong.push(format!("{subject} of {about}: {found} instead of {expected}"));
        }
    }

    /// A number that the library has too, or a reason where it has none.
    fn check(&mut self, subject: &'static str, found: Result<f64, Undefined>, expected: &Value, about: &Value) {
        match (found, expected.as_f64()) {
            (Ok(found), Some(expected)) => self.near(subject, found, expected, about),
            (Err(_), None) => *self.undefined.entry(subject).or_default() += 1,
            (found, expected) => self.wrong.push(format!("{subject} of {about}: {found:?} instead of {expected:?}")),
        }
    }

    /// Value and interval. Where ours has a reason, the library must divide by 0 or take the logarithm of 0, or have no variance.
    fn measured(&mut self, subject: &'static str, found: Result<Measured, Undefined>, expected: &Value, about: &Value) {
        self.check(subject, found.map(|found| found.value), &expected[0], about);
        let Ok(Measured { value, interval }) = found else { return };
        if let Ok((low, high)) = interval {
            self.check(subject, Ok(low), &expected[1], about);
            self.check(subject, Ok(high), &expected[2], about);
        } else {
            *self.undefined.entry(subject).or_default() += 1;
            let no_width = expected[1] == expected[2] && expected[1].as_f64() == Some(value);
            if !(no_width || value == 0.0 && (expected[1].is_null() || expected[2].is_null())) {
                self.wrong.push(format!("{subject} of {about}: no interval instead of {expected}"));
            }
        }
    }

    fn chi_squared(&mut self, subject: &'static str, found: Result<ChiSquared, Undefined>, expected: &Value, about: &Value) {
        self.check(subject, found.map(|found| found.statistic), &expected[0], about);
        self.check(subject, found.map(|found| found.p_value), &expected[1], about);
    }

    /// What was compared, a line for each subject; fails where anything was wrong.
    fn finish(self) -> String {
        assert!(self.wrong.is_empty(), "{} wrong, such as\n{}", self.wrong.len(), self.wrong[..self.wrong.len().min(12)].join("\n"));
        let lines = self.subjects.iter().map(|(subject, (compared, worst))| {
            let undefined = self.undefined.get(subject).copied().unwrap_or_default();
            format!("{subject}: {compared} numbers, {worst:.1e} off at most, {undefined} undefined on both sides")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn two_groups_agree_with_scipy_and_statsmodels() {
    let mut tested = Tested::default();
    for case in reference()["two_groups"].as_array().unwrap() {
        let table = &case["table"];
        let (one, other) = pair(table);
        for (place, alternative) in [Alternative::TwoSided, Alternative::Less, Alternative::Greater].into_iter().enumerate() {
            tested.check("fisher", fisher_exact(one, other, alternative), &case["fisher"][place], table);
        }
        let z = two_proportions(one, other);
        tested.check("z", z.map(|tested| tested.z), &case["z"][0], table);
        tested.check("z", z.map(|tested| tested.p_value), &case["z"][1], table);
        if let (Ok(z), Ok(chi_squared)) = (z, chi_squared(&[one, other])) {
            tested.near("z squared", chi_squared.statistic, z.z * z.z, table);
            tested.near("z squared", chi_squared.p_value, z.p_value, table);
        }
        tested.measured("odds ratio", odds_ratio(one, other, LEVEL), &case["odds_ratio"], table);
        tested.measured("ratio", ratio_of_proportions(one, other, LEVEL), &case["ratio"], table);
        match haldane_anscombe(one, other, LEVEL) {
            // statsmodels computes on where a group has half a candidate twice and nobody else.
            Err(why) => assert!(matches!(why, Undefined::EmptyGroup { .. }) && (one.n() == 0 || other.n() == 0)),
            found => tested.measured("Haldane-Anscombe", found, &case["haldane_anscombe"], table),
        }
        let wilson = Proportion::from(one).wilson(LEVEL);
        let newcombe = newcombe(one.into(), other.into(), LEVEL);
        for (subject, found) in [("Wilson", wilson), ("Newcombe", newcombe)] {
            let expected = &case[if subject == "Wilson" { "wilson" } else { "newcombe" }];
            if let (Some((low, high)), true) = (found, expected.is_array()) {
                // Ends near 0 are differences of larger numbers on both sides.
                for (found, expected) in [(low, &expected[0]), (high, &expected[1])] {
                    let expected = expected.as_f64().unwrap();
                    if expected.abs() > 1e-4 {
                        tested.near(subject, found, expected, table);
                    } else {
                        assert!((found - expected).abs() < 1e-14, "{subject} of {table}: {found} instead of {expected}");
                    }
                }
            }
        }
    }
    println!("{}", tested.finish());
}

#[test]
fn many_groups_agree_with_scipy() {
    let mut tested = Tested::default();
    for case in reference()["many_groups"].as_array().unwrap() {
        let groups: Vec<Counted> = case["groups"].as_array().unwrap().iter().map(counts).map(|cells| of(cells[0], cells[1])).collect();
        let found = chi_squared(&groups);
        tested.check("chi-squared", found.map(|found| found.statistic), &case["chi_squared"][0], case);
        tested.check("chi-squared", found.map(|found| found.p_value), &case["chi_squared"][2], case);
        if let Ok(found) = found {
            assert_eq!(found.degrees_of_freedom as u64, case["chi_squared"][1].as_u64().unwrap());
        }
    }
    println!("{}", tested.finish());
}

#[test]
fn strata_agree_with_statsmodels() {
    let mut tested = Tested::default();
    for case in reference()["strata"].as_array().unwrap() {
        let strata: Vec<Stratum> =
            case["strata"].as_array().unwrap().iter().map(pair).map(|(group, reference)| Stratum { group, reference }).collect();
        let found = mantel_haenszel(&strata, LEVEL).unwrap();
        let informative = case["informative"].as_u64().unwrap() as usize;
        assert_eq!((found.strata, found.uninformative.len()), (strata.len(), strata.len() - informative));
        // Strata without information are left out of the library's input, unless there are none: it then gives NaN or counts them as degrees of freedom.
        let expected = &case["kept"];
        let about = &case["strata"];
        tested.measured("Mantel-Haenszel odds ratio", found.odds_ratio, &expected["odds_ratio"], about);
        tested.measured("Mantel-Haenszel risk ratio", found.risk_ratio, &case["risk_ratio"], about);
        tested.measured("Mantel-Haenszel risk difference", found.risk_difference, &case["risk_difference"], about);
        tested.chi_squared("Cochran-Mantel-Haenszel", found.test, &expected["test"], about);
        if case["deviation"].as_f64().is_some_and(|deviation| deviation < 0.5) {
            assert_eq!(found.corrected_test.map(|test| (test.statistic, test.p_value)), Ok((0.0, 1.0)));
        } else {
            tested.chi_squared("Cochran-Mantel-Haenszel, corrected", found.corrected_test, &expected["corrected_test"], about);
        }
        if informative < 2 {
            // The library computes a statistic of rounding for 0 degrees of freedom.
            assert!(found.breslow_day.is_err() && found.tarone.is_err());
        } else {
            tested.chi_squared("Breslow-Day", found.breslow_day, &expected["breslow_day"], about);
            tested.chi_squared("Breslow-Day, Tarone", found.tarone, &expected["tarone"], about);
        }
        // Strata of two candidates or more change nothing in the library's pooled odds ratio and test either.
        let as_given = &case["as_given"];
        if as_given["odds_ratio"][0].is_number() {
            tested.measured("Mantel-Haenszel odds ratio", found.odds_ratio, &as_given["odds_ratio"], about);
            tested.check("Mantel-Haenszel risk ratio", found.risk_ratio.map(|found| found.value), &as_given["risk_ratio"], about);
        }
        if as_given["test"][0].is_number() {
            tested.chi_squared("Cochran-Mantel-Haenszel", found.test, &as_given["test"], about);
        }
    }
    println!("{}", tested.finish());
}

#[test]
fn holm_agrees_with_statsmodels() {
    let mut tested = Tested::default();
    for case in reference()["holm"].as_array().unwrap() {
        let numbers = |key: &str| case[key].as_array().unwrap().iter().map(Value::as_f64).collect::<Vec<_>>();
        for (found, expected) in holm(&numbers("p_values")).into_iter().zip(numbers("adjusted")) {
            tested.near("Holm", found.unwrap(), expected.unwrap(), case);
        }
    }
    println!("{}", tested.finish());
}

#[test]
fn breslow_day_where_the_pooled_odds_ratio_is_1() {
    // Odds ratios 4 and 1/4, 9 and 9 of 18 and 18 expected in each: ((12 - 9)^2 + (6 - 9)^2) / (1 / (4 / 9)).
    let strata = [Stratum { group: of(12, 18), reference: of(6, 18) }, Stratum { group: of(6, 18), reference: of(12, 18) }];
    let found = mantel_haenszel(&strata, LEVEL).unwrap();
    assert_eq!(found.odds_ratio.unwrap().value, 1.0);
    assert!((found.breslow_day.unwrap().statistic - 8.0).abs() < 1e-12);
    assert!((found.tarone.unwrap().statistic - 8.0).abs() < 1e-12);
}

#[test]
fn strata_without_information_are_named() {
    let strata = [
        Stratum { group: of(0, 0), reference: of(3, 9) },
        Stratum { group: of(0, 4), reference: of(0, 5) },
        Stratum { group: of(4, 8), reference: of(2, 8) },
        Stratum { group: of(4, 4), reference: of(5, 5) },
    ];
    let found = mantel_haenszel(&strata, LEVEL).unwrap();
    let named: Vec<_> = found.uninformative.iter().map(|left| (left.stratum, left.why)).collect();
    assert_eq!(named, [(0, Undefined::EmptyGroup { group: 0 }), (1, Undefined::NobodySelected), (3, Undefined::EverybodySelected)]);
    assert_eq!(found.odds_ratio.unwrap().value, 3.0);
    assert_eq!(found.breslow_day, Err(Undefined::OneInformativeStratum));
    // (4 x 8 - 2 x 8) / 16 = 1 over 20/9 + 4 + 20/9: strata where all fared alike weigh in.
    assert!((found.risk_difference.unwrap().value - 1.0 / (4.0 + 40.0 / 9.0)).abs() < 1e-15);
    let nothing = mantel_haenszel(&strata[..2], LEVEL).unwrap();
    assert_eq!(nothing.odds_ratio, Err(Undefined::NoInformativeStratum));
    assert_eq!(nothing.test, Err(Undefined::NoInformativeStratum));
    assert_eq!(nothing.risk_difference.unwrap(), Measured { value: 0.0, interval: Err(Undefined::NoVariance) });
    assert_eq!(mantel_haenszel(&[], LEVEL).unwrap().risk_ratio, Err(Undefined::NoInformativeStratum));
}

/// The share of simulated pairs of groups whose pooled z test has a p-value of at most .05.
fn simulated(n: (u64, u64), rates: (f64, f64), rng: &mut ChaCha8Rng) -> f64 {
    const TRIALS: usize = 20_000;
    let (one, other) = (Binomial::new(n.0, rates.0).unwrap(), Binomial::new(n.1, rates.1).unwrap());
    let rejected = (0..TRIALS).filter(|_| {
        let drawn = (of(one.sample(rng), n.0), of(other.sample(rng), n.1));
        two_proportions(drawn.0, drawn.1).is_ok_and(|tested| tested.p_value <= 0.05)
    });
    rejected.count() as f64 / TRIALS as f64
}

#[test]
fn power_agrees_with_simulation() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut worst = 0.0_f64;
    for n in [(20, 20), (30, 30), (20, 200), (57, 23), (100, 100), (1000, 400), (30, 20_000)] {
        for one in [0.1, 0.3, 0.5, 0.7, 0.9] {
            for other in [0.1, 0.15, 0.3, 0.45, 0.5, 0.6, 0.9] {
                let found = power(n, (one, other), 0.05).unwrap();
                worst = worst.max((found - simulated(n, (one, other), &mut rng)).abs());
            }
        }
    }
    for n in [(800_000, 900_000), (60, 60_000_000)] {
        for other in [0.5, 0.502, 0.6] {
            let found = power(n, (0.5, other), 0.05).unwrap();
            worst = worst.max((found - simulated(n, (0.5, other), &mut rng)).abs());
        }
    }
    println!("power: {worst:.4} off a simulation at most");
    assert!(worst < 0.02, "{worst}");
}

#[test]
fn smallest_gaps_have_the_power_and_slightly_smaller_ones_do_not() {
    for n in [(30, 30), (40, 400), (500, 500), (20_000, 3_000), (2_000_000, 2_000_000)] {
        for rate in [0.3, 0.5, 0.9] {
            let gap = smallest_gap(n.0, n.1, rate, 0.05, 0.8).unwrap();
            assert!((gap.rate + gap.difference - rate).abs() < 1e-15 && (gap.ratio - gap.rate / rate).abs() < 1e-15);
            assert!(power(n, (gap.rate, rate), 0.05).unwrap() >= 0.8);
            assert!(power(n, (gap.rate + 2e-9, rate), 0.05).unwrap() < 0.8);
        }
    }
}

#[test]
fn persons_by_hand() {
    let groups = [of(48, 80), of(12, 40), of(9, 21)];
    let overall = shortfall_to_overall(&groups).unwrap();
    assert!(
        overall
            .iter()
            .zip([80.0 * 69.0 / 141.0 - 48.0, 40.0 * 69.0 / 141.0 - 12.0, 21.0 * 69.0 / 141.0 - 9.0])
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
    assert!(overall.iter().sum::<f64>().abs() < 1e-12);
    // Four fifths of 48 of 80 are 19.2 of 40 and 10.08 of 21.
    assert_eq!(shortfall_to_ratio(&groups, (4, 5)).unwrap(), [0, 8, 2]);
    assert_eq!(shortfall_to_ratio(&[of(0, 3), of(0, 4)], (4, 5)), Err(Undefined::NobodySelected));
    assert_eq!(shortfall_to_ratio(&groups, (6, 5)), Err(Undefined::NotALimit { numerator: 6, denominator: 5 }));
    assert_eq!(shortfall_to_overall(&[of(1, 3), of(0, 0)]), Err(Undefined::EmptyGroup { group: 1 }));
}

#[test]
fn shortfalls_are_the_smallest_that_reach_the_ratio() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for _ in 0..400 {
        let groups: Vec<Counted> = (0..rng.random_range(1..6))
            .map(|_| {
                let n = rng.random_range(1..60);
                of(rng.random_range(0..=n), n)
            })
            .collect();
        let Ok(lacking) = shortfall_to_ratio(&groups, (4, 5)) else { continue };
        let reaches = |group: &Counted, more: u64| {
            groups.iter().all(|other| 5 * (group.selected() + more) * other.n() >= 4 * other.selected() * group.n())
        };
        for (group, lacking) in groups.iter().zip(lacking) {
            assert_eq!((0..=group.n()).find(|&more| reaches(group, more)), Some(lacking), "{groups:?}");
        }
    }
}

#[test]
fn one_selection_moved() {
    // 4 of 10 against 5 of 10 is exactly four fifths; the move makes them 5 and 4, in which the group is ahead.
    let flip = one_moved(of(4, 10), of(5, 10), (4, 5), 0.05).unwrap();
    assert!(flip.before.at_least && flip.after.at_least && !flip.limit_turns);
    assert_eq!(flip.after.ratio, Ok(Fraction::new(5, 4).unwrap()));
    // scipy: fisher_exact([[1, 9], [7, 3]]) gives 0.019767, of 2 and 6 selected 0.169802.
    let flip = one_moved(of(1, 10), of(7, 10), (4, 5), 0.05).unwrap();
    assert!((flip.before.p_value - 0.019_767).abs() < 1e-6 && (flip.after.p_value - 0.169_802).abs() < 1e-6, "{flip:?}");
    assert!(flip.p_value_crosses && !flip.limit_turns);
    // The only selection moves away from the reference.
    let flip = one_moved(of(0, 3), of(1, 3), (4, 5), 0.05).unwrap();
    assert_eq!(flip.after.ratio, Err(Undefined::NobodySelectedOf { group: 1 }));
    assert_eq!(one_moved(of(2, 4), of(5, 10), (4, 5), 0.05), Err(Undefined::NotBelow));
    assert_eq!(one_moved(of(2, 4), of(0, 0), (4, 5), 0.05), Err(Undefined::EmptyGroup { group: 1 }));
}

/// The figures of the six worked examples of 6 RCNY 5-300 to 5-304.
fn examples() -> Value {
    serde_json::from_str(include_str!("fixtures/impact_ratios.json")).unwrap()
}

/// Whether a printed figure is the fraction rounded to so many decimals, halves up, decided in integers.
fn is_rounded(fraction: Fraction, printed: f64, decimals: u32) -> bool {
    let scale = 10_u128.pow(decimals);
    let rounded = (2 * fraction.numerator() * scale + fraction.denominator()) / (2 * fraction.denominator());
    rounded == (printed * scale as f64).round() as u128
}

#[test]
fn the_tables_of_the_rule_are_exact() {
    let mut truncated = Vec::new();
    for table in examples().as_array().unwrap() {
        let rows = table["rows"].as_array().unwrap();
        let categories: Vec<(&str, Counted)> =
            rows.iter().map(|row| (row[0].as_str().unwrap(), of(row[1].as_u64().unwrap(), row[2].as_u64().unwrap()))).collect();
        let total = categories.iter().map(|(_, counted)| counted.n()).sum::<u64>();
        assert_eq!(total, table["total"].as_u64().unwrap());
        let found = impact_ratios(&categories);
        let [rate_decimals, ratio_decimals] = ["rate_decimals", "ratio_decimals"].map(|key| table[key].as_u64().unwrap() as u32);
        for (category, row) in found.categories.iter().zip(rows) {
            let (rate, ratio) = (category.rate.unwrap(), category.impact_ratio.unwrap());
            let exact = counts(&row[5]);
            assert_eq!((ratio.numerator(), ratio.denominator()), (u128::from(exact[0]), u128::from(exact[1])), "{}", category.category);
            assert!(is_rounded(ratio, row[4].as_f64().unwrap(), ratio_decimals), "{} of {table}", category.category);
            if !is_rounded(rate, row[3].as_f64().unwrap(), rate_decimals) {
                truncated.push((category.category.clone(), rate.to_string(), row[3].as_f64().unwrap()));
            }
        }
        let reference: Vec<&str> = found.reference.iter().map(|&place| categories[place].0).collect();
        let expected: Vec<&str> = table["reference"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(reference, expected);
    }
    // 0.6428... is printed as 64.2 %.
    assert_eq!(truncated, [("Hispanic or Latino".to_owned(), "9/14".to_owned(), 0.642)]);
}

#[test]
fn scores_made_to_the_counts_of_the_rule_give_its_scoring_tables() {
    for table in examples().as_array().unwrap().iter().filter(|table| table["kind"] == "scoring") {
        let mut names = Vec::new();
        let mut scores = Vec::new();
        for row in table["rows"].as_array().unwrap() {
            let (above, n) = (row[1].as_u64().unwrap(), row[2].as_u64().unwrap());
            for candidate in 0..n {
                names.push(Some(row[0].as_str().unwrap()));
                // All below are equal: 84 of 168 lie above, so that the median is the mean of a lower and a higher score.
                scores.push(if candidate < above { 60.0 + candidate as f64 } else { 50.0 });
            }
        }
        let found = scoring(&scores, &Groups::from_texts("category", names.into_iter())).unwrap();
        assert_eq!(found.median, 55.0);
        for row in table["rows"].as_array().unwrap() {
            let (_, counted) = found.categories.iter().find(|(name, _)| name == row[0].as_str().unwrap()).unwrap();
            assert_eq!(*counted, of(row[1].as_u64().unwrap(), row[2].as_u64().unwrap()));
        }
        assert_eq!(found.unknown.n(), 0);
    }
}

#[test]
fn the_largest_and_smallest_counts_give_numbers_or_reasons() {
    let most = Counted::MOST;
    let counts = [0, 1, 2, most / 2, most - 1, most];
    let groups: Vec<Counted> = counts.iter().flat_map(|&n| counts.iter().filter_map(move |&selected| Counted::new(selected, n))).collect();
    let finite = |number: f64| assert!(number.is_finite(), "{number}");
    let measured = |found: Result<Measured, Undefined>| {
        if let Ok(found) = found {
            finite(found.value);
            if let Ok((low, high)) = found.interval {
                assert!(low.is_finite() && high.is_finite() && low <= found.value && found.value <= high, "{found:?}");
            }
        }
    };
    let tested = |found: Result<ChiSquared, Undefined>| {
        if let Ok(found) = found {
            assert!(found.statistic >= 0.0 && found.statistic.is_finite() && (0.0..=1.0).contains(&found.p_value), "{found:?}");
        }
    };
    for &one in &groups {
        for &other in &groups {
            measured(odds_ratio(one, other, LEVEL));
            measured(haldane_anscombe(one, other, LEVEL));
            measured(ratio_of_proportions(one, other, LEVEL));
            tested(chi_squared(&[one, other, one]));
            if let Ok(found) = two_proportions(one, other) {
                assert!(found.z.is_finite() && (0.0..=1.0).contains(&found.p_value), "{found:?}");
            }
            let strata = [Stratum { group: one, reference: other }, Stratum { group: of(2, 5), reference: of(3, 5) }];
            let found = mantel_haenszel(&strata, LEVEL).unwrap();
            for number in [found.odds_ratio, found.risk_ratio, found.risk_difference] {
                measured(number);
            }
            for test in [found.test, found.corrected_test, found.breslow_day, found.tarone] {
                tested(test);
            }
            shortfall_to_overall(&[one, other]).unwrap_or_default().into_iter().for_each(finite);
            for (lacking, group) in
                shortfall_to_ratio(&[one, other], (u32::MAX - 1, u32::MAX)).unwrap_or_default().into_iter().zip([one, other])
            {
                assert!(lacking <= group.rejected());
            }
            for bounds in unknown_bounds(&[one, other], of(most / 3, most)).unwrap_or_default() {
                assert!(bounds.low.value() <= bounds.high.value() && bounds.high.value() <= 1.0, "{bounds:?}");
            }
            if let (Ok(found), true) = (fisher_exact(one, other, Alternative::TwoSided), one.n() + other.n() < 1000) {
                assert!(found > 0.0 && found <= 1.0);
            }
            let rate = |group: Counted| group.selected() as f64 / group.n() as f64;
            if one.n() > 0 && other.n() > 0 {
                let found = power((one.n(), other.n()), (rate(one), rate(other)), 0.05).unwrap();
                assert!((0.0..=1.0).contains(&found), "{one:?} {other:?}: {found}");
            }
        }
    }
}

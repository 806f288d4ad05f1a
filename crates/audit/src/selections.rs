//! Who is selected in each group: rates, ratios to the highest rate, and what tests say of them.

use std::collections::BTreeMap;

use evenhand_metrics::proportions::{Proportion, newcombe, ratio};
use evenhand_metrics::significance::{self as tests, Alternative, Counted};
use evenhand_metrics::{Estimate, Interval};
use evenhand_report as report;
use evenhand_report::{Against, ChiSquare, Flip, GroupSelection, Selections};

/// Four fifths.
const FOUR_FIFTHS: (u32, u32) = (4, 5);
/// Level of the tests, and the power that the smallest gap is found with.
const TEST_LEVEL: f64 = 0.05;
const POWER: f64 = 0.8;

/// How many of a group were counted, and how many of them selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRows {
    /// The group.
    pub group: String,
    /// Its rows.
    pub n: u64,
    /// Those of them that were selected.
    pub selected: u64,
    /// Why it is not compared, where it is not.
    pub left_out: Option<String>,
}

/// What the counts say. `unknown` holds the rows of unknown group and how many of them were selected; `level` is that of the intervals. Groups without rows, and
/// those that are left out, keep their counts and rates and have no ratio.
///
/// ```
/// use evenhand_audit::selections::{GroupRows, selections};
///
/// let group = |group: &str, n, selected| GroupRows { group: group.to_owned(), n, selected, left_out: None };
/// let found = selections(&[group("men", 100, 52), group("women", 100, 47)], [3, 1], evenhand_report::Counted::Selected, 0.95);
/// assert_eq!(found.highest, ["men"]);
/// assert_eq!(found.groups[1].exact_ratio, Some([47, 52]));
/// // All three unknown could be men who were not selected, or women of whom one was.
/// assert!(found.groups[1].unknown_bounds.unwrap()[0] < 47.0 / 52.0);
/// ```
pub fn selections(groups: &[GroupRows], unknown: [u64; 2], counted: report::Counted, level: f64) -> Selections {
    let known: Vec<Option<Counted>> = groups.iter().map(|group| Counted::new(group.selected, group.n)).collect();
    let compared: Vec<usize> =
        (0..groups.len()).filter(|&group| groups[group].left_out.is_none() && groups[group].n > 0 && known[group].is_some()).collect();
    let counts: Vec<Counted> = compared.iter().filter_map(|&group| known[group]).collect();
    let names: Vec<(&str, Counted)> = compared.iter().zip(&counts).map(|(&group, count)| (groups[group].group.as_str(), *count)).collect();
    let ratios = tests::impact_ratios(&names);
    let reference = ratios.reference.first().copied();
    let against = reference.map(|reference| tested(&counts, reference, level)).unwrap_or_default();
    let bounds = Counted::new(unknown[1], unknown[0]).filter(|unknown| unknown.n() > 0).and_then(|unknown| {
        // Somebody of unknown group may belong to a group that is left out, of which nothing is said: only all groups together are bounded.
        if compared.len() == groups.len() { tests::unknown_bounds(&counts, unknown).ok() } else { None }
    });
    let mut made: Vec<GroupSelection> = groups.iter().map(|group| alone(group, level)).collect();
    for (place, &group) in compared.iter().enumerate() {
        let own = &mut made[group];
        let Some(reference) = reference else {
            let reason = match &ratios.categories[place].impact_ratio {
                Err(reason) => reason.to_string(),
                Ok(_) => "no group has a highest rate".to_owned(),
            };
            own.impact_ratio = Estimate::undefined(reason.clone());
            own.difference = Estimate::undefined(reason);
            continue;
        };
        if compared.len() == 1 {
            let reason = "there is no other group to compare it with".to_owned();
            own.impact_ratio = Estimate::undefined(reason.clone());
            own.difference = Estimate::undefined(reason);
            continue;
        }
        let highest = ratios.reference.contains(&place);
        match &ratios.categories[place].impact_ratio {
            Ok(fraction) => {
                let sides = [counts[place], counts[reference]].map(Proportion::from);
                let value = Estimate::value(fraction.value());
                own.impact_ratio = if highest { value } else { with(value, ratio(sides[0], sides[1], level), level, "newcombe-log") };
                own.exact_ratio = fraction_in_u64(fraction.numerator(), fraction.denominator());
                let difference = Estimate::value(sides[0].hits / sides[0].n - sides[1].hits / sides[1].n);
                own.difference =
                    if highest { difference } else { with(difference, newcombe(sides[0], sides[1], level), level, "newcombe") };
            }
            Err(reason) => {
                own.impact_ratio = Estimate::undefined(reason.to_string());
                own.difference = Estimate::undefined(reason.to_string());
            }
        }
        own.unknown_bounds = bounds.as_ref().map(|bounds| [bounds[place].low.value(), bounds[place].high.value()]);
        own.tests = against.get(&place).cloned();
    }
    Selections {
        counted,
        n: groups.iter().map(|group| group.n as usize).sum(),
        selected: groups.iter().map(|group| group.selected as usize).sum(),
        groups: made,
        highest: ratios.reference.iter().map(|&place| groups[compared[place]].group.clone()).collect(),
        unknown: unknown[0] as usize,
        unknown_selected: unknown[1] as usize,
        chi_square: tests::chi_squared(&counts).ok().map(|test| ChiSquare {
            statistic: test.statistic,
            degrees: test.degrees_of_freedom,
            p_value: test.p_value,
        }),
    }
}

fn fraction_in_u64(numerator: u128, denominator: u128) -> Option<[u64; 2]> {
    Some([u64::try_from(numerator).ok()?, u64::try_from(denominator).ok()?])
}

fn with(estimate: Estimate, ends: Option<(f64, f64)>, level: f64, method: &str) -> Estimate {
    match (estimate, ends.filter(|(low, high)| low.is_finite() && high.is_finite() && level > 0.0)) {
        (Estimate::Value { value, .. }, Some((low, high))) => {
            Estimate::Value { value, interval: Some(Interval { low, high, level, method: method.to_owned(), replicates: 0 }) }
        }
        (estimate, _) => estimate,
    }
}

/// A group by itself.
fn alone(group: &GroupRows, level: f64) -> GroupSelection {
    let share = Proportion { hits: group.selected as f64, n: group.n as f64 };
    let rate = match share.share() {
        Some(rate) => with(Estimate::value(rate), share.wilson(level), level, "wilson"),
        None => Estimate::undefined("the group has no rows"),
    };
    let why = group.left_out.clone().unwrap_or_else(|| "the group has no rows".to_owned());
    GroupSelection {
        group: group.group.clone(),
        n: group.n as usize,
        selected: group.selected as usize,
        rate,
        impact_ratio: Estimate::undefined(why.clone()),
        exact_ratio: None,
        difference: Estimate::undefined(why),
        left_out: group.left_out.clone(),
        unknown_bounds: None,
        tests: None,
    }
}

/// What the tests say of each group and the one with the highest rate.
fn tested(counts: &[Counted], reference: usize, level: f64) -> BTreeMap<usize, Against> {
    let fisher = |place: usize| {
        (place != reference).then(|| tests::fisher_exact(counts[place], counts[reference], Alternative::TwoSided).ok()).flatten()
    };
    let p_values: Vec<Option<f64>> = (0..counts.len()).map(fisher).collect();
    let adjusted = tests::holm(&p_values);
    let to_overall = tests::shortfall_to_overall(counts).ok();
    let to_four_fifths = tests::shortfall_to_ratio(counts, FOUR_FIFTHS).ok();
    let highest = counts[reference].selected() as f64 / counts[reference].n() as f64;
    let one = |place: usize| {
        let (group, top) = (counts[place], counts[reference]);
        let odds = match tests::odds_ratio(group, top, if level > 0.0 { level } else { 1.0 - TEST_LEVEL }) {
            Ok(measured) => with(Estimate::value(measured.value), measured.interval.ok(), level, "woolf"),
            Err(reason) => Estimate::undefined(reason.to_string()),
        };
        let moved = tests::one_moved(group, top, FOUR_FIFTHS, TEST_LEVEL).ok();
        Some(Against {
            fisher: p_values[place]?,
            fisher_holm: adjusted[place]?,
            z: match tests::two_proportions(group, top) {
                Ok(test) => Estimate::value(test.z),
                Err(reason) => Estimate::undefined(reason.to_string()),
            },
            odds_ratio: odds,
            shortfall_to_overall: to_overall.as_ref().map_or(0.0, |shortfalls| shortfalls[place]),
            shortfall_to_four_fifths: to_four_fifths.as_ref().map_or(0, |shortfalls| shortfalls[place]),
            flip: Flip {
                impact_ratio: moved.as_ref().and_then(|moved| moved.after.ratio.as_ref().ok().map(|ratio| ratio.value())),
                crosses_four_fifths: moved.as_ref().is_some_and(|moved| moved.limit_turns),
                crosses_significance: moved.as_ref().is_some_and(|moved| moved.p_value_crosses),
            },
            smallest_gap: tests::smallest_gap(group.n(), top.n(), highest, TEST_LEVEL, POWER).ok().map(|gap| gap.ratio),
        })
    };
    (0..counts.len()).filter(|&place| place != reference).filter_map(|place| Some((place, one(place)?))).collect()
}

#[cfg(test)]
mod tests_of_counts {
    use super::*;

    fn group(group: &str, n: u64, selected: u64) -> GroupRows {
        GroupRows { group: group.to_owned(), n, selected, left_out: None }
    }

    #[test]
    fn a_group_that_is_left_out_keeps_its_rate_and_no_ratio() {
        let small = GroupRows { left_out: Some("under 2 % of the data".to_owned()), ..group("c", 10, 9) };
        let found = selections(&[group("a", 400, 200), group("b", 200, 80), small], [0, 0], report::Counted::Selected, 0.95);
        assert_eq!(found.highest, ["a"]);
        assert_eq!(found.groups[1].exact_ratio, Some([4, 5]));
        let left = &found.groups[2];
        assert_eq!((left.rate.number(), left.impact_ratio.reason()), (Some(0.9), Some("under 2 % of the data")));
        assert!(left.tests.is_none() && found.groups[1].tests.is_some());
        // The highest rate of those that are compared needs no test against itself.
        assert!(found.groups[0].tests.is_none() && found.groups[0].impact_ratio.interval().is_none());
    }

    #[test]
    fn ties_for_the_highest_all_have_ratio_one() {
        let found = selections(&[group("a", 4, 3), group("b", 8, 6), group("c", 10, 5)], [0, 0], report::Counted::AboveMedian, 0.95);
        assert_eq!(found.highest, ["a", "b"]);
        assert_eq!(found.groups[1].impact_ratio.number(), Some(1.0));
        assert_eq!(found.groups[2].exact_ratio, Some([2, 3]));
    }

    #[test]
    fn nobody_selected_has_reasons_and_no_ratio() {
        let found = selections(&[group("a", 4, 0), group("b", 8, 0), group("c", 0, 0)], [2, 2], report::Counted::Selected, 0.95);
        assert_eq!(found.groups[0].impact_ratio.reason(), Some("nobody was selected in any group"));
        assert_eq!(found.groups[2].impact_ratio.reason(), Some("the group has no rows"));
        assert_eq!(found.groups[0].rate.number(), Some(0.0));
        assert!(found.groups[0].rate.interval().unwrap().high > 0.3);
        assert_eq!(found.groups[2].rate.reason(), Some("the group has no rows"));
    }
}

//! Intervals: the same on any number of threads, stable, and wide enough.

use evenhand_metrics::{Convention, Conventions, Finding, IntervalPlan, Outcomes, evaluate};
use evenhand_rows::Groups;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Rows {
    scores: Vec<f64>,
    labels: Vec<f64>,
    weights: Vec<f64>,
    groups: Groups,
}

/// Two groups; scores of the second lie `shift` lower on average.
fn rows(count: usize, shift: f64, seed: u64) -> Rows {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let codes: Vec<u32> = (0..count).map(|_| u32::from(rng.random::<f64>() < 0.3)).collect();
    let labels: Vec<f64> = (0..count).map(|_| f64::from(u8::from(rng.random::<f64>() < 0.4))).collect();
    let scores = codes
        .iter()
        .zip(&labels)
        .map(|(&code, label)| (0.7 * rng.random::<f64>() + 0.2 * label - shift * f64::from(code) + 0.1).clamp(0.0, 1.0))
        .collect();
    let weights = (0..count).map(|_| 0.5 + rng.random::<f64>()).collect();
    Rows { scores, labels, weights, groups: Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes) }
}

impl Rows {
    fn outcomes(&self) -> Outcomes<'_> {
        Outcomes::new(&self.scores, &self.groups).unwrap().labels(&self.labels).unwrap()
    }
}

fn find<'a>(findings: &'a [Finding], id: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.metric == id).unwrap()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let rows = rows(12_000, 0.1, 1);
    let plan = IntervalPlan { replicates: 60, permutations: 19, ..IntervalPlan::default() };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            serde_json::to_string(&evaluate(&[], &rows.outcomes().weights(&rows.weights).unwrap(), Some(&plan)).unwrap()).unwrap()
        })
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn every_metric_has_its_interval_around_it() {
    // Few rows draw single rows, many rows draw blocks: both ways.
    for count in [800, 20_000] {
        let rows = rows(count, 0.1, 2);
        let plan = IntervalPlan { replicates: 300, ..IntervalPlan::default() };
        for weighted in [false, true] {
            let outcomes = if weighted { rows.outcomes().weights(&rows.weights).unwrap() } else { rows.outcomes() };
            for finding in evaluate(&[], &outcomes, Some(&plan)).unwrap() {
                if finding.metric == "histogram-kl" {
                    // Resampling empties bins, which alone moves it: it has none on purpose.
                    assert!(finding.estimate.interval().is_none());
                    continue;
                }
                let value = finding.estimate.number().unwrap();
                let interval = finding.estimate.interval().unwrap_or_else(|| panic!("{} has no interval", finding.metric));
                let slack = 1e-9 + 0.25 * (interval.high - interval.low);
                assert!(interval.low - slack <= value && value <= interval.high + slack, "{}: {value} {interval:?}", finding.metric);
                assert!(interval.high > interval.low && interval.level == 0.95);
            }
        }
    }
}

/// The bootstrap of many rows by blocks and of single rows give the same width.
#[test]
fn blocks_and_single_rows_give_intervals_of_the_same_width() {
    let plan = IntervalPlan { replicates: 2000, ..IntervalPlan::default() };
    let width = |rows: &Rows, id: &str| {
        let finding = evaluate(&[id], &rows.outcomes(), Some(&plan)).unwrap().remove(0);
        let interval = finding.estimate.interval().unwrap().clone();
        (interval.high - interval.low) * (rows.scores.len() as f64).sqrt()
    };
    let (few, many) = (rows(8_000, 0.1, 3), rows(32_000, 0.1, 3));
    for id in ["spdd", "standardised-spdd", "speo", "pcc", "srcc", "roc-auc", "mse", "mae", "log-loss", "average-precision", "ks"] {
        let (direct, blocks) = (width(&few, id), width(&many, id));
        assert!((direct / blocks - 1.0).abs() < 0.15, "{id}: {direct} {blocks}");
    }
}

/// Coverage of 95 % intervals over repeated samples: the truth of a 10 point gap lies inside about 95 times of 100.
#[test]
fn intervals_cover_the_truth() {
    let plan = IntervalPlan { replicates: 300, ..IntervalPlan::default() };
    let truth = find(&evaluate(&["spdd", "demographic-parity-difference"], &rows(400_000, 0.1, 99).outcomes(), None).unwrap(), "spdd")
        .estimate
        .number()
        .unwrap();
    let covered = (0..200)
        .filter(|seed| {
            let rows = rows(600, 0.1, *seed);
            let finding = evaluate(&["spdd"], &rows.outcomes(), Some(&plan)).unwrap().remove(0);
            let interval = finding.estimate.interval().unwrap();
            interval.low <= truth && truth <= interval.high
        })
        .count();
    assert!((176..=200).contains(&covered), "{covered} of 200");
}

/// Under the null hypothesis p-values are spread evenly; with a gap they are small.
#[test]
fn p_values_behave() {
    let plan = IntervalPlan { replicates: 0, permutations: 99, ..IntervalPlan::default() };
    for count in [300, 9_000] {
        let ids = ["spdd", "ks", "standardised-spdd", "demographic-parity-difference"];
        let mut small = [0; 4];
        for seed in 0..60 {
            let rows = rows(count, 0.0, 1000 + seed);
            for (index, finding) in evaluate(&ids, &rows.outcomes(), Some(&plan)).unwrap().iter().enumerate() {
                small[index] += usize::from(finding.p_value.unwrap() <= 0.2);
            }
        }
        // 60 x 0.2 = 12 expected, standard deviation 3.1.
        assert!(small.iter().all(|count| (2..=24).contains(count)), "{count} rows: {small:?}");
        for finding in evaluate(&ids, &rows(count, 0.2, 5).outcomes(), Some(&plan)).unwrap() {
            assert_eq!(finding.p_value, Some(0.01), "{}", finding.metric);
        }
    }
}

#[test]
fn a_bad_level_is_refused() {
    let rows = rows(50, 0.0, 1);
    let message =
        evaluate(&["spdd"], &rows.outcomes(), Some(&IntervalPlan { level: 95.0, ..IntervalPlan::default() })).unwrap_err().to_string();
    assert_eq!(message, "level = 95 is not allowed for intervals; it must be above 0 and below 1, for example 0.95");
}

/// 56 of 70 against 48 of 80, which Newcombe 1998 (table II, method 10) gives as .0524 to .3339.
#[test]
fn the_difference_of_one_rate_between_two_groups_has_newcombes_interval() {
    let codes: Vec<u32> = (0..150).map(|row| u32::from(row >= 70)).collect();
    let groups = Groups::new("g", ["a", "b"].map(str::to_owned).to_vec(), codes);
    let scores: Vec<f64> = (0..150).map(|row| if row < 56 || (70..118).contains(&row) { 0.9 } else { 0.1 }).collect();
    let plan = IntervalPlan { replicates: 50, ..IntervalPlan::default() };
    let found = |conventions: Conventions, weights: Option<&[f64]>| {
        let mut outcomes = Outcomes::new(&scores, &groups).unwrap().conventions(conventions);
        if let Some(weights) = weights {
            outcomes = outcomes.weights(weights).unwrap();
        }
        let finding = evaluate(&["demographic-parity-difference"], &outcomes, Some(&plan)).unwrap().remove(0);
        let interval = finding.estimate.interval().unwrap();
        (interval.low, interval.high, interval.method.clone())
    };
    let near = |found: (f64, f64, String), low: f64, high: f64| {
        assert!((found.0 - low).abs() < 6e-5 && (found.1 - high).abs() < 6e-5 && found.2 == "newcombe", "{found:?}");
    };
    near(found(Conventions::default(), None), 0.0524, 0.3339);
    // AIF360: unprivileged minus privileged, signed, whichever stands first.
    let signed = |privileged: &str| Conventions {
        convention: Convention::Aif360,
        privileged: Some(privileged.to_owned()),
        ..Conventions::default()
    };
    near(found(signed("b"), None), 0.0524, 0.3339);
    near(found(signed("a"), None), -0.3339, -0.0524);
    let weights: Vec<f64> = (0..150).map(|row| f64::from(1 + row % 3)).collect();
    let weighted = found(Conventions::default(), Some(&weights));
    assert_eq!(weighted.2, "newcombe");
    // Rows of unequal weight say less than as many of equal weight: sums of squares give 60.0 and 68.6 rows in the place of 70 and 80.
    assert!(weighted.1 - weighted.0 > 1.05 * (0.3339 - 0.0524), "{weighted:?}");
    // Equal weights, however large, are as none.
    near(found(Conventions::default(), Some(&vec![7.5; 150])), 0.0524, 0.3339);
}

/// Coverage of the size of a gap by Newcombe's interval cut at 0, summed exactly over all outcomes of 20 and 30 rows: at 81 pairs of rates it is
/// .960 on average and .942 at least (an independent computation in Python gives .9602 and .9416).
#[test]
fn newcombes_interval_covers_the_size_of_a_gap() {
    let (few, more) = (20_usize, 30_usize);
    let codes: Vec<u32> = (0..few + more).map(|row| u32::from(row >= few)).collect();
    let groups = Groups::new("g", ["a", "b"].map(str::to_owned).to_vec(), codes);
    let plan = IntervalPlan { replicates: 2, ..IntervalPlan::default() };
    let interval = |one: usize, other: usize| {
        let scores: Vec<f64> = (0..few + more).map(|row| f64::from(u8::from(row < one || (few..few + other).contains(&row)))).collect();
        let outcomes = Outcomes::new(&scores, &groups).unwrap();
        let finding = evaluate(&["demographic-parity-difference"], &outcomes, Some(&plan)).unwrap().remove(0);
        finding.estimate.interval().map(|interval| (interval.low, interval.high)).unwrap()
    };
    let intervals: Vec<Vec<(f64, f64)>> = (0..=few).map(|one| (0..=more).map(|other| interval(one, other)).collect()).collect();
    let probabilities = |rows: usize, rate: f64| -> Vec<f64> {
        let mut found = vec![(1.0 - rate).powi(rows as i32)];
        for hits in 1..=rows {
            found.push(found[hits - 1] * (rows - hits + 1) as f64 / hits as f64 * rate / (1.0 - rate));
        }
        found
    };
    let mut covered = Vec::new();
    for (p, q) in (1..10).flat_map(|p| (1..10).map(move |q| (f64::from(p) / 10.0, f64::from(q) / 10.0))) {
        let (of_few, of_more) = (probabilities(few, p), probabilities(more, q));
        let gap = (p - q).abs();
        let mut coverage = 0.0;
        for (row, one) in intervals.iter().zip(&of_few) {
            for ((low, high), other) in row.iter().zip(&of_more) {
                if (low - 1e-12..=high + 1e-12).contains(&gap) {
                    coverage += one * other;
                }
            }
        }
        covered.push(coverage);
    }
    let (least, mean) = (covered.iter().copied().fold(1.0, f64::min), covered.iter().sum::<f64>() / 81.0);
    assert!((least - 0.9416).abs() < 1e-4 && (mean - 0.9602).abs() < 1e-4, "{least}, {mean}");
}

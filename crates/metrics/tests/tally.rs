//! Chunks add up to the whole.

use evenhand_metrics::{Conventions, Finding, IntervalPlan, Outcomes, Tally, evaluate, pass_rates};
use evenhand_rows::{Groups, UNKNOWN};
use proptest::prelude::*;

const BINS: usize = 1 << 10;

fn levels() -> Vec<String> {
    ["a", "b", "c"].map(str::to_owned).to_vec()
}

struct Rows {
    scores: Vec<f64>,
    labels: Vec<f64>,
    codes: Vec<u32>,
}

fn rows(count: usize, seed: usize) -> Rows {
    let wave = |row: usize, step: usize, modulus: usize| ((row + seed) * step % modulus) as f64 / modulus as f64;
    let codes: Vec<u32> = (0..count).map(|row| [0, 1, 2, UNKNOWN][((row + seed) * 7 % 11) % 4]).collect();
    let scores: Vec<f64> = (0..count).map(|row| wave(row, 7919, 10_007).powf(1.0 + 0.1 * f64::from(codes[row] % 4))).collect();
    let labels = (0..count).map(|row| f64::from(u8::from(scores[row] + wave(row, 31, 101) > 1.0))).collect();
    Rows { scores, labels, codes }
}

fn tallied(rows: &Rows, cuts: &[usize]) -> Tally {
    let mut edges = vec![0];
    edges.extend(cuts.iter().map(|cut| cut % rows.scores.len()));
    edges.push(rows.scores.len());
    edges.sort_unstable();
    let mut total = Tally::new(&levels(), Conventions::default(), BINS);
    // Every other chunk goes through a tally of its own, as if counted elsewhere.
    for (index, edge) in edges.windows(2).enumerate() {
        let span = edge[0]..edge[1];
        let (scores, labels, codes) = (&rows.scores[span.clone()], &rows.labels[span.clone()], &rows.codes[span]);
        if index % 2 == 0 {
            total.add(scores, Some(labels), None, codes).unwrap();
        } else {
            let mut other = Tally::new(&levels(), Conventions::default(), BINS);
            other.add(scores, Some(labels), None, codes).unwrap();
            total.merge(&other).unwrap();
        }
    }
    total
}

fn number(findings: &[Finding], id: &str) -> f64 {
    findings.iter().find(|finding| finding.metric == id).unwrap().estimate.number().unwrap()
}

const COUNTED: [&str; 9] = [
    "accuracy",
    "f1",
    "selection-rate",
    "selection-share",
    "true-positive-rate",
    "demographic-parity-difference",
    "demographic-parity-ratio",
    "equalized-odds-difference",
    "predictive-parity-difference",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merged_chunks_equal_one_batch(count in 50_usize..3000, seed in 0_usize..10_000, cuts in proptest::collection::vec(0_usize..3000, 0..5)) {
        let rows = rows(count, seed);
        let (whole, parts) = (tallied(&rows, &[]), tallied(&rows, &cuts));
        prop_assert_eq!(whole.rows(), parts.rows());
        let (one, many) = (whole.findings(None).unwrap(), parts.findings(None).unwrap());
        let groups = Groups::new("g", levels(), rows.codes.clone());
        let outcomes = Outcomes::new(&rows.scores, &groups).unwrap().labels(&rows.labels).unwrap();
        let batch = evaluate(&[], &outcomes, None).unwrap();
        for (first, second) in one.iter().zip(&many) {
            match (first.estimate.number(), second.estimate.number()) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12, "{}: {a} {b}", first.metric),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
        for id in COUNTED {
            let exact = batch.iter().find(|finding| finding.metric == id).unwrap();
            prop_assert_eq!(exact, many.iter().find(|finding| finding.metric == id).unwrap());
        }
        let bound = parts.spdd_error_bound();
        prop_assert!(bound <= 2.0 * parts.bin_width());
        let (exact, sketched) = (number(&batch, "spdd"), number(&many, "spdd"));
        prop_assert!((exact - sketched).abs() <= bound + 1e-12, "{exact} {sketched} {bound}");
        for (exact, sketched) in batch.iter().find(|finding| finding.metric == "spdd").unwrap().against_rest.iter().zip(
            &many.iter().find(|finding| finding.metric == "spdd").unwrap().against_rest,
        ) {
            prop_assert!((exact.estimate.number().unwrap() - sketched.estimate.number().unwrap()).abs() <= bound + 1e-12);
        }
        // Scores are known to within a bin.
        for id in ["brier", "mse", "mae", "pcc", "roc-auc", "speo", "mean-score", "mean-score-difference"] {
            let (exact, sketched) = (number(&batch, id), number(&many, id));
            prop_assert!((exact - sketched).abs() < 0.01, "{id}: {exact} {sketched}");
        }
    }
}

#[test]
fn groups_may_appear_along_the_way() {
    let rows = rows(500, 3);
    let groups = Groups::new("g", levels(), rows.codes.clone());
    let mut growing = Tally::new(&[], Conventions::default(), BINS);
    for chunk in [0..100, 100..300, 300..500] {
        let part = groups.select(&chunk.clone().collect::<Vec<_>>());
        // The same groups under other codes.
        let mut turned: Vec<String> = levels();
        turned.rotate_left(chunk.start % 3);
        let codes = part
            .codes()
            .iter()
            .map(|&code| if code == UNKNOWN { code } else { turned.iter().position(|level| level == part.level(code)).unwrap() as u32 });
        let part = Groups::new("g", turned.clone(), codes.collect());
        growing.add_groups(&rows.scores[chunk.clone()], Some(&rows.labels[chunk]), None, &part).unwrap();
    }
    let fixed = tallied(&rows, &[]);
    let (a, b) = (number(&growing.findings(None).unwrap(), "spdd"), number(&fixed.findings(None).unwrap(), "spdd"));
    assert!((a - b).abs() < 1e-12);
}

#[test]
fn a_tally_has_intervals_and_pass_rates() {
    let rows = rows(20_000, 1);
    let tally = tallied(&rows, &[10_000]);
    let plan = IntervalPlan { replicates: 200, permutations: 99, ..IntervalPlan::default() };
    let groups = Groups::new("g", levels(), rows.codes.clone());
    let outcomes = Outcomes::new(&rows.scores, &groups).unwrap().labels(&rows.labels).unwrap();
    let batch = evaluate(&["spdd", "demographic-parity-difference"], &outcomes, Some(&plan)).unwrap();
    let findings = tally.findings(Some(&plan)).unwrap();
    for exact in &batch {
        let sketched = findings.iter().find(|finding| finding.metric == exact.metric).unwrap();
        let (a, b) = (exact.estimate.interval().unwrap(), sketched.estimate.interval().unwrap());
        assert!((a.low - b.low).abs() < 0.005 && (a.high - b.high).abs() < 0.005, "{}: {a:?} {b:?}", exact.metric);
        assert_eq!(sketched.p_value.is_some(), exact.p_value.is_some());
    }
    let summary = tally.summary().unwrap();
    let (sketched, exact) = (pass_rates(&summary.outcomes(), 101, 0.95), pass_rates(&outcomes, 101, 0.95));
    for (a, b) in sketched.groups.iter().zip(&exact.groups) {
        assert_eq!((a.n, a.margin), (b.n, b.margin));
        assert!(a.rate.iter().zip(&b.rate).all(|(a, b)| (a - b).abs() < 0.005));
    }
}

#[test]
fn a_refused_chunk_leaves_no_trace() {
    let mut tally = Tally::new(&levels(), Conventions::default(), BINS);
    tally.add(&[0.5, 0.7], None, None, &[0, 1]).unwrap();
    let message = tally.add(&[0.5, 1.5], None, None, &[0, 1]).unwrap_err().to_string();
    assert_eq!(message, "the score of row 1 is 1.5, outside [0, 1]; make the tally with a range that holds every score");
    let message = tally.add(&[0.5], None, None, &[7]).unwrap_err().to_string();
    assert_eq!(message, "row 0 has the group code 7 but there are 3 groups");
    assert!(tally.add(&[0.5], Some(&[1.0]), None, &[0]).is_err(), "labels cannot begin half way");
    assert_eq!(tally.rows(), 2);
    let wider = Tally::with_range(&levels(), Conventions::default(), BINS, -1.0, 1.0);
    assert!(tally.merge(&wider).is_err());
}

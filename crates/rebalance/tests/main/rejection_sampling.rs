//! `rejection-sampling` against shares that a reader can count.

use evenhand_catalog::Value;
use evenhand_rows::{Dataset, Identity};
use proptest::prelude::*;

use crate::tables::{count, rebalance, repeated, table};

fn given(shares: &str, draw: &str) -> Vec<(&'static str, Value)> {
    vec![("shares", Value::Text(shares.into())), ("draw", Value::Text(draw.into()))]
}

fn counts(data: &Dataset) -> [usize; 2] {
    ["w", "m"].map(|group| count(data, group, 1.0))
}

/// Jobs of these numbers of women and men.
fn jobs(sizes: &[(usize, usize)]) -> Dataset {
    let cells: Vec<(&'static str, f64, usize)> = sizes.iter().flat_map(|&(women, men)| [("w", 1.0, women), ("m", 1.0, men)]).collect();
    let mut data = repeated(&cells);
    let codes = sizes.iter().enumerate().flat_map(|(job, &(women, men))| std::iter::repeat_n(job as u32, women + men));
    data.job = Some(Identity { name: "job".into(), levels: (0..sizes.len()).map(|job| job.to_string()).collect(), codes: codes.collect() });
    data
}

#[test]
fn the_largest_subset_with_the_papers_shares_is_kept() {
    // 40 women, 60 men. 20 %: 60 men are 80 % of 75. 45 %: 40 / .45 = 88.9, so 88 rows, 39.6 and 48.4. 80 %: 40 are 80 % of 50.
    let data = repeated(&[("w", 1.0, 40), ("m", 1.0, 60)]);
    for (shares, expected) in [
        ("w=0.2", [15, 60]),
        ("w=0.45", [40, 48]),
        ("equal", [40, 40]),
        ("w=55%", [40, 32]),
        ("w=0.8,m=0.2", [40, 10]),
        ("found", [40, 60]),
        ("m=1,w=0", [0, 60]),
    ] {
        let balanced = rebalance("rejection-sampling", &given(shares, "fewest-lost"), &data, 3).unwrap();
        assert_eq!(counts(&balanced), expected, "{shares}");
        assert!(balanced.rows.is_sorted_by(|left, right| left < right), "{shares}");
    }
    let balanced = rebalance("rejection-sampling", &given("w=0.2", "fewest-lost"), &data, 3).unwrap();
    assert_eq!(
        balanced.provenance.notes[1..],
        [
            "rejection-sampling lost 25 of 100 rows: m 60 of 60 kept, 80.0 % of the rows (wanted 80.0 %); w 15 of 40 kept, 20.0 % of the \
             rows (wanted 20.0 %)",
            "rejection-sampling: the data has no jobs, so the shares hold over all rows"
        ]
    );
}

#[test]
fn von_neumanns_draw_keeps_the_limiting_group_and_meets_the_shares_on_average() {
    // w 2000 of 10000 at 45 %: every woman, and each man with probability (.55 x 2000 / .45) / 8000 = .30556, 2444 on average.
    let data = repeated(&[("w", 1.0, 2000), ("m", 1.0, 8000)]);
    let mut men = Vec::new();
    for seed in 0..5 {
        let [women, kept] = counts(&rebalance("rejection-sampling", &given("w=0.45", "von-neumann"), &data, seed).unwrap());
        assert_eq!(women, 2000);
        // The standard deviation is 41.
        assert!(kept.abs_diff(2444) < 200, "{kept}");
        men.push(kept);
    }
    men.dedup();
    assert!(men.len() > 1, "the number is drawn");
}

#[test]
fn shares_hold_in_every_job_and_others_are_counted() {
    // 4 and 6: 4 and 4. 1 and 9: 1 and 1. 0 and 5, 3 and 0: cannot.
    let data = jobs(&[(4, 6), (1, 9), (0, 5), (3, 0)]);
    let balanced = rebalance("rejection-sampling", &given("equal", "fewest-lost"), &data, 1).unwrap();
    assert_eq!(counts(&balanced), [5, 5]);
    let job = balanced.job.as_ref().unwrap();
    assert_eq!(job.codes, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(
        balanced.provenance.notes[2],
        "rejection-sampling: 2 of 4 jobs (`job`) can have the shares and have them but for the draw; 2 cannot, 8 rows of theirs were left out"
    );
    let with = |name, value| [given("equal", "fewest-lost"), vec![(name, value)]].concat();
    let kept = rebalance("rejection-sampling", &with("unreachable", Value::Text("keep".into())), &data, 1).unwrap();
    assert_eq!(counts(&kept), [8, 10]);
    assert!(kept.provenance.notes[2].ends_with("8 rows of theirs were kept as they are"));
    // 8 women and 20 men over all jobs.
    let over_all = rebalance("rejection-sampling", &with("per_job", Value::Flag(false)), &data, 1).unwrap();
    assert_eq!(counts(&over_all), [8, 8]);
    assert_eq!(over_all.provenance.notes.len(), 2);
    // At 20 % one woman and one man have no subset with both.
    let small = jobs(&[(1, 1), (2, 8)]);
    assert_eq!(counts(&rebalance("rejection-sampling", &given("w=0.2", "fewest-lost"), &small, 1).unwrap()), [2, 8]);
    let message = rebalance("rejection-sampling", &given("equal", "von-neumann"), &jobs(&[(2, 0), (0, 2)]), 1).unwrap_err().to_string();
    assert!(message.contains("no job holds enough rows of every group") && message.contains("per_job = false"), "{message}");
}

#[test]
fn any_number_of_groups_and_unknown_ones() {
    let data = repeated(&[("a", 1.0, 10), ("b", 1.0, 20), ("c", 0.0, 30), ("", 1.0, 4)]);
    let size = |data: &Dataset| {
        ["a", "b", "c"].map(|group| data.sensitive[0].codes().iter().filter(|&&code| data.sensitive[0].level(code) == group).count())
    };
    let equal = rebalance("rejection-sampling", &given("equal", "fewest-lost"), &data, 1).unwrap();
    assert_eq!((size(&equal), equal.len()), ([10, 10, 10], 34));
    // a half; b and c share the rest 2 : 3, of 20 rows 4 and 6.
    let half = rebalance("rejection-sampling", &given("a=0.5", "fewest-lost"), &data, 1).unwrap();
    assert_eq!(size(&half), [10, 4, 6]);
}

#[test]
fn bad_shares_are_refused() {
    let data = table(&[("m", 1.0), ("w", 1.0)]);
    let message = |shares: &str| rebalance("rejection-sampling", &given(shares, "fewest-lost"), &data, 1).unwrap_err().to_string();
    assert_eq!(message("women=0.5"), "`rejection-sampling`: shares of `group`: `women` is none of m, w");
    assert!(message("w=2").starts_with("`rejection-sampling`: shares: `2` is no share from 0 to 1"));
    assert!(message("w=0.2").contains("too few for its share"), "{}", message("w=0.2"));
}

proptest! {
    /// No larger subset of the rows has the shares: one more row of any group would overdraw the limiting one.
    #[test]
    fn nothing_larger_has_the_shares(women in 1..60_usize, men in 1..60_usize, share in 1..100_usize, seed in 0..50_u64) {
        let data = repeated(&[("w", 1.0, women), ("m", 1.0, men)]);
        let share = share as f64 / 100.0;
        let Ok(balanced) = rebalance("rejection-sampling", &given(&format!("w={share}"), "fewest-lost"), &data, seed) else { return Ok(()) };
        let [w, m] = counts(&balanced);
        let total = (w + m) as f64;
        prop_assert!((w as f64 - share * total).abs() < 1.0 && w <= women && m <= men);
        prop_assert!((total + 1.0) * share > women as f64 || (total + 1.0) * (1.0 - share) > men as f64);
    }
}

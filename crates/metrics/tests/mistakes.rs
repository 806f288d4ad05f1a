//! One test for each known mistake of other toolkits that touches a metric here.

use evenhand_metrics::{
    Convention, Conventions, DecisionRule, Finding, IntervalPlan, Outcomes, Rankings, evaluate, find, ranking, ratio_at_least,
    spdd::wasserstein_1,
};
use evenhand_rows::{Groups, UNKNOWN};

fn two_groups(codes: Vec<u32>) -> Groups {
    Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes)
}

/// Groups with these numbers of selected and rejected rows.
fn decided(groups: &[(usize, usize)]) -> (Vec<f64>, Groups) {
    let (mut scores, mut codes) = (Vec::new(), Vec::new());
    for (code, &(selected, rejected)) in groups.iter().enumerate() {
        scores.extend(vec![0.9; selected]);
        scores.extend(vec![0.1; rejected]);
        codes.extend(vec![code as u32; selected + rejected]);
    }
    let levels = ["a", "b", "c", "d"][..groups.len()].iter().map(|level| (*level).to_owned()).collect();
    (scores, Groups::new("g", levels, codes))
}

fn measured(id: &str, outcomes: &Outcomes) -> Finding {
    find(id).unwrap().evaluate(outcomes)
}

/// The public code of Kim et al. 2023 and their Algorithm 1 keep the k smallest scores of the larger group.
#[test]
fn unequal_groups_are_never_truncated() {
    let groups = two_groups(vec![0, 0, 0, 1]);
    let found = measured("spdd", &Outcomes::new(&[0.2, 0.4, 0.9, 0.3], &groups).unwrap()).estimate.number().unwrap();
    assert!((found - 0.8 / 3.0).abs() < 1e-12);
    assert!((found - 0.1).abs() > 0.1, "0.1 is what truncation to the smallest score gives");
}

/// AIF360's `ot_distance` takes scores for histogram weights: it then depends on the order of the rows.
#[test]
fn scores_are_places_and_no_histogram_weights() {
    let distance = wasserstein_1(&[0.1, 0.9], &[0.1, 0.9]).unwrap();
    assert_eq!(distance, wasserstein_1(&[0.9, 0.1], &[0.1, 0.9]).unwrap());
    assert_eq!(distance, 0.0);
}

/// In floating point 0.64 / 0.80 is below 0.8, so that four fifths exactly look like a breach.
#[test]
fn four_fifths_exactly_are_not_below_four_fifths() {
    let (scores, groups) = decided(&[(64, 36), (80, 20)]);
    let ratio = measured("demographic-parity-ratio", &Outcomes::new(&scores, &groups).unwrap()).estimate.number().unwrap();
    assert!(ratio >= 0.8, "{ratio:.20}");
    assert!(ratio_at_least((64, 100), (80, 100), (4, 5)));
    // The counts of every group size up to 60: the number is below 0.8 exactly when the counts are.
    for rows in 1..60_usize {
        for (low, high) in (0..=rows).flat_map(|high| (0..=high).map(move |low| (low, high))).filter(|(_, high)| *high > 0) {
            let (scores, groups) = decided(&[(low, rows - low), (high * 2, (rows - high) * 2)]);
            if rows % 7 == 5 {
                let ratio = measured("demographic-parity-ratio", &Outcomes::new(&scores, &groups).unwrap()).estimate.number().unwrap();
                assert_eq!(ratio >= 0.8, 5 * low >= 4 * high, "{low} of {rows} against {high} of {rows}");
            }
        }
    }
}

/// fairlearn resamples all rows together, so that a group of two rows is missing from some replicates and its quantiles are NaN.
#[test]
fn a_tiny_group_never_vanishes_from_a_replicate() {
    let (scores, groups) = decided(&[(500, 500), (1, 1)]);
    let plan = IntervalPlan { replicates: 400, ..IntervalPlan::default() };
    let outcomes = Outcomes::new(&scores, &groups).unwrap();
    for (id, replicates) in [("demographic-parity-ratio", 0), ("spdd", 400), ("ks", 400)] {
        let finding = evaluate(&[id], &outcomes, Some(&plan)).unwrap().remove(0);
        let interval = finding.estimate.interval().unwrap();
        assert_eq!(interval.replicates, replicates, "{id}");
        assert!(interval.low.is_finite() && interval.high <= 1.0);
    }
}

/// fairlearn and FFB turn a rate without a denominator into 0: a group without positives then looks maximally wronged.
#[test]
fn a_rate_without_denominator_is_no_zero() {
    let groups = Groups::new("g", ["a", "b", "c"].map(str::to_owned).to_vec(), vec![0, 0, 1, 1, 2, 2]);
    let scores = [0.9, 0.1, 0.9, 0.1, 0.9, 0.9];
    let labels = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
    let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
    let finding = measured("equal-opportunity-difference", &outcomes);
    assert_eq!(finding.estimate.number(), Some(0.5));
    assert!(finding.left_out.contains(&("c".to_owned(), "no positive labels".to_owned())));
    assert_eq!(finding.by_group[2].estimate.reason(), Some("no positive labels"));
    // Whoever wants fairlearn's number gets it, and is told.
    let like_fairlearn = Conventions { convention: Convention::Fairlearn, ..Conventions::default() };
    let finding = measured("equal-opportunity-difference", &outcomes.conventions(like_fairlearn));
    assert_eq!(finding.estimate.number(), Some(1.0));
    assert!(finding.left_out.iter().any(|(group, reason)| group == "c" && reason.contains("as fairlearn does")));
}

/// LiFT divides the count by the number of trials and can print a p-value of 0.
#[test]
fn a_permutation_p_value_is_never_zero() {
    let (scores, groups) = decided(&[(50, 0), (0, 50)]);
    let plan = IntervalPlan { replicates: 0, permutations: 99, ..IntervalPlan::default() };
    let outcomes = Outcomes::new(&scores, &groups).unwrap();
    for id in ["spdd", "ks", "demographic-parity-difference", "demographic-parity-ratio"] {
        assert_eq!(evaluate(&[id], &outcomes, Some(&plan)).unwrap()[0].p_value, Some(0.01), "{id}");
    }
}

/// One name, three numbers: maximum (fairlearn), mean (fairlearn with `agg`), sum (FFB). Each has an id of its own.
#[test]
fn equalized_odds_says_which_of_its_three_meanings_it_has() {
    let groups = two_groups(vec![0, 0, 0, 0, 1, 1, 1, 1]);
    let scores = [0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1];
    let labels = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
    let number = |id: &str| measured(id, &outcomes).estimate.number();
    assert_eq!(number("equalized-odds-difference"), Some(0.5));
    assert_eq!(number("equalized-odds-sum"), Some(1.0));
    assert_eq!(number("equalized-odds-mean"), Some(0.5));
}

/// AIF360's average odds difference is signed: opposite gaps cancel. Ours do not.
#[test]
fn opposite_gaps_cancel_only_under_the_signed_convention() {
    let groups = two_groups(vec![0, 0, 0, 0, 1, 1, 1, 1]);
    let scores = [0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.9, 0.1];
    let labels = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
    assert_eq!(measured("equalized-odds-mean", &outcomes).estimate.number(), Some(0.5));
    let signed = Conventions { convention: Convention::Aif360, privileged: Some("a".to_owned()), ..Conventions::default() };
    assert_eq!(measured("equalized-odds-mean", &outcomes.conventions(signed)).estimate.number(), Some(0.0));
}

/// veritastool turned the direction of disparate impact round.
#[test]
fn disparate_impact_is_unprivileged_over_privileged() {
    let (scores, groups) = decided(&[(60, 40), (30, 70)]);
    let outcomes = |privileged: &str| {
        let conventions = Conventions { privileged: Some(privileged.to_owned()), ..Conventions::default() };
        Outcomes::new(&scores, &groups).unwrap().conventions(conventions)
    };
    assert_eq!(measured("disparate-impact", &outcomes("a")).estimate.number(), Some(0.5));
    assert_eq!(measured("disparate-impact", &outcomes("b")).estimate.number(), Some(2.0));
    assert_eq!(measured("folded-disparate-impact", &outcomes("b")).estimate.number(), Some(0.5));
    let reason = measured("disparate-impact", &outcomes("x")).estimate.reason().unwrap().to_owned();
    assert_eq!(reason, "the privileged group `x` is not among the groups that can enter");
}

/// A third gender category of few rows moved a ratio from .791 to .62 without a word: here its size and the pair are said.
#[test]
fn a_small_third_group_shows_in_the_pair_and_can_be_left_out() {
    let (scores, groups) = decided(&[(791, 209), (1000, 0), (62, 38)]);
    let outcomes = Outcomes::new(&scores, &groups).unwrap();
    let finding = measured("demographic-parity-ratio", &outcomes);
    assert_eq!(finding.estimate.number(), Some(0.62));
    assert_eq!(finding.largest_pair, Some(("c".to_owned(), "b".to_owned())));
    let large = Conventions { minimum_group_size: 200, ..Conventions::default() };
    let finding = measured("demographic-parity-ratio", &outcomes.conventions(large));
    assert_eq!(finding.estimate.number(), Some(0.791));
    assert_eq!(finding.left_out, [("c".to_owned(), "100 rows, fewer than the minimum of 200".to_owned())]);
}

/// fairlearn drops or refuses rows with a missing sensitive value; here they are counted, shown, and kept out of gaps only.
#[test]
fn rows_of_unknown_group_are_counted_and_named() {
    let groups = two_groups(vec![0, 1, UNKNOWN, UNKNOWN]);
    let outcomes = Outcomes::new(&[0.9, 0.1, 0.9, 0.9], &groups).unwrap();
    let finding = measured("selection-rate", &outcomes);
    assert_eq!(finding.estimate.number(), Some(0.75));
    assert_eq!(finding.left_out, [("unknown".to_owned(), "2 rows whose group is not known".to_owned())]);
    assert_eq!(measured("demographic-parity-difference", &outcomes).estimate.number(), Some(1.0));
}

/// glassbox-hiring selects at the threshold, the paper above it: the rule is a choice and never a habit.
#[test]
fn a_score_at_the_threshold_follows_the_rule() {
    let groups = two_groups(vec![0, 1]);
    let outcomes = Outcomes::new(&[0.5, 0.6], &groups).unwrap();
    assert_eq!(measured("selection-rate", &outcomes).estimate.number(), Some(0.5));
    let at = Conventions { decision_rule: DecisionRule::AtOrAbove, ..Conventions::default() };
    assert_eq!(measured("selection-rate", &outcomes.conventions(at)).estimate.number(), Some(1.0));
}

/// Rank formulas with squared differences are wrong with ties (Kim et al. 2023, Eq. 26 assumes none).
#[test]
fn ties_share_their_mean_rank() {
    let groups = two_groups(vec![0, 0, 1, 1]);
    let scores = [0.1, 0.1, 0.2, 0.3];
    let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    let found = measured("srcc", &outcomes).estimate.number().unwrap();
    // Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: cov 4.5, squares 4.5 and 5. The formula without ties gives 1 - 6 x 0.5 / 60 = 0.95.
    assert!((found - 4.5 / (4.5_f64 * 5.0).sqrt()).abs() < 1e-12, "{found}");
}

/// One job whose candidates have these groups, best first, with these wanted shares.
fn ranked(codes: &[u32], wanted: &[f64], id: &str, k: Option<usize>) -> Finding {
    let groups = Groups::new("g", ["a", "b", "c"][..wanted.len()].iter().map(|level| (*level).to_owned()).collect(), codes.to_vec());
    let rankings = Rankings::new(&[codes.len()], &groups).unwrap().wanted(wanted).unwrap();
    ranking::evaluate(&[id], &rankings, k, None).unwrap().remove(0)
}

/// AIF360's infeasible index looks at the prefixes 1..r-1: a list that fails only as a whole looks feasible.
#[test]
fn the_last_prefix_is_looked_at() {
    let found = ranked(&[0, 0, 1], &[0.5, 0.5], "infeasible-index", Some(2));
    assert_eq!(found.estimate.number(), Some(1.0));
}

/// `reranking` leaves out groups that a prefix does not show: the worst lists then look best.
#[test]
fn a_group_that_is_not_shown_is_a_breach() {
    let codes = [0, 0, 0, 0, 1];
    assert_eq!(ranked(&codes, &[0.5, 0.5], "infeasible-index", Some(4)).estimate.number(), Some(3.0));
    assert_eq!(ranked(&codes, &[0.5, 0.5], "infeasible-count", Some(4)).estimate.number(), Some(3.0));
    assert!(ranked(&codes, &[0.5, 0.5], "min-skew", Some(4)).estimate.reason().unwrap().starts_with("nobody of a group"));
}

/// 0.29 x 100 is 28.999999999999996 in floating point: the floor is 29 all the same.
#[test]
fn a_floor_is_not_lost_to_rounding() {
    // 28 of b among the first 99, then a: 28 of 100 is one too few, and at 99 the floor is 28.
    let codes: Vec<u32> = (0..100).map(|place| u32::from(place < 28)).collect();
    let found = ranked(&codes, &[0.71, 0.29], "infeasible-index", None).estimate.number().unwrap();
    let by_fractions = (1..=100_usize)
        .filter(|&prefix| {
            let shown = [prefix.saturating_sub(28), prefix.min(28)];
            shown[0] < prefix * 71 / 100 || shown[1] < prefix * 29 / 100
        })
        .count();
    assert_eq!(found, by_fractions as f64);
    let last = ranked(&codes, &[0.71, 0.29], "infeasible-count", None).estimate.number().unwrap()
        - ranked(&codes, &[0.71, 0.29], "infeasible-count", Some(99)).estimate.number().unwrap();
    assert_eq!(last, 1.0);
}

/// FairRankTune adds 1e-7 to both shares: its NDKL is no longer the divergence.
#[test]
fn ndkl_knows_no_epsilon() {
    let found = ranked(&[0, 1], &[0.5, 0.5], "ndkl", None).estimate.number().unwrap();
    let weight = 1.0 / (1.0 + 1.0 / 3.0_f64.log2());
    assert!((found - 2.0_f64.ln() * weight).abs() < 1e-15);
    let smoothed = |p: f64, q: f64| (p + 1e-7) * ((p + 1e-7) / (q + 1e-7)).ln();
    let theirs = (smoothed(1.0, 0.5) + smoothed(0.0, 0.5)) * weight;
    assert!((found - theirs).abs() > 1e-7, "{found} {theirs}");
}

/// FairRankTune takes the wanted shares from the list: one that shows a single group is then as wanted.
#[test]
fn wanted_shares_are_given_and_never_taken_from_the_list() {
    let found = ranked(&[0, 0, 0], &[0.5, 0.5], "ndkl", None).estimate.number().unwrap();
    assert!((found - 2.0_f64.ln()).abs() < 1e-15);
    let groups = two_groups(vec![0, 0, 0]);
    let finding = ranking::evaluate(&["ndkl"], &Rankings::new(&[3], &groups).unwrap(), None, None).unwrap().remove(0);
    assert_eq!(finding.estimate.reason(), Some("no wanted shares were given"));
}

/// Toolkits that skip zeros drop the jobs in which a group is not shown, and the mean looks fair.
#[test]
fn an_infinite_skew_does_not_vanish_from_the_mean() {
    let groups = two_groups(vec![0, 1, 0, 1, 0, 0, 1, 1]);
    let rankings = Rankings::new(&[2, 2, 4], &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
    let finding = ranking::evaluate(&["skew"], &rankings, Some(2), Some(&IntervalPlan::default())).unwrap().remove(0);
    let reason = "nobody of a group with a wanted share among the first k: infinite in 1 of 3 jobs, and so is the mean; over the 2 other jobs \
                  that have the number it is 0.0000";
    assert_eq!(finding.by_group[1].estimate.reason(), Some(reason));
    assert_eq!(finding.estimate.reason(), Some(reason));
}

/// scikit-learn's `ndcg_score` counts a job without relevant candidates as 0 in its mean.
#[test]
fn a_job_without_relevant_candidates_is_no_zero() {
    let groups = two_groups(vec![0, 1, 0, 1]);
    let rankings = Rankings::new(&[2, 2], &groups).unwrap().labels(&[1.0, 0.0, 0.0, 0.0]).unwrap();
    let finding = ranking::evaluate(&["ndcg"], &rankings, None, None).unwrap().remove(0);
    assert_eq!((finding.estimate.number(), finding.n), (Some(1.0), 1));
    assert_eq!(finding.left_out, [("1 of 2 jobs".to_owned(), "no candidate has a label above 0".to_owned())]);
}

/// FairRankTune adds a group's exposure over all rankings and divides by its items once: twice the jobs, twice the exposure.
#[test]
fn exposure_does_not_grow_with_the_number_of_jobs() {
    let groups = two_groups(vec![0, 1]);
    let twice = two_groups(vec![0, 1, 0, 1]);
    let exposure = |sizes: &[usize], groups: &Groups| {
        let finding = ranking::evaluate(&["exposure"], &Rankings::new(sizes, groups).unwrap(), None, None).unwrap().remove(0);
        finding.by_group.iter().map(|group| group.estimate.number().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(exposure(&[2], &groups), exposure(&[2, 2], &twice));
    assert_eq!(exposure(&[2], &groups), [1.0, 1.0 / 3.0_f64.log2()]);
}

/// The mean of the gaps of single lists is never 0, also where every list was drawn by lot.
#[test]
fn gaps_are_made_of_means_and_not_means_of_gaps() {
    let groups = two_groups(vec![0, 1, 1, 0]);
    let rankings = Rankings::new(&[2, 2], &groups).unwrap();
    for (id, fair) in [("exposure-difference", 0.0), ("exposure-ratio", 1.0), ("impact-ratio-at-k", 1.0)] {
        let finding = ranking::evaluate(&[id], &rankings, Some(1), None).unwrap().remove(0);
        assert_eq!(finding.estimate.number(), Some(fair), "{id}");
    }
}

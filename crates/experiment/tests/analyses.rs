//! Tests between methods and fronts, on reports made up.

use evenhand_experiment::analyses::{contrast, front};
use evenhand_metrics::Estimate;
use evenhand_report::views::tables::method_table;
use evenhand_report::{Front, MethodChoice, MethodReport, Report, html};

use crate::sample;

#[test]
fn a_ratio_enters_the_plane_by_its_distance_from_1() {
    let mut report = sample::comparison(false);
    // Ratios of the runs, all in one way, and on both sides of 1 with the mean at 1.
    let ratios = [[0.5, 2.0, 1.0], [0.9, 0.9, 0.9], [1.25, 1.0, 0.75]];
    for (method, ratios) in report.methods.iter_mut().zip(ratios) {
        for (run, ratio) in method.runs.iter_mut().zip(ratios) {
            let finding = run.attributes[0].findings.iter_mut().find(|finding| finding.metric == "ks").unwrap();
            "disparate-impact".clone_into(&mut finding.metric);
            finding.estimate = Estimate::value(ratio);
        }
    }
    let front = front::compare(&report.methods, "accuracy", "disparate-impact", "gender").remove(0);
    let gaps: Vec<f64> = front.points.iter().map(|point| point.gap).collect();
    for (found, expected) in gaps.iter().zip([1.0 / 3.0, 0.1, 0.15]) {
        assert!((found - expected).abs() < 1e-12, "{gaps:?}");
    }
    assert_eq!(gaps.len(), 3);
    assert!(front::compare(&report.methods, "accuracy", "selection-rate", "gender").is_empty(), "no value at parity");
}

#[test]
fn methods_of_different_samples_are_not_set_against_each_other() {
    let mut report = sample::comparison(false);
    let all = report.methods.clone();
    let sampled = |shares: &str| {
        let parameters = [("shares".to_owned(), serde_json::json!(shares))].into();
        Some(MethodChoice { id: "rejection-sampling".to_owned(), parameters })
    };
    for (shares, postfix) in [("female=0.2, male=0.8", ", mostly men"), ("female=0.8, male=0.2", ", mostly women")] {
        report.methods.extend(all.iter().cloned().map(|method| MethodReport {
            name: format!("{}{postfix}", method.name),
            sample: sampled(shares),
            ..method
        }));
    }
    report.methods.drain(..all.len());
    // Each half is the report as it was: the same points, dominance and areas, under its own sample.
    let [whole] = <[_; 1]>::try_from(front::compare(&all, "accuracy", "spdd", "gender")).unwrap();
    let halves = front::compare(&report.methods, "accuracy", "spdd", "gender");
    assert_eq!(
        halves.iter().map(|half| half.sample.clone()).collect::<Vec<_>>(),
        [sampled("female=0.2, male=0.8"), sampled("female=0.8, male=0.2")]
    );
    for (half, postfix) in halves.iter().zip([", mostly men", ", mostly women"]) {
        let areas = |front: &Front| front.families.iter().map(|family| (family.name.clone(), family.area)).collect::<Vec<_>>();
        assert_eq!((areas(half), half.corner), (areas(&whole), whole.corner));
        for (point, other) in half.points.iter().zip(&whole.points) {
            assert_eq!((point.method.as_str(), point.gap), (format!("{}{postfix}", other.method).as_str(), other.gap));
            let by: Vec<String> = other.dominated_by.iter().map(|one| format!("{}{postfix}", one.method)).collect();
            assert_eq!(point.dominated_by.iter().map(|one| one.method.clone()).collect::<Vec<_>>(), by);
        }
    }
    let tested = contrast::contrasts(&report.methods, &report.columns);
    assert_eq!(tested.len(), 2 * contrast::contrasts(&all, &report.columns).len());
    assert!(tested.iter().all(|one| one.one.ends_with(", mostly men") == one.other.ends_with(", mostly men")), "{tested:?}");

    let marks = |report: &Report| -> Vec<Vec<bool>> {
        method_table(report).rows.iter().map(|row| row.iter().map(|cell| cell.contains('◆')).collect()).collect()
    };
    let alone = marks(&sample::comparison(false));
    assert!(alone.iter().flatten().any(|&mark| mark), "something is best");
    assert_eq!(marks(&report), [alone.clone(), alone].concat(), "each half has its own best");

    report.fronts = halves;
    report.contrasts = tested;
    let page = html::render(&report, &[]).unwrap();
    for shares in ["female=0.2, male=0.8", "female=0.8, male=0.2"] {
        assert!(page.contains(&format!("rows of rejection-sampling (shares = {shares})")), "{shares}");
    }
    assert_eq!(page.matches("Differences from ").count(), 2);
}

#[test]
fn tests_between_methods_do_not_count_copied_rows() {
    let report = sample::comparison(true);
    let tested = |train: usize, before: Option<usize>| {
        let mut methods = report.methods.clone();
        for run in methods.iter_mut().flat_map(|method| &mut method.runs) {
            (run.sizes.train, run.sizes.train_before) = (train, before);
        }
        contrast::contrasts(&methods, &report.columns)
    };
    // Gate 1 doubled the rows, or halved them: the test speaks of the rows that were drawn.
    let plain = tested(1000, None);
    assert!(plain == tested(2000, Some(1000)) && plain == tested(500, Some(1000)));
    assert!(plain != tested(2000, None), "the number of rows matters");
}

#[test]
fn a_family_differs_by_what_its_scores_passed() {
    let mut methods = sample::comparison(false).methods;
    methods.truncate(3);
    let choice = |id: &str| Some(MethodChoice { id: id.to_owned(), parameters: [].into() });
    for (position, method) in methods.iter_mut().enumerate() {
        (method.family, method.rebalance, method.objective) = (None, None, choice("vanilla"));
        method.synthesise = choice("ctgan").filter(|_| position == 1);
        method.repair = choice("quantile-repair").filter(|_| position == 2);
        // Lists are ranked after the scores are measured.
        method.rerank = choice("pair").filter(|_| position == 0);
    }
    let front = front::compare(&methods, "accuracy", "spdd", "gender").remove(0);
    let families: Vec<&str> = front.points.iter().map(|point| point.family.as_str()).collect();
    assert_eq!(families, ["vanilla", "ctgan + vanilla", "vanilla + quantile-repair"]);
}

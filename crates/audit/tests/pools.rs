//! What all rows together say, against what each job says, where no limit was set: made tables of two jobs.

use evenhand_audit::settings::{IntervalSection, MetricsSection};
use evenhand_audit::{AuditSettings, audit};
use evenhand_report::Report;
use evenhand_report::html::summary;
use evenhand_report::views::markdown;
use evenhand_rows::{Groups, Scored};

/// Rows of a table: job, group, people, selected.
type Cell = (&'static str, &'static str, usize, usize);

fn audited(cells: &[Cell]) -> Report {
    let (mut scores, mut groups, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
    for &(job, group, people, selected) in cells {
        for person in 0..people {
            scores.push(if person < selected { 1.0 } else { 0.0 });
            groups.push(Some(group));
            jobs.push(Some(job));
        }
    }
    let scored = Scored::new(scores, Groups::from_texts("gender", groups.into_iter()));
    let scored = Scored { groups: vec![scored.groups[0].clone(), Groups::from_texts("job", jobs.into_iter())], ..scored };
    let settings = AuditSettings {
        title: "by hand".to_owned(),
        strata: vec!["job".to_owned()],
        metrics: MetricsSection { threshold: 0.5, ..MetricsSection::default() },
        intervals: IntervalSection { replicates: 20, permutations: 0, ..IntervalSection::default() },
        ..AuditSettings::default()
    };
    audit(&scored, &settings).unwrap()
}

fn told(report: &Report) -> &[String] {
    &report.methods[0].runs[0].attributes[0].strata[0].told
}

#[test]
fn a_pool_that_looks_worse_than_every_job_is_told_without_a_limit() {
    // 598 of 1,000 men and 280 of 1,000 women would be .54; in the jobs 480 of 800 and 120 of 200, 40 of 200 and 158 of 800.
    let report = audited(&[("a", "men", 800, 480), ("a", "women", 200, 120), ("b", "men", 200, 40), ("b", "women", 800, 158)]);
    let [sentence] = told(&report) else { panic!("{:?}", told(&report)) };
    assert!(sentence.starts_with("Over all rows the ratio of women to men is 0.53 [0.4"), "{sentence}");
    assert!(sentence.contains("within the same job (2 strata taken together) it is 1.00 [0.8"), "{sentence}");
    assert!(sentence.ends_with("the pooled number shows a wider gap than there is within strata."), "{sentence}");
    // The first screen of the summary and the text of other documents hold it.
    assert!(summary(&report).unwrap().contains("shows a wider gap than there is within strata"));
    assert!(markdown(&report).split("## ").next().unwrap().contains("shows a wider gap than there is within strata"));
}

#[test]
fn a_pool_that_hides_what_every_job_shows_is_told_without_a_limit() {
    // 480 of 1,000 men and 432 of 1,000 women: .90; in each job the ratio is .6.
    let report = audited(&[("a", "men", 300, 270), ("a", "women", 700, 378), ("b", "men", 700, 210), ("b", "women", 300, 54)]);
    let [sentence] = told(&report) else { panic!("{:?}", told(&report)) };
    assert!(sentence.starts_with("Over all rows the ratio of women to men is 0.90 ["), "{sentence}");
    assert!(sentence.contains("it is 0.60 [0.5"), "{sentence}");
    assert!(sentence.ends_with("the pooled number hides a gap that there is within strata."), "{sentence}");
}

#[test]
fn an_order_that_turns_round_in_every_job_is_told_once() {
    let report = audited(&[("a", "men", 200, 180), ("a", "women", 800, 432), ("b", "men", 800, 240), ("b", "women", 200, 36)]);
    let told = told(&report);
    assert!(told[0].starts_with("The order turns round"), "{told:?}");
    // The sentence on the two intervals would say the same once more.
    assert!(!told.iter().any(|sentence| sentence.contains("taken together) it is")), "{told:?}");
}

#[test]
fn nothing_is_told_of_a_pool_that_says_what_the_jobs_say() {
    let report = audited(&[("a", "men", 500, 300), ("a", "women", 500, 240), ("b", "men", 500, 100), ("b", "women", 500, 80)]);
    assert!(told(&report).is_empty(), "{:?}", told(&report));
}

#[test]
fn one_job_that_is_worse_than_all_of_them_together_is_told_beside_them() {
    let report = audited(&[
        ("a", "men", 300, 270),
        ("a", "women", 700, 378),
        ("b", "men", 700, 210),
        ("b", "women", 300, 54),
        ("c", "men", 300, 150),
        ("c", "women", 300, 30),
    ]);
    let [pool, job] = told(&report) else { panic!("{:?}", told(&report)) };
    assert!(pool.contains("hides a gap"), "{pool}");
    assert!(job.contains("in c (n = 600) that of women is 0.20"), "{job}");
}

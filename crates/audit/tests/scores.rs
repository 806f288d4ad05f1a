//! Audits of scores in memory, at once and in parts, against numbers worked out by hand.

use evenhand_audit::settings::{DecisionRule, IntervalSection, MetricsSection};
use evenhand_audit::{AuditSettings, AuditStream, Selection, audit};
use evenhand_metrics::Finding;
use evenhand_report::{Remark, RemarkKind, Report, ReportKind};
use evenhand_rows::{Chunk, Label, Provenance, Scored};

fn settings() -> AuditSettings {
    let intervals = IntervalSection { replicates: 0, ..IntervalSection::default() };
    AuditSettings { title: "by hand".to_owned(), intervals, ..AuditSettings::default() }
}

/// Of four men three score above 0.5 and two of these are good; of four women one does, who is good, and another good one does not.
fn eight() -> Scored {
    let scores = vec![0.9, 0.8, 0.7, 0.1, 0.6, 0.4, 0.3, 0.2];
    let labels = vec![1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
    Scored::from_arrays(scores, ("gender", &["m", "m", "m", "m", "f", "f", "f", "f"]), Some(labels)).unwrap()
}

fn finding<'a>(report: &'a Report, metric: &str) -> &'a Finding {
    let run = &report.methods[0].runs[0];
    run.performance.iter().chain(&run.attributes[0].findings).find(|finding| finding.metric == metric).unwrap()
}

fn number(report: &Report, metric: &str) -> f64 {
    finding(report, metric).estimate.number().unwrap()
}

#[test]
fn gaps_of_eight_candidates_are_those_worked_out_by_hand() {
    let report = audit(&eight(), &settings()).unwrap();
    assert_eq!(report.kind, ReportKind::Audit);
    // 3/4 against 1/4 are selected; of the good ones 2/2 against 1/2; right are 2 + 1 and 1 + 2 of 8.
    assert!((number(&report, "demographic-parity-difference") - 0.5).abs() < 1e-12);
    assert!((number(&report, "equal-opportunity-difference") - 0.5).abs() < 1e-12);
    assert!((number(&report, "accuracy") - 0.75).abs() < 1e-12);
    // The sorted scores lie 0.3, 0.4, 0.4 apart, and 0.1 the other way: the distance of two lists of equal length is the mean of these.
    assert!((number(&report, "spdd") - (0.3 + 0.4 + 0.4 + 0.1) / 4.0).abs() < 1e-12);
    assert_eq!((report.data.rows, report.data.name.as_str(), report.data.loader.as_str()), (8, "by hand", "memory"));
    assert!(report.limits.is_empty() && !report.breaches_a_limit());
}

#[test]
fn limits_are_judged_and_settings_are_told() {
    let limits = [("demographic-parity-difference".to_owned(), 0.4), ("spdd".to_owned(), 0.4)].into();
    let reading = [("score".to_owned(), serde_json::json!("points"))].into_iter().collect();
    let report = audit(&eight(), &AuditSettings { limits, reading, ..settings() }).unwrap();
    assert_eq!(report.limits.iter().map(|check| check.met).collect::<Vec<_>>(), [false, true]);
    assert!(report.breaches_a_limit());
    let keys: Vec<&str> = report.recipe.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["score", "top", "metrics", "intervals", "limits", "judge", "strata", "stream"], "who read the rows speaks first");
}

#[test]
fn rows_that_tie_with_the_last_of_the_top_are_selected_together() {
    let scored = Scored::from_arrays(vec![0.9, 0.5, 0.5, 0.5, 0.1], ("g", &["a", "b", "a", "b", "b"]), None).unwrap();
    let report = audit(&scored, &AuditSettings { selection: Selection::Top(2), ..settings() }).unwrap();
    let told = "Top 2: 4 rows score 0.5 or more and are selected: rows with this very score are selected together.";
    assert_eq!(report.notes, [Remark::new(RemarkKind::Selection, told)]);
    let shares: Vec<f64> = finding(&report, "selection-share").by_group.iter().map(|group| group.estimate.number().unwrap()).collect();
    assert_eq!(shares, [0.5, 0.5]);
    assert!(report.methods[0].runs[0].performance.is_empty(), "nothing is known of the truth");
    for top in [0, 6] {
        let told = audit(&scored, &AuditSettings { selection: Selection::Top(top), ..settings() }).unwrap_err().to_string();
        assert!(told.contains("there are 5 rows") && !told.contains("--"), "{told}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_by_the_name_of_the_setting() {
    let metrics = |metrics: MetricsSection| AuditSettings { metrics, ..settings() };
    let level = AuditSettings { intervals: IntervalSection { level: 1.0, ..IntervalSection::default() }, ..settings() };
    let privileged = [("gender".to_owned(), "man".to_owned())].into();
    let without = Scored { groups: Vec::new(), ..eight() };
    for (told, setting) in [
        (audit(&eight(), &level), "`level` 1"),
        (audit(&eight(), &metrics(MetricsSection { threshold: 50.0, ..MetricsSection::default() })), "threshold = 50"),
        (audit(&eight(), &metrics(MetricsSection { privileged, ..MetricsSection::default() })), "privileged gender = man"),
        (audit(&without, &settings()), "`groups`"),
        (AuditStream::new(AuditSettings { selection: Selection::Top(1), ..settings() }).map(|_| unreachable!()), "`top`"),
        (AuditStream::new(settings()).unwrap().finish(None, &Provenance::default()), "`groups`"),
    ] {
        let told = told.unwrap_err().to_string();
        assert!(told.contains(setting) && !told.contains("--"), "{told}");
    }
}

#[test]
fn parts_of_a_stream_add_up_to_the_whole() {
    let whole = eight();
    let metrics = MetricsSection { decision_rule: DecisionRule::AtOrAbove, ..MetricsSection::default() };
    let settings = AuditSettings { metrics, ..settings() };
    for cut in [1, 4, 7] {
        let mut stream = AuditStream::new(settings.clone()).unwrap();
        for rows in [(0..cut).collect::<Vec<_>>(), (cut..8).collect()] {
            let of = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
            let groups = vec![whole.groups[0].select(&rows)];
            let label = whole.label.as_ref().map(|label| Label { values: of(&label.values), ..label.clone() });
            stream.add(&Chunk { scores: of(&whole.scores), label, groups, ..Chunk::default() }).unwrap();
        }
        assert_eq!((stream.rows_of("gender", "f"), stream.rows_of("gender", "x"), stream.label_sum()), (4, 0, Some(4.0)));
        let parts = stream.finish(Some("good"), &Provenance::default()).unwrap();
        let once = audit(&whole, &settings).unwrap();
        for metric in ["demographic-parity-difference", "equal-opportunity-difference", "accuracy"] {
            assert!((number(&parts, metric) - number(&once, metric)).abs() < 1e-12, "{metric} cut at {cut}");
        }
        assert!((number(&parts, "spdd") - number(&once, "spdd")).abs() < 1e-4);
        let label = parts.data.label.unwrap();
        assert_eq!((label.name.as_str(), label.mean), ("good", 0.5));
    }
}

#[test]
fn scores_of_nearly_one_number_are_told_and_decisions_are_none_of_them() {
    let flat = |scores: Vec<f64>| {
        let groups: Vec<&str> = (0..scores.len()).map(|row| if row % 2 == 0 { "a" } else { "b" }).collect();
        let scored = Scored::from_arrays(scores, ("g", &groups), None).unwrap();
        let mut stream = AuditStream::new(settings()).unwrap();
        stream.add(&Chunk { scores: scored.scores.clone(), groups: scored.groups.clone(), ..Chunk::default() }).unwrap();
        let reports = [audit(&scored, &settings()).unwrap(), stream.finish(None, &Provenance::default()).unwrap()];
        let told = reports.map(|report| report.notes.iter().find(|note| note.kind == RemarkKind::HardlyVary).map(|note| note.text.clone()));
        assert_eq!(told[0], told[1], "a stream tells the same");
        told[0].clone()
    };
    // Half of them .500, half .504: a deviation of .002.
    let told = flat((0..100).map(|row| 0.5 + 0.004 * f64::from(row / 50)).collect()).expect("nearly one number");
    assert!(told.contains("(standard deviation 0.002 on the scale of 0 to 1)") || told.contains("0.0020"), "{told}");
    // One in a hundred hired, or nobody at all, is usual; so are scores that lie apart and are all decided alike.
    assert_eq!(flat((0..20_000).map(|row| f64::from(u8::from(row == 0))).collect()), None);
    assert_eq!(flat(vec![0.0; 100]), None);
    assert_eq!(flat((0..100).map(|row| 0.1 + 0.002 * f64::from(row)).collect()), None);
}

#[test]
fn words_that_count_as_selected_are_named() {
    let scored = Scored { selecting: vec!["hired".to_owned()], ..eight() };
    let report = audit(&scored, &settings()).unwrap();
    assert_eq!(report.selected.as_deref(), Some("decision \u{201c}hired\u{201d}"));
    assert_eq!(report.recipe["selecting"], serde_json::json!(["hired"]));
    assert!(audit(&eight(), &settings()).unwrap().recipe.get("selecting").is_none());
}

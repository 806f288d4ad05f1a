//! Rankings and balances of rows in memory.

use std::collections::BTreeMap;

use evenhand_audit::balance::{BalanceSettings, Original, synthesise};
use evenhand_audit::rank::{RankSettings, Wanted, rank};
use evenhand_audit::settings::Choice;
use evenhand_rebalance::synthesis::Unwatched;
use evenhand_report::{Remark, RemarkKind};
use evenhand_rows::table::{Cells, Column, Form, Table};
use evenhand_rows::{Dataset, Groups, Label, LabelKind, LabelRole, Provenance, Scale, Schema, SensitiveRole};

fn pool(labels: Vec<f64>) -> Dataset {
    let groups = Groups::from_texts("g", ["1", "2", "1", "2"].map(Some).into_iter());
    let label = Label { name: "hired".to_owned(), kind: LabelKind::Binary, values: labels, scale: Scale::default() };
    Dataset { rows: (1..=4).collect(), sensitive: vec![groups], label: Some(label), ..Dataset::default() }
}

fn settings() -> RankSettings {
    RankSettings { attribute: "g".to_owned(), top: 4, ..RankSettings::default() }
}

#[test]
fn whoever_is_undecided_counts_in_a_ranking_and_not_in_what_needs_the_truth() {
    let ranking = rank(&pool(vec![0.0, f64::NAN, 1.0, 1.0]), &[0.9, 0.8, 0.7, 0.6], &settings()).unwrap();
    let lists = ranking.report.methods[0].runs[0].shortlists.as_ref().unwrap();
    let number = |metric: &str| lists.before.iter().find(|finding| finding.metric == metric).unwrap().estimate.number().unwrap();
    // Decided are three: no, yes, yes. DCG = 1/log2(3) + 1/log2(4), at best 1 + 1/log2(3).
    let at = |place: f64| 1.0 / (1.0 + place).log2();
    assert!((number("ndcg") - (at(2.0) + at(3.0)) / (at(1.0) + at(2.0))).abs() < 1e-12);
    assert_eq!(lists.candidates, 4);
    assert_eq!(ranking.order.len(), 4);
    let label = ranking.report.data.label.as_ref().unwrap();
    assert!((label.mean - 2.0 / 3.0).abs() < 1e-12, "the mean of those decided");
}

#[test]
fn targets_name_groups_in_any_spelling() {
    let target = Wanted::parse("1.0=1, 2.0=0").unwrap();
    let ranking = rank(&pool(vec![0.0; 4]), &[0.4, 0.9, 0.3, 0.8], &RankSettings { target, top: 2, ..settings() }).unwrap();
    assert_eq!(ranking.order[..2], [0, 2]);
    let target = Wanted::parse("3=1").unwrap();
    assert!(rank(&pool(vec![0.0; 4]), &[0.4, 0.9, 0.3, 0.8], &RankSettings { target, ..settings() }).is_err());
}

#[test]
fn a_score_a_row_is_asked_for() {
    let told = rank(&pool(vec![0.0; 4]), &[0.4], &settings()).unwrap_err().to_string();
    assert!(told.contains("1 scores for 4 rows"), "{told}");
}

/// 60 candidates: two groups, points, and a stage of which some are undecided.
fn stages(hired: usize) -> (Table, Schema) {
    let stage = |row: u32| match row {
        row if (row as usize) < hired => 0,
        row if row % 3 == 0 => 2,
        _ => 1,
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let columns = vec![
        Column {
            name: "gender".to_owned(),
            cells: Cells::Categories { levels: words(&["f", "m"]), codes: (0..60).map(|row| row % 2).collect() },
        },
        Column {
            name: "points".to_owned(),
            cells: Cells::Numbers { form: Form::Integer, values: (0..60).map(|row| f64::from(40 + row * 13 % 50)).collect() },
        },
        Column {
            name: "stage".to_owned(),
            cells: Cells::Categories { levels: words(&["Hired", "Rejected", "In process"]), codes: (0..60).map(stage).collect() },
        },
    ];
    let schema = Schema {
        sensitive: vec![SensitiveRole::parse("gender", &["gender".to_owned()]).unwrap()],
        label: Some(LabelRole { column: "stage".to_owned(), favourable: vec!["Hired".to_owned()], ..LabelRole::default() }),
        ..Schema::default()
    };
    (Table { columns }, schema)
}

fn made(settings: &BalanceSettings, hired: usize) -> (BTreeMap<String, usize>, Vec<Remark>) {
    let (table, schema) = stages(hired);
    let original = Original { table: &table, name: "the rows", schema: &schema, provenance: &Provenance::default() };
    let made = synthesise(&original, settings, &Unwatched, None).unwrap();
    let Cells::Categories { levels, codes } = &made.table.columns[2].cells else { panic!("stages are words") };
    let mut counts = BTreeMap::new();
    for &code in codes {
        *counts.entry(levels.get(code as usize).cloned().unwrap_or_default()).or_default() += 1;
    }
    (counts, made.notes)
}

#[test]
fn no_row_is_made_on_which_nothing_is_decided_unless_it_is_asked_for() {
    let method = Choice { id: "gaussian-copula".to_owned(), parameters: BTreeMap::new() };
    let settings = BalanceSettings { method, rows: Some(40), keep_copies: true, ..BalanceSettings::default() };
    let (counts, notes) = made(&settings, 20);
    assert_eq!(counts, [("Hired".to_owned(), 20), ("Rejected".to_owned(), 20)].into());
    // Rows 20 to 59 that three divides are 13.
    let told = notes.iter().find(|note| note.kind == RemarkKind::Undecided).unwrap();
    assert!(told.text.starts_with("13 rows of no decision (`In process` in `stage`)"), "{told}");
    let asked = BalanceSettings { labels: "Hired=0.25,Rejected=0.25,In process=0.5".to_owned(), ..settings };
    let (counts, _) = made(&asked, 20);
    assert_eq!(counts["In process"], 20);
}

//! What every metric of the registry promises.

use std::collections::BTreeSet;
use std::path::Path;

use evenhand_catalog::{Direction, Kind};
use evenhand_metrics::{Conventions, Definition, Estimate, Finding, IntervalPlan, Latent, Metric, Needs, Outcomes, metrics};
use evenhand_rows::{Groups, UNKNOWN};

/// Rows with three groups, ties, continuous labels, weights and two-dimensional embeddings.
struct Rows {
    scores: Vec<f64>,
    labels: Vec<f64>,
    weights: Vec<f64>,
    codes: Vec<u32>,
    latent: Vec<f32>,
}

impl Rows {
    fn new(rows: usize) -> Self {
        let wave = |row: usize, step: usize, modulus: usize| (row * step % modulus) as f64 / modulus as f64;
        let codes: Vec<u32> = (0..rows).map(|row| [0, 1, 2, 0, 1, UNKNOWN][row * 5 % 6]).collect();
        let scores = (0..rows).map(|row| (wave(row, 37, 101) * 40.0).round() / 40.0).collect();
        let labels = (0..rows).map(|row| (0.5 * wave(row, 37, 101) + 0.5 * wave(row, 53, 97)).clamp(0.0, 1.0)).collect();
        let weights = (0..rows).map(|row| 0.25 + wave(row, 11, 13)).collect();
        let latent = (0..2 * rows).map(|index| wave(index, 29, 83) as f32).collect();
        Rows { scores, labels, weights, codes, latent }
    }

    fn in_order(&self, order: &[usize]) -> Self {
        let pick = |values: &[f64]| order.iter().map(|&row| values[row]).collect::<Vec<_>>();
        Rows {
            scores: pick(&self.scores),
            labels: pick(&self.labels),
            weights: pick(&self.weights),
            codes: order.iter().map(|&row| self.codes[row]).collect(),
            latent: order.iter().flat_map(|&row| self.latent[2 * row..2 * row + 2].to_vec()).collect(),
        }
    }

    fn groups(&self, levels: &[&str]) -> Groups {
        Groups::new("g", levels.iter().map(|level| (*level).to_owned()).collect(), self.codes.clone())
    }

    fn measure(&self, metric: &dyn Metric, groups: &Groups, conventions: &Conventions) -> Finding {
        metric.evaluate(&self.outcomes(groups, conventions))
    }

    fn outcomes<'a>(&'a self, groups: &'a Groups, conventions: &Conventions) -> Outcomes<'a> {
        let outcomes = Outcomes::new(&self.scores, groups).unwrap().labels(&self.labels).unwrap().weights(&self.weights).unwrap();
        outcomes.latent(Latent { width: 2, values: &self.latent }).unwrap().conventions(conventions.clone())
    }
}

fn same(metric: &dyn Metric, first: &Estimate, second: &Estimate) {
    let id = metric.card().id;
    match (first.number(), second.number()) {
        (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{id}: {a} against {b}"),
        (None, None) => {}
        _ => panic!("{id}: {first:?} against {second:?}"),
    }
}

fn same_findings(metric: &dyn Metric, first: &Finding, second: &Finding) {
    same(metric, &first.estimate, &second.estimate);
    assert_eq!(first.n, second.n, "{}", metric.card().id);
    for group in &first.by_group {
        let other = second.by_group.iter().find(|other| other.group == group.group).unwrap();
        same(metric, &group.estimate, &other.estimate);
        assert_eq!(group.n, other.n);
    }
    for comparison in &first.against_rest {
        let other = second.against_rest.iter().find(|other| other.group == comparison.group).unwrap();
        same(metric, &comparison.estimate, &other.estimate);
    }
}

fn both_definitions() -> [Conventions; 2] {
    [Conventions::default(), Conventions { definition: Definition::Grid, ..Conventions::default() }]
}

#[test]
fn the_file_of_a_metric_bears_its_id() {
    let mut files = BTreeSet::new();
    for folder in ["performance", "parity", "representation"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if stem == "mod" {
                continue;
            }
            let id = stem.replace('_', "-");
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(&format!("id: \"{id}\"")), "{stem}.rs holds no card with the id {id}");
            let type_name: String = id.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            assert!(text.contains(&format!("struct {type_name};")), "{stem}.rs holds no type {type_name}");
            files.insert(id);
        }
    }
    let ids: Vec<&str> = metrics().map(|metric| metric.card().id).collect();
    let known: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(known.len(), ids.len(), "an id stands twice in the registry");
    assert_eq!(known, files, "registry and files differ");
}

#[test]
fn every_card_says_what_the_metric_is() {
    for metric in metrics() {
        let card = metric.card();
        assert_eq!(card.kind, Kind::Metric);
        for text in [card.name, card.summary, card.formula, card.range, card.source] {
            assert!(!text.is_empty(), "{}", card.id);
        }
        assert!(card.direction != Direction::NearFair || card.fair_value.is_some(), "{}", card.id);
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let rows = Rows::new(240);
    let order: Vec<usize> = (0..240).map(|row| row * 77 % 240).map(|row| 239 - row).collect();
    let shuffled = rows.in_order(&order);
    for (metric, conventions) in metrics().flat_map(|metric| both_definitions().map(|conventions| (metric, conventions))) {
        let levels = ["a", "b", "c"];
        let first = rows.measure(metric, &rows.groups(&levels), &conventions);
        same_findings(metric, &first, &shuffled.measure(metric, &shuffled.groups(&levels), &conventions));
    }
}

#[test]
fn the_names_and_order_of_groups_do_not_matter() {
    let rows = Rows::new(240);
    let mut other = Rows::new(240);
    other.codes.iter_mut().filter(|code| **code != UNKNOWN).for_each(|code| *code = 2 - *code);
    let conventions = Conventions { privileged: Some("b".to_owned()), ..Conventions::default() };
    for metric in metrics() {
        let first = rows.measure(metric, &rows.groups(&["a", "b", "c"]), &conventions);
        same_findings(metric, &first, &other.measure(metric, &other.groups(&["c", "b", "a"]), &conventions));
    }
}

#[test]
fn the_scale_of_weights_does_not_matter() {
    let rows = Rows::new(240);
    let mut heavy = Rows::new(240);
    heavy.weights.iter_mut().for_each(|weight| *weight *= 1024.0);
    for (metric, conventions) in metrics().flat_map(|metric| both_definitions().map(|conventions| (metric, conventions))) {
        let groups = rows.groups(&["a", "b", "c"]);
        same_findings(metric, &rows.measure(metric, &groups, &conventions), &heavy.measure(metric, &groups, &conventions));
    }
}

#[test]
fn a_whole_weight_counts_like_repeated_rows() {
    let mut rows = Rows::new(120);
    rows.weights = (0..120).map(|row| f64::from(row % 3)).collect();
    let repeated: Vec<usize> = (0..120).flat_map(|row| vec![row; row % 3]).collect();
    let mut unit = rows.in_order(&repeated);
    unit.weights.fill(1.0);
    // Principal components are those of the rows, whatever they weigh.
    for metric in metrics().filter(|metric| !metric.card().id.ends_with("-pca")) {
        let levels = ["a", "b", "c"];
        let conventions = Conventions::default();
        let first = rows.measure(metric, &rows.groups(&levels), &conventions);
        let second = unit.measure(metric, &unit.groups(&levels), &conventions);
        same(metric, &first.estimate, &second.estimate);
        assert_eq!(first.constant_predictor.is_some(), second.constant_predictor.is_some());
        if let (Some(a), Some(b)) = (first.constant_predictor, second.constant_predictor) {
            assert!((a - b).abs() < 1e-12);
        }
    }
}

#[test]
fn equal_groups_give_the_fair_value() {
    let half = Rows::new(60);
    let twice = half.in_order(&(0..120).map(|row| row % 60).collect::<Vec<_>>());
    let codes = (0..120).map(|row| u32::from(row >= 60)).collect();
    let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes);
    for (metric, conventions) in metrics().flat_map(|metric| both_definitions().map(|conventions| (metric, conventions))) {
        if let Some(fair) = metric.card().fair_value.filter(|_| metric.needs() != Needs::Strata) {
            let found = twice.measure(metric, &groups, &conventions).estimate.number().unwrap();
            assert!((found - fair).abs() < 1e-9, "{}: {found} at parity", metric.card().id);
        }
    }
}

#[test]
fn an_empty_group_is_named_and_changes_nothing() {
    let rows = Rows::new(240);
    for metric in metrics().filter(|metric| metric.needs() != Needs::Strata) {
        let conventions = Conventions::default();
        let without = rows.measure(metric, &rows.groups(&["a", "b", "c"]), &conventions);
        let with = rows.measure(metric, &rows.groups(&["a", "b", "c", "nobody"]), &conventions);
        same_findings(metric, &without, &with);
        assert!(with.left_out.iter().any(|(group, reason)| group == "nobody" && reason == "the group has no rows"), "{}", metric.card().id);
        assert!(with.left_out.iter().any(|(group, reason)| group == "unknown" && reason.contains("rows")), "{}", metric.card().id);
    }
}

#[test]
fn a_disparity_of_one_group_is_undefined_with_its_reason() {
    let mut rows = Rows::new(60);
    rows.codes.fill(0);
    for metric in metrics().filter(|metric| metric.card().fair_value.is_some() && metric.needs() != Needs::Strata) {
        let finding = rows.measure(metric, &rows.groups(&["a", "b"]), &Conventions::default());
        let reason = finding.estimate.reason().unwrap_or_else(|| panic!("{} found {:?}", metric.card().id, finding.estimate));
        assert!(reason.len() > 10, "{reason}");
    }
}

#[test]
fn small_groups_are_left_out_with_their_size() {
    let mut rows = Rows::new(240);
    for row in 0..240 {
        if rows.codes[row] == 2 && row > 20 {
            rows.codes[row] = 1;
        }
    }
    let groups = rows.groups(&["a", "b", "c"]);
    let small = groups.sizes()[2];
    let conventions = Conventions { minimum_group_size: 10, ..Conventions::default() };
    for metric in metrics().filter(|metric| metric.card().fair_value.is_some() && metric.needs() != Needs::Strata) {
        let finding = rows.measure(metric, &groups, &conventions);
        let reason = &finding.left_out.iter().find(|(group, _)| group == "c").unwrap().1;
        assert_eq!(reason, &format!("{small} rows, fewer than the minimum of 10"));
        assert!(finding.against_rest.is_empty(), "two groups are left");
    }
}

#[test]
fn what_is_missing_is_said() {
    let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, 1]);
    let outcomes = Outcomes::new(&[0.1, 0.6, 0.4, 0.9], &groups).unwrap();
    for metric in metrics() {
        let finding = metric.evaluate(&outcomes);
        match metric.needs() {
            Needs::Decisions | Needs::Scores => assert!(finding.estimate.number().is_some()),
            Needs::JudgedDecisions | Needs::Labels => assert_eq!(finding.estimate.reason(), Some("no labels were given")),
            Needs::Latent => assert_eq!(finding.estimate.reason(), Some("no embeddings were given")),
            Needs::Strata => assert_eq!(finding.estimate.reason(), Some("no strata were given")),
        }
        assert_eq!(metric.applies(&outcomes), finding.estimate.number().is_some());
    }
}

#[test]
fn a_finding_survives_its_json() {
    let rows = Rows::new(240);
    let groups = rows.groups(&["a", "b", "c"]);
    let outcomes = rows.outcomes(&groups, &Conventions::default());
    let plan = IntervalPlan { replicates: 50, permutations: 19, ..IntervalPlan::default() };
    for finding in evenhand_metrics::evaluate(&[], &outcomes, Some(&plan)).unwrap() {
        let text = serde_json::to_string(&finding).unwrap();
        assert!(!text.contains("null"), "{text}");
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding);
    }
}

#[test]
fn constant_scores_have_no_correlation() {
    let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, 1]);
    let outcomes = Outcomes::new(&[0.5; 4], &groups).unwrap().labels(&[0.0, 1.0, 0.0, 1.0]).unwrap();
    let reason = |id: &str| evenhand_metrics::find(id).unwrap().evaluate(&outcomes).estimate.reason().map(str::to_owned);
    assert_eq!(reason("pcc").unwrap(), "all scores are equal");
    assert_eq!(reason("srcc").unwrap(), "all scores are equal");
    assert_eq!(reason("demographic-parity-ratio").unwrap(), "the highest rate is 0");
    assert!(reason("standardised-spdd").unwrap().starts_with("all scores are equal"));
    assert_eq!(reason("spdd"), None);
}

#[test]
fn bad_input_is_refused_with_its_row() {
    let groups = Groups::new("g", vec!["a".to_owned()], vec![0, 0, 0]);
    let message = |result: Result<Outcomes, evenhand_metrics::MetricError>| result.unwrap_err().to_string();
    let good = || Outcomes::new(&[0.1, 0.2, 0.3], &groups).unwrap();
    assert_eq!(
        message(Outcomes::new(&[0.1, 0.2], &groups)),
        "the group column has 3 values but there are 2 scores; give one value per row"
    );
    assert_eq!(message(Outcomes::new(&[0.1, f64::NAN, 0.3], &groups)), "the score of row 1 is NaN; every value must be a finite number");
    assert_eq!(message(good().labels(&[0.0, 1.0, f64::INFINITY])), "the label of row 2 is inf; every value must be a finite number");
    assert_eq!(message(good().weights(&[1.0, -1.0, 0.0])), "the weight of row 1 is -1; weights must be 0 or more");
    assert_eq!(message(good().weights(&[0.0; 3])), "all weights are 0; at least one row needs a positive weight");
    assert_eq!(
        message(good().latent(Latent { width: 2, values: &[0.0; 5] })),
        "the embedding has 5 numbers of width 2 for 3 rows; 3 x 2 are needed"
    );
    let empty = Groups::new("g", vec![], vec![]);
    assert_eq!(message(Outcomes::new(&[], &empty)), "there are no rows to measure; check the split or the filter that made them");
    let unknown = evenhand_metrics::evaluate(&["spd"], &good(), None).unwrap_err().to_string();
    assert!(unknown.contains("did you mean `spdd`?"), "{unknown}");
}

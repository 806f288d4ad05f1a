//! Every number against fairlearn, AIF360, scikit-learn and scipy, to 1e-9, on the twenty data sets of `reference/metrics.json`.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_metrics::{
    Convention, Conventions, DecisionRule, Definition, Estimate, Finding, Latent, Outcomes, confusion_by_group, evaluate,
};
use evenhand_rows::{Groups, UNKNOWN};
use serde_json::Value;

struct DataSet<'a> {
    json: &'a Value,
    scores: Vec<f64>,
    labels: Vec<f64>,
    weights: Option<Vec<f64>>,
    groups: Groups,
    latent: Option<(usize, Vec<f32>)>,
    conventions: Conventions,
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

impl<'a> DataSet<'a> {
    fn new(json: &'a Value) -> Self {
        let levels = json["group_levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap().to_owned()).collect();
        let codes = numbers(&json["groups"]).into_iter().map(|code| if code < 0.0 { UNKNOWN } else { code as u32 }).collect();
        let latent = json["latent"].as_object().map(|latent| {
            (latent["width"].as_u64().unwrap() as usize, numbers(&latent["values"]).into_iter().map(|value| value as f32).collect())
        });
        let conventions = Conventions {
            threshold: json["threshold"].as_f64().unwrap(),
            decision_rule: if json["decision_rule"] == "above" { DecisionRule::Above } else { DecisionRule::AtOrAbove },
            label_threshold: json["label_threshold"].as_f64().unwrap(),
            privileged: json["privileged"].as_str().map(str::to_owned),
            ..Conventions::default()
        };
        DataSet {
            json,
            scores: numbers(&json["scores"]),
            labels: numbers(&json["labels"]),
            weights: (!json["weights"].is_null()).then(|| numbers(&json["weights"])),
            groups: Groups::new("group", levels, codes),
            latent,
            conventions,
        }
    }

    fn outcomes(&self) -> Outcomes<'_> {
        let mut outcomes = Outcomes::new(&self.scores, &self.groups).unwrap().labels(&self.labels).unwrap();
        if let Some(weights) = &self.weights {
            outcomes = outcomes.weights(weights).unwrap();
        }
        if let Some((width, values)) = &self.latent {
            outcomes = outcomes.latent(Latent { width: *width, values }).unwrap();
        }
        outcomes.conventions(self.conventions.clone())
    }

    fn with(&self, change: impl FnOnce(&mut Conventions)) -> Outcomes<'_> {
        let mut conventions = self.conventions.clone();
        change(&mut conventions);
        self.outcomes().conventions(conventions)
    }

    /// The same rows with only two groups known.
    fn only(&self, first: &str, second: &str) -> Groups {
        let keep = [self.groups.code(first).unwrap(), self.groups.code(second).unwrap()];
        let codes = self.groups.codes().iter().map(|code| if keep.contains(code) { *code } else { UNKNOWN }).collect();
        Groups::new("group", self.groups.levels().to_vec(), codes)
    }

    /// Rows of a group that weigh something.
    fn rows(&self, group: &str) -> usize {
        let code = self.groups.code(group).unwrap();
        (0..self.scores.len())
            .filter(|&row| self.groups.codes()[row] == code && self.weights.as_ref().is_none_or(|weights| weights[row] > 0.0))
            .count()
    }
}

#[derive(Default)]
struct Tested {
    compared: usize,
    wrong: Vec<String>,
}

impl Tested {
    fn check(&mut self, what: &str, found: &Estimate, expected: &Value) {
        self.compared += 1;
        match (found.number(), expected.as_f64()) {
            (Some(found), Some(expected)) if (found - expected).abs() <= 1e-9 * expected.abs().max(1.0) => {}
            (None, None) if expected["undefined"].is_string() => {}
            _ => self.wrong.push(format!("{what}: found {found:?}, expected {expected}")),
        }
    }
}

fn one(outcomes: &Outcomes, id: &str) -> Finding {
    evaluate(&[id], outcomes, None).unwrap().remove(0)
}

fn estimate(value: Option<f64>) -> Estimate {
    value.map_or_else(|| Estimate::undefined("absent"), Estimate::value)
}

const OVERALL: [(&str, &str); 13] = [
    ("accuracy", "accuracy"),
    ("balanced_accuracy", "balanced-accuracy"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "f1"),
    ("roc_auc", "roc-auc"),
    ("average_precision", "average-precision"),
    ("log_loss", "log-loss"),
    ("brier", "brier"),
    ("mse", "mse"),
    ("mae", "mae"),
    ("pearson", "pcc"),
    ("spearman", "srcc"),
];

fn by_group<'a>(finding: &'a Finding, group: &str) -> Option<&'a Estimate> {
    finding.by_group.iter().find(|found| found.group == group).map(|found| &found.estimate)
}

fn check_performance(data: &DataSet, name: &str, tested: &mut Tested) {
    let outcomes = data.outcomes();
    let expected = &data.json["expected"];
    for (key, id) in OVERALL {
        let finding = one(&outcomes, id);
        tested.check(&format!("{name} {id}"), &finding.estimate, &expected["overall"][key]);
        for (group, value) in expected["by_group"][key].as_object().unwrap() {
            match by_group(&finding, group) {
                Some(found) => tested.check(&format!("{name} {id} of {group}"), found, value),
                None => assert!(value["undefined"].is_string(), "{name}: {id} has no group {group} although {value}"),
            }
        }
        if id == "mse" || id == "mae" {
            let constant = &expected["overall"][format!("{key}_constant")];
            tested.check(&format!("{name} {id} constant"), &estimate(finding.constant_predictor), constant);
        }
    }
    for (key, id) in
        [("selection_rate", "selection-rate"), ("true_positive_rate", "true-positive-rate"), ("false_positive_rate", "false-positive-rate")]
    {
        let finding = one(&outcomes, id);
        for (group, value) in expected["by_group"][key].as_object().unwrap() {
            let found = by_group(&finding, group).cloned().unwrap_or_else(|| Estimate::undefined("absent"));
            tested.check(&format!("{name} {id} of {group}"), &found, value);
        }
    }
    for counts in confusion_by_group(&outcomes).iter().filter(|counts| counts.group != "unknown") {
        for (key, value) in [
            ("true_positives", counts.confusion.true_positives),
            ("false_positives", counts.confusion.false_positives),
            ("true_negatives", counts.confusion.true_negatives),
            ("false_negatives", counts.confusion.false_negatives),
            ("rows", counts.n as f64),
        ] {
            tested.check(&format!("{name} {key} of {}", counts.group), &Estimate::value(value), &expected["by_group"][key][&counts.group]);
        }
    }
}

fn check_disparities(data: &DataSet, name: &str, tested: &mut Tested) {
    let expected = &data.json["expected"]["disparity"];
    let ours = [
        ("demographic_parity_difference", "demographic-parity-difference"),
        ("demographic_parity_ratio", "demographic-parity-ratio"),
        ("equal_opportunity_difference", "equal-opportunity-difference"),
        ("equal_opportunity_ratio", "equal-opportunity-ratio"),
        ("false_positive_rate_difference", "false-positive-rate-difference"),
        ("predictive_parity_difference", "predictive-parity-difference"),
        ("equalized_odds_max", "equalized-odds-difference"),
        ("equalized_odds_mean", "equalized-odds-mean"),
        ("equalized_odds_sum", "equalized-odds-sum"),
    ];
    let fairlearn = [
        ("demographic_parity_difference", "demographic-parity-difference"),
        ("demographic_parity_ratio", "demographic-parity-ratio"),
        ("equal_opportunity_difference", "equal-opportunity-difference"),
        ("equal_opportunity_ratio", "equal-opportunity-ratio"),
        ("equalized_odds_difference_worst_case", "equalized-odds-difference"),
        ("equalized_odds_difference_mean", "equalized-odds-mean"),
    ];
    let aif360 = [
        ("statistical_parity_difference", "demographic-parity-difference"),
        ("disparate_impact", "disparate-impact"),
        ("average_odds_difference", "equalized-odds-mean"),
        ("equal_opportunity_difference", "equal-opportunity-difference"),
    ];
    let outcomes = data.outcomes();
    for (key, id) in ours {
        tested.check(&format!("{name} {id}"), &one(&outcomes, id).estimate, &expected[key]);
    }
    let compare = |convention: Convention, prefix: &str, pairs: &[(&str, &str)], tested: &mut Tested| {
        let outcomes = data.with(|conventions| conventions.convention = convention);
        for (key, id) in pairs {
            let value = expected.get(format!("{prefix}.{key}")).unwrap_or(&expected[prefix][key]);
            tested.check(&format!("{name} {prefix} {id}"), &one(&outcomes, id).estimate, value);
        }
    };
    compare(Convention::Fairlearn, "fairlearn", &fairlearn, tested);
    compare(Convention::Aif360, "aif360", &aif360, tested);
    for (group, values) in data.json["expected"]["against_rest"].as_object().unwrap() {
        for (key, value) in values.as_object().unwrap() {
            let (id, definition) = match key.as_str() {
                "spdd_grid" => ("spdd".to_owned(), Definition::Grid),
                other => (other.replace('_', "-"), Definition::Exact),
            };
            let outcomes = data.with(|conventions| conventions.definition = definition);
            let finding = one(&outcomes, &id);
            // With two groups the rest is the other group, and the comparison is the finding itself.
            let found = finding.against_rest.iter().find(|comparison| &comparison.group == group).map(|comparison| &comparison.estimate);
            if let Some(found) = found.or((finding.against_rest.is_empty() && data.groups.levels().len() == 2).then_some(&finding.estimate))
            {
                tested.check(&format!("{name} {key} of {group} against the rest"), found, value);
            }
        }
    }
}

fn check_scores(data: &DataSet, name: &str, tested: &mut Tested) {
    let expected = &data.json["expected"]["scores"];
    tested.check(&format!("{name} spdd"), &one(&data.outcomes(), "spdd").estimate, &expected["spdd_max"]);
    for pair in expected["spdd"].as_object().unwrap().keys() {
        let (first, second) = pair.split_once('|').unwrap();
        let groups = data.only(first, second);
        let build = |definition: Definition| {
            let mut outcomes = Outcomes::new(&data.scores, &groups).unwrap().labels(&data.labels).unwrap();
            if let Some(weights) = &data.weights {
                outcomes = outcomes.weights(weights).unwrap();
            }
            outcomes.conventions(Conventions { definition, ..data.conventions.clone() })
        };
        let (exact, grid) = (build(Definition::Exact), build(Definition::Grid));
        for (key, id, outcomes) in [
            ("spdd", "spdd", &exact),
            ("spdd_grid", "spdd", &grid),
            ("spdd_std", "standardised-spdd", &exact),
            ("ks", "ks", &exact),
            ("speo", "speo", &exact),
            ("speo_grid_paper", "speo", &grid),
        ] {
            let finding = one(outcomes, id);
            // The public code's zeros give a number even where a group has no label above any threshold; here that stays undefined.
            let deserving =
                !(key == "speo_grid_paper" && finding.estimate.reason().is_some_and(|reason| reason.contains("no labels above 0")));
            if data.rows(first) > 0 && data.rows(second) > 0 && deserving {
                tested.check(&format!("{name} {key} {pair}"), &finding.estimate, &expected[key][pair]);
            }
            if id == "ks" && data.conventions.decision_rule == DecisionRule::Above && finding.estimate.number() > Some(0.0) {
                tested.check(&format!("{name} ks_at {pair}"), &estimate(finding.at_threshold), &expected["ks_at"][pair]);
            }
        }
    }
}

fn check_latent(data: &DataSet, name: &str, tested: &mut Tested) {
    let expected = &data.json["expected"]["latent"];
    let Some((width, values)) = &data.latent else { return };
    for (space, suffix) in [("space", ""), ("pca", "-pca")] {
        for part in ["high", "low"] {
            for (pair, value) in expected[space][part].as_object().unwrap() {
                let (first, second) = pair.split_once('|').unwrap();
                let groups = data.only(first, second);
                let outcomes = Outcomes::new(&data.scores, &groups).unwrap().labels(&data.labels).unwrap();
                let outcomes = outcomes.latent(Latent { width: *width, values }).unwrap().conventions(data.conventions.clone());
                let found = one(&outcomes, &format!("centroid-distance-{part}{suffix}"));
                tested.check(&format!("{name} {space} {part} {pair}"), &found.estimate, value);
            }
        }
    }
}

#[test]
fn every_metric_equals_its_peers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/metrics.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sets = json["data_sets"].as_array().unwrap();
    assert_eq!(sets.len(), 20);
    let mut tested = Tested::default();
    for set in sets {
        let data = DataSet::new(set);
        let name = set["name"].as_str().unwrap();
        check_performance(&data, name, &mut tested);
        check_disparities(&data, name, &mut tested);
        check_scores(&data, name, &mut tested);
        check_latent(&data, name, &mut tested);
    }
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    for line in &tested.wrong {
        *by_kind.entry(line.split(':').next().unwrap().split_once(' ').unwrap().1.to_owned()).or_default() += 1;
    }
    assert!(
        tested.wrong.is_empty(),
        "{} of {} differ: {by_kind:#?}\n{}",
        tested.wrong.len(),
        tested.compared,
        tested.wrong[..tested.wrong.len().min(40)].join("\n")
    );
    assert!(tested.compared > 3000, "only {} numbers were compared", tested.compared);
}

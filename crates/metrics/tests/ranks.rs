//! Rank SPDD against scipy and counted shortlists (`reference/ranks.json`), and that shrinking leaves it.

use std::path::Path;

use evenhand_metrics::{Outcomes, evaluate};
use evenhand_rows::Groups;
use serde_json::Value;

fn rank_spdd(scores: &[f64], codes: &[u32], weights: Option<&[f64]>) -> f64 {
    let levels = (0..=codes.iter().max().copied().unwrap()).map(|level| level.to_string()).collect();
    let groups = Groups::new("group", levels, codes.to_vec());
    let mut outcomes = Outcomes::new(scores, &groups).unwrap();
    if let Some(weights) = weights {
        outcomes = outcomes.weights(weights).unwrap();
    }
    evaluate(&["rank-spdd"], &outcomes, None).unwrap()[0].estimate.number().unwrap()
}

#[test]
fn rank_spdd_is_that_of_scipy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/ranks.json");
    let reference: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let numbers = |value: &Value| value.as_array().map(|list| list.iter().map(|number| number.as_f64().unwrap()).collect::<Vec<f64>>());
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 120);
    for (place, case) in cases.iter().enumerate() {
        let scores = numbers(&case["scores"]).unwrap();
        let codes: Vec<u32> = numbers(&case["groups"]).unwrap().into_iter().map(|code| code as u32).collect();
        let weights = numbers(&case["weights"]);
        let expected = case["rank_spdd"].as_f64().unwrap();
        let found = rank_spdd(&scores, &codes, weights.as_deref());
        assert!((found - expected).abs() < 1e-12, "case {place}, {}: {found} instead of {expected}", case["kind"]);
        // Shrunk towards the mean SPDD falls with the scores, and the ranks stay.
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let shrunk: Vec<f64> = scores.iter().map(|score| mean + (score - mean) / 64.0).collect();
        assert!((rank_spdd(&shrunk, &codes, weights.as_deref()) - expected).abs() < 1e-12, "case {place} shrunk");
    }
}

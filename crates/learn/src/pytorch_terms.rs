//! Terms, gradients and optimiser steps against PyTorch's (`reference/pytorch_terms.py`; `reference/README.md` gives the layout).

use burn::tensor::{Tensor, TensorData};
use evenhand_data::UNKNOWN;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

use crate::models::{Mlp, Mode, Model, sigmoid_of};
use crate::objective::data_loss;
use crate::objectives::{l2, mmd};
use crate::{Adam, Architecture, Bound, DataLoss, OptimizerKind, Pairs, Term, between_groups, host, training_device};

fn terms() -> Value {
    serde_json::from_str(include_str!("../../../reference/terms.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|entry| number(entry) as f32).collect()
}

fn codes(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|code| u32::try_from(code.as_i64().unwrap()).unwrap_or(UNKNOWN)).collect()
}

#[track_caller]
fn agree(name: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{name}, entry {place}: {found}, PyTorch {expected}");
    }
}

#[test]
fn wasserstein_and_its_slopes() {
    for case in terms()["wasserstein"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scores = floats(&case["scores"]);
        let weights = if case["weights"].is_null() { vec![1.0; scores.len()] } else { floats(&case["weights"]) };
        for (key, pairs) in [("largest", Pairs::Largest), ("mean", Pairs::Mean), ("against_rest", Pairs::AgainstRest)] {
            let found = between_groups(&scores, &codes(&case["groups"]), &weights, pairs, 1).unwrap();
            assert!((found.distance - number(&case[key]["value"])).abs() < 1e-7, "{name}, {key}: {}", found.distance);
            agree(&format!("{name}, {key}"), &found.slopes, &floats(&case[key]["gradient"]), 1e-6);
        }
    }
}

#[test]
fn adam_and_adamw_steps() {
    for case in terms()["optimiser"].as_array().unwrap() {
        let name = case["optimiser"].as_str().unwrap();
        let kind = if name == "adamw" { OptimizerKind::Adamw } else { OptimizerKind::Adam };
        let (device, mut rng) = (training_device(), ChaCha8Rng::seed_from_u64(0));
        let architecture = Architecture { hidden: vec![5], ..Architecture::default() };
        let (network, mut weights) = Mlp::new(&architecture, 4, &mut rng);
        let layers = ["hidden_weight", "hidden_bias", "output_weight", "output_bias"];
        for (array, layer) in weights.arrays.iter_mut().zip(layers) {
            array.values = floats(&case["start"][layer]);
        }
        let mut adam = Adam::new(kind, number(&case["weight_decay"]), &weights);
        let labels = floats(&case["labels"]);
        for expected in case["losses"].as_array().unwrap() {
            let bound = weights.bind(&device);
            let (loss, term) = bce(&network, &bound, &case["features"], &labels);
            assert!((loss - number(expected)).abs() < 1e-6, "{name}: {loss}, PyTorch {expected}");
            let mut tape = term.graph.unwrap().backward();
            let gradients = bound.gradients(&mut tape, &weights);
            adam.step(&mut weights, &gradients, number(&case["learning_rate"]));
        }
        for (array, layer) in weights.arrays.iter().zip(layers) {
            agree(&format!("{name}, {layer}"), &array.values, &floats(&case["end"][layer]), 2e-6);
        }
    }
}

#[test]
fn distances_of_representations_and_their_slopes() {
    type Distance = fn(&Tensor<2>, &[Vec<f32>]) -> Option<Term>;
    let distances: [(&str, Distance); 4] = [
        ("mmd", mmd::discrepancy),
        ("l2_mean_squared", |z, groups| l2::distance(z, groups, "mean-squared")),
        ("l2_squared", |z, groups| l2::distance(z, groups, "squared")),
        ("l2_distance", |z, groups| l2::distance(z, groups, "euclidean")),
    ];
    for case in terms()["representation"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let codes = codes(&case["groups"]);
        let shares = |group| {
            let size = codes.iter().filter(|&&code| code == group).count() as f32;
            codes.iter().map(|&code| if code == group { 1.0 / size } else { 0.0 }).collect::<Vec<f32>>()
        };
        let width = case["width"].as_u64().unwrap() as usize;
        for (key, distance) in distances {
            let z =
                Tensor::<2>::from_data(TensorData::new(floats(&case["values"]), [codes.len(), width]), &training_device()).require_grad();
            let term = distance(&z, &[shares(0), shares(1)]).unwrap();
            let expected = number(&case[key]["value"]);
            assert!((term.value - expected).abs() < 3e-6, "{name}, {key}: {}, PyTorch {expected}", term.value);
            let mut tape = term.graph.unwrap().backward();
            agree(&format!("{name}, {key}"), &host(z.grad_remove(&mut tape).unwrap()), &floats(&case[key]["gradient"]), 3e-6);
        }
    }
}

#[test]
fn data_loss_with_wasserstein_through_the_sigmoid() {
    let case = &terms()["total_loss"];
    let (logits, groups, factor) = (floats(&case["logits"]), codes(&case["groups"]), number(&case["factor"]) as f32);
    let scores: Vec<f32> = logits.iter().map(|&logit| sigmoid_of(logit)).collect();
    let shares = vec![1.0 / logits.len() as f32; logits.len()];
    let transport = between_groups(&scores, &groups, &vec![1.0; logits.len()], Pairs::Largest, 1).unwrap();
    for (key, loss, truth) in [("bce", DataLoss::Bce, "labels"), ("mse", DataLoss::Mse, "targets")] {
        let (value, slopes) = data_loss(loss, &logits, &floats(&case[truth]), &shares);
        assert!((value - number(&case[key]["loss"])).abs() < 1e-6, "{key}: {value}");
        assert!((transport.distance - number(&case[key]["distance"])).abs() < 1e-6, "{key}: {}", transport.distance);
        let total: Vec<f32> =
            slopes.iter().zip(&transport.slopes).zip(&scores).map(|((fit, pull), s)| fit + factor * pull * s * (1.0 - s)).collect();
        agree(key, &total, &floats(&case[key]["gradient"]), 1e-6);
    }
}

/// Mean BCE of a pass, and a term with its gradient.
fn bce(network: &Mlp, bound: &Bound, features: &Value, labels: &[f32]) -> (f64, Term) {
    let inputs = Tensor::<2>::from_data(TensorData::new(floats(features), [labels.len(), network.columns()]), &training_device());
    let output = network.forward(bound, inputs, &mut Mode::Evaluation);
    let share = 1.0 / labels.len() as f32;
    let rows = output.host_logits().iter().zip(labels);
    let loss = rows.clone().map(|(&z, &y)| f64::from(share * (z.max(0.0) - y * z + (-z.abs()).exp().ln_1p()))).sum();
    let slopes = rows.map(|(&z, &y)| share * (sigmoid_of(z) - y)).collect();
    (loss, Term::from_slopes(loss, output.logit(), slopes))
}

//! What every objective must keep, and expected values from PyTorch.

use std::collections::BTreeMap;

use burn_tensor::{Tensor, TensorData};
use evenhand_catalog::{Kind, Parameters, Value};
use evenhand_rows::{Groups, Matrix, SensitiveInput, UNKNOWN};

use crate::adversary::Adversary;
use crate::gap::{self, Gap};
use crate::models::{Activation, Architecture, Mlp, Model};
use crate::objective::{Ledger, Pass, Setting, Term, Validation, data_loss, training_device};
use crate::objectives::{OBJECTIVES, fair_mixup, fairvic, hsic, l2, mmd};
use crate::optimizer::{Adam, OptimizerKind};
use crate::randomness::{Purpose, stream};
use crate::rows::{Batch, Draw, Rows};
use crate::scorer::predict;
use crate::training::{DataLoss, Training};
use crate::transport::{Pairs, between_groups};
use crate::weights::{Gradients, Weights, host};
use crate::{Objective, sigmoid_of};

/// Calls `each` with a pass over one batch of 24 rows in three groups, one row of unknown group, with weights.
fn with_pass<T>(objective: &mut dyn Objective, weights: &mut Weights, each: impl FnOnce(&mut dyn Objective, &mut Pass<'_>) -> T) -> T {
    with_groups(&[0, 1, 2], objective, weights, each)
}

/// The same with as many groups as `order` has entries, the code of group g being `order[g]`.
fn with_groups<T>(
    order: &[u32],
    objective: &mut dyn Objective,
    weights: &mut Weights,
    each: impl FnOnce(&mut dyn Objective, &mut Pass<'_>) -> T,
) -> T {
    let levels = order.len();
    let rng = &mut stream(3, Purpose::Batches, 0);
    let values: Vec<f32> = (0..24 * 3).map(|_| rand::RngExt::random::<f32>(rng) * 2.0 - 1.0).collect();
    let features = Matrix::new(3, values);
    let labels: Vec<f64> = (0..24).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
    let codes = (0..24).map(|row| if row == 5 { UNKNOWN } else { order[[0, 1, 0, 2, 0, 1][row % 6].min(levels - 1)] }).collect();
    let groups = Groups::new("group", ["a", "b", "c"][..levels].iter().map(|&name| name.to_owned()).collect(), codes);
    let mut written = vec![None; levels];
    order.iter().zip([-0.5, 0.25, 0.75]).for_each(|(&code, value)| written[code as usize] = Some(vec![value]));
    let sensitive = SensitiveInput::new("group", vec![2], written);
    let sensitive = Some(&sensitive);
    let train = Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive };
    let (model, _) = Mlp::new(&architecture(), 3, &mut stream(3, Purpose::Initialisation, 0));
    let training = Training { epochs: 10, ..Training::default() };
    let setting = Setting { train: &train, model: &model, training: &training, seed: 3 };
    objective.prepare(&setting, weights, &mut stream(3, Purpose::ObjectiveInitialisation, 0)).unwrap();
    rename_outputs(objective, order);
    let row_weights: Vec<f32> = (0..24).map(|row| 0.5 + (row % 4) as f32 * 0.5).collect();
    let mut batch = Batch::gather(&train, Draw { rows: (0..24).collect(), factors: None }, &row_weights);
    let device = training_device();
    let inputs = Tensor::<2>::from_data(TensorData::new(std::mem::take(&mut batch.inputs), [24, 3]), &device);
    let mut pass = Pass {
        setting,
        batch: &batch,
        epoch: 6,
        learning_rate: 1e-3,
        bound: weights.bind(&device),
        weights,
        rng: &mut stream(3, Purpose::Objective, 0),
        dropout: &mut stream(3, Purpose::Dropout, 0),
        ledger: &mut Ledger::default(),
        inputs: inputs.into(),
    };
    each(objective, &mut pass)
}

/// An adversary's outputs are its groups: those of its first weights change places as the groups do.
fn rename_outputs(objective: &mut dyn Objective, order: &[u32]) {
    let mut state = objective.state();
    let own = |name: &str| {
        name.starts_with("adversary/") && !["/steps", "/first/", "/second/"].iter().any(|kept| name["adversary".len()..].starts_with(kept))
    };
    let places: Vec<usize> = (0..state.len()).filter(|&place| own(&state[place].0)).collect();
    // Its last two arrays: a matrix with a column a group, and their biases.
    for &place in places.iter().rev().take(2) {
        for row in state[place].1.chunks_mut(order.len()) {
            let before = row.to_vec();
            order.iter().zip(before).for_each(|(&code, value)| row[code as usize] = value);
        }
    }
    assert!(objective.restore(&state.into_iter().collect()));
}

/// Smooth, so that differences converge.
fn architecture() -> Architecture {
    Architecture { hidden: vec![5], bottleneck: Some(2), head: vec![4], activation: Activation::Tanh, ..Architecture::default() }
}

fn build(entry: &evenhand_catalog::Entry<dyn Objective>, given: &BTreeMap<String, Value>) -> Box<dyn Objective> {
    (entry.build)(&Parameters::resolve(entry.card, given).unwrap()).unwrap()
}

fn loss_and_gradients(objective: &mut dyn Objective, weights: &mut Weights) -> (f64, Gradients) {
    with_pass(objective, weights, |objective, pass| {
        let output = objective.forward(pass).unwrap();
        let loss = objective.loss(pass, &output).unwrap();
        let mut tape = pass.backward(&loss).unwrap();
        (loss.value, pass.gradients(&mut tape))
    })
}

#[test]
fn cards_are_complete_and_defaults_build() {
    for entry in OBJECTIVES {
        let card = entry.card;
        assert_eq!(card.kind, Kind::Objective);
        assert!(!card.summary.is_empty() && !card.formula.is_empty() && !card.source.is_empty(), "{}", card.id);
        let objective = build(entry, &BTreeMap::new());
        assert_eq!(objective.card().id, card.id);
        assert_eq!(objective.parameters().iter().count(), card.parameters.len(), "{}", card.id);
    }
}

/// The methods that train by batches.
fn batchwise() -> impl Iterator<Item = &'static evenhand_catalog::Entry<dyn Objective>> {
    OBJECTIVES.iter().filter(|entry| !build(entry, &BTreeMap::new()).fits_alone())
}

/// Every choice of words that a card offers, one at a time, with weights of its terms that show.
fn choices(entry: &evenhand_catalog::Entry<dyn Objective>) -> Vec<BTreeMap<String, Value>> {
    let mut choices = vec![BTreeMap::new()];
    for parameter in entry.card.parameters {
        if let evenhand_catalog::Allowed::OneOf(words) = parameter.allowed {
            choices.extend(words.iter().map(|word| BTreeMap::from([(parameter.name.to_owned(), Value::Text((*word).to_owned()))])));
        }
        // FairVIC's weights are parts of one sum; its defaults are all above 0.
        if parameter.name.starts_with("lambda") && entry.card.id != fairvic::ENTRY.card.id {
            for given in &mut choices {
                given.insert(parameter.name.to_owned(), Value::Number(0.7));
            }
        }
    }
    choices
}

/// What a method makes of one batch: loss, gradients as they go to the optimiser, and the weights after steps of its own.
fn step(order: &[u32], objective: &mut dyn Objective) -> (f64, Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let (_, mut weights) = Mlp::new(&architecture(), 3, &mut stream(3, Purpose::Initialisation, 0));
    let (loss, gradients) = with_groups(order, objective, &mut weights, |objective, pass| {
        let output = objective.forward(pass).unwrap();
        let loss = objective.loss(pass, &output).unwrap();
        let mut tape = pass.backward(&loss).unwrap();
        let mut gradients = pass.gradients(&mut tape);
        objective.correct(pass, &mut tape, &mut gradients).unwrap();
        objective.after_step(pass).unwrap();
        (loss.value, gradients.arrays)
    });
    (loss, gradients, weights.arrays.into_iter().map(|array| array.values).collect())
}

/// Groups carry names, not an order. Fair Mixup draws a place on the way from one group to the other: turned round it is another place,
/// which the test below looks at. Of three groups FairVIC draws one to re-write a row to, so it is looked at with two.
#[test]
fn calling_groups_otherwise_changes_no_step() {
    for entry in batchwise().filter(|entry| entry.card.id != fair_mixup::ENTRY.card.id) {
        let orders: &[&[u32]] = if entry.card.id == fairvic::ENTRY.card.id { &[&[1, 0]] } else { &[&[1, 0], &[2, 0, 1]] };
        for given in choices(entry) {
            for &order in orders {
                let as_they_are: Vec<u32> = (0..order.len() as u32).collect();
                let (loss, gradients, weights) = step(&as_they_are, build(entry, &given).as_mut());
                let (other_loss, other_gradients, other_weights) = step(order, build(entry, &given).as_mut());
                let told = format!("{} {given:?} {order:?}", entry.card.id);
                assert!((loss - other_loss).abs() < 1e-5 * (1.0 + loss.abs()), "{told}: loss {loss} and {other_loss}");
                let largest = gradients.iter().flatten().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                for (one, other) in gradients.iter().flatten().zip(other_gradients.iter().flatten()) {
                    assert!((one - other).abs() < 1e-4 * largest, "{told}: gradients {one} and {other}, largest {largest}");
                }
                for (one, other) in weights.iter().flatten().zip(other_weights.iter().flatten()) {
                    assert!((one - other).abs() < 1e-5, "{told}: weights {one} and {other}");
                }
            }
        }
    }
}

#[test]
fn a_way_between_two_groups_is_the_same_from_both_ends() {
    let (_, mut weights) = Mlp::new(&architecture(), 3, &mut stream(3, Purpose::Initialisation, 0));
    let mut found = |turned: bool| {
        let mut objective = build(&fair_mixup::ENTRY, &BTreeMap::new());
        with_pass(objective.as_mut(), &mut weights, |_, pass| {
            let (one, other) = ([0, 2, 4, 6], [1, 7, 11]);
            let term = if turned {
                fair_mixup::path(pass, &other, &one, 0.7, &|_| 1.0)
            } else {
                fair_mixup::path(pass, &one, &other, 0.3, &|_| 1.0)
            }
            .unwrap();
            let mut tape = pass.backward(&term).unwrap();
            (term.value, pass.gradients(&mut tape).arrays.concat())
        })
    };
    let ((value, gradients), (turned, turned_gradients)) = (found(false), found(true));
    assert!(value > 1e-3 && (value - turned).abs() < 1e-6, "{value} and {turned}");
    close(&turned_gradients, &gradients, 1e-5, "gradients");
}

/// Without dropout and batch norm the validation rows, taken as one batch, have the terms of that batch; and a method without such terms says so.
#[test]
fn validation_terms_are_those_of_one_batch() {
    for entry in batchwise() {
        let id = entry.card.id;
        for given in choices(entry) {
            let (_, mut weights) = Mlp::new(&architecture(), 3, &mut stream(3, Purpose::Initialisation, 0));
            let mut objective = build(entry, &given);
            with_pass(objective.as_mut(), &mut weights, |objective, pass| {
                let output = objective.forward(pass).unwrap();
                objective.loss(pass, &output).unwrap();
                let row_weights: Vec<f64> = pass.batch.weights.iter().map(|&weight| f64::from(weight)).collect();
                let rows = Rows { weights: Some(&row_weights), ..*pass.setting.train };
                let prediction = predict(pass.setting.model, pass.weights, rows.candidates()).unwrap();
                let network = Some((pass.setting.model, &*pass.weights));
                let outcome = Validation { rows: &rows, prediction: &prediction, training: pass.setting.training, epoch: 6, network };
                let terms = objective.validation_terms(&outcome);
                let silent = id == "vanilla" || entry.card.summary.contains("On validation rows it has no term");
                assert_eq!(terms.is_empty(), silent, "{id}");
                // Of three groups a batch of FairVIC draws one to re-write a row to, where the validation takes the mean.
                for (name, value) in terms.into_iter().filter(|(name, _)| *name != "invariance") {
                    let (noted, _) = pass.ledger.terms[name];
                    assert!((value - noted).abs() < 1e-5 * (1.0 + noted.abs()), "{id} {given:?} {name}: {value} and {noted}");
                }
            });
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    // Ranks are steps: their gradient is that of smoothed ones, which `ranks` tests. MMD's bandwidth is a constant for its gradient, and so are GCM's weights, so whole
    // differences do not apply to them; penalties on gradients have many kinks besides. Their files, the expected values below and
    // `second_order` test them. Methods that fit on their own have no loss over batches.
    let elsewhere = ["mmd", "gcm", "iga", "direct-alignment"];
    let of_ranks = |given: &BTreeMap<String, Value>| given.get("on") == Some(&Value::Text("rank".to_owned()));
    for entry in batchwise().filter(|entry| !elsewhere.contains(&entry.card.id)) {
        for given in choices(entry).into_iter().filter(|given| !of_ranks(given)) {
            let mut objective = build(entry, &given);
            let (_, mut weights) = Mlp::new(&architecture(), 3, &mut stream(3, Purpose::Initialisation, 0));
            let (_, gradients) = loss_and_gradients(objective.as_mut(), &mut weights);
            let largest = gradients.arrays.iter().flatten().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let step = 4e-3_f32;
            for slot in 0..weights.arrays.len() {
                for place in 0..weights.arrays[slot].values.len() {
                    let kept = weights.arrays[slot].values[place];
                    let mut at = |value: f32| {
                        weights.arrays[slot].values[place] = value;
                        loss_and_gradients(objective.as_mut(), &mut weights).0
                    };
                    let difference = (at(kept + step) - at(kept - step)) / f64::from(2.0 * step);
                    weights.arrays[slot].values[place] = kept;
                    let found = f64::from(gradients.arrays[slot][place]);
                    let name = &weights.arrays[slot].name;
                    let id = entry.card.id;
                    assert!((found - difference).abs() < 0.01 * f64::from(largest), "{id} {given:?} {name}: {found} against {difference}");
                }
            }
        }
    }
}

// ------------------------------------------------------------------------------------------ expected values from PyTorch

fn expected() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../reference/terms.json")).unwrap()
}

fn floats(value: &serde_json::Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn codes(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|code| u32::try_from(code.as_i64().unwrap()).unwrap_or(UNKNOWN)).collect()
}

fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * (1.0 + expected.abs()), "{what}: {found} against {expected}");
    }
}

#[test]
fn wasserstein_agrees_with_pytorch() {
    for case in expected()["wasserstein"].as_array().unwrap() {
        let (scores, groups) = (floats(&case["scores"]), codes(&case["groups"]));
        let weights = if case["weights"].is_null() { vec![1.0; scores.len()] } else { floats(&case["weights"]) };
        for (pairs, key) in [(Pairs::Largest, "largest"), (Pairs::Mean, "mean"), (Pairs::AgainstRest, "against_rest")] {
            let found = between_groups(&scores, &groups, &weights, pairs, 1).unwrap();
            let name = case["name"].as_str().unwrap();
            assert!((found.distance - case[key]["value"].as_f64().unwrap()).abs() < 1e-9, "{name}, {key}");
            close(&found.slopes, &floats(&case[key]["gradient"]), 1e-6, name);
        }
    }
}

#[test]
fn mmd_and_l2_agree_with_pytorch() {
    for case in expected()["representation"].as_array().unwrap() {
        let (values, groups) = (floats(&case["values"]), codes(&case["groups"]));
        let width = case["width"].as_u64().unwrap() as usize;
        let rows = groups.len();
        let shares = |level: u32| {
            let size = groups.iter().filter(|&&group| group == level).count() as f32;
            groups.iter().map(|&group| if group == level { 1.0 / size } else { 0.0 }).collect::<Vec<f32>>()
        };
        let shares = [shares(0), shares(1)];
        let check = |key: &str, tolerance: f32, term: &dyn Fn(&Tensor<2>) -> Term| {
            let z = Tensor::<2>::from_data(TensorData::new(values.clone(), [rows, width]), &training_device()).require_grad();
            let term = term(&z);
            assert!((term.value - case[key]["value"].as_f64().unwrap()).abs() < f64::from(tolerance), "{key}: {}", term.value);
            let mut tape = term.graph.unwrap().backward();
            close(&host(z.grad_remove(&mut tape).unwrap()), &floats(&case[key]["gradient"]), tolerance, key);
        };
        // The expected values are means over pairs that count alike.
        let even = vec![1.0; shares.len()];
        check("mmd", 5e-6, &|z| mmd::discrepancy(z, &shares, &even).unwrap());
        check("l2_mean_squared", 1e-6, &|z| l2::distance(z, &shares, &even, "mean-squared").unwrap());
        check("l2_squared", 1e-6, &|z| l2::distance(z, &shares, &even, "squared").unwrap());
        check("l2_distance", 1e-6, &|z| l2::distance(z, &shares, &even, "euclidean").unwrap());
    }
}

#[test]
fn data_losses_with_wasserstein_agree_with_pytorch() {
    let case = &expected()["total_loss"];
    let (logits, groups) = (floats(&case["logits"]), codes(&case["groups"]));
    let rows = logits.len();
    for (loss, key, labels) in [(DataLoss::Bce, "bce", "labels"), (DataLoss::Mse, "mse", "targets")] {
        let (value, mut slopes) = data_loss(loss, &logits, &floats(&case[labels]), &vec![1.0 / rows as f32; rows]);
        assert!((value - case[key]["loss"].as_f64().unwrap()).abs() < 1e-6);
        let scores: Vec<f32> = logits.iter().map(|&logit| sigmoid_of(logit)).collect();
        let found = between_groups(&scores, &groups, &vec![1.0; rows], Pairs::Largest, 1).unwrap();
        assert!((found.distance - case[key]["distance"].as_f64().unwrap()).abs() < 1e-6);
        for ((slope, own), score) in slopes.iter_mut().zip(&found.slopes).zip(&scores) {
            *slope += 0.5 * own * score * (1.0 - score);
        }
        close(&slopes, &floats(&case[key]["gradient"]), 1e-6, key);
    }
}

#[test]
fn the_reversed_adversary_agrees_with_pytorch() {
    for case in expected()["reversal"].as_array().unwrap() {
        let codes = codes(&case["groups"]);
        let features = Matrix::new(4, floats(&case["features"]));
        let groups = Groups::new("group", vec!["a".into(), "b".into()], codes);
        let labels = [0.0; 6];
        let train =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let architecture = Architecture { hidden: vec![3], ..Architecture::default() };
        let (model, mut weights) = Mlp::new(&architecture, 4, &mut stream(1, Purpose::Initialisation, 0));
        weights.arrays[0].values = floats(&case["encoder_weight"]);
        weights.arrays[1].values = floats(&case["encoder_bias"]);
        let training = Training::default();
        let setting = Setting { train: &train, model: &model, training: &training, seed: 1 };
        let mut adversary = Adversary::new(Vec::new(), OptimizerKind::Adam, &setting, &mut stream(1, Purpose::Objective, 0));
        adversary.weights.arrays[0].values = floats(&case["adversary_weight"]);
        adversary.weights.arrays[1].values = floats(&case["adversary_bias"]);
        let mut batch = Batch::gather(&train, Draw { rows: (0..6).collect(), factors: None }, &[1.0; 6]);
        let device = training_device();
        let inputs = Tensor::<2>::from_data(TensorData::new(std::mem::take(&mut batch.inputs), [6, 4]), &device);
        let mut ledger = Ledger::default();
        let mut pass = Pass {
            setting,
            batch: &batch,
            epoch: 1,
            learning_rate: 1e-3,
            bound: weights.bind(&device),
            weights: &mut weights,
            rng: &mut stream(1, Purpose::Objective, 1),
            dropout: &mut stream(1, Purpose::Dropout, 1),
            ledger: &mut ledger,
            inputs: inputs.clone().into(),
        };
        let output = pass.forward(&inputs.into());
        let coefficient = case["coefficient"].as_f64().unwrap();
        let term = adversary.term(&mut pass, &output.embedding, coefficient);
        let loss = case["loss"].as_f64().unwrap();
        assert!((term.value + coefficient * loss).abs() < 1e-6);
        let mut tape = pass.backward(&term).unwrap();
        let encoder = pass.gradients(&mut tape);
        close(&encoder.arrays[0], &floats(&case["gradients"]["encoder_weight"]), 1e-6, "encoder weight");
        close(&encoder.arrays[1], &floats(&case["gradients"]["encoder_bias"]), 1e-6, "encoder bias");
        let own = adversary.bound.take().unwrap().gradients(&mut tape, &adversary.weights);
        close(&own.arrays[0], &floats(&case["gradients"]["adversary_weight"]), 1e-6, "adversary weight");
        close(&own.arrays[1], &floats(&case["gradients"]["adversary_bias"]), 1e-6, "adversary bias");
    }
}

#[test]
fn three_steps_of_both_optimisers_agree_with_pytorch() {
    for case in expected()["optimiser"].as_array().unwrap() {
        let architecture = Architecture { hidden: vec![5], ..Architecture::default() };
        let (model, mut weights) = Mlp::new(&architecture, 4, &mut stream(1, Purpose::Initialisation, 0));
        let names = ["hidden_weight", "hidden_bias", "output_weight", "output_bias"];
        for (array, name) in weights.arrays.iter_mut().zip(names) {
            array.values = floats(&case["start"][name]);
        }
        let kind = if case["optimiser"] == "adamw" { OptimizerKind::Adamw } else { OptimizerKind::Adam };
        let mut optimizer = Adam::new(kind, case["weight_decay"].as_f64().unwrap(), &weights);
        let device = training_device();
        for expected in floats(&case["losses"]) {
            let bound = weights.bind(&device);
            let inputs = Tensor::<2>::from_data(TensorData::new(floats(&case["features"]), [8, 4]), &device);
            let output = model.forward(&bound, &inputs.into(), &mut crate::models::Mode::Training(&mut stream(1, Purpose::Dropout, 1)));
            let (value, slopes) = data_loss(DataLoss::Bce, output.host_logits(), &floats(&case["labels"]), &[0.125; 8]);
            assert!((value - f64::from(expected)).abs() < 1e-5);
            let mut tape = Term::from_slopes(value, output.logit(), slopes).graph.unwrap().backward();
            let gradients = bound.gradients(&mut tape, &weights);
            optimizer.step(&mut weights, &gradients, case["learning_rate"].as_f64().unwrap());
        }
        for (array, name) in weights.arrays.iter().zip(names) {
            close(&array.values, &floats(&case["end"][name]), 2e-5, name);
        }
    }
}

#[test]
fn penalties_agree_with_pytorch() {
    for case in expected()["penalties"].as_array().unwrap() {
        let features = Matrix::new(4, floats(&case["features"]));
        let codes = codes(&case["groups"]);
        let labels: Vec<f64> = floats(&case["labels"]).into_iter().map(f64::from).collect();
        let groups = Groups::new("group", vec!["a".into(), "b".into()], codes.clone());
        let train =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let architecture = Architecture { hidden: vec![5], ..Architecture::default() };
        let (model, mut weights) = Mlp::new(&architecture, 4, &mut stream(1, Purpose::Initialisation, 0));
        let names = ["hidden_weight", "hidden_bias", "output_weight", "output_bias"];
        for (array, name) in weights.arrays.iter_mut().zip(names) {
            array.values = floats(&case["weights"][name]);
        }
        let training = Training::default();
        let setting = Setting { train: &train, model: &model, training: &training, seed: 1 };
        let batch = Batch::gather(&train, Draw { rows: (0..8).collect(), factors: None }, &[1.0; 8]);
        let device = training_device();
        let inputs = Tensor::<2>::from_data(TensorData::new(floats(&case["features"]), [8, 4]), &device);
        let mut check = |key: &str, term: &mut dyn FnMut(&mut Pass<'_>) -> Term| {
            let mut ledger = Ledger::default();
            let mut pass = Pass {
                setting,
                batch: &batch,
                epoch: 1,
                learning_rate: 1e-3,
                bound: weights.bind(&device),
                weights: &mut weights,
                rng: &mut stream(1, Purpose::Objective, 1),
                dropout: &mut stream(1, Purpose::Dropout, 1),
                ledger: &mut ledger,
                inputs: inputs.clone().into(),
            };
            let term = term(&mut pass);
            let value = case[key]["value"].as_f64().unwrap();
            assert!((term.value - value).abs() < 1e-6, "{key}: {} against {value}", term.value);
            let mut tape = pass.backward(&term).unwrap();
            let gradients = pass.gradients(&mut tape);
            let all: Vec<f32> = names.iter().flat_map(|name| floats(&case[key]["gradients"][name])).collect();
            let scale = all.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            for (found, expected) in gradients.arrays.iter().flatten().zip(&all) {
                assert!((found - expected).abs() <= 1e-5 * scale, "{key}: {found} against {expected}, largest {scale}");
            }
        };
        let score_term = |pass: &mut Pass<'_>, gap: &dyn Fn(&[f32], &Pass<'_>) -> Option<Gap>| {
            let inputs = pass.inputs();
            let output = pass.forward(&inputs);
            gap::score_term(pass, &output, "gap", |_| 1.0, |_, scores, pass| gap(scores, pass))
        };
        let of_label = |label: Option<bool>| {
            let labels = batch.labels.clone();
            move |row: usize| label.is_none_or(|label| (labels[row] >= 0.5) == label)
        };
        let means = |scores: &[f32], pass: &Pass<'_>, label| {
            gap::between_means(scores, &pass.batch.groups, &pass.batch.weights, Pairs::Largest, of_label(label))
        };
        check("demographic_parity", &mut |pass| score_term(pass, &|scores, pass| means(scores, pass, None)));
        check("equalized_odds", &mut |pass| {
            let one = score_term(pass, &|scores, pass| means(scores, pass, Some(true)));
            one.plus(score_term(pass, &|scores, pass| means(scores, pass, Some(false))))
        });
        check("hsic_0.2", &mut |pass| {
            score_term(pass, &|scores, pass| hsic::dependence(scores, &pass.batch.groups, &pass.batch.weights, 0.2))
        });
        let side = |group: u32, label: Option<bool>| -> Vec<i32> {
            (0..8).filter(|&row| codes[row] == group && of_label(label)(row)).map(|row| row as i32).collect()
        };
        for (key, label, place) in [("fair_mixup_0.25", None, 0.25), ("fair_mixup_favourable_0.625", Some(true), 0.625)] {
            check(key, &mut |pass| fair_mixup::path(pass, &side(0, label), &side(1, label), place, &|_| 1.0).unwrap());
        }
    }
}

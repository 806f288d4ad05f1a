//! Penalties on gradients against double backward in PyTorch (reference/pytorch_gcm.py, double precision), on perceptrons and on a
//! small convolutional network built of the layers that carry tangents.

use std::collections::BTreeMap;

use burn_tensor::ops::{ConvOptions, MaxPoolOptions};
use burn_tensor::{Tensor, TensorData};
use evenhand_catalog::{Parameters, Value, find};
use evenhand_rows::{Groups, Matrix, UNKNOWN};
use serde_json::Value as Json;

use crate::cells::Cells;
use crate::layers::selected;
use crate::models::tangents::{Dual, activation, batch_norm, conv2d, linear, max_pool2d};
use crate::models::{Activation, Architecture, Inputs, Mlp, Mode, Model, Output, Tangent};
use crate::objective::{Ledger, Pass, Setting, Term, training_device};
use crate::objectives::{OBJECTIVES, direct_alignment, fair_mixup, gcm, iga};
use crate::randomness::{Purpose, stream};
use crate::rows::{Batch, Draw, Rows};
use crate::training::{DataLoss, Training};
use crate::weights::{Bound, Slot, Weights};

/// Two blocks of convolution 3x3, batch norm, ReLU, max-pool 2x2 over a 6x6 picture; a linear layer.
#[derive(Debug)]
struct Cnn {
    blocks: Vec<Block>,
    weight: Slot,
    bias: Slot,
}

#[derive(Debug)]
struct Block {
    weight: Slot,
    bias: Slot,
    norm: Option<[Slot; 2]>,
}

impl Cnn {
    fn new(weights: &Weights) -> Self {
        let slot = |name: String| weights.arrays.iter().position(|array| array.name == name);
        let blocks = (0..2)
            .map(|number| Block {
                weight: slot(format!("conv.{number}.weight")).unwrap(),
                bias: slot(format!("conv.{number}.bias")).unwrap(),
                norm: slot(format!("conv.{number}.norm.gamma")).zip(slot(format!("conv.{number}.norm.beta"))).map(<[Slot; 2]>::from),
            })
            .collect();
        Cnn { blocks, weight: slot("logit.weight".into()).unwrap(), bias: slot("logit.bias".into()).unwrap() }
    }
}

impl Model for Cnn {
    fn name(&self) -> &'static str {
        "cnn"
    }

    fn columns(&self) -> usize {
        36
    }

    fn embedding_width(&self) -> usize {
        4
    }

    fn encoder_arrays(&self) -> usize {
        self.weight
    }

    fn forward(&self, weights: &Bound, inputs: &Inputs, mode: &mut Mode<'_>) -> Output {
        self.forward_tangent(weights, inputs, &Tangent { weights: None, inputs: None }, mode).unwrap().0
    }

    fn couples_rows(&self) -> bool {
        self.blocks[0].norm.is_some()
    }

    fn forward_tangent(&self, weights: &Bound, inputs: &Inputs, tangent: &Tangent, _: &mut Mode<'_>) -> Option<(Output, Output)> {
        let direction = tangent.weights.as_ref();
        let rows = inputs.rows();
        let mut picture = Dual { value: inputs.table.clone(), speed: tangent.inputs.clone() }.reshape([rows, 1, 6, 6]);
        for block in &self.blocks {
            let (weight, bias) = (Dual::of(weights, direction, block.weight), Dual::of(weights, direction, block.bias));
            picture = conv2d(&picture, &weight, &bias, &ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
            if let Some([gamma, beta]) = block.norm {
                picture = batch_norm(picture, &Dual::of(weights, direction, gamma), &Dual::of(weights, direction, beta)).0;
            }
            picture = activation(Activation::Relu, picture);
            picture = max_pool2d(picture, MaxPoolOptions::new([2, 2]).with_stride([2, 2]));
        }
        let embedding = picture.reshape([rows, 4]);
        let logits = linear(&embedding, &Dual::of(weights, direction, self.weight), &Dual::of(weights, direction, self.bias));
        let ((embedding, moving), (logits, speed)) = (embedding.parts(), logits.parts());
        Some((Output::new(embedding, logits, Vec::new()), Output::new(moving, speed, Vec::new())))
    }
}

fn floats(value: &Json) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// The network of a case with its weights.
fn network(case: &Json) -> (Box<dyn Model>, Weights) {
    let given = &case["weights"];
    let has = |name: &str| given.get(name).is_some();
    let fill = |weights: &mut Weights| {
        for array in &mut weights.arrays {
            assert_eq!(serde_json::json!(array.shape), given[&array.name]["shape"], "{}", array.name);
            array.values = floats(&given[&array.name]["values"]);
        }
    };
    if has("conv.0.weight") {
        let mut weights = Weights::default();
        for (name, array) in given.as_object().unwrap() {
            let shape: Vec<usize> = array["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect();
            weights.add(name, &shape, floats(&array["values"]), true);
        }
        return (Box::new(Cnn::new(&weights)), weights);
    }
    let width = |name: String| given.get(&name).map(|bias| bias["shape"][0].as_u64().unwrap() as usize);
    let architecture = Architecture {
        hidden: (0..).map_while(|layer| width(format!("hidden.{layer}.bias"))).collect(),
        batch_norm: has("hidden.0.norm.gamma"),
        ..Architecture::default()
    };
    let columns = case["columns"].as_u64().unwrap() as usize;
    let rng = &mut stream(1, Purpose::Initialisation, 0);
    let (model, mut weights) = Mlp::with_outputs(&architecture, columns, width("logit.bias".into()).unwrap(), rng);
    fill(&mut weights);
    (Box::new(model), weights)
}

/// Hands a pass over the rows of a case to `each`; `weights` may be moved from those of the case.
fn with_pass<T>(case: &Json, model: &dyn Model, weights: &mut Weights, each: impl FnOnce(&mut Pass<'_>) -> T) -> T {
    let columns = case["columns"].as_u64().unwrap() as usize;
    let features = Matrix::new(columns, floats(&case["features"]));
    let labels: Vec<f64> = case["labels"].as_array().unwrap().iter().map(|label| label.as_f64().unwrap()).collect();
    let codes = case["groups"].as_array().unwrap().iter().map(|code| u32::try_from(code.as_i64().unwrap()).unwrap_or(UNKNOWN));
    let groups = Groups::new("group", vec!["a".into(), "b".into(), "c".into()], codes.collect());
    let train =
        Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
    let loss = if case["loss"] == "mse" { DataLoss::Mse } else { DataLoss::Bce };
    let training = Training { loss, ..Training::default() };
    let setting = Setting { train: &train, model, training: &training, seed: 1 };
    let count = labels.len();
    let mut batch = Batch::gather(&train, Draw { rows: (0..count).collect(), factors: None }, &floats(&case["row_weights"]));
    let device = training_device();
    let inputs = Tensor::<2>::from_data(TensorData::new(std::mem::take(&mut batch.inputs), [count, columns]), &device);
    let mut pass = Pass {
        setting,
        batch: &batch,
        epoch: 1,
        learning_rate: 1e-3,
        bound: weights.bind(&device),
        weights,
        rng: &mut stream(1, Purpose::Objective, 1),
        dropout: &mut stream(1, Purpose::Dropout, 1),
        ledger: &mut Ledger::default(),
        inputs: inputs.into(),
    };
    each(&mut pass)
}

/// The penalty that the settings of an expected term ask for.
fn penalty(settings: &Json, pass: &mut Pass<'_>) -> Term {
    let number = |key: &str| settings[key].as_f64().unwrap();
    let squared = settings["distance"] == "squared";
    let words = settings["layers"].as_array().map_or("all", |names| names[0].as_str().unwrap());
    let chosen = selected(words, pass.weights).unwrap();
    let loss = pass.setting.training.loss.into();
    let form =
        || gcm::Form { temperature: number("temperature"), detach: settings["detach"] == true, arrays: settings["matched"] == "arrays" };
    match settings["objective"].as_str().unwrap() {
        "gcm" if pass.setting.model.embedding_width() == 6 => gcm::classes_term(pass, 3, form()).unwrap().1,
        "gcm" => {
            let cells = Cells::pass(pass, loss, true).1;
            gcm::term(pass, &cells, 2, &chosen, form()).unwrap()
        }
        "iga" => {
            let cells = Cells::pass(pass, loss, false).1;
            iga::term(pass, &cells, &chosen, squared).unwrap()
        }
        "direct-alignment" => {
            let cells = Cells::pass(pass, loss, true).1;
            direct_alignment::term(pass, &cells, &chosen, squared).unwrap()
        }
        "fair-mixup" => {
            let side = |group: u32| -> Vec<i32> {
                (0..pass.batch.len()).filter(|&row| pass.batch.groups[row] == group).map(|row| row as i32).collect()
            };
            let (one, other) = (side(0), side(1));
            fair_mixup::path(pass, &one, &other, number("place"), &|_| 1.0).unwrap()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn penalties_on_gradients_agree_with_double_backward_in_pytorch() {
    let expected: Json = serde_json::from_str(include_str!("../../../reference/gcm.json")).unwrap();
    let mut seen = 0;
    for case in expected["cases"].as_array().unwrap() {
        let (model, mut weights) = network(case);
        for settings in case["terms"].as_array().unwrap() {
            let what = format!("{} {} {settings:.60}", case["name"], settings["objective"]);
            let (value, gradients) = with_pass(case, model.as_ref(), &mut weights, |pass| {
                let term = penalty(settings, pass);
                let mut tape = pass.backward(&term).unwrap();
                (term.value, pass.gradients(&mut tape))
            });
            let expected = settings["value"].as_f64().unwrap();
            assert!((value - expected).abs() <= 1e-5 * expected.abs(), "{what}: {value} against {expected}");
            let wanted = |name: &str| floats(&settings["gradients"][name]);
            let trained = || weights.arrays.iter().zip(&gradients.arrays).filter(|(array, _)| array.trained);
            let scale = trained().flat_map(|(array, _)| wanted(&array.name)).fold(0.0_f32, |most, value| most.max(value.abs()));
            assert!(scale > 1e-3, "{what}: {scale}");
            for (array, found) in trained() {
                let wanted = wanted(&array.name);
                assert_eq!(found.len(), wanted.len());
                for (found, wanted) in found.iter().zip(wanted) {
                    let gap = (found - wanted).abs() / scale;
                    assert!(gap <= 1e-5, "{what}, {}: {found} against {wanted}, {gap:e} of the largest", array.name);
                }
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 7 * 9 + 1 + 3);
}

/// The whole loss of the three methods against differences of its value, through the hooks that the trainer calls.
#[test]
fn whole_losses_agree_with_differences() {
    let expected: Json = serde_json::from_str(include_str!("../../../reference/gcm.json")).unwrap();
    let case = &expected["cases"][1];
    assert_eq!(case["name"], "two-layers");
    // Smooth, so that differences converge.
    let architecture = Architecture { hidden: vec![5], activation: Activation::Tanh, ..Architecture::default() };
    for (id, given) in [
        ("gcm", vec![("temperature", Value::Number(2.0)), ("detach", Value::Flag(false))]),
        ("gcm", vec![("temperature", Value::Number(0.0)), ("layers", Value::Text("w0, b1".into()))]),
        ("gcm", vec![("matched", Value::Text("arrays".into())), ("detach", Value::Flag(false))]),
        ("iga", vec![]),
        ("direct-alignment", vec![]),
        ("direct-alignment", vec![("distance", Value::Text("squared".into()))]),
    ] {
        let rng = &mut stream(9, Purpose::Initialisation, 0);
        let (model, mut weights) = Mlp::new(&architecture, 5, rng);
        let given: BTreeMap<String, Value> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let entry = find(OBJECTIVES, id).unwrap();
        let mut objective = (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap();
        let mut at = |weights: &mut Weights| {
            with_pass(case, &model, weights, |pass| {
                let first = pass.weights.clone();
                objective.prepare(&pass.setting, &first, &mut stream(1, Purpose::ObjectiveInitialisation, 0)).unwrap();
                let output = objective.forward(pass).unwrap();
                let loss = objective.loss(pass, &output).unwrap();
                let mut tape = pass.backward(&loss).unwrap();
                (loss.value, pass.gradients(&mut tape))
            })
        };
        let (_, gradients) = at(&mut weights);
        let largest = gradients.arrays.iter().flatten().fold(0.0_f32, |most, value| most.max(value.abs()));
        let step = 1e-3_f32;
        let (mut off, mut count) = (0, 0);
        for slot in 0..weights.arrays.len() {
            for place in 0..weights.arrays[slot].values.len() {
                let kept = weights.arrays[slot].values[place];
                let mut moved = |value: f32| {
                    weights.arrays[slot].values[place] = value;
                    at(&mut weights).0
                };
                let difference = (moved(kept + step) - moved(kept - step)) / f64::from(2.0 * step);
                weights.arrays[slot].values[place] = kept;
                count += 1;
                let found = f64::from(gradients.arrays[slot][place]);
                off += usize::from((found - difference).abs() > 0.01 * f64::from(largest));
            }
        }
        // A difference may step over a kink of an absolute value.
        assert!(off * 20 <= count, "{id} {given:?}: {off} of {count} differ");
    }
}

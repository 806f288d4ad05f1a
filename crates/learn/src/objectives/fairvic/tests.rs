use std::collections::BTreeMap;

use burn_tensor::{Tensor, TensorData};
use evenhand_catalog::Value;
use evenhand_rows::{Groups, Matrix, SensitiveInput};

use super::*;
use crate::models::{Architecture, Mlp, Mode, Model};
use crate::objective::{Ledger, training_device};
use crate::randomness::{Purpose, stream};
use crate::rows::{Batch, Draw};
use crate::scorer::predict;
use crate::training::Training;
use crate::weights::Gradients;

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

fn resolved(given: &[(&str, Value)]) -> Result<Box<dyn Objective>, CatalogError> {
    let given: BTreeMap<String, Value> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    build(&Parameters::resolve(&CARD, &given)?)
}

/// FairVIC with these four weights and some words.
fn with_weights(weights: [f64; 4], words: &[(&str, &str)]) -> Box<dyn Objective> {
    let names = ["lambda_accuracy", "lambda_variance", "lambda_invariance", "lambda_covariance"];
    let numbers = names.into_iter().zip(weights.map(Value::Number));
    let words = words.iter().map(|(name, word)| (*name, Value::Text((*word).to_owned())));
    resolved(&numbers.chain(words).collect::<Vec<_>>()).unwrap()
}

/// Rows, a network and its weights.
struct Bench {
    features: Matrix,
    labels: Vec<f64>,
    groups: Groups,
    row_weights: Vec<f64>,
    sensitive: Option<SensitiveInput>,
    model: Mlp,
    weights: Weights,
    training: Training,
}

/// What one batch of all rows gave.
struct Given {
    value: f64,
    gradients: Gradients,
    terms: BTreeMap<&'static str, f64>,
    skipped: BTreeMap<&'static str, u64>,
}

impl Bench {
    /// Twelve rows of four columns in as many groups as `codes` has; the group stands in column 3.
    fn new(architecture: &Architecture, codes: Vec<u32>) -> Self {
        let levels = codes.iter().filter(|code| **code != UNKNOWN).max().map_or(0, |code| code + 1);
        let rng = &mut stream(5, Purpose::Batches, 0);
        let values = codes.iter().flat_map(|&code| {
            let place = if code == UNKNOWN { 0.3 } else { code as f32 };
            [rng.random::<f32>() - 0.5, rng.random::<f32>() - 0.5, rng.random::<f32>() - 0.5, place]
        });
        let features = Matrix::new(4, values.collect());
        let names = (0..levels).map(|level| format!("g{level}")).collect();
        let (model, weights) = Mlp::new(architecture, 4, &mut stream(5, Purpose::Initialisation, 0));
        Bench {
            features,
            labels: (0..codes.len()).map(|row| f64::from(u8::from(row % 3 == 0))).collect(),
            row_weights: vec![1.0; codes.len()],
            sensitive: Some(SensitiveInput::new("group", vec![3], (0..levels).map(|level| Some(vec![level as f32])).collect())),
            groups: Groups::new("group", names, codes),
            model,
            weights,
            training: Training::default(),
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            labels: &self.labels,
            groups: &self.groups,
            weights: Some(&self.row_weights),
            recordings: None,
            targets: &[],
            sensitive: self.sensitive.as_ref(),
        }
    }

    fn try_run(&self, objective: &mut dyn Objective) -> Result<Given, LearnError> {
        let train = self.rows();
        let setting = Setting { train: &train, model: &self.model, training: &self.training, seed: 1 };
        objective.prepare(&setting, &self.weights, &mut stream(1, Purpose::ObjectiveInitialisation, 0))?;
        let row_weights: Vec<f32> = self.row_weights.iter().map(|&weight| weight as f32).collect();
        let rows = self.labels.len();
        let mut batch = Batch::gather(&train, Draw { rows: (0..rows).collect(), factors: None }, &row_weights);
        let device = training_device();
        let inputs = Tensor::<2>::from_data(TensorData::new(std::mem::take(&mut batch.inputs), [rows, 4]), &device);
        let mut weights = self.weights.clone();
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
        let loss = objective.loss(&mut pass, &output)?;
        let mut tape = pass.backward(&loss).expect("the loss depends on the weights");
        let gradients = pass.gradients(&mut tape);
        let terms = ledger.terms.into_iter().map(|(name, (sum, _))| (name, sum)).collect();
        Ok(Given { value: loss.value, gradients, terms, skipped: ledger.skipped })
    }

    fn run(&self, objective: &mut dyn Objective) -> Given {
        self.try_run(objective).unwrap()
    }

    fn validation_terms(&self, objective: &dyn Objective) -> BTreeMap<&'static str, f64> {
        let rows = self.rows();
        let prediction = predict(&self.model, &self.weights, rows.candidates()).unwrap();
        let validation = Validation {
            rows: &rows,
            prediction: &prediction,
            training: &self.training,
            epoch: 1,
            network: Some((&self.model, &self.weights)),
        };
        objective.validation_terms(&validation).into_iter().collect()
    }
}

fn plain() -> Architecture {
    Architecture { hidden: vec![6], bottleneck: Some(2), head: vec![5], ..Architecture::default() }
}

fn noisy() -> Architecture {
    Architecture { batch_norm: true, dropout: 0.4, ..plain() }
}

const TWO: [u32; 12] = [0, 1, 1, 0, UNKNOWN, 1, 1, 0, 1, 1, 0, 1];
const THREE: [u32; 12] = [0, 1, 2, 0, UNKNOWN, 2, 1, 0, 1, 2, 0, 1];

// ------------------------------------------------------------------------------------------------------------ PyTorch, f64

fn expected() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../../../reference/fairvic.json")).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn terms_and_gradients_agree_with_pytorch() {
    for case in expected()["cases"].as_array().unwrap() {
        let codes = case["groups"].as_array().unwrap().iter().map(|code| u32::try_from(code.as_i64().unwrap()).unwrap_or(UNKNOWN));
        let architecture =
            Architecture { hidden: vec![5], bottleneck: Some(2), head: vec![4], batch_norm: true, ..Architecture::default() };
        let mut bench = Bench::new(&architecture, codes.collect());
        bench.features = Matrix::new(4, numbers(&case["features"]).into_iter().map(|value| value as f32).collect());
        bench.labels = numbers(&case["labels"]);
        bench.row_weights = numbers(&case["weights"]);
        let values = numbers(&case["values"]).into_iter().map(|value| Some(vec![value as f32])).collect();
        bench.sensitive = Some(SensitiveInput::new("group", vec![case["column"].as_u64().unwrap() as usize], values));
        for array in bench.weights.arrays.iter_mut().filter(|array| array.trained) {
            array.values = numbers(&case["arrays"][&array.name]).into_iter().map(|value| value as f32).collect();
        }
        let alone = |place: usize| std::array::from_fn(|weight| if weight == place { 1.0 } else { 0.0 });
        for (key, weights, words) in [
            ("variance", alone(1), &[][..]),
            ("invariance", alone(2), &[]),
            ("invariance_fresh", alone(2), &[("invariance_pass", "fresh-mask")]),
            ("covariance", alone(3), &[]),
            ("equation3", alone(3), &[("covariance", "paper-eq3"), ("privileged", "g1")]),
            ("total", [0.1, 0.2, 0.3, 0.4], &[]),
        ] {
            let name = format!("{}, {key}", case["name"]);
            let given = bench.run(with_weights(weights, words).as_mut());
            near(given.value, case[key]["value"].as_f64().unwrap(), 1e-6, &name);
            let arrays = bench.weights.arrays.iter().zip(&given.gradients.arrays).filter(|(array, _)| array.trained);
            let all: Vec<(f64, f64)> = arrays
                .flat_map(|(array, found)| {
                    let expected = numbers(&case[key]["gradients"][&array.name]);
                    assert_eq!(found.len(), expected.len());
                    found.iter().map(|&found| f64::from(found)).zip(expected).collect::<Vec<_>>()
                })
                .collect();
            let scale = all.iter().fold(0.0_f64, |most, (_, expected)| most.max(expected.abs()));
            for (found, expected) in all {
                near(found, expected, 2e-5 * scale, &name);
            }
        }
    }
}

/// The figures for N = 64, 256, 1024, 8192 that our notes on the public code hold (equation 3: .0239, .0109, .0058, .0020; |Cov|: .0054,
/// .0203, .0198, .0201) cannot be reproduced: the toy rows they were made from were not kept. What they show is tested in their place, on
/// rows of our own with values from PyTorch: |Cov| = p (1 - p) |gap of the means| whatever N is, and equation 3 falls as 1 / sqrt(N).
#[test]
fn equation_3_shrinks_with_the_batch_and_the_covariance_does_not() {
    let series = &expected()["series"];
    let scores: Vec<f32> = numbers(&series["scores_times_1024"]).into_iter().map(|score| (score / 1024.0) as f32).collect();
    let codes: Vec<u32> = series["privileged"].as_str().unwrap().bytes().map(|byte| u32::from(byte == b'1')).collect();
    let sizes: Vec<usize> = numbers(&series["sizes"]).into_iter().map(|size| size as usize).collect();
    assert_eq!(sizes, [64, 256, 1024, 8192]);
    let mut constants = Vec::new();
    for (place, &size) in sizes.iter().enumerate() {
        let (scores, codes, weights) = (&scores[..size], &codes[..size], vec![1.0; size]);
        let value = |form| dependence(scores, codes, &weights, form).unwrap().value;
        let (covariance, equation3) = (value(Covariance::Absolute), value(Covariance::Equation3(Some(1))));
        near(covariance, series["covariance"][place].as_f64().unwrap(), 1e-9, "|Cov|");
        near(equation3, series["equation3"][place].as_f64().unwrap(), 1e-9, "equation 3");
        // |Cov| = p (1 - p) |gap of the mean scores|.
        let mean = |group: u32| {
            let own: Vec<f64> = scores.iter().zip(codes).filter(|(_, code)| **code == group).map(|(score, _)| f64::from(*score)).collect();
            (own.iter().sum::<f64>() / own.len() as f64, own.len() as f64 / size as f64)
        };
        let ((low, _), (high, p)) = (mean(0), mean(1));
        near(covariance, p * (1.0 - p) * (high - low).abs(), 1e-12, "p (1 - p) gap");
        constants.push(equation3 * (size as f64).sqrt());
    }
    // What equation 3 measures is a constant over sqrt(N): from 64 to 8192 rows it falls to about a ninth.
    for pair in constants.windows(2) {
        near(pair[0] / pair[1], 1.0, 0.18, "equation 3 times sqrt(N)");
    }
    // The same rows k times: |Cov| stays, equation 3 falls by sqrt(k), exactly.
    for times in [2, 4, 16, 128] {
        let repeated = |form| {
            let (scores, codes) = (scores[..64].repeat(times), codes[..64].repeat(times));
            dependence(&scores, &codes, &vec![1.0; 64 * times], form).unwrap().value
                / dependence(&scores[..64], &codes[..64], &[1.0; 64], form).unwrap().value
        };
        near(repeated(Covariance::Absolute), 1.0, 1e-10, "|Cov| of the rows k times");
        near(repeated(Covariance::Equation3(Some(1))), 1.0 / (times as f64).sqrt(), 1e-10, "equation 3 of the rows k times");
    }
}

// ----------------------------------------------------------------------------------------------------------------- by hand

#[test]
fn variance_by_hand() {
    // Columns (0, 0.6) and (1, 5) with equal weights: deviations 0.3 and 2, V = (0.7 + 0)/2.
    let (value, slopes) = narrowness(&[0.0, 1.0, 0.6, 5.0], 2, &[1.0, 1.0]).unwrap();
    near(value, 0.35, 1e-7, "V");
    // - w (z - m)/(std width): 0.5 * 0.3/(0.3 * 2) = 0.25; the wide column is left alone.
    for (found, expected) in slopes.iter().zip([0.25, 0.0, -0.25, 0.0]) {
        near(f64::from(*found), expected, 1e-7, "slope");
    }
    // Weights 3 to 1: mean 0.15, variance 0.75 * 0.0225 + 0.25 * 0.2025 = 0.0675.
    near(narrowness(&[0.0, 0.6], 1, &[3.0, 1.0]).unwrap().0, 1.0 - 0.0675_f64.sqrt(), 1e-7, "weighted V");
    // No spread at all: V = 1 with slope 0; a row of weight 0 is none.
    assert_eq!(narrowness(&[0.5, 0.5], 1, &[1.0, 1.0]).unwrap(), (1.0, vec![0.0, 0.0]));
    assert_eq!(narrowness(&[0.5, 0.7], 1, &[1.0, 0.0]), None);
}

#[test]
fn covariance_of_two_and_three_groups_by_hand() {
    let scores = [0.2, 0.6, 0.9, 0.5, 0.1, 0.8];
    let groups = [0, 0, 1, 2, 2, UNKNOWN];
    let weights = [1.0, 1.0, 2.0, 3.0, 1.0, 9.0];
    // Shares 2/8, 2/8, 4/8; means 0.4, 0.9, 0.4; mean of all (0.8 + 1.8 + 1.6)/8 = 0.525.
    let found = dependence(&scores, &groups, &weights, Covariance::Absolute).unwrap();
    near(found.value, 0.5 * (0.25 * 0.125 + 0.25 * 0.375 + 0.5 * 0.125), 1e-7, "half the mean deviation");
    // Cov_0 < 0, Cov_1 > 0, Cov_2 < 0; row 2: w = 1/4, 1/2 (1/4) (-(0 - 1/4) + (1 - 1/4) - (0 - 1/2)) = 3/16.
    near(found.slopes[2], 3.0 / 16.0, 1e-9, "slope of row 2");
    assert_eq!(found.slopes[5], 0.0);
    // Renaming the groups changes nothing.
    let renamed = dependence(&scores, &[2, 2, 0, 1, 1, UNKNOWN], &weights, Covariance::Absolute).unwrap();
    near(renamed.value, found.value, 1e-15, "other names");
    for form in [Covariance::Absolute, Covariance::Equation3(Some(2))] {
        let value = |scores: &[f32]| dependence(scores, &groups, &weights, form).unwrap();
        for row in 0..6 {
            let moved = |step: f32| {
                let mut scores = scores;
                scores[row] += step;
                value(&scores).value
            };
            near(value(&scores).slopes[row], (moved(1e-3) - moved(-1e-3)) / 2e-3, 1e-4, &format!("{form:?}, row {row}"));
        }
    }
    // Equation 3 for rows 0.2, 0.6 | 0.9 of group 1, weights 1: mean 1.7/3, (0.9 - 1.7/3)/3.
    let found = dependence(&scores[..3], &groups[..3], &[1.0; 3], Covariance::Equation3(Some(1))).unwrap();
    near(found.value, (0.9 - 1.7 / 3.0) / 3.0, 1e-7, "equation 3");
    // Equal means: fair. One group, or for equation 3 no privileged row: undefined.
    assert_eq!(dependence(&[0.5, 0.5], &[0, 1], &[1.0, 1.0], Covariance::Absolute).unwrap().value, 0.0);
    assert_eq!(dependence(&scores[..2], &groups[..2], &[1.0; 2], Covariance::Absolute), None);
    assert_eq!(dependence(&scores[..3], &groups[..3], &[1.0, 1.0, 0.0], Covariance::Absolute), None);
    assert_eq!(dependence(&scores[..3], &groups[..3], &[1.0; 3], Covariance::Equation3(Some(2))), None);
}

// ------------------------------------------------------------------------------------------------------------- invariance

#[test]
fn rows_written_as_they_are_change_nothing_under_the_same_mask() {
    let mut bench = Bench::new(&noisy(), TWO.to_vec());
    // Each group's values are those that the rows of the other hold, and the rows hold both: so nothing is re-written.
    bench.features = Matrix::new(4, bench.features.values().chunks(4).flat_map(|row| [row[0], row[1], row[2], 0.5]).collect());
    bench.sensitive = Some(SensitiveInput::new("group", vec![3], vec![Some(vec![0.5]); 2]));
    let alone = [0.0, 0.0, 1.0, 0.0];
    let same = bench.run(with_weights(alone, &[]).as_mut());
    assert_eq!(same.value, 0.0);
    assert!(same.gradients.arrays.iter().flatten().all(|slope| *slope == 0.0));
    assert!(bench.run(with_weights(alone, &[("invariance_pass", "fresh-mask")]).as_mut()).value > 1e-4);
    // A network that does look at the group is told so by both.
    let bench = Bench::new(&noisy(), TWO.to_vec());
    assert!(bench.run(with_weights(alone, &[]).as_mut()).value > 1e-4);
}

#[test]
fn of_three_groups_another_is_drawn_and_unknown_rows_stay() {
    // A network whose score is sigmoid(column 3): rows of code c become another code, rows of unknown group keep theirs.
    let mut bench = Bench::new(&Architecture { hidden: Vec::new(), ..Architecture::default() }, THREE.to_vec());
    bench.weights.arrays[0].values = vec![0.0, 0.0, 0.0, 1.0];
    bench.weights.arrays[1].values = vec![0.0];
    let objective = || with_weights([0.0, 0.0, 1.0, 0.0], &[]);
    let found = bench.run(objective().as_mut());
    assert_eq!(found.value, bench.run(objective().as_mut()).value, "the draw depends on the seed alone");
    let score = |code: u32| 1.0 / (1.0 + (-f64::from(code)).exp());
    let mut rng = stream(1, Purpose::Objective, 1);
    let (mut drawn, mut mean) = (0.0, 0.0);
    for code in THREE.into_iter().filter(|code| *code != UNKNOWN) {
        let others: Vec<u32> = (0..3).filter(|other| *other != code).collect();
        drawn += (score(code) - score(others[rng.random_range(0..2_usize)])).powi(2) / 11.0;
        mean += others.iter().map(|&other| (score(code) - score(other)).powi(2)).sum::<f64>() / 22.0;
    }
    near(found.value, drawn, 1e-6, "drawn");
    near(bench.validation_terms(objective().as_ref())["invariance"], mean, 1e-6, "mean over the others");
}

#[test]
fn validation_terms_are_the_terms_of_one_batch() {
    for (codes, covariance) in [(TWO, "absolute"), (TWO, "paper-eq3"), (THREE, "absolute")] {
        let mut bench = Bench::new(&plain(), codes.to_vec());
        bench.row_weights = (0..12).map(|row| f64::from(row % 4)).collect();
        // Of three groups the batch draws one and the validation takes the mean: without that term.
        let weights = if codes == TWO { [0.1, 0.2, 0.3, 0.4] } else { [0.1, 0.5, 0.0, 0.4] };
        let mut objective = with_weights(weights, &[("covariance", covariance)]);
        let given = bench.run(objective.as_mut());
        let terms = bench.validation_terms(objective.as_ref());
        assert_eq!(terms.len(), if codes == TWO { 3 } else { 2 });
        for (name, term) in terms {
            near(term, given.terms[name], 1e-6, name);
        }
        near(given.value, given.terms.iter().map(|(name, term)| if *name == "data" { 0.1 * term } else { *term }).sum(), 1e-6, "sum");
        near(objective.data_weight(), 0.1, 0.0, "weight of the data loss");
    }
}

/// Over pieces of a batch's size, each as heavy as its rows, wherever the file has them.
#[test]
fn equation_3_on_validation_rows_is_a_mean_over_pieces() {
    let mut bench = Bench::new(&plain(), TWO.to_vec());
    let terms = |bench: &Bench, weights: [f64; 4]| {
        let mut objective = with_weights(weights, &[("covariance", "paper-eq3"), ("privileged", "g1")]);
        bench.run(objective.as_mut());
        bench.validation_terms(objective.as_ref()).get("covariance").copied()
    };
    let alone = [0.0, 0.0, 0.0, 1.0];
    let whole = terms(&bench, alone).unwrap();
    bench.training.batch_size = 6;
    let halves = terms(&bench, alone).unwrap();
    assert!(halves > whole, "a term of half as many rows is larger: {halves} against {whole}");
    // Both halves by hand.
    let rows = bench.rows();
    let scores: Vec<f32> = predict(&bench.model, &bench.weights, rows.candidates()).unwrap().logits.into_iter().map(sigmoid_of).collect();
    let mut order: Vec<usize> = (0..12).collect();
    rand::seq::SliceRandom::shuffle(order.as_mut_slice(), &mut stream(0, Purpose::Pieces, 0));
    assert_ne!(order, (0..12).collect::<Vec<_>>());
    for weights in [vec![1.0; 12], (0..12).map(|row| f64::from(row % 4)).collect::<Vec<f64>>()] {
        let (mut sum, mut total) = (0.0, 0.0);
        for half in order.chunks(6) {
            let own: Vec<f32> = half.iter().map(|&row| weights[row] as f32).collect();
            let codes: Vec<u32> = half.iter().map(|&row| TWO[row]).collect();
            let few: Vec<f32> = half.iter().map(|&row| scores[row]).collect();
            let weight: f64 = half.iter().map(|&row| weights[row]).sum();
            if let Some(found) = dependence(&few, &codes, &own, Covariance::Equation3(Some(1))) {
                sum += weight * found.value;
                total += weight;
            }
        }
        bench.row_weights = weights;
        near(terms(&bench, alone).unwrap(), sum / total, 1e-6, "mean over the halves");
    }
}

#[test]
fn what_a_batch_cannot_give_is_skipped_and_counted() {
    let weights = [0.25; 4];
    let bench = Bench::new(&plain(), vec![1; 12]);
    // One group in the batch, two known to the encoder: the rows can be re-written, and nothing can be compared.
    assert_eq!(bench.run(with_weights(weights, &[]).as_mut()).skipped, BTreeMap::from([("covariance", 1)]));
    let unknown = Bench::new(&plain(), vec![UNKNOWN; 12]);
    assert_eq!(unknown.run(with_weights(weights, &[]).as_mut()).skipped, BTreeMap::from([("covariance", 1), ("invariance", 1)]));
    let mut single = Bench::new(&plain(), TWO.to_vec());
    single.row_weights = (0..12).map(|row| f64::from(u8::from(row == 3))).collect();
    let given = single.run(with_weights(weights, &[]).as_mut());
    assert_eq!(given.skipped, BTreeMap::from([("covariance", 1), ("variance", 1)]));
    assert!(given.value.is_finite() && given.gradients.arrays.iter().flatten().all(|slope| slope.is_finite()));
}

// --------------------------------------------------------------------------------------------------------------- refusals

#[test]
fn weights_are_scaled_to_a_sum_of_1_and_that_is_told() {
    let given = |weights: [f64; 4]| with_weights(weights, &[]);
    let scaled = given([1.0, 1.0, 0.0, 2.0]);
    assert_eq!(scaled.data_weight(), 0.25);
    let told = scaled.as_taken().unwrap();
    assert!(told.contains("sum to 4.0000") && told.contains("lambda_covariance 2 as 0.5000"), "{told}");
    assert_eq!(given([0.25, 0.25, 0.0, 0.5]).as_taken(), None, "what sums to 1 is taken as it stands");
    // The same weights in other words train alike.
    let bench = Bench::new(&plain(), TWO.to_vec());
    let [one, other] = [scaled, given([0.25, 0.25, 0.0, 0.5])].map(|mut objective| bench.run(objective.as_mut()).value);
    assert!((one - other).abs() < 1e-6, "{one} and {other}");
}

#[test]
fn settings_that_do_not_fit_are_refused_with_the_remedy() {
    let refused = |given: &[(&str, Value)]| resolved(given).unwrap_err().to_string();
    let none = ["lambda_accuracy", "lambda_variance", "lambda_invariance", "lambda_covariance"].map(|name| (name, Value::Number(0.0)));
    assert!(refused(&none).contains("lambda_covariance are all 0, so that nothing would be minimised"), "{}", refused(&none));
    let message = refused(&[("lambda_accuracy", Value::Number(-0.1)), ("lambda_variance", Value::Number(0.3))]);
    assert!(message.contains("lambda_accuracy = -0.1 is not allowed"), "{message}");
    let message = refused(&[("privileged", Value::Text("g1".to_owned()))]);
    assert!(message.contains("paper-eq3"), "{message}");
    let four = |weights: [f64; 4], word: (&'static str, &str)| {
        let names = ["lambda_accuracy", "lambda_variance", "lambda_invariance", "lambda_covariance"];
        let mut given: Vec<(&str, Value)> = names.into_iter().zip(weights.map(Value::Number)).collect();
        given.push((word.0, Value::Text(word.1.to_owned())));
        refused(&given)
    };
    let message = four([0.5, 0.0, 0.5, 0.0], ("covariance", "paper-eq3"));
    assert!(message.contains("covariance = \"paper-eq3\" changes nothing with lambda_covariance = 0"), "{message}");
    let message = four([0.5, 0.0, 0.0, 0.5], ("invariance_pass", "fresh-mask"));
    assert!(message.contains("invariance_pass = \"fresh-mask\" changes nothing with lambda_invariance = 0"), "{message}");

    let mut bench = Bench::new(&plain(), TWO.to_vec());
    let eq3 = |group: &str| with_weights([0.3, 0.0, 0.0, 0.7], &[("covariance", "paper-eq3"), ("privileged", group)]);
    let message = bench.try_run(eq3("g7").as_mut()).err().unwrap().to_string();
    assert!(message.contains("privileged = g7 is not allowed; it must be a group of `group`: g0, g1"), "{message}");
    bench.sensitive = None;
    let message = bench.try_run(with_weights([0.25; 4], &[]).as_mut()).err().unwrap().to_string();
    assert!(
        message.contains("needs the attribute `group` among the inputs") && message.contains("data.sensitive_as_features"),
        "{message}"
    );
    // Without the invariance term it need not be one.
    assert!(bench.run(with_weights([0.3, 0.0, 0.0, 0.7], &[]).as_mut()).value > 0.0);
}

#[test]
fn the_privileged_group_is_the_one_named_or_the_one_with_the_higher_labels() {
    let mut bench = Bench::new(&plain(), TWO.to_vec());
    bench.labels = TWO.iter().map(|&code| if code == 0 { 0.9 } else { 0.2 }).collect();
    assert_eq!((privileged(&bench.rows(), "").unwrap(), privileged(&bench.rows(), "g1").unwrap()), (0, 1));
    // Weights count, and of equals the first is taken.
    bench.labels = vec![0.5; 12];
    assert_eq!(privileged(&bench.rows(), "").unwrap(), 0);
    bench.labels[1] = 1.0;
    bench.row_weights = vec![1.0; 12];
    assert_eq!(privileged(&bench.rows(), "").unwrap(), 1);
    bench.row_weights[1] = 0.0;
    assert_eq!(privileged(&bench.rows(), "").unwrap(), 0);
}

// ------------------------------------------------------------------------------------------------------------ the network

#[test]
fn the_paper_network_has_its_layers_and_drops_nothing_before_the_logit() {
    let architecture: Architecture = serde_json::from_value(serde_json::json!({
        "hidden": [128, 64, 32], "bottleneck": 2, "head": [32, 64, 128], "batch_norm": true, "dropout": 0.25,
        "dropout_before_logit": false, "initialisation": "he-normal"
    }))
    .unwrap();
    let (model, weights) = Mlp::new(&architecture, 12, &mut stream(1, Purpose::Initialisation, 0));
    assert_eq!((model.embedding_width(), weights.arrays[model.encoder_arrays()].name.as_str()), (2, "head.0.weight"));
    // Weights and biases of 12-128-64-32-2-32-64-128-1, and two arrays a norm.
    let dense: usize = [12, 128, 64, 32, 2, 32, 64, 128, 1].windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
    assert_eq!(weights.trained_count(), dense + 2 * (128 + 64 + 32 + 32 + 64 + 128));
    let array = |name: &str| weights.arrays.iter().find(|array| array.name == name).unwrap();
    assert!(array("hidden.1.bias").values.iter().all(|bias| *bias == 0.0));
    assert!(array("bottleneck.bias").values.iter().any(|bias| *bias != 0.0), "linear layers start as they always do");
    let squares: f64 = array("hidden.1.weight").values.iter().map(|&weight| f64::from(weight).powi(2)).sum();
    near(squares / (128.0 * 64.0), 2.0 / 128.0, 2.0 / 128.0 * 0.1, "variance 2 / inputs");

    // Whether the last layer drops decides whether a training pass differs from a prediction.
    let logits = |before_logit: bool, hidden: Vec<usize>, training: bool| {
        let architecture = Architecture { hidden, dropout: 0.5, dropout_before_logit: before_logit, ..Architecture::default() };
        let (model, weights) = Mlp::new(&architecture, 4, &mut stream(1, Purpose::Initialisation, 0));
        let device = training_device();
        let inputs = Tensor::<2>::from_data(TensorData::new(vec![1.0_f32; 8], [2, 4]), &device);
        let mut chance = stream(1, Purpose::Dropout, 1);
        let mut mode = if training { Mode::Training(&mut chance) } else { Mode::Evaluation };
        model.forward(&weights.bind(&device), &inputs.into(), &mut mode).host_logits().to_vec()
    };
    assert_eq!(logits(false, vec![32], true), logits(false, vec![32], false));
    assert_ne!(logits(true, vec![32], true), logits(true, vec![32], false));
    assert_ne!(logits(false, vec![32, 32], true), logits(false, vec![32, 32], false), "the layers before it drop as they did");
}

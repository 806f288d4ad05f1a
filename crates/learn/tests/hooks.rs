//! The hooks carry what the table in `objectives` promises: one throw-away objective for each kind.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use burn_tensor::{Gradients as Tape, Tensor, TensorData};
use evenhand_catalog::{Card, Direction, Kind, Parameters};
use evenhand_learn::models::{Output, Tangent};
use evenhand_learn::{
    Activation, Architecture, Balance, Batch, BatchPlan, Candidates, Companions, EpochEnd, EpochRecord, Fitted, Gradients, LearnError,
    Objective, Pass, Prediction, Rows, Scorer, Setting, Task, Term, Training, WeightDirection, Weights, fit,
};
use evenhand_rows::Matrix;
use rand_chacha::ChaCha8Rng;

use crate::corpus::{Corpus, fit_plainly, objective, short, small};

static CARD: Card = Card {
    id: "throw-away",
    name: "Throw-away",
    kind: Kind::Objective,
    summary: "A stand-in for a method to come.",
    formula: "-",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "-",
    parameters: &[],
};

/// The two methods that every objective must have.
macro_rules! named {
    () => {
        fn card(&self) -> &'static Card {
            &CARD
        }

        fn parameters(&self) -> &Parameters {
            &self.parameters
        }
    };
}

fn learn(objective: impl Objective + 'static, architecture: &Architecture, training: &Training) -> Scorer {
    let (train, validation) = (Corpus::new(400, 2, 1), Corpus::new(200, 2, 2));
    fit_plainly(&train, &validation, architecture, training, Box::new(objective), 5).unwrap()
}

/// Column 1 of the corpus leaks the group: its mirror image is the row with the other group.
fn mirrored(inputs: Tensor<2>) -> Tensor<2> {
    let signs = Tensor::<1>::from_data(TensorData::from([1.0_f32, -1.0, 1.0, 1.0]), &inputs.device());
    inputs * signs.unsqueeze()
}

/// Correction before the step: the part of the gradient along a second loss is taken out, array by array (Zhang et al. 2018).
#[derive(Debug, Default)]
struct Projection {
    parameters: Parameters,
    largest: Arc<Mutex<f64>>,
}

impl Objective for Projection {
    named!();

    fn correct(&mut self, pass: &mut Pass<'_>, _: &mut Tape, gradients: &mut Gradients) -> Result<(), LearnError> {
        let inputs = pass.inputs();
        let output = pass.forward(&inputs);
        let other = Term::from_graph((output.score() * output.score()).mean());
        let mut tape = pass.backward(&other).expect("the score depends on the weights");
        let other = pass.gradients(&mut tape);
        for (mine, others) in gradients.arrays.iter_mut().zip(&other.arrays) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let norm = dot(others, others);
            if norm > 0.0 {
                let share = (dot(mine, others) / norm) as f32;
                mine.iter_mut().zip(others).for_each(|(mine, other)| *mine -= share * other);
                let mut largest = self.largest.lock().unwrap();
                *largest = largest.max((dot(mine, others) / norm.sqrt()).abs());
            }
        }
        Ok(())
    }
}

#[test]
fn gradients_can_be_projected_before_the_step() {
    let largest = Arc::new(Mutex::new(0.0));
    learn(Projection { largest: Arc::clone(&largest), ..Projection::default() }, &small(), &short());
    assert!(*largest.lock().unwrap() < 1e-5, "what is left along the second gradient");
}

/// New weights of the rows after an epoch: rows with a favourable label lose theirs.
#[derive(Debug, Default)]
struct Reweighing {
    parameters: Parameters,
}

impl Objective for Reweighing {
    named!();

    fn end_epoch(&mut self, outcome: &EpochEnd<'_>, factors: &mut [f32]) -> Result<(), LearnError> {
        assert_eq!(outcome.predict_train().unwrap().scores.len(), factors.len());
        for (factor, label) in factors.iter_mut().zip(outcome.setting.train.labels) {
            *factor = if *label > 0.5 { 0.0 } else { 1.0 };
        }
        Ok(())
    }
}

#[test]
fn rows_can_be_reweighed_between_epochs() {
    let training = Training { epochs: 30, selection: evenhand_learn::Selection::Last, ..short() };
    let scorer = learn(Reweighing::default(), &small(), &training);
    let scores = scorer.predict(&Corpus::new(200, 2, 2).features).unwrap().scores;
    assert!(scores.iter().all(|score| *score < 0.5), "only rows with label 0 were left to learn from");
}

/// A second pass over rows whose sensitive input is flipped (FairVIC's invariance term).
#[derive(Debug, Default)]
struct Flip {
    parameters: Parameters,
}

impl Objective for Flip {
    named!();

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let flipped = mirrored(pass.inputs().table);
        let other = pass.forward(&flipped.into());
        let gap = output.score() - other.score();
        Ok(pass.data_loss(output).plus(Term::from_graph((gap.clone() * gap).mean()).times(30.0)))
    }
}

#[test]
fn a_flipped_copy_of_the_batch_can_enter_the_loss() {
    let gap = |scorer: &Scorer| {
        let corpus = Corpus::new(200, 2, 2);
        let flipped = Matrix::new(4, corpus.features.values().chunks(4).flat_map(|row| [row[0], -row[1], row[2], row[3]]).collect());
        let (a, b) = (scorer.predict(&corpus.features).unwrap().scores, scorer.predict(&flipped).unwrap().scores);
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum::<f64>() / 200.0
    };
    let training = Training { epochs: 10, ..short() };
    let (train, validation) = (Corpus::new(400, 2, 1), Corpus::new(200, 2, 2));
    let plain = fit_plainly(&train, &validation, &small(), &training, objective("vanilla", &[]), 5).unwrap();
    assert!(gap(&learn(Flip::default(), &small(), &training)) < gap(&plain) / 3.0);
}

/// A penalty on a directional derivative along the inputs (Fair Mixup).
#[derive(Debug, Default)]
struct Smooth {
    parameters: Parameters,
}

impl Objective for Smooth {
    named!();

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let inputs = pass.inputs().table;
        let direction = mirrored(inputs.clone()) - inputs.clone();
        let tangent = Tangent { weights: None, inputs: Some(direction.clone()) };
        let (there, speed) = pass.forward_tangent(&inputs.clone().into(), &tangent, &CARD)?;
        // The same derivative by central differences of two plain passes.
        let step = 1e-2;
        let ahead = pass.forward(&(inputs.clone() + direction.clone().mul_scalar(step)).into());
        let behind = pass.forward(&(inputs - direction.mul_scalar(step)).into());
        for (place, speed) in speed.host_logits().iter().enumerate() {
            let difference = (ahead.host_logits()[place] - behind.host_logits()[place]) / (2.0 * step);
            assert!((speed - difference).abs() < 2e-3 * (1.0 + speed.abs()), "{speed} against {difference}");
        }
        assert_eq!(there.host_logits(), output.host_logits());
        let mean = speed.logit().mean();
        Ok(pass.data_loss(output).plus(Term::from_graph(mean.clone() * mean)))
    }
}

#[test]
fn a_directional_derivative_can_enter_the_loss() {
    let smooth = Architecture { activation: Activation::Tanh, ..small() };
    learn(Smooth::default(), &smooth, &short());
    // With batch norm the statistics of the batch move along.
    learn(Smooth::default(), &Architecture { batch_norm: true, ..smooth }, &short());
}

/// Second-order quantities: the Hessian of the data loss times a direction, by reverse over forward (group contribution matching).
#[derive(Debug, Default)]
struct Curvature {
    parameters: Parameters,
    seen: Arc<Mutex<usize>>,
}

impl Curvature {
    fn gradient(pass: &mut Pass<'_>) -> Gradients {
        let inputs = pass.inputs();
        let output = pass.forward(&inputs);
        let loss = pass.data_loss(&output);
        let mut tape = pass.backward(&loss).expect("the loss depends on the weights");
        pass.gradients(&mut tape)
    }
}

impl Objective for Curvature {
    named!();

    fn correct(&mut self, pass: &mut Pass<'_>, _: &mut Tape, gradients: &mut Gradients) -> Result<(), LearnError> {
        // Direction: the sign of the gradient, as the method has it.
        let mut direction = pass.weights.clone();
        for (array, gradient) in direction.arrays.iter_mut().zip(&gradients.arrays) {
            array.values = gradient.iter().map(|value| value.signum()).collect();
        }
        let device = pass.inputs().device();
        let along = WeightDirection::new(&direction_gradients(&direction), pass.weights, &device);
        let tangent = Tangent { weights: Some(along), inputs: None };
        let inputs = pass.inputs();
        let (output, speed) = pass.forward_tangent(&inputs, &tangent, &CARD)?;
        // dL = mean (sigmoid(z) - y) dz
        let labels = Tensor::<1>::from_data(TensorData::new(pass.batch.labels.clone(), [pass.batch.len()]), &device);
        let derivative = Term::from_graph(((output.score() - labels) * speed.logit()).mean());
        assert!((derivative.value - gradients.dot(&direction_gradients(&direction))).abs() < 1e-4 * (1.0 + derivative.value.abs()));
        let mut tape = pass.backward(&derivative).expect("the derivative depends on the weights");
        let product = pass.gradients(&mut tape);

        // The same by central differences of gradients.
        let kept = pass.weights.clone();
        let step = 2e-3_f32;
        let mut moved = |factor: f32| {
            pass.weights.clone_from(&kept);
            for (array, direction) in pass.weights.arrays.iter_mut().zip(&direction.arrays) {
                array.values.iter_mut().zip(&direction.values).for_each(|(value, direction)| *value += factor * direction);
            }
            pass.rebind();
            Self::gradient(pass)
        };
        let mut difference = moved(step);
        difference.add_scaled(&moved(-step), -1.0);
        pass.weights.clone_from(&kept);
        pass.rebind();
        let scale = product.dot(&product).sqrt();
        let mut gap = product;
        gap.add_scaled(&difference, -1.0 / (2.0 * step));
        assert!(gap.dot(&gap).sqrt() < 0.01 * scale, "{} of {scale}", gap.dot(&gap).sqrt());
        *self.seen.lock().unwrap() += 1;
        Ok(())
    }
}

fn direction_gradients(direction: &Weights) -> Gradients {
    Gradients { arrays: direction.arrays.iter().map(|array| array.values.clone()).collect() }
}

#[test]
fn a_hessian_vector_product_comes_from_one_tangent_pass() {
    let seen = Arc::new(Mutex::new(0));
    let smooth = Architecture { activation: Activation::Tanh, ..small() };
    learn(Curvature { seen: Arc::clone(&seen), ..Curvature::default() }, &smooth, &Training { epochs: 1, ..short() });
    assert!(*seen.lock().unwrap() > 1);
}

/// A batch can be rewritten before its pass: rows of the second group are repeated.
#[derive(Debug, Default)]
struct Repeat {
    parameters: Parameters,
    longest: Arc<Mutex<usize>>,
}

impl Objective for Repeat {
    named!();

    fn plan(&self) -> BatchPlan {
        BatchPlan { balance: Balance::GroupLabel, keep_shares: false }
    }

    fn amend(&mut self, batch: &mut Batch, _: &Setting<'_>, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        for place in (0..batch.len()).filter(|&place| batch.groups[place] == 1).collect::<Vec<_>>() {
            batch.rows.push(usize::MAX);
            batch.inputs.extend_from_within(place * batch.columns..(place + 1) * batch.columns);
            batch.labels.push(batch.labels[place]);
            batch.groups.push(1);
            batch.weights.push(batch.weights[place]);
        }
        let mut longest = self.longest.lock().unwrap();
        *longest = batch.len().max(*longest);
        Ok(())
    }
}

#[test]
fn a_batch_can_be_rewritten() {
    let longest = Arc::new(Mutex::new(0));
    learn(Repeat { longest: Arc::clone(&longest), ..Repeat::default() }, &small(), &short());
    // 400 rows in batches of 58 at most, half of them in group 1.
    assert!(*longest.lock().unwrap() > 64);
}

/// A fitted thing that is no network: one threshold on one column.
#[derive(Debug)]
struct Stump {
    column: usize,
    columns: usize,
}

impl Fitted for Stump {
    fn name(&self) -> &'static str {
        "stump"
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        let features = candidates.features;
        let score = |row| if features.row(row)[self.column] > 0.0 { 0.9 } else { 0.1 };
        Ok(Prediction { scores: (0..features.rows()).map(score).collect(), ..Prediction::default() })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        let path = folder.join("stump.txt");
        std::fs::write(&path, self.column.to_string()).map_err(|source| LearnError::Io { action: "writing", path, source })
    }
}

#[derive(Debug, Default)]
struct Trees {
    parameters: Parameters,
}

impl Objective for Trees {
    named!();

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        let columns = task.train.features.columns();
        let hits = |column: &usize| {
            let rows = (0..task.train.len()).filter(|&row| (task.train.features.row(row)[*column] > 0.0) == (task.train.labels[row] > 0.5));
            rows.count()
        };
        let column = (0..columns).max_by_key(hits)?;
        Some(Ok(Box::new(Stump { column, columns })))
    }
}

#[test]
fn a_method_can_bring_a_fit_and_a_model_of_its_own() {
    let scorer = learn(Trees::default(), &small(), &short());
    let corpus = Corpus::new(200, 2, 2);
    let prediction = scorer.predict(&corpus.features).unwrap();
    let hits = prediction.scores.iter().zip(&corpus.labels).filter(|(score, label)| (**score > 0.5) == (**label > 0.5)).count();
    assert!(hits > 140, "{hits} of 200");
    let folder = tempfile::tempdir().unwrap();
    scorer.save(&folder.path().join("trees"), &Companions::default()).unwrap();
    let message = Scorer::load(&folder.path().join("trees")).unwrap_err().to_string();
    assert!(message.contains("`stump`") && message.contains("mlp"), "{message}");
}

/// Rounds of whole fits with new row weights, mixed at the end (exponentiated gradient).
#[derive(Debug, Default)]
struct Rounds {
    parameters: Parameters,
}

#[derive(Debug)]
struct Mixture(Vec<Scorer>);

impl Fitted for Mixture {
    fn name(&self) -> &'static str {
        "mixture"
    }

    fn columns(&self) -> usize {
        self.0[0].columns()
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        let mut scores = vec![0.0; candidates.features.rows()];
        for scorer in &self.0 {
            let share = 1.0 / self.0.len() as f64;
            scores.iter_mut().zip(scorer.predict(candidates)?.scores).for_each(|(sum, score)| *sum += share * score);
        }
        Ok(Prediction { scores, ..Prediction::default() })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        self.0.iter().enumerate().try_for_each(|(place, scorer)| scorer.save(&folder.join(place.to_string()), &Companions::default()))
    }
}

impl Objective for Rounds {
    named!();

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        let mut weights = vec![1.0; task.train.len()];
        let mut scorers = Vec::new();
        for round in 0..2 {
            let rows = Rows { weights: Some(&weights), ..*task.train };
            let inner = objective("vanilla", &[]);
            match fit(&rows, task.validation, task.architecture, task.training, inner, task.seed + round, task.run) {
                Ok(scorer) => scorers.push(scorer),
                Err(error) => return Some(Err(error)),
            }
            task.curves.extend(scorers[scorers.len() - 1].curves().to_vec());
            for (weight, &group) in weights.iter_mut().zip(task.train.groups.codes()) {
                *weight *= if group == 1 { 1.5 } else { 1.0 };
            }
        }
        Some(Ok(Box::new(Mixture(scorers))))
    }
}

#[test]
fn whole_fits_can_be_repeated_and_mixed() {
    let scorer = learn(Rounds::default(), &small(), &short());
    assert_eq!(scorer.curves().len(), 8);
    let epochs: BTreeMap<usize, usize> = scorer.curves().iter().fold(BTreeMap::new(), |mut counts, record: &EpochRecord| {
        *counts.entry(record.epoch).or_default() += 1;
        counts
    });
    assert!(epochs.values().all(|count| *count == 2));
    assert!(scorer.predict(&Corpus::new(50, 2, 3).features).unwrap().scores.iter().all(|score| (0.0..=1.0).contains(score)));
}

//! Gradients of the cells of a batch, and the gradient of anything computed from them.
//!
//! ```text
//! L_c   = sum over rows i of cell c of p_i l(z_i, y_i)        p_i: share of the row in the cell's weight
//! g_c   = dL_c / dw                                            one array a weight array
//! F     = F(g_1, .., g_C)                                      a penalty on the cells' gradients
//! dF/dw = sum over c of H_c v_c,   v_c = dF/dg_c,  H_c = d2 L_c / dw2
//! H_c v = d/dw of  sum over i of p_i l'(z_i) dz_i              dz: speed of the logits along v (reverse over forward)
//! ```
//!
//! A cell is a group, or a group x class of the label. Exact, for any network that carries tangents. Where rows stand apart (no batch
//! norm) each cell is passed by itself, once: the same pass gives the scores, the cell's gradient and, later, the speed along its
//! direction, so that all cells together cost one pass, one gradient, one tangent pass and one backward pass over the rows of the batch.
//! Where batch norm couples rows, the batch is passed whole and each cell costs a gradient and a tangent pass over all of it.
//!
//! Row losses l, with s = sigmoid(z), p = softmax(z):
//!
//! | loss | l' | l'' dz |
//! |---|---|---|
//! | binary cross-entropy | s - y | s (1 - s) dz |
//! | squared error of the score | 2 (s - y) s (1 - s) | 2 s (1 - s) (s (1 - s) + (s - y) (1 - 2 s)) dz |
//! | cross-entropy of K classes | p_k - [k = y] | p_k (dz_k - sum_j p_j dz_j) |

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor, TensorData};
use evenhand_catalog::Card;
use evenhand_data::UNKNOWN;

use crate::LearnError;
use crate::models::{Inputs, Output, sigmoid_of};
use crate::objective::{Pass, Retained, Setting, Term, without_tangents};
use crate::training::DataLoss;
use crate::weights::Gradients;

/// The loss of a row, with the derivatives that penalties on gradients need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowLoss {
    /// Binary cross-entropy of the first logit.
    Bce,
    /// Squared error of the first logit's score.
    Mse,
    /// Cross-entropy of K logits; the label is the number of the class.
    #[cfg_attr(not(test), allow(dead_code, reason = "no model of this crate has several classes yet; tests do"))]
    CrossEntropy,
}

impl From<DataLoss> for RowLoss {
    fn from(loss: DataLoss) -> Self {
        match loss {
            DataLoss::Bce => RowLoss::Bce,
            DataLoss::Mse => RowLoss::Mse,
        }
    }
}

impl RowLoss {
    /// Class of a label: whether it is at least 0.5, or its number.
    pub(crate) fn class(self, label: f32) -> usize {
        match self {
            RowLoss::Bce | RowLoss::Mse => usize::from(label >= 0.5),
            RowLoss::CrossEntropy => label as usize,
        }
    }

    /// Derivative by the row's logits, times `share`.
    fn slopes(self, logits: &[f32], label: f32, share: f32, slopes: &mut [f32]) {
        match self {
            RowLoss::Bce => slopes[0] = share * (sigmoid_of(logits[0]) - label),
            RowLoss::Mse => {
                let score = sigmoid_of(logits[0]);
                slopes[0] = share * 2.0 * (score - label) * score * (1.0 - score);
            }
            RowLoss::CrossEntropy => {
                for ((class, slope), chance) in slopes.iter_mut().enumerate().zip(softmax(logits)) {
                    *slope = share * (chance - f32::from(u8::from(class == label as usize)));
                }
            }
        }
    }

    /// Second derivative by the row's logits times their speeds, times `share`.
    fn bends(self, logits: &[f32], label: f32, speeds: &[f32], share: f32, bends: &mut [f32]) {
        match self {
            RowLoss::Bce => {
                let score = sigmoid_of(logits[0]);
                bends[0] = share * score * (1.0 - score) * speeds[0];
            }
            RowLoss::Mse => {
                let score = sigmoid_of(logits[0]);
                let slope = score * (1.0 - score);
                bends[0] = share * 2.0 * slope * (slope + (score - label) * (1.0 - 2.0 * score)) * speeds[0];
            }
            RowLoss::CrossEntropy => {
                let chances = softmax(logits);
                let mean: f32 = chances.iter().zip(speeds).map(|(chance, speed)| chance * speed).sum();
                for ((bend, chance), speed) in bends.iter_mut().zip(chances).zip(speeds) {
                    *bend = share * chance * (speed - mean);
                }
            }
        }
    }

    /// Chance that the row's logits give its class.
    fn confidence(self, logits: &[f32], label: f32) -> f32 {
        match self {
            RowLoss::Bce | RowLoss::Mse => {
                let score = sigmoid_of(logits[0]);
                if self.class(label) == 1 { score } else { 1.0 - score }
            }
            RowLoss::CrossEntropy => softmax(logits)[label as usize],
        }
    }

    /// Derivative of the confidence by the row's logits, times `factor`, added to `slopes`.
    fn add_confidence_slopes(self, logits: &[f32], label: f32, factor: f32, slopes: &mut [f32]) {
        match self {
            RowLoss::Bce | RowLoss::Mse => {
                let score = sigmoid_of(logits[0]);
                let sign = if self.class(label) == 1 { 1.0 } else { -1.0 };
                slopes[0] += factor * sign * score * (1.0 - score);
            }
            RowLoss::CrossEntropy => {
                let chances = softmax(logits);
                let own = chances[label as usize];
                for ((class, slope), chance) in slopes.iter_mut().enumerate().zip(chances) {
                    *slope += factor * own * (f32::from(u8::from(class == label as usize)) - chance);
                }
            }
        }
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f32 = raised.iter().sum();
    raised.into_iter().map(|value| value / total).collect()
}

/// Rows of one group (and class) in a batch.
#[derive(Debug)]
pub(crate) struct Cell {
    /// Class of the label; 0 where cells are groups.
    pub(crate) class: usize,
    /// Share of the cell in the weight of all cells.
    pub(crate) share: f64,
    /// Mean chance that the model gives the rows' classes.
    pub(crate) confidence: f64,
    /// The part that passed the rows.
    part: usize,
    /// Places of the rows in that part, their labels, and their shares in the cell.
    rows: Vec<(usize, f32, f32)>,
}

/// Rows that were passed together.
#[derive(Debug)]
struct Part {
    logits: Tensor<2>,
    on_host: Vec<f32>,
    rows: usize,
    retained: Retained,
}

/// The cells of a batch and the passes over their rows.
#[derive(Debug)]
pub(crate) struct Cells {
    loss: RowLoss,
    width: usize,
    parts: Vec<Part>,
    /// The cells, by class and then by group.
    pub(crate) list: Vec<Cell>,
}

/// A penalty on the cells' gradients: its value, and its derivatives.
#[derive(Debug)]
pub(crate) struct Penalty {
    /// F.
    pub(crate) value: f64,
    /// dF/dg by cell; arrays that take no part are empty.
    pub(crate) directions: Vec<Gradients>,
    /// dF by the confidence of each cell; zeros where that is a constant.
    pub(crate) by_confidence: Vec<f64>,
}

impl Penalty {
    /// 0, for so many cells.
    pub(crate) fn zero(cells: usize, like: &Gradients) -> Self {
        let still = || Gradients { arrays: vec![Vec::new(); like.arrays.len()] };
        Penalty { value: 0.0, directions: (0..cells).map(|_| still()).collect(), by_confidence: vec![0.0; cells] }
    }

    /// Two cells' directions at one array, zeros where nothing was added yet.
    pub(crate) fn pair(&mut self, one: usize, other: usize, array: usize, length: usize) -> [&mut [f32]; 2] {
        for cell in [one, other] {
            self.directions[cell].arrays[array].resize(length, 0.0);
        }
        let (left, right) = self.directions.split_at_mut(one.max(other));
        let (low, high) = (&mut left[one.min(other)].arrays[array], &mut right[0].arrays[array]);
        if one < other { [low, high] } else { [high, low] }
    }
}

/// Pairs of cells of one class, with their share: 1 over the pairs of that class. Classes with fewer than two cells are told apart.
#[derive(Debug)]
pub(crate) struct Matches {
    /// Places of two cells, the group of lower code first, and the pair's share.
    pub(crate) pairs: Vec<(usize, usize, f64)>,
    /// Classes that lack a second cell.
    pub(crate) lacking: usize,
}

/// The pairs of cells of each of so many classes.
pub(crate) fn matches(cells: &[Cell], classes: usize) -> Matches {
    let mut found = Matches { pairs: Vec::new(), lacking: 0 };
    for class in 0..classes {
        let here: Vec<usize> = (0..cells.len()).filter(|&place| cells[place].class == class).collect();
        if here.len() < 2 {
            found.lacking += 1;
            continue;
        }
        let share = 2.0 / (here.len() * (here.len() - 1)) as f64;
        for (position, &one) in here.iter().enumerate() {
            found.pairs.extend(here[position + 1..].iter().map(|&other| (one, other, share)));
        }
    }
    found
}

/// The sign of a number, 0 for 0.
pub(crate) fn sign(value: f32) -> f32 {
    f32::from(i8::from(value > 0.0) - i8::from(value < 0.0))
}

/// Refuses what penalties on gradients do not reach: models of recordings, and further targets.
pub(crate) fn check(setting: &Setting<'_>, objective: &'static Card) -> Result<(), LearnError> {
    if setting.model.shape().is_some() {
        return Err(without_tangents(objective, setting.model));
    }
    if setting.training.regularised_among(setting.train.targets) != [0] {
        return Err(LearnError::BadSetting {
            section: "training",
            key: "regularised",
            value: format!("{:?}", setting.training.regularised),
            expected: format!("the label alone with `{}`, whose cells are those of the label", objective.id),
        });
    }
    Ok(())
}

impl Cells {
    /// Passes the batch: cells of group x class, or of groups alone. Rows of unknown group or weight 0 are in no cell.
    pub(crate) fn pass(pass: &mut Pass<'_>, loss: RowLoss, by_class: bool) -> (Output, Self) {
        let batch = pass.batch;
        let mut members: BTreeMap<(usize, u32), Vec<usize>> = BTreeMap::new();
        let mut others = Vec::new();
        for row in 0..batch.len() {
            if batch.groups[row] == UNKNOWN || batch.weights[row] <= 0.0 {
                others.push(row);
            } else {
                let class = if by_class { loss.class(batch.labels[row]) } else { 0 };
                members.entry((class, batch.groups[row])).or_default().push(row);
            }
        }
        let apart = !pass.setting.model.couples_rows() && !members.is_empty();
        let lists: Vec<Vec<usize>> = if apart {
            members.values().cloned().chain((!others.is_empty()).then_some(others)).collect()
        } else {
            vec![(0..batch.len()).collect()]
        };

        let mut outputs = Vec::new();
        let mut parts = Vec::new();
        for list in &lists {
            let inputs = chosen(&pass.inputs(), list);
            let (output, retained) = pass.linearise(&inputs);
            let on_host = output.host_logits().to_vec();
            parts.push(Part { logits: output.logits.clone(), on_host, rows: list.len(), retained });
            outputs.push(output);
        }
        let width = outputs[0].targets();
        let output = joined(outputs, &lists);

        let batch = pass.batch;
        let weight = |rows: &[usize]| rows.iter().map(|&row| f64::from(batch.weights[row])).sum::<f64>();
        let total: f64 = members.values().map(|rows| weight(rows)).sum();
        let mut cells: Vec<Cell> = Vec::new();
        for (number, ((class, _), rows)) in members.into_iter().enumerate() {
            let own = weight(&rows);
            let part = if apart { number } else { 0 };
            let rows: Vec<(usize, f32, f32)> = (rows.iter().enumerate())
                .map(|(place, &row)| {
                    let place = if apart { place } else { row };
                    (place, batch.labels[row], (f64::from(batch.weights[row]) / own) as f32)
                })
                .collect();
            let logits = |place: usize| &parts[part].on_host[place * width..(place + 1) * width];
            let confidence = rows.iter().map(|&(place, label, share)| f64::from(share * loss.confidence(logits(place), label))).sum();
            cells.push(Cell { class, share: own / total, confidence, part, rows });
        }
        (output, Cells { loss, width, parts, list: cells })
    }

    /// Derivatives of a cell's loss by the logits of its part.
    fn slopes(&self, cell: &Cell) -> Vec<f32> {
        let part = &self.parts[cell.part];
        let mut slopes = vec![0.0; part.on_host.len()];
        for &(place, label, share) in &cell.rows {
            let here = place * self.width..(place + 1) * self.width;
            self.loss.slopes(&part.on_host[here.clone()], label, share, &mut slopes[here]);
        }
        slopes
    }

    /// The gradient of every cell's loss.
    pub(crate) fn gradients(&self, pass: &Pass<'_>) -> Vec<Gradients> {
        let gradient = |cell: &Cell| {
            let part = &self.parts[cell.part];
            pass.pull_back(&part.retained, self.slopes(cell), part.rows)
        };
        self.list.iter().map(gradient).collect()
    }

    /// The penalty as a term of the loss.
    pub(crate) fn term(&self, pass: &Pass<'_>, penalty: &Penalty, objective: &Card) -> Result<Term, LearnError> {
        let mut graph: Option<Tensor<1>> = None;
        for ((cell, direction), &by_confidence) in self.list.iter().zip(&penalty.directions).zip(&penalty.by_confidence) {
            let part = &self.parts[cell.part];
            let still = direction.arrays.iter().flatten().all(|value| *value == 0.0);
            if still && by_confidence == 0.0 {
                continue;
            }
            let constant = |values: Vec<f32>| pass.constant(values, [part.rows, self.width]);
            let mut by_logits = vec![0.0; part.on_host.len()];
            let mut sum: Option<Tensor<1>> = None;
            if !still {
                let speeds = pass.push_forward(&part.retained, direction, objective)?;
                let on_host = crate::weights::host(speeds.clone().inner());
                for &(place, label, share) in &cell.rows {
                    let here = place * self.width..(place + 1) * self.width;
                    self.loss.bends(&part.on_host[here.clone()], label, &on_host[here.clone()], share, &mut by_logits[here]);
                }
                sum = Some((speeds * constant(self.slopes(cell))).sum());
            }
            if by_confidence != 0.0 {
                for &(place, label, share) in &cell.rows {
                    let here = place * self.width..(place + 1) * self.width;
                    let factor = by_confidence as f32 * share;
                    self.loss.add_confidence_slopes(&part.on_host[here.clone()], label, factor, &mut by_logits[here]);
                }
            }
            let bent = (part.logits.clone() * constant(by_logits)).sum();
            let here = sum.map_or_else(|| bent.clone(), |sum| sum + bent.clone());
            graph = Some(graph.map_or_else(|| here.clone(), |graph| graph + here.clone()));
        }
        Ok(Term { value: penalty.value, graph })
    }
}

/// Some rows of the inputs.
fn chosen(inputs: &Inputs, rows: &[usize]) -> Inputs {
    let Some(&first) = rows.first() else { return inputs.clone() };
    if rows.iter().enumerate().all(|(place, &row)| row == first + place) {
        if rows.len() == inputs.rows() {
            return inputs.clone();
        }
        return inputs.table.clone().narrow(0, first, rows.len()).into();
    }
    inputs.table.clone().select(0, numbers(rows, inputs)).into()
}

fn numbers(rows: &[usize], inputs: &Inputs) -> Tensor<1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let count = rows.len();
    Tensor::from_data(TensorData::new(rows, [count]), &inputs.device())
}

/// One output in the order of the batch from those of its parts.
fn joined(mut outputs: Vec<Output>, lists: &[Vec<usize>]) -> Output {
    if outputs.len() == 1 {
        return outputs.remove(0);
    }
    let order: Vec<usize> = lists.iter().flatten().copied().collect();
    let mut places = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, &row)| places[row] = place);
    let in_order = places.iter().enumerate().all(|(row, &place)| row == place);
    let embedding = Tensor::cat(outputs.iter().map(|output| output.embedding.clone()).collect(), 0);
    let logits = Tensor::cat(outputs.iter().map(|output| output.logits.clone()).collect(), 0);
    let observed = outputs.into_iter().flat_map(|output| output.observed).collect();
    if in_order {
        return Output::new(embedding, logits, observed);
    }
    let places = numbers(&places, &embedding.clone().into());
    Output::new(embedding.select(0, places.clone()), logits.select(0, places), observed)
}

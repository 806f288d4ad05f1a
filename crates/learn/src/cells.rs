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
use std::ops::Range;

use burn_tensor::{Int, Tensor, TensorData};
use evenhand_catalog::Card;
use evenhand_rows::UNKNOWN;

use crate::LearnError;
use crate::models::{Adjoints, Inputs, Output, sigmoid_of};
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
    /// Places of the rows in the pass, their labels, and their shares in the cell.
    rows: Vec<(usize, f32, f32)>,
}

/// The cells of a batch and the pass over their rows.
///
/// Where rows stand apart, they are passed cell after cell, so that every cell is a span of rows and all are pulled back together. Batch norm
/// ties rows: there each cell is pulled back by itself through all of them.
#[derive(Debug)]
pub(crate) struct Cells {
    loss: RowLoss,
    width: usize,
    apart: bool,
    logits: Tensor<2>,
    on_host: Vec<f32>,
    retained: Retained,
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
        let order: Vec<usize> =
            if apart { members.values().flatten().copied().chain(others).collect() } else { (0..batch.len()).collect() };
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &row)| places[row] = place);

        let inputs = chosen(&pass.inputs(), &order);
        let (output, retained) = pass.linearise(&inputs);
        let (logits, on_host) = (output.logits.clone(), output.host_logits().to_vec());
        let width = output.targets();
        let output = in_order(output, &places);

        let batch = pass.batch;
        let weight = |rows: &[usize]| rows.iter().map(|&row| f64::from(batch.weights[row])).sum::<f64>();
        let total: f64 = members.values().map(|rows| weight(rows)).sum();
        let mut cells: Vec<Cell> = Vec::new();
        for ((class, _), rows) in members {
            let own = weight(&rows);
            let rows: Vec<(usize, f32, f32)> =
                rows.iter().map(|&row| (places[row], batch.labels[row], (f64::from(batch.weights[row]) / own) as f32)).collect();
            let logits = |place: usize| &on_host[place * width..(place + 1) * width];
            let confidence = rows.iter().map(|&(place, label, share)| f64::from(share * loss.confidence(logits(place), label))).sum();
            cells.push(Cell { class, share: own / total, confidence, rows });
        }
        (output, Cells { loss, width, apart, logits, on_host, retained, list: cells })
    }

    /// Derivatives of some cells' losses by the logits.
    fn slopes<'a>(&self, cells: impl IntoIterator<Item = &'a Cell>) -> Vec<f32> {
        let mut slopes = vec![0.0; self.on_host.len()];
        for &(place, label, share) in cells.into_iter().flat_map(|cell| &cell.rows) {
            let here = place * self.width..(place + 1) * self.width;
            self.loss.slopes(&self.on_host[here.clone()], label, share, &mut slopes[here]);
        }
        slopes
    }

    /// The rows of every cell, where rows stand apart.
    fn spans(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let span = |cell: &Cell| {
            start += cell.rows.len();
            start - cell.rows.len()..start
        };
        self.list.iter().map(span).collect()
    }

    /// The gradient of every cell's loss, of which only the arrays that are `chosen` need to be right, and the layers' adjoints where rows stand
    /// apart and the model keeps them.
    pub(crate) fn gradients(&self, pass: &Pass<'_>, chosen: &[bool]) -> (Vec<Gradients>, Option<Adjoints>) {
        if self.apart {
            return pass.pull_back(&self.retained, self.slopes(&self.list), self.width, chosen, &self.spans());
        }
        let all = 0..self.on_host.len() / self.width;
        let gradient =
            |cell: &Cell| pass.pull_back(&self.retained, self.slopes([cell]), self.width, chosen, std::slice::from_ref(&all)).0.remove(0);
        (self.list.iter().map(gradient).collect(), None)
    }

    /// The penalty as a term of the loss. `adjoints` are those that came with the cells' gradients.
    pub(crate) fn term(
        &self,
        pass: &Pass<'_>,
        penalty: &Penalty,
        adjoints: Option<&Adjoints>,
        objective: &Card,
    ) -> Result<Term, LearnError> {
        let constant = |values: Vec<f32>| pass.constant(values, [self.on_host.len() / self.width, self.width]);
        let mut by_logits = vec![0.0; self.on_host.len()];
        let mut parts: Vec<Tensor<1>> = Vec::new();
        let add_bends = |cell: &Cell, speeds: &[f32], by_logits: &mut [f32]| {
            let mut bends = vec![0.0; self.width];
            for &(place, label, share) in &cell.rows {
                let here = place * self.width..(place + 1) * self.width;
                self.loss.bends(&self.on_host[here.clone()], label, &speeds[here.clone()], share, &mut bends);
                by_logits[here].iter_mut().zip(&bends).for_each(|(sum, bend)| *sum += bend);
            }
        };
        if let Some(bend) = pass.bend(&self.retained, &penalty.directions, &self.spans(), adjoints) {
            if let Some(speeds) = bend.speeds.map(crate::weights::host) {
                self.list.iter().for_each(|cell| add_bends(cell, &speeds, &mut by_logits));
            }
            parts.extend(bend.by_values);
            parts.extend(bend.by_weights.into_iter().map(|(slot, constants)| pass.linear(slot, constants)));
        } else {
            for (cell, direction) in self.list.iter().zip(&penalty.directions) {
                if direction.arrays.iter().flatten().all(|value| *value == 0.0) {
                    continue;
                }
                let speeds = pass.push_forward(&self.retained, direction, objective)?;
                add_bends(cell, &crate::weights::host(speeds.clone().inner()), &mut by_logits);
                parts.push((speeds * constant(self.slopes([cell]))).sum());
            }
        }
        for (cell, &by_confidence) in self.list.iter().zip(&penalty.by_confidence).filter(|(_, by)| **by != 0.0) {
            for &(place, label, share) in &cell.rows {
                let here = place * self.width..(place + 1) * self.width;
                let factor = by_confidence as f32 * share;
                self.loss.add_confidence_slopes(&self.on_host[here.clone()], label, factor, &mut by_logits[here]);
            }
        }
        if by_logits.iter().any(|value| *value != 0.0) {
            parts.push((self.logits.clone() * constant(by_logits)).sum());
        }
        Ok(Term { value: penalty.value, graph: parts.into_iter().reduce(|sum, part| sum + part) })
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

/// An output with its rows in the order of the batch.
fn in_order(output: Output, places: &[usize]) -> Output {
    if places.iter().enumerate().all(|(row, &place)| row == place) {
        return output;
    }
    let places = numbers(places, &output.embedding.clone().into());
    Output::new(output.embedding.select(0, places.clone()), output.logits.select(0, places), output.observed)
}

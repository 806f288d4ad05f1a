//! Group contribution disparity: how much more one group's rows pull at each weight than another's, traced over training.
//!
//! ```text
//! g_w(a, y)   = mean gradient at weight w of the data loss over rows of group a and label y
//! r_w(y)      = n(a, y) |g_w(a, y)| / ( n(b, y) |g_w(b, y)| )            n: share of the cell in the data loss
//! score       = mean of r_w(y) over the weights w of an array, or of all trained arrays
//! median      = their median
//! ```
//!
//! Fair value 1: both groups pull alike. Range `[0, inf)`. It is not symmetric: a is the group of the lower code, so above 1 it pulls
//! harder. One figure a label, pair of groups and weight array. n follows the batches of the objective: with balanced cells that the
//! loss sees so, n is equal; otherwise it is the cell's share of the training rows' weight. A weight at which b's gradient is exactly 0
//! has no ratio; it is left out and counted. A mean of ratios is ruled by the few smallest denominators, hence the median beside it (the
//! paper smooths its plot instead).
//!
//! It is taken at the end of an epoch, of the network as it scores (no dropout, running statistics), on at most `training.trace_rows`
//! training rows a cell, drawn once from the seed. Training itself is the same bit for bit, traced or not. The paper computes it on
//! the batches of training.
//!
//! Source: "Fairness via Group Contribution Matching", IJCAI 2023, equations 6 to 9 and figure 2.

use std::collections::BTreeMap;

use burn_tensor::{Tensor, TensorData};
use evenhand_rows::UNKNOWN;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::models::{self, Mode, Model};
use crate::objective::{data_loss, training_device};
use crate::randomness::{Purpose, stream};
use crate::rows::{BatchPlan, Rows};
use crate::training::DataLoss;
use crate::weights::{Gradients, Weights};

/// The name that stands for all arrays together.
const ALL: &str = "all";

/// How much more one group's rows of a label pull at some weights than another's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContributionDisparity {
    /// True for the rows with a label of at least 0.5.
    pub favourable: bool,
    /// The group above the fraction and the group below it.
    pub groups: [String; 2],
    /// The weight array, for example `hidden.0.bias`; `all` for every trained weight.
    pub array: String,
    /// Mean ratio over the weights; `None` when no weight has one.
    pub score: Option<f64>,
    /// Median ratio.
    pub median: Option<f64>,
    /// Weights that have a ratio.
    pub weights: usize,
    /// Weights left out, because the group below the fraction does not pull at them.
    pub left_out: usize,
}

/// The rows that a fit's trace looks at.
#[derive(Debug)]
pub(crate) struct Tracer {
    /// By label and group.
    cells: BTreeMap<(bool, u32), Vec<usize>>,
}

impl Tracer {
    /// Draws at most `limit` rows a cell.
    pub(crate) fn new(rows: &Rows<'_>, limit: usize, seed: u64) -> Self {
        let mut cells: BTreeMap<(bool, u32), Vec<usize>> = BTreeMap::new();
        let codes = rows.groups.codes();
        for row in (0..rows.len()).filter(|&row| codes[row] != UNKNOWN && rows.weights.is_none_or(|weights| weights[row] > 0.0)) {
            cells.entry((rows.labels[row] >= 0.5, codes[row])).or_default().push(row);
        }
        let mut rng = stream(seed, Purpose::Trace, 0);
        for cell in cells.values_mut() {
            cell.shuffle(&mut rng);
            cell.truncate(limit);
            cell.sort_unstable();
        }
        Tracer { cells }
    }

    /// The disparities of the network as it stands. `row_weights` are those of the training rows in the data loss.
    pub(crate) fn look(
        &self,
        model: &dyn Model,
        weights: &Weights,
        rows: &Rows<'_>,
        row_weights: &[f32],
        plan: BatchPlan,
        loss: DataLoss,
    ) -> Vec<ContributionDisparity> {
        let shares = plan.cell_shares(rows, row_weights);
        let gradients: BTreeMap<(bool, u32), Gradients> =
            self.cells.iter().map(|(cell, chosen)| (*cell, mean_gradient(model, weights, rows, chosen, row_weights, loss))).collect();
        let share = |cell: &(bool, u32)| shares.get(&(cell.1, cell.0)).copied().unwrap_or(0.0);
        let levels = rows.groups.levels();
        let mut found = Vec::new();
        for favourable in [false, true] {
            let here: Vec<u32> = self.cells.keys().filter(|cell| cell.0 == favourable).map(|cell| cell.1).collect();
            for (position, &above) in here.iter().enumerate() {
                for &below in &here[position + 1..] {
                    let (one, other) = ((favourable, above), (favourable, below));
                    let groups = [levels[above as usize].clone(), levels[below as usize].clone()];
                    let factor = share(&one) / share(&other);
                    let of = |slots: &[usize], array: &str| {
                        let ratios =
                            slots.iter().flat_map(|&slot| gradients[&one].arrays[slot].iter().zip(&gradients[&other].arrays[slot]));
                        summary(ratios, factor, favourable, groups.clone(), array)
                    };
                    let trained: Vec<usize> = (0..weights.arrays.len()).filter(|&slot| weights.arrays[slot].trained).collect();
                    found.push(of(&trained, ALL));
                    found.extend(trained.iter().map(|&slot| of(&[slot], &weights.arrays[slot].name)));
                }
            }
        }
        found
    }
}

/// Mean and median of the ratios.
fn summary<'a>(
    pairs: impl Iterator<Item = (&'a f32, &'a f32)>,
    factor: f64,
    favourable: bool,
    groups: [String; 2],
    array: &str,
) -> ContributionDisparity {
    let mut left_out = 0;
    let mut ratios = Vec::new();
    for (above, below) in pairs {
        let ratio = factor * f64::from(above.abs()) / f64::from(below.abs());
        if *below != 0.0 && ratio.is_finite() {
            ratios.push(ratio);
        } else {
            left_out += 1;
        }
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let count = ratios.len();
    let middle = |ratios: &[f64]| f64::midpoint(ratios[(count - 1) / 2], ratios[count / 2]);
    ContributionDisparity {
        favourable,
        groups,
        array: array.to_owned(),
        score: (count > 0).then(|| ratios.iter().sum::<f64>() / count as f64),
        median: (count > 0).then(|| middle(&ratios)),
        weights: count,
        left_out,
    }
}

/// Gradient of the mean data loss of the label over some rows.
fn mean_gradient(
    model: &dyn Model,
    weights: &Weights,
    rows: &Rows<'_>,
    chosen: &[usize],
    row_weights: &[f32],
    loss: DataLoss,
) -> Gradients {
    let device = training_device();
    let columns = chosen.iter().flat_map(|&row| rows.features.row(row)).copied().collect();
    let inputs = models::inputs(columns, chosen.len(), None, &device);
    let bound = weights.bind(&device);
    let output = model.forward(&bound, &inputs, &mut Mode::Evaluation);
    let labels: Vec<f32> = chosen.iter().map(|&row| rows.labels[row] as f32).collect();
    let total: f64 = chosen.iter().map(|&row| f64::from(row_weights[row])).sum();
    let shares: Vec<f32> = chosen.iter().map(|&row| if total > 0.0 { (f64::from(row_weights[row]) / total) as f32 } else { 0.0 }).collect();
    let (_, slopes) = data_loss(loss, &output.host_logits_of(0), &labels, &shares);
    let slopes = Tensor::<1>::from_data(TensorData::new(slopes, [chosen.len()]), &device);
    let mut tape = (output.logit() * slopes).sum().backward();
    bound.gradients(&mut tape, weights)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::{Groups, Matrix};

    use super::*;
    use crate::models::{Architecture, Mlp};
    use crate::rows::Balance;

    #[test]
    fn a_logistic_regression_by_hand() {
        // Weights 0, so every score is 1/2 and a row's gradient is (1/2 - y) x.
        let architecture = Architecture { hidden: Vec::new(), ..Architecture::default() };
        let (model, mut weights) = Mlp::new(&architecture, 2, &mut stream(1, Purpose::Initialisation, 0));
        weights.arrays.iter_mut().for_each(|array| array.values.fill(0.0));
        // Label 1: a has 1 row (2, 0), b has 3 rows of mean (0.5, 2). Label 0: a only.
        let features = Matrix::new(2, vec![2.0, 0.0, 1.0, 1.0, 0.5, 2.0, 0.0, 3.0, 1.0, 1.0]);
        let labels = [1.0, 1.0, 1.0, 1.0, 0.0];
        let groups = Groups::new("g", vec!["a".into(), "b".into()], vec![0, 1, 1, 1, 0]);
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let look = |balance, keep_shares| {
            let plan = BatchPlan { balance, keep_shares };
            Tracer::new(&rows, 10, 1).look(&model, &weights, &rows, &[1.0; 5], plan, DataLoss::Bce)
        };
        let near = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-6, "{found:?}, not {expected}");
        let found = look(Balance::None, true);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|one| one.favourable && one.groups == ["a", "b"]));
        assert_eq!(found.iter().map(|one| one.array.as_str()).collect::<Vec<_>>(), ["all", "logit.weight", "logit.bias"]);
        // n: 1 against 3. Weight: 2/0.5 and 0/2, a third of them; bias: 1/1.
        near(found[1].score, 2.0 / 3.0);
        near(found[2].score, 1.0 / 3.0);
        near(found[0].score, (4.0 + 0.0 + 1.0) / 3.0 / 3.0);
        near(found[0].median, 1.0 / 3.0);
        assert_eq!((found[0].weights, found[0].left_out), (3, 0));
        // Cells in equal numbers: the sizes fall out.
        near(look(Balance::GroupLabel, false)[1].score, 2.0);
        near(look(Balance::GroupLabel, true)[1].score, 2.0 / 3.0);
    }

    #[test]
    fn weights_at_which_the_other_group_does_not_pull_are_left_out() {
        let found = summary([(&1.0, &0.0), (&0.0, &0.0), (&-1.0, &2.0)].into_iter(), 2.0, true, ["a".into(), "b".into()], "w");
        assert_eq!((found.score, found.median, found.weights, found.left_out), (Some(1.0), Some(1.0), 1, 2));
        let none = summary([(&1.0, &0.0)].into_iter(), 1.0, true, ["a".into(), "b".into()], "w");
        assert_eq!((none.score, none.left_out), (None, 1));
    }
}

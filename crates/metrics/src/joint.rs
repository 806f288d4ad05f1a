//! Measures that read score and label of every row, or the score alone: overall, in each group, with bootstrap intervals.
//!
//! A statistic is a function of sorted rows and of a weight per row, so that a bootstrap replicate is the same function with other
//! weights and nothing is sorted again. Overall statistics resample all rows, a group's statistic resamples the group's rows. Above
//! [`DIRECT`] rows, and fewer where many groups share the work, rows are gathered into blocks of scores x blocks of labels (scores x positive or not where only that
//! matters), a cell's weight is drawn from its normal limit, and the percentiles are shifted by the difference between the
//! exact value and the one from the blocks. What was drawn is kept for the next statistic as long as it is small ([`KEPT`]).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::gaps::{DIRECT, JOINT_BLOCKS, blocks};
use crate::rates::NO_LABELS;
use crate::resample::{self, IntervalPlan, Purpose};
use crate::sample::{Cells, Drawn, Sample};
use crate::{Estimate, Finding, GroupFinding, Interval, Outcomes};

/// Score blocks of statistics that read only whether a label is positive.
const JUDGED_BLOCKS: usize = 256;

/// Rows drawn one by one, and cells drawn, of all groups together; of a group at least [`FEW_ROWS`] and [`FEW_CELLS`].
const DRAWN_ROWS: usize = 1 << 14;
const FEW_ROWS: usize = 128;
const DRAWN_CELLS: usize = 1 << 13;
const FEW_CELLS: usize = 64;
/// Bytes of draws that are kept, of all groups together.
const KEPT: usize = 1 << 25;
/// Numbers that are worth a task of their own.
const TASK: usize = 1 << 15;

/// The statistic of rows under the given weights (0 allowed), or why it does not exist.
pub(crate) type Statistic = fn(&Sample, &[f64]) -> Result<f64, &'static str>;

/// What a statistic reads of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Whether it is positive.
    Positive,
    /// Its value.
    Value,
    /// Nothing: the statistic exists without labels.
    Unread,
}

/// The finding of a statistic, overall and in each group.
pub(crate) fn measure(id: &str, truth: Truth, statistic: Statistic, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
    let mut finding = Finding::new(id);
    let selection = outcomes.selection();
    finding.left_out = selection.left_out;
    if truth != Truth::Unread && !outcomes.has_labels() {
        finding.estimate = Estimate::undefined(NO_LABELS);
        return finding;
    }
    let samples = outcomes.samples();
    finding.n = outcomes.len();
    let estimate = |sample: &Sample| {
        let value = if sample.len() == 0 { Err("no rows with a positive weight") } else { statistic(sample, &sample.weights) };
        let estimate = value.map_or_else(Estimate::undefined, Estimate::value);
        match (plan.filter(|plan| plan.replicates > 0), value) {
            (Some(plan), Ok(exact)) => resample::with_interval(estimate, bootstrap(sample, truth, statistic, exact, plan)),
            _ => estimate,
        }
    };
    let by_group = || {
        let group = |&code: &u32| {
            let (sample, n) = (&samples.groups[code as usize], outcomes.counts()[code as usize].rows());
            GroupFinding { group: outcomes.groups.level(code).to_owned(), n, estimate: estimate(sample) }
        };
        selection.present.par_iter().map(group).collect()
    };
    (finding.estimate, finding.by_group) = rayon::join(|| estimate(&samples.all), by_group);
    finding
}

fn bootstrap(sample: &Sample, truth: Truth, statistic: Statistic, exact: f64, plan: &IntervalPlan) -> Option<Interval> {
    let crowd = sample.crowd.max(1);
    let values: Vec<f64> = if sample.has_rows() && sample.len() <= (DRAWN_ROWS / crowd).clamp(FEW_ROWS, DIRECT) {
        let times = |rng: &mut ChaCha8Rng, times: &mut [u8]| {
            for _ in 0..times.len() {
                // A row is drawn once in the mean; 255 times never.
                let times = &mut times[rng.random_range(0..sample.len())];
                *times = times.saturating_add(1);
            }
        };
        let weigh = |weights: &mut [f64], times: &[u8]| {
            for ((weight, times), own) in weights.iter_mut().zip(times).zip(&sample.weights) {
                *weight = f64::from(*times) * own;
            }
        };
        let of = Replicated { sample, statistic, shift: 0.0, plan };
        of.values(&sample.drawn, KEPT / crowd, times, weigh)
    } else {
        let Cells { sample: cells, deviations, drawn } =
            sample.gathered[truth as usize].get_or_init(|| Box::new(gather(sample, truth))).as_ref();
        let shift = exact - statistic(cells, &cells.weights).ok()?;
        let normals = |rng: &mut ChaCha8Rng, weights: &mut [f32]| {
            for ((drawn, mean), deviation) in weights.iter_mut().zip(&cells.weights).zip(deviations) {
                let normal: f64 = StandardNormal.sample(rng);
                *drawn = (mean + deviation * normal).max(0.0) as f32;
            }
        };
        let weigh = |weights: &mut [f64], drawn: &[f32]| {
            weights.iter_mut().zip(drawn).for_each(|(weight, drawn)| *weight = f64::from(*drawn));
        };
        let of = Replicated { sample: cells, statistic, shift, plan };
        of.values(drawn, KEPT / crowd, normals, weigh)
    };
    resample::interval(values, plan.level, "bootstrap")
}

/// A statistic in every replicate of a plan.
struct Replicated<'a> {
    sample: &'a Sample,
    statistic: Statistic,
    /// Added to each number.
    shift: f64,
    plan: &'a IntervalPlan,
}

impl Replicated<'_> {
    /// The numbers that exist. `draw` fills a replicate, `weigh` turns it into weights; draws of at most `most` bytes are kept in `kept`.
    fn values<T: Copy + Default + Send + Sync>(
        &self,
        kept: &Drawn<T>,
        most: usize,
        draw: impl Fn(&mut ChaCha8Rng, &mut [T]) + Sync,
        weigh: impl Fn(&mut [f64], &[T]) + Sync,
    ) -> Vec<f64> {
        let (rows, IntervalPlan { replicates, seed, .. }) = (self.sample.len(), *self.plan);
        let number = |weights: &mut [f64], drawn: &[T]| {
            weigh(weights, drawn);
            (self.statistic)(self.sample, weights).ok().map(|value| value + self.shift)
        };
        let least = (TASK / rows).max(16);
        let fill = || resample::fill(rows, replicates, (seed, Purpose::Bootstrap), least, &draw);
        let key = (seed, replicates);
        let small = rows * replicates * size_of::<T>() <= most;
        let found: Vec<Option<f64>> = match small.then(|| kept.get_or_init(|| (key, fill()))) {
            Some((of, drawn)) if *of == key => {
                let each = drawn.par_chunks_exact(rows).with_min_len(least);
                each.map_init(|| vec![0.0; rows], |weights, drawn| number(weights, drawn)).collect()
            }
            _ => resample::replicate(replicates, seed, Purpose::Bootstrap, |rng| {
                let mut drawn = vec![T::default(); rows];
                draw(rng, &mut drawn);
                number(&mut vec![0.0; rows], &drawn)
            }),
        };
        found.into_iter().flatten().collect()
    }
}

/// Gathers rows into cells.
fn gather(sample: &Sample, truth: Truth) -> Cells {
    let cells = (DRAWN_CELLS / sample.crowd.max(1)).max(FEW_CELLS);
    let most = match truth {
        Truth::Value => JOINT_BLOCKS.min(cells.isqrt()),
        Truth::Positive => JUDGED_BLOCKS.min(cells / 2),
        Truth::Unread => JUDGED_BLOCKS.min(cells),
    };
    let (score_edges, scores, _) = blocks(sample.len(), most, |row| sample.scores[row]);
    let (label_edges, labels, _) = match truth {
        Truth::Unread => (vec![], vec![0.0], false),
        Truth::Positive => (vec![], vec![0.0, 1.0], false),
        Truth::Value => {
            let by_label = sample.by_label();
            blocks(sample.len(), most, |position| sample.labels[by_label[position] as usize])
        }
    };
    let mut mass = vec![(0.0, 0.0); scores.len() * labels.len()];
    let mut place = 0;
    for row in 0..sample.len() {
        while sample.scores[row] > score_edges[place] {
            place += 1;
        }
        let level = match truth {
            Truth::Unread => 0,
            Truth::Positive => usize::from(sample.positive[row]),
            Truth::Value => label_edges.partition_point(|&edge| edge < sample.labels[row]),
        };
        let cell = &mut mass[place * labels.len() + level];
        cell.0 += sample.weights[row];
        cell.1 += sample.square(row);
    }
    let mut cells = Cells::default();
    for (index, (weight, squares)) in mass.into_iter().enumerate().filter(|(_, (weight, _))| *weight > 0.0) {
        let level = index % labels.len();
        cells.sample.push(scores[index / labels.len()], Some(labels[level]), level == 1, weight);
        cells.deviations.push(f64::sqrt(squares));
    }
    cells
}

/// Weighted mean of a number per row.
pub(crate) fn mean(sample: &Sample, weights: &[f64], number: impl Fn(usize) -> f64) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (row, &weight) in weights.iter().enumerate().take(sample.len()) {
        sum += weight * number(row);
        total += weight;
    }
    sum / total
}

/// Weights of the positives and of the negatives.
pub(crate) fn classes(sample: &Sample, weights: &[f64]) -> (f64, f64) {
    let mut sums = [0.0; 2];
    for (&positive, &weight) in sample.positive.iter().zip(weights) {
        sums[usize::from(positive)] += weight;
    }
    (sums[1], sums[0])
}

/// True when all scores lie in [0, 1].
pub(crate) fn are_probabilities(sample: &Sample) -> bool {
    sample.scores.first().is_none_or(|&lowest| lowest >= 0.0) && sample.scores.last().is_none_or(|&highest| highest <= 1.0)
}

/// Weighted Pearson correlation of two numbers per row.
pub(crate) fn correlation(first: &[f64], second: &[f64], weights: &[f64]) -> Result<f64, &'static str> {
    let (mut total, mut a, mut b) = (0.0, 0.0, 0.0);
    let (mut a_range, mut b_range) = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
    let mut rows = 0;
    for ((&x, &y), &weight) in first.iter().zip(second).zip(weights) {
        if weight > 0.0 {
            rows += 1;
            total += weight;
            a += weight * x;
            b += weight * y;
            a_range = (a_range.0.min(x), a_range.1.max(x));
            b_range = (b_range.0.min(y), b_range.1.max(y));
        }
    }
    if rows < 2 {
        return Err("a correlation needs two rows");
    }
    if a_range.0 >= a_range.1 {
        return Err("all scores are equal");
    }
    if b_range.0 >= b_range.1 {
        return Err("all labels are equal");
    }
    let (a, b) = (a / total, b / total);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for ((&x, &y), &weight) in first.iter().zip(second).zip(weights) {
        aa += weight * (x - a) * (x - a);
        bb += weight * (y - b) * (y - b);
        ab += weight * (x - a) * (y - b);
    }
    let product = (aa * bb).sqrt();
    if product > 0.0 { Ok((ab / product).clamp(-1.0, 1.0)) } else { Err("scores or labels differ by less than rounding") }
}

//! Disparities of whole score distributions: every pair of groups, each group against the rest, intervals and p-values.
//!
//! **Point values** come from the sorted scores, exactly. With more than two groups nobody measures every pair, nor merges the rest of
//! every group: the distance of each group to all groups is found in one walk over its own rows ([`union`]). It gives the distance to the rest,
//! and by the triangle inequality it bounds the distance of every pair, so that only pairs that may be the largest are measured.
//!
//! **Intervals**: percentile bootstrap, every group resampled on its own. Rows are sorted once; a replicate only draws how often
//! each place of the sorted order occurs. Up to [`DIRECT`] rows each distinct score is a place of its own. Above, and where many groups share
//! the places, the scores are gathered into blocks of equally many rows (equal scores never part), which moves a distance between
//! distributions by at most the width of a block times its share of rows, summed over the blocks; the percentiles are then shifted by
//! the difference between the exact value and the one from the blocks, so that blocks influence the width of an interval and not its
//! place. In groups of many rows the weight drawn for a block is normal with mean the block's weight and
//! variance the sum of its squared weights: the limit of the multinomial once the total is normalised. All metrics of marginal
//! distributions share the draws.
//!
//! **p-values** permute the groups over the rows of all groups that enter; above [`DIRECT`] rows the share that a group gets of a
//! block is drawn from the normal limit of the hypergeometric distribution.

mod drawn;
mod frame;
mod union;

use std::sync::Arc;

use crate::rates::NO_LABELS;
use crate::resample::{self, IntervalPlan, Purpose};
use crate::sample::{Sample, run_end};
use crate::{Comparison, DecisionRule, Definition, Estimate, Finding, Outcomes};

use drawn::{Drawn, Moments, extremes, farthest_standardised, widths};
pub(crate) use drawn::{Shape, weighted};
pub(crate) use frame::{DIRECT, Frame, JOINT_BLOCKS, blocks, grid};
use frame::{GRID, Permuter, Stratum};
pub(crate) use union::{Pooled, Union, farthest_pair};

/// A disparity, and the threshold at which it is largest where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gap {
    pub(crate) value: f64,
    pub(crate) at: Option<f64>,
}

impl From<f64> for Gap {
    fn from(value: f64) -> Self {
        Gap { value, at: None }
    }
}

/// Two score distributions as sorted rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    sides: [&'a Sample; 2],
    pub(crate) rule: DecisionRule,
    pub(crate) definition: Definition,
}

impl Pair<'_> {
    /// Calls `visit(from, to, Fa, Fb)` for every stretch between neighbouring scores, in ascending order.
    #[inline]
    pub(crate) fn stretches(&self, mut visit: impl FnMut(f64, f64, f64, f64)) {
        let [a, b] = self.sides;
        let (a_total, b_total) = (a.total(), b.total());
        let (mut i, mut j, mut below_a, mut below_b) = (0, 0, 0.0, 0.0);
        let head = |sample: &Sample, at: usize| sample.scores.get(at).copied().unwrap_or(f64::INFINITY);
        let mut score = head(a, 0).min(head(b, 0));
        while score < f64::INFINITY {
            while i < a.len() && a.scores[i] == score {
                below_a += a.weights[i];
                i += 1;
            }
            while j < b.len() && b.scores[j] == score {
                below_b += b.weights[j];
                j += 1;
            }
            let next = head(a, i).min(head(b, j));
            visit(score, next, below_a / a_total, below_b / b_total);
            score = next;
        }
    }

    /// Two sorted samples.
    pub(crate) fn sorted<'s>(a: &'s Sample, b: &'s Sample, outcomes: &Outcomes) -> Pair<'s> {
        let conventions = &outcomes.conventions;
        Pair { sides: [a, b], rule: conventions.decision_rule, definition: conventions.definition }
    }

    /// Integral of |Fa - Fb|: the Wasserstein distance.
    pub(crate) fn area(&self) -> f64 {
        let mut area = 0.0;
        self.stretches(|from, to, a, b| {
            if to < f64::INFINITY {
                area += (a - b).abs() * (to - from);
            }
        });
        area
    }

    /// Mean over the grid of the absolute gap of the shares above the threshold.
    pub(crate) fn grid_mean(&self) -> f64 {
        let mut thresholds = grid().peekable();
        let mut sum = 0.0;
        self.stretches(|from, to, a, b| {
            while thresholds.next_if(|&threshold| threshold < from).is_some() {}
            while thresholds.next_if(|&threshold| threshold < to).is_some() {
                sum += (a - b).abs();
            }
        });
        sum / GRID as f64
    }

    /// Population standard deviation of the scores of both sides together.
    pub(crate) fn pooled_deviation(&self) -> f64 {
        let [a, b] = self.sides.map(moments);
        a.with(b).variance.sqrt()
    }
}

fn moments(sample: &Sample) -> Moments {
    let (mean, variance) = sample.moments();
    Moments { weight: sample.total(), mean, variance }
}

/// Of more than two groups the pair with the largest disparity, where one has any, and each group's disparity to the rest.
pub(crate) struct Among {
    pub(crate) pair: Option<(usize, usize)>,
    pub(crate) against_rest: Vec<Result<f64, String>>,
}

/// A disparity between two score distributions.
pub(crate) trait ScoreGap: Sync {
    /// Id of the metric.
    fn id(&self) -> &'static str;

    /// Whether it reads the truth.
    fn needs_labels(&self) -> bool {
        false
    }

    /// Why a group cannot enter.
    fn admits(&self, _group: &Sample) -> Result<(), &'static str> {
        Ok(())
    }

    /// The disparity of two samples, both admitted.
    fn exact(&self, a: &Sample, b: &Sample, outcomes: &Outcomes) -> Result<Gap, String>;

    /// The disparities among more than two samples, all admitted.
    fn among(&self, samples: &[&Sample], outcomes: &Outcomes) -> Among;

    /// Its replicates, and where they stand among those of all disparities that are drawn together.
    fn resampled(&self, entered: &[(&Sample, usize)], outcomes: &Outcomes, plan: &IntervalPlan) -> (Arc<Resampled>, usize);
}

/// A metric of two marginal score distributions.
pub(crate) struct Marginal {
    pub(crate) id: &'static str,
    /// Whether the definition `grid` changes it.
    pub(crate) follows_grid: bool,
    pub(crate) shape: Shape,
    pub(crate) between: fn(&Pair) -> Result<Gap, String>,
}

/// Why there is no disparity in units of the scores' spread.
pub(crate) const NO_SPREAD: &str = "all scores are equal, so there is no spread to compare with";

impl Marginal {
    fn on_grid(&self, outcomes: &Outcomes) -> bool {
        self.follows_grid && outcomes.conventions.definition == Definition::Grid
    }
}

impl ScoreGap for Marginal {
    fn id(&self) -> &'static str {
        self.id
    }

    fn exact(&self, a: &Sample, b: &Sample, outcomes: &Outcomes) -> Result<Gap, String> {
        (self.between)(&Pair::sorted(a, b, outcomes))
    }

    fn among(&self, samples: &[&Sample], outcomes: &Outcomes) -> Among {
        let union = outcomes.union(samples);
        let moments: Vec<Moments> = samples.iter().map(|sample| moments(sample)).collect();
        let all = moments.iter().fold(Moments::default(), |all, group| all.with(*group));
        let start = extremes(moments.iter().map(|group| group.mean).enumerate()).map_or((0, 1), |(pair, _)| pair);
        let on_grid = self.on_grid(outcomes);
        let distances = if self.shape == Shape::Means { Vec::new() } else { union.distances(samples, on_grid) };
        let areas: Vec<f64> = distances.iter().map(|distance| distance.area).collect();
        let area = |a: usize, b: usize| {
            let pair = Pair::sorted(samples[a], samples[b], outcomes);
            Some(if on_grid { pair.grid_mean() } else { pair.area() })
        };
        let pair = match self.shape {
            Shape::Means => Some(start),
            Shape::Largest => Some(union.farthest(samples)).map(|(one, other)| (one.min(other), one.max(other))),
            Shape::Area => farthest_pair(&areas, 1.0, start, |_, _, _| true, area).map(|(_, pair)| pair),
            Shape::StandardisedArea => farthest_standardised(&areas, &moments, start, area),
        };
        let rest = |group: usize| {
            let scale = all.weight / (all.weight - moments[group].weight);
            match self.shape {
                Shape::Means => Ok(scale * (moments[group].mean - all.mean).abs()),
                Shape::Largest => Ok(scale * distances[group].largest),
                Shape::Area => Ok(scale * areas[group]),
                Shape::StandardisedArea if all.variance > 0.0 => Ok(scale * areas[group] / all.variance.sqrt()),
                Shape::StandardisedArea => Err(NO_SPREAD.to_owned()),
            }
        };
        Among { pair, against_rest: (0..samples.len()).map(rest).collect() }
    }

    fn resampled(&self, entered: &[(&Sample, usize)], outcomes: &Outcomes, plan: &IntervalPlan) -> (Arc<Resampled>, usize) {
        let on_grid = self.on_grid(outcomes);
        let shapes: &'static [Shape] = if on_grid { &[Shape::Area] } else { &Shape::ALL };
        let draw = || {
            let frame = if on_grid { Frame::on_grid(false) } else { Frame::new(outcomes, false, entered.len()) };
            let widths = widths(&frame);
            // On the grid the last place stands for all scores above it.
            let places: Vec<f64> = frame.places.iter().map(|place| if on_grid { place.min(1.0) } else { *place }).collect();
            let middle = f64::midpoint(places[0], places[places.len() - 1]);
            let centred: Vec<f64> = places.iter().map(|place| place - middle).collect();
            Resampled::new(&frame, entered, plan, |masses, with_rest| {
                let drawn = Drawn::new(&widths, &centred, masses);
                let mut values = Vec::with_capacity(shapes.len() * (1 + if with_rest { entered.len() } else { 0 }));
                for &shape in shapes {
                    values.push(drawn.largest(shape).unwrap_or(f64::NAN));
                    if with_rest {
                        values.extend((0..entered.len()).map(|group| drawn.against_rest(shape, group).unwrap_or(f64::NAN)));
                    }
                }
                values
            })
        };
        let place = shapes.iter().position(|shape| *shape == self.shape).unwrap_or_default();
        (outcomes.marginals(on_grid, plan, draw), place)
    }
}

/// The numbers of a replicate: largest pairs, then each group against the rest, of which there are many.
#[derive(Debug)]
struct Replicate {
    largest: Vec<f64>,
    against_rest: Vec<f32>,
}

/// What resampling made of some disparities that are drawn together. NaN stands for a number that does not exist.
#[derive(Debug)]
pub(crate) struct Resampled {
    /// Of each disparity the largest pair and each group against the rest, on the frame, as observed.
    observed: Vec<f64>,
    /// The same in each replicate.
    replicates: Vec<Replicate>,
    /// Numbers of a disparity.
    width: usize,
    /// Permutations in which each disparity is at least as large as observed.
    extreme: Vec<usize>,
    /// Whether the frame moves the numbers.
    coarse: bool,
}

impl Resampled {
    /// `summarise` turns the masses of all groups on the cells of the frame into the numbers of each disparity, or into the largest pairs alone.
    pub(crate) fn new(
        frame: &Frame,
        entered: &[(&Sample, usize)],
        plan: &IntervalPlan,
        summarise: impl Fn(&[f64], bool) -> Vec<f64> + Sync,
    ) -> Self {
        let strata: Vec<Stratum> = entered.iter().map(|&(sample, size)| Stratum::new(frame, sample, size, entered.len())).collect();
        let with_rest = entered.len() > 2;
        let width = 1 + if with_rest { entered.len() } else { 0 };
        let masses: Vec<f64> = strata.iter().flat_map(|stratum| stratum.mass.iter().copied()).collect();
        let observed = summarise(&masses, with_rest);
        let cells = frame.cells();
        let replicates = resample::replicate(plan.replicates, plan.seed, Purpose::Bootstrap, |rng| {
            let mut masses = vec![0.0; cells * strata.len()];
            for (stratum, mass) in strata.iter().zip(masses.chunks_exact_mut(cells)) {
                stratum.draw(rng, mass);
            }
            let values = summarise(&masses, with_rest);
            let against_rest = values.iter().enumerate().filter(|(place, _)| place % width > 0).map(|(_, value)| *value as f32).collect();
            Replicate { largest: values.iter().step_by(width).copied().collect(), against_rest }
        });
        let mut extreme = vec![0; observed.len() / width];
        if plan.permutations > 0 {
            let permuter = Permuter::new(&strata);
            let limits: Vec<f64> = observed.iter().step_by(width).map(|observed| observed * (1.0 - 1e-12)).collect();
            let found = resample::replicate(plan.permutations, plan.seed, Purpose::Permutation, |rng| {
                let values = summarise(&permuter.draw(rng, cells), false);
                values.iter().zip(&limits).map(|(value, limit)| value >= limit).collect::<Vec<bool>>()
            });
            for (count, index) in extreme.iter_mut().zip(0..) {
                *count = found.iter().filter(|extreme| extreme[index]).count();
            }
        }
        Resampled { observed, replicates, width, extreme, coarse: frame.coarse }
    }

    /// Adds the intervals and the p-value of the disparity that stands at `place`.
    fn add_to(&self, finding: &mut Finding, place: usize, plan: &IntervalPlan) {
        let first = place * self.width;
        if plan.replicates > 0 {
            let with_interval = |estimate: &mut Estimate, position: usize, number: &dyn Fn(&Replicate) -> f64| {
                let shift = match estimate.number() {
                    Some(exact) if self.coarse && !self.observed[position].is_nan() => exact - self.observed[position],
                    _ => 0.0,
                };
                let values = self.replicates.iter().map(number).filter(|value| !value.is_nan());
                let made = resample::interval(values.map(|value| (value + shift).max(0.0)).collect(), plan.level, "bootstrap");
                *estimate = resample::with_interval(estimate.clone(), made);
            };
            with_interval(&mut finding.estimate, first, &|replicate| replicate.largest[place]);
            let rests = place * (self.width - 1);
            for (group, comparison) in finding.against_rest.iter_mut().enumerate() {
                with_interval(&mut comparison.estimate, first + 1 + group, &|replicate| f64::from(replicate.against_rest[rests + group]));
            }
        }
        if plan.permutations > 0 && !self.observed[first].is_nan() {
            finding.p_value = Some(resample::p_value(self.extreme[place], plan.permutations));
        }
    }
}

/// The finding of a disparity of score distributions.
pub(crate) fn measure(gap: &dyn ScoreGap, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
    let mut finding = Finding::new(gap.id());
    let selection = outcomes.selection();
    finding.left_out = selection.left_out;
    if gap.needs_labels() && !outcomes.has_labels() {
        finding.estimate = Estimate::undefined(NO_LABELS);
        return finding;
    }
    let samples = outcomes.samples();
    let mut entered: Vec<(&str, &Sample)> = Vec::new();
    let mut sizes = Vec::new();
    for &code in &selection.entered {
        let (name, sample) = (outcomes.groups.level(code), &samples.groups[code as usize]);
        match gap.admits(sample) {
            Ok(()) => {
                entered.push((name, sample));
                sizes.push(outcomes.counts()[code as usize].rows());
            }
            Err(reason) => finding.left_out.push((name.to_owned(), reason.to_owned())),
        }
    }
    finding.n = sizes.iter().sum();
    if entered.len() < 2 {
        let reasons: Vec<String> = finding.left_out.iter().map(|(group, reason)| format!("{group}: {reason}")).collect();
        let count = ["no group", "only one group"][entered.len()];
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        finding.estimate = Estimate::undefined(format!("{count} can enter, two are needed{why}"));
        return finding;
    }
    let sorted: Vec<&Sample> = entered.iter().map(|(_, sample)| *sample).collect();
    let among = (sorted.len() > 2).then(|| gap.among(&sorted, outcomes));
    // Where no pair has a number, any pair says why.
    let (first, second) = among.as_ref().and_then(|among| among.pair).unwrap_or((0, 1));
    match gap.exact(sorted[first], sorted[second], outcomes) {
        Ok(observed) => {
            finding.estimate = Estimate::value(observed.value);
            finding.at_threshold = observed.at;
        }
        Err(problem) => {
            finding.estimate = Estimate::undefined(problem);
            return finding;
        }
    }
    finding.largest_pair = Some((entered[first].0.to_owned(), entered[second].0.to_owned()));
    if let Some(among) = among {
        for ((name, _), found) in entered.iter().zip(among.against_rest) {
            let estimate = found.map_or_else(Estimate::undefined, Estimate::value);
            finding.against_rest.push(Comparison { group: (*name).to_owned(), against: "rest".to_owned(), estimate });
        }
    }
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0 || plan.permutations > 0) {
        let entered: Vec<(&Sample, usize)> = sorted.into_iter().zip(sizes).collect();
        let (resampled, place) = gap.resampled(&entered, outcomes, plan);
        resampled.add_to(&mut finding, place, plan);
    }
    finding
}

/// Number of distinct values among ascending ones.
pub(crate) fn distinct(ascending: &[f64]) -> usize {
    let (mut start, mut count) = (0, 0);
    while start < ascending.len() {
        start = run_end(ascending, start);
        count += 1;
    }
    count
}

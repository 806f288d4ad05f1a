//! Disparities of whole score distributions: every pair of groups, each group against the rest, intervals and p-values.
//!
//! **Point values** come from the sorted scores, exactly. With more than two groups nobody measures every pair, nor merges the rest of
//! every group: the distance of each group to all groups is found in one walk over its own rows ([`union`]). It gives the distance to the rest,
//! and by the triangle inequality it bounds the distance of every pair, so that only pairs that may be the largest are measured.
//!
//! **Intervals** are those of norms, from bounds of their errors ([`crate::largest`]): every group is resampled on its own, and what counts is how far the
//! draw of its distribution lies from what was drawn from ([`errors`]). Rows are sorted once; a replicate only draws how often
//! each place of the sorted order occurs. Few distinct scores are places of their own; more are gathered into blocks of equally many rows (equal scores never part), which moves a distance between
//! distributions by at most the width of a block times its share of rows, summed over the blocks; ends are then shifted by
//! the difference between the exact value and the one from the blocks, so that blocks influence the width of an interval and not its
//! place. In groups of many rows the weight drawn for a block is normal with mean the block's weight and
//! variance the sum of its squared weights: the limit of the multinomial once the total is normalised. Where single rows are drawn, two rows of all
//! groups together stand beside each group's own. All metrics of marginal distributions share the draws. A replicate draws each group once, so that what is drawn
//! grows with the groups; above [`PAIRED`] of them the errors of pairs are bounded by those of their groups.
//!
//! **p-values** permute the groups over the rows of all groups that enter; above [`DIRECT`] rows the share that a group gets of a
//! block is drawn from the normal limit of the hypergeometric distribution. The mean over the permutations is what parity gives at these sizes.

mod drawn;
mod errors;
mod frame;
mod union;

use std::sync::Arc;

use crate::rates::NO_LABELS;
use crate::resample::{self, IntervalPlan, Purpose};
use crate::sample::{Sample, run_end};
use crate::{Comparison, DecisionRule, Definition, Estimate, Finding, Interval, Outcomes, largest};

use drawn::{Drawn, Moments, extremes, farthest_standardised, widths};
pub(crate) use drawn::{Shape, weighted};
use errors::{Centre, Contrast, Errors, Off, Sides};
pub(crate) use errors::{Profiles, Ruler};
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
        let draw = || {
            let frame = if on_grid { Frame::on_grid(false) } else { Frame::new(outcomes, false, entered.len()) };
            Resampled::new(&Distributions::new(&frame, on_grid), &frame, entered, plan)
        };
        let shapes = Distributions::shapes(on_grid);
        let place = shapes.iter().position(|shape| *shape == self.shape).unwrap_or_default();
        (outcomes.marginals(on_grid, plan, draw), place)
    }
}

/// The score distributions of all groups.
struct Distributions {
    ruler: Ruler,
    /// Places less their middle, so that squares stay small.
    centred: Vec<f64>,
    shapes: &'static [Shape],
}

impl Distributions {
    fn shapes(on_grid: bool) -> &'static [Shape] {
        if on_grid { &[Shape::Area] } else { &Shape::ALL }
    }

    fn new(frame: &Frame, on_grid: bool) -> Self {
        // On the grid the last place stands for all scores above it.
        let places: Vec<f64> = frame.places.iter().map(|place| if on_grid { place.min(1.0) } else { *place }).collect();
        let middle = f64::midpoint(places[0], places[places.len() - 1]);
        Distributions {
            ruler: Ruler { steps: widths(frame), heights: vec![1.0], empty_counts: false },
            centred: places.iter().map(|place| place - middle).collect(),
            shapes: Distributions::shapes(on_grid),
        }
    }
}

impl Family for Distributions {
    fn ruler(&self) -> &Ruler {
        &self.ruler
    }

    fn shapes(&self) -> &'static [Shape] {
        self.shapes
    }

    fn profiles(&self, masses: &[f64]) -> Profiles {
        drawn::profiles(&self.centred, masses)
    }

    fn largest(&self, masses: &[f64]) -> Vec<Option<f64>> {
        let drawn = Drawn::new(&self.ruler.steps, &self.centred, masses);
        self.shapes.iter().map(|&shape| drawn.largest(shape)).collect()
    }

    fn observed(&self, masses: &[f64], groups: usize) -> Observed {
        let drawn = Drawn::new(&self.ruler.steps, &self.centred, masses);
        Observed::of(self.shapes, groups, |shape, a, b| drawn.between(shape, a, b), |shape, group| drawn.against_rest(shape, group))
    }
}

/// Disparities that read the same draws.
pub(crate) trait Family: Sync {
    /// Where distributions are read.
    fn ruler(&self) -> &Ruler;

    /// The disparities.
    fn shapes(&self) -> &'static [Shape];

    /// What one draw of all groups gives.
    fn profiles(&self, masses: &[f64]) -> Profiles;

    /// The largest pair of each disparity.
    fn largest(&self, masses: &[f64]) -> Vec<Option<f64>>;

    /// Every pair of each disparity, and with more than two groups each group against the rest.
    fn observed(&self, masses: &[f64], groups: usize) -> Observed;
}

/// The disparities of the rows as they are, on a frame.
pub(crate) struct Observed {
    /// By disparity the pairs, those of the first group first; NaN where there is no number.
    pairs: Vec<Vec<f64>>,
    /// By disparity the groups against the rest; empty for two groups.
    rests: Vec<Vec<f64>>,
}

impl Observed {
    pub(crate) fn of(
        shapes: &[Shape],
        groups: usize,
        between: impl Fn(Shape, usize, usize) -> Option<f64>,
        rest: impl Fn(Shape, usize) -> Option<f64>,
    ) -> Self {
        let pairs = |&shape: &Shape| {
            let of = |a: usize| (a + 1..groups).map(move |b| (a, b));
            (0..groups).flat_map(of).map(|(a, b)| between(shape, a, b).unwrap_or(f64::NAN)).collect()
        };
        let rests = |&shape: &Shape| {
            let compared = if groups > 2 { groups } else { 0 };
            (0..compared).map(|group| rest(shape, group).unwrap_or(f64::NAN)).collect()
        };
        Observed { pairs: shapes.iter().map(pairs).collect(), rests: shapes.iter().map(rests).collect() }
    }
}

/// Groups up to which the errors of all pairs are measured; of more, each group's own is, and a pair is off by the sum of two.
const PAIRED: usize = 32;

/// How far off a disparity may be, for whoever adds up several: mean and variance of a bound upwards, and the variance of what bounds it downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) up: f64,
    pub(crate) up_variance: f64,
    pub(crate) down_variance: f64,
}

impl Spread {
    /// Of the errors of several pairs, replicate by replicate: of a draw the largest upwards, of the pairs the widest downwards.
    fn of(up: &[f32], down: &[f32], pairs: usize) -> Option<Self> {
        let largest: Vec<f64> = up
            .chunks_exact(pairs.max(1))
            .map(|draw| draw.iter().filter(|off| !off.is_nan()).fold(0.0_f64, |most, off| most.max(f64::from(*off))))
            .collect();
        if largest.len() < 2 {
            return None;
        }
        let mean = largest.iter().sum::<f64>() / largest.len() as f64;
        let variance = largest.iter().map(|off| (off - mean).powi(2)).sum::<f64>() / (largest.len() - 1) as f64;
        let square = |pair: usize| {
            let (sum, count) = down
                .iter()
                .skip(pair)
                .step_by(pairs)
                .filter(|off| !off.is_nan())
                .fold((0.0, 0_usize), |(sum, count), off| (sum + f64::from(*off).powi(2), count + 1));
            if count == 0 { 0.0 } else { sum / count as f64 }
        };
        Some(Spread { up: mean, up_variance: variance, down_variance: (0..pairs).map(square).fold(0.0, f64::max) })
    }
}

/// What resampling made of one disparity.
#[derive(Debug, Default)]
struct Told {
    /// The largest pair on the frame as it is.
    observed: Option<f64>,
    ends: Option<(f64, f64)>,
    /// Each group against the rest: as it is on the frame, and the ends there.
    rests: Vec<(f64, Option<(f64, f64)>)>,
    /// How far off the largest pair may be.
    spread: Option<Spread>,
    /// Permutations in which it is at least as large as observed, and its mean over all.
    extreme: usize,
    by_lot: Option<f64>,
}

/// What resampling made of some disparities that are drawn together.
#[derive(Debug)]
pub(crate) struct Resampled {
    told: Vec<Told>,
    /// Whether the frame moves the numbers.
    coarse: bool,
    /// The largest value that each disparity can have.
    most: Vec<f64>,
}

/// What a replicate says: of the pairs (or groups), then of the groups against the rest; of each every disparity.
struct Replicate {
    pairs: Vec<[f32; 2]>,
    rests: Vec<[f32; 2]>,
}

impl Resampled {
    pub(crate) fn new(family: &impl Family, frame: &Frame, entered: &[(&Sample, usize)], plan: &IntervalPlan) -> Self {
        let (shapes, groups) = (family.shapes(), entered.len());
        let strata = Stratum::all(frame, entered);
        let masses: Vec<f64> = strata.iter().flat_map(|stratum| stratum.mass.iter().copied()).collect();
        let mut told: Vec<Told> = shapes.iter().map(|_| Told::default()).collect();
        let observed = family.observed(&masses, groups);
        for (told, pairs) in told.iter_mut().zip(&observed.pairs) {
            told.observed = pairs.iter().copied().filter(|norm| !norm.is_nan()).reduce(f64::max);
        }
        if plan.replicates > 0 {
            Resampled::errors(family, &strata, &masses, &observed, plan, &mut told);
        }
        if plan.permutations > 0 {
            let permuter = Permuter::new(&strata);
            let cells = frame.cells();
            let found =
                resample::replicate(plan.permutations, plan.seed, Purpose::Permutation, |rng| family.largest(&permuter.draw(rng, cells)));
            for (shape, told) in told.iter_mut().enumerate() {
                let Some(observed) = told.observed else { continue };
                let drawn: Vec<f64> = found.iter().filter_map(|found| found[shape]).collect();
                told.extreme = drawn.iter().filter(|drawn| **drawn >= observed * (1.0 - 1e-12)).count();
                told.by_lot = (!drawn.is_empty()).then(|| drawn.iter().sum::<f64>() / drawn.len() as f64);
            }
        }
        // Scores of the unit interval are no farther apart than that.
        let within = frame.places.first().is_some_and(|first| *first >= 0.0) && frame.places.last().is_some_and(|last| *last <= 1.0);
        let most = |shape: &Shape| match shape {
            Shape::Largest => 1.0,
            Shape::Area | Shape::Means if within || frame.definition == Definition::Grid => 1.0,
            _ => f64::INFINITY,
        };
        Resampled { told, coarse: frame.coarse, most: shapes.iter().map(most).collect() }
    }

    fn errors(family: &impl Family, strata: &[Stratum], masses: &[f64], observed: &Observed, plan: &IntervalPlan, told: &mut [Told]) {
        let (shapes, groups) = (family.shapes(), strata.len());
        let cells = masses.len() / groups;
        let weights = family.profiles(masses).weights;
        let squares = family.profiles(&strata.iter().flat_map(Stratum::squares).collect::<Vec<_>>()).weights;
        let stretches = weights.len() / groups;
        // Rows behind a group and stretch, those of unequal weight by Kish's effective number.
        let rows =
            |at: usize| strata[at / stretches].prior() + if squares[at] > 0.0 { weights[at] * weights[at] / squares[at] } else { 0.0 };
        let centre = Centre {
            ruler: family.ruler(),
            profiles: family.profiles(&strata.iter().flat_map(Stratum::centre).collect::<Vec<_>>()),
            rows: (0..weights.len()).map(rows).collect(),
            weights,
        };
        let paired = groups <= PAIRED;
        let of_pairs = (0..if paired { groups } else { 0 }).flat_map(|a| (a + 1..groups).map(move |b| Sides::Pair(a, b)));
        let pairs: Vec<Contrast> = of_pairs.map(|sides| centre.contrast(sides)).collect();
        let rests: Vec<Contrast> = (0..if groups > 2 { groups } else { 0 }).map(|group| centre.contrast(Sides::Rest(group))).collect();
        let small = |off: Vec<Off>| off.into_iter().map(|off| [off.up as f32, off.down as f32]);
        let replicates = resample::replicate(plan.replicates, plan.seed, Purpose::Bootstrap, |rng| {
            let mut drawn = vec![0.0; masses.len()];
            for (stratum, mass) in strata.iter().zip(drawn.chunks_exact_mut(cells)) {
                stratum.draw(rng, mass);
            }
            let errors = Errors::new(&centre, family.profiles(&drawn));
            let of = |contrasts: &[Contrast]| contrasts.iter().flat_map(|contrast| small(errors.of_sides(contrast, shapes))).collect();
            let alone = || (0..groups).flat_map(|group| small(errors.alone(group, shapes))).collect();
            Replicate { pairs: if paired { of(&pairs) } else { alone() }, rests: of(&rests) }
        });
        for (place, told) in told.iter_mut().enumerate() {
            let shape = shapes[place];
            // One number of one replicate after the other.
            let column = |of: fn(&Replicate) -> &Vec<[f32; 2]>, which: usize| -> Vec<f32> {
                let numbers = |replicate: &Replicate| {
                    of(replicate).iter().skip(place).step_by(shapes.len()).map(|off| off[which]).collect::<Vec<f32>>()
                };
                replicates.iter().flat_map(numbers).collect()
            };
            let (up, down) = (column(|replicate| &replicate.pairs, 0), column(|replicate| &replicate.pairs, 1));
            let norms = &observed.pairs[place];
            told.spread = if paired { Spread::of(&up, &down, pairs.len()) } else { None };
            told.ends = match (paired, shape) {
                (true, Shape::Means) => {
                    // With their sign, of which the distributions know.
                    let signed: Vec<f64> = pairs.iter().zip(norms).map(|(pair, norm)| norm * -pair.sign()).collect();
                    largest::of_signed(&signed, &up, plan.level)
                }
                (true, _) => {
                    let above = |pair: usize, outside: f64| match shape {
                        Shape::Largest => centre.above_largest(&pairs[pair], outside),
                        _ => spread(&down, pairs.len(), pair, outside),
                    };
                    largest::Norms { observed: norms, errors: &up, above }.interval(plan.level)
                }
                (false, _) => {
                    let above = |group: usize, outside: f64| spread(&down, groups, group, outside);
                    largest::of_groups(groups, norms, &up, above, plan.level)
                }
            };
            let (up, down) = (column(|replicate| &replicate.rests, 0), column(|replicate| &replicate.rests, 1));
            let rest = |(group, norm): (usize, &f64)| {
                let own: Vec<f32> = up.iter().skip(group).step_by(groups).copied().collect();
                let above = |_: usize, outside: f64| match shape {
                    Shape::Largest => centre.above_largest(&rests[group], outside),
                    _ => spread(&down, groups, group, outside),
                };
                let ends = match shape {
                    Shape::Means => largest::of_signed(&[*norm], &own, plan.level),
                    _ => largest::Norms { observed: &[*norm], errors: &own, above }.interval(plan.level),
                };
                (*norm, ends)
            };
            told.rests = observed.rests[place].iter().enumerate().map(rest).collect();
        }
    }

    /// Adds the intervals and the p-value of the disparity that stands at `place`.
    fn add_to(&self, finding: &mut Finding, place: usize, plan: &IntervalPlan) {
        let told = &self.told[place];
        let shift = |exact: f64, observed: f64| if self.coarse { exact - observed } else { 0.0 };
        let interval = |low: f64, high: f64| Interval {
            low: low.clamp(0.0, self.most[place]),
            high: high.min(self.most[place]),
            level: plan.level,
            method: METHOD.to_owned(),
            replicates: plan.replicates,
        };
        if let (Some(exact), Some(observed), Some((low, high))) = (finding.estimate.number(), told.observed, told.ends) {
            let shift = shift(exact, observed);
            finding.estimate = resample::with_interval(finding.estimate.clone(), Some(interval(low + shift, high + shift)));
        }
        for (comparison, (observed, ends)) in finding.against_rest.iter_mut().zip(&told.rests) {
            if let (Some(exact), Some((low, high))) = (comparison.estimate.number(), ends) {
                let shift = shift(exact, *observed);
                comparison.estimate = resample::with_interval(comparison.estimate.clone(), Some(interval(low + shift, high + shift)));
            }
        }
        if plan.permutations > 0 && told.observed.is_some() {
            finding.p_value = Some(resample::p_value(told.extreme, plan.permutations));
            finding.by_lot = told.by_lot;
            finding.bias_corrected = finding.estimate.number().zip(told.by_lot).map(|(value, lot)| resample::less_chance(value, lot));
        }
    }
}

/// The size that one of several columns of numbers around 0 exceeds on one side with this chance.
fn spread(numbers: &[f32], columns: usize, column: usize, outside: f64) -> f64 {
    let mut sizes: Vec<f64> =
        numbers.iter().skip(column).step_by(columns).map(|number| f64::from(number.abs())).filter(|size| !size.is_nan()).collect();
    if sizes.is_empty() { f64::NAN } else { resample::quantile(&mut sizes, 1.0 - 2.0 * outside) }
}

/// How the intervals of distances between distributions are made.
pub(crate) const METHOD: &str = "norm-of-error";

/// The finding of a disparity of score distributions.
pub(crate) fn measure(gap: &dyn ScoreGap, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
    measure_with_spread(gap, outcomes, plan).0
}

/// The same with how far off it may be, where resampling told.
pub(crate) fn measure_with_spread(gap: &dyn ScoreGap, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> (Finding, Option<Spread>) {
    let mut spread = None;
    let mut finding = Finding::new(gap.id());
    let selection = outcomes.selection();
    finding.left_out = selection.left_out;
    if gap.needs_labels() && !outcomes.has_labels() {
        finding.estimate = Estimate::undefined(NO_LABELS);
        return (finding, None);
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
        return (finding, None);
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
            return (finding, None);
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
        spread = resampled.told[place].spread;
    }
    (finding, spread)
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

//! Disparities of whole score distributions: every pair of groups, each group against the rest, intervals and p-values.
//!
//! **Point values** come from the sorted scores, exactly.
//!
//! **Intervals**: percentile bootstrap, every group resampled on its own. Rows are sorted once; a replicate only draws how often
//! each place of the sorted order occurs. Up to [`DIRECT`] rows each distinct score is a place of its own. Above, the scores are
//! gathered into at most [`BLOCKS`] blocks of equally many rows (equal scores never part), which moves a distance between
//! distributions by at most the width of a block times its share of rows, summed over the blocks; the percentiles are then shifted by
//! the difference between the exact value and the one from the blocks, so that blocks influence the width of an interval and not its
//! place. In groups of more than [`DIRECT`] rows the weight drawn for a block is normal with mean the block's weight and
//! variance the sum of its squared weights: the limit of the multinomial once the total is normalised.
//!
//! **p-values** permute the groups over the rows of all groups that enter; above [`DIRECT`] rows the share that a group gets of a
//! block is drawn from the normal limit of the hypergeometric distribution.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::rates::NO_LABELS;
use crate::resample::{self, IntervalPlan, Purpose};
use crate::sample::{Sample, run_end};
use crate::{Comparison, DecisionRule, Definition, Estimate, Finding, Outcomes};

/// Up to this many rows a bootstrap draws single rows.
pub(crate) const DIRECT: usize = 8192;
/// Score blocks above that.
const BLOCKS: usize = 512;
/// Score blocks and label blocks of metrics that read both.
pub(crate) const JOINT_BLOCKS: usize = 32;
/// Thresholds of the paper's grid: 0, 0.02, ..., 0.98.
const GRID: usize = 50;

/// The thresholds of the paper's grid.
pub(crate) fn grid() -> impl Iterator<Item = f64> {
    (0..GRID).map(|step| step as f64 * 0.02)
}

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

/// One side of a comparison: sorted rows, or weights on shared places.
#[derive(Debug, Clone, Copy)]
enum Side<'a> {
    Sorted(&'a Sample),
    Placed(&'a [f64]),
}

/// Two score distributions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    sides: [Side<'a>; 2],
    places: &'a [f64],
    pub(crate) rule: DecisionRule,
    pub(crate) definition: Definition,
}

impl Pair<'_> {
    /// Calls `visit(from, to, Fa, Fb)` for every stretch between neighbouring scores, in ascending order.
    #[inline]
    pub(crate) fn stretches(&self, mut visit: impl FnMut(f64, f64, f64, f64)) {
        match self.sides {
            [Side::Sorted(a), Side::Sorted(b)] => {
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
            [Side::Placed(a), Side::Placed(b)] => {
                let (a_scale, b_scale) = (1.0 / a.iter().sum::<f64>(), 1.0 / b.iter().sum::<f64>());
                let (mut below_a, mut below_b) = (0.0, 0.0);
                for (place, (in_a, in_b)) in a.iter().zip(b).enumerate() {
                    below_a += in_a;
                    below_b += in_b;
                    let next = self.places.get(place + 1).copied().unwrap_or(f64::INFINITY);
                    visit(self.places[place], next, below_a * a_scale, below_b * b_scale);
                }
            }
            // A pair is always built from two sides of one kind.
            _ => {}
        }
    }

    /// Two sorted samples.
    pub(crate) fn sorted<'s>(a: &'s Sample, b: &'s Sample, outcomes: &Outcomes) -> Pair<'s> {
        let conventions = &outcomes.conventions;
        let (rule, definition) = (conventions.decision_rule, conventions.definition);
        Pair { sides: [Side::Sorted(a), Side::Sorted(b)], places: &[], rule, definition }
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
        let moments = |side: Side| match side {
            Side::Sorted(sample) => (sample.total(), sample.moments()),
            Side::Placed(mass) => {
                let total: f64 = mass.iter().sum();
                let mean = mass.iter().zip(self.places).map(|(mass, place)| mass * place).sum::<f64>() / total;
                let squares = mass.iter().zip(self.places).map(|(mass, place)| mass * (place - mean) * (place - mean)).sum::<f64>();
                (total, (mean, squares / total))
            }
        };
        let [(a_total, (a_mean, a_variance)), (b_total, (b_mean, b_variance))] = self.sides.map(moments);
        let (a, b) = (a_total / (a_total + b_total), b_total / (a_total + b_total));
        (a * a_variance + b * b_variance + a * b * (a_mean - b_mean) * (a_mean - b_mean)).sqrt()
    }
}

/// A disparity between two score distributions.
pub(crate) trait ScoreGap: Sync {
    /// Id of the metric.
    fn id(&self) -> &'static str;

    /// Whether it reads the truth.
    fn needs_labels(&self) -> bool {
        false
    }

    /// Whether the definition `grid` changes it.
    fn follows_grid(&self) -> bool;

    /// Why a group cannot enter.
    fn admits(&self, _group: &Sample) -> Result<(), &'static str> {
        Ok(())
    }

    /// The disparity of two samples, both admitted.
    fn exact(&self, a: &Sample, b: &Sample, outcomes: &Outcomes) -> Result<Gap, String>;

    /// The disparity of two sets of weights on the cells of a frame.
    fn framed(&self, frame: &Frame, a: &[f64], b: &[f64]) -> Option<f64>;
}

/// A metric of two marginal score distributions.
pub(crate) struct Marginal {
    pub(crate) id: &'static str,
    /// Whether the definition `grid` changes it.
    pub(crate) follows_grid: bool,
    pub(crate) between: fn(&Pair) -> Result<Gap, String>,
}

impl ScoreGap for Marginal {
    fn id(&self) -> &'static str {
        self.id
    }

    fn follows_grid(&self) -> bool {
        self.follows_grid
    }

    fn exact(&self, a: &Sample, b: &Sample, outcomes: &Outcomes) -> Result<Gap, String> {
        (self.between)(&Pair::sorted(a, b, outcomes))
    }

    fn framed(&self, frame: &Frame, a: &[f64], b: &[f64]) -> Option<f64> {
        let pair =
            Pair { sides: [Side::Placed(a), Side::Placed(b)], places: &frame.places, rule: frame.rule, definition: frame.definition };
        (self.between)(&pair).ok().map(|gap| gap.value)
    }
}

/// Places (scores) and levels (labels) on which rows are gathered. Cell = level x places + place; one level without labels.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) places: Vec<f64>,
    /// Labels of the levels, ascending.
    pub(crate) levels: Vec<f64>,
    pub(crate) definition: Definition,
    rule: DecisionRule,
    /// Largest score and label of each place and level.
    place_edges: Vec<f64>,
    level_edges: Vec<f64>,
    /// Whether rows with different scores or labels share a cell.
    coarse: bool,
}

impl Frame {
    fn new(outcomes: &Outcomes, joint: bool) -> Self {
        let all = &outcomes.samples().all;
        let definition = outcomes.conventions.definition;
        let (level_edges, levels, coarse_levels) = if joint {
            let by_label = all.by_label();
            blocks(all.len(), JOINT_BLOCKS, |position| all.labels[by_label[position] as usize])
        } else {
            (vec![f64::INFINITY], vec![1.0], false)
        };
        let most = if joint {
            // Few labels leave cells for more scores.
            (JOINT_BLOCKS * JOINT_BLOCKS / levels.len()).min(BLOCKS)
        } else if all.len() <= DIRECT {
            all.len()
        } else {
            BLOCKS
        };
        let (place_edges, places, coarse_places) = blocks(all.len(), most, |position| all.scores[position]);
        let rule = outcomes.conventions.decision_rule;
        Frame { places, levels, definition, rule, place_edges, level_edges, coarse: coarse_places || coarse_levels }
    }

    /// Places and levels cut at the thresholds of the paper's grid: nothing that the grid can see is lost.
    fn on_grid(outcomes: &Outcomes, joint: bool) -> Self {
        let edges: Vec<f64> = grid().chain([f64::INFINITY]).collect();
        let values: Vec<f64> = grid().chain([f64::MAX]).collect();
        Frame {
            places: values.clone(),
            levels: if joint { values } else { vec![1.0] },
            definition: Definition::Grid,
            rule: outcomes.conventions.decision_rule,
            place_edges: edges.clone(),
            level_edges: if joint { edges } else { vec![f64::INFINITY] },
            coarse: false,
        }
    }

    fn cells(&self) -> usize {
        self.places.len() * self.levels.len()
    }

    /// Cell of every row of a sample.
    fn cells_of(&self, sample: &Sample) -> Vec<u32> {
        let mut place = 0;
        (0..sample.len())
            .map(|row| {
                // Where entries stand for bins, a group's mean in the last bin may lie above that of all rows.
                while place + 1 < self.place_edges.len() && sample.scores[row] > self.place_edges[place] {
                    place += 1;
                }
                let level = if self.levels.len() == 1 {
                    0
                } else {
                    self.level_edges.partition_point(|&edge| edge < sample.labels[row]).min(self.levels.len() - 1)
                };
                (level * self.places.len() + place) as u32
            })
            .collect()
    }
}

/// Cuts ascending numbers into at most `most` blocks of about equal size; equal numbers stay together. Returns the largest number and the
/// mean of each block, and whether a block holds different numbers.
pub(crate) fn blocks(rows: usize, most: usize, value: impl Fn(usize) -> f64) -> (Vec<f64>, Vec<f64>, bool) {
    let (mut edges, mut means, mut coarse) = (Vec::new(), Vec::new(), false);
    let mut start = 0;
    // Few distinct numbers are kept apart however unequal their shares are.
    let mut distinct = 0;
    for row in 0..rows {
        distinct += usize::from(row == 0 || value(row) != value(row - 1));
        if distinct > most {
            break;
        }
    }
    let step = if distinct <= most { 1 } else { rows.div_ceil(most) };
    while start < rows {
        let mut end = (start + step).min(rows);
        while end < rows && value(end) == value(end - 1) {
            end += 1;
        }
        let (first, last) = (value(start), value(end - 1));
        coarse |= first != last;
        edges.push(last);
        means.push(if first == last { first } else { (start..end).map(&value).sum::<f64>() / (end - start) as f64 });
        start = end;
    }
    (edges, means, coarse)
}

/// One group's rows on a frame.
#[derive(Debug)]
struct Stratum {
    /// Number of rows.
    size: usize,
    /// Cell and weight of each row, for groups small enough to draw single rows.
    rows: Vec<(u32, f64)>,
    mass: Vec<f64>,
    deviation: Vec<f64>,
}

impl Stratum {
    fn new(frame: &Frame, sample: &Sample, size: usize) -> Self {
        let cells = frame.cells_of(sample);
        let mut stratum = Stratum { size, rows: Vec::new(), mass: vec![0.0; frame.cells()], deviation: vec![0.0; frame.cells()] };
        for (entry, &cell) in cells.iter().enumerate() {
            stratum.mass[cell as usize] += sample.weights[entry];
            stratum.deviation[cell as usize] += sample.square(entry);
        }
        for deviation in &mut stratum.deviation {
            *deviation = deviation.sqrt();
        }
        if sample.has_rows() && sample.len() <= DIRECT {
            stratum.rows = cells.into_iter().zip(sample.weights.iter().copied()).collect();
        }
        stratum
    }

    fn draw(&self, rng: &mut impl Rng, mass: &mut [f64]) {
        if self.rows.is_empty() {
            for (drawn, (mean, deviation)) in mass.iter_mut().zip(self.mass.iter().zip(&self.deviation)) {
                let normal: f64 = StandardNormal.sample(rng);
                *drawn = (mean + deviation * normal).max(0.0);
            }
        } else {
            mass.fill(0.0);
            for _ in 0..self.rows.len() {
                let (cell, weight) = self.rows[rng.random_range(0..self.rows.len())];
                mass[cell as usize] += weight;
            }
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
    let mut largest: Option<(Gap, usize, usize)> = None;
    let mut problem = String::new();
    for first in 0..entered.len() {
        for second in first + 1..entered.len() {
            match gap.exact(entered[first].1, entered[second].1, outcomes) {
                Ok(found) if largest.is_none_or(|(best, ..)| found.value > best.value) => largest = Some((found, first, second)),
                Ok(_) => {}
                Err(reason) => problem = reason,
            }
        }
    }
    let Some((observed, first, second)) = largest else {
        finding.estimate = Estimate::undefined(problem);
        return finding;
    };
    finding.estimate = Estimate::value(observed.value);
    finding.at_threshold = observed.at;
    finding.largest_pair = Some((entered[first].0.to_owned(), entered[second].0.to_owned()));
    if entered.len() > 2 {
        for position in 0..entered.len() {
            let others: Vec<&Sample> =
                entered.iter().enumerate().filter(|(other, _)| *other != position).map(|(_, (_, sample))| *sample).collect();
            let found = gap.exact(entered[position].1, &Sample::merged(&others), outcomes);
            finding.against_rest.push(Comparison {
                group: entered[position].0.to_owned(),
                against: "rest".to_owned(),
                estimate: found.map_or_else(Estimate::undefined, |gap| Estimate::value(gap.value)),
            });
        }
    }
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0 || plan.permutations > 0) {
        let entered: Vec<(&Sample, usize)> = entered.iter().map(|(_, sample)| *sample).zip(sizes).collect();
        add_uncertainty(gap, &mut finding, outcomes, plan, &entered);
    }
    finding
}

fn add_uncertainty(gap: &dyn ScoreGap, finding: &mut Finding, outcomes: &Outcomes, plan: &IntervalPlan, entered: &[(&Sample, usize)]) {
    let joint = gap.needs_labels();
    let frame = if outcomes.conventions.definition == Definition::Grid && gap.follows_grid() {
        Frame::on_grid(outcomes, joint)
    } else {
        Frame::new(outcomes, joint)
    };
    let strata: Vec<Stratum> = entered.iter().map(|&(sample, size)| Stratum::new(&frame, sample, size)).collect();
    let with_rest = !finding.against_rest.is_empty();
    let observed_masses: Vec<Vec<f64>> = strata.iter().map(|stratum| stratum.mass.clone()).collect();
    let observed = summarise(gap, &frame, &observed_masses, with_rest);
    if plan.replicates > 0 {
        let replicates = resample::replicate(plan.replicates, plan.seed, Purpose::Bootstrap, |rng| {
            let mut masses = vec![vec![0.0; frame.cells()]; strata.len()];
            for (stratum, mass) in strata.iter().zip(&mut masses) {
                stratum.draw(rng, mass);
            }
            summarise(gap, &frame, &masses, with_rest)
        });
        let interval = |position: usize, exact: Option<f64>| {
            let shift = match (exact, observed[position]) {
                (Some(exact), Some(framed)) if frame.coarse => exact - framed,
                _ => 0.0,
            };
            let values = replicates.iter().filter_map(|values| values[position]).map(|value| (value + shift).max(0.0)).collect();
            resample::interval(values, plan.level, "bootstrap")
        };
        finding.estimate = resample::with_interval(finding.estimate.clone(), interval(0, finding.estimate.number()));
        for (position, comparison) in finding.against_rest.iter_mut().enumerate() {
            let made = interval(position + 1, comparison.estimate.number());
            comparison.estimate = resample::with_interval(comparison.estimate.clone(), made);
        }
    }
    if plan.permutations > 0
        && let Some(observed) = observed[0]
    {
        let permuter = Permuter::new(&strata);
        let extreme = resample::replicate(plan.permutations, plan.seed, Purpose::Permutation, |rng| {
            let masses = permuter.draw(rng, frame.cells());
            summarise(gap, &frame, &masses, false)[0].is_some_and(|value| value >= observed * (1.0 - 1e-12))
        });
        finding.p_value = Some(resample::p_value(extreme.into_iter().filter(|&is| is).count(), plan.permutations));
    }
}

/// The largest pair, then each group against the rest.
fn summarise(gap: &dyn ScoreGap, frame: &Frame, masses: &[Vec<f64>], with_rest: bool) -> Vec<Option<f64>> {
    let mut largest: Option<f64> = None;
    for first in 0..masses.len() {
        for second in first + 1..masses.len() {
            let value = gap.framed(frame, &masses[first], &masses[second]);
            largest = match (largest, value) {
                (Some(best), Some(value)) => Some(best.max(value)),
                (best, value) => best.or(value),
            };
        }
    }
    let mut values = vec![largest];
    if with_rest {
        let mut total = vec![0.0; frame.cells()];
        for mass in masses {
            total.iter_mut().zip(mass).for_each(|(sum, mass)| *sum += mass);
        }
        for mass in masses {
            // What rounding leaves of an empty cell is not mass.
            let rest: Vec<f64> = total.iter().zip(mass).map(|(total, mass)| (total - mass).max(0.0)).collect();
            values.push(gap.framed(frame, mass, &rest));
        }
    }
    values
}

/// Deals the rows of all groups out to the groups at random, group sizes kept.
#[derive(Debug)]
struct Permuter {
    rows: Vec<(u32, f64)>,
    sizes: Vec<usize>,
    mass: Vec<f64>,
    deviation: Vec<f64>,
}

impl Permuter {
    fn new(strata: &[Stratum]) -> Self {
        let sizes: Vec<usize> = strata.iter().map(|stratum| stratum.size).collect();
        let cells = strata.first().map_or(0, |stratum| stratum.mass.len());
        let (mut mass, mut squares) = (vec![0.0; cells], vec![0.0; cells]);
        for stratum in strata {
            mass.iter_mut().zip(&stratum.mass).for_each(|(sum, more)| *sum += more);
            squares.iter_mut().zip(&stratum.deviation).for_each(|(sum, more)| *sum += more * more);
        }
        let small = sizes.iter().sum::<usize>() <= DIRECT && strata.iter().all(|stratum| stratum.rows.len() == stratum.size);
        let rows = if small { strata.iter().flat_map(|stratum| stratum.rows.iter().copied()).collect() } else { Vec::new() };
        Permuter { rows, sizes, mass, deviation: squares.into_iter().map(f64::sqrt).collect() }
    }

    fn draw(&self, rng: &mut impl Rng, cells: usize) -> Vec<Vec<f64>> {
        let mut masses = vec![vec![0.0; cells]; self.sizes.len()];
        if self.rows.is_empty() {
            let total = self.sizes.iter().sum::<usize>() as f64;
            let shares: Vec<f64> = self.sizes.iter().map(|&size| size as f64 / total).collect();
            let mut normals = vec![0.0; shares.len()];
            for cell in 0..cells {
                if self.mass[cell] == 0.0 {
                    continue;
                }
                // Covariance diag(share) - share share': what one group gets the others do not.
                let mut sum = 0.0;
                for (normal, share) in normals.iter_mut().zip(&shares) {
                    let drawn: f64 = StandardNormal.sample(rng);
                    *normal = share.sqrt() * drawn;
                    sum += *normal;
                }
                for ((mass, normal), share) in masses.iter_mut().zip(&normals).zip(&shares) {
                    mass[cell] = (share * self.mass[cell] + self.deviation[cell] * (normal - share * sum)).max(0.0);
                }
            }
        } else {
            let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
            let mut position = 0;
            for (group, &size) in self.sizes.iter().enumerate() {
                for _ in 0..size {
                    // The next row of a random order, one step of the shuffle at a time.
                    let other = rng.random_range(position..order.len());
                    order.swap(position, other);
                    let (cell, weight) = self.rows[order[position] as usize];
                    masses[group][cell as usize] += weight;
                    position += 1;
                }
            }
        }
        masses
    }
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

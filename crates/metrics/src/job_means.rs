//! Means over jobs: how the numbers of single rankings become one finding.
//!
//! **Mean.** A job in which a number does not exist is left out and listed with the reason. A job in which it is *infinite* (a group with
//! a wanted share has nobody among the first k: skew is minus infinity) may not be left out, for it is the most uneven one: the mean
//! is then `Undefined`, and the reason says in how many jobs that was and what the mean of the others is.
//!
//! **Gaps.** A difference or ratio between two groups is that of their means over the jobs in which both have candidates, so that jobs
//! of different length or pool weigh on both sides alike. The summary is that of the pair of groups where it is largest. Gaps of
//! single jobs are not averaged: the gap of a short list is never 0, so that their mean would show a gap between groups that
//! chance treats alike. Within a job gaps of opposite sign cancel over jobs; what every single list looks like is said by NDKL,
//! skew and infeasible index. Every pair has jobs of its own, so that the work grows with the square of the groups: above [`GROUPS`] of
//! them the gap is `Undefined`, and the means of the groups stand without intervals.
//!
//! **Intervals.** Jobs are resampled with replacement, each with all its candidates, as candidates of one job are not independent.
//! Above [`UNITS`] jobs, the jobs are dealt by the seed into that many units of equal size and the units are resampled: the sum over a unit
//! is a sum over independent jobs, so that the variance of the mean is the same, estimated with [`UNITS`] - 1 degrees of
//! freedom. Means have percentile intervals; the largest gap, which is never negative, has that of its pairs' errors ([`crate::largest`]). With a single job there is nothing to resample; the finding says so.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::rankings::{Job, Rankings};
use crate::resample::{self, Purpose};
use crate::{Estimate, Finding, GroupFinding, Interval, IntervalPlan, gaps, largest};

/// Units that are resampled, at most.
const UNITS: usize = 4096;
/// Groups whose pairs are compared, at most.
const GROUPS: usize = 50;
const METHOD: &str = "bootstrap";
/// The stream of the seed that deals jobs into units; replicates use those from 0 upwards.
const DEAL: u64 = u64::MAX;
/// Jobs that one thread takes at a time.
const AT_ONCE: usize = 64;

/// Why a job does not have the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Missing {
    /// It does not exist.
    Undefined(&'static str),
    /// It is infinite: the worst value there is.
    Infinite(&'static str),
}

/// The number of one job.
pub(crate) type Value = Result<f64, Missing>;

pub(crate) const NO_CANDIDATES: Missing = Missing::Undefined("no candidates of the group");
pub(crate) const NO_WANTED: Missing = Missing::Undefined("no wanted shares were given");
pub(crate) const NOBODY_KNOWN: Missing = Missing::Undefined("nobody of known group among the first k");

/// A number of every group of a job: one slot per group in the order of the levels, and a last one for all candidates together.
pub(crate) type OfGroups = fn(&Job, &mut [Value]);

/// How the means of two groups are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Larger minus smaller mean.
    Difference,
    /// Smaller over larger mean.
    Ratio,
}

/// The mean over jobs of one number per job.
pub(crate) fn of_jobs(
    id: &str,
    rankings: &Rankings,
    k: Option<usize>,
    plan: Option<&IntervalPlan>,
    number: impl Fn(&Job) -> Value + Sync,
) -> Finding {
    let values = values(rankings, k, 1, |job, slots| slots[0] = number(job));
    let mut finding = Finding::new(id);
    let column = Column::new(&values, 1, 0);
    finding.left_out = left_out(rankings);
    finding.n = column.jobs;
    finding.estimate = column.estimate();
    finding.left_out.extend(column.left_out());
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0 && column.is_defined()) {
        if column.jobs < 2 {
            finding.left_out.push(no_interval("interval"));
        } else {
            let units = Units::new(rankings.jobs(), 2, plan, |job, sums| add(&values[job], sums));
            let interval = units.intervals(plan, 1, |sums, numbers| numbers[0] = mean(sums)).pop().flatten();
            finding.estimate = resample::with_interval(finding.estimate, interval);
        }
    }
    finding
}

/// The mean over jobs of a number of every group; the summary is that of the last slot.
pub(crate) fn by_group(id: &str, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>, of_groups: OfGroups) -> Finding {
    let groups = Groups::new(rankings, k, of_groups);
    let mut finding = Finding::new(id);
    let overall = Column::new(&groups.values, groups.width, groups.width - 1);
    finding.n = overall.jobs;
    finding.estimate = overall.estimate();
    finding.left_out = left_out(rankings);
    finding.left_out.extend(overall.left_out());
    finding.left_out.extend(groups.left_out(rankings));
    finding.by_group = groups.findings(rankings);
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0 && (overall.is_defined() || !finding.by_group.is_empty())) {
        let slots: Vec<usize> = groups.present.iter().copied().chain([groups.width - 1]).collect();
        let units = Units::new(rankings.jobs(), 2 * slots.len(), plan, |job, sums| {
            let values = groups.of(job);
            sums.chunks_exact_mut(2).zip(&slots).for_each(|(sums, &slot)| add(&values[slot], sums));
        });
        let mut intervals = units.intervals(plan, slots.len(), |sums, numbers| {
            numbers.iter_mut().zip(sums.chunks_exact(2)).for_each(|(number, sums)| *number = mean(sums));
        });
        let interval = intervals.pop().flatten();
        if overall.is_defined() {
            settle(&mut finding.estimate, overall.jobs, interval, "interval", &mut finding.left_out);
        }
        groups.settle(&mut finding, intervals, rankings);
    }
    finding
}

/// The gap between the means of groups, over the jobs in which both have the number.
pub(crate) fn gap(
    id: &str,
    shape: Shape,
    rankings: &Rankings,
    k: Option<usize>,
    plan: Option<&IntervalPlan>,
    of_groups: OfGroups,
) -> Finding {
    let groups = Groups::new(rankings, k, of_groups);
    let mut finding = Finding::new(id);
    finding.left_out = left_out(rankings);
    finding.left_out.extend(groups.left_out(rankings));
    finding.by_group = groups.findings(rankings);
    let minimum = rankings.least_jobs();
    let mut entered = Vec::new();
    for (group, &slot) in finding.by_group.iter().zip(&groups.present) {
        if group.n >= minimum {
            entered.push(slot);
        } else if group.n > 0 {
            finding.left_out.push((group.group.clone(), format!("in {} jobs, fewer than the minimum of {minimum}", group.n)));
        }
    }
    if entered.len() > GROUPS {
        finding.estimate = Estimate::undefined(format!(
            "a disparity compares every pair of groups and {} can enter, more than {GROUPS}; join groups, or raise the smallest number of \
             jobs a group must be in",
            entered.len()
        ));
        return finding;
    }
    let pairs: Vec<(usize, usize)> =
        entered.iter().enumerate().flat_map(|(position, &a)| entered[position + 1..].iter().map(move |&b| (a, b))).collect();
    if pairs.is_empty() {
        finding.estimate =
            Estimate::undefined(format!("a disparity needs two groups and {} can enter", ["none", "one"][entered.len().min(1)]));
        return finding;
    }
    let add_pairs = |job: usize, sums: &mut [f64]| {
        let values = groups.of(job);
        for (sums, &(a, b)) in sums.chunks_exact_mut(3).zip(&pairs) {
            if let (Ok(a), Ok(b)) = (values[a], values[b]) {
                sums[0] += a;
                sums[1] += b;
                sums[2] += 1.0;
            }
        }
    };
    let mut sums = vec![0.0; 3 * pairs.len()];
    (0..rankings.jobs()).for_each(|job| add_pairs(job, &mut sums));
    let Some(largest) = shape.largest(&sums) else {
        finding.estimate = Estimate::undefined(match shape {
            _ if sums.chunks_exact(3).all(|sums| sums[2] == 0.0) => "no job has candidates of two groups",
            Shape::Difference => "no pair of groups has the number",
            Shape::Ratio => "the highest mean is 0",
        });
        return finding;
    };
    let (a, b) = pairs[largest.pair];
    let name = |slot: usize| rankings.groups().levels()[slot].clone();
    // As elsewhere: a difference names the higher group first, a ratio the lower one, which stands above the line.
    finding.largest_pair =
        Some(if largest.first_is_higher == (shape == Shape::Difference) { (name(a), name(b)) } else { (name(b), name(a)) });
    finding.n = sums[3 * largest.pair + 2] as usize;
    finding.estimate = Estimate::value(largest.value);
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0) {
        let of_pairs = 3 * pairs.len();
        let units = Units::new(rankings.jobs(), of_pairs + 2 * groups.present.len(), plan, |job, sums| {
            let (pairs, singles) = sums.split_at_mut(of_pairs);
            add_pairs(job, pairs);
            let values = groups.of(job);
            singles.chunks_exact_mut(2).zip(&groups.present).for_each(|(sums, &slot)| add(&values[slot], sums));
        });
        let singles = groups.present.len();
        let drawn = units.draw(plan, singles + pairs.len(), |sums, numbers| {
            let (of_pairs, of_singles) = sums.split_at(of_pairs);
            numbers.iter_mut().zip(of_singles.chunks_exact(2)).for_each(|(number, sums)| *number = mean(sums));
            numbers[singles..].iter_mut().zip(of_pairs.chunks_exact(3)).for_each(|(number, sums)| *number = shape.signed(sums));
        });
        let observed: Vec<f64> = sums.chunks_exact(3).map(|sums| shape.signed(sums).unwrap_or(f64::NAN)).collect();
        let interval = shape.interval(&observed, &drawn, singles, units.count(), plan);
        if interval.is_none() && finding.n > 1 && largest.value == 0.0 && shape == Shape::Ratio {
            let why = "a mean is 0 in every draw of jobs, which says nothing of how far the ratio is off";
            finding.left_out.push(("interval".to_owned(), why.to_owned()));
        }
        settle(&mut finding.estimate, finding.n, interval, "interval", &mut finding.left_out);
        let intervals = (0..singles).map(|single| percentiles(&drawn, single, plan.level)).collect();
        groups.settle(&mut finding, intervals, rankings);
    }
    finding
}

/// The pair with the largest gap.
struct Largest {
    pair: usize,
    value: f64,
    first_is_higher: bool,
}

impl Shape {
    /// Of sums (first group, second group, jobs) pair after pair; of equal gaps the first.
    fn largest(self, sums: &[f64]) -> Option<Largest> {
        let mut found: Option<Largest> = None;
        for (pair, sums) in sums.chunks_exact(3).enumerate().filter(|(_, sums)| sums[2] > 0.0) {
            let (low, high) = (sums[0].min(sums[1]), sums[0].max(sums[1]));
            let value = match self {
                Shape::Difference => (high - low) / sums[2],
                Shape::Ratio if high > 0.0 => low / high,
                Shape::Ratio => continue,
            };
            let larger = |than: &Largest| if self == Shape::Difference { value > than.value } else { value < than.value };
            if found.as_ref().is_none_or(larger) {
                found = Some(Largest { pair, value, first_is_higher: sums[0] >= sums[1] });
            }
        }
        found
    }
}

impl Shape {
    /// The first mean less the second, or the logarithm of their ratio, which is infinite where one of them is 0.
    fn signed(self, sums: &[f64]) -> Option<f64> {
        let gap = match self {
            Shape::Difference => (sums[0] - sums[1]) / sums[2],
            Shape::Ratio => (sums[0] / sums[1]).ln(),
        };
        (!gap.is_nan()).then_some(gap)
    }

    /// The interval of the largest gap from how far those of all pairs are off; the gaps of a draw begin at `first`. A ratio of 0 is 0 in every draw, which says
    /// nothing of how far it is off, so that it has none.
    fn interval(self, observed: &[f64], drawn: &[Vec<Option<f64>>], first: usize, units: usize, plan: &IntervalPlan) -> Option<Interval> {
        if observed.iter().any(|gap| gap.is_infinite()) {
            return None;
        }
        let units = units as f64;
        let scale = (units / (units - 1.0)).sqrt();
        let error = |(drawn, observed): (&Option<f64>, &f64)| drawn.map_or(f32::NAN, |drawn| (scale * (drawn - observed)) as f32);
        let mut errors: Vec<f32> = drawn.iter().flat_map(|numbers| numbers[first..].iter().zip(observed).map(error)).collect();
        // A draw in which a mean is 0 is at least as far off as any other.
        let farthest = errors.iter().filter(|error| error.is_finite()).fold(0.0_f32, |most, error| most.max(error.abs()));
        for error in errors.iter_mut().filter(|error| error.is_infinite()) {
            *error = farthest.copysign(*error);
        }
        let (low, high) = largest::of_signed(observed, &errors, plan.level).map(|(low, high)| (low.max(0.0), high))?;
        let (low, high) = if self == Shape::Difference { (low, high) } else { ((-high).exp(), (-low).exp()) };
        Some(Interval { low, high, level: plan.level, method: gaps::METHOD.to_owned(), replicates: drawn.len() })
    }
}

/// The numbers of every group in every job.
struct Groups {
    values: Vec<Value>,
    width: usize,
    /// Groups with candidates in any job.
    present: Vec<usize>,
}

impl Groups {
    fn new(rankings: &Rankings, k: Option<usize>, of_groups: OfGroups) -> Self {
        let width = rankings.groups().levels().len() + 1;
        let values = values(rankings, k, width, of_groups);
        let sizes = rankings.groups().sizes();
        Groups { values, width, present: (0..width - 1).filter(|&group| sizes[group] > 0).collect() }
    }

    fn of(&self, job: usize) -> &[Value] {
        &self.values[job * self.width..(job + 1) * self.width]
    }

    fn column(&self, slot: usize) -> Column {
        Column::new(&self.values, self.width, slot)
    }

    fn findings(&self, rankings: &Rankings) -> Vec<GroupFinding> {
        let finding = |&slot: &usize| {
            let column = self.column(slot);
            GroupFinding { group: rankings.groups().levels()[slot].clone(), n: column.jobs, estimate: column.estimate() }
        };
        self.present.iter().map(finding).collect()
    }

    /// Groups whose number is missing in some jobs.
    fn left_out(&self, rankings: &Rankings) -> Vec<(String, String)> {
        let line = |slot: usize| {
            let column = self.column(slot);
            let name = &rankings.groups().levels()[slot];
            let lines = if column.jobs == 0 { Vec::new() } else { column.left_out() };
            lines.into_iter().map(|(jobs, reason)| (name.clone(), format!("{reason} in {jobs}"))).collect::<Vec<_>>()
        };
        self.present.iter().flat_map(|&slot| line(slot)).collect()
    }

    /// Puts the intervals to the groups of a finding.
    fn settle(&self, finding: &mut Finding, intervals: Vec<Option<Interval>>, rankings: &Rankings) {
        for ((group, interval), &slot) in finding.by_group.iter_mut().zip(intervals).zip(&self.present) {
            if group.estimate.number().is_some() {
                let name = format!("interval of {}", rankings.groups().levels()[slot]);
                settle(&mut group.estimate, group.n, interval, &name, &mut finding.left_out);
            }
        }
    }
}

fn settle(estimate: &mut Estimate, jobs: usize, interval: Option<Interval>, name: &str, left_out: &mut Vec<(String, String)>) {
    if jobs < 2 {
        left_out.push(no_interval(name));
    } else {
        *estimate = resample::with_interval(estimate.clone(), interval);
    }
}

fn no_interval(name: &str) -> (String, String) {
    (name.to_owned(), "it rests on a single job, and an interval needs several to resample".to_owned())
}

/// The numbers of every job, `width` a job.
fn values(rankings: &Rankings, k: Option<usize>, width: usize, fill: impl Fn(&Job, &mut [Value]) + Sync) -> Vec<Value> {
    let mut values = vec![Err(NO_CANDIDATES); width * rankings.jobs()];
    values.par_chunks_mut(width).enumerate().with_min_len(AT_ONCE).for_each(|(job, slots)| fill(&rankings.job(job, k), slots));
    values
}

fn add(value: &Value, sums: &mut [f64]) {
    if let Ok(value) = value {
        sums[0] += value;
        sums[1] += 1.0;
    }
}

fn mean(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0).then(|| sums[0] / sums[1])
}

/// Groups without candidates, and the candidates without a group.
fn left_out(rankings: &Rankings) -> Vec<(String, String)> {
    let groups = rankings.groups();
    let empty = groups.levels().iter().zip(groups.sizes()).filter(|(_, size)| *size == 0);
    let mut lines: Vec<_> = empty.map(|(level, _)| (level.clone(), "the group has no candidates".to_owned())).collect();
    let unknown = groups.unknown_count();
    if unknown > 0 {
        lines.push(("unknown".to_owned(), format!("{unknown} candidates whose group is not known")));
    }
    lines
}

/// One slot over all jobs.
struct Column {
    sum: f64,
    /// Jobs that have the number.
    jobs: usize,
    total: usize,
    missing: BTreeMap<Missing, usize>,
}

impl Column {
    fn new(values: &[Value], width: usize, slot: usize) -> Self {
        let mut column = Column { sum: 0.0, jobs: 0, total: values.len() / width, missing: BTreeMap::new() };
        for value in values.iter().skip(slot).step_by(width) {
            match value {
                Ok(value) => {
                    column.sum += value;
                    column.jobs += 1;
                }
                Err(missing) => *column.missing.entry(*missing).or_default() += 1,
            }
        }
        column
    }

    fn infinite(&self) -> Option<(&'static str, usize)> {
        self.missing.iter().find_map(|(missing, jobs)| match missing {
            Missing::Infinite(reason) => Some((*reason, *jobs)),
            Missing::Undefined(_) => None,
        })
    }

    fn is_defined(&self) -> bool {
        self.jobs > 0 && self.infinite().is_none()
    }

    fn estimate(&self) -> Estimate {
        let mean = self.sum / self.jobs as f64;
        match self.infinite() {
            Some((reason, jobs)) if self.jobs == 0 => Estimate::undefined(format!("{reason}: infinite in {}", share(jobs, self.total))),
            Some((reason, jobs)) => {
                let others = match self.jobs {
                    1 => "in the one other job that has the number".to_owned(),
                    others => format!("over the {others} other jobs that have the number"),
                };
                Estimate::undefined(format!(
                    "{reason}: infinite in {}, and so is the mean; {others} it is {mean:.4}",
                    share(jobs, self.total)
                ))
            }
            None if self.jobs > 0 => Estimate::value(mean),
            None => {
                let most = self.missing.iter().max_by_key(|(_, jobs)| **jobs);
                Estimate::undefined(most.map_or("there are no jobs", |(missing, _)| missing.reason()))
            }
        }
    }

    /// Jobs without the number, by reason; none where every job lacks it for the same one, as the estimate says that.
    fn left_out(&self) -> Vec<(String, String)> {
        if self.jobs == 0 && self.missing.len() < 2 {
            return Vec::new();
        }
        self.missing.iter().map(|(missing, jobs)| (share(*jobs, self.total), missing.reason().to_owned())).collect()
    }
}

impl Missing {
    fn reason(self) -> &'static str {
        match self {
            Missing::Undefined(reason) | Missing::Infinite(reason) => reason,
        }
    }
}

fn share(jobs: usize, total: usize) -> String {
    format!("{jobs} of {total} jobs")
}

/// Sums over units of jobs, `width` a unit.
struct Units {
    width: usize,
    sums: Vec<f64>,
}

impl Units {
    fn new(jobs: usize, width: usize, plan: &IntervalPlan, add: impl Fn(usize, &mut [f64])) -> Self {
        let count = jobs.min(UNITS);
        let mut sums = vec![0.0; count * width];
        for (position, job) in deal(jobs, plan.seed).into_iter().enumerate() {
            let unit = position % count;
            add(job as usize, &mut sums[unit * width..(unit + 1) * width]);
        }
        Units { width, sums }
    }

    fn count(&self) -> usize {
        self.sums.len() / self.width
    }

    /// Several numbers made of the sums, replicate by replicate.
    fn draw(&self, plan: &IntervalPlan, numbers: usize, statistic: impl Fn(&[f64], &mut [Option<f64>]) + Sync) -> Vec<Vec<Option<f64>>> {
        let units = self.count();
        resample::replicate(plan.replicates, plan.seed, Purpose::Bootstrap, |rng| {
            let mut times = vec![0_u32; units];
            (0..units).for_each(|_| times[rng.random_range(0..units)] += 1);
            let mut sums = vec![0.0; self.width];
            for (&times, unit) in times.iter().zip(self.sums.chunks_exact(self.width)).filter(|(times, _)| **times > 0) {
                let times = f64::from(times);
                sums.iter_mut().zip(unit).for_each(|(sum, value)| *sum += times * value);
            }
            let mut found = vec![None; numbers];
            statistic(&sums, &mut found);
            found
        })
    }

    /// Percentile intervals of several numbers made of the sums.
    fn intervals(
        &self,
        plan: &IntervalPlan,
        numbers: usize,
        statistic: impl Fn(&[f64], &mut [Option<f64>]) + Sync,
    ) -> Vec<Option<Interval>> {
        let drawn = self.draw(plan, numbers, statistic);
        (0..numbers).map(|number| percentiles(&drawn, number, plan.level)).collect()
    }
}

fn percentiles(drawn: &[Vec<Option<f64>>], number: usize, level: f64) -> Option<Interval> {
    resample::interval(drawn.iter().filter_map(|found| found[number]).collect(), level, METHOD)
}

/// The jobs in the order in which they are dealt into units: as they stand, or shuffled where a unit holds several.
fn deal(jobs: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..jobs as u32).collect();
    if jobs > UNITS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(DEAL);
        for end in (1..jobs).rev() {
            order.swap(end, rng.random_range(0..=end));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: Missing = Missing::Undefined("gone");
    const ENDLESS: Missing = Missing::Infinite("endless");

    #[test]
    fn a_job_without_the_number_is_left_out_and_an_infinite_one_is_not() {
        let column = Column::new(&[Ok(1.0), Err(GONE), Ok(4.0)], 1, 0);
        assert_eq!(column.estimate().number(), Some(2.5));
        assert_eq!(column.left_out(), [("1 of 3 jobs".to_owned(), "gone".to_owned())]);
        let column = Column::new(&[Ok(1.0), Err(ENDLESS), Err(GONE), Ok(4.0)], 1, 0);
        let reason = "endless: infinite in 1 of 4 jobs, and so is the mean; over the 2 other jobs that have the number it is 2.5000";
        assert_eq!(column.estimate().reason(), Some(reason));
        let column = Column::new(&[Ok(2.5), Err(ENDLESS)], 1, 0);
        let reason = "endless: infinite in 1 of 2 jobs, and so is the mean; in the one other job that has the number it is 2.5000";
        assert_eq!(column.estimate().reason(), Some(reason));
        let column = Column::new(&[Err(GONE), Err(GONE)], 1, 0);
        assert_eq!((column.estimate().reason(), column.left_out()), (Some("gone"), Vec::new()));
    }

    #[test]
    fn the_largest_pair_is_found_by_difference_and_by_ratio() {
        // Means over 2 jobs: 4 against 3, 1 against 0.5, 0 against 0; the last pair shares no job.
        let sums = [8.0, 6.0, 2.0, 1.0, 2.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0];
        let found = Shape::Difference.largest(&sums).unwrap();
        assert_eq!((found.pair, found.value, found.first_is_higher), (0, 1.0, true));
        let found = Shape::Ratio.largest(&sums).unwrap();
        assert_eq!((found.pair, found.value, found.first_is_higher), (1, 0.5, false));
        assert!(Shape::Ratio.largest(&sums[6..]).is_none());
    }

    #[test]
    fn jobs_are_dealt_evenly_and_each_once() {
        let order = deal(10_000, 3);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10_000).collect::<Vec<u32>>());
        assert_ne!(order, sorted);
        assert_eq!(deal(4, 3), [0, 1, 2, 3]);
        assert_ne!(order, deal(10_000, 4));
    }

    /// The bootstrap's standard deviation of a mean is that of the numbers over sqrt(jobs), with units of one job and of several.
    #[test]
    fn units_of_several_jobs_give_the_width_of_single_ones() {
        for jobs in [2_000, 40_000] {
            let numbers: Vec<f64> = (0..jobs).map(|job| f64::from(job * 7919 % 1000) / 1000.0).collect();
            let plan = IntervalPlan { replicates: 4000, ..IntervalPlan::default() };
            let units = Units::new(numbers.len(), 2, &plan, |job, sums| add(&Ok(numbers[job]), sums));
            let interval = units.intervals(&plan, 1, |sums, found| found[0] = mean(sums)).remove(0).unwrap();
            let expected = 2.0 * 1.96 * (1.0_f64 / 12.0).sqrt() / f64::from(jobs).sqrt();
            assert!(((interval.high - interval.low) / expected - 1.0).abs() < 0.07, "{jobs}: {interval:?} against {expected}");
        }
    }
}

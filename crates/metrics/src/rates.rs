//! Metrics made of the four counts of each group: rates, their differences and ratios, and their intervals.
//!
//! **Intervals** of rates, their differences and ratios follow from Wilson's limits of each group's rate, without resampling ([`limits`]). Of other statistics
//! of the counts (F1, balanced accuracy, shares of the selected) they come from resampled count tables: the rows of a group are resampled with replacement,
//! which draws its four cells from one multinomial distribution, so that a replicate costs the same for a hundred rows and for a billion. Groups are
//! resampled apart (stratified): none can vanish. With weights the weight of m rows drawn from a cell is m times the cell's mean weight, plus
//! sqrt(m) times its standard deviation times a standard normal draw, kept within 0 and m times its largest weight; this is
//! exact when the rows of a cell weigh the same.
//!
//! **p-values** and what parity would give by chance: [`chance`].

mod chance;
mod limits;

use evenhand_rows::roles::spelled;
use rand::Rng;
use rand_distr::{Binomial, Distribution, StandardNormal};

use crate::counts::{CELLS, Cell, Confusion, GroupCounts};
use crate::proportions::Proportion;
use crate::resample::{self, IntervalPlan, Purpose};
use crate::{Comparison, Convention, Conventions, Estimate, Finding, GroupFinding, Interval, Outcomes};

pub(crate) const NO_LABELS: &str = "no labels were given";

/// A rate as numerator and denominator, so that ratios of rates are formed without rounding the rates first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quotient {
    over: f64,
    under: f64,
}

impl Quotient {
    fn value(self) -> f64 {
        self.over / self.under
    }

    /// `self / other`; of counts it is the correctly rounded ratio, so that 64/100 over 80/100 is 0.8.
    fn ratio_to(self, other: Quotient) -> f64 {
        (self.over * other.under) / (self.under * other.over)
    }
}

/// A rate within one group.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Numerator and denominator.
    pub(crate) of: fn(&Confusion) -> (f64, f64),
    /// Cells of the rows that it counts, and of those that it could have counted.
    pub(crate) cells: [&'static [usize]; 2],
    /// Its number among the rates.
    pub(crate) place: usize,
    /// Why it does not exist when the denominator is 0.
    pub(crate) missing: &'static str,
    /// Whether it reads the truth.
    pub(crate) needs_labels: bool,
}

impl Rate {
    fn quotient(&self, confusion: &Confusion) -> Option<Quotient> {
        let (over, under) = (self.of)(confusion);
        (under > 0.0).then_some(Quotient { over, under })
    }
}

/// How many rates there are.
pub(crate) const RATES: usize = 5;

/// Share of the selected.
pub(crate) const SELECTION: Rate = Rate {
    of: |counts| (counts.selected(), counts.total()),
    cells: [&[2, 3], &[0, 1]],
    place: 0,
    missing: "no rows with a positive weight",
    needs_labels: false,
};
/// Share of the selected among the positives.
pub(crate) const TRUE_POSITIVE: Rate = Rate {
    of: |counts| (counts.true_positives, counts.positives()),
    cells: [&[3], &[1]],
    place: 1,
    missing: "no positive labels",
    needs_labels: true,
};
/// Share of the selected among the negatives.
pub(crate) const FALSE_POSITIVE: Rate = Rate {
    of: |counts| (counts.false_positives, counts.negatives()),
    cells: [&[2], &[0]],
    place: 2,
    missing: "no negative labels",
    needs_labels: true,
};
/// Share of the decisions that agree with the truth.
pub(crate) const ACCURACY: Rate = Rate {
    of: |counts| (counts.true_positives + counts.true_negatives, counts.total()),
    cells: [&[0, 3], &[1, 2]],
    place: 3,
    missing: "no rows with a positive weight",
    needs_labels: true,
};
/// Share of the positives among the selected.
pub(crate) const PRECISION: Rate = Rate {
    of: |counts| (counts.true_positives, counts.selected()),
    cells: [&[3], &[2]],
    place: 4,
    missing: "nobody selected",
    needs_labels: true,
};

/// A finding of a statistic of the counts: overall (all rows) and in each group, with intervals.
///
/// `base` gives the part of a count table that the statistic rests on.
pub(crate) fn by_counts(
    id: &str,
    needs_labels: bool,
    statistic: impl Fn(&Confusion) -> Result<f64, &'static str>,
    base: impl Fn(&Confusion) -> f64,
    outcomes: &Outcomes,
    plan: Option<&IntervalPlan>,
) -> Finding {
    let mut finding = Finding::new(id);
    let selection = outcomes.selection();
    finding.left_out = selection.left_out;
    if needs_labels && !outcomes.has_labels() {
        finding.estimate = Estimate::undefined(NO_LABELS);
        return finding;
    }
    let counts = outcomes.counts();
    let overall = sum(counts.iter().map(GroupCounts::confusion));
    finding.n = base(&sum(counts.iter().map(GroupCounts::row_confusion))) as usize;
    let estimate = |confusion: &Confusion| statistic(confusion).map_or_else(Estimate::undefined, Estimate::value);
    finding.estimate = estimate(&overall);
    finding.by_group = selection
        .present
        .iter()
        .map(|&code| {
            let group = &counts[code as usize];
            GroupFinding {
                group: outcomes.groups.level(code).to_owned(),
                n: base(&group.row_confusion()) as usize,
                estimate: estimate(&group.confusion()),
            }
        })
        .collect();
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0) {
        let tables = outcomes.tables(plan);
        let number = |confusion: &Confusion| statistic(confusion).unwrap_or(f64::NAN);
        let overall = tables.iter().map(|table| number(&sum(table.iter().copied()))).filter(|number| !number.is_nan()).collect();
        finding.estimate = resample::with_interval(finding.estimate, resample::interval(overall, plan.level, METHOD));
        let numbers = by_group(&tables, selection.present.len(), |table, group| number(&table[selection.present[group] as usize]));
        for (group, values) in finding.by_group.iter_mut().zip(numbers) {
            group.estimate = resample::with_interval(group.estimate.clone(), resample::interval(values, plan.level, METHOD));
        }
    }
    finding
}

pub(crate) const METHOD: &str = "count-resampling";

/// For each group its number in every table where it exists, one group after the other; NaN for none.
fn by_group(
    tables: &[Vec<Confusion>],
    groups: usize,
    mut number: impl FnMut(&[Confusion], usize) -> f64,
) -> impl Iterator<Item = Vec<f64>> {
    let mut numbers = vec![f64::NAN; groups * tables.len()];
    // Table after table, as they lie in memory.
    for (replicate, table) in tables.iter().enumerate() {
        for group in 0..groups {
            numbers[group * tables.len() + replicate] = number(table, group);
        }
    }
    let count = tables.len();
    (0..groups).map(move |group| numbers[group * count..(group + 1) * count].iter().copied().filter(|number| !number.is_nan()).collect())
}

/// A finding of a rate, overall and in each group, with Wilson's intervals.
pub(crate) fn rate(id: &str, rate: &Rate, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
    let statistic = |counts: &Confusion| rate.quotient(counts).map(Quotient::value).ok_or(rate.missing);
    let base = |counts: &Confusion| (rate.of)(counts).1;
    let mut finding = by_counts(id, rate.needs_labels, statistic, base, outcomes, None);
    if let Some(plan) = plan.filter(|plan| plan.replicates > 0) {
        let counts = outcomes.counts();
        let mut all = GroupCounts::default();
        for group in counts {
            all.add(group);
        }
        finding.estimate = resample::with_interval(finding.estimate, wilson(limits::of_rate(rate, &all, plan.level), plan.level));
        add_rates(&mut finding, rate, outcomes, plan.level);
    }
    finding
}

/// Each group's selection rate over the highest; the summary is the smallest ratio.
pub(crate) fn impact_ratio(id: &'static str, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
    let ours =
        outcomes.clone().conventions(Conventions { convention: Convention::Evenhand, privileged: None, ..outcomes.conventions.clone() });
    let mut finding = Disparity { id, rates: &[&SELECTION], shape: Shape::Ratio }.measure(&ours, plan);
    let selection = ours.selection();
    let quotient = |code: u32| SELECTION.quotient(&ours.counts()[code as usize].confusion());
    let rated = selection.entered.iter().filter_map(|&code| quotient(code).map(|quotient| (code, quotient)));
    let highest = rated.reduce(|best, other| if other.1.value() > best.1.value() { other } else { best });
    for (group, &code) in finding.by_group.iter_mut().zip(&selection.present) {
        group.estimate = match (quotient(code), highest) {
            _ if !selection.entered.contains(&code) => Estimate::undefined("the group is not compared"),
            (None, _) => Estimate::undefined(SELECTION.missing),
            (_, None) => Estimate::undefined("no group can enter"),
            (_, Some((_, highest))) if highest.over == 0.0 => Estimate::undefined("the highest rate is 0"),
            (Some(own), Some((reference, highest))) => {
                let value = Estimate::value(own.ratio_to(highest));
                let sides = [code, reference].map(|code| limits::proportion(&SELECTION, &ours.counts()[code as usize]));
                let interval = plan.filter(|plan| plan.replicates > 0 && code != reference).and_then(|plan| {
                    let ends = crate::proportions::ratio(sides[0]?, sides[1]?, plan.level);
                    closed(ends, plan.level, "newcombe-log")
                });
                resample::with_interval(value, interval)
            }
        };
    }
    finding
}

/// Adds Wilson's interval to the rate of every group.
fn add_rates(finding: &mut Finding, rate: &Rate, outcomes: &Outcomes, level: f64) {
    for (group, &code) in finding.by_group.iter_mut().zip(&outcomes.selection().present) {
        let ends = limits::of_rate(rate, &outcomes.counts()[code as usize], level);
        group.estimate = resample::with_interval(group.estimate.clone(), wilson(ends, level));
    }
}

fn wilson(ends: Option<(f64, f64)>, level: f64) -> Option<Interval> {
    closed(ends, level, "wilson")
}

fn closed(ends: Option<(f64, f64)>, level: f64, method: &str) -> Option<Interval> {
    let finite = |(low, high): &(f64, f64)| low.is_finite() && high.is_finite();
    ends.filter(finite).map(|(low, high)| Interval { low, high, level, method: method.to_owned(), replicates: 0 })
}

fn sum(tables: impl Iterator<Item = Confusion>) -> Confusion {
    tables.fold(Confusion::default(), |mut total, table| {
        total.add(&table);
        total
    })
}

/// How the rates of several groups become one disparity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Largest minus smallest rate.
    Difference,
    /// Smallest over largest rate.
    Ratio,
    /// Rate of an unprivileged group over the privileged group's, furthest from 1.
    Impact,
    /// `Impact`, folded into [0, 1].
    FoldedImpact,
    /// Largest of the differences of the rates.
    OddsMaximum,
    /// Sum of the differences of the rates.
    OddsSum,
    /// Mean of the differences of the rates.
    OddsMean,
}

/// A disparity of one or two rates over groups.
#[derive(Debug)]
pub(crate) struct Disparity {
    pub(crate) id: &'static str,
    pub(crate) rates: &'static [&'static Rate],
    pub(crate) shape: Shape,
}

/// Summary over the groups of a table: the number and the pair it lies between (positions among the groups).
type Summary = Result<(f64, Option<(usize, usize)>), String>;

impl Disparity {
    pub(crate) fn needs_labels(&self) -> bool {
        self.rates.iter().any(|rate| rate.needs_labels)
    }

    /// True when a smaller number is the larger disparity.
    fn falls(&self) -> bool {
        matches!(self.shape, Shape::Ratio | Shape::FoldedImpact | Shape::Impact)
    }

    /// The finding on outcomes.
    pub(crate) fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        let mut finding = Finding::new(self.id);
        let selection = outcomes.selection();
        finding.left_out = selection.left_out;
        if self.needs_labels() && !outcomes.has_labels() {
            finding.estimate = Estimate::undefined(NO_LABELS);
            return finding;
        }
        let counts = outcomes.counts();
        let entered = &selection.entered;
        let name = |position: usize| outcomes.groups.level(entered[position]).to_owned();
        let convention = outcomes.conventions.convention;
        let groups: Vec<Confusion> = entered.iter().map(|&code| counts[code as usize].confusion()).collect();
        finding.n = entered.iter().map(|&code| counts[code as usize].rows()).sum();
        for rate in self.rates {
            for (position, group) in groups.iter().enumerate() {
                if rate.quotient(group).is_none() {
                    let reason = match convention {
                        Convention::Evenhand => rate.missing.to_owned(),
                        Convention::Fairlearn => format!("{}: counted as a rate of 0, as fairlearn does", rate.missing),
                        Convention::Aif360 => format!("{}: counted as a rate of 0, as AIF360 does", rate.missing),
                    };
                    finding.left_out.push((name(position), reason));
                }
            }
        }
        if let [rate] = self.rates {
            finding.by_group = selection
                .present
                .iter()
                .map(|&code| {
                    let group = &counts[code as usize];
                    let value = rate.quotient(&group.confusion());
                    GroupFinding {
                        group: outcomes.groups.level(code).to_owned(),
                        n: (rate.of)(&group.row_confusion()).1 as usize,
                        estimate: value.map_or_else(|| Estimate::undefined(rate.missing), |quotient| Estimate::value(quotient.value())),
                    }
                })
                .collect();
        }
        let privileged = match privileged(outcomes, entered, &groups) {
            Ok(position) => position,
            Err(reason) => {
                finding.estimate = Estimate::undefined(reason);
                return finding;
            }
        };
        let summary = self.summary(&groups, privileged, convention);
        finding.largest_pair = match &summary {
            Ok((_, Some((first, second)))) => Some((name(*first), name(*second))),
            Ok((_, None)) if convention == Convention::Aif360 => Some((self.other_side(entered.len(), privileged, name), name(privileged))),
            // A sum over several rates has its pair; a replicate need not know it.
            Ok((_, None)) => {
                let rates: Vec<_> = self.rates.iter().map(|rate| self.quotients(&groups, rate, convention)).collect();
                widest_pair(&rates).map(|(first, second)| (name(first), name(second)))
            }
            Err(_) => None,
        };
        finding.estimate = to_estimate(summary.clone().map(|(value, _)| value));
        if entered.len() > 2 {
            let rests = rests_of(&groups);
            let found = groups.iter().zip(&rests).map(|(group, rest)| self.summary(&[*group, *rest], 1, convention));
            finding.against_rest = found
                .enumerate()
                .map(|(position, found)| Comparison {
                    group: name(position),
                    against: "rest".to_owned(),
                    estimate: to_estimate(found.map(|(value, _)| value)),
                })
                .collect();
        }
        if let Some(plan) = plan.filter(|plan| plan.replicates > 0) {
            self.add_intervals(&mut finding, outcomes, plan.level, entered, privileged);
        }
        if let (Some(plan), Ok((observed, _))) = (plan.filter(|plan| plan.permutations > 0), &summary) {
            self.add_chance(&mut finding, outcomes, plan, (entered, privileged), *observed);
        }
        finding
    }

    fn other_side(&self, groups: usize, privileged: usize, name: impl Fn(usize) -> String) -> String {
        debug_assert!(!self.rates.is_empty());
        if groups == 2 { name(1 - privileged) } else { "rest".to_owned() }
    }

    fn quotients(&self, groups: &[Confusion], rate: &Rate, convention: Convention) -> Vec<Option<Quotient>> {
        debug_assert!(!self.rates.is_empty());
        let counted_as_zero = (convention != Convention::Evenhand).then_some(Quotient { over: 0.0, under: 1.0 });
        groups.iter().map(|group| rate.quotient(group).or(counted_as_zero)).collect()
    }

    fn summary(&self, groups: &[Confusion], privileged: usize, convention: Convention) -> Summary {
        if groups.len() < 2 {
            return Err(format!("a disparity needs two groups and {} can enter", ["none", "one"][groups.len()]));
        }
        if convention == Convention::Aif360 {
            let rest = rest_of(groups, privileged);
            return self.signed(&rest, &groups[privileged]).map(|value| (value, None));
        }
        match self.shape {
            Shape::Difference => {
                let rates = self.quotients(groups, self.rates[0], convention);
                let (low, high) = extremes(&rates, self.rates[0])?;
                Ok((high.1.value() - low.1.value(), Some((high.0, low.0))))
            }
            Shape::Ratio => {
                let rates = self.quotients(groups, self.rates[0], convention);
                let (low, high) = extremes(&rates, self.rates[0])?;
                if high.1.over == 0.0 {
                    return Err("the highest rate is 0".to_owned());
                }
                Ok((low.1.ratio_to(high.1), Some((low.0, high.0))))
            }
            Shape::Impact | Shape::FoldedImpact => self.impact(groups, privileged, convention),
            Shape::OddsMaximum | Shape::OddsSum | Shape::OddsMean => self.odds(groups, convention),
        }
    }

    fn impact(&self, groups: &[Confusion], privileged: usize, convention: Convention) -> Summary {
        let rates = self.quotients(groups, self.rates[0], convention);
        let reference = rates[privileged].ok_or_else(|| format!("the privileged group has {}", self.rates[0].missing))?;
        if reference.over == 0.0 {
            return Err("the privileged group's rate is 0".to_owned());
        }
        let others = rates.iter().enumerate().filter(|(position, _)| *position != privileged);
        let ratios = others.filter_map(|(position, rate)| rate.map(|rate| (position, rate.ratio_to(reference))));
        let furthest = ratios.max_by(|a, b| a.1.ln().abs().total_cmp(&b.1.ln().abs()));
        let (position, ratio) = furthest.ok_or_else(|| format!("no other group enters: {}", self.rates[0].missing))?;
        let value = if self.shape == Shape::FoldedImpact { fold(ratio) } else { ratio };
        Ok((value, Some((position, privileged))))
    }

    fn odds(&self, groups: &[Confusion], convention: Convention) -> Summary {
        let mut gaps = Vec::with_capacity(self.rates.len());
        for rate in self.rates {
            let rates = self.quotients(groups, rate, convention);
            let (low, high) = extremes(&rates, rate)?;
            gaps.push((high.1.value() - low.1.value(), (high.0, low.0)));
        }
        let total: f64 = gaps.iter().map(|(gap, _)| gap).sum();
        let largest = gaps.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0)).map_or((0.0, None), |(gap, pair)| (gap, Some(pair)));
        let value = match self.shape {
            Shape::OddsMaximum => largest.0,
            Shape::OddsMean => total / gaps.len() as f64,
            _ => total,
        };
        Ok((value, if self.shape == Shape::OddsMaximum || groups.len() == 2 { largest.1 } else { None }))
    }

    /// AIF360: unprivileged minus (over) privileged.
    fn signed(&self, unprivileged: &Confusion, privileged: &Confusion) -> Result<f64, String> {
        let pair = [*unprivileged, *privileged];
        let rates: Vec<[Quotient; 2]> = self
            .rates
            .iter()
            .map(|rate| {
                let both = self.quotients(&pair, rate, Convention::Aif360);
                [both[0], both[1]].map(|quotient| quotient.unwrap_or(Quotient { over: 0.0, under: 1.0 }))
            })
            .collect();
        let differences = rates.iter().map(|[first, second]| first.value() - second.value());
        match self.shape {
            Shape::Difference => Ok(differences.sum()),
            Shape::OddsMaximum => Ok(differences.map(f64::abs).fold(0.0, f64::max)),
            Shape::OddsSum => Ok(differences.map(f64::abs).sum()),
            // `average_odds_difference`: the mean of the signed differences.
            Shape::OddsMean => Ok(differences.sum::<f64>() / rates.len() as f64),
            Shape::Ratio | Shape::Impact | Shape::FoldedImpact => {
                let [first, second] = rates[0];
                if second.over == 0.0 {
                    return Err("the privileged group's rate is 0".to_owned());
                }
                let ratio = first.ratio_to(second);
                Ok(if self.shape == Shape::FoldedImpact { fold(ratio) } else { ratio })
            }
        }
    }

    fn add_intervals(&self, finding: &mut Finding, outcomes: &Outcomes, level: f64, entered: &[u32], privileged: usize) {
        let counts = outcomes.counts();
        let groups: Vec<GroupCounts> = entered.iter().map(|&code| counts[code as usize]).collect();
        let ends = self.ends(outcomes, &groups, privileged, level);
        finding.estimate = resample::with_interval(finding.estimate.clone(), self.interval(ends, level));
        let rests = rests_of(&groups);
        for (comparison, pair) in finding.against_rest.iter_mut().zip(groups.iter().zip(&rests)) {
            let ends = self.ends_of_two(outcomes, [pair.0, pair.1], level);
            comparison.estimate = resample::with_interval(comparison.estimate.clone(), self.interval(ends, level));
        }
        if let [rate] = self.rates {
            add_rates(finding, rate, outcomes, level);
        }
    }

    fn interval(&self, ends: Option<(f64, f64)>, level: f64) -> Option<Interval> {
        closed(ends, level, if self.falls() { "newcombe-log" } else { "newcombe" })
    }

    /// Whether unordered groups are compared: none is named as the one that others are compared with.
    fn unordered(&self, outcomes: &Outcomes) -> bool {
        !matches!(self.shape, Shape::Impact | Shape::FoldedImpact) || outcomes.conventions.privileged.is_none()
    }

    fn ends(&self, outcomes: &Outcomes, groups: &[GroupCounts], privileged: usize, level: f64) -> Option<(f64, f64)> {
        let convention = outcomes.conventions.convention;
        if convention == Convention::Aif360 {
            let mut rest = GroupCounts::default();
            groups.iter().enumerate().filter(|(position, _)| *position != privileged).for_each(|(_, group)| rest.add(group));
            return self.ends_of_two(outcomes, [&rest, &groups[privileged]], level);
        }
        let rates: Vec<Vec<Option<Proportion>>> =
            self.rates.iter().map(|rate| groups.iter().map(|group| limits::proportion(rate, group)).collect()).collect();
        // A rate that fairlearn counts as 0 rests on nothing.
        if convention == Convention::Fairlearn && rates.iter().flatten().any(Option::is_none) {
            return None;
        }
        if self.unordered(outcomes) {
            return limits::largest(self.shape, &rates, level);
        }
        let others: Vec<Proportion> = (0..groups.len()).filter(|&group| group != privileged).filter_map(|group| rates[0][group]).collect();
        limits::furthest(self.shape, &others, rates[0][privileged]?, level)
    }

    /// Two groups, the second of which is the one that is compared with.
    fn ends_of_two(&self, outcomes: &Outcomes, groups: [&GroupCounts; 2], level: f64) -> Option<(f64, f64)> {
        let rates: Option<Vec<[Proportion; 2]>> = self
            .rates
            .iter()
            .map(|rate| limits::proportion(rate, groups[0]).zip(limits::proportion(rate, groups[1])).map(|(one, other)| [one, other]))
            .collect();
        let rates = rates?;
        if outcomes.conventions.convention == Convention::Aif360 || matches!(self.shape, Shape::Impact | Shape::FoldedImpact) {
            return limits::signed(self.shape, &rates, level);
        }
        let groups: Vec<Vec<Option<Proportion>>> = rates.iter().map(|pair| pair.iter().copied().map(Some).collect()).collect();
        limits::largest(self.shape, &groups, level)
    }
}

fn to_estimate(value: Result<f64, String>) -> Estimate {
    value.map_or_else(Estimate::undefined, Estimate::value)
}

/// A ratio or its inverse, whichever is at most 1.
fn fold(ratio: f64) -> f64 {
    if ratio > 1.0 { 1.0 / ratio } else { ratio }
}

/// For each group all others together, from the sums of those before and of those after it: nothing is taken away, so that what is empty stays 0.
fn rests_of<T: Sums>(groups: &[T]) -> Vec<T> {
    let mut rests = Vec::with_capacity(groups.len());
    let mut before = T::default();
    for group in groups {
        rests.push(before);
        before.add_all(group);
    }
    let mut after = T::default();
    for (rest, group) in rests.iter_mut().zip(groups).rev() {
        rest.add_all(&after);
        after.add_all(group);
    }
    rests
}

/// What adds up.
trait Sums: Copy + Default {
    fn add_all(&mut self, other: &Self);
}

impl Sums for Confusion {
    fn add_all(&mut self, other: &Self) {
        self.add(other);
    }
}

impl Sums for GroupCounts {
    fn add_all(&mut self, other: &Self) {
        self.add(other);
    }
}

fn rest_of(groups: &[Confusion], position: usize) -> Confusion {
    sum(groups.iter().enumerate().filter(|(other, _)| *other != position).map(|(_, group)| *group))
}

type Placed = (usize, Quotient);

/// Smallest and largest rate with their positions; the first of equals.
fn extremes(rates: &[Option<Quotient>], rate: &Rate) -> Result<(Placed, Placed), String> {
    let mut defined = rates.iter().enumerate().filter_map(|(position, quotient)| quotient.map(|quotient| (position, quotient)));
    let first = defined.next().ok_or_else(|| format!("no group has this rate: {}", rate.missing))?;
    let (mut low, mut high, mut count) = (first, first, 1);
    for placed in defined {
        count += 1;
        if placed.1.value() < low.1.value() {
            low = placed;
        }
        if placed.1.value() > high.1.value() {
            high = placed;
        }
    }
    if count < 2 {
        return Err(format!("only one group has this rate; in the others: {}", rate.missing));
    }
    if low.0 == high.0 {
        // All rates agree: any second group makes the pair.
        let other = rates.iter().enumerate().find(|(position, quotient)| *position != low.0 && quotient.is_some());
        if let Some((position, Some(quotient))) = other {
            high = (position, *quotient);
        }
    }
    Ok((low, high))
}

/// The pair of groups with the largest sum of rate differences, among those that have all rates.
///
/// |x| + |y| is the larger of |x + y| and |x - y|, so that the widest pair is the widest range of one of the sums and differences of the rates.
fn widest_pair(rates: &[Vec<Option<Quotient>>]) -> Option<(usize, usize)> {
    let groups = rates.first().map_or(0, Vec::len);
    let values = |group: usize| rates.iter().map(|rate| Some(rate[group]?.value())).collect::<Option<Vec<f64>>>();
    let known: Vec<(usize, Vec<f64>)> = (0..groups).filter_map(|group| Some((group, values(group)?))).collect();
    let mut widest: Option<(f64, (usize, usize))> = None;
    for signs in 0..1_u32 << rates.len().saturating_sub(1) {
        let signed =
            |values: &[f64]| values.iter().enumerate().map(|(rate, value)| if signs >> rate & 1 == 1 { -value } else { *value }).sum();
        let sums: Vec<(usize, f64)> = known.iter().map(|(group, values)| (*group, signed(values))).collect();
        let low = sums.iter().copied().reduce(|low, sum| if sum.1 < low.1 { sum } else { low })?;
        let high = sums.iter().copied().reduce(|high, sum| if sum.1 > high.1 { sum } else { high })?;
        let range = high.1 - low.1;
        if low.0 != high.0 && widest.is_none_or(|(most, _)| range > most) {
            widest = Some((range, (low.0.min(high.0), low.0.max(high.0))));
        }
    }
    // Where all agree, any two make the pair.
    widest.map(|(_, pair)| pair).or_else(|| Some((known.first()?.0, known.get(1)?.0)))
}

/// Position of the privileged group among those that entered: the named one, or the one with the highest selection rate.
fn privileged(outcomes: &Outcomes, entered: &[u32], groups: &[Confusion]) -> Result<usize, String> {
    if let Some(named) = &outcomes.conventions.privileged {
        let named_as = spelled(outcomes.groups.levels(), named);
        let position = entered.iter().position(|&code| Some(outcomes.groups.level(code)) == named_as);
        return position.ok_or_else(|| format!("the privileged group `{named}` is not among the groups that can enter"));
    }
    let rate = |position: usize| SELECTION.quotient(&groups[position]).map_or(-1.0, Quotient::value);
    Ok((0..groups.len()).max_by(|&a, &b| rate(a).total_cmp(&rate(b)).then(b.cmp(&a))).unwrap_or_default())
}

/// Draws one resampled count table a level (and one for the unknown) for every replicate.
pub(crate) fn draw_tables(counts: &[GroupCounts], plan: &IntervalPlan) -> Vec<Vec<Confusion>> {
    resample::replicate(plan.replicates, plan.seed, Purpose::Bootstrap, |rng| counts.iter().map(|group| draw_table(group, rng)).collect())
}

/// Resamples the rows of a group: one multinomial draw of its cells.
fn draw_table(group: &GroupCounts, rng: &mut impl Rng) -> Confusion {
    let (mut left, mut rows) = (group.rows() as u64, group.rows() as u64);
    let mut weights = [0.0; CELLS];
    for (weight, cell) in weights.iter_mut().zip(&group.cells) {
        // Of the draws left, each falls into this cell with its share of the rows not yet dealt with.
        let drawn = match (left, cell.rows) {
            (0, _) | (_, 0) => 0,
            (left, cell) if cell == rows => left,
            (left, cell) => Binomial::new(left, cell as f64 / rows as f64).map_or(0, |draw| draw.sample(rng)),
        };
        left -= drawn;
        rows -= cell.rows;
        *weight = weight_of(cell, drawn, rng);
    }
    Confusion::from_cells(weights)
}

/// Weight of `drawn` rows taken from a cell.
fn weight_of(cell: &Cell, drawn: u64, rng: &mut impl Rng) -> f64 {
    if cell.rows == 0 || drawn == 0 {
        return 0.0;
    }
    let (drawn, rows) = (drawn as f64, cell.rows as f64);
    let mean = cell.weight / rows;
    if cell.is_even() {
        return drawn * mean;
    }
    let spread = (cell.squared / rows - mean * mean).max(0.0).sqrt();
    let normal: f64 = StandardNormal.sample(rng);
    (drawn * mean + drawn.sqrt() * spread * normal).clamp(0.0, drawn * cell.heaviest)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const BOTH: &[&Rate] = &[&TRUE_POSITIVE, &FALSE_POSITIVE];

    fn tables(count: usize, rng: &mut ChaCha8Rng) -> Vec<Confusion> {
        (0..count).map(|_| Confusion::from_cells(std::array::from_fn(|_| f64::from(rng.random_range(0_u8..4))))).collect()
    }

    #[test]
    fn the_widest_pair_is_that_of_all_pairs_and_the_rest_is_all_others() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for count in 2..12 {
            let groups = tables(count, &mut rng);
            let rates: Vec<Vec<Option<Quotient>>> =
                BOTH.iter().map(|rate| groups.iter().map(|group| rate.quotient(group)).collect()).collect();
            let gap =
                |(a, b): (usize, usize)| rates.iter().map(|rate| Some((rate[a]?.value() - rate[b]?.value()).abs())).sum::<Option<f64>>();
            let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
            let brute = pairs.filter_map(gap).reduce(f64::max);
            let found = widest_pair(&rates).and_then(gap);
            assert!(found.zip(brute).map_or(found == brute, |(found, brute)| (found - brute).abs() < 1e-15), "{found:?} {brute:?}");
            let rests = rests_of(&groups);
            assert!((0..count).all(|position| rests[position] == rest_of(&groups, position)));
        }
    }
}

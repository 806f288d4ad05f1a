//! Outcomes in chunks: sums of fixed size that add up over chunks, threads and files.
//!
//! For every group a tally keeps the four counts of decisions against truth and a sketch of its scores: a histogram of equal bins over
//! a declared range, one for the negatives and one for the positives, each bin with its weight and the sum of its scores. Few filled bins are kept
//! as a list of 24 bytes each ([`sketch`]), many as a table of 16 bytes a bin: a group takes as much as its rows fill, and at most 2 MiB with
//! 65,536 bins and labels.
//!
//! What comes out:
//!
//! - metrics of counts (selection rates, demographic parity, equalized odds, accuracy, ...): exact;
//! - `spdd`: every bin stands at the mean of its scores, which gives the integral of |Fa - Fb| over each bin in which the difference
//!   keeps its sign exactly. [`Tally::spdd_error_bound`] adds up width x larger share over the other bins: usually far below the
//!   width of one bin, and never above the sum of both shares of all bins times the width, twice the width;
//! - other metrics of scores: as if each score had been moved by less than one bin width. `ks` can miss by the largest share that one
//!   bin has of a group. Metrics that read score and label together are given when every label is 0 or 1.
//!
//! Without weights all counts are whole numbers, so that `merge` in any order gives the counts of one batch, bit for bit; sums
//! of scores and weights agree up to rounding. [`Tally::to_bytes`] and [`Tally::from_bytes`] carry a tally to another process.

mod bytes;
mod sketch;

use std::collections::HashMap;
use std::sync::Arc;

use evenhand_rows::{Groups, UNKNOWN};

use crate::counts::GroupCounts;
use crate::outcomes::{finite, slot};
use crate::sample::{Sample, Samples};
use crate::wasserstein::{Bucket, Buckets, settled};
use crate::{Conventions, Finding, IntervalPlan, MetricError, Needs, Outcomes, metrics};
use sketch::Sketch;

/// Bins times groups up to which the error of every pair is bounded on its own.
const MOST_COMPARED: usize = 1 << 22;

/// Sums over the rows seen so far.
///
/// ```
/// use evenhand_metrics::{Conventions, Tally};
///
/// let mut tally = Tally::new(&["m", "w"].map(str::to_owned), Conventions::default(), 1 << 10);
/// for (scores, codes) in [([0.9, 0.6], [0, 1]), ([0.7, 0.2], [0, 1])] {
///     tally.add(&scores, None, None, &codes)?;
/// }
/// let findings = tally.findings(None)?;
/// let gap = findings.iter().find(|finding| finding.metric == "demographic-parity-difference");
/// assert_eq!(gap.and_then(|finding| finding.estimate.number()), Some(0.5));
/// # Ok::<(), evenhand_metrics::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tally {
    levels: Vec<String>,
    conventions: Conventions,
    low: f64,
    high: f64,
    bins: usize,
    labelled: Option<bool>,
    binary: bool,
    /// One entry a level and one more for the unknown.
    parts: Vec<Part>,
}

/// Sums of one group.
#[derive(Debug, Clone, Default)]
struct Part {
    counts: GroupCounts,
    /// Scores of the negatives (or of all, without labels) and of the positives.
    sketch: [Sketch; 2],
}

impl Tally {
    /// An empty tally for these groups and scores in [0, 1].
    pub fn new(levels: &[String], conventions: Conventions, bins: usize) -> Self {
        Tally::with_range(levels, conventions, bins, 0.0, 1.0)
    }

    /// An empty tally for scores in [low, high].
    ///
    /// # Panics
    /// When the range is empty or not finite.
    pub fn with_range(levels: &[String], conventions: Conventions, bins: usize, low: f64, high: f64) -> Self {
        assert!(low < high && (high - low).is_finite(), "a tally needs a range");
        Tally {
            levels: levels.to_vec(),
            conventions,
            low,
            high,
            bins: bins.max(1),
            labelled: None,
            binary: true,
            parts: vec![Part::default(); levels.len() + 1],
        }
    }

    /// Adds rows: a group code each (an index into the levels, or [`UNKNOWN`]). A refused chunk leaves the tally as it was.
    pub fn add(&mut self, scores: &[f64], labels: Option<&[f64]>, weights: Option<&[f64]>, codes: &[u32]) -> Result<(), MetricError> {
        self.check(scores, labels, weights, codes)?;
        if scores.is_empty() {
            return Ok(());
        }
        self.labelled = Some(labels.is_some());
        self.binary &= labels.is_none_or(|labels| labels.iter().all(|&label| label == 0.0 || label == 1.0));
        let buckets = self.buckets();
        let levels = self.levels.len();
        for (row, (&score, &code)) in scores.iter().zip(codes).enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[row]);
            let positive = labels.is_some_and(|labels| labels[row] >= self.conventions.label_threshold);
            let part = &mut self.parts[slot(code, levels)];
            part.counts.push(2 * usize::from(self.conventions.selects(score)) + usize::from(positive), weight);
            part.sketch[usize::from(positive)].add(buckets.of(score) as u32, Bucket { weight, place: weight * score }, self.bins);
        }
        Ok(())
    }

    /// Adds rows whose groups carry their names; groups not seen before become new levels.
    pub fn add_groups(
        &mut self,
        scores: &[f64],
        labels: Option<&[f64]>,
        weights: Option<&[f64]>,
        groups: &Groups,
    ) -> Result<(), MetricError> {
        let known = self.codes_of(groups.levels());
        let codes: Vec<u32> = groups.codes().iter().map(|&code| if code == UNKNOWN { code } else { known[code as usize] }).collect();
        self.add(scores, labels, weights, &codes)
    }

    /// The codes of groups by their names; new ones become levels.
    fn codes_of(&mut self, names: &[String]) -> Vec<u32> {
        let mut known: HashMap<String, u32> = self.levels.iter().cloned().zip(0..).collect();
        let unknown = self.parts.pop().unwrap_or_default();
        let code = |name: &String| {
            *known.entry(name.clone()).or_insert_with(|| {
                self.levels.push(name.clone());
                self.parts.push(Part::default());
                self.levels.len() as u32 - 1
            })
        };
        let codes = names.iter().map(code).collect();
        // The unknown stay last.
        self.parts.push(unknown);
        codes
    }

    fn check(&self, scores: &[f64], labels: Option<&[f64]>, weights: Option<&[f64]>, codes: &[u32]) -> Result<(), MetricError> {
        let length =
            |what, found| if found == scores.len() { Ok(()) } else { Err(MetricError::Length { what, expected: scores.len(), found }) };
        length("the group column", codes.len())?;
        finite("the score", scores)?;
        if let Some(labels) = labels {
            length("the label column", labels.len())?;
            finite("the label", labels)?;
        }
        if self.labelled.is_some_and(|labelled| labelled != labels.is_some()) && !scores.is_empty() {
            return Err(MetricError::Unlike { what: "whether rows have labels" });
        }
        if let Some(weights) = weights {
            length("the weight column", weights.len())?;
            finite("the weight", weights)?;
            if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
                return Err(MetricError::NegativeWeight { row, value: weights[row] });
            }
        }
        if let Some(row) = scores.iter().position(|&score| score < self.low || score > self.high) {
            return Err(MetricError::OutOfRange { row, value: scores[row], low: self.low, high: self.high });
        }
        let levels = self.levels.len();
        if let Some(row) = codes.iter().position(|&code| code != UNKNOWN && code as usize >= levels) {
            return Err(MetricError::UnknownCode { row, code: codes[row], levels });
        }
        Ok(())
    }

    /// Adds the sums of another tally made alike; its groups are matched by name.
    pub fn merge(&mut self, other: &Tally) -> Result<(), MetricError> {
        if self.conventions != other.conventions {
            return Err(MetricError::Unlike { what: "their conventions" });
        }
        if (self.low, self.high, self.bins) != (other.low, other.high, other.bins) {
            return Err(MetricError::Unlike { what: "their range or number of bins" });
        }
        if let (Some(ours), Some(theirs)) = (self.labelled, other.labelled)
            && ours != theirs
        {
            return Err(MetricError::Unlike { what: "whether rows have labels" });
        }
        self.labelled = self.labelled.or(other.labelled);
        self.binary &= other.binary;
        let codes = self.codes_of(&other.levels);
        let unknown = self.levels.len();
        for (position, part) in other.parts.iter().enumerate() {
            let own = &mut self.parts[codes.get(position).map_or(unknown, |code| *code as usize)];
            own.counts.add(&part.counts);
            for (sum, more) in own.sketch.iter_mut().zip(&part.sketch) {
                sum.merge(more, self.bins);
            }
        }
        Ok(())
    }

    /// The same rows as if nobody knew their truth: what rows with and without a label have in common can be added up.
    #[must_use]
    pub fn without_labels(&self) -> Self {
        let mut tally = self.clone();
        tally.labelled = tally.labelled.map(|_| false);
        tally.binary = true;
        for part in &mut tally.parts {
            // A cell is 2 x selected + positive.
            for selected in [0, 2] {
                let positive = std::mem::take(&mut part.counts.cells[selected + 1]);
                part.counts.cells[selected].add(&positive);
            }
            let [negative, positive] = &mut part.sketch;
            negative.merge(&std::mem::take(positive), self.bins);
        }
        tally
    }

    /// Rows seen.
    pub fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.counts.rows()).sum()
    }

    /// Names of the groups, in the order in which they were declared or first seen.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// Width of a bin: how far a score can seem to have moved.
    pub fn bin_width(&self) -> f64 {
        (self.high - self.low) / self.bins as f64
    }

    fn buckets(&self) -> Buckets {
        Buckets::new(self.low, self.high, self.bins)
    }

    /// The most by which the SPDD of any pair of groups, or of a group and the rest, can differ from the exact one. Where so many groups fill so
    /// many bins that all pairs would take long, it is what holds for any groups, twice the width of a bin.
    pub fn spdd_error_bound(&self) -> f64 {
        let filled = self.parts[..self.levels.len()].iter().filter(|part| part.counts.weight() > 0.0);
        let groups: Vec<Vec<(u32, f64)>> = filled.map(Part::weights).collect();
        let mut all = vec![0.0; self.bins];
        for &(bin, weight) in groups.iter().flatten() {
            all[bin as usize] += weight;
        }
        let all: Vec<(u32, f64)> = (0..).zip(all).filter(|(_, weight)| *weight > 0.0).collect();
        let bins: usize = groups.iter().map(Vec::len).sum::<usize>() + all.len();
        if groups.len().saturating_mul(bins) > MOST_COMPARED {
            return 2.0 * self.bin_width();
        }
        let mut largest = 0.0_f64;
        for (first, one) in groups.iter().enumerate() {
            for other in &groups[first + 1..] {
                largest = largest.max(unsettled(one, other));
            }
            if groups.len() > 2 {
                largest = largest.max(unsettled(one, &less(&all, one)));
            }
        }
        largest * self.bin_width()
    }

    /// What the sums say, in the form that metrics read.
    pub fn summary(&self) -> Result<Summary, MetricError> {
        if self.rows() == 0 {
            return Err(MetricError::NoRows);
        }
        if self.parts.iter().all(|part| part.counts.weight() == 0.0) {
            return Err(MetricError::NoWeight);
        }
        let labelled = self.labelled == Some(true);
        let crowd = self.parts.iter().filter(|part| part.counts.rows() > 0).count();
        let groups = self.parts.iter().map(|part| self.sample(&[part], labelled, crowd)).collect();
        let all = self.sample(&self.parts.iter().collect::<Vec<_>>(), labelled, 1);
        Ok(Summary {
            groups: Groups::new("groups", self.levels.clone(), Vec::new()),
            labelled,
            binary: self.binary,
            conventions: self.conventions.clone(),
            counts: Arc::new(self.parts.iter().map(|part| part.counts).collect()),
            samples: Arc::new(Samples { groups, all }),
        })
    }

    /// Bins as the entries of a sample: each stands at the mean of its scores.
    fn sample(&self, parts: &[&Part], labelled: bool, crowd: usize) -> Sample {
        let (mut weight, mut squares) = (0.0, 0.0);
        for cell in parts.iter().flat_map(|part| &part.counts.cells) {
            weight += cell.weight;
            squares += cell.squared;
        }
        // Squared weight of a bin: its weight times the mean weight of a row, as if weights did not depend on the score.
        let typical = if weight > 0.0 { squares / weight } else { 0.0 };
        let mut sample = Sample::among(crowd);
        let mut sums = [Sketch::default(), Sketch::default()];
        for part in parts {
            for (sum, more) in sums.iter_mut().zip(&part.sketch) {
                sum.merge(more, self.bins);
            }
        }
        let [negatives, positives] = sums.each_ref().map(Sketch::entries);
        for (_, bins) in side_by_side(&negatives, &positives) {
            let entries = bins.into_iter().zip([false, true]).map(|(bucket, positive)| (bucket.weight, bucket.place, positive));
            let mut found: Vec<(f64, f64, bool)> =
                entries.filter(|(weight, ..)| *weight > 0.0).map(|(weight, place, positive)| (place / weight, weight, positive)).collect();
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (score, weight, positive) in found {
                let label = labelled.then_some(if positive { 1.0 } else { 0.0 });
                sample.push(score.clamp(self.low, self.high), label, positive, weight);
                sample.squares.push(weight * typical);
            }
        }
        if typical == 1.0 && sample.weights.iter().all(|weight| *weight == 1.0) {
            // Every entry is one row of weight 1, so that rows can be drawn.
            sample.squares.clear();
        }
        sample
    }

    /// The findings of every metric that the sums can tell, in the order of the registry.
    pub fn findings(&self, plan: Option<&IntervalPlan>) -> Result<Vec<Finding>, MetricError> {
        if let Some(plan) = plan {
            plan.check()?;
        }
        Ok(self.summary()?.findings(plan))
    }
}

impl Part {
    /// The weight in each filled bin.
    fn weights(&self) -> Vec<(u32, f64)> {
        let [negatives, positives] = self.sketch.each_ref().map(Sketch::entries);
        side_by_side(&negatives, &positives).map(|(bin, [one, other])| (bin, one.weight + other.weight)).collect()
    }
}

/// Two lists of weights in ascending order of their bins, bin after bin.
fn side_by_side<'a, T: Copy + Default>(one: &'a [(u32, T)], other: &'a [(u32, T)]) -> impl Iterator<Item = (u32, [T; 2])> + 'a {
    let (mut one, mut other) = (one.iter().copied().peekable(), other.iter().copied().peekable());
    std::iter::from_fn(move || {
        let heads = [one.peek().map(|entry| entry.0), other.peek().map(|entry| entry.0)];
        let bin = heads.into_iter().flatten().min()?;
        let at = |entry: Option<(u32, T)>| entry.map(|entry| entry.1).unwrap_or_default();
        Some((bin, [at(one.next_if(|entry| entry.0 == bin)), at(other.next_if(|entry| entry.0 == bin))]))
    })
}

/// Sum over the bins in which the difference of two distribution functions may change its sign of the larger of both shares.
fn unsettled(one: &[(u32, f64)], other: &[(u32, f64)]) -> f64 {
    let total = |weights: &[(u32, f64)]| weights.iter().map(|(_, weight)| weight).sum::<f64>();
    let totals = [total(one), total(other)];
    let (mut difference, mut sum) = (0.0, 0.0);
    for (_, [rise, fall]) in side_by_side(one, other) {
        let (rise, fall) = (rise / totals[0], fall / totals[1]);
        if !settled(difference, rise, fall) {
            sum += f64::max(rise, fall);
        }
        difference += rise - fall;
    }
    sum
}

/// Weights less those of a part of them.
fn less(all: &[(u32, f64)], part: &[(u32, f64)]) -> Vec<(u32, f64)> {
    let rest = side_by_side(all, part).map(|(bin, [all, part])| (bin, all - part, all));
    // What rounding leaves of an empty bin is not weight.
    rest.filter(|(_, rest, all)| *rest > 1e-12 * all).map(|(bin, rest, _)| (bin, rest)).collect()
}

/// The sums of a tally, ready to be measured and drawn.
#[derive(Debug, Clone)]
pub struct Summary {
    groups: Groups,
    labelled: bool,
    binary: bool,
    conventions: Conventions,
    counts: Arc<Vec<GroupCounts>>,
    samples: Arc<Samples>,
}

impl Summary {
    /// Outcomes for the metrics, for [`pass_rates`](crate::pass_rates) and for [`density`](crate::density): made of sums, they have no single rows.
    pub fn outcomes(&self) -> Outcomes<'_> {
        Outcomes::from_sums(&self.groups, self.labelled, self.conventions.clone(), Arc::clone(&self.counts), Arc::clone(&self.samples))
    }

    /// The findings of every metric that the sums can tell, in the order of the registry.
    pub fn findings(&self, plan: Option<&IntervalPlan>) -> Vec<Finding> {
        let outcomes = self.outcomes();
        let told = metrics().filter(|metric| match metric.needs() {
            Needs::Decisions | Needs::Scores => true,
            Needs::JudgedDecisions => self.labelled,
            Needs::Labels => self.labelled && self.binary,
            Needs::Latent | Needs::Strata => false,
        });
        told.map(|metric| metric.measure(&outcomes, plan)).collect()
    }
}

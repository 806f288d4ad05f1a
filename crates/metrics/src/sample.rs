//! Rows of one group (or of all), sorted by score: what every metric without a threshold reads.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::{Outcomes, order};

/// Rows per task of a parallel pass.
const CHUNK: usize = 1 << 15;

/// Scores in ascending order with the labels and weights of the same rows. Rows of weight 0 are not among them.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) scores: Vec<f64>,
    /// Empty without labels.
    pub(crate) labels: Vec<f64>,
    /// Whether the label counts as positive; empty without labels.
    pub(crate) positive: Vec<bool>,
    pub(crate) weights: Vec<f64>,
    /// Sum of the squared weights of the rows behind each entry, where an entry stands for many; else empty.
    pub(crate) squares: Vec<f64>,
    /// Groups that are measured beside it and share the work; 0 and 1 for none.
    pub(crate) crowd: usize,
    by_label: OnceLock<Vec<u32>>,
    /// How often each row was drawn.
    pub(crate) drawn: Drawn<u8>,
    /// The rows gathered into cells by score and class, by score and label, and by score alone.
    pub(crate) gathered: [OnceLock<Box<Cells>>; 3],
}

impl Sample {
    /// No rows yet, of one of so many groups.
    pub(crate) fn among(crowd: usize) -> Self {
        Sample { crowd, ..Sample::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.scores.len()
    }

    /// True when every entry is one row, so that rows can be drawn.
    pub(crate) fn has_rows(&self) -> bool {
        self.squares.is_empty()
    }

    /// Squared weight behind an entry.
    pub(crate) fn square(&self, entry: usize) -> f64 {
        self.squares.get(entry).copied().unwrap_or_else(|| self.weights[entry] * self.weights[entry])
    }

    pub(crate) fn total(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// Positions in ascending order of the label.
    pub(crate) fn by_label(&self) -> &[u32] {
        self.by_label.get_or_init(|| {
            if self.labels.iter().all(|&label| label == 0.0 || label == 1.0) {
                // Binary labels: the negatives in their order, then the positives.
                let rows =
                    |wanted: f64| self.labels.iter().enumerate().filter(move |(_, label)| **label == wanted).map(|(row, _)| row as u32);
                rows(0.0).chain(rows(1.0)).collect()
            } else {
                order::ascending(&self.labels)
            }
        })
    }

    pub(crate) fn push(&mut self, score: f64, label: Option<f64>, positive: bool, weight: f64) {
        self.scores.push(score);
        self.weights.push(weight);
        if let Some(label) = label {
            self.labels.push(label);
            self.positive.push(positive);
        }
    }

    fn reserve(&mut self, rows: usize, labelled: bool) {
        self.scores.reserve_exact(rows);
        self.weights.reserve_exact(rows);
        if labelled {
            self.labels.reserve_exact(rows);
            self.positive.reserve_exact(rows);
        }
    }

    /// The same rows without labels, with other scores in the same order.
    pub(crate) fn with_scores(&self, scores: Vec<f64>) -> Sample {
        Sample { scores, weights: self.weights.clone(), squares: self.squares.clone(), crowd: self.crowd, ..Sample::default() }
    }

    /// Ends of runs of equal scores.
    pub(crate) fn tie_end(&self, start: usize) -> usize {
        run_end(&self.scores, start)
    }

    /// Weighted mean and population variance of the scores.
    pub(crate) fn moments(&self) -> (f64, f64) {
        let total = self.total();
        let mean = self.scores.iter().zip(&self.weights).map(|(score, weight)| score * weight).sum::<f64>() / total;
        let squares = self.scores.iter().zip(&self.weights).map(|(score, weight)| weight * (score - mean) * (score - mean)).sum::<f64>();
        (mean, squares / total)
    }

    /// The rows whose label is at least this, without labels.
    pub(crate) fn at_least(&self, label: f64) -> Sample {
        let mut sample = Sample::default();
        for row in (0..self.len()).filter(|&row| self.labels[row] >= label) {
            sample.push(self.scores[row], None, false, self.weights[row]);
        }
        sample
    }

    /// Two samples as one, still in ascending order.
    pub(crate) fn merged(samples: [&Sample; 2]) -> Sample {
        let [a, b] = samples;
        let mut merged = Sample::default();
        merged.reserve(a.len() + b.len(), !a.labels.is_empty() || !b.labels.is_empty());
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            let from_a = j >= b.len() || i < a.len() && a.scores[i] <= b.scores[j];
            let (sample, at) = if from_a { (a, &mut i) } else { (b, &mut j) };
            let label = sample.labels.get(*at).copied();
            merged.push(sample.scores[*at], label, sample.positive.get(*at).copied().unwrap_or_default(), sample.weights[*at]);
            merged.squares.extend(sample.squares.get(*at));
            *at += 1;
        }
        merged
    }
}

/// Rows gathered into cells.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// One entry a cell.
    pub(crate) sample: Sample,
    /// Square root of each cell's summed squared weights.
    pub(crate) deviations: Vec<f64>,
    /// The weights that were drawn.
    pub(crate) drawn: Drawn<f32>,
}

/// What was drawn, one replicate after the other, with seed and number of replicates.
pub(crate) type Drawn<T> = OnceLock<((u64, usize), Vec<T>)>;

/// End of the run of equal numbers that starts here.
pub(crate) fn run_end(ascending: &[f64], start: usize) -> usize {
    let value = ascending[start];
    start + ascending[start..].iter().take_while(|&&other| other == value).count()
}

/// The samples of every level, the unknown last, and of all rows.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) groups: Vec<Sample>,
    pub(crate) all: Sample,
}

pub(crate) fn sort(outcomes: &Outcomes) -> Samples {
    let mut order = order::ascending(outcomes.scores);
    if outcomes.weights.is_some() {
        order.retain(|&row| outcomes.weight(row as usize) > 0.0);
    }
    // The rows are visited out of order once; the groups are then split off in order.
    let (mut all, slots): (Sample, Vec<u32>) = rayon::join(
        || {
            let pick =
                |values: &[f64]| -> Vec<f64> { order.par_iter().with_min_len(CHUNK).map(|&row| values[row as usize] + 0.0).collect() };
            let scores = pick(outcomes.scores);
            let labels = outcomes.labels.map(pick).unwrap_or_default();
            let weights = outcomes.weights.map_or_else(|| vec![1.0; order.len()], pick);
            Sample { scores, labels, weights, ..Sample::default() }
        },
        || order.par_iter().with_min_len(CHUNK).map(|&row| outcomes.slot(row as usize) as u32).collect(),
    );
    let cut = outcomes.conventions.label_threshold;
    all.positive = all.labels.iter().map(|&label| label >= cut).collect();
    let labelled = outcomes.has_labels();
    let mut groups: Vec<Sample> = Vec::new();
    let crowd = outcomes.counts().iter().filter(|counts| counts.rows() > 0).count();
    for counts in outcomes.counts() {
        let mut sample = Sample::among(crowd);
        sample.reserve(counts.rows(), labelled);
        groups.push(sample);
    }
    for (row, &slot) in slots.iter().enumerate() {
        let positive = all.positive.get(row).copied().unwrap_or_default();
        groups[slot as usize].push(all.scores[row], all.labels.get(row).copied(), positive, all.weights[row]);
    }
    Samples { groups, all }
}

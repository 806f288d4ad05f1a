//! Rows of one group (or of all), sorted by score: what every metric without a threshold reads.

use std::sync::OnceLock;

use crate::{Outcomes, order};

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
    by_label: OnceLock<Vec<u32>>,
}

impl Sample {
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
        self.by_label.get_or_init(|| order::ascending(&self.labels))
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

    /// Two samples as one, still in ascending order.
    pub(crate) fn merged(samples: &[&Sample]) -> Sample {
        let rows = samples.iter().map(|sample| sample.len()).sum();
        let labelled = samples.iter().any(|sample| !sample.labels.is_empty());
        let mut merged = Sample::default();
        merged.reserve(rows, labelled);
        let mut heads = vec![0; samples.len()];
        for _ in 0..rows {
            let next = (0..samples.len())
                .filter(|&side| heads[side] < samples[side].len())
                .min_by(|&a, &b| samples[a].scores[heads[a]].total_cmp(&samples[b].scores[heads[b]]));
            let Some(side) = next else { break };
            let (sample, at) = (samples[side], heads[side]);
            let label = sample.labels.get(at).copied();
            merged.push(sample.scores[at], label, sample.positive.get(at).copied().unwrap_or_default(), sample.weights[at]);
            merged.squares.extend(sample.squares.get(at));
            heads[side] += 1;
        }
        merged
    }
}

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
    let counts = outcomes.counts();
    let labelled = outcomes.has_labels();
    let order = order::ascending(outcomes.scores);
    let fill = |keep_groups: bool| {
        let mut samples: Vec<Sample> = Vec::new();
        samples.resize_with(if keep_groups { counts.len() } else { 1 }, Sample::default);
        for (slot, sample) in samples.iter_mut().enumerate() {
            sample.reserve(if keep_groups { counts[slot].rows() } else { outcomes.scores.len() }, labelled);
        }
        for &row in &order {
            let row = row as usize;
            let weight = outcomes.weight(row);
            if weight > 0.0 {
                let slot = if keep_groups { outcomes.slot(row) } else { 0 };
                samples[slot].push(outcomes.scores[row] + 0.0, outcomes.labels.map(|labels| labels[row]), outcomes.positive(row), weight);
            }
        }
        samples
    };
    let (groups, mut all) = rayon::join(|| fill(true), || fill(false));
    Samples { groups, all: all.pop().unwrap_or_default() }
}

//! What a training has to say, put into the report's types: its curve, whose rows pulled at the weights, what was skipped, where rows lie.

use std::collections::BTreeMap;

use evenhand_learn::EpochRecord;
use evenhand_metrics::Latent;
use evenhand_metrics::representation::pca_2d;
use evenhand_report::{DisparityTrace, Epoch, LatentPlot, LatentPoint};
use evenhand_rows::{Groups, UNKNOWN};

/// Rows of the latent plot.
const LATENT_POINTS: usize = 600;
/// What the trainer calls the loss of the task itself.
const DATA_LOSS: &str = "data";

/// The training curve in the report's types.
pub(crate) fn epochs(curve: &[EpochRecord]) -> Vec<Epoch> {
    let loss = |terms: &BTreeMap<String, f64>| terms.get(DATA_LOSS).copied();
    curve
        .iter()
        .map(|record| {
            let mut terms: BTreeMap<String, f64> =
                record.training.iter().filter(|(name, _)| *name != DATA_LOSS).map(|(name, value)| (name.clone(), *value)).collect();
            terms.insert("validation accuracy".to_owned(), record.validation_accuracy);
            terms.extend(record.validation_correlation.map(|value| ("validation PCC".to_owned(), value)));
            terms.extend(record.validation_spdd.map(|value| ("validation SPDD".to_owned(), value)));
            Epoch { epoch: record.epoch, train_loss: loss(&record.training), validation_loss: loss(&record.validation), terms }
        })
        .collect()
}

/// The traced contribution disparities, one series a label, pair of groups and weight array, in the order of the first epoch.
pub(crate) fn disparities(curve: &[EpochRecord]) -> Vec<DisparityTrace> {
    // A few digits: a recipe's report holds tens of thousands of these numbers.
    let short = |value: Option<f64>| value.map(|value| format!("{value:.5e}").parse().unwrap_or(value));
    let mut traces: Vec<DisparityTrace> = Vec::new();
    for record in curve {
        for found in &record.contribution_disparity {
            let same =
                |trace: &DisparityTrace| trace.favourable == found.favourable && trace.groups == found.groups && trace.array == found.array;
            let at = traces.iter().position(same).unwrap_or_else(|| {
                traces.push(DisparityTrace {
                    favourable: found.favourable,
                    groups: found.groups.clone(),
                    array: found.array.clone(),
                    epochs: Vec::new(),
                    score: Vec::new(),
                    median: Vec::new(),
                });
                traces.len() - 1
            });
            let trace = &mut traces[at];
            trace.epochs.push(record.epoch);
            trace.score.push(short(found.score));
            trace.median.push(short(found.median));
        }
    }
    traces
}

/// Batches on which a term of the objective could not be computed, in words.
pub(crate) fn skips(curve: &[EpochRecord]) -> Vec<String> {
    let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
    for (term, count) in curve.iter().flat_map(|record| &record.skipped) {
        *skipped.entry(term).or_default() += count;
    }
    skipped.retain(|_, count| *count > 0);
    skipped
        .into_iter()
        .map(|(term, count)| format!("the term `{term}` was left out of {count} training batches in which a group was absent"))
        .collect()
}

/// Up to 600 evenly spaced rows of known group in the plane of their first two principal components; `None` without embeddings.
pub(crate) fn latent_plot(latent: Latent<'_>, groups: &Groups, labels: &[f64], threshold: f64) -> Option<LatentPlot> {
    let plane = pca_2d(latent);
    let known: Vec<usize> = (0..plane.coordinates.len()).filter(|&row| groups.codes()[row] != UNKNOWN).collect();
    let stride = known.len().div_ceil(LATENT_POINTS).max(1);
    // Three decimals place a point; more only make the report larger.
    let rounded = |number: f64| (number * 1e3).round() / 1e3;
    let points: Vec<LatentPoint> = known
        .iter()
        .step_by(stride)
        .map(|&row| LatentPoint {
            x: rounded(plane.coordinates[row][0]),
            y: rounded(plane.coordinates[row][1]),
            group: groups.level(groups.codes()[row]).to_owned(),
            high: labels[row] >= threshold,
        })
        .collect();
    (!points.is_empty()).then(|| LatentPlot { attribute: groups.name().to_owned(), explained: plane.explained, points })
}

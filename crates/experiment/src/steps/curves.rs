//! Curves of a training in the report's types.

use std::collections::BTreeMap;

use evenhand_learn::EpochRecord;

use crate::report::{DisparityTrace, Epoch, Remark, RemarkKind};

/// What the trainer calls the loss of the task itself.
const DATA_LOSS: &str = "data";

/// The training curve in the report's types.
pub(crate) fn curve_of(curve: &[EpochRecord]) -> Vec<Epoch> {
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
pub(crate) fn trace_disparities(curve: &[EpochRecord]) -> Vec<DisparityTrace> {
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
pub(crate) fn count_skips(curve: &[EpochRecord]) -> Vec<Remark> {
    let mut skipped: BTreeMap<&str, u64> = BTreeMap::new();
    for (term, count) in curve.iter().flat_map(|record| &record.skipped) {
        *skipped.entry(term).or_default() += count;
    }
    skipped.retain(|_, count| *count > 0);
    skipped
        .into_iter()
        .map(|(term, count)| {
            let text = format!("the term `{term}` was left out of {count} training batches in which a group was absent");
            Remark::new(RemarkKind::Skipped, text)
        })
        .collect()
}

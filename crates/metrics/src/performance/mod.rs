//! How well scores and decisions agree with the truth.
//!
//! One file a metric. A new one is a file here, a `mod` line and a line in [`METRICS`].

use crate::Metric;

mod accuracy;
mod average_precision;
mod balanced_accuracy;
mod brier;
mod f1;
mod log_loss;
mod mae;
mod mse;
mod pcc;
mod precision;
mod recall;
mod roc_auc;
mod srcc;

/// The metrics of this folder, in the order of reports.
pub const METRICS: &[&dyn Metric] = &[
    &accuracy::Accuracy,
    &balanced_accuracy::BalancedAccuracy,
    &precision::Precision,
    &recall::Recall,
    &f1::F1,
    &roc_auc::RocAuc,
    &average_precision::AveragePrecision,
    &log_loss::LogLoss,
    &brier::Brier,
    &mse::Mse,
    &mae::Mae,
    &pcc::Pcc,
    &srcc::Srcc,
];

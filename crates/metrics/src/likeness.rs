//! What is found about made rows beside real ones: plain data, which gate 1 measures and reports hold.
//!
//! Similarities lie in [0, 1], 1 being alike; distances in [0, 1], 0 being equal. The formulas stand where they are computed, in `rebalance`.

use serde::{Deserialize, Serialize};

use crate::Estimate;

/// What was found about a synthetic table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Rows of the training table.
    pub training_rows: usize,
    /// Rows of the synthetic table.
    pub synthetic_rows: usize,
    /// Mean similarity of the columns.
    pub marginal: Estimate,
    /// Mean similarity of the pairs of columns.
    pub pairwise: Estimate,
    /// Each column.
    pub columns: Vec<ColumnQuality>,
    /// Each pair of columns, in the order of the columns.
    pub pairs: Vec<PairQuality>,
    /// Nearness to single rows.
    pub closeness: Closeness,
    /// Models that learned from synthetic rows; empty until somebody fills it in.
    pub efficacy: Vec<Efficacy>,
}

/// A model judged on real rows that nobody learned from, learned once from real and once from synthetic rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Efficacy {
    /// Id of the learner.
    pub learner: String,
    /// Id of the metric.
    pub metric: String,
    /// The metric after learning from the real training rows.
    pub trained_on_real: Estimate,
    /// The metric after learning from the synthetic rows.
    pub trained_on_synthetic: Estimate,
    /// The same by group.
    pub by_group: Vec<GroupEfficacy>,
}

/// The same for the rows of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupEfficacy {
    /// Name of the group.
    pub group: String,
    /// Rows it is judged on.
    pub rows: usize,
    /// The metric after learning from the real training rows.
    pub trained_on_real: Estimate,
    /// The metric after learning from the synthetic rows.
    pub trained_on_synthetic: Estimate,
}

/// One column compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnQuality {
    /// Its name.
    pub column: String,
    /// `ks-complement` or `tv-complement`.
    pub measure: String,
    /// Similarity of the values present.
    pub similarity: Estimate,
    /// Similarity of the shares of missing values.
    pub missing: Estimate,
}

/// Two columns compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairQuality {
    /// Name of the first column.
    pub first: String,
    /// Name of the second column.
    pub second: String,
    /// `correlation` or `contingency`.
    pub measure: String,
    /// The similarity.
    pub similarity: Estimate,
}

/// What was found about distances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closeness {
    /// Synthetic rows that equal a training row in every column, of all of them.
    pub copies: usize,
    /// Training rows that equal another training row: where real rows repeat, some copies are no memory.
    pub training_repeats: usize,
    /// Synthetic rows whose distances were computed.
    pub synthetic_rows: usize,
    /// Training rows compared with.
    pub training_rows: usize,
    /// Hold-out rows compared with; 0 without a hold-out.
    pub holdout_rows: usize,
    /// Synthetic rows nearer to a training row than to any hold-out row.
    pub closer_to_training: usize,
    /// Synthetic rows nearer to a hold-out row.
    pub closer_to_holdout: usize,
    /// Synthetic rows as near to one as to the other.
    pub tied: usize,
    /// Share of the first among the first two.
    pub share_closer_to_training: Estimate,
    /// That share if nothing was learned by heart.
    pub expected_share: Estimate,
    /// Distances of synthetic rows to the closest training row.
    pub synthetic_to_training: Distances,
    /// Distances of synthetic rows to the closest hold-out row.
    pub synthetic_to_holdout: Distances,
    /// Distances of hold-out rows to the closest training row: what is usual between different people.
    pub holdout_to_training: Distances,
}

/// Quantiles of distances to the closest row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// The fifth percentile.
    pub fifth_percentile: Estimate,
    /// The median.
    pub median: Estimate,
}

/// Rows of one group, or of one group with one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancedCell {
    /// Name of the group.
    pub group: String,
    /// The label, where labels are balanced too.
    pub label: Option<String>,
    /// Training rows.
    pub before: usize,
    /// Rows made.
    pub rows: usize,
}

//! How like the real rows synthetic ones are, and how near they come to single ones.
//!
//! - [`marginal`]: each column alone. 1 - Kolmogorov-Smirnov distance for numbers, 1 - total variation distance for categories, and the
//!   difference in the share of missing values.
//! - [`pairwise`]: two columns together. 1 - |difference of correlations| / 2 for numbers, 1 - total variation distance of the joint
//!   shares where a category takes part.
//! - [`closeness`]: distance of each synthetic row to the closest training row and to the closest row of a hold-out that nobody learned
//!   from, and exact copies.
//! - [`Efficacy`]: how well a model does on real rows when it learned from synthetic ones. It needs a learner, so whoever has one (the
//!   audit) fills it in; [`Table::dataset`](crate::synthesis::Table::dataset) makes the training rows.
//!
//! Everything here is plain data. Values lie in [0, 1], 1 being alike, unless said otherwise; what does not exist is undefined with its
//! reason.

pub mod closeness;
pub mod marginal;
pub mod pairwise;

use evenhand_metrics::Estimate;
pub use evenhand_metrics::likeness::{Closeness, ColumnQuality, Distances, Efficacy, GroupEfficacy, PairQuality, Quality};
use rand::Rng;

use crate::RebalanceError;
use crate::alignment::aligned;
use crate::synthesis::{Cells, Table};

/// Compares synthetic rows with the training rows and, for closeness, with real rows that the synthesiser did not see. Of tables larger
/// than `most_rows` closeness takes a sample of so many rows.
pub fn measure(
    training: &Table,
    holdout: Option<&Table>,
    synthetic: &Table,
    most_rows: usize,
    rng: &mut dyn Rng,
) -> Result<Quality, RebalanceError> {
    for (name, table) in [("training", Some(training)), ("hold-out", holdout), ("synthetic", Some(synthetic))] {
        if let Some(table) = table
            && (table.rows() == 0 || table.columns.iter().any(|column| column.cells.len() != table.rows()))
        {
            let reason = format!("the {name} table has no rows, or columns of unequal length; give at least one row");
            return Err(RebalanceError::BadTable { reason });
        }
    }
    let synthetic = aligned(training, synthetic)?;
    let holdout = holdout.map(|holdout| aligned(training, holdout)).transpose()?;
    for table in [Some(training), Some(&synthetic), holdout.as_ref()].into_iter().flatten() {
        for column in &table.columns {
            if matches!(&column.cells, Cells::Numbers { values, .. } if values.iter().any(|value| value.is_infinite())) {
                return Err(RebalanceError::BadTable { reason: format!("column `{}` holds an infinite number", column.name) });
            }
        }
    }
    let columns = marginal::columns(training, &synthetic);
    let pairs = pairwise::pairs(training, &synthetic);
    let closeness = closeness::closeness(training, holdout.as_ref(), &synthetic, most_rows.max(1), rng);
    Ok(Quality {
        training_rows: training.rows(),
        synthetic_rows: synthetic.rows(),
        marginal: mean(columns.iter().map(|column| &column.similarity), "no column"),
        pairwise: mean(pairs.iter().map(|pair| &pair.similarity), "no pair of columns"),
        columns,
        pairs,
        closeness,
        efficacy: Vec::new(),
    })
}

/// Mean of the values that exist.
fn mean<'a>(values: impl Iterator<Item = &'a Estimate>, none: &str) -> Estimate {
    let known: Vec<f64> = values.filter_map(Estimate::number).collect();
    if known.is_empty() {
        return Estimate::undefined(format!("{none} can be compared"));
    }
    Estimate::value(known.iter().sum::<f64>() / known.len() as f64)
}

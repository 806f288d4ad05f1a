//! Synthetic rows: a method learns a table and makes rows like it.
//!
//! A [`Synthesiser`] is fitted on a [`Table`] and becomes a [`Generator`], which makes as many rows as asked for; with [`Condition`]s every
//! row made has the wanted categories.

use std::fmt;

use evenhand_catalog::limits::MADE_COLUMNS;
use evenhand_catalog::{Card, Entry};
use evenhand_rows::MISSING;
use rand::Rng;

pub use evenhand_rows::table::{Cells, Column, Form, Table};

use crate::{RebalanceError, ctgan, gaussian_copula};

/// Every method that learns tables, in the order of display.
pub const SYNTHESISERS: &[Entry<dyn Synthesiser>] = &[ctgan::ENTRY, gaussian_copula::ENTRY];

/// A category that every row made must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Position of the column in the table.
    pub column: usize,
    /// Code of the wanted category.
    pub level: u32,
}

/// How far fitting has come; whoever receives it may draw a bar, or ask to stop.
pub trait Watch: Sync {
    /// Called after every epoch (1 to `epochs`) with the losses so far. `false` stops the fit, which returns [`RebalanceError::Stopped`].
    /// `losses` are the critic's and the generator's of every epoch, where the method has both.
    fn epoch(&self, epoch: usize, epochs: usize, losses: &[(f64, f64)]) -> bool;

    /// The bytes that [`Watch::keep`] was given last for this fit, to go on from there. A method without epochs does not ask.
    fn kept(&self) -> Option<Vec<u8>> {
        None
    }

    /// Called after [`Watch::epoch`]: `state` makes bytes from which the same fit can go on. `ends`: no other epoch follows, because the fit
    /// is finished or was asked to stop.
    fn keep(&self, ends: bool, state: &dyn Fn() -> Vec<u8>) {
        let _ = (ends, state);
    }
}

/// Watches nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn epoch(&self, _: usize, _: usize, _: &[(f64, f64)]) -> bool {
        true
    }
}

/// A method that learns tables.
///
/// ```
/// use std::collections::BTreeMap;
/// use evenhand_catalog::{Parameters, find};
/// use evenhand_rebalance::synthesis::{Cells, Column, Condition, Form, SYNTHESISERS, Table, Unwatched};
/// use rand::SeedableRng;
///
/// let codes: Vec<u32> = (0..40).map(|row| row % 2).collect();
/// let levels = ["m", "w"].map(str::to_owned).to_vec();
/// let values = (0..40).map(|row| f64::from(20 + row)).collect();
/// let table = Table {
///     columns: vec![
///         Column { name: "gender".into(), cells: Cells::Categories { levels, codes } },
///         Column { name: "age".into(), cells: Cells::Numbers { form: Form::Integer, values } },
///     ],
/// };
/// let entry = find(SYNTHESISERS, "gaussian-copula")?;
/// let method = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
/// let generator = method.fit(&table, 7, &Unwatched)?;
/// // Ten made rows, all of them of women.
/// let made = generator.sample(10, &[Condition { column: 0, level: 1 }], &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
/// assert!(matches!(&made.columns[0].cells, Cells::Categories { codes, .. } if codes.iter().all(|&code| code == 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Synthesiser: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Learns a table.
    fn fit(&self, table: &Table, seed: u64, watch: &dyn Watch) -> Result<Box<dyn Generator>, RebalanceError>;

    /// The generator that [`Generator::save`] wrote.
    fn restore(&self, bytes: &[u8]) -> Result<Box<dyn Generator>, RebalanceError> {
        let _ = bytes;
        Err(RebalanceError::ForeignState {
            method: self.card().id,
            reason: "the kept bytes cannot be its generator, as this method keeps none; fit it again",
        })
    }
}

/// A fitted synthesiser.
pub trait Generator: fmt::Debug + Send + Sync {
    /// Makes rows that all meet the conditions, with the columns, levels and forms of the table that was learned; the same generator of random numbers gives the same rows.
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError>;

    /// Losses of every epoch (critic, generator); none where the method has no epochs.
    fn losses(&self) -> &[(f64, f64)] {
        &[]
    }

    /// The generator as bytes for [`Synthesiser::restore`]; `None` where the method does not keep its generators.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}

/// Refuses a table that no method can learn from: fewer than two rows, no columns, columns of unequal length or equal names, infinite
/// numbers, codes without a level.
pub(crate) fn check(table: &Table) -> Result<(), RebalanceError> {
    let refused = |reason: String| Err(RebalanceError::BadTable { reason });
    if table.columns.is_empty() {
        return refused("it has no columns; name at least one that is no id".to_owned());
    }
    if let Err(limit) = MADE_COLUMNS.check(table.columns.len() as u64) {
        return refused(format!("{limit}; leave out those that nothing depends on"));
    }
    if table.rows() < 2 {
        return refused(format!("it has {} rows, and rows like it would be copies; give at least two", table.rows()));
    }
    for (position, column) in table.columns.iter().enumerate() {
        let name = &column.name;
        if column.cells.len() != table.rows() {
            return refused(format!("column `{name}` has {} rows instead of {}", column.cells.len(), table.rows()));
        }
        if table.columns[..position].iter().any(|other| other.name == *name) {
            return refused(format!("two columns have the name `{name}`; rename one"));
        }
        match &column.cells {
            Cells::Numbers { values, .. } => {
                if let Some(row) = values.iter().position(|value| value.is_infinite()) {
                    return refused(format!(
                        "column `{name}`, row {}: {} is no finite number; correct it or leave it empty",
                        row + 1,
                        values[row]
                    ));
                }
            }
            Cells::Categories { levels, codes } => {
                if let Some(row) = codes.iter().position(|&code| code != MISSING && code as usize >= levels.len()) {
                    return refused(format!("column `{name}`, row {}: a code without a category", row + 1));
                }
            }
        }
    }
    Ok(())
}

/// Refuses conditions on a column or category that does not exist, on numbers, and two on one column. Returns them without repetition.
pub(crate) fn check_conditions(columns: &[Column], conditions: &[Condition]) -> Result<Vec<Condition>, RebalanceError> {
    let refused = |reason: String| Err(RebalanceError::BadCondition { reason });
    let mut kept: Vec<Condition> = Vec::new();
    for condition in conditions {
        let Some(column) = columns.get(condition.column) else {
            return refused(format!("there is no column at position {}; the table has {}", condition.column + 1, columns.len()));
        };
        let name = &column.name;
        match &column.cells {
            Cells::Numbers { .. } => {
                return refused(format!("column `{name}` holds numbers and a condition names a category; read it as categories"));
            }
            Cells::Categories { levels, .. } if condition.level as usize >= levels.len() => {
                return refused(format!(
                    "column `{name}` has {} categories, number {} was asked for",
                    levels.len(),
                    u64::from(condition.level) + 1
                ));
            }
            Cells::Categories { .. } => {}
        }
        match kept.iter().find(|other| other.column == condition.column) {
            Some(other) if other.level != condition.level => return refused(format!("column `{name}` cannot have two categories at once")),
            Some(_) => {}
            None => kept.push(*condition),
        }
    }
    Ok(kept)
}

/// Conditions in words, for messages: `gender = f, hired = 1`.
pub(crate) fn in_words(columns: &[Column], conditions: &[Condition]) -> String {
    let words = conditions.iter().filter_map(|condition| {
        let column = columns.get(condition.column)?;
        let Cells::Categories { levels, .. } = &column.cells else { return None };
        Some(format!("{} = {}", column.name, levels.get(condition.level as usize)?))
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "no condition".to_owned() } else { words.join(", ") }
}

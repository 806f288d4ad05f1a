//! Synthetic rows in which every group, and every label in every group, has the wanted share.
//!
//! ```text
//! cell (g, y): rows of group g with label y;   share(g, y) = w(g) v(y);   rows(g, y) = share x rows, rounded by largest remainder
//! ```
//!
//! Each cell's rows are asked for by a condition, so that its number is met exactly. As shares multiply, group and label are independent in
//! the rows made: no group has more favourable labels than another, whatever the training rows say. `found` shares of the label keep the
//! base rate of all training rows.
//!
//! A row that equals a training row in every column is left out and another one made in its place, unless copies are kept. The rows come
//! in an order drawn at the end. The same generator of random numbers gives the same rows.

use std::collections::HashSet;

use evenhand_data::MISSING;
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::RebalanceError;
use crate::alignment::{aligned, keys};
use crate::shares::{Shares, apportion};
use crate::synthesis::{Cells, Condition, Generator, Table, in_words};

/// What is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Column of the groups.
    pub group: String,
    /// Wanted share of each group.
    pub group_shares: Shares,
    /// Column of the label; without it the groups alone are balanced.
    pub label: Option<String>,
    /// Wanted share of each label, the same in every group.
    pub label_shares: Shares,
    /// Number of rows.
    pub rows: usize,
    /// Keeps rows that equal a training row.
    pub keep_copies: bool,
}

/// The rows made, with what was counted on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Balanced {
    /// The rows, with the columns of the training table.
    pub table: Table,
    /// Rows of each group and label.
    pub cells: Vec<BalancedCell>,
    /// Exact copies of training rows that were made: left out, or kept where that was asked for.
    pub copies: usize,
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

/// Rows made beyond which a cell whose rows are nearly all copies is given up: this many times those wanted, and some.
const PATIENCE: usize = 20;
const SOME: usize = 1000;

/// Makes balanced rows. `training` is the table that the generator has learned.
pub fn balanced(generator: &dyn Generator, training: &Table, balance: &Balance, rng: &mut dyn Rng) -> Result<Balanced, RebalanceError> {
    if balance.rows == 0 {
        return Err(RebalanceError::BadCondition { reason: "0 rows were asked for; ask for at least one".to_owned() });
    }
    let group = Part::new(training, &balance.group, &balance.group_shares)?;
    let label = balance.label.as_ref().map(|label| Part::new(training, label, &balance.label_shares)).transpose()?;
    if label.as_ref().is_some_and(|label| label.column == group.column) {
        let reason = format!("`{}` cannot be both group and label; name another column", balance.group);
        return Err(RebalanceError::BadCondition { reason });
    }
    let mut cells = Vec::new();
    for (&level, &share) in group.levels.iter().zip(&group.shares) {
        match &label {
            None => cells.push((vec![Condition { column: group.column, level }], share)),
            Some(label) => {
                for (&value, &part) in label.levels.iter().zip(&label.shares) {
                    let conditions = vec![Condition { column: group.column, level }, Condition { column: label.column, level: value }];
                    cells.push((conditions, share * part));
                }
            }
        }
    }
    let counts = apportion(balance.rows, &cells.iter().map(|(_, share)| *share).collect::<Vec<_>>());
    let known: HashSet<Vec<u64>> = keys(training).into_iter().collect();
    let mut made: Option<Table> = None;
    let mut copies = 0;
    let mut told = Vec::new();
    for ((conditions, _), count) in cells.iter().zip(counts) {
        let before = (0..training.rows()).filter(|&row| conditions.iter().all(|condition| meets(training, row, *condition))).count();
        told.push(BalancedCell {
            group: group.name(training, conditions[0].level),
            label: label.as_ref().map(|label| label.name(training, conditions[1].level)),
            before,
            rows: count,
        });
        let (mut left, mut tried, mut copied) = (count, 0, 0);
        while left > 0 {
            if tried > PATIENCE * count + SOME {
                let conditions = in_words(&training.columns, conditions);
                return Err(RebalanceError::Copies { conditions, wanted: count, made: count - left, tried, copies: copied });
            }
            let rows = aligned(training, &generator.sample(left, conditions, rng)?)?;
            assert!(
                (0..rows.rows()).all(|row| conditions.iter().all(|condition| meets(&rows, row, *condition))) && rows.rows() == left,
                "a generator must meet its conditions in every row"
            );
            tried += left;
            let is_copy: Vec<bool> = keys(&rows).iter().map(|key| known.contains(key)).collect();
            copied += is_copy.iter().filter(|copy| **copy).count();
            let kept: Vec<usize> = (0..rows.rows()).filter(|&row| balance.keep_copies || !is_copy[row]).collect();
            left -= kept.len();
            let kept = rows.select(&kept);
            match &mut made {
                None => made = Some(kept),
                Some(made) => append(made, kept),
            }
        }
        copies += copied;
    }
    let table = made.unwrap_or_default();
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.shuffle(rng);
    Ok(Balanced { table: table.select(&order), cells: told, copies })
}

/// The categories of a column with their wanted shares; those without training rows are left aside.
struct Part {
    column: usize,
    levels: Vec<u32>,
    shares: Vec<f64>,
}

impl Part {
    fn new(training: &Table, name: &str, shares: &Shares) -> Result<Self, RebalanceError> {
        let column = training.position(name).map_err(|error| RebalanceError::BadCondition { reason: error.to_string() })?;
        let Cells::Categories { levels, codes } = &training.columns[column].cells else {
            let reason =
                format!("column `{name}` holds numbers, and only categories can be balanced; cut it into groups, or read it as categories");
            return Err(RebalanceError::BadCondition { reason });
        };
        let mut counts = vec![0_usize; levels.len()];
        codes.iter().filter(|&&code| code != MISSING).for_each(|&code| counts[code as usize] += 1);
        let present: Vec<u32> = (0..).zip(&counts).filter(|(_, count)| **count > 0).map(|(code, _)| code).collect();
        let names: Vec<String> = present.iter().map(|&code| levels[code as usize].clone()).collect();
        if names.is_empty() {
            return Err(RebalanceError::BadCondition { reason: format!("column `{name}` has no value in any training row") });
        }
        let found: Vec<usize> = present.iter().map(|&code| counts[code as usize]).collect();
        let refused = |reason| RebalanceError::Shares { method: "balance", attribute: name.to_owned(), reason };
        let shares = shares.resolve(&names, &found).map_err(refused)?;
        Ok(Part { column, levels: present, shares })
    }

    fn name(&self, training: &Table, level: u32) -> String {
        match &training.columns[self.column].cells {
            Cells::Categories { levels, .. } => levels[level as usize].clone(),
            Cells::Numbers { .. } => String::new(),
        }
    }
}

fn meets(table: &Table, row: usize, condition: Condition) -> bool {
    matches!(&table.columns[condition.column].cells, Cells::Categories { codes, .. } if codes[row] == condition.level)
}

/// Appends rows of the same columns and codes.
fn append(table: &mut Table, rows: Table) {
    for (column, further) in table.columns.iter_mut().zip(rows.columns) {
        match (&mut column.cells, further.cells) {
            (Cells::Numbers { values, .. }, Cells::Numbers { values: further, .. }) => values.extend(further),
            (Cells::Categories { codes, .. }, Cells::Categories { codes: further, .. }) => codes.extend(further),
            _ => {}
        }
    }
}

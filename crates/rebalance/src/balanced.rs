//! Synthetic rows in which every group, and every label in every group, has the wanted share.
//!
//! ```text
//! cell (g, y): rows of group g with label y;   share(g, y) = w(g) v(y)
//! rows(g)    = w(g) rows,                                     rounded by largest remainder
//! rows(g, y) = rows(g) v(y),                                  rounded so that the sum over y is rows(g), and
//!                                                             the sum over g as near as can be to v(y) rows, rounded by largest remainder
//! ```
//!
//! So the groups' shares are exact wherever whole rows can have them, and no cell lies a row or more from its share of its group. Each cell's rows are asked for by a condition, so that its number is met exactly. As shares multiply, group and label are independent in
//! the rows made: no group has more favourable labels than another, whatever the training rows say. `found` shares of the label keep the
//! base rate of all training rows.
//!
//! A row that equals a training row in every column, or a row of a further table whose rows must not come out ([`balanced_apart`]: real rows
//! held out), is left out and another one made in its place, unless copies are kept. Rules that hold in every training row
//! ([`rules`](crate::rules)) are kept. The rows come in an order drawn at the end. The same generator of random numbers gives the same rows.

use std::collections::{HashSet, VecDeque};

pub use evenhand_metrics::likeness::BalancedCell;
use evenhand_rows::MISSING;
use rand::Rng;
use rand::seq::SliceRandom;

use crate::RebalanceError;
use crate::alignment::{aligned, keys};
use crate::rules::{KeptRule, Rules};
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
    /// Keeps rows that equal a training row, or another row that should not come out.
    pub keep_copies: bool,
}

/// The rows made, with what was counted on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Balanced {
    /// The rows, with the columns of the training table.
    pub table: Table,
    /// Rows of each group and label.
    pub cells: Vec<BalancedCell>,
    /// Exact copies of training rows, or of further rows that should not come out, that were made: left out, or kept where that was asked for.
    pub copies: usize,
    /// Those among `copies` that equal a further row and no training row.
    pub copies_of_others: usize,
    /// What became of the rules that hold in every training row.
    pub rules: Vec<KeptRule>,
}

/// Rows made beyond which a cell whose rows are nearly all copies is given up: this many times those wanted, and some.
const PATIENCE: usize = 20;
const SOME: usize = 1000;

/// Makes balanced rows. `training` is the table that the generator has learned.
pub fn balanced(generator: &dyn Generator, training: &Table, balance: &Balance, rng: &mut dyn Rng) -> Result<Balanced, RebalanceError> {
    balanced_apart(generator, training, &[], balance, rng)
}

/// As [`balanced`], and no row made equals a row of the `unwanted` tables either, such as real rows held out. They have the columns of the
/// training table.
pub fn balanced_apart(
    generator: &dyn Generator,
    training: &Table,
    unwanted: &[&Table],
    balance: &Balance,
    rng: &mut dyn Rng,
) -> Result<Balanced, RebalanceError> {
    if balance.rows == 0 {
        return Err(RebalanceError::BadCondition { reason: "0 rows were asked for; ask for at least one".to_owned() });
    }
    let group = Part::new(training, &balance.group, &balance.group_shares)?;
    let label = balance.label.as_ref().map(|label| Part::new(training, label, &balance.label_shares)).transpose()?;
    if label.as_ref().is_some_and(|label| label.column == group.column) {
        let reason = format!("`{}` cannot be both group and label; name another column", balance.group);
        return Err(RebalanceError::BadCondition { reason });
    }
    let of_groups = apportion(balance.rows, &group.shares);
    let mut cells = Vec::new();
    match &label {
        None => {
            let conditions = group.levels.iter().map(|&level| vec![Condition { column: group.column, level }]);
            cells.extend(conditions.zip(of_groups));
        }
        Some(label) => {
            let counts = within(&of_groups, &label.shares);
            for (&level, counts) in group.levels.iter().zip(counts) {
                for (&value, count) in label.levels.iter().zip(counts) {
                    cells.push((vec![Condition { column: group.column, level }, Condition { column: label.column, level: value }], count));
                }
            }
        }
    }
    let known: HashSet<Vec<u64>> = keys(training).into_iter().collect();
    let mut others: HashSet<Vec<u64>> = HashSet::new();
    for table in unwanted {
        others.extend(keys(&aligned(training, table)?));
    }
    let mut rules = Rules::find(training);
    let fixed: Vec<usize> = std::iter::once(group.column).chain(label.as_ref().map(|label| label.column)).collect();
    let mut copies_of_others = 0;
    let mut made: Option<Table> = None;
    let mut copies = 0;
    let mut told = Vec::new();
    for (conditions, count) in &cells {
        let count = *count;
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
            let mut rows = aligned(training, &generator.sample(left, conditions, rng)?)?;
            assert!(
                (0..rows.rows()).all(|row| conditions.iter().all(|condition| meets(&rows, row, *condition))) && rows.rows() == left,
                "a generator must meet its conditions in every row"
            );
            tried += left;
            // A rule that the wanted groups or labels themselves break, or that leaves nothing but copies, is told and not waited for.
            let patient = tried <= PATIENCE * count / 2 + SOME / 2;
            let drawn = (!patient && !rules.is_empty()).then(|| rows.clone());
            let broken = if rules.is_empty() { vec![false; rows.rows()] } else { rules.mend(&mut rows, &fixed) };
            if let Some(drawn) = drawn {
                let copied = keys(&rows).iter().map(|key| known.contains(key) || others.contains(key)).collect::<Vec<bool>>();
                restore(&mut rows, &drawn, &copied);
            }
            let keys = keys(&rows);
            let is_other = |key: &Vec<u64>| !known.contains(key) && others.contains(key);
            copies_of_others += keys.iter().filter(|key| is_other(key)).count();
            let is_copy: Vec<bool> = keys.iter().map(|key| known.contains(key) || others.contains(key)).collect();
            copied += is_copy.iter().filter(|copy| **copy).count();
            let kept: Vec<usize> =
                (0..rows.rows()).filter(|&row| (balance.keep_copies || !is_copy[row]) && !(patient && broken[row])).collect();
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
    rules.tell(&table);
    Ok(Balanced { table: table.select(&order), cells: told, copies, copies_of_others, rules: rules.kept().to_vec() })
}

/// Takes the chosen rows as they were drawn.
fn restore(rows: &mut Table, drawn: &Table, chosen: &[bool]) {
    for (column, before) in rows.columns.iter_mut().zip(&drawn.columns) {
        for row in (0..chosen.len()).filter(|row| chosen[*row]) {
            match (&mut column.cells, &before.cells) {
                (Cells::Numbers { values, .. }, Cells::Numbers { values: drawn, .. }) => values[row] = drawn[row],
                (Cells::Categories { codes, .. }, Cells::Categories { codes: drawn, .. }) => codes[row] = drawn[row],
                // Both are one table's columns.
                _ => {}
            }
        }
    }
}

/// Rows of each group and label: of every group its share of each label, rounded up or down, so that each group has exactly its rows and each
/// label is as near as can be to its share of all rows.
fn within(of_groups: &[usize], shares: &[f64]) -> Vec<Vec<usize>> {
    let wanted = apportion(of_groups.iter().sum(), shares);
    let mut counts = Vec::with_capacity(of_groups.len());
    let mut remainders = Vec::with_capacity(of_groups.len());
    for &rows in of_groups {
        // As in `apportion`: a share such as .45 of 20 must count as the 9 that it means.
        let whole: Vec<usize> = shares.iter().map(|share| (share * rows as f64 + 1e-9).floor() as usize).collect();
        remainders.push(shares.iter().zip(&whole).map(|(share, whole)| share * rows as f64 - *whole as f64).collect::<Vec<f64>>());
        counts.push(whole);
    }
    // What is missing of a label, over the groups; each group's own missing rows go where most is missing, at most one to a label.
    let mut missing: Vec<i64> =
        (0..shares.len()).map(|label| wanted[label] as i64 - counts.iter().map(|counts| counts[label] as i64).sum::<i64>()).collect();
    let mut raised = vec![vec![false; shares.len()]; of_groups.len()];
    for (group, &rows) in of_groups.iter().enumerate() {
        let mut open: Vec<usize> = (0..shares.len()).filter(|&label| remainders[group][label] > 1e-9).collect();
        open.sort_by(|&one, &other| missing[other].cmp(&missing[one]).then(remainders[group][other].total_cmp(&remainders[group][one])));
        for &label in open.iter().take(rows.saturating_sub(counts[group].iter().sum())) {
            raised[group][label] = true;
            missing[label] -= 1;
        }
    }
    // A label with too many rows hands one on to a label with too few, over others where need be, as long as there is such a way.
    while let Some((ways, end)) = way(&raised, &remainders, &missing) {
        let mut label = end;
        while let Some((group, from)) = ways[label] {
            (raised[group][from], raised[group][label]) = (false, true);
            label = from;
        }
        missing[label] += 1;
        missing[end] -= 1;
    }
    counts
        .iter()
        .zip(&raised)
        .map(|(counts, raised)| counts.iter().zip(raised).map(|(count, raised)| count + usize::from(*raised)).collect())
        .collect()
}

/// A step to a label: the group that hands a row on, and the label it takes it from.
type Step = Option<(usize, usize)>;

/// The shortest way from a label with too many rows to one with too few: of each label reached the step to it, and the last label.
fn way(raised: &[Vec<bool>], remainders: &[Vec<f64>], missing: &[i64]) -> Option<(Vec<Step>, usize)> {
    let mut ways: Vec<Step> = vec![None; missing.len()];
    let mut seen: Vec<bool> = missing.iter().map(|&missing| missing < 0).collect();
    let mut queue: VecDeque<usize> = (0..missing.len()).filter(|&label| missing[label] < 0).collect();
    if !missing.iter().any(|&missing| missing > 0) {
        return None;
    }
    while let Some(from) = queue.pop_front() {
        for (group, raised) in raised.iter().enumerate().filter(|(_, raised)| raised[from]) {
            for to in (0..missing.len()).filter(|&to| !raised[to] && remainders[group][to] > 1e-9) {
                if seen[to] {
                    continue;
                }
                (seen[to], ways[to]) = (true, Some((group, from)));
                if missing[to] > 0 {
                    return Some((ways, to));
                }
                queue.push_back(to);
            }
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups exact, every cell within a row of its share, and labels at their rounded totals wherever some table has them (brute force).
    #[test]
    fn groups_are_exact_and_labels_as_near_as_can_be() {
        let third = 1.0 / 3.0;
        let even = within(&[5, 5], &[third; 3]);
        assert_eq!(even.iter().map(|cells| cells.iter().sum()).collect::<Vec<usize>>(), [5, 5]);
        assert_eq!((0..3).map(|label| even[0][label] + even[1][label]).collect::<Vec<_>>(), [4, 3, 3]);
        for groups in [vec![5, 5], vec![3, 7], vec![1, 1, 1], vec![2, 3, 5], vec![4, 0, 9], vec![7, 7, 7, 7], vec![1, 2, 3, 4]] {
            for shares in [vec![third; 3], vec![0.5, 0.5], vec![0.45, 0.55], vec![0.2, 0.3, 0.5], vec![0.7, 0.2, 0.1, 0.0], vec![1.0]] {
                let counts = within(&groups, &shares);
                let wanted = apportion(groups.iter().sum(), &shares);
                for (counts, &rows) in counts.iter().zip(&groups) {
                    assert_eq!(counts.iter().sum::<usize>(), rows, "{groups:?} {shares:?}");
                    for (&count, share) in counts.iter().zip(&shares) {
                        assert!((count as f64 - share * rows as f64).abs() < 1.0 - 1e-9, "{groups:?} {shares:?}: {counts:?}");
                    }
                }
                let off = |totals: &[usize]| totals.iter().zip(&wanted).map(|(total, wanted)| total.abs_diff(*wanted)).sum::<usize>();
                let totals: Vec<usize> = (0..shares.len()).map(|label| counts.iter().map(|counts| counts[label]).sum()).collect();
                let mut least = usize::MAX;
                every(&groups, &shares, &mut vec![0; shares.len()], &mut |totals| least = least.min(off(totals)));
                assert_eq!(off(&totals), least, "{groups:?} {shares:?}: {counts:?}");
            }
        }
    }

    /// The totals of every table whose cells are the groups' shares rounded up or down.
    fn every(groups: &[usize], shares: &[f64], totals: &mut Vec<usize>, each: &mut dyn FnMut(&[usize])) {
        let Some((&rows, rest)) = groups.split_first() else { return each(totals) };
        for choice in 0..1_u32 << shares.len() {
            let up = |label: usize| choice >> label & 1 == 1;
            let exact = |label: usize| shares[label] * rows as f64;
            let cells: Vec<usize> =
                (0..shares.len()).map(|label| (exact(label) + 1e-9).floor() as usize + usize::from(up(label))).collect();
            let whole = (0..shares.len()).any(|label| up(label) && exact(label) - (exact(label) + 1e-9).floor() < 1e-9);
            if !whole && cells.iter().sum::<usize>() == rows {
                totals.iter_mut().zip(&cells).for_each(|(total, cell)| *total += cell);
                every(rest, shares, totals, each);
                totals.iter_mut().zip(&cells).for_each(|(total, cell)| *total -= cell);
            }
        }
    }
}

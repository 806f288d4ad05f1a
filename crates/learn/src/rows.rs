//! The rows a scorer learns from, and how they are cut into batches.

use std::collections::BTreeMap;

use evenhand_rows::recordings::Recordings;
use evenhand_rows::{Groups, Label, Matrix, SensitiveInput, UNKNOWN};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::LearnError;

/// Encoded inputs with labels, groups and sample weights, all of the same length.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Encoded inputs.
    pub features: &'a Matrix,
    /// Labels in [0, 1].
    pub labels: &'a [f64],
    /// The sensitive attribute that the objective evens out.
    pub groups: &'a Groups,
    /// Sample weights, finite and not negative, with a positive sum.
    pub weights: Option<&'a [f64]>,
    /// Recorded interviews of the rows, where the model reads them.
    pub recordings: Option<&'a Recordings>,
    /// Further labels in [0, 1] that the model learns beside `labels`.
    pub targets: &'a [Label],
    /// Where the attribute of `groups` stands among the inputs, so that a row can be re-written as one of another group; `None` where
    /// it is no input.
    pub sensitive: Option<&'a SensitiveInput>,
}

/// What a model reads of candidates: their encoded columns and, where they were interviewed, their recordings.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// Encoded inputs.
    pub features: &'a Matrix,
    /// Recorded interviews of the same rows.
    pub recordings: Option<&'a Recordings>,
}

impl<'a> From<&'a Matrix> for Candidates<'a> {
    fn from(features: &'a Matrix) -> Self {
        Candidates { features, recordings: None }
    }
}

impl<'a> Rows<'a> {
    /// What a model reads of these rows.
    pub fn candidates(&self) -> Candidates<'a> {
        Candidates { features: self.features, recordings: self.recordings }
    }
}

impl Rows<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.features.rows()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses rows that do not fit together or are not finite.
    pub fn check(&self, part: &'static str) -> Result<(), LearnError> {
        let rows = self.len();
        if rows == 0 {
            return Err(LearnError::Misfit { part, reason: "there are none; give at least one row".to_owned() });
        }
        for (what, count) in [("labels", self.labels.len()), ("groups", self.groups.len())]
            .into_iter()
            .chain(self.weights.map(|weights| ("weights", weights.len())))
            .chain(self.recordings.map(|recordings| ("recordings", recordings.len())))
            .chain(self.targets.iter().map(|target| ("further labels", target.values.len())))
        {
            if count != rows {
                return Err(LearnError::Misfit { part, reason: format!("{rows} rows of features but {count} {what}") });
            }
        }
        if let Some(sensitive) = self.sensitive {
            let columns = self.features.columns();
            let outside = sensitive.columns().iter().find(|column| **column >= columns);
            if let Some(column) = outside {
                let reason = format!("`{}` is said to stand in column {column} of {columns}", sensitive.attribute());
                return Err(LearnError::Misfit { part, reason });
            }
        }
        let bad = |row, what: String, value, remedy| Err(LearnError::BadRow { part, row, what, value, remedy });
        if let Some(place) = self.features.values().iter().position(|value| !value.is_finite()) {
            let columns = self.features.columns();
            let value = f64::from(self.features.values()[place]);
            return bad(place / columns, format!("feature column {}", place % columns), value, "encode missing values first");
        }
        if let Some(row) = self.labels.iter().position(|label| !(0.0..=1.0).contains(label)) {
            return bad(row, "the label".to_owned(), self.labels[row], "labels must lie in [0, 1]");
        }
        for target in self.targets {
            if let Some(row) = target.values.iter().position(|label| !(0.0..=1.0).contains(label)) {
                return bad(row, format!("the target `{}`", target.name), target.values[row], "labels must lie in [0, 1]");
            }
        }
        if let Some(weights) = self.weights {
            if let Some(row) = weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
                return bad(row, "the weight".to_owned(), weights[row], "weights must be finite and not negative");
            }
            if weights.iter().sum::<f64>() <= 0.0 {
                return Err(LearnError::Misfit { part, reason: "all weights are 0".to_owned() });
            }
        }
        Ok(())
    }
}

/// Which cells every batch holds in equal numbers. Rows of unknown group are in no cell: each stands in one batch an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balance {
    /// Rows as they come.
    #[default]
    None,
    /// Every group.
    Group,
    /// Every group x label (at least 0.5 or below).
    GroupLabel,
    /// Every group x label, not in equal numbers but as many as if group and label were independent: n(group) n(label) / n.
    Independence,
}

impl Balance {
    /// The words of the parameter `balance`.
    pub const WORDS: &'static [&'static str] = &["none", "group", "group-label", "independence"];

    /// Reads one of [`Balance::WORDS`].
    pub fn from_word(word: &str) -> Self {
        match word {
            "group" => Balance::Group,
            "group-label" => Balance::GroupLabel,
            "independence" => Balance::Independence,
            _ => Balance::None,
        }
    }
}

/// How an epoch's rows are cut into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchPlan {
    /// Which cells a batch holds in equal numbers. A small cell repeats its rows, each once before any twice.
    pub balance: Balance,
    /// True when balanced rows carry weights that give every cell its share of the data back, so that only the terms that compare
    /// groups see equal numbers and the data loss keeps its meaning; false when the balance is meant to change the data loss too.
    pub keep_shares: bool,
}

/// Group and label of a cell, as far as the plan parts rows by them.
type CellKey = (u64, u64);

/// The training rows as a plan parts them.
struct Parted {
    /// Rows of each cell, by group and then label.
    cells: Vec<(CellKey, Vec<usize>)>,
    /// Rows of unknown group, where cells are balanced.
    unknown: Vec<usize>,
    /// Number of all other rows.
    known: usize,
}

/// The rows of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// Indices of the training rows, with repetition where the plan repeats.
    pub rows: Vec<usize>,
    /// Factors on the rows' weights; `None` for all 1.
    pub factors: Option<Vec<f32>>,
}

impl BatchPlan {
    /// The batches of one epoch: as many as `size` asks for, their sizes as equal as possible (no crumb at the end).
    ///
    /// Where cells are balanced, rows of unknown group keep their share of the data: they are dealt out over the batches, each once, and
    /// the cells share what is left of a batch.
    pub fn draw(&self, rows: &Rows<'_>, size: usize, rng: &mut impl Rng) -> Vec<Draw> {
        let count = rows.len().div_ceil(size);
        let Parted { mut cells, mut unknown, known } = self.parted(rows);
        if cells.len() < 2 {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.shuffle(rng);
            return (0..count)
                .map(|batch| Draw { rows: order[rows.len() * batch / count..rows.len() * (batch + 1) / count].to_vec(), factors: None })
                .collect();
        }
        for (_, cell) in &mut cells {
            cell.shuffle(rng);
        }
        if !unknown.is_empty() {
            unknown.shuffle(rng);
        }
        let mut next = vec![0; cells.len()];
        let size = known.div_ceil(count);
        let quotas = self.quotas(&cells, size);
        (0..count)
            .map(|number| {
                let mut draw = Draw { rows: Vec::with_capacity(size), factors: self.keep_shares.then(|| Vec::with_capacity(size)) };
                for (position, (_, cell)) in cells.iter_mut().enumerate() {
                    let quota = quotas[position];
                    let factor = (cell.len() * size) as f32 / (known * quota.max(1)) as f32;
                    for _ in 0..quota {
                        if next[position] == cell.len() {
                            cell.shuffle(rng);
                            next[position] = 0;
                        }
                        draw.rows.push(cell[next[position]]);
                        draw.factors.iter_mut().for_each(|factors| factors.push(factor));
                        next[position] += 1;
                    }
                }
                let dealt = &unknown[unknown.len() * number / count..unknown.len() * (number + 1) / count];
                draw.rows.extend(dealt);
                draw.factors.iter_mut().for_each(|factors| factors.extend(dealt.iter().map(|_| 1.0)));
                draw
            })
            .collect()
    }

    /// The rows of every cell, and those of unknown group.
    fn parted(self, rows: &Rows<'_>) -> Parted {
        let label = |row: usize| u64::from(rows.labels[row] >= 0.5);
        let codes = rows.groups.codes();
        let group = |row: usize| u64::from(codes[row]);
        let key = |row: usize| match self.balance {
            Balance::None => (0, 0),
            Balance::Group => (group(row), 0),
            Balance::GroupLabel | Balance::Independence => (group(row), label(row)),
        };
        let mut cells: BTreeMap<CellKey, Vec<usize>> = BTreeMap::new();
        let mut unknown = Vec::new();
        for (row, &code) in codes.iter().enumerate() {
            if self.balance != Balance::None && code == UNKNOWN {
                unknown.push(row);
            } else {
                cells.entry(key(row)).or_default().push(row);
            }
        }
        Parted { cells: cells.into_iter().collect(), known: rows.len() - unknown.len(), unknown }
    }

    /// How many rows of every cell stand in a batch of `size` rows of known group.
    fn quotas(self, cells: &[(CellKey, Vec<usize>)], size: usize) -> Vec<usize> {
        let count = cells.len();
        if self.balance != Balance::Independence {
            return (0..count).map(|position| size * (position + 1) / count - size * position / count).collect();
        }
        let sum =
            |takes: &dyn Fn(&CellKey) -> bool| -> usize { cells.iter().filter(|(key, _)| takes(key)).map(|(_, rows)| rows.len()).sum() };
        let all = sum(&|_| true) as f64;
        // At least one row, so that no cell is left out of every batch.
        let wanted = |(key, _): &(CellKey, Vec<usize>)| {
            let expected = sum(&|other| other.0 == key.0) as f64 * sum(&|other| other.1 == key.1) as f64 / all.powi(2);
            (size as f64 * expected).round().max(1.0) as usize
        };
        cells.iter().map(wanted).collect()
    }

    /// The share of each group x label cell, by group and then label, in the weight of the data loss over many batches; `weights` are
    /// those of the rows. Cells without rows are absent.
    pub(crate) fn cell_shares(self, rows: &Rows<'_>, weights: &[f32]) -> BTreeMap<(u32, bool), f64> {
        let mut totals: BTreeMap<(u32, bool), f64> = BTreeMap::new();
        let mut add = |row: usize, factor: f64| {
            let cell = (rows.groups.codes()[row], rows.labels[row] >= 0.5);
            *totals.entry(cell).or_default() += factor * f64::from(weights[row]);
        };
        if self.balance == Balance::None || self.keep_shares {
            for row in 0..rows.len() {
                add(row, 1.0);
            }
        } else {
            let Parted { cells, unknown, known } = self.parted(rows);
            for ((_, cell), quota) in cells.iter().zip(self.quotas(&cells, known)) {
                for &row in cell {
                    add(row, quota as f64 / cell.len() as f64);
                }
            }
            for row in unknown {
                add(row, 1.0);
            }
        }
        let sum: f64 = totals.values().sum();
        for total in totals.values_mut() {
            *total /= sum;
        }
        totals
    }
}

/// One batch on the host. An objective may rewrite it before the pass (flip an input, duplicate rows, mix two rows).
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Indices of the training rows; `usize::MAX` for a row that an objective made up.
    pub rows: Vec<usize>,
    /// Inputs, row after row.
    pub inputs: Vec<f32>,
    /// Number of input columns.
    pub columns: usize,
    /// Labels in [0, 1].
    pub labels: Vec<f32>,
    /// Further labels, one vector a target.
    pub targets: Vec<Vec<f32>>,
    /// Group codes, `evenhand_rows::UNKNOWN` where not known.
    pub groups: Vec<u32>,
    /// Row weights; only their ratios matter.
    pub weights: Vec<f32>,
}

impl Batch {
    /// Copies the drawn rows together. `row_weights` are sample weights times whatever the objective set at an epoch's end.
    pub fn gather(rows: &Rows<'_>, draw: Draw, row_weights: &[f32]) -> Self {
        let columns = rows.features.columns();
        let mut inputs = Vec::with_capacity(draw.rows.len() * columns);
        for &row in &draw.rows {
            inputs.extend_from_slice(rows.features.row(row));
        }
        let factor = |place: usize| draw.factors.as_ref().map_or(1.0, |factors| factors[place]);
        Batch {
            columns,
            inputs,
            labels: draw.rows.iter().map(|&row| rows.labels[row] as f32).collect(),
            targets: rows.targets.iter().map(|target| draw.rows.iter().map(|&row| target.values[row] as f32).collect()).collect(),
            groups: draw.rows.iter().map(|&row| rows.groups.codes()[row]).collect(),
            weights: draw.rows.iter().enumerate().map(|(place, &row)| row_weights[row] * factor(place)).collect(),
            rows: draw.rows,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Share of each row in the batch's weight (sum 1); all 0 when no row has weight.
    pub fn shares(&self) -> Vec<f32> {
        let total: f64 = self.weights.iter().map(|&weight| f64::from(weight)).sum();
        let scale = if total > 0.0 { 1.0 / total } else { 0.0 };
        self.weights.iter().map(|&weight| (f64::from(weight) * scale) as f32).collect()
    }

    /// For each group that occurs (ascending code), the share of each row in the group's weight: 0 outside it, sum 1 inside.
    pub fn group_shares(&self) -> Vec<Vec<f32>> {
        group_shares(&self.groups, &self.weights)
    }

    /// The weight of each of these groups.
    pub(crate) fn group_totals(&self) -> Vec<f64> {
        group_totals(&self.groups, &self.weights)
    }
}

/// See [`Batch::group_totals`].
pub(crate) fn group_totals(groups: &[u32], weights: &[f32]) -> Vec<f64> {
    totals(groups, weights).into_values().collect()
}

/// The weight of each group that has any.
fn totals(groups: &[u32], weights: &[f32]) -> BTreeMap<u32, f64> {
    let mut totals: BTreeMap<u32, f64> = BTreeMap::new();
    for (&group, &weight) in groups.iter().zip(weights).filter(|(group, weight)| **group != UNKNOWN && **weight > 0.0) {
        *totals.entry(group).or_default() += f64::from(weight);
    }
    totals
}

/// See [`Batch::group_shares`].
pub(crate) fn group_shares(groups: &[u32], weights: &[f32]) -> Vec<Vec<f32>> {
    totals(groups, weights)
        .into_iter()
        .map(|(level, total)| {
            let share = |(&group, &weight): (&u32, &f32)| if group == level { (f64::from(weight) / total) as f32 } else { 0.0 };
            groups.iter().zip(weights).map(share).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::{Purpose, stream};

    fn draws(plan: BatchPlan, size: usize) -> Vec<Draw> {
        let features = Matrix::new(1, vec![0.0; 10]);
        let groups = Groups::new("g", vec!["a".into(), "b".into()], vec![0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        let labels = [0.0, 1.0].repeat(5);
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        plan.draw(&rows, size, &mut stream(1, Purpose::Batches, 1))
    }

    #[test]
    fn plain_batches_hold_every_row_once_and_leave_no_crumb() {
        let draws = draws(BatchPlan::default(), 4);
        assert_eq!(draws.iter().map(|draw| draw.rows.len()).collect::<Vec<_>>(), [3, 3, 4]);
        let mut all: Vec<usize> = draws.into_iter().flat_map(|draw| draw.rows).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn balanced_batches_hold_groups_in_equal_numbers_and_can_keep_their_shares() {
        let draws = draws(BatchPlan { balance: Balance::Group, keep_shares: true }, 4);
        for draw in &draws {
            assert_eq!(draw.rows.iter().filter(|&&row| row >= 8).count(), 2);
            // Group a is .8 of the data and half of the batch: factor 1.6; group b .2 against half: .4.
            let factors = draw.factors.as_ref().unwrap();
            assert!(draw.rows.iter().zip(factors).all(|(&row, &factor)| (factor - if row >= 8 { 0.4 } else { 1.6 }).abs() < 1e-6));
        }
        let cells = BatchPlan { balance: Balance::GroupLabel, keep_shares: false };
        let draw = &super::tests::draws(cells, 8)[0];
        let count = |group: bool, label: usize| draw.rows.iter().filter(|&&row| (row >= 8) == group && row % 2 == label).count();
        assert_eq!([count(false, 0), count(false, 1), count(true, 0), count(true, 1)].iter().sum::<usize>(), 5);
        assert!(count(true, 0) >= 1 && count(true, 1) >= 1);
    }

    #[test]
    fn independent_batches_give_every_group_the_same_share_of_labels() {
        // Group 0: 30 rows, 20 of them favourable; group 1: 10 rows, 2 favourable. Independent: 40 x 3/4 x 22/40 = 16.5, ...
        let features = Matrix::new(1, vec![0.0; 40]);
        let codes: Vec<u32> = (0..40).map(|row| u32::from(row >= 30)).collect();
        let groups = Groups::new("g", vec!["a".into(), "b".into()], codes);
        let labels: Vec<f64> = (0..40).map(|row| f64::from(u8::from(!(20..38).contains(&row)))).collect();
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let plan = BatchPlan { balance: Balance::Independence, keep_shares: false };
        for draw in plan.draw(&rows, 40, &mut stream(1, Purpose::Batches, 1)) {
            let count = |group: bool, label: f64| draw.rows.iter().filter(|&&row| (row >= 30) == group && labels[row] == label).count();
            assert_eq!([count(false, 0.0), count(false, 1.0), count(true, 0.0), count(true, 1.0)], [14, 17, 5, 6]);
        }
        let shares = plan.cell_shares(&rows, &[1.0; 40]);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
        near(shares[&(0, false)], 14.0 / 42.0);
        near(shares[&(1, true)], 6.0 / 42.0);
        let as_they_come = BatchPlan { keep_shares: true, ..plan }.cell_shares(&rows, &[1.0; 40]);
        near(as_they_come[&(1, true)], 2.0 / 40.0);
    }

    /// Each row of unknown group stands in one batch an epoch, whatever the balance: one among 600 is 1/600 of the data loss.
    #[test]
    fn rows_of_unknown_group_keep_their_share_of_the_batches() {
        for unknown in [1, 60] {
            let features = Matrix::new(1, vec![0.0; 600]);
            let codes = (0..600).map(|row| if row < unknown { UNKNOWN } else { u32::from(row % 10 == 9) }).collect();
            let groups = Groups::new("g", vec!["a".into(), "b".into()], codes);
            let labels: Vec<f64> = (0..600).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
            let rows = Rows {
                features: &features,
                labels: &labels,
                groups: &groups,
                weights: None,
                recordings: None,
                targets: &[],
                sensitive: None,
            };
            for balance in [Balance::Group, Balance::GroupLabel, Balance::Independence] {
                for keep_shares in [false, true] {
                    let plan = BatchPlan { balance, keep_shares };
                    let draws = plan.draw(&rows, 100, &mut stream(1, Purpose::Batches, 1));
                    let mut seen: Vec<usize> = draws.iter().flat_map(|draw| &draw.rows).copied().filter(|&row| row < unknown).collect();
                    seen.sort_unstable();
                    assert_eq!(seen, (0..unknown).collect::<Vec<_>>(), "{plan:?}");
                    // Their weight among that of all: as much as their number, but for the rounding of the cells' numbers.
                    let weight = |own: bool| -> f32 {
                        let factor = |draw: &Draw, place: usize| draw.factors.as_ref().map_or(1.0, |factors| factors[place]);
                        let part = |draw: &Draw| -> f32 {
                            (0..draw.rows.len()).filter(|&place| !own || draw.rows[place] < unknown).map(|place| factor(draw, place)).sum()
                        };
                        draws.iter().map(part).sum()
                    };
                    let (share, expected) = (weight(true) / weight(false), unknown as f32 / 600.0);
                    assert!((share - expected).abs() < 0.02 * expected, "{plan:?}: {share} instead of {expected}");
                    for draw in draws.iter().filter(|_| balance != Balance::Independence) {
                        let known = |group: u32| draw.rows.iter().filter(|&&row| groups.codes()[row] == group).count();
                        assert_eq!(known(0), known(1), "{plan:?}");
                    }
                    let shares = plan.cell_shares(&rows, &[1.0; 600]);
                    let told: f64 = shares.iter().filter(|((group, _), _)| *group == UNKNOWN).map(|(_, share)| share).sum();
                    assert!((told - f64::from(expected)).abs() < 0.01 * f64::from(expected), "{plan:?}: {told} instead of {expected}");
                }
            }
        }
        // Without a second group there is nothing to balance.
        let (features, labels) = (Matrix::new(1, vec![0.0; 10]), [1.0; 10]);
        let groups = Groups::new("g", vec!["a".into()], (0..10).map(|row| if row < 3 { UNKNOWN } else { 0 }).collect());
        let rows =
            Rows { features: &features, labels: &labels, groups: &groups, weights: None, recordings: None, targets: &[], sensitive: None };
        let draws = BatchPlan { balance: Balance::Group, keep_shares: true }.draw(&rows, 5, &mut stream(1, Purpose::Batches, 1));
        let mut all: Vec<usize> = draws.into_iter().flat_map(|draw| draw.rows).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn group_shares_leave_unknown_rows_out() {
        let batch = Batch {
            rows: vec![0, 1, 2, 3],
            inputs: vec![0.0; 4],
            columns: 1,
            labels: vec![0.0; 4],
            targets: Vec::new(),
            groups: vec![0, 2, 0, evenhand_rows::UNKNOWN],
            weights: vec![1.0, 2.0, 3.0, 4.0],
        };
        assert_eq!(batch.group_shares(), [vec![0.25, 0.0, 0.75, 0.0], vec![0.0, 1.0, 0.0, 0.0]]);
        assert_eq!(batch.group_totals(), [4.0, 2.0]);
        assert_eq!(batch.shares(), [0.1, 0.2, 0.3, 0.4]);
    }
}

//! Gaussian copula: each column's own distribution, joined by the correlations of normal variables.
//!
//! ```text
//! column c:    z_c standard normal;  value = F_c^-1(Phi(z_c));   F_c empirical distribution
//!   category   the line is cut into intervals whose probabilities are the shares of the categories; a missing value is one of them
//!   number     F_c of the values present; where some are missing a second normal variable with two intervals says which
//! z ~ N(0, R);  R_cd solves   cov(s_c, s_d) = sum over k of a_ck a_dk R_cd^k   (Mehler),
//!   s_c = E[z_c | the interval of the value],  a_ck its coefficient in the normalised Hermite polynomial of degree k
//! ```
//!
//! For columns without ties s_c is the normal score and R their correlation; for categories and heaps of equal numbers the sum takes back
//! what steps hide of a correlation (as polychoric correlations do). R is made positive definite by raising its eigenvalues.
//!
//! - Categories need an order on the line. They are put in the order of their mean on the first principal component of all columns (a mean
//!   of few rows drawn to 0 as by [`PRIOR_ROWS`] rows more), refined a few times: so one line carries as much of their association as one can.
//! - A number that several rows have is drawn as it is; a single one is drawn from the stretch to the middle between it and its neighbours,
//!   so that what one person has is not repeated. Nothing leaves the range of the rows learned; numbers are rounded to the file's form.
//! - **Cells** (`by`): one line for a category and one correlation for a pair cannot hold a group that differs from others in its own
//!   way: with one copula, features of women hired come out between those of women and those of the hired. With `by = "gender,hired"` each
//!   combination with at least `smallest_cell` rows has distributions of its own, so that every feature's distribution in the cell is
//!   the training rows' own, and correlations of its own, drawn towards those of the whole table as by as many rows as there are variables.
//!   Rows of smaller cells come from the copula of the whole table, under the condition that they are of that cell: a
//!   distribution of few rows would be these rows.
//! - **Conditions** are met exactly: the conditioned variables are drawn in turn from normal variables cut to their interval and
//!   accepted with the probability that the interval had, the others given them. A combination that no training row has can be made.
//!
//! Missing values are made as often as they occur. A correlation of two variables that fewer than four rows have together is 0.
//! Undefined for fewer than two rows, infinite numbers, and conditions on a category that no row has.
//!
//! Source: A. Sklar 1959; R. B. Nelsen, "An Introduction to Copulas", 2006; Gaussian copulas for tables: N. Patki, R. Wedge and
//! K. Veeramachaneni, "The Synthetic Data Vault", DSAA 2016, section III. There, and in the library of that name, parametric
//! distributions are fitted to numbers, categories stand in the order of their frequency and are given a place inside their interval by
//! chance, which lowers correlations; here distributions are empirical and correlations solved for. Cells are ours.

mod correlation;
mod margin;
mod normal;

use std::collections::BTreeMap;

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};
use evenhand_rows::MISSING;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::RebalanceError;
use crate::synthesis::{Cells, Column, Condition, Generator, Synthesiser, Table, Watch, check, check_conditions, in_words};
use correlation::{Square, cholesky, correlations, positive_definite};
use margin::{LevelOrder, Margin};

static CARD: Card = Card {
    id: "gaussian-copula",
    name: "Gaussian copula",
    kind: Kind::Synthesiser,
    summary: "Learns each column's distribution and the correlations between them, in seconds. Distributions come out as they are; of what \
              columns have to do with each other it keeps what one correlation for each pair can say, in each cell of `by`.",
    formula: "value = F^-1(Phi(z)) of each column, F its empirical distribution; z ~ N(0, R), R solved from the covariances of \
              E[z | value] by Mehler's expansion",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Sklar 1959; Patki, Wedge and Veeramachaneni 2016, section III; empirical margins, solved correlations and cells are ours",
    parameters: &[
        Parameter {
            name: "by",
            default: Literal::Text(""),
            allowed: Allowed::Any,
            purpose: "columns of categories, joined by commas, whose combinations each get a copula of their own, such as \"gender,hired\"",
        },
        Parameter {
            name: "smallest_cell",
            default: Literal::Integer(50),
            allowed: Allowed::Between(2.0, f64::INFINITY),
            purpose: "rows that a combination of `by` needs for a copula of its own; smaller ones come from that of the whole table",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Synthesiser> = Entry {
    card: &CARD,
    build: |parameters| {
        let by = parameters.text("by").split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Box::new(GaussianCopula { by, smallest_cell: parameters.count("smallest_cell") }))
    },
};

/// Rows by which the mean of a category is drawn to 0 before categories are put in order.
const PRIOR_ROWS: f64 = 10.0;
/// Times that the categories are put in order.
const ORDERINGS: usize = 4;
/// Steps of the power iteration for the first principal component.
const POWER_STEPS: usize = 20;
/// Tries of a row beyond which conditions count as out of reach: so many, and so many more a row.
const TRIES: usize = 100_000;
const TRIES_A_ROW: usize = 1000;

#[derive(Debug)]
struct GaussianCopula {
    by: Vec<String>,
    smallest_cell: usize,
}

/// A distribution for each column and a normal variable or two.
#[derive(Debug)]
struct Copula {
    margins: Vec<Margin>,
    /// First variable of each column.
    first: Vec<usize>,
    correlations: Square,
}

/// Rows that have the same categories in the columns of `by`.
#[derive(Debug)]
struct Cell {
    /// A code for each of these columns, [`MISSING`] where missing.
    key: Vec<u32>,
    rows: usize,
    /// Its own copula, unless it is too small.
    copula: Option<Copula>,
}

/// The fitted copulas.
#[derive(Debug)]
struct Fitted {
    /// Columns without rows: names, levels, forms.
    columns: Vec<Column>,
    by: Vec<usize>,
    whole: Copula,
    cells: Vec<Cell>,
}

impl Synthesiser for GaussianCopula {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, table: &Table, _seed: u64, watch: &dyn Watch) -> Result<Box<dyn Generator>, RebalanceError> {
        check(table)?;
        let refused = |reason: String| RebalanceError::BadTable { reason };
        let mut by = Vec::new();
        for name in &self.by {
            let column = table.position(name).map_err(|error| refused(format!("`by`: {error}")))?;
            if matches!(table.columns[column].cells, Cells::Numbers { .. }) {
                return Err(refused(format!("`by` names `{name}`, which holds numbers; name columns of categories")));
            }
            if !by.contains(&column) {
                by.push(column);
            }
        }
        let all: Vec<usize> = (0..table.rows()).collect();
        let absent: Vec<bool> = table.columns.iter().map(|column| all.iter().any(|&row| column.cells.is_missing(row))).collect();
        let orders = orders(table, &absent);
        let whole = Copula::fit(table, &all, &orders, &absent, None);
        let mut rows_of: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        for row in all {
            let code = |&column: &usize| match &table.columns[column].cells {
                Cells::Categories { codes, .. } => codes[row],
                Cells::Numbers { .. } => MISSING,
            };
            rows_of.entry(by.iter().map(code).collect()).or_default().push(row);
        }
        // One cell is the whole table.
        let own = rows_of.len() > 1;
        let cells = rows_of
            .into_iter()
            .map(|(key, rows)| {
                let large = own && rows.len() >= self.smallest_cell;
                let copula = large.then(|| Copula::fit(table, &rows, &orders, &absent, Some(&whole.correlations)));
                Cell { key, rows: rows.len(), copula }
            })
            .collect();
        if !watch.epoch(1, 1, &[]) {
            return Err(RebalanceError::Stopped);
        }
        Ok(Box::new(Fitted { columns: table.select(&[]).columns, by, whole, cells }))
    }
}

/// An order of the categories of each column; empty for numbers.
fn orders(table: &Table, absent: &[bool]) -> Vec<LevelOrder> {
    let rows: Vec<usize> = (0..table.rows()).collect();
    let mut orders: Vec<LevelOrder> = table
        .columns
        .iter()
        .zip(absent)
        .map(|(column, &absent)| match &column.cells {
            Cells::Categories { levels, .. } => (0..levels.len() as u32).chain(absent.then_some(MISSING)).collect(),
            Cells::Numbers { .. } => Vec::new(),
        })
        .collect();
    // Two categories have one order but for its direction.
    if orders.iter().all(|order| order.len() < 3) {
        return orders;
    }
    for _ in 0..ORDERINGS {
        let scores: Vec<Vec<f64>> = table
            .columns
            .iter()
            .zip(&orders)
            .zip(absent)
            .flat_map(|((column, order), &absent)| Margin::new(&column.cells, &rows, order, absent).scores(&column.cells, &rows))
            .map(|(scores, _)| standardised(scores))
            .collect();
        let component = first_component(&scores, rows.len());
        for (column, order) in table.columns.iter().zip(&mut orders) {
            let Cells::Categories { levels, codes } = &column.cells else { continue };
            if order.len() < 3 {
                continue;
            }
            let mut sums = vec![(0.0, PRIOR_ROWS); levels.len() + 1];
            for (&code, value) in codes.iter().zip(&component) {
                let sum = &mut sums[(code as usize).min(levels.len())];
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
            let mean = |code: u32| {
                let (sum, count) = sums[(code as usize).min(levels.len())];
                sum / count
            };
            order.sort_by(|&one, &other| mean(one).total_cmp(&mean(other)).then(one.cmp(&other)));
        }
    }
    orders
}

/// With mean 0 and variance 1, missing values 0; all 0 where the values are one.
fn standardised(mut scores: Vec<f64>) -> Vec<f64> {
    let present = scores.iter().filter(|score| !score.is_nan()).count().max(1) as f64;
    let mean = scores.iter().filter(|score| !score.is_nan()).sum::<f64>() / present;
    let square = scores.iter().filter(|score| !score.is_nan()).map(|score| (score - mean).powi(2)).sum::<f64>() / present;
    let scale = if square > 1e-12 { square.sqrt().recip() } else { 0.0 };
    for score in &mut scores {
        *score = if score.is_nan() { 0.0 } else { (*score - mean) * scale };
    }
    scores
}

/// Each row's value on the first principal component, by power iteration from equal loadings.
fn first_component(scores: &[Vec<f64>], rows: usize) -> Vec<f64> {
    let mut loadings = vec![1.0; scores.len()];
    let mut component = vec![0.0; rows];
    for _ in 0..POWER_STEPS {
        component.fill(0.0);
        for (scores, loading) in scores.iter().zip(&loadings) {
            component.iter_mut().zip(scores).for_each(|(value, score)| *value += loading * score);
        }
        let size = component.iter().map(|value| value * value).sum::<f64>().sqrt();
        if size < 1e-12 {
            break;
        }
        for (scores, loading) in scores.iter().zip(&mut loadings) {
            *loading = component.iter().zip(scores).map(|(value, score)| value * score).sum::<f64>() / size;
        }
    }
    let scale = loadings.iter().map(|loading| loading * loading).sum::<f64>().sqrt().max(1e-12);
    for value in &mut component {
        *value /= scale;
    }
    component
}

impl Copula {
    /// Learns the chosen rows; correlations are drawn towards `others` where they are given.
    fn fit(table: &Table, rows: &[usize], orders: &[LevelOrder], absent: &[bool], others: Option<&Square>) -> Self {
        let margins: Vec<Margin> = table
            .columns
            .iter()
            .zip(orders)
            .zip(absent)
            .map(|((column, order), &absent)| Margin::new(&column.cells, rows, order, absent))
            .collect();
        let variables: Vec<(Vec<f64>, Vec<f64>)> =
            margins.iter().zip(&table.columns).flat_map(|(margin, column)| margin.scores(&column.cells, rows)).collect();
        let mut matrix = correlations(&variables);
        if let Some(others) = others {
            let (own, prior) = (rows.len() as f64, variables.len() as f64);
            for (value, other) in matrix.values.iter_mut().zip(&others.values) {
                *value = (own * *value + prior * other) / (own + prior);
            }
        }
        let mut first = Vec::with_capacity(margins.len());
        let mut width = 0;
        for margin in &margins {
            first.push(width);
            width += margin.width();
        }
        Copula { margins, first, correlations: positive_definite(matrix) }
    }

    /// The variable and interval of a category, `None` where no row learned has it.
    fn interval(&self, column: usize, code: u32) -> Option<Held> {
        let (low, high) = self.margins[column].interval(code)?;
        Some(Held { variable: self.first[column], low, high })
    }
}

/// A variable that must lie in an interval.
#[derive(Debug, Clone, Copy)]
struct Held {
    variable: usize,
    low: f64,
    high: f64,
}

/// How rows of one cell are drawn.
struct Plan<'a> {
    copula: &'a Copula,
    /// Chance of the plan among the others, not normalised.
    weight: f64,
    /// Number of variables held because the cell is one of few rows; a draw that fails them is drawn again from the same cell.
    of_cell: usize,
    /// Held variables: those of the cell, then those of the conditions.
    held: Vec<Held>,
    /// All variables, held ones first.
    order: Vec<usize>,
    /// Factor of the correlations in that order.
    factor: Square,
}

impl<'a> Plan<'a> {
    fn new(copula: &'a Copula, weight: f64, cell: Vec<Held>, conditions: Vec<Held>) -> Option<Self> {
        let of_cell = cell.len();
        let held: Vec<Held> = cell.into_iter().chain(conditions).collect();
        let size = copula.correlations.size;
        let mut order: Vec<usize> = held.iter().map(|held| held.variable).collect();
        order.extend((0..size).filter(|variable| held.iter().all(|held| held.variable != *variable)));
        let mut permuted = Square::identity(size);
        for row in 0..size {
            for column in 0..row {
                permuted.set(row, column, copula.correlations.at(order[row], order[column]));
            }
        }
        Some(Plan { copula, weight, of_cell, held, order, factor: cholesky(&permuted)? })
    }

    /// Draws the held variables `from..to` (as independent normal values) and returns the probability that they had, but for the first
    /// where `free`.
    fn hold(&self, from: usize, to: usize, free: bool, noise: &mut [f64], rng: &mut dyn Rng) -> f64 {
        let mut probability = 1.0;
        for at in from..to {
            let mean: f64 = (0..at).map(|k| self.factor.at(at, k) * noise[k]).sum();
            let scale = self.factor.at(at, at);
            let (low, high) = ((self.held[at].low - mean) / scale, (self.held[at].high - mean) / scale);
            let chance = normal::between(low, high);
            if chance < normal::IMPOSSIBLE {
                return 0.0;
            }
            if !(free && at == from) {
                probability *= chance;
            }
            noise[at] = normal::truncated(low, high, rng.random::<f64>());
        }
        probability
    }

    /// One try of a row: independent normal values, or `None` where the conditions were not met.
    fn attempt(&self, alone: bool, noise: &mut [f64], tries: &mut Tries, rng: &mut dyn Rng) -> Result<bool, RebalanceError> {
        if self.of_cell > 0 {
            loop {
                tries.count()?;
                let probability = self.hold(0, self.of_cell, true, noise, rng);
                if self.of_cell == 1 || rng.random::<f64>() < probability {
                    break;
                }
            }
        }
        if self.held.len() > self.of_cell {
            tries.count()?;
            // With a single plan the first interval's probability is the same in every try.
            let free = alone && self.of_cell == 0;
            let probability = self.hold(self.of_cell, self.held.len(), free, noise, rng);
            if !(free && self.held.len() == 1) && rng.random::<f64>() >= probability {
                return Ok(false);
            }
        }
        for value in &mut noise[self.held.len()..] {
            *value = StandardNormal.sample(rng);
        }
        Ok(true)
    }
}

/// Counts tries and gives up.
struct Tries {
    wanted: usize,
    made: usize,
    tried: usize,
    conditions: String,
}

impl Tries {
    fn count(&mut self) -> Result<(), RebalanceError> {
        self.tried += 1;
        if self.tried > TRIES.saturating_add(self.wanted.saturating_mul(TRIES_A_ROW)) {
            return Err(self.unmet());
        }
        Ok(())
    }

    fn unmet(&self) -> RebalanceError {
        RebalanceError::Unmet {
            method: CARD.id,
            conditions: self.conditions.clone(),
            wanted: self.wanted,
            made: self.made,
            tried: self.tried,
        }
    }
}

impl Fitted {
    /// The cells that can have the conditions; where there is none, the whole table's copula.
    fn plans(&self, conditions: &[Condition]) -> Result<Vec<Plan<'_>>, RebalanceError> {
        let held = |copula: &Copula, conditions: &mut dyn Iterator<Item = (usize, u32)>| -> Option<Vec<Held>> {
            conditions.map(|(column, code)| copula.interval(column, code)).collect()
        };
        let pairs = || conditions.iter().map(|condition| (condition.column, condition.level));
        if let Some(condition) = conditions.iter().find(|condition| self.whole.interval(condition.column, condition.level).is_none()) {
            let reason = format!("no training row has {}; ask for a category that occurs", in_words(&self.columns, &[*condition]));
            return Err(RebalanceError::BadCondition { reason });
        }
        let mut plans = Vec::new();
        for cell in &self.cells {
            let of_key = |column: usize| self.by.iter().position(|&by| by == column).map(|at| cell.key[at]);
            if pairs().any(|(column, level)| of_key(column).is_some_and(|code| code != level)) {
                continue;
            }
            let mut others = pairs().filter(|&(column, _)| of_key(column).is_none());
            let plan = if let Some(copula) = &cell.copula {
                // The columns of the cell are constants of its copula.
                let Some(conditions) = held(copula, &mut others) else { continue };
                Plan::new(copula, cell.rows as f64, Vec::new(), conditions)
            } else {
                let key = held(&self.whole, &mut self.by.iter().copied().zip(cell.key.iter().copied()));
                let (Some(key), Some(conditions)) = (key, held(&self.whole, &mut others)) else { continue };
                Plan::new(&self.whole, cell.rows as f64, key, conditions)
            };
            plans.extend(plan);
        }
        if plans.is_empty() {
            plans.extend(held(&self.whole, &mut pairs()).and_then(|held| Plan::new(&self.whole, 1.0, Vec::new(), held)));
        }
        Ok(plans)
    }
}

impl Generator for Fitted {
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError> {
        let conditions = check_conditions(&self.columns, conditions)?;
        let plans = self.plans(&conditions)?;
        let total: f64 = plans.iter().map(|plan| plan.weight).sum();
        let mut tries = Tries { wanted: rows, made: 0, tried: 0, conditions: in_words(&self.columns, &conditions) };
        let mut columns = self.columns.clone();
        let size = self.whole.correlations.size;
        let (mut noise, mut z) = (vec![0.0; size], vec![0.0; size]);
        while tries.made < rows {
            let mut place = rng.random::<f64>() * total;
            let chosen = plans.iter().position(|plan| {
                place -= plan.weight;
                place < 0.0
            });
            let Some(plan) = plans.get(chosen.unwrap_or(plans.len().saturating_sub(1))) else { return Err(tries.unmet()) };
            if !plan.attempt(plans.len() == 1, &mut noise, &mut tries, rng)? {
                continue;
            }
            for (at, &variable) in plan.order.iter().enumerate() {
                let row = &plan.factor.values[at * size..=at * size + at];
                z[variable] = row.iter().zip(&noise).map(|(factor, noise)| factor * noise).sum();
            }
            for (position, (column, margin)) in columns.iter_mut().zip(&plan.copula.margins).enumerate() {
                let first = plan.copula.first[position];
                match &mut column.cells {
                    Cells::Numbers { values, .. } => values.push(margin.number(&z[first..first + margin.width()])),
                    Cells::Categories { codes, .. } => {
                        // What is held is known; a value at the very end of its interval could be read as the next one.
                        let held = conditions.iter().find(|condition| condition.column == position);
                        codes.push(held.map_or_else(|| margin.category(z[first]), |condition| condition.level));
                    }
                }
            }
            tries.made += 1;
        }
        Ok(Table { columns })
    }
}

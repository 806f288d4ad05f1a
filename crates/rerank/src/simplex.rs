//! The revised simplex method with columns offered on demand.
//!
//! ```text
//! maximise  sum_j worth_j x_j     subject to  sum_j column_j x_j = rhs,  x >= 0      (rhs >= 0)
//! ```
//!
//! A program of few rows and very many columns: only the columns of the basis are held, and whoever sets the program finds the column with
//! the largest reduced worth at given prices. Phase 1 drives artificial columns out, phase 2 improves. The row that leaves is the
//! lexicographically least of the ratio test, so that degenerate programs end, too.
//!
//! Source: G. B. Dantzig and P. Wolfe, "Decomposition principle for linear programs", Operations Research 8 (1960), for columns on demand;
//! G. B. Dantzig, A. Orden, P. Wolfe, "The generalized simplex method", Pacific Journal of Mathematics 5 (1955), for the ratio test.

use std::cmp::Ordering;

/// A column: what it uses of each row, what a unit of it is worth, and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    pub(crate) uses: Vec<f64>,
    pub(crate) worth: f64,
    pub(crate) meaning: T,
}

/// Why there is no optimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No combination of the columns gives the right-hand side.
    Infeasible,
    /// The worth has no bound, or rounding kept the method from an end.
    NoEnd,
}

/// Reduced worths up to here are rounding; programs are scaled so that uses and worths are about 1.
const TOLERANCE: f64 = 1e-11;
const PIVOT: f64 = 1e-9;
const ROUNDS: usize = 20_000;

/// The columns of an optimal basis with their amounts above 0. `offer(prices, weight)` returns the column with the largest
/// `weight * worth - prices * uses`, or any that is not above 0 when none is; `weight` is 0 in phase 1 and 1 in phase 2.
pub(crate) fn maximise<T>(rhs: &[f64], mut offer: impl FnMut(&[f64], f64) -> Option<Column<T>>) -> Result<Vec<(f64, Column<T>)>, Failure> {
    let rows = rhs.len();
    let unit = |row: usize| (0..rows).map(|other| if other == row { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    let mut basis = Basis { columns: (0..rows).map(|_| None).collect(), inverse: (0..rows).map(unit).collect(), amounts: rhs.to_vec() };
    let mut first_phase = true;
    for _ in 0..ROUNDS {
        if first_phase && basis.artificial() <= TOLERANCE {
            first_phase = false;
        }
        let weight = if first_phase { 0.0 } else { 1.0 };
        let prices = basis.prices(first_phase);
        let offered = offer(&prices, weight).filter(|column| weight * column.worth - dot(&prices, &column.uses) > TOLERANCE);
        match offered {
            Some(column) => basis.enter(column, first_phase)?,
            None if first_phase && basis.artificial() > 1e-9 => return Err(Failure::Infeasible),
            None if first_phase => first_phase = false,
            None => return Ok(basis.solution()),
        }
    }
    Err(Failure::NoEnd)
}

#[derive(Debug)]
struct Basis<T> {
    /// `None` is the artificial column of the row.
    columns: Vec<Option<Column<T>>>,
    inverse: Vec<Vec<f64>>,
    amounts: Vec<f64>,
}

impl<T> Basis<T> {
    fn artificial(&self) -> f64 {
        self.columns.iter().zip(&self.amounts).filter(|(column, _)| column.is_none()).map(|(_, amount)| amount).sum()
    }

    fn prices(&self, first_phase: bool) -> Vec<f64> {
        let mut prices = vec![0.0; self.amounts.len()];
        for (column, row) in self.columns.iter().zip(&self.inverse) {
            let worth = match column {
                None if first_phase => -1.0,
                Some(column) if !first_phase => column.worth,
                _ => continue,
            };
            for (price, entry) in prices.iter_mut().zip(row) {
                *price += worth * entry;
            }
        }
        prices
    }

    fn enter(&mut self, column: Column<T>, first_phase: bool) -> Result<(), Failure> {
        let direction: Vec<f64> = self.inverse.iter().map(|row| dot(row, &column.uses)).collect();
        // In phase 2 an artificial column must stay at 0, so it leaves before it could move.
        let forced = |row: &usize| !first_phase && self.columns[*row].is_none() && direction[*row].abs() > PIVOT;
        let leaving = (0..direction.len()).find(forced).or_else(|| {
            (0..direction.len()).filter(|&row| direction[row] > PIVOT).min_by(|&one, &other| self.ratio_order(&direction, one, other))
        });
        let leaving = leaving.ok_or(Failure::NoEnd)?;
        let pivot = direction[leaving];
        for entry in &mut self.inverse[leaving] {
            *entry /= pivot;
        }
        self.amounts[leaving] /= pivot;
        let (pivot_row, step) = (self.inverse[leaving].clone(), self.amounts[leaving]);
        for row in (0..direction.len()).filter(|&row| row != leaving) {
            for (entry, pivot_entry) in self.inverse[row].iter_mut().zip(&pivot_row) {
                *entry -= direction[row] * pivot_entry;
            }
            self.amounts[row] = (self.amounts[row] - direction[row] * step).max(0.0);
        }
        self.columns[leaving] = Some(column);
        Ok(())
    }

    /// Compares amounts and then the rows of the inverse, each over its pivot.
    fn ratio_order(&self, direction: &[f64], one: usize, other: usize) -> Ordering {
        let ratios = |row: usize| std::iter::once(&self.amounts[row]).chain(&self.inverse[row]).map(move |entry| entry / direction[row]);
        let differs = ratios(one).zip(ratios(other)).find(|(one, other)| (one - other).abs() > 1e-13);
        differs.map_or(Ordering::Equal, |(one, other)| one.total_cmp(&other))
    }

    fn solution(self) -> Vec<(f64, Column<T>)> {
        let kept = self.amounts.into_iter().zip(self.columns).filter(|(amount, _)| *amount > 1e-12);
        kept.filter_map(|(amount, column)| column.map(|column| (amount, column))).collect()
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(columns: &[(&[f64], f64)], rhs: &[f64]) -> Result<(f64, Vec<(usize, f64)>), Failure> {
        let best = |prices: &[f64], weight: f64| {
            let reduced = |index: &usize| weight * columns[*index].1 - dot(prices, columns[*index].0);
            let index = (0..columns.len()).max_by(|one, other| reduced(one).total_cmp(&reduced(other)))?;
            Some(Column { uses: columns[index].0.to_vec(), worth: columns[index].1, meaning: index })
        };
        let mut found: Vec<(usize, f64)> = maximise(rhs, best)?.into_iter().map(|(amount, column)| (column.meaning, amount)).collect();
        found.sort_by_key(|(index, _)| *index);
        Ok((found.iter().map(|(index, amount)| columns[*index].1 * amount).sum(), found))
    }

    #[test]
    fn a_program_of_two_rows_is_solved_by_hand() {
        // maximise 3x + 2y with x + y + s = 4, x + 3y + t = 6: x = 4, t = 2.
        let columns: &[(&[f64], f64)] = &[(&[1.0, 1.0], 3.0), (&[1.0, 3.0], 2.0), (&[1.0, 0.0], 0.0), (&[0.0, 1.0], 0.0)];
        let (worth, found) = solve(columns, &[4.0, 6.0]).unwrap();
        assert!((worth - 12.0).abs() < 1e-12);
        let expected = [(0, 4.0), (3, 2.0)];
        assert!(found.len() == 2 && found.iter().zip(expected).all(|(one, other)| one.0 == other.0 && (one.1 - other.1).abs() < 1e-12));
    }

    #[test]
    fn programs_without_a_solution_or_a_bound_say_so() {
        assert_eq!(solve(&[(&[1.0, 1.0], 1.0)], &[1.0, 2.0]), Err(Failure::Infeasible));
        assert_eq!(solve(&[(&[1.0], 1.0), (&[-1.0], 1.0)], &[1.0]), Err(Failure::NoEnd));
    }

    #[test]
    fn a_row_said_twice_and_degenerate_corners_do_no_harm() {
        let columns: &[(&[f64], f64)] =
            &[(&[1.0, 1.0, 1.0], 1.0), (&[1.0, 1.0, 0.0], 2.0), (&[0.0, 0.0, 1.0], 0.5), (&[1.0, 1.0, -1.0], 1.0)];
        let (worth, _) = solve(columns, &[1.0, 1.0, 0.0]).unwrap();
        assert!((worth - 2.0).abs() < 1e-12);
    }
}

//! Grid search: a plain learner is fitted for each multiplier of a grid, and the best compromise of error and constraint is taken.
//!
//! ```text
//! for lambda on the grid:   h = classifier of least err(h) + sum_c lambda_c gamma_c(h)
//! take the h of least       (1 - constraint_weight) err(h) + constraint_weight max_c gamma_c(h)
//! grid                      grid_limit / n times all vectors of whole numbers with absolute sum at most n
//! ```
//!
//! A vector has an entry for every group but the largest, in every event of the constraint (`reductions::parity`); a positive entry
//! prices the group's rate above that of all, a negative one below. n is the largest for which the grid has at most `grid_size` points;
//! where n = 1 has more (1 + 2 entries) the fit is refused. Of groups of one size the first in the order of their codes is the largest: the
//! grid, and with it the answer, may then depend on that order. Error and gammas are those on the training rows. The answer is one classifier of the base learner, with its scores:
//! the constraint is about decisions at 0.5, and nothing is promised of it, as the grid may hold no fair point. For many groups take
//! exponentiated gradient, whose cost does not grow with the grid.
//!
//! In the curves, a round is a point of the grid: `data` is its error, `violation` its largest gamma. Labels are cut at
//! `label_threshold`. The group is needed to train, not to score.
//!
//! Where the public code (fairlearn) differs: there the grid leaves out the group that comes last in the data, which makes the answer
//! depend on the order of the rows, and is cut off after `grid_size` points, which leaves one corner out.
//!
//! Source: Agarwal et al., "A reductions approach to fair classification", 2018, section 3.4; fairlearn for the choice among the points.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};

use crate::learners::{BASE, L2, check_base};
use crate::reductions::{self, CONSTRAINT, Classifier, LABEL_THRESHOLD, RATIO_BOUND, Responder};
use crate::rounds::record;
use crate::scorer::{Fitted, Loader};
use crate::trainer::Task;
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "grid-search",
    name: "Grid search",
    kind: Kind::Objective,
    summary: "Fits a plain learner for every point of a grid of prices on unfairness and keeps the best compromise of error and a parity constraint.",
    formula: "of h(lambda) = argmin err(h) + sum_c lambda_c gamma_c(h) on a grid of lambda take the least (1 - constraint_weight) err + constraint_weight max_c gamma_c",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Agarwal, Beygelzimer, Dudik, Langford and Wallach, \"A reductions approach to fair classification\", 2018, section 3.4; fairlearn",
    parameters: &[
        BASE,
        CONSTRAINT,
        Parameter {
            name: "constraint_weight",
            default: Literal::Number(0.5),
            allowed: Allowed::Between(0.0, 1.0),
            purpose: "weight of the constraint in the choice of the point; the error has the rest",
        },
        Parameter {
            name: "grid_size",
            default: Literal::Integer(25),
            allowed: Allowed::Between(3.0, 100_000.0),
            purpose: "points of the grid, at most",
        },
        Parameter {
            name: "grid_limit",
            default: Literal::Number(2.0),
            allowed: Allowed::Above(0.0),
            purpose: "largest sum of absolute multipliers",
        },
        RATIO_BOUND,
        LABEL_THRESHOLD,
        L2,
    ],
};

/// Grid search.
#[derive(Debug, Clone)]
pub struct GridSearch {
    parameters: Parameters,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    check_base(&CARD, parameters)?;
    Ok(Box::new(GridSearch { parameters: parameters.clone() }))
}

impl Objective for GridSearch {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn fits_alone(&self) -> bool {
        true
    }

    fn loaders(&self) -> &'static [Loader] {
        reductions::LOADERS
    }

    fn fit_alone(&mut self, task: &mut Task<'_, '_>) -> Option<Result<Box<dyn Fitted>, LearnError>> {
        Some(self.fit(task))
    }
}

impl GridSearch {
    fn fit(&self, task: &mut Task<'_, '_>) -> Result<Box<dyn Fitted>, LearnError> {
        let mut responder = Responder::new(&CARD, &self.parameters, 0.0, task)?;
        let weight = self.parameters.number("constraint_weight");
        let free = responder.parity.free_rates();
        let count = responder.parity.len() / 2;
        let size = self.parameters.count("grid_size");
        let Some(points) = grid(free.len(), size) else {
            let reason = format!(
                "a grid over {} multipliers has {} points at least, and grid_size is {size}; raise it, or take exponentiated-gradient",
                free.len(),
                1 + 2 * free.len()
            );
            return Err(LearnError::Unsuited { objective: CARD.id.to_owned(), reason });
        };
        let steps = points.iter().map(|point| point.iter().map(|entry| entry.abs()).sum::<i32>()).max().unwrap_or(1);
        let unit = self.parameters.number("grid_limit") / f64::from(steps);
        let mut best: Option<(f64, Classifier)> = None;
        for (number, point) in points.iter().enumerate() {
            let mut lambda = vec![0.0; 2 * count];
            for (&place, &entry) in free.iter().zip(point) {
                lambda[if entry > 0 { place } else { place + count }] = unit * f64::from(entry.abs());
            }
            let costs = responder.parity.costs(&lambda, &responder.cells);
            let found = responder.fit(&costs, false)?;
            let violation = found.gammas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let compromise = |error: f64, violation: f64| (1.0 - weight) * error + weight * violation;
            let loss = compromise(found.error, violation);

            let mut record = record(task.validation, &found.validation, number + 1, points.len(), 0.0);
            record.training.insert("data".to_owned(), found.error);
            record.training.insert("violation".to_owned(), violation);
            let cells = &responder.validation_cells;
            let selected = cells.sums(|row| found.validation[row] > 0.5);
            let error = cells.error(&selected);
            record.validation.insert("data".to_owned(), error);
            record.validation_objective = error;
            if let Some(violation) = responder.parity.violation(&selected, cells) {
                record.validation.insert("violation".to_owned(), violation);
                record.validation_objective = compromise(error, violation);
            }
            record.best = best.as_ref().is_none_or(|(least, _)| loss < *least);
            if record.best {
                best = Some((loss, found));
            }
            (task.run.on_epoch)(&record);
            task.curves.push(record);
            responder.finished = number + 1;
        }
        // The grid has at least the point 0.
        let Some((_, best)) = best else { unreachable!("a grid without points") };
        Ok(best.fitted)
    }
}

/// Vectors of whole numbers with absolute sum at most n, for the largest n with at most `size` of them, in ascending order of their
/// entries; `None` where n = 1 has more.
fn grid(dimensions: usize, size: usize) -> Option<Vec<Vec<i32>>> {
    if count(dimensions, 1, size) > size {
        return None;
    }
    // The least sum above the largest that fits: there is one, as every step adds points (without dimensions there is the point 0 alone).
    let mut above = 2;
    while dimensions > 0 && count(dimensions, above, size) <= size {
        above *= 2;
    }
    let mut steps = above / 2;
    while dimensions > 0 && above - steps > 1 {
        let middle = i32::midpoint(steps, above);
        if count(dimensions, middle, size) <= size { steps = middle } else { above = middle }
    }
    let mut points = Vec::new();
    extend(&mut points, &mut Vec::new(), dimensions, steps);
    Some(points)
}

/// Number of such vectors for sum `steps`, or anything above `enough` when there are more:
/// sum over k of C(dimensions, k) C(steps, k) 2^k, where k entries are not 0.
fn count(dimensions: usize, steps: i32, enough: usize) -> usize {
    let (dimensions, steps, enough) = (dimensions as u128, steps.max(0) as u128, enough as u128);
    let (mut places, mut sizes, mut total) = (1_u128, 1_u128, 1_u128);
    for entries in 1..=dimensions.min(steps) {
        // Both stay below `enough` times their numbers of choices: beyond that the sum is known to be too large.
        places = places * (dimensions + 1 - entries) / entries;
        sizes = sizes * (steps + 1 - entries) / entries;
        let Some(term) = places.checked_mul(sizes).and_then(|both| both.checked_mul(1_u128.checked_shl(entries as u32)?)) else {
            return (enough + 1) as usize;
        };
        total = total.saturating_add(term);
        if total > enough {
            break;
        }
    }
    total.min(enough + 1) as usize
}

fn extend(points: &mut Vec<Vec<i32>>, point: &mut Vec<i32>, dimensions: usize, left: i32) {
    if point.len() == dimensions {
        points.push(point.clone());
        return;
    }
    for entry in -left..=left {
        point.push(entry);
        extend(points, point, dimensions, left - entry.abs());
        point.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_whole_and_within_their_size() {
        let size = |dimensions, size| grid(dimensions, size).map(|points| points.len());
        assert_eq!(grid(1, 10).unwrap(), (-4..=4).map(|entry| vec![entry]).collect::<Vec<_>>());
        assert_eq!([size(2, 12), size(2, 13), size(2, 24), size(2, 25)], [Some(5), Some(13), Some(13), Some(25)]);
        // One step has 1 + 2 d points, two have 1 + 2 d + 2 d^2.
        assert_eq!([size(6, 3), size(6, 12), size(6, 13), size(6, 84), size(6, 85)], [None, None, Some(13), Some(13), Some(85)]);
        // The largest that can be asked for, at once: a line, and as many dimensions as there are groups in a large table.
        assert_eq!([size(1, 100_000), size(0, 25)], [Some(99_999), Some(1)]);
        assert_eq!(size(200, 100_000), Some(1 + 400 + 2 * 200 * 200));
    }

    /// The number of points against the points themselves.
    #[test]
    fn points_are_counted_without_making_them() {
        for (dimensions, steps) in [(0, 3), (1, 7), (2, 4), (3, 3), (5, 2), (4, 5), (3, 0)] {
            let mut points = Vec::new();
            extend(&mut points, &mut Vec::new(), dimensions, steps);
            assert_eq!(points.len(), count(dimensions, steps, 1_000_000));
            assert_eq!(count(dimensions, steps, points.len() - 1), points.len(), "one more than enough");
        }
        assert_eq!(count(5_000, i32::MAX, 100_000), 100_001);
    }
}

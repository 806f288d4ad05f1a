//! Accuracy against fairness over families of methods: who beats whom, and how much of the plane a family covers.
//!
//! ```text
//! point       (g, a): gap and performance of a method, means over its runs; the gap of a run is its distance from the fair value
//! dominates   one dominates other: g_one <= g_other and a_one >= a_other, one of them strictly
//! corner      (G, A): a tenth beyond the largest gap and the lowest performance of all methods;  B: the best performance
//! area        = integral over g in [0, G] of (best performance of the family with a gap of at most g, above A)  /  (G (B - A))
//! ```
//!
//! Methods of different samples are tested on different rows: each sample has a plane of its own. A family is what differs only in its
//! settings: the methods of one rebalancer, synthesiser, objective and repair, or those that the recipe gives the same `family`. The area lies
//! in [0, 1], higher is better: 1 is the best performance of all at a gap of 0. It depends on the corner, so it compares families of one plane
//! and not of two. It is the two-dimensional hypervolume indicator (Zitzler and Thiele, 1999), scaled. A family of one method has the area of
//! its rectangle; families with more settings had more tries, which the number of points says.

use std::collections::BTreeMap;

use crate::lookup::samples;
use crate::report::dominance::{dominates, front};
use crate::report::{Dominance, Family, Front, MethodReport, Point, RunReport};
use crate::{evidence, lookup};

/// A method with its gap and performance.
type Placed<'a> = (&'a MethodReport, (f64, f64));
/// Seed and fold.
type RunKey = (u64, Option<usize>);

/// The corner lies this far out: 1 would be at the last method.
const BEYOND: f64 = 1.1;

/// The share of the box between (0, best) and the corner that the points dominate.
fn area(points: &[(f64, f64)], corner: (f64, f64), best: f64) -> f64 {
    let box_area = corner.0 * (best - corner.1);
    if box_area <= 0.0 {
        return 0.0;
    }
    let inside: Vec<(f64, f64)> = points.iter().map(|&(gap, value)| (gap.max(0.0), value)).filter(|point| point.0 < corner.0).collect();
    let order = front(&inside);
    let strip = |(rank, &place): (usize, &usize)| {
        let until = order.get(rank + 1).map_or(corner.0, |&next| inside[next].0);
        (until - inside[place].0) * (inside[place].1.min(best) - corner.1).max(0.0)
    };
    order.iter().enumerate().map(strip).sum::<f64>() / box_area
}

/// Points, dominance and areas of a report's methods, a plane a sample; planes with fewer than two points are left out.
pub fn compare(methods: &[MethodReport], performance: &str, gap: &str, attribute: &str) -> Vec<Front> {
    let samples = samples(methods);
    let planes = samples.iter().filter_map(|sample| {
        let together: Vec<&MethodReport> = methods.iter().filter(|method| method.sample.as_ref() == *sample).collect();
        Some(Front { sample: sample.cloned(), ..plane(&together, performance, gap, attribute)? })
    });
    planes.collect()
}

/// One plane of methods that were tested on the same rows.
fn plane(methods: &[&MethodReport], performance: &str, gap: &str, attribute: &str) -> Option<Front> {
    let card = evenhand_metrics::find(gap).ok()?.card();
    let of_run = |run: &RunReport| {
        let gap = evidence::distance(card, lookup::finding(run, gap, Some(attribute))?.estimate.number()?)?;
        Some((gap, lookup::finding(run, performance, None)?.estimate.number()?))
    };
    let mean = |method: &MethodReport| {
        let points: Vec<(f64, f64)> = method.runs.iter().filter_map(of_run).collect();
        let n = points.len() as f64;
        (!points.is_empty())
            .then(|| (points.iter().map(|point| point.0).sum::<f64>() / n, points.iter().map(|point| point.1).sum::<f64>() / n))
    };
    let placed: Vec<Placed<'_>> = methods.iter().filter_map(|method| Some((*method, mean(method)?))).collect();
    if placed.len() < 2 {
        return None;
    }
    let twins = |one: &MethodReport, other: &MethodReport| -> Vec<((f64, f64), (f64, f64))> {
        let twin = |run: &RunReport| other.runs.iter().find(|twin| (twin.seed, twin.fold) == (run.seed, run.fold)).and_then(of_run);
        one.runs.iter().filter_map(|run| Some((of_run(run)?, twin(run)?))).collect()
    };
    let best = placed.iter().map(|(_, point)| point.1).fold(f64::NEG_INFINITY, f64::max);
    let lowest = placed.iter().map(|(_, point)| point.1).fold(f64::INFINITY, f64::min);
    // At the corner itself the methods at both ends would cover nothing.
    let corner = (BEYOND * placed.iter().map(|(_, point)| point.0).fold(0.0, f64::max), best - BEYOND * (best - lowest));
    let points = placed.iter().map(|(method, point)| {
        let rivals = placed.iter().filter(|(_, other)| dominates(*other, *point)).map(|(rival, _)| {
            let common = twins(rival, method);
            let runs = common.iter().filter(|(one, other)| dominates(*one, *other)).count();
            Dominance { method: rival.name.clone(), runs, of: common.len() }
        });
        Point { method: method.name.clone(), family: family(method), gap: point.0, performance: point.1, dominated_by: rivals.collect() }
    });
    let mut members: BTreeMap<String, Vec<Placed<'_>>> = BTreeMap::new();
    for one in &placed {
        members.entry(family(one.0)).or_default().push(*one);
    }
    let mut families: Vec<Family> = members
        .into_iter()
        .map(|(name, members)| {
            let means: Vec<(f64, f64)> = members.iter().map(|(_, point)| *point).collect();
            let mut runs: BTreeMap<RunKey, Vec<(f64, f64)>> = BTreeMap::new();
            for run in members.iter().flat_map(|(method, _)| &method.runs) {
                runs.entry((run.seed, run.fold)).or_default().extend(of_run(run));
            }
            let areas: Vec<f64> = runs.values().map(|points| area(points, corner, best)).collect();
            Family {
                points: members.len(),
                area: area(&means, corner, best),
                std: evidence::spread(&areas),
                front: front(&means).into_iter().map(|place| members[place].0.name.clone()).collect(),
                name,
            }
        })
        .collect();
    families.sort_by(|one, other| other.area.total_cmp(&one.area).then_with(|| one.name.cmp(&other.name)));
    Some(Front {
        performance: performance.to_owned(),
        gap: gap.to_owned(),
        attribute: attribute.to_owned(),
        sample: None,
        corner: [corner.0, corner.1],
        points: points.collect(),
        families,
    })
}

/// The family a method was given, else the ids of the gates that its scores passed.
fn family(method: &MethodReport) -> String {
    let ids = || {
        let ids: Vec<&str> = [&method.rebalance, &method.synthesise, &method.objective, &method.repair]
            .into_iter()
            .flatten()
            .map(|choice| choice.id.as_str())
            .collect();
        ids.join(" + ")
    };
    method.family.clone().unwrap_or_else(ids)
}

#[cfg(test)]
mod tests {
    use super::{area, dominates, front};

    #[test]
    fn the_front_holds_the_points_that_no_other_dominates() {
        let points = [(0.10, 0.40), (0.02, 0.38), (0.05, 0.37), (0.04, 0.42), (0.02, 0.30)];
        assert_eq!(front(&points), [1, 3]);
        assert_eq!(front(&[(0.1, 0.4)]), [0]);
        // Equal points do not dominate each other.
        assert!(!dominates((0.1, 0.4), (0.1, 0.4)));
        assert_eq!(front(&[(0.1, 0.4), (0.1, 0.4)]).len(), 2);
    }

    #[test]
    fn areas_by_hand_and_by_counting() {
        // Corner (0.2, 0.5), best 0.9: box 0.08. (0.1, 0.7) covers 0.1 x 0.2 = 0.02; with (0.15, 0.9): 0.05 x 0.2 + 0.05 x 0.4 = 0.03.
        let corner = (0.2, 0.5);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
        near(area(&[(0.1, 0.7)], corner, 0.9), 0.25);
        near(area(&[(0.15, 0.9), (0.1, 0.7)], corner, 0.9), 0.375);
        near(area(&[(0.0, 0.9)], corner, 0.9), 1.0);
        near(area(&[(0.3, 0.9)], corner, 0.9), 0.0);
        // Twins and dominated points add nothing.
        near(area(&[(0.1, 0.7), (0.1, 0.7), (0.12, 0.6)], corner, 0.9), 0.25);
        let points = [(0.03, 0.55), (0.08, 0.71), (0.07, 0.62), (0.19, 0.85), (0.11, 0.70)];
        let side = 400;
        let hit = |row: usize, column: usize| {
            let (gap, value) = (0.2 * (row as f64 + 0.5) / side as f64, 0.5 + 0.4 * (column as f64 + 0.5) / side as f64);
            points.iter().any(|point| point.0 <= gap && point.1 >= value)
        };
        let counted = (0..side * side).filter(|cell| hit(cell / side, cell % side)).count() as f64 / (side * side) as f64;
        assert!((area(&points, corner, 0.9) - counted).abs() < 0.005);
    }
}

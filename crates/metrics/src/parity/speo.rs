//! Strong pairwise equal opportunity: SPDD among those who deserve it, averaged over what "deserve" means.
//!
//! ```text
//! SPEO = E over tau and v ~ U[0, 1] of |P(s > tau | a, y > v) - P(s > tau | b, y > v)|
//!      = mean over v of W1(scores of a with y > v, scores of b with y > v)
//! s score, y label in [0, 1], v what counts as positive
//! ```
//!
//! Exact: between two neighbouring labels the rows with y > v stay the same, so the mean over v is a finite sum. With binary labels it is the
//! Wasserstein distance among the positives. The mean runs over those v at which both groups have rows with y > v: beyond the highest
//! label of a group the probability does not exist. Fair value 0. Undefined when fewer than two groups have a label above 0.
//! The exact sum visits distinct scores x distinct labels; above [`MOST_VISITS`] of them the pair's scores are gathered into 4096 blocks
//! of equal size and its labels into 1024, which moves the number by less than the widths of a block. With more than two groups the distances of
//! each group to all, which say how far it lies from the rest and which pairs need a look, are found for all groups in one walk down the labels
//! ([`walk`]), on blocks of all groups' scores and labels where there are more than [`MOST_VISITS`].
//!
//! `definition = "grid"` gives the mean over the 50 x 50 thresholds 0, 0.02, ..., 0.98 of tau and v with strict `>`. As in the public
//! code of Kim et al., which divides by a count plus 1e-10, a group without rows above v has the rate 0 there, and a
//! v at which both are empty still counts in the mean: on labels that end far below 1 the grid is therefore smaller than the exact value.

use std::sync::Arc;

use evenhand_catalog::{Card, Direction, Kind};

use crate::above::{Levels, Tables, walk};
use crate::gaps::{self, Among, Family, Frame, Gap, Observed, Pair, Profiles, Resampled, Ruler, ScoreGap, Shape, blocks, distinct};
use crate::sample::Sample;
use crate::{Definition, Finding, IntervalPlan, Metric, Needs, Outcomes, order};

/// Distinct scores x distinct labels up to which the sum is exact.
const MOST_VISITS: usize = 200_000_000;

/// Up to this many distinct labels each gets a pass of its own.
const FEW: usize = 4;

const CARD: Card = Card {
    id: "speo",
    name: "SPEO",
    kind: Kind::Metric,
    summary: "Equal-opportunity gap averaged over all thresholds on the score and on the label.",
    formula: "E over tau, v ~ U[0,1] of |P(s > tau | a, y > v) - P(s > tau | b, y > v)|",
    fair_value: Some(0.0),
    range: "[0, 1] for scores in [0, 1]",
    direction: Direction::Lower,
    source: "Kim et al. 2023, Eq. 27 and 28",
    parameters: &[],
};

/// SPEO.
#[derive(Debug)]
pub(crate) struct Speo;

impl Metric for Speo {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs::Labels
    }

    fn measure(&self, outcomes: &Outcomes, plan: Option<&IntervalPlan>) -> Finding {
        gaps::measure(self, outcomes, plan)
    }
}

impl ScoreGap for Speo {
    fn id(&self) -> &'static str {
        CARD.id
    }

    fn needs_labels(&self) -> bool {
        true
    }

    fn admits(&self, group: &Sample) -> Result<(), &'static str> {
        if group.labels.iter().any(|&label| label > 0.0) { Ok(()) } else { Err("no labels above 0") }
    }

    fn exact(&self, a: &Sample, b: &Sample, outcomes: &Outcomes) -> Result<Gap, String> {
        if outcomes.conventions.definition == Definition::Grid {
            return Ok(Tables::of(&[a, b]).between(0, 1).into());
        }
        let mean = match few_labels([a, b]) {
            Some(labels) => mean_over(&labels, a, b, outcomes),
            None => Joined::new(a, b, MOST_VISITS).mean(),
        };
        mean.map(Gap::from).ok_or_else(|| NO_THRESHOLD.to_owned())
    }

    fn among(&self, samples: &[&Sample], outcomes: &Outcomes) -> Among {
        if outcomes.conventions.definition == Definition::Grid {
            let tables = Tables::of(samples);
            let rest = (0..samples.len()).map(|group| Ok(tables.against_rest(group)));
            return Among { pair: tables.farthest().map(|(_, pair)| pair), against_rest: rest.collect() };
        }
        let reached = walk(samples, MOST_VISITS);
        let pair = reached.farthest(|a, b| self.exact(samples[a], samples[b], outcomes).ok().map(|gap| gap.value));
        let rest = (0..samples.len()).map(|group| reached.against_rest(group).ok_or_else(|| NO_THRESHOLD.to_owned()));
        Among { pair: pair.map(|(_, pair)| pair), against_rest: rest.collect() }
    }

    fn resampled(&self, entered: &[(&Sample, usize)], outcomes: &Outcomes, plan: &IntervalPlan) -> (Arc<Resampled>, usize) {
        let resampled = if outcomes.conventions.definition == Definition::Grid {
            Resampled::new(&OnGrid(Tables::ruler()), &Frame::on_grid(true), entered, plan)
        } else {
            let frame = Frame::new(outcomes, true, entered.len());
            Resampled::new(&AboveLabels { ruler: Levels::ruler(&frame), frame: &frame }, &frame, entered, plan)
        };
        (Arc::new(resampled), 0)
    }
}

/// Distributions of the rows with y > v, for each stretch of v over which those stay the same.
struct AboveLabels<'a> {
    ruler: Ruler,
    frame: &'a Frame,
}

impl Family for AboveLabels<'_> {
    fn ruler(&self) -> &Ruler {
        &self.ruler
    }

    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Area]
    }

    fn profiles(&self, masses: &[f64]) -> Profiles {
        Levels::profiles(self.frame, masses)
    }

    fn largest(&self, masses: &[f64]) -> Vec<Option<f64>> {
        vec![Levels::new(self.frame, masses).largest()]
    }

    fn observed(&self, masses: &[f64], groups: usize) -> Observed {
        let levels = Levels::new(self.frame, masses);
        Observed::of(self.shapes(), groups, |_, a, b| levels.between(a, b), |_, group| levels.against_rest(group))
    }
}

/// The rates above the thresholds of the paper's grid.
struct OnGrid(Ruler);

impl Family for OnGrid {
    fn ruler(&self) -> &Ruler {
        &self.0
    }

    fn shapes(&self) -> &'static [Shape] {
        &[Shape::Area]
    }

    fn profiles(&self, masses: &[f64]) -> Profiles {
        Tables::new(masses).profiles()
    }

    fn largest(&self, masses: &[f64]) -> Vec<Option<f64>> {
        vec![Tables::new(masses).farthest().map(|(distance, _)| distance)]
    }

    fn observed(&self, masses: &[f64], groups: usize) -> Observed {
        let tables = Tables::new(masses);
        Observed::of(self.shapes(), groups, |_, a, b| Some(tables.between(a, b)), |_, group| Some(tables.against_rest(group)))
    }
}

const NO_THRESHOLD: &str = "no label threshold at which both groups have rows";

/// The distinct labels in ascending order, where there are few.
fn few_labels(sides: [&Sample; 2]) -> Option<Vec<f64>> {
    let mut found: Vec<f64> = Vec::new();
    for &label in sides.iter().flat_map(|side| &side.labels) {
        if !found.contains(&label) {
            if found.len() == FEW {
                return None;
            }
            found.push(label);
        }
    }
    found.sort_by(f64::total_cmp);
    Some(found)
}

/// Mean over v of the distance among rows with y > v, one distance a label.
fn mean_over(labels: &[f64], a: &Sample, b: &Sample, outcomes: &Outcomes) -> Option<f64> {
    let (mut integral, mut measure, mut before) = (0.0, 0.0, 0.0);
    for &label in labels {
        let width = label.clamp(0.0, 1.0) - before;
        before = label.clamp(0.0, 1.0);
        if width > 0.0 {
            let [above_a, above_b] = [a, b].map(|side| side.at_least(label));
            if above_a.len() > 0 && above_b.len() > 0 {
                integral += width * Pair::sorted(&above_a, &above_b, outcomes).area();
                measure += width;
            }
        }
    }
    (measure > 0.0).then(|| integral / measure)
}

/// The rows with y > v, v falling: weights of both sides on shared places, and the integral over v so far.
#[derive(Debug)]
struct Above<'a> {
    places: &'a [f64],
    mass: [Vec<f64>; 2],
    total: [f64; 2],
    integral: f64,
    measure: f64,
}

impl<'a> Above<'a> {
    fn new(places: &'a [f64]) -> Self {
        let empty = || vec![0.0; places.len()];
        Above { places, mass: [empty(), empty()], total: [0.0; 2], integral: 0.0, measure: 0.0 }
    }

    fn add(&mut self, side: usize, place: usize, weight: f64) {
        self.mass[side][place] += weight;
        self.total[side] += weight;
    }

    /// Adds the stretch of v from `next` up to `label`, over which the rows so far are those with y > v.
    fn cut(&mut self, label: f64, next: f64) {
        let width = label.clamp(0.0, 1.0) - next.clamp(0.0, 1.0);
        if width <= 0.0 || self.total[0] <= 0.0 || self.total[1] <= 0.0 {
            return;
        }
        let scale = [1.0 / self.total[0], 1.0 / self.total[1]];
        let [a, b] = &self.mass;
        let (mut difference, mut area, mut before) = (0.0_f64, 0.0, self.places[0]);
        for ((&place, in_a), in_b) in self.places.iter().zip(a).zip(b) {
            area += difference.abs() * (place - before);
            difference += in_a * scale[0] - in_b * scale[1];
            before = place;
        }
        self.integral += width * area;
        self.measure += width;
    }

    fn mean(&self) -> Option<f64> {
        (self.measure > 0.0).then(|| self.integral / self.measure)
    }
}

/// Rows of both sides on shared places.
#[derive(Debug)]
struct Joined {
    places: Vec<f64>,
    rows: Vec<(usize, u32, f64)>,
    labels: Vec<f64>,
}

impl Joined {
    fn new(a: &Sample, b: &Sample, most_visits: usize) -> Self {
        let both = Sample::merged([a, b]);
        let ascending: Vec<f64> = both.by_label().iter().map(|&row| both.labels[row as usize]).collect();
        let coarse = distinct(&both.scores).saturating_mul(distinct(&ascending)) > most_visits;
        let (most_places, most_levels) = if coarse { (4096, 1024) } else { (both.len(), both.len()) };
        let (place_edges, places, _) = blocks(both.len(), most_places, |row| both.scores[row]);
        let (level_edges, levels, _) = blocks(both.len(), most_levels, |row| ascending[row]);
        let (mut rows, mut labels) = (Vec::with_capacity(both.len()), Vec::with_capacity(both.len()));
        for (side, sample) in [a, b].into_iter().enumerate() {
            let mut place = 0_usize;
            for row in 0..sample.len() {
                while sample.scores[row] > place_edges[place] {
                    place += 1;
                }
                rows.push((side, place as u32, sample.weights[row]));
                let label = sample.labels[row];
                labels.push(if coarse { levels[level_edges.partition_point(|&edge| edge < label)] } else { label });
            }
        }
        Joined { places, rows, labels }
    }

    fn mean(&self) -> Option<f64> {
        let mut above = Above::new(&self.places);
        let ascending = order::ascending(&self.labels);
        let mut left = ascending.len();
        while left > 0 {
            let label = self.labels[ascending[left - 1] as usize];
            while left > 0 && self.labels[ascending[left - 1] as usize] == label {
                left -= 1;
                let (side, place, weight) = self.rows[ascending[left] as usize];
                above.add(side, place as usize, weight);
            }
            above.cut(label, if left == 0 { 0.0 } else { self.labels[ascending[left - 1] as usize] });
        }
        above.mean()
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    #[test]
    fn two_groups_of_two_by_hand() {
        // a: (s, y) = (.2, .5), (.6, 1); b: (.4, .5), (.4, 1).
        // v < .5: W1({.2, .6}, {.4, .4}) = .2; .5 <= v < 1: W1({.6}, {.4}) = .2.
        let groups = Groups::from_texts("g", [Some("a"), Some("a"), Some("b"), Some("b")].into_iter());
        let (scores, labels) = ([0.2, 0.6, 0.4, 0.4], [0.5, 1.0, 0.5, 1.0]);
        let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
        let value = Speo.evaluate(&outcomes).estimate.number().unwrap();
        assert!((value - 0.2).abs() < 1e-15, "{value}");
    }

    #[test]
    fn blocks_of_many_rows_come_close_to_the_exact_sum() {
        let rows = 9_000_u64;
        let next = |row: u64, salt: u64| ((row * 2_654_435_761 + salt * 40_503) % 1_000_003) as f64 / 1_000_003.0;
        let scores: Vec<f64> = (0..rows).map(|row| f64::midpoint(next(row, 1), next(row, 2)) + 0.02 * (row % 2) as f64).collect();
        let labels: Vec<f64> = (0..rows).map(|row| f64::midpoint(next(row, 1), next(row, 3))).collect();
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], (0..rows).map(|row| (row % 2) as u32).collect());
        let outcomes = Outcomes::new(&scores, &groups).unwrap().labels(&labels).unwrap();
        let samples = outcomes.samples();
        let [exact, coarse] = [usize::MAX, 0].map(|most| Joined::new(&samples.groups[0], &samples.groups[1], most).mean().unwrap());
        assert!((exact - coarse).abs() < 1e-3, "{exact} {coarse}");
        assert!(exact > 0.01);
    }
}

//! How far apart the groups' centroids lie among the high-scoring or the low-scoring rows.
//!
//! ```text
//! distance = || mean of z over a's rows of the part - mean of z over b's rows of the part ||
//! ```
//!
//! z is the embedding, or its two principal components. High part: label at or above `label_threshold`; without labels the
//! selected rows. Weighted means. More than two groups: the largest pair, and each group against the rest.

use crate::{Comparison, Estimate, Finding, Outcomes};

/// Which rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    High,
    Low,
}

/// In which space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Latent,
    Plane,
}

/// Weighted sum of vectors and their weight.
#[derive(Debug, Clone)]
struct Centre {
    sum: Vec<f64>,
    weight: f64,
    rows: usize,
}

impl Centre {
    fn distance(&self, other: &Self) -> f64 {
        let differences = self.sum.iter().zip(&other.sum).map(|(a, b)| a / self.weight - b / other.weight);
        differences.map(|difference| difference * difference).sum::<f64>().sqrt()
    }
}

pub(crate) fn measure(id: &str, part: Part, space: Space, outcomes: &Outcomes) -> Finding {
    let mut finding = Finding::new(id);
    let selection = outcomes.selection();
    finding.left_out = selection.left_out;
    let Some(latent) = outcomes.latent else {
        finding.estimate = Estimate::undefined("no embeddings were given");
        return finding;
    };
    let plane = if space == Space::Plane { outcomes.plane() } else { None };
    let width = if space == Space::Plane { 2 } else { latent.width };
    let mut centres = vec![Centre { sum: vec![0.0; width], weight: 0.0, rows: 0 }; outcomes.groups.levels().len() + 1];
    for (row, &score) in outcomes.scores.iter().enumerate() {
        let high = if outcomes.has_labels() { outcomes.positive(row) } else { outcomes.conventions.selects(score) };
        let weight = outcomes.weight(row);
        if high != (part == Part::High) || weight == 0.0 {
            continue;
        }
        let centre = &mut centres[outcomes.slot(row)];
        centre.weight += weight;
        centre.rows += 1;
        if let Some(plane) = plane {
            centre.sum.iter_mut().zip(&plane.coordinates[row]).for_each(|(sum, value)| *sum += weight * value);
        } else {
            let vector = &latent.values[row * latent.width..(row + 1) * latent.width];
            centre.sum.iter_mut().zip(vector).for_each(|(sum, &value)| *sum += weight * f64::from(value));
        }
    }
    let empty = if part == Part::High { "no rows in the high-scoring part" } else { "no rows in the low-scoring part" };
    let mut entered = Vec::new();
    for &code in &selection.entered {
        let (name, centre) = (outcomes.groups.level(code), &centres[code as usize]);
        if centre.rows > 0 {
            entered.push((name, centre));
        } else {
            finding.left_out.push((name.to_owned(), empty.to_owned()));
        }
    }
    finding.n = entered.iter().map(|(_, centre)| centre.rows).sum();
    let pairs = (0..entered.len()).flat_map(|first| (first + 1..entered.len()).map(move |second| (first, second)));
    let distances = pairs.map(|(first, second)| (entered[first].1.distance(entered[second].1), first, second));
    let Some((distance, first, second)) = distances.max_by(|a, b| a.0.total_cmp(&b.0)) else {
        finding.estimate = Estimate::undefined(format!("fewer than two groups can enter: {empty}"));
        return finding;
    };
    finding.estimate = Estimate::value(distance);
    finding.largest_pair = Some((entered[first].0.to_owned(), entered[second].0.to_owned()));
    if entered.len() > 2 {
        for (position, (name, centre)) in entered.iter().enumerate() {
            let mut rest = Centre { sum: vec![0.0; width], weight: 0.0, rows: 0 };
            for (_, (_, other)) in entered.iter().enumerate().filter(|(other, _)| *other != position) {
                rest.sum.iter_mut().zip(&other.sum).for_each(|(sum, more)| *sum += more);
                rest.weight += other.weight;
            }
            let estimate = Estimate::value(centre.distance(&rest));
            finding.against_rest.push(Comparison { group: (*name).to_owned(), against: "rest".to_owned(), estimate });
        }
    }
    finding
}

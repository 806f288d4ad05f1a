//! Places and levels on which resampled rows are gathered, and the draws of each group on them.

use std::sync::Arc;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use crate::sample::Sample;
use crate::{Definition, Outcomes};

/// Up to this many rows a bootstrap of two groups draws single rows.
pub(crate) const DIRECT: usize = 8192;
/// Rows that a bootstrap draws one by one, of all groups together; of a group always [`FEW_ROWS`].
const DRAWN_ROWS: usize = 1 << 17;
const FEW_ROWS: usize = 256;
/// Score blocks where there are more distinct scores.
const BLOCKS: usize = 256;
/// Rows of all groups together that stand beside the rows of a group when these are drawn one by one.
pub(super) const PRIOR: f64 = 2.0;
/// Score blocks and label blocks of metrics that read both.
pub(crate) const JOINT_BLOCKS: usize = 32;
/// Places of all groups together, and those that a group has however many there are.
const SHARED_PLACES: usize = 1 << 14;
const FEW_PLACES: usize = 32;
/// The same of cells of scores and labels.
const FEW_CELLS: usize = 64;
/// Thresholds of the paper's grid: 0, 0.02, ..., 0.98.
pub(super) const GRID: usize = 50;

/// The thresholds of the paper's grid.
pub(crate) fn grid() -> impl Iterator<Item = f64> {
    (0..GRID).map(|step| step as f64 * 0.02)
}

/// Places (scores) and levels (labels) on which rows are gathered. Cell = level x places + place; one level without labels.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) places: Vec<f64>,
    /// Labels of the levels, ascending.
    pub(crate) levels: Vec<f64>,
    pub(crate) definition: Definition,
    /// Largest score and label of each place and level.
    place_edges: Vec<f64>,
    level_edges: Vec<f64>,
    /// Whether rows with different scores or labels share a cell.
    pub(super) coarse: bool,
}

impl Frame {
    /// A frame for this many groups: the more there are, the fewer places each has.
    pub(crate) fn new(outcomes: &Outcomes, joint: bool, groups: usize) -> Self {
        let all = &outcomes.samples().all;
        let definition = outcomes.conventions.definition;
        let shared = SHARED_PLACES / groups.max(1);
        let cells = shared.clamp(FEW_CELLS, JOINT_BLOCKS * JOINT_BLOCKS);
        let (level_edges, levels, coarse_levels) = if joint {
            let by_label = all.by_label();
            blocks(all.len(), cells.isqrt(), |position| all.labels[by_label[position] as usize])
        } else {
            (vec![f64::INFINITY], vec![1.0], false)
        };
        let most = if joint {
            // Few labels leave cells for more scores.
            (cells / levels.len()).min(BLOCKS)
        } else {
            BLOCKS.min(shared.max(FEW_PLACES))
        };
        let (place_edges, places, coarse_places) = blocks(all.len(), most, |position| all.scores[position]);
        Frame { places, levels, definition, place_edges, level_edges, coarse: coarse_places || coarse_levels }
    }

    /// Places and levels cut at the thresholds of the paper's grid: nothing that the grid can see is lost.
    pub(crate) fn on_grid(joint: bool) -> Self {
        let edges: Vec<f64> = grid().chain([f64::INFINITY]).collect();
        let values: Vec<f64> = grid().chain([f64::MAX]).collect();
        Frame {
            places: values.clone(),
            levels: if joint { values } else { vec![1.0] },
            definition: Definition::Grid,
            place_edges: edges.clone(),
            level_edges: if joint { edges } else { vec![f64::INFINITY] },
            coarse: false,
        }
    }

    pub(crate) fn cells(&self) -> usize {
        self.places.len() * self.levels.len()
    }

    /// Cell of every row of a sample.
    fn cells_of(&self, sample: &Sample) -> Vec<u32> {
        let mut place = 0;
        (0..sample.len())
            .map(|row| {
                // Where entries stand for bins, a group's mean in the last bin may lie above that of all rows.
                while place + 1 < self.place_edges.len() && sample.scores[row] > self.place_edges[place] {
                    place += 1;
                }
                let level = if self.levels.len() == 1 {
                    0
                } else {
                    self.level_edges.partition_point(|&edge| edge < sample.labels[row]).min(self.levels.len() - 1)
                };
                (level * self.places.len() + place) as u32
            })
            .collect()
    }
}

/// Cuts ascending numbers into at most `most` blocks of about equal size; equal numbers stay together. Returns the largest number and the
/// mean of each block, and whether a block holds different numbers.
pub(crate) fn blocks(rows: usize, most: usize, value: impl Fn(usize) -> f64) -> (Vec<f64>, Vec<f64>, bool) {
    let (mut edges, mut means, mut coarse) = (Vec::new(), Vec::new(), false);
    let mut start = 0;
    // Few distinct numbers are kept apart however unequal their shares are.
    let mut distinct = 0;
    for row in 0..rows {
        distinct += usize::from(row == 0 || value(row) != value(row - 1));
        if distinct > most {
            break;
        }
    }
    let step = if distinct <= most { 1 } else { rows.div_ceil(most) };
    while start < rows {
        let mut end = (start + step).min(rows);
        while end < rows && value(end) == value(end - 1) {
            end += 1;
        }
        let (first, last) = (value(start), value(end - 1));
        coarse |= first != last;
        edges.push(last);
        means.push(if first == last { first } else { (start..end).map(&value).sum::<f64>() / (end - start) as f64 });
        start = end;
    }
    (edges, means, coarse)
}

/// One group's rows on a frame.
#[derive(Debug)]
pub(super) struct Stratum {
    /// Number of rows.
    size: usize,
    /// Cell and weight of each row, for groups small enough to draw single rows.
    rows: Vec<(u32, f64)>,
    pub(super) mass: Vec<f64>,
    deviation: Vec<f64>,
    /// Where single rows are drawn: what a prior row is drawn from, as sums over the cells, and what it weighs.
    prior: Option<(Arc<Vec<f64>>, f64)>,
}

impl Stratum {
    /// `groups` is the number of groups that are drawn together.
    pub(super) fn new(frame: &Frame, sample: &Sample, size: usize, groups: usize) -> Self {
        let cells = frame.cells_of(sample);
        let mut stratum =
            Stratum { size, rows: Vec::new(), mass: vec![0.0; frame.cells()], deviation: vec![0.0; frame.cells()], prior: None };
        for (entry, &cell) in cells.iter().enumerate() {
            stratum.mass[cell as usize] += sample.weights[entry];
            stratum.deviation[cell as usize] += sample.square(entry);
        }
        for deviation in &mut stratum.deviation {
            *deviation = deviation.sqrt();
        }
        if sample.has_rows() && sample.len() <= (DRAWN_ROWS / groups).clamp(FEW_ROWS, DIRECT) {
            stratum.rows = cells.into_iter().zip(sample.weights.iter().copied()).collect();
        }
        stratum
    }

    /// All groups on a frame. Few rows cannot say how far they are off (one row is always itself), so that a group of which single rows are drawn is given
    /// [`PRIOR`] rows of all groups together, as Agresti and Coull give counts two successes and two failures.
    pub(super) fn all(frame: &Frame, entered: &[(&Sample, usize)]) -> Vec<Stratum> {
        let mut strata: Vec<Stratum> = entered.iter().map(|&(sample, size)| Stratum::new(frame, sample, size, entered.len())).collect();
        let mut sums = vec![0.0; frame.cells()];
        for stratum in &strata {
            sums.iter_mut().zip(&stratum.mass).for_each(|(sum, mass)| *sum += mass);
        }
        let mut passed = 0.0;
        for sum in &mut sums {
            passed += *sum;
            *sum = passed;
        }
        let sums = Arc::new(sums);
        for stratum in strata.iter_mut().filter(|stratum| !stratum.rows.is_empty()) {
            let weight = stratum.mass.iter().sum::<f64>() / stratum.rows.len() as f64;
            stratum.prior = Some((Arc::clone(&sums), weight));
        }
        strata
    }

    /// The weights that draws have in the mean, up to a factor.
    pub(super) fn centre(&self) -> Vec<f64> {
        let Some((sums, weight)) = &self.prior else { return self.mass.clone() };
        let scale = PRIOR * weight / sums.last().copied().unwrap_or(1.0);
        let mut before = 0.0;
        let with_prior = |(mass, sum): (&f64, &f64)| {
            let all = sum - before;
            before = *sum;
            mass + scale * all
        };
        self.mass.iter().zip(sums.iter()).map(with_prior).collect()
    }

    /// Rows that stand behind the draws beside the group's own.
    pub(super) fn prior(&self) -> f64 {
        if self.prior.is_some() { PRIOR } else { 0.0 }
    }

    /// Squared weights of each cell.
    pub(super) fn squares(&self) -> Vec<f64> {
        self.deviation.iter().map(|deviation| deviation * deviation).collect()
    }

    pub(super) fn draw(&self, rng: &mut impl Rng, mass: &mut [f64]) {
        if self.rows.is_empty() {
            for (drawn, (mean, deviation)) in mass.iter_mut().zip(self.mass.iter().zip(&self.deviation)) {
                let normal: f64 = StandardNormal.sample(rng);
                *drawn = (mean + deviation * normal).max(0.0);
            }
        } else {
            mass.fill(0.0);
            let own = self.rows.len();
            for _ in 0..own {
                let place = rng.random::<f64>() * (own as f64 + self.prior());
                match (self.rows.get(place as usize), &self.prior) {
                    (Some(&(cell, weight)), _) => mass[cell as usize] += weight,
                    (None, Some((sums, weight))) => {
                        // What is left of the place is spread evenly over the prior's rows.
                        let at = (place - own as f64) / PRIOR * sums.last().copied().unwrap_or_default();
                        mass[sums.partition_point(|sum| *sum <= at).min(sums.len() - 1)] += weight;
                    }
                    (None, None) => {}
                }
            }
        }
    }
}

/// Deals the rows of all groups out to the groups at random, group sizes kept.
#[derive(Debug)]
pub(super) struct Permuter {
    rows: Vec<(u32, f64)>,
    sizes: Vec<usize>,
    mass: Vec<f64>,
    deviation: Vec<f64>,
    /// Sums of the masses over the cells, where groups of few rows are dealt single ones; for each such group the weight of a row, 0 for the others.
    sums: Vec<f64>,
    few: Vec<f64>,
}

/// Rows, and share of all rows, up to which a group is dealt single rows, with replacement, where all together are dealt by the normal limit.
const FEW: usize = 1024;
const FEW_SHARE: f64 = 0.1;

impl Permuter {
    pub(super) fn new(strata: &[Stratum]) -> Self {
        let sizes: Vec<usize> = strata.iter().map(|stratum| stratum.size).collect();
        let cells = strata.first().map_or(0, |stratum| stratum.mass.len());
        let (mut mass, mut squares) = (vec![0.0; cells], vec![0.0; cells]);
        for stratum in strata {
            mass.iter_mut().zip(&stratum.mass).for_each(|(sum, more)| *sum += more);
            squares.iter_mut().zip(&stratum.deviation).for_each(|(sum, more)| *sum += more * more);
        }
        let small = sizes.iter().sum::<usize>() <= DIRECT && strata.iter().all(|stratum| stratum.rows.len() == stratum.size);
        let rows = if small { strata.iter().flat_map(|stratum| stratum.rows.iter().copied()).collect() } else { Vec::new() };
        let total = sizes.iter().sum::<usize>() as f64;
        let mut passed = 0.0;
        let sums = mass.iter().map(|mass| {
            passed += mass;
            passed
        });
        let sums = sums.collect();
        let weight = |stratum: &Stratum| {
            let few = !stratum.rows.is_empty() && stratum.size <= FEW && stratum.size as f64 <= FEW_SHARE * total;
            if few { stratum.mass.iter().sum::<f64>() / stratum.rows.len() as f64 } else { 0.0 }
        };
        let few = strata.iter().map(weight).collect();
        Permuter { rows, sizes, mass, deviation: squares.into_iter().map(f64::sqrt).collect(), sums, few }
    }

    /// The masses of one group after the other.
    pub(super) fn draw(&self, rng: &mut impl Rng, cells: usize) -> Vec<f64> {
        let mut masses = vec![0.0; cells * self.sizes.len()];
        if self.rows.is_empty() {
            let total = self.sizes.iter().sum::<usize>() as f64;
            let shares: Vec<f64> = self.sizes.iter().map(|&size| size as f64 / total).collect();
            let mut normals = vec![0.0; shares.len()];
            for cell in 0..cells {
                if self.mass[cell] == 0.0 {
                    continue;
                }
                // Covariance diag(share) - share share': what one group gets the others do not.
                let mut sum = 0.0;
                for (normal, share) in normals.iter_mut().zip(&shares) {
                    let drawn: f64 = StandardNormal.sample(rng);
                    *normal = share.sqrt() * drawn;
                    sum += *normal;
                }
                for ((mass, normal), share) in masses.iter_mut().skip(cell).step_by(cells).zip(&normals).zip(&shares) {
                    *mass = (share * self.mass[cell] + self.deviation[cell] * (normal - share * sum)).max(0.0);
                }
            }
            // Of few rows most cells get none, which no normal number says.
            let last = self.sums.last().copied().unwrap_or_default();
            for ((masses, &size), &weight) in
                masses.chunks_exact_mut(cells).zip(&self.sizes).zip(&self.few).filter(|(_, weight)| **weight > 0.0)
            {
                masses.fill(0.0);
                for _ in 0..size {
                    let at = rng.random::<f64>() * last;
                    masses[self.sums.partition_point(|sum| *sum <= at).min(cells - 1)] += weight;
                }
            }
        } else {
            let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
            let mut position = 0;
            for (group, &size) in self.sizes.iter().enumerate() {
                for _ in 0..size {
                    // The next row of a random order, one step of the shuffle at a time.
                    let other = rng.random_range(position..order.len());
                    order.swap(position, other);
                    let (cell, weight) = self.rows[order[position] as usize];
                    masses[group * cells + cell as usize] += weight;
                    position += 1;
                }
            }
        }
        masses
    }
}

//! How often the intervals hold the truth, and how wide they are: `cargo run --release -p evenhand-metrics --example coverage > docs/results/coverage.md`.
//!
//! Every cell draws many samples of a population whose numbers are known, and counts the intervals that hold them. Beside stands the percentile bootstrap that
//! resamples rows, which is what other toolkits print. For a quick look, a number as argument is how many samples are drawn a cell, and a second argument leaves
//! only cells whose name holds it ("4 groups, skewed"), and a third is how many samples the percentile bootstrap has.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]

use evenhand_metrics::{Finding, IntervalPlan, Outcomes, evaluate, find};
use evenhand_rows::Groups;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

const METRICS: [&str; 10] = [
    "spdd",
    "standardised-spdd",
    "ks",
    "speo",
    "demographic-parity-difference",
    "demographic-parity-ratio",
    "disparate-impact",
    "equalized-odds-difference",
    "equal-opportunity-difference",
    "mean-score-difference",
];
const SHORT: [&str; 10] = ["SPDD", "std. SPDD", "KS", "SPEO", "DP diff.", "DP ratio", "disp. impact", "EOdds", "EOpp", "mean diff."];
const SIZES: [usize; 4] = [30, 100, 300, 1000];
/// Distance of the outermost groups in standard deviations of what the scores are made of.
const TRUTHS: [(&str, f64); 4] = [("parity", 0.0), ("near", 0.15), ("middle", 0.4), ("far", 1.0)];
const LEVEL: f64 = 0.95;
const LIMIT: f64 = 0.05;
/// Samples and replicates of the percentile bootstrap that widths are compared with.
const COMPARED: (usize, usize) = (200, 200);

#[derive(Debug, Clone, Copy)]
enum Scores {
    Symmetric,
    Skewed,
    Tied,
}

impl Scores {
    fn name(self) -> &'static str {
        match self {
            Scores::Symmetric => "symmetric",
            Scores::Skewed => "skewed",
            Scores::Tied => "5-point",
        }
    }

    /// The score of somebody with this standard normal merit in a group that lies this much higher.
    fn of(self, merit: f64, shift: f64) -> f64 {
        let latent = merit + shift;
        match self {
            Scores::Symmetric => 1.0 / (1.0 + (-latent).exp()),
            Scores::Skewed => 1.0 / (1.0 + (1.5 - 1.3 * latent).exp()),
            Scores::Tied => 0.1 + 0.2 * [-1.2, -0.4, 0.4, 1.2].iter().filter(|cut| latent > **cut).count() as f64,
        }
    }
}

/// Chance of a favourable outcome.
fn favourable(merit: f64) -> f64 {
    1.0 / (1.0 + (-1.5 * merit).exp())
}

#[derive(Debug, Clone, Copy)]
struct Population {
    scores: Scores,
    groups: usize,
    apart: f64,
}

#[derive(Debug, Default)]
struct Rows {
    scores: Vec<f64>,
    labels: Vec<f64>,
    weights: Vec<f64>,
    codes: Vec<u32>,
}

impl Rows {
    fn measured(&self, groups: usize, weighted: bool, plan: Option<&IntervalPlan>) -> Vec<Finding> {
        let levels = (0..groups).map(|group| group.to_string()).collect();
        let groups = Groups::new("group", levels, self.codes.clone());
        let mut outcomes = Outcomes::new(&self.scores, &groups).unwrap().labels(&self.labels).unwrap();
        if weighted {
            outcomes = outcomes.weights(&self.weights).unwrap();
        }
        evaluate(&METRICS, &outcomes, plan).unwrap()
    }

    fn resampled(&self, size: usize, rng: &mut ChaCha8Rng) -> Rows {
        let mut rows = Rows::default();
        for start in (0..self.scores.len()).step_by(size) {
            for _ in 0..size {
                let row = start + rng.random_range(0..size);
                rows.scores.push(self.scores[row]);
                rows.labels.push(self.labels[row]);
                rows.codes.push(self.codes[row]);
            }
        }
        rows
    }
}

impl Population {
    fn shift(self, group: usize) -> f64 {
        self.apart * (group as f64 / (self.groups - 1) as f64 - 0.5)
    }

    /// The population's own numbers, from many evenly spaced quantiles.
    fn truth(self) -> Vec<f64> {
        let quantiles = 20_000;
        let normal = |share: f64| std::f64::consts::SQRT_2 * inverse_error_function(2.0 * share - 1.0);
        let mut rows = Rows::default();
        for group in 0..self.groups {
            for quantile in 0..quantiles {
                let merit = normal((f64::from(quantile) + 0.5) / f64::from(quantiles));
                for label in [0.0, 1.0] {
                    rows.scores.push(self.scores.of(merit, self.shift(group)));
                    rows.labels.push(label);
                    rows.weights.push(if label > 0.5 { favourable(merit) } else { 1.0 - favourable(merit) });
                    rows.codes.push(group as u32);
                }
            }
        }
        rows.measured(self.groups, true, None).iter().map(|finding| finding.estimate.number().unwrap()).collect()
    }

    fn sample(self, size: usize, rng: &mut ChaCha8Rng) -> Rows {
        let mut rows = Rows::default();
        for group in 0..self.groups {
            for _ in 0..size {
                let merit: f64 = StandardNormal.sample(rng);
                rows.scores.push(self.scores.of(merit, self.shift(group)));
                rows.labels.push(f64::from(u8::from(rng.random::<f64>() < favourable(merit))));
                rows.codes.push(group as u32);
            }
        }
        rows
    }
}

/// Inverse of the error function by Newton's steps from a first guess.
fn inverse_error_function(value: f64) -> f64 {
    let log = (1.0 - value * value).ln();
    let first = 2.0 / (std::f64::consts::PI * 0.147) + log / 2.0;
    let mut root = value.signum() * ((first * first - log / 0.147).sqrt() - first).sqrt();
    for _ in 0..4 {
        let error = error_function(root) - value;
        root -= error / (2.0 / std::f64::consts::PI.sqrt() * (-root * root).exp());
    }
    root
}

/// The error function by its series: all arguments here are below 3.
fn error_function(value: f64) -> f64 {
    let (mut term, mut sum) = (value, value);
    for step in 1..200 {
        term *= -value * value / f64::from(step);
        sum += term / f64::from(2 * step + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

/// What the samples of a cell gave, metric by metric.
#[derive(Debug, Clone, Default)]
struct Cell {
    covered: usize,
    known: usize,
    width: f64,
    breached: usize,
    breached_by_value: usize,
    percentile_covered: usize,
    percentile_known: usize,
    percentile_width: f64,
}

fn stream(index: usize, cell: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_130);
    rng.set_stream((cell as u64) << 32 | index as u64);
    rng
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

fn percentiles(rows: &Rows, population: Population, size: usize, rng: &mut ChaCha8Rng) -> Vec<Option<(f64, f64)>> {
    let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); METRICS.len()];
    for _ in 0..COMPARED.1 {
        for (numbers, finding) in drawn.iter_mut().zip(rows.resampled(size, rng).measured(population.groups, false, None)) {
            numbers.extend(finding.estimate.number());
        }
    }
    let ends = |mut numbers: Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        (numbers.len() > 1).then(|| (quantile(&numbers, (1.0 - LEVEL) / 2.0), quantile(&numbers, f64::midpoint(1.0, LEVEL))))
    };
    drawn.into_iter().map(ends).collect()
}

fn cell(population: Population, size: usize, (samples, others): (usize, usize), index: usize) -> Vec<Cell> {
    let truth = population.truth();
    let holds = |(low, high): (f64, f64), truth: f64| low - 1e-9 <= truth && truth <= high + 1e-9;
    let of = |sample: usize| {
        let mut rng = stream(sample, index);
        let rows = population.sample(size, &mut rng);
        let plan = IntervalPlan { level: LEVEL, seed: sample as u64, ..IntervalPlan::default() };
        let compared = (sample < others).then(|| percentiles(&rows, population, size, &mut rng));
        let findings = rows.measured(population.groups, false, Some(&plan));
        let mut cells = vec![Cell::default(); METRICS.len()];
        for (metric, (cell, finding)) in cells.iter_mut().zip(&findings).enumerate() {
            if let Some(interval) = finding.estimate.interval() {
                cell.known = 1;
                cell.covered = usize::from(holds((interval.low, interval.high), truth[metric]));
                cell.width = interval.high - interval.low;
                cell.breached = usize::from(interval.low > LIMIT);
                cell.breached_by_value = usize::from(finding.estimate.number().unwrap() > LIMIT);
            }
            if let Some((low, high)) = compared.as_ref().and_then(|compared| compared[metric]) {
                cell.percentile_known = 1;
                cell.percentile_covered = usize::from(holds((low, high), truth[metric]));
                cell.percentile_width = high - low;
            }
        }
        cells
    };
    let each: Vec<Vec<Cell>> = (0..samples).into_par_iter().map(of).collect();
    let mut sums = vec![Cell::default(); METRICS.len()];
    for (metric, cell) in each.iter().flat_map(|cells| cells.iter().enumerate()) {
        let sum = &mut sums[metric];
        sum.covered += cell.covered;
        sum.known += cell.known;
        sum.width += cell.width;
        sum.breached += cell.breached;
        sum.breached_by_value += cell.breached_by_value;
        sum.percentile_covered += cell.percentile_covered;
        sum.percentile_known += cell.percentile_known;
        sum.percentile_width += cell.percentile_width;
    }
    sums
}

fn share(part: usize, all: usize) -> String {
    if all == 0 { "-".to_owned() } else { format!("{:.3}", part as f64 / all as f64).trim_start_matches('0').to_owned() }
}

fn main() {
    let number = |place: usize| std::env::args().nth(place).map(|text| text.parse().expect("a number of samples"));
    let samples: usize = number(1).unwrap_or(1000);
    let others = number(3).unwrap_or(COMPARED.0).min(samples);
    assert!(METRICS.iter().all(|id| find(id).is_ok()));
    println!("# Coverage of the intervals\n");
    println!(
        "Made by `cargo run --release -p evenhand-metrics --example coverage`. Nominal {LEVEL}; {samples} samples a cell, {} replicates each; seed 20261130. \
         Beside: the percentile bootstrap of rows on the first {} samples of each cell, {} replicates each.\n",
        IntervalPlan::default().replicates,
        others,
        COMPARED.1
    );
    println!(
        "Scores come from a standard normal merit z and a shift of the group: symmetric 1 / (1 + exp(-(z + shift))), skewed 1 / (1 + exp(1.5 - 1.3 (z + shift))), \
         5-point .1 to .9 cut at -1.2, -.4, .4 and 1.2. The outcome is favourable with the chance 1 / (1 + exp(-1.5 z)), selected is a score above .5. \
         The shifts of the groups are spread evenly over 0 (parity), .15 (near), .4 (middle) and 1 (far). A cell reads: coverage, mean width; in brackets \
         those of percentiles.\n"
    );
    let wanted = std::env::args().nth(2).unwrap_or_default();
    let mut index = 0;
    let mut worst: Vec<(f64, String)> = Vec::new();
    let mut wide: Vec<(f64, String)> = Vec::new();
    let mut breaches: Vec<String> = Vec::new();
    for scores in [Scores::Symmetric, Scores::Skewed, Scores::Tied] {
        for groups in [2, 4] {
            println!("## {groups} groups, {} scores\n", scores.name());
            println!("| truth | n a group | {} |", SHORT.join(" | "));
            println!("|---|---|{}", "---|".repeat(SHORT.len()));
            for (name, apart) in TRUTHS {
                for size in SIZES {
                    index += 1;
                    if !format!("{groups} groups, {}, {name}, {size}", scores.name()).contains(&wanted) {
                        continue;
                    }
                    let cells = cell(Population { scores, groups, apart }, size, (samples, others), index - 1);
                    let told = cells.iter().zip(SHORT).map(|(cell, metric)| {
                        let here = format!("{metric}, {groups} groups, {}, {name}, n = {size}", scores.name());
                        let coverage = cell.covered as f64 / cell.known.max(1) as f64;
                        let percentile = cell.percentile_covered as f64 / cell.percentile_known.max(1) as f64;
                        let width = cell.width / cell.known.max(1) as f64;
                        let percentile_width = cell.percentile_width / cell.percentile_known.max(1) as f64;
                        worst.push((coverage, format!("{here}: {}", share(cell.covered, cell.known))));
                        if percentile >= 0.93 {
                            wide.push((width / percentile_width, format!("{here}: {width:.3} against {percentile_width:.3}")));
                        }
                        format!(
                            "{}, {width:.3} ({}, {percentile_width:.3})",
                            share(cell.covered, cell.known),
                            share(cell.percentile_covered, cell.percentile_known)
                        )
                    });
                    let told: Vec<String> = told.collect();
                    println!("| {name} | {size} | {} |", told.join(" | "));
                    if apart == 0.0 {
                        breaches.push(format!(
                            "| {groups} | {} | {size} | {} | {} |",
                            scores.name(),
                            share(cells[0].breached_by_value, samples),
                            share(cells[0].breached, cells[0].known)
                        ));
                    }
                    eprintln!("{groups} groups, {}, {name}, {size} a group: done", scores.name());
                }
            }
            println!();
        }
    }
    println!("## A limit of {LIMIT} on SPDD at parity\n");
    println!("| groups | scores | n a group | breached by value | surely breached by interval |\n|---|---|---|---|---|");
    println!("{}\n", breaches.join("\n"));
    worst.sort_by(|one, other| one.0.total_cmp(&other.0));
    println!("## Cells below .93\n");
    let low: Vec<&String> = worst.iter().filter(|(coverage, _)| *coverage < 0.93).map(|(_, told)| told).collect();
    if low.is_empty() {
        println!("None; the lowest is {}.\n", worst[0].1);
    }
    for told in low {
        println!("- {told}");
    }
    wide.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("\n## Widest against percentiles, where those cover at least .93\n");
    for (ratio, told) in wide.iter().take(12) {
        println!("- {ratio:.2}: {told}");
    }
    let beyond = wide.iter().filter(|(ratio, _)| *ratio > 1.4).count();
    println!("\n{beyond} of {} such cells are beyond 1.4.", wide.len());
}

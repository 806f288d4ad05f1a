//! The modes of a column of numbers: a variational Gaussian mixture in one dimension.
//!
//! ```text
//! x_i ~ sum_k w_k Normal(mu_k, 1 / tau_k)      w from broken sticks: w_k = v_k prod_{j<k} (1 - v_j),  v_k ~ Beta(1, c)
//! tau_k ~ Wishart(nu_0 = 1, variance_0 = s^2)  mu_k ~ Normal(mean, 1 / (beta_0 tau_k)),  beta_0 = 1,  mean and s^2 those of the column
//!
//! r_ik  = share of mode k in x_i = softmax_k of  E ln w_k + (E ln tau_k - tau_k (x_i - mu_k)^2 - 1 / beta_k) / 2
//! n_k   = sum_i r_ik,   m_k = sum_i r_ik x_i / n_k,   s_k = sum_i r_ik (x_i - m_k)^2 / n_k + 1e-6
//! beta_k = 1 + n_k,  nu_k = 1 + n_k,  mu_k = (mean + n_k m_k) / beta_k
//! variance_k = (s^2 + n_k s_k + n_k / beta_k (m_k - mean)^2) / nu_k
//! Beta of stick k: (1 + n_k, c + sum_{j>k} n_j)
//! ```
//!
//! The two groups of lines are repeated until the bound on the evidence moves by less than 1e-3, at most 100 times. The small prior
//! c = 0.001 empties modes that are not needed; those whose weight is below a threshold are dropped by the caller.
//!
//! The column is standardised first, so that the result does not depend on its unit (the 1e-6 would). Equal values are counted, not
//! repeated, and of more than 50,000 distinct ones neighbours are joined at their mean: time and memory are bounded. The start is k-means
//! from evenly spaced quantiles of the distinct values: no random number is drawn.
//!
//! Source: C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 10.2; D. M. Blei and M. I. Jordan, "Variational
//! inference for Dirichlet process mixtures", Bayesian Analysis 1 (2006); settings as in Xu et al. 2019, section 4.2. Compared with
//! scikit-learn's `BayesianGaussianMixture` from the same start (`reference/ctgan.py`).

use statrs::function::gamma::{digamma, ln_gamma};

/// A mode of a column: share of the rows, mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mode {
    pub(super) weight: f64,
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

const CONCENTRATION: f64 = 0.001;
const SMALLEST_VARIANCE: f64 = 1e-6;
const ROUNDS: usize = 100;
const TOLERANCE: f64 = 1e-3;
const MOST_POINTS: usize = 50_000;

/// A value and how many rows have it.
type Point = (f64, f64);

/// At most `most` modes of some values (finite, at least one), in the order of their means. The deviation is 0 if all values are one.
pub(super) fn modes(values: &[f64], most: usize) -> Vec<Mode> {
    let mut points = counted(values);
    let count: f64 = points.iter().map(|point| point.1).sum();
    let mean = points.iter().map(|point| point.0 * point.1).sum::<f64>() / count;
    let variance = points.iter().map(|point| point.1 * (point.0 - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt();
    if points.len() == 1 || !(deviation > 0.0 && deviation.is_finite()) {
        return vec![Mode { weight: 1.0, mean: points[0].0, deviation: 0.0 }];
    }
    for point in &mut points {
        point.0 = (point.0 - mean) / deviation;
    }
    let most = most.min(points.len());
    let mut modes = variational(&points, &nearest_of_means(&points, most), most);
    for mode in &mut modes {
        mode.mean = mean + deviation * mode.mean;
        mode.deviation *= deviation;
    }
    modes.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    modes
}

/// The mixture of standardised values from a given start (a mode for every distinct value), in the order of the start.
#[cfg(test)]
pub(super) fn standardised(values: &[f64], start: &[usize]) -> Vec<Mode> {
    let mut points = counted(values);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    for point in &mut points {
        point.0 = (point.0 - mean) / deviation;
    }
    variational(&points, start, start.iter().max().map_or(0, |last| last + 1))
}

/// The distinct values, ascending, with their counts; neighbours joined where there are too many.
fn counted(values: &[f64]) -> Vec<Point> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let points: Vec<Point> = sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect();
    if points.len() <= MOST_POINTS {
        return points;
    }
    points
        .chunks(points.len().div_ceil(MOST_POINTS))
        .map(|near| {
            let count: f64 = near.iter().map(|point| point.1).sum();
            (near.iter().map(|point| point.0 * point.1).sum::<f64>() / count, count)
        })
        .collect()
}

/// Which of `most` means each point is nearest to, after k-means.
fn nearest_of_means(points: &[Point], most: usize) -> Vec<usize> {
    let mut means: Vec<f64> = (0..most).map(|place| points[(2 * place + 1) * points.len() / (2 * most)].0).collect();
    let mut nearest = vec![usize::MAX; points.len()];
    for _ in 0..ROUNDS {
        let mut place = 0;
        let mut changed = false;
        let mut sums = vec![(0.0, 0.0); most];
        for (own, &(value, count)) in nearest.iter_mut().zip(points) {
            while place + 1 < most && (means[place + 1] - value).abs() < (value - means[place]).abs() {
                place += 1;
            }
            changed |= *own != place;
            *own = place;
            sums[place].0 += value * count;
            sums[place].1 += count;
        }
        if !changed {
            break;
        }
        for (mean, (sum, count)) in means.iter_mut().zip(sums) {
            if count > 0.0 {
                *mean = sum / count;
            }
        }
    }
    nearest
}

/// What is believed of the modes.
#[derive(Debug, Clone, Default)]
struct Belief {
    sticks: Vec<(f64, f64)>,
    precisions: Vec<f64>,
    freedoms: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
}

/// The mixture of standardised points that starts with every point in one mode.
fn variational(points: &[Point], start: &[usize], most: usize) -> Vec<Mode> {
    let count: f64 = points.iter().map(|point| point.1).sum();
    let mean = points.iter().map(|point| point.0 * point.1).sum::<f64>() / count;
    let variance = points.iter().map(|point| point.1 * (point.0 - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let mut shares = vec![0.0; points.len() * most];
    for (row, &own) in shares.chunks_mut(most).zip(start) {
        row[own] = 1.0;
    }
    let mut belief = believe(points, &shares, most, mean, variance);
    let mut bound = f64::NEG_INFINITY;
    for _ in 0..ROUNDS {
        let entropy = share_out(points, &belief, &mut shares);
        belief = believe(points, &shares, most, mean, variance);
        let before = std::mem::replace(&mut bound, evidence(&belief, entropy));
        if (bound - before).abs() < TOLERANCE {
            break;
        }
    }
    let mut left = 1.0;
    let mut modes: Vec<Mode> = (0..most)
        .map(|k| {
            let (a, b) = belief.sticks[k];
            let weight = left * a / (a + b);
            left *= b / (a + b);
            Mode { weight, mean: belief.means[k], deviation: belief.variances[k].sqrt() }
        })
        .collect();
    let total: f64 = modes.iter().map(|mode| mode.weight).sum();
    for mode in &mut modes {
        mode.weight /= total;
    }
    modes
}

/// The modes, given every point's shares.
fn believe(points: &[Point], shares: &[f64], most: usize, mean: f64, variance: f64) -> Belief {
    let mut counts = vec![10.0 * f64::EPSILON; most];
    let mut sums = vec![0.0; most];
    for (&(value, count), row) in points.iter().zip(shares.chunks(most)) {
        for (k, &share) in row.iter().enumerate() {
            counts[k] += count * share;
            sums[k] += count * share * value;
        }
    }
    let centres: Vec<f64> = sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect();
    let mut squares = vec![0.0; most];
    for (&(value, count), row) in points.iter().zip(shares.chunks(most)) {
        for (k, &share) in row.iter().enumerate() {
            squares[k] += count * share * (value - centres[k]).powi(2);
        }
    }
    let mut after = 0.0;
    let mut sticks = vec![(0.0, 0.0); most];
    for k in (0..most).rev() {
        sticks[k] = (1.0 + counts[k], CONCENTRATION + after);
        after += counts[k];
    }
    let precisions: Vec<f64> = counts.iter().map(|count| 1.0 + count).collect();
    let means = (0..most).map(|k| (mean + counts[k] * centres[k]) / precisions[k]).collect();
    let variances = (0..most)
        .map(|k| {
            let within = squares[k] + counts[k] * SMALLEST_VARIANCE;
            (variance + within + counts[k] / precisions[k] * (centres[k] - mean).powi(2)) / precisions[k]
        })
        .collect();
    Belief { sticks, freedoms: precisions.clone(), precisions, means, variances }
}

/// Every point's shares, given the modes; the shares' entropy.
fn share_out(points: &[Point], belief: &Belief, shares: &mut [f64]) -> f64 {
    let most = belief.means.len();
    let mut stick = 0.0;
    let constants: Vec<f64> = (0..most)
        .map(|k| {
            let (a, b) = belief.sticks[k];
            let both = digamma(a + b);
            let weight = stick + digamma(a) - both;
            stick += digamma(b) - both;
            let nu = belief.freedoms[k];
            let log_precision = std::f64::consts::LN_2 + digamma(nu / 2.0) - nu.ln() - belief.variances[k].ln();
            weight + 0.5 * (log_precision - 1.0 / belief.precisions[k] - (2.0 * std::f64::consts::PI).ln())
        })
        .collect();
    let slopes: Vec<f64> = belief.variances.iter().map(|variance| 0.5 / variance).collect();
    let mut entropy = 0.0;
    for (&(value, count), row) in points.iter().zip(shares.chunks_mut(most)) {
        let mut highest = f64::NEG_INFINITY;
        for (k, share) in row.iter_mut().enumerate() {
            *share = constants[k] - slopes[k] * (value - belief.means[k]).powi(2);
            highest = highest.max(*share);
        }
        let total = highest + row.iter().map(|share| (share - highest).exp()).sum::<f64>().ln();
        for share in row {
            let log = *share - total;
            *share = log.exp();
            entropy -= count * *share * log;
        }
    }
    entropy
}

/// The bound on the evidence, without its constants.
fn evidence(belief: &Belief, entropy: f64) -> f64 {
    let mut bound = entropy;
    for k in 0..belief.means.len() {
        let nu = belief.freedoms[k];
        let log_deviation = -0.5 * belief.variances[k].ln() - 0.5 * nu.ln();
        let wishart = -(nu * log_deviation + 0.5 * nu * std::f64::consts::LN_2 + ln_gamma(0.5 * nu));
        let (a, b) = belief.sticks[k];
        let beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        bound += beta - wishart - 0.5 * belief.precisions[k].ln();
    }
    bound
}

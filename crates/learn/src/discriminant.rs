//! Linear discriminants: rows of several classes as normal distributions of one covariance, and the classes' probabilities given a row.
//!
//! ```text
//! p(x | c) = Normal(m_c, S)       m_c: weighted mean of class c, S: pooled covariance within the classes + ridge diag(T)
//! P(c | x) = softmax over c of  v_c . x + b_c,      v_c = S^-1 (m_c - m),  b_c = ln P(c) - v_c . ((m_c - m) / 2 + m)
//! ```
//!
//! m: mean of all rows, which keeps numbers small and cancels; T: variance of each column over all rows. The ridge makes S invertible
//! where columns depend on each other, as those of a one-hot code do, or never vary within a class. It is in units of each column's own
//! variance, so the scale of a column does not matter. A column that never varies at all has no influence.

use evenhand_rows::Matrix;

use crate::learners::{Design, factorise, product, solve};

/// The discriminants of some classes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Discriminants {
    /// For each class a factor a column, then the intercept.
    pub(crate) classes: Vec<Vec<f64>>,
}

impl Discriminants {
    /// Fits rows with their classes (`None` takes no part) under weights; every class must have weight.
    pub(crate) fn fit(features: &Matrix, classes: &[Option<usize>], weights: &[f64], count: usize, ridge: f64) -> Self {
        let design = Design::new(features);
        let (columns, width) = (features.columns(), design.columns());
        let taken: Vec<f64> = classes.iter().zip(weights).map(|(class, weight)| if class.is_some() { *weight } else { 0.0 }).collect();
        // The last entry of a sum over rows is the weight: the design's last column is all ones.
        let mut sums = vec![vec![0.0; width]; count];
        for (row, (class, weight)) in classes.iter().zip(&taken).enumerate() {
            if let Some(class) = class {
                design.add_row(row, *weight, &mut sums[*class]);
            }
        }
        let total: f64 = sums.iter().map(|sum| sum[columns]).sum();
        let overall: Vec<f64> = (0..columns).map(|column| sums.iter().map(|sum| sum[column]).sum::<f64>() / total).collect();
        let away: Vec<Vec<f64>> = sums
            .iter()
            .map(|sum| sum[..columns].iter().zip(&overall).map(|(value, overall)| value / sum[columns] - overall).collect())
            .collect();

        // Within the classes: the second moments less those of the means.
        let gram = design.gram(&taken);
        let mut covariance = vec![0.0; columns * columns];
        for a in 0..columns {
            for b in 0..=a {
                let between: f64 = away.iter().zip(&sums).map(|(away, sum)| sum[columns] * away[a] * away[b]).sum();
                covariance[a * columns + b] = (gram[a * width + b] - between) / total - overall[a] * overall[b];
            }
        }
        for a in 0..columns {
            let square = gram[a * width + a] / total;
            let variance = square - overall[a] * overall[a];
            let own = &mut covariance[a * columns + a];
            // What is left of a constant column is rounding.
            *own = if variance <= 1e-12 * square { 0.0 } else { own.max(0.0) + ridge * variance };
        }
        let idle: Vec<bool> = (0..columns).map(|a| covariance[a * columns + a] == 0.0).collect();
        for a in 0..columns {
            for b in 0..=a {
                if idle[a] || idle[b] {
                    covariance[a * columns + b] = f64::from(u8::from(a == b));
                }
            }
        }
        factorise(&mut covariance, columns, f64::MIN_POSITIVE);
        let classes = away
            .iter()
            .zip(&sums)
            .map(|(away, sum)| {
                let away: Vec<f64> = away.iter().zip(&idle).map(|(value, idle)| if *idle { 0.0 } else { *value }).collect();
                let mut factors = solve(&covariance, columns, &away);
                let middle: f64 = factors.iter().zip(away.iter().zip(&overall)).map(|(v, (away, mean))| v * (away / 2.0 + mean)).sum();
                factors.push((sum[columns] / total).ln() - middle);
                factors
            })
            .collect();
        Discriminants { classes }
    }

    /// Probabilities of the classes given a row.
    pub(crate) fn posterior(&self, row: &[f32]) -> Vec<f64> {
        let mut parts: Vec<f64> = self.classes.iter().map(|factors| product(row, factors)).collect();
        let top = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for part in &mut parts {
            *part = (*part - top).exp();
        }
        let total: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / total).collect()
    }
}

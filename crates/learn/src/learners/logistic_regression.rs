//! Logistic regression on weighted rows with an L2 penalty, to the optimum.
//!
//! ```text
//! minimise  sum_i w_i (log(1 + e^z_i) - y_i z_i) + l2/2 sum_j c_j^2        z_i = c . x_i + b, the intercept b without penalty
//! Newton    H s = g,  H = X' diag(w p (1 - p)) X + l2,  g = X' w (p - y) + l2 c        p = sigmoid(z)
//! ```
//!
//! The step is halved until the objective falls; the last one has g . s below 1e-12, so the objective is at its minimum to about that
//! much, whatever point the fit began from. It begins where the fit before ended: the costs of a round differ little from the last one's.
//! H is factorised up to [`WIDE`] columns; above, the step comes from conjugate gradients (no matrix is held). All sums run over fixed
//! blocks of rows, so the number of threads changes nothing.
//!
//! The coefficients are those of scikit-learn's `LogisticRegression` with C = 1 / l2 and the same weights.

use std::collections::HashMap;
use std::path::Path;

use evenhand_rows::Matrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::design::{added, factorise, product, solve};
use super::{Design, Learner, Response};
use crate::LearnError;
use crate::rows::{Candidates, Rows};
use crate::scorer::{Fitted, Loader, Manifest, Prediction, read_json, write_json};

const FILE: &str = "logistic-regression.json";
/// Newton steps at most; some five are usual.
const STEPS: usize = 100;
/// The fit ends with the step whose g . s is below this.
const ENOUGH: f64 = 1e-12;
/// Above so many columns the Newton equations are solved by conjugate gradients.
const WIDE: usize = 512;

/// Fits logistic regressions on the same features.
#[derive(Debug)]
pub(crate) struct LogisticRegression {
    /// The rows that differ: tables of counts and categories repeat many, and equal rows add their weights.
    design: Design,
    /// Which of them each row is.
    of: Vec<u32>,
    l2: f64,
    /// Coefficients of the fit before, the intercept last.
    last: Vec<f64>,
}

impl LogisticRegression {
    pub(crate) fn new(features: &Matrix, l2: f64) -> Self {
        let (features, of) = distinct(features);
        let design = Design::new(&features);
        LogisticRegression { l2, last: vec![0.0; design.columns()], design, of }
    }

    /// The optimal coefficients, the intercept last.
    fn optimum(&self, labels: &[f64], weights: &[f64]) -> Result<Vec<f64>, LearnError> {
        let (mut favourable, mut total) = (vec![0.0; self.design.rows()], vec![0.0; self.design.rows()]);
        for ((&of, &label), &weight) in self.of.iter().zip(labels).zip(weights) {
            favourable[of as usize] += weight * label;
            total[of as usize] += weight;
        }
        let (labels, weights) = (&favourable, &total);
        let mut here = Point::new(self, self.last.clone(), labels, weights);
        // Far from the optimum all scores may be 0 or 1 and tell no way; from coefficients of 0 it is always found.
        if !here.value.is_finite() || here.value >= weights.iter().sum::<f64>() * std::f64::consts::LN_2 {
            here = Point::new(self, vec![0.0; self.design.columns()], labels, weights);
        }
        for _ in 0..STEPS {
            let step = self.newton_step(&here);
            let slope = dot(&step, &here.gradient);
            // What rounding leaves of the objective must not look like a rise.
            let noise = 1e-11 * here.value.abs();
            let mut length = 1.0;
            loop {
                let moved = here.coefficients.iter().zip(&step).map(|(coefficient, step)| coefficient - length * step).collect();
                let there = Point::new(self, moved, labels, weights);
                if there.value <= here.value - 1e-4 * length * slope + noise {
                    here = there;
                    break;
                }
                length /= 2.0;
                if length < 1e-12 || !slope.is_finite() {
                    return Err(not_converged());
                }
            }
            if slope <= ENOUGH {
                return Ok(here.coefficients);
            }
        }
        Err(not_converged())
    }

    fn penalty(&self, column: usize) -> f64 {
        if column + 1 < self.design.columns() { self.l2 } else { 0.0 }
    }

    fn newton_step(&self, here: &Point) -> Vec<f64> {
        let columns = self.design.columns();
        if columns > WIDE {
            return self.conjugate_step(here);
        }
        let mut matrix = self.design.gram(&here.curvature);
        for column in 0..columns {
            matrix[column * columns + column] += self.penalty(column);
        }
        let largest = (0..columns).fold(0.0_f64, |largest, at| largest.max(matrix[at * columns + at]));
        factorise(&mut matrix, columns, largest * 1e-14);
        solve(&matrix, columns, &here.gradient)
    }

    /// The Newton step by conjugate gradients, preconditioned by the diagonal, until the residual is far below the gradient.
    fn conjugate_step(&self, here: &Point) -> Vec<f64> {
        let (design, columns) = (&self.design, self.design.columns());
        let times = |direction: &[f64]| -> Vec<f64> {
            let parts = design.blockwise(columns, |rows| {
                let mut sums = vec![0.0; columns];
                for row in rows {
                    design.add_row(row, here.curvature[row] * design.dot(row, direction), &mut sums);
                }
                sums
            });
            let product = added(parts).into_iter().zip(direction).enumerate();
            product.map(|(column, (sum, entry))| sum + self.penalty(column) * entry).collect()
        };
        let squares = added(design.blockwise(columns, |rows| {
            let mut sums = vec![0.0; columns];
            rows.for_each(|row| design.add_squares(row, here.curvature[row], &mut sums));
            sums
        }));
        let largest = squares.iter().fold(self.l2, |largest, &value| largest.max(value));
        let diagonal: Vec<f64> =
            squares.iter().enumerate().map(|(column, sum)| (sum + self.penalty(column)).max(largest * 1e-14)).collect();
        let scaled = |residual: &[f64]| -> Vec<f64> { residual.iter().zip(&diagonal).map(|(a, b)| a / b).collect() };
        let mut step = vec![0.0; columns];
        let mut residual = here.gradient.clone();
        let mut direction = scaled(&residual);
        let mut size = dot(&residual, &direction);
        let goal = size * 1e-12;
        for _ in 0..2 * columns {
            if size <= goal || size <= 0.0 {
                break;
            }
            let product = times(&direction);
            let length = size / dot(&direction, &product);
            step.iter_mut().zip(&direction).for_each(|(step, direction)| *step += length * direction);
            residual.iter_mut().zip(&product).for_each(|(residual, product)| *residual -= length * product);
            let next = scaled(&residual);
            let new_size = dot(&residual, &next);
            direction.iter_mut().zip(&next).for_each(|(direction, next)| *direction = next + new_size / size * *direction);
            size = new_size;
        }
        step
    }
}

/// The rows that differ, in the order in which they first stand, and which of them each row is.
fn distinct(features: &Matrix) -> (Matrix, Vec<u32>) {
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut values = Vec::new();
    let of = (0..features.rows())
        .map(|row| {
            let row = features.row(row);
            // 0 and -0 are the same number.
            let key: Vec<u32> = row.iter().map(|value| (value + 0.0).to_bits()).collect();
            let next = known.len() as u32;
            *known.entry(key).or_insert_with(|| {
                values.extend_from_slice(row);
                next
            })
        })
        .collect();
    (Matrix::new(features.columns(), values), of)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn not_converged() -> LearnError {
    LearnError::NotConverged {
        what: "the logistic regression",
        steps: STEPS,
        remedy: "raise `l2`, or look for input columns of enormous numbers and encode them anew",
    }
}

/// The objective and its derivatives at some coefficients.
struct Point {
    coefficients: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// `w p (1 - p)` of each row.
    curvature: Vec<f64>,
}

impl Point {
    /// `favourable`: sum of the weights times labels of the rows that are alike; `weights`: sum of their weights.
    fn new(learner: &LogisticRegression, coefficients: Vec<f64>, favourable: &[f64], weights: &[f64]) -> Self {
        let design = &learner.design;
        let parts = design.blockwise(design.columns(), |rows| {
            let mut value = 0.0;
            let mut gradient = vec![0.0; design.columns()];
            let mut curvature = Vec::with_capacity(rows.len());
            for row in rows {
                let weight = weights[row];
                if weight == 0.0 {
                    curvature.push(0.0);
                    continue;
                }
                let logit = design.dot(row, &coefficients);
                let small = (-logit.abs()).exp();
                // Chance of a favourable label and of the other, apart, so that nothing is lost near 0 and 1.
                let (likely, unlikely) = (1.0 / (1.0 + small), small / (1.0 + small));
                let (score, rest) = if logit >= 0.0 { (likely, unlikely) } else { (unlikely, likely) };
                let against = weight - favourable[row];
                value += against * logit.max(0.0) + favourable[row] * (-logit).max(0.0) + weight * small.ln_1p();
                curvature.push(weight * small / ((1.0 + small) * (1.0 + small)));
                design.add_row(row, against * score - favourable[row] * rest, &mut gradient);
            }
            (value, gradient, curvature)
        });
        let mut value = 0.0;
        let mut curvature = Vec::with_capacity(design.rows());
        let mut gradients = Vec::with_capacity(parts.len());
        for (part, gradient, own) in parts {
            value += part;
            gradients.push(gradient);
            curvature.extend(own);
        }
        let mut gradient = added(gradients);
        for (column, (slope, coefficient)) in gradient.iter_mut().zip(&coefficients).enumerate() {
            value += 0.5 * learner.penalty(column) * coefficient * coefficient;
            *slope += learner.penalty(column) * coefficient;
        }
        Point { coefficients, value, gradient, curvature }
    }
}

impl Learner for LogisticRegression {
    fn fit(&mut self, train: &Rows<'_>, _: &Rows<'_>, _: u64) -> Result<Response, LearnError> {
        let ones;
        let weights = if let Some(weights) = train.weights {
            weights
        } else {
            ones = vec![1.0; train.len()];
            &ones
        };
        self.last = self.optimum(train.labels, weights)?;
        let fitted = Logistic { coefficients: self.last.clone() };
        let score = |row| sigmoid(self.design.dot(row, &fitted.coefficients));
        let scores: Vec<f64> = (0..self.design.rows()).into_par_iter().map(score).collect();
        let scores = self.of.iter().map(|&of| scores[of as usize]).collect();
        Ok(Response { fitted: Box::new(fitted), scores })
    }
}

fn sigmoid(logit: f64) -> f64 {
    let small = (-logit.abs()).exp();
    if logit >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// A fitted logistic regression: coefficients in the order of the columns, the intercept last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logistic {
    pub(crate) coefficients: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    intercept: f64,
    coefficients: Vec<f64>,
}

impl Logistic {
    pub(crate) const LOADER: Loader = Loader { name: "logistic-regression", load: Self::load };

    fn load(folder: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
        let path = folder.join(FILE);
        let Kept { intercept, mut coefficients } = read_json(&path)?;
        if coefficients.len() != manifest.columns() {
            return Err(LearnError::BadFile {
                path,
                problem: format!("holds {} coefficients where scorer.json names {} input columns", coefficients.len(), manifest.columns()),
                remedy: "both files must come from the same folder; train again or restore it from a copy",
            });
        }
        coefficients.push(intercept);
        Ok(Box::new(Logistic { coefficients }))
    }
}

impl Fitted for Logistic {
    fn name(&self) -> &'static str {
        Self::LOADER.name
    }

    fn columns(&self) -> usize {
        self.coefficients.len() - 1
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        let features = candidates.features;
        let logits: Vec<f64> = (0..features.rows()).into_par_iter().map(|row| product(features.row(row), &self.coefficients)).collect();
        Ok(Prediction {
            scores: logits.iter().map(|&logit| sigmoid(logit)).collect(),
            logits: logits.iter().map(|&logit| logit as f32).collect(),
            ..Prediction::default()
        })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        let (intercept, coefficients) = self.coefficients.split_last().unwrap_or((&0.0, &[]));
        write_json(&folder.join(FILE), &Kept { intercept: *intercept, coefficients: coefficients.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Groups;

    use super::*;

    fn expected() -> serde_json::Value {
        serde_json::from_str(include_str!("../../../../reference/reductions.json")).unwrap()
    }

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    #[test]
    fn coefficients_are_those_of_scikit_learn_from_any_start() {
        let table = expected();
        let columns = table["columns"].as_u64().unwrap() as usize;
        let features = Matrix::new(columns, numbers(&table["features"]).iter().map(|&value| value as f32).collect());
        let labels = numbers(&table["labels"]);
        let groups = Groups::new("group", vec!["a".into()], vec![0; labels.len()]);
        for case in table["logistic"].as_array().unwrap() {
            let weights = numbers(&case["weights"]);
            let rows = Rows {
                features: &features,
                labels: &labels,
                groups: &groups,
                weights: Some(&weights),
                recordings: None,
                targets: &[],
                sensitive: None,
            };
            let mut learner = LogisticRegression::new(&features, case["l2"].as_f64().unwrap());
            for start in [0.0, 3.0, -40.0] {
                learner.last.fill(start);
                let response = learner.fit(&rows, &rows, 1).unwrap();
                let (intercept, found) = learner.last.split_last().unwrap();
                assert!((intercept - case["intercept"].as_f64().unwrap()).abs() < 1e-6, "{intercept}");
                for (found, expected) in found.iter().zip(numbers(&case["coefficients"])) {
                    assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
                }
                let predicted = response.fitted.predict((&features).into()).unwrap().scores;
                assert!(predicted.iter().zip(&response.scores).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }
    }

    #[test]
    fn conjugate_gradients_find_the_newton_step() {
        let table = expected();
        let columns = table["columns"].as_u64().unwrap() as usize;
        let features = Matrix::new(columns, numbers(&table["features"]).iter().map(|&value| value as f32).collect());
        let labels = numbers(&table["labels"]);
        let weights: Vec<f64> = (0..labels.len()).map(|row| (row % 5) as f64).collect();
        let learner = LogisticRegression::new(&features, 0.5);
        let here = Point::new(&learner, (0..=columns).map(|column| 0.1 * column as f64 - 0.3).collect(), &labels, &weights);
        for (direct, iterated) in learner.newton_step(&here).iter().zip(learner.conjugate_step(&here)) {
            assert!((direct - iterated).abs() < 1e-6, "{direct} against {iterated}");
        }
    }

    /// Two rows that a cut parts: without a penalty the best coefficient is infinite, and Newton's steps move the margin by about 1 each. At
    /// this weight their gain is worth a step long after the last one that is made.
    #[test]
    fn what_cannot_converge_is_an_error() {
        let features = Matrix::new(1, vec![-1.0, 1.0]);
        let groups = Groups::new("group", vec!["a".into()], vec![0; 2]);
        let rows = |weight: &'static [f64; 2]| Rows {
            features: &features,
            labels: &[0.0, 1.0],
            groups: &groups,
            weights: Some(weight),
            recordings: None,
            targets: &[],
            sensitive: None,
        };
        let heavy = rows(&[1e60; 2]);
        let error = LogisticRegression::new(&features, 1e-300).fit(&heavy, &heavy, 1).unwrap_err().to_string();
        assert!(error.contains("did not converge in 100 steps; raise `l2`"), "{error}");
        // With the usual weight, or a penalty to match, it does.
        let light = rows(&[1.0; 2]);
        assert!(LogisticRegression::new(&features, 1e-300).fit(&light, &light, 1).is_ok());
        assert!(LogisticRegression::new(&features, 1e60).fit(&heavy, &heavy, 1).is_ok());
    }
}

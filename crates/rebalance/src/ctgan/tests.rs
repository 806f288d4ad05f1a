//! Networks, Adam and mixtures against `reference/ctgan.json`, made with PyTorch (double backward in f64) and scikit-learn.

use serde_json::Value;

use super::adam::{Learned, Rate};
use super::coding::{Encoded, Layout};
use super::conditions::{Batch, NONE};
use super::critic::{self, Critic};
use super::generator::{self, Generator, Norm};
use super::mixture;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../../reference/ctgan.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|number| number as f32).collect()
}

fn count(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

/// Within `limit` of the largest expected size.
fn close(what: &str, found: &[f32], expected: &Value, limit: f64) {
    let expected = numbers(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3_f64, |largest, value| largest.max(value.abs()));
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() <= limit * largest, "{what}, place {place}: {found}, expected {expected}");
    }
}

struct Case {
    given: Value,
    generator: Generator,
    critic: Critic,
    encoded: Encoded,
    batch: Batch,
}

fn cases() -> Vec<Case> {
    reference()["networks"].as_array().unwrap().iter().cloned().map(Case::new).collect()
}

impl Case {
    fn new(given: Value) -> Self {
        let segments: Vec<usize> = given["segments"].as_array().unwrap().iter().map(count).collect();
        let scalars = count(&given["scalars"]);
        let conditions: usize = segments.iter().rev().take(count(&given["categories"])).sum();
        let ends: Vec<usize> = segments
            .iter()
            .scan(0, |end, width| {
                *end += width;
                Some(*end)
            })
            .collect();
        let layout = Layout { scalars, width: scalars + segments.iter().sum::<usize>(), ends, conditions };
        let learned = |network: &str, name: &str| Learned::new(floats(&given[network][name]));
        let norm = |name: &str| Norm {
            gamma: learned("generator", &format!("{name}.gamma")),
            beta: learned("generator", &format!("{name}.beta")),
            mean: floats(&given["generator"][format!("{name}.mean")]),
            variance: floats(&given["generator"][format!("{name}.variance")]),
        };
        let shape = critic::Shape { pac: count(&given["pac"]), row: layout.width, conditions, width: count(&given["critic_width"]) };
        let generator = Generator {
            shape: generator::Shape { noise: count(&given["noise"]), width: count(&given["width"]), layout },
            first: learned("generator", "first"),
            first_norm: norm("first_norm"),
            second: learned("generator", "second"),
            second_norm: norm("second_norm"),
            last: learned("generator", "last"),
            bias: learned("generator", "bias"),
        };
        let critic = Critic {
            shape,
            rows: learned("critic", "rows"),
            conditions: learned("critic", "conditions"),
            first_bias: learned("critic", "first_bias"),
            second: learned("critic", "second"),
            second_bias: learned("critic", "second_bias"),
            last: learned("critic", "last"),
        };
        let rows = count(&given["batch"]);
        // The real rows stand backwards in the table, so that their numbers are not their places in the batch.
        let backwards = |values: Vec<f32>, width: usize| -> Vec<f32> { values.chunks(width.max(1)).rev().flatten().copied().collect() };
        let ones = backwards(floats(&given["ones"]), segments.len()).into_iter().map(|one| one as u32).collect();
        let encoded = Encoded { rows, scalars: backwards(floats(&given["scalar_values"]), scalars), ones };
        let conditions = match given["condition"].as_array() {
            Some(conditions) => conditions.iter().map(|condition| count(condition) as u32).collect(),
            None => vec![NONE; rows],
        };
        let batch = Batch { conditions, rows: (0..rows as u32).rev().collect() };
        Case { given, generator, critic, encoded, batch }
    }

    fn temperature(&self) -> f32 {
        self.given["temperature"].as_f64().unwrap() as f32
    }

    /// The generator's pass with the case's noise, gone forward.
    fn made(&self, training: bool) -> generator::Pass {
        let mut pass = generator::Pass::new(&self.generator.shape, self.encoded.rows);
        pass.set_noise(&self.generator.shape, &floats(&self.given["z"]));
        pass.noise = floats(&self.given["gumbel"]);
        self.generator.forward(&mut pass, &self.batch.conditions, self.temperature(), training);
        pass
    }

    fn judged(&self) -> critic::Pass {
        let mut pass = critic::Pass::new(self.critic.shape, self.encoded.rows);
        pass.masks = [floats(&self.given["masks"][0]), floats(&self.given["masks"][1])];
        pass.mixing = floats(&self.given["rho"]);
        pass
    }
}

/// A step of no length: weights stay, gradients are worked out.
fn still() -> Rate {
    Rate::new(0.0, 0.0, 1)
}

#[test]
fn rows_made_agree_with_pytorch() {
    for mut case in cases() {
        let expected = &case.given["expected"];
        close("evaluation", &case.made(false).made, &expected["made_settled"], 2e-5);
        let pass = case.made(true);
        close("training", &pass.made, &expected["made"], 2e-5);
        case.generator.remember(&pass);
        for (name, norm) in [("first_norm", &case.generator.first_norm), ("second_norm", &case.generator.second_norm)] {
            close(name, &norm.mean, &expected["moments"][format!("{name}.mean")], 1e-6);
            close(name, &norm.variance, &expected["moments"][format!("{name}.variance")], 1e-6);
        }
    }
}

#[test]
fn the_critics_gradients_agree_with_double_backward() {
    for mut case in cases() {
        let expected = case.given["expected"].clone();
        let made = case.made(true).made;
        let mut pass = case.judged();
        let mut slopes = critic::Slopes::new(&case.critic);
        let before = case.critic.rows.values.clone();
        let lambda = case.given["lambda"].as_f64().unwrap() as f32;
        let loss = case.critic.learn(&mut pass, &made, &case.encoded, &case.batch, lambda, &mut slopes, still());
        close("loss", &[loss.fake as f32, loss.real as f32, loss.penalty as f32], &expected["critic_loss"], 1e-5);
        assert_eq!(case.critic.rows.values, before);
        let slopes = [
            ("rows", &slopes.rows),
            ("conditions", &slopes.conditions),
            ("first_bias", &slopes.first_bias),
            ("second", &slopes.second),
            ("second_bias", &slopes.second_bias),
            ("last", &slopes.last),
        ];
        for (name, found) in slopes {
            close(&format!("{}: {name}", case.given["name"]), found, &expected["critic_slopes"][name], 1e-4);
        }
    }
}

#[test]
fn the_generators_gradients_agree_with_pytorch() {
    for mut case in cases() {
        let expected = case.given["expected"].clone();
        let mut pass = case.made(true);
        let (mut judged, temperature) = (case.judged(), case.temperature());
        let made = pass.made.clone();
        let value = case.critic.judge(&mut judged, &made, &case.batch.conditions, &mut pass.slopes);
        assert!((value - expected["value"].as_f64().unwrap()).abs() < 1e-5);
        close("slopes by the rows", &pass.slopes, &expected["made_slopes"], 1e-4);
        let mut slopes = generator::Slopes::new(&case.generator);
        let entropy = case.generator.learn(&mut pass, &case.batch.conditions, temperature, &mut slopes, still());
        assert!((entropy - expected["entropy"].as_f64().unwrap()).abs() < 1e-5);
        let slopes = [
            ("first", &slopes.first),
            ("first_norm.gamma", &slopes.first_norm[0]),
            ("first_norm.beta", &slopes.first_norm[1]),
            ("second", &slopes.second),
            ("second_norm.gamma", &slopes.second_norm[0]),
            ("second_norm.beta", &slopes.second_norm[1]),
            ("last", &slopes.last),
            ("bias", &slopes.bias),
        ];
        for (name, found) in slopes {
            close(&format!("{}: {name}", case.given["name"]), found, &expected["generator_slopes"][name], 1e-4);
        }
    }
}

#[test]
fn adam_steps_as_pytorch_does() {
    let given = &reference()["adam"];
    let mut learned = Learned::new(floats(&given["start"]));
    let mut parts = learned.clone();
    let gradients = given["gradients"].as_array().unwrap();
    for (time, (gradient, after)) in gradients.iter().zip(given["after"].as_array().unwrap()).enumerate() {
        let rate = Rate::new(given["rate"].as_f64().unwrap(), given["decay"].as_f64().unwrap(), time as u64 + 1);
        learned.step(&floats(gradient), rate);
        close("values", &learned.values, after, 1e-6);
        parts.step_in_parts(&mut [0.0; 7], 3, rate, |part, piece| piece.copy_from_slice(&floats(gradient)[3 * part..][..piece.len()]));
        assert_eq!(learned, parts);
    }
}

#[test]
fn mixtures_agree_with_scikit_learn() {
    for given in reference()["mixtures"].as_array().unwrap() {
        let start: Vec<usize> = given["start"].as_array().unwrap().iter().map(count).collect();
        let found = mixture::standardised(&numbers(&given["values"]), &start);
        for (name, found) in [
            ("weights", found.iter().map(|mode| mode.weight).collect::<Vec<_>>()),
            ("means", found.iter().map(|mode| mode.mean).collect()),
            ("variances", found.iter().map(|mode| mode.deviation.powi(2)).collect()),
        ] {
            for (found, expected) in found.iter().zip(numbers(&given[name])) {
                assert!(
                    (found - expected).abs() < 1e-7 * expected.abs().max(1.0),
                    "{}: {name}: {found}, expected {expected}",
                    given["name"]
                );
            }
        }
    }
}

/// From our own start the columns are told about as well as from five starts of scikit-learn's.
#[test]
fn mixtures_from_our_start_are_as_likely() {
    for given in reference()["mixtures"].as_array().unwrap() {
        let values = numbers(&given["values"]);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        let modes = mixture::modes(&values, 10);
        let density = |value: f64| -> f64 {
            let part = |mode: &mixture::Mode| {
                let z = (value - mode.mean) / mode.deviation;
                mode.weight * (-0.5 * z * z).exp() / (mode.deviation / deviation * (2.0 * std::f64::consts::PI).sqrt())
            };
            modes.iter().map(part).sum()
        };
        let found = values.iter().map(|&value| density(value).ln()).sum::<f64>() / values.len() as f64;
        let theirs = numbers(&given["log_likelihood"])[1..].iter().copied().fold(f64::INFINITY, f64::min);
        assert!(found > theirs - 0.05, "{}: {found}, scikit-learn's lowest {theirs}", given["name"]);
    }
}

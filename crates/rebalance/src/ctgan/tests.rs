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
            penalty: given["lambda"].as_f64().unwrap() as f32,
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
        let loss = case.critic.learn(&mut pass, &made, &case.encoded, &case.batch, &mut slopes, still());
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
fn a_running_mean_follows_weights_and_moments() {
    let mut cases = cases();
    let other = cases.remove(0).generator;
    let mut mean = other.clone();
    for learned in mean.learned() {
        learned.values.fill(0.0);
    }
    mean.first_norm.variance.fill(0.0);
    let mut still = mean.clone();
    // Late steps keep what is asked for, the first step at most a tenth; nothing kept: the other itself.
    mean.follow(&other, 0.75, 1000);
    assert_eq!(mean.last.values, other.last.values.iter().map(|value| value * 0.25).collect::<Vec<_>>());
    assert_eq!(mean.first_norm.variance, other.first_norm.variance.iter().map(|value| value * 0.25).collect::<Vec<_>>());
    assert_eq!(mean.second_norm.mean, other.second_norm.mean);
    still.follow(&other, 0.999, 0);
    assert!((still.bias.values[0] / other.bias.values[0] - 0.9).abs() < 1e-6);
    still.follow(&other, 0.0, 5);
    assert_eq!(still, other);
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

mod by_hand {
    //! Codings that a reader can count.

    use std::collections::BTreeMap;

    use evenhand_catalog::{Parameters, Value};
    use evenhand_rows::MISSING;
    use proptest::prelude::*;

    use super::super::coding::{Coding, Encoded, Slot};
    use super::super::conditions::{Batch, Conditions};
    use super::super::randomness::{Purpose, Streams};
    use super::super::{CARD, Settings, generator};
    use crate::RebalanceError;
    use crate::synthesis::{Cells, Column, Form, Table};

    pub(super) fn settings(given: &[(&str, Value)]) -> Settings {
        let given: BTreeMap<String, Value> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Settings::new(&Parameters::resolve(&CARD, &given).unwrap()).unwrap()
    }

    fn numbers(name: &str, form: Form, values: &[f64]) -> Column {
        Column { name: name.to_owned(), cells: Cells::Numbers { form, values: values.to_vec() } }
    }

    fn categories(name: &str, levels: &[&str], codes: &[u32]) -> Column {
        let levels = levels.iter().map(|&level| level.to_owned()).collect();
        Column { name: name.to_owned(), cells: Cells::Categories { levels, codes: codes.to_vec() } }
    }

    /// The whole one-hot row, as the generator would make it.
    fn written_out(coding: &Coding, encoded: &Encoded, row: usize) -> Vec<f32> {
        let mut out = vec![0.0; coding.layout.width];
        let (scalars, ones) = (coding.numbers.len(), coding.places.len());
        out[..scalars].copy_from_slice(&encoded.scalars[row * scalars..][..scalars]);
        for &one in &encoded.ones[row * ones..][..ones] {
            out[one as usize] = 1.0;
        }
        out
    }

    fn three_columns() -> Table {
        Table {
            columns: vec![
                categories("job", &["a", "b", "nobody", "c"], &[0, 1, 3, 3, 3, 0]),
                numbers("age", Form::Integer, &[30.0, f64::NAN, 31.0, 29.0, 30.0, 30.0]),
                categories("hired", &["no", "yes"], &[0, 0, 0, 0, 1, MISSING]),
            ],
        }
    }

    #[test]
    fn a_row_is_scalars_modes_and_categories() {
        let table = three_columns();
        // One mode: a share of one half and more makes 30 a value of its own, 29 and 31 are told by at most one mode.
        let settings = settings(&[("max_modes", Value::Integer(1)), ("frequent_share", Value::Number(0.5))]);
        let coding = Coding::new(&table, &settings).unwrap();
        // Scalar of age | 30, others, missing | a, b, c | no, yes, missing.
        assert_eq!((coding.layout.scalars, &coding.layout.ends[..], coding.layout.conditions), (1, &[3, 6, 9][..], 6));
        let encoded = coding.encode(&table, &Streams::new(1));
        let ones: Vec<&[u32]> = encoded.ones.chunks(3).collect();
        // Numbers stand first, then the categories in their order.
        assert_eq!(ones, [[1, 4, 7], [3, 5, 7], [2, 6, 7], [2, 6, 7], [1, 6, 8], [1, 4, 9]]);
        // Mean 30, deviation 1 (standardised variance 1, shrunk by the prior to (1 * 2 + 2) / 3): the scalar is within a quarter.
        assert_eq!(encoded.scalars[0], 0.0);
        assert!((encoded.scalars[2] + encoded.scalars[3]).abs() < 1e-6 && (0.15..0.26).contains(&encoded.scalars[2]));
        // Each condition at the offset of its own column.
        assert_eq!(coding.layout.segment(0), 4..7);
        assert_eq!(coding.layout.segment(2), 4..7);
        assert_eq!(coding.layout.segment(3), 7..10);
        assert_eq!(coding.layout.segment(5), 7..10);
        assert_eq!(coding.categories[1].offset, 3);
        assert_eq!(coding.categories[0].slots, [Slot::Level(0), Slot::Level(1), Slot::Level(3)]);
        assert_eq!(coding.categories[1].slots, [Slot::Level(0), Slot::Level(1), Slot::Missing]);
    }

    #[test]
    fn real_rows_have_the_category_they_were_drawn_for() {
        let table = three_columns();
        let coding = Coding::new(&table, &settings(&[])).unwrap();
        let encoded = coding.encode(&table, &Streams::new(1));
        let conditions = Conditions::for_training(&coding, &encoded);
        let mut batch = Batch::default();
        conditions.fill(&mut batch, 40_000, &mut Streams::new(4).stream(Purpose::Batches, 1, 0, 0));
        let mut counts = [0_usize; 6];
        let first = coding.layout.width - coding.layout.conditions;
        for (&condition, &row) in batch.conditions.iter().zip(&batch.rows) {
            counts[condition as usize] += 1;
            let place = first + condition as usize;
            assert!(encoded.ones[row as usize * 3..][..3].contains(&(place as u32)));
        }
        // Half of the draws a column; within it ln(1 + rows): rows 2, 1, 3 and 4, 1, 1.
        let logs = [3.0_f64.ln(), 2.0_f64.ln(), 4.0_f64.ln(), 5.0_f64.ln(), 2.0_f64.ln(), 2.0_f64.ln()];
        for (place, &count) in counts.iter().enumerate() {
            let total: f64 = logs[place / 3 * 3..][..3].iter().sum();
            let expected = 20_000.0 * logs[place] / total;
            assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{counts:?}");
        }
        // Rows without a wish: the table's own frequencies.
        let free = Conditions::for_sampling(&coding);
        let mut rng = Streams::new(4).stream(Purpose::Sampling, 1, 0, 0);
        let mut counts = [0_usize; 6];
        for _ in 0..60_000 {
            counts[free.draw(&mut rng) as usize] += 1;
        }
        for (&count, rows) in counts.iter().zip([2.0, 1.0, 3.0, 4.0, 1.0, 1.0]) {
            assert!((count as f64 - rows * 5000.0).abs() < 400.0, "{counts:?}");
        }
    }

    #[test]
    fn rare_categories_are_joined_and_drawn_back_by_frequency() {
        // Category k of 1000 has one row, but the first three have 500, 400 and 300; one row of category 999 is missing.
        let levels: Vec<String> = (0..1000).map(|level| format!("town {level}")).collect();
        let mut codes: Vec<u32> = (0..1000).collect();
        for (code, more) in [(0, 499), (1, 399), (2, 299), (7, 3)] {
            codes.extend(std::iter::repeat_n(code, more));
        }
        codes[999] = MISSING;
        let table = Table { columns: vec![Column { name: "town".to_owned(), cells: Cells::Categories { levels, codes } }] };
        let coding = Coding::new(&table, &settings(&[("max_categories", Value::Integer(4))])).unwrap();
        let column = &coding.categories[0];
        assert_eq!(column.counts, [500, 400, 300, 999, 1]);
        assert_eq!(coding.layout.width, 5);
        assert_eq!(
            (column.slot_of(2), column.slot_of(7), column.slot_of(8), column.slot_of(999)),
            (Some((2, 300)), Some((3, 4)), Some((3, 1)), None)
        );
        let mut rng = Streams::new(2).stream(Purpose::Sampling, 0, 0, 0);
        let mut drawn = vec![0; 1000];
        for _ in 0..99_900 {
            drawn[column.level(3, &mut rng) as usize] += 1;
        }
        assert_eq!(drawn[0] + drawn[1] + drawn[2] + drawn[999], 0);
        assert!((300..500).contains(&drawn[7]) && drawn[8..999].iter().all(|&count| (50..160).contains(&count)), "{:?}", drawn[7]);
        assert_eq!(column.level(4, &mut rng), MISSING);
    }

    proptest! {
        /// What is encoded comes back: categories and missing values as they were, numbers as near as the cut at 0.99 allows.
        #[test]
        fn rows_come_back(
            rows in prop::collection::vec((prop::option::of(-1000_i32..1000), 0_u32..4, prop::option::of(0_i64..40_000), any::<bool>()), 1..60),
            frequent in prop::sample::select(vec![0.05, 2.0]),
        ) {
            let real: Vec<f64> = rows.iter().map(|row| row.0.map_or(f64::NAN, |value| f64::from(value) / 100.0)).collect();
            let days: Vec<f64> = rows.iter().map(|row| row.2.map_or(f64::NAN, |day| day as f64)).collect();
            let codes: Vec<u32> = rows.iter().map(|row| if row.3 { MISSING } else { row.1 }).collect();
            let table = Table { columns: vec![
                numbers("real", Form::Real { decimals: 2 }, &real),
                categories("kind", &["w", "x", "y", "z"], &codes),
                numbers("day", Form::Date, &days),
            ] };
            let coding = Coding::new(&table, &settings(&[("frequent_share", Value::Number(frequent))])).unwrap();
            let encoded = coding.encode(&table, &Streams::new(9));
            for row in 0..rows.len() {
                let made = written_out(&coding, &encoded, row);
                prop_assert!(made[..2].iter().all(|scalar| scalar.abs() <= 0.99));
                let segments = &made[2..];
                let mut start = 0;
                for &end in &coding.layout.ends {
                    prop_assert_eq!(segments[start..end].iter().sum::<f32>(), 1.0);
                    start = end;
                }
                for (number, truth, unit) in [(0, real[row], 0.01), (1, days[row], 1.0)] {
                    let back = coding.number(number, &made, true);
                    prop_assert_eq!(back.is_nan(), truth.is_nan());
                    if !truth.is_nan() && made[number].abs() < 0.989 {
                        prop_assert!((back - truth).abs() <= unit * 0.51, "{} for {}", back, truth);
                    }
                }
                let slot = coding.slot(0, &made);
                let level = coding.categories[0].level(slot, &mut Streams::new(0).stream(Purpose::Modes, 0, 0, 0));
                prop_assert_eq!(level, codes[row]);
            }
        }
    }

    #[test]
    fn numbers_are_cut_to_their_range_and_rounded_as_written() {
        let table = Table { columns: vec![numbers("price", Form::Real { decimals: 1 }, &[1.5, 2.5, 4.5, 3.5, 2.5])] };
        let coding = Coding::new(&table, &settings(&[("max_modes", Value::Integer(1)), ("frequent_share", Value::Number(2.0))])).unwrap();
        assert_eq!(coding.number(0, &[1.0, 1.0], true), 4.5);
        assert_eq!(coding.number(0, &[-1.0, 1.0], true), 1.5);
        assert!(coding.number(0, &[1.0, 1.0], false) > 6.0);
        let between = coding.number(0, &[0.123, 1.0], true);
        assert_eq!((between * 10.0).round() / 10.0, between);
        // Frequent values are made as they are, without the scalar: two rows of five have 2.5.
        let coding = Coding::new(&table, &settings(&[("frequent_share", Value::Number(0.4)), ("max_modes", Value::Integer(1))])).unwrap();
        assert_eq!(coding.layout.width, 3);
        assert_eq!(coding.number(0, &[0.7, 1.0, 0.0], true), 2.5);
        // One value throughout, and none at all.
        let table = Table { columns: vec![numbers("one", Form::Integer, &[7.0; 3]), numbers("none", Form::Integer, &[f64::NAN; 3])] };
        let coding = Coding::new(&table, &settings(&[])).unwrap();
        assert_eq!(coding.layout.width, 4);
        assert_eq!(coding.number(0, &[0.9, 0.0, 1.0, 1.0], true), 7.0);
        assert!(coding.number(1, &[0.9, 0.5, 1.0, 1.0], true).is_nan());
    }

    /// The package `ctgan` conditions the wrong category on every discrete column but its first.
    #[test]
    fn a_condition_on_any_column_reaches_the_network() {
        let rows = 400;
        let codes = |every: u32, levels: u32| (0..rows).map(|row: u32| row / every % levels).collect::<Vec<u32>>();
        let table = Table {
            columns: vec![
                categories("first", &["a", "b", "c"], &codes(1, 3)),
                numbers("x", Form::Integer, &(0..rows).map(f64::from).collect::<Vec<_>>()),
                categories("second", &["d", "e", "f", "g"], &codes(3, 4)),
                categories("third", &["h", "i"], &codes(12, 2)),
            ],
        };
        let small = [("epochs", 60), ("batch_size", 100), ("pac", 5), ("embedding_dim", 16), ("generator_dim", 32), ("critic_dim", 32)];
        let mut given: Vec<(&str, Value)> = small.iter().map(|&(name, value)| (name, Value::Integer(value))).collect();
        given.push(("generator_lr", Value::Number(0.005)));
        let settings = settings(&given);
        let streams = Streams::new(1);
        let coding = Coding::new(&table, &settings).unwrap();
        let encoded = coding.encode(&table, &streams);
        let mut run = super::super::Run::new(&coding, &settings, &streams);
        let mut work = super::super::Work::new(&run, &coding, &encoded, &settings);
        for _ in 0..settings.epochs {
            run.epoch(&mut work, &encoded, &settings, &streams).unwrap();
        }
        let mut pass = generator::Pass::new(&run.generator.shape, 100);
        for (category, column) in coding.categories.iter().enumerate() {
            for slot in 0..column.slots.len() {
                pass.draw(&run.generator.shape, &streams, Purpose::Sampling, 0, slot);
                run.generator.forward(&mut pass, &[(column.offset + slot) as u32; 100], 0.2, false);
                let met = pass.made.chunks(coding.layout.width).filter(|row| coding.slot(category, row) == slot).count();
                assert!(met >= 80, "{} of 100 rows have place {slot} of column {}", met, column.name);
            }
        }
    }

    #[test]
    fn tables_that_cannot_be_learned_are_told_apart() {
        let message = |columns: Vec<Column>| match Coding::new(&Table { columns }, &settings(&[])) {
            Err(error @ RebalanceError::Unusable { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(message(vec![]), "`ctgan`: the table has no rows; give at least one row to learn from");
        assert!(message(vec![numbers("x", Form::Integer, &[])]).contains("no rows"));
        assert_eq!(
            message(vec![numbers("x", Form::Integer, &[1.0]), categories("y", &["a"], &[0, 0])]),
            "`ctgan`: column `y` has 2 rows, the first column has 1; all columns must be of one length"
        );
        assert_eq!(
            message(vec![numbers("x", Form::Integer, &[1.0, f64::INFINITY])]),
            "`ctgan`: column `x` is beyond 1e100 in row 2; leave the cell empty or check its unit"
        );
        assert_eq!(
            message(vec![categories("y", &["a"], &[0, 1])]),
            "`ctgan`: column `y` has in row 2 a code without a category; check how it is read"
        );
    }
}

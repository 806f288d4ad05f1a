//! Trees against LightGBM, against an exhaustive search, and against hostile files.

use evenhand_rows::Matrix;
use rand::RngExt;

use super::booster::cross_entropy_slopes;
use super::*;
use crate::randomness::{Purpose, stream};
use crate::rows::Candidates;
use crate::scorer::Fitted;

/// The cases of `reference/boosting.json` under a key.
pub(crate) fn expected(key: &str) -> Vec<serde_json::Value> {
    let all: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/boosting.json")).unwrap();
    all[key].as_array().unwrap().clone()
}

pub(crate) fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

fn count_of(value: &serde_json::Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

pub(crate) fn matrix(value: &serde_json::Value) -> Matrix {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(numbers).collect();
    Matrix::new(rows[0].len(), rows.concat().into_iter().map(|value| value as f32).collect())
}

pub(crate) fn settings(value: &serde_json::Value) -> Settings {
    let count = |key: &str| count_of(&value[key]);
    let number = |key: &str| value[key].as_f64().unwrap();
    Settings {
        trees: count("trees"),
        learning_rate: number("learning_rate"),
        leaves: count("leaves"),
        depth: count("depth"),
        min_leaf_rows: 1,
        min_leaf_hessian: number("min_leaf_hessian"),
        l2: number("l2"),
        min_gain: number("min_gain"),
        ..Settings::default()
    }
}

#[test]
fn trees_agree_with_lightgbm() {
    for case in expected("plain") {
        let (features, labels) = (matrix(&case["features"]), numbers(&case["labels"]));
        let weights = (!case["weights"].is_null()).then(|| numbers(&case["weights"]));
        let trees = fit_cross_entropy(&features, &labels, weights.as_deref(), &settings(&case["settings"]), 1).unwrap();
        for (row, (found, expected)) in trees.logits(&features).iter().zip(numbers(&case["logits"])).enumerate() {
            assert!((found - expected).abs() < 2e-6, "{}, row {row}: {found} against {expected}", case["name"]);
        }
    }
}

#[test]
fn trees_on_quantile_bins_agree_with_scikit_learn() {
    let all: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/boosting_bins.json")).unwrap();
    for (number, case) in all["cases"].as_array().unwrap().iter().enumerate() {
        let (features, labels) = (matrix(&case["features"]), numbers(&case["labels"]));
        let seen = Matrix::new(3, features.values()[..labels.len() * 3].to_vec());
        let count = |key: &str| count_of(&case["settings"][key]);
        let settings = Settings {
            trees: count("trees"),
            learning_rate: case["settings"]["learning_rate"].as_f64().unwrap(),
            leaves: count("leaves"),
            depth: count("depth"),
            min_leaf_rows: count("min_leaf_rows"),
            l2: case["settings"]["l2"].as_f64().unwrap(),
            bins: count("bins"),
            ..Settings::default()
        };
        let trees = fit_cross_entropy(&seen, &labels, None, &settings, 1).unwrap();
        let found = trees.logits(&features);
        for (row, (found, expected)) in found[count_of(&case["first"])..].iter().zip(numbers(&case["logits"])).enumerate() {
            assert!((found - expected).abs() < 2e-6, "case {number}, row {row}: {found} against {expected}");
        }
    }
}

// ---------------------------------------------------------------------------------------------------- exhaustive search

/// A made-up table: three numbers of few values (one misses some), a category as four one-hot columns, a flag, a constant.
fn table(rows: usize, seed: u64) -> (Matrix, Vec<f64>) {
    let rng = &mut stream(seed, Purpose::Batches, 1);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let numbers: Vec<f32> = (0..3).map(|_| rng.random_range(0..12) as f32 * 0.5).collect();
        let category = rng.random_range(0..4_usize);
        let flag = f32::from(u8::from(rng.random::<f32>() < 0.3));
        let signal = numbers[0] + if category == 2 { 2.0 } else { 0.0 } - flag + rng.random::<f32>() * 3.0;
        let missing = rng.random::<f32>() < 0.2;
        values.extend([numbers[0], if missing { f32::NAN } else { numbers[1] }, numbers[2]]);
        values.extend((0..4).map(|one| f32::from(u8::from(one == category))));
        values.extend([flag, 7.0]);
        labels.push(f64::from(u8::from(signal + if missing { 1.0 } else { 0.0 } > 4.5)));
    }
    (Matrix::new(9, values), labels)
}

/// A tree by trying every column, every cut between values and both sides for missing ones, summing the rows anew each time.
struct Exhaustive<'a> {
    features: &'a Matrix,
    slopes: Vec<(f64, f64)>,
    settings: Settings,
}

impl Exhaustive<'_> {
    fn sums(&self, rows: &[usize]) -> (f64, f64) {
        rows.iter().fold((0.0, 0.0), |sum, &row| (sum.0 + self.slopes[row].0, sum.1 + self.slopes[row].1))
    }

    fn value(&self, rows: &[usize]) -> f64 {
        let (gradient, hessian) = self.sums(rows);
        let limit = if self.settings.max_leaf_value > 0.0 { self.settings.max_leaf_value } else { f64::INFINITY };
        (-gradient / (hessian + self.settings.l2)).clamp(-limit, limit)
    }

    fn merit(&self, rows: &[usize]) -> f64 {
        let ((gradient, hessian), value) = (self.sums(rows), self.value(rows));
        -2.0 * gradient * value - (hessian + self.settings.l2) * value * value
    }

    /// Gain and sides of the best split.
    fn best(&self, rows: &[usize]) -> Option<(f64, Vec<usize>, Vec<usize>)> {
        let fine = |side: &[usize]| side.len() >= self.settings.min_leaf_rows && self.sums(side).1 >= self.settings.min_leaf_hessian;
        let mut best: Option<(f64, Vec<usize>, Vec<usize>)> = None;
        for column in 0..self.features.columns() {
            let value = |row: usize| self.features.row(row)[column];
            let mut cuts: Vec<f32> = rows.iter().map(|&row| value(row)).filter(|value| !value.is_nan()).collect();
            cuts.sort_unstable_by(f32::total_cmp);
            cuts.dedup();
            for cut in cuts {
                for missing_left in [false, true] {
                    let goes = |row: usize| if value(row).is_nan() { missing_left } else { value(row) <= cut };
                    let (left, right): (Vec<usize>, Vec<usize>) = rows.iter().partition(|&&row| goes(row));
                    if !fine(&left) || !fine(&right) {
                        continue;
                    }
                    let gain = self.merit(&left) + self.merit(&right) - self.merit(rows);
                    // Columns that part the rows alike differ by rounding only: any of them will do.
                    if gain > self.settings.min_gain + 1e-12 * self.merit(rows).abs().max(1.0)
                        && best.as_ref().is_none_or(|best| gain > best.0 + 1e-12)
                    {
                        best = Some((gain, left, right));
                    }
                }
            }
        }
        best
    }

    /// What the tree adds to each row.
    fn grow(&self) -> Vec<f64> {
        let mut open = vec![((0..self.slopes.len()).collect::<Vec<_>>(), 0)];
        let mut done: Vec<Vec<usize>> = Vec::new();
        while open.len() + done.len() < self.settings.leaves {
            let gains: Vec<Option<f64>> = open
                .iter()
                .map(|(rows, depth)| {
                    let deep = self.settings.depth > 0 && *depth >= self.settings.depth;
                    if deep { None } else { self.best(rows).map(|best| best.0) }
                })
                .collect();
            let chosen = (0..open.len()).filter(|&place| gains[place].is_some()).max_by(|&a, &b| gains[a].partial_cmp(&gains[b]).unwrap());
            let Some(place) = chosen else { break };
            let (rows, depth) = open.remove(place);
            let (_, left, right) = self.best(&rows).unwrap();
            open.push((left, depth + 1));
            open.push((right, depth + 1));
        }
        done.extend(open.into_iter().map(|leaf| leaf.0));
        let mut values = vec![0.0; self.slopes.len()];
        for rows in done {
            let value = self.settings.learning_rate * self.value(&rows);
            for row in rows {
                values[row] = value;
            }
        }
        values
    }
}

#[test]
fn a_tree_is_the_one_that_an_exhaustive_search_finds() {
    for seed in 0..12 {
        let (features, labels) = table(120, seed);
        let settings = Settings {
            leaves: [4, 7, 31][seed as usize % 3],
            depth: [0, 3][seed as usize % 2],
            min_leaf_rows: [1, 6][seed as usize / 2 % 2],
            min_leaf_hessian: 0.7,
            l2: [0.0, 1.5][seed as usize / 3 % 2],
            min_gain: [0.0, 0.4][seed as usize / 6 % 2],
            max_leaf_value: [0.0, 0.6, 1.5][seed as usize / 2 % 3],
            learning_rate: 0.5,
            ..Settings::default()
        };
        let mut booster = Booster::new(&features, None, 0.1, &settings, 1).unwrap();
        for _ in 0..3 {
            let before = booster.scores().to_vec();
            // As the booster holds them: in f32.
            let slopes = before.iter().zip(&labels).map(|(&logit, &label)| {
                let (gradient, hessian) = cross_entropy_slopes(label, logit);
                (f64::from(gradient as f32), f64::from(hessian as f32))
            });
            let exhaustive = Exhaustive { features: &features, slopes: slopes.collect(), settings: settings.clone() }.grow();
            let grown = booster.boost(|row, logit| cross_entropy_slopes(labels[row], logit)).unwrap();
            assert_eq!(grown, exhaustive.iter().any(|value| *value != exhaustive[0]), "seed {seed}");
            if !grown {
                break;
            }
            for row in 0..labels.len() {
                let found = booster.scores()[row] - before[row];
                assert!((found - exhaustive[row]).abs() < 1e-6, "seed {seed}, row {row}: {found} against {}", exhaustive[row]);
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------------------- invariances

fn wide_table(rows: usize, seed: u64) -> (Matrix, Vec<f64>) {
    let rng = &mut stream(seed, Purpose::Batches, 2);
    let values: Vec<f32> = (0..rows * 12).map(|_| rng.random::<f32>()).collect();
    let labels = values.chunks(12).map(|row| f64::from(u8::from(row[0] + row[1] * row[2] + rng.random::<f32>() > 1.2))).collect();
    (Matrix::new(12, values), labels)
}

#[test]
fn one_thread_and_three_grow_the_same_trees() {
    let (features, labels) = wide_table(9000, 1);
    for settings in
        [Settings { trees: 5, ..Settings::default() }, Settings { trees: 5, row_share: 0.6, column_share: 0.5, ..Settings::default() }]
    {
        let grow = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit_cross_entropy(&features, &labels, None, &settings, 4).unwrap())
        };
        assert!(grow(1) == grow(3));
    }
}

#[test]
fn the_running_logits_are_those_of_the_trees() {
    let (features, labels) = table(300, 5);
    for (row_share, weighted) in [(1.0, false), (0.5, false), (1.0, true)] {
        let weights: Vec<f64> = (0..300).map(|row| f64::from(u8::from(row % 4 != 0))).collect();
        let settings = Settings { row_share, min_leaf_rows: 5, ..Settings::default() };
        let mut booster = Booster::new(&features, weighted.then_some(weights.as_slice()), -0.3, &settings, 2).unwrap();
        for _ in 0..8 {
            booster.boost(|row, logit| cross_entropy_slopes(labels[row], logit)).unwrap();
        }
        assert_eq!(booster.scores(), booster.trees().logits(&features));
    }
}

#[test]
fn a_weight_of_two_is_a_row_twice_and_their_unit_does_not_matter() {
    let (features, labels) = table(200, 6);
    let twice = |row: usize| row.is_multiple_of(3);
    let order: Vec<usize> = (0..200).flat_map(|row| std::iter::repeat_n(row, if twice(row) { 2 } else { 1 })).collect();
    let repeated = Matrix::new(9, order.iter().flat_map(|&row| features.row(row).to_vec()).collect());
    let again: Vec<f64> = order.iter().map(|&row| labels[row]).collect();
    let settings = Settings { trees: 10, min_leaf_rows: 1, min_leaf_hessian: 1e-6, leaves: 6, ..Settings::default() };
    let fit = |unit: f64| {
        let weights: Vec<f64> = (0..200).map(|row| if twice(row) { 2.0 * unit } else { unit }).collect();
        fit_cross_entropy(&features, &labels, Some(&weights), &settings, 1).unwrap().logits(&features)
    };
    let whole = fit_cross_entropy(&repeated, &again, None, &settings, 1).unwrap().logits(&features);
    for (one, other) in fit(1.0).iter().zip(&whole) {
        assert!((one - other).abs() < 1e-5, "{one} against {other}");
    }
    assert_eq!(fit(1.0), fit(64.0));
}

#[test]
fn draws_follow_the_seed() {
    let (features, labels) = wide_table(500, 3);
    let settings = Settings { trees: 4, row_share: 0.5, column_share: 0.4, ..Settings::default() };
    let fit = |seed| fit_cross_entropy(&features, &labels, None, &settings, seed).unwrap();
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
    // Each tree asks about five columns of the twelve at most.
    for tree in &fit(1).trees {
        let mut asked: Vec<u32> = tree.nodes.iter().filter(|node| node.left != 0).map(|node| node.feature).collect();
        asked.sort_unstable();
        asked.dedup();
        assert!(!asked.is_empty() && asked.len() <= 5, "{asked:?}");
    }
}

#[test]
fn limits_are_kept() {
    let (features, labels) = wide_table(2000, 7);
    let settings = Settings { trees: 3, leaves: 9, depth: 4, min_leaf_rows: 50, ..Settings::default() };
    let trees = fit_cross_entropy(&features, &labels, None, &settings, 1).unwrap();
    for tree in &trees.trees {
        assert!((2..=9).contains(&tree.leaves()));
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..2000 {
            let (mut place, mut depth) = (0, 0);
            while tree.nodes[place].left != 0 {
                let node = tree.nodes[place];
                place = if features.row(row)[node.feature as usize] <= node.cut { node.left } else { node.right } as usize;
                depth += 1;
            }
            assert!(depth <= 4);
            *counts.entry(place).or_insert(0) += 1;
        }
        assert!(counts.values().all(|count| *count >= 50), "{counts:?}");
    }
}

#[test]
fn labels_of_one_kind_and_columns_of_one_value_give_a_constant() {
    let (features, _) = table(60, 1);
    let trees = fit_cross_entropy(&features, &[1.0; 60], None, &Settings::default(), 1).unwrap();
    assert!(trees.trees.is_empty() && trees.start.is_finite() && trees.start > 30.0);
    let constant = Matrix::new(1, vec![2.0; 60]);
    let labels: Vec<f64> = (0..60).map(|row| f64::from(row % 2)).collect();
    assert!(fit_cross_entropy(&constant, &labels, None, &Settings::default(), 1).unwrap().trees.is_empty());
}

#[test]
fn wrong_input_is_refused() {
    let (features, labels) = table(30, 1);
    let refusal = |features: &Matrix, labels: &[f64], weights: Option<&[f64]>, settings: &Settings| {
        fit_cross_entropy(features, labels, weights, settings, 1).unwrap_err().to_string()
    };
    let usual = Settings::default();
    let infinite = Matrix::new(1, vec![1.0, f32::INFINITY]);
    for (message, expected) in [
        (refusal(&features, &labels[..4], None, &usual), "30 rows of features but 4 labels"),
        (refusal(&features, &[3.0; 30], None, &usual), "the label is 3"),
        (refusal(&features, &labels, Some(&[1.0]), &usual), "but 1 weights"),
        (refusal(&features, &labels, Some(&[0.0; 30]), &usual), "sum to 0"),
        (refusal(&features, &labels, Some(&[f64::NAN; 30]), &usual), "the weight is NaN"),
        (refusal(&infinite, &[0.0, 1.0], None, &usual), "row 1: feature column 0 is inf"),
        (refusal(&Matrix::without_columns(30), &labels, None, &usual), "30 rows of 0 columns"),
        (refusal(&features, &labels, None, &Settings { leaves: 1, ..usual.clone() }), "`boosting.leaves` = 1"),
        (refusal(&features, &labels, None, &Settings { bins: 256, ..usual.clone() }), "`boosting.bins` = 256"),
        (refusal(&features, &labels, None, &Settings { min_leaf_hessian: 0.0, ..usual.clone() }), "`boosting.min_leaf_hessian` = 0"),
        (refusal(&features, &labels, None, &Settings { row_share: 1.5, ..usual.clone() }), "`boosting.row_share` = 1.5"),
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let mut booster = Booster::new(&features, None, 0.0, &usual, 1).unwrap();
    let message = booster.boost(|row, _| (if row == 3 { f64::NAN } else { 0.1 }, 1.0)).unwrap_err().to_string();
    assert!(message.contains("loss is NaN"), "{message}");
}

// ---------------------------------------------------------------------------------------------------------------- files

#[test]
fn trees_come_back_from_their_folder_and_damaged_files_are_refused() {
    let (features, labels) = table(200, 9);
    let trees = fit_cross_entropy(&features, &labels, None, &Settings { trees: 5, ..Settings::default() }, 1).unwrap();
    assert!(trees.trees[0].nodes.len() > 4);
    let folder = tempfile::tempdir().unwrap();
    trees.save(folder.path()).unwrap();
    assert_eq!(Trees::load(folder.path(), 9).unwrap(), trees);
    let found = trees.predict(Candidates::from(&features)).unwrap();
    assert_eq!((found.scores.len(), found.latent.len(), found.latent_width), (200, 0, 0));

    let path = folder.path().join("trees.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let refusal = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut edited = value.clone();
        edit(&mut edited);
        std::fs::write(&path, edited.to_string()).unwrap();
        Trees::load(folder.path(), 9).unwrap_err().to_string()
    };
    let tree = |edited: &mut serde_json::Value, key: &str, place: usize, number: serde_json::Value| edited["trees"][1][key][place] = number;
    for (message, expected) in [
        (refusal(&|all| all["format"] = "forest".into()), "is of format `forest` 1"),
        (refusal(&|all| all["version"] = 2.into()), "is of format `evenhand-trees` 2"),
        (refusal(&|all| all["columns"] = 8.into()), "takes 8 columns where scorer.json says 9"),
        (refusal(&|all| all["start"] = serde_json::Value::Null), "does not hold trees"),
        (refusal(&|all| all["extra"] = 1.into()), "unknown field"),
        // A walk that would not end, one out of the tree, one to a column that is not there.
        (refusal(&|all| tree(all, "left", 0, 0.into())), "node 0 has the children 0"),
        (refusal(&|all| tree(all, "right", 1, 1.into())), "must stand behind it"),
        (refusal(&|all| tree(all, "left", 0, 4_000_000_000_u32.into())), "must stand behind it"),
        (refusal(&|all| tree(all, "feature", 0, 9.into())), "node 0 asks for column 9 of 9"),
        (refusal(&|all| tree(all, "value", 0, 1e300.into())), "out of range"),
        (refusal(&|all| tree(all, "cut", 0, "0.5".into())), "does not hold trees"),
        (refusal(&|all| all["trees"][1]["value"] = serde_json::json!([0.0])), "its arrays have"),
        (
            refusal(&|all| all["trees"][0] = serde_json::json!({"feature":[],"cut":[],"missing_left":[],"left":[],"right":[],"value":[]})),
            "one at least",
        ),
    ] {
        assert!(message.contains(expected), "{message}");
    }
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(Trees::load(folder.path(), 9).unwrap_err().to_string().contains("does not hold trees"));
    std::fs::remove_file(&path).unwrap();
    assert!(Trees::load(folder.path(), 9).unwrap_err().to_string().contains("reading"));
}

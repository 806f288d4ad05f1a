//! Methods that fit on their own: what the contract asks of every method, and what fairlearn makes of the same table.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_catalog::{Parameters, Value, find};
use evenhand_data::recordings::RecordStore;
use evenhand_learn::{Architecture, Companions, EpochRecord, LearnError, Rows, RunHooks, Scorer, Training, fit};
use evenhand_rows::recordings::{Recording, Recordings, Shape};
use evenhand_rows::{Groups, Label, LabelKind, Matrix, Scale, UNKNOWN};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::corpus::{Corpus, auc, fit_plainly, objective, short, small};
use crate::sealed::reseal;
use crate::training::bytes;

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

/// The method's settings that the contract is checked for.
fn settings() -> Vec<(&'static str, Vec<(&'static str, Value)>)> {
    let network = || ("base", text("network"));
    vec![
        ("exponentiated-gradient", vec![]),
        ("exponentiated-gradient", vec![("constraint", text("equalized-odds")), ("prediction", text("randomised"))]),
        ("exponentiated-gradient", vec![network(), ("max_iter", Value::Integer(4))]),
        ("exponentiated-gradient", vec![("base", text("boosting")), ("max_iter", Value::Integer(3))]),
        ("grid-search", vec![]),
        ("grid-search", vec![network(), ("grid_size", Value::Integer(5)), ("constraint", text("equal-opportunity"))]),
        ("meta-fair", vec![]),
        ("meta-fair", vec![("rate", text("false-discovery")), ("step", Value::Number(0.05))]),
    ]
}

fn learn(train: &Corpus, validation: &Corpus, id: &str, given: &[(&str, Value)]) -> Scorer {
    fit_plainly(train, validation, &small(), &short(), objective(id, given), 7).unwrap()
}

/// The record whose classifier was kept.
fn kept(scorer: &Scorer) -> &EpochRecord {
    &scorer.curves()[scorer.best_epoch().unwrap() - 1]
}

// ---------------------------------------------------------------------------------------------- expected values from fairlearn

/// The table of `reference/reductions.json` with three groups, or with the last two as one.
fn reference(levels: usize) -> (serde_json::Value, Corpus) {
    let table: serde_json::Value = serde_json::from_str(include_str!("../../../reference/reductions.json")).unwrap();
    let numbers = |key: &str| -> Vec<f64> { table[key].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect() };
    let codes = numbers("groups").iter().map(|&code| (code as u32).min(levels as u32 - 1)).collect();
    let names = ["a", "b", "c"][..levels].iter().map(|&name| name.to_owned()).collect();
    let corpus = Corpus {
        features: Matrix::new(table["columns"].as_u64().unwrap() as usize, numbers("features").iter().map(|&value| value as f32).collect()),
        labels: numbers("labels"),
        groups: Groups::new("group", names, codes),
        weights: None,
        sensitive: None,
    };
    (table, corpus)
}

/// Both answers are within their gap of one saddle point, so their Lagrangians under the worst multipliers differ by no more than both
/// gaps together, whatever mixtures they chose.
#[test]
fn exponentiated_gradient_agrees_with_fairlearn() {
    for case in reference(3).0["exponentiated_gradient"].as_array().unwrap() {
        let (_, corpus) = reference(case["levels"].as_u64().unwrap() as usize);
        let number = |key: &str| case[key].as_f64();
        let ratio = number("ratio_bound").unwrap_or(1.0);
        let bound = number("difference_bound").unwrap_or(if ratio < 1.0 { 0.0 } else { 0.01 });
        let given = [
            ("constraint", text(case["constraint"].as_str().unwrap())),
            ("difference_bound", Value::Number(bound)),
            ("ratio_bound", Value::Number(ratio)),
        ];
        let scorer = learn(&corpus, &corpus, "exponentiated-gradient", &given);
        let ours = &kept(&scorer).training;
        let worst = |error: f64, violation: f64| error + 100.0 * (violation - bound).max(0.0);
        let theirs = |key: &str| number(key).unwrap();
        let apart = worst(ours["data"], ours["violation"]) - worst(theirs("error"), theirs("violation"));
        assert!(ours["duality gap"] <= theirs("nu") + 1e-6, "{case} {ours:?}");
        assert!(apart.abs() <= ours["duality gap"] + theirs("gap") + 1e-9, "{case} {ours:?}");
        assert!((ours["data"] - theirs("error")).abs() < 0.005, "{case} {ours:?}");
        assert!((ours["violation"] - theirs("violation")).abs() < 0.01, "{case} {ours:?}");
        // What the curves say is what the scores give: on these rows the error of the expected decision is their distance from the label.
        let scores = scorer.predict(&corpus.features).unwrap().scores;
        let error = scores.iter().zip(&corpus.labels).map(|(score, label)| (score - label).abs()).sum::<f64>() / scores.len() as f64;
        assert!((error - ours["data"]).abs() < 1e-9);
    }
}

#[test]
fn grid_search_agrees_with_fairlearn() {
    for case in reference(3).0["grid_search"].as_array().unwrap() {
        let (_, corpus) = reference(case["levels"].as_u64().unwrap() as usize);
        let given =
            [("constraint", text(case["constraint"].as_str().unwrap())), ("grid_size", Value::Integer(case["size"].as_i64().unwrap()))];
        let scorer = learn(&corpus, &corpus, "grid-search", &given);
        let points = scorer.curves().iter().zip(case["errors"].as_array().unwrap()).zip(case["violations"].as_array().unwrap());
        assert_eq!(scorer.curves().len(), case["errors"].as_array().unwrap().len());
        for ((record, error), violation) in points {
            assert!((record.training["data"] - error.as_f64().unwrap()).abs() < 1e-9, "{case} {record:?}");
            assert!((record.training["violation"] - violation.as_f64().unwrap()).abs() < 1e-9, "{case} {record:?}");
        }
        assert_eq!(scorer.best_epoch().unwrap() as u64, case["best"].as_u64().unwrap() + 1, "{case}");
    }
}

// ------------------------------------------------------------------------------------------------------------------- contract

/// Largest difference between a group's mean score and that of all, over rows with one of the labels.
fn violation(scores: &[f64], corpus: &Corpus, labels: &[f64]) -> f64 {
    let mean = |group: Option<u32>| {
        let taken = |row: &usize| labels.contains(&corpus.labels[*row]) && group.is_none_or(|group| corpus.groups.codes()[*row] == group);
        let rows: Vec<usize> = (0..scores.len()).filter(taken).collect();
        rows.iter().map(|&row| scores[row]).sum::<f64>() / rows.len() as f64
    };
    let levels = corpus.groups.levels().len() as u32;
    (0..levels).map(|group| (mean(Some(group)) - mean(None)).abs()).fold(0.0, f64::max)
}

fn decisions(scores: &[f64]) -> Vec<f64> {
    scores.iter().map(|&score| f64::from(u8::from(score > 0.5))).collect()
}

#[test]
fn every_method_narrows_its_own_gap() {
    for levels in [2, 3] {
        let (train, validation) = (Corpus::new(3000, levels, 1).blurred(3), Corpus::new(2000, levels, 2).blurred(4));
        let plain = learn(&train, &validation, "exponentiated-gradient", &[("difference_bound", Value::Number(1.0))]);
        let plain = plain.predict(&validation.features).unwrap().scores;
        let accuracy = |scores: &[f64]| {
            1.0 - decisions(scores).iter().zip(&validation.labels).map(|(decision, label)| (decision - label).abs()).sum::<f64>() / 2000.0
        };
        assert!(accuracy(&plain) > 0.7);
        for (constraint, events) in [
            ("demographic-parity", [[0.0, 1.0].as_slice()].as_slice()),
            ("equal-opportunity", &[&[1.0]]),
            ("false-positive-rate-parity", &[&[0.0]]),
            ("equalized-odds", &[&[0.0], &[1.0]]),
        ] {
            let largest = |scores: &[f64]| events.iter().map(|labels| violation(scores, &validation, labels)).fold(0.0, f64::max);
            let wide = largest(&plain);
            for (id, more) in [
                ("exponentiated-gradient", vec![]),
                ("exponentiated-gradient", vec![("prediction", text("randomised"))]),
                // One classifier: what lies between two points of the grid is out of its reach.
                ("grid-search", vec![("constraint_weight", Value::Number(0.8)), ("grid_size", Value::Integer(130))]),
            ] {
                let given: Vec<_> = more.into_iter().chain([("constraint", text(constraint))]).collect();
                let scores = learn(&train, &validation, id, &given).predict(&validation.features).unwrap().scores;
                let scores = if id == "grid-search" { decisions(&scores) } else { scores };
                let narrow = largest(&scores);
                assert!(narrow < 0.5 * wide, "{id} {constraint}, {levels} groups: {narrow} against {wide}");
                assert!(accuracy(&scores) > 0.58, "{id} {constraint}, {levels} groups: {}", accuracy(&scores));
            }
        }
        // The smallest selection rate over the largest.
        let ratio = |scores: &[f64]| {
            let decided = decisions(scores);
            let rate = |group: u32| {
                let rows: Vec<usize> = (0..decided.len()).filter(|&row| validation.groups.codes()[row] == group).collect();
                rows.iter().map(|&row| decided[row]).sum::<f64>() / rows.len() as f64
            };
            let rates: Vec<f64> = (0..levels).map(rate).collect();
            rates.iter().copied().fold(1.0, f64::min) / rates.iter().copied().fold(0.0, f64::max)
        };
        let fair = learn(&train, &validation, "meta-fair", &[("tau", Value::Number(0.9))]);
        let fair = fair.predict(&validation.features).unwrap().scores;
        assert!(ratio(&plain) < 0.6 && ratio(&fair) > 0.8, "{} to {}", ratio(&plain), ratio(&fair));
        assert!(accuracy(&fair) > 0.58, "{}", accuracy(&fair));
        for rate in ["statistical-rate", "false-discovery"] {
            let scorer = learn(&train, &validation, "meta-fair", &[("rate", text(rate))]);
            assert!(kept(&scorer).training["ratio"] >= 0.8, "{rate} {:?}", kept(&scorer));
        }
    }
}

/// Other names, and another order of the names, for the same groups: the same scores but for rounding.
#[test]
fn calling_groups_otherwise_changes_nothing() {
    let (train, validation) = (Corpus::new(600, 3, 1).blurred(3), Corpus::new(300, 3, 2).blurred(4));
    let renamed = |corpus: &Corpus| {
        let codes = corpus.groups.codes().iter().map(|&code| [4, 1, 2][code as usize]).collect();
        let names = ["none", "third", "second", "nobody", "first"].map(str::to_owned).to_vec();
        Corpus {
            features: corpus.features.clone(),
            labels: corpus.labels.clone(),
            groups: Groups::new("group", names, codes),
            weights: None,
            sensitive: None,
        }
    };
    for (id, given) in settings() {
        let scorer = learn(&train, &validation, id, &given);
        let other = learn(&renamed(&train), &renamed(&validation), id, &given);
        let (one, other_record) = (kept(&scorer), kept(&other));
        for (name, value) in &one.training {
            let also = other_record.training[name];
            assert!((value - also).abs() < 1e-6, "{id} {given:?} {name}: {value} and {also}");
        }
        let (one, other) = (scorer.predict(&validation.features).unwrap().scores, other.predict(&validation.features).unwrap().scores);
        let apart = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).sum::<f64>() / 300.0;
        assert!(apart < 1e-3, "{id} {given:?}: {apart}");
    }
}

#[test]
fn shuffled_labels_teach_nothing() {
    let (mut train, mut validation) = (Corpus::new(2000, 2, 1), Corpus::new(1000, 2, 2));
    train.labels.shuffle(&mut ChaCha8Rng::seed_from_u64(9));
    validation.labels.shuffle(&mut ChaCha8Rng::seed_from_u64(10));
    for (id, given) in settings() {
        let scorer = learn(&train, &validation, id, &given);
        let scores = scorer.predict(&validation.features).unwrap().scores;
        let found = auc(&scores, &validation.labels);
        assert!((found - 0.5).abs() < 0.06, "{id} {given:?}: {found}");
        let chance = train.labels.iter().sum::<f64>() / 2000.0;
        let error = kept(&scorer).training["data"];
        // Trees learn rows by heart.
        let by_heart = given.contains(&("base", text("boosting")));
        assert!(by_heart || error > chance.min(1.0 - chance) - 0.06, "{id} {given:?}: error {error}, chance {chance}");
    }
}

/// One row of ten is favourable, and no input tells which: every rule that selects both groups alike errs more often than none at all.
#[test]
fn meta_fair_selects_nobody_where_no_rule_beats_that() {
    let mut corpus = Corpus::new(600, 2, 1);
    corpus.labels = (0..600).map(|row| f64::from(u8::from(row % 10 == 0))).collect();
    for rate in ["statistical-rate", "false-discovery"] {
        let scorer = learn(&corpus, &corpus, "meta-fair", &[("rate", text(rate))]);
        let scores = scorer.predict(&corpus.features).unwrap().scores;
        let record = kept(&scorer);
        let told = scorer.notes().iter().any(|note| note.contains("errs less often than a constant") && note.contains("selects nobody"));
        if told {
            assert!(scores.iter().all(|score| *score < 0.5 && *score == scores[0]), "{rate}");
            assert_eq!(record.training["ratio"], 1.0, "{rate}");
        }
        assert!(record.training["data"] <= 0.1 + 1e-12, "{rate}: {record:?}");
        assert!(told || rate == "false-discovery", "{rate}: {:?}", scorer.notes());
    }
    // On rows from which something can be learned there is no such remark.
    let scorer = learn(&Corpus::new(600, 2, 1), &Corpus::new(300, 2, 2), "meta-fair", &[]);
    assert!(scorer.notes().is_empty(), "{:?}", scorer.notes());
}

/// Of equalized odds the half that can be compared is kept, and the report is told.
#[test]
fn an_event_of_one_group_is_left_out_with_a_remark() {
    let mut corpus = Corpus::new(400, 2, 1);
    let codes = corpus.groups.codes().to_vec();
    corpus.labels.iter_mut().zip(codes).for_each(|(label, code)| *label = if code == 1 { 0.0 } else { *label });
    for id in ["exponentiated-gradient", "grid-search"] {
        let scorer = learn(&corpus, &corpus, id, &[("constraint", text("equalized-odds"))]);
        assert_eq!(scorer.notes().len(), 1, "{id}");
        assert!(scorer.notes()[0].contains("have training rows of favourable label"), "{id}: {:?}", scorer.notes());
        let folder = tempfile::tempdir().unwrap();
        scorer.save(&folder.path().join("scorer"), &Companions::default()).unwrap();
        assert_eq!(Scorer::load(&folder.path().join("scorer")).unwrap().notes(), scorer.notes());
    }
    assert!(learn(&corpus, &corpus, "grid-search", &[]).notes().is_empty());
}

#[test]
fn rows_of_unknown_group_train_the_error_and_enter_no_constraint() {
    let (mut train, validation) = (Corpus::new(900, 2, 1), Corpus::new(300, 2, 2));
    let codes = train.groups.codes().iter().enumerate().map(|(row, &code)| if row % 3 == 0 { UNKNOWN } else { code }).collect();
    train.groups = Groups::new("group", vec!["a".into(), "b".into()], codes);
    for (id, given) in settings() {
        let scorer = learn(&train, &validation, id, &given);
        let scores = scorer.predict(&validation.features).unwrap().scores;
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{id}");
        assert!(kept(&scorer).validation_accuracy > 0.6, "{id} {given:?}");
    }
}

#[test]
fn a_row_of_weight_three_is_three_rows() {
    let mut weighted = Corpus::new(300, 2, 1).blurred(3);
    let weights: Vec<f64> = (0..300).map(|row| f64::from(row % 4)).collect();
    let times: Vec<usize> = (0..300).flat_map(|row| vec![row; row % 4]).collect();
    let repeated = Corpus {
        features: Matrix::new(4, times.iter().flat_map(|&row| weighted.features.row(row).to_vec()).collect()),
        labels: times.iter().map(|&row| weighted.labels[row]).collect(),
        groups: Groups::new("group", weighted.groups.levels().to_vec(), times.iter().map(|&row| weighted.groups.codes()[row]).collect()),
        weights: None,
        sensitive: None,
    };
    weighted.weights = Some(weights);
    // The penalty of the logistic regression and nu count rows, of which the weighted table has fewer: 225 for 450.
    let narrow = |l2: f64| vec![("l2", Value::Number(l2)), ("nu", Value::Number(1e-3))];
    for (id, one, other) in [
        ("exponentiated-gradient", narrow(0.5), narrow(1.0)),
        ("grid-search", vec![("l2", Value::Number(0.5))], vec![]),
        ("meta-fair", vec![], vec![]),
    ] {
        let (one, other) = (learn(&weighted, &weighted, id, &one), learn(&repeated, &weighted, id, &other));
        for (name, value) in &kept(&one).training {
            assert!((value - kept(&other).training[name]).abs() < 1e-6, "{id} {name}: {:?} {:?}", kept(&one), kept(&other));
        }
    }
}

#[test]
fn continuous_labels_are_cut_where_the_parameter_says() {
    let (mut train, validation) = (Corpus::new(600, 2, 1), Corpus::new(300, 2, 2));
    let plain: Vec<f64> = train.labels.clone();
    train.labels = plain.iter().enumerate().map(|(row, label)| 0.2 + 0.1 * label + 0.001 * (row % 7) as f64).collect();
    for (id, given) in settings() {
        let at = |threshold: f64| {
            let mut given = given.clone();
            given.push(("label_threshold", Value::Number(threshold)));
            given
        };
        let cut = learn(&train, &validation, id, &at(0.25)).predict(&validation.features).unwrap();
        let mut binary = Corpus { labels: plain.clone(), ..Corpus::new(600, 2, 1) };
        assert_eq!(bytes(&cut), bytes(&learn(&binary, &validation, id, &at(0.25)).predict(&validation.features).unwrap()), "{id}");
        binary.labels = train.labels.clone();
        let refused = fit_plainly(&binary, &validation, &small(), &short(), objective(id, &given), 7).unwrap_err().to_string();
        assert!(refused.contains("lie below label_threshold"), "{refused}");
    }
}

// ------------------------------------------------------------------------------------------------------------ runs and folders

#[test]
fn an_interrupted_run_comes_to_the_same_bytes() {
    let (train, validation) = (Corpus::new(300, 2, 3), Corpus::new(200, 2, 4));
    for (id, given) in settings() {
        let whole = fit_plainly(&train, &validation, &small(), &short(), objective(id, &given), 11).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let interrupted = AtomicBool::new(false);
        let mut stop = |record: &EpochRecord| interrupted.store(record.epoch == 2, Ordering::Relaxed);
        let keeps = given.iter().any(|(_, value)| *value == text("network"));
        let mut run = RunHooks { checkpoint: Some(folder.path().into()), resume: false, on_epoch: &mut stop, interrupted: &interrupted };
        let cut = fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &given), 11, &mut run);
        match cut.unwrap_err() {
            LearnError::Interrupted { epoch: 2, checkpoint } => assert_eq!(checkpoint.is_some(), keeps, "{id} {given:?}"),
            other => panic!("{id} {given:?}: {other}"),
        }
        // Fits that are done are not done again: what is kept of the first one stays as it is.
        let first = folder.path().join("fit-1").join(evenhand_learn::checkpoint::FILE);
        assert_eq!(first.is_file(), keeps, "{id} {given:?}");
        let written = keeps.then(|| fs::metadata(&first).unwrap().modified().unwrap());
        let calm = AtomicBool::new(false);
        let mut quiet = |_: &EpochRecord| {};
        let mut run = RunHooks { checkpoint: Some(folder.path().into()), resume: true, on_epoch: &mut quiet, interrupted: &calm };
        let resumed = fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &given), 11, &mut run).unwrap();
        assert_eq!(resumed.curves(), whole.curves(), "{id} {given:?}");
        assert_eq!(bytes(&resumed.predict(&validation.features).unwrap()), bytes(&whole.predict(&validation.features).unwrap()));
        assert_eq!(written, keeps.then(|| fs::metadata(&first).unwrap().modified().unwrap()));
        if keeps {
            // Another seed is another run; without `resume` what it left is cleared away.
            let refused = fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &given), 12, &mut run).unwrap_err();
            assert!(refused.to_string().contains("the seed"), "{refused}");
            run.resume = false;
            fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &given), 12, &mut run).unwrap();
        }
    }
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let (train, validation) = (Corpus::new(5000, 3, 5), Corpus::new(2500, 3, 6));
    for (id, given) in settings() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let scorer = learn(&train, &validation, id, &given);
                (scorer.curves().to_vec(), bytes(&scorer.predict(&validation.features).unwrap()))
            })
        };
        assert!(run(1) == run(2), "{id} {given:?} depends on the number of threads");
    }
}

#[test]
fn a_saved_scorer_gives_the_same_scores_in_any_batch() {
    let (train, validation) = (Corpus::new(300, 2, 1), Corpus::new(200, 2, 2));
    let folder = tempfile::tempdir().unwrap();
    for (id, given) in settings() {
        let place = folder.path().join("scorer");
        let scorer = learn(&train, &validation, id, &given);
        scorer.save(&place, &Companions::default()).unwrap();
        let loaded = Scorer::load(&place).unwrap();
        let all = scorer.predict(&validation.features).unwrap();
        assert_eq!(bytes(&loaded.predict(&validation.features).unwrap()), bytes(&all), "{id} {given:?}");
        let single = |row: usize| loaded.predict(&Matrix::new(4, validation.features.row(row).to_vec())).unwrap().scores[0];
        assert!((0..200).all(|row| single(row) == all.scores[row]), "{id} {given:?}");
    }
}

#[test]
fn damaged_folders_are_refused() {
    let corpus = Corpus::new(300, 2, 1).blurred(3);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("scorer");
    let check = |id: &str, file: &str, edits: &[(&str, &str, &str)]| {
        let scorer = learn(&corpus, &corpus, id, &[]);
        let path = place.join(file);
        for (before, after, expected) in edits {
            scorer.save(&place, &Companions::default()).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            let edited = if before.is_empty() { text[..text.len() / 2].to_owned() } else { text.replacen(before, after, 1) };
            assert_ne!(edited, text, "{id} {expected}");
            fs::write(&path, edited).unwrap();
            let message = Scorer::load(&place).unwrap_err().to_string();
            assert!(message.contains(file) && message.contains("was changed since it was written"), "{message}");
            reseal(&place);
            let message = Scorer::load(&place).unwrap_err().to_string();
            assert!(message.contains(expected), "{id}: {message}");
        }
        scorer.save(&place, &Companions::default()).unwrap();
        fs::remove_file(&path).unwrap();
        reseal(&place);
        let message = Scorer::load(&place).unwrap_err().to_string();
        assert!(message.contains("reading") && message.contains(file), "{message}");
    };
    let damaged = ("", "", "does not hold a model");
    check(
        "grid-search",
        "logistic-regression.json",
        &[
            damaged,
            ("\"intercept\": ", "\"intercept\": null, \"x\": ", "does not hold a model"),
            ("\"intercept\": ", "\"intercept\": 1e999, \"x\": ", "does not hold a model"),
            ("[", "[1.0, ", "holds 5 coefficients where scorer.json names 4"),
        ],
    );
    check(
        "meta-fair",
        "meta-fair.json",
        &[
            damaged,
            ("[\n    [", "[\n    [1.0, ", "as many numbers"),
            ("\"coefficients\": [", "\"coefficients\": [1.0, ", "as many numbers"),
        ],
    );
    check(
        "exponentiated-gradient",
        "mixture.json",
        &[
            damaged,
            ("\"weight\": 0.", "\"weight\": 7.", "holds the probability 7."),
            ("\"weight\": 0.", "\"weight\": -0.", "holds the probability -0."),
            ("\"model\": \"logistic-regression\"", "\"model\": \"forest\"", "names the model `forest`"),
            ("\"model\": \"logistic-regression\"", "\"model\": \"mixture\"", "a member of a mixture"),
            ("\"members\": [", "\"members\": [ {\"weight\": 0.5, \"model\": \"logistic-regression\"}, ", "sum to 1.5"),
        ],
    );
    check("exponentiated-gradient", "member-1/logistic-regression.json", &[damaged]);
}

// ------------------------------------------------------------------------------------------------------------------- refusals

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let (train, validation) = (Corpus::new(80, 2, 1), Corpus::new(80, 2, 2));
    let refusal = |id: &str, rows: &Rows<'_>, other: &Rows<'_>| {
        let mut quiet = |_: &EpochRecord| {};
        let interrupted = AtomicBool::new(false);
        let mut run = RunHooks { checkpoint: None, resume: false, on_epoch: &mut quiet, interrupted: &interrupted };
        fit(rows, other, &Architecture::default(), &Training::default(), objective(id, &[]), 1, &mut run).unwrap_err().to_string()
    };
    for id in ["exponentiated-gradient", "grid-search", "meta-fair", "fairgbm"] {
        for codes in [vec![0; 80], vec![UNKNOWN; 80]] {
            let alone = Groups::new("gender", vec!["a".into(), "b".into()], codes);
            let message = refusal(id, &Rows { groups: &alone, ..train.rows() }, &validation.rows());
            assert!(message.contains(id) && message.contains("fewer than two of `gender`"), "{message}");
        }
        if id == "fairgbm" {
            continue;
        }
        let message = refusal(id, &Rows { labels: &[1.0; 80], ..train.rows() }, &validation.rows());
        assert!(message.contains("at or above label_threshold"), "{message}");
        let targets = [Label { name: "openness".to_owned(), kind: LabelKind::Continuous, values: vec![0.5; 80], scale: Scale::default() }];
        let message = refusal(id, &Rows { targets: &targets, ..train.rows() }, &Rows { targets: &targets, ..validation.rows() });
        assert!(message.contains("further targets"), "{message}");
        let shape = Shape { segments: 1, per_segment: 1, side: 8, audio: 0, text: 0 };
        let record = Recording { video: Some((vec![0; shape.frame_bytes()], vec![true])), ..Recording::default() };
        let recordings = Recordings::new(Arc::new(RecordStore::in_memory(shape, &[record]).unwrap()), vec![0; 80]);
        let recorded = |corpus: &Corpus| -> String {
            let rows = Rows { recordings: Some(&recordings), ..corpus.rows() };
            refusal(id, &rows, &rows)
        };
        assert!(recorded(&train).contains("these rows have recordings"), "{}", recorded(&train));
    }
    // A grid that is to be smaller than the smallest.
    let three = Corpus::new(300, 3, 1);
    let narrow = objective("grid-search", &[("grid_size", Value::Integer(8)), ("constraint", text("equalized-odds"))]);
    let message = fit_plainly(&three, &three, &small(), &short(), narrow, 1).unwrap_err().to_string();
    assert!(message.contains("a grid over 4 multipliers has 9 points at least, and grid_size is 8"), "{message}");
    // A loss that is not theirs.
    let squared = Training { loss: evenhand_learn::DataLoss::Mse, ..short() };
    for (id, given, refuses) in [
        ("meta-fair", vec![], true),
        ("exponentiated-gradient", vec![], true),
        ("grid-search", vec![("base", text("boosting"))], true),
        ("grid-search", vec![("base", text("network"))], false),
    ] {
        let outcome = fit_plainly(&train, &validation, &small(), &squared, objective(id, &given), 1);
        let message = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        assert_eq!(outcome.is_err(), refuses, "{id} {given:?} {message}");
        assert!(!refuses || message.contains("`training.loss` = \"mse\" is not allowed") && message.contains(id), "{message}");
    }
    // A word that is none, and a number out of range.
    let card = find(evenhand_learn::OBJECTIVES, "exponentiated-gradient").unwrap().card;
    for (name, value, expected) in
        [("base", text("forest"), "network"), ("eps", Value::Number(0.0), "0.0001"), ("max_iter", Value::Integer(0), "1 to")]
    {
        let message = Parameters::resolve(card, &BTreeMap::from([(name.to_owned(), value)])).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

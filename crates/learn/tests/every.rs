//! What every registered method keeps.

use evenhand_catalog::Value;
use evenhand_learn::{OBJECTIVES, Scorer, Trace, Training};
use evenhand_rows::{Groups, UNKNOWN};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::corpus::{Corpus, auc, fit_plainly, objective, short, small};
use crate::training::bytes;

fn ids() -> impl Iterator<Item = &'static str> {
    OBJECTIVES.iter().map(|entry| entry.card.id)
}

fn scores(scorer: &Scorer, corpus: &Corpus) -> Vec<f64> {
    scorer.predict(&corpus.features).unwrap().scores
}

/// With its defaults, and without the terms that ask for the attribute.
fn settings() -> impl Iterator<Item = (&'static str, Vec<(&'static str, Value)>)> {
    let without = |invariance: f64, covariance: f64| {
        let weights = [
            ("lambda_accuracy", 0.9 - invariance - covariance),
            ("lambda_variance", 0.1),
            ("lambda_invariance", invariance),
            ("lambda_covariance", covariance),
        ];
        ("fairvic", weights.map(|(name, weight)| (name, Value::Number(weight))).to_vec())
    };
    ids().map(|id| (id, Vec::new())).chain([without(0.0, 0.4), without(0.0, 0.0), without(0.4, 0.0)])
}

/// The table of needs in the documents, against what a fit makes of rows without them. Recordings: see `interview`.
#[test]
fn needs_are_what_the_fits_show() {
    let training = Training { epochs: 2, ..short() };
    for (id, given) in settings() {
        let needs = objective(id, &given).needs();
        let (train, validation) = (Corpus::new(300, 2, 1), Corpus::new(150, 2, 2));
        let fitted = fit_plainly(&train, &validation, &small(), &training, objective(id, &given), 7).unwrap();

        // The attribute not among the inputs: whoever cannot be trained so cannot score without it either.
        let without = |seed, rows| Corpus { sensitive: None, ..Corpus::new(rows, 2, seed) };
        let outcome = fit_plainly(&without(1, 300), &without(2, 150), &small(), &training, objective(id, &given), 7);
        assert_eq!(outcome.is_err(), needs.attribute_to_score, "{id} {given:?}: {outcome:?}");

        // Training rows of other groups than they are.
        let mut other = Corpus::new(300, 2, 1);
        other.groups = Groups::new("group", vec!["a".into(), "b".into()], (0..300).map(|row| u32::from(row % 3 == 0)).collect());
        let outcome = fit_plainly(&other, &validation, &small(), &training, objective(id, &given), 7).unwrap();
        let same = bytes(&fitted.predict(&validation.features).unwrap()) == bytes(&outcome.predict(&validation.features).unwrap());
        assert_eq!(same, !needs.attribute_to_train, "{id} {given:?}");
    }
}

/// Validation rows are ordered by chance where the labels of the training rows are chance.
#[test]
fn shuffled_labels_teach_no_method_anything() {
    let (mut train, mut validation) = (Corpus::new(1200, 2, 1), Corpus::new(1000, 2, 2));
    train.labels.shuffle(&mut ChaCha8Rng::seed_from_u64(9));
    validation.labels.shuffle(&mut ChaCha8Rng::seed_from_u64(10));
    let training = Training { batch_size: 200, ..short() };
    for id in ids() {
        let scorer = fit_plainly(&train, &validation, &small(), &training, objective(id, &[]), 7).unwrap();
        let found = auc(&scores(&scorer, &validation), &validation.labels);
        assert!((found - 0.5).abs() < 0.07, "{id}: {found}");
    }
}

/// The defaults of no method make its scores useless on a corpus on which plain learning works; those of `gcm` narrow its gap as well.
#[test]
fn defaults_still_learn() {
    let (train, validation) = (Corpus::new(1200, 2, 1).blurred(3), Corpus::new(600, 2, 2).blurred(4));
    let training = Training { epochs: 12, batch_size: 200, ..short() };
    let fitted = |id: &str| scores(&fit_plainly(&train, &validation, &small(), &training, objective(id, &[]), 7).unwrap(), &validation);
    // Mean scores of the groups among the rows of each label.
    let gap = |scores: &[f64]| {
        let mean = |group: u32, label: f64| {
            let own = |row: &usize| validation.groups.codes()[*row] == group && validation.labels[*row] == label;
            let rows: Vec<usize> = (0..scores.len()).filter(own).collect();
            rows.iter().map(|&row| scores[row]).sum::<f64>() / rows.len() as f64
        };
        [0.0, 1.0].iter().map(|&label| (mean(0, label) - mean(1, label)).abs()).sum::<f64>()
    };
    let plain = fitted("vanilla");
    let best = auc(&plain, &validation.labels);
    for id in ids() {
        let own = fitted(id);
        let found = auc(&own, &validation.labels);
        assert!(found > best - 0.1, "{id}: {found} against {best}");
        if id == "gcm" {
            assert!(found > best - 0.05, "{id}: {found} against {best}");
            assert!(gap(&own) < 0.5 * gap(&plain), "{id}: {} against {}", gap(&own), gap(&plain));
        }
    }
}

/// A trace asked of the whole comparison ends no method's fit.
#[test]
fn methods_without_batches_leave_no_trace() {
    let corpus = Corpus::new(200, 2, 1);
    let traced = Training { trace: vec![Trace::ContributionDisparity], ..short() };
    let network = [("base", Value::Text("network".to_owned())), ("max_iter", Value::Integer(2))];
    let alone = ids().filter(|id| objective(id, &[]).fits_alone()).map(|id| (id, &[][..]));
    for (id, given) in alone.chain([("exponentiated-gradient", network.as_slice())]) {
        let scorer = fit_plainly(&corpus, &corpus, &small(), &traced, objective(id, given), 1).unwrap();
        assert!(scorer.curves().iter().all(|record| record.contribution_disparity.is_empty()), "{id}");
        let plain = fit_plainly(&corpus, &corpus, &small(), &short(), objective(id, given), 1).unwrap();
        assert_eq!(bytes(&scorer.predict(&corpus.features).unwrap()), bytes(&plain.predict(&corpus.features).unwrap()), "{id}");
    }
}

/// One row of unknown group among six hundred changes little, whatever its label.
#[test]
fn a_row_of_unknown_group_weighs_as_one_row() {
    let validation = Corpus::new(300, 2, 2).blurred(4);
    let training = Training { batch_size: 100, ..short() };
    for id in ["gcm", "iga", "direct-alignment", "fair-mixup"] {
        let mean = |label: f64| {
            let mut train = Corpus::new(600, 2, 1).blurred(3);
            let codes = train.groups.codes().iter().enumerate().map(|(row, &code)| if row == 0 { UNKNOWN } else { code }).collect();
            train.groups = Groups::new("group", train.groups.levels().to_vec(), codes);
            train.labels[0] = label;
            let scorer = fit_plainly(&train, &validation, &small(), &training, objective(id, &[]), 7).unwrap();
            scores(&scorer, &validation).iter().sum::<f64>() / 300.0
        };
        let apart = (mean(1.0) - mean(0.0)).abs();
        assert!(apart < 0.03, "{id}: mean scores {apart} apart by the label of one row");
    }
}

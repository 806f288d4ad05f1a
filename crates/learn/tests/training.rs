//! The training loop: learns, stops early, resumes bit for bit, gives the same bytes on any number of threads.

use std::sync::atomic::{AtomicBool, Ordering};

use evenhand_catalog::Value;
use evenhand_learn::{
    Architecture, Companions, Decay, EpochRecord, LearnError, OBJECTIVES, Prediction, RunHooks, Scorer, Selection, Trace, Training, fit,
};

use crate::corpus::{Corpus, fit_plainly, objective, short, small};

fn accuracy(scorer: &Scorer, corpus: &Corpus) -> f64 {
    let scores = scorer.predict(&corpus.features).unwrap().scores;
    let hits = scores.iter().zip(&corpus.labels).filter(|(score, label)| (**score > 0.5) == (**label > 0.5)).count();
    hits as f64 / scores.len() as f64
}

#[test]
fn vanilla_learns_and_wasserstein_narrows_the_gap() {
    let (train, validation) = (Corpus::new(1200, 2, 1), Corpus::new(600, 2, 2));
    let training = Training { epochs: 12, batch_size: 200, ..short() };
    let plain = fit_plainly(&train, &validation, &small(), &training, objective("vanilla", &[]), 7).unwrap();
    let even = objective("wasserstein", &[("lambda_w", Value::Number(2.0))]);
    let even = fit_plainly(&train, &validation, &small(), &training, even, 7).unwrap();
    assert!(accuracy(&plain, &validation) > 0.85);
    assert!(accuracy(&even, &validation) > 0.65);
    let gap = |scorer: &Scorer| scorer.curves()[scorer.best_epoch().unwrap() - 1].validation_spdd.unwrap();
    assert!(gap(&even) < gap(&plain) / 3.0, "{} against {}", gap(&even), gap(&plain));
}

/// Scores of every gap method differ less between the groups than vanilla's, by its own measure of difference.
#[test]
fn every_method_narrows_its_own_gap() {
    // The quality is hard to see, so that the group, which is not, decides much also among rows of one label.
    let (train, validation) = (Corpus::new(1200, 2, 1).blurred(3), Corpus::new(600, 2, 2).blurred(4));
    let training = Training { epochs: 12, batch_size: 200, ..short() };
    let text = |word: &str| Value::Text(word.to_owned());
    // Mean scores of the groups, over all rows or over those of each label.
    let gap = |scorer: &Scorer, by_label: bool| {
        let scores = scorer.predict(&validation.features).unwrap().scores;
        let mean = |group: u32, label: Option<bool>| {
            let of_label = |row: usize| label.is_none_or(|label| (validation.labels[row] > 0.5) == label);
            let rows: Vec<usize> = (0..scores.len()).filter(|&row| validation.groups.codes()[row] == group && of_label(row)).collect();
            rows.iter().map(|&row| scores[row]).sum::<f64>() / rows.len() as f64
        };
        let labels: &[Option<bool>] = if by_label { &[Some(true), Some(false)] } else { &[None] };
        labels.iter().map(|&label| (mean(0, label) - mean(1, label)).abs()).sum::<f64>()
    };
    let plain = fit_plainly(&train, &validation, &small(), &training, objective("vanilla", &[]), 7).unwrap();
    for (id, given, by_label) in [
        ("demographic-parity-regularisation", vec![("lambda", Value::Number(2.0))], false),
        ("equalized-odds-regularisation", vec![("lambda", Value::Number(1.0))], true),
        ("fair-mixup", vec![("lambda", Value::Number(2.0))], false),
        ("fair-mixup", vec![("lambda", Value::Number(1.0)), ("constraint", text("equalized-odds"))], true),
        ("gcm", vec![("lambda", Value::Number(0.5)), ("layers", text("w2, b2"))], true),
        ("hsic", vec![("lambda_hsic", Value::Number(50.0))], false),
        ("fairvic", vec![], false),
        ("adversarial-projection", vec![("alpha", Value::Number(1.0)), ("adversary_learning_rate", Value::Number(0.02))], false),
    ] {
        let even = fit_plainly(&train, &validation, &small(), &training, objective(id, &given), 7).unwrap();
        let (narrow, wide) = (gap(&even, by_label), gap(&plain, by_label));
        assert!(narrow < 0.6 * wide, "{id} {given:?}: {narrow} against {wide}");
        assert!(accuracy(&even, &validation) > 0.6, "{id} {given:?}: {}", accuracy(&even, &validation));
    }
}

/// FairVIC's invariance term alone makes the score depend less on the group that a row is written as.
#[test]
fn fairvic_narrows_the_change_of_the_score_when_the_group_is_rewritten() {
    let (train, validation) = (Corpus::new(1200, 2, 1), Corpus::new(600, 2, 2));
    let training = Training { epochs: 12, batch_size: 200, ..short() };
    let invariant = [
        ("lambda_accuracy", Value::Number(0.1)),
        ("lambda_variance", Value::Number(0.0)),
        ("lambda_invariance", Value::Number(0.9)),
        ("lambda_covariance", Value::Number(0.0)),
    ];
    let change = |scorer: &Scorer| {
        let to: Vec<u32> = validation.groups.codes().iter().map(|code| 1 - code).collect();
        let other = scorer.predict(&validation.sensitive.as_ref().unwrap().rewritten(&validation.features, &to)).unwrap().scores;
        let scores = scorer.predict(&validation.features).unwrap().scores;
        scores.iter().zip(&other).map(|(here, there)| (here - there).powi(2)).sum::<f64>() / 600.0
    };
    let plain = fit_plainly(&train, &validation, &small(), &training, objective("vanilla", &[]), 7).unwrap();
    let even = fit_plainly(&train, &validation, &small(), &training, objective("fairvic", &invariant), 7).unwrap();
    assert!(change(&even) < change(&plain) / 5.0, "{} against {}", change(&even), change(&plain));
    assert!(accuracy(&even, &validation) > 0.7);
    // What the curves say of the kept epoch is what the scorer does.
    let told = even.curves()[even.best_epoch().unwrap() - 1].validation["invariance"];
    assert!((told - 0.9 * change(&even)).abs() < 1e-6, "{told} against {}", change(&even));
}

/// A trace changes nothing but itself, comes back from the model folder, and shows that GCM evens out the groups' pull.
#[test]
fn contributions_are_traced_without_a_trace_in_the_training() {
    let (train, validation) = (Corpus::new(900, 3, 1).blurred(3), Corpus::new(300, 3, 2).blurred(4));
    let architecture = Architecture { dropout: 0.2, batch_norm: true, ..small() };
    let training = Training { epochs: 3, batch_size: 200, ..short() };
    let traced = Training { trace: vec![Trace::ContributionDisparity], trace_rows: 50, ..training.clone() };
    for id in ["vanilla", "gcm", "wasserstein"] {
        let plain = fit_plainly(&train, &validation, &architecture, &training, objective(id, &[]), 7).unwrap();
        let scorer = fit_plainly(&train, &validation, &architecture, &traced, objective(id, &[]), 7).unwrap();
        assert_eq!(bytes(&plain.predict(&validation.features).unwrap()), bytes(&scorer.predict(&validation.features).unwrap()), "{id}");
        let mut curves = scorer.curves().to_vec();
        for record in &mut curves {
            // Two labels, three pairs of groups; all, three weights, three biases, two scales and two shifts.
            let found = std::mem::take(&mut record.contribution_disparity);
            assert_eq!(found.len(), 2 * 3 * 11, "{id}");
            assert!(
                found.iter().all(|one| one.score.is_some_and(|score| score > 0.0 && score.is_finite()) && one.median.is_some()),
                "{id}"
            );
        }
        assert_eq!(curves, plain.curves(), "{id}");
        let folder = tempfile::tempdir().unwrap();
        scorer.save(&folder.path().join("scorer"), &Companions::default()).unwrap();
        assert_eq!(Scorer::load(&folder.path().join("scorer")).unwrap().curves(), scorer.curves());
    }
}

/// Aligning gradients need not narrow a gap of scores (the paper finds that it hardly does); it narrows that of the gradients.
#[test]
fn penalties_on_gradients_fall() {
    let (train, validation) = (Corpus::new(1200, 2, 1).blurred(3), Corpus::new(300, 2, 2).blurred(4));
    let training = Training { epochs: 12, batch_size: 200, ..short() };
    for (id, strong) in [("iga", 50.0), ("direct-alignment", 0.05), ("gcm", 0.05)] {
        let last = |lambda: f64| {
            let asked = objective(id, &[("lambda", Value::Number(lambda))]);
            let scorer = fit_plainly(&train, &validation, &small(), &training, asked, 7).unwrap();
            scorer.curves().last().unwrap().training[id]
        };
        let (matched, free) = (last(strong), last(1e-9));
        assert!(matched < 0.7 * free, "{id}: {matched} against {free}");
    }
}

/// Among rows of one label the groups' gradients come to the same size under GCM, and not under plain learning on the same batches.
#[test]
fn contributions_become_alike_under_gcm() {
    let (train, validation) = (Corpus::new(1200, 2, 1).blurred(3), Corpus::new(300, 2, 2).blurred(4));
    let training =
        Training { epochs: 15, batch_size: 200, trace: vec![Trace::ContributionDisparity], selection: Selection::Last, ..short() };
    let distance = |lambda: f64| {
        let given = [("lambda", Value::Number(lambda)), ("temperature", Value::Number(0.0)), ("layers", Value::Text("w2, b2".to_owned()))];
        let scorer = fit_plainly(&train, &validation, &small(), &training, objective("gcm", &given), 7).unwrap();
        // The last five epochs, both labels: how far the pull at the last layer's weights is from even, as a factor.
        let records = scorer.curves().iter().rev().take(5).flat_map(|record| &record.contribution_disparity);
        let logs: Vec<f64> = records.filter(|one| one.array == "logit.weight").map(|one| one.median.unwrap().ln().abs()).collect();
        assert_eq!(logs.len(), 10);
        logs.iter().sum::<f64>() / 10.0
    };
    let (matched, plain) = (distance(1.0), distance(0.0));
    assert!(matched < 0.5 * plain, "{matched} against {plain}");
}

pub(crate) fn bytes(prediction: &Prediction) -> Vec<u64> {
    let single = prediction.logits.iter().chain(&prediction.latent).map(|value| u64::from(value.to_bits()));
    single.chain(prediction.scores.iter().map(|value| value.to_bits())).collect()
}

/// Every objective with group settings that exercise its own networks.
fn each_objective() -> impl Iterator<Item = &'static str> {
    OBJECTIVES.iter().map(|entry| entry.card.id)
}

/// The architecture with batch norm.
fn normed(architecture: &Architecture) -> Architecture {
    Architecture { batch_norm: true, ..architecture.clone() }
}

#[test]
fn an_interrupted_run_resumes_bit_for_bit() {
    let (train, validation) = (Corpus::new(400, 3, 3), Corpus::new(200, 3, 4));
    let architecture = Architecture { dropout: 0.2, bottleneck: Some(3), head: vec![4], ..small() };
    let training = Training { decay: Decay::Cosine, ..short() };
    for id in each_objective().filter(|id| !objective(id, &[]).fits_alone()) {
        let architecture = normed(&architecture);
        let whole = fit_plainly(&train, &validation, &architecture, &training, objective(id, &[]), 11).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let interrupted = AtomicBool::new(false);
        let mut stop_after_two = |record: &EpochRecord| interrupted.store(record.epoch == 2, Ordering::Relaxed);
        let mut run = RunHooks {
            checkpoint: Some(folder.path().to_owned()),
            resume: false,
            on_epoch: &mut stop_after_two,
            interrupted: &interrupted,
        };
        let cut = fit(&train.rows(), &validation.rows(), &architecture, &training, objective(id, &[]), 11, &mut run);
        assert!(matches!(cut, Err(LearnError::Interrupted { epoch: 2, .. })), "{id}");

        let calm = AtomicBool::new(false);
        let mut epochs = Vec::new();
        let mut note = |record: &EpochRecord| epochs.push(record.epoch);
        let mut run = RunHooks { checkpoint: Some(folder.path().to_owned()), resume: true, on_epoch: &mut note, interrupted: &calm };
        let resumed = fit(&train.rows(), &validation.rows(), &architecture, &training, objective(id, &[]), 11, &mut run).unwrap();
        assert_eq!(resumed.curves(), whole.curves(), "{id}");
        assert_eq!(bytes(&resumed.predict(&validation.features).unwrap()), bytes(&whole.predict(&validation.features).unwrap()), "{id}");

        // Another seed is another run: the checkpoint is refused, and the message says why.
        let refused = fit(&train.rows(), &validation.rows(), &architecture, &training, objective(id, &[]), 12, &mut run).unwrap_err();
        assert_eq!(epochs, [3, 4], "{id}");
        assert!(refused.to_string().contains("the seed"), "{refused}");
    }
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let (train, validation) = (Corpus::new(3000, 2, 5), Corpus::new(2500, 2, 6));
    // Layers wide enough that the matrix products are split between threads.
    let wide = Architecture { hidden: vec![128, 96], ..Architecture::default() };
    let training = Training { epochs: 2, batch_size: 1500, ..short() };
    for id in each_objective() {
        let architecture = normed(&wide);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let scorer = fit_plainly(&train, &validation, &architecture, &training, objective(id, &[]), 13).unwrap();
                (scorer.curves().to_vec(), bytes(&scorer.predict(&validation.features).unwrap()))
            })
        };
        assert!(run(1) == run(2), "{id} depends on the number of threads");
    }
}

#[test]
fn training_stops_when_patience_runs_out_and_keeps_the_best_epoch() {
    let (train, validation) = (Corpus::new(60, 2, 8), Corpus::new(60, 2, 9));
    // Far too large a rate on few rows: the validation loss rises soon.
    let training = Training { epochs: 200, patience: 3, learning_rate: 0.1, batch_size: 16, selection: Selection::Loss, ..short() };
    let scorer = fit_plainly(&train, &validation, &small(), &training, objective("vanilla", &[]), 1).unwrap();
    let best = scorer.best_epoch().unwrap();
    assert_eq!(scorer.curves().len(), best + 3);
    let losses: Vec<f64> = scorer.curves().iter().map(|record| record.validation["data"]).collect();
    assert!(losses.iter().all(|loss| *loss >= losses[best - 1]));
    // The weights are those of the best epoch: their loss on the validation rows is that record's.
    let logits = scorer.predict(&validation.features).unwrap().logits;
    let rows = logits.iter().zip(&validation.labels);
    let loss: f64 = rows.map(|(z, y)| f64::from(z.max(0.0) + (-z.abs()).exp().ln_1p()) - f64::from(*z) * y).sum::<f64>() / 60.0;
    assert!((loss - losses[best - 1]).abs() < 1e-6);
}

#[test]
fn a_saved_scorer_gives_the_same_scores() {
    let (train, validation) = (Corpus::new(300, 2, 1), Corpus::new(200, 2, 2));
    let narrow = Architecture { bottleneck: Some(2), ..small() };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("scorer");
    for id in each_objective() {
        let scorer = fit_plainly(&train, &validation, &normed(&narrow), &short(), objective(id, &[]), 3).unwrap();
        let companions = Companions { recipe: "[data]\n".to_owned(), ..Companions::default() };
        // The second and later ones replace the one before.
        scorer.save(&place, &companions).unwrap();
        let loaded = Scorer::load(&place).unwrap();
        assert_eq!(bytes(&loaded.predict(&validation.features).unwrap()), bytes(&scorer.predict(&validation.features).unwrap()), "{id}");
        assert_eq!((loaded.objective(), loaded.curves()), (id, scorer.curves()));
        assert_eq!(loaded.companions(), &companions);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["scorer"], "no temporary folder stays behind");
}

/// Rates at threshold 0.5: selected, false positives, true positives, of one group.
fn rates(scorer: &Scorer, corpus: &Corpus, group: u32) -> [f64; 3] {
    let scores = scorer.predict(&corpus.features).unwrap().scores;
    let share = |label: Option<bool>| {
        let of = |row: &usize| label.is_none_or(|label| (corpus.labels[*row] > 0.5) == label);
        let rows: Vec<usize> = (0..scores.len()).filter(|&row| corpus.groups.codes()[row] == group).filter(of).collect();
        rows.iter().filter(|&&row| scores[row] > 0.5).count() as f64 / rows.len() as f64
    };
    [share(None), share(Some(false)), share(Some(true))]
}

/// Fairer than plain boosting with four fifths of its recall at least: the test of the method's authors.
#[test]
fn fairgbm_narrows_the_rates_it_constrains_and_keeps_recall() {
    let corpora = |levels| (Corpus::new(3000, levels, 1).blurred(3), Corpus::new(3000, levels, 2).blurred(4));
    let training = Training { selection: Selection::Last, ..Training::default() };
    let trees = [("trees", Value::Integer(150)), ("leaves", Value::Integer(6))];
    for levels in [2, 3] {
        let (train, test) = corpora(levels);
        let fit = |id: &str, more: &[(&str, Value)]| {
            let given: Vec<(&str, Value)> = trees.iter().chain(more).cloned().collect();
            fit_plainly(&train, &test, &small(), &training, objective(id, &given), 3).unwrap()
        };
        let gap = |scorer: &Scorer, of: usize| {
            let all: Vec<f64> = (0..levels).map(|group| rates(scorer, &test, group)[of]).collect();
            all.iter().fold(0.0_f64, |most, rate| most.max(*rate)) - all.iter().fold(1.0_f64, |least, rate| least.min(*rate))
        };
        let recall = |scorer: &Scorer| {
            let scores = scorer.predict(&test.features).unwrap().scores;
            let qualified: Vec<usize> = (0..scores.len()).filter(|&row| test.labels[row] > 0.5).collect();
            qualified.iter().filter(|&&row| scores[row] > 0.5).count() as f64 / qualified.len() as f64
        };
        let plain = fit("boosting", &[]);
        for (constraint, measured) in [("fpr", vec![1]), ("fnr", vec![2]), ("equalized-odds", vec![1, 2]), ("demographic-parity", vec![0])]
        {
            let given = [("constraint", Value::Text(constraint.to_owned())), ("multiplier_learning_rate", Value::Number(0.01))];
            let even = fit("fairgbm", &given);
            for of in measured {
                let (narrow, wide) = (gap(&even, of), gap(&plain, of));
                assert!(narrow < 0.7 * wide, "{constraint}, {levels} groups, rate {of}: {narrow} against {wide}");
            }
            assert!(recall(&even) >= 0.8 * recall(&plain), "{constraint}: {} against {}", recall(&even), recall(&plain));
            let last = even.curves().last().unwrap();
            assert!(last.best && last.epoch == 150 && last.training.keys().any(|name| name.ends_with("multiplier, group 0")));
            // On the rows it learned from, what it watches is near its tolerance.
            let left = last.training.iter().filter(|(name, _)| name.ends_with("difference"));
            assert!(left.clone().count() > 0 && left.clone().all(|(_, gap)| *gap < 0.1), "{constraint}: {:?}", last.training);
        }
    }
}

#[test]
fn without_ascent_fairgbm_is_plain_boosting() {
    let (train, validation) = (Corpus::new(600, 2, 1), Corpus::new(300, 2, 2));
    let training = Training { selection: Selection::Last, ..Training::default() };
    let plain = fit_plainly(&train, &validation, &small(), &training, objective("boosting", &[]), 3).unwrap();
    let still = objective("fairgbm", &[("multiplier_learning_rate", Value::Number(0.0))]);
    let still = fit_plainly(&train, &validation, &small(), &training, still, 3).unwrap();
    assert_eq!(bytes(&plain.predict(&validation.features).unwrap()), bytes(&still.predict(&validation.features).unwrap()));
}

#[test]
fn boosting_keeps_the_round_that_the_validation_rows_prefer() {
    let (train, validation) = (Corpus::new(300, 2, 1).blurred(3), Corpus::new(300, 2, 2).blurred(4));
    for selection in [Selection::Objective, Selection::Loss, Selection::Accuracy, Selection::Correlation] {
        for (trees, patience) in [(300, 0), (300, 7), (40, 0)] {
            let training = Training { selection, patience, ..Training::default() };
            let given = [("trees", Value::Integer(trees)), ("learning_rate", Value::Number(0.2))];
            let scorer = fit_plainly(&train, &validation, &small(), &training, objective("boosting", &given), 3).unwrap();
            let best = scorer.best_epoch().unwrap();
            let curves = scorer.curves();
            assert!(curves.windows(2).all(|pair| pair[0].epoch < pair[1].epoch));
            let record = curves.iter().find(|record| record.epoch == best).unwrap();
            // The kept trees are those of the record.
            assert!((accuracy(&scorer, &validation) - record.validation_accuracy).abs() < 1e-9);
            for other in curves {
                assert!(match selection {
                    Selection::Accuracy => other.validation_accuracy <= record.validation_accuracy,
                    Selection::Correlation => other.validation_correlation <= record.validation_correlation,
                    _ => other.validation["data"] >= record.validation["data"],
                });
            }
            if patience > 0 {
                assert_eq!(curves.last().unwrap().epoch, best + patience, "{selection:?}");
            }
        }
    }
}

#[test]
fn shuffled_labels_teach_trees_nothing() {
    let (mut train, validation) = (Corpus::new(1500, 2, 1), Corpus::new(1500, 2, 2));
    // Labels of other rows: they have nothing to do with these.
    train.labels.rotate_left(701);
    for id in ["boosting", "fairgbm"] {
        let given = [("trees", Value::Integer(30)), ("leaves", Value::Integer(4))];
        let scorer = fit_plainly(&train, &validation, &small(), &Training::default(), objective(id, &given), 3).unwrap();
        // No better than the constant score of the label's mean.
        let mean = validation.labels.iter().sum::<f64>() / 1500.0;
        let entropy = -(mean * mean.ln() + (1.0 - mean) * (1.0 - mean).ln());
        let record = scorer.curves().iter().find(|record| record.best).unwrap();
        assert!(record.validation["data"] > entropy - 0.005, "{id}: {} against {entropy}", record.validation["data"]);
    }
}

/// A fit of trees begins again after an interrupt, and comes to the same trees.
#[test]
fn interrupted_trees_come_to_the_same_bytes() {
    let (train, validation) = (Corpus::new(400, 2, 3), Corpus::new(200, 2, 4));
    for id in ["boosting", "fairgbm"] {
        let whole = fit_plainly(&train, &validation, &small(), &short(), objective(id, &[]), 11).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let interrupted = AtomicBool::new(false);
        let mut stop = |record: &EpochRecord| interrupted.store(record.epoch >= 10, Ordering::Relaxed);
        let mut run = RunHooks { checkpoint: Some(folder.path().into()), resume: true, on_epoch: &mut stop, interrupted: &interrupted };
        let cut = fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &[]), 11, &mut run);
        assert!(matches!(cut, Err(LearnError::Interrupted { epoch: 10.., checkpoint: None })), "{id}: {cut:?}");
        let calm = AtomicBool::new(false);
        let mut quiet = |_: &EpochRecord| {};
        let mut run = RunHooks { checkpoint: Some(folder.path().into()), resume: true, on_epoch: &mut quiet, interrupted: &calm };
        let again = fit(&train.rows(), &validation.rows(), &small(), &short(), objective(id, &[]), 11, &mut run).unwrap();
        assert_eq!(again.curves(), whole.curves(), "{id}");
        assert_eq!(bytes(&again.predict(&validation.features).unwrap()), bytes(&whole.predict(&validation.features).unwrap()), "{id}");
    }
}

/// The same groups under other codes and names: the same trees.
#[test]
fn trees_do_not_depend_on_the_order_of_the_groups() {
    for (levels, order) in [(2, [1, 0, 2]), (3, [2, 0, 1])] {
        let renamed = |corpus: Corpus| {
            let codes = corpus.groups.codes().iter().map(|&code| order[code as usize]).collect();
            let names = ["x", "y", "z"][..levels as usize].iter().map(|&name| name.to_owned()).collect();
            Corpus { groups: evenhand_rows::Groups::new("group", names, codes), ..corpus }
        };
        let corpora = || (Corpus::new(800, levels, 1).blurred(3), Corpus::new(300, levels, 2).blurred(4));
        for (id, constraint) in [("boosting", ""), ("fairgbm", "equalized-odds"), ("fairgbm", "demographic-parity")] {
            let given: Vec<(&str, Value)> = if constraint.is_empty() {
                Vec::new()
            } else {
                vec![("constraint", Value::Text(constraint.to_owned())), ("multiplier_learning_rate", Value::Number(0.05))]
            };
            let (train, validation) = corpora();
            let one = fit_plainly(&train, &validation, &small(), &short(), objective(id, &given), 7).unwrap();
            let (train, validation) = (renamed(train), renamed(validation));
            let other = fit_plainly(&train, &validation, &small(), &short(), objective(id, &given), 7).unwrap();
            let (one, other) = (one.predict(&validation.features).unwrap(), other.predict(&validation.features).unwrap());
            // Sums over three groups are rounded in another order.
            let apart = one.scores.iter().zip(&other.scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart <= if levels == 2 { 0.0 } else { 1e-6 }, "{id} {constraint}, {levels} groups: {apart}");
        }
    }
}

//! Bad input: every refusal says what is wrong, where, and what to do; nothing panics.

use std::fs;

use evenhand_catalog::Value;
use evenhand_learn::{Architecture, Companions, OBJECTIVES, Scorer, Training};
use evenhand_rows::{Groups, Matrix, UNKNOWN};

use crate::corpus::{Corpus, fit_plainly, objective, short, small};
use crate::sealed::reseal;

fn refusal(change: impl FnOnce(&mut Corpus, &mut Corpus, &mut Architecture, &mut Training)) -> String {
    let (mut train, mut validation) = (Corpus::new(40, 2, 1), Corpus::new(40, 2, 2));
    let (mut architecture, mut training) = (small(), short());
    change(&mut train, &mut validation, &mut architecture, &mut training);
    fit_plainly(&train, &validation, &architecture, &training, objective("vanilla", &[]), 1).unwrap_err().to_string()
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let cases = [
        (refusal(|train, _, _, _| train.labels[3] = 1.5), "training row 3: the label is 1.5"),
        (refusal(|_, validation, _, _| validation.labels.truncate(7)), "40 rows of features but 7 labels"),
        (refusal(|train, _, _, _| train.weights = Some(vec![-1.0; 40])), "training row 0: the weight is -1"),
        (refusal(|train, _, _, _| train.weights = Some(vec![0.0; 40])), "all weights are 0"),
        (refusal(|_, validation, _, _| validation.features = Matrix::new(2, vec![0.0; 80])), "training has 4 columns, validation 2"),
        (
            refusal(|train, _, _, _| {
                let mut values = train.features.values().to_vec();
                values[9] = f32::NAN;
                train.features = Matrix::new(4, values);
            }),
            "training row 2: feature column 1 is NaN",
        ),
        (refusal(|_, _, architecture, _| architecture.hidden = vec![0]), "`architecture.hidden` = 0"),
        (refusal(|_, _, architecture, _| architecture.dropout = 1.0), "`architecture.dropout` = 1"),
        (refusal(|_, _, _, training| training.learning_rate = f64::NAN), "`training.learning_rate` = NaN"),
        (refusal(|_, _, _, training| training.batch_size = 0), "`training.batch_size` = 0"),
        (refusal(|_, _, _, training| training.epochs = 0), "`training.epochs` = 0"),
        (refusal(|_, _, _, training| training.trace_rows = 0), "`training.trace_rows` = 0"),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_scorer_refuses_rows_with_other_columns() {
    let corpus = Corpus::new(60, 2, 1);
    let scorer = fit_plainly(&corpus, &corpus, &small(), &short(), objective("vanilla", &[]), 1).unwrap();
    let message = scorer.predict(&Matrix::new(3, vec![0.0; 6])).unwrap_err().to_string();
    assert!(message.contains("they have 3 input columns where it reads 4; encode them with the encoder saved beside it"), "{message}");
}

#[test]
fn a_loss_that_leaves_the_numbers_stops_the_run() {
    let message = refusal(|train, _, _, training| {
        train.features = Matrix::new(4, train.features.values().iter().map(|value| value * 1e30).collect());
        training.learning_rate = 1e6;
        training.epochs = 50;
    });
    assert!(message.contains("lower `training.learning_rate`"), "{message}");
}

#[test]
fn an_absent_group_is_skipped_and_counted_and_nothing_becomes_nan() {
    // Methods that fit on their own refuse such rows: see `alone`.
    for id in OBJECTIVES.iter().map(|entry| entry.card.id).filter(|id| !objective(id, &[]).fits_alone()) {
        for codes in [vec![0; 80], vec![UNKNOWN; 80]] {
            let alone = || {
                let mut corpus = Corpus::new(80, 2, 1);
                corpus.groups = Groups::new("group", vec!["a".into(), "b".into()], codes.clone());
                corpus
            };
            let scorer = fit_plainly(&alone(), &alone(), &small(), &short(), objective(id, &[]), 1).unwrap();
            assert!(scorer.predict(&alone().features).unwrap().scores.iter().all(|score| score.is_finite()), "{id}");
            let skipped: u64 = scorer.curves()[0].skipped.values().sum();
            assert_eq!(skipped > 0, !["vanilla", "boosting"].contains(&id), "{id}");
            assert!(scorer.curves()[0].validation_spdd.is_none());
        }
    }
}

#[test]
fn weights_of_zero_take_rows_out() {
    // Rows of weight 0 carry the opposite label: they must not be learned.
    let mut train = Corpus::new(300, 2, 1);
    let weights: Vec<f64> = (0..300).map(|row| f64::from(u8::from(row % 2 == 0))).collect();
    for row in (1..300).step_by(2) {
        train.labels[row] = 1.0 - train.labels[row];
    }
    train.weights = Some(weights);
    let validation = Corpus::new(300, 2, 2);
    let training = Training { epochs: 15, ..short() };
    for id in OBJECTIVES.iter().map(|entry| entry.card.id) {
        // Here the label goes with the group, which a stronger penalty evens out.
        let given: &[(&str, Value)] = if id == "mmd" { &[("lambda_mmd", Value::Number(0.02))] } else { &[] };
        let scorer = fit_plainly(&train, &validation, &small(), &training, objective(id, given), 1).unwrap();
        assert!(scorer.curves().iter().any(|record| record.validation_accuracy > 0.6), "{id}");
    }
}

#[test]
fn layers_that_the_network_does_not_have_are_refused() {
    let corpus = Corpus::new(40, 2, 1);
    for id in ["gcm", "iga", "direct-alignment"] {
        let asked = objective(id, &[("layers", Value::Text("w0, b7".to_owned()))]);
        let message = fit_plainly(&corpus, &corpus, &small(), &short(), asked, 1).unwrap_err().to_string();
        assert!(message.contains("b0 to b2") && message.contains("`b7` is none"), "{message}");
    }
}

#[test]
fn clashing_parameters_are_refused() {
    use std::collections::BTreeMap;

    use evenhand_catalog::{Parameters, find};
    let entry = find(OBJECTIVES, "adversarial").unwrap();
    let given = BTreeMap::from([("adversary_hidden".to_owned(), Value::Numbers(vec![12.5]))]);
    let message = (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap_err().to_string();
    assert!(message.contains("12.5"), "{message}");
    let text = |word: &str| Value::Text(word.to_owned());
    for (id, given, expected) in [
        ("exponentiated-gradient", vec![("base", text("network")), ("l2", Value::Number(0.5))], "l2 = 0.5 changes nothing with base"),
        ("grid-search", vec![("base", text("boosting")), ("l2", Value::Number(0.5))], "l2 = 0.5 changes nothing with base"),
        (
            "gcm",
            vec![("temperature", Value::Number(0.0)), ("detach", Value::Flag(false))],
            "detach = false changes nothing with temperature",
        ),
        ("fairgbm", vec![("constraint", text("fpr")), ("fnr_tolerance", Value::Number(0.1))], "fnr_tolerance = 0.1 changes nothing"),
        ("fairgbm", vec![("constraint", text("fnr")), ("selection_tolerance", Value::Number(0.1))], "selection_tolerance = 0.1"),
        ("fairgbm", vec![("constraint", text("demographic-parity")), ("proxy_margin", Value::Number(2.0))], "proxy_margin = 2"),
        ("fairgbm", vec![("selection_tolerance", Value::Number(0.1))], "selection_tolerance = 0.1"),
    ] {
        let entry = find(OBJECTIVES, id).unwrap();
        let build = |given: &[(&str, Value)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            (entry.build)(&Parameters::resolve(entry.card, &given).unwrap())
        };
        let message = build(&given).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        // Alone the first of them is fine.
        assert!(build(&given[..given.len() - 1]).is_ok(), "{id}");
    }
    let given = BTreeMap::from([("lamda_adv".to_owned(), Value::Number(1.0))]);
    let message = Parameters::resolve(entry.card, &given).unwrap_err().to_string();
    assert!(message.contains("did you mean `lambda_adv`"), "{message}");
}

#[test]
fn damaged_and_foreign_folders_are_refused() {
    let corpus = Corpus::new(60, 2, 1);
    let scorer = fit_plainly(&corpus, &corpus, &small(), &short(), objective("vanilla", &[]), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("scorer");
    let manifest = place.join("scorer.json");
    let weights = place.join("weights.safetensors");
    let fresh = || scorer.save(&place, &Companions::default()).unwrap();
    let refusal = || Scorer::load(&place).unwrap_err().to_string();

    assert!(refusal().contains("is no folder"));
    fs::create_dir(&place).unwrap();
    assert!(refusal().contains("holds no scorer.json"));
    fresh();

    let text = fs::read_to_string(&manifest).unwrap();
    for (edited, expected) in [
        (text[..text.len() / 2].to_owned(), "is no JSON"),
        ("{}".to_owned(), "does not describe a scorer"),
        (text.replacen("\"version\": 1", "\"version\": 9", 1), "format version 9"),
        (text.replacen("\"model\": \"mlp\"", "\"model\": \"forest\"", 1), "names the model `forest`"),
        (text.replacen("\"columns\": 4", "\"columns\": 0", 1), "0 input columns"),
        (text.replacen("\"columns\": 4", "\"columns\": 5", 1), "of shape [5, 8]"),
        (text.replacen("\"seed\"", "\"grain\"", 1), "is incomplete"),
    ] {
        assert_ne!(edited, text, "{expected}");
        fs::write(&manifest, edited).unwrap();
        reseal(&place);
        assert!(refusal().contains(expected), "{}", refusal());
        fs::remove_dir_all(&place).unwrap();
        fresh();
    }

    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() - 5]).unwrap();
    assert!(refusal().contains("was changed since it was written"), "{}", refusal());
    reseal(&place);
    assert!(refusal().contains("no safetensors file"), "{}", refusal());
    let mut with_nan = bytes;
    let end = with_nan.len();
    with_nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&weights, with_nan).unwrap();
    reseal(&place);
    assert!(refusal().contains("NaN"), "{}", refusal());
    fs::remove_file(&weights).unwrap();
    assert!(refusal().contains("is not there"), "{}", refusal());
    reseal(&place);
    assert!(refusal().contains("reading"), "{}", refusal());

    // A folder with other people's files is never overwritten.
    let foreign = folder.path().join("thesis");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("chapter.txt"), "words").unwrap();
    let message = scorer.save(&foreign, &Companions::default()).unwrap_err().to_string();
    assert!(message.contains("holds other files"), "{message}");
    assert_eq!(fs::read_to_string(foreign.join("chapter.txt")).unwrap(), "words");
}

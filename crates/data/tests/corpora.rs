//! The corpora, where they are at hand: every count that their documentation states.
//!
//! A corpus is looked for where `evenhand fetch` puts it (`EVENHAND_DATA`, else the cache) and in `../shared/data` beside the workspace.
//! A test whose corpus is absent says so on the error stream, past the capture of the test runner, with a running count.

use evenhand_data::table::TableSettings;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use evenhand_catalog::{Parameters, Value, find};
use evenhand_data::loaders::corpus_folder;
use evenhand_data::loaders::faircv_2020::{Bias, Scenario, predictions};
use evenhand_data::loaders::first_impressions::manifest;
use evenhand_data::{DataError, LOADERS, LoadRequest, table};
use evenhand_rows::{
    CategoricalEncoding, Dataset, Encoder, Encoding, Label, NumericEncoding, Schema, SensitiveAsFeatures, SensitiveInput, SensitiveRole,
    Split, UNKNOWN, Values, split,
};

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// The folder of a corpus, or `None` after saying that the test is skipped.
fn corpus(id: &str, test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(id.replace('-', "_"));
    let folder = corpus_folder(id).or_else(|| Some(beside).filter(|folder| folder.is_dir()));
    if folder.is_none() {
        let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = writeln!(std::io::stderr(), "SKIPPED (needs corpus {id}): {test}; {count} skipped so far");
    }
    folder
}

pub(crate) fn load(id: &str, folder: &Path, parameters: &[(&str, &str)], schema: &Schema) -> Result<Dataset, DataError> {
    let entry = find(LOADERS, id).unwrap();
    let read = |value: &str| value.parse().map_or_else(|_| Value::Text(value.to_owned()), Value::Integer);
    let given: BTreeMap<String, Value> = parameters.iter().map(|(name, value)| ((*name).to_owned(), read(value))).collect();
    let loader = (entry.build)(&Parameters::resolve(entry.card, &given).unwrap()).unwrap();
    loader.load(&LoadRequest { folder: Some(folder), files: &[], schema, settings: &TableSettings::default(), seed: 0 })
}

fn plain(id: &str, folder: &Path, parameters: &[(&str, &str)]) -> Dataset {
    load(id, folder, parameters, &Schema::default()).unwrap()
}

pub(crate) fn picking(names: &[&str]) -> Schema {
    let role = |name: &&str| SensitiveRole { name: (*name).to_owned(), columns: Vec::new(), rule: None };
    Schema { sensitive: names.iter().map(role).collect(), ..Schema::default() }
}

/// Rows and rate of the favourable label by group, in the order asked for.
fn counts(data: &Dataset, attribute: &str, levels: &[&str]) -> Vec<(usize, f64)> {
    let groups = data.groups(attribute).unwrap();
    let label = &data.label().unwrap().values;
    levels
        .iter()
        .map(|level| {
            let code = groups.code(level).unwrap();
            let values: Vec<f64> = groups.codes().iter().zip(label).filter(|(other, _)| **other == code).map(|(_, &value)| value).collect();
            (values.len(), (values.iter().sum::<f64>() / values.len() as f64 * 1e4).round() / 1e4)
        })
        .collect()
}

fn positive(data: &Dataset) -> usize {
    data.label().unwrap().values.iter().filter(|&&value| value == 1.0).count()
}

fn names(data: &Dataset) -> Vec<&str> {
    data.features.iter().map(|feature| feature.name.as_str()).collect()
}

fn levels<'a>(data: &'a Dataset, name: &str) -> (&'a [String], &'a [u32]) {
    match &data.features.iter().find(|feature| feature.name == name).unwrap().values {
        Values::Categorical { levels, codes } => (levels, codes),
        Values::Numeric(_) => panic!("{name} is a number"),
    }
}

fn numbers<'a>(data: &'a Dataset, name: &str) -> &'a [f64] {
    match &data.features.iter().find(|feature| feature.name == name).unwrap().values {
        Values::Numeric(numbers) => numbers,
        Values::Categorical { .. } => panic!("{name} is a category"),
    }
}

fn range(numbers: &[f64]) -> (f64, f64) {
    (numbers.iter().copied().fold(f64::INFINITY, f64::min), numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

const COMPACT: Encoding = Encoding { numeric: NumericEncoding::MinMax, categorical: CategoricalEncoding::Ordinal };

/// The attribute among the inputs.
fn flip(data: &Dataset, attribute: &str) -> SensitiveInput {
    Encoder::fit(data, COMPACT).unwrap().sensitive_input(data, attribute).unwrap().unwrap()
}

fn width(data: &Dataset, encoding: Encoding) -> usize {
    Encoder::fit(data, encoding).unwrap().transform(data).unwrap().columns()
}

#[test]
fn adult_default() {
    let Some(folder) = corpus("adult", "adult_default") else { return };
    let data = plain("adult", &folder, &[]);
    assert_eq!((data.len(), positive(&data)), (48_842, 11_687));
    assert_eq!(counts(&data, "gender", &["Male", "Female"]), [(32_650, 0.3038), (16_192, 0.1093)]);
    assert_eq!(
        counts(&data, "race", &["White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other"]),
        [(41_762, 0.2540), (4_685, 0.1208), (1_519, 0.2693), (470, 0.1170), (406, 0.1232)]
    );
    assert_eq!(data.groups("age").unwrap().levels(), ["age > 25", "age <= 25"]);
    assert!(!names(&data).iter().any(|name| ["sex", "race", "age", "fnlwgt", "income"].contains(name)));
    for (name, distinct) in
        [("workclass", 9), ("education", 16), ("marital-status", 7), ("occupation", 15), ("relationship", 6), ("native-country", 42)]
    {
        assert_eq!(levels(&data, name).0.len(), distinct, "{name}");
    }
    for (name, unknown) in [("workclass", 2_799), ("occupation", 2_809), ("native-country", 857)] {
        let (levels, codes) = levels(&data, name);
        let question = levels.iter().position(|level| level == "?").unwrap() as u32;
        assert_eq!(codes.iter().filter(|&&code| code == question).count(), unknown, "{name}");
    }
    assert_eq!(range(numbers(&data, "capital-gain")), (0.0, 99_999.0));
    assert_eq!(range(numbers(&data, "capital-loss")), (0.0, 4_356.0));
    assert_eq!(range(numbers(&data, "hours-per-week")), (1.0, 99.0));
    assert_eq!(range(numbers(&data, "education-num")), (1.0, 16.0));

    let (train, test) = (plain("adult", &folder, &[("part", "train")]), plain("adult", &folder, &[("part", "test")]));
    assert_eq!((train.len(), positive(&train), test.len(), positive(&test)), (32_561, 7_841, 16_281, 3_846));
    assert_eq!(data.provenance.files.len(), 2);
    assert_eq!(data.provenance.files[0].sha256, "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d");
}

#[test]
fn adult_with_picked_attributes() {
    let Some(folder) = corpus("adult", "adult_with_picked_attributes") else { return };
    let data = load("adult", &folder, &[], &picking(&["gender"])).unwrap();
    assert_eq!(data.sensitive.len(), 1);
    assert!(names(&data).contains(&"race") && names(&data).contains(&"age") && !names(&data).contains(&"sex"));
    let mut schema = picking(&["gender", "race"]);
    schema.sensitive.push(SensitiveRole { name: "both".to_owned(), columns: vec!["gender".to_owned(), "race".to_owned()], rule: None });
    schema.sensitive.push(SensitiveRole { name: "old".to_owned(), columns: vec!["age".to_owned()], rule: Some(">= 40".to_owned()) });
    schema.sensitive_as_features = SensitiveAsFeatures::Columns;
    let data = load("adult", &folder, &[], &schema).unwrap();
    let attributes: Vec<&str> = data.sensitive.iter().map(evenhand_rows::Groups::name).collect();
    assert_eq!(attributes, ["gender", "race", "both", "old"]);
    assert_eq!(data.groups("both").unwrap().levels().len(), 10);
    assert_eq!(data.features.iter().filter(|feature| feature.sensitive).count(), 3);
    let message = load("adult", &folder, &[], &picking(&["nation"])).unwrap_err().to_string();
    assert_eq!(message, "no sensitive attribute `nation` in the data; known are: gender, race, age");
}

#[test]
fn adult_fairvic() {
    let Some(folder) = corpus("adult", "adult_fairvic") else { return };
    let data = plain("adult", &folder, &[("variant", "fairvic")]);
    assert_eq!((data.len(), data.features.len()), (48_842, 12));
    assert!(data.features.iter().any(|feature| feature.name == "sex" && feature.sensitive));
    assert_eq!(width(&data, COMPACT), 12);
    let sex = flip(&data, "gender");
    assert_eq!((sex.columns(), sex.groups()), (&[11][..], &[Some(vec![0.0]), Some(vec![1.0])][..]));
}

#[test]
fn adult_fair_mixup() {
    let Some(folder) = corpus("adult", "adult_fair_mixup") else { return };
    for edges in ["age", "per-column"] {
        let data = plain("adult", &folder, &[("variant", "fair-mixup"), ("bin_edges", edges)]);
        assert_eq!((data.len(), width(&data, Encoding::default())), (45_222, 120));
        let gender = data.groups("gender").unwrap();
        let male = gender.code("Male").unwrap();
        let share = |privileged: bool, label: f64| {
            let rows = gender.codes().iter().zip(&data.label().unwrap().values);
            let count = rows.filter(|&(&code, &value)| (code == male) == privileged && value == label).count();
            format!("{:.4}", count as f64 / 45_222.0)
        };
        assert_eq!([share(false, 0.0), share(false, 1.0), share(true, 0.0), share(true, 1.0)], ["0.2880", "0.0369", "0.4641", "0.2109"]);
        let used = |name: &str| {
            let (_, codes) = levels(&data, name);
            let mut used: Vec<u32> = codes.to_vec();
            used.sort_unstable();
            used.dedup();
            used
        };
        if edges == "age" {
            assert_eq!((used("capital-gain")[0], used("capital-gain").last().copied()), (4, Some(9)));
            assert_eq!((used("capital-loss")[0], used("capital-loss").last().copied()), (4, Some(9)));
            assert_eq!(used("education-num").len(), 9);
        }
        assert_eq!(used("age").len(), 10);
    }
}

#[test]
fn compas_variants() {
    let Some(folder) = corpus("compas", "compas_variants") else { return };
    let data = plain("compas", &folder, &[]);
    assert_eq!(data.len(), 6_172);
    let races = ["African-American", "Caucasian", "Hispanic", "Other", "Asian", "Native American"];
    let rows: Vec<usize> = counts(&data, "race", &races).iter().map(|(rows, _)| *rows).collect();
    assert_eq!(rows, [3_175, 2_103, 509, 343, 31, 11]);
    let rows: Vec<usize> = counts(&data, "gender", &["Male", "Female"]).iter().map(|(rows, _)| *rows).collect();
    assert_eq!(rows, [4_997, 1_175]);
    let again = 1.0 - positive(&data) as f64 / 6_172.0;
    assert_eq!(format!("{again:.4}"), "0.4551");
    assert_eq!(names(&data), ["juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count", "c_charge_degree"]);

    let data = plain("compas", &folder, &[("variant", "fairvic")]);
    assert_eq!((data.len(), data.features.len()), (5_278, 8));
    // The favourable label is no new charge: rates 1 - .5232 and 1 - .3909.
    assert_eq!(counts(&data, "race", &["African-American", "Caucasian"]), [(3_175, 0.4769), (2_103, 0.6091)]);
    assert_eq!(data.len() - positive(&data), 2_483);
    assert_eq!(data.groups("race").unwrap().levels(), ["African-American", "Caucasian"]);
    assert_eq!(flip(&data, "race").groups(), [Some(vec![0.0]), Some(vec![1.0])]);
}

#[test]
fn german_credit() {
    let Some(folder) = corpus("german", "german_credit") else { return };
    let data = plain("german", &folder, &[]);
    assert_eq!((data.len(), positive(&data), data.features.len()), (1_000, 700, 18));
    assert_eq!(counts(&data, "gender", &["female", "male"]), [(310, 0.6484), (690, 0.7232)]);
    assert_eq!(counts(&data, "age", &["age > 25", "age <= 25"]), [(810, 0.7284), (190, 0.5789)]);
    let mut schema = picking(&["age"]);
    schema.sensitive_as_features = SensitiveAsFeatures::Columns;
    let years = load("german", &folder, &[], &schema).unwrap();
    assert_eq!(years.features.len(), 20);
    assert_eq!(Encoder::fit(&years, COMPACT).unwrap().sensitive_input(&years, "age").unwrap(), None);

    let data = plain("german", &folder, &[("variant", "fairvic")]);
    assert_eq!((data.len(), positive(&data), data.features.len(), data.sensitive.len()), (1_000, 700, 20, 1));
    assert_eq!(counts(&data, "age", &["age > 25", "age <= 25"]), [(810, 0.7284), (190, 0.5789)]);
    let sensitive: Vec<&str> = data.features.iter().filter(|feature| feature.sensitive).map(|feature| feature.name.as_str()).collect();
    assert_eq!(sensitive, ["age (group)"]);
    assert!(!names(&data).contains(&"age") && names(&data).contains(&"personal_status"));
    let age = flip(&data, "age");
    assert_eq!((age.columns(), age.groups()), (&[19][..], &[Some(vec![0.0]), Some(vec![1.0])][..]));
}

#[test]
fn utrecht() {
    let Some(folder) = corpus("utrecht-recruitment", "utrecht") else { return };
    let data = plain("utrecht-recruitment", &folder, &[]);
    assert_eq!((data.len(), positive(&data)), (4_000, 1_267));
    let rows = |attribute: &str, levels: &[&str]| counts(&data, attribute, levels).iter().map(|(rows, _)| *rows).collect::<Vec<_>>();
    assert_eq!(rows("gender", &["male", "female", "other"]), [2_127, 1_790, 83]);
    assert_eq!(rows("nationality", &["Dutch", "Belgian", "German"]), [3_167, 434, 399]);
    assert_eq!(rows("sport", &["Football", "Chess", "Cricket"]), [889, 365, 307]);
    assert_eq!(data.job.as_ref().unwrap().levels, ["A", "B", "C", "D"]);
    let b = plain("utrecht-recruitment", &folder, &[("company", "B")]);
    assert_eq!(counts(&b, "gender", &["female", "male", "other"]), [(451, 0.1397), (530, 0.4547), (19, 0.2632)]);
    assert_eq!(range(numbers(&data, "grade")), (45.0, 78.0));
}

#[test]
fn faircv_profiles() {
    let Some(folder) = corpus("faircv-2020", "faircv_profiles") else { return };
    let data = plain("faircv-2020", &folder, &[("labels", "blind")]);
    assert_eq!((data.len(), data.features.len()), (4_800, 32));
    let mean = |data: &Dataset| format!("{:.4}", data.label().unwrap().values.iter().sum::<f64>() / 4_800.0);
    assert_eq!(mean(&data), "0.4256");
    assert_eq!(mean(&plain("faircv-2020", &folder, &[])), "0.3662");
    assert_eq!(data.groups("gender").unwrap().sizes(), [2_400, 2_400]);
    assert_eq!(data.groups("ethnicity").unwrap().sizes(), [1_598, 1_640, 1_562]);
    assert_eq!(data.person.as_ref().unwrap().levels.len(), 4_799);
    let face: Vec<f64> = (1..=20).map(|position| numbers(&data, &format!("face_{position}"))[0]).collect();
    assert!((face.iter().map(|value| value * value).sum::<f64>() - 1.0).abs() < 1e-3);

    let data = plain("faircv-2020", &folder, &[("attribute", "ethnicity"), ("inputs", "attribute")]);
    assert_eq!(data.groups("ethnicity").unwrap().sizes(), [1_600; 3]);
    assert_eq!(data.groups("gender").unwrap().sizes(), [2_463, 2_337]);
    assert_eq!(data.provenance.notes, ["11 scores above 1 were cut to 1"]);
    assert_eq!(data.features.len(), 13);
    assert!(data.features[12].sensitive);
    assert!(!data.groups("gender").unwrap().codes().contains(&UNKNOWN));

    assert!(data.job.is_none(), "the release names no jobs");
    let data = plain("faircv-2020", &folder, &[("jobs", "130")]);
    let jobs = data.job.unwrap();
    let mut sizes = vec![0; 130];
    jobs.codes.iter().for_each(|&code| sizes[code as usize] += 1);
    assert_eq!((sizes.iter().min(), sizes.iter().max()), (Some(&36), Some(&37)));
    assert_eq!((jobs.levels[0].as_str(), jobs.levels[129].as_str()), ("j001", "j130"));
    // Dealt, not cut off one after another.
    assert!(jobs.codes[..37].windows(2).any(|pair| pair[1] != pair[0] + 1));
}

#[test]
fn faircv_predictions_agree_with_the_recomputed_table() {
    let Some(folder) = corpus("faircv-2020", "faircv_predictions") else { return };
    // Mean absolute error against the scenario's own target, and group means, to the digits of the recomputed table.
    let gender = [
        (Scenario::Blind, "0.0110", ["0.427", "0.427"]),
        (Scenario::BiasedWithAttribute, "0.0169", ["0.419", "0.300"]),
        (Scenario::Biased, "0.0597", ["0.386", "0.385"]),
        (Scenario::BiasedWithFace, "0.0379", ["0.404", "0.333"]),
        (Scenario::BiasedWithAgnosticFace, "0.0601", ["0.388", "0.388"]),
    ];
    for (scenario, error, means) in gender {
        let scored = predictions(Some(&folder), Bias::Gender, scenario).unwrap();
        let labels = &scored.label.as_ref().unwrap().values;
        let mae = scored.scores.iter().zip(labels).map(|(score, label)| (score - label).abs()).sum::<f64>() / 4_800.0;
        assert_eq!(format!("{mae:.4}"), error, "{}", scenario.name());
        let codes = scored.groups[0].codes();
        let mean = |group: u32| {
            let of: Vec<f64> = scored.scores.iter().zip(codes).filter(|(_, code)| **code == group).map(|(score, _)| *score).collect();
            format!("{:.3}", of.iter().sum::<f64>() / of.len() as f64)
        };
        assert_eq!([mean(0), mean(1)], means, "{}", scenario.name());
    }
    for scenario in Scenario::ALL {
        assert_eq!(predictions(Some(&folder), Bias::Ethnicity, scenario).unwrap().groups[1].levels().len(), 3);
    }
}

#[test]
fn an_absent_corpus_names_its_files_and_the_way_to_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let message = load("adult", folder.path(), &[], &Schema::default()).unwrap_err().to_string();
    assert!(message.starts_with("the corpus `adult` was not found in `"), "{message}");
    assert!(message.ends_with(
        "it needs the files adult.data, adult.test. Run `evenhand fetch adult`, or name a folder that holds them, in a recipe as `folder` under `[data]` (`data`)"
    ));
}

/// The corpus stands under its own name or under the organisers' one.
fn first_impressions(test: &str) -> Option<PathBuf> {
    corpus_folder("first-impressions").or_else(|| corpus("chalearn-fi-v2", test))
}

fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

#[test]
fn first_impressions_counts_and_scores() {
    let Some(folder) = first_impressions("first_impressions_counts_and_scores") else { return };
    let traits = ["extraversion", "neuroticism", "agreeableness", "conscientiousness", "openness"];
    let schema = Schema { targets: traits.map(str::to_owned).to_vec(), ..Schema::default() };
    let data = load("first-impressions", &folder, &[("split", "official")], &schema).unwrap();
    let split = split::given(&data).unwrap();
    let parts = [&split.train, &split.validation, &split.test];
    assert_eq!(parts.map(Vec::len), [6_000, 2_000, 2_000]);
    assert_eq!(data.person.as_ref().unwrap().levels.len(), 3_060);

    // Mean and standard deviation (of a sample) of the label, means of the traits, and what a constant predictor reaches.
    let values = |label: &Label, part: &[usize]| part.iter().map(|&row| label.values[row]).collect::<Vec<f64>>();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let label = data.label().unwrap();
    let expected = [(0.5038, 0.1501, 0.8790), (0.5046, 0.1452, 0.8831), (0.5074, 0.1464, 0.8818)];
    for (part, (expected_mean, expected_spread, constant)) in parts.into_iter().zip(expected) {
        let values = values(label, part);
        let centre = mean(&values);
        let spread = (values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)).sqrt();
        let error = values.iter().map(|value| (value - centre).abs()).sum::<f64>() / values.len() as f64;
        assert_eq!([rounded(centre), rounded(spread), rounded(1.0 - error)], [expected_mean, expected_spread, constant]);
    }
    let means = [
        ("extraversion", [0.4761, 0.4768, 0.4779]),
        ("neuroticism", [0.5203, 0.5216, 0.5217]),
        ("agreeableness", [0.5482, 0.5510, 0.5517]),
        ("conscientiousness", [0.5227, 0.5280, 0.5251]),
        ("openness", [0.5663, 0.5663, 0.5682]),
    ];
    let correlations = [0.82, 0.88, 0.83, 0.83, 0.77];
    for ((target, (name, expected)), correlation) in data.targets.iter().zip(means).zip(correlations) {
        assert_eq!(target.name, name);
        assert_eq!(parts.map(|part| rounded(mean(&values(target, part)))), expected, "{name}");
        let (left, right) = (values(target, &split.train), values(label, &split.train));
        let (left_mean, right_mean) = (mean(&left), mean(&right));
        let product =
            |a: &[f64], a_mean: f64, b: &[f64], b_mean: f64| a.iter().zip(b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum::<f64>();
        let pcc = product(&left, left_mean, &right, right_mean)
            / (product(&left, left_mean, &left, left_mean) * product(&right, right_mean, &right, right_mean)).sqrt();
        assert_eq!((pcc * 100.0).round() / 100.0, correlation, "{name} and interview");
    }
}

#[test]
fn first_impressions_identities() {
    let Some(folder) = first_impressions("first_impressions_identities") else { return };
    let data = plain("first-impressions", &folder, &[("split", "official")]);
    let Split { train, validation, test } = split::given(&data).unwrap();
    assert_eq!(split::crossing(&data, &train, &train), Some((2_624, 2_624)));
    assert_eq!(split::crossing(&data, &validation, &train), Some((1_484, 1_222)));
    assert_eq!(split::crossing(&data, &test, &train), Some((1_455, 1_201)));
    assert_eq!(split::crossing(&data, &test, &validation), Some((1_455, 689)));
    let note = data.provenance.notes.last().unwrap();
    assert!(note.contains("1222 of 1484 of validation and 1201 of 1455 of test"), "{note}");

    // What remembering a person is worth: the mean of the person's other training clips against the mean of all, 1-MAE on training.
    let person = data.person.as_ref().unwrap();
    let label = &data.label().unwrap().values;
    let mut sums = vec![(0.0, 0.0); person.levels.len()];
    for &row in &train {
        let sum = &mut sums[person.codes[row] as usize];
        *sum = (sum.0 + label[row], sum.1 + 1.0);
    }
    let errors: Vec<f64> = train
        .iter()
        .filter_map(|&row| {
            let (sum, count) = sums[person.codes[row] as usize];
            (count > 1.0).then(|| (label[row] - (sum - label[row]) / (count - 1.0)).abs())
        })
        .collect();
    let remembering = 1.0 - errors.iter().sum::<f64>() / errors.len() as f64;
    assert_eq!((errors.len(), rounded(remembering)), (5_084, 0.9143), "against 0.8790 for a constant");

    // Under the default the recipe cuts, and nobody crosses.
    let data = plain("first-impressions", &folder, &[]);
    assert_eq!(data.parts, None);
    let Split { train, validation, test } = split::hold_out(&data, [0.6, 0.2, 0.2], None, 0).unwrap();
    for (part, other) in [(&validation, &train), (&test, &train), (&test, &validation)] {
        assert_eq!(split::crossing(&data, part, other).unwrap().1, 0);
    }
}

#[test]
fn first_impressions_transcripts() {
    let Some(folder) = first_impressions("first_impressions_transcripts") else { return };
    // Empty files stand for the videos: the manifest only looks for their names.
    for (part, clips, empty, words, most) in
        [("training", 6_000, 8, 253_900, 85), ("validation", 2_000, 0, 85_125, 82), ("test", 2_000, 3, 84_900, 82)]
    {
        let place = tempfile::tempdir().unwrap();
        for kind in ["annotation", "transcription"] {
            let name = format!("{kind}_{part}.pkl");
            std::fs::copy(folder.join(&name), place.path().join(&name)).unwrap();
        }
        let refusal = manifest(place.path()).unwrap_err().to_string();
        assert!(refusal.contains(&format!("none of the {clips} annotated clips")), "{refusal}");
        let person = plain("first-impressions", place.path(), &[]).person.unwrap().levels.swap_remove(0);
        for number in 0..6 {
            std::fs::write(place.path().join(format!("{person}.00{number}.mp4")), b"").unwrap();
        }
        let missing = manifest(place.path()).unwrap().missing;
        assert!((clips - 6..clips).contains(&missing.len()));
        for name in missing {
            std::fs::write(place.path().join(name), b"").unwrap();
        }
        let manifest = manifest(place.path()).unwrap();
        assert_eq!((manifest.rows, manifest.missing.len()), (clips, 0));
        let path = place.path().join("manifest.csv");
        std::fs::write(&path, &manifest.csv).unwrap();
        let schema = Schema { features: Some(vec!["transcript".to_owned()]), ..Schema::default() };
        let data = table::read(&[path.to_string_lossy().into_owned()], &schema, &TableSettings::default()).unwrap();
        let Values::Categorical { levels, codes } = &data.features[0].values else { panic!("texts") };
        let counts: Vec<usize> =
            codes.iter().map(|&code| levels.get(code as usize).map_or(0, |text| text.split_whitespace().count())).collect();
        assert_eq!(counts.iter().filter(|&&count| count == 0).count(), empty, "{part}");
        assert_eq!(counts.iter().sum::<usize>(), words, "{part}");
        assert_eq!(counts.iter().max(), Some(&most), "{part}");
    }
}

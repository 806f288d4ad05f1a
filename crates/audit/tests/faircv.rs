//! The stored predictions of FairCVtest, audited through the same door as any file of scores.
//!
//! Expected are the numbers computed independently of this project from the same files: error against the scenario's own target, mean
//! score of each group, composition of the top 100 and the top 500, and mean KL of the score histograms.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use evenhand_audit::settings::IntervalSection;
use evenhand_audit::{AuditSettings, Selection, audit};
use evenhand_data::DataError;
use evenhand_data::loaders::{corpus_folder, faircv_2020};
use evenhand_data::table::ScoreRoles;
use evenhand_report::{RemarkKind, Report};
use evenhand_rows::{LabelRole, SensitiveRole};

/// The folder of the corpus, or `None` after saying that the test is skipped.
fn corpus(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/faircv_2020");
    let folder = corpus_folder("faircv-2020").or_else(|| Some(beside).filter(|folder| folder.is_dir()));
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED (needs corpus faircv-2020): {test}");
    }
    folder
}

fn roles(score: &str, attributes: &[&str]) -> ScoreRoles {
    ScoreRoles {
        score: score.to_owned(),
        groups: attributes.iter().map(|text| SensitiveRole::parse(text, &[]).unwrap()).collect(),
        label: Some(LabelRole { column: "label".to_owned(), ..LabelRole::default() }),
        weight: None,
        missing: Vec::new(),
        range: None,
        skip_unscored: false,
        ..ScoreRoles::default()
    }
}

fn settings(top: usize) -> AuditSettings {
    AuditSettings {
        title: "FairCVtest".to_owned(),
        intervals: IntervalSection { replicates: 0, ..IntervalSection::default() },
        selection: Selection::Top(top),
        ..AuditSettings::default()
    }
}

fn audited(file: &Path, score: &str, attribute: &str, top: usize) -> Report {
    audit(&faircv_2020::read_scores(file, &roles(score, &[attribute])).unwrap(), &settings(top)).unwrap()
}

/// A number of a report; those that compare groups are looked for in its only attribute.
fn number(report: &Report, metric: &str) -> f64 {
    let run = &report.methods[0].runs[0];
    let mut findings = run.performance.iter().chain(&run.attributes[0].findings);
    findings.find(|finding| finding.metric == metric).unwrap().estimate.number().unwrap()
}

/// The numbers by group with so many decimals, as in `.43/.57`.
fn by_group(report: &Report, metric: &str, decimals: usize) -> String {
    let finding = report.methods[0].runs[0].attributes[0].findings.iter().find(|finding| finding.metric == metric).unwrap();
    let numbers = finding.by_group.iter().map(|group| short(group.estimate.number().unwrap(), decimals));
    numbers.collect::<Vec<_>>().join("/")
}

fn short(number: f64, decimals: usize) -> String {
    format!("{number:.decimals$}").trim_start_matches('0').to_owned()
}

/// Attribute, file without its beginning, what is audited as the score; then error, means, top 100, top 500, KL.
const EXPECTED: [[&str; 8]; 14] = [
    ["gender", "blind_feat", "label", "", ".426/.425", ".43/.57", ".514/.486", ".042"],
    ["gender", "biased", "label", "", ".426/.306", ".78/.22", ".806/.194", ".603"],
    ["gender", "blind_feat", "prediction", ".0110", ".427/.427", ".43/.57", ".508/.492", ".031"],
    ["gender", "biased_feat", "prediction", ".0169", ".419/.300", ".79/.21", ".800/.200", ".669"],
    ["gender", "biased", "prediction", ".0597", ".386/.385", ".46/.54", ".504/.496", ".022"],
    ["gender", "biased_facial", "prediction", ".0379", ".404/.333", ".67/.33", ".694/.306", ".191"],
    ["gender", "biased_facial_ag", "prediction", ".0601", ".388/.388", ".42/.58", ".504/.496", ".017"],
    ["ethnicity", "blind_feat", "label", "", ".403/.398/.402", ".35/.30/.35", ".340/.338/.322", ".052"],
    // 3.117 where the 11 labels above 1 fall out of the histogram; here they are cut to 1 and stand in its last bin.
    ["ethnicity", "biased", "label", "", ".587/.398/.226", ".98/.02/.00", ".914/.078/.008", "3.139"],
    ["ethnicity", "blind_feat", "prediction", ".0100", ".404/.399/.404", ".32/.29/.39", ".336/.336/.328", ".045"],
    ["ethnicity", "biased_feat", "prediction", ".0429", ".581/.395/.221", ".95/.05/.00", ".900/.094/.006", "3.869"],
    ["ethnicity", "biased", "prediction", ".1246", ".410/.403/.408", ".33/.29/.38", ".336/.344/.320", ".051"],
    ["ethnicity", "biased_facial", "prediction", ".1106", ".468/.405/.350", ".60/.26/.14", ".542/.300/.158", ".327"],
    ["ethnicity", "biased_facial_ag", "prediction", ".1253", ".394/.389/.392", ".33/.30/.37", ".324/.346/.330", ".044"],
];

#[test]
fn every_number_of_the_recomputed_table_is_found() {
    let Some(folder) = corpus("every_number_of_the_recomputed_table_is_found") else { return };
    let mut wrong = Vec::new();
    for expected in EXPECTED {
        let [attribute, scenario, score, error, ..] = expected;
        let file = folder.join(format!("predictions_{scenario}_{attribute}.npy"));
        let few = audited(&file, score, attribute, 100);
        let many = audited(&file, score, attribute, 500);
        let found = [
            if error.is_empty() { String::new() } else { short(number(&few, "mae"), 4) },
            by_group(&few, "mean-score", 3),
            by_group(&few, "selection-share", 2),
            by_group(&many, "selection-share", 3),
            short(number(&few, "histogram-kl"), 3),
        ];
        if found != expected[3..] {
            wrong.push(format!("{attribute} {scenario} {score}: {found:?} where {:?} is expected", &expected[3..]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_disparity_falls_as_the_network_sees_less_of_the_group() {
    let Some(folder) = corpus("the_disparity_falls_as_the_network_sees_less_of_the_group") else { return };
    for attribute in ["gender", "ethnicity"] {
        let spdd = |scenario: &str| {
            let file = folder.join(format!("predictions_{scenario}_{attribute}.npy"));
            number(&audited(&file, "prediction", attribute, 100), "spdd")
        };
        let (seen, guessed, hidden) = (spdd("biased_feat"), spdd("biased_facial"), spdd("biased_facial_ag"));
        assert!(seen > guessed && guessed > hidden, "{attribute}: {seen} {guessed} {hidden}");
    }
}

#[test]
fn what_such_a_file_does_not_hold_is_refused_with_what_it_does() {
    let Some(folder) = corpus("what_such_a_file_does_not_hold_is_refused_with_what_it_does") else { return };
    let file = folder.join("predictions_biased_gender.npy");
    let refused = |roles: &ScoreRoles| -> DataError { faircv_2020::read_scores(&file, roles).unwrap_err() };
    let told = |change: &dyn Fn(&mut ScoreRoles)| {
        let mut roles = roles("prediction", &["gender"]);
        change(&mut roles);
        refused(&roles).to_string()
    };
    for message in [
        told(&|roles| roles.score = "score".to_owned()),
        told(&|roles| roles.groups = vec![SensitiveRole::parse("age", &[]).unwrap()]),
        told(&|roles| roles.label = Some(LabelRole { column: "truth".to_owned(), ..LabelRole::default() })),
    ] {
        assert!(message.contains("its columns are prediction, label, gender, ethnicity"), "{message}");
    }
    assert!(told(&|roles| roles.weight = Some("w".to_owned())).contains("no weights"));
    assert!(told(&|roles| roles.range = Some((0.0, 10.0))).contains("0 to 1"));
    assert!(told(&|roles| roles.groups = vec![SensitiveRole::parse("gender > 0", &[]).unwrap()]).contains("gender"));
    assert!(
        told(&|roles| roles.groups = ["gender", "gender"].map(|text| SensitiveRole::parse(text, &[]).unwrap()).to_vec())
            .contains("different names")
    );
    let scored = faircv_2020::read_scores(&file, &roles("prediction", &["gender"])).unwrap();
    assert!(audit(&scored, &settings(4801)).unwrap_err().to_string().contains("4800 rows"));
}

#[test]
fn both_attributes_and_their_intersection_can_be_asked_for() {
    let Some(folder) = corpus("both_attributes_and_their_intersection_can_be_asked_for") else { return };
    let roles = ScoreRoles { label: None, ..roles("prediction", &["gender", "ethnicity", "gender x ethnicity"]) };
    let scored = faircv_2020::read_scores(&folder.join("predictions_biased_facial_gender.npy"), &roles).unwrap();
    let report = audit(&scored, &settings(100)).unwrap();
    let groups: Vec<usize> = report.methods[0].runs[0].attributes.iter().map(|attribute| attribute.groups.len()).collect();
    assert_eq!(groups, [2, 3, 6]);
    assert!(report.methods[0].runs[0].performance.is_empty());
    assert!(
        report.notes.iter().any(|note| note.kind == RemarkKind::Selection && note.text.starts_with("Top 100: 100 rows score ")),
        "{:?}",
        report.notes
    );
}

#[test]
fn a_numpy_file_of_something_else_is_refused() {
    let message = faircv_2020::read_scores(Path::new("scores.npy"), &roles("prediction", &["gender"])).unwrap_err().to_string();
    assert!(message.contains("`scores.npy`") && message.contains("only the predictions of FairCVtest"), "{message}");
}

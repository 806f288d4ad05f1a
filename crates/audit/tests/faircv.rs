//! The stored predictions of FairCVtest, audited through the same door as any file of scores.
//!
//! Expected are the numbers computed independently of this project from the same files: error against the scenario's own target, mean
//! score of each group, composition of the top 100 and the top 500, and mean KL of the score histograms.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use evenhand_audit::settings::{IntervalSection, MetricsSection};
use evenhand_audit::{AuditError, ScoresRequest, audit};
use evenhand_data::loaders::corpus_folder;
use evenhand_report::Report;

/// The folder of the corpus, or `None` after saying that the test is skipped.
fn corpus(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/faircv_2020");
    let folder = corpus_folder("faircv-2020").or_else(|| Some(beside).filter(|folder| folder.is_dir()));
    if folder.is_none() {
        let _ = writeln!(std::io::stderr(), "SKIPPED (needs corpus faircv-2020): {test}");
    }
    folder
}

fn request(file: &Path, score: &str, attribute: &str, top: usize) -> ScoresRequest {
    ScoresRequest {
        title: "FairCVtest".to_owned(),
        files: vec![file.display().to_string()],
        score: score.to_owned(),
        groups: vec![attribute.to_owned()],
        label: Some("label".to_owned()),
        favourable: None,
        weight: None,
        missing: Vec::new(),
        range: None,
        top: Some(top),
        metrics: MetricsSection::default(),
        intervals: IntervalSection { replicates: 0, ..IntervalSection::default() },
        limits: [].into(),
        skip_unscored: false,
        stream: false,
    }
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
        let few = audit(&request(&file, score, attribute, 100)).unwrap();
        let many = audit(&request(&file, score, attribute, 500)).unwrap();
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
            number(&audit(&request(&file, "prediction", attribute, 100)).unwrap(), "spdd")
        };
        let (seen, guessed, hidden) = (spdd("biased_feat"), spdd("biased_facial"), spdd("biased_facial_ag"));
        assert!(seen > guessed && guessed > hidden, "{attribute}: {seen} {guessed} {hidden}");
    }
}

#[test]
fn what_such_a_file_does_not_hold_is_refused_with_what_it_does() {
    let Some(folder) = corpus("what_such_a_file_does_not_hold_is_refused_with_what_it_does") else { return };
    let file = folder.join("predictions_biased_gender.npy");
    let told = |change: &dyn Fn(&mut ScoresRequest)| {
        let mut request = request(&file, "prediction", "gender", 100);
        change(&mut request);
        audit(&request).unwrap_err().to_string()
    };
    for message in [
        told(&|request| request.score = "score".to_owned()),
        told(&|request| request.groups = vec!["age".to_owned()]),
        told(&|request| request.label = Some("truth".to_owned())),
    ] {
        assert!(message.contains("its columns are prediction, label, gender, ethnicity"), "{message}");
    }
    assert!(told(&|request| request.weight = Some("w".to_owned())).contains("no weights"));
    assert!(told(&|request| request.range = Some((0.0, 10.0))).contains("0 to 1"));
    assert!(told(&|request| request.groups = vec!["gender > 0".to_owned()]).contains("gender"));
    assert!(told(&|request| request.groups = vec!["gender".to_owned(), "gender".to_owned()]).contains("different names"));
    assert!(told(&|request| request.top = Some(4801)).contains("4800 rows"));
    assert!(told(&|request| (request.stream, request.top) = (true, None)).contains("--stream"));
    assert!(told(&|request| request.files.push("other.csv".to_owned())).contains("on its own"));
}

#[test]
fn both_attributes_and_their_intersection_can_be_asked_for() {
    let Some(folder) = corpus("both_attributes_and_their_intersection_can_be_asked_for") else { return };
    let mut request = request(&folder.join("predictions_biased_facial_gender.npy"), "prediction", "gender", 100);
    request.groups = ["gender", "ethnicity", "gender x ethnicity"].map(str::to_owned).to_vec();
    request.label = None;
    let report = audit(&request).unwrap();
    let groups: Vec<usize> = report.methods[0].runs[0].attributes.iter().map(|attribute| attribute.groups.len()).collect();
    assert_eq!(groups, [2, 3, 6]);
    assert!(report.methods[0].runs[0].performance.is_empty());
    assert!(report.notes.iter().any(|note| note.starts_with("Top 100: 100 rows score ")), "{:?}", report.notes);
}

#[test]
fn a_numpy_file_of_something_else_is_refused() {
    let message = audit(&request(Path::new("scores.npy"), "prediction", "gender", 1)).unwrap_err().to_string();
    assert!(message.contains("`scores.npy`") && message.contains("only the predictions of FairCVtest"), "{message}");
}

#[test]
fn rows_that_tie_with_the_last_of_the_top_are_selected_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scores.csv");
    std::fs::write(&file, "score,g\n0.9,a\n0.5,b\n0.5,a\n0.5,b\n0.1,b\n").unwrap();
    let mut request = ScoresRequest { label: None, ..request(&file, "score", "g", 2) };
    let report = audit(&request).unwrap();
    assert_eq!(report.notes, ["Top 2: 4 rows score 0.5 or more and are selected: rows with this very score are selected together."]);
    assert_eq!(by_group(&report, "selection-share", 2), ".50/.50");
    request.stream = true;
    let Err(AuditError::Request(message)) = audit(&request) else { panic!("--top with --stream was accepted") };
    assert!(message.contains("--top cannot be used with --stream"), "{message}");
}

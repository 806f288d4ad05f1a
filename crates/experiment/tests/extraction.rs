//! The report by group, against numbers worked out by hand.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use evenhand_experiment::extraction::report;
use evenhand_experiment::media::extract::settings::Settings;
use evenhand_experiment::media::extract::{self, Modality, Options, Silent};
use evenhand_experiment::media::manifest::Manifest;
use evenhand_report::Measure;
use evenhand_report::views::extraction::tables;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
}

/// Ten candidates of group a, of which the words of nine can be read, and ten of b with three: the first of both have twelve words,
/// all others eight.
fn extracted(folder: &Path) {
    let mut lines = vec!["id,transcript_file,group".to_owned()];
    for (group, whole) in [("a", 9), ("b", 3)] {
        for number in 0..10 {
            let name = format!("{group}{number}.txt");
            let words = if number == 0 { 12 } else { 8 };
            if number < whole {
                fs::write(folder.join(&name), "work ".repeat(words)).unwrap();
            }
            lines.push(format!("{group}{number},{name},{group}"));
        }
    }
    lines.push("x,,".to_owned());
    let path = folder.join("manifest.csv");
    fs::write(&path, lines.join("\n")).unwrap();
    let settings = Settings { modalities: vec![Modality::Text], ..Settings::default() };
    let options =
        Options { jobs: 2, interrupted: &AtomicBool::new(false), observer: &Silent, retry_failed: false, replace: true, drop_away: false };
    extract::extract(&Manifest::read(&path).unwrap(), &settings, &folder.join("out"), options).unwrap();
}

#[test]
fn rates_and_means_by_group_are_those_worked_out_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    extracted(folder.path());
    let report = report(&folder.path().join("out"), &["group".to_owned()]).unwrap();
    assert_eq!((report.candidates, report.extracted, report.failed["nothing-found"]), (21, 12, 9));
    let attribute = &report.attributes[0];
    assert_eq!((attribute.attribute.as_str(), attribute.unknown), ("group", 1));
    assert_eq!(attribute.groups, [("a".to_owned(), 10), ("b".to_owned(), 10)]);
    let measure = |name: &str| -> &Measure { attribute.measures.iter().find(|measure| measure.name == name).unwrap() };

    // 1 of 10 and 7 of 10: Newcombe's example (9/10 against 3/10) with failures in the place of successes.
    let failures = measure("failure_rate");
    assert_eq!(
        failures.by_group.iter().map(|group| (group.n, group.estimate.number().unwrap())).collect::<Vec<_>>(),
        [(10, 0.1), (10, 0.7)]
    );
    let interval = failures.by_group[0].estimate.interval().unwrap();
    near(interval.low, 0.01788);
    near(interval.high, 0.40415);
    let difference = &failures.largest().unwrap().estimate;
    near(difference.number().unwrap(), -0.6);
    near(difference.interval().unwrap().low, -0.8090);
    near(difference.interval().unwrap().high, -0.1705);

    // a: (12 + 8 x 8)/9 = 76/9, variance 16/9; b: (12 + 2 x 8)/3 = 28/3, variance 16/3. Squares of the errors 16/81 and 16/9,
    // freedom (160/81)^2 / ((16/81)^2/8 + (16/9)^2/2) = 100/(1/8 + 81/2) = 2.4615.
    let words = measure("words");
    near(words.by_group[0].estimate.number().unwrap(), 76.0 / 9.0);
    near(words.by_group[1].estimate.number().unwrap(), 28.0 / 3.0);
    // Student's t with 8 degrees of freedom: 2.3060.
    near(words.by_group[0].estimate.interval().unwrap().high, 76.0 / 9.0 + 2.3060 * 4.0 / 9.0);
    let difference = words.largest().unwrap().estimate.interval().unwrap();
    near(f64::midpoint(difference.low, difference.high), -8.0 / 9.0);
    // The half width lies between those of 2 and of 3 degrees of freedom, 4.3027 and 3.1824.
    let half = (difference.high - difference.low) / 2.0 / (160.0_f64 / 81.0).sqrt();
    assert!((3.1824..4.3027).contains(&half), "{half}");

    let shown = tables(&report);
    assert_eq!(shown[0].rows[1], ["failed", "nothing-found", "9", "42.9 %"]);
    assert!(shown[2].rows[0][5].contains("a - b: -0.600"), "{:?}", shown[2].rows[0]);
    assert!(evenhand_experiment::extraction::report(&folder.path().join("out"), &["gander".to_owned()]).is_err());
    assert!(evenhand_experiment::extraction::report(folder.path(), &[]).is_err());
}

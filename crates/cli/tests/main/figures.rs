//! Figures out of what commands print and write.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::command::{Place, stderr, stdout};

/// A table out of its header and its rows, each with how often it stands there.
pub(crate) fn table(header: &str, rows: &[(&str, usize)]) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for (row, times) in rows {
        text += &format!("{row}\n").repeat(*times);
    }
    text.into_bytes()
}

/// What a command says that must succeed.
pub(crate) fn succeeds(place: &Place, words: &str) -> String {
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
    stdout(&output) + &stderr(&output)
}

/// The report that a command prints as JSON.
pub(crate) fn report(place: &Place, words: &str) -> Value {
    let output = place.run(&format!("{words} --json"));
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The reason why a command refuses; it must be an error and no panic.
pub(crate) fn refusal(place: &Place, words: &str) -> String {
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(2), "{words}: {}{}", stdout(&output), stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{words}: {}", stderr(&output));
    stderr(&output)
}

/// An audit without intervals, which would only take time.
pub(crate) fn audit(place: &Place, words: &str) -> Value {
    report(place, &format!("audit {words} --level 0"))
}

fn finding<'a>(report: &'a Value, attribute: usize, metric: &str) -> &'a Value {
    let findings = report["methods"][0]["runs"][0]["attributes"][attribute]["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["metric"] == metric).unwrap_or_else(|| panic!("no {metric}: {report}"))
}

/// Groups of an attribute with what a metric says of each: rows and value.
pub(crate) fn by_group(report: &Value, attribute: usize, metric: &str) -> Vec<(String, u64, f64)> {
    let groups = finding(report, attribute, metric)["by_group"].as_array().unwrap().iter();
    groups.map(|group| (name(group, "group"), group["n"].as_u64().unwrap(), group["estimate"]["value"].as_f64().unwrap())).collect()
}

/// Rows and selection rate of each group of the first attribute.
pub(crate) fn selected(report: &Value) -> Vec<(String, u64, f64)> {
    by_group(report, 0, "selection-rate")
}

/// Rows with an outcome and share of favourable ones, of each group of the first attribute.
pub(crate) fn favoured(report: &Value) -> Vec<(String, u64, f64)> {
    let groups = report["data"]["attributes"][0]["groups"].as_array().unwrap().iter();
    groups.map(|group| (name(group, "name"), group["n"].as_u64().unwrap(), group["positive_rate"]["value"].as_f64().unwrap())).collect()
}

pub(crate) fn value(report: &Value, metric: &str) -> f64 {
    finding(report, 0, metric)["estimate"]["value"].as_f64().unwrap()
}

/// Rows of unknown group of the first attribute.
pub(crate) fn unknown(report: &Value) -> u64 {
    report["methods"][0]["runs"][0]["attributes"][0]["unknown"].as_u64().unwrap()
}

/// All remarks of a report.
pub(crate) fn notes(report: &Value) -> String {
    let lists = [&report["notes"], &report["data"]["notes"], &report["methods"][0]["runs"][0]["notes"]];
    // Those of the data are bare texts, all others have a kind beside theirs.
    let all = lists.into_iter().filter_map(Value::as_array).flatten().filter_map(|note| note.as_str().or(note["text"].as_str()));
    all.collect::<Vec<_>>().join("\n")
}

/// High and low labels of the two groups that `skew` compares, by name.
pub(crate) fn tilt(place: &Place, words: &str) -> BTreeMap<String, (u64, u64)> {
    let before = report(place, &format!("skew {words}"))["before"].clone();
    let cell = |index: usize| before["cells"][index].as_u64().unwrap();
    [(name(&before, "privileged"), (cell(0), cell(2))), (name(&before, "unprivileged"), (cell(1), cell(3)))].into()
}

/// The groups among which `rank` sees to places.
pub(crate) fn ranked_groups(report: &Value) -> Vec<String> {
    let found = report["methods"][0]["runs"][0]["shortlists"]["before"].as_array().unwrap();
    let exposure = found.iter().find(|finding| finding["metric"] == "exposure").unwrap();
    exposure["by_group"].as_array().unwrap().iter().map(|group| name(group, "group")).collect()
}

/// Rows of a written file as fields by name of the column.
pub(crate) fn written(place: &Place, file: &str, separator: u8) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_path(place.path().join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// How often each combination of fields stands in a written file.
pub(crate) fn counts(place: &Place, file: &str, separator: u8, columns: &[&str]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in written(place, file, separator) {
        let fields: Vec<&str> = columns.iter().map(|column| row[*column].as_str()).collect();
        *counts.entry(fields.join(" ")).or_default() += 1;
    }
    counts
}

/// What [`counts`] should be.
pub(crate) fn counted(wanted: &[(&str, usize)]) -> BTreeMap<String, usize> {
    wanted.iter().map(|(fields, count)| ((*fields).to_owned(), *count)).collect()
}

fn name(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap().to_owned()
}

/// Compares groups with what they should be, the values within rounding.
pub(crate) fn assert_groups(found: &[(String, u64, f64)], wanted: &[(&str, u64, f64)]) {
    let near = |(found, wanted): (&(String, u64, f64), &(&str, u64, f64))| {
        found.0 == wanted.0 && found.1 == wanted.1 && (found.2 - wanted.2).abs() < 1e-9
    };
    assert!(found.len() == wanted.len() && found.iter().zip(wanted).all(near), "{found:?} should be {wanted:?}");
}

pub(crate) fn assert_near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9, "{found} should be {wanted}");
}

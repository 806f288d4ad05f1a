//! A number that is typed in its file is that number, whatever stands beside it in its column, in its file or in another one.

use evenhand_data::sheet::{self, ReadOptions};
use evenhand_data::table::{self, FileOptions, ScoreRoles, TableSettings};
use evenhand_rows::SensitiveRole;
use evenhand_rows::table::{Cells, Table};

use crate::table::Folder;
use crate::table_formats::book;

/// Rows of a worksheet; a field that ends with `n` is a number, one with `p` a number that is shown as percent, anything else a text.
fn worksheet(rows: &str) -> Vec<u8> {
    let cell = |text: &str| match (text.strip_suffix('n'), text.strip_suffix('p')) {
        (Some(number), _) => format!("<c><v>{number}</v></c>"),
        (_, Some(number)) => format!("<c s=\"1\"><v>{number}</v></c>"),
        _ if text.is_empty() => "<c/>".to_owned(),
        _ => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
    };
    let rows: Vec<String> = rows.lines().map(|row| format!("<row>{}</row>", row.split('|').map(cell).collect::<String>())).collect();
    book(&rows.concat(), "")
}

fn settings(decimal: Option<char>) -> TableSettings {
    TableSettings { file: FileOptions { decimal, ..FileOptions::default() }, filter: Vec::new() }
}

/// The scores on a range from 0 to 10, read at once; or the refusal.
fn scores_with(files: &[String], decimal: Option<char>) -> Result<Vec<f64>, String> {
    let group = SensitiveRole { name: "g".to_owned(), columns: vec!["g".to_owned()], rule: None };
    let roles = ScoreRoles { score: "x".to_owned(), groups: vec![group], range: Some((0.0, 10.0)), ..ScoreRoles::default() };
    let scored = table::read_scores(files, &roles, &settings(decimal)).map_err(|error| error.to_string())?;
    Ok(scored.scores.iter().map(|score| (score * 10_000.0).round() / 1000.0).collect())
}

fn scores(files: &[String]) -> Vec<f64> {
    scores_with(files, None).unwrap()
}

fn numbers(table: &Table) -> Vec<f64> {
    match &table.columns[table.position("x").unwrap()].cells {
        Cells::Numbers { values, .. } => values.clone(),
        Cells::Categories { levels, .. } => panic!("categories {levels:?}"),
    }
}

fn read(files: &[String]) -> sheet::Sheet {
    sheet::read(files, &ReadOptions::default()).unwrap()
}

const ENGLISH: &str = "g,x\nF,2.125\nM,9.875\nF,3.001\n";
const GERMAN: &str = "g;x\nF;5,474\nM;4,1\nF;6,375\n";
const TYPED: &str = "{\"g\":\"F\",\"x\":2.125}\n{\"g\":\"M\",\"x\":9.875}\n{\"g\":\"F\",\"x\":3.001}\n";

#[test]
fn numbers_beside_texts_with_decimal_commas_stay_what_they_are() {
    let folder = Folder::new();
    let cells = worksheet("g|x\nF|5.474n\nM|3.125n\nF|4,5\nM|7.025n\nF|2,5\nM|-\n");
    let text = "{\"g\":\"F\",\"x\":5.474}\n{\"g\":\"M\",\"x\":3.125}\n{\"g\":\"F\",\"x\":\"4,5\"}\n{\"g\":\"M\",\"x\":7.025}\n{\"g\":\"F\",\"x\":\"2,5\"}\n";
    for (name, bytes) in [("a.xlsx", cells), ("a.jsonl", text.into())] {
        let file = folder.write(name, bytes);
        let read = read(std::slice::from_ref(&file));
        assert_eq!(numbers(&read.table)[..5], [5.474, 3.125, 4.5, 7.025, 2.5], "{name}");
        let (rows, _) = table::rows_as_csv(&[file], &[0, 1, 2], &FileOptions::default()).unwrap();
        assert_eq!(rows, "g,x\nF,\"5,474\"\nM,\"3,125\"\nF,\"4,5\"\n", "{name}: one way of writing in a copy");
    }
    let whole = folder.write("b.xlsx", worksheet("Candidates||\ng|name|x\nF|a|5.474n\n||\nM|b|3.125n\nF|c|4,5\nTotal||8.599n\n"));
    assert_eq!(scores(&[whole]), [5.474, 3.125, 4.5], "below a title, an empty row between");
}

#[test]
fn each_file_is_read_as_it_is_written() {
    let folder = Folder::new();
    let german = folder.write("german.csv", GERMAN);
    let english = folder.write("english.csv", ENGLISH);
    let points = folder.write("points.csv", ENGLISH.replace(',', ";").replace("3.001", "3.0010"));
    let typed = folder.write("typed.jsonl", TYPED);
    let cells = folder.write("typed.xlsx", worksheet("g|x\nF|2.125n\nM|9.875n\nF|3.001n\n"));
    let (first, second) = (vec![5.474, 4.1, 6.375], vec![2.125, 9.875, 3.001]);
    for other in [&english, &points, &typed, &cells] {
        for decimal in [None, Some(',')] {
            let files = [german.clone(), other.clone()];
            assert_eq!(scores_with(&files, decimal).unwrap(), [first.clone(), second.clone()].concat(), "{other} {decimal:?}");
        }
        for (files, expected) in [([&german, other], [&first, &second]), ([other, &german], [&second, &first])] {
            let files = files.map(Clone::clone);
            assert_eq!(numbers(&read(&files).table), expected.map(Clone::clone).concat(), "{files:?}");
            // A file made from the rows is read as they were.
            let (copy, _) = table::rows_as_csv(&files, &[0, 1, 2, 3, 4, 5], &FileOptions::default()).unwrap();
            let copied = folder.write("copy.csv", &copy);
            assert_eq!(scores(&[copied]), expected.map(Clone::clone).concat(), "{copy}");
        }
    }
}

#[test]
fn what_nothing_in_its_file_settles_is_asked_for_and_can_be_said() {
    let folder = Folder::new();
    let open = folder.write("open.csv", "g;x\nF;5,474\nM;4,125\n");
    let typed = folder.write("typed.jsonl", TYPED);
    let files = [open.clone(), typed];
    let refused = scores_with(&files, None).unwrap_err();
    assert!(refused.contains("`5,474`") && refused.contains("(`decimal`)"), "{refused}");
    assert_eq!(scores_with(&files, Some(',')).unwrap(), [5.474, 4.125, 2.125, 9.875, 3.001]);
    let settled = ReadOptions { settled: vec!["x".to_owned()], ..ReadOptions::default() };
    let refused = sheet::read(&files, &settled).unwrap_err().to_string();
    assert!(refused.contains("`4,125`") && refused.contains("(`decimal`)"), "{refused}");
    let said = ReadOptions { settings: settings(Some(',')), ..settled };
    assert_eq!(numbers(&sheet::read(&files, &said).unwrap().table), [5.474, 4.125, 2.125, 9.875, 3.001]);
    // Another export of the same kind tells.
    let german = folder.write("german.csv", GERMAN);
    assert_eq!(scores(&[open, german]), [5.474, 4.125, 5.474, 4.1, 6.375]);
}

#[test]
fn numbers_shown_as_percent_are_read_as_their_export_is() {
    let folder = Folder::new();
    let shown = folder.write("shown.xlsx", worksheet("g|x\nF|0.07p\nM|0.03p\nF|0.06p\n"));
    let exported = folder.write("exported.csv", "g,x\nF,7%\nM,3%\nF,6%\n");
    for files in [vec![shown.clone()], vec![exported.clone()], vec![shown.clone(), exported]] {
        assert_eq!(scores(&files)[..3], [7.0, 3.0, 6.0], "{files:?}");
        assert_eq!(numbers(&read(&files).table)[..3], [7.0, 3.0, 6.0], "{files:?}");
    }
    // Beside numbers without the sign nothing says what is meant.
    let typed = folder.write("typed.jsonl", TYPED);
    let refused = scores_with(&[shown, typed], None).unwrap_err();
    assert!(refused.contains("typed.jsonl") && refused.contains("data row 1"), "{refused}");
    let some = folder.write("some.xlsx", worksheet("g|x\nF|0.07p\nM|0.03n\nF|0.06p\n"));
    assert_eq!(scores(std::slice::from_ref(&some)), [0.07, 0.03, 0.06]);
    let notes = read(&[some]).notes.concat();
    assert!(notes.contains("column `x`: 2 of 3 numbers are shown as percent"), "{notes}");
}

#[test]
fn a_number_that_means_missing_is_missing_where_it_is_typed_too() {
    let folder = Folder::new();
    let files = [folder.write("a.jsonl", TYPED.replace("9.875", "-9")), folder.write("b.xlsx", worksheet("g|x\nF|2.5n\nM|-9n\n"))];
    let group = SensitiveRole { name: "g".to_owned(), columns: vec!["g".to_owned()], rule: None };
    let missing = vec!["-9.0".to_owned()];
    let roles = ScoreRoles {
        score: "x".to_owned(),
        groups: vec![group],
        range: Some((0.0, 10.0)),
        missing,
        skip_unscored: true,
        ..ScoreRoles::default()
    };
    assert_eq!(table::read_scores(&files, &roles, &settings(None)).unwrap().scores.len(), 3);
}

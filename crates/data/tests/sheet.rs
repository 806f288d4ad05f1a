//! Typed tables of a person's own file, and back.

use std::fmt::Write as _;

use evenhand_data::sheet::{Order, ReadOptions, Reading, Sheet, read};
use evenhand_rows::table::{Cells, Form, Table};
use evenhand_rows::{LabelRole, MISSING, Schema, SensitiveRole, Values};

use crate::table::Folder;

fn sheet(text: &str) -> Sheet {
    sheet_with(text, &ReadOptions::default()).unwrap()
}

fn sheet_with(text: &str, options: &ReadOptions) -> Result<Sheet, evenhand_data::DataError> {
    let folder = Folder::new();
    read(&[folder.write("own.csv", text)], options)
}

fn cells<'a>(table: &'a Table, name: &str) -> &'a Cells {
    &table.columns[table.position(name).unwrap()].cells
}

fn numbers(table: &Table, name: &str) -> (Form, Vec<f64>) {
    let Cells::Numbers { form, values } = cells(table, name) else { panic!("{name} holds categories: {:?}", cells(table, name)) };
    (*form, values.clone())
}

fn categories(table: &Table, name: &str) -> (Vec<String>, Vec<u32>) {
    let Cells::Categories { levels, codes } = cells(table, name) else { panic!("{name} holds numbers") };
    (levels.clone(), codes.clone())
}

/// What a German Excel writes: mark, semicolons, decimal commas, grouped thousands, an empty line, a line of empty fields, blanks.
const EXPORT: &str = "\u{feff}candidate id;gender ;age;score;salary;started;hired;note;\r\n\
    c-1; female ;31;0,75;42.500,00;03.02.2021;ja;likes; \r\n\
    c-2;male;45;0,5;51.000,50;14.11.2019;nein;;\r\n\
    \r\n\
    ;;;;;;;;\r\n\
    c-3;non-binary;;1;;01.01.2020;ja;;\r\n\
    c-4;male;29;0,25;38.000,00;31.12.2022;nein;;\r\n\
    c-5;female;29;0,125;1.038.000,00;31.12.2022;nein;;\r\n";

#[test]
fn a_spreadsheet_export_is_understood_and_written_back_as_it_was() {
    let sheet = sheet(EXPORT);
    let table = &sheet.table;
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["gender", "age", "score", "salary", "started", "hired", "note"]);
    assert_eq!(categories(table, "gender"), (["female", "male", "non-binary"].map(str::to_owned).to_vec(), vec![0, 1, 2, 1, 0]));
    let (form, age) = numbers(table, "age");
    assert!(form == Form::Integer && age[0] == 31.0 && age[2].is_nan());
    assert_eq!(numbers(table, "score"), (Form::Real { decimals: 3 }, vec![0.75, 0.5, 1.0, 0.25, 0.125]));
    let (form, salary) = numbers(table, "salary");
    assert!(form == Form::Real { decimals: 2 } && salary[1] == 51_000.5 && salary[2].is_nan() && salary[4] == 1_038_000.0);
    // 2021-02-03 is day 18661.
    assert_eq!((numbers(table, "started").0, numbers(table, "started").1[0]), (Form::Date, 18_661.0));
    assert_eq!(categories(table, "hired").0, ["ja", "nein"]);
    assert_eq!(sheet.left_out.iter().map(|out| out.column.as_str()).collect::<Vec<_>>(), ["candidate id", "column 9"]);
    assert!(sheet.left_out[0].reason.starts_with("5 different texts in 5 rows: ids, names or free text"));
    assert!(
        sheet.notes.iter().any(|note| note.starts_with("1 of 6 rows are empty in every column and were skipped (`")),
        "{:?}",
        sheet.notes
    );
    assert!(sheet.notes.iter().any(|note| note == "column `salary`: a point was read as the sign between thousands"));
    let expected = "\u{feff}gender;age;score;salary;started;hired;note\r\n\
        female;31;0,75;42.500,00;03.02.2021;ja;likes\r\n\
        male;45;0,5;51.000,50;14.11.2019;nein;\r\n\
        non-binary;;1;;01.01.2020;ja;\r\n\
        male;29;0,25;38.000,00;31.12.2022;nein;\r\n\
        female;29;0,125;1.038.000,00;31.12.2022;nein;\r\n";
    assert_eq!(sheet.to_csv(table).unwrap(), expected);
    let again = self::sheet(expected);
    assert_eq!(sheet.to_csv(&again.table).unwrap(), expected, "reading what was written gives the same file");
}

#[test]
fn a_plain_file_of_an_english_country_is_understood() {
    let text = "gender,\"pay, gross\",when,quota,zip,flag,ratio\n\
                f,\"1,200\",2/13/2026,NA,02139,0,1e-3\n\
                \"m \"\"x\"\"\",900,10/2/2026,7,10001,1,0.5\n\
                f,\"12,000\",1/1/2025,12,02139,?,2\n";
    let sheet = sheet(text);
    let table = &sheet.table;
    assert_eq!(numbers(table, "pay, gross"), (Form::Integer, vec![1200.0, 900.0, 12_000.0]));
    assert_eq!(numbers(table, "when").0, Form::Date);
    assert!(numbers(table, "quota").1[0].is_nan());
    assert_eq!(categories(table, "zip").0, ["02139", "10001"], "digits with a leading zero are names");
    assert_eq!(categories(table, "flag"), (vec!["0".to_owned(), "1".to_owned()], vec![0, 1, MISSING]));
    assert_eq!(numbers(table, "ratio"), (Form::Real { decimals: 3 }, vec![0.001, 0.5, 2.0]));
    assert_eq!(sheet.to_csv(table).unwrap(), text.replace("1e-3", "0.001"));
}

#[test]
fn ids_and_free_text_are_left_out_and_can_be_kept() {
    let rows = 400;
    let lines = (0..rows).map(|row| {
        // Multiplied by a prime: another order of the numbers 1000 to 1399.
        format!("{row},{},{},{},text {row},{}\n", 1000 + row * 7 % rows, row % 50, 1.5 + f64::from(row), row % 3 + 5)
    });
    let text = "n,person,job_id,x,remark,level\n".to_owned() + &lines.collect::<String>();
    let sheet = sheet(&text);
    let left_out: Vec<&str> = sheet.left_out.iter().map(|out| out.column.as_str()).collect();
    assert_eq!(left_out, ["n", "person", "remark"]);
    assert!(sheet.left_out[1].reason.starts_with("another number in every row: an id"));
    assert_eq!(categories(&sheet.table, "job_id").0.len(), 50, "an id of many rows is a category, not a number");
    assert_eq!(categories(&sheet.table, "job_id").0[..3], ["0", "1", "2"]);
    assert_eq!(numbers(&sheet.table, "x").0, Form::Real { decimals: 1 });
    assert_eq!(numbers(&sheet.table, "level").0, Form::Integer);

    let readings = [("n", Reading::Number), ("remark", Reading::Categories), ("level", Reading::Categories), ("x", Reading::LeaveOut)];
    let options = ReadOptions { readings: readings.map(|(name, reading)| (name.to_owned(), reading)).into(), ..ReadOptions::default() };
    let kept = sheet_with(&text, &options).unwrap();
    assert_eq!(numbers(&kept.table, "n").0, Form::Integer);
    assert_eq!(categories(&kept.table, "remark").0.len(), 400);
    assert_eq!(categories(&kept.table, "level").0, ["5", "6", "7"]);
    assert_eq!(kept.left_out.iter().map(|out| out.column.as_str()).collect::<Vec<_>>(), ["person", "x"]);

    let lines: Vec<String> = (0..3000).map(|row| format!("t{},{}", row % 1200, row % 7)).collect();
    let many = format!("x,y\n{}\n", lines.join("\n"));
    assert!(self::sheet(&many).left_out[0].reason.starts_with("1200 categories, more than 1000"));
}

#[test]
fn words_for_unknown_are_missing_groups_and_come_back() {
    let options = ReadOptions { sensitive: vec!["gender".to_owned()], missing: vec!["k.A.".to_owned()], ..ReadOptions::default() };
    let text = "gender,age,town\nf,31,k.A.\nPrefer not to say,45,Ulm\nm,29,Bonn\n";
    let sheet = sheet_with(text, &options).unwrap();
    assert_eq!(categories(&sheet.table, "gender"), (vec!["f".to_owned(), "m".to_owned()], vec![0, MISSING, 1]));
    assert_eq!(sheet.to_csv(&sheet.table).unwrap(), text);
}

#[test]
fn dates_that_cannot_be_told_are_asked_about() {
    let text = "day,x\n01/02/2026,1\n03/04/2026,2\n01/02/2026,3\n03/04/2026,4\n05/04/2026,5\n";
    let plain = sheet(text);
    assert_eq!(categories(&plain.table, "day").0.len(), 3);
    assert!(plain.notes[0].contains("day and month cannot be told apart"), "{:?}", plain.notes);
    let with = |reading| {
        let options = ReadOptions { readings: [("day".to_owned(), reading)].into(), ..ReadOptions::default() };
        sheet_with(text, &options)
    };
    let american = with(Reading::Date(Some(Order::MonthDayYear))).unwrap();
    let european = with(Reading::Date(Some(Order::DayMonthYear))).unwrap();
    assert_eq!(numbers(&european.table, "day").1[0] - numbers(&american.table, "day").1[0], 30.0, "1 February and 2 January");
    assert!(with(Reading::Date(None)).unwrap_err().to_string().contains("say which comes first"));
    assert!(Reading::WORDS.iter().all(|word| Reading::from_word(word).is_some()) && Reading::from_word("dates").is_none());
}

#[test]
fn bad_tables_are_refused_with_place_and_remedy() {
    let message = |text: &str, readings: &[(&str, Reading)]| {
        let readings = readings.iter().map(|(name, reading)| ((*name).to_owned(), *reading)).collect();
        sheet_with(text, &ReadOptions { readings, ..ReadOptions::default() }).unwrap_err().to_string()
    };
    let infinite = message("x,g\n1,a\n2.5,b\ninf,a\n4,b\n", &[]);
    assert!(infinite.contains("column `x`, data row 3: `inf` is not allowed; a finite number is expected"), "{infinite}");
    let number = message("x,g\n1,a\nlots,b\n", &[("x", Reading::Number)]);
    assert!(number.contains("column `x`, data row 2: `lots` is not allowed"), "{number}");
    let date = message("x,g\n2026-01-02,a\n2026-13-02,b\n", &[("x", Reading::Date(None))]);
    assert!(date.contains("column `x`, data row 2: `2026-13-02` is not allowed; a date is expected"), "{date}");
    assert!(message("x,g\n1,a\n", &[("y", Reading::Number)]).contains("no column `y`"));
    assert!(message("x,g\n,\n;\n", &[]).contains("1 field") || message("x,g\n,\n", &[]).contains("has a header but no rows"));
    assert!(message("x,g\n,\n , \n", &[]).contains("has a header but no rows"));
    assert!(message("id\na\nb\nc\nd\ne\n", &[]).contains("no column is left"));
}

#[test]
fn odd_columns_stay_what_they_are() {
    let sheet = sheet("none,same,half,one\n,7,,x\n,7,1.5,x\n,7,2.5,x\n");
    assert_eq!(categories(&sheet.table, "none"), (vec![], vec![MISSING; 3]));
    assert_eq!(categories(&sheet.table, "same"), (vec!["7".to_owned()], vec![0; 3]));
    assert!(numbers(&sheet.table, "half").1[0].is_nan());
    assert!(sheet.notes.contains(&"column `none` has no value in any row".to_owned()));
    let one = self::sheet("a\n\"\"\n1\n3\n5\n");
    assert_eq!(one.table.rows(), 3, "a row of one empty field is empty");
    assert_eq!(self::sheet("a\n\"7 €\"\n").table.rows(), 1);
}

#[test]
fn roles_are_given_to_a_table_as_to_a_file() {
    let sheet = sheet("gender,age,degree,hired\nf,31,phd,1\nm,,master,0\n,29,,1\n");
    let schema = Schema {
        label: Some(LabelRole { column: "hired".to_owned(), ..LabelRole::default() }),
        sensitive: vec![SensitiveRole { name: "gender".to_owned(), columns: vec!["gender".to_owned()], rule: None }],
        ..Schema::default()
    };
    let data = evenhand_rows::roles::dataset(&sheet.table, "own", &schema).unwrap();
    assert_eq!(data.label.unwrap().values, [1.0, 0.0, 1.0]);
    assert_eq!((data.sensitive[0].levels().len(), data.sensitive[0].unknown_count()), (2, 1));
    let Values::Numeric(age) = &data.features[0].values else { panic!("age is a number") };
    assert!(age[1].is_nan() && age[2] == 29.0);
    assert!(evenhand_rows::roles::dataset(&Table::default(), "none", &schema).is_err());
    let other = sheet.table.select(&[0]);
    assert!(sheet.to_csv(&Table { columns: other.columns[1..].to_vec() }).is_err());
}

#[test]
fn numbers_are_rounded_to_what_can_be_written() {
    assert_eq!(Form::Integer.round(2.5), 3.0);
    assert_eq!(Form::Real { decimals: 2 }.round(12.345_6), 12.35);
    assert_eq!(Form::Real { decimals: 2 }.round(1e300), 1e300);
    assert!(Form::Date.round(-0.2).is_sign_positive());
}

/// The readings that a caller gives who needs numbers of one column alone.
fn all_categories_but(number: &str, others: &[&str]) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.readings.extend(others.iter().map(|name| ((*name).to_owned(), Reading::Categories)));
    options.readings.insert(number.to_owned(), Reading::Number);
    options
}

fn noted(sheet: &Sheet, column: &str, part: &str) -> bool {
    sheet.notes.iter().any(|note| note.starts_with(&format!("column `{column}`")) && note.contains(part))
}

#[test]
fn the_whole_file_tells_how_its_numbers_are_written() {
    let german = "g;s;o\nf;1.234;0,5\nm;2.500;0,25\nf;12;0,75\n";
    let left_out = ReadOptions { readings: [("o".to_owned(), Reading::LeaveOut)].into(), ..ReadOptions::default() };
    for options in [ReadOptions::default(), all_categories_but("s", &["g", "o"]), left_out] {
        let sheet = sheet_with(german, &options).unwrap();
        assert_eq!(numbers(&sheet.table, "s"), (Form::Integer, vec![1234.0, 2500.0, 12.0]));
        assert!(noted(&sheet, "s", "a point was read as the sign between thousands"), "{:?}", sheet.notes);
        assert_eq!(sheet.to_csv(&sheet.table).unwrap().lines().nth(1).unwrap()[..7], *"f;1.234");
    }
    // Decimal points elsewhere: here a comma groups, also where the column with the points is no number column.
    let english = "g;s;o\nf;1,234;0.5\nm;2,500;0.25\nf;12;0.75\n";
    let sheet = sheet_with(english, &all_categories_but("s", &["g", "o"])).unwrap();
    assert_eq!(numbers(&sheet.table, "s").1, [1234.0, 2500.0, 12.0]);
    assert!(noted(&sheet, "s", "a comma was read as the sign between thousands"), "{:?}", sheet.notes);
    // Decimals that cannot be thousands in the column itself: no note.
    let plain = self::sheet("g;s\nf;1.234\nm;0.500\nf;12\n");
    assert_eq!(numbers(&plain.table, "s").1, [1.234, 0.5, 12.0]);
    assert!(!noted(&plain, "s", ""), "{:?}", plain.notes);
    let settled = self::sheet("g;s;o\nf;1.234;0.5\nm;2.500;0.7\nf;12;0.1\n");
    assert_eq!(numbers(&settled.table, "s").1, [1.234, 2.5, 12.0]);
    assert!(!noted(&settled, "s", ""), "{:?}", settled.notes);
}

#[test]
fn what_nothing_settles_is_noted_and_can_be_said() {
    let text = "g;s\nf;1.234\nm;2.500\nf;12\n";
    for options in [ReadOptions::default(), all_categories_but("s", &["g"])] {
        let sheet = sheet_with(text, &options).unwrap();
        assert_eq!(numbers(&sheet.table, "s").1, [1.234, 2.5, 12.0]);
        assert!(noted(&sheet, "s", "the point in `1.234` was read as the sign before decimals"), "{:?}", sheet.notes);
        assert!(noted(&sheet, "s", "(`read` 's=number-comma')"), "{:?}", sheet.notes);
        let mut needed = ReadOptions { settled: vec!["s".to_owned()], ..options };
        let message = sheet_with(text, &needed).unwrap_err().to_string();
        assert!(message.contains("may stand before decimals or between thousands") && message.contains("(`decimal`)"), "{message}");
        needed.settings.file.decimal = Some(',');
        assert_eq!(numbers(&sheet_with(text, &needed).unwrap().table, "s").1, [1234.0, 2500.0, 12.0]);
    }
    let with = |text: &str, word: &str| {
        let readings = [("s".to_owned(), Reading::from_word(word).unwrap())].into();
        sheet_with(text, &ReadOptions { readings, ..ReadOptions::default() })
    };
    let said = with(text, "number-comma").unwrap();
    assert!(numbers(&said.table, "s").1 == [1234.0, 2500.0, 12.0] && !noted(&said, "s", ""), "{said:?}");
    assert_eq!(numbers(&with(text, "number-point").unwrap().table, "s").1, [1.234, 2.5, 12.0]);
    let commas = "g;s\nf;1,234\nm;2,500\nf;12\n";
    assert!(noted(&self::sheet(commas), "s", "the comma in `1,234`") && noted(&self::sheet(commas), "s", "number-point"));
    assert_eq!(numbers(&with(commas, "number-point").unwrap().table, "s").1, [1234.0, 2500.0, 12.0]);
    assert!(with("g;s\nf;1,5\n", "number-point").unwrap_err().to_string().contains("`1,5` is not allowed; a finite number"));
    // Between commas a point stands before decimals.
    assert!(self::sheet("g,s\nf,1.234\nm,2.500\nf,12\n").notes.is_empty());
}

#[test]
fn numbers_that_contradict_each_other_are_both_named() {
    let text = "g;s\nf;1.234\nm;0.5\nf;0,7\nm;3\n";
    let message = sheet_with(text, &all_categories_but("s", &["g"])).unwrap_err().to_string();
    assert!(message.contains("`0.5`") && message.contains("`0,7`") && !message.contains("1.234"), "{message}");
    assert!(
        message.contains("column `s`, data row") && message.contains("(tried: a point before the decimals, a comma before them"),
        "{message}"
    );
    assert!(noted(&sheet(text), "s", "no one way of writing them reads both"), "{:?}", sheet(text).notes);
    // Two files, each in its own way.
    let folder = Folder::new();
    let files = [folder.write("one.csv", "g;s\nf;0.5\nm;0.25\n"), folder.write("two.csv", "g;s\nf;0,5\nm;0,75\n")];
    let both = read(&files, &all_categories_but("s", &["g"])).unwrap();
    assert_eq!(numbers(&both.table, "s").1, [0.5, 0.25, 0.5, 0.75]);
    assert!(noted(&both, "s", "held in several ways are written as in"), "{:?}", both.notes);
    let percent = sheet_with("g;s\nf;50%\nm;75\n", &all_categories_but("s", &["g"])).unwrap_err().to_string();
    assert!(percent.contains("`50%` is not allowed") && percent.contains("without its percent sign"), "{percent}");
    let other = sheet_with("g;s\nf;50x\nm;75\n", &all_categories_but("s", &["g"])).unwrap_err().to_string();
    assert!(!other.contains("percent"), "{other}");
}

#[test]
fn what_few_rows_hold_does_not_stay() {
    // 1000 rows: 480 surnames of 2 or 3 rows; towns of which the last three are held by 4, 3 and 1; a flag and a truth value seldom true.
    let lines: Vec<String> = (0..1000)
        .map(|row| {
            let town = match row {
                0..=3 => "Xanten",
                4..=6 => "(other)",
                7 => "Zons",
                _ => ["Aachen", "Bonn", "Celle", "Dessau"][row % 4],
            };
            format!("{},surname {},{town},{},{}", ["f", "m"][row % 2], row % 480, u8::from(row < 3), ["no", "yes"][usize::from(row < 10)])
        })
        .collect();
    let text = format!("gender,surname,town,hired,dean\n{}\n", lines.join("\n"));
    let sheet = sheet(&text);
    assert_eq!(sheet.left_out.len(), 1);
    assert_eq!(sheet.left_out[0].column, "surname");
    let reason = &sheet.left_out[0].reason;
    assert!(reason.starts_with("1000 of 1000 rows hold a category that fewer than 5 rows have (480 of 480 categories)"), "{reason}");
    let (towns, codes) = categories(&sheet.table, "town");
    assert_eq!(towns, ["(other)", "Aachen", "Bonn", "Celle", "Dessau"]);
    assert!(codes[..8].iter().all(|&code| code == 0) && codes[8..].iter().all(|&code| code != 0));
    assert!(noted(&sheet, "town", "2 of 7 categories, each held by fewer than 5 rows (5 of 1000 rows), were joined into `(other)`"));
    assert_eq!((categories(&sheet.table, "hired").0.len(), categories(&sheet.table, "dean").0.len()), (2, 2));
    assert_eq!(sheet.notes.len(), 1, "{:?}", sheet.notes);

    // As asked where it is said.
    let named = ReadOptions { sensitive: vec!["surname".to_owned()], ..all_categories_but("hired", &["town"]) };
    let kept = sheet_with(&text, &named).unwrap();
    assert_eq!((categories(&kept.table, "surname").0.len(), categories(&kept.table, "town").0.len()), (480, 7));
    assert!(kept.notes.is_empty() && kept.left_out.is_empty());

    // A new category comes last; fewer than 50 rows are too few to tell.
    let town = |row: usize| if row == 7 { "Zons" } else { ["Aachen", "Bonn"][row % 2] };
    let of = |rows: usize| (0..rows).fold("town,x\n".to_owned(), |text, row| text + &format!("{},{}.5\n", town(row), row % 9));
    assert_eq!(categories(&self::sheet(&of(50)).table, "town").0, ["Aachen", "Bonn", "(other)"]);
    assert_eq!(categories(&self::sheet(&of(49)).table, "town").0, ["Aachen", "Bonn", "Zons"]);
}

#[test]
fn rows_that_leave_as_they_came_are_not_guarded() {
    // As a file to learn from, the ages are an id and the three `yes` are joined with nobody's.
    let mut text = "age;hired;score\n".to_owned();
    for row in 0..80 {
        let (hired, tail) = (if row < 3 { "yes" } else { "no" }, if row % 2 == 0 { "50" } else { "5" });
        writeln!(text, "{};{hired};{row},{tail}", 18 + row).unwrap();
    }
    let learned = sheet(&text);
    assert!(learned.left_out.iter().any(|left| left.column == "age"), "{:?}", learned.left_out);
    let options = ReadOptions { carried: true, ..ReadOptions::default() };
    let mut carried = sheet_with(&text, &options).unwrap();
    assert!(carried.left_out.is_empty(), "{:?}", carried.left_out);
    assert_eq!(numbers(&carried.table, "age").1[79], 97.0);
    let Cells::Categories { levels, .. } = &carried.table.columns[1].cells else { panic!("{carried:?}") };
    assert_eq!(levels, &["no", "yes"]);
    assert_eq!(numbers(&carried.table, "score").1[..2], [0.5, 1.5]);
    carried.restore_texts();
    assert_eq!(carried.to_csv(&carried.table).unwrap(), text);
}

#[test]
fn a_column_that_must_be_complete_names_file_and_row() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<String> = [("one.csv", "s\n1\n2\n"), ("two.csv", "s\n3\nn/a\n5\n")]
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        })
        .into();
    let options = ReadOptions { complete: vec!["s".to_owned()], ..ReadOptions::default() };
    let message = read(&files, &options).unwrap_err().to_string();
    assert!(message.contains("two.csv`, column `s`, data row 2: a missing value"), "{message}");
}

#[test]
fn one_text_among_numbers_is_an_error_and_percent_and_currency_are_read() {
    let mut text = "s;p;d\n".to_owned();
    for row in 0..60 {
        let score = if row == 41 { "abc".to_owned() } else { format!("{row},5") };
        writeln!(text, "{score};{row},1 %;${row}.7").unwrap();
    }
    let message = sheet_with(&text, &ReadOptions::default()).unwrap_err().to_string();
    assert!(message.contains("column `s`, data row 42: `abc`") && message.contains("59 of 60 rows"), "{message}");
    let read = sheet(&text.replace("abc", "0,25"));
    for (column, first) in [(1, 0.1), (2, 0.7)] {
        let Cells::Numbers { values, .. } = &read.table.columns[column].cells else { panic!("{:?}", read.table.columns[column]) };
        assert_eq!(values[0], first);
    }
    assert!(read.to_csv(&read.table).unwrap().contains("0,1 %;$0.7"));
}

//! Files of every kind give the same rows, read at once or in parts.

use std::fmt::Write as _;
use std::io::Write as _;

use evenhand_data::table::{self, Encoding, FileOptions, ScoreRoles, Separator, TableSettings};
use evenhand_rows::SensitiveRole;

use crate::table::Folder;

/// The rows that every file below holds.
const EXPECTED: &str = "id,group,score\n1,Männer,0.5\n2,Frauen,0.25\n3,Männer,1\n4,Frauen,0.75\n";

fn cells(file: &str, options: &FileOptions) -> Result<String, String> {
    table::rows_as_csv(&[file.to_owned()], &[0, 1, 2, 3, 4], options).map(|(text, _)| text).map_err(|error| error.to_string())
}

/// The rows as plain CSV, whatever the look of the file.
fn plain(file: &str) -> String {
    let text = cells(file, &FileOptions::default()).unwrap();
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace([';', '\t', '|'], ",")
}

fn roles() -> ScoreRoles {
    let group = SensitiveRole { name: "group".to_owned(), columns: vec!["group".to_owned()], rule: None };
    ScoreRoles { score: "score".to_owned(), groups: vec![group], ..ScoreRoles::default() }
}

/// Values and notes read at once and in parts must be the same.
fn both_ways(file: &str) -> (Vec<f64>, Vec<String>) {
    let files = [file.to_owned()];
    let whole = table::read_scores(&files, &roles(), &TableSettings::default()).unwrap();
    let mut stream = table::stream_scores(&files, &roles(), &TableSettings::default()).unwrap();
    let scores: Vec<f64> = stream.by_ref().flat_map(|chunk| chunk.unwrap().scores).collect();
    assert_eq!(whole.scores, scores, "{file}");
    assert_eq!(whole.provenance.files, stream.digests(), "{file}");
    let mut notes = whole.provenance.notes;
    notes.sort();
    assert_eq!(notes, stream.notes(), "{file}");
    (scores, notes)
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// A workbook with a title on its first sheet and the rows on the second one if `second`.
fn workbook(rows: &str, second: bool) -> Vec<u8> {
    let cell = |text: &str| match text.parse::<f64>() {
        Ok(number) => format!("<c><v>{number}</v></c>"),
        Err(_) => format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"),
    };
    let rows: Vec<String> = rows.lines().map(|row| format!("<row>{}</row>", row.split(',').map(cell).collect::<String>())).collect();
    let rows = rows.concat();
    let (first, other) = if second { (String::new(), rows) } else { (rows, String::new()) };
    book(&first, &other)
}

/// A workbook of two sheets; cells of the style 1 are shown as percent.
pub(crate) fn book(first: &str, other: &str) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let sheet = |rows: &str| format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
    let styles = format!("<styleSheet xmlns=\"{main}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"9\"/></cellXfs></styleSheet>");
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Cover\" sheetId=\"1\" r:id=\"rId1\"/>\
         <sheet name=\"Data\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
    );
    let links = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
         <Relationship Id=\"rId2\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet2.xml\"/></Relationships>"
    );
    let root = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    zip(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet(first).as_bytes()),
        ("xl/worksheets/sheet2.xml", sheet(other).as_bytes()),
    ])
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn json_lines() -> String {
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{{\"id\": {}.0, \"group\": \"{}\", \"score\": {}}}\n", fields[0], fields[1], fields[2])
    };
    EXPECTED.lines().skip(1).map(row).collect()
}

#[test]
fn a_total_is_proven_by_all_rows_however_many_parts_they_come_in() {
    let folder = Folder::new();
    let count = 700_000;
    let mut text = "id,group,score\n".to_owned();
    for row in 0..count {
        writeln!(text, "{row},{},0.5", row % 2).unwrap();
    }
    let file = folder.write("total.csv", format!("{text}Total,,{}\n", count / 2));
    let (scores, notes) = both_ways(&file);
    assert!(scores.len() == count && notes.concat().contains("which was left out"), "{notes:?}");
    let file = folder.write("person.csv", format!("{text}Total,1,0.25\n"));
    let (scores, notes) = both_ways(&file);
    assert!(scores.len() == count + 1 && notes.concat().contains("it counts as a row"), "{notes:?}");
}

#[test]
fn every_kind_of_file_gives_the_same_rows() {
    let folder = Folder::new();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("plain.csv", EXPECTED.into()),
        ("semicolon.csv", EXPECTED.replace(',', ";").into()),
        ("pipe.csv", EXPECTED.replace(',', "|").into()),
        ("tab.tsv", EXPECTED.replace(',', "\t").into()),
        ("mark.csv", format!("\u{feff}\"id\"{}", &EXPECTED[2..]).into()),
        ("old_mac.csv", EXPECTED.replace('\n', "\r").into()),
        ("windows.csv", EXPECTED.replace('\n', "\r\n").into()),
        ("latin1.csv", windows_1252(EXPECTED)),
        ("utf16_mark.csv", utf16(&format!("\u{feff}{EXPECTED}"))),
        ("utf16.csv", utf16(EXPECTED)),
        ("packed.csv.gz", gzip(EXPECTED.as_bytes())),
        ("packed.zip", zip(&[("folder/plain.csv", EXPECTED.as_bytes())])),
        ("lines.jsonl", json_lines().into()),
        ("list.json", format!("[{}]", json_lines().trim_end().replace('\n', ",")).into()),
        ("packed.jsonl.gz", gzip(json_lines().as_bytes())),
        ("first.xlsx", workbook(EXPECTED, false)),
        ("second.xlsx", workbook(EXPECTED, true)),
        ("title.csv", format!("Export,,\nGenerated 2026-11-01,,\n,,\n{EXPECTED}").into()),
        ("total.csv", format!("{EXPECTED},,\nTotal,,2.5\n").into()),
    ];
    for (name, bytes) in files {
        let file = folder.write(name, bytes);
        assert_eq!(plain(&file), EXPECTED, "{name}");
        assert_eq!(table::columns(std::slice::from_ref(&file), &FileOptions::default()).unwrap(), ["id", "group", "score"], "{name}");
        assert_eq!(both_ways(&file).0, [0.5, 0.25, 1.0, 0.75], "{name}");
    }
}

#[test]
fn what_was_found_is_told() {
    let folder = Folder::new();
    let told = |name: &str, bytes: Vec<u8>| both_ways(&folder.write(name, bytes)).1.join("; ");
    assert!(told("latin1.csv", windows_1252(EXPECTED)).contains("`latin1.csv` is read as Windows-1252"));
    assert!(told("second.xlsx", workbook(EXPECTED, true)).contains("`Cover`, `Data`; `Data` was read"));
    let title = told("title.csv", format!("Export,,\n,,\n{EXPECTED}").into());
    assert!(title.contains("the 2 lines above the header (`Export`) were skipped"), "{title}");
    let total = told("total.csv", format!("{EXPECTED},,\nTotal,,2.5\n").into());
    assert!(total.contains("data row 6 begins with `Total`") && total.contains("(`total.csv`, data row 5)"), "{total}");
    let empty = told("empty.csv", EXPECTED.replace("2,Frauen", ",,\n2,Frauen").into());
    assert!(empty.contains("1 of 5 rows are empty in every column and were skipped (`empty.csv`, data row 2)"), "{empty}");
    assert!(told("text.json", EXPECTED.into()).contains("`text.json` is text by its bytes"));
}

#[test]
fn rows_after_an_empty_one_keep_their_number() {
    let folder = Folder::new();
    let file = folder.write("rows.csv", "id,group,score\n1,f,0.5\n,,\n2,m,7\n");
    let whole = table::read_scores(std::slice::from_ref(&file), &roles(), &TableSettings::default()).unwrap_err().to_string();
    let mut stream = table::stream_scores(&[file], &roles(), &TableSettings::default()).unwrap();
    assert!(whole.contains("data row 3: `7`"), "{whole}");
    assert_eq!(stream.find_map(Result::err).unwrap().to_string(), whole);
}

#[test]
fn a_row_with_a_value_in_an_unwanted_column_is_kept() {
    let folder = Folder::new();
    let file = folder.write("rows.csv", "id,group,score\n1,f,0.5\n2,,\n");
    let told = table::read_scores(&[file], &roles(), &TableSettings::default()).unwrap_err().to_string();
    assert!(told.contains("data row 2: a missing value"), "{told}");
}

#[test]
fn settings_overrule_what_would_be_found() {
    let folder = Folder::new();
    let file = folder.write("rows.csv", "x\n\nid;a,b\n1;2\n");
    let options = FileOptions { skip_lines: Some(2), separator: Some(Separator::Comma), ..FileOptions::default() };
    let told = cells(&file, &options).unwrap_err();
    assert!(told.contains("`separator`") && told.contains("data row 1: 1 fields where the header names 2"), "{told}");
    let options = FileOptions { skip_lines: Some(2), ..FileOptions::default() };
    assert_eq!(cells(&file, &options).unwrap(), "id;a,b\n1;2\n");
    let file = folder.write("polish.csv", b"id,group\n1,m\xEA\xBFczyzna\n");
    assert!(cells(&file, &FileOptions::default()).unwrap_err().contains("data row 1: the text is not UTF-8"));
    let options = FileOptions { encoding: Some(Encoding::Windows1252), ..FileOptions::default() };
    assert_eq!(cells(&file, &options).unwrap(), "id,group\n1,mê¿czyzna\n");
    let file = folder.write("book.xlsx", workbook(EXPECTED, true));
    let options = FileOptions { worksheet: Some("Daten".to_owned()), ..FileOptions::default() };
    assert!(cells(&file, &options).unwrap_err().contains("no worksheet `Daten`; it holds `Cover`, `Data`"));
}

#[test]
fn an_encoding_that_shows_late_is_read_and_refused_alike_both_ways() {
    let folder = Folder::new();
    let mut text = String::from("id,group,score\n");
    for row in 0..600_000 {
        let _ = writeln!(text, "{row:07},f,0.5");
    }
    let late = folder.write("late.csv", [text.as_bytes(), b"x,M\xE4nner,0.5\n"].concat());
    let (scores, notes) = both_ways(&late);
    assert_eq!(scores.len(), 600_001);
    assert!(notes.iter().any(|note| note.contains("Windows-1252")), "{notes:?}");
    let mixed = folder.write("mixed.csv", [text.as_bytes(), "x,Männer,0.5\n".as_bytes(), b"y,M\xE4nner,0.5\n"].concat());
    let whole = table::read_scores(std::slice::from_ref(&mixed), &roles(), &TableSettings::default()).unwrap_err().to_string();
    let mut stream = table::stream_scores(&[mixed], &roles(), &TableSettings::default()).unwrap();
    assert!(whole.contains("data row 600002: the text is not UTF-8"), "{whole}");
    assert_eq!(stream.find_map(Result::err).unwrap().to_string(), whole);
}

#[test]
fn other_kinds_of_files_are_refused_by_their_name() {
    let folder = Folder::new();
    for (bytes, words) in [
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more".to_vec(), "old Excel"),
        (b"BZh91AY&SY\x00".to_vec(), "compressed with bzip2"),
        (b"\x89PNG\r\n\x1A\n\0".to_vec(), "a picture (PNG)"),
        (b"<html><table>".to_vec(), "a web page"),
        (gzip(b"X\n\0\0\0\x03\0"), "a file of R (.rds)"),
        (zip(&[("a.csv", b"a"), ("b.csv", b"b")]), "an archive of several files (`a.csv`, `b.csv`)"),
        (b"a\0b\0\0\0c,d\n".to_vec(), "it holds zero bytes"),
    ] {
        let told = cells(&folder.write("own.csv", bytes), &FileOptions::default()).unwrap_err();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn wide_tables_are_read() {
    let folder = Folder::new();
    let names: Vec<String> = (0..20_000).map(|column| format!("c{column}")).collect();
    let row = vec!["0.5"; 20_000].join(",");
    let file = folder.write("wide.csv", format!("group,score,{}\nf,0.5,{row}\nm,1,{row}\n", names.join(",")));
    assert_eq!(both_ways(&file).0, [0.5, 1.0]);
}

#[test]
fn a_damaged_parquet_file_is_refused_or_read_and_never_ends_the_program() {
    use parquet::basic::{BrotliLevel, Compression};
    use std::sync::Arc;
    let folder = Folder::new();
    let ids = Arc::new(arrow_array::Int64Array::from_iter_values(0..200)) as arrow_array::ArrayRef;
    let groups = Arc::new(arrow_array::StringArray::from_iter_values((0..200).map(|row| ["f", "m"][row % 2]))) as arrow_array::ArrayRef;
    let batch = arrow_array::RecordBatch::try_from_iter([("id", ids), ("group", groups)]).unwrap();
    for compression in [Compression::UNCOMPRESSED, Compression::LZ4_RAW, Compression::BROTLI(BrotliLevel::default())] {
        let properties = parquet::file::properties::WriterProperties::builder().set_compression(compression).build();
        let mut whole = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut whole, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let file = folder.write("whole.parquet", &whole);
        assert!(cells(&file, &FileOptions::default()).unwrap().starts_with("id,group\n0,f\n1,m\n"));
        for at in (4..whole.len() - 8).step_by(3) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xFF;
            let file = folder.write("damaged.parquet", &damaged);
            if let Err(told) = cells(&file, &FileOptions::default()) {
                assert!(!told.is_empty());
            }
        }
    }
}

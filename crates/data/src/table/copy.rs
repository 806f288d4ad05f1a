//! Rows and headers as they stand in the files, before any role.

use arrow_array::Array;

use super::options::FileOptions;
use super::raw::{Cells, RawTable, Wanted};
use super::{TableSettings, files};
use crate::DataError;

/// Names of the columns of the first file.
pub fn columns(files: &[String], options: &FileOptions) -> Result<Vec<String>, DataError> {
    let sources = files::resolve(files)?;
    let Some(first) = sources.first() else { return Err(DataError::NoFiles) };
    RawTable::names_of(first, options)
}

/// The files that names and patterns stand for.
pub fn paths(files: &[String]) -> Result<Vec<std::path::PathBuf>, DataError> {
    Ok(files::resolve(files)?.into_iter().map(|source| source.path).collect())
}

/// The chosen rows (counted from 0 over all files, ascending) with all their columns, as CSV with a header: separator, byte order mark and
/// line ends are those of the first file where it is a text, else those of plain CSV, and numbers are written as there. Lines around the table
/// are not copied. With the text comes its separator.
pub fn rows_as_csv(files: &[String], rows: &[usize], options: &FileOptions) -> Result<(String, char), DataError> {
    let settings = TableSettings { file: options.clone(), filter: Vec::new() };
    let mut table = settings.read(&files::resolve(files)?, Wanted::All)?;
    table.write_alike(|_| None)?;
    let look = table.look();
    let line_end = if look.carriage_return { "\r\n" } else { "\n" };
    let separator = char::from(look.separator);
    let mut text = if look.byte_order_mark { "\u{feff}".to_owned() } else { String::new() };
    push_record(&mut text, table.names.iter().map(String::as_str), separator, line_end);
    let mut wanted = rows.iter().copied().peekable();
    let mut before = 0;
    for batch in &table.batches {
        while let Some(row) = wanted.next_if(|&row| row < before + batch.rows) {
            let fields: Vec<String> = batch.columns.iter().map(|cells| field(cells, row - before)).collect();
            push_record(&mut text, fields.iter().map(String::as_str), separator, line_end);
        }
        before += batch.rows;
    }
    Ok((text, separator))
}

/// The text of a row, empty where it is missing.
pub(super) fn field(cells: &Cells, row: usize) -> String {
    match cells {
        Cells::Text(texts) | Cells::Mixed { texts, .. } if texts.is_null(row) => String::new(),
        Cells::Text(texts) | Cells::Mixed { texts, .. } => texts.value(row).to_owned(),
        Cells::Number(numbers) if numbers.is_null(row) => String::new(),
        Cells::Number(numbers) => numbers.value(row).to_string(),
    }
}

/// One line of CSV; a field with a separator, a quote or a line end stands in quotes.
pub(crate) fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    push_record(&mut text, fields, ',', "\n");
    text
}

fn push_record<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>, separator: char, line_end: &str) {
    for (position, field) in fields.enumerate() {
        if position > 0 {
            text.push(separator);
        }
        if field.contains([separator, '"', '\n', '\r']) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
    text.push_str(line_end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_rows_keep_their_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "id,note\n007,\"a, b\"\n8,\n9,\"say \"\"hi\"\"\"\n").unwrap();
        let files = [path.to_string_lossy().into_owned()];
        assert_eq!(columns(&files, &FileOptions::default()).unwrap(), ["id", "note"]);
        assert_eq!(rows_as_csv(&files, &[0, 2], &FileOptions::default()).unwrap().0, "id,note\n007,\"a, b\"\n9,\"say \"\"hi\"\"\"\n");
    }

    #[test]
    fn a_text_keeps_its_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "\u{feff}Export;;\r\nid;note;p\r\n1;a,b;0,5\r\n;;\r\n2;\"x;y\";0,25\r\n3;c;1\r\nTotal;;1,75\r\n").unwrap();
        let files = [path.to_string_lossy().into_owned()];
        let (text, separator) = rows_as_csv(&files, &[0, 1], &FileOptions::default()).unwrap();
        assert_eq!(separator, ';');
        assert_eq!(text, "\u{feff}id;note;p\r\n1;a,b;0,5\r\n2;\"x;y\";0,25\r\n");
    }
}

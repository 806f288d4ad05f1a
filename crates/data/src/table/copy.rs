//! Rows and headers as they stand in the files, before any role.

use arrow_array::Array;

use super::csv::{CsvText, Header};
use super::files::{self, Format};
use super::parquet::ParquetFile;
use super::raw::{Cells, RawTable, Wanted};
use crate::DataError;

/// Names of the columns of the first file.
pub fn columns(files: &[String]) -> Result<Vec<String>, DataError> {
    let sources = files::resolve(files)?;
    let Some(first) = sources.first() else { return Err(DataError::NoFiles) };
    match first.format {
        Format::Csv => Ok(CsvText::open(&first.shown(), &files::bytes(&first.path)?, Header::FirstLine, None)?.names()),
        Format::Parquet => Ok(ParquetFile::open(&first.path)?.names().to_vec()),
    }
}

/// The files that names and patterns stand for.
pub fn paths(files: &[String]) -> Result<Vec<std::path::PathBuf>, DataError> {
    Ok(files::resolve(files)?.into_iter().map(|source| source.path).collect())
}

/// The chosen rows (counted from 0 over all files, ascending) with all their columns, as CSV with a header.
pub fn rows_as_csv(files: &[String], rows: &[usize]) -> Result<String, DataError> {
    let table = RawTable::read(&files::resolve(files)?, Wanted::All)?;
    let mut text = record(table.names.iter().map(String::as_str));
    let mut wanted = rows.iter().copied().peekable();
    let mut before = 0;
    for batch in &table.batches {
        while let Some(row) = wanted.next_if(|&row| row < before + batch.rows) {
            let fields: Vec<String> = batch.columns.iter().map(|cells| field(cells, row - before)).collect();
            text.push_str(&record(fields.iter().map(String::as_str)));
        }
        before += batch.rows;
    }
    Ok(text)
}

fn field(cells: &Cells, row: usize) -> String {
    match cells {
        Cells::Text(texts) if texts.is_null(row) => String::new(),
        Cells::Text(texts) => texts.value(row).to_owned(),
        Cells::Number(numbers) if numbers.is_null(row) => String::new(),
        Cells::Number(numbers) => numbers.value(row).to_string(),
    }
}

/// One line of CSV; a field with a separator, a quote or a line end stands in quotes.
pub(crate) fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let quoted = |field: &str| {
        if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
    };
    fields.map(quoted).collect::<Vec<_>>().join(",") + "\n"
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
        assert_eq!(columns(&files).unwrap(), ["id", "note"]);
        assert_eq!(rows_as_csv(&files, &[0, 2]).unwrap(), "id,note\n007,\"a, b\"\n9,\"say \"\"hi\"\"\"\n");
    }
}

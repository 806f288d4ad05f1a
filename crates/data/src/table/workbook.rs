//! A worksheet of an Excel workbook (xlsx) as the text of a CSV file, so that titles, empty rows and totals are treated as in one.
//!
//! Each cell is written as what it holds, not as it is shown: numbers in full, whole ones without decimals, dates and times as ISO 8601
//! writes them, truth values as `true` and `false`. A formula counts as the value that the program stored for it; an error such as `#N/A`
//! as its sign. A cell that was merged with those below it holds for all of their rows, as it does for whoever looks at it; cells merged over
//! several columns are titles and stand once.

use std::io::Cursor;

use calamine::{DataRef, Reader as _, SheetType, Xlsx};

use super::options::FileOptions;
use super::packed::MOST_BYTES;
use super::{record, typed};
use crate::DataError;

/// A cell that holds something: row, column, text.
type Filled = (u32, u32, String);

/// The worksheet as text, and what there is to tell: that there are several, that cells were merged.
pub(crate) fn as_text(file: &str, name: &str, bytes: &[u8], options: &FileOptions) -> Result<(Vec<u8>, Vec<String>), DataError> {
    let broken =
        |reason: String| DataError::NotTable { file: file.to_owned(), kind: "xlsx", reason: format!("{reason}; save it again, or as CSV") };
    typed::without_panic(|| {
        let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
        let sheets: Vec<String> =
            workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.clone()).collect();
        let known = sheets.iter().map(|sheet| format!("`{sheet}`")).collect::<Vec<_>>().join(", ");
        let mut read = |sheet: &str| cells(&mut workbook, sheet).map_err(|error| broken(format!("worksheet `{sheet}`: {error}")));
        if let Some(wanted) = &options.worksheet {
            let missing = || DataError::NoWorksheet { file: file.to_owned(), worksheet: wanted.clone(), known: known.clone() };
            let sheet = sheets.iter().find(|sheet| *sheet == wanted).ok_or_else(missing)?;
            let (cells, merged) = read(sheet)?;
            if cells.is_empty() {
                return Err(broken(format!("the worksheet `{sheet}` is empty")));
            }
            return Ok((written(&cells).map_err(broken)?, Vec::from_iter(note_of_merged(name, merged))));
        }
        // A cover or a legend in one column is no table where another worksheet may be one.
        let mut found: Option<(&String, Vec<Filled>, usize)> = None;
        for sheet in &sheets {
            let (cells, merged) = read(sheet)?;
            let is_table = is_table(&cells);
            if is_table || found.is_none() && !cells.is_empty() {
                found = Some((sheet, cells, merged));
            }
            if is_table {
                break;
            }
        }
        let Some((sheet, cells, merged)) = found else { return Err(DataError::EmptyFile { file: file.to_owned() }) };
        let note =
            (sheets.len() > 1).then(|| format!("`{name}` holds the worksheets {known}; `{sheet}` was read (name another as `worksheet`)"));
        Ok((written(&cells).map_err(broken)?, note.into_iter().chain(note_of_merged(name, merged)).collect()))
    })
    .unwrap_or_else(|reason| Err(broken(reason)))
}

fn note_of_merged(name: &str, merged: usize) -> Option<String> {
    let note = || format!("`{name}`: {merged} cells were merged with the one above them and hold what it holds");
    (merged > 0).then(note)
}

/// The cells that hold something, in the order of the rows, and how many of them are parts of merged ones.
fn cells(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<(Vec<Filled>, usize), calamine::XlsxError> {
    let mut reader = workbook.worksheet_cells_reader(sheet)?;
    let mut cells = Vec::new();
    while let Some(cell) = reader.next_cell()? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if !text.trim().is_empty() {
            cells.push((row, column, text));
        }
    }
    drop(reader);
    cells.sort_by_key(|(row, column, _)| (*row, *column));
    let before = cells.len();
    let last = cells.last().map_or(0, |cell| cell.0);
    for region in workbook.merge_cells_by_sheet_name(sheet).unwrap_or_default() {
        let ((from, column), (to, end)) = (region.start, region.end);
        let held = cells[..before].binary_search_by_key(&(from, column), |(row, column, _)| (*row, *column));
        if let Ok(held) = held
            && column == end
        {
            let text = cells[held].2.clone();
            cells.extend((from + 1..=to.min(last)).map(|row| (row, column, text.clone())));
        }
    }
    // What a cell holds itself stands first.
    cells.sort_by_key(|(row, column, _)| (*row, *column));
    cells.dedup_by_key(|(row, column, _)| (*row, *column));
    let merged = cells.len() - before;
    Ok((cells, merged))
}

/// Whether cells stand in more than one row and in more than one column.
fn is_table(cells: &[Filled]) -> bool {
    let several = |place: fn(&Filled) -> u32| cells.iter().any(|cell| place(cell) != place(&cells[0]));
    several(|cell| cell.0) && several(|cell| cell.1)
}

fn text_of(value: &DataRef) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::Error(error) => error.to_string(),
        DataRef::DateTime(date) if date.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
            let day = format!("{year:04}-{month:02}-{day:02}");
            let time = format!("{hour:02}:{minute:02}:{second:02}");
            match (hour, minute, second, milli) {
                (0, 0, 0, 0) => day,
                // A time without a day has the day before the calendar begins.
                _ if date.as_f64().abs() < 1.0 => time,
                (.., 0) => format!("{day}T{time}"),
                _ => format!("{day}T{time}.{milli:03}"),
            }
        }
        DataRef::DateTime(duration) => duration.as_f64().to_string(),
    }
}

/// The cells as CSV, from the first row and column that hold something; rows in between that hold nothing are written as empty fields.
fn written(cells: &[Filled]) -> Result<Vec<u8>, String> {
    let rows = cells.first().map_or(0, |cell| cell.0)..=cells.last().map_or(0, |cell| cell.0);
    let first = cells.iter().map(|cell| cell.1).min().unwrap_or(0);
    let width = (cells.iter().map(|cell| cell.1).max().unwrap_or(0) - first) as usize + 1;
    let length = u64::from(rows.end() - rows.start() + 1) * width as u64;
    if length > MOST_BYTES {
        return Err(format!("its cells lie so far apart that {length} fields would stand between them"));
    }
    let mut text = Vec::new();
    let mut cells = cells.iter().peekable();
    for row in rows {
        let mut fields = vec![""; width];
        while let Some((_, column, value)) = cells.next_if(|cell| cell.0 == row) {
            fields[(column - first) as usize] = value;
        }
        if width == 1 && fields[0].is_empty() {
            text.extend_from_slice(b"\"\"\n");
        } else {
            text.extend_from_slice(record(fields.into_iter()).as_bytes());
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{ExcelDateTime, ExcelDateTimeType};

    #[test]
    fn cells_become_what_they_hold() {
        let date = |days: f64| text_of(&DataRef::DateTime(ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false)));
        assert_eq!(date(45_943.0), "2025-10-13");
        assert_eq!(date(45_943.5), "2025-10-13T12:00:00");
        assert_eq!(date(0.75), "18:00:00");
        assert_eq!(text_of(&DataRef::Float(3.0)), "3");
        assert_eq!(text_of(&DataRef::Float(0.1)), "0.1");
        assert_eq!(text_of(&DataRef::Bool(true)), "true");
    }

    #[test]
    fn cells_far_apart_are_refused_before_they_are_written() {
        let cell = |row: u32, column: u32| (row, column, "x".to_owned());
        assert_eq!(written(&[cell(2, 3), cell(2, 4), cell(4, 3)]).unwrap(), b"x,x\n,\nx,\n");
        assert!(written(&[cell(0, 0), cell(1_048_575, 16_383)]).unwrap_err().contains("so far apart"));
    }
}

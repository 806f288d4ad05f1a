//! A worksheet of an Excel workbook (xlsx) as the text of a CSV file, so that titles, empty rows and totals are treated as in one.
//!
//! Each cell is written as what it holds, not as it is shown: numbers in full, whole ones without decimals, dates and times as ISO 8601
//! writes them, truth values as `true` and `false`. Only a column whose numbers are all shown as percent is written so, as its export is. Numbers
//! stay numbers beside their texts ([`Made::type_cells`]). A formula counts as the value that the program stored for it; an error such as `#N/A`
//! as its sign. A cell that was merged with those below it holds for all of their rows, as it does for whoever looks at it; cells merged over
//! several columns are titles and stand once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use arrow_array::{Array, Float64Array};
use calamine::{DataRef, Reader as _, SheetType, Xlsx};
use evenhand_catalog::limits::check_unfolding;

use super::csv::Record;
use super::options::FileOptions;
use super::raw::Cells;
use super::text::TextRows;
use super::{record, typed};
use crate::DataError;
use crate::notation::in_percent;

/// Fields of a sheet of which no ratio is asked.
const FREE_FIELDS: u64 = 64 << 20;
/// Fields for a cell that holds something.
const MOST_RATIO: u64 = 100;

/// A cell that holds something.
#[derive(Debug, Clone, PartialEq)]
struct Filled {
    row: u32,
    column: u32,
    text: String,
    number: Option<f64>,
    /// Whether its format shows a percent sign.
    percent: bool,
}

impl Filled {
    fn place(&self) -> (u32, u32) {
        (self.row, self.column)
    }
}

/// Numbers of a column of the worksheet: the record of each in the text, in their order.
#[derive(Debug, Default)]
struct Numbers {
    numbers: Vec<(usize, f64)>,
    percent: bool,
}

/// A worksheet as text.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) text: Vec<u8>,
    /// What there is to tell: that there are several worksheets, that cells were merged, that percent signs were not heeded.
    pub(crate) notes: Vec<String>,
    columns: Vec<Numbers>,
}

impl Made {
    fn new(name: &str, mut cells: Vec<Filled>, merged: usize, note: Option<String>) -> Result<Self, String> {
        let mut notes: Vec<String> = note.into_iter().chain(note_of_merged(name, merged)).collect();
        notes.extend(settle_percent(name, &mut cells));
        let text = written(&cells)?;
        let top = cells.first().map_or(0, |cell| cell.row);
        let left = cells.iter().map(|cell| cell.column).min().unwrap_or(0);
        let mut columns: Vec<Numbers> = Vec::new();
        for cell in &cells {
            let column = (cell.column - left) as usize;
            columns.resize_with(columns.len().max(column + 1), Numbers::default);
            if let Some(number) = cell.number {
                columns[column].numbers.push(((cell.row - top) as usize, number));
                columns[column].percent |= cell.percent;
            }
        }
        Ok(Made { text, notes, columns })
    }

    /// Puts the numbers beside the texts of the rows that were read from the text.
    pub(crate) fn type_cells(&self, rows: &mut TextRows) {
        let mut first = 0;
        let mut at = 0;
        while let Some(record) = Record::next(&self.text[..rows.body], at, b',') {
            (first, at) = (first + 1, record.next);
        }
        for part in &mut rows.parts {
            let records: Vec<usize> = match &part.kept {
                Some(kept) => kept.iter().map(|place| first + place).collect(),
                None => (first..first + part.rows).collect(),
            };
            first += part.rows;
            for (cells, &place) in part.columns.iter_mut().zip(&rows.places) {
                let Some(Numbers { numbers, percent }) = self.columns.get(place) else { continue };
                let number =
                    |record: &usize| numbers.binary_search_by_key(record, |(record, _)| *record).ok().map(|found| numbers[found].1);
                let numbers: Float64Array = records.iter().map(number).collect();
                if let Cells::Text(texts) = cells
                    && numbers.null_count() < numbers.len()
                {
                    *cells = Cells::Mixed { texts: texts.clone(), numbers, percent: *percent };
                }
            }
        }
    }
}

/// Reads the numbers of a column as percent where all of them below its first cell are shown so; tells where only some are.
fn settle_percent(name: &str, cells: &mut [Filled]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut columns: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, cell) in cells.iter().enumerate() {
        columns.entry(cell.column).or_default().push(place);
    }
    for places in columns.values() {
        let (first, below) = (places[0], &places[1..]);
        let numbers: Vec<usize> = below.iter().copied().filter(|&place| cells[place].number.is_some()).collect();
        let shown = numbers.iter().filter(|&&place| cells[place].percent).count();
        let all = shown > 0 && shown == numbers.len();
        if shown > 0 && !all {
            notes.push(format!(
                "`{name}`, column `{}`: {shown} of {} numbers are shown as percent and the others are not; all are read as they are held, \
                 such as 0.9 for 90%",
                cells[first].text,
                numbers.len()
            ));
        }
        for &place in places {
            let cell = &mut cells[place];
            cell.percent = all && place != first;
            if let Some(number) = cell.number.filter(|_| cell.percent) {
                let number = in_percent(number);
                cell.number = Some(number);
                cell.text = format!("{number}%");
            }
        }
    }
    notes
}

/// Whether a number format shows a percent sign; only its part for positive numbers is looked at.
fn shows_percent(format: &str) -> bool {
    let (mut signs, mut quoted) = (format.chars(), false);
    while let Some(sign) = signs.next() {
        match sign {
            '"' => quoted = !quoted,
            // The next sign stands for itself, or for a width.
            '\\' | '_' | '*' if !quoted => {
                signs.next();
            }
            ';' if !quoted => return false,
            '%' if !quoted => return true,
            _ => {}
        }
    }
    false
}

/// The worksheet as text.
pub(crate) fn as_text(file: &str, name: &str, bytes: &[u8], options: &FileOptions) -> Result<Made, DataError> {
    let broken =
        |reason: String| DataError::NotTable { file: file.to_owned(), kind: "xlsx", reason: format!("{reason}; save it again, or as CSV") };
    typed::without_panic(|| {
        let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
        let sheets: Vec<String> =
            workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).map(|sheet| sheet.name.clone()).collect();
        let known = sheets.iter().map(|sheet| format!("`{sheet}`")).collect::<Vec<_>>().join(", ");
        let mut read =
            |sheet: &str| cells(&mut workbook, sheet, bytes.len() as u64).map_err(|error| broken(format!("worksheet `{sheet}`: {error}")));
        if let Some(wanted) = &options.worksheet {
            let missing = || DataError::NoWorksheet { file: file.to_owned(), worksheet: wanted.clone(), known: known.clone() };
            let sheet = sheets.iter().find(|sheet| *sheet == wanted).ok_or_else(missing)?;
            let (cells, merged) = read(sheet)?;
            if cells.is_empty() {
                return Err(broken(format!("the worksheet `{sheet}` is empty")));
            }
            return Made::new(name, cells, merged, None).map_err(broken);
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
        Made::new(name, cells, merged, note).map_err(broken)
    })
    .unwrap_or_else(|reason| Err(broken(reason)))
}

fn note_of_merged(name: &str, merged: usize) -> Option<String> {
    let note = || format!("`{name}`: {merged} cells were merged with the one above them and hold what it holds");
    (merged > 0).then(note)
}

/// The cells that hold something, in the order of the rows, and how many of them are parts of merged ones.
/// A shared text may stand in very many of them: what is held is counted against the `packed` bytes of the file.
fn cells(workbook: &mut Xlsx<Cursor<&[u8]>>, sheet: &str, packed: u64) -> Result<(Vec<Filled>, usize), String> {
    let mut held = 0;
    let mut hold = |text: &str| {
        held += (text.len() + size_of::<Filled>()) as u64;
        check_unfolding(held, packed).map_err(|limit| limit.to_string())
    };
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|error| error.to_string())?;
    let percents: Vec<bool> =
        reader.styles().iter().map(|style| style.number_format.as_ref().is_some_and(|format| shows_percent(&format.format_code))).collect();
    let mut cells = Vec::new();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|error| error.to_string())? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value());
        if !text.trim().is_empty() {
            hold(&text)?;
            let number = number_of(cell.get_value());
            cells.push(Filled { row, column, text, number, percent: number.is_some() && percents.get(style) == Some(&true) });
        }
    }
    drop(reader);
    cells.sort_by_key(Filled::place);
    let before = cells.len();
    let last = cells.last().map_or(0, |cell| cell.row);
    let mut spread = BTreeSet::new();
    for region in workbook.merge_cells_by_sheet_name(sheet).unwrap_or_default() {
        let ((from, column), (to, end)) = (region.start, region.end);
        let held = cells[..before].binary_search_by_key(&(from, column), Filled::place);
        if let Ok(held) = held
            && column == end
            // A cell is merged once.
            && spread.insert(held)
        {
            let cell = cells[held].clone();
            for row in from + 1..=to.min(last) {
                hold(&cell.text)?;
                cells.push(Filled { row, ..cell.clone() });
            }
        }
    }
    // What a cell holds itself stands first.
    cells.sort_by_key(Filled::place);
    cells.dedup_by_key(|cell| cell.place());
    let merged = cells.len() - before;
    Ok((cells, merged))
}

fn number_of(value: &DataRef) -> Option<f64> {
    match value {
        DataRef::Int(number) => Some(*number as f64),
        DataRef::Float(number) => Some(*number),
        DataRef::DateTime(duration) if !duration.is_datetime() => Some(duration.as_f64()),
        _ => None,
    }
}

/// Whether cells stand in more than one row and in more than one column.
fn is_table(cells: &[Filled]) -> bool {
    let several = |place: fn(&Filled) -> u32| cells.iter().any(|cell| place(cell) != place(&cells[0]));
    several(|cell| cell.row) && several(|cell| cell.column)
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
    let rows = cells.first().map_or(0, |cell| cell.row)..=cells.last().map_or(0, |cell| cell.row);
    let first = cells.iter().map(|cell| cell.column).min().unwrap_or(0);
    let width = (cells.iter().map(|cell| cell.column).max().unwrap_or(0) - first) as usize + 1;
    let length = u64::from(rows.end() - rows.start() + 1) * width as u64;
    if length > FREE_FIELDS && length > MOST_RATIO * cells.len() as u64 {
        return Err(format!("its cells lie so far apart that {length} fields would stand between them"));
    }
    let mut text = Vec::new();
    let mut cells = cells.iter().peekable();
    for row in rows {
        let mut fields = vec![""; width];
        while let Some(cell) = cells.next_if(|cell| cell.row == row) {
            fields[(cell.column - first) as usize] = &cell.text;
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
    fn percent_signs_of_formats_are_seen() {
        for format in ["0%", "0.00%", "[Red]0.0 %;-0%", "0\\ %"] {
            assert!(shows_percent(format), "{format}");
        }
        for format in ["General", "0.00", "0\"%\"", "0\\%", "0;0%", "0_%"] {
            assert!(!shows_percent(format), "{format}");
        }
    }

    #[test]
    fn cells_far_apart_are_refused_before_they_are_written() {
        let cell = |row: u32, column: u32| Filled { row, column, text: "x".to_owned(), number: None, percent: false };
        assert_eq!(written(&[cell(2, 3), cell(2, 4), cell(4, 3)]).unwrap(), b"x,x\n,\nx,\n");
        assert!(written(&[cell(0, 0), cell(1_048_575, 16_383)]).unwrap_err().contains("so far apart"));
    }
}

//! Tables of the page: what a cell can hold, independent of what it is about.

use evenhand_metrics::Estimate;
use serde::Serialize;

use crate::numbers::{decimals, fixed};
use crate::views::tables::Table;

/// A table.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Grid {
    /// Class of the style sheet, where the table is of its own kind.
    pub(crate) class: &'static str,
    /// What it shows; empty when the heading above says it.
    pub(crate) title: String,
    /// Headings that span several columns, each with how many; empty when there are none.
    pub(crate) spans: Vec<(String, usize)>,
    /// The columns.
    pub(crate) columns: Vec<Head>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Numbered remarks.
    pub(crate) notes: Vec<String>,
    /// Remarks without a number.
    pub(crate) remarks: Vec<String>,
}

/// Heading of a column.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Head {
    /// Its text.
    pub(crate) text: String,
    /// A second line.
    pub(crate) sub: String,
    /// True when the column holds numbers.
    pub(crate) number: bool,
}

/// One cell.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Cell {
    /// Its text.
    pub(crate) text: String,
    /// Smaller lines below.
    pub(crate) sub: Vec<String>,
    /// Class of the style sheet.
    pub(crate) class: &'static str,
    /// Number of its remark.
    pub(crate) note: Option<usize>,
    /// A drawing instead of a text.
    pub(crate) svg: String,
}

impl Head {
    /// A heading over words.
    pub(crate) fn words(text: impl Into<String>) -> Self {
        Head { text: text.into(), ..Head::default() }
    }

    /// A heading over numbers.
    pub(crate) fn number(text: impl Into<String>) -> Self {
        Head { text: text.into(), number: true, ..Head::default() }
    }
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// A drawing.
    pub(crate) fn drawing(svg: String) -> Self {
        Cell { svg, ..Cell::default() }
    }

    /// An estimate with this many decimals, its interval on a second line; its reason goes to the notes when it is undefined.
    pub(crate) fn estimate(estimate: &Estimate, places: usize, notes: &mut Notes) -> Self {
        match estimate {
            Estimate::Undefined { undefined } => {
                Cell { text: "undefined".to_owned(), class: "undefined", note: Some(notes.number(undefined)), ..Cell::default() }
            }
            Estimate::Value { value, interval } => {
                let interval =
                    interval.as_ref().map(|interval| format!("[{}, {}]", fixed(interval.low, places), fixed(interval.high, places)));
                Cell { text: fixed(*value, places), sub: interval.into_iter().collect(), ..Cell::default() }
            }
        }
    }
}

/// The decimals that a column of estimates is written with.
pub(crate) fn places<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> usize {
    decimals(estimates.filter_map(Estimate::number))
}

/// Numbered remarks; equal ones share a number.
#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) Vec<String>);

impl Notes {
    /// The number of a remark.
    pub(crate) fn number(&mut self, text: &str) -> usize {
        let known = self.0.iter().position(|known| known == text);
        known.unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        }) + 1
    }
}

impl From<Grid> for minijinja::Value {
    fn from(grid: Grid) -> Self {
        minijinja::value::Serde(grid).into()
    }
}

impl From<Table> for Grid {
    fn from(table: Table) -> Self {
        let columns = table.headers.into_iter().zip(table.right_aligned).map(|(text, number)| Head { text, number, ..Head::default() });
        Grid {
            title: table.title,
            columns: columns.collect(),
            rows: table.rows.into_iter().map(|row| row.into_iter().map(Cell::text).collect()).collect(),
            remarks: table.footnotes,
            ..Grid::default()
        }
    }
}

//! From files to a table of typed columns.

use std::collections::{BTreeMap, BTreeSet};

use evenhand_rows::roles::words::{Categories, Missing};
use evenhand_rows::roles::{Columns, UNKNOWN_GROUP, joined, sorted, unsettled};
use evenhand_rows::{LabelRole, SensitiveRole};

use super::dates::NoDates;
use super::{Cells, Column, DateStyle, Form, Layout, LeftOut, Notation, Order, Sheet, Style, Table, ValueStyle};
use crate::notation::decimals_of;
use crate::table::{RawCells, RawTable, TableSettings, Wanted, resolve};
use crate::{DataError, MISSING};

/// What the caller knows better than the texts tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// Readings that overrule the inferred ones, by column. A column named here is never taken for an id.
    pub readings: BTreeMap<String, Reading>,
    /// Columns of sensitive attributes: read as categories, and the usual words for "unknown" are missing values.
    pub sensitive: Vec<String>,
    /// Columns of labels: read as categories, and two spellings of one value are one, as in the sensitive columns.
    pub labels: Vec<String>,
    /// Texts that mean "missing", beside the usual ones.
    pub missing: Vec<String>,
    /// Texts of groups and labels that stand for others.
    pub categories: Categories,
    /// How the files are read.
    pub settings: TableSettings,
    /// Whether the rows leave as they came: then no column is left out as an id or free text, no category is joined with others, and columns that
    /// are not read as categories keep their texts beside what they mean ([`Sheet::texts`]).
    pub carried: bool,
    /// Columns of numbers that must not be misread: signs that may mean thousands or decimals are an error.
    pub settled: Vec<String>,
    /// Columns that must have a value in every row.
    pub complete: Vec<String>,
}

/// How a column is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Numbers, whole where all of them are.
    Number,
    /// Numbers with a point before the decimals; a comma groups thousands.
    NumberWithPoint,
    /// Numbers with a comma before the decimals; a point groups thousands.
    NumberWithComma,
    /// Categories, however many there are.
    Categories,
    /// Days, in the order of their parts where it is given.
    Date(Option<Order>),
    /// Not at all.
    LeaveOut,
}

impl Reading {
    /// The words that a command line or a recipe may give.
    pub const WORDS: [&'static str; 9] =
        ["number", "number-point", "number-comma", "category", "date", "date-ymd", "date-dmy", "date-mdy", "leave-out"];

    /// Its word of [`Reading::WORDS`].
    pub fn word(self) -> &'static str {
        match self {
            Reading::Number => "number",
            Reading::NumberWithPoint => "number-point",
            Reading::NumberWithComma => "number-comma",
            Reading::Categories => "category",
            Reading::Date(None) => "date",
            Reading::Date(Some(Order::YearMonthDay)) => "date-ymd",
            Reading::Date(Some(Order::DayMonthYear)) => "date-dmy",
            Reading::Date(Some(Order::MonthDayYear)) => "date-mdy",
            Reading::LeaveOut => "leave-out",
        }
    }

    /// The reading that a word of [`Reading::WORDS`] stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Reading::Number,
            Reading::NumberWithPoint,
            Reading::NumberWithComma,
            Reading::Categories,
            Reading::Date(None),
            Reading::Date(Some(Order::YearMonthDay)),
            Reading::Date(Some(Order::DayMonthYear)),
            Reading::Date(Some(Order::MonthDayYear)),
            Reading::LeaveOut,
        ];
        all.into_iter().find(|reading| reading.word() == word)
    }
}

/// Rows that must hold a category for its name to stay, in columns of texts that nobody has named, in files of at least [`SHORT_FILE`] rows:
/// what fewer persons have in common may tell one of them apart.
const FEW_HOLDERS: usize = 5;
/// Rows below which a file's categories all stay: nearly each would be held by few. Such a file is meant for tries.
const SHORT_FILE: usize = 50;
/// The category that those held by few rows become.
const OTHER: &str = "(other)";
/// Categories beyond which a column of texts is left out: the rows of each would be too few to learn from.
const MOST_LEVELS: usize = 1000;
/// Distinct texts up to which a column is never taken for an id because most of its rows differ.
const FEW_LEVELS: usize = 20;
/// Rows from which a column whose texts all differ is taken for an id.
const FEW_ROWS: usize = 5;
/// Rows from which whole numbers that all differ and lie close together are taken for an id.
const MANY_ROWS: usize = 200;

/// Reads files of the same columns.
pub fn read(files: &[String], options: &ReadOptions) -> Result<Sheet, DataError> {
    let sources = resolve(files)?;
    let mut raw = options.settings.read(&sources, Wanted::All)?;
    raw.write_alike(|name| match options.readings.get(name) {
        Some(Reading::NumberWithPoint) => Some('.'),
        Some(Reading::NumberWithComma) => Some(','),
        _ => None,
    })?;
    let raw = raw;
    let look = raw.look();
    for name in options.readings.keys().chain(&options.sensitive).chain(&options.settled).chain(&options.complete) {
        Columns::position(&raw, name)?;
    }
    let layout = Layout { delimiter: look.separator, byte_order_mark: look.byte_order_mark, carriage_return: look.carriage_return };
    let mut reader = Reader {
        delimiter: layout.delimiter,
        decimal: None,
        short: Columns::rows(&raw) < SHORT_FILE,
        carried: options.carried,
        settled: &options.settled,
        notes: raw.notes.clone(),
        left_out: Vec::new(),
    };
    let all: Vec<Raw> = (0..raw.names.len()).map(|column| Raw::new(&raw, column, options, &mut reader.notes)).collect();
    // However the columns are to be read: the whole file has one way of writing numbers. Between commas a point stands before decimals.
    if layout.delimiter != b',' {
        reader.decimal =
            options.settings.file.decimal.or_else(|| decimal_of_file(all.iter().filter_map(|column| column.told().ok().flatten())));
    }

    let mut table = Table::default();
    let mut styles = Vec::new();
    let mut texts = BTreeMap::new();
    for column in all {
        // Of a sensitive column the words for "unknown" are not kept by its categories.
        let plain = column.wanted == Some(Reading::Categories) && !options.joins(&column.name);
        if options.carried
            && !plain
            && let Content::Texts(_) = column.content
        {
            // Marks of a missing value are texts, too.
            let (coded, _) = sorted(&raw.texts(column.position), str::is_empty);
            texts.insert(column.name.clone(), Cells::Categories { levels: coded.levels, codes: coded.codes });
        }
        if let Some((cells, style)) = reader.column(&raw, &column)? {
            if options.complete.contains(&column.name) {
                refuse_missing(&raw, &column, &cells)?;
            }
            table.columns.push(Column { name: column.name, cells });
            styles.push(style);
        }
    }
    if table.columns.is_empty() {
        let reason = "no column is left: each is empty, an id or free text; name how it is to be read".to_owned();
        return Err(DataError::from(crate::RowsError::BadColumn { column: raw.names.join(", "), reason }));
    }
    Ok(Sheet { table, layout, styles, texts, left_out: reader.left_out, notes: reader.notes, files: raw.digests })
}

/// The sign before decimals, where the columns that tell one agree.
fn decimal_of_file(told: impl Iterator<Item = char> + Clone) -> Option<char> {
    let first = told.clone().next()?;
    told.into_iter().all(|sign| sign == first).then_some(first)
}

/// A column before its kind is known.
struct Raw {
    name: String,
    position: usize,
    content: Content,
    wanted: Option<Reading>,
    /// Texts that the file does not hold so, and which say nothing of its signs.
    rewritten: BTreeSet<String>,
    /// Whether some field is empty.
    empties: bool,
}

/// Texts of a column, and those beside the empty field that were taken as missing.
struct Coded {
    levels: Vec<String>,
    codes: Vec<u32>,
    missing_texts: BTreeSet<String>,
}

impl Coded {
    /// The text of a row; empty where it is missing.
    fn at(&self, row: usize) -> &str {
        self.levels.get(self.codes[row] as usize).map_or("", String::as_str)
    }
}

impl ReadOptions {
    /// The same for rows that leave as they came: what has no part in the work stays text; label and cut columns are read by what they hold.
    #[must_use]
    pub fn carrying(&self, names: &[String], label: Option<&LabelRole>, role: &SensitiveRole) -> ReadOptions {
        let is_label = |name: &String| label.is_some_and(|label| label.column == *name);
        let plain = names.iter().filter(|name| !(is_label(name) || role.is_cut() && role.columns.contains(name)));
        let mut readings: BTreeMap<String, Reading> = plain.map(|name| (name.clone(), Reading::Categories)).collect();
        readings.extend(self.readings.clone());
        let words = label.filter(|label| !label.favourable.is_empty());
        // What is read as numbers must not be read in two ways.
        let numbers = label.filter(|label| label.favourable.is_empty()).map(|label| label.column.clone());
        let settled = numbers.into_iter().chain(role.columns.iter().filter(|_| role.is_cut()).cloned()).collect();
        let labels = words.map(|label| label.column.clone()).into_iter().collect();
        ReadOptions { readings, labels, settled, carried: true, ..self.clone() }
    }

    /// Whether two spellings of one thing are one in a column.
    fn joins(&self, name: &String) -> bool {
        self.sensitive.contains(name) || self.labels.contains(name)
    }
}

enum Content {
    /// From a typed file.
    Numbers(Vec<f64>),
    Texts(Coded),
}

impl Raw {
    fn new(raw: &RawTable, position: usize, options: &ReadOptions, notes: &mut Vec<String>) -> Self {
        let name = raw.names[position].clone();
        let sensitive = options.sensitive.contains(&name);
        let wanted = options.readings.get(&name).copied().or(options.joins(&name).then_some(Reading::Categories));
        let missing = Missing { texts: &options.missing };
        let typed = raw.batches.iter().all(|batch| matches!(batch.columns[position], RawCells::Number(_)));
        let content = if typed && wanted != Some(Reading::Categories) {
            let numbers = raw.batches.iter().flat_map(|batch| match &batch.columns[position] {
                RawCells::Number(numbers) => numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect::<Vec<_>>(),
                other => vec![f64::NAN; other.len()],
            });
            Content::Numbers(numbers.collect())
        } else {
            let (coded, missing_texts) = if options.joins(&name) && wanted == Some(Reading::Categories) {
                let out = |text: &str| if sensitive { missing.group(text) } else { missing.value(text) };
                let missing_texts = raw.texts(position).levels.into_iter().filter(|text| out(text)).collect();
                (joined(raw, position, out, if sensitive { UNKNOWN_GROUP } else { "missing" }, &options.categories, notes), missing_texts)
            } else {
                sorted(&raw.texts(position), |text| missing.category(text))
            };
            Content::Texts(Coded { levels: coded.levels, codes: coded.codes, missing_texts })
        };
        let rewritten = raw.rewritten.get(&name).cloned().unwrap_or_default();
        Raw { name, position, content, wanted, rewritten, empties: raw.empty(position).contains(&true) }
    }

    fn levels(&self) -> &[String] {
        match &self.content {
            Content::Numbers(_) => &[],
            Content::Texts(coded) => &coded.levels,
        }
    }

    /// The texts that are not marks of a missing value.
    fn unmarked(&self, tolerant: bool) -> impl Iterator<Item = &str> + Clone {
        self.levels().iter().map(String::as_str).filter(move |level| !(tolerant && is_mark(level)))
    }

    /// Those of them that the file holds so.
    fn held(&self) -> impl Iterator<Item = &str> + Clone {
        self.unmarked(true).filter(|text| !self.rewritten.contains(*text))
    }

    /// The notation of a column of numbers, and whether marks stand for missing ones.
    fn notation(&self, delimiter: u8, decimal: Option<char>) -> Option<(Notation, bool)> {
        if self.wanted.is_some() && !self.wants_numbers() {
            return None;
        }
        [false, true].into_iter().find_map(|tolerant| {
            let texts = self.unmarked(tolerant);
            texts.clone().next()?;
            let notation = match self.wanted {
                Some(Reading::NumberWithPoint) => Notation::with(&texts, '.'),
                Some(Reading::NumberWithComma) => Notation::with(&texts, ','),
                _ => Notation::of(&texts, delimiter, decimal),
            };
            notation.map(|notation| (notation, tolerant))
        })
    }

    fn wants_numbers(&self) -> bool {
        matches!(self.wanted, Some(Reading::Number | Reading::NumberWithPoint | Reading::NumberWithComma))
    }

    /// What the column tells of the sign before decimals in its file, whatever it is to be read as; `Err` where either may be meant.
    fn told(&self) -> Result<Option<char>, ()> {
        match self.wanted {
            Some(Reading::NumberWithPoint) => Ok(Some('.')),
            Some(Reading::NumberWithComma) => Ok(Some(',')),
            _ => Notation::told(&self.held()),
        }
    }

    /// Two texts that are numbers, but in no notation both, where every text is a number in some.
    fn contradiction(&self, delimiter: u8) -> Option<(&str, &str)> {
        let candidates = Notation::candidates(delimiter);
        let mut first: BTreeMap<u8, &str> = BTreeMap::new();
        for text in self.unmarked(true) {
            // One bit for each notation that reads it.
            let fits = (0..).zip(candidates).map(|(bit, notation)| u8::from(notation.parse(text).is_some()) << bit).sum::<u8>();
            if fits == 0 {
                return None;
            }
            first.entry(fits).or_insert(text);
        }
        let pairs = first.iter().flat_map(|one| first.iter().map(move |other| (one, other)));
        pairs.into_iter().find(|(one, other)| *one.0 & *other.0 == 0).map(|(one, other)| (*one.1, *other.1))
    }

    /// What stands for a missing value in the file.
    fn mark(&self, marks: &[&str]) -> String {
        match marks {
            [only] if !self.empties => (*only).to_owned(),
            _ => String::new(),
        }
    }

    /// The error for a text that the wanted reading does not allow, at the first row that has it.
    fn refuse(&self, raw: &RawTable, coded: &Coded, allowed: impl Fn(&str) -> bool, remedy: String) -> DataError {
        let wrong = |&code: &u32| coded.levels.get(code as usize).is_some_and(|level| !allowed(level));
        let row = coded.codes.iter().position(wrong).unwrap_or(0);
        bad_row(raw, self, row, format!("`{}`", coded.at(row)), remedy)
    }
}

fn is_mark(text: &str) -> bool {
    Missing { texts: &[] }.group(text)
}

/// Whether a column's name says that it tells persons or things apart.
fn names_an_id(name: &str) -> bool {
    const WORDS: [&str; 5] = ["id", "ids", "uuid", "guid", "email"];
    let mut words = vec![String::new()];
    let mut lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && lower {
            words.push(String::new());
        }
        lower = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Refuses a column with a missing value, at its first row.
fn refuse_missing(raw: &RawTable, column: &Raw, cells: &Cells) -> Result<(), DataError> {
    let missing = match cells {
        Cells::Numbers { values, .. } => values.iter().position(|value| value.is_nan()),
        Cells::Categories { codes, .. } => codes.iter().position(|&code| code == MISSING),
    };
    let Some(row) = missing else { return Ok(()) };
    let remedy = "every row needs a value here; fill it in, take the row out, or put such candidates last (`skip_unscored`)".to_owned();
    Err(bad_row(raw, column, row, "a missing value".to_owned(), remedy))
}

/// The error for a row counted over all files.
fn bad_row(raw: &RawTable, column: &Raw, row: usize, value: String, remedy: String) -> DataError {
    raw.bad_value(column.position, row, value, remedy).into()
}

struct Reader<'a> {
    delimiter: u8,
    /// The sign before decimals, where some column of the file settles it.
    decimal: Option<char>,
    /// Whether the file has too few rows to leave out what few of them hold.
    short: bool,
    /// Whether the rows leave as they came.
    carried: bool,
    /// Columns whose signs must be settled.
    settled: &'a [String],
    notes: Vec<String>,
    left_out: Vec<LeftOut>,
}

impl Reader<'_> {
    /// Whether a column may be left out or its categories joined: nobody has said how it is to be read, and rows will be made from it.
    fn guarded(&self, column: &Raw) -> bool {
        column.wanted.is_none() && !self.carried
    }

    /// The column's values and look, or `None` where it is left out.
    fn column(&mut self, raw: &RawTable, column: &Raw) -> Result<Option<(Cells, Style)>, DataError> {
        if column.wanted == Some(Reading::LeaveOut) {
            return Ok(self.leave_out(column, "as asked".to_owned()));
        }
        let coded = match &column.content {
            Content::Numbers(values) => return self.typed(raw, column, values),
            Content::Texts(coded) => coded,
        };
        if coded.levels.is_empty() && column.wanted.is_none() {
            if column.name == format!("column {}", column.position + 1) {
                return Ok(self.leave_out(column, "it has neither a name nor a value".to_owned()));
            }
            self.notes.push(format!("column `{}` has no value in any row", column.name));
        }
        if let Some(result) = self.dates(raw, column, coded)? {
            return Ok(Some(result));
        }
        if let Some((notation, tolerant)) = column.notation(self.delimiter, self.decimal) {
            return self.numbers(raw, column, coded, notation, tolerant);
        }
        if column.wants_numbers() && !coded.levels.is_empty() {
            return Err(self.no_numbers(raw, column, coded));
        }
        if let Some((one, other)) = column.contradiction(self.delimiter).filter(|_| column.wanted.is_none()) {
            self.notes.push(format!(
                "column `{}` holds numbers, but no one way of writing them reads both `{one}` and `{other}`; it was read as text",
                column.name
            ));
        }
        if let Some(infinite) = self.infinite(raw, column, coded) {
            return Err(infinite);
        }
        self.categories(raw, column, coded)
    }

    /// The error for a column that should hold numbers and does not.
    fn no_numbers(&self, raw: &RawTable, column: &Raw, coded: &Coded) -> DataError {
        let mut notations = Notation::candidates(self.delimiter).to_vec();
        match column.wanted {
            Some(Reading::NumberWithPoint) => notations.retain(|notation| notation.decimal == '.'),
            Some(Reading::NumberWithComma) => notations.retain(|notation| notation.decimal == ','),
            _ => {
                if let Some((one, other)) = column.contradiction(self.delimiter) {
                    let remedy = format!(
                        "no one way of writing numbers reads both it and `{one}`, which the column holds as well (tried: a point before the \
                         decimals, a comma before them, and each with the other sign between thousands); write the whole column, in all \
                         files, alike"
                    );
                    return column.refuse(raw, coded, |text| text != other, remedy);
                }
            }
        }
        let fits = |text: &str| is_mark(text) || notations.iter().any(|notation| notation.parse(text).is_some());
        let wrong = || coded.levels.iter().filter(|level| !fits(level));
        let percent = wrong().any(|level| level.strip_suffix('%').is_some_and(|number| fits(number.trim_end())));
        let hint = if percent { " (without its percent sign, in every row alike)" } else { "" };
        let other = if self.settled.contains(&column.name) {
            String::new()
        } else {
            format!(", or read it as words (`read` '{}=category')", column.name)
        };
        let remedy = format!("a finite number is expected; correct it{hint}, or list it as missing (`missing`) if it means that{other}");
        column.refuse(raw, coded, fits, remedy)
    }

    fn leave_out<T>(&mut self, column: &Raw, reason: String) -> Option<T> {
        self.left_out.push(LeftOut { column: column.name.clone(), reason });
        None
    }

    /// Numbers of a typed file.
    fn typed(&mut self, raw: &RawTable, column: &Raw, values: &[f64]) -> Result<Option<(Cells, Style)>, DataError> {
        if let Some(row) = values.iter().position(|value| value.is_infinite()) {
            let remedy = "a finite number is expected; correct it, or leave it empty".to_owned();
            return Err(bad_row(raw, column, row, format!("`{}`", values[row]), remedy));
        }
        if let Some(Reading::Date(_)) = column.wanted {
            let reason = "it holds numbers and was to be read as dates; take that reading away".to_owned();
            return Err(DataError::from(crate::RowsError::BadColumn { column: column.name.clone(), reason }));
        }
        Ok(self.number_column(column, values.to_vec(), Notation::PLAIN, None, String::new()))
    }

    fn dates(&mut self, raw: &RawTable, column: &Raw, coded: &Coded) -> Result<Option<(Cells, Style)>, DataError> {
        let order = match column.wanted {
            None => None,
            Some(Reading::Date(order)) => order,
            _ => return Ok(None),
        };
        let wanted = column.wanted.is_some();
        let mut outcome = Err(NoDates::Others);
        let mut tolerated = false;
        for tolerant in [false, true] {
            if column.unmarked(tolerant).next().is_none() {
                continue;
            }
            outcome = DateStyle::of(column.unmarked(tolerant), order);
            tolerated = tolerant;
            if outcome != Err(NoDates::Others) {
                break;
            }
        }
        let style = match outcome {
            Ok(style) => style,
            Err(NoDates::Ambiguous) if wanted => {
                let reason = "day and month cannot be told apart in its dates; say which comes first (date-dmy or date-mdy)".to_owned();
                return Err(DataError::from(crate::RowsError::BadColumn { column: column.name.clone(), reason }));
            }
            Err(NoDates::Ambiguous) => {
                self.notes.push(format!(
                    "column `{}` holds dates whose day and month cannot be told apart; read it as date-dmy or date-mdy to keep it as dates",
                    column.name
                ));
                return Ok(None);
            }
            Err(NoDates::Others) if wanted && !coded.levels.is_empty() => {
                let remedy = "a date is expected, in the same way in every row, such as 2026-11-20, 20.11.2026 or 11/20/2026; correct it, \
                              list it under the texts that mean missing, or read the column as categories"
                    .to_owned();
                let first = column.unmarked(true).find_map(|text| DateStyle::of(std::iter::once(text), order).ok());
                let fits = |text: &str| is_mark(text) || first.as_ref().is_some_and(|style| style.parse(text).is_some());
                return Err(column.refuse(raw, coded, fits, remedy));
            }
            Err(NoDates::Others) => return Ok(None),
        };
        let values = self.values(column, coded, tolerated, |text| style.parse(text));
        let mark = marks(column, coded, tolerated);
        Ok(Some((Cells::Numbers { form: Form::Date, values }, Style { values: ValueStyle::Date(style), missing: mark })))
    }

    /// A value per row from a value per level.
    fn values(&mut self, column: &Raw, coded: &Coded, tolerant: bool, value: impl Fn(&str) -> Option<f64>) -> Vec<f64> {
        let of_level: Vec<f64> = coded.levels.iter().map(|level| value(level).unwrap_or(f64::NAN)).collect();
        if tolerant {
            let marks: Vec<String> = coded.levels.iter().filter(|level| is_mark(level)).map(|level| format!("`{level}`")).collect();
            self.notes.push(format!("column `{}`: {} was taken as missing", column.name, marks.join(", ")));
        }
        coded.codes.iter().map(|&code| of_level.get(code as usize).copied().unwrap_or(f64::NAN)).collect()
    }

    fn numbers(
        &mut self,
        raw: &RawTable,
        column: &Raw,
        coded: &Coded,
        notation: Notation,
        tolerant: bool,
    ) -> Result<Option<(Cells, Style)>, DataError> {
        let written: Vec<_> = column.unmarked(tolerant).filter_map(|text| notation.parse(text)).collect();
        if column.wanted.is_none() && written.iter().any(|written| written.code) {
            return self.categories(raw, column, coded);
        }
        // Whole numbers that a double cannot tell apart are ids.
        if column.wanted.is_none() && written.iter().any(|written| written.decimals == 0 && written.value.abs() > 9.0e15) {
            return self.categories(raw, column, coded);
        }
        if column.wanted.is_none() && written.iter().all(|written| written.decimals == 0) {
            let present =
                coded.codes.iter().filter(|&&code| coded.levels.get(code as usize).is_some_and(|level| !(tolerant && is_mark(level))));
            if are_categories(&written.iter().map(|written| written.value).collect::<Vec<_>>(), present.count()) {
                return Ok(Some(two_levels(column, coded, tolerant)));
            }
        }
        self.tell_notation(column, notation)?;
        let values = self.values(column, coded, tolerant, |text| notation.parse(text).map(|written| written.value));
        let decimals = written.iter().map(|written| written.decimals).max().unwrap_or(0);
        let fixed = written.iter().all(|written| written.decimals == decimals);
        let mark = marks(column, coded, tolerant);
        Ok(self.number_column(column, values, notation, Some((decimals, fixed)), mark))
    }

    /// Notes how a sign was read that may as well be the other one.
    fn tell_notation(&mut self, column: &Raw, notation: Notation) -> Result<(), DataError> {
        let asked = matches!(column.wanted, Some(Reading::NumberWithPoint | Reading::NumberWithComma));
        if self.delimiter == b',' || asked {
            return Ok(());
        }
        let name = |sign: char| if sign == '.' { "point" } else { "comma" };
        let either = notation.thousands.filter(|sign| matches!(sign, '.' | ','));
        let grouped = either.filter(|_| column.told().is_err() || notation.decimal == ',' && self.decimal == Some(','));
        if let Some(sign) = grouped {
            self.notes.push(format!("column `{}`: a {} was read as the sign between thousands", column.name, name(sign)));
        } else if self.decimal.is_none() && column.told().is_err() {
            let example = column.held().find(|text| text.contains(notation.decimal)).unwrap_or_default();
            let other = if notation.decimal == '.' { ',' } else { '.' };
            let (sign, other) = (name(notation.decimal), name(other));
            if self.settled.contains(&column.name) {
                return Err(DataError::from(unsettled(&column.name, example)));
            }
            self.notes.push(format!(
                "column `{0}`: the {sign} in `{example}` was read as the sign before decimals, and nothing in the file settles whether it \
                 stands between thousands; if so, take the {sign}s out of the file, or say so (`read` '{0}=number-{other}')",
                column.name,
            ));
        }
        Ok(())
    }

    fn number_column(
        &mut self,
        column: &Raw,
        values: Vec<f64>,
        notation: Notation,
        written: Option<(usize, bool)>,
        missing: String,
    ) -> Option<(Cells, Style)> {
        let present = || values.iter().copied().filter(|value| !value.is_nan());
        let (decimals, fixed) = written.unwrap_or_else(|| (present().map(decimals_of).max().unwrap_or(0), false));
        let form = if decimals == 0 { Form::Integer } else { Form::Real { decimals } };
        if self.guarded(column) && form == Form::Integer {
            if let Some(reason) = id_of_numbers(&column.name, &values) {
                return self.leave_out(column, reason);
            }
            let mut distinct: Vec<f64> = Vec::new();
            for value in present() {
                if !distinct.contains(&value) {
                    distinct.push(value);
                    if distinct.len() > 2 && !names_an_id(&column.name) || distinct.len() > MOST_LEVELS {
                        break;
                    }
                }
            }
            if are_categories(&distinct, present().count()) || names_an_id(&column.name) && distinct.len() <= MOST_LEVELS {
                // The order of size is the order of the levels.
                distinct.sort_by(f64::total_cmp);
                let codes = values.iter().map(|value| distinct.iter().position(|known| known == value).map_or(MISSING, |code| code as u32));
                let levels = distinct.iter().map(|&value| notation.write(value, 0, false)).collect();
                return self.of_many(column, levels, codes.collect(), missing);
            }
        }
        Some((Cells::Numbers { form, values }, Style { values: ValueStyle::Number { notation, fixed }, missing }))
    }

    fn infinite(&self, raw: &RawTable, column: &Raw, coded: &Coded) -> Option<DataError> {
        let is_infinite = |text: &str| {
            let text = text.trim_start_matches(['-', '+']);
            ["inf", "infinity", "∞"].iter().any(|word| text.eq_ignore_ascii_case(word))
        };
        let mut others = column.unmarked(true).filter(|text| !is_infinite(text));
        let numbers = column.wanted.is_none()
            && column.unmarked(true).any(is_infinite)
            && others.clone().next().is_some()
            && others.all(|text| Notation::candidates(self.delimiter).into_iter().any(|notation| notation.parse(text).is_some()));
        let remedy = "a finite number is expected; correct it, or leave the field empty".to_owned();
        numbers.then(|| column.refuse(raw, coded, |text| !is_infinite(text), remedy))
    }

    /// Why a column is an id though a few of its texts are no numbers.
    fn id_with_odd_texts(&self, column: &Raw, coded: &Coded) -> Option<String> {
        let notation = Notation::candidates(self.delimiter)[0];
        let of_level: Vec<f64> = coded.levels.iter().map(|level| notation.parse(level).map_or(f64::NAN, |written| written.value)).collect();
        let values: Vec<f64> = coded.codes.iter().map(|&code| of_level.get(code as usize).copied().unwrap_or(f64::NAN)).collect();
        // An id has no decimals.
        values.iter().all(|value| value.is_nan() || value.fract() == 0.0).then(|| id_of_numbers(&column.name, &values)).flatten()
    }

    /// The error for a column whose rows hold numbers but for very few: leaving it out would lose them all.
    fn nearly_numbers(&self, raw: &RawTable, column: &Raw, coded: &Coded) -> Option<DataError> {
        /// Of a hundred rows so many must hold a number, and at most so many texts may be none.
        const MOST: usize = 95;
        const FEW_TEXTS: usize = 3;
        let fits = Notation::candidates(self.delimiter).into_iter().map(|notation| {
            let numbers: Vec<bool> = coded.levels.iter().map(|level| is_mark(level) || notation.parse(level).is_some()).collect();
            let rows = coded.codes.iter().filter(|&&code| numbers.get(code as usize) == Some(&true)).count();
            (rows, notation)
        });
        let (rows, notation) = fits.max_by_key(|(rows, _)| *rows)?;
        let all = coded.codes.iter().filter(|&&code| code != MISSING).count();
        let fits = |text: &str| is_mark(text) || notation.parse(text).is_some();
        let others = coded.levels.iter().filter(|level| !fits(level)).count();
        (rows < all && 100 * rows >= MOST * all && others <= FEW_TEXTS).then(|| {
            let remedy = format!(
                "{rows} of {all} rows of the column hold numbers; correct this one, list it as missing (`missing`), or say how the column is to be read (`read` \
                 '{0}=category', or '{0}=leave-out')",
                column.name
            );
            column.refuse(raw, coded, fits, remedy)
        })
    }

    fn categories(&mut self, raw: &RawTable, column: &Raw, coded: &Coded) -> Result<Option<(Cells, Style)>, DataError> {
        let rows = coded.codes.iter().filter(|&&code| code != MISSING).count();
        let levels = coded.levels.len();
        if self.guarded(column) {
            let apart = levels == rows && rows >= FEW_ROWS || levels > FEW_LEVELS && 2 * levels > rows;
            if apart {
                if let Some(reason) = self.id_with_odd_texts(column, coded) {
                    return Ok(self.leave_out(column, reason));
                }
                if let Some(error) = self.nearly_numbers(raw, column, coded) {
                    return Err(error);
                }
                let reason = match signed(&coded.levels, self.delimiter) {
                    Some(sign) => format!("its numbers have the sign `{sign}`; take it out of the column to have them learned"),
                    None => format!(
                        "{levels} different texts in {rows} rows: ids, names or free text; a row made from it would be somebody's. To keep it, say \
                         so (`read` '{0}=category', or '{0}=number')",
                        column.name
                    ),
                };
                return Ok(self.leave_out(column, reason));
            }
            if levels > MOST_LEVELS {
                let reason = format!(
                    "{levels} categories, more than {MOST_LEVELS}; join them into fewer, or keep them (`read` '{}=category')",
                    column.name
                );
                return Ok(self.leave_out(column, reason));
            }
        }
        Ok(self.of_many(column, coded.levels.clone(), coded.codes.clone(), marks(column, coded, false)))
    }

    /// The column's categories, those that few rows hold joined into one: a row made must not bear the name of a single person. Where most
    /// rows hold such a category the column is left out. Two whole numbers name nobody and do not come here.
    fn of_many(&mut self, column: &Raw, levels: Vec<String>, codes: Vec<u32>, missing: String) -> Option<(Cells, Style)> {
        let style = Style { values: ValueStyle::Text, missing };
        let mut holders = vec![0_usize; levels.len()];
        codes.iter().filter(|&&code| code != MISSING).for_each(|&code| holders[code as usize] += 1);
        let rare = |level: usize| holders[level] < FEW_HOLDERS && levels[level] != OTHER;
        let count = (0..levels.len()).filter(|&level| rare(level)).count();
        if !self.guarded(column) || self.short || count == 0 {
            return Some((Cells::Categories { levels, codes }, style));
        }
        let present: usize = holders.iter().sum();
        let rows: usize = (0..levels.len()).filter(|&level| rare(level)).map(|level| holders[level]).sum();
        if 2 * rows > present {
            let reason = format!(
                "{rows} of {present} rows hold a category that fewer than {FEW_HOLDERS} rows have ({count} of {} categories): names or free \
                 text; a row made from it would be somebody's. To keep it, say so (`read` '{}=category')",
                levels.len(),
                column.name
            );
            return self.leave_out(column, reason);
        }
        self.notes.push(format!(
            "column `{}`: {count} of {} categories, each held by fewer than {FEW_HOLDERS} rows ({rows} of {present} rows), were joined into \
             `{OTHER}`; to keep them, say so (`read` '{0}=category')",
            column.name,
            levels.len()
        ));
        let mut kept: Vec<String> = (0..levels.len()).filter(|&level| !rare(level)).map(|level| levels[level].clone()).collect();
        if !kept.iter().any(|level| level == OTHER) {
            kept.push(OTHER.to_owned());
        }
        let position = |name: &str| kept.iter().position(|level| level == name).map_or(MISSING, |position| position as u32);
        let recode: Vec<u32> = (0..levels.len()).map(|level| position(if rare(level) { OTHER } else { &levels[level] })).collect();
        let codes = codes.iter().map(|&code| recode.get(code as usize).copied().unwrap_or(MISSING)).collect();
        Some((Cells::Categories { levels: kept, codes }, style))
    }
}

/// The sign, such as `%` or `$`, that stands before or after the number of every text.
fn signed(levels: &[String], delimiter: u8) -> Option<char> {
    let is_sign = |letter: &char| !letter.is_alphanumeric() && !letter.is_whitespace() && !"+-.,".contains(*letter);
    let first = levels.first()?;
    let sign = first.chars().next().filter(is_sign).or_else(|| first.chars().next_back().filter(is_sign))?;
    let number = |text: &String| {
        let bare = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)).map(str::trim);
        bare.is_some_and(|bare| Notation::candidates(delimiter).into_iter().any(|notation| notation.parse(bare).is_some()))
    };
    levels.iter().all(number).then_some(sign)
}

/// 0 and 1, or two whole numbers that repeat, as categories.
fn two_levels(column: &Raw, coded: &Coded, tolerant: bool) -> (Cells, Style) {
    let kept: Vec<usize> = (0..coded.levels.len()).filter(|&level| !(tolerant && is_mark(&coded.levels[level]))).collect();
    let code = |code: u32| kept.iter().position(|&level| level == code as usize).map_or(MISSING, |position| position as u32);
    let levels = kept.iter().map(|&level| coded.levels[level].clone()).collect();
    let codes = coded.codes.iter().map(|&old| code(old)).collect();
    let missing = marks(column, coded, tolerant);
    (Cells::Categories { levels, codes }, Style { values: ValueStyle::Text, missing })
}

/// Whether whole numbers are categories: 0 and 1, or at most two that repeat.
fn are_categories(distinct: &[f64], rows: usize) -> bool {
    distinct.len() <= 2 && (rows > distinct.len() || distinct.iter().all(|&value| value == 0.0 || value == 1.0))
}

/// What stands for a missing value in the file: the only text that does, or nothing.
fn marks(column: &Raw, coded: &Coded, tolerant: bool) -> String {
    let tolerated = coded.levels.iter().filter(|level| tolerant && is_mark(level));
    let marks: Vec<&str> = coded.missing_texts.iter().chain(tolerated).map(String::as_str).collect();
    column.mark(&marks)
}

/// Why whole numbers are an id, where they are one. The many decide: a row without an id, or two with the same, change nothing.
fn id_of_numbers(name: &str, values: &[f64]) -> Option<String> {
    /// Of so many numbers one may repeat another or break a row of steps.
    const ONE_OF: usize = 20;
    let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if present.len() < FEW_ROWS || 2 * present.len() < values.len() {
        return None;
    }
    let mut sorted = present.clone();
    sorted.sort_by(f64::total_cmp);
    let repeated = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let few = |odd: usize| odd * ONE_OF <= present.len();
    let distinct = few(repeated);
    let steps = few(present.windows(2).filter(|pair| pair[1] - pair[0] != 1.0).count());
    // A few far numbers do not hide that the others lie close together.
    let outside = present.len() / (2 * ONE_OF);
    let span = sorted[sorted.len() - 1 - outside] - sorted[outside] + 1.0;
    let dense = present.len() >= MANY_ROWS && span <= 2.0 * present.len() as f64;
    let named = names_an_id(name);
    let different = present.len() - repeated;
    let mostly = named && (different > MOST_LEVELS || 2 * different > present.len());
    if distinct && (steps || dense || named) || mostly {
        let what = if distinct {
            if repeated == 0 { "another number in every row" } else { "another number in nearly every row" }
        } else {
            "a number that names a person or a thing in most rows"
        };
        return Some(format!("{what}: an id; a row made from it would be somebody's. To keep it, say so (`read` '{name}=number')"));
    }
    None
}

//! What stands around a table in an exported file: a title and a date above the header, a line of totals below the rows.
//!
//! Both are recognised only where nothing else can be meant, for a row taken for a title or a total would be a person lost.
//!
//! - **Above** ([`above`]): the first line must be a single text, alone in its line or followed by empty fields only, or empty fields only, or at
//!   most half as many texts as there are columns, or a key with a colon and its value (`Job:,Engineer`);
//!   at most [`MOST_LINES`] lines of at most half as many values as there are columns may follow; then a row with a different name, which is
//!   no number, in every field below which something stands; then at least [`FEWEST_ROWS`] rows, all of the same number of fields, with a
//!   number among them.
//! - **Below** ([`below`]): the first value of the line must be a word for a total, and every other field empty or a number; no other row
//!   at the beginning or the end of the file may begin with such a word. Each number must then be the sum, the mean or the count of what stands
//!   above it ([`Amounts`]): `Sum` is a surname, too, and a group may be a number.

use super::csv::Record;
use crate::notation::{GROUPING, Notation};

/// Lines above a header.
const MOST_LINES: usize = 20;
/// Rows that must follow a header below a title.
const FEWEST_ROWS: usize = 3;
/// Bytes at the end of a text that are looked at for totals.
pub(crate) const TAIL: usize = 1 << 16;
/// Lines of totals and empty lines at the end.
const MOST_TOTALS: usize = 8;

/// Words that begin a line of totals, in small letters.
const TOTALS: [&str; 30] = [
    "total",
    "totals",
    "grand total",
    "sum",
    "sums",
    "overall",
    "overall total",
    "average",
    "mean",
    "summe",
    "gesamt",
    "insgesamt",
    "gesamtsumme",
    "gesamtergebnis",
    "durchschnitt",
    "mittelwert",
    "total general",
    "total général",
    "total global",
    "suma",
    "suma total",
    "promedio",
    "somme",
    "moyenne",
    "totale",
    "totale complessivo",
    "totaal",
    "eindtotaal",
    "total geral",
    "totalt",
];

/// Lines above a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Above {
    /// Bytes of them.
    pub(crate) bytes: usize,
    /// Records among them; empty lines are none.
    pub(crate) records: usize,
    /// Lines.
    pub(crate) lines: usize,
    /// Their first values.
    pub(crate) shown: Vec<String>,
}

/// Whether a field is written as a number: with a point or comma before decimals, perhaps with a sign for percent or money.
pub(crate) fn is_number(text: &str) -> bool {
    let bare = text.trim_matches(|sign: char| matches!(sign, '%' | '$' | '€' | '£') || sign.is_whitespace());
    bare.bytes().any(|byte| byte.is_ascii_digit())
        && (bare.parse::<f64>().is_ok()
            || bare.replace('.', "").replacen(',', ".", 1).parse::<f64>().is_ok()
            || bare.replace(',', "").replace(GROUPING, "").parse::<f64>().is_ok()
            || bare.replace('.', "").replace(GROUPING, "").replacen(',', ".", 1).parse::<f64>().is_ok())
}

/// The lines above the header, if the records begin with such lines. `fields`: the usual number of fields, at least two.
pub(super) fn above(text: &[u8], records: &[Record], rows: &[Vec<String>], fields: usize) -> Option<Above> {
    let values = |row: &[String]| row.iter().filter(|text| !text.is_empty()).count();
    // A header that names at most half of the fields of every row is none.
    let short = |row: &[String]| row.len() == 1 || row.len() < fields && 2 * row.len() <= fields;
    // A header of two columns may look the same.
    let keyed =
        |row: &[String]| fields > 2 && values(row) == 2 && row[0].ends_with(':') && row.get(1).is_some_and(|value| !value.is_empty());
    let blank = |row: &[String]| row.len() == fields && (values(row) == 0 || values(row) == 1 && !row[0].is_empty());
    let alone = |row: &[String]| short(row) || blank(row) || row.len() <= fields && keyed(row);
    if !alone(rows.first()?) {
        return None;
    }
    let is_header = |place: usize| {
        let row = &rows[place];
        let is_name = |column: usize| !is_number(&row[column]) && !row[..column].contains(&row[column]);
        // A column without a name, as spreadsheets have them between and behind others, holds nothing.
        let nothing = |column: usize| rows[place + 1..].iter().all(|row| row.get(column).is_none_or(String::is_empty));
        row.len() == fields
            && values(row) > 1
            && (0..fields).all(|column| if row[column].is_empty() { nothing(column) } else { is_name(column) })
            // Where another separator stands inside the names, this one is the wrong one.
            && !row.iter().any(|name| name.contains([';', '\t', '|']))
    };
    let header = (1..rows.len().min(MOST_LINES + 1)).find(|&row| is_header(row))?;
    let lines = &rows[..header];
    let few = |row: &Vec<String>| {
        let padded = row.len() == fields && row.last().is_some_and(String::is_empty) && 2 * values(row) <= fields.max(2);
        (short(row) || padded || row.len() <= fields && keyed(row)) && !row.iter().any(|text| text.contains([';', '\t', '|']))
    };
    // Of two columns, a title beside an empty field may be a header with one name; an empty line settles it.
    let settled = fields > 2 || lines[0].len() == 1 || lines.iter().any(|row| values(row) == 0);
    let data = &rows[header + 1..];
    let whole = data.iter().rev().skip_while(|row| row.len() == 1).all(|row| row.len() == fields);
    let rows_enough = data.iter().filter(|row| row.len() == fields).count() >= FEWEST_ROWS;
    let number = data.iter().flatten().any(|text| is_number(text));
    if !(lines.iter().all(few) && settled && whole && rows_enough && number) {
        return None;
    }
    let bytes = records[header].start;
    let shown = lines.iter().filter_map(|row| row.iter().find(|text| !text.is_empty()).cloned()).collect();
    Some(Above { bytes, records: header, lines: count_lines(&text[..bytes]), shown })
}

fn count_lines(text: &[u8]) -> usize {
    let end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    text.split(|&byte| byte == end).count() - 1
}

/// Whether a text is a word for a total, perhaps with a colon or a count.
fn is_total(text: &str) -> bool {
    let word = text.trim_end_matches(|letter: char| {
        letter.is_ascii_digit() || letter.is_whitespace() || matches!(letter, ':' | '(' | ')' | '=' | '.' | ',')
    });
    word.len() <= 32 && TOTALS.contains(&word.to_lowercase().as_str())
}

fn begins_with_total(row: &[String]) -> bool {
    row.iter().find(|text| !text.is_empty()).is_some_and(|text| is_total(text))
}

/// Whether rows before the last ones begin with a word for a total. `ended`: these are all rows of the file.
pub(super) fn totals_are_usual(rows: &[Vec<String>], ended: bool) -> bool {
    let last = if ended { rows.len() - trailing(rows) } else { rows.len() };
    rows[..last].iter().any(|row| begins_with_total(row))
}

/// Rows at the end that are empty or begin with a word for a total.
fn trailing(rows: &[Vec<String>]) -> usize {
    rows.iter().rev().take_while(|row| begins_with_total(row) || row.iter().all(String::is_empty)).take(MOST_TOTALS).count()
}

/// Lines at the end of a body that may be totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Below {
    /// Bytes of the rows before them.
    pub(crate) end: usize,
    /// The lines in their order, each with the byte at which it begins.
    lines: Vec<(usize, Vec<String>)>,
}

impl Below {
    /// Positions of the columns in which a line has a number.
    pub(crate) fn columns(&self) -> Vec<usize> {
        let fields = self.lines.first().map_or(0, |(_, row)| row.len());
        let is_amount = |column: &usize| self.lines.iter().any(|(_, row)| first_text(row) != Some(*column) && !row[*column].is_empty());
        (0..fields).filter(is_amount).collect()
    }

    /// What the amounts of [`Below::columns`] prove.
    pub(crate) fn proven(self, amounts: &[Amounts]) -> Totals {
        let columns = self.columns();
        let is_total = |row: &[String]| {
            let mut numbers =
                columns.iter().zip(amounts).filter(|(column, _)| first_text(row) != Some(**column) && !row[**column].is_empty());
            numbers.all(|(&column, amounts)| amounts.explain(&row[column]))
        };
        let out = self.lines.iter().rev().take_while(|(_, row)| is_total(row)).count();
        let mut lines = self.lines;
        let proven = lines.split_off(lines.len() - out);
        let words = |lines: &[(usize, Vec<String>)]| lines.iter().filter_map(|(_, row)| row.get(first_text(row)?).cloned()).collect();
        let end = if lines.is_empty() { Some(self.end) } else { proven.first().map(|(start, _)| *start) };
        Totals { end, shown: words(&proven), kept: words(&lines) }
    }
}

/// What stands below the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Bytes of the rows before the lines of totals, where there are some.
    pub(crate) end: Option<usize>,
    /// The words that the lines of totals begin with, in their order.
    pub(crate) shown: Vec<String>,
    /// The words of lines that begin like them, and whose numbers are no totals.
    pub(crate) kept: Vec<String>,
}

/// What the texts of a column add up to, with a point and with a comma before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Amounts {
    filled: f64,
    rows: f64,
    sums: [f64; 2],
    numbers: [f64; 2],
}

impl Amounts {
    const SIGNS: [char; 2] = ['.', ','];

    /// Adds the text of a further row.
    pub(crate) fn add(&mut self, text: &str) {
        self.rows += 1.0;
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.filled += 1.0;
        for (place, sign) in Self::SIGNS.into_iter().enumerate() {
            if let Some((number, _)) = amount(text, sign) {
                self.sums[place] += number;
                self.numbers[place] += 1.0;
            }
        }
    }

    /// Whether a number is the sum, the mean or the count, as exactly as it is written.
    fn explain(&self, text: &str) -> bool {
        Self::SIGNS.into_iter().enumerate().any(|(place, sign)| {
            let Some((number, decimals)) = amount(text, sign) else { return false };
            let (sum, numbers) = (self.sums[place], self.numbers[place]);
            let near = |other: f64| (number - other).abs() <= 0.500_000_1 * 10_f64.powi(-decimals) + 1e-9 * other.abs();
            // A share in percent may stand below shares without the sign.
            let units: &[f64] = if text.contains('%') { &[1.0, 100.0] } else { &[1.0] };
            let added = numbers > 0.0 && units.iter().any(|unit| near(sum * unit) || near(sum * unit / numbers));
            added || decimals == 0 && (near(self.filled) || near(self.rows))
        })
    }
}

/// The number that a text is with this sign before the decimals, and how many of them it has.
fn amount(text: &str, decimal: char) -> Option<(f64, i32)> {
    let bare = text.trim_matches(|sign: char| matches!(sign, '%' | '$' | '€' | '£') || sign.is_whitespace());
    let thousands = Some(if decimal == '.' { ',' } else { '.' });
    let number = Notation { decimal, thousands, unit: None }.parse(&bare.replace(GROUPING, ""))?;
    Some((number.value, i32::try_from(number.decimals).ok()?))
}

fn first_text(row: &[String]) -> Option<usize> {
    row.iter().position(|text| !text.is_empty())
}

/// The lines at the end of a body that may be totals; its rows have so many fields.
pub(super) fn below(body: &[u8], delimiter: u8, fields: usize) -> Option<Below> {
    if fields < 2 {
        return None;
    }
    let from = body.len().saturating_sub(TAIL);
    // Line by line from the end: a line end may stand inside quotes, so each line must be whole by itself.
    let mut lines: Vec<(usize, Vec<String>)> = Vec::new();
    let mut end = body.len();
    while end > from {
        let stop = body[from..end].iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map(|last| from + last + 1);
        let Some(stop) = stop else { break };
        let start = body[from..stop].iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).map_or(from, |last| from + last + 1);
        if start == from && from > 0 {
            break;
        }
        let line = &body[start..stop];
        let record = Record::next(line, 0, delimiter)?;
        let clean = record.end == line.len() && !record.unclosed && record.fields == fields;
        let texts = if clean { record.texts(line, delimiter) } else { Vec::new() };
        let inside = texts.iter().any(|text| text.contains('"'));
        lines.push((start, if inside { Vec::new() } else { texts }));
        // The usual file ends here.
        if lines.len() == 1 && !(begins_with_total(&lines[0].1) || clean && lines[0].1.iter().all(String::is_empty)) {
            return None;
        }
        end = start;
    }
    let is_line_of_totals = |row: &[String]| {
        let mut values = row.iter().filter(|text| !text.is_empty());
        row.len() == fields && values.next().is_some_and(|text| is_total(text)) && values.all(|text| is_number(text))
    };
    let is_blank = |row: &[String]| row.len() == fields && row.iter().all(String::is_empty);
    let count = lines.iter().take(MOST_TOTALS).take_while(|(_, row)| is_line_of_totals(row) || is_blank(row)).count();
    let count = lines[..count].iter().rposition(|(_, row)| is_line_of_totals(row))? + 1;
    let others = &lines[count..];
    if others.len() < 2 || others.iter().any(|(_, row)| begins_with_total(row)) {
        return None;
    }
    let end = lines[count - 1].0;
    lines.truncate(count);
    lines.retain(|(_, row)| is_line_of_totals(row));
    lines.reverse();
    Some(Below { end, lines })
}

#[cfg(test)]
mod tests {
    use super::super::options::FileOptions;
    use super::super::separator::shape;
    use super::*;

    fn found_above(text: &str) -> Option<Above> {
        shape(text.as_bytes(), true, &FileOptions::default()).above
    }

    #[test]
    fn titles_above_the_header_are_recognised() {
        let rows = "id,gender,score\n1,f,0.5\n2,m,0.25\n3,f,1\n";
        for (title, lines) in [
            ("Bias audit export,,\nGenerated 2026-11-01,,\n,,\n", 3),
            ("Bias audit export\n\n", 2),
            (",,\n", 1),
            ("\"Candidates, spring\",,\r\n", 1),
            ("Report\nPeriod: 2026\n", 2),
            ("Job:,Engineer\nDate:,2024-01-02\n\n", 3),
            ("Job:,Engineer,\nDate:,2024-01-02,\n,,\n", 3),
            ("Report\nJob:,\"Engineer, junior\"\n", 2),
        ] {
            let found = found_above(&format!("{title}{rows}")).unwrap_or_else(|| panic!("{title}"));
            assert_eq!((found.bytes, found.lines), (title.len(), lines), "{title}");
        }
        let texts = "Candidates, spring\nid,gender,score,site\n1,f,0.5,A\n2,m,0.25,A\n3,f,1,B\n";
        assert_eq!(found_above(texts).unwrap().bytes, 19, "a title with a comma");
        let gap = "Report,,,\nid,,score,\n1,,0.5,\n2,,0.25,\n3,,1,\n";
        assert_eq!(found_above(gap).unwrap().bytes, 10, "columns that hold nothing have no name");
        let two = "Report,\n,\nid,score\na,1\nb,2\nc,3\n";
        assert_eq!(found_above(two).unwrap().bytes, 10);
        let wide = "Report;;\nid;first, last;score\n1;f, x;0,5\n2;m, y;0,25\n3;f, z;1\n";
        assert_eq!(found_above(wide).unwrap().bytes, 9);
    }

    #[test]
    fn headers_and_persons_are_no_titles() {
        for text in [
            "id,gender,score\n1,f,0.5\n2,m,0.25\n3,f,1\n",
            // An index without a name, a header with one name, too few rows, rows without a number.
            ",score\n0,0.5\n1,0.25\n2,1\n",
            "id,\na,1\nb,2\nc,3\n",
            "id:,score\na,1\nb,2\nc,3\n",
            "id:,gender,score\n1,f,0.5\n2,m,0.25\n3,f,1\n",
            "id,,\n1,f,0.5\n2,m,0.25\n3,f,1\n",
            "Title,,\nid,gender,score\n1,f,0.5\n2,m,0.25\n",
            "Title,,\nid,,score\n1,f,0.5\n2,m,0.25\n3,f,1\n",
            "Title,,\nid,,\n1,,\n2,,\n3,,\n",
            "Title,,\na,b,c\nd,e,f\ng,h,i\nj,k,l\n",
            // A header that lacks a name, as R writes it.
            "gender,grade,score\n1,f,a,0.5\n2,m,b,0.25\n3,f,c,1\n",
            "gender,grade\nx,f,a\ny,m,b\nz,f,c\n",
            // One column.
            "score\n0.5\n0.25\n1\n",
            "Punktzahl\n0,5\n0,25\n0,1\n0,2\n",
        ] {
            assert_eq!(found_above(text), None, "{text}");
        }
    }

    fn found_below(rows: &str) -> Option<Totals> {
        let found = below(rows.as_bytes(), b',', 3)?;
        let mut amounts = vec![Amounts::default(); found.columns().len()];
        let mut at = 0;
        while let Some(record) = Record::next(&rows.as_bytes()[..found.end], at, b',') {
            let texts = record.texts(rows.as_bytes(), b',');
            amounts.iter_mut().zip(found.columns()).for_each(|(amounts, column)| amounts.add(&texts[column]));
            at = record.next;
        }
        Some(found.proven(&amounts))
    }

    #[test]
    fn totals_below_the_rows_are_recognised() {
        let rows = "1,f,0.5\n2,m,0.25\n";
        for (end, word) in [
            ("Total,,", "Total"),
            ("TOTAL,,0.75\n", "TOTAL"),
            ("Summe,,0.75\r\n", "Summe"),
            (",Insgesamt,75%\n", "Insgesamt"),
            (",,\n\"Total general:\",2,\n", "Total general:"),
            ("Mean,,0.38\n", "Mean"),
            ("Total,2,0.375\n", "Total"),
        ] {
            let found = found_below(&format!("{rows}{end}")).unwrap_or_else(|| panic!("{end}"));
            assert_eq!(found.end, Some(rows.len() + if end.starts_with(",,") { 3 } else { 0 }), "{end}");
            assert_eq!((found.shown, found.kept), (vec![word.to_owned()], Vec::new()));
        }
        let several = found_below(&format!("{rows}Total,,0.75\nMean,,0.375\n,,\n")).unwrap();
        assert_eq!((several.end, several.shown), (Some(rows.len()), vec!["Total".to_owned(), "Mean".to_owned()]));
    }

    #[test]
    fn whose_numbers_are_no_totals_stays_and_is_told() {
        let rows = "Kim,1,0.9\nLee,2,0.3\nPark,1,0.6\n";
        let kept = |end: &str| found_below(&format!("{rows}{end}")).unwrap();
        for end in ["Sum,2,0.7\n", "Sum,4,0.7\n", "Sum,2,1.8\n", "Mean,,0.5\n"] {
            let found = kept(end);
            assert_eq!((found.end, found.shown.len(), found.kept.len()), (None, 0, 1), "{end}");
        }
        let found = kept("Sum,2,0.7\nTotal,4,1.8\n");
        assert_eq!((found.end, found.shown, found.kept), (Some(rows.len() + 10), vec!["Total".to_owned()], vec!["Sum".to_owned()]));
        assert_eq!(found_below("a,1,\"1.000,5\"\nb,1,\"2.000,5\"\nSumme,,\"3.001,0\"\n").unwrap().shown, ["Summe"]);
    }

    #[test]
    fn persons_are_no_totals() {
        let rows = "1,f,0.5\n2,m,0.25\n";
        for end in ["3,f,1\n", "Total,f,1\n", "Totally,,1\n", "Sum,m,\n", "3,Total,1\n", "x,\"note\nTotal,,\"\n", "Total,,,\n", ""] {
            assert_eq!(found_below(&format!("{rows}{end}")), None, "{end}");
        }
        // One scale of several in a long file, and a file of one row.
        assert_eq!(found_below("verbal,1,5\ntotal,1,9\nverbal,2,4\ntotal,2,8\n"), None);
        assert_eq!(found_below("1,f,0.5\nTotal,,\n"), None);
        assert!(totals_are_usual(&[vec!["total".to_owned(), "1".to_owned()], vec!["a".to_owned(), "2".to_owned()]], true));
        assert!(!totals_are_usual(&[vec!["a".to_owned(), "2".to_owned()], vec!["total".to_owned(), "1".to_owned()]], true));
    }
}

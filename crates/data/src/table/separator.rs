//! Where the header of a text stands, and what separates its fields: both are found by whole rows, over a bounded beginning of the text.
//!
//! For each separator the rows are cut (quotes respected) and their fields counted. A separator fits as well as the share of rows that have
//! the most frequent number of fields, if that is two or more and the header has it, too. Where several fit every row, the one is taken
//! whose fields are more often numbers, then the one with more fields, then the earlier one of `,` `;` tab `|`. Where none does, the comma
//! is taken, and the row that is at fault will be named.
//!
//! R writes names of the rows without a name for their column, and blanks between the fields where nothing else is asked for. A blank is taken
//! only where no other separator fits and it fits every row; a header with one name too few only where all names and the first field of
//! every row stand in quotes, and the latter all differ: anything less may be a decimal comma that cuts a field in two.
//!
//! Lines above the header (a title, a date, empty lines) are recognised together with the separator ([`super::framing`]).

use std::collections::{HashMap, HashSet};

use evenhand_rows::roles::words::{Missing, simplified};

use super::csv::Record;
use super::framing::{self, Above};
use super::options::{FileOptions, Separator};

/// Bytes that are looked at, and how far more are taken where they hold hardly a row.
const HEADS: [usize; 3] = [1 << 16, 1 << 19, 2 << 20];
/// Rows that are looked at.
const MOST_ROWS: usize = 200;
/// Rows that are enough to decide.
const FEW_ROWS: usize = 4;

/// Where the rows of a text begin and how they are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) separator: Separator,
    /// Bytes before the header.
    pub(crate) start: usize,
    /// The lines above the header that were recognised.
    pub(crate) above: Option<Above>,
    /// Whether rows among the others begin with a word for a total: then the last one that does is a row like them.
    pub(crate) totals_are_usual: bool,
    /// Whether the header names no column for the first field of the rows, as R writes it.
    pub(crate) nameless: bool,
}

/// Looks at the beginning of a text without byte order mark. `whole`: nothing follows these bytes.
pub(crate) fn shape(text: &[u8], whole: bool, options: &FileOptions) -> Shape {
    let declared = declared(text);
    let start = match options.skip_lines {
        Some(lines) => skip_lines(text, lines),
        None => declared.map_or(0, |(_, line)| line),
    };
    let known = options.separator.or(declared.map(|(separator, _)| separator));
    let body = &text[start..];
    let candidates: Vec<Separator> = known.map_or_else(|| Separator::ALL.to_vec(), |known| vec![known]);
    let mut fits: Vec<Fit> = Vec::new();
    for separator in candidates {
        if separator == Separator::Blank && !fits.is_empty() {
            break;
        }
        let Some(fit) = Fit::of(body, whole, separator, options.skip_lines.is_none()) else { continue };
        // Blanks stand in texts of every kind.
        if separator == Separator::Blank && known.is_none() && (fit.share < 1.0 || fit.numbers == 0.0 || fit.foreign || fit.above.is_some())
        {
            continue;
        }
        let settled = separator == Separator::Comma && fit.above.is_none() && fit.share == 1.0 && !fit.foreign;
        fits.push(fit);
        if settled {
            break;
        }
    }
    // A separator that fits most rows of a file with a slip beats one that needs a title to fit.
    let rank = |fit: &Fit| match (fit.above.is_some(), fit.share) {
        (false, 1.0) => 3,
        (false, share) if share >= 0.9 => 2,
        (true, _) => 1,
        _ => 0,
    };
    let better = |one: &Fit, other: &Fit| {
        let order = rank(one).cmp(&rank(other));
        let order = if rank(one) == 3 { order } else { order.then(one.share.total_cmp(&other.share)) };
        order.then(one.numbers.total_cmp(&other.numbers)).then(one.fields.cmp(&other.fields)).then(other.separator.cmp(&one.separator))
    };
    let best = fits.into_iter().max_by(|one, other| better(one, other));
    let separator = known.or_else(|| best.as_ref().map(|fit| fit.separator)).unwrap_or(Separator::Comma);
    let (above, totals_are_usual, nameless) = best.map_or((None, false, false), |fit| (fit.above, fit.totals_are_usual, fit.nameless));
    Shape { separator, start: start + above.as_ref().map_or(0, |above| above.bytes), above, totals_are_usual, nameless }
}

/// How well a separator fits.
#[derive(Debug)]
struct Fit {
    separator: Separator,
    /// The usual number of fields.
    fields: usize,
    /// Share of the rows that have it, the header among them.
    share: f64,
    /// Share of the fields that are numbers.
    numbers: f64,
    above: Option<Above>,
    /// Whether the header holds another separator.
    foreign: bool,
    totals_are_usual: bool,
    nameless: bool,
}

impl Fit {
    fn of(text: &[u8], whole: bool, separator: Separator, search: bool) -> Option<Fit> {
        let records = records(text, whole, separator.byte());
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for record in &records {
            *counts.entry(record.fields).or_default() += 1;
        }
        let (fields, _) = counts.into_iter().max_by_key(|(fields, count)| (*count, *fields))?;
        let rows: Vec<Vec<String>> = records.iter().map(|record| record.texts(text, separator.byte())).collect();
        let above = if search && fields > 1 { framing::above(text, &records, &rows, fields) } else { None };
        let header = above.as_ref().map_or(0, |above| above.records);
        let (first, data) = rows[header..].split_first()?;
        let totals_are_usual = framing::totals_are_usual(data, whole && records.last().is_none_or(|last| last.next == text.len()));
        let nameless = first.len() + 1 == fields
            && names_of_rows(first, data)
            && if quotes_names(text, &records[header..], first) {
                !(separator == Separator::Comma && data.iter().all(|row| may_be_cut(row, fields - 2)))
            } else {
                unquoted_names_of_rows(separator, first, data)
            };
        if fields < 2 || first.len() != fields && !nameless {
            return None;
        }
        let agree = data.iter().filter(|row| row.len() == fields).count() + 1;
        let cells = || data.iter().flatten().filter(|text| !text.is_empty());
        let numbers = cells().filter(|text| framing::is_number(text)).count();
        let record = &records[header];
        let other = |byte: &u8| matches!(byte, b';' | b'\t' | b'|') || separator == Separator::Blank && *byte == b',';
        let foreign = text[record.start..record.end].iter().any(other);
        Some(Fit {
            separator,
            fields,
            share: agree as f64 / (data.len() + 1) as f64,
            numbers: numbers as f64 / cells().count().max(1) as f64,
            above,
            foreign,
            totals_are_usual,
            nameless,
        })
    }
}

/// Whether this field and the next one may be one number with a decimal comma.
fn may_be_cut(row: &[String], field: usize) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(row[field].trim_start_matches('-')) && digits(&row[field + 1])
}

/// Whether the first field of every row may be a name of its row, for which the header has no name.
fn names_of_rows(header: &[String], rows: &[Vec<String>]) -> bool {
    let mut names = HashSet::new();
    header.iter().all(|name| !name.is_empty() && !framing::is_number(name))
        && rows.len() > 1
        && rows.iter().all(|row| row.len() == header.len() + 1 && names.insert(&row[0]))
        && rows.iter().any(|row| row.last().is_some_and(|last| !last.is_empty()))
}

/// Whether all names and the first fields of all rows stand in quotes.
fn quotes_names(text: &[u8], records: &[Record], header: &[String]) -> bool {
    text[records[0].start..records[0].end].split(|&byte| byte == b'"').count() == 2 * header.len() + 1
        && records.iter().all(|record| text[record.start] == b'"')
}

/// Whether first fields without quotes are names of the rows, and not what a column is whose name the header lost, or the rows below a title:
/// they are counted through, or there are several and a column of numbers among the others. A column that is called an id must be one. No other
/// separator may stand in the header, and between commas nothing may be a cut number.
fn unquoted_names_of_rows(separator: Separator, header: &[String], rows: &[Vec<String>]) -> bool {
    let counted = (1..).zip(rows).all(|(number, row): (usize, _)| row[0] == number.to_string());
    let number = |text: &str| framing::is_number(text) || (Missing { texts: &[] }).number(text);
    let numbers = || (1..=header.len()).any(|field| rows.iter().all(|row| number(&row[field])));
    let named = rows.len() >= FEW_ROWS - 1 && separator != Separator::Blank && rows.iter().all(|row| !row[0].is_empty()) && numbers();
    let foreign = header.iter().any(|name| name.contains([';', '\t', '|']));
    let cut = |field: usize| rows.iter().all(|row| may_be_cut(row, field));
    let mut ids = HashSet::new();
    (counted || named)
        && !foreign
        && (!names_an_id(&header[0]) || rows.iter().all(|row| ids.insert(&row[1])))
        && !(separator == Separator::Comma && (usize::from(counted && rows.len() >= FEW_ROWS - 1)..header.len()).any(cut))
}

/// Whether a column of this name tells rows or persons apart.
fn names_an_id(name: &str) -> bool {
    const WORDS: [&str; 12] = ["id", "ids", "no", "nr", "number", "name", "key", "code", "candidate", "applicant", "person", "index"];
    simplified(name).split(' ').any(|word| WORDS.contains(&word)) || name.ends_with("Id") || name.ends_with("ID")
}

/// Whole records of the beginning of a text.
fn records(text: &[u8], whole: bool, separator: u8) -> Vec<Record> {
    let mut records = Vec::new();
    for head in HEADS {
        let part = &text[..head.min(text.len())];
        records.clear();
        let mut at = 0;
        while records.len() < MOST_ROWS
            && let Some(record) = Record::next(part, at, separator)
        {
            at = record.next;
            records.push(record);
        }
        // The last one may be cut, or an open quote may hold all the rest.
        let cut = at == part.len() && !(whole && part.len() == text.len());
        if cut || records.last().is_some_and(|record| record.unclosed) {
            records.pop();
        }
        if records.len() >= FEW_ROWS || part.len() == text.len() {
            break;
        }
    }
    records
}

/// The separator that a spreadsheet's first line `sep=;` declares, and the bytes of that line.
fn declared(text: &[u8]) -> Option<(Separator, usize)> {
    let rest = text.strip_prefix(b"sep=")?;
    let sign = *rest.first()?;
    let separator = Separator::ALL.into_iter().find(|separator| separator.byte() == sign)?;
    let end = match rest[1..] {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => return None,
    };
    Some((separator, b"sep=".len() + 1 + end))
}

/// Bytes of so many lines.
fn skip_lines(text: &[u8], lines: usize) -> usize {
    let mut at = 0;
    for _ in 0..lines {
        let Some(end) = text[at..].iter().position(|byte| matches!(byte, b'\r' | b'\n')) else { return text.len() };
        at += end + 1;
        if text[at - 1] == b'\r' && text.get(at) == Some(&b'\n') {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Separator {
        shape(text.as_bytes(), true, &FileOptions::default()).separator
    }

    #[test]
    fn whole_rows_tell_the_separator() {
        for (text, expected) in [
            ("a,b\n1,2\n", Separator::Comma),
            ("ID (employee, if any);Gender (self, opt);Score (0, 1)\n0;m;0.07\n1;f;0.45\n", Separator::Semicolon),
            ("Name, first;Score\nMüller, Anna;0,5\nMaier, Eva;0,25\n", Separator::Semicolon),
            ("a (x, y);b\n1;0,5\n2;0,75\n", Separator::Semicolon),
            ("g;p\nf;0,07\nm;0,5\nm;1\n", Separator::Semicolon),
            ("g\tp\nf, x\t1\nm, y\t2\n", Separator::Tab),
            ("g|p\nf|1\nm|2\n", Separator::Pipe),
            ("race,score\nWhite; Asian,1\nBlack,0\n", Separator::Comma),
            ("a;b,c\n1,2\n3,4\n", Separator::Comma),
            ("\"a;b\";c\n\"1;2;3\";4\n", Separator::Semicolon),
            ("score\n1\n2\n", Separator::Comma),
            ("score\n", Separator::Comma),
            ("g;p\n", Separator::Semicolon),
            ("g;p\nf;1\nm;2;3\nf;3\n", Separator::Semicolon),
            ("\"g\" \"p\"\n\"f x\" 1\n\"m\" 2\n", Separator::Blank),
            ("g p\nf 0.5\nm 0.25\n", Separator::Blank),
            ("first last\nAnna Maria\nEva Mia\n", Separator::Comma),
            ("id, p\n1, 0,5\n2, 0,7\n", Separator::Comma),
            ("g p\nf 1\nm 2 3\n", Separator::Comma),
            ("name,first name\nMia 1,Eva 2\n", Separator::Comma),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn rows_may_have_names_of_their_own() {
        let nameless = |text: &str| shape(text.as_bytes(), true, &FileOptions::default()).nameless;
        for text in [
            "\"g\",\"p\"\n\"1\",\"f\",0.5\n\"2\",\"m\",NA\n",
            "\"g\" \"p\"\n\"1\" \"f\" 0.5\n\"2\" \"m\" 1\n",
            "\"g\";\"p\"\n\"Anna\";\"f\";0,5\n\"Eva\";\"f\";1\n",
            // Without quotes.
            "g\tp\n1\tf\t0.9\n2\tm\t0.3\n3\tf\t0.6\n",
            "g|p\n1|f|0.9\n2|m|0.3\n",
            "g,p\n1,f,0.9\n2,m,0.3\n3,f,0.6\n",
            "age,g,p\n1,30,f,0.9\n2,40,m,0.3\n3,30,f,0.6\n",
            "g;p\nMazda RX4;f;0,9\nFiat 128;m;0,3\nVolvo;f;0,6\n",
            "g p\n1 f 0.9\n2 m 0.3\n3 f 0.6\n",
            "id\tg\tp\n7\tA1\tf\t0.9\n3\tA2\tm\t0.3\n5\tA3\tf\t0.6\n",
        ] {
            assert!(nameless(text), "{text}");
        }
        for text in [
            // A decimal comma between commas, quoted or not; a separator at the end of every row; names of rows that repeat; one row.
            "id,p\n1,0,5\n2,0,7\n",
            "\"id\",\"p\"\n1,0,5\n2,0,7\n",
            "\"g\",\"p\"\n\"f\",\"1\",\n\"m\",\"2\",\n",
            "\"g\",\"p\"\n\"f\",0,5\n\"f\",0,7\n",
            "\"g\",\"p\"\n\"1\",\"f\",0.5\n",
            "\"\",\"g\",\"p\"\n\"1\",\"f\",0.5\n\"2\",\"m\",1\n",
            // Without quotes: a header that lost its last name, a decimal comma, names that repeat, a separator at the end of the rows, words only.
            "id\tg\n1\tf\t0.9\n2\tm\t0.3\n3\tf\t0.6\n",
            "id,p,g\n1,0,5,f\n2,0,7,m\n3,0,7,m\n",
            "g\tp\n1\tf\t0.9\n1\tm\t0.3\n3\tf\t0.6\n",
            "g|p\n1|0.9|\n2|0.3|\n3|0.6|\n",
            "g;x\nF;5,474\nM;4,1\nK;6,375\n",
            "Candidates, of spring, all\nid,g,p,q\nA,f,0.9,1\nB,m,0.3,2\n",
            "first last\nAnna Maria Smith\nEva Mia Jones\nUte Ida Brown\n",
        ] {
            assert!(!nameless(text), "{text}");
        }
    }

    #[test]
    fn a_declared_or_given_separator_is_taken() {
        let declared = shape(b"sep=;\r\nname;a,b\r\nx;1\r\n", true, &FileOptions::default());
        assert_eq!((declared.separator, declared.start), (Separator::Semicolon, 7));
        assert_eq!(found("sep=,b\nx,1\n"), Separator::Comma);
        assert_eq!(shape(b"sep=,b\nx,1\n", true, &FileOptions::default()).start, 0, "a column of that name");
        let given = FileOptions { separator: Some(Separator::Tab), ..FileOptions::default() };
        assert_eq!(shape(b"a,b\n1,2\n", true, &given).separator, Separator::Tab);
    }

    #[test]
    fn exactly_the_lines_asked_for_are_skipped() {
        let skip = |lines| FileOptions { skip_lines: Some(lines), ..FileOptions::default() };
        let text = b"one\r\n\r\na;b\r\n1;2\r\n3;4\r\n";
        let found = shape(text, true, &skip(2));
        assert_eq!((found.start, found.separator, found.above), (7, Separator::Semicolon, None));
        assert_eq!(shape(b"Title,,\na,b,c\n1,2,3\n4,5,6\n7,8,9\n", true, &skip(0)).start, 0);
        assert_eq!(shape(b"x\ry\ra,b\r1,2\r", true, &skip(2)).start, 4);
        assert_eq!(shape(b"x", true, &skip(7)).start, 1);
    }
}

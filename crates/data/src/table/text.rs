//! A text file: encoding, separator, lines around the table, header and rows, read at once or in parts.
//!
//! Both ways of reading decide on the same bytes: separator and lines above on the beginning ([`super::separator`]), totals on the last
//! bytes ([`super::framing`]), the encoding on a pass over the whole file where its bytes contradict UTF-8 ([`super::encoding`]). So they give
//! the same rows and notes, or refuse the same row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use evenhand_catalog::limits::ROW_BYTES;
use sha2::{Digest, Sha256};

use super::content::{Content, Origin};
use super::csv::{CsvText, Header, Record, last_record_end, within_a_row};
use super::encoding::{Decoder, Fault, Judge, Sign, decode, sign};
use super::files::{self, Source};
use super::framing::{Amounts, TAIL, Totals, below};
use super::options::{Encoding, FileOptions, Separator};
use super::raw::{Cells, Part};
use super::separator::{Shape, shape};
use crate::{DataError, FileDigest, RowsError};

/// Bytes of text that are read at once.
const PART_BYTES: usize = 8 << 20;
/// Bytes at the beginning that must be UTF-8 before the rest is read as such.
const HEAD: usize = 1 << 16;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Separator of the fields.
    pub(crate) separator: u8,
    /// Whether it begins with the byte order mark of UTF-8.
    pub(crate) byte_order_mark: bool,
    /// Whether lines end with carriage return and line feed.
    pub(crate) carriage_return: bool,
    /// The sign before decimals, where the file or the person says it.
    pub(crate) decimal: Option<char>,
}

impl Default for Look {
    fn default() -> Self {
        Look { separator: b',', byte_order_mark: false, carriage_return: false, decimal: None }
    }
}

impl Look {
    fn of(text: &[u8], separator: Separator, byte_order_mark: bool) -> Self {
        let first_end = text.iter().position(|&byte| byte == b'\n');
        let carriage_return = first_end.is_some_and(|end| end > 0 && text[end - 1] == b'\r');
        Look { separator: separator.byte(), byte_order_mark, carriage_return, decimal: None }
    }
}

/// The rows of a text.
#[derive(Debug, Default)]
pub(crate) struct TextRows {
    pub(crate) names: Vec<String>,
    /// Positions of the columns in the text.
    pub(crate) places: Vec<usize>,
    /// Bytes before the first row.
    pub(crate) body: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) look: Look,
    pub(crate) notes: Vec<String>,
}

/// The encoding that the beginning of a file shows, and the bytes of its mark.
struct Opening {
    encoding: Encoding,
    mark: usize,
    /// Whether its bytes may still contradict it, and what follows is then another encoding.
    open: bool,
    note: Option<String>,
}

impl Opening {
    fn of(file: &str, name: &str, bytes: &[u8], given: Option<Encoding>) -> Result<Self, DataError> {
        let other = |what: &str| {
            let remedy = "save it as UTF-8".to_owned();
            DataError::OtherKind { file: file.to_owned(), what: what.to_owned(), remedy }
        };
        match (sign(bytes), given) {
            (Sign::Utf32, _) => Err(other("a text in UTF-32")),
            (Sign::Mark(encoding, _), Some(given)) if encoding != given => {
                Err(other(&format!("{encoding} by its byte order mark, and {given} was asked for (`encoding`)")))
            }
            (Sign::Mark(encoding, mark), _) => Ok(Opening { encoding, mark, open: false, note: None }),
            (_, Some(encoding)) => Ok(Opening { encoding, mark: 0, open: false, note: None }),
            (Sign::Zeros(encoding), None) => Ok(Opening {
                encoding,
                mark: 0,
                open: false,
                note: Some(format!("`{name}` is read as {encoding}, which it does not say itself")),
            }),
            (Sign::Binary, None) => {
                let remedy = "name the file that holds the table".to_owned();
                Err(DataError::OtherKind { file: file.to_owned(), what: "no text (it holds zero bytes)".to_owned(), remedy })
            }
            (Sign::None, None) => Ok(Opening { encoding: Encoding::Utf8, mark: 0, open: true, note: None }),
        }
    }
}

fn read_as_windows_1252(name: &str) -> String {
    format!("`{name}` is read as Windows-1252, for its bytes are not UTF-8; if letters look wrong, name its encoding (`encoding`)")
}

/// What is said of a separator other than the comma, and of lines above the header.
fn notes_of(name: &str, shape: &Shape) -> Vec<String> {
    let mut notes = Vec::new();
    if shape.nameless {
        notes.push(format!("`{name}`: the rows have names of their own, for which the header has none: they are the column `column 1`"));
    }
    if shape.separator != Separator::Comma {
        notes.push(format!("the fields of {name} are separated by {}", shape.separator));
    }
    if let Some(above) = &shape.above {
        let shown: Vec<String> = above.shown.iter().map(|text| format!("`{text}`")).collect();
        let lines = if above.lines == 1 { "the line".to_owned() } else { format!("the {} lines", above.lines) };
        let held = if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) };
        notes.push(format!(
            "`{name}`: {lines} above the header{held} were skipped; say how many lines to skip (`skip lines`) if one of them is the header"
        ));
    }
    notes
}

/// What is said of lines at the end that are totals, or begin like some, after so many rows that are read.
fn notes_of_totals(name: &str, totals: &Totals, rows: u64) -> Vec<String> {
    let kept = totals.kept.iter().map(|word| {
        format!(
            "`{name}`: one of the last rows begins with `{word}` as a line of totals does; it counts as a row, for its numbers are neither sums nor \
             means of those above; take it out of the file if it is one"
        )
    });
    let out = (rows + 1..).zip(&totals.shown).map(|(row, word)| {
        format!(
            "`{name}`: data row {row} begins with `{word}` and holds no other text: a line of totals below the rows, which was left out"
        )
    });
    kept.chain(out).collect()
}

/// The totals at the end of a text. `rows`: these columns of what stands up to a byte of `body`, asked for where a line may be a total.
fn totals_below(
    body: &[u8],
    csv: &CsvText,
    shape: &Shape,
    rows: impl FnOnce(&[String], usize) -> Result<Vec<Part>, DataError>,
) -> Result<Option<Totals>, DataError> {
    if shape.totals_are_usual {
        return Ok(None);
    }
    let Some(found) = below(body, shape.separator.byte(), csv.width()) else { return Ok(None) };
    let all = csv.names();
    let names: Vec<String> = found.columns().into_iter().map(|column| all[column].clone()).collect();
    let mut amounts = vec![Amounts::default(); names.len()];
    for part in if names.is_empty() { Vec::new() } else { rows(&names, found.end)? } {
        for (amounts, column) in amounts.iter_mut().zip(&part.columns) {
            if let Cells::Text(texts) = column {
                texts.iter().for_each(|text| amounts.add(text.unwrap_or_default()));
            }
        }
    }
    Ok(Some(found.proven(&amounts)))
}

/// What is said of rows that were left out because they are empty; `numbers` are data rows of one file.
pub(crate) fn note_of_empty(name: &str, numbers: &[u64], rows: u64) -> Option<String> {
    /// Rows that are named.
    const SHOWN: usize = 5;
    let (first, count) = (numbers.first()?, numbers.len());
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(u64::to_string).collect();
    let places = match count {
        1 => format!("data row {first}"),
        _ if count <= SHOWN => format!("data rows {}", shown.join(", ")),
        _ => format!("data rows {} and {} more", shown.join(", "), count - SHOWN),
    };
    Some(format!("{count} of {rows} rows are empty in every column and were skipped (`{name}`, {places})"))
}

/// Data rows of a file that its parts leave out.
#[derive(Debug, Default)]
pub(crate) struct Emptied {
    numbers: Vec<u64>,
    rows: u64,
}

impl Emptied {
    pub(crate) fn add_all(&mut self, parts: &[Part]) {
        for part in parts {
            self.add(part);
        }
    }

    fn add(&mut self, part: &Part) {
        if let Some(kept) = &part.kept {
            let mut kept = kept.iter().copied().peekable();
            self.numbers.extend((0..part.rows).filter(|row| kept.next_if_eq(row).is_none()).map(|row| self.rows + row as u64 + 1));
        }
        self.rows += part.rows as u64;
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether no row is left.
    pub(crate) fn all(&self) -> bool {
        self.numbers.len() as u64 == self.rows
    }

    pub(crate) fn note(&self, name: &str) -> Option<String> {
        note_of_empty(name, &self.numbers, self.rows)
    }
}

/// Reads all rows. `pick` chooses the wanted columns among those of the header.
pub(crate) fn read(
    source: &Source,
    bytes: &[u8],
    options: &FileOptions,
    pick: impl Fn(&[String]) -> Result<Vec<String>, DataError>,
) -> Result<TextRows, DataError> {
    let (file, name) = (source.shown(), source.name());
    let opening = Opening::of(&file, &name, bytes, options.encoding)?;
    let raw = &bytes[opening.mark..];
    let not_text = |fault: Fault, text: &[u8]| refuse(&file, &text[..fault.0], options, None, 0, opening.encoding);
    let byte_order_mark = opening.encoding == Encoding::Utf8 && opening.mark > 0;
    let windows_1252 = || {
        let text = decode(raw, Encoding::Windows1252).unwrap_or_default();
        let mut rows = rows_of(&file, &name, &text, options, &pick, false)?;
        rows.notes.insert(0, read_as_windows_1252(&name));
        Ok(rows)
    };
    let judged = || match std::str::from_utf8(raw) {
        Ok(_) => Ok(None),
        Err(error) if opening.open => match Judge::whole(raw) {
            Ok(true) => windows_1252().map(Some),
            _ => Err(not_text(Fault(error.valid_up_to()), raw)),
        },
        Err(error) => Err(not_text(Fault(error.valid_up_to()), raw)),
    };
    let text: Cow<[u8]> = match opening.encoding {
        // The rows are checked where they are decoded, which is cheaper than checking them here as well.
        Encoding::Utf8 => Cow::Borrowed(raw),
        Encoding::Windows1252 => Cow::Owned(decode(raw, Encoding::Windows1252).unwrap_or_default()),
        other => {
            let mut text = Vec::new();
            match Decoder::new(other).push(raw, true, &mut text) {
                Ok(()) => Cow::Owned(text),
                Err(_) => return Err(utf16_fault(&file, raw, other, options)),
            }
        }
    };
    if opening.encoding == Encoding::Utf8 {
        let head = &raw[..raw.len().min(HEAD)];
        let tail = &raw[raw.len().saturating_sub(TAIL)..];
        // A letter may be cut in two at the inner end of both.
        let cut = tail.iter().take(3).take_while(|byte| (0x80..0xC0).contains(*byte) && tail.len() < raw.len()).count();
        let broken =
            std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some()) || std::str::from_utf8(&tail[cut..]).is_err();
        if broken && let Some(rows) = judged()? {
            return Ok(rows);
        }
    }
    let mut rows = match rows_of(&file, &name, &text, options, &pick, byte_order_mark) {
        Err(error) if opening.encoding == Encoding::Utf8 => match judged()? {
            Some(rows) => return Ok(rows),
            None => return Err(error),
        },
        other => other?,
    };
    rows.notes.splice(0..0, opening.note);
    Ok(rows)
}

/// The error for a text in UTF-16 that breaks off in the middle of a letter.
fn utf16_fault(file: &str, raw: &[u8], encoding: Encoding, options: &FileOptions) -> DataError {
    let mut decoder = Decoder::new(encoding);
    let mut text = Vec::new();
    for pair in raw.chunks(2) {
        if decoder.push(pair, pair.len() < 2, &mut text).is_err() {
            break;
        }
    }
    refuse(file, &text, options, None, 0, encoding)
}

fn rows_of(
    file: &str,
    name: &str,
    text: &[u8],
    options: &FileOptions,
    pick: &impl Fn(&[String]) -> Result<Vec<String>, DataError>,
    byte_order_mark: bool,
) -> Result<TextRows, DataError> {
    let shape = shape(text, true, options);
    let (csv, start) = opened(file, text, &shape)?;
    let body = &text[start..];
    let names = pick(&csv.names()).map_err(|error| hinted(error, body, &csv, &shape))?;
    let rows_of = |names: &[String], end: usize| csv.with_body(&body[..end]).read_filled(names, 0);
    let totals = totals_below(body, &csv, &shape, rows_of)?;
    let end = totals.as_ref().and_then(|totals| totals.end).unwrap_or(body.len());
    let parts = csv.with_body(&body[..end]).read_filled(&names, 0)?;
    let mut notes = notes_of(name, &shape);
    let mut emptied = Emptied::default();
    emptied.add_all(&parts);
    notes.extend(emptied.note(name));
    notes.extend(totals.iter().flat_map(|totals| notes_of_totals(name, totals, emptied.rows())));
    let all = csv.names();
    let places = names.iter().filter_map(|name| all.iter().position(|known| known == name)).collect();
    Ok(TextRows { names, places, body: start, parts, look: Look::of(&text[shape.start..], shape.separator, byte_order_mark), notes })
}

/// Where a column is missing and the rows do not have the fields of the header, that may be none; a single name with blanks may be several.
fn hinted(error: DataError, body: &[u8], csv: &CsvText, shape: &Shape) -> DataError {
    let hint = if let Some(fields) = other_width(body, csv.width(), shape.separator.byte()) {
        format!("the rows have {fields} fields; if that is no header, say how many lines stand above it (`skip lines`)")
    } else if let [name] = csv.names().as_slice()
        && name.contains([' ', ';', '\t', '|'])
    {
        "one column; if something else than a comma stands between the fields, name it (`separator`), and if that is no header, say how many \
         lines stand above it (`skip lines`)"
            .to_owned()
    } else {
        return error;
    };
    match error {
        DataError::Rows(RowsError::MissingColumn { file, column, nearest, known }) => {
            RowsError::MissingColumn { file, column, nearest, known: format!("{known} ({hint})") }.into()
        }
        error => error,
    }
}

/// The usual number of fields of the first rows, where it is not that of the header.
fn other_width(body: &[u8], header: usize, separator: u8) -> Option<usize> {
    /// Rows that are looked at.
    const MOST_ROWS: usize = 200;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut at = 0;
    for _ in 0..MOST_ROWS {
        let Some(record) = Record::next(body, at, separator) else { break };
        *counts.entry(record.fields).or_default() += 1;
        at = record.next;
    }
    let (&fields, _) = counts.iter().max_by_key(|(_, count)| **count)?;
    (fields != header).then_some(fields)
}

/// The header of a text, and the bytes before the first row.
fn opened(file: &str, text: &[u8], shape: &Shape) -> Result<(CsvText<'static>, usize), DataError> {
    let (text, separator) = (&text[shape.start..], shape.separator.byte());
    let csv = CsvText::open(file, text, Header::FirstLine, separator)?;
    let rows = shape.start + csv.header_bytes(text);
    if !shape.nameless {
        return Ok((csv.without_body(), rows));
    }
    // With a field for the names of the rows.
    let begin = text.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let whole = [&[separator], &text[begin..rows - shape.start]].concat();
    Ok((CsvText::open(file, &whole, Header::FirstLine, separator)?.without_body(), rows))
}

/// The error for bytes that are not what the encoding says, after `text`. `header`: the separator, where the text begins with a row.
fn refuse(file: &str, text: &[u8], options: &FileOptions, header: Option<u8>, rows_before: u64, encoding: Encoding) -> DataError {
    let (mut at, separator, mut row) = if let Some(separator) = header {
        (0, separator, rows_before + 1)
    } else {
        let shape = shape(text, false, options);
        (shape.start, shape.separator.byte(), 0)
    };
    while let Some(record) = Record::next(text, at, separator)
        && (record.next < text.len() || text.ends_with(b"\n") || text.ends_with(b"\r"))
    {
        row += 1;
        at = record.next;
    }
    let place = if row == 0 { "the header".to_owned() } else { format!("data row {row}") };
    match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => {
            DataError::NotCsv { file: file.to_owned(), reason: format!("{place} holds bytes that are not {encoding}; save it as UTF-8") }
        }
        _ => DataError::NotUtf8 { file: file.to_owned(), place },
    }
}

/// A text that is read in parts.
pub(crate) struct TextParts {
    file: String,
    name: String,
    content: Content,
    reader: Box<dyn Read + Send>,
    /// Hash and length of the file, where its bytes are read as they stand.
    hash: Option<(Sha256, u64)>,
    options: FileOptions,
    decoder: Option<(Decoder, bool)>,
    /// Text that is not yet rows.
    rest: Vec<u8>,
    ended: bool,
    header: Option<(CsvText<'static>, Shape)>,
    emptied: Emptied,
    notes: Vec<String>,
    /// Bytes at the end that are not asked what they are, and are not read.
    cut: usize,
    /// Whether lines of totals may stand at the end.
    totals: bool,
}

impl fmt::Debug for TextParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TextParts").field("file", &self.file).finish_non_exhaustive()
    }
}

impl TextParts {
    pub(crate) fn open(source: &Source, content: Content, options: &FileOptions) -> Result<Self, DataError> {
        let hash = matches!(content.origin, Origin::File(_)).then(|| (Sha256::new(), 0));
        let parts = TextParts::from_start(source.shown(), source.name(), content, options)?;
        Ok(TextParts { hash, ..parts })
    }

    fn from_start(file: String, name: String, content: Content, options: &FileOptions) -> Result<Self, DataError> {
        Ok(TextParts {
            file,
            name,
            reader: content.reader()?,
            notes: content.notes.clone(),
            content,
            hash: None,
            options: options.clone(),
            decoder: None,
            rest: Vec::new(),
            ended: false,
            header: None,
            emptied: Emptied::default(),
            cut: 0,
            totals: true,
        })
    }

    /// What stands at the end of the file, whose last bytes are at hand. Whether it is a total, only a second way through the file tells.
    fn totals(&self, csv: &CsvText, shape: &Shape) -> Result<Option<Totals>, DataError> {
        if !self.totals {
            return Ok(None);
        }
        totals_below(&self.rest, csv, shape, |names, end| {
            let again = TextParts::from_start(self.file.clone(), self.name.clone(), self.content.clone(), &self.options)?;
            let mut again = TextParts { totals: false, cut: self.rest.len() - end, ..again };
            let mut all = Vec::new();
            while let Some((_, parts)) = again.next(names)? {
                all.extend(parts);
            }
            Ok(all)
        })
    }

    /// The separator, once the header is known.
    pub(crate) fn separator(&self) -> Option<u8> {
        self.header.as_ref().map(|(_, shape)| shape.separator.byte())
    }

    /// Names of the columns.
    pub(crate) fn names(&mut self) -> Result<Vec<String>, DataError> {
        if self.header.is_none() {
            self.fill()?;
        }
        Ok(self.header.as_ref().map(|(csv, _)| csv.names()).unwrap_or_default())
    }

    /// The columns of the next rows, with the number of rows before them; `None` at the end.
    pub(crate) fn next(&mut self, columns: &[String]) -> Result<Option<(u64, Vec<Part>)>, DataError> {
        loop {
            if self.ended && self.header.is_some() && self.rest.is_empty() {
                return Ok(None);
            }
            if !self.ended {
                self.fill()?;
            }
            let Some((csv, shape)) = &self.header else { continue };
            let separator = shape.separator.byte();
            let mut totals = None;
            let end = if self.ended {
                totals = self.totals(csv, shape)?;
                self.rest.len() - totals.as_ref().and_then(|totals| Some(self.rest.len() - totals.end?)).unwrap_or(self.cut)
            } else {
                // The last bytes of the file are looked at together.
                last_record_end(&self.rest[..self.rest.len().saturating_sub(TAIL)], separator).unwrap_or(0)
            };
            if end == 0 && !self.ended {
                within_a_row(&self.file, self.emptied.rows() + 1, self.rest.len().saturating_sub(TAIL))?;
                continue;
            }
            let before = self.emptied.rows();
            let parts = csv.with_body(&self.rest[..end]).read_filled(columns, before)?;
            self.emptied.add_all(&parts);
            if self.ended {
                self.rest.clear();
                if self.emptied.all() {
                    return Err(DataError::from(RowsError::NoRows { file: self.file.clone() }));
                }
                self.notes.extend(self.emptied.note(&self.name));
                self.notes.extend(totals.iter().flat_map(|totals| notes_of_totals(&self.name, totals, self.emptied.rows())));
            } else {
                self.rest.drain(..end);
            }
            if parts.iter().any(|part| part.left() > 0) {
                return Ok(Some((before, parts)));
            }
        }
    }

    /// Notes on what was read so far, and the digest of the file; asked for at its end.
    pub(crate) fn finish(&mut self, source: &Source) -> Result<(Vec<String>, FileDigest), DataError> {
        let digest = match self.hash.take() {
            Some((hash, bytes)) => files::finish(&source.path, bytes, hash),
            None => source.digest()?,
        };
        Ok((std::mem::take(&mut self.notes), digest))
    }

    /// Reads on, and finds the header with the first bytes.
    fn fill(&mut self) -> Result<(), DataError> {
        let mut part = vec![0; PART_BYTES];
        let mut filled = 0;
        while filled < part.len() {
            match self.reader.read(&mut part[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.content.unreadable(&self.file, error)),
            }
        }
        self.ended = filled < part.len();
        part.truncate(filled);
        if let Some((hash, bytes)) = &mut self.hash {
            hash.update(&part);
            *bytes += filled as u64;
        }
        let mut mark = 0;
        if self.decoder.is_none() {
            let opening = Opening::of(&self.file, &self.name, &part, self.options.encoding)?;
            mark = opening.mark;
            self.notes.extend(opening.note);
            self.decoder = Some((Decoder::new(opening.encoding), opening.open));
        }
        let Some((decoder, open)) = &mut self.decoder else { return Ok(()) };
        if let Err(fault) = decoder.push(&part[mark..], self.ended, &mut self.rest) {
            if !(*open && Judge::whole(self.content.reader()?).map_err(|error| self.content.unreadable(&self.file, error))?) {
                let mut text = std::mem::take(&mut self.rest);
                let mut until = Decoder::new(decoder.encoding());
                let missing = fault.0 - text.len();
                // The part up to the fault, letter by letter where it is UTF-16.
                let bytes = [decoder.waiting(), &part[mark..]].concat();
                if decoder.encoding() == Encoding::Utf8 {
                    text.extend_from_slice(&bytes[..missing]);
                } else {
                    for pair in bytes.chunks(2) {
                        if until.push(pair, pair.len() < 2, &mut text).is_err() {
                            break;
                        }
                    }
                }
                let separator = self.header.as_ref().map(|(_, shape)| shape.separator.byte());
                return Err(refuse(&self.file, &text, &self.options, separator, self.emptied.rows(), decoder.encoding()));
            }
            decoder.turn_to_windows_1252();
            self.notes.push(read_as_windows_1252(&self.name));
            decoder.push(&part[mark..], self.ended, &mut self.rest).ok();
        }
        if self.header.is_none() {
            let shape = shape(&self.rest, self.ended, &self.options);
            let (csv, body) = opened(&self.file, &self.rest, &shape)?;
            if !self.ended && body == self.rest.len() {
                // A header that goes on beyond the first part.
                DataError::within(&self.file, ROW_BYTES, (body as u64).max(ROW_BYTES.most().saturating_add(1)))?;
            }
            self.rest.drain(..body);
            self.notes.extend(notes_of(&self.name, &shape));
            self.header = Some((csv, shape));
        }
        Ok(())
    }
}

/// Reads a text that was made of another kind of file: its first line is the header, or holds a title as any text may.
pub(crate) fn read_made(
    source: &Source,
    text: &[u8],
    skip_lines: Option<usize>,
    pick: impl Fn(&[String]) -> Result<Vec<String>, DataError>,
) -> Result<TextRows, DataError> {
    let options =
        FileOptions { separator: Some(Separator::Comma), skip_lines, worksheet: None, encoding: Some(Encoding::Utf8), decimal: None };
    let mut rows = read(source, text, &options, pick)?;
    rows.look = Look::default();
    Ok(rows)
}

/// Names of the columns of a text.
pub(crate) fn names(source: &Source, content: Content, options: &FileOptions) -> Result<Vec<String>, DataError> {
    TextParts::open(source, content, options)?.names()
}

/// Names of the columns of a text that was made of another kind of file.
pub(crate) fn names_made(source: &Source, text: Vec<u8>, skip_lines: Option<usize>) -> Result<Vec<String>, DataError> {
    let content = Content { form: super::content::Form::Text, origin: Origin::Held(Arc::new(text)), notes: Vec::new() };
    let options =
        FileOptions { separator: Some(Separator::Comma), skip_lines, worksheet: None, encoding: Some(Encoding::Utf8), decimal: None };
    names(source, content, &options)
}

//! JSON objects to columns: one object a line (JSON lines), one after the other, or in one list.
//!
//! The keys are the columns, in the order in which they first appear; an object that lacks one has an empty field there. A column whose values
//! are all numbers is a column of numbers; in every other one each value is its text, a whole number without decimals, beside the numbers. `NaN`, which Python
//! writes though JSON does not know it, is a missing value.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use arrow_array::{Array, Float64Array};
use evenhand_catalog::limits::COLUMNS;
use serde::de::{Deserialize, DeserializeSeed, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};

use super::raw::{Cells, Part};
use crate::DataError;

/// Rows of a part.
const PART_ROWS: usize = 65_536;
/// The largest whole number up to which `f64` tells all of them apart.
const EXACT: u64 = 1 << 53;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Empty,
    Number(f64),
    /// Also a whole number that is too long for `f64`.
    Text(String),
}

/// The values of a column, each with its row, in the order of the rows.
type Held = Vec<(usize, Value)>;

/// The objects of a file.
#[derive(Debug, Default)]
pub(crate) struct JsonRows {
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// The values of each column with their rows: a key may first appear in a late row, and in few.
    columns: Vec<Held>,
    rows: usize,
}

impl JsonRows {
    pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let refused = |reason: String| DataError::NotTable { file: file.to_owned(), kind: "JSON", reason };
        let text = &plain_words(text).map_err(refused)?;
        let mut rows = JsonRows::default();
        let at = |rows: &JsonRows, error: serde_json::Error| {
            refused(format!("object {}: {error}; write one object of plain values for each row", rows.rows + 1))
        };
        if text.trim_ascii_start().starts_with(b"[") {
            let mut reader = serde_json::Deserializer::from_slice(text);
            reader.deserialize_seq(List(&mut rows)).and_then(|()| reader.end()).map_err(|error| at(&rows, error))?;
        } else {
            // Not by asking for the end after each: the refusal of what still follows counts its lines from the first one on.
            for row in serde_json::Deserializer::from_slice(text).into_iter::<Row>() {
                row.and_then(|row| rows.add(row)).map_err(|error| at(&rows, error))?;
            }
        }
        Ok(rows)
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The wanted columns in the wanted order, in parts of consecutive rows.
    pub(crate) fn columns(&self, wanted: &[String]) -> Result<Vec<Part>, DataError> {
        let column = |name: &String| {
            let place = self.places.get(name).ok_or_else(|| DataError::missing_column("the JSON objects", name, &self.names))?;
            Ok(&self.columns[*place])
        };
        let wanted: Vec<&Held> = wanted.iter().map(column).collect::<Result<_, DataError>>()?;
        let numeric: Vec<bool> = wanted.iter().map(|held| held.iter().all(|(_, value)| !matches!(value, Value::Text(_)))).collect();
        let empty = |row: usize| {
            self.columns.iter().all(|held| match held.binary_search_by_key(&row, |(row, _)| *row).map(|at| &held[at].1) {
                Err(_) | Ok(Value::Empty) => true,
                Ok(Value::Text(text)) => text.trim().is_empty(),
                Ok(Value::Number(_)) => false,
            })
        };
        let part = |from: usize| {
            let rows = from..(from + PART_ROWS).min(self.rows);
            let cells = wanted.iter().zip(&numeric).map(|(held, numeric)| {
                let mut values = vec![&Value::Empty; rows.len()];
                let first = held.partition_point(|(row, _)| *row < rows.start);
                for (row, value) in held[first..].iter().take_while(|(row, _)| *row < rows.end) {
                    values[row - from] = value;
                }
                let number = |value: &&Value| if let Value::Number(number) = value { Some(*number) } else { None };
                let numbers: Float64Array = values.iter().map(number).collect();
                if *numeric {
                    return Cells::Number(numbers);
                }
                let text = |value: &&Value| match value {
                    Value::Empty => None,
                    Value::Number(number) => Some(number.to_string()),
                    Value::Text(text) => Some(text.clone()),
                };
                let texts = values.iter().map(text).collect();
                if numbers.null_count() == numbers.len() { Cells::Text(texts) } else { Cells::Mixed { texts, numbers, percent: false } }
            });
            let cells: Vec<Cells> = cells.collect();
            let is_empty = |row: usize| match &cells[0] {
                Cells::Number(numbers) => numbers.is_null(row - from),
                Cells::Text(_) | Cells::Mixed { .. } => true,
            };
            let candidates = rows.clone().filter(|&row| !cells.is_empty() && is_empty(row));
            let out: Vec<usize> = candidates.filter(|&row| empty(row)).map(|row| row - from).collect();
            Part::without(cells, &out)
        };
        Ok((0..self.rows).step_by(PART_ROWS).map(part).collect())
    }

    fn add<E: serde::de::Error>(&mut self, row: Row) -> Result<(), E> {
        for (name, value) in row.0 {
            let place = if let Some(place) = self.places.get(&name) {
                *place
            } else {
                if let Err(limit) = COLUMNS.check(self.names.len() as u64 + 1) {
                    return Err(E::custom(format!("its keys are rather values: {limit}")));
                }
                self.names.push(name.clone());
                self.places.insert(name, self.names.len() - 1);
                self.columns.push(Vec::new());
                self.names.len() - 1
            };
            if value != Value::Empty {
                self.columns[place].push((self.rows, value));
            }
        }
        self.rows += 1;
        Ok(())
    }
}

/// A text without the words for numbers that JSON does not know: `NaN` becomes `null`, which means the same here.
fn plain_words(text: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let mut plain: Option<Vec<u8>> = None;
    let (mut copied, mut at, mut quoted) = (0, 0, false);
    while at < text.len() {
        match text[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'N' if !quoted && text[at..].starts_with(b"NaN") => {
                let plain = plain.get_or_insert_default();
                plain.extend_from_slice(&text[copied..at]);
                plain.extend_from_slice(b"null");
                at += b"NaN".len() - 1;
                copied = at + 1;
            }
            b'I' if !quoted && text[at..].starts_with(b"Infinity") => {
                let line = text[..at].split(|&byte| byte == b'\n').count();
                let sign = if text[..at].ends_with(b"-") { "-" } else { "" };
                let key = key_before(&text[..at]).map_or(String::new(), |key| format!(", key `{key}`"));
                return Err(format!(
                    "line {line}{key}: `{sign}Infinity` is no finite number; correct it, or write `null` if it is missing"
                ));
            }
            _ => {}
        }
        at += 1;
    }
    Ok(plain.map_or(Cow::Borrowed(text), |mut plain| {
        plain.extend_from_slice(&text[copied..]);
        Cow::Owned(plain)
    }))
}

/// The key whose value begins behind these bytes.
fn key_before(text: &[u8]) -> Option<String> {
    let text = text.strip_suffix(b"-").unwrap_or(text).trim_ascii_end().strip_suffix(b":")?.trim_ascii_end().strip_suffix(b"\"")?;
    let begin = text.iter().rposition(|&byte| byte == b'"')? + 1;
    Some(String::from_utf8_lossy(&text[begin..]).into_owned())
}

/// A list of objects.
struct List<'a>(&'a mut JsonRows);

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(row) = list.next_element::<Row>()? {
            self.0.add(row)?;
        }
        Ok(())
    }
}

/// One object: its keys and their values.
struct Row(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Row;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object with the names of the columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Row, A::Error> {
        let mut seen = HashSet::new();
        let mut fields = Vec::new();
        while let Some(name) = object.next_key::<String>()? {
            let name = name.trim().to_owned();
            let value = object.next_value_seed(Field(&name))?;
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("the key `{name}` stands twice")));
            }
            fields.push((name, value));
        }
        Ok(Row(fields))
    }
}

/// The value of a key.
struct Field<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Visitor<'_> for Field<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "a text, a number, true, false or null under the key `{}`", self.0)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Empty)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(if value.unsigned_abs() > EXACT { Value::Text(value.to_string()) } else { Value::Number(value as f64) })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(if value > EXACT { Value::Text(value.to_string()) } else { Value::Number(value as f64) })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(if value.is_empty() { Value::Empty } else { Value::Text(value.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(part: &Part, column: usize) -> Vec<Option<&str>> {
        match &part.columns[column] {
            Cells::Text(texts) | Cells::Mixed { texts, .. } => texts.iter().collect(),
            Cells::Number(_) => panic!("column {column} holds numbers"),
        }
    }

    fn numbers(part: &Part, column: usize) -> Vec<Option<f64>> {
        match &part.columns[column] {
            Cells::Number(numbers) | Cells::Mixed { numbers, .. } => numbers.iter().collect(),
            Cells::Text(_) => panic!("column {column} holds texts"),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn objects_are_rows_and_keys_columns() {
        let lines = "{\"id\": 1.0, \"group\": \"f\"}\n{\"id\": 2, \"score\": 0.5}\n\n{}\n{\"score\": 1, \"group\": true}\n";
        let list = format!("\u{feff} [{}]", lines.trim_end().replace("\n\n", "\n").replace('\n', ","));
        for text in [lines, &list] {
            let rows = JsonRows::read("x.jsonl", text.as_bytes()).unwrap();
            assert_eq!(rows.names(), ["id", "group", "score"]);
            let parts = rows.columns(&names(&["score", "group", "id"])).unwrap();
            assert_eq!(numbers(&parts[0], 0), [None, Some(0.5), Some(1.0)]);
            assert_eq!(texts(&parts[0], 1), [Some("f"), None, Some("true")]);
            assert_eq!((parts[0].rows, parts[0].kept.as_deref()), (4, Some([0, 1, 3].as_slice())), "the third object is empty");
        }
    }

    #[test]
    fn mixed_columns_are_texts_and_long_ids_stay_apart() {
        let text = "{\"id\": 9007199254740993, \"code\": 1.0}\n{\"id\": 9007199254740992, \"code\": \"x\"}\n";
        let rows = JsonRows::read("x.jsonl", text.as_bytes()).unwrap();
        let parts = rows.columns(&names(&["id", "code"])).unwrap();
        assert_eq!(texts(&parts[0], 0), [Some("9007199254740993"), Some("9007199254740992")]);
        assert_eq!((texts(&parts[0], 1), numbers(&parts[0], 1)), (vec![Some("1"), Some("x")], vec![Some(1.0), None]));
    }

    #[test]
    fn nan_is_a_missing_value_and_infinity_is_refused() {
        for text in ["{\"a\": NaN, \"b\": \"NaN\"}\n{\"a\":0.5}\n", "[{\"a\":NaN,\"b\":\"NaN\"},\n{\"a\":0.5, \"b\": NaN}]"] {
            let rows = JsonRows::read("x.json", text.as_bytes()).unwrap();
            let parts = rows.columns(&names(&["a", "b"])).unwrap();
            assert_eq!((numbers(&parts[0], 0), texts(&parts[0], 1)), (vec![None, Some(0.5)], vec![Some("NaN"), None]), "{text}");
        }
        for (text, place) in [
            ("{\"a\": 1}\n{\"a\": -Infinity}", "line 2, key `a`: `-Infinity` is no finite number"),
            ("[{\"q\\\"\": \"Infinity\", \"b\" : Infinity}]", "line 1, key `b`: `Infinity` is no finite number"),
        ] {
            let told = JsonRows::read("x.json", text.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(place), "{told}");
        }
    }

    #[test]
    fn what_is_no_row_is_told_with_its_place() {
        for (text, place) in [
            (
                "{\"a\": 1}\n{\"a\": [1]}\n",
                "object 2: invalid type: sequence, expected a text, a number, true, false or null under the key `a`",
            ),
            ("{\"a\": {\"b\": 1}}\n", "object 1: invalid type: map"),
            ("{\"a\": 1}\n[1]\n", "object 2: invalid type: sequence"),
            ("{\"a\": 1, \"a\": 2}\n", "the key `a` stands twice"),
            ("[{\"a\": 1}", "object 2: EOF"),
            ("{\"a\": 1} x", "object 2: expected value"),
        ] {
            let told = JsonRows::read("x.json", text.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(place), "{told}");
        }
    }
}

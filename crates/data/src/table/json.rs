//! JSON objects to columns: one object a line (JSON lines), one after the other, or in one list.
//!
//! The keys are the columns, in the order in which they first appear; an object that lacks one has an empty field there. A column whose values
//! are all numbers is a column of numbers; in every other one each value is its text, a whole number without decimals.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, StringArray};
use serde::de::{DeserializeSeed, Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};

use super::raw::Part;
use crate::DataError;

/// Rows of a part.
const PART_ROWS: usize = 65_536;
/// The largest whole number up to which `f64` tells all of them apart.
const EXACT: u64 = 1 << 53;
/// Columns beyond which the keys are rather values.
const MOST_COLUMNS: usize = 1 << 16;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Empty,
    Number(f64),
    /// Also a whole number that is too long for `f64`.
    Text(String),
}

/// The objects of a file.
#[derive(Debug, Default)]
pub(crate) struct JsonRows {
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// The columns, each as long as up to its last value.
    columns: Vec<Vec<Value>>,
    rows: usize,
}

impl JsonRows {
    pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Self, DataError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut rows = JsonRows::default();
        let refused = |rows: &JsonRows, error: serde_json::Error| DataError::NotTable {
            file: file.to_owned(),
            kind: "JSON",
            reason: format!("object {}: {error}; write one object of plain values for each row", rows.rows + 1),
        };
        if text.trim_ascii_start().starts_with(b"[") {
            let mut reader = serde_json::Deserializer::from_slice(text);
            reader.deserialize_seq(List(&mut rows)).and_then(|()| reader.end()).map_err(|error| refused(&rows, error))?;
        } else {
            let mut reader = serde_json::Deserializer::from_slice(text);
            while reader.end().is_err() {
                reader.deserialize_any(Object(&mut rows)).map_err(|error| refused(&rows, error))?;
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
        let wanted: Vec<&Vec<Value>> = wanted.iter().map(column).collect::<Result<_, DataError>>()?;
        let numeric: Vec<bool> = wanted.iter().map(|values| values.iter().all(|value| !matches!(value, Value::Text(_)))).collect();
        let empty = |row: usize| {
            self.columns.iter().all(|values| match values.get(row) {
                None | Some(Value::Empty) => true,
                Some(Value::Text(text)) => text.trim().is_empty(),
                Some(Value::Number(_)) => false,
            })
        };
        let part = |from: usize| {
            let rows = from..(from + PART_ROWS).min(self.rows);
            let arrays = wanted.iter().zip(&numeric).map(|(values, numeric)| {
                let at = |row: usize| values.get(row).unwrap_or(&Value::Empty);
                if *numeric {
                    let number = |row: usize| if let Value::Number(number) = at(row) { Some(*number) } else { None };
                    return Arc::new(rows.clone().map(number).collect::<Float64Array>()) as ArrayRef;
                }
                let text = |row: usize| match at(row) {
                    Value::Empty => None,
                    Value::Number(number) => Some(number.to_string()),
                    Value::Text(text) => Some(text.clone()),
                };
                Arc::new(rows.clone().map(text).collect::<StringArray>()) as ArrayRef
            });
            let arrays: Vec<ArrayRef> = arrays.collect();
            let candidates = rows.clone().filter(|&row| arrays.first().is_some_and(|first| first.is_null(row - from) || !numeric[0]));
            let out: Vec<usize> = candidates.filter(|&row| empty(row)).map(|row| row - from).collect();
            Part::without(arrays, &out)
        };
        Ok((0..self.rows).step_by(PART_ROWS).map(part).collect())
    }

    fn set(&mut self, name: String, value: Value) -> Result<(), String> {
        let place = if let Some(place) = self.places.get(&name) {
            *place
        } else {
            if self.names.len() == MOST_COLUMNS {
                return Err(format!("there are more than {MOST_COLUMNS} different keys"));
            }
            self.names.push(name.clone());
            self.places.insert(name, self.names.len() - 1);
            self.columns.push(Vec::new());
            self.names.len() - 1
        };
        if value != Value::Empty {
            self.columns[place].resize(self.rows, Value::Empty);
            self.columns[place].push(value);
        }
        Ok(())
    }
}

/// A list of objects.
struct List<'a>(&'a mut JsonRows);

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Object(self.0))?.is_some() {}
        Ok(())
    }
}

/// One object.
struct Object<'a>(&'a mut JsonRows);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object with the names of the columns")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            let name = name.trim().to_owned();
            let value = object.next_value_seed(Field(&name))?;
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("the key `{name}` stands twice")));
            }
            self.0.set(name, value).map_err(A::Error::custom)?;
        }
        self.0.rows += 1;
        Ok(())
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
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;

    use super::*;

    fn texts(part: &Part, column: usize) -> Vec<Option<&str>> {
        part.columns[column].as_string::<i32>().iter().collect()
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
            let scores: Vec<_> = parts[0].columns[0].as_primitive::<Float64Type>().iter().collect();
            assert_eq!(scores, [None, Some(0.5), Some(1.0)]);
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
        assert_eq!(texts(&parts[0], 1), [Some("1"), Some("x")]);
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

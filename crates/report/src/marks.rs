//! Marks in a text that nobody sees: those that turn the direction of reading round, and control characters. Pages, tables for spreadsheets, documents and the
//! terminal show them as what they are.
//!
//! ```
//! use evenhand_report::marks::visible;
//!
//! assert_eq!(visible("nem\u{202e}ow"), "nem[U+202E]ow");
//! assert!(matches!(visible("Ö, שלום, 男"), std::borrow::Cow::Borrowed(_)));
//! ```

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether a reader does not see a character that changes what he sees.
pub fn is_hidden(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || (character.is_control() && !matches!(character, '\n' | '\t'))
}

/// The same text with such marks written out, as `[U+202E]`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            let _ = write!(shown, "[U+{:04X}]", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The same report, or part of one, with such marks written out in every text of it.
pub(crate) fn shown<T: Serialize + DeserializeOwned + Clone>(report: &T) -> Cow<'_, T> {
    let Ok(mut value) = serde_json::to_value(report) else { return Cow::Borrowed(report) };
    if !write_out(&mut value) {
        return Cow::Borrowed(report);
    }
    serde_json::from_value(value).map_or(Cow::Borrowed(report), Cow::Owned)
}

/// Writes marks out in all texts and keys; whether there was one.
fn write_out(value: &mut Value) -> bool {
    match value {
        Value::String(text) => match visible(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(shown) => {
                *text = shown;
                true
            }
        },
        Value::Array(items) => items.iter_mut().fold(false, |found, item| write_out(item) | found),
        Value::Object(fields) => {
            let mut found = fields.values_mut().fold(false, |found, field| write_out(field) | found);
            if fields.keys().any(|key| key.chars().any(is_hidden)) {
                found = true;
                *fields = std::mem::take(fields).into_iter().map(|(key, field)| (visible(&key).into_owned(), field)).collect();
            }
            found
        }
        _ => false,
    }
}

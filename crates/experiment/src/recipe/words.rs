//! The parser's messages in the words of a recipe.

use evenhand_catalog::nearest;

/// What the parser calls the types of values, and what people call them.
const WORDS: [(&str, &str); 16] = [
    ("invalid type: ", "wrong kind of value: "),
    ("invalid length ", "wrong number of values: "),
    ("string \"", "the text \""),
    ("floating point `", "the number `"),
    ("integer `", "the number `"),
    ("boolean `", "`"),
    ("expected usize", "expected a whole number of at least 0"),
    ("expected u64", "expected a whole number of at least 0"),
    ("expected u16", "expected a whole number of at least 0"),
    ("expected f64", "expected a number"),
    ("expected a sequence", "expected a list, for example [1, 2]"),
    ("expected an array of length ", "expected a list of "),
    ("expected a map", "expected a section or { key = value }"),
    ("expected a boolean", "expected true or false"),
    ("expected a string", "expected a text in quotes"),
    ("sequence, expected", "a list, expected"),
];

/// The parser's message in the words of a recipe, with the nearest known key where it is about an unknown one.
pub(super) fn explain(message: &str) -> String {
    let message = WORDS.iter().fold(message.trim_end().to_owned(), |message, (theirs, ours)| message.replace(theirs, ours));
    let message = match message.split_once("expected struct ") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
            format!("{before}expected a section or {{ key = value }}{rest}")
        }
        None => message,
    };
    let message = message.as_str();
    let mut quoted = message.split("unknown field `").nth(1).into_iter().flat_map(|rest| rest.split('`').step_by(2));
    let Some(unknown) = quoted.next() else { return message.to_owned() };
    let rest = message.split("expected").last().unwrap_or_default();
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    match nearest(unknown, known.iter().copied()) {
        Some(word) => format!("{message}\ndid you mean `{word}`?"),
        None => message.to_owned(),
    }
}

//! A small writer of HTML: what stands between tags is escaped, names of the data keep their direction to themselves.

use std::fmt::Write as _;

use super::charts::svg::Escaped;
use crate::telling::{Piece, Words};

/// A part of a page under construction.
#[derive(Debug, Default)]
pub(super) struct Markup(pub(super) String);

impl Markup {
    /// Markup as it stands.
    pub(super) fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let _ = write!(self.0, "{}", Escaped(text));
        self
    }

    /// A name out of the data.
    pub(super) fn name(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(text).raw("</bdi>")
    }

    /// A text in an element, which may have attributes.
    pub(super) fn element(&mut self, tag: &str, text: &str) -> &mut Self {
        self.open(tag).text(text).close(tag)
    }

    /// A name in an element, which may have attributes.
    pub(super) fn named(&mut self, tag: &str, text: &str) -> &mut Self {
        self.open(tag).name(text).close(tag)
    }

    /// The beginning of an element: its name and attributes.
    pub(super) fn open(&mut self, tag: &str) -> &mut Self {
        self.raw("<").raw(tag).raw(">")
    }

    /// The end of an element: its name; attributes do not matter.
    pub(super) fn close(&mut self, tag: &str) -> &mut Self {
        self.raw("</").raw(tag.split(' ').next().unwrap_or(tag)).raw(">")
    }

    /// A sentence.
    pub(super) fn words(&mut self, words: &Words) -> &mut Self {
        for piece in &words.0 {
            match piece {
                Piece::Plain(text) => self.text(text),
                Piece::Name(text) => self.name(text),
                Piece::Strong(text) => self.element("b", text),
            };
        }
        self
    }
}

/// A text in which what stands between backticks is code.
pub(super) fn ticked(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without its other half is one.
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    parts.iter().enumerate().map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", Escaped(part)) } else { escaped(part) }).collect()
}

/// A text for an attribute or a template.
pub(super) fn escaped(text: &str) -> String {
    Escaped(text).to_string()
}

/// A place in per cent of a drawing, with one decimal at most.
pub(super) struct Share(pub(super) f64);

impl std::fmt::Display for Share {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.1}", self.0 * 100.0);
        write!(formatter, "{}%", text.strip_suffix(".0").unwrap_or(&text))
    }
}

/// The mark of the program.
pub(super) const MARK: &str = "<svg class=\"mark\" viewBox=\"0 0 26 14\" width=\"26\" height=\"14\" aria-hidden=\"true\"><line x1=\"5\" y1=\"7\" x2=\"21\" y2=\"7\"/><circle cx=\"5\" cy=\"7\" r=\"4\"/><circle cx=\"21\" cy=\"7\" r=\"4\" class=\"o\"/></svg>";

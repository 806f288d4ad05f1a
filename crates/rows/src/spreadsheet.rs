//! Fields of CSV that a spreadsheet program takes for formulas.
//!
//! Whoever opens a file runs what begins with `=`, `+`, `-`, `@`, a tab or a carriage return: a name such as `=CMD(...)` in a candidate's own text becomes
//! a program on the reader's machine. A number with its sign is none of these. An apostrophe before the field keeps it a text.

use std::borrow::Cow;

/// Whether a spreadsheet program would take a field for a formula.
///
/// ```
/// use evenhand_rows::spreadsheet::is_formula;
///
/// assert!(is_formula("=1+1") && is_formula("@SUM(A1)") && is_formula("+A1") && is_formula("-cmd|' /C calc'!A0"));
/// assert!(!is_formula("-0,5") && !is_formula("+49 170 1234") && !is_formula("- 12 %") && !is_formula("-") && !is_formula("a=b"));
/// ```
pub fn is_formula(field: &str) -> bool {
    if field.starts_with(['\t', '\r']) {
        return field.len() > 1;
    }
    let mut signs = field.trim_start().chars();
    // The wide signs of East Asian keyboards are the same to such programs.
    match signs.next() {
        Some('=' | '@' | '＝' | '＠') => !signs.as_str().is_empty(),
        Some('+' | '-' | '＋' | '－') => {
            let rest = signs.as_str().trim();
            // Signs of numbers, dates and telephones; `e` of exponents.
            let plain = |sign: char| {
                sign.is_ascii_digit()
                    || sign.is_whitespace()
                    || matches!(sign, '.' | ',' | '%' | '/' | '(' | ')' | '-' | 'e' | 'E' | '\'' | '’' | '€' | '$' | '£')
            };
            !(rest.is_empty() || rest.chars().all(plain) && !rest.starts_with(['(', 'e', 'E']))
        }
        _ => false,
    }
}

/// A field that stays a text.
pub fn defused(field: &str) -> Cow<'_, str> {
    if is_formula(field) { Cow::Owned(format!("'{field}")) } else { Cow::Borrowed(field) }
}

/// What of a CSV text is taken for formulas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formulas {
    /// Number of such fields.
    pub fields: usize,
    /// The first of them, cut to a few letters.
    pub first: String,
    /// Line of the first one, from 1.
    pub line: usize,
}

/// Looks for formulas in a CSV text; with `defuse` each gets an apostrophe.
///
/// ```
/// use evenhand_rows::spreadsheet::look;
///
/// let (text, found) = look("id,note\n1,\"=A1,2\"\n2,-5\n", ',', true);
/// assert_eq!(text, "id,note\n1,\"'=A1,2\"\n2,-5\n");
/// assert_eq!(found.unwrap().line, 2);
/// ```
pub fn look(text: &str, separator: char, defuse: bool) -> (Cow<'_, str>, Option<Formulas>) {
    /// Letters of a field that are shown.
    const SHOWN: usize = 40;
    let mut found: Option<Formulas> = None;
    let mut safe = String::new();
    let mut copied = 0;
    for (start, line, field) in Fields::of(text, separator) {
        if !is_formula(&field) {
            continue;
        }
        match &mut found {
            Some(found) => found.fields += 1,
            None => found = Some(Formulas { fields: 1, first: field.chars().take(SHOWN).collect(), line }),
        }
        if defuse {
            safe.push_str(&text[copied..start]);
            safe.push('\'');
            copied = start;
        }
    }
    if copied == 0 && safe.is_empty() {
        return (Cow::Borrowed(text), found);
    }
    safe.push_str(&text[copied..]);
    (Cow::Owned(safe), found)
}

/// The fields of a CSV text: where their content begins, the line, the content.
struct Fields<'a> {
    text: &'a str,
    separator: u8,
    at: usize,
    line: usize,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str, separator: char) -> Self {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Fields { text, separator: u8::try_from(separator).unwrap_or(b','), at: mark, line: 1 }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (usize, usize, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        if self.at >= bytes.len() {
            return None;
        }
        let line = self.line;
        let quoted = bytes[self.at] == b'"';
        let start = self.at + usize::from(quoted);
        let mut end = start;
        if quoted {
            while end < bytes.len() && (bytes[end] != b'"' || bytes.get(end + 1) == Some(&b'"')) {
                self.line += usize::from(bytes[end] == b'\n');
                end += if bytes[end] == b'"' { 2 } else { 1 };
            }
        } else {
            while end < bytes.len() && bytes[end] != self.separator && bytes[end] != b'\n' {
                end += 1;
            }
        }
        let content = &self.text[start..end.min(bytes.len())];
        let content = if quoted && content.contains("\"\"") { Cow::Owned(content.replace("\"\"", "\"")) } else { Cow::Borrowed(content) };
        let content = match content {
            Cow::Borrowed(plain) if !quoted => Cow::Borrowed(plain.strip_suffix('\r').unwrap_or(plain)),
            other => other,
        };
        self.at = end.min(bytes.len()) + usize::from(quoted);
        while self.at < bytes.len() && bytes[self.at] != self.separator && bytes[self.at] != b'\n' {
            self.at += 1;
        }
        self.line += usize::from(bytes.get(self.at) == Some(&b'\n'));
        self.at += 1;
        Some((start, line, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_found_wherever_a_field_begins() {
        let text = "\u{feff}=h;b\r\n\"say \"\"=x\"\"\";@SUM(1)\r\n\"two\n=lines\";\"+A1\"\r\n-1;-1,5\r\n";
        let (safe, found) = look(text, ';', true);
        assert_eq!(safe, "\u{feff}'=h;b\r\n\"say \"\"=x\"\"\";'@SUM(1)\r\n\"two\n=lines\";\"'+A1\"\r\n-1;-1,5\r\n");
        assert_eq!(found, Some(Formulas { fields: 3, first: "=h".to_owned(), line: 1 }));
        assert_eq!(look(&safe, ';', true).1, None);
        let (same, found) = look("a,b\n1,\n,x=1\n", ',', false);
        assert!(matches!(same, Cow::Borrowed(_)) && found.is_none());
        assert_eq!(look("a\nx\n\"=1\"", ',', false).1.unwrap().line, 3);
    }

    #[test]
    fn dangerous_signs_and_harmless_ones() {
        for field in [
            "=CMD|' /C calc'!A0",
            "=1",
            "+1+cmd",
            "-2+3+cmd|' /C calc'!A0",
            "@x",
            "\t=1",
            "+A1",
            "-(1)",
            "+e1",
            "-SUM(A1)",
            " =1+1",
            "\n=1",
            "＝1+1",
        ] {
            assert!(is_formula(field), "{field}");
        }
        for field in ["", "=", "@", "-", "+", "-1", "+1.5e-3", "-12/2024", "-5 €", "-1'000", "+49 (0)170-1", "x", "1=2", "–", "'=1"] {
            assert!(!is_formula(field), "{field}");
        }
    }
}

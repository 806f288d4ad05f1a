//! What a person may say about the bytes of his files, where the reader's own finding is not to be trusted.

use std::fmt;

/// How the bytes of files become rows; the same for every command. What is not said is found in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileOptions {
    /// What stands between the fields of a text.
    pub separator: Option<Separator>,
    /// Lines that stand before the header; with 0 the first line that is not empty is the header.
    pub skip_lines: Option<usize>,
    /// Name of the worksheet of a workbook.
    pub worksheet: Option<String>,
    /// Encoding of a text.
    pub encoding: Option<Encoding>,
    /// Sign before decimals, `.` or `,`, where fields are not separated by commas.
    pub decimal: Option<char>,
}

impl FileOptions {
    /// The words for signs before decimals that a command line or a recipe may give; the signs themselves are understood, too.
    pub const DECIMALS: [&'static str; 2] = ["point", "comma"];

    /// The sign before decimals that a word stands for.
    pub fn decimal_from_word(word: &str) -> Option<char> {
        match word {
            "point" | "." => Some('.'),
            "comma" | "," => Some(','),
            _ => None,
        }
    }
}

/// What stands between the fields of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
    /// One blank, as R writes it.
    Blank,
}

impl Separator {
    /// All separators; where two fit a file equally well the earlier one is taken.
    pub const ALL: [Separator; 5] = [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Pipe, Separator::Blank];
    /// The words that a command line or a recipe may give, in the order of [`Separator::ALL`]; the signs themselves are understood, too.
    pub const WORDS: [&'static str; 5] = ["comma", "semicolon", "tab", "pipe", "blank"];

    /// Its word of [`Separator::WORDS`].
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// The separator that a word, or the sign itself, stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        let sign =
            |separator: &Separator| word == char::from(separator.byte()).to_string() || *separator == Separator::Tab && word == "\\t";
        Self::ALL.into_iter().find(|separator| word.eq_ignore_ascii_case(separator.word()) || sign(separator))
    }

    /// The byte in a text.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Pipe => b'|',
            Separator::Blank => b' ',
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Separator::Tab => formatter.write_str("a tab"),
            Separator::Blank => formatter.write_str("a blank"),
            other => write!(formatter, "`{}`", char::from(other.byte())),
        }
    }
}

/// Encoding of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, of which Latin-1 is the part without marks and quotes.
    Windows1252,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Encoding; 4] = [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be, Encoding::Windows1252];
    /// The words that a command line or a recipe may give, in the order of [`Encoding::ALL`].
    pub const WORDS: [&'static str; 4] = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];

    /// Its word of [`Encoding::WORDS`].
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }

    /// The encoding that a word stands for; case and the hyphen do not matter, and Latin-1 is read as Windows-1252, as browsers do.
    pub fn from_word(word: &str) -> Option<Self> {
        let plain = |word: &str| word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let wanted = plain(word);
        let alias = ["cp1252", "latin1", "iso88591"].contains(&wanted.as_str()).then_some(Encoding::Windows1252);
        alias.or_else(|| Self::ALL.into_iter().find(|encoding| plain(encoding.word()) == wanted))
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(["UTF-8", "UTF-16 (low byte first)", "UTF-16 (high byte first)", "Windows-1252"][*self as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_signs_name_separators_and_encodings() {
        for separator in Separator::ALL {
            assert_eq!(Separator::from_word(separator.word()), Some(separator));
            assert_eq!(Separator::from_word(&char::from(separator.byte()).to_string()), Some(separator));
        }
        assert_eq!(Separator::from_word("\\t"), Some(Separator::Tab));
        assert_eq!(Separator::from_word(":"), None);
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::from_word(encoding.word()), Some(encoding));
        }
        assert_eq!(Encoding::from_word("Latin-1"), Some(Encoding::Windows1252));
        assert_eq!(Encoding::from_word("UTF8"), Some(Encoding::Utf8));
        assert_eq!(Encoding::from_word("shift-jis"), None);
    }
}

//! From the bytes of a text to UTF-8.
//!
//! A byte order mark settles the encoding. Without one, zero bytes at every other place mean UTF-16, and everything else is UTF-8 unless
//! its bytes contradict that. Then Windows-1252 is taken, but only where there is no doubt ([`Judge`]): no other byte of the file may
//! form a letter of UTF-8; every byte above 127 must be a letter or a mark that Western European languages use; a word made of such
//! letters alone (as every word in Cyrillic or Greek would be) and a capital after a small letter (as in texts of old Macs) are doubts. A file
//! whose only such bytes are euro and pound signs beside a number and blanks inside of numbers is settled by these.
//!
//! The judge reads a whole file in one pass without holding it, so that a file read in parts is judged like one read at once.
//!
//! Source of the table: the WHATWG Encoding Standard, index windows-1252.

use std::io::{self, Read};

use super::options::Encoding;

/// Bytes at the beginning of a text that show whether it is UTF-16.
const HEAD: usize = 4096;

/// The letters and marks of the bytes 0x80 to 0x9F in Windows-1252; the five unused ones stand for themselves.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–',
    '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What a byte order mark, or zero bytes without doubt, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The encoding, and the bytes of the mark.
    Mark(Encoding, usize),
    /// UTF-16 without a mark.
    Zeros(Encoding),
    /// UTF-32, which is not read.
    Utf32,
    /// Zero bytes that are no UTF-16: no text.
    Binary,
    /// Nothing: UTF-8, if the bytes do not contradict it.
    None,
}

/// Looks at the beginning of a file.
pub(crate) fn sign(bytes: &[u8]) -> Sign {
    if bytes.starts_with(b"\xFF\xFE\0\0") || bytes.starts_with(b"\0\0\xFE\xFF") {
        return Sign::Utf32;
    }
    for (mark, encoding) in
        [(b"\xEF\xBB\xBF".as_slice(), Encoding::Utf8), (b"\xFF\xFE", Encoding::Utf16Le), (b"\xFE\xFF", Encoding::Utf16Be)]
    {
        if bytes.starts_with(mark) {
            return Sign::Mark(encoding, mark.len());
        }
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    if !head.contains(&0) {
        return Sign::None;
    }
    let pairs = head.as_chunks::<2>().0;
    let zeros = |place: usize| pairs.iter().filter(|pair| pair[place] == 0).count();
    // Western texts are nearly all zeros at one place; separators, digits and line ends are so in every language.
    let encoding = match (zeros(0), zeros(1)) {
        (0, low) if 4 * low >= pairs.len() => Encoding::Utf16Le,
        (high, 0) if 4 * high >= pairs.len() => Encoding::Utf16Be,
        _ => return Sign::Binary,
    };
    let odd = |letter: &Result<char, _>| letter.as_ref().is_ok_and(|letter| letter.is_control() && !matches!(letter, '\t' | '\r' | '\n'));
    if pairs.len() < 4 || char::decode_utf16(pairs.iter().map(|pair| unit(*pair, encoding))).any(|letter| odd(&letter)) {
        return Sign::Binary;
    }
    Sign::Zeros(encoding)
}

fn unit(pair: [u8; 2], encoding: Encoding) -> u16 {
    if encoding == Encoding::Utf16Be { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
}

/// A text that is not what its encoding says, by the number of bytes of UTF-8 before the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) usize);

/// Turns consecutive parts of a text into UTF-8; a letter that is cut by the end of a part waits for the next.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    waiting: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Decoder { encoding, waiting: Vec::new() }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Bytes that wait for the rest of their letter.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    /// Goes on in Windows-1252: all bytes so far were ASCII.
    pub(crate) fn turn_to_windows_1252(&mut self) {
        self.encoding = Encoding::Windows1252;
    }

    /// Appends the part to `text`; after a fault nothing of the part is appended, and what waited still waits.
    pub(crate) fn push(&mut self, part: &[u8], last: bool, text: &mut Vec<u8>) -> Result<(), Fault> {
        let before = text.len();
        match self.encoding {
            Encoding::Windows1252 => {
                let waiting = std::mem::take(&mut self.waiting);
                push_windows_1252(&waiting, text);
                push_windows_1252(part, text);
                Ok(())
            }
            Encoding::Utf8 => {
                let waited = self.waiting.len();
                text.append(&mut self.waiting);
                text.extend_from_slice(part);
                let Err(error) = std::str::from_utf8(&text[before..]) else { return Ok(()) };
                let valid = before + error.valid_up_to();
                if error.error_len().is_some() || last {
                    self.waiting = text[before..before + waited].to_vec();
                    text.truncate(before);
                    return Err(Fault(valid));
                }
                self.waiting = text.split_off(valid);
                Ok(())
            }
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let waited = self.waiting.len();
                let mut bytes = std::mem::take(&mut self.waiting);
                bytes.extend_from_slice(part);
                let (pairs, odd) = bytes.as_chunks::<2>();
                let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair, self.encoding)).collect();
                let mut rest = odd.to_vec();
                if !last && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
                    units.pop();
                    rest = bytes[2 * units.len()..].to_vec();
                }
                for letter in char::decode_utf16(units) {
                    let Ok(letter) = letter else {
                        let fault = Fault(text.len());
                        text.truncate(before);
                        self.waiting = bytes[..waited].to_vec();
                        return Err(fault);
                    };
                    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                if last && !rest.is_empty() {
                    let fault = Fault(text.len());
                    text.truncate(before);
                    self.waiting = bytes[..waited].to_vec();
                    return Err(fault);
                }
                self.waiting = rest;
                Ok(())
            }
        }
    }
}

/// A whole text in UTF-8.
pub(crate) fn decode(bytes: &[u8], encoding: Encoding) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    Decoder::new(encoding).push(bytes, true, &mut text)?;
    Ok(text)
}

fn push_windows_1252(bytes: &[u8], text: &mut Vec<u8>) {
    for &byte in bytes {
        if byte < 0x80 {
            text.push(byte);
        } else {
            text.extend_from_slice(letter(byte).encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// The letter of a byte in Windows-1252.
fn letter(byte: u8) -> char {
    match byte {
        0x80..=0x9F => UPPER[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// Whether a byte above 127 is one that Western European texts hold. `ÿ` is not: it hardly occurs, and as 0xFF it stands in much that is no
/// text; nor are letters that hardly occur and are common ones in other tables (`š` is the `ö` of old Macs, `ý` the `ı` of Turkish).
fn western(byte: u8) -> bool {
    let letter = letter(byte);
    letter.is_alphabetic() && !matches!(letter, 'ÿ' | 'ƒ' | 'ˆ' | 'Š' | 'š' | 'Ž' | 'ž' | 'Ÿ' | 'ð' | 'Ð' | 'þ' | 'Þ' | 'ý' | 'Ý' | 'µ')
        || matches!(
            letter,
            '€' | '‚'
                | '„'
                | '…'
                | '‘'
                | '’'
                | '“'
                | '”'
                | '–'
                | '—'
                | '\u{a0}'
                | '£'
                | '§'
                | '©'
                | '«'
                | '»'
                | '®'
                | '°'
                | '·'
                | '´'
                | '¿'
                | '¡'
                | '½'
                | '²'
                | 'º'
                | 'ª'
        )
}

/// Decides whether a text that is not UTF-8 is Windows-1252 without doubt.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// The current run of letters.
    word: Word,
    /// Whether some word holds letters of both halves of the table, as words of Western European languages do.
    mixed: bool,
    /// Whether there is a letter above 127.
    letters: bool,
    amounts: Amounts,
    doubt: bool,
    /// Bytes at the end of a part that may begin a letter of UTF-8.
    waiting: Vec<u8>,
}

/// What numbers say of the bytes beside and inside of them.
#[derive(Debug, Default)]
struct Amounts {
    /// What stood before, blanks left out.
    before: Before,
    /// Whether a blank above 127 has followed that.
    blank: bool,
    /// Whether a sign of money stands beside a number, or a blank above 127 inside of one.
    found: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    Digit,
    Money,
}

impl Amounts {
    fn byte(&mut self, byte: u8) {
        let now = match byte {
            b' ' | 0xA0 => self.before,
            b'0'..=b'9' => Before::Digit,
            0x80 | 0xA3 => Before::Money,
            _ => Before::Other,
        };
        self.found |= match (self.before, now) {
            (Before::Digit, Before::Money) | (Before::Money, Before::Digit) => true,
            (Before::Digit, Before::Digit) => self.blank && byte.is_ascii_digit(),
            _ => false,
        };
        self.blank = byte == 0xA0;
        self.before = now;
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Word {
    plain: usize,
    high: usize,
    /// Whether the letter before is small.
    small: bool,
    /// Whether the last byte was a mark above 127 directly after a letter.
    mark: bool,
}

impl Judge {
    /// Whether the bytes are Windows-1252.
    pub(crate) fn whole(mut bytes: impl Read) -> io::Result<bool> {
        let mut judge = Judge::default();
        let mut part = vec![0; 1 << 16];
        loop {
            match bytes.read(&mut part) {
                Ok(0) => return Ok(judge.end()),
                Ok(count) => judge.push(&part[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if judge.doubt {
                return Ok(false);
            }
        }
    }

    fn push(&mut self, part: &[u8]) {
        let mut bytes = std::mem::take(&mut self.waiting);
        bytes.extend_from_slice(part);
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte >= 0xC2 {
                // A letter of UTF-8 of up to four bytes would be a doubt.
                let end = (at + 4).min(bytes.len());
                match std::str::from_utf8(&bytes[at..end]) {
                    Ok(_) => self.doubt = true,
                    Err(error) if error.valid_up_to() > 0 => self.doubt = true,
                    Err(error) if error.error_len().is_none() && end == bytes.len() => {
                        self.waiting = bytes.split_off(at);
                        return;
                    }
                    Err(_) => {}
                }
            }
            self.byte(byte);
            at += 1;
        }
    }

    fn byte(&mut self, byte: u8) {
        self.amounts.byte(byte);
        if byte < 0x80 {
            if byte.is_ascii_alphabetic() {
                // A mark between two letters is a letter in some other encoding; the apostrophe and the dash alone belong there.
                self.doubt |= self.word.mark;
                self.word.plain += 1;
                self.word.small = byte.is_ascii_lowercase();
            } else {
                self.end_word();
                self.doubt |= byte == 0 || byte == 0x7F;
            }
            return;
        }
        let letter = letter(byte);
        self.doubt |= !western(byte);
        self.letters |= letter.is_alphabetic();
        if letter.is_alphabetic() && !matches!(letter, 'º' | 'ª') {
            self.doubt |= self.word.mark || self.word.small && letter.is_uppercase();
            self.word.high += 1;
            self.word.small = letter.is_lowercase();
        } else if self.word.plain + self.word.high > 0 && !matches!(letter, '’' | '–' | '—' | '´' | '\u{a0}') {
            self.word.mark = true;
        } else {
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        let Word { plain, high, .. } = std::mem::take(&mut self.word);
        self.mixed |= plain > 0 && high > 0;
        self.doubt |= plain == 0 && high > 1 || high > 3 && high > plain;
    }

    fn end(mut self) -> bool {
        for byte in std::mem::take(&mut self.waiting) {
            self.byte(byte);
        }
        self.end_word();
        (self.mixed || self.amounts.found && !self.letters) && !self.doubt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a text in Windows-1252.
    fn western_bytes(text: &str) -> Vec<u8> {
        text.chars()
            .map(|wanted| {
                (0..=255).find(|&byte| byte < 0x80 && char::from(byte) == wanted || byte >= 0x80 && letter(byte) == wanted).unwrap()
            })
            .collect()
    }

    fn is_western(bytes: &[u8]) -> bool {
        Judge::whole(bytes).unwrap()
    }

    #[test]
    fn western_texts_are_known() {
        for text in [
            "Geschlecht;Punktzahl\nMänner;0,5\nFRÄULEIN;1\n",
            "prénom,noté\nL’été,«x»\n",
            "São Paulo,niño,1\n",
            "Straße\n",
            "Müller – 5 €\n",
            "id,Gehalt\n1,40 €\n",
            "id,Gehalt\n1,40\u{a0}€\n",
            "id,salary\n1,£30\n",
            "id;salaire\n1;30\u{a0}000,50\n",
        ] {
            let bytes = western_bytes(text);
            assert!(is_western(&bytes), "{text}");
            assert_eq!(decode(&bytes, Encoding::Windows1252).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn other_encodings_are_doubts() {
        // The first words are Windows-1251, the next KOI8-R, Windows-1250 (Polish), Mac OS Roman, code page 850 and Shift-JIS.
        for (name, bytes) in [
            ("Cyrillic", b"\xCC\xF3\xE6\xF7\xE8\xED\xE0,1\n".as_slice()),
            ("one letter of Cyrillic a group", b"\xCC,1\n\xC6,0\n"),
            ("KOI8-R", b"\xCD\xD5\xD6\xDE\xC9\xCE\xC1,1\n"),
            ("Polish", b"kobieta,m\xEA\xBFczyzna\n"),
            ("Mac OS", b"M\x8Anner,1\n"),
            ("code page 850", b"M\x84nner,1\n"),
            ("Shift-JIS", b"\x92\x6A\x90\xAB,1\n"),
            ("UTF-8 with one broken letter", b"M\xC3\xA4nner,1\nFr\xE4ulein,1\n"),
            ("zero bytes", b"M\xE4nner\0\n"),
            ("a stray byte", b"gend\xFFr\n"),
            ("no word", b"a,1\n\xE4,2\n"),
            ("Turkish", b"Kad\xFDn,1\n"),
            ("a sign of money that stands alone", b"id,\x80\na,b\n"),
            ("a sign of money and a letter of anything", b"id,g\n5 \x80,\xE4\n"),
        ] {
            assert!(!is_western(bytes), "{name}");
        }
    }

    #[test]
    fn parts_are_decoded_as_the_whole() {
        let text = "name\täöü\u{1F600}\n".repeat(3);
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, encoding) in [(text.clone().into_bytes(), Encoding::Utf8), (utf16, Encoding::Utf16Le)] {
            for size in 1..9 {
                let mut decoder = Decoder::new(encoding);
                let mut decoded = Vec::new();
                for part in bytes.chunks(size) {
                    decoder.push(part, false, &mut decoded).unwrap();
                }
                decoder.push(&[], true, &mut decoded).unwrap();
                assert_eq!(decoded, text.as_bytes());
            }
        }
        assert_eq!(decode(b"ab\xC3", Encoding::Utf8), Err(Fault(2)));
        assert_eq!(decode(b"a\0b\0c", Encoding::Utf16Le), Err(Fault(2)));
    }

    #[test]
    fn marks_and_zero_bytes_tell_utf_16() {
        let bytes = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        assert_eq!(sign(b"\xEF\xBB\xBFa"), Sign::Mark(Encoding::Utf8, 3));
        assert_eq!(sign(b"\xFF\xFEa\0"), Sign::Mark(Encoding::Utf16Le, 2));
        assert_eq!(sign(&bytes("gender,score\n")), Sign::Zeros(Encoding::Utf16Be));
        assert_eq!(sign(b"gender,score\n"), Sign::None);
        assert_eq!(sign(b"gender\0score\n\0\0\0"), Sign::Binary);
        assert_eq!(sign(b"\xFF\xFE\0\0a\0\0\0"), Sign::Utf32);
    }
}

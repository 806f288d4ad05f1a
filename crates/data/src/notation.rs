//! Numbers as they are written in tables of different countries.

/// The signs of a written number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notation {
    /// Sign before the decimals: `.` or `,`.
    pub decimal: char,
    /// Sign between groups of three digits, where they are written.
    pub thousands: Option<char>,
    /// What stands before or after every number, where something does.
    pub unit: Option<Unit>,
}

/// A percent sign or a currency that every number of a column bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// The sign.
    pub sign: &'static str,
    /// Whether it stands before the number.
    pub before: bool,
    /// Whether a blank stands between them.
    pub spaced: bool,
}

/// What stands between thousands where it is neither point nor comma: blanks (also those of one width with digits or points, and thin ones)
/// and apostrophes.
pub(crate) const GROUPING: [char; 8] = ['\u{a0}', '\u{202f}', '\u{2009}', '\u{2007}', '\u{2008}', '\'', '\u{2019}', ' '];

/// Signs that are known beside numbers.
const SIGNS: [&str; 13] = ["%", "€", "$", "£", "¥", "₹", "EUR", "USD", "GBP", "CHF", "SEK", "PLN", "INR"];

impl Unit {
    /// The sign of the first text, and how it stands there.
    fn of_text(text: &str) -> Option<(Unit, &str)> {
        SIGNS.into_iter().find_map(|sign| {
            let (rest, before) = match (text.strip_prefix(sign), text.strip_suffix(sign)) {
                (Some(rest), _) => (rest, true),
                (None, Some(rest)) => (rest, false),
                (None, None) => return None,
            };
            let bare = rest.trim();
            Some((Unit { sign, before, spaced: bare.len() != rest.len() }, bare))
        })
    }

    /// The number beside this sign; a minus may stand before a leading sign.
    fn strip(self, text: &str) -> Option<std::borrow::Cow<'_, str>> {
        if self.before
            && let Some(rest) = text.strip_prefix('-')
        {
            return rest.trim_start().strip_prefix(self.sign).map(|number| format!("-{}", number.trim()).into());
        }
        let rest = if self.before { text.strip_prefix(self.sign) } else { text.strip_suffix(self.sign) };
        rest.map(|number| number.trim().into())
    }

    /// The sign that every text bears.
    fn of<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<Unit> {
        let first = texts.next()?;
        let (unit, _) = Unit::of_text(first.strip_prefix('-').unwrap_or(first))?;
        texts.all(|text| unit.strip(text).is_some()).then_some(unit)
    }
}

/// A number with what its text tells beside its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Written {
    pub(crate) value: f64,
    pub(crate) decimals: usize,
    /// A whole number such as `007`, which is a name made of digits.
    pub(crate) code: bool,
    grouped: bool,
}

impl Notation {
    /// `1234.5`.
    pub const PLAIN: Notation = Notation { decimal: '.', thousands: None, unit: None };

    /// Whether numbers bear a percent sign.
    pub fn is_percent(self) -> bool {
        self.unit.is_some_and(|unit| unit.sign == "%")
    }

    /// The notations to try: first those that go with the separator of the fields. Only a file with decimal commas separates its fields
    /// by something else, and there a point groups thousands.
    pub(crate) fn candidates(delimiter: u8) -> [Notation; 4] {
        let point = Notation::PLAIN;
        let comma = Notation { decimal: ',', thousands: None, unit: None };
        let point_grouped = Notation { decimal: '.', thousands: Some(','), unit: None };
        let comma_grouped = Notation { decimal: ',', thousands: Some('.'), unit: None };
        if delimiter == b',' { [point, point_grouped, comma, comma_grouped] } else { [point, comma, comma_grouped, point_grouped] }
    }

    /// The number that a text stands for, `None` where it is none in this notation.
    pub(crate) fn parse(self, text: &str) -> Option<Written> {
        if let Some(unit) = self.unit {
            return Notation { unit: None, ..self }.parse(&unit.strip(text)?);
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(position) => (&unsigned[..position], Some(&unsigned[position + 1..])),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once(self.decimal) {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let groups: Vec<&str> = match self.thousands {
            Some(sign) => whole.split(sign).collect(),
            None => vec![whole],
        };
        let grouped = groups.len() > 1;
        if !groups.iter().all(|group| digits(group))
            || !digits(fraction)
            || whole.is_empty() && fraction.is_empty()
            || grouped
                && (groups[0].is_empty()
                    || groups[0].starts_with('0')
                    || groups[0].len() > 3
                    || groups[1..].iter().any(|group| group.len() != 3))
        {
            return None;
        }
        if let Some(exponent) = exponent {
            let power = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            if power.is_empty() || power.len() > 3 || !digits(power) {
                return None;
            }
        }
        let whole = groups.concat();
        let sign = if text.starts_with('-') { "-" } else { "" };
        let value: f64 = format!("{sign}{whole}.{fraction}e{}", exponent.unwrap_or("0")).parse().ok()?;
        let decimals = if exponent.is_some() { decimals_of(value) } else { fraction.len() };
        value.is_finite().then_some(Written { value, decimals, code: whole.len() > 1 && whole.starts_with('0'), grouped })
    }

    /// The first notation in which all texts are numbers, of those that go with the file's sign before decimals, where that is known, and then
    /// of the others. One with grouping counts only where some number is grouped.
    pub(crate) fn of<'a>(texts: &(impl Iterator<Item = &'a str> + Clone), delimiter: u8, decimal: Option<char>) -> Option<Notation> {
        let mut candidates = Notation::candidates(delimiter);
        // A sort that keeps the order of equals: elsewhere in the file a comma stands before the decimals, so here a point can only group.
        candidates.sort_by_key(|notation| decimal.is_some_and(|decimal| notation.decimal != decimal));
        Notation::first(&candidates, texts)
    }

    /// The notation with this sign before decimals in which all texts are numbers.
    pub(crate) fn with<'a>(texts: &(impl Iterator<Item = &'a str> + Clone), decimal: char) -> Option<Notation> {
        let candidates: Vec<Notation> = Notation::candidates(b',').into_iter().filter(|notation| notation.decimal == decimal).collect();
        Notation::first(&candidates, texts)
    }

    fn first<'a>(candidates: &[Notation], texts: &(impl Iterator<Item = &'a str> + Clone)) -> Option<Notation> {
        let unit = Unit::of(texts.clone());
        let fits = |notation: &Notation| {
            let mut grouped = false;
            texts.clone().all(|text| notation.parse(text).inspect(|found| grouped |= found.grouped).is_some())
                && (notation.thousands.is_none() || grouped)
        };
        let found = candidates.iter().map(|notation| Notation { unit, ..*notation }).find(fits);
        found.or_else(|| {
            let signs = GROUPING.into_iter().filter(|&sign| texts.clone().any(|text| text.contains(sign)));
            // Plain blanks stand in telephone numbers and codes as well, which have neither unit nor decimals.
            let signs = signs.filter(|&sign| sign != ' ' || unit.is_some() || texts.clone().any(|text| text.contains(['.', ','])));
            let plain = candidates.iter().filter(|notation| notation.thousands.is_none());
            signs.flat_map(|sign| plain.clone().map(move |notation| Notation { thousands: Some(sign), unit, ..*notation })).find(fits)
        })
    }

    /// What the texts tell of the sign before decimals: `Err` where each sign they bear may as well stand between thousands.
    pub(crate) fn told<'a>(texts: &(impl Iterator<Item = &'a str> + Clone)) -> Result<Option<char>, ()> {
        let unit = Unit::of(texts.clone());
        let [point, comma] = ['.', ','].map(|decimal| {
            let other = if decimal == '.' { ',' } else { '.' };
            // Read by the other sign, this one groups: `1.234`, but neither `0.234`, as no group begins with 0, nor `1.2`.
            let grouping = Notation { decimal: other, thousands: Some(decimal), unit };
            let groups = texts.clone().all(|text| grouping.parse(text).is_some());
            (Notation::with(texts, decimal).is_some(), groups)
        });
        if !texts.clone().any(|text| text.contains(['.', ','])) {
            return Ok(None);
        }
        match (point, comma) {
            ((true, false), _) => Ok(Some('.')),
            (_, (true, false)) => Ok(Some(',')),
            ((true, true), _) | (_, (true, true)) => Err(()),
            _ => Ok(None),
        }
    }

    /// The number as text, with `decimals` of them; closing zeros are cut unless `fixed`.
    pub(crate) fn write(self, value: f64, decimals: usize, fixed: bool) -> String {
        if let Some(Unit { sign, before, spaced }) = self.unit {
            let number = Notation { unit: None, ..self }.write(value, decimals, fixed);
            let blank = if spaced { " " } else { "" };
            return if before { format!("{sign}{blank}{number}") } else { format!("{number}{blank}{sign}") };
        }
        // Beyond 15 decimals a double's own shortest text is the honest one.
        let mut text = if decimals > 15 { value.to_string() } else { format!("{value:.decimals$}") };
        if !fixed && text.contains('.') {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        if text == "-0" {
            "0".clone_into(&mut text);
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
        let whole = match self.thousands {
            Some(mark) => {
                let mut grouped = String::new();
                for (position, digit) in whole.chars().enumerate() {
                    if position > 0 && (whole.len() - position).is_multiple_of(3) {
                        grouped.push(mark);
                    }
                    grouped.push(digit);
                }
                grouped
            }
            None => whole.to_owned(),
        };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{}{fraction}", self.decimal) }
    }
}

/// The number that is shown as so many percent: the decimals are moved, not multiplied, so that 0.07 becomes 7.
pub(crate) fn in_percent(value: f64) -> f64 {
    format!("{value}e2").parse().unwrap_or(value * 100.0)
}

/// Decimals of a double's shortest text.
pub(crate) fn decimals_of(value: f64) -> usize {
    value.to_string().split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str], delimiter: u8) -> Option<Notation> {
        Notation::of(&texts.iter().copied(), delimiter, None)
    }

    #[test]
    fn numbers_are_read_as_their_country_writes_them() {
        let value = |notation: Notation, text: &str| notation.parse(text).map(|written| written.value);
        let comma = Notation { decimal: ',', thousands: None, unit: None };
        let german = Notation { decimal: ',', thousands: Some('.'), unit: None };
        let english = Notation { decimal: '.', thousands: Some(','), unit: None };
        assert_eq!(value(comma, "-3,5"), Some(-3.5));
        assert_eq!(value(german, "1.234.567,25"), Some(1_234_567.25));
        assert_eq!(value(english, "12,500"), Some(12_500.0));
        assert_eq!(value(Notation::PLAIN, "1.5e3"), Some(1500.0));
        assert_eq!(value(Notation::PLAIN, ".5"), Some(0.5));
        for text in ["", "-", "1.2.3", "1,5", "inf", "nan", "1e", "0x1", "1 000", "12.", "e5", "1e9999"] {
            assert_eq!(value(Notation::PLAIN, text), None, "{text}");
        }
        for text in ["1.23,4", "0.123", "1234.567,0", ".123,0", "1.2345,0"] {
            assert_eq!(value(german, text), None, "{text}");
        }
        assert!(Notation::PLAIN.parse("007").unwrap().code && !Notation::PLAIN.parse("0.7").unwrap().code);
    }

    #[test]
    fn the_separator_decides_what_a_comma_is() {
        assert_eq!(found(&["1,500", "2,000"], b';'), Some(Notation { decimal: ',', thousands: None, unit: None }));
        assert_eq!(found(&["1,500", "2,000"], b','), Some(Notation { decimal: '.', thousands: Some(','), unit: None }));
        assert_eq!(found(&["1,5", "2,25"], b','), Some(Notation { decimal: ',', thousands: None, unit: None }));
        assert_eq!(found(&["1.500,5", "7"], b';'), Some(Notation { decimal: ',', thousands: Some('.'), unit: None }));
        assert_eq!(found(&["1.5", "7"], b';'), Some(Notation::PLAIN));
        assert_eq!(found(&["1.5", "x"], b';'), None);
        let grouped = Notation::of(&["1.500", "12.250"].into_iter(), b';', Some(','));
        assert_eq!(grouped, Some(Notation { decimal: ',', thousands: Some('.'), unit: None }), "with decimal commas beside it");
        assert_eq!(Notation::of(&["1.5"].into_iter(), b';', Some(',')), Some(Notation::PLAIN));
        let commas = Notation::of(&["1,500", "12,250"].into_iter(), b';', Some('.'));
        assert_eq!(commas, Some(Notation { decimal: '.', thousands: Some(','), unit: None }), "with decimal points beside it");
    }

    #[test]
    fn blanks_and_apostrophes_group_thousands() {
        let comma = Notation { decimal: ',', thousands: None, unit: None };
        let euro = Some(Unit { sign: "€", before: false, spaced: true });
        for (texts, expected) in [
            (["30\u{a0}000,50", "950,00"], Notation { thousands: Some('\u{a0}'), ..comma }),
            (["1\u{202f}234\u{202f}567", "12"], Notation { thousands: Some('\u{202f}'), ..Notation::PLAIN }),
            (["1\u{2009}234,5", "12"], Notation { thousands: Some('\u{2009}'), ..comma }),
            (["1\u{2007}234\u{2007}567", "12"], Notation { thousands: Some('\u{2007}'), ..Notation::PLAIN }),
            (["1\u{2008}234.5", "12"], Notation { thousands: Some('\u{2008}'), ..Notation::PLAIN }),
            (["30'000.50", "950.00"], Notation { thousands: Some('\''), ..Notation::PLAIN }),
            (["30 000,50", "950,00"], Notation { thousands: Some(' '), ..comma }),
            (["30 000 €", "950 €"], Notation { thousands: Some(' '), unit: euro, ..Notation::PLAIN }),
        ] {
            assert_eq!(found(&texts, b';'), Some(expected), "{texts:?}");
        }
        for texts in [["555 123", "555 124"], ["30 00,5", "1,5"], ["O'000", "1'000"], ["1 2", "3"]] {
            assert_eq!(found(&texts, b';'), None, "{texts:?}");
        }
        let swiss = Notation { thousands: Some('\''), ..Notation::PLAIN };
        assert_eq!(swiss.write(-1_234_567.5, 2, true), "-1'234'567.50");
    }

    #[test]
    fn only_some_texts_tell_the_sign_before_decimals() {
        let told = |texts: &[&str]| Notation::told(&texts.iter().copied());
        for texts in [&["1.5", "2"][..], &["0.123"], &["1,234.5"], &["1.234", "1.5"], &["1.2345"], &["1,234.567"], &["1.5e3"]] {
            assert_eq!(told(texts), Ok(Some('.')), "{texts:?}");
            let turned: Vec<String> = texts
                .iter()
                .map(|text| {
                    text.chars()
                        .map(|sign| {
                            if sign == '.' {
                                ','
                            } else if sign == ',' {
                                '.'
                            } else {
                                sign
                            }
                        })
                        .collect()
                })
                .collect();
            assert_eq!(told(&turned.iter().map(String::as_str).collect::<Vec<_>>()), Ok(Some(',')), "{turned:?}");
        }
        assert_eq!((told(&["1.234", "12"]), told(&["1,234"]), told(&["12", "007"])), (Err(()), Err(()), Ok(None)));
        assert_eq!(told(&["1.234", "0,5"]), Ok(Some(',')));
        assert_eq!((told(&["0.5", "0,7"]), told(&["a.b"])), (Ok(None), Ok(None)));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for (notation, delimiter) in [
            (Notation { decimal: ',', thousands: Some('.'), unit: None }, b';'),
            (Notation { decimal: '.', thousands: Some(','), unit: None }, b','),
        ] {
            for value in [0.0, -0.0, 999.0, 1000.0, -1_234_567.25, 0.07] {
                let text = notation.write(value, 2, true);
                assert_eq!(notation.parse(&text).unwrap().value, value, "{text} {delimiter}");
            }
        }
        assert_eq!(Notation::PLAIN.write(2.5, 2, false), "2.5");
        assert_eq!(Notation::PLAIN.write(2.5, 2, true), "2.50");
        assert_eq!(Notation::PLAIN.write(-0.001, 2, false), "0");
        assert_eq!(Notation { decimal: ',', thousands: Some('.'), unit: None }.write(-1_234_567.5, 1, false), "-1.234.567,5");
    }
}

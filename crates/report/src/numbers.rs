//! How numbers are written for a reader: three or four significant digits, thousands separated, one precision per column.

/// A number with a fixed count of decimals; never `-0.000`.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.starts_with('-') && text.chars().all(|character| matches!(character, '-' | '0' | '.')) { text[1..].to_owned() } else { text }
}

/// A number that stands alone, with three to four significant digits.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e7).contains(&magnitude) {
        format!("{value:.2e}")
    } else if magnitude >= 1000.0 {
        let whole = count(magnitude.round() as usize);
        if value < 0.0 { format!("-{whole}") } else { whole }
    } else {
        let decimals = match magnitude {
            m if m >= 100.0 => 1,
            m if m >= 10.0 => 2,
            m if m >= 0.01 => 3,
            m if m >= 0.001 => 4,
            _ => 5,
        };
        fixed(value, decimals)
    }
}

/// As [`significant`], without trailing zeros: for parameters and tick labels.
pub fn plain(value: f64) -> String {
    let text = significant(value);
    if text.contains('.') && !text.contains('e') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The decimals with which a whole column is written: three for rates and correlations, more where a value would lose its
/// second significant digit, fewer where the values are large.
pub fn decimals(values: impl Iterator<Item = f64>) -> usize {
    let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
    for magnitude in values.map(f64::abs).filter(|magnitude| *magnitude > 1e-5) {
        smallest = smallest.min(magnitude);
        largest = largest.max(magnitude);
    }
    match largest {
        m if m >= 1000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        m if m < 0.001 && m > 0.0 => 5,
        _ if smallest < 0.01 => 4,
        _ => 3,
    }
}

/// A count with its thousands separated by commas.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    format!("{} %", fixed(share * 100.0, 1))
}

/// The ratio that readers compare with wherever no limit was set: a rounded ratio must not cross it.
const FOUR_FIFTHS: f64 = 0.8;

/// A ratio with two decimals, or more where rounding would put it on the other side of the limit or of four fifths.
pub fn ratio(value: f64, limit: Option<f64>) -> String {
    ratio_of(2, value, limit)
}

/// The same with at least so many decimals.
pub fn ratio_of(least: usize, value: f64, limit: Option<f64>) -> String {
    let crosses = |shown: f64| limit.into_iter().chain([FOUR_FIFTHS]).any(|mark| (shown < mark) != (value < mark));
    fixed(value, places(least, value, crosses))
}

/// So many decimals, or as many more as it takes to print a number beside its limit as what it is: below, above, or equal. A gap of either sign is held against
/// the limit by its size.
pub fn places_beside(least: usize, value: f64, limit: f64) -> usize {
    let side = |number: f64| (number.partial_cmp(&limit), number.abs().partial_cmp(&limit));
    places(least, value, |shown| side(shown) != side(value))
}

/// The fewest decimals from `least` on with which a number is not misread.
fn places(least: usize, value: f64, misread: impl Fn(f64) -> bool) -> usize {
    // With 17 decimals a number from 0.1 to 1 is itself.
    (least..17).find(|places| !fixed(value, *places).parse().is_ok_and(&misread)).unwrap_or(17)
}

/// The level of an interval: `95 %`.
pub fn level(level: f64) -> String {
    format!("{} %", plain(level * 100.0))
}

/// A count and its noun: `1 row`, `3 rows`.
pub fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

/// Cuts a text that is longer than `most` characters and marks the cut.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{count, counted, decimals, fixed, places_beside, plain, shorten, significant};

    #[test]
    fn numbers_are_written_with_three_or_four_digits() {
        let written: Vec<String> = [0.0, 0.845_3, 0.021_49, 0.004_27, 12.3456, 4321.7, -0.2, 1e-6].into_iter().map(significant).collect();
        assert_eq!(written, ["0", "0.845", "0.021", "0.0043", "12.35", "4,322", "-0.200", "1.00e-6"]);
        assert_eq!(fixed(-0.0001, 3), "0.000");
        assert_eq!(plain(0.5), "0.5");
        assert_eq!(plain(100.0), "100");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(123), "123");
        assert_eq!(counted(1, "seed"), "1 seed");
        assert_eq!(shorten("a rather long name", 9), "a rather…");
    }

    #[test]
    fn a_number_is_printed_on_its_side_of_a_mark() {
        let of = |value: f64, limit: f64| fixed(value, places_beside(2, value, limit));
        assert_eq!([of(0.7997, 0.8), of(0.8, 0.8), of(0.8004, 0.8), of(0.9, 0.8)], ["0.7997", "0.80", "0.8004", "0.90"]);
        assert_eq!([of(0.0504, 0.05), of(-0.0504, 0.05), of(0.0496, 0.05)], ["0.0504", "-0.0504", "0.0496"]);
    }

    #[test]
    fn a_column_keeps_two_digits_of_its_smallest_value() {
        assert_eq!(decimals([0.845, 0.021].into_iter()), 3);
        assert_eq!(decimals([0.845, 0.0043].into_iter()), 4);
        assert_eq!(decimals([1200.0, 0.0].into_iter()), 0);
    }
}

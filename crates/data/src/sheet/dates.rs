//! Days as they are written in tables.

/// Order of year, month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `2026-11-20`.
    YearMonthDay,
    /// `20.11.2026`.
    DayMonthYear,
    /// `11/20/2026`.
    MonthDayYear,
}

/// How the days of a column are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateStyle {
    /// Order of the parts.
    pub order: Order,
    /// Sign between them.
    pub separator: char,
    /// Whether day and month always have two digits.
    pub padded: bool,
    /// What follows each day: nothing, or a midnight such as ` 00:00:00` of a spreadsheet.
    pub midnight: String,
}

/// Why a column holds no days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoDates {
    /// Its texts are none.
    Others,
    /// Its texts are days, but day and month cannot be told apart.
    Ambiguous,
}

/// A day cut at its separators, not yet in an order.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    numbers: [u32; 3],
    separator: char,
    year_first: bool,
    padded: bool,
    midnight: &'a str,
}

const MIDNIGHTS: [&str; 5] = [" 00:00:00", "T00:00:00", " 00:00", "T00:00:00Z", "T00:00:00.000"];

fn parts(text: &str) -> Option<Parts<'_>> {
    let midnight = MIDNIGHTS.into_iter().find(|midnight| text.ends_with(midnight)).unwrap_or_default();
    let (day, midnight) = text.split_at(text.len() - midnight.len());
    let separator = day.chars().find(|sign| !sign.is_ascii_digit())?;
    if !matches!(separator, '-' | '.' | '/') {
        return None;
    }
    let texts: Vec<&str> = day.split(separator).collect();
    let [first, second, third] = texts.as_slice() else { return None };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let short = |text: &str| digits(text) && text.len() <= 2;
    let long = |text: &str| digits(text) && text.len() == 4;
    let year_first = long(first) && short(second) && short(third);
    if !(year_first || short(first) && short(second) && long(third)) {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().ok();
    let padded = [first, second, third].into_iter().all(|text| text.len() != 1);
    Some(Parts { numbers: [number(first)?, number(second)?, number(third)?], separator, year_first, padded, midnight })
}

impl Order {
    fn day(self, numbers: [u32; 3]) -> Option<i64> {
        let [first, second, third] = numbers;
        let (year, month, day) = match self {
            Order::YearMonthDay => (first, second, third),
            Order::DayMonthYear => (third, second, first),
            Order::MonthDayYear => (third, first, second),
        };
        (year > 0 && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month)).then(|| days_since_epoch(year, month, day))
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days before a year of the Gregorian calendar, counted from 0001-01-01.
fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    365 * past + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
}

/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 719_162;

fn days_since_epoch(year: u32, month: u32, day: u32) -> i64 {
    let before_month: u32 = (1..month).map(|month| days_in(year, month)).sum();
    days_before_year(i64::from(year)) + i64::from(before_month + day) - 1 - EPOCH
}

/// Year, month and day of a day; days outside the years 1 to 9999 become the nearest one inside.
fn civil(days: i64) -> (u32, u32, u32) {
    let count = (days + EPOCH).clamp(0, days_before_year(10_000) - 1);
    let mut year = count / 366 + 1;
    while days_before_year(year + 1) <= count {
        year += 1;
    }
    let mut rest = (count - days_before_year(year)) as u32;
    let year = year as u32;
    let mut month = 1;
    while rest >= days_in(year, month) {
        rest -= days_in(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

impl DateStyle {
    /// Finds how all these texts are written as days, in the wanted order where one is given.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str> + Clone, wanted: Option<Order>) -> Result<DateStyle, NoDates> {
        let mut all = texts.map(parts);
        let first = all.next().flatten().ok_or(NoDates::Others)?;
        let mut numbers = vec![first.numbers];
        let mut padded = first.padded;
        for found in all {
            let found = found.ok_or(NoDates::Others)?;
            if (found.separator, found.year_first, found.midnight) != (first.separator, first.year_first, first.midnight) {
                return Err(NoDates::Others);
            }
            padded &= found.padded;
            numbers.push(found.numbers);
        }
        let candidates: &[Order] = match (first.year_first, first.separator) {
            (true, _) => &[Order::YearMonthDay],
            // Points are written where the day comes first.
            (false, '.') => &[Order::DayMonthYear],
            (false, _) => &[Order::DayMonthYear, Order::MonthDayYear],
        };
        let mut fitting = candidates
            .iter()
            .copied()
            .filter(|order| wanted.is_none_or(|wanted| wanted == *order) && numbers.iter().all(|&numbers| order.day(numbers).is_some()));
        let order = fitting.next().ok_or(NoDates::Others)?;
        if let Some(other) = fitting.next()
            && numbers.iter().any(|&numbers| order.day(numbers) != other.day(numbers))
        {
            return Err(NoDates::Ambiguous);
        }
        Ok(DateStyle { order, separator: first.separator, padded, midnight: first.midnight.to_owned() })
    }

    /// Days since 1970-01-01.
    pub(super) fn parse(&self, text: &str) -> Option<f64> {
        let parts = parts(text)?;
        (parts.separator == self.separator && parts.year_first == (self.order == Order::YearMonthDay))
            .then(|| self.order.day(parts.numbers))
            .flatten()
            .map(|days| days as f64)
    }

    /// The day as text.
    pub(super) fn write(&self, days: f64) -> String {
        let (year, month, day) = civil(days.round() as i64);
        let short = |number: u32| if self.padded { format!("{number:02}") } else { number.to_string() };
        let parts = match self.order {
            Order::YearMonthDay => [format!("{year:04}"), short(month), short(day)],
            Order::DayMonthYear => [short(day), short(month), format!("{year:04}")],
            Order::MonthDayYear => [short(month), short(day), format!("{year:04}")],
        };
        parts.join(&self.separator.to_string()) + &self.midnight
    }
}

impl Default for DateStyle {
    /// `2026-11-20`.
    fn default() -> Self {
        DateStyle { order: Order::YearMonthDay, separator: '-', padded: true, midnight: String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(texts: &[&str]) -> Result<DateStyle, NoDates> {
        DateStyle::of(texts.iter().copied(), None)
    }

    #[test]
    fn days_are_counted_from_1970() {
        let iso = DateStyle::default();
        // Counted by hand: 1970 to 2000 are 30 years with 7 leap days, and 1900 was none.
        for (text, days) in
            [("1970-01-01", 0.0), ("1970-02-01", 31.0), ("2000-01-01", 10_957.0), ("2000-03-01", 11_017.0), ("1900-01-01", -25_567.0)]
        {
            assert_eq!(iso.parse(text), Some(days));
            assert_eq!(iso.write(days), text);
        }
        assert_eq!((iso.parse("2023-02-29"), iso.parse("2000-02-29"), iso.parse("0000-01-01")), (None, Some(11_016.0), None));
        for days in (-719_162..2_932_896).step_by(977) {
            assert_eq!(iso.parse(&iso.write(f64::from(days))), Some(f64::from(days)));
        }
        assert_eq!((iso.write(1e12), iso.write(-1e12)), ("9999-12-31".to_owned(), "0001-01-01".to_owned()));
    }

    #[test]
    fn the_order_is_taken_only_where_the_column_tells_it() {
        let british = style(&["13/02/2026", "01/02/2026"]).unwrap();
        assert_eq!((british.order, british.write(british.parse("01/02/2026").unwrap())), (Order::DayMonthYear, "01/02/2026".to_owned()));
        let american = style(&["2/13/2026", "10/2/2026"]).unwrap();
        assert_eq!((american.order, american.padded), (Order::MonthDayYear, false));
        assert_eq!(american.write(american.parse("10/2/2026").unwrap()), "10/2/2026");
        assert_eq!(style(&["01/02/2026", "03/04/2026"]), Err(NoDates::Ambiguous));
        assert_eq!(style(&["01.02.2026", "03.04.2026"]).unwrap().order, Order::DayMonthYear);
        assert_eq!(style(&["05/05/2026"]).unwrap().order, Order::DayMonthYear, "the same day either way");
        assert_eq!(style(&["13/02/2026", "02/13/2026"]), Err(NoDates::Others));
        assert_eq!(style(&["2026-01-01", "01.02.2026"]), Err(NoDates::Others));
        assert_eq!(style(&["1.2.26"]), Err(NoDates::Others));
        assert_eq!(style(&["3.14"]), Err(NoDates::Others));
        assert_eq!(DateStyle::of(["01/02/2026"].into_iter(), Some(Order::MonthDayYear)).unwrap().order, Order::MonthDayYear);
        let midnight = style(&["2026-11-20 00:00:00"]).unwrap();
        assert_eq!(midnight.write(midnight.parse("2026-11-20 00:00:00").unwrap()), "2026-11-20 00:00:00");
    }
}

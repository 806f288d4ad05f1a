//! Days of the calendar, as `YYYY-MM-DD`.

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u32,
    month: u32,
    of_month: u32,
}

impl Day {
    /// Reads `2026-11-30`; `None` where the calendar has no such day.
    ///
    /// ```
    /// use evenhand_audit::law::Day;
    ///
    /// assert!(Day::parse("2024-02-29").is_some());
    /// assert!(Day::parse("2026-02-29").is_none() && Day::parse("30.11.2026").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return None };
        if [year.len(), month.len(), day.len()] != [4, 2, 2] || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        let length = match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (year > 0 && (1..=length).contains(&day)).then_some(Day { year, month, of_month: day })
    }

    /// Days from another day to this one, below 0 where the other is later.
    ///
    /// ```
    /// use evenhand_audit::law::Day;
    ///
    /// let day = |text| Day::parse(text).unwrap();
    /// assert_eq!(day("2026-03-01").since(day("2025-03-01")), 365);
    /// assert_eq!(day("2023-12-31").since(day("2024-02-29")), -60);
    /// ```
    pub fn since(self, other: Day) -> i64 {
        self.number() - other.number()
    }

    /// Whether this day lies not more than one year after another, by the calendar: the same day of the next year still does.
    ///
    /// ```
    /// use evenhand_audit::law::Day;
    ///
    /// let day = |text| Day::parse(text).unwrap();
    /// assert!(day("2024-03-01").is_within_a_year_of(day("2023-03-01")));
    /// assert!(!day("2024-03-02").is_within_a_year_of(day("2023-03-01")));
    /// assert!(!day("2025-03-01").is_within_a_year_of(day("2024-02-29")));
    /// ```
    pub fn is_within_a_year_of(self, other: Day) -> bool {
        (self.year, self.in_year()) <= (other.year + 1, other.in_year())
    }

    /// Month and day.
    pub(super) fn in_year(self) -> (u32, u32) {
        (self.month, self.of_month)
    }

    pub(super) fn year(self) -> u32 {
        self.year
    }

    /// Days since the first of March of the year 0.
    fn number(self) -> i64 {
        // Years that begin in March end with the leap day.
        let (year, month) = if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let (year, month) = (i64::from(year), i64::from(month));
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + i64::from(self.of_month) - 1
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

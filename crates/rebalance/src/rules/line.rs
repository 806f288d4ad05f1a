//! Numbers that lie on a line over other numbers: copies, constant differences and sums, other units.

use evenhand_rows::table::Form;

use super::EVIDENCE;

/// Largest denominator of a slope that is written as a fraction.
const LONGEST_FRACTION: f64 = 1e6;

/// `b = over / under x a + offset`, rounded as b is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    over: f64,
    under: f64,
    offset: f64,
    form: Form,
}

impl Line {
    /// The line on which all rows with both numbers lie.
    pub(super) fn through(a: &[f64], b: &[f64], form: Form) -> Option<Line> {
        let rows: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).filter(|(a, b)| !a.is_nan() && !b.is_nan()).collect();
        if rows.len() < EVIDENCE || !has_three(rows.iter().map(|row| row.0)) || !has_three(rows.iter().map(|row| row.1)) {
            return None;
        }
        let first = rows.iter().copied().min_by(|one, other| one.0.total_cmp(&other.0))?;
        let last = rows.iter().copied().max_by(|one, other| one.0.total_cmp(&other.0))?;
        let range = last.0 - first.0;
        let slope = (last.1 - first.1) / range;
        // Both ends are written to within half a unit.
        let slack = unit(form) / range + 1e-12 * slope.abs();
        fractions(slope).filter(|(over, under)| (over / under - slope).abs() <= slack).find_map(|(over, under)| {
            let mean = rows.iter().map(|(a, b)| b - over * a / under).sum::<f64>() / rows.len() as f64;
            let lines = [form.round(mean), mean].map(|offset| Line { over, under, offset, form });
            lines.into_iter().find(|line| line.over != 0.0 && rows.iter().all(|(a, b)| !line.is_broken(*a, *b)))
        })
    }

    /// The number that belongs to `a`.
    pub(super) fn at(&self, a: f64) -> f64 {
        self.form.round(self.over * a / self.under + self.offset)
    }

    /// The number that `b` belongs to.
    pub(super) fn before(&self, b: f64) -> f64 {
        (b - self.offset) * self.under / self.over
    }

    /// Whether two numbers do not lie on it; a missing one lies everywhere.
    pub(super) fn is_broken(&self, a: f64, b: f64) -> bool {
        // A number half way between two that can be written may have been rounded either way.
        let exact = self.over * a / self.under + self.offset;
        let rounding = 1e-9 * exact.abs().max(b.abs());
        (self.at(a) - b).abs() > rounding && (exact - b).abs() > unit(self.form) / 2.0 + rounding
    }

    /// The rule in words.
    pub(super) fn told(&self, a: &str, b: &str) -> String {
        let Line { over, under, offset, .. } = *self;
        let part = match (over, under) {
            (1.0 | -1.0, 1.0) => format!("`{a}`"),
            (1.0 | -1.0, _) => format!("`{a}` / {under}"),
            (_, 1.0) => format!("{} x `{a}`", over.abs()),
            _ => format!("{} / {under} x `{a}`", over.abs()),
        };
        match (over > 0.0, offset) {
            (true, 0.0) => format!("`{b}` is {part}"),
            (true, offset) if offset > 0.0 => format!("`{b}` is {part} + {offset}"),
            (true, offset) => format!("`{b}` is {part} - {}", -offset),
            (false, offset) => format!("`{b}` is {offset} - {part}"),
        }
    }
}

/// The smallest step between two numbers of a form.
fn unit(form: Form) -> f64 {
    match form {
        Form::Integer | Form::Date => 1.0,
        Form::Real { decimals } => 10_f64.powi(-(decimals.min(15) as i32)),
    }
}

/// Whether there are three different numbers: two always lie on a line.
fn has_three(mut numbers: impl Iterator<Item = f64> + Clone) -> bool {
    let Some(first) = numbers.next() else { return false };
    let mut others = numbers.filter(|number| *number != first);
    let Some(second) = others.next() else { return false };
    others.any(|number| number != second)
}

/// Ever better fractions for a number (the convergents of its continued fraction), then the number itself.
fn fractions(number: f64) -> impl Iterator<Item = (f64, f64)> {
    let (mut rest, mut older, mut newer) = (number.abs(), (0.0, 1.0), (1.0, 0.0));
    let convergents = std::iter::from_fn(move || {
        let whole = rest.floor();
        (older, newer) = (newer, (whole * newer.0 + older.0, whole * newer.1 + older.1));
        rest = 1.0 / (rest - whole);
        (newer.1 <= LONGEST_FRACTION && newer.0.is_finite()).then_some((newer.0 * number.signum(), newer.1))
    });
    convergents.chain([(number, 1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENTS: Form = Form::Real { decimals: 2 };

    fn told(rule: impl Fn(f64) -> f64, form: Form) -> Option<String> {
        let a: Vec<f64> = (0..60).map(|row| f64::from(18 + row * 7 % 47)).collect();
        let b: Vec<f64> = a.iter().map(|a| form.round(rule(*a))).collect();
        Line::through(&a, &b, form).map(|line| line.told("a", "b"))
    }

    #[test]
    fn copies_differences_rests_and_units_are_lines() {
        assert_eq!(told(|a| a, Form::Integer).as_deref(), Some("`b` is `a`"));
        assert_eq!(told(|a| a + 3.0, Form::Integer).as_deref(), Some("`b` is `a` + 3"));
        assert_eq!(told(|a| a - 18.5, CENTS).as_deref(), Some("`b` is `a` - 18.5"));
        assert_eq!(told(|a| 100.0 - a, Form::Integer).as_deref(), Some("`b` is 100 - `a`"));
        assert_eq!(told(|a| 12.0 * a, Form::Integer).as_deref(), Some("`b` is 12 x `a`"));
        // Twelfths written to the cent are on the line as far as they are written.
        assert_eq!(told(|a| a / 12.0, CENTS).as_deref(), Some("`b` is `a` / 12"));
    }

    #[test]
    fn what_bends_is_no_line() {
        assert_eq!(told(|a| a * a, Form::Integer), None);
        assert_eq!(told(|a| if a == 30.0 { 31.0 } else { a }, Form::Integer), None, "one exception is enough");
        assert_eq!(told(|a| f64::from(u8::from(a > 40.0)), Form::Integer), None, "two values lie on every line");
    }

    #[test]
    fn the_number_before_is_the_one_that_leads_there() {
        let line = Line { over: 1.0, under: 12.0, offset: 2.0, form: CENTS };
        assert_eq!((line.at(30.0), line.before(4.5)), (4.5, 30.0));
        assert!(line.is_broken(30.0, 4.51) && !line.is_broken(f64::NAN, 4.0));
    }
}

//! Rules that hold in every training row, and are kept in rows that are made.
//!
//! ```text
//! settles(a, b)   each category of a occurs with one category of b alone        (a city has one country)
//! order(a, b)     a <= b, or a < b, in every row that has both numbers          (a lowest and a highest salary)
//! ```
//!
//! A rule counts only where chance would have broken it: `settles` needs a column b that varies, and [`EVIDENCE`] rows that repeat a category
//! of a; `order` needs [`EVIDENCE`] rows with both numbers, and ranges that overlap, so that some row of the one lies above some row of the
//! other. A synthesiser that learns each column's distribution and their correlations knows none of this.
//!
//! Rows that are made are mended: b is set to what a settles, two numbers in the wrong order change places. What cannot be mended (b is asked
//! for, or two numbers of a strict order are equal) is counted, so that its maker can draw such rows anew.

use std::collections::BTreeMap;

use evenhand_rows::MISSING;
use evenhand_rows::table::{Cells, Table};

/// Rows that must speak for a rule.
pub const EVIDENCE: usize = 30;
/// Categories of a column beyond which it is not looked at as one that settles another.
const MOST_CATEGORIES: usize = 5000;

/// A rule between two columns.
#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// The category of `from` settles the one of `to`: a code of `to` for each code of `from`, [`MISSING`] where `from` has no row.
    Settles { from: usize, to: usize, codes: Vec<u32> },
    /// The number of `low` is at most that of `high`, or below it.
    Order { low: usize, high: usize, strict: bool },
}

/// What became of a rule in rows that were made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeptRule {
    /// The rule in words.
    pub rule: String,
    /// Rows drawn.
    pub drawn: usize,
    /// Those that broke it as drawn.
    pub broken: usize,
    /// Rows that came out and break it.
    pub left: usize,
}

/// All rules of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    kept: Vec<KeptRule>,
}

impl Rules {
    /// The rules that hold in every row of a table.
    pub fn find(training: &Table) -> Self {
        let mut rules = Rules::default();
        let columns = training.columns.len();
        for (from, to) in (0..columns).flat_map(|from| (0..columns).map(move |to| (from, to))).filter(|(from, to)| from != to) {
            let [name, other] = [from, to].map(|column| training.columns[column].name.as_str());
            match (&training.columns[from].cells, &training.columns[to].cells) {
                (Cells::Categories { levels, codes }, Cells::Categories { codes: settled, .. }) if levels.len() <= MOST_CATEGORIES => {
                    if let Some(codes) = settling(levels.len(), codes, settled) {
                        rules.push(Rule::Settles { from, to, codes }, format!("`{name}` settles `{other}`"));
                    }
                }
                (Cells::Numbers { values, .. }, Cells::Numbers { values: others, .. }) => {
                    if let Some(strict) = ordered(values, others) {
                        let sign = if strict { "below" } else { "at most" };
                        rules.push(Rule::Order { low: from, high: to, strict }, format!("`{name}` is {sign} `{other}`"));
                    }
                }
                _ => {}
            }
        }
        rules
    }

    fn push(&mut self, rule: Rule, told: String) {
        self.rules.push(rule);
        self.kept.push(KeptRule { rule: told, drawn: 0, broken: 0, left: 0 });
    }

    /// True without a rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What became of the rules in all rows that were mended and told of.
    pub fn kept(&self) -> &[KeptRule] {
        &self.kept
    }

    /// Mends rows that break a rule; columns that are `fixed` stay as they are. Says which rows break one still.
    pub fn mend(&mut self, rows: &mut Table, fixed: &[usize]) -> Vec<bool> {
        let count = rows.rows();
        for (rule, kept) in self.rules.iter().zip(&mut self.kept) {
            kept.drawn += count;
            let broken: Vec<usize> = (0..count).filter(|&row| rule.is_broken(rows, row)).collect();
            kept.broken += broken.len();
            match rule {
                Rule::Settles { from, to, codes } if !fixed.contains(to) => {
                    let wanted: Vec<(usize, u32)> = broken.iter().map(|&row| (row, codes[code(rows, *from, row) as usize])).collect();
                    if let Cells::Categories { codes, .. } = &mut rows.columns[*to].cells {
                        for (row, code) in wanted {
                            codes[row] = code;
                        }
                    }
                }
                Rule::Order { low, high, .. } if !fixed.contains(low) && !fixed.contains(high) => {
                    for row in broken {
                        let (one, other) = (number(rows, *low, row), number(rows, *high, row));
                        set(rows, *low, row, other);
                        set(rows, *high, row, one);
                    }
                }
                _ => {}
            }
        }
        // A later rule may have changed what an earlier one settles.
        (0..count).map(|row| self.rules.iter().any(|rule| rule.is_broken(rows, row))).collect()
    }

    /// Counts what breaks a rule in rows that come out.
    pub fn tell(&mut self, rows: &Table) {
        for (rule, kept) in self.rules.iter().zip(&mut self.kept) {
            kept.left += (0..rows.rows()).filter(|&row| rule.is_broken(rows, row)).count();
        }
    }
}

impl Rule {
    /// Whether a row breaks it; a missing value breaks nothing.
    fn is_broken(&self, rows: &Table, row: usize) -> bool {
        match self {
            Rule::Settles { from, to, codes } => {
                let wanted = codes.get(code(rows, *from, row) as usize).copied().unwrap_or(MISSING);
                let found = code(rows, *to, row);
                wanted != MISSING && found != MISSING && wanted != found
            }
            Rule::Order { low, high, strict } => {
                let (low, high) = (number(rows, *low, row), number(rows, *high, row));
                low > high || *strict && low == high
            }
        }
    }
}

fn code(rows: &Table, column: usize, row: usize) -> u32 {
    match &rows.columns[column].cells {
        Cells::Categories { codes, .. } => codes[row],
        Cells::Numbers { .. } => MISSING,
    }
}

fn number(rows: &Table, column: usize, row: usize) -> f64 {
    match &rows.columns[column].cells {
        Cells::Numbers { values, .. } => values[row],
        Cells::Categories { .. } => f64::NAN,
    }
}

fn set(rows: &mut Table, column: usize, row: usize, value: f64) {
    if let Cells::Numbers { form, values } = &mut rows.columns[column].cells {
        values[row] = form.round(value);
    }
}

/// The code of `settled` for each of `levels` codes, where each has one alone.
fn settling(levels: usize, codes: &[u32], settled: &[u32]) -> Option<Vec<u32>> {
    let mut of = vec![MISSING; levels];
    let mut repeats = 0;
    for (&code, &other) in codes.iter().zip(settled).filter(|(code, other)| **code != MISSING && **other != MISSING) {
        let known = &mut of[code as usize];
        match *known {
            MISSING => *known = other,
            known if known != other => return None,
            _ => repeats += 1,
        }
    }
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    of.iter().filter(|code| **code != MISSING).for_each(|code| *rows.entry(*code).or_default() += 1);
    (rows.len() > 1 && repeats >= EVIDENCE).then_some(of)
}

/// Whether every number lies at or below its neighbour, and if so whether always below; `None` where it does not, or where it says nothing.
fn ordered(low: &[f64], high: &[f64]) -> Option<bool> {
    let both = || low.iter().zip(high).filter(|(low, high)| !low.is_nan() && !high.is_nan());
    let (mut rows, mut strict) = (0, true);
    let (mut largest, mut smallest) = (f64::NEG_INFINITY, f64::INFINITY);
    for (&low, &high) in both() {
        if low > high {
            return None;
        }
        rows += 1;
        strict &= low < high;
        largest = largest.max(low);
        smallest = smallest.min(high);
    }
    (rows >= EVIDENCE && largest > smallest && both().any(|(low, high)| low != high)).then_some(strict)
}

#[cfg(test)]
mod tests {
    use evenhand_rows::table::{Column, Form};

    use super::*;

    fn categories(name: &str, texts: &[&str]) -> Column {
        let mut levels: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        levels.sort();
        levels.dedup();
        let codes = texts.iter().map(|text| levels.iter().position(|level| level == text).unwrap() as u32).collect();
        Column { name: name.to_owned(), cells: Cells::Categories { levels, codes } }
    }

    fn numbers(name: &str, values: Vec<f64>) -> Column {
        Column { name: name.to_owned(), cells: Cells::Numbers { form: Form::Integer, values } }
    }

    fn places() -> Table {
        let cities = ["Turin", "Bonn", "Rome", "Cologne"];
        let rows: Vec<usize> = (0..60).collect();
        let city: Vec<&str> = rows.iter().map(|row| cities[row % 4]).collect();
        let country: Vec<&str> = rows.iter().map(|row| ["IT", "DE"][row % 2]).collect();
        let low: Vec<f64> = rows.iter().map(|row| (30 + row % 20) as f64).collect();
        let high: Vec<f64> = low.iter().map(|low| low + 3.0).collect();
        let far: Vec<f64> = low.iter().map(|low| low + 500.0).collect();
        Table {
            columns: vec![
                categories("city", &city),
                categories("country", &country),
                numbers("low", low),
                numbers("high", high),
                numbers("far", far),
            ],
        }
    }

    #[test]
    fn rules_that_hold_in_every_row_are_found_and_no_others() {
        let rules = Rules::find(&places());
        let told: Vec<&str> = rules.kept().iter().map(|kept| kept.rule.as_str()).collect();
        // `low` is below `far` as well, but no row of theirs could be the other way round.
        assert_eq!(told, ["`city` settles `country`", "`low` is below `high`"]);
        let short = places().select(&(0..20).collect::<Vec<_>>());
        assert!(Rules::find(&short).is_empty(), "few rows may keep a rule by chance");
        let mut odd = places();
        let Cells::Categories { codes, .. } = &mut odd.columns[1].cells else { panic!("categories") };
        codes[0] = 1 - codes[0];
        assert!(!Rules::find(&odd).kept().iter().any(|kept| kept.rule.contains("settles")), "one exception is enough");
    }

    #[test]
    fn rows_that_break_a_rule_are_mended_and_counted() {
        let training = places();
        let mut rules = Rules::find(&training);
        let mut made = training.select(&[0, 1, 2, 3]);
        if let Cells::Categories { codes, .. } = &mut made.columns[1].cells {
            codes[0] = 1 - codes[0];
        }
        let (low, high) = (number(&made, 2, 1), number(&made, 3, 1));
        set(&mut made, 2, 1, high);
        set(&mut made, 3, 1, low);
        let equal = number(&made, 2, 2);
        set(&mut made, 3, 2, equal);
        assert_eq!(rules.mend(&mut made, &[]), [false, false, true, false]);
        assert_eq!(code(&made, 1, 0), code(&training, 1, 0));
        assert_eq!((number(&made, 2, 1), number(&made, 3, 1)), (low, high));
        rules.tell(&made);
        let counts: Vec<(usize, usize)> = rules.kept().iter().map(|kept| (kept.broken, kept.left)).collect();
        assert_eq!(counts, [(1, 0), (2, 1)]);
    }

    #[test]
    fn what_is_asked_for_stays() {
        let training = places();
        let mut rules = Rules::find(&training);
        let mut made = training.select(&[0]);
        if let Cells::Categories { codes, .. } = &mut made.columns[1].cells {
            codes[0] = 1 - codes[0];
        }
        let asked = code(&made, 1, 0);
        assert_eq!(rules.mend(&mut made, &[1]), [true]);
        assert_eq!(code(&made, 1, 0), asked);
    }
}

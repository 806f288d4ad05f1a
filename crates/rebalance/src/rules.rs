//! Rules that hold in every training row, and are kept in rows that are made.
//!
//! ```text
//! settles(a, b)   each value of a occurs with one value of b alone              (a city has one country, a code one department)
//! line(a, b)      b = m a + c, as far as b is written                           (a copy, a constant difference, a rest, another unit)
//! order(a, b)     a <= b, or a < b, in every row that has both numbers          (a lowest and a highest salary)
//! ```
//!
//! Numbers settle like categories where they are discrete: at most [`MOST_VALUES`] different ones, and each twice in the mean. A rule counts only
//! where chance would have broken it: `settles` needs [`EVIDENCE`] rows that repeat a value of a, and a chance below [`LIKELY`] that values
//! of b dealt at random would agree in all of them; `line` needs [`EVIDENCE`] rows and three values of each number; `order` needs as
//! many rows, and ranges that overlap, so that some row of the one lies above some row of the other. A column with another value in every row settles
//! nothing, and a line says all that an order or a settled number could. A synthesiser that learns each column's distribution and their
//! correlations knows none of this.
//!
//! Rows that are made are mended: b is set to what a settles or to its place on the line, two numbers in the wrong order change places. A number that
//! no training row has settles what both of its neighbours settle; where those differ, it becomes the nearer one. What cannot be mended (b is asked for, or two numbers of a strict
//! order are equal) is counted, so that its maker can draw such rows anew.

mod line;
mod settled;

use evenhand_rows::MISSING;
use evenhand_rows::table::{Cells, Table};

use line::Line;
use settled::{Discrete, Settled};

/// Rows that must speak for a rule.
pub const EVIDENCE: usize = 30;
/// Different values of a column beyond which it is not looked at as one that settles another.
const MOST_VALUES: usize = 5000;
/// Chance of a rule among columns that know nothing of each other, from which on it counts as chance.
const LIKELY: f64 = 1e-9;
/// Times that all rules are gone through: one may change what another settles.
const PASSES: usize = 4;

/// A rule between two columns.
#[derive(Debug, Clone, PartialEq)]
enum Rule {
    /// The value of `from` settles the one of `to`.
    Settles { from: usize, to: usize, values: Settled },
    /// The number of `to` lies on a line over `from`.
    Line { from: usize, to: usize, line: Line },
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
        let discrete: Vec<Discrete> = training.columns.iter().map(|column| Discrete::new(&column.cells)).collect();
        let columns = training.columns.len();
        for (first, second) in (0..columns).flat_map(|first| (first + 1..columns).map(move |second| (first, second))) {
            if rules.find_line(training, first, second) {
                continue;
            }
            let before = rules.rules.len();
            for (from, to) in [(first, second), (second, first)] {
                if let Some(values) = discrete[from].settles(&discrete[to]) {
                    let [name, other] = names(training, from, to);
                    rules.push(Rule::Settles { from, to, values }, format!("`{name}` settles `{other}`"));
                }
            }
            if rules.rules.len() == before {
                rules.find_order(training, first, second);
            }
        }
        rules
    }

    fn find_line(&mut self, training: &Table, first: usize, second: usize) -> bool {
        for (from, to) in [(first, second), (second, first)] {
            let [one, other] = [from, to].map(|column| &training.columns[column].cells);
            if let (Cells::Numbers { values, .. }, Cells::Numbers { values: others, form }) = (one, other)
                && let Some(line) = Line::through(values, others, *form)
            {
                let [name, other] = names(training, from, to);
                self.push(Rule::Line { from, to, line }, line.told(name, other));
                return true;
            }
        }
        false
    }

    fn find_order(&mut self, training: &Table, first: usize, second: usize) {
        for (low, high) in [(first, second), (second, first)] {
            let [one, other] = [low, high].map(|column| &training.columns[column].cells);
            if let (Cells::Numbers { values, .. }, Cells::Numbers { values: others, .. }) = (one, other)
                && let Some(strict) = ordered(values, others)
            {
                let [name, other] = names(training, low, high);
                let sign = if strict { "below" } else { "at most" };
                self.push(Rule::Order { low, high, strict }, format!("`{name}` is {sign} `{other}`"));
            }
        }
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
            kept.broken += (0..count).filter(|&row| rule.is_broken(rows, row)).count();
        }
        for _ in 0..PASSES {
            let mut mended = false;
            for rule in &self.rules {
                for row in 0..count {
                    mended |= rule.is_broken(rows, row) && rule.mend(rows, row, fixed);
                }
            }
            if !mended {
                break;
            }
        }
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
        let at = |column: usize| value(&rows.columns[column].cells, row);
        match self {
            Rule::Settles { from, to, values } => values.is_broken(at(*from), at(*to)),
            Rule::Line { from, to, line } => line.is_broken(at(*from), at(*to)),
            Rule::Order { low, high, strict } => at(*low) > at(*high) || *strict && at(*low) == at(*high),
        }
    }

    /// Sets a row that breaks it right, as far as columns that are not `fixed` allow; says whether it changed anything.
    fn mend(&self, rows: &mut Table, row: usize, fixed: &[usize]) -> bool {
        let free = |column: &usize| !fixed.contains(column);
        let at = |column: usize| value(&rows.columns[column].cells, row);
        match self {
            Rule::Settles { from, to, values } => {
                let (mut one, mut other) = (at(*from), at(*to));
                match (free(from), free(to)) {
                    (true, true) => (one, other) = values.nearest(one),
                    (false, true) => other = values.nearest(one).1,
                    (true, false) => one = values.nearest_that_settles(one, other),
                    (false, false) => {}
                }
                set(rows, *from, row, one) | set(rows, *to, row, other)
            }
            Rule::Line { from, to, line } if free(to) => {
                let place = line.at(at(*from));
                set(rows, *to, row, place)
            }
            Rule::Line { from, to, line } if free(from) => {
                let place = line.before(at(*to));
                set(rows, *from, row, place)
            }
            Rule::Order { low, high, .. } if free(low) && free(high) => {
                let (one, other) = (at(*low), at(*high));
                set(rows, *low, row, other) | set(rows, *high, row, one)
            }
            Rule::Line { .. } | Rule::Order { .. } => false,
        }
    }
}

fn names(table: &Table, one: usize, other: usize) -> [&str; 2] {
    [one, other].map(|column| table.columns[column].name.as_str())
}

/// A number, or the code of a category, which a double holds exactly; NaN where it is missing.
fn value(cells: &Cells, row: usize) -> f64 {
    match cells {
        Cells::Numbers { values, .. } => values[row],
        Cells::Categories { codes, .. } if codes[row] == MISSING => f64::NAN,
        Cells::Categories { codes, .. } => f64::from(codes[row]),
    }
}

/// Writes what [`value`] reads; says whether that was a change.
fn set(rows: &mut Table, column: usize, row: usize, to: f64) -> bool {
    let cells = &mut rows.columns[column].cells;
    let before = value(cells, row);
    match cells {
        Cells::Numbers { form, values } => values[row] = form.round(to),
        Cells::Categories { codes, .. } => codes[row] = to as u32,
    }
    value(cells, row) != before
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
        let low: Vec<f64> = rows.iter().map(|row| (30 + row % 19) as f64).collect();
        let high: Vec<f64> = rows.iter().zip(&low).map(|(row, low)| low + 3.0 + (row % 3) as f64).collect();
        let far: Vec<f64> = rows.iter().zip(&low).map(|(row, low)| low + 500.0 + (row % 7) as f64).collect();
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
        let (low, high) = (at(&made, 2, 1), at(&made, 3, 1));
        set(&mut made, 2, 1, high);
        set(&mut made, 3, 1, low);
        let equal = at(&made, 2, 2);
        set(&mut made, 3, 2, equal);
        assert_eq!(rules.mend(&mut made, &[]), [false, false, true, false]);
        assert_eq!(at(&made, 1, 0), at(&training, 1, 0));
        assert_eq!((at(&made, 2, 1), at(&made, 3, 1)), (low, high));
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
        let asked = at(&made, 1, 0);
        assert_eq!(rules.mend(&mut made, &[1]), [true]);
        assert_eq!(at(&made, 1, 0), asked);
    }

    fn at(table: &Table, column: usize, row: usize) -> f64 {
        value(&table.columns[column].cells, row)
    }

    fn told(columns: Vec<Column>) -> Vec<String> {
        Rules::find(&Table { columns }).kept().iter().map(|kept| kept.rule.clone()).collect()
    }

    /// 90 rows of 9 departments with their codes, in the cities of 3 of them each.
    fn departments() -> Table {
        let department = |row: usize| row * 5 % 9;
        let names: Vec<String> = (0..90).map(|row| format!("Dept {}", department(row))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let codes = (0..90).map(|row| (1000 + 7 * department(row)) as f64).collect();
        let cities: Vec<&str> = (0..90).map(|row| ["Rome", "Bonn", "Paris"][department(row) % 3]).collect();
        Table { columns: vec![numbers("code", codes), categories("name", &names), categories("city", &cities)] }
    }

    #[test]
    fn numbers_that_repeat_settle_and_are_settled_like_categories() {
        let expected = ["`code` settles `name`", "`name` settles `code`", "`code` settles `city`", "`name` settles `city`"];
        let table = departments();
        assert_eq!(told(table.columns.clone()), expected);
        let mut rules = Rules::find(&table);
        let mut made = table.select(&[0, 1, 2]);
        // No department has the code 1016: 1014 is the nearest, of `Dept 2` in Paris.
        set(&mut made, 0, 0, 1016.0);
        set(&mut made, 2, 1, 0.0);
        assert_eq!(rules.mend(&mut made, &[]), [false; 3]);
        assert_eq!([0, 1, 2].map(|column| at(&made, column, 0)), [1014.0, 2.0, 1.0]);
        assert_eq!(at(&made, 2, 1), at(&table, 2, 1));
    }

    #[test]
    fn a_number_gives_way_where_what_it_settles_is_asked_for() {
        // Points of 40 and more pass.
        let points: Vec<f64> = (0..120).map(|row| f64::from(row * 7 % 60)).collect();
        let passed: Vec<&str> = points.iter().map(|points| if *points >= 40.0 { "yes" } else { "no" }).collect();
        let table = Table { columns: vec![numbers("points", points), categories("passed", &passed)] };
        let mut rules = Rules::find(&table);
        assert_eq!(rules.kept()[0].rule, "`points` settles `passed`");
        let mut made = table.select(&[0]);
        set(&mut made, 1, 0, 1.0);
        assert_eq!(rules.mend(&mut made, &[1]), [false]);
        assert_eq!((at(&made, 0, 0), at(&made, 1, 0)), (40.0, 1.0));
        // 12.5 lies between points that all fail, and stays; 39.5 lies on the threshold.
        let Rule::Settles { values, .. } = &rules.rules[0] else { panic!("a settling rule") };
        assert!(!values.is_broken(12.5, 0.0) && values.is_broken(12.5, 1.0) && values.is_broken(39.5, 0.0));
        assert_eq!(values.nearest(39.6), (40.0, 1.0));
    }

    #[test]
    fn what_chance_explains_is_no_rule() {
        // Another number in every row settles anything.
        let salaries: Vec<f64> = (0..400).map(|row| f64::from(row * 37 % 401)).collect();
        let sexes: Vec<&str> = (0..400).map(|row| if row * row % 7 < 3 { "f" } else { "m" }).collect();
        assert!(told(vec![numbers("salary", salaries), categories("sex", &sexes)]).is_empty());
        // One exception among 400 rows falls on an age that nobody shares in one of 20 cases.
        let ages: Vec<f64> = (0..400).map(|row| if row < 20 { f64::from(100 + row) } else { f64::from(20 + row % 38) }).collect();
        let rare: Vec<&str> = (0..400).map(|row| if row == 7 { "yes" } else { "no" }).collect();
        assert!(told(vec![numbers("age", ages), categories("rare", &rare)]).is_empty());
    }

    #[test]
    fn a_copy_is_kept_and_told_once() {
        let ages: Vec<f64> = (0..60).map(|row| f64::from(20 + row * 7 % 40)).collect();
        let table = Table { columns: vec![numbers("age", ages.clone()), numbers("copy", ages)] };
        let mut rules = Rules::find(&table);
        let mut made = table.select(&[0, 1]);
        set(&mut made, 1, 0, 90.0);
        assert_eq!(rules.mend(&mut made, &[]), [false, false]);
        assert_eq!(at(&made, 1, 0), 20.0);
        set(&mut made, 1, 1, 33.0);
        // The copy is asked for, so the number follows it.
        assert_eq!(rules.mend(&mut made, &[1]), [false, false]);
        assert_eq!(at(&made, 0, 1), 33.0);
        let kept: Vec<(&str, usize)> = rules.kept().iter().map(|kept| (kept.rule.as_str(), kept.broken)).collect();
        assert_eq!(kept, [("`copy` is `age`", 2)]);
    }
}

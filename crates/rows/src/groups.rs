//! Sensitive attributes: a column type of their own.

use std::collections::BTreeMap;

/// The code of a row whose group is not known.
pub const UNKNOWN: u32 = u32::MAX;

/// What follows the attribute's name in the name of an input made of its groups.
pub const GROUP_INPUT: &str = " (group)";

/// One sensitive attribute of every row: named groups (levels) and a code per row.
///
/// A row whose value is missing, or stands for "not known", has the code [`UNKNOWN`]: such rows are counted and shown, and left out
/// of every gap. The order of `levels` is the order of display; nothing may depend on it (a test relabels it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    name: String,
    levels: Vec<String>,
    codes: Vec<u32>,
    columns: Vec<String>,
}

impl Groups {
    /// Joins levels and codes.
    ///
    /// # Panics
    /// When a code is neither [`UNKNOWN`] nor an index into `levels`: callers build codes from the levels.
    pub fn new(name: impl Into<String>, levels: Vec<String>, codes: Vec<u32>) -> Self {
        assert!(codes.iter().all(|&code| code == UNKNOWN || (code as usize) < levels.len()), "group codes must index the levels");
        let name = name.into();
        Groups { columns: vec![name.clone()], name, levels, codes }
    }

    /// The same attribute as made of these columns of its source; an attribute is otherwise taken as made of the column of its name.
    #[must_use]
    pub fn made_of(self, columns: Vec<String>) -> Self {
        Groups { columns, ..self }
    }

    /// Groups from one text per row, `None` for unknown; levels in alphabetical order.
    pub fn from_texts<'a>(name: impl Into<String>, texts: impl Iterator<Item = Option<&'a str>> + Clone) -> Self {
        let mut index: BTreeMap<&str, u32> = texts.clone().flatten().map(|text| (text, 0)).collect();
        for (position, code) in index.values_mut().enumerate() {
            *code = position as u32;
        }
        let codes = texts.map(|text| text.map_or(UNKNOWN, |text| index[text])).collect();
        Groups::new(name, index.keys().map(|level| (*level).to_owned()).collect(), codes)
    }

    /// Name of the attribute (`gender`, or `gender x race` for an intersection).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Columns of the source that it was made of: one, or those of an intersection.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Name of the input that the groups themselves make, told apart from the column that they may share their name with.
    pub fn input_name(&self) -> String {
        format!("{}{GROUP_INPUT}", self.name)
    }

    /// Names of the groups.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// A code per row: an index into [`Groups::levels`], or [`UNKNOWN`].
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// Name of the group with this code; `unknown` for [`UNKNOWN`].
    pub fn level(&self, code: u32) -> &str {
        self.levels.get(code as usize).map_or("unknown", String::as_str)
    }

    /// Code of the group with this name.
    pub fn code(&self, level: &str) -> Option<u32> {
        self.levels.iter().position(|known| known == level).map(|position| position as u32)
    }

    /// Rows of each group, in the order of the levels.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.levels.len()];
        for &code in self.codes.iter().filter(|&&code| code != UNKNOWN) {
            sizes[code as usize] += 1;
        }
        sizes
    }

    /// Rows whose group is not known.
    pub fn unknown_count(&self) -> usize {
        self.codes.iter().filter(|&&code| code == UNKNOWN).count()
    }

    /// The same groups under another name.
    #[must_use]
    pub fn renamed(self, name: impl Into<String>) -> Self {
        Groups { name: name.into(), ..self }
    }

    /// One group against all others together, named `level` and `not level`; unknown stays unknown. `None` without such a group.
    pub fn against_rest(&self, level: &str) -> Option<Self> {
        let one = self.code(level)?;
        let code = |code: u32| if code == UNKNOWN { UNKNOWN } else { u32::from(code != one) };
        Some(Groups {
            name: self.name.clone(),
            levels: vec![level.to_owned(), format!("not {level}")],
            codes: self.codes.iter().map(|&old| code(old)).collect(),
            columns: self.columns.clone(),
        })
    }

    /// The same attribute for the chosen rows (repetition allowed); levels stay, also those that become empty.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Groups {
            name: self.name.clone(),
            levels: self.levels.clone(),
            codes: rows.iter().map(|&row| self.codes[row]).collect(),
            columns: self.columns.clone(),
        }
    }

    /// The same groups without the levels that no row has.
    #[must_use]
    pub fn without_empty_levels(&self) -> Self {
        let sizes = self.sizes();
        let kept: Vec<usize> = (0..sizes.len()).filter(|&level| sizes[level] > 0).collect();
        let code = |code: u32| kept.iter().position(|&level| level == code as usize).map_or(UNKNOWN, |position| position as u32);
        Groups {
            name: self.name.clone(),
            levels: kept.iter().map(|&level| self.levels[level].clone()).collect(),
            codes: self.codes.iter().map(|&old| code(old)).collect(),
            columns: self.columns.clone(),
        }
    }

    /// The intersection of several attributes: one group per combination that occurs, named `a x b`. Unknown in one is unknown in all.
    #[must_use]
    pub fn intersection(attributes: &[&Groups]) -> Self {
        let name = attributes.iter().map(|groups| groups.name()).collect::<Vec<_>>().join(" x ");
        let rows = attributes.first().map_or(0, |groups| groups.len());
        let unknown = |row: usize| attributes.iter().any(|groups| groups.codes[row] == UNKNOWN);
        // The codes of a row as one number, read in the mixed base of the numbers of levels: no allocation per row.
        let key = |row: usize| -> Option<u128> {
            let join = |key: u128, groups: &&Groups| key * groups.levels.len().max(1) as u128 + u128::from(groups.codes[row]);
            (!unknown(row)).then(|| attributes.iter().fold(0, join))
        };
        let keys: Vec<Option<u128>> = (0..rows).map(key).collect();
        let mut index: BTreeMap<u128, u32> = BTreeMap::new();
        for key in keys.iter().flatten() {
            index.entry(*key).or_insert(0);
        }
        for (position, code) in index.values_mut().enumerate() {
            *code = position as u32;
        }
        let level = |key: &u128| {
            let mut rest = *key;
            let mut names: Vec<&str> = Vec::new();
            for groups in attributes.iter().rev() {
                let base = groups.levels.len().max(1) as u128;
                names.push(groups.level((rest % base) as u32));
                rest /= base;
            }
            names.reverse();
            names.join(" x ")
        };
        let levels = index.keys().map(level).collect();
        let codes = keys.iter().map(|key| key.map_or(UNKNOWN, |key| index[&key])).collect();
        let mut columns: Vec<String> = Vec::new();
        for column in attributes.iter().flat_map(|groups| &groups.columns) {
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        Groups { name, levels, codes, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_values_are_counted_apart() {
        let groups = Groups::from_texts("gender", ["f", "m", "f"].map(Some).into_iter().chain([None]));
        assert_eq!(groups.levels(), ["f", "m"]);
        assert_eq!(groups.codes(), [0, 1, 0, UNKNOWN]);
        assert_eq!(groups.sizes(), [2, 1]);
        assert_eq!(groups.unknown_count(), 1);
        assert_eq!(groups.level(UNKNOWN), "unknown");
    }

    #[test]
    fn one_group_can_stand_against_the_rest() {
        let groups = Groups::from_texts("race", [Some("a"), Some("b"), None, Some("c")].into_iter());
        let pooled = groups.against_rest("b").unwrap();
        assert_eq!(pooled.levels(), ["b", "not b"]);
        assert_eq!(pooled.codes(), [1, 0, UNKNOWN, 1]);
        assert_eq!(groups.against_rest("d"), None);
    }

    #[test]
    fn an_intersection_holds_the_combinations_that_occur() {
        let gender = Groups::from_texts("gender", [Some("f"), Some("m"), Some("f"), None].into_iter());
        let race = Groups::from_texts("race", [Some("a"), Some("b"), Some("b"), Some("a")].into_iter());
        let both = Groups::intersection(&[&gender, &race]);
        assert_eq!(both.name(), "gender x race");
        assert_eq!(both.columns(), ["gender", "race"]);
        let made = gender.made_of(vec!["sex".to_owned()]).renamed("g").select(&[0, 3]);
        assert_eq!((made.name(), made.columns()), ("g", &["sex".to_owned()][..]));
        assert_eq!(both.levels(), ["f x a", "f x b", "m x b"]);
        assert_eq!(both.codes(), [0, 2, 1, UNKNOWN]);
    }
}

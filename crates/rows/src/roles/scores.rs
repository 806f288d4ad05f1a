//! Scores that somebody already holds, with what is needed to judge them by group.

use std::collections::{BTreeMap, HashMap};

use evenhand_catalog::limits::COUNTED_ROWS;

use super::words::{Categories, Missing, known_decision, spelling_key, truth};
use super::{Columns, Extent, Named, Numbers, Odd, identity, joined, label, quoted, sensitive, sensitive_columns, settled, tell, weights};
use crate::{FileDigest, Groups, Label, LabelKind, LabelRole, Provenance, RowsError, Scale, SensitiveRole};

/// Columns of numbers of applicants and of the selected, a row a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Column with the number of applicants.
    pub applicants: String,
    /// Column with the number of those who were selected.
    pub selected: String,
}

/// Which columns of a file of scores are to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreRoles {
    /// Column of the score: numbers, or decisions in words.
    pub score: String,
    /// Instead of a score: how many applied and how many were selected, a row a category.
    pub counted: Option<Counted>,
    /// The sensitive attributes.
    pub groups: Vec<SensitiveRole>,
    /// The truth, where it is known.
    pub label: Option<LabelRole>,
    /// Sample weight.
    pub weight: Option<String>,
    /// How many equal rows a row stands for.
    pub count: Option<String>,
    /// Whose row it is: somebody with several rows counts once.
    pub person: Option<String>,
    /// Texts that mean "missing", beside the usual ones.
    pub missing: Vec<String>,
    /// Texts that stand for others.
    pub categories: Categories,
    /// Favourable values of a score that is a decision in words.
    pub favourable: Vec<String>,
    /// Whether the score is to be a decision: numbers other than 0 and 1 are refused then, unless the favourable values among them are named.
    pub decisions: bool,
    /// Values of such a score on which nothing was decided, beside the usual words.
    pub undecided: Vec<String>,
    /// Lowest and highest possible score when that is not 0 to 1; scores are then rescaled to [0, 1].
    pub range: Option<(f64, f64)>,
    /// Whether the lowest score is the best.
    pub lower_is_better: bool,
    /// Leaves rows without a score out, counted by group, instead of refusing them.
    pub skip_unscored: bool,
}

/// What the columns of decisions hold, in the parts that were looked at: by column, each value under its key.
#[derive(Debug, Clone, Default)]
pub struct Occurring {
    columns: BTreeMap<String, BTreeMap<String, String>>,
}

/// Scores and what is needed to judge them by group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// A score in [0, 1] per row, 1 being best.
    pub scores: Vec<f64>,
    /// The scale of the person's own numbers.
    pub scale: Scale,
    /// The truth in [0, 1], where a column was named; NaN where nothing was decided.
    pub label: Option<Label>,
    /// Weights, where a column was named.
    pub weights: Option<Vec<f64>>,
    /// The sensitive attributes in the order of the roles.
    pub groups: Vec<Groups>,
    /// Rows that were left out, as they have no score; they are in no count above.
    pub unscored: usize,
    /// Words of the column of scores that count as selected; empty where it holds numbers.
    pub selecting: Vec<String>,
    /// Files with their digests, and remarks.
    pub provenance: Provenance,
}

/// Consecutive rows of a stream of scores.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chunk {
    /// A score in [0, 1] per row.
    pub scores: Vec<f64>,
    /// The truth in [0, 1], where a column was named; NaN where nothing was decided.
    pub label: Option<Label>,
    /// Weights, where a column was named.
    pub weights: Option<Vec<f64>>,
    /// The scale of the person's own numbers.
    pub scale: Scale,
    /// Words of the column of scores that count as selected, as far as this part holds them; empty where it holds numbers.
    pub selecting: Vec<String>,
    /// The sensitive attributes. Their levels are those seen so far in the stream: the levels of a later chunk begin with the levels of
    /// every earlier one, so a code never changes its meaning.
    pub groups: Vec<Groups>,
}

impl Chunk {
    /// Values of the label.
    pub fn labels(&self) -> Option<&[f64]> {
        self.label.as_ref().map(|label| label.values.as_slice())
    }
}

impl Scored {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Rows of three arrays in memory: scores in [0, 1], the group of each row in words, and the truth in [0, 1], NaN where nothing was decided.
    ///
    /// ```
    /// use evenhand_rows::Scored;
    ///
    /// let scored = Scored::from_arrays(vec![0.9, 0.2, 0.6], ("gender", &["f", "m", "f"]), Some(vec![1.0, 0.0, 1.0])).unwrap();
    /// assert_eq!(scored.groups[0].sizes(), [2, 1]);
    /// assert!(Scored::from_arrays(vec![0.9], ("gender", &["f", "m"]), None).is_err());
    /// ```
    pub fn from_arrays(scores: Vec<f64>, (attribute, groups): (&str, &[&str]), labels: Option<Vec<f64>>) -> Result<Self, RowsError> {
        let rows = |name: &str, length: usize| {
            let reason = format!("`{name}` has {length} rows, and there are {} scores", scores.len());
            if length == scores.len() { Ok(()) } else { Err(RowsError::BadScores { reason }) }
        };
        let within = |name: &str, values: &[f64], nan: bool| {
            rows(name, values.len())?;
            match values.iter().position(|value| !((0.0..=1.0).contains(value) || nan && value.is_nan())) {
                Some(row) => {
                    let reason = format!("`{name}`, row {}: {} is no number in [0, 1]", row + 1, values[row]);
                    Err(RowsError::BadScores { reason })
                }
                None => Ok(()),
            }
        };
        within("scores", &scores, false)?;
        rows(attribute, groups.len())?;
        if let Some(labels) = &labels {
            within("labels", labels, true)?;
        }
        let groups = Groups::from_texts(attribute, groups.iter().map(|text| Some(*text)));
        let scored = Scored::new(scores, groups);
        Ok(match labels {
            Some(labels) => scored.with_labels("labels", labels),
            None => scored,
        })
    }

    /// Values of the label.
    pub fn labels(&self) -> Option<&[f64]> {
        self.label.as_ref().map(|label| label.values.as_slice())
    }

    /// Scores in [0, 1] and one attribute, from whoever holds them.
    pub fn new(scores: Vec<f64>, groups: Groups) -> Self {
        let provenance = Provenance { loader: "memory".to_owned(), ..Provenance::default() };
        Scored { scores, groups: vec![groups], provenance, ..Scored::default() }
    }

    /// The same with the truth of every row, in [0, 1]; NaN where nothing was decided.
    #[must_use]
    pub fn with_labels(self, name: &str, values: Vec<f64>) -> Self {
        let binary = values.iter().filter(|value| !value.is_nan()).all(|&value| value == 0.0 || value == 1.0);
        let kind = if binary { crate::LabelKind::Binary } else { crate::LabelKind::Continuous };
        Scored { label: Some(Label { name: name.to_owned(), kind, values, scale: Scale::default() }), ..self }
    }

    /// The rows on which something was decided; all of them where there is no label.
    pub fn decided(&self) -> Option<Vec<usize>> {
        let values = &self.label.as_ref()?.values;
        values.iter().any(|value| value.is_nan()).then(|| (0..values.len()).filter(|&row| !values[row].is_nan()).collect())
    }

    /// The chosen rows in the chosen order; a row may be chosen more than once.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let picked = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        Scored {
            scores: picked(&self.scores),
            scale: self.scale,
            label: self.label.as_ref().map(|label| Label { values: picked(&label.values), ..label.clone() }),
            weights: self.weights.as_ref().map(picked),
            groups: self.groups.iter().map(|groups| groups.select(rows)).collect(),
            unscored: self.unscored,
            selecting: self.selecting.clone(),
            provenance: self.provenance.clone(),
        }
    }
}

impl ScoreRoles {
    /// The scale of the scores.
    pub fn scale(&self) -> Result<Scale, RowsError> {
        let (low, high) = self.range.unwrap_or((0.0, 1.0));
        if !(low < high && low.is_finite() && high.is_finite()) {
            let reason = format!("the range {low} to {high} of the score is empty; give the lowest and the highest possible score");
            return Err(RowsError::BadColumn { column: self.score.clone(), reason });
        }
        Ok(Scale { lower_is_better: self.lower_is_better, ..Scale::of(low, high) })
    }

    /// The columns to read.
    pub fn columns(&self) -> Result<Vec<String>, RowsError> {
        self.scale()?;
        let mut names = match &self.counted {
            Some(counted) => vec![counted.applicants.clone(), counted.selected.clone()],
            None => vec![self.score.clone()],
        };
        let others = self.label.iter().map(|role| role.column.clone());
        let others = others.chain([&self.weight, &self.count, &self.person].into_iter().flatten().cloned());
        for name in others.chain(sensitive_columns(&self.groups)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn missing(&self) -> Missing<'_> {
        Missing { texts: &self.missing }
    }

    /// Gives the columns their roles.
    pub fn read(&self, table: &impl Columns, extent: Extent, files: Vec<FileDigest>, mut notes: Vec<String>) -> Result<Scored, RowsError> {
        let scale = self.scale()?;
        if extent == Extent::Whole {
            let mut occurring = Occurring::default();
            self.look_for_named(table, &mut occurring)?;
            self.check_named(&occurring)?;
        }
        let label =
            self.label.as_ref().map(|role| label::label(table, role, self.missing(), &self.categories, extent, &mut notes)).transpose()?;
        let weights = self.weight.as_ref().map(|column| weights(table, column, self.missing(), extent)).transpose()?;
        let mut remarks = Vec::new();
        let groups = sensitive(table, &self.groups, self.missing(), &self.categories, extent, &mut remarks)?;
        let mut scored = Scored { scores: Vec::new(), scale, label, weights, groups, ..Scored::default() };
        if let Some(counted) = &self.counted {
            let (scores, rows) = self.outcomes(table, counted)?;
            scored.scores = vec![f64::NAN; table.rows()];
            scored = scored.select(&rows);
            scored.scores = scores;
        } else {
            (scored.scores, scored.scale, scored.selecting) = self.scores(table, scale, extent, &mut notes)?;
            self.refuse_unscored(table, &scored.scores, extent)?;
            if let Some(column) = &self.count {
                scored = scored.select(&self.repeats(table, column)?);
            } else if let Some(column) = self.person.as_ref().filter(|_| extent == Extent::Whole) {
                scored = once_a_person(table, column, self.missing(), scored, &mut notes)?;
            }
        }
        if scored.scores.iter().any(|score| score.is_nan()) {
            scored = self.without_unscored(&scored, extent, &mut notes)?;
        }
        if extent == Extent::Whole {
            for groups in &scored.groups {
                super::remark(groups, &mut remarks);
            }
        }
        notes.extend(remarks);
        scored.provenance = Provenance { loader: "table".to_owned(), files, notes };
        Ok(scored)
    }

    /// Whether the score is a decision whose favourable values are named.
    fn holds_codes(&self) -> bool {
        !self.favourable.is_empty() && self.label.is_none()
    }

    /// The values that the person named as favourable or undecided, with the columns that may hold them.
    fn named_values(&self) -> Vec<(&'static str, &String, Vec<&String>)> {
        let score = (self.counted.is_none()).then_some(&self.score);
        let label = self.label.as_ref();
        let favourable = match label {
            Some(label) => label.favourable.iter().map(|value| ("favourable", value, vec![&label.column])).collect::<Vec<_>>(),
            None => self.favourable.iter().map(|value| ("favourable", value, score.into_iter().collect())).collect(),
        };
        let columns: Vec<&String> = label.map(|label| &label.column).into_iter().chain(score).collect();
        favourable.into_iter().chain(self.undecided.iter().map(|value| ("undecided", value, columns.clone()))).collect()
    }

    /// Adds what the columns of decisions hold, where values of them are named.
    pub fn look_for_named(&self, table: &impl Columns, occurring: &mut Occurring) -> Result<(), RowsError> {
        let mut columns: Vec<&String> = self.named_values().into_iter().flat_map(|(.., columns)| columns).collect();
        columns.dedup();
        for name in columns {
            let column = table.position(name)?;
            let seen = occurring.columns.entry(name.clone()).or_default();
            for level in &table.texts(column).levels {
                let level = self.categories.map(name, level).unwrap_or(level);
                seen.entry(spelling_key(level)).or_insert_with(|| level.to_owned());
            }
        }
        Ok(())
    }

    /// Refuses a named value that no row has: a slip of the pen would move candidates to the other side.
    pub fn check_named(&self, occurring: &Occurring) -> Result<(), RowsError> {
        let label = self.label.as_ref();
        let favourable = label.map_or(&self.favourable, |label| &label.favourable);
        label::check_apart(label.map_or(&self.score, |label| &label.column), favourable, &self.undecided)?;
        for (what, value, columns) in self.named_values() {
            let held = |column: &&String| occurring.columns.get(*column);
            let key = spelling_key(value.trim());
            if columns.iter().filter_map(held).any(|seen| seen.contains_key(&key)) {
                continue;
            }
            let Some(column) = columns.first() else { continue };
            let levels: Vec<String> = held(column).into_iter().flat_map(|seen| seen.values().cloned()).collect();
            let reason = format!("the {what} value `{value}` does not occur; the column holds {}", crate::shortened(&levels));
            return Err(RowsError::BadColumn { column: (*column).clone(), reason });
        }
        Ok(())
    }

    /// The scores in [0, 1], NaN where there is none, their scale, and which words count as selected: decisions in words have no scale.
    fn scores(
        &self,
        table: &impl Columns,
        scale: Scale,
        extent: Extent,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<f64>, Scale, Vec<String>), RowsError> {
        let column = table.position(&self.score)?;
        let (low, high) = (scale.low, scale.high);
        let read = table.numbers(column, self.missing());
        // Codes of decisions are words that happen to be numbers. With a label the favourable values are the label's.
        let read = if self.holds_codes() { read.and_then(|_| Err(Odd { row: 0, text: String::new() })) } else { read };
        match read {
            Ok(Numbers { mut values, percent }) => {
                settled(table, column, self.missing())?;
                self.refuse_no_decisions(&values)?;
                let unit = if percent && high <= 1.0 { 100.0 } else { 1.0 };
                for (row, value) in values.iter_mut().enumerate() {
                    let number = if percent { *value / unit } else { *value };
                    if number < low || number > high {
                        let shown = format!("`{value}{}`", if percent { "%" } else { "" });
                        let remedy = if self.range.is_some() {
                            format!("the range of the scores was stated as {low} to {high}; correct the row or the range")
                        } else {
                            "a score is a number from 0 to 1; correct the row, or state the range of the scores (`range`) so that they are \
                             rescaled"
                                .to_owned()
                        };
                        return Err(table.bad_value(column, row, shown, remedy));
                    }
                    *value = scale.to_unit(number);
                }
                if self.range.is_some() {
                    tell(notes, format!("scores were rescaled from {low} to {high} to 0 to 1"));
                }
                if scale.lower_is_better {
                    tell(notes, "lower scores are better: the lowest possible one counts as 1".to_owned());
                }
                Ok((values, scale, Vec::new()))
            }
            Err(odd) => {
                let coded = joined(table, column, |text| self.missing().value(text), "missing", &self.categories, &mut Vec::new());
                let words = label::decided(&coded, &self.undecided);
                let here = |text: &String| coded.levels.iter().any(|level| spelling_key(level) == spelling_key(text.trim()));
                // With a label the favourable values are the label's, unless the score holds them as well.
                let asked = if self.label.is_none() || self.favourable.iter().any(here) { self.favourable.as_slice() } else { &[] };
                if let Some(values) = label::truths(&coded, &words).filter(|_| asked.is_empty() && self.range.is_none()) {
                    let best = if scale.lower_is_better { 0.0 } else { 1.0 };
                    let selecting: Vec<String> =
                        words.iter().filter(|word| truth(word) == Some(best)).map(|word| (*word).to_owned()).collect();
                    self.tell_selecting(&selecting, notes);
                    if !scale.lower_is_better {
                        return Ok((values, scale, selecting));
                    }
                    tell(notes, "lower scores are better: false and no count as 1".to_owned());
                    return Ok((values.into_iter().map(|value| 1.0 - value).collect(), scale, selecting));
                }
                let favourable = match known_decision(words.iter().copied()) {
                    _ if !asked.is_empty() => asked.to_vec(),
                    Some(known) => vec![known.to_owned()],
                    _ => {
                        let remedy = if words.len() <= 50 && words.iter().all(|word| word.parse::<f64>().is_err()) {
                            format!(
                                "the column holds words ({}); name those that are a favourable decision (`favourable`), or name a column of \
                                 numbers",
                                quoted(words.into_iter())
                            )
                        } else {
                            "a score is a finite number; correct the row, or list the text under those that mean missing".to_owned()
                        };
                        return Err(table.bad_value(column, odd.row, format!("`{}`", odd.text), remedy));
                    }
                };
                let named = |level: &&String| favourable.iter().any(|text| spelling_key(text.trim()) == spelling_key(level));
                let selecting: Vec<String> = coded.levels.iter().filter(named).cloned().collect();
                self.tell_selecting(&selecting, notes);
                if scale.lower_is_better || self.range.is_some() {
                    tell(notes, format!("`{}` holds decisions in words: no range and no direction is read into them", self.score));
                }
                let role = LabelRole { column: self.score.clone(), undecided: self.undecided.clone(), ..LabelRole::default() };
                let (values, _) = label::cut(table, column, &role, &favourable, self.missing(), &self.categories, extent, notes)?;
                Ok((values, Scale::default(), selecting))
            }
        }
    }

    /// Says which words count as selected: another reader might have taken the other one.
    fn tell_selecting(&self, selecting: &[String], notes: &mut Vec<String>) {
        if !selecting.is_empty() {
            let shown = quoted(selecting.iter().map(String::as_str));
            tell(notes, format!("`{}` holds decisions in words: {shown} counts as selected", self.score));
        }
    }

    /// Refuses numbers that are no decisions, where decisions are asked for.
    fn refuse_no_decisions(&self, values: &[f64]) -> Result<(), RowsError> {
        const SHOWN: usize = 8;
        if !self.decisions || values.iter().all(|value| value.is_nan() || *value == 0.0 || *value == 1.0) {
            return Ok(());
        }
        let mut found: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        found.sort_unstable_by(f64::total_cmp);
        found.dedup();
        let some = found.iter().take(SHOWN).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        let all = if found.len() > SHOWN { format!("{some} and {} more", found.len() - SHOWN) } else { some };
        let reason = format!(
            "it holds the numbers {all}, and a decision is 0 or 1 or a word; say which value counts as selected (`favourable`), or name the column as the score \
             when it is one"
        );
        Err(RowsError::BadColumn { column: self.score.clone(), reason })
    }

    /// Decisions out of numbers of applicants and selected: a score, and the row that it comes from.
    fn outcomes(&self, table: &impl Columns, counted: &Counted) -> Result<(Vec<f64>, Vec<usize>), RowsError> {
        let applicants = self.counts(table, &counted.applicants)?;
        let selected = self.counts(table, &counted.selected)?;
        let (mut scores, mut rows) = (Vec::new(), Vec::new());
        for (row, (&all, &chosen)) in applicants.iter().zip(&selected).enumerate() {
            if all.is_nan() {
                let remedy = "fill it in or remove the row".to_owned();
                return Err(table.bad_value(table.position(&counted.applicants)?, row, "a missing value".to_owned(), remedy));
            }
            if chosen > all {
                let remedy = format!("more were selected than the {all} who applied; correct one of the two numbers");
                return Err(table.bad_value(table.position(&counted.selected)?, row, format!("`{chosen}`"), remedy));
            }
            rows.extend(std::iter::repeat_n(row, all as usize));
            if chosen.is_nan() {
                scores.extend(std::iter::repeat_n(f64::NAN, all as usize));
            } else {
                scores.extend(std::iter::repeat_n(1.0, chosen as usize));
                scores.extend(std::iter::repeat_n(0.0, (all - chosen) as usize));
            }
        }
        Ok((scores, rows))
    }

    /// Each row as often as its count says.
    fn repeats(&self, table: &impl Columns, column: &str) -> Result<Vec<usize>, RowsError> {
        let counts = self.counts(table, column)?;
        if let Some(row) = counts.iter().position(|count| count.is_nan()) {
            let remedy = "fill it in or remove the row".to_owned();
            return Err(table.bad_value(table.position(column)?, row, "a missing value".to_owned(), remedy));
        }
        Ok(counts.iter().enumerate().flat_map(|(row, &count)| std::iter::repeat_n(row, count as usize)).collect())
    }

    /// Whole numbers that are not negative, NaN where missing.
    fn counts(&self, table: &impl Columns, column: &str) -> Result<Vec<f64>, RowsError> {
        let position = table.position(column)?;
        settled(table, position, self.missing())?;
        let remedy = || "a count is a whole number that is not negative; correct the row".to_owned();
        let Numbers { values: counts, percent } = table
            .numbers(position, self.missing())
            .map_err(|odd| table.bad_value(position, odd.row, format!("`{}`", odd.text), remedy()))?;
        if percent {
            let row = counts.iter().position(|count| !count.is_nan()).unwrap_or_default();
            let remedy = "a count is a number of persons, no percentage; write the number itself".to_owned();
            return Err(table.bad_value(position, row, format!("`{}%`", counts[row]), remedy));
        }
        if let Some(row) = counts.iter().position(|count| *count < 0.0 || count.fract() != 0.0 && !count.is_nan()) {
            return Err(table.bad_value(position, row, format!("`{}`", counts[row]), remedy()));
        }
        let all: f64 = counts.iter().filter(|count| !count.is_nan()).sum();
        if all < 1.0 {
            let reason = format!("its counts add up to {all}; rows are counted one by one, from 1 on");
            return Err(RowsError::BadColumn { column: column.to_owned(), reason });
        }
        COUNTED_ROWS.check(all as u64).map_err(|limit| RowsError::Beyond { column: column.to_owned(), limit })?;
        Ok(counts)
    }

    /// Refuses numbers of which some are missing, unless they are to be left out; decisions in words may not have been taken yet.
    fn refuse_unscored(&self, table: &impl Columns, scores: &[f64], extent: Extent) -> Result<(), RowsError> {
        let Some(row) = scores.iter().position(|score| score.is_nan()).filter(|_| !self.skip_unscored) else { return Ok(()) };
        let column = table.position(&self.score)?;
        if self.holds_codes() || table.numbers(column, self.missing()).is_err() {
            return Ok(());
        }
        let missing = scores.iter().filter(|score| score.is_nan()).count();
        // A part of a stream does not know how many the others lack.
        let of_all = match (extent, missing) {
            (Extent::Whole, 1) => format!("it is the only one of {} rows without a score; ", scores.len()),
            (Extent::Whole, missing) => format!("{missing} of {} rows have no score; ", scores.len()),
            (Extent::Part, _) => String::new(),
        };
        let (it, such) = if missing > 1 { ("them", "such rows") } else { ("it", "the row") };
        let remedy = format!("{of_all}fill {it} in, or leave {such} out (`skip_unscored`)");
        Err(table.bad_value(column, row, "a missing value".to_owned(), remedy))
    }

    /// Leaves rows without a score out and notes how many of each group: who cannot be scored is a gap of its own.
    fn without_unscored(&self, scored: &Scored, extent: Extent, notes: &mut Vec<String>) -> Result<Scored, RowsError> {
        let unscored: Vec<usize> = (0..scored.len()).filter(|&row| scored.scores[row].is_nan()).collect();
        if extent == Extent::Whole {
            let told: Vec<String> = scored
                .groups
                .iter()
                .map(|groups| {
                    let sizes = groups.select(&unscored).sizes();
                    let levels = groups.levels().iter().zip(sizes).zip(groups.sizes());
                    let mut shares: Vec<String> = levels.map(|((level, without), all)| format!("{level} {without} of {all}")).collect();
                    // With those of unknown group the parts add up to the whole.
                    let unknown = groups.unknown_count();
                    if unknown > 0 {
                        shares.push(format!("unknown {} of {unknown}", groups.select(&unscored).unknown_count()));
                    }
                    format!("{}: {}", groups.name(), shares.join(", "))
                })
                .collect();
            notes.push(format!("{} of {} rows have no score and are left out ({})", unscored.len(), scored.len(), told.join("; ")));
        }
        let kept: Vec<usize> = (0..scored.len()).filter(|&row| !scored.scores[row].is_nan()).collect();
        if kept.is_empty() && extent == Extent::Whole {
            return Err(RowsError::BadColumn { column: self.score.clone(), reason: "no row has a score".to_owned() });
        }
        Ok(Scored { unscored: unscored.len(), ..scored.select(&kept) })
    }
}

/// One row a person: equal rows once, and of rows that differ their mean score and label.
fn once_a_person(
    table: &impl Columns,
    column: &str,
    missing: Missing<'_>,
    scored: Scored,
    notes: &mut Vec<String>,
) -> Result<Scored, RowsError> {
    let persons = identity(table, column, Named::Person, missing, notes)?;
    if persons.levels.len() == scored.len() {
        return Ok(scored);
    }
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); persons.levels.len()];
    for (row, &person) in persons.codes.iter().enumerate() {
        rows[person as usize].push(row);
    }
    let mut once = scored.select(&rows.iter().map(|rows| rows[0]).collect::<Vec<usize>>());
    let (mut differing, mut differing_labels) = (0, 0);
    let binary = scored.label.as_ref().is_some_and(|label| label.kind == LabelKind::Binary);
    // Of a person's decisions the best counts: whoever was selected once was selected.
    let decisions = scored.scores.iter().all(|score| score.is_nan() || *score == 0.0 || *score == 1.0);
    for (person, rows) in rows.iter().enumerate().filter(|(_, rows)| rows.len() > 1) {
        for groups in &scored.groups {
            if let Some(&row) = rows.iter().find(|&&row| groups.codes()[row] != groups.codes()[rows[0]]) {
                let remedy = format!("`{}` differs between rows of this person; correct it", groups.name());
                return Err(table.bad_value(table.position(column)?, row, format!("`{}`", persons.levels[person]), remedy));
            }
        }
        let mean = |values: &[f64]| {
            let known: Vec<f64> = rows.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).collect();
            let first = known.first().copied().unwrap_or(f64::NAN);
            // The mean of equal numbers is that number, without rounding.
            if known.iter().all(|value| *value == first) { (first, false) } else { (known.iter().sum::<f64>() / known.len() as f64, true) }
        };
        let (score, differ) = mean(&scored.scores);
        once.scores[person] = if differ && decisions { 1.0 } else { score };
        if let (Some(label), Some(all)) = (&mut once.label, &scored.label) {
            let (value, differ) = mean(&all.values);
            label.values[person] = if differ && binary { 1.0 } else { value };
            differing_labels += usize::from(differ);
        }
        if let (Some(weights), Some(all)) = (&mut once.weights, &scored.weights) {
            weights[person] = mean(all).0;
        }
        differing += usize::from(differ);
    }
    let means = match differing {
        0 => String::new(),
        _ if decisions => format!("; {differing} of them have different decisions, of which the best counts"),
        _ => format!("; {differing} of them have different scores, of which the mean counts"),
    };
    let labels = match differing_labels {
        0 => String::new(),
        _ if binary => format!("; {differing_labels} of them have different labels, of which the best counts"),
        _ => format!("; {differing_labels} of them have different labels, of which the mean counts"),
    };
    notes.push(format!(
        "{} rows are of {} persons (`{column}`), each of whom counts once{means}{labels}",
        scored.len(),
        persons.levels.len()
    ));
    Ok(once)
}

/// A remark on persons who have several rows though nobody said how they are to count.
pub fn remark_repeats(table: &impl Columns, column: usize) -> Option<String> {
    let coded = table.texts(column);
    let rows = coded.codes.len();
    let mut seen: HashMap<u32, usize> = HashMap::new();
    coded.codes.iter().filter(|&&code| code != crate::MISSING).for_each(|code| *seen.entry(*code).or_default() += 1);
    let repeated = seen.values().filter(|count| **count > 1).count();
    (repeated > 0).then(|| {
        format!(
            "`{0}` repeats: {rows} rows have {1} values, {repeated} of them several times. Intervals take every row for a person of its own; \
             name the column as the person to count each once",
            table.names()[column],
            seen.len()
        )
    })
}

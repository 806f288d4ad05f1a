//! What only a person can tell of an audit: particulars, what is left out and why, which words stand for which categories.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenhand_catalog::limits::{DETAILS_BYTES, DETAILS_TEXT};
use evenhand_catalog::nearest;
use evenhand_report::Particulars;
use evenhand_rows::roles::words::{folded, spelling_key};
use serde_json::json;
use toml::{Table, Value};

use super::categories::{self, MAPPED};
use super::{Day, Preset};
use crate::AuditError;

/// The details of an audit, checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    /// Who audited what, when, on which data.
    pub particulars: Particulars,
    /// Small categories that are left out.
    pub exclude: Option<Exclude>,
    /// Among which categories the highest rate is looked for, where some are left out; `None` where nothing was said.
    pub comparator: Option<Comparator>,
    /// Words that stand for categories, by `sex`, `race` or `hispanic`.
    pub categories: BTreeMap<String, Vec<(String, String)>>,
    /// Values of the column of decisions, each of which is a selection of its own.
    pub classifications: Vec<String>,
}

/// Categories that are left out because they are small.
#[derive(Debug, Clone, PartialEq)]
pub struct Exclude {
    /// Those with a smaller share of the people of known category.
    pub below: f64,
    /// Why.
    pub reason: String,
}

/// Among which categories the highest rate is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Comparator {
    /// Among those that are compared.
    #[default]
    AfterExclusion,
    /// Among all: a category that is left out may have the highest rate.
    BeforeExclusion,
}

impl Comparator {
    const WORDS: [(&'static str, Comparator); 2] =
        [("after-exclusion", Comparator::AfterExclusion), ("before-exclusion", Comparator::BeforeExclusion)];

    /// As the details write it.
    pub fn word(self) -> &'static str {
        match self {
            Comparator::AfterExclusion => "after-exclusion",
            Comparator::BeforeExclusion => "before-exclusion",
        }
    }
}

/// A key of the particulars: what it holds, and an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// An example.
    pub example: &'static str,
}

const fn key(key: &'static str, holds: &'static str, example: &'static str) -> Key {
    Key { key, holds, example }
}

/// Keys of the particulars.
pub const KEYS: [Key; 10] = [
    key("auditor", "who audited", "Harbour & Finch, Inc."),
    key(
        "independence",
        "how the auditor stands to whoever makes or uses the tool, in the auditor's own words",
        "The auditor took no part in making, selling or using the tool, is employed by neither side, and has no other financial interest in them.",
    ),
    key("client", "for whom", "Example Stores"),
    key("tool", "the tool that made the scores or decisions, with its version", "ScreenScore 4.2"),
    key("vendor", "who made the tool", "ScreenScore Ltd."),
    key(
        "data_source",
        "where the data came from, and what it is",
        "Applications to all stores in New York City, from the applicant tracking system",
    ),
    key("data_period", "first and last day of the data", "2025-12-01 to 2026-11-30"),
    key(
        "test_data",
        "why test data took the place of historical data and how it was made, where it did",
        "Fewer than 100 people had used the tool, so 500 made applications were scored",
    ),
    key("audit_date", "day of the audit", "2026-11-16"),
    key("distribution_date", "day from which the tool is used", "2026-12-01"),
];

/// What stands in the example for every text and day that a person has to give.
const PLACEHOLDER: &str = "[to be filled in]";

/// Keys that hold a day.
const DAYS: [&str; 2] = ["audit_date", "distribution_date"];
/// Keys beside the particulars.
const OTHERS: [&str; 4] = ["exclude", "comparator", "categories", "classifications"];

fn refused(message: impl Into<String>) -> AuditError {
    AuditError::Request(message.into())
}

fn unknown(what: &str, word: &str, known: &[&str]) -> AuditError {
    let hint = nearest(word, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    refused(format!("`{word}` is no {what}{hint}; known are {}", known.join(", ")))
}

/// A text that is not empty and not too long.
fn text(key: &str, value: &Value) -> Result<String, AuditError> {
    let Value::String(text) = value else {
        return Err(refused(format!("`{key}` must be a text in quotes, not {value}")));
    };
    DETAILS_TEXT.check(text.len() as u64).map_err(|limit| refused(format!("`{key}`: {limit}")))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(refused(format!("`{key}` is empty; fill it in or leave the key out")));
    }
    if text.contains(PLACEHOLDER) {
        let holds = KEYS.iter().find(|known| known.key == key).map_or_else(String::new, |known| format!(": {}", known.holds));
        return Err(refused(format!("`{key}` is still to be filled in{holds}")));
    }
    Ok(text.to_owned())
}

fn day(key: &str, value: &Value) -> Result<String, AuditError> {
    let written = match value {
        Value::Datetime(day) if day.time.is_none() => day.to_string(),
        value => text(key, value)?,
    };
    match Day::parse(&written) {
        Some(_) => Ok(written),
        None => Err(refused(format!("`{key}` = `{written}` is no day; write it as YYYY-MM-DD, for example 2026-11-30"))),
    }
}

fn table<'a>(key: &str, value: &'a Value) -> Result<&'a Table, AuditError> {
    value.as_table().ok_or_else(|| refused(format!("`{key}` must be a table, written as [{key}], not {value}")))
}

impl Details {
    /// Reads details as a person writes them (TOML). Unknown keys are refused with the nearest known one.
    ///
    /// ```
    /// use evenhand_audit::law::Details;
    ///
    /// let details = Details::parse("auditor = \"A\"\n[exclude]\nbelow = 0.02\nreason = \"too few to tell\"\n").unwrap();
    /// assert_eq!(details.particulars.auditor.as_deref(), Some("A"));
    /// let slip = Details::parse("auditr = \"A\"").unwrap_err().to_string();
    /// assert!(slip.contains("did you mean `auditor`?"), "{slip}");
    /// ```
    pub fn parse(written: &str) -> Result<Self, AuditError> {
        let (details, wrong) = Details::with_faults(written)?;
        if wrong.is_empty() { Ok(details) } else { Err(refused(faults(&wrong))) }
    }

    /// The same for a rule: what it wants and nobody gave is told together with all that is wrong.
    pub fn parse_for(preset: &Preset, written: &str) -> Result<Self, AuditError> {
        let (details, mut wrong) = Details::with_faults(written)?;
        let named = |key: &str| wrong.iter().any(|fault| fault.starts_with(&format!("`{key}`")));
        let missing: Vec<String> =
            details.missing(preset).iter().filter(|key| !named(key.key)).map(|key| key.told_missing(preset)).collect();
        wrong.extend(missing);
        if wrong.is_empty() { Ok(details) } else { Err(refused(faults(&wrong))) }
    }

    /// What could be read, and what is wrong with the rest, key by key.
    fn with_faults(written: &str) -> Result<(Self, Vec<String>), AuditError> {
        DETAILS_BYTES.check(written.len() as u64).map_err(|limit| refused(limit.to_string()))?;
        let parsed: Table = toml::from_str(written).map_err(|error| refused(unreadable(&error)))?;
        let known: Vec<&str> = KEYS.iter().map(|known| known.key).chain(OTHERS).collect();
        let mut details = Details::default();
        let read = |details: &mut Details, key: &String, value: &Value| -> Result<(), AuditError> {
            match key.as_str() {
                "exclude" => details.exclude = Some(exclude(table(key, value)?)?),
                "comparator" => details.comparator = Some(comparator(&text(key, value)?)?),
                "categories" => details.categories = words(table(key, value)?)?,
                "classifications" => details.classifications = classifications(value)?,
                _ => {
                    let told = if DAYS.contains(&key.as_str()) { day(key, value)? } else { text(key, value)? };
                    *details.place(key).ok_or_else(|| unknown("key of the details", key, &known))? = Some(told);
                }
            }
            Ok(())
        };
        let wrong = parsed.iter().filter_map(|(key, value)| Some(read(&mut details, key, value).err()?.to_string())).collect();
        Ok((details, wrong))
    }

    fn place(&mut self, key: &str) -> Option<&mut Option<String>> {
        let of = &mut self.particulars;
        Some(match key {
            "auditor" => &mut of.auditor,
            "independence" => &mut of.independence,
            "client" => &mut of.client,
            "tool" => &mut of.tool,
            "vendor" => &mut of.vendor,
            "data_source" => &mut of.data_source,
            "data_period" => &mut of.data_period,
            "test_data" => &mut of.test_data,
            "audit_date" => &mut of.audit_date,
            "distribution_date" => &mut of.distribution_date,
            _ => return None,
        })
    }

    /// Keys that a rule wants and nobody gave.
    pub fn missing(&self, preset: &Preset) -> Vec<&'static Key> {
        let mut own = self.clone();
        KEYS.iter().filter(|known| preset.wants.contains(&known.key) && own.place(known.key).is_some_and(|place| place.is_none())).collect()
    }

    /// Words that stand for categories of a column.
    pub fn words(&self, column: &str) -> &categories::Words {
        self.categories.get(column).map_or(&[], Vec::as_slice)
    }

    /// The first key that only a rule gives a meaning.
    pub fn beyond_particulars(&self) -> Option<&'static str> {
        let used = [self.exclude.is_some(), self.comparator.is_some(), !self.categories.is_empty(), !self.classifications.is_empty()];
        OTHERS.into_iter().zip(used).find(|(_, used)| *used).map(|(key, _)| key)
    }

    /// What of them decides numbers, as a report shows it.
    pub fn told(&self) -> serde_json::Value {
        let exclude = self.exclude.as_ref().map(|exclude| json!({ "below": exclude.below, "reason": exclude.reason }));
        let comparator = self.comparator.map(Comparator::word);
        json!({ "exclude": exclude, "comparator": comparator, "categories": self.categories, "classifications": self.classifications })
    }
}

/// What is wrong with the text as TOML. In double quotes a backslash begins an escape, which a path of Windows is full of.
fn unreadable(error: &toml::de::Error) -> String {
    let told = error.to_string().trim().to_owned();
    let message = error.message();
    // `\x` and `\u` are escapes themselves and want digits.
    if ["escape", "unicode", "hexadecimal"].iter().any(|word| message.contains(word)) {
        return format!(
            "{told}\nIn double quotes a backslash begins an escape: write a text with backslashes, such as a path, in single quotes, as in data_source = \
             'C:\\data\\people.csv'"
        );
    }
    told
}

/// All that is wrong, one a line where there is more than one.
fn faults(wrong: &[String]) -> String {
    match wrong {
        [one] => one.clone(),
        all => format!("{} things are to be mended:\n  {}", all.len(), all.join("\n  ")),
    }
}

impl Key {
    /// That a rule wants it and nobody gave it.
    pub(super) fn told_missing(&self, preset: &Preset) -> String {
        format!("`{}` is missing, which {} asks for: {}", self.key, preset.card.id, self.holds)
    }
}

fn exclude(table: &Table) -> Result<Exclude, AuditError> {
    const KNOWN: [&str; 2] = ["below", "reason"];
    if let Some(word) = table.keys().find(|word| !KNOWN.contains(&word.as_str())) {
        return Err(unknown("key of [exclude]", word, &KNOWN));
    }
    let below = match table.get("below") {
        Some(Value::Float(share)) => *share,
        Some(Value::Integer(whole)) => *whole as f64,
        Some(other) => return Err(refused(format!("[exclude] `below` must be a share such as 0.02, not {other}"))),
        None => return Err(refused("[exclude] lacks `below`: the share of the people under which a category is left out, such as 0.02")),
    };
    if !(below > 0.0 && below < 1.0) {
        return Err(refused(format!("[exclude] below = {below}: it must lie above 0 and below 1, as 0.02 for 2 %")));
    }
    let Some(reason) = table.get("reason") else {
        return Err(refused(
            "[exclude] lacks `reason`: leaving a category out is the auditor's decision, and is published with its reason",
        ));
    };
    Ok(Exclude { below, reason: text("reason", reason)? })
}

fn comparator(word: &str) -> Result<Comparator, AuditError> {
    let known = Comparator::WORDS.map(|(word, _)| word);
    Comparator::WORDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, comparator)| *comparator)
        .ok_or_else(|| unknown("comparator", word, &known))
}

fn words(columns: &Table) -> Result<BTreeMap<String, Vec<(String, String)>>, AuditError> {
    let mut found = BTreeMap::new();
    for (column, value) in columns {
        if !MAPPED.contains(&column.as_str()) {
            return Err(unknown("table of [categories]", column, &MAPPED));
        }
        let named = format!("categories.{column}");
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (from, to) in table(&named, value)? {
            let to = text(&format!("{named}.{from}"), to)?;
            let key = spelling_key(from.trim());
            if let Some((other, known)) = pairs.iter().find(|(other, known)| spelling_key(other) == key && folded(known) != folded(&to)) {
                return Err(refused(format!("[{named}] `{other}` becomes both `{known}` and `{to}`; leave one of the two out")));
            }
            pairs.push((from.trim().to_owned(), to));
        }
        found.insert(column.clone(), pairs);
    }
    Ok(found)
}

fn classifications(value: &Value) -> Result<Vec<String>, AuditError> {
    let list = value.as_array().ok_or_else(|| refused(format!("`classifications` must be a list of texts, not {value}")))?;
    let found = list.iter().map(|one| text("classifications", one)).collect::<Result<Vec<String>, _>>()?;
    if found.is_empty() {
        return Err(refused("`classifications` is empty; name the classes or leave the key out"));
    }
    for (place, one) in found.iter().enumerate() {
        if found[..place].iter().any(|other| spelling_key(other) == spelling_key(one)) {
            return Err(refused(format!("`classifications` names `{one}` twice")));
        }
    }
    Ok(found)
}

/// A file of details to be filled in, as the rule wants it.
pub(super) fn example(preset: &Preset) -> String {
    let mut text =
        format!("# Details of an audit for {} ({}). Fill in every line that begins without #.\n", preset.card.name, preset.paragraph);
    for wanted in [true, false] {
        for known in KEYS.iter().filter(|known| preset.wants.contains(&known.key) == wanted) {
            let line = format!("{} = {}", known.key, Value::String(PLACEHOLDER.to_owned()));
            let _ = writeln!(text, "\n# {}, for example: {}\n{}{line}", known.holds, known.example, if wanted { "" } else { "# " });
        }
    }
    if preset.exclusion.is_some() {
        text += "\n# Among which categories the highest rate is looked for, where some are left out: after-exclusion (the others) or before-exclusion (all).\n\
                 # comparator = \"after-exclusion\"\n";
    }
    if !preset.race_only {
        text += "\n# A tool that puts people into classes: each value of the column of decisions that is named here is a selection of its own.\n# \
                 classifications = [\"Interview\", \"Phone screen\"]\n";
    }
    if let Some(most) = preset.exclusion {
        let _ = write!(
            text,
            "\n# Small categories are shown like all others. They are left out only on request, with a reason that is published.\n# [exclude]\n# below = \
             {most}\n# reason = \"Fewer than 30 people: their rates say little.\"\n"
        );
    }
    text += "\n# Your words for the categories, where they differ; \"unknown\" for words that say nothing.\n# [categories.race]\n# \"Latinx\" = \"Hispanic or \
             Latino\"\n# \"Caucasian\" = \"White\"\n";
    if !preset.race_only {
        text += "# [categories.sex]\n# \"W\" = \"Female\"\n";
    }
    text
}

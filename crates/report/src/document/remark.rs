//! What a reader must know beside the numbers, and of what kind it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A sentence that stands in a report beside its numbers, with its kind: programs look at the kind, readers at the text, whose wording may change.
///
/// As JSON it is `{"kind": "small-groups", "text": "..."}`. Reports of format 1 held bare texts; these are read as [`RemarkKind::Told`].
///
/// ```
/// use evenhand_report::{Remark, RemarkKind};
///
/// let remark = Remark::new(RemarkKind::Undecided, "`hired`: 3 of 20 rows have no outcome.");
/// let json = serde_json::to_string(&remark).unwrap();
/// assert_eq!(json, r#"{"kind":"undecided","text":"`hired`: 3 of 20 rows have no outcome."}"#);
/// assert_eq!(serde_json::from_str::<Remark>(&json).unwrap(), remark);
///
/// let older: Remark = serde_json::from_str(r#""the fields are separated by `;`""#).unwrap();
/// assert_eq!((older.kind, older.to_string()), (RemarkKind::Told, "the fields are separated by `;`".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Remark {
    /// What it is about.
    pub kind: RemarkKind,
    /// The sentence.
    pub text: String,
}

/// What a remark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkKind {
    /// Sensitive columns are among the inputs of the model.
    SensitiveInputs,
    /// Rows of groups that the skew does not tilt train and validate nothing.
    LeftOutBySkew,
    /// A group has few test rows: gaps are mostly chance.
    SmallGroups,
    /// Scores are nearly one number: small gaps between them say nothing.
    HardlyVary,
    /// A method took one decision for nearly all rows.
    OneDecision,
    /// A method orders candidates worse than chance.
    WorseThanChance,
    /// Scores are probabilities of a positive decision in a mixture of classifiers.
    Mixture,
    /// An interval does not hold its own value.
    IntervalsBeside,
    /// Which scores are selected.
    Selection,
    /// Rows have no outcome.
    Undecided,
    /// Rows are of unknown group.
    UnknownGroup,
    /// Some numbers are not exact, but within a bound.
    WithinBound,
    /// Candidates have no score and no rank.
    Unscored,
    /// Lists have fewer of a group than its wanted share asks for, as the re-ranker does not promise every floor.
    FloorsMissed,
    /// A group has fewer candidates than its share asks for.
    RanOut,
    /// No order of a list gives the groups the wanted exposure.
    ExposureShort,
    /// Made rows equalled real ones.
    Copies,
    /// Rows were made from few or none of their group and label.
    FewToLearnFrom,
    /// What can be learned from made rows was not measured.
    NotJudged,
    /// What was asked of a scorer was asked before its repair.
    BeforeRepair,
    /// Scores as members of other groups could not be had.
    NoCounterfactual,
    /// The importance of an input could not be measured.
    NoImportance,
    /// The disparity of contributions could not be traced.
    NotTraced,
    /// A term of the objective was left out of some training batches.
    Skipped,
    /// What chance alone gives of a gap that a sweep's limit is about, or might be.
    Chance,
    /// A sweep's limit is below what chance alone gives on the rows that it is judged on.
    LimitBelowChance,
    /// A method failed and has no row.
    MethodFailed,
    /// What those said who read the rows, balanced them or trained on them.
    Told,
}

impl RemarkKind {
    /// All kinds.
    pub const ALL: [RemarkKind; 28] = [
        RemarkKind::SensitiveInputs,
        RemarkKind::LeftOutBySkew,
        RemarkKind::SmallGroups,
        RemarkKind::HardlyVary,
        RemarkKind::OneDecision,
        RemarkKind::WorseThanChance,
        RemarkKind::Mixture,
        RemarkKind::IntervalsBeside,
        RemarkKind::Selection,
        RemarkKind::Undecided,
        RemarkKind::UnknownGroup,
        RemarkKind::WithinBound,
        RemarkKind::Unscored,
        RemarkKind::FloorsMissed,
        RemarkKind::RanOut,
        RemarkKind::ExposureShort,
        RemarkKind::Copies,
        RemarkKind::FewToLearnFrom,
        RemarkKind::NotJudged,
        RemarkKind::BeforeRepair,
        RemarkKind::NoCounterfactual,
        RemarkKind::NoImportance,
        RemarkKind::NotTraced,
        RemarkKind::Skipped,
        RemarkKind::Chance,
        RemarkKind::LimitBelowChance,
        RemarkKind::MethodFailed,
        RemarkKind::Told,
    ];
}

impl Remark {
    /// A remark of a kind.
    pub fn new(kind: RemarkKind, text: impl Into<String>) -> Self {
        Remark { kind, text: text.into() }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl From<String> for Remark {
    fn from(text: String) -> Self {
        Remark::new(RemarkKind::Told, text)
    }
}

impl From<&str> for Remark {
    fn from(text: &str) -> Self {
        Remark::new(RemarkKind::Told, text)
    }
}

/// A remark as reports of any format hold it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Typed { kind: RemarkKind, text: String },
    Bare(String),
}

impl From<Written> for Remark {
    fn from(written: Written) -> Self {
        match written {
            Written::Typed { kind, text } => Remark { kind, text },
            Written::Bare(text) => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_survives_json_both_ways() {
        for kind in RemarkKind::ALL {
            let remark = Remark::new(kind, "a sentence");
            let json = serde_json::to_value(&remark).unwrap();
            assert_eq!(json["text"], "a sentence");
            assert_eq!(serde_json::from_value::<Remark>(json).unwrap(), remark);
        }
    }

    #[test]
    fn a_bare_text_of_an_older_report_is_read() {
        let read: Vec<Remark> = serde_json::from_str(r#"["its scores hardly vary", {"kind": "hardly-vary", "text": "so"}]"#).unwrap();
        assert_eq!(read, ["its scores hardly vary".into(), Remark::new(RemarkKind::HardlyVary, "so")]);
        assert_eq!(read[0].kind, RemarkKind::Told);
    }

    #[test]
    fn a_kind_that_nobody_knows_is_refused() {
        assert!(serde_json::from_str::<Remark>(r#"{"kind": "rumour", "text": "so"}"#).is_err());
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: BTreeSet<String> = RemarkKind::ALL.iter().map(|kind| serde_json::to_string(kind).unwrap()).collect();
        assert_eq!(words.len(), RemarkKind::ALL.len());
        // In the order of their declaration, of which the last is `Told`: none is missing.
        assert!(RemarkKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert_eq!(RemarkKind::ALL.len(), RemarkKind::Told as usize + 1);
    }
}

//! What an extraction found, by group.

use std::collections::BTreeMap;

use evenhand_metrics::{Comparison, Estimate, GroupFinding};
use serde::{Deserialize, Serialize};

/// Facts whose means are compared, with their headings.
pub const FACTS: &[(&str, &str)] = &[
    ("seconds", "seconds"),
    ("faces_found_share", "share of frames with a face"),
    ("face_score", "score of the faces"),
    ("voiced_share", "share of sound that is not silent"),
    ("level_dbfs", "level in dBFS"),
    ("words", "words"),
    ("words_per_minute", "words per minute"),
    ("transcript_confidence", "confidence of the transcript"),
];

/// What an extraction found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtractionReport {
    /// Version of this format.
    pub format: u32,
    /// Candidates in all.
    pub candidates: usize,
    /// Candidates with a record.
    pub extracted: usize,
    /// Candidates without a record, by reason.
    pub failed: BTreeMap<String, usize>,
    /// For each modality that was asked for, the extracted candidates without it, by reason.
    pub missing: BTreeMap<String, BTreeMap<String, usize>>,
    /// Facts over all candidates for which they are known.
    pub facts: Vec<Fact>,
    /// By sensitive attribute.
    pub attributes: Vec<AttributeExtraction>,
    /// Remarks of the extraction.
    pub notes: Vec<String>,
}

/// One fact over all candidates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its column.
    pub name: String,
    /// Candidates for which it is known.
    pub n: usize,
    /// Its mean.
    pub mean: Estimate,
    /// Least and largest value.
    pub range: Option<(f64, f64)>,
}

/// How the extraction went for the groups of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeExtraction {
    /// The attribute.
    pub attribute: String,
    /// Groups and their candidates.
    pub groups: Vec<(String, usize)>,
    /// Candidates whose group is unknown.
    pub unknown: usize,
    /// Rates and means.
    pub measures: Vec<Measure>,
}

/// One rate or mean by group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its heading.
    pub heading: String,
    /// Every group.
    pub by_group: Vec<GroupFinding>,
    /// Every pair: first minus second.
    pub differences: Vec<Comparison>,
}

impl Measure {
    /// The pair that lies furthest apart.
    pub fn largest(&self) -> Option<&Comparison> {
        let size = |pair: &Comparison| pair.estimate.number().map(f64::abs);
        self.differences.iter().filter(|pair| size(pair).is_some()).fold(None, |best: Option<&Comparison>, pair| match best {
            Some(best) if size(best) >= size(pair) => Some(best),
            _ => Some(pair),
        })
    }
}

impl ExtractionReport {
    /// Share of the candidates without a record.
    pub fn failed_share(&self) -> f64 {
        (self.candidates - self.extracted) as f64 / self.candidates.max(1) as f64
    }
}

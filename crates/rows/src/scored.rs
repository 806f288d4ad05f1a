//! Scores with what is needed to judge them by group: all rows at once, or one part of a stream after another.

use crate::{Groups, Label, LabelKind, Provenance, RowsError};

/// Scores and what is needed to judge them by group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// A score in [0, 1] per row.
    pub scores: Vec<f64>,
    /// The truth in [0, 1], where it is known.
    pub label: Option<Label>,
    /// Weights, where rows have them.
    pub weights: Option<Vec<f64>>,
    /// The sensitive attributes.
    pub groups: Vec<Groups>,
    /// Where the rows come from, and remarks.
    pub provenance: Provenance,
}

impl Scored {
    /// Rows of three arrays in memory: scores in [0, 1], the group of each row in words, and the truth in [0, 1], where it is known.
    ///
    /// ```
    /// use evenhand_rows::Scored;
    ///
    /// let scored = Scored::from_arrays(vec![0.9, 0.2, 0.6], ("gender", &["f", "m", "f"]), Some(vec![1.0, 0.0, 1.0])).unwrap();
    /// assert_eq!(scored.groups[0].sizes(), [2, 1]);
    /// assert!(Scored::from_arrays(vec![0.9], ("gender", &["f", "m"]), None).is_err());
    /// ```
    pub fn from_arrays(scores: Vec<f64>, (attribute, groups): (&str, &[&str]), labels: Option<Vec<f64>>) -> Result<Self, RowsError> {
        let within = |values: &[f64], name: &str| {
            if values.len() != scores.len() {
                let reason = format!("`{name}` has {} rows, and there are {} scores", values.len(), scores.len());
                return Err(RowsError::BadScores { reason });
            }
            match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
                Some(row) => {
                    let reason = format!("`{name}`, row {}: {} is no number in [0, 1]", row + 1, values[row]);
                    Err(RowsError::BadScores { reason })
                }
                None => Ok(()),
            }
        };
        within(&scores, "scores")?;
        if let Some(labels) = &labels {
            within(labels, "labels")?;
        }
        if groups.len() != scores.len() {
            let reason = format!("`{attribute}` has {} rows, and there are {} scores", groups.len(), scores.len());
            return Err(RowsError::BadScores { reason });
        }
        let label = labels.map(|values| Label {
            name: "labels".to_owned(),
            kind: if values.iter().all(|value| *value == 0.0 || *value == 1.0) { LabelKind::Binary } else { LabelKind::Continuous },
            values,
        });
        let groups = vec![Groups::from_texts(attribute, groups.iter().map(|text| Some(*text)))];
        let provenance = Provenance { loader: "memory".to_owned(), ..Provenance::default() };
        Ok(Scored { scores, label, weights: None, groups, provenance })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Values of the label.
    pub fn labels(&self) -> Option<&[f64]> {
        self.label.as_ref().map(|label| label.values.as_slice())
    }
}

/// Consecutive rows of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// A score in [0, 1] per row.
    pub scores: Vec<f64>,
    /// The truth in [0, 1], where it is known.
    pub labels: Option<Vec<f64>>,
    /// Weights, where rows have them.
    pub weights: Option<Vec<f64>>,
    /// The sensitive attributes. Their levels are those seen so far in the stream: the levels of a later chunk begin with the levels of
    /// every earlier one, so a code never changes its meaning.
    pub groups: Vec<Groups>,
}

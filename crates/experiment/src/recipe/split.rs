//! `[split]`: who trains, validates and tests.

use evenhand_catalog::limits::FOLDS;
use serde::{Deserialize, Serialize};

/// `[split]`: who trains, validates and tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
pub enum SplitSection {
    /// One cut per seed.
    HoldOut {
        /// Shares of training, validation and test rows; they sum to 1.
        #[serde(default = "usual_shares")]
        shares: [f64; 3],
        /// Whose rows stay on one side.
        #[serde(default, skip_serializing_if = "Together::is_person")]
        together: Together,
    },
    /// Every row is tested once per seed.
    KFold {
        /// Number of folds.
        folds: usize,
        /// Share of the training rows that validates.
        #[serde(default = "usual_validation_share")]
        validation_share: f64,
        /// Whose rows stay on one side.
        #[serde(default, skip_serializing_if = "Together::is_person")]
        together: Together,
    },
    /// The parts that the corpus itself names.
    Given,
}

/// Whose rows never stand on two sides of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Together {
    /// Those of one person; each row for itself where no persons are named.
    #[default]
    Person,
    /// Those of one job, as a recommender meets jobs that it has never seen.
    Job,
}

impl Together {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_person(&self) -> bool {
        *self == Together::Person
    }
}

fn usual_shares() -> [f64; 3] {
    [0.6, 0.2, 0.2]
}

fn usual_validation_share() -> f64 {
    0.2
}

impl Default for SplitSection {
    fn default() -> Self {
        SplitSection::HoldOut { shares: usual_shares(), together: Together::Person }
    }
}

impl SplitSection {
    /// Whether the rows of the sides are of different jobs.
    pub(crate) fn holds_out_jobs(&self) -> bool {
        match self {
            SplitSection::HoldOut { together, .. } | SplitSection::KFold { together, .. } => *together == Together::Job,
            SplitSection::Given => false,
        }
    }

    /// The share of the rows that are tested at a time; all where the corpus itself cuts them.
    pub(crate) fn tested(&self) -> f64 {
        match self {
            SplitSection::HoldOut { shares, .. } => shares[2],
            SplitSection::KFold { folds, .. } => 1.0 / *folds as f64,
            SplitSection::Given => 1.0,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            SplitSection::HoldOut { shares, .. }
                if shares.iter().any(|share| *share <= 0.0 || !share.is_finite()) || (shares.iter().sum::<f64>() - 1.0).abs() > 1e-9 =>
            {
                Err(format!("[split] shares = {shares:?}: three positive shares (training, validation, test) that sum to 1 are needed"))
            }
            SplitSection::KFold { folds, validation_share, .. } if *folds < 2 || !(*validation_share > 0.0 && *validation_share < 1.0) => {
                Err(format!(
                    "[split] folds = {folds}, validation_share = {validation_share}: at least 2 folds and a share between 0 and 1 are needed"
                ))
            }
            SplitSection::KFold { folds, .. } => FOLDS.check(*folds as u64).map_err(|error| format!("[split] {error}")),
            _ => Ok(()),
        }
    }
}

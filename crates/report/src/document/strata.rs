//! The same comparison within jobs, sites or any other column: every stratum, all rows pooled, and what holds once the strata are taken into account.

use evenhand_metrics::{Estimate, Finding};
use serde::{Deserialize, Serialize};

use super::selections::Selections;

/// One attribute within the strata of one column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Strata {
    /// The column whose values are the strata.
    pub by: String,
    /// Every stratum, the largest first.
    pub strata: Vec<Stratum>,
    /// Rows without a value in the column: they are in the pooled numbers alone.
    pub unknown: usize,
    /// What holds over the strata.
    pub adjusted: Vec<Adjusted>,
    /// Where the pooled numbers hide what the strata show, or turn it round, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
}

/// The rows of one stratum.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stratum {
    /// Its value in the column.
    pub name: String,
    /// Its rows.
    pub n: usize,
    /// Who is selected in it.
    pub selections: Selections,
    /// Its findings: the same metrics as of all rows.
    pub findings: Vec<Finding>,
}

/// A number that takes the strata into account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// What it is: `mantel-haenszel-odds-ratio`, `mantel-haenszel-risk-ratio`, `mantel-haenszel-risk-difference`, or the id of a metric whose
    /// strata were averaged by their rows.
    pub id: String,
    /// The group, and the one it is compared with; absent where it is the largest pair of each stratum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<[String; 2]>,
    /// The number.
    pub estimate: Estimate,
    /// Strata that inform it, and all.
    pub strata: [usize; 2],
    /// p of the test that the number is at parity (Cochran, Mantel and Haenszel).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// p of the test that the strata share it (Breslow and Day, with Tarone's correction).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alike_p_value: Option<f64>,
}

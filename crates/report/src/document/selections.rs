//! Who is selected in each group, and how that compares with the group of the highest rate.

use evenhand_metrics::Estimate;
use serde::{Deserialize, Serialize};

/// Of fewer people documents of a rule print the interval beside each number.
pub const FEW_PEOPLE: usize = 30;

/// What was counted as selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Decisions, or scores cut at the threshold.
    #[default]
    Selected,
    /// Scores strictly above the median of all scores.
    AboveMedian,
}

impl Counted {
    /// What is said of those that were counted.
    pub fn word(self) -> &'static str {
        match self {
            Counted::Selected => "selected",
            Counted::AboveMedian => "above the median",
        }
    }
}

/// Who is selected in each group of one attribute (or of several together), of all rows or of one stratum.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Selections {
    /// What was counted.
    pub counted: Counted,
    /// Rows of known group.
    pub n: usize,
    /// Those of them that are selected.
    pub selected: usize,
    /// Every group, in the attribute's order.
    pub groups: Vec<GroupSelection>,
    /// The groups with the highest rate: more than one where they tie.
    pub highest: Vec<String>,
    /// Rows of unknown group.
    pub unknown: usize,
    /// Those of them that are selected.
    pub unknown_selected: usize,
    /// Chi-square test of independence over all groups that are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chi_square: Option<ChiSquare>,
}

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChiSquare {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: usize,
    /// Its p-value.
    pub p_value: f64,
}

/// One group's selections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupSelection {
    /// The group.
    pub group: String,
    /// Its rows.
    pub n: usize,
    /// Those of them that are selected.
    pub selected: usize,
    /// Share of the selected, with Wilson's interval; weighted where rows have weights.
    pub rate: Estimate,
    /// Rate over the highest rate of any compared group: 1 for the group of the highest rate, which has no interval.
    pub impact_ratio: Estimate,
    /// The same as numerator and denominator, where rows count alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact_ratio: Option<[u64; 2]>,
    /// Rate less the highest rate.
    pub difference: Estimate,
    /// Why the group is not compared (too few rows, or left out on request).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Least and largest impact ratio over all ways in which the rows of unknown group could belong to the groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_bounds: Option<[f64; 2]>,
    /// Tests against the group of the highest rate; absent for that group, and where rows have weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Against>,
}

/// What tests say of a group and the one with the highest rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// Two-sided p of Fisher's exact test.
    pub fisher: f64,
    /// The same after Holm's correction over the groups.
    pub fisher_holm: f64,
    /// Difference of the rates in standard deviations (pooled two-proportion z); undefined where nobody or everybody is selected.
    pub z: Estimate,
    /// Odds of being selected over those in the other group.
    pub odds_ratio: Estimate,
    /// Selections that the group would have at the rate of all, less those that it has.
    pub shortfall_to_overall: f64,
    /// Further selections with which the group would reach four fifths of the highest rate.
    pub shortfall_to_four_fifths: u64,
    /// What one selection more in the group and one less in the other changes.
    pub flip: Flip,
    /// The largest impact ratio below 1 that a test at .05 would have found with a power of .8 at these sizes; absent where none would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_gap: Option<f64>,
}

/// What moving one selection changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// Impact ratio afterwards; absent where it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_ratio: Option<f64>,
    /// Whether it comes to lie on the other side of four fifths.
    pub crosses_four_fifths: bool,
    /// Whether Fisher's p comes to lie on the other side of .05.
    pub crosses_significance: bool,
}

//! Performance against the gap: points, dominance, areas of families.

use serde::{Deserialize, Serialize};

use super::method::MethodChoice;

/// The comparison in one plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Front {
    /// Metric of performance; higher is better.
    pub performance: String,
    /// Metric of the gap; the points hold its distance from its fair value.
    pub gap: String,
    /// Attribute of the gap.
    pub attribute: String,
    /// What all rows of its methods were sampled to; absent where they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<MethodChoice>,
    /// Gap and performance of the corner that areas are measured from.
    pub corner: [f64; 2],
    /// Every method with a point, in the report's order.
    pub points: Vec<Point>,
    /// Every family, by falling area.
    pub families: Vec<Family>,
}

/// One method in the plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The method.
    pub method: String,
    /// Its family.
    pub family: String,
    /// Mean gap: distance from the fair value.
    pub gap: f64,
    /// Mean performance.
    pub performance: f64,
    /// The methods that dominate it by their means; empty on the front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dominated_by: Vec<Dominance>,
}

/// A method that is at least as good in both respects and better in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dominance {
    /// The method.
    pub method: String,
    /// Common runs in which it dominates, too.
    pub runs: usize,
    /// Common runs.
    pub of: usize,
}

/// Methods that differ only in their settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// How many methods it has.
    pub points: usize,
    /// Area under the front of its means.
    pub area: f64,
    /// Standard deviation of the area over the runs, each with its own points and the same corner; absent with fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Its methods on its own front, by rising gap.
    pub front: Vec<String>,
}

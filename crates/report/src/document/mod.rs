//! The report: everything a run found, as one versioned JSON document. Tables, pages and other faces are views of it.

mod choice;
pub mod collapse;
mod contrast;
mod counterfactual;
mod data;
mod direction;
mod extraction;
mod findings;
mod front;
mod importances;
mod law;
mod left_out;
mod method;
mod particulars;
mod remark;
mod run;
mod selections;
mod shortlists;
mod strata;
mod synthesis;

use std::collections::BTreeMap;

use evenhand_catalog::Direction;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use choice::{Candidate, Chance, Choice, Limited};
pub use collapse::Collapse;
pub use contrast::Contrast;
pub use counterfactual::{Counterfactual, Shift};
pub use data::{AttributeSummary, DataSummary, FileSummary, GroupSummary, LabelSummary, Tilt};
pub use extraction::{AttributeExtraction, ExtractionReport, FACTS, Fact, Measure};
pub use findings::{
    AttributeFindings, Density, GroupCount, Judge, LimitCheck, PassRate, PassRates, Standing, TargetFindings, WithoutModality,
};
pub use front::{Dominance, Family, Front, Point};
pub use importances::{Importance, Importances, PROXY};
pub use law::{Law, LawTable};
pub use left_out::LeftOut;
pub use method::{MethodChoice, MethodReport, Published, Summary};
pub use particulars::Particulars;
pub use remark::{Remark, RemarkKind};
pub use run::{DisparityTrace, Epoch, Landscape, LatentPlot, LatentPoint, Measured, RunReport, Sizes};
pub use selections::{Against, ChiSquare, Counted, FEW_PEOPLE, Flip, GroupSelection, Selections};
pub use shortlists::{GroupPlaces, PrefixShares, Shortlists};
pub use strata::{Adjusted, Strata, Stratum};
pub use synthesis::Synthesis;

use crate::error::ReportError;

/// Version of the report's layout. It rises when a field changes its meaning or goes away. Of format 1, remarks were bare texts; they are still read.
pub const FORMAT: u32 = 2;

/// What produced the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// One method, one seed.
    Run,
    /// Several methods over seeds or folds.
    Comparison,
    /// One method over the values of one parameter.
    Sweep,
    /// Scores that somebody already holds.
    Audit,
    /// The candidates of a file in a new order.
    Ranking,
    /// The rows of a file, balanced.
    Balancing,
}

/// The evidence of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// What produced it.
    pub kind: ReportKind,
    /// Heading.
    pub title: String,
    /// Versions of the programs that made it.
    pub versions: BTreeMap<String, String>,
    /// Who audited what, when, on which data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub particulars: Option<Particulars>,
    /// Who counts as selected, in words and on the person's own scale: `score above 60, of 0 to 100`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<String>,
    /// The tables of a rule, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Law>,
    /// The resolved recipe: every default filled in.
    pub recipe: serde_json::Value,
    /// What is known of the data.
    pub data: DataSummary,
    /// The methods in the recipe's order; one entry named `scores` for an audit; one entry per value for a sweep.
    pub methods: Vec<MethodReport>,
    /// Methods that were asked for and have no row, with their reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Which metrics stand in the main table, in order; `metric@attribute` for those that compare groups.
    pub columns: Vec<Column>,
    /// Limits the user set, and whether each was met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitCheck>,
    /// The method from which differences are told; the first of each sample where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Tests between the methods, every pair on the same rows in every column of the main table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<Contrast>,
    /// Performance against the gap, one plane an attribute and sample: points, dominance, areas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fronts: Vec<Front>,
    /// What a sweep chose under limits, judged on validation rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// What chance alone gives of the gaps that a sweep's limits are about, or might be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chance: Vec<Chance>,
    /// How well the recordings could be read, overall and by group, where the rows are extracted interviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extraction: Option<ExtractionReport>,
    /// What the reader must see: sensitive inputs, rows left out, what was approximated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Remark>,
}

/// One column of the main table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Id of the metric.
    pub metric: String,
    /// Attribute whose groups it compares; `None` for overall performance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Heading (the card's name).
    pub heading: String,
    /// Which way it points: `higher`, `lower`, `near-fair` or `describes`.
    #[serde(with = "direction")]
    pub direction: Direction,
    /// Value at parity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair_value: Option<f64>,
}

impl Report {
    /// An answer about rows, with `asked` as what was asked, before any method is told.
    pub fn of_rows(
        kind: ReportKind,
        title: &str,
        versions: BTreeMap<String, String>,
        asked: serde_json::Map<String, Value>,
        data: DataSummary,
    ) -> Self {
        Report {
            format: FORMAT,
            kind,
            title: title.to_owned(),
            versions,
            particulars: None,
            selected: None,
            law: None,
            recipe: Value::Object(asked),
            data,
            methods: Vec::new(),
            left_out: Vec::new(),
            columns: Vec::new(),
            limits: Vec::new(),
            reference: None,
            contrasts: Vec::new(),
            fronts: Vec::new(),
            choice: None,
            chance: Vec::new(),
            extraction: None,
            notes: Vec::new(),
        }
    }

    /// The report as JSON on one line; the same report gives the same bytes.
    pub fn to_json(&self) -> Result<String, ReportError> {
        serde_json::to_string(self).map(|text| text + "\n").map_err(ReportError::Json)
    }

    /// True when a limit was set and breached, or no setting of a sweep is within its limits.
    pub fn breaches_a_limit(&self) -> bool {
        self.limits.iter().any(|check| !check.met) || self.choice.as_ref().is_some_and(|choice| choice.chosen.is_none())
    }
}

impl Report {
    /// True when no limit is breached for sure, and one at least lies inside an interval that was to decide: these rows do not settle it.
    pub fn leaves_a_limit_open(&self) -> bool {
        let open = |check: &LimitCheck| check.judge == Judge::Interval && !check.met && check.standing == Some(Standing::NotSettled);
        let chose = self.choice.as_ref().is_none_or(|choice| choice.chosen.is_some());
        chose && self.limits.iter().any(open) && self.limits.iter().all(|check| check.met || open(check))
    }
}

impl Column {
    /// The column of a metric, as its card names it.
    pub fn of(metric: &str, attribute: Option<String>) -> Result<Self, ReportError> {
        let card = evenhand_metrics::find(metric)?.card();
        Ok(Column {
            metric: metric.to_owned(),
            attribute,
            heading: card.name.to_owned(),
            direction: card.direction,
            fair_value: card.fair_value,
        })
    }
}

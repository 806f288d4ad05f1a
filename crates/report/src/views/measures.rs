//! The numbers of the main table and of shortlists as a flat table for other tools (`measures.csv`).

use evenhand_metrics::{Estimate, Finding};
use evenhand_rows::spreadsheet::defused;
use serde::{Deserialize, Serialize};

use crate::document::{Report, RunReport};
use crate::error::ReportError;
use crate::lookup;
use crate::naming::{BY_LOT, BY_SCORE, RERANKED};

/// One number of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) objective: Option<String>,
    pub(crate) rebalance: Option<String>,
    pub(crate) seed: u64,
    pub(crate) fold: Option<usize>,
    pub(crate) metric: String,
    pub(crate) attribute: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) n: usize,
    pub(crate) value: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) undefined: Option<String>,
    /// Which order of a list a ranking metric is about. Tables of earlier versions lack it.
    pub(crate) order: Option<String>,
}

/// The columns, in the order of [`Row`]: they stand there also where no number does.
const COLUMNS: [&str; 14] =
    ["method", "objective", "rebalance", "seed", "fold", "metric", "attribute", "group", "n", "value", "low", "high", "undefined", "order"];

/// What is written: a finding, its attribute, the attribute of its groups, the order of the list.
type Written<'a> = (&'a Finding, Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// `measures.csv`: a row a method, run, metric of the main table and attribute, and one more a group (value: the group's own statistic, for example
/// its selection rate beside a demographic-parity difference). Metrics that compare groups stand for every attribute of the recipe, also where
/// the main table shows the first alone. The ranking metrics of shortlists follow, with the order they are about (`by score`, `re-ranked` or `drawn
/// by lot`, which is empty for all other metrics) and the attribute of the lists; their n counts jobs, of lots the lists drawn. Undefined numbers have an empty value and their reason. A
/// report without such numbers gives the heading alone. A name that a spreadsheet program would take for a formula has an apostrophe before it; the
/// report itself has it as it is.
pub fn csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let said = |error: &dyn std::fmt::Display| ReportError::Csv { reason: error.to_string() };
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| said(&error))?;
    for method in &report.methods {
        for run in &method.runs {
            let mut findings: Vec<Written> = Vec::new();
            for (metric, attribute) in wanted(report, run) {
                // Overall numbers by group are those of the first attribute's groups.
                let grouped = attribute.or_else(|| run.attributes.first().map(|first| first.attribute.as_str()));
                findings.extend(lookup::finding(run, metric, attribute).map(|finding| (finding, attribute, grouped, None)));
            }
            if let Some(lists) = &run.shortlists {
                let attribute = Some(lists.attribute.as_str());
                for (order, of) in [(BY_SCORE, &lists.before), (RERANKED, &lists.after), (BY_LOT, &lists.by_lot)] {
                    findings.extend(of.iter().map(|finding| (finding, attribute, attribute, Some(order))));
                }
            }
            for (finding, attribute, grouped, order) in findings {
                let row = |group: Option<&str>, n: usize, estimate: &Estimate| Row {
                    method: defused(&method.name).into_owned(),
                    objective: method.objective.as_ref().map(|choice| choice.id.clone()),
                    rebalance: method.rebalance.as_ref().map(|choice| choice.id.clone()),
                    seed: run.seed,
                    fold: run.fold,
                    metric: finding.metric.clone(),
                    attribute: if group.is_some() { grouped } else { attribute }.map(|name| defused(name).into_owned()),
                    group: group.map(|name| defused(name).into_owned()),
                    n,
                    value: estimate.number(),
                    low: estimate.interval().map(|interval| interval.low),
                    high: estimate.interval().map(|interval| interval.high),
                    undefined: estimate.reason().map(str::to_owned),
                    order: order.map(str::to_owned),
                };
                writer.serialize(row(None, finding.n, &finding.estimate)).map_err(|error| said(&error))?;
                for one in &finding.by_group {
                    writer.serialize(row(Some(&one.group), one.n, &one.estimate)).map_err(|error| said(&error))?;
                }
            }
        }
    }
    writer.into_inner().map_err(|error| said(&error))
}

/// The main table's columns, then the same metrics for the other attributes.
fn wanted<'a>(report: &'a Report, run: &'a RunReport) -> Vec<(&'a str, Option<&'a str>)> {
    let mut wanted: Vec<_> = report.columns.iter().map(|column| (column.metric.as_str(), column.attribute.as_deref())).collect();
    for one in &run.attributes {
        for column in report.columns.iter().filter(|column| column.attribute.is_some()) {
            let here = (column.metric.as_str(), Some(one.attribute.as_str()));
            if !wanted.contains(&here) {
                wanted.push(here);
            }
        }
    }
    wanted
}

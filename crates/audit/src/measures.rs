//! The numbers of the main table and of shortlists as a flat table for other tools (`measures.csv`), and what such tables say of a method's place.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenhand_catalog::Direction;
use evenhand_metrics::{Estimate, Finding};
use serde::{Deserialize, Serialize};

use crate::evidence;
use crate::listing::{BY_LOT, BY_SCORE, RERANKED};
use crate::lookup;
use crate::numbers::{decimals, fixed};
use crate::report::{Report, RunReport};
use crate::{AuditError, registry};

/// One number of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    method: String,
    objective: Option<String>,
    rebalance: Option<String>,
    seed: u64,
    fold: Option<usize>,
    metric: String,
    attribute: Option<String>,
    group: Option<String>,
    n: usize,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    undefined: Option<String>,
    /// Which order of a list a ranking metric is about. Tables of earlier versions lack it.
    order: Option<String>,
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
/// report without such numbers gives the heading alone.
pub(crate) fn csv(report: &Report) -> Result<Vec<u8>, AuditError> {
    let said = |error: &dyn std::fmt::Display| AuditError::Request(format!("the numbers cannot be written as CSV: {error}"));
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
                    method: method.name.clone(),
                    objective: method.objective.as_ref().map(|choice| choice.id.clone()),
                    rebalance: method.rebalance.as_ref().map(|choice| choice.id.clone()),
                    seed: run.seed,
                    fold: run.fold,
                    metric: finding.metric.clone(),
                    attribute: if group.is_some() { grouped } else { attribute }.map(str::to_owned),
                    group: group.map(str::to_owned),
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

/// A method of a committed table: means and standard deviations over its runs.
struct Standing {
    name: String,
    objective: String,
    rebalance: Option<String>,
    performance: (f64, Option<f64>),
    gap: (f64, Option<f64>),
    /// Mean over the runs of what the gap is ranked by.
    ranked: f64,
    runs: usize,
}

/// A committed table, cut to its first metric of performance and its first that compares groups.
struct Table {
    name: String,
    performance: String,
    gap: String,
    attribute: String,
    standings: Vec<Standing>,
}

/// For every objective, in Markdown, where its rows stand in these tables (name and content of `measures.csv`): means, ranks, and whether another row is
/// better in both. A rebalancer beside the objective is named.
pub(crate) fn places(tables: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in tables {
        let Some(table) = table(name, text)? else { continue };
        let better_performance = |a: &Standing, b: &Standing| order(&table.performance, a.performance.0, b.performance.0);
        let better_gap = |a: &Standing, b: &Standing| order(&table.gap, a.ranked, b.ranked);
        let numbers = |of: fn(&Standing) -> (f64, Option<f64>)| decimals(table.standings.iter().map(|one| of(one).0));
        let (performance_places, gap_places) = (numbers(|one| one.performance), numbers(|one| one.gap));
        let count = table.standings.len();
        for one in &table.standings {
            let ahead = |better: &dyn Fn(&Standing, &Standing) -> Ordering| {
                1 + table.standings.iter().filter(|other| better(other, one) == Ordering::Less).count()
            };
            let dominated = table.standings.iter().any(|other| {
                let (first, second) = (better_performance(other, one), better_gap(other, one));
                first != Ordering::Greater && second != Ordering::Greater && (first, second) != (Ordering::Equal, Ordering::Equal)
            });
            let with = one.rebalance.as_ref().map_or_else(String::new, |id| format!(" after `{id}`"));
            let shown = |(mean, std): (f64, Option<f64>), places| match std {
                Some(std) => format!("{} ({})", fixed(mean, places), fixed(std, places)),
                None => fixed(mean, places),
            };
            let text = places.entry(one.objective.clone()).or_default();
            let _ = writeln!(
                text,
                "| [{}](results/{}/) | {}{with} | {} {}, {} of {count} | {} for {} {}, {} of {count} | {} | {} |",
                table.name,
                table.name,
                one.name,
                table.performance,
                shown(one.performance, performance_places),
                ahead(&better_performance),
                table.gap,
                table.attribute,
                shown(one.gap, gap_places),
                ahead(&better_gap),
                if dominated { "no" } else { "yes" },
                one.runs,
            );
        }
    }
    for text in places.values_mut() {
        text.insert_str(
            0,
            "| table | row | performance (std), rank | gap (std), rank | no row better in both | runs |\n|---|---|---|---|---|---|\n",
        );
    }
    Ok(places)
}

/// `Less` when `a` is better than `b`; of gaps with a fair value these are distances from it.
fn order(metric: &str, a: f64, b: f64) -> Ordering {
    match registry::card(metric).map(|card| card.direction) {
        Ok(Direction::Higher) => b.total_cmp(&a),
        _ => a.total_cmp(&b),
    }
}

/// What a value of a gap is ranked by: its distance from the fair value, where the metric has one.
fn ranked(metric: &str, value: f64) -> f64 {
    registry::card(metric).ok().and_then(|card| evidence::distance(card, value)).unwrap_or(value)
}

fn table(name: &str, text: &str) -> Result<Option<Table>, String> {
    let rows: Vec<Row> = csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{name}/measures.csv: {error}"))?;
    // What lists give to the groups is no gap of the objective's scores.
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.group.is_none() && row.order.is_none()).collect();
    let performance = rows.iter().find(|row| row.attribute.is_none()).map(|row| row.metric.clone());
    let gap = rows.iter().find_map(|row| Some((row.metric.clone(), row.attribute.clone()?)));
    let (Some(performance), Some((gap, attribute))) = (performance, gap) else { return Ok(None) };
    let mut names: Vec<(&str, Option<&str>, Option<&str>)> = Vec::new();
    for row in &rows {
        let key = (row.method.as_str(), row.objective.as_deref(), row.rebalance.as_deref());
        if !names.contains(&key) {
            names.push(key);
        }
    }
    let standings = names.into_iter().filter_map(|(method, objective, rebalance)| {
        let values = |metric: &str, attribute: Option<&str>| -> Vec<f64> {
            let same = |row: &&Row| row.method == method && row.metric == metric && row.attribute.as_deref() == attribute;
            rows.iter().filter(same).filter_map(|row| row.value).collect()
        };
        let (performances, gaps) = (values(&performance, None), values(&gap, Some(&attribute)));
        Some(Standing {
            name: method.to_owned(),
            objective: objective?.to_owned(),
            rebalance: rebalance.map(str::to_owned),
            performance: mean_and_std(&performances)?,
            gap: mean_and_std(&gaps)?,
            ranked: evidence::mean(gaps.iter().map(|&value| ranked(&gap, value)))?,
            runs: performances.len().min(gaps.len()),
        })
    });
    let standings = standings.collect();
    Ok(Some(Table { name: name.to_owned(), performance, gap, attribute, standings }))
}

fn mean_and_std(values: &[f64]) -> Option<(f64, Option<f64>)> {
    Some((evidence::mean(values.iter().copied())?, evidence::spread(values)))
}

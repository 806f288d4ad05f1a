//! Where training methods stand in tables of measures (`measures.csv`): means, ranks, and whether another row is better in both respects.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use evenhand_catalog::Direction;

use crate::averages::{mean, spread};
use crate::numbers::{decimals, fixed};
use crate::views::measures::Row;
use crate::{cards, limits};

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
pub fn places(tables: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
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
    match cards::metric(metric).map(|card| card.direction) {
        Some(Direction::Higher) => b.total_cmp(&a),
        _ => a.total_cmp(&b),
    }
}

/// What a value of a gap is ranked by: its distance from the fair value, where the metric has one.
fn ranked(metric: &str, value: f64) -> f64 {
    cards::metric(metric).and_then(|card| limits::distance(card, value)).unwrap_or(value)
}

fn table(name: &str, text: &str) -> Result<Option<Table>, String> {
    let rows: Vec<Row> = csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{name}/measures.csv: {error}"))?;
    // What lists give to the groups is no gap of the objective's scores.
    // What is no finding about all rows is none either; earlier tables held nothing else.
    let finding = |row: &Row| row.kind.as_deref().is_none_or(|kind| kind == "finding");
    let whole = |row: &Row| row.group.is_none() && row.order.is_none() && row.stratum.is_none() && finding(row);
    let rows: Vec<Row> = rows.into_iter().filter(whole).collect();
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
            ranked: mean(gaps.iter().map(|&value| ranked(&gap, value)))?,
            runs: performances.len().min(gaps.len()),
        })
    });
    let standings = standings.collect();
    Ok(Some(Table { name: name.to_owned(), performance, gap, attribute, standings }))
}

fn mean_and_std(values: &[f64]) -> Option<(f64, Option<f64>)> {
    Some((mean(values.iter().copied())?, spread(values)))
}

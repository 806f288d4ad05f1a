//! Performance against fairness: one scatter an attribute, and for a sweep both metrics over the parameter.

use minijinja::{Value, context};

use super::Section;
use crate::html::charts::Figure;
use crate::html::charts::scatter::{self, Axes, Series};
use crate::html::charts::svg::Style;
use crate::html::charts::sweep;
use crate::lookup;
use crate::report::{MethodReport, Report, ReportKind};

pub(super) const SECTION: Section = Section {
    id: "tradeoff",
    title: "Performance and fairness",
    name: "sections/figures.html",
    template: include_str!("../../../templates/sections/figures.html"),
    content,
};

fn content(report: &Report) -> Option<Value> {
    let performance = lookup::performance_metric(report)?;
    let swept = report.kind == ReportKind::Sweep && report.methods.iter().all(|method| method.swept.is_some());
    let mut rows: Vec<Value> = Vec::new();
    for attribute in lookup::attributes(report) {
        let series: Vec<Series> = report
            .methods
            .iter()
            .enumerate()
            .filter_map(|(position, method)| series(method, if swept { Style(0) } else { Style(position) }, &performance, &attribute))
            .collect();
        if series.iter().map(|one| one.runs.len()).sum::<usize>() < 2 {
            continue;
        }
        let heading = lookup::heading(report, &performance);
        let gap = format!("{} for {attribute}", lookup::heading(report, "spdd"));
        let axes = Axes { gap: &gap, performance: &heading, joined: swept, unit: lookup::unit(report) };
        rows.push(
            context! { class => "wide", figures => vec![scatter::figure(&format!("{heading} and SPDD for {attribute}"), &series, &axes)] },
        );
        if swept {
            rows.push(context! { class => "pair", figures => over_parameter(report, &performance, &attribute) });
        }
    }
    (!rows.is_empty()).then(|| context! { rows => rows })
}

fn series(method: &MethodReport, style: Style, performance: &str, attribute: &str) -> Option<Series> {
    let runs = method.runs.iter().filter_map(|run| {
        let gap = lookup::finding(run, "spdd", Some(attribute))?.estimate.number()?;
        Some((gap, lookup::finding(run, performance, None)?.estimate.number()?))
    });
    let (gap, value) = (lookup::measured(method, "spdd", Some(attribute))?, lookup::measured(method, performance, None)?);
    let published = (method.published.get(&format!("spdd@{attribute}")), method.published.get(performance));
    Some(Series {
        name: method.swept.map_or_else(|| method.name.clone(), crate::numbers::plain),
        style,
        runs: runs.collect(),
        mean: (gap.estimate.number()?, value.estimate.number()?),
        spread: (gap.std, value.std),
        published: published.0.zip(published.1).map(|(gap, value)| (gap.value, value.value)),
    })
}

/// The swept parameter's name, read from the choice whose value equals the swept one.
fn parameter(report: &Report) -> String {
    let varying = |pick: fn(&MethodReport) -> Option<&crate::report::MethodChoice>| {
        let choices: Vec<_> = report.methods.iter().filter_map(pick).collect();
        let first = choices.first()?;
        first
            .parameters
            .keys()
            .find(|name| choices.iter().any(|choice| choice.parameters.get(*name) != first.parameters.get(*name)))
            .cloned()
    };
    varying(|method| method.objective.as_ref())
        .or_else(|| varying(|method| method.rebalance.as_ref()))
        .unwrap_or_else(|| "swept value".to_owned())
}

fn over_parameter(report: &Report, performance: &str, attribute: &str) -> Vec<Figure> {
    let name = parameter(report);
    [(performance, None), ("spdd", Some(attribute))]
        .into_iter()
        .enumerate()
        .map(|(position, (metric, of))| {
            let mut points: Vec<sweep::Point> = report
                .methods
                .iter()
                .filter_map(|method| {
                    let measured = lookup::measured(method, metric, of)?;
                    Some((method.swept?, measured.estimate.number()?, measured.std))
                })
                .collect();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            let heading = lookup::heading(report, metric);
            sweep::figure(&format!("{heading} over {name}"), &name, &heading, &points, Style(position))
        })
        .collect()
}

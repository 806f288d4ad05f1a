//! Performance against fairness: one scatter an attribute, and for a sweep both metrics over the parameter.

use std::fmt::Write as _;

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::averages::{mean, spread};
use crate::document::Contrast;
use crate::document::{MethodChoice, MethodReport, Report, ReportKind, RunReport};
use crate::html::charts::Figure;
use crate::html::charts::scatter::{self, Axes, Series};
use crate::html::charts::svg::Style;
use crate::html::charts::sweep;
use crate::html::grid::{Cell, Grid, Head};
use crate::limits::distance;
use crate::lookup;
use crate::lookup::samples;
use crate::views::tables;

pub(super) const SECTION: Section = Section {
    id: "tradeoff",
    title: "Performance and fairness",
    folded: false,
    name: "sections/tradeoff.html",
    template: include_str!("../../../templates/sections/tradeoff.html"),
    content,
};

/// What stands after the name of a method that needs the attribute to score.
const MARK: &str = " †";

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let (performance, gap_metric) = match report.fronts.first() {
        Some(front) => (front.performance.clone(), front.gap.clone()),
        None => (lookup::performance_metric(report)?, "spdd".to_owned()),
    };
    let swept = report.kind == ReportKind::Sweep && report.methods.iter().any(|method| method.swept.is_some());
    let samples = samples(&report.methods);
    let mut rows: Vec<Value> = Vec::new();
    for attribute in lookup::attributes(report) {
        let heading = lookup::heading(report, &performance);
        let gap_heading = lookup::heading(report, &gap_metric);
        let gap = tables::distance_heading(&gap_metric, &format!("{gap_heading} for {attribute}"));
        let axes = Axes { gap: &gap, performance: &heading, joined: swept, unit: lookup::unit(report) };
        let mut planes = Vec::new();
        for sample in &samples {
            let on_it = report.methods.iter().enumerate().filter(|(_, method)| method.sample.as_ref() == *sample);
            let series: Vec<Series> = on_it
                .filter_map(|(position, method)| {
                    series(
                        method,
                        if swept { Style(usize::from(method.swept.is_none())) } else { Style(position) },
                        &performance,
                        &gap_metric,
                        &attribute,
                    )
                })
                .collect();
            if series.iter().map(|one| one.runs.len()).sum::<usize>() < 2 {
                continue;
            }
            let rows = tables::of_sample(*sample, report);
            let mut figure = scatter::figure(&format!("{heading} and {gap_heading} for {attribute}{rows}"), &series, &axes);
            if report.methods.iter().any(|method| method.sample.as_ref() == *sample && method.attribute_to_score) {
                let _ = write!(figure.caption, " {} needs the attribute of everybody who is scored.", MARK.trim());
            }
            planes.push(figure);
        }
        if planes.is_empty() {
            continue;
        }
        rows.extend(planes.into_iter().map(|figure| context! { class => "wide", figures => vec![figure] }));
        if swept {
            rows.push(context! { class => "pair", figures => over_parameter(report, &performance, &gap_metric, &attribute) });
        }
    }
    let tables: Vec<Grid> = [tables::choice_table(report)]
        .into_iter()
        .chain(tables::front_tables(report))
        .filter(|table| !table.rows.is_empty())
        .map(Grid::from)
        .chain(samples.iter().filter_map(|sample| contrasts(report, *sample)))
        .collect();
    let lead = if samples.len() > 1 {
        "Methods of different samples are tested on different rows and are not compared with each other; one that is alone on its rows stands in no \
         comparison."
    } else {
        ""
    };
    (!rows.is_empty() || !tables.is_empty()).then(|| context! { lead => lead, rows => rows, tables => tables })
}

/// The differences of all methods of one sample from one of them, with their tests.
fn contrasts(report: &Report, sample: Option<&MethodChoice>) -> Option<Grid> {
    let methods: Vec<&MethodReport> = report.methods.iter().filter(|method| method.sample.as_ref() == sample).collect();
    // A comparison of some of the recipe's methods may lack the one that it names.
    let named = report.reference.as_deref();
    let reference = methods.iter().find(|method| Some(method.name.as_str()) == named).or(methods.first())?.name.clone();
    let columns: Vec<_> = report
        .columns
        .iter()
        .filter(|column| report.contrasts.iter().any(|one| one.metric == column.metric && one.attribute == column.attribute))
        .collect();
    let mut heads = vec![Head::words("method")];
    heads.extend(columns.iter().map(|column| Head {
        text: column.heading.clone(),
        sub: column.attribute.clone().unwrap_or_default(),
        number: true,
    }));
    let mut rows = Vec::new();
    for method in methods.iter().filter(|method| method.name != reference) {
        let mut row = vec![Cell::text(&method.name)];
        for column in &columns {
            let found = report.contrasts.iter().find_map(|one| {
                let of = one.metric == column.metric && one.attribute == column.attribute;
                if of && one.one == method.name && one.other == reference {
                    Some((one.difference, one.interval, one))
                } else if of && one.one == reference && one.other == method.name {
                    Some((-one.difference, one.interval.map(|[low, high]| [-high, -low]), one))
                } else {
                    None
                }
            });
            row.push(found.map_or_else(
                || Cell { text: "not tested".to_owned(), class: "undefined", ..Cell::default() },
                |(difference, interval, one)| contrast(difference, interval, one),
            ));
        }
        rows.push(row);
    }
    (!rows.is_empty() && columns.len() + 1 == heads.len() && !columns.is_empty()).then(|| Grid {
        title: format!("Differences from {reference}"),
        columns: heads,
        rows,
        remarks: vec![format!(
            "Mean of method minus {reference} over the {}s that both have, its 95 % interval by itself, and p after Holm's correction over \
             all pairs of methods of the metric that share their test rows (corrected resampled t-test; every pair stands in the JSON).",
            lookup::unit(report)
        )],
        ..Grid::default()
    })
}

fn contrast(difference: f64, interval: Option<[f64; 2]>, one: &Contrast) -> Cell {
    let signed = |number: f64| {
        let text = crate::numbers::fixed(number, 4);
        if number > 0.0 && text.chars().any(|digit| ('1'..='9').contains(&digit)) { format!("+{text}") } else { text }
    };
    let mut sub: Vec<String> = interval.iter().map(|[low, high]| format!("[{}, {}]", signed(*low), signed(*high))).collect();
    sub.push(match one.adjusted_p_value {
        Some(p) if p < 0.001 => "p < 0.001".to_owned(),
        Some(p) => format!("p = {}", crate::numbers::fixed(p, 3)),
        None => "the same in every run".to_owned(),
    });
    Cell { text: signed(difference), sub, ..Cell::default() }
}

fn series(method: &MethodReport, style: Style, performance: &str, gap_metric: &str, attribute: &str) -> Option<Series> {
    let card = evenhand_metrics::find(gap_metric).ok()?.card();
    let distance_in = |run: &RunReport| distance(card, lookup::finding(run, gap_metric, Some(attribute))?.estimate.number()?);
    let runs = method.runs.iter().filter_map(|run| Some((distance_in(run)?, lookup::finding(run, performance, None)?.estimate.number()?)));
    let gaps: Vec<f64> = method.runs.iter().filter_map(distance_in).collect();
    let value = lookup::measured(method, performance, None)?;
    let published = (method.published.get(&format!("{gap_metric}@{attribute}")), method.published.get(performance));
    Some(Series {
        name: format!(
            "{}{}",
            method.swept.map_or_else(|| method.name.clone(), crate::numbers::plain),
            if method.attribute_to_score { MARK } else { "" }
        ),
        style,
        runs: runs.collect(),
        mean: (mean(gaps.iter().copied())?, value.estimate.number()?),
        spread: (spread(&gaps), value.std),
        published: published.0.zip(published.1).and_then(|(gap, value)| Some((distance(card, gap.value)?, value.value))),
        swept: method.swept.is_some(),
    })
}

/// The swept parameter's name, read from the choice whose value equals the swept one.
fn parameter(report: &Report) -> String {
    let varying = |pick: fn(&MethodReport) -> Option<&crate::document::MethodChoice>| {
        let choices: Vec<_> = report.methods.iter().filter(|method| method.swept.is_some()).filter_map(pick).collect();
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

fn over_parameter(report: &Report, performance: &str, gap: &str, attribute: &str) -> Vec<Figure> {
    let name = parameter(report);
    [(performance, None), (gap, Some(attribute))]
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
            let plain = report.methods.iter().find(|method| method.swept.is_none());
            let beside = plain.and_then(|method| Some((method.name.as_str(), lookup::measured(method, metric, of)?.estimate.number()?)));
            sweep::figure(&format!("{heading} over {name}"), [&name, &heading], &points, beside, Style(position))
        })
        .collect()
}

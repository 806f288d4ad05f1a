//! Every attribute and method, first run: densities, pass rates with the gap shaded, and the findings by group.

use evenhand_metrics::Finding;
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{AttributeFindings, MethodReport, Remark, Report};
use crate::html::charts::axis::Scale;
use crate::html::charts::svg::Svg;
use crate::html::charts::{density, pass_rate};
use crate::html::grid::{Cell, Grid, Head, Notes, places};
use crate::lookup;
use crate::numbers::{count, counted, significant};
use crate::telling;
use crate::views::tables::{comparing, estimate_text, gap_heading, group_heading, of_metric, p_text, shown_on_own_scale};

pub(super) const SECTION: Section = Section {
    id: "groups",
    title: "Group by group",
    folded: false,
    name: "sections/groups.html",
    template: include_str!("../../../templates/sections/groups.html"),
    content,
};

/// Up to this many methods have their tables open from the start.
const MOST_OPEN: usize = 2;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let mut attributes = Vec::new();
    for attribute in lookup::attributes(report) {
        let groups = lookup::groups(report, &attribute);
        let first_runs = report.methods.iter().filter_map(|method| method.runs.first());
        let range = pass_rate::gap_range(first_runs.filter_map(|run| lookup::findings_of(run, &attribute)?.pass_rates.as_ref()));
        let methods: Vec<Value> =
            report.methods.iter().filter_map(|method| of_method(report, method, &attribute, &groups, range)).collect();
        if !methods.is_empty() {
            attributes.push(context! { name => attribute, methods => methods });
        }
    }
    (!attributes.is_empty()).then(|| context! { attributes => attributes, open => report.methods.len() <= MOST_OPEN })
}

fn of_method(report: &Report, method: &MethodReport, attribute: &str, groups: &[String], range: (f64, f64)) -> Option<Value> {
    let run = method.runs.first()?;
    let findings = lookup::findings_of(run, attribute)?;
    let mut figures = Vec::new();
    // Decisions have no shape between 0 and 1, and no threshold changes them.
    let decisions = telling::decisions_alone(findings);
    if !findings.densities.is_empty() && !decisions {
        figures.push(density::figure("Scores", &findings.densities, groups, ("score", report.data.score_scale), 330.0));
    }
    if let Some(rates) = findings.pass_rates.as_ref().filter(|_| !decisions) {
        let spdd = findings.findings.iter().find(|finding| finding.metric == "spdd");
        let spdd = spdd.map(|finding| format!("{} {}", lookup::heading(report, "spdd"), estimate_text(&finding.estimate)));
        let peak = findings.findings.iter().find_map(|finding| {
            Some(format!(
                "largest gap {} at threshold {}",
                significant(finding.estimate.number()?),
                significant(report.data.own_score(finding.at_threshold?))
            ))
        });
        let told: Vec<String> = spdd.into_iter().chain(peak).collect();
        figures.push(pass_rate::figure("Selection rate by threshold", rates, groups, range, &told, report.data.score_scale));
    }
    let mut notes = Notes::default();
    let mut tables: Vec<Grid> =
        [gaps(report, findings, &mut notes), by_group(report, findings, &mut notes), against_rest(report, findings, &mut notes)]
            .into_iter()
            .flatten()
            .collect();
    let left_out = left_out(report, findings);
    if let (Some(last), false) = (tables.last_mut(), notes.0.is_empty()) {
        last.notes = notes.0;
    }
    let which = match (run.fold, method.runs.len(), run.sizes.train) {
        (_, _, 0) => String::new(),
        (Some(fold), ..) => format!("fold {fold}, seed {}", run.seed),
        (None, 1, _) => format!("seed {}", run.seed),
        (None, runs, _) => format!("seed {}, the first of {runs}", run.seed),
    };
    let unknown = (findings.unknown > 0).then(|| format!("{} of unknown group, left out of every gap.", counted(findings.unknown, "row")));
    Some(context! {
        name => if report.methods.len() == 1 && method.name == "scores" { String::new() } else { method.name.clone() },
        which => which,
        gap => findings.findings.iter().find(|finding| finding.metric == "spdd").map(|finding| format!("SPDD {}", estimate_text(&finding.estimate))),
        figures => figures,
        tables => tables,
        left_out => left_out,
        unknown => unknown,
        notes => run.notes.iter().map(Remark::to_string).collect::<Vec<_>>(),
    })
}

/// A further column: heading, what it is, its number.
type More = (&'static str, &'static str, fn(&Finding) -> Option<f64>);

/// One row a metric that compares the groups.
fn gaps(report: &Report, findings: &AttributeFindings, notes: &mut Notes) -> Option<Grid> {
    let compared = comparing(report, &findings.findings);
    if compared.is_empty() {
        return None;
    }
    let any = |of: fn(&Finding) -> Option<f64>| compared.iter().any(|(finding, _)| of(finding).is_some());
    let more: [More; 4] = [
        ("by lot", "what parity gives by chance", |finding| finding.by_lot),
        ("less chance", "bias-corrected", |finding| finding.bias_corrected),
        ("at threshold", "", |finding| finding.at_threshold),
        ("p", "permutation", |finding| finding.p_value),
    ];
    let more: Vec<_> = more.into_iter().filter(|(_, _, of)| any(*of)).collect();
    let mut columns = vec![Head::words("metric"), Head::number("value"), Head::number("interval"), Head::words("largest between")];
    columns.extend(more.iter().map(|(text, sub, _)| Head { text: (*text).to_owned(), sub: (*sub).to_owned(), number: true }));
    let rows = compared.into_iter().map(|(finding, names)| {
        let places = places(std::iter::once(&finding.estimate));
        let mut value = Cell::estimate(&finding.estimate, places, notes);
        if let Some(number) = finding.estimate.number() {
            value.text = of_metric(&finding.metric, number, places);
        }
        let interval = std::mem::take(&mut value.sub).join(" ");
        let pair = finding.largest_pair.as_ref().map_or_else(String::new, |(one, other)| format!("{one} and {other}"));
        let sub = names.into_iter().map(|name| format!("also: {name}")).collect();
        let mut row = vec![Cell { sub, ..Cell::text(gap_heading(report, &finding.metric)) }, value, Cell::text(interval), Cell::text(pair)];
        row.extend(more.iter().map(|(what, _, of)| {
            let written = |number: f64| match *what {
                "p" => p_text(number),
                "at threshold" => significant(report.data.own_score(number)),
                _ => significant(number),
            };
            Cell::text(of(finding).map_or_else(String::new, written))
        }));
        row
    });
    Some(Grid { title: "Gaps between groups".to_owned(), rows: rows.collect(), columns, ..Grid::default() })
}

/// One row a group, one column a metric that has a value in each group, with the first of them drawn.
fn by_group(report: &Report, findings: &AttributeFindings, notes: &mut Notes) -> Option<Grid> {
    if findings.groups.is_empty() {
        return None;
    }
    let shown = shown_on_own_scale(report, &findings.findings, telling::decisions_alone(findings));
    let drawn = shown.first().filter(|finding| finding.by_group.iter().filter(|group| group.estimate.number().is_some()).count() > 1);
    let scale = drawn.map(strip_scale);
    let mut columns = vec![Head::words("group"), Head::number("n")];
    for (position, finding) in shown.iter().enumerate() {
        columns.push(Head::number(group_heading(report, &finding.metric)));
        if position == 0
            && let Some(scale) = &scale
        {
            columns.push(Head { text: String::new(), sub: format!("{} to {}", scale.1, scale.2), number: false });
        }
    }
    let rows = findings.groups.iter().map(|group| {
        let mut row = vec![Cell::text(&group.name), Cell::text(count(group.n))];
        for (position, finding) in shown.iter().enumerate() {
            let found = finding.by_group.iter().find(|one| one.group == group.name);
            row.push(match found {
                None => absent(finding, &group.name, notes),
                Some(one) => {
                    let places = places(finding.by_group.iter().map(|one| &one.estimate));
                    let mut cell = Cell::estimate(&one.estimate, places, notes);
                    if let Some(number) = one.estimate.number() {
                        cell.text = of_metric(&finding.metric, number, places);
                    }
                    if one.n != group.n {
                        cell.sub.push(format!("n = {}", count(one.n)));
                    }
                    cell
                }
            });
            if position == 0
                && let Some((scale, ..)) = &scale
            {
                row.push(found.map_or_else(Cell::default, |one| Cell::drawing(strip(&one.estimate, scale))));
            }
        }
        row
    });
    Some(Grid { title: "Groups".to_owned(), rows: rows.collect(), columns, ..Grid::default() })
}

/// The cell of a group that has no value of a metric: left out with the reason, or not measured.
fn absent(finding: &Finding, group: &str, notes: &mut Notes) -> Cell {
    match finding.left_out.iter().find(|(name, _)| name == group) {
        Some((_, reason)) => Cell { text: "left out".to_owned(), class: "undefined", note: Some(notes.number(reason)), ..Cell::default() },
        None => Cell { text: "not measured".to_owned(), class: "undefined", ..Cell::default() },
    }
}

const STRIP: (f64, f64) = (150.0, 16.0);

/// The scale on which the groups' values are drawn, with its ends in words.
fn strip_scale(finding: &Finding) -> (Scale, String, String) {
    let ends = finding.by_group.iter().flat_map(|group| {
        let interval = group.estimate.interval();
        group.estimate.number().into_iter().chain(interval.map(|interval| interval.low)).chain(interval.map(|interval| interval.high))
    });
    let (low, high) = crate::html::charts::axis::extent(ends).unwrap_or((0.0, 1.0));
    // Ends at a twentieth of the decade that holds the numbers: 0.35 for rates, 35 for scores up to 100.
    let step = 10_f64.powf(low.abs().max(high.abs()).max(1e-9).log10().ceil()).max(1.0) / 20.0;
    let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    (Scale::linear((low, high), (6.0, STRIP.0 - 6.0)), crate::numbers::plain(low), crate::numbers::plain(high))
}

/// A value with its interval on a line.
fn strip(estimate: &evenhand_metrics::Estimate, scale: &Scale) -> String {
    let mut svg = Svg::new(STRIP.0, STRIP.1);
    let middle = STRIP.1 / 2.0;
    svg.line((2.0, middle), (STRIP.0 - 2.0, middle), "grid");
    if let Some(interval) = estimate.interval() {
        svg.line((scale.inside(interval.low), middle), (scale.inside(interval.high), middle), "whisker k0");
    }
    if let Some(value) = estimate.number() {
        svg.mark(crate::html::charts::svg::Style(0), (scale.inside(value), middle), 3.4, "mark");
    }
    svg.finish(&estimate_text(estimate))
}

/// Each group against all others together, for more than two groups.
fn against_rest(report: &Report, findings: &AttributeFindings, notes: &mut Notes) -> Option<Grid> {
    let compared: Vec<&Finding> = findings.findings.iter().filter(|finding| !finding.against_rest.is_empty()).collect();
    if compared.is_empty() {
        return None;
    }
    let mut columns = vec![Head::words("group")];
    columns.extend(compared.iter().map(|finding| Head::number(gap_heading(report, &finding.metric))));
    let rows = findings.groups.iter().map(|group| {
        let mut row = vec![Cell::text(&group.name)];
        for finding in &compared {
            let found = finding.against_rest.iter().find(|one| one.group == group.name);
            row.push(match found {
                None => absent(finding, &group.name, notes),
                Some(one) => Cell::estimate(&one.estimate, places(finding.against_rest.iter().map(|one| &one.estimate)), notes),
            });
        }
        row
    });
    Some(Grid { title: "Each group against all others together".to_owned(), rows: rows.collect(), columns, ..Grid::default() })
}

/// Groups that could not enter a gap, with the reason and the metrics it concerns.
fn left_out(report: &Report, findings: &AttributeFindings) -> Vec<String> {
    let mut reasons: Vec<((&str, &str), Vec<String>)> = Vec::new();
    for finding in &findings.findings {
        for (group, reason) in &finding.left_out {
            let metric = lookup::heading(report, &finding.metric);
            match reasons.iter_mut().find(|(known, _)| *known == (group.as_str(), reason.as_str())) {
                Some((_, metrics)) => metrics.push(metric),
                None => reasons.push(((group, reason), vec![metric])),
            }
        }
    }
    reasons.into_iter().map(|((group, reason), metrics)| format!("{group}: {reason} ({})", metrics.join(", "))).collect()
}

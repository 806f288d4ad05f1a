//! What was compared, which limits were met, and one paragraph in plain words.

use evenhand_metrics::Estimate;
use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{MethodReport, Remark, Report, ReportKind, Sizes};
use crate::html::grid::Grid;
use crate::lookup::{self, Measured};
use crate::numbers::{count, counted, level, significant};
use crate::views::tables::{limits_table, verdict};

pub(super) const SECTION: Section = Section {
    id: "summary",
    title: "Summary",
    name: "sections/summary.html",
    template: include_str!("../../../templates/sections/summary.html"),
    content,
};

/// Notes that stand open; the others are folded, so that the numbers are not far down the page.
const MOST_NOTES: usize = 5;

#[allow(clippy::unnecessary_wraps, reason = "the signature is that of every section")]
fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let limits = (!report.limits.is_empty()).then(|| limits(report));
    Some(context! {
        kind => kind(report.kind),
        facts => facts(report),
        sentences => sentences(report),
        limits => limits,
        notes => report.notes.iter().take(MOST_NOTES).map(Remark::to_string).collect::<Vec<_>>(),
        folded => report.notes.iter().skip(MOST_NOTES).map(Remark::to_string).collect::<Vec<_>>(),
    })
}

/// The limits with breaches set apart.
fn limits(report: &Report) -> Grid {
    let mut grid = Grid { title: "Limits".to_owned(), ..Grid::from(limits_table(report)) };
    for (row, check) in grid.rows.iter_mut().zip(&report.limits) {
        for cell in row.iter_mut().filter(|cell| !check.met && cell.text == verdict(check)) {
            cell.class = "breached";
        }
    }
    grid
}

fn kind(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Run => "One trained scorer",
        ReportKind::Comparison => "Comparison of methods",
        ReportKind::Sweep => "Sweep over a parameter",
        ReportKind::Audit => "Audit of given scores",
        ReportKind::Ranking => "Candidates in a new order",
        ReportKind::Balancing => "Balanced rows",
    }
}

/// Short facts under the title.
fn facts(report: &Report) -> Vec<String> {
    let mut facts = vec![format!("data: {}, {}", report.data.name, counted(report.data.rows, "row"))];
    let names = lookup::attributes(report);
    if !names.is_empty() {
        facts.push(format!("compared by: {}", names.join(", ")));
    }
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    match report.kind {
        ReportKind::Audit | ReportKind::Ranking | ReportKind::Balancing => {}
        ReportKind::Sweep => facts.push(format!("{} × {}", counted(report.methods.len(), "value"), counted(runs, lookup::unit(report)))),
        _ => facts.push(format!("{} × {}", counted(report.methods.len(), "method"), counted(runs, lookup::unit(report)))),
    }
    // Gates before the model change the rows that a method has.
    let sizes = || report.methods.iter().filter_map(|method| Some(&method.runs.first()?.sizes));
    let span = |of: &dyn Fn(&Sizes) -> usize| match (sizes().map(of).min(), sizes().map(of).max()) {
        (Some(least), Some(most)) if least < most => format!("{} to {} rows", count(least), count(most)),
        (_, most) => counted(most.unwrap_or(0), "row"),
    };
    if let Some(most) = sizes().map(|sizes| sizes.train).max() {
        let tested = span(&|sizes| sizes.test);
        facts.push(match most {
            0 => format!("measured on {tested}"),
            _ => format!("trained on {}, measured on {tested} held out", span(&|sizes| sizes.train)),
        });
    }
    facts
}

/// The paragraph. It states numbers with their uncertainty and judges nothing beyond the limits that were set.
fn sentences(report: &Report) -> Vec<String> {
    let mut sentences = Vec::new();
    let performance = lookup::performance_metric(report);
    for attribute in lookup::attributes(report) {
        let measured: Vec<(&MethodReport, Measured)> = report
            .methods
            .iter()
            .filter_map(|method| Some((method, lookup::measured(method, "spdd", Some(&attribute))?)))
            .filter(|(_, measured)| measured.estimate.number().is_some())
            .collect();
        // Methods of other samples were tested on other rows.
        let sample = measured.first().map(|(first, _)| first.sample.clone());
        let all = measured.len();
        let measured: Vec<_> = measured.into_iter().filter(|(method, _)| Some(&method.sample) == sample.as_ref()).collect();
        let compared = if measured.len() < all { "on the same test rows" } else { "compared" };
        let Some((first, reference)) = measured.first() else {
            if let Some(reason) = report
                .methods
                .iter()
                .find_map(|method| lookup::measured(method, "spdd", Some(&attribute))?.estimate.reason().map(str::to_owned))
            {
                sentences.push(format!("SPDD for {attribute} could not be estimated: {reason}."));
            }
            continue;
        };
        if measured.len() == 1 {
            let of = if all > 1 { format!(" for {}, alone on its test rows", first.name) } else { String::new() };
            sentences.push(format!("SPDD for {attribute} is {}{of}{}.", number(reference, report), pair(first, &attribute)));
            continue;
        }
        let smallest = measured
            .iter()
            .min_by(|one, other| one.1.estimate.number().unwrap_or(f64::MAX).total_cmp(&other.1.estimate.number().unwrap_or(f64::MAX)));
        let Some((method, least)) = smallest else { continue };
        let of = |method: &MethodReport| {
            let metric = performance.as_deref()?;
            let value = lookup::measured(method, metric, None)?;
            Some(format!("{} {}", lookup::heading(report, metric), number(&value, report)))
        };
        let with = |method: &MethodReport| of(method).map_or_else(String::new, |text| format!(" with {text}"));
        if std::ptr::eq(*method, *first) {
            sentences.push(format!(
                "The smallest mean SPDD for {attribute}{} is {} ({}){}.",
                if measured.len() < all { format!(" of the {} {compared}", measured.len()) } else { String::new() },
                number(least, report),
                method.name,
                with(method)
            ));
        } else {
            sentences.push(format!(
                "SPDD for {attribute} is {} for {}{}; the smallest mean of the {} {compared} is {} for {}{}.",
                number(reference, report),
                first.name,
                with(first),
                measured.len(),
                number(least, report),
                method.name,
                with(method),
            ));
        }
    }
    let missing = lookup::estimates(report).iter().filter(|place| place.estimate.reason().is_some()).count();
    if missing > 0 {
        sentences.push(format!("{} could not be estimated; the reasons stand below.", counted(missing, "number")));
    }
    let breached = report.limits.iter().filter(|check| !check.met).count();
    if !report.limits.is_empty() {
        sentences.push(match (report.limits.len(), breached) {
            (1, 0) => "The limit that was set is met.".to_owned(),
            (1, _) => "The limit that was set is not met.".to_owned(),
            (all, 0) => format!("All {all} limits that were set are met."),
            (all, _) => format!("Of the {all} limits that were set, {breached} {} not met.", if breached == 1 { "is" } else { "are" }),
        });
    }
    sentences
}

/// A measured number with its uncertainty in words.
fn number(measured: &Measured, report: &Report) -> String {
    let Estimate::Value { value, .. } = &measured.estimate else { return "undefined".to_owned() };
    if let Some(interval) = measured.interval() {
        let places = crate::numbers::decimals([*value].into_iter());
        let fixed = |number| crate::numbers::fixed(number, places);
        return format!("{} [{}, {}] ({} interval)", fixed(*value), fixed(interval.low), fixed(interval.high), level(interval.level));
    }
    match measured.std {
        Some(std) => {
            let places = crate::numbers::decimals([*value].into_iter());
            format!(
                "{} (± {} over {})",
                crate::numbers::fixed(*value, places),
                crate::numbers::fixed(std, places),
                counted(measured.defined, lookup::unit(report))
            )
        }
        None => significant(*value),
    }
}

/// Between which groups the gap of a method's first run is largest, with their sizes.
fn pair(method: &MethodReport, attribute: &str) -> String {
    let Some(findings) = method.runs.first().and_then(|run| lookup::findings_of(run, attribute)) else { return String::new() };
    let pair = findings.findings.iter().find(|finding| finding.metric == "spdd").and_then(|finding| finding.largest_pair.as_ref());
    let Some((one, other)) = pair else { return String::new() };
    let sized = |name: &str| match findings.groups.iter().find(|group| group.name == name) {
        Some(group) => format!("{name} (n = {})", count(group.n)),
        None => name.to_owned(),
    };
    let which = if findings.groups.len() > 2 { "largest between" } else { "between" };
    format!(", {which} {} and {}", sized(one), sized(other))
}

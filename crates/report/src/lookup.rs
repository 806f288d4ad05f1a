//! Finding numbers in a report by metric and attribute: shared by every view.

use std::borrow::Cow;

use evenhand_catalog::Direction;
use evenhand_metrics::{Estimate, Finding, Interval};

use crate::document::{AttributeFindings, Column, MethodChoice, MethodReport, Report, RunReport};
use crate::{cards, naming};

/// What a report says about one metric of one method.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Mean over the runs, or the value of the only one.
    pub estimate: Estimate,
    /// Standard deviation over the runs.
    pub std: Option<f64>,
    /// Runs in which it was defined.
    pub defined: usize,
    /// All runs.
    pub runs: usize,
}

impl Measured {
    /// The interval, for a single run that has one.
    pub fn interval(&self) -> Option<&Interval> {
        self.estimate.interval().filter(|_| self.runs <= 1)
    }
}

/// Looks a metric up in a method's summary, or in its only run.
pub fn measured(method: &MethodReport, metric: &str, attribute: Option<&str>) -> Option<Measured> {
    let summary = method.summary.iter().find(|summary| summary.metric == metric && summary.attribute.as_deref() == attribute);
    let single = match method.runs.as_slice() {
        [run] => finding(run, metric, attribute),
        _ => None,
    };
    match (summary, single) {
        (Some(summary), None) => {
            Some(Measured { estimate: summary.mean.clone(), std: summary.std, defined: summary.defined, runs: summary.runs })
        }
        (_, Some(finding)) => Some(Measured {
            estimate: finding.estimate.clone(),
            std: None,
            defined: usize::from(finding.estimate.number().is_some()),
            runs: 1,
        }),
        (None, None) => None,
    }
}

/// A finding of one run.
pub fn finding<'a>(run: &'a RunReport, metric: &str, attribute: Option<&str>) -> Option<&'a Finding> {
    let findings = match attribute {
        None => &run.performance,
        Some(name) => &findings_of(run, name)?.findings,
    };
    findings.iter().find(|finding| finding.metric == metric)
}

/// Everything one run says about an attribute.
pub fn findings_of<'a>(run: &'a RunReport, attribute: &str) -> Option<&'a AttributeFindings> {
    run.attributes.iter().find(|findings| findings.attribute == attribute)
}

/// The name of a metric as it stands in tables.
pub fn heading(report: &Report, metric: &str) -> String {
    if let Some(column) = report.columns.iter().find(|column| column.metric == metric) {
        return column.heading.clone();
    }
    match evenhand_metrics::find(metric) {
        Ok(known) => known.card().name.to_owned(),
        Err(_) => metric.replace('-', " "),
    }
}

/// The key under which published values stand: `metric` or `metric@attribute`.
pub fn key(column: &Column) -> String {
    match &column.attribute {
        None => column.metric.clone(),
        Some(attribute) => format!("{}@{attribute}", column.metric),
    }
}

/// Names of the sensitive attributes, in the data's order, then any that only the runs name.
pub fn attributes(report: &Report) -> Vec<String> {
    let mut names: Vec<String> = report.data.attributes.iter().map(|attribute| attribute.name.clone()).collect();
    for findings in report.methods.iter().flat_map(|method| &method.runs).flat_map(|run| &run.attributes) {
        if !names.contains(&findings.attribute) {
            names.push(findings.attribute.clone());
        }
    }
    names
}

/// Names of an attribute's groups: the data's order, then any that only the runs name.
pub fn groups(report: &Report, attribute: &str) -> Vec<String> {
    let data = report.data.attributes.iter().filter(|summary| summary.name == attribute);
    let mut names: Vec<String> = data.flat_map(|summary| summary.groups.iter().map(|group| group.name.clone())).collect();
    for findings in report.methods.iter().flat_map(|method| &method.runs).filter_map(|run| findings_of(run, attribute)) {
        for group in &findings.groups {
            if !names.contains(&group.name) {
                names.push(group.name.clone());
            }
        }
    }
    names
}

/// `seed` or `fold`: what the runs of this report differ in.
pub fn unit(report: &Report) -> &'static str {
    let mut runs = report.methods.iter().flat_map(|method| &method.runs);
    if runs.any(|run| run.fold.is_some()) { "fold" } else { "seed" }
}

/// The metric that stands for performance in pictures and sentences: SRCC for continuous labels, accuracy for binary ones,
/// otherwise the first overall column of which more is better.
pub fn performance_metric(report: &Report) -> Option<String> {
    let continuous = report.data.label.as_ref().is_some_and(|label| label.kind == "continuous");
    let wanted = if continuous { ["srcc", "pcc", "accuracy"] } else { ["accuracy", "roc-auc", "srcc"] };
    let exists = |metric: &str| {
        report.methods.iter().any(|method| measured(method, metric, None).is_some_and(|one| one.estimate.number().is_some()))
    };
    wanted.into_iter().find(|metric| exists(metric)).map(str::to_owned).or_else(|| {
        let mut overall = report.columns.iter().filter(|column| column.attribute.is_none() && column.direction == Direction::Higher);
        overall.find(|column| exists(&column.metric)).map(|column| column.metric.clone())
    })
}

/// An estimate met on the way through a report, with the words for where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Place<'a> {
    /// Where: method, metric, attribute, group.
    pub place: String,
    /// The estimate.
    pub estimate: Cow<'a, Estimate>,
}

/// Every estimate of the report outside the summaries (which repeat the runs).
pub fn estimates(report: &Report) -> Vec<Place<'_>> {
    let mut all = Vec::new();
    // Without a label nobody asked for numbers about it.
    for attribute in report.data.attributes.iter().filter(|_| report.data.label.is_some()) {
        for group in &attribute.groups {
            let place = |what: &str| format!("data: {what} of {} = {}", attribute.name, group.name);
            all.push(Place { place: place("share of positive labels"), estimate: Cow::Borrowed(&group.positive_rate) });
            all.push(Place { place: place("mean label"), estimate: Cow::Borrowed(&group.mean_label) });
        }
    }
    for tilt in &report.data.tilt {
        let place = |what: &str| format!("data tilt, {}: {what} for {}", tilt.stage, tilt.attribute);
        all.push(Place { place: place("alpha"), estimate: Cow::Borrowed(&tilt.alpha) });
        all.push(Place { place: place("demographic parity difference"), estimate: Cow::Borrowed(&tilt.demographic_parity_difference) });
        all.push(Place { place: place("SPDD"), estimate: Cow::Borrowed(&tilt.spdd) });
    }
    for method in &report.methods {
        for run in &method.runs {
            let overall = run.performance.iter().map(|finding| (None, finding));
            let of_groups =
                run.attributes.iter().flat_map(|one| one.findings.iter().map(move |finding| (Some(one.attribute.as_str()), finding)));
            for (attribute, finding) in overall.chain(of_groups) {
                let what = attribute
                    .map_or_else(|| heading(report, &finding.metric), |name| format!("{} for {name}", heading(report, &finding.metric)));
                let of = if report.methods.len() == 1 { String::new() } else { format!("{}: ", method.name) };
                let place = |rest: &str| format!("{of}{what}{rest}");
                all.push(Place { place: place(""), estimate: Cow::Borrowed(&finding.estimate) });
                for group in &finding.by_group {
                    all.push(Place { place: place(&format!(" = {}", group.group)), estimate: Cow::Borrowed(&group.estimate) });
                }
                for comparison in &finding.against_rest {
                    all.push(Place {
                        place: place(&format!(", {} against {}", comparison.group, comparison.against)),
                        estimate: Cow::Borrowed(&comparison.estimate),
                    });
                }
            }
            for one in &run.attributes {
                let compared = one.selections.iter().flat_map(|selections| &selections.groups).filter(|group| group.left_out.is_none());
                for group in compared {
                    let place = |what: &str| format!("{what} for {} = {}", one.attribute, group.group);
                    all.push(Place { place: place("rate of selection"), estimate: Cow::Borrowed(&group.rate) });
                    all.push(Place { place: place("impact ratio"), estimate: Cow::Borrowed(&group.impact_ratio) });
                }
                for strata in &one.strata {
                    for adjusted in &strata.adjusted {
                        let place = format!("{} for {} over {}", adjusted.id, one.attribute, strata.by);
                        all.push(Place { place, estimate: Cow::Borrowed(&adjusted.estimate) });
                    }
                    for stratum in &strata.strata {
                        for group in stratum.selections.groups.iter().filter(|group| group.left_out.is_none()) {
                            let place = format!("impact ratio for {} in {} {} = {}", one.attribute, strata.by, stratum.name, group.group);
                            all.push(Place { place, estimate: Cow::Borrowed(&group.impact_ratio) });
                        }
                    }
                }
            }
            if let Some(lists) = &run.shortlists {
                let of = if report.methods.len() == 1 { String::new() } else { format!("{}: ", method.name) };
                for (order, findings) in
                    [(naming::BY_SCORE, &lists.before), (naming::RERANKED, &lists.after), (naming::BY_LOT, &lists.by_lot)]
                {
                    for finding in findings {
                        let name = cards::metric(&finding.metric).map_or(finding.metric.as_str(), |card| card.name);
                        let estimate = match finding.estimate.reason() {
                            Some(reason) => Cow::Owned(Estimate::undefined(naming::worded(reason, order, lists.jobs))),
                            None => Cow::Borrowed(&finding.estimate),
                        };
                        all.push(Place { place: format!("{of}{name}, {order}"), estimate });
                    }
                }
            }
        }
    }
    all
}

/// A share of positive decisions this near to none or all is one decision for nearly everybody.
const ALIKE: f64 = 0.005;

/// Whether a method takes one decision for nearly all test rows in some run: gaps of its decisions are small whatever it learned.
pub fn decides_alike(method: &MethodReport) -> bool {
    method.runs.iter().any(|run| {
        let rates =
            run.attributes.first().and_then(|attribute| attribute.findings.iter().find(|finding| finding.metric == "selection-rate"));
        let groups = rates.iter().flat_map(|finding| &finding.by_group);
        let known: Vec<(usize, f64)> = groups.filter_map(|group| Some((group.n, group.estimate.number()?))).collect();
        let rows: usize = known.iter().map(|(n, _)| n).sum();
        let selected: f64 = known.iter().map(|(n, rate)| *n as f64 * rate).sum();
        rows > 0 && is_one_decision(selected / rows as f64)
    })
}

/// Whether a share of positive decisions is so near to none or all that it is one decision for nearly everybody.
pub fn is_one_decision(share: f64) -> bool {
    !(ALIKE..=1.0 - ALIKE).contains(&share)
}

/// The samples that a report's methods were tested on, in the order of their first method; one where all share their rows.
pub fn samples(methods: &[MethodReport]) -> Vec<Option<&MethodChoice>> {
    let mut samples: Vec<Option<&MethodChoice>> = Vec::new();
    for method in methods {
        if !samples.contains(&method.sample.as_ref()) {
            samples.push(method.sample.as_ref());
        }
    }
    samples
}

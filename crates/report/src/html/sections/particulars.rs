//! Who audited what, when, on which data, as it was given.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::{Particulars, Report, ReportKind};

pub(super) const SECTION: Section = Section {
    id: "particulars",
    title: "Particulars",
    folded: true,
    name: "sections/grids.html",
    template: include_str!("../../../templates/sections/grids.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    if report.particulars.is_none() && report.selected.is_none() && report.kind != ReportKind::Audit {
        return None;
    }
    let none = Particulars::default();
    let given = report.particulars.as_ref().unwrap_or(&none);
    let facts = [
        ("Audited by", &given.auditor),
        ("Stands to maker and user of the tool", &given.independence),
        ("For", &given.client),
        ("Tool", &given.tool),
        ("Made by", &given.vendor),
        ("Counted as selected", &report.selected),
        ("Data source", &given.data_source),
        ("First and last day of the data", &given.data_period),
        ("Test data", &given.test_data),
        ("Date of the audit", &given.audit_date),
        ("In use from", &given.distribution_date),
    ];
    let facts: Vec<(&str, String)> =
        facts.into_iter().map(|(term, text)| (term, text.clone().unwrap_or_else(|| "not given".to_owned()))).collect();
    Some(context! { facts => facts, grids => Vec::<Value>::new() })
}

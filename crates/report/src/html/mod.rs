//! Pages from a report, which open offline, print, and follow the reader's light or dark scheme: the summary for people who decide, and the expert page
//! with every number, whose script sorts and copies and can be missed.
//!
//! Each section is one file in `sections/` and one template in `templates/sections/`; a section that has nothing to say is left
//! out. Every text of the user is escaped: by the template engine on the page, by the writer of SVG inside pictures.

mod charts;
mod grid;
mod markup;
mod pictures;
mod policy;
mod sections;
mod summary;

use evenhand_catalog::Card;
use minijinja::{Environment, context};

use crate::document::Report;
use crate::error::ReportError;
use crate::numbers::shorten;
use crate::{marks, telling};
use sections::SECTIONS;

pub use pictures::pictures;
pub use summary::summary;

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HtmlError {
    /// A template failed: a mistake of this crate, not of the report.
    #[error("the page's template {template} failed: {source}; this is a defect of evenhand, please report it with the report's JSON")]
    Template {
        /// Name of the template.
        template: String,
        /// What the engine says.
        source: minijinja::Error,
    },
}

impl From<minijinja::Error> for HtmlError {
    fn from(source: minijinja::Error) -> Self {
        HtmlError::Template { template: source.name().unwrap_or("(unknown)").to_owned(), source }
    }
}

const BASE: &str = include_str!("../../templates/base.css");
const STYLE: &str = include_str!("../../templates/page.css");
const DRAWINGS: &str = include_str!("../../templates/svg.css");
const SCRIPT: &str = include_str!("../../templates/page.js");

/// The page of a report. The same report gives the same bytes. `learners`: cards of methods by which the learners that judge made rows are explained; without
/// them the page explains its metrics alone.
pub fn render(report: &Report, learners: &[&'static Card]) -> Result<String, ReportError> {
    let sha256 = evenhand_rows::digest::of_bytes(report.to_json()?.as_bytes());
    Ok(page(&marks::shown(report), &sha256, learners)?)
}

fn page(report: &Report, sha256: &str, learners: &[&'static Card]) -> Result<String, HtmlError> {
    let mut environment = Environment::new();
    environment.add_template("page.html", include_str!("../../templates/page.html"))?;
    environment.add_template("parts.html", include_str!("../../templates/parts.html"))?;
    let mut bodies = Vec::new();
    for section in SECTIONS {
        if let Some(content) = (section.content)(report, learners) {
            let body = environment.template_from_named_str(section.name, section.template)?.render(content)?;
            bodies.push(context! { id => section.id, title => section.title, folded => section.folded, body => body });
        }
    }
    let version = report.versions.get("evenhand");
    let made_by = version.map_or_else(String::new, |version| format!(" {version}"));
    let rule = policy::page_rule(&format!("Evenhand{made_by} · report sha256 {}…", &sha256[..8]), &shorten(&report.title, 60));
    let style = format!("{BASE}{rule}\n{DRAWINGS}{STYLE}");
    let page = context! {
        title => report.title.clone(),
        kind => telling::kind(report),
        everything => telling::everything(report),
        date => report.particulars.as_ref().and_then(|given| given.audit_date.clone()).unwrap_or_else(|| "date not given".to_owned()),
        mark => markup::MARK,
        policy => policy::policy(&style, Some(SCRIPT)),
        style => style,
        script => SCRIPT,
        sections => bodies,
        version => version,
        format => report.format,
        digest => sha256,
    };
    Ok(environment.get_template("page.html")?.render(page)?)
}

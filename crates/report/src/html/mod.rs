//! One self-contained page from a report: opens offline, needs no script, prints, follows the reader's light or dark scheme.
//!
//! Each section is one file in `sections/` and one template in `templates/sections/`; a section that has nothing to say is left
//! out. Every text of the user is escaped: by the template engine on the page, by the writer of SVG inside pictures.

mod charts;
mod grid;
mod markup;
mod policy;
mod sections;
mod summary;

use evenhand_catalog::Card;
use minijinja::{Environment, context};

use crate::document::Report;
use crate::error::ReportError;
use sections::SECTIONS;

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

const STYLE: &str = include_str!("../../templates/page.css");

/// The page of a report. The same report gives the same bytes. `learners`: cards of methods by which the learners that judge made rows are explained; without
/// them the page explains its metrics alone.
pub fn render(report: &Report, learners: &[&'static Card]) -> Result<String, ReportError> {
    Ok(page(report, learners)?)
}

fn page(report: &Report, learners: &[&'static Card]) -> Result<String, HtmlError> {
    let mut environment = Environment::new();
    environment.add_template("page.html", include_str!("../../templates/page.html"))?;
    environment.add_template("parts.html", include_str!("../../templates/parts.html"))?;
    let mut bodies = Vec::new();
    for section in SECTIONS {
        if let Some(content) = (section.content)(report, learners) {
            let body = environment.template_from_named_str(section.name, section.template)?.render(content)?;
            bodies.push(context! { id => section.id, title => section.title, body => body });
        }
    }
    let page = context! {
        title => report.title.clone(),
        style => STYLE,
        sections => bodies,
        version => report.versions.get("evenhand").cloned(),
        format => report.format,
    };
    Ok(environment.get_template("page.html")?.render(page)?)
}

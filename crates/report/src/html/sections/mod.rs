//! The page's sections in reading order. A new one is a file here, a template, and two lines below.

mod data;
mod dependence;
mod disparity;
mod extraction;
mod glossary;
mod groups;
mod latent;
mod law;
mod limits;
mod methods;
mod modalities;
mod notes;
mod particulars;
mod recipe;
mod selections;
mod shortlists;
mod strata;
mod summary;
mod synthesis;
mod tradeoff;
mod training;
mod undefined;

use evenhand_catalog::Card;
use minijinja::Value;

use crate::document::Report;

/// Cards of methods by which learners are explained.
pub(super) type Learners<'a> = &'a [&'static Card];

/// One section of the page.
pub(super) struct Section {
    /// Anchor.
    pub(super) id: &'static str,
    /// Heading.
    pub(super) title: &'static str,
    /// Whether it is shut until somebody asks for it.
    pub(super) folded: bool,
    /// Name of the template; its ending turns escaping on.
    pub(super) name: &'static str,
    /// The template.
    pub(super) template: &'static str,
    /// What the template shows; `None` leaves the section out.
    pub(super) content: fn(&Report, Learners<'_>) -> Option<Value>,
}

/// All sections.
pub(super) const SECTIONS: &[Section] = &[
    summary::SECTION,
    limits::SECTION,
    selections::SECTION,
    strata::SECTION,
    law::SECTION,
    methods::SECTION,
    tradeoff::SECTION,
    shortlists::SECTION,
    groups::SECTION,
    notes::SECTION,
    dependence::SECTION,
    modalities::SECTION,
    latent::SECTION,
    training::SECTION,
    disparity::SECTION,
    synthesis::SECTION,
    extraction::SECTION,
    undefined::SECTION,
    data::SECTION,
    glossary::SECTION,
    particulars::SECTION,
    recipe::SECTION,
];

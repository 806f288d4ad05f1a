//! The page's sections in reading order. A new one is a file here, a template, and two lines below.

mod data;
mod dependence;
mod disparity;
mod extraction;
mod glossary;
mod groups;
mod latent;
mod methods;
mod modalities;
mod recipe;
mod shortlists;
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
    data::SECTION,
    extraction::SECTION,
    synthesis::SECTION,
    methods::SECTION,
    tradeoff::SECTION,
    shortlists::SECTION,
    groups::SECTION,
    dependence::SECTION,
    modalities::SECTION,
    latent::SECTION,
    training::SECTION,
    disparity::SECTION,
    undefined::SECTION,
    glossary::SECTION,
    recipe::SECTION,
];

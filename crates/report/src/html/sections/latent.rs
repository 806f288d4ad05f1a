//! The embeddings of each method's first run in two dimensions.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::html::charts::{Figure, latent};
use crate::lookup;

pub(super) const SECTION: Section = Section {
    id: "latent",
    title: "Embeddings",
    folded: true,
    name: "sections/figures.html",
    template: include_str!("../../../templates/sections/figures.html"),
    content,
};

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let figures: Vec<Figure> = report
        .methods
        .iter()
        .filter_map(|method| Some((method, method.runs.first()?.latent.as_ref()?)))
        .filter(|(_, plot)| !plot.points.is_empty())
        .map(|(method, plot)| {
            latent::figure(&format!("{}, by {}", method.name, plot.attribute), plot, &lookup::groups(report, &plot.attribute))
        })
        .collect();
    let lead = "The first two principal components of the last hidden layer, for test rows of each method's first run. Where the groups' \
                centroids lie apart within one score band, the layer still tells the groups apart.";
    (!figures.is_empty()).then(|| context! { lead => lead, rows => vec![context! { class => "pair", figures => figures }] })
}

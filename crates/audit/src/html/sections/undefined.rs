//! Everything that could not be estimated, once for each reason, with how often and where.

use minijinja::{Value, context};

use super::Section;
use crate::lookup;
use crate::numbers::count;
use crate::report::Report;

pub(super) const SECTION: Section = Section {
    id: "undefined",
    title: "Not estimable",
    name: "sections/undefined.html",
    template: include_str!("../../../templates/sections/undefined.html"),
    content,
};

/// Places named for each reason.
const MOST_PLACES: usize = 6;

fn content(report: &Report) -> Option<Value> {
    let mut reasons: Vec<(&str, usize, Vec<String>)> = Vec::new();
    let found = lookup::estimates(report);
    for found in &found {
        let Some(reason) = found.estimate.reason() else { continue };
        match reasons.iter_mut().find(|(known, ..)| *known == reason) {
            Some((_, times, places)) => {
                *times += 1;
                if !places.contains(&found.place) {
                    places.push(found.place.clone());
                }
            }
            None => reasons.push((reason, 1, vec![found.place.clone()])),
        }
    }
    let rows: Vec<Value> = reasons
        .into_iter()
        .map(|(reason, times, places)| {
            let more = places.len().saturating_sub(MOST_PLACES);
            context! { reason => reason, times => count(times), places => places.into_iter().take(MOST_PLACES).collect::<Vec<_>>(), more => more }
        })
        .collect();
    (!rows.is_empty()).then(|| context! { rows => rows })
}

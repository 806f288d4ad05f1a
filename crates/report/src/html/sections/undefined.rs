//! Everything that could not be estimated, once for each reason, with how often and where.

use minijinja::{Value, context};

use super::{Learners, Section};
use crate::document::Report;
use crate::lookup;
use crate::numbers::{count, counted};

pub(super) const SECTION: Section = Section {
    id: "undefined",
    title: "Not estimable",
    folded: true,
    name: "sections/undefined.html",
    template: include_str!("../../../templates/sections/undefined.html"),
    content,
};

/// Places named for each reason.
const MOST_PLACES: usize = 6;

fn content(report: &Report, _: Learners<'_>) -> Option<Value> {
    let found = lookup::estimates(report);
    let mut reasons: Vec<(&str, usize, Vec<Numbers>)> = Vec::new();
    for found in &found {
        let Some(reason) = found.estimate.reason() else { continue };
        let (what, of) = split(&found.place);
        if !reasons.iter().any(|(known, ..)| *known == reason) {
            reasons.push((reason, 0, Vec::new()));
        }
        let Some((_, times, numbers)) = reasons.iter_mut().find(|(known, ..)| *known == reason) else { continue };
        *times += 1;
        match numbers.iter_mut().find(|one| one.what == what) {
            // The same number of another run is the same place.
            Some(one) if !one.of.contains(&of) => one.of.push(of),
            Some(_) => {}
            None => numbers.push(Numbers { what, of: vec![of], place: &found.place }),
        }
    }
    let rows: Vec<Value> = reasons
        .into_iter()
        .map(|(reason, times, numbers)| {
            let more = numbers.len().saturating_sub(MOST_PLACES);
            let places: Vec<String> = numbers.iter().take(MOST_PLACES).map(Numbers::told).collect();
            context! { reason => reason, times => count(times), places => places, more => more }
        })
        .collect();
    (!rows.is_empty()).then(|| context! { rows => rows })
}

/// A number that is undefined for one reason, of all groups or of some.
struct Numbers<'a> {
    /// Which number.
    what: &'a str,
    /// Of which groups, or groups against others; empty for the number of all.
    of: Vec<&'a str>,
    /// Where the first of them stands.
    place: &'a str,
}

impl Numbers<'_> {
    fn told(&self) -> String {
        match self.of.as_slice() {
            [_] => self.place.to_owned(),
            // Not a group: the number of all.
            many if many.contains(&"") => format!("{} and {}", self.what, counted(many.len() - 1, "group")),
            many => format!("{} ({})", self.what, counted(many.len(), "group")),
        }
    }
}

/// Where a number stands, apart from the group it is about.
fn split(place: &str) -> (&str, &str) {
    if let Some((what, group)) = place.split_once(" = ") {
        return (what, group);
    }
    // `metric, group against others`
    let against = place.find(" against ").and_then(|end| place[..end].find(", "));
    against.map_or((place, ""), |comma| (&place[..comma], &place[comma + 2..]))
}

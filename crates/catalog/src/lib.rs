//! What a metric, a method or a corpus says of itself, and how it is found by its id.
//!
//! Every registry of the project (`LOADERS`, `METRICS`, `REBALANCERS`, `OBJECTIVES`) is a constant array whose entries carry a
//! [`Card`]. Command-line help, recipe errors, generated documentation, report legends and the contract tests read nothing else.
//!
//! This crate does no IO, prints nothing and knows no clock and no randomness.

mod card;
pub mod limits;
mod nearest;
mod parameters;

pub use card::{Card, Direction, Kind, READS_THE_GROUP};
pub use nearest::{did_you_mean, meant_as_percent, nearest};
pub use parameters::{Allowed, CatalogError, Literal, Parameter, Parameters, Value};

/// A registry's line: the card of a method and the function that builds it from checked parameters.
///
/// ```
/// use std::collections::BTreeMap;
/// use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter, Parameters, Value, find};
///
/// static CARD: Card = Card {
///     id: "cut",
///     name: "Cut",
///     kind: Kind::Repair,
///     summary: "Decides by a threshold.",
///     formula: "s > t",
///     fair_value: None,
///     range: "",
///     direction: Direction::Describes,
///     source: "textbook",
///     parameters: &[Parameter {
///         name: "threshold",
///         default: Literal::Number(0.5),
///         allowed: Allowed::Between(0.0, 1.0),
///         purpose: "t",
///     }],
/// };
/// type Cut = dyn Fn(f64) -> bool;
/// const CUTS: &[Entry<Cut>] = &[Entry {
///     card: &CARD,
///     build: |parameters| {
///         let threshold = parameters.number("threshold");
///         Ok(Box::new(move |score| score > threshold))
///     },
/// }];
///
/// // Somebody names the method and gives what differs from its defaults.
/// let entry = find(CUTS, "cut")?;
/// let given = BTreeMap::from([("threshold".to_owned(), Value::Number(0.7))]);
/// let cut = (entry.build)(&Parameters::resolve(entry.card, &given)?)?;
/// assert!(cut(0.8) && !cut(0.6));
/// assert!(find(CUTS, "cat").is_err_and(|error| error.to_string().contains("did you mean `cut`?")));
/// # Ok::<(), evenhand_catalog::CatalogError>(())
/// ```
#[derive(Debug)]
pub struct Entry<T: ?Sized> {
    /// What the method says of itself.
    pub card: &'static Card,
    /// Builds the method. The parameters were resolved against `card` (all present, inside their ranges); a builder may still
    /// refuse a combination of them.
    pub build: fn(&Parameters) -> Result<Box<T>, CatalogError>,
}

/// Finds the entry with this id, or says which ids come nearest.
pub fn find<'a, T: ?Sized>(entries: &'a [Entry<T>], id: &str) -> Result<&'a Entry<T>, CatalogError> {
    entries.iter().find(|entry| entry.card.id == id).ok_or_else(|| unknown_id(id, entries.iter().map(|entry| entry.card)))
}

/// The error for an id that no card of the registry has: names the nearest one and all known ones.
pub fn unknown_id<'a>(id: &str, cards: impl Iterator<Item = &'a Card>) -> CatalogError {
    let known: Vec<&str> = cards.map(|card| card.id).collect();
    CatalogError::UnknownId { id: id.to_owned(), nearest: nearest(id, known.iter().copied()).map(str::to_owned), known: known.join(", ") }
}

//! Gate 1: what can be done to the training rows before a model sees them.
//!
//! A [`Rebalancer`] takes rows and returns rows: it repeats, leaves out or weighs, and changes no other value. [`REBALANCERS`] lists them all.
//! A [`Synthesiser`](synthesis::Synthesiser) learns a table and makes rows like it: [`balanced`] asks it for as many of each group and
//! label as are wanted, [`quality`] says how like the real rows they are and how near to single ones.

mod alignment;
pub mod balanced;
mod cells;
mod ctgan;
mod gaussian_copula;
mod methods;
pub mod quality;
pub mod rules;
pub mod shares;
pub mod synthesis;

use std::fmt;

use evenhand_catalog::{Card, CatalogError};
use evenhand_rows::Dataset;
use rand::Rng;

pub use methods::REBALANCERS;

/// A method of gate 1: rows in, rows out.
///
/// ```
/// use std::collections::BTreeMap;
/// use evenhand_catalog::{Parameters, find};
/// use evenhand_rebalance::REBALANCERS;
/// use evenhand_rows::{Dataset, Groups, Label, LabelKind, Scale};
/// use rand::SeedableRng;
///
/// // Two of four men were hired, and one of four women.
/// let groups = ["m", "m", "m", "m", "w", "w", "w", "w"];
/// let data = Dataset {
///     label: Some(Label { name: "hired".into(), kind: LabelKind::Binary, values: vec![1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0], scale: Scale::default() }),
///     sensitive: vec![Groups::from_texts("gender", groups.map(Some).into_iter())],
///     rows: (1..=8).collect(),
///     ..Dataset::default()
/// };
/// let entry = find(REBALANCERS, "reweighing")?;
/// let method = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)?;
/// let balanced = method.rebalance(&data, "gender", &mut rand_chacha::ChaCha8Rng::seed_from_u64(1))?;
/// let weights = balanced.weights.unwrap_or_default();
/// // 3 of 8 were hired: hired men weigh (4/8 x 3/8) / (2/8), hired women twice that.
/// assert!((weights[0] - 0.75).abs() < 1e-12 && (weights[4] - 1.5).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Rebalancer: fmt::Debug + Send + Sync {
    /// What the method says of itself.
    fn card(&self) -> &'static Card;

    /// Returns the balanced training rows. `attribute` names the sensitive attribute to balance; rows of unknown group stay untouched.
    fn rebalance(&self, data: &Dataset, attribute: &str, rng: &mut dyn Rng) -> Result<Dataset, RebalanceError>;
}

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RebalanceError {
    /// There is nothing to balance.
    #[error(
        "`{method}` needs rows of two groups of `{attribute}`, the training rows have {}; choose another attribute or check how its \
         column is read",
        found(groups)
    )]
    TooFewGroups {
        /// Id of the method.
        method: &'static str,
        /// The sensitive attribute.
        attribute: String,
        /// The groups that have rows.
        groups: Vec<String>,
    },
    /// A group has no row that could be repeated.
    #[error(
        "`{method}`: group `{group}` of `{attribute}` has no training row with a label {} {threshold}, so none can be {}; move \
         `threshold`, join the group with another, or take it out of the training rows",
        if *high { "of at least" } else { "below" },
        if *method == "reweighing" { "weighed" } else { "repeated" }
    )]
    EmptyCell {
        /// Id of the method.
        method: &'static str,
        /// The sensitive attribute.
        attribute: String,
        /// The group.
        group: String,
        /// Whether the favourable side is the empty one.
        high: bool,
        /// The dividing label.
        threshold: f64,
    },
    /// The label histograms have no bin in common.
    #[error(
        "`score-histogram`: no label bin of {bins} holds rows of every group of `{attribute}`, so that nothing would be left; use fewer \
         `bins` or join small groups"
    )]
    NoOverlap {
        /// The sensitive attribute.
        attribute: String,
        /// Number of bins.
        bins: usize,
    },
    /// The privileged group cannot take the shape of the others.
    #[error(
        "`score-histogram`: group `{group}` of `{attribute}` has no training row with a label in {bin} while the others have {others}; use \
         fewer `bins`, or leave `privileged` out so that every group may be thinned"
    )]
    EmptyBin {
        /// The sensitive attribute.
        attribute: String,
        /// The privileged group.
        group: String,
        /// The bin as an interval.
        bin: String,
        /// Rows of the other groups there.
        others: usize,
    },
    /// `privileged` names no group with rows.
    #[error("`score-histogram`: privileged = \"{group}\" is no group of `{attribute}` with training rows; those are {}", found(groups))]
    UnknownGroup {
        /// The sensitive attribute.
        attribute: String,
        /// The name as given.
        group: String,
        /// The groups that have rows.
        groups: Vec<String>,
    },
    /// The data has no such attribute.
    #[error("no sensitive attribute `{name}` in the training rows; known are: {known}")]
    UnknownAttribute {
        /// The name as given.
        name: String,
        /// Known attributes, joined by commas.
        known: String,
    },
    /// The data has no label.
    #[error(
        "`{method}` balances groups by their labels and the data has none; name its column (`label`), in a recipe \
         under `[data.label]`"
    )]
    NoLabel {
        /// Id of the method.
        method: &'static str,
    },
    /// The wanted shares are not shares, or cannot be had.
    #[error("`{method}`: shares of `{attribute}`: {reason}")]
    Shares {
        /// Id of the method, or `balance`.
        method: &'static str,
        /// The sensitive attribute or column.
        attribute: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A table that cannot be learned from or compared.
    #[error("the table cannot be used: {reason}")]
    BadTable {
        /// What is wrong and what to do.
        reason: String,
    },
    /// Rows were asked for that the table's categories do not know.
    #[error("the wanted rows cannot be made: {reason}")]
    BadCondition {
        /// What is wrong and what to do.
        reason: String,
    },
    /// Rows with the wanted categories come too seldom.
    #[error(
        "`{method}`: only {made} of {wanted} rows with {conditions} were made in {tried} tries (accepted: {:.4} %); the combination hardly \
         occurs in the training rows: ask for fewer such rows, or join categories",
        100.0 * *made as f64 / (*tried).max(1) as f64
    )]
    Unmet {
        /// Id of the method.
        method: &'static str,
        /// The conditions in words.
        conditions: String,
        /// Rows asked for.
        wanted: usize,
        /// Rows made.
        made: usize,
        /// Rows tried.
        tried: usize,
    },
    /// Nearly every row made is a training row.
    #[error(
        "{copies} of {tried} rows made with {conditions} are exact copies of training rows or of real rows kept from the method, so that only {made} of {wanted} are left; the \
         columns have few combinations, or the method has learned rows by heart: add columns, ask for fewer rows, or keep the copies"
    )]
    Copies {
        /// The conditions in words.
        conditions: String,
        /// Rows asked for.
        wanted: usize,
        /// Rows left.
        made: usize,
        /// Rows made.
        tried: usize,
        /// Exact copies among them.
        copies: usize,
    },
    /// Whoever watches the fit asked to stop.
    #[error("stopped before the fit was finished; the same command goes on where it stopped")]
    Stopped,
    /// A table cannot be learned, or rows cannot be made as asked.
    #[error("`{method}`: {reason}")]
    Unusable {
        /// Id of the method.
        method: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Too few of the rows made meet the conditions.
    #[error(
        "`{method}`: {accepted} of {made} rows made meet {conditions} ({:.4} %), {wanted} were wanted; raise `max_tries`, drop a condition, \
         train longer, or learn from more rows that meet it",
        100.0 * *accepted as f64 / (*made).max(1) as f64
    )]
    ConditionsTooRare {
        /// Id of the method.
        method: &'static str,
        /// The conditions.
        conditions: String,
        /// Rows wanted.
        wanted: usize,
        /// Rows that met the conditions.
        accepted: usize,
        /// Rows made.
        made: usize,
    },
    /// Kept bytes do not belong here. Where they lie is known to whoever kept them.
    #[error("`{method}`: {reason}; whoever kept it must remove it to start anew")]
    ForeignState {
        /// Id of the method.
        method: &'static str,
        /// What does not fit.
        reason: &'static str,
    },
    /// An id or parameter was refused.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn found(groups: &[String]) -> String {
    match groups {
        [] => "none".to_owned(),
        groups => groups.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(", "),
    }
}

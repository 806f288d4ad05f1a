//! `[method.synthesise]`: rows made in the place of the training rows.

use evenhand_catalog::Card;
use evenhand_catalog::limits::MADE_ROWS;
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::SYNTHESISERS;
use serde::{Deserialize, Serialize};

use crate::settings::Choice;

/// `synthesise` of a method: rows made in the place of the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynthesisSection {
    /// The synthesiser.
    pub method: Choice,
    /// Rows to make; default: as many as there are training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Wanted share of each group: `equal`, `found` or shares by name.
    #[serde(default = "equal")]
    pub groups: String,
    /// Wanted share of each value of a binary label, in every group: `equal`, `found` or shares such as `1=0.3`.
    #[serde(default = "equal")]
    pub labels: String,
    /// Keeps made rows that equal a training row.
    #[serde(default)]
    pub keep_copies: bool,
    /// Rows whose distances to real ones are measured, at most.
    #[serde(default = "usual_compared")]
    pub compared: usize,
}

fn equal() -> String {
    "equal".to_owned()
}

fn usual_compared() -> usize {
    10_000
}

impl SynthesisSection {
    /// Checks the shares and fills in the synthesiser's parameters.
    pub(super) fn resolve(&mut self) -> Result<&'static Card, String> {
        for (key, shares) in [("groups", &self.groups), ("labels", &self.labels)] {
            Shares::parse(shares).map_err(|reason| format!("synthesise.{key}: {reason}"))?;
        }
        MADE_ROWS.check(self.rows.unwrap_or_default() as u64).map_err(|beyond| format!("synthesise: {beyond}"))?;
        if self.rows == Some(0) || self.compared == 0 {
            return Err("synthesise: `rows` and `compared` must be at least 1".to_owned());
        }
        self.method.resolve(SYNTHESISERS).map_err(|error| error.to_string())
    }
}

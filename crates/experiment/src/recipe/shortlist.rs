//! `[shortlist]`: the lists that are made of the test rows' scores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use evenhand_audit::rank::Wanted;

/// `[shortlist]`: the lists that are made of the test rows' scores, one a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShortlistSection {
    /// Places of a shortlist.
    pub top: usize,
    /// Wanted share of each group of the first attribute: `equal`, `pool` (its share of the applicants), or a share by group.
    pub target: Wanted,
    /// Targets of single jobs, by the name of the job.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: BTreeMap<String, Wanted>,
}

impl Default for ShortlistSection {
    fn default() -> Self {
        ShortlistSection { top: 25, target: Wanted::default(), jobs: BTreeMap::new() }
    }
}

impl ShortlistSection {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.top == 0 {
            return Err("[shortlist] top = 0: a shortlist needs at least one place".to_owned());
        }
        let all = std::iter::once(&self.target).chain(self.jobs.values());
        all.into_iter().try_for_each(|wanted| wanted.check().map_err(|error| format!("[shortlist]: {error}")))
    }
}

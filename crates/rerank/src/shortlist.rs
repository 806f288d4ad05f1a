use evenhand_rows::UNKNOWN;

use crate::RerankError;

/// The candidates for one job, borrowed from whoever holds them. Candidates are numbered by their position.
#[derive(Debug, Clone, Copy)]
pub struct Shortlist<'a> {
    scores: &'a [f64],
    groups: &'a [u32],
    levels: &'a [String],
}

impl<'a> Shortlist<'a> {
    /// Joins the columns: `scores` finite, higher is better; `groups` an index into `levels` each, or [`UNKNOWN`]. The list may be empty.
    pub fn new(scores: &'a [f64], groups: &'a [u32], levels: &'a [String]) -> Result<Self, RerankError> {
        const LIMIT: usize = i32::MAX as usize - 1;
        if scores.len() != groups.len() {
            return Err(RerankError::Lengths { scores: scores.len(), what: "groups", other: groups.len() });
        }
        if scores.len() > LIMIT {
            return Err(RerankError::TooManyCandidates { candidates: scores.len(), limit: LIMIT });
        }
        if let Some((candidate, &score)) = scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
            return Err(RerankError::BadScore { candidate, score });
        }
        let named = |code: u32| code == UNKNOWN || (code as usize) < levels.len();
        if let Some((candidate, &code)) = groups.iter().enumerate().find(|(_, code)| !named(**code)) {
            return Err(RerankError::BadGroup { candidate, code, levels: levels.len() });
        }
        Ok(Shortlist { scores, groups, levels })
    }

    /// Score of each candidate, finite; higher is better.
    pub fn scores(&self) -> &'a [f64] {
        self.scores
    }

    /// Group of each candidate: an index into the levels, or [`UNKNOWN`].
    pub fn groups(&self) -> &'a [u32] {
        self.groups
    }

    /// Names of the groups.
    pub fn levels(&self) -> &'a [String] {
        self.levels
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// True when there are no candidates.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Candidates of each group; those of unknown group are not counted.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.levels.len()];
        for &code in self.groups.iter().filter(|&&code| code != UNKNOWN) {
            sizes[code as usize] += 1;
        }
        sizes
    }
}

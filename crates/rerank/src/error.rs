use evenhand_catalog::did_you_mean;

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RerankError {
    /// Columns of different lengths.
    #[error("{scores} scores but {other} {what}; every candidate needs one of each")]
    Lengths {
        /// Number of scores.
        scores: usize,
        /// What there should be as many of.
        what: &'static str,
        /// Their number.
        other: usize,
    },
    /// A score that cannot be ranked.
    #[error("the score of candidate {} is {score}, which has no rank; leave the candidate out or give a finite score", candidate + 1)]
    BadScore {
        /// Position of the candidate in the list.
        candidate: usize,
        /// The score.
        score: f64,
    },
    /// A group code without a name.
    #[error("candidate {} has the group code {code}, but there are {levels} groups", candidate + 1)]
    BadGroup {
        /// Position of the candidate in the list.
        candidate: usize,
        /// The code.
        code: u32,
        /// Number of groups.
        levels: usize,
    },
    /// More candidates in one list than can be numbered.
    #[error("{candidates} candidates in one list; at most {limit} can be ranked at once")]
    TooManyCandidates {
        /// Number of candidates.
        candidates: usize,
        /// The most there may be.
        limit: usize,
    },
    /// Shares of other groups than those of the list.
    #[error("{shares} wanted shares for {levels} groups; give each group of the list one")]
    ShareCount {
        /// Number of shares.
        shares: usize,
        /// Number of groups.
        levels: usize,
    },
    /// A share that is not one.
    #[error("the wanted share of `{group}` is {share}; it must lie in [0, 1]")]
    BadShare {
        /// The group.
        group: String,
        /// The share.
        share: f64,
    },
    /// Shares that do not add up.
    #[error("the wanted shares add up to {sum}; they must add up to 1")]
    SharesSum {
        /// Their sum.
        sum: f64,
    },
    /// A share for a group that the list does not know.
    #[error("a share is wanted of `{group}`, which is no group of the list{}; the groups are {known}", hint(group, known))]
    UnknownGroup {
        /// The name as given.
        group: String,
        /// The groups of the list.
        known: String,
    },
    /// A group without a share.
    #[error("no share is wanted of `{group}`; give every group of the list a share, 0 where none is wanted")]
    MissingShare {
        /// The group.
        group: String,
    },
    /// A group with two shares.
    #[error("`{group}` has two wanted shares; keep one")]
    RepeatedShare {
        /// The group.
        group: String,
    },
    /// A list that the method cannot make.
    #[error("`{method}` ranks lists of up to {limit} places, not of {length}; ask for a shorter list, or take another method")]
    TooLong {
        /// Id of the method.
        method: &'static str,
        /// Places wanted.
        length: usize,
        /// The longest list.
        limit: usize,
    },
    /// A linear program without a solution.
    #[error("`{method}`: {reason}")]
    Program {
        /// Id of the method.
        method: &'static str,
        /// What happened and what to do.
        reason: &'static str,
    },
    /// A weight that is none.
    #[error("the weight of row {} is {weight}; weights must be finite and not negative", row + 1)]
    BadWeight {
        /// Position of the row.
        row: usize,
        /// The weight.
        weight: f64,
    },
    /// A repair that learns from labels was given none.
    #[error("`{method}` is fitted on labels, and the rows have none; name the label column")]
    NoLabels {
        /// Id of the method.
        method: &'static str,
    },
    /// There is nothing to even out.
    #[error(
        "`{method}` needs rows of two groups, the rows to fit on have {}; choose another attribute or check how its column is read",
        found(groups)
    )]
    TooFewGroups {
        /// Id of the method.
        method: &'static str,
        /// The groups that have rows.
        groups: Vec<String>,
    },
    /// A rate that does not exist cannot be made equal.
    #[error(
        "`{method}`: group `{group}` has no row {} the favourable label among the rows to fit on, so its rate of {} positives does not \
         exist; fit on more rows, join the group with another, or take demographic-parity",
        if *favourable { "with" } else { "without" },
        if *favourable { "true" } else { "false" }
    )]
    OneLabel {
        /// Id of the method.
        method: &'static str,
        /// The group.
        group: String,
        /// Whether the favourable label is the one that is missing.
        favourable: bool,
    },
    /// Scores of a group that the repair has not seen.
    #[error(
        "the repair was not fitted on group `{group}`, only on {known}; fit it on rows of that group, too, or mark its candidates as unknown"
    )]
    UnfittedGroup {
        /// The group.
        group: String,
        /// The fitted ones.
        known: String,
    },
    /// A fit that was not made by this crate, or was changed afterwards.
    #[error("the fit of `{method}` is damaged: {what}; fit it again")]
    BadFit {
        /// Id of the method.
        method: &'static str,
        /// What does not hold.
        what: &'static str,
    },
}

fn found(groups: &[String]) -> String {
    if groups.is_empty() { "none".to_owned() } else { groups.iter().map(|group| format!("`{group}`")).collect::<Vec<_>>().join(", ") }
}

fn hint(word: &str, known: &str) -> String {
    did_you_mean(word, known.split(", "))
}

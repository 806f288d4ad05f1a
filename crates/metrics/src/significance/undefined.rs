//! Why a number does not exist, and a number with its interval.

/// Why a number does not exist for these counts. Groups are numbered from 0 in the fields, from 1 in the sentence.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Undefined {
    /// Nothing to compare with.
    #[error("fewer than two groups are compared")]
    FewGroups,
    /// A group without candidates has no rate.
    #[error("group {} has no candidates", group + 1)]
    EmptyGroup {
        /// Place of the group among those given.
        group: usize,
    },
    /// Without any selection all rates are 0.
    #[error("nobody was selected in any group")]
    NobodySelected,
    /// Without any rejection all rates are 1.
    #[error("everybody was selected in every group")]
    EverybodySelected,
    /// A ratio whose denominator is 0, or the logarithm of 0.
    #[error("nobody of group {} was selected", group + 1)]
    NobodySelectedOf {
        /// Place of the group among those given.
        group: usize,
    },
    /// Odds whose denominator is 0, or the logarithm of 0.
    #[error("everybody of group {} was selected", group + 1)]
    EverybodySelectedOf {
        /// Place of the group among those given.
        group: usize,
    },
    /// No stratum tells the groups apart.
    #[error("no stratum has candidates of both groups of whom some but not all were selected")]
    NoInformativeStratum,
    /// Strata cannot differ when there is only one.
    #[error("fewer than two strata have candidates of both groups of whom some but not all were selected")]
    OneInformativeStratum,
    /// A sum over strata in a denominator is 0.
    #[error("in every stratum with candidates of both groups, nobody of the reference was selected or everybody of the group was")]
    InfiniteOddsRatio,
    /// The logarithm of 0, or a common odds ratio of 0 that leaves no expected counts.
    #[error("in every stratum with candidates of both groups, nobody of the group was selected or everybody of the reference was")]
    ZeroOddsRatio,
    /// A sum of squared weights that is 0.
    #[error("the estimated variance is 0, so that an interval would have no width")]
    NoVariance,
    /// More than the exact computation takes.
    #[error("{n} candidates are more than the {most} for which this is computed exactly")]
    TooLarge {
        /// Candidates given.
        n: u64,
        /// Candidates that it is computed for.
        most: u64,
    },
    /// A rate, a level or a power that is no probability.
    #[error("{name} = {value} is no probability that can be used here")]
    NotAProbability {
        /// What it is.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A ratio of two integers that is not in (0, 1].
    #[error("a limit of {numerator}/{denominator} is not above 0 and at most 1")]
    NotALimit {
        /// Its numerator.
        numerator: u32,
        /// Its denominator.
        denominator: u32,
    },
    /// The group has the higher rate, or the same.
    #[error("the rate of the group is not below the reference's")]
    NotBelow,
    /// Not even the largest gap would be found.
    #[error("even a rate of 0 would be found with a power of only {power:.3}")]
    TooFewCandidates {
        /// The power at a rate of 0.
        power: f64,
    },
}

/// A number that exists, and its interval where that exists too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The point estimate.
    pub value: f64,
    /// Lower and upper end of its interval, or why there is none.
    pub interval: Result<(f64, f64), Undefined>,
}

//! Ceilings of sizes that a file, a flag or a recipe may state, in one place. A size is compared before memory is asked for.

use thiserror::Error;

/// A ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Kebab-case id, as errors and `docs/limits.md` name it.
    pub id: &'static str,
    /// What is counted, in the plural.
    pub of: &'static str,
    /// The most there may be.
    pub most: u64,
    /// Why there is a ceiling, and why it lies there.
    pub why: &'static str,
}

/// A size beyond its ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given} {} are more than the limit `{}` allows, {}; give fewer", limit.of, limit.id, limit.most)]
pub struct BeyondLimit {
    /// The size as stated.
    pub given: u64,
    /// Its ceiling.
    pub limit: Limit,
}

impl Limit {
    /// Refuses a size beyond the ceiling.
    ///
    /// ```
    /// use evenhand_catalog::limits::REPLICATES;
    ///
    /// assert!(REPLICATES.check(1000).is_ok());
    /// let refused = REPLICATES.check(10_000_000_000).unwrap_err();
    /// assert!(refused.to_string().contains("the limit `replicates` allows, 1000000"));
    /// ```
    pub fn check(&self, given: u64) -> Result<(), BeyondLimit> {
        if given <= self.most { Ok(()) } else { Err(BeyondLimit { given, limit: *self }) }
    }
}

/// Replicates of intervals.
pub const REPLICATES: Limit = Limit {
    id: "replicates",
    of: "replicates of intervals",
    most: 1_000_000,
    why: "each is held as a number for every metric and group until the percentiles are taken",
};
/// Permutations of p-values.
pub const PERMUTATIONS: Limit =
    Limit { id: "permutations", of: "permutations", most: 10_000_000, why: "the smallest p-value that can be told is one in as many" };
/// Folds of cross-validation.
pub const FOLDS: Limit = Limit { id: "folds", of: "folds", most: 1000, why: "each is a training run, and a part of the rows" };
/// Seeds of a recipe.
pub const SEEDS: Limit = Limit { id: "seeds", of: "seeds", most: 10_000, why: "each is a training run of every method" };
/// Trained numbers of a network.
pub const WEIGHTS: Limit = Limit {
    id: "weights",
    of: "weights of the network",
    most: 100_000_000,
    why: "training holds four numbers for each; these are tables of candidates and short recordings",
};
/// Rows that a synthesiser makes.
pub const MADE_ROWS: Limit =
    Limit { id: "made-rows", of: "rows to be made", most: 50_000_000, why: "they are held in memory until all of them stand" };

/// All of them, for `docs/limits.md`.
pub const LIMITS: &[Limit] = &[REPLICATES, PERMUTATIONS, FOLDS, SEEDS, WEIGHTS, MADE_ROWS];

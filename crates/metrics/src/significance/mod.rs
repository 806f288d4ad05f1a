//! How much of a difference between groups chance alone could make, and what it comes to in persons: counts in, exact where that is possible.
//!
//! Every group is a [`Counted`]: so many of so many were selected. What two groups differ by: [`fisher_exact`], [`two_proportions`],
//! [`odds_ratio`], [`ratio_of_proportions`]; what many groups differ by: [`chi_squared`]; what groups differ by within strata such as jobs:
//! [`mantel_haenszel`]. Several tests at once: [`holm`]. What tests of so many candidates can find: [`power`], [`smallest_gap`]. In persons:
//! [`shortfall_to_overall`], [`shortfall_to_ratio`], [`one_moved`]. Impact ratios as fractions: [`impact_ratios`], [`scoring`],
//! [`unknown_bounds`].
//!
//! A number that does not exist is [`Undefined`] with its reason; nothing here is NaN or infinite.

mod counted;
mod fisher;
mod flip;
mod fraction;
mod holm;
mod impact;
mod mantel_haenszel;
mod normal;
mod odds_ratio;
mod power;
mod ratio;
mod shortfall;
mod two_proportions;
mod undefined;
mod unknown_bounds;

pub use counted::Counted;
pub use fisher::{Alternative, fisher_exact};
pub use flip::{Flip, Standing, one_moved};
pub use fraction::Fraction;
pub use holm::holm;
pub use impact::{CategoryImpact, ImpactRatios, Scoring, impact_ratios, scoring};
pub use mantel_haenszel::{MantelHaenszel, Stratum, Uninformative, mantel_haenszel};
pub use odds_ratio::{haldane_anscombe, odds_ratio};
pub use power::{SmallestGap, power, smallest_gap};
pub use ratio::ratio_of_proportions;
pub use shortfall::{shortfall_to_overall, shortfall_to_ratio};
pub use two_proportions::{ChiSquared, TwoProportions, chi_squared, two_proportions};
pub use undefined::{Measured, Undefined};
pub use unknown_bounds::{ImpactBounds, unknown_bounds};

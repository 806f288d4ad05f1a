//! Discounted cumulative gain of one job.
//!
//! ```text
//! DCG@k = sum over ranks i = 1..k of gain_i / log2(1 + i)        NDCG@k = DCG@k / DCG@k of the order of falling gains
//! ```
//!
//! The ideal order is that of the whole pool. Gains are finite and not negative; NDCG does not exist when all of them are 0.

use crate::job_means::{Missing, Value};
use crate::rankings::Job;

pub(crate) const NO_LABELS: Missing = Missing::Undefined("no labels were given");
pub(crate) const NEGATIVE_LABEL: Missing = Missing::Undefined("a label below 0: grades of relevance start at 0");
pub(crate) const NO_RELEVANCE: Missing = Missing::Undefined("no candidate has a label above 0");
const TOO_LARGE: Missing = Missing::Undefined("a gain too large to add up");

/// NDCG at k of a gain per place of the ranking; `nothing` where every gain is 0.
pub(crate) fn ndcg(job: &Job, mut gains: Vec<f64>, nothing: Missing) -> Value {
    let found = discounted(job, gains.iter().copied());
    gains.sort_unstable_by(|a, b| b.total_cmp(a));
    normalised(found, discounted(job, gains.into_iter()), nothing)
}

/// The sum over the first k ranks.
pub(crate) fn discounted(job: &Job, gains: impl Iterator<Item = f64>) -> f64 {
    gains.zip(job.discounts).take(job.k).map(|(gain, discount)| gain * discount).sum()
}

/// Found over ideal; rounding cannot lift it above 1.
pub(crate) fn normalised(found: f64, ideal: f64, nothing: Missing) -> Value {
    if !ideal.is_finite() {
        Err(TOO_LARGE)
    } else if ideal > 0.0 {
        Ok((found / ideal).min(1.0))
    } else {
        Err(nothing)
    }
}

/// The labels of a job, none of them below 0.
pub(crate) fn relevance<'a>(job: &Job<'a>) -> Result<&'a [f64], Missing> {
    let labels = job.labels.ok_or(NO_LABELS)?;
    if labels.iter().any(|label| *label < 0.0) { Err(NEGATIVE_LABEL) } else { Ok(labels) }
}

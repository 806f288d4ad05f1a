//! The logarithm of a group's share among the first k over its wanted share.
//!
//! ```text
//! skew_g = ln( (c_g / m) / p_g )     c_g = candidates of group g among the first k, m = those of any known group, p_g = wanted share
//! ```
//!
//! Infinite when nobody of the group is among the first k though a share is wanted (minus), or somebody is though none is wanted (plus). It
//! does not exist for a group that is neither wanted nor there, and for a group without candidates in the job's pool, which no
//! order could show.

use crate::job_means::{Missing, NO_CANDIDATES, NO_WANTED, NOBODY_KNOWN};
use crate::rankings::Job;

pub(crate) const ABSENT: Missing = Missing::Infinite("nobody of a group with a wanted share among the first k");
pub(crate) const UNWANTED: Missing = Missing::Infinite("somebody of a group without a wanted share among the first k");
const NEITHER: Missing = Missing::Undefined("no share is wanted and nobody is among the first k");

/// The skew of each group: a number, minus or plus infinity, or the reason why there is none.
pub(crate) fn skews(job: &Job) -> Result<Vec<Result<f64, Missing>>, Missing> {
    let wanted = job.wanted.ok_or(NO_WANTED)?;
    let (pool, top) = (job.counts(job.groups), job.counts(job.top()));
    let known: usize = top.iter().sum();
    if known == 0 {
        return Err(NOBODY_KNOWN);
    }
    let skew = |group: usize| match (pool[group], top[group], wanted[group]) {
        (0, _, _) => Err(NO_CANDIDATES),
        (_, 0, 0.0) => Err(NEITHER),
        (_, 0, _) => Ok(f64::NEG_INFINITY),
        (_, _, 0.0) => Ok(f64::INFINITY),
        (_, count, share) => Ok((count as f64 / (known as f64 * share)).ln()),
    };
    Ok((0..job.levels).map(skew).collect())
}

/// A skew as a number of a job.
pub(crate) fn finite(skew: f64) -> Result<f64, Missing> {
    match skew {
        f64::NEG_INFINITY => Err(ABSENT),
        f64::INFINITY => Err(UNWANTED),
        skew => Ok(skew),
    }
}

//! The wanted minimum of each group in every prefix of a ranking.
//!
//! ```text
//! floor(m p_g)     m = candidates of known group in the prefix, p_g = wanted share of group g
//! ```
//!
//! Source: Geyik, Ambler and Kenthapadi 2019; without unknown groups m is the length of the prefix, as there.

use evenhand_rows::floors::floor;

use crate::job_means::{Missing, NO_WANTED};
use crate::rankings::Job;

/// How many groups lie below their wanted minimum, for each prefix 1..k, handed to `each`.
pub(crate) fn breaches(job: &Job, mut each: impl FnMut(usize)) -> Result<(), Missing> {
    let wanted = job.wanted.ok_or(NO_WANTED)?;
    let mut counts = vec![0; job.levels];
    let (mut known, mut below) = (0, 0);
    for &code in job.top() {
        // A prefix that grows by a candidate of unknown group breaches what the one before it does.
        if let Some(group) = job.known(code) {
            counts[group] += 1;
            known += 1;
            below = counts.iter().zip(wanted).filter(|(count, share)| **count < floor(**share, known)).count();
        }
        each(below);
    }
    Ok(())
}

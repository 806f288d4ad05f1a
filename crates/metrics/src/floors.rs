//! The wanted minimum of each group in every prefix of a ranking.
//!
//! ```text
//! floor(m p_g)     m = candidates of known group in the prefix, p_g = wanted share of group g
//! ```
//!
//! Source: Geyik, Ambler and Kenthapadi 2019; without unknown groups m is the length of the prefix, as there.

use crate::job_means::{Missing, NO_WANTED};
use crate::rankings::Job;

/// A product this little below a whole number is that number: 0.29 x 100 is 28.999999999999996 in floating point, and a third is written with
/// nine digits. The re-rankers hold the same rule, so that what reaches a floor there reaches it here.
const ROUNDING: f64 = 1e-9;
/// The same as a part of the product: in lists of 100 000 and more, rounding is more than `ROUNDING`.
const RELATIVE: f64 = 1e-14;

/// The wanted minimum of a group among `known` candidates.
pub(crate) fn floor(known: usize, share: f64) -> usize {
    let product = known as f64 * share;
    (product + ROUNDING.max(RELATIVE * product)).floor() as usize
}

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
            below = counts.iter().zip(wanted).filter(|(count, share)| **count < floor(known, **share)).count();
        }
        each(below);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nine_digits_is_the_fraction_it_means() {
        assert_eq!((floor(3, 0.333_333_333), floor(3, 0.666_666_667), floor(3, 0.333_333)), (1, 2, 0));
        assert_eq!((floor(100_000_000, 0.29), floor(1_000_000_000, 0.07)), (29_000_000, 70_000_000));
    }

    #[test]
    fn the_minimum_is_that_of_the_fraction_and_not_of_its_rounding() {
        for under in 1..=200_usize {
            for over in 0..=under {
                let share = over as f64 / under as f64;
                for known in 0..=200 {
                    assert_eq!(floor(known, share), known * over / under, "{over}/{under} of {known}");
                }
            }
        }
    }
}

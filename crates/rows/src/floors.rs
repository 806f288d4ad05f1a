//! How many of a group a wanted share asks for: the rule that re-rankers keep and ranking metrics judge by.
//!
//! ```text
//! floor(k) = floor(k p)      ceiling(k) = ceil(k p)       p in [0, 1] wanted share, k candidates of known group
//! ```
//!
//! k p is taken as whole when it lies within rounding (1e-9, or 1e-14 of itself where that is more) of a whole number; otherwise 100 places at
//! 0.29 (28.999999999999996 in floating point) would ask for 28, and 3 places at a third of nine digits for none.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019; the rounding is ours.

/// How far a product may lie from a whole number and be that number.
#[inline]
pub fn rounding(product: f64) -> f64 {
    f64::max(1e-9, 1e-14 * product)
}

// By casts, which cut off (and make 0 of what is below): rounding functions are calls on older processors.

/// The fewest of the group that are wanted among the first `prefix` candidates of known group.
#[inline]
pub fn floor(share: f64, prefix: usize) -> usize {
    let product = share * prefix as f64;
    (product + rounding(product)) as usize
}

/// The most of the group that are wanted among the first `prefix` candidates of known group.
#[inline]
pub fn ceiling(share: f64, prefix: usize) -> usize {
    let product = share * prefix as f64;
    let low = product - rounding(product);
    let whole = low as usize;
    whole + usize::from(low > whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_of_a_share_does_not_lower_a_floor() {
        // 0.29 * 100 = 28.999999999999996 and 0.07 * 100 = 7.000000000000001 in double precision.
        assert_eq!((floor(0.29, 100), ceiling(0.29, 100)), (29, 29));
        assert_eq!((floor(0.07, 100), ceiling(0.07, 100)), (7, 7));
        assert_eq!((floor(1.0 / 3.0, 3), ceiling(1.0 / 3.0, 3), floor(1.0 / 3.0, 4), ceiling(1.0 / 3.0, 4)), (1, 1, 1, 2));
        assert_eq!((floor(0.333_333_333, 3), ceiling(0.333_333_333, 3), floor(0.666_666_667, 3), ceiling(0.666_666_667, 3)), (1, 1, 2, 2));
        assert_eq!((floor(0.333_333, 3), ceiling(0.333_333, 3)), (0, 1));
        assert_eq!((floor(0.29, 100_000_000), ceiling(0.07, 1_000_000_000)), (29_000_000, 70_000_000));
        assert_eq!((floor(0.0, 10), ceiling(0.0, 10), floor(1.0, 10), ceiling(1.0, 10)), (0, 0, 10, 10));
    }

    #[test]
    fn counts_are_those_of_the_fraction_and_not_of_its_rounding() {
        for under in 1..=200_usize {
            for over in 0..=under {
                let share = over as f64 / under as f64;
                for known in 0..=200 {
                    let exact = (known * over / under, (known * over).div_ceil(under));
                    assert_eq!((floor(share, known), ceiling(share, known)), exact, "{over}/{under} of {known}");
                }
            }
        }
    }
}

//! Sorting orders of many numbers.

/// Below this length a comparison sort is faster than counting digits.
const SMALL: usize = 1 << 12;
const DIGIT: u32 = 11;
const BUCKETS: usize = 1 << DIGIT;
const PASSES: usize = 64_usize.div_ceil(DIGIT as usize);

/// Bits that sort like the number: negatives reversed, positives above them; -0 and 0 alike.
#[inline]
pub(crate) fn sortable(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Row indices in ascending order of the values; equal values in the order of their rows. Values must be finite.
///
/// Long inputs are sorted by counting digits of 11 bits from the lowest to the highest; digits that all values share cost nothing.
pub(crate) fn ascending(values: &[f64]) -> Vec<u32> {
    assert!(values.len() < u32::MAX as usize, "rows are indexed in 32 bits");
    if values.len() < SMALL {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| (values[a as usize] + 0.0).total_cmp(&(values[b as usize] + 0.0)));
        return order;
    }
    let mut counts = vec![[0_u32; BUCKETS]; PASSES];
    let mut pairs: Vec<(u64, u32)> = Vec::with_capacity(values.len());
    for (row, &value) in values.iter().enumerate() {
        let key = sortable(value);
        for (pass, count) in counts.iter_mut().enumerate() {
            count[digit(key, pass)] += 1;
        }
        pairs.push((key, row as u32));
    }
    let mut other = vec![(0_u64, 0_u32); values.len()];
    for (pass, count) in counts.iter_mut().enumerate() {
        if count.iter().any(|&rows| rows as usize == values.len()) {
            continue;
        }
        let mut start = 0;
        for slot in count.iter_mut() {
            start += std::mem::replace(slot, start);
        }
        for &pair in &pairs {
            let slot = &mut count[digit(pair.0, pass)];
            other[*slot as usize] = pair;
            *slot += 1;
        }
        std::mem::swap(&mut pairs, &mut other);
    }
    pairs.into_iter().map(|(_, row)| row).collect()
}

#[inline]
fn digit(key: u64, pass: usize) -> usize {
    (key >> (pass as u32 * DIGIT)) as usize & (BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_inputs_sort_like_short_ones() {
        // A fixed scramble with ties, negatives and both zeros.
        let values: Vec<f64> =
            (0..10_000_i64).map(|i| ((i * 7919) % 997 - 500) as f64 * 0.125 * if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let mut expected: Vec<u32> = (0..10_000).collect();
        expected.sort_by(|&a, &b| values[a as usize].partial_cmp(&values[b as usize]).unwrap());
        assert_eq!(ascending(&values), expected);
    }
}

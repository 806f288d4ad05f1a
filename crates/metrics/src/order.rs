//! Sorting orders of many numbers.

/// Below this length a comparison sort is faster than counting digits.
const SMALL: usize = 1 << 12;
const DIGIT: u32 = 11;
const BUCKETS: usize = 1 << DIGIT;
const PASSES: usize = 3;

/// Row indices in ascending order of the values; equal values in the order of their rows, -0 and 0 alike. Values must be finite.
///
/// Long inputs are placed on a scale of 2^32 equal steps between their extremes, sorted by counting three digits of that place, and the runs
/// that share a step are put in order by comparison: few and short unless outliers stretch the scale.
pub(crate) fn ascending(values: &[f64]) -> Vec<u32> {
    assert!(values.len() < u32::MAX as usize, "rows are indexed in 32 bits");
    let by_value = |&a: &u32, &b: &u32| (values[a as usize] + 0.0).total_cmp(&(values[b as usize] + 0.0)).then(a.cmp(&b));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    let scale = f64::from(u32::MAX) / (high - low);
    if values.len() < SMALL || !scale.is_finite() || scale <= 0.0 {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(by_value);
        return order;
    }
    let mut counts = vec![[0_u32; BUCKETS]; PASSES];
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(values.len());
    for (row, &value) in values.iter().enumerate() {
        let place = ((value - low) * scale) as u32;
        for (pass, count) in counts.iter_mut().enumerate() {
            count[digit(place, pass)] += 1;
        }
        pairs.push((place, row as u32));
    }
    let mut other = vec![(0_u32, 0_u32); values.len()];
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
    let mut order: Vec<u32> = pairs.iter().map(|&(_, row)| row).collect();
    let mut start = 0;
    while start < pairs.len() {
        let mut end = start + 1;
        let mut equal = true;
        while end < pairs.len() && pairs[end].0 == pairs[start].0 {
            equal &= values[order[end] as usize] == values[order[start] as usize];
            end += 1;
        }
        // Counting keeps the order of rows, so runs of one value are done.
        if !equal {
            order[start..end].sort_unstable_by(by_value);
        }
        start = end;
    }
    order
}

#[inline]
fn digit(place: u32, pass: usize) -> usize {
    (place >> (pass as u32 * DIGIT)) as usize & (BUCKETS - 1)
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
        // An outlier that leaves one step of the scale to everything else.
        let mut stretched = values;
        stretched[17] = 1e300;
        expected.retain(|&row| row != 17);
        expected.push(17);
        assert_eq!(ascending(&stretched), expected);
    }
}

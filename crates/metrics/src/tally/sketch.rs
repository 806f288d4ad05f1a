//! The filled bins of a group's scores: a list while they are few, a table once that is smaller.

use std::borrow::Cow;

use crate::wasserstein::Bucket;

/// Bins of a table that take as much memory as two entries of a list.
const TABLE_FROM: usize = 3;
/// Entries that are added to a list before it is put in order.
const LEAST_RECENT: usize = 64;

/// A histogram of which only the filled bins count.
#[derive(Debug, Clone)]
pub(super) enum Sketch {
    /// Filled bins in ascending order, and sums that were added since in the order in which they came.
    List { bins: Vec<(u32, Bucket)>, recent: Vec<(u32, Bucket)> },
    /// Every bin.
    Table(Vec<Bucket>),
}

impl Default for Sketch {
    fn default() -> Self {
        Sketch::List { bins: Vec::new(), recent: Vec::new() }
    }
}

pub(super) fn is_filled(bucket: &Bucket) -> bool {
    bucket.weight != 0.0 || bucket.place != 0.0
}

/// Bins that a sketch with so many filled bins keeps in memory, of 16 bytes each.
pub(super) fn kept(filled: usize, bins: usize) -> usize {
    (filled + filled.div_ceil(2)).min(bins)
}

impl Sketch {
    /// Adds to a bin, one of `bins`.
    pub(super) fn add(&mut self, bin: u32, more: Bucket, bins: usize) {
        match self {
            Sketch::Table(table) => {
                let bucket = &mut table[bin as usize];
                bucket.weight += more.weight;
                bucket.place += more.place;
            }
            Sketch::List { bins: listed, recent } => {
                recent.push((bin, more));
                if recent.len() >= LEAST_RECENT.max(listed.len() / 2) {
                    *listed = ordered(listed, recent);
                    recent.clear();
                    if TABLE_FROM * listed.len() > 2 * bins {
                        self.spread(bins);
                    }
                }
            }
        }
    }

    /// Adds the bins of another sketch of as many bins.
    pub(super) fn merge(&mut self, other: &Sketch, bins: usize) {
        if let Sketch::List { bins: listed, recent } = self
            && listed.is_empty()
            && recent.is_empty()
        {
            self.clone_from(other);
            return;
        }
        for (bin, more) in other.entries().iter() {
            self.add(*bin, *more, bins);
        }
    }

    /// The filled bins in ascending order.
    pub(super) fn entries(&self) -> Cow<'_, [(u32, Bucket)]> {
        match self {
            Sketch::List { bins, recent } if recent.is_empty() && bins.iter().all(|(_, bucket)| is_filled(bucket)) => Cow::Borrowed(bins),
            Sketch::List { bins, recent } => {
                let mut entries = ordered(bins, recent);
                entries.retain(|(_, bucket)| is_filled(bucket));
                Cow::Owned(entries)
            }
            Sketch::Table(table) => {
                let entries = (0..).zip(table.iter().copied());
                Cow::Owned(entries.filter(|(_, bucket)| is_filled(bucket)).collect())
            }
        }
    }

    fn spread(&mut self, bins: usize) {
        let mut table = vec![Bucket::default(); bins];
        for (bin, bucket) in self.entries().iter() {
            table[*bin as usize] = *bucket;
        }
        *self = Sketch::Table(table);
    }
}

/// Bins in ascending order with what was added since. Each bin is summed in the order in which its rows came, as in a table.
fn ordered(bins: &[(u32, Bucket)], recent: &[(u32, Bucket)]) -> Vec<(u32, Bucket)> {
    let mut all = Vec::with_capacity(bins.len() + recent.len());
    all.extend_from_slice(bins);
    all.extend_from_slice(recent);
    // Stable: what came first stays first.
    all.sort_by_key(|(bin, _)| *bin);
    all.dedup_by(|(bin, more), (kept, sum)| {
        let same = bin == kept;
        if same {
            sum.weight += more.weight;
            sum.place += more.place;
        }
        same
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sketch_keeps_is_the_smaller_of_list_and_table() {
        // Entries of a list take 24 bytes, bins of a table 16.
        assert_eq!([0, 10, 1_000].map(|filled| kept(filled, 1_000)), [0, 15, 1_000]);
    }

    #[test]
    fn a_list_and_a_table_hold_the_same_sums() {
        const BINS: usize = 512;
        let (mut sketch, mut table) = (Sketch::default(), vec![Bucket::default(); BINS]);
        for row in 0..4_000_usize {
            let (bin, weight) = (row * row % 509 % (1 + row / 8), 0.1 * (row % 7) as f64);
            sketch.add(bin as u32, Bucket { weight, place: weight * 0.3 }, BINS);
            table[bin].weight += weight;
            table[bin].place += weight * 0.3;
            if row % 500 == 0 {
                let filled: Vec<(u32, Bucket)> = (0..).zip(table.iter().copied()).filter(|(_, bucket)| is_filled(bucket)).collect();
                assert_eq!(*sketch.entries(), *filled, "to the last bit after {row} rows");
            }
        }
        assert!(matches!(sketch, Sketch::Table(_)), "a table is smaller by now");
    }
}

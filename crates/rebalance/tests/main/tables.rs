//! Small data sets that a reader can count.

use std::collections::BTreeMap;

use evenhand_catalog::{Parameters, Value, find};
use evenhand_rebalance::{REBALANCERS, RebalanceError};
use evenhand_rows::{Dataset, Groups, Label, LabelKind, Scale};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// One row per (group, label); an empty group is unknown. Row numbers count from 1.
pub(crate) fn table(rows: &[(&str, f64)]) -> Dataset {
    let labels: Vec<f64> = rows.iter().map(|(_, label)| *label).collect();
    let binary = labels.iter().all(|label| *label == 0.0 || *label == 1.0);
    Dataset {
        name: "table".to_owned(),
        label: Some(Label {
            name: "score".to_owned(),
            kind: if binary { LabelKind::Binary } else { LabelKind::Continuous },
            values: labels,
            scale: Scale::default(),
        }),
        sensitive: vec![Groups::from_texts("group", rows.iter().map(|(group, _)| Some(*group).filter(|group| !group.is_empty())))],
        rows: (1..=rows.len() as u64).collect(),
        ..Dataset::default()
    }
}

/// `count` rows of each (group, label).
pub(crate) fn repeated(cells: &[(&'static str, f64, usize)]) -> Dataset {
    let rows: Vec<(&str, f64)> = cells.iter().flat_map(|&(group, label, count)| std::iter::repeat_n((group, label), count)).collect();
    table(&rows)
}

pub(crate) fn rebalance(method: &str, given: &[(&str, Value)], data: &Dataset, seed: u64) -> Result<Dataset, RebalanceError> {
    let entry = find(REBALANCERS, method)?;
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let parameters = Parameters::resolve(entry.card, &given)?;
    (entry.build)(&parameters)?.rebalance(data, "group", &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Rows of each (group, label in thousandths).
pub(crate) fn counts(data: &Dataset) -> BTreeMap<(String, i64), usize> {
    let groups = &data.sensitive[0];
    let mut counts = BTreeMap::new();
    for (&code, label) in groups.codes().iter().zip(&data.label.as_ref().unwrap().values) {
        *counts.entry((groups.level(code).to_owned(), (label * 1000.0).round() as i64)).or_insert(0) += 1;
    }
    counts
}

pub(crate) fn count(data: &Dataset, group: &str, label: f64) -> usize {
    counts(data).get(&(group.to_owned(), (label * 1000.0).round() as i64)).copied().unwrap_or(0)
}

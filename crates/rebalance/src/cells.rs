//! The rows of every group x label band, which both methods count and draw from.

use evenhand_rows::{Dataset, Groups};

use crate::RebalanceError;

/// Row indices by group and by band; rows of unknown group apart.
#[derive(Debug)]
pub(crate) struct Cells<'a> {
    groups: &'a Groups,
    /// Codes of the groups that have rows, ascending.
    pub(crate) present: Vec<u32>,
    /// For each present group, for each band: its rows, ascending.
    pub(crate) rows: Vec<Vec<Vec<usize>>>,
    /// Rows of unknown group, ascending.
    pub(crate) unknown: Vec<usize>,
}

impl<'a> Cells<'a> {
    /// Sorts the rows into `bands` bands by their label. Fewer than two groups with rows are an error.
    pub(crate) fn new(
        method: &'static str,
        data: &'a Dataset,
        attribute: &str,
        bands: usize,
        band: impl Fn(f64) -> usize,
    ) -> Result<Self, RebalanceError> {
        let labels = &data.label.as_ref().ok_or(RebalanceError::NoLabel { method })?.values;
        Cells::sorted(method, data, attribute, bands, |row| band(labels[row]))
    }

    /// All rows of a group in one band, for a method in which the label plays no part; the data need not have one.
    pub(crate) fn of_groups(method: &'static str, data: &'a Dataset, attribute: &str) -> Result<Self, RebalanceError> {
        Cells::sorted(method, data, attribute, 1, |_| 0)
    }

    fn sorted(
        method: &'static str,
        data: &'a Dataset,
        attribute: &str,
        bands: usize,
        band: impl Fn(usize) -> usize,
    ) -> Result<Self, RebalanceError> {
        let groups = data.groups(attribute).map_err(|_| RebalanceError::UnknownAttribute {
            name: attribute.to_owned(),
            known: data.sensitive.iter().map(Groups::name).collect::<Vec<_>>().join(", "),
        })?;
        let sizes = groups.sizes();
        let present: Vec<u32> = (0_u32..).zip(&sizes).filter(|(_, size)| **size > 0).map(|(code, _)| code).collect();
        let mut cells = Cells { groups, rows: vec![vec![Vec::new(); bands]; present.len()], present, unknown: Vec::new() };
        for (row, &code) in groups.codes().iter().enumerate() {
            if let Ok(position) = cells.present.binary_search(&code) {
                cells.rows[position][band(row)].push(row);
            } else {
                cells.unknown.push(row);
            }
        }
        if cells.present.len() < 2 {
            return Err(RebalanceError::TooFewGroups { method, attribute: attribute.to_owned(), groups: cells.names() });
        }
        Ok(cells)
    }

    /// Names of the groups that have rows.
    pub(crate) fn names(&self) -> Vec<String> {
        self.present.iter().map(|&code| self.groups.level(code).to_owned()).collect()
    }

    /// Name of the group at this position of `present`.
    pub(crate) fn name(&self, position: usize) -> &str {
        self.groups.level(self.present[position])
    }

    /// Rows per band of the group at this position.
    pub(crate) fn counts(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        self.rows[position].iter().map(Vec::len)
    }
}

/// The chosen rows with a note for the report.
pub(crate) fn select(data: &Dataset, rows: &[usize], method: &str, attribute: &str) -> Dataset {
    let mut balanced = data.select(rows);
    balanced.provenance.notes.push(format!("{method} by {attribute}: {} training rows became {}", data.len(), rows.len()));
    balanced
}

//! One table in the codes of another, and rows as keys.

use std::collections::HashMap;

use evenhand_rows::MISSING;

use crate::RebalanceError;
use crate::synthesis::{Cells, Column, Table};

/// `other` with the columns of `reference` in their order and its codes; categories that `reference` does not have follow after its own.
/// Further columns are dropped.
pub(crate) fn aligned(reference: &Table, other: &Table) -> Result<Table, RebalanceError> {
    let columns = reference.columns.iter().map(|column| {
        let refused = |reason: String| RebalanceError::BadTable { reason };
        let found = other.columns.iter().find(|found| found.name == column.name);
        let found = found.ok_or_else(|| refused(format!("it has no column `{}`, which the other table has", column.name)))?;
        let cells = match (&column.cells, &found.cells) {
            (Cells::Numbers { form, .. }, Cells::Numbers { values, .. }) => Cells::Numbers { form: *form, values: values.clone() },
            (Cells::Categories { levels: known, .. }, Cells::Categories { levels, codes }) if known == levels => {
                Cells::Categories { levels: levels.clone(), codes: codes.clone() }
            }
            (Cells::Categories { levels: known, .. }, Cells::Categories { levels, codes }) => {
                let mut all = known.clone();
                let mut index: HashMap<&str, u32> = known.iter().zip(0..).map(|(level, code)| (level.as_str(), code)).collect();
                let recode: Vec<u32> = levels
                    .iter()
                    .map(|level| {
                        *index.entry(level).or_insert_with(|| {
                            all.push(level.clone());
                            all.len() as u32 - 1
                        })
                    })
                    .collect();
                let codes = codes.iter().map(|&code| recode.get(code as usize).copied().unwrap_or(MISSING)).collect();
                Cells::Categories { levels: all, codes }
            }
            _ => {
                let reason = format!("column `{}` holds numbers in one table and categories in the other; read both alike", column.name);
                return Err(refused(reason));
            }
        };
        Ok(Column { name: column.name.clone(), cells })
    });
    Ok(Table { columns: columns.collect::<Result<_, _>>()? })
}

/// A key per row: two rows of aligned tables have the same key when all their values are written alike, so that 60.300000000000004 in a column of
/// one decimal equals a made 60.3.
pub(crate) fn keys(table: &Table) -> Vec<Vec<u64>> {
    let mut keys = vec![Vec::with_capacity(table.columns.len()); table.rows()];
    for column in &table.columns {
        match &column.cells {
            Cells::Numbers { form, values } => {
                for (key, &value) in keys.iter_mut().zip(values) {
                    // The sum turns -0 into 0; every NaN is the one missing value.
                    key.push(if value.is_nan() { u64::MAX } else { (form.round(value) + 0.0).to_bits() });
                }
            }
            Cells::Categories { codes, .. } => keys.iter_mut().zip(codes).for_each(|(key, &code)| key.push(u64::from(code))),
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthesis::Form;

    #[test]
    fn numbers_that_are_written_alike_are_alike() {
        let table = |value: f64| Table {
            columns: vec![Column { name: "x".to_owned(), cells: Cells::Numbers { form: Form::Real { decimals: 1 }, values: vec![value] } }],
        };
        assert_eq!(keys(&table(60.300_000_000_000_004)), keys(&table(60.3)));
        assert_eq!(keys(&table(-0.04)), keys(&table(0.0)));
        assert_ne!(keys(&table(60.4)), keys(&table(60.3)));
        assert_eq!(keys(&table(f64::NAN)), [[u64::MAX]]);
    }
}

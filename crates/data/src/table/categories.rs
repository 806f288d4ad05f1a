//! A map of categories from a file: a row `from, to`, or `column, from, to`.

use std::path::Path;

use evenhand_rows::roles::named;
use evenhand_rows::roles::words::Categories;

use super::{EVERY_ROW, Wanted, files};
use crate::DataError;

/// Reads a map of categories. The columns are `from` and `to`, and where a rule is for one column alone, `column`.
pub fn read_categories(path: &Path) -> Result<Categories, DataError> {
    let sources = files::resolve(&[path.display().to_string()])?;
    let table = EVERY_ROW.read(&sources, Wanted::All)?;
    let (from, to) = (table.texts_of("from")?, table.texts_of("to")?);
    let column = table.names.iter().any(|name| name == "column").then(|| table.texts_of("column")).transpose()?;
    let mut categories = Categories::default();
    for row in 0..from.codes.len() {
        let (old, new) = (from.at(row), to.at(row));
        let refuse = |reason: String| DataError::from(crate::RowsError::BadColumn { column: "to".to_owned(), reason });
        if new.is_empty() {
            return Err(refuse(format!(
                "row {}: `{old}` becomes nothing; say what it becomes, or list it under the texts that mean missing",
                row + 1
            )));
        }
        let of = column.as_ref().map(|column| column.at(row));
        categories.insert(of, old, new).map_err(|reason| refuse(format!("row {}: {reason}", row + 1)))?;
    }
    Ok(categories)
}

/// Refuses a rule for a column that the table does not have: it would do nothing.
pub fn check_categories(categories: &Categories, file: &str, columns: &[String]) -> Result<(), DataError> {
    match categories.rules().find_map(|(column, ..)| column.filter(|column| named(columns, column).is_none())) {
        Some(column) => Err(DataError::missing_column(file, column, columns)),
        None => Ok(()),
    }
}

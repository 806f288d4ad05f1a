//! The person's own table: CSV or Parquet files whose columns get their roles from the recipe.
//!
//! See [`crate::table`] for the formats and for what is refused.

use evenhand_catalog::{Card, CatalogError, Direction, Kind, Parameters};

use super::{LoadRequest, Loader};
use crate::{DataError, Dataset};

pub(super) const CARD: Card = Card {
    id: "table",
    name: "Own table",
    kind: Kind::Corpus,
    summary: "CSV or Parquet files, one, several or a pattern; the recipe's schema says which column is the label, which are sensitive, \
              and which are inputs (by default all others).",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "the user's files",
    parameters: &[],
};

#[derive(Debug)]
struct Table;

pub(super) fn build(_: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(Table))
}

impl Loader for Table {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        crate::table::read(request.files, request.schema, request.settings)
    }
}

//! Plain learning: the data loss and nothing else. The yardstick of every other method.
//!
//! ```text
//! minimise L(s, y)       L: training.loss (bce or mse), s: score, y: label
//! ```

use evenhand_catalog::{Card, CatalogError, Direction, Entry, Kind, Parameters};

use crate::{Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "vanilla",
    name: "Vanilla",
    kind: Kind::Objective,
    summary: "Learns the label and looks at no group. The yardstick of every other method.",
    formula: "minimise L(s, y); L: data loss (bce or mse), s: score, y: label",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, section V.D (baseline Vanilla)",
    parameters: &[],
};

/// Plain learning.
#[derive(Debug, Clone)]
pub struct Vanilla {
    parameters: Parameters,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Vanilla { parameters: parameters.clone() }))
}

impl Objective for Vanilla {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { attribute_to_train: false, ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

//! Small rows in memory for the tests of the steps.

use std::path::PathBuf;

use evenhand_rows::{Dataset, Feature, Groups, Label, LabelKind, Scale, Split, Values};

use super::RunPlan;
use crate::recipe::{MethodSection, Recipe};

/// So many rows of two groups, of which `m` has three favourable labels in four and `f` one in four; the input `years` goes with the label.
pub(crate) fn rows(count: usize) -> Dataset {
    let codes: Vec<u32> = (0..count).map(|row| (row % 2) as u32).collect();
    let favourable = |row: usize| match (row / 2) % 4 {
        0 => true,
        3 => false,
        _ => row % 2 == 1,
    };
    let labels: Vec<f64> = (0..count).map(|row| f64::from(u8::from(favourable(row)))).collect();
    let years = labels.iter().enumerate().map(|(row, label)| label + (row as f64 * 0.618).fract()).collect();
    Dataset {
        name: "example".to_owned(),
        features: vec![Feature { name: "years".to_owned(), values: Values::Numeric(years), sensitive: false }],
        label: Some(Label { name: "hired".to_owned(), kind: LabelKind::Binary, values: labels, scale: Scale::default() }),
        sensitive: vec![Groups::new("gender", vec!["f".to_owned(), "m".to_owned()], codes)],
        rows: (1..=count as u64).collect(),
        ..Dataset::default()
    }
}

/// The first half trains, the next quarter validates, the rest tests.
pub(crate) fn split(count: usize) -> Split {
    let (half, rest) = (count / 2, count - count / 4);
    Split { train: (0..half).collect(), validation: (half..rest).collect(), test: (rest..count).collect() }
}

/// A recipe whose first method has these lines.
pub(crate) fn recipe(method: &str) -> Recipe {
    let text =
        format!("name = \"x\"\n[data]\nloader = \"synthetic\"\n[training]\nepochs = 2\n[model]\nhidden = [4]\n[[method]]\n{method}\n");
    Recipe::parse(&text, "x.toml", PathBuf::new()).unwrap()
}

/// A method of these lines.
pub(crate) fn method(lines: &str) -> MethodSection {
    recipe(lines).methods.remove(0)
}

/// The first run of a recipe's method.
pub(crate) fn plan(recipe: &Recipe, method: usize) -> RunPlan<'_> {
    RunPlan { recipe, method: &recipe.methods[method], attribute: "gender", seed: 0, fold: None, first: true }
}

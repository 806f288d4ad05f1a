//! The cells of a grid: one a method, seed and fold.

use std::fmt::Write as _;

use evenhand_rows::digest;

use super::parts::Part;
use crate::recipe::{MethodSection, Recipe};

/// Characters of a method's name in the name of its model's folder, at most.
const LONGEST_NAME: usize = 100;

/// One method on one part of the data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) method: &'a MethodSection,
    pub(crate) part: &'a Part,
    /// The first part of the method carries the plots.
    pub(crate) first: bool,
}

/// The cells of a recipe, method by method, each over all parts in their order.
pub(crate) fn lay_out<'a>(recipe: &'a Recipe, parts: &'a [Part]) -> Vec<Cell<'a>> {
    let methods = recipe.methods.iter();
    methods.flat_map(|method| parts.iter().enumerate().map(move |(position, part)| Cell { method, part, first: position == 0 })).collect()
}

impl Cell<'_> {
    /// Its name for those who watch.
    pub(crate) fn label(&self) -> String {
        match self.part.fold {
            Some(fold) => format!("{}, seed {}, fold {}", self.method.name, self.part.seed, fold + 1),
            None => format!("{}, seed {}", self.method.name, self.part.seed),
        }
    }

    /// Name of the folder that its model is kept in: no two cells of a recipe share one.
    pub(crate) fn folder_name(&self) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let name = &self.method.name;
        let mut folder: String = name.chars().take(LONGEST_NAME).map(|letter| if plain(letter) { letter } else { '_' }).collect();
        if folder != *name {
            // What was replaced or cut off must not be what told two names apart.
            folder = format!("{folder}-{}", &digest::of_bytes(name.as_bytes())[..8]);
        }
        let _ = write!(folder, "__seed_{}", self.part.seed);
        if let Some(fold) = self.part.fold {
            let _ = write!(folder, "__fold_{}", fold + 1);
        }
        folder
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use evenhand_rows::Split;

    use super::*;

    #[test]
    fn every_cell_has_a_folder_name_of_its_own() {
        let text = "name = \"x\"\n[data]\nloader = \"synthetic\"\n[[method]]\nobjective = \"vanilla\"\n";
        let recipe = Recipe::parse(text, "x.toml", PathBuf::new()).unwrap();
        let long = "a".repeat(150);
        let names = [
            "vanilla",
            "L2 = 0.1",
            "L2_=_0_1",
            "L2 = 0,1",
            "é",
            "ö",
            "公平",
            "vanilla, seed 0",
            &long,
            &long[1..],
            "vanilla__seed_0",
            "..",
        ];
        let mut folders = Vec::new();
        for name in names {
            let method = MethodSection { name: name.to_owned(), ..recipe.methods[0].clone() };
            for (seed, fold) in [(0, None), (1, None), (0, Some(0))] {
                let part = Part { seed, fold, split: Split::default() };
                folders.push(Cell { method: &method, part: &part, first: true }.folder_name());
            }
        }
        assert_eq!(folders[..3], ["vanilla__seed_0", "vanilla__seed_1", "vanilla__seed_0__fold_1"]);
        let safe = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        assert!(folders.iter().all(|folder| folder.chars().all(safe) && folder.len() < 150), "{folders:?}");
        let count = folders.len();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), count, "{folders:?}");
    }
}

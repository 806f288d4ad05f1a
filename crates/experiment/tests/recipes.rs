//! The recipes of the project can be read, and every method of theirs is known.

use std::path::Path;

use evenhand_experiment::recipe::Recipe;

#[test]
fn every_recipe_of_the_project_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 22, "{files:?}");
    for file in files {
        let recipe = Recipe::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(!recipe.description.is_empty(), "{} says nothing of what it asks", file.display());
    }
}

//! Where rows come from: one file a corpus, plus a person's own table and an embedded corpus.
//!
//! A corpus is read from a folder and never downloaded here. The folder is the one given, else [`corpus_folder`] looks where corpora
//! usually stand.

use std::fmt;
use std::path::{Path, PathBuf};

use evenhand_catalog::{Card, Entry};

use crate::fetch::cache_folder;
use crate::table::{Format, Source};
use crate::{DataError, Dataset, Feature, Groups, Schema, Values};

mod synthetic;
mod table;

/// What a loader is asked for.
#[derive(Debug, Clone, Copy)]
pub struct LoadRequest<'a> {
    /// The folder of the corpus, or the folder above it; `None` looks where corpora usually stand.
    pub folder: Option<&'a Path>,
    /// Files or patterns; read by `table` only.
    pub files: &'a [String],
    /// Roles of the columns. A corpus brings its own and takes from here what its documentation says: which of its sensitive attributes
    /// to keep (by name, in this order; empty keeps all), intersections of them, columns to exclude, and whether the sensitive columns
    /// are inputs.
    pub schema: &'a Schema,
    /// Seed of an embedded corpus; a corpus from files ignores it.
    pub seed: u64,
}

/// A source of rows.
pub trait Loader: fmt::Debug + Send + Sync {
    /// What the corpus says of itself.
    fn card(&self) -> &'static Card;

    /// Reads the rows.
    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError>;
}

/// All loaders. A new one is a file of its own and one line in each of the two lists of this module.
pub const LOADERS: &[Entry<dyn Loader>] =
    &[Entry { card: &table::CARD, build: table::build }, Entry { card: &synthetic::CARD, build: synthetic::build }];

/// Where the corpus `id` stands: a folder of that name (or with `_` for `-`) in the folder of all corpora, which is `EVENHAND_DATA`, else
/// the cache that `evenhand fetch` fills. `None` when it is not there.
pub fn corpus_folder(id: &str) -> Option<PathBuf> {
    inside(&cache_folder().ok()?, id)
}

fn inside(folder: &Path, id: &str) -> Option<PathBuf> {
    [id.to_owned(), id.replace('-', "_")].iter().map(|name| folder.join(name)).find(|path| path.is_dir())
}

/// The folder that holds the files of a corpus, or an error that names them.
pub(crate) fn folder_of(request: &LoadRequest, id: &str, files: &[&str]) -> Result<PathBuf, DataError> {
    let complete = |folder: &Path| files.iter().all(|file| folder.join(file).is_file());
    let absent = |place: String| DataError::CorpusAbsent { corpus: id.to_owned(), place, files: files.join(", ") };
    match request.folder {
        Some(folder) => std::iter::once(folder.to_owned())
            .chain(inside(folder, id))
            .find(|folder| complete(folder))
            .ok_or_else(|| absent(format!("in `{}`", folder.display()))),
        None => match corpus_folder(id) {
            Some(folder) if complete(&folder) => Ok(folder),
            Some(folder) => Err(absent(format!("in `{}`", folder.display()))),
            None => Err(absent("in the folder of the variable EVENHAND_DATA or in the cache".to_owned())),
        },
    }
}

/// A file of a corpus.
pub(crate) fn source(folder: &Path, name: &str) -> Source {
    Source { path: folder.join(name), format: Format::Csv }
}

/// Keeps the attributes that the schema asks for by name, in its order, with intersections of them; none asked for keeps all. Inputs
/// named in `exclude` go; with `sensitive_as_features` the kept attributes become inputs too.
pub(crate) fn keep_attributes(data: &mut Dataset, schema: &Schema) -> Result<(), DataError> {
    if !schema.sensitive.is_empty() {
        let mut kept: Vec<Groups> = Vec::new();
        for role in &schema.sensitive {
            let columns = if role.columns.is_empty() { vec![role.name.clone()] } else { role.columns.clone() };
            if let Some(rule) = &role.rule {
                return Err(DataError::BadRule {
                    attribute: role.name.clone(),
                    rule: format!("{rule} (`{}` is not a number here)", columns.join(", ")),
                });
            }
            let parts = columns
                .iter()
                .map(|column| kept.iter().find(|groups| groups.name() == column).map_or_else(|| data.groups(column), Ok))
                .collect::<Result<Vec<&Groups>, _>>()?;
            let groups = if let [only] = parts.as_slice() { (*only).clone() } else { Groups::intersection(&parts) };
            kept.push(if role.name.is_empty() { groups } else { groups.renamed(role.name.clone()) });
        }
        data.sensitive = kept;
    }
    for column in &schema.exclude {
        let before = data.features.len();
        data.features.retain(|feature| feature.name != *column);
        if data.features.len() == before {
            let known: Vec<String> = data.features.iter().map(|feature| feature.name.clone()).collect();
            return Err(DataError::missing_column(&data.name, column, &known));
        }
    }
    if schema.sensitive_as_features {
        let inputs = data.sensitive.iter().map(|groups| Feature {
            name: groups.name().to_owned(),
            values: Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() },
            sensitive: true,
        });
        data.features.extend(inputs);
    }
    Ok(())
}

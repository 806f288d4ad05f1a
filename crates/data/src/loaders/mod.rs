//! Where rows come from: one file a corpus, plus a person's own table and an embedded corpus.
//!
//! A corpus is read from a folder and never downloaded here. The folder is the one given, else [`corpus_folder`] looks where corpora
//! usually stand.

#![allow(clippy::unnecessary_wraps, reason = "every entry's builder has the registry's type, also one that cannot fail")]

use std::fmt;
use std::path::{Path, PathBuf};

use evenhand_catalog::{Card, Entry};
use evenhand_rows::roles::words::Categories;

use crate::cache;
use crate::table::{Format, RawTable, Source, TableSettings};
use crate::{DataError, Dataset, Feature, Groups, LabelRole, Schema, SensitiveAsFeatures, SensitiveRole, Values};

mod adult;
mod compas;
pub mod faircv_2020;
pub mod first_impressions;
mod german;
pub mod interviews;
mod synthetic;
mod synthetic_interviews;
mod synthetic_jobs;
mod table;
mod utrecht_recruitment;

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
    /// How files are read; used by `table` only.
    pub settings: &'a TableSettings,
    /// Seed of an embedded corpus; a corpus from files ignores it.
    pub seed: u64,
}

/// A source of rows.
pub trait Loader: fmt::Debug + Send + Sync {
    /// What the corpus says of itself.
    fn card(&self) -> &'static Card;

    /// Reads the rows.
    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError>;

    /// The folder that `evenhand extract` wrote and that the recordings come from; `None` where none was extracted. `folder` is the
    /// request's.
    fn extracted(&self, _folder: Option<&Path>) -> Option<PathBuf> {
        None
    }
}

/// All loaders. A new one is a file of its own and one line in each of the two lists of this module.
pub const LOADERS: &[Entry<dyn Loader>] = &[
    Entry { card: &table::CARD, build: table::build },
    Entry { card: &interviews::CARD, build: interviews::build },
    Entry { card: &synthetic::CARD, build: synthetic::build },
    Entry { card: &synthetic_interviews::CARD, build: synthetic_interviews::build },
    Entry { card: &synthetic_jobs::CARD, build: synthetic_jobs::build },
    Entry { card: &adult::CARD, build: adult::build },
    Entry { card: &compas::CARD, build: compas::build },
    Entry { card: &german::CARD, build: german::build },
    Entry { card: &utrecht_recruitment::CARD, build: utrecht_recruitment::build },
    Entry { card: &faircv_2020::CARD, build: faircv_2020::build },
    Entry { card: &first_impressions::CARD, build: first_impressions::build },
];

/// Where the corpus `id` stands: a folder of that name (or with `_` for `-`) in the folder of all corpora, which is `EVENHAND_DATA`, else
/// the cache that `evenhand fetch` fills. `None` when it is not there.
pub fn corpus_folder(id: &str) -> Option<PathBuf> {
    inside(&cache::folder()?, id)
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

/// A sensitive attribute that a corpus brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    /// Name in recipe and report.
    pub(crate) name: &'static str,
    /// Column of the corpus.
    pub(crate) column: &'static str,
    /// How a number is cut in two.
    pub(crate) rule: Option<&'static str>,
}

/// The roles that a corpus gives to its own columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Own<'a> {
    pub(crate) label: &'a str,
    pub(crate) favourable: &'a str,
    /// Inputs, before the columns of kept attributes are taken out.
    pub(crate) inputs: &'a [&'a str],
    /// All attributes that a recipe may pick by name.
    pub(crate) attributes: &'a [Attribute],
    /// Those kept when the recipe picks none.
    pub(crate) kept: &'a [&'a str],
    /// How the variant has the sensitive attributes among its inputs, where the recipe does not say it otherwise.
    pub(crate) sensitive_as_features: SensitiveAsFeatures,
    pub(crate) person: Option<&'a str>,
    pub(crate) job: Option<&'a str>,
}

impl Own<'_> {
    /// Gives the columns of a corpus their roles, with what the recipe asks for on top: attributes picked by name or made of its
    /// columns, inputs, exclusions, and whether sensitive columns are inputs.
    pub(crate) fn dataset(&self, table: RawTable, asked: &Schema, card: &Card) -> Result<Dataset, DataError> {
        let sensitive = self.sensitive(&table, asked)?;
        let columns = evenhand_rows::roles::sensitive_columns(&sensitive);
        let inputs: Vec<String> = self.inputs.iter().map(|name| (*name).to_owned()).collect();
        if let Some(column) = asked.exclude.iter().find(|column| !inputs.contains(column)) {
            return Err(DataError::missing_column(card.id, column, &inputs));
        }
        let features = match &asked.features {
            Some(features) => match features.iter().find(|name| !inputs.contains(name)) {
                Some(name) => return Err(DataError::missing_column(card.id, name, &inputs)),
                None => features.clone(),
            },
            None => inputs.into_iter().filter(|name| !columns.contains(name)).collect(),
        };
        let schema = Schema {
            features: Some(features),
            screened: false,
            include: Vec::new(),
            exclude: asked.exclude.clone(),
            label: Some(LabelRole { column: self.label.to_owned(), favourable: vec![self.favourable.to_owned()], ..LabelRole::default() }),
            targets: asked.targets.clone(),
            sensitive,
            sensitive_as_features: match asked.sensitive_as_features {
                SensitiveAsFeatures::No => self.sensitive_as_features,
                asked => asked,
            },
            person: self.person.map(str::to_owned),
            job: self.job.map(str::to_owned),
            weight: None,
            types: asked.types.clone(),
            missing: Vec::new(),
            categories: Categories::default(),
            keep_unlabelled: asked.keep_unlabelled,
        };
        let mut data = crate::table::dataset(table, &schema, card.id.to_owned(), card.id)?;
        // Also the columns of attributes that the recipe does not pick are sensitive; the report names them.
        for feature in &mut data.features {
            feature.sensitive |= self.attributes.iter().any(|attribute| attribute.column == feature.name);
        }
        Ok(data)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    fn sensitive(&self, table: &RawTable, asked: &Schema) -> Result<Vec<SensitiveRole>, DataError> {
        let role = |attribute: &Attribute, name: &str| SensitiveRole {
            name: name.to_owned(),
            columns: vec![attribute.column.to_owned()],
            rule: attribute.rule.map(str::to_owned),
        };
        if asked.sensitive.is_empty() {
            return Ok(self.kept.iter().filter_map(|name| self.attribute(name)).map(|attribute| role(attribute, attribute.name)).collect());
        }
        let mut roles: Vec<SensitiveRole> = Vec::new();
        for wanted in &asked.sensitive {
            let names = if wanted.columns.is_empty() { vec![wanted.name.clone()] } else { wanted.columns.clone() };
            let name = if wanted.name.is_empty() { names.join(" x ") } else { wanted.name.clone() };
            for part in &names {
                let known = self.attribute(part).is_some() || table.names.contains(part) || roles.iter().any(|role| role.name == *part);
                if !known {
                    let known = self.attributes.iter().map(|attribute| attribute.name).collect::<Vec<_>>().join(", ");
                    return Err(crate::RowsError::UnknownAttribute { name: part.clone(), known }.into());
                }
            }
            if let ([only], None) = (names.as_slice(), &wanted.rule)
                && let Some(attribute) = self.attribute(only)
            {
                roles.push(role(attribute, &name));
                continue;
            }
            let mut columns = Vec::new();
            for part in names {
                match self.attribute(&part) {
                    // A cut number joins an intersection as the attribute that it is, so that must come first.
                    Some(attribute) if attribute.rule.is_some() && wanted.rule.is_none() => {
                        if !roles.iter().any(|role| role.name == part) {
                            roles.push(role(attribute, &part));
                        }
                        columns.push(part);
                    }
                    Some(attribute) => columns.push(attribute.column.to_owned()),
                    None => columns.push(part),
                }
            }
            roles.push(SensitiveRole { name, columns, rule: wanted.rule.clone() });
        }
        Ok(roles)
    }
}

/// Refuses roles that a corpus of fixed inputs cannot give: inputs by name, and further truths that it does not hold.
fn check_asked(data: &Dataset, schema: &Schema) -> Result<(), DataError> {
    let refuse = |column: &String, reason: String| Err(DataError::from(crate::RowsError::BadColumn { column: column.clone(), reason }));
    if let Some(column) = schema.features.iter().flatten().next() {
        return if data.features.is_empty() {
            refuse(column, format!("`{}` has no input columns; its inputs are recordings: take it out of `features`", data.name))
        } else {
            let reason =
                format!("`{}` brings its own inputs; leave `features` out and name what is to be no input in `exclude`", data.name);
            refuse(column, reason)
        };
    }
    if let Some(column) = evenhand_rows::roles::named_twice(&schema.targets) {
        return refuse(column, "it stands twice in `targets`; name it once".to_owned());
    }
    match schema.targets.first() {
        Some(column) if data.targets.is_empty() => {
            refuse(column, format!("`{}` holds no truth beside its label; take it out of `targets`", data.name))
        }
        _ => Ok(()),
    }
}

/// Keeps the attributes that the schema asks for by name, in its order, with intersections of them; none asked for keeps all. Inputs
/// named in `exclude` go; with `sensitive_as_features` the groups of the kept attributes become inputs too (here they are the columns).
pub(crate) fn keep_attributes(data: &mut Dataset, schema: &Schema) -> Result<(), DataError> {
    check_asked(data, schema)?;
    if !schema.sensitive.is_empty() {
        let mut kept: Vec<Groups> = Vec::new();
        for role in &schema.sensitive {
            let columns = if role.columns.is_empty() { vec![role.name.clone()] } else { role.columns.clone() };
            if let Some(rule) = role.rule.as_ref().filter(|_| columns.len() > 1 || role.is_cut()) {
                return Err(DataError::from(crate::RowsError::BadRule {
                    attribute: role.name.clone(),
                    rule: format!("{rule} (`{}` is not a number here)", columns.join(", ")),
                }));
            }
            let parts = columns
                .iter()
                .map(|column| kept.iter().find(|groups| groups.name() == column).map_or_else(|| data.groups(column), Ok))
                .collect::<Result<Vec<&Groups>, _>>()?;
            let groups = match (parts.as_slice(), &role.rule) {
                ([only], Some(rule)) => evenhand_rows::roles::against_rest(only, rule)?,
                ([only], None) => (*only).clone(),
                _ => Groups::intersection(&parts),
            };
            let groups = if role.name.is_empty() { groups } else { groups.renamed(role.name.clone()) };
            if kept.iter().any(|known| known.name() == groups.name()) {
                let reason = "two sensitive attributes have this name; give them different names".to_owned();
                return Err(DataError::from(crate::RowsError::BadColumn { column: groups.name().to_owned(), reason }));
            }
            kept.push(groups);
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
    if schema.sensitive_as_features != SensitiveAsFeatures::No {
        let inputs = data.sensitive.iter().map(|groups| Feature {
            name: groups.name().to_owned(),
            values: Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() },
            sensitive: true,
        });
        data.features.extend(inputs);
    }
    Ok(())
}

//! FairCVtest 2020: synthetic CVs whose scores were biased on purpose, and the predictions of the published networks.
//!
//! Files: `Profiles_test_gen.npy` and `Profiles_test_et.npy` (4,800 profiles each: gender or ethnicity bias injected into the scores) and
//! twelve files of predictions. They hold pickled Python dictionaries and are read as data only (see [`crate::DataError`] for what is
//! refused); nothing in them is run. Terms: "as is", cite the papers: <https://github.com/BiDAlab/FairCVtest>.
//!
//! | columns of a profile | meaning |
//! |---|---|
//! | 0, 1 | ethnicity G1, G2, G3; gender male, female |
//! | 2-13 | competencies: education, experience, recommendation, availability, eight languages |
//! | 14-33, 34-53 | face embedding; face embedding made agnostic of gender and ethnicity |
//!
//! The release names no column; the names of the competencies follow the ranges of their values (0 to 5, continuous, 0 or 1, 1 to 5,
//! eight times 0 to 3) and the project's description. It has no occupations either (the release of 2023 has): `jobs` deals the candidates to
//! made-up jobs at random, so that shortlists can be tried on known bias. 11 labels of the ethnicity file exceed 1 and are cut to 1 for learning. A person is the
//! identity of the face image.

use std::path::Path;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};
use rand::seq::SliceRandom;

use super::{LoadRequest, Loader, folder_of, keep_attributes};
use crate::pickle::{Object, object_of_npy};
use crate::seed::generator;
use crate::table::{ScoreRoles, Scored, file_bytes, file_digest};
use crate::{
    DataError, Dataset, Feature, FileDigest, Groups, Identity, Label, LabelKind, Provenance, Scale, Schema, SensitiveAsFeatures, Values,
};

pub(super) const CARD: Card = Card {
    id: "faircv-2020",
    name: "FairCVtest 2020",
    kind: Kind::Corpus,
    summary: "4,800 synthetic CVs with a face embedding; label: a score, as it should be (blind) or lowered for a group on purpose (biased). \
              Attributes gender and ethnicity.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://github.com/BiDAlab/FairCVtest (own terms: as is, cite the papers)",
    parameters: &[
        Parameter {
            name: "attribute",
            default: Literal::Text("gender"),
            allowed: Allowed::OneOf(&["gender", "ethnicity"]),
            purpose: "which bias was injected into the biased scores",
        },
        Parameter {
            name: "labels",
            default: Literal::Text("biased"),
            allowed: Allowed::OneOf(&["biased", "blind"]),
            purpose: "the scores with the injected bias, or without",
        },
        Parameter {
            name: "inputs",
            default: Literal::Text("face"),
            allowed: Allowed::OneOf(&["competencies", "attribute", "face", "agnostic-face"]),
            purpose: "competencies alone, with the biased attribute, with the face embedding, or with the agnostic one",
        },
        Parameter {
            name: "jobs",
            default: Literal::Integer(0),
            allowed: Allowed::Between(0.0, 4800.0),
            purpose: "jobs that the candidates are dealt to by data.seed, as many to each; 0: none",
        },
    ],
};

/// Names of the columns 2 to 13.
pub const COMPETENCIES: [&str; 12] = [
    "education",
    "experience",
    "recommendation",
    "availability",
    "language_1",
    "language_2",
    "language_3",
    "language_4",
    "language_5",
    "language_6",
    "language_7",
    "language_8",
];
const COLUMNS: usize = 54;
const FACE: usize = 20;

/// Which attribute the scores were biased by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// Women's scores lowered.
    Gender,
    /// Scores of G1 raised, of G3 lowered.
    Ethnicity,
}

/// What the published network saw and learned (scenarios of the paper).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// 1: learned the blind scores.
    Blind,
    /// 2: learned the biased scores with the attribute as input.
    BiasedWithAttribute,
    /// 3: learned the biased scores, attribute left out.
    Biased,
    /// 4: learned the biased scores with the face.
    BiasedWithFace,
    /// 4: learned the biased scores with the agnostic face.
    BiasedWithAgnosticFace,
}

impl Scenario {
    /// All scenarios in the order of the paper.
    pub const ALL: [Scenario; 5] =
        [Scenario::Blind, Scenario::BiasedWithAttribute, Scenario::Biased, Scenario::BiasedWithFace, Scenario::BiasedWithAgnosticFace];

    /// Word for command lines and reports.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Blind => "blind",
            Scenario::BiasedWithAttribute => "biased-with-attribute",
            Scenario::Biased => "biased",
            Scenario::BiasedWithFace => "biased-with-face",
            Scenario::BiasedWithAgnosticFace => "biased-with-agnostic-face",
        }
    }

    /// Name of the file of predictions.
    pub fn file(self, bias: Bias) -> String {
        let scenario = match self {
            Scenario::Blind => "blind_feat",
            Scenario::BiasedWithAttribute => "biased_feat",
            Scenario::Biased => "biased",
            Scenario::BiasedWithFace => "biased_facial",
            Scenario::BiasedWithAgnosticFace => "biased_facial_ag",
        };
        format!("predictions_{scenario}_{}.npy", bias.name())
    }
}

impl Bias {
    /// Name of the attribute.
    pub fn name(self) -> &'static str {
        match self {
            Bias::Gender => "gender",
            Bias::Ethnicity => "ethnicity",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Bias::Gender => "Profiles_test_gen.npy",
            Bias::Ethnicity => "Profiles_test_et.npy",
        }
    }
}

#[derive(Debug)]
struct FairCv2020 {
    bias: Bias,
    blind: bool,
    inputs: String,
    jobs: usize,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(FairCv2020 {
        bias: if parameters.text("attribute") == "gender" { Bias::Gender } else { Bias::Ethnicity },
        blind: parameters.text("labels") == "blind",
        inputs: parameters.text("inputs").to_owned(),
        jobs: parameters.count("jobs"),
    }))
}

impl Loader for FairCv2020 {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let profiles = Profiles::read(request, self.bias)?;
        let column = |name: String, column: usize| Feature { name, values: Values::Numeric(profiles.column(column)), sensitive: false };
        let mut features: Vec<Feature> =
            COMPETENCIES.iter().enumerate().map(|(position, name)| column((*name).to_owned(), 2 + position)).collect();
        match self.inputs.as_str() {
            "face" => features.extend((0..FACE).map(|position| column(format!("face_{}", position + 1), 14 + position))),
            "agnostic-face" => {
                features.extend((0..FACE).map(|position| column(format!("agnostic_face_{}", position + 1), 14 + FACE + position)));
            }
            _ => {}
        }
        let mut notes = Vec::new();
        let label = profiles.label(self.blind, &mut notes);
        let job = (self.jobs > 0).then(|| dealt(profiles.rows(), self.jobs, request.seed));
        if job.is_some() {
            notes.push(format!("the release names no jobs: {} were made up and the candidates dealt to them at random", self.jobs));
        }
        let sensitive = profiles.groups();
        if self.inputs == "attribute" && request.schema.sensitive_as_features == SensitiveAsFeatures::No {
            let groups = &sensitive[usize::from(self.bias == Bias::Ethnicity)];
            features.push(Feature {
                name: groups.name().to_owned(),
                values: Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() },
                sensitive: true,
            });
        }
        let mut data = Dataset {
            name: CARD.id.to_owned(),
            features,
            label: Some(label),
            targets: Vec::new(),
            sensitive,
            person: Some(profiles.persons.clone()),
            job,
            weights: None,
            recordings: None,
            parts: None,
            rows: (1..=profiles.rows() as u64).collect(),
            provenance: Provenance { loader: CARD.id.to_owned(), files: vec![profiles.digest.clone()], notes },
        };
        keep_attributes(&mut data, request.schema)?;
        Ok(data)
    }
}

/// Scores of a published network with both attributes and the scores that it should have given: the blind ones in scenario 1, the
/// biased ones in all others. These stay as published, the 11 above 1 (up to 1.174) too: errors are measured against them.
pub fn predictions(folder: Option<&Path>, bias: Bias, scenario: Scenario) -> Result<Scored, DataError> {
    let request = LoadRequest { folder, files: &[], schema: &Schema::default(), settings: crate::table::EVERY_ROW, seed: 0 };
    let profiles = Profiles::read(&request, bias)?;
    let name = scenario.file(bias);
    let path = folder_of(&request, CARD.id, &[&name])?.join(&name);
    let bytes = file_bytes(&path)?;
    let object = object_of_npy(&path.display().to_string(), &bytes)?;
    let scores = object.item("predictions").and_then(|predictions| predictions.numbers()).map(|(_, numbers)| numbers);
    let scores = scores.filter(|scores| scores.len() == profiles.rows() && scores.iter().all(|score| (0.0..=1.0).contains(score)));
    let scores = scores.ok_or_else(|| changed(&path, "it does not hold one prediction from 0 to 1 for every profile"))?;
    let mut notes = Vec::new();
    let label = profiles.published(scenario == Scenario::Blind);
    let above = label.values.iter().filter(|&&value| value > 1.0).count();
    if above > 0 {
        notes.push(format!("{above} labels lie above 1; they are kept as published"));
    }
    let groups = profiles.groups();
    for groups in &groups {
        evenhand_rows::roles::remark(groups, &mut notes);
    }
    let files = vec![profiles.digest, file_digest(&path, &bytes)];
    let provenance = Provenance { loader: CARD.id.to_owned(), files, notes };
    Ok(Scored { scores, label: Some(label), groups, provenance, ..Scored::default() })
}

/// What a file of predictions can be asked for, in the manner of columns.
const ASKED: [&str; 4] = ["prediction", "label", "gender", "ethnicity"];

/// Reads one file of predictions as if it were a table with the columns `prediction`, `label` (the scores that the network should
/// have given), `gender` and `ethnicity`; either of the first two can be the score. The profiles lie beside it.
pub fn read_scores(path: &Path, roles: &ScoreRoles) -> Result<Scored, DataError> {
    let file = path.display().to_string();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut known = [Bias::Gender, Bias::Ethnicity].into_iter().flat_map(|bias| Scenario::ALL.map(|scenario| (bias, scenario)));
    let Some((bias, scenario)) = known.find(|(bias, scenario)| scenario.file(*bias) == name) else {
        return Err(DataError::UnknownNpy { file });
    };
    let absent = |column: &str| DataError::missing_column(&file, column, &ASKED.map(str::to_owned));
    let refused = |column: &str, reason: &str| {
        Err(DataError::from(crate::RowsError::BadColumn { column: column.to_owned(), reason: reason.to_owned() }))
    };
    for role in &roles.groups {
        let columns = if role.columns.is_empty() { std::slice::from_ref(&role.name) } else { &role.columns };
        if let Some(column) = columns.iter().find(|column| !ASKED[2..].contains(&column.as_str())) {
            return Err(absent(column));
        }
    }
    if let Some(column) = &roles.weight {
        return refused(column, "FairCVtest has no weights; leave the weight out");
    }
    if roles.range.is_some() || !roles.missing.is_empty() {
        return refused(&roles.score, "FairCVtest's predictions lie in 0 to 1 and nothing is missing; leave range and missing values out");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut scored = predictions(Some(folder), bias, scenario)?;
    let label = scored.label.take().ok_or_else(|| absent("label"))?;
    match roles.score.as_str() {
        "prediction" => {}
        "label" => {
            let above = label.values.iter().filter(|&&value| value > 1.0).count();
            if above > 0 {
                scored.provenance.notes.push(format!("{above} labels above 1 were cut to 1 where they stand as scores"));
            }
            scored.scores = label.values.iter().map(|value| value.min(1.0)).collect();
        }
        other => return Err(absent(other)),
    }
    match &roles.label {
        None => {}
        Some(role) if role.column != "label" => return Err(absent(&role.column)),
        Some(role) if !role.favourable.is_empty() => return refused("label", "it is a number from 0 to 1 and has no favourable value"),
        Some(_) => scored.label = Some(label),
    }
    let mut attributes = Dataset { sensitive: scored.groups, ..Dataset::default() };
    keep_attributes(&mut attributes, &Schema { sensitive: roles.groups.clone(), ..Schema::default() })?;
    Ok(Scored { groups: attributes.sensitive, ..scored })
}

fn changed(path: &Path, reason: &str) -> DataError {
    DataError::CorpusChanged { file: path.display().to_string(), reason: format!("{reason}; fetch the corpus again") }
}

/// One file of profiles.
#[derive(Debug)]
struct Profiles {
    values: Vec<f64>,
    blind: Vec<f64>,
    biased: Vec<f64>,
    persons: Identity,
    digest: FileDigest,
}

impl Profiles {
    fn read(request: &LoadRequest, bias: Bias) -> Result<Self, DataError> {
        let path = folder_of(request, CARD.id, &[bias.file()])?.join(bias.file());
        let bytes = file_bytes(&path)?;
        let object = object_of_npy(&path.display().to_string(), &bytes)?;
        let numbers = |key: &str| object.item(key).and_then(|object: Object| object.numbers());
        let (shape, values) = numbers("profiles").ok_or_else(|| changed(&path, "it holds no array `profiles`"))?;
        let [rows, COLUMNS] = shape.as_slice() else { return Err(changed(&path, "its profiles do not have 54 columns")) };
        let label = |key: &str| {
            let values = numbers(key).map(|(_, values)| values).filter(|values| values.len() == *rows);
            values
                .filter(|values| values.iter().all(|value| value.is_finite() && *value >= 0.0))
                .ok_or_else(|| changed(&path, &format!("it holds no array `{key}` with a score for every profile")))
        };
        let (blind, biased) = (label("blindLabels")?, label("biasedLabels")?);
        let images = object.item("image_list").and_then(|images| images.texts()).filter(|images| images.len() == *rows);
        let images = images.ok_or_else(|| changed(&path, "it holds no text array `image_list`"))?;
        let sound = values.chunks_exact(COLUMNS).all(|profile| {
            profile.iter().all(|value| value.is_finite()) && [0.0, 1.0, 2.0].contains(&profile[0]) && [0.0, 1.0].contains(&profile[1])
        });
        if !sound {
            return Err(changed(&path, "a profile holds a group or a number that it should not"));
        }
        Ok(Profiles { values, blind, biased, persons: identities(&images), digest: file_digest(&path, &bytes) })
    }

    fn rows(&self) -> usize {
        self.blind.len()
    }

    fn column(&self, column: usize) -> Vec<f64> {
        self.values.chunks_exact(COLUMNS).map(|profile| profile[column]).collect()
    }

    fn groups(&self) -> Vec<Groups> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let codes = |column: usize| self.column(column).into_iter().map(|code| code as u32).collect::<Vec<_>>();
        vec![Groups::new("gender", names(&["male", "female"]), codes(1)), Groups::new("ethnicity", names(&["G1", "G2", "G3"]), codes(0))]
    }

    /// The label as published, where some of it lies above 1.
    fn published(&self, blind: bool) -> Label {
        let (name, values) = if blind { ("blind score", &self.blind) } else { ("biased score", &self.biased) };
        Label { name: name.to_owned(), kind: LabelKind::Continuous, values: values.clone(), scale: Scale::default() }
    }

    /// The label cut to [0, 1], to learn from.
    fn label(&self, blind: bool, notes: &mut Vec<String>) -> Label {
        let mut label = self.published(blind);
        let above = label.values.iter().filter(|&&value| value > 1.0).count();
        if above > 0 {
            notes.push(format!("{above} scores above 1 were cut to 1"));
            label.values.iter_mut().for_each(|value| *value = value.min(1.0));
        }
        label
    }
}

/// Candidates dealt to jobs at random, so that no job has two more than another.
fn dealt(rows: usize, jobs: usize, seed: u64) -> Identity {
    let mut codes: Vec<u32> = (0..rows).map(|row| (row % jobs) as u32).collect();
    codes.shuffle(&mut generator(seed, 0xfa1c));
    let digits = jobs.to_string().len();
    Identity { name: "job".to_owned(), levels: (1..=jobs).map(|number| format!("j{number:0digits$}")).collect(), codes }
}

/// `class\identity\image` -> the identity, in order of first appearance.
fn identities(images: &[String]) -> Identity {
    let mut index = std::collections::BTreeMap::new();
    let mut levels: Vec<String> = Vec::new();
    let codes = images
        .iter()
        .map(|image| {
            // The class is left out: one person stands in two classes.
            let identity = image.rsplit(['\\', '/']).nth(1).unwrap_or(image);
            *index.entry(identity).or_insert_with(|| {
                levels.push(identity.to_owned());
                levels.len() as u32 - 1
            })
        })
        .collect();
    Identity { name: "face identity".to_owned(), levels, codes }
}

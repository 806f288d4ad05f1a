//! ChaLearn First Impressions V2: 10,000 clips of about 15 seconds in which people speak to a camera, rated by crowd workers.
//!
//! ```text
//! FOLDER/annotation_{training,validation,test}.pkl         trait -> clip -> score; at least one of the three is needed
//! FOLDER/transcription_{training,validation,test}.pkl      clip -> text; for the manifest only
//! FOLDER/eth_gender_annotations_{dev,test}.csv             gender and ethnicity, where present
//! FOLDER/age_anno_*.csv, FOLDER/fi_age_labels/age_anno_*.csv   age, where present
//! FOLDER/**/*.mp4                                          videos, where present; for the manifest only
//! ```
//!
//! Rows: a clip each, 6,000 of training, 2,000 of validation, 2,000 of test, in this order and within a part in the order of their names.
//! Label: `interview`, in [0, 1], a high one says "I would invite this person". Targets, where the recipe names them: the five traits.
//! **`neuroticism` is coded as emotional stability**: a high value means stable, and it rises with `interview`; the name is the files'.
//! Person: the YouTube id; a clip is `<id>.<NNN>.mp4`, and an id may hold points, so the name is cut from the right, twice.
//!
//! | attribute | file, column | codes |
//! |---|---|---|
//! | `gender` | `eth_gender_annotations_*.csv`, `Gender` | 1 male, 2 female |
//! | `ethnicity` | the same, `Ethnicity` | 1 Asian, 2 Caucasian, 3 African-American |
//! | `age` | `age_anno_*.csv`, `AgeGroup` | 1 to 8: 0-6, 7-13, 14-18, 19-24, 25-32, 33-45, 46-60, 61+ |
//!
//! They were given by annotators who watched the clips, not by the persons. Of several annotators of an age the middle one counts, of two
//! the younger: the groups are ordered, and no group that nobody named is made up.
//!
//! **The official split leaks identities**: most persons of validation and test also occur in training, and remembering persons pays: on
//! the training part the mean of a person's other clips predicts `interview` with 1 - mean absolute error .914, a constant with .879.
//! `split = "person"` (the default) leaves the cut to the recipe, which keeps a person on one side; `split = "official"` keeps the parts
//! ([`split::given`]) for comparison with published numbers, and a note says how many persons cross.
//!
//! Inputs: none of its own. `extracted` names the folder that `evenhand extract` wrote from the videos ([`manifest`] makes its list); clips
//! without a record are left out and counted. Without it the labels can be measured (tilt, skew, the constant predictor), not learned.
//!
//! Traps: the pickles are Python 2's, and every `interview` score is a numpy number while the traits are plain ones; the CSV files are
//! separated by semicolons; a transcript may be empty or hold remarks of its writer in brackets. The pickles are read as data only,
//! nothing in them is run. Origin and licence: <https://chalearnlap.cvc.uab.cat/dataset/24/description/> (registration; CC BY-NC 4.0).
//! Clips show identifiable people: neither they nor what is made of them belongs in a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};
use evenhand_rows::spreadsheet;

use super::interviews::{Extracted, ID, RECORD};
use super::{LoadRequest, Loader, inside, keep_attributes};
use crate::cache;
use crate::pickle::{self, Object};
use crate::recordings::Recordings;
use crate::table::{FileOptions, Format, RawTable, Source, Wanted, file_bytes, file_digest, record};
use crate::whole;
use crate::{DataError, Dataset, FileDigest, Groups, Identity, Label, LabelKind, Part, Provenance, Scale, Schema, UNKNOWN, split};

pub(super) const CARD: Card = Card {
    id: "first-impressions",
    name: "ChaLearn First Impressions V2",
    kind: Kind::Corpus,
    summary: "10,000 clips of people who speak to a camera; label: the rated wish to invite them to an interview, further targets: five \
              traits. Attributes gender, ethnicity, age where their files are at hand; inputs are recordings (`extracted`).",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://chalearnlap.cvc.uab.cat/dataset/24/description/ (registration; CC BY-NC 4.0)",
    parameters: &[
        Parameter {
            name: "split",
            default: Literal::Text("person"),
            allowed: Allowed::OneOf(&["person", "official"]),
            purpose: "leave the cut to the recipe, which keeps a person on one side, or keep the official parts, which persons cross",
        },
        Parameter {
            name: "extracted",
            default: Literal::Text(""),
            allowed: Allowed::Any,
            purpose: "folder that `evenhand extract` wrote from the videos, from the working folder on; empty: labels only",
        },
    ],
};

/// The label and the traits, as the files name them.
const SCORES: [&str; 6] = [LABEL, "extraversion", "agreeableness", "conscientiousness", "neuroticism", "openness"];
const LABEL: &str = "interview";
const STABILITY: &str = "`neuroticism` is coded as emotional stability: a high value means stable";
/// Parts and how files are named after them.
const PARTS: [(Part, &str); 3] = [(Part::Train, "training"), (Part::Validation, "validation"), (Part::Test, "test")];
/// The folder's name beside the id.
const ALIAS: &str = "chalearn-fi-v2";
const PAGE: &str = "https://chalearnlap.cvc.uab.cat/dataset/24/description/";
const CLIP: &str = "VideoName";
const GENDER_FILES: [&str; 2] = ["eth_gender_annotations_dev.csv", "eth_gender_annotations_test.csv"];
const AGE_FOLDER: &str = "fi_age_labels";

/// A sensitive attribute whose groups stand as whole numbers from 1 in a file.
#[derive(Debug)]
struct Coding {
    attribute: &'static str,
    column: &'static str,
    groups: &'static [&'static str],
}

const GENDER_AND_ETHNICITY: [Coding; 2] = [
    Coding { attribute: "gender", column: "Gender", groups: &["male", "female"] },
    Coding { attribute: "ethnicity", column: "Ethnicity", groups: &["Asian", "Caucasian", "African-American"] },
];
const AGE: [Coding; 1] =
    [Coding { attribute: "age", column: "AgeGroup", groups: &["0-6", "7-13", "14-18", "19-24", "25-32", "33-45", "46-60", "61+"] }];

/// How to get an attribute whose files are absent.
fn advice(attribute: &str) -> String {
    if attribute == AGE[0].attribute {
        format!("put age_anno_*.csv (fi_age_labels.zip of {PAGE}, after registration) beside the annotations")
    } else {
        format!("put {} (of {PAGE}, after registration) beside the annotations", GENDER_FILES.join(" and "))
    }
}

#[derive(Debug)]
struct FirstImpressions {
    official: bool,
    extracted: Option<PathBuf>,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    let extracted = parameters.text("extracted");
    Ok(Box::new(FirstImpressions {
        official: parameters.text("split") == "official",
        extracted: (!extracted.is_empty()).then(|| PathBuf::from(extracted)),
    }))
}

impl Loader for FirstImpressions {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn extracted(&self, _folder: Option<&Path>) -> Option<PathBuf> {
        self.extracted.clone()
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let mut corpus = Corpus::read(request.folder)?;
        let sensitive = corpus.attributes()?;
        let asked = request.schema;
        check(asked, &sensitive)?;
        let label = |position: usize| Label {
            name: SCORES[position].to_owned(),
            kind: LabelKind::Continuous,
            values: corpus.clips.iter().map(|clip| clip.scores[position]).collect(),
            scale: Scale::default(),
        };
        let targets = asked.targets.iter().map(|wanted| {
            let position = SCORES[1..].iter().position(|name| name == wanted);
            position.map(|position| label(position + 1)).ok_or_else(|| {
                let known: Vec<String> = SCORES[1..].iter().map(|name| (*name).to_owned()).collect();
                DataError::missing_column(CARD.id, wanted, &known)
            })
        });
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        if targets.iter().any(|target| target.name == "neuroticism") {
            corpus.notes.push(STABILITY.to_owned());
        }
        let mut data = Dataset {
            name: CARD.id.to_owned(),
            features: Vec::new(),
            label: Some(label(0)),
            targets,
            sensitive,
            person: Some(corpus.persons()),
            job: None,
            weights: None,
            recordings: None,
            parts: self.official.then(|| corpus.clips.iter().map(|clip| clip.part).collect()),
            rows: (1..=corpus.clips.len() as u64).collect(),
            provenance: Provenance { loader: CARD.id.to_owned(), files: corpus.files, notes: corpus.notes },
        };
        if let Some(folder) = &self.extracted {
            data = with_recordings(&data, &corpus.clips, folder)?;
        }
        let mut data = data.without_empty_levels();
        for groups in &data.sensitive {
            evenhand_rows::roles::remark(groups, &mut data.provenance.notes);
        }
        keep_attributes(&mut data, asked)?;
        if let Some(note) = crossing_note(&data) {
            data.provenance.notes.push(note);
        }
        Ok(data)
    }
}

/// Refuses attributes whose files are absent, with the way to get them, and inputs, of which there are none.
fn check(asked: &Schema, sensitive: &[Groups]) -> Result<(), DataError> {
    for role in &asked.sensitive {
        let columns = if role.columns.is_empty() { std::slice::from_ref(&role.name) } else { role.columns.as_slice() };
        for column in columns {
            let known = GENDER_AND_ETHNICITY.iter().chain(&AGE).any(|coding| coding.attribute == column);
            if known && !sensitive.iter().any(|groups| groups.name() == column) {
                let reason = format!("the folder of `{}` holds no file with this attribute; {}", CARD.id, advice(column));
                return Err(DataError::from(crate::RowsError::BadColumn { column: column.clone(), reason }));
            }
        }
    }
    if let Some(column) = asked.features.iter().flatten().next() {
        let reason = format!("`{}` has no input columns; its inputs are recordings, see its parameter `extracted`", CARD.id);
        return Err(DataError::from(crate::RowsError::BadColumn { column: column.clone(), reason }));
    }
    Ok(())
}

/// The rows whose clip has a record in a folder of extracted interviews.
fn with_recordings(data: &Dataset, clips: &[Clip], folder: &Path) -> Result<Dataset, DataError> {
    let bad = |problem: String| DataError::bad_recordings(folder, problem);
    let Extracted { store, table, records, digest } = Extracted::open(folder, Wanted::Named(&[ID.to_owned(), RECORD.to_owned()]))?;
    let ids = table.texts_of(ID)?;
    let mut known: BTreeMap<&str, Option<u32>> = BTreeMap::new();
    for (row, record) in records.iter().enumerate() {
        let id = ids.at(row);
        if known.insert(id.strip_suffix(".mp4").unwrap_or(id), *record).is_some() {
            return Err(bad(format!("two candidates have the id `{id}`; extract again from a manifest that names each once")));
        }
    }
    let named = clips.iter().filter(|clip| known.contains_key(clip.name.as_str())).count();
    let found = |clip: &Clip| known.get(clip.name.as_str()).copied().flatten();
    let rows: Vec<usize> = (0..clips.len()).filter(|&row| found(&clips[row]).is_some()).collect();
    if rows.is_empty() {
        let example = clips.first().map_or("", |clip| clip.name.as_str());
        return Err(bad(format!(
            "none of its candidates is an annotated clip; their ids must be names of clips without the ending, for example `{example}`: \
             extract the manifest that `evenhand manifest first-impressions FOLDER` makes"
        )));
    }
    let mut kept = data.select(&rows);
    kept.recordings = Some(Recordings::new(store, rows.iter().filter_map(|&row| found(&clips[row])).collect()));
    kept.provenance.files.extend(table.digests);
    kept.provenance.files.push(digest);
    let mut note = |count: usize, what: &str| {
        if count > 0 {
            kept.provenance.notes.push(format!("{count} {what}"));
        }
    };
    note(clips.len() - named, "clips are left out: the extracted folder does not know them");
    note(named - rows.len(), "clips are left out: their extraction failed");
    note(known.len() - named, "extracted candidates are left out: they are no annotated clips");
    Ok(kept)
}

/// How many persons stand on two sides of the official split, of the rows that are left.
fn crossing_note(data: &Dataset) -> Option<String> {
    let parts = data.parts.as_ref()?;
    let rows = |wanted: Part| (0..parts.len()).filter(|&row| parts[row] == wanted).collect::<Vec<usize>>();
    let [train, validation, test] = [Part::Train, Part::Validation, Part::Test].map(rows);
    let (persons, crossing) = split::crossing(data, &validation, &train)?;
    let (persons_of_test, crossing_of_test) = split::crossing(data, &test, &train)?;
    Some(format!(
        "the official parts share persons: {crossing} of {persons} of validation and {crossing_of_test} of {persons_of_test} of test also \
         occur in training; figures on them flatter a scorer that remembers persons"
    ))
}

/// A clip as annotated.
#[derive(Debug)]
struct Clip {
    /// File name without `.mp4`.
    name: String,
    part: Part,
    /// In the order of [`SCORES`].
    scores: [f64; SCORES.len()],
}

/// YouTube id of a clip `<id>.<NNN>`.
fn person_of(clip: &str) -> Option<&str> {
    let (id, number) = clip.rsplit_once('.')?;
    (!id.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

fn changed(path: &Path, reason: &str) -> DataError {
    DataError::CorpusChanged { file: path.display().to_string(), reason: format!("{reason}; put the original file of the corpus there") }
}

/// A pickled file, as data.
fn pickled(path: &Path) -> Result<(Object, FileDigest), DataError> {
    let bytes = file_bytes(path)?;
    let object = pickle::read(&bytes)
        .map_err(|reason| DataError::CorpusChanged { file: path.display().to_string(), reason: format!("{reason}; nothing was run") })?;
    Ok((object, file_digest(path, &bytes)))
}

/// Name of the clip that a key of a pickle stands for.
fn clip_name(path: &Path, key: &Object) -> Result<String, DataError> {
    let key = key.text().ok_or_else(|| changed(path, "a clip's name is no text"))?;
    match key.strip_suffix(".mp4").filter(|name| person_of(name).is_some()) {
        Some(name) => Ok(name.to_owned()),
        None => Err(changed(path, &format!("`{key}` is no name of a clip, which is `<YouTube id>.<NNN>.mp4`"))),
    }
}

/// The annotations of all parts that are there.
#[derive(Debug)]
struct Corpus {
    folder: PathBuf,
    clips: Vec<Clip>,
    files: Vec<FileDigest>,
    notes: Vec<String>,
}

impl Corpus {
    fn read(folder: Option<&Path>) -> Result<Self, DataError> {
        let mut corpus = Corpus { folder: place(folder)?, clips: Vec::new(), files: Vec::new(), notes: Vec::new() };
        let mut parts: BTreeMap<String, &str> = BTreeMap::new();
        for (part, name) in PARTS {
            let path = corpus.folder.join(annotation_file(name));
            if !path.is_file() {
                corpus.notes.push(format!("{} is absent: its clips are left out", annotation_file(name)));
                continue;
            }
            let (clips, digest) = annotations(&path, part)?;
            for clip in &clips {
                if let Some(other) = parts.insert(clip.name.clone(), name) {
                    return Err(changed(&path, &format!("the clip `{}.mp4` also stands in {}", clip.name, annotation_file(other))));
                }
            }
            corpus.clips.extend(clips);
            corpus.files.push(digest);
        }
        Ok(corpus)
    }

    fn persons(&self) -> Identity {
        let mut index: BTreeMap<&str, u32> = BTreeMap::new();
        let mut levels: Vec<String> = Vec::new();
        let codes = self.clips.iter().map(|clip| {
            let person = person_of(&clip.name).unwrap_or(&clip.name);
            *index.entry(person).or_insert_with(|| {
                levels.push(person.to_owned());
                levels.len() as u32 - 1
            })
        });
        let codes = codes.collect();
        Identity { name: "YouTube id".to_owned(), levels, codes }
    }

    /// The attributes whose files are there; a note says how to get the others.
    fn attributes(&mut self) -> Result<Vec<Groups>, DataError> {
        let present: Vec<PathBuf> = GENDER_FILES.iter().map(|name| self.folder.join(name)).filter(|path| path.is_file()).collect();
        let mut groups = self.coded(&present, &GENDER_AND_ETHNICITY, true)?;
        match present.as_slice() {
            [] => self.notes.push(format!("gender and ethnicity are not known; {}", advice("gender"))),
            [only] => {
                let name = only.file_name().unwrap_or_default().to_string_lossy();
                self.notes.push(format!("gender and ethnicity are those of {name} alone; {}", advice("gender")));
            }
            _ => {}
        }
        let ages = age_files(&self.folder)?;
        if ages.is_empty() {
            self.notes.push(format!("age is not known; {}", advice("age")));
        }
        groups.extend(self.coded(&ages, &AGE, false)?);
        Ok(groups)
    }

    /// Attributes out of files of codes; nothing without a file. `alone`: there is one annotator, who cannot contradict himself.
    fn coded(&mut self, paths: &[PathBuf], codings: &[Coding], alone: bool) -> Result<Vec<Groups>, DataError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let rows: BTreeMap<&str, usize> = self.clips.iter().enumerate().map(|(row, clip)| (clip.name.as_str(), row)).collect();
        let mut votes = vec![vec![Vec::new(); self.clips.len()]; codings.len()];
        let mut strangers = 0;
        let mut columns = vec![CLIP.to_owned()];
        columns.extend(codings.iter().map(|coding| coding.column.to_owned()));
        for path in paths {
            let source = Source { path: path.clone(), format: Format::Csv };
            let table = RawTable::read(&[source], Wanted::Named(&columns), &FileOptions::default())?;
            let bad = |column: &str, row: usize, value: &str, remedy: String| {
                DataError::from(crate::RowsError::BadValue {
                    file: path.display().to_string(),
                    column: column.to_owned(),
                    row: row as u64 + 1,
                    value: if value.is_empty() { "an empty field".to_owned() } else { format!("`{value}`") },
                    remedy,
                })
            };
            let clips = table.texts_of(CLIP)?;
            let places: Vec<Option<usize>> = (0..evenhand_rows::roles::Columns::rows(&table))
                .map(|row| {
                    let name = clips.at(row);
                    let name = name.strip_suffix(".mp4").unwrap_or(name);
                    if person_of(name).is_none() {
                        let remedy = "a clip's name `<YouTube id>.<NNN>.mp4` is expected; correct or remove the row".to_owned();
                        return Err(bad(CLIP, row, clips.at(row), remedy));
                    }
                    Ok(rows.get(name).copied())
                })
                .collect::<Result<_, _>>()?;
            strangers += places.iter().filter(|place| place.is_none()).count();
            for (coding, votes) in codings.iter().zip(&mut votes) {
                let texts = table.texts_of(coding.column)?;
                for (row, place) in places.iter().enumerate() {
                    let text = texts.at(row);
                    if text.is_empty() {
                        continue;
                    }
                    let code = text.parse::<usize>().ok().filter(|code| (1..=coding.groups.len()).contains(code));
                    let code = code.ok_or_else(|| {
                        let meanings: Vec<String> =
                            coding.groups.iter().enumerate().map(|(place, group)| format!("{} {group}", place + 1)).collect();
                        bad(coding.column, row, text, format!("the codes are {}; correct the row", meanings.join(", ")))
                    })?;
                    let Some(place) = *place else { continue };
                    let earlier: &mut Vec<u32> = &mut votes[place];
                    if alone && earlier.first().is_some_and(|&earlier| earlier as usize + 1 != code) {
                        let remedy = format!("an earlier row gives this clip the code {}; keep the right one", earlier[0] + 1);
                        return Err(bad(coding.column, row, text, remedy));
                    }
                    earlier.push(code as u32 - 1);
                }
            }
            self.files.extend(table.digests);
        }
        let mut groups = Vec::new();
        for (coding, mut votes) in codings.iter().zip(votes) {
            let differing = votes.iter().filter(|votes| votes.iter().any(|vote| *vote != votes[0])).count();
            if differing > 0 {
                let name = coding.attribute;
                self.notes.push(format!("`{name}`: the annotators differ on {differing} clips; the middle group counts, of two the lower"));
            }
            let codes = votes.iter_mut().map(|votes| {
                votes.sort_unstable();
                votes.get(votes.len().saturating_sub(1) / 2).copied().unwrap_or(UNKNOWN)
            });
            let codes = codes.collect();
            groups.push(Groups::new(coding.attribute, coding.groups.iter().map(|group| (*group).to_owned()).collect(), codes));
        }
        if strangers > 0 {
            let names: Vec<String> = codings.iter().map(|coding| format!("`{}`", coding.attribute)).collect();
            self.notes.push(format!("{}: {strangers} rows name clips without annotations; they are left out", names.join(", ")));
        }
        Ok(groups)
    }

    /// Text of each clip, empty where there is none, in the order of the clips.
    fn transcripts(&mut self) -> Result<Vec<String>, DataError> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (part, name) in PARTS {
            let file = format!("transcription_{name}.pkl");
            let path = self.folder.join(&file);
            if !path.is_file() {
                if self.clips.iter().any(|clip| clip.part == part) {
                    self.notes.push(format!("{file} is absent: its clips have no transcript"));
                }
                continue;
            }
            let (object, digest) = pickled(&path)?;
            let entries = object.entries().ok_or_else(|| changed(&path, "it holds no texts by clip"))?;
            for (key, value) in entries {
                let clip = clip_name(&path, &key)?;
                let text = value.text().ok_or_else(|| changed(&path, &format!("what it holds of `{clip}.mp4` is no text")))?;
                if texts.insert(clip.clone(), text.trim().to_owned()).is_some() {
                    return Err(changed(&path, &format!("the clip `{clip}.mp4` has two transcripts")));
                }
            }
            self.files.push(digest);
        }
        Ok(self.clips.iter().map(|clip| texts.remove(&clip.name).unwrap_or_default()).collect())
    }
}

fn annotation_file(part: &str) -> String {
    format!("annotation_{part}.pkl")
}

/// The folder that holds annotations: the one given, one of the corpus' names in it, or one of these where corpora usually stand.
fn place(folder: Option<&Path>) -> Result<PathBuf, DataError> {
    let places: Vec<PathBuf> = match folder {
        Some(folder) => [Some(folder.to_owned()), inside(folder, CARD.id), inside(folder, ALIAS)].into_iter().flatten().collect(),
        None => cache::folder().into_iter().flat_map(|cache| [inside(&cache, CARD.id), inside(&cache, ALIAS)]).flatten().collect(),
    };
    let complete = |place: &PathBuf| PARTS.iter().any(|(_, part)| place.join(annotation_file(part)).is_file());
    places.into_iter().find(complete).ok_or_else(|| DataError::CorpusAbsent {
        corpus: CARD.id.to_owned(),
        place: folder.map_or_else(
            || "in the folder of the variable EVENHAND_DATA or in the cache".to_owned(),
            |folder| format!("in `{}`", folder.display()),
        ),
        files: PARTS.map(|(_, part)| annotation_file(part)).join(", "),
    })
}

/// Files of ages, in the order of their names.
fn age_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for folder in [folder.to_owned(), folder.join(AGE_FOLDER)].into_iter().filter(|folder| folder.is_dir()) {
        let failed = |source| DataError::Read { path: folder.display().to_string(), source };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.strip_suffix(".csv").is_some_and(|stem| stem.starts_with("age_anno_"))) {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The clips of one part, in the order of their names.
fn annotations(path: &Path, part: Part) -> Result<(Vec<Clip>, FileDigest), DataError> {
    let (object, digest) = pickled(path)?;
    let mut clips: BTreeMap<String, [f64; SCORES.len()]> = BTreeMap::new();
    for (position, name) in SCORES.iter().enumerate() {
        let scores = object.item(name).and_then(|scores| scores.entries());
        for (key, value) in scores.ok_or_else(|| changed(path, &format!("it holds no scores `{name}` by clip")))? {
            let clip = clip_name(path, &key)?;
            let score = value.number().filter(|score| (0.0..=1.0).contains(score));
            let score = score.ok_or_else(|| changed(path, &format!("`{name}` of `{clip}.mp4` is no number from 0 to 1")))?;
            let scores = clips.entry(clip.clone()).or_insert([f64::NAN; SCORES.len()]);
            if !scores[position].is_nan() {
                return Err(changed(path, &format!("the clip `{clip}.mp4` has two scores `{name}`")));
            }
            scores[position] = score;
        }
    }
    for (clip, scores) in &clips {
        if let Some(position) = scores.iter().position(|score| score.is_nan()) {
            return Err(changed(path, &format!("the clip `{clip}.mp4` has no score `{}`", SCORES[position])));
        }
    }
    if clips.is_empty() {
        return Err(changed(path, "it holds no clip"));
    }
    Ok((clips.into_iter().map(|(name, scores)| Clip { name, part, scores }).collect(), digest))
}

/// The list of candidates that `evenhand extract` reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// A header and a row for every clip whose video was found, in the order of the data set: `id`, `file`, `person`, `interview`, the five
    /// traits, `gender`, `ethnicity` and `age` where known (empty where unknown for this clip), `transcript`, `language`.
    pub csv: String,
    /// Number of these rows.
    pub rows: usize,
    /// File names of the annotated clips that were not found.
    pub missing: Vec<String>,
    /// What a reader should know of it, in plain sentences.
    pub notes: Vec<String>,
}

/// Makes the manifest of the clips below a folder of the corpus. `file` starts at that folder, so the manifest belongs in it; elsewhere
/// [`write_manifest`] finds the right paths.
pub fn manifest(folder: &Path) -> Result<Manifest, DataError> {
    Corpus::read(Some(folder))?.manifest("")
}

/// Writes the manifest to a file, whole or not at all. `file` is relative to the manifest's folder where the corpus lies in or below it,
/// else absolute.
pub fn write_manifest(folder: &Path, to: &Path) -> Result<Manifest, DataError> {
    let corpus = Corpus::read(Some(folder))?;
    let failed = |source| DataError::Write { path: to.display().to_string(), source };
    let beside = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let from = beside.canonicalize().map_err(failed)?;
    let place = corpus.folder.canonicalize().map_err(|source| DataError::Read { path: corpus.folder.display().to_string(), source })?;
    let start = slashed(place.strip_prefix(&from).unwrap_or(&place)).ok_or_else(|| {
        let problem = "the name of the folder is not UTF-8, so a manifest cannot name its files; rename it";
        DataError::bad_recordings(&corpus.folder, problem.to_owned())
    })?;
    let mut manifest = corpus.manifest(&start)?;
    if let (_, Some(found)) = spreadsheet::look(&manifest.csv, ',', false) {
        manifest.notes.push(format!(
            "a spreadsheet program takes {} of its fields for formulas and runs them (line {}: `{}`): do not open it in one",
            found.fields, found.line, found.first
        ));
    }
    whole::write(to, manifest.csv.as_bytes()).map_err(failed)?;
    Ok(manifest)
}

/// A path with `/` between its parts, on every system; `None` where it is not UTF-8.
fn slashed(path: &Path) -> Option<String> {
    Some(path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
}

impl Corpus {
    /// `start` stands before the path of every video.
    fn manifest(mut self, start: &str) -> Result<Manifest, DataError> {
        let attributes = self.attributes()?;
        let transcripts = self.transcripts()?;
        let persons = self.persons();
        let videos = videos(&self.folder, &self.clips)?;
        if videos.is_empty() {
            return Err(DataError::bad_recordings(
                &self.folder,
                format!(
                    "none of the {} annotated clips lies in the folder or below it (links are not followed); unpack the archives of the \
                     videos there, and the archives inside them",
                    self.clips.len()
                ),
            ));
        }
        let mut header = vec![ID, "file", "person"];
        header.extend(SCORES);
        header.extend(attributes.iter().map(Groups::name));
        header.extend(["transcript", "language"]);
        let mut csv = record(header.into_iter());
        let (mut missing, mut empty, mut remarks, mut copies) = (Vec::new(), 0, 0, 0);
        for (row, clip) in self.clips.iter().enumerate() {
            let Some(paths) = videos.get(clip.name.as_str()) else {
                missing.push(format!("{}.mp4", clip.name));
                continue;
            };
            let Some(path) = paths.first() else { continue };
            copies += usize::from(paths.len() > 1);
            let transcript = &transcripts[row];
            empty += usize::from(transcript.is_empty());
            remarks += usize::from(transcript.contains('['));
            let file = if start.is_empty() { path.clone() } else { format!("{}/{path}", start.trim_end_matches('/')) };
            let mut fields = vec![clip.name.clone(), file, persons.levels[persons.codes[row] as usize].clone()];
            fields.extend(clip.scores.iter().map(f64::to_string));
            let group = |groups: &Groups| groups.levels().get(groups.codes()[row] as usize).cloned().unwrap_or_default();
            fields.extend(attributes.iter().map(group));
            fields.extend([transcript.clone(), "en".to_owned()]);
            csv.push_str(&record(fields.iter().map(String::as_str)));
        }
        let rows = self.clips.len() - missing.len();
        let mut notes = self.notes;
        notes.push(STABILITY.to_owned());
        for (count, what) in [
            (missing.len(), "annotated clips have no video below the folder; they are left out"),
            (copies, "clips lie there more than once; the first path in alphabetical order is taken"),
            (empty, "clips have no transcript"),
            (remarks, "transcripts hold remarks in brackets; they are kept as they stand"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        Ok(Manifest { csv, rows, missing, notes })
    }
}

/// Paths of the annotated clips below a folder, relative to it and in alphabetical order. Links are not followed: they could lead in
/// circles, and extraction refuses them.
fn videos(folder: &Path, clips: &[Clip]) -> Result<BTreeMap<String, Vec<String>>, DataError> {
    let wanted: BTreeSet<&str> = clips.iter().map(|clip| clip.name.as_str()).collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(place) = folders.pop() {
        let failed = |source| DataError::Read { path: place.display().to_string(), source };
        for entry in std::fs::read_dir(&place).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let name = entry.file_name();
            let clip = name.to_str().and_then(|name| name.strip_suffix(".mp4")).filter(|clip| kind.is_file() && wanted.contains(clip));
            let relative = path.strip_prefix(folder).ok().and_then(slashed);
            if let (Some(clip), Some(relative)) = (clip, relative) {
                found.entry(clip.to_owned()).or_default().push(relative);
            }
        }
    }
    for paths in found.values_mut() {
        paths.sort_unstable();
    }
    Ok(found)
}

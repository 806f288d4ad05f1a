//! Transcripts with their interview scores: ChaLearn's pickles, or a CSV file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::pickle::{self, Value};

/// The traits in the order of the manifest's columns.
pub(crate) const TRAITS: [&str; 5] = ["extraversion", "agreeableness", "conscientiousness", "neuroticism", "openness"];

/// Fewer words are no answer.
const LEAST_WORDS: usize = 12;

/// A transcript.
#[derive(Debug)]
pub(crate) struct Clip {
    /// Name of the clip without `.mp4`.
    pub(crate) id: String,
    pub(crate) words: Vec<String>,
    /// Interview score, 0 to 1.
    pub(crate) interview: f64,
    /// In the order of [`TRAITS`], each 0 to 1.
    pub(crate) traits: Option<[f64; 5]>,
}

/// All usable transcripts in the order of their ids.
#[derive(Debug)]
pub(crate) struct Transcripts {
    pub(crate) clips: Vec<Clip>,
    /// For each speaker (in the order of the ids) the numbers of the clips.
    pub(crate) speakers: Vec<Vec<usize>>,
    /// Mean of the interview scores.
    pub(crate) mean: f64,
    /// Their population standard deviation.
    pub(crate) deviation: f64,
}

impl Transcripts {
    /// Reads a folder of pickles or a CSV file; empty and very short transcripts are left out.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let mut clips = if path.is_dir() { from_pickles(path)? } else { from_csv(path)? };
        clips.retain(|clip| clip.words.len() >= LEAST_WORDS);
        clips.sort_by(|a, b| a.id.cmp(&b.id));
        clips.dedup_by(|a, b| a.id == b.id);
        if clips.is_empty() {
            return Err(format!("`{}` holds no transcript of {LEAST_WORDS} words or more with an interview score", path.display()).into());
        }
        let mut speakers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, clip) in clips.iter().enumerate() {
            speakers.entry(speaker(&clip.id)).or_default().push(number);
        }
        let speakers = speakers.into_values().collect();
        let mean = clips.iter().map(|clip| clip.interview).sum::<f64>() / clips.len() as f64;
        let deviation = (clips.iter().map(|clip| (clip.interview - mean).powi(2)).sum::<f64>() / clips.len() as f64).sqrt();
        Ok(Self { clips, speakers, mean, deviation })
    }
}

/// The part of a clip's name before its number: `<YouTube id>.<NNN>`, where the id may hold dots.
fn speaker(id: &str) -> &str {
    id.rsplit_once('.').map_or(id, |(speaker, _)| speaker)
}

/// The words without the annotators' remarks (in brackets) and without what a speech program would take for a command.
fn words(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut spoken = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '<' | '>' | '&' | '_' | '|' | '*' => spoken.push(' '),
            _ if letter.is_control() => spoken.push(' '),
            _ => spoken.push(letter),
        }
    }
    spoken.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).map(str::to_owned).collect()
}

fn score(value: f64) -> Option<f64> {
    (0.0..=1.0).contains(&value).then_some(value)
}

/// A dictionary with texts as keys.
fn entries(value: Value) -> Option<Vec<(String, Value)>> {
    let Value::Dictionary(items) = value else { return None };
    items.into_iter().map(|(key, value)| Some((key.text()?, value))).collect()
}

fn unpickled(path: &Path) -> Outcome<Vec<(String, Value)>> {
    let bytes = fs::read(path).map_err(|error| format!("reading `{}` failed: {error}", path.display()))?;
    let value = pickle::read(&bytes).map_err(|problem| format!("`{}` {problem}", path.display()))?;
    entries(value).ok_or_else(|| format!("`{}` is not a dictionary", path.display()).into())
}

fn from_pickles(folder: &Path) -> Outcome<Vec<Clip>> {
    let mut clips = Vec::new();
    for part in ["training", "validation", "test"] {
        let path = folder.join(format!("transcription_{part}.pkl"));
        if !path.exists() {
            continue;
        }
        let mut scores: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for (name, values) in unpickled(&folder.join(format!("annotation_{part}.pkl")))? {
            for (clip, value) in entries(values).unwrap_or_default() {
                if let Value::Number(number) = value {
                    scores.entry(clip).or_default().insert(name.clone(), number);
                }
            }
        }
        for (name, text) in unpickled(&path)? {
            let (Some(text), Some(scores)) = (text.text(), scores.get(&name)) else { continue };
            let Some(interview) = scores.get("interview").copied().and_then(score) else { continue };
            let traits = traits(|name| scores.get(name).copied().and_then(score));
            clips.push(Clip { id: name.trim_end_matches(".mp4").to_owned(), words: words(&text), interview, traits });
        }
    }
    if clips.is_empty() {
        return Err(format!(
            "`{}` holds no pair of annotation_*.pkl and transcription_*.pkl (training, validation or test)",
            folder.display()
        )
        .into());
    }
    Ok(clips)
}

fn traits(value: impl Fn(&str) -> Option<f64>) -> Option<[f64; 5]> {
    let mut traits = [0.0; 5];
    for (place, name) in traits.iter_mut().zip(TRAITS) {
        *place = value(name)?;
    }
    Some(traits)
}

fn from_csv(path: &Path) -> Outcome<Vec<Clip>> {
    let about =
        |error: csv::Error| format!("reading `{}` as a CSV file failed: {error}; --transcripts takes a folder or a CSV", path.display());
    let mut reader = csv::Reader::from_path(path).map_err(about)?;
    let header = reader.headers().map_err(about)?.clone();
    let column = |name: &str| header.iter().position(|known| known == name);
    let needed = |name: &str| column(name).ok_or_else(|| format!("`{}` has no column `{name}`", path.display()));
    let (id, transcript, interview) = (needed("id")?, needed("transcript")?, needed("interview")?);
    let columns = TRAITS.map(column);
    let mut clips = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(about)?;
        let number = |column: usize| record.get(column).and_then(|text| text.trim().parse().ok()).and_then(score);
        let interview = number(interview).ok_or_else(|| {
            format!("`{}` row {}: interview is `{}`; it must be a number from 0 to 1", path.display(), row + 1, &record[interview])
        })?;
        let traits = traits(|name| number(columns[TRAITS.iter().position(|known| *known == name)?]?));
        clips.push(Clip { id: record[id].trim_end_matches(".mp4").to_owned(), words: words(&record[transcript]), interview, traits });
    }
    Ok(clips)
}

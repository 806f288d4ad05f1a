//! Faces: UTKFace's labels, and the pictures out of a folder or a tar.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use image::RgbImage;

use crate::Outcome;

/// Largest picture file that is read; UTKFace's have some kilobytes.
const MOST_BYTES: u64 = 4_000_000;

/// Gender as UTKFace labels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gender {
    Male,
    Female,
}

impl fmt::Display for Gender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Male => "male",
            Self::Female => "female",
        })
    }
}

/// A face's labels.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) file: String,
    /// Years, 18 to 70.
    pub(crate) age: u32,
    pub(crate) gender: Gender,
    pub(crate) ethnicity: &'static str,
}

impl Face {
    pub(crate) fn age_band(&self) -> &'static str {
        match self.age {
            ..30 => "18-29",
            30..45 => "30-44",
            45..60 => "45-59",
            _ => "60-70",
        }
    }
}

/// The labels of the faces of working age, in the order of their files.
pub(crate) fn read_labels(path: &Path) -> Outcome<Vec<Face>> {
    let about = |error: csv::Error| format!("reading `{}` failed: {error}", path.display());
    let mut reader = csv::Reader::from_path(path).map_err(about)?;
    let header = reader.headers().map_err(about)?.clone();
    let column =
        |name: &str| header.iter().position(|known| known == name).ok_or_else(|| format!("`{}` has no column `{name}`", path.display()));
    let (file, age, gender, race) = (column("file")?, column("age")?, column("gender")?, column("race")?);
    let mut faces = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(about)?;
        let bad = |name: &str, value: &str| format!("`{}` row {}: {name} is `{value}`", path.display(), row + 1);
        let age: u32 = record[age].parse().map_err(|_| bad("age", &record[age]))?;
        let gender = match &record[gender] {
            "0" => Gender::Male,
            "1" => Gender::Female,
            other => return Err(bad("gender", other).into()),
        };
        let ethnicity = match &record[race] {
            "0" => "White",
            "1" => "Black",
            "2" => "Asian",
            "3" => "Indian",
            "4" => "Others",
            other => return Err(bad("race", other).into()),
        };
        if (18..=70).contains(&age) {
            faces.push(Face { file: record[file].to_owned(), age, gender, ethnicity });
        }
    }
    faces.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(faces)
}

fn decode(name: &str, bytes: &[u8]) -> Outcome<RgbImage> {
    let picture = image::load_from_memory(bytes).map_err(|error| format!("the face `{name}` cannot be decoded: {error}"))?.to_rgb8();
    if picture.width() < 16 || picture.height() < 16 {
        return Err(format!("the face `{name}` has {} x {} pixels; it needs 16 x 16 or more", picture.width(), picture.height()).into());
    }
    Ok(picture)
}

/// The pictures that are needed, by file name.
pub(crate) fn read_pictures(path: &Path, needed: BTreeSet<&str>) -> Outcome<BTreeMap<String, RgbImage>> {
    let mut pictures = BTreeMap::new();
    if path.is_dir() {
        for name in &needed {
            // Labels are data: a name with a folder in it could point anywhere.
            let plain = Path::new(name).file_name().is_some_and(|plain| plain == *name);
            if !plain {
                return Err(format!("the labels name the face `{name}`, which is not a plain file name").into());
            }
            let file = path.join(name);
            let bytes = fs::read(&file).map_err(|error| format!("reading `{}` failed: {error}", file.display()))?;
            pictures.insert((*name).to_owned(), decode(name, &bytes)?);
        }
        return Ok(pictures);
    }
    // A file that is no tar makes the reader quote it.
    let about = |error: std::io::Error| {
        let reason = error.to_string();
        let reason: String = reason.lines().next().unwrap_or_default().chars().take(100).collect();
        format!("reading `{}` as a tar failed: {}; --faces takes a folder or a tar", path.display(), reason.escape_debug())
    };
    let mut archive = tar::Archive::new(BufReader::new(File::open(path).map_err(about)?));
    for entry in archive.entries().map_err(about)? {
        let entry = entry.map_err(about)?;
        let name = entry.path().map_err(about)?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if needed.contains(name.as_str()) {
            let mut bytes = Vec::new();
            entry.take(MOST_BYTES).read_to_end(&mut bytes).map_err(about)?;
            let picture = decode(&name, &bytes)?;
            pictures.insert(name, picture);
        }
    }
    match needed.into_iter().find(|name| !pictures.contains_key(*name)) {
        Some(absent) => Err(format!("`{}` does not hold the face `{absent}` that the labels name", path.display()).into()),
        None => Ok(pictures),
    }
}

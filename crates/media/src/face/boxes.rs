//! Boxes that another program found, from a CSV file.
//!
//! ```text
//! candidate,seconds,left,top,right,bottom[,score]
//! c001,0.48,212,80,402,330,0.998
//! ```
//!
//! A header names the columns, in any order; other columns are ignored; fields may be quoted. `seconds`: presentation time, 0 or more. Sides
//! are pixels of the recording's own frames or, with [`Units::Relative`], shares of its width and height within [0, 1]; the file does not
//! say which, so the caller must. `score` within [0, 1], 1 where the column is absent or the field is empty.
//!
//! For a frame, the row of the same candidate with the nearest time counts, if it is at most `tolerance` seconds away (default 0.5); of
//! two equally near the earlier. Several rows of that time are several faces, the largest first. A candidate without rows, or without one
//! near enough, has no face there. A row that cannot be read refuses the whole file, with row and column.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evenhand_data::whole;
use evenhand_rows::digest::of_bytes;
use serde_json::json;

use super::{Face, FaceDetector, FrameContext, check_picture};
use crate::{MediaError, Picture};

/// What the sides of a box are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// Pixels of the recording's own frames.
    Pixels,
    /// Shares of width and height, 0 to 1.
    Relative,
}

/// Default distance in seconds within which a row counts.
pub const TOLERANCE: f64 = 0.5;

/// Boxes by candidate and time.
#[derive(Debug, Clone)]
pub struct Boxes {
    path: PathBuf,
    units: Units,
    tolerance: f64,
    sha256: String,
    /// Per candidate, by rising time.
    rows: BTreeMap<String, Vec<Row>>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    seconds: f64,
    sides: [f32; 4],
    score: f32,
}

const COLUMNS: [&str; 7] = ["candidate", "seconds", "left", "top", "right", "bottom", "score"];

impl Boxes {
    /// Reads a CSV file. `tolerance`: seconds, 0 or more.
    pub fn load(path: &Path, units: Units, tolerance: f64) -> Result<Self, MediaError> {
        if !(tolerance >= 0.0 && tolerance.is_finite()) {
            return Err(MediaError::BadSetting {
                setting: "tolerance",
                value: tolerance.to_string(),
                expected: "a number of seconds, 0 or more".to_owned(),
            });
        }
        let bytes = whole::read_text(path).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
        let rows = read_rows(&bytes, units).map_err(|problem| MediaError::BadFile {
            path: path.to_owned(),
            problem,
            remedy: "each row needs candidate, seconds, left, top, right, bottom; correct it, or leave the row out where there is no face"
                .to_owned(),
        })?;
        Ok(Boxes { path: path.to_owned(), units, tolerance, sha256: of_bytes(&bytes), rows })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read_rows(bytes: &[u8], units: Units) -> Result<BTreeMap<String, Vec<Row>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header: Vec<String> = records.headers().map_err(|error| damaged(&error))?.iter().map(str::to_owned).collect();
    if header.is_empty() {
        return Err("is empty".to_owned());
    }
    let mut places = [None; 7];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut named = header.iter().enumerate().filter(|(_, name)| *name == column);
        *place = named.next().map(|(place, _)| place);
        if named.next().is_some() {
            return Err(format!("has two columns `{column}`"));
        }
        if place.is_none() && column != "score" {
            return Err(format!("has no column `{column}` (its columns: {})", header.join(", ")));
        }
    }
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for record in records.records() {
        let record = record.map_err(|error| damaged(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| places[column].and_then(|place| record.get(place)).unwrap_or_default();
        let number = |column: usize, allowed: &dyn Fn(f64) -> bool, expected: &str| -> Result<f64, String> {
            let text = field(column);
            text.parse()
                .ok()
                .filter(|number: &f64| number.is_finite() && allowed(*number))
                .ok_or_else(|| format!("has `{text}` in row {line}, column `{}`, instead of {expected}", COLUMNS[column]))
        };
        let candidate = field(0);
        if candidate.is_empty() {
            return Err(format!("has an empty field in row {line}, column `candidate`"));
        }
        let seconds = number(1, &|number| number >= 0.0, "a number of seconds from 0")?;
        let mut sides = [0.0; 4];
        for (side, value) in sides.iter_mut().enumerate() {
            *value = match units {
                Units::Pixels => number(2 + side, &|number| number.abs() <= 1e6, "a number of pixels")?,
                Units::Relative => number(2 + side, &|number| (0.0..=1.0).contains(&number), "a share from 0 to 1")?,
            } as f32;
        }
        for (low, high) in [(0, 2), (1, 3)] {
            if sides[high] <= sides[low] {
                return Err(format!(
                    "has `{}` in row {line}, column `{}`, which is not larger than `{}`",
                    field(2 + high),
                    COLUMNS[2 + high],
                    COLUMNS[2 + low]
                ));
            }
        }
        let score = if field(6).is_empty() { 1.0 } else { number(6, &|number| (0.0..=1.0).contains(&number), "a score from 0 to 1")? };
        rows.entry(candidate.to_owned()).or_default().push(Row { seconds, sides, score: score as f32 });
    }
    for rows in rows.values_mut() {
        rows.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    }
    Ok(rows)
}

fn damaged(error: &csv::Error) -> String {
    let row = error.position().map_or_else(String::new, |position| format!(" in row {}", position.line()));
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields instead of {expected_len}{row} (a quote may not be closed)")
        }
        _ => format!("cannot be read as CSV{row}: {error}"),
    }
}

impl FaceDetector for Boxes {
    fn id(&self) -> &'static str {
        "boxes"
    }

    fn settings(&self) -> serde_json::Value {
        let units = match self.units {
            Units::Pixels => "pixels",
            Units::Relative => "relative",
        };
        json!({ "name": "boxes", "units": units, "tolerance": self.tolerance, "sha256": self.sha256 })
    }

    fn candidates(&self) -> Option<Vec<&str>> {
        Some(self.rows.keys().map(String::as_str).collect())
    }

    fn detect(&self, picture: &Picture, context: &FrameContext<'_>) -> Result<Vec<Face>, MediaError> {
        check_picture(picture)?;
        let Some(rows) = self.rows.get(context.candidate) else { return Ok(Vec::new()) };
        let behind = rows.partition_point(|row| row.seconds < context.seconds);
        let away = |row: &Row| (row.seconds - context.seconds).abs();
        let neighbours = [behind.checked_sub(1).map(|before| &rows[before]), rows.get(behind)];
        // `min_by` keeps the first of equals: the earlier.
        let nearest = neighbours.into_iter().flatten().min_by(|a, b| away(a).total_cmp(&away(b)));
        let Some(nearest) = nearest.filter(|row| away(row) <= self.tolerance) else { return Ok(Vec::new()) };
        let (width, height) = (picture.width as f32, picture.height as f32);
        let (across, down) = match (self.units, context.original) {
            (Units::Relative, _) => (width, height),
            (Units::Pixels, Some((original_width, original_height))) if original_width > 0 && original_height > 0 => {
                (width / original_width as f32, height / original_height as f32)
            }
            (Units::Pixels, _) => (1.0, 1.0),
        };
        let mut faces: Vec<Face> = rows
            .iter()
            .filter(|row| row.seconds == nearest.seconds)
            .map(|row| {
                let [left, top, right, bottom] = row.sides;
                Face::without_landmarks([left * across, top * down, right * across, bottom * down], row.score)
            })
            .collect();
        let area = |face: &Face| (face.right - face.left) * (face.bottom - face.top);
        faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
        Ok(faces)
    }
}

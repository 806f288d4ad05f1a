//! How the tensors of a folder came about, and whether those of two folders mean the same.
//!
//! A network takes any tensors of the right size. Faces that another detector cut, sound that was pooled in another way or words of
//! another model of the same width fit in size and mean something else: scores of them are numbers without sense. What a model was
//! trained on is therefore kept with it, and compared before anything is scored.
//!
//! Compared: every setting and every model that decides about the values of a modality that the model reads. Not compared: places of
//! files (their sha256 is), seeds of draws, limits that only refuse candidates, and the recogniser, whose words are words. Another
//! version of ffmpeg may decode to pixels that differ in their last bits; that is a remark, not a difference.

use std::path::Path;

use evenhand_data::loaders::interviews::SETTINGS;
use evenhand_data::whole;
use evenhand_rows::recordings::Modality;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::FORMAT;
use super::settings::Settings;
use crate::MediaError;

/// Settings and models behind tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// All settings, files by name.
    pub settings: Value,
    /// Detector and encoder with the sha256 of their files.
    pub models: Value,
    /// Version of ffmpeg; null where nothing was decoded.
    #[serde(default)]
    pub ffmpeg: Value,
}

/// One thing in which two origins differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the setting, sections before it.
    pub setting: String,
    /// Its value here.
    pub here: String,
    /// Its value there.
    pub there: String,
}

/// Settings that decide nothing about what tensors mean.
const FREE: [&str; 10] = [
    "seed",
    "modalities",
    "limits",
    "frames_per_second",
    "face.weights",
    "face.boxes",
    "face.floor",
    "text.folder",
    "transcript.recogniser",
    "models.recogniser",
];

impl Origin {
    /// What `interviews.json` of an extracted folder says.
    pub fn read(folder: &Path) -> Result<Self, MediaError> {
        serde_json::from_value(about(folder)?).map_err(|error| damaged(folder, &error.to_string()))
    }

    /// The settings; paths in them are names of files only.
    pub fn settings(&self) -> Result<Settings, serde_json::Error> {
        serde_json::from_value(self.settings.clone())
    }

    /// The first difference that matters to who reads these modalities.
    pub fn difference(&self, other: &Origin, read: &[Modality]) -> Option<Difference> {
        self.difference_but(other, read, &FREE)
    }

    /// The first difference in what makes these modalities, but for settings that are free.
    pub(super) fn difference_but(&self, other: &Origin, read: &[Modality], free: &[&str]) -> Option<Difference> {
        let (here, there) = (self.facts(), other.facts());
        let names = here.iter().chain(&there).map(|(name, _)| name);
        for name in names {
            let value = |facts: &[(String, String)]| {
                facts.iter().find(|(known, _)| known == name).map_or_else(|| "not set".to_owned(), |(_, value)| value.clone())
            };
            if matters(name, read, free) && value(&here) != value(&there) {
                return Some(Difference { setting: name.clone(), here: value(&here), there: value(&there) });
            }
        }
        None
    }

    fn facts(&self) -> Vec<(String, String)> {
        // Read and written again, so that what a folder of an earlier version leaves out has its default.
        let settings = self.settings().map_or_else(|_| self.settings.clone(), |settings| settings.described());
        let mut facts = Vec::new();
        flatten("", &settings, &mut facts);
        let mut models = self.models.clone();
        // Boxes belong to recordings; other recordings have others.
        if models["detector"]["name"] == "boxes"
            && let Some(detector) = models["detector"].as_object_mut()
        {
            detector.remove("sha256");
        }
        if let Some(encoder) = models["encoder"].as_object_mut() {
            encoder.remove("folder");
        }
        flatten("models", &models, &mut facts);
        facts
    }
}

/// `interviews.json` of a folder.
pub fn about(folder: &Path) -> Result<Value, MediaError> {
    let path = folder.join(SETTINGS);
    let bytes = whole::read_text(&path).map_err(|source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            return MediaError::BadFile {
                path: folder.to_owned(),
                problem: format!("holds no `{SETTINGS}`"),
                remedy: "name a folder that `evenhand extract` finished".to_owned(),
            };
        }
        MediaError::Io { action: "reading", path: path.clone(), source }
    })?;
    let about: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(folder, &error.to_string()))?;
    if about["format"] != FORMAT {
        return Err(MediaError::BadFile {
            path,
            problem: format!("has the format {}, this version reads {FORMAT}", about["format"]),
            remedy: "use the version of Evenhand that wrote it, or extract again".to_owned(),
        });
    }
    Ok(about)
}

fn damaged(folder: &Path, problem: &str) -> MediaError {
    MediaError::BadFile {
        path: folder.join(SETTINGS),
        problem: format!("is damaged ({problem})"),
        remedy: "extract again; the same command keeps what is finished".to_owned(),
    }
}

/// `a.b = value` for every value.
fn flatten(name: &str, value: &Value, facts: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten(&name, value, facts);
            }
        }
        Value::String(text) => facts.push((name.to_owned(), text.clone())),
        other => facts.push((name.to_owned(), other.to_string())),
    }
}

fn matters(name: &str, read: &[Modality], free: &[&str]) -> bool {
    if free.iter().any(|free| name.strip_prefix(free).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))) {
        return false;
    }
    let section = name.strip_prefix("models.").unwrap_or(name);
    let section = section.split('.').next().unwrap_or_default();
    match section {
        "face" | "detector" | "side" | "draw" | "decoded_side" | "frames_per_segment" => read.contains(&Modality::Video),
        "audio" => read.contains(&Modality::Audio),
        "text" | "encoder" | "transcript" => read.contains(&Modality::Text),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::extract::settings::{AudioPooling, Detector};

    fn origin(settings: &Settings) -> Origin {
        Origin {
            settings: settings.described(),
            models: json!({ "detector": { "name": "centre" }, "encoder": { "encoder": "bert", "folder": "a", "weights_sha256": "12" } }),
            ffmpeg: Value::Null,
        }
    }

    #[test]
    fn what_changes_tensors_is_a_difference() {
        let plain = Settings::default();
        let here = origin(&plain);
        assert_eq!(here.difference(&origin(&plain), &Modality::ALL), None);

        let mut free = plain.clone();
        free.seed = 9;
        free.face.floor = 0.5;
        free.limits.seconds = 60.0;
        free.text.folder = Some("elsewhere".into());
        free.transcript.recogniser = Some("whisper {wav}".to_owned());
        let mut there = origin(&free);
        there.models["encoder"]["folder"] = json!("b");
        assert_eq!(here.difference(&there, &Modality::ALL), None);

        let mut pooled = plain.clone();
        pooled.audio.pooling = AudioPooling::Pool30;
        let found = here.difference(&origin(&pooled), &Modality::ALL).unwrap();
        assert_eq!((found.setting.as_str(), found.here.as_str(), found.there.as_str()), ("audio.pooling", "window30", "pool30"));
        // Who does not listen does not care.
        assert_eq!(here.difference(&origin(&pooled), &[Modality::Video, Modality::Text]), None);

        let mut found_faces = plain.clone();
        found_faces.face.detector = Detector::Mtcnn;
        assert_eq!(here.difference(&origin(&found_faces), &Modality::ALL).unwrap().setting, "face.detector");

        let mut other_words = origin(&plain);
        other_words.models["encoder"]["weights_sha256"] = json!("34");
        assert_eq!(here.difference(&other_words, &Modality::ALL).unwrap().setting, "models.encoder.weights_sha256");
        assert_eq!(here.difference(&other_words, &[Modality::Audio]), None);
    }

    #[test]
    fn settings_that_a_folder_leaves_out_have_their_defaults() {
        let here = origin(&Settings::default());
        let mut earlier = here.clone();
        earlier.settings.as_object_mut().unwrap().remove("decoded_side");
        assert_eq!(here.difference(&earlier, &Modality::ALL), None);
    }

    #[test]
    fn boxes_belong_to_their_recordings() {
        let with = |sha: &str| {
            let mut origin = origin(&Settings::default());
            origin.models["detector"] = json!({ "name": "boxes", "units": "pixels", "sha256": sha });
            origin
        };
        assert_eq!(with("1").difference(&with("2"), &Modality::ALL), None);
    }

    #[test]
    fn damaged_settings_are_no_empty_settings() {
        let folder = tempfile::tempdir().unwrap();
        let told = |folder: &Path| Origin::read(folder).unwrap_err().to_string();
        assert!(told(folder.path()).contains("holds no `interviews.json`"));
        std::fs::write(folder.path().join(SETTINGS), "{\"format\": 1, \"sett").unwrap();
        assert!(told(folder.path()).contains("is damaged"));
        std::fs::write(folder.path().join(SETTINGS), "{\"format\": 99}").unwrap();
        assert!(told(folder.path()).contains("format 99"));
        std::fs::write(folder.path().join(SETTINGS), "{\"format\": 1}").unwrap();
        assert!(told(folder.path()).contains("is damaged"));
    }
}

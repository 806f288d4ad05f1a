//! What is extracted, and how.

use std::path::{Path, PathBuf};

use evenhand_catalog::nearest;
use evenhand_data::digest;
use evenhand_data::whole;
use evenhand_rows::recordings::Modality;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::face::crop::CropSettings;
use crate::face::sequence::MOST_SEGMENTS;
use crate::face::{Boxes, Centre, FaceDetector, Mtcnn, MtcnnSettings, Units};
use crate::speech::{Recogniser, quality};
use crate::text::bert::{Bert, BertOptions};
use crate::text::hashed::HashedNgrams;
use crate::text::{TextEncoder, pooling};
use crate::video::Limits;
use crate::{MediaError, audio};

/// Frames of a segment that are looked at after the drawn one, where nothing is said.
const SPARE_FRAMES: usize = 2;

/// How frames are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Draw {
    /// By the seed and the candidate's id, anywhere in a segment.
    #[default]
    Random,
    /// The middle of each segment; the seed plays no part.
    Centre,
}

/// What finds faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// MTCNN, with weights that the user obtained.
    Mtcnn,
    /// The centre of every picture, for recordings framed that way.
    #[default]
    Centre,
    /// Boxes that another program found.
    Boxes,
}

/// Units of boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoxUnits {
    /// Pixels of the recording.
    #[default]
    Pixels,
    /// Shares of its width and height.
    Relative,
}

/// Faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaceSettings {
    /// What finds them.
    pub detector: Detector,
    /// `mtcnn`: weights that `evenhand weights convert` wrote.
    pub weights: Option<PathBuf>,
    /// `mtcnn`: smallest side of a face in pixels of the decoded picture.
    pub min_face: Option<u32>,
    /// `mtcnn`: least scores of its three stages.
    pub thresholds: [f32; 3],
    /// `mtcnn`: ratio of neighbouring scales.
    pub factor: f64,
    /// `centre`: share of the shorter side.
    pub share: f32,
    /// `boxes`: the CSV file.
    pub boxes: Option<PathBuf>,
    /// `boxes`: what its sides are measured in.
    pub units: BoxUnits,
    /// `boxes`: seconds within which a row counts for a frame.
    pub tolerance: f64,
    /// Share of the box's width and height added to it.
    pub margin: f32,
    /// Whether the box is made square first.
    pub squared: bool,
    /// Further frames of a segment that are looked at where the drawn one has no face, 0 to 100; more than 0 needs `draw = "random"`
    /// and one frame a segment. Without it 2, or 0 where there is no such need: the detector `centre` has a face in every frame.
    pub spare_frames: Option<usize>,
    /// A candidate with a face in a smaller share of the segments is refused; 0 refuses nobody.
    pub floor: f64,
}

impl Default for FaceSettings {
    fn default() -> Self {
        let mtcnn = MtcnnSettings::default();
        FaceSettings {
            detector: Detector::default(),
            weights: None,
            min_face: mtcnn.min_face,
            thresholds: mtcnn.thresholds,
            factor: mtcnn.factor,
            share: 0.6,
            boxes: None,
            units: BoxUnits::default(),
            tolerance: crate::face::boxes::TOLERANCE,
            margin: 0.0,
            squared: false,
            spare_frames: None,
            floor: 0.1,
        }
    }
}

/// How sound becomes a row a segment; see [`audio::pooling`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AudioPooling {
    /// One long window a segment.
    #[default]
    Window30,
    /// Means of short windows.
    Pool30,
    /// Means and standard deviations of short windows.
    Meanstd30,
}

/// Sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AudioSettings {
    /// How frames become segments.
    pub pooling: AudioPooling,
}

/// What turns words into a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoder {
    /// Hashed words and letter groups; needs no model.
    #[default]
    Hashed,
    /// A BERT model of the user's.
    Bert,
}

/// How the states of a chunk become a vector; see [`pooling`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextPooling {
    /// The model's pooler.
    #[default]
    ClsPooler,
    /// The first state.
    Cls,
    /// The mean.
    Mean,
    /// The mean, of length 1.
    UnitMean,
}

/// Words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextSettings {
    /// What encodes them.
    pub encoder: Encoder,
    /// `bert`: the model's folder.
    pub folder: Option<PathBuf>,
    /// `bert`: how states become a vector.
    pub pooling: TextPooling,
    /// `bert`: most pieces of a chunk.
    pub tokens_limit: Option<usize>,
    /// `hashed`: values of the vector.
    pub width: usize,
}

impl Default for TextSettings {
    fn default() -> Self {
        TextSettings { encoder: Encoder::default(), folder: None, pooling: TextPooling::default(), tokens_limit: None, width: 512 }
    }
}

/// Transcripts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TranscriptSettings {
    /// Fewest words per minute.
    pub lowest_words_per_minute: f64,
    /// Most words per minute.
    pub highest_words_per_minute: f64,
    /// Words per minute are judged in recordings longer than this, in seconds.
    pub from_seconds: f64,
    /// Lowest mean confidence, 0 to 1.
    pub lowest_confidence: f64,
    /// Command of a recogniser for candidates without a transcript; see [`Recogniser`].
    pub recogniser: Option<String>,
    /// Longest run time of the recogniser for one recording, in seconds.
    pub recogniser_seconds: u64,
}

impl Default for TranscriptSettings {
    fn default() -> Self {
        let limits = quality::Limits::default();
        TranscriptSettings {
            lowest_words_per_minute: limits.lowest_words_per_minute,
            highest_words_per_minute: limits.highest_words_per_minute,
            from_seconds: limits.from_seconds,
            lowest_confidence: limits.lowest_confidence,
            recogniser: None,
            recogniser_seconds: 600,
        }
    }
}

/// Programs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Programs {
    /// ffmpeg; looked for on the PATH without it.
    pub ffmpeg: Option<PathBuf>,
    /// ffprobe; looked for beside ffmpeg and on the PATH without it.
    pub ffprobe: Option<PathBuf>,
}

/// Everything that decides about the tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is extracted.
    pub modalities: Vec<Modality>,
    /// Pieces of equal length that a recording is cut into, 1 to 1000.
    pub segments: usize,
    /// Frames kept of each segment, 1 to 32.
    pub frames_per_segment: usize,
    /// Width and height of a face in pixels, 1 to 1024.
    pub side: usize,
    /// How frames are chosen.
    pub draw: Draw,
    /// Seed of the draw.
    pub seed: u64,
    /// Pictures whose shorter side is longer than this, in pixels, are made smaller while they are decoded, 64 to 4096.
    pub decoded_side: u32,
    /// Pictures a second in the folders of `frames`, 0.001 to 1000. Without it a folder lasts as long as the sound beside it.
    pub frames_per_second: Option<f64>,
    /// Faces.
    pub face: FaceSettings,
    /// Sound.
    pub audio: AudioSettings,
    /// Words.
    pub text: TextSettings,
    /// Transcripts.
    pub transcript: TranscriptSettings,
    /// What a recording may cost.
    pub limits: Limits,
    /// Programs.
    pub programs: Programs,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            modalities: Modality::ALL.to_vec(),
            segments: audio::pooling::SEGMENTS,
            frames_per_segment: 1,
            side: CropSettings::default().side,
            draw: Draw::default(),
            seed: 0,
            decoded_side: 480,
            frames_per_second: None,
            face: FaceSettings::default(),
            audio: AudioSettings::default(),
            text: TextSettings::default(),
            transcript: TranscriptSettings::default(),
            limits: Limits::default(),
            programs: Programs::default(),
        }
    }
}

fn bad<T>(setting: &'static str, value: impl std::fmt::Display, expected: &str) -> Result<T, MediaError> {
    Err(MediaError::BadSetting { setting, value: value.to_string(), expected: expected.to_owned() })
}

impl Settings {
    /// Reads a TOML file; paths in it are relative to it.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        let text = whole::read_text(path)
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
            .map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
        let mut settings: Settings = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or_else(String::new, |span| format!(" in line {}", 1 + text[..span.start].matches('\n').count()));
            MediaError::BadFile {
                path: path.to_owned(),
                problem: format!("holds a setting that is not understood{line}: {}{}", error.message(), hint(error.message())),
                remedy: "correct it; `evenhand extract --help` and the documentation list the settings".to_owned(),
            }
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let places = [&mut settings.face.weights, &mut settings.face.boxes, &mut settings.text.folder];
        for place in places.into_iter().flatten() {
            *place = folder.join(&*place);
        }
        for program in [&mut settings.programs.ffmpeg, &mut settings.programs.ffprobe].into_iter().flatten() {
            *program = folder.join(&*program);
        }
        Ok(settings)
    }

    /// The settings as the TOML that [`Settings::read`] reads.
    pub fn to_toml(&self) -> Result<String, MediaError> {
        toml::to_string_pretty(self).map_err(|error| MediaError::BadSetting {
            setting: "settings",
            value: error.to_string(),
            expected: "what TOML can hold".to_owned(),
        })
    }

    /// Whether a modality is wanted.
    pub fn wants(&self, modality: Modality) -> bool {
        self.modalities.contains(&modality)
    }

    /// Refuses settings outside their ranges.
    pub fn check(&self) -> Result<(), MediaError> {
        let within = |setting: &'static str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) { Ok(()) } else { bad(setting, value, &format!("between {low} and {high}")) }
        };
        if self.modalities.is_empty() {
            return bad("modalities", "empty", "at least one of video, audio, text");
        }
        within("segments", self.segments, 1, 1000)?;
        within("frames_per_segment", self.frames_per_segment, 1, 32)?;
        within("decoded_side", self.decoded_side as usize, 64, 4096)?;
        let frames = self.segments * self.frames_per_segment;
        if frames > MOST_SEGMENTS {
            let value = format!("{}, with {} frames each", self.segments, self.frames_per_segment);
            return bad("segments", value, &format!("so few that at most {MOST_SEGMENTS} frames are kept"));
        }
        if let Some(rate) = self.frames_per_second.filter(|rate| !(0.001..=1000.0).contains(rate)) {
            return bad("frames_per_second", rate, "between 0.001 and 1000");
        }
        if let Some(spare) = self.face.spare_frames {
            within("spare_frames", spare, 0, 100)?;
            if spare > 0 && (self.draw == Draw::Centre || self.frames_per_segment > 1) {
                return bad("spare_frames", spare, "0 unless `draw = \"random\"` and `frames_per_segment = 1`");
            }
        }
        if !(0.0..=1.0).contains(&self.face.floor) {
            return bad("floor", self.face.floor, "a share from 0 to 1");
        }
        if self.transcript.recogniser_seconds == 0 {
            return bad("recogniser_seconds", 0, "1 or more");
        }
        self.crop().check()?;
        self.limits.check()?;
        // Asks for the ranges of the limits of transcripts.
        quality::assess(&crate::speech::Transcript::default(), 0.0, &self.quality()).map(|_| ())
    }

    /// Frames of a segment that are looked at after the drawn one.
    pub fn spare_frames(&self) -> usize {
        let useful = self.draw == Draw::Random && self.frames_per_segment == 1 && self.face.detector != Detector::Centre;
        self.face.spare_frames.unwrap_or(if useful { SPARE_FRAMES } else { 0 })
    }

    /// The crop of a face.
    pub fn crop(&self) -> CropSettings {
        CropSettings { side: self.side, margin: self.face.margin, squared: self.face.squared }
    }

    /// When a transcript counts as missing.
    pub fn quality(&self) -> quality::Limits {
        quality::Limits {
            lowest_words_per_minute: self.transcript.lowest_words_per_minute,
            highest_words_per_minute: self.transcript.highest_words_per_minute,
            from_seconds: self.transcript.from_seconds,
            lowest_confidence: self.transcript.lowest_confidence,
        }
    }

    /// The pooling of sound.
    pub fn audio_pooling(&self) -> audio::pooling::Pooling {
        match self.audio.pooling {
            AudioPooling::Window30 => audio::pooling::Pooling::Window30,
            AudioPooling::Pool30 => audio::pooling::Pooling::Pool30,
            AudioPooling::Meanstd30 => audio::pooling::Pooling::MeanStd30,
        }
    }

    /// The settings as they are written down: files by name, never with a place of this machine.
    pub fn described(&self) -> Value {
        let mut plain = self.clone();
        let places = [&mut plain.face.weights, &mut plain.face.boxes, &mut plain.text.folder];
        for place in places.into_iter().flatten() {
            *place = place.file_name().map(PathBuf::from).unwrap_or_default();
        }
        plain.transcript.recogniser = self.command().map(|recogniser| recogniser.described());
        plain.face.spare_frames = Some(self.spare_frames());
        let mut value = serde_json::to_value(&plain).unwrap_or(Value::Null);
        if let Some(object) = value.as_object_mut() {
            object.remove("programs");
        }
        value
    }

    pub(super) fn detector(&self) -> Result<Box<dyn FaceDetector>, MediaError> {
        let face = &self.face;
        Ok(match face.detector {
            Detector::Centre => Box::new(Centre::new(face.share)?),
            Detector::Mtcnn => {
                let Some(weights) = &face.weights else {
                    return bad(
                        "detector",
                        "mtcnn without weights",
                        "with `weights` naming the file that `evenhand weights convert` wrote; `centre` needs none",
                    );
                };
                let settings = MtcnnSettings { min_face: face.min_face, thresholds: face.thresholds, factor: face.factor };
                Box::new(Mtcnn::load(weights)?.with_settings(settings)?)
            }
            Detector::Boxes => {
                let Some(boxes) = &face.boxes else {
                    return bad("detector", "boxes without a file", "with `boxes` naming the CSV file of the boxes");
                };
                let units = match face.units {
                    BoxUnits::Pixels => Units::Pixels,
                    BoxUnits::Relative => Units::Relative,
                };
                Box::new(Boxes::load(boxes, units, face.tolerance)?)
            }
        })
    }

    pub(super) fn encoder(&self) -> Result<Box<dyn TextEncoder>, MediaError> {
        let text = &self.text;
        Ok(match text.encoder {
            Encoder::Hashed => Box::new(HashedNgrams::new(text.width)?),
            Encoder::Bert => {
                let Some(folder) = &text.folder else {
                    return bad("encoder", "bert without a folder", "with `folder` naming the model's folder; `hashed` needs none");
                };
                let pooling = match text.pooling {
                    TextPooling::ClsPooler => pooling::Pooling::ClsPooler,
                    TextPooling::Cls => pooling::Pooling::Cls,
                    TextPooling::Mean => pooling::Pooling::Mean,
                    TextPooling::UnitMean => pooling::Pooling::UnitMean,
                };
                Box::new(Bert::open(folder, BertOptions { pooling, tokens_limit: text.tokens_limit })?)
            }
        })
    }

    fn command(&self) -> Option<Recogniser> {
        let limit = std::time::Duration::from_secs(self.transcript.recogniser_seconds);
        self.transcript.recogniser.clone().map(|command| Recogniser { command, limit })
    }

    /// The recogniser, and how it is written down: its files by name, with the sha256 of each.
    pub(super) fn recogniser(&self) -> Result<Option<(Recogniser, Value)>, MediaError> {
        let Some(recogniser) = self.command() else { return Ok(None) };
        recogniser.check()?;
        // A program that is not there would cost every candidate its words.
        let program = recogniser.command.split_whitespace().next().unwrap_or_default();
        if !program.contains(['\'', '"', '\\']) && !can_be_found(program) {
            return Err(MediaError::Program {
                program: program.to_owned(),
                problem: "was not found".to_owned(),
                remedy: "install the recogniser, name its path, or hand in transcripts".to_owned(),
            });
        }
        let files = recogniser.files().into_iter().map(|path| {
            let (_, sha256) = digest::of_file(&path).map_err(|source| MediaError::Io { action: "reading", path: path.clone(), source })?;
            Ok(json!({ "name": path.file_name().map(|name| name.to_string_lossy()), "sha256": sha256 }))
        });
        let files = files.collect::<Result<Vec<Value>, MediaError>>()?;
        let about = json!({ "command": recogniser.described(), "files": files });
        Ok(Some((recogniser, about)))
    }

    /// What the frames depend on, beside the recording and the candidate's id.
    pub(super) fn video_facts(&self, detector: &Value) -> Value {
        json!({
            "segments": self.segments,
            "frames_per_segment": self.frames_per_segment,
            "side": self.side,
            "draw": self.draw,
            "seed": (self.draw == Draw::Random).then_some(self.seed),
            "decoded_side": self.decoded_side,
            "margin": self.face.margin,
            "squared": self.face.squared,
            "frames_per_second": self.frames_per_second,
            "spare_frames": self.spare_frames(),
            "detector": detector,
            "limits": self.limits,
        })
    }

    /// What the features of the sound depend on, beside the recording.
    pub(super) fn audio_facts(&self) -> Value {
        json!({ "segments": self.segments, "pooling": self.audio.pooling, "limits": self.limits })
    }
}

/// The known setting that an unknown one most likely means, by the parser's message, which lists the known ones.
fn hint(message: &str) -> String {
    let mut quoted = message.split("unknown field `").nth(1).into_iter().flat_map(|rest| rest.split('`').step_by(2));
    let Some(unknown) = quoted.next() else { return String::new() };
    nearest(unknown, quoted.collect::<Vec<_>>().into_iter()).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}

fn can_be_found(program: &str) -> bool {
    if program.contains(std::path::MAIN_SEPARATOR) || program.contains('/') {
        return Path::new(program).is_file();
    }
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(&file).is_file()))
}

//! One candidate: from the files to the results of all steps.
//!
//! ```text
//! source   files hashed, recording probed                                        -> length, or why it cannot be used
//! video    pts drawn (seed, id) -> frames -> faces -> crops                      -> [segments * frames_per_segment] faces
//! audio    mono, 16 kHz -> pooled                                                -> [segments, 68]
//! speech   WAV file -> the user's recogniser, where there is no transcript       -> words
//! text     column, file or recogniser -> fit to be read? -> encoder              -> [width]
//! ```
//!
//! What fails is a reason of that step. Only what hits every candidate (no place on the disk, a program that is gone) ends the run.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use evenhand_data::loaders::interviews::EXTRACTED;
use evenhand_data::recordings::Modality;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::columns::Stage;
use super::parts::{Finding, Parts, digest, float_bytes, video_bytes};
use super::settings::{Draw, Settings};
use crate::audio::{SPEECH_RATE, Waveform, facts, pooling, wav};
use crate::face::sequence::{Collector, KEEP_LONGEST, Place};
use crate::face::{FaceDetector, FrameContext};
use crate::manifest::{Row, Source};
use crate::speech::{Recogniser, Transcript, quality};
use crate::text::TextEncoder;
use crate::video::{Decoder, FramesError, Probe, Wanted, segments};
use crate::{Failure, MediaError, Reason, picture, speech};

/// Raised when a step computes something else from the same inputs.
const EDITION: &str = "1";

/// Everything that candidates share.
#[derive(Debug)]
pub(super) struct Models {
    pub(super) decoder: Option<Decoder>,
    pub(super) detector: Option<Box<dyn FaceDetector>>,
    pub(super) encoder: Option<Box<dyn TextEncoder>>,
    pub(super) recogniser: Option<Recogniser>,
}

/// What a run knows about every candidate.
#[derive(Debug)]
pub(super) struct Workshop<'a> {
    pub(super) settings: &'a Settings,
    pub(super) models: &'a Models,
    pub(super) parts: &'a Parts,
    pub(super) retry_failed: bool,
    /// Settings of the steps, as text.
    pub(super) limits: String,
    pub(super) video: String,
    pub(super) audio: String,
    pub(super) speech: String,
    pub(super) text: String,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub(super) status: String,
    pub(super) detail: Option<String>,
    pub(super) facts: Map<String, Value>,
    /// Digest of each step that was taken, with the step.
    pub(super) digests: Vec<(Stage, String)>,
    /// Every step was found finished.
    pub(super) found: bool,
}

impl Outcome {
    pub(super) fn extracted(&self) -> bool {
        self.status == EXTRACTED
    }

    /// `source:... video:...`
    pub(super) fn digests(&self) -> String {
        self.digests.iter().map(|(stage, digest)| format!("{}:{digest}", stage.name())).collect::<Vec<_>>().join(" ")
    }
}

impl<'a> Workshop<'a> {
    pub(super) fn new(settings: &'a Settings, models: &'a Models, parts: &'a Parts, retry_failed: bool) -> Self {
        let detector = models.detector.as_ref().map_or(Value::Null, |detector| detector.settings());
        let encoder = models.encoder.as_ref().map_or(Value::Null, |encoder| encoder.settings());
        let transcript = &settings.transcript;
        let text = |value: Value| value.to_string();
        Workshop {
            settings,
            models,
            parts,
            retry_failed,
            limits: text(serde_json::json!({ "limits": settings.limits })),
            video: text(settings.video_facts(&detector)),
            audio: text(settings.audio_facts()),
            speech: text(serde_json::json!({ "command": transcript.recogniser, "seconds": transcript.recogniser_seconds })),
            text: text(serde_json::json!({
                "encoder": encoder,
                "limits": [
                    transcript.lowest_words_per_minute,
                    transcript.highest_words_per_minute,
                    transcript.from_seconds,
                    transcript.lowest_confidence,
                ],
            })),
        }
    }

    /// Takes a candidate through all steps. `proceed` says whether the user wants to go on.
    pub(super) fn candidate(&self, row: &Row, proceed: &dyn Fn() -> bool) -> Result<Option<Outcome>, MediaError> {
        let mut content = content(&row.source, self.settings.limits.bytes);
        if let (Ok(content), Source::File(_), Some(decoder)) = (&mut content, &row.source, &self.models.decoder) {
            // Another version may decode to other pixels.
            content.push_str(" ffmpeg ");
            content.push_str(decoder.version());
        }
        let audio_digest = |content: &str| digest(&[EDITION, Stage::Audio.name(), content, &self.audio]);
        let sound_is_next = self.settings.wants(Modality::Audio)
            && content.as_ref().is_ok_and(|content| self.known(Stage::Audio, &audio_digest(content)).is_none());
        let work = Candidate { shop: self, row, sound_is_next, probe: OnceCell::new(), sound: OnceCell::new(), pictures: OnceCell::new() };
        let mut outcome = Outcome { status: EXTRACTED.to_owned(), detail: None, facts: Map::new(), digests: Vec::new(), found: true };

        let (source, source_digest) = match content {
            // Nothing was read: there is nothing to keep, and the file may come back.
            Err(failure) => {
                outcome.found = false;
                (Finding::failed(Stage::Source, &failure), None)
            }
            Ok(content) => {
                let digest = digest(&[EDITION, Stage::Source.name(), &content, &self.limits]);
                let finding = self.step(Stage::Source, &digest, &mut outcome, || Ok(work.source()))?;
                (finding, Some((digest, content)))
            }
        };
        let failed = source.reason(Stage::Source);
        let seconds = source.number("seconds");
        let detail = source.text(Stage::Source.detail()).map(str::to_owned);
        outcome.facts.extend(source.facts);
        if let Some(reason) = failed {
            reason.id().clone_into(&mut outcome.status);
            outcome.detail = detail;
            return Ok(Some(outcome));
        }
        let Some((source_digest, content)) = source_digest else { return Ok(Some(outcome)) };
        let mut present = 0;

        if self.settings.wants(Modality::Video) && row.source != Source::Words {
            if !proceed() {
                return Ok(None);
            }
            let digest = digest(&[EDITION, Stage::Video.name(), &content, &row.id, &self.video]);
            let mut finding = self.step(Stage::Video, &digest, &mut outcome, || work.video())?;
            if matches!(finding.reason(Stage::Video), None | Some(Reason::NoFace))
                && let (Some(found), Some(share)) = (finding.number("faces_found"), finding.number("faces_found_share"))
                && share < self.settings.face.floor
            {
                let frames = self.settings.segments * self.settings.frames_per_segment;
                Reason::FaceFloor.id().clone_into(&mut outcome.status);
                outcome.detail =
                    Some(format!("a face in {found} of {frames} frames, the floor is a share of {}", self.settings.face.floor));
            }
            present += usize::from(finding.tensor.take().is_some());
            outcome.facts.extend(finding.facts);
        } else if self.settings.wants(Modality::Video) {
            outcome.facts.extend(Finding::failed(Stage::Video, &Failure::new(Reason::NoVideo, "")).facts);
        }

        if self.settings.wants(Modality::Audio) && row.source != Source::Words {
            if !proceed() {
                return Ok(None);
            }
            let finding = self.step(Stage::Audio, &audio_digest(&content), &mut outcome, || Ok(work.audio()))?;
            present += usize::from(finding.tensor.is_some());
            outcome.facts.extend(finding.facts);
        } else if self.settings.wants(Modality::Audio) {
            outcome.facts.extend(Finding::failed(Stage::Audio, &Failure::new(Reason::NoAudio, "")).facts);
        }

        if self.settings.wants(Modality::Text) {
            if !proceed() {
                return Ok(None);
            }
            present += usize::from(self.words(&work, row, seconds, (&source_digest, &content), &mut outcome)?);
        }
        if outcome.extracted() && present == 0 {
            Reason::NothingFound.id().clone_into(&mut outcome.status);
        }
        Ok(Some(outcome))
    }

    /// The transcript and its vector; true where there is one.
    fn words(
        &self,
        work: &Candidate<'_>,
        row: &Row,
        seconds: Option<f64>,
        (source, content): (&str, &str),
        outcome: &mut Outcome,
    ) -> Result<bool, MediaError> {
        let said = if let Some(text) = &row.transcript {
            Ok((Transcript { text: text.clone(), ..Transcript::default() }, "manifest", digest(&[text])))
        } else if let Some(path) = &row.transcript_file {
            regular(path).and_then(|()| {
                let failed = |error: MediaError| told(&error, path, Reason::BadTranscript);
                let mut hash = Sha256::new();
                hash_file(path, &mut hash).map_err(|source| failed(MediaError::Io { action: "reading", path: path.clone(), source }))?;
                Ok((speech::read(path, None).map_err(failed)?, "file", hexadecimal(hash)))
            })
        } else if let (Some(recogniser), true) = (&self.models.recogniser, row.source != Source::Words) {
            let language = row.language.as_deref().unwrap_or("auto");
            let key = digest(&[EDITION, Stage::Speech.name(), content, language, &self.limits, &self.speech]);
            let finding = self.step(Stage::Speech, &key, outcome, || work.speech(recogniser))?;
            let said = if let Some(reason) = finding.reason(Stage::Speech) {
                Err(Failure::new(reason, finding.text(Stage::Speech.detail()).unwrap_or_default()))
            } else {
                let text = finding.text("recognised").unwrap_or_default().to_owned();
                let confidence = finding.number("recognised_confidence");
                Ok((Transcript { text, confidence, ..Transcript::default() }, "recogniser", key))
            };
            outcome.facts.extend(finding.facts);
            said
        } else {
            Err(Failure::new(Reason::NoTranscript, ""))
        };
        let (transcript, origin, said) = match said {
            Ok(said) => said,
            Err(failure) => {
                outcome.facts.extend(Finding::failed(Stage::Text, &failure).facts);
                return Ok(false);
            }
        };
        let key = digest(&[EDITION, Stage::Text.name(), &said, origin, source, &self.text]);
        let finding = self.step(Stage::Text, &key, outcome, || Ok(self.encoded(&transcript, origin, seconds)))?;
        let there = finding.tensor.is_some();
        outcome.facts.extend(finding.facts);
        Ok(there)
    }

    /// The result of a finished step, unless it is to be tried again.
    fn known(&self, stage: Stage, digest: &str) -> Option<Finding> {
        self.parts.find(stage, digest, false).filter(|known| !(self.retry_failed && known.reason(stage).is_some()))
    }

    /// Finds a step finished, or takes it and keeps its result.
    fn step(
        &self,
        stage: Stage,
        digest: &str,
        outcome: &mut Outcome,
        take: impl FnOnce() -> Result<Finding, MediaError>,
    ) -> Result<Finding, MediaError> {
        outcome.digests.push((stage, digest.to_owned()));
        if let Some(known) = self.known(stage, digest) {
            return Ok(known);
        }
        outcome.found = false;
        let finding = take()?;
        self.parts.keep(digest, &finding)?;
        Ok(finding)
    }

    fn encoded(&self, transcript: &Transcript, origin: &str, seconds: Option<f64>) -> Finding {
        let mut finding = Finding::default();
        finding.note("transcript_origin", Some(origin));
        let assessed = match quality::assess(transcript, seconds.unwrap_or(0.0), &self.settings.quality()) {
            Ok(assessed) => assessed,
            Err(error) => {
                finding.fail(Stage::Text, &Failure::new(Reason::BadTranscript, error.to_string()));
                return finding;
            }
        };
        finding.note("words", Some(assessed.words));
        finding.note("words_per_minute", assessed.words_per_minute);
        finding.note("transcript_confidence", assessed.confidence);
        if let Some(missing) = assessed.missing {
            let reason = match missing {
                quality::Reason::Empty => Reason::TranscriptEmpty,
                quality::Reason::TooFewWords { .. } => Reason::TooFewWords,
                quality::Reason::TooManyWords { .. } => Reason::TooManyWords,
                quality::Reason::LowConfidence { .. } => Reason::LowConfidence,
            };
            finding.fail(Stage::Text, &Failure::new(reason, missing.to_string()));
            return finding;
        }
        let Some(encoder) = &self.models.encoder else { return finding };
        match encoder.encode(&transcript.text) {
            Ok(Some(encoded)) => {
                finding.note("tokens", Some(encoded.tokens));
                finding.note("chunks", Some(encoded.chunks));
                finding.note("unknown_tokens", Some(encoded.unknown));
                finding.tensor = Some(float_bytes(&encoded.vector));
            }
            Ok(None) => finding.fail(Stage::Text, &Failure::new(Reason::NoTokens, "")),
            Err(error) => finding.fail(Stage::Text, &told(&error, Path::new(""), Reason::ModelFailed)),
        }
        finding
    }
}

/// The files of one candidate, opened when a step first asks.
struct Candidate<'a> {
    shop: &'a Workshop<'a>,
    row: &'a Row,
    /// The step after the pictures will ask for the sound.
    sound_is_next: bool,
    probe: OnceCell<Result<Probe, Failure>>,
    sound: OnceCell<Result<Waveform, Failure>>,
    pictures: OnceCell<Result<Vec<PathBuf>, Failure>>,
}

impl Candidate<'_> {
    fn settings(&self) -> &Settings {
        self.shop.settings
    }

    fn decoder(&self) -> Result<&Decoder, Failure> {
        self.shop.models.decoder.as_ref().ok_or_else(|| Failure::new(Reason::DecodeFailed, "ffmpeg was not found"))
    }

    fn probed(&self, path: &Path) -> Result<&Probe, Failure> {
        let probe = self.probe.get_or_init(|| self.decoder()?.probe(path, &self.settings().limits));
        probe.as_ref().map_err(Clone::clone)
    }

    /// The sound at the rate of the features.
    fn sound(&self) -> Result<&Waveform, Failure> {
        let sound = self.sound.get_or_init(|| match &self.row.source {
            Source::File(path) => {
                let samples = self.decoder()?.audio(path, self.probed(path)?, &self.settings().limits)?;
                Ok(Waveform { rate: SPEECH_RATE, samples })
            }
            Source::Parts { wav: Some(path), .. } => {
                let failed = |error: MediaError| told(&error, path, Reason::BadSound);
                let waveform = wav::read(path).map_err(failed)?;
                let limit = self.settings().limits.seconds;
                if waveform.seconds() > limit {
                    return Err(Failure::new(Reason::TooLong, format!("{:.1} s, limit {limit} s", waveform.seconds())));
                }
                waveform.resampled(SPEECH_RATE).map_err(failed)
            }
            Source::Parts { wav: None, .. } | Source::Words => Err(Failure::new(Reason::NoAudio, "")),
        });
        sound.as_ref().map_err(Clone::clone)
    }

    fn pictures(&self, folder: &Path) -> Result<&[PathBuf], Failure> {
        let pictures = self.pictures.get_or_init(|| pictures(folder));
        pictures.as_deref().map_err(Clone::clone)
    }

    fn source(&self) -> Finding {
        let mut finding = Finding::default();
        match &self.row.source {
            Source::File(path) => match self.probed(path) {
                Ok(probe) => {
                    finding.note("seconds", Some(probe.duration));
                    if let Some(video) = &probe.video {
                        finding.note("width", Some(video.width));
                        finding.note("height", Some(video.height));
                        finding.note("frames_in_recording", Some(video.pts.len()));
                    }
                }
                Err(failure) => finding.fail(Stage::Source, &failure),
            },
            Source::Parts { frames, wav } => {
                let sound = wav.as_ref().map(|_| self.sound());
                let count = frames.as_deref().map(|folder| self.pictures(folder).map(<[PathBuf]>::len));
                if let Some(Ok(waveform)) = &sound {
                    finding.note("seconds", Some(waveform.seconds()));
                }
                if let Some(Ok(count)) = &count {
                    finding.note("frames_in_recording", Some(*count));
                }
                // Where everything that was named is broken, the candidate has no recording.
                match (sound, count) {
                    (Some(Err(failure)), None | Some(Err(_))) | (None, Some(Err(failure))) => finding.fail(Stage::Source, &failure),
                    _ => {}
                }
            }
            Source::Words => {}
        }
        finding
    }

    fn video(&self) -> Result<Finding, MediaError> {
        match self.crops() {
            Ok(finding) => Ok(finding),
            Err(FramesError::Recording(failure)) => Ok(Finding::failed(Stage::Video, &failure)),
            Err(FramesError::Caller(error)) => Ok(Finding::failed(Stage::Video, &told(&error, Path::new(""), Reason::ModelFailed))),
        }
    }

    fn crops(&self) -> Result<Finding, FramesError> {
        let settings = self.settings();
        let Some(detector) = &self.shop.models.detector else { return Ok(Finding::default()) };
        let slots = settings.segments * settings.frames_per_segment;
        let mut collector = Collector::new(slots, settings.crop(), KEEP_LONGEST)?;
        let mut finding = Finding::default();
        let mut take = |place: Place, picture: &crate::Picture, seconds: f64, original: Option<(usize, usize)>| {
            if !collector.needs(place) {
                return Ok(());
            }
            let context = FrameContext { candidate: &self.row.id, frame: place.frame, seconds, original };
            let faces = detector.detect(picture, &context)?;
            collector.push(place, picture, &faces)
        };
        match &self.row.source {
            Source::File(path) => {
                let probe = self.probed(path)?;
                let video = probe.video.as_ref().ok_or_else(|| Failure::new(Reason::NoVideo, ""))?;
                let timeline = probe.timeline();
                let places = self.places(&timeline, video.duration)?;
                let wanted: Vec<i64> = places.iter().map(|place| video.pts[place.frame as usize]).collect();
                let original = Some((video.width as usize, video.height as usize));
                let wanted =
                    Wanted { times: &wanted, max_side: settings.decoded_side, sound: self.sound_is_next && self.sound.get().is_none() };
                let decoded = self.decoder()?.frames(path, probe, &wanted, &settings.limits, &mut |position, picture| {
                    take(places[position], &picture, timeline[places[position].frame as usize], original)
                })?;
                if let Some(samples) = decoded.sound {
                    let _ = self.sound.set(Ok(Waveform { rate: SPEECH_RATE, samples }));
                }
                finding.note("frames_decoded", Some(decoded.decoded));
                finding.note("frames_filled", Some(decoded.filled.len()));
            }
            Source::Parts { frames: Some(folder), .. } => {
                let pictures = self.pictures(folder)?;
                let duration = self.sound().map_or(pictures.len() as f64, Waveform::seconds);
                let timeline: Vec<f64> = (0..pictures.len()).map(|frame| frame as f64 * duration / pictures.len() as f64).collect();
                let places = self.places(&timeline, duration)?;
                let mut last: Option<(u64, crate::Picture)> = None;
                let mut decoded = 0;
                for place in places {
                    if last.as_ref().is_none_or(|(frame, _)| *frame != place.frame) {
                        let path = &pictures[place.frame as usize];
                        let failed = |error: MediaError| told(&error, path, Reason::BadPictures);
                        let read = picture::read(path).map_err(failed)?;
                        let limit = settings.limits.pixels_side as usize;
                        if read.width.max(read.height) > limit {
                            let detail = format!("{} x {}, limit {limit}", read.width, read.height);
                            return Err(Failure::new(Reason::TooManyPixels, detail).into());
                        }
                        decoded += 1;
                        last = Some((place.frame, read));
                    }
                    if let Some((_, read)) = &last {
                        take(place, read, timeline[place.frame as usize], None)?;
                    }
                }
                finding.note("frames_decoded", Some(decoded));
                finding.note("frames_filled", Some(0));
            }
            Source::Parts { frames: None, .. } | Source::Words => return Err(Failure::new(Reason::NoVideo, "").into()),
        }
        let sequence = collector.finish()?;
        finding.note("faces_found", Some(sequence.faces_found));
        finding.note("faces_found_share", Some(sequence.faces_found as f64 / slots as f64));
        finding.note("several_faces", Some(sequence.several_faces));
        finding.note("face_score", sequence.mean_score);
        if sequence.faces_found == 0 {
            finding.fail(Stage::Video, &Failure::new(Reason::NoFace, ""));
        } else {
            finding.tensor = Some(video_bytes(&sequence.frames, &sequence.mask));
        }
        Ok(finding)
    }

    /// The frames to look at, slot after slot; within a slot by rising time.
    fn places(&self, timeline: &[f64], duration: f64) -> Result<Vec<Place>, Failure> {
        let settings = self.settings();
        let (count, per) = (settings.segments, settings.frames_per_segment);
        let mut rng = draws(settings.seed, &self.row.id);
        let drawn = match settings.draw {
            Draw::Centre => segments::centre(timeline, duration, count * per),
            Draw::Random => segments::draw(timeline, duration, count, per + settings.face.spare_frames, &mut rng),
        };
        let mut drawn = drawn.ok_or_else(|| Failure::new(Reason::DecodeFailed, "its frames have no usable times"))?;
        let mut places = Vec::with_capacity(drawn.len());
        if settings.draw == Draw::Random && settings.face.spare_frames > 0 {
            for (segment, frames) in drawn.chunks_mut(1 + settings.face.spare_frames).enumerate() {
                let wanted = frames[0] as u64;
                frames.sort_unstable();
                let mut frames = frames.to_vec();
                frames.dedup();
                places.extend(frames.into_iter().map(|frame| Place { segment, frame: frame as u64, wanted }));
            }
        } else {
            for frames in drawn.chunks_mut(per) {
                frames.sort_unstable();
            }
            places.extend(drawn.into_iter().enumerate().map(|(segment, frame)| Place {
                segment,
                frame: frame as u64,
                wanted: frame as u64,
            }));
        }
        Ok(places)
    }

    fn audio(&self) -> Finding {
        let mut finding = Finding::default();
        let waveform = match self.sound() {
            Ok(waveform) => waveform,
            Err(failure) => return Finding::failed(Stage::Audio, &failure),
        };
        let found = facts::Facts::of(waveform);
        finding.note("sound_seconds", Some(found.seconds));
        finding.note("voiced_share", Some(found.voiced_share));
        finding.note("level_dbfs", found.level_dbfs);
        match pooling::pooled(waveform, self.settings().audio_pooling(), self.settings().segments) {
            Ok(values) => {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                finding.tensor = Some(float_bytes(&values));
            }
            Err(error) => finding.fail(Stage::Audio, &Failure::new(Reason::TooShort, error.to_string())),
        }
        finding
    }

    fn speech(&self, recogniser: &Recogniser) -> Result<Finding, MediaError> {
        let waveform = match self.sound() {
            Ok(waveform) => waveform,
            Err(failure) => return Ok(Finding::failed(Stage::Speech, &failure)),
        };
        let failed = |source| MediaError::Io { action: "writing", path: std::env::temp_dir(), source };
        let folder = tempfile::tempdir().map_err(failed)?;
        let path = folder.path().join("sound.wav");
        write_wav(&path, waveform).map_err(failed)?;
        let mut finding = Finding::default();
        match recogniser.transcribe(&path, self.row.language.as_deref()) {
            Ok(transcript) => {
                finding.note("recognised", Some(transcript.text));
                finding.note("recognised_confidence", transcript.confidence);
            }
            Err(error) => finding.fail(Stage::Speech, &told(&error, &path, Reason::RecogniserFailed)),
        }
        Ok(finding)
    }
}

fn write_wav(path: &Path, waveform: &Waveform) -> std::io::Result<()> {
    let form = hound::WavSpec { channels: 1, sample_rate: waveform.rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let plain = |error: hound::Error| match error {
        hound::Error::IoError(error) => error,
        other => std::io::Error::other(other),
    };
    let mut file = std::io::BufWriter::new(File::create(path)?);
    let mut writer = hound::WavWriter::new(&mut file, form).map_err(plain)?;
    for &sample in &waveform.samples {
        writer.write_sample(sample).map_err(plain)?;
    }
    writer.finalize().map_err(plain)?;
    file.flush()
}

/// The generator of a candidate's draw: the same in every run, another for every id.
fn draws(seed: u64, id: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new_with_prefix(b"evenhand draw");
    hash.update(seed.to_le_bytes());
    hash.update(id.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// An error about one file as a failure, without the place of the file.
fn told(error: &MediaError, path: &Path, reason: Reason) -> Failure {
    let shown = path.display().to_string();
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut text = match error {
        MediaError::BadFile { path: bad, problem, .. } if bad == path => format!("`{name}` {problem}"),
        MediaError::BadFile { path: bad, problem, .. } => {
            format!("`{}` {problem}", bad.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()))
        }
        MediaError::Io { source, .. } => format!("`{name}`: {}", source.kind()),
        other => other.to_string(),
    };
    if shown.len() > 1 {
        text = text.replace(&shown, &name);
    }
    Failure::new(reason, text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect::<String>())
}

/// Refuses what is no regular file, without opening it: a pipe would make us wait for its other end.
fn regular(path: &Path) -> Result<(), Failure> {
    let facts = std::fs::symlink_metadata(path).map_err(|error| Failure::new(Reason::NoSuchFile, error.kind().to_string()))?;
    if facts.is_file() {
        return Ok(());
    }
    let what = if facts.is_dir() {
        "it is a folder"
    } else if facts.is_symlink() {
        "it is a symbolic link"
    } else {
        "it is a pipe, a socket or a device"
    };
    Err(Failure::new(Reason::NotAFile, what))
}

/// The pictures of a folder in the order of their names, numbers by their value.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let facts = std::fs::symlink_metadata(folder).map_err(|error| Failure::new(Reason::NoSuchFile, error.kind().to_string()))?;
    if !facts.is_dir() {
        return Err(Failure::new(Reason::NotAFile, "`frames` must name a folder, not a link or a file"));
    }
    let unreadable = |error: std::io::Error| Failure::new(Reason::NoSuchFile, error.kind().to_string());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        if ending.is_some_and(|ending| ["png", "jpg", "jpeg"].contains(&ending.as_str())) {
            regular(&path)?;
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(Failure::new(Reason::BadPictures, "the folder holds no PNG or JPEG files"));
    }
    found.sort_by_cached_key(|path| {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        (by_number(&name), name)
    });
    Ok(found)
}

/// A name with its numbers made equally long, so that `2` comes before `10`.
fn by_number(name: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for sign in name.chars().chain(['\0']) {
        if sign.is_ascii_digit() {
            digits.push(sign);
            continue;
        }
        if !digits.is_empty() {
            let digits_alone = digits.trim_start_matches('0');
            key.extend(std::iter::repeat_n('0', 40_usize.saturating_sub(digits_alone.len())));
            key.push_str(digits_alone);
            digits.clear();
        }
        key.push(sign);
    }
    key
}

/// A hash of everything a candidate's recording consists of. Size and time of a file are not enough: a corrected file may keep both.
fn content(source: &Source, most: u64) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    let mut add = |path: &Path| -> Result<(), Failure> {
        regular(path)?;
        let unreadable = |error: std::io::Error| Failure::new(Reason::NoSuchFile, error.kind().to_string());
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > most {
            return Err(Failure::new(Reason::TooLarge, format!("{length} bytes, limit {most}")));
        }
        hash.update(length.to_le_bytes());
        hash_file(path, &mut hash).map_err(unreadable)
    };
    match source {
        Source::File(path) => add(path)?,
        Source::Parts { frames, wav } => {
            if let Some(path) = wav {
                add(path)?;
            }
            for path in frames.as_deref().map(pictures).transpose()?.iter().flatten() {
                add(path)?;
            }
            hash.update([u8::from(frames.is_some()), u8::from(wav.is_some())]);
        }
        Source::Words => {}
    }
    Ok(hexadecimal(hash))
}

fn hash_file(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn hexadecimal(hash: Sha256) -> String {
    let digits = hash.finalize().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// sha256 of a file.
pub(super) fn file_sha256(path: &Path) -> Result<String, MediaError> {
    let mut hash = Sha256::new();
    hash_file(path, &mut hash).map_err(|source| MediaError::Io { action: "reading", path: path.to_owned(), source })?;
    Ok(hexadecimal(hash))
}

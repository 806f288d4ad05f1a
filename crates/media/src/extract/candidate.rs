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
//! What fails is a reason of that step. Only what hits every candidate (no place on the disk, a program that is gone) ends the run and is
//! not kept. What is kept is found again by the content of the files, so it names none of them: another candidate's may have the same.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use evenhand_data::digest::{add_file, hexadecimal};
use evenhand_data::loaders::interviews::EXTRACTED;
use evenhand_rows::recordings::Modality;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::columns::Stage;
use super::parts::{Finding, Parts, Want, digest, float_bytes, video_bytes};
use super::settings::{Detector, Draw, Settings};
use crate::audio::{SPEECH_RATE, Waveform, facts, pooling, wav};
use crate::face::sequence::{Collector, KEEP_LONGEST, Place};
use crate::face::{FaceDetector, FrameContext};
use crate::manifest::{Row, Source};
use crate::speech::{Recogniser, Transcript, quality};
use crate::text::TextEncoder;
use crate::video::{Decoder, Probe, Wanted, segments};
use crate::{Failure, MediaError, Reason, StepError, picture, speech};

/// Raised when a step computes something else from the same inputs.
pub(super) const EDITION: &str = "4";
/// Editions whose finished records are what this one would make; they differ in what is refused.
pub(super) const ALIKE: &[&str] = &["3", EDITION];

/// Where a transcript comes from that the manifest holds.
const FROM_MANIFEST: &str = "manifest";

/// Everything that candidates share.
#[derive(Debug)]
pub(super) struct Models {
    pub(super) decoder: Option<Decoder>,
    pub(super) detector: Option<Box<dyn FaceDetector>>,
    pub(super) encoder: Option<Box<dyn TextEncoder>>,
    /// The recogniser, and how it is written down.
    pub(super) recogniser: Option<(Recogniser, Value)>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) status: String,
    pub(super) detail: Option<String>,
    pub(super) facts: Map<String, Value>,
    /// Digest of each step that was taken, with the step.
    pub(super) digests: Vec<(Stage, String)>,
    /// Every step was found finished.
    #[serde(skip)]
    pub(super) found: bool,
    /// Its files are away, and what was finished of it stands.
    #[serde(skip)]
    pub(super) kept: bool,
}

impl Outcome {
    pub(super) fn extracted(&self) -> bool {
        self.status == EXTRACTED
    }

    /// Whether the file with its words could not be opened.
    pub(super) fn lacks_transcript(&self) -> bool {
        self.facts.get(Stage::Text.reason()).is_some_and(|reason| reason == Reason::NoSuchFile.id())
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
            speech: text(serde_json::json!({
                "recogniser": models.recogniser.as_ref().map(|(_, about)| about),
                "seconds": transcript.recogniser_seconds,
            })),
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
        let mut content = match content(&row.source, self.settings.limits.bytes) {
            Err(StepError::Machine(error)) => return Err(error),
            Err(StepError::Recording(failure)) => Err(failure),
            Ok(content) => Ok(content),
        };
        if let (Ok(content), Source::File(_), Some(decoder)) = (&mut content, &row.source, &self.models.decoder) {
            // Another version may decode to other pixels.
            content.push_str(" ffmpeg ");
            content.push_str(decoder.version());
        }
        let audio_digest = |content: &str| digest(&[EDITION, Stage::Audio.name(), content, &self.audio]);
        let sound_is_next = self.settings.wants(Modality::Audio)
            && content.as_ref().is_ok_and(|content| self.known(Stage::Audio, &audio_digest(content), Want::Presence).is_none());
        let work = Candidate { shop: self, row, sound_is_next, probe: OnceCell::new(), sound: OnceCell::new(), pictures: OnceCell::new() };
        let mut outcome =
            Outcome { status: EXTRACTED.to_owned(), detail: None, facts: Map::new(), digests: Vec::new(), found: true, kept: false };

        let (source, source_digest) = match content {
            // Nothing was read: there is nothing to keep, and the file may come back.
            Err(failure) => {
                outcome.found = false;
                (Finding::failed(Stage::Source, &failure), None)
            }
            Ok(content) => {
                let digest = digest(&[EDITION, Stage::Source.name(), &content, &self.limits]);
                let finding = self.step(Stage::Source, &digest, &mut outcome, || work.source())?;
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
            if let Some(found) = self.under_floor(&finding) {
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
            let finding = self.step(Stage::Audio, &audio_digest(&content), &mut outcome, || work.audio())?;
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

    /// Whether the words that the manifest holds of a kept candidate are others than those of its record.
    pub(super) fn has_other_words(&self, row: &Row, outcome: &Outcome) -> bool {
        let of = |wanted: Stage| outcome.digests.iter().find(|(stage, _)| *stage == wanted).map(|(_, digest)| digest.as_str());
        let Some(text) = &row.transcript else {
            return row.transcript_file.is_none() && outcome.facts.get("transcript_origin").is_some_and(|origin| origin == FROM_MANIFEST);
        };
        let Some(source) = of(Stage::Source).filter(|_| self.settings.wants(Modality::Text) && outcome.extracted()) else { return false };
        // The record may be of an earlier edition that counts as alike.
        ALIKE.iter().all(|edition| of(Stage::Text) != Some(&*self.text_digest_of(edition, text, None, FROM_MANIFEST, source)))
    }

    /// Of what was read: how a file is read depends on its ending too, and all that counts of a transcript is this.
    fn text_digest(&self, text: &str, confidence: Option<f64>, origin: &str, source: &str) -> String {
        self.text_digest_of(EDITION, text, confidence, origin, source)
    }

    fn text_digest_of(&self, edition: &str, text: &str, confidence: Option<f64>, origin: &str, source: &str) -> String {
        let confidence = confidence.map_or_else(String::new, |confidence| confidence.to_string());
        digest(&[edition, Stage::Text.name(), text, &confidence, origin, source, &self.text])
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
            let plain = || (Transcript { text: text.clone(), ..Transcript::default() }, FROM_MANIFEST);
            let too_long = |problem| Failure::new(Reason::BadTranscript, format!("the transcript {problem}"));
            speech::check_text(text).map(|()| plain()).map_err(too_long)
        } else if let Some(path) = &row.transcript_file {
            match regular(path).map(|()| speech::read(path, None)) {
                Err(failure) => Err(failure),
                Ok(Err(MediaError::Io { action, path, source })) if is_of_the_machine(&source) => {
                    return Err(MediaError::Io { action, path, source });
                }
                Ok(Err(error)) => Err(told(&error, "the transcript", path, Reason::BadTranscript)),
                Ok(Ok(transcript)) => Ok((transcript, "file")),
            }
        } else if let (Some((recogniser, _)), true) = (&self.models.recogniser, row.source != Source::Words) {
            let language = row.language.as_deref().unwrap_or("auto");
            let key = digest(&[EDITION, Stage::Speech.name(), content, language, &self.limits, &self.speech]);
            let finding = self.step(Stage::Speech, &key, outcome, || work.speech(recogniser))?;
            let said = if let Some(reason) = finding.reason(Stage::Speech) {
                Err(Failure::new(reason, finding.text(Stage::Speech.detail()).unwrap_or_default()))
            } else {
                let text = finding.text("recognised").unwrap_or_default().to_owned();
                let confidence = finding.number("recognised_confidence");
                Ok((Transcript { text, confidence, ..Transcript::default() }, "recogniser"))
            };
            outcome.facts.extend(finding.facts);
            said
        } else {
            Err(Failure::new(Reason::NoTranscript, ""))
        };
        let (transcript, origin) = match said {
            Ok(said) => said,
            Err(failure) => {
                outcome.facts.extend(Finding::failed(Stage::Text, &failure).facts);
                return Ok(false);
            }
        };
        let key = self.text_digest(&transcript.text, transcript.confidence, origin, source);
        let finding = self.step(Stage::Text, &key, outcome, || Ok(self.encoded(&transcript, origin, seconds)))?;
        let there = finding.tensor.is_some();
        outcome.facts.extend(finding.facts);
        Ok(there)
    }

    /// Frames with a face of a candidate that is refused because they are too few.
    fn under_floor(&self, finding: &Finding) -> Option<f64> {
        let counted = matches!(finding.reason(Stage::Video), None | Some(Reason::NoFace));
        let (found, share) = (finding.number("faces_found")?, finding.number("faces_found_share")?);
        (counted && share < self.settings.face.floor).then_some(found)
    }

    /// The result of a finished step, unless it is to be tried again.
    fn known(&self, stage: Stage, digest: &str, want: Want) -> Option<Finding> {
        self.parts.find(stage, digest, want).filter(|known| !(self.retry_failed && known.reason(stage).is_some()))
    }

    /// Finds a step finished, or takes it and keeps its result.
    fn step(
        &self,
        stage: Stage,
        digest: &str,
        outcome: &mut Outcome,
        take: impl FnOnce() -> Result<Finding, StepError>,
    ) -> Result<Finding, MediaError> {
        outcome.digests.push((stage, digest.to_owned()));
        // A candidate that is refused gets no record: the facts are enough.
        let refused = |finding: &Finding| !outcome.extracted() || (stage == Stage::Video && self.under_floor(finding).is_some());
        let facts = || self.known(stage, digest, Want::Facts).filter(refused);
        if let Some(known) = self.known(stage, digest, Want::Presence).or_else(facts) {
            return Ok(known);
        }
        outcome.found = false;
        let finding = match take() {
            Ok(finding) => finding,
            Err(StepError::Recording(failure)) => Finding::failed(stage, &failure),
            Err(StepError::Machine(error)) => return Err(error),
        };
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
            Err(MediaError::Limit(error)) => finding.fail(Stage::Text, &Failure::new(Reason::BadTranscript, error.to_string())),
            Err(error) => finding.fail(Stage::Text, &model_failed(&error)),
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

    fn probed(&self, path: &Path) -> Result<&Probe, StepError> {
        once(&self.probe, || self.decoder()?.probe(path, &self.settings().limits))
    }

    /// The sound at the rate of the features.
    fn sound(&self) -> Result<&Waveform, StepError> {
        once(&self.sound, || match &self.row.source {
            Source::File(path) => {
                let samples = self.decoder()?.audio(path, self.probed(path)?, &self.settings().limits)?;
                Ok(Waveform { rate: SPEECH_RATE, samples })
            }
            Source::Parts { wav: Some(path), .. } => {
                let failed = |error: MediaError| match error {
                    MediaError::TooLong { limit, .. } => Failure::new(Reason::TooLong, format!("more than the limit of {limit} s")).into(),
                    error => of_file(error, "the sound", path, Reason::BadSound),
                };
                let waveform = wav::read(path, self.settings().limits.seconds).map_err(failed)?;
                Ok(waveform.resampled(SPEECH_RATE).map_err(failed)?)
            }
            Source::Parts { wav: None, .. } | Source::Words => Err(Failure::new(Reason::NoAudio, "").into()),
        })
    }

    /// The sound where the recording has a usable one.
    fn sound_if_any(&self) -> Result<Result<&Waveform, Failure>, StepError> {
        match self.sound() {
            Err(StepError::Recording(failure)) => Ok(Err(failure)),
            other => other.map(Ok),
        }
    }

    fn pictures(&self, folder: &Path) -> Result<&[PathBuf], Failure> {
        let pictures = self.pictures.get_or_init(|| pictures(folder));
        pictures.as_deref().map_err(Clone::clone)
    }

    fn source(&self) -> Result<Finding, StepError> {
        let mut finding = Finding::default();
        match &self.row.source {
            Source::File(path) => {
                let probe = self.probed(path)?;
                finding.note("seconds", Some(probe.duration));
                if let Some(video) = &probe.video {
                    finding.note("width", Some(video.width));
                    finding.note("height", Some(video.height));
                    finding.note("frames_in_recording", Some(video.pts.len()));
                }
            }
            Source::Parts { frames, wav } => {
                let sound = wav.as_ref().map(|_| self.sound_if_any()).transpose()?;
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
        Ok(finding)
    }

    /// Faces, cut out.
    fn video(&self) -> Result<Finding, StepError> {
        let settings = self.settings();
        let Some(detector) = &self.shop.models.detector else { return Ok(Finding::default()) };
        let slots = settings.segments * settings.frames_per_segment;
        let mut collector = Collector::new(slots, settings.crop(), KEEP_LONGEST).map_err(|error| model_failed(&error))?;
        let mut finding = Finding::default();
        let mut take = |place: Place, picture: &crate::Picture, filled: bool, seconds: f64, original: Option<(usize, usize)>| {
            if !collector.needs(place) {
                return Ok(());
            }
            let context = FrameContext { candidate: &self.row.id, frame: place.frame, seconds, original };
            // A neighbour's picture shows a face that was counted there already: its own frame was not seen, and borrows a box.
            let faces = if filled { Ok(Vec::new()) } else { detector.detect(picture, &context) };
            let pushed = faces.and_then(|faces| collector.push(place, picture, &faces));
            pushed.map_err(|error| StepError::from(model_failed(&error)))
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
                let decoded = self.decoder()?.frames(path, probe, &wanted, &settings.limits, &mut |shown| {
                    let place = places[shown.position];
                    take(place, shown.picture, shown.filled, timeline[place.frame as usize], original)
                })?;
                if let Some(samples) = decoded.sound {
                    let _ = self.sound.set(Ok(Waveform { rate: SPEECH_RATE, samples }));
                }
                finding.note("frames_decoded", Some(decoded.decoded));
                finding.note("frames_filled", Some(decoded.filled.len()));
            }
            Source::Parts { frames: Some(folder), .. } => {
                let pictures = self.pictures(folder)?;
                let gap = self.gap(pictures.len())?;
                let duration = gap * pictures.len() as f64;
                let timeline: Vec<f64> = (0..pictures.len()).map(|frame| frame as f64 * gap).collect();
                let places = self.places(&timeline, duration)?;
                let mut last: Option<(u64, crate::Picture)> = None;
                let mut decoded = 0;
                for place in places {
                    if last.as_ref().is_none_or(|(frame, _)| *frame != place.frame) {
                        let path = &pictures[place.frame as usize];
                        let failed = |error: MediaError| of_file(error, &format!("picture {}", place.frame + 1), path, Reason::BadPictures);
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
                        take(place, read, false, timeline[place.frame as usize], None)?;
                    }
                }
                finding.note("frames_decoded", Some(decoded));
                finding.note("frames_filled", Some(0));
            }
            Source::Parts { frames: None, .. } | Source::Words => return Err(Failure::new(Reason::NoVideo, "").into()),
        }
        let sequence = collector.finish().map_err(|error| model_failed(&error))?;
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

    /// Seconds from one picture of a folder to the next.
    fn gap(&self, count: usize) -> Result<f64, StepError> {
        if let Some(rate) = self.settings().frames_per_second {
            return Ok(1.0 / rate);
        }
        match self.sound_if_any()? {
            Ok(waveform) => Ok(waveform.seconds() / count as f64),
            // Segments are shares of the recording, whatever its length; boxes have their times in seconds.
            Err(_) if self.settings().face.detector != Detector::Boxes => Ok(1.0),
            Err(failure) => Err(Failure::new(Reason::NoTimes, format!("no sound to take them from: {}", failure.reason.sentence())).into()),
        }
    }

    /// The frames to look at, slot after slot; within a slot by rising time.
    fn places(&self, timeline: &[f64], duration: f64) -> Result<Vec<Place>, Failure> {
        let settings = self.settings();
        let (count, per, spare) = (settings.segments, settings.frames_per_segment, settings.spare_frames());
        let random = |purpose: &str, per: usize| {
            let mut rng = draws(purpose, settings.seed, &self.row.id);
            segments::draw(timeline, duration, count, per, &mut rng)
        };
        let unusable = || Failure::new(Reason::DecodeFailed, "its frames have no usable times");
        let mut wanted = match settings.draw {
            Draw::Centre => segments::centre(timeline, duration, count * per),
            Draw::Random => random("evenhand draw", per),
        }
        .ok_or_else(unusable)?;
        if spare == 0 {
            for frames in wanted.chunks_mut(per) {
                frames.sort_unstable();
            }
            let place = |(segment, &frame): (usize, &usize)| Place { segment, frame: frame as u64, wanted: frame as u64 };
            return Ok(wanted.iter().enumerate().map(place).collect());
        }
        // From a stream of their own: the frames that are wanted stay the same with any number of spare ones. One more than needed, as
        // the wanted one may be among them.
        let spares = random("evenhand spare", spare + 1).ok_or_else(unusable)?;
        let mut places = Vec::with_capacity(count * (1 + spare));
        for (segment, (&wanted, spares)) in wanted.iter().zip(spares.chunks_exact(spare + 1)).enumerate() {
            let mut frames: Vec<usize> = spares.iter().copied().filter(|&frame| frame != wanted).take(spare).collect();
            frames.push(wanted);
            frames.sort_unstable();
            frames.dedup();
            places.extend(frames.into_iter().map(|frame| Place { segment, frame: frame as u64, wanted: wanted as u64 }));
        }
        Ok(places)
    }

    fn audio(&self) -> Result<Finding, StepError> {
        let mut finding = Finding::default();
        let waveform = self.sound()?;
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
        Ok(finding)
    }

    fn speech(&self, recogniser: &Recogniser) -> Result<Finding, StepError> {
        let waveform = self.sound()?;
        let failed = |source| StepError::Machine(MediaError::Io { action: "writing", path: std::env::temp_dir(), source });
        let folder = tempfile::tempdir().map_err(failed)?;
        let path = folder.path().join("sound.wav");
        write_wav(&path, waveform).map_err(failed)?;
        let mut finding = Finding::default();
        let transcript = recogniser.transcribe(&path, self.row.language.as_deref())?;
        finding.note("recognised", Some(transcript.text));
        finding.note("recognised_confidence", transcript.confidence);
        Ok(finding)
    }
}

/// The value of a cell that is filled when it is first asked for; what the machine is to blame for is not remembered.
fn once<T>(cell: &OnceCell<Result<T, Failure>>, make: impl FnOnce() -> Result<T, StepError>) -> Result<&T, StepError> {
    let known = match cell.get() {
        Some(known) => known,
        None => match make() {
            Err(StepError::Machine(error)) => return Err(StepError::Machine(error)),
            Err(StepError::Recording(failure)) => cell.get_or_init(|| Err(failure)),
            Ok(value) => cell.get_or_init(|| Ok(value)),
        },
    };
    known.as_ref().map_err(|failure| failure.clone().into())
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

/// The generator of a candidate's draw: the same in every run, another for every id and purpose.
fn draws(purpose: &str, seed: u64, id: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new_with_prefix(purpose);
    hash.update(seed.to_le_bytes());
    hash.update(id.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// An error about one file of a candidate, which is called what it is instead of by its name.
fn told(error: &MediaError, what: &str, path: &Path, reason: Reason) -> Failure {
    let text = match error {
        MediaError::BadFile { problem, .. } => format!("{what} {problem}"),
        MediaError::Io { source, .. } => format!("{what}: {}", source.kind()),
        other => other.to_string(),
    };
    let shown = path.to_string_lossy();
    let text = if shown.len() > 1 { text.replace(&*shown, what) } else { text };
    Failure::new(reason, printable(&text))
}

/// An error of a model, whose file is called by its name, without its place.
fn model_failed(error: &MediaError) -> Failure {
    let text = match error {
        MediaError::BadFile { path, problem, .. } => {
            format!("`{}` {problem}", path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()))
        }
        other => other.to_string(),
    };
    Failure::new(Reason::ModelFailed, printable(&text))
}

fn printable(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
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
pub(super) fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
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

/// Whether a file could not be read for a reason that is none of its own: a broken disk says nothing of the candidate.
fn is_of_the_machine(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        InvalidData, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied, UnexpectedEof,
    };
    let own = [NotFound, PermissionDenied, NotADirectory, IsADirectory, InvalidInput, InvalidFilename, InvalidData, UnexpectedEof];
    !own.contains(&error.kind())
}

/// An error of a file of a candidate: of the candidate, or of the machine.
fn of_file(error: MediaError, what: &str, path: &Path, reason: Reason) -> StepError {
    match error {
        MediaError::Io { source, .. } if is_of_the_machine(&source) => unreadable(path, source),
        error => told(&error, what, path, reason).into(),
    }
}

/// Why a file of a candidate cannot be read.
fn unreadable(path: &Path, source: std::io::Error) -> StepError {
    if is_of_the_machine(&source) {
        return StepError::Machine(MediaError::Io { action: "reading", path: path.to_owned(), source });
    }
    Failure::new(Reason::NoSuchFile, source.kind().to_string()).into()
}

/// A hash of everything a candidate's recording consists of. Size and time of a file are not enough: a corrected file may keep both.
fn content(source: &Source, most: u64) -> Result<String, StepError> {
    let mut hash = Sha256::new();
    let mut add = |path: &Path| -> Result<(), StepError> {
        regular(path)?;
        let unreadable = |error: std::io::Error| unreadable(path, error);
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > most {
            return Err(Failure::new(Reason::TooLarge, format!("{length} bytes, limit {most}")).into());
        }
        hash.update(length.to_le_bytes());
        add_file(&mut hash, path).map(|_| ()).map_err(unreadable)
    };
    match source {
        Source::File(path) => {
            add(path)?;
            // The demultiplexer listens to it where the content leaves a doubt.
            hash.update(path.extension().unwrap_or_default().to_ascii_lowercase().as_encoded_bytes());
        }
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

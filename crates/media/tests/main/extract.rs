//! Manifests, extraction, resuming.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use evenhand_catalog::Parameters;
use evenhand_data::loaders::interviews::{CANDIDATES, SETTINGS, TENSORS};
use evenhand_data::recordings::{RecordSource, RecordStore};
use evenhand_data::{LOADERS, LoadRequest};
use evenhand_media::MediaError;
use evenhand_media::audio::pooling::{Pooling, pooled};
use evenhand_media::audio::wav;
use evenhand_media::extract::settings::{Draw, Settings};
use evenhand_media::extract::table::Table;
use evenhand_media::extract::{self, Observer, Options, Silent, Summary};
use evenhand_media::manifest::{Manifest, Source};
use evenhand_media::text::TextEncoder;
use evenhand_media::text::hashed::HashedNgrams;
use evenhand_rows::recordings::Recording;
use evenhand_rows::{LabelRole, Schema, SensitiveRole};

use crate::clips::clips;

pub(crate) const WORDS: &str = "I worked in a team of five people and we learned to plan our weeks together";

/// A grey picture of this shade.
fn write_png(path: &Path, shade: u8) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 24, 20);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[shade; 24 * 20 * 3]).unwrap();
}

/// Two seconds of a tone, 16 kHz.
pub(crate) fn write_tone(path: &Path, hertz: f64) {
    let form = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, form).unwrap();
    for place in 0..32_000 {
        let value = (f64::from(place) * hertz * std::f64::consts::TAU / 16_000.0).sin() * 9000.0;
        writer.write_sample(value as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// A folder with eight pictures and a tone for each of `count` candidates, and their manifest.
pub(crate) struct Corpus {
    folder: tempfile::TempDir,
    pub(crate) lines: Vec<String>,
}

impl Corpus {
    pub(crate) fn of(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut corpus = Corpus { folder, lines: vec!["id,frames,wav,transcript,person,interview,gender".to_owned()] };
        for number in 0..count {
            corpus.add(number);
        }
        corpus
    }

    pub(crate) fn add(&mut self, number: usize) {
        let frames = self.path(&format!("frames{number}"));
        fs::create_dir(&frames).unwrap();
        for frame in 0..8_u8 {
            // Without leading zeros: 9 must come before 10.
            write_png(&frames.join(format!("frame{}.png", frame + 5)), frame * 10 + number as u8);
        }
        write_tone(&self.path(&format!("tone{number}.wav")), 200.0 + 50.0 * number as f64);
        let gender = ["female", "male"][number % 2];
        self.lines.push(format!("c{number},frames{number},tone{number}.wav,{WORDS} {number},p{number},0.{number}5,{gender}"));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let path = self.path("manifest.csv");
        fs::write(&path, self.lines.join("\n")).unwrap();
        Manifest::read(&path).unwrap()
    }
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings { segments: 4, side: 6, draw: Draw::Centre, ..Settings::default() };
    settings.text.width = 64;
    settings
}

pub(crate) fn run(manifest: &Manifest, settings: &Settings, out: &Path) -> Result<Summary, MediaError> {
    run_with(manifest, settings, out, 1, &Silent, &AtomicBool::new(false))
}

pub(crate) fn run_with(
    manifest: &Manifest,
    settings: &Settings,
    out: &Path,
    jobs: usize,
    observer: &dyn Observer,
    interrupted: &AtomicBool,
) -> Result<Summary, MediaError> {
    extract::extract(manifest, settings, out, Options { jobs, interrupted, observer, retry_failed: false, replace: true, drop_away: false })
}

/// The results of steps that lie in a folder that is not finished.
pub(crate) fn parts(out: &Path) -> Vec<PathBuf> {
    let mut parts: Vec<PathBuf> = fs::read_dir(out.join(".parts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    parts.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name != "lock" && !name.starts_with("candidate-")
    });
    parts.sort();
    parts
}

/// The bytes of the finished folder.
pub(crate) fn bytes(out: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    assert!(!out.join(".parts").exists());
    [TENSORS, CANDIDATES, SETTINGS].into_iter().map(|name| (name, fs::read(out.join(name)).unwrap())).collect()
}

pub(crate) fn record(out: &Path, record: usize) -> Recording {
    RecordStore::open(&out.join(TENSORS)).unwrap().read(record, &mut Vec::new()).unwrap().to_recording()
}

pub(crate) fn column(out: &Path, name: &str) -> Vec<Option<String>> {
    Table::read(&out.join(CANDIDATES)).unwrap().texts(name).unwrap()
}

pub(crate) fn texts(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect()
}

#[test]
fn a_manifest_is_read_and_its_flaws_are_named() {
    let path = Path::new("folder/manifest.csv");
    let read = |text: &str| Manifest::parse(text.as_bytes(), path);
    let manifest = read("\u{feff}id;file;note;language\r\n a ; x/one.mp4 ;\"two; lines\nhere\";en\r\nb;../two.webm;;\r\n").unwrap();
    assert_eq!(manifest.columns, ["id", "file", "note", "language"]);
    assert_eq!(manifest.rows[0].source, Source::File(PathBuf::from("folder/x/one.mp4")));
    assert_eq!((manifest.rows[0].id.as_str(), manifest.rows[0].cells[2].as_str()), ("a", "two; lines\nhere"));
    assert_eq!(manifest.rows[1].source, Source::File(PathBuf::from("folder/../two.webm")));
    assert_eq!((manifest.rows[0].language.as_deref(), manifest.rows[1].language.as_deref()), (Some("en"), None));
    let parts = read("id,frames,wav\na,f,\nb,,w.wav\nc,,\n").unwrap();
    assert_eq!(parts.rows[1].source, Source::Parts { frames: None, wav: Some(PathBuf::from("folder/w.wav")) });
    assert_eq!(parts.rows[2].source, Source::Words);
    for (text, expected) in [
        ("file\nx\n", "has no column `id` (its columns: file)"),
        ("id,score\na,1\n", "names no recordings"),
        ("id,file\n", "holds no candidates"),
        ("id,file,file\na,x,y\n", "has two columns `file`"),
        ("id,,file\na,x,y\n", "has no name for column 2"),
        ("id,file\na,x\n,y\n", "has an empty field in row 2, column `id`"),
        ("id,file\na,x\nb,y\na,z\n", "holds the id `a` twice, in row 1 and in row 3, column `id`"),
        ("id,file\na,x,y\n", "has 3 fields instead of 2 in row 1"),
        ("id,file,wav\na,x,y\n", "names a recording and also extracted pictures or sound in row 1, column `file`"),
        ("id,file,language\na,x,{wav}\n", "has `{wav}` in row 1, column `language`"),
        ("id,file,language\na,x,-en\n", "has `-en` in row 1, column `language`"),
        ("id,file,transcript,transcript_file\na,x,y,z\n", "holds a transcript and also names a file with one in row 1"),
        ("id,file,boxes\na,x,y\n", "has a column `boxes`, which is not read"),
        ("id,file\n\"a\nb\",x\n", "has an id with a control character"),
    ] {
        let message = read(text).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("manifest.csv"), "{message}");
    }
    assert!(Manifest::parse(b"id,file\na,\xff\n", path).unwrap_err().to_string().contains("is not UTF-8 text (line 2)"));
    let taken = read("id,file,words\na,x,y\n").unwrap();
    let out = tempfile::tempdir().unwrap();
    assert!(run(&taken, &settings(), out.path()).unwrap_err().to_string().contains("has a column `words`"));
    assert!(Manifest::read(Path::new("nowhere.csv")).is_err());
}

#[test]
fn pictures_and_sound_become_the_tensors_that_the_loader_reads() {
    let corpus = Corpus::of(3);
    let out = corpus.path("out");
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.candidates, summary.extracted, summary.found), (3, 3, 0));
    for number in 0..3_u8 {
        let recording = record(&out, usize::from(number));
        let (frames, found) = recording.video.unwrap();
        assert_eq!(found, [true; 4]);
        // Frame k is shown at k/4 s; the middles of four segments of half a second are the frames 1, 3, 5 and 7.
        for (segment, crop) in frames.chunks_exact(6 * 6 * 3).enumerate() {
            assert!(crop.iter().all(|&value| value == (2 * segment as u8 + 1) * 10 + number), "candidate {number}, segment {segment}");
        }
        let waveform = wav::read(&corpus.path(&format!("tone{number}.wav")), 60.0).unwrap();
        let expected: Vec<f32> = pooled(&waveform, Pooling::Window30, 4).unwrap().into_iter().map(|value| value as f32).collect();
        assert_eq!(recording.audio.unwrap(), expected);
        let expected = HashedNgrams::new(64).unwrap().encode(&format!("{WORDS} {number}")).unwrap().unwrap();
        assert_eq!(recording.text.unwrap(), expected.vector);
    }
    assert_eq!(column(&out, "seconds"), texts(&["2", "2", "2"]));
    assert_eq!(column(&out, "faces_found"), texts(&["4", "4", "4"]));
    assert_eq!(column(&out, "words"), texts(&["17", "17", "17"]));
    assert_eq!(column(&out, "words_per_minute"), texts(&["510", "510", "510"]));
    assert_eq!(column(&out, "interview"), texts(&["0.05", "0.15", "0.25"]));

    let entry = LOADERS.iter().find(|entry| entry.card.id == "interviews").unwrap();
    let schema = Schema {
        label: Some(LabelRole { column: "interview".to_owned(), ..LabelRole::default() }),
        sensitive: vec![SensitiveRole { name: "gender".to_owned(), columns: vec!["gender".to_owned()], rule: None }],
        ..Schema::default()
    };
    let loader = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new()).unwrap()).unwrap();
    let data = loader
        .load(&LoadRequest {
            folder: Some(&out),
            files: &[],
            schema: &schema,
            settings: &evenhand_data::table::TableSettings::default(),
            seed: 0,
        })
        .unwrap();
    assert_eq!(data.label().unwrap().values, [0.05, 0.15, 0.25]);
    assert_eq!(data.sensitive[0].codes(), [0, 1, 0]);
    let recordings = data.recordings.unwrap();
    assert_eq!((recordings.len(), recordings.shape().segments, recordings.shape().audio, recordings.shape().text), (3, 4, 68, 64));
    assert_eq!(recordings.read(2, &mut Vec::new()).unwrap().to_recording(), record(&out, 2));
}

#[test]
fn a_missing_modality_is_a_reason_and_a_broken_candidate_costs_only_itself() {
    let mut corpus = Corpus::of(2);
    corpus.lines.push(format!("lost,nowhere,,{WORDS},,,"));
    corpus.lines.push("silent,frames0,,,,,".to_owned());
    corpus.lines.push(format!("words,,,{WORDS},,,"));
    corpus.lines.push("nothing,,,,,,".to_owned());
    fs::create_dir(corpus.path("bad")).unwrap();
    fs::write(corpus.path("bad/1.png"), b"no picture").unwrap();
    corpus.lines.push("picture,bad,tone0.wav,,,,".to_owned());
    fs::write(corpus.path("bad.wav"), b"no sound").unwrap();
    corpus.lines.push("sound,,bad.wav,too few,,,".to_owned());
    corpus.lines.push("folder,,frames0,,,,".to_owned());
    let (out, settings) = (corpus.path("out"), settings());
    let summary = run(&corpus.manifest(), &settings, &out).unwrap();
    let expected =
        ["extracted", "extracted", "no-such-file", "extracted", "extracted", "nothing-found", "extracted", "bad-sound", "not-a-file"];
    assert_eq!(column(&out, "status"), texts(&expected));
    assert_eq!(column(&out, "record"), texts(&["0", "1", "", "2", "3", "", "4", "", ""]));
    assert_eq!(column(&out, "video_reason"), texts(&["", "", "", "", "no-video", "no-video", "bad-pictures", "", ""]));
    assert_eq!(column(&out, "audio_reason"), texts(&["", "", "", "no-audio", "no-audio", "no-audio", "", "", ""]));
    assert_eq!(column(&out, "text_reason"), texts(&["", "", "", "no-transcript", "", "no-transcript", "no-transcript", "", ""]));
    assert!(record(&out, 3).video.is_none() && record(&out, 3).text.is_some());
    assert_eq!((summary.extracted, summary.failed.values().sum::<usize>()), (5, 4));
    assert_eq!(summary.missing["text"], BTreeMap::from([("no-transcript".to_owned(), 2)]));
    let about: serde_json::Value = serde_json::from_slice(&fs::read(out.join(SETTINGS)).unwrap()).unwrap();
    assert_eq!(about["counts"]["failed"]["bad-sound"], 1);
    assert!(!String::from_utf8(fs::read(out.join(SETTINGS)).unwrap()).unwrap().contains(&corpus.folder.path().display().to_string()));
    for detail in ["video_detail", "source_detail", "status_detail"] {
        for text in column(&out, detail).into_iter().flatten() {
            assert!(!text.contains(&corpus.folder.path().display().to_string()), "{text}");
        }
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_devices_are_refused() {
    let mut corpus = Corpus::of(1);
    std::os::unix::fs::symlink(corpus.path("tone0.wav"), corpus.path("link.wav")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(corpus.path("pipe.wav")).status();
    corpus.lines.push("link,,link.wav,,,,".to_owned());
    corpus.lines.push("device,,/dev/zero,,,,".to_owned());
    if made.is_ok_and(|status| status.success()) {
        corpus.lines.push("pipe,,pipe.wav,,,,".to_owned());
    } else {
        eprintln!("skipped: there is no mkfifo");
    }
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let status: Vec<String> = column(&out, "status").into_iter().flatten().collect();
    assert_eq!(status[0], "extracted");
    assert!(status.len() >= 3 && status[1..].iter().all(|status| status == "not-a-file"), "{status:?}");
}

/// Stops after so many candidates.
pub(crate) struct StopAfter<'a> {
    pub(crate) left: AtomicUsize,
    pub(crate) flag: &'a AtomicBool,
}

impl Observer for StopAfter<'_> {
    fn candidate_finished(&self, _: &str, _: &str, _: bool) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn interrupted_damaged_and_parallel_runs_give_the_same_bytes() {
    let corpus = Corpus::of(6);
    let settings = Settings { draw: Draw::Random, seed: 7, ..settings() };
    let manifest = corpus.manifest();
    let (whole, torn, parallel) = (corpus.path("whole"), corpus.path("torn"), corpus.path("parallel"));
    run(&manifest, &settings, &whole).unwrap();
    let expected = bytes(&whole);

    let flag = AtomicBool::new(false);
    let error = run_with(&manifest, &settings, &torn, 1, &StopAfter { left: 3.into(), flag: &flag }, &flag).unwrap_err();
    assert!(matches!(error, MediaError::Interrupted { finished: 3, total: 6, .. }), "{error}");
    assert!(!torn.join(CANDIDATES).exists());
    let parts = parts(&torn);
    // Source, frames, sound and words of three candidates.
    assert_eq!(parts.len(), 12);
    for (number, part) in parts.iter().enumerate() {
        match number % 3 {
            0 => fs::remove_file(part).unwrap(),
            1 => {
                let kept = fs::read(part).unwrap();
                fs::write(part, &kept[..kept.len() - 1]).unwrap();
            }
            _ => {}
        }
    }
    run(&manifest, &settings, &torn).unwrap();
    assert!(bytes(&torn) == expected, "after an interrupt and damage");
    run_with(&manifest, &settings, &parallel, 3, &Silent, &AtomicBool::new(false)).unwrap();
    assert!(bytes(&parallel) == expected, "three at a time");
    // Nothing is left to do, and nothing changes.
    let again = run(&manifest, &settings, &whole).unwrap();
    assert_eq!(again.found, 6);
    assert!(bytes(&whole) == expected, "a second time");
    let other = Settings { seed: 8, ..settings };
    run(&manifest, &other, &torn).unwrap();
    assert!(bytes(&torn)[TENSORS] != expected[TENSORS], "another seed draws other frames");
}

/// Takes the folder of the parts away after the first candidate, as a full disk or lost access would.
struct Unwritable<'a>(&'a Path);

impl Observer for Unwritable<'_> {
    fn candidate_finished(&self, _: &str, _: &str, _: bool) {
        fs::rename(self.0.join(".parts"), self.0.join("kept")).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_run_and_keeps_what_is_done() {
    let corpus = Corpus::of(3);
    let (out, whole) = (corpus.path("out"), corpus.path("whole"));
    let error = run_with(&corpus.manifest(), &settings(), &out, 1, &Unwritable(&out), &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("could not be written") && error.contains("1 of 3 candidates are finished"), "{error}");
    fs::rename(out.join("kept"), out.join(".parts")).unwrap();
    assert_eq!(run(&corpus.manifest(), &settings(), &out).unwrap().found, 1);
    run(&corpus.manifest(), &settings(), &whole).unwrap();
    assert!(bytes(&out) == bytes(&whole));
}

/// Counts what was made anew: the parts that lie there when the last candidate is done.
struct Made<'a> {
    folder: &'a Path,
    made: AtomicUsize,
}

impl Observer for Made<'_> {
    fn candidate_finished(&self, _: &str, _: &str, _: bool) {
        self.made.store(parts(self.folder).len(), Ordering::Relaxed);
    }
}

#[test]
fn a_change_redoes_only_what_depends_on_it() {
    let mut corpus = Corpus::of(4);
    let out = corpus.path("out");
    let steps = |corpus: &Corpus, settings: &Settings| {
        let made = Made { folder: &out, made: AtomicUsize::new(0) };
        let summary = run_with(&corpus.manifest(), settings, &out, 1, &made, &AtomicBool::new(false)).unwrap();
        let fresh = corpus.path("fresh");
        run(&corpus.manifest(), settings, &fresh).unwrap();
        assert!(bytes(&fresh) == bytes(&out), "what was taken over equals what is made anew");
        fs::remove_dir_all(fresh).unwrap();
        (made.made.into_inner(), summary.found)
    };
    let mut settings = settings();
    assert_eq!(steps(&corpus, &settings), (16, 0));
    assert_eq!(steps(&corpus, &settings), (0, 4));
    settings.text.width = 32;
    assert_eq!(steps(&corpus, &settings), (4, 0), "the words of four");
    settings.side = 8;
    assert_eq!(steps(&corpus, &settings), (4, 0), "the frames of four");
    settings.face.floor = 0.5;
    assert_eq!(steps(&corpus, &settings), (0, 4), "the floor is applied at the end");
    corpus.add(4);
    assert_eq!(steps(&corpus, &settings), (4, 4), "the new candidate");
    // The score is nothing that tensors depend on.
    corpus.lines[1] = corpus.lines[1].replace("0.05", "0.99");
    assert_eq!(steps(&corpus, &settings), (0, 5));
    assert_eq!(column(&out, "interview")[0].as_deref(), Some("0.99"));
    // The words of one candidate; then its sound under the same name and of the same length.
    corpus.lines[2] = corpus.lines[2].replace("team", "group");
    assert_eq!(steps(&corpus, &settings), (1, 4));
    write_tone(&corpus.path("tone1.wav"), 777.0);
    assert_eq!(steps(&corpus, &settings), (4, 4));
}

#[test]
fn the_floor_refuses_a_candidate_whose_face_is_rarely_seen() {
    let corpus = Corpus::of(2);
    let (out, boxes) = (corpus.path("out"), corpus.path("boxes.csv"));
    // Candidate 0 has a face near the beginning only, candidate 1 always.
    let mut lines = vec!["candidate,seconds,left,top,right,bottom,score".to_owned(), "c0,0.25,0,0,10,10,0.5".to_owned()];
    lines.extend((0..8).map(|frame| format!("c1,{},4,4,14,14,0.9", f64::from(frame) / 4.0)));
    fs::write(&boxes, lines.join("\n")).unwrap();
    let mut settings = settings();
    settings.face.detector = extract::settings::Detector::Boxes;
    settings.face.boxes = Some(boxes);
    settings.face.tolerance = 0.1;
    settings.face.floor = 0.5;
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["face-floor", "extracted"]));
    assert_eq!(column(&out, "faces_found"), texts(&["1", "4"]));
    assert_eq!(column(&out, "face_score"), texts(&["0.5", "0.8999999761581421"]));
    settings.face.floor = 0.25;
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["extracted", "extracted"]));
    // The other segments show the wanted frame under the box of the first.
    assert_eq!(record(&out, 0).video.unwrap().1, [true; 4]);
    // No face at all: refused above a floor of 0, a missing modality at 0.
    fs::write(corpus.path("boxes.csv"), lines[..2].join("\n")).unwrap();
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["extracted", "face-floor"]));
    settings.face.floor = 0.0;
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["extracted", "extracted"]));
    assert_eq!(column(&out, "video_reason"), texts(&["", "no-face"]));
    assert!(record(&out, 1).video.is_none());
}

#[cfg(unix)]
#[test]
fn a_recogniser_is_asked_where_there_are_no_words() {
    let corpus = {
        let mut corpus = Corpus::of(2);
        corpus.lines[1] = corpus.lines[1].replace(&format!("{WORDS} 0"), "");
        corpus
    };
    let out = corpus.path("out");
    let mut settings = settings();
    settings.transcript.recogniser = Some("sh -c 'test -s \"$0\" && echo twelve words in two seconds' {wav}".to_owned());
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "transcript_origin"), texts(&["recogniser", "manifest"]));
    assert_eq!(column(&out, "recognised"), texts(&["twelve words in two seconds", ""]));
    settings.transcript.recogniser = Some("sh -c 'echo broken >&2; exit 3' {wav}".to_owned());
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "text_reason"), texts(&["recogniser-failed", ""]));
    assert!(column(&out, "text_detail")[0].as_deref().unwrap().contains("broken"));
    settings.transcript.recogniser = Some("no-such-recogniser-anywhere {wav}".to_owned());
    assert!(run(&corpus.manifest(), &settings, &out).unwrap_err().to_string().contains("was not found"));
}

#[test]
fn settings_are_read_checked_and_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("extract.toml");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        Settings::read(&path)
    };
    assert_eq!(read("").unwrap(), Settings::default());
    let settings =
        read("segments = 6\ndraw = \"centre\"\nmodalities = [\"audio\"]\n[face]\nweights = \"w.safetensors\"\n[limits]\nseconds = 60.0\n")
            .unwrap();
    assert_eq!((settings.segments, settings.draw, settings.limits.seconds), (6, Draw::Centre, 60.0));
    assert_eq!(settings.face.weights.unwrap(), folder.path().join("w.safetensors"));
    let message = read("segments = 6\n[face]\ndetecter = \"mtcnn\"\n").unwrap_err().to_string();
    assert!(message.contains("line 3") && message.contains("detecter") && message.contains("did you mean `detector`?"), "{message}");
    let mut wrong = Settings { segments: 0, ..Settings::default() };
    assert!(wrong.check().unwrap_err().to_string().contains("segments is 0"));
    wrong = Settings::default();
    wrong.face.floor = f64::NAN;
    assert!(wrong.check().is_err());
    wrong = Settings { draw: Draw::Centre, ..Settings::default() };
    wrong.face.spare_frames = Some(2);
    assert!(wrong.check().unwrap_err().to_string().contains("spare_frames"));
    wrong = Settings { segments: 1000, frames_per_segment: 11, ..Settings::default() };
    assert!(wrong.check().unwrap_err().to_string().contains("at most 10000 frames"));
    wrong = Settings { frames_per_second: Some(0.0), ..Settings::default() };
    assert!(wrong.check().unwrap_err().to_string().contains("frames_per_second is 0"));
    let corpus = Corpus::of(1);
    wrong = self::settings();
    wrong.text.width = (1 << 16) + 1;
    assert!(run(&corpus.manifest(), &wrong, &corpus.path("out")).unwrap_err().to_string().contains("65536"));
    assert!(!corpus.path("out").exists(), "refused before anything is made");
    let mut mtcnn = self::settings();
    mtcnn.face.detector = extract::settings::Detector::Mtcnn;
    assert!(run(&corpus.manifest(), &mtcnn, &corpus.path("out")).unwrap_err().to_string().contains("evenhand weights convert"));
}

/// Boxes of a side of ten pixels at these times; `settings` that look them up.
fn with_boxes(corpus: &Corpus, rows: &[(&str, f64)], settings: Settings) -> Settings {
    let path = corpus.path("boxes.csv");
    let rows: Vec<String> = rows.iter().map(|(candidate, seconds)| format!("{candidate},{seconds},4,4,14,14")).collect();
    fs::write(&path, format!("candidate,seconds,left,top,right,bottom\n{}\n", rows.join("\n"))).unwrap();
    let mut settings = settings;
    settings.face.detector = extract::settings::Detector::Boxes;
    settings.face.boxes = Some(path);
    settings.face.tolerance = 0.1;
    settings
}

#[test]
fn a_refused_candidate_costs_nothing_again() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    let mut rows = vec![("c0", 0.25)];
    rows.extend((0..8).map(|frame| ("c1", f64::from(frame) / 4.0)));
    let mut settings = with_boxes(&corpus, &rows, settings());
    settings.face.floor = 0.5;
    let steps = |settings: &Settings| {
        let made = Made { folder: &out, made: AtomicUsize::new(0) };
        let summary = run_with(&corpus.manifest(), settings, &out, 1, &made, &AtomicBool::new(false)).unwrap();
        (made.made.into_inner(), summary.found, summary.extracted)
    };
    assert_eq!(steps(&settings), (8, 0, 1));
    let refused = bytes(&out);
    assert_eq!(steps(&settings), (0, 2, 1));
    assert!(bytes(&out) == refused);
    // It passes now: its frames, its sound and its words have to be made, the facts about its files not.
    settings.face.floor = 0.25;
    assert_eq!(steps(&settings), (3, 1, 2));
    settings.face.floor = 0.5;
    assert_eq!(steps(&settings), (0, 2, 1));
    assert!(bytes(&out) == refused);
}

#[test]
fn what_is_kept_names_no_file_of_another_candidate() {
    let mut corpus = Corpus::of(0);
    for name in ["first.wav", "second.wav"] {
        fs::write(corpus.path(name), b"no sound").unwrap();
        corpus.lines.push(format!("{name},,{name},,,,"));
    }
    for name in ["third", "fourth"] {
        fs::create_dir(corpus.path(name)).unwrap();
        fs::write(corpus.path(name).join(format!("{name}.png")), b"no picture").unwrap();
        corpus.lines.push(format!("{name},{name},,{WORDS},,,"));
    }
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let details = column(&out, "source_detail");
    assert_eq!(details[0].as_deref(), Some("the sound is not a WAV file that can be read: Ill-formed WAVE file: no RIFF tag found"));
    assert_eq!(details[0], details[1]);
    assert_eq!(column(&out, "video_detail")[2..], texts(&["picture 1 is neither PNG nor JPEG"; 2]));
}

#[test]
fn a_transcript_is_known_by_what_was_read() {
    let mut corpus = Corpus::of(0);
    corpus.lines[0] = "id,transcript_file,person,interview,gender".to_owned();
    // The same bytes: five words to a reader of plain text, one to a reader of NIST's columns.
    for name in ["plain.txt", "columns.ctm", "again.txt"] {
        fs::write(corpus.path(name), "one two 0.1 0.2 five\n").unwrap();
        corpus.lines.push(format!("{name},{name},,,"));
    }
    let out = corpus.path("out");
    run(&corpus.manifest(), &Settings { modalities: vec![extract::Modality::Text], ..settings() }, &out).unwrap();
    assert_eq!(column(&out, "words"), texts(&["5", "1", "5"]));
}

#[test]
fn a_sound_over_the_limit_is_too_long() {
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    let mut settings = settings();
    settings.limits.seconds = 1.5;
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "audio_reason"), texts(&["too-long"]));
    assert_eq!(column(&out, "audio_detail"), texts(&["more than the limit of 1.5 s"]));
}

#[test]
fn words_longer_than_any_interview_are_refused() {
    let mut corpus = Corpus::of(0);
    corpus.lines[0] = "id,transcript,transcript_file".to_owned();
    let long = "a".repeat((2 << 20) + 1);
    corpus.lines.push(format!("manifest,{long},"));
    fs::write(corpus.path("file.txt"), &long).unwrap();
    corpus.lines.push("file,,file.txt".to_owned());
    // One sign that is read as eighteen.
    corpus.lines.push(format!("spelled,{},", "\u{FDFA}".repeat(200_000)));
    // A word of any length that an interview may have is a word.
    corpus.lines.push(format!("word,{},", "a".repeat(100_000)));
    let out = corpus.path("out");
    run(&corpus.manifest(), &Settings { modalities: vec![extract::Modality::Text], ..settings() }, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["nothing-found", "nothing-found", "nothing-found", "extracted"]));
    assert_eq!(column(&out, "text_reason"), texts(&["bad-transcript", "bad-transcript", "bad-transcript", ""]));
    for detail in &column(&out, "text_detail")[..3] {
        assert!(detail.as_deref().unwrap().contains("the limit `transcript-text` allows, 2097152"), "{detail:?}");
    }
    assert_eq!(column(&out, "words")[3].as_deref(), Some("1"));
}

#[test]
fn two_extractions_do_not_share_a_folder() {
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    fs::create_dir_all(out.join(".parts")).unwrap();
    let other = fs::File::create(out.join(".parts/lock")).unwrap();
    other.lock().unwrap();
    let error = run(&corpus.manifest(), &settings(), &out).unwrap_err().to_string();
    assert!(error.contains("is being written by another extraction; wait for it, or name another folder"), "{error}");
    drop(other);
    run(&corpus.manifest(), &settings(), &out).unwrap();
    bytes(&out);
}

#[test]
fn an_end_that_was_cut_off_is_completed() {
    let corpus = Corpus::of(2);
    let (old, new) = (corpus.path("old"), corpus.path("new"));
    let settings = settings();
    run(&corpus.manifest(), &settings, &old).unwrap();
    let other = Settings { side: 8, ..settings.clone() };
    run(&corpus.manifest(), &other, &new).unwrap();
    let (before, after) = (bytes(&old), bytes(&new));
    // Killed before the first file is in its place, after the old table is gone, and after each of the files.
    for killed in 0..5 {
        let out = corpus.path(&format!("killed{killed}"));
        let parts = out.join(".parts");
        fs::create_dir_all(&parts).unwrap();
        fs::write(parts.join("commit"), b"").unwrap();
        for (place, name) in [TENSORS, SETTINGS, CANDIDATES].into_iter().enumerate() {
            fs::write(out.join(name), &before[name]).unwrap();
            if killed >= place + 2 {
                fs::write(out.join(name), &after[name]).unwrap();
            } else {
                fs::write(parts.join(format!("new-{name}")), &after[name]).unwrap();
            }
        }
        if (1..4).contains(&killed) {
            fs::remove_file(out.join(CANDIDATES)).unwrap();
        }
        let made = Made { folder: &out, made: AtomicUsize::new(0) };
        let summary = run_with(&corpus.manifest(), &other, &out, 1, &made, &AtomicBool::new(false)).unwrap();
        assert_eq!((summary.found, made.made.into_inner()), (2, 0), "{killed}");
        assert!(bytes(&out) == after, "{killed}");
    }
    // Without the marker the files may be half-written: the old ones stay.
    let parts = old.join(".parts");
    fs::create_dir(&parts).unwrap();
    fs::write(parts.join(format!("new-{TENSORS}")), b"half").unwrap();
    assert_eq!(run(&corpus.manifest(), &settings, &old).unwrap().found, 2);
    assert!(bytes(&old) == before);
}

/// Takes a program away after the first candidate.
#[cfg(unix)]
struct Removes(PathBuf);

#[cfg(unix)]
impl Observer for Removes {
    fn candidate_finished(&self, _: &str, _: &str, _: bool) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn what_the_machine_is_to_blame_for_ends_the_run_and_is_not_kept() {
    let mut corpus = Corpus::of(0);
    corpus.lines[0] = "id,file".to_owned();
    for number in 0..3 {
        fs::write(corpus.path(&format!("{number}.mp4")), format!("recording {number}")).unwrap();
        corpus.lines.push(format!("c{number},{number}.mp4"));
    }
    let out = corpus.path("out");
    let text = "echo 'Invalid data found when processing input' >&2; exit 1";
    let program = |name: &str| crate::sandbox::impostor(corpus.folder.path(), name, text);
    let mut settings = settings();
    settings.programs.ffmpeg = Some(program("ffmpeg"));
    settings.programs.ffprobe = Some(program("ffprobe"));
    let removes = Removes(corpus.path("ffprobe"));
    let error = run_with(&corpus.manifest(), &settings, &out, 1, &removes, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("ffprobe` could not be started") && error.contains("1 of 3 candidates are finished and kept"), "{error}");
    assert_eq!(parts(&out).len(), 1);
    program("ffprobe");
    assert_eq!(run(&corpus.manifest(), &settings, &out).unwrap().found, 1);
    assert_eq!(column(&out, "status"), texts(&["not-a-recording"; 3]));

    let corpus = {
        let mut corpus = Corpus::of(3);
        corpus.lines.iter_mut().for_each(|line| *line = line.replace(WORDS, ""));
        corpus.lines.iter_mut().skip(1).enumerate().for_each(|(number, line)| *line = line.replace(&format!(", {number},"), ",,"));
        corpus
    };
    let (out, program) = (corpus.path("out"), corpus.path("recogniser"));
    let write = || {
        fs::write(&program, "#!/bin/sh\necho one two three\n").unwrap();
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    write();
    let mut settings = self::settings();
    settings.transcript.recogniser = Some(format!("{} {{wav}}", program.display()));
    let removes = Removes(program.clone());
    let error = run_with(&corpus.manifest(), &settings, &out, 1, &removes, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(error.contains("recogniser` could not be started") && error.contains("1 of 3 candidates"), "{error}");
    write();
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "recognised"), texts(&["one two three"; 3]));
}

#[cfg(unix)]
#[test]
fn a_recogniser_is_written_down_by_its_files() {
    let mut corpus = Corpus::of(1);
    corpus.lines[1] = corpus.lines[1].replace(&format!("{WORDS} 0"), "");
    let (out, model) = (corpus.path("out"), corpus.path("model.bin"));
    fs::write(&model, "spring").unwrap();
    let mut settings = settings();
    settings.transcript.recogniser = Some(format!("sh -c 'cat \"$1\"' name {} {{wav}}", model.display()));
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "recognised"), texts(&["spring"]));
    let text = fs::read_to_string(out.join(SETTINGS)).unwrap();
    assert!(!text.contains(&*corpus.folder.path().to_string_lossy()), "{text}");
    let about: serde_json::Value = serde_json::from_str(&text).unwrap();
    let file = &about["models"]["recogniser"]["files"][0];
    let hash = evenhand_data::digest::of_bytes(b"spring");
    assert_eq!((file["name"].as_str(), file["sha256"].as_str()), (Some("model.bin"), Some(hash.as_str())));
    // Another model under the same name hears something else.
    fs::write(&model, "autumn").unwrap();
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "recognised"), texts(&["autumn"]));
}

/// The shade of the crop of each frame kept.
fn shades(out: &Path, number: usize) -> Vec<u8> {
    record(out, number).video.unwrap().0.chunks_exact(6 * 6 * 3).map(|crop| crop[0]).collect()
}

#[test]
fn spare_frames_help_where_the_drawn_one_has_no_face() {
    let corpus = Corpus::of(1);
    // Eight frames in four segments of two; only every second frame has a face.
    let rows: Vec<(&str, f64)> = (0..4).map(|frame| ("c0", f64::from(frame) / 2.0)).collect();
    let mut settings = with_boxes(&corpus, &rows, Settings { draw: Draw::Random, seed: 3, ..settings() });
    let (without, with) = (corpus.path("without"), corpus.path("with"));
    settings.face.spare_frames = Some(0);
    run(&corpus.manifest(), &settings, &without).unwrap();
    settings.face.spare_frames = None;
    assert_eq!(settings.spare_frames(), 2, "unless something else is said");
    run(&corpus.manifest(), &settings, &with).unwrap();
    let drawn = shades(&without, 0);
    let odd = drawn.iter().filter(|&&shade| shade / 10 % 2 == 1).count();
    assert!((1..4).contains(&odd), "some of the drawn frames have a face, some have none: {drawn:?}");
    assert_eq!(column(&without, "faces_found"), texts(&[&(4 - odd).to_string()]));
    assert_eq!(column(&with, "faces_found"), texts(&["4"]));
    // The frames that are wanted are the same; where they have no face, the other frame of the segment is shown.
    let expected: Vec<u8> = drawn.iter().map(|&shade| if shade / 10 % 2 == 1 { shade - 10 } else { shade }).collect();
    assert_eq!(shades(&with, 0), expected);
    assert_eq!(Settings { draw: Draw::Centre, ..settings.clone() }.spare_frames(), 0);
    settings.face.detector = extract::settings::Detector::Centre;
    assert_eq!(settings.spare_frames(), 0, "every frame has its centre");
}

#[test]
fn several_frames_of_a_segment_are_kept_in_their_order() {
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    for draw in [Draw::Random, Draw::Centre] {
        let settings = Settings { draw, frames_per_segment: 2, ..settings() };
        run(&corpus.manifest(), &settings, &out).unwrap();
        assert_eq!(shades(&out, 0), [0, 10, 20, 30, 40, 50, 60, 70], "{draw:?}");
        assert_eq!(column(&out, "faces_found"), texts(&["8"]));
    }
}

#[cfg(unix)]
#[test]
fn what_failed_is_tried_again_where_that_is_asked_for() {
    let mut corpus = Corpus::of(2);
    corpus.lines[1] = corpus.lines[1].replace(&format!("{WORDS} 0"), "");
    let (out, flag) = (corpus.path("out"), corpus.path("ready"));
    let mut settings = settings();
    settings.transcript.recogniser = Some(format!("sh -c 'test -e {} && echo ready now' {{wav}}", flag.display()));
    let run = |retry_failed: bool| {
        let options =
            Options { jobs: 1, interrupted: &AtomicBool::new(false), observer: &Silent, retry_failed, replace: true, drop_away: false };
        extract::extract(&corpus.manifest(), &settings, &out, options).unwrap().found
    };
    assert_eq!(run(false), 0);
    assert_eq!(column(&out, "speech_reason"), texts(&["recogniser-failed", ""]));
    fs::write(&flag, "").unwrap();
    assert_eq!(run(false), 2, "a failure is a fact");
    assert_eq!(run(true), 1);
    assert_eq!(column(&out, "recognised"), texts(&["ready now", ""]));
}

#[test]
fn boxes_of_pictures_need_to_know_how_fast_these_follow_each_other() {
    let mut corpus = Corpus::of(1);
    corpus.lines.push(format!("mute,frames0,,{WORDS},,,"));
    fs::write(corpus.path("bad.wav"), b"no sound").unwrap();
    corpus.lines.push(format!("broken,frames0,bad.wav,{WORDS},,,"));
    let out = corpus.path("out");
    // The eighth picture, at four a second.
    let rows = [("c0", 1.75), ("mute", 1.75), ("broken", 1.75)];
    let mut settings = with_boxes(&corpus, &rows, settings());
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "video_reason"), texts(&["", "no-times", "no-times"]));
    assert!(column(&out, "video_detail")[2].as_deref().unwrap().contains("The sound file cannot be read"));
    settings.frames_per_second = Some(4.0);
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "faces_found"), texts(&["1", "1", "1"]));
    assert_eq!(column(&out, "video_reason"), texts(&["", "", ""]));
}

#[test]
fn boxes_of_other_candidates_are_noticed() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    let settings = with_boxes(&corpus, &[("candidate-0", 0.25), ("candidate-1", 0.25)], settings());
    let error = run(&corpus.manifest(), &settings, &out).unwrap_err().to_string();
    assert!(error.contains("it holds boxes of `candidate-0`, for example") && error.contains("such as `c0`"), "{error}");
    assert!(!out.exists());
    let settings = with_boxes(&corpus, &[("c1", 0.25), ("candidate-1", 0.25)], settings);
    run(&corpus.manifest(), &settings, &out).unwrap();
    let about: serde_json::Value = serde_json::from_slice(&fs::read(out.join(SETTINGS)).unwrap()).unwrap();
    let notes = about["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("none of 1 candidates that have pictures")), "{notes:?}");
}

#[test]
fn several_faces_are_counted() {
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    let times: Vec<(&str, f64)> = [0.25, 0.75, 1.25, 1.75, 0.75, 1.75].map(|seconds| ("c0", seconds)).into();
    run(&corpus.manifest(), &with_boxes(&corpus, &times, settings()), &out).unwrap();
    assert_eq!((column(&out, "faces_found"), column(&out, "several_faces")), (texts(&["4"]), texts(&["2"])));
}

/// One recording of the shared clips, drawn at random.
fn one_clip(path: &Path) -> (tempfile::TempDir, Manifest, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.csv");
    fs::write(&manifest, format!("id,file\nc0,{}\n", path.display())).unwrap();
    let mut settings = Settings { draw: Draw::Random, modalities: vec![extract::Modality::Video], ..settings() };
    settings.programs.ffmpeg = std::env::var_os("EVENHAND_FFMPEG").map(PathBuf::from);
    settings.programs.ffprobe = std::env::var_os("EVENHAND_FFPROBE").map(PathBuf::from);
    (folder, Manifest::read(&manifest).unwrap(), settings)
}

#[test]
fn a_frame_that_did_not_decode_is_no_face_found() {
    let Some(clips) = clips() else { return };
    // The middle of the stream is overwritten: what is coded there cannot be decoded.
    let Some(path) = clips.make("keyed.mp4", &["-i", "plain.mp4", "-an", "-c:v", "libx264", "-crf", "18", "-g", "1"]) else { return };
    let mut stream = fs::read(&path).unwrap();
    let (from, to) = (stream.len() * 4 / 10, stream.len() * 6 / 10);
    stream[from..to].fill(0xA5);
    let damaged = clips.path("damaged.mp4");
    fs::write(&damaged, stream).unwrap();
    let (folder, manifest, mut settings) = one_clip(&damaged);
    settings.segments = 60;
    let out = folder.path().join("out");
    run(&manifest, &settings, &out).unwrap();
    let count = |name: &str| -> usize { column(&out, name)[0].as_deref().unwrap().parse().unwrap() };
    assert!(count("frames_filled") > 0, "the damage was met");
    assert_eq!(count("faces_found"), 60 - count("frames_filled"));
}

#[test]
fn case_19_no_face() {
    let (Some(clips), Some(weights)) = (clips(), std::env::var_os("EVENHAND_MTCNN").map(PathBuf::from).filter(|path| path.is_file()))
    else {
        eprintln!("skipped: the detector on pictures without a face (EVENHAND_MTCNN names no converted weights)");
        return;
    };
    let (folder, manifest, mut settings) = one_clip(&clips.plain);
    settings.face.detector = extract::settings::Detector::Mtcnn;
    settings.face.weights = Some(weights);
    let out = folder.path().join("out");
    run(&manifest, &settings, &out).unwrap();
    assert_eq!(column(&out, "status"), texts(&["face-floor"]));
    assert_eq!((column(&out, "faces_found"), column(&out, "video_reason")), (texts(&["0"]), texts(&["no-face"])));
}

#[test]
fn one_broken_upload_in_twenty_costs_exactly_that_candidate() {
    let Some(clips) = clips() else { return };
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(&clips.plain).unwrap();
    let mut lines = vec!["id,file,transcript".to_owned()];
    for number in 0..20 {
        let name = format!("r{number}.{}", if number % 5 == 4 { "webm" } else { "mp4" });
        let path = folder.path().join(&name);
        match number {
            11 => fs::write(&path, &whole[..whole.len() / 2]).unwrap(),
            _ if number % 5 == 4 => drop(fs::copy(&clips.webm, &path).unwrap()),
            _ => fs::write(&path, &whole).unwrap(),
        }
        lines.push(format!("r{number},{name},{WORDS}"));
    }
    let path = folder.path().join("manifest.csv");
    fs::write(&path, lines.join("\n")).unwrap();
    let manifest = Manifest::read(&path).unwrap();
    let mut settings = Settings { draw: Draw::Random, ..settings() };
    settings.programs.ffmpeg = std::env::var_os("EVENHAND_FFMPEG").map(PathBuf::from);
    settings.programs.ffprobe = std::env::var_os("EVENHAND_FFPROBE").map(PathBuf::from);
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let summary = run_with(&manifest, &settings, &two, 2, &Silent, &AtomicBool::new(false)).unwrap();
    assert_eq!(summary.failed, BTreeMap::from([("incomplete-upload".to_owned(), 1)]));
    assert_eq!((summary.extracted, summary.failed_share()), (19, 0.05));
    assert!(summary.missing.values().all(BTreeMap::is_empty));
    let status = column(&two, "status");
    assert!(status.iter().enumerate().all(|(place, status)| (status.as_deref() == Some("extracted")) == (place != 11)));
    run_with(&manifest, &settings, &one, 1, &Silent, &AtomicBool::new(false)).unwrap();
    assert!(bytes(&one) == bytes(&two), "jobs change nothing");
    // Upper left of a frame is red, upper right blue: the centre of the picture holds both.
    let (frames, found) = record(&one, 0).video.unwrap();
    assert!(found.iter().all(|&found| found));
    let (left, right) = (&frames[..3], &frames[5 * 3..6 * 3]);
    assert!(left[0] > 150 && left[2] < 100 && right[2] > 150 && right[0] < 100, "{left:?} {right:?}");
    // Two candidates with one file draw different frames.
    assert_ne!(record(&one, 0).video, record(&one, 1).video);
    assert_eq!(record(&one, 0).audio, record(&one, 1).audio);
}

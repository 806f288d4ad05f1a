//! Manifests, extraction, resuming.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use evenhand_catalog::Parameters;
use evenhand_data::loaders::interviews::{CANDIDATES, SETTINGS, TENSORS};
use evenhand_data::recordings::{RecordStore, Recording};
use evenhand_data::{LOADERS, LabelRole, LoadRequest, Schema, SensitiveRole};
use evenhand_media::MediaError;
use evenhand_media::audio::pooling::{Pooling, pooled};
use evenhand_media::audio::wav;
use evenhand_media::extract::settings::{Draw, Settings};
use evenhand_media::extract::table::Table;
use evenhand_media::extract::{self, Observer, Options, Silent, Summary};
use evenhand_media::manifest::{Manifest, Source};
use evenhand_media::text::TextEncoder;
use evenhand_media::text::hashed::HashedNgrams;

use crate::clips::clips;

const WORDS: &str = "I worked in a team of five people and we learned to plan our weeks together";

/// A grey picture of this shade.
fn write_png(path: &Path, shade: u8) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 24, 20);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[shade; 24 * 20 * 3]).unwrap();
}

/// Two seconds of a tone, 16 kHz.
fn write_tone(path: &Path, hertz: f64) {
    let form = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, form).unwrap();
    for place in 0..32_000 {
        let value = (f64::from(place) * hertz * std::f64::consts::TAU / 16_000.0).sin() * 9000.0;
        writer.write_sample(value as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// A folder with eight pictures and a tone for each of `count` candidates, and their manifest.
struct Corpus {
    folder: tempfile::TempDir,
    lines: Vec<String>,
}

impl Corpus {
    fn of(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut corpus = Corpus { folder, lines: vec!["id,frames,wav,transcript,person,interview,gender".to_owned()] };
        for number in 0..count {
            corpus.add(number);
        }
        corpus
    }

    fn add(&mut self, number: usize) {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn manifest(&self) -> Manifest {
        let path = self.path("manifest.csv");
        fs::write(&path, self.lines.join("\n")).unwrap();
        Manifest::read(&path).unwrap()
    }
}

fn settings() -> Settings {
    let mut settings = Settings { segments: 4, side: 6, draw: Draw::Centre, ..Settings::default() };
    settings.text.width = 64;
    settings
}

fn run(manifest: &Manifest, settings: &Settings, out: &Path) -> Result<Summary, MediaError> {
    run_with(manifest, settings, out, 1, &Silent, &AtomicBool::new(false))
}

fn run_with(
    manifest: &Manifest,
    settings: &Settings,
    out: &Path,
    jobs: usize,
    observer: &dyn Observer,
    interrupted: &AtomicBool,
) -> Result<Summary, MediaError> {
    extract::extract(manifest, settings, out, Options { jobs, interrupted, observer, retry_failed: false })
}

/// The bytes of the finished folder.
fn bytes(out: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    assert!(!out.join(".parts").exists());
    [TENSORS, CANDIDATES, SETTINGS].into_iter().map(|name| (name, fs::read(out.join(name)).unwrap())).collect()
}

fn record(out: &Path, record: usize) -> Recording {
    RecordStore::open(&out.join(TENSORS)).unwrap().read(record, &mut Vec::new()).unwrap().to_recording()
}

fn column(out: &Path, name: &str) -> Vec<Option<String>> {
    Table::read(&out.join(CANDIDATES)).unwrap().texts(name).unwrap()
}

fn texts(values: &[&str]) -> Vec<Option<String>> {
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
        let waveform = wav::read(&corpus.path(&format!("tone{number}.wav"))).unwrap();
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
        label: Some(LabelRole { column: "interview".to_owned(), favourable: None }),
        sensitive: vec![SensitiveRole { name: "gender".to_owned(), columns: vec!["gender".to_owned()], rule: None }],
        ..Schema::default()
    };
    let loader = (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new()).unwrap()).unwrap();
    let data = loader.load(&LoadRequest { folder: Some(&out), files: &[], schema: &schema, seed: 0 }).unwrap();
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
struct StopAfter<'a> {
    left: AtomicUsize,
    flag: &'a AtomicBool,
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
    let mut parts: Vec<PathBuf> = fs::read_dir(torn.join(".parts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    parts.sort();
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
        self.made.store(fs::read_dir(self.folder.join(".parts")).unwrap().count(), Ordering::Relaxed);
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
    assert!(message.contains("line 3") && message.contains("detecter"), "{message}");
    let mut wrong = Settings { segments: 0, ..Settings::default() };
    assert!(wrong.check().unwrap_err().to_string().contains("segments is 0"));
    wrong = Settings::default();
    wrong.face.floor = f64::NAN;
    assert!(wrong.check().is_err());
    wrong = Settings { draw: Draw::Centre, ..Settings::default() };
    wrong.face.spare_frames = 2;
    assert!(wrong.check().unwrap_err().to_string().contains("spare_frames"));
    let corpus = Corpus::of(1);
    let mut mtcnn = self::settings();
    mtcnn.face.detector = extract::settings::Detector::Mtcnn;
    assert!(run(&corpus.manifest(), &mtcnn, &corpus.path("out")).unwrap_err().to_string().contains("evenhand weights convert"));
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

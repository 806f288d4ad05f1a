//! A finished record outlives its recording.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use evenhand_data::loaders::interviews::{CANDIDATES, SETTINGS, TENSORS};
use evenhand_media::MediaError;
use evenhand_media::extract::settings::{BoxUnits, Detector, Draw, Settings};
use evenhand_media::extract::{self, Modality, Observer, Options, Silent, Summary};
use evenhand_media::manifest::Manifest;

use crate::extract::{Corpus, StopAfter, WORDS, bytes, column, parts, record, run_with, settings, texts, write_tone};

fn options(interrupted: &AtomicBool) -> Options<'_> {
    Options { jobs: 1, interrupted, observer: &Silent, retry_failed: false, replace: false, drop_away: false }
}

fn run(manifest: &Manifest, settings: &Settings, out: &Path) -> Result<Summary, MediaError> {
    extract::extract(manifest, settings, out, options(&AtomicBool::new(false)))
}

impl Corpus {
    /// Takes pictures and sound of a candidate away.
    fn hide(&self, number: usize) {
        for name in [format!("frames{number}"), format!("tone{number}.wav")] {
            fs::rename(self.path(&name), self.path(&format!("away-{name}"))).unwrap();
        }
    }

    fn bring_back(&self, number: usize) {
        for name in [format!("frames{number}"), format!("tone{number}.wav")] {
            fs::rename(self.path(&format!("away-{name}")), self.path(&name)).unwrap();
        }
    }
}

fn about(out: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(out.join(SETTINGS)).unwrap()).unwrap()
}

fn notes(out: &Path) -> String {
    about(out)["notes"].to_string()
}

/// The message of a refusal, after which not one byte of the folder differs.
fn refused(out: &Path, run: impl FnOnce() -> Result<Summary, MediaError>) -> String {
    let files = |out: &Path| -> BTreeMap<&str, Vec<u8>> {
        [TENSORS, CANDIDATES, SETTINGS].into_iter().map(|name| (name, fs::read(out.join(name)).unwrap())).collect()
    };
    let before = files(out);
    let message = run().unwrap_err().to_string();
    assert!(files(out) == before, "{message}");
    message
}

#[test]
fn records_stand_while_their_files_are_away() {
    let mut corpus = Corpus::of(3);
    fs::write(corpus.path("bad.wav"), b"no sound").unwrap();
    corpus.lines.push(format!("broken,,bad.wav,{WORDS},,,"));
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let finished = bytes(&out);

    (0..3).for_each(|number| corpus.hide(number));
    fs::remove_file(corpus.path("bad.wav")).unwrap();
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept, summary.found), (3, 4, 0));
    let kept = bytes(&out);
    assert!(kept[TENSORS] == finished[TENSORS] && kept[CANDIDATES] == finished[CANDIDATES]);
    // Why a candidate failed is known, although nobody can look again.
    assert_eq!(column(&out, "status"), texts(&["extracted", "extracted", "extracted", "bad-sound"]));
    assert_eq!(about(&out)["counts"]["kept"], 4);
    assert!(notes(&out).contains("4 of 4 candidates are kept as they were finished"), "{}", notes(&out));

    // Those who come anew are appended, what else the manifest says of the others is taken over.
    corpus.add(3);
    corpus.lines[1] = corpus.lines[1].replace("female", "unknown");
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept, summary.found), (4, 4, 0));
    assert_eq!(column(&out, "gender")[0].as_deref(), Some("unknown"));
    assert_eq!(column(&out, "record"), texts(&["0", "1", "2", "", "3"]));

    // A recording that is there is looked at, whatever was kept.
    corpus.bring_back(1);
    write_tone(&corpus.path("tone1.wav"), 777.0);
    let before = record(&out, 1);
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept, summary.found), (4, 3, 1));
    assert_ne!(record(&out, 1).audio, before.audio);
    fs::write(corpus.path("tone1.wav"), b"damaged").unwrap();
    run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!(column(&out, "audio_reason")[1].as_deref(), Some("bad-sound"));

    // Nobody is kept any more: the count is gone.
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let finished = bytes(&out);
    corpus.hide(0);
    assert_eq!(run(&corpus.manifest(), &settings(), &out).unwrap().kept, 1);
    corpus.bring_back(0);
    assert_eq!(run(&corpus.manifest(), &settings(), &out).unwrap().found, 1);
    assert!(bytes(&out) == finished);
}

#[test]
fn who_gives_up_what_is_away_says_so() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    corpus.hide(0);
    let gives_up = |settings: &Settings| {
        extract::extract(&corpus.manifest(), settings, &out, Options { drop_away: true, ..options(&AtomicBool::new(false)) })
    };
    let other = Settings { side: 8, ..settings() };
    let message = refused(&out, || run(&corpus.manifest(), &other, &out));
    assert!(message.contains("holds 1 finished candidates whose recordings or transcripts are away (the first is `c0`)"), "{message}");
    assert!(message.contains("`side` was 6 and is 8 now") && message.contains("(`drop_away`)"), "{message}");
    let summary = gives_up(&other).unwrap();
    assert_eq!((summary.extracted, summary.kept), (1, 0));
    assert_eq!(column(&out, "status"), texts(&["no-such-file", "extracted"]));
}

#[test]
fn only_what_the_record_depends_on_counts_as_another_setting() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let tensors = bytes(&out)[TENSORS].clone();
    corpus.hide(0);
    corpus.hide(1);
    let mut free = Settings { seed: 99, ..settings() };
    free.limits.wall_seconds = 300;
    free.face.floor = 0.5;
    free.transcript.recogniser = Some("sh -c 'echo heard' {wav}".to_owned());
    assert_eq!(run(&corpus.manifest(), &free, &out).unwrap().kept, 2, "the draw is `centre`, nobody was heard, the floor is met");
    assert!(bytes(&out)[TENSORS] == tensors);
    let mut words = settings();
    words.transcript.highest_words_per_minute = 600.0;
    let mut width = settings();
    width.text.width = 32;
    let modalities = Settings { modalities: vec![Modality::Audio], ..settings() };
    let drawn = Settings { draw: Draw::Random, ..settings() };
    for (other, told) in [
        (words, "highest_words_per_minute"),
        (width, "text.width"),
        (modalities, "modalities"),
        (drawn, "`draw` was centre and is random now"),
    ] {
        let message = refused(&out, || run(&corpus.manifest(), &other, &out));
        assert!(message.contains(told), "{message}");
    }
}

#[test]
fn a_floor_that_would_cost_a_kept_record_is_refused() {
    let corpus = Corpus::of(2);
    let (out, boxes) = (corpus.path("out"), corpus.path("boxes.csv"));
    // Two faces in four frames of the first, four of the second.
    let rows = |ids: &[&str]| {
        let mut lines = vec!["candidate,seconds,left,top,right,bottom".to_owned()];
        for id in ids {
            let frames = if *id == "c0" { 4 } else { 8 };
            lines.extend((0..frames).map(|frame| format!("{id},{},4,4,14,14", f64::from(frame) / 4.0)));
        }
        fs::write(&boxes, lines.join("\n")).unwrap();
    };
    rows(&["c0", "c1"]);
    let mut settings = settings();
    settings.face.detector = Detector::Boxes;
    settings.face.boxes = Some(boxes.clone());
    settings.face.units = BoxUnits::Pixels;
    settings.face.tolerance = 0.1;
    settings.face.floor = 0.4;
    run(&corpus.manifest(), &settings, &out).unwrap();
    assert_eq!(column(&out, "faces_found"), texts(&["2", "4"]));
    let tensors = bytes(&out)[TENSORS].clone();
    corpus.hide(0);
    corpus.hide(1);
    let floor = |floor: f64| {
        let mut settings = settings.clone();
        settings.face.floor = floor;
        settings
    };
    assert_eq!(run(&corpus.manifest(), &floor(0.1), &out).unwrap().kept, 2);
    let message = refused(&out, || run(&corpus.manifest(), &floor(0.75), &out));
    assert!(message.contains("holds 1 finished") && message.contains("`face.floor` was 0.1 and is 0.75 now"), "{message}");
    // New recordings bring boxes of their own.
    let mut corpus = corpus;
    corpus.add(2);
    rows(&["c1", "c2"]);
    let summary = run(&corpus.manifest(), &floor(0.1), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept), (3, 2));
    assert!(bytes(&out)[TENSORS].len() > tensors.len());
    assert_eq!(column(&out, "faces_found"), texts(&["2", "4", "4"]));

    // Who was refused has no record; a lower floor brings none back, and takes no reason away.
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    rows(&["c0"]);
    run(&corpus.manifest(), &floor(0.75), &out).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(column(&out, "status"), texts(&["face-floor"]));
    corpus.hide(0);
    assert_eq!(run(&corpus.manifest(), &floor(0.1), &out).unwrap().kept, 1);
    assert_eq!(column(&out, "status"), texts(&["face-floor"]));
}

#[test]
fn another_recording_under_the_same_id_is_no_kept_one() {
    let mut corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    corpus.hide(0);
    corpus.lines[1] = corpus.lines[1].replace("frames0", "april0");
    let message = refused(&out, || run(&corpus.manifest(), &settings(), &out));
    assert!(message.contains("names other files for them") && message.contains("(`replace`)"), "{message}");
    // A batch that replaces another has other people under the same ids.
    let summary = run_with(&corpus.manifest(), &settings(), &out, 1, &Silent, &AtomicBool::new(false)).unwrap();
    assert_eq!((summary.extracted, summary.kept), (1, 0));
    assert_eq!(column(&out, "status"), texts(&["no-such-file", "extracted"]));
}

#[test]
fn a_part_of_the_files_that_is_away_is_enough() {
    let mut corpus = Corpus::of(0);
    corpus.lines[0] = "id,frames,wav,transcript_file,person,interview,gender".to_owned();
    corpus.add(0);
    corpus.lines[1] = corpus.lines[1].replace(&format!("{WORDS} 0"), "words.txt");
    fs::write(corpus.path("words.txt"), format!("{WORDS} 0")).unwrap();
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let finished = bytes(&out);
    let kept = |corpus: &Corpus, settings: &Settings| {
        let kept = run(&corpus.manifest(), settings, &out).unwrap().kept;
        assert!(bytes(&out)[TENSORS] == finished[TENSORS] && bytes(&out)[CANDIDATES] == finished[CANDIDATES]);
        kept
    };
    let hidden = |name: &str| (corpus.path(name), corpus.path(&format!("away-{name}")));
    for name in ["words.txt", "tone0.wav", "frames0"] {
        let (path, away) = hidden(name);
        fs::rename(&path, &away).unwrap();
        assert_eq!(kept(&corpus, &settings()), 1, "{name}");
        fs::rename(&away, &path).unwrap();
        assert_eq!(kept(&corpus, &settings()), 0, "{name}");
    }
    // Pictures that were deleted one by one leave their folder.
    let (path, away) = hidden("frames0");
    fs::rename(&path, &away).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(kept(&corpus, &settings()), 1);
    fs::remove_dir(&path).unwrap();
    fs::rename(&away, &path).unwrap();
    // A link that leads nowhere is a recording that is away.
    #[cfg(unix)]
    {
        let (path, away) = hidden("tone0.wav");
        fs::rename(&path, &away).unwrap();
        std::os::unix::fs::symlink("/nowhere/tone0.wav", &path).unwrap();
        assert_eq!(kept(&corpus, &settings()), 1);
    }
}

#[test]
fn words_that_were_changed_are_told() {
    let mut corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    corpus.hide(0);
    corpus.hide(1);
    run(&corpus.manifest(), &settings(), &out).unwrap();
    assert!(!notes(&out).contains("other words"));
    corpus.lines[1] = corpus.lines[1].replace("team", "group");
    // A second time, too.
    for _ in 0..2 {
        assert_eq!(run(&corpus.manifest(), &settings(), &out).unwrap().kept, 2);
        assert!(notes(&out).contains("Of 1 of them the manifest holds other words"), "{}", notes(&out));
    }
}

#[test]
fn what_was_done_before_an_interrupt_outlives_its_recording_too() {
    let corpus = Corpus::of(4);
    let (out, whole) = (corpus.path("out"), corpus.path("whole"));
    run(&corpus.manifest(), &settings(), &whole).unwrap();
    let flag = AtomicBool::new(false);
    let error = run_with(&corpus.manifest(), &settings(), &out, 1, &StopAfter { left: 3.into(), flag: &flag }, &flag).unwrap_err();
    assert!(matches!(error, MediaError::Interrupted { finished: 3, .. }), "{error}");
    (0..4).for_each(|number| corpus.hide(number));
    let message = run(&corpus.manifest(), &Settings { side: 8, ..settings() }, &out).unwrap_err().to_string();
    assert!(message.contains("holds 3 finished candidates") && message.contains("`side` was 6 and is 8 now"), "{message}");
    // Results of a step that are damaged are no record.
    let damaged = parts(&out)[0].clone();
    let kept = fs::read(&damaged).unwrap();
    fs::write(&damaged, &kept[..kept.len() - 1]).unwrap();
    corpus.bring_back(3);
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept), (3, 2));
    let status = column(&out, "status");
    for (number, status) in status.iter().enumerate().filter(|(_, status)| status.as_deref() == Some("extracted")) {
        let place = column(&out, "record")[number].as_deref().unwrap().parse().unwrap();
        assert!(record(&out, place) == record(&whole, number), "{number}: {status:?}");
    }

    // In a finished folder: the new ones were done, the run was cut off, and everything is away.
    let mut corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    corpus.add(2);
    corpus.add(3);
    write_tone(&corpus.path("tone0.wav"), 555.0);
    let flag = AtomicBool::new(false);
    run_with(&corpus.manifest(), &settings(), &out, 1, &StopAfter { left: 3.into(), flag: &flag }, &flag).unwrap_err();
    let first = record(&out, 0);
    (0..4).for_each(|number| corpus.hide(number));
    let summary = run(&corpus.manifest(), &settings(), &out).unwrap();
    assert_eq!((summary.extracted, summary.kept), (3, 3));
    assert_eq!(column(&out, "status")[3].as_deref(), Some("no-such-file"));
    // Of two results for one candidate the newer counts.
    assert_ne!(record(&out, 0).audio, first.audio);
}

/// Takes the recordings away after the first candidate.
struct Hides<'a>(&'a Corpus);

impl Observer for Hides<'_> {
    fn candidate_finished(&self, id: &str, _: &str, _: bool) {
        if id == "c0" {
            self.0.hide(1);
        }
    }
}

#[test]
fn files_that_go_during_a_run_cost_no_record() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    let finished = bytes(&out);
    let summary =
        extract::extract(&corpus.manifest(), &settings(), &out, Options { observer: &Hides(&corpus), ..options(&AtomicBool::new(false)) });
    assert_eq!(summary.unwrap().kept, 1);
    assert!(bytes(&out)[TENSORS] == finished[TENSORS]);
    corpus.bring_back(1);
    let other = Settings { side: 8, ..settings() };
    let message = refused(&out, || {
        extract::extract(&corpus.manifest(), &other, &out, Options { observer: &Hides(&corpus), ..options(&AtomicBool::new(false)) })
    });
    assert!(message.contains("(the first is `c1`)"), "{message}");
}

#[test]
fn a_folder_that_cannot_be_read_is_not_overwritten_while_files_are_away() {
    let corpus = Corpus::of(2);
    let out = corpus.path("out");
    run(&corpus.manifest(), &settings(), &out).unwrap();
    corpus.hide(0);
    let tensors = fs::read(out.join(TENSORS)).unwrap();
    fs::write(out.join(TENSORS), &tensors[..tensors.len() - 1]).unwrap();
    let message = refused(&out, || run(&corpus.manifest(), &settings(), &out));
    assert!(message.contains("cannot be read") && message.contains("files of 1 candidates are away"), "{message}");
    fs::write(out.join(TENSORS), &tensors).unwrap();
    // Without its settings nobody knows what the tensors mean.
    fs::write(out.join(SETTINGS), "{").unwrap();
    let message = refused(&out, || run(&corpus.manifest(), &settings(), &out));
    assert!(message.contains("`edition` was not known"), "{message}");
    corpus.bring_back(0);
    assert_eq!(run(&corpus.manifest(), &settings(), &out).unwrap().found, 2, "with its recordings it is made again");
}

#[cfg(unix)]
#[test]
fn what_people_said_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let corpus = Corpus::of(1);
    let out = corpus.path("out");
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let flag = AtomicBool::new(false);
    run_with(&corpus.manifest(), &settings(), &out, 1, &StopAfter { left: 1.into(), flag: &flag }, &flag).unwrap();
    for name in [TENSORS, CANDIDATES, SETTINGS] {
        assert_eq!(mode(out.join(name)), 0o600, "{name}");
    }
}

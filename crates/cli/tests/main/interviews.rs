//! Recordings to scores, without ffmpeg: folders of pictures, sounds and words.

use std::fmt::Write as _;

use crate::command::{Place, stderr, stdout};

const RECIPE: &str = r#"
name = "small interviews"
seeds = [0]
[data]
loader = "interviews"
folder = "extracted"
label = { column = "interview" }
targets = ["openness"]
sensitive = [{ column = "gender" }, { name = "old", column = "age", rule = "> 40" }]
missing = ["n/a"]
[split]
kind = "hold-out"
shares = [0.5, 0.2, 0.3]
[model.interview]
channels = [8]
video_width = 8
audio_inner = 8
audio_width = 8
layers = 1
text_width = 8
head = [8]
[training]
loss = "mse"
epochs = 2
batch_size = 16
[intervals]
replicates = 20
[[method]]
objective = "vanilla"
[[method]]
objective = "wasserstein-adversary"
"#;

/// A picture of one colour.
fn picture(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 24, 24);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..24 * 24).flat_map(|pixel| [shade, (pixel % 251) as u8, 90]).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// One second of a square wave, 16 bits, mono, 16 kHz.
fn sound(period: usize) -> Vec<u8> {
    let samples: Vec<u8> =
        (0..16_000_usize).flat_map(|n| (if (n / period).is_multiple_of(2) { 4000_i16 } else { -4000 }).to_le_bytes()).collect();
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}

/// `count` candidates; the fourth has no sound, and the recording of the last does not exist.
fn candidates(place: &Place, manifest: &str, count: usize) {
    let mut rows = "id,frames,wav,transcript,person,gender,age,interview,openness\n".to_owned();
    for number in 0..count {
        let folder = place.path().join(format!("recordings/{number}"));
        if number + 1 < count {
            std::fs::create_dir_all(&folder).unwrap();
            for frame in 0..4 {
                std::fs::write(folder.join(format!("{frame}.png")), picture((number * 5 + frame) as u8)).unwrap();
            }
        }
        let wav = if number == 3 { String::new() } else { format!("recordings/{number}.wav") };
        if number != 3 && number + 1 < count {
            std::fs::write(place.path().join(&wav), sound(20 + number % 7)).unwrap();
        }
        let gender = ["f", "m"][number % 2];
        let age = if number == 5 { "n/a".to_owned() } else { (25 + number % 30).to_string() };
        let score = (number * 7 % 40) as f64 / 40.0;
        let words = "I have built and mended the machines of a workshop ".repeat(1 + number % 3);
        let _ = writeln!(rows, "c{number},recordings/{number},{wav},{words},p{number},{gender},{age},{score},{score}");
    }
    std::fs::write(place.path().join(manifest), rows).unwrap();
}

fn table(place: &Place, file: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(place.path().join(file)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn fine(place: &Place, words: &str) -> String {
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
    stdout(&output) + &stderr(&output)
}

fn refused(place: &Place, words: &str) -> String {
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(2), "{words}: {}", stdout(&output));
    stderr(&output)
}

#[test]
fn recordings_become_scores() {
    let place = Place::new(&[("small.toml", RECIPE.as_bytes())]);
    candidates(&place, "manifest.csv", 41);
    let settings = "--segments 3 --side 16 --sensitive gender";
    let told = fine(&place, &format!("extract manifest.csv --out extracted {settings}"));
    assert!(told.contains("40 of 41 candidates extracted"), "{told}");
    let told = fine(&place, &format!("extract manifest.csv --out extracted {settings}"));
    assert!(told.contains("of 41 candidates were found finished"), "{told}");

    fine(&place, "compare small.toml --out compared");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("compared/report.json")).unwrap()).unwrap();
    // The column's groups are those of the recipe: its name, its cut, and what it calls unknown.
    let attributes = report["extraction"]["attributes"].as_array().unwrap();
    assert_eq!(attributes.len(), 2);
    assert_eq!(attributes[1]["unknown"], 1, "{attributes:?}");
    let run = &report["methods"][0]["runs"][0];
    let modalities: Vec<&str> = run["modalities"].as_array().unwrap().iter().map(|one| one["modality"].as_str().unwrap()).collect();
    assert_eq!(modalities, ["video", "audio", "text"]);
    assert_eq!(run["targets"][0]["target"], "openness");
    let page = std::fs::read_to_string(place.path().join("compared/report.html")).unwrap();
    for heading in ["Extraction", "Picture, voice and words"] {
        assert!(page.contains(&format!(">{heading}<")), "no section {heading}");
    }

    fine(&place, "run small.toml --out ran");
    let models: Vec<String> = place.files().into_iter().filter(|file| file.ends_with("scorer.json")).collect();
    let model = models.first().unwrap().strip_suffix("/scorer.json").unwrap().to_owned();
    fine(&place, &format!("score {model} extracted --out known.csv"));
    let known = table(&place, "known.csv");
    assert_eq!(known.len(), 41);
    let without_sound = known.iter().find(|row| row["id"] == "c3").unwrap();
    assert_eq!((without_sound["video"].as_str(), without_sound["audio"].as_str()), ("true", "false"));
    assert_eq!(without_sound["missing"], "audio: no-audio");
    let lost = known.iter().find(|row| row["id"] == "c40").unwrap();
    // What the manifest knows of a person stays, so that gaps in who can be scored at all can be measured.
    assert_eq!((lost["score"].as_str(), lost["openness"].as_str(), lost["gender"].as_str()), ("", "", "f"));
    assert_ne!(lost["status"], "extracted");
    for row in known.iter().filter(|row| row["id"] != "c40") {
        for column in ["score", "openness"] {
            assert!((0.0..=1.0).contains(&row[column].parse::<f64>().unwrap()), "{row:?}");
        }
    }

    // Whoever could not be scored is counted by group, not passed over.
    let told = refused(&place, "audit known.csv --score score --group gender");
    assert!(told.contains("--skip-unscored"), "{told}");
    let told = fine(&place, "audit known.csv --score score --group gender --skip-unscored --out audited");
    assert!(told.contains("1 of 41 rows have no score and are left out (gender: f 1 of 21, m 0 of 20)"), "{told}");

    // A manifest is extracted with the model's settings, whatever the defaults are, and the scores are the same.
    let told = fine(&place, "score ran manifest.csv --out again.csv");
    assert!(told.contains("40 rows scored") && told.contains("1 of 40 are scored without audio"), "{told}");
    assert_eq!(table(&place, "again.csv"), known);
    assert!(place.path().join("again.extracted/tensors.evenhand").is_file());

    // The same sizes with another meaning.
    fine(&place, &format!("extract manifest.csv --out pooled --audio-pooling pool30 {settings}"));
    let told = refused(&place, &format!("score {model} pooled --out wrong.csv"));
    assert!(told.contains("`audio.pooling` is pool30 here and window30"), "{told}");
    assert!(!place.path().join("wrong.csv").exists());
    let told = refused(&place, &format!("score {model} nowhere --out wrong.csv"));
    assert!(told.contains("does not exist"), "{told}");
    let told = refused(&place, &format!("score {model} {model} extracted --out wrong.csv"));
    assert!(told.contains("two models"), "{told}");

    // A batch in which no recording can be used still is a list of candidates.
    std::fs::write(place.path().join("lost.csv"), "id,frames,wav,transcript,gender\nz,no,no.wav,,f\n").unwrap();
    let told = fine(&place, &format!("score {model} lost.csv --out lost-scores.csv"));
    assert!(told.contains("1 of 1 have no score"), "{told}");
    let lost = table(&place, "lost-scores.csv");
    assert_eq!((lost[0]["id"].as_str(), lost[0]["score"].as_str(), lost[0]["gender"].as_str()), ("z", "", "f"));
    // The next batch may go to the same file.
    std::fs::write(place.path().join("next.csv"), "id,frames,wav,transcript,gender\ny,no,no.wav,,m\n").unwrap();
    fine(&place, &format!("score {model} next.csv --out lost-scores.csv"));
    assert_eq!(table(&place, "lost-scores.csv")[0]["id"], "y");
}

#[test]
fn a_slip_does_not_turn_interviews_into_words_or_drop_others() {
    let place = Place::new(&[("slip.csv", b"id,files,transcript\na,a.mp4,I have built and mended machines\n")]);
    let told = refused(&place, "extract slip.csv --out out");
    assert!(told.contains("is `files` meant to be `file`?") && told.contains("--modalities text"), "{told}");
    assert!(fine(&place, "extract slip.csv --out out --modalities text").contains("1 of 1 candidates extracted"));

    std::fs::write(place.path().join("other.csv"), "id,transcript\nb,I have built and mended machines\n").unwrap();
    let told = refused(&place, "extract other.csv --out out --modalities text");
    assert!(told.contains("the first is `a`") && told.contains("--replace"), "{told}");
    fine(&place, "extract other.csv --out out --modalities text --replace");

    std::fs::write(place.path().join("lost.csv"), "id,file\nc,nowhere.mp4\n").unwrap();
    let output = place.run("extract lost.csv --out lost");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no record: c: no-such-file"), "{}", stderr(&output));
}

#[test]
fn deleted_recordings_leave_their_records() {
    let place = Place::new(&[("small.toml", RECIPE.as_bytes())]);
    candidates(&place, "manifest.csv", 13);
    let settings = "--segments 3 --side 16";
    fine(&place, &format!("extract manifest.csv --out extracted {settings}"));
    fine(&place, "run small.toml --out ran");
    fine(&place, "score ran manifest.csv --out scores.csv");
    let read = |file: &str| std::fs::read(place.path().join(file)).unwrap();
    let (tensors, candidates) = (read("extracted/tensors.evenhand"), read("extracted/candidates.parquet"));
    let scores = read("scores.csv");
    std::fs::rename(place.path().join("recordings"), place.path().join("archive")).unwrap();

    let output = place.run(&format!("extract manifest.csv --out extracted {settings}"));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("12 of 13 candidates extracted into extracted, 12 kept"), "{}", stderr(&output));
    assert!(read("extracted/tensors.evenhand") == tensors && read("extracted/candidates.parquet") == candidates);
    let about: serde_json::Value = serde_json::from_slice(&read("extracted/interviews.json")).unwrap();
    assert_eq!((&about["counts"]["kept"], &about["counts"]["extracted"]), (&12.into(), &12.into()));
    let told = refused(&place, "extract manifest.csv --out extracted --segments 4 --side 16");
    assert!(told.contains("`segments` was 3 and is 4 now") && told.contains("(--drop-away)"), "{told}");
    assert!(read("extracted/tensors.evenhand") == tensors);

    // Scores of what was extracted before, and a word on it.
    let told = fine(&place, "score ran manifest.csv --out scores.csv");
    assert!(told.contains("12 candidates are taken as they were extracted before into scores.extracted"), "{told}");
    assert!(read("scores.csv") == scores);
    // The next batch has other people under the same ids.
    let manifest = String::from_utf8(read("manifest.csv")).unwrap().replace("recordings/", "april/");
    std::fs::write(place.path().join("april.csv"), manifest).unwrap();
    let told = fine(&place, "score ran april.csv --out scores.csv");
    assert!(told.contains("13 of 13 have no score"), "{told}");

    // Whoever gives them up loses them all.
    let told = refused(&place, &format!("extract manifest.csv --out extracted {settings} --drop-away"));
    assert!(told.contains("none of the 13 candidates could be extracted"), "{told}");
}

#[cfg(unix)]
#[test]
fn what_tells_of_persons_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&[("small.toml", RECIPE.as_bytes())]);
    candidates(&place, "manifest.csv", 13);
    fine(&place, "extract manifest.csv --out extracted --segments 3 --side 16");
    fine(&place, "run small.toml --out ran");
    fine(&place, "score ran manifest.csv --out scores.csv");
    fine(&place, "rank manifest.csv --score interview --group gender --top 4 --out list.csv");
    let mode = |file: &str| std::fs::metadata(place.path().join(file)).unwrap().permissions().mode() & 0o077;
    for folder in ["extracted", "scores.extracted"] {
        for entry in std::fs::read_dir(place.path().join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().display());
            assert_eq!(mode(&name), 0, "{name}");
        }
    }
    assert_eq!((mode("scores.csv"), mode("list.csv")), (0, 0));
    // A report is to be shown, and follows the user's own mask.
    std::fs::write(place.path().join("any"), "").unwrap();
    assert_eq!(mode("ran/report.html"), mode("any"));
}

#[test]
fn shown_settings_can_be_read_back() {
    let place = Place::new(&[]);
    let shown = fine(&place, "extract --show-settings --segments 7 --draw centre --audio-pooling pool30");
    assert!(shown.contains("segments = 7") && shown.contains("draw = \"centre\"") && shown.contains("[face]"), "{shown}");
    std::fs::write(place.path().join("settings.toml"), &shown).unwrap();
    assert_eq!(fine(&place, "extract --show-settings --settings settings.toml"), shown);
}

#[test]
fn a_damaged_folder_is_refused_before_training() {
    let place = Place::new(&[("small.toml", RECIPE.as_bytes())]);
    candidates(&place, "manifest.csv", 12);
    fine(&place, "extract manifest.csv --out extracted --segments 3 --side 16");
    std::fs::write(place.path().join("extracted/interviews.json"), "{").unwrap();
    let told = refused(&place, "compare small.toml --out compared");
    assert!(told.contains("interviews.json") && told.contains("extract again"), "{told}");
    assert!(!place.path().join("compared").exists());
}

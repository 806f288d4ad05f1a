//! The loader `first-impressions` on made-up files: every trap of the layout, and the manifest.

use evenhand_data::table::TableSettings;
use std::fs;
use std::path::Path;

use evenhand_data::loaders::first_impressions::{manifest, write_manifest};
use evenhand_data::loaders::interviews::{CANDIDATES, TENSORS};
use evenhand_data::{DataError, table};
use evenhand_rows::{Dataset, Encoder, Encoding, Part, Schema, UNKNOWN, split};
use tempfile::TempDir;

use crate::corpora::picking;
use crate::interviews::write_extracted;

const SCORES: [&str; 6] = ["extraversion", "neuroticism", "agreeableness", "conscientiousness", "interview", "openness"];

/// A text as Python 2 wrote it.
fn string(text: &str) -> Vec<u8> {
    [&[b'U', text.len() as u8], text.as_bytes()].concat()
}

fn unicode(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

fn number(value: f64) -> Vec<u8> {
    [b"G".as_slice(), &value.to_be_bytes()].concat()
}

/// What `numpy.float64(value)` pickles to under Python 2.
fn numpy_number(value: f64) -> Vec<u8> {
    let element =
        b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
    [element.as_slice(), b"U\x08", &value.to_le_bytes(), b"\x86R"].concat()
}

fn dictionary(items: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(key, value)| [key.as_slice(), value].concat()).collect();
    [b"}(".as_slice(), &items, b"u"].concat()
}

fn pickle(object: &[u8]) -> Vec<u8> {
    [b"\x80\x02".as_slice(), object, b"."].concat()
}

/// Annotations whose score is `score(clip, name)`; `interview` in numpy's form.
fn annotations(clips: &[&str], score: impl Fn(&str, &str) -> f64) -> Vec<u8> {
    let scores = SCORES.map(|name| {
        let form = if name == "interview" { numpy_number } else { number };
        let items: Vec<_> = clips.iter().map(|clip| (string(clip), form(score(clip, name)))).collect();
        (string(name), dictionary(&items))
    });
    pickle(&dictionary(&scores))
}

/// A score that tells clips and columns apart.
fn score(clip: &str, name: &str) -> f64 {
    let column = SCORES.iter().position(|known| *known == name).unwrap() as f64;
    f64::from(clip.bytes().map(u32::from).sum::<u32>() % 100) / 200.0 + column / 20.0
}

fn transcripts(texts: &[(&str, &str)]) -> Vec<u8> {
    let items: Vec<_> = texts.iter().map(|(clip, text)| (string(clip), unicode(text))).collect();
    pickle(&dictionary(&items))
}

const TRAINING: [&str; 3] = ["x.y-z_w.001.mp4", "x.y-z_w.000.mp4", "abc.000.mp4"];
const VALIDATION: [&str; 2] = ["abc.004.mp4", "new.000.mp4"];
const TEST: [&str; 1] = ["x.y-z_w.005.mp4"];
/// Names of all clips in the order of the rows.
const ROWS: [&str; 6] = ["abc.000", "x.y-z_w.000", "x.y-z_w.001", "abc.004", "new.000", "x.y-z_w.005"];

fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// The three files of annotations.
fn layout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "annotation_training.pkl", annotations(&TRAINING, score));
    write(&folder, "annotation_validation.pkl", annotations(&VALIDATION, score));
    write(&folder, "annotation_test.pkl", annotations(&TEST, score));
    folder
}

fn load(folder: &TempDir, parameters: &[(&str, &str)], schema: &Schema) -> Result<Dataset, DataError> {
    crate::corpora::load("first-impressions", folder.path(), parameters, schema)
}

fn plain(folder: &TempDir) -> Dataset {
    load(folder, &[], &Schema::default()).unwrap()
}

fn refusal(folder: &TempDir) -> String {
    load(folder, &[], &Schema::default()).unwrap_err().to_string()
}

/// A note that holds a text.
fn noted(data: &Dataset, text: &str) -> bool {
    data.provenance.notes.iter().any(|note| note.contains(text))
}

#[test]
fn label_traits_and_persons_follow_the_order_of_the_parts() {
    let targets = ["neuroticism", "openness"].map(str::to_owned).to_vec();
    let data = load(&layout(), &[], &Schema { targets, ..Schema::default() }).unwrap();
    assert_eq!((data.len(), data.rows.as_slice()), (6, [1, 2, 3, 4, 5, 6].as_slice()));
    let expected = |name: &str| ROWS.map(|clip| score(&format!("{clip}.mp4"), name));
    assert_eq!(
        (data.label().unwrap().name.as_str(), data.label().unwrap().values.as_slice()),
        ("interview", expected("interview").as_slice())
    );
    assert_eq!(data.targets.len(), 2);
    assert_eq!(data.targets[0].values, expected("neuroticism"));
    assert_eq!(data.targets[1].values, expected("openness"));
    let person = data.person.as_ref().unwrap();
    assert_eq!(person.levels, ["abc", "x.y-z_w", "new"]);
    assert_eq!(person.codes, [0, 1, 1, 0, 2, 1]);
    assert!(data.features.is_empty() && data.recordings.is_none() && data.parts.is_none() && data.sensitive.is_empty());
    assert!(noted(&data, "`neuroticism` is coded as emotional stability"));
    let files: Vec<&str> = data.provenance.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(files, ["annotation_training.pkl", "annotation_validation.pkl", "annotation_test.pkl"]);
    let message = load(&layout(), &[], &Schema { targets: vec!["openess".to_owned()], ..Schema::default() }).unwrap_err().to_string();
    assert!(message.contains("did you mean `openness`?"), "{message}");
    assert!(!noted(&plain(&layout()), "stability"));
}

#[test]
fn the_official_parts_survive_selection_and_say_who_crosses() {
    let data = load(&layout(), &[("split", "official")], &Schema::default()).unwrap();
    let parts = [Part::Train, Part::Train, Part::Train, Part::Validation, Part::Validation, Part::Test];
    assert_eq!(data.parts.as_deref(), Some(parts.as_slice()));
    assert!(noted(&data, "1 of 2 of validation and 1 of 1 of test also occur in training"), "{:?}", data.provenance.notes);
    let given = split::given(&data).unwrap();
    assert_eq!((given.train, given.validation, given.test), (vec![0, 1, 2], vec![3, 4], vec![5]));
    let chosen = data.select(&[5, 0, 0, 3]);
    assert_eq!(chosen.parts, Some(vec![Part::Test, Part::Train, Part::Train, Part::Validation]));
    assert_eq!(split::given(&chosen).unwrap().train, [1, 2]);
    assert_eq!(split::crossing(&chosen, &[0, 1], &[2]), Some((2, 1)));

    let message = |data: &Dataset| split::given(data).unwrap_err().to_string();
    assert!(message(&data.select(&[0, 3])).contains("no row of `first-impressions` belongs to the test part"));
    assert!(message(&data.select(&[5])).contains("belongs to the training part"));
    assert!(message(&plain(&layout())).contains("brings no split of its own; choose the kind"));
    assert_eq!(split::given(&data.select(&[0, 5])).unwrap().validation, Vec::<usize>::new());
    assert_eq!(split::crossing(&Dataset::default(), &[], &[]), None);
}

#[test]
fn a_part_may_be_absent_and_an_empty_folder_names_the_files() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder).contains("it needs the files annotation_training.pkl, annotation_validation.pkl, annotation_test.pkl"));
    write(&folder, "chalearn_fi_v2/annotation_test.pkl", annotations(&TEST, score));
    let data = plain(&folder);
    assert_eq!(data.len(), 1);
    assert!(noted(&data, "annotation_training.pkl is absent: its clips are left out"));
}

#[test]
fn codes_become_groups_and_unknown_ones_are_counted() {
    let folder = layout();
    write(
        &folder,
        "eth_gender_annotations_dev.csv",
        "VideoName;YouTubeID;Ethnicity;Gender\nabc.000.mp4;abc;1;2\nabc.004;abc;1;2\nx.y-z_w.000.mp4;x.y-z_w;3;1\nx.y-z_w.000.mp4;x.y-z_w;3;1\n\
         new.000.mp4;new;;1\nelse.000.mp4;else;2;1\n",
    );
    let data = plain(&folder);
    let gender = data.groups("gender").unwrap();
    assert_eq!(gender.levels(), ["male", "female"]);
    assert_eq!(gender.codes(), [1, 0, UNKNOWN, 1, 0, UNKNOWN]);
    let ethnicity = data.groups("ethnicity").unwrap();
    // Nobody of these clips is Caucasian, so that group is not there.
    assert_eq!(ethnicity.levels(), ["Asian", "African-American"]);
    assert_eq!(ethnicity.codes(), [0, 1, UNKNOWN, 0, UNKNOWN, UNKNOWN]);
    assert!(noted(&data, "those of eth_gender_annotations_dev.csv alone"));
    assert!(noted(&data, "`gender`, `ethnicity`: 1 rows name clips without annotations"));
    assert!(noted(&data, "`gender`: the group of 2 rows is unknown"));
    write(&folder, "eth_gender_annotations_test.csv", "VideoName,YouTubeID,Ethnicity,Gender\nx.y-z_w.005.mp4,x.y-z_w,2,1\n");
    let data = plain(&folder);
    assert_eq!(data.groups("gender").unwrap().codes()[5], 0);
    assert_eq!(data.groups("ethnicity").unwrap().levels(), ["Asian", "Caucasian", "African-American"]);
    assert!(!noted(&data, "alone"));
    let picked = load(&folder, &[], &picking(&["ethnicity"])).unwrap();
    assert_eq!(picked.sensitive.len(), 1);
}

#[test]
fn wrong_codes_are_refused_with_their_place() {
    let folder = layout();
    let message = |rows: &str| {
        write(&folder, "eth_gender_annotations_dev.csv", format!("VideoName;YouTubeID;Ethnicity;Gender\n{rows}"));
        refusal(&folder)
    };
    let shown = message("abc.000.mp4;abc;1;2\nabc.004.mp4;abc;1;3\n");
    assert!(shown.ends_with("column `Gender`, data row 2: `3` is not allowed; the codes are 1 male, 2 female; correct the row"), "{shown}");
    let shown = message("abc.000.mp4;abc;Asian;2\n");
    assert!(shown.contains("column `Ethnicity`, data row 1: `Asian` is not allowed; the codes are 1 Asian, 2 Caucasian"), "{shown}");
    let shown = message("abc.000.mp4;abc;1;2\nabc.000.mp4;abc;1;1\n");
    assert!(shown.contains("data row 2: `1` is not allowed; an earlier row gives this clip the code 2"), "{shown}");
    assert!(message("abc;abc;1;2\n").contains("column `VideoName`, data row 1: `abc` is not allowed"));
    assert!(message(";abc;1;2\n").contains("an empty field is not allowed"));
    write(&folder, "eth_gender_annotations_dev.csv", "VideoName;Sex;Ethnicity\nabc.000.mp4;1;1\n");
    assert!(refusal(&folder).contains("has no column `Gender`"));
}

#[test]
fn of_several_annotators_of_an_age_the_middle_one_counts() {
    let folder = layout();
    write(&folder, "age_anno_1.csv", "VideoName,AgeGroup\nabc.000.mp4,4\nx.y-z_w.000.mp4,8\nnew.000.mp4,5\n");
    write(&folder, "fi_age_labels/age_anno_2.csv", "VideoName;AgeGroup\nabc.000.mp4;7\nx.y-z_w.000.mp4;6\nabc.000.mp4;5\n");
    let data = plain(&folder);
    let age = data.groups("age").unwrap();
    assert_eq!(age.levels(), ["25-32", "33-45"], "the groups that occur");
    // abc.000: 4, 5, 7; x.y-z_w.000: 6 and 8.
    assert_eq!(age.codes(), [0, 1, UNKNOWN, UNKNOWN, 0, UNKNOWN]);
    assert!(noted(&data, "`age`: the annotators differ on 2 clips; the middle group counts, of two the lower"));
    write(&folder, "age_anno_1.csv", "VideoName,AgeGroup\nabc.000.mp4,9\n");
    assert!(refusal(&folder).contains("the codes are 1 0-6, 2 7-13"));
}

#[test]
fn an_attribute_or_input_that_is_not_there_comes_with_the_way_to_get_it() {
    let folder = layout();
    assert!(noted(&plain(&folder), "gender and ethnicity are not known; put eth_gender_annotations_dev.csv and"));
    let message = |schema: &Schema| load(&folder, &[], schema).unwrap_err().to_string();
    let shown = message(&picking(&["gender"]));
    assert!(shown.starts_with("column `gender`: the folder of `first-impressions` holds no file with this attribute; put eth_"), "{shown}");
    assert!(message(&picking(&["age"])).contains("fi_age_labels.zip"));
    let mut both = picking(&["both"]);
    both.sensitive[0].columns = ["gender", "ethnicity"].map(str::to_owned).to_vec();
    assert!(message(&both).contains("eth_gender_annotations_test.csv"));
    assert!(message(&picking(&["height"])).contains("no sensitive attribute `height`"));
    let shown = message(&Schema { features: Some(vec!["words".to_owned()]), ..Schema::default() });
    assert!(
        shown.contains("`first-impressions` has no input columns; its inputs are recordings, see its parameter `extracted`"),
        "{shown}"
    );
    let shown = Encoder::fit(&plain(&folder), Encoding::default()).unwrap_err().to_string();
    assert!(shown.contains("as `extracted` of the loader `first-impressions`"), "{shown}");
}

#[test]
fn broken_annotations_are_told_with_clip_and_score() {
    let folder = layout();
    let message = |content: Vec<u8>| {
        write(&folder, "annotation_training.pkl", content);
        refusal(&folder)
    };
    let with = |bad: f64| annotations(&TRAINING, move |clip, name| if clip.starts_with("abc") && name == "openness" { bad } else { 0.5 });
    for bad in [1.5, -0.1, f64::NAN, f64::INFINITY] {
        assert!(message(with(bad)).contains("`openness` of `abc.000.mp4` is no number from 0 to 1; put the original file"));
    }
    write(&folder, "annotation_training.pkl", with(1.0));
    assert_eq!(plain(&folder).len(), 6, "the bound itself is a score");
    let five: Vec<_> = SCORES[..5].iter().map(|name| (string(name), dictionary(&[]))).collect();
    assert!(message(pickle(&dictionary(&five))).contains("it holds no scores `openness` by clip"));
    let uneven: Vec<_> = SCORES
        .iter()
        .map(|name| {
            let mut items = vec![(string("abc.000.mp4"), number(0.5))];
            if *name != "openness" {
                items.push((string("abc.001.mp4"), number(0.5)));
            }
            (string(name), dictionary(&items))
        })
        .collect();
    assert!(message(pickle(&dictionary(&uneven))).contains("the clip `abc.001.mp4` has no score `openness`"));
    assert!(message(annotations(&["abc.000.mp4", "abc.000.mp4"], score)).contains("the clip `abc.000.mp4` has two scores `interview`"));
    assert!(message(annotations(&VALIDATION, score)).contains("the clip `abc.004.mp4` also stands in annotation_training.pkl"));
    for name in ["abc.000", "abc.mp4", "abc.x00.mp4", ".000.mp4"] {
        assert!(message(annotations(&[name], score)).contains(&format!("`{name}` is no name of a clip")), "{name}");
    }
    assert!(message(annotations(&[], score)).contains("it holds no clip"));
    assert!(message(pickle(b"]")).contains("it holds no scores `interview`"));
    let shown = message(pickle(b"cposix\nsystem\nU\x04true\x85R"));
    assert!(shown.contains("its pickle asks for `posix.system`") && shown.contains("nothing was run"), "{shown}");
    assert!(message(annotations(&TRAINING, score)[..400].to_vec()).contains("the pickle is cut short"));
}

#[test]
fn recordings_are_joined_by_the_name_of_the_clip() {
    let extracted = tempfile::tempdir().unwrap();
    let given = extracted.path().to_string_lossy().into_owned();
    let folder = layout();
    let join = |candidates: &[(&str, Option<i64>)]| {
        let candidates: Vec<(&str, &str, Option<i64>)> = candidates.iter().map(|(id, record)| (*id, "", *record)).collect();
        write_extracted(extracted.path(), &candidates);
        load(&folder, &[("extracted", &given), ("split", "official")], &Schema::default())
    };
    let data =
        join(&[("x.y-z_w.005", Some(0)), ("abc.004", None), ("stranger.000", Some(1)), ("abc.000.mp4", Some(2)), ("new.000", Some(3))])
            .unwrap();
    assert_eq!(data.rows, [1, 5, 6], "numbers of the rows stay those of the annotations");
    assert_eq!(data.parts, Some(vec![Part::Train, Part::Validation, Part::Test]));
    let recordings = data.recordings.as_ref().unwrap();
    assert_eq!(recordings.records(), [2, 3, 0]);
    let audio: Vec<f32> = recordings.read(0, &mut Vec::new()).unwrap().audio().collect();
    assert_eq!(audio, [2.0]);
    assert_eq!(data.label().unwrap().values[2], score("x.y-z_w.005.mp4", "interview"));
    assert!(noted(&data, "2 clips are left out: the extracted folder does not know them"));
    assert!(noted(&data, "1 clips are left out: their extraction failed"));
    assert!(noted(&data, "1 extracted candidates are left out: they are no annotated clips"));
    // Counted on the rows that are left: the clips of those who would cross have no record.
    assert!(noted(&data, "0 of 1 of validation and 0 of 1 of test also occur in training"), "{:?}", data.provenance.notes);
    let files: Vec<&str> = data.provenance.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(files[3..], [CANDIDATES, TENSORS]);

    let shown = join(&[("stranger.000", Some(0))]).unwrap_err().to_string();
    assert!(shown.contains("none of its candidates is an annotated clip") && shown.contains("`abc.000`"), "{shown}");
    let shown = join(&[("abc.000", Some(0)), ("abc.000.mp4", Some(1))]).unwrap_err().to_string();
    assert!(shown.contains("two candidates have the id `abc.000.mp4`"), "{shown}");
    assert!(join(&[("abc.000", None)]).unwrap_err().to_string().contains("no candidate was extracted"));
    assert!(join(&[("abc.000", Some(7))]).unwrap_err().to_string().contains("row 1 names record 7, which the tensors do not hold"));
    fs::remove_file(extracted.path().join(TENSORS)).unwrap();
    let shown = load(&folder, &[("extracted", &given)], &Schema::default()).unwrap_err().to_string();
    assert!(shown.contains("lacks `tensors.evenhand`; name a folder that `evenhand extract` finished"), "{shown}");
}

#[test]
fn the_manifest_names_every_clip_whose_video_is_there() {
    let folder = layout();
    assert!(manifest(folder.path()).unwrap_err().to_string().contains("none of the 6 annotated clips lies in the folder or below it"));
    let texts = [
        ("abc.000.mp4", " Well, \"hello\".\nSecond line é "),
        ("x.y-z_w.000.mp4", "so [you heard it all? 00:00:07]"),
        ("x.y-z_w.001.mp4", ""),
    ];
    write(&folder, "transcription_training.pkl", transcripts(&texts));
    write(&folder, "eth_gender_annotations_dev.csv", "VideoName;YouTubeID;Ethnicity;Gender\nabc.000.mp4;abc;2;2\n");
    for video in [
        "train, 1/a/abc.000.mp4",
        "x.y-z_w.000.mp4",
        "train-2/x.y-z_w.001.mp4",
        "again/x.y-z_w.000.mp4",
        "val/new.000.mp4",
        "other.000.mp4",
    ] {
        write(&folder, video, "");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("other.000.mp4"), folder.path().join("abc.004.mp4")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    }
    let made = manifest(folder.path()).unwrap();
    let scores = |clip: &str| {
        ["interview", "extraversion", "agreeableness", "conscientiousness", "neuroticism", "openness"]
            .map(|name| score(&format!("{clip}.mp4"), name).to_string())
            .join(",")
    };
    let expected = format!(
        "id,file,person,interview,extraversion,agreeableness,conscientiousness,neuroticism,openness,gender,ethnicity,transcript,language\n\
         abc.000,\"train, 1/a/abc.000.mp4\",abc,{},female,Caucasian,\"Well, \"\"hello\"\".\nSecond line é\",en\n\
         x.y-z_w.000,again/x.y-z_w.000.mp4,x.y-z_w,{},,,so [you heard it all? 00:00:07],en\n\
         x.y-z_w.001,train-2/x.y-z_w.001.mp4,x.y-z_w,{},,,,en\n\
         new.000,val/new.000.mp4,new,{},,,,en\n",
        scores("abc.000"),
        scores("x.y-z_w.000"),
        scores("x.y-z_w.001"),
        scores("new.000"),
    );
    assert_eq!(made.csv, expected);
    assert_eq!((made.rows, made.missing.as_slice()), (4, ["abc.004.mp4".to_owned(), "x.y-z_w.005.mp4".to_owned()].as_slice()));
    for note in [
        "2 annotated clips have no video",
        "1 clips lie there more than once",
        "2 clips have no transcript",
        "1 transcripts hold remarks in brackets",
        "transcription_validation.pkl is absent",
        "coded as emotional stability",
    ] {
        assert!(made.notes.iter().any(|held| held.contains(note)), "{note}: {:?}", made.notes);
    }
    let bad = pickle(&dictionary(&[(string("abc.000.mp4"), number(0.5))]));
    write(&folder, "transcription_training.pkl", bad);
    assert!(manifest(folder.path()).unwrap_err().to_string().contains("what it holds of `abc.000.mp4` is no text"));
}

#[test]
fn a_written_manifest_finds_its_videos_from_where_it_lies() {
    let folder = layout();
    write(&folder, "videos/abc.000.mp4", "");
    let file = |to: &Path| {
        write_manifest(folder.path(), to).unwrap();
        let text = fs::read_to_string(to).unwrap();
        let data = table::read(
            &[to.to_string_lossy().into_owned()],
            &Schema { person: Some("file".to_owned()), ..Schema::default() },
            &TableSettings::default(),
        )
        .unwrap();
        assert_eq!(text.lines().count(), 2);
        data.person.unwrap().levels.swap_remove(0)
    };
    assert_eq!(file(&folder.path().join("manifest.csv")), "videos/abc.000.mp4");
    let above = tempfile::tempdir().unwrap();
    let elsewhere = file(&above.path().join("manifest.csv"));
    assert!(Path::new(&elsewhere).is_absolute() && Path::new(&elsewhere).is_file(), "{elsewhere}");
    let inside = above.path().join("corpus");
    fs::create_dir(&inside).unwrap();
    fs::copy(folder.path().join("annotation_test.pkl"), inside.join("annotation_test.pkl")).unwrap();
    fs::write(inside.join("x.y-z_w.005.mp4"), "").unwrap();
    write_manifest(&inside, &above.path().join("below.csv")).unwrap();
    assert!(fs::read_to_string(above.path().join("below.csv")).unwrap().contains("\nx.y-z_w.005,corpus/x.y-z_w.005.mp4,x.y-z_w,"));
    let error = write_manifest(folder.path(), &folder.path().join("no/such/folder.csv")).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}

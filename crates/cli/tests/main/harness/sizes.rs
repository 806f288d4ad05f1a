//! What a file or a flag says of itself costs what is wanted of it, or is refused by the name of a limit: time and memory are measured.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use super::child::{self, Ended, PATIENCE};
use super::{chance, formats, lay, models};

const MEGABYTE: u64 = 1 << 20;
/// Places of a model's folder at which a bit is changed.
const BITS: usize = 200;

fn run(folder: &std::path::Path, words: &str) -> Ended {
    let ended = child::run(folder, words, &[], PATIENCE);
    assert_eq!(ended.faults(), Vec::<String>::new(), "{words}");
    ended
}

/// Debug builds are a few times slower; what grows with a power is slower by far more.
fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stdout);
    for word in words {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    assert!(ended.wall < Duration::from_secs(10), "{:?}", ended.wall);
    within(ended, 300, "");
}

/// What this process holds itself counts for its children: then the bound is that.
fn within(ended: &Ended, megabytes: u64, told: &str) {
    let most = (megabytes * MEGABYTE).max(child::own_peak() * 11 / 10);
    assert!(ended.peak < most, "{told}: {} MB", ended.peak / MEGABYTE);
}

/// A table of so many columns, of which two are the score and the group.
fn wide(columns: usize, rows: usize, separator: char, decimal: char) -> String {
    let mut text = format!("score{separator}gender");
    (2..columns).for_each(|column| {
        let _ = write!(text, "{separator}c{column}");
    });
    text.push('\n');
    for row in 0..rows {
        let _ = write!(text, "0{decimal}{:03}{separator}{}", row * 37 % 1000, if row % 2 == 0 { "f" } else { "m" });
        (2..columns).for_each(|_| text.extend([separator, '1']));
        text.push('\n');
    }
    text
}

#[test]
fn a_wide_file_costs_its_wanted_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("comma.csv", wide(20_000, 40, ',', '.')), ("semicolon.csv", wide(20_000, 40, ';', ','))] {
        fs::write(folder.path().join(name), text).unwrap();
        for stream in ["", " --stream"] {
            let ended = run(folder.path(), &format!("audit {name} --score score --group gender --level 0{stream}"));
            assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
            within(&ended, 150, &format!("{name}{stream}"));
        }
    }
    fs::write(folder.path().join("wider.csv"), wide(250_000, 2, ',', '.')).unwrap();
    refused(&run(folder.path(), "audit wider.csv --score score --group gender"), &["the limit `columns` allows, 200000", "--ceiling"]);
    let ended = run(folder.path(), "audit wider.csv --score score --group gender --level 0 --ceiling columns=300000");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    refused(&run(folder.path(), "balance comma.csv --group gender --out b.csv"), &["the limit `made-columns` allows, 500"]);
}

#[test]
fn columns_that_tell_persons_apart_are_no_groups() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "score,id,hired\n".to_owned();
    (0..20_000).for_each(|row| {
        let _ = writeln!(text, "0.{:03},p{row},{}", row * 37 % 1000, row % 3 % 2);
    });
    fs::write(folder.path().join("ids.csv"), &text).unwrap();
    let few: Vec<&str> = text.lines().take(101).collect();
    fs::write(folder.path().join("few.csv"), few.join("\n")).unwrap();
    for words in [
        "audit FILE --score score --group id",
        "audit FILE --score score --group id --label hired --stream",
        "skew FILE --group id --label hired",
        "rank FILE --score score --group id --top 10 --out r.csv",
        "balance FILE --group id --label hired --method oversampling --out b.csv",
    ] {
        let told = ["`id` has 20000 values in 20000 rows", "name another column"];
        let ended = run(folder.path(), &words.replace("FILE", "ids.csv"));
        refused(&ended, if words.contains("--stream") { &told[1..] } else { &told });
        refused(&run(folder.path(), &words.replace("FILE", "few.csv")), &["`id` has 100 values in 100 rows: it tells persons"]);
    }
    let recipe = models::recipe(1, "objective = \"vanilla\"").replace("exclude = [\"id\"]", "features = [\"score\"]");
    let recipe = recipe.replace("rows.csv", "few.csv").replace("column = \"label\"", "column = \"hired\"").replace("\"gender\"", "\"id\"");
    fs::write(folder.path().join("r.toml"), recipe).unwrap();
    refused(&run(folder.path(), "run r.toml --out runs"), &["`id` has 100 values in 100 rows"]);
    let long = format!("score,gender\n0.1,{}\n0.2,m\n", "x".repeat(2000));
    fs::write(folder.path().join("long.csv"), long).unwrap();
    refused(&run(folder.path(), "audit long.csv --score score --group gender"), &["the limit `group-name` allows, 1000"]);
}

#[test]
fn what_unfolds_without_measure_is_refused() {
    use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray};
    let folder = tempfile::tempdir().unwrap();
    // A few kilobytes that say the same number very often.
    let same = Arc::new(Float64Array::from(vec![0.5; 1 << 16])) as ArrayRef;
    let gender = Arc::new(StringArray::from(vec!["f"; 1 << 16])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("score", same), ("gender", gender)]).unwrap();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_max_row_group_row_count(Some(usize::MAX))
        .set_data_page_row_count_limit(usize::MAX)
        .set_data_page_size_limit(usize::MAX)
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    (0..400).for_each(|_| writer.write(&batch).unwrap());
    fs::write(folder.path().join("bomb.parquet"), writer.into_inner().unwrap()).unwrap();
    // A long text that stands once in the file and in every row.
    let keys = Int32Array::from(vec![0; 20_000]);
    let values = Arc::new(StringArray::from(vec!["x".repeat(100_000)])) as ArrayRef;
    let texts = Arc::new(DictionaryArray::try_new(keys, values).unwrap()) as ArrayRef;
    let scores = Arc::new(Float64Array::from_iter_values((0..20_000).map(|row| f64::from(row) / 20_000.0))) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("score", scores), ("gender", texts)]).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    fs::write(folder.path().join("texts.parquet"), writer.into_inner().unwrap()).unwrap();
    for stream in ["", " --stream"] {
        for file in ["bomb", "texts"] {
            let ended = run(folder.path(), &format!("audit {file}.parquet --score score --group gender{stream}"));
            refused(&ended, &["the limit `typed-ratio` allows"]);
        }
    }
    for device in ["/dev/zero", "/dev/random"] {
        refused(&run(folder.path(), &format!("audit {device} --score score --group gender")), &["a device"]);
    }
    fs::write(folder.path().join("zeros.csv"), vec![0; 1 << 20]).unwrap();
    refused(&run(folder.path(), "audit zeros.csv --score score --group gender --stream"), &["zero bytes"]);
}

#[test]
fn pipes_that_never_end_are_refused() {
    use std::process::{Command, Stdio};
    // A pipe that gives zeros, and one that gives rows without an end.
    for (source, told) in [("cat /dev/zero", "zero bytes"), ("yes 0.5,f", "the limit `piped-bytes` allows")] {
        let words: Vec<&str> = source.split(' ').collect();
        let mut endless = Command::new(words[0]).args(&words[1..]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = Command::new(child::program())
            .args(["audit", "-", "--score", "score", "--group", "gender", "--ceiling", "piped-bytes=50000000"])
            .stdin(endless.stdout.take().unwrap())
            .output()
            .unwrap();
        let _ = endless.kill();
        let _ = endless.wait();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn formulas_are_told_and_kept_texts_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "id,score,gender,note\n1,0.9,f,=CMD()\n2,0.8,m,\"+SUM(A1,B1)\"\n3,0.7,f,-1.5\n4,0.6,m,@x\n5,0.5,f,fine\n6,0.4,m,fine\n";
    fs::write(folder.path().join("t.csv"), rows).unwrap();
    let words = "rank t.csv --score score --group gender --top 3 --level 0 --out r.csv";
    let told = run(folder.path(), words);
    assert!(told.stderr.contains("takes 3 fields for formulas") && told.stderr.contains("--spreadsheet-safe"), "{}", told.stderr);
    let plain = fs::read_to_string(folder.path().join("r.csv")).unwrap();
    assert!(plain.contains(",=CMD()"), "{plain}");
    run(folder.path(), &format!("{words} --spreadsheet-safe"));
    let safe = fs::read_to_string(folder.path().join("r.csv")).unwrap();
    assert_eq!(safe, plain.replace("=CMD()", "'=CMD()").replace("+SUM", "'+SUM").replace("@x", "'@x"));
}

#[test]
fn sizes_that_nothing_can_hold_are_refused_by_their_limit() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), formats::csv()).unwrap();
    for (words, limit) in [
        ("audit rows.csv --score score --group gender --replicates 10000000000", "replicates"),
        ("audit rows.csv --score score --group gender --permutations 1000000000000", "permutations"),
        ("balance rows.csv --group gender --rows 10000000000000 --out b.csv", "made-rows"),
    ] {
        refused(&run(folder.path(), words), &[&format!("the limit `{limit}` allows"), "--ceiling"]);
    }
    refused(&run(folder.path(), "audit rows.csv --score score --group gender --ceiling colums=3"), &["did you mean `columns`"]);
}

/// A bit of any file of a model's folder, in turn in each of them.
#[test]
fn a_model_with_one_bit_changed_is_refused_by_the_files_name() {
    let folder = tempfile::tempdir().unwrap();
    let (_, method) = models::METHODS[0];
    lay(folder.path(), &models::finished(&models::recipe(1, method)));
    let model = fs::read_dir(folder.path().join("runs/models")).unwrap().next().unwrap().unwrap().path();
    let words = format!("score {} rows.csv --out s.csv", model.strip_prefix(folder.path()).unwrap().display());
    let told = run(folder.path(), &words);
    assert_eq!(told.status.code(), Some(0), "{}", told.stderr);
    let digests: serde_json::Value = serde_json::from_slice(&fs::read(model.join("digests.json")).unwrap()).unwrap();
    let digest = digests["scorer"].as_str().unwrap();
    assert!(told.stderr.contains(&format!("model: {digest}")), "{}", told.stderr);
    // The report of the run names it, and so does one of the scores.
    let report = fs::read_to_string(folder.path().join("runs/report.json")).unwrap();
    assert!(report.contains(digest) && fs::read_to_string(folder.path().join("runs/report.html")).unwrap().contains(digest));
    let named = run(folder.path(), &format!("audit s.csv --score score --group gender --level 0 --json --model {}", model.display()));
    assert!(named.stdout.contains(digest), "{}", named.stdout);

    let mut files: Vec<String> = fs::read_dir(&model).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["cell", "digests.json", "repair.json", "scorer.json", "weights.safetensors"]);
    let mut chance = chance(1, "bits", 0);
    for place in 0..BITS {
        let path = model.join(&files[place % files.len()]);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let at = chance.random_range(0..changed.len());
        changed[at] ^= 1 << chance.random_range(0..8_u32);
        fs::write(&path, changed).unwrap();
        let ended = run(folder.path(), &words);
        assert_eq!(ended.status.code(), Some(2), "{} byte {at}: {}", path.display(), ended.stdout);
        assert!(ended.stderr.contains(&files[place % files.len()]), "{} byte {at}: {}", path.display(), ended.stderr);
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(run(folder.path(), &words).status.code(), Some(0));
}

/// Four times the groups, of as many rows each: work by group takes four times as long, work by pairs of groups 16 times. It wavers under load.
#[test]
fn an_audit_does_not_grow_with_the_square_of_its_groups() {
    let folder = tempfile::tempdir().unwrap();
    let mut took = Vec::new();
    for groups in [150, 600] {
        let mut text = "score,group,label\n".to_owned();
        for row in 0..groups * 10 {
            let _ = writeln!(text, "0.{:04},g{},{}", row * 7919 % 10_000, row % groups, row % 7 % 2);
        }
        fs::write(folder.path().join("t.csv"), text).unwrap();
        for stream in ["", " --stream"] {
            let words = format!("audit t.csv --score score --group group --label label --replicates 100{stream}");
            let ended = run(folder.path(), &words);
            assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
            took.push(ended.wall.as_secs_f64());
        }
    }
    assert!(took[2] < 12.0 * took[0].max(0.05) && took[3] < 12.0 * took[1].max(0.05), "{took:?}");
}

/// A container that ends sends this signal: the command says so and tears nothing.
#[test]
fn the_signal_of_containers_ends_a_run_as_ctrl_c_does() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), formats::csv()).unwrap();
    let running = child::start(folder.path(), "balance rows.csv --group gender --method ctgan --set epochs=100000 --out b.csv", &[]);
    std::thread::sleep(Duration::from_secs(2));
    running.terminate();
    let ended = running.wait(Duration::from_mins(1));
    assert_eq!((ended.status.code(), ended.late), (Some(2), false), "{}", ended.stderr);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
    assert!(!folder.path().join("b.csv").exists());
}

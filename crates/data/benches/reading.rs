//! How long a million rows take from file to typed columns.

use std::fmt::Write as _;

use divan::Bencher;
use evenhand_data::table::{FileOptions, ScoreRoles, read, read_scores, stream_scores};
use evenhand_rows::{LabelRole, Schema, SensitiveRole};

const ROWS: usize = 1_000_000;

fn main() {
    divan::main();
}

fn file(folder: &std::path::Path) -> String {
    let mut text = "id,gender,race,score,label\n".to_owned();
    let mut state = 1_u64;
    for row in 0..ROWS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let gender = ["female", "male"][(state >> 40) as usize % 2];
        let race = ["Asian", "Black", "Hispanic", "White"][(state >> 44) as usize % 4];
        let score = (state >> 11) as f64 / (1_u64 << 53) as f64;
        let _ = writeln!(text, "c{row:07},{gender},{race},{score:.6},{}", (state >> 50) % 2);
    }
    let path = folder.join("scores.csv");
    std::fs::write(&path, text).expect("the folder for temporary files takes 40 MB");
    path.display().to_string()
}

fn sensitive() -> Vec<SensitiveRole> {
    ["gender", "race"].map(|name| SensitiveRole { name: name.to_owned(), columns: vec![name.to_owned()], rule: None }).to_vec()
}

fn roles() -> ScoreRoles {
    ScoreRoles {
        score: "score".to_owned(),
        groups: sensitive(),
        label: Some(LabelRole { column: "label".to_owned(), favourable: None }),
        ..ScoreRoles::default()
    }
}

#[divan::bench(sample_count = 10)]
fn scores_of_a_million_rows(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let files = [file(folder.path())];
    bencher.bench(|| read_scores(&files, &roles()).expect("the file was written above"));
}

#[divan::bench(sample_count = 10)]
fn stream_of_a_million_rows(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let files = [file(folder.path())];
    bencher.bench(|| {
        let chunks = stream_scores(&files, &roles(), &FileOptions::default()).expect("the file was written above");
        chunks.map(|chunk| chunk.expect("the file was written above").scores.len()).sum::<usize>()
    });
}

#[divan::bench(sample_count = 5)]
fn data_set_of_a_million_rows(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let files = [file(folder.path())];
    let schema = Schema {
        label: Some(LabelRole { column: "label".to_owned(), favourable: None }),
        sensitive: sensitive(),
        person: Some("id".to_owned()),
        ..Schema::default()
    };
    bencher.bench(|| read(&files, &schema).expect("the file was written above"));
}

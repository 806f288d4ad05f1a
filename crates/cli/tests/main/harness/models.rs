//! What the program itself keeps: models, runs, extracted recordings, unfinished work.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::child::{PATIENCE, fine, start};
use super::shim::{Failure, KILLED, library, run_with};
use super::{Tree, formats, tree};

/// A recipe for the small table; `method` ends it.
pub(super) fn recipe(epochs: usize, method: &str) -> String {
    format!(
        "name = \"small\"\nseeds = [1]\n[data]\nloader = \"table\"\nfiles = [\"rows.csv\"]\nexclude = [\"id\"]\nlabel = {{ column = \"label\" }}\n\
         sensitive = [{{ column = \"gender\" }}]\n[model]\nhidden = [4]\n[training]\nepochs = {epochs}\n[intervals]\nlevel = 0.0\n[[method]]\n{method}\n"
    )
}

/// Methods whose models differ in what they keep.
pub(super) const METHODS: [(&str, &str); 3] = [
    ("network", "objective = \"vanilla\"\nrepair = \"quantile-repair\""),
    ("boosting", "objective = { id = \"boosting\", trees = 5 }"),
    ("reduction", "objective = \"exponentiated-gradient\""),
];

/// A method that learns from made rows.
pub(super) const SYNTHESIS: &str = "objective = \"vanilla\"\nsynthesise = { method = { id = \"ctgan\", epochs = 2, embedding_dim = 8, generator_dim = 8, \
                                    critic_dim = 8, batch_size = 20 } }";

/// A finished run of a recipe on the small table: its folder, and recipe and table beside it.
pub(super) fn finished(recipe: &str) -> Tree {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.csv"), formats::csv()).unwrap();
    std::fs::write(folder.path().join("small.toml"), recipe).unwrap();
    fine(folder.path(), "run small.toml --out runs");
    tree(folder.path())
}

/// The folder of the model in a finished run, from `model/` on, and the table.
pub(super) fn model(run: &Tree) -> Tree {
    let file = |(name, bytes): (&String, &Vec<u8>)| {
        let inside = name.strip_prefix("runs/models/").and_then(|rest| rest.split_once('/')).map(|(_, file)| format!("model/{file}"));
        Some((inside.or_else(|| (name == "rows.csv").then(|| name.clone()))?, bytes.clone()))
    };
    run.iter().filter_map(file).collect()
}

/// A run that was cut off after a checkpoint; `None` where it was too quick for that.
pub(super) fn cut_off() -> Option<Tree> {
    for attempt in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rows.csv"), formats::csv()).unwrap();
        std::fs::write(folder.path().join("small.toml"), recipe(30, "objective = \"vanilla\"")).unwrap();
        let running = start(folder.path(), "run small.toml --out runs", &[]);
        let kept = |files: &Tree| files.keys().any(|name| name.ends_with("checkpoint.safetensors"));
        while running.elapsed() < Duration::from_millis(20_000 / (1 + attempt)) && !kept(&tree(folder.path())) {
            std::thread::sleep(Duration::from_micros(200));
        }
        running.kill();
        running.wait(PATIENCE);
        let files: Tree = tree(folder.path()).into_iter().filter(|(name, _)| !name.ends_with("/lock") && !temporary(name)).collect();
        if kept(&files) {
            return Some(files);
        }
    }
    None
}

/// Whether a file has a name under which files are begun.
pub(super) fn temporary(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.starts_with(".tmp") || file.starts_with(".evenhand-") || file.strip_suffix(".part").is_some()
}

/// Words of a command that makes rows with a slow method, and goes on where it was interrupted.
pub(super) const FIT: &str = "balance rows.csv --group gender --label label --method ctgan --set epochs=60 --set embedding_dim=8 --set generator_dim=8 \
                              --set critic_dim=8 --set batch_size=20 --rows 20 --hold-out 0 --out made.csv";

/// The unfinished fit of [`FIT`]; `None` where it was too quick to be interrupted.
pub(super) fn unfinished_fit() -> Option<Tree> {
    for delay in [30, 60, 100, 150, 20, 250, 400, 600, 1000] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rows.csv"), formats::csv()).unwrap();
        let running = start(folder.path(), FIT, &[]);
        std::thread::sleep(Duration::from_millis(delay));
        running.interrupt();
        running.wait(PATIENCE);
        let files = tree(folder.path());
        if files.contains_key(".made.csv.evenhand-fit") {
            return Some(files);
        }
    }
    None
}

/// Flags that make an extraction as small as it gets.
pub(super) const CHEAP: &str = "--segments 2 --side 16";

/// Recordings as pictures, sounds and words of a few candidates, with their manifest.
pub(super) fn candidates(count: usize) -> Tree {
    let mut files = Tree::new();
    let mut manifest = "id,frames,wav,transcript,gender,interview\n".to_owned();
    for number in 0..count {
        files.insert(format!("{number}/0.png"), formats::png(png::ColorType::Rgb, png::BitDepth::Eight));
        files.insert(format!("{number}/1.png"), formats::png(png::ColorType::Grayscale, png::BitDepth::Eight));
        files.insert(format!("{number}.wav"), formats::wav(1, 8000, 16, false));
        let words = "I have built and mended the machines of a workshop ".repeat(1 + number % 3);
        let _ =
            writeln!(manifest, "c{number},{number},{number}.wav,{words},{},{}", ["f", "m"][number % 2], (number * 7 % 20) as f64 / 20.0);
    }
    files.insert("manifest.csv".to_owned(), manifest.into_bytes());
    files
}

/// Words of the extraction of [`candidates`].
pub(super) const EXTRACTION: &str = "extract manifest.csv --out extracted --segments 2 --side 16";

/// Two extractions that were killed: one among its candidates, one that had begun to put its files into their places. `None` without the
/// library that kills at a call.
pub(super) fn killed_extractions() -> Option<[Tree; 2]> {
    let library = library()?;
    let killed = |at: Option<usize>| {
        let folder = tempfile::tempdir().unwrap();
        super::lay(folder.path(), &candidates(3));
        let failure = Failure { call: at.map(|at| ("rename", at, KILLED)), ..Failure::default() };
        let counted = run_with(library, folder.path(), EXTRACTION, &failure, PATIENCE).1;
        (tree(folder.path()), counted.of("rename"))
    };
    let (_, all) = killed(None);
    Some([3, all].map(|at| killed(Some(at)).0))
}

/// A recipe for extracted recordings.
pub(super) const INTERVIEWS: &str = r#"
name = "heard"
seeds = [0]
[data]
loader = "interviews"
folder = "extracted"
label = { column = "interview" }
sensitive = [{ column = "gender" }]
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
epochs = 1
batch_size = 8
[intervals]
level = 0.0
[[method]]
objective = "vanilla"
"#;

/// An extracted folder, its recipe and a model that was trained on it.
pub(super) fn heard() -> Tree {
    let folder = tempfile::tempdir().unwrap();
    super::lay(folder.path(), &candidates(16));
    std::fs::write(folder.path().join("heard.toml"), INTERVIEWS).unwrap();
    fine(folder.path(), &format!("extract manifest.csv --out extracted {CHEAP}"));
    fine(folder.path(), "run heard.toml --out runs");
    let all = tree(folder.path());
    let keep = |(name, bytes): (String, Vec<u8>)| {
        let inside = name.strip_prefix("runs/models/").and_then(|rest| rest.split_once('/')).map(|(_, file)| format!("model/{file}"));
        let plain = name.starts_with("extracted/") || name == "heard.toml";
        Some((inside.or_else(|| plain.then(|| name.clone()))?, bytes))
    };
    all.into_iter().filter_map(keep).collect()
}

/// A folder of a language model: the tiny one of the source tree.
pub(super) fn language() -> Tree {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/media/text/tiny-bert");
    let names = ["config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"];
    names.iter().map(|name| (format!("language/{name}"), std::fs::read(folder.join(name)).unwrap())).collect()
}

/// The weights of a face detector, converted from made-up ones.
pub(super) fn weights() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in formats::torch() {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    fine(folder.path(), "weights convert . --accept-unknown --out mtcnn.safetensors");
    std::fs::read(folder.path().join("mtcnn.safetensors")).unwrap()
}

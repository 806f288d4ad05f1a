//! Everything that reads a file: whole files of its kind, and the commands that read them.

use std::path::Path;

use super::models::{self, CHEAP};
use super::{Settings, Tree, formats, recordings, skipped};

/// Makes a file out of what stands in it.
type Pack = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A file that is attacked: by its bytes, and where it is packed by what stands in it as well.
pub(super) struct Target {
    pub(super) file: String,
    /// Whole ones of its kind, unpacked.
    pub(super) seeds: Vec<Vec<u8>>,
    pub(super) pack: Option<Pack>,
}

/// Something that reads files.
pub(super) struct Reader {
    pub(super) name: &'static str,
    /// Files that lie beside the attacked one.
    pub(super) files: Tree,
    pub(super) targets: Vec<Target>,
    /// Each must succeed with every whole file.
    pub(super) commands: Vec<String>,
    /// How many attacks it gets, compared with others.
    pub(super) share: usize,
    /// A damaged file of it may rightly ask for more work than the limits allow: its time and memory are told and not judged.
    pub(super) asks: bool,
}

impl Reader {
    fn new(name: &'static str, targets: Vec<Target>, commands: &[&str]) -> Self {
        let commands = commands.iter().map(|&words| words.to_owned()).collect();
        Reader { name, files: Tree::new(), targets, commands, share: 4, asks: false }
    }

    fn with(self, files: Tree) -> Self {
        Reader { files, ..self }
    }

    fn share(self, share: usize) -> Self {
        Reader { share, ..self }
    }
}

fn plain(file: &str, seeds: Vec<Vec<u8>>) -> Target {
    Target { file: file.to_owned(), seeds, pack: None }
}

fn packed(file: &str, inside: Vec<u8>, pack: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Target {
    Target { file: file.to_owned(), seeds: vec![inside], pack: Some(Box::new(pack)) }
}

/// A safetensors file by its bytes, and by its header with a right length before it.
fn tensors(file: &str, bytes: &[u8]) -> Vec<Target> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let (header, data) = (bytes[8..8 + length].to_vec(), bytes[8 + length..].to_vec());
    let pack = move |header: &[u8]| [&(header.len() as u64).to_le_bytes(), header, &data].concat();
    vec![plain(file, vec![bytes.to_vec()]), packed(file, header, pack)]
}

/// Targets for all files of a tree that the choice takes; safetensors in both ways.
fn targets(files: &Tree, takes: impl Fn(&str) -> bool) -> Vec<Target> {
    let target = |(name, bytes): (&String, &Vec<u8>)| {
        if name.contains(".safetensors") { tensors(name, bytes) } else { vec![plain(name, vec![bytes.clone()])] }
    };
    files.iter().filter(|(name, _)| takes(name)).flat_map(target).collect()
}

const AUDIT: &str = "audit FILE --score score --group gender --label label --level 0";
const STREAM: &str = "audit FILE --score score --group gender --label label --level 0 --stream";
const JSON: &str = "audit FILE --score score --group gender --label label --group 'gender x job' --replicates 50 --json";
const SKEW: &str = "skew FILE --label label --group gender";
const RANK: &str = "rank FILE --score score --group gender --job job --top 5 --level 0 --out out.csv";
const OVERSAMPLE: &str = "balance FILE --group gender --label label --method oversampling --out out.csv --read job=category";
const COPULA: &str = "balance FILE --group gender --label label --rows 20 --out out.csv";

/// All commands that read tables, on this file.
fn table_commands(file: &str) -> Vec<String> {
    [AUDIT, STREAM, JSON, SKEW, RANK, OVERSAMPLE, COPULA].iter().map(|words| words.replace("FILE", file)).collect()
}

fn table(name: &'static str, target: Target) -> Reader {
    let commands = table_commands(&target.file);
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    Reader::new(name, vec![target], &commands).share(8)
}

/// The readers of tables.
fn tables() -> Vec<Reader> {
    let csv = formats::csv().into_bytes();
    let workbook = formats::workbook();
    let sheets = (0..workbook.len()).map(|part| {
        let parts = formats::workbook();
        let pack = move |inside: &[u8]| {
            let members: Vec<(&str, &[u8])> =
                parts.iter().enumerate().map(|(at, (name, bytes))| (*name, if at == part { inside } else { bytes.as_slice() })).collect();
            formats::zip(&members)
        };
        packed("table.xlsx", workbook[part].1.clone(), pack)
    });
    let sheets: Vec<Target> = sheets.collect();
    let commands = table_commands("table.xlsx");
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let categories = b"column,from,to\ngender,women,w\njob,nurse,care\n".to_vec();
    let boxes = Reader::new(
        "categories",
        vec![plain("categories.csv", vec![categories])],
        &["audit rows.csv --score score --group gender --level 0 --categories categories.csv"],
    );
    vec![
        table("csv", plain("table.csv", vec![csv.clone(), formats::german(), formats::wide()])),
        table("json lines", plain("table.json", vec![formats::json(false), formats::json(true)])),
        Reader::new("xlsx", sheets, &commands).share(8),
        table("parquet", plain("table.parquet", formats::parquet())).share(12),
        table("arrow", plain("table.feather", formats::arrow())).share(12),
        table("gzip", packed("table.csv.gz", csv.clone(), formats::gzip)).share(4),
        table("zip", packed("table.zip", csv.clone(), |inside| formats::zip(&[("table.csv", inside)]))).share(4),
        boxes.with([("rows.csv".to_owned(), csv)].into()).share(2),
    ]
}

/// The readers of corpora that come as pickles, and of their recipes.
fn corpora() -> Vec<Reader> {
    let train = |loader: &str, attribute: &str| {
        format!(
            "name = \"c\"\nseeds = [1]\n[data]\nloader = \"{loader}\"\nsensitive = [{{ column = \"{attribute}\" }}]\n[model]\nhidden = [2]\n[training]\n\
             epochs = 1\n[intervals]\nlevel = 0.0\n[[method]]\nobjective = \"vanilla\"\n"
        )
    };
    let faircv: Tree = formats::faircv().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    let mut with_recipe = faircv.clone();
    with_recipe.insert("c.toml".to_owned(), train("faircv-2020", "gender").into_bytes());
    let impressions: Tree = formats::impressions().into_iter().map(|(name, bytes)| (format!("clips/{name}"), bytes)).collect();
    let mut texts: Tree = Tree::new();
    for (_, id, file, content) in formats::corpora() {
        texts.insert(file.to_owned(), content.into_bytes());
        texts.insert(format!("{id}.toml"), train(id, "gender").into_bytes());
    }
    let text = |(name, id, file, _): (&'static str, &str, &str, String)| {
        Reader::new(name, targets(&texts, |one| one == file), &[&format!("run {id}.toml --data . --out runs")]).with(texts.clone()).share(2)
    };
    let corpora: Vec<Reader> = formats::corpora().into_iter().map(text).collect();
    let mut readers = vec![
        Reader::new(
            "npy of pickles",
            targets(&faircv, |_| true),
            &[
                "audit predictions_biased_gender.npy --score prediction --group gender --label label --level 0",
                "run c.toml --data . --out runs",
            ],
        )
        .with(with_recipe)
        .share(8),
        Reader::new("pickle", targets(&impressions, |_| true), &["manifest first-impressions clips --out manifest.csv"])
            .with(with_clips(impressions))
            .share(8),
    ];
    readers.extend(corpora);
    readers
}

/// The videos that a manifest looks for; nobody opens them.
fn with_clips(files: Tree) -> Tree {
    let clips = (0..12).map(|clip| (format!("clips/p{}.{clip:03}.mp4", clip / 2), Vec::new()));
    files.into_iter().chain(clips).collect()
}

/// The readers of what the program keeps.
fn kept(settings: &Settings) -> Vec<Reader> {
    let mut readers = Vec::new();
    let names = ["model of a network", "model of trees", "model of a reduction"];
    for (name, (_, method)) in names.into_iter().zip(models::METHODS) {
        if settings.takes(name) {
            let model = models::model(&models::finished(&models::recipe(1, method)));
            let attacked = targets(&model, |file| file.starts_with("model/"));
            readers.push(Reader::new(name, attacked, &["score model rows.csv --out scores.csv"]).with(model).share(6));
        }
    }
    if settings.takes("cells of a run") {
        let run = models::finished(&models::recipe(1, models::SYNTHESIS));
        let attacked = targets(&run, |file| file.starts_with("runs/"));
        readers.push(
            Reader::new("cells of a run", attacked, &["run small.toml --out runs", "compare small.toml --out runs"]).with(run).share(4),
        );
    }
    if settings.takes("checkpoint") {
        match models::cut_off() {
            Some(run) => {
                let attacked = targets(&run, |file| file.contains("checkpoint"));
                readers.push(Reader::new("checkpoint", attacked, &["run small.toml --out runs"]).with(run).share(2));
            }
            None => skipped("checkpoint", "no run could be cut off"),
        }
    }
    if settings.takes("unfinished fit") {
        match models::unfinished_fit() {
            Some(files) => {
                let attacked = targets(&files, |file| file.starts_with('.'));
                readers.push(Reader::new("unfinished fit", attacked, &[models::FIT]).with(files).share(2));
            }
            None => skipped("unfinished fit", "no fit could be interrupted"),
        }
    }
    if settings.takes("killed extraction") {
        for files in models::killed_extractions().into_iter().flatten() {
            let attacked = targets(&files, |file| file.starts_with("extracted/"));
            assert!(!attacked.is_empty(), "a killed extraction keeps nothing");
            readers.push(Reader::new("killed extraction", attacked, &[models::EXTRACTION]).with(files).share(2));
        }
    }
    if settings.takes("extracted folder") || settings.takes("model of interviews") {
        let heard = models::heard();
        let folder = targets(&heard, |file| file.starts_with("extracted/"));
        let model = targets(&heard, |file| file.starts_with("model/"));
        let score = "score model extracted --out scores.csv";
        readers.push(
            Reader::new("extracted folder", folder, &["extract --report extracted --sensitive gender", score, "run heard.toml --out runs"])
                .with(heard.clone())
                .share(6),
        );
        readers.push(Reader::new("model of interviews", model, &[score]).with(heard).share(3));
    }
    readers
}

/// Files for the extraction of one candidate.
fn one(column: &str, file: &str, more: &str) -> Tree {
    [("manifest.csv".to_owned(), format!("id,{column},transcript\na,{file},{more}\n").into_bytes())].into()
}

/// The readers of recordings and of what goes with them.
fn media(settings: &Settings) -> Vec<Reader> {
    let words = "I have built machines";
    let extract = format!("extract manifest.csv --out out {CHEAP}");
    let frames = one("frames", "frames", words);
    let wavs = vec![
        formats::wav(1, 16_000, 16, false),
        formats::wav(2, 8000, 8, false),
        formats::wav(1, 11_025, 24, false),
        formats::wav(2, 8000, 32, true),
    ];
    let pngs = vec![
        formats::png(png::ColorType::Rgb, png::BitDepth::Eight),
        formats::png(png::ColorType::Grayscale, png::BitDepth::Sixteen),
        formats::png(png::ColorType::Indexed, png::BitDepth::Four),
        formats::png(png::ColorType::Rgba, png::BitDepth::Eight),
    ];
    let scratch = tempfile::tempdir().unwrap();
    let video = format!("{extract} --modalities video,text");
    let mut readers = vec![
        Reader::new("png", vec![plain("frames/0.png", pngs)], &[&video]).with(frames.clone()).share(6),
        Reader::new("jpeg", vec![plain("frames/0.jpg", recordings::jpegs(scratch.path()))], &[&video]).with(frames).share(6),
        Reader::new("wav", vec![plain("a.wav", wavs)], &[&format!("{extract} --modalities audio,text")])
            .with(one("wav", "a.wav", words))
            .share(6),
    ];
    readers.extend(filmed(settings, scratch.path(), &extract));
    for (name, ending) in [
        ("transcript txt", "txt"),
        ("transcript srt", "srt"),
        ("transcript vtt", "vtt"),
        ("transcript ctm", "ctm"),
        ("transcript json", "json"),
    ] {
        let seeds = formats::transcripts().into_iter().filter(|(of, _)| *of == ending).map(|(_, bytes)| bytes).collect();
        let file = format!("t.{ending}");
        let manifest: Tree = [("manifest.csv".to_owned(), format!("id,transcript_file\na,{file}\n").into_bytes())].into();
        readers.push(
            Reader::new(name, vec![plain(&file, seeds)], &["extract manifest.csv --out out --modalities text"]).with(manifest).share(3),
        );
    }
    let all = models::candidates(2);
    readers.push(
        Reader::new(
            "manifest",
            targets(&all, |file| file == "manifest.csv"),
            &["extract manifest.csv --out out --modalities text --sensitive gender", &extract],
        )
        .with(all.clone())
        .share(4),
    );
    let mut boxed = all.clone();
    boxed.insert(
        "boxes.csv".to_owned(),
        b"candidate,seconds,left,top,right,bottom,score\nc0,0,1,2,12,14,0.9\nc0,1,1,2,12,14,\nc1,0,3,3,20,18,1\n".to_vec(),
    );
    let words = format!("{extract} --modalities video,text --detector boxes --boxes boxes.csv");
    readers.push(Reader::new("boxes", targets(&boxed, |file| file == "boxes.csv"), &[&words]).with(boxed).share(3));
    if settings.takes("face weights") {
        let mut seen = all;
        seen.insert("mtcnn.safetensors".to_owned(), models::weights());
        let words =
            "extract manifest.csv --out out --segments 1 --side 16 --modalities video,text --weights mtcnn.safetensors --face-floor 0";
        readers.push(Reader::new("face weights", targets(&seen, |file| file == "mtcnn.safetensors"), &[words]).with(seen).share(2));
    }
    let torch: Tree = formats::torch().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    readers.push(
        Reader::new("torch weights", targets(&torch, |_| true), &["weights convert . --accept-unknown --out w.safetensors"])
            .with(torch)
            .share(3),
    );
    let mut read = models::language();
    read.insert("manifest.csv".to_owned(), b"id,transcript\na,I have built and mended machines\n".to_vec());
    let words = "extract manifest.csv --out out --modalities text --text-model language";
    readers.push(Reader::new("language model", targets(&read, |file| file.starts_with("language/")), &[words]).with(read).share(5));
    readers
}

/// The readers of whole recordings, where ffmpeg makes some.
fn filmed(settings: &Settings, scratch: &Path, extract: &str) -> Vec<Reader> {
    if !settings.takes("mp4") && !settings.takes("webm") && !settings.takes("mkv") {
        return Vec::new();
    }
    let found = recordings::recordings(scratch);
    let mut readers = Vec::new();
    for name in ["mp4", "webm", "mkv"] {
        let seeds: Vec<Vec<u8>> = found.iter().filter(|(ending, _)| *ending == name).map(|(_, bytes)| bytes.clone()).collect();
        if seeds.is_empty() {
            skipped(name, "ffmpeg is absent or has no encoder for it");
            continue;
        }
        let file = format!("a.{name}");
        readers.push(Reader::new(name, vec![plain(&file, seeds)], &[extract]).with(one("file", &file, "I have built machines")).share(2));
    }
    readers
}

/// The readers of settings that a person writes.
fn written() -> Vec<Reader> {
    let mut run: Tree = [("rows.csv".to_owned(), formats::csv().into_bytes())].into();
    let recipes = models::METHODS.iter().map(|(_, method)| models::recipe(1, method).into_bytes()).collect();
    let recipe = Reader::new("recipe", vec![plain("small.toml", recipes)], &["run small.toml --out runs"]).with(run.clone());
    run.clear();
    let settings = "segments = 7\nside = 64\nmodalities = [\"video\", \"text\"]\ndraw = \"centre\"\n[face]\ndetector = \"centre\"\nmargin = 0.1\n[audio]\npooling = \"pool30\"\n\
                    [limits]\nseconds = 100.0\nbytes = 200000\n";
    vec![
        Reader { asks: true, ..recipe.share(4) },
        Reader::new(
            "extraction settings",
            vec![plain("s.toml", vec![settings.as_bytes().to_vec()])],
            &["extract --show-settings --settings s.toml"],
        )
        .share(3),
    ]
}

/// Every reader that is asked for.
pub(super) fn all(settings: &Settings) -> Vec<Reader> {
    let all = [tables(), corpora(), kept(settings), media(settings), written()];
    all.into_iter().flatten().filter(|reader| settings.takes(reader.name)).collect()
}

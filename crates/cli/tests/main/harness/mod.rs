//! Seeded attacks on the whole program: damaged inputs, kills, full disks, failed writes, two processes on one folder.
//!
//! A small part runs with every `cargo test`, the whole with `just harness`. What is drawn follows from the seed, the attack and a number, so that
//! every case can be repeated alone. These variables of the environment change a run:
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `EVENHAND_HARNESS_SEED` | decides all that is drawn | 1 |
//! | `EVENHAND_HARNESS_CASES` | cases of a whole attack | as many as its test says |
//! | `EVENHAND_HARNESS_ONLY` | only readers or works whose name holds this | all |
//! | `EVENHAND_HARNESS_CASE` | only the case of this number | all |
//! | `EVENHAND_HARNESS_BINARY` | another program than the one just built | |
//! | `EVENHAND_HARNESS_KEPT` | folder for the inputs of failures | `target/tmp/harness` |
//! | `EVENHAND_HARNESS_GERMAN` | folder with the originals of the corpus `german`, to try `fetch` | none: it is skipped |

mod child;
mod disks;
mod formats;
mod kills;
mod models;
mod mutations;
mod mutator;
mod pairs;
mod readers;
mod recordings;
mod shim;
mod sizes;
mod traps;
mod works;
mod writes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Cases that are tried at a time.
const WORKERS: usize = 2;

/// What a run of the harness was asked for.
struct Settings {
    seed: u64,
    cases: Option<usize>,
    only: Option<String>,
    case: Option<usize>,
}

impl Settings {
    fn read() -> Self {
        let text = |name: &str| std::env::var(format!("EVENHAND_HARNESS_{name}")).ok().filter(|text| !text.is_empty());
        let number = |name: &str| text(name).map(|text| text.parse::<usize>().unwrap_or_else(|_| panic!("{name}: {text} is no number")));
        Settings { seed: number("SEED").unwrap_or(1) as u64, cases: number("CASES"), only: text("ONLY"), case: number("CASE") }
    }

    /// Whether an attack is asked for.
    fn takes(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }
}

/// Chance of its own for every case.
fn chance(seed: u64, name: &str, number: usize) -> ChaCha8Rng {
    let mixed = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    ChaCha8Rng::seed_from_u64(mixed.wrapping_add((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Does the pieces of a job on all workers; what each says comes back in their order.
fn in_parallel<T: Sync, R: Send>(pieces: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((place, piece)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, pieces.get(at)?))) {
                    let said = work(piece);
                    done.lock().unwrap().push((place, said));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, said)| said).collect()
}

/// A folder's files by their names from it on.
type Tree = BTreeMap<String, Vec<u8>>;

/// A finished run without the seconds that it took, which alone differ from one time to the next.
fn without_seconds(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&bytes) else { return bytes };
    let Some((before, rest)) = text.split_once("\"seconds\":") else { return bytes };
    let Some((_, after)) = rest.split_once(',') else { return bytes };
    format!("{before}{after}").into_bytes()
}

/// What was printed without the column of seconds, the last of its table.
fn untimed(text: &str) -> String {
    let mut column = None;
    let mut told = String::new();
    for line in text.lines() {
        if let Some((before, "")) = line.trim_end().split_once("seconds") {
            column = Some(before.chars().count());
        } else if line.is_empty() {
            column = None;
        }
        told.extend(line.chars().take(column.unwrap_or(usize::MAX)));
        told.push('\n');
    }
    told
}

/// All files below a folder.
fn tree(folder: &Path) -> Tree {
    let (mut found, mut folders) = (Tree::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        // What another process takes away meanwhile is not there.
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                let bytes = if name.contains("cells/") && path.extension().is_some_and(|ending| ending == "json") {
                    without_seconds(bytes)
                } else {
                    bytes
                };
                found.insert(name, bytes);
            }
        }
    }
    found
}

/// Puts files into a folder.
fn lay(folder: &Path, files: &Tree) {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Keeps the folder of a failed case, and how to repeat it.
fn keep(name: &str, folder: &Path, told: &str) -> PathBuf {
    let kept =
        std::env::var_os("EVENHAND_HARNESS_KEPT").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("harness"), PathBuf::from);
    let kept = kept.join(name);
    let _ = std::fs::remove_dir_all(&kept);
    lay(&kept, &tree(folder));
    std::fs::create_dir_all(&kept).unwrap();
    std::fs::write(kept.join("HOW-IT-FAILED"), told).unwrap();
    kept
}

/// Says what was asked for cannot be tried here.
fn skipped(what: &str, why: &str) {
    use std::io::Write as _;
    // Past the capture of the test runner: what was not tried is to be seen.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what}: {why}");
}

/// Prints figures as a table, the first column to the left and the others to the right.
#[expect(clippy::print_stdout, reason = "figures are asked for by hand")]
fn print_table(heading: &str, head: &[&str], rows: &[Vec<String>]) {
    let all: Vec<Vec<String>> = std::iter::once(head.iter().map(|&name| name.to_owned()).collect()).chain(rows.iter().cloned()).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    println!("\n{heading}");
    for row in &all {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<width$}", width = width(0)),
            _ => format!("{cell:>width$}", width = width(column)),
        });
        println!("{}", cells.collect::<Vec<_>>().join("  "));
    }
}

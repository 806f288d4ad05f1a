//! Commands that write: what they start from, and what is there after an undisturbed run.

use std::fmt::Write as _;
use std::path::Path;

use tempfile::TempDir;

use super::child::{Ended, fine};
use super::models::{self, CHEAP};
use super::{Settings, Tree, formats, lay, skipped, tree};

/// A command that writes.
pub(super) struct Work {
    pub(super) name: String,
    pub(super) words: String,
    /// What lies in the folder before.
    pub(super) before: Tree,
    /// What lies in it after an undisturbed run.
    pub(super) after: Tree,
    /// What an undisturbed run prints.
    pub(super) said: String,
    /// How long it took.
    pub(super) duration: std::time::Duration,
}

/// How much there is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Done in a moment.
    Little,
    /// Long enough to be stopped in the middle.
    Long,
}

/// A table of so many people; `step` makes other ones.
fn people(count: usize, step: usize) -> Vec<u8> {
    let mut text = "id,score,gender,age,label,job\n".to_owned();
    for id in 0..count {
        let score = (id * (37 + step) % 997) as f64 / 997.0;
        let _ = writeln!(
            text,
            "{id},{score:.3},{},{},{},j{}",
            ["f", "m"][id % 2],
            20 + id * 7 % 41,
            usize::from(id * (3 + step) % 5 < 2),
            id / 30
        );
    }
    text.into_bytes()
}

/// Command and inputs; the inputs of an earlier run into the same outputs, where it has other ones.
struct Plan {
    name: &'static str,
    words: String,
    inputs: Tree,
    earlier: Option<Tree>,
}

fn plans(size: Size, takes: &impl Fn(&str) -> bool) -> Vec<Plan> {
    let long = size == Size::Long;
    let table = |little: usize, many: usize, step: usize| people(if long { many } else { little }, step);
    let rows = |little: usize, many: usize| {
        let of = |step: usize| -> Tree { [("rows.csv".to_owned(), table(little, many, step))].into() };
        (of(0), Some(of(1)))
    };
    let mut plans = Vec::new();
    let mut plan = |name: &'static str, words: &str, (inputs, earlier): (Tree, Option<Tree>)| {
        plans.push(Plan { name, words: words.to_owned(), inputs, earlier });
    };
    let (score, group, label) = ("--score score", "--group gender", "--label label");
    plan("audit", &format!("audit rows.csv {score} {group} {label} --out audit"), rows(60, 20_000));
    plan("audit --stream", &format!("audit rows.csv {score} {group} {label} --stream --out audit"), rows(60, 60_000));
    plan("rank", &format!("rank rows.csv {score} {group} --job job --top 5 --out ranked.csv --report ranked"), rows(60, 6000));
    plan("skew", &format!("skew rows.csv {group} {label} --alpha 2 --out tilted.csv"), rows(60, 60_000));
    plan("init", "init rows.csv --yes --force", rows(60, 60_000));
    plan("balance copula", &format!("balance rows.csv {group} {label} --rows 200 --out made.csv --report made"), rows(60, 2000));
    plan("balance oversampling", &format!("balance rows.csv {group} {label} --method oversampling --out made.csv"), rows(60, 20_000));
    let fit = if long { models::FIT.replace("epochs=60", "epochs=200") } else { models::FIT.replace("epochs=60", "epochs=2") };
    plan("balance ctgan", &fit, rows(60, 200));
    let recipe = |epochs: usize, method: &str, little, many| {
        let (inputs, earlier) = rows(little, many);
        let with = |mut files: Tree| {
            files.insert("small.toml".to_owned(), models::recipe(epochs, method).into_bytes());
            files
        };
        (with(inputs), earlier.map(with))
    };
    let epochs = if long { 40 } else { 2 };
    plan("run", "run small.toml --out runs", recipe(epochs, models::METHODS[0].1, 60, 600));
    plan("run on made rows", "run small.toml --out runs", recipe(epochs, models::SYNTHESIS, 60, 200));
    let both = format!("{}\n[[method]]\nobjective = \"l2\"\nrebalance = \"oversampling\"", models::METHODS[0].1);
    plan("compare", "compare small.toml --out runs", recipe(epochs, &both, 60, 600));
    if takes("score") {
        let model = models::model(&models::finished(&models::recipe(1, models::METHODS[0].1)));
        let with = |step: usize| {
            let mut files = model.clone();
            files.insert(
                "rows.csv".to_owned(),
                String::from_utf8(table(60, 60_000, step)).unwrap().replace(",m,", ",Männer,").replace(",f,", ",women,").into_bytes(),
            );
            files
        };
        plan("score", "score model rows.csv --out scores.csv", (with(0), Some(with(1))));
    }
    if takes("fetch") {
        // What is fetched has to have the bytes of the original, so that nothing made up will do.
        match std::env::var_os("EVENHAND_HARNESS_GERMAN").map(|folder| tree(Path::new(&folder))) {
            Some(originals) => {
                let inputs = originals.into_iter().map(|(name, bytes)| (format!("from/{name}"), bytes)).collect();
                plan("fetch", "fetch german --from from --to corpora", (inputs, None));
            }
            None => skipped("fetch", "EVENHAND_HARNESS_GERMAN names no folder with german.data and german.doc"),
        }
    }
    let candidates = models::candidates(if long { 40 } else { 3 });
    plan("extract", &format!("extract manifest.csv --out extracted --sensitive gender {CHEAP}"), (candidates.clone(), None));
    if takes("score of recordings") {
        let mut files = candidates;
        files.extend(models::heard().into_iter().filter(|(name, _)| name.starts_with("model/")));
        plan("score of recordings", "score model manifest.csv --out scores.csv", (files, None));
    }
    let torch: Tree = formats::torch().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    plan("weights", "weights convert . --accept-unknown --out w.safetensors", (torch, None));
    let clips: Tree = formats::impressions().into_iter().map(|(name, bytes)| (format!("clips/{name}"), bytes)).collect();
    let clips = clips.into_iter().chain((0..12).map(|clip| (format!("clips/p{}.{clip:03}.mp4", clip / 2), Vec::new()))).collect();
    plan("manifest", "manifest first-impressions clips --out manifest.csv", (clips, None));
    plans
}

/// Runs a plan undisturbed, twice: what it leaves has to be the same.
fn undisturbed(name: String, words: &str, before: Tree) -> Work {
    let once = || -> (Tree, Ended) {
        let folder = TempDir::new().unwrap();
        lay(folder.path(), &before);
        let ended = fine(folder.path(), words);
        (tree(folder.path()), ended)
    };
    let ((after, ended), (again, _)) = (once(), once());
    assert_eq!(differences(&after, &again), Vec::<String>::new(), "{name}: two runs differ");
    Work { name, words: words.to_owned(), before, after, said: ended.stdout, duration: ended.wall }
}

/// All works whose names the choice takes: into an empty folder, and over what an earlier run on other inputs left.
pub(super) fn all(settings: &Settings, size: Size, takes: impl Fn(&str) -> bool) -> Vec<Work> {
    let takes = |name: &str| takes(name) && settings.takes(name);
    let mut works = Vec::new();
    for plan in plans(size, &takes).into_iter().filter(|plan| takes(plan.name)) {
        works.push(undisturbed(plan.name.to_owned(), &plan.words, plan.inputs.clone()));
        if let Some(earlier) = plan.earlier {
            let folder = TempDir::new().unwrap();
            lay(folder.path(), &earlier);
            fine(folder.path(), &plan.words);
            lay(folder.path(), &plan.inputs);
            works.push(undisturbed(format!("{} again", plan.name), &plan.words, tree(folder.path())));
        }
    }
    works
}

/// How two folders differ.
pub(super) fn differences(found: &Tree, wanted: &Tree) -> Vec<String> {
    let missing = wanted.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("{name} is missing"));
    let more = found.keys().filter(|name| !wanted.contains_key(*name)).map(|name| format!("{name} is left over"));
    let other = found
        .iter()
        .filter(|(name, bytes)| wanted.get(*name).is_some_and(|wanted| wanted != *bytes))
        .map(|(name, _)| format!("{name} differs"));
    missing.chain(more).chain(other).collect()
}

impl Work {
    /// A folder as it is before.
    pub(super) fn begin(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        self.begin_in(folder.path());
        folder
    }

    pub(super) fn begin_in(&self, folder: &Path) {
        lay(folder, &self.before);
    }

    /// What is wrong in a folder in which the work was cut short: files that are neither those before nor those after, inputs that are gone.
    pub(super) fn torn(&self, folder: &Path) -> Vec<String> {
        let found = tree(folder);
        // The list of what was fetched holds so far what was.
        let part = |whole: &[u8], bytes: &[u8]| bytes.ends_with(b"\n") && whole.windows(bytes.len()).any(|some| some == bytes);
        let fetched =
            |name: &str, bytes: &[u8]| name.ends_with("SHA256SUMS") && self.after.get(name).is_some_and(|whole| part(whole, bytes));
        let known = |name: &str, bytes: &Vec<u8>| {
            [&self.before, &self.after].iter().any(|files| files.get(name) == Some(bytes)) || fetched(name, bytes)
        };
        let named = |name: &str| self.before.contains_key(name) || self.after.contains_key(name);
        let torn = found
            .iter()
            .filter(|(name, bytes)| named(name) && !known(name, bytes))
            .map(|(name, bytes)| format!("{name} is torn ({} bytes)", bytes.len()));
        // What both a finished run and the start have may not go in between, but for a model: while it is written anew it is none.
        let kept = self.before.keys().filter(|name| self.after.contains_key(*name) && !name.starts_with("runs/models/"));
        let lost = kept.filter(|name| !found.contains_key(*name)).map(|name| format!("{name} is gone"));
        torn.chain(lost).collect()
    }

    /// Files that an error leaves although nobody goes on from them.
    pub(super) fn litter(&self, folder: &Path) -> Vec<String> {
        let found = tree(folder);
        let strange = found.keys().filter(|name| !self.before.contains_key(*name) && !self.after.contains_key(*name));
        strange.filter(|name| models::temporary(name) || name.ends_with("lock")).map(|name| format!("{name} is left behind")).collect()
    }

    /// What is wrong after the same command once more, undisturbed.
    pub(super) fn repeated(&self, folder: &Path) -> Vec<String> {
        let ended = super::child::run(folder, &self.words, &[], super::child::PATIENCE);
        if ended.status.code() != Some(0) {
            return vec![format!("the same command afterwards: {:?}: {}", ended.status, ended.stderr.trim())];
        }
        differences(&tree(folder), &self.after).into_iter().map(|one| format!("after the same command once more: {one}")).collect()
    }

    /// Keeps a folder in which something went wrong.
    pub(super) fn keep(&self, kind: &str, number: usize, folder: &Path, faults: &[String], ended: &Ended) -> String {
        let told = format!(
            "{kind}, {}, case {number}: {}\n$ evenhand {}\n{:?}\n{}",
            self.name,
            faults.join("; "),
            self.words,
            ended.status,
            ended.stderr
        );
        let kept = super::keep(&format!("{kind}-{}-{number}", self.name.replace([' ', '-'], "_")), folder, &told);
        format!("{}, case {number}: {} (kept in {})", self.name, faults.join("; "), kept.display())
    }
}

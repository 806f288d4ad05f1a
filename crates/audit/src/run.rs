//! Recipe to report: load, tilt, split, balance, train, score, measure, join.
//!
//! A comparison is a grid of cells: one per method, seed and fold. Cells do not depend on each other, so they run on several threads,
//! and every finished cell is kept in the output folder: the same command after an interrupt computes only what is missing. A cell is
//! found again by the digest of everything that it depends on, so a changed recipe never meets an old cell.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use evenhand_data::{LOADERS, LoadRequest};
use evenhand_learn::{Candidates, LearnError, OBJECTIVES, Prediction, Rows, RunHooks, Scorer};
use evenhand_media::extract::origin::Origin;
use evenhand_metrics::{Estimate, Finding, Latent, Outcomes};
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::{REBALANCERS, RebalanceError};
use evenhand_rerank::{REPAIRS, Sample, Shortlist};
use evenhand_rows::recordings::Modality;
use evenhand_rows::{Dataset, Encoder, LabelKind, Matrix, SensitiveInput, SensitiveRole, Split, skew, split};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::analyses::choice::{Search, Wish};
use crate::analyses::{contrast, counterfactual, front, importance};
use crate::evidence::Counted;
use crate::recipe::{Choice, CounterfactualName, MethodSection, Recipe, ShortlistSection, SplitSection, SynthesisSection, Together};
use crate::report::{
    ExtractionReport, Front, Importances, Landscape, Measured, MethodChoice, MethodReport, Report, ReportKind, RunReport, Shortlists,
    Sizes, Summary, Synthesis, TargetFindings, Tilt, WithoutModality,
};
use crate::shortlists::Wanted;
use crate::synthetic::{self, FIT_FILES, Fits, Watched};
use crate::versions::versions;
use crate::{AuditError, curves, evidence, lock, lookup, shortlists, write};

/// Who watches a long run: progress bars live in the faces, not here.
pub trait Observer: Sync {
    /// The grid has so many cells, of which some were found finished.
    fn started(&self, _total: usize, _found: usize) {}
    /// A cell begins.
    fn cell_started(&self, _cell: usize, _label: &str) {}
    /// A cell has finished an epoch out of at most so many.
    fn epoch(&self, _cell: usize, _epoch: usize, _epochs: usize) {}
    /// A cell is done.
    fn cell_finished(&self, _cell: usize) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}

/// How a recipe is run.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Where fetched corpora lie; `None` looks where `evenhand fetch` puts them.
    pub data_folder: Option<&'a Path>,
    /// Where finished cells, models and the report go.
    pub out: &'a Path,
    /// Cells that run at a time; `None`: one a core, but one alone where recordings are trained on, as each of those uses all cores and
    /// much memory.
    pub jobs: Option<usize>,
    /// Keeps the fitted scorer of every cell under `out/models/`.
    pub keep_models: bool,
    /// Forgets finished cells of earlier calls.
    pub fresh: bool,
    /// Choose among the methods under limits, judged on validation rows (a sweep).
    pub choose: Option<&'a Wish>,
    /// What kind of report is wanted.
    pub kind: ReportKind,
    /// Set to stop at the next epoch.
    pub interrupted: &'a AtomicBool,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Options").field("out", &self.out).field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// Loads the rows of a recipe and keeps the attributes that it asks for, in its order.
pub fn load(recipe: &Recipe, data_folder: Option<&Path>) -> Result<Dataset, AuditError> {
    let loader = recipe.data.loader.build(LOADERS)?;
    let folder = folder(recipe, data_folder);
    let mut data = loader.load(&LoadRequest {
        folder: folder.as_deref(),
        files: &recipe.files(),
        schema: &recipe.schema(),
        seed: recipe.data.seed,
    })?;
    if !recipe.data.attributes.is_empty() {
        data.sensitive = recipe.data.attributes.iter().map(|name| data.groups(name).cloned()).collect::<Result<_, _>>()?;
    }
    Ok(data)
}

/// The folder of the rows, where the recipe or the user names one.
fn folder(recipe: &Recipe, data_folder: Option<&Path>) -> Option<PathBuf> {
    recipe.data.folder.as_ref().map(|folder| recipe.folder.join(folder)).or_else(|| data_folder.map(Path::to_path_buf))
}

/// Runs every cell of a recipe and joins the report.
pub fn compare(recipe: &Recipe, options: Options<'_>) -> Result<Report, AuditError> {
    let data = load(recipe, options.data_folder)?;
    write::refuse_inputs(options.out, &FILES, data.provenance.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_strangers(options.out)?;
    // What can be refused is refused before hours of training.
    recipe.metrics.check(&data.sensitive)?;
    for key in recipe.limits.keys().chain(recipe.methods.iter().flat_map(|method| method.published.keys())) {
        evidence::check_key(key, &data)?;
    }
    let label = data.label()?.clone();
    for method in &recipe.methods {
        let known = |name: &String| *name == label.name || data.targets.iter().any(|target| target.name == *name);
        if let Some(name) = recipe.training_of(method)?.regularised.iter().find(|name| !known(name)) {
            let targets: Vec<&str> = std::iter::once(&label).chain(&data.targets).map(|target| target.name.as_str()).collect();
            return Err(AuditError::Request(format!(
                "training.regularised names `{name}`, which the model does not learn; known are {} (further ones under data.targets)",
                targets.join(", ")
            )));
        }
    }
    let attribute = data
        .sensitive
        .first()
        .map(|groups| groups.name().to_owned())
        .ok_or_else(|| AuditError::Request("the data has no sensitive attribute; name one under [[data.sensitive]]".to_owned()))?;
    // With one group the terms of such methods are all skipped, and what remains is plain training under another name.
    let present = data.groups(&attribute)?.sizes().iter().filter(|rows| **rows > 0).count();
    for method in recipe.methods.iter().filter(|_| present < 2) {
        if method.objective.build(OBJECTIVES)?.needs().attribute_to_train {
            return Err(AuditError::Request(format!(
                "`{}` compares groups in training, and all rows whose `{attribute}` is known are of one group; act on another attribute, check how \
                 its column is read, or train with objective = \"vanilla\"",
                method.name
            )));
        }
    }
    if let Some(shortlist) = &recipe.shortlist {
        let said = |error: String| AuditError::Request(format!("[shortlist] {error}"));
        let jobs: HashSet<&String> = data.job.iter().flat_map(|job| &job.levels).collect();
        for (job, wanted) in &shortlist.jobs {
            if !jobs.contains(job) {
                return Err(said(format!("jobs: the data has no job `{job}`")));
            }
            wanted.check_groups(data.groups(&attribute)?).map_err(|error| said(format!("jobs.{job}: {error}")))?;
        }
        shortlist.target.check_groups(data.groups(&attribute)?).map_err(|error| said(format!("target: {error}")))?;
    }
    for section in recipe.methods.iter().filter_map(|method| method.synthesise.as_ref()) {
        let groups = data.groups(&attribute)?;
        let shares = Shares::parse(&section.groups).and_then(|shares| shares.resolve(groups.levels(), &groups.sizes()));
        shares.map_err(|error| AuditError::Request(format!("synthesise.groups: {error}")))?;
    }
    let search = options.choose.map(|wish| Search::new(wish, &data)).transpose()?;
    let columns = evidence::columns(&recipe.metrics.table, &data, label.kind)?;
    let extracted = recipe.data.loader.build(LOADERS)?.extracted(folder(recipe, options.data_folder).as_deref());
    let extraction = extracted.as_deref().map(|folder| extraction(recipe, folder)).transpose()?;
    let origin = extracted.as_deref().map(Origin::read).transpose()?;
    let parts = all_parts(recipe, &data, &attribute)?;
    let cells: Vec<Cell<'_>> = recipe
        .methods
        .iter()
        .flat_map(|method| parts.iter().enumerate().map(move |(position, part)| Cell { method, part, first: position == 0 }))
        .collect();
    let folder = options.out.join("cells");
    let _lock = lock::hold(&folder)?;
    if options.fresh {
        forget(&folder)?;
    }
    let data_digest = digest_of_data(&data);
    let digests: Vec<String> = cells.iter().map(|cell| cell.digest(recipe, &data_digest, search.as_ref())).collect::<Result<_, _>>()?;
    let jobs = options.jobs.unwrap_or_else(|| if data.recordings.is_some() { 1 } else { cores() });
    let work = Workshop {
        recipe,
        data: &data,
        attribute: &attribute,
        options,
        jobs,
        folder: &folder,
        origin: origin.as_ref(),
        search: search.as_ref(),
        fits: &Fits::new(&folder),
    };
    work.try_all(&cells, &digests)?;
    let mut runs = work.run_all(&cells, &digests)?;

    let mut methods = Vec::new();
    for (method, runs) in recipe.methods.iter().zip(runs.chunks_mut(parts.len())) {
        for (run, part) in runs.iter_mut().zip(&parts) {
            if method.sample.is_none() {
                let before = part.split.train.len();
                run.sizes.train_before = (before != run.sizes.train).then_some(before);
            }
            if let Some(found) = &mut run.importances {
                importance::associate(found, &data)?;
            }
            run.notes.extend(mixed(recipe, method)?);
        }
        methods.push(MethodReport {
            name: method.name.clone(),
            rebalance: method.rebalance.as_ref().map(Choice::summary),
            sample: method.sample.as_ref().map(Choice::summary),
            synthesise: method.synthesise.as_ref().map(|section| section.method.summary()),
            objective: Some(method.objective.summary()),
            repair: method.repair.as_ref().map(Choice::summary),
            attribute_to_score: method.repair.is_some() || method.objective.build(OBJECTIVES)?.needs().attribute_to_score,
            rerank: method.rerank.as_ref().map(Choice::summary),
            family: method.family.clone(),
            swept: method.swept,
            published: method.published.iter().map(|(metric, value)| (with_attribute(metric, &attribute), (*value).into())).collect(),
            summary: summarise(runs),
            runs: runs.to_vec(),
        });
    }
    let mut summary = evidence::data_summary(&data, recipe.metrics.label_threshold)?;
    summary.tilt = tilts(recipe, &data, &attribute, &parts[0])?;
    summary.tilt.extend(tilts_of_made(recipe, &methods));
    let mut notes = summary.notes.clone();
    if !summary.sensitive_features.is_empty() {
        notes.push(format!("Sensitive columns are among the inputs of the model: {}.", summary.sensitive_features.join(", ")));
    }
    if let Some(skew) = &recipe.skew {
        let groups = data.groups(skew.attribute.as_deref().unwrap_or(&attribute))?;
        let pair = [groups.code(&skew.privileged), groups.code(&skew.unprivileged)];
        let others = groups.codes().iter().filter(|code| !pair.contains(&Some(**code))).count();
        if others > 0 {
            notes.push(format!(
                "The skew keeps rows of `{}` and `{}` only: {others} rows of other or unknown groups train and validate nothing.",
                skew.privileged, skew.unprivileged
            ));
        }
    }
    notes.extend(small_groups(&data, &parts));
    notes.extend(hardly_varying(&methods));
    if label.kind == LabelKind::Binary {
        notes.extend(alike(&methods));
    }
    notes.extend(mixtures(recipe)?);
    notes.extend(evidence::interval_note(methods.iter().flat_map(|method| &method.runs)));
    let choice = search.as_ref().map(|search| search.choose(&methods)).transpose()?;
    let mut report = Report {
        format: crate::FORMAT,
        kind: options.kind,
        title: recipe.name.clone(),
        versions: versions(),
        recipe: recipe.to_json(),
        data: summary,
        contrasts: contrast::contrasts(&methods, &columns),
        methods,
        columns,
        limits: Vec::new(),
        fronts: Vec::new(),
        choice,
        extraction,
        notes,
    };
    report.fronts = fronts(recipe, &report);
    // A sweep answers for the setting it chose; one that chose nothing has failed its limits already.
    report.limits = match (options.choose, &report.choice) {
        (Some(wish), Some(choice)) => evidence::check_limits(&wish.limits, &report, |method| choice.chosen.as_ref() == Some(&method.name))?,
        _ => evidence::check_limits(&recipe.limits, &report, |_| true)?,
    };
    Ok(report)
}

/// The planes of performance and fairness, one an attribute and sample.
fn fronts(recipe: &Recipe, report: &Report) -> Vec<Front> {
    let usual = || Some([lookup::performance_metric(report)?, "spdd".to_owned()]);
    let Some([performance, gap]) = recipe.analyses.front.clone().or_else(usual) else { return Vec::new() };
    let attributes = lookup::attributes(report);
    attributes.iter().flat_map(|attribute| front::compare(&report.methods, &performance, &gap, attribute)).collect()
}

/// Fewer test rows of a group than this are told.
const SMALL: usize = 30;

/// A remark on test parts in which a group has few rows.
fn small_groups(data: &Dataset, parts: &[Part]) -> Option<String> {
    let counted = data.sensitive.iter().flat_map(|groups| {
        parts.iter().flat_map(move |part| {
            let sizes = groups.select(&part.split.test).sizes();
            groups.levels().iter().cloned().zip(sizes).map(move |(level, size)| (size, level, groups.name().to_owned()))
        })
    });
    let (size, level, attribute) = counted.filter(|(size, ..)| *size > 0).min()?;
    (size < SMALL).then(|| {
        format!(
            "The smallest group of the test rows, {attribute} {level}, has {size} in a run: gaps of so few rows are mostly chance; read their \
             intervals, and do not rank methods by them."
        )
    })
}

/// A remark on methods whose scores are nearly one number.
fn hardly_varying(methods: &[MethodReport]) -> Option<String> {
    let flat: Vec<&str> = methods
        .iter()
        .filter(|method| method.runs.iter().any(|run| run.notes.iter().any(|note| note.starts_with(HARDLY))))
        .map(|method| method.name.as_str())
        .collect();
    (!flat.is_empty()).then(|| {
        format!(
            "The scores of {} hardly vary in some runs: small gaps between them say nothing about even treatment; see standardised SPDD and KS.",
            flat.join(", ")
        )
    })
}

/// A remark on methods that decide alike for nearly all.
fn alike(methods: &[MethodReport]) -> Option<String> {
    let names: Vec<&str> = methods.iter().filter(|method| lookup::decides_alike(method)).map(|method| method.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} took one decision for nearly all test rows in some run: gaps of such decisions are small whatever was learned.",
            names.join(", ")
        )
    })
}

/// A remark on a run whose scores are probabilities of a positive decision: what the method promises holds before they are cut.
fn mixed(recipe: &Recipe, method: &MethodSection) -> Result<Option<String>, AuditError> {
    Ok(method.objective.build(OBJECTIVES)?.scores_are_expected_decisions().then(|| {
        format!(
            "its score is the probability of a positive decision in a mixture of classifiers: {} promises its constraint of the mean of these \
             probabilities, and nothing of decisions cut from them at the threshold {}",
            method.objective.id,
            crate::numbers::plain(recipe.metrics.threshold)
        )
    }))
}

/// The same for the whole report.
fn mixtures(recipe: &Recipe) -> Result<Option<String>, AuditError> {
    let mut names = Vec::new();
    for method in &recipe.methods {
        if method.objective.build(OBJECTIVES)?.scores_are_expected_decisions() {
            names.push(method.name.as_str());
        }
    }
    Ok((!names.is_empty()).then(|| {
        format!(
            "The scores of {} are probabilities of a positive decision in a mixture of classifiers. Their constraint is promised of the mean of \
             these probabilities; metrics of decisions cut them at {} first, and of those nothing is promised.",
            names.join(", "),
            crate::numbers::plain(recipe.metrics.threshold)
        )
    }))
}

/// What the extraction of a recipe's recordings found, by the attributes that the recipe names.
fn extraction(recipe: &Recipe, folder: &Path) -> Result<ExtractionReport, AuditError> {
    let schema = recipe.schema();
    let mut sensitive = schema.sensitive.clone();
    if sensitive.is_empty() {
        // A corpus has its attributes from its own files; their columns may stand in the table of candidates, too.
        let known = crate::extraction::columns(folder)?;
        let plain = |name: &String| SensitiveRole { name: name.clone(), columns: vec![name.clone()], rule: None };
        sensitive = recipe.data.attributes.iter().filter(|name| known.contains(name)).map(plain).collect();
    }
    crate::extraction::by_roles(folder, &sensitive, &schema.missing)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `spdd` means the gap of the first attribute; overall performance has none.
fn with_attribute(metric: &str, attribute: &str) -> String {
    if metric.contains('@') || !evidence::compares_groups(metric) { metric.to_owned() } else { format!("{metric}@{attribute}") }
}

/// The rows of one seed and fold.
#[derive(Debug, Clone)]
struct Part {
    seed: u64,
    fold: Option<usize>,
    split: Split,
}

/// The rows as a split sees them: with jobs in the place of persons where jobs stay together.
fn units(data: &Dataset, together: Together) -> Result<Cow<'_, Dataset>, AuditError> {
    if together == Together::Person {
        return Ok(Cow::Borrowed(data));
    }
    let Some(job) = data.job.clone() else {
        return Err(AuditError::Request(
            "[split] together = \"job\", and the data names no jobs; name their column with `job` under [data], or leave `together` out"
                .to_owned(),
        ));
    };
    Ok(Cow::Owned(Dataset {
        name: data.name.clone(),
        label: data.label.clone(),
        sensitive: data.sensitive.clone(),
        person: Some(job),
        rows: data.rows.clone(),
        ..Dataset::default()
    }))
}

fn all_parts(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<Vec<Part>, AuditError> {
    let mut parts = Vec::new();
    for &seed in &recipe.seeds {
        match &recipe.split {
            // What was asked for of the loader must not be lost in the recipe's other half.
            SplitSection::HoldOut { .. } | SplitSection::KFold { .. } if data.parts.is_some() => {
                return Err(AuditError::Request(format!(
                    "the loader `{}` hands out the corpus' own parts, and the recipe cuts it anew; write kind = \"given\" under [split], or \
                     leave the loader's `split` out",
                    recipe.data.loader.id
                )));
            }
            SplitSection::HoldOut { shares, together } => {
                let units = units(data, *together)?;
                parts.push(Part { seed, fold: None, split: split::hold_out(&units, *shares, Some(attribute), seed)? });
            }
            SplitSection::Given => parts.push(Part { seed, fold: None, split: split::given(data)? }),
            SplitSection::KFold { folds, validation_share, together } => {
                let splits = split::k_fold(&*units(data, *together)?, *folds, *validation_share, Some(attribute), seed)?;
                parts.extend(splits.into_iter().enumerate().map(|(fold, split)| Part { seed, fold: Some(fold), split }));
            }
        }
    }
    if let Some(section) = &recipe.skew {
        let groups = data.groups(section.attribute.as_deref().unwrap_or(attribute))?;
        let labels = &data.label()?.values;
        for part in &mut parts {
            // Validation rows come from the same tilted world as the training rows: who trains on biased data has no other.
            for (stream, rows) in [&mut part.split.train, &mut part.split.validation].into_iter().enumerate() {
                let mut rng = random(part.seed, &format!("skew {stream} {:?}", part.fold));
                let chosen: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
                let kept = skew::subset(
                    &chosen,
                    &groups.select(rows),
                    &section.privileged,
                    &section.unprivileged,
                    section.threshold,
                    section.alpha,
                    &mut rng,
                )?;
                *rows = kept.iter().map(|&position| rows[position]).collect();
            }
        }
    }
    Ok(parts)
}

/// A generator for one purpose of one seed: purposes do not share their randomness.
fn random(seed: u64, purpose: &str) -> ChaCha8Rng {
    let digest = Sha256::digest(format!("{seed} {purpose}"));
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&digest);
    ChaCha8Rng::from_seed(bytes)
}

fn digest_of_data(data: &Dataset) -> String {
    let mut hasher = Sha256::new();
    for file in &data.provenance.files {
        hasher.update(format!("{} {} {}\n", file.name, file.bytes, file.sha256));
    }
    hasher.update(format!("{} {}", data.name, data.len()));
    hex(&hasher.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is asked of a cell beyond its numbers, as far as its result depends on it.
#[derive(Debug, serde::Serialize)]
struct Asked<'a> {
    counterfactual: CounterfactualName,
    importance: usize,
    landscape: usize,
    /// Metrics of importances and counterfactual numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<(&'a Option<[String; 2]>, &'a [String])>,
}

impl<'a> Asked<'a> {
    fn of(recipe: &'a Recipe) -> Option<Self> {
        let asked = &recipe.analyses;
        let any = asked.counterfactual != CounterfactualName::None || asked.importance + asked.landscape > 0;
        any.then_some(Asked {
            counterfactual: asked.counterfactual,
            importance: asked.importance,
            landscape: asked.landscape,
            metrics: Some((&asked.front, &recipe.metrics.table)),
        })
    }
}

/// Edition of what a cell holds. Raise it with every change after which the same recipe, data and seed give other numbers in a cell, or a
/// cell holds more or less than before: then cells of earlier programs are computed anew. Fits have an edition of their own.
const EDITION: u32 = 4;

/// Digits of the digest of a cell, or of a fit.
pub(crate) const DIGITS: usize = 24;

/// Characters of a method's name in the name of its model's folder, at most.
const LONGEST_NAME: usize = 100;

/// The file of a model's folder that holds the digest of its cell.
const CELL: &str = "cell";

/// One method on one part of the data.
#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    method: &'a MethodSection,
    part: &'a Part,
    /// The first part of the method carries the plots.
    first: bool,
}

impl Cell<'_> {
    fn label(&self) -> String {
        match self.part.fold {
            Some(fold) => format!("{}, seed {}, fold {}", self.method.name, self.part.seed, fold + 1),
            None => format!("{}, seed {}", self.method.name, self.part.seed),
        }
    }

    /// Name of the folder that its model is kept in: no two cells of a recipe share one.
    fn folder_name(&self) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let name = &self.method.name;
        let mut folder: String = name.chars().take(LONGEST_NAME).map(|letter| if plain(letter) { letter } else { '_' }).collect();
        if folder != *name {
            // What was replaced or cut off must not be what told two names apart.
            folder = format!("{folder}-{}", &hex(&Sha256::digest(name))[..8]);
        }
        let _ = write!(folder, "__seed_{}", self.part.seed);
        if let Some(fold) = self.part.fold {
            let _ = write!(folder, "__fold_{}", fold + 1);
        }
        folder
    }

    /// Digest of everything that the cell's result depends on.
    fn digest(&self, recipe: &Recipe, data: &str, search: Option<&Search>) -> Result<String, AuditError> {
        let json = |value: serde_json::Result<serde_json::Value>| {
            value.map_err(|error| AuditError::Request(format!("the recipe cannot be written as JSON: {error}")))
        };
        let mut text = serde_json::json!({
            "versions": versions(),
            "edition": EDITION,
            "data": data,
            "roles": json(serde_json::to_value(&recipe.data))?,
            "skew": json(serde_json::to_value(&recipe.skew))?,
            "split": json(serde_json::to_value(&recipe.split))?,
            "encoding": json(serde_json::to_value(recipe.encoding))?,
            "metrics": json(serde_json::to_value(&crate::recipe::MetricsSection { table: Vec::new(), ..recipe.metrics.clone() }))?,
            "intervals": json(serde_json::to_value(recipe.intervals))?,
            "model": json(serde_json::to_value(recipe.model_of(self.method)?))?,
            "training": json(serde_json::to_value(recipe.training_of(self.method)?))?,
            "rebalance": json(serde_json::to_value(&self.method.rebalance))?,
            "objective": json(serde_json::to_value(&self.method.objective))?,
            "analyses": json(serde_json::to_value(Asked::of(recipe)))?,
            "seed": self.part.seed,
            "fold": self.part.fold,
            "plots": self.first,
        });
        if self.method.sample.is_some() || self.method.synthesise.is_some() {
            text["sample"] = json(serde_json::to_value(&self.method.sample))?;
            text["synthesise"] = json(serde_json::to_value(&self.method.synthesise))?;
        }
        if self.method.repair.is_some() {
            text["repair"] = json(serde_json::to_value(&self.method.repair))?;
        }
        if let Some(shortlist) = wanted_lists(recipe, self.method) {
            text["shortlist"] = json(serde_json::to_value(&*shortlist))?;
            text["rerank"] = json(serde_json::to_value(&self.method.rerank))?;
        }
        if let Some(search) = search {
            text["validated"] = serde_json::json!(search.wanted());
        }
        Ok(hex(&Sha256::digest(text.to_string()))[..DIGITS].to_owned())
    }
}

/// What all cells share.
#[derive(Debug, Clone, Copy)]
struct Workshop<'a> {
    recipe: &'a Recipe,
    data: &'a Dataset,
    attribute: &'a str,
    options: Options<'a>,
    jobs: usize,
    folder: &'a Path,
    origin: Option<&'a Origin>,
    search: Option<&'a Search>,
    fits: &'a Fits<'a>,
}

impl Workshop<'_> {
    /// Begins every method that has not run yet on its first part and stops it before the first step: one that refuses these rows or settings
    /// does so now, and not after the others have trained.
    fn try_all(&self, cells: &[Cell<'_>], digests: &[String]) -> Result<(), AuditError> {
        if self.recipe.methods.len() < 2 {
            return Ok(());
        }
        let stop = AtomicBool::new(true);
        for (cell, digest) in cells.iter().zip(digests).filter(|(cell, _)| cell.first) {
            if self.folder.join(format!("{digest}.json")).exists() {
                continue;
            }
            let begun = || -> Result<(), AuditError> {
                let part = cell.part;
                let [train, validation, _] = sampled(cell.method, self.data, self.attribute, part)?;
                let train = balanced(cell.method, &train, self.attribute, part.seed)?;
                let encoder = Encoder::fit(&train, self.recipe.encoding())?;
                let (train_inputs, validation_inputs) = (encoder.transform(&train)?, encoder.transform(&validation)?);
                let sensitive = encoder.sensitive_input(&train, self.attribute)?;
                evenhand_learn::fit(
                    &rows(&train, &train_inputs, self.attribute, sensitive.as_ref())?,
                    &rows(&validation, &validation_inputs, self.attribute, sensitive.as_ref())?,
                    &self.recipe.model_of(cell.method)?,
                    &self.recipe.training_of(cell.method)?,
                    cell.method.objective.build(OBJECTIVES)?,
                    part.seed,
                    &mut RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted: &stop },
                )?;
                Ok(())
            };
            match begun() {
                Err(error) if !error.is_interrupt() => {
                    let cause = Box::new(error);
                    return Err(AuditError::Method { method: cell.method.name.clone(), seed: cell.part.seed, cause });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs the cells on `jobs` threads; results come back in the cells' order.
    fn run_all(&self, cells: &[Cell<'_>], digests: &[String]) -> Result<Vec<RunReport>, AuditError> {
        let kept = |index: usize| self.folder.join(format!("{}.json", digests[index]));
        // A model that another recipe left under the same name is not this cell's.
        let complete =
            |twins: &[usize]| !self.options.keep_models || twins.iter().all(|&index| self.has_model(&cells[index], &digests[index]));
        let groups = equal(digests);
        let found: usize = groups.iter().filter(|twins| kept(twins[0]).exists() && complete(twins)).map(Vec::len).sum();
        self.options.observer.started(cells.len(), found);
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<Option<Result<RunReport, AuditError>>>> = Mutex::new((0..cells.len()).map(|_| None).collect());
        let failed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, groups.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let Some(twins) = groups.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                        if failed.load(Ordering::Relaxed) || self.options.interrupted.load(Ordering::Relaxed) {
                            return;
                        }
                        let index = twins[0];
                        let found = finished(&kept(index)).filter(|_| complete(twins));
                        let same: Vec<&Cell<'_>> = twins.iter().map(|&index| &cells[index]).collect();
                        let result = found.map_or_else(|| self.run(index, &same, &digests[index], &kept(index)), Ok);
                        if result.is_err() {
                            failed.store(true, Ordering::Relaxed);
                        }
                        for &index in twins {
                            self.options.observer.cell_finished(index);
                        }
                        if let Ok(mut results) = results.lock() {
                            if let Ok(run) = &result {
                                for &index in &twins[1..] {
                                    results[index] = Some(Ok(run.clone()));
                                }
                            }
                            results[index] = Some(result);
                        }
                    }
                });
            }
        });
        let results = results.into_inner().map_err(|_| AuditError::Request("a training thread panicked; please report it".to_owned()))?;
        let total = results.len();
        let finished = results.iter().filter(|result| matches!(result, Some(Ok(_)))).count();
        let mut runs = Vec::with_capacity(total);
        for result in results.into_iter().flatten() {
            match result {
                Ok(run) => runs.push(run),
                Err(error) if error.is_interrupt() => {}
                Err(error) => return Err(error),
            }
        }
        if runs.len() < total {
            return Err(AuditError::Interrupted { finished, total, folder: self.options.out.to_path_buf() });
        }
        Ok(runs)
    }

    /// Runs the first of some cells with one digest, for all of them.
    fn run(&self, index: usize, twins: &[&Cell<'_>], digest: &str, kept: &Path) -> Result<RunReport, AuditError> {
        let cell = twins[0];
        self.options.observer.cell_started(index, &cell.label());
        let run = self.train_and_measure(index, twins, digest, kept).map_err(|cause| match cause {
            cause @ (AuditError::Interrupted { .. } | AuditError::Io { .. }) => cause,
            cause => AuditError::Method { method: cell.method.name.clone(), seed: cell.part.seed, cause: Box::new(cause) },
        })?;
        let text = serde_json::to_string(&run).map_err(|error| AuditError::Request(format!("a run cannot be written as JSON: {error}")))?;
        write::replace(kept, text.as_bytes())?;
        Ok(run)
    }

    fn train_and_measure(&self, index: usize, twins: &[&Cell<'_>], digest: &str, kept: &Path) -> Result<RunReport, AuditError> {
        let cell = twins[0];
        let Cell { method, part, .. } = cell;
        let [train, validation, test] = sampled(method, self.data, self.attribute, part)?;
        let before = train.len();
        let train = balanced(method, &train, self.attribute, part.seed)?;
        let (train, synthesis) = match &method.synthesise {
            Some(section) => {
                let (made, told) = self.made(cell, index, section, &train, &validation)?;
                (made, Some(told))
            }
            None => (train, None),
        };
        let encoder = Encoder::fit(&train, self.recipe.encoding())?;
        let training = self.recipe.training_of(method)?;
        let checkpoint = kept.with_extension(format!("{index}.checkpoint"));
        let (train_inputs, validation_inputs) = (encoder.transform(&train)?, encoder.transform(&validation)?);
        let sensitive = encoder.sensitive_input(&train, self.attribute)?;
        let scorer = evenhand_learn::fit(
            &rows(&train, &train_inputs, self.attribute, sensitive.as_ref())?,
            &rows(&validation, &validation_inputs, self.attribute, sensitive.as_ref())?,
            &self.recipe.model_of(method)?,
            &training,
            method.objective.build(OBJECTIVES)?,
            part.seed,
            &mut RunHooks {
                checkpoint: Some(checkpoint.clone()),
                resume: true,
                on_epoch: &mut |record| self.options.observer.epoch(index, record.epoch, record.epochs),
                interrupted: self.options.interrupted,
            },
        )?;
        let repair = method.repair.as_ref().map(|choice| self.repaired(choice, &scorer, &validation_inputs, &validation)).transpose()?;
        if self.options.keep_models {
            for twin in twins {
                self.keep(&scorer, &encoder, twin, digest, repair.as_ref())?;
            }
        }
        let mut run = measure(
            self.recipe,
            cell,
            (&scorer, repair.as_ref()),
            &encoder,
            &test,
            self.attribute,
            Sizes {
                train: train.len(),
                train_before: method.sample.as_ref().filter(|_| before != train.len()).map(|_| before),
                validation: validation.len(),
                test: test.len(),
            },
        )?;
        run.synthesis = synthesis;
        let sides = [(&train, &train_inputs), (&validation, &validation_inputs)];
        if !training.trace.is_empty() && run.disparities.is_empty() {
            run.notes.push(format!("nothing was traced: {} fits without gradients of the data loss by group", method.objective.id));
        }
        self.ask(cell, index, &mut run, &scorer, &encoder, sensitive.as_ref(), sides, &test)?;
        if let Some(search) = self.search {
            let mut prediction = scorer.predict(Candidates { features: &validation_inputs, recordings: validation.recordings.as_ref() })?;
            if let Some(repair) = &repair {
                prediction.scores = crate::model::repaired(repair, &prediction.scores, &validation, self.attribute, part.seed)?;
            }
            run.validation = numbers(&search.wanted(), self.recipe, &prediction, &validation)?;
        }
        if checkpoint.exists() {
            fs::remove_dir_all(&checkpoint).map_err(AuditError::io(&checkpoint, "remove the checkpoint"))?;
        }
        Ok(run)
    }

    /// Gate 3: what the repair learns of the scorer's validation scores.
    fn repaired(
        &self,
        choice: &Choice,
        scorer: &Scorer,
        inputs: &Matrix,
        validation: &Dataset,
    ) -> Result<evenhand_rerank::Fitted, AuditError> {
        if validation.is_empty() {
            return Err(AuditError::Request(format!(
                "`{}` is fitted on validation rows, and there are none; give them a share under [split]",
                choice.id
            )));
        }
        let prediction = scorer.predict(Candidates { features: inputs, recordings: validation.recordings.as_ref() })?;
        let groups = validation.groups(self.attribute)?;
        let threshold = self.recipe.metrics.label_threshold;
        let favourable: Vec<bool> = validation.label()?.values.iter().map(|&label| label >= threshold).collect();
        let rows = Shortlist::new(&prediction.scores, groups.codes(), groups.levels())?;
        let mut sample = Sample::new(rows).favourable(&favourable)?;
        if let Some(weights) = &validation.weights {
            sample = sample.weights(weights)?;
        }
        Ok(choice.build(REPAIRS)?.fit(&sample)?)
    }

    /// Rows made in the place of the training rows. A fit that takes long goes on where an interrupted one stopped.
    fn made(
        &self,
        cell: &Cell<'_>,
        index: usize,
        section: &SynthesisSection,
        train: &Dataset,
        validation: &Dataset,
    ) -> Result<(Dataset, Synthesis), AuditError> {
        let seed = cell.part.seed;
        let stage = format!("rows made for {}", cell.method.name);
        let observer = self.options.observer;
        let watched = Watched { epoch: &|epoch, epochs| observer.epoch(index, epoch, epochs), interrupted: self.options.interrupted };
        let threshold = self.recipe.metrics.label_threshold;
        // All stages speak of the same two groups in the same order.
        let loaded = evidence::tilt("as loaded", self.data, self.attribute, None, threshold)?;
        let stage = loaded.filter(|_| cell.first).map(|loaded| synthetic::Stage {
            name: &stage,
            threshold,
            pair: (loaded.privileged, loaded.unprivileged),
        });
        let mut rng = random(seed, "synthesise");
        synthetic::replace(section, train, validation, self.attribute, seed, &mut rng, (self.fits, watched), stage).map_err(|error| {
            match error {
                AuditError::Rebalance(RebalanceError::Stopped) => AuditError::Learn(LearnError::Interrupted { epoch: 0, checkpoint: None }),
                other => other,
            }
        })
    }

    /// What the recipe asks of a fitted scorer beyond its scores.
    #[allow(clippy::too_many_arguments, reason = "one call, right after the fit whose pieces it takes")]
    fn ask(
        &self,
        cell: &Cell<'_>,
        index: usize,
        run: &mut RunReport,
        scorer: &Scorer,
        encoder: &Encoder,
        sensitive: Option<&SensitiveInput>,
        [train, validation]: [(&Dataset, &Matrix); 2],
        test: &Dataset,
    ) -> Result<(), AuditError> {
        let asked = &self.recipe.analyses;
        if cell.method.repair.is_some() && (asked.counterfactual != CounterfactualName::None || asked.importance + asked.landscape > 0) {
            run.notes.push("counterfactual scores, importances and landscape are those of the scorer before its repair".to_owned());
        }
        if asked.counterfactual == CounterfactualName::None && !(cell.first && asked.importance + asked.landscape > 0) {
            return Ok(());
        }
        let features = encoder.transform(test)?;
        let groups = test.groups(self.attribute)?;
        if asked.counterfactual != CounterfactualName::None {
            let Some(input) = sensitive else {
                run.notes.push(format!(
                    "no counterfactual scores: {} is no input of the model, or its group does not settle what its inputs hold (see \
                     data.sensitive_as_features)",
                    self.attribute
                ));
                return self.ask_inputs(cell, run, scorer, encoder, &features, test);
            };
            let columns = evidence::columns(&self.recipe.metrics.table, self.data, self.data.label()?.kind)?;
            let wanted: Vec<(String, Option<String>)> = columns.into_iter().map(|column| (column.metric, column.attribute)).collect();
            let conventions = self.recipe.metrics.conventions(self.attribute);
            let decide = |score: f64| conventions.selects(score);
            let measure = |prediction: &Prediction| numbers(&wanted, self.recipe, prediction, test);
            let scores = scorer.predict(Candidates { features: &features, recordings: test.recordings.as_ref() })?.scores;
            run.counterfactual = counterfactual::rescored(scorer, input, &features, &scores, test, decide, measure)?;
            if let (CounterfactualName::Retrain, Some(found), Some(to)) =
                (asked.counterfactual, run.counterfactual.as_mut(), counterfactual::swapped(input, groups.codes()))
            {
                let rewritten = |(data, matrix): (&Dataset, &Matrix)| -> Result<Matrix, AuditError> {
                    let codes = data.groups(self.attribute)?.codes();
                    Ok(counterfactual::swapped(input, codes).map_or_else(|| matrix.clone(), |to| input.rewritten(matrix, &to)))
                };
                let (train_inputs, validation_inputs) = (rewritten(train)?, rewritten(validation)?);
                let twin = evenhand_learn::fit(
                    &rows(train.0, &train_inputs, self.attribute, sensitive)?,
                    &rows(validation.0, &validation_inputs, self.attribute, sensitive)?,
                    &self.recipe.model_of(cell.method)?,
                    &self.recipe.training_of(cell.method)?,
                    cell.method.objective.build(OBJECTIVES)?,
                    cell.part.seed,
                    &mut RunHooks {
                        checkpoint: None,
                        resume: false,
                        on_epoch: &mut |record| self.options.observer.epoch(index, record.epoch, record.epochs),
                        interrupted: self.options.interrupted,
                    },
                )?;
                let other = input.rewritten(&features, &to);
                let prediction = twin.predict(Candidates { features: &other, recordings: test.recordings.as_ref() })?;
                found.retrained = measure(&prediction)?;
            }
        }
        self.ask_inputs(cell, run, scorer, encoder, &features, test)
    }

    /// Importances of the inputs and the landscape of the loss, of a method's first run.
    fn ask_inputs(
        &self,
        cell: &Cell<'_>,
        run: &mut RunReport,
        scorer: &Scorer,
        encoder: &Encoder,
        features: &Matrix,
        test: &Dataset,
    ) -> Result<(), AuditError> {
        let asked = &self.recipe.analyses;
        if cell.first && asked.importance > 0 {
            let usual = || [evidence::usual_performance(self.data).to_owned(), "spdd".to_owned()];
            let [performance, gap] = asked.front.clone().unwrap_or_else(usual);
            let wanted = [(performance.clone(), None), (gap.clone(), Some(self.attribute.to_owned()))];
            let card = evenhand_metrics::find(&gap)?.card();
            let judge = |prediction: &Prediction| {
                let mut found = numbers(&wanted, self.recipe, prediction, test)?.into_iter().map(|one| one.estimate);
                let performance = found.next().unwrap_or_else(|| Estimate::undefined("not measured"));
                // A gap falls when it comes nearer to its fair value, from whichever side.
                let distance = found.next().and_then(|gap| evidence::distance(card, gap.number()?));
                Ok((performance, distance))
            };
            let mut rng = random(cell.part.seed, "importance");
            let inputs = encoder.input_columns();
            let found = importance::importances(scorer, features, test, &inputs, asked.importance, &mut rng, judge)?;
            if let Some(reason) = found.iter().find_map(|one| one.importance.reason()) {
                run.notes.push(format!("importances that could not be measured ({performance}): {reason}"));
            }
            run.importances =
                Some(Importances { performance, gap, attribute: self.attribute.to_owned(), repeats: asked.importance, inputs: found });
        }
        if cell.first && asked.landscape > 0 {
            let few: Vec<usize> = (0..test.len().min(LANDSCAPE_ROWS)).collect();
            let part = test.select(&few);
            let features = encoder.transform(&part)?;
            let candidates = Candidates { features: &features, recordings: part.recordings.as_ref() };
            if let Some(losses) = scorer.landscape(candidates, &part.label()?.values, asked.landscape) {
                run.landscape = Some(Landscape { rows: few.len(), side: asked.landscape, losses: losses? });
            }
        }
        Ok(())
    }

    /// Saves a model, and then whose it is: the folder of an unfinished write says nothing.
    fn keep(
        &self,
        scorer: &Scorer,
        encoder: &Encoder,
        cell: &Cell<'_>,
        digest: &str,
        repair: Option<&evenhand_rerank::Fitted>,
    ) -> Result<(), AuditError> {
        let folder = self.model_folder(cell);
        crate::model::save(&folder, scorer, encoder, self.recipe, self.origin)?;
        crate::model::save_repair(&folder, repair, self.attribute, cell.part.seed)?;
        write::replace(&folder.join(CELL), digest.as_bytes())
    }

    /// Whether the model of this very cell is kept.
    fn has_model(&self, cell: &Cell<'_>, digest: &str) -> bool {
        let folder = self.model_folder(cell);
        Scorer::is_in(&folder) && fs::read_to_string(folder.join(CELL)).is_ok_and(|kept| kept == digest)
    }

    fn model_folder(&self, cell: &Cell<'_>) -> PathBuf {
        self.options.out.join("models").join(cell.folder_name())
    }
}

/// Places of equal digests, in the order of their first: methods of equal settings are one cell, which runs once.
fn equal(digests: &[String]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: BTreeMap<&String, usize> = BTreeMap::new();
    for (index, digest) in digests.iter().enumerate() {
        let place = *known.entry(digest).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(twins) => twins.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// Removes the finished cells, checkpoints and fits of a folder, and nothing else that lies in it.
fn forget(folder: &Path) -> Result<(), AuditError> {
    for entry in fs::read_dir(folder).map_err(AuditError::io(folder, "read"))? {
        let entry = entry.map_err(AuditError::io(folder, "read"))?;
        let name = entry.file_name();
        let Some(kind) = name.to_str().and_then(cell_file) else { continue };
        let path = entry.path();
        let found = entry.file_type().map_err(AuditError::io(&path, "read"))?;
        match kind {
            CellFile::Finished | CellFile::Fit if found.is_file() => fs::remove_file(&path).map_err(AuditError::io(&path, "remove"))?,
            CellFile::Checkpoint if found.is_dir() => fs::remove_dir_all(&path).map_err(AuditError::io(&path, "remove the checkpoint"))?,
            _ => {}
        }
    }
    Ok(())
}

/// What a name in the folder of cells stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellFile {
    /// `<digest>.json`
    Finished,
    /// `<digest>.<cell>.checkpoint`
    Checkpoint,
    /// `<digest>.generator`, `<digest>.synthesiser`
    Fit,
}

fn cell_file(name: &str) -> Option<CellFile> {
    let mut parts = name.split('.');
    let digest = parts.next()?;
    let hexadecimal = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
    if digest.len() != DIGITS || !digest.bytes().all(hexadecimal) {
        return None;
    }
    let rest: Vec<&str> = parts.collect();
    match rest.as_slice() {
        ["json"] => Some(CellFile::Finished),
        [ending] if FIT_FILES.contains(ending) => Some(CellFile::Fit),
        [number, "checkpoint"] if number.parse::<usize>().is_ok() => Some(CellFile::Checkpoint),
        _ => None,
    }
}

/// A cell that an earlier call finished.
fn finished(path: &Path) -> Option<RunReport> {
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// The lists that a method's scores are made into; a re-ranker asks for them by itself.
fn wanted_lists<'a>(recipe: &'a Recipe, method: &MethodSection) -> Option<Cow<'a, ShortlistSection>> {
    let usual = || method.rerank.as_ref().map(|_| Cow::Owned(ShortlistSection::default()));
    recipe.shortlist.as_ref().map(Cow::Borrowed).or_else(usual)
}

/// Gate 3: the lists of the test rows by score and by the method's re-ranker.
fn shortlists(recipe: &Recipe, cell: &Cell<'_>, scores: &[f64], test: &Dataset) -> Result<Option<Shortlists>, AuditError> {
    let (Some(section), Some(groups)) = (wanted_lists(recipe, cell.method), test.sensitive.first()) else { return Ok(None) };
    // Of the targets of single jobs those that this part tests.
    let tested = |name: &String| test.job.as_ref().is_some_and(|job| job.codes.iter().any(|&code| job.levels[code as usize] == *name));
    let by_job: BTreeMap<String, Wanted> =
        section.jobs.iter().filter(|(name, _)| tested(name)).map(|(name, wanted)| (name.clone(), wanted.clone())).collect();
    let plan = shortlists::Plan {
        reranker: cell.method.rerank.as_ref(),
        wanted: &section.target,
        by_job: &by_job,
        top: section.top,
        seed: cell.part.seed,
    };
    let lists = shortlists::Lists::new(&plan, scores, groups, test.job.as_ref())?;
    let labels = test.label.as_ref().map(|label| label.values.as_slice());
    lists.measure(&plan, groups, labels, recipe.intervals.plan().as_ref(), cell.first).map(Some)
}

/// The rows of a part, training, validation and test, after what the method leaves out of all of them.
fn sampled(method: &MethodSection, data: &Dataset, attribute: &str, part: &Part) -> Result<[Dataset; 3], AuditError> {
    let rows = [(&part.split.train, "train"), (&part.split.validation, "validation"), (&part.split.test, "test")];
    let mut parts = Vec::with_capacity(rows.len());
    for (rows, name) in rows {
        let chosen = data.select(rows);
        parts.push(match &method.sample {
            // An empty validation part has nothing to leave out.
            Some(choice) if !chosen.is_empty() => {
                choice.build(REBALANCERS)?.rebalance(&chosen, attribute, &mut random(part.seed, &format!("sample {name}")))?
            }
            _ => chosen,
        });
    }
    <[Dataset; 3]>::try_from(parts).map_err(|_| AuditError::Request("a part of the split is missing".to_owned()))
}

/// Gate 1 on the training rows.
fn balanced(method: &MethodSection, train: &Dataset, attribute: &str, seed: u64) -> Result<Dataset, AuditError> {
    match &method.rebalance {
        Some(choice) => Ok(choice.build(REBALANCERS)?.rebalance(train, attribute, &mut random(seed, "rebalance"))?),
        None => Ok(train.clone()),
    }
}

pub(crate) fn rows<'a>(
    data: &'a Dataset,
    features: &'a evenhand_rows::Matrix,
    attribute: &str,
    sensitive: Option<&'a SensitiveInput>,
) -> Result<Rows<'a>, AuditError> {
    Ok(Rows {
        features,
        labels: &data.label()?.values,
        groups: data.groups(attribute)?,
        weights: data.weights.as_deref(),
        recordings: data.recordings.as_ref(),
        targets: &data.targets,
        sensitive,
    })
}

fn measure(
    recipe: &Recipe,
    cell: &Cell<'_>,
    (scorer, repair): (&Scorer, Option<&evenhand_rerank::Fitted>),
    encoder: &Encoder,
    test: &Dataset,
    attribute: &str,
    sizes: Sizes,
) -> Result<RunReport, AuditError> {
    let features = encoder.transform(test)?;
    let mut prediction = scorer.predict(Candidates { features: &features, recordings: test.recordings.as_ref() })?;
    if let Some(repair) = repair {
        prediction.scores = crate::model::repaired(repair, &prediction.scores, test, attribute, cell.part.seed)?;
    }
    let labels = &test.label()?.values;
    let plan = recipe.intervals.plan();
    let latent = Latent { width: prediction.latent_width, values: &prediction.latent };
    let mut performance = Vec::new();
    let mut attributes = Vec::new();
    for groups in &test.sensitive {
        let mut outcomes =
            Outcomes::new(&prediction.scores, groups)?.labels(labels)?.conventions(recipe.metrics.conventions(groups.name()));
        if latent.width > 0 {
            outcomes = outcomes.latent(latent)?;
        }
        if let Some(weights) = &test.weights {
            outcomes = outcomes.weights(weights)?;
        }
        let (overall, compared) = evidence::findings(&outcomes, plan.as_ref())?;
        if performance.is_empty() {
            performance = overall;
        }
        attributes.push(evidence::attribute(&outcomes, Counted::of(groups), compared, cell.first));
    }
    let targets = further_targets(&prediction, scorer, test, recipe)?;
    let modalities = if cell.first { without_modalities(&prediction, scorer, &features, test, recipe)? } else { Vec::new() };
    let latent = match (cell.first, test.sensitive.first()) {
        (true, Some(groups)) => curves::latent_plot(latent, groups, labels, recipe.metrics.label_threshold),
        _ => None,
    };
    Ok(RunReport {
        seed: cell.part.seed,
        fold: cell.part.fold,
        sizes,
        performance,
        attributes,
        epochs: curves::epochs(scorer.curves()),
        disparities: curves::disparities(scorer.curves()),
        latent,
        targets,
        modalities,
        counterfactual: None,
        importances: None,
        landscape: None,
        validation: Vec::new(),
        shortlists: shortlists(recipe, cell, &prediction.scores, test)?,
        synthesis: None,
        notes: curves::skips(scorer.curves()).into_iter().chain(scorer.notes().iter().cloned()).chain(flat(&prediction.scores)).collect(),
    })
}

/// Test rows that a landscape is measured on, at most.
const LANDSCAPE_ROWS: usize = 2000;

/// Some numbers of scores and embeddings, without intervals.
fn numbers(
    wanted: &[(String, Option<String>)],
    recipe: &Recipe,
    prediction: &Prediction,
    data: &Dataset,
) -> Result<Vec<Measured>, AuditError> {
    let labels = &data.label()?.values;
    let latent = Latent { width: prediction.latent_width, values: &prediction.latent };
    let mut found = Vec::new();
    for (metric, attribute) in wanted {
        let groups = match (attribute, data.sensitive.first()) {
            (Some(name), _) => data.groups(name)?,
            (None, Some(first)) => first,
            (None, None) => continue,
        };
        let mut outcomes =
            Outcomes::new(&prediction.scores, groups)?.labels(labels)?.conventions(recipe.metrics.conventions(groups.name()));
        if latent.width > 0 {
            outcomes = outcomes.latent(latent)?;
        }
        if let Some(weights) = &data.weights {
            outcomes = outcomes.weights(weights)?;
        }
        let findings = evenhand_metrics::evaluate(&[metric.as_str()], &outcomes, None)?;
        let estimate = findings.into_iter().next().map_or_else(|| Estimate::undefined("not measured"), |finding| finding.estimate);
        found.push(Measured { metric: metric.clone(), attribute: attribute.clone(), estimate });
    }
    Ok(found)
}

/// Scores that vary less than this are told to.
const FLAT: f64 = 0.01;
/// How the remark on them begins.
const HARDLY: &str = "its scores hardly vary";

/// A remark on scores that are nearly one number: gaps between such are small whatever the model learned.
fn flat(scores: &[f64]) -> Option<String> {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
    (deviation < FLAT).then(|| {
        format!(
            "{HARDLY} (standard deviation {deviation:.4}): small gaps between them say nothing; see the gaps in units of the \
             spread (standardised SPDD, KS)"
        )
    })
}

/// What a page says of a set of scores beside the main ones: correlations, error and the gap of the first attribute.
const BRIEF: [&str; 4] = ["pcc", "srcc", "mae", "spdd"];

fn brief(scores: &[f64], labels: &[f64], test: &Dataset, recipe: &Recipe) -> Result<Vec<Finding>, AuditError> {
    let Some(groups) = test.sensitive.first() else { return Ok(Vec::new()) };
    let mut outcomes = Outcomes::new(scores, groups)?.labels(labels)?.conventions(recipe.metrics.conventions(groups.name()));
    if let Some(weights) = &test.weights {
        outcomes = outcomes.weights(weights)?;
    }
    Ok(evenhand_metrics::evaluate(&BRIEF, &outcomes, None)?)
}

fn further_targets(prediction: &Prediction, scorer: &Scorer, test: &Dataset, recipe: &Recipe) -> Result<Vec<TargetFindings>, AuditError> {
    let scored = scorer.targets().iter().zip(&test.targets).enumerate();
    scored
        .map(|(place, (name, target))| {
            let findings = brief(&prediction.target_scores(place), &target.values, test, recipe)?;
            Ok(TargetFindings { target: name.clone(), findings })
        })
        .collect()
}

/// The test rows scored once more without each modality that the model reads.
fn without_modalities(
    prediction: &Prediction,
    scorer: &Scorer,
    features: &evenhand_rows::Matrix,
    test: &Dataset,
    recipe: &Recipe,
) -> Result<Vec<WithoutModality>, AuditError> {
    let Some(recordings) = &test.recordings else { return Ok(Vec::new()) };
    let read = scorer.architecture().interview.as_ref().map_or(&[][..], |settings| &settings.modalities);
    let mut found = Vec::new();
    for modality in recordings.modalities().into_iter().filter(|modality| read.is_empty() || read.contains(modality)) {
        let place = Modality::ALL.iter().position(|one| *one == modality).unwrap_or_default();
        let mut rows = 0;
        for row in 0..recordings.len() {
            rows += usize::from(recordings.presence(row)?[place]);
        }
        let without = recordings.without(modality);
        let other = scorer.predict(Candidates { features, recordings: Some(&without) })?;
        let change: f64 = prediction.scores.iter().zip(&other.scores).map(|(with, without)| (with - without).abs()).sum();
        found.push(WithoutModality {
            modality: modality.name().to_owned(),
            rows,
            score_change: change / prediction.scores.len() as f64,
            findings: brief(&other.scores, &test.label()?.values, test, recipe)?,
        });
    }
    Ok(found)
}

/// Tilt of the data as loaded, after `skew`, and after gate 1 of each method, on the rows of the first run.
fn tilts(recipe: &Recipe, data: &Dataset, attribute: &str, part: &Part) -> Result<Vec<Tilt>, AuditError> {
    let pair = recipe.skew.as_ref().map(|skew| (skew.privileged.clone(), skew.unprivileged.clone()));
    let threshold = recipe.skew.as_ref().map_or(recipe.metrics.label_threshold, |skew| skew.threshold);
    let attribute = recipe.skew.as_ref().and_then(|skew| skew.attribute.as_deref()).unwrap_or(attribute);
    let Some(loaded) = evidence::tilt("as loaded", data, attribute, pair, threshold)? else { return Ok(Vec::new()) };
    // All stages speak of the same two groups in the same order, also where gate 1 made their rates equal.
    let pair = Some((loaded.privileged.clone(), loaded.unprivileged.clone()));
    let mut stages = vec![loaded];
    if recipe.skew.is_some() {
        let train = data.select(&part.split.train);
        stages.extend(evidence::tilt("training rows after skew", &train, attribute, pair.clone(), threshold)?);
    }
    let changes = |method: &&MethodSection| (method.rebalance.is_some() || method.sample.is_some()) && method.swept.is_none();
    let gates = |method: &MethodSection| (method.sample.clone(), method.rebalance.clone());
    // Where methods share a stage, all stages are named by what was done, else by the one method that did it.
    let all: Vec<_> = recipe.methods.iter().filter(changes).map(gates).collect();
    let shared = all.iter().enumerate().any(|(position, one)| all[..position].contains(one));
    let mut told = Vec::new();
    for method in recipe.methods.iter().filter(changes) {
        if told.contains(&gates(method)) {
            continue;
        }
        told.push(gates(method));
        let [train, ..] = sampled(method, data, attribute, part)?;
        let rows = balanced(method, &train, attribute, part.seed)?;
        let uncounted = if rows.weights.is_some() && rows.weights != train.weights { " (rows counted, not its weights)" } else { "" };
        let name = if shared { told_apart(recipe, method) } else { method.name.clone() };
        let stage = format!("training rows after {name}{uncounted}");
        stages.extend(evidence::tilt(&stage, &rows, attribute, pair.clone(), threshold)?);
    }
    Ok(stages)
}

/// What gate 1 leaves of a method's rows, with the parameters that tell it from the recipe's other methods.
fn told_apart(recipe: &Recipe, method: &MethodSection) -> String {
    let gates = |method: &MethodSection| [&method.sample, &method.rebalance].into_iter().flatten().map(Choice::summary).collect::<Vec<_>>();
    let all: Vec<MethodChoice> = recipe.methods.iter().flat_map(gates).collect();
    gates(method).iter().map(|choice| crate::report::naming::apart(choice, &all)).collect::<Vec<_>>().join("; ")
}

/// Tilt of the rows that synthesisers made in the first run; methods that learned from the same rows show them once.
fn tilts_of_made(recipe: &Recipe, methods: &[MethodReport]) -> Vec<Tilt> {
    // How many rows are compared with real ones changes none of them.
    let source = |section: &MethodSection| {
        let made = section.synthesise.clone().map(|made| SynthesisSection { compared: 0, ..made });
        (section.sample.clone(), section.rebalance.clone(), made)
    };
    let sections: Vec<&MethodSection> = recipe.methods.iter().filter(|section| section.swept.is_none()).collect();
    let mut told = Vec::new();
    let mut stages = Vec::new();
    for section in &sections {
        let method = methods.iter().find(|method| method.name == section.name);
        let Some(made) = method.and_then(|method| method.runs.first()?.synthesis.as_ref()) else { continue };
        let source_here = source(section);
        if told.contains(&source_here) {
            continue;
        }
        let alike = sections.iter().filter(|other| source(other) == source_here).count();
        told.push(source_here);
        stages.extend(made.tilt.iter().cloned().map(|tilt| match alike {
            1 => tilt,
            _ => Tilt { stage: format!("rows made for {} and {} more", section.name, alike - 1), ..tilt },
        }));
    }
    stages
}

/// Mean and sample standard deviation of every metric over the runs.
fn summarise(runs: &[RunReport]) -> Vec<Summary> {
    let Some(first) = runs.first() else { return Vec::new() };
    let mut keys: Vec<(String, Option<String>)> = first.performance.iter().map(|finding| (finding.metric.clone(), None)).collect();
    for attribute in &first.attributes {
        keys.extend(attribute.findings.iter().map(|finding| (finding.metric.clone(), Some(attribute.attribute.clone()))));
    }
    keys.into_iter()
        .map(|(metric, attribute)| {
            let estimates: Vec<&Estimate> = runs
                .iter()
                .filter_map(|run| lookup::finding(run, &metric, attribute.as_deref()))
                .map(|finding| &finding.estimate)
                .collect();
            let values: Vec<f64> = estimates.iter().filter_map(|estimate| estimate.number()).collect();
            let undefined = || estimates.first().map_or_else(|| Estimate::undefined("no run measured it"), |estimate| (*estimate).clone());
            let mean = evidence::mean(values.iter().copied()).map_or_else(undefined, Estimate::value);
            Summary { metric, attribute, mean, std: evidence::spread(&values), defined: values.len(), runs: runs.len() }
        })
        .collect()
}

/// The files of a report.
pub(crate) const FILES: [&str; 3] = ["report.json", "report.html", "measures.csv"];

/// Writes `report.json`, `report.html` and `measures.csv` (the main table's numbers of every run) into a folder; each appears whole or not at all. Gives the
/// first two. A file that the report was made of is not replaced.
pub fn write_report(report: &Report, folder: &Path) -> Result<(PathBuf, PathBuf), AuditError> {
    write::refuse_inputs(folder, &FILES, report.data.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_strangers(folder)?;
    fs::create_dir_all(folder).map_err(AuditError::io(folder, "create the folder"))?;
    let [json, page, table] = FILES.map(|name| folder.join(name));
    write::replace(&json, report.to_json()?.as_bytes())?;
    write::replace(&page, crate::report::html::render(report, &crate::registry::cards())?.as_bytes())?;
    write::replace(&table, &crate::report::views::measures::csv(report)?)?;
    Ok((json, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_a_folder_name_of_its_own() {
        let text = "name = \"x\"\n[data]\nloader = \"synthetic\"\n[[method]]\nobjective = \"vanilla\"\n";
        let recipe = Recipe::parse(text, "x.toml", PathBuf::new()).unwrap();
        let long = "a".repeat(150);
        let names = [
            "vanilla",
            "L2 = 0.1",
            "L2_=_0_1",
            "L2 = 0,1",
            "é",
            "ö",
            "公平",
            "vanilla, seed 0",
            &long,
            &long[1..],
            "vanilla__seed_0",
            "..",
        ];
        let mut folders = Vec::new();
        for name in names {
            let method = MethodSection { name: name.to_owned(), ..recipe.methods[0].clone() };
            for (seed, fold) in [(0, None), (1, None), (0, Some(0))] {
                let part = Part { seed, fold, split: Split::default() };
                folders.push(Cell { method: &method, part: &part, first: true }.folder_name());
            }
        }
        assert_eq!(folders[..3], ["vanilla__seed_0", "vanilla__seed_1", "vanilla__seed_0__fold_1"]);
        let safe = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        assert!(folders.iter().all(|folder| folder.chars().all(safe) && folder.len() < 150), "{folders:?}");
        let count = folders.len();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), count, "{folders:?}");
    }

    #[test]
    fn only_names_of_our_own_are_cells() {
        let digest = "0123456789abcdef01234567";
        assert_eq!(cell_file(&format!("{digest}.json")), Some(CellFile::Finished));
        assert_eq!(cell_file(&format!("{digest}.12.checkpoint")), Some(CellFile::Checkpoint));
        assert_eq!(cell_file(&format!("{digest}.generator")), Some(CellFile::Fit));
        assert_eq!(cell_file(&format!("{digest}.synthesiser")), Some(CellFile::Fit));
        for other in ["lock", "plan.json", "0123456789ABCDEF01234567.json", "0123456789abcdef0123456.json"] {
            assert_eq!(cell_file(other), None, "{other}");
        }
        for ending in [".json.bak", ".x.checkpoint", ".checkpoint", "", ".3.json", ".3.generator"] {
            assert_eq!(cell_file(&format!("{digest}{ending}")), None, "{ending}");
        }
    }

    #[test]
    fn equal_digests_stand_together() {
        let digests: Vec<String> = ["a", "b", "a", "c", "b"].map(str::to_owned).into();
        assert_eq!(equal(&digests), [vec![0, 2], vec![1, 4], vec![3]]);
    }
}

//! A recipe's grid of cells, one a method, seed and fold, and the report that their runs are joined into.
//!
//! Cells do not depend on each other, so they run on several threads, and every finished cell is kept in the output folder: the same command after
//! an interrupt computes only what is missing. A cell is found again by the digest of everything that it depends on, so a changed recipe never meets
//! an old cell.

pub(crate) mod cells;
pub(crate) mod checks;
pub(crate) mod digests;
pub(crate) mod join;
pub(crate) mod kept;
pub(crate) mod lock;
pub(crate) mod parts;
pub(crate) mod pool;
pub(crate) mod remarks;
pub(crate) mod workshop;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::analyses::choice::{Search, Wish};
use crate::analyses::contrast;
use crate::recipe::Recipe;
use crate::report::{LeftOut, Remark, Report, ReportKind, price};
use crate::steps::fits::Fits;
use crate::steps::load::{load, read_recordings};
use crate::versions;
use crate::write::FILES;
use crate::{ExperimentError, evidence, report, write};
use workshop::Workshop;

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
    /// The runs of a method took so many seconds each, on average. Reports do not hold it: their bytes depend on recipe, data and seed alone.
    fn method_took(&self, _method: &str, _seconds: f64) {}
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
    /// Keeps the scorer of the chosen method's first run under `out/models/`, for which it is fitted once more where it is not there yet.
    pub keep_chosen: bool,
    /// Forgets finished cells of earlier calls.
    pub fresh: bool,
    /// Choose among the methods under limits, judged on validation rows; without limits, tell what chance gives there (a sweep).
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

/// Runs every cell of a recipe and joins the report.
pub fn compare(recipe: &Recipe, options: Options<'_>) -> Result<Report, ExperimentError> {
    let data = load(recipe, options.data_folder)?;
    write::refuse_inputs(options.out, &FILES, data.provenance.files.iter().map(|file| (&file.name, &file.sha256)))?;
    write::refuse_strangers(options.out)?;
    let attribute = checks::refuse_early(recipe, &data)?;
    let search = options.choose.map(|wish| Search::new(wish, &data)).transpose()?;
    let columns = evidence::columns(&recipe.metrics.table, &data, data.label()?.kind)?;
    let recordings = read_recordings(recipe, options.data_folder)?;
    let parts = parts::cut_parts(recipe, &data, &attribute)?;
    let mut left_out = checks::unfit(recipe, &data, &attribute)?;
    let asked = recipe;
    let recipe = &asked.with_methods(|name| !left_out.iter().any(|one| one.method == name));
    let cells = cells::lay_out(recipe, &parts);

    let folder = options.out.join("cells");
    let _lock = lock::hold(&folder)?;
    if options.fresh {
        kept::forget(&folder)?;
    }
    let digests = digests::digest_cells(&cells, recipe, &data, search.as_ref())?;
    let workshop = Workshop {
        recipe,
        data: &data,
        attribute: &attribute,
        options,
        folder: &folder,
        origin: recordings.as_ref().map(|(_, origin)| origin),
        search: search.as_ref(),
        fits: &Fits::new(&folder),
    };
    left_out.extend(workshop.try_methods(&cells, &digests)?);
    let recipe = &recipe.with_methods(|name| !left_out.iter().any(|one| one.method == name));
    if recipe.methods.is_empty() {
        return Err(nothing_fits(&left_out));
    }
    let workshop = Workshop { recipe, ..workshop };
    let cells = cells::lay_out(recipe, &parts);
    let digests = digests::digest_cells(&cells, recipe, &data, search.as_ref())?;
    let ran = workshop.run_cells(&cells, &digests)?;
    left_out.extend(ran.left_out);
    let recipe = &recipe.with_methods(|name| !left_out.iter().any(|one| one.method == name));

    let mut methods = join::join_methods(recipe, &data, &attribute, &parts, ran.runs)?;
    join::tell_seconds(&mut methods, options.observer);
    let place = |one: &LeftOut| asked.methods.iter().position(|method| method.name == one.method);
    left_out.sort_by_key(place);
    let summary = join::summarise_data(recipe, &data, &attribute, &parts[0], &methods)?;
    let mut notes = remarks::remark(recipe, &data, &attribute, &summary, &parts, &methods)?;
    let mut choice = search.as_ref().map(|search| search.choose(&methods)).transpose()?.flatten();
    let reference = recipe.analyses.reference.clone();
    let chance = search.as_ref().map_or_else(Vec::new, |search| search.chance(&methods, reference.as_deref()));
    if let Some(choice) = choice.as_mut().filter(|_| options.keep_chosen)
        && let Some(kept) = workshop.keep_chosen(&cells, &digests, choice.chosen.as_deref())?
    {
        choice.model = Some(kept.folder);
        let run = methods.iter_mut().find(|method| Some(&method.name) == choice.chosen.as_ref()).and_then(|method| method.runs.first_mut());
        if let Some(run) = run {
            run.model = kept.digest;
        }
    }
    notes.extend(remarks::failed(&left_out));
    notes.extend(chance.iter().map(|one| Remark::new(price::kind_of(one), price::chance_told(one))));
    let mut report = Report {
        format: report::FORMAT,
        kind: options.kind,
        title: recipe.name.clone(),
        versions: versions(),
        particulars: None,
        selected: None,
        law: None,
        recipe: recipe.to_json(),
        data: summary,
        reference,
        contrasts: contrast::contrasts(&methods, &columns),
        methods,
        left_out,
        columns,
        limits: Vec::new(),
        fronts: Vec::new(),
        choice,
        chance,
        extraction: recordings.map(|(extraction, _)| extraction),
        notes,
    };
    report.fronts = join::draw_fronts(recipe, &report);
    report.limits = join::judge_limits(recipe, options.choose, &report)?;
    Ok(report)
}

/// The error of a recipe none of whose methods can work on its rows.
fn nothing_fits(left_out: &[LeftOut]) -> ExperimentError {
    let reasons: Vec<String> = left_out.iter().map(|one| format!("{}: {}", one.method, one.reason)).collect();
    ExperimentError::Request(format!("no method of the recipe can work on these rows; {}", reasons.join("; ")))
}

//! A cell's way through the steps, and the cells on their threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use evenhand_learn::Scorer;
use evenhand_media::extract::origin::Origin;
use evenhand_rerank::Fitted;
use evenhand_rows::{Dataset, Encoder};

use super::cells::Cell;
use super::digests::group_equal;
use super::{Options, kept, pool};
use crate::analyses::choice::Search;
use crate::fitting::Watched;
use crate::model::{self, Beside, KeptRepair};
use crate::recipe::{MethodSection, Recipe};
use crate::report::{LeftOut, RunReport, Sizes, Synthesis};
use crate::steps::RunPlan;
use crate::steps::balance::balance_rows;
use crate::steps::collapse::collapses;
use crate::steps::explain::explain;
use crate::steps::fit::{Sides, fit_scorer};
use crate::steps::fits::Fits;
use crate::steps::measure::{measure_numbers, measure_run};
use crate::steps::repair::{fit_repair, score_rows};
use crate::steps::sample::sample_parts;
use crate::steps::synthesise::{Making, Stage, replace_rows};
use crate::{ExperimentError, evidence};

/// What all cells share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workshop<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) data: &'a Dataset,
    /// The attribute that gate 1 and the objectives act on.
    pub(crate) attribute: &'a str,
    pub(crate) options: Options<'a>,
    /// Where finished cells are kept.
    pub(crate) folder: &'a Path,
    /// How recordings became tensors, where the rows have some.
    pub(crate) origin: Option<&'a Origin>,
    /// What a sweep asks of the validation rows.
    pub(crate) search: Option<&'a Search>,
    /// What synthesisers have learned.
    pub(crate) fits: &'a Fits<'a>,
}

/// A model that was kept: its folder from the report's on, and its digest.
#[derive(Debug)]
pub(crate) struct KeptModel {
    pub(crate) folder: String,
    pub(crate) digest: Option<String>,
}

/// What the cells of a grid found.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Runs of the methods that did not fail, in the order of their cells.
    pub(crate) runs: Vec<RunReport>,
    /// The methods that failed.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Place of a cell, the methods that it runs for, and what went wrong.
type Failure = (usize, Vec<String>, ExperimentError);

/// Methods that failed, while others go on.
#[derive(Debug, Default)]
struct Failures(Mutex<Vec<Failure>>);

impl Failures {
    fn have(&self, method: &str) -> bool {
        self.0.lock().is_ok_and(|failed| failed.iter().any(|(_, names, _)| names.iter().any(|name| name == method)))
    }

    fn add<'a>(&self, cells: impl Iterator<Item = Cell<'a>>, place: usize, error: ExperimentError) {
        if let Ok(mut failed) = self.0.lock() {
            failed.push((place, cells.map(|cell| cell.method.name.clone()).collect(), error));
        }
    }

    /// The failures in the order of the cells, whichever thread met them first.
    fn in_order(self) -> Vec<Failure> {
        let mut failed = self.0.into_inner().unwrap_or_default();
        failed.sort_by_key(|(place, ..)| *place);
        failed
    }
}

impl Workshop<'_> {
    /// Begins every method that has not run yet on its first part and stops it before the first step: one that refuses these rows or settings
    /// does so now, and not after the others have trained. Those that nobody named are left out with their reason.
    pub(crate) fn try_methods(&self, cells: &[Cell<'_>], digests: &[String]) -> Result<Vec<LeftOut>, ExperimentError> {
        let mut refused = Vec::new();
        if self.recipe.methods.len() < 2 {
            return Ok(refused);
        }
        let unfinished = |(cell, digest): &(&Cell<'_>, &String)| cell.first && !kept::file_of(self.folder, digest).exists();
        for (cell, _) in cells.iter().zip(digests).filter(unfinished) {
            match self.begin(cell) {
                Err(error) if error.is_interrupt() => {}
                Err(error) if cell.method.offered && !error.is_io() => {
                    refused.push(LeftOut { method: cell.method.name.clone(), reason: error.to_string(), failed: false });
                }
                Err(error) => {
                    let cause = Box::new(error);
                    return Err(ExperimentError::Method { method: cell.method.name.clone(), seed: cell.part.seed, cause });
                }
                Ok(()) => {}
            }
        }
        Ok(refused)
    }

    /// Begins the fit of a cell, and stops it at once.
    fn begin(&self, cell: &Cell<'_>) -> Result<(), ExperimentError> {
        let stop = Watched { epoch: &|_, _| {}, interrupted: &AtomicBool::new(true) };
        let plan = self.plan(cell);
        let [train, validation, _] = sample_parts(cell.method, self.data, self.attribute, &cell.part.split, plan.seed)?;
        let train = balance_rows(cell.method, &train, self.attribute, plan.seed)?;
        let encoder = Encoder::fit(&train, self.recipe.encoding())?;
        let sides = Sides::encode(&encoder, &train, &validation, self.attribute)?;
        fit_scorer(&plan, &sides, None, stop).map(|_| ())
    }

    /// Runs the cells; results come back in the cells' order. Those of one digest run once, for all of them. A method that fails costs no other its
    /// runs: its further cells are not begun.
    pub(crate) fn run_cells(&self, cells: &[Cell<'_>], digests: &[String]) -> Result<Ran, ExperimentError> {
        let groups = group_equal(digests);
        let found: usize = groups.iter().filter(|twins| self.is_finished(cells, digests, twins)).map(Vec::len).sum();
        self.options.observer.started(cells.len(), found);
        let failures = Failures::default();
        let work = |twins: &Vec<usize>| {
            if twins.iter().all(|&index| failures.have(&cells[index].method.name)) {
                for &index in twins {
                    self.options.observer.cell_finished(index);
                }
                return Ok(None);
            }
            match self.run_twins(cells, digests, twins) {
                Err(error @ ExperimentError::Method { .. }) if !error.is_interrupt() && !error.is_io() => {
                    failures.add(twins.iter().map(|&index| cells[index]), twins[0], error);
                    Ok(None)
                }
                result => result.map(Some),
            }
        };
        let results = pool::do_each(self.threads(), &groups, self.options.interrupted, work)
            .ok_or_else(|| ExperimentError::Request("a training thread panicked; please report it".to_owned()))?;
        let mut runs: Vec<Option<RunReport>> = vec![None; cells.len()];
        let mut stopped = false;
        for (twins, result) in groups.iter().zip(results) {
            match result {
                Some(Ok(Some(run))) => twins.iter().for_each(|&index| runs[index] = Some(run.clone())),
                Some(Ok(None)) => {}
                Some(Err(error)) if !error.is_interrupt() => return Err(error),
                _ => stopped = true,
            }
        }
        if stopped {
            let finished = runs.iter().flatten().count();
            return Err(ExperimentError::Interrupted { finished, total: cells.len(), folder: self.options.out.to_path_buf() });
        }
        let failed = failures.in_order();
        let has_failed = |cell: &Cell<'_>| failed.iter().any(|(_, names, _)| names.contains(&cell.method.name));
        let runs: Vec<RunReport> = runs.into_iter().zip(cells).filter(|(_, cell)| !has_failed(cell)).filter_map(|(run, _)| run).collect();
        let told = |recipe: &Recipe| -> Vec<LeftOut> {
            let of = |method: &MethodSection| {
                let (_, _, error) = failed.iter().find(|(_, names, _)| names.contains(&method.name))?;
                Some(LeftOut { method: method.name.clone(), reason: error.reason(), failed: !(method.offered && error.is_refusal()) })
            };
            recipe.methods.iter().filter_map(of).collect()
        };
        let left_out = told(self.recipe);
        match failed.into_iter().next() {
            // Nothing is left to be told of.
            Some((_, _, error)) if runs.is_empty() => Err(error),
            _ => Ok(Ran { runs, left_out }),
        }
    }

    /// Cells that run at a time: one alone where recordings are trained on, as each of those uses all cores and much memory.
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.options.jobs.unwrap_or_else(|| if self.data.recordings.is_some() { 1 } else { cores() })
    }

    fn plan<'a>(&'a self, cell: &'a Cell<'_>) -> RunPlan<'a> {
        RunPlan {
            recipe: self.recipe,
            method: cell.method,
            attribute: self.attribute,
            seed: cell.part.seed,
            fold: cell.part.fold,
            first: cell.first,
        }
    }

    /// Whether an earlier call finished these cells, with the models of all where models are kept: one that another recipe left under the same
    /// name is not this cell's.
    fn is_finished(&self, cells: &[Cell<'_>], digests: &[String], twins: &[usize]) -> bool {
        let has_models = || twins.iter().all(|&index| self.has_model(&cells[index], &digests[index]));
        kept::file_of(self.folder, &digests[twins[0]]).exists() && (!self.options.keep_models || has_models())
    }

    /// Keeps the model of the first run of the method of this name; nothing without a name.
    pub(crate) fn keep_chosen(
        &self,
        cells: &[Cell<'_>],
        digests: &[String],
        name: Option<&str>,
    ) -> Result<Option<KeptModel>, ExperimentError> {
        let Some(index) = cells.iter().position(|cell| cell.first && Some(cell.method.name.as_str()) == name) else { return Ok(None) };
        let keeper = Workshop { options: Options { keep_models: true, ..self.options }, ..*self };
        let run = keeper.run_twins(cells, digests, &[index])?;
        Ok(Some(KeptModel { folder: format!("models/{}", cells[index].folder_name()), digest: run.model }))
    }

    /// What some cells of one digest found, in an earlier call or now.
    fn run_twins(&self, cells: &[Cell<'_>], digests: &[String], twins: &[usize]) -> Result<RunReport, ExperimentError> {
        let (index, digest) = (twins[0], &digests[twins[0]]);
        let path = kept::file_of(self.folder, digest);
        let found = self.is_finished(cells, digests, twins).then(|| kept::read_finished(&path)).flatten();
        let same: Vec<&Cell<'_>> = twins.iter().map(|&index| &cells[index]).collect();
        let result = found.map_or_else(|| self.run(index, &same, digest, &path), Ok).and_then(|run| {
            let model = self.options.keep_models.then(|| model::digest(&self.model_folder(same[0]))).transpose()?;
            Ok(RunReport { model, ..run })
        });
        for &index in twins {
            self.options.observer.cell_finished(index);
        }
        result
    }

    /// Runs the first of some cells with one digest, for all of them, and keeps what it found.
    fn run(&self, index: usize, twins: &[&Cell<'_>], digest: &str, path: &Path) -> Result<RunReport, ExperimentError> {
        let cell = twins[0];
        self.options.observer.cell_started(index, &cell.label());
        let begun = Instant::now();
        let mut run = self.take_steps(index, twins, digest).map_err(|cause| match cause {
            cause @ (ExperimentError::Interrupted { .. } | ExperimentError::Io { .. }) => cause,
            cause => ExperimentError::Method { method: cell.method.name.clone(), seed: cell.part.seed, cause: Box::new(cause) },
        })?;
        run.seconds = Some(begun.elapsed().as_secs_f64());
        kept::keep_finished(path, &run)?;
        Ok(run)
    }

    /// The steps of one cell: sample, balance, synthesise, fit, repair, measure, explain.
    fn take_steps(&self, index: usize, twins: &[&Cell<'_>], digest: &str) -> Result<RunReport, ExperimentError> {
        let (cell, attribute, plan) = (twins[0], self.attribute, self.plan(twins[0]));
        let on_epoch = |epoch, epochs| self.options.observer.epoch(index, epoch, epochs);
        let watched = Watched { epoch: &on_epoch, interrupted: self.options.interrupted };

        let [train, validation, test] = sample_parts(plan.method, self.data, attribute, &cell.part.split, plan.seed)?;
        let before = train.len();
        let train = balance_rows(plan.method, &train, attribute, plan.seed)?;
        let (train, synthesis) = self.synthesise(&plan, train, &validation, watched)?;

        let encoder = Encoder::fit(&train, self.recipe.encoding())?;
        let sides = Sides::encode(&encoder, &train, &validation, attribute)?;
        let checkpoint = kept::checkpoint_of(self.folder, digest, index);
        let scorer = fit_scorer(&plan, &sides, Some(&checkpoint), watched)?;
        let repair = plan.method.repair.as_ref().map(|choice| fit_repair(&plan, choice, &scorer, &sides)).transpose()?;
        if self.options.keep_models {
            for twin in twins {
                self.keep_model(&scorer, &encoder, twin, digest, repair.as_ref())?;
            }
        }

        let features = encoder.transform(&test)?;
        let prediction = score_rows(&plan, &scorer, repair.as_ref(), &features, &test)?;
        let sizes = Sizes {
            train: train.len(),
            train_before: plan.method.sample.as_ref().filter(|_| before != train.len()).map(|_| before),
            validation: validation.len(),
            test: test.len(),
        };
        let mut run = measure_run(&plan, &scorer, &prediction, &features, &test, sizes)?;
        run.synthesis = synthesis;
        explain(&plan, &scorer, &encoder, &sides, (&test, &features), watched, &mut run)?;
        if let Some(search) = self.search {
            let prediction = score_rows(&plan, &scorer, repair.as_ref(), &sides.validation_inputs, &validation)?;
            run.validation = measure_numbers(&search.wanted(), &self.recipe.metrics, &prediction, &validation)?;
            run.validation_collapsed = collapses(&self.recipe.metrics, &prediction, &validation)?;
        }
        if checkpoint.exists() {
            fs::remove_dir_all(&checkpoint).map_err(ExperimentError::io(&checkpoint, "remove the checkpoint"))?;
        }
        Ok(run)
    }

    /// Gate 1: rows made in the place of the training rows, where the method asks for them. A fit that takes long goes on where an interrupted
    /// one stopped.
    fn synthesise(
        &self,
        plan: &RunPlan<'_>,
        train: Dataset,
        validation: &Dataset,
        watched: Watched<'_>,
    ) -> Result<(Dataset, Option<Synthesis>), ExperimentError> {
        let Some(section) = &plan.method.synthesise else { return Ok((train, None)) };
        let threshold = self.recipe.metrics.label_threshold;
        // All stages speak of the same two groups in the same order.
        let loaded = evidence::tilt("as loaded", self.data, self.attribute, None, threshold)?;
        let name = format!("rows made for {}", plan.method.name);
        let stage =
            loaded.filter(|_| plan.first).map(|loaded| Stage { name: &name, threshold, pair: (loaded.privileged, loaded.unprivileged) });
        let making = Making { section, attribute: self.attribute, seed: plan.seed, fits: self.fits, watched, stage };
        replace_rows(making, &train, validation).map(|(made, told)| (made, Some(told)))
    }

    /// Saves the model of a cell.
    fn keep_model(
        &self,
        scorer: &Scorer,
        encoder: &Encoder,
        cell: &Cell<'_>,
        digest: &str,
        repair: Option<&Fitted>,
    ) -> Result<(), ExperimentError> {
        let repair = repair.map(|fitted| KeptRepair::new(fitted, self.attribute, cell.part.seed));
        let beside = Beside { encoder, recipe: self.recipe, origin: self.origin, repair, cell: digest };
        model::save(&self.model_folder(cell), scorer, &beside)
    }

    /// Whether the model of this very cell is kept.
    fn has_model(&self, cell: &Cell<'_>, digest: &str) -> bool {
        model::holds(&self.model_folder(cell), digest)
    }

    fn model_folder(&self, cell: &Cell<'_>) -> PathBuf {
        self.options.out.join("models").join(cell.folder_name())
    }
}

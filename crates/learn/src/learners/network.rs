//! The recipe's own network under vanilla learning, as a learner of weighted rows.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use evenhand_catalog::Parameters;

use super::{Learner, Response};
use crate::LearnError;
use crate::models::Architecture;
use crate::objectives::vanilla;
use crate::rows::Rows;
use crate::trainer::{RunHooks, Task, fit};
use crate::training::Training;

/// Fits the network anew at each call, from the same first weights.
///
/// Every fit keeps a checkpoint of its own in the run's folder, under the number of the call: a resumed run makes the same calls in the
/// same order and finds the finished ones done.
#[derive(Debug)]
pub(crate) struct Network<'a> {
    architecture: &'a Architecture,
    training: Training,
    interrupted: &'a AtomicBool,
    checkpoint: Option<PathBuf>,
    resume: bool,
    calls: usize,
}

impl<'a> Network<'a> {
    pub(crate) fn new(task: &Task<'a, '_>) -> Result<Self, LearnError> {
        let network = Network {
            architecture: task.architecture,
            // A trace belongs to one training; these are many, on rows of changing labels and weights.
            training: Training { trace: Vec::new(), ..task.training.clone() },
            interrupted: task.run.interrupted,
            checkpoint: task.run.checkpoint.clone(),
            resume: task.run.resume,
            calls: 0,
        };
        if !network.resume {
            network.forget()?;
        }
        Ok(network)
    }

    /// Removes the fits of an earlier run, which would be taken for this one's when this one is resumed.
    fn forget(&self) -> Result<(), LearnError> {
        let mut number = 1;
        while let Some(folder) = self.folder(number).filter(|folder| folder.is_dir()) {
            std::fs::remove_dir_all(&folder).map_err(|source| LearnError::Io { action: "removing", path: folder, source })?;
            number += 1;
        }
        Ok(())
    }

    fn folder(&self, number: usize) -> Option<PathBuf> {
        self.checkpoint.as_ref().map(|folder| folder.join(format!("fit-{number}")))
    }
}

impl Learner for Network<'_> {
    fn fit(&mut self, train: &Rows<'_>, validation: &Rows<'_>, seed: u64) -> Result<Response, LearnError> {
        self.calls += 1;
        let vanilla = (vanilla::ENTRY.build)(&Parameters::default())?;
        let mut quiet = |_: &_| {};
        let mut run =
            RunHooks { checkpoint: self.folder(self.calls), resume: self.resume, on_epoch: &mut quiet, interrupted: self.interrupted };
        let fitted = fit(train, validation, self.architecture, &self.training, vanilla, seed, &mut run)?.into_fitted();
        let scores = fitted.predict(train.candidates())?.scores;
        Ok(Response { fitted, scores })
    }

    fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }
}

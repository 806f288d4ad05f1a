//! What synthesisers have learned, kept beside the cells: finished fits, and those on their way.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::synthesis::{Generator, SYNTHESISERS, Table, Watch};
use evenhand_rows::digest;

use crate::recipe::Choice;
use crate::run::versions;
use crate::{AuditError, write};

/// Digits of the digest of a fit, or of a cell.
pub(crate) const DIGITS: usize = 24;

/// Who watches a fit, of a synthesiser or of a scorer.
#[derive(Clone, Copy)]
pub(crate) struct Watched<'a> {
    /// Told of every epoch out of how many.
    pub(crate) epoch: &'a (dyn Fn(usize, usize) + Sync),
    /// Set to stop at the next epoch.
    pub(crate) interrupted: &'a AtomicBool,
}

impl std::fmt::Debug for Watched<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watched").field("interrupted", &self.interrupted).finish_non_exhaustive()
    }
}

/// Watches a fit, and keeps what it has learned until its rows are safe: an interrupt, or whatever fails between the fit and its rows, does not cost
/// the training, and a crash no more than [`BETWEEN`].
pub(crate) struct Fitting<'a> {
    watched: Watched<'a>,
    /// The file that it is kept in.
    pub(crate) state: PathBuf,
    written: Mutex<Instant>,
}

/// Time between two writes of a fit on its way.
const BETWEEN: Duration = Duration::from_mins(1);

impl<'a> Fitting<'a> {
    pub(crate) fn new(watched: Watched<'a>, state: PathBuf) -> Self {
        Fitting { watched, state, written: Mutex::new(Instant::now()) }
    }
}

impl Fitting<'_> {
    /// Removes what was kept; a file that cannot be removed is one too many and nothing worse.
    pub(crate) fn forget(&self) {
        let _ = fs::remove_file(&self.state);
    }
}

impl Watch for Fitting<'_> {
    fn epoch(&self, epoch: usize, epochs: usize, _: &[(f64, f64)]) -> bool {
        (self.watched.epoch)(epoch, epochs);
        !self.watched.interrupted.load(Ordering::Relaxed)
    }

    fn kept(&self) -> Option<Vec<u8>> {
        fs::read(&self.state).ok()
    }

    fn keep(&self, ends: bool, state: &dyn Fn() -> Vec<u8>) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if ends || written.elapsed() >= BETWEEN {
            // Without the file the next call begins anew, and nothing worse.
            let _ = write::replace(&self.state, &state());
            *written = Instant::now();
        }
    }
}

/// Endings of the files of [`Fits`]: a finished fit, and one on its way.
pub(crate) const FIT_FILES: [&str; 2] = ["generator", "synthesiser"];

/// Edition of a fit. Raise it with every change after which the same method, rows and seed teach a synthesiser something else, or a kept
/// generator is written in another form.
const EDITION: u32 = 2;

/// The fits of a folder of cells, each kept by all that it depends on: cells that differ in what comes after it (scorer, repair, re-ranker)
/// learn it once, in this call or in a later one. A method that does not keep its generators is quick, and is fitted anew.
#[derive(Debug)]
pub(crate) struct Fits<'a> {
    folder: &'a Path,
    /// Held while a fit is on its way: whoever needs the same one waits for it.
    locks: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

impl<'a> Fits<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Fits { folder, locks: Mutex::default() }
    }

    /// What a method has learned of a table.
    pub(crate) fn generator(
        &self,
        method: &Choice,
        table: &Table,
        seed: u64,
        watched: Watched<'_>,
    ) -> Result<Box<dyn Generator>, AuditError> {
        let told = serde_json::json!({
            "versions": versions(),
            "edition": EDITION,
            "method": method.summary(),
            "table": table.digest(),
            "seed": seed,
        });
        let key = &digest::of_bytes(told.to_string().as_bytes())[..DIGITS];
        let [kept, state] = FIT_FILES.map(|ending| self.folder.join(format!("{key}.{ending}")));
        let own = Arc::clone(self.locks.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default());
        let _alone = own.lock().unwrap_or_else(PoisonError::into_inner);
        let synthesiser = method.build(SYNTHESISERS)?;
        let watch = Fitting::new(watched, state);
        if let Some(found) = fs::read(&kept).ok().and_then(|bytes| synthesiser.restore(&bytes).ok()) {
            watch.forget();
            return Ok(found);
        }
        // Who waited for another cell's fit may have been interrupted meanwhile.
        if watched.interrupted.load(Ordering::Relaxed) {
            return Err(RebalanceError::Stopped.into());
        }
        let generator = match synthesiser.fit(table, seed, &watch) {
            // The name says whose state this is, so what does not fit in it was damaged: then the fit begins anew.
            Err(RebalanceError::ForeignState { .. }) => {
                watch.forget();
                synthesiser.fit(table, seed, &watch)?
            }
            other => other?,
        };
        match generator.save() {
            // Where it cannot be kept, what the fit wrote on its way still saves the training.
            Some(bytes) if write::replace(&kept, &bytes).is_err() => {}
            _ => watch.forget(),
        }
        Ok(generator)
    }
}

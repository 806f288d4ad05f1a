//! What synthesisers have learned, kept beside the cells: finished fits, and those on their way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::synthesis::{Generator, SYNTHESISERS, Table};
use evenhand_rows::digest;

use crate::fitting::{Fitting, Watched};
use crate::recipe::Choice;
use crate::versions;
use crate::{ExperimentError, write};

/// Digits of the digest of a fit, or of a cell.
pub(crate) const DIGITS: usize = 24;

/// Endings of the files of [`Fits`]: a finished fit, and one on its way.
pub(crate) const FIT_FILES: [&str; 2] = ["generator", "synthesiser"];

/// Edition of a fit. Raise it with every change after which the same method, rows and seed teach a synthesiser something else, or a kept
/// generator is written in another form.
const EDITION: u32 = 3;

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
    ) -> Result<Box<dyn Generator>, ExperimentError> {
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
        if let Some(bytes) = generator.save() {
            write::replace_privately(&kept, &bytes)?;
        }
        watch.forget();
        Ok(generator)
    }
}

//! The fit of a synthesiser: who watches it, what it keeps on its way, and which columns it learns apart.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use evenhand_rebalance::synthesis::Watch;

use crate::write;

/// Who watches a fit, of a synthesiser or of a scorer.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    /// Told of every epoch out of how many.
    pub epoch: &'a (dyn Fn(usize, usize) + Sync),
    /// Set to stop at the next epoch.
    pub interrupted: &'a AtomicBool,
}

impl std::fmt::Debug for Watched<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watched").field("interrupted", &self.interrupted).finish_non_exhaustive()
    }
}

/// Watches a fit, and keeps what it has learned until its rows are safe: an interrupt, or whatever fails between the fit and its rows, does not cost
/// the training, and a crash no more than [`BETWEEN`].
#[derive(Debug)]
pub struct Fitting<'a> {
    watched: Watched<'a>,
    /// The file that it is kept in.
    pub state: PathBuf,
    written: Mutex<Instant>,
}

/// Time between two writes of a fit on its way.
const BETWEEN: Duration = Duration::from_mins(1);

impl<'a> Fitting<'a> {
    /// Watches for somebody, and keeps the fit in a file.
    pub fn new(watched: Watched<'a>, state: PathBuf) -> Self {
        Fitting { watched, state, written: Mutex::new(Instant::now()) }
    }
}

impl Fitting<'_> {
    /// Removes what was kept; a file that cannot be removed is one too many and nothing worse.
    pub fn forget(&self) {
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
            let _ = write::replace_privately(&self.state, &state());
            *written = Instant::now();
        }
    }
}

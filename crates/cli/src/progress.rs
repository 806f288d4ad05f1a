//! Progress of long work: a bar for the whole and one for each run in progress; nothing when standard error is no terminal.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenhand_experiment::Observer;
use evenhand_experiment::media::extract;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Shows the grid of runs.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    running: Mutex<BTreeMap<usize, ProgressBar>>,
}

impl Bars {
    pub(crate) fn new() -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new(0));
        total.set_style(style("{bar:30} {pos}/{len} runs  {elapsed} elapsed, {eta} left"));
        Bars { all, total, running: Mutex::new(BTreeMap::new()) }
    }
}

/// Shows how many candidates are done, and how many of them failed.
#[derive(Debug)]
pub(crate) struct CandidatesBar {
    bar: ProgressBar,
    failed: AtomicUsize,
}

impl CandidatesBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        bar.set_style(style("{bar:30} {pos}/{len} candidates  {msg}  {elapsed} elapsed, {eta} left"));
        CandidatesBar { bar, failed: AtomicUsize::new(0) }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl extract::Observer for CandidatesBar {
    fn started(&self, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.tick();
    }

    fn candidate_finished(&self, _id: &str, status: &str, _found: bool) {
        if status != extract::STATUS_EXTRACTED {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            self.bar.set_message(format!("{failed} without a record"));
        }
        self.bar.inc(1);
    }
}

/// A bar for bytes that arrive.
pub(crate) fn bytes() -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_style(style("{msg} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}, {eta} left"));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Bars {
    fn started(&self, total: usize, _found: usize) {
        self.total.set_length(total as u64);
        self.total.tick();
    }

    fn cell_started(&self, cell: usize, label: &str) {
        let bar = self.all.add(ProgressBar::new(0));
        bar.set_style(style("  {bar:28} epoch {pos}/{len}  {msg}"));
        bar.set_message(crate::printer::printable(label).into_owned());
        if let Ok(mut running) = self.running.lock() {
            running.insert(cell, bar);
        }
    }

    fn epoch(&self, cell: usize, epoch: usize, epochs: usize) {
        if let Ok(running) = self.running.lock()
            && let Some(bar) = running.get(&cell)
        {
            bar.set_length(epochs as u64);
            bar.set_position(epoch as u64);
        }
    }

    fn cell_finished(&self, cell: usize) {
        if let Ok(mut running) = self.running.lock()
            && let Some(bar) = running.remove(&cell)
        {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
        self.total.inc(1);
        if Some(self.total.position()) == self.total.length() {
            self.total.finish_and_clear();
        }
    }
}

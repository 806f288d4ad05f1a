//! Progress of long work: a bar for the whole and one for each run in progress; a line a minute where standard error is no terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evenhand_experiment::Observer;
use evenhand_experiment::media::extract;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::printer;

/// How often a line is written where no bar can be drawn.
const BETWEEN_LINES: Duration = Duration::from_mins(1);
/// Runs that a line names.
const MOST_NAMED: usize = 3;

/// How far a grid of runs is.
#[derive(Debug, Default)]
struct Standing {
    done: usize,
    total: usize,
    /// Label, epoch and epochs of what runs.
    running: BTreeMap<usize, (String, usize, usize)>,
}

impl Standing {
    /// `3 of 18 runs after 4 min; now gcm, seed 1 (epoch 12 of at most 50)`
    fn line(&self, since: Duration) -> String {
        let mut line = format!("{} of {} runs after {} min", self.done, self.total, since.as_secs() / 60);
        for (place, (label, epoch, epochs)) in self.running.values().take(MOST_NAMED).enumerate() {
            let _ = write!(line, "{}{label}", if place == 0 { "; now " } else { "; " });
            if *epochs > 0 {
                let _ = write!(line, " (epoch {epoch} of at most {epochs})");
            }
        }
        if self.running.len() > MOST_NAMED {
            let _ = write!(line, "; and {} more", self.running.len() - MOST_NAMED);
        }
        line
    }
}

/// A thread that writes a line from time to time, until it is dropped.
#[derive(Debug)]
struct Lines {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Lines for those who see no bars; none on a terminal.
    fn unless_terminal(line: impl Fn(Duration) -> String + Send + 'static) -> Option<Self> {
        (!io::stderr().is_terminal()).then(|| Lines::every(BETWEEN_LINES, line, printer::tell))
    }

    fn every(between: Duration, line: impl Fn(Duration) -> String + Send + 'static, tell: impl Fn(&str) + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let begun = Instant::now();
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(between) == Err(RecvTimeoutError::Timeout) {
                tell(&line(begun.elapsed()));
            }
        });
        Lines { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

/// Shows the grid of runs.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    running: Mutex<BTreeMap<usize, ProgressBar>>,
    standing: Arc<Mutex<Standing>>,
    seconds: Mutex<BTreeMap<String, f64>>,
    lines: Option<Lines>,
}

impl Bars {
    pub(crate) fn new() -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new(0));
        total.set_style(style("{bar:30} {pos}/{len} runs  {elapsed} elapsed, {eta} left"));
        let standing = Arc::new(Mutex::new(Standing::default()));
        let told = Arc::clone(&standing);
        let lines = Lines::unless_terminal(move |since| told.lock().map_or_else(|_| String::new(), |standing| standing.line(since)));
        Bars { all, total, running: Mutex::default(), standing, seconds: Mutex::default(), lines }
    }

    /// Ends the lines; what a run of each method took, in seconds.
    pub(crate) fn finish(mut self) -> BTreeMap<String, f64> {
        self.lines.take();
        self.seconds.into_inner().unwrap_or_default()
    }

    fn stands(&self, change: impl FnOnce(&mut Standing)) {
        if let Ok(mut standing) = self.standing.lock() {
            change(&mut standing);
        }
    }
}

/// How many candidates are done and failed, of how many.
#[derive(Debug, Default)]
struct Extracted {
    done: AtomicUsize,
    failed: AtomicUsize,
    total: AtomicUsize,
}

/// Shows how many candidates are done, and how many of them failed.
#[derive(Debug)]
pub(crate) struct CandidatesBar {
    bar: ProgressBar,
    count: Arc<Extracted>,
    lines: Mutex<Option<Lines>>,
}

impl CandidatesBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        bar.set_style(style("{bar:30} {pos}/{len} candidates  {msg}  {elapsed} elapsed, {eta} left"));
        let count = Arc::new(Extracted::default());
        let told = Arc::clone(&count);
        let lines = Lines::unless_terminal(move |since| {
            let [done, failed, total] = [&told.done, &told.failed, &told.total].map(|count| count.load(Ordering::Relaxed));
            format!("{done} of {total} candidates after {} min, {failed} without a record", since.as_secs() / 60)
        });
        CandidatesBar { bar, count, lines: Mutex::new(lines) }
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
        if let Ok(mut lines) = self.lines.lock() {
            lines.take();
        }
    }
}

impl extract::Observer for CandidatesBar {
    fn started(&self, total: usize) {
        self.count.total.store(total, Ordering::Relaxed);
        self.bar.set_length(total as u64);
        self.bar.tick();
    }

    fn candidate_finished(&self, _id: &str, status: &str, _found: bool) {
        if status != extract::STATUS_EXTRACTED {
            let failed = self.count.failed.fetch_add(1, Ordering::Relaxed) + 1;
            self.bar.set_message(format!("{failed} without a record"));
        }
        self.count.done.fetch_add(1, Ordering::Relaxed);
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
        self.stands(|standing| standing.total = total);
        self.total.set_length(total as u64);
        self.total.tick();
    }

    fn cell_started(&self, cell: usize, label: &str) {
        self.stands(|standing| {
            standing.running.insert(cell, (label.to_owned(), 0, 0));
        });
        let bar = self.all.add(ProgressBar::new(0));
        bar.set_style(style("  {bar:28} epoch {pos}/{len}  {msg}"));
        bar.set_message(printer::printable(label).into_owned());
        if let Ok(mut running) = self.running.lock() {
            running.insert(cell, bar);
        }
    }

    fn epoch(&self, cell: usize, epoch: usize, epochs: usize) {
        self.stands(|standing| {
            if let Some((_, at, of)) = standing.running.get_mut(&cell) {
                (*at, *of) = (epoch, epochs);
            }
        });
        if let Ok(running) = self.running.lock()
            && let Some(bar) = running.get(&cell)
        {
            bar.set_length(epochs as u64);
            bar.set_position(epoch as u64);
        }
    }

    fn cell_finished(&self, cell: usize) {
        self.stands(|standing| {
            standing.running.remove(&cell);
            standing.done += 1;
        });
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

    fn method_took(&self, method: &str, seconds: f64) {
        if let Ok(mut known) = self.seconds.lock() {
            known.insert(method.to_owned(), seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_the_runs_are() {
        let mut standing = Standing { done: 3, total: 18, ..Standing::default() };
        assert_eq!(standing.line(Duration::from_secs(59)), "3 of 18 runs after 0 min");
        standing.running.insert(4, ("gcm, seed 1".to_owned(), 12, 50));
        standing.running.insert(5, ("fairgbm, seed 0".to_owned(), 0, 0));
        assert_eq!(
            standing.line(Duration::from_secs(245)),
            "3 of 18 runs after 4 min; now gcm, seed 1 (epoch 12 of at most 50); fairgbm, seed 0"
        );
        standing.running.extend((6..9).map(|cell| (cell, (format!("run {cell}"), 0, 0))));
        assert!(standing.line(Duration::ZERO).ends_with("; run 6; and 2 more"));
    }

    #[test]
    fn lines_come_until_they_are_dropped() {
        let (told, heard) = mpsc::channel();
        let lines = Lines::every(Duration::from_millis(5), |_| "a line".to_owned(), move |line| drop(told.send(line.to_owned())));
        for _ in 0..3 {
            assert_eq!(heard.recv_timeout(Duration::from_secs(20)).as_deref(), Ok("a line"));
        }
        drop(lines);
        // Its thread has ended, and with it the other end of the channel.
        while heard.try_recv().is_ok() {}
        assert_eq!(heard.recv_timeout(Duration::from_secs(20)), Err(RecvTimeoutError::Disconnected));
        // What lasts less than the time between two lines says nothing.
        let (told, heard) = mpsc::channel();
        drop(Lines::every(Duration::from_hours(1), |_| String::new(), move |line| drop(told.send(line.to_owned()))));
        assert!(heard.recv_timeout(Duration::from_secs(20)).is_err());
    }
}

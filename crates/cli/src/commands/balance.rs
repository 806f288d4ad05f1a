//! `balance`: gate 1 on a file.

use std::path::Path;

use evenhand_audit::settings::Choice;
use evenhand_experiment::balancing::{BalanceRequest, BalancedFile, Progress, balance as balance_file};
use evenhand_experiment::registry;
use evenhand_report::views::{making, tables};
use indicatif::{ProgressBar, ProgressStyle};

use evenhand_rows::LabelRole;

use super::{Outcome, grid};
use crate::args::Balance;
use crate::printer;

pub(crate) fn balance(arguments: Balance, json: bool) -> anyhow::Result<Outcome> {
    let names: Vec<&str> =
        arguments.files.iter().map(|file| Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file)).collect();
    let reader = arguments.reading.reader(&arguments.files, arguments.read)?;
    let report_folder = arguments.report.clone();
    let out = arguments.out.clone();
    let bar = Bar::new();
    let made = balance_file(
        &BalanceRequest {
            title: arguments.title.clone().unwrap_or_else(|| format!("Balanced rows of {}", names.join(", "))),
            files: arguments.files,
            group: arguments.group,
            label: arguments.label.map(|column| LabelRole {
                column,
                favourable: arguments.favourable,
                undecided: arguments.undecided,
                range: arguments.label_range,
            }),
            job: arguments.job,
            reader,
            method: Choice { id: arguments.method, parameters: arguments.set.into_iter().collect() },
            rows: arguments.rows,
            groups: arguments.groups,
            labels: arguments.labels,
            keep_copies: arguments.keep_copies,
            hold_out: arguments.hold_out,
            compared: arguments.compared,
            threshold: arguments.threshold,
            seed: arguments.seed,
            out: out.clone(),
            report: report_folder.clone(),
        },
        &bar,
        grid::interrupted()?,
    );
    bar.0.finish_and_clear();
    let BalancedFile { report, rows, notes } = made?;
    let written = report_folder.map(|folder| evenhand_experiment::write_report(&report, &folder)).transpose()?;
    if json {
        grid::show(&report, true)?;
    } else {
        for note in &notes {
            printer::tell(&format!("note: {note}"));
        }
        printer::table(&tables::tilt_table(&report))?;
        for table in making::tables(&report, &registry::cards()) {
            printer::table(&table)?;
        }
    }
    printer::tell(&format!("Balanced rows: {} ({rows})", out.display()));
    if let Some((file, page)) = written {
        printer::tell(&format!("Report: {} (open it in a browser), {}", page.display(), file.display()));
    }
    Ok(Outcome::Fine)
}

/// The epochs of a fit; hidden where the output is no terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar.set_message("learning the rows");
        Bar(bar)
    }
}

impl Progress for Bar {
    fn epoch(&self, epoch: usize, epochs: usize) {
        self.0.set_length(epochs as u64);
        self.0.set_position(epoch as u64);
    }
}

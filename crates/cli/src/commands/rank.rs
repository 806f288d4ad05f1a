//! `rank`: the candidates of a file in a new order, with the reason of every place.

use std::path::Path;

use evenhand_audit::settings::{Choice, IntervalSection};
use evenhand_audit::shortlists::{RankRequest, Ranked, rank as rank_file};
use evenhand_report::Report;
use evenhand_report::views::listing;

use evenhand_rows::LabelRole;

use super::{Outcome, grid};
use crate::args::Rank;
use crate::printer;

pub(crate) fn rank(arguments: Rank, json: bool) -> anyhow::Result<Outcome> {
    let names: Vec<&str> =
        arguments.files.iter().map(|file| Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file)).collect();
    let reader = arguments.reading.reader(&arguments.files, arguments.read)?;
    let report_folder = arguments.report.clone();
    let out = arguments.out.clone();
    let Ranked { report, notes } = rank_file(&RankRequest {
        title: arguments.title.clone().unwrap_or_else(|| format!("Shortlists of {}", names.join(", "))),
        files: arguments.files,
        score: arguments.score,
        lower_is_better: arguments.lower_is_better,
        group: arguments.group,
        job: arguments.job,
        label: arguments.label.map(|column| LabelRole {
            column,
            favourable: arguments.favourable,
            undecided: arguments.undecided,
            range: arguments.label_range,
        }),
        reader,
        skip_unscored: arguments.skip_unscored,
        method: Choice { id: arguments.method, parameters: arguments.set.into_iter().collect() },
        target: arguments.target,
        target_column: arguments.target_column,
        top: arguments.top,
        seed: arguments.seed,
        intervals: IntervalSection { level: arguments.level, replicates: arguments.replicates, permutations: 0, seed: arguments.seed },
        out: out.clone(),
        report: report_folder.clone(),
    })?;
    let written = report_folder.map(|folder| evenhand_experiment::write_report(&report, &folder)).transpose()?;
    show(&report, &notes, json)?;
    printer::tell(&format!("Ranked candidates: {}", out.display()));
    if let Some((file, page)) = written {
        printer::tell(&format!("Report: {} (open it in a browser), {}", page.display(), file.display()));
    }
    Ok(Outcome::Fine)
}

fn show(report: &Report, notes: &[String], json: bool) -> anyhow::Result<()> {
    if json {
        return grid::show(report, true);
    }
    for note in notes {
        printer::tell(&format!("note: {note}"));
    }
    for table in listing::tables(report) {
        printer::table(&table)?;
    }
    Ok(())
}

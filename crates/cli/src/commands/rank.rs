//! `rank`: the candidates of a file in a new order, with the reason of every place.

use std::collections::BTreeMap;

use anyhow::bail;
use evenhand_audit::rank::{COLUMNS, RankSettings, Ranking, rank as rank_rows};
use evenhand_audit::settings::{Choice, IntervalSection};
use evenhand_data::sheet::{self, Cells, Notation, ReadOptions, Reading, Sheet, Style, ValueStyle};
use evenhand_data::table;
use evenhand_report::views::listing;
use evenhand_report::{Remark, Report, narrow};
use evenhand_rows::{LabelRole, Schema, SensitiveRole, roles};

use super::{Outcome, grid, told_written};
use crate::args::Rank;
use crate::reading::{names, told_favourable};
use crate::{outputs, printer};

pub(crate) fn rank(arguments: &Rank, json: bool) -> anyhow::Result<Outcome> {
    outputs::try_out(&arguments.out, arguments.report.as_deref(), &arguments.files)?;
    let options = arguments.reading.options(&arguments.files, arguments.read.clone())?;
    let columns = table::columns(&arguments.files, &options.settings.file)?;
    if let Some(name) = COLUMNS.iter().find(|name| columns.iter().any(|known| known == *name)) {
        bail!("the file has a column `{name}` already, which the ranking would add; rename it");
    }
    let role = SensitiveRole::parse(&arguments.group, &columns)?;
    let label = arguments.label.clone().map(|column| LabelRole {
        column,
        favourable: arguments.favourable.clone(),
        undecided: arguments.undecided.clone(),
        range: arguments.label_range,
    });
    let mut sheet = read(arguments, &options, &columns, label.as_ref(), &role)?;
    let schema = Schema {
        features: Some(Vec::new()),
        label,
        sensitive: vec![role.clone()],
        job: arguments.job.clone(),
        missing: options.missing.clone(),
        keep_unlabelled: true,
        categories: options.categories.clone(),
        ..Schema::default()
    };
    let mut data = roles::dataset(&sheet.table, &arguments.files.join(", "), &schema)?;
    let mut notes = sheet.notes.clone();
    notes.extend(data.provenance.notes.iter().filter(|note| !sheet.notes.contains(note)).cloned());
    (data.provenance.notes, data.provenance.files) = (notes, sheet.files.clone());
    let scores = score_column(&sheet, &arguments.score)?;
    let target_column = arguments.target_column.as_ref().map(|name| sheet.table.position(name)).transpose()?;
    let settings = settings(arguments, role.name, &options, target_column.map(|position| sheet.table.columns[position].clone()));
    let Ranking { report, notes, order, columns } = rank_rows(&data, &scores, &settings)?;

    sheet.restore_texts();
    sheet.table = sheet.table.select(&order);
    for column in columns {
        let values = match column.cells {
            Cells::Numbers { .. } => ValueStyle::Number { notation: Notation::PLAIN, fixed: false },
            Cells::Categories { .. } => ValueStyle::Text,
        };
        sheet.styles.push(Style { values, missing: String::new() });
        sheet.table.columns.push(column);
    }
    arguments.writing.write(&arguments.out, &sheet.to_csv(&sheet.table)?, sheet.separator())?;
    let written = arguments.report.as_ref().map(|folder| evenhand_experiment::write_report(&report, folder)).transpose()?;
    show(&report, &notes, json)?;
    printer::tell(&format!("Ranked candidates: {}", arguments.out.display()));
    if let Some(written) = written {
        told_written(&written);
    }
    Ok(Outcome::Fine)
}

/// The rows as they came, but for the score, which is a number.
fn read(
    arguments: &Rank,
    options: &ReadOptions,
    columns: &[String],
    label: Option<&LabelRole>,
    role: &SensitiveRole,
) -> anyhow::Result<Sheet> {
    let mut carrying = options.carrying(columns, label, role);
    if !options.readings.contains_key(&arguments.score) {
        carrying.readings.insert(arguments.score.clone(), Reading::Number);
    }
    carrying.settled.push(arguments.score.clone());
    if !arguments.skip_unscored {
        carrying.complete = vec![arguments.score.clone()];
    }
    Ok(sheet::read(&arguments.files, &carrying)?)
}

/// The scores; NaN where there is none.
fn score_column(sheet: &Sheet, name: &str) -> anyhow::Result<Vec<f64>> {
    match &sheet.table.columns[sheet.table.position(name)?].cells {
        Cells::Numbers { values, .. } => Ok(values.clone()),
        Cells::Categories { .. } => bail!("column `{name}` holds no numbers; name the column of the score with --score"),
    }
}

fn settings(arguments: &Rank, attribute: String, options: &ReadOptions, target_column: Option<sheet::Column>) -> RankSettings {
    let own = serde_json::json!({
        "files": arguments.files,
        "score": arguments.score,
        "group": arguments.group,
        "job": arguments.job,
        "label": arguments.label,
        "favourable": told_favourable(&arguments.favourable),
        "missing": options.missing,
        "read": options.readings.iter().map(|(column, reading)| (column, reading.word())).collect::<BTreeMap<_, _>>(),
        "skip_unscored": arguments.skip_unscored,
    });
    let said = [("label_range", serde_json::json!(arguments.label_range)), ("undecided", serde_json::json!(arguments.undecided))];
    RankSettings {
        title: arguments.title.clone().unwrap_or_else(|| format!("Shortlists of {}", names(&arguments.files))),
        lower_is_better: arguments.lower_is_better,
        attribute,
        method: Choice { id: arguments.method.clone(), parameters: arguments.set.iter().cloned().collect() },
        target: arguments.target.clone(),
        target_column,
        top: arguments.top,
        as_published: arguments.as_published,
        seed: arguments.seed,
        intervals: IntervalSection { level: arguments.level, replicates: arguments.replicates, permutations: 0, seed: arguments.seed },
        reading: arguments.reading.told(&own, &said),
    }
}

fn show(report: &Report, notes: &[Remark], json: bool) -> anyhow::Result<()> {
    if json {
        return grid::show(report, true);
    }
    let report = &*narrow::narrowed(report, grid::LONGEST_NAME);
    for note in notes {
        printer::tell(&format!("note: {note}"));
    }
    for table in listing::tables(report) {
        printer::table(&table)?;
    }
    Ok(())
}

//! `balance`: gate 1 on a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use evenhand_audit::AuditError;
use evenhand_audit::balance::{BalanceSettings, Original, Resampled, Synthesised, resample, synthesise};
use evenhand_audit::settings::Choice;
use evenhand_data::sheet::{self, Cells, Column, Form, Notation, ReadOptions, Reading, Sheet, Style, ValueStyle};
use evenhand_data::table;
use evenhand_experiment::fitting::{Fitting, Watched};
use evenhand_experiment::{Learners, registry};
use evenhand_rebalance::RebalanceError;
use evenhand_report::views::{making, tables};
use evenhand_report::{Remark, Report, narrow};
use evenhand_rows::{LabelRole, Provenance, Schema, SensitiveRole, roles};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, grid, told_written};
use crate::args::Balance;
use crate::reading::{label_threshold, names, told_favourable};
use crate::{outputs, printer};

pub(crate) fn balance(arguments: &Balance, json: bool) -> anyhow::Result<Outcome> {
    outputs::try_out(&arguments.out, arguments.report.as_deref(), &arguments.files)?;
    let options = arguments.reading.options(&arguments.files, arguments.read.clone())?;
    let settings = settings(arguments, &options)?;
    settings.check(arguments.job.is_some())?;
    let columns = table::columns(&arguments.files, &options.settings.file)?;
    let role = SensitiveRole::parse(&arguments.group, &columns)?;
    let schema = Schema {
        features: Some(Vec::new()),
        label: arguments.label.clone().map(|column| LabelRole {
            column,
            favourable: arguments.favourable.clone(),
            undecided: arguments.undecided.clone(),
            range: arguments.label_range,
        }),
        sensitive: vec![role],
        job: arguments.job.clone(),
        missing: options.missing.clone(),
        categories: options.categories.clone(),
        ..Schema::default()
    };
    let balanced = if settings.makes_rows()? {
        made(arguments, &options, &schema, &settings)?
    } else {
        chosen(arguments, &options, &columns, &schema, &settings)?
    };
    let written = arguments.report.as_ref().map(|folder| evenhand_experiment::write_report(&balanced.report, folder)).transpose()?;
    if json {
        grid::show(&balanced.report, true)?;
    } else {
        for note in &balanced.notes {
            printer::tell(&format!("note: {note}"));
        }
        let report = narrow::narrowed(&balanced.report, grid::LONGEST_NAME);
        printer::table(&tables::tilt_table(&report))?;
        for table in making::tables(&report, &registry::cards()) {
            printer::table(&table)?;
        }
    }
    printer::tell(&format!("Balanced rows: {} ({})", arguments.out.display(), balanced.rows));
    if let Some(written) = written {
        told_written(&written);
    }
    Ok(Outcome::Fine)
}

/// What was written.
struct Balanced {
    report: Report,
    notes: Vec<Remark>,
    rows: usize,
}

fn settings(arguments: &Balance, options: &ReadOptions) -> anyhow::Result<BalanceSettings> {
    let readings: BTreeMap<&String, &str> = options.readings.iter().map(|(column, reading)| (column, reading.word())).collect();
    let own = serde_json::json!({
        "files": arguments.files,
        "group": arguments.group,
        "label": arguments.label,
        "favourable": told_favourable(&arguments.favourable),
        "job": arguments.job,
        "readings": readings,
    });
    let said = [("label_range", serde_json::json!(arguments.label_range)), ("undecided", serde_json::json!(arguments.undecided))];
    Ok(BalanceSettings {
        title: arguments.title.clone().unwrap_or_else(|| format!("Balanced rows of {}", names(&arguments.files))),
        method: Choice { id: arguments.method.clone(), parameters: arguments.set.iter().cloned().collect() },
        rows: arguments.rows,
        groups: arguments.groups.clone(),
        labels: arguments.labels.clone(),
        keep_copies: arguments.keep_copies,
        hold_out: arguments.hold_out,
        compared: arguments.compared,
        threshold: label_threshold("--threshold", arguments.threshold, arguments.label_range)?,
        seed: arguments.seed,
        reading: arguments.reading.told(&own, &said),
    })
}

/// Rows left out, repeated or weighed; every column is carried along as it is written.
fn chosen(
    arguments: &Balance,
    options: &ReadOptions,
    columns: &[String],
    schema: &Schema,
    settings: &BalanceSettings,
) -> anyhow::Result<Balanced> {
    let role = &schema.sensitive[0];
    let sensitive = if role.is_cut() { Vec::new() } else { role.columns.clone() };
    let options = ReadOptions { sensitive, ..options.carrying(columns, schema.label.as_ref(), role) };
    let mut sheet = sheet::read(&arguments.files, &options)?;
    let mut data = roles::dataset(&sheet.table, &arguments.files.join(", "), schema)?;
    let notes = sheet.notes.iter().chain(&data.provenance.notes).cloned().collect();
    (data.provenance.notes, data.provenance.files) = (notes, sheet.files.clone());
    let Resampled { report, notes, rows, weights } = resample(&data, &role.name, settings)?;
    // Rows without a label may have been left out: those of the file are meant.
    let rows: Vec<usize> = rows.iter().map(|&row| data.rows[row] as usize - 1).collect();
    sheet.restore_texts();
    sheet.table = sheet.table.select(&rows);
    if let Some(weights) = weights {
        add_weights(&mut sheet, weights)?;
    }
    arguments.writing.write(&arguments.out, &sheet.to_csv(&sheet.table)?, sheet.separator())?;
    Ok(Balanced { report, notes, rows: rows.len() })
}

fn add_weights(sheet: &mut Sheet, weights: Vec<f64>) -> anyhow::Result<()> {
    const WEIGHT: &str = "weight";
    const DECIMALS: usize = 9;
    if sheet.table.columns.iter().any(|column| column.name == WEIGHT) {
        bail!("the file has a column `{WEIGHT}` already, which reweighing would add; rename it");
    }
    let cells = Cells::Numbers { form: Form::Real { decimals: DECIMALS }, values: weights };
    sheet.table.columns.push(Column { name: WEIGHT.to_owned(), cells });
    sheet.styles.push(Style { values: ValueStyle::Number { notation: Notation::PLAIN, fixed: false }, missing: String::new() });
    Ok(())
}

/// New rows by a synthesiser.
fn made(arguments: &Balance, options: &ReadOptions, schema: &Schema, settings: &BalanceSettings) -> anyhow::Result<Balanced> {
    let mut readings = options.readings.clone();
    if let Some(label) = &schema.label {
        readings.insert(label.column.clone(), Reading::Categories);
    }
    let labels = schema.label.iter().map(|label| label.column.clone()).collect();
    let options = ReadOptions { readings, sensitive: schema.sensitive[0].columns.clone(), labels, ..options.clone() };
    let sheet = sheet::read(&arguments.files, &options)?;
    let left_out = sheet.left_out.iter().map(|left| format!("column `{}` is left out: {}", left.column, left.reason));
    let notes = sheet.notes.iter().cloned().chain(left_out).collect();
    let provenance = Provenance { loader: "table".to_owned(), files: sheet.files.clone(), notes };
    let name = arguments.files.join(", ");
    let original = Original { table: &sheet.table, name: &name, schema, provenance: &provenance };

    let interrupted = grid::interrupted()?;
    let bar = Bar::new();
    let told = |epoch, epochs| bar.epoch(epoch, epochs);
    let watch = Fitting::new(Watched { epoch: &told, interrupted }, state_of(&arguments.out));
    let found = synthesise(&original, settings, &watch, Some(&Learners { interrupted }));
    bar.0.finish_and_clear();
    let Synthesised { report, notes, table } = found.map_err(|error| {
        // What was read how, and which columns were left out, is often the cause.
        provenance.notes.iter().for_each(|note| printer::tell(&format!("note: {note}")));
        told_fit(error, &watch.state)
    })?;
    arguments.writing.write_made(&arguments.out, &sheet.to_csv(&table)?, sheet.separator())?;
    watch.forget();
    Ok(Balanced { report, notes, rows: table.rows() })
}

/// Where an unfinished fit is kept.
fn state_of(out: &Path) -> PathBuf {
    let file = out.file_name().map_or_else(|| "balanced".to_owned(), |name| name.to_string_lossy().into_owned());
    out.with_file_name(format!(".{file}.evenhand-fit"))
}

/// The error of a fit, with what was kept of it; not every method keeps what it has learned.
fn told_fit(error: AuditError, state: &Path) -> anyhow::Error {
    match error {
        AuditError::Rebalance(RebalanceError::Stopped) if state.exists() => {
            anyhow!("interrupted; what was learned so far is kept in {}, the same command goes on from there", state.display())
        }
        AuditError::Rebalance(RebalanceError::Stopped) => anyhow!("interrupted; nothing was written"),
        AuditError::Rebalance(error @ RebalanceError::ForeignState { .. }) => anyhow!(
            "{error} (what an earlier call kept of an unfinished fit is {}; remove it, or give the rows, seed and parameters of that call)",
            state.display()
        ),
        other => other.into(),
    }
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

    fn epoch(&self, epoch: usize, epochs: usize) {
        self.0.set_length(epochs as u64);
        self.0.set_position(epoch as u64);
    }
}

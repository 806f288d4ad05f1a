//! New rows by a method that learns a table.

use std::borrow::Cow;

use evenhand_catalog::Value;
use evenhand_rebalance::balanced::{Balance, balanced_apart};
use evenhand_rebalance::quality;
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::{SYNTHESISERS, Watch};
use evenhand_report::{DataSummary, MethodReport, Remark, RemarkKind, Report, RunReport, Sizes, Synthesis};
use evenhand_rows::roles::dataset;
use evenhand_rows::table::{Cells, Table};
use evenhand_rows::{MISSING, Provenance, Schema};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{BalanceSettings, Judge, JudgeError, Sides, tilts};
use crate::numbers::{count, counted};
use crate::settings::Choice;
use crate::{AuditError, evidence, run, scores};

/// Rows of a group and label below which what is made of them is told to rest on few.
const FEW_ROWS: usize = 30;

/// Values of a label that can be balanced, at most: each needs rows in every group.
const MOST_LABELS: usize = 20;

/// Rows that were made.
#[derive(Debug)]
pub struct Synthesised {
    /// The evidence.
    pub report: Report,
    /// Remarks.
    pub notes: Vec<Remark>,
    /// The rows, with the columns of the table that was learned.
    pub table: Table,
}

/// A table whose rows are learned.
#[derive(Debug)]
pub struct Original<'a> {
    /// Its columns; what nobody may be told by must not be among them (ids, names, free text).
    pub table: &'a Table,
    /// What it is called in messages.
    pub name: &'a str,
    /// One sensitive column as it stands and, where labels are balanced too, the label.
    pub schema: &'a Schema,
    /// Where it came from, with the remarks of whoever read it.
    pub provenance: &'a Provenance,
}

/// Learns a table and makes rows like its own, with the wanted shares of groups and labels.
///
/// ```
/// use evenhand_audit::balance::{BalanceSettings, Original, synthesise};
/// use evenhand_audit::settings::Choice;
/// use evenhand_rebalance::synthesis::Unwatched;
/// use evenhand_rows::table::{Cells, Column, Form, Table};
/// use evenhand_rows::{Provenance, Schema, SensitiveRole};
///
/// // Four men for each woman.
/// let levels = ["m", "f"].map(str::to_owned).to_vec();
/// let codes: Vec<u32> = (0..50).map(|row| u32::from(row % 5 == 0)).collect();
/// let values = (0..50).map(|row| f64::from(30 + row % 11)).collect();
/// let table = Table { columns: vec![
///     Column { name: "gender".into(), cells: Cells::Categories { levels, codes } },
///     Column { name: "points".into(), cells: Cells::Numbers { form: Form::Integer, values } },
/// ] };
/// let schema = Schema { sensitive: vec![SensitiveRole::parse("gender", &["gender".to_owned()]).unwrap()], ..Schema::default() };
/// let original = Original { table: &table, name: "the rows", schema: &schema, provenance: &Provenance::default() };
///
/// let method = Choice { id: "gaussian-copula".to_owned(), parameters: [].into() };
/// let settings = BalanceSettings { method, rows: Some(30), keep_copies: true, ..BalanceSettings::default() };
/// let made = synthesise(&original, &settings, &Unwatched, None).unwrap();
/// let Cells::Categories { codes, .. } = &made.table.columns[0].cells else { panic!() };
/// assert_eq!(codes.iter().filter(|code| **code == 1).count(), 15);
/// ```
pub fn synthesise(
    original: &Original<'_>,
    settings: &BalanceSettings,
    watch: &dyn Watch,
    judge: Option<&dyn Judge>,
) -> Result<Synthesised, AuditError> {
    let &Original { table, name: source, schema, provenance } = original;
    settings.check(schema.job.is_some())?;
    let (column, label) = balanced_columns(schema)?;
    let shares =
        |setting, text: &str| Shares::parse(text).map_err(|message| AuditError::Setting { setting, value: text.to_owned(), message });
    let (group_shares, label_shares) = (shares("groups", &settings.groups)?, shares("labels", &settings.labels)?);
    let schema = Schema { features: Some(Vec::new()), ..schema.clone() };
    let (table, undecided) = match label {
        Some(label) => decided_labels(table, source, &schema, label, &label_shares)?,
        None => (Cow::Borrowed(table), None),
    };
    if let Some(label) = label {
        check_label(&table, label)?;
    }
    // Rows that the method does not see say whether its rows are nearer to those that it did see.
    let mut order: Vec<usize> = (0..table.rows()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    order.shuffle(&mut rng);
    let unseen = (settings.hold_out * order.len() as f64).round() as usize;
    let (unseen, learned) = order.split_at(unseen);
    let sorted = |rows: &[usize]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        table.select(&rows)
    };
    let (learned, unseen) = (sorted(learned), sorted(unseen));

    // What can be refused is refused before a fit that takes minutes.
    let mut data = dataset(&table, source, &schema)?;
    scores::refuse_no_groups(data.groups(column)?)?;
    check_shares(&learned, column, &group_shares, "groups", &settings.groups)?;
    if let Some(label) = label {
        check_shares(&learned, label, &label_shares, "labels", &settings.labels)?;
    }
    let asked: Vec<&str> = std::iter::once(column).chain(label).collect();
    let method = fitted_for(&settings.method, &asked);
    let generator = method.build(SYNTHESISERS)?.fit(&learned, settings.seed, watch)?;
    let balance = Balance {
        group: column.to_owned(),
        group_shares,
        label: label.map(str::to_owned),
        label_shares,
        rows: settings.rows.unwrap_or_else(|| learned.rows()),
        keep_copies: settings.keep_copies,
    };
    let own = data.provenance.notes.iter().filter(|note| !provenance.notes.contains(note));
    let mut notes: Vec<Remark> = provenance.notes.iter().chain(own).cloned().map(Remark::from).collect();
    notes.extend(undecided);
    // Those without a decision are learned from, too.
    let unknown = dataset(&learned, source, &Schema { keep_unlabelled: true, ..schema.clone() })?.groups(column)?.unknown_count();
    if unknown > 0 {
        let text = format!("{unknown} rows are of unknown {column}: they are learned from, and no row is made of unknown group");
        notes.push(Remark::new(RemarkKind::UnknownGroup, text));
    }
    let holdout = (unseen.rows() > 0).then_some(&unseen);
    let apart: Vec<&Table> = holdout.into_iter().collect();
    let balanced = balanced_apart(generator.as_ref(), &learned, &apart, &balance, &mut rng)?;
    let mut quality = quality::measure(&learned, holdout, &balanced.table, settings.compared, &mut rng)?;
    let after = dataset(&balanced.table, source, &schema)?;
    let mut versions = run::versions();
    if let (Some(unseen), Some(judge), Some(_)) = (holdout, judge, label) {
        let all = Schema { features: None, ..schema };
        versions.extend(judge.versions());
        // Few rows may lack a label on one side; of the rows that were made this says nothing.
        let sides = [&learned, &balanced.table, unseen].map(|table| dataset(table, source, &all));
        let judged = match sides {
            [Ok(learned), Ok(made), Ok(unseen)] => judge.judge(&Sides { learned, made, unseen }, column, settings.seed),
            sides => Err(JudgeError::Unfit(sides.into_iter().find_map(Result::err).map(|error| error.to_string()).unwrap_or_default())),
        };
        match judged {
            Ok(found) => quality.efficacy = found,
            Err(JudgeError::Stopped) => return Err(evenhand_rebalance::RebalanceError::Stopped.into()),
            Err(JudgeError::Unfit(cause)) => {
                let text = format!("what can be learned from the rows was not measured: {cause}");
                notes.push(Remark::new(RemarkKind::NotJudged, text));
            }
        }
    }
    let tilts = tilts(&data, &after, column, settings.threshold)?;
    if balanced.copies > 0 {
        let told = if settings.keep_copies { "were kept" } else { "were left out and made anew" };
        let text = format!(
            "{} equalled a real row (one that was held out: {}) and {told}",
            counted(balanced.copies, "made row"),
            balanced.copies_of_others
        );
        notes.push(Remark::new(RemarkKind::Copies, text));
    }
    for cell in balanced.cells.iter().filter(|cell| cell.rows > 0 && cell.before < FEW_ROWS) {
        let label = cell.label.as_ref().map_or_else(String::new, |label| format!(" with label {label}"));
        let (of, made) = (&cell.group, if cell.rows == 1 { "1 row was".to_owned() } else { format!("{} rows were", count(cell.rows)) });
        let text = match cell.before {
            0 => format!("{of}{label}: {made} made without any to learn from; what they hold is a guess"),
            few => {
                format!("{of}{label}: {made} made from {few}; so few say little about a group, and what is made of them stays near them")
            }
        };
        notes.push(Remark::new(RemarkKind::FewToLearnFrom, text));
    }
    data.name.clone_from(&settings.title);
    data.provenance.files.clone_from(&provenance.files);
    let summary = DataSummary {
        tilt: tilts,
        notes: notes.iter().map(Remark::to_string).collect(),
        ..evidence::data_summary(&data, settings.threshold)?
    };
    let synthesis = Synthesis {
        method: method.summary(),
        cells: balanced.cells,
        copies: balanced.copies,
        judged_on: unseen.rows(),
        other_jobs: false,
        quality,
        losses: generator.losses().to_vec(),
        tilt: Vec::new(),
    };
    let run = RunReport {
        seed: settings.seed,
        sizes: Sizes { test: balanced.table.rows(), ..Sizes::default() },
        synthesis: Some(synthesis),
        ..RunReport::default()
    };
    let method = MethodReport { synthesise: Some(method.summary()), runs: vec![run], ..MethodReport::default() };
    let report = settings.report(versions, summary, method, &notes);
    Ok(Synthesised { report, notes, table: balanced.table })
}

/// The table with labels on which nothing was decided as missing ones, unless shares name them, and a remark on them: no row is made of them.
fn decided_labels<'a>(
    table: &'a Table,
    source: &str,
    schema: &Schema,
    label: &str,
    shares: &Shares,
) -> Result<(Cow<'a, Table>, Option<Remark>), AuditError> {
    let data = dataset(table, source, &Schema { keep_unlabelled: true, ..schema.clone() })?;
    let position = table.position(label)?;
    let (Some(values), Cells::Categories { levels, codes }) = (data.label.as_ref(), &table.columns[position].cells) else {
        return Ok((Cow::Borrowed(table), None));
    };
    let named = |level: &String| matches!(shares, Shares::Given(given) if given.iter().any(|(name, _)| name == level));
    let mut rows = vec![0; levels.len()];
    for (&code, _) in codes.iter().zip(&values.values).filter(|(_, value)| value.is_nan()) {
        if let Some(rows) = rows.get_mut(code as usize) {
            *rows += 1;
        }
    }
    let out: Vec<usize> = (0..levels.len()).filter(|&level| rows[level] > 0 && !named(&levels[level])).collect();
    if out.is_empty() {
        return Ok((Cow::Borrowed(table), None));
    }
    let left: Vec<usize> = (0..levels.len()).filter(|level| !out.contains(level)).collect();
    let code_of = |code: &u32| left.iter().position(|&level| level == *code as usize).map_or(MISSING, |code| code as u32);
    let cells =
        Cells::Categories { levels: left.iter().map(|&level| levels[level].clone()).collect(), codes: codes.iter().map(code_of).collect() };
    let mut decided = table.clone();
    decided.columns[position].cells = cells;
    let words: Vec<String> = out.iter().map(|&level| format!("`{}`", levels[level])).collect();
    let count: usize = out.iter().map(|&level| rows[level]).sum();
    let text = format!(
        "{} of no decision ({} in `{label}`) are learned from, and none is made unless the shares of labels name it",
        counted(count, "row"),
        words.join(", ")
    );
    Ok((Cow::Owned(decided), Some(Remark::new(RemarkKind::Undecided, text))))
}

/// The sensitive column and the label whose categories get shares.
fn balanced_columns(schema: &Schema) -> Result<(&str, Option<&str>), AuditError> {
    let refuse =
        |value: &str, message: &str| Err(AuditError::Setting { setting: "group", value: value.to_owned(), message: message.to_owned() });
    let [role] = schema.sensitive.as_slice() else {
        return refuse("", "rows are made for the groups of one attribute; name one");
    };
    match role.columns.as_slice() {
        [_] if role.rule.is_some() => {
            refuse(&role.name, "rows are made for the groups of a column as it stands; add a column with the groups first")
        }
        [column] => Ok((column, schema.label.as_ref().map(|label| label.column.as_str()))),
        _ => refuse(
            &role.name,
            "rows are made for the groups of one column; join the columns into one first, or balance with `oversampling` or `rejection-sampling`",
        ),
    }
}

/// Refuses shares that cannot be those of a column's categories.
fn check_shares(table: &Table, column: &str, shares: &Shares, setting: &'static str, value: &str) -> Result<(), AuditError> {
    let Cells::Categories { levels, codes } = &table.columns[table.position(column)?].cells else {
        return Err(AuditError::Request(format!(
            "column `{column}` holds numbers, and only categories can be balanced; read it as `category`"
        )));
    };
    let mut found = vec![0; levels.len()];
    for &code in codes {
        if let Some(count) = found.get_mut(code as usize) {
            *count += 1;
        }
    }
    let refuse = |message| AuditError::Setting { setting, value: value.to_owned(), message };
    shares.resolve(levels, &found).map(|_| ()).map_err(refuse)
}

fn check_label(table: &Table, label: &str) -> Result<(), AuditError> {
    match &table.columns[table.position(label)?].cells {
        Cells::Categories { levels, .. } if levels.len() > MOST_LABELS => Err(AuditError::Setting {
            setting: "label",
            value: label.to_owned(),
            message: format!(
                "the column has {} values, and every one of them would get the same share in every group; cut it into few values first, or leave the \
                 label out to balance the groups alone",
                levels.len()
            ),
        }),
        _ => Ok(()),
    }
}

/// The method, with the columns that rows are asked for as those whose cells it learns apart, where it has such a parameter and it was left
/// empty: one dependence for all cells would blur the very differences between groups that balanced rows must keep.
pub fn fitted_for(method: &Choice, asked: &[&str]) -> Choice {
    let mut method = method.clone();
    if let Ok(entry) = evenhand_catalog::find(SYNTHESISERS, &method.id)
        && entry.card.parameters.iter().any(|parameter| parameter.name == "by")
        && method.parameters.get("by").is_none_or(|by| *by == Value::Text(String::new()))
        && !asked.iter().any(|name| name.contains(','))
    {
        method.parameters.insert("by".to_owned(), Value::Text(asked.join(",")));
    }
    method
}

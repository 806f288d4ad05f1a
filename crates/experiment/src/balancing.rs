//! Gate 1 on a file: rows left out, repeated or weighed, or new rows made, with the tilt before and after.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

pub use evenhand_data::sheet::Reading;
use evenhand_data::sheet::{self, Notation, ReadOptions, Sheet, Style, ValueStyle};
use evenhand_learn::{Architecture, Candidates, OBJECTIVES, RunHooks, Training};
use evenhand_metrics::{Estimate, Finding, Outcomes};
use evenhand_rebalance::balanced::{Balance, balanced_apart};
use evenhand_rebalance::quality::{self, Efficacy, GroupEfficacy};
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::SYNTHESISERS;
use evenhand_rebalance::{REBALANCERS, RebalanceError};
use evenhand_rows::table::{Cells, Column, Form, Table};
use evenhand_rows::{CategoricalEncoding, Dataset, Encoder, Encoding, LabelKind, LabelRole, NumericEncoding, Schema, SensitiveRole};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::fitting::{Fitting, Watched, fitted_for};
use crate::numbers::{count, counted};
use crate::report::{DataSummary, MethodReport, Report, ReportKind, RunReport, Sizes, Synthesis};
use crate::settings::Choice;
use crate::{ExperimentError, evidence, scores, training_rows, versions, write};
use evenhand_audit::readings::{Reader, told_favourable};

/// A file to be balanced.
#[derive(Debug, Clone)]
pub struct BalanceRequest {
    /// Heading of the report.
    pub title: String,
    /// CSV or Parquet files, or globs.
    pub files: Vec<String>,
    /// Sensitive attribute: a column; for methods that leave out, repeat or weigh rows also an intersection, a cut, or one group against all others.
    pub group: String,
    /// Column with the label. Without it a synthesiser balances the groups alone.
    pub label: Option<LabelRole>,
    /// Column with the job, for `rejection-sampling`.
    pub job: Option<String>,
    /// How the files are read.
    pub reader: Reader,
    /// A rebalancer or a synthesiser.
    pub method: Choice,
    /// Rows to make (synthesisers); `None` as many as it learned from.
    pub rows: Option<usize>,
    /// Wanted share of each group (synthesisers): `equal`, `found` or shares by name.
    pub groups: String,
    /// Wanted share of each label in every group (synthesisers).
    pub labels: String,
    /// Keeps made rows that equal a row that was learned from.
    pub keep_copies: bool,
    /// Share of the rows that a synthesiser does not see, to compare distances and learners with; 0 for none.
    pub hold_out: f64,
    /// Rows whose distances are compared, at most.
    pub compared: usize,
    /// Labels at or above it are high.
    pub threshold: f64,
    /// Seed.
    pub seed: u64,
    /// The file to write.
    pub out: PathBuf,
    /// The folder that a report will go to, which is tried before the work.
    pub report: Option<PathBuf>,
}

/// A balanced file.
#[derive(Debug)]
pub struct BalancedFile {
    /// The evidence.
    pub report: Report,
    /// Rows written.
    pub rows: usize,
    /// Remarks.
    pub notes: Vec<String>,
}

/// Who watches a fit that takes long.
pub trait Progress: Sync {
    /// So many epochs of so many are done.
    fn epoch(&self, epoch: usize, epochs: usize);
}

/// Balances a file.
pub fn balance(request: &BalanceRequest, progress: &dyn Progress, interrupted: &AtomicBool) -> Result<BalancedFile, ExperimentError> {
    write::refuse_input(&request.out, &request.files)?;
    write::refuse_other_kinds(&request.out)?;
    write::probe(&request.out)?;
    if let Some(folder) = &request.report {
        write::probe_folder(folder)?;
        write::refuse_own_report(&request.out, folder)?;
    }
    if !(0.0..0.9).contains(&request.hold_out) {
        return Err(ExperimentError::Request(format!("--hold-out {}: give a share of at least 0 and below 0.9", request.hold_out)));
    }
    if SYNTHESISERS.iter().any(|entry| entry.card.id == request.method.id) {
        return made(request, progress, interrupted);
    }
    if !REBALANCERS.iter().any(|entry| entry.card.id == request.method.id) {
        let cards = SYNTHESISERS.iter().map(|entry| entry.card).chain(REBALANCERS.iter().map(|entry| entry.card));
        return Err(evenhand_catalog::unknown_id(&request.method.id, cards).into());
    }
    chosen(request)
}

fn schema(request: &BalanceRequest, role: SensitiveRole) -> Schema {
    Schema {
        features: Some(Vec::new()),
        label: request.label.clone(),
        sensitive: vec![role],
        job: request.job.clone(),
        missing: request.reader.missing.clone(),
        categories: request.reader.categories.clone(),
        ..Schema::default()
    }
}

/// Rows left out, repeated or weighed; every column is carried along as it is written.
fn chosen(request: &BalanceRequest) -> Result<BalancedFile, ExperimentError> {
    let given = [
        ("--rows", request.rows.is_some()),
        ("--groups", request.groups != EQUAL),
        ("--labels", request.labels != EQUAL),
        ("--keep-copies", request.keep_copies),
    ];
    if let Some((option, _)) = given.iter().find(|(_, given)| *given) {
        let shares = if request.method.id == "rejection-sampling" { "; write the wanted shares as --set shares=…" } else { "" };
        return Err(ExperimentError::Request(format!(
            "{option} is for methods that make rows (ctgan, gaussian-copula), and `{}` makes none{shares}",
            request.method.id
        )));
    }
    if request.job.is_some() && request.method.id != "rejection-sampling" {
        return Err(ExperimentError::Request(format!("--job is for rejection-sampling; `{}` does not look at jobs", request.method.id)));
    }
    let names = request.reader.columns(&request.files)?;
    let role = scores::sensitive_role(&request.group, &names)?;
    let attribute = role.name.clone();
    let options = request.reader.carrying(&names, request.label.as_ref(), &role);
    let sensitive = if role.is_cut() { Vec::new() } else { role.columns.clone() };
    let mut sheet = sheet::read(&request.files, &ReadOptions { sensitive, ..options })?;
    let mut data = evenhand_rows::roles::dataset(&sheet.table, &request.files.join(", "), &schema(request, role))?;
    scores::refuse_no_groups(data.groups(&attribute)?)?;
    let weighed = data.weights.clone();
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    let after = request.method.build(REBALANCERS)?.rebalance(&data, &attribute, &mut rng)?;
    let rows: Vec<usize> = after.rows.iter().map(|&row| row as usize - 1).collect();
    sheet.restore_texts();
    sheet.table = sheet.table.select(&rows);
    if after.weights != weighed
        && let Some(weights) = &after.weights
    {
        add_weights(&mut sheet, weights)?;
    }
    let tilts = tilts(request, &data, Some(&after), &attribute)?;
    write::replace(&request.out, sheet.to_csv(&sheet.table)?.as_bytes())?;

    let notes: Vec<String> = sheet.notes.iter().chain(&after.provenance.notes).cloned().collect();
    data.name.clone_from(&request.title);
    data.provenance.files.clone_from(&sheet.files);
    let summary = DataSummary { tilt: tilts, notes: notes.clone(), ..evidence::data_summary(&data, request.threshold)? };
    let run = RunReport { seed: request.seed, sizes: Sizes { test: rows.len(), ..Sizes::default() }, ..RunReport::default() };
    let method = MethodReport { rebalance: Some(request.method.summary()), runs: vec![run], ..MethodReport::default() };
    Ok(BalancedFile { report: report(request, summary, method, &notes), rows: rows.len(), notes })
}

fn add_weights(sheet: &mut Sheet, weights: &[f64]) -> Result<(), ExperimentError> {
    const WEIGHT: &str = "weight";
    const DECIMALS: usize = 9;
    if sheet.table.columns.iter().any(|column| column.name == WEIGHT) {
        return Err(ExperimentError::Request(format!("the file has a column `{WEIGHT}` already, which reweighing would add; rename it")));
    }
    let cells = Cells::Numbers { form: Form::Real { decimals: DECIMALS }, values: weights.to_vec() };
    sheet.table.columns.push(Column { name: WEIGHT.to_owned(), cells });
    sheet.styles.push(Style { values: ValueStyle::Number { notation: Notation::PLAIN, fixed: false }, missing: String::new() });
    Ok(())
}

/// The word of an interrupted fit; not every method keeps what it has learned.
fn stopped(state: &Path) -> ExperimentError {
    ExperimentError::Request(if state.exists() {
        format!("interrupted; what was learned so far is kept in {}, the same command goes on from there", state.display())
    } else {
        "interrupted; nothing was written".to_owned()
    })
}

/// The tilt of the labels before and after, where there are labels.
fn tilts(
    request: &BalanceRequest,
    before: &Dataset,
    after: Option<&Dataset>,
    attribute: &str,
) -> Result<Vec<crate::report::Tilt>, ExperimentError> {
    if before.label.is_none() {
        return Ok(Vec::new());
    }
    // Both stages speak of the same two groups, which must have rows in both.
    let left = after.map(|after| after.groups(attribute)).transpose()?;
    let compared = before.groups(attribute)?;
    let stays = |code: u32| left.is_none_or(|left| left.code(compared.level(code)).is_some_and(|code| left.codes().contains(&code)));
    let rows: Vec<usize> = (0..before.len()).filter(|&row| stays(compared.codes()[row])).collect();
    let Some(common) = evidence::tilt("as given", &before.select(&rows), attribute, None, request.threshold)? else {
        return Ok(Vec::new());
    };
    let pair = Some((common.privileged, common.unprivileged));
    let mut stages: Vec<_> = evidence::tilt("as given", before, attribute, pair.clone(), request.threshold)?.into_iter().collect();
    if let Some(after) = after {
        let uncounted = if after.weights.is_some() && before.weights.is_none() { " (rows counted, not weights)" } else { "" };
        stages.extend(evidence::tilt(&format!("balanced{uncounted}"), after, attribute, pair, request.threshold)?);
    }
    Ok(stages)
}

/// What `--groups` and `--labels` are where they are not given.
const EQUAL: &str = "equal";

/// New rows by a synthesiser.
fn made(request: &BalanceRequest, progress: &dyn Progress, interrupted: &AtomicBool) -> Result<BalancedFile, ExperimentError> {
    if request.job.is_some() {
        return Err(ExperimentError::Request(format!("--job is for rejection-sampling; `{}` does not look at jobs", request.method.id)));
    }
    if request.rows == Some(0) {
        return Err(ExperimentError::Request("--rows 0: ask for at least one row".to_owned()));
    }
    let role = scores::sensitive_role(&request.group, &request.reader.columns(&request.files)?)?;
    let [column] = role.columns.as_slice() else {
        return Err(ExperimentError::Request(format!(
            "--group \"{}\": rows are made for the groups of one column; join the columns into one first, or balance with `oversampling` or \
             `rejection-sampling`",
            request.group
        )));
    };
    if role.rule.is_some() {
        return Err(ExperimentError::Request(format!(
            "--group \"{}\": rows are made for the groups of a column as it stands; add a column with the groups first",
            request.group
        )));
    }
    let mut readings = request.reader.readings.clone();
    if let Some(label) = &request.label {
        readings.insert(label.column.clone(), Reading::Categories);
    }
    let labels = request.label.iter().map(|label| label.column.clone()).collect();
    let options = ReadOptions { readings, sensitive: vec![column.clone()], labels, ..request.reader.options() };
    let sheet = sheet::read(&request.files, &options)?;
    check_label(&sheet.table, request)?;
    let schema = schema(request, role.clone());
    let name = request.files.join(", ");

    // Rows that the method does not see say whether its rows are nearer to those that it did see.
    let mut order: Vec<usize> = (0..sheet.table.rows()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    order.shuffle(&mut rng);
    let unseen = (request.hold_out * order.len() as f64).round() as usize;
    let (unseen, learned) = order.split_at(unseen);
    let sorted = |rows: &[usize]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        sheet.table.select(&rows)
    };
    let (learned, unseen) = (sorted(learned), sorted(unseen));

    let group_shares = Shares::parse(&request.groups).map_err(|reason| ExperimentError::Request(format!("--groups: {reason}")))?;
    let label_shares = Shares::parse(&request.labels).map_err(|reason| ExperimentError::Request(format!("--labels: {reason}")))?;
    // What can be refused is refused before a fit that takes minutes.
    let data = evenhand_rows::roles::dataset(&sheet.table, &name, &schema)?;
    scores::refuse_no_groups(data.groups(&role.name)?)?;
    check_shares(&learned, column, &group_shares, "--groups")?;
    if let Some(label) = &request.label {
        check_shares(&learned, &label.column, &label_shares, "--labels")?;
    }
    let asked: Vec<&str> = std::iter::once(column.as_str()).chain(request.label.as_ref().map(|label| label.column.as_str())).collect();
    let method = fitted_for(&request.method, &asked);
    let file = request.out.file_name().map_or_else(|| "balanced".to_owned(), |name| name.to_string_lossy().into_owned());
    let state = request.out.with_file_name(format!(".{file}.evenhand-fit"));
    let told = |epoch, epochs| progress.epoch(epoch, epochs);
    let watch = Fitting::new(Watched { epoch: &told, interrupted }, state);
    let fitted = method.build(SYNTHESISERS)?.fit(&learned, request.seed, &watch);
    let generator = match fitted {
        Err(RebalanceError::Stopped) => return Err(stopped(&watch.state)),
        Err(error @ RebalanceError::ForeignState { .. }) => {
            return Err(ExperimentError::Request(format!(
                "{error} (what an earlier call kept of an unfinished fit is {}; remove it, or give the rows, seed and parameters of that call)",
                watch.state.display()
            )));
        }
        other => other?,
    };
    let balance = Balance {
        group: column.clone(),
        group_shares,
        label: request.label.as_ref().map(|label| label.column.clone()),
        label_shares,
        rows: request.rows.unwrap_or_else(|| learned.rows()),
        keep_copies: request.keep_copies,
    };
    let mut notes = sheet.notes.clone();
    let unknown = data.groups(&role.name)?.unknown_count();
    if unknown > 0 {
        notes.push(format!("{unknown} rows are of unknown {column}: they are learned from, and no row is made of unknown group"));
    }
    let holdout = (unseen.rows() > 0).then_some(&unseen);
    let apart: Vec<&Table> = holdout.into_iter().collect();
    let balanced = balanced_apart(generator.as_ref(), &learned, &apart, &balance, &mut rng)?;
    let mut quality = quality::measure(&learned, holdout, &balanced.table, request.compared, &mut rng)?;
    let after = evenhand_rows::roles::dataset(&balanced.table, &name, &schema)?;
    if let Some(unseen) = holdout.filter(|_| request.label.is_some()) {
        let all = Schema { features: None, ..schema };
        let sides = [
            evenhand_rows::roles::dataset(&learned, &name, &all)?,
            evenhand_rows::roles::dataset(&balanced.table, &name, &all)?,
            evenhand_rows::roles::dataset(unseen, &name, &all)?,
        ];
        match efficacy(&sides, &role.name, request.seed, interrupted) {
            Ok(found) => quality.efficacy = found,
            Err(_) if interrupted.load(Ordering::Relaxed) => return Err(stopped(&watch.state)),
            // A learner that cannot be fitted on some side says nothing about the rows that were made.
            Err(error) => notes.push(format!("what can be learned from the rows was not measured: {error}")),
        }
    }
    let tilts = tilts(request, &data, Some(&after), &role.name)?;
    write::replace(&request.out, sheet.to_csv(&balanced.table)?.as_bytes())?;
    watch.forget();

    notes.extend(sheet.left_out.iter().map(|left| format!("column `{}` is left out: {}", left.column, left.reason)));
    if balanced.copies > 0 {
        let told = if request.keep_copies { "were kept" } else { "were left out and made anew" };
        notes.push(format!(
            "{} equalled a real row (one that was held out: {}) and {told}",
            counted(balanced.copies, "made row"),
            balanced.copies_of_others
        ));
    }
    for cell in balanced.cells.iter().filter(|cell| cell.rows > 0 && cell.before < FEW_ROWS) {
        let label = cell.label.as_ref().map_or_else(String::new, |label| format!(" with label {label}"));
        let (of, made) = (&cell.group, if cell.rows == 1 { "1 row was".to_owned() } else { format!("{} rows were", count(cell.rows)) });
        notes.push(match cell.before {
            0 => format!("{of}{label}: {made} made without any to learn from; what they hold is a guess"),
            few => {
                format!("{of}{label}: {made} made from {few}; so few say little about a group, and what is made of them stays near them")
            }
        });
    }
    let mut named = data;
    named.name.clone_from(&request.title);
    named.provenance.files.clone_from(&sheet.files);
    let summary = DataSummary { tilt: tilts, notes: notes.clone(), ..evidence::data_summary(&named, request.threshold)? };
    let synthesis = Synthesis {
        method: method.summary(),
        cells: balanced.cells,
        copies: balanced.copies,
        judged_on: unseen.rows(),
        quality,
        losses: generator.losses().to_vec(),
        tilt: Vec::new(),
    };
    let run = RunReport {
        seed: request.seed,
        sizes: Sizes { test: balanced.table.rows(), ..Sizes::default() },
        synthesis: Some(synthesis),
        ..RunReport::default()
    };
    let method = MethodReport { synthesise: Some(method.summary()), runs: vec![run], ..MethodReport::default() };
    Ok(BalancedFile { report: report(request, summary, method, &notes), rows: balanced.table.rows(), notes })
}

/// Refuses shares that cannot be those of a column's categories.
fn check_shares(table: &Table, column: &str, shares: &Shares, option: &str) -> Result<(), ExperimentError> {
    let Cells::Categories { levels, codes } = &table.columns[table.position(column)?].cells else {
        return Err(ExperimentError::Request(format!(
            "column `{column}` holds numbers, and only categories can be balanced; read it as one with --read {column}=category"
        )));
    };
    let mut found = vec![0; levels.len()];
    for &code in codes {
        if let Some(count) = found.get_mut(code as usize) {
            *count += 1;
        }
    }
    shares.resolve(levels, &found).map(|_| ()).map_err(|reason| ExperimentError::Request(format!("{option}: {reason}")))
}

/// Rows of a group and label below which what is made of them is told to rest on few.
const FEW_ROWS: usize = 30;

/// Values of a label that can be balanced, at most: each needs rows in every group.
const MOST_LABELS: usize = 20;

fn check_label(table: &Table, request: &BalanceRequest) -> Result<(), ExperimentError> {
    let Some(label) = request.label.as_ref().map(|label| &label.column) else { return Ok(()) };
    match &table.columns[table.position(label)?].cells {
        Cells::Categories { levels, .. } if levels.len() > MOST_LABELS => Err(ExperimentError::Request(format!(
            "column `{label}` has {} values, and every one of them would get the same share in every group; cut it into few values first, or leave \
             --label out to balance the groups alone",
            levels.len()
        ))),
        _ => Ok(()),
    }
}

/// Learners that judge whether made rows can be learned from, with how they are named.
const LEARNERS: [(&str, &str); 2] = [("logistic-regression", "vanilla"), ("boosting", "boosting")];
/// What they are judged by.
const JUDGED: [&str; 3] = ["accuracy", "f1", "roc-auc"];

/// Learners fitted on the rows that the method learned from and on the rows that it made, both judged on rows that nobody saw.
fn efficacy(sides: &[Dataset; 3], attribute: &str, seed: u64, interrupted: &AtomicBool) -> Result<Vec<Efficacy>, ExperimentError> {
    let [real, made, test] = sides;
    let mut found = Vec::new();
    if real.label()?.kind != LabelKind::Binary || real.features.is_empty() {
        return Ok(found);
    }
    for (name, objective) in LEARNERS {
        let judge = |train: &Dataset| -> Result<(Vec<Finding>, Vec<Vec<Finding>>), ExperimentError> {
            let encoding = Encoding { numeric: NumericEncoding::Standardise, categorical: CategoricalEncoding::OneHot };
            let encoder = Encoder::fit(train, encoding)?;
            // One part in five chooses the epoch.
            let all: Vec<usize> = (0..train.len()).collect();
            let (fifth, rest): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|row| row % 5 == 0);
            let (train, validation) = (train.select(&rest), train.select(&fifth));
            let (inputs, validation_inputs) = (encoder.transform(&train)?, encoder.transform(&validation)?);
            let choice = Choice { id: objective.to_owned(), parameters: BTreeMap::new() };
            let scorer = evenhand_learn::fit(
                &training_rows(&train, &inputs, attribute, None)?,
                &training_rows(&validation, &validation_inputs, attribute, None)?,
                &Architecture { hidden: Vec::new(), ..Architecture::default() },
                &Training { learning_rate: 0.01, ..Training::default() },
                choice.build(OBJECTIVES)?,
                seed,
                &mut RunHooks { checkpoint: None, resume: false, on_epoch: &mut |_| {}, interrupted },
            )?;
            let features = encoder.transform(test)?;
            let scores = scorer.predict(Candidates { features: &features, recordings: None })?.scores;
            let groups = test.groups(attribute)?;
            let labels = &test.label()?.values;
            let measure = |rows: &[usize]| -> Result<Vec<Finding>, ExperimentError> {
                let scores: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
                let labels: Vec<f64> = rows.iter().map(|&row| labels[row]).collect();
                let groups = groups.select(rows);
                Ok(evenhand_metrics::evaluate(&JUDGED, &Outcomes::new(&scores, &groups)?.labels(&labels)?, None)?)
            };
            let everybody: Vec<usize> = (0..test.len()).collect();
            let by_group = (0..groups.levels().len() as u32).map(|code| {
                let of: Vec<usize> = everybody.iter().copied().filter(|&row| groups.codes()[row] == code).collect();
                if of.is_empty() { Ok(Vec::new()) } else { measure(&of) }
            });
            Ok((measure(&everybody)?, by_group.collect::<Result<_, _>>()?))
        };
        let (of_real, of_real_groups) = judge(real)?;
        let (of_made, of_made_groups) = judge(made)?;
        let groups = test.groups(attribute)?;
        for (position, metric) in JUDGED.iter().enumerate() {
            let of = |findings: &[Finding]| {
                findings
                    .get(position)
                    .map_or_else(|| Estimate::undefined("the group has no held-out rows"), |finding| finding.estimate.clone())
            };
            found.push(Efficacy {
                learner: name.to_owned(),
                metric: (*metric).to_owned(),
                trained_on_real: of(&of_real),
                trained_on_synthetic: of(&of_made),
                by_group: groups
                    .levels()
                    .iter()
                    .zip(groups.sizes())
                    .zip(of_real_groups.iter().zip(&of_made_groups))
                    .map(|((group, rows), (real, made))| GroupEfficacy {
                        group: group.clone(),
                        rows,
                        trained_on_real: of(real),
                        trained_on_synthetic: of(made),
                    })
                    .collect(),
            });
        }
    }
    Ok(found)
}

fn report(request: &BalanceRequest, data: DataSummary, method: MethodReport, notes: &[String]) -> Report {
    let readings: BTreeMap<&String, String> =
        request.reader.readings.iter().map(|(column, reading)| (column, format!("{reading:?}"))).collect();
    Report {
        format: crate::report::FORMAT,
        kind: ReportKind::Balancing,
        title: request.title.clone(),
        versions: versions(),
        recipe: serde_json::json!({
            "files": request.files,
            "group": request.group,
            "label": request.label.as_ref().map(|label| &label.column),
            "favourable": told_favourable(request.label.as_ref()),
            "job": request.job,
            "readings": readings,
            "method": request.method,
            "rows": request.rows,
            "groups": request.groups,
            "labels": request.labels,
            "keep_copies": request.keep_copies,
            "hold_out": request.hold_out,
            "compared": request.compared,
            "threshold": request.threshold,
            "seed": request.seed,
        }),
        data,
        methods: vec![MethodReport { name: request.method.id.clone(), ..method }],
        columns: Vec::new(),
        limits: Vec::new(),
        contrasts: Vec::new(),
        fronts: Vec::new(),
        choice: None,
        extraction: None,
        notes: notes.to_vec(),
    }
}

//! The audit of scores that somebody already holds: a file in, the same report out.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand_data::loaders::faircv_2020;
use evenhand_data::sheet::{ReadOptions, Reading};
use evenhand_data::table::{self, ScoreRoles, Scored};
use evenhand_metrics::{Estimate, Outcomes, Tally};
use evenhand_rows::{Dataset, Groups, LabelRole, SensitiveRole};

use crate::evidence::Counted;
use crate::report::{
    AttributeFindings, AttributeSummary, Column, DataSummary, FileSummary, GroupCount, GroupSummary, LabelSummary, MethodReport, Report,
    ReportKind, RunReport, Sizes, Summary,
};
use crate::settings::{DecisionRuleName, IntervalSection, MetricsSection};
use crate::{AuditError, evidence, run};

/// Bins of the sketch of each group's scores when reading in chunks.
const SKETCH_BINS: usize = 1 << 16;

/// What to audit and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoresRequest {
    /// Heading of the report.
    pub title: String,
    /// CSV or Parquet files, or globs; or one file of FairCVtest's predictions (.npy).
    pub files: Vec<String>,
    /// Column with the score (or a 0/1 decision).
    pub score: String,
    /// Sensitive attributes: a column (`gender`), an intersection (`gender x race`), a cut (`age > 25`) or one group
    /// against all others (`race = White`).
    pub groups: Vec<String>,
    /// Column with the truth.
    pub label: Option<String>,
    /// The favourable value of the label, when it is not 0/1 or a number in [0, 1].
    pub favourable: Option<String>,
    /// Column with the sample weight.
    pub weight: Option<String>,
    /// Texts that mean "missing", beside the empty field.
    pub missing: Vec<String>,
    /// Lowest and highest possible score when that is not 0 to 1; scores are rescaled to [0, 1].
    pub range: Option<(f64, f64)>,
    /// Selects the rows with this many highest scores, whatever the threshold in `metrics` says; rows that tie with the last are selected too.
    pub top: Option<usize>,
    /// What is measured.
    pub metrics: MetricsSection,
    /// Intervals and p-values.
    pub intervals: IntervalSection,
    /// Limits by metric.
    pub limits: BTreeMap<String, f64>,
    /// True reads in chunks with constant memory: exact counts, SPDD within a printed bound.
    pub stream: bool,
    /// Leaves rows without a score out, counted by group.
    pub skip_unscored: bool,
}

impl ScoresRequest {
    fn roles(&self) -> Result<ScoreRoles, AuditError> {
        Ok(ScoreRoles {
            score: self.score.clone(),
            groups: self.groups.iter().map(|text| sensitive_role(text)).collect::<Result<_, _>>()?,
            label: self.label.clone().map(|column| LabelRole {
                column,
                favourable: self.favourable.iter().cloned().collect(),
                ..LabelRole::default()
            }),
            weight: self.weight.clone(),
            missing: self.missing.clone(),
            range: self.range,
            skip_unscored: self.skip_unscored,
            ..ScoreRoles::default()
        })
    }
}

/// How a file is read whose rows leave as they came: what has no part in the work stays text; label and cut columns are read by what they hold.
pub(crate) fn carrying(
    files: &[String],
    label: Option<&String>,
    role: &SensitiveRole,
    readings: &BTreeMap<String, Reading>,
    missing: &[String],
) -> Result<ReadOptions, AuditError> {
    let names = table::columns(files, &table::FileOptions::default())?;
    let plain = names.iter().filter(|name| Some(*name) != label && !(role.is_cut() && role.columns.contains(name)));
    let mut all: BTreeMap<String, Reading> = plain.map(|name| (name.clone(), Reading::Categories)).collect();
    all.extend(readings.clone());
    Ok(ReadOptions { readings: all, missing: missing.to_vec(), carried: true, ..ReadOptions::default() })
}

/// Fewer values than this are groups, however few rows there are.
const FEW_VALUES: usize = 10;

/// Refuses a column that says who somebody is, and one that sets nobody apart from anybody.
pub(crate) fn refuse_no_groups(groups: &Groups) -> Result<(), AuditError> {
    let (name, rows) = (groups.name(), groups.codes().len() - groups.unknown_count());
    let present: Vec<(&String, usize)> = groups.levels().iter().zip(groups.sizes()).filter(|(_, size)| *size > 0).collect();
    match present.as_slice() {
        [] => Err(AuditError::Request(format!("`{name}`: no row to be compared has a known group; name another column"))),
        [(only, _)] => {
            Err(AuditError::Request(format!("`{name}`: all rows to be compared are of one group (`{only}`); name another column")))
        }
        many if many.len() >= FEW_VALUES && 2 * many.len() > rows => Err(AuditError::Request(format!(
            "`{name}` has {} values in {rows} rows: it tells persons from each other, or makes more groups than so few rows can fill; name another column",
            many.len()
        ))),
        _ => Ok(()),
    }
}

/// Reads `gender`, `gender x race`, `age > 25` or `race = White` (against all others).
pub fn sensitive_role(text: &str) -> Result<SensitiveRole, AuditError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AuditError::Request("--group is empty; give a column, for example --group gender".to_owned()));
    }
    for sign in [">=", "<=", ">", "<", "="] {
        if let Some((column, bound)) = text.split_once(sign) {
            return Ok(SensitiveRole {
                name: text.to_owned(),
                columns: vec![column.trim().to_owned()],
                rule: Some(format!("{sign} {}", bound.trim())),
            });
        }
    }
    let columns: Vec<String> = text.split(" x ").map(|column| column.trim().to_owned()).collect();
    Ok(SensitiveRole { name: columns.join(" x "), columns, rule: None })
}

/// Audits the scores of a file.
pub fn audit(request: &ScoresRequest) -> Result<Report, AuditError> {
    if request.groups.is_empty() {
        return Err(AuditError::Request("no sensitive attribute; name its column with --group, for example --group gender".to_owned()));
    }
    let level = request.intervals.level;
    if !(0.0..1.0).contains(&level) {
        return Err(AuditError::Request(format!("level = {level} is not allowed for intervals; it must be at least 0 (off) and below 1")));
    }
    let request = &rescaled(request)?;
    if request.stream && request.skip_unscored {
        return Err(AuditError::Request("--skip-unscored reads the whole file, so it cannot be used with --stream".to_owned()));
    }
    match (request.stream, request.top) {
        (false, _) => whole(request),
        (true, None) => streamed(request),
        (true, Some(_)) => {
            let message = "the top scores are known only once all are read, so --top cannot be used with --stream; leave out --stream, or give \
                           --threshold instead";
            Err(AuditError::Request(message.to_owned()))
        }
    }
}

/// The request with its threshold on the scale of the scores that the readers give, 0 to 1.
fn rescaled(request: &ScoresRequest) -> Result<ScoresRequest, AuditError> {
    let (low, high) = request.range.unwrap_or((0.0, 1.0));
    let threshold = request.metrics.threshold;
    if !(low..=high).contains(&threshold) {
        return Err(AuditError::Request(format!(
            "threshold = {threshold} is not a possible score: scores lie between {low} and {high}; give another threshold, or the range of the \
             scores with --range LOW,HIGH"
        )));
    }
    let metrics = MetricsSection { threshold: (threshold - low) / (high - low), ..request.metrics.clone() };
    Ok(ScoresRequest { metrics, ..request.clone() })
}

fn is_npy(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
}

fn read(request: &ScoresRequest) -> Result<Scored, AuditError> {
    let roles = request.roles()?;
    match request.files.as_slice() {
        [file] if is_npy(file) => Ok(faircv_2020::read_scores(Path::new(file), &roles)?),
        files => match files.iter().find(|file| is_npy(file)) {
            Some(file) => Err(AuditError::Request(format!("{file} cannot be read together with other files; audit it on its own"))),
            None => Ok(table::read_scores(files, &roles, &table::TableSettings::default())?),
        },
    }
}

/// Refuses files of the same content: rows that count twice would narrow every interval.
fn refuse_twice<'a>(files: impl Iterator<Item = (&'a String, &'a String)>) -> Result<(), AuditError> {
    let mut seen: BTreeMap<&String, &String> = BTreeMap::new();
    for (name, digest) in files {
        if let Some(other) = seen.insert(digest, name) {
            return Err(AuditError::Request(format!(
                "{name} has the same content as {other}; leave one of them out, its rows would count twice"
            )));
        }
    }
    Ok(())
}

/// The request with the threshold that selects the rows with the `top` highest scores, and a remark on how many these are.
fn at_top(request: &ScoresRequest, top: usize, scores: &[f64]) -> Result<(ScoresRequest, String), AuditError> {
    if top == 0 || top > scores.len() {
        return Err(AuditError::Request(format!("--top {top} is not possible: there are {} rows; give 1 to {0}", scores.len())));
    }
    let mut ordered = scores.to_vec();
    let (_, threshold, _) = ordered.select_nth_unstable_by(top - 1, |one, other| other.total_cmp(one));
    let threshold = *threshold;
    let selected = scores.iter().filter(|score| **score >= threshold).count();
    let tied = if selected > top { ": rows with this very score are selected together" } else { "" };
    let note = format!("Top {top}: {selected} rows score {threshold} or more and are selected{tied}.");
    let metrics = MetricsSection { threshold, decision_rule: DecisionRuleName::AtOrAbove, ..request.metrics.clone() };
    Ok((ScoresRequest { metrics, ..request.clone() }, note))
}

fn whole(request: &ScoresRequest) -> Result<Report, AuditError> {
    let scored = read(request)?;
    refuse_twice(scored.provenance.files.iter().map(|file| (&file.name, &file.sha256)))?;
    request.metrics.check(&scored.groups)?;
    let (resolved, notes) = match request.top {
        None => (request.clone(), Vec::new()),
        Some(top) => at_top(request, top, &scored.scores).map(|(resolved, note)| (resolved, vec![note]))?,
    };
    let request = &resolved;
    let plan = request.intervals.plan();
    let mut performance = Vec::new();
    let mut attributes = Vec::new();
    for groups in &scored.groups {
        let mut outcomes = Outcomes::new(&scored.scores, groups)?.conventions(request.metrics.conventions(groups.name()));
        if let Some(labels) = scored.label.as_ref().map(|label| label.values.as_slice()) {
            outcomes = outcomes.labels(labels)?;
        }
        if let Some(weights) = &scored.weights {
            outcomes = outcomes.weights(weights)?;
        }
        let (overall, compared) = evidence::findings(&outcomes, plan.as_ref())?;
        if performance.is_empty() && scored.label.is_some() {
            performance = overall;
        }
        attributes.push(evidence::attribute(&outcomes, Counted::of(groups), compared, true));
    }
    let data = Dataset {
        name: request.title.clone(),
        rows: (1..=scored.scores.len() as u64).collect(),
        label: scored.label,
        sensitive: scored.groups,
        weights: scored.weights,
        provenance: scored.provenance,
        ..Dataset::default()
    };
    let mut summary = evidence::data_summary(&data, request.metrics.label_threshold)?;
    if data.label.is_some() {
        for groups in &data.sensitive {
            summary.tilt.extend(evidence::tilt("labels as given", &data, groups.name(), None, request.metrics.label_threshold)?);
        }
    }
    join(request, summary, performance, attributes, data.len(), notes)
}

/// What a stream has told of one attribute so far.
#[derive(Debug)]
struct Seen {
    attribute: String,
    tally: Tally,
    sizes: BTreeMap<String, (usize, usize)>,
    unknown: usize,
}

fn streamed(request: &ScoresRequest) -> Result<Report, AuditError> {
    if let Some(file) = request.files.iter().find(|file| is_npy(file)) {
        return Err(AuditError::Request(format!("{file} cannot be read in chunks; leave out --stream")));
    }
    let mut chunks = table::stream_scores(&request.files, &request.roles()?, &table::TableSettings::default())?;
    let mut seen: Vec<Seen> = Vec::new();
    let (mut rows, mut label_sum) = (0, 0.0);
    for chunk in &mut chunks {
        let chunk = chunk?;
        rows += chunk.scores.len();
        label_sum += chunk.labels.iter().flatten().sum::<f64>();
        if seen.is_empty() {
            seen.extend(chunk.groups.iter().map(|groups| Seen {
                attribute: groups.name().to_owned(),
                tally: Tally::new(&[], request.metrics.conventions(groups.name()), SKETCH_BINS),
                sizes: BTreeMap::new(),
                unknown: 0,
            }));
        }
        for (seen, groups) in seen.iter_mut().zip(&chunk.groups) {
            seen.tally.add_groups(&chunk.scores, chunk.labels.as_deref(), chunk.weights.as_deref(), groups)?;
            seen.count(groups, chunk.labels.as_deref(), request.metrics.label_threshold);
        }
    }
    let plan = request.intervals.plan();
    let mut performance = Vec::new();
    let mut attributes = Vec::new();
    let mut notes = Vec::new();
    let mut summaries = Vec::new();
    let known: Vec<Groups> = seen.iter().map(|seen| Groups::new(&*seen.attribute, seen.tally.levels().to_vec(), Vec::new())).collect();
    refuse_twice(chunks.digests().iter().map(|file| (&file.name, &file.sha256)))?;
    request.metrics.check(&known)?;
    // A part of a file may lack what the whole must have.
    for (role, seen) in request.roles()?.groups.iter().zip(&seen) {
        if let Some(level) = role.rule.as_deref().and_then(|rule| rule.strip_prefix("= "))
            && seen.sizes.get(level).is_none_or(|(n, _)| *n == 0)
        {
            return Err(AuditError::Request(format!("--group \"{}\": no row of the files has the group `{level}`", role.name)));
        }
    }
    if let Some(value) = request.favourable.as_ref().filter(|_| label_sum == 0.0) {
        return Err(AuditError::Request(format!(
            "no row of the files has the favourable value `{value}` in the label column; check its spelling"
        )));
    }
    for seen in &seen {
        if seen.unknown > 0 {
            notes.push(format!("`{}`: the group of {} rows is unknown; they are left out of every gap", seen.attribute, seen.unknown));
        }
        let summary = seen.tally.summary()?;
        let (overall, compared): (Vec<_>, Vec<_>) =
            summary.findings(plan.as_ref()).into_iter().partition(|finding| !evidence::compares_groups(&finding.metric));
        if performance.is_empty() && request.label.is_some() {
            performance = overall;
        }
        notes.push(format!(
            "{}: read in chunks. Metrics of counts are exact; metrics of scores come from a sketch of {SKETCH_BINS} bins: SPDD is within \
             {:.2e} of the exact value.",
            seen.attribute,
            seen.tally.spdd_error_bound()
        ));
        summaries.push(AttributeSummary {
            name: seen.attribute.clone(),
            groups: seen
                .tally
                .levels()
                .iter()
                .map(|name| {
                    let (n, positive) = seen.sizes.get(name).copied().unwrap_or_default();
                    GroupSummary {
                        name: name.clone(),
                        n,
                        positive_rate: if request.label.is_some() && n > 0 {
                            Estimate::value(positive as f64 / n as f64)
                        } else {
                            Estimate::undefined("the data has no label")
                        },
                        mean_label: Estimate::undefined("not kept when reading in chunks"),
                    }
                })
                .collect(),
            unknown: seen.unknown,
        });
        attributes.push(evidence::attribute(&summary.outcomes(), seen.counted(), compared, true));
    }
    let summary = DataSummary {
        name: request.title.clone(),
        loader: "table".to_owned(),
        rows,
        files: chunks
            .digests()
            .iter()
            .map(|file| FileSummary { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() })
            .collect(),
        label: request.label.as_ref().map(|name| LabelSummary {
            name: name.clone(),
            kind: "read in chunks".to_owned(),
            mean: label_sum / rows.max(1) as f64,
            threshold: request.metrics.label_threshold,
        }),
        attributes: summaries,
        features: Vec::new(),
        sensitive_features: Vec::new(),
        tilt: Vec::new(),
        notes: chunks.notes(),
    };
    join(request, summary, performance, attributes, rows, notes)
}

impl Seen {
    fn count(&mut self, groups: &Groups, labels: Option<&[f64]>, threshold: f64) {
        let mut sizes = vec![(0, 0); groups.levels().len()];
        for (row, &code) in groups.codes().iter().enumerate() {
            match sizes.get_mut(code as usize) {
                Some((n, positive)) => {
                    *n += 1;
                    *positive += usize::from(labels.is_some_and(|labels| labels[row] >= threshold));
                }
                None => self.unknown += 1,
            }
        }
        for (name, (n, positive)) in groups.levels().iter().zip(sizes) {
            let entry = self.sizes.entry(name.clone()).or_default();
            *entry = (entry.0 + n, entry.1 + positive);
        }
    }

    fn counted(&self) -> Counted {
        let size = |name: &String| self.sizes.get(name).map_or(0, |(n, _)| *n);
        Counted {
            attribute: self.attribute.clone(),
            groups: self.tally.levels().iter().map(|name| GroupCount { name: name.clone(), n: size(name) }).collect(),
            unknown: self.unknown,
        }
    }
}

fn join(
    request: &ScoresRequest,
    data: DataSummary,
    performance: Vec<evenhand_metrics::Finding>,
    attributes: Vec<AttributeFindings>,
    rows: usize,
    mut notes: Vec<String>,
) -> Result<Report, AuditError> {
    let run = RunReport {
        seed: request.intervals.seed,
        sizes: Sizes { test: rows, ..Sizes::default() },
        performance,
        attributes,
        ..RunReport::default()
    };
    let columns = columns(request, &run)?;
    notes.extend(data.notes.iter().cloned());
    notes.extend(evidence::interval_note(std::iter::once(&run)));
    let mut report = Report {
        format: crate::FORMAT,
        kind: ReportKind::Audit,
        title: request.title.clone(),
        versions: run::versions(),
        recipe: settings(request),
        data,
        methods: vec![MethodReport { name: "scores".to_owned(), summary: summary(&run), runs: vec![run], ..MethodReport::default() }],
        columns,
        limits: Vec::new(),
        contrasts: Vec::new(),
        fronts: Vec::new(),
        choice: None,
        extraction: None,
        notes,
    };
    report.limits = evidence::check_limits(&request.limits, &report, |_| true)?;
    Ok(report)
}

fn summary(run: &RunReport) -> Vec<Summary> {
    let one = |metric: &str, attribute: Option<&str>, estimate: &Estimate| Summary {
        metric: metric.to_owned(),
        attribute: attribute.map(str::to_owned),
        mean: estimate.clone(),
        std: None,
        defined: usize::from(estimate.number().is_some()),
        runs: 1,
    };
    let overall = run.performance.iter().map(|finding| one(&finding.metric, None, &finding.estimate));
    let compared = run.attributes.iter().flat_map(|attribute| {
        attribute.findings.iter().map(move |finding| one(&finding.metric, Some(&attribute.attribute), &finding.estimate))
    });
    overall.chain(compared).collect()
}

fn columns(request: &ScoresRequest, run: &RunReport) -> Result<Vec<Column>, AuditError> {
    let mut columns = Vec::new();
    let labelled = request.label.is_some();
    let usual: &[&str] = if labelled {
        &["pcc", "srcc", "spdd", "ks", "demographic-parity-difference", "demographic-parity-ratio", "equalized-odds-difference"]
    } else {
        &["spdd", "ks", "demographic-parity-difference", "demographic-parity-ratio"]
    };
    let wanted: Vec<String> =
        if request.metrics.table.is_empty() { usual.iter().map(|id| (*id).to_owned()).collect() } else { request.metrics.table.clone() };
    for key in wanted {
        let (metric, named) = key.split_once('@').map_or((key.as_str(), None), |(metric, attribute)| (metric, Some(attribute)));
        if evidence::compares_groups(metric) {
            for attribute in run.attributes.iter().filter(|attribute| named.is_none_or(|name| name == attribute.attribute)) {
                columns.push(Column::of(metric, Some(attribute.attribute.clone()))?);
            }
        } else {
            columns.push(Column::of(metric, None)?);
        }
    }
    Ok(columns)
}

fn settings(request: &ScoresRequest) -> serde_json::Value {
    serde_json::json!({
        "score": request.score,
        "groups": request.groups,
        "label": request.label,
        "favourable": request.favourable,
        "weight": request.weight,
        "missing": request.missing,
        "range": request.range,
        "top": request.top,
        "metrics": request.metrics,
        "intervals": request.intervals,
        "limits": request.limits,
        "stream": request.stream,
    })
}

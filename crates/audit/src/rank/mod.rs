//! The question of gate 3: who comes first, by score and by a re-ranker, what both give to the groups, and why each stands where.

mod lists;
mod wanted;

use std::collections::{BTreeMap, HashMap};

use evenhand_catalog::READS_THE_GROUP;
use evenhand_report::{DataSummary, MethodReport, Remark, RemarkKind, Report, ReportKind, RunReport, Shortlists, Sizes};
use evenhand_rerank::{FloorRule, RERANKERS, Reason};
use evenhand_rows::table::{Cells, Column, Form};
use evenhand_rows::{Dataset, Groups};

pub use lists::{Lists, Plan};
pub use wanted::Wanted;

use crate::settings::{Choice, IntervalSection, asked};
use crate::{AuditError, evidence, numbers, run, scores};

/// What is asked of candidates that are to be ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSettings {
    /// Heading of the report.
    pub title: String,
    /// Whether the lowest score is the best.
    pub lower_is_better: bool,
    /// The sensitive attribute whose groups are looked at.
    pub attribute: String,
    /// The re-ranker.
    pub method: Choice,
    /// The wanted shares.
    pub target: Wanted,
    /// A column that holds the wanted shares of each job, written as `target`.
    pub target_column: Option<Column>,
    /// Places of a shortlist.
    pub top: usize,
    /// Whether methods work as their papers write them, which may throw a small group off the list ([`evenhand_rerank::Shares::as_published`]).
    pub as_published: bool,
    /// Seed of methods that draw.
    pub seed: u64,
    /// Intervals.
    pub intervals: IntervalSection,
    /// How the rows came to be, in the words of whoever read them; it stands in the report before the settings above.
    pub reading: serde_json::Map<String, serde_json::Value>,
}

impl Default for RankSettings {
    fn default() -> Self {
        RankSettings {
            title: String::new(),
            lower_is_better: false,
            attribute: String::new(),
            method: Choice { id: "det-greedy".to_owned(), parameters: BTreeMap::new() },
            target: Wanted::default(),
            target_column: None,
            top: 10,
            as_published: false,
            seed: 0,
            intervals: IntervalSection::default(),
            reading: serde_json::Map::new(),
        }
    }
}

/// Candidates in their new order.
#[derive(Debug)]
pub struct Ranking {
    /// The evidence.
    pub report: Report,
    /// Remarks.
    pub notes: Vec<Remark>,
    /// The rows, job after job, best first; those without a score stand last.
    pub order: Vec<usize>,
    /// [`COLUMNS`] for the rows in this order: rank by score and rank (NaN without a score), `yes` or `no`, the reason of the place.
    pub columns: Vec<Column>,
}

/// Names of the columns that a ranking adds.
pub const COLUMNS: [&str; 4] = ["rank_by_score", "rank", "shortlisted", "reason"];

/// Ranks candidates: a score a row of `data` (NaN where somebody has none), the attribute of the settings among its sensitive ones, a list a job
/// where it has jobs.
///
/// ```
/// use evenhand_audit::rank::{RankSettings, rank};
/// use evenhand_rows::{Dataset, Groups};
///
/// let groups = Groups::from_texts("gender", ["m", "m", "m", "f", "f", "f"].map(Some).into_iter());
/// let data = Dataset { rows: (1..=6).collect(), sensitive: vec![groups], ..Dataset::default() };
/// let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
///
/// let settings = RankSettings { attribute: "gender".to_owned(), top: 4, ..RankSettings::default() };
/// let ranking = rank(&data, &scores, &settings).unwrap();
/// // Equal shares are wanted: two of the first four are women.
/// assert_eq!(ranking.order[..4].iter().filter(|row| **row >= 3).count(), 2);
/// assert_eq!(ranking.order[0], 0);
/// ```
pub fn rank(data: &Dataset, scores: &[f64], settings: &RankSettings) -> Result<Ranking, AuditError> {
    if scores.len() != data.len() {
        return Err(AuditError::Request(format!("there are {} scores for {} rows; give one a row", scores.len(), data.len())));
    }
    if let Some(row) = scores.iter().position(|score| score.is_infinite()) {
        return Err(AuditError::Request(format!(
            "row {}: the score {} is not finite; give a number, or NaN where there is none",
            row + 1,
            scores[row]
        )));
    }
    if let Some(column) = settings.target_column.as_ref().filter(|column| column.cells.len() != data.len()) {
        let message = format!("it has {} rows, and there are {}", column.cells.len(), data.len());
        return Err(AuditError::Setting { setting: "target_column", value: column.name.clone(), message });
    }
    let sign = if settings.lower_is_better { -1.0 } else { 1.0 };
    let (scored, unscored): (Vec<usize>, Vec<usize>) = (0..scores.len()).partition(|&row| scores[row].is_finite());
    if scored.is_empty() {
        return Err(AuditError::Request("no candidate has a score, so there is nothing to rank".to_owned()));
    }
    let mut notes: Vec<Remark> = data.provenance.notes.iter().cloned().map(Remark::from).collect();
    notes.extend(left_unranked(data.groups(&settings.attribute)?, &unscored));
    let scores: Vec<f64> = scored.iter().map(|&row| sign * scores[row]).collect();
    let mut data = if unscored.is_empty() { data.clone() } else { data.select(&scored) };
    let groups = data.groups(&settings.attribute)?.clone();
    scores::refuse_no_groups(&groups)?;
    let target = settings.target.spelled_as(&groups);
    let by_job: BTreeMap<String, Wanted> = match &settings.target_column {
        Some(column) => wanted::targets_by_job(column, &scored, data.job.as_ref(), &settings.target)?,
        None => BTreeMap::new(),
    };
    let by_job = by_job.into_iter().map(|(job, wanted)| (job, wanted.spelled_as(&groups))).collect();
    let plan = Plan {
        reranker: Some(&settings.method),
        wanted: &target,
        by_job: &by_job,
        top: settings.top,
        as_published: settings.as_published,
        seed: settings.seed,
    };
    let lists = Lists::new(&plan, &scores, &groups, data.job.as_ref())?;
    let labels = data.label.as_ref().map(|label| label.values.as_slice());
    let shortlists = lists.measure(&plan, &groups, labels, settings.intervals.plan().as_ref(), true)?;
    let columns = added_columns(&lists, unscored.len(), &groups, settings.top);
    let order = lists.after.iter().map(|&row| scored[row]).chain(unscored.iter().copied()).collect();

    data.name.clone_from(&settings.title);
    let summary = DataSummary { notes: notes.iter().map(Remark::to_string).collect(), ..evidence::data_summary(&data, 0.5)? };
    notes.extend(floor_notes(&shortlists, &settings.method.id, settings.method.build(RERANKERS)?.floors()));
    let report = report(settings, summary, shortlists, scores.len(), &notes);
    // The report's pages say it of every method that does.
    notes.push(Remark::new(RemarkKind::Told, format!("{}: {READS_THE_GROUP}", settings.method.id)));
    Ok(Ranking { report, notes, order, columns })
}

fn report(settings: &RankSettings, data: DataSummary, shortlists: Shortlists, rows: usize, notes: &[Remark]) -> Report {
    let run = RunReport {
        seed: settings.seed,
        sizes: Sizes { test: rows, ..Sizes::default() },
        shortlists: Some(shortlists),
        ..RunReport::default()
    };
    let own = serde_json::json!({
        "lower_is_better": settings.lower_is_better,
        "method": settings.method,
        "target": settings.target,
        "as_published": settings.as_published,
        "target_column": settings.target_column.as_ref().map(|column| &column.name),
        "top": settings.top,
        "seed": settings.seed,
        "intervals": settings.intervals,
    });
    let method = MethodReport {
        name: settings.method.id.clone(),
        rerank: Some(settings.method.summary()),
        runs: vec![run],
        ..MethodReport::default()
    };
    let report = Report::of_rows(ReportKind::Ranking, &settings.title, run::versions(), asked(&settings.reading, own), data);
    Report { methods: vec![method], notes: notes.to_vec(), ..report }
}

/// Who has no score, by group: who cannot be ranked must not drop out of sight.
fn left_unranked(groups: &Groups, rows: &[usize]) -> Option<Remark> {
    let left = groups.select(rows);
    let known = left.levels().iter().zip(left.sizes()).filter(|(_, size)| *size > 0);
    let mut of: Vec<String> = known.map(|(level, size)| format!("{level} {size}")).collect();
    if left.unknown_count() > 0 {
        of.push(format!("unknown {}", left.unknown_count()));
    }
    (!rows.is_empty()).then(|| {
        let (left, all) = (rows.len(), groups.codes().len());
        let text = format!("{left} of {all} candidates have no score and stand last, without a rank ({})", of.join(", "));
        Remark::new(RemarkKind::Unscored, text)
    })
}

/// What became of the wanted shares.
fn floor_notes(lists: &Shortlists, method: &str, rule: FloorRule) -> Vec<Remark> {
    let index = lists.after.iter().find(|finding| finding.metric == "infeasible-index").and_then(|finding| finding.estimate.number());
    let below = index.is_some_and(|index| index > 0.0);
    let mut notes = Vec::new();
    // Breaches of a method's own minima are none of the wanted shares.
    let missed = if rule == FloorRule::Shares { lists.below_floor > lists.ran_out } else { below };
    let kept: usize = lists.places.iter().map(|group| group.kept).sum();
    if missed {
        let mut why = format!("`{method}` does not promise every floor");
        if kept > 0 {
            why.push_str(", and nobody whom the order by score puts on the list is left out of it for want of a whole place to claim");
        }
        let text = format!("some lists have, down to some place, fewer of a group than its wanted share asks for: {why}");
        notes.push(Remark::new(RemarkKind::FloorsMissed, text));
    }
    if rule == FloorRule::Shares && lists.ran_out > 0 {
        let text = format!("in {} of {} lists a group has fewer candidates than its share asks for", lists.ran_out, lists.jobs);
        notes.push(Remark::new(RemarkKind::RanOut, text));
    }
    if lists.short > 0 {
        let text = format!(
            "in {} of {} lists no order gives the groups the wanted exposure (the least reached is {} of it)",
            lists.short,
            lists.jobs,
            numbers::significant(lists.least_reached.unwrap_or_default())
        );
        notes.push(Remark::new(RemarkKind::ExposureShort, text));
    }
    notes
}

/// Why a candidate stands at this rank, in words. `put_first`: shortlisted candidates of lower score.
fn told_reason(reason: Option<Reason>, levels: &[String], by_score: usize, rank: usize, top: usize, put_first: usize) -> String {
    match reason {
        Some(Reason::Score) if rank > by_score => "best score of those left".to_owned(),
        Some(reason) => reason.text(levels),
        None if by_score <= top && rank > top => {
            format!("left the shortlist: {} of lower score put first", numbers::counted(put_first, "candidate"))
        }
        None => "not shortlisted, by score".to_owned(),
    }
}

/// The columns of a ranking, those without a score last.
fn added_columns(lists: &Lists, unscored: usize, groups: &Groups, top: usize) -> Vec<Column> {
    let all = lists.after.len() + unscored;
    let mut rank_by_score = vec![0; lists.before.len()];
    let (mut ranks, mut shortlisted, mut codes) = (Vec::with_capacity(all), Vec::with_capacity(all), Vec::with_capacity(all));
    let mut reasons: Vec<String> = Vec::new();
    let mut code_of: HashMap<String, u32> = HashMap::new();
    let mut code = |text: String| {
        *code_of.entry(text).or_insert_with_key(|text| {
            reasons.push(text.clone());
            reasons.len() as u32 - 1
        })
    };
    for (start, end) in lists.bounds() {
        for (place, &row) in lists.before[start..end].iter().enumerate() {
            rank_by_score[row] = place + 1;
        }
        // In ascending order, so that those of lower score are counted at once.
        let mut listed: Vec<usize> = lists.after[start..end].iter().take(top).map(|&row| rank_by_score[row]).collect();
        listed.sort_unstable();
        for (place, &row) in lists.after[start..end].iter().enumerate() {
            let by_score = rank_by_score[row];
            let put_first = listed.len() - listed.partition_point(|&other| other <= by_score);
            ranks.push((place + 1) as f64);
            shortlisted.push(u32::from(place < top));
            codes.push(code(told_reason(lists.reasons[start + place], groups.levels(), by_score, place + 1, top, put_first)));
        }
    }
    let mut by_score: Vec<f64> = lists.after.iter().map(|&row| rank_by_score[row] as f64).collect();
    by_score.resize(all, f64::NAN);
    ranks.resize(all, f64::NAN);
    shortlisted.resize(all, 0);
    codes.extend((0..unscored).map(|_| code("no score".to_owned())));
    let whole = |values: Vec<f64>| Cells::Numbers { form: Form::Integer, values };
    let cells = [
        whole(by_score),
        whole(ranks),
        Cells::Categories { levels: vec!["no".to_owned(), "yes".to_owned()], codes: shortlisted },
        Cells::Categories { levels: reasons, codes },
    ];
    COLUMNS.into_iter().zip(cells).map(|(name, cells)| Column { name: name.to_owned(), cells }).collect()
}

//! The audit of scores that somebody already holds: rows in memory, or one part of a stream after another, into a report.

use std::collections::BTreeMap;

use evenhand_catalog::limits::GROUPS;
use evenhand_metrics::{Convention, Estimate, Finding, Outcomes, Tally};
use evenhand_report::cards::compares_groups;
use evenhand_report::collapse::{FLAT, deviation};
use evenhand_report::limits::{self, Judge, check_limits};
use evenhand_report::{
    AttributeFindings, AttributeSummary, Column, DataSummary, FileSummary, GroupCount, GroupSummary, LabelSummary, MethodReport,
    Particulars, Remark, RemarkKind, Report, ReportKind, RunReport, Sizes, Summary,
};
use evenhand_rows::{Chunk, Dataset, Groups, Provenance, Scale, Scored};
use serde_json::{Map, Value};

use crate::evidence::Counted;
use crate::run::versions;
use crate::selections::{GroupRows, selections};
use crate::settings::{DecisionRule, IntervalSection, MetricsSection};
use crate::{AuditError, evidence, strata};

/// Bins of the sketch of each group's scores when they come in parts.
const SKETCH_BINS: usize = 1 << 16;

/// What is asked of scores.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuditSettings {
    /// Heading of the report.
    pub title: String,
    /// What is measured; thresholds are on the scale of the scores, [0, 1].
    pub metrics: MetricsSection,
    /// Intervals and p-values.
    pub intervals: IntervalSection,
    /// Limits by metric.
    pub limits: BTreeMap<String, f64>,
    /// What limits are judged by.
    pub judge: Judge,
    /// Attributes of the rows that are strata, such as jobs: every number stands within each of them, too.
    pub strata: Vec<String>,
    /// Who audited what, when, on which data.
    pub particulars: Option<Particulars>,
    /// Who is selected.
    pub selection: Selection,
    /// How the rows came to be, in the words of whoever read them; it stands in the report before the settings above.
    pub reading: Map<String, Value>,
}

/// Who is selected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Selection {
    /// Scores above the threshold of the metrics.
    #[default]
    Threshold,
    /// Scores above the median of all scores.
    Median,
    /// The rows with this many best scores, and those that tie with the last.
    Top(usize),
    /// The rows with this share of the best scores, rounded to whole rows, and those that tie with the last.
    TopShare(f64),
}

impl AuditSettings {
    /// Refuses settings that cannot be used, before any row is read.
    pub fn check(&self) -> Result<(), AuditError> {
        self.intervals.check_level()?;
        self.intervals.check_judge(self.judge, !self.limits.is_empty())?;
        for (key, limit) in &self.limits {
            limits::check_limit(key, *limit, Scale::default())?;
        }
        self.intervals.plan().map_or(Ok(()), |plan| plan.check())?;
        let threshold = self.metrics.threshold;
        if !(0.0..=1.0).contains(&threshold) {
            return Err(AuditError::Request(format!("threshold = {threshold} is not a possible score; it must lie in [0, 1]")));
        }
        Ok(())
    }

    /// Where the strata stand among the rows' attributes.
    fn strata_of(&self, scored: &Scored) -> Result<Vec<usize>, AuditError> {
        let place = |name: &String| {
            let known = || scored.groups.iter().map(Groups::name).collect::<Vec<_>>().join(", ");
            let place = scored.groups.iter().position(|groups| groups.name() == name);
            place.ok_or_else(|| AuditError::Request(format!("`strata`: the rows have no column `{name}`; they have {}", known())))
        };
        let places: Vec<usize> = self.strata.iter().map(place).collect::<Result<_, _>>()?;
        for &place in &places {
            let column = &scored.groups[place];
            if column.unknown_count() == column.codes().len() {
                let message =
                    format!("`{}` is to part the rows into strata, and no row has a value in it; name another column", column.name());
                return Err(AuditError::Request(message));
            }
        }
        if places.len() == scored.groups.len() {
            return Err(AuditError::Request(
                "`groups`: all columns are strata, and there is no sensitive attribute; give one at least".to_owned(),
            ));
        }
        Ok(places)
    }

    /// What is counted as selected.
    fn counted(&self) -> evenhand_report::Counted {
        match self.selection {
            Selection::Median => evenhand_report::Counted::AboveMedian,
            Selection::Threshold | Selection::Top(_) | Selection::TopShare(_) => evenhand_report::Counted::Selected,
        }
    }

    /// The lowest impact ratio that was set as a limit for an attribute.
    fn lowest_ratio(&self, attribute: &str) -> Option<f64> {
        // Disparate impact is the same number, unless it is about a group that somebody named.
        let same = self.metrics.privileged.is_empty() && self.metrics.convention == Convention::Evenhand;
        let ratios: &[&str] = if same {
            &["impact-ratio", "demographic-parity-ratio", "disparate-impact", "folded-disparate-impact"]
        } else {
            &["impact-ratio", "demographic-parity-ratio"]
        };
        let wanted = |key: &str| {
            let (metric, named) = key.split_once('@').map_or((key, None), |(metric, attribute)| (metric, Some(attribute)));
            ratios.contains(&metric) && named.is_none_or(|named| named == attribute)
        };
        self.limits.iter().filter(|(key, _)| wanted(key)).map(|(_, limit)| *limit).reduce(f64::max)
    }

    /// The settings as the report shows them.
    fn told(&self, stream: bool) -> Map<String, Value> {
        let own = serde_json::json!({
            "top": match self.selection {
                Selection::Top(count) => serde_json::json!(count),
                Selection::TopShare(share) => serde_json::json!(format!("{}%", crate::numbers::plain(share * 100.0))),
                Selection::Median | Selection::Threshold => Value::Null,
            },
            "metrics": self.metrics,
            "intervals": self.intervals,
            "limits": self.limits,
            "judge": (!self.limits.is_empty()).then_some(self.judge),
            "strata": self.strata,
            "stream": stream,
        });
        crate::settings::asked(&self.reading, own)
    }
}

/// Fewer values than this are groups, however few rows there are.
const FEW_VALUES: usize = 10;

/// Refuses a column that says who somebody is, and one that sets nobody apart from anybody.
pub fn refuse_no_groups(groups: &Groups) -> Result<(), AuditError> {
    let (name, rows) = (groups.name(), groups.codes().len() - groups.unknown_count());
    let present: Vec<(&String, usize)> = groups.levels().iter().zip(groups.sizes()).filter(|(_, size)| *size > 0).collect();
    match present.as_slice() {
        [] => Err(AuditError::Request(format!("`{name}`: no row to be compared has a known group; name another column"))),
        [(only, _)] => {
            Err(AuditError::Request(format!("`{name}`: all rows to be compared are of one group (`{only}`); name another column")))
        }
        many => refuse_persons(name, many.len(), rows),
    }
}

/// Refuses values that tell persons from each other rather than groups: every metric would have a number for each of them, and none would say anything.
/// `values`: how many of them occur in so many rows.
pub fn refuse_persons(name: &str, values: usize, rows: usize) -> Result<(), AuditError> {
    let told = format!("`{name}` has {values} values in {rows} rows");
    if let Err(limit) = GROUPS.check(values as u64) {
        let remedy =
            "name another column, cut numbers by a rule such as `> 25`, or set one group against the others by a rule such as `= A`";
        return Err(AuditError::Request(format!("{told}: {limit}; {remedy}")));
    }
    if values >= FEW_VALUES && 2 * values > rows {
        return Err(AuditError::Request(format!(
            "{told}: it tells persons from each other, or makes more groups than so few rows can fill; name another column"
        )));
    }
    Ok(())
}

/// The same of a whole attribute.
pub fn refuse_persons_in(groups: &Groups) -> Result<(), AuditError> {
    let present = groups.sizes().iter().filter(|size| **size > 0).count();
    refuse_persons(groups.name(), present, groups.codes().len() - groups.unknown_count())
}

/// Which scores are selected, on the person's own scale: `above 60`, `of 3 or less`.
fn rule_words(metrics: &MetricsSection, scale: Scale) -> String {
    let threshold = crate::numbers::plain(scale.to_score(metrics.threshold));
    match (metrics.decision_rule, scale.lower_is_better) {
        (DecisionRule::Above, true) => format!("below {threshold}"),
        (DecisionRule::Above, false) => format!("above {threshold}"),
        (DecisionRule::AtOrAbove, true) => format!("of {threshold} or less"),
        (DecisionRule::AtOrAbove, false) => format!("of {threshold} or more"),
    }
}

/// Who counts as selected, on the person's own scale.
fn told_selected(settings: &AuditSettings, data: &DataSummary) -> String {
    let scale = data.score_scale;
    let rule = format!("score {}", rule_words(&settings.metrics, scale));
    let ends = [scale.to_score(0.0), scale.to_score(1.0)];
    let scale = format!("on a scale of {} to {}", crate::numbers::plain(ends[0].min(ends[1])), crate::numbers::plain(ends[0].max(ends[1])));
    match settings.selection {
        Selection::Median => format!("{rule}, the median of all scores, {scale}"),
        Selection::Top(count) => format!("{rule}, which the best {count} rows have, {scale}"),
        Selection::TopShare(share) => {
            format!("{rule}, which the best {} % of the rows have, {scale}", crate::numbers::plain(share * 100.0))
        }
        Selection::Threshold => format!("{rule}, {scale}"),
    }
}

/// Says in the report, and beside the settings that are in force, which words of the column count as selected.
fn tell_selecting(report: &mut Report, settings: &AuditSettings, words: &[String]) {
    if words.is_empty() {
        return;
    }
    report.recipe["selecting"] = serde_json::json!(words);
    if settings.selection == Selection::Threshold {
        report.selected = Some(decision_words(words));
    }
}

/// `decision "hired"`: words out of a column are quoted, as any of them could stand there.
pub(crate) fn decision_words(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\u{201c}{word}\u{201d}")).collect();
    format!("decision {}", quoted.join(" or "))
}

/// What is told at the head of an audit of scores that are nearly one number: every gap between them is small, whoever they are about.
///
/// Decisions are none of this: of 0 and 1 few may be selected, and often are. Nor is that nearly all are decided alike, which is usual where few are hired.
fn told_flat(deviation: f64, decisions: bool, scale: Scale) -> Option<Remark> {
    (deviation < FLAT && !decisions).then(|| {
        let own = |unit: f64| crate::numbers::plain(scale.to_score(unit));
        let (low, high) = if scale.lower_is_better { (own(1.0), own(0.0)) } else { (own(0.0), own(1.0)) };
        let text = format!(
            "The scores hardly vary (standard deviation {} on the scale of {low} to {high}): small gaps between them say nothing; look at who is selected, and \
             at the order of the scores (rank SPDD, KS)",
            crate::numbers::significant(deviation * scale.span().abs())
        );
        Remark::new(RemarkKind::HardlyVary, text)
    })
}

/// Whether a score is a decision.
fn is_decision(score: f64) -> bool {
    score == 0.0 || score == 1.0
}

/// Who is selected by a threshold, on a scale of the person's own.
fn told_threshold(metrics: &MetricsSection, scale: Scale) -> Option<String> {
    (!scale.is_plain()).then(|| format!("Selected: scores {}.", rule_words(metrics, scale)))
}

/// The settings with the threshold that selects whom the selection says, and a remark on who that is.
pub(crate) fn resolved(settings: &AuditSettings, scored: &Scored) -> Result<(AuditSettings, Option<String>), AuditError> {
    let scores = &scored.scores;
    let rows = scores.len();
    let own = |unit: f64| crate::numbers::plain(scored.scale.to_score(unit));
    let better = if scored.scale.lower_is_better { "or less" } else { "or more" };
    let beyond = if scored.scale.lower_is_better { "below" } else { "above" };
    let (count, told) = match settings.selection {
        Selection::Threshold => return Ok((settings.clone(), told_threshold(&settings.metrics, scored.scale))),
        Selection::Median => {
            let mut ordered = scores.clone();
            ordered.sort_unstable_by(f64::total_cmp);
            let threshold = match rows {
                0 => return Err(AuditError::Request("`threshold`: there are no scores to have a median".to_owned())),
                rows => f64::midpoint(ordered[(rows - 1) / 2], ordered[rows / 2]),
            };
            let selected = scores.iter().filter(|score| **score > threshold).count();
            let note = format!("Median {}: {selected} of {rows} rows score {beyond} it and are selected.", own(threshold));
            let metrics = MetricsSection { threshold, decision_rule: DecisionRule::Above, ..settings.metrics.clone() };
            return Ok((AuditSettings { metrics, ..settings.clone() }, Some(note)));
        }
        Selection::Top(count) => (count, format!("Top {count}")),
        Selection::TopShare(share) => ((share * rows as f64).round() as usize, format!("Top {}%", crate::numbers::plain(share * 100.0))),
    };
    if count == 0 || count > rows {
        return Err(AuditError::Request(format!("top = {count} is not possible: there are {rows} rows; give 1 to {rows}")));
    }
    let mut ordered = scores.clone();
    let (_, threshold, _) = ordered.select_nth_unstable_by(count - 1, |one, other| other.total_cmp(one));
    let threshold = *threshold;
    let selected = scores.iter().filter(|score| **score >= threshold).count();
    let tied = if selected > count { ": rows with this very score are selected together" } else { "" };
    let note = format!("{told}: {selected} rows score {} {better} and are selected{tied}.", own(threshold));
    let metrics = MetricsSection { threshold, decision_rule: DecisionRule::AtOrAbove, ..settings.metrics.clone() };
    Ok((AuditSettings { metrics, ..settings.clone() }, Some(note)))
}

/// The remark on rows without an outcome.
fn told_undecided(name: &str, decided: usize, rows: usize) -> Remark {
    let text = format!(
        "`{name}`: {} of {rows} rows have no outcome; they count in what needs none, and {decided} rows in what needs one.",
        rows - decided
    );
    Remark::new(RemarkKind::Undecided, text)
}

/// The findings of all rows; of those that need the truth, what the rows have on which something was decided.
fn measured(
    scored: &Scored,
    decided: Option<&Scored>,
    attribute: usize,
    settings: &AuditSettings,
    strata: &[usize],
) -> Result<(Vec<Finding>, AttributeFindings), AuditError> {
    let plan = settings.intervals.plan();
    let groups = &scored.groups[attribute];
    let conventions = settings.metrics.conventions(groups.name());
    let mut outcomes = Outcomes::new(&scored.scores, groups)?.conventions(conventions.clone());
    if let Some(&first) = strata.first() {
        outcomes = outcomes.strata(&scored.groups[first])?;
    }
    if let (Some(labels), None) = (scored.labels(), decided) {
        outcomes = outcomes.labels(labels)?;
    }
    if let Some(weights) = &scored.weights {
        outcomes = outcomes.weights(weights)?;
    }
    let (mut overall, mut compared) = evidence::findings(&outcomes, plan.as_ref())?;
    if let Some(decided) = decided {
        let mut judged = Outcomes::new(&decided.scores, &decided.groups[attribute])?.conventions(conventions);
        if let Some(labels) = decided.labels() {
            judged = judged.labels(labels)?;
        }
        if let Some(weights) = &decided.weights {
            judged = judged.weights(weights)?;
        }
        let (of_decided, among_decided) = evidence::findings(&judged, plan.as_ref())?;
        evidence::fill(&mut overall, of_decided);
        evidence::fill(&mut compared, among_decided);
    }
    let mut found = evidence::attribute(&outcomes, Counted::of(groups), compared, true);
    let selecting = settings.metrics.conventions(groups.name());
    let selects = |score: f64| selecting.selects(score);
    let (rows, unknown) = strata::group_rows(groups, &scored.scores, settings.metrics.minimum_group_size, &selects);
    // Tests count persons; of rows that weigh unequally there are none.
    let level = settings.intervals.level_in_force();
    let pooled = selections(&rows, unknown, settings.counted(), level);
    if scored.weights.is_none() {
        found.selections = Some(pooled.clone());
    }
    if !strata.is_empty() {
        let asked = strata::Asked {
            conventions: settings.metrics.conventions(groups.name()),
            intervals: settings.intervals,
            lowest_ratio: settings.lowest_ratio(groups.name()),
            counted: settings.counted(),
            selects: &selects,
        };
        for (position, &by) in strata.iter().enumerate() {
            let mut within = strata::within(scored, decided, attribute, by, &pooled, &asked)?;
            let conditional = if position == 0 {
                found.findings.iter().find(|finding| finding.metric == "conditional-spdd").cloned()
            } else {
                let mut outcomes = Outcomes::new(&scored.scores, groups)?.conventions(settings.metrics.conventions(groups.name()));
                if let Some(weights) = &scored.weights {
                    outcomes = outcomes.weights(weights)?;
                }
                evenhand_metrics::evaluate(&["conditional-spdd"], &outcomes.strata(&scored.groups[by])?, plan.as_ref())?.pop()
            };
            if let Some(finding) = conditional {
                strata::conditional(&mut within, &finding);
            }
            found.strata.push(within);
        }
    }
    Ok((overall, found))
}

/// Who is selected in each group, of sums.
fn selections_of_sums(outcomes: &Outcomes<'_>, levels: &[String], settings: &AuditSettings) -> evenhand_report::Selections {
    let minimum = settings.metrics.minimum_group_size;
    let counts = evenhand_metrics::confusion_by_group(outcomes);
    let of = |name: &String| {
        counts.iter().find(|count| count.group == *name).map_or([0, 0], |count| [count.n as u64, count.confusion.selected() as u64])
    };
    let rows = levels.iter().map(|group| {
        let [n, selected] = of(group);
        let left_out = (n > 0 && n < minimum as u64).then(|| format!("{n} rows, fewer than the minimum of {minimum}"));
        GroupRows { group: group.clone(), n, selected, left_out }
    });
    let rows: Vec<GroupRows> = rows.collect();
    let named: u64 = rows.iter().map(|group| group.n).sum();
    let all: u64 = counts.iter().map(|count| count.n as u64).sum();
    let selected: u64 =
        counts.iter().map(|count| count.confusion.selected() as u64).sum::<u64>() - rows.iter().map(|group| group.selected).sum::<u64>();
    selections(&rows, [all - named, selected], settings.counted(), settings.intervals.level_in_force())
}

/// Audits scores: how they and the decisions that follow from them treat the groups.
///
/// ```
/// use evenhand_audit::{AuditSettings, audit};
/// use evenhand_rows::Scored;
///
/// let scores = vec![0.9, 0.7, 0.4, 0.8, 0.3, 0.2];
/// let groups = ["men", "men", "men", "women", "women", "women"];
/// let hired = vec![1.0, 1.0, 0.0, 1.0, 0.0, 0.0];
/// let scored = Scored::from_arrays(scores, ("gender", &groups), Some(hired)).unwrap();
///
/// let settings = AuditSettings { title: "Six candidates".to_owned(), ..AuditSettings::default() };
/// let report = audit(&scored, &settings).unwrap();
/// let gender = &report.methods[0].runs[0].attributes[0];
/// let gap = gender.findings.iter().find(|finding| finding.metric == "demographic-parity-difference").unwrap();
/// // Two of three men and one of three women score above 0.5.
/// assert!((gap.estimate.number().unwrap() - 1.0 / 3.0).abs() < 1e-12);
///
/// let page = evenhand_report::html::render(&report, &[]).unwrap();
/// assert!(page.contains("Six candidates"));
/// ```
pub fn audit(scored: &Scored, settings: &AuditSettings) -> Result<Report, AuditError> {
    settings.check()?;
    if scored.groups.is_empty() {
        return Err(AuditError::Request("`groups`: there is no sensitive attribute; give the groups of one at least".to_owned()));
    }
    settings.metrics.check(&scored.groups)?;
    scored.groups.iter().try_for_each(refuse_persons_in)?;
    let (settings, note) = resolved(settings, scored)?;
    let (settings, mut notes) = (&settings, Vec::from_iter(note.map(|note| Remark::new(RemarkKind::Selection, note))));
    let strata = settings.strata_of(scored)?;
    let compared = (0..scored.groups.len()).filter(|place| !strata.contains(place)).map(|place| scored.groups[place].name());
    for key in settings.limits.keys() {
        if let Some(by) = key.split_once('@').map(|(_, name)| name).filter(|name| settings.strata.iter().any(|by| by == name)) {
            return Err(AuditError::Request(format!(
                "limit `{key}`: `{by}` holds the strata, and a limit is judged on all rows together; name an attribute ({}), and the report counts in how many \
                 strata the limit would be kept",
                compared.collect::<Vec<_>>().join(", ")
            )));
        }
        limits::check_key(key, compared.clone())?;
        limits::check_needs(key, scored.label.is_some(), !strata.is_empty())?;
    }
    let decided = scored.decided().map(|rows| scored.select(&rows));
    if let Some(decided) = &decided {
        let name = scored.label.as_ref().map_or("label", |label| label.name.as_str());
        notes.push(told_undecided(name, decided.len(), scored.len()));
        if decided.is_empty() {
            return Err(AuditError::Request(format!("`{name}`: no row has an outcome; name another column, or leave the label out")));
        }
    }
    let mut performance = Vec::new();
    let mut attributes = Vec::new();
    for attribute in (0..scored.groups.len()).filter(|attribute| !strata.contains(attribute)) {
        let (overall, compared) = measured(scored, decided.as_ref(), attribute, settings, &strata)?;
        if performance.is_empty() && scored.label.is_some() {
            performance = overall;
        }
        attributes.push(compared);
    }
    let data = Dataset {
        name: settings.title.clone(),
        rows: (1..=scored.scores.len() as u64).collect(),
        label: scored.label.clone(),
        sensitive: (0..scored.groups.len())
            .filter(|attribute| !strata.contains(attribute))
            .map(|attribute| scored.groups[attribute].clone())
            .collect(),
        provenance: scored.provenance.clone(),
        ..Dataset::default()
    };
    let data = match scored.decided() {
        Some(rows) => data.select(&rows),
        None => data,
    };
    let mut summary = evidence::data_summary(&data, settings.metrics.label_threshold)?;
    summary.rows = scored.len();
    summary.unscored = scored.unscored;
    summary.score_scale = scored.scale;
    if data.label.is_some() {
        for groups in &data.sensitive {
            summary.tilt.extend(evidence::tilt("labels as given", &data, groups.name(), None, settings.metrics.label_threshold)?);
        }
    }
    let decisions = scored.scores.iter().all(|score| is_decision(*score));
    notes.extend(told_flat(deviation(&scored.scores), decisions, scored.scale));
    let mut report = join(settings, false, summary, performance, attributes, notes)?;
    tell_selecting(&mut report, settings, &scored.selecting);
    Ok(report)
}

/// What a stream has told of one attribute so far.
#[derive(Debug)]
struct Seen {
    attribute: String,
    /// Rows that have an outcome, or all where no part has any.
    tally: Tally,
    /// Rows without an outcome, where others have one.
    undecided: Tally,
    /// By group: rows, those that are decided, and those of them that are high.
    sizes: BTreeMap<String, [usize; 3]>,
    unknown: usize,
}

/// The audit of scores that come in parts, with constant memory: counts are exact, SPDD holds within a bound that the report says.
#[derive(Debug)]
pub struct AuditStream {
    settings: AuditSettings,
    seen: Vec<Seen>,
    rows: usize,
    /// Rows with an outcome.
    decided: usize,
    label_sum: Option<f64>,
    /// Whether any part had weights.
    weighted: bool,
    /// The person's own scales of scores and labels.
    scales: [Scale; 2],
    /// Words that count as selected.
    selecting: Vec<String>,
    spread: Spread,
}

/// How far the scores of a stream lie apart, kept as they come.
#[derive(Debug, Default)]
struct Spread {
    n: f64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    /// Whether any score is no decision.
    undecided: bool,
}

impl Spread {
    /// Welford's sums lose no digits where all scores are nearly one number.
    fn add(&mut self, score: f64) {
        self.n += 1.0;
        let before = score - self.mean;
        self.mean += before / self.n;
        self.squares += before * (score - self.mean);
        self.undecided |= !is_decision(score);
    }

    fn told(&self, scale: Scale) -> Option<Remark> {
        told_flat((self.squares / self.n.max(1.0)).sqrt(), !self.undecided, scale)
    }
}

impl AuditStream {
    /// An audit that has seen no rows yet.
    pub fn new(settings: AuditSettings) -> Result<Self, AuditError> {
        settings.check()?;
        if settings.selection != Selection::Threshold {
            let message = "`top`: the top scores and the median are known only once all are read, so nobody can be selected by them in a stream; give a threshold instead";
            return Err(AuditError::Request(message.to_owned()));
        }
        if !settings.strata.is_empty() {
            let message = "`strata`: strata need all rows at once, and cannot be compared in a stream; read the rows whole";
            return Err(AuditError::Request(message.to_owned()));
        }
        Ok(AuditStream {
            settings,
            seen: Vec::new(),
            rows: 0,
            decided: 0,
            label_sum: None,
            weighted: false,
            scales: [Scale::default(); 2],
            selecting: Vec::new(),
            spread: Spread::default(),
        })
    }

    /// Adds rows. Every part has the attributes of the first.
    pub fn add(&mut self, chunk: &Chunk) -> Result<(), AuditError> {
        let metrics = &self.settings.metrics;
        self.rows += chunk.scores.len();
        self.weighted |= chunk.weights.is_some();
        self.scales = [chunk.scale, chunk.label.as_ref().map_or_else(Scale::default, |label| label.scale)];
        chunk.scores.iter().for_each(|score| self.spread.add(*score));
        for word in &chunk.selecting {
            if !self.selecting.contains(word) {
                self.selecting.push(word.clone());
            }
        }
        if let Some(labels) = chunk.labels() {
            let known = labels.iter().filter(|label| !label.is_nan());
            self.decided += known.clone().count();
            *self.label_sum.get_or_insert(0.0) += known.sum::<f64>();
        }
        if self.seen.is_empty() {
            self.seen.extend(chunk.groups.iter().map(|groups| Seen {
                attribute: groups.name().to_owned(),
                tally: Tally::new(&[], metrics.conventions(groups.name()), SKETCH_BINS),
                undecided: Tally::new(&[], metrics.conventions(groups.name()), SKETCH_BINS),
                sizes: BTreeMap::new(),
                unknown: 0,
            }));
        }
        for groups in &chunk.groups {
            // Before anything is made for each of them.
            if GROUPS.check(groups.levels().len() as u64).is_err() {
                refuse_persons(groups.name(), groups.levels().len(), self.rows)?;
            }
        }
        let (open, known): (Vec<usize>, Vec<usize>) = match chunk.labels().filter(|labels| labels.iter().any(|label| label.is_nan())) {
            Some(labels) => (0..labels.len()).partition(|&row| labels[row].is_nan()),
            None => (Vec::new(), Vec::new()),
        };
        let picked = |values: &[f64], rows: &[usize]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        for (seen, groups) in self.seen.iter_mut().zip(&chunk.groups) {
            if open.is_empty() {
                seen.tally.add_groups(&chunk.scores, chunk.labels(), chunk.weights.as_deref(), groups)?;
            } else {
                let weights = chunk.weights.as_ref().map(|weights| picked(weights, &known));
                let labels = chunk.labels().map(|labels| picked(labels, &known));
                seen.tally.add_groups(&picked(&chunk.scores, &known), labels.as_deref(), weights.as_deref(), &groups.select(&known))?;
                let weights = chunk.weights.as_ref().map(|weights| picked(weights, &open));
                seen.undecided.add_groups(&picked(&chunk.scores, &open), None, weights.as_deref(), &groups.select(&open))?;
            }
            seen.count(groups, chunk.labels(), metrics.label_threshold);
        }
        Ok(())
    }

    /// Rows of an attribute's group so far.
    pub fn rows_of(&self, attribute: &str, group: &str) -> usize {
        let seen = self.seen.iter().find(|seen| seen.attribute == attribute);
        seen.and_then(|seen| seen.sizes.get(group)).map_or(0, |sizes| sizes[0])
    }

    /// The sum of all labels so far; `None` where no part had labels.
    pub fn label_sum(&self) -> Option<f64> {
        self.label_sum
    }

    /// The report on all rows. `label` names the truth, `provenance` says where the rows came from.
    pub fn finish(self, label: Option<&str>, provenance: &Provenance) -> Result<Report, AuditError> {
        let AuditStream { settings, seen, rows, decided, label_sum, weighted, scales: [score_scale, label_scale], selecting, spread } =
            self;
        if seen.is_empty() {
            return Err(AuditError::Request("`groups`: there is no sensitive attribute; give the groups of one at least".to_owned()));
        }
        let plan = settings.intervals.plan();
        let mut performance = Vec::new();
        let mut attributes = Vec::new();
        let mut notes = Vec::from_iter(told_threshold(&settings.metrics, score_scale).map(|note| Remark::new(RemarkKind::Selection, note)));
        let mut summaries = Vec::new();
        let known: Vec<Groups> = seen.iter().map(|seen| Groups::new(&*seen.attribute, seen.tally.levels().to_vec(), Vec::new())).collect();
        settings.metrics.check(&known)?;
        if let Some(name) = label.filter(|_| label_sum.is_some() && decided < rows) {
            if decided == 0 {
                return Err(AuditError::Request(format!("`{name}`: no row has an outcome; name another column, or leave the label out")));
            }
            notes.push(told_undecided(name, decided, rows));
        }
        for seen in &seen {
            refuse_persons(&seen.attribute, seen.sizes.values().filter(|sizes| sizes[0] > 0).count(), rows - seen.unknown)?;
            if seen.unknown > 0 {
                let text = format!("`{}`: the group of {} rows is unknown; they are left out of every gap", seen.attribute, seen.unknown);
                notes.push(Remark::new(RemarkKind::UnknownGroup, text));
            }
            let of_all = label_sum.is_some() && decided < rows;
            let all = if of_all {
                let mut all = seen.tally.without_labels();
                all.merge(&seen.undecided)?;
                all
            } else {
                seen.tally.clone()
            };
            let summary = all.summary()?;
            let mut findings = summary.findings(plan.as_ref());
            if of_all {
                evidence::fill(&mut findings, seen.tally.summary()?.findings(plan.as_ref()));
            }
            let (overall, compared): (Vec<_>, Vec<_>) = findings.into_iter().partition(|finding| !compares_groups(&finding.metric));
            if performance.is_empty() && label_sum.is_some() {
                performance = overall;
            }
            let text = format!(
                "{}: read in chunks. Metrics of counts are exact; metrics of scores come from a sketch of {SKETCH_BINS} bins: SPDD is within \
                 {:.2e} of the exact value.",
                seen.attribute,
                seen.tally.spdd_error_bound()
            );
            notes.push(Remark::new(RemarkKind::WithinBound, text));
            summaries.push(seen.summary(label_sum.is_some()));
            let mut found = evidence::attribute(&summary.outcomes(), seen.counted(), compared, true);
            found.selections = (!weighted).then(|| selections_of_sums(&summary.outcomes(), seen.tally.levels(), &settings));
            attributes.push(found);
        }
        let summary = DataSummary {
            name: settings.title.clone(),
            loader: provenance.loader.clone(),
            rows,
            unscored: 0,
            files: provenance
                .files
                .iter()
                .map(|file| FileSummary { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() })
                .collect(),
            label: label_sum.map(|sum| LabelSummary {
                name: label.unwrap_or("labels").to_owned(),
                kind: "read in chunks".to_owned(),
                mean: sum / decided.max(1) as f64,
                threshold: settings.metrics.label_threshold,
            }),
            attributes: summaries,
            features: Vec::new(),
            score_scale,
            label_scale,
            sensitive_features: Vec::new(),
            tilt: Vec::new(),
            notes: provenance.notes.clone(),
        };
        notes.extend(spread.told(score_scale));
        let mut report = join(&settings, true, summary, performance, attributes, notes)?;
        tell_selecting(&mut report, &settings, &selecting);
        Ok(report)
    }
}

impl Seen {
    fn count(&mut self, groups: &Groups, labels: Option<&[f64]>, threshold: f64) {
        let mut sizes = vec![[0; 3]; groups.levels().len()];
        for (row, &code) in groups.codes().iter().enumerate() {
            let label = labels.map_or(f64::NAN, |labels| labels[row]);
            match sizes.get_mut(code as usize) {
                Some([n, decided, positive]) => {
                    *n += 1;
                    *decided += usize::from(!label.is_nan());
                    *positive += usize::from(label >= threshold);
                }
                None => self.unknown += 1,
            }
        }
        for (name, sizes) in groups.levels().iter().zip(sizes) {
            let all = self.sizes.entry(name.clone()).or_default();
            for (all, size) in all.iter_mut().zip(sizes) {
                *all += size;
            }
        }
    }

    fn counted(&self) -> Counted {
        let size = |name: &String| self.sizes.get(name).map_or(0, |sizes| sizes[0]);
        Counted {
            attribute: self.attribute.clone(),
            groups: self.tally.levels().iter().map(|name| GroupCount { name: name.clone(), n: size(name) }).collect(),
            unknown: self.unknown,
        }
    }

    fn summary(&self, labelled: bool) -> AttributeSummary {
        let group = |name: &String| {
            let [n, decided, positive] = self.sizes.get(name).copied().unwrap_or_default();
            GroupSummary {
                name: name.clone(),
                n: if labelled { decided } else { n },
                positive_rate: match decided {
                    _ if !labelled => Estimate::undefined("the data has no label"),
                    0 => Estimate::undefined("nothing was decided on the group"),
                    _ => Estimate::value(positive as f64 / decided as f64),
                },
                mean_label: Estimate::undefined("not kept when reading in chunks"),
            }
        };
        AttributeSummary { name: self.attribute.clone(), groups: self.tally.levels().iter().map(group).collect(), unknown: self.unknown }
    }
}

fn join(
    settings: &AuditSettings,
    stream: bool,
    data: DataSummary,
    performance: Vec<Finding>,
    attributes: Vec<AttributeFindings>,
    mut notes: Vec<Remark>,
) -> Result<Report, AuditError> {
    let run = RunReport {
        seed: settings.intervals.seed,
        sizes: Sizes { test: data.rows, ..Sizes::default() },
        performance,
        attributes,
        ..RunReport::default()
    };
    let columns = columns(settings, data.label.is_some(), &run)?;
    notes.extend(data.notes.iter().cloned().map(Remark::from));
    notes.extend(run.attributes.iter().filter_map(evidence::drawn_note));
    let methods = vec![MethodReport { name: "scores".to_owned(), summary: summary(&run), runs: vec![run], ..MethodReport::default() }];
    let report = Report::of_rows(ReportKind::Audit, &settings.title, versions(), settings.told(stream), data);
    let particulars = settings.particulars.clone();
    let selected = Some(told_selected(settings, &report.data));
    let mut report = Report { methods, columns, notes, particulars, selected, ..report };
    report.limits = check_limits(&settings.limits, settings.judge, &report, |_| true)?;
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

fn columns(settings: &AuditSettings, labelled: bool, run: &RunReport) -> Result<Vec<Column>, AuditError> {
    let mut columns = Vec::new();
    let usual: &[&str] = if labelled {
        &["pcc", "srcc", "spdd", "ks", "demographic-parity-difference", "demographic-parity-ratio", "equalized-odds-difference"]
    } else {
        &["spdd", "ks", "demographic-parity-difference", "demographic-parity-ratio"]
    };
    let wanted: Vec<String> =
        if settings.metrics.table.is_empty() { usual.iter().map(|id| (*id).to_owned()).collect() } else { settings.metrics.table.clone() };
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

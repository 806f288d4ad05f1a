//! The report as plain tables: what a terminal shows, and what the page builds its table of methods from.

use std::collections::BTreeMap;

use evenhand_catalog::{Card, Direction};
use evenhand_metrics::{Estimate, Finding};
use evenhand_rows::Scale;

use crate::averages::mean_distance;
use crate::document::{Candidate, Column, LimitCheck, MethodChoice, MethodReport, Published, Report, Tilt};
use crate::lookup::{self, Measured};
use crate::naming::apart;
use crate::numbers::{counted, decimals, fixed, level, places_beside, ratio_of, significant};
use crate::{limits, telling};

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Heading of each column.
    pub headers: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// Whether a column holds numbers.
    pub right_aligned: Vec<bool>,
    /// Sentences under the table.
    pub footnotes: Vec<String>,
}

/// What marks the best value of a column, besides its weight on the page.
pub(crate) const BEST: &str = "◆";

/// One cell of the table of methods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MethodCell {
    /// The mean, or `undefined`, or `not measured`.
    pub(crate) value: String,
    /// Standard deviation over the runs.
    pub(crate) std: Option<String>,
    /// Interval, for a single run.
    pub(crate) interval: Option<String>,
    /// What was published for this cell.
    pub(crate) published: Option<String>,
    /// Best of its column at the printed precision.
    pub(crate) best: bool,
    /// Number of its footnote, from 1.
    pub(crate) note: Option<usize>,
    /// True when the value is undefined.
    pub(crate) undefined: bool,
}

/// The table of methods before it takes a shape.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Methods {
    /// Its columns that hold at least one number or reason.
    pub(crate) columns: Vec<Column>,
    /// Name and cells of each method.
    pub(crate) rows: Vec<(String, Vec<MethodCell>)>,
    /// Numbered remarks: why a value is undefined or rests on fewer runs.
    pub(crate) notes: Vec<String>,
    /// Remarks on whole columns: the constant predictor's values.
    pub(crate) remarks: Vec<String>,
    /// What the numbers are: `mean (standard deviation) over 3 seeds`.
    pub(crate) reading: String,
    /// True when something was published.
    pub(crate) published: bool,
    /// True when a best value is marked.
    pub(crate) marked: bool,
}

/// Arranges the table of methods.
pub(crate) fn methods(report: &Report) -> Methods {
    let mut table = Methods { reading: reading(report), ..Methods::default() };
    table.rows = report.methods.iter().map(|method| (method.name.clone(), Vec::new())).collect();
    for column in ordered(report) {
        let cells: Vec<Option<Measured>> =
            report.methods.iter().map(|method| lookup::measured(method, &column.metric, column.attribute.as_deref())).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let key = lookup::key(column);
        let published: Vec<Option<&Published>> = report.methods.iter().map(|method| method.published.get(&key)).collect();
        let numbers = cells.iter().flatten().filter_map(|cell| cell.estimate.number());
        let mut places = decimals(numbers.chain(published.iter().flatten().map(|one| one.value)));
        if places == 3 && cells.iter().flatten().filter_map(|cell| cell.std).any(|std| std > 1e-5 && std < 5e-4) {
            places = 4; // a spread of 0.000 says nothing
        }
        let best = best(column, report, &cells, places);
        for ((row, best), (cell, published)) in table.rows.iter_mut().zip(best).zip(cells.iter().zip(&published)) {
            let mut shown = MethodCell { published: published.map(|one| published_text(one, places)), ..MethodCell::default() };
            table.published |= shown.published.is_some();
            match cell {
                None => "not measured".clone_into(&mut shown.value),
                Some(cell) => {
                    match &cell.estimate {
                        Estimate::Value { value, .. } => shown.value = of_metric(&column.metric, *value, places),
                        Estimate::Undefined { undefined } => {
                            "undefined".clone_into(&mut shown.value);
                            shown.undefined = true;
                            shown.note = Some(note(&mut table.notes, undefined));
                        }
                    }
                    shown.std = cell.std.map(|std| fixed(std, places));
                    shown.interval =
                        cell.interval().map(|interval| format!("[{}, {}]", fixed(interval.low, places), fixed(interval.high, places)));
                    if cell.defined < cell.runs && !shown.undefined {
                        shown.note = Some(note(&mut table.notes, &format!("defined in {} of {} runs", cell.defined, cell.runs)));
                    }
                    shown.best = !shown.undefined && best;
                    table.marked |= shown.best;
                }
            }
            row.1.push(shown);
        }
        table.remarks.extend(constant_remark(report, column));
        table.columns.push(column.clone());
    }
    table.remarks.extend(without_row(report));
    let needing: Vec<&str> = report.methods.iter().filter(|method| method.attribute_to_score).map(|method| method.name.as_str()).collect();
    if !needing.is_empty() {
        table.remarks.push(format!("Need the attribute of everybody who is scored: {}.", needing.join(", ")));
    }
    table
}

/// The columns in the report's order; with several attributes, those of one attribute stand together.
fn ordered(report: &Report) -> Vec<&Column> {
    let mut attributes: Vec<&str> = Vec::new();
    for name in report.columns.iter().filter_map(|column| column.attribute.as_deref()) {
        if !attributes.contains(&name) {
            attributes.push(name);
        }
    }
    let mut columns: Vec<&Column> = report.columns.iter().collect();
    if attributes.len() > 1 {
        columns.sort_by_key(|column| {
            column.attribute.as_deref().and_then(|name| attributes.iter().position(|known| *known == name)).map_or(0, |at| at + 1)
        });
    }
    columns
}

/// What one number of the table is.
fn reading(report: &Report) -> String {
    let runs = report.methods.iter().map(|method| method.runs.len()).max().unwrap_or(0);
    let levels: Vec<f64> = report
        .methods
        .iter()
        .flat_map(|method| report.columns.iter().map(move |column| (method, column)))
        .filter_map(|(method, column)| Some(lookup::measured(method, &column.metric, column.attribute.as_deref())?.interval()?.level))
        .collect();
    match (runs, levels.first()) {
        (0 | 1, Some(of)) => format!("value [{} interval]", level(*of)),
        (0 | 1, None) => "value of a single run".to_owned(),
        (runs, _) => format!("mean (standard deviation) over {}", counted(runs, lookup::unit(report))),
    }
}

/// Which methods have a column's best value at the printed precision, when more than one has a value and the metric says what is better. Of
/// what is best near a fair value the mean distance over the runs counts.
fn best(column: &Column, report: &Report, cells: &[Option<Measured>], places: usize) -> Vec<bool> {
    let attribute = column.attribute.as_deref();
    let badness = |(method, cell): (&MethodReport, &Option<Measured>)| {
        let value = cell.as_ref()?.estimate.number()?;
        match (column.direction, column.fair_value) {
            (Direction::Higher, _) => Some(-value),
            (Direction::Lower, _) => Some(value),
            (Direction::NearFair, Some(fair)) => {
                mean_distance(&method.runs, &column.metric, attribute).or_else(|| Some((value - fair).abs()))
            }
            _ => None,
        }
    };
    // Scores that say nothing have small gaps whatever was learned.
    let counts = |pair: &(&MethodReport, &Option<Measured>)| !telling::collapsed(report, pair.0);
    let sizes: Vec<Option<f64>> = report.methods.iter().zip(cells).map(|pair| Some(pair).filter(counts).and_then(badness)).collect();
    let text = |size: f64| fixed(size, places);
    let mut best = vec![false; sizes.len()];
    // Other test rows may be easier ones.
    for sample in lookup::samples(&report.methods) {
        let of_sample = || sizes.iter().zip(&report.methods).filter(|(_, method)| method.sample.as_ref() == sample).map(|(size, _)| *size);
        let least = of_sample().flatten().min_by(f64::total_cmp);
        // A column in which all are equal has no best.
        let differ = of_sample().flatten().any(|size| Some(text(size)) != least.map(text));
        for ((best, size), method) in best.iter_mut().zip(&sizes).zip(&report.methods) {
            *best |= differ && method.sample.as_ref() == sample && size.is_some() && size.map(text) == least.map(text);
        }
    }
    best
}

/// What a mark of a best value says.
pub(crate) fn best_of(report: &Report) -> &'static str {
    match lookup::samples(&report.methods).len() {
        0 | 1 => "best of the column at the printed precision",
        _ => "best of the column among the methods with the same test rows, at the printed precision",
    }
}

fn published_text(published: &Published, places: usize) -> String {
    match published.std {
        Some(std) => format!("{} ({})", fixed(published.value, places), fixed(std, places)),
        None => fixed(published.value, places),
    }
}

/// The number of a remark among the footnotes; equal remarks share one.
pub(crate) fn note(notes: &mut Vec<String>, text: &str) -> usize {
    if let Some(position) = notes.iter().position(|known| known == text) {
        return position + 1;
    }
    notes.push(text.to_owned());
    notes.len()
}

/// The constant predictor beside MSE and MAE: one sentence a column.
fn constant_remark(report: &Report, column: &Column) -> Option<String> {
    let findings = report
        .methods
        .iter()
        .flat_map(|method| &method.runs)
        .filter_map(|run| lookup::finding(run, &column.metric, column.attribute.as_deref()));
    let mut texts: Vec<String> = findings.filter_map(|finding| finding.constant_predictor).map(significant).collect();
    texts.sort();
    texts.dedup();
    match texts.as_slice() {
        [] => None,
        [one] => Some(format!("{} of the best constant prediction: {one}.", column.heading)),
        [low, .., high] => Some(format!("{} of the best constant prediction: {low} to {high} over the runs.", column.heading)),
    }
}

/// The methods without a row, each with its reason.
fn without_row(report: &Report) -> impl Iterator<Item = String> {
    let why = |failed: bool| if failed { "failed" } else { "does not fit these rows" };
    report.left_out.iter().map(move |one| format!("No row: {} {}: {}", one.method, why(one.failed), sentence(&one.reason)))
}

/// A reason with a full stop.
fn sentence(reason: &str) -> String {
    let reason = reason.trim_end();
    if reason.ends_with(['.', '!', '?']) { reason.to_owned() } else { format!("{reason}.") }
}

/// The main table: a row a method, a column a metric.
pub fn method_table(report: &Report) -> Table {
    let methods = methods(report);
    let mut table = Table { title: format!("{}: {}", report.title, methods.reading), ..Table::default() };
    table.headers.push("method".to_owned());
    table.right_aligned.push(false);
    for column in &methods.columns {
        table.headers.push(match &column.attribute {
            None => column.heading.clone(),
            Some(attribute) => format!("{}\n{attribute}", column.heading),
        });
        table.right_aligned.push(true);
    }
    for (name, cells) in &methods.rows {
        let mut row = vec![name.clone()];
        row.extend(cells.iter().map(cell_text));
        table.rows.push(row);
    }
    for (position, note) in methods.notes.iter().enumerate() {
        table.footnotes.push(format!("[{}] {note}", position + 1));
    }
    table.footnotes.extend(methods.remarks);
    if methods.marked {
        table.footnotes.push(format!("{BEST} {}.", best_of(report)));
    }
    table
}

fn cell_text(cell: &MethodCell) -> String {
    let mark = if cell.best { format!("{BEST} ") } else { String::new() };
    let std = cell.std.as_ref().map_or_else(String::new, |std| format!(" ({std})"));
    let interval = cell.interval.as_ref().map_or_else(String::new, |interval| format!(" {interval}"));
    let note = cell.note.map_or_else(String::new, |note| format!(" [{note}]"));
    let published = cell.published.as_ref().map_or_else(String::new, |published| format!("\npublished {published}"));
    format!("{mark}{}{std}{interval}{note}{published}", cell.value)
}

/// An estimate in words: `0.021 [0.015, 0.030]`, or `undefined`.
pub(crate) fn estimate_text(estimate: &Estimate) -> String {
    match estimate {
        Estimate::Value { value, interval: None } => significant(*value),
        Estimate::Value { value, interval: Some(interval) } => {
            let places = decimals([*value].into_iter());
            format!("{} [{}, {}]", fixed(*value, places), fixed(interval.low, places), fixed(interval.high, places))
        }
        Estimate::Undefined { .. } => "undefined".to_owned(),
    }
}

/// A number of a metric; a ratio of rates stays on its side of four fifths.
pub(crate) fn of_metric(metric: &str, value: f64, places: usize) -> String {
    if is_ratio(metric) { ratio_of(places, value, None) } else { fixed(value, places) }
}

/// A gap in words: as [`estimate_text`], its number as [`of_metric`] writes it.
pub(crate) fn gap_text(metric: &str, estimate: &Estimate) -> String {
    let text = estimate_text(estimate);
    let Some(value) = estimate.number().filter(|_| is_ratio(metric)) else { return text };
    let interval = text.split_once(' ').map_or("", |(_, interval)| interval);
    format!("{} {interval}", of_metric(metric, value, decimals([value].into_iter()))).trim_end().to_owned()
}

/// Which way a metric points, in words: the value at parity where there is one.
pub(crate) fn direction(card: &Card) -> String {
    match (card.fair_value, card.direction) {
        (_, Direction::Describes) | (None, Direction::NearFair) => String::new(),
        (Some(fair), _) => format!("{} at parity", crate::numbers::plain(fair)),
        (None, Direction::Higher) => "higher is better".to_owned(),
        (None, Direction::Lower) => "lower is better".to_owned(),
    }
}

/// Whether a metric is a ratio of selection rates: of the largest pair all of them print the same number.
pub fn is_ratio(metric: &str) -> bool {
    crate::telling::ONE_NUMBER.contains(&metric)
}

/// The findings that compare groups, each with the headings of those that print the same number.
pub(crate) fn comparing<'a>(report: &Report, findings: &'a [Finding]) -> Vec<(&'a Finding, Vec<String>)> {
    let mut shown: Vec<(&Finding, Vec<String>)> = Vec::new();
    for finding in findings.iter().filter(|finding| compares(finding)) {
        let same = |known: &&mut (&Finding, Vec<String>)| {
            is_ratio(&known.0.metric)
                && is_ratio(&finding.metric)
                && known.0.largest_pair == finding.largest_pair
                && estimate_text(&known.0.estimate) == estimate_text(&finding.estimate)
        };
        match shown.iter_mut().find(same) {
            Some((_, names)) => names.push(gap_heading(report, &finding.metric)),
            None => shown.push((finding, Vec::new())),
        }
    }
    shown
}

/// A p-value as it is printed: below a thousandth it says so.
pub(crate) fn p_text(p: f64) -> String {
    match p {
        p if p < 0.001 - 1e-12 => "< .001".to_owned(),
        p if p <= 0.001 + 1e-12 => "≤ .001".to_owned(),
        p => fixed(p, 3),
    }
}

/// Whether a finding compares groups (a gap, a ratio) rather than describing each of them (a selection rate).
pub(crate) fn compares(finding: &Finding) -> bool {
    match evenhand_metrics::find(&finding.metric) {
        Ok(known) => known.card().direction != Direction::Describes,
        Err(_) => finding.largest_pair.is_some() || finding.by_group.is_empty(),
    }
}

/// The findings whose statistic by group is shown: each different set of group values once.
pub(crate) fn shown_by_group(findings: &[Finding]) -> Vec<&Finding> {
    let mut shown: Vec<&Finding> = Vec::new();
    // A metric that only describes its groups (a selection rate) names the values better than the gap made of them.
    let describing = findings.iter().filter(|finding| !compares(finding));
    let comparing = findings.iter().filter(|finding| compares(finding));
    for finding in describing.chain(comparing).filter(|finding| !finding.by_group.is_empty()) {
        let same =
            |known: &&Finding| {
                known.by_group.len() == finding.by_group.len()
                    && known.by_group.iter().zip(&finding.by_group).all(|(one, other)| {
                        one.group == other.group && one.n == other.n && one.estimate.number() == other.estimate.number()
                    })
            };
        if !shown.iter().any(same) {
            shown.push(finding);
        }
    }
    shown
}

/// The same findings with mean scores on the person's own scale. Of decisions the mean score is the selection rate and is not told.
pub(crate) fn shown_on_own_scale(report: &Report, findings: &[Finding], decisions: bool) -> Vec<Finding> {
    let told: Vec<Finding> =
        findings.iter().filter(|finding| !(decisions && has_scores(&finding.metric) && finding.metric != "spdd")).cloned().collect();
    let mut shown: Vec<Finding> = shown_by_group(&told).into_iter().cloned().collect();
    for finding in shown.iter_mut().filter(|finding| has_scores(&finding.metric)) {
        for one in &mut finding.by_group {
            one.estimate = one.estimate.mapped(|unit| report.data.own_score(unit));
        }
    }
    shown
}

fn has_scores(metric: &str) -> bool {
    evenhand_metrics::find(metric).is_ok_and(evenhand_metrics::Metric::groups_have_scores)
}

/// What a gap is called. Between mean scores it stays a share of the scale, as SPDD is, of which it is a part.
pub(crate) fn gap_heading(report: &Report, metric: &str) -> String {
    let share = if has_scores(metric) && !report.data.score_scale.is_plain() { " (share of the scale)" } else { "" };
    lookup::heading(report, metric) + share
}

/// What the statistic of each group is called under a metric: a gap is made of rates that have names of their own.
pub(crate) fn group_heading(report: &Report, metric: &str) -> String {
    match metric {
        "predictive-parity-difference" => "Positive predictive value".to_owned(),
        "demographic-parity-difference" | "demographic-parity-ratio" | "disparate-impact" | "folded-disparate-impact" => {
            lookup::heading(report, "selection-rate")
        }
        "equal-opportunity-difference" | "equal-opportunity-ratio" => lookup::heading(report, "true-positive-rate"),
        "mean-score-difference" => lookup::heading(report, "mean-score"),
        "false-positive-rate-difference" => lookup::heading(report, "false-positive-rate"),
        other => lookup::heading(report, other),
    }
}

/// For the first run of every method and each attribute: the groups with their numbers, then what compares them.
pub fn group_tables(report: &Report) -> Vec<Table> {
    let mut tables = Vec::new();
    for method in &report.methods {
        let Some(run) = method.runs.first() else { continue };
        for findings in &run.attributes {
            let heading = |what: &str| match report.methods.as_slice() {
                [_] => format!("{}: {what}", findings.attribute),
                _ => format!("{}, {}: {what}", method.name, findings.attribute),
            };
            let mut notes = Vec::new();
            tables.push(by_group(report, heading("groups"), findings, &mut notes));
            tables.push(gaps(report, heading("gaps between groups"), &findings.findings));
        }
    }
    tables
}

fn by_group(report: &Report, title: String, findings: &crate::document::AttributeFindings, notes: &mut Vec<String>) -> Table {
    let shown = shown_on_own_scale(report, &findings.findings, telling::decisions_alone(findings));
    let mut table =
        Table { title, headers: vec!["group".to_owned(), "n".to_owned()], right_aligned: vec![false, true], ..Table::default() };
    for finding in &shown {
        table.headers.push(group_heading(report, &finding.metric));
        table.right_aligned.push(true);
    }
    for group in &findings.groups {
        let mut row = vec![group.name.clone(), crate::numbers::count(group.n)];
        for finding in &shown {
            row.push(match finding.by_group.iter().find(|one| one.group == group.name) {
                None => match finding.left_out.iter().find(|(name, _)| *name == group.name) {
                    Some((_, reason)) => format!("left out [{}]", note(notes, reason)),
                    None => "not measured".to_owned(),
                },
                Some(one) => {
                    let rows = if one.n == group.n { String::new() } else { format!(" (n = {})", crate::numbers::count(one.n)) };
                    let mark = one.estimate.reason().map_or_else(String::new, |reason| format!(" [{}]", note(notes, reason)));
                    format!("{}{mark}{rows}", gap_text(&finding.metric, &one.estimate))
                }
            });
        }
        table.rows.push(row);
    }
    table.footnotes.extend(notes.iter().enumerate().map(|(position, note)| format!("[{}] {note}", position + 1)));
    if findings.unknown > 0 {
        table.footnotes.push(format!("{} of unknown group: counted here, left out of every gap.", counted(findings.unknown, "row")));
    }
    table
}

fn gaps(report: &Report, title: String, findings: &[Finding]) -> Table {
    let mut table = Table {
        title,
        headers: ["metric", "value", "largest between", "at threshold", "p"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, true, false, true, true],
        ..Table::default()
    };
    let mut notes = Vec::new();
    let mut left_out: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (finding, names) in comparing(report, findings) {
        let mark = finding.estimate.reason().map_or_else(String::new, |reason| format!(" [{}]", note(&mut notes, reason)));
        table.rows.push(vec![
            std::iter::once(gap_heading(report, &finding.metric)).chain(names).collect::<Vec<_>>().join("; "),
            format!("{}{mark}", gap_text(&finding.metric, &finding.estimate)),
            finding.largest_pair.as_ref().map_or_else(String::new, |(one, other)| format!("{one} and {other}")),
            finding.at_threshold.map_or_else(String::new, |at| significant(report.data.own_score(at))),
            finding.p_value.map_or_else(String::new, p_text),
        ]);
        for (group, reason) in &finding.left_out {
            *left_out.entry((group, reason)).or_default() += 1;
        }
    }
    drop_empty_columns(&mut table);
    table.footnotes.extend(notes.iter().enumerate().map(|(position, note)| format!("[{}] {note}", position + 1)));
    for ((group, reason), times) in left_out {
        table.footnotes.push(format!("{group} was left out of {}: {reason}", counted(times, "gap")));
    }
    table
}

/// Removes columns in which no row says anything.
fn drop_empty_columns(table: &mut Table) {
    let kept: Vec<bool> = (0..table.headers.len()).map(|column| table.rows.iter().any(|row| !row[column].is_empty())).collect();
    let keep = |position: usize| kept[position];
    table.headers =
        std::mem::take(&mut table.headers).into_iter().enumerate().filter(|(position, _)| keep(*position)).map(|(_, text)| text).collect();
    table.right_aligned = table.right_aligned.iter().enumerate().filter(|(position, _)| keep(*position)).map(|(_, right)| *right).collect();
    for row in &mut table.rows {
        *row = std::mem::take(row).into_iter().enumerate().filter(|(position, _)| keep(*position)).map(|(_, text)| text).collect();
    }
}

/// How far the labels tilt at each stage of the data.
pub fn tilt_table(report: &Report) -> Table {
    tilts(&report.data.tilt, report.data.label_scale)
}

/// How far labels of this scale tilt, a row a stage.
pub fn tilts(tilts: &[Tilt], scale: Scale) -> Table {
    let mut table = Table {
        title: "tilt of the labels".to_owned(),
        headers: ["stage", "attribute", "groups", "n", "high", "low", "alpha", "DP difference", "SPDD"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, false, true, true, true, true, true, true],
        ..Table::default()
    };
    let mut notes = Vec::new();
    let difference = decimals(tilts.iter().filter_map(|tilt| tilt.demographic_parity_difference.number()));
    let spdd = decimals(tilts.iter().filter_map(|tilt| tilt.spdd.number()));
    for tilt in tilts {
        let mut shown = |estimate: &Estimate, places: usize| match estimate {
            Estimate::Value { value, .. } => fixed(*value, places),
            Estimate::Undefined { undefined } => format!("undefined [{}]", note(&mut notes, undefined)),
        };
        let [high_one, high_other, low_one, low_other] = tilt.cells.map(crate::numbers::count);
        table.rows.push(vec![
            tilt.stage.clone(),
            tilt.attribute.clone(),
            format!("{} / {}", tilt.privileged, tilt.unprivileged),
            crate::numbers::count(tilt.n),
            format!("{high_one} / {high_other}"),
            format!("{low_one} / {low_other}"),
            shown(&tilt.alpha, 3),
            shown(&tilt.demographic_parity_difference, difference),
            shown(&tilt.spdd, spdd),
        ]);
    }
    if let Some(tilt) = tilts.first() {
        table.footnotes.push(format!(
            "High: label at or above {}. Shown: the groups with the highest and the lowest rate of high labels; those of fewer than 30 rows only where no two are larger. SPDD and DP \
             difference are 0 where the labels do not tilt; alpha is 1 where each group has as many high labels and as many low ones as the other, \
             so that it answers to their sizes, too.",
            significant(scale.to_score(tilt.threshold))
        ));
    }
    table.footnotes.extend(notes.iter().enumerate().map(|(position, note)| format!("[{}] {note}", position + 1)));
    table
}

/// The words for a limit's outcome.
pub(crate) fn verdict(check: &LimitCheck) -> &'static str {
    if let Some(standing) = check.standing {
        return crate::telling::standing_words(standing);
    }
    match (check.met, check.estimate.number()) {
        (true, _) => "within the limit",
        (false, Some(_)) => "limit breached",
        (false, None) => "not estimable",
    }
}

/// What a sweep chose under limits: a row a setting, numbers of the validation rows.
pub fn choice_table(report: &Report) -> Table {
    let Some(choice) = &report.choice else { return Table::default() };
    let name = lookup::heading(report, &choice.by);
    let heading = choice.of.as_ref().map_or_else(|| name.clone(), |attribute| format!("{name}\n{attribute}"));
    let mut table = Table {
        title: "the choice, judged on validation rows".to_owned(),
        headers: vec!["setting".to_owned(), heading],
        right_aligned: vec![false, true],
        ..Table::default()
    };
    let first = choice.candidates.first();
    for limited in first.into_iter().flat_map(|candidate| &candidate.limited) {
        let of = limited.attribute.as_ref().map_or_else(String::new, |name| format!("\n{name}"));
        table.headers.push(format!("{}{of}", lookup::heading(report, &limited.metric)));
        table.right_aligned.push(true);
    }
    table.headers.push("within the limits".to_owned());
    table.right_aligned.push(false);
    let binary = report.data.label.as_ref().is_some_and(|label| label.kind == "binary");
    let unjudged = |candidate: &Candidate| candidate.within && candidate.collapsed.is_empty() && candidate.performance.number().is_none();
    for candidate in &choice.candidates {
        let chosen = choice.chosen.as_ref() == Some(&candidate.method);
        let mut row = vec![candidate.method.clone(), estimate_text(&candidate.performance)];
        row.extend(candidate.limited.iter().map(|limited| {
            let mark = if limited.met { "" } else { " (beyond)" };
            format!("{}{mark}", estimate_text(&limited.estimate))
        }));
        let within = match (candidate.within, chosen) {
            (true, true) => format!("yes, chosen {BEST}"),
            (true, false) => "yes".to_owned(),
            (false, _) => "no".to_owned(),
        };
        let ways: Vec<&str> = candidate.collapsed.iter().map(|way| way.told()).collect();
        let alike = binary && report.methods.iter().any(|method| method.name == candidate.method && lookup::decides_alike(method));
        row.push(match (ways.as_slice(), alike) {
            ([], false) => within,
            ([], true) => format!("{within}, but decides alike for nearly all"),
            (ways, _) => format!("{within}; never chosen: it {}", ways.join(" and ")),
        });
        table.rows.push(row);
    }
    let limits: Vec<String> = first
        .into_iter()
        .flat_map(|candidate| &candidate.limited)
        .map(|limited| {
            let of = limited.attribute.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            format!("{}{of} {}", lookup::heading(report, &limited.metric), significant(limited.limit))
        })
        .collect();
    table.footnotes.push(format!("Limits: {}.", limits.join("; ")));
    table.footnotes.extend(
        choice.model.as_ref().map(|folder| {
            format!("The chosen scorer of the first run is kept in {folder}, beside this report; `evenhand score` takes it.")
        }),
    );
    table.footnotes.push(match &choice.chosen {
        Some(chosen) => format!(
            "Best in {name} within the limits: {chosen}. The rows it was chosen on flatter it; what it does on test rows stands in the results."
        ),
        None if choice.candidates.iter().any(unjudged) => {
            format!("{name} could not be estimated where the limits are kept, so that nothing is best in it: choose by another metric.")
        }
        None if choice.candidates.iter().any(|candidate| candidate.within) => {
            "Every setting within the limits says nothing on validation rows: try smaller values, another method, or wider limits.".to_owned()
        }
        None => "No setting is within the limits on validation rows: try further values, another method, or wider limits.".to_owned(),
    });
    table
}

/// What the distance of a gap from its fair value is called: the gap itself where that is 0.
pub(crate) fn distance_heading(metric: &str, heading: &str) -> String {
    match evenhand_metrics::find(metric).ok().and_then(|known| known.card().fair_value) {
        Some(fair) if fair != 0.0 => format!("distance of {heading} from {}", crate::numbers::plain(fair)),
        _ => heading.to_owned(),
    }
}

/// Who dominates whom, and the area of every family: two tables a plane, planes of different test rows apart.
pub fn front_tables(report: &Report) -> Vec<Table> {
    let mut tables = Vec::new();
    for front in &report.fronts {
        let (performance, gap) = (lookup::heading(report, &front.performance), lookup::heading(report, &front.gap));
        let gap = distance_heading(&front.gap, &format!("{gap} for {}", front.attribute));
        let rows = of_sample(front.sample.as_ref(), report);
        let mut points = Table {
            title: format!("{performance} and {gap}{rows}: who dominates whom"),
            headers: vec!["method".to_owned(), performance.clone(), gap.clone(), "dominated by".to_owned()],
            right_aligned: vec![false, true, true, false],
            ..Table::default()
        };
        let places = decimals(front.points.iter().flat_map(|point| [point.gap, point.performance]));
        let runs = front.points.iter().flat_map(|point| &point.dominated_by).map(|one| one.of).max().unwrap_or(0);
        for point in &front.points {
            let by: Vec<String> = point
                .dominated_by
                .iter()
                .map(|one| if one.of > 1 { format!("{} ({} of {})", one.method, one.runs, one.of) } else { one.method.clone() })
                .collect();
            let by = if by.is_empty() { "none: on the front".to_owned() } else { by.join(", ") };
            points.rows.push(vec![point.method.clone(), fixed(point.performance, places), fixed(point.gap, places), by]);
        }
        let counted_runs =
            if runs > 1 { format!("; in brackets: in how many of the common {}s", lookup::unit(report)) } else { String::new() };
        points.footnotes.push(format!(
            "A method dominates another when its means are at least as good in both respects and better in one{counted_runs}. Nearly equal \
             means need the tests below."
        ));
        let mut areas = Table {
            title: format!("{performance} and {gap}{rows}: area under the front of each family"),
            headers: ["family", "settings", "area", "on its front"].map(str::to_owned).to_vec(),
            right_aligned: vec![false, true, true, false],
            ..Table::default()
        };
        for family in &front.families {
            let spread = family.std.map_or_else(String::new, |std| format!(" ({})", fixed(std, 3)));
            areas.rows.push(vec![
                family.name.clone(),
                crate::numbers::count(family.points),
                format!("{}{spread}", fixed(family.area, 3)),
                family.front.join(", "),
            ]);
        }
        areas.footnotes.push(format!(
            "Share of the box between a gap of 0 with the best mean performance and the corner (gap {}, performance {}) that a family \
             dominates; 1 is the best. It compares families of this table only. More settings had more tries.",
            significant(front.corner[0]),
            significant(front.corner[1])
        ));
        tables.extend([points, areas]);
    }
    tables
}

/// What a limit was held against, with enough decimals to stand on its side of it.
fn measured_text(check: &LimitCheck) -> String {
    let Estimate::Value { value, interval } = &check.estimate else { return estimate_text(&check.estimate) };
    let least = decimals([*value].into_iter());
    let places = places_beside(least, *value, check.limit);
    match interval {
        None if places == least => significant(*value),
        None => fixed(*value, places),
        Some(interval) => format!("{} [{}, {}]", fixed(*value, places), fixed(interval.low, places), fixed(interval.high, places)),
    }
}

/// The limits that were set, and how each was judged.
pub fn limits_table(report: &Report) -> Table {
    let mut table = Table {
        title: "limits".to_owned(),
        headers: ["metric", "attribute", "limit", "measured", "outcome", "how it was judged"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, true, true, false, false],
        ..Table::default()
    };
    for check in &report.limits {
        table.rows.push(vec![
            lookup::heading(report, &check.metric),
            check.attribute.clone().unwrap_or_default(),
            significant(check.limit),
            measured_text(check),
            verdict(check).to_owned(),
            check.explanation.clone(),
        ]);
    }
    drop_empty_columns(&mut table);
    table.footnotes = limits::told_in_strata(report);
    if !table.footnotes.is_empty() {
        table.footnotes.push("Whether a limit is kept is judged on all rows together.".to_owned());
    }
    table
}

/// Which rows the methods of a plane were tested on, as the end of a title; empty where all methods of the report share theirs.
pub(crate) fn of_sample(sample: Option<&MethodChoice>, report: &Report) -> String {
    match sample {
        _ if lookup::samples(&report.methods).len() < 2 => String::new(),
        None => ", rows as split".to_owned(),
        Some(sample) => {
            let others: Vec<MethodChoice> = lookup::samples(&report.methods).into_iter().flatten().cloned().collect();
            format!(", rows of {}", apart(sample, &others))
        }
    }
}

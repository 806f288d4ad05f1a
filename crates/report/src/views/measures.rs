//! Every number of a report as a flat table for other tools (`measures.csv`).

use evenhand_metrics::{Estimate, Finding};
use evenhand_rows::spreadsheet::defused;
use serde::{Deserialize, Serialize};

use crate::document::{LimitCheck, Measured, MethodReport, Report, RunReport, Selections, Standing, Tilt};
use crate::error::ReportError;
use crate::lookup;
use crate::marks;
use crate::naming::{BY_LOT, BY_SCORE, RERANKED};

/// One number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) method: String,
    pub(crate) objective: Option<String>,
    pub(crate) rebalance: Option<String>,
    /// Empty where the number is not of one run.
    pub(crate) seed: Option<u64>,
    pub(crate) fold: Option<usize>,
    pub(crate) metric: String,
    pub(crate) attribute: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) n: usize,
    pub(crate) value: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) undefined: Option<String>,
    /// Which order of a list a ranking metric is about. Tables of earlier versions lack it and all that follow.
    pub(crate) order: Option<String>,
    /// `finding`, `group` and so on.
    pub(crate) kind: Option<String>,
    /// `column=value` of the rows that the number is about, where they are not all.
    pub(crate) stratum: Option<String>,
    /// The group, or the method, that another is compared with.
    pub(crate) against: Option<String>,
    /// Coverage of the interval.
    pub(crate) level: Option<f64>,
    pub(crate) p_value: Option<f64>,
    /// The p-value after Holm's correction.
    pub(crate) p_adjusted: Option<f64>,
    pub(crate) by_lot: Option<f64>,
    pub(crate) bias_corrected: Option<f64>,
    /// Mean over the runs.
    pub(crate) mean: Option<f64>,
    /// Standard deviation over the runs.
    pub(crate) deviation: Option<f64>,
    /// Runs behind the mean.
    pub(crate) runs: Option<usize>,
    pub(crate) limit: Option<f64>,
    pub(crate) met: Option<bool>,
    /// Where the interval lies with respect to the limit.
    pub(crate) standing: Option<String>,
}

/// The columns, in the order of [`Row`]: they stand there also where no number does.
const COLUMNS: [&str; 28] = [
    "method",
    "objective",
    "rebalance",
    "seed",
    "fold",
    "metric",
    "attribute",
    "group",
    "n",
    "value",
    "low",
    "high",
    "undefined",
    "order",
    "kind",
    "stratum",
    "against",
    "level",
    "p_value",
    "p_adjusted",
    "by_lot",
    "bias_corrected",
    "mean",
    "deviation",
    "runs",
    "limit",
    "met",
    "standing",
];

impl Row {
    /// With an estimate.
    fn estimate(mut self, estimate: &Estimate) -> Self {
        self.value = estimate.number();
        self.undefined = estimate.reason().map(|reason| defused(reason).into_owned());
        self.interval(estimate)
    }

    /// With an estimate that is a mean over runs.
    fn mean_of(mut self, estimate: &Estimate) -> Self {
        self.mean = estimate.number();
        self.undefined = estimate.reason().map(|reason| defused(reason).into_owned());
        self.interval(estimate)
    }

    fn interval(mut self, estimate: &Estimate) -> Self {
        if let Some(interval) = estimate.interval() {
            (self.low, self.high, self.level) = (Some(interval.low), Some(interval.high), Some(interval.level));
        }
        self
    }

    /// With a bare number.
    fn number(mut self, value: f64) -> Self {
        self.value = Some(value).filter(|value| value.is_finite());
        self
    }

    fn of(mut self, kind: &str, metric: &str) -> Self {
        (self.kind, self.metric) = (Some(kind.to_owned()), metric.to_owned());
        self
    }

    fn attribute(mut self, attribute: Option<&str>) -> Self {
        self.attribute = attribute.map(|name| defused(name).into_owned());
        self
    }

    fn group(mut self, group: &str) -> Self {
        self.group = Some(defused(group).into_owned());
        self
    }

    fn against(mut self, against: &str) -> Self {
        self.against = Some(defused(against).into_owned());
        self
    }

    fn stratum(mut self, stratum: &str) -> Self {
        self.stratum = Some(defused(stratum).into_owned());
        self
    }

    fn n(mut self, n: usize) -> Self {
        self.n = n;
        self
    }
}

/// `measures.csv`: every number of the report but the points of its curves, one a row.
///
/// First, as ever, a row a method, run, metric of the main table and attribute, and one more a group (value: the group's own statistic, for example
/// its selection rate beside a demographic-parity difference). Metrics that compare groups stand for every attribute of the recipe, also where
/// the main table shows the first alone. The ranking metrics of shortlists follow, with the order they are about (`by score`, `re-ranked` or `drawn
/// by lot`, which is empty for all other metrics) and the attribute of the lists; their n counts jobs, of lots the lists drawn. Then stand all other numbers.
///
/// `kind` says what a row is: `finding` (of all groups), `group`, `comparison` (of `group` and `against`), `selection` and `test` (of a group and the one of
/// the highest rate), `adjusted` (over strata, whose number n counts), `limit` (its number is in `mean`), `summary` (`mean`, `deviation` and `runs` over
/// seeds or folds), `published` (the same as others printed it), `contrast` (of two methods), `validation`, `counterfactual`, `retrained`, `importance`, `modality`, `target`, `choice`, `front`, `data`, `tilt`,
/// `size`, `synthesis`, `extraction`. `stratum` is `column=value` where the number is about some rows; readers of whole tables leave such rows out. Undefined
/// numbers have an empty value and their reason. A report without numbers gives the heading alone. A name that a spreadsheet program would take for a
/// formula has an apostrophe before it, and marks that nobody sees are written out as on the pages; the report itself has both as they are.
pub fn csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let report = &*marks::shown(report);
    let said = |error: &dyn std::fmt::Display| ReportError::Csv { reason: error.to_string() };
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| said(&error))?;
    for row in rows(report) {
        writer.serialize(row).map_err(|error| said(&error))?;
    }
    writer.into_inner().map_err(|error| said(&error))
}

/// Every row in order.
pub(crate) fn rows(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    for method in &report.methods {
        for run in &method.runs {
            of_table(report, method, run, &mut rows);
        }
    }
    for method in &report.methods {
        for run in &method.runs {
            beyond_table(report, method, run, &mut rows);
        }
        let base = Row { seed: None, fold: None, ..start(method, None) };
        rows.extend(method.summary.iter().map(|summary| Row {
            deviation: summary.std,
            runs: Some(summary.runs),
            ..base.clone().of("summary", &summary.metric).attribute(summary.attribute.as_deref()).n(summary.defined).mean_of(&summary.mean)
        }));
        rows.extend(method.published.iter().map(|(key, published)| {
            let (metric, attribute) = key.split_once('@').map_or((key.as_str(), None), |(metric, attribute)| (metric, Some(attribute)));
            Row { mean: Some(published.value), deviation: published.std, ..base.clone().of("published", metric).attribute(attribute) }
        }));
    }
    rows.extend(report.limits.iter().map(limit));
    for one in &report.contrasts {
        let interval = one.interval.map_or((None, None), |[low, high]| (Some(low), Some(high)));
        rows.push(Row {
            method: defused(&one.one).into_owned(),
            low: interval.0,
            high: interval.1,
            level: one.interval.map(|_| 0.95),
            p_value: one.p_value,
            p_adjusted: one.adjusted_p_value,
            ..Row::default()
                .of("contrast", &one.metric)
                .attribute(one.attribute.as_deref())
                .against(&one.other)
                .n(one.n)
                .number(one.difference)
        });
    }
    for candidate in report.choice.iter().flat_map(|choice| &choice.candidates) {
        for limited in &candidate.limited {
            let row = Row {
                method: defused(&candidate.method).into_owned(),
                limit: Some(limited.limit),
                met: Some(limited.met),
                ..Row::default()
            };
            rows.push(row.of("choice", &limited.metric).attribute(limited.attribute.as_deref()).mean_of(&limited.estimate));
        }
    }
    for front in &report.fronts {
        rows.extend(front.families.iter().map(|family| Row {
            method: defused(&family.name).into_owned(),
            deviation: family.std,
            ..Row::default().of("front", "area").attribute(Some(&front.attribute)).n(family.points).number(family.area)
        }));
    }
    of_data(report, &mut rows);
    rows
}

fn start(method: &MethodReport, run: Option<&RunReport>) -> Row {
    Row {
        method: defused(&method.name).into_owned(),
        objective: method.objective.as_ref().map(|choice| choice.id.clone()),
        rebalance: method.rebalance.as_ref().map(|choice| choice.id.clone()),
        seed: run.map(|run| run.seed),
        fold: run.and_then(|run| run.fold),
        ..Row::default()
    }
}

/// The numbers of the main table and of shortlists.
fn of_table(report: &Report, method: &MethodReport, run: &RunReport, rows: &mut Vec<Row>) {
    let base = start(method, Some(run));
    for (metric, attribute) in wanted(report, run) {
        // Overall numbers by group are those of the first attribute's groups.
        let grouped = attribute.or_else(|| run.attributes.first().map(|first| first.attribute.as_str()));
        if let Some(finding) = lookup::finding(run, metric, attribute) {
            of_finding(&base, finding, attribute, grouped, rows);
        }
    }
    if let Some(lists) = &run.shortlists {
        let attribute = Some(lists.attribute.as_str());
        for (order, of) in [(BY_SCORE, &lists.before), (RERANKED, &lists.after), (BY_LOT, &lists.by_lot)] {
            let base = Row { order: Some(order.to_owned()), ..base.clone() };
            for finding in of {
                of_finding(&base, finding, attribute, attribute, rows);
            }
        }
    }
}

/// A finding and its groups.
fn of_finding(base: &Row, finding: &Finding, attribute: Option<&str>, grouped: Option<&str>, rows: &mut Vec<Row>) {
    rows.push(Row {
        p_value: finding.p_value,
        by_lot: finding.by_lot,
        bias_corrected: finding.bias_corrected,
        ..base.clone().of("finding", &finding.metric).attribute(attribute).n(finding.n).estimate(&finding.estimate)
    });
    for one in &finding.by_group {
        rows.push(base.clone().of("group", &finding.metric).attribute(grouped).group(&one.group).n(one.n).estimate(&one.estimate));
    }
}

/// What a finding says beside its value and its groups.
fn beside(base: &Row, finding: &Finding, attribute: Option<&str>, rows: &mut Vec<Row>) {
    if let Some((one, other)) = &finding.largest_pair {
        let row = base.clone().of("comparison", &finding.metric).attribute(attribute).group(one).against(other).n(finding.n);
        rows.push(row.estimate(&finding.estimate));
    }
    for one in &finding.against_rest {
        rows.push(
            base.clone()
                .of("comparison", &finding.metric)
                .attribute(attribute)
                .group(&one.group)
                .against(&one.against)
                .estimate(&one.estimate),
        );
    }
    let more = [("threshold", finding.at_threshold), ("constant-predictor", finding.constant_predictor)];
    for (what, number) in more.into_iter().filter_map(|(what, number)| Some((what, number?))) {
        rows.push(base.clone().of("finding", &format!("{}:{what}", finding.metric)).attribute(attribute).n(finding.n).number(number));
    }
}

/// All other numbers of a run.
fn beyond_table(report: &Report, method: &MethodReport, run: &RunReport, rows: &mut Vec<Row>) {
    let base = start(method, Some(run));
    let written = wanted(report, run);
    for finding in &run.performance {
        if !written.contains(&(finding.metric.as_str(), None)) {
            let grouped = run.attributes.first().map(|first| first.attribute.as_str());
            of_finding(&base, finding, None, grouped, rows);
        }
        beside(&base, finding, None, rows);
    }
    for one in &run.attributes {
        let attribute = Some(one.attribute.as_str());
        for finding in &one.findings {
            if !written.contains(&(finding.metric.as_str(), attribute)) {
                of_finding(&base, finding, attribute, attribute, rows);
            }
            beside(&base, finding, attribute, rows);
        }
        if let Some(selections) = &one.selections {
            selected(&base, selections, attribute, rows);
        }
        for strata in &one.strata {
            for stratum in &strata.strata {
                let base = base.clone().stratum(&format!("{}={}", strata.by, stratum.name));
                rows.push(base.clone().of("size", "rows").attribute(attribute).n(stratum.n));
                selected(&base, &stratum.selections, attribute, rows);
                for finding in &stratum.findings {
                    of_finding(&base, finding, attribute, attribute, rows);
                    beside(&base, finding, attribute, rows);
                }
            }
            rows.push(base.clone().of("size", "unknown").attribute(attribute).stratum(&format!("{}=", strata.by)).n(strata.unknown));
            for adjusted in &strata.adjusted {
                let mut row = base.clone().of("adjusted", &adjusted.id).attribute(attribute).stratum(&format!("{}=*", strata.by));
                if let Some([group, against]) = &adjusted.groups {
                    row = row.group(group).against(against);
                }
                let row = row.n(adjusted.strata[0]);
                if let Some(alike) = adjusted.alike_p_value {
                    rows.push(Row { p_value: Some(alike), ..row.clone().of("adjusted", &format!("{}:alike", adjusted.id)) });
                }
                rows.push(Row { p_value: adjusted.p_value, ..row.estimate(&adjusted.estimate) });
            }
        }
    }
    of_scorer(&base, run, rows);
    let sizes = [("train", run.sizes.train), ("validation", run.sizes.validation), ("test", run.sizes.test)];
    rows.extend(sizes.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| base.clone().of("size", what).n(n)));
}

/// Who is selected, and what tests say of it.
fn selected(base: &Row, selections: &Selections, attribute: Option<&str>, rows: &mut Vec<Row>) {
    let highest = selections.highest.first().map_or("", String::as_str);
    for group in &selections.groups {
        let row = |kind: &str, metric: &str| base.clone().of(kind, metric).attribute(attribute).group(&group.group).n(group.n);
        let compared = |kind: &str, metric: &str| row(kind, metric).against(highest);
        rows.push(row("selection", "selected").number(group.selected as f64));
        rows.push(row("selection", "selection-rate").estimate(&group.rate));
        rows.push(compared("selection", "impact-ratio").estimate(&group.impact_ratio));
        rows.push(compared("selection", "rate-difference").estimate(&group.difference));
        if let Some([numerator, denominator]) = group.exact_ratio {
            rows.push(compared("selection", "impact-ratio:numerator").number(numerator as f64));
            rows.push(compared("selection", "impact-ratio:denominator").number(denominator as f64));
        }
        if let Some([low, high]) = group.unknown_bounds {
            rows.push(Row { low: Some(low), high: Some(high), ..compared("selection", "impact-ratio:unknown-bounds") });
        }
        let Some(tests) = &group.tests else { continue };
        rows.push(Row { p_value: Some(tests.fisher), p_adjusted: Some(tests.fisher_holm), ..compared("test", "fisher") });
        rows.push(compared("test", "standard-deviations").estimate(&tests.z));
        rows.push(compared("test", "odds-ratio").estimate(&tests.odds_ratio));
        rows.push(row("test", "shortfall-to-overall").number(tests.shortfall_to_overall));
        rows.push(compared("test", "shortfall-to-four-fifths").number(tests.shortfall_to_four_fifths as f64));
        let flips =
            [("flip:crosses-four-fifths", tests.flip.crosses_four_fifths), ("flip:crosses-significance", tests.flip.crosses_significance)];
        rows.extend(flips.map(|(metric, crosses)| compared("test", metric).number(f64::from(u8::from(crosses)))));
        let more = [("flip:impact-ratio", tests.flip.impact_ratio), ("smallest-gap", tests.smallest_gap)];
        rows.extend(more.into_iter().filter_map(|(metric, number)| Some(compared("test", metric).number(number?))));
    }
    let all = |kind: &str, metric: &str, n: usize| base.clone().of(kind, metric).attribute(attribute).n(n);
    rows.push(all("selection", "selected", selections.n).number(selections.selected as f64));
    rows.push(all("selection", "selected:unknown", selections.unknown).number(selections.unknown_selected as f64));
    if let Some(test) = selections.chi_square {
        rows.push(Row { p_value: Some(test.p_value), ..all("test", "chi-square", selections.n).number(test.statistic) });
        rows.push(all("test", "chi-square:degrees", selections.n).number(test.degrees as f64));
    }
}

/// What a scorer rests on, and what it would say of others.
fn of_scorer(base: &Row, run: &RunReport, rows: &mut Vec<Row>) {
    let measured = |kind: &str, of: &[Measured], rows: &mut Vec<Row>| {
        rows.extend(of.iter().map(|one| base.clone().of(kind, &one.metric).attribute(one.attribute.as_deref()).estimate(&one.estimate)));
    };
    measured("validation", &run.validation, rows);
    if let Some(found) = &run.counterfactual {
        let row = |metric: &str| base.clone().of("counterfactual", metric).attribute(Some(&found.attribute)).n(found.rows);
        rows.push(row("score-change").number(found.score_change));
        rows.push(row("decisions-changed").number(found.decisions_changed));
        rows.extend(found.shifts.iter().map(|shift| row("score-shift").group(&shift.group).n(shift.n).number(shift.mean)));
        measured("counterfactual", &found.measured, rows);
        measured("retrained", &found.retrained, rows);
    }
    if let Some(found) = &run.importances {
        for input in &found.inputs {
            let row = |metric: &str| base.clone().of("importance", metric).stratum(&format!("input={}", input.input)).n(found.repeats);
            rows.push(Row { deviation: input.std, ..row(&found.performance).estimate(&input.importance) });
            let more = [(found.gap.as_str(), input.gap_change), ("association", input.association)];
            let more = more.into_iter().filter_map(|(metric, number)| Some((metric, number?)));
            rows.extend(more.map(|(metric, number)| row(metric).attribute(Some(&found.attribute)).number(number)));
        }
    }
    for one in &run.modalities {
        let base = base.clone().stratum(&format!("without={}", one.modality));
        rows.push(base.clone().of("modality", "score-change").n(one.rows).number(one.score_change));
        rows.extend(
            one.findings.iter().map(|finding| base.clone().of("modality", &finding.metric).n(finding.n).estimate(&finding.estimate)),
        );
    }
    for one in &run.targets {
        let base = base.clone().stratum(&format!("target={}", one.target));
        rows.extend(one.findings.iter().map(|finding| base.clone().of("target", &finding.metric).n(finding.n).estimate(&finding.estimate)));
    }
    if let Some(made) = &run.synthesis {
        let row = |metric: &str, n: usize| base.clone().of("synthesis", metric).n(n);
        rows.push(row("marginal", made.quality.synthetic_rows).estimate(&made.quality.marginal));
        rows.push(row("pairwise", made.quality.synthetic_rows).estimate(&made.quality.pairwise));
        rows.push(row("copies", made.copies).number(made.copies as f64));
        let near = &made.quality.closeness;
        rows.push(row("share-closer-to-training", near.synthetic_rows).estimate(&near.share_closer_to_training));
        rows.push(row("expected-share", near.synthetic_rows).estimate(&near.expected_share));
        let distances = [
            ("synthetic-to-training", &near.synthetic_to_training),
            ("synthetic-to-holdout", &near.synthetic_to_holdout),
            ("holdout-to-training", &near.holdout_to_training),
        ];
        for (metric, of) in distances {
            rows.push(row(&format!("{metric}:fifth-percentile"), near.synthetic_rows).estimate(&of.fifth_percentile));
            rows.push(row(&format!("{metric}:median"), near.synthetic_rows).estimate(&of.median));
        }
        for one in &made.quality.columns {
            let row = |metric: &str| row(metric, made.quality.synthetic_rows).stratum(&format!("column={}", one.column));
            rows.extend([row(&one.measure).estimate(&one.similarity), row("missing").estimate(&one.missing)]);
        }
        for one in &made.quality.pairs {
            rows.push(
                row(&one.measure, made.quality.synthetic_rows)
                    .stratum(&format!("columns={} and {}", one.first, one.second))
                    .estimate(&one.similarity),
            );
        }
        for one in &made.quality.efficacy {
            let row = |trained: &str, n: usize| row(&format!("{}:{}:trained-on-{trained}", one.learner, one.metric), n);
            rows.push(row("real", made.judged_on).estimate(&one.trained_on_real));
            rows.push(row("synthetic", made.judged_on).estimate(&one.trained_on_synthetic));
            for group in &one.by_group {
                rows.push(row("real", group.rows).group(&group.group).estimate(&group.trained_on_real));
                rows.push(row("synthetic", group.rows).group(&group.group).estimate(&group.trained_on_synthetic));
            }
        }
        for cell in &made.cells {
            let row = row("rows", cell.rows).group(&cell.group).number(cell.rows as f64);
            rows.push(match &cell.label {
                Some(label) => row.stratum(&format!("label={label}")),
                None => row,
            });
        }
        made.tilt.iter().for_each(|one| tilt(base, one, rows));
    }
}

fn limit(check: &LimitCheck) -> Row {
    let standing = check.standing.map(|standing| match standing {
        Standing::Kept => "kept",
        Standing::Breached => "breached",
        Standing::NotSettled => "not-settled",
    });
    Row {
        limit: Some(check.limit),
        met: Some(check.met),
        standing: standing.map(str::to_owned),
        ..Row::default().of("limit", &check.metric).attribute(check.attribute.as_deref()).mean_of(&check.estimate)
    }
}

fn tilt(base: &Row, tilt: &Tilt, rows: &mut Vec<Row>) {
    let numbers = [("alpha", &tilt.alpha), ("demographic-parity-difference", &tilt.demographic_parity_difference), ("spdd", &tilt.spdd)];
    rows.extend(numbers.map(|(metric, estimate)| {
        let row = base.clone().of("tilt", metric).attribute(Some(&tilt.attribute)).stratum(&format!("stage={}", tilt.stage));
        row.group(&tilt.privileged).against(&tilt.unprivileged).n(tilt.n).estimate(estimate)
    }));
}

/// What is known of the data before any model, and of the recordings behind it.
fn of_data(report: &Report, rows: &mut Vec<Row>) {
    let base = Row::default();
    for attribute in &report.data.attributes {
        for group in &attribute.groups {
            let row = |metric: &str| base.clone().of("data", metric).attribute(Some(&attribute.name)).group(&group.name).n(group.n);
            rows.push(row("rows").number(group.n as f64));
            // Without a label nobody asked for numbers about it.
            if report.data.label.is_some() {
                rows.extend([row("positive-rate").estimate(&group.positive_rate), row("mean-label").estimate(&group.mean_label)]);
            }
        }
        rows.push(
            base.clone().of("data", "unknown").attribute(Some(&attribute.name)).n(attribute.unknown).number(attribute.unknown as f64),
        );
    }
    report.data.tilt.iter().for_each(|one| tilt(&base, one, rows));
    if let Some(found) = &report.extraction {
        rows.push(base.clone().of("extraction", "extracted").n(found.candidates).number(found.extracted as f64));
        rows.extend(found.facts.iter().map(|fact| base.clone().of("extraction", &fact.name).n(fact.n).estimate(&fact.mean)));
        for one in &found.attributes {
            for measure in &one.measures {
                let row = || base.clone().of("extraction", &measure.name).attribute(Some(&one.attribute));
                rows.extend(measure.by_group.iter().map(|group| row().group(&group.group).n(group.n).estimate(&group.estimate)));
                rows.extend(
                    measure.differences.iter().map(|pair| row().group(&pair.group).against(&pair.against).estimate(&pair.estimate)),
                );
            }
        }
    }
}

/// The main table's columns, then the same metrics for the other attributes.
fn wanted<'a>(report: &'a Report, run: &'a RunReport) -> Vec<(&'a str, Option<&'a str>)> {
    let mut wanted: Vec<_> = report.columns.iter().map(|column| (column.metric.as_str(), column.attribute.as_deref())).collect();
    for one in &run.attributes {
        for column in report.columns.iter().filter(|column| column.attribute.is_some()) {
            let here = (column.metric.as_str(), Some(one.attribute.as_str()));
            if !wanted.contains(&here) {
                wanted.push(here);
            }
        }
    }
    wanted
}

//! Audits made up for tests and for looking at pages: who is selected, by job, under a rule, and among shortlists.

use evenhand_metrics::{Estimate, Finding, GroupFinding, Interval};
use evenhand_report::{
    Adjusted, Against, AttributeFindings, AttributeSummary, ChiSquare, Counted, Flip, GroupCount, GroupSelection, GroupSummary, Judge, Law,
    LawTable, LimitCheck, Particulars, Report, Selections, Standing, Strata, Stratum,
};
use evenhand_rows::Scale;

use crate::sample;

/// The races of the sample with the share that is selected and their rows of 10,000.
const RACES: [(&str, f64, usize); 7] = [
    ("White", 0.533, 4805),
    ("Black or African American", 0.481, 1618),
    ("Hispanic or Latino", 0.453, 1836),
    ("Asian", 0.537, 1217),
    ("Two or more races", 0.477, 312),
    ("American Indian or Alaska Native", 0.439, 160),
    ("Native Hawaiian or Other Pacific Islander", 0.396, 52),
];

/// Jobs, their candidates, and how much less often women are selected in them.
const JOBS: [(&str, usize, f64); 12] = [
    ("Warehouse operative", 3900, 0.05),
    ("Delivery driver", 2880, 0.06),
    ("Customer adviser", 2640, 0.04),
    ("Store assistant", 2460, 0.06),
    ("Dispatcher", 1700, 0.08),
    ("Accounts clerk", 1480, 0.05),
    ("Team leader", 1250, 0.08),
    ("Software engineer", 1180, 0.2),
    ("Data analyst", 890, 0.08),
    ("Buyer", 680, 0.06),
    ("HR assistant", 560, 0.04),
    ("Site manager", 380, 0.04),
];

const SEXES: [(&str, f64); 2] = [("women", 0.48), ("men", 0.52)];

/// Groups below this many rows are not compared.
const LEAST: usize = 30;

fn interval(low: f64, high: f64, method: &str) -> Interval {
    Interval { low, high, level: 0.95, method: method.into(), replicates: 0 }
}

fn value(value: f64, low: f64, high: f64, method: &str) -> Estimate {
    Estimate::Value { value, interval: Some(interval(low, high, method)) }
}

/// Wilson's interval of a share.
fn rate(selected: usize, n: usize) -> Estimate {
    if n == 0 {
        return Estimate::undefined("the group has no row");
    }
    let (n, share, z) = (n as f64, selected as f64 / n as f64, 1.96_f64);
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    value(share, centre - half, centre + half, "wilson")
}

/// Selections of groups given as name, rows and selected rows; those of fewer than `least` rows are left out.
pub(crate) fn selections(groups: &[(String, usize, usize)], least: usize, unknown: (usize, usize)) -> Selections {
    let share = |(_, n, selected): &(String, usize, usize)| *selected as f64 / (*n).max(1) as f64;
    let compared = || groups.iter().filter(|(_, n, _)| *n >= least);
    let best = compared().max_by(|one, other| share(one).total_cmp(&share(other))).cloned();
    let (n, selected): (usize, usize) = groups.iter().fold((0, 0), |sum, group| (sum.0 + group.1, sum.1 + group.2));
    let of = |group: &(String, usize, usize)| {
        let (name, n, selected) = group;
        let left_out = (*n < least).then(|| format!("fewer than {least} rows"));
        let first = best.as_ref().is_some_and(|best| best.0 == *name);
        let (mut ratio, mut difference) =
            (Estimate::undefined("the group is not compared"), Estimate::undefined("the group is not compared"));
        let mut tests = None;
        if let (Some(best), None) = (&best, &left_out) {
            let (top, here) = (share(best), share(group));
            if first {
                (ratio, difference) = (Estimate::value(1.0), Estimate::value(0.0));
            } else {
                let spread = ((1.0 - here) / (*selected).max(1) as f64 + (1.0 - top) / best.2.max(1) as f64).sqrt();
                let over = here / top;
                ratio = value(over, over * (-1.96 * spread).exp(), over * (1.96 * spread).exp(), "katz");
                difference = value(here - top, here - top - 0.02, here - top + 0.02, "newcombe");
                let pooled = (selected + best.2) as f64 / (n + best.1) as f64;
                let z = (here - top) / (pooled * (1.0 - pooled) * (1.0 / *n as f64 + 1.0 / best.1 as f64)).sqrt();
                let p = (-0.72 * z * z).exp().min(1.0);
                tests = Some(Against {
                    fisher: p,
                    fisher_holm: (p * groups.len() as f64).min(1.0),
                    z: Estimate::value(z),
                    odds_ratio: value(here / (1.0 - here) / (top / (1.0 - top)), 0.6, 1.1, "exact"),
                    shortfall_to_overall: 12.4,
                    shortfall_to_four_fifths: ((0.8 * top - here).max(0.0) * *n as f64).ceil() as u64,
                    flip: Flip {
                        impact_ratio: Some((selected + 1) as f64 / *n as f64 / top),
                        crosses_four_fifths: false,
                        crosses_significance: false,
                    },
                    smallest_gap: Some(0.94),
                });
            }
        }
        GroupSelection {
            group: name.clone(),
            n: *n,
            selected: *selected,
            rate: rate(*selected, *n),
            unknown_bounds: (left_out.is_none() && unknown.0 > 0 && !first)
                .then(|| ratio.number().map(|at| [at - 0.04, at + 0.03]))
                .flatten(),
            exact_ratio: best.as_ref().filter(|_| left_out.is_none()).map(|best| [(selected * best.1) as u64, (n * best.2) as u64]),
            impact_ratio: ratio,
            difference,
            left_out,
            tests,
        }
    };
    Selections {
        counted: Counted::Selected,
        n,
        selected,
        groups: groups.iter().map(of).collect(),
        highest: best.iter().map(|best| best.0.clone()).collect(),
        unknown: unknown.0,
        unknown_selected: unknown.1,
        chi_square: Some(ChiSquare { statistic: 91.37, degrees: groups.len() - 1, p_value: 1.2e-18 }),
    }
}

/// Rows and selected rows of one job's groups: every race of both sexes, in the order of the product.
fn cells(rows: usize, less: f64, place: usize) -> Vec<(usize, usize, usize, usize)> {
    let mut cells = Vec::new();
    for (sex, (_, share)) in SEXES.iter().enumerate() {
        for (race, (_, chance, of)) in RACES.iter().enumerate() {
            let n = (rows as f64 * share * *of as f64 / 10_000.0).round() as usize;
            let wobble = 0.03 * (((place * 7 + race * 5 + sex * 3) % 9) as f64 - 4.0) / 4.0;
            let chance = (chance + wobble - if sex == 0 { less } else { 0.0 }).clamp(0.02, 0.98);
            cells.push((sex, race, n, (n as f64 * chance).round() as usize));
        }
    }
    cells
}

/// The groups of an attribute: 0 sex, 1 race, 2 both.
fn groups_of(attribute: usize, cells: &[(usize, usize, usize, usize)]) -> Vec<(String, usize, usize)> {
    let name = |cell: &(usize, usize, usize, usize)| match attribute {
        0 => SEXES[cell.0].0.to_owned(),
        1 => RACES[cell.1].0.to_owned(),
        _ => format!("{} x {}", SEXES[cell.0].0, RACES[cell.1].0),
    };
    let mut groups: Vec<(String, usize, usize)> = Vec::new();
    for cell in cells {
        let name = name(cell);
        match groups.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, n, selected)) => {
                *n += cell.2;
                *selected += cell.3;
            }
            None => groups.push((name, cell.2, cell.3)),
        }
    }
    groups
}

fn strata(attribute: usize) -> Strata {
    let stratum = |(place, (name, rows, less)): (usize, &(&str, usize, f64))| Stratum {
        name: (*name).to_owned(),
        n: *rows,
        selections: selections(&groups_of(attribute, &cells(*rows, *less, place)), LEAST, (0, 0)),
        findings: Vec::new(),
    };
    let groups = (attribute == 0).then(|| ["women".to_owned(), "men".to_owned()]);
    let adjusted = |id: &str, estimate: Estimate| Adjusted {
        id: id.to_owned(),
        groups: groups.clone(),
        estimate,
        strata: [12, 12],
        p_value: Some(2e-12),
        alike_p_value: Some(0.004),
    };
    Strata {
        by: "job".to_owned(),
        strata: JOBS.iter().enumerate().map(stratum).collect(),
        unknown: 40,
        adjusted: vec![
            adjusted("mantel-haenszel-odds-ratio", value(0.74, 0.69, 0.79, "mantel-haenszel")),
            adjusted("mantel-haenszel-risk-ratio", value(0.87, 0.84, 0.9, "mantel-haenszel")),
            adjusted("mantel-haenszel-risk-difference", Estimate::undefined("no stratum has both groups")),
        ],
        told: if attribute == 0 {
            vec!["In 1 of 12 values of job, Software engineer, the impact ratio of women is 0.58, which the pooled 0.87 hides.".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fn finding(metric: &str, estimate: Estimate, by_group: Vec<GroupFinding>) -> Finding {
    let mut finding = Finding {
        metric: metric.into(),
        estimate,
        n: 19_250,
        by_group,
        largest_pair: None,
        against_rest: Vec::new(),
        left_out: Vec::new(),
        at_threshold: None,
        constant_predictor: None,
        p_value: None,
        by_lot: None,
        bias_corrected: None,
    };
    if metric == "spdd" {
        (finding.p_value, finding.by_lot, finding.bias_corrected) = (Some(0.0005), Some(0.006), Some(0.0605));
    }
    finding
}

/// Decisions of a tool on 20,000 candidates of twelve jobs, by sex, by race and by both.
pub(crate) fn audit() -> Report {
    let mut report = sample::audit();
    "Hiring decisions at Northwind Logistics".clone_into(&mut report.title);
    report.particulars = Some(Particulars {
        auditor: Some("Harbour & Finch Assurance".into()),
        independence: Some("no share in the vendor or the client".into()),
        client: Some("Northwind Logistics".into()),
        tool: Some("ScreenScore 4.2".into()),
        vendor: Some("Tallis Systems".into()),
        data_source: Some("applications to 12 jobs, from the client's applicant tracking".into()),
        data_period: Some("2026-01-01 to 2026-06-30".into()),
        test_data: None,
        audit_date: Some("2026-08-14".into()),
        distribution_date: Some("2026-09-01".into()),
    });
    report.selected = Some("score at or above 60, of 0 to 100".into());
    report.recipe = serde_json::json!({
        "scores": "scores.csv", "score": "score", "groups": ["sex", "race", "sex x race"], "by": ["job"], "threshold": 60, "range": [0, 100],
        "limits": { "impact-ratio": 0.8 },
    });
    report.data.name = "scores.csv".into();
    report.data.loader = "table".into();
    report.data.rows = 20_000;
    report.data.label = None;
    report.data.files[0].name = "scores.csv".into();
    report.data.score_scale = Scale::of(0.0, 100.0);
    report.data.notes = vec!["12 rows without a score were left out".into()];
    report.data.sensitive_features.clear();
    report.notes.clear();
    report.methods[0].published.clear();
    let all: Vec<(usize, usize, usize, usize)> =
        JOBS.iter().enumerate().flat_map(|(place, (_, rows, less))| cells(*rows, *less, place)).collect();
    let unknown = [(750, 406), (784, 393), (1490, 770)];
    let names = ["sex", "race", "sex x race"];
    let first = report.methods[0].runs[0].attributes[1].clone();
    let mut attributes = Vec::new();
    report.data.attributes.clear();
    for (place, name) in names.iter().enumerate() {
        let groups = groups_of(place, &all);
        let chosen = selections(&groups, if place == 0 { 1 } else { 400 }, unknown[place]);
        let by_group = |of: fn(&GroupSelection) -> Estimate| {
            chosen.groups.iter().map(|one| GroupFinding { group: one.group.clone(), n: one.n, estimate: of(one) }).collect()
        };
        let lowest =
            chosen.groups.iter().filter_map(|one| Some((one.impact_ratio.number()?, one))).min_by(|one, other| one.0.total_cmp(&other.0));
        let (least, group) = lowest.expect("a ratio");
        let pair = Some((group.group.clone(), chosen.highest[0].clone()));
        let mut findings = vec![
            finding("spdd", value(0.061, 0.048, 0.074, "count-resampling"), Vec::new()),
            finding("selection-rate", Estimate::value(chosen.selected as f64 / chosen.n as f64), by_group(|one| one.rate.clone())),
            finding("demographic-parity-difference", value(0.057, 0.043, 0.071, "count-resampling"), Vec::new()),
            finding("demographic-parity-ratio", value(least, least - 0.03, least + 0.03, "count-resampling"), Vec::new()),
            finding("disparate-impact", value(least, least - 0.03, least + 0.03, "count-resampling"), Vec::new()),
            finding("folded-disparate-impact", value(least, least - 0.03, least + 0.03, "count-resampling"), Vec::new()),
        ];
        for finding in &mut findings {
            finding.largest_pair.clone_from(&pair);
            finding.left_out = chosen.groups.iter().filter_map(|one| Some((one.group.clone(), one.left_out.clone()?))).collect();
        }
        findings[1].largest_pair = None;
        let mut densities: Vec<_> = first.densities.iter().cycle().take(groups.len()).cloned().collect();
        let mut rates = first.pass_rates.clone().expect("the sample has them");
        rates.groups = rates.groups.iter().cycle().take(groups.len()).cloned().collect();
        for (place, (name, n, _)) in groups.iter().enumerate() {
            (densities[place].group, densities[place].n) = (name.clone(), *n);
            (rates.groups[place].group, rates.groups[place].n) = (name.clone(), *n);
            let shift = 0.004 * place as f64;
            rates.groups[place].rates.iter_mut().for_each(|rate| *rate = (*rate - shift * *rate).max(0.0));
        }
        rates.pair = pair;
        attributes.push(AttributeFindings {
            attribute: (*name).to_owned(),
            groups: groups.iter().map(|(name, n, _)| GroupCount { name: name.clone(), n: *n }).collect(),
            unknown: unknown[place].0,
            findings,
            selections: Some(chosen.clone()),
            strata: vec![strata(place)],
            densities,
            pass_rates: Some(rates),
        });
        report.data.attributes.push(AttributeSummary {
            name: (*name).to_owned(),
            groups: groups
                .iter()
                .map(|(name, n, _)| GroupSummary {
                    name: name.clone(),
                    n: *n,
                    positive_rate: Estimate::undefined("the data has no label"),
                    mean_label: Estimate::undefined("the data has no label"),
                })
                .collect(),
            unknown: unknown[place].0,
        });
    }
    report.columns.retain(|column| column.attribute.is_some());
    for column in &mut report.columns {
        column.attribute = column.attribute.take().map(|name| if name == "gender" { "sex".to_owned() } else { "race".to_owned() });
    }
    report.columns.dedup_by(|one, other| one.metric == other.metric && one.attribute == other.attribute);
    let run = &mut report.methods[0].runs[0];
    run.performance.clear();
    run.attributes = attributes;
    run.sizes.test = 20_000;
    report.methods[0].summary.clear();
    let check = |attribute: &str, place: usize| {
        let run = &report.methods[0].runs[0].attributes[place];
        let lowest = run.selections.as_ref().expect("selections").groups.iter().filter(|one| one.impact_ratio.number().is_some());
        let lowest = lowest.min_by(|one, other| one.impact_ratio.number().partial_cmp(&other.impact_ratio.number()).expect("numbers"));
        let estimate = lowest.expect("a ratio").impact_ratio.clone();
        let (low, high) = estimate.interval().map_or((1.0, 1.0), |interval| (interval.low, interval.high));
        LimitCheck {
            metric: "impact-ratio".into(),
            attribute: Some(attribute.to_owned()),
            limit: 0.8,
            met: estimate.number().is_some_and(|value| value >= 0.8),
            judge: Judge::Value,
            standing: Some(match (low >= 0.8, high < 0.8) {
                (true, _) => Standing::Kept,
                (_, true) => Standing::Breached,
                _ => Standing::NotSettled,
            }),
            estimate,
            explanation: "the value itself is compared".into(),
        }
    };
    report.limits = names.iter().enumerate().map(|(place, name)| check(name, place)).collect();
    report
}

/// The same audit without a limit, without particulars, and of bare 0 and 1.
pub(crate) fn decisions() -> Report {
    let mut report = audit();
    "Decisions of the spring intake".clone_into(&mut report.title);
    (report.particulars, report.selected) = (None, Some("decision 1, of 0 and 1".into()));
    report.limits.clear();
    report.data.score_scale = Scale::default();
    let run = &mut report.methods[0].runs[0];
    run.attributes.truncate(1);
    report.data.attributes.truncate(1);
    report.columns.retain(|column| column.attribute.as_deref() == Some("sex"));
    let one = &mut run.attributes[0];
    one.strata.clear();
    one.unknown = 0;
    let chosen = one.selections.as_mut().expect("selections");
    (chosen.unknown, chosen.unknown_selected) = (0, 0);
    chosen.groups.iter_mut().for_each(|group| group.unknown_bounds = None);
    let shares: Vec<f64> = chosen.groups.iter().filter_map(|group| group.rate.number()).collect();
    let rates = one.findings.iter().find(|finding| finding.metric == "selection-rate").expect("rates").by_group.clone();
    one.findings.push(finding("mean-score", Estimate::value(0.49), rates));
    one.densities.iter_mut().zip(&shares).for_each(|(density, share)| density.mean = *share);
    let curves = one.pass_rates.as_mut().expect("curves");
    for (group, share) in curves.groups.iter_mut().zip(&shares) {
        for (rate, threshold) in group.rates.iter_mut().zip(&curves.thresholds) {
            *rate = if *threshold < 1.0 { *share } else { 0.0 };
        }
    }
    report
}

/// The same audit as the tables of a rule.
pub(crate) fn law() -> Report {
    let mut report = audit();
    "Bias audit of ScreenScore 4.2".clone_into(&mut report.title);
    report.limits.clear();
    let headings = ["# of applicants", "# selected", "Selection rate", "Impact ratio"].map(str::to_owned);
    let tables = report.methods[0].runs[0].attributes.iter().zip(["Sex", "Race/ethnicity", "Sex and race/ethnicity"]);
    let tables = tables.map(|(one, title)| LawTable {
        classification: String::new(),
        title: title.to_owned(),
        within: None,
        attribute: one.attribute.clone(),
        headings: headings.clone(),
        selections: one.selections.clone().expect("selections"),
    });
    report.law = Some(Law {
        id: "nyc-ll144".into(),
        name: "New York City Local Law 144 of 2021".into(),
        paragraph: "6 RCNY 5-301".into(),
        made_on: "2026-11-12".into(),
        made_from: "secondary descriptions and the rule's worked examples".into(),
        tables: tables.collect(),
        statements: vec!["784 applicants of unknown race/ethnicity and 750 of unknown sex are not included in the tables above.".into()],
        remarks: vec!["The audit is older than one year on 2027-08-14; the rule asks for a new one before then.".into()],
    });
    report
}

/// An audit of scores that decide nothing: no selections, one number a gap.
#[allow(dead_code, reason = "the gallery shows pages of its own choice")]
pub(crate) fn scores() -> Report {
    let mut report = sample::audit();
    report.data.score_scale = Scale::of(0.0, 100.0);
    report.limits.clear();
    report
}

/// A stream of names that try to run, to compute or to turn the page round.
pub(crate) fn hostile() -> Report {
    let mut report = audit();
    let names = ["<script>alert(1)</script>", "=CMD|' /C calc'!A0", "\u{202e}nemow", "men\u{2066}\u{200f} and others\u{7}\u{1b}[31m"];
    "\u{202e}</title><script>alert(2)</script>".clone_into(&mut report.title);
    let particulars = report.particulars.as_mut().expect("particulars");
    particulars.auditor = Some("</style><script>alert(3)</script>\u{202e}".into());
    particulars.audit_date = Some("2026\"} body{display:none} \\".into());
    report.selected = Some("score > 60 <b>bold</b> \u{202e}".into());
    report.data.name = "<img src=x onerror=alert(4)>".into();
    let text = serde_json::to_string(&report).expect("JSON");
    let json = |name: &str| serde_json::to_string(name).expect("JSON");
    let text = text
        .replace("\"women\"", &json(names[2]))
        .replace("\"men\"", &json(names[3]))
        .replace("\"Asian\"", &json(names[0]))
        .replace("\"White\"", &json(names[1]))
        .replace("\"Software engineer\"", &json("\u{2067}=Software</td></table>&engineer"));
    serde_json::from_str(&text).expect("a report")
}

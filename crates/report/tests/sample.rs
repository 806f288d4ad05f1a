//! Reports made up for tests and for looking at pages: plausible shapes, no data behind them.

use std::collections::BTreeMap;

use evenhand_catalog::Direction;
use evenhand_metrics::{Comparison, Estimate, Finding, GroupFinding, Interval};
use evenhand_report::averages::mean;
use evenhand_report::dominance::{dominates, front};
use evenhand_report::{
    AttributeFindings, AttributeSummary, Candidate, Chance, Choice, Column, Contrast, DataSummary, Density, DisparityTrace, Dominance,
    Epoch, FORMAT, Family, FileSummary, Front, GroupCount, GroupSummary, Judge, LabelSummary, LatentPlot, LatentPoint, LimitCheck, Limited,
    MethodChoice, MethodReport, PassRate, PassRates, Point, Published, Remark, RemarkKind, Report, ReportKind, RunReport, Sizes, Summary,
    Tilt, lookup,
};
use evenhand_rows::Scale;

/// A stream of numbers in [0, 1) that is the same everywhere.
struct Stream(u64);

impl Stream {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(1u32 << 31)
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn bump(x: f64, mean: f64, width: f64) -> f64 {
    (-((x - mean) / width).powi(2) / 2.0).exp() / (width * std::f64::consts::TAU.sqrt())
}

fn passing(threshold: f64, mean: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((threshold - mean) / (width * 0.55)).exp())
}

fn measured(value: f64, half: Option<f64>) -> Estimate {
    let interval = half.map(|half| Interval {
        low: (value - half).max(0.0),
        high: value + half,
        level: 0.95,
        method: "bootstrap".into(),
        replicates: 1000,
    });
    Estimate::Value { value, interval }
}

/// Which report to make.
pub(crate) struct Shape<'a> {
    pub(crate) kind: ReportKind,
    pub(crate) title: &'a str,
    pub(crate) continuous: bool,
    pub(crate) attributes: Vec<(&'a str, Vec<&'a str>)>,
    /// Name, mean gap of the first attribute, performance, swept value.
    pub(crate) methods: Vec<(&'a str, f64, f64, Option<f64>)>,
    pub(crate) runs: usize,
    pub(crate) trained: bool,
    pub(crate) published: bool,
}

fn finding(metric: &str, estimate: Estimate, n: usize) -> Finding {
    Finding {
        metric: metric.into(),
        estimate,
        n,
        by_group: Vec::new(),
        largest_pair: None,
        against_rest: Vec::new(),
        left_out: Vec::new(),
        at_threshold: None,
        constant_predictor: None,
        p_value: None,
        by_lot: None,
        bias_corrected: None,
    }
}

const OVERALL: [(&str, &str, Direction); 4] = [
    ("srcc", "SRCC", Direction::Higher),
    ("pcc", "PCC", Direction::Higher),
    ("accuracy", "accuracy", Direction::Higher),
    ("mae", "MAE", Direction::Lower),
];

fn attribute_findings(name: &str, groups: &[&str], gap: f64, first: bool, interval: Option<f64>) -> AttributeFindings {
    let count = groups.len();
    let size = |position: usize| 40 + (1200 / (position + 1)) + 13 * position;
    let tiny = count > 4;
    let n_of = |position: usize| if tiny && position + 1 == count { 3 } else { size(position) };
    let centre = |position: usize| 0.52 - gap * position as f64 / (count - 1).max(1) as f64 + 0.02 * ((position * 7) % 5) as f64 / 5.0;
    let pair = (groups[0].to_owned(), groups[count - 1 - usize::from(tiny)].to_owned());
    let statistic = |value: fn(f64, usize) -> f64, positives: bool| -> Vec<GroupFinding> {
        groups
            .iter()
            .enumerate()
            .map(|(position, group)| GroupFinding {
                group: (*group).to_owned(),
                n: if positives { n_of(position) / 2 } else { n_of(position) },
                estimate: if positives && n_of(position) < 5 {
                    Estimate::undefined("the group has no row with a positive label")
                } else {
                    measured(value(centre(position), position), interval.map(|_| (1.0 / n_of(position) as f64).sqrt() / 2.0))
                },
            })
            .collect()
    };
    let against_rest = |scale: f64| -> Vec<Comparison> {
        if count < 3 {
            return Vec::new();
        }
        groups
            .iter()
            .enumerate()
            .map(|(position, group)| Comparison {
                group: (*group).to_owned(),
                against: "rest".into(),
                estimate: if n_of(position) < 5 {
                    Estimate::undefined("fewer rows than the minimum group size (5)")
                } else {
                    measured(scale * (0.2 + position as f64 * 0.1), interval)
                },
            })
            .collect()
    };
    let left_out =
        if tiny { vec![(groups[count - 1].to_owned(), "fewer rows than the minimum group size (5)".to_owned())] } else { Vec::new() };
    let gap_finding = |metric: &str, value: f64| Finding {
        largest_pair: Some(pair.clone()),
        against_rest: against_rest(value),
        left_out: left_out.clone(),
        p_value: interval.map(|_| 0.001),
        ..finding(metric, measured(value, interval), 2000)
    };
    let mut findings = vec![
        gap_finding("spdd", gap),
        Finding { at_threshold: Some(0.46), ..gap_finding("ks", gap * 1.6) },
        gap_finding("demographic-parity-difference", gap * 1.45),
        gap_finding("equal-opportunity-difference", gap * 1.1),
        Finding {
            by_group: statistic(|centre, _| passing(0.5, centre, 0.13), false),
            ..finding("selection-rate", measured(0.48, interval), 2000)
        },
        Finding {
            by_group: statistic(|centre, _| passing(0.45, centre, 0.1), true),
            ..finding("true-positive-rate", measured(0.61, interval), 1000)
        },
    ];
    if tiny {
        findings.push(finding("predictive-parity-difference", Estimate::undefined("no row of one group was selected"), 2000));
    }
    let points: Vec<f64> = (0..=100).map(|step| f64::from(step) / 100.0).collect();
    let densities = groups.iter().enumerate().map(|(position, group)| Density {
        group: (*group).to_owned(),
        n: n_of(position),
        points: points.clone(),
        values: points.iter().map(|x| bump(*x, centre(position), 0.12) + 0.4 * bump(*x, centre(position) + 0.2, 0.06)).collect(),
        mean: centre(position),
    });
    let rates = groups.iter().enumerate().map(|(position, group)| PassRate {
        group: (*group).to_owned(),
        n: n_of(position),
        rates: points.iter().map(|threshold| passing(*threshold, centre(position), 0.13)).collect(),
        band: (1.0 / n_of(position) as f64).sqrt(),
    });
    AttributeFindings {
        attribute: name.into(),
        groups: groups.iter().enumerate().map(|(position, group)| GroupCount { name: (*group).to_owned(), n: n_of(position) }).collect(),
        unknown: if tiny { 17 } else { 0 },
        findings,
        selections: None,
        strata: Vec::new(),
        densities: if first { densities.collect() } else { Vec::new() },
        pass_rates: first.then(|| PassRates {
            thresholds: points.clone(),
            groups: rates.collect(),
            pair: Some(pair.clone()),
            gap_band: Some(0.047),
            level: 0.95,
        }),
    }
}

fn run(shape: &Shape, method: usize, seed: usize) -> RunReport {
    let mut stream = Stream(1 + method as u64 * 31 + seed as u64 * 7);
    let (_, gap, performance, _) = shape.methods[method];
    let (gap, performance) = (gap * (1.0 + 0.12 * stream.normal()).max(0.2), performance + 0.008 * stream.normal());
    let interval = (shape.runs == 1).then_some(0.012);
    let mut overall = Vec::new();
    if shape.trained || shape.kind == ReportKind::Audit {
        for (position, (metric, ..)) in OVERALL.iter().enumerate() {
            if (position < 2) != shape.continuous && *metric != "mae" {
                continue;
            }
            let value = if *metric == "mae" { 0.123 + 0.1 * gap } else { performance + 0.02 * position as f64 };
            let mut one = finding(metric, measured(value, interval), 2000);
            one.constant_predictor = (*metric == "mae").then_some(0.1512);
            overall.push(one);
        }
    }
    let epochs: Vec<Epoch> = (1..=30 + 3 * seed)
        .map(|epoch| {
            let fall = (-(epoch as f64) / 9.0).exp();
            let mut terms = BTreeMap::new();
            if method > 1 {
                terms.insert("wasserstein".to_owned(), 0.02 + 0.2 * fall + 0.004 * stream.uniform());
            }
            if method > 3 {
                terms.insert("adversary".to_owned(), 0.69 - 0.2 * fall + 0.01 * stream.uniform());
            }
            terms.insert("validation srcc".to_owned(), performance - 0.3 * fall + 0.01 * stream.uniform());
            Epoch {
                epoch,
                train_loss: Some(0.02 + 0.05 * fall + 0.001 * stream.uniform()),
                validation_loss: Some(0.024 + 0.05 * fall + 0.003 * stream.uniform()),
                terms,
            }
        })
        .collect();
    let (attribute, groups) = &shape.attributes[0];
    let latent = LatentPlot {
        attribute: (*attribute).to_owned(),
        explained: [0.612, 0.173],
        points: (0..600)
            .map(|row| {
                let group = row % groups.len();
                let high = stream.uniform() > 0.5;
                let x = stream.normal() * 1.4 + if high { 2.0 } else { -2.0 };
                let y = stream.normal() + gap * 18.0 * group as f64 / (groups.len() - 1).max(1) as f64;
                LatentPoint { x, y, group: groups[group].to_owned(), high }
            })
            .collect(),
    };
    RunReport {
        seed: seed as u64,
        fold: None,
        sizes: Sizes {
            train: if shape.trained { 2126 } else { 0 },
            train_before: None,
            validation: if shape.trained { 300 } else { 0 },
            test: 2000,
        },
        performance: overall,
        attributes: shape
            .attributes
            .iter()
            .enumerate()
            .map(|(position, (name, groups))| attribute_findings(name, groups, gap * (1.0 - 0.4 * position as f64), seed == 0, interval))
            .collect(),
        disparities: if shape.trained { disparities(epochs.len(), gap, groups) } else { Vec::new() },
        epochs: if shape.trained { epochs } else { Vec::new() },
        latent: (shape.trained && seed == 0).then_some(latent),
        notes: if method == 5 && seed == 0 {
            vec![Remark::new(RemarkKind::Skipped, "2 of 640 batches held one group only; their penalty was skipped")]
        } else {
            Vec::new()
        },
        ..RunReport::default()
    }
}

/// Ratios that end the nearer to 1 the smaller the gap.
fn disparities(epochs: usize, gap: f64, groups: &[&str]) -> Vec<DisparityTrace> {
    let ratio = |epoch: usize, scale: f64| 1.0 + scale * gap * (6.0 + 20.0 * (-(epoch as f64) / 9.0).exp());
    let trace = |favourable: bool, array: &str, scale: f64| DisparityTrace {
        favourable,
        groups: [groups[0].to_owned(), groups[1].to_owned()],
        array: array.to_owned(),
        epochs: (1..=epochs).collect(),
        score: (1..=epochs).map(|epoch| Some(1.4 * ratio(epoch, scale))).collect(),
        median: (1..=epochs).map(|epoch| Some(ratio(epoch, scale))).collect(),
    };
    vec![trace(false, "all", 1.0), trace(false, "hidden.0.bias", 0.7), trace(true, "all", 2.0), trace(true, "hidden.0.bias", 1.5)]
}

/// Metric and attribute.
type Key = (String, Option<String>);

fn summaries(runs: &[RunReport]) -> Vec<Summary> {
    let mut values: Vec<(Key, Vec<f64>)> = Vec::new();
    for run in runs {
        let overall = run.performance.iter().map(|finding| (None, finding));
        let of_groups = run.attributes.iter().flat_map(|one| one.findings.iter().map(|finding| (Some(one.attribute.clone()), finding)));
        for (attribute, finding) in overall.chain(of_groups) {
            let key = (finding.metric.clone(), attribute);
            let position = values.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                values.push((key, Vec::new()));
                values.len() - 1
            });
            values[position].1.extend(finding.estimate.number());
        }
    }
    let summary = |((metric, attribute), values): (Key, Vec<f64>)| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let std = (values.len() > 1).then(|| (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
        let undefined = || Estimate::undefined("no row of one group was selected");
        Summary {
            metric,
            attribute,
            mean: if values.is_empty() { undefined() } else { measured(mean, None) },
            std,
            defined: values.len(),
            runs: runs.len(),
        }
    };
    values.into_iter().map(summary).collect()
}

fn tilt(stage: &str, attribute: &str, groups: &[&str], cells: [usize; 4], continuous: bool) -> Tilt {
    let [a, b, c, d] = cells.map(|cell| cell as f64);
    let alpha = if b == 0.0 || c == 0.0 { Estimate::undefined("a cell is empty") } else { measured(f64::midpoint(a / b, d / c), None) };
    let difference = (a / (a + c) - b / (b + d)).abs();
    let points: Vec<f64> = (0..20).map(|bin| f64::from(bin) / 20.0).collect();
    let histogram = |group: &str, share: f64, n: f64| Density {
        group: group.into(),
        n: n as usize,
        values: points.iter().map(|x| share * bump(*x, 0.65, 0.1) + (1.0 - share) * bump(*x, 0.36, 0.1)).collect(),
        points: points.clone(),
        mean: 0.36 + 0.29 * share,
    };
    Tilt {
        stage: stage.into(),
        attribute: attribute.into(),
        privileged: groups[0].into(),
        unprivileged: groups[1].into(),
        n: cells.iter().sum(),
        threshold: 0.5,
        cells,
        alpha,
        demographic_parity_difference: measured(difference, None),
        spdd: measured(difference * 0.31, None),
        histograms: if continuous {
            vec![histogram(groups[0], a / (a + c), a + c), histogram(groups[1], b / (b + d), b + d)]
        } else {
            Vec::new()
        },
    }
}

/// Makes the report of a shape.
pub(crate) fn report(shape: &Shape) -> Report {
    let (first, groups) = &shape.attributes[0];
    let methods: Vec<MethodReport> = shape
        .methods
        .iter()
        .enumerate()
        .map(|(position, (name, gap, performance, swept))| {
            let runs: Vec<RunReport> = (0..shape.runs).map(|seed| run(shape, position, seed)).collect();
            let mut published = BTreeMap::new();
            if shape.published && position != 3 {
                published.insert(format!("spdd@{first}"), Published { value: gap * 1.15, std: Some(0.004) });
                let metric = if shape.continuous { "srcc" } else { "accuracy" };
                published.insert(metric.to_owned(), Published { value: performance - 0.006, std: Some(0.001) });
            }
            let parameters = swept.map(|value| BTreeMap::from([("lambda_w".to_owned(), value.into()), ("rounds".to_owned(), 1.into())]));
            MethodReport {
                name: (*name).to_owned(),
                rebalance: (*name == "DB")
                    .then(|| MethodChoice { id: "score-histogram".into(), parameters: BTreeMap::from([("bins".to_owned(), 20.into())]) }),
                objective: shape
                    .trained
                    .then(|| MethodChoice { id: name.to_lowercase().replace(' ', "-"), parameters: parameters.unwrap_or_default() }),
                swept: *swept,
                published,
                summary: summaries(&runs),
                runs,
                ..MethodReport::default()
            }
        })
        .collect();
    let mut columns: Vec<Column> = OVERALL
        .iter()
        .map(|(metric, heading, direction)| Column {
            metric: (*metric).into(),
            attribute: None,
            heading: (*heading).into(),
            direction: *direction,
            fair_value: None,
        })
        .collect();
    for (attribute, groups) in &shape.attributes {
        let mut of_groups = vec![("spdd", "SPDD"), ("demographic-parity-difference", "DP difference"), ("ks", "largest gap")];
        if groups.len() > 4 {
            of_groups.push(("predictive-parity-difference", "predictive parity difference"));
        }
        for (metric, heading) in of_groups {
            columns.push(Column {
                metric: metric.into(),
                attribute: Some((*attribute).to_owned()),
                heading: heading.into(),
                direction: Direction::Lower,
                fair_value: Some(0.0),
            });
        }
    }
    let spdd = methods
        .last()
        .and_then(|method| method.summary.iter().find(|summary| summary.metric == "spdd"))
        .map(|summary| summary.mean.clone());
    let spdd = spdd.expect("every sample has SPDD");
    let limits = vec![
        LimitCheck {
            metric: "spdd".into(),
            attribute: Some((*first).to_owned()),
            limit: 0.05,
            met: spdd.number().is_some_and(|value| value <= 0.05),
            estimate: spdd,
            judge: Judge::Value,
            standing: None,
            explanation: "the value itself is compared".into(),
        },
        LimitCheck {
            metric: "demographic-parity-difference".into(),
            attribute: Some((*first).to_owned()),
            limit: 0.01,
            met: false,
            estimate: measured(0.031, Some(0.012)),
            judge: Judge::Value,
            standing: None,
            explanation: "the value itself is compared".into(),
        },
    ];
    let mut stages = Vec::new();
    if shape.trained {
        stages.push(tilt("as loaded", first, groups, [1600, 1580, 1600, 1620], shape.continuous));
        stages.push(tilt("after skew", first, groups, [800, 263, 263, 800], shape.continuous));
        stages.push(tilt("after DB", first, groups, [263, 263, 240, 251], shape.continuous));
    }
    Report {
        format: FORMAT,
        kind: shape.kind,
        title: shape.title.to_owned(),
        versions: BTreeMap::from([("evenhand".to_owned(), "0.1.0".to_owned())]),
        particulars: None,
        selected: None,
        law: None,
        recipe: serde_json::json!({"title": shape.title, "data": {"loader": "synthetic", "rows": 6400, "folder": null}, "split": {"shares": [0.5, 0.1, 0.4]}, "method": [{"name": "vanilla", "objective": {"id": "vanilla"}}]}),
        data: DataSummary {
            name: "synthetic interviews".into(),
            loader: "synthetic".into(),
            rows: 6400,
            unscored: 0,
            files: vec![FileSummary {
                name: "candidates.csv".into(),
                bytes: 1_234_567,
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            }],
            label: Some(LabelSummary {
                name: "recommendation".into(),
                kind: if shape.continuous { "continuous" } else { "binary" }.into(),
                mean: 0.5023,
                threshold: 0.5,
            }),
            attributes: shape
                .attributes
                .iter()
                .map(|(name, groups)| AttributeSummary {
                    name: (*name).to_owned(),
                    groups: groups
                        .iter()
                        .enumerate()
                        .map(|(position, group)| GroupSummary {
                            name: (*group).to_owned(),
                            n: 3200 / (position + 1),
                            positive_rate: measured(0.5 - 0.01 * position as f64, None),
                            mean_label: measured(0.502 - 0.003 * position as f64, None),
                        })
                        .collect(),
                    unknown: if groups.len() > 4 { 41 } else { 0 },
                })
                .collect(),
            features: if shape.trained { (1..=24).map(|index| format!("feature_{index:02}")).collect() } else { Vec::new() },
            score_scale: Scale::default(),
            label_scale: Scale::default(),
            sensitive_features: if shape.continuous { Vec::new() } else { vec![(*first).to_owned()] },
            tilt: stages,
            notes: vec!["12 rows without a label were left out".into()],
        },
        contrasts: contrasts(&methods, &columns),
        fronts: shape
            .attributes
            .iter()
            .filter_map(|(name, _)| plane(&methods, if shape.continuous { "srcc" } else { "accuracy" }, name))
            .collect(),
        choice: None,
        chance: Vec::new(),
        methods,
        left_out: Vec::new(),
        columns,
        limits,
        reference: None,
        extraction: None,
        notes: vec!["The training rows were skewed on purpose; the test rows were not.".into()],
    }
}

/// Differences of every pair of methods with several runs, with intervals and p-values that nobody computed.
fn contrasts(methods: &[MethodReport], columns: &[Column]) -> Vec<Contrast> {
    let value = |method: &MethodReport, column: &Column| {
        lookup::measured(method, &column.metric, column.attribute.as_deref()).filter(|found| found.runs > 1)?.estimate.number()
    };
    let mut all = Vec::new();
    for column in columns {
        for (position, other) in methods.iter().enumerate() {
            for one in &methods[position + 1..] {
                let (Some(here), Some(there)) = (value(one, column), value(other, column)) else { continue };
                let difference = here - there;
                all.push(Contrast {
                    metric: column.metric.clone(),
                    attribute: column.attribute.clone(),
                    one: one.name.clone(),
                    other: other.name.clone(),
                    n: one.runs.len(),
                    difference,
                    interval: Some([difference - 0.25, difference + 0.25]),
                    p_value: Some((1.0 - 10.0 * difference.abs()).clamp(0.001, 1.0)),
                    adjusted_p_value: Some((2.0 - 20.0 * difference.abs()).clamp(0.003, 1.0)),
                });
            }
        }
    }
    all
}

/// Means of performance and SPDD, every method a family of its own, with areas that nobody computed.
fn plane(methods: &[MethodReport], performance: &str, attribute: &str) -> Option<Front> {
    let means: Vec<(&MethodReport, (f64, f64))> = methods
        .iter()
        .filter_map(|method| {
            let gaps = method.runs.iter().filter_map(|run| lookup::finding(run, "spdd", Some(attribute))?.estimate.number());
            let values = method.runs.iter().filter_map(|run| lookup::finding(run, performance, None)?.estimate.number());
            Some((method, (mean(gaps)?, mean(values)?)))
        })
        .collect();
    let all: Vec<(f64, f64)> = means.iter().map(|(_, point)| *point).collect();
    let best = front(&all);
    let point = |(method, point): &(&MethodReport, (f64, f64))| Point {
        method: method.name.clone(),
        family: method.name.clone(),
        gap: point.0,
        performance: point.1,
        dominated_by: means
            .iter()
            .filter(|(_, other)| dominates(*other, *point))
            .map(|(rival, _)| Dominance { method: rival.name.clone(), runs: 1, of: method.runs.len() })
            .collect(),
    };
    let family = |(position, (method, _)): (usize, &(&MethodReport, (f64, f64)))| Family {
        name: method.name.clone(),
        points: 1,
        area: 0.8 / (position + 1) as f64,
        std: (method.runs.len() > 1).then_some(0.01),
        front: if best.contains(&position) { vec![method.name.clone()] } else { Vec::new() },
    };
    (means.len() > 1).then(|| Front {
        performance: performance.to_owned(),
        gap: "spdd".to_owned(),
        attribute: attribute.to_owned(),
        sample: None,
        corner: [0.2, 0.7],
        points: means.iter().map(point).collect(),
        families: means.iter().enumerate().map(family).collect(),
    })
}

const METHODS: [(&str, f64, f64, Option<f64>); 7] = [
    ("vanilla", 0.121, 0.761, None),
    ("DB", 0.047, 0.779, None),
    ("adversarial", 0.072, 0.782, None),
    ("L2", 0.113, 0.765, None),
    ("MMD", 0.069, 0.772, None),
    ("Wasserstein", 0.026, 0.789, None),
    ("Wasserstein + adversary", 0.019, 0.796, None),
];

/// Seven methods, three seeds.
pub(crate) fn comparison(continuous: bool) -> Report {
    report(&Shape {
        kind: ReportKind::Comparison,
        title: "Synthetic interviews, alpha = 3",
        continuous,
        attributes: vec![("gender", vec!["female", "male"])],
        methods: METHODS.to_vec(),
        runs: 3,
        trained: true,
        published: !continuous,
    })
}

/// Scores that somebody holds, six groups.
pub(crate) fn audit() -> Report {
    report(&Shape {
        kind: ReportKind::Audit,
        title: "Scores of the spring intake",
        continuous: false,
        attributes: vec![
            ("gender", vec!["female", "male"]),
            ("origin", vec!["Asia", "Africa", "Europe", "Latin America", "North America", "Oceania"]),
        ],
        methods: vec![("scores", 0.064, 0.81, None)],
        runs: 1,
        trained: false,
        published: false,
    })
}

/// One method over the weights of its objective.
pub(crate) fn sweep() -> Report {
    let methods = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
        .into_iter()
        .zip(["lambda_w = 0.01", "lambda_w = 0.03", "lambda_w = 0.1", "lambda_w = 0.3", "lambda_w = 1", "lambda_w = 3"])
        .enumerate()
        .map(|(position, (value, name))| {
            (name, 0.12 / (1.0 + position as f64), 0.85 - 0.006 * (position * position) as f64 / 4.0, Some(value))
        });
    report(&Shape {
        kind: ReportKind::Sweep,
        title: "Adult, gender: the weight of the Wasserstein penalty",
        continuous: false,
        attributes: vec![("gender", vec!["female", "male"])],
        methods: methods.collect(),
        runs: 3,
        trained: true,
        published: false,
    })
}

/// The same sweep with plain training beside it, a limit on the gap and what was chosen within it.
pub(crate) fn chosen_sweep() -> Report {
    let mut report = sweep();
    let mut plain = report.methods[0].clone();
    "vanilla".clone_into(&mut plain.name);
    plain.swept = None;
    plain.objective = Some(MethodChoice { id: "vanilla".to_owned(), parameters: BTreeMap::new() });
    for run in &mut plain.runs {
        run.performance.iter_mut().for_each(|finding| shift(&mut finding.estimate, 0.004));
        run.attributes.iter_mut().flat_map(|one| &mut one.findings).for_each(|finding| shift(&mut finding.estimate, 0.07));
    }
    plain.summary = summaries(&plain.runs);
    report.methods.insert(0, plain);
    report.reference = Some("vanilla".to_owned());
    report.limits.truncate(1);
    let of = |method: &MethodReport| {
        let number =
            |metric: &str, attribute: Option<&str>| lookup::measured(method, metric, attribute).expect("every sample has it").estimate;
        let gap = number("spdd", Some("gender"));
        let met = gap.number().is_some_and(|gap| gap <= 0.05);
        let limited = Limited { metric: "spdd".to_owned(), attribute: Some("gender".to_owned()), limit: 0.05, estimate: gap, met };
        Candidate {
            method: method.name.clone(),
            performance: number("accuracy", None),
            limited: vec![limited],
            within: met,
            collapsed: Vec::new(),
        }
    };
    report.choice = Some(Choice {
        by: "accuracy".to_owned(),
        of: None,
        candidates: report.methods.iter().map(of).collect(),
        chosen: Some("lambda_w = 0.1".to_owned()),
        model: Some("models/lambda_w__0_1-0a1b2c3d__seed_0".to_owned()),
    });
    let chance = |limit| Chance {
        metric: "spdd".to_owned(),
        attribute: "gender".to_owned(),
        method: "vanilla".to_owned(),
        rows: 300,
        by_lot: 0.0213,
        limit: Some(limit),
    };
    report.chance = vec![chance(0.05)];
    report
}

fn shift(estimate: &mut Estimate, by: f64) {
    if let Estimate::Value { value, .. } = estimate {
        *estimate = Estimate::value(*value + by);
    }
}

/// Twelve methods with long names, thirty groups, texts that try to break out of the page.
pub(crate) fn extremes() -> Report {
    let groups: Vec<String> = (1..=30)
        .map(|index| match index {
            1 => "<script>alert(1)</script>".to_owned(),
            2 => "a group whose name is rather long, as intersections of several attributes are".to_owned(),
            _ => format!("group {index} x \"quoted\" & more"),
        })
        .collect();
    let names: Vec<String> = (1..=12).map(|index| format!("Wasserstein + adversary, variant {index} with a long name <b>")).collect();
    let methods = names
        .iter()
        .enumerate()
        .map(|(position, name)| (name.as_str(), 0.12 - 0.008 * position as f64, 0.8 - 0.003 * ((position * 5) % 12) as f64, None));
    report(&Shape {
        kind: ReportKind::Comparison,
        title: "</title><script>alert(2)</script> & co",
        continuous: true,
        attributes: vec![("gender x origin", groups.iter().map(String::as_str).collect())],
        methods: methods.collect(),
        runs: 2,
        trained: true,
        published: false,
    })
}

/// One method, one seed.
pub(crate) fn single() -> Report {
    report(&Shape {
        kind: ReportKind::Run,
        title: "One run",
        continuous: true,
        attributes: vec![("gender", vec!["female", "male", "nonbinary"])],
        methods: vec![("vanilla", 0.08, 0.7, None)],
        runs: 1,
        trained: true,
        published: false,
    })
}

/// A ranking of a file: `jobs` lists and `groups` groups, of which the last is never shortlisted by score.
#[allow(dead_code, reason = "the gallery shows pages of its own choice")]
pub(crate) fn ranking(jobs: usize, groups: usize) -> Report {
    let names: Vec<String> = (1..=groups).map(|group| format!("group {group}")).collect();
    let half = |half: f64| (jobs > 1).then_some(half);
    let by_group = |value: f64, step: f64| -> Vec<GroupFinding> {
        let of = |(position, group): (usize, &String)| GroupFinding {
            group: group.clone(),
            n: jobs,
            estimate: measured(value + step * position as f64, half(0.02)),
        };
        names.iter().enumerate().map(of).collect()
    };
    let nobody = "nobody of a group with a wanted share among the first k: infinite in";
    let skew = |after: bool, sign: f64| {
        if after {
            measured(sign * 0.2, None)
        } else if jobs == 1 {
            Estimate::undefined(format!("{nobody} 1 of 1 jobs"))
        } else {
            let mean = sign * 0.5;
            Estimate::undefined(format!(
                "{nobody} {} of {jobs} jobs, and so is the mean; in the one other job that has the number it is {mean:.4}",
                jobs - 1
            ))
        }
    };
    let findings = |after: bool| -> Vec<Finding> {
        let gain = if after { 0.5 } else { 1.0 };
        vec![
            finding("ndcg-original", measured(if after { 0.94 } else { 1.0 }, half(0.01)), jobs),
            finding("ndkl", measured(0.8 * gain, half(0.05)), jobs),
            finding("skew", skew(after, 1.0), jobs),
            finding("min-skew", skew(after, -1.0), jobs),
            finding("infeasible-index", measured(9.0 * gain, None), jobs),
            Finding { by_group: by_group(0.1, 0.02 * gain), ..finding("share-at-k", measured(0.4, half(0.03)), jobs) },
            Finding { by_group: by_group(0.4, 0.0), ..finding("selection-rate-at-k", measured(0.5, half(0.03)), jobs) },
            Finding {
                by_group: by_group(0.4, 0.0),
                ..finding("impact-ratio-at-k", measured(1.0 - 0.5 * gain, half(0.1)), jobs.div_ceil(2))
            },
            Finding { by_group: by_group(9.0, 0.5), ..finding("average-rank", measured(10.0, half(0.5)), jobs) },
        ]
    };
    let prefix = |tilt: f64| -> Vec<Vec<f64>> {
        let share = |group: usize, place: usize| 1.0 / groups as f64 + tilt * ((group % 3) as f64 - 1.0) / (groups + place) as f64;
        (0..groups).map(|group| (0..10).map(|place| share(group, place)).collect()).collect()
    };
    let (before, after) = (prefix(0.8), prefix(0.2));
    let shares: Vec<serde_json::Value> = names
        .iter()
        .zip(before.iter().zip(&after))
        .map(|(group, (before, after))| {
            serde_json::json!({ "group": group, "wanted": 1.0 / groups as f64, "before": before, "after": after })
        })
        .collect();
    let by_lot = vec![finding("ndkl", measured(0.3, None), 200), finding("infeasible-index", measured(4.0, None), 200)];
    let lists = serde_json::json!({
        "attribute": "origin", "jobs": jobs, "candidates": 20 * jobs, "top": 10, "target": "an equal share of every group",
        "reranker": { "id": "det-greedy", "parameters": {} }, "before": findings(false), "after": findings(true), "by_lot": by_lot,
        "shares": shares,
        "entered": 2 * jobs, "below_floor": jobs, "ran_out": 1,
    });
    let run = RunReport {
        sizes: Sizes { test: 20 * jobs, ..Sizes::default() },
        shortlists: serde_json::from_value(lists).expect("lists are written as they are read"),
        ..RunReport::default()
    };
    of_file(ReportKind::Ranking, "Shortlists of candidates.csv", "origin", &names, run)
}

/// Rows of a file that were made anew, with a note for every group and two more.
#[allow(dead_code, reason = "the gallery shows pages of its own choice")]
pub(crate) fn balancing(groups: usize) -> Report {
    let names: Vec<String> = (1..=groups).map(|group| format!("group with a long name, number {group}")).collect();
    let rows = |group: usize| if group == 0 { 6 } else { 30 + group };
    let value = |value: f64| serde_json::json!({ "value": value });
    let efficacy = |learner: &str, metric: &str| {
        let by_group: Vec<serde_json::Value> = names
            .iter()
            .enumerate()
            .map(|(group, name)| {
                serde_json::json!({
                    "group": name, "rows": rows(group), "trained_on_real": value(0.7), "trained_on_synthetic": value(0.75),
                })
            })
            .collect();
        serde_json::json!({
            "learner": learner, "metric": metric, "trained_on_real": value(0.8), "trained_on_synthetic": value(0.78),
            "by_group": by_group,
        })
    };
    let distances = serde_json::json!({ "fifth_percentile": value(0.03), "median": value(0.08) });
    let cells: Vec<serde_json::Value> =
        names.iter().map(|name| serde_json::json!({ "group": name, "label": "yes", "before": 12, "rows": 100 })).collect();
    let synthesis = serde_json::json!({
        "method": { "id": "gaussian-copula", "parameters": {} }, "cells": cells, "copies": 0, "judged_on": 96,
        "quality": {
            "training_rows": 384, "synthetic_rows": 1200, "marginal": value(0.94), "pairwise": value(0.88), "columns": [], "pairs": [],
            "closeness": {
                "copies": 0, "training_repeats": 0, "synthetic_rows": 1200, "training_rows": 384, "holdout_rows": 96,
                "closer_to_training": 900, "closer_to_holdout": 300, "tied": 0, "share_closer_to_training": value(0.75),
                "expected_share": value(0.8), "synthetic_to_training": distances, "synthetic_to_holdout": distances,
                "holdout_to_training": distances,
            },
            "efficacy": [efficacy("logistic-regression", "f1"), efficacy("boosting", "roc-auc")],
        },
    });
    let run = RunReport {
        sizes: Sizes { test: 1200, ..Sizes::default() },
        synthesis: serde_json::from_value(synthesis).expect("made rows are written as they are read"),
        ..RunReport::default()
    };
    let mut report = of_file(ReportKind::Balancing, "Balanced rows of candidates.csv", "origin", &names, run);
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    report.data.tilt = vec![tilt("as given", "origin", &groups, [120, 60, 140, 160], false)];
    report.notes = vec!["the fields are separated by `;`".into(), "column `id` is left out".into()];
    report.notes.extend(names.iter().map(|name| Remark::new(RemarkKind::FewToLearnFrom, format!("100 rows of {name} were made from 12"))));
    report
}

/// The report of something done to one file.
#[allow(dead_code, reason = "the gallery shows pages of its own choice")]
fn of_file(kind: ReportKind, title: &str, attribute: &str, names: &[String], run: RunReport) -> Report {
    let groups: Vec<&str> = names.iter().map(String::as_str).collect();
    let shape = Shape {
        kind,
        title,
        continuous: false,
        attributes: vec![(attribute, groups)],
        methods: vec![("method", 0.1, 0.8, None)],
        runs: 1,
        trained: false,
        published: false,
    };
    let mut report = report(&shape);
    report.methods = vec![MethodReport { name: "method".to_owned(), runs: vec![run], ..MethodReport::default() }];
    report.data.sensitive_features.clear();
    report.columns.clear();
    report.limits.clear();
    report.contrasts.clear();
    report.fronts.clear();
    report.notes.clear();
    report
}

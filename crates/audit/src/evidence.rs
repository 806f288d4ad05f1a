//! The pieces of a report: what the metrics, the data and the training have to say, put into the report's types.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::iter::repeat;

use crate::AuditError;
use evenhand_metrics::representation::pca_2d;
use evenhand_metrics::{Estimate, Finding, IntervalPlan, Latent, Outcomes};
pub use evenhand_report::averages::{mean, spread};
pub use evenhand_report::cards::compares_groups;
use evenhand_report::limits;
pub use evenhand_report::limits::{better, check_limits, distance, judged, within};
use evenhand_report::{
    AttributeFindings, AttributeSummary, Column, DataSummary, Density, FileSummary, GroupCount, GroupSummary, LabelSummary, LatentPlot,
    LatentPoint, PassRate, PassRates, Remark, RemarkKind, Tilt,
};
use evenhand_rows::{Dataset, Groups, LabelKind, Scale, UNKNOWN, skew};

/// Points of the density and pass-rate plots.
const PLOT_POINTS: usize = 101;
/// Groups whose densities and pass rates are drawn.
const MOST_DRAWN: usize = 60;
/// Level at which the bands of all thresholds hold together.
const BAND_LEVEL: f64 = 0.95;
/// Rows of the latent plot.
const LATENT_POINTS: usize = 600;
/// Rows from which a group may be one of the two whose tilt is shown.
pub const TILT_ROWS: usize = 30;
/// Bins of a label histogram.
const LABEL_BINS: usize = 20;

/// All findings about some outcomes: overall performance, and what compares groups.
pub fn findings(outcomes: &Outcomes<'_>, plan: Option<&IntervalPlan>) -> Result<(Vec<Finding>, Vec<Finding>), AuditError> {
    let all = evenhand_metrics::evaluate(&[], outcomes, plan)?;
    Ok(all.into_iter().partition(|finding| !compares_groups(&finding.metric)))
}

/// Groups with their sizes, and the number of rows of unknown group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The attribute.
    pub attribute: String,
    /// Its groups.
    pub groups: Vec<GroupCount>,
    /// Rows of unknown group.
    pub unknown: usize,
}

impl Counted {
    /// Counts the rows of each group.
    pub fn of(groups: &Groups) -> Self {
        Counted {
            attribute: groups.name().to_owned(),
            groups: groups.levels().iter().zip(groups.sizes()).map(|(name, n)| GroupCount { name: name.clone(), n }).collect(),
            unknown: groups.unknown_count(),
        }
    }
}

/// One attribute's part of a run; the plots are drawn where `plots` says so.
pub fn attribute(outcomes: &Outcomes<'_>, counted: Counted, findings: Vec<Finding>, plots: bool) -> AttributeFindings {
    let pair = findings.iter().find(|finding| finding.metric == "spdd").and_then(|finding| finding.largest_pair.clone());
    let drawn = drawn(&counted.groups, pair.as_ref());
    AttributeFindings {
        densities: if plots { densities(outcomes, &drawn) } else { Vec::new() },
        pass_rates: plots.then(|| pass_rates(outcomes, pair, &drawn)),
        attribute: counted.attribute,
        selections: None,
        strata: Vec::new(),
        groups: counted.groups,
        unknown: counted.unknown,
        findings,
    }
}

/// The groups that are drawn: the largest ones, and the pair that lies farthest apart.
fn drawn(groups: &[GroupCount], pair: Option<&(String, String)>) -> BTreeSet<String> {
    let mut by_size: Vec<&GroupCount> = groups.iter().collect();
    by_size.sort_by_key(|group| Reverse(group.n));
    let largest = by_size.into_iter().take(MOST_DRAWN).map(|group| &group.name);
    largest.chain(pair.into_iter().flat_map(|(one, other)| [one, other])).cloned().collect()
}

/// What a reader must know of the curves, where not every group has one.
pub fn drawn_note(findings: &AttributeFindings) -> Option<Remark> {
    let (drawn, all) = (findings.densities.len(), findings.groups.iter().filter(|group| group.n > 0).count());
    (drawn >= MOST_DRAWN && drawn < all).then(|| {
        let text = format!(
            "`{}`: densities and pass rates are drawn for {drawn} of {all} groups: the largest, and the pair with the largest SPDD; all numbers are of \
             all groups.",
            findings.attribute
        );
        Remark::new(RemarkKind::Told, text)
    })
}

fn densities(outcomes: &Outcomes<'_>, drawn: &BTreeSet<String>) -> Vec<Density> {
    evenhand_metrics::density(outcomes, PLOT_POINTS, |group| drawn.contains(group))
        .into_iter()
        .map(|density| Density { group: density.group, n: density.n, points: density.score, values: density.density, mean: density.mean })
        .collect()
}

fn pass_rates(outcomes: &Outcomes<'_>, pair: Option<(String, String)>, drawn: &BTreeSet<String>) -> PassRates {
    let rates = evenhand_metrics::pass_rates(outcomes, PLOT_POINTS, BAND_LEVEL);
    let margin = |name: &str| rates.groups.iter().find(|group| group.group == name).map(|group| group.margin);
    let gap_band = pair.as_ref().and_then(|(one, other)| Some(margin(one)? + margin(other)?));
    PassRates {
        thresholds: rates.thresholds,
        groups: rates
            .groups
            .into_iter()
            .filter(|group| drawn.contains(&group.group))
            .map(|group| PassRate { group: group.group, n: group.n, rates: group.rate, band: group.margin })
            .collect(),
        pair,
        gap_band,
        level: rates.level,
    }
}

/// Up to 600 evenly spaced rows of known group in the plane of their first two principal components; `None` without embeddings.
pub fn latent_plot(latent: Latent<'_>, groups: &Groups, labels: &[f64], threshold: f64) -> Option<LatentPlot> {
    let plane = pca_2d(latent);
    let known: Vec<usize> = (0..plane.coordinates.len()).filter(|&row| groups.codes()[row] != UNKNOWN).collect();
    let stride = known.len().div_ceil(LATENT_POINTS).max(1);
    // Three decimals place a point; more only make the report larger.
    let rounded = |number: f64| (number * 1e3).round() / 1e3;
    let points: Vec<LatentPoint> = known
        .iter()
        .step_by(stride)
        .map(|&row| LatentPoint {
            x: rounded(plane.coordinates[row][0]),
            y: rounded(plane.coordinates[row][1]),
            group: groups.level(groups.codes()[row]).to_owned(),
            high: labels[row] >= threshold,
        })
        .collect();
    (!points.is_empty()).then(|| LatentPlot { attribute: groups.name().to_owned(), explained: plane.explained, points })
}

/// Of the decided rows of a group: how many there are, how many are high, and the sum of their labels.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: usize,
    high: usize,
    sum: f64,
}

/// The sums of every group, in one pass over the rows.
fn sums(groups: &Groups, labels: &[f64], threshold: f64) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); groups.levels().len()];
    for (&code, &label) in groups.codes().iter().zip(labels) {
        if let Some(sums) = sums.get_mut(code as usize)
            && !label.is_nan()
        {
            sums.n += 1;
            sums.high += usize::from(label >= threshold);
            sums.sum += label;
        }
    }
    sums
}

/// What is known of the data before any model; rows whose label is NaN count in sizes and not in rates and means of labels.
pub fn data_summary(data: &Dataset, threshold: f64) -> Result<DataSummary, AuditError> {
    let label = data.label.as_ref();
    let attributes = data
        .sensitive
        .iter()
        .map(|groups| AttributeSummary {
            name: groups.name().to_owned(),
            groups: groups
                .levels()
                .iter()
                .zip(groups.sizes())
                .zip(label.map_or_else(Vec::new, |label| sums(groups, &label.values, threshold)).into_iter().map(Some).chain(repeat(None)))
                .map(|((name, n), sums)| {
                    let mean = |sum: fn(&Sums) -> f64| match sums {
                        None => Estimate::undefined("the data has no label"),
                        Some(sums) if sums.n > 0 => Estimate::value(sum(&sums) / sums.n as f64),
                        Some(_) if n > 0 => Estimate::undefined("nothing was decided on the group"),
                        Some(_) => Estimate::undefined("the group is empty"),
                    };
                    GroupSummary { name: name.clone(), n, positive_rate: mean(|sums| sums.high as f64), mean_label: mean(|sums| sums.sum) }
                })
                .collect(),
            unknown: groups.unknown_count(),
        })
        .collect();
    Ok(DataSummary {
        name: data.name.clone(),
        loader: data.provenance.loader.clone(),
        rows: data.len(),
        unscored: 0,
        files: data
            .provenance
            .files
            .iter()
            .map(|file| FileSummary { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() })
            .collect(),
        label: label.map(|label| LabelSummary {
            name: label.name.clone(),
            kind: match label.kind {
                LabelKind::Binary => "binary".to_owned(),
                LabelKind::Continuous => "continuous".to_owned(),
            },
            mean: {
                let decided: Vec<f64> = label.values.iter().copied().filter(|value| !value.is_nan()).collect();
                decided.iter().sum::<f64>() / decided.len().max(1) as f64
            },
            threshold,
        }),
        attributes,
        features: data.features.iter().map(|feature| feature.name.clone()).collect(),
        score_scale: Scale::default(),
        label_scale: label.map_or_else(Scale::default, |label| label.scale),
        sensitive_features: data.features.iter().filter(|feature| feature.sensitive).map(|feature| feature.name.clone()).collect(),
        tilt: Vec::new(),
        notes: data.provenance.notes.clone(),
    })
}

/// The tilt of some rows between two groups; without a pair, between the groups with the highest and the lowest share of high labels.
/// `None` when there are no two groups with rows.
pub fn tilt<'a>(
    stage: &str,
    data: &'a Dataset,
    attribute: &str,
    pair: Option<(String, String)>,
    threshold: f64,
) -> Result<Option<Tilt>, AuditError> {
    let groups = data.groups(attribute)?;
    let labels = &data.label()?.values;
    let pair = pair.or_else(|| {
        let rated =
            |((name, size), sums): ((&'a String, usize), Sums)| (sums.n > 0).then(|| (sums.high as f64 / sums.n as f64, size, name));
        let of_groups = groups.levels().iter().zip(groups.sizes()).zip(sums(groups, labels, threshold));
        let all: Vec<(f64, usize, &String)> = of_groups.filter_map(rated).collect();
        // The rate of a few rows is mostly chance, and would always be the highest or the lowest.
        let large = all.iter().filter(|(_, size, _)| *size >= TILT_ROWS).count();
        let kept = all.into_iter().filter(|(_, size, _)| large < 2 || *size >= TILT_ROWS);
        let mut rates: Vec<(f64, &String)> = kept.map(|(rate, _, name)| (rate, name)).collect();
        rates.sort_by(|left, right| right.0.total_cmp(&left.0));
        (rates.len() > 1).then(|| (rates[0].1.clone(), rates[rates.len() - 1].1.clone()))
    });
    let Some((privileged, unprivileged)) = pair else { return Ok(None) };
    let measured = skew::measure(labels, groups, &privileged, &unprivileged, threshold)?;
    let histograms = [&privileged, &unprivileged]
        .into_iter()
        .map(|name| {
            let code = groups.code(name);
            let mut counts = [0_usize; LABEL_BINS];
            let (mut n, mut sum) = (0_usize, 0.0);
            for (known, &label) in groups.codes().iter().zip(labels) {
                if Some(*known) == code && !label.is_nan() {
                    counts[((label * LABEL_BINS as f64) as usize).min(LABEL_BINS - 1)] += 1;
                    (n, sum) = (n + 1, sum + label);
                }
            }
            let scale = LABEL_BINS as f64 / n.max(1) as f64;
            Density {
                group: name.clone(),
                n,
                points: (0..LABEL_BINS).map(|bin| bin as f64 / LABEL_BINS as f64).collect(),
                values: counts.iter().map(|&count| count as f64 * scale).collect(),
                mean: sum / n.max(1) as f64,
            }
        })
        .collect();
    let number = |value: Option<f64>| value.map_or_else(|| Estimate::undefined("one of the two groups has no rows"), Estimate::value);
    Ok(Some(Tilt {
        stage: stage.to_owned(),
        attribute: attribute.to_owned(),
        privileged,
        unprivileged,
        n: measured.cells.iter().flatten().sum(),
        threshold,
        cells: [measured.cells[0][0], measured.cells[0][1], measured.cells[1][0], measured.cells[1][1]],
        alpha: measured.alpha.map_or_else(|| Estimate::undefined("a cell that alpha divides by is empty"), Estimate::value),
        demographic_parity_difference: number(measured.demographic_parity_difference),
        spdd: number(measured.spdd_data),
        histograms,
    }))
}

/// Puts in the place of what all rows without their truth cannot tell what the decided ones tell.
pub fn fill(all: &mut Vec<Finding>, others: Vec<Finding>) {
    for other in others {
        match all.iter_mut().find(|finding| finding.metric == other.metric) {
            Some(finding) if finding.estimate.number().is_none() => *finding = other,
            Some(_) => {}
            None => all.push(other),
        }
    }
}

/// Refuses a key of a limit or a published value that names an attribute which the data, or the metric, does not have.
pub fn check_key(key: &str, data: &Dataset) -> Result<(), AuditError> {
    Ok(limits::check_key(key, data.sensitive.iter().map(Groups::name))?)
}

/// The metric of performance for a kind of label.
pub fn usual_performance(data: &Dataset) -> &'static str {
    match data.label().map(|label| label.kind) {
        Ok(LabelKind::Continuous) => "srcc",
        _ => "accuracy",
    }
}

/// The columns of the main table: what the recipe asks for, or the usual ones for the kind of label.
pub fn columns(wanted: &[String], data: &Dataset, kind: LabelKind) -> Result<Vec<Column>, AuditError> {
    let usual: &[&str] = match kind {
        LabelKind::Continuous => &["pcc", "srcc", "spdd", "speo"],
        LabelKind::Binary => &["accuracy", "roc-auc", "spdd", "demographic-parity-difference", "equalized-odds-difference"],
    };
    let wanted: Vec<String> = if wanted.is_empty() { usual.iter().map(|id| (*id).to_owned()).collect() } else { wanted.to_vec() };
    let mut columns = Vec::new();
    for key in wanted {
        let (metric, attribute) = match key.split_once('@') {
            Some((metric, attribute)) => (metric.to_owned(), Some(data.groups(attribute)?.name().to_owned())),
            None if compares_groups(&key) => (key.clone(), data.sensitive.first().map(|groups| groups.name().to_owned())),
            None => (key.clone(), None),
        };
        columns.push(Column::of(&metric, attribute)?);
    }
    Ok(columns)
}

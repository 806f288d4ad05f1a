//! What inputs give away: the label itself, and the groups.

use evenhand_learn::boosting::{Settings, fit_cross_entropy};
use evenhand_learn::sigmoid_of;
use evenhand_metrics::{Finding, IntervalPlan, Outcomes, evaluate};
use evenhand_rows::screening::after_decision;
use evenhand_rows::{Dataset, Encoder, Encoding, Feature, Groups, LabelKind, MISSING, Values, split};

use crate::ExperimentError;

/// From here on an input is nearly the label: |Pearson|, |Spearman|, or ROC AUC of a label of 0 and 1 in either direction.
pub const NEARLY: f64 = 0.95;
/// Fewer rows settle nothing: chance alone may give them an order.
const FEWEST: usize = 20;
/// Folds in which no row is judged by what learned from it.
const FOLDS: usize = 5;

/// An input with what makes it suspicious.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Column.
    pub column: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// How well the inputs tell a group from all others.
#[derive(Debug, Clone)]
pub struct Told {
    /// Attribute.
    pub attribute: String,
    /// Group.
    pub group: String,
    /// Rows of the group, and of the others.
    pub rows: (usize, usize),
    /// ROC AUC over rows that the classifier did not learn from.
    pub auc: Finding,
    /// The inputs that alone tell most, each with its ROC AUC in the direction that is above one half.
    pub strongest: Vec<(String, f64)>,
}

/// Inputs that are nearly the label, and those that by their name are known only after the decision.
pub fn suspicious(data: &Dataset) -> Result<Vec<Suspicion>, ExperimentError> {
    let mut found = Vec::new();
    for feature in &data.features {
        let near = nearly_label(data, feature)?;
        let late = || {
            after_decision(&feature.name)
                .map(|why| format!("{why}, and may be known only after the decision; exclude it if it is (`exclude`)"))
        };
        if let Some(reason) = near.or_else(late) {
            found.push(Suspicion { column: feature.name.clone(), reason });
        }
    }
    Ok(found)
}

/// Says that an input is nearly the label, and by which number.
fn nearly_label(data: &Dataset, feature: &Feature) -> Result<Option<String>, ExperimentError> {
    let Some(label) = &data.label else { return Ok(None) };
    let Some(values) = ordered(feature, &label.values) else { return Ok(None) };
    let rows: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan() && !label.values[row].is_nan()).collect();
    if rows.len() < FEWEST {
        return Ok(None);
    }
    let scores = scaled(rows.iter().map(|&row| values[row]).collect());
    let labels: Vec<f64> = rows.iter().map(|&row| label.values[row]).collect();
    let everybody = Groups::new("all", vec!["all".to_owned()], vec![0; rows.len()]);
    let metrics: &[&str] = if label.kind == LabelKind::Binary { &["roc-auc"] } else { &["pcc", "srcc"] };
    let outcomes = Outcomes::new(&scores, &everybody)?.labels(&labels)?;
    let findings = evaluate(metrics, &outcomes, None)?;
    let told = metrics.iter().zip(&findings).find_map(|(metric, finding)| {
        let number = finding.estimate.number()?;
        let (name, size) = match *metric {
            "roc-auc" => ("ROC AUC", number.max(1.0 - number)),
            "pcc" => ("Pearson", number.abs()),
            _ => ("Spearman", number.abs()),
        };
        (size >= NEARLY).then(|| {
            format!(
                "it is nearly the label `{}` ({name} {size:.3} on {} rows, told from {NEARLY} on); exclude it if it is a copy or known only \
                 afterwards (`exclude`)",
                label.name,
                rows.len()
            )
        })
    });
    Ok(told)
}

/// An input as numbers that have an order: categories by the mean of the label within them, where they have ten rows each on average.
fn ordered(feature: &Feature, labels: &[f64]) -> Option<Vec<f64>> {
    match &feature.values {
        Values::Numeric(numbers) => Some(numbers.clone()),
        Values::Categorical { levels, codes } => {
            if levels.len() * 10 > codes.len() {
                return None;
            }
            let mut sums = vec![(0.0, 0.0); levels.len()];
            for (&code, label) in codes.iter().zip(labels).filter(|(code, label)| **code != MISSING && !label.is_nan()) {
                sums[code as usize].0 += label;
                sums[code as usize].1 += 1.0;
            }
            Some(codes.iter().map(|&code| sums.get(code as usize).map_or(f64::NAN, |(sum, count)| sum / count)).collect())
        }
    }
}

/// Numbers moved into [0, 1]; their order stays.
fn scaled(numbers: Vec<f64>) -> Vec<f64> {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    numbers.into_iter().map(|number| if high > low { ((number - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }).collect()
}

/// How well boosted trees tell each group from all others by the inputs, over five folds.
pub fn tell_groups(data: &Dataset) -> Result<Vec<Told>, ExperimentError> {
    let mut told = Vec::new();
    for groups in &data.sensitive {
        let known: Vec<usize> = (0..data.len()).filter(|&row| groups.codes()[row] as usize >= groups.levels().len()).collect();
        let kept: Vec<usize> = (0..data.len()).filter(|row| known.binary_search(row).is_err()).collect();
        let rows = data.select(&kept);
        // Of two groups one tells the other.
        let wanted = if groups.levels().len() == 2 { 1 } else { groups.levels().len() };
        for (code, group) in groups.levels().iter().enumerate().take(wanted) {
            let labels: Vec<f64> = kept.iter().map(|&row| f64::from(u8::from(groups.codes()[row] as usize == code))).collect();
            let inside = labels.iter().filter(|label| **label > 0.5).count();
            if inside < FEWEST || labels.len() - inside < FEWEST || data.features.is_empty() {
                continue;
            }
            told.push(tell(&rows, groups.name(), group, &labels, inside)?);
        }
    }
    Ok(told)
}

fn tell(data: &Dataset, attribute: &str, group: &str, labels: &[f64], inside: usize) -> Result<Told, ExperimentError> {
    let settings = Settings { trees: 40, leaves: 8, min_leaf_rows: 10, ..Settings::default() };
    let mut scores = vec![0.5; data.len()];
    for fold in split::k_fold(data, FOLDS, 0.0, Some(attribute), 0)? {
        let (train, test) = (data.select(&fold.train), data.select(&fold.test));
        let encoder = Encoder::fit(&train, Encoding::default())?;
        let of_train: Vec<f64> = fold.train.iter().map(|&row| labels[row]).collect();
        let trees = fit_cross_entropy(&encoder.transform(&train)?, &of_train, None, &settings, 0)?;
        for (&row, logit) in fold.test.iter().zip(trees.logits(&encoder.transform(&test)?)) {
            scores[row] = f64::from(sigmoid_of(logit as f32));
        }
    }
    let everybody = Groups::new("all", vec!["all".to_owned()], vec![0; data.len()]);
    let auc = |scores: &[f64], plan: Option<&IntervalPlan>| -> Result<Finding, ExperimentError> {
        let outcomes = Outcomes::new(scores, &everybody)?.labels(labels)?;
        Ok(evaluate(&["roc-auc"], &outcomes, plan)?.remove(0))
    };
    let mut strongest = Vec::new();
    for feature in &data.features {
        // Categories by the group's share within them.
        let Some(values) = ordered(feature, labels) else { continue };
        let alone = scaled(values.iter().map(|value| if value.is_nan() { f64::NAN } else { *value }).collect());
        let filled: Vec<f64> = alone.iter().map(|value| if value.is_nan() { 0.5 } else { *value }).collect();
        if let Some(number) = auc(&filled, None)?.estimate.number() {
            strongest.push((feature.name.clone(), number.max(1.0 - number)));
        }
    }
    strongest.sort_by(|one, other| other.1.total_cmp(&one.1));
    strongest.truncate(3);
    let plan = IntervalPlan { replicates: 200, ..IntervalPlan::default() };
    Ok(Told {
        attribute: attribute.to_owned(),
        group: group.to_owned(),
        rows: (inside, labels.len() - inside),
        auc: auc(&scores, Some(&plan))?,
        strongest,
    })
}

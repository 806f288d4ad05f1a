//! What a reader must know of the whole grid before comparing its methods.

use evenhand_learn::OBJECTIVES;
use evenhand_rows::{Dataset, LabelKind};

use super::parts::Part;
use crate::recipe::{MethodSection, Recipe};
use crate::report::{Collapse, DataSummary, LeftOut, MethodReport, Remark, RemarkKind};
use crate::{ExperimentError, evidence, lookup};

/// All remarks, in the order in which a report tells them.
pub(crate) fn remark(
    recipe: &Recipe,
    data: &Dataset,
    attribute: &str,
    summary: &DataSummary,
    parts: &[Part],
    methods: &[MethodReport],
) -> Result<Vec<Remark>, ExperimentError> {
    let mut notes: Vec<Remark> = summary.notes.iter().cloned().map(Remark::from).collect();
    notes.extend(sensitive_inputs(summary));
    notes.extend(left_out_by_skew(recipe, data, attribute)?);
    notes.extend(small_groups(data, parts));
    notes.extend(hardly_varying(methods));
    notes.extend(worse_than_chance(methods));
    if data.label()?.kind == LabelKind::Binary {
        notes.extend(deciding_alike(methods));
    }
    notes.extend(mixtures(recipe)?);
    // One run is drawn, and its groups are those of all.
    let drawn = methods.iter().flat_map(|method| &method.runs).find(|run| run.attributes.iter().any(|found| !found.densities.is_empty()));
    notes.extend(drawn.into_iter().flat_map(|run| run.attributes.iter().filter_map(evidence::drawn_note)));
    Ok(notes)
}

/// A remark on sensitive columns that the model reads.
fn sensitive_inputs(summary: &DataSummary) -> Option<Remark> {
    let names = &summary.sensitive_features;
    let text = || format!("Sensitive columns are among the inputs of the model: {}.", names.join(", "));
    (!names.is_empty()).then(|| Remark::new(RemarkKind::SensitiveInputs, text()))
}

/// A remark on rows of other groups than the two that `skew` tilts.
fn left_out_by_skew(recipe: &Recipe, data: &Dataset, attribute: &str) -> Result<Option<Remark>, ExperimentError> {
    let Some(skew) = &recipe.skew else { return Ok(None) };
    let groups = data.groups(skew.attribute.as_deref().unwrap_or(attribute))?;
    let pair = [groups.code(&skew.privileged), groups.code(&skew.unprivileged)];
    let others = groups.codes().iter().filter(|code| !pair.contains(&Some(**code))).count();
    Ok((others > 0).then(|| {
        let text = format!(
            "The skew keeps rows of `{}` and `{}` only: {others} rows of other or unknown groups train and validate nothing.",
            skew.privileged, skew.unprivileged
        );
        Remark::new(RemarkKind::LeftOutBySkew, text)
    }))
}

/// Fewer test rows of a group than this are told.
const SMALL: usize = 30;

/// A remark on test parts in which a group has few rows.
fn small_groups(data: &Dataset, parts: &[Part]) -> Option<Remark> {
    let counted = data.sensitive.iter().flat_map(|groups| {
        parts.iter().flat_map(move |part| {
            let sizes = groups.select(&part.split.test).sizes();
            groups.levels().iter().cloned().zip(sizes).map(move |(level, size)| (size, level, groups.name().to_owned()))
        })
    });
    let (size, level, attribute) = counted.filter(|(size, ..)| *size > 0).min()?;
    (size < SMALL).then(|| {
        let text = format!(
            "The smallest group of the test rows, {attribute} {level}, has {size} in a run: gaps of so few rows are mostly chance; read their \
             intervals, and do not rank methods by them."
        );
        Remark::new(RemarkKind::SmallGroups, text)
    })
}

/// Names of the methods of which a run's scores say nothing in this way.
fn collapsed(methods: &[MethodReport], way: Collapse) -> Vec<&str> {
    let of = |method: &&MethodReport| method.runs.iter().any(|run| run.collapsed.contains(&way));
    methods.iter().filter(of).map(|method| method.name.as_str()).collect()
}

/// A remark on methods whose scores are nearly one number.
fn hardly_varying(methods: &[MethodReport]) -> Option<Remark> {
    let flat = collapsed(methods, Collapse::HardlyVary);
    (!flat.is_empty()).then(|| {
        let text = format!(
            "The scores of {} hardly vary in some runs: small gaps between them say nothing about even treatment; see standardised SPDD and KS.",
            flat.join(", ")
        );
        Remark::new(RemarkKind::HardlyVary, text)
    })
}

/// A remark on methods that order candidates worse than chance.
fn worse_than_chance(methods: &[MethodReport]) -> Option<Remark> {
    let names = collapsed(methods, Collapse::WorseThanChance);
    (!names.is_empty()).then(|| {
        let text =
            format!("{} ordered the test rows worse than chance in some run: no gap between such scores says anything.", names.join(", "));
        Remark::new(RemarkKind::WorseThanChance, text)
    })
}

/// A remark on methods that decide alike for nearly all.
fn deciding_alike(methods: &[MethodReport]) -> Option<Remark> {
    let names: Vec<&str> = methods.iter().filter(|method| lookup::decides_alike(method)).map(|method| method.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        let text = format!(
            "{} took one decision for nearly all test rows in some run: gaps of such decisions are small whatever was learned.",
            names.join(", ")
        );
        Remark::new(RemarkKind::OneDecision, text)
    })
}

/// A remark on methods whose scores are probabilities of a positive decision.
fn mixtures(recipe: &Recipe) -> Result<Option<Remark>, ExperimentError> {
    let mut names = Vec::new();
    for method in &recipe.methods {
        if method.objective.build(OBJECTIVES)?.scores_are_expected_decisions() {
            names.push(method.name.as_str());
        }
    }
    Ok((!names.is_empty()).then(|| {
        let text = format!(
            "The scores of {} are probabilities of a positive decision in a mixture of classifiers. Their constraint is promised of the mean of \
             these probabilities; metrics of decisions cut them at {} first, and of those nothing is promised.",
            names.join(", "),
            crate::numbers::plain(recipe.metrics.threshold)
        );
        Remark::new(RemarkKind::Mixture, text)
    }))
}

/// Remarks on methods that failed.
pub(crate) fn failed(left_out: &[LeftOut]) -> impl Iterator<Item = Remark> {
    let failed = left_out.iter().filter(|one| one.failed);
    failed.map(|one| Remark::new(RemarkKind::MethodFailed, format!("{} failed and has no row: {}", one.method, one.reason)))
}

/// A remark on parameters that an objective takes otherwise than they are written.
pub(crate) fn as_taken(method: &MethodSection) -> Result<Option<Remark>, ExperimentError> {
    Ok(method.objective.build(OBJECTIVES)?.as_taken().map(Remark::from))
}

/// A remark on a run whose scores are probabilities of a positive decision: what the method promises holds before they are cut.
pub(crate) fn mixture(recipe: &Recipe, method: &MethodSection) -> Result<Option<Remark>, ExperimentError> {
    Ok(method.objective.build(OBJECTIVES)?.scores_are_expected_decisions().then(|| {
        let text = format!(
            "its score is the probability of a positive decision in a mixture of classifiers: {} promises its constraint of the mean of these \
             probabilities, and nothing of decisions cut from them at the threshold {}",
            method.objective.id,
            crate::numbers::plain(recipe.metrics.threshold)
        );
        Remark::new(RemarkKind::Mixture, text)
    }))
}

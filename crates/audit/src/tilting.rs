//! The unfairness degree of some rows: measure it, and choose a subset that has a wanted one.

use evenhand_metrics::Estimate;
use evenhand_report::Tilt;
use evenhand_rows::roles::spelled;
use evenhand_rows::{Dataset, skew};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::{AuditError, evidence};

/// How strongly the subset shall tilt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted {
    /// Unfairness degree of Kim et al. 2023, Eq. 23.
    Alpha(f64),
    /// Rows that stay in each of the two cut cells.
    Keep(usize),
}

/// What to measure and, with `wanted`, to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct TiltSettings {
    /// Sensitive attribute.
    pub attribute: String,
    /// The pair of groups; without it, the groups with the highest and the lowest share of high labels.
    pub pair: Option<(String, String)>,
    /// Labels at or above it are high.
    pub threshold: f64,
    /// The wanted tilt of a subset.
    pub wanted: Option<Wanted>,
    /// Seed of the random choice.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tilted {
    /// The rows as given.
    pub before: Tilt,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Tilt>,
    /// `DP_data` of Kim et al. 2023, table 1 (half the gap of the groups' shares of high labels), before and after.
    pub dp_data: Vec<Estimate>,
    /// The rows of the subset, ascending.
    #[serde(skip)]
    pub rows: Option<Vec<usize>>,
}

/// Measures the tilt of the labels and, if asked, chooses a subset with the wanted one.
pub fn tilt(data: &Dataset, settings: &TiltSettings) -> Result<Tilted, AuditError> {
    let attribute = &settings.attribute;
    let measured = |stage: &str, rows: &Dataset, pair: Option<(String, String)>| -> Result<Tilt, AuditError> {
        evidence::tilt(stage, rows, attribute, pair, settings.threshold)?
            .ok_or_else(|| AuditError::Request(format!("`{attribute}` has fewer than two groups with rows; a tilt needs two")))
    };
    let groups = data.groups(attribute)?;
    crate::scores::refuse_persons_in(groups)?;
    let known = |name: &String| spelled(groups.levels(), name).map_or_else(|| name.clone(), str::to_owned);
    let pair = settings.pair.as_ref().map(|(privileged, unprivileged)| (known(privileged), known(unprivileged)));
    let before = measured("as given", data, pair)?;
    let Some(wanted) = &settings.wanted else {
        let dp_data = vec![dp_data(&before)];
        return Ok(Tilted { before, after: None, dp_data, rows: None });
    };
    let labels = &data.label()?.values;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let (privileged, unprivileged) = (before.privileged.clone(), before.unprivileged.clone());
    let threshold = settings.threshold;
    let rows = match wanted {
        Wanted::Alpha(alpha) => skew::subset(labels, groups, &privileged, &unprivileged, threshold, *alpha, &mut rng)?,
        Wanted::Keep(count) => skew::subset_by_count(labels, groups, &privileged, &unprivileged, threshold, [*count; 2], &mut rng)?,
    };
    let after = measured("subset", &data.select(&rows), Some((privileged, unprivileged)))?;
    let dp_data = vec![dp_data(&before), dp_data(&after)];
    Ok(Tilted { before, after: Some(after), dp_data, rows: Some(rows) })
}

fn dp_data(tilt: &Tilt) -> Estimate {
    match &tilt.demographic_parity_difference {
        Estimate::Value { value, .. } => Estimate::value(value.abs() / 2.0),
        undefined @ Estimate::Undefined { .. } => undefined.clone(),
    }
}

//! The unfairness degree of a file: measure it, and write a subset that has a wanted one.

use std::path::PathBuf;

use evenhand_data::table;
use evenhand_metrics::Estimate;
use evenhand_rows::{Dataset, LabelRole, Schema, skew};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::report::Tilt;
use crate::{AuditError, evidence, scores, write};

/// How strongly the subset shall tilt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wanted {
    /// Unfairness degree of Kim et al. 2023, Eq. 23.
    Alpha(f64),
    /// Rows that stay in each of the two cut cells.
    Keep(usize),
}

/// What to measure and, with `wanted`, to cut.
#[derive(Debug, Clone, PartialEq)]
pub struct TiltRequest {
    /// CSV or Parquet files, or globs.
    pub files: Vec<String>,
    /// Column with the label or score in [0, 1].
    pub label: String,
    /// The favourable value of the label.
    pub favourable: Option<String>,
    /// Sensitive attribute: a column, an intersection or a cut.
    pub group: String,
    /// The pair of groups; without it, the groups with the highest and the lowest share of high labels.
    pub pair: Option<(String, String)>,
    /// Labels at or above it are high.
    pub threshold: f64,
    /// The wanted tilt, and the file to write.
    pub cut: Option<(Wanted, PathBuf)>,
    /// Seed of the random choice.
    pub seed: u64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TiltReport {
    /// The rows as given.
    pub before: Tilt,
    /// The subset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Tilt>,
    /// `DP_data` of Kim et al. 2023, table 1 (half the gap of the groups' shares of high labels), before and after.
    pub dp_data: Vec<Estimate>,
    /// Where the subset went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<PathBuf>,
}

/// Measures the tilt of a file's labels and, if asked, writes a subset with the wanted one.
pub fn tilt(request: &TiltRequest) -> Result<TiltReport, AuditError> {
    if let Some((_, out)) = &request.cut {
        write::refuse_input(out, &request.files)?;
    }
    let role = scores::sensitive_role(&request.group)?;
    let attribute = role.name.clone();
    let schema = Schema {
        features: Some(Vec::new()),
        label: Some(LabelRole {
            column: request.label.clone(),
            favourable: request.favourable.iter().cloned().collect(),
            ..LabelRole::default()
        }),
        sensitive: vec![role],
        ..Schema::default()
    };
    let data = table::read(&request.files, &schema, &table::TableSettings::default())?;
    let measured = |stage: &str, rows: &Dataset, pair: Option<(String, String)>| -> Result<Tilt, AuditError> {
        evidence::tilt(stage, rows, &attribute, pair, request.threshold)?
            .ok_or_else(|| AuditError::Request(format!("`{attribute}` has fewer than two groups with rows; a tilt needs two")))
    };
    let before = measured("as given", &data, request.pair.clone())?;
    let Some((wanted, out)) = &request.cut else {
        let dp_data = vec![dp_data(&before)];
        return Ok(TiltReport { before, after: None, dp_data, written: None });
    };
    let (labels, groups) = (&data.label()?.values, &data.sensitive[0]);
    let mut rng = ChaCha8Rng::seed_from_u64(request.seed);
    let (privileged, unprivileged) = (before.privileged.clone(), before.unprivileged.clone());
    let rows = match wanted {
        Wanted::Alpha(alpha) => skew::subset(labels, groups, &privileged, &unprivileged, request.threshold, *alpha, &mut rng)?,
        Wanted::Keep(count) => skew::subset_by_count(labels, groups, &privileged, &unprivileged, request.threshold, [*count; 2], &mut rng)?,
    };
    let after = measured("subset", &data.select(&rows), Some((privileged, unprivileged)))?;
    write::replace(out, table::rows_as_csv(&request.files, &rows, &table::FileOptions::default())?.as_bytes())?;
    let dp_data = vec![dp_data(&before), dp_data(&after)];
    Ok(TiltReport { before, after: Some(after), dp_data, written: Some(out.clone()) })
}

fn dp_data(tilt: &Tilt) -> Estimate {
    match &tilt.demographic_parity_difference {
        Estimate::Value { value, .. } => Estimate::value(value.abs() / 2.0),
        undefined @ Estimate::Undefined { .. } => undefined.clone(),
    }
}

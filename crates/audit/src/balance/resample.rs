//! Rows that are at hand: some left out, some repeated, or all weighed.

use evenhand_rebalance::REBALANCERS;
use evenhand_report::{DataSummary, MethodReport, Remark, RemarkKind, Report, RunReport, Sizes};
use evenhand_rows::Dataset;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{BalanceSettings, tilts};
use crate::numbers::counted;
use crate::{AuditError, evidence, run, scores};

/// Rows of a balanced table.
#[derive(Debug)]
pub struct Resampled {
    /// The evidence.
    pub report: Report,
    /// Remarks.
    pub notes: Vec<Remark>,
    /// The rows that stand in it, counted from 0; some repeated.
    pub rows: Vec<usize>,
    /// Their weights, where the method weighs them.
    pub weights: Option<Vec<f64>>,
}

/// Balances the groups of an attribute by their labels, with the rows that are there.
///
/// ```
/// use evenhand_audit::balance::{BalanceSettings, resample};
/// use evenhand_audit::settings::Choice;
/// use evenhand_rows::{Dataset, Groups, Label, LabelKind, Scale};
///
/// let groups = Groups::from_texts("gender", ["f", "f", "f", "f", "m", "m", "m", "m"].map(Some).into_iter());
/// let label = Label { name: "hired".into(), kind: LabelKind::Binary, values: vec![1., 0., 0., 0., 1., 1., 1., 0.], scale: Scale::default() };
/// let data = Dataset { rows: (1..=8).collect(), sensitive: vec![groups], label: Some(label), ..Dataset::default() };
///
/// let method = Choice { id: "reweighing".to_owned(), parameters: [].into() };
/// let resampled = resample(&data, "gender", &BalanceSettings { method, ..BalanceSettings::default() }).unwrap();
/// // The one hired woman counts as much as two: expected are 4/8 x 4/8 of all rows, and there is 1/8.
/// assert_eq!(resampled.weights.unwrap()[0], 2.0);
/// ```
pub fn resample(data: &Dataset, attribute: &str, settings: &BalanceSettings) -> Result<Resampled, AuditError> {
    settings.check(data.job.is_some())?;
    // Nothing was decided on rows whose label is NaN: they are neither high nor low.
    let undecided = |row: usize| data.label.as_ref().is_some_and(|label| label.values[row].is_nan());
    let (left, decided): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(|&row| undecided(row));
    // The method may speak of the rows by their numbers in a file; the answer counts those at hand.
    let mut data = data.select(&decided);
    data.rows = (1..=data.len() as u64).collect();
    data.name.clone_from(&settings.title);
    scores::refuse_no_groups(data.groups(attribute)?)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let after = settings.method.build(REBALANCERS)?.rebalance(&data, attribute, &mut rng)?;
    let rows: Vec<usize> = after.rows.iter().map(|&row| decided[row as usize - 1]).collect();
    let weights = after.weights.clone().filter(|_| after.weights != data.weights);
    let tilts = tilts(&data, &after, attribute, settings.threshold)?;
    let mut notes = data.provenance.notes.clone();
    notes.extend(after.provenance.notes.iter().filter(|note| !data.provenance.notes.contains(note)).cloned());
    let summary = DataSummary { tilt: tilts, notes: notes.clone(), ..evidence::data_summary(&data, settings.threshold)? };
    let run = RunReport { seed: settings.seed, sizes: Sizes { test: rows.len(), ..Sizes::default() }, ..RunReport::default() };
    let method = MethodReport { rebalance: Some(settings.method.summary()), runs: vec![run], ..MethodReport::default() };
    let mut notes: Vec<Remark> = notes.into_iter().map(Remark::from).collect();
    if !left.is_empty() {
        let text = format!("{} have no decision and are left out", counted(left.len(), "row"));
        notes.push(Remark::new(RemarkKind::Undecided, text));
    }
    let report = settings.report(run::versions(), summary, method, &notes);
    Ok(Resampled { report, notes, rows, weights })
}

//! The question of gate 1: rows left out, repeated or weighed, or new rows made, with the tilt of the labels before and after.
//!
//! [`resample`] chooses or weighs rows that are at hand; [`synthesise`] makes new ones. Which of them a method needs says
//! [`BalanceSettings::makes_rows`].

mod judge;
mod resample;
mod synthesise;

use std::collections::BTreeMap;

use evenhand_catalog::limits::MADE_ROWS;
use evenhand_rebalance::REBALANCERS;
use evenhand_rebalance::synthesis::SYNTHESISERS;
use evenhand_report::{DataSummary, MethodReport, Remark, Report, ReportKind, Tilt};
use evenhand_rows::Dataset;

pub use judge::{Judge, JudgeError, Sides};
pub use resample::{Resampled, resample};
pub use synthesise::{Original, Synthesised, fitted_for, synthesise};

use crate::settings::{Choice, asked};
use crate::{AuditError, evidence};

/// What wanted shares are where none are given.
pub const EQUAL: &str = "equal";

/// What is asked of rows that are to be balanced.
#[derive(Debug, Clone)]
pub struct BalanceSettings {
    /// Heading of the report.
    pub title: String,
    /// A rebalancer or a synthesiser.
    pub method: Choice,
    /// Rows to make (synthesisers); `None` as many as it learned from.
    pub rows: Option<usize>,
    /// Wanted share of each group (synthesisers): `equal`, `found` or shares by name.
    pub groups: String,
    /// Wanted share of each label in every group (synthesisers).
    pub labels: String,
    /// Keeps made rows that equal a row that was learned from.
    pub keep_copies: bool,
    /// Share of the rows that a synthesiser does not see, to compare distances and learners with; 0 for none.
    pub hold_out: f64,
    /// Rows whose distances are compared, at most.
    pub compared: usize,
    /// Labels at or above it are high.
    pub threshold: f64,
    /// Seed.
    pub seed: u64,
    /// How the rows came to be, in the words of whoever read them; it stands in the report before the settings above.
    pub reading: serde_json::Map<String, serde_json::Value>,
}

impl Default for BalanceSettings {
    fn default() -> Self {
        BalanceSettings {
            title: String::new(),
            method: Choice { id: "rejection-sampling".to_owned(), parameters: BTreeMap::new() },
            rows: None,
            groups: EQUAL.to_owned(),
            labels: EQUAL.to_owned(),
            keep_copies: false,
            hold_out: 0.0,
            compared: 2000,
            threshold: 0.5,
            seed: 0,
            reading: serde_json::Map::new(),
        }
    }
}

impl BalanceSettings {
    /// Whether the method makes rows; an error where no method has its id.
    pub fn makes_rows(&self) -> Result<bool, AuditError> {
        if SYNTHESISERS.iter().any(|entry| entry.card.id == self.method.id) {
            return Ok(true);
        }
        if REBALANCERS.iter().any(|entry| entry.card.id == self.method.id) {
            return Ok(false);
        }
        let cards = SYNTHESISERS.iter().map(|entry| entry.card).chain(REBALANCERS.iter().map(|entry| entry.card));
        Err(evenhand_catalog::unknown_id(&self.method.id, cards).into())
    }

    /// Refuses what the method cannot use. Whoever reads a file for it asks before the file is read.
    pub fn check(&self, job: bool) -> Result<(), AuditError> {
        let refuse = |setting, value: &dyn std::fmt::Display, message: String| {
            Err(AuditError::Setting { setting, value: value.to_string(), message })
        };
        let method = &self.method.id;
        if !(0.0..0.9).contains(&self.hold_out) {
            return refuse("hold_out", &self.hold_out, "give a share of at least 0 and below 0.9".to_owned());
        }
        if job && method != "rejection-sampling" {
            return refuse("job", &"", format!("it is for rejection-sampling; `{method}` does not look at jobs"));
        }
        if self.makes_rows()? {
            if let Some(rows) = self.rows {
                MADE_ROWS.check(rows as u64).or_else(|beyond| refuse("rows", &rows, beyond.to_string()))?;
            }
            return if self.rows == Some(0) { refuse("rows", &0, "ask for at least one row".to_owned()) } else { Ok(()) };
        }
        let given = [
            ("rows", self.rows.is_some()),
            ("groups", self.groups != EQUAL),
            ("labels", self.labels != EQUAL),
            ("keep_copies", self.keep_copies),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((setting, _)) => {
                let shares = if method == "rejection-sampling" { "; wanted shares are its parameter `shares`" } else { "" };
                refuse(
                    setting,
                    &"",
                    format!("it is for methods that make rows (ctgan, gaussian-copula), and `{method}` makes none{shares}"),
                )
            }
            None => Ok(()),
        }
    }

    fn report(&self, versions: BTreeMap<String, String>, data: DataSummary, method: MethodReport, notes: &[Remark]) -> Report {
        let own = serde_json::json!({
            "method": self.method,
            "rows": self.rows,
            "groups": self.groups,
            "labels": self.labels,
            "keep_copies": self.keep_copies,
            "hold_out": self.hold_out,
            "compared": self.compared,
            "threshold": self.threshold,
            "seed": self.seed,
        });
        let method = MethodReport { name: self.method.id.clone(), ..method };
        let report = Report::of_rows(ReportKind::Balancing, &self.title, versions, asked(&self.reading, own), data);
        Report { methods: vec![method], notes: notes.to_vec(), ..report }
    }
}

/// The tilt of the labels before and after, where there are labels.
fn tilts(before: &Dataset, after: &Dataset, attribute: &str, threshold: f64) -> Result<Vec<Tilt>, AuditError> {
    if before.label.is_none() {
        return Ok(Vec::new());
    }
    // Both stages speak of the same two groups, which must have rows in both.
    let (compared, left) = (before.groups(attribute)?, after.groups(attribute)?);
    let stays = |code: u32| left.code(compared.level(code)).is_some_and(|code| left.codes().contains(&code));
    let rows: Vec<usize> = (0..before.len()).filter(|&row| stays(compared.codes()[row])).collect();
    let Some(common) = evidence::tilt("as given", &before.select(&rows), attribute, None, threshold)? else {
        return Ok(Vec::new());
    };
    let pair = Some((common.privileged, common.unprivileged));
    let uncounted = if after.weights.is_some() && before.weights.is_none() { " (rows counted, not weights)" } else { "" };
    let stages = [("as given".to_owned(), before), (format!("balanced{uncounted}"), after)];
    let tilts = stages.iter().map(|(stage, data)| evidence::tilt(stage, data, attribute, pair.clone(), threshold));
    tilts.filter_map(Result::transpose).collect()
}

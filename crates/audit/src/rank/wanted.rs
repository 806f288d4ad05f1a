//! Which share of each group a shortlist is to have.

use std::collections::BTreeMap;

use evenhand_catalog::did_you_mean;
use evenhand_rebalance::shares::Shares as EvenShares;
use evenhand_rerank::Target;
use evenhand_rows::roles::spelled;
use evenhand_rows::table::{Cells, Column};
use evenhand_rows::{Groups, Identity};
use serde::{Deserialize, Serialize};

use crate::{AuditError, numbers};

/// Which share of each group is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Wanted {
    /// `equal` or `pool`.
    Word(String),
    /// A share by group.
    Shares(BTreeMap<String, f64>),
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted::Word("equal".to_owned())
    }
}

impl Wanted {
    /// Reads `equal`, `pool` or `women=0.4,men=0.6` (`;` separates as well).
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.contains('=') {
            return Ok(Wanted::Word(text.to_owned())).and_then(|word: Self| word.target().map(|_| word));
        }
        // A list's shares and those of rows are written alike, but for the word for what is there already.
        match EvenShares::parse(text).map_err(|error| error.replace("`equal`, `found`", "`equal`, `pool`"))? {
            EvenShares::Given(shares) => Ok(Wanted::Shares(shares.into_iter().collect())),
            EvenShares::Equal => Ok(Wanted::default()),
            EvenShares::Found => Ok(Wanted::Word("pool".to_owned())),
        }
    }

    /// Refuses shares of groups that the data does not have.
    pub fn check_groups(&self, groups: &Groups) -> Result<(), String> {
        let Wanted::Shares(shares) = self else { return Ok(()) };
        match shares.keys().find(|name| groups.code(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                let levels = groups.levels();
                let hint = did_you_mean(name, levels.iter().map(String::as_str));
                Err(format!("`{name}` is no group of `{}`{hint}; its groups are {}", groups.name(), levels.join(", ")))
            }
        }
    }

    pub(super) fn target(&self) -> Result<Target, String> {
        match self {
            Wanted::Word(word) if word == "equal" => Ok(Target::Equal),
            Wanted::Word(word) if word == "pool" => Ok(Target::Pool),
            Wanted::Word(word) => Err(format!("`{word}` is no target; write equal, pool, or shares such as women=0.5,men=0.5")),
            Wanted::Shares(shares) => {
                // Thirds are written with three digits; what is further off is refused by whoever takes the shares.
                let sum: f64 = shares.values().sum();
                let scale = if (sum - 1.0).abs() <= evenhand_rebalance::shares::SLACK { sum } else { 1.0 };
                Ok(Target::Given(shares.iter().map(|(group, share)| (group.clone(), *share / scale)).collect()))
            }
        }
    }

    /// Refuses words that are no target, and shares that do not add up.
    pub fn check(&self) -> Result<(), String> {
        self.target()?;
        let Wanted::Shares(shares) = self else { return Ok(()) };
        if let Some((group, share)) = shares.iter().find(|(_, share)| !(0.0..=1.0).contains(*share)) {
            return Err(format!("the wanted share of `{group}` is {share}; it must lie in [0, 1]"));
        }
        let sum: f64 = shares.values().sum();
        if (sum - 1.0).abs() > evenhand_rebalance::shares::SLACK {
            return Err(format!("the wanted shares add up to {}; they must add up to 1", numbers::plain(sum)));
        }
        Ok(())
    }

    /// The same with the names of groups as the rows have them, where only their spelling differs (`1.0` for `1`, another case).
    pub(super) fn spelled_as(&self, groups: &Groups) -> Self {
        let Wanted::Shares(shares) = self else { return self.clone() };
        let known = |name: &String| spelled(groups.levels(), name).map_or_else(|| name.clone(), str::to_owned);
        Wanted::Shares(shares.iter().map(|(name, share)| (known(name), *share)).collect())
    }

    /// The target in words.
    pub fn told(&self) -> String {
        match self {
            Wanted::Word(word) if word == "equal" => "an equal share of every group".to_owned(),
            Wanted::Word(word) if word == "pool" => "each group's share of the applicants".to_owned(),
            Wanted::Word(word) => word.clone(),
            Wanted::Shares(shares) => {
                let told: Vec<String> = shares.iter().map(|(group, share)| format!("{group} {}", numbers::plain(*share))).collect();
                told.join(", ")
            }
        }
    }
}

/// The targets that a column gives to the jobs; an empty field leaves the common one. `rows` are the rows of the column that `job` speaks of.
pub(super) fn targets_by_job(
    column: &Column,
    rows: &[usize],
    job: Option<&Identity>,
    common: &Wanted,
) -> Result<BTreeMap<String, Wanted>, AuditError> {
    let name = &column.name;
    let refuse = |message: String| AuditError::Setting { setting: "target_column", value: name.clone(), message };
    let Some(job) = job else {
        return Err(refuse("it gives targets by job; name the column of the job (`job`)".to_owned()));
    };
    let Cells::Categories { levels, codes } = &column.cells else {
        return Err(refuse("it holds numbers; a target is equal, pool, or shares such as women=0.5,men=0.5".to_owned()));
    };
    let mut found: BTreeMap<String, Wanted> = BTreeMap::new();
    for (&row, &of) in rows.iter().zip(&job.codes) {
        let wanted = match levels.get(codes[row] as usize) {
            Some(text) => Wanted::parse(text).map_err(|error| refuse(format!("row {} below the header: {error}", row + 1)))?,
            None => common.clone(),
        };
        let job = &job.levels[of as usize];
        if let Some(other) = found.insert(job.clone(), wanted.clone()).filter(|other| *other != wanted) {
            return Err(refuse(format!(
                "job `{job}` has two targets, {} and {} (row {} below the header); give all its rows one",
                other.told(),
                wanted.told(),
                row + 1
            )));
        }
    }
    Ok(found)
}

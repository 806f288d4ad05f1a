//! A recipe proposed from the columns of a table: `evenhand init`.
//!
//! Roles come from names and values together (`columns`); which columns are no inputs is settled where a comparison settles it
//! ([`evenhand_rows::screening`], [`crate::inputs`]), so that the recipe finds what was proposed.

mod columns;
mod text;

use evenhand_data::table::{self, TableSettings};
use evenhand_rows::roles::Columns;
use evenhand_rows::roles::words::Categories;
use evenhand_rows::{Dataset, LabelRole, Schema, SensitiveRole};

use crate::ExperimentError;
use crate::inputs::{Suspicion, Told, few, suspicious, tell_groups};
use columns::{Ids, Looked, look_at};

/// Fewer rows with a label are refused.
const FEWEST_ROWS: usize = 10;

/// What somebody asked for beside the proposal.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The label's column.
    pub label: Option<String>,
    /// Favourable values of a label in words.
    pub favourable: Vec<String>,
    /// Sensitive attributes, written as for an audit.
    pub sensitive: Vec<String>,
    /// Texts that mean "missing", beside the usual ones.
    pub missing: Vec<String>,
    /// Texts that stand for others.
    pub categories: Categories,
}

/// Proposed roles, and what was found in the inputs that remain.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Rows with a label.
    pub rows: usize,
    /// The label.
    pub label: LabelRole,
    /// Other columns that could be the label.
    pub other_labels: Vec<String>,
    /// Sensitive attributes.
    pub sensitive: Vec<SensitiveRole>,
    /// Groups with their rows, by attribute.
    pub groups: Vec<(String, Vec<(String, usize)>)>,
    /// Person.
    pub person: Option<String>,
    /// Job.
    pub job: Option<String>,
    /// Weight.
    pub weight: Option<String>,
    /// Inputs.
    pub inputs: Vec<String>,
    /// Columns that identify a person or stand for a group.
    pub left_out: Vec<Suspicion>,
    /// Columns that give the label away, and sensitive ones that are no attribute.
    pub excluded: Vec<Suspicion>,
    /// How well the inputs tell the groups.
    pub told: Vec<Told>,
    /// Warnings.
    pub warnings: Vec<String>,
    /// How the rows are read: texts that mean "missing", and rules of categories by column.
    missing: Vec<String>,
    categories: Vec<(String, String, String)>,
}

/// Looks at the columns of files and proposes roles; an error where no column can be the label or none is left as an input.
pub fn propose(files: &[String], settings: &TableSettings, wishes: &Wishes) -> Result<Proposal, ExperimentError> {
    let table = table::look(files, settings)?;
    let columns = look_at(&table, &wishes.missing);
    let label = columns::label(&table, &columns, wishes)?;
    let (sensitive, mut excluded) = attributes(&table, &columns, &label.role, wishes)?;
    let role = |name: &String| *name == label.role.column || sensitive.iter().any(|role| role.columns.contains(name));
    excluded.extend(columns.iter().filter(|column| !role(&column.name)).filter_map(Looked::says_nothing));
    let taken = |name: &String| {
        let hidden = excluded.iter().any(|found| found.column == *name);
        hidden || role(name)
    };
    let free: Vec<&Looked> = columns.iter().filter(|column| !taken(&column.name)).collect();
    let Ids { person, job, weight, warnings } = columns::ids(&free, table.rows());
    let has_role = |name: &String| [&person, &job, &weight].into_iter().flatten().any(|column| column == name);
    let left_out: Vec<Suspicion> = free
        .iter()
        .filter(|column| !has_role(&column.name))
        .filter_map(|column| column.identifying.clone().map(|reason| Suspicion { column: column.name.clone(), reason }))
        .collect();
    let schema = Schema {
        screened: true,
        exclude: excluded.iter().map(|found| found.column.clone()).collect(),
        label: Some(label.role.clone()),
        sensitive: sensitive.clone(),
        person: person.clone(),
        job: job.clone(),
        weight: weight.clone(),
        missing: wishes.missing.clone(),
        categories: wishes.categories.clone(),
        ..Schema::default()
    };
    let mut data = table::read(files, &schema, settings)?;
    settle(&data)?;
    let late = suspicious(&data)?;
    data.features.retain(|feature| !late.iter().any(|found| found.column == feature.name));
    excluded.extend(late);
    if data.features.is_empty() {
        return Err(ExperimentError::Request(no_input(&left_out, &excluded)));
    }
    let warnings = label.warnings.into_iter().chain(warnings).chain(few(&data, text::tested(data.len()))).collect();
    Ok(Proposal {
        rows: data.len(),
        categories: rules(&columns, &label.role, &sensitive, &wishes.categories),
        label: label.role,
        other_labels: label.others,
        sensitive,
        groups: data.sensitive.iter().map(|groups| (groups.name().to_owned(), counted(groups))).collect(),
        person,
        job,
        weight,
        inputs: data.features.iter().map(|feature| feature.name.clone()).collect(),
        left_out,
        excluded,
        told: tell_groups(&data)?,
        warnings,
        missing: wishes.missing.clone(),
    })
}

/// The attributes that were asked for, else those that are proposed; beside them the columns that are sensitive by their name alone.
fn attributes(
    table: &impl Columns,
    columns: &[Looked],
    label: &LabelRole,
    wishes: &Wishes,
) -> Result<(Vec<SensitiveRole>, Vec<Suspicion>), ExperimentError> {
    if !wishes.sensitive.is_empty() {
        let asked = wishes.sensitive.iter().map(|text| SensitiveRole::parse(text, table.names())).collect::<Result<Vec<_>, _>>()?;
        let others = columns::not_asked_for(columns, &label.column, &asked);
        return Ok((asked, others));
    }
    let (roles, others) = columns::sensitive(columns, &label.column);
    if roles.is_empty() {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        return Err(ExperimentError::Request(format!(
            "no column of {} looks like a sensitive attribute (gender, ethnicity, age, by its name and few values); name one (`sensitive`). The \
             columns are {}",
            table.source(),
            listed(&names)
        )));
    }
    Ok((roles, others))
}

/// Refuses rows that nothing can be learned from.
fn settle(data: &Dataset) -> Result<(), ExperimentError> {
    let label = data.label()?;
    if data.len() < FEWEST_ROWS {
        return Err(ExperimentError::Request(format!(
            "{} rows with a label are too few to learn a scorer from and to test it; {FEWEST_ROWS} are the least, and some hundreds a group tell more",
            data.len()
        )));
    }
    if label.values.iter().all(|value| *value == label.values[0]) {
        return Err(ExperimentError::Request(format!(
            "the label `{}` has one value in all {} rows that have one, and nothing can be learned from it; take another column (`label`) or \
             other rows",
            label.name,
            data.len()
        )));
    }
    Ok(())
}

impl Proposal {
    /// A limit on rank SPDD of the first attribute that validation rows can settle: half again what chance gives the two smallest groups there, at least .05, in hundredths.
    ///
    /// Two equal groups of n and m rows are apart by sqrt(2 / pi) (1/n + 1/m)^1/2 times the integral of sqrt(u (1 - u)), pi / 8, in the mean.
    pub fn limit(&self) -> f64 {
        let tested = text::tested(self.rows);
        let mut sizes: Vec<f64> = self.groups.first().map_or_else(Vec::new, |(_, groups)| {
            groups.iter().map(|(_, rows)| *rows as f64 * tested).filter(|rows| *rows >= 1.0).collect()
        });
        sizes.sort_by(f64::total_cmp);
        let [one, other, ..] = sizes[..] else { return LEAST_LIMIT };
        let by_lot = (2.0 / std::f64::consts::PI).sqrt() * std::f64::consts::PI / 8.0 * (1.0 / one + 1.0 / other).sqrt();
        ((150.0 * by_lot).ceil() / 100.0).clamp(LEAST_LIMIT, 0.5)
    }
}

/// The limit where the rows could settle a lower one.
const LEAST_LIMIT: f64 = 0.05;

/// Groups with their rows.
fn counted(groups: &evenhand_rows::Groups) -> Vec<(String, usize)> {
    let mut counted: Vec<(String, usize)> = groups.levels().iter().map(|group| (group.clone(), 0)).collect();
    for &code in groups.codes() {
        if let Some((_, rows)) = counted.get_mut(code as usize) {
            *rows += 1;
        }
    }
    counted
}

/// Rules of categories as a recipe takes them, each for one column: a rule of all columns for those with a role that hold its text.
fn rules(columns: &[Looked], label: &LabelRole, sensitive: &[SensitiveRole], categories: &Categories) -> Vec<(String, String, String)> {
    let named = |name: &str| *name == label.column || sensitive.iter().any(|role| role.columns.iter().any(|column| column == name));
    let mut found = Vec::new();
    for (column, from, to) in categories.rules() {
        if let Some(column) = column {
            found.push((column.to_owned(), from.to_owned(), to.to_owned()));
            continue;
        }
        let own = |name: &str| categories.rules().any(|(other, text, _)| other == Some(name) && text == from);
        let holding = columns.iter().filter(|column| named(&column.name) && column.holds(from) && !own(&column.name));
        found.extend(holding.map(|column| (column.name.clone(), from.to_owned(), to.to_owned())));
    }
    found
}

fn no_input(left_out: &[Suspicion], excluded: &[Suspicion]) -> String {
    let told: Vec<String> = left_out.iter().chain(excluded).map(|found| format!("`{}` ({})", found.column, found.reason)).collect();
    let why = if told.is_empty() { "there is no column without another role".to_owned() } else { told.join("; ") };
    format!("no column is left as an input: {why}. Add columns that say what a candidate can do")
}

/// Names as a message lists them.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

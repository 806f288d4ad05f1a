//! The Uniform Guidelines on Employee Selection Procedures: rates against four fifths of the highest, and what chance makes of them.

use evenhand_catalog::{Card, Direction, Kind};
use evenhand_report::{Counted, LawTable};

use crate::law::{Facts, Preset, Rates, Vocabulary};
use crate::numbers::count;

pub(super) const PRESET: Preset = Preset {
    card: &CARD,
    called: None,
    paragraph: "29 CFR 1607.4(D) and 1607.15",
    made_on: "2026-11-30",
    made_from: "secondary descriptions",
    wants: &["tool", "data_source", "data_period"],
    rates: Rates::Selection,
    vocabulary: Vocabulary::AsGiven,
    race_only: false,
    intersections: false,
    within: true,
    exclusion: Some(0.02),
    headings,
    statements,
    remarks,
};

const CARD: Card = Card {
    id: "ugesp",
    name: "Uniform Guidelines on Employee Selection Procedures",
    kind: Kind::Law,
    summary: "Selection rates of every group against the group of the highest rate: whether they lie below four fifths of it (decided in integers), Fisher's exact \
              test, the difference in standard deviations, Holm's correction over the groups, the shortfall in persons, what one moved selection changes and the \
              smallest gap that these numbers could show; of all rows, and within jobs where a column names them. Four fifths are a rule of thumb with many exceptions.",
    formula: "
selection rate = selected / people of a group
impact ratio   = rate of a group / highest rate of the groups that are compared
below four fifths where 5 selected n_best < 4 selected_best n
",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "29 CFR 1607.4(D), 1607.15; made from secondary descriptions on 2026-11-30: check the text",
    parameters: &[],
};

fn headings(_: Counted, _: &str) -> [&'static str; 4] {
    ["Candidates", "Selected", "Selection rate", "Impact ratio"]
}

fn statements(facts: &Facts<'_>) -> Vec<String> {
    let mut said = facts.people_told();
    let (pooled, within) = facts.tables.split_at(facts.pooled);
    said.extend(pooled.iter().map(|table| below_told(facts, table)));
    said.extend(within_told(facts, within));
    said.extend(facts.left_out_told());
    said.push(
        "Four fifths are a rule of thumb: smaller gaps may count where they are significant, and larger ones may be due to chance where numbers are small."
            .to_owned(),
    );
    said
}

/// Which groups of a table lie below four fifths.
fn below_told(facts: &Facts<'_>, table: &LawTable) -> String {
    let below = facts.below_four_fifths(table);
    let reasons = table.selections.groups.iter().filter(|group| group.left_out.is_none());
    let mut reasons = reasons.map(|group| group.impact_ratio.reason()).collect::<Vec<_>>();
    reasons.sort_unstable();
    reasons.dedup();
    let of = if table.classification.is_empty() { table.title.clone() } else { format!("{}, {}", table.title, table.classification) };
    if reasons.iter().all(Option::is_some) {
        let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
        let why = if reasons.is_empty() { "every group is left out".to_owned() } else { reasons.join("; ") };
        format!("{of}: no impact ratio could be calculated ({why}).")
    } else if below.is_empty() {
        format!("{of}: no impact ratio below 0.8.")
    } else {
        format!("{of}: impact ratio below 0.8 for {}.", below.join(", "))
    }
}

/// In how many jobs a group lies below four fifths: a sentence an attribute. Each job on its own stands in the working papers.
fn within_told(facts: &Facts<'_>, within: &[LawTable]) -> Vec<String> {
    let by = |table: &LawTable| table.within.as_ref().map(|[by, _]| by.clone());
    let alike = |one: &LawTable, other: &LawTable| {
        one.attribute == other.attribute && one.classification == other.classification && by(one) == by(other)
    };
    let told = |tables: &[LawTable]| {
        let first = tables.first()?;
        let [by, _] = first.within.as_ref()?;
        let attribute = first.title.split(" within ").next().unwrap_or(&first.title);
        let of = if first.classification.is_empty() { String::new() } else { format!(", {}", first.classification) };
        let below = tables.iter().filter(|table| !facts.below_four_fifths(table).is_empty()).count();
        let none = tables.iter().filter(|table| table.selections.groups.iter().all(|group| group.impact_ratio.number().is_none())).count();
        let none = if none > 0 { format!("; in {} no impact ratio could be calculated", count(none)) } else { String::new() };
        Some(format!("{attribute} within {by}{of}: an impact ratio below 0.8 in {} of {} tables{none}.", count(below), count(tables.len())))
    };
    within.chunk_by(alike).filter_map(told).collect()
}

fn remarks(facts: &Facts<'_>) -> Vec<String> {
    let missing = |what: &&str| format!("No column of {what} was named, and there is no table by it; name it where the data has one.");
    let mut said: Vec<String> = facts.without.iter().map(missing).collect();
    said.extend(facts.tables[facts.pooled..].iter().map(|table| below_told(facts, table)));
    said
}

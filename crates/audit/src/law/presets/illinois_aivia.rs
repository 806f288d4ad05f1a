//! Illinois's Artificial Intelligence Video Interview Act: who was offered an interview in person and who was hired, by race and ethnicity.

use evenhand_catalog::{Card, Direction, Kind};
use evenhand_report::Counted;

use crate::law::{Day, Facts, HIRED, Preset, Rates, Vocabulary};
use crate::numbers::count;

pub(super) const PRESET: Preset = Preset {
    card: &CARD,
    called: None,
    paragraph: "820 ILCS 42/20",
    made_on: "2026-11-30",
    made_from: "secondary descriptions",
    wants: &["client", "data_source", "data_period"],
    rates: Rates::Selection,
    vocabulary: Vocabulary::AsGiven,
    race_only: true,
    intersections: false,
    within: false,
    exclusion: None,
    headings,
    statements,
    remarks,
};

const CARD: Card = Card {
    id: "illinois-aivia",
    name: "Illinois Artificial Intelligence Video Interview Act",
    kind: Kind::Law,
    summary: "Race and ethnicity of the applicants who were and who were not offered an interview in person after a video interview was analysed by artificial \
              intelligence, and of those hired, over the twelve months that end on 30 November. The act asks for the counts; rates and ratios stand beside them.",
    formula: "
share        = offered an interview (or hired) / applicants of a group
impact ratio = share of a group / highest share
",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "820 ILCS 42/20; made from secondary descriptions on 2026-11-30: check the text",
    parameters: &[],
};

fn headings(_: Counted, outcome: &str) -> [&'static str; 4] {
    let selected = if outcome == HIRED { "Hired" } else { "Offered an in-person interview" };
    ["Applicants", selected, "Share", "Impact ratio"]
}

fn statements(facts: &Facts<'_>) -> Vec<String> {
    let mut said = facts.people_told();
    for table in facts.tables {
        let hired = table.classification == HIRED;
        for group in &table.selections.groups {
            let (with, without) = (count(group.selected), count(group.n - group.selected));
            said.push(if hired {
                format!("{}: {with} hired.", group.group)
            } else {
                format!("{}: {with} offered an in-person interview, {without} not offered one.", group.group)
            });
        }
        let (unknown, with) = (table.selections.unknown, table.selections.unknown_selected);
        if unknown > 0 {
            let without = count(unknown - with);
            said.push(if hired {
                format!("Race and ethnicity unknown: {} hired.", count(with))
            } else {
                format!("Race and ethnicity unknown: {} offered an in-person interview, {without} not offered one.", count(with))
            });
        }
    }
    said
}

fn remarks(facts: &Facts<'_>) -> Vec<String> {
    let mut said = Vec::new();
    let period = facts.details.particulars.data_period.as_deref().unwrap_or_default();
    let days = period.split_once(" to ").and_then(|(from, to)| Day::parse(from.trim()).zip(Day::parse(to.trim())));
    match days {
        Some((from, to)) if from.in_year() == (12, 1) && to.in_year() == (11, 30) && to.year() == from.year() + 1 => {}
        _ => said.push(format!(
            "`data_period` is `{period}`: the act asks for the twelve months that end on 30 November, as 2025-12-01 to 2026-11-30."
        )),
    }
    if !facts.tables.iter().any(|table| table.classification == HIRED) {
        said.push("No column of hires was named: the act asks also for the race and ethnicity of those hired.".to_owned());
    }
    said
}

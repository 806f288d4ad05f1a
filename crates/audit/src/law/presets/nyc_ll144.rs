//! New York City's Local Law 144: impact ratios by sex, by race and ethnicity, and by both.

use evenhand_catalog::{Card, Direction, Kind};
use evenhand_report::Counted;

use crate::law::{Day, Facts, Preset, Rates, Vocabulary};

pub(super) const PRESET: Preset = Preset {
    card: &CARD,
    called: Some("Bias audit"),
    paragraph: "6 RCNY 5-300 to 5-304 (Local Law 144 of 2021)",
    made_on: "2026-11-30",
    made_from: "secondary descriptions and the rule's worked examples",
    wants: &["auditor", "independence", "tool", "data_source", "audit_date", "distribution_date"],
    rates: Rates::SelectionOrScoring,
    vocabulary: Vocabulary::Eeo1,
    race_only: false,
    intersections: true,
    within: false,
    exclusion: Some(0.02),
    headings,
    statements,
    remarks,
};

const CARD: Card = Card {
    id: "nyc-ll144",
    name: "New York City Local Law 144 (automated employment decision tools)",
    kind: Kind::Law,
    summary: "Selection rates (or scoring rates) and impact ratios by sex, by race/ethnicity and by both, each against the category of the highest rate. People \
              of unknown category are counted and stand in no row; categories below 2 % are left out only on request and with a reason, and keep their counts and \
              rates. The rule asks that the ratios be published and sets no mark for them.",
    formula: "
selection rate = selected / people of a category
scoring rate   = people of a category with a score strictly above the median of the full sample / people of the category
impact ratio   = rate of a category / highest rate of the categories that are compared
",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "6 RCNY 5-300 to 5-304; made from its worked examples and secondary descriptions on 2026-11-30: check the text",
    parameters: &[],
};

fn headings(counted: Counted, _: &str) -> [&'static str; 4] {
    match counted {
        Counted::Selected => ["Number of applicants", "Number selected", "Selection rate", "Impact ratio"],
        Counted::AboveMedian => ["Number of applicants", "Number above the median score", "Scoring rate", "Impact ratio"],
    }
}

fn statements(facts: &Facts<'_>) -> Vec<String> {
    let mut said = vec![match facts.counted {
        Counted::Selected => "Selection rate: people selected, divided by all people of the category.".to_owned(),
        Counted::AboveMedian => {
            "Scoring rate: people with a score above the median of the full sample, divided by all people of the category.".to_owned()
        }
    }];
    said.push("Impact ratio: rate of a category, divided by the highest rate of the categories that are compared.".to_owned());
    said.extend(facts.median_told());
    said.extend(facts.people_told());
    said.extend(facts.test_data_told());
    said.extend(facts.left_out_told());
    said.extend(facts.absent_told());
    for missing in &facts.without {
        said.push(format!("The data holds no {missing}: there is no table by {missing}, and none by both."));
    }
    said.push("The rule sets no mark for impact ratios.".to_owned());
    said
}

fn remarks(facts: &Facts<'_>) -> Vec<String> {
    let missing = |what: &&str| {
        format!("No column of {what} was named: the rule asks for tables by {what} and by both; name it where the data has one.")
    };
    let mut said: Vec<String> = facts.without.iter().map(missing).collect();
    let day = |text: &Option<String>| text.as_deref().and_then(Day::parse);
    let of = &facts.details.particulars;
    if let (Some(audit), Some(used)) = (day(&of.audit_date), day(&of.distribution_date)) {
        let days = used.since(audit);
        if !used.is_within_a_year_of(audit) {
            said.push(format!(
                "`audit_date` lies {days} days before `distribution_date`: the rule asks for an audit not more than one year before the tool is used."
            ));
        } else if days < 0 {
            said.push(format!(
                "`audit_date` lies {} days after `distribution_date`: the rule asks for an audit before the tool is used.",
                -days
            ));
        }
    }
    if of.test_data.is_none() {
        said.push(
            "No `test_data` was told, so the summary says nothing of it. Where test data took the place of historical data, the rule asks why, and how it was made."
                .to_owned(),
        );
    }
    said
}

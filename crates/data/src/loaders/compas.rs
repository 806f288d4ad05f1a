//! COMPAS: who was charged again within two years, of 7,214 people scored in Broward County, Florida.
//!
//! File `compas-scores-two-years.csv`. Label: 1 (favourable) when `two_year_recid` is 0. Attributes: `race` (privileged `Caucasian`),
//! `gender` (column `sex`), `age` (cut at `> 25`). The header repeats `decile_score` and `priors_count` with equal values; the first of
//! each is read. These are real people: names and dates of birth are never kept. Columns that tell of the time after the label's start
//! (`is_recid`, `r_*`, `vr_*`, `event`, `end`, custody and jail dates) are no inputs, nor is the score of the vendor (`decile_score`).
//! Origin: <https://github.com/propublica/compas-analysis> (no licence file).
//!
//! | variant | rows | recipe |
//! |---|---|---|
//! | `propublica` | 6,172 | rows with a screening within 30 days of the arrest, a known outcome, a charge that is no traffic offence, a valid score |
//! | `fairvic` | 5,278 | of these, race African-American or Caucasian; attribute `race` unless the recipe names others, and it is an input |
//!
//! FairVIC's paper speaks of 8 inputs without naming them; the 8 here are the usual ones: sex, age, race, three counts of juvenile
//! offences, prior offences, degree of the charge.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};

use super::{Attribute, LoadRequest, Loader, Own, folder_of, source};
use crate::table::{Header, RawTable};
use crate::{DataError, Dataset, SensitiveAsFeatures};

pub(super) const CARD: Card = Card {
    id: "compas",
    name: "COMPAS",
    kind: Kind::Corpus,
    summary: "People scored for the risk of a new offence; label: no new charge within two years. Attributes race, gender, age.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://github.com/propublica/compas-analysis (no licence file)",
    parameters: &[Parameter {
        name: "variant",
        default: Literal::Text("propublica"),
        allowed: Allowed::OneOf(&["propublica", "fairvic"]),
        purpose: "which rows: ProPublica's 6,172, or of these the two largest races, 5,278",
    }],
};

const FILES: [&str; 1] = ["compas-scores-two-years.csv"];
const INPUTS: [&str; 8] = ["sex", "age", "race", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count", "c_charge_degree"];
/// Columns that decide which rows are taken.
const FILTERS: [&str; 3] = ["days_b_screening_arrest", "is_recid", "score_text"];
const ATTRIBUTES: [Attribute; 3] = [
    Attribute { name: "race", column: "race", rule: None },
    Attribute { name: "gender", column: "sex", rule: None },
    Attribute { name: "age", column: "age", rule: Some("> 25") },
];

#[derive(Debug)]
struct Compas {
    two_races: bool,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(Compas { two_races: parameters.text("variant") == "fairvic" }))
}

impl Loader for Compas {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let folder = folder_of(request, CARD.id, &FILES)?;
        let table = RawTable::of_corpus(&source(&folder, FILES[0]), Header::FirstOfEqualNames, b',', |_| 0)?;
        let rows = taken(&table, self.two_races)?;
        let own = Own {
            label: "two_year_recid",
            favourable: "0",
            inputs: &INPUTS,
            attributes: &ATTRIBUTES,
            kept: if self.two_races { &["race"] } else { &["race", "gender", "age"] },
            sensitive_as_features: if self.two_races { SensitiveAsFeatures::Columns } else { SensitiveAsFeatures::No },
            ..Own::default()
        };
        let data = own.dataset(table, request.schema, &CARD)?;
        let mut chosen = data.select(&rows).without_empty_levels();
        chosen.provenance.notes.push(format!(
            "{} of {} rows taken: screening within 30 days of the arrest, known outcome, no traffic offence, valid score{}",
            rows.len(),
            data.len(),
            if self.two_races { ", race African-American or Caucasian" } else { "" }
        ));
        Ok(chosen)
    }
}

/// Rows that pass ProPublica's filter, and of the two largest races where asked.
fn taken(table: &RawTable, two_races: bool) -> Result<Vec<usize>, DataError> {
    let text = |name: &str| table.texts_of(name);
    let days = table.plain_numbers(FILTERS[0])?;
    let outcome = text(FILTERS[1])?;
    let score = text(FILTERS[2])?;
    let degree = text("c_charge_degree")?;
    let race = text("race")?;
    Ok((0..days.len())
        .filter(|&row| days[row].abs() <= 30.0 && outcome.at(row) != "-1" && score.at(row) != "N/A" && degree.at(row) != "O")
        .filter(|&row| !two_races || matches!(race.at(row), "African-American" | "Caucasian"))
        .collect())
}

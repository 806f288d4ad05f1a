//! Utrecht Fairness Recruitment: 4,000 invented applicants and whether one of four companies hired them.
//!
//! File `recruitmentdataset-2022-1.3.csv`. Label: 1 (favourable) when `decision` is TRUE. Attributes: `gender` (`male`, `female`, and the
//! small group `other`), `nationality`, `age` (cut at `> 25`), `sport` (it stands in for gender: company B decides by it). The company is
//! the job. Origin: <https://www.kaggle.com/datasets/ictinstitute/utrecht-fairness-recruitment-dataset>; see the licence there.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};

use super::{Attribute, LoadRequest, Loader, Own, folder_of, source};
use crate::table::{Header, RawTable};
use crate::{DataError, Dataset};

pub(super) const CARD: Card = Card {
    id: "utrecht-recruitment",
    name: "Utrecht recruitment",
    kind: Kind::Corpus,
    summary: "4,000 invented applicants of four companies; label: hired. Attributes gender, nationality, age, sport. Company B prefers men, \
              company D women.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://www.kaggle.com/datasets/ictinstitute/utrecht-fairness-recruitment-dataset (licence on that page)",
    parameters: &[Parameter {
        name: "company",
        default: Literal::Text("all"),
        allowed: Allowed::OneOf(&["all", "A", "B", "C", "D"]),
        purpose: "whose decisions",
    }],
};

const FILES: [&str; 1] = ["recruitmentdataset-2022-1.3.csv"];
const INPUTS: [&str; 12] = [
    "gender",
    "age",
    "nationality",
    "sport",
    "grade",
    "debate_club",
    "prog_exp",
    "int_exp",
    "ent_exp",
    "languages",
    "exact_study",
    "highest_degree",
];
const ATTRIBUTES: [Attribute; 4] = [
    Attribute { name: "gender", column: "gender", rule: None },
    Attribute { name: "nationality", column: "nationality", rule: None },
    Attribute { name: "age", column: "age", rule: Some("> 25") },
    Attribute { name: "sport", column: "sport", rule: None },
];

#[derive(Debug)]
struct UtrechtRecruitment {
    company: Option<String>,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    let company = Some(parameters.text("company").to_owned()).filter(|company| company != "all");
    Ok(Box::new(UtrechtRecruitment { company }))
}

impl Loader for UtrechtRecruitment {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let folder = folder_of(request, CARD.id, &FILES)?;
        let table = RawTable::of_corpus(&source(&folder, FILES[0]), Header::FirstLine, b',', |_| 0)?;
        let own = Own {
            label: "decision",
            favourable: "TRUE",
            inputs: &INPUTS,
            attributes: &ATTRIBUTES,
            kept: &["gender", "nationality", "age", "sport"],
            person: Some("Id"),
            job: Some("company"),
            ..Own::default()
        };
        let data = own.dataset(table, request.schema, &CARD)?;
        let Some(company) = &self.company else { return Ok(data) };
        let rows: Vec<usize> = match &data.job {
            Some(job) => (0..data.len()).filter(|&row| job.levels[job.codes[row] as usize] == *company).collect(),
            None => Vec::new(),
        };
        let mut chosen = data.select(&rows);
        chosen.provenance.notes.push(format!("decisions of company {company} only"));
        Ok(chosen)
    }
}

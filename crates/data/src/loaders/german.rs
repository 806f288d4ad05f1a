//! German credit (Statlog): 1,000 loans, judged good or bad.
//!
//! File `german.data`, separated by blanks, without a header. Label: 1 (favourable) for class 1 "good", 0 for class 2 "bad".
//! Attributes: `age` (cut at `> 25`, privileged above) and `gender` (`male`, `female`), which is read out of the code of the personal
//! status: A92 and A95 are women, A91, A93 and A94 men. While gender is an attribute the personal status is no input, because it
//! contains it; when the recipe picks other attributes it stays one, as in most published work.
//! Licence: <https://archive.ics.uci.edu/dataset/144/statlog+german+credit+data>, CC BY 4.0.
//!
//! | variant | inputs | recipe |
//! |---|---|---|
//! | `default` | 18 | both attributes; neither is an input |
//! | `fairvic` | 20 | attribute `age` unless the recipe names others; in place of the age in years its group is an input (`age (group)`), as AIF360 prepares the corpus (FairVIC's paper says 20 features and age above 25; its code for this corpus is not public); encode with `ordinal` and `min-max` |

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};

use super::{Attribute, LoadRequest, Loader, Own, folder_of, source};
use crate::table::{Header, RawTable};
use crate::{DataError, Dataset, SensitiveAsFeatures};

pub(super) const CARD: Card = Card {
    id: "german",
    name: "German credit",
    kind: Kind::Corpus,
    summary: "1,000 loans; label: good. Attributes age (above 25) and gender (out of the personal status).",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://archive.ics.uci.edu/dataset/144/statlog+german+credit+data (CC BY 4.0)",
    parameters: &[Parameter {
        name: "variant",
        default: Literal::Text("default"),
        allowed: Allowed::OneOf(&["default", "fairvic"]),
        purpose: "whose preparation of the columns: no attribute an input, or 20 inputs with the age group among them",
    }],
};

const FILES: [&str; 1] = ["german.data"];
const COLUMNS: [&str; 21] = [
    "checking",
    "duration",
    "credit_history",
    "purpose",
    "amount",
    "savings",
    "employment",
    "instalment_rate",
    "personal_status",
    "other_debtors",
    "residence_since",
    "property",
    "age",
    "other_plans",
    "housing",
    "existing_credits",
    "job",
    "people_liable",
    "telephone",
    "foreign_worker",
    "class",
];
const ATTRIBUTES: [Attribute; 2] =
    [Attribute { name: "age", column: "age", rule: Some("> 25") }, Attribute { name: "gender", column: "sex", rule: None }];

#[derive(Debug)]
struct German {
    fairvic: bool,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    Ok(Box::new(German { fairvic: parameters.text("variant") == "fairvic" }))
}

impl Loader for German {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let folder = folder_of(request, CARD.id, &FILES)?;
        let mut table = RawTable::of_corpus(&source(&folder, FILES[0]), Header::Given(&COLUMNS), b' ', |_| 0)?;
        table.derive("sex", "personal_status", |status| match status {
            "A92" | "A95" => Some("female".to_owned()),
            "A91" | "A93" | "A94" => Some("male".to_owned()),
            _ => None,
        })?;
        let picked = &request.schema.sensitive;
        let with_gender = picked.is_empty() && !self.fairvic
            || picked.iter().any(|role| {
                let names = if role.columns.is_empty() { std::slice::from_ref(&role.name) } else { &role.columns };
                names.iter().any(|name| ["gender", "sex", "personal_status"].contains(&name.as_str()))
            });
        let inputs: Vec<&str> = COLUMNS[..20].iter().copied().filter(|&name| !(with_gender && name == "personal_status")).collect();
        let own = Own {
            label: "class",
            favourable: "1",
            inputs: &inputs,
            attributes: &ATTRIBUTES,
            kept: if self.fairvic { &["age"] } else { &["age", "gender"] },
            sensitive_as_features: if self.fairvic { SensitiveAsFeatures::Groups } else { SensitiveAsFeatures::No },
            ..Own::default()
        };
        own.dataset(table, request.schema, &CARD)
    }
}

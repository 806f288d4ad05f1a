//! Adult ("census income"): who earns more than 50,000 dollars a year, from the United States census of 1994.
//!
//! Files `adult.data` (32,561 rows) and `adult.test` (16,281 rows), without a header, fields separated by a comma and a blank; the first
//! line of `adult.test` is no row, and its labels end in a point. Label: 1 for `>50K` (favourable). Attributes: `gender` (column `sex`;
//! privileged `Male`), `race` (privileged `White`), `age` (cut at `> 25`). Columns of attributes that the recipe does not pick stay inputs.
//! Dictionary and licence: <https://archive.ics.uci.edu/dataset/2/adult>, CC BY 4.0.
//!
//! | variant | rows | recipe |
//! |---|---|---|
//! | `default` | 48,842 | `?` is a category; `fnlwgt` (a survey weight) is no input |
//! | `fairvic` | 48,842 | as the public code of FairVIC: 12 inputs with sex among them, `education-num` and `fnlwgt` left out; encode with `ordinal` and `min-max`; attribute `gender` unless the recipe names others |
//! | `fair-mixup` | 45,222 | as the public code of Fair Mixup (Chuang and Mroueh 2021), which Group Contribution Matching follows: rows with `?` in occupation or native-country dropped; five numbers cut into 10 bins; workclass, marital status, occupation, relationship and `White` as binary columns of two levels each; sex not among the inputs; 120 one-hot columns |
//!
//! In `fair-mixup` the public code computes the bin edges from age alone and uses them for all five numbers (each standardised first):
//! `bin_edges = "age"` reproduces that, `"per-column"` gives every number its own deciles. It standardises on its training rows; here all
//! rows are used, because a loader knows no split.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Kind, Literal, Parameter, Parameters};

use super::{Attribute, LoadRequest, Loader, Own, folder_of, source};
use crate::table::{Header, RawTable};
use crate::{DataError, Dataset, Feature, MISSING, SensitiveAsFeatures, Values};

pub(super) const CARD: Card = Card {
    id: "adult",
    name: "Adult",
    kind: Kind::Corpus,
    summary: "48,842 persons of the 1994 United States census; label: income above 50,000 dollars. Attributes gender, race, age.",
    formula: "",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "https://archive.ics.uci.edu/dataset/2/adult (CC BY 4.0)",
    parameters: &[
        Parameter {
            name: "variant",
            default: Literal::Text("default"),
            allowed: Allowed::OneOf(&["default", "fairvic", "fair-mixup"]),
            purpose: "whose preparation of the rows",
        },
        Parameter {
            name: "bin_edges",
            default: Literal::Text("per-column"),
            allowed: Allowed::OneOf(&["per-column", "age"]),
            purpose: "variant fair-mixup: bins from each number's own deciles, or from those of age for all (reproduces the public code)",
        },
        Parameter {
            name: "part",
            default: Literal::Text("all"),
            allowed: Allowed::OneOf(&["all", "train", "test"]),
            purpose: "both files, or only adult.data, or only adult.test",
        },
    ],
};

const FILES: [&str; 2] = ["adult.data", "adult.test"];
const COLUMNS: [&str; 15] = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
];
const ATTRIBUTES: [Attribute; 3] = [
    Attribute { name: "gender", column: "sex", rule: None },
    Attribute { name: "race", column: "race", rule: None },
    Attribute { name: "age", column: "age", rule: Some("> 25") },
];
/// Numbers of the variant `fair-mixup`, and categories that become binary columns.
const BINNED: [&str; 5] = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"];
const BINARY: [&str; 4] = ["workclass", "marital-status", "occupation", "relationship"];
const BINS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    Default,
    FairVic,
    FairMixup { edges_of_age: bool },
}

#[derive(Debug)]
struct Adult {
    variant: Variant,
    part: String,
}

pub(super) fn build(parameters: &Parameters) -> Result<Box<dyn Loader>, CatalogError> {
    let variant = match parameters.text("variant") {
        "fairvic" => Variant::FairVic,
        "fair-mixup" => Variant::FairMixup { edges_of_age: parameters.text("bin_edges") == "age" },
        _ => Variant::Default,
    };
    Ok(Box::new(Adult { variant, part: parameters.text("part").to_owned() }))
}

impl Loader for Adult {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn load(&self, request: &LoadRequest) -> Result<Dataset, DataError> {
        let folder = folder_of(request, CARD.id, &FILES)?;
        let mut table: Option<RawTable> = None;
        for (file, part) in FILES.into_iter().zip(["train", "test"]) {
            if self.part != "all" && self.part != part {
                continue;
            }
            // The first line of adult.test begins with a bar and is no row.
            let skip = |bytes: &[u8]| match bytes.first() {
                Some(b'|') => bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1),
                _ => 0,
            };
            let next = RawTable::of_corpus(&source(&folder, file), Header::Given(&COLUMNS), b',', skip)?;
            match &mut table {
                Some(table) => table.append(next),
                None => table = Some(next),
            }
        }
        let mut table = table.ok_or(DataError::NoFiles)?;
        table.derive("income above 50K", "income", |income| match income.trim_end_matches('.') {
            ">50K" => Some("1".to_owned()),
            "<=50K" => Some("0".to_owned()),
            _ => None,
        })?;
        let inputs: Vec<&str> = COLUMNS[..14]
            .iter()
            .copied()
            .filter(|&name| name != "fnlwgt" && !(self.variant == Variant::FairVic && name == "education-num"))
            .collect();
        let own = Own {
            label: "income above 50K",
            favourable: "1",
            inputs: &inputs,
            attributes: &ATTRIBUTES,
            kept: if self.variant == Variant::Default { &["gender", "race", "age"] } else { &["gender"] },
            sensitive_as_features: match self.variant {
                Variant::FairVic => SensitiveAsFeatures::Columns,
                _ => SensitiveAsFeatures::No,
            },
            ..Own::default()
        };
        if let Variant::FairMixup { edges_of_age } = self.variant {
            // The whole table is needed to cut it up; which attributes are kept is settled on the way.
            let mut data = own.dataset(table, request.schema, &CARD)?;
            let complete: Vec<usize> = (0..data.len())
                .filter(|&row| ["occupation", "native-country"].iter().all(|name| text(&data, name, row) != Some("?")))
                .collect();
            let dropped = data.len() - complete.len();
            data = data.select(&complete);
            data.provenance.notes.push(format!("{dropped} rows with `?` in occupation or native-country dropped"));
            data.features = fair_mixup(&data, edges_of_age)?;
            return Ok(data);
        }
        own.dataset(table, request.schema, &CARD)
    }
}

fn feature<'a>(data: &'a Dataset, name: &str) -> Option<&'a Feature> {
    data.features.iter().find(|feature| feature.name == name)
}

fn text<'a>(data: &'a Dataset, name: &str, row: usize) -> Option<&'a str> {
    match &feature(data, name)?.values {
        Values::Categorical { levels, codes } => levels.get(codes[row] as usize).map(String::as_str),
        Values::Numeric(_) => None,
    }
}

/// The inputs of the variant `fair-mixup`.
fn fair_mixup(data: &Dataset, edges_of_age: bool) -> Result<Vec<Feature>, DataError> {
    let absent = |name: &str| {
        DataError::from(crate::RowsError::BadColumn {
            column: name.to_owned(),
            reason: "the variant `fair-mixup` needs it among its inputs; do not exclude it, and pick no other attribute than `gender`"
                .to_owned(),
        })
    };
    let mut features = Vec::new();
    let mut edges: Option<Vec<f64>> = None;
    for name in BINNED {
        let Some(Feature { values: Values::Numeric(numbers), .. }) = feature(data, name) else { return Err(absent(name)) };
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let spread = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64).sqrt();
        let standard: Vec<f64> = numbers.iter().map(|number| (number - mean) / spread).collect();
        let used = match &edges {
            Some(edges) if edges_of_age => edges.clone(),
            _ => deciles(&standard),
        };
        // A value belongs to the last bin whose lower edge it reaches; beyond the outer edges to the outer bins.
        let bin = |value: f64| used.iter().filter(|&&edge| edge <= value).count().clamp(1, BINS) as u32 - 1;
        let codes = standard.iter().map(|&value| bin(value)).collect();
        let levels = (1..=BINS).map(|bin| format!("bin {bin}")).collect();
        features.push(Feature { name: name.to_owned(), values: Values::Categorical { levels, codes }, sensitive: false });
        edges = Some(used);
    }
    let mut binary = |name: String, sensitive: bool, codes: Vec<u32>| {
        let levels = vec!["no".to_owned(), "yes".to_owned()];
        features.push(Feature { name, values: Values::Categorical { levels, codes }, sensitive });
    };
    for name in BINARY {
        let Some(Feature { values: Values::Categorical { levels, codes }, .. }) = feature(data, name) else { return Err(absent(name)) };
        for (code, level) in levels.iter().enumerate() {
            if codes.contains(&(code as u32)) {
                binary(format!("{name} = {level}"), false, codes.iter().map(|&other| u32::from(other == code as u32)).collect());
            }
        }
    }
    let Some(Feature { values: Values::Categorical { levels, codes }, .. }) = feature(data, "race") else { return Err(absent("race")) };
    let white = levels.iter().position(|level| level == "White").map_or(MISSING, |code| code as u32);
    binary("race = White".to_owned(), true, codes.iter().map(|&code| u32::from(code == white)).collect());
    Ok(features)
}

/// The eleven edges of ten bins: quantiles by linear interpolation between the sorted values.
fn deciles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    (0..=BINS)
        .map(|edge| {
            let position = edge as f64 / BINS as f64 * (sorted.len() - 1) as f64;
            let (low, part) = (position.floor() as usize, position.fract());
            sorted[low] + part * (sorted[(low + 1).min(sorted.len() - 1)] - sorted[low])
        })
        .collect()
}

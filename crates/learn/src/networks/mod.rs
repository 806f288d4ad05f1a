//! Networks: one file a network, one line in [`NETWORKS`].
//!
//! To add one: a file with a type that is a [`Model`], a type that is a [`Network`] and builds it, and the card of both; then its two lines here.
//! `[model] network` names it, with its parameters; it trains under every objective, and model folders know it by its id.

pub mod interview;
pub mod mlp;

use std::collections::BTreeMap;
use std::fmt::Debug;

use evenhand_catalog::{Card, CatalogError, Entry, Parameters};
use evenhand_rows::recordings::{Recordings, Shape};
use rand_chacha::ChaCha8Rng;

pub use interview::{Interview, InterviewArchitecture};
pub use mlp::{Activation, Initialisation, Mlp};

use crate::LearnError;
use crate::architecture::Architecture;
use crate::models::Model;
use crate::rows::Rows;
use crate::weights::Weights;

/// Every network. Rows are given the first one that reads what they hold, unless the recipe names another.
#[rustfmt::skip] // one line a network, so that adding one changes one line
pub const NETWORKS: &[Entry<dyn Network>] = &[
    mlp::ENTRY,
    interview::ENTRY,
];

/// A kind of network: what builds a [`Model`] for rows.
pub trait Network: Debug + Send + Sync {
    /// What the network says of itself.
    fn card(&self) -> &'static Card;

    /// What it reads, and where its settings stand.
    fn reads(&self) -> Reads;

    /// The network for inputs of these sizes, with its first weights. `architecture` holds the keys of the section that [`Network::reads`]
    /// names; parameters of the card came with the registry's builder.
    fn build(&self, architecture: &Architecture, sizes: &Sizes, rng: &mut ChaCha8Rng) -> Result<(Box<dyn Model>, Weights), LearnError>;
}

/// What a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// The columns of a table, with the keys of `[model]`.
    Table,
    /// Recordings, with the keys of `[model.interview]`.
    Recordings,
    /// The columns of a table, with the parameters of its card and no others.
    TableByParameters,
    /// Recordings, with the parameters of its card and no others.
    RecordingsByParameters,
}

impl Reads {
    /// True when it reads recordings.
    pub fn recordings(self) -> bool {
        matches!(self, Reads::Recordings | Reads::RecordingsByParameters)
    }

    /// The recipe's section with its settings; `None` when they stand beside its id.
    pub(crate) fn section(self) -> Option<&'static str> {
        match self {
            Reads::Table => Some("model"),
            Reads::Recordings => Some("model.interview"),
            Reads::TableByParameters | Reads::RecordingsByParameters => None,
        }
    }
}

/// What a network is built for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// Encoded columns of a row.
    pub columns: usize,
    /// What recordings look like, where rows have any.
    pub shape: Option<Shape>,
    /// Logits of a row: the label's and one for each further target.
    pub outputs: usize,
}

/// The network that a recipe names or, without a name, the first that reads what the rows hold; settings that it would pass over are refused.
fn choose(networks: &[Entry<dyn Network>], architecture: &Architecture, recorded: bool) -> Result<Box<dyn Network>, LearnError> {
    let refused =
        |section, key, value: String, expected: &str| Err(LearnError::BadSetting { section, key, value, expected: expected.to_owned() });
    if architecture.interview.is_some() && !recorded {
        return refused(
            "model",
            "interview",
            "given".to_owned(),
            "absent: these rows have no recordings; load them with the loader `interviews`",
        );
    }
    let network = match &architecture.network {
        Some(choice) => choice.build(networks)?,
        None => default_network(networks, recorded),
    };
    let (id, reads) = (network.card().id, network.reads());
    if reads.recordings() != recorded {
        let expected = if recorded {
            "one that reads recordings, as these rows have some; name another or leave the key out"
        } else {
            "one that reads the columns of a table, as these rows have no recordings; name another or leave the key out"
        };
        return refused("model", "network", format!("\"{id}\""), expected);
    }
    if reads != Reads::Recordings && architecture.interview.is_some() {
        return refused("model", "interview", "given".to_owned(), &format!("left out: it describes `interview`, and `{id}` is asked for"));
    }
    if let Some((key, value)) = architecture.table_setting().filter(|_| reads != Reads::Table) {
        let expected = if reads == Reads::Recordings {
            "left out: these rows have recordings, and only [model.interview] describes their network; write it there".to_owned()
        } else {
            format!("left out: it describes `mlp`, and `{id}` is asked for")
        };
        return refused("model", key, value, &expected);
    }
    Ok(network)
}

fn default_network(networks: &[Entry<dyn Network>], recorded: bool) -> Box<dyn Network> {
    for entry in networks {
        // One that must be given parameters is taken by name only.
        let Ok(network) = build_default(entry) else { continue };
        if network.reads().recordings() == recorded {
            return network;
        }
    }
    unreachable!("the registry holds a network for tables and one for recordings")
}

/// The network for rows, with its first weights and what it takes from the training rows before the first step.
pub(crate) fn build(architecture: &Architecture, rows: &Rows<'_>, rng: &mut ChaCha8Rng) -> Result<(Box<dyn Model>, Weights), LearnError> {
    let network = choose(NETWORKS, architecture, rows.recordings.is_some())?;
    let shape = rows.recordings.map(Recordings::shape);
    let sizes = Sizes { columns: rows.features.columns(), shape, outputs: 1 + rows.targets.len() };
    let (model, mut weights) = network.build(architecture, &sizes, rng)?;
    model.accepts(rows.candidates())?;
    model.standardise(&mut weights, rows)?;
    Ok((model, weights))
}

/// The network of this id as a model folder's architecture describes it; `None` when no network is called so.
pub(crate) fn described(id: &str, architecture: &Architecture) -> Option<Result<Box<dyn Network>, LearnError>> {
    let entry = NETWORKS.iter().find(|entry| entry.card.id == id)?;
    Some(match &architecture.network {
        Some(choice) if choice.id == id => choice.build(NETWORKS),
        // It was taken without being named.
        _ => build_default(entry).map_err(LearnError::from),
    })
}

fn build_default(entry: &Entry<dyn Network>) -> Result<Box<dyn Network>, CatalogError> {
    (entry.build)(&Parameters::resolve(entry.card, &BTreeMap::new())?)
}

#[cfg(test)]
mod tests {
    use evenhand_catalog::{Allowed, Direction, Kind, Literal, Parameter};

    use super::*;
    use crate::architecture::{NetworkChoice, ParameterValue};

    const CARD: Card = Card {
        id: "narrow",
        name: "Narrow",
        kind: Kind::Network,
        summary: "",
        formula: "",
        fair_value: None,
        range: "",
        direction: Direction::Describes,
        source: "",
        parameters: &[Parameter { name: "width", default: Literal::Required, allowed: Allowed::Between(1.0, 8.0), purpose: "width" }],
    };

    /// A network that somebody added, with a parameter of its own.
    #[derive(Debug)]
    struct Narrow {
        width: usize,
    }

    impl Network for Narrow {
        fn card(&self) -> &'static Card {
            &CARD
        }

        fn reads(&self) -> Reads {
            Reads::TableByParameters
        }

        fn build(&self, _: &Architecture, sizes: &Sizes, rng: &mut ChaCha8Rng) -> Result<(Box<dyn Model>, Weights), LearnError> {
            let architecture = Architecture { hidden: vec![self.width], ..Architecture::default() };
            let (model, weights) = Mlp::with_outputs(&architecture, sizes.columns, sizes.outputs, rng);
            Ok((Box::new(model), weights))
        }
    }

    const WITH_NARROW: &[Entry<dyn Network>] = &[
        Entry { card: &CARD, build: |parameters| Ok(Box::new(Narrow { width: parameters.count("width") })) },
        mlp::ENTRY,
        interview::ENTRY,
    ];

    fn named(id: &str, given: &[(&str, i64)]) -> Architecture {
        let parameters = given.iter().map(|&(name, value)| (name.to_owned(), ParameterValue::Integer(value))).collect();
        Architecture { network: Some(NetworkChoice { id: id.to_owned(), parameters }), ..Architecture::default() }
    }

    fn refusal(architecture: &Architecture, recorded: bool) -> String {
        choose(WITH_NARROW, architecture, recorded).unwrap_err().to_string()
    }

    #[test]
    fn without_a_name_the_rows_decide() {
        let chosen = |recorded| choose(WITH_NARROW, &Architecture::default(), recorded).unwrap().card().id;
        assert_eq!((chosen(false), chosen(true)), ("mlp", "interview"));
    }

    #[test]
    fn a_named_network_is_built_from_its_parameters() {
        let architecture = named("narrow", &[("width", 3)]);
        let network = choose(WITH_NARROW, &architecture, false).unwrap();
        let sizes = Sizes { columns: 2, shape: None, outputs: 1 };
        let (model, _) = network.build(&architecture, &sizes, &mut crate::stream(0, crate::Purpose::Initialisation, 0)).unwrap();
        assert_eq!((model.columns(), model.embedding_width()), (2, 3));
        assert!(refusal(&named("narrow", &[]), false).contains("needs the parameter `width`"));
        assert!(refusal(&named("narrow", &[("width", 9)]), false).contains("1 to 8"));
    }

    #[test]
    fn a_network_that_cannot_read_the_rows_and_settings_it_would_pass_over_are_refused() {
        assert!(refusal(&named("mlp", &[]), true).contains("one that reads recordings"));
        assert!(refusal(&named("interview", &[]), false).contains("one that reads the columns of a table"));
        let sized = Architecture { hidden: vec![7], ..named("narrow", &[("width", 3)]) };
        assert!(refusal(&sized, false).contains("left out: it describes `mlp`, and `narrow` is asked for"));
        let recorded = Architecture { interview: Some(InterviewArchitecture::default()), ..Architecture::default() };
        assert!(refusal(&recorded, false).contains("these rows have no recordings"));
    }

    #[test]
    fn folders_know_every_network_by_its_id() {
        for entry in NETWORKS {
            assert_eq!(described(entry.card.id, &Architecture::default()).unwrap().unwrap().card().id, entry.card.id);
        }
        assert!(described("trees", &Architecture::default()).is_none());
    }
}

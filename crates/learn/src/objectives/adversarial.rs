//! Adversarial learning: an adversary guesses the group from the embedding, and the encoder learns to mislead it.
//!
//! ```text
//! scorer     minimise  L(s, y) - c CE(h(Z), group)      over encoder and head
//! adversary  minimise  CE(h(Z), group)                  over h
//! c = lambda_adv * schedule(epoch)                      (see `adversary`)
//! ```
//!
//! Z: embedding, h: adversary (hidden layers `hidden`, one output per group, softmax), CE: cross-entropy over rows of known group.
//! Both are updated from one backward pass through a gradient reversal. Any number of groups. A batch with fewer than two groups has
//! no term: it is skipped and counted.
//!
//! Source: Kim et al. 2023, section V.D, equation 24; Ganin et al. 2016. The paper updates scorer and adversary one after the other;
//! here both move after the same pass.

use std::collections::BTreeMap;

use burn_tensor::Gradients as Tape;
use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::wasserstein::BALANCE;
use crate::models::Output;
use crate::objective::{Pass, Setting, Term};
use crate::rows::{Balance, BatchPlan};
use crate::weights::{Gradients, Weights};
use crate::{Adversary, LearnError, Objective, Schedule};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

/// Parameters of the adversary, shared with `wasserstein-adversary`.
pub(super) const ADVERSARY_PARAMETERS: [Parameter; 4] = [
    Parameter {
        name: "lambda_adv",
        default: Literal::Number(1.0),
        allowed: Allowed::Between(0.0, f64::INFINITY),
        purpose: "strength of the gradient reversal",
    },
    Parameter {
        name: "schedule",
        default: Literal::Text("dann"),
        allowed: Allowed::OneOf(Schedule::WORDS),
        purpose: "course of the strength over the epochs: constant, paper (rises to 0.46), dann (rises to 1)",
    },
    Parameter {
        name: "adversary_hidden",
        default: Literal::Numbers(&[64.0]),
        allowed: Allowed::Any,
        purpose: "widths of the adversary's hidden layers",
    },
    Parameter {
        name: "adversary_learning_rate",
        default: Literal::Number(1e-3),
        allowed: Allowed::Above(0.0),
        purpose: "step size of the adversary",
    },
];

static CARD: Card = Card {
    id: "adversarial",
    name: "Adversarial",
    kind: Kind::Objective,
    summary: "An adversary guesses the group from the embedding behind a gradient reversal; the encoder learns to mislead it. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "scorer: minimise L(s, y) - c CE(h(Z), group); adversary: minimise CE(h(Z), group); c = lambda_adv * schedule(epoch)",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, equation 24; Ganin et al., \"Domain-adversarial training of neural networks\", 2016",
    parameters: &[
        ADVERSARY_PARAMETERS[0],
        ADVERSARY_PARAMETERS[1],
        ADVERSARY_PARAMETERS[2],
        ADVERSARY_PARAMETERS[3],
        Parameter { default: Literal::Text("none"), ..BALANCE },
    ],
};

/// Data loss against an adversary.
#[derive(Debug, Clone)]
pub struct Adversarial {
    parameters: Parameters,
    adversary: Option<Adversary>,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    hidden_layers(CARD.id, parameters)?;
    Ok(Box::new(Adversarial { parameters: parameters.clone(), adversary: None }))
}

/// The adversary's widths, which a recipe gives as numbers.
pub(super) fn hidden_layers(id: &str, parameters: &Parameters) -> Result<Vec<usize>, CatalogError> {
    let widths = parameters.numbers("adversary_hidden");
    if let Some(width) = widths.iter().find(|width| width.fract() != 0.0 || !(1.0..=65536.0).contains(*width)) {
        let reason = format!("adversary_hidden holds {width}; every width must be a whole number from 1 to 65536");
        return Err(CatalogError::BadCombination { id: id.to_owned(), reason });
    }
    Ok(widths.iter().map(|&width| width as usize).collect())
}

/// Strength of the reversal in this epoch.
pub(super) fn reversal(parameters: &Parameters, pass: &Pass<'_>) -> f64 {
    let schedule = Schedule::from_word(parameters.text("schedule"));
    parameters.number("lambda_adv") * schedule.share(pass.epoch, pass.setting.training.epochs)
}

impl Objective for Adversarial {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, rng: &mut ChaCha8Rng) -> Result<(), LearnError> {
        let hidden = hidden_layers(CARD.id, &self.parameters)?;
        self.adversary = Some(Adversary::new(hidden, setting.training.optimizer, setting, rng));
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        BatchPlan { balance: Balance::from_word(self.parameters.text("balance")), keep_shares: true }
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let strength = reversal(&self.parameters, pass);
        let loss = pass.data_loss(output);
        Ok(match &mut self.adversary {
            Some(adversary) => loss.plus(adversary.term(pass, &output.embedding, strength)),
            None => loss,
        })
    }

    fn correct(&mut self, pass: &mut Pass<'_>, tape: &mut Tape, _: &mut Gradients) -> Result<(), LearnError> {
        if let Some(adversary) = &mut self.adversary {
            adversary.step(tape, pass.setting.training.rate(self.parameters.number("adversary_learning_rate"), pass.epoch));
        }
        Ok(())
    }

    fn state(&self) -> Vec<(String, Vec<f32>)> {
        self.adversary.as_ref().map(Adversary::state).unwrap_or_default()
    }

    fn restore(&mut self, state: &BTreeMap<String, Vec<f32>>) -> bool {
        self.adversary.as_mut().is_some_and(|adversary| adversary.restore(state))
    }
}

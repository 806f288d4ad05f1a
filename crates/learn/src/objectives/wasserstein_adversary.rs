//! Wasserstein penalty and adversary: two steps a batch, each with its own optimiser and learning rate.
//!
//! ```text
//! step 1   minimise  L(s, y) + lambda_w W1(s | a, s | b)     over encoder and head      learning rate: training.learning_rate
//! step 2   second pass through the changed encoder
//!          minimise  CE(h(Z), group)                         over the adversary h       adversary_learning_rate
//!          minimise  -c CE(h(Z), group)                      over the encoder           encoder_learning_rate
//! c = lambda_adv * schedule(epoch)
//! ```
//!
//! Symbols, summaries over more than two groups and skipped batches as in `wasserstein` and `adversarial`. Step 2 leaves the head
//! alone: its gradient there is zero and its optimiser does not touch it.
//!
//! Source: Kim et al. 2023, algorithm 1 and equations 19 to 22, with the exact W1 in place of lines 15 and 16 (see `transport`). The
//! public code gives encoder and adversary one learning rate in step 2, a tenth of step 1's; that is the default here, too.

use std::collections::BTreeMap;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::adversarial::{ADVERSARY_PARAMETERS, hidden_layers, reversal};
use super::wasserstein::{Penalty, TERM_PARAMETERS};
use crate::adversary::{optimizer_state, restore_optimizer};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term, Validation};
use crate::optimizer::Adam;
use crate::rows::BatchPlan;
use crate::weights::Weights;
use crate::{Adversary, LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "wasserstein-adversary",
    name: "Wasserstein + adversary",
    kind: Kind::Objective,
    summary: "Two steps a batch: data loss with the exact W1 between the groups' scores, then an adversary on the embedding.",
    formula: "step 1: minimise L(s, y) + lambda_w W1(s | a, s | b); step 2: adversary minimises CE(h(Z), group), encoder minimises -c CE",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Kim et al. 2023, algorithm 1 and equations 19 to 22 (exact W1 for unequal group sizes)",
    parameters: &[
        TERM_PARAMETERS[0],
        TERM_PARAMETERS[1],
        TERM_PARAMETERS[2],
        TERM_PARAMETERS[3],
        TERM_PARAMETERS[4],
        TERM_PARAMETERS[5],
        ADVERSARY_PARAMETERS[0],
        ADVERSARY_PARAMETERS[1],
        ADVERSARY_PARAMETERS[2],
        ADVERSARY_PARAMETERS[3],
        Parameter {
            name: "encoder_learning_rate",
            default: Literal::Number(1e-4),
            allowed: Allowed::Above(0.0),
            purpose: "step size of the encoder against the adversary",
        },
    ],
};

/// Both methods, one after the other on each batch.
#[derive(Debug, Clone)]
pub struct WassersteinAdversary {
    parameters: Parameters,
    penalty: Penalty,
    second: Option<Second>,
}

/// What step 2 owns.
#[derive(Debug, Clone)]
struct Second {
    adversary: Adversary,
    encoder: Adam,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    hidden_layers(CARD.id, parameters)?;
    Ok(Box::new(WassersteinAdversary { parameters: parameters.clone(), penalty: Penalty::new(parameters), second: None }))
}

impl Objective for WassersteinAdversary {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, weights: &Weights, rng: &mut ChaCha8Rng) -> Result<(), LearnError> {
        self.penalty.prepare(&self.parameters, setting);
        let hidden = hidden_layers(CARD.id, &self.parameters)?;
        let kind = setting.training.optimizer;
        self.second = Some(Second { adversary: Adversary::new(hidden, kind, setting, rng), encoder: Adam::new(kind, 0.0, weights) });
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        self.penalty.plan
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        Ok(pass.data_loss(output).plus(self.penalty.term(pass, output)))
    }

    fn after_step(&mut self, pass: &mut Pass<'_>) -> Result<(), LearnError> {
        let strength = reversal(&self.parameters, pass);
        let Some(Second { adversary, encoder }) = &mut self.second else { return Ok(()) };
        pass.rebind();
        let inputs = pass.inputs();
        let output = pass.forward(&inputs);
        let term = adversary.term(pass, &output.embedding, strength);
        if let Some(mut tape) = pass.backward(&term) {
            let rate = |name| pass.setting.training.rate(self.parameters.number(name), pass.epoch);
            let (adversary_rate, encoder_rate) = (rate("adversary_learning_rate"), rate("encoder_learning_rate"));
            adversary.step(&mut tape, adversary_rate);
            let gradients = pass.gradients(&mut tape);
            encoder.step(pass.weights, &gradients, encoder_rate);
        }
        Ok(())
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        self.penalty.validation(outcome)
    }

    fn state(&self) -> Vec<(String, Vec<f32>)> {
        self.second.iter().flat_map(|second| [second.adversary.state(), optimizer_state("encoder", &second.encoder)].concat()).collect()
    }

    fn restore(&mut self, state: &BTreeMap<String, Vec<f32>>) -> bool {
        self.second
            .as_mut()
            .is_some_and(|second| second.adversary.restore(state) && restore_optimizer("encoder", &mut second.encoder, state))
    }
}

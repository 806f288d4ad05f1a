//! Gap regularisation for demographic parity: data loss plus the difference of the groups' mean scores in the batch.
//!
//! ```text
//! minimise L(s, y) + lambda |mean(s | a) - mean(s | b)|
//! ```
//!
//! L: data loss; s: score; means with row weights. The soft form of the demographic-parity difference: equal means do not make pass
//! rates agree at a threshold (the Wasserstein term does, at every one). More than two groups: `pairs`. Fair value of the term 0, range
//! `[0, 1]`. A batch with fewer than two groups has no term: it is skipped and counted. The group is needed to train, not to score.
//!
//! Source: Chuang and Mroueh, "Fair Mixup: fairness via interpolation", 2021 (its baseline "gap regularisation").

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::wasserstein::{BALANCE, TERM_PARAMETERS};
use crate::gap::{between_means, score_term, validation_term};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term, Validation};
use crate::rows::{Balance, BatchPlan};
use crate::scale::{Degree, SCALE, Scale};
use crate::transport::Pairs;
use crate::weights::Weights;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

/// Weight of a gap term, shared with `equalized-odds-regularisation`.
pub(super) const LAMBDA: Parameter = Parameter {
    name: "lambda",
    default: Literal::Number(0.25),
    allowed: Allowed::Between(0.0, f64::INFINITY),
    purpose: "weight of the gap",
};

static CARD: Card = Card {
    id: "demographic-parity-regularisation",
    name: "Demographic-parity regularisation",
    kind: Kind::Objective,
    summary: "Adds the difference of the groups' mean scores in the batch, the soft demographic-parity gap.",
    formula: "minimise L(s, y) + lambda |mean(s | a) - mean(s | b)|",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Chuang and Mroueh, \"Fair Mixup\", 2021 (gap regularisation)",
    parameters: &[LAMBDA, SCALE, TERM_PARAMETERS[1], BALANCE],
};

/// Data loss plus the gap of means.
#[derive(Debug, Clone)]
pub struct DemographicParityRegularisation {
    parameters: Parameters,
    pairs: Pairs,
    scale: Scale,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    let pairs = Pairs::from_word(parameters.text("pairs"));
    Ok(Box::new(DemographicParityRegularisation { parameters: parameters.clone(), scale: Scale::default(), pairs }))
}

impl DemographicParityRegularisation {
    /// The weight of a target's gap.
    fn weight(&self) -> impl Fn(usize) -> f64 {
        let lambda = self.parameters.number("lambda");
        move |target| lambda * self.scale.factor(target, Degree::Score)
    }
}

impl Objective for DemographicParityRegularisation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, _: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        self.scale = Scale::new(&self.parameters, setting);
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        BatchPlan { balance: Balance::from_word(self.parameters.text("balance")), keep_shares: true }
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let loss = pass.data_loss(output);
        let term = score_term(pass, output, "gap", self.weight(), |_, scores, pass| {
            between_means(scores, &pass.batch.groups, &pass.batch.weights, self.pairs, |_| true)
        });
        Ok(loss.plus(term))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let codes = outcome.rows.groups.codes();
        let term = validation_term(outcome, self.weight(), |_, scores, weights| {
            Some(between_means(scores, codes, weights, self.pairs, |_| true)?.value)
        });
        term.map(|term| ("gap", term)).into_iter().collect()
    }
}

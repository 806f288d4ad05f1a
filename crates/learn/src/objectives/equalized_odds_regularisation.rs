//! Gap regularisation for equalized odds: data loss plus the difference of the groups' mean scores among the rows of each label.
//!
//! ```text
//! minimise L(s, y) + lambda sum over c of |mean(s | a, y = c) - mean(s | b, y = c)|        c: label of at least 0.5, and below
//! ```
//!
//! L: data loss; s: score; means with row weights. The soft form of `|TPR gap| + |FPR gap|`. `labels = "favourable"` keeps the first
//! term alone (equal opportunity). More than two groups: `pairs`. Fair value of the term 0, range `[0, 2]`. A batch in which a label has
//! fewer than two groups has no term: it is skipped and counted. Group and label are needed to train, not to score.
//!
//! Source: Chuang and Mroueh, "Fair Mixup: fairness via interpolation", 2021 (gap regularisation, equalized odds); the "EOR"
//! of "Fairness via Group Contribution Matching".

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::demographic_parity_regularisation::LAMBDA;
use super::wasserstein::{BALANCE, TERM_PARAMETERS};
use crate::gap::{Gap, between_means, score_term, validation_term};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term, Validation};
use crate::rows::{Balance, BatchPlan};
use crate::scale::{Degree, SCALE, Scale};
use crate::transport::Pairs;
use crate::weights::Weights;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "equalized-odds-regularisation",
    name: "Equalized-odds regularisation",
    kind: Kind::Objective,
    summary: "Adds the differences of the groups' mean scores among favourable and unfavourable labels, the soft equalized-odds gap.",
    formula: "minimise L(s, y) + lambda sum over labels c of |mean(s | a, y = c) - mean(s | b, y = c)|",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Chuang and Mroueh, \"Fair Mixup\", 2021 (gap regularisation, equalized odds)",
    parameters: &[
        Parameter {
            default: Literal::Number(0.3),
            purpose: "weight of the gap; how far equal mean scores make decisions agree depends on the data, for which it is to be chosen",
            ..LAMBDA
        },
        SCALE,
        TERM_PARAMETERS[1],
        Parameter {
            name: "labels",
            default: Literal::Text("both"),
            allowed: Allowed::OneOf(&["both", "favourable"]),
            purpose: "rows whose scores are compared: of both labels (equalized odds) or of the favourable one (equal opportunity)",
        },
        Parameter { default: Literal::Text("group-label"), ..BALANCE },
    ],
};

/// Data loss plus the gaps of means among the rows of each label.
#[derive(Debug, Clone)]
pub struct EqualizedOddsRegularisation {
    parameters: Parameters,
    pairs: Pairs,
    scale: Scale,
    labels: &'static [bool],
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    let labels: &[bool] = if parameters.text("labels") == "favourable" { &[true] } else { &[true, false] };
    Ok(Box::new(EqualizedOddsRegularisation {
        parameters: parameters.clone(),
        scale: Scale::default(),
        pairs: Pairs::from_word(parameters.text("pairs")),
        labels,
    }))
}

impl Objective for EqualizedOddsRegularisation {
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
            let batch = pass.batch;
            self.gap(scores, &batch.groups, &batch.weights, |row| batch.labels[row] >= 0.5)
        });
        Ok(loss.plus(term))
    }

    fn validation_terms(&self, outcome: &Validation<'_>) -> Vec<(&'static str, f64)> {
        let rows = outcome.rows;
        let term = validation_term(outcome, self.weight(), |_, scores, weights| {
            Some(self.gap(scores, rows.groups.codes(), weights, |row| rows.labels[row] >= 0.5)?.value)
        });
        term.map(|term| ("gap", term)).into_iter().collect()
    }
}

impl EqualizedOddsRegularisation {
    /// The weight of a target's gap.
    fn weight(&self) -> impl Fn(usize) -> f64 {
        let lambda = self.parameters.number("lambda");
        move |target| lambda * self.scale.factor(target, Degree::Score)
    }

    /// The sum of the gaps among the rows of each label; `None` when one of them is undefined.
    fn gap(&self, scores: &[f32], groups: &[u32], weights: &[f32], is_favourable: impl Fn(usize) -> bool) -> Option<Gap> {
        let mut sum = Gap { value: 0.0, slopes: vec![0.0; scores.len()] };
        for &favourable in self.labels {
            let gap = between_means(scores, groups, weights, self.pairs, |row| is_favourable(row) == favourable)?;
            sum.value += gap.value;
            sum.slopes.iter_mut().zip(gap.slopes).for_each(|(sum, slope)| *sum += slope);
        }
        Some(sum)
    }
}

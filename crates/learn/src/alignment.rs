//! Objectives that penalise how the gradients of group x label cells differ: what `gcm`, `iga` and `direct-alignment` share.
//!
//! ```text
//! minimise  data loss + lambda P(g)        g: gradients of the cells' losses, P: the penalty of the method
//! ```
//!
//! A batch is drawn by cells, passed once, and its cells' gradients are compared on the chosen layers ([`Cells`]). With lambda = 0 the
//! pass is an ordinary one. Each method adds its [`GradientPenalty`]; formula and source stand in its file.

use std::fmt::Debug;

use evenhand_catalog::{Allowed, Card, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use crate::cells::{Cells, check};
use crate::layers::selected;
use crate::models::Output;
use crate::objective::{Pass, Setting, Term};
use crate::rows::{Balance, BatchPlan};
use crate::weights::Weights;
use crate::{LearnError, Needs, Objective};

/// How a batch is drawn.
pub(crate) const CONSTRAINT: Parameter = Parameter {
    name: "constraint",
    default: Literal::Text("equalized-odds"),
    allowed: Allowed::OneOf(&["equalized-odds", "demographic-parity"]),
    purpose: "batches of all group x label cells in equal numbers, or in those of independence of group and label",
};
/// What the data loss sees of it.
pub(crate) const BALANCED_LOSS: Parameter = Parameter {
    name: "balanced_loss",
    default: Literal::Flag(true),
    allowed: Allowed::Any,
    purpose: "whether the data loss sees the cells so, as in the paper, or each with its share of the data",
};
/// How two gradients are compared.
pub(crate) const DISTANCE: Parameter = Parameter {
    name: "distance",
    default: Literal::Text("squared"),
    allowed: Allowed::OneOf(&["squared", "absolute"]),
    purpose: "what is summed over the weights: squares or absolute values of the differences",
};

/// The penalty of a method on the gradients of a batch's cells.
pub(crate) trait GradientPenalty: Debug + Send + Sync {
    /// What the method says of itself; it has the parameters `lambda`, `layers`, [`CONSTRAINT`] and [`BALANCED_LOSS`].
    fn card(&self) -> &'static Card;

    /// Whether a cell is a group and a label; else a group.
    fn by_class(&self) -> bool;

    /// The penalty, before lambda, over the chosen arrays.
    fn term(&self, parameters: &Parameters, pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool]) -> Result<Term, LearnError>;
}

/// The data loss plus a penalty on the cells' gradients.
#[derive(Debug)]
pub(crate) struct Alignment<P> {
    penalty: P,
    parameters: Parameters,
    chosen: Vec<bool>,
    cells: Option<Cells>,
}

impl<P: GradientPenalty> Alignment<P> {
    pub(crate) fn new(penalty: P, parameters: &Parameters) -> Self {
        Alignment { penalty, parameters: parameters.clone(), chosen: Vec::new(), cells: None }
    }
}

impl<P: GradientPenalty> Objective for Alignment<P> {
    fn card(&self) -> &'static Card {
        self.penalty.card()
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, weights: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        check(setting, self.penalty.card())?;
        self.chosen = selected(self.parameters.text("layers"), weights)?;
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        let balance = match self.parameters.text(CONSTRAINT.name) {
            "demographic-parity" => Balance::Independence,
            _ => Balance::GroupLabel,
        };
        BatchPlan { balance, keep_shares: !self.parameters.flag(BALANCED_LOSS.name) }
    }

    fn forward(&mut self, pass: &mut Pass<'_>) -> Result<Output, LearnError> {
        if self.parameters.number("lambda") == 0.0 {
            let inputs = pass.inputs();
            return Ok(pass.forward(&inputs));
        }
        let (output, cells) = Cells::pass(pass, pass.setting.training.loss.into(), self.penalty.by_class());
        self.cells = Some(cells);
        Ok(output)
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let loss = pass.data_loss(output);
        let Some(cells) = self.cells.take() else { return Ok(loss) };
        let term = self.penalty.term(&self.parameters, pass, &cells, &self.chosen)?;
        Ok(loss.plus(term.times(self.parameters.number("lambda"))))
    }
}

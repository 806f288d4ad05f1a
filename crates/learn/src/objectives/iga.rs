//! Inter-gradient alignment (IGA): the gradients of the groups shall agree.
//!
//! ```text
//! g(a)      = gradient of the mean data loss of the rows of group a        g = sum over groups of p_a g(a), p_a: share in the batch
//! penalty   = sum over weights w, sum over groups a of (g_w(a) - g_w)^2          distance = "squared"
//!                                                   of |g_w(a) - g_w|            distance = "absolute"
//! minimise    L(s, y) + lambda penalty
//! ```
//!
//! L: data loss; s: score. IGA comes from learning over domains, where it penalises the trace of the gradients' variance; here the groups
//! are the domains. The fairness paper prints the differences without square or bars; the original has the square, which is the default.
//! Batches, `balanced_loss`, `layers`, exactness, batch norm and refusals are those of `gcm`; `constraint` draws the batches although the
//! labels do not divide the gradients. A batch with fewer than two groups has no penalty: it is skipped and counted. Fair value of the
//! penalty 0, range not bounded above. The group (and, for the batches, the label) is needed to train, not to score.
//!
//! Source: Koyama and Yamaguchi, "When is invariance useful in an out-of-distribution generalization problem?", 2020; as equation 16 of
//! "Fairness via Group Contribution Matching", IJCAI 2023, which finds that it hardly evens out groups.

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use rand_chacha::ChaCha8Rng;

use super::demographic_parity_regularisation::LAMBDA;
use super::gcm::{BALANCED_LOSS, CONSTRAINT, plan};
use crate::cells::{Cells, Penalty, check, sign};
use crate::layers::{LAYERS, selected};
use crate::models::Output;
use crate::objective::{Pass, Setting, Term};
use crate::rows::BatchPlan;
use crate::weights::{Gradients, Weights};
use crate::{LearnError, Needs, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

/// How two gradients are compared, shared with `direct-alignment`.
pub(super) const DISTANCE: Parameter = Parameter {
    name: "distance",
    default: Literal::Text("squared"),
    allowed: Allowed::OneOf(&["squared", "absolute"]),
    purpose: "what is summed over the weights: squares or absolute values of the differences",
};

static CARD: Card = Card {
    id: "iga",
    name: "Inter-gradient alignment (IGA)",
    kind: Kind::Objective,
    summary: "Penalises the variance of the groups' gradients around that of all rows. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "minimise L(s, y) + lambda sum over w, a of (g_w(a) - g_w)^2; g(a): gradient of group a's loss, g: of all groups",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Koyama and Yamaguchi 2020; equation 16 of \"Fairness via Group Contribution Matching\", IJCAI 2023",
    parameters: &[LAMBDA, DISTANCE, LAYERS, CONSTRAINT, BALANCED_LOSS],
};

/// Data loss plus the variance of the groups' gradients.
#[derive(Debug)]
pub struct Iga {
    parameters: Parameters,
    chosen: Vec<bool>,
    cells: Option<Cells>,
}

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Iga { parameters: parameters.clone(), chosen: Vec::new(), cells: None }))
}

impl Objective for Iga {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> Needs {
        Needs { also: "a table", ..Needs::default() }
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prepare(&mut self, setting: &Setting<'_>, weights: &Weights, _: &mut ChaCha8Rng) -> Result<(), LearnError> {
        check(setting, &CARD)?;
        self.chosen = selected(self.parameters.text("layers"), weights)?;
        Ok(())
    }

    fn plan(&self) -> BatchPlan {
        plan(&self.parameters)
    }

    fn forward(&mut self, pass: &mut Pass<'_>) -> Result<Output, LearnError> {
        if self.parameters.number("lambda") == 0.0 {
            let inputs = pass.inputs();
            return Ok(pass.forward(&inputs));
        }
        let (output, cells) = Cells::pass(pass, pass.setting.training.loss.into(), false);
        self.cells = Some(cells);
        Ok(output)
    }

    fn loss(&mut self, pass: &mut Pass<'_>, output: &Output) -> Result<Term, LearnError> {
        let loss = pass.data_loss(output);
        let Some(cells) = self.cells.take() else { return Ok(loss) };
        let squared = self.parameters.text("distance") == "squared";
        Ok(loss.plus(term(pass, &cells, &self.chosen, squared)?.times(self.parameters.number("lambda"))))
    }
}

/// The penalty.
pub(crate) fn term(pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool], squared: bool) -> Result<Term, LearnError> {
    if cells.list.len() < 2 {
        return Ok(pass.skip("iga"));
    }
    let (gradients, adjoints) = cells.gradients(pass, chosen);
    let penalty = variance(cells, &gradients, chosen, squared);
    pass.note("iga", penalty.value);
    cells.term(pass, &penalty, adjoints.as_ref(), &CARD)
}

/// The penalty with its derivatives by the groups' gradients: `d_a - p_a sum_b d_b`, `d_a` that of the distance of group a.
fn variance(cells: &Cells, gradients: &[Gradients], chosen: &[bool], squared: bool) -> Penalty {
    let mut penalty = Penalty::zero(gradients.len(), &gradients[0]);
    let shares: Vec<f32> = cells.list.iter().map(|cell| cell.share as f32).collect();
    for array in (0..chosen.len()).filter(|&array| chosen[array]) {
        let length = gradients[0].arrays[array].len();
        for direction in &mut penalty.directions {
            direction.arrays[array] = vec![0.0; length];
        }
        for place in 0..length {
            let own = || gradients.iter().map(|gradient| gradient.arrays[array][place]);
            let mean: f32 = own().zip(&shares).map(|(own, share)| own * share).sum();
            let slope = |own: f32| if squared { 2.0 * (own - mean) } else { sign(own - mean) };
            let total: f32 = own().map(slope).sum();
            for (own, (direction, share)) in own().zip(penalty.directions.iter_mut().zip(&shares)) {
                penalty.value += f64::from(if squared { (own - mean).powi(2) } else { (own - mean).abs() });
                direction.arrays[array][place] = slope(own) - share * total;
            }
        }
    }
    penalty
}

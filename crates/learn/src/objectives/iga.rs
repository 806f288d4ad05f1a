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

use evenhand_catalog::{Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};

use super::demographic_parity_regularisation::LAMBDA;
use crate::alignment::{Alignment, BALANCED_LOSS, CONSTRAINT, DISTANCE, GradientPenalty};
use crate::cells::{Cells, Penalty, sign};
use crate::layers::LAYERS;
use crate::objective::{Pass, Term};
use crate::weights::Gradients;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

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
    parameters: &[Parameter { default: Literal::Number(1.0), ..LAMBDA }, DISTANCE, LAYERS, CONSTRAINT, BALANCED_LOSS],
};

/// The variance of the groups' gradients.
#[derive(Debug)]
struct Iga;

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Alignment::new(Iga, parameters)))
}

impl GradientPenalty for Iga {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn by_class(&self) -> bool {
        false
    }

    fn term(&self, parameters: &Parameters, pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool]) -> Result<Term, LearnError> {
        term(pass, cells, chosen, parameters.text("distance") == "squared")
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

//! Direct gradient alignment: among the rows of each label, the groups' gradients shall be equal.
//!
//! ```text
//! g(a, y)   = gradient of the mean data loss of the rows of group a and label y
//! penalty   = sum over labels y, mean over pairs of groups (a, b), sum over weights w of |g_w(a, y) - g_w(b, y)|      distance = "absolute"
//!                                                                          of (g_w(a, y) - g_w(b, y))^2      distance = "squared"
//! minimise    L(s, y) + lambda penalty
//! ```
//!
//! L: data loss; s: score. Unlike `gcm` it compares the gradients with their signs, so that both groups are to pull in one direction,
//! which the paper names as the reason why it evens out little. The paper prints the differences without bars or square; the bars are
//! set here, as in `gcm`. Batches, `balanced_loss`, `layers`, more than two groups, skipped labels, exactness, batch norm and refusals
//! are those of `gcm`. Fair value of the penalty 0, range not bounded above. Group and label are needed to train, not to score.
//!
//! Source: equation 17 of "Fairness via Group Contribution Matching", IJCAI 2023.

use evenhand_catalog::{Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};

use super::demographic_parity_regularisation::LAMBDA;
use crate::alignment::{Alignment, BALANCED_LOSS, CONSTRAINT, DISTANCE, GradientPenalty};
use crate::cells::{Cells, Penalty, matches, sign};
use crate::layers::LAYERS;
use crate::objective::{Pass, Term};
use crate::weights::Gradients;
use crate::{LearnError, Objective};

/// The registry's line.
pub const ENTRY: Entry<dyn Objective> = Entry { card: &CARD, build };

static CARD: Card = Card {
    id: "direct-alignment",
    name: "Direct gradient alignment",
    kind: Kind::Objective,
    summary: "Penalises the differences of the groups' gradients among the rows of each label. On validation rows it has no term: `selection = \"objective\"` judges the data loss.",
    formula: "minimise L(s, y) + lambda sum over y, w of |g_w(0, y) - g_w(1, y)|; g: gradient of the cell's loss",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "equation 17 of \"Fairness via Group Contribution Matching\", IJCAI 2023",
    parameters: &[
        Parameter { default: Literal::Number(0.003), ..LAMBDA },
        Parameter { default: Literal::Text("absolute"), ..DISTANCE },
        LAYERS,
        CONSTRAINT,
        BALANCED_LOSS,
    ],
};

/// The differences of the cells' gradients.
#[derive(Debug)]
struct DirectAlignment;

fn build(parameters: &Parameters) -> Result<Box<dyn Objective>, CatalogError> {
    Ok(Box::new(Alignment::new(DirectAlignment, parameters)))
}

impl GradientPenalty for DirectAlignment {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn by_class(&self) -> bool {
        true
    }

    fn term(&self, parameters: &Parameters, pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool]) -> Result<Term, LearnError> {
        term(pass, cells, chosen, parameters.text("distance") == "squared")
    }
}

/// The penalty.
pub(crate) fn term(pass: &mut Pass<'_>, cells: &Cells, chosen: &[bool], squared: bool) -> Result<Term, LearnError> {
    let found = matches(&cells.list, 2);
    for _ in 0..found.lacking {
        pass.skip("direct-alignment");
    }
    if found.pairs.is_empty() {
        return Ok(Term::zero());
    }
    let (gradients, adjoints) = cells.gradients(pass, chosen);
    let penalty = differences(&gradients, &found.pairs, chosen, squared);
    pass.note("direct-alignment", penalty.value);
    cells.term(pass, &penalty, adjoints.as_ref(), &CARD)
}

/// The penalty with its derivatives by the cells' gradients.
fn differences(gradients: &[Gradients], pairs: &[(usize, usize, f64)], chosen: &[bool], squared: bool) -> Penalty {
    let mut penalty = Penalty::zero(gradients.len(), &gradients[0]);
    for &(one, other, share) in pairs {
        for array in (0..chosen.len()).filter(|&array| chosen[array]) {
            let (ours, theirs) = (&gradients[one].arrays[array], &gradients[other].arrays[array]);
            let mut sum = 0.0;
            let [direction, opposite] = penalty.pair(one, other, array, ours.len());
            for place in 0..ours.len() {
                let difference = ours[place] - theirs[place];
                let (size, slope) =
                    if squared { (difference * difference, 2.0 * difference) } else { (difference.abs(), sign(difference)) };
                sum += f64::from(size);
                direction[place] += share as f32 * slope;
                opposite[place] -= share as f32 * slope;
            }
            penalty.value += share * sum;
        }
    }
    penalty
}

//! Training methods: one file a method, one line in [`OBJECTIVES`].
//!
//! How a method is carried by the hooks of [`crate::Objective`] (methods marked * are not built yet; `tests/hooks.rs` holds a small
//! stand-in for each kind of hook):
//!
//! | method | hooks |
//! |---|---|
//! | vanilla | none |
//! | L2, MMD, HSIC, Wasserstein distance, gap regularisation | `loss` adds a term over the output, `validation_terms` |
//! | adversarial (gradient reversal) | `prepare` builds the adversary, `loss`, `correct` steps it from the same backward pass |
//! | Wasserstein + adversary | the two above, the adversary in `after_step` with a second pass and optimisers of its own |
//! | group-balanced sampling, oversampled batches * | `plan`, or `amend` to repeat rows |
//! | FairVIC | `loss`: `Pass::repeat` on inputs with the sensitive columns re-written, terms over score and embedding |
//! | Fair Mixup | `loss`: `Pass::forward_tangent` along `x1 - x0` |
//! | group contribution matching, IGA, direct alignment | `forward` passes the cells, `loss` takes their gradients (`Pass::pull_back`) and the speeds along directions in weights (`Pass::push_forward`) |
//! | adversarial projection (Zhang et al.) | `correct`: second gradient through the adversary, projection array by array |
//! | exponentiated gradient, grid search | `fit_alone` around whole fits of a base learner |
//! | gradient boosting, FairGBM | `fit_alone` grows trees and returns a [`crate::Fitted`] that is no network |
//! | meta-fair | `fit_alone` returns a [`crate::Fitted`] that is no network |

pub mod adversarial;
pub mod adversarial_projection;
pub mod boosting;
pub mod demographic_parity_regularisation;
pub mod direct_alignment;
pub mod equalized_odds_regularisation;
pub mod exponentiated_gradient;
pub mod fair_mixup;
pub mod fairgbm;
pub mod fairvic;
pub mod gcm;
pub mod grid_search;
pub mod hsic;
pub mod iga;
pub mod l2;
pub mod meta_fair;
pub mod mmd;
pub mod vanilla;
pub mod wasserstein;
pub mod wasserstein_adversary;

use std::collections::BTreeMap;

use evenhand_catalog::{Card, CatalogError, Entry, Parameters};

use crate::Objective;

/// Every training method.
#[rustfmt::skip] // one line a method, so that adding one changes one line
pub const OBJECTIVES: &[Entry<dyn Objective>] = &[
    vanilla::ENTRY,
    adversarial::ENTRY,
    adversarial_projection::ENTRY,
    boosting::ENTRY,
    demographic_parity_regularisation::ENTRY,
    direct_alignment::ENTRY,
    equalized_odds_regularisation::ENTRY,
    exponentiated_gradient::ENTRY,
    fair_mixup::ENTRY,
    fairgbm::ENTRY,
    fairvic::ENTRY,
    gcm::ENTRY,
    grid_search::ENTRY,
    hsic::ENTRY,
    iga::ENTRY,
    l2::ENTRY,
    meta_fair::ENTRY,
    mmd::ENTRY,
    wasserstein::ENTRY,
    wasserstein_adversary::ENTRY,
];

/// Refuses parameters of another value than their default where they would change nothing; `because` says where that is.
pub(crate) fn without_effect(card: &Card, parameters: &Parameters, names: &[&str], because: &str) -> Result<(), CatalogError> {
    let usual = Parameters::resolve(card, &BTreeMap::new())?;
    let given = parameters.iter().zip(usual.iter());
    match given.into_iter().find(|((name, value), (_, usual))| names.contains(name) && value != usual) {
        Some(((name, value), _)) => Err(CatalogError::BadCombination {
            id: card.id.to_owned(),
            reason: format!("{name} = {value} changes nothing with {because}; leave it out"),
        }),
        None => Ok(()),
    }
}

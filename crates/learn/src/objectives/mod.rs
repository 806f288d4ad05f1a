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
//! | FairVIC * | `loss`: `Pass::forward` on inputs with the sensitive column flipped, terms over score and embedding |
//! | Fair Mixup | `loss`: `Pass::forward_tangent` along `x1 - x0` |
//! | group contribution matching, IGA, direct alignment | `forward` passes the cells, `loss` takes their gradients (`Pass::pull_back`) and the speeds along directions in weights (`Pass::push_forward`) |
//! | adversarial projection (Zhang et al.) | `correct`: second gradient through the adversary, projection array by array |
//! | exponentiated gradient * | `fit_alone` around whole fits, or `end_epoch` to reweigh rows between epochs |
//! | MetaFair, FairGBM * | `fit_alone` returns a [`crate::Fitted`] that is no network |

pub mod adversarial;
pub mod adversarial_projection;
pub mod demographic_parity_regularisation;
pub mod direct_alignment;
pub mod equalized_odds_regularisation;
pub mod fair_mixup;
pub mod gcm;
pub mod hsic;
pub mod iga;
pub mod l2;
pub mod mmd;
pub mod vanilla;
pub mod wasserstein;
pub mod wasserstein_adversary;

use evenhand_catalog::Entry;

use crate::Objective;

/// Every training method.
#[rustfmt::skip] // one line a method, so that adding one changes one line
pub const OBJECTIVES: &[Entry<dyn Objective>] = &[
    vanilla::ENTRY,
    adversarial::ENTRY,
    adversarial_projection::ENTRY,
    demographic_parity_regularisation::ENTRY,
    direct_alignment::ENTRY,
    equalized_odds_regularisation::ENTRY,
    fair_mixup::ENTRY,
    gcm::ENTRY,
    hsic::ENTRY,
    iga::ENTRY,
    l2::ENTRY,
    mmd::ENTRY,
    wasserstein::ENTRY,
    wasserstein_adversary::ENTRY,
];

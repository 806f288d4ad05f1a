//! Normalised discounted cumulative gain against true relevance, with linear gains.
//!
//! ```text
//! DCG@k = sum over ranks i = 1..k of l_i / log2(1 + i)        NDCG@k = DCG@k / DCG@k of the best order of the pool
//! ```
//!
//! l = label (relevance) of the candidate at rank i, from 0 upwards; a continuous label is read as it is. Between 0 and 1. Mean over jobs.
//! Undefined in a job without labels, with a label below 0, or without any above 0.
//!
//! Source: Järvelin and Kekäläinen 2002, with the discount at every rank. Equals scikit-learn's `ndcg_score` with the ranks as scores where
//! a candidate is relevant; without one scikit-learn gives 0.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gains::{self, NO_RELEVANCE};
use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "ndcg-linear",
    name: "NDCG, linear gains",
    kind: Kind::Metric,
    summary: "Whether the most relevant candidates stand first, judged by true labels taken as gains.",
    formula: "DCG@k / ideal DCG@k; DCG@k = sum over ranks i <= k of label_i / log2(1 + i); mean over jobs",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Järvelin and Kekäläinen 2002; equals scikit-learn ndcg_score where a candidate is relevant",
    parameters: &[],
};

/// NDCG with linear gains.
#[derive(Debug)]
pub(crate) struct NdcgLinear;

impl RankingMetric for NdcgLinear {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Labels
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::of_jobs(CARD.id, rankings, k, plan, number)
    }
}

fn number(job: &Job) -> Value {
    gains::ndcg(job, gains::relevance(job)?.to_vec(), NO_RELEVANCE)
}

#[cfg(test)]
mod tests {
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn labels_are_the_gains() {
        let (sizes, groups) = lists(&["aabb"]);
        let rankings = super::Rankings::new(&sizes, &groups).unwrap().labels(&[1.0, 3.0, 0.0, 2.0]).unwrap();
        let third = 1.0 / 3.0_f64.log2();
        let expected = (1.0 + 3.0 * third + 2.0 / 5.0_f64.log2()) / (3.0 + 2.0 * third + 0.5);
        assert!((number_of("ndcg-linear", &rankings, None) - expected).abs() < 1e-15);
    }
}

//! Normalised discounted cumulative gain against true relevance, with exponential gains.
//!
//! ```text
//! DCG@k = sum over ranks i = 1..k of (2^l_i - 1) / log2(1 + i)        NDCG@k = DCG@k / DCG@k of the best order of the pool
//! ```
//!
//! l = label (relevance) of the candidate at rank i: 0 or 1, or a grade from 0 upwards. Between 0 and 1; 1 when the labels never rise along
//! the first k and nobody better stands behind them. Mean over jobs. Undefined in a job without labels, with a label below 0, or without
//! any above 0.
//!
//! Source: Burges et al. 2005, with the discount of Järvelin and Kekäläinen 2002 at every rank. For labels 0 and 1 it equals `ndcg-linear`.
//! scikit-learn's `ndcg_score` has linear gains (`ndcg-linear`), gives 0 for a job without relevant candidates, and averages over the
//! orders of equal scores; here the ranking given is the one that was shown.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gains::{self, NO_RELEVANCE};
use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "ndcg",
    name: "NDCG",
    kind: Kind::Metric,
    summary: "Whether the most relevant candidates stand first, judged by true labels with exponential gains.",
    formula: "DCG@k / ideal DCG@k; DCG@k = sum over ranks i <= k of (2^label_i - 1) / log2(1 + i); mean over jobs",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Burges et al. 2005; Järvelin and Kekäläinen 2002",
    parameters: &[],
};

/// NDCG with exponential gains.
#[derive(Debug)]
pub(crate) struct Ndcg;

impl RankingMetric for Ndcg {
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
    let labels = gains::relevance(job)?;
    gains::ndcg(job, labels.iter().map(|label| label.exp2() - 1.0).collect(), NO_RELEVANCE)
}

#[cfg(test)]
mod tests {
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn grades_gain_exponentially() {
        // Gains 1, 7, 0, 3; best order 7, 3, 1, 0.
        let (sizes, groups) = lists(&["aabb"]);
        let rankings = super::Rankings::new(&sizes, &groups).unwrap().labels(&[1.0, 3.0, 0.0, 2.0]).unwrap();
        let third = 1.0 / 3.0_f64.log2();
        let expected = (1.0 + 7.0 * third + 3.0 / 5.0_f64.log2()) / (7.0 + 3.0 * third + 0.5);
        assert!((number_of("ndcg", &rankings, None) - expected).abs() < 1e-15);
        // The ideal is the whole pool's: the 3 behind the cutoff counts there.
        assert!((number_of("ndcg", &rankings, Some(1)) - 1.0 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn a_job_without_the_number_is_left_out() {
        let (sizes, groups) = lists(&["ab", "ab", "ab"]);
        let labels = [0.0, 1.0, 0.0, 0.0, -1.0, 1.0];
        let rankings = super::Rankings::new(&sizes, &groups).unwrap().labels(&labels).unwrap();
        let finding = crate::ranking::evaluate(&["ndcg"], &rankings, None, None).unwrap().remove(0);
        assert_eq!((finding.n, finding.estimate.number()), (1, Some(1.0 / 3.0_f64.log2())));
        let reasons = ["a label below 0: grades of relevance start at 0", "no candidate has a label above 0"];
        assert_eq!(finding.left_out, reasons.map(|reason| ("1 of 3 jobs".to_owned(), reason.to_owned())));
    }
}

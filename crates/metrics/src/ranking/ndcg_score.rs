//! How much of the scores a re-ranking gives away: NDCG of the new ranking with the scores as gains.
//!
//! ```text
//! DCG@k = sum over ranks i = 1..k of s_i / log2(1 + i)        NDCG@k = DCG@k / DCG@k of the candidates by falling score
//! ```
//!
//! s = score that made the original ranking, 0 or more. Between 0 and 1; 1 for the order of the scores. Mean over jobs. Undefined in a job
//! without scores, with a score below 0 (a logit: give probabilities, as no rule says how to shift it), or with all scores 0. It depends on
//! the scale of the scores: adding 1 to all of them moves it towards 1. `ndcg-original` reads the order alone.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019, who judge the utility of a re-ranked list by the NDCG of its scores; Järvelin and Kekäläinen
//! 2002.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gains;
use crate::job_means::{self, Missing, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "ndcg-score",
    name: "NDCG of the scores",
    kind: Kind::Metric,
    summary: "How much of the scores a re-ranking gives away at the top of the list.",
    formula: "DCG@k / DCG@k by falling score; DCG@k = sum over ranks i <= k of score_i / log2(1 + i); mean over jobs",
    fair_value: None,
    range: "[0, 1]",
    direction: Direction::Higher,
    source: "Geyik, Ambler and Kenthapadi 2019; Järvelin and Kekäläinen 2002",
    parameters: &[],
};

/// NDCG of the scores.
#[derive(Debug)]
pub(crate) struct NdcgScore;

impl RankingMetric for NdcgScore {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Scores
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::of_jobs(CARD.id, rankings, k, plan, number)
    }
}

const NO_SCORES: Missing = Missing::Undefined("no scores were given");
const NEGATIVE: Missing = Missing::Undefined("a score below 0, which cannot be a gain: give probabilities");
const ALL_ZERO: Missing = Missing::Undefined("no candidate has a score above 0");

fn number(job: &Job) -> Value {
    let scores = job.scores.ok_or(NO_SCORES)?;
    if scores.iter().any(|score| *score < 0.0) {
        return Err(NEGATIVE);
    }
    gains::ndcg(job, scores.to_vec(), ALL_ZERO)
}

#[cfg(test)]
mod tests {
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn scores_are_the_gains() {
        let (sizes, groups) = lists(&["abc"]);
        let rankings = super::Rankings::new(&sizes, &groups).unwrap().scores(&[0.5, 0.8, 0.4]).unwrap();
        let third = 1.0 / 3.0_f64.log2();
        let expected = (0.5 + 0.8 * third + 0.2) / (0.8 + 0.5 * third + 0.2);
        assert!((number_of("ndcg-score", &rankings, None) - expected).abs() < 1e-15);
        let logits = super::Rankings::new(&sizes, &groups).unwrap().scores(&[0.5, -0.8, 0.4]).unwrap();
        let finding = crate::ranking::evaluate(&["ndcg-score"], &logits, None, None).unwrap().remove(0);
        assert_eq!(finding.estimate.reason(), Some("a score below 0, which cannot be a gain: give probabilities"));
    }
}

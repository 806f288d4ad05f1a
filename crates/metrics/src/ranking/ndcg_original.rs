//! How much of the original ranking's order is left: NDCG of the new ranking with the original one as the truth.
//!
//! ```text
//! gain of a candidate = n + 1 - its place in the original ranking       n = candidates of the job: the first gains n, the last 1
//! NDCG@k = DCG@k of the new ranking / DCG@k of the original ranking     DCG@k = sum over ranks i = 1..k of gain_i / log2(1 + i)
//! ```
//!
//! The original ranking has the value 1 by definition, so one number says what a re-ranker changed, not how good either ranking is: a
//! re-ranker that undoes a wrong order is punished as well. Between 0 and 1; mean over jobs. Undefined in a job whose original places are
//! not given. n is the job's whole pool, so that the number depends on how long the tail behind the first k is: compare like with like.
//!
//! Source: the cost of re-ranking in "Bias Mitigation in Candidate Recommender Systems with Fairness Gates", section 3.3, where the
//! predicted ranks before re-ranking are the ideal ranking. The text leaves the gain of a rank open; it is linear here, as a rank is, and
//! does not depend on the scale of the scores. With the scores themselves as gains (Geyik et al. 2019 and most code) it is `ndcg-score`,
//! which is close to 1 when scores lie close together.

use evenhand_catalog::{Card, Direction, Kind};

use crate::gains;
use crate::job_means::{self, Missing, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "ndcg-original",
    name: "NDCG against the original ranking",
    kind: Kind::Metric,
    summary: "How much of the original ranking is left after re-ranking: the original order counts as the ideal.",
    formula: "DCG@k of the new order / DCG@k of the original one; gain of a candidate = n + 1 - its original place, n = candidates of the job; mean over jobs",
    fair_value: None,
    range: "(0, 1]",
    direction: Direction::Higher,
    source: "Bias Mitigation in Candidate Recommender Systems with Fairness Gates, section 3.3; linear gain of a rank: our choice",
    parameters: &[],
};

/// NDCG against the original ranking.
#[derive(Debug)]
pub(crate) struct NdcgOriginal;

impl RankingMetric for NdcgOriginal {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Original
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::of_jobs(CARD.id, rankings, k, plan, number)
    }
}

const NO_ORIGINAL: Missing = Missing::Undefined("no original ranking was given");
const EMPTY: Missing = Missing::Undefined("the job has no candidates");

fn number(job: &Job) -> Value {
    let places = job.original.ok_or(NO_ORIGINAL)?;
    let candidates = places.len();
    let found = gains::discounted(job, places.iter().map(|&place| (candidates + 1 - place as usize) as f64));
    gains::normalised(found, gains::discounted(job, (0..candidates).map(|place| (candidates - place) as f64)), EMPTY)
}

#[cfg(test)]
mod tests {
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn the_gain_falls_with_the_original_place() {
        let (sizes, groups) = lists(&["abc"]);
        let rankings = super::Rankings::new(&sizes, &groups).unwrap().original(&[2, 1, 3]).unwrap();
        let third = 1.0 / 3.0_f64.log2();
        let expected = (2.0 + 3.0 * third + 0.5) / (3.0 + 2.0 * third + 0.5);
        assert!((number_of("ndcg-original", &rankings, None) - expected).abs() < 1e-15);
        assert!((number_of("ndcg-original", &rankings, Some(1)) - 2.0 / 3.0).abs() < 1e-15);
        let untouched = super::Rankings::new(&sizes, &groups).unwrap().original(&[1, 2, 3]).unwrap();
        assert_eq!(number_of("ndcg-original", &untouched, Some(2)), 1.0);
    }
}

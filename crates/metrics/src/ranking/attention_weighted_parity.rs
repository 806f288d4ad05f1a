//! How far the groups' shares of attention lie from the wanted ones (attention-weighted rank fairness, AWRF).
//!
//! ```text
//! AWRF@k = 1/2 sum over groups g of | a_g - p_g |        a_g = sum of v_i over the places of g / sum of v_i over all known places
//! v_i = 1 / log2(1 + i) for ranks i = 1..k, 0 behind
//! ```
//!
//! p_g = wanted share. The distance is the total variation: the share of the attention that would have to move to other groups. 0 is fair,
//! at most 1; mean over jobs. Attention of places with candidates of unknown group belongs to nobody. Undefined in a job without wanted
//! shares, or without a candidate of known group among the first k.
//!
//! Source: Sapiezynski et al. 2019, who measure the distance of the groups' attention from population shares; logarithmic decay as in the
//! TREC Fair Ranking tracks of 2021 and 2022, where the number is 1 - Jensen-Shannon divergence (fair 1). Sapiezynski et al. and
//! FairRankTune let attention decay geometrically with a patience that the caller has to choose; FairRankTune then compares the groups'
//! attention per candidate instead of their shares, which is `exposure-ratio` with another decay.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, NO_WANTED, NOBODY_KNOWN, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "attention-weighted-parity",
    name: "Attention-weighted parity (AWRF)",
    kind: Kind::Metric,
    summary: "Share of the attention on the first k that would have to move for every group to have its wanted share of it.",
    formula: "1/2 sum over groups of |share of attention - wanted share|; attention of rank i <= k is 1 / log2(1 + i); mean over jobs",
    fair_value: Some(0.0),
    range: "[0, 1]",
    direction: Direction::Lower,
    source: "Sapiezynski et al. 2019; logarithmic decay as in the TREC 2021 Fair Ranking track",
    parameters: &[],
};

/// Attention-weighted rank fairness.
#[derive(Debug)]
pub(crate) struct AttentionWeightedParity;

impl RankingMetric for AttentionWeightedParity {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn needs(&self) -> RankingNeeds {
        RankingNeeds::Wanted
    }

    fn measure(&self, rankings: &Rankings, k: Option<usize>, plan: Option<&IntervalPlan>) -> Finding {
        job_means::of_jobs(CARD.id, rankings, k, plan, number)
    }
}

fn number(job: &Job) -> Value {
    let wanted = job.wanted.ok_or(NO_WANTED)?;
    let mut attention = vec![0.0; job.levels];
    for (&code, discount) in job.top().iter().zip(job.discounts) {
        if let Some(group) = job.known(code) {
            attention[group] += discount;
        }
    }
    let total: f64 = attention.iter().sum();
    if total == 0.0 {
        return Err(NOBODY_KNOWN);
    }
    Ok(attention.iter().zip(wanted).map(|(attention, wanted)| (attention / total - wanted).abs()).sum::<f64>() / 2.0)
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn the_attention_that_would_have_to_move() {
        let (sizes, groups) = lists(&["a?b"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        // Attention 1 and 1/2 among the known: two thirds against a half.
        assert!((number_of("attention-weighted-parity", &rankings, None) - 1.0 / 6.0).abs() < 1e-15);
        assert_eq!(number_of("attention-weighted-parity", &rankings, Some(2)), 0.5);
    }
}

//! In how many prefixes, group by group, a group is shown less often than wanted.
//!
//! ```text
//! number of pairs (prefix j = 1..k, group g) with count_g < floor(m p_g)
//! ```
//!
//! count_g = candidates of group g in the prefix, m = its candidates of known group, p_g = wanted share. 0 is fair; at most k times the
//! number of groups less one. Mean over jobs. Like `infeasible-index`, but a prefix that fails two groups counts twice. Undefined in a job
//! without wanted shares.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019. `reranking` leaves out the last prefix and groups that a prefix does not show.

use evenhand_catalog::{Card, Direction, Kind};

use crate::floors;
use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "infeasible-count",
    name: "Infeasible count",
    kind: Kind::Metric,
    summary: "Number of (prefix, group) pairs of the first k in which the group is shown less often than its wanted share asks for.",
    formula: "number of pairs (prefix j <= k, group g) with count of g < floor(m wanted share of g), m = candidates of known group in the prefix; mean over jobs",
    fair_value: Some(0.0),
    range: "[0, k (groups - 1)]",
    direction: Direction::Lower,
    source: "Geyik, Ambler and Kenthapadi 2019",
    parameters: &[],
};

/// Infeasible count.
#[derive(Debug)]
pub(crate) struct InfeasibleCount;

impl RankingMetric for InfeasibleCount {
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
    let mut pairs = 0_usize;
    floors::breaches(job, |groups| pairs += groups)?;
    Ok(pairs as f64)
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn a_prefix_that_fails_two_groups_counts_twice() {
        // Thirds: floors 0 0 1 1 1 2. aaaabc: b and c miss at 3 and 4, c misses at 5, both miss at 6.
        let (sizes, groups) = lists(&["aaaabc"]);
        let third = 1.0 / 3.0;
        let shares = [third, third, third];
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&shares).unwrap();
        assert_eq!(number_of("infeasible-count", &rankings, None), 7.0);
        assert_eq!(number_of("infeasible-index", &rankings, None), 4.0);
        assert_eq!(number_of("infeasible-count", &rankings, Some(4)), 4.0);
    }
}

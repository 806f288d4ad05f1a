//! In how many prefixes some group is shown less often than wanted.
//!
//! ```text
//! number of prefixes j = 1..k with count_g < floor(m p_g) for some group g
//! ```
//!
//! count_g = candidates of group g in the prefix, m = its candidates of known group, p_g = wanted share. 0 is fair; at most k. Mean over
//! jobs. A group that has run out is counted as not shown: the index speaks of the list, not of whose fault it is. Undefined in a job
//! without wanted shares.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019. AIF360 0.6.1 and `reranking` leave the last prefix out, `reranking` also groups that a prefix
//! does not show at all. A product such as 0.29 x 100 = 28.999999999999996 counts as 29.

use evenhand_catalog::{Card, Direction, Kind};

use crate::floors;
use crate::job_means::{self, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "infeasible-index",
    name: "Infeasible index",
    kind: Kind::Metric,
    summary: "Number of prefixes of the first k in which some group is shown less often than its wanted share asks for.",
    formula: "number of prefixes j <= k with count of g < floor(m wanted share of g) for some group g, m = candidates of known group in the prefix; mean over jobs",
    fair_value: Some(0.0),
    range: "[0, k]",
    direction: Direction::Lower,
    source: "Geyik, Ambler and Kenthapadi 2019",
    parameters: &[],
};

/// Infeasible index.
#[derive(Debug)]
pub(crate) struct InfeasibleIndex;

impl RankingMetric for InfeasibleIndex {
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
    let mut prefixes = 0_usize;
    floors::breaches(job, |groups| prefixes += usize::from(groups > 0))?;
    Ok(prefixes as f64)
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn every_prefix_counts_the_last_one_too() {
        // Floors at one half: 0, 1, 1, 2, 2, 3. aaabbb shows b 0, 0, 0, 1, 2, 3 times and breaches at 2, 3 and 4; abba never.
        let (sizes, groups) = lists(&["aaabbb", "abba"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        assert_eq!(number_of("infeasible-index", &rankings, None), 1.5);
        assert_eq!(number_of("infeasible-index", &rankings, Some(2)), 0.5);
        assert_eq!(number_of("infeasible-index", &rankings, Some(1)), 0.0);
    }

    #[test]
    fn a_place_of_unknown_group_repeats_the_prefix_before_it() {
        let (sizes, groups) = lists(&["?aa?b"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        assert_eq!(number_of("infeasible-index", &rankings, None), 2.0);
    }
}

//! Normalised discounted cumulative Kullback-Leibler divergence: how far the groups' shares in the prefixes of a ranking lie from the
//! wanted ones, the top weighing most.
//!
//! ```text
//! NDKL@k = (1/Z) sum over ranks i = 1..k of KL(D_i || D) / log2(1 + i)        Z = sum over the same ranks of 1 / log2(1 + i)
//! KL(D_i || D) = sum over groups g of d_ig ln(d_ig / p_g)                     natural logarithm, 0 ln 0 = 0, no epsilon
//! ```
//!
//! D_i = shares of the groups among the candidates of known group in the first i places, D = wanted shares p. At least 0; the first place
//! shows one group alone, so that 0 is only reached where a single group is wanted: compare rankings of the same pool and k, one of them
//! drawn by lot. Prefixes without a candidate of known group enter neither sum. Mean over jobs.
//!
//! Undefined in a job without wanted shares (they are never taken from the list), or without a candidate of known group among the first k.
//! A group that is shown though its wanted share is 0 makes the divergence infinite, and with it the mean.
//!
//! Source: Geyik, Ambler and Kenthapadi 2019, equation 4; k is the whole list there. FairRankTune adds 1e-7 to both shares and takes the
//! shares of the list for the wanted ones, so that a list that shows one group alone has NDKL 0; `reranking` skips groups that a prefix
//! does not show and the last prefix; the base of the logarithm differs between toolkits.

use evenhand_catalog::{Card, Direction, Kind};

use crate::job_means::{self, NO_WANTED, NOBODY_KNOWN, Value};
use crate::ranking::{RankingMetric, RankingNeeds};
use crate::rankings::Job;
use crate::skews::UNWANTED;
use crate::{Finding, IntervalPlan, Rankings};

const CARD: Card = Card {
    id: "ndkl",
    name: "NDKL",
    kind: Kind::Metric,
    summary: "Distance of the groups' shares in every prefix of the list from the wanted shares, the top weighing most.",
    formula: "(1/Z) sum over ranks i <= k of KL(shares among the first i || wanted shares) / log2(1 + i); Z = sum of 1 / log2(1 + i); natural logarithm; mean over jobs",
    fair_value: Some(0.0),
    range: "[0, infinity)",
    direction: Direction::Lower,
    source: "Geyik, Ambler and Kenthapadi 2019, equation 4",
    parameters: &[],
};

/// NDKL.
#[derive(Debug)]
pub(crate) struct Ndkl;

impl RankingMetric for Ndkl {
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
    let logarithms: Vec<f64> = wanted.iter().map(|share| share.ln()).collect();
    let mut counts = vec![0_usize; job.levels];
    let (mut known, mut sum, mut weights, mut divergence) = (0, 0.0, 0.0, 0.0);
    for (&code, discount) in job.top().iter().zip(job.discounts) {
        if let Some(group) = job.known(code) {
            if wanted[group] == 0.0 {
                return Err(UNWANTED);
            }
            counts[group] += 1;
            known += 1;
            divergence = kl(job, &counts, known, &logarithms);
        }
        if known > 0 {
            sum += discount * divergence;
            weights += discount;
        }
    }
    if known > 0 { Ok(sum / weights) } else { Err(NOBODY_KNOWN) }
}

/// Divergence of the shares `counts / known` from the wanted ones, of which the logarithms are given.
fn kl(job: &Job, counts: &[usize], known: usize, wanted: &[f64]) -> f64 {
    let shown = counts.iter().zip(wanted).filter(|(count, _)| **count > 0);
    let sum: f64 = shown.map(|(&count, wanted)| count as f64 * (job.logarithms[count] - job.logarithms[known] - wanted)).sum();
    // A divergence is never negative; rounding is.
    (sum / known as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use crate::Rankings;
    use crate::ranking::tests::{lists, number_of};

    #[test]
    fn two_groups_by_hand() {
        // Prefixes a, ab, aba, abab against one half each: ln 2, 0, 2/3 ln(4/3) + 1/3 ln(2/3), 0.
        let (sizes, groups) = lists(&["abab"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        let (second, fourth) = (1.0 / 3.0_f64.log2(), 1.0 / 5.0_f64.log2());
        let third = 2.0 / 3.0 * (4.0_f64 / 3.0).ln() + (2.0_f64 / 3.0).ln() / 3.0;
        let expected = (2.0_f64.ln() + 0.5 * third) / (1.0 + second + 0.5 + fourth);
        assert!((number_of("ndkl", &rankings, None) - expected).abs() < 1e-15);
        assert!((number_of("ndkl", &rankings, Some(2)) - 2.0_f64.ln() / (1.0 + second)).abs() < 1e-15);
    }

    #[test]
    fn candidates_of_unknown_group_take_a_place_and_no_share() {
        // Place 1 shows nobody known; places 2 and 3 show a alone; place 4 both.
        let (sizes, groups) = lists(&["?a?b"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[0.5, 0.5]).unwrap();
        let (second, fourth) = (1.0 / 3.0_f64.log2(), 1.0 / 5.0_f64.log2());
        let expected = 2.0_f64.ln() * (second + 0.5) / (second + 0.5 + fourth);
        assert!((number_of("ndkl", &rankings, None) - expected).abs() < 1e-15);
        let finding = crate::ranking::evaluate(&["ndkl"], &rankings, Some(1), None).unwrap().remove(0);
        assert_eq!(finding.estimate.reason(), Some("nobody of known group among the first k"));
    }

    #[test]
    fn an_unwanted_group_in_one_job_makes_the_mean_infinite() {
        let (sizes, groups) = lists(&["ab", "aa"]);
        let rankings = Rankings::new(&sizes, &groups).unwrap().wanted(&[1.0, 0.0]).unwrap();
        let finding = crate::ranking::evaluate(&["ndkl"], &rankings, None, None).unwrap().remove(0);
        let reason = "somebody of a group without a wanted share among the first k: infinite in 1 of 2 jobs, and so is the mean; in the one \
                      other job that has the number it is 0.0000";
        assert_eq!(finding.estimate.reason(), Some(reason));
        assert_eq!(number_of("ndkl", &rankings, Some(1)), 0.0);
    }
}

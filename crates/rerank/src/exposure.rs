//! Orders that together give each group its share of the exposure, at the best utility.
//!
//! ```text
//! v(j)  = 1 / log2(1 + j) for places j = 1 to the length of the list, 0 below it         exposure of a place
//! E(g)  = sum over candidates i of g, places j of P(i,j) v(j) / sum_j v(j)               expected exposure of a group
//! maximise  sum over i, j of u(i) P(i,j) v(j)      subject to  P doubly stochastic,  E(g) = p(g) for every group
//! ```
//!
//! u(i) score of the candidate, P(i,j) probability that i stands at place j, p wanted share of the group. With p the shares of the pool this
//! is the demographic parity of exposure of the source: each group's mean exposure is the same.
//!
//! **The small program.** The constraint knows P only through the groups' exposures, so at given prices y(g) of exposure the best P is an order:
//! that by u(i) - y(g(i)). An optimal P is therefore a mixture of such orders, one for each constraint at most. They are found by
//! column generation (Dantzig and Wolfe): a program with one row a group, whose columns are orders, offered at the current prices by
//! merging the groups' sorted lists. No n x n matrix and no Birkhoff-von Neumann decomposition is needed, as the mixture is the
//! decomposition. Groups keep the order of their scores in each. Cost: O(n log groups) a round, some tens of rounds with few groups.
//!
//! **Out of reach.** The n(S) candidates of some groups cannot have more exposure than the first n(S) places. Where the wanted shares ask for
//! it, the program takes the shares (1 - l) pool + l wanted with the largest l <= 1 that can be had, and says l (`reached`). The
//! groups that can be short are the first ones by p(g) / n(g), as the sum of v over the first n places is concave in n.
//!
//! Groups of share 0 come after the others; groups without candidates are left out, and the shares of the others scaled up.
//!
//! Source: A. Singh and T. Joachims, "Fairness of exposure in rankings", KDD 2018, sections 3.2 to 3.4 and 4.1.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::pool::Pool;
use crate::simplex::{self, Column, Failure};
use crate::{RerankError, Shares, Shortlist};

/// Orders with their probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// Probability and candidates by position in the shortlist, best first; the most probable order first. Candidates of known group only.
    pub orders: Vec<(f64, Vec<usize>)>,
    /// Expected exposure of each group, as a share of all, in the order of the levels.
    pub exposures: Vec<f64>,
    /// Expected utility: sum of score times exposure of the place, not divided by anything.
    pub utility: f64,
    /// How much of the way from the pool's shares to the wanted ones could be gone, in [0, 1].
    pub reached: f64,
}

/// The orders of best utility whose expected exposure shows the groups as wanted. Of candidates of unknown group it knows nothing.
pub fn mixture(shortlist: &Shortlist, wanted: &Shares, length: usize) -> Result<Mixture, RerankError> {
    wanted.check(shortlist)?;
    let pool = Pool::new(shortlist);
    let solved = solve(&pool, shortlist, wanted, length)?;
    let orders = solved.orders.into_iter();
    Ok(Mixture {
        orders: orders.map(|(weight, ranks)| (weight, ranks.into_iter().map(|rank| pool.candidate(rank)).collect())).collect(),
        exposures: solved.exposures,
        utility: solved.utility,
        reached: solved.reached,
    })
}

/// A mixture of orders of ranks.
#[derive(Debug)]
pub(crate) struct Solved {
    pub(crate) orders: Vec<(f64, Vec<u32>)>,
    pub(crate) exposures: Vec<f64>,
    pub(crate) utility: f64,
    pub(crate) reached: f64,
}

pub(crate) fn solve(pool: &Pool, shortlist: &Shortlist, wanted: &Shares, length: usize) -> Result<Solved, RerankError> {
    // In the order of their best scores, so that names and codes decide nothing.
    let mut groups: Vec<u32> = (0..pool.groups() as u32).filter(|&group| wanted.of(group) > 0.0 && !pool.queue(group).is_empty()).collect();
    groups.sort_unstable_by_key(|&group| pool.queue(group)[0]);
    let candidates: usize = groups.iter().map(|&group| pool.queue(group).len()).sum();
    let weights: Vec<f64> = (0..length.min(candidates)).map(|place| (place as f64 + 2.0).log2().recip()).collect();
    let mut solved = Solved { orders: Vec::new(), exposures: vec![0.0; pool.groups()], utility: 0.0, reached: 1.0 };
    if weights.is_empty() {
        return Ok(solved);
    }
    let program = Program::new(pool, shortlist, &groups, weights);
    let (targets, reached) = program.targets(wanted);
    solved.reached = reached;

    // One row for each group but the last, whose exposure is the rest, and one for the probabilities.
    let mut rhs = targets;
    rhs.pop();
    rhs.push(1.0);
    let columns =
        simplex::maximise(&rhs, |prices, weight| Some(program.order(prices, weight))).map_err(|failure| RerankError::Program {
            method: "exposure-lp",
            reason: match failure {
                Failure::Infeasible => "no mixture of orders gives the wanted exposures, which is a slip of ours",
                Failure::NoEnd => "rounding kept the program from an end; try shares that differ a little",
            },
        })?;
    let total: f64 = columns.iter().map(|(weight, _)| weight).sum();
    for (weight, column) in columns {
        let (weight, ranks) = (weight / total, column.meaning);
        for (&rank, place) in ranks.iter().zip(&program.weights) {
            let candidate = pool.candidate(rank);
            solved.exposures[pool.group(rank) as usize] += weight * place / program.total;
            solved.utility += weight * place * shortlist.scores()[candidate];
        }
        solved.orders.push((weight, ranks));
    }
    solved.orders.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    Ok(solved)
}

#[derive(Debug)]
struct Program<'p> {
    /// Of each group in question, the ranks and the scores scaled to [0, 1].
    lists: Vec<(&'p [u32], Vec<f64>)>,
    groups: Vec<u32>,
    /// Exposure of the places, and their sum.
    weights: Vec<f64>,
    total: f64,
}

impl<'p> Program<'p> {
    fn new(pool: &'p Pool, shortlist: &Shortlist, groups: &[u32], weights: Vec<f64>) -> Self {
        let scores = || groups.iter().flat_map(|&group| pool.queue(group)).map(|&rank| shortlist.scores()[pool.candidate(rank)]);
        let (low, high) = scores().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), score| (low.min(score), high.max(score)));
        // Halved before they are subtracted: the range of finite scores need not be finite.
        let scaled = |score: f64| if high > low { (score / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) } else { 0.0 };
        let list = |&group: &u32| {
            let ranks = pool.queue(group);
            (ranks, ranks.iter().map(|&rank| scaled(shortlist.scores()[pool.candidate(rank)])).collect())
        };
        let total = weights.iter().sum();
        Program { lists: groups.iter().map(list).collect(), groups: groups.to_vec(), weights, total }
    }

    /// The shares of exposure to be had, and how far they lie from the pool's towards the wanted ones.
    fn targets(&self, wanted: &Shares) -> (Vec<f64>, f64) {
        let sum: f64 = self.groups.iter().map(|&group| wanted.of(group)).sum();
        let candidates = self.lists.iter().map(|(ranks, _)| ranks.len()).sum::<usize>() as f64;
        let sides: Vec<(f64, f64)> = self
            .groups
            .iter()
            .zip(&self.lists)
            .map(|(&group, (ranks, _))| (wanted.of(group) / sum, ranks.len() as f64 / candidates))
            .collect();
        let mut by_need: Vec<usize> = (0..sides.len()).collect();
        by_need.sort_by(|&one, &other| (sides[other].0 / sides[other].1).total_cmp(&(sides[one].0 / sides[one].1)));
        let (mut share, mut pool, mut count, mut first, mut reached) = (0.0, 0.0, 0, 0.0, 1.0_f64);
        for position in by_need {
            share += sides[position].0;
            pool += sides[position].1;
            let ranks = self.lists[position].0.len();
            first += self.weights.iter().skip(count).take(ranks).sum::<f64>() / self.total;
            count += ranks;
            // pool + l (share - pool) must not exceed the exposure of the first places.
            if share > first + 1e-12 {
                reached = reached.min((first - pool) / (share - pool));
            }
        }
        let reached = reached.max(0.0);
        (sides.iter().map(|(share, pool)| pool + reached * (share - pool)).collect(), reached)
    }

    /// The best order when a unit of a group's exposure costs its price and scores count `weight`.
    fn order(&self, prices: &[f64], weight: f64) -> Column<Vec<u32>> {
        // The last group has no row, hence no price.
        let price = |list: usize| if list + 1 < self.lists.len() { prices[list] } else { 0.0 };
        let value = |list: usize, at: usize| weight * self.lists[list].1[at] - price(list);
        let entry = |list: usize, at: usize| self.lists[list].0.get(at).map(|&rank| (Value(value(list, at)), Reverse(rank), list, at));
        let mut heads: BinaryHeap<_> = (0..self.lists.len()).filter_map(|list| entry(list, 0)).collect();
        let mut order = Vec::with_capacity(self.weights.len());
        let mut uses = vec![0.0; self.lists.len()];
        let mut worth = 0.0;
        for place in &self.weights {
            let Some((_, Reverse(rank), list, at)) = heads.pop() else { break };
            order.push(rank);
            uses[list] += place / self.total;
            worth += self.lists[list].1[at] * place / self.total;
            heads.extend(entry(list, at + 1));
        }
        // The row of the probabilities takes the place of the last group's.
        if let Some(last) = uses.last_mut() {
            *last = 1.0;
        }
        Column { uses, worth, meaning: order }
    }
}

/// A number that is one, in its order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Value(f64);

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

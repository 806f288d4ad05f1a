//! FA*IR: as much of the order by score as a test of representation lets pass.
//!
//! ```text
//! m(k) = the least m with F(m; k, p) > a        F binomial distribution function: at most m of k draws, each with probability p
//! place k: the best score, unless a group must come now for all minima m(k), m(k + 1), ... to be reached
//! ```
//!
//! p in [0, 1] wanted share of a group, k length of the prefix, a the adjusted significance. A list that draws its candidates at random with
//! the wanted shares fails the test of a group when some prefix has fewer than m(k). As every prefix is a test, a is taken so low
//! that this happens with probability `alpha` altogether (computed exactly, prefix by prefix). Between two neighbouring tables,
//! `adjust = "at-most"` takes the one whose failure probability is at most `alpha`, `"nearest"` the one closer to it, as the public code does;
//! `"none"` takes a = alpha as it is.
//!
//! **Several groups.** Each group with a share has its own table, at significance alpha / groups: by the union bound a list drawn at
//! random then fails any of the tests with probability at most `alpha`. (Zehlike et al. 2022 test all groups at once with multinomial
//! trees of minima, whose size grows exponentially with groups and places, and whose branch has to be chosen.) `protect = "NAME"` tests
//! one group only, which with two groups is FA*IR of 2017. With alpha below 1/4 the minima of all groups together never exceed the prefix, and
//! looking ahead to the first prefix that leaves no choice reaches all of them, but for groups that run out.
//!
//! The minima lie below floor(k p): FA*IR changes less than the Det methods, and its breaches count against its minima. Lists
//! up to 2000 places.
//!
//! Source: M. Zehlike, F. Bonchi, C. Castillo, S. Hajian, M. Megahed, R. Baeza-Yates, "FA*IR: a fair top-k ranking algorithm", CIKM 2017
//! (definition 3.1, algorithms 1 and 2); M. Zehlike, T. Suehr, R. Baeza-Yates, F. Bonchi, C. Castillo, S. Hajian, "Fair top-k ranking
//! with multiple protected groups", Information Processing and Management 59 (2022). Public code (fairsearch-core 1.0.4) leaves the last
//! prefix out of the failure probability.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use evenhand_catalog::{Allowed, Card, Direction, Entry, Kind, Literal, Parameter};

use crate::pool::{Pool, Standing, Waiting};
use crate::shares::{Floors, NEVER};
use crate::{FloorRule, Ranking, Reason, RerankError, Reranker, Shares, Shortlist};

static CARD: Card = Card {
    id: "fa-ir",
    name: "FA*IR",
    kind: Kind::Reranker,
    summary: "Keeps the order by score as far as a statistical test of representation passes at every prefix. Changes less than the Det \
              methods. Several groups: a test each, at a share of the significance.",
    formula: "m(k) = least m with F(m; k, p) > a, F binomial; a such that a random list with the wanted shares fails with probability alpha",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Zehlike et al. 2017, definition 3.1, algorithms 1 and 2; several groups after Zehlike et al. 2022, here by the union bound",
    parameters: &[
        Parameter {
            name: "alpha",
            default: Literal::Number(0.1),
            allowed: Allowed::Between(0.0001, 0.2),
            purpose: "probability with which a list drawn at random with the wanted shares would fail; lower changes less",
        },
        Parameter {
            name: "protect",
            default: Literal::Text("all"),
            allowed: Allowed::Any,
            purpose: "all: every group with a share is tested; or the name of the one group to test",
        },
        Parameter {
            name: "adjust",
            default: Literal::Text("at-most"),
            allowed: Allowed::OneOf(&["at-most", "nearest", "none"]),
            purpose: "failure probability of the table against alpha: at-most, the nearest, or not adjusted for the number of prefixes",
        },
    ],
};

pub(super) const ENTRY: Entry<dyn Reranker> = Entry {
    card: &CARD,
    build: |parameters| {
        Ok(Box::new(FaIr {
            alpha: parameters.number("alpha"),
            protect: parameters.text("protect").to_owned(),
            adjust: match parameters.text("adjust") {
                "nearest" => Adjust::Nearest,
                "none" => Adjust::None,
                _ => Adjust::AtMost,
            },
            tables: Mutex::default(),
        }))
    },
};

/// The failure probability is a sum over places and counts, found anew some forty times.
const LONGEST: usize = 2000;

/// Tables kept; jobs of one length and the same shares need the same one.
const KEPT: usize = 4096;

#[derive(Debug)]
struct FaIr {
    alpha: f64,
    protect: String,
    adjust: Adjust,
    tables: Mutex<Tables>,
}

/// Tables of minima by share, significance (their bits) and length.
type Tables = BTreeMap<(u64, u64, usize), Arc<Vec<u32>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Adjust {
    AtMost,
    Nearest,
    None,
}

impl Reranker for FaIr {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn floors(&self) -> FloorRule {
        FloorRule::Own
    }

    fn rerank(&self, shortlist: &Shortlist, wanted: &Shares, length: usize, _seed: u64) -> Result<Ranking, RerankError> {
        wanted.check(shortlist)?;
        let pool = Pool::new(shortlist);
        let known = length.min(pool.known());
        if known > LONGEST {
            return Err(RerankError::TooLong { method: CARD.id, length: known, limit: LONGEST });
        }
        let minima = self.minima(shortlist.levels(), wanted, known)?;
        let standings = fill(&pool, &minima, wanted, known);
        Ok(Ranking::new(&pool, &standings, &minima, wanted, length))
    }
}

impl FaIr {
    fn minima(&self, levels: &[String], wanted: &Shares, length: usize) -> Result<Minima, RerankError> {
        let known = || levels.join(", ");
        let one = match self.protect.as_str() {
            "all" => None,
            name => Some(
                levels
                    .iter()
                    .position(|level| level == name)
                    .ok_or_else(|| RerankError::UnknownGroup { group: name.to_owned(), known: known() })?,
            ),
        };
        let tested = |group: usize| wanted.values()[group] > 0.0 && one.is_none_or(|one| one == group);
        let significance = self.alpha / (0..levels.len()).filter(|&group| tested(group)).count().max(1) as f64;
        let table = |group: usize| if tested(group) { Some(self.table(wanted.values()[group], significance, length)) } else { None };
        Ok(Minima((0..levels.len()).map(table).collect()))
    }

    fn table(&self, share: f64, significance: f64, length: usize) -> Arc<Vec<u32>> {
        let key = (share.to_bits(), significance.to_bits(), length);
        let kept = || self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = kept().get(&key) {
            return Arc::clone(table);
        }
        let table = Arc::new(match self.adjust {
            Adjust::None => minima(share, significance, length),
            adjust => adjusted(share, significance, length, adjust == Adjust::Nearest).1,
        });
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&table));
        table
    }
}

/// Of each tested group, its minimum at prefix 1, 2, ...
#[derive(Debug)]
struct Minima(Vec<Option<Arc<Vec<u32>>>>);

impl Floors for Minima {
    fn floor(&self, group: u32, prefix: usize) -> usize {
        let table = self.0[group as usize].as_ref();
        prefix.checked_sub(1).and_then(|position| table?.get(position)).map_or(0, |&count| count as usize)
    }

    fn due(&self, group: u32, count: usize) -> usize {
        let Some(table) = &self.0[group as usize] else { return NEVER };
        let position = table.partition_point(|&minimum| (minimum as usize) < count);
        if position < table.len() { position + 1 } else { NEVER }
    }
}

/// The best score, unless the minima of the prefixes to come leave no choice.
fn fill(pool: &Pool, minima: &Minima, wanted: &Shares, length: usize) -> Vec<Standing> {
    let groups: Vec<u32> = (0..pool.groups() as u32).filter(|&group| wanted.of(group) > 0.0).collect();
    let mut counts = vec![0; pool.groups()];
    let mut waiting = Waiting::new(pool);
    let mut standings = Vec::with_capacity(length);
    // What a group cannot fill is not owed.
    let owed = |group: u32, prefix: usize| minima.floor(group, prefix).min(pool.queue(group).len());
    // Places up to each prefix that nothing owed will need; the prefix stands at its index.
    let mut free: Vec<i64> =
        (0..=length).map(|prefix| prefix as i64 - groups.iter().map(|&group| owed(group, prefix) as i64).sum::<i64>()).collect();
    while standings.len() < length {
        let place = standings.len() + 1;
        let head = |group: u32| pool.queue(group).get(counts[group as usize]).copied();
        let tight = (place..=length).find(|&prefix| free[prefix] <= 0);
        let needed = |group: &u32| tight.is_none_or(|prefix| owed(*group, prefix) > counts[*group as usize]);
        let Some((rank, group)) = groups.iter().filter(|group| needed(group)).filter_map(|&group| Some((head(group)?, group))).min() else {
            break;
        };
        let count = counts[group as usize] + 1;
        let due = minima.due(group, count);
        // Not the best score that waits: a minimum left no choice, or the best is of a group of share 0, which has no place yet.
        let otherwise = match waiting.best_group().filter(|_| tight.is_none()) {
            Some(group) => Reason::Ceiling { group, allowed: 0, prefix: place },
            None => Reason::Floor { group, wanted: count, prefix: due },
        };
        standings.push(Standing { rank, reason: waiting.reason(rank, otherwise) });
        waiting.place(rank);
        counts[group as usize] = count;
        // The place is spent; from where the group's minimum asks for this candidate on, it was spent on what was owed.
        for spent in &mut free[place..due.clamp(place, length + 1)] {
            *spent -= 1;
        }
    }
    let out = groups.iter().find(|&&group| counts[group as usize] == pool.queue(group).len());
    let reason = out.map_or(Reason::Score, |&group| Reason::RanOut { group });
    waiting.append_rest(&mut standings, length, reason);
    standings
}

/// m(k) for k = 1 to `length` at significance `a`: the least m with F(m; k, p) > a.
fn minima(share: f64, a: f64, length: usize) -> Vec<u32> {
    if share >= 1.0 {
        return (1..=length as u32).collect();
    }
    let odds = share / (1.0 - share);
    let (mut least, mut mass, mut below) = (0_u32, 1.0, 1.0);
    let mut table = Vec::with_capacity(length);
    // `mass` = P(X = least), `below` = P(X <= least) for k draws; both follow from those for k - 1.
    for draws in 1..=length {
        below -= share * mass;
        mass *= draws as f64 / (draws - least as usize).max(1) as f64 * (1.0 - share);
        while below <= a && (least as usize) < draws {
            mass *= (draws - least as usize) as f64 / f64::from(least + 1) * odds;
            least += 1;
            below += mass;
        }
        table.push(least);
    }
    table
}

/// Probability that draws with this share fall below the table at some prefix.
fn failure_probability(share: f64, table: &[u32]) -> f64 {
    let most = table.last().copied().unwrap_or(0) as usize;
    // Probability of each count without a failure so far; the last stands for `most` and above, which cannot fail any more.
    let mut alive = vec![0.0; most + 1];
    alive[0] = 1.0;
    for &minimum in table {
        for count in (0..=most).rev() {
            let stays = if count == most { alive[count] } else { alive[count] * (1.0 - share) };
            let comes = if count == 0 { 0.0 } else { alive[count - 1] * share };
            alive[count] = if count < minimum as usize { 0.0 } else { stays + comes };
        }
    }
    (1.0 - alive.iter().sum::<f64>()).max(0.0)
}

/// The adjusted significance and its table: failure probability at most `alpha`, or the nearest to it.
fn adjusted(share: f64, alpha: f64, length: usize, nearest: bool) -> (f64, Vec<u32>) {
    let at = |a: f64| {
        let table = minima(share, a, length);
        (a, failure_probability(share, &table), table)
    };
    // Tables grow with a; at 0 nothing is asked for.
    let (mut low, mut high) = ((0.0, 0.0, vec![0; length]), at(alpha));
    if high.1 <= alpha {
        return (high.0, high.2);
    }
    let mass = |table: &[u32]| table.iter().map(|&minimum| u64::from(minimum)).sum::<u64>();
    while mass(&high.2) - mass(&low.2) > 1 && high.0 - low.0 > 1e-15 {
        let middle = at(f64::midpoint(low.0, high.0));
        if middle.1 <= alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    if nearest && high.1 - alpha < alpha - low.1 { (high.0, high.2) } else { (low.0, low.2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minima_are_those_printed_in_the_paper() {
        // Zehlike et al. 2017, table 2: m(k) for k = 1 to 12 at alpha = 0.1.
        let printed = [
            (0.1, [0; 12]),
            (0.2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
            (0.3, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2]),
            (0.4, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]),
            (0.5, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4]),
            (0.6, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
            (0.7, [0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6]),
        ];
        for (share, table) in printed {
            assert_eq!(minima(share, 0.1, 12), table, "{share}");
        }
        assert_eq!(minima(1.0, 0.1, 3), [1, 2, 3]);
    }

    #[test]
    fn the_failure_probability_is_that_of_all_lists_counted() {
        for (share, a) in [(0.5, 0.1), (0.3, 0.2), (0.7, 0.05), (0.45, 0.15)] {
            for length in 1..=12 {
                let table = minima(share, a, length);
                let fails = |list: &u32| (1..=length).any(|prefix| (list & ((1 << prefix) - 1)).count_ones() < table[prefix - 1]);
                let probability =
                    |list: u32| share.powi(list.count_ones() as i32) * (1.0 - share).powi(length as i32 - list.count_ones() as i32);
                let counted: f64 = (0..1_u32 << length).filter(fails).map(probability).sum();
                assert!((failure_probability(share, &table) - counted).abs() < 1e-12, "{share} {a} {length}");
            }
        }
    }

    #[test]
    fn the_adjusted_table_fails_with_at_most_alpha_and_the_next_larger_one_with_more() {
        for (share, alpha, length) in [(0.5, 0.1, 10), (0.3, 0.1, 100), (0.6, 0.05, 400), (0.02, 0.1, 50), (0.98, 0.1, 200)] {
            let (a, table) = adjusted(share, alpha, length, false);
            let failure = failure_probability(share, &table);
            assert!(failure <= alpha, "{share} {length}: {failure}");
            let unadjusted = failure_probability(share, &minima(share, alpha, length));
            let larger = minima(share, a + 1e-12, length);
            let larger = if larger == table { minima(share, a * (1.0 + 1e-6) + 1e-12, length) } else { larger };
            assert!(unadjusted <= alpha || larger == table || failure_probability(share, &larger) > alpha, "{share} {length}");
            let (_, nearest) = adjusted(share, alpha, length, true);
            assert!((failure_probability(share, &nearest) - alpha).abs() <= (failure - alpha).abs());
        }
    }

    #[test]
    fn minima_of_all_groups_fit_into_every_prefix() {
        for shares in [&[0.5, 0.5][..], &[0.99, 0.01], &[0.9, 0.1], &[0.34, 0.33, 0.33], &[0.25; 4], &[0.7, 0.1, 0.1, 0.1], &[0.1; 10]] {
            let tables: Vec<Vec<u32>> = shares.iter().map(|&share| minima(share, 0.2, 300)).collect();
            for prefix in 1..=300 {
                assert!(tables.iter().map(|table| table[prefix - 1] as usize).sum::<usize>() <= prefix);
                assert!(tables.iter().all(|table| prefix == 300 || table[prefix] - table[prefix - 1] <= 1));
            }
        }
    }

    #[test]
    fn tables_and_failure_probabilities_are_those_of_fairsearch() {
        let reference: serde_json::Value = serde_json::from_str(include_str!("../../../../reference/rerank.json")).unwrap();
        for case in reference["fa_ir"].as_array().unwrap() {
            let number = |name: &str| case[name].as_f64().unwrap();
            let table = |name: &str| case[name].as_array().unwrap().iter().map(|count| count.as_u64().unwrap() as u32).collect::<Vec<_>>();
            let (share, alpha, length) = (number("share"), number("alpha"), case["length"].as_u64().unwrap() as usize);
            assert_eq!(minima(share, alpha, length), table("table"), "{case}");
            // fairsearch leaves the last prefix out; so do we for once.
            let failure = |table: &[u32]| failure_probability(share, &table[..length - 1]);
            assert!((failure(&table("table")) - number("failure_without_last")).abs() < 1e-9, "{case}");
            assert_eq!(minima(share, number("adjusted_alpha"), length), table("adjusted_table"), "{case}");
            assert!((failure(&table("adjusted_table")) - number("adjusted_failure_without_last")).abs() < 1e-9, "{case}");
            // Where the last prefix asks for nobody new the two agree on the table, too.
            let theirs = table("adjusted_table");
            let (_, ours) = adjusted(share, alpha, length, true);
            if theirs[length - 1] == theirs[length - 2] && ours[length - 1] == ours[length - 2] {
                assert_eq!(ours, theirs, "{case}");
            } else {
                assert!((failure_probability(share, &ours) - alpha).abs() <= (failure_probability(share, &theirs) - alpha).abs() + 1e-12);
            }
        }
    }
}

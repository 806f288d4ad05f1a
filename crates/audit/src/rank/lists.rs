//! The lists of all jobs by score and as re-ranked, and what both give to the groups.

use std::collections::{BTreeMap, HashSet};

use evenhand_metrics::{Finding, IntervalPlan, RANKING_METRICS, RankingNeeds, Rankings, ranking};
use evenhand_report::{GroupPlaces, PrefixShares, Shortlists};
use evenhand_rerank::{Breach, Job, RERANKERS, Reason, Reranker, Shares, Shortlist, rerank_stream};
use evenhand_rows::{Groups, Identity, UNKNOWN, floors};
use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

use super::Wanted;
use crate::settings::Choice;
use crate::{AuditError, numbers};

/// What lists are wanted.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The re-ranker; `None` lists by score.
    pub reranker: Option<&'a Choice>,
    /// Wanted shares.
    pub wanted: &'a Wanted,
    /// Targets of single jobs.
    pub by_job: &'a BTreeMap<String, Wanted>,
    /// Places of a list.
    pub top: usize,
    /// Whether methods work as their papers write them, which may throw a small group off a list.
    pub as_published: bool,
    /// Seed of what is drawn.
    pub seed: u64,
}

/// The seed of a job's draw: of the run's seed and the job's name, so that neither neighbouring seeds nor other jobs share or move it.
fn seed_of(seed: u64, job: &str) -> u64 {
    let digest = Sha256::digest(format!("{seed} rerank {job}"));
    digest.iter().take(8).fold(0, |seed, &byte| seed << 8 | u64::from(byte))
}

/// The metrics that are also told of lists drawn by lot: means of numbers of single lists, which chance alone moves away from their fair
/// value. Gaps between means over the lists need no such measure, as they have intervals; skews are infinite wherever a short list misses a group.
const BY_LOT: [&str; 4] = ["ndkl", "infeasible-index", "infeasible-count", "attention-weighted-parity"];
/// So many lists are drawn by lot at least, so that their mean is near what is expected...
const LISTS_BY_LOT: usize = 200;
/// ...as long as they have no more places than this. Of more, some of the lists are drawn, each once.
const PLACES_BY_LOT: usize = 2_000_000;

/// The lists of all jobs in two orders; rows are those of the scores.
#[derive(Debug)]
pub struct Lists {
    /// Candidates of each job.
    pub sizes: Vec<usize>,
    /// Rows by score, job after job, best first.
    pub before: Vec<usize>,
    /// Rows as re-ranked; the candidates beyond the shortlist follow by score.
    pub after: Vec<usize>,
    /// Why a row of `after` stands there; `None` beyond the shortlist and without a re-ranker.
    pub reasons: Vec<Option<Reason>>,
    /// Wanted shares, job after job.
    wanted: Vec<f64>,
    breaches: Vec<Vec<Breach>>,
    /// Lists whose candidates are all of one group, where shares are those of the groups that are there.
    of_one_group: usize,
    /// Of methods that promise exposure: how much of the wanted one each list can give, 0 to 1.
    reached: Vec<f64>,
}

impl Lists {
    /// Ranks the candidates of every job; without jobs all rows are one list.
    pub fn new(plan: &Plan, scores: &[f64], groups: &Groups, job: Option<&Identity>) -> Result<Self, AuditError> {
        if plan.top == 0 {
            let message = "a shortlist has at least 1 place".to_owned();
            return Err(AuditError::Setting { setting: "top", value: "0".to_owned(), message });
        }
        let reranker: Option<Box<dyn Reranker>> = plan.reranker.map(|choice| choice.build(RERANKERS)).transpose()?;
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); job.map_or(1, |job| job.levels.len())];
        for row in 0..scores.len() {
            rows[job.map_or(0, |job| job.codes[row] as usize)].push(row);
        }
        let names: Vec<String> = job.map_or_else(|| vec!["the list".to_owned()], |job| job.levels.clone());
        let known: HashSet<&String> = names.iter().collect();
        for named in plan.by_job.keys() {
            if !known.contains(named) {
                return Err(AuditError::Request(format!("a target is given for the job `{named}`, which has no candidates")));
            }
        }
        // Jobs whose candidates were all left out have no list.
        let lists: Vec<(&String, Vec<usize>)> = names.iter().zip(rows).filter(|(_, rows)| !rows.is_empty()).collect();
        let columns: Vec<(Vec<f64>, Vec<u32>)> = lists
            .iter()
            .map(|(_, rows)| (rows.iter().map(|&row| scores[row]).collect(), rows.iter().map(|&row| groups.codes()[row]).collect()))
            .collect();
        let said = |name: &str, cause: &dyn std::fmt::Display| {
            AuditError::Request(if job.is_some() { format!("job `{name}`: {cause}") } else { cause.to_string() })
        };
        let mut jobs = Vec::with_capacity(lists.len());
        for ((name, rows), (scores, codes)) in lists.iter().zip(&columns) {
            let shortlist = Shortlist::new(scores, codes, groups.levels()).map_err(|error| said(name, &error))?;
            let wanted = plan.by_job.get(*name).unwrap_or(plan.wanted);
            let target = wanted.target().map_err(|error| said(name, &error))?;
            let mut wanted = target.shares(&shortlist).map_err(|error| said(name, &error))?;
            if plan.as_published {
                wanted = wanted.as_published();
            }
            jobs.push(Job { shortlist, wanted, length: plan.top.min(rows.len()), seed: seed_of(plan.seed, name) });
        }
        let mut found = Lists {
            sizes: lists.iter().map(|(_, rows)| rows.len()).collect(),
            before: Vec::with_capacity(scores.len()),
            after: Vec::with_capacity(scores.len()),
            reasons: Vec::new(),
            wanted: jobs.iter().flat_map(|job| shares_or_equal(&job.wanted)).collect(),
            breaches: Vec::new(),
            of_one_group: lists
                .iter()
                .zip(&columns)
                .filter(|((name, _), (_, codes))| {
                    let mut known = codes.iter().filter(|code| **code != UNKNOWN);
                    let alone = known.next().is_some_and(|first| known.all(|code| code == first));
                    alone && matches!(plan.by_job.get(*name).unwrap_or(plan.wanted), Wanted::Word(_))
                })
                .count(),
            reached: Vec::new(),
        };
        for ((_, rows), (scores, _)) in lists.iter().zip(&columns) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            // Equal scores keep the order of the file, as the re-rankers do it; 0 and -0 are equal.
            order.sort_by(|&left, &right| (scores[right] + 0.0).total_cmp(&(scores[left] + 0.0)));
            found.before.extend(order.into_iter().map(|place| rows[place]));
        }
        let Some(reranker) = reranker else {
            found.after.clone_from(&found.before);
            found.reasons = vec![None; found.after.len()];
            return Ok(found);
        };
        let mut start = 0;
        let mut waiting = lists.iter();
        rerank_stream(reranker.as_ref(), jobs, |ranked| {
            let Some((name, rows)) = waiting.next() else { return Ok(()) };
            let ranked = ranked.map_err(|error| said(name, &error))?;
            let mut taken = vec![false; scores.len().min(rows.len())];
            for place in &ranked.places {
                taken[place.candidate] = true;
                found.after.push(rows[place.candidate]);
                found.reasons.push(Some(place.reason));
            }
            let position: BTreeMap<usize, usize> = rows.iter().enumerate().map(|(place, &row)| (row, place)).collect();
            let rest: Vec<usize> = found.before[start..start + rows.len()].iter().copied().filter(|row| !taken[position[row]]).collect();
            found.reasons.extend(rest.iter().map(|_| None));
            found.after.extend(rest);
            found.breaches.push(ranked.breaches);
            found.reached.extend(ranked.draw.map(|draw| draw.reached));
            start += rows.len();
            Ok::<(), AuditError>(())
        })?;
        Ok(found)
    }

    /// Start and end of every list.
    pub(super) fn bounds(&self) -> impl Iterator<Item = (usize, usize)> {
        self.sizes.iter().scan(0, |end, size| {
            let start = *end;
            *end += size;
            Some((start, *end))
        })
    }

    /// What the lists give to the groups.
    pub fn measure(
        &self,
        plan: &Plan,
        groups: &Groups,
        labels: Option<&[f64]>,
        intervals: Option<&IntervalPlan>,
        draw: bool,
    ) -> Result<Shortlists, AuditError> {
        let mut place_before = vec![0_u32; self.before.len()];
        for (start, end) in self.bounds() {
            for (place, &row) in self.before[start..end].iter().enumerate() {
                place_before[row] = place as u32 + 1;
            }
        }
        let findings = |order: &[usize]| -> Result<Vec<Finding>, AuditError> {
            let ordered = groups.select(order);
            let places: Vec<u32> = order.iter().map(|&row| place_before[row]).collect();
            let labels: Option<Vec<f64>> = labels.map(|labels| order.iter().map(|&row| labels[row]).collect());
            let undecided = labels.as_ref().is_some_and(|labels| labels.iter().any(|label| label.is_nan()));
            let mut rankings = Rankings::new(&self.sizes, &ordered)?.original(&places)?.wanted_by_job(&self.wanted)?;
            if let Some(labels) = labels.as_ref().filter(|_| !undecided) {
                rankings = rankings.labels(labels)?;
            }
            let mut found = ranking::evaluate(&[], &rankings, Some(plan.top), intervals)?;
            if let Some(labels) = labels.filter(|_| undecided) {
                found.extend(self.findings_of_decided(plan.top, &ordered, &labels, intervals)?);
                let place = |finding: &Finding| RANKING_METRICS.iter().position(|metric| metric.card().id == finding.metric);
                found.sort_by_key(place);
            }
            Ok(found)
        };
        let reranked = plan.reranker.is_some();
        let entered = self
            .bounds()
            .map(|(start, end)| {
                let top = plan.top.min(end - start);
                self.after[start..start + top].iter().filter(|&&row| place_before[row] as usize > top).count()
            })
            .sum();
        Ok(Shortlists {
            attribute: groups.name().to_owned(),
            jobs: self.sizes.len(),
            candidates: self.before.len(),
            top: plan.top,
            target: match plan.by_job.len() {
                0 => plan.wanted.told(),
                jobs => format!("{}; targets of their own for {}", plan.wanted.told(), numbers::counted(jobs, "job")),
            },
            reranker: plan.reranker.map(Choice::summary),
            before: findings(&self.before)?,
            after: if reranked { findings(&self.after)? } else { Vec::new() },
            by_lot: self.by_lot(plan, groups)?,
            places: if reranked { self.places(plan.top, groups) } else { Vec::new() },
            shares: if draw { self.prefix_shares(plan.top, groups, reranked) } else { Vec::new() },
            entered,
            below_floor: self.breaches.iter().filter(|breaches| !breaches.is_empty()).count(),
            of_one_group: self.of_one_group,
            short: self.reached.iter().filter(|&&reached| reached < 1.0 - 1e-6).count(),
            least_reached: self.reached.iter().copied().min_by(f64::total_cmp),
            ran_out: self.breaches.iter().filter(|breaches| breaches.iter().any(|breach| breach.ran_out)).count(),
        })
    }

    /// What needs the truth, on the lists without those of whom it is not known. Groups and labels are in the order of the lists.
    fn findings_of_decided(
        &self,
        top: usize,
        groups: &Groups,
        labels: &[f64],
        intervals: Option<&IntervalPlan>,
    ) -> Result<Vec<Finding>, AuditError> {
        let decided: Vec<usize> = (0..labels.len()).filter(|&place| !labels[place].is_nan()).collect();
        let within = |(start, end): (usize, usize)| labels[start..end].iter().filter(|label| !label.is_nan()).count();
        let sizes: Vec<usize> = self.bounds().map(within).filter(|&size| size > 0).collect();
        let labels: Vec<f64> = decided.iter().map(|&place| labels[place]).collect();
        let groups = groups.select(&decided);
        let judged = Rankings::new(&sizes, &groups)?.labels(&labels)?;
        let needing = RANKING_METRICS.iter().filter(|metric| metric.needs() == RankingNeeds::Labels);
        let ids: Vec<&str> = needing.map(|metric| metric.card().id).collect();
        Ok(ranking::evaluate(&ids, &judged, Some(top), intervals)?)
    }

    /// What lists have whose order is drawn by lot from the same pools; whatever the scores are, the lots are the same.
    fn by_lot(&self, plan: &Plan, groups: &Groups) -> Result<Vec<Finding>, AuditError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed_of(plan.seed, "lists drawn by lot"));
        let bounds: Vec<(usize, usize)> = self.bounds().collect();
        let length = |job: usize| plan.top.min(bounds[job].1 - bounds[job].0);
        let all: usize = (0..bounds.len()).map(length).sum();
        // Of very many lists some are enough.
        let kept = (bounds.len() * PLACES_BY_LOT / all.max(1)).clamp(1, bounds.len().max(1)).min(bounds.len());
        let mut jobs = index::sample(&mut rng, bounds.len(), kept).into_vec();
        jobs.sort_unstable();
        let places: usize = jobs.iter().map(|&job| length(job)).sum();
        let draws = LISTS_BY_LOT.div_ceil(jobs.len().max(1)).min(PLACES_BY_LOT / places.max(1)).max(1);
        let pools: Vec<Vec<usize>> = jobs
            .iter()
            .map(|&job| {
                let mut pool = self.before[bounds[job].0..bounds[job].1].to_vec();
                pool.sort_unstable();
                pool
            })
            .collect();
        let mut drawn = Vec::with_capacity(draws * places);
        for _ in 0..draws {
            for (pool, &job) in pools.iter().zip(&jobs) {
                // The metrics look at the shortlist alone, so that nobody behind it needs a place.
                drawn.extend(index::sample(&mut rng, pool.len(), length(job)).iter().map(|candidate| pool[candidate]));
            }
        }
        let levels = groups.levels().len();
        let lengths: Vec<usize> = jobs.iter().map(|&job| length(job)).collect();
        let shares: Vec<f64> = jobs.iter().flat_map(|&job| self.wanted[job * levels..(job + 1) * levels].iter().copied()).collect();
        let ordered = groups.select(&drawn);
        let (sizes, wanted) = (lengths.repeat(draws), shares.repeat(draws));
        let rankings = Rankings::new(&sizes, &ordered)?.wanted_by_job(&wanted)?;
        Ok(ranking::evaluate(&BY_LOT, &rankings, Some(plan.top), None)?)
    }

    /// What every group gets of the shortlists: floors and ceilings are those of the places of known group.
    fn places(&self, top: usize, groups: &Groups) -> Vec<GroupPlaces> {
        let levels = groups.levels().len();
        let none =
            |group: &String| GroupPlaces { group: group.clone(), candidates: 0, floor: 0, ceiling: 0, by_score: 0, after: 0, kept: 0 };
        let mut places: Vec<GroupPlaces> = groups.levels().iter().map(none).collect();
        for ((start, end), shares) in self.bounds().zip(self.wanted.chunks_exact(levels.max(1))) {
            let of = |rows: &[usize]| {
                let mut counts = vec![0; levels];
                let codes = rows.iter().map(|&row| groups.codes()[row]).filter(|code| *code != UNKNOWN);
                codes.for_each(|code| counts[code as usize] += 1);
                counts
            };
            let shown = start..start + top.min(end - start);
            let (pool, by_score, after) = (of(&self.before[start..end]), of(&self.before[shown.clone()]), of(&self.after[shown.clone()]));
            let known: usize = after.iter().sum();
            for (code, group) in places.iter_mut().enumerate() {
                group.candidates += pool[code];
                group.floor += floors::floor(shares[code], known);
                group.ceiling += floors::ceiling(shares[code], known);
                group.by_score += by_score[code];
                group.after += after[code];
            }
            for reason in self.reasons[shown].iter().flatten() {
                if let Reason::Kept { group } = reason {
                    places[*group as usize].kept += 1;
                }
            }
        }
        places
    }

    /// Mean share of each group among the known of the first 1, 2, ... places; lists that are shorter count whole.
    fn prefix_shares(&self, top: usize, groups: &Groups, reranked: bool) -> Vec<PrefixShares> {
        let levels = groups.levels().len();
        let length = top.min(self.sizes.iter().copied().max().unwrap_or(0));
        let mean = |order: &[usize]| -> Vec<Vec<f64>> {
            let mut sums = vec![vec![0.0; length]; levels];
            let mut lists = vec![0_usize; length];
            for (start, end) in self.bounds() {
                let mut counts = vec![0_usize; levels];
                let mut known = 0;
                for place in 0..length {
                    if start + place < end
                        && let Some(count) = counts.get_mut(groups.codes()[order[start + place]] as usize)
                    {
                        *count += 1;
                        known += 1;
                    }
                    if known > 0 {
                        lists[place] += 1;
                        for (sums, &count) in sums.iter_mut().zip(&counts) {
                            sums[place] += count as f64 / f64::from(known);
                        }
                    }
                }
            }
            for sums in &mut sums {
                for (sum, &lists) in sums.iter_mut().zip(&lists) {
                    *sum /= lists.max(1) as f64;
                }
            }
            sums
        };
        let before = mean(&self.before);
        let after = if reranked { mean(&self.after) } else { vec![Vec::new(); levels] };
        let wanted = |level: usize| self.wanted.iter().skip(level).step_by(levels.max(1)).sum::<f64>() / self.sizes.len() as f64;
        let groups = groups.levels().iter().zip(before).zip(after).enumerate();
        groups
            .map(|(level, ((group, before), after))| PrefixShares { group: group.clone(), wanted: wanted(level), before, after })
            .collect()
    }
}

/// The shares of a list; of one without candidates of known group, of whom nothing is wanted, equal ones, which no metric then looks at.
fn shares_or_equal(wanted: &Shares) -> Vec<f64> {
    let values = wanted.values();
    if values.iter().sum::<f64>() > 0.0 { values.to_vec() } else { vec![1.0 / values.len().max(1) as f64; values.len()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NDKL against equal shares of two groups, and the prefixes that have fewer of one than its half.
    fn by_hand(first: &[bool]) -> (f64, usize) {
        let (mut sum, mut weights, mut below, mut ones) = (0.0, 0.0, 0, 0);
        for (place, &one) in first.iter().enumerate() {
            ones += usize::from(one);
            let length = place + 1;
            let divergence: f64 = [ones, length - ones]
                .iter()
                .filter(|count| **count > 0)
                .map(|&count| count as f64 / length as f64)
                .map(|share| share * (share / 0.5).ln())
                .sum();
            let weight = 1.0 / (1.0 + length as f64).log2();
            (sum, weights) = (sum + weight * divergence, weights + weight);
            below += usize::from(ones.min(length - ones) < length / 2);
        }
        (sum / weights, below)
    }

    #[test]
    fn lists_drawn_by_lot_have_the_mean_of_all_orders() {
        // Four of one group and three of the other: every choice of the places of the four is equally likely.
        let (size, top) = (7, 5);
        let orders: Vec<Vec<bool>> = (0_u32..1 << size)
            .filter(|places| places.count_ones() == 4)
            .map(|places| (0..size).map(|place| places >> place & 1 == 1).collect())
            .collect();
        assert_eq!(orders.len(), 35);
        let all: Vec<(f64, usize)> = orders.iter().map(|order| by_hand(&order[..top])).collect();
        let mean = |of: &dyn Fn(&(f64, usize)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let expected = (mean(&|one| one.0), mean(&|one| one.1 as f64));
        let variance = (mean(&|one| (one.0 - expected.0).powi(2)), mean(&|one| (one.1 as f64 - expected.1).powi(2)));

        let groups = Groups::new("g", ["a", "b"].map(str::to_owned).to_vec(), vec![0, 0, 0, 0, 1, 1, 1]);
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
        let reversed = scores.map(|score: f64| 1.0 - score);
        let (wanted, by_job) = (Wanted::default(), BTreeMap::new());
        let plan = Plan { reranker: None, wanted: &wanted, by_job: &by_job, top, as_published: false, seed: 7 };
        let measured = |scores: &[f64]| {
            let lists = Lists::new(&plan, scores, &groups, None).unwrap();
            lists.measure(&plan, &groups, None, None, false).unwrap().by_lot
        };
        let found = measured(&scores);
        let number = |metric: &str| found.iter().find(|finding| finding.metric == metric).unwrap().estimate.number().unwrap();
        assert_eq!(found[0].n, LISTS_BY_LOT);
        let near = |found: f64, expected: f64, variance: f64| {
            let error = (variance / LISTS_BY_LOT as f64).sqrt();
            assert!((found - expected).abs() < 4.0 * error, "{found} instead of {expected}, standard error {error}");
        };
        near(number("ndkl"), expected.0, variance.0);
        near(number("infeasible-index"), expected.1, variance.1);
        // The scores have no say.
        assert_eq!(measured(&reversed), found);
    }

    #[test]
    fn lists_by_lot_keep_to_their_own_pool_and_shares() {
        // One job of one group alone, one of both, one of nobody known; each has shares of its own, so that any slip of one against another shows.
        let sizes = [40, 3, 2];
        let codes = [vec![0; 40], vec![0, 1, 1], vec![UNKNOWN; 2]].concat();
        let groups = Groups::new("g", ["a", "b"].map(str::to_owned).to_vec(), codes);
        let job = Identity {
            name: "job".to_owned(),
            levels: ["one", "two", "three"].map(str::to_owned).to_vec(),
            codes: sizes.iter().zip(0..).flat_map(|(&size, code)| vec![code; size]).collect(),
        };
        let wanted = Wanted::default();
        let by_job = [("two".to_owned(), Wanted::parse("a=0,b=1").unwrap())].into();
        let plan = Plan { reranker: None, wanted: &wanted, by_job: &by_job, top: 2, as_published: false, seed: 1 };
        let scores: Vec<f64> = (0..45).map(|row| f64::from(row) / 45.0).collect();
        let lists = Lists::new(&plan, &scores, &groups, Some(&job)).unwrap();
        let found = lists.measure(&plan, &groups, None, None, false).unwrap().by_lot;
        let draws = LISTS_BY_LOT.div_ceil(3);
        let count = found.iter().find(|finding| finding.metric == "infeasible-count").unwrap();
        // The list of one group alone is as wanted. Of the other, one of three candidates is not wanted at all: it stands first in a third of
        // the lots (b is short in both prefixes), second in a third (short in one), and else nowhere: 1 prefix short on average, over three jobs.
        assert_eq!(count.n, 3 * draws);
        let expected = 1.0 / 3.0;
        assert!((count.estimate.number().unwrap() - expected).abs() < 4.0 * (2.0 / 3.0 / draws as f64).sqrt() / 3.0, "{count:?}");
        let parity = found.iter().find(|finding| finding.metric == "attention-weighted-parity").unwrap();
        assert_eq!(parity.n, 2 * draws, "nobody known, no number");
    }
}

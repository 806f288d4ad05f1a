//! What a ranking metric reads: the rankings of many jobs, in columns.

use std::sync::Arc;

use evenhand_rows::Groups;

use crate::MetricError;
use crate::job_means::Value;
use crate::outcomes::finite;

/// How far the sum of wanted shares may lie from 1.
const SUM_TOLERANCE: f64 = 1e-6;

/// The ranked candidates of many jobs: job after job, and within a job best first.
///
/// A job holds its **whole pool**: candidates beyond a shortlist follow in the order in which they would be taken, and the cutoff `k` of a
/// metric says how many places are looked at. A job with fewer than k candidates is looked at whole ([`Rankings::shorter_than`] counts
/// them). Candidates of unknown group take their place and count for no group; wanted shares are shares of the candidates whose
/// group is known.
///
/// ```
/// use evenhand_rows::Groups;
/// use evenhand_metrics::{Rankings, ranking};
///
/// let groups = Groups::from_texts("group", [Some("a"), Some("b"), Some("a"), Some("b")].into_iter());
/// let rankings = Rankings::new(&[2, 2], &groups)?.wanted(&[0.5, 0.5])?;
/// let findings = ranking::evaluate(&["ndkl", "exposure-ratio"], &rankings, None, None)?;
/// let first = 2.0_f64.ln() / (1.0 + 1.0 / 3.0_f64.log2());
/// assert!((findings[0].estimate.number().unwrap_or_default() - first).abs() < 1e-12);
/// assert!((findings[1].estimate.number().unwrap_or_default() - 1.0 / 3.0_f64.log2()).abs() < 1e-12);
/// # Ok::<(), evenhand_metrics::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rankings<'a> {
    groups: &'a Groups,
    /// Where each job begins, and where the last one ends.
    starts: Vec<usize>,
    scores: Option<&'a [f64]>,
    labels: Option<&'a [f64]>,
    original: Option<&'a [u32]>,
    wanted: Option<Wanted<'a>>,
    minimum_jobs: usize,
    tables: Arc<Tables>,
}

#[derive(Debug, Clone, Copy)]
enum Wanted<'a> {
    Everywhere(&'a [f64]),
    ByJob(&'a [f64]),
}

/// Functions of a place or a count, computed once for the longest job.
#[derive(Debug)]
struct Tables {
    /// `1 / log2(1 + rank)` at position `rank - 1`.
    discounts: Vec<f64>,
    /// Natural logarithms; 0 at 0, where only `0 ln 0` is asked for.
    logarithms: Vec<f64>,
}

impl Tables {
    fn new(longest: usize) -> Self {
        Tables {
            discounts: (0..longest).map(|place| 1.0 / ((place + 2) as f64).log2()).collect(),
            logarithms: (0..=longest).map(|count| if count == 0 { 0.0 } else { (count as f64).ln() }).collect(),
        }
    }
}

impl<'a> Rankings<'a> {
    /// Rankings of jobs with these numbers of candidates; `groups` has one code per candidate.
    pub fn new(sizes: &[usize], groups: &'a Groups) -> Result<Self, MetricError> {
        if sizes.is_empty() {
            return Err(MetricError::NoJobs);
        }
        let mut starts = Vec::with_capacity(sizes.len() + 1);
        let mut end = 0_usize;
        starts.push(0);
        for &size in sizes {
            end = end.saturating_add(size);
            starts.push(end);
        }
        candidates("the group column", end, groups.len())?;
        if end == 0 {
            return Err(MetricError::NoRows);
        }
        let longest = sizes.iter().copied().max().unwrap_or(0);
        let tables = Arc::new(Tables::new(longest));
        Ok(Rankings { groups, starts, scores: None, labels: None, original: None, wanted: None, minimum_jobs: 1, tables })
    }

    /// Adds the scores that made the original ranking (higher is better).
    pub fn scores(mut self, scores: &'a [f64]) -> Result<Self, MetricError> {
        candidates("the score column", self.candidates(), scores.len())?;
        finite("the score", scores)?;
        self.scores = Some(scores);
        Ok(self)
    }

    /// Adds the true relevance: 0 and 1, or grades from 0 upwards.
    pub fn labels(mut self, labels: &'a [f64]) -> Result<Self, MetricError> {
        candidates("the label column", self.candidates(), labels.len())?;
        finite("the label", labels)?;
        self.labels = Some(labels);
        Ok(self)
    }

    /// Adds the place of every candidate in the original ranking of its job: each of 1, 2, ... once.
    pub fn original(mut self, places: &'a [u32]) -> Result<Self, MetricError> {
        candidates("the column of original places", self.candidates(), places.len())?;
        let mut seen = Vec::new();
        for (job, bounds) in self.starts.windows(2).enumerate() {
            let size = bounds[1] - bounds[0];
            seen.clear();
            seen.resize(size, false);
            for &place in &places[bounds[0]..bounds[1]] {
                match seen.get_mut((place as usize).wrapping_sub(1)) {
                    Some(seen) if !*seen => *seen = true,
                    _ => return Err(MetricError::OriginalPlace { job, place, candidates: size }),
                }
            }
        }
        self.original = Some(places);
        Ok(self)
    }

    /// Adds the wanted share of each group, the same for every job, in the order of the levels.
    pub fn wanted(mut self, shares: &'a [f64]) -> Result<Self, MetricError> {
        check_shares(shares, self.groups.levels().len(), None)?;
        self.wanted = Some(Wanted::Everywhere(shares));
        Ok(self)
    }

    /// Adds the wanted shares of each job: job after job, in the order of the levels.
    pub fn wanted_by_job(mut self, shares: &'a [f64]) -> Result<Self, MetricError> {
        let levels = self.groups.levels().len();
        if shares.len() != levels * self.jobs() {
            let problem = format!("are {} numbers for {} jobs and {levels} groups", shares.len(), self.jobs());
            return Err(MetricError::WantedShares { job: None, problem });
        }
        if levels > 0 {
            for (job, shares) in shares.chunks_exact(levels).enumerate() {
                check_shares(shares, levels, Some(job))?;
            }
        }
        self.wanted = Some(Wanted::ByJob(shares));
        Ok(self)
    }

    /// Keeps groups that occur in fewer jobs out of differences and ratios, with that reason (1 unless said).
    #[must_use]
    pub fn minimum_jobs(mut self, jobs: usize) -> Self {
        self.minimum_jobs = jobs;
        self
    }

    /// Number of jobs.
    pub fn jobs(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of candidates of all jobs together.
    pub fn candidates(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Jobs with fewer than k candidates, which are looked at whole.
    pub fn shorter_than(&self, k: usize) -> usize {
        self.starts.windows(2).filter(|bounds| bounds[1] - bounds[0] < k).count()
    }

    /// True when the scores were given.
    pub fn has_scores(&self) -> bool {
        self.scores.is_some()
    }

    /// True when the relevance was given.
    pub fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// True when the original ranking was given.
    pub fn has_original(&self) -> bool {
        self.original.is_some()
    }

    /// True when wanted shares were given.
    pub fn has_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(crate) fn groups(&self) -> &'a Groups {
        self.groups
    }

    pub(crate) fn least_jobs(&self) -> usize {
        self.minimum_jobs.max(1)
    }

    /// One job, of which the first k places are looked at.
    pub(crate) fn job(&self, job: usize, k: Option<usize>) -> Job<'_> {
        let (start, end) = (self.starts[job], self.starts[job + 1]);
        let levels = self.groups.levels().len();
        Job {
            groups: &self.groups.codes()[start..end],
            scores: self.scores.map(|scores| &scores[start..end]),
            labels: self.labels.map(|labels| &labels[start..end]),
            original: self.original.map(|places| &places[start..end]),
            wanted: self.wanted.map(|wanted| match wanted {
                Wanted::Everywhere(shares) => shares,
                Wanted::ByJob(shares) => &shares[job * levels..(job + 1) * levels],
            }),
            levels,
            k: k.unwrap_or(usize::MAX).min(end - start),
            discounts: &self.tables.discounts[..end - start],
            logarithms: &self.tables.logarithms,
        }
    }
}

/// One job's ranking, best first.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// Group codes of the whole pool.
    pub(crate) groups: &'a [u32],
    pub(crate) scores: Option<&'a [f64]>,
    pub(crate) labels: Option<&'a [f64]>,
    /// Places in the original ranking, from 1.
    pub(crate) original: Option<&'a [u32]>,
    pub(crate) wanted: Option<&'a [f64]>,
    /// Number of groups.
    pub(crate) levels: usize,
    /// Places looked at: at most as many as there are candidates.
    pub(crate) k: usize,
    /// `1 / log2(1 + rank)` at position `rank - 1`, for every place of the pool.
    pub(crate) discounts: &'a [f64],
    /// Natural logarithms of the counts up to the size of the pool.
    pub(crate) logarithms: &'a [f64],
}

impl Job<'_> {
    /// Codes of the first k places.
    pub(crate) fn top(&self) -> &[u32] {
        &self.groups[..self.k]
    }

    /// The index of a known group.
    pub(crate) fn known(&self, code: u32) -> Option<usize> {
        let group = code as usize;
        (group < self.levels).then_some(group)
    }

    /// The mean of a number per place over the candidates of each group, and in the last slot over all candidates.
    pub(crate) fn mean_by_group(&self, slots: &mut [Value], number: impl Fn(usize) -> f64) {
        let mut sums = vec![(0.0, 0_usize); self.levels + 1];
        for (place, &code) in self.groups.iter().enumerate() {
            let value = number(place);
            for slot in self.known(code).into_iter().chain([self.levels]) {
                sums[slot].0 += value;
                sums[slot].1 += 1;
            }
        }
        for (slot, (sum, count)) in slots.iter_mut().zip(sums).filter(|(_, (_, count))| *count > 0) {
            *slot = Ok(sum / count as f64);
        }
    }

    /// How many of each group stand among these codes.
    pub(crate) fn counts(&self, codes: &[u32]) -> Vec<usize> {
        let mut counts = vec![0; self.levels];
        for group in codes.iter().filter_map(|&code| self.known(code)) {
            counts[group] += 1;
        }
        counts
    }
}

fn candidates(what: &'static str, expected: usize, found: usize) -> Result<(), MetricError> {
    if expected == found { Ok(()) } else { Err(MetricError::Candidates { what, expected, found }) }
}

fn check_shares(shares: &[f64], levels: usize, job: Option<usize>) -> Result<(), MetricError> {
    let refuse = |problem: String| Err(MetricError::WantedShares { job, problem });
    if shares.len() != levels {
        return refuse(format!("are {} numbers for {levels} groups", shares.len()));
    }
    if let Some(share) = shares.iter().find(|share| !(0.0..=1.0 + SUM_TOLERANCE).contains(*share)) {
        return refuse(format!("hold {share}"));
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return refuse(format!("sum to {sum}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use evenhand_rows::UNKNOWN;

    use super::*;

    fn groups() -> Groups {
        Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 1, UNKNOWN, 1, 0])
    }

    #[test]
    fn jobs_are_cut_from_the_columns() {
        let groups = groups();
        let shares = [0.5, 0.5, 0.25, 0.75, 1.0, 0.0];
        let rankings = Rankings::new(&[3, 0, 2], &groups).unwrap().original(&[3, 1, 2, 1, 2]).unwrap().wanted_by_job(&shares).unwrap();
        let job = rankings.job(2, Some(1));
        assert_eq!((job.groups, job.top(), job.original, job.wanted), (&[1, 0][..], &[1][..], Some(&[1, 2][..]), Some(&[1.0, 0.0][..])));
        assert_eq!(rankings.job(0, Some(9)).k, 3);
        assert_eq!(rankings.job(1, None).k, 0);
        assert_eq!(rankings.job(0, None).counts(rankings.job(0, None).top()), [1, 1]);
        assert_eq!((rankings.jobs(), rankings.candidates(), rankings.shorter_than(3)), (3, 5, 2));
    }

    #[test]
    fn bad_columns_are_refused_with_the_remedy() {
        let groups = groups();
        let rankings = || Rankings::new(&[3, 2], &groups).unwrap();
        let message = |result: Result<Rankings, MetricError>| result.unwrap_err().to_string();
        assert_eq!(message(Rankings::new(&[], &groups)), "there are no jobs to measure; give the number of candidates of each job");
        assert_eq!(
            message(Rankings::new(&[3, 3], &groups)),
            "the group column has 5 values but the jobs hold 6 candidates together; give one per candidate, job after job and best first"
        );
        assert!(message(rankings().scores(&[0.0; 4])).starts_with("the score column has 4 values"));
        assert!(message(rankings().labels(&[0.0, 1.0, f64::NAN, 0.0, 0.0])).starts_with("the label of row 2 is NaN"));
        for (places, wrong) in [([1, 2, 3, 1, 3], 3), ([1, 2, 3, 1, 1], 1), ([1, 2, 3, 0, 1], 0)] {
            assert_eq!(
                message(rankings().original(&places)),
                format!(
                    "place {wrong} in the original ranking of job {} does not fit its 2 candidates; give the whole pool of a job, with each \
                     place from 1 to their number once",
                    1
                )
            );
        }
        let remedy = "; give one share per group, 0 or more, summing to 1";
        assert_eq!(message(rankings().wanted(&[1.0])), format!("the wanted shares are 1 numbers for 2 groups{remedy}"));
        assert_eq!(message(rankings().wanted(&[1.25, -0.25])), format!("the wanted shares hold 1.25{remedy}"));
        assert_eq!(message(rankings().wanted(&[f64::NAN, 1.0])), format!("the wanted shares hold NaN{remedy}"));
        assert_eq!(message(rankings().wanted_by_job(&[0.5, 0.5, 0.25, 0.25])), format!("the wanted shares of job 1 sum to 0.5{remedy}"));
        assert!(message(rankings().wanted_by_job(&[0.5, 0.5])).contains("are 2 numbers for 2 jobs and 2 groups"));
    }
}

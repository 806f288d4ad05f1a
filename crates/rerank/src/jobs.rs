use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::{Ranking, RerankError, Reranker, Shares, Shortlist};

/// One list to be ranked.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The candidates.
    pub shortlist: Shortlist<'a>,
    /// Their groups' wanted shares.
    pub wanted: Shares,
    /// Places wanted.
    pub length: usize,
    /// Decides what a method draws; give every list its own.
    pub seed: u64,
}

/// Ranks many lists on all threads of the current pool; the results stand in the order of the jobs, whatever the number of threads.
pub fn rerank_all(method: &dyn Reranker, jobs: &[Job]) -> Vec<Result<Ranking, RerankError>> {
    jobs.par_iter().with_min_len(16).map(|job| method.rerank(&job.shortlist, &job.wanted, job.length, job.seed)).collect()
}

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

/// Jobs that are ranked before their rankings are handed out.
const BLOCK: usize = 4096;

/// Ranks lists as they come, a block at a time on all threads, and hands each ranking out in the order of the jobs: what is held does not grow with
/// their number. An error of `take` ends the work.
pub fn rerank_stream<'a, E>(
    method: &dyn Reranker,
    jobs: impl IntoIterator<Item = Job<'a>>,
    mut take: impl FnMut(Result<Ranking, RerankError>) -> Result<(), E>,
) -> Result<(), E> {
    let mut jobs = jobs.into_iter();
    loop {
        let block: Vec<Job> = jobs.by_ref().take(BLOCK).collect();
        if block.is_empty() {
            return Ok(());
        }
        rerank_all(method, &block).into_iter().try_for_each(&mut take)?;
    }
}

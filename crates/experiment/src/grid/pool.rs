//! Independent pieces of work on several threads, with results in the order of the work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Does each piece once on at most so many threads. Pieces are begun in their order; after one has failed, or when `interrupted` is set, no other is
/// begun. `None` stands for a piece that was not done, also where a thread panicked.
pub(crate) fn do_each<T: Sync, R: Send, E: Send>(
    threads: usize,
    pieces: &[T],
    interrupted: &AtomicBool,
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Option<Vec<Option<Result<R, E>>>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results: Mutex<Vec<Option<Result<R, E>>>> = Mutex::new(pieces.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, pieces.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(piece) = pieces.get(place) else { return };
                    if failed.load(Ordering::Relaxed) || interrupted.load(Ordering::Relaxed) {
                        return;
                    }
                    let result = work(piece);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    if let Ok(mut results) = results.lock() {
                        results[place] = Some(result);
                    }
                }
            });
        }
    });
    results.into_inner().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_work_on_any_number_of_threads() {
        let pieces: Vec<u64> = (0..40).collect();
        let slow_first = |piece: &u64| {
            std::thread::sleep(std::time::Duration::from_micros(400 / (piece + 1)));
            Ok::<u64, ()>(piece * piece)
        };
        for threads in [0, 1, 3, 100] {
            let found: Vec<u64> = do_each(threads, &pieces, &AtomicBool::new(false), slow_first)
                .unwrap()
                .into_iter()
                .map(|one| one.unwrap().unwrap())
                .collect();
            assert_eq!(found, pieces.iter().map(|piece| piece * piece).collect::<Vec<_>>(), "{threads} threads");
        }
        assert_eq!(do_each(2, &[] as &[u64], &AtomicBool::new(false), slow_first), Some(Vec::new()));
    }

    #[test]
    fn nothing_is_begun_after_a_failure_or_an_interrupt() {
        let fails_at_two = |piece: &u64| if *piece == 2 { Err("no") } else { Ok(*piece) };
        let found = do_each(1, &[0, 1, 2, 3, 4], &AtomicBool::new(false), fails_at_two).unwrap();
        assert_eq!(found, [Some(Ok(0)), Some(Ok(1)), Some(Err("no")), None, None]);
        let interrupted = AtomicBool::new(false);
        let interrupts = |piece: &u64| {
            interrupted.store(*piece == 1, Ordering::Relaxed);
            Ok::<u64, ()>(*piece)
        };
        assert_eq!(do_each(1, &[0, 1, 2], &interrupted, interrupts).unwrap(), [Some(Ok(0)), Some(Ok(1)), None]);
    }
}

//! Files over cores: as many processes as there are cores, or fewer with more threads each, never more threads than cores.

use super::collect::Input;
use crate::cli::progress::interrupted;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is left to do.
struct Rest {
    next: usize,
    free: usize,
    bytes: u64,
}

/// Does `work` on every input, with a number of threads, and gives what it returned, in the order of `inputs`. After
/// Ctrl-C nothing is begun any more, and what was not begun is `None`.
///
/// Large files come first, so that none of them is left over at the end. Each gets the share of the cores that it has of
/// the bytes that are left: one core while there are many others, all of them if it is the last.
pub(super) fn run<T: Send>(inputs: &[Input], cores: usize, work: impl Fn(&Input, usize) -> T + Sync) -> Vec<Option<T>> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(inputs.get(*at).map(|input| input.size)));
    let rest = Mutex::new(Rest { next: 0, free: cores.max(1), bytes: inputs.iter().map(|input| input.size).sum() });
    let (ended, results) = (Condvar::new(), Mutex::new(inputs.iter().map(|_| None).collect::<Vec<_>>()));
    std::thread::scope(|scope| {
        for _ in 0..cores.clamp(1, inputs.len().max(1)) {
            scope.spawn(|| {
                while let Some((at, input, threads)) = take(&rest, &ended, inputs, &order, cores.max(1)) {
                    let result = work(input, threads);
                    if let Some(slot) = lock(&results).get_mut(at) {
                        *slot = Some(result);
                    }
                    let mut rest = lock(&rest);
                    rest.free += threads;
                    rest.bytes = rest.bytes.saturating_sub(input.size);
                    ended.notify_all();
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The next input once a core is free: its place, itself, and how many threads it gets.
fn take<'i>(
    rest: &Mutex<Rest>,
    ended: &Condvar,
    inputs: &'i [Input],
    order: &[usize],
    cores: usize,
) -> Option<(usize, &'i Input, usize)> {
    let rest = lock(rest);
    let waiting = |rest: &mut Rest| rest.free == 0 && rest.next < order.len();
    let mut rest = ended.wait_while(rest, waiting).unwrap_or_else(PoisonError::into_inner);
    let at = order.get(rest.next).copied().filter(|_| !interrupted())?;
    let input = inputs.get(at)?;
    let threads = share(input.size, rest.bytes, cores).min(rest.free);
    rest.next += 1;
    rest.free -= threads;
    Some((at, input, threads))
}

/// The cores for `size` of `bytes`, rounded, at least one.
fn share(size: u64, bytes: u64, cores: usize) -> usize {
    let cores = cores as u64;
    let share = (u128::from(size) * u128::from(cores) * 2 + u128::from(bytes)) / (u128::from(bytes) * 2).max(1);
    usize::try_from(share.clamp(1, u128::from(cores))).unwrap_or(1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::collect::Look;
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn inputs(sizes: &[u64]) -> Vec<Input> {
        let input = |size: &u64| Input { path: size.to_string().into(), size: *size, look: Look::Candidate };
        sizes.iter().map(input).collect()
    }

    #[test]
    fn every_input_is_done_once_and_never_with_more_threads_than_cores() {
        let inputs = inputs(&[5, 0, 900, 30, 30, 7, 1, 1, 1, 200, 0, 12]);
        for cores in 1..6 {
            let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let results = run(&inputs, cores, |input, threads| {
                assert!(threads >= 1);
                most.fetch_max(busy.fetch_add(threads, Ordering::SeqCst) + threads, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(1));
                busy.fetch_sub(threads, Ordering::SeqCst);
                input.path.clone()
            });
            let done: Vec<_> = results.into_iter().map(|path| path.expect("done")).collect();
            assert_eq!(done, inputs.iter().map(|input| input.path.clone()).collect::<Vec<_>>());
            assert!(most.into_inner() <= cores);
        }
    }

    #[test]
    fn large_files_come_first_and_the_last_one_gets_all_cores() {
        let (inputs, order) = (inputs(&[1, 100, 10]), Mutex::new(Vec::new()));
        run(&inputs, 1, |input, _| lock(&order).push(input.size));
        assert_eq!(*lock(&order), [100, 10, 1]);
        assert_eq!(share(100, 100, 8), 8);
        assert_eq!(share(50, 100, 8), 4);
        assert_eq!(share(1, 1000, 8), 1);
        assert_eq!(share(0, 0, 8), 1);
    }
}

//! Progress and cancelling: how long stages talk to whoever waits.

use crate::options::Observer;
use crate::{Error, Result};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Units between two looks at the observer: often enough to feel immediate, rare enough to cost nothing.
const INTERVAL: usize = 256;

/// An observer, as the pipeline uses it.
pub struct Watch<'o> {
    observer: &'o dyn Observer,
}

impl<'o> Watch<'o> {
    /// Watches for `observer`.
    pub fn new(observer: &'o dyn Observer) -> Self {
        Watch { observer }
    }

    /// Fails when the observer wants to stop.
    pub fn check(&self) -> Result<()> {
        if self.observer.cancelled() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Runs a stage of `total` units, each of which goes through [`Tick::then`]. `None` means interrupted.
    pub fn stage<T>(&self, name: &str, total: usize, run: impl FnOnce(&Tick<'_>) -> Option<T>) -> Result<T> {
        self.check()?;
        self.observer.progress(name, 0, total);
        let tick =
            Tick { observer: self.observer, name, total, done: AtomicUsize::new(0), stopped: AtomicBool::new(false) };
        let out = run(&tick).ok_or(Error::Interrupted)?;
        self.observer.progress(name, total, total);
        Ok(out)
    }
}

/// Counts the units of one stage; shared by threads.
pub struct Tick<'o> {
    observer: &'o dyn Observer,
    name: &'o str,
    total: usize,
    done: AtomicUsize,
    stopped: AtomicBool,
}

impl Tick<'_> {
    /// Does one unit, or nothing when the observer wants to stop.
    pub fn then<T>(&self, unit: impl FnOnce() -> T) -> Option<T> {
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        if done % INTERVAL == INTERVAL - 1 {
            self.observer.progress(self.name, done, self.total);
            if self.observer.cancelled() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        (!self.stopped.load(Ordering::Relaxed)).then(unit)
    }

    /// Does `unit` for every number below `total`, on all threads; each has scratch memory while it works. What comes
    /// out is written where it stays: threads' own lists would have to be put together. `None` when the observer wants to
    /// stop.
    pub fn map<S, T: Send>(
        &self,
        total: usize,
        scratch: impl Fn() -> S + Sync + Send,
        unit: impl Fn(&mut S, usize) -> T + Sync + Send,
    ) -> Option<Vec<T>> {
        let one = |scratch: &mut S, i: usize| self.then(|| unit(scratch, i));
        let done: Vec<Option<T>> = (0..total).into_par_iter().map_init(scratch, one).collect();
        done.into_iter().collect()
    }

    /// Replaces each of `items` that is marked by what `unit` makes for its number, as [`Tick::map`] does, and its mark by
    /// the one that comes with it.
    pub fn update<S, T: Send>(
        &self,
        (items, marks): (&mut [T], &mut [bool]),
        scratch: impl Fn() -> S + Sync + Send,
        unit: impl Fn(&mut S, usize) -> (T, bool) + Sync + Send,
    ) -> Option<()> {
        let one = |scratch: &mut S, (i, (item, mark)): (usize, (&mut T, &mut bool))| {
            (*item, *mark) = self.then(|| unit(scratch, i))?;
            Some(())
        };
        let all = items.par_iter_mut().zip(marks).enumerate().filter(|(_, (_, mark))| **mark);
        all.map_init(scratch, one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Impatient(AtomicUsize);

    impl Observer for Impatient {
        fn progress(&self, _: &str, done: usize, _: usize) {
            self.0.fetch_max(done, Ordering::Relaxed);
        }
        fn cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 1000
        }
    }

    #[test]
    fn marked_items_are_replaced_and_their_marks_too() {
        let (mut items, mut marks) = (vec![1, 2, 3, 4], vec![true, false, true, false]);
        let update = |tick: &Tick<'_>| tick.update((&mut items, &mut marks), || (), |(), i| (10 * i, i == 2));
        assert!(Watch::new(&()).stage("counting", 2, update).is_ok());
        assert_eq!((items, marks), (vec![0, 2, 20, 4], vec![false, false, true, false]));
    }

    #[test]
    fn a_stage_stops_soon_after_the_observer_wants_it() {
        let impatient = Impatient(AtomicUsize::new(0));
        let mut done = 0;
        let out = Watch::new(&impatient)
            .stage("counting", 100_000, |tick| (0..100_000).try_for_each(|_| tick.then(|| done += 1)));
        assert_eq!(out, Err(Error::Interrupted));
        assert!((1000..1000 + 2 * INTERVAL).contains(&done), "{done}");
    }
}

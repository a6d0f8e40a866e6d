//! Spots made ready before the beam reaches them, on the threads of rayon, within a number of bytes.

use super::making::{Bench, LayerTables, make};
use super::spot_dose::SpotDose;
use super::together::{MOST, Together};
use crate::prepared::PreparedPlan;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Layers whose tables are kept.
const LAYERS: usize = 3;
/// What a spot is taken to need before one is known, bytes.
const GUESS: usize = 1 << 18;

/// The spots that are ready, and who makes the next ones.
#[derive(Debug)]
pub(super) struct Store {
    plan: Arc<PreparedPlan>,
    together: Together,
    state: Mutex<State>,
    /// Some spots were made by somebody.
    made: Condvar,
    benches: Mutex<Vec<Bench>>,
}

/// Spots made together, by number; those without MU are not among them.
type Made = Vec<(usize, Arc<SpotDose>)>;

#[derive(Debug)]
struct State {
    ready: BTreeMap<usize, Arc<SpotDose>>,
    /// First spots of what is being made.
    busy: BTreeSet<usize>,
    bytes: usize,
    budget: usize,
    /// What was asked for last, outside the budget: the next to ask may want more of the same.
    recent: Made,
    /// By a layer's first spot.
    tables: Vec<(usize, Arc<OnceLock<LayerTables>>)>,
    here: usize,
    forwards: bool,
    runners: usize,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Nothing ready; `budget` bytes at most for what is.
    pub fn new(plan: Arc<PreparedPlan>, budget: usize) -> Arc<Self> {
        let state = State {
            ready: BTreeMap::new(),
            busy: BTreeSet::new(),
            bytes: 0,
            budget,
            recent: Vec::new(),
            tables: Vec::new(),
            here: 0,
            forwards: true,
            runners: 0,
        };
        let together = Together::new(&plan);
        Arc::new(Self { plan, together, state: Mutex::new(state), made: Condvar::new(), benches: Mutex::default() })
    }

    /// Spots in `range`, those not ready computed now, on all threads when there are several groups of them. None:
    /// a spot without MU.
    pub fn spots(&self, range: Range<usize>) -> Vec<Option<Arc<SpotDose>>> {
        let mut out = vec![None; range.len()];
        while let Some(groups) = self.missing(range.clone(), &mut out) {
            let _busy: Vec<Busy> = groups.iter().map(|g| Busy { store: self, first: g.start }).collect();
            let made: Vec<Made> = match groups.as_slice() {
                [one] => vec![self.make(one.clone())],
                several => several.par_iter().with_max_len(1).map(|g| self.make(g.clone())).collect(),
            };
            let mut state = lock(&self.state);
            for (s, dose) in made.iter().flatten() {
                state.keep(*s, dose.clone());
                if let Some(out) = s.checked_sub(range.start).and_then(|i| out.get_mut(i)) {
                    *out = Some(dose.clone());
                }
            }
            // Of the groups at both ends the next to ask may want the rest.
            state.recent = match <[Made; 1]>::try_from(made) {
                Ok([one]) => one,
                Err(mut several) => {
                    [several.pop(), several.into_iter().next()].into_iter().flatten().flatten().collect()
                }
            };
        }
        out
    }

    /// Takes what is ready, waits for what is being made in the background, and gives the groups of what has to be made,
    /// which are busy from now on; None: nothing is missing. Only one thread may ask, for it waits for all that is busy.
    fn missing(&self, range: Range<usize>, out: &mut [Option<Arc<SpotDose>>]) -> Option<Vec<Range<usize>>> {
        let mut state = lock(&self.state);
        loop {
            let (mut groups, mut wait) = (Vec::<Range<usize>>::new(), false);
            for (s, out) in range.clone().zip(&mut *out) {
                if out.is_some() || self.plan.spots()[s].mu <= 0.0 || groups.last().is_some_and(|g| g.contains(&s)) {
                    continue;
                }
                *out = state.at(s);
                if out.is_none() {
                    let group = self.together.of(s);
                    match state.busy.contains(&group.start) {
                        true => wait = true,
                        false => groups.push(group),
                    }
                }
            }
            match wait {
                _ if !groups.is_empty() => {
                    state.busy.extend(groups.iter().map(|g| g.start));
                    return Some(groups);
                }
                false => return None,
                // It may have gone again by the time one looks, for want of room: then it is made here.
                true => state = self.made.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// The beam is at spot `here`: what comes next is made ready in the background.
    pub fn ahead(self: &Arc<Self>, here: usize, forwards: bool) {
        let mut state = lock(&self.state);
        (state.here, state.forwards) = (here, forwards);
        let most = rayon::current_num_threads().saturating_sub(1).max(1);
        while state.runners < most && state.next(self, state.runners * MOST).is_some() {
            state.runners += 1;
            let store = self.clone();
            rayon::spawn(move || store.run());
        }
    }

    /// Nothing more in the background; what is being made is dropped.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.budget = 0;
        state.ready.clear();
        state.recent.clear();
        state.bytes = 0;
    }

    /// Spots and bytes that are ready.
    pub fn ready(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.ready.len(), state.bytes)
    }

    /// How many spots from `here` on, one after the other, are ready.
    pub fn ready_from(&self, here: usize) -> usize {
        let state = lock(&self.state);
        let spots = &self.plan.spots()[here.min(self.plan.spots().len())..];
        spots.iter().enumerate().take_while(|(i, s)| s.mu <= 0.0 || state.ready.contains_key(&(here + i))).count()
    }

    /// Makes one group, and asks the pool to come back for the next, so that other work gets its turn.
    fn run(self: Arc<Self>) {
        let next = {
            let mut state = lock(&self.state);
            let next = state.next(&self, 0).map(|s| self.together.of(s));
            match &next {
                Some(group) => {
                    state.busy.insert(group.start);
                }
                None => state.runners -= 1,
            }
            next
        };
        let Some(group) = next else { return };
        {
            let _busy = Busy { store: &self, first: group.start };
            let made = self.make(group);
            let mut state = lock(&self.state);
            made.into_iter().for_each(|(s, dose)| state.keep(s, dose));
        }
        rayon::spawn(move || self.run());
    }

    fn make(&self, group: Range<usize>) -> Made {
        let mut bench = lock(&self.benches).pop().unwrap_or_default();
        let s = self.plan.spots()[group.start];
        let first = self.plan.beams[s.beam].layer_starts[s.layer];
        let tables = lock(&self.state).tables_of(first);
        let tables = tables.get_or_init(|| LayerTables::new(&self.plan, s.beam, s.layer));
        let doses = make(&self.plan, group.clone(), tables, &mut bench);
        lock(&self.benches).push(bench);
        group.zip(doses).filter(|(s, _)| self.plan.spots()[*s].mu > 0.0).collect()
    }
}

/// A group that is being made; whatever ends that, nobody waits for it any longer.
struct Busy<'a> {
    store: &'a Store,
    first: usize,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        lock(&self.store.state).busy.remove(&self.first);
        self.store.made.notify_all();
    }
}

impl State {
    fn at(&self, spot: usize) -> Option<Arc<SpotDose>> {
        let recent = || self.recent.iter().find(|m| m.0 == spot).map(|m| &m.1);
        self.ready.get(&spot).or_else(recent).cloned()
    }

    fn tables_of(&mut self, first_spot: usize) -> Arc<OnceLock<LayerTables>> {
        if let Some(at) = self.tables.iter().position(|t| t.0 == first_spot) {
            return self.tables[at].1.clone();
        }
        if self.tables.len() >= LAYERS {
            self.tables.remove(0);
        }
        let new = Arc::new(OnceLock::new());
        self.tables.push((first_spot, new.clone()));
        new
    }

    /// How many spots are wanted ahead: three quarters of the memory; the rest is for those behind.
    fn window(&self) -> usize {
        let each = if self.ready.is_empty() { GUESS } else { self.bytes / self.ready.len() };
        self.budget / 4 * 3 / each.max(1)
    }

    /// The spot that is wanted next when `skip` others are about to be taken.
    fn next(&self, store: &Store, skip: usize) -> Option<usize> {
        let spots = store.plan.spots();
        let (window, total) = (self.window(), spots.len());
        if window == 0 || (self.bytes + self.budget / 4 / window > self.budget && self.spare().is_none()) {
            return None;
        }
        let idle = |s: usize| self.busy.is_empty() || !self.busy.contains(&store.together.of(s).start);
        let free = |s: &usize| spots[*s].mu > 0.0 && !self.ready.contains_key(s) && idle(*s);
        if self.forwards {
            (self.here..(self.here + window).min(total)).filter(free).nth(skip)
        } else {
            (self.here.saturating_sub(window)..(self.here + 1).min(total)).rev().filter(free).nth(skip)
        }
    }

    /// The spot that is least likely to be needed: the farthest behind the beam, or left from before a jump.
    fn spare(&self) -> Option<usize> {
        let (here, window) = (self.here, self.window());
        let (first, last) = (*self.ready.first_key_value()?.0, *self.ready.last_key_value()?.0);
        if self.forwards {
            if first < here { Some(first) } else { Some(last).filter(|s| *s >= here + window) }
        } else if last > here {
            Some(last)
        } else {
            Some(first).filter(|s| s + window < here)
        }
    }

    fn keep(&mut self, spot: usize, dose: Arc<SpotDose>) {
        self.bytes += dose.bytes();
        if let Some(old) = self.ready.insert(spot, dose) {
            self.bytes -= old.bytes();
        }
        while self.bytes > self.budget {
            let farthest = if self.forwards { self.ready.last_key_value() } else { self.ready.first_key_value() };
            let Some(out) = self.spare().or(farthest.map(|e| *e.0)) else { break };
            if let Some(old) = self.ready.remove(&out) {
                self.bytes -= old.bytes();
            }
        }
    }
}

//! Spots made ready before the beam reaches them, on the threads of rayon, within a number of bytes.

use super::spot_dose::{Bench, LayerTables, SpotDose};
use crate::prepared::PreparedPlan;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Layers whose tables are kept.
const LAYERS: usize = 3;
/// What a spot is taken to need before one is known, bytes.
const GUESS: usize = 1 << 18;

/// The spots that are ready, and who makes the next ones.
#[derive(Debug)]
pub(super) struct Store {
    plan: Arc<PreparedPlan>,
    state: Mutex<State>,
    benches: Mutex<Vec<Bench>>,
}

#[derive(Debug)]
struct State {
    ready: BTreeMap<usize, Arc<SpotDose>>,
    busy: BTreeSet<usize>,
    bytes: usize,
    budget: usize,
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
            tables: Vec::new(),
            here: 0,
            forwards: true,
            runners: 0,
        };
        Arc::new(Self { plan, state: Mutex::new(state), benches: Mutex::default() })
    }

    /// Spots in `range`, those not ready computed now, on all threads when there are several. None: a spot without MU.
    pub fn spots(&self, range: Range<usize>) -> Vec<Option<Arc<SpotDose>>> {
        let has_mu = |s: &usize| self.plan.spots()[*s].mu > 0.0;
        let mut out: Vec<Option<Arc<SpotDose>>> = {
            let state = lock(&self.state);
            range.clone().map(|s| state.ready.get(&s).cloned()).collect()
        };
        let missing: Vec<usize> = range.clone().filter(|s| out[s - range.start].is_none()).filter(has_mu).collect();
        let made: Vec<Arc<SpotDose>> = match missing.as_slice() {
            [] => return out,
            [one] => vec![self.make(*one)],
            several => several.par_iter().with_max_len(1).map(|s| self.make(*s)).collect(),
        };
        let mut state = lock(&self.state);
        for (s, dose) in missing.into_iter().zip(made) {
            state.keep(s, dose.clone());
            out[s - range.start] = Some(dose);
        }
        out
    }

    /// The beam is at spot `here`: what comes next is made ready in the background.
    pub fn ahead(self: &Arc<Self>, here: usize, forwards: bool) {
        let mut state = lock(&self.state);
        (state.here, state.forwards) = (here, forwards);
        let most = rayon::current_num_threads().saturating_sub(1).max(1);
        while state.runners < most && state.next(&self.plan, state.runners).is_some() {
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

    /// Makes one spot, and asks the pool to come back for the next, so that other work gets its turn.
    fn run(self: Arc<Self>) {
        let next = {
            let mut state = lock(&self.state);
            let next = state.next(&self.plan, 0);
            match next {
                Some(s) => {
                    state.busy.insert(s);
                }
                None => state.runners -= 1,
            }
            next
        };
        let Some(s) = next else { return };
        let dose = self.make(s);
        {
            let mut state = lock(&self.state);
            state.busy.remove(&s);
            state.keep(s, dose);
        }
        rayon::spawn(move || self.run());
    }

    fn make(&self, spot: usize) -> Arc<SpotDose> {
        let mut bench = lock(&self.benches).pop().unwrap_or_default();
        let s = self.plan.spots()[spot];
        let first = self.plan.beams[s.beam].layer_starts[s.layer];
        let tables = lock(&self.state).tables_of(first);
        let tables = tables.get_or_init(|| LayerTables::new(&self.plan, s.beam, s.layer));
        let dose = Arc::new(SpotDose::new(&self.plan, spot, tables, &mut bench));
        lock(&self.benches).push(bench);
        dose
    }
}

impl State {
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
    fn next(&self, plan: &PreparedPlan, skip: usize) -> Option<usize> {
        let (window, total) = (self.window(), plan.spots().len());
        if window == 0 || (self.bytes + self.budget / 4 / window > self.budget && self.spare().is_none()) {
            return None;
        }
        let free = |s: &usize| plan.spots()[*s].mu > 0.0 && !self.ready.contains_key(s) && !self.busy.contains(s);
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

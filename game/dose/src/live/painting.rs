//! A live dose on a thread of its own: whoever shows it says where delivery is and takes what is there, and never waits.

use super::{IndexBox, join};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vestibule_geometry::{Grid, Volume};

/// On a long way, what has been painted is shown this often.
const SHOWN_EVERY: Duration = Duration::from_millis(50);

/// An instant of the plan: whole spots, and the part of the next (0 to 1).
pub type Instants = (usize, f64);

/// A dose that grows, whatever grows it: [`super::LiveDose`] spot by spot, [`crate::photon::LivePhotons`] from control point
/// to control point. Both are called spots here.
pub trait Growing: Send {
    /// Spots of the whole plan.
    fn total(&self) -> usize;
    /// The dose grid.
    fn dose_grid(&self) -> &Grid;
    /// How far delivery has come.
    fn delivered(&self) -> Instants;
    /// A piece of the way to an instant, some tens of milliseconds of work. Returns whether it is there.
    fn go_towards(&mut self, at: Instants) -> bool;
    /// Writes what changed since this was last asked into `copy`, Gy, and gives the box that was written. A copy of another
    /// length is made anew.
    fn copy_changed(&mut self, copy: &mut Vec<f32>) -> Option<IndexBox>;
    /// Highest value, Gy.
    fn max_gy(&self) -> f64;
    /// The beam comes on soon.
    fn make_ready(&self);
    /// What makes jumps to any instant quick, for any other thread.
    fn fill(&self) -> Box<dyn FnOnce() + Send>;
}

/// A [`Growing`] dose that is painted beside the frame. At any time [`Self::copy_changed`] gives what is painted; while the
/// painter is on its way there, that is the dose of an instant between ([`Self::painted`] says which).
pub struct Painting {
    shared: Arc<Shared>,
    grid: Grid,
    total: usize,
    thread: Option<JoinHandle<()>>,
    fill: Mutex<Option<Work>>,
}

type Work = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Painting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painting").field("painted", &self.painted()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shared {
    wish: Mutex<Wish>,
    wished: Condvar,
    front: Mutex<Front>,
    arrived: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Wish {
    at: Instants,
    /// Make the spots from there on ready.
    ready: bool,
    end: bool,
}

/// What is shown.
#[derive(Debug)]
struct Front {
    gray: Vec<f32>,
    changed: Option<IndexBox>,
    at: Instants,
    max_gy: f64,
    /// The painter fell; what is shown stays.
    broken: bool,
}

impl Painting {
    /// Takes a live dose to a thread of its own.
    pub fn new(live: impl Growing + 'static) -> Self {
        let (grid, total) = (live.dose_grid().clone(), live.total());
        let mut front =
            Front { gray: Vec::new(), changed: None, at: live.delivered(), max_gy: live.max_gy(), broken: false };
        let mut live = live;
        front.changed = live.copy_changed(&mut front.gray);
        let fill: Work = live.fill();
        let shared = Arc::new(Shared {
            wish: Mutex::new(Wish { at: front.at, ready: false, end: false }),
            wished: Condvar::new(),
            front: Mutex::new(front),
            arrived: Condvar::new(),
        });
        let theirs = shared.clone();
        let spawned = std::thread::Builder::new().name("dose painter".to_owned()).spawn(move || {
            // whatever ends this thread, nobody waits for it for ever
            let _fallen = Fallen(&theirs);
            paint(live, &theirs);
        });
        if spawned.is_err() {
            lock(&shared.front).broken = true;
        }
        Self { shared, grid, total, thread: spawned.ok(), fill: Mutex::new(Some(fill)) }
    }

    /// What makes jumps to any instant quick ([`Growing::fill`]), to be called on any other thread; None
    /// when it has been asked for before.
    pub fn fill_checkpoints(&self) -> Option<Work> {
        lock(&self.fill).take()
    }

    /// The dose grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Where delivery is now: `spots` whole spots and `part_of_next` (0 to 1) of the one after; forwards or backwards.
    /// Comes back at once. What was wanted before and is not yet painted is passed over.
    pub fn go_to(&self, spots: usize, part_of_next: f64) {
        let total = self.total;
        let part = if part_of_next.is_finite() { part_of_next.clamp(0.0, 1.0) } else { 0.0 };
        let at = if spots >= total { (total, 0.0) } else { (spots, part) };
        let mut wish = lock(&self.shared.wish);
        if wish.at != at {
            wish.at = at;
            self.shared.wished.notify_one();
        }
    }

    /// The beam comes on soon: its spots may be made ready.
    pub fn make_ready(&self) {
        lock(&self.shared.wish).ready = true;
        self.shared.wished.notify_one();
    }

    /// The instant that is shown.
    pub fn painted(&self) -> Instants {
        lock(&self.shared.front).at
    }

    /// Whether the instant that is shown is the one that was asked for last.
    pub fn settled(&self) -> bool {
        let wish = lock(&self.shared.wish).at;
        let front = lock(&self.shared.front);
        front.at == wish || front.broken
    }

    /// Waits until it is, and gives the highest dose then, Gy. For what is written down, not for a frame.
    pub fn settle(&self) -> f64 {
        loop {
            let wish = lock(&self.shared.wish).at;
            let front = lock(&self.shared.front);
            if front.at == wish || front.broken {
                return front.max_gy;
            }
            let again = self.shared.arrived.wait_timeout(front, Duration::from_millis(100));
            drop(again.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Brings a copy up to what is painted, Gy in the grid's order, and gives the box that was written; None where
    /// nothing is new, or where the painter is just now writing (then the next frame has it). Never waits.
    pub fn copy_changed(&self, copy: &mut Option<Volume<f32>>) -> Option<IndexBox> {
        let mut front = self.shared.front.try_lock().ok()?;
        let grid = &self.grid;
        let Some(copy) = copy.as_mut().filter(|c| c.data.len() == front.gray.len()) else {
            front.changed = None;
            *copy = Some(Volume { grid: grid.clone(), data: front.gray.clone() });
            return Some([[0; 3], grid.size]);
        };
        let [lo, hi] = front.changed.take()?;
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let first = grid.offset(lo[0], j, k);
                let row = first..first + hi[0] - lo[0];
                copy.data[row.clone()].copy_from_slice(&front.gray[row]);
            }
        }
        Some([lo, hi])
    }
}

impl Drop for Painting {
    fn drop(&mut self) {
        lock(&self.shared.wish).end = true;
        self.shared.wished.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Says that the painter is gone.
struct Fallen<'a>(&'a Shared);

impl Drop for Fallen<'_> {
    fn drop(&mut self) {
        lock(&self.0.front).broken = true;
        self.0.arrived.notify_all();
    }
}

/// What is behind a lock is numbers that are whole at any time, so a thread that fell has left nothing half done.
fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paint(mut live: impl Growing, shared: &Shared) {
    let mut ready = false;
    let mut shown = Instant::now();
    loop {
        let mut wish = lock(&shared.wish);
        while wish.at == live.delivered() && wish.ready == ready && !wish.end {
            wish = shared.wished.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        let now = *wish;
        drop(wish);
        if now.end {
            return;
        }
        if now.ready && !ready {
            live.make_ready();
        }
        ready = now.ready;
        let there = live.go_towards(now.at);
        if there || shown.elapsed() >= SHOWN_EVERY {
            let mut front = lock(&shared.front);
            if let Some(changed) = live.copy_changed(&mut front.gray) {
                join(&mut front.changed, &changed);
            }
            (front.at, front.max_gy) = (live.delivered(), live.max_gy());
            drop(front);
            shared.arrived.notify_all();
            shown = Instant::now();
        }
    }
}

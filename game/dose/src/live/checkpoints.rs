//! The dose at instants along the way, so that a jump starts from near by.

use std::sync::{Arc, OnceLock};

/// Fewest spots between two checkpoints: about what copying one is worth.
const CLOSEST: usize = 16;

/// Copies of the dose after every so many spots, as far as somebody has been there. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    every: usize,
    /// Number i is the dose after (i + 1) × `every` whole spots.
    copies: Arc<[OnceLock<Box<[f64]>>]>,
}

impl Checkpoints {
    /// None taken yet, and place for as many as `budget` bytes hold.
    pub fn new(spots: usize, voxels: usize, budget: usize) -> Self {
        let most = budget / (voxels * size_of::<f64>()).max(1);
        let every = spots.div_ceil(most + 1).max(CLOSEST);
        let count = if most == 0 { 0 } else { spots.saturating_sub(1) / every };
        Self { every, copies: (0..count).map(|_| OnceLock::new()).collect() }
    }

    /// Takes a copy, where there is a place after `spots` and it is empty.
    pub fn pass(&self, spots: usize, dose: &[f64]) {
        if spots > 0
            && spots.is_multiple_of(self.every)
            && let Some(place) = self.copies.get(spots / self.every - 1)
        {
            place.get_or_init(|| dose.into());
        }
    }

    /// The nearest one that has been taken: after how many spots, and the dose.
    pub fn nearest(&self, spots: usize) -> Option<(usize, &[f64])> {
        let taken = self.copies.iter().enumerate().filter_map(|(i, c)| Some(((i + 1) * self.every, c.get()?)));
        taken.min_by_key(|(at, _)| at.abs_diff(spots)).map(|(at, dose)| (at, &**dose))
    }

    /// The last place, after how many spots.
    pub fn last(&self) -> usize {
        self.copies.len() * self.every
    }

    /// Bytes taken.
    pub fn bytes(&self) -> usize {
        self.copies.iter().filter_map(OnceLock::get).map(|c| size_of_val(&**c)).sum()
    }

    /// Spots from one to the next.
    pub fn every(&self) -> usize {
        self.every
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_lie_evenly_and_within_their_memory() {
        let c = Checkpoints::new(1000, 100, 8000);
        assert_eq!((c.every(), c.last()), (91, 910));
        for spots in 1..1000 {
            c.pass(spots, &[spots as f64; 100]);
        }
        assert!(c.bytes() <= 8000 && c.bytes() > 7000);
        assert!(c.nearest(500).is_some_and(|(at, dose)| at == 455 && dose[99] == 455.0));
        assert!(Checkpoints::new(1000, 100, 799).nearest(3).is_none());
    }
}

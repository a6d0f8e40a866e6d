//! Whose each of Bevy's render layers is: one list, so that no two overlays share one. Layer 0 is the room's.

/// A plane and what is drawn in it, as its own camera sees it: this one and the two after it.
pub const PLANES: usize = 10;
/// The other dose's plane and the difference's.
pub const COMPARED: [usize; 2] = [20, 21];
/// Outlines of a plane without the plane itself: this one and the two after it.
pub const LINES: usize = 30;
/// The plane that stands askew.
pub const ASKEW: usize = 40;
/// Each eye's own picture of the volume: this one and those after it.
pub const EYES: usize = 50;

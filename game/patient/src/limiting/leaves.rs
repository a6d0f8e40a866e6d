//! Jaws and leaves themselves, for drawing.

use super::ControlPoint;
use super::opening::to_gantry;
use crate::Beam;

/// Which side a jaw or leaf stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bank {
    /// Side 1 of DICOM: towards minus of the axis along which it moves (X1, Y1; leaves 101, 102, …).
    One,
    /// Side 2: towards plus (X2, Y2; leaves 201, 202, …).
    Two,
}

/// One jaw or leaf as the beam's eye sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitingPart {
    /// Which of [`Beam::limiting_devices`].
    pub device: usize,
    /// Which pair of it, from 0.
    pub pair: usize,
    /// Which side.
    pub bank: Bank,
    /// Corners on the isocentre plane, IEC gantry axes, mm: both of the tip first, then both of the far end.
    pub corners_mm: [[f64; 2]; 4],
}

impl Beam {
    /// Every jaw and leaf at a control point as a rectangle, device by device, pair by pair. `length_mm`: how far it is drawn
    /// from its tip outwards. Jaws are drawn [`super::UNLIMITED_MM`] wide to both sides.
    pub fn limiting_parts(&self, at: &ControlPoint, length_mm: f64) -> Vec<LimitingPart> {
        let mut out = Vec::new();
        for (device, (d, positions)) in self.limiting_devices.iter().zip(&at.positions_mm).enumerate() {
            let all = [-super::UNLIMITED_MM, super::UNLIMITED_MM];
            let across = if d.kind.has_leaves() { &d.boundaries_mm[..] } else { &all[..] };
            for (pair, b) in across.windows(2).enumerate() {
                let side = |bank: Bank, tip: f64| {
                    let end = if bank == Bank::One { tip - length_mm } else { tip + length_mm };
                    let corners = [[tip, b[0]], [tip, b[1]], [end, b[1]], [end, b[0]]];
                    let corners = if d.kind.moves_along_x() { corners } else { corners.map(|[u, v]| [v, u]) };
                    let corners_mm = corners.map(|p| to_gantry(&at.angles, p));
                    LimitingPart { device, pair, bank, corners_mm }
                };
                if let (Some(one), Some(two)) = (positions.get(pair), positions.get(pair + d.pairs())) {
                    out.extend([side(Bank::One, *one), side(Bank::Two, *two)]);
                }
            }
        }
        out
    }
}

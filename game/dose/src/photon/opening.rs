//! Jaws and leaves as rectangles, in the axes that they move along.

use vestibule_patient::{Beam, BeamLimitingDevice};

/// x and y from and to, mm on the isocentre plane, IEC beam limiting device axes.
pub(crate) type Rectangle = [[f64; 2]; 2];

/// Half of the widest field that is taken, mm: what no jaw limits ends there.
pub(crate) const FIELD_LIMIT_MM: f64 = 200.0;

const WIDEST: Rectangle = [[-FIELD_LIMIT_MM, FIELD_LIMIT_MM]; 2];

/// What is open with jaws and leaves at these positions, and what the closed leaves cover and the jaws leave; in each
/// no place lies in two rectangles.
pub(crate) fn rectangles(beam: &Beam, positions_mm: &[Vec<f64>]) -> [Vec<Rectangle>; 2] {
    let (mut open, mut jaws) = (vec![WIDEST], vec![WIDEST]);
    for (device, positions) in beam.limiting_devices.iter().zip(positions_mm) {
        let gaps = gaps(device, positions);
        match device.kind.has_leaves() {
            true => jaws = both(&jaws, &[around(device)]),
            false => jaws = both(&jaws, &gaps),
        }
        open = both(&open, &gaps);
    }
    [open, jaws]
}

/// A box of all that can be open, or shine through leaves, at any time of a beam.
pub(crate) fn bounds(beam: &Beam) -> Rectangle {
    let mut out = WIDEST;
    for (d, device) in beam.limiting_devices.iter().enumerate() {
        let mut one = around(device);
        if !device.kind.has_leaves() {
            let all = beam.sequence.iter().filter_map(|c| c.positions_mm.get(d)).flatten();
            let [low, high] = all.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], v| [l.min(*v), h.max(*v)]);
            if low <= high {
                one[usize::from(!device.kind.moves_along_x())] = [low, high];
            }
        }
        for a in 0..2 {
            out[a] = [out[a][0].max(one[a][0]), out[a][1].min(one[a][1])];
        }
    }
    out
}

fn gaps(device: &BeamLimitingDevice, positions: &[f64]) -> Vec<Rectangle> {
    let all = [-FIELD_LIMIT_MM, FIELD_LIMIT_MM];
    let across = if device.kind.has_leaves() { &device.boundaries_mm[..] } else { &all[..] };
    let sides = positions.iter().zip(positions.iter().skip(device.pairs()));
    let open = across.windows(2).zip(sides).filter(|(_, (from, to))| to > from);
    let x = device.kind.moves_along_x();
    open.map(|(b, (from, to))| if x { [[*from, *to], [b[0], b[1]]] } else { [[b[0], b[1]], [*from, *to]] }).collect()
}

/// Where a device's leaves can be: as far as they go along their way, from the first boundary to the last across it.
fn around(device: &BeamLimitingDevice) -> Rectangle {
    let mut out = WIDEST;
    if let (true, Some(low), Some(high)) =
        (device.kind.has_leaves(), device.boundaries_mm.first(), device.boundaries_mm.last())
    {
        out[usize::from(device.kind.moves_along_x())] = [*low, *high];
    }
    out
}

fn both(a: &[Rectangle], b: &[Rectangle]) -> Vec<Rectangle> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    for one in a {
        for two in b {
            let r = [0, 1].map(|i| [one[i][0].max(two[i][0]), one[i][1].min(two[i][1])]);
            if r.iter().all(|[low, high]| high > low) {
                out.push(r);
            }
        }
    }
    out
}

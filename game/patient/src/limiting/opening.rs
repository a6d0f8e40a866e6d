//! The opening through which a beam passes, as its eye sees it.

use super::{Block, BlockType, ControlPoint};
use crate::Beam;
use vestibule_geometry::BeamAngles;
use vestibule_geometry::planar::{Polygon, combine};

/// Where the drawing of a side ends that nothing limits, mm from the axis of the beam.
pub const UNLIMITED_MM: f64 = 500.0;

/// What jaws, leaves and blocks leave open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// Closed outlines, mm, the first point repeated at the end, on the plane through the isocentre in IEC gantry axes: those of
    /// spots and of [`vestibule_geometry::Frames::beams_eye`]. Even-odd; outer ones run anticlockwise seen from the source.
    /// Empty where all is shut.
    pub outlines_mm: Vec<Vec<[f64; 2]>>,
    /// Area on that plane, mm².
    pub area_mm2: f64,
}

impl Opening {
    /// Area on the plane through the isocentre, cm².
    pub fn area_cm2(&self) -> f64 {
        self.area_mm2 / 100.0
    }
}

impl Beam {
    /// What is open at a control point, or at what [`Beam::delivered`] gives between two: the gaps between leaves that neither
    /// jaws nor blocks cover. Several apertures are open together, shielding blocks cover what they outline. Leaves reach no
    /// further than their boundaries: beyond them it is shut. None where the beam has neither jaws, leaves nor blocks.
    pub fn opening(&self, at: &ControlPoint) -> Option<Opening> {
        let mut layers: Vec<Vec<Polygon>> = Vec::new();
        for (device, positions) in self.limiting_devices.iter().zip(&at.positions_mm) {
            let pairs = device.pairs();
            let all = [-UNLIMITED_MM, UNLIMITED_MM];
            let across = if device.kind.has_leaves() { &device.boundaries_mm[..] } else { &all[..] };
            let gaps = across.windows(2).zip(positions.iter().zip(positions.iter().skip(pairs)));
            let gap = |(b, (from, to)): (&[f64], (&f64, &f64))| {
                let corners = [[*from, b[0]], [*to, b[0]], [*to, b[1]], [*from, b[1]]];
                let corners = if device.kind.moves_along_x() { corners } else { corners.map(|[u, v]| [v, u]) };
                (to > from).then(|| corners.to_vec())
            };
            layers.push(gaps.filter_map(gap).collect());
        }
        let devices = layers.len();
        let of = |kind| self.blocks.iter().filter(move |b: &&Block| b.kind == kind).map(|b| vec![b.outline_mm.clone()]);
        layers.extend(of(BlockType::Aperture));
        let apertures = layers.len();
        layers.extend(of(BlockType::Shielding));
        if layers.is_empty() {
            return None;
        }
        if apertures == 0 {
            // Only shielding: open everywhere else.
            let u = UNLIMITED_MM;
            layers.push(vec![vec![[-u, -u], [u, -u], [u, u], [-u, u]]]);
        }
        let shielding = if apertures == 0 { layers.len() - 1 } else { layers.len() };
        let region = combine(&layers, |inside| {
            inside[..devices].iter().all(|i| *i)
                && (apertures == devices || inside[devices..apertures].iter().any(|i| *i))
                && !inside[apertures..shielding].iter().any(|i| *i)
                && (apertures > 0 || inside[shielding])
        });
        let turned = region.outlines.into_iter().map(|l| l.into_iter().map(|p| to_gantry(&at.angles, p)).collect());
        Some(Opening { outlines_mm: turned.collect(), area_mm2: region.area })
    }
}

/// A place on the isocentre plane, IEC beam limiting device axes → IEC gantry axes.
pub(super) fn to_gantry(angles: &BeamAngles, [x, y]: [f64; 2]) -> [f64; 2] {
    let p = angles.beam_limiting_to_gantry() * nalgebra::Vector3::new(x, y, 0.0);
    [p.x, p.y]
}

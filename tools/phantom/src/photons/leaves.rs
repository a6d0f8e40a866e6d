//! Leaves and jaws around what the beam's eye sees of a target.

use nalgebra::{Point3, Vector3};
use vestibule_geometry::{BeamAngles, Frames};

/// Source to isocentre, mm: that of every usual C-arm linac.
pub const SAD_MM: f64 = 1000.0;

/// Leaf position boundaries of the usual leaf bank of 60 pairs, mm on the isocentre plane: 40 of 5 mm in the middle, 10 of 10 mm
/// to either side.
pub fn boundaries() -> Vec<f64> {
    let outer = |from: i32| (0..10).map(move |n| f64::from(from + 10 * n));
    let inner = (0..40).map(|n| f64::from(5 * n - 100));
    outer(-200).chain(inner).chain(outer(100)).chain([200.0]).collect()
}

/// Points of the patient as the source sees them: on the isocentre plane, IEC beam limiting device axes, mm.
pub fn project(target: &[Point3<f64>], frames: &Frames, angles: &BeamAngles) -> Vec<[f64; 2]> {
    let back = angles.beam_limiting_to_gantry().inverse();
    let seen = target.iter().filter_map(|p| frames.beams_eye(angles, Some([SAD_MM; 2]), *p));
    seen.map(|[x, y]| back * Vector3::new(x, y, 0.0)).map(|v| [v.x, v.y]).collect()
}

/// From where to where each pair must open, so that a disc of `margin` mm around every point is open; rounded outwards to 0.1 mm.
/// None for a pair that no disc reaches.
pub fn spans(points: &[[f64; 2]], boundaries: &[f64], margin: f64) -> Vec<Option<[f64; 2]>> {
    let span = |b: &[f64]| {
        let reach = points.iter().filter_map(|[x, y]| {
            let beside = (b[0] - y).max(y - b[1]).max(0.0);
            let half = (margin * margin - beside * beside).max(0.0).sqrt();
            (beside < margin).then_some([x - half, x + half])
        });
        let [low, high] = bounds(reach);
        (low <= high).then(|| [(low * 10.0).floor() / 10.0, (high * 10.0).ceil() / 10.0])
    };
    boundaries.windows(2).map(span).collect()
}

/// The jaws around `margin` mm about all points, x and y, rounded outwards to 1 mm.
pub fn jaws<'a>(points: impl Iterator<Item = &'a [f64; 2]> + Clone, margin: f64) -> [[f64; 2]; 2] {
    [0, 1].map(|axis| {
        let [low, high] = bounds(points.clone().map(|p| [p[axis]; 2]));
        [(low - margin).floor(), (high + margin).ceil()]
    })
}

/// Leaf positions as DICOM lists them: side 1 of every pair, then side 2. A pair without a gap is shut amid the gap of the nearest
/// pair that has one: its ends then lie where they have the shortest way.
pub fn positions(gaps: &[Option<[f64; 2]>]) -> Vec<f64> {
    let nearest = |n: usize| {
        let open = gaps.iter().enumerate().filter_map(|(m, g)| g.map(|g| (m.abs_diff(n), g)));
        open.min_by_key(|(far, _)| *far).map_or(0.0, |(_, [low, high])| hundredths(0.5 * (low + high)))
    };
    let pairs: Vec<[f64; 2]> = gaps.iter().enumerate().map(|(n, g)| g.unwrap_or_else(|| [nearest(n); 2])).collect();
    [0, 1].iter().flat_map(|side| pairs.iter().map(|p| p[*side])).collect()
}

/// A slit of `width` mm about `centre`, within what each pair may open.
pub fn slit(spans: &[Option<[f64; 2]>], centre: f64, width: f64) -> Vec<Option<[f64; 2]>> {
    let ends = [centre - 0.5 * width, centre + 0.5 * width];
    spans.iter().map(|span| span.map(|[low, high]| ends.map(|x| hundredths(x.clamp(low, high))))).collect()
}

/// Rounded to 0.01 mm, as plans state leaves.
pub fn hundredths(mm: f64) -> f64 {
    (mm * 100.0).round() / 100.0
}

/// Least and greatest end of all.
pub fn bounds(all: impl Iterator<Item = [f64; 2]>) -> [f64; 2] {
    all.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], [a, b]| [l.min(a), h.max(b)])
}

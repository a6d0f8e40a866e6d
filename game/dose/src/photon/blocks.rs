//! Blocks: what they leave of the fluence, pixel by pixel. They let nothing through; a plan's own transmission is not read.

use super::fluence::{Area, PIXEL_MM};
use vestibule_patient::{Beam, Block, BlockType};

/// Lines a pixel on which an outline is followed; along each it is exact.
const LINES: usize = 10;

/// Multiplies what each pixel gets by the share that the blocks leave: several apertures are open together, shielding
/// blocks cover what they outline.
pub(crate) fn shade(beam: &Beam, area: &Area, full: &mut [f32]) {
    let of = |kind: BlockType| beam.blocks.iter().filter(move |b: &&Block| b.kind == kind);
    let mut shut = vec![1.0f32; full.len()];
    for b in of(BlockType::Aperture) {
        shut.iter_mut().zip(inside(&b.outline_mm, area)).for_each(|(s, i)| *s *= 1.0 - i);
    }
    if of(BlockType::Aperture).next().is_some() {
        full.iter_mut().zip(&shut).for_each(|(f, s)| *f *= 1.0 - s);
    }
    for b in of(BlockType::Shielding) {
        full.iter_mut().zip(inside(&b.outline_mm, area)).for_each(|(f, i)| *f *= 1.0 - i);
    }
}

/// Share of each pixel that lies in a closed outline, even-odd.
fn inside(outline_mm: &[[f64; 2]], area: &Area) -> Vec<f32> {
    let wide = area.n[0];
    let mut out = vec![0.0f32; wide * area.n[1]];
    let at = |p: &[f64; 2]| [0, 1].map(|a| p[a] / PIXEL_MM - area.first[a] as f64);
    let points: Vec<[f64; 2]> = outline_mm.iter().map(at).collect();
    let edges = || points.iter().zip(points.iter().cycle().skip(1));
    for (y, row) in out.chunks_exact_mut(wide).enumerate() {
        for line in 0..LINES {
            let v = y as f64 + (line as f64 + 0.5) / LINES as f64;
            let crosses = |(a, b): (&[f64; 2], &[f64; 2])| {
                ((a[1] <= v) != (b[1] <= v)).then(|| a[0] + (v - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            };
            let mut x: Vec<f64> = edges().filter_map(crosses).collect();
            x.sort_by(f64::total_cmp);
            for pair in x.chunks_exact(2) {
                let from = pair[0].floor().clamp(0.0, wide as f64) as usize;
                let to = pair[1].ceil().clamp(0.0, wide as f64) as usize;
                for (i, o) in row.iter_mut().enumerate().take(to).skip(from) {
                    let covered = (pair[1].min(i as f64 + 1.0) - pair[0].max(i as f64)).max(0.0);
                    *o += (covered / LINES as f64) as f32;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_covers_its_area() {
        let area = Area { first: [-20, -20], n: [40, 40] };
        let triangle = vec![[-10.25, -10.0], [10.25, -10.0], [0.5, 12.0]];
        let block = |kind| Block {
            number: 1,
            name: String::new(),
            kind,
            material: String::new(),
            thickness_mm: None,
            outline_mm: triangle.clone(),
        };
        let left = |blocks| {
            let mut full = vec![1.0f32; 1600];
            shade(&Beam { blocks, ..Beam::default() }, &area, &mut full);
            full.iter().map(|v| f64::from(*v)).sum::<f64>()
        };
        let want = 0.5 * 20.5 * 22.0;
        assert!((left(vec![block(BlockType::Aperture)]) - want).abs() < 0.2);
        assert!((left(vec![block(BlockType::Shielding)]) - (1600.0 - want)).abs() < 0.2);
        assert!(left(vec![block(BlockType::Aperture), block(BlockType::Shielding)]) < 0.1 * want);
        assert_eq!(left(Vec::new()), 1600.0);
    }
}

//! Pictures for looking at the phantom while building it: slices and shaded surfaces as PNG.

use image::{GrayImage, Luma, Rgb, RgbImage};
use nalgebra::{Point3, Vector3};
use std::path::Path;
use vestibule_geometry::{Contour, Volume};

/// Saves an axial, a coronal or a sagittal slice. `axis`: 2, 1 or 0; `at_mm` along it; window as (centre, width).
pub fn slice(
    v: &Volume<f32>,
    axis: usize,
    at_mm: f64,
    window: (f64, f64),
    outlines: &[(&[Contour], [u8; 3])],
    path: &Path,
) -> image::ImageResult<()> {
    let g = &v.grid;
    let (u, w) = [(1, 2), (0, 2), (0, 1)][axis];
    let step = 0.75;
    let extent = |a: usize| (g.size[a] as f64 * g.spacing_mm[a] / step) as u32;
    let mut out = RgbImage::new(extent(u), extent(w));
    let o = g.origin_mm;
    let place = |x: u32, y: u32| {
        let mut p = Point3::origin();
        p[axis] = at_mm;
        p[u] = o[u] + f64::from(x) * step;
        let y = if w == 2 { extent(w) - 1 - y } else { y };
        p[w] = o[w] + f64::from(y) * step;
        p
    };
    for (x, y, px) in out.enumerate_pixels_mut() {
        let value = v.sample(place(x, y)).unwrap_or(-1000.0);
        let b = ((value - window.0) / window.1 + 0.5).clamp(0.0, 1.0) * 255.0;
        *px = Rgb([b as u8; 3]);
    }
    if axis == 2 {
        for (contours, colour) in outlines {
            for c in contours
                .iter()
                .filter(|c| c.points.first().is_some_and(|p| (p.z - at_mm).abs() < g.spacing_mm[2] * 0.51))
            {
                for (n, a) in c.points.iter().enumerate() {
                    let b = c.points[(n + 1) % c.points.len()];
                    for t in 0..8 {
                        let q = a + (b - a) * (f64::from(t) / 8.0);
                        let (x, y) = ((q.x - o.x) / step, (q.y - o.y) / step);
                        if x >= 0.0 && y >= 0.0 && (x as u32) < out.width() && (y as u32) < out.height() {
                            out.put_pixel(x as u32, y as u32, Rgb(*colour));
                        }
                    }
                }
            }
        }
    }
    out.save(path)
}

/// Saves a shaded view of the surface where the volume rises through `level`, seen from `from` (a direction in L, P, S).
pub fn surface(
    v: &Volume<f32>,
    level: f64,
    from: Vector3<f64>,
    centre: Point3<f64>,
    path: &Path,
) -> image::ImageResult<()> {
    let n = 460u32;
    let back = from.normalize();
    let right = Vector3::z().cross(&back).try_normalize(1e-6).unwrap_or(Vector3::x());
    let up = back.cross(&right);
    let light = (back + 0.6 * up - 0.5 * right).normalize();
    let mut out = GrayImage::new(n, n);
    for (x, y, px) in out.enumerate_pixels_mut() {
        let (a, b) = ((f64::from(x) / f64::from(n) - 0.5) * 270.0, (0.5 - f64::from(y) / f64::from(n)) * 270.0);
        let start = centre + right * a + up * b + back * 170.0;
        let mut t = 0.0;
        while t < 340.0 {
            let p = start - back * t;
            if v.sample(p).is_some_and(|h| h > level) {
                let (mut lo, mut hi) = (t - 0.7, t);
                for _ in 0..5 {
                    let m = 0.5 * (lo + hi);
                    if v.sample(start - back * m).is_some_and(|h| h > level) { hi = m } else { lo = m }
                }
                let p = start - back * hi;
                let e = 1.1;
                let s =
                    |d: Vector3<f64>| v.sample(p + d * e).unwrap_or(-1000.0) - v.sample(p - d * e).unwrap_or(-1000.0);
                let g = -Vector3::new(s(Vector3::x()), s(Vector3::y()), s(Vector3::z()));
                let normal = g.try_normalize(1e-9).unwrap_or(back);
                let shade = 0.16 + 0.74 * normal.dot(&light).max(0.0) + 0.1 * normal.dot(&back).max(0.0);
                *px = Luma([(shade * 255.0).clamp(0.0, 255.0) as u8]);
                break;
            }
            t += 0.7;
        }
    }
    out.save(path)
}

/// A set of slices and surfaces into `dir`.
pub fn all(study: &crate::study::Study, dir: &Path) -> image::ImageResult<()> {
    std::fs::create_dir_all(dir)?;
    let outlines: Vec<(&[Contour], [u8; 3])> =
        study.structures.structures.iter().map(|s| (s.contours.as_slice(), s.colour.unwrap_or([255; 3]))).collect();
    let ct = &study.ct.volume;
    for z in [-130, -110, -85, -72, -58, -46, -32, -18, -8, 0, 10, 20, 35, 49, 70] {
        let at = f64::from(z);
        slice(ct, 2, at, (60.0, 500.0), &[], &dir.join(format!("ct-axial-{z}.png")))?;
        slice(ct, 2, at, (60.0, 500.0), &outlines, &dir.join(format!("outlines-axial-{z}.png")))?;
        slice(&study.mr.volume, 2, at, (420.0, 840.0), &[], &dir.join(format!("mr-axial-{z}.png")))?;
        slice(&study.planned[0].dose.volume, 2, at, (30.0, 60.0), &outlines, &dir.join(format!("dose-axial-{z}.png")))?;
    }
    for (axis, name, list) in [(0, "sagittal", [0, 10, 28]), (1, "coronal", [-70, -40, 8])] {
        for at in list {
            slice(ct, axis, f64::from(at), (60.0, 500.0), &[], &dir.join(format!("ct-{name}-{at}.png")))?;
            slice(ct, axis, f64::from(at), (700.0, 2400.0), &[], &dir.join(format!("bone-{name}-{at}.png")))?;
            slice(
                &study.mr.volume,
                axis,
                f64::from(at),
                (420.0, 840.0),
                &[],
                &dir.join(format!("mr-{name}-{at}.png")),
            )?;
        }
    }
    let c = Point3::new(0.0, -10.0, -12.0);
    for (name, d) in [("front", [0.0, -1.0, 0.05]), ("side", [1.0, -0.1, 0.0]), ("oblique", [-0.7, -0.9, 0.25])] {
        let d = Vector3::from(d);
        surface(ct, -350.0, d, c, &dir.join(format!("surface-skin-{name}.png")))?;
        surface(ct, 320.0, d, c, &dir.join(format!("surface-bone-{name}.png")))?;
    }
    Ok(())
}

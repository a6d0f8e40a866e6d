//! The body as the beam meets it: stopping power relative to water, voxel by voxel of the CT.

use crate::error::ComputeError;
use crate::hu::HuTable;
use crate::overrides::Materials;
use nalgebra::{Isometry3, Point3};
use rayon::prelude::*;
use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Image, Modality};

/// The CT cut to the body and what supports it. Outside both the value is [`Self::NOTHING`] (taken for a vacuum), in a
/// support it is [`Self::outside`] of its stopping power.
#[derive(Clone, Debug)]
pub(crate) struct StoppingMap {
    pub relative: Volume<f32>,
    /// The CT's voxels that enclose the body alone.
    body: Grid,
    /// What stops otherwise than the CT says, in sentences.
    pub notes: Vec<String>,
    /// Voxels in the body whose HU lie above the table's last point and which no window covers.
    pub above_table: usize,
    /// Scattering power relative to water's, by hundredths of the stopping power.
    scattering: Vec<f32>,
}

impl StoppingMap {
    /// Value where nothing stops.
    pub const NOTHING: f32 = -1.0;

    /// Value of what has a stopping power but is not of the body.
    pub fn outside(relative: f32) -> f32 {
        -2.0 - relative
    }

    /// Stopping power relative to water that a value of the map stands for; None where nothing stops.
    #[inline]
    pub fn stops(value: f32) -> Option<f32> {
        if value >= 0.0 {
            Some(value)
        } else if value <= -2.0 {
            Some(-2.0 - value)
        } else {
            None
        }
    }

    pub fn new(
        ct: &Image,
        body: Option<&Volume<u8>>,
        hu: &HuTable,
        materials: &Materials,
    ) -> Result<Self, ComputeError> {
        if ct.modality != Modality::Ct {
            return Err(ComputeError::NotCt { modality: ct.modality.as_str().to_owned() });
        }
        let grid = &ct.volume.grid;
        materials.check(grid)?;
        let (low, high) = match body {
            None => ([0; 3], grid.size),
            Some(mask) => {
                if mask.grid.size != grid.size || (mask.grid.origin_mm - grid.origin_mm).norm() > 1e-3 {
                    return Err(ComputeError::BodyGrid { mask: mask.grid.size, ct: grid.size });
                }
                bounding_box(mask).ok_or(ComputeError::EmptyBody)?
            }
        };
        let cut = |low: [usize; 3], high: [usize; 3]| {
            let size = [0, 1, 2].map(|a| high[a] - low[a]);
            Grid { size, origin_mm: grid.centre(low[0], low[1], low[2]), ..grid.clone() }
        };
        let body_box = cut(low, high);
        if body_box.size.contains(&0) {
            return Err(ComputeError::EmptyBody);
        }
        let [low, high] = materials.enclose([low, high]);
        let cut = cut(low, high);
        let size = cut.size;
        let top = hu.limits()[1];
        let mut data = vec![0.0f32; cut.len()];
        let row = size[0];
        let (bad, above_table) = data
            .par_chunks_mut(row)
            .enumerate()
            .map(|(line, out)| {
                let (j, k) = (line % size[1] + low[1], line / size[1] + low[2]);
                let from = grid.offset(low[0], j, k);
                let (mut bad, mut above) = (0, 0);
                for (i, o) in out.iter_mut().enumerate() {
                    if body.is_some_and(|m| m.data[from + i] == 0) {
                        *o = Self::NOTHING;
                        continue;
                    }
                    let v = f64::from(ct.volume.data[from + i]);
                    bad += usize::from(!v.is_finite());
                    above += usize::from(v > top && !materials.windows.iter().any(|w| w.hu[0] <= v && v <= w.hu[1]));
                    *o = hu.relative_stopping_power(v) as f32;
                }
                (bad, above)
            })
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        if bad > 0 {
            return Err(ComputeError::CtNotFinite { count: bad });
        }
        let mut relative = Volume { grid: cut, data };
        let notes = materials.apply(&mut relative, &ct.volume, low, hu)?;
        let scattering = (0..=1100).map(|i| hu.relative_scattering_power(f64::from(i) * 0.01) as f32).collect();
        Ok(Self { relative, body: body_box, notes, above_table, scattering })
    }

    /// Scattering power relative to water's of a stopping power relative to water's.
    pub fn scattering_power(&self, relative: f32) -> f64 {
        let q = (100.0 * relative).clamp(0.0, 1099.0);
        let i = q as usize;
        let (a, b) = (self.scattering[i], self.scattering[i + 1]);
        f64::from(a + (b - a) * (q - i as f32))
    }

    /// Whether a point lies in a voxel of the body.
    pub fn inside(&self, p: Point3<f64>) -> bool {
        let q = self.relative.grid.to_index(p);
        let mut c = [0usize; 3];
        for a in 0..3 {
            let r = (q[a] + 0.5).floor();
            if !(r >= 0.0 && r < self.relative.grid.size[a] as f64) {
                return false;
            }
            c[a] = r as usize;
        }
        self.relative.at(c[0], c[1], c[2]) >= 0.0
    }

    fn corners(&self) -> impl Iterator<Item = Point3<f64>> + '_ {
        (0..8).map(|b| {
            let at = |a: usize| if b >> a & 1 == 0 { -0.5 } else { self.relative.grid.size[a] as f64 - 0.5 };
            self.relative.grid.to_world(Point3::new(at(0), at(1), at(2)))
        })
    }

    /// Highest z of the box in the gantry frame, mm.
    pub fn highest_z(&self, to_gantry: &Isometry3<f64>) -> f64 {
        self.corners().map(|p| (to_gantry * p).z).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Lowest z of the box in the gantry frame, mm.
    pub fn lowest_z(&self, to_gantry: &Isometry3<f64>) -> f64 {
        self.corners().map(|p| (to_gantry * p).z).fold(f64::INFINITY, f64::min)
    }

    /// Where the box lies on the isocentre plane as a point on +z sees it, mm: x and y from and to. What is nearer to the
    /// point than `nearest_mm` counts as if it were so far away.
    pub fn seen(&self, to_head: &Isometry3<f64>, source_axis_mm: f64, nearest_mm: f64) -> [[f64; 2]; 2] {
        let mut out = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
        for p in self.corners().map(|p| to_head * p) {
            let scale = source_axis_mm / (source_axis_mm - p.z).max(nearest_mm);
            for (o, v) in out.iter_mut().zip([p.x * scale, p.y * scale]) {
                *o = [o[0].min(v), o[1].max(v)];
            }
        }
        out
    }

    /// A grid of `grid_mm` that covers the body, on the CT's axes, with the body in its middle.
    pub fn dose_grid(&self, grid_mm: f64) -> Grid {
        let g = &self.body;
        let mut size = [0; 3];
        let mut first = Point3::origin();
        for a in 0..3 {
            let extent = g.size[a] as f64 * g.spacing_mm[a];
            size[a] = ((extent / grid_mm - 1e-6).ceil() as usize).max(1);
            let margin = 0.5 * (extent - size[a] as f64 * grid_mm) + 0.5 * grid_mm;
            first[a] = -0.5 + margin / g.spacing_mm[a];
        }
        Grid { size, spacing_mm: [grid_mm; 3], origin_mm: g.to_world(first), axes: g.axes }
    }
}

/// First and one past the last index of what is not 0.
pub(crate) fn bounding_box(mask: &Volume<u8>) -> Option<([usize; 3], [usize; 3])> {
    let [nx, ny, nz] = mask.grid.size;
    let (mut low, mut high) = ([usize::MAX; 3], [0; 3]);
    for k in 0..nz {
        for j in 0..ny {
            let from = mask.grid.offset(0, j, k);
            let row = &mask.data[from..from + nx];
            let Some(first) = row.iter().position(|v| *v != 0) else { continue };
            let last = row.iter().rposition(|v| *v != 0).unwrap_or(first);
            for (a, (lo, hi)) in [(first, last), (j, j), (k, k)].into_iter().enumerate() {
                low[a] = low[a].min(lo);
                high[a] = high[a].max(hi + 1);
            }
        }
    }
    (high[0] > 0).then_some((low, high))
}

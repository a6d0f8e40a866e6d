//! What a volume holds within a region.

use crate::Volume;
use nalgebra::Point3;

/// Statistics of the voxels whose centres lie in a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionStatistics {
    /// Voxels.
    pub count: usize,
    /// Mean of their values.
    pub mean: f64,
    /// Standard deviation, n in the denominator.
    pub deviation: f64,
    /// Lowest value.
    pub lowest: f64,
    /// Highest value.
    pub highest: f64,
}

impl Volume<f32> {
    /// Of the voxels whose centres lie within `radius_mm` of a point, its edge included; values that are no number are left
    /// out. None where there is none.
    pub fn within_ball(&self, middle: &Point3<f64>, radius_mm: f64) -> Option<RegionStatistics> {
        let at = self.grid.to_index(*middle);
        let ends = |a: usize| {
            let reach = radius_mm / self.grid.spacing_mm[a];
            let n = self.grid.size[a];
            let low = (at[a] - reach).ceil().max(0.0);
            let high = (at[a] + reach).floor().min(n as f64 - 1.0);
            (low <= high).then_some((low as usize, high as usize))
        };
        let (x, y, z) = (ends(0)?, ends(1)?, ends(2)?);
        let limit = radius_mm * radius_mm * (1.0 + 1e-12);
        let mut sums = Sums::default();
        for k in z.0..=z.1 {
            for j in y.0..=y.1 {
                for i in x.0..=x.1 {
                    if (self.grid.centre(i, j, k) - middle).norm_squared() <= limit {
                        sums.take(self.at(i, j, k));
                    }
                }
            }
        }
        sums.statistics()
    }

    /// Of the voxels that a mask on the same grid marks with anything but 0; values that are no number are left out. None where there is
    /// none, or where the grids differ.
    pub fn within(&self, mask: &Volume<u8>) -> Option<RegionStatistics> {
        if self.grid != mask.grid {
            return None;
        }
        let mut sums = Sums::default();
        self.data.iter().zip(&mask.data).filter(|(_, inside)| **inside != 0).for_each(|(v, _)| sums.take(*v));
        sums.statistics()
    }
}

/// Sums and squares about the first value, so that large values lose no digits.
#[derive(Default)]
struct Sums {
    first: Option<f64>,
    count: usize,
    sum: f64,
    squares: f64,
    ends: Option<[f64; 2]>,
}

impl Sums {
    fn take(&mut self, v: f32) {
        let v = f64::from(v);
        if v.is_nan() {
            return;
        }
        let d = v - *self.first.get_or_insert(v);
        self.count += 1;
        self.sum += d;
        self.squares += d * d;
        self.ends = Some(self.ends.map_or([v, v], |[low, high]| [low.min(v), high.max(v)]));
    }

    fn statistics(&self) -> Option<RegionStatistics> {
        let ([lowest, highest], n) = (self.ends?, self.count as f64);
        let shift = self.sum / n;
        let deviation = (self.squares / n - shift * shift).max(0.0).sqrt();
        Some(RegionStatistics { count: self.count, mean: self.first? + shift, deviation, lowest, highest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;

    #[test]
    fn a_mask_takes_what_it_marks_on_its_own_grid() {
        let grid = Grid::axial([2, 2, 1], [1.0; 3], Point3::origin());
        let values = Volume { grid: grid.clone(), data: vec![1.0, f32::NAN, 4.0, 100.0] };
        let mask = |data: Vec<u8>| Volume { grid: grid.clone(), data };
        let s = values.within(&mask(vec![1, 1, 2, 0])).unwrap();
        assert_eq!((s.count, s.mean, s.deviation, s.lowest, s.highest), (2, 2.5, 1.5, 1.0, 4.0));
        assert_eq!(values.within(&mask(vec![0; 4])), None);
        let other = Volume { grid: Grid::axial([2, 2, 1], [2.0; 3], Point3::origin()), data: vec![1; 4] };
        assert_eq!(values.within(&other), None);
    }

    #[test]
    fn a_ball_takes_the_voxels_in_it_and_its_edge() {
        let grid = Grid::axial([5, 5, 5], [1.0, 1.0, 2.0], Point3::new(-2.0, -2.0, -4.0));
        let mut v = Volume::filled(grid, 1000.0f32);
        let o = v.grid.offset(3, 2, 2);
        v.data[o] = 1007.0;
        // the middle and its four neighbours in the plane; the planes above and below are 2 mm away
        let s = v.within_ball(&Point3::origin(), 1.0).unwrap();
        assert_eq!((s.count, s.lowest, s.highest), (5, 1000.0, 1007.0));
        assert!((s.mean - 1001.4).abs() < 1e-9 && (s.deviation - 2.8).abs() < 1e-9, "{s:?}");
        v.data[o] = f32::NAN;
        assert_eq!(v.within_ball(&Point3::origin(), 1.0).unwrap().count, 4);
        assert!(v.within_ball(&Point3::new(99.0, 0.0, 0.0), 5.0).is_none());
        assert!(v.within_ball(&Point3::new(0.5, 0.5, 0.5), 0.1).is_none());
    }
}

//! What a volume holds within a region.

use crate::{Grid, Volume};
use nalgebra::Point3;
use std::ops::Range;

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

impl RegionStatistics {
    /// Of these values; those that are no number are left out. None where there is none. Sums go about the first value, so that large
    /// values lose no digits.
    pub fn of(values: &[f32]) -> Option<Self> {
        let numbers = || values.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v));
        let first = numbers().next()?;
        let (mut count, mut sum, mut squares, mut ends) = (0usize, 0.0, 0.0, [first; 2]);
        for v in numbers() {
            let d = v - first;
            (count, sum, squares) = (count + 1, sum + d, squares + d * d);
            ends = [ends[0].min(v), ends[1].max(v)];
        }
        let shift = sum / count as f64;
        let deviation = (squares / count as f64 - shift * shift).max(0.0).sqrt();
        Some(Self { count, mean: first + shift, deviation, lowest: ends[0], highest: ends[1] })
    }
}

/// The voxels of a grid whose centres lie in a region, as runs of neighbours: found once, its values are copied out as often as they
/// change.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    grid: Grid,
    runs: Vec<Range<usize>>,
}

impl Runs {
    /// Those that a mask marks with anything but 0.
    pub fn marked(mask: &Volume<u8>) -> Self {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for at in mask.data.iter().enumerate().filter(|v| *v.1 != 0).map(|v| v.0) {
            match runs.last_mut().filter(|r| r.end == at) {
                Some(run) => run.end += 1,
                None => runs.push(at..at + 1),
            }
        }
        Self { grid: mask.grid.clone(), runs }
    }

    /// Those within `radius_mm` of a point, its edge included.
    pub fn ball(grid: &Grid, middle: &Point3<f64>, radius_mm: f64) -> Self {
        let at = grid.to_index(*middle);
        let ends = |a: usize, reach_mm: f64| {
            let (n, reach) = (grid.size[a] as f64, reach_mm / grid.spacing_mm[a] * (1.0 + 1e-12));
            let low = (at[a] - reach).ceil().max(0.0);
            let high = (at[a] + reach).floor().min(n - 1.0);
            if low <= high { low as usize..high as usize + 1 } else { 0..0 }
        };
        let square = |a: usize, i: usize| ((i as f64 - at[a]) * grid.spacing_mm[a]).powi(2);
        let mut runs = Vec::new();
        for k in ends(2, radius_mm) {
            for j in ends(1, radius_mm) {
                let left = radius_mm * radius_mm * (1.0 + 1e-12) - square(2, k) - square(1, j);
                let row = if left >= 0.0 { ends(0, left.sqrt()) } else { 0..0 };
                if !row.is_empty() {
                    let first = grid.offset(row.start, j, k);
                    runs.push(first..first + row.len());
                }
            }
        }
        Self { grid: grid.clone(), runs }
    }

    /// The grid whose voxels they are.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// What a volume has there; nothing where it lies on another grid.
    pub fn values(&self, volume: &Volume<f32>) -> Vec<f32> {
        if volume.grid != self.grid {
            return Vec::new();
        }
        let mut values = Vec::with_capacity(self.runs.iter().map(Range::len).sum());
        self.runs.iter().for_each(|run| values.extend_from_slice(&volume.data[run.clone()]));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_takes_what_it_marks_on_its_own_grid() {
        let grid = Grid::axial([2, 2, 1], [1.0; 3], Point3::origin());
        let volume = Volume { grid: grid.clone(), data: vec![1.0, f32::NAN, 4.0, 100.0] };
        let of =
            |data: Vec<u8>| RegionStatistics::of(&Runs::marked(&Volume { grid: grid.clone(), data }).values(&volume));
        let s = of(vec![1, 1, 2, 0]).unwrap();
        assert_eq!((s.count, s.mean, s.deviation, s.lowest, s.highest), (2, 2.5, 1.5, 1.0, 4.0));
        assert_eq!(of(vec![1, 0, 0, 1]).unwrap().highest, 100.0);
        assert_eq!(of(vec![0; 4]), None);
        let other = Volume { grid: Grid::axial([2, 2, 1], [2.0; 3], Point3::origin()), data: vec![1; 4] };
        assert!(Runs::marked(&other).values(&volume).is_empty());
    }

    #[test]
    fn a_ball_takes_the_voxels_in_it_and_its_edge() {
        let grid = Grid::axial([5, 5, 5], [1.0, 1.0, 2.0], Point3::new(-2.0, -2.0, -4.0));
        let mut v = Volume::filled(grid, 1000.0f32);
        let o = v.grid.offset(3, 2, 2);
        v.data[o] = 1007.0;
        let of = |v: &Volume<f32>, middle: Point3<f64>, radius_mm: f64| {
            RegionStatistics::of(&Runs::ball(&v.grid, &middle, radius_mm).values(v))
        };
        // the middle and its four neighbours in the plane; the planes above and below are 2 mm away
        let s = of(&v, Point3::origin(), 1.0).unwrap();
        assert_eq!((s.count, s.lowest, s.highest), (5, 1000.0, 1007.0));
        assert!((s.mean - 1001.4).abs() < 1e-9 && (s.deviation - 2.8).abs() < 1e-9, "{s:?}");
        v.data[o] = f32::NAN;
        assert_eq!(of(&v, Point3::origin(), 1.0).unwrap().count, 4);
        assert!(of(&v, Point3::new(99.0, 0.0, 0.0), 5.0).is_none());
        assert!(of(&v, Point3::new(0.5, 0.5, 0.5), 0.1).is_none());
    }

    #[test]
    fn a_ball_is_what_counting_every_voxel_finds() {
        let grid = Grid::axial([23, 19, 17], [1.3, 0.9, 2.1], Point3::new(-11.0, 3.0, 5.0));
        let values = Volume { data: (0..grid.len()).map(|v| v as f32).collect(), grid };
        for (middle, radius_mm) in [([2.0, 9.0, 20.0], 7.7), ([-11.0, 3.0, 5.0], 6.0), ([0.3, 11.1, 22.0], 60.0)] {
            let middle = Point3::from(middle);
            let [nx, ny, _] = values.grid.size;
            let near = |at: &f32| {
                let at = *at as usize;
                (values.grid.centre(at % nx, at / nx % ny, at / nx / ny) - middle).norm() <= radius_mm
            };
            let want: Vec<f32> = values.data.iter().copied().filter(near).collect();
            assert_eq!(Runs::ball(&values.grid, &middle, radius_mm).values(&values), want);
        }
    }
}

//! What one spot gives the voxels, as rows of them: adding a spot is then one pass over a few tens of thousands of
//! numbers.

use super::IndexBox;
use super::exact::Step;
use std::mem::size_of;

/// A run of voxels along x: offset of the first in the grid, and how many.
type Row = (u32, u32);

/// Gray per MU of one spot.
#[derive(Debug, Default)]
pub(super) struct SpotDose {
    rows: Vec<Row>,
    /// The rows' voxels one after the other.
    values: Vec<f32>,
    /// The box of the voxels that get something.
    pub bounds: Option<IndexBox>,
}

impl SpotDose {
    /// Adds one lane of a row of voxels that starts at offset `from`, voxel [i, j, k]; zeros at its ends are left out.
    pub fn push<const N: usize>(&mut self, line: &[[f32; N]], lane: usize, from: usize, [i, j, k]: [usize; 3]) {
        let Some(start) = line.iter().position(|v| v[lane] > 0.0) else { return };
        let end = line.iter().rposition(|v| v[lane] > 0.0).map_or(start, |e| e + 1);
        self.rows.push(((from + start) as u32, (end - start) as u32));
        self.values.extend(line[start..end].iter().map(|v| v[lane]));
        super::join(&mut self.bounds, &[[i + start, j, k], [i + end, j + 1, k + 1]]);
    }

    /// The spot as it is so far, and room for another that will be about as large.
    pub fn take(&mut self) -> Self {
        let more = |n: usize| n + n / 16;
        let next = Self {
            rows: Vec::with_capacity(more(self.rows.len())),
            values: Vec::with_capacity(more(self.values.len())),
            bounds: None,
        };
        let mut out = std::mem::replace(self, next);
        if out.values.capacity() > out.values.len() + out.values.len() / 8 {
            out.values.shrink_to_fit();
        }
        out.rows.shrink_to_fit();
        out
    }

    /// Bytes it takes.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.values.capacity() * size_of::<f32>() + size_of::<Self>()
    }

    /// Turns `mu[0]` of this spot in a grid into `mu[1]`. Gives the highest value among its voxels afterwards, Gy.
    pub fn change(&self, dose: &mut [f64], mu: [f64; 2], step: Step) -> f64 {
        let [before, after] = mu;
        if before == 0.0 {
            self.each(dose, |v| step.round(v * after))
        } else {
            self.each(dose, |v| step.round(v * after) - step.round(v * before))
        }
    }

    #[inline(always)]
    fn each(&self, dose: &mut [f64], gy: impl Fn(f64) -> f64) -> f64 {
        // Four lanes, so that it is done in vectors.
        let mut max = [0.0f64; 4];
        let mut values = self.values.as_slice();
        for (from, n) in &self.rows {
            let (row, rest) = values.split_at(*n as usize);
            values = rest;
            let Some(line) = dose.get_mut(*from as usize..*from as usize + row.len()) else { continue };
            let (fours, ends) = (line.chunks_exact_mut(4), row.len() / 4 * 4);
            for (d, v) in fours.zip(row.chunks_exact(4)) {
                for l in 0..4 {
                    d[l] += gy(f64::from(v[l]));
                    max[l] = if d[l] > max[l] { d[l] } else { max[l] };
                }
            }
            for (d, v) in line[ends..].iter_mut().zip(&row[ends..]) {
                *d += gy(f64::from(*v));
                max[0] = max[0].max(*d);
            }
        }
        max.into_iter().fold(0.0, f64::max)
    }
}

#[cfg(test)]
impl SpotDose {
    /// Visits its voxels: offset and Gray per MU.
    pub fn each_voxel(&self, mut visit: impl FnMut(usize, f32)) {
        let mut values = self.values.iter();
        for (from, n) in &self.rows {
            (*from..from + n).zip(values.by_ref()).for_each(|(o, v)| visit(o as usize, *v));
        }
    }

    pub fn same_bits(&self, other: &Self) -> bool {
        let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        self.rows == other.rows && self.bounds == other.bounds && bits(&self.values) == bits(&other.values)
    }
}

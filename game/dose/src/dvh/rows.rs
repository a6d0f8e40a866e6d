//! A contour plane in rows of thin lines: its area, and places that lie inside.

use super::Plane;

/// Lines a row.
const LINES: usize = 16;

/// Rows about as high as the sampling step; each is cut into lines, and a line knows where it is inside.
pub(super) struct Rows {
    /// Of a row, mm.
    pub height: f64,
    low: f64,
    lines: Vec<Line>,
}

/// Intervals that are inside, rising, and their length together.
#[derive(Default)]
struct Line {
    inside: Vec<[f64; 2]>,
    length: f64,
}

impl Rows {
    pub(super) fn new(plane: &Plane, step: f64) -> Self {
        let count = ((plane.high - plane.low) / step).ceil().clamp(1.0, 1e5) as usize;
        let height = (plane.high - plane.low) / count as f64;
        let thin = height / LINES as f64;
        let mut crossings = vec![Vec::new(); count * LINES];
        for [a, b] in plane.edges.iter().filter(|[a, b]| a[1] != b[1]) {
            // Lines run through the middle of their height.
            let at = |y: f64| ((y - plane.low) / thin - 0.5).ceil().clamp(0.0, (count * LINES) as f64) as usize;
            let (from, to) = (at(a[1].min(b[1])), at(a[1].max(b[1])));
            for (n, line) in crossings[from..to].iter_mut().enumerate() {
                let y = plane.low + ((from + n) as f64 + 0.5) * thin;
                line.push(a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]));
            }
        }
        let line = |mut x: Vec<f64>| {
            x.sort_by(f64::total_cmp);
            let inside: Vec<[f64; 2]> = x.chunks_exact(2).filter(|p| p[1] > p[0]).map(|p| [p[0], p[1]]).collect();
            let length = inside.iter().map(|p| p[1] - p[0]).sum();
            Line { inside, length }
        };
        Self { height, low: plane.low, lines: crossings.into_iter().map(line).collect() }
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len() / LINES
    }

    /// What is inside, mm².
    pub(super) fn area_mm2(&self) -> f64 {
        self.lines.iter().map(|l| l.length).sum::<f64>() * self.height / LINES as f64
    }

    /// Length inside of a row's lines, mm, on average.
    pub(super) fn mean_length(&self, row: usize) -> f64 {
        self.lines[row * LINES..(row + 1) * LINES].iter().map(|l| l.length).sum::<f64>() / LINES as f64
    }

    /// A place inside a row, mm: `along` (0 to 1) of what is inside, `across` (0 to 1) of the row's height; and the length inside
    /// there. None where the row is outside at that height.
    pub(super) fn place(&self, row: usize, along: f64, across: f64) -> Option<([f64; 2], f64)> {
        let line = &self.lines[row * LINES + ((across * LINES as f64) as usize).min(LINES - 1)];
        let mut left = along * line.length;
        let last = line.inside.last()?;
        for [a, b] in &line.inside {
            if left <= b - a {
                return Some(([a + left, self.low + (row as f64 + across) * self.height], line.length));
            }
            left -= b - a;
        }
        Some(([last[1], self.low + (row as f64 + across) * self.height], line.length))
    }
}

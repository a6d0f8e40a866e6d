//! Where the three planes cut the patient: through one point, which everything that has a place shares.

use bevy::prelude::*;
use nalgebra::{Point3, Vector3};
use vestibule_geometry::AnatomicalPlane;

/// The point, and how far the planes reach. DICOM patient coordinates, mm.
#[derive(Resource, Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Where the planes cross.
    pub at: Point3<f64>,
    /// Box of everything that can be cut: lowest and highest corner.
    pub bounds: [Point3<f64>; 2],
    pub(crate) reach: [Option<[Point3<f64>; 2]>; 3],
    /// Box of the body, which pictures show first; None: the whole image.
    pub body: Option<[Point3<f64>; 2]>,
    /// A plane that stands askew; None: there is none.
    pub slant: Option<Frame>,
}

impl Default for Cuts {
    fn default() -> Self {
        Self {
            at: Point3::origin(),
            bounds: [Point3::from([-1.0; 3]), Point3::from([1.0; 3])],
            reach: [None; 3],
            body: None,
            slant: None,
        }
    }
}

/// What has a place that can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The image in grey.
    Image,
    /// The structures.
    Structures,
    /// The dose.
    Dose,
}

/// One plane's picture: a rectangle in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Its upper left corner, mm.
    pub corner: Point3<f64>,
    /// Along its upper edge and down its left one, mm.
    pub edges: [Vector3<f64>; 2],
    /// Out of the picture, towards who looks.
    pub out: Vector3<f64>,
}

impl Frame {
    /// A square about a point: `right` and `up` of length 1, at a right angle.
    pub fn square(middle: Point3<f64>, right: Vector3<f64>, up: Vector3<f64>, side: f64) -> Self {
        let edges = [right * side, -up * side];
        Self { corner: middle - (edges[0] + edges[1]) * 0.5, edges, out: right.cross(&up) }
    }

    /// To the right, up and towards who looks, each of length 1.
    pub fn directions(&self) -> [Vector3<f64>; 3] {
        [self.edges[0].normalize(), -self.edges[1].normalize(), self.out]
    }

    /// Its middle.
    pub fn middle(&self) -> Point3<f64> {
        self.corner + (self.edges[0] + self.edges[1]) * 0.5
    }

    /// The point at a share (0 to 1) of its width and height from the upper left.
    pub fn point(&self, u: f64, v: f64) -> Point3<f64> {
        self.corner + self.edges[0] * u + self.edges[1] * v
    }

    /// Width and height, mm.
    pub fn size(&self) -> [f64; 2] {
        self.edges.map(|e| e.norm())
    }
}

impl Cuts {
    /// How far something reaches: planes and the point go as far as the farthest. A dose may be larger than the image, and
    /// structures may lie where there is no image at all.
    pub fn reach(&mut self, what: Reach, bounds: Option<[Point3<f64>; 2]>) {
        self.reach[what as usize] = bounds;
        let all = self.reach.iter().flatten().copied();
        if let Some(bounds) = all.reduce(|[a, b], [c, d]| [a.inf(&c), b.sup(&d)]) {
            self.bounds = bounds;
            let at = self.at;
            self.go(at);
        }
    }

    /// How far something reaches, as it was said last.
    pub fn reaches(&self, what: Reach) -> Option<[Point3<f64>; 2]> {
        self.reach[what as usize]
    }

    /// Into the box, and everything that is no number to its middle.
    pub fn go(&mut self, to: Point3<f64>) {
        let [low, high] = self.bounds;
        for a in 0..3 {
            let middle = 0.5 * (low[a] + high[a]);
            self.at[a] = if to[a].is_finite() { to[a].clamp(low[a], high[a]) } else { middle };
        }
    }

    /// A plane through the point, as large as the box of everything.
    pub fn frame(&self, plane: AnatomicalPlane) -> Frame {
        self.within(plane, self.bounds)
    }

    /// The same, as large as the box of the body.
    pub fn body_frame(&self, plane: AnatomicalPlane) -> Frame {
        self.within(plane, self.body.unwrap_or(self.bounds))
    }

    fn within(&self, plane: AnatomicalPlane, [low, high]: [Point3<f64>; 2]) -> Frame {
        let [right, up, out] = plane.picture();
        let size = high - low;
        let end = |direction: &Vector3<f64>| if direction.sum() > 0.0 { high } else { low };
        let mut corner = self.at;
        for (direction, far) in [(right, end(&-right)), (up, end(&up))] {
            let a = direction.iamax();
            corner[a] = far[a];
        }
        let length = |d: &Vector3<f64>| size[d.iamax()];
        Frame { corner, edges: [right * length(&right), -up * length(&up)], out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_has_a_place_can_be_cut() {
        let mut cuts = Cuts::default();
        let p = |v: f64| Point3::new(v, v, v);
        cuts.reach(Reach::Image, Some([p(0.0), Point3::new(10.0, 10.0, 1.0)]));
        cuts.reach(Reach::Dose, Some([p(-5.0), p(5.0)]));
        assert_eq!(cuts.bounds, [p(-5.0), Point3::new(10.0, 10.0, 5.0)]);
        cuts.go(p(4.0));
        cuts.reach(Reach::Dose, None);
        assert_eq!((cuts.bounds, cuts.at), ([p(0.0), Point3::new(10.0, 10.0, 1.0)], Point3::new(4.0, 4.0, 1.0)));
    }

    #[test]
    fn frames_fill_the_box_and_pass_through_the_point() {
        let mut cuts =
            Cuts { bounds: [Point3::new(-10.0, -20.0, -30.0), Point3::new(11.0, 22.0, 33.0)], ..Cuts::default() };
        cuts.go(Point3::new(4.0, 99.0, f64::NAN));
        assert_eq!(cuts.at, Point3::new(4.0, 22.0, 1.5));
        let axial = cuts.frame(AnatomicalPlane::Axial);
        // the patient's right and front are at the upper left
        assert_eq!(
            (axial.corner, axial.point(1.0, 1.0)),
            (Point3::new(-10.0, -20.0, 1.5), Point3::new(11.0, 22.0, 1.5))
        );
        let coronal = cuts.frame(AnatomicalPlane::Coronal);
        assert_eq!((coronal.corner, coronal.size()), (Point3::new(-10.0, 22.0, 33.0), [21.0, 63.0]));
        let sagittal = cuts.frame(AnatomicalPlane::Sagittal);
        assert_eq!((sagittal.corner, sagittal.middle()), (Point3::new(4.0, -20.0, 33.0), Point3::new(4.0, 1.0, 1.5)));
    }
}

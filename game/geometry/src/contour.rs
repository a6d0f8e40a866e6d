//! Planar contours, and the masks they enclose.

use nalgebra::Point3;
use serde::{Deserialize, Serialize};

/// One closed planar polygon in DICOM patient coordinates (mm). The last point joins the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contour {
    /// Corners in order, mm.
    pub points: Vec<Point3<f64>>,
}

//! Frames, grids, meshes, resampling and units: the ground floor. It imports no sibling.

pub mod anatomical;
pub mod clearance;
pub mod contour;
pub mod drr;
pub mod frames;
pub mod grid;
pub mod isoline;
mod marching;
pub mod mesh;
pub mod planar;
pub mod ray;
mod region;
mod section;
mod silhouette;

pub use anatomical::{AnatomicalPlane, letter};
pub use contour::distance::{DistanceError, DistanceField, DistanceOptions};
pub use contour::{Closest, Contour};
pub use drr::{Imager, Radiograph, radiograph};
pub use frames::{BeamAngles, Frames, PatientPosition};
pub use grid::{Grid, Volume};
pub use isoline::{Isoline, isolines};
pub use mesh::TriMesh;
pub use region::{RegionStatistics, Runs};
pub use section::section;
pub use silhouette::silhouette;

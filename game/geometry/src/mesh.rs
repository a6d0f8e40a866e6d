//! Triangle meshes, and surfaces from volumes.

use serde::{Deserialize, Serialize};

/// Triangles with a normal per corner. The unit and frame are the caller's; surfaces of volumes are DICOM patient mm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TriMesh {
    /// Corner positions.
    pub positions: Vec<[f32; 3]>,
    /// Unit normals, outward, one per position.
    pub normals: Vec<[f32; 3]>,
    /// Three per triangle, anticlockwise seen from outside.
    pub indices: Vec<u32>,
}

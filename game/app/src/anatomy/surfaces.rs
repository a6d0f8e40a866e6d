//! Surfaces of the patient's own images and structures, worked out beside the frame loop.

use crate::now::Case;
use crate::tokens;
use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use vestibule_geometry::contour::{mask, surface};
use vestibule_geometry::{Contour, Grid, TriMesh, Volume};
use vestibule_patient::{RoiType, StructureSet};

/// What a surface is; decides its material and the order of drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Component, Serialize, Deserialize)]
pub enum Kind {
    /// The brain.
    Brain,
    /// The place we treat.
    Target,
    /// Bones.
    Bone,
    /// Skin.
    Skin,
}

/// Triangles per surface; all together at most 15,000.
const SKIN_TRIANGLES: usize = 5000;
const BONE_TRIANGLES: usize = 5200;
const BRAIN_TRIANGLES: usize = 3600;
const TARGET_TRIANGLES: usize = 1000;
/// Grid for surfaces, mm: fine enough for a smooth face, coarse enough for two seconds of work.
const SURFACE_MM: f64 = 2.0;
/// Hounsfield units that part air from skin, and soft tissue from bone.
const SKIN_HU: f32 = -350.0;
const BONE_HU: f32 = 300.0;

/// Finished surfaces, DICOM patient mm.
pub fn build(case: &Case) -> Vec<(Kind, TriMesh)> {
    let mut out = Vec::new();
    let Some(plan) = case.patient.plans.get(case.plan) else { return out };
    let structures = case.patient.structures_of(plan);
    let Some(ct) = case.patient.planning_image(plan) else { return out };
    let coarse = resample(&ct.volume, SURFACE_MM);
    let body = structures.and_then(StructureSet::external).map(|s| filled(&s.contours, &coarse.grid));
    let finish = |m: TriMesh, triangles: usize| m.smooth(4).simplify(triangles).smooth(2);

    let mut skin = coarse.clone();
    if let Some(body) = &body {
        // couch and mask lie outside the body: they are air here
        for (v, b) in skin.data.iter_mut().zip(&body.data) {
            *v = if *b > 0.02 { v.max(-1000.0) } else { -1000.0 };
        }
    }
    let bone = skin.clone();
    close_border(&mut skin, -1000.0);
    // from outside only the outermost sheet is wanted: airways are filled with tissue
    fill_holes(&mut skin, SKIN_HU);
    out.push((Kind::Skin, finish(TriMesh::isosurface(&skin, SKIN_HU), SKIN_TRIANGLES)));
    out.push((Kind::Bone, finish(TriMesh::isosurface(&bone, BONE_HU), BONE_TRIANGLES)));

    let brain = structures.and_then(|s| ["Brain", "BRAIN"].iter().find_map(|n| s.find(n)));
    if let Some(s) = brain {
        out.push((Kind::Brain, finish(surface(&s.contours, &coarse.grid, SURFACE_MM), BRAIN_TRIANGLES)));
    }
    let target = structures.and_then(|s| {
        [RoiType::Ctv, RoiType::Gtv, RoiType::Ptv].iter().find_map(|t| s.structures.iter().find(|x| x.roi_type == *t))
    });
    if let Some(s) = target {
        out.push((Kind::Target, finish(surface(&s.contours, &coarse.grid, SURFACE_MM), TARGET_TRIANGLES)));
    }
    out.retain(|m| m.1.triangle_count() > 0);
    out
}

fn filled(contours: &[Contour], grid: &Grid) -> Volume<f32> {
    let m = mask(contours, grid);
    Volume { grid: m.grid, data: m.data.iter().map(|v| f32::from(*v)).collect() }
}

/// Averaged onto about `mm`, so that noise does not become bumps.
fn resample(v: &Volume<f32>, mm: f64) -> Volume<f32> {
    v.averaged(v.grid.spacing_mm.map(|s| (mm / s).round() as usize))
}

/// The outermost voxels become `value`, so that the surface is closed where the image ends.
fn close_border(v: &mut Volume<f32>, value: f32) {
    let [nx, ny, nz] = v.grid.size;
    for k in 0..nz {
        for j in 0..ny {
            for i in 0..nx {
                if i == 0 || j == 0 || k == 0 || i + 1 == nx || j + 1 == ny || k + 1 == nz {
                    let o = v.grid.offset(i, j, k);
                    v.data[o] = value;
                }
            }
        }
    }
}

/// Air that is not connected to the border (sinuses, airways) becomes soft tissue.
fn fill_holes(v: &mut Volume<f32>, iso: f32) {
    let [nx, ny, nz] = v.grid.size;
    let mut outside = vec![false; v.data.len()];
    let mut open = vec![0usize];
    if v.data.is_empty() {
        return;
    }
    outside[0] = true;
    while let Some(o) = open.pop() {
        let (i, j, k) = (o % nx, (o / nx) % ny, o / (nx * ny));
        let mut go = |p: usize| {
            if !outside[p] && v.data[p] < iso {
                outside[p] = true;
                open.push(p);
            }
        };
        if i > 0 {
            go(o - 1);
        }
        if i + 1 < nx {
            go(o + 1);
        }
        if j > 0 {
            go(o - nx);
        }
        if j + 1 < ny {
            go(o + nx);
        }
        if k > 0 {
            go(o - nx * ny);
        }
        if k + 1 < nz {
            go(o + nx * ny);
        }
    }
    for (value, out) in v.data.iter_mut().zip(outside) {
        if !out && *value < iso {
            *value = 0.0;
        }
    }
}

/// A mesh for the card; positions stay in DICOM mm, the parent entity brings them into the room.
pub fn mesh(m: TriMesh) -> Mesh {
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD | RenderAssetUsages::MAIN_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, vec![[0.0f32, 0.0]; m.positions.len()])
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, m.positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, m.normals)
        .with_inserted_indices(Indices::U32(m.indices))
}

/// How each kind looks.
pub fn material(kind: Kind) -> super::GlassMaterial {
    let (body, rim, strength, exponent, sky, edge, order) = match kind {
        Kind::Brain => (tokens::BRAIN, tokens::BRAIN_RIM, 0.32, 2.6, 0.5, 0.25, 0.1),
        Kind::Target => (tokens::TARGET, tokens::TARGET_RIM, 0.9, 1.8, 0.0, 0.3, 0.2),
        Kind::Bone => (tokens::BONE, tokens::BONE_RIM, 0.34, 2.8, 0.7, 0.32, 0.3),
        Kind::Skin => (tokens::SKIN_BODY, tokens::SKIN_RIM, 0.62, 3.0, 0.4, 0.18, 0.4),
    };
    super::GlassMaterial {
        glass: super::GlassUniform {
            body,
            rim: LinearRgba { alpha: strength, ..rim },
            shape: Vec4::new(exponent, sky, 1.0, edge),
        },
        order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_inside_is_filled_and_the_outside_is_not() {
        let grid = Grid::axial([5, 5, 5], [1.0; 3], nalgebra::Point3::origin());
        let mut v = Volume::filled(grid.clone(), 0.0f32);
        close_border(&mut v, -1000.0);
        let centre = grid.offset(2, 2, 2);
        v.data[centre] = -1000.0;
        fill_holes(&mut v, -350.0);
        assert_eq!(v.data[centre], 0.0);
        assert_eq!(v.data[0], -1000.0);
    }
}

//! The case of a screen: a flat box with round corners and broken edges, so that it looks made and not drawn.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;

/// Border around the picture, thickness, radius of the corners and of the broken edge, metres.
const BORDER_M: f32 = 0.018;
const DEPTH_M: f32 = 0.045;
const CORNER_M: f32 = 0.014;
const EDGE_M: f32 = 0.005;
/// The picture lies this far before the case's front, metres.
const PICTURE_M: f32 = 0.001;
/// Segments of a corner.
const SEGMENTS: usize = 5;

/// The case around a picture of this size; the picture lies in its plane z = 0.
pub fn case(picture: Vec2) -> Mesh {
    let half = picture * 0.5 + BORDER_M;
    let outline = |inset: f32| -> Vec<Vec2> {
        let radius = (CORNER_M - inset).max(0.001);
        let middle = half - Vec2::splat(CORNER_M.max(inset + radius));
        (0..4)
            .flat_map(|corner| {
                (0..=SEGMENTS).map(move |k| (corner as f32 + k as f32 / SEGMENTS as f32) * std::f32::consts::FRAC_PI_2)
            })
            .enumerate()
            .map(|(k, angle)| {
                let sign = [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(-1.0, -1.0), vec2(1.0, -1.0)][k / (SEGMENTS + 1)];
                middle * sign + Vec2::from_angle(angle) * radius
            })
            .collect()
    };
    let (front, back) = (-PICTURE_M, -PICTURE_M - DEPTH_M);
    let rings = [(EDGE_M, front), (0.0, front - EDGE_M), (0.0, back + EDGE_M), (EDGE_M, back)];
    let mut at: Vec<[f32; 3]> = Vec::new();
    for (inset, z) in rings {
        at.extend(outline(inset).iter().map(|p| [p.x, p.y, z]));
    }
    let n = at.len() / rings.len();
    let mut faces: Vec<u32> = Vec::new();
    for band in 0..rings.len() - 1 {
        for k in 0..n {
            let [a, b] = [band * n + k, band * n + (k + 1) % n];
            let [c, d] = [a + n, b + n];
            faces.extend([a, c, b, b, c, d].map(|i| i as u32));
        }
    }
    for k in 1..n - 1 {
        faces.extend([0, k, k + 1].map(|i| i as u32));
        let last = (rings.len() - 1) * n;
        faces.extend([last, last + k + 1, last + k].map(|i| i as u32));
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, at)
        .with_inserted_indices(Indices::U32(faces))
        .with_duplicated_vertices()
        .with_computed_flat_normals()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_closed_and_looks_outwards() {
        let mesh = case(vec2(0.96, 0.54));
        let at: Vec<Vec3> = mesh
            .attribute(Mesh::ATTRIBUTE_POSITION)
            .and_then(|a| a.as_float3())
            .unwrap()
            .iter()
            .map(|p| Vec3::from(*p))
            .collect();
        // the divergence theorem: its volume, and the border and depth it should have
        let volume: f32 = at.chunks(3).map(|t| t[0].dot(t[1].cross(t[2])) / 6.0).sum();
        let want = 0.996 * 0.576 * DEPTH_M;
        assert!((volume / want - 1.0).abs() < 0.02, "{volume} is not {want}");
    }
}

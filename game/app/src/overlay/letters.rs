//! Letters and digits of strokes, light on a dark edge: read on anything.

use crate::tokens;
use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy_egui::egui::Color32;

/// Width of a stroke and of its dark edge, of a letter's height.
const STROKE: f32 = 0.15;
const EDGE: f32 = 0.27;
/// How far the dark edge lies behind, of a letter's height.
const BEHIND: f32 = 0.02;

/// Strokes of a letter in a box 1 high, its foot at 0.
fn strokes(letter: char) -> &'static [&'static [[f32; 2]]] {
    match letter {
        'L' => &[&[[0.0, 1.0], [0.0, 0.0], [0.56, 0.0]]],
        'R' => &[
            &[[0.0, 0.0], [0.0, 1.0], [0.4, 1.0], [0.58, 0.9], [0.58, 0.62], [0.4, 0.5], [0.0, 0.5]],
            &[[0.3, 0.5], [0.6, 0.0]],
        ],
        'A' => &[&[[0.0, 0.0], [0.32, 1.0], [0.64, 0.0]], &[[0.12, 0.34], [0.52, 0.34]]],
        'P' => &[&[[0.0, 0.0], [0.0, 1.0], [0.4, 1.0], [0.58, 0.9], [0.58, 0.6], [0.4, 0.48], [0.0, 0.48]]],
        'S' => &[&[
            [0.58, 0.84],
            [0.43, 1.0],
            [0.16, 1.0],
            [0.0, 0.86],
            [0.0, 0.68],
            [0.14, 0.55],
            [0.45, 0.46],
            [0.6, 0.33],
            [0.6, 0.14],
            [0.44, 0.0],
            [0.14, 0.0],
            [0.0, 0.15],
        ]],
        'I' => &[&[[0.3, 0.0], [0.3, 1.0]], &[[0.1, 0.0], [0.5, 0.0]], &[[0.1, 1.0], [0.5, 1.0]]],
        '0' => &[&[
            [0.14, 0.0],
            [0.0, 0.2],
            [0.0, 0.8],
            [0.14, 1.0],
            [0.44, 1.0],
            [0.58, 0.8],
            [0.58, 0.2],
            [0.44, 0.0],
            [0.14, 0.0],
        ]],
        '1' => &[&[[0.1, 0.8], [0.32, 1.0], [0.32, 0.0]]],
        '2' => &[&[[0.0, 0.82], [0.16, 1.0], [0.42, 1.0], [0.58, 0.84], [0.58, 0.64], [0.0, 0.0], [0.6, 0.0]]],
        '3' => &[
            &[[0.0, 0.88], [0.16, 1.0], [0.42, 1.0], [0.57, 0.86], [0.57, 0.66], [0.42, 0.53], [0.22, 0.53]],
            &[[0.42, 0.53], [0.58, 0.38], [0.58, 0.16], [0.42, 0.0], [0.14, 0.0], [0.0, 0.13]],
        ],
        '4' => &[&[[0.44, 0.0], [0.44, 1.0], [0.0, 0.3], [0.62, 0.3]]],
        '5' => &[&[
            [0.56, 1.0],
            [0.04, 1.0],
            [0.02, 0.56],
            [0.4, 0.56],
            [0.58, 0.42],
            [0.58, 0.16],
            [0.4, 0.0],
            [0.12, 0.0],
            [0.0, 0.12],
        ]],
        '6' => &[&[
            [0.52, 0.98],
            [0.3, 1.0],
            [0.06, 0.7],
            [0.0, 0.3],
            [0.14, 0.0],
            [0.44, 0.0],
            [0.58, 0.16],
            [0.58, 0.4],
            [0.44, 0.54],
            [0.14, 0.54],
            [0.02, 0.4],
        ]],
        '7' => &[&[[0.0, 1.0], [0.6, 1.0], [0.22, 0.0]]],
        '8' => &[&[
            [0.16, 0.54],
            [0.02, 0.7],
            [0.02, 0.86],
            [0.16, 1.0],
            [0.42, 1.0],
            [0.56, 0.86],
            [0.56, 0.7],
            [0.42, 0.54],
            [0.16, 0.54],
            [0.0, 0.38],
            [0.0, 0.14],
            [0.14, 0.0],
            [0.44, 0.0],
            [0.58, 0.14],
            [0.58, 0.38],
            [0.42, 0.54],
        ]],
        '9' => &[&[
            [0.06, 0.02],
            [0.28, 0.0],
            [0.52, 0.3],
            [0.58, 0.7],
            [0.44, 1.0],
            [0.14, 1.0],
            [0.0, 0.84],
            [0.0, 0.6],
            [0.14, 0.46],
            [0.44, 0.46],
            [0.56, 0.6],
        ]],
        _ => &[],
    }
}

/// From one letter to the next, of a letter's height.
const ADVANCE: f32 = 0.9;

/// Letters in a row, 1 high, their middle at the origin, towards +Z.
pub(super) fn mesh(text: &str, colour: Color32) -> Mesh {
    let (mut at, mut colours, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    let middle = (text.chars().count() as f32 - 1.0) * 0.5;
    for (width, z, colour) in [(EDGE, -BEHIND, tokens::DESK), (STROKE, 0.0, colour)] {
        let rgba = LinearRgba::from(Color::srgba_u8(colour.r(), colour.g(), colour.b(), 255)).to_f32_array();
        let all = text.chars().enumerate().flat_map(|(i, c)| strokes(c).iter().map(move |s| (i, s)));
        for (i, pair) in all.flat_map(|(i, s)| s.windows(2).map(move |p| (i, p))) {
            let foot = Vec2::new(0.3 - (i as f32 - middle) * ADVANCE, 0.5);
            let [a, b] = [pair[0], pair[1]].map(|p| Vec2::from(p) - foot);
            let along = (b - a).normalize_or(Vec2::X) * width * 0.5;
            let across = along.perp();
            let first = at.len() as u32;
            for corner in [a - along - across, b + along - across, b + along + across, a - along + across] {
                at.push([corner.x, corner.y, z]);
                colours.push(rgba);
            }
            indices.extend([0, 1, 2, 0, 2, 3].map(|i| first + i));
        }
    }
    let normals = vec![[0.0, 0.0, 1.0]; at.len()];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, at)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
        .with_inserted_indices(Indices::U32(indices))
}

use super::*;
use nalgebra::{Matrix3, Point3, Rotation3};
use proptest::prelude::*;

/// Values that repeat for the same seed.
fn noise(grid: Grid, seed: u64, low: f32) -> Volume<f32> {
    let mut s = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let data = (0..grid.len())
        .map(|_| {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            low + (s >> 40) as f32 / (1u64 << 24) as f32
        })
        .collect();
    Volume { grid, data }
}

fn integral(v: &Volume<f32>) -> f64 {
    v.data.iter().map(|d| f64::from(*d)).sum::<f64>() * v.grid.spacing_mm.iter().product::<f64>()
}

/// A grid whose voxels cover `size` mm around `middle`, turned.
fn around(middle: [f64; 3], size: [usize; 3], spacing: [f64; 3], axes: Matrix3<f64>) -> Grid {
    let half = Vector3::from([0, 1, 2].map(|a| 0.5 * (size[a] as f64 - 1.0) * spacing[a]));
    Grid { size, spacing_mm: spacing, origin_mm: Point3::from(middle) - axes * half, axes }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The new grid holds the old one wholly: not a part in a million is lost, on parallel, mirrored, quarter-turned and
    /// freely turned grids; with a density the energy and the mass are kept. f32 keeps 6e−8 of each voxel.
    #[test]
    fn the_integral_is_kept(
        seed in any::<u64>(), size in prop::array::uniform3(3usize..9), spacing in prop::array::uniform3(0.7..4.0f64),
        new in prop::array::uniform3(0.6..5.0f64), shift in prop::array::uniform3(-1.0..1.0f64),
        kind in 0usize..4, angle in prop::array::uniform3(-3.0..3.0f64),
    ) {
        let turned = *Rotation3::from_euler_angles(angle[0], angle[1], angle[2]).matrix();
        let quarter = Matrix3::new(0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
        let mirror = Matrix3::from_diagonal(&Vector3::new(1.0, -1.0, 1.0));
        let own = if seed % 2 == 0 { Matrix3::identity() } else { turned };
        let axes = own * [Matrix3::identity(), mirror, quarter, turned][kind];
        let from = noise(around([3.0, -2.0, 5.0], size, spacing, own), seed, 0.0);
        let across = (0..3).map(|a| (size[a] as f64 * spacing[a]).powi(2)).sum::<f64>().sqrt() + 4.0;
        let to = around(
            [0, 1, 2].map(|a| [3.0, -2.0, 5.0][a] + shift[a]),
            new.map(|s| (across / s).ceil() as usize), new, axes,
        );
        let got = conserve(&from, &to).unwrap();
        let want = integral(&from);
        prop_assert!((integral(&got.volume) / want - 1.0).abs() < 1e-6, "{} not {want}", integral(&got.volume));
        prop_assert!(got.lost.abs() < 1e-9, "{}", got.lost);
        let covered: f64 = got.covered.iter().map(|c| f64::from(*c)).sum::<f64>() * new.iter().product::<f64>();
        let room = (0..3).map(|a| size[a] as f64 * spacing[a]).product::<f64>();
        prop_assert!((covered / room - 1.0).abs() < 1e-6, "{covered} not {room}");

        let density = noise(from.grid.clone(), seed ^ 99, 0.2);
        let got = conserve_energy(&from, &density, &to).unwrap();
        let energy = |d: &Volume<f32>, m: &Volume<f32>| {
            d.data.iter().zip(&m.data).map(|(d, m)| f64::from(*d) * f64::from(*m)).sum::<f64>()
                * d.grid.spacing_mm.iter().product::<f64>()
        };
        let want = energy(&from, &density);
        prop_assert!((energy(&got.dose, &got.density) / want - 1.0).abs() < 1e-6);
        prop_assert!((integral(&got.density) / integral(&density) - 1.0).abs() < 1e-6);
    }

    /// A constant is the same number wherever a voxel is covered wholly, and what is covered in part has that part.
    #[test]
    fn a_constant_stays(
        angle in prop::array::uniform3(-3.0..3.0f64), parallel in any::<bool>(), new in prop::array::uniform3(0.8..4.0f64),
    ) {
        let mut from = noise(around([0.0; 3], [8, 9, 7], [2.0, 1.5, 3.0], Matrix3::identity()), 1, 0.0);
        from.data.fill(1.7);
        let axes = if parallel { Matrix3::identity() } else { *Rotation3::from_euler_angles(angle[0], angle[1], angle[2]).matrix() };
        let got = conserve(&from, &around([1.0, 2.0, -1.0], [9, 8, 7], new, axes)).unwrap();
        prop_assert!(got.covered.iter().any(|c| *c > 0.999));
        for (v, c) in got.volume.data.iter().zip(&got.covered) {
            prop_assert!((v - 1.7 * c).abs() < 1e-6, "{v} with {c} of it covered");
        }
    }

    /// Onto voxels that split the old ones and back is where one began; turned there and parallel agree with calculus on
    /// a grid that is turned by nothing.
    #[test]
    fn coarse_to_fine_and_back_is_the_same(seed in any::<u64>(), parts in prop::array::uniform3(1usize..5)) {
        let grid = around([1.0, 2.0, 3.0], [7, 6, 5], [3.0, 2.5, 4.0], Matrix3::identity());
        let from = noise(grid.clone(), seed, 0.0);
        let spacing = [0, 1, 2].map(|a| grid.spacing_mm[a] / parts[a] as f64);
        let fine = around([1.0, 2.0, 3.0], [0, 1, 2].map(|a| grid.size[a] * parts[a]), spacing, Matrix3::identity());
        let there = conserve(&from, &fine).unwrap();
        let back = conserve(&there.volume, &grid).unwrap();
        for (a, b) in from.data.iter().zip(&back.volume.data) {
            prop_assert!((a - b).abs() < 3e-7, "{a} came back as {b}");
        }
    }
}

/// The two ways agree where both can be walked: a turn just above and just below what counts as parallel.
#[test]
fn solids_and_lengths_agree() {
    let from = noise(around([0.0; 3], [12, 11, 10], [2.0, 2.5, 1.5], Matrix3::identity()), 5, 0.0);
    let at = |angle: f64| {
        let axes = *Rotation3::from_euler_angles(0.0, 0.0, angle).matrix();
        conserve(&from, &around([0.4, -0.3, 0.2], [9, 9, 9], [1.8, 1.9, 2.1], axes)).unwrap()
    };
    let (parallel, turned) = (at(0.9e-6), at(1.1e-6));
    for (a, b) in parallel.volume.data.iter().zip(&turned.volume.data) {
        // Corners lie up to 12 mm out: 12e−6 mm of a 1.5 mm voxel, a few times over.
        assert!((a - b).abs() < 1e-4, "{a} and {b}");
    }
    assert!((parallel.lost - turned.lost).abs() < 1e-5);
}

#[test]
fn what_has_no_number_or_no_room_is_said() {
    let from = noise(around([0.0; 3], [4, 4, 4], [1.0; 3], Matrix3::identity()), 5, 0.0);
    let far = around([100.0, 0.0, 0.0], [4, 4, 4], [1.0; 3], Matrix3::identity());
    assert_eq!(conserve(&from, &far), Err(ConserveError::NoOverlap));
    let mut bad = from.clone();
    bad.data[3] = f32::NAN;
    assert_eq!(conserve(&bad, &far), Err(ConserveError::NotFinite { what: "dose", count: 1 }));
    let other = noise(far.clone(), 1, 0.0);
    assert_eq!(conserve_energy(&from, &other, &far), Err(ConserveError::DensityGrid));
    let mut negative = from.clone();
    negative.data[0] = -1.0;
    assert_eq!(conserve_energy(&from, &negative, &far), Err(ConserveError::Density { count: 1 }));
}

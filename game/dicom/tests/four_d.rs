//! 4D images: which series are phases of one, in which order, and what is said of those that are missing.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use proptest::prelude::*;
use std::path::Path;
use vestibule_dicom::write::{self, derived_uid};
use vestibule_dicom::{Import, Level, import};
use vestibule_geometry::PatientPosition;
use vestibule_patient::{Image, Modality, Patient, Phase, PhaseAt, phase_groups};

/// A series of its own; its voxels tell which it is.
fn series(name: &str, description: &str, slices: usize) -> Image {
    let mut image = common::image(Modality::Ct, PatientPosition::Hfs);
    image.uid = derived_uid(&["4D", name]);
    image.description = description.to_owned();
    image.volume.grid.size[2] = slices;
    image.volume.data.truncate(12 * 10 * slices);
    image.slice_uids = (0..slices).map(|k| derived_uid(&["4D", name, &k.to_string()])).collect();
    image
}

fn percent(p: f64) -> Image {
    series(&p.to_string(), &format!("SYNTHETIC Thorax, Gated, {p:.1}%"), 8)
}

fn take(dir: &Path, images: &[Image]) -> Import {
    for (n, image) in images.iter().enumerate() {
        write::image_series(&dir.join(n.to_string()), image, &common::identity()).unwrap();
    }
    import(&[dir.to_owned()], &|_, _| {}).unwrap()
}

fn said(i: &Import, level: Level) -> Vec<String> {
    let of_4d = |n: &&vestibule_dicom::Note| n.level == level && n.object.starts_with("4D image");
    i.notes.iter().filter(of_4d).map(|n| format!("{}: {}", n.object, n.text)).collect()
}

fn numbers(p: &Patient) -> Vec<f64> {
    p.phase_groups()[0].phases.iter().map(|p| p.at.number()).collect()
}

#[test]
fn ten_series_are_one_4d_image_and_the_missing_phase_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut images: Vec<Image> = [50, 0, 90, 10, 80, 20, 70, 30, 60].map(|p| percent(f64::from(p))).to_vec();
    images.push(series("mip", "SYNTHETIC Thorax, Gated, MIP 0-90%", 8));
    images.push(series("average", "SYNTHETIC Thorax, Gated, AVG", 8));
    let got = take(dir.path(), &images);
    let p = &got.patients[0];
    assert_eq!(p.images.len(), 11);
    assert_eq!(p.phase_groups().len(), 1);
    let group = &p.phase_groups()[0];
    assert_eq!(group.name, "SYNTHETIC Thorax, Gated");
    assert_eq!(numbers(p), [0., 10., 20., 30., 50., 60., 70., 80., 90.]);
    assert_eq!(group.missing, [PhaseAt::Percent(40.0)]);
    // Among the images they stand in the order of the cycle too.
    assert!(group.phases.windows(2).all(|w| w[0].image < w[1].image));
    for phase in &group.phases {
        assert!(p.images[phase.image].description.ends_with(&format!(" {:.1}%", phase.at.number())));
    }
    let object = "4D image SYNTHETIC Thorax, Gated";
    assert_eq!(said(&got, Level::Info), [format!("{object}: has 9 phases: 0, 10, 20, 30, 50, 60, 70, 80, 90 %")]);
    assert_eq!(
        said(&got, Level::Warning),
        [format!(
            "{object}: phase 40 % is missing, and nothing was put in its place: import the series that holds it, or \
             read what moves between the neighbouring phases with care"
        )]
    );
    // The phase comes later: nothing is missing any more.
    let got = take(dir.path(), &[images.as_slice(), &[percent(40.0)]].concat());
    assert!(said(&got, Level::Warning).is_empty() && got.patients[0].phase_groups()[0].is_whole());
}

#[test]
fn a_phase_with_fewer_slices_and_one_with_a_hole() {
    let dir = tempfile::tempdir().unwrap();
    let images = [0, 25, 50, 75].map(|p| {
        let text = format!("SYNTHETIC 4D T={p}%");
        series(&p.to_string(), &text, if p == 25 { 6 } else { 8 })
    });
    let got = take(dir.path(), &images);
    assert_eq!(
        got.patients[0].phase_groups()[0].phases.iter().map(|p| p.slices_short).collect::<Vec<_>>(),
        [0, 2, 0, 0]
    );
    assert_eq!(
        said(&got, Level::Warning),
        [
            "4D image SYNTHETIC 4D T: phase 25 % has 6 slices where the others have 8: it ends earlier; export and import its \
          series anew"
        ]
    );
    // A hole leaves the series out, as ever; the phase is then missing.
    std::fs::remove_file(dir.path().join("2/CT_0004.dcm")).unwrap();
    let got = take_again(dir.path());
    assert!(got.notes.iter().any(|n| n.level == Level::Error && n.text.contains("107.50 mm")));
    assert!(said(&got, Level::Warning).iter().any(|t| t.contains("phase 50 % is missing")), "{:#?}", got.notes);
}

fn take_again(dir: &Path) -> Import {
    import(&[dir.to_owned()], &|_, _| {}).unwrap()
}

#[test]
fn temporal_positions_in_one_series_are_parted_in_order_though_one_is_short() {
    let dir = tempfile::tempdir().unwrap();
    let images: Vec<Image> = (1..=11)
        .filter(|n| *n != 5)
        .map(|n| {
            let mut image = series(&n.to_string(), "SYNTHETIC cine", if n == 3 { 7 } else { 8 });
            image.uid = derived_uid(&["4D", "one series"]);
            image.phase = Some(Phase { position: Some(n), positions: Some(12), ..Phase::default() });
            image
        })
        .collect();
    let got = take(dir.path(), &images);
    let p = &got.patients[0];
    assert_eq!(numbers(p), [1., 2., 3., 4., 6., 7., 8., 9., 10., 11.]);
    let group = &p.phase_groups()[0];
    assert_eq!(group.missing, [PhaseAt::Position(5), PhaseAt::Position(12)]);
    assert_eq!(group.phases[2].slices_short, 1);
    // Read, kept as tags, and written again.
    assert_eq!(p.images[group.phases[9].image].phase, images[9].phase);
    assert!(said(&got, Level::Warning)[0].contains("phase positions 5, 12 are missing"), "{:#?}", got.notes);
}

#[test]
fn what_only_looks_like_phases_is_none() {
    let texts = |list: &[&str]| {
        let images: Vec<Image> = list.iter().enumerate().map(|(n, t)| series(&n.to_string(), t, 8)).collect();
        phase_groups(&images).len()
    };
    assert_eq!(texts(&["Thorax ASIR 30%", "Thorax ASIR 50%", "Thorax ASIR 70%"]), 0);
    assert_eq!(texts(&["Plan 95%", "Plan 50%"]), 0);
    assert_eq!(texts(&["Gated 95%", "Gated 50%"]), 1);
    assert_eq!(texts(&["Gated 50%"]), 0);
    // Twice the same phase: which belong together is not known.
    assert_eq!(texts(&["4D 0%", "4D 0%", "4D 50%"]), 0);
    // Elsewhere along the body.
    let mut images = [percent(0.0), percent(50.0)];
    images[1].volume.grid.origin_mm.z += 15.0;
    assert!(phase_groups(&images).is_empty());
    images[1].volume.grid.origin_mm.z -= 7.5;
    assert_eq!(phase_groups(&images).len(), 1);
}

/// Phases of the planning CT's own frame do not become the planning CT.
#[test]
fn the_planning_image_is_what_was_drawn_on_else_no_phase() {
    let mut p =
        Patient { images: [0.0, 50.0].map(percent).to_vec(), plans: vec![common::plan()], ..Patient::default() };
    p.images.push(series("average", "SYNTHETIC Thorax, AVG", 8));
    let meant = |p: &Patient| p.planning_image(&p.plans[0]).unwrap().uid.clone();
    assert_eq!(meant(&p), derived_uid(&["4D", "average"]));
    let mut drawn = common::structures();
    drawn.referenced_series_uid = Some(p.images[1].uid.clone());
    p.structure_sets.push(drawn);
    assert_eq!(meant(&p), p.images[1].uid);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Any phases of a cycle, in any order, among other images: those and no others are found, in order, and what is
    /// missing is what was left out.
    #[test]
    fn any_phases_in_any_order(
        steps in 3usize..=12,
        kept in prop::collection::vec(any::<bool>(), 12),
        order in any::<u64>(),
        tagged in any::<bool>(),
    ) {
        let value = |k: usize| (1000.0 * k as f64 / steps as f64).round() / 10.0;
        let there: Vec<f64> = (0..steps).filter(|k| kept[*k]).map(value).collect();
        let gone: Vec<f64> = (0..steps).filter(|k| !kept[*k]).map(value).collect();
        // At least three, whose smallest distance is a step: else another number of steps would serve as well.
        prop_assume!(there.len() >= 3 && (0..steps).any(|k| kept[k] && kept[(k + 1) % steps]));
        let mut images: Vec<Image> = there.iter().map(|p| {
            let mut image = percent(*p);
            if tagged {
                image.description = "SYNTHETIC Thorax".to_owned();
                image.phase = Some(Phase { percent: Some(*p), ..Phase::default() });
            }
            image
        }).collect();
        let mut other = percent(value(1) + 1.0);
        other.study_uid = derived_uid(&["another study"]);
        images.extend([other, series("mip", "SYNTHETIC Thorax, Gated, MIP", 8), series("plain", "SYNTHETIC Thorax", 8)]);
        let mut keyed: Vec<(String, Image)> =
            images.into_iter().map(|i| (derived_uid(&[&i.uid, &order.to_string()]), i)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        let images: Vec<Image> = keyed.into_iter().map(|k| k.1).collect();
        let groups = phase_groups(&images);
        prop_assert_eq!(groups.len(), 1);
        let g = &groups[0];
        prop_assert_eq!(g.phases.iter().map(|p| p.at.number()).collect::<Vec<_>>(), there.clone());
        for p in &g.phases {
            prop_assert_eq!(&images[p.image].uid, &percent(p.at.number()).uid);
        }
        let missing: Vec<f64> = g.missing.iter().map(|p| p.number()).collect();
        if there.len() * 2 >= steps {
            prop_assert_eq!(missing.len(), gone.len(), "{:?} of {} steps: {:?}", there, steps, missing);
            for (a, b) in missing.iter().zip(&gone) {
                prop_assert!((a - b).abs() <= 0.11, "{} {}", a, b);
            }
        } else {
            prop_assert!(missing.is_empty());
        }
    }

    /// Any description whatever, any tags: an answer, no panic, and the same phases never twice.
    #[test]
    fn any_description(texts in prop::collection::vec("[0-9%.,= T\\-é]{0,12}", 0..8), tag in any::<Option<u32>>()) {
        let images: Vec<Image> = texts.iter().enumerate().map(|(n, t)| {
            let mut image = series(&n.to_string(), t, 8);
            let percent = tag.map(|t| f64::from_bits(u64::from(t) << 33));
            image.phase = Some(Phase { percent, position: tag, positions: tag, summary: false });
            image
        }).collect();
        let mut seen: Vec<usize> = phase_groups(&images).iter().flat_map(|g| g.phases.iter().map(|p| p.image)).collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), all);
    }
}

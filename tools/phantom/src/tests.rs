//! The coarse study, looked at from all sides.

use crate::study::{Planned, Study, TINY, make, write};
use std::sync::OnceLock;
use vestibule_geometry::Contour;
use vestibule_patient::Modality;

pub(crate) fn tiny() -> &'static Study {
    static STUDY: OnceLock<Study> = OnceLock::new();
    STUDY.get_or_init(|| make(1, &TINY, &|_| ()).unwrap())
}

fn contours(name: &str) -> &'static [Contour] {
    &tiny().structures.find(name).unwrap_or_else(|| panic!("no {name}")).contours
}

fn middle(name: &str) -> [f64; 3] {
    let points: Vec<_> = contours(name).iter().flat_map(|c| &c.points).collect();
    [0, 1, 2].map(|a| points.iter().map(|p| p[a]).sum::<f64>() / points.len() as f64)
}

#[test]
fn both_plans_meet_their_goals_with_their_beams_and_range_shifters() {
    let [approved, alternative] = &tiny().planned;
    for goal in approved.goals.iter().chain(&alternative.goals) {
        assert!(goal.met, "{}", goal.text);
    }
    for (plan, beams, shifters) in [(&approved.plan, 3, 1), (&alternative.plan, 2, 0)] {
        assert_eq!(plan.beams.len(), beams);
        assert_eq!(plan.beams.iter().filter(|b| !b.range_shifters.is_empty()).count(), shifters);
        assert!(plan.beams.iter().any(|b| b.angles.patient_support_deg != 0.0));
    }
    for beam in approved.plan.beams.iter().chain(&alternative.plan.beams) {
        assert!(
            beam.layers.windows(2).all(|l| l[0].energy_mev > l[1].energy_mev),
            "{} is not deepest first",
            beam.name
        );
        let sum: f64 = beam.layers.iter().flat_map(|l| &l.spots).map(|s| s.weight).sum();
        assert!((sum - beam.meterset_mu).abs() < 1e-3 && beam.mu_per_weight() == 1.0);
    }
}

/// What the comparison of the two teaches: the same target, other organs.
#[test]
fn the_alternative_pays_with_the_healthy_side_and_the_brainstem() {
    let [approved, alternative] = &tiny().planned;
    let of = |p: &Planned, name: &str| vestibule_dose::Dvh::new(&p.dose.volume, contours(name)).unwrap();
    let mean = |name: &str| [approved, alternative].map(|p| of(p, name).mean);
    let stem = [approved, alternative].map(|p| of(p, "Brainstem").d_at_volume_cm3(0.03));
    assert!(stem[1] > stem[0] + 3.0, "{stem:?}");
    let (left, right, target) = (mean("Hippocampus_L"), mean("Hippocampus_R"), mean("CTV"));
    assert!(left[0] < 1.0 && left[1] > 5.0, "{left:?}");
    assert!(right[1] < right[0] - 0.5, "{right:?}");
    assert!((target[0] - target[1]).abs() < 0.5, "{target:?}");
}

#[test]
fn left_is_left_front_is_front_and_up_is_up() {
    assert!(middle("GTV")[0] < -15.0, "the tumour lies on the right");
    for name in ["Eye", "Parotid", "Hippocampus"] {
        let (l, r) = (middle(&format!("{name}_L")), middle(&format!("{name}_R")));
        assert!(l[0] > 5.0 && r[0] < -5.0, "{name}: {l:?} {r:?}");
    }
    let (eye, stem, cord, brain) = (middle("Eye_L"), middle("Brainstem"), middle("SpinalCord"), middle("Brain"));
    assert!(eye[1] < stem[1] - 40.0, "eyes in front of the stem");
    assert!(brain[2] > stem[2] && stem[2] > cord[2], "brain, stem, cord from top to bottom");
}

#[test]
fn tissues_have_their_hounsfield_units_and_organs_their_size() {
    let s = tiny();
    let hu = |p: [f64; 3]| s.ct.volume.sample(p.into()).unwrap();
    let eye = hu(middle("Eye_L"));
    assert!((eye - 10.0).abs() < 25.0, "{eye} HU in the eye at {:?}", middle("Eye_L"));
    assert!((hu([30.0, 10.0, 50.0]) - 33.0).abs() < 20.0, "brain");
    assert!((hu([8.0, -45.0, -62.0]) - 50.0).abs() < 60.0, "the closed mouth holds a tongue");
    assert!(hu([0.0, -150.0, 0.0]) < -950.0, "air before the face");
    assert!(hu([0.0, -81.0, 55.0]) > 150.0, "bone of the forehead");
    for (name, low, high) in [
        ("BODY", 2500.0, 6000.0),
        ("Brain", 950.0, 1350.0),
        ("Brainstem", 12.0, 35.0),
        ("Eye_R", 5.0, 10.0),
        ("GTV", 12.0, 40.0),
    ] {
        let v = vestibule_dose::Dvh::new(&s.planned[0].dose.volume, contours(name)).unwrap().volume_cm3;
        assert!(v > low && v < high, "{name} has {v:.1} cm³");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let alone = one.install(|| make(1, &TINY, &|_| ()).unwrap());
    let s = tiny();
    assert!(s.ct.volume == alone.ct.volume && s.mr.volume == alone.mr.volume);
    for (a, b) in s.planned.iter().zip(&alone.planned) {
        assert!(a.plan == b.plan && a.dose.volume == b.dose.volume);
    }
}

#[test]
fn what_is_written_comes_back() {
    let s = tiny();
    let dir = tempfile::tempdir().unwrap();
    write(s, dir.path()).unwrap();
    let back = vestibule_dicom::import(&[dir.path().to_owned()], &|_, _| ()).unwrap();
    assert_eq!(back.patients.len(), 1, "{:?}", back.notes);
    let p = &back.patients[0];
    assert!(p.synthetic && p.name.contains("SYNTHETIC"));
    assert_eq!(
        (p.images.len(), p.structure_sets.len(), p.plans.len(), p.doses.len()),
        (2, 1, 2, 2),
        "{:?}",
        back.notes
    );
    let ct = p.images.iter().find(|i| i.modality == Modality::Ct).unwrap();
    assert_eq!(ct.volume.data, s.ct.volume.data);
    assert_eq!(p.structure_sets[0].structures.len(), s.structures.structures.len());
    let spots = |plan: &vestibule_patient::Plan| -> Vec<(f64, f64, f64)> {
        plan.beams
            .iter()
            .flat_map(|b| {
                b.layers.iter().flat_map(move |l| {
                    l.spots
                        .iter()
                        .map(move |s| (s.x_mm as f32 as f64, s.y_mm as f32 as f64, s.weight * b.mu_per_weight()))
                })
            })
            .collect()
    };
    for planned in &s.planned {
        let plan = p.plans.iter().find(|q| q.uid == planned.plan.uid).unwrap();
        assert_eq!((plan.approval, &plan.review), (planned.plan.approval, &planned.plan.review));
        assert_eq!(p.dose_of(plan).map(|d| &d.uid), Some(&planned.dose.uid));
        let (back, sent) = (spots(plan), spots(&planned.plan));
        assert_eq!(back.len(), sent.len());
        for (a, b) in back.iter().zip(sent) {
            let near = |x: f64, y: f64, by: f64| (x - y).abs() < 1e-6 * by;
            assert!(near(a.0, b.0, 1.0) && near(a.1, b.1, 1.0) && near(a.2, b.2, b.2), "{a:?} {b:?}");
        }
    }
    let meant = p.chosen_plan().unwrap();
    assert!(meant.by_approval && meant.item.uid == s.planned[0].plan.uid);
    assert_eq!(p.chosen_dose().unwrap().item.uid, s.planned[0].dose.uid);
}

/// The ball of the 4D CT lies in each phase where its formula says, and the phase left out is missed.
#[test]
fn the_breathing_phantom_is_a_4d_image_with_the_phase_left_out_missing() {
    use vestibule_patient::PhaseAt;
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(crate::breathing::write(dir.path(), &[40]).unwrap(), 10);
    let back = vestibule_dicom::import(&[dir.path().to_owned()], &|_, _| ()).unwrap();
    let p = &back.patients[0];
    assert!(p.synthetic && p.images.len() == 10);
    let groups = p.phase_groups();
    assert_eq!((groups.len(), &groups[0].missing), (1, &vec![PhaseAt::Percent(40.0)]));
    assert_eq!(groups[0].name, "SYNTHETIC 4D CT, Gated");
    for phase in &groups[0].phases {
        let v = &p.images[phase.image].volume;
        let (mut sum, mut weights) = ([0.0; 3], 0.0);
        for (o, value) in v.data.iter().enumerate() {
            let [nx, ny, _] = v.grid.size;
            let at = v.grid.centre(o % nx, o / nx % ny, o / (nx * ny));
            if at.x.abs() < 80.0 && at.y.abs() < 55.0 {
                let w = f64::from(*value) + 750.0;
                weights += w;
                (0..3).for_each(|a| sum[a] += w * at[a]);
            }
        }
        let meant = crate::breathing::middle(phase.at.number() as u32);
        (0..3).for_each(|a| assert!((sum[a] / weights - meant[a]).abs() < 0.1, "{} {a}", phase.at));
    }
}

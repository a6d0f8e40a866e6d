use super::*;
use crate::Key;
use vestibule_geometry::Volume;
use vestibule_patient::{Modality, Structure};

/// A grid turned by 20 degrees.
fn oblique(size: [usize; 3], spacing_mm: [f64; 3]) -> Grid {
    let mut grid = Grid::axial(size, spacing_mm, [-31.0, 12.0, 7.0].into());
    let (s, c) = 20f64.to_radians().sin_cos();
    for (at, value) in [((0, 0), c), ((1, 0), s), ((0, 1), -s), ((1, 1), c)] {
        grid.axes[at] = value;
    }
    grid
}

fn image(uid: &str, grid: Grid, value: impl Fn(usize) -> f32) -> Image {
    let data = (0..grid.len()).map(value).collect();
    Image::of(uid, Modality::Ct, Volume { grid, data })
}

/// Just large: a ramp along all three axes, which the mean of a block keeps.
fn ramp() -> Image {
    let grid = oblique([256, 257, 256], [1.0, 1.25, 3.0]);
    let value = |o: usize| (o % 256) as f32 - 0.5 * (o / 256 % 257) as f32 + 0.25 * (o / (256 * 257)) as f32;
    image("1.4", grid, value)
}

fn person(large: Image) -> Patient {
    let small = image("1.5", oblique([4, 3, 2], [1.0; 3]), |o| o as f32 + 0.5);
    let dose = Dose {
        uid: "1.6".into(),
        frame_of_reference_uid: "1.3".into(),
        plan_uid: None,
        dose_type: Default::default(),
        unit: Default::default(),
        summation: Default::default(),
        engine: String::new(),
        volume: small.volume.clone(),
    };
    let set = StructureSet { uid: "1.7".into(), structures: vec![Structure::default()], ..Default::default() };
    Patient {
        id: "P".into(),
        name: "SYNTHETIC".into(),
        synthetic: true,
        images: vec![large, small],
        structure_sets: vec![set],
        plans: vec![Plan { uid: "1.8".into(), ..Plan::default() }],
        doses: vec![dose],
        ..Patient::default()
    }
}

fn kept(p: &Patient) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("s"), &Key::Demo).unwrap();
    store.put_patient(p).unwrap();
    (dir, store)
}

fn sql(store: &Store, text: &str) -> usize {
    store.write(|t| Ok(t.execute(text, [])?)).unwrap()
}

#[test]
fn the_first_answer_is_whole_but_for_large_images_whose_values_lie_where_they_belong() {
    let sent = person(ramp());
    let (_dir, store) = kept(&sent);
    let (mut answers, progress) = (Vec::new(), Progress::default());
    let whole = store.patient_with("P", &progress, |p| {
        answers.push((p, progress.part()));
        // The store is not held: what must be kept meanwhile is kept.
        store.put_dose("P", &Dose { uid: "1.9".into(), ..sent.doses[0].clone() }).unwrap();
    });
    let whole = whole.unwrap();
    assert_eq!((answers.len(), progress.part()), (1, 1.0));
    let (first, part) = answers.remove(0);
    assert!(part > 0.0 && part < 0.2, "{part}");
    assert_eq!((first.plans, first.structure_sets.len(), first.doses.len()), (sent.plans, 1, 1));
    assert_eq!((&first.images[1].volume, first.images[1].coarse), (&sent.images[1].volume, None));
    let (coarse, full) = (&first.images[0], &whole.images[0]);
    // Three along the finest axis; 1.25 mm and 3 mm make blocks most like cubes with two and one.
    assert_eq!((coarse.coarse, coarse.volume.grid.size), (Some([3, 2, 1]), [85, 128, 256]));
    assert_eq!((full.coarse, &full.volume), (None, &sent.images[0].volume));
    for (i, j, k) in [(0, 0, 0), (84, 127, 255), (40, 3, 100), (7, 90, 200)] {
        let there = full.volume.sample(coarse.volume.grid.centre(i, j, k)).unwrap();
        assert!((f64::from(coarse.volume.at(i, j, k)) - there).abs() < 1e-3, "{i} {j} {k}");
    }
    // Both cover the same ground, but for what makes no block at the far ends.
    let ends = [&coarse.volume.grid, &full.volume.grid].map(|g| g.to_world([-0.5, -0.5, -0.5].into()));
    assert!((ends[0] - ends[1]).norm() < 1e-9);
    // Who does not wait for a first answer gets the same; small patients are given once.
    assert_eq!(store.patient("P").unwrap().images[0].volume, full.volume);
    assert_eq!(store.verify().unwrap().problems, [""; 0]);
}

#[test]
fn means_of_whole_numbers_are_whole_and_small_patients_come_at_once() {
    let mut p = person(ramp());
    p.images[0].volume.data.iter_mut().for_each(|v| *v = v.round());
    let (_dir, store) = kept(&p);
    let mut first = None;
    let scope = store.patient_scope("P").unwrap();
    scope.patient_with(&Progress::default(), |p| first = Some(p)).unwrap();
    let (coarse, mean) = (first.unwrap().images.remove(0), p.images[0].volume.averaged([3, 2, 1]));
    assert!(coarse.volume.data.iter().zip(&mean.data).all(|(a, b)| *a == b.round()));
    // Imported anew and no longer large: nothing coarse is left of it.
    p.images[0].volume = p.images[1].volume.clone();
    store.put_patient(&p).unwrap();
    scope.patient_with(&Progress::default(), |_| panic!("nothing is large")).unwrap();
    assert_eq!(sql(&store, "DELETE FROM objects WHERE kind = 'coarse'"), 0);
}

#[test]
fn cancelled_changed_damaged_and_kept_by_an_earlier_program() {
    let sent = person(ramp());
    let (_dir, store) = kept(&sent);
    let progress = Progress::default();
    let stopped = store.patient_with("P", &progress, |_| progress.cancel());
    assert!(matches!(stopped, Err(StoreError::Cancelled)));
    assert!(progress.part() < 0.2, "{}", progress.part());
    // Imported anew between the two answers: the halves of two images are not put together.
    let changed = store.patient_with("P", &Progress::default(), |_| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        store.put_patient(&sent).unwrap();
    });
    assert!(matches!(changed, Err(StoreError::Changed)));

    // Kept by a program that made no coarse image: none the first time, one from then on.
    sql(&store, "DELETE FROM objects WHERE kind = 'coarse'");
    let mut first = 0;
    for _ in 0..2 {
        let whole = store.patient_with("P", &Progress::default(), |_| first += 1).unwrap();
        assert_eq!(whole.images[0].volume, sent.images[0].volume);
    }
    assert_eq!(first, 1);

    // A damaged coarse image is passed over; a damaged slice in the middle says what it says without a first answer.
    let of = |kind: &str| format!("(SELECT key FROM objects WHERE kind = '{kind}' AND uid = '1.4')");
    let damage = |kind: &str, chunk: &str| {
        let which = format!("object = {} AND chunk = {chunk}", of(kind));
        assert_eq!(sql(&store, &format!("UPDATE voxels SET data = x'2b' WHERE {which}")), 1);
    };
    damage("coarse", "0");
    let whole = store.patient_with("P", &Progress::default(), |_| panic!("it cannot be read")).unwrap();
    assert_eq!(whole.images[0].volume, sent.images[0].volume);
    assert!(!store.verify().unwrap().ok);
    store.put_patient(&sent).unwrap();
    damage("image", "8");
    let mut first = 0;
    let with = store.patient_with("P", &Progress::default(), |_| first += 1).unwrap_err();
    let without = store.patient("P").unwrap_err();
    assert_eq!((with.to_string(), first), (without.to_string(), 1));
    assert!(matches!(with, StoreError::Unreadable));
    // A chunk too few.
    store.put_patient(&sent).unwrap();
    sql(&store, &format!("DELETE FROM voxels WHERE object = {} AND chunk = 8", of("image")));
    assert!(matches!(store.patient("P"), Err(StoreError::Unreadable)));
}

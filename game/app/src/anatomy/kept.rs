//! Surfaces are worked out once and kept with the person, encrypted; from the second time on they are only read.

use super::surfaces::{Kind, build};
use crate::now::Case;
use bevy::prelude::Resource;
use std::sync::Arc;
use vestibule_geometry::TriMesh;

/// Raised whenever [`build`] would give other surfaces of the same images.
const VERSION: u32 = 1;

/// Where what was made of a person is kept: the store, for the program.
pub trait KeepsMeshes: Send + Sync + 'static {
    /// What is kept under a name; None where nothing is, or it cannot be read.
    fn load(&self, name: &str) -> Option<Vec<u8>>;
    /// Keeps it in the place of what had the name; whether it worked. It can always be made again.
    fn save(&self, name: &str, bytes: &[u8]) -> bool;
}

/// The keeper, if there is one.
#[derive(Resource, Clone, Default)]
pub struct MeshKeeper(pub Option<Arc<dyn KeepsMeshes>>);

/// Surfaces, kept or made; true where they were only read.
pub fn surfaces(case: &Case, keeper: &MeshKeeper) -> (Vec<(Kind, TriMesh)>, bool) {
    let (Some(keeper), Some(name)) = (&keeper.0, name(case)) else { return (build(case), false) };
    if let Some(list) = keeper.load(&name).and_then(|bytes| read(&bytes)) {
        return (list, true);
    }
    let list = build(case);
    let kept = postcard::to_allocvec(&list).is_ok_and(|bytes| keeper.save(&name, &bytes));
    if !kept {
        bevy::log::warn!("the surfaces could not be kept: they are made again at the next start");
    }
    (list, false)
}

/// Of which images and structures, and by which version, they were made.
fn name(case: &Case) -> Option<String> {
    let plan = case.patient.plans.get(case.plan)?;
    let image = &case.patient.planning_image(plan)?.uid;
    let structures = case.patient.structures_of(plan).map_or("", |s| s.uid.as_str());
    Some(format!("surfaces {VERSION} {image} {structures}"))
}

/// None for what is damaged.
fn read(bytes: &[u8]) -> Option<Vec<(Kind, TriMesh)>> {
    let (list, rest): (Vec<(Kind, TriMesh)>, _) = postcard::take_from_bytes(bytes).ok()?;
    let whole = |m: &TriMesh| {
        let n = m.positions.len();
        m.normals.len() == n
            && m.indices.len().is_multiple_of(3)
            && m.indices.iter().all(|i| (*i as usize) < n)
            && m.positions.iter().chain(&m.normals).flatten().all(|v| v.is_finite())
    };
    (rest.is_empty() && !list.is_empty() && list.iter().all(|m| whole(&m.1))).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use vestibule_geometry::{Grid, Volume};
    use vestibule_patient::{Image, Modality, Patient, Plan};

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

    impl KeepsMeshes for Memory {
        fn load(&self, name: &str) -> Option<Vec<u8>> {
            self.0.lock().unwrap().get(name).cloned()
        }
        fn save(&self, name: &str, bytes: &[u8]) -> bool {
            self.0.lock().unwrap().insert(name.to_owned(), bytes.to_owned());
            true
        }
    }

    /// A ball of tissue.
    fn case(uid: &str) -> Case {
        let grid = Grid::axial([24, 24, 24], [2.0; 3], nalgebra::Point3::new(-23.0, -23.0, -23.0));
        let mut volume = Volume::filled(grid.clone(), -1000.0f32);
        for (n, v) in volume.data.iter_mut().enumerate() {
            let p = grid.centre(n % 24, n / 24 % 24, n / 576);
            *v = 50.0f32.min((18.0 - p.coords.norm() as f32) * 200.0).max(-1000.0);
        }
        let image = Image {
            uid: uid.into(),
            study_uid: "1".into(),
            frame_of_reference_uid: "1.1".into(),
            modality: Modality::Ct,
            description: String::new(),
            position: None,
            unit: "HU".into(),
            slice_uids: vec![],
            phase: None,
            coarse: None,
            volume,
        };
        let plan = Plan { frame_of_reference_uid: "1.1".into(), ..Plan::default() };
        let patient = Patient { images: vec![image], plans: vec![plan], ..Patient::default() };
        Case { patient: patient.into(), plan: 0 }
    }

    #[test]
    fn surfaces_are_made_once_and_again_when_damaged_or_of_other_images() {
        let memory = Arc::new(Memory::default());
        let keeper = MeshKeeper(Some(memory.clone()));
        let (made, read_only) = surfaces(&case("1.2"), &keeper);
        assert!(!read_only && made[0].1.triangle_count() > 100);
        let (again, read_only) = surfaces(&case("1.2"), &keeper);
        assert!(read_only);
        assert_eq!(again, made);
        assert!(!surfaces(&case("1.3"), &keeper).1, "of another image they are made");

        let name = memory.0.lock().unwrap().keys().find(|k| k.contains("1.2")).unwrap().clone();
        let whole = memory.load(&name).unwrap();
        for damaged in
            [whole[..whole.len() / 2].to_vec(), [whole.as_slice(), b"more"].concat(), vec![0xff; 999], vec![]]
        {
            memory.save(&name, &damaged);
            let (again, read_only) = surfaces(&case("1.2"), &keeper);
            assert!(!read_only && again == made, "{} bytes", damaged.len());
            assert_eq!(memory.load(&name).unwrap(), whole, "and kept anew");
        }
    }
}

//! What earlier encodings of stored objects look like, and how they become the present types.

use crate::coarse::Coarse;
use crate::pack::ENCODING;
use serde::{Deserialize, de::DeserializeOwned};
use vestibule_geometry::{BeamAngles, Grid, PatientPosition, Volume};
use vestibule_patient::{
    Approval, Beam, Dose, Image, Layer, Modality, Plan, RadiationType, RangeShifter, Registration, Review, StructureSet,
};

/// A type that is kept as an object's head.
pub(crate) trait Stored: Sized {
    /// From postcard of this encoding; None where it cannot be read, or comes from a newer program.
    fn decode(encoding: i64, plain: &[u8]) -> Option<Self>;
}

fn read<T: DeserializeOwned>(plain: &[u8]) -> Option<T> {
    postcard::from_bytes(plain).ok()
}

/// The same in every encoding so far.
macro_rules! unchanged {
    ($($kind:ty),*) => {$(
        impl Stored for $kind {
            fn decode(encoding: i64, plain: &[u8]) -> Option<Self> {
                (1..=ENCODING).contains(&encoding).then(|| read(plain))?
            }
        }
    )*};
}

unchanged!(StructureSet, Dose, Grid, Coarse, Vec<Registration>);

impl Stored for Plan {
    fn decode(encoding: i64, plain: &[u8]) -> Option<Self> {
        match encoding {
            1 => read::<Plan1>(plain).map(Self::from),
            2 => read::<Plan2>(plain).map(Self::from),
            3 => read(plain),
            _ => None,
        }
    }
}

impl Stored for Image {
    fn decode(encoding: i64, plain: &[u8]) -> Option<Self> {
        match encoding {
            1 | 2 => read::<Image2>(plain).map(Self::from),
            3..=ENCODING => read(plain),
            _ => None,
        }
    }
}

/// An image in encodings 1 and 2: it does not say which phase it is.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Image2 {
    uid: String,
    study_uid: String,
    frame_of_reference_uid: String,
    modality: Modality,
    description: String,
    position: Option<PatientPosition>,
    unit: String,
    slice_uids: Vec<String>,
    volume: Volume<f32>,
}

impl From<Image2> for Image {
    fn from(i: Image2) -> Self {
        Self {
            uid: i.uid,
            study_uid: i.study_uid,
            frame_of_reference_uid: i.frame_of_reference_uid,
            modality: i.modality,
            description: i.description,
            position: i.position,
            unit: i.unit,
            slice_uids: i.slice_uids,
            phase: None,
            coarse: None,
            volume: i.volume,
        }
    }
}

/// A plan in encoding 1: it does not say whether it is approved.
#[derive(Deserialize)]
struct Plan1 {
    uid: String,
    label: String,
    frame_of_reference_uid: String,
    structure_set_uid: Option<String>,
    position: Option<PatientPosition>,
    fractions: u32,
    prescription_gy: Option<f64>,
    beams: Vec<Beam2>,
}

/// A plan in encoding 2: its beams have no control points, jaws, leaves or blocks. Importing it anew brings them.
#[derive(Deserialize)]
struct Plan2 {
    first: Plan1,
    approval: Option<Approval>,
    review: Option<Review>,
}

/// A beam in encodings 1 and 2.
#[derive(Deserialize)]
struct Beam2 {
    number: i32,
    name: String,
    machine: String,
    radiation: RadiationType,
    isocentre_mm: [f64; 3],
    angles: BeamAngles,
    meterset_mu: f64,
    final_cumulative_weight: f64,
    beam_dose_gy: Option<f64>,
    virtual_sad_mm: Option<[f64; 2]>,
    snout_position_mm: Option<f64>,
    range_shifters: Vec<RangeShifter>,
    layers: Vec<Layer>,
    control_points: usize,
    spot_positions: usize,
}

impl From<Beam2> for Beam {
    fn from(b: Beam2) -> Self {
        Self {
            number: b.number,
            name: b.name,
            machine: b.machine,
            radiation: b.radiation,
            isocentre_mm: b.isocentre_mm.into(),
            angles: b.angles,
            meterset_mu: b.meterset_mu,
            final_cumulative_weight: b.final_cumulative_weight,
            beam_dose_gy: b.beam_dose_gy,
            virtual_sad_mm: b.virtual_sad_mm,
            snout_position_mm: b.snout_position_mm,
            range_shifters: b.range_shifters,
            layers: b.layers,
            control_points: b.control_points,
            spot_positions: b.spot_positions,
            ..Self::default()
        }
    }
}

impl From<Plan1> for Plan {
    fn from(p: Plan1) -> Self {
        Self {
            uid: p.uid,
            label: p.label,
            frame_of_reference_uid: p.frame_of_reference_uid,
            structure_set_uid: p.structure_set_uid,
            position: p.position,
            fractions: p.fractions,
            prescription_gy: p.prescription_gy,
            beams: p.beams.into_iter().map(Beam::from).collect(),
            approval: None,
            review: None,
        }
    }
}

impl From<Plan2> for Plan {
    fn from(p: Plan2) -> Self {
        Self { approval: p.approval, review: p.review, ..p.first.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Store, pack};
    use vestibule_patient::{Patient, Phase};

    fn plan() -> Plan {
        Plan {
            uid: "1.2".into(),
            label: "A".into(),
            structure_set_uid: Some("1.3".into()),
            position: Some(PatientPosition::Ffp),
            fractions: 30,
            prescription_gy: Some(54.0),
            beams: vec![
                Beam {
                    number: 2,
                    name: "B".into(),
                    isocentre_mm: [1.5, -2.0, 300.25].into(),
                    snout_position_mm: Some(421.0),
                    layers: vec![Layer { energy_mev: 99.5, ..Layer::default() }],
                    control_points: 4,
                    spot_positions: 300,
                    ..Beam::default()
                };
                2
            ],
            approval: Some(Approval::Approved),
            review: Some(Review { reviewer: "R".into(), ..Review::default() }),
            ..Plan::default()
        }
    }

    /// The bytes of an older program: fields stand one after the other, and those of a beam ended with its counts.
    fn old_bytes(p: &Plan, encoding: i64) -> Vec<u8> {
        let bytes = |v: &dyn Fn() -> postcard::Result<Vec<u8>>| v().unwrap();
        let head = (
            &p.uid,
            &p.label,
            &p.frame_of_reference_uid,
            &p.structure_set_uid,
            p.position,
            p.fractions,
            p.prescription_gy,
        );
        let mut out = bytes(&|| postcard::to_allocvec(&head));
        out.extend(bytes(&|| postcard::to_allocvec(&p.beams.len())));
        for beam in &p.beams {
            let now = bytes(&|| postcard::to_allocvec(beam));
            let (old, new) = now.split_at(now.len() - 6);
            assert_eq!(new, [0; 6], "three empty lists and three counts came since");
            out.extend(old);
        }
        if encoding == 2 {
            out.extend(bytes(&|| postcard::to_allocvec(&(&p.approval, &p.review))));
        }
        out
    }

    #[test]
    fn an_image_kept_before_phases_opens() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("s"), &Key::Demo).unwrap();
        let grid = Grid::axial([2, 2, 2], [1.0; 3], [0.0; 3].into());
        let now = Image {
            uid: "1.4".into(),
            study_uid: "1.5".into(),
            frame_of_reference_uid: "1.6".into(),
            modality: Modality::Ct,
            description: "Gated, 40%".into(),
            position: Some(PatientPosition::Hfs),
            unit: "HU".into(),
            slice_uids: vec!["1.7".into(), "1.8".into()],
            phase: Some(Phase { percent: Some(40.0), ..Phase::default() }),
            coarse: Some([2, 2, 2]),
            volume: Volume::filled(grid, 3.0),
        };
        store.put_patient(&Patient { id: "P".into(), images: vec![now.clone()], ..Patient::default() }).unwrap();
        let back = || store.patient("P").unwrap().images.remove(0);
        // What is coarse is never kept so.
        assert_eq!((back().phase, back().coarse), (now.phase, None));
        let old = Image2 {
            uid: now.uid.clone(),
            study_uid: now.study_uid.clone(),
            frame_of_reference_uid: now.frame_of_reference_uid.clone(),
            modality: now.modality.clone(),
            description: now.description.clone(),
            position: now.position,
            unit: now.unit.clone(),
            slice_uids: now.slice_uids.clone(),
            volume: now.without_voxels().volume,
        };
        let old = pack::pack_head(&old).unwrap();
        for encoding in [1, 2] {
            let set = "UPDATE objects SET encoding = ?1, head = ?2 WHERE kind = 'image'";
            store.write(|t| Ok(t.execute(set, rusqlite::params![encoding, old])?)).unwrap();
            let back = back();
            assert_eq!(back.phase, None);
            assert_eq!(
                (&back.description, &back.slice_uids, &back.volume),
                (&now.description, &now.slice_uids, &now.volume)
            );
        }
    }

    #[test]
    fn a_plan_kept_by_an_older_program_opens_without_what_it_did_not_know() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("s"), &Key::Demo).unwrap();
        let sent = Patient { id: "P".into(), plans: vec![plan()], ..Patient::default() };
        store.put_patient(&sent).unwrap();
        assert_eq!(store.patient("P").unwrap().plans, sent.plans);
        for (encoding, want) in [(1, Plan { approval: None, review: None, ..plan() }), (2, plan())] {
            let old = zstd::bulk::compress(&old_bytes(&plan(), encoding), 3).unwrap();
            store
                .write(|t| {
                    let sql = "UPDATE objects SET encoding = ?1, head = ?2 WHERE kind = 'plan'";
                    Ok(t.execute(sql, rusqlite::params![encoding, old])?)
                })
                .unwrap();
            assert_eq!(store.patient("P").unwrap().plans, [want], "encoding {encoding}");
        }
    }
}

//! What earlier encodings of stored objects look like, and how they become the present types.

use crate::pack::ENCODING;
use serde::{Deserialize, de::DeserializeOwned};
use vestibule_geometry::{Grid, PatientPosition};
use vestibule_patient::{Beam, Dose, Image, Plan, StructureSet};

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

unchanged!(Image, StructureSet, Dose, Grid);

impl Stored for Plan {
    fn decode(encoding: i64, plain: &[u8]) -> Option<Self> {
        match encoding {
            1 => read::<Plan1>(plain).map(Self::from),
            2 => read(plain),
            _ => None,
        }
    }
}

/// A plan in encoding 1: it does not say whether it is approved.
#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Plan1 {
    uid: String,
    label: String,
    frame_of_reference_uid: String,
    structure_set_uid: Option<String>,
    position: Option<PatientPosition>,
    fractions: u32,
    prescription_gy: Option<f64>,
    beams: Vec<Beam>,
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
            beams: p.beams,
            approval: None,
            review: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Store, pack};
    use vestibule_patient::{Approval, Patient, Review};

    fn plan() -> Plan {
        Plan {
            uid: "1.2".into(),
            label: "A".into(),
            structure_set_uid: Some("1.3".into()),
            position: Some(PatientPosition::Ffp),
            fractions: 30,
            prescription_gy: Some(54.0),
            beams: vec![Beam { number: 2, name: "B".into(), ..Beam::default() }; 2],
            approval: Some(Approval::Approved),
            review: Some(Review { reviewer: "R".into(), ..Review::default() }),
            ..Plan::default()
        }
    }

    fn as_1(p: Plan) -> Plan1 {
        Plan1 {
            uid: p.uid,
            label: p.label,
            frame_of_reference_uid: p.frame_of_reference_uid,
            structure_set_uid: p.structure_set_uid,
            position: p.position,
            fractions: p.fractions,
            prescription_gy: p.prescription_gy,
            beams: p.beams,
        }
    }

    #[test]
    fn a_plan_kept_by_the_first_program_opens_and_says_nothing_of_approval() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("s"), &Key::Demo).unwrap();
        let sent = Patient { id: "P".into(), plans: vec![plan()], ..Patient::default() };
        store.put_patient(&sent).unwrap();
        assert_eq!(store.patient("P").unwrap().plans, sent.plans);
        let old = pack::pack_head(&as_1(plan())).unwrap();
        store
            .write(|t| Ok(t.execute("UPDATE objects SET encoding = 1, head = ?1 WHERE kind = 'plan'", [&old])?))
            .unwrap();
        let back = store.patient("P").unwrap().plans;
        assert_eq!(back, [Plan { approval: None, review: None, ..plan() }]);
    }
}

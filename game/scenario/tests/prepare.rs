//! Which plan is played where none is named.
#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod common;

use vestibule_geometry::{Grid, Volume};
use vestibule_patient::{Approval, Image, Modality, Patient, Plan};
use vestibule_scenario::{PrepareError, Prepared};

fn patient(plans: Vec<Plan>) -> Patient {
    let grid = Grid::axial([20; 3], [10.0; 3], [-95.0; 3].into());
    let ct = Image { frame_of_reference_uid: "3".into(), ..Image::of("1", Modality::Ct, Volume::filled(grid, 0.0)) };
    Patient { images: vec![ct], plans, ..Patient::default() }
}

fn plan(uid: &str, approval: Approval) -> Plan {
    let frame_of_reference_uid = "3".into();
    Plan { uid: uid.into(), approval: Some(approval), frame_of_reference_uid, ..common::plan() }
}

#[test]
fn of_several_proton_plans_the_only_approved_one_is_played() {
    use Approval::{Approved, Unapproved};
    let got = |plans: Vec<Plan>, named: Option<&str>| {
        Prepared::new(&patient(plans), named, 10.0).map(|p| (p.plan.uid, p.by_approval))
    };
    let [a, b, c] = [plan("a", Unapproved), plan("b", Approved), plan("c", Approved)];
    assert_eq!(got(vec![a.clone(), b.clone()], None).unwrap(), ("b".into(), true));
    assert_eq!(got(vec![a.clone(), b.clone()], Some("a")).unwrap(), ("a".into(), false));
    assert_eq!(got(vec![a.clone()], None).unwrap(), ("a".into(), false));
    assert!(matches!(got(vec![a.clone(), b.clone(), c.clone()], None), Err(PrepareError::SeveralPlans(3))));
    // An approved plan that delivers nothing here (photons) does not count.
    let empty = Plan { beams: Vec::new(), ..c };
    assert_eq!(got(vec![a, b, empty.clone()], None).unwrap(), ("b".into(), true));
    assert!(matches!(got(vec![empty.clone()], None), Err(PrepareError::NoPlan)));
    assert!(matches!(got(vec![empty], Some("c")), Err(PrepareError::UnknownPlan(_))));
}

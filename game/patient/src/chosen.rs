//! Which plan, and which dose, is meant where none is named.

use crate::{Approval, Dose, DoseSummation, Patient, Plan};

/// What is meant where nothing was named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen<'a, T> {
    /// The plan or dose.
    pub item: &'a T,
    /// True where there are several, and this one is meant because its plan is the only APPROVED one. Whoever acts on it
    /// says so.
    pub by_approval: bool,
}

/// Why nothing can be meant: one must be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChosen {
    /// There is none.
    Nothing,
    /// There are this many, and approval does not decide between them.
    Several(usize),
}

impl Patient {
    /// The plan that is meant where none is named: the only one; of several the only APPROVED one.
    ///
    /// # Errors
    /// No plan, or several of which none or more than one is approved.
    pub fn chosen_plan(&self) -> Result<Chosen<'_, Plan>, NotChosen> {
        self.chosen_plan_of(|_| true)
    }

    /// The same among the plans that `fits`.
    ///
    /// # Errors
    /// As [`Patient::chosen_plan`].
    pub fn chosen_plan_of(&self, fits: impl Fn(&Plan) -> bool) -> Result<Chosen<'_, Plan>, NotChosen> {
        let plans = || self.plans.iter().filter(|p| fits(p));
        let approved = plans().filter(|p| p.approval == Some(Approval::Approved));
        match (only(plans()), only(approved)) {
            (Ok(item), _) => Ok(Chosen { item, by_approval: false }),
            (Err(0), _) => Err(NotChosen::Nothing),
            (_, Ok(item)) => Ok(Chosen { item, by_approval: true }),
            (Err(n), _) => Err(NotChosen::Several(n)),
        }
    }

    /// The dose of a plan: the only one that refers to it; of several the only one of the whole plan (PLAN).
    pub fn dose_of(&self, plan: &Plan) -> Option<&Dose> {
        let doses = || self.doses.iter().filter(|d| d.plan_uid.as_ref() == Some(&plan.uid));
        only(doses()).or_else(|_| only(doses().filter(|d| d.summation == DoseSummation::Plan))).ok()
    }

    /// The dose that is meant where none is named: the only one; of several that of the only APPROVED plan.
    ///
    /// # Errors
    /// No dose, or several and no such plan, or a plan whose dose is not plain.
    pub fn chosen_dose(&self) -> Result<Chosen<'_, Dose>, NotChosen> {
        let several = NotChosen::Several(self.doses.len());
        match self.doses.as_slice() {
            [] => Err(NotChosen::Nothing),
            [item] => Ok(Chosen { item, by_approval: false }),
            _ => {
                let plan = self.chosen_plan().map_err(|_| several)?.item;
                let approved = plan.approval == Some(Approval::Approved);
                let item = self.dose_of(plan).filter(|_| approved).ok_or(several)?;
                Ok(Chosen { item, by_approval: true })
            }
        }
    }
}

/// The only one, or how many there are.
fn only<'a, T>(mut all: impl Iterator<Item = &'a T>) -> Result<&'a T, usize> {
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(0),
        _ => Err(2 + all.count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DoseType, DoseUnit};
    use nalgebra::Point3;
    use vestibule_geometry::{Grid, Volume};

    fn plan(uid: &str, approval: Option<Approval>) -> Plan {
        Plan { uid: uid.into(), approval, ..Plan::default() }
    }

    fn dose(uid: &str, plan: Option<&str>, summation: DoseSummation) -> Dose {
        Dose {
            uid: uid.into(),
            frame_of_reference_uid: String::new(),
            plan_uid: plan.map(str::to_owned),
            dose_type: DoseType::Physical,
            unit: DoseUnit::Gy,
            summation,
            engine: String::new(),
            volume: Volume::filled(Grid::axial([1; 3], [1.0; 3], Point3::origin()), 0.0),
        }
    }

    /// UID and whether by approval, or how many.
    fn plan_of(plans: &[Plan]) -> Result<(String, bool), NotChosen> {
        let p = Patient { plans: plans.to_vec(), ..Patient::default() };
        p.chosen_plan().map(|c| (c.item.uid.clone(), c.by_approval))
    }

    fn dose_of(plans: &[Plan], doses: &[Dose]) -> Result<(String, bool), NotChosen> {
        let p = Patient { plans: plans.to_vec(), doses: doses.to_vec(), ..Patient::default() };
        p.chosen_dose().map(|c| (c.item.uid.clone(), c.by_approval))
    }

    #[test]
    fn of_several_plans_the_only_approved_one_is_meant() {
        use Approval::{Approved, Rejected, Unapproved};
        assert_eq!(plan_of(&[]), Err(NotChosen::Nothing));
        assert_eq!(plan_of(&[plan("a", Some(Rejected))]), Ok(("a".into(), false)));
        let [a, b, c] = [plan("a", Some(Unapproved)), plan("b", Some(Approved)), plan("c", None)];
        assert_eq!(plan_of(&[a.clone(), b.clone(), c.clone()]), Ok(("b".into(), true)));
        assert_eq!(plan_of(&[a.clone(), c.clone()]), Err(NotChosen::Several(2)));
        let both = [a, b.clone(), c, plan("d", Some(Approved))];
        assert_eq!(plan_of(&both), Err(NotChosen::Several(4)));
        let p = Patient { plans: both.to_vec(), ..Patient::default() };
        assert_eq!(p.chosen_plan_of(|p| p.uid != "b").map(|c| c.item.uid.as_str()), Ok("d"));
        assert_eq!(p.chosen_plan_of(|p| p.uid == "c").map(|c| c.by_approval), Ok(false));
    }

    #[test]
    fn of_several_doses_that_of_the_only_approved_plan_is_meant() {
        use DoseSummation::{Beam, Fraction, Plan as Whole};
        let plans = [plan("a", Some(Approval::Approved)), plan("b", Some(Approval::Unapproved))];
        let [a, b] = [dose("da", Some("a"), Whole), dose("db", Some("b"), Whole)];
        assert_eq!(dose_of(&plans, &[]), Err(NotChosen::Nothing));
        assert_eq!(dose_of(&plans, std::slice::from_ref(&b)), Ok(("db".into(), false)));
        assert_eq!(dose_of(&plans, &[b.clone(), a.clone()]), Ok(("da".into(), true)));
        assert_eq!(dose_of(&plans[1..], &[b.clone(), a.clone()]), Err(NotChosen::Several(2)), "not approved");
        assert_eq!(dose_of(&plans[..1], &[dose("x", None, Whole), a.clone()]), Ok(("da".into(), true)));
        let beams = [dose("b1", Some("a"), Beam), dose("f", Some("a"), Fraction), a.clone(), b];
        assert_eq!(dose_of(&plans, &beams), Ok(("da".into(), true)), "that of the whole plan");
        assert_eq!(dose_of(&plans, &[a.clone(), dose("da2", Some("a"), Whole)]), Err(NotChosen::Several(2)));
        assert_eq!(dose_of(&plans, &beams[..2]), Err(NotChosen::Several(2)));
    }
}

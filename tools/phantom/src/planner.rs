//! One plan from its geometry to its dose, and whether it meets its goals.

use crate::anatomy::Anatomy;
use crate::plan::{self, Density, FRACTIONS, Geometry, PRESCRIPTION, RBE};
use crate::study::{Goal, Planned, StudyError};
use vestibule_dose::{DoseOptions, Dvh, HuTable, MachineModel, PreparedPlan, compute};
use vestibule_geometry::{Contour, Volume};
use vestibule_patient::{Dose, DoseType, Image, Plan, StructureSet};

/// Small organs that the plans differ in: the dose of their hottest 0.03 cm³ is told.
const ORGANS: [&str; 4] = ["Brainstem", "Hippocampus_R", "Hippocampus_L", "OpticChiasm"];

/// What every plan of the study is made from.
pub struct Planner<'a> {
    /// The head.
    pub a: &'a Anatomy,
    /// The planning CT.
    pub ct: &'a Image,
    /// The body on the CT's grid.
    pub body: &'a Volume<u8>,
    /// The machine.
    pub machine: MachineModel,
    /// HU into stopping power.
    pub hu: HuTable,
    /// How dense and how fine.
    pub density: Density,
    /// The structures.
    pub structures: &'a StructureSet,
}

impl Planner<'_> {
    /// Fills `plan` with beams, fits them and computes the dose of all fractions under `dose_uid`.
    pub fn make(
        &self,
        geometry: Geometry,
        mut plan: Plan,
        dose_uid: String,
        say: &dyn Fn(&str),
    ) -> Result<Planned, StudyError> {
        let Self { a, ct, body, machine, hu, density, .. } = self;
        plan.beams = plan::place(geometry, a, ct, body, machine, hu, density);
        let candidates: usize = plan.beams.iter().map(|b| b.spot_count()).sum();
        say(&format!("{}: {candidates} spots placed", plan.label));
        let stem = |p: [f64; 3]| a.region_at(4, p);
        plan::fit(a, ct, body, &mut plan, machine, hu, density, &stem)?;
        say(&format!("{}: weights fitted", plan.label));
        let first = self.course(&plan)?;
        let ctv = self.histogram(&first, "CTV")?;
        plan::scale(&mut plan, PRESCRIPTION / ctv.d50.max(1.0));
        let beams = plan.beams.len() as f64;
        for beam in &mut plan.beams {
            beam.beam_dose_gy = Some((PRESCRIPTION / f64::from(FRACTIONS) / beams * 100.0).round() / 100.0);
        }
        let dose = Dose { uid: dose_uid, ..self.course(&plan)? };
        say(&format!("{}: dose computed", plan.label));
        let goals = self.goals(&dose)?;
        Ok(Planned { plan, dose, goals })
    }

    /// All fractions, RBE-weighted.
    fn course(&self, plan: &Plan) -> Result<Dose, StudyError> {
        let options = DoseOptions { grid_mm: self.density.grid_mm };
        let prepared = PreparedPlan::new(self.ct, Some(self.body), plan, &self.machine, &self.hu, &options)?;
        let mut dose = compute(&prepared, FRACTIONS, &|_, _| ());
        dose.dose_type = DoseType::Effective;
        dose.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * RBE) as f32);
        Ok(dose)
    }

    fn contours(&self, name: &'static str) -> Result<&[Contour], StudyError> {
        self.structures.find(name).map(|s| s.contours.as_slice()).ok_or(StudyError::Lacks(name))
    }

    fn histogram(&self, dose: &Dose, name: &'static str) -> Result<Dvh, StudyError> {
        Dvh::new(&dose.volume, self.contours(name)?)
            .map_err(|source| StudyError::Histogram { name: name.to_owned(), source })
    }

    fn goals(&self, dose: &Dose) -> Result<Vec<Goal>, StudyError> {
        let ctv = self.histogram(dose, "CTV")?;
        let ptv = self.histogram(dose, "PTV")?;
        let stem = self.histogram(dose, "Brainstem")?.d_at_volume_cm3(0.03);
        let percent = |gy: f64| 100.0 * gy / PRESCRIPTION;
        let goal = |text: String, met: bool| Goal { text, met };
        let mut goals = vec![
            goal(
                format!("CTV D98 {:.1} % of {PRESCRIPTION} Gy(RBE), at least 95 %", percent(ctv.d98)),
                percent(ctv.d98) >= 95.0,
            ),
            goal(format!("CTV D2 {:.1} %, at most 107 %", percent(ctv.d2)), percent(ctv.d2) <= 107.0),
            goal(format!("Brainstem D0.03cc {stem:.1} Gy(RBE), at most 54"), stem <= 54.0),
            goal(format!("PTV D95 {:.1} % (reported only)", percent(ptv.d95)), true),
        ];
        for name in ORGANS {
            let d = self.histogram(dose, name)?;
            let text =
                format!("{name} mean {:.1}, D0.03cc {:.1} Gy(RBE) (reported only)", d.mean, d.d_at_volume_cm3(0.03));
            goals.push(goal(text, true));
        }
        Ok(goals)
    }
}

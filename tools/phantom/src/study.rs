//! The whole study: scans, structures, plan, dose, files, and whether the plan meets its goals.

use crate::anatomy::Anatomy;
use crate::plan::{self, Density, FRACTIONS, PRESCRIPTION, RBE};
use crate::scan::{self, Kind, Scan};
use crate::{assets, structures};
use nalgebra::Point3;
use std::path::{Path, PathBuf};
use vestibule_dicom::write::{self, Identity, WriteError, derived_uid};
use vestibule_dose::{ComputeError, DoseOptions, Dvh, HuTable, MachineModel, PreparedPlan, compute};
use vestibule_geometry::{Grid, PatientPosition, Volume, contour};
use vestibule_patient::{Dose, DoseType, Image, Modality, Plan, StructureSet};

/// Why there is no study.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The embedded data.
    #[error(transparent)]
    Asset(#[from] assets::AssetError),
    /// The plan's dose.
    #[error(transparent)]
    Dose(#[from] ComputeError),
    /// The DICOM files.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An old study that cannot be cleared away.
    #[error("could not clear or make {path}: {source}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A histogram.
    #[error("no histogram of {name}: {source}")]
    Histogram {
        /// Of which structure.
        name: String,
        /// Why.
        source: vestibule_dose::dvh::DvhError,
    },
    /// A structure that should be there.
    #[error("the structure set lacks {0}")]
    Lacks(&'static str),
}

/// One goal of the plan and what it got.
pub struct Goal {
    /// In the words of a prescription sheet.
    pub text: String,
    /// Kept or missed.
    pub met: bool,
}

/// How fine the study is.
#[derive(Clone, Copy)]
pub struct Size {
    ct: (usize, f64, usize, f64),
    mr: (usize, f64, usize, f64),
    density: Density,
    skin_mm: f64,
    /// Names the size within UIDs.
    name: &'static str,
}

/// The study for people: 0.75 × 0.75 × 1.25 mm CT over 33 cm, MR at 1 × 1 × 1.25 mm.
pub const FULL: Size = Size {
    ct: (440, 0.75, 208, 1.25),
    mr: (256, 1.0, 192, 1.25),
    density: Density { spot_mm: 5.6, layer_mm: 4.0, grid_mm: 2.5, steps: 140 },
    skin_mm: 1.0,
    name: "full",
};
/// The study for quick tests.
pub const TINY: Size = Size {
    ct: (84, 4.0, 52, 5.0),
    mr: (64, 4.0, 48, 5.0),
    density: Density { spot_mm: 8.0, layer_mm: 6.5, grid_mm: 4.0, steps: 120 },
    skin_mm: 1.25,
    name: "tiny",
};

fn grid((n, s, nz, sz): (usize, f64, usize, f64)) -> Grid {
    let o = -s * (n as f64 - 1.0) / 2.0;
    // The top slice lies over the vertex.
    Grid::axial([n, n, nz], [s, s, sz], Point3::new(o, o, 118.0 - sz * nz as f64 + sz / 2.0))
}

/// Everything in memory, before and after writing.
pub struct Study {
    /// The planning CT.
    pub ct: Image,
    /// The MR.
    pub mr: Image,
    /// The structures.
    pub structures: StructureSet,
    /// The plan, as written.
    pub plan: Plan,
    /// Its dose over all fractions, Gy(RBE).
    pub dose: Dose,
    /// Its goals.
    pub goals: Vec<Goal>,
    identity: Identity,
}

/// Makes the study; `say` is told of each step.
pub fn make(seed: u64, size: &Size, say: &dyn Fn(&str)) -> Result<Study, StudyError> {
    let uid = |what: &str| derived_uid(&["vestibule synthetic patient", size.name, &seed.to_string(), what]);
    let frame = uid("frame of reference");
    let a = Anatomy::new(seed, size.skin_mm)?;
    say("anatomy ready");
    let image = |scan: Volume<f32>, modality: Modality, description: &str, unit: &str| {
        let series = uid(modality.as_str());
        Image {
            slice_uids: (0..scan.grid.size[2]).map(|k| derived_uid(&[&series, "slice", &k.to_string()])).collect(),
            uid: series,
            study_uid: uid("study"),
            frame_of_reference_uid: frame.clone(),
            modality,
            description: description.to_owned(),
            position: Some(PatientPosition::Hfs),
            unit: unit.to_owned(),
            volume: scan,
        }
    };
    let Scan { image: hu, inside } = scan::scan(&a, &grid(size.ct), Kind::Ct, 5.0)?;
    let ct = image(hu, Modality::Ct, "SYNTHETIC head CT", "HU");
    say("CT scanned");
    let mr = scan::scan(&a, &grid(size.mr), Kind::Mr, 9.0)?;
    let mr = image(mr.image, Modality::Mr, "SYNTHETIC head MR T1 contrast", "");
    say("MR scanned");
    let set = structures::outline(&a, &inside, [&uid("structures"), &frame, &ct.uid]);
    drop(inside);
    let contours = |name: &'static str| set.find(name).map(|s| s.contours.as_slice()).ok_or(StudyError::Lacks(name));
    let body = contour::mask(contours("BODY")?, &ct.volume.grid);
    say("structures outlined");

    let machine = MachineModel::generic();
    let table = HuTable::for_image(&ct);
    let mut plan = Plan {
        uid: uid("plan"),
        label: "SYNTHETIC".to_owned(),
        frame_of_reference_uid: frame.clone(),
        structure_set_uid: Some(set.uid.clone()),
        position: Some(PatientPosition::Hfs),
        fractions: FRACTIONS,
        prescription_gy: Some(PRESCRIPTION),
        beams: plan::place(&a, &ct, &body, &machine, &table, &size.density),
    };
    let candidates: usize = plan.beams.iter().map(|b| b.spot_count()).sum();
    say(&format!("{candidates} spots placed"));
    let stem = |p: [f64; 3]| a.region_at(4, p);
    plan::fit(&a, &ct, &body, &mut plan, &machine, &table, &size.density, &stem)?;
    say("weights fitted");
    let options = DoseOptions { grid_mm: size.density.grid_mm };
    let course = |plan: &Plan| -> Result<Dose, StudyError> {
        let prepared = PreparedPlan::new(&ct, Some(&body), plan, &machine, &table, &options)?;
        let mut dose = compute(&prepared, FRACTIONS, &|_, _| ());
        dose.uid = uid("dose");
        dose.dose_type = DoseType::Effective;
        dose.volume.data.iter_mut().for_each(|v| *v = (f64::from(*v) * RBE) as f32);
        Ok(dose)
    };
    let histogram = |dose: &Dose, name: &'static str| {
        Dvh::new(&dose.volume, contours(name)?)
            .map_err(|source| StudyError::Histogram { name: name.to_owned(), source })
    };
    let first = course(&plan)?;
    let ctv = histogram(&first, "CTV")?;
    plan::scale(&mut plan, PRESCRIPTION / ctv.d50.max(1.0));
    for beam in &mut plan.beams {
        beam.beam_dose_gy = Some((PRESCRIPTION / f64::from(FRACTIONS) / 3.0 * 100.0).round() / 100.0);
    }
    let dose = course(&plan)?;
    say("dose computed");
    let ctv = histogram(&dose, "CTV")?;
    let ptv = histogram(&dose, "PTV")?;
    let stem = histogram(&dose, "Brainstem")?.d_at_volume_cm3(0.03);
    let percent = |gy: f64| 100.0 * gy / PRESCRIPTION;
    let goal = |text: String, met: bool| Goal { text, met };
    let goals = vec![
        goal(
            format!("CTV D98 {:.1} % of {PRESCRIPTION} Gy(RBE), at least 95 %", percent(ctv.d98)),
            percent(ctv.d98) >= 95.0,
        ),
        goal(format!("CTV D2 {:.1} %, at most 107 %", percent(ctv.d2)), percent(ctv.d2) <= 107.0),
        goal(format!("Brainstem D0.03cc {stem:.1} Gy(RBE), at most 54"), stem <= 54.0),
        goal(format!("PTV D95 {:.1} % (reported only)", percent(ptv.d95)), true),
    ];
    let identity = Identity {
        patient_id: format!("SYNTHETIC-{seed}"),
        patient_name: "SYNTHETIC^VESTIBULE".to_owned(),
        birth_date: "19480314".to_owned(),
        sex: "F".to_owned(),
        study_uid: uid("study"),
        study_date: "20260105".to_owned(),
        study_time: "090000".to_owned(),
        study_description: "SYNTHETIC proton planning study".to_owned(),
    };
    Ok(Study { ct, mr, structures: set, plan, dose, goals, identity })
}

/// Writes the study as DICOM: `CT/`, `MR/`, `RTSTRUCT.dcm`, `RTPLAN.dcm`, `RTDOSE.dcm`. An earlier study's slices there go.
pub fn write(study: &Study, out: &Path) -> Result<(), StudyError> {
    let folder =
        |path: &Path, r: std::io::Result<()>| r.map_err(|source| StudyError::Folder { path: path.to_owned(), source });
    folder(out, std::fs::create_dir_all(out))?;
    for (name, image) in [("CT", &study.ct), ("MR", &study.mr)] {
        let dir = out.join(name);
        if let Ok(list) = std::fs::read_dir(&dir) {
            for entry in list.flatten() {
                let file = entry.file_name().to_string_lossy().into_owned();
                if file.starts_with(&format!("{name}_")) && file.ends_with(".dcm") {
                    folder(&dir, std::fs::remove_file(entry.path()))?;
                }
            }
        }
        write::image_series(&dir, image, &study.identity)?;
    }
    write::structure_set(&out.join("RTSTRUCT.dcm"), &study.structures, &study.ct, &study.identity)?;
    write::ion_plan(&out.join("RTPLAN.dcm"), &study.plan, &study.identity)?;
    write::dose(&out.join("RTDOSE.dcm"), &study.dose, Some(&study.plan), &study.identity)?;
    Ok(())
}

//! The whole study: scans, structures, plans, doses, files.

use crate::anatomy::Anatomy;
use crate::plan::{Density, FRACTIONS, Geometry, PRESCRIPTION};
use crate::planner::Planner;
use crate::scan::{self, Kind, Scan};
use crate::{assets, photons, structures};
use nalgebra::Point3;
use std::path::{Path, PathBuf};
use vestibule_dicom::write::{self, Identity, WriteError, derived_uid};
use vestibule_dose::{ComputeError, HuTable, MachineModel};
use vestibule_geometry::{Grid, PatientPosition, Volume, contour};
use vestibule_patient::{Approval, Dose, Image, Modality, Plan, Review, StructureSet};

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
#[derive(Clone)]
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

/// A plan with what it gives.
#[derive(Clone)]
pub struct Planned {
    /// The plan, as written.
    pub plan: Plan,
    /// Its dose over all fractions, Gy(RBE).
    pub dose: Dose,
    /// Its goals, and what the organs get that the plans differ in.
    pub goals: Vec<Goal>,
}

/// Everything in memory, before and after writing.
#[derive(Clone)]
pub struct Study {
    /// The planning CT.
    pub ct: Image,
    /// The MR.
    pub mr: Image,
    /// The structures.
    pub structures: StructureSet,
    /// The approved plan, then the alternative, each with its dose.
    pub planned: [Planned; 2],
    /// The photon plan, without a dose; None unless it was asked for.
    pub photons: Option<Plan>,
    identity: Identity,
}

impl Study {
    /// Adds the photon plan, made for the same target.
    pub fn add_photons(&mut self) -> Result<(), StudyError> {
        self.photons = Some(photons::plan(&self.structures, &self.planned[0].plan)?);
        Ok(())
    }
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
            phase: None,
            coarse: None,
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

    let planner = Planner {
        a: &a,
        ct: &ct,
        body: &body,
        machine: MachineModel::generic(),
        hu: HuTable::for_image(&ct),
        density: size.density,
        structures: &set,
    };
    let blank = |label: &str, uid: String| Plan {
        uid,
        label: label.to_owned(),
        frame_of_reference_uid: frame.clone(),
        structure_set_uid: Some(set.uid.clone()),
        position: Some(PatientPosition::Hfs),
        fractions: FRACTIONS,
        prescription_gy: Some(PRESCRIPTION),
        ..Plan::default()
    };
    let review =
        Review { reviewer: "SYNTHETIC^REVIEWER".to_owned(), date: "20260105".to_owned(), time: "160000".to_owned() };
    let first = Plan { approval: Some(Approval::Approved), review: Some(review), ..blank("SYNTHETIC", uid("plan")) };
    let first = planner.make(Geometry::ThreeBeams, first, uid("dose"), say)?;
    let second = Plan { approval: Some(Approval::Unapproved), ..blank("ALTERNATIVE", uid("plan alternative")) };
    let second = planner.make(Geometry::TwoBeams, second, uid("dose alternative"), say)?;
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
    Ok(Study { ct, mr, structures: set, planned: [first, second], photons: None, identity })
}

/// Writes the study as DICOM: `CT/`, `MR/`, `RTSTRUCT.dcm`, `RTPLAN.dcm`, `RTDOSE.dcm`, and the alternative's
/// `RTPLAN_ALTERNATIVE.dcm`, `RTDOSE_ALTERNATIVE.dcm`; where there is a photon plan, `RTPLAN_PHOTONS.dcm`. An earlier study's slices
/// and photon plan there go.
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
    for (Planned { plan, dose, .. }, suffix) in study.planned.iter().zip(["", "_ALTERNATIVE"]) {
        write::ion_plan(&out.join(format!("RTPLAN{suffix}.dcm")), plan, &study.identity)?;
        write::dose(&out.join(format!("RTDOSE{suffix}.dcm")), dose, Some(plan), &study.identity)?;
    }
    let path = out.join("RTPLAN_PHOTONS.dcm");
    match &study.photons {
        Some(plan) => write::photon_plan(&path, plan, &study.identity)?,
        None if path.exists() => folder(&path, std::fs::remove_file(&path))?,
        None => (),
    }
    Ok(())
}

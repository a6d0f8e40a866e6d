//! How far a machine stands from a patient and from the table: at a beam's angles, and on the way from one beam to the next.
//!
//! The machine is a few solids ([`MachineSolids`]); what it could hit is the body's skin (points, 2 mm or less apart) and the table
//! top. Body and table move as one. Distances are signed: negative is how deep a place lies inside a part.

mod cloud;
mod machine;
mod solid;
mod swing;
mod table;
#[cfg(test)]
mod tests;

pub use machine::{MachineSolids, MachineSolidsError, Mount, Part};
pub use solid::Solid;
pub use swing::{OnTheWay, Swing, way};

use crate::{BeamAngles, Frames};
use cloud::{Best, Cloud, Item};
use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};

/// How machine and table stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// Gantry, table and the rest, degrees.
    pub angles: BeamAngles,
    /// Snout Position: isocentre to its downstream side, mm; None: drawn back.
    pub snout_mm: Option<f64>,
    /// How far table and patient are moved from where the scene's own isocentre stands at the machine's, IEC table-top axes, mm.
    pub shift_mm: [f64; 3],
}

/// What comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The body.
    Body,
    /// The table top and what stands on it.
    Table,
}

/// A closest approach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// mm; negative where a place of body or table lies inside the part: how deep, for the table to 1 mm or 5 %.
    pub distance_mm: f64,
    /// Which of [`MachineSolids::parts`].
    pub part: usize,
    /// What it comes near.
    pub against: Against,
    /// The place of body or table, DICOM patient mm.
    pub on_patient_mm: Point3<f64>,
    /// The place of the machine's part, DICOM patient mm.
    pub on_machine_mm: Point3<f64>,
}

/// Closest approaches at one pose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clearance {
    /// Of the machine to the body; None without a body.
    pub body: Option<Near>,
    /// Of the machine to the table top; None where the machine file has no table.
    pub table: Option<Near>,
}

impl Clearance {
    /// The nearer of the two.
    pub fn least(&self) -> Option<Near> {
        self.body.into_iter().chain(self.table).min_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm))
    }
}

/// A machine around one patient on its table.
#[derive(Clone, Debug)]
pub struct Scene {
    machine: MachineSolids,
    frames: Frames,
    /// In IEC table-top axes about the scene's isocentre, mm.
    body: Cloud,
    table: Cloud,
}

impl Scene {
    /// `body`: points of the skin, DICOM patient mm, 2 mm or less apart; empty where there is none. `table_travel_mm`: how far the
    /// table top stands from its place in the machine's file, IEC table-top axes, mm ([`MachineSolids::table_under`]).
    pub fn new(machine: &MachineSolids, frames: &Frames, body: &[Point3<f64>], table_travel_mm: [f64; 3]) -> Self {
        let turn = frames.position.to_table_top();
        let skin = body.iter().map(|p| Item::Point(Point3::from(turn * (p - frames.isocentre_mm)))).collect();
        let travel = Translation3::from(table_travel_mm);
        let table = machine.parts.iter().filter(|p| p.mount == Mount::TableTop);
        let triangles =
            table.flat_map(|p| table::triangles(&p.solid, &(travel * p.pose()))).map(Item::Triangle).collect();
        Self { machine: machine.clone(), frames: *frames, body: Cloud::new(skin), table: Cloud::new(triangles) }
    }

    /// The machine.
    pub fn machine(&self) -> &MachineSolids {
        &self.machine
    }

    /// The pose for a beam whose isocentre and position `frames` say.
    pub fn pose(&self, frames: &Frames, angles: &BeamAngles, snout_mm: Option<f64>) -> Pose {
        let shift = self.frames.position.to_table_top() * (self.frames.isocentre_mm - frames.isocentre_mm);
        Pose { angles: *angles, snout_mm, shift_mm: shift.into() }
    }

    /// How near machine and patient come at one pose.
    pub fn clearance(&self, pose: &Pose) -> Clearance {
        Clearance {
            body: self.near(&self.body, Against::Body, pose),
            table: self.near(&self.table, Against::Table, pose),
        }
    }

    fn near(&self, cloud: &Cloud, against: Against, pose: &Pose) -> Option<Near> {
        let mut best = Best { distance: f64::INFINITY, ends: None };
        let mut found = None;
        for (part, to_solid) in self.placed(pose) {
            let before = best.distance;
            cloud.nearest(&self.machine.parts[part].solid, &to_solid, &mut best);
            if best.distance < before {
                found = best.ends.map(|[there, here]| (part, there, to_solid.inverse() * here));
            }
        }
        let (part, there, here) = found?;
        let to_patient =
            |p: Point3<f64>| self.frames.isocentre_mm + self.frames.position.to_table_top().inverse() * p.coords;
        Some(Near {
            distance_mm: best.distance,
            part,
            against,
            on_patient_mm: to_patient(there),
            on_machine_mm: to_patient(here),
        })
    }

    /// The parts that could hit something, those nearest to the isocentre first, with the way from body and table to their own axes.
    fn placed(&self, pose: &Pose) -> Vec<(usize, Isometry3<f64>)> {
        let to_fixed = table_to_fixed(pose);
        let hits = self.machine.parts.iter().enumerate().filter(|(_, p)| p.mount != Mount::TableTop);
        let mut out: Vec<(f64, usize, Isometry3<f64>)> = hits
            .map(|(n, p)| {
                let to_solid = (self.mount_to_fixed(p.mount, pose) * p.pose()).inverse() * to_fixed;
                (p.solid.closest(&(to_solid * Point3::origin())).0, n, to_solid)
            })
            .collect();
        out.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        out.into_iter().map(|(_, n, t)| (n, t)).collect()
    }

    /// True where nothing of the cloud comes nearer to the machine than `least`, wherever each place moves by at most
    /// `motion[0] + motion[1]` times its distance from the cloud's origin.
    fn stays_clear(&self, cloud: &Cloud, pose: &Pose, least: f64, motion: [f64; 2]) -> bool {
        self.placed(pose).iter().all(|(n, t)| cloud.stays_clear(&self.machine.parts[*n].solid, t, least, motion))
    }

    /// A mount's axes → IEC fixed.
    fn mount_to_fixed(&self, mount: Mount, pose: &Pose) -> Isometry3<f64> {
        let gantry = UnitQuaternion::from_rotation_matrix(&pose.angles.gantry_to_fixed());
        let gantry = Isometry3::from_parts(Translation3::identity(), gantry);
        match mount {
            Mount::Fixed => Isometry3::identity(),
            Mount::Gantry => gantry,
            Mount::Snout => gantry * Translation3::new(0.0, 0.0, self.snout_mm(pose)),
            Mount::TableTop => table_to_fixed(pose),
        }
    }

    /// Where the snout stands, mm.
    fn snout_mm(&self, pose: &Pose) -> f64 {
        pose.snout_mm.or(self.machine.snout_retracted_mm).unwrap_or(0.0)
    }

    /// A machine part's own axes → DICOM patient mm at a pose, for drawing it.
    pub fn part_to_patient(&self, part: usize, pose: &Pose) -> Option<Isometry3<f64>> {
        let p = self.machine.parts.get(part)?;
        let turn = UnitQuaternion::from_rotation_matrix(&self.frames.position.to_table_top().inverse());
        let to_patient =
            Translation3::from(self.frames.isocentre_mm.coords) * Isometry3::from_parts(Translation3::identity(), turn);
        Some(to_patient * table_to_fixed(pose).inverse() * self.mount_to_fixed(p.mount, pose) * p.pose())
    }
}

/// IEC table-top axes about the scene's isocentre → IEC fixed.
fn table_to_fixed(pose: &Pose) -> Isometry3<f64> {
    let turn = UnitQuaternion::from_rotation_matrix(&pose.angles.table_top_to_fixed());
    Isometry3::from_parts(Translation3::identity(), turn) * Translation3::from(Vector3::from(pose.shift_mm))
}

//! Why a dose cannot be computed.

use vestibule_patient::RadiationType;

/// Each says which beam, spot and value, and what to do. No patient data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentence of each variant says what its fields are")]
pub enum ComputeError {
    #[error("the plan has no beams; choose another plan")]
    NoBeams,
    #[error("beam '{beam}' delivers {radiation:?}; this engine computes protons only")]
    NotProton { beam: String, radiation: RadiationType },
    #[error("beam '{beam}' has no spots with a weight; a plan without spots gives no dose")]
    NoSpots { beam: String },
    #[error("beam '{beam}' has a Beam Meterset of {meterset_mu} MU; it must be above 0 for a dose in Gray")]
    Meterset { beam: String, meterset_mu: f64 },
    #[error("beam '{beam}' has a Final Cumulative Meterset Weight of {weight}; it must be above 0")]
    FinalWeight { beam: String, weight: f64 },
    #[error(
        "beam '{beam}', layer {layer}: {energy_mev} MeV is outside machine '{machine}' ({low} to {high} MeV); choose another machine file"
    )]
    Energy { beam: String, layer: usize, energy_mev: f64, machine: String, low: f64, high: f64 },
    #[error(
        "beam '{beam}', layer {layer}: {paintings} paintings of {spots} spots are more than any machine's (1000 paintings, 20 million spots a plan); check the plan's Number of Paintings"
    )]
    Paintings { beam: String, layer: usize, paintings: u32, spots: usize },
    #[error("beam '{beam}', layer {layer}, spot {spot}: weight {weight} is not a number of 0 or more")]
    Weight { beam: String, layer: usize, spot: usize, weight: f64 },
    #[error("beam '{beam}', layer {layer}, spot {spot}: position ({x_mm}, {y_mm}) mm is not on the scanning field")]
    Position { beam: String, layer: usize, spot: usize, x_mm: f64, y_mm: f64 },
    #[error(
        "beam '{beam}', layer {layer}, spot {spot}: {mu} MU are more than the machine gives a spot ({most}); check the plan's Beam Meterset"
    )]
    TooManyMu { beam: String, layer: usize, spot: usize, mu: f64, most: f64 },
    #[error(
        "beam '{beam}': no layer gets through its range shifter of {shifter_mm} mm of water (the deepest, {energy_mev} MeV, ranges {range_mm} mm); check the range shifter"
    )]
    StopsInShifter { beam: String, energy_mev: f64, range_mm: f64, shifter_mm: f64 },
    #[error("beam '{beam}': isocentre or an angle is not a number")]
    Geometry { beam: String },
    #[error(
        "beam '{beam}': range shifter '{id}' has no water-equivalent thickness in the plan and is not in machine '{machine}'; add it to the machine file"
    )]
    RangeShifterUnknown { beam: String, id: String, machine: String },
    #[error("beam '{beam}': range shifter '{id}' has {value} mm of water; expected 0 to 400")]
    RangeShifterThickness { beam: String, id: String, value: f64 },
    #[error(
        "beam '{beam}' reaches no voxel of the body on the dose grid; check isocentre, angles and the outline of the body"
    )]
    BeamMisses { beam: String },
    #[error("a dose grid of {grid_mm} mm; expected 0.5 to 10 mm")]
    GridSpacing { grid_mm: f64 },
    #[error("a dose grid of {grid_mm} mm would have {voxels} voxels, more than {limit}; choose a wider grid")]
    GridTooLarge { grid_mm: f64, voxels: usize, limit: usize },
    #[error("the outline of the body encloses no voxel of the CT; check the structure set")]
    EmptyBody,
    #[error("the mask of the body does not lie on the grid of the CT ({mask:?} against {ct:?} voxels)")]
    BodyGrid { mask: [usize; 3], ct: [usize; 3] },
    #[error("'{name}': a stopping power of {value} relative to water; expected 0 to 10")]
    OverrideValue { name: String, value: f64 },
    #[error("a window from HU {low} to {high}: the first must be below the second")]
    OverrideWindow { low: f64, high: f64 },
    #[error("the mask of '{name}' does not lie on the grid of the CT ({mask:?} against {ct:?} voxels)")]
    OverrideGrid { name: String, mask: [usize; 3], ct: [usize; 3] },
    #[error("'{name}' encloses no voxel of the CT; check the structure, or leave its override out")]
    OverrideEmpty { name: String },
    #[error("the image is {modality}, not CT; stopping powers need a CT")]
    NotCt { modality: String },
    #[error("plan and CT lie in different frames of reference; import the CT the plan was made on")]
    FrameOfReference,
    #[error("beam '{beam}' delivers {radiation:?}; this engine computes photons only")]
    NotPhoton { beam: String, radiation: RadiationType },
    #[error(
        "beam '{beam}' has {energy_mv} MV; the only photon machine, '{machine}', has {machine_mv} MV: its dose would be wrong and is not computed"
    )]
    PhotonEnergy { beam: String, energy_mv: f64, machine: String, machine_mv: f64 },
    #[error(
        "beam '{beam}' has its source {source_axis_mm} mm from the isocentre; machine '{machine}' has it at {machine_mm} mm"
    )]
    SourceAxis { beam: String, source_axis_mm: f64, machine: String, machine_mm: String },
    #[error("beam '{beam}' has {points} control points; two at least say what is delivered between them")]
    NoControlPoints { beam: String, points: usize },
    #[error("beam '{beam}', control point {point}: its {what} cannot be used; check the plan")]
    ControlPoint { beam: String, point: usize, what: &'static str },
    #[error("beam '{beam}' has neither jaws, leaves nor blocks; nothing says where it is open")]
    NoOpening { beam: String },
    #[error(
        "beam '{beam}' has {wedges} wedges and {compensators} compensators, which this engine does not know; its dose would be wrong and is not computed"
    )]
    Modifier { beam: String, wedges: usize, compensators: usize },
    #[error(
        "the CT has {slices} slice: photon rays spread and would leave it beside the body, so their depths would be wrong; import the whole series"
    )]
    TooFewSlices { slices: usize },
    #[error("the CT holds {count} voxels without a number (NaN)")]
    CtNotFinite { count: usize },
}

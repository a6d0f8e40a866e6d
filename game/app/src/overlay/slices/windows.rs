//! Window centre and width: the usual presets of CT, and one found from the values of anything else.

use vestibule_patient::{Image, Modality};

/// Name (key `window-NAME`), centre and width in Hounsfield units.
pub const PRESETS: [(&str, [f64; 2]); 5] = [
    ("brain", [40.0, 80.0]),
    ("soft", [40.0, 400.0]),
    ("bone", [500.0, 2000.0]),
    ("lung", [-600.0, 1500.0]),
    ("wide", [0.0, 2000.0]),
];

/// Values looked at to find a window.
const LOOKED_AT: usize = 50_000;

/// The window an image begins with: soft tissue for CT, else from black (or 0) to its 99.5th percentile.
pub fn first(image: &Image) -> [f64; 2] {
    if image.modality == Modality::Ct {
        return PRESETS[1].1;
    }
    let data = &image.volume.data;
    let every = (data.len() / LOOKED_AT).max(1);
    let mut values: Vec<f32> = data.iter().step_by(every).copied().filter(|v| v.is_finite()).collect();
    values.sort_by(f32::total_cmp);
    let at = |q: f64| values.get(((values.len() as f64 * q) as usize).min(values.len().saturating_sub(1))).copied();
    let (low, high) = (at(0.005).unwrap_or(0.0).min(0.0), at(0.995).unwrap_or(1.0));
    let width = f64::from(high - low).max(1e-3);
    [f64::from(low) + 0.5 * width, width]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;
    use vestibule_geometry::{Grid, Volume};

    #[test]
    fn ct_begins_with_soft_tissue_and_others_with_their_values() {
        let mut image = Image {
            uid: String::new(),
            study_uid: String::new(),
            frame_of_reference_uid: String::new(),
            modality: Modality::Ct,
            description: String::new(),
            position: None,
            unit: String::new(),
            slice_uids: Vec::new(),
            phase: None,
            coarse: None,
            volume: Volume {
                grid: Grid::axial([1000, 1, 1], [1.0; 3], Point3::origin()),
                data: (0..1000).map(|v| v as f32).collect(),
            },
        };
        assert_eq!(first(&image), [40.0, 400.0]);
        image.modality = Modality::Mr;
        assert_eq!(first(&image), [497.5, 995.0]);
        image.volume.data.clear();
        assert_eq!(first(&image), [0.5, 1.0]);
    }
}

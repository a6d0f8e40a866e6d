//! Raw RGB into a Secondary Capture file: what `tools/check/secondary_capture.sh` gives to dciodvfy and pydicom.
//!
//! Usage: secondary_capture WIDTH HEIGHT PATIENT_NAME OUT.dcm < RGB
//! A name that does not say SYNTHETIC gets the mark.

use std::io::Read;
use vestibule_dicom::write::{Identity, SecondaryCapture, derived_uid, secondary_capture};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [width, height, name, out] = args.as_slice() else {
        return Err("usage: secondary_capture WIDTH HEIGHT PATIENT_NAME OUT.dcm < RGB".into());
    };
    let mut rgb = Vec::new();
    std::io::stdin().read_to_end(&mut rgb)?;
    let identity = Identity {
        patient_id: "CHECK-1".into(),
        patient_name: name.clone(),
        study_uid: derived_uid(&["secondary capture check"]),
        study_date: "20260105".into(),
        study_time: "090000".into(),
        ..Identity::default()
    };
    let shot = SecondaryCapture {
        uid: &derived_uid(&["secondary capture check", width, height, name]),
        width: width.parse()?,
        height: height.parse()?,
        rgb: &rgb,
        title: "Vestibule review",
        comment: "Un écart de 3 mm au tronc cérébral\nà revoir",
        derivation: "Drawn by Vestibule",
        mark: (!name.contains("SYNTHETIC")).then_some("not for clinical decisions"),
        burned_in: false,
        recognisable: false,
        date: "20260105",
        time: "093015.250",
    };
    secondary_capture(out.as_ref(), &shot, &identity)?;
    Ok(())
}

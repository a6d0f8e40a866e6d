//! What RT Plans and RT Ion Plans say in the same way.

use super::tags_of::{DataSet, clip, reference};
use super::{Identity, common, derived_uid};
use dicom_dictionary_std::{tags, uids};
use vestibule_patient::{Approval, Beam, Plan, Review};

/// All of a plan but its tolerance table and its beams.
pub(super) fn head(identity: &Identity, class: &str, plan: &Plan) -> DataSet {
    let series_uid = derived_uid(&[&plan.uid, "series"]);
    let mut d = common(identity, class, &plan.uid, "RTPLAN", &series_uid);
    let label = if plan.label.is_empty() { "PLAN" } else { &plan.label };
    d.text(tags::OPERATORS_NAME, "")
        .text(tags::RT_PLAN_LABEL, &clip(label, 16))
        .text(tags::RT_PLAN_NAME, &clip(label, 64))
        .text(tags::RT_PLAN_DATE, &identity.study_date)
        .text(tags::RT_PLAN_TIME, &identity.study_time)
        .text(tags::PLAN_INTENT, "VERIFICATION")
        .text(tags::RT_PLAN_GEOMETRY, if plan.structure_set_uid.is_some() { "PATIENT" } else { "TREATMENT_DEVICE" })
        .text(tags::APPROVAL_STATUS, plan.approval.unwrap_or(Approval::Unapproved).as_str());
    if matches!(plan.approval, Some(Approval::Approved | Approval::Rejected)) {
        // Type 2C: with these two they must stand, if only empty.
        let Review { reviewer, date, time } = plan.review.clone().unwrap_or_default();
        d.text(tags::REVIEW_DATE, &date).text(tags::REVIEW_TIME, &time).text(tags::REVIEWER_NAME, &reviewer);
    }
    if !plan.frame_of_reference_uid.is_empty() {
        d.text(tags::FRAME_OF_REFERENCE_UID, &plan.frame_of_reference_uid).text(tags::POSITION_REFERENCE_INDICATOR, "");
    }
    if let Some(uid) = &plan.structure_set_uid {
        d.items(tags::REFERENCED_STRUCTURE_SET_SEQUENCE, vec![reference(uids::RT_STRUCTURE_SET_STORAGE, uid)]);
    }
    if let Some(gy) = plan.prescription_gy {
        d.item(tags::DOSE_REFERENCE_SEQUENCE, |r| {
            r.text(tags::DOSE_REFERENCE_NUMBER, "1")
                .text(tags::DOSE_REFERENCE_UID, &derived_uid(&[&plan.uid, "dose reference"]))
                .text(tags::DOSE_REFERENCE_STRUCTURE_TYPE, "SITE")
                .text(tags::DOSE_REFERENCE_DESCRIPTION, "Target")
                .text(tags::DOSE_REFERENCE_TYPE, "TARGET")
                .decimals(tags::TARGET_PRESCRIPTION_DOSE, &[gy]);
        });
    }
    d.item(tags::PATIENT_SETUP_SEQUENCE, |s| {
        s.text(tags::PATIENT_SETUP_NUMBER, "1");
        // Type 1C: one of position and additional position must stand.
        match plan.position {
            Some(p) => s.text(tags::PATIENT_POSITION, &p.to_string()),
            None => s.text(tags::PATIENT_ADDITIONAL_POSITION, "not stated"),
        };
        s.text(tags::SETUP_TECHNIQUE, "ISOCENTRIC");
    });
    d.item(tags::FRACTION_GROUP_SEQUENCE, |g| {
        let beams = plan.beams.iter().map(|b| {
            DataSet::with(|r| {
                if let Some(gy) = b.beam_dose_gy {
                    r.decimals(tags::BEAM_DOSE, &[gy]);
                }
                r.decimals(tags::BEAM_METERSET, &[b.meterset_mu]).int(tags::REFERENCED_BEAM_NUMBER, b.number);
            })
        });
        g.text(tags::FRACTION_GROUP_NUMBER, "1")
            .int(tags::NUMBER_OF_FRACTIONS_PLANNED, plan.fractions.max(1))
            .int(tags::NUMBER_OF_BEAMS, plan.beams.len())
            .text(tags::NUMBER_OF_BRACHY_APPLICATION_SETUPS, "0")
            .items(tags::REFERENCED_BEAM_SEQUENCE, beams.collect());
    });
    d
}

/// The tolerance table that every beam refers to, without what only one kind of plan has.
pub(super) fn tolerances() -> DataSet {
    DataSet::with(|t| {
        t.text(tags::TOLERANCE_TABLE_NUMBER, "1").text(tags::TOLERANCE_TABLE_LABEL, "Default");
        for tag in [
            tags::GANTRY_ANGLE_TOLERANCE,
            tags::BEAM_LIMITING_DEVICE_ANGLE_TOLERANCE,
            tags::PATIENT_SUPPORT_ANGLE_TOLERANCE,
        ] {
            t.decimals(tag, &[0.5]);
        }
    })
}

/// What a beam of either kind says: which it is, on which machine, and that it treats.
pub(super) fn beam_head(b: &Beam, radiation: &str, beam_type: &str) -> DataSet {
    let mut d = DataSet::default();
    d.int(tags::BEAM_NUMBER, b.number)
        .text(tags::BEAM_NAME, &clip(&b.name, 64))
        .text(tags::BEAM_TYPE, beam_type)
        .text(tags::RADIATION_TYPE, radiation)
        .text(tags::TREATMENT_MACHINE_NAME, &clip(&b.machine, 16))
        .text(tags::PRIMARY_DOSIMETER_UNIT, "MU")
        .text(tags::REFERENCED_TOLERANCE_TABLE_NUMBER, "1")
        .text(tags::NUMBER_OF_WEDGES, "0")
        .text(tags::NUMBER_OF_COMPENSATORS, "0")
        .text(tags::NUMBER_OF_BOLI, "0")
        .text(tags::NUMBER_OF_BLOCKS, "0")
        .text(tags::REFERENCED_PATIENT_SETUP_NUMBER, "1")
        .text(tags::TREATMENT_DELIVERY_TYPE, "TREATMENT");
    d
}

/// Where the table stands and around which place: of the first control point. The table's own origin is not known.
pub(super) fn table_and_isocentre(d: &mut DataSet, b: &Beam) {
    d.text(tags::TABLE_TOP_VERTICAL_POSITION, "")
        .text(tags::TABLE_TOP_LONGITUDINAL_POSITION, "")
        .text(tags::TABLE_TOP_LATERAL_POSITION, "")
        .decimals(tags::ISOCENTER_POSITION, b.isocentre_mm.coords.as_slice());
}

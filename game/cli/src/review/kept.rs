//! What a review leaves in the store: notes, views, pictures, and what whoever reviews likes.

use std::sync::Arc;
use vestibule_app::overlay::notes::{KeepsReview, KeptMark, MarkKind, Picture};
use vestibule_dicom::write::{Identity, SecondaryCapture, new_uid, secondary_capture_bytes};
use vestibule_dose::constraints::MARK;
use vestibule_patient::{Patient, Plan};
use vestibule_record::{self as record, DEFAULT_STAFF, NewMark, ReviewScope, Store};

/// Which form the views of this version have.
const FORMAT: u32 = 1;

/// One patient's review in the store.
pub struct Kept {
    store: Store,
    scope: ReviewScope,
    identity: Identity,
    plan: String,
    synthetic: bool,
    staff: String,
}

impl Kept {
    /// For the member of staff whose PIN was right.
    ///
    /// # Errors
    /// When the store does not open it.
    pub fn new(
        store: Store,
        id: &str,
        patient: &Patient,
        plan: Option<&Plan>,
        staff: Option<&str>,
    ) -> Result<Arc<Self>, record::StoreError> {
        let scope = store.review_scope(id)?;
        let identity = Identity::of(patient, plan);
        let plan = plan.map_or_else(String::new, |p| p.label.clone());
        let staff = staff.unwrap_or(DEFAULT_STAFF).to_owned();
        Ok(Arc::new(Self { store, scope, identity, plan, synthetic: patient.synthetic, staff }))
    }
}

fn kind(kind: MarkKind) -> record::MarkKind {
    match kind {
        MarkKind::Note => record::MarkKind::Note,
        MarkKind::Bookmark => record::MarkKind::Bookmark,
    }
}

fn sentence(e: impl std::fmt::Display) -> String {
    e.to_string()
}

impl KeepsReview for Kept {
    fn marks(&self) -> Result<Vec<KeptMark>, String> {
        let all = self.scope.marks().map_err(sentence)?;
        let one = |m: record::Mark| {
            let kind = match m.kind {
                record::MarkKind::Note => MarkKind::Note,
                record::MarkKind::Bookmark => MarkKind::Bookmark,
                record::MarkKind::Measure => return None,
            };
            let view = if m.format == FORMAT { String::from_utf8(m.body).unwrap_or_default() } else { String::new() };
            Some(KeptMark { key: m.id.0, kind, text: m.text, at: m.position_mm.map(Into::into), view })
        };
        Ok(all.into_iter().filter_map(one).collect())
    }

    fn add(&self, mark: &KeptMark) -> Result<i64, String> {
        let new = NewMark {
            kind: kind(mark.kind),
            text: &mark.text,
            position_mm: mark.at.map(|p| [p.x, p.y, p.z]),
            format: FORMAT,
            body: mark.view.as_bytes(),
        };
        self.scope.add_mark(&new).map(|id| id.0).map_err(sentence)
    }

    fn withdraw(&self, key: i64) -> Result<(), String> {
        self.scope.withdraw_mark(record::MarkId(key)).map_err(sentence)
    }

    fn add_picture(&self, picture: &Picture) -> Result<(), String> {
        let now = jiff::Zoned::now();
        let (uid, date, time) = (new_uid(), now.strftime("%Y%m%d").to_string(), now.strftime("%H%M%S").to_string());
        let derivation = format!("Vestibule {}: view of a review of plan {}", env!("CARGO_PKG_VERSION"), self.plan);
        let shot = SecondaryCapture {
            uid: &uid,
            width: picture.size[0] as usize,
            height: picture.size[1] as usize,
            rgb: &picture.rgb,
            title: &picture.title,
            comment: "",
            derivation: &derivation,
            mark: Some(MARK),
            burned_in: true,
            recognisable: !self.synthetic,
            date: &date,
            time: &time,
        };
        let bytes = secondary_capture_bytes(&shot, &self.identity).map_err(sentence)?;
        self.scope.add_snapshot(&picture.title, &bytes).map(|_| ()).map_err(sentence)
    }

    fn preference(&self, name: &str) -> Option<String> {
        self.store.preference(&self.staff, name).ok().flatten()
    }

    fn set_preference(&self, name: &str, value: &str) -> Result<(), String> {
        self.store.set_preference(&self.staff, name, value).map_err(sentence)
    }
}

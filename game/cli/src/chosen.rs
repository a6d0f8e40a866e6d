//! Says which plan or dose was meant where several are there and none was named.

use vestibule_patient::{Dose, Plan};

/// The patient's only approved plan was taken.
pub fn say(plan: &Plan) {
    tell!(
        "vestibule: several plans: the only approved one is meant, {} ({}); --plan UID takes another",
        plan.label,
        plan.uid
    );
}

/// The dose of the patient's only approved plan was taken.
pub fn say_dose(dose: &Dose) {
    tell!("vestibule: several doses: that of the only approved plan is meant ({}); --dose UID takes another", dose.uid);
}

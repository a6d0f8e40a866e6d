//! Says which plan or dose was meant where several are there and none was named. Names neither: a label or a UID may tell who
//! the patient is, and standard error may end in a log; `patient show` marks the approved plan.

/// The patient's only approved plan was taken.
pub fn say_plan() {
    tell!("vestibule: of several plans the only approved one is meant (`vestibule patient show` lists them)");
}

/// The dose of the patient's only approved plan was taken.
pub fn say_dose() {
    tell!("vestibule: of several doses that of the only approved plan is meant (`vestibule patient show` lists them)");
}

//! TG-263 standard names: recognising what a department called a structure.

/// The TG-263 name of a structure, or None when it is not recognised.
pub fn standard_name(_name: &str) -> Option<String> {
    None
}

//! One file per external plugin: all of its configuration and workarounds.

pub mod egui;
pub mod openxr;

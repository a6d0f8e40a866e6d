//! Whole-program tests live in `tests/tests`; this crate holds what they share.

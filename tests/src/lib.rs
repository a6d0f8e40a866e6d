//! Whole-program tests live in `tests/tests`; this crate holds what they share.

pub mod place;
pub mod planted;
pub mod screen;
pub mod window;

/// The database key of stores that tests open without a passphrase: Argon2id would cost more than the test.
pub const RAW_KEY: [u8; 32] = [7; 32];

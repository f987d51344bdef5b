//! One integration-test binary: what the pieces do together.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod config_bad;
mod http_faults;
mod languages;
mod process;
mod smtp_faults;
mod tidy;

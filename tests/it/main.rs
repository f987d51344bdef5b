//! One integration-test binary: what the pieces do together.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod actions;
mod appointments;
mod backlog;
mod candidates;
mod care;
mod chats;
mod chinook;
mod config_bad;
mod demo_figures;
mod demo_shop;
mod due;
mod expect;
mod figures;
mod foresight;
mod golden;
mod greetings;
mod http_faults;
mod kill;
mod languages;
mod metrics;
mod once;
mod pdf;
mod process;
mod records;
mod risk;
mod runs;
mod scan;
mod sink;
mod smtp_faults;
mod story;
mod templates;
mod tidy;
mod tls;
mod watches;
mod world;

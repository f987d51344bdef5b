//! retaind keeps a business in touch with its customers.
//!
//! The crate reads from the inside out. What is true of a shop and its time: [`domain`], [`schedule`].
//! What is computed and who is owed what: [`metrics`], [`care`]. What is said, and how it looks:
//! [`document`], [`render`]. What becomes of a message: [`outbox`]. The recipes that join them: [`job`].
//! None of these reads a clock, a file or a socket, save that charts look for the system's fonts where
//! ours lack a glyph.

pub mod domain;
pub mod schedule;

pub mod care;
pub mod document;
pub mod metrics;

pub mod outbox;
pub mod render;

pub mod job;

pub mod channel;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod ledger;
pub mod logs;
pub mod store;
pub mod web;

pub mod capture;
pub mod cli;
pub mod demo;

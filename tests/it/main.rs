//! One integration-test binary: what the pieces do together.

mod process;

//! What the fault tables expect of one attempt.

use retaind::outbox::{Scope, Status};

/// Where a delivery stands after one attempt. `wait`: seconds until the next try, at least and at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expect {
    pub(crate) status: Status,
    pub(crate) charged: u32,
    pub(crate) scope: Option<Scope>,
    pub(crate) wait: (i64, i64),
}

pub(crate) const fn again(scope: Scope, charged: u32, wait: (i64, i64)) -> Expect {
    Expect { status: Status::Pending, charged, scope: Some(scope), wait }
}

pub(crate) const fn end(status: Status, charged: u32) -> Expect {
    Expect { status, charged, scope: None, wait: (0, 0) }
}

//! What becomes of a message between the decision to send it and the answer of its next hop. Pure: the
//! ledger stores it, the daemon performs it.

pub mod address;
pub mod answer;
pub mod delivery;
pub mod key;
pub mod link;
pub mod medium;
pub mod retry;

pub use address::AddressId;
pub use answer::{Answer, Scope};
pub use delivery::{Delivery, Event, Phase, Sealed, State, Status};
pub use key::DeliveryKey;
pub use link::{LinkError, LinkKey, Links};
pub use medium::{Medium, Service};
pub use retry::Retry;

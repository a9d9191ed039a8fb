//! Who may do what, and where to: roles and rights, passwords, tokens, the brake on guessing, which
//! addresses and local paths a data source may name, and its secrets. A verb of a service asks here
//! first; nothing here knows a verb, a store or HTTP.

pub mod attempts;
pub(crate) mod misplaced;
pub mod network;
pub mod password;
pub mod proxies;
pub mod rights;
pub mod secrets;
pub mod token;

pub use attempts::Attempts;
pub use network::{LocalRoots, NetworkPolicy};
pub use proxies::TrustedProxies;
pub use rights::{Caller, Right, Role, unknown_project};

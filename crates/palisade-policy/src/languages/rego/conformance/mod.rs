//! Scores on upstream suites, whose files are given at run time.

mod gatekeeper;
mod opa;

pub(super) use self::gatekeeper::gatekeeper_library;
pub(super) use self::opa::opa_cases;

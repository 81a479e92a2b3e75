//! Enforcement levels.

use crate::answer::Enforcement;

/// What a level asks for; without one a policy is advisory, as its ecosystem has it.
pub(in super::super) fn enforcement(level: Option<&str>) -> Option<Enforcement> {
    match level {
        None | Some("advisory") => Some(Enforcement::Audit),
        Some("soft-mandatory") => Some(Enforcement::Overridable),
        Some("hard-mandatory" | "mandatory") => Some(Enforcement::Deny),
        Some(_) => None,
    }
}

//! The one list of patterns and checks.

use palisade_model::{Check, Coverage, PatternId};

use crate::context::Context;
use crate::finding::Findings;

/// A check with its code.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// What it is.
    pub check: Check,
    /// What it does.
    pub run: fn(&Check, &Context<'_>, &mut Findings),
}

/// A pattern with its checks.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Number.
    pub id: PatternId,
    /// How much of the system it guards.
    pub coverage: fn(&Context<'_>) -> Coverage,
    /// Its checks, by number.
    pub units: &'static [Unit],
}

/// All twelve, in order.
pub fn patterns() -> &'static [Pattern] {
    &[]
}

/// The check of an id, a slug, or another tool's id (`CKV_K8S_16`, `KSV-0017`), whatever its case.
pub fn find(name: &str) -> Vec<&'static Unit> {
    let known = |unit: &&Unit| {
        let check = &unit.check;
        check.id.to_string().eq_ignore_ascii_case(name)
            || check.slug.eq_ignore_ascii_case(name)
            || check
                .equivalents
                .iter()
                .any(|other| other.id.eq_ignore_ascii_case(name))
    };
    patterns()
        .iter()
        .flat_map(|pattern| pattern.units)
        .filter(known)
        .collect()
}

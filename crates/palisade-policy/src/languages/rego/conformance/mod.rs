//! Scores on upstream suites, whose files are given at run time.

mod opa;

pub(super) use self::opa::opa_cases;

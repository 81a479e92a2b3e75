//! Admission rules in CEL: what ValidatingAdmissionPolicy, Kyverno's CEL kinds and its
//! `validate.cel` share.

mod bindings;
mod matching;
mod rules;

pub(crate) use self::bindings::{Bound, Roots};
pub(crate) use self::matching::{Attributes, Matcher};
pub(crate) use self::rules::{FailurePolicy, Judgement, Located, Rules, Source};

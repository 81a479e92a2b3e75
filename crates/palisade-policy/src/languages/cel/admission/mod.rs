//! Admission rules in CEL: what ValidatingAdmissionPolicy, Kyverno's CEL kinds and its
//! `validate.cel` share.

mod bindings;
mod doubts;
mod matching;
mod merge;
mod mutation;
mod patch;
mod place;
mod rules;

pub(crate) use self::bindings::Roots;
pub(crate) use self::doubts::unused_variables;
pub(crate) use self::matching::{Attributes, Matcher, Selector, Target};
pub(crate) use self::mutation::Mutation;
pub(crate) use self::place::place_of;
pub(crate) use self::rules::{
    Compiler, FailurePolicy, Judgement, Located, Rules, Source, all_hold, origin,
};

//! Builtins that the engine lacks, has wrong, or would let see the world: each a plain function.

mod arrays;
mod aws;
mod bounds;
mod bytes;
mod collections;
mod crypto;
mod decimal;
mod deprecated;
mod effects;
mod encodings;
mod format;
mod globs;
mod go_format;
mod graphql;
mod graphs;
mod json;
mod jwk;
mod jwt;
mod jwt_sign;
mod keypairs;
mod mended;
mod moments;
mod network;
mod numbers;
mod patterns;
mod private_keys;
mod text;
mod wildcards;
mod words;
mod x509;
mod x509_chain;
mod x509_options;
mod yaml;

pub(super) use self::go_format::quote;
use super::term::Term;
use super::world::{Fault, World};

/// A builtin.
pub(super) struct Builtin {
    /// Its path.
    pub(super) name: &'static str,
    /// How many arguments it takes.
    pub(super) arity: u8,
    pub(super) call: fn(&[Term], &mut World) -> Result<Term, Fault>,
}

impl Builtin {
    const fn new(
        name: &'static str,
        arity: u8,
        call: fn(&[Term], &mut World) -> Result<Term, Fault>,
    ) -> Self {
        Self { name, arity, call }
    }
}

/// The tables, one per subject.
const TABLES: &[&[Builtin]] = &[
    arrays::TABLE,
    aws::TABLE,
    collections::TABLE,
    crypto::TABLE,
    deprecated::TABLE,
    effects::TABLE,
    encodings::TABLE,
    format::TABLE,
    globs::TABLE,
    graphql::TABLE,
    graphs::TABLE,
    json::TABLE,
    jwt::TABLE,
    jwt_sign::TABLE,
    keypairs::TABLE,
    mended::TABLE,
    moments::TABLE,
    network::TABLE,
    numbers::TABLE,
    patterns::TABLE,
    private_keys::TABLE,
    text::TABLE,
    wildcards::TABLE,
    words::TABLE,
    x509::TABLE,
    yaml::TABLE,
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Builtin> {
    TABLES.iter().copied().flatten()
}

/// How many arguments a builtin of ours takes.
pub(super) fn arity(name: &str) -> Option<u8> {
    find(name).map(|builtin| builtin.arity)
}

/// A builtin of ours.
pub(super) fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}

/// The argument at a position.
fn argument(arguments: &[Term], at: usize) -> Result<&Term, Fault> {
    arguments
        .get(at)
        .ok_or_else(|| Fault::undefined(format!("argument {} is missing", at + 1)))
}

/// A text argument.
fn text_argument(arguments: &[Term], at: usize) -> Result<&str, Fault> {
    let argument = argument(arguments, at)?;
    argument
        .as_text()
        .ok_or_else(|| wrong_type(at, "string", argument))
}

/// A whole number argument.
fn int_argument(arguments: &[Term], at: usize) -> Result<i64, Fault> {
    let argument = argument(arguments, at)?;
    argument
        .as_int()
        .ok_or_else(|| wrong_type(at, "integer", argument))
}

/// The items of an array or set argument.
fn items_argument(arguments: &[Term], at: usize) -> Result<&[Term], Fault> {
    let argument = argument(arguments, at)?;
    argument
        .items()
        .ok_or_else(|| wrong_type(at, "one of {array, set}", argument))
}

fn wrong_type(at: usize, wanted: &str, found: &Term) -> Fault {
    Fault::undefined(format!(
        "operand {} must be {wanted} but got {}",
        at + 1,
        found.type_name()
    ))
}

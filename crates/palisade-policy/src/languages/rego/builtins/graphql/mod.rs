//! `graphql.*`: documents of GraphQL read, made objects and checked, as OPA does with its parser, gqlparser.
//!
//! Grammar and rules are our own, since the answers have to be those of that parser: which rules it holds, what its
//! documents look like. Libraries of Rust hold the specification alone, and have other documents. A document beyond the
//! limits has no answer: that ends the evaluation, so that no policy takes it for an invalid one.

mod ast;
mod circles;
mod definitions;
mod fragments;
mod introspection;
mod lexer;
mod limits;
mod merging;
mod objects;
mod parser;
mod query_text;
mod schema;
mod schema_rules;
mod schema_text;
mod validation;
mod values;

use self::ast::QueryDocument;
use self::definitions::SchemaDocument;
use self::limits::{Problem, Steps};
use self::schema::Schema;
use super::super::term::Term;
use super::super::world::Fault;
use super::{Builtin, argument, text_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("graphql.parse", 2, |arguments, _| {
        let [query, schema] = verified(arguments)?;
        Ok(Term::Array(vec![query, schema]))
    }),
    Builtin::new("graphql.parse_and_verify", 2, |arguments, _| {
        let nothing = || Term::Object(Vec::new());
        let documents = if_valid(verified(arguments))?;
        let is_valid = Term::Bool(documents.is_some());
        let [query, schema] = documents.unwrap_or_else(|| [nothing(), nothing()]);
        Ok(Term::Array(vec![is_valid, query, schema]))
    }),
    Builtin::new("graphql.parse_query", 1, |arguments, _| {
        let document = query_text::read(text_argument(arguments, 0)?)?;
        Ok(objects::to_object(&document)?)
    }),
    Builtin::new("graphql.parse_schema", 1, |arguments, _| {
        let document = schema_text::read(text_argument(arguments, 0)?)?;
        Ok(objects::to_object(&document)?)
    }),
    Builtin::new("graphql.is_valid", 2, |arguments, _| {
        let checked = query(arguments, 0).and_then(|query| {
            let schema = schema(arguments, 1)?;
            Ok(check(&query, schema)?)
        });
        Ok(Term::Bool(if_valid(checked)?.is_some()))
    }),
    Builtin::new("graphql.schema_is_valid", 1, |arguments, _| {
        let checked = schema(arguments, 0)
            .and_then(|schema| Ok(Schema::new(schema, &Steps::new()).map(drop)?));
        Ok(Term::Bool(if_valid(checked)?.is_some()))
    }),
];

/// Both documents as objects, if the first is valid against the second.
fn verified(arguments: &[Term]) -> Result<[Term; 2], Fault> {
    let (query, schema) = (query(arguments, 0)?, schema(arguments, 1)?);
    let objects = [objects::to_object(&query)?, objects::to_object(&schema)?];
    check(&query, schema)?;
    Ok(objects)
}

fn check(query: &QueryDocument, schema: SchemaDocument) -> Result<(), Problem> {
    let steps = Steps::new();
    let schema = Schema::new(schema, &steps)?;
    validation::check(&schema, query, &steps)
}

/// Nothing for what is not valid; what has no answer stays a fault.
fn if_valid<T>(checked: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match checked {
        Ok(found) => Ok(Some(found)),
        Err(Fault::Undefined(_)) => Ok(None),
        Err(halt) => Err(halt),
    }
}

fn query(arguments: &[Term], at: usize) -> Result<QueryDocument, Fault> {
    match argument(arguments, at)? {
        Term::Text(text) => Ok(query_text::read(text)?),
        object @ Term::Object(_) => Ok(objects::query_from_object(object)?),
        other => Err(wrong_type(at, "one of {string, object}", other)),
    }
}

fn schema(arguments: &[Term], at: usize) -> Result<SchemaDocument, Fault> {
    match argument(arguments, at)? {
        Term::Text(text) => Ok(schema_text::read(text)?),
        object @ Term::Object(_) => Ok(objects::from_object(object)?),
        other => Err(wrong_type(at, "one of {string, object}", other)),
    }
}

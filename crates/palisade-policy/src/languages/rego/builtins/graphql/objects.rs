//! Documents as policies see them: objects, read and made.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::super::super::term::Term;
use super::ast::{Field, QueryDocument, Selection, Spread};
use super::limits::{MAX_DEPTH, MAX_TOKENS, Problem};

/// Deepest nesting of an object: a value in a list stands three objects and arrays below the list.
const MAX_OBJECT_DEPTH: usize = 3 * MAX_DEPTH + 8;

/// Reads a document from an object. Names that documents do not have are passed over, as in OPA.
pub(super) fn from_object<T: DeserializeOwned>(term: &Term) -> Result<T, Problem> {
    let mut left = MAX_TOKENS;
    let json = bounded(term, MAX_OBJECT_DEPTH, &mut left)?;
    serde_json::from_value(json)
        .map_err(|error| Problem::Invalid(format!("the object is no GraphQL document: {error}")))
}

/// Reads a query from an object. A selection with nothing but a name is a field, unless a fragment has this name.
pub(super) fn query_from_object(term: &Term) -> Result<QueryDocument, Problem> {
    let mut document: QueryDocument = from_object(term)?;
    let fragments = document.fragments.iter();
    let fragments: BTreeSet<String> = fragments.map(|fragment| fragment.name.clone()).collect();
    for operation in &mut document.operations {
        name_fields(&mut operation.selection_set, &fragments);
    }
    for fragment in &mut document.fragments {
        name_fields(&mut fragment.selection_set, &fragments);
    }
    Ok(document)
}

fn name_fields(selections: &mut [Selection], fragments: &BTreeSet<String>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => name_fields(&mut field.selection_set, fragments),
            Selection::Inline(inline) => name_fields(&mut inline.selection_set, fragments),
            Selection::Spread(spread) if fragments.contains(&spread.name) => {}
            Selection::Spread(spread) => {
                let Spread { name, directives } = std::mem::take(spread);
                *selection = Selection::Field(Field {
                    name,
                    directives,
                    ..Field::default()
                });
            }
        }
    }
}

/// A document as an object.
pub(super) fn to_object(document: &impl Serialize) -> Result<Term, Problem> {
    let json = serde_json::to_value(document)
        .map_err(|error| Problem::Invalid(format!("the document has no JSON: {error}")))?;
    Ok(Term::from_json(&json))
}

/// The term as JSON without nulls, if it is within the limits.
fn bounded(term: &Term, depth: usize, left: &mut usize) -> Result<Json, Problem> {
    *left = left.checked_sub(1).ok_or_else(Problem::too_long)?;
    let depth = depth.checked_sub(1).ok_or_else(Problem::too_deep)?;
    match term {
        Term::Object(entries) => {
            let mut fields = Map::new();
            for (name, value) in entries {
                let Some(name) = name.as_text().filter(|_| *value != Term::Null) else {
                    continue;
                };
                fields.insert(name.to_owned(), bounded(value, depth, left)?);
            }
            Ok(Json::Object(fields))
        }
        Term::Array(items) | Term::Set(items) => {
            let items = items.iter().filter(|item| **item != Term::Null);
            let items = items.map(|item| bounded(item, depth, left));
            Ok(Json::Array(items.collect::<Result<_, _>>()?))
        }
        scalar => Ok(scalar.to_json()),
    }
}

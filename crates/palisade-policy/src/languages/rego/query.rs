//! Queries that are asked of policies.

use std::collections::BTreeSet;

use palisade_document::Span;

use super::metadata::Annotations;
use super::rewrite::{Replaced, Surroundings, rewrite};
use super::syntax::{Mistake, parse};

/// What a query stands behind, to be read as a module.
const BEFORE: &str = "package query\nasked if {";
/// Longest query, in bytes.
const MAX_QUERY_BYTES: usize = 64 << 10;

/// A query in words that the engine understands; `replaced` are the builtins that stand in a `with`
/// of the policies that are asked.
pub(super) fn rewrite_query(text: &str, replaced: &Replaced) -> Result<String, Mistake> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(Mistake::new(
            Span::default(),
            format!("the query is longer than {MAX_QUERY_BYTES} bytes"),
        ));
    }
    let module_text = format!("{BEFORE}{text}\n}}");
    let module = parse(&module_text)?;
    if module.rules.len() != 1 {
        return Err(Mistake::new(
            Span::default(),
            "the query closes a brace that it did not open",
        ));
    }
    if let Some(mistake) = replaced.unready(&module) {
        return Err(mistake);
    }
    let module_text = replaced.put_in(&module_text, &module, &BTreeSet::new())?;
    let module = parse(&module_text)?;
    let around = Surroundings::default();
    let rewritten = rewrite(&module_text, &module, &Annotations::default(), &around)?;
    let body = rewritten
        .strip_prefix(BEFORE)
        .and_then(|rest| rest.strip_suffix("\n}"))
        .unwrap_or(text);
    Ok(body.to_owned())
}

//! Limits of what may be asked about the schema itself, and of subscriptions.

use std::collections::BTreeSet;

use super::ast::{Field, Operation, Selection};
use super::fragments;
use super::limits::Problem;
use super::validation::Validation;

/// Lists of the schema that lead to further lists.
const LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// How many such lists may not stand within each other, as in OPA's parser: their answers grow with each.
const REFUSED_LISTS: usize = 3;

/// Checks a field that asks about the schema.
pub(super) fn check_depth(validation: &Validation<'_>, field: &Field) -> Result<(), Problem> {
    if matches!(field.name.as_str(), "__schema" | "__type") {
        check_lists(validation, &field.selection_set, 0)?;
    }
    Ok(())
}

fn check_lists(
    validation: &Validation<'_>,
    selections: &[Selection],
    lists: usize,
) -> Result<(), Problem> {
    for selection in selections {
        validation.steps.take(1)?;
        match selection {
            Selection::Field(field) => {
                let lists = lists + usize::from(LISTS.contains(&field.name.as_str()));
                if lists >= REFUSED_LISTS {
                    return Err(Problem::Invalid(format!(
                        "a question about the schema has {REFUSED_LISTS} lists of types within each other"
                    )));
                }
                check_lists(validation, &field.selection_set, lists)?;
            }
            Selection::Inline(inline) => check_lists(validation, &inline.selection_set, lists)?,
            Selection::Spread(spread) => {
                let fragment = fragments::find(validation, &spread.name)?;
                check_lists(validation, &fragment.selection_set, lists)?;
            }
        }
    }
    Ok(())
}

/// A subscription asks for one field, and not about the schema (5.2.3.1).
pub(super) fn check_subscription(
    validation: &Validation<'_>,
    operation: &Operation,
) -> Result<(), Problem> {
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<&[Selection]> = vec![&operation.selection_set];
    while let Some(selections) = left.pop() {
        for selection in selections {
            validation.steps.take(1)?;
            match selection {
                Selection::Field(field) => {
                    names.insert(field.name.as_str());
                }
                Selection::Inline(inline) => left.push(&inline.selection_set),
                Selection::Spread(spread) => {
                    if seen.insert(&spread.name) {
                        left.push(&fragments::find(validation, &spread.name)?.selection_set);
                    }
                }
            }
        }
    }
    if names.len() > 1 || names.iter().any(|name| name.starts_with("__")) {
        return Err(Problem::Invalid(format!(
            "the subscription `{}` asks for other than one field of the subscription type",
            operation.name
        )));
    }
    Ok(())
}

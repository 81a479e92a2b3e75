//! Fragments: that they are there, end, and can be of the types where they stand (GraphQL, October 2021, 5.5).

use std::collections::BTreeMap;

use super::ast::{Fragment, QueryDocument, Selection};
use super::circles::{self, Needs};
use super::limits::{MAX_DEPTH, Problem};
use super::schema::TypeEntry;
use super::validation::Validation;

/// The fragments of a document by name.
pub(super) fn by_name(document: &QueryDocument) -> Result<BTreeMap<&str, &Fragment>, Problem> {
    let mut fragments = BTreeMap::new();
    for fragment in &document.fragments {
        if fragments.insert(fragment.name.as_str(), fragment).is_some() {
            return Err(Problem::Invalid(format!(
                "two fragments have the name `{}`",
                fragment.name
            )));
        }
    }
    Ok(fragments)
}

pub(super) fn find<'d>(validation: &Validation<'d>, name: &str) -> Result<&'d Fragment, Problem> {
    let fragment = validation.fragments.get(name).copied();
    fragment.ok_or_else(|| Problem::Invalid(format!("the fragment `{name}` is not defined")))
}

/// Checks that no fragment is within itself, and that nothing nests too deep with all fragments in their places: what walks
/// through them relies on both.
pub(super) fn check(validation: &Validation<'_>) -> Result<(), Problem> {
    let mut needs = Needs::new();
    for (name, fragment) in &validation.fragments {
        let mut spread = Vec::new();
        spread_in(&fragment.selection_set, &mut spread);
        needs.insert(name, spread);
    }
    let order = circles::order(&needs)
        .map_err(|name| Problem::Invalid(format!("the fragment `{name}` is within itself")))?;
    let mut heights = BTreeMap::new();
    for name in order {
        if let Some(fragment) = validation.fragments.get(name) {
            heights.insert(name, height(&fragment.selection_set, &heights)?);
        }
    }
    for operation in &validation.document.operations {
        height(&operation.selection_set, &heights)?;
    }
    Ok(())
}

fn spread_in<'d>(selections: &'d [Selection], found: &mut Vec<&'d str>) {
    for selection in selections {
        match selection {
            Selection::Field(field) => spread_in(&field.selection_set, found),
            Selection::Inline(inline) => spread_in(&inline.selection_set, found),
            Selection::Spread(spread) => found.push(&spread.name),
        }
    }
}

/// How deep selections nest, with the fragments in their places.
fn height(selections: &[Selection], fragments: &BTreeMap<&str, usize>) -> Result<usize, Problem> {
    let mut highest = 0;
    for selection in selections {
        let below = match selection {
            Selection::Field(field) => height(&field.selection_set, fragments)?,
            Selection::Inline(inline) => height(&inline.selection_set, fragments)?,
            Selection::Spread(spread) => fragments
                .get(spread.name.as_str())
                .copied()
                .unwrap_or_default(),
        };
        highest = highest.max(below + 1);
    }
    if highest > MAX_DEPTH {
        return Err(Problem::too_deep());
    }
    Ok(highest)
}

/// Checks that some value can be of both types.
pub(super) fn check_possible(
    validation: &Validation<'_>,
    parent: &TypeEntry,
    fragment: &TypeEntry,
) -> Result<(), Problem> {
    let (parent, fragment) = (parent.name(), fragment.name());
    let of = |name| validation.schema.stand_ins(name);
    if let Some((left, right)) = of(parent).zip(of(fragment)) {
        validation.steps.take(left.len().min(right.len()))?;
        if !left.is_disjoint(right) {
            return Ok(());
        }
    }
    Err(Problem::Invalid(format!(
        "a fragment for `{fragment}` stands in `{parent}`, but nothing is of both types"
    )))
}

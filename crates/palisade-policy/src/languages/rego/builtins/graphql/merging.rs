//! Whether fields that have one name in the answer can be one field there (GraphQL, October 2021, 5.3.2).
//!
//! Fields are grouped by that name, and what is below a group is judged together, so that each field is looked at once for
//! each way of types that leads to it and not once for each other field.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Argument, Field, Selection, Type};
use super::definitions::Kind;
use super::fragments;
use super::limits::Problem;
use super::schema::TypeEntry;
use super::validation::Validation;

/// Selections on a type.
#[derive(Clone, Copy)]
struct Set<'d> {
    parent: &'d TypeEntry,
    selections: &'d [Selection],
}

/// A field of a type.
#[derive(Clone, Copy)]
struct Found<'d> {
    parent: &'d TypeEntry,
    field: &'d Field,
    kind: &'d Type,
}

/// Fields by their name in the answer.
type Groups<'d> = BTreeMap<&'d str, Vec<Found<'d>>>;

/// Checks the selections on a type and all below.
pub(super) fn check<'d>(
    validation: &Validation<'d>,
    parent: &'d TypeEntry,
    selections: &'d [Selection],
) -> Result<(), Problem> {
    let set = Set { parent, selections };
    check_shapes(validation, &[set])?;
    check_same(validation, &[set])
}

/// All fields of a name have a shape of answer that is one, whatever types they are on.
fn check_shapes<'d>(validation: &Validation<'d>, sets: &[Set<'d>]) -> Result<(), Problem> {
    for (name, group) in groups(validation, sets)? {
        let mut kinds: Vec<&Type> = Vec::new();
        for found in &group {
            validation.steps.take(1 + kinds.len())?;
            if kinds.contains(&found.kind) {
                continue;
            }
            if kinds
                .iter()
                .any(|kind| differ(validation, kind, found.kind))
            {
                return Err(Problem::Invalid(format!(
                    "the fields `{name}` are of types that differ"
                )));
            }
            kinds.push(found.kind);
        }
        check_shapes(validation, &below(validation, &group))?;
    }
    Ok(())
}

/// Whether types have answers of different shapes. As in OPA, only scalars and enums are told apart by name.
fn differ(validation: &Validation<'_>, left: &Type, right: &Type) -> bool {
    match (&left.elem, &right.elem) {
        (Some(left), Some(right)) => differ(validation, left, right),
        (None, None) => {
            let is_leaf = |kind: &Type| {
                let entry = validation.schema.get(&kind.named);
                entry.is_some_and(|entry| entry.kind().is_leaf())
            };
            let differ = left.named != right.named && is_leaf(left) && is_leaf(right);
            left.non_null != right.non_null || differ
        }
        _ => true,
    }
}

/// All fields of a name that one value can have are the same field with the same arguments.
fn check_same<'d>(validation: &Validation<'d>, sets: &[Set<'d>]) -> Result<(), Problem> {
    for (name, group) in groups(validation, sets)? {
        for class in classes(validation, &group)? {
            let mut others = class.iter();
            let first = others.next();
            for (first, other) in first
                .into_iter()
                .flat_map(|first| others.clone().map(move |o| (first, o)))
            {
                let (left, right) = (&first.field.arguments, &other.field.arguments);
                validation.steps.take(1 + left.len() * right.len())?;
                if first.field.name != other.field.name || !same_arguments(left, right) {
                    return Err(Problem::Invalid(format!(
                        "the fields `{name}` differ in what they ask for"
                    )));
                }
            }
            check_same(validation, &below(validation, &class))?;
        }
    }
    Ok(())
}

/// The fields that one value can have together: for each object type those on it and on types that are no objects.
fn classes<'d>(
    validation: &Validation<'d>,
    group: &[Found<'d>],
) -> Result<Vec<Vec<Found<'d>>>, Problem> {
    let is_object = |found: &&Found<'_>| found.parent.kind() == Kind::Object;
    let objects: BTreeSet<&str> = group
        .iter()
        .filter(is_object)
        .map(|found| found.parent.name())
        .collect();
    if objects.len() < 2 {
        return Ok(vec![group.to_vec()]);
    }
    validation.steps.take(objects.len() * group.len())?;
    let class = |object: &str| {
        let members = group.iter();
        let members = members.filter(|found| !is_object(found) || found.parent.name() == object);
        members.copied().collect()
    };
    Ok(objects.into_iter().map(class).collect())
}

/// As in OPA, lists and objects are not looked into.
fn same_arguments(left: &[Argument], right: &[Argument]) -> bool {
    left.len() == right.len()
        && left.iter().all(|left| {
            right.iter().any(|right| {
                left.name == right.name
                    && left.value.kind == right.value.kind
                    && left.value.raw == right.value.raw
            })
        })
}

/// What a group of fields selects.
fn below<'d>(validation: &Validation<'d>, group: &[Found<'d>]) -> Vec<Set<'d>> {
    let sets = group.iter().filter_map(|found| {
        Some(Set {
            parent: validation.schema.get(found.kind.name())?,
            selections: &found.field.selection_set,
        })
    });
    sets.filter(|set| !set.selections.is_empty()).collect()
}

/// The fields of all sets, those of fragments among them, each fragment once.
fn groups<'d>(validation: &Validation<'d>, sets: &[Set<'d>]) -> Result<Groups<'d>, Problem> {
    let mut groups = Groups::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<Set<'d>> = sets.to_vec();
    while let Some(set) = left.pop() {
        for selection in set.selections {
            validation.steps.take(1)?;
            let (parent, selections) = match selection {
                Selection::Field(field) => {
                    let known = validation.field_type(set.parent, &field.name);
                    if let Some(known) = known {
                        let found = Found {
                            parent: set.parent,
                            field,
                            kind: &known.kind,
                        };
                        groups.entry(field.response_name()).or_default().push(found);
                    }
                    continue;
                }
                Selection::Inline(inline) if inline.type_condition.is_empty() => {
                    (set.parent, &inline.selection_set)
                }
                Selection::Inline(inline) => {
                    let parent = validation.composite(&inline.type_condition)?;
                    (parent, &inline.selection_set)
                }
                Selection::Spread(spread) => {
                    if !seen.insert(&spread.name) {
                        continue;
                    }
                    let fragment = fragments::find(validation, &spread.name)?;
                    let parent = validation.composite(&fragment.type_condition)?;
                    (parent, &fragment.selection_set)
                }
            };
            left.push(Set { parent, selections });
        }
    }
    Ok(groups)
}

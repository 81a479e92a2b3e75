//! Whether values are of the types that are wanted of them.

use std::collections::BTreeSet;

use super::ast::{Child, Type, Value, ValueKind};
use super::definitions::Kind;
use super::limits::Problem;
use super::schema::{Schema, TypeEntry};
use super::validation::{Scope, Validation, wanted_without_null};

/// The scalars whose values GraphQL says; all values are of any other.
const SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// What a value is wanted for.
#[derive(Clone, Copy)]
pub(super) struct Place<'d> {
    pub(super) kind: &'d Type,
    /// The type at the bottom of its lists.
    pub(super) entry: Option<&'d TypeEntry>,
    /// Whether something stands there without a value.
    pub(super) has_default: bool,
}

impl<'d> Place<'d> {
    pub(super) fn new(schema: &'d Schema, kind: &'d Type, default: Option<&Value>) -> Self {
        Self {
            kind,
            entry: schema.get(kind.name()),
            has_default: default.is_some_and(|default| default.kind != ValueKind::Null),
        }
    }

    /// The place of an item, if this one is a list's.
    fn item(self) -> Option<Self> {
        Some(Self {
            kind: self.kind.elem.as_deref()?,
            has_default: false,
            ..self
        })
    }
}

/// Checks a value and what is in it. A value whose place is not known is looked through for its variables.
pub(super) fn check<'d>(
    validation: &Validation<'d>,
    scope: &Scope<'d>,
    value: &'d Value,
    place: Option<Place<'d>>,
) -> Result<(), Problem> {
    validation.steps.take(1)?;
    match value.kind {
        ValueKind::Variable => return check_variable(scope, value, place),
        ValueKind::Object => {
            check_names(&value.children)?;
            for child in &value.children {
                let field = place
                    .and_then(|place| place.entry?.field(&child.name))
                    .map(|field| {
                        Place::new(validation.schema, &field.kind, field.default_value.as_ref())
                    });
                check(validation, scope, &child.value, field)?;
            }
        }
        ValueKind::List => {
            for child in &value.children {
                check(validation, scope, &child.value, place.and_then(Place::item))?;
            }
        }
        _ => {}
    }
    let known = place.and_then(|place| Some((place.kind, place.entry?)));
    let Some((kind, entry)) = known else {
        return Ok(());
    };
    if value.kind == ValueKind::Null && kind.non_null {
        return Err(unfit(value, kind));
    }
    let is_free = entry.kind() == Kind::Scalar && !SCALARS.contains(&entry.name());
    if is_free || value.kind == ValueKind::Null {
        return Ok(());
    }
    if !fits(value, kind, entry) || !is_readable(value) {
        return Err(unfit(value, kind));
    }
    if value.kind == ValueKind::Object {
        check_fields(validation, scope, value, entry)?;
    }
    Ok(())
}

fn unfit(value: &Value, kind: &Type) -> Problem {
    let found = match value.kind {
        ValueKind::List => "a list".to_owned(),
        ValueKind::Object => "an object".to_owned(),
        _ => format!("`{}`", value.raw),
    };
    Problem::Invalid(format!(
        "{found} is no value of the type `{}`",
        kind.written()
    ))
}

fn check_names(children: &[Child]) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    match children.iter().find(|child| !seen.insert(&child.name)) {
        None => Ok(()),
        Some(twice) => Err(Problem::Invalid(format!(
            "an object has the field `{}` twice",
            twice.name
        ))),
    }
}

/// Whether a value is written as its type's are. A single value stands for a list of it.
fn fits(value: &Value, kind: &Type, entry: &TypeEntry) -> bool {
    let one_of = |names: &[&str]| names.contains(&entry.name());
    match value.kind {
        ValueKind::List => kind.elem.is_some(),
        ValueKind::Int => one_of(&["Int", "Float", "ID"]),
        ValueKind::Float => one_of(&["Float"]),
        ValueKind::Text | ValueKind::Block => one_of(&["String", "ID"]),
        ValueKind::Enum => entry.kind() == Kind::Enum && entry.values.contains(&value.raw),
        ValueKind::Boolean => one_of(&["Boolean"]),
        ValueKind::Object => entry.kind() == Kind::InputObject,
        ValueKind::Null | ValueKind::Variable => true,
    }
}

/// Whether all numbers in it are ones: whole numbers of 64 bits (as in OPA, also where the type has 32), finite fractions.
fn is_readable(value: &Value) -> bool {
    match value.kind {
        ValueKind::Int => value.raw.parse::<i64>().is_ok(),
        ValueKind::Float => value.raw.parse::<f64>().is_ok_and(f64::is_finite),
        ValueKind::List | ValueKind::Object => {
            value.children.iter().all(|child| is_readable(&child.value))
        }
        _ => true,
    }
}

fn check_variable(
    scope: &Scope<'_>,
    value: &Value,
    place: Option<Place<'_>>,
) -> Result<(), Problem> {
    let Some((variable, place)) = scope.variable(&value.raw)?.zip(place) else {
        return Ok(());
    };
    let default = variable.default_value.as_ref();
    let has_default = default.is_some_and(|default| default.kind != ValueKind::Null);
    let wanted = wanted_without_null(place.kind, has_default || place.has_default);
    if !variable.kind.fits(&wanted) {
        return Err(Problem::Invalid(format!(
            "the variable `${}` of the type `{}` stands where `{}` is wanted",
            value.raw,
            variable.kind.written(),
            place.kind.written()
        )));
    }
    Ok(())
}

/// Checks that an object has the fields that its type needs and no others.
fn check_fields(
    validation: &Validation<'_>,
    scope: &Scope<'_>,
    value: &Value,
    entry: &TypeEntry,
) -> Result<(), Problem> {
    let given: BTreeSet<&str> = value
        .children
        .iter()
        .map(|child| child.name.as_str())
        .collect();
    validation.steps.take(entry.definition.fields.len())?;
    let broken = |name: &str, what: &str| {
        let kind = entry.name();
        Problem::Invalid(format!("the field `{kind}.{name}` {what}"))
    };
    for field in &entry.definition.fields {
        let is_needed = field.kind.non_null && field.default_value.is_none();
        if is_needed && !given.contains(field.name.as_str()) {
            return Err(broken(&field.name, "is needed"));
        }
    }
    if let Some(unknown) = given.iter().find(|name| entry.field(name).is_none()) {
        return Err(broken(unknown, "is not defined"));
    }
    let mut directives = entry.definition.directives.iter();
    if !directives.any(|directive| directive.name == "oneOf") {
        return Ok(());
    }
    let [only] = value.children.as_slice() else {
        return Err(Problem::Invalid(format!(
            "a value of `{}` has not exactly one field",
            entry.name()
        )));
    };
    let may_be_null = match only.value.kind {
        ValueKind::Null => true,
        ValueKind::Variable => {
            let variable = scope.variable(&only.value.raw)?;
            variable.is_some_and(|variable| !variable.kind.non_null)
        }
        _ => false,
    };
    if may_be_null {
        return Err(broken(
            &only.name,
            "may be null, which the only field cannot be",
        ));
    }
    Ok(())
}

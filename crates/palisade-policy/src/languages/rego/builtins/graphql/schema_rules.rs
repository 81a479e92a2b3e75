//! When a schema is valid: the rules of the specification that OPA's parser holds (GraphQL, October 2021, 3).
//!
//! Others it does not hold: a schema may lack a root type for queries, and defaults may be of another type.

use std::collections::BTreeSet;

use super::ast::{Directive, Type, ValueKind};
use super::circles::{self, Needs};
use super::definitions::{ArgumentDefinition, FieldDefinition, Kind};
use super::limits::{Problem, Steps};
use super::schema::{Schema, TypeEntry, undefined_type};

/// Checks types and directives of a schema.
pub(super) fn check(schema: &Schema, steps: &Steps) -> Result<(), Problem> {
    for entry in schema.types.values() {
        check_type(schema, entry, steps)?;
    }
    check_circles(schema)?;
    for directive in schema.directives.values() {
        check_name(&directive.name)?;
        for argument in &directive.arguments {
            let mut own = argument.directives.iter();
            if own.any(|used| used.name == directive.name) {
                return Err(Problem::Invalid(format!(
                    "the directive `@{}` is used in its own definition",
                    directive.name
                )));
            }
        }
        check_arguments(schema, &directive.arguments, steps)?;
    }
    Ok(())
}

/// Names with two underscores are GraphQL's own.
fn check_name(name: &str) -> Result<(), Problem> {
    if name.starts_with("__") {
        return Err(Problem::Invalid(format!(
            "the name `{name}` begins with `__`, which is for GraphQL itself"
        )));
    }
    Ok(())
}

fn check_type(schema: &Schema, entry: &TypeEntry, steps: &Steps) -> Result<(), Problem> {
    let definition = &entry.definition;
    if !definition.built_in {
        check_name(&definition.name)?;
    }
    for field in &definition.fields {
        check_field(schema, entry, field, steps)?;
    }
    for member in &definition.types {
        steps.take(1)?;
        let member = schema.get(member).ok_or_else(|| undefined_type(member))?;
        if member.kind() != Kind::Object {
            return Err(Problem::Invalid(format!(
                "`{}` is in the union `{}`, but it is no object type",
                member.name(),
                entry.name()
            )));
        }
    }
    for interface in &definition.interfaces {
        check_interface(schema, entry, interface, steps)?;
    }
    for value in &definition.enum_values {
        if matches!(value.name.as_str(), "true" | "false" | "null") {
            return Err(Problem::Invalid(format!(
                "the enum `{}` has the value `{}`, which means another thing",
                entry.name(),
                value.name
            )));
        }
        check_directives(schema, &value.directives, "ENUM_VALUE", steps)?;
    }
    check_counts(schema, entry)?;
    // Those of the extensions are among them, so that one may stand here more than once.
    for directive in &definition.directives {
        check_directive(schema, directive, entry.kind().location(), steps)?;
    }
    Ok(())
}

/// Nothing is there twice, and something is there.
fn check_counts(schema: &Schema, entry: &TypeEntry) -> Result<(), Problem> {
    let definition = &entry.definition;
    let members = schema.stand_ins(entry.name()).map_or(0, BTreeSet::len);
    let twice = entry.field_count() != definition.fields.len()
        || entry.values.len() != definition.enum_values.len()
        || entry.kind() == Kind::Union && members != definition.types.len();
    if twice {
        return Err(Problem::Invalid(format!(
            "the type `{}` has a field, value or member twice",
            entry.name()
        )));
    }
    let is_empty = match entry.kind() {
        Kind::Object | Kind::Interface | Kind::InputObject => definition.fields.is_empty(),
        Kind::Enum => definition.enum_values.is_empty(),
        Kind::Scalar | Kind::Union => false,
    };
    if is_empty {
        return Err(Problem::Invalid(format!(
            "the type `{}` is empty",
            entry.name()
        )));
    }
    Ok(())
}

fn check_field(
    schema: &Schema,
    entry: &TypeEntry,
    field: &FieldDefinition,
    steps: &Steps,
) -> Result<(), Problem> {
    steps.take(1)?;
    check_name(&field.name)?;
    let name = field.kind.name();
    let kind = schema.get(name).ok_or_else(|| undefined_type(name))?.kind();
    let is_input = entry.kind() == Kind::InputObject;
    let fits = match entry.kind() {
        Kind::InputObject => kind.is_input(),
        Kind::Object | Kind::Interface => kind != Kind::InputObject,
        _ => true,
    };
    if !fits {
        return Err(Problem::Invalid(format!(
            "the field `{}.{}` cannot be of the type `{name}`",
            entry.name(),
            field.name
        )));
    }
    check_arguments(schema, &field.arguments, steps)?;
    let location = if is_input {
        "INPUT_FIELD_DEFINITION"
    } else {
        "FIELD_DEFINITION"
    };
    check_directives(schema, &field.directives, location, steps)
}

fn check_arguments(
    schema: &Schema,
    arguments: &[ArgumentDefinition],
    steps: &Steps,
) -> Result<(), Problem> {
    for argument in arguments {
        steps.take(1)?;
        check_name(&argument.name)?;
        let name = argument.kind.name();
        let kind = schema.get(name).ok_or_else(|| undefined_type(name))?.kind();
        if !kind.is_input() {
            return Err(Problem::Invalid(format!(
                "the argument `{}` cannot be of the type `{name}`",
                argument.name
            )));
        }
        check_directives(schema, &argument.directives, "ARGUMENT_DEFINITION", steps)?;
    }
    Ok(())
}

/// Checks the directives at one place.
pub(super) fn check_directives(
    schema: &Schema,
    directives: &[Directive],
    location: &str,
    steps: &Steps,
) -> Result<(), Problem> {
    for (at, directive) in directives.iter().enumerate() {
        check_directive(schema, directive, location, steps)?;
        let known = schema.directives.get(&directive.name);
        steps.take(at)?;
        let before = directives.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.name == directive.name)
            && known.is_none_or(|known| !known.is_repeatable)
        {
            return Err(Problem::Invalid(format!(
                "the directive `@{}` stands twice at one place",
                directive.name
            )));
        }
    }
    Ok(())
}

fn check_directive(
    schema: &Schema,
    directive: &Directive,
    location: &str,
    steps: &Steps,
) -> Result<(), Problem> {
    check_name(&directive.name)?;
    let name = &directive.name;
    let Some(known) = schema.directives.get(name) else {
        return Err(Problem::Invalid(format!(
            "the directive `@{name}` is not defined"
        )));
    };
    if !known.locations.iter().any(|place| place == location) {
        return Err(Problem::Invalid(format!(
            "the directive `@{name}` cannot stand on {location}"
        )));
    }
    steps.take(1 + known.arguments.len() * (1 + directive.arguments.len()))?;
    for argument in &directive.arguments {
        if !known
            .arguments
            .iter()
            .any(|known| known.name == argument.name)
        {
            return Err(Problem::Invalid(format!(
                "the directive `@{name}` has no argument `{}`",
                argument.name
            )));
        }
    }
    for wanted in &known.arguments {
        let mut given = directive.arguments.iter();
        let given = given.find(|argument| argument.name == wanted.name);
        let is_null = given.is_none_or(|given| given.value.kind == ValueKind::Null);
        if wanted.kind.non_null && wanted.default_value.is_none() && is_null {
            return Err(Problem::Invalid(format!(
                "the directive `@{name}` needs the argument `{}`",
                wanted.name
            )));
        }
    }
    Ok(())
}

/// Whether a type has all that an interface promises (3.6, "Implements interface").
fn check_interface(
    schema: &Schema,
    entry: &TypeEntry,
    name: &str,
    steps: &Steps,
) -> Result<(), Problem> {
    let interface = schema.get(name).ok_or_else(|| undefined_type(name))?;
    let broken = |what: String| {
        let own = entry.name();
        Problem::Invalid(format!(
            "the type `{own}` does not implement `{name}`: {what}"
        ))
    };
    if interface.kind() != Kind::Interface {
        return Err(broken("that is no interface".to_owned()));
    }
    for wanted in &interface.definition.fields {
        steps.take(1)?;
        let field = entry.field(&wanted.name);
        let field = field.ok_or_else(|| broken(format!("it lacks the field `{}`", wanted.name)))?;
        if !is_covariant(schema, &wanted.kind, &field.kind) {
            return Err(broken(format!(
                "the field `{}` is not of the type `{}`",
                wanted.name,
                wanted.kind.written()
            )));
        }
        if let Some(argument) = unfit_argument(wanted, field, steps)? {
            return Err(broken(format!(
                "the argument `{argument}` of the field `{}` is another",
                wanted.name
            )));
        }
    }
    for further in &interface.definition.interfaces {
        steps.take(entry.definition.interfaces.len())?;
        if !entry.definition.interfaces.contains(further) {
            return Err(broken(format!(
                "it does not implement `{further}`, as that one does"
            )));
        }
    }
    Ok(())
}

/// An argument of an interface's field that the implementing field lacks or has with another type, or one that it needs in
/// addition.
fn unfit_argument<'f>(
    wanted: &'f FieldDefinition,
    field: &'f FieldDefinition,
    steps: &Steps,
) -> Result<Option<&'f str>, Problem> {
    steps.take(2 * wanted.arguments.len() * field.arguments.len())?;
    for argument in &wanted.arguments {
        let mut own = field.arguments.iter();
        let own = own.find(|own| own.name == argument.name);
        if !own.is_some_and(|own| argument.kind.fits(&own.kind)) {
            return Ok(Some(&argument.name));
        }
    }
    let mut own = field.arguments.iter();
    let further = own.find(|own| {
        own.kind.non_null
            && own.default_value.is_none()
            && !wanted.arguments.iter().any(|known| known.name == own.name)
    });
    Ok(further.map(|further| further.name.as_str()))
}

/// Whether a field of a type can stand for one of the wanted type.
fn is_covariant(schema: &Schema, wanted: &Type, found: &Type) -> bool {
    if wanted.non_null && !found.non_null {
        return false;
    }
    match (&wanted.elem, &found.elem) {
        (Some(wanted), Some(found)) => is_covariant(schema, wanted, found),
        (Some(_), None) => false,
        _ => {
            wanted.named == found.named
                || schema
                    .stand_ins(&wanted.named)
                    .is_some_and(|types| types.contains(&found.named))
        }
    }
}

/// No input object needs a value of itself (3.10, "Circular references").
fn check_circles(schema: &Schema) -> Result<(), Problem> {
    let mut needs = Needs::new();
    let inputs = schema.types.iter();
    for (name, entry) in inputs.filter(|(_, entry)| entry.kind() == Kind::InputObject) {
        let fields = entry.definition.fields.iter();
        let needed = fields.filter(|field| field.kind.non_null && field.kind.elem.is_none());
        needs.insert(name, needed.map(|field| field.kind.name()).collect());
    }
    match circles::order(&needs) {
        Ok(_) => Ok(()),
        Err(name) => Err(Problem::Invalid(format!(
            "a value of the input object `{name}` needs one of itself"
        ))),
    }
}

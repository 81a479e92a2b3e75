//! When operations are valid against a schema: the walk through them (GraphQL, October 2021, 5, as OPA's parser holds it).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Argument, Directive, Field, Fragment, Inline, Operation, OperationKind};
use super::ast::{QueryDocument, Selection, Spread, Type, Variable};
use super::definitions::{ArgumentDefinition, FieldDefinition};
use super::fragments;
use super::introspection;
use super::limits::{Problem, Steps};
use super::merging;
use super::schema::{self, Schema, TypeEntry};
use super::values;

/// What is asked about while a document is validated.
pub(super) struct Validation<'d> {
    pub(super) schema: &'d Schema,
    pub(super) document: &'d QueryDocument,
    pub(super) fragments: BTreeMap<&'d str, &'d Fragment>,
    pub(super) steps: &'d Steps,
    /// The field that every type has.
    type_name: &'d FieldDefinition,
}

const TYPE_NAME: &str = "__typename";

/// The operation, or the fragment apart from any, that the walk is in.
pub(super) struct Scope<'d> {
    operation: Option<&'d Operation>,
    variables: BTreeMap<&'d str, &'d Variable>,
    used: RefCell<BTreeSet<&'d str>>,
    /// Fragments that were walked through.
    spread: RefCell<BTreeSet<&'d str>>,
}

/// Checks all of a document.
pub(super) fn check(
    schema: &Schema,
    document: &QueryDocument,
    steps: &Steps,
) -> Result<(), Problem> {
    let type_name = schema::nullable_field(TYPE_NAME, "String");
    let validation = Validation {
        schema,
        document,
        fragments: fragments::by_name(document)?,
        steps,
        type_name: &type_name,
    };
    fragments::check(&validation)?;
    let mut names = BTreeSet::new();
    let mut spread = BTreeSet::new();
    for operation in &document.operations {
        if !names.insert(&operation.name) {
            return Err(Problem::Invalid(format!(
                "two operations have the name `{}`",
                operation.name
            )));
        }
        spread.extend(validation.operation(operation)?);
    }
    for fragment in &document.fragments {
        if !spread.contains(fragment.name.as_str()) {
            return Err(Problem::Invalid(format!(
                "the fragment `{}` is never used",
                fragment.name
            )));
        }
        validation.fragment(fragment)?;
    }
    Ok(())
}

impl<'d> Validation<'d> {
    /// Checks an operation and says which fragments it spreads.
    fn operation(&self, operation: &'d Operation) -> Result<BTreeSet<&'d str>, Problem> {
        if operation.name.is_empty() && self.document.operations.len() > 1 {
            return Err(Problem::invalid(
                "an operation without a name is not the only one",
            ));
        }
        let location = match operation.kind {
            OperationKind::Query => "QUERY",
            OperationKind::Mutation => "MUTATION",
            OperationKind::Subscription => "SUBSCRIPTION",
        };
        let root = self.schema.root(operation.kind).ok_or_else(|| {
            Problem::Invalid(format!("the schema has no root type for a {location}"))
        })?;
        let mut scope = Scope {
            operation: Some(operation),
            variables: BTreeMap::new(),
            used: RefCell::default(),
            spread: RefCell::default(),
        };
        for variable in &operation.variable_definitions {
            if scope.variables.insert(&variable.name, variable).is_some() {
                return Err(Problem::Invalid(format!(
                    "two variables have the name `${}`",
                    variable.name
                )));
            }
        }
        for variable in &operation.variable_definitions {
            self.variable(&scope, variable)?;
        }
        self.directives(&scope, &operation.directives, location)?;
        self.selections(&scope, root, &operation.selection_set)?;
        let used = scope.used.borrow();
        if let Some(unused) = scope.variables.keys().find(|name| !used.contains(**name)) {
            return Err(Problem::Invalid(format!(
                "the variable `${unused}` is never used"
            )));
        }
        drop(used);
        if operation.kind == OperationKind::Subscription {
            introspection::check_subscription(self, operation)?;
        }
        merging::check(self, root, &operation.selection_set)?;
        Ok(scope.spread.into_inner())
    }

    fn variable(&self, scope: &Scope<'d>, variable: &'d Variable) -> Result<(), Problem> {
        let (name, kind) = (&variable.name, variable.kind.name());
        let entry = self.schema.get(kind);
        if !entry.is_some_and(|entry| entry.kind().is_input()) {
            return Err(Problem::Invalid(format!(
                "the variable `${name}` cannot be of the type `{kind}`"
            )));
        }
        if let Some(default) = &variable.default_value {
            let place = values::Place {
                kind: &variable.kind,
                entry,
                has_default: false,
            };
            values::check(self, scope, default, Some(place))?;
        }
        self.directives(scope, &variable.directives, "VARIABLE_DEFINITION")
    }

    /// Checks a fragment apart from the operations that use it.
    fn fragment(&self, fragment: &'d Fragment) -> Result<(), Problem> {
        let entry = self.composite(&fragment.type_condition)?;
        let scope = Scope {
            operation: None,
            variables: BTreeMap::new(),
            used: RefCell::default(),
            spread: RefCell::default(),
        };
        self.directives(&scope, &fragment.directives, "FRAGMENT_DEFINITION")?;
        self.selections(&scope, entry, &fragment.selection_set)
    }

    /// The type that a fragment is for.
    pub(super) fn composite(&self, name: &str) -> Result<&'d TypeEntry, Problem> {
        let entry = self.schema.get(name);
        entry
            .filter(|entry| entry.kind().is_composite())
            .ok_or_else(|| {
                Problem::Invalid(format!(
                    "a fragment is for `{name}`, which has no fields to select"
                ))
            })
    }

    fn selections(
        &self,
        scope: &Scope<'d>,
        parent: &'d TypeEntry,
        selections: &'d [Selection],
    ) -> Result<(), Problem> {
        for selection in selections {
            self.steps.take(1)?;
            match selection {
                Selection::Field(field) => self.field(scope, parent, field)?,
                Selection::Inline(inline) => self.inline(scope, parent, inline)?,
                Selection::Spread(spread) => self.spread(scope, parent, spread)?,
            }
        }
        Ok(())
    }

    fn field(
        &self,
        scope: &Scope<'d>,
        parent: &'d TypeEntry,
        field: &'d Field,
    ) -> Result<(), Problem> {
        let name = &field.name;
        let known = self.field_type(parent, name).ok_or_else(|| {
            Problem::Invalid(format!(
                "the type `{}` has no field `{name}`",
                parent.name()
            ))
        })?;
        let kind = known.kind.name();
        self.arguments(scope, &field.arguments, &known.arguments, name)?;
        self.directives(scope, &field.directives, "FIELD")?;
        let entry = self.schema.get(kind);
        let is_leaf = entry.is_some_and(|entry| entry.kind().is_leaf());
        if is_leaf != field.selection_set.is_empty() {
            let what = if is_leaf { "cannot" } else { "must" };
            return Err(Problem::Invalid(format!(
                "the field `{name}` of the type `{kind}` {what} have a selection"
            )));
        }
        if let Some(entry) = entry.filter(|_| !is_leaf) {
            self.selections(scope, entry, &field.selection_set)?;
        }
        introspection::check_depth(self, field)
    }

    /// A field's definition; every type has `__typename`.
    pub(super) fn field_type(
        &self,
        parent: &'d TypeEntry,
        name: &str,
    ) -> Option<&'d FieldDefinition> {
        if name == TYPE_NAME {
            return Some(self.type_name);
        }
        parent.field(name)
    }

    fn inline(
        &self,
        scope: &Scope<'d>,
        parent: &'d TypeEntry,
        inline: &'d Inline,
    ) -> Result<(), Problem> {
        let mut entry = parent;
        if !inline.type_condition.is_empty() {
            entry = self.composite(&inline.type_condition)?;
            fragments::check_possible(self, parent, entry)?;
        }
        self.directives(scope, &inline.directives, "INLINE_FRAGMENT")?;
        self.selections(scope, entry, &inline.selection_set)
    }

    fn spread(
        &self,
        scope: &Scope<'d>,
        parent: &'d TypeEntry,
        spread: &'d Spread,
    ) -> Result<(), Problem> {
        let fragment = fragments::find(self, &spread.name)?;
        let entry = self.composite(&fragment.type_condition)?;
        self.directives(scope, &spread.directives, "FRAGMENT_SPREAD")?;
        fragments::check_possible(self, parent, entry)?;
        // Apart from an operation, each fragment is walked through on its own.
        if !scope.spread.borrow_mut().insert(&fragment.name) || scope.operation.is_none() {
            return Ok(());
        }
        self.directives(scope, &fragment.directives, "FRAGMENT_DEFINITION")?;
        self.selections(scope, entry, &fragment.selection_set)
    }

    fn directives(
        &self,
        scope: &Scope<'d>,
        directives: &'d [Directive],
        location: &str,
    ) -> Result<(), Problem> {
        let mut seen = BTreeSet::new();
        for directive in directives {
            let name = &directive.name;
            let Some(known) = self.schema.directives.get(name) else {
                return Err(Problem::Invalid(format!(
                    "the directive `@{name}` is not defined"
                )));
            };
            if !known.locations.iter().any(|place| place == location) {
                return Err(Problem::Invalid(format!(
                    "the directive `@{name}` cannot stand on {location}"
                )));
            }
            if !seen.insert(name) && !known.is_repeatable {
                return Err(Problem::Invalid(format!(
                    "the directive `@{name}` stands twice at one place"
                )));
            }
            self.arguments(scope, &directive.arguments, &known.arguments, name)?;
        }
        Ok(())
    }

    fn arguments(
        &self,
        scope: &Scope<'d>,
        given: &'d [Argument],
        known: &'d [ArgumentDefinition],
        of: &str,
    ) -> Result<(), Problem> {
        self.steps
            .take(1 + given.len() * known.len() + known.len())?;
        let mut seen = BTreeSet::new();
        for argument in given {
            let name = &argument.name;
            let definition = known
                .iter()
                .find(|known| known.name == *name)
                .ok_or_else(|| Problem::Invalid(format!("`{of}` has no argument `{name}`")))?;
            if !seen.insert(name) {
                return Err(Problem::Invalid(format!(
                    "`{of}` has the argument `{name}` twice"
                )));
            }
            let place = values::Place::new(
                self.schema,
                &definition.kind,
                definition.default_value.as_ref(),
            );
            values::check(self, scope, &argument.value, Some(place))?;
        }
        let mut needed = known.iter();
        let missing = needed.find(|known| {
            known.kind.non_null && known.default_value.is_none() && !seen.contains(&known.name)
        });
        match missing {
            None => Ok(()),
            Some(missing) => Err(Problem::Invalid(format!(
                "`{of}` needs the argument `{}` of the type `{}`",
                missing.name,
                missing.kind.written()
            ))),
        }
    }
}

impl<'d> Scope<'d> {
    /// The definition of a variable, which counts as used; none in a fragment apart from an operation.
    pub(super) fn variable(&self, name: &str) -> Result<Option<&'d Variable>, Problem> {
        let Some(operation) = self.operation else {
            return Ok(None);
        };
        let known = self.variables.get(name).copied().ok_or_else(|| {
            let operation = &operation.name;
            Problem::Invalid(format!(
                "the operation `{operation}` has no variable `${name}`"
            ))
        })?;
        self.used.borrow_mut().insert(&known.name);
        Ok(Some(known))
    }
}

/// The type of what stands at a place, as a place that wants it sees it.
pub(super) fn wanted_without_null(kind: &Type, is_filled: bool) -> Type {
    Type {
        non_null: kind.non_null && !is_filled,
        ..kind.clone()
    }
}

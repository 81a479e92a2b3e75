//! A schema: the types and directives of a document and of GraphQL itself, with the extensions put in their places.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{OperationKind, Type};
use super::definitions::{ArgumentDefinition, Definition, DirectiveDefinition};
use super::definitions::{FieldDefinition, Kind, Roots, SchemaDocument};
use super::limits::{Problem, Steps};
use super::schema_rules;
use super::schema_text;

/// What every schema has (GraphQL, October 2021, 3.5, 3.13 and 4.2), with what OPA's parser adds: `@defer`, `@oneOf`.
const BUILT_IN: &str = "
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = \"No longer supported\")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives: [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String
  isDeprecated: Boolean! deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean = false): [__InputValue!]!
}
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA
  SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT
  INPUT_FIELD_DEFINITION
}";

/// Directives of GraphQL itself, which a document may define once more.
const BUILT_IN_DIRECTIVES: [&str; 6] = [
    "include",
    "skip",
    "deprecated",
    "specifiedBy",
    "defer",
    "oneOf",
];

/// A type with its fields and values by name.
#[derive(Debug)]
pub(super) struct TypeEntry {
    pub(super) definition: Definition,
    /// Where each field stands, the first of a name.
    fields: BTreeMap<String, usize>,
    pub(super) values: BTreeSet<String>,
}

impl TypeEntry {
    fn new(definition: Definition) -> Self {
        let mut fields = BTreeMap::new();
        for (at, field) in definition.fields.iter().enumerate() {
            fields.entry(field.name.clone()).or_insert(at);
        }
        let values = definition.enum_values.iter();
        Self {
            values: values.map(|value| value.name.clone()).collect(),
            fields,
            definition,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.definition.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.definition.kind
    }

    /// How many names its fields have.
    pub(super) fn field_count(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn field(&self, name: &str) -> Option<&FieldDefinition> {
        self.definition.fields.get(*self.fields.get(name)?)
    }
}

#[derive(Debug)]
pub(super) struct Schema {
    pub(super) types: BTreeMap<String, TypeEntry>,
    pub(super) directives: BTreeMap<String, DirectiveDefinition>,
    /// The types that stand for a type: itself, an interface's implementers, a union's members.
    stand_ins: BTreeMap<String, BTreeSet<String>>,
    roots: BTreeMap<OperationKind, String>,
}

impl Schema {
    /// The schema of a document, if it is valid.
    pub(super) fn new(document: SchemaDocument, steps: &Steps) -> Result<Self, Problem> {
        let mut whole = schema_text::read(BUILT_IN)?;
        for definition in &mut whole.definitions {
            definition.built_in = true;
        }
        whole.definitions.extend(document.definitions);
        whole.directives.extend(document.directives);
        let types = types(whole.definitions, document.extensions)?;
        let stand_ins = stand_ins(&types);
        let mut schema = Self {
            types: types
                .into_iter()
                .map(|(name, found)| (name, TypeEntry::new(found)))
                .collect(),
            directives: directives(whole.directives)?,
            stand_ins,
            roots: BTreeMap::new(),
        };
        if document.schema.len() > 1 {
            return Err(Problem::invalid("the schema's root types are said twice"));
        }
        for roots in document.schema.iter().chain(&document.schema_extension) {
            schema.add_roots(roots, steps)?;
        }
        schema_rules::check(&schema, steps)?;
        schema.finish(document.schema.is_empty());
        Ok(schema)
    }

    fn add_roots(&mut self, roots: &Roots, steps: &Steps) -> Result<(), Problem> {
        for root in &roots.operation_types {
            if !self.types.contains_key(&root.answers) {
                return Err(undefined_type(&root.answers));
            }
            self.roots.insert(root.operation, root.answers.clone());
        }
        schema_rules::check_directives(self, &roots.directives, "SCHEMA", steps)
    }

    /// Names the root types that the document leaves to their usual names, and gives queries the fields that ask about the
    /// schema.
    fn finish(&mut self, usual_names: bool) {
        for (kind, name) in [
            (OperationKind::Query, "Query"),
            (OperationKind::Mutation, "Mutation"),
            (OperationKind::Subscription, "Subscription"),
        ] {
            if usual_names && self.types.contains_key(name) {
                self.roots.entry(kind).or_insert_with(|| name.to_owned());
            }
        }
        let query = self.roots.get(&OperationKind::Query);
        if let Some(entry) = query.and_then(|name| self.types.remove(name)) {
            let mut definition = entry.definition;
            let mut whole = nullable_field("__schema", "__Schema");
            whole.kind.non_null = true;
            definition.fields.push(whole);
            let mut by_name = nullable_field("__type", "__Type");
            by_name.arguments.push(ArgumentDefinition {
                name: "name".to_owned(),
                kind: named("String", true),
                ..ArgumentDefinition::default()
            });
            definition.fields.push(by_name);
            self.types
                .insert(definition.name.clone(), TypeEntry::new(definition));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&TypeEntry> {
        self.types.get(name)
    }

    /// The type that answers an operation.
    pub(super) fn root(&self, kind: OperationKind) -> Option<&TypeEntry> {
        self.get(self.roots.get(&kind)?)
    }

    /// The types whose values can be values of this one.
    pub(super) fn stand_ins(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.stand_ins.get(name)
    }
}

pub(super) fn undefined_type(name: &str) -> Problem {
    Problem::Invalid(format!("the type `{name}` is not defined"))
}

fn named(name: &str, non_null: bool) -> Type {
    Type {
        named: name.to_owned(),
        elem: None,
        non_null,
    }
}

/// A field without arguments.
pub(super) fn nullable_field(name: &str, kind: &str) -> FieldDefinition {
    FieldDefinition {
        name: name.to_owned(),
        kind: named(kind, false),
        ..FieldDefinition::default()
    }
}

/// The types by name, each with its extensions. An extension without a type is the type.
fn types(
    definitions: Vec<Definition>,
    extensions: Vec<Definition>,
) -> Result<BTreeMap<String, Definition>, Problem> {
    let mut types = BTreeMap::new();
    for definition in definitions {
        let name = definition.name.clone();
        if types.insert(name.clone(), definition).is_some() {
            return Err(Problem::Invalid(format!(
                "the type `{name}` is defined twice"
            )));
        }
    }
    for extension in extensions {
        let known = types
            .entry(extension.name.clone())
            .or_insert_with(|| Definition::new(extension.kind, extension.name.clone()));
        if known.kind != extension.kind {
            return Err(Problem::Invalid(format!(
                "the type `{}` is extended as another kind than it is",
                extension.name
            )));
        }
        known.directives.extend(extension.directives);
        known.interfaces.extend(extension.interfaces);
        known.fields.extend(extension.fields);
        known.types.extend(extension.types);
        known.enum_values.extend(extension.enum_values);
    }
    Ok(types)
}

fn stand_ins(types: &BTreeMap<String, Definition>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |name: &str, stand_in: &str| {
        found
            .entry(name.to_owned())
            .or_default()
            .insert(stand_in.to_owned());
    };
    for (name, definition) in types {
        for interface in &definition.interfaces {
            add(interface, name);
        }
        if definition.kind == Kind::Union {
            for member in &definition.types {
                add(name, member);
            }
        }
        if matches!(definition.kind, Kind::Object | Kind::InputObject) {
            add(name, name);
        }
    }
    found
}

fn directives(
    definitions: Vec<DirectiveDefinition>,
) -> Result<BTreeMap<String, DirectiveDefinition>, Problem> {
    let mut directives: BTreeMap<String, DirectiveDefinition> = BTreeMap::new();
    for definition in definitions {
        let name = definition.name.clone();
        let known = directives.contains_key(&name);
        if known && !BUILT_IN_DIRECTIVES.contains(&name.as_str()) {
            return Err(Problem::Invalid(format!(
                "the directive `@{name}` is defined twice"
            )));
        }
        directives.insert(name, definition);
    }
    Ok(directives)
}

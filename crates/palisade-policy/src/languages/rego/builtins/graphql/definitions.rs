//! Schemas of GraphQL, with the names that policies see them under.

use serde::{Deserialize, Serialize};

use super::ast::{Directive, OperationKind, Type, Value};

/// A document of definitions and extensions.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SchemaDocument {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) schema: Vec<Roots>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) schema_extension: Vec<Roots>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<DirectiveDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) definitions: Vec<Definition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) extensions: Vec<Definition>,
}

/// A schema's root types.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Roots {
    pub(super) description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) operation_types: Vec<Root>,
}

/// The type that answers a kind of operation.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Root {
    pub(super) operation: OperationKind,
    #[serde(rename = "Type")]
    pub(super) answers: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
}

impl Kind {
    /// Its place as a directive's definition names it.
    pub(super) fn location(self) -> &'static str {
        match self {
            Self::Scalar => "SCALAR",
            Self::Object => "OBJECT",
            Self::Interface => "INTERFACE",
            Self::Union => "UNION",
            Self::Enum => "ENUM",
            Self::InputObject => "INPUT_OBJECT",
        }
    }

    /// Whether values of it have no fields to select.
    pub(super) fn is_leaf(self) -> bool {
        matches!(self, Self::Scalar | Self::Enum)
    }

    /// Whether a fragment can stand on it.
    pub(super) fn is_composite(self) -> bool {
        matches!(self, Self::Object | Self::Interface | Self::Union)
    }

    /// Whether arguments can be of it.
    pub(super) fn is_input(self) -> bool {
        matches!(self, Self::Scalar | Self::Enum | Self::InputObject)
    }
}

/// A type, or an extension of one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Definition {
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) interfaces: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<FieldDefinition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) types: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) enum_values: Vec<EnumValue>,
    #[serde(default)]
    pub(super) built_in: bool,
}

impl Definition {
    pub(super) fn new(kind: Kind, name: String) -> Self {
        Self {
            kind,
            description: String::new(),
            name,
            directives: Vec::new(),
            interfaces: Vec::new(),
            fields: Vec::new(),
            types: Vec::new(),
            enum_values: Vec::new(),
            built_in: false,
        }
    }
}

/// A field of an object, an interface or an input object.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FieldDefinition {
    pub(super) description: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) arguments: Vec<ArgumentDefinition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<Value>,
    #[serde(rename = "Type")]
    pub(super) kind: Type,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ArgumentDefinition {
    pub(super) description: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<Value>,
    #[serde(rename = "Type")]
    pub(super) kind: Type,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EnumValue {
    pub(super) description: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DirectiveDefinition {
    pub(super) description: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) arguments: Vec<ArgumentDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) locations: Vec<String>,
    pub(super) is_repeatable: bool,
}

/// Where a directive can stand (GraphQL, October 2021, 3.13).
pub(super) const LOCATIONS: [&str; 19] = [
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
];

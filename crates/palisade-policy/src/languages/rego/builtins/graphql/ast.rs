//! Documents of GraphQL, with the names that policies see them under: those of OPA's parser.
//!
//! Fields that a policy may leave out of an object are empty; fields that hold nothing are left out of what a policy gets.

use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A document of operations and fragments.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct QueryDocument {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) operations: Vec<Operation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fragments: Vec<Fragment>,
}

/// What an operation does; a root type of the schema answers each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OperationKind {
    #[default]
    #[serde(alias = "")]
    Query,
    Mutation,
    Subscription,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Operation {
    #[serde(rename = "Operation")]
    pub(super) kind: OperationKind,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) variable_definitions: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) selection_set: Vec<Selection>,
}

/// The definition of a variable.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Variable {
    #[serde(rename = "Variable")]
    pub(super) name: String,
    #[serde(rename = "Type")]
    pub(super) kind: Type,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    used: bool,
}

impl Variable {
    pub(super) fn new(
        name: String,
        kind: Type,
        default_value: Option<Value>,
        directives: Vec<Directive>,
    ) -> Self {
        Self {
            name,
            kind,
            default_value,
            directives,
            used: false,
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Fragment {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) variable_definition: Vec<Variable>,
    pub(super) type_condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) selection_set: Vec<Selection>,
}

/// What an operation or fragment selects.
#[derive(Debug, Deserialize)]
#[serde(from = "Written")]
pub(super) enum Selection {
    Field(Field),
    Spread(Spread),
    Inline(Inline),
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Field {
    pub(super) alias: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) arguments: Vec<Argument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) selection_set: Vec<Selection>,
}

impl Field {
    /// The name under which the answer holds it.
    pub(super) fn response_name(&self) -> &str {
        if self.alias.is_empty() {
            &self.name
        } else {
            &self.alias
        }
    }
}

/// A place where a fragment's fields stand.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Spread {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
}

/// A fragment that is written where it stands.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inline {
    pub(super) type_condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) selection_set: Vec<Selection>,
}

impl Serialize for Selection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Field(field) => field.serialize(serializer),
            Self::Spread(spread) => spread.serialize(serializer),
            Self::Inline(inline) => inline.serialize(serializer),
        }
    }
}

/// A selection as an object has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Written {
    alias: Option<String>,
    name: Option<String>,
    type_condition: String,
    arguments: Vec<Argument>,
    directives: Vec<Directive>,
    selection_set: Vec<Selection>,
}

/// Which of the three it is, its names say: a spread has a name only, an inline fragment has none.
impl From<Written> for Selection {
    fn from(written: Written) -> Self {
        let Written {
            alias,
            name,
            type_condition,
            arguments,
            directives,
            selection_set,
        } = written;
        let Some(name) = name else {
            return Self::Inline(Inline {
                type_condition,
                directives,
                selection_set,
            });
        };
        if alias.is_none() && arguments.is_empty() && selection_set.is_empty() {
            return Self::Spread(Spread { name, directives });
        }
        Self::Field(Field {
            alias: alias.unwrap_or_default(),
            name,
            arguments,
            directives,
            selection_set,
        })
    }
}

/// A named value that is given to a field or directive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Argument {
    #[serde(default)]
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Directive {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) arguments: Vec<Argument>,
    location: String,
}

impl Directive {
    pub(super) fn new(name: String, arguments: Vec<Argument>) -> Self {
        Self {
            name,
            arguments,
            location: String::new(),
        }
    }
}

/// What a value is written as; policies see the number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub(super) enum ValueKind {
    #[default]
    Variable,
    Int,
    Float,
    Text,
    Block,
    Boolean,
    Null,
    Enum,
    List,
    Object,
}

impl ValueKind {
    /// In the order of their numbers.
    const ALL: [Self; 10] = [
        Self::Variable,
        Self::Int,
        Self::Float,
        Self::Text,
        Self::Block,
        Self::Boolean,
        Self::Null,
        Self::Enum,
        Self::List,
        Self::Object,
    ];
}

impl TryFrom<u8> for ValueKind {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        let kind = Self::ALL.get(usize::from(number)).copied();
        kind.ok_or_else(|| format!("no kind of value has the number {number}"))
    }
}

impl From<ValueKind> for u8 {
    fn from(kind: ValueKind) -> Self {
        kind as Self
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Value {
    /// The text, without quotes and with its escapes read; empty for lists and objects.
    pub(super) raw: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) children: Vec<Child>,
    pub(super) kind: ValueKind,
    expected_type_has_default: bool,
}

impl Value {
    pub(super) fn scalar(kind: ValueKind, raw: String) -> Self {
        Self {
            raw,
            kind,
            ..Self::default()
        }
    }

    pub(super) fn composite(kind: ValueKind, children: Vec<Child>) -> Self {
        Self {
            children,
            kind,
            ..Self::default()
        }
    }
}

/// A value in a list (without a name) or object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Child {
    #[serde(default)]
    pub(super) name: String,
    pub(super) value: Value,
}

/// A named type, or a list of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Type {
    /// Empty for a list.
    #[serde(rename = "NamedType")]
    pub(super) named: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) elem: Option<Box<Self>>,
    pub(super) non_null: bool,
}

impl Type {
    /// The type at the bottom of all lists.
    pub(super) fn name(&self) -> &str {
        match &self.elem {
            Some(inner) if self.named.is_empty() => inner.name(),
            _ => &self.named,
        }
    }

    /// As GraphQL writes it.
    pub(super) fn written(&self) -> String {
        let bang = if self.non_null { "!" } else { "" };
        match &self.elem {
            Some(inner) if self.named.is_empty() => format!("[{}]{bang}", inner.written()),
            _ => format!("{}{bang}", self.named),
        }
    }

    /// Whether a value of this type fits where the other is wanted.
    pub(super) fn fits(&self, wanted: &Self) -> bool {
        let inner = match (&self.elem, &wanted.elem) {
            (Some(inner), Some(wanted)) => inner.fits(wanted),
            (Some(_), None) => false,
            _ => true,
        };
        inner && self.named == wanted.named && (self.non_null || !wanted.non_null)
    }
}

//! Labels and the selectors over them, with Kubernetes semantics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::by_name::ByName;

/// Labels of an object.
pub type Labels = ByName<String>;

/// How a [`Requirement`] compares a label.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Operator {
    /// The label is there and its value is one of the list.
    In,
    /// The label is absent or its value is none of the list.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// One condition on one label.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with; empty for the two that ask for presence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl Requirement {
    /// Whether these labels meet the condition.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// A conjunction of requirements; the empty one matches everything. `matchLabels` are kept as
/// `In` requirements with one value.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// All of them must hold; sorted, so that equal selectors compare equal.
    pub requirements: Vec<Requirement>,
}

impl Selector {
    /// A selector from its requirements, in canonical order.
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort();
        requirements.dedup();
        Self { requirements }
    }

    /// The selector that matches everything.
    pub const fn everything() -> Self {
        Self {
            requirements: Vec::new(),
        }
    }

    /// A selector from `matchLabels`.
    pub fn from_labels(labels: &Labels) -> Self {
        let requirement = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![value.clone()],
        };
        Self::new(labels.iter().map(requirement).collect())
    }

    /// Whether every requirement holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.matches(labels))
    }

    /// Whether it matches everything.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.requirements.is_empty() {
            return formatter.write_str("everything");
        }
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            let Requirement {
                key,
                operator,
                values,
            } = requirement;
            match (operator, values.as_slice()) {
                (Operator::In, [one]) => write!(formatter, "{key}={one}")?,
                (Operator::In, many) => write!(formatter, "{key} in ({})", many.join(","))?,
                (Operator::NotIn, many) => write!(formatter, "{key} notin ({})", many.join(","))?,
                (Operator::Exists, _) => write!(formatter, "{key}")?,
                (Operator::DoesNotExist, _) => write!(formatter, "!{key}")?,
            }
        }
        Ok(())
    }
}

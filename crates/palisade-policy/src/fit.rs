//! Whether something is meant, where a fact that decides may be missing; and label selectors on a
//! namespace whose labels may be unknown.

use crate::datum::{Datum, to_json};

/// The label that every namespace has: its own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Whether something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It is not.
    No,
    /// It hangs on a fact that nobody supplied.
    Unknown,
    /// It is.
    Yes,
}

impl From<bool> for Fit {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Fit {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl Fit {
    /// Whether all of several hold; nothing decides against none.
    pub(crate) fn all(fits: impl IntoIterator<Item = Self>) -> Self {
        let mut least = Self::Yes;
        for fit in fits {
            least = least.min(fit);
            if least == Self::No {
                break;
            }
        }
        least
    }

    /// Whether one of several holds.
    pub(crate) fn any(fits: impl IntoIterator<Item = Self>) -> Self {
        let mut most = Self::No;
        for fit in fits {
            most = most.max(fit);
            if most == Self::Yes {
                break;
            }
        }
        most
    }
}

/// What is known of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    Absent,
    Unknown,
    Present(String),
}

/// The labels of a namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamespaceLabels<'a> {
    /// The namespace; empty for what is in none, which has no labels.
    pub(crate) name: &'a str,
    /// Its labels as they are declared; `None` if nobody supplied the namespace.
    pub(crate) declared: Option<Datum<'a>>,
}

impl NamespaceLabels<'_> {
    /// What is known of a label.
    pub(crate) fn get(self, key: &str) -> Label {
        if self.name.is_empty() {
            return Label::Absent;
        }
        if key == NAME_LABEL {
            return Label::Present(self.name.to_owned());
        }
        let Some(declared) = self.declared else {
            return Label::Unknown;
        };
        let found = declared.get(key).map(text_of);
        found.map_or(Label::Absent, Label::Present)
    }

    /// Whether a label that is meant by its key (as a selector writes it) and value is there.
    pub(crate) fn has(self, key: &str, is_meant: impl Fn(&str, &str) -> bool) -> Fit {
        if self.name.is_empty() {
            return Fit::No;
        }
        if is_meant(NAME_LABEL, self.name) {
            return Fit::Yes;
        }
        if key == NAME_LABEL {
            return Fit::No;
        }
        let Some(declared) = self.declared else {
            return Fit::Unknown;
        };
        let mut entries = declared.entries();
        let found = entries.any(|(key, value)| is_meant(key, &text_of(value)));
        found.into()
    }

    /// Whether one requirement of a selector holds, by its operator's word; an operator that is
    /// not known fits nothing.
    pub(crate) fn meets(self, key: &str, operator: &str, values: &[String]) -> Fit {
        let label = self.get(key);
        let listed = |present: &String| values.contains(present);
        let fits = match (operator, &label) {
            ("In" | "NotIn" | "Exists" | "DoesNotExist", Label::Unknown) => return Fit::Unknown,
            ("In", Label::Present(present)) => listed(present),
            ("NotIn", Label::Present(present)) => !listed(present),
            ("NotIn" | "DoesNotExist", Label::Absent) | ("Exists", Label::Present(_)) => true,
            _ => false,
        };
        fits.into()
    }

    /// The fact that a selector asked for in vain, and how it is supplied.
    pub(crate) fn lacking(self) -> (String, String) {
        let fact = format!("the namespace `{}`", self.name);
        let sentence = format!(
            "a selector asks for labels of {fact}, which is not among the known objects; supply its manifest (`--objects`)"
        );
        (fact, sentence)
    }
}

fn text_of(value: Datum<'_>) -> String {
    match value.as_text() {
        Some(text) => text.to_owned(),
        None => to_json(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_decides_only_where_nothing_else_does() {
        use Fit::{No, Unknown, Yes};
        assert_eq!(Fit::all([Yes, Unknown]), Unknown);
        assert_eq!(Fit::all([Unknown, No]), No);
        assert_eq!(Fit::all([]), Yes);
        assert_eq!(Fit::any([No, Unknown]), Unknown);
        assert_eq!(Fit::any([Unknown, Yes]), Yes);
        assert_eq!(!Unknown, Unknown);
    }

    #[test]
    fn the_name_of_a_namespace_is_always_known() {
        let labels = NamespaceLabels {
            name: "shop",
            declared: None,
        };
        let meets = |key, operator| labels.meets(key, operator, &["shop".to_owned()]);
        assert_eq!(meets(NAME_LABEL, "In"), Fit::Yes);
        assert_eq!(meets(NAME_LABEL, "NotIn"), Fit::No);
        assert_eq!(meets(NAME_LABEL, "DoesNotExist"), Fit::No);
        assert_eq!(meets("team", "In"), Fit::Unknown);
        assert_eq!(meets("team", "Like"), Fit::No);
        assert_eq!(labels.has("te*", |key, _| key == "team"), Fit::Unknown);
        let outside = NamespaceLabels {
            name: "",
            declared: None,
        };
        assert_eq!(outside.meets("team", "Exists", &[]), Fit::No);
    }
}

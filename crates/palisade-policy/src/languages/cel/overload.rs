//! Functions as data: name, style, types of the arguments, and a plain function.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::fault::Fault;
use super::library;
use super::machine::Machine;
use super::value::Val;

/// The type of an argument, as far as it selects an overload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    /// An int, a uint or a double.
    Number,
    Text,
    Bytes,
    Duration,
    Timestamp,
    List,
    Map,
    Optional,
    /// A library's type, by its name.
    Named(&'static str),
}

impl Type {
    fn takes(self, value: Val<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Bool => matches!(value, Val::Bool(_)),
            Self::Int => matches!(value, Val::Int(_)),
            Self::Uint => matches!(value, Val::Uint(_)),
            Self::Double => matches!(value, Val::Double(_)),
            Self::Number => matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_)),
            Self::Text => matches!(value, Val::Text(_)),
            Self::Bytes => matches!(value, Val::Bytes(_)),
            Self::Duration => matches!(value, Val::Duration(_)),
            Self::Timestamp => matches!(value, Val::Timestamp(_)),
            Self::List => value.is_list(),
            Self::Map => value.is_map(),
            Self::Optional => matches!(value, Val::Optional(_)),
            Self::Named(name) => matches!(value, Val::Foreign(_)) && value.type_name() == name,
        }
    }
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Member,
}

/// Which sets of functions an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Dialect {
    /// The language and the extensions of its reference implementation.
    Standard,
    /// Besides, what Kubernetes' API server offers.
    #[default]
    Kubernetes,
    /// Besides, what Kyverno offers.
    Kyverno,
}

/// What a function computes from its arguments (for a member, the receiver first).
pub(super) type Run = for<'v> fn(&Machine<'v>, &[Val<'v>]) -> Result<Val<'v>, Fault>;

/// One function for one list of argument types.
pub(super) struct Overload {
    pub(super) name: &'static str,
    pub(super) style: Style,
    pub(super) takes: &'static [Type],
    pub(super) run: Run,
}

impl Overload {
    pub(super) const fn global(name: &'static str, takes: &'static [Type], run: Run) -> Self {
        Self {
            name,
            style: Style::Global,
            takes,
            run,
        }
    }

    pub(super) const fn member(name: &'static str, takes: &'static [Type], run: Run) -> Self {
        Self {
            name,
            style: Style::Member,
            takes,
            run,
        }
    }

    pub(super) fn accepts(&self, arguments: &[Val<'_>]) -> bool {
        self.takes.len() == arguments.len()
            && self
                .takes
                .iter()
                .zip(arguments)
                .all(|(wanted, value)| wanted.takes(*value))
    }
}

impl std::fmt::Debug for Overload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.name, self.takes.len())
    }
}

/// All overloads of one function name, style and arity.
struct Family {
    key: (&'static str, Style, usize),
    overloads: Vec<&'static Overload>,
}

/// The overloads of a function in a dialect; empty if it has none of this arity.
pub(super) fn find(
    dialect: Dialect,
    name: &str,
    style: Style,
    arity: usize,
) -> &'static [&'static Overload] {
    static TABLES: OnceLock<[Vec<Family>; 3]> = OnceLock::new();
    let [standard, kubernetes, kyverno] = TABLES
        .get_or_init(|| [Dialect::Standard, Dialect::Kubernetes, Dialect::Kyverno].map(families));
    let families = match dialect {
        Dialect::Standard => standard,
        Dialect::Kubernetes => kubernetes,
        Dialect::Kyverno => kyverno,
    };
    let wanted = (name, style, arity);
    families
        .binary_search_by(|family| family.key.cmp(&wanted))
        .ok()
        .and_then(|at| families.get(at))
        .map_or(&[], |family| &family.overloads)
}

fn families(dialect: Dialect) -> Vec<Family> {
    let mut table: BTreeMap<_, Vec<&'static Overload>> = BTreeMap::new();
    for overload in library::overloads(dialect) {
        let key = (overload.name, overload.style, overload.takes.len());
        table.entry(key).or_default().push(overload);
    }
    table
        .into_iter()
        .map(|(key, overloads)| Family { key, overloads })
        .collect()
}

/// Whether a dialect has any function of this name and style, whatever its arity.
pub(super) fn exists(dialect: Dialect, name: &str, style: Style) -> bool {
    (0..=MAX_ARITY).any(|arity| !find(dialect, name, style, arity).is_empty())
}

/// Most arguments that a function takes, with the receiver.
pub(super) const MAX_ARITY: usize = 6;

//! Parts that most nodes leave as they are by default.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::container::{PodSecurity, SecurityContext};
use crate::workload::{MeshMembership, UpdateStrategy};

/// A part that says nothing in most nodes: one pointer there, its own allocation where it says
/// something. It reads and writes like the part itself.
#[derive(Clone)]
pub struct Rare<T>(Option<Box<T>>);

/// A part with a shared value that says nothing.
pub trait Blank: Default + PartialEq + 'static {
    /// The value that says nothing.
    fn blank() -> &'static Self;
}

macro_rules! blank {
    ($($part:ty),*) => {$(
        impl Blank for $part {
            fn blank() -> &'static Self {
                static BLANK: LazyLock<$part> = LazyLock::new(<$part>::default);
                &BLANK
            }
        }
    )*};
}

blank!(MeshMembership, PodSecurity, SecurityContext, UpdateStrategy);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Blank> From<T> for Rare<T> {
    fn from(part: T) -> Self {
        Self((part != *T::blank()).then(|| Box::new(part)))
    }
}

impl<T: Blank> std::ops::Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> std::ops::DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Blank> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Blank + std::fmt::Debug> std::fmt::Debug for Rare<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(formatter)
    }
}

impl<T: Blank + Serialize> Serialize for Rare<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Blank + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

impl<T: JsonSchema> JsonSchema for Rare<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_says_nothing_takes_one_pointer() {
        let mut rare = Rare::from(PodSecurity::default());
        assert!(rare.0.is_none() && rare.host_pid.is_none());
        assert_eq!(size_of::<Rare<PodSecurity>>(), size_of::<usize>());
        rare.sysctls.clear();
        assert_eq!(rare, Rare::default(), "written and still blank");
    }
}

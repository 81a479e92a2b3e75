//! A small map from names to values: labels, annotations, amounts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by name, as one sorted slice: a system holds a few of these for every object, nearly all
/// of them short, so they take no more room than their entries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByName<V> {
    // INVARIANT: sorted by name, and no name twice.
    entries: Box<[(String, V)]>,
}

/// Entries in the order of their names.
pub type Entries<'a, V> =
    std::iter::Map<std::slice::Iter<'a, (String, V)>, fn(&'a (String, V)) -> (&'a String, &'a V)>;

impl<V> ByName<V> {
    /// One without entries.
    pub fn new() -> Self {
        Self {
            entries: Box::default(),
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(own, _)| own.as_str().cmp(name))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        let at = self.place(name).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// Whether a name has a value.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Gives a name its value, and the value that it had. Many are better collected at once.
    pub fn insert(&mut self, name: String, value: V) -> Option<V> {
        match self.place(&name) {
            Ok(at) => {
                let known = self.entries.get_mut(at)?;
                Some(std::mem::replace(&mut known.1, value))
            }
            Err(at) => {
                let mut entries = std::mem::take(&mut self.entries).into_vec();
                entries.reserve_exact(1);
                entries.insert(at, (name, value));
                self.entries = entries.into_boxed_slice();
                None
            }
        }
    }

    /// Entries in the order of their names.
    pub fn iter(&self) -> Entries<'_, V> {
        let pair: fn(&(String, V)) -> (&String, &V) = |entry| (&entry.0, &entry.1);
        self.entries.iter().map(pair)
    }

    /// Names in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// Values in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: std::fmt::Debug> std::fmt::Debug for ByName<V> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

/// A name that comes several times keeps its last value.
impl<V> FromIterator<(String, V)> for ByName<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(items: I) -> Self {
        let mut entries: Vec<(String, V)> = items.into_iter().collect();
        if !entries.is_sorted_by(|left, right| left.0 < right.0) {
            entries = entries
                .into_iter()
                .collect::<BTreeMap<String, V>>()
                .into_iter()
                .collect();
        }
        Self {
            entries: entries.into_boxed_slice(),
        }
    }
}

impl<V> Extend<(String, V)> for ByName<V> {
    fn extend<I: IntoIterator<Item = (String, V)>>(&mut self, items: I) {
        let known = std::mem::take(&mut self.entries).into_vec();
        *self = known.into_iter().chain(items).collect();
    }
}

impl<V, const N: usize> From<[(String, V); N]> for ByName<V> {
    fn from(entries: [(String, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<V> IntoIterator for ByName<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_vec().into_iter()
    }
}

impl<'a, V> IntoIterator for &'a ByName<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = Entries<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByName<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, V>::deserialize(deserializer)?;
        Ok(entries.into_iter().collect())
    }
}

impl<V: JsonSchema> JsonSchema for ByName<V> {
    fn inline_schema() -> bool {
        BTreeMap::<String, V>::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        BTreeMap::<String, V>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&str, u8)]) -> ByName<u8> {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        owned.collect()
    }

    #[test]
    fn entries_are_sorted_and_the_last_of_a_name_counts() {
        let mut map = named(&[("b", 1), ("a", 2), ("b", 3)]);
        assert_eq!(map, named(&[("a", 2), ("b", 3)]));
        assert_eq!(map.insert("aa".to_owned(), 4), None);
        assert_eq!(map.insert("a".to_owned(), 5), Some(2));
        assert_eq!(map, named(&[("a", 5), ("aa", 4), ("b", 3)]));
        map.extend([("b".to_owned(), 6), ("0".to_owned(), 7)]);
        assert_eq!(map.keys().collect::<Vec<_>>(), ["0", "a", "aa", "b"]);
        assert_eq!((map.get("b"), map.get("c")), (Some(&6), None));
    }

    #[test]
    fn it_is_written_as_a_map() {
        let map = named(&[("b", 1), ("a", 2)]);
        let text = serde_json::to_string(&map).expect("json");
        assert_eq!(text, r#"{"a":2,"b":1}"#);
        assert_eq!(
            serde_json::from_str::<ByName<u8>>(&text).expect("a map"),
            map
        );
    }
}

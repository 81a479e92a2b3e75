//! Things that select pods by label in a namespace, found without asking every one of them.

use std::collections::BTreeMap;

use palisade_model::{Labels, Operator, Selector};

/// Things by the pods that they select, in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Selecting<'m, T> {
    things: Vec<(Option<&'m Selector>, T)>,
    namespaces: BTreeMap<&'m str, Within<'m>>,
}

/// The things of one namespace, by number.
#[derive(Debug, Default)]
struct Within<'m> {
    /// Those that ask for one of these values of a key.
    anchored: BTreeMap<&'m str, BTreeMap<&'m str, Vec<usize>>>,
    /// Those without such a requirement.
    free: Vec<usize>,
}

impl<T> Default for Selecting<'_, T> {
    fn default() -> Self {
        Self {
            things: Vec::new(),
            namespaces: BTreeMap::new(),
        }
    }
}

impl<'m, T: Copy> Selecting<'m, T> {
    /// Adds a thing that selects pods of a namespace; without a selector it selects all of them.
    pub(crate) fn add(&mut self, namespace: &'m str, selector: Option<&'m Selector>, thing: T) {
        let number = self.things.len();
        self.things.push((selector, thing));
        let within = self.namespaces.entry(namespace).or_default();
        let anchor = selector.and_then(|selector| {
            let requirements = selector.requirements.iter();
            requirements
                .into_iter()
                .find(|one| one.operator == Operator::In)
        });
        let Some(anchor) = anchor else {
            within.free.push(number);
            return;
        };
        let values = within.anchored.entry(&anchor.key).or_default();
        for value in &anchor.values {
            let numbers = values.entry(value).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
    }

    /// Things of a namespace that select pods with these labels, in the order of their addition.
    pub(crate) fn of(&self, namespace: &str, labels: &Labels) -> impl Iterator<Item = T> {
        let within = self.namespaces.get(namespace);
        let mut numbers: Vec<usize> = within.map_or_else(Vec::new, |within| {
            let anchored = labels
                .iter()
                .filter_map(|(key, value)| within.anchored.get(key.as_str())?.get(value.as_str()))
                .flatten();
            anchored.chain(&within.free).copied().collect()
        });
        numbers.sort_unstable();
        numbers.into_iter().filter_map(|number| {
            let (selector, thing) = self.things.get(number)?;
            let selected = selector.is_none_or(|selector| selector.matches(labels));
            selected.then_some(*thing)
        })
    }
}

#[cfg(test)]
mod tests {
    use palisade_model::{Labels, Operator, Requirement, Selector};

    use super::Selecting;

    fn selector(key: &str, operator: Operator, values: &[&str]) -> Selector {
        Selector::new(vec![Requirement {
            key: key.to_owned(),
            operator,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }])
    }

    #[test]
    fn things_are_found_by_their_values_and_without_them() {
        let either = selector("app", Operator::In, &["a", "b"]);
        let without = selector("tier", Operator::DoesNotExist, &[]);
        let mut found = Selecting::default();
        found.add("shop", Some(&without), 0);
        found.add("shop", Some(&either), 1);
        found.add("shop", None, 2);
        found.add("bank", None, 3);
        let labels = |pairs: &[(&str, &str)]| -> Labels {
            let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
            pairs.iter().map(owned).collect()
        };
        let of = |pairs| found.of("shop", &labels(pairs)).collect::<Vec<_>>();
        assert_eq!(of(&[("app", "b")]), [0, 1, 2]);
        assert_eq!(of(&[("app", "c"), ("tier", "x")]), [2]);
        assert_eq!(found.of("other", &Labels::new()).count(), 0);
    }
}

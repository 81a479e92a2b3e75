//! Which pods policies speak of: distinct pod sets, found by label rather than by trying them all.

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};
use palisade_model::{Labels, NetworkPeer, NetworkPolicy, Operator, Selector};

/// The number of a pod set.
pub(super) type PodSetId = u32;

/// What a pod set asks of the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum NamespaceTest {
    /// One of these names, and the labels.
    Named(Vec<String>, Selector),
    /// The labels.
    Labelled(Selector),
}

impl NamespaceTest {
    fn matches(&self, name: &str, labels: &Labels) -> bool {
        match self {
            Self::Named(names, selector) => {
                names.iter().any(|candidate| candidate == name) && selector.matches(labels)
            }
            Self::Labelled(selector) => selector.matches(labels),
        }
    }
}

/// Pods in namespaces, as a policy asks for them.
pub(super) type PodSet = (NamespaceTest, Selector);

/// The pods that a policy selects.
pub(super) fn subject(policy: &NetworkPolicy) -> PodSet {
    let subject = &policy.subject;
    let namespaces = match &subject.namespace {
        Some(name) => NamespaceTest::Named(vec![name.clone()], Selector::everything()),
        None => NamespaceTest::Labelled(subject.namespace_selector.clone()),
    };
    (namespaces, subject.pods.clone())
}

/// The pods that a peer names, for a policy of this namespace; `None` when it names no pods.
pub(super) fn peer(peer: &NetworkPeer, own: Option<&str>) -> Option<PodSet> {
    let NetworkPeer::Pods {
        namespaces,
        namespace_names,
        pods,
    } = peer
    else {
        return None;
    };
    let labels = namespaces.clone().unwrap_or_default();
    let test = match (namespaces, namespace_names.as_slice(), own) {
        (None, [], Some(own)) => NamespaceTest::Named(vec![own.to_owned()], labels),
        (_, [], _) => NamespaceTest::Labelled(labels),
        (_, names, _) => NamespaceTest::Named(names.to_vec(), labels),
    };
    Some((test, pods.clone()))
}

/// Distinct pod sets with indexes over them.
#[derive(Debug, Default)]
pub(super) struct PodSets {
    tests: IndexSet<NamespaceTest>,
    selectors: IndexSet<Selector>,
    /// Pod sets by namespace test and selector.
    ids: IndexMap<(u32, u32), PodSetId>,
    /// Tests of a selector, with the pod set.
    by_selector: Vec<Vec<(u32, PodSetId)>>,
    /// Selectors that ask for one of these values of a key.
    anchored: BTreeMap<String, BTreeMap<String, Vec<u32>>>,
    /// Selectors without such a requirement.
    free: Vec<u32>,
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn slot(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

impl PodSets {
    /// The number of a pod set.
    pub(super) fn intern(&mut self, (test, selector): PodSet) -> PodSetId {
        let (test, _) = self.tests.insert_full(test);
        let (at, new) = self.selectors.insert_full(selector);
        if new {
            self.by_selector.push(Vec::new());
            self.index_selector(at);
        }
        let next = number(self.ids.len());
        let key = (number(test), number(at));
        let id = *self.ids.entry(key).or_insert(next);
        if id == next
            && let Some(tests) = self.by_selector.get_mut(at)
        {
            tests.push((key.0, id));
        }
        id
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    fn index_selector(&mut self, at: usize) {
        let anchor = self.selectors.get_index(at).and_then(|selector| {
            selector
                .requirements
                .iter()
                .find(|requirement| requirement.operator == Operator::In)
        });
        let Some(anchor) = anchor else {
            self.free.push(number(at));
            return;
        };
        let values = self.anchored.entry(anchor.key.clone()).or_default();
        let mut wanted = anchor.values.clone();
        wanted.sort();
        wanted.dedup();
        for value in wanted {
            values.entry(value).or_default().push(number(at));
        }
    }

    /// Keys of pod labels that any selector asks about, sorted.
    pub(super) fn used_keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self
            .selectors
            .iter()
            .flat_map(|selector| &selector.requirements)
            .map(|requirement| requirement.key.as_str())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Tests that a namespace passes, sorted.
    pub(super) fn tests_of(&self, name: &str, labels: &Labels) -> Vec<u32> {
        let passing = self.tests.iter().enumerate();
        passing
            .filter(|(_, test)| test.matches(name, labels))
            .map(|(index, _)| number(index))
            .collect()
    }

    /// Pod sets that a pod with these labels is in, in a namespace that passes these tests; sorted.
    pub(super) fn containing(&self, tests: &[u32], labels: &Labels) -> Vec<PodSetId> {
        let anchored = labels
            .iter()
            .filter_map(|(key, value)| self.anchored.get(key)?.get(value))
            .flatten();
        let mut out = Vec::new();
        for &selector in anchored.chain(&self.free) {
            let matches = self
                .selectors
                .get_index(slot(selector))
                .is_some_and(|candidate| candidate.matches(labels));
            if matches {
                self.with_selector(selector, tests, &mut out);
            }
        }
        out.sort_unstable();
        out
    }

    /// Pod sets of one selector; walks the shorter of its tests and the passed tests.
    fn with_selector(&self, selector: u32, tests: &[u32], out: &mut Vec<PodSetId>) {
        let Some(own) = self.by_selector.get(slot(selector)) else {
            return;
        };
        if own.len() <= tests.len() {
            let passing = own
                .iter()
                .filter(|(test, _)| tests.binary_search(test).is_ok());
            out.extend(passing.map(|(_, id)| *id));
        } else {
            let ids = tests
                .iter()
                .filter_map(|test| self.ids.get(&(*test, selector)));
            out.extend(ids.copied());
        }
    }
}

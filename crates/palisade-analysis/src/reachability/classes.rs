//! Behaviour classes: workloads that no policy can tell apart, and atoms of the outside.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use palisade_model::{Labels, Model, Port, Protocol, Workload, ZoneKind};

use super::bitmap::{Bitmap, ClassId};
use super::pods::{PodSetId, PodSets};
use super::rules::Policies;
use super::space::Space;

/// The label that Kubernetes puts on every namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Named ports of a pod that some policy speaks of: name, protocol and number, sorted.
pub(super) type NamedPorts = Vec<(String, Protocol, Port)>;

/// What makes a class: everything that a policy can see of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Signature {
    /// Pod sets that it is in, sorted; none for pods on the node's network.
    pub(super) sets: Vec<PodSetId>,
    /// Named ports.
    pub(super) ports: NamedPorts,
    /// Whether it stands on the node's network, where policies do not reach it.
    pub(super) on_node: bool,
}

/// How pods with `hostNetwork: true` are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostNetwork {
    /// As part of their node: no policy holds for them and no pod selector matches them, since
    /// their packets carry the node's address.
    #[default]
    OnNode,
    /// As any other pod, as listings of other tools do.
    LikePods,
}

/// The quotient of workloads and addresses.
#[derive(Debug)]
pub(super) struct Classes {
    /// Signatures by class; external atoms come after them.
    pub(super) signatures: Vec<Signature>,
    /// Classes of each workload, by its place in the model; more than one only for pods with one
    /// owner and different labels.
    pub(super) of_workload: Vec<Vec<ClassId>>,
    /// Workloads of each class, by their place in the model, ascending.
    pub(super) members: Vec<Vec<u32>>,
    /// External addresses.
    pub(super) space: Space,
    /// Classes of each pod set.
    pub(super) of_set: Vec<Bitmap>,
}

type Projection<'m> = (&'m str, Vec<(&'m str, &'m str)>, NamedPorts, bool);

impl Classes {
    /// Finds the classes of a model.
    pub(super) fn of(model: &Model, policies: &Policies<'_>, host: HostNetwork) -> Self {
        let mut finder = Finder::new(model, policies);
        let mut of_workload = Vec::with_capacity(model.workloads.len());
        for workload in &model.workloads {
            let on_node = host == HostNetwork::OnNode && on_host_network(workload);
            let ports = policies.named_ports(workload);
            let mut classes: Vec<ClassId> = std::iter::once(&workload.pod_labels)
                .chain(&workload.other_pod_labels)
                .map(|labels| finder.class(&workload.namespace, labels, (&ports, on_node)))
                .collect();
            classes.sort_unstable();
            classes.dedup();
            of_workload.push(classes);
        }
        let signatures: Vec<Signature> = finder.found.into_keys().collect();
        let mut members = vec![Vec::new(); signatures.len()];
        for (index, classes) in of_workload.iter().enumerate() {
            for class in classes {
                if let Some(list) = members.get_mut(slot(*class)) {
                    list.push(number(index));
                }
            }
        }
        let mut out = Self {
            signatures,
            of_workload,
            members,
            space: Space::new(policies.blocks()),
            of_set: Vec::new(),
        };
        out.of_set = out.invert(policies.pod_sets.len());
        out
    }

    fn invert(&self, sets: usize) -> Vec<Bitmap> {
        let mut out = vec![Bitmap::empty(self.len()); sets];
        for (class, signature) in self.signatures.iter().enumerate() {
            for set in &signature.sets {
                if let Some(bitmap) = out.get_mut(slot(*set)) {
                    bitmap.insert(number(class));
                }
            }
        }
        out
    }

    /// How many classes there are, atoms included.
    pub(super) fn len(&self) -> u32 {
        number(self.signatures.len() + self.space.len())
    }

    /// How many classes are of pods; atoms are numbered from here.
    pub(super) fn pods(&self) -> u32 {
        number(self.signatures.len())
    }

    /// The class of an atom.
    pub(super) fn of_atom(&self, atom: usize) -> ClassId {
        number(self.signatures.len() + atom)
    }

    /// Classes of every atom.
    pub(super) fn atoms(&self) -> impl Iterator<Item = ClassId> {
        self.pods()..self.len()
    }
}

/// Whether a workload's pods share the node's network.
pub(super) fn on_host_network(workload: &Workload) -> bool {
    let fact = workload.security.host_network.as_ref();
    fact.is_some_and(|fact| fact.value)
}

pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

pub(super) fn slot(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// Finds the class of a pod; remembers what it has seen.
struct Finder<'m, 'p> {
    sets: &'p PodSets,
    keys: Vec<&'p str>,
    namespaces: BTreeMap<&'m str, &'m Labels>,
    tests: BTreeMap<&'m str, Vec<u32>>,
    found: IndexMap<Signature, ClassId>,
    seen: IndexMap<Projection<'m>, ClassId>,
}

impl<'m, 'p> Finder<'m, 'p> {
    fn new(model: &'m Model, policies: &'p Policies<'_>) -> Self {
        let namespaces = model
            .zones
            .iter()
            .filter(|zone| zone.kind == ZoneKind::Namespace)
            .map(|zone| (zone.name.as_str(), &zone.labels))
            .collect();
        Self {
            sets: &policies.pod_sets,
            keys: policies.pod_sets.used_keys(),
            namespaces,
            tests: BTreeMap::new(),
            found: IndexMap::new(),
            seen: IndexMap::new(),
        }
    }

    fn class(
        &mut self,
        namespace: &'m str,
        labels: &'m Labels,
        (ports, on_node): (&NamedPorts, bool),
    ) -> ClassId {
        let projected: Vec<(&str, &str)> = labels
            .iter()
            .filter(|(key, _)| self.keys.binary_search(&key.as_str()).is_ok())
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let projection = (namespace, projected, ports.clone(), on_node);
        if let Some(class) = self.seen.get(&projection) {
            return *class;
        }
        let sets = if on_node {
            Vec::new()
        } else {
            let sets = self.sets;
            sets.containing(self.tests_of(namespace), labels)
        };
        let signature = Signature {
            sets,
            ports: ports.clone(),
            on_node,
        };
        let next = number(self.found.len());
        let class = *self.found.entry(signature).or_insert(next);
        self.seen.insert(projection, class);
        class
    }

    fn tests_of(&mut self, namespace: &'m str) -> &[u32] {
        let (sets, namespaces) = (self.sets, &self.namespaces);
        self.tests.entry(namespace).or_insert_with(|| {
            let mut labels = namespaces
                .get(namespace)
                .map(|labels| (*labels).clone())
                .unwrap_or_default();
            if !labels.contains_key(NAMESPACE_NAME) {
                labels.insert(NAMESPACE_NAME.to_owned(), namespace.to_owned());
            }
            sets.tests_of(namespace, &labels)
        })
    }
}

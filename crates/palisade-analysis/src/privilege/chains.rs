//! The shortest way of every identity to administrator.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use palisade_model::{Model, NodeId, NodeKind, Origin, SecretKind};

use crate::privilege::collect::service_account;
use crate::privilege::escalation::{ESCALATIONS, Escalation, Leads};
use crate::privilege::{Administrator, Grant, Step, Technique};

/// The namespace whose controllers may do everything between them.
const CONTROLLERS: &str = "kube-system";

/// Members of this group are administrators without any binding.
const MASTERS: &str = "group/system:masters";

/// Names that give everything to whoever binds or impersonates them.
const POWERFUL: [&str; 4] = ["admin", "cluster-admin", "system:admin", "system:masters"];

/// A way from an identity with one of its grants; `to: None` is administrator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    to: Option<NodeId>,
    how: Technique,
    grant: usize,
}

/// Administrators, and the grants that make them so.
pub(crate) struct Chains {
    pub(crate) administrators: Vec<Administrator>,
    pub(crate) administrative: BTreeSet<usize>,
}

impl Chains {
    /// Searches a model's grants. `runs` holds the workloads of each identity.
    pub(crate) fn of(
        model: &Model,
        grants: &[Grant],
        runs: &BTreeMap<NodeId, Vec<NodeId>>,
    ) -> Self {
        let places = Places::of(model, grants, runs);
        let mut own: BTreeMap<&NodeId, Vec<usize>> = BTreeMap::new();
        for (index, grant) in grants.iter().enumerate() {
            own.entry(&grant.identity).or_default().push(index);
        }
        let mut ways: BTreeMap<NodeId, BTreeSet<Way>> = BTreeMap::new();
        for identity in own.keys() {
            let held = held_by(identity, &own);
            ways.insert((*identity).clone(), places.ways(&held, grants));
        }
        let masters = model
            .identities
            .iter()
            .find(|identity| identity.id == masters_group())
            .map(|identity| identity.origin.clone());
        let chains = shortest(&places.identities, &ways, grants, masters);
        let leads_up =
            |to: &Option<NodeId>| to.as_ref().is_none_or(|next| chains.contains_key(next));
        let administrative = ways
            .iter()
            .flat_map(|(from, ways)| ways.iter().map(move |way| (from, way)))
            .filter(|(from, way)| way.to.as_ref() != Some(*from) && leads_up(&way.to))
            .map(|(_, way)| way.grant)
            .collect();
        let administrators = chains
            .into_iter()
            .map(|(identity, chain)| Administrator { identity, chain })
            .collect();
        Self {
            administrators,
            administrative,
        }
    }
}

/// The groups that the API server puts an identity in.
pub(crate) fn groups_of(identity: &NodeId) -> Vec<NodeId> {
    let group = |name: &str| NodeId::new(NodeKind::Identity, &format!("group/{name}"));
    let name = identity.name();
    if name == "user/system:anonymous" {
        return vec![group("system:unauthenticated")];
    }
    if name == "group/system:unauthenticated" || name == "group/system:authenticated" {
        return Vec::new();
    }
    let mut groups = vec![group("system:authenticated")];
    if let Some((namespace, _)) = name
        .split_once('/')
        .filter(|(first, _)| !matches!(*first, "user" | "group"))
    {
        groups.push(group("system:serviceaccounts"));
        groups.push(group(&format!("system:serviceaccounts:{namespace}")));
    }
    groups.retain(|group| group != identity);
    groups
}

fn held_by(identity: &NodeId, own: &BTreeMap<&NodeId, Vec<usize>>) -> Vec<usize> {
    let groups = groups_of(identity);
    std::iter::once(identity)
        .chain(&groups)
        .filter_map(|holder| own.get(holder))
        .flatten()
        .copied()
        .collect()
}

/// Who is where: what the ways need to know of a model.
struct Places {
    identities: BTreeSet<NodeId>,
    accounts: BTreeMap<String, BTreeSet<String>>,
    running: BTreeMap<String, BTreeSet<NodeId>>,
    kept_tokens: BTreeMap<String, BTreeSet<NodeId>>,
}

impl Places {
    fn of(model: &Model, grants: &[Grant], runs: &BTreeMap<NodeId, Vec<NodeId>>) -> Self {
        let mut identities: BTreeSet<NodeId> =
            model.identities.iter().map(|one| one.id.clone()).collect();
        identities.extend(grants.iter().map(|grant| grant.identity.clone()));
        identities.extend(runs.keys().cloned());
        let mut accounts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for identity in &identities {
            let Some((namespace, name)) = identity.name().split_once('/') else {
                continue;
            };
            if !matches!(namespace, "user" | "group") {
                accounts
                    .entry(namespace.to_owned())
                    .or_default()
                    .insert(name.to_owned());
            }
        }
        let mut running: BTreeMap<String, BTreeSet<NodeId>> = BTreeMap::new();
        for identity in runs.keys() {
            if let Some((namespace, _)) = identity.name().split_once('/') {
                running
                    .entry(namespace.to_owned())
                    .or_default()
                    .insert(identity.clone());
            }
        }
        let mut kept_tokens: BTreeMap<String, BTreeSet<NodeId>> = BTreeMap::new();
        for secret in &model.secrets {
            let parts = (&secret.namespace, &secret.service_account);
            if let (SecretKind::ServiceAccountToken, (Some(namespace), Some(account))) =
                (secret.kind, parts)
            {
                kept_tokens
                    .entry(namespace.clone())
                    .or_default()
                    .insert(service_account(namespace, account));
            }
        }
        Self {
            identities,
            accounts,
            running,
            kept_tokens,
        }
    }

    fn ways(&self, held: &[usize], grants: &[Grant]) -> BTreeSet<Way> {
        let mut found = BTreeSet::new();
        let held: Vec<(usize, &Grant)> = held
            .iter()
            .filter_map(|index| Some((*index, grants.get(*index)?)))
            .collect();
        for (index, grant) in &held {
            let mut add = |how: Technique, to: Option<NodeId>| {
                found.insert(Way {
                    to,
                    how,
                    grant: *index,
                });
            };
            if grant.is_cluster_admin() {
                add(Technique::Administrator, None);
                continue;
            }
            for escalation in ESCALATIONS {
                if !escalation.need.is_met_by(grant) {
                    continue;
                }
                for scope in scopes(escalation, grant, &held) {
                    for to in self.targets(escalation, grant, scope) {
                        add(escalation.technique, to);
                    }
                }
            }
        }
        found
    }

    /// Where a way leads with a grant, in a namespace or (`None`) everywhere.
    fn targets(
        &self,
        escalation: &Escalation,
        grant: &Grant,
        namespace: Option<&str>,
    ) -> Vec<Option<NodeId>> {
        let names = &grant.resource_names;
        let powerful =
            names.is_empty() || names.iter().any(|name| POWERFUL.contains(&name.as_str()));
        if escalation.technique == Technique::Bind && !powerful {
            return Vec::new();
        }
        let strong = namespace.is_none_or(|namespace| namespace == CONTROLLERS);
        let unnamed = names.is_empty() || escalation.technique == Technique::Bind;
        match escalation.leads {
            Leads::Everything if namespace.is_some() => Vec::new(),
            Leads::Everything if powerful || escalation.technique != Technique::Impersonate => {
                vec![None]
            }
            Leads::Everything => named_identities(escalation, names),
            Leads::Accounts | Leads::NamedAccounts | Leads::Running if unnamed && strong => {
                vec![None]
            }
            // The name of an object that is being made is not known when it is authorized.
            Leads::Accounts if !unnamed => Vec::new(),
            Leads::Accounts => self.accounts_in(namespace, &[]),
            Leads::NamedAccounts => self.accounts_in(namespace, names),
            Leads::Running => in_scope(&self.running, namespace),
            Leads::KeptTokens => in_scope(&self.kept_tokens, namespace),
        }
    }

    fn accounts_in(&self, namespace: Option<&str>, names: &[String]) -> Vec<Option<NodeId>> {
        self.accounts
            .iter()
            .filter(|(own, _)| namespace.is_none_or(|wanted| wanted == own.as_str()))
            .flat_map(|(own, accounts)| accounts.iter().map(move |name| (own, name)))
            .filter(|(_, name)| names.is_empty() || names.contains(name))
            .map(|(own, name)| Some(service_account(own, name)))
            .collect()
    }
}

fn in_scope(
    by_namespace: &BTreeMap<String, BTreeSet<NodeId>>,
    namespace: Option<&str>,
) -> Vec<Option<NodeId>> {
    by_namespace
        .iter()
        .filter(|(own, _)| namespace.is_none_or(|wanted| wanted == own.as_str()))
        .flat_map(|(_, found)| found.iter().cloned().map(Some))
        .collect()
}

/// Users or groups that an impersonation is limited to.
fn named_identities(escalation: &Escalation, names: &[String]) -> Vec<Option<NodeId>> {
    let kind = escalation.need.resource.trim_end_matches('s');
    names
        .iter()
        .map(|name| Some(NodeId::new(NodeKind::Identity, &format!("{kind}/{name}"))))
        .collect()
}

/// Where a way holds: the grant's own scope, or what it shares with each grant that holds what the
/// way is useless without.
fn scopes<'g>(
    escalation: &Escalation,
    grant: &'g Grant,
    held: &[(usize, &'g Grant)],
) -> BTreeSet<Option<&'g str>> {
    let own = grant.namespace.as_deref();
    let Some(also) = &escalation.also else {
        return BTreeSet::from([own]);
    };
    held.iter()
        .filter(|(_, other)| also.is_met_by(other))
        .filter_map(|(_, other)| match (own, other.namespace.as_deref()) {
            (None, scope) | (scope, None) => Some(scope),
            (Some(one), Some(two)) => (one == two).then_some(Some(one)),
        })
        .collect()
}

/// Chains from every identity that has one, found backwards from administrator.
fn shortest(
    identities: &BTreeSet<NodeId>,
    ways: &BTreeMap<NodeId, BTreeSet<Way>>,
    grants: &[Grant],
    masters: Option<Origin>,
) -> BTreeMap<NodeId, Vec<Step>> {
    let mut into: BTreeMap<Option<&NodeId>, Vec<(&NodeId, &Way)>> = BTreeMap::new();
    for (from, ways) in ways {
        for way in ways {
            into.entry(way.to.as_ref()).or_default().push((from, way));
        }
    }
    let mut members: BTreeMap<NodeId, Vec<&NodeId>> = BTreeMap::new();
    for identity in identities {
        for group in groups_of(identity) {
            members.entry(group).or_default().push(identity);
        }
    }
    let mut chains: BTreeMap<NodeId, Vec<Step>> = BTreeMap::new();
    let mut queue: VecDeque<Option<NodeId>> = VecDeque::from([None]);
    if let Some(via) = masters {
        let step = Step {
            how: Technique::Administrator,
            via,
            binding: None,
            to: None,
        };
        chains.insert(masters_group(), vec![step]);
        queue.push_back(Some(masters_group()));
    }
    while let Some(reached) = queue.pop_front() {
        // What a group can do each member can, at the same distance: they go to the front.
        let inherited = reached.as_ref().and_then(|group| members.get(group));
        for member in inherited.into_iter().flatten() {
            let chain = reached
                .as_ref()
                .and_then(|group| chains.get(group))
                .cloned();
            if let (false, Some(chain)) = (chains.contains_key(*member), chain) {
                chains.insert((*member).clone(), chain);
                queue.push_front(Some((*member).clone()));
            }
        }
        for (from, way) in into.get(&reached.as_ref()).into_iter().flatten() {
            if chains.contains_key(*from) {
                continue;
            }
            let Some(grant) = grants.get(way.grant) else {
                continue;
            };
            let mut chain = vec![Step {
                how: way.how,
                via: grant.origin.clone(),
                binding: Some(grant.binding.clone()),
                to: way.to.clone(),
            }];
            let rest = reached.as_ref().and_then(|next| chains.get(next));
            chain.extend(rest.into_iter().flatten().cloned());
            chains.insert((*from).clone(), chain);
            queue.push_back(Some((*from).clone()));
        }
    }
    chains
}

fn masters_group() -> NodeId {
    NodeId::new(NodeKind::Identity, MASTERS)
}

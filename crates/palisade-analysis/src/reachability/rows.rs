//! Rows: what one list of policies allows with every class, shared by all pods under that list.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use palisade_model::{NetworkAction, NetworkPeer, NetworkPort, NetworkTier};

use super::bitmap::Bitmap;
use super::budget::Budget;
use super::cells::{Cells, State};
use super::classes::{Classes, NamedPorts, number, slot};
use super::connection_set::ConnectionSet;
use super::rules::{Direction, Policies, Policy, Rule};
use super::sets::{ALL, NONE, SetId, Sets};

/// The number of a row within its direction.
pub(super) type RowId = u32;

/// What a list of policies allows, by peer.
#[derive(Debug)]
pub(super) struct Row {
    /// Policies that touch this direction, by place, in the order in which they are asked.
    pub(super) policies: Vec<u32>,
    /// Whether one of them is of the namespaced tier.
    pub(super) isolated: bool,
    /// Disjoint sets of peer classes with what is allowed; classes that are in none get nothing.
    pub(super) cells: Vec<(SetId, Bitmap)>,
    /// Classes of pods under this row.
    pub(super) subjects: Bitmap,
    /// What is allowed with some address outside.
    pub(super) outside: SetId,
}

impl Row {
    /// What is allowed with a class.
    pub(super) fn with(&self, class: u32) -> SetId {
        self.cells
            .iter()
            .find(|(_, peers)| peers.contains(class))
            .map_or(NONE, |(set, _)| *set)
    }
}

/// Rows of one direction, and the row of each class of pods.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) of_class: Vec<RowId>,
}

impl Rows {
    /// The row of a class of pods; `None` for the outside, which nothing selects.
    pub(super) fn of(&self, class: u32) -> Option<&Row> {
        let row = self.of_class.get(slot(class))?;
        self.rows.get(slot(*row))
    }
}

/// Builds rows.
pub(super) struct Builder<'b, 'm> {
    pub(super) policies: &'b Policies<'m>,
    pub(super) classes: &'b Classes,
    pub(super) sets: &'b mut Sets,
    /// Classes by the named ports that they have.
    by_ports: Vec<(NamedPorts, Bitmap)>,
    budget: Budget,
    unfinished: usize,
}

impl<'b, 'm> Builder<'b, 'm> {
    pub(super) fn new(
        policies: &'b Policies<'m>,
        classes: &'b Classes,
        sets: &'b mut Sets,
    ) -> Self {
        let mut by_ports: BTreeMap<NamedPorts, Bitmap> = BTreeMap::new();
        for (class, signature) in classes.signatures.iter().enumerate() {
            by_ports
                .entry(signature.ports.clone())
                .or_insert_with(|| Bitmap::empty(classes.len()))
                .insert(number(class));
        }
        Self {
            policies,
            classes,
            sets,
            by_ports: by_ports.into_iter().collect(),
            budget: Budget::new(),
            unfinished: 0,
        }
    }

    /// How many rows could not be worked out; they allow everything, as an upper bound.
    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Rows of a direction.
    pub(super) fn rows(&mut self, direction: Direction) -> Rows {
        let mut by_subject: Vec<Vec<u32>> = vec![Vec::new(); self.policies.pod_sets.len()];
        for (place, policy) in self.policies.list.iter().enumerate() {
            if policy.rules(direction).is_some()
                && let Some(list) = by_subject.get_mut(slot(policy.subject))
            {
                list.push(number(place));
            }
        }
        let mut ids: IndexMap<(Vec<u32>, NamedPorts), RowId> = IndexMap::new();
        let mut out = Rows::default();
        let classes = self.classes;
        for (class, signature) in classes.signatures.iter().enumerate() {
            let mut places: Vec<u32> = signature
                .sets
                .iter()
                .filter_map(|set| by_subject.get(slot(*set)))
                .flatten()
                .copied()
                .collect();
            places.sort_unstable();
            let resolves = direction == Direction::Ingress
                && self
                    .chosen(&places)
                    .iter()
                    .any(|policy| policy.names_ports(direction));
            let ports = if resolves {
                signature.ports.clone()
            } else {
                Vec::new()
            };
            let key = (places, ports);
            let row = if let Some(known) = ids.get(&key) {
                *known
            } else {
                let id = number(out.rows.len());
                out.rows.push(self.row(direction, &key.0, &key.1));
                ids.insert(key, id);
                id
            };
            if let Some(row) = out.rows.get_mut(slot(row)) {
                row.subjects.insert(number(class));
            }
            out.of_class.push(row);
        }
        out
    }

    fn chosen(&self, places: &[u32]) -> Vec<&'b Policy<'m>> {
        let policies = self.policies;
        places
            .iter()
            .filter_map(|place| policies.list.get(slot(*place)))
            .collect()
    }

    fn row(&mut self, direction: Direction, places: &[u32], ports: &NamedPorts) -> Row {
        let chosen = self.chosen(places);
        let isolated = chosen.iter().any(|policy| tier_number(policy) == 1);
        let mut cells = if self.budget.is_spent() {
            None
        } else {
            self.cells(&chosen, (direction, ports), isolated)
        };
        if cells.is_none() {
            self.unfinished += 1;
        }
        let cells = cells
            .take()
            .unwrap_or_else(|| vec![(ALL, Bitmap::full(self.classes.len()))]);
        let mut outside = NONE;
        for (set, peers) in &cells {
            self.budget.keep(peers.weight());
            if peers.meets_range(self.classes.pods(), self.classes.len()) {
                outside = self.sets.union(outside, *set);
            }
        }
        Row {
            policies: places.to_vec(),
            isolated,
            cells,
            subjects: Bitmap::empty(self.classes.len()),
            outside,
        }
    }

    /// What a list of policies allows; `None` when it cannot be afforded.
    fn cells(
        &mut self,
        chosen: &[&'b Policy<'m>],
        (direction, ports): (Direction, &NamedPorts),
        isolated: bool,
    ) -> Option<Vec<(SetId, Bitmap)>> {
        let mut cells = Cells::undecided(self.classes.len());
        let tier = |tier: u8| {
            let policies = chosen.iter().copied();
            policies.filter(move |policy| tier_number(policy) == tier)
        };
        for policy in tier(0) {
            self.apply(&mut cells, (policy, direction, ports), first_match);
        }
        cells.map_all(leave_to_lower, self.sets);
        if isolated {
            for policy in tier(1) {
                self.apply(&mut cells, (policy, direction, ports), collect);
            }
            cells.map_all(settle_namespaced, self.sets);
        } else {
            for policy in tier(2) {
                self.apply(&mut cells, (policy, direction, ports), first_match);
            }
            cells.map_all(settle_open, self.sets);
        }
        (!self.budget.is_spent()).then(|| cells.allowed())
    }

    fn apply(
        &mut self,
        cells: &mut Cells,
        (policy, direction, ports): (&Policy<'m>, Direction, &NamedPorts),
        change: impl Fn(State, NetworkAction, SetId, &mut Sets) -> State,
    ) {
        for rule in policy.rules(direction).unwrap_or_default() {
            if self.budget.is_spent() {
                return;
            }
            for (set, peers) in self.reach(rule, direction, ports) {
                self.budget.spend(peers.weight());
                if set != NONE && !peers.is_empty() {
                    let (action, sets) = (rule.rule.action, &mut *self.sets);
                    let next = |state| change(state, action, set, sets);
                    cells.change(&peers, &mut self.budget, next);
                }
            }
        }
    }

    /// Connections and classes that a rule matches; several where destinations resolve port names
    /// differently.
    fn reach(
        &mut self,
        rule: &Rule<'_>,
        direction: Direction,
        ports: &NamedPorts,
    ) -> Vec<(SetId, Bitmap)> {
        let peers = peers(rule, direction, self.classes);
        if direction == Direction::Ingress || !names_ports(rule) {
            let set = self.sets.intern(connections(rule, ports));
            return vec![(set, peers)];
        }
        let mut out = Vec::new();
        for (ports, classes) in &self.by_ports {
            let set = self.sets.intern(connections(rule, ports));
            out.push((set, peers.and(classes)));
        }
        let mut outside = Bitmap::empty(self.classes.len());
        outside.insert_range(self.classes.pods(), self.classes.len());
        let set = self.sets.intern(connections(rule, &Vec::new()));
        out.push((set, peers.and(&outside)));
        out
    }
}

/// 0 for admin, 1 for namespaced, 2 for baseline.
pub(super) fn tier_number(policy: &Policy<'_>) -> u8 {
    match policy.network.tier {
        NetworkTier::Admin { .. } => 0,
        NetworkTier::Namespaced => 1,
        NetworkTier::Baseline { .. } => 2,
    }
}

fn names_ports(rule: &Rule<'_>) -> bool {
    let ports = rule.rule.ports.iter().flatten();
    ports
        .into_iter()
        .any(|port| matches!(port, NetworkPort::Named { .. }))
}

/// Connections of a rule to a destination that has these named ports.
pub(super) fn connections(rule: &Rule<'_>, named: &NamedPorts) -> ConnectionSet {
    let Some(ports) = &rule.rule.ports else {
        return ConnectionSet::all();
    };
    let mut out = ConnectionSet::none();
    for port in ports {
        let one = match port {
            NetworkPort::Protocol { protocol } => ConnectionSet::protocol(*protocol),
            NetworkPort::Number { protocol, port } => ConnectionSet::port(*protocol, *port),
            NetworkPort::Range { protocol, range } => ConnectionSet::range(*protocol, *range),
            NetworkPort::Named { protocol, name } => named
                .iter()
                .filter(|(candidate, of, _)| {
                    candidate == name && protocol.is_none_or(|wanted| wanted == *of)
                })
                .fold(ConnectionSet::none(), |all, (_, of, number)| {
                    all.union(&ConnectionSet::port(*of, *number))
                }),
        };
        out = out.union(&one);
    }
    out
}

/// Classes that a rule's peers match. What cannot be told from code errs towards more
/// connections: names outside allow all of the outside, and a deny that an L7 part narrows, or
/// that names nodes or unknown things, denies nothing.
pub(super) fn peers(rule: &Rule<'_>, direction: Direction, classes: &Classes) -> Bitmap {
    let denies = rule.rule.action == NetworkAction::Deny;
    if denies && rule.rule.narrowed {
        return Bitmap::empty(classes.len());
    }
    let Some(peers) = &rule.rule.peers else {
        return Bitmap::full(classes.len());
    };
    let mut out = Bitmap::empty(classes.len());
    let mut pods = rule.pods.iter();
    for peer in peers {
        match peer {
            NetworkPeer::Pods { .. } => {
                let set = pods.next().and_then(|set| classes.of_set.get(slot(*set)));
                if let Some(set) = set {
                    out.add(set);
                }
            }
            NetworkPeer::Block { cidr, except } => {
                let range = |block| {
                    let (first, end) = classes.space.atoms(block);
                    (classes.of_atom(first), classes.of_atom(end))
                };
                let mut block = Bitmap::empty(classes.len());
                let (first, end) = range(*cidr);
                block.insert_range(first, end);
                for part in except {
                    let (first, end) = range(*part);
                    block.remove_range(first, end);
                }
                out.add(&block);
            }
            NetworkPeer::World => out.insert_range(classes.pods(), classes.len()),
            NetworkPeer::Cluster => out.insert_range(0, classes.pods()),
            NetworkPeer::Domains { .. } if !denies && direction == Direction::Egress => {
                out.insert_range(classes.pods(), classes.len());
            }
            NetworkPeer::Nodes { .. } if !denies => {
                let signatures = classes.signatures.iter().enumerate();
                for (class, _) in signatures.filter(|(_, signature)| signature.on_node) {
                    out.insert(number(class));
                }
            }
            NetworkPeer::Domains { .. }
            | NetworkPeer::Nodes { .. }
            | NetworkPeer::Unknown { .. } => {}
        }
    }
    out
}

/// The first rule that matches decides, in the admin and baseline tiers.
fn first_match(state: State, action: NetworkAction, set: SetId, sets: &mut Sets) -> State {
    let hit = sets.intersect(state.open, set);
    let mut next = State {
        open: sets.subtract(state.open, hit),
        ..state
    };
    match action {
        NetworkAction::Allow => next.allowed = sets.union(state.allowed, hit),
        NetworkAction::Pass => next.passed = sets.union(state.passed, hit),
        NetworkAction::Deny => {}
    }
    next
}

/// Rules add up, in the namespaced tier.
fn collect(state: State, action: NetworkAction, set: SetId, sets: &mut Sets) -> State {
    match action {
        NetworkAction::Allow => State {
            granted: sets.union(state.granted, set),
            ..state
        },
        NetworkAction::Deny => State {
            refused: sets.union(state.refused, set),
            ..state
        },
        NetworkAction::Pass => state,
    }
}

/// What the admin tier passes or does not decide is left to the lower tiers.
fn leave_to_lower(state: State, sets: &mut Sets) -> State {
    State {
        open: sets.union(state.open, state.passed),
        passed: NONE,
        ..state
    }
}

/// What no tier decides is allowed; a pass of the last tier decides nothing.
fn settle_open(state: State, sets: &mut Sets) -> State {
    let open = sets.union(state.open, state.passed);
    State {
        allowed: sets.union(state.allowed, open),
        open: NONE,
        passed: NONE,
        ..state
    }
}

/// What is granted and not refused is allowed; the rest is denied.
fn settle_namespaced(state: State, sets: &mut Sets) -> State {
    let kept = sets.subtract(state.granted, state.refused);
    let hit = sets.intersect(state.open, kept);
    State {
        open: NONE,
        passed: NONE,
        allowed: sets.union(state.allowed, hit),
        granted: NONE,
        refused: NONE,
    }
}

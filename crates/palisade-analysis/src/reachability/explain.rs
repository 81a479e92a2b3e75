//! Why a connection is allowed or not: the policies and rules that decide, and for which ports.

use std::cell::RefCell;
use std::collections::BTreeMap;

use palisade_model::{Control, NetworkAction, NetworkRule, NodeId, NodeKind};

use super::bitmap::Bitmap;
use super::classes::NamedPorts;
use super::rows::{Row, connections, peers, tier_number};
use super::rules::Policy;
use super::{ConnectionSet, Direction, Reachability, slot};

/// The tier that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Admin.
    Admin,
    /// Namespaced.
    Namespaced,
    /// Baseline.
    Baseline,
    /// No policy: what nothing decides is allowed.
    Default,
}

impl Tier {
    /// The word that output shows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Namespaced => "namespaced",
            Self::Baseline => "baseline",
            Self::Default => "default",
        }
    }
}

/// A decision about some connections in one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding<'m> {
    /// The policy; `None` where no policy decides.
    pub policy: Option<&'m Control>,
    /// Its rule; `None` where the policy decides by selecting the pod without a rule that matches.
    pub rule: Option<&'m NetworkRule>,
    /// What is done.
    pub action: NetworkAction,
    /// For which connections.
    pub connections: ConnectionSet,
    /// The tier.
    pub tier: Tier,
}

/// Why a connection is allowed or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'m> {
    /// Decisions on the source's side, in the order in which they are made.
    pub egress: Vec<Deciding<'m>>,
    /// Decisions on the destination's side.
    pub ingress: Vec<Deciding<'m>>,
    /// What both sides allow.
    pub allowed: ConnectionSet,
}

/// What is being explained: a class and its peer, in one direction.
struct Question<'q> {
    direction: Direction,
    peer: u32,
    /// Peers of the rules that were asked before, by the rule's place in memory.
    known: &'q RefCell<BTreeMap<usize, Bitmap>>,
    /// Named ports of the destination.
    named: &'q NamedPorts,
}

impl<'m> Reachability<'m> {
    /// Why one node may or may not send to another. An id of an actor, such as `actor:internet`,
    /// stands for every address outside.
    pub fn explain(&self, from: &NodeId, to: &NodeId) -> Explanation<'m> {
        let (sources, targets) = (self.ends(from), self.ends(to));
        let mut out = Explanation {
            egress: Vec::new(),
            ingress: Vec::new(),
            allowed: ConnectionSet::none(),
        };
        let nothing = NamedPorts::new();
        let known = RefCell::new(BTreeMap::new());
        for &source in &sources {
            for &target in &targets {
                let signature = self.classes.signatures.get(slot(target));
                let named = signature.map_or(&nothing, |signature| &signature.ports);
                let sent = Question {
                    direction: Direction::Egress,
                    peer: target,
                    known: &known,
                    named,
                };
                let received = Question {
                    direction: Direction::Ingress,
                    peer: source,
                    known: &known,
                    named,
                };
                merge(&mut out.egress, self.side(source, &sent));
                merge(&mut out.ingress, self.side(target, &received));
                let (sent, received) = self.tables().between(source, target);
                let both = self.sets.get(sent).intersect(&self.sets.get(received));
                out.allowed = out.allowed.union(&both);
            }
        }
        out
    }

    fn ends(&self, id: &NodeId) -> Vec<u32> {
        let actor = format!("{}:", NodeKind::Actor.slug());
        if id.as_str().starts_with(&actor) {
            return self.classes.atoms().collect();
        }
        self.classes_of(id).to_vec()
    }

    fn side(&self, class: u32, question: &Question<'_>) -> Vec<Deciding<'m>> {
        let rows = match question.direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        };
        let mut open = ConnectionSet::all();
        let mut out = Vec::new();
        let Some(row) = rows.of(class) else {
            return vec![undecided(open)];
        };
        let mut lower = self.first_match(row, (0, question), &mut open, &mut out);
        open = open.union(&lower);
        if row.isolated {
            self.namespaced(row, question, &open, &mut out);
            return out;
        }
        lower = self.first_match(row, (2, question), &mut open, &mut out);
        open = open.union(&lower);
        if !open.is_empty() {
            out.push(undecided(open));
        }
        out
    }

    fn chosen<'r>(&'r self, row: &'r Row, tier: u8) -> impl Iterator<Item = &'r Policy<'m>> {
        row.policies
            .iter()
            .filter_map(|place| self.policies.list.get(slot(*place)))
            .filter(move |policy| tier_number(policy) == tier)
    }

    /// Asks a tier where the first match decides; gives what it passes on.
    fn first_match(
        &self,
        row: &Row,
        (tier, question): (u8, &Question<'_>),
        open: &mut ConnectionSet,
        out: &mut Vec<Deciding<'m>>,
    ) -> ConnectionSet {
        let mut passed = ConnectionSet::none();
        for policy in self.chosen(row, tier) {
            for (rule, set) in self.matching(policy, question) {
                let hit = open.intersect(&set);
                if hit.is_empty() {
                    continue;
                }
                *open = open.subtract(&hit);
                if rule.action == NetworkAction::Pass {
                    passed = passed.union(&hit);
                }
                out.push(Deciding {
                    policy: Some(policy.control),
                    rule: Some(rule),
                    action: rule.action,
                    connections: hit,
                    tier: if tier == 0 {
                        Tier::Admin
                    } else {
                        Tier::Baseline
                    },
                });
            }
        }
        passed
    }

    /// Asks the namespaced tier: denials first, then what is allowed, then what is left over.
    fn namespaced(
        &self,
        row: &Row,
        question: &Question<'_>,
        open: &ConnectionSet,
        out: &mut Vec<Deciding<'m>>,
    ) {
        let mut rest = open.clone();
        for action in [NetworkAction::Deny, NetworkAction::Allow] {
            let before = rest.clone();
            for policy in self.chosen(row, 1) {
                for (rule, set) in self.matching(policy, question) {
                    let hit = before.intersect(&set);
                    if rule.action != action || hit.is_empty() {
                        continue;
                    }
                    rest = rest.subtract(&hit);
                    out.push(Deciding {
                        policy: Some(policy.control),
                        rule: Some(rule),
                        action,
                        connections: hit,
                        tier: Tier::Namespaced,
                    });
                }
            }
        }
        if rest.is_empty() {
            return;
        }
        out.extend(self.chosen(row, 1).map(|policy| Deciding {
            policy: Some(policy.control),
            rule: None,
            action: NetworkAction::Deny,
            connections: rest.clone(),
            tier: Tier::Namespaced,
        }));
    }

    /// Rules of a policy that match the peer, with the connections that they match.
    fn matching(
        &self,
        policy: &Policy<'m>,
        question: &Question<'_>,
    ) -> Vec<(&'m NetworkRule, ConnectionSet)> {
        let rules = policy.rules(question.direction).unwrap_or_default();
        rules
            .iter()
            .filter(|rule| {
                let mut known = question.known.borrow_mut();
                let place = std::ptr::from_ref(rule.rule).addr();
                known
                    .entry(place)
                    .or_insert_with(|| peers(rule, question.direction, &self.classes))
                    .contains(question.peer)
            })
            .map(|rule| (rule.rule, connections(rule, question.named)))
            .collect()
    }
}

fn undecided<'m>(connections: ConnectionSet) -> Deciding<'m> {
    Deciding {
        policy: None,
        rule: None,
        action: NetworkAction::Allow,
        connections,
        tier: Tier::Default,
    }
}

/// Joins decisions of several pairs: those of the same rule become one.
fn merge<'m>(all: &mut Vec<Deciding<'m>>, more: Vec<Deciding<'m>>) {
    for one in more {
        let same = all.iter_mut().find(|known| {
            known.action == one.action
                && known.tier == one.tier
                && known.policy.map(|policy| &policy.id) == one.policy.map(|policy| &policy.id)
                && known.rule.map(std::ptr::from_ref) == one.rule.map(std::ptr::from_ref)
        });
        match same {
            Some(known) => known.connections = known.connections.union(&one.connections),
            None => all.push(one),
        }
    }
}

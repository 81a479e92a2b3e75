//! What a diagram shows, before it has a place.

use std::collections::BTreeMap;

use palisade_model::{PatternId, Severity, Status};
use palisade_patterns::{Evaluation, PatternResult};
use serde::Serialize;

/// A drawing without coordinates.
#[derive(Debug, Clone, Serialize)]
pub struct Scene {
    /// Heading.
    pub title: String,
    /// What the view answers, in one sentence.
    pub question: String,
    /// Zones, in the order in which they are drawn.
    pub zones: Vec<SceneZone>,
    /// Nodes.
    pub nodes: Vec<SceneNode>,
    /// Links between nodes, by index.
    pub links: Vec<Link>,
    /// The twelve patterns with coverage.
    pub patterns: Vec<PatternResult>,
}

/// A box around nodes.
#[derive(Debug, Clone, Serialize)]
pub struct SceneZone {
    /// Node id of the zone.
    pub id: String,
    /// What is written on it.
    pub label: String,
}

/// How a node is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The internet or another actor.
    Actor,
    /// A door.
    Entry,
    /// A workload.
    Workload,
    /// Data.
    Dataset,
    /// An identity.
    Identity,
    /// A role.
    Role,
    /// What builds images or deploys workloads.
    Pipeline,
}

/// A pattern's number on a node, with how bad it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Badge {
    /// Pattern.
    pub pattern: PatternId,
    /// Worst finding of that pattern on the node.
    pub severity: Severity,
}

/// A box in the drawing.
#[derive(Debug, Clone, Serialize)]
pub struct SceneNode {
    /// Node id in the model.
    pub id: String,
    /// First line.
    pub label: String,
    /// Second line, smaller.
    pub detail: String,
    /// How it is drawn.
    pub shape: Shape,
    /// Index of its zone.
    pub zone: Option<usize>,
    /// Badges, by pattern.
    pub badges: Vec<Badge>,
    /// Whether it is to be noticed first (an administrator, an exposed workload).
    pub alarming: bool,
}

/// What protects a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Encrypted and authenticated on both sides, or an identity is required.
    Protected,
    /// Works with and without protection.
    Optional,
    /// Plain, or without an identity.
    Open,
    /// A relation that is not traffic.
    Relation,
    /// A grant of everything.
    Sweeping,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Link {
    /// Index of the first node.
    pub from: usize,
    /// Index of the second node.
    pub to: usize,
    /// Words on it.
    pub label: String,
    /// What protects it.
    pub state: LinkState,
}

impl SceneNode {
    /// The numbers of the patterns on it, with a space between; empty without one.
    pub(crate) fn numbers(&self) -> String {
        let numbers = self.badges.iter();
        let numbers = numbers.map(|badge| badge.pattern.number().to_string());
        numbers.collect::<Vec<_>>().join(" ")
    }
}

impl Scene {
    /// An empty scene.
    pub(crate) fn new(title: &str, question: &str) -> Self {
        Self {
            title: title.to_owned(),
            question: question.to_owned(),
            zones: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            patterns: Vec::new(),
        }
    }

    /// The index of the zone of this id, made when it is new.
    pub(crate) fn zone(&mut self, id: &str, label: &str) -> usize {
        if let Some(at) = self.zones.iter().position(|zone| zone.id == id) {
            return at;
        }
        self.zones.push(SceneZone {
            id: id.to_owned(),
            label: label.to_owned(),
        });
        self.zones.len() - 1
    }

    /// Adds a node and gives its index.
    pub(crate) fn add(&mut self, node: SceneNode) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds a link unless it is there.
    pub(crate) fn link(&mut self, link: Link) {
        if link.from != link.to && !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    /// Puts the evaluation on it: coverage and badges.
    pub(crate) fn apply(&mut self, evaluation: &Evaluation) {
        self.patterns.clone_from(&evaluation.patterns);
        let mut worst: BTreeMap<&str, BTreeMap<PatternId, Severity>> = BTreeMap::new();
        for finding in &evaluation.findings {
            let Some(pattern) = finding.check.pattern() else {
                continue;
            };
            let known = worst
                .entry(finding.subject.as_str())
                .or_default()
                .entry(pattern);
            let severity = known.or_insert(finding.severity);
            *severity = (*severity).max(finding.severity);
        }
        for node in &mut self.nodes {
            let badges = worst.get(node.id.as_str()).into_iter().flatten();
            node.badges = badges
                .map(|(pattern, severity)| Badge {
                    pattern: *pattern,
                    severity: *severity,
                })
                .collect();
        }
    }

    /// How far a pattern is met; not applicable where it was not evaluated.
    pub(crate) fn status(&self, pattern: PatternId) -> Status {
        let found = self
            .patterns
            .iter()
            .find(|result| result.pattern == pattern);
        found.map_or(Status::NotApplicable, |result| result.coverage.status())
    }
}

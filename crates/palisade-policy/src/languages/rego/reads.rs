//! What rules read of `input`: which documents they are for, and in which form they expect them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::Span;

use super::metadata::rule_path;
use super::modules::Loaded;
use super::recursion::{self, Graph};
use super::syntax::{Expr, ExprKind, Module, Node, Part, Rule, walk_rule};
use crate::input::Subject;

/// In which form a rule expects a Kubernetes object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The object itself, as conftest gives it.
    Document,
    /// A review of it, as OPA's admission control (`input.request`) and Gatekeeper
    /// (`input.review`) give it.
    Review,
}

/// What a rule and all rules that it needs read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Keys of `input` that are named.
    keys: BTreeSet<String>,
    /// Whether `input` is used as a whole, or by a key that is computed.
    whole: bool,
    /// Whether the system is read: `data.palisade`.
    system: bool,
}

/// Keys that only one kind of document has at its top.
const KEYS: [(Subject, &[&str]); 4] = [
    (
        Subject::KubernetesObject,
        &["apiVersion", "kind", "spec", "request", "review"],
    ),
    (
        Subject::TerraformPlan,
        &[
            "configuration",
            "format_version",
            "output_changes",
            "planned_values",
            "prior_state",
            "resource_changes",
            "terraform_version",
        ],
    ),
    (
        Subject::Workflow,
        &["concurrency", "jobs", "on", "permissions", "run-name"],
    ),
    (
        Subject::Sbom,
        &[
            "SPDXID",
            "bomFormat",
            "components",
            "packages",
            "spdxVersion",
        ],
    ),
];

/// Words in the path or package of a rule that name what it is for, where its keys do not tell.
const WORDS: [(&str, Subject); 10] = [
    ("docker", Subject::Dockerfile),
    ("dockerfile", Subject::Dockerfile),
    ("dockerfiles", Subject::Dockerfile),
    ("terraform", Subject::TerraformPlan),
    ("tfplan", Subject::TerraformPlan),
    ("sbom", Subject::Sbom),
    ("workflow", Subject::Workflow),
    ("workflows", Subject::Workflow),
    ("actions", Subject::Workflow),
    ("github", Subject::Workflow),
];

impl Reads {
    /// The form that is expected.
    pub(super) fn form(&self) -> Form {
        if self.keys.contains("request") || self.keys.contains("review") {
            Form::Review
        } else {
            Form::Document
        }
    }

    /// What is judged: as the keys tell, else as a word of the file's path or of the package names
    /// it, else Kubernetes objects.
    pub(super) fn subject(&self, file: &str, package: &str) -> Subject {
        if self.system && self.keys.is_empty() && !self.whole {
            return Subject::System;
        }
        let named = |keys: &[&str]| keys.iter().any(|key| self.keys.contains(*key));
        let mut told = KEYS.iter().filter(|(_, keys)| named(keys));
        if let (Some((subject, _)), None) = (told.next(), told.next()) {
            return *subject;
        }
        let mut words = file.split(['/', '.']).chain(package.split('.'));
        let named = words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word));
        named.map_or(Subject::KubernetesObject, |(_, subject)| *subject)
    }

    fn add(&mut self, other: &Self) {
        self.keys.extend(other.keys.iter().cloned());
        self.whole |= other.whole;
        self.system |= other.system;
    }
}

/// What each rule of a set of modules reads.
#[derive(Debug)]
pub(super) struct Readings {
    graph: Graph,
    own: BTreeMap<Vec<String>, Reads>,
}

impl Readings {
    /// Reads the modules.
    pub(super) fn of(modules: &[Loaded]) -> Self {
        let mut own: BTreeMap<Vec<String>, Reads> = BTreeMap::new();
        for module in modules.iter().map(|loaded| &loaded.module) {
            for rule in &module.rules {
                let mut path = module.package.clone();
                path.extend(rule_path(rule));
                own.entry(path).or_default().add(&reads(module, rule));
            }
        }
        let graph = recursion::graph(modules.iter().map(|loaded| &loaded.module));
        for (path, needs) in recursion::all_needs(&graph) {
            let system = needs
                .iter()
                .any(|need| need.first().is_some_and(|first| first == "palisade"));
            if let Some(reads) = own.get_mut(path) {
                reads.system |= system;
            }
        }
        Self { graph, own }
    }

    /// What the rules at and below a path read, with all that they need.
    pub(super) fn at(&self, path: &[String]) -> Reads {
        let mut all = Reads::default();
        for rule in self.reached([path]) {
            if let Some(reads) = self.own.get(&rule) {
                all.add(reads);
            }
        }
        all
    }

    /// The rules at and below paths, and all that they need.
    pub(super) fn reached<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p (impl AsRef<[String]> + ?Sized + 'p)>,
    ) -> BTreeSet<Vec<String>> {
        let mut seen: BTreeSet<&[String]> = BTreeSet::new();
        let mut left: Vec<&[String]> = Vec::new();
        for path in paths {
            let path = path.as_ref();
            let below = self.own.range(path.to_vec()..);
            let below = below.take_while(|(other, _)| other.starts_with(path));
            left.extend(below.map(|(other, _)| other.as_slice()));
        }
        while let Some(next) = left.pop() {
            if seen.insert(next) {
                left.extend(recursion::successors(&self.graph, next));
            }
        }
        seen.into_iter().map(<[String]>::to_vec).collect()
    }
}

/// What a rule itself reads of `input`.
fn reads(module: &Module, rule: &Rule) -> Reads {
    let mut found = Reads::default();
    let mut heads: Vec<Span> = Vec::new();
    walk_rule(rule, &mut |node| {
        let Node::Expr(expr) = node else { return };
        if heads.contains(&expr.span) {
            return;
        }
        let (name, parts): (&str, &[Part]) = match &expr.kind {
            ExprKind::Var(name) => (name, &[]),
            ExprKind::Ref(head, parts) => match &head.kind {
                ExprKind::Var(name) => {
                    heads.push(head.span);
                    (name, parts)
                }
                _ => return,
            },
            _ => return,
        };
        let key = match parts.first() {
            Some(
                Part::Field(_, key)
                | Part::Index(Expr {
                    kind: ExprKind::Text(key),
                    ..
                }),
            ) => Some(key.as_str()),
            _ => None,
        };
        match (imported(module, name), key) {
            (Some([]), Some(key)) => drop(found.keys.insert(key.to_owned())),
            (Some([]), None) => found.whole = true,
            (Some([key, ..]), _) => drop(found.keys.insert(key.clone())),
            (None, _) => {}
        }
    });
    found
}

/// The keys below `input` that a name stands for; `None` where it is no part of `input`.
fn imported<'m>(module: &'m Module, name: &str) -> Option<&'m [String]> {
    if name == "input" {
        return Some(&[]);
    }
    let mut imports = module.imports.iter();
    let import = imports.find(|import| import.name() == Some(name))?;
    let (root, keys) = import.path.split_first()?;
    (root == "input").then_some(keys)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_document::SourceFile;

    use super::super::modules::{Dialect, PolicyText, load};
    use super::*;

    fn reads(texts: &[&str]) -> Reads {
        let texts = texts.iter().enumerate().map(|(at, text)| {
            let name = format!("{at}.rego");
            let file = Arc::new(SourceFile::new(name.clone(), *text));
            PolicyText::file(&name, &file, Dialect::V1)
        });
        let policies = load(texts.collect(), &[]).unwrap();
        let path = ["main", "deny"].map(str::to_owned);
        Readings::of(&policies.modules).at(&path)
    }

    #[test]
    fn a_rule_is_for_what_it_and_its_helpers_read() {
        let deny = |body: &str| reads(&[&format!("package main\ndeny contains 1 if {{ {body} }}")]);
        let subject = |body: &str| deny(body).subject("policy/a.rego", "main");
        assert_eq!(subject("input.kind == \"Pod\""), Subject::KubernetesObject);
        assert_eq!(subject("input.resource_changes[_]"), Subject::TerraformPlan);
        assert_eq!(subject("input[\"jobs\"].a"), Subject::Workflow);
        assert_eq!(subject("data.palisade.paths[_]"), Subject::System);
        assert_eq!(
            subject("data.palisade.paths[_].from == input.x"),
            Subject::KubernetesObject
        );
        let helped = reads(&[
            "package main\nimport data.lib\ndeny contains 1 if lib.plan.a",
            "package lib\nplan := input.planned_values",
        ]);
        assert_eq!(helped.subject("a.rego", "main"), Subject::TerraformPlan);
        let words = deny("input[_].Cmd");
        assert_eq!(
            words.subject("policy/docker/a.rego", "main"),
            Subject::Dockerfile
        );
        assert_eq!(
            words.subject("policy/dockerless.rego", "main"),
            Subject::KubernetesObject
        );
    }

    #[test]
    fn a_review_is_told_by_what_is_read_and_not_by_a_comment() {
        let form = |text: &str| reads(&[text]).form();
        assert_eq!(
            form("package main\ndeny contains 1 if input.request.object.spec"),
            Form::Review
        );
        assert_eq!(
            form("package main\nimport input.request as asked\ndeny contains 1 if asked.object"),
            Form::Review
        );
        assert_eq!(
            form("package main\n# input.request\ndeny contains 1 if input.spec.request"),
            Form::Document
        );
    }
}

//! What rules read of `input`: which documents they are for, and in which form they expect them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::Span;

use super::metadata::rule_path;
use super::modules::Loaded;
use super::recursion::{self, Graph};
use super::syntax::{Expr, ExprKind, Module, Node, Part, Rule, walk_rule};
use crate::input::Subject;

/// In which form a rule expects a Kubernetes object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// The object itself, as conftest gives it.
    Document,
    /// A review of it, as OPA's admission control (`input.request`) and Gatekeeper
    /// (`input.review`) give it.
    Review,
}

/// What one definition of a rule and all rules that it needs read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    /// Keys of `input` that are named.
    keys: BTreeSet<String>,
    /// Keys of `input` that are named inside negations only.
    denied: BTreeSet<String>,
    /// Whether `input` is used as a whole, or by a key that is computed.
    whole: bool,
    /// Whether the system is read: `data.palisade`.
    system: bool,
}

/// A kind of document, by the keys at its top.
struct Kind {
    subject: Subject,
    /// Keys that no other kind has.
    telling: &'static [&'static str],
    /// Keys that others may have too.
    further: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        subject: Subject::KubernetesObject,
        telling: &["apiVersion", "kind", "request", "review", "spec"],
        further: &[],
    },
    Kind {
        subject: Subject::TerraformPlan,
        telling: &[
            "configuration",
            "format_version",
            "output_changes",
            "planned_values",
            "prior_state",
            "relevant_attributes",
            "resource_changes",
            "resource_drift",
            "terraform_version",
        ],
        further: &[
            "applyable",
            "checks",
            "complete",
            "errored",
            "timestamp",
            "variables",
        ],
    },
    Kind {
        subject: Subject::Workflow,
        telling: &["concurrency", "jobs", "on", "permissions", "run-name"],
        further: &["defaults", "env", "name"],
    },
    Kind {
        subject: Subject::Sbom,
        telling: &[
            "SPDXID",
            "bomFormat",
            "components",
            "packages",
            "spdxVersion",
        ],
        further: &[
            "annotations",
            "comment",
            "compositions",
            "creationInfo",
            "dataLicense",
            "declarations",
            "definitions",
            "dependencies",
            "documentDescribes",
            "documentNamespace",
            "externalDocumentRefs",
            "externalReferences",
            "files",
            "formulation",
            "metadata",
            "name",
            "properties",
            "relationships",
            "serialNumber",
            "services",
            "signature",
            "snippets",
            "specVersion",
            "version",
            "vulnerabilities",
        ],
    },
];

/// Whether a kind of document may have a key at its top; any key may stand in an object of
/// Kubernetes, and a Dockerfile is a list.
fn may_have(subject: Subject, key: &str) -> bool {
    subject == Subject::KubernetesObject
        || KINDS.iter().any(|kind| {
            kind.subject == subject && (kind.telling.contains(&key) || kind.further.contains(&key))
        })
}

/// The kinds of document that some keys tell.
fn told(keys: &BTreeSet<String>) -> impl Iterator<Item = Subject> {
    let told = |kind: &&Kind| kind.telling.iter().any(|key| keys.contains(*key));
    KINDS.iter().filter(told).map(|kind| kind.subject)
}

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
        let is_named = |key: &str| self.keys.contains(key) || self.denied.contains(key);
        if is_named("request") || is_named("review") {
            Form::Review
        } else {
            Form::Document
        }
    }

    /// What is judged: as the keys tell, else as a word of the file's path or of the package names
    /// it where no key speaks against it. Where a key is none of what is told, objects of Kubernetes
    /// are judged too: a rule that is asked in vain says nothing, one that is not asked hides a breach.
    pub(super) fn subjects(&self, file: &str, package: &str) -> BTreeSet<Subject> {
        let is_silent = self.keys.is_empty() && self.denied.is_empty() && !self.whole;
        if self.system && is_silent {
            return BTreeSet::from([Subject::System]);
        }
        let fits = |subject: &Subject| self.keys.iter().all(|key| may_have(*subject, key));
        let mut found: BTreeSet<Subject> = told(&self.keys).collect();
        if found.is_empty() {
            found.extend(told(&self.denied).filter(fits));
        }
        if found.is_empty() {
            let mut words = file.split(['/', '.']).chain(package.split('.'));
            let named = words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word));
            found.extend(named.map(|(_, subject)| *subject).filter(fits));
        }
        let is_of_one = |key: &String| found.iter().any(|subject| may_have(*subject, key));
        if found.is_empty() || !self.keys.iter().all(is_of_one) {
            found.insert(Subject::KubernetesObject);
        }
        found
    }

    fn add(&mut self, other: &Self) {
        self.keys.extend(other.keys.iter().cloned());
        self.denied.extend(other.denied.iter().cloned());
        self.whole |= other.whole;
        self.system |= other.system;
    }
}

/// What each rule of a set of modules reads.
#[derive(Debug)]
pub(super) struct Readings {
    graph: Graph,
    /// The definitions of each rule.
    own: BTreeMap<Vec<String>, Vec<Definition>>,
}

/// One definition of a rule.
#[derive(Debug)]
struct Definition {
    reads: Reads,
    /// The paths (without `data`) that it refers to.
    needs: Vec<Vec<String>>,
}

impl Readings {
    /// Reads the modules.
    pub(super) fn of(modules: &[Loaded]) -> Self {
        let mut own: BTreeMap<Vec<String>, Vec<Definition>> = BTreeMap::new();
        for module in modules.iter().map(|loaded| &loaded.module) {
            for rule in &module.rules {
                let mut path = module.package.clone();
                path.extend(rule_path(rule));
                let needs = recursion::needs(module, rule);
                let mut reads = reads(module, rule);
                reads.system = needs
                    .iter()
                    .any(|need| need.first().is_some_and(|first| first == "palisade"));
                own.entry(path)
                    .or_default()
                    .push(Definition { reads, needs });
            }
        }
        let graph = recursion::graph(modules.iter().map(|loaded| &loaded.module));
        Self { graph, own }
    }

    /// What each definition at and below a path reads, with all that it needs.
    pub(super) fn at(&self, path: &[String]) -> Vec<Reads> {
        let below = self.own.range(path.to_vec()..);
        let below = below.take_while(|(other, _)| other.starts_with(path));
        let definitions = below.flat_map(|(_, definitions)| definitions);
        definitions
            .map(|definition| {
                let mut all = definition.reads.clone();
                let needed = recursion::meant(&self.graph, &definition.needs);
                for rule in self.reached(needed) {
                    for helper in self.own.get(&rule).into_iter().flatten() {
                        all.add(&helper.reads);
                    }
                }
                let Reads { keys, denied, .. } = &mut all;
                denied.retain(|key| !keys.contains(key));
                all
            })
            .collect()
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
    let mut negations: Vec<Span> = Vec::new();
    walk_rule(rule, &mut |node| {
        let expr = match node {
            Node::Statement(statement) if statement.negated => {
                negations.push(statement.span);
                return;
            }
            Node::Expr(expr) => expr,
            _ => return,
        };
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
        let within = |span: &Span| span.start <= expr.span.start && expr.span.end <= span.end;
        let keys = if negations.iter().any(within) {
            &mut found.denied
        } else {
            &mut found.keys
        };
        match (imported(module, name), key) {
            (Some([]), Some(key)) => drop(keys.insert(key.to_owned())),
            (Some([]), None) => found.whole = true,
            (Some([key, ..]), _) => drop(keys.insert(key.clone())),
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

    fn reads(texts: &[&str]) -> Vec<Reads> {
        let texts = texts.iter().enumerate().map(|(at, text)| {
            let name = format!("{at}.rego");
            let file = Arc::new(SourceFile::new(name.clone(), *text));
            PolicyText::file(&name, &file, Dialect::V1)
        });
        let policies = load(texts.collect(), &[]).unwrap();
        let path = ["main", "deny"].map(str::to_owned);
        Readings::of(&policies.modules).at(&path)
    }

    fn subjects_in(file: &str, body: &str) -> Vec<Subject> {
        let found = reads(&[&format!("package main\ndeny contains 1 if {{ {body} }}")]);
        let of_one = |reads: &Reads| reads.subjects(file, "main");
        found.iter().flat_map(of_one).collect()
    }

    fn subjects(body: &str) -> Vec<Subject> {
        subjects_in("policy/a.rego", body)
    }

    #[test]
    fn a_rule_is_for_what_it_and_its_helpers_read() {
        assert_eq!(
            subjects("input.kind == \"Pod\""),
            [Subject::KubernetesObject]
        );
        assert_eq!(
            subjects("input.resource_changes[_]"),
            [Subject::TerraformPlan]
        );
        assert_eq!(subjects("input[\"jobs\"].a"), [Subject::Workflow]);
        assert_eq!(subjects("data.palisade.paths[_]"), [Subject::System]);
        assert_eq!(
            subjects("data.palisade.paths[_].from == input.x"),
            [Subject::KubernetesObject]
        );
        let helped = reads(&[
            "package main\nimport data.lib\ndeny contains 1 if lib.plan.a",
            "package lib\nplan := input.planned_values",
        ]);
        let [helped] = helped.as_slice() else {
            panic!("{helped:?}");
        };
        let plan = BTreeSet::from([Subject::TerraformPlan]);
        assert_eq!(helped.subjects("a.rego", "main"), plan);
        let words = |file: &str| subjects_in(file, "input[_].Cmd");
        assert_eq!(words("policy/docker/a.rego"), [Subject::Dockerfile]);
        assert_eq!(words("policy/dockerless.rego"), [Subject::KubernetesObject]);
    }

    #[test]
    fn neither_a_negation_nor_a_word_takes_a_rule_from_its_objects() {
        let object = [Subject::KubernetesObject];
        assert_eq!(
            subjects("not input.resource_changes; input.data.debug"),
            object
        );
        assert_eq!(
            subjects_in("policy/docker/a.rego", "input.data.debug"),
            object
        );
        assert_eq!(
            subjects_in("policy/terraform/a.rego", "input.data.debug"),
            object
        );
        assert_eq!(subjects("not input.jobs.a"), [Subject::Workflow]);
        assert_eq!(
            subjects("not input.permissions; input.name"),
            [Subject::Workflow]
        );
        assert_eq!(
            subjects("input.resource_changes; input.data.debug"),
            [Subject::KubernetesObject, Subject::TerraformPlan]
        );
    }

    #[test]
    fn each_definition_is_for_what_it_reads_itself() {
        let found = reads(&[
            "package main\ndeny contains 1 if input.data.debug",
            "package main\ndeny contains 2 if input.resource_changes",
            "package main\ndeny contains 3 if input.request.object",
        ]);
        let of_one = |reads: &Reads| reads.subjects("a.rego", "main");
        let all: BTreeSet<Subject> = found.iter().flat_map(of_one).collect();
        assert!(all.contains(&Subject::KubernetesObject), "{all:?}");
        assert!(all.contains(&Subject::TerraformPlan), "{all:?}");
        let forms: BTreeSet<Form> = found.iter().map(Reads::form).collect();
        assert_eq!(forms, BTreeSet::from([Form::Document, Form::Review]));
    }

    #[test]
    fn a_review_is_told_by_what_is_read_and_not_by_a_comment() {
        let form = |text: &str| {
            let found = reads(&[text]);
            found.iter().map(Reads::form).collect::<Vec<_>>()
        };
        assert_eq!(
            form("package main\ndeny contains 1 if input.request.object.spec"),
            [Form::Review]
        );
        assert_eq!(
            form("package main\nimport input.request as asked\ndeny contains 1 if asked.object"),
            [Form::Review]
        );
        assert_eq!(
            form("package main\n# input.request\ndeny contains 1 if input.spec.request"),
            [Form::Document]
        );
    }
}

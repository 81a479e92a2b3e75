//! `# METADATA` annotations: what a module says about itself, its rules and its package.

use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Span, SyntaxSeverity, parse_yaml};
use serde_json::{Map, Value as Json, json};

use super::syntax::{Mistake, Module, Rule};
use crate::datum::{Datum, to_json};

/// How far an annotation reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Rule,
    Document,
    Package,
    Subpackages,
}

impl Scope {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Rule, "rule"),
        (Self::Document, "document"),
        (Self::Package, "package"),
        (Self::Subpackages, "subpackages"),
    ];

    fn of(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == word)
            .map(|(scope, _)| *scope)
    }

    fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(scope, _)| *scope == self)
            .map_or("rule", |(_, name)| *name)
    }
}

/// One annotation.
#[derive(Debug, Clone)]
pub(super) struct Annotation {
    pub(super) scope: Scope,
    /// What it says, in the shape that `rego.metadata` gives.
    pub(super) said: Json,
    /// Where the rule begins that it stands before; `None` before a package.
    rule_start: Option<u32>,
}

/// The annotations of a module.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    package: Vec<String>,
    list: Vec<Annotation>,
    /// Paths of rules within the package, by where they begin.
    rules: Vec<(u32, Vec<String>)>,
}

impl Annotations {
    /// Reads the annotations of a module; a block that does not parse is a mistake.
    pub(super) fn read(text: &str, module: &Module) -> Result<Self, Mistake> {
        let mut annotations = Self {
            package: module.package.clone(),
            rules: module
                .rules
                .iter()
                .map(|rule| (rule.span.start, rule_path(rule)))
                .collect(),
            ..Self::default()
        };
        let mut at = 0;
        while let Some(comment) = module.comments.get(at) {
            at += 1;
            if slice(text, comment.span).trim_start_matches('#').trim() != "METADATA" {
                continue;
            }
            let mut body = String::new();
            let mut end = comment.span.end;
            while let Some(next) = module.comments.get(at) {
                let between = text
                    .get(end as usize..next.span.start as usize)
                    .unwrap_or("x");
                if between.trim() != "" || between.matches('\n').count() != 1 {
                    break;
                }
                body.push_str(slice(text, next.span).trim_start_matches('#').trim_end());
                body.push('\n');
                end = next.span.end;
                at += 1;
            }
            annotations.add(module, Span::new(comment.span.start, end), &body)?;
        }
        Ok(annotations)
    }

    fn add(&mut self, module: &Module, span: Span, body: &str) -> Result<(), Mistake> {
        let file = Arc::new(SourceFile::new("metadata", body));
        let (document, errors) = parse_yaml(file, &Limits::default());
        if let Some(error) = errors
            .iter()
            .find(|error| error.severity == SyntaxSeverity::Fatal)
        {
            let message = format!("this metadata is not YAML: {}", error.message);
            return Err(Mistake::new(span, message));
        }
        let mut said = document
            .roots()
            .next()
            .map_or_else(|| json!({}), |root| to_json(Datum::from(root)));
        let rule_start = module
            .rules
            .iter()
            .map(|rule| rule.span.start)
            .find(|start| *start >= span.end);
        let before_package = module.package_span.start >= span.end;
        let rule_start = rule_start.filter(|_| !before_package);
        let named = said.get("scope").and_then(Json::as_str).and_then(Scope::of);
        let default = if before_package {
            Scope::Package
        } else {
            Scope::Rule
        };
        let scope = named.unwrap_or(default);
        let Some(entries) = said.as_object_mut() else {
            return Err(Mistake::new(
                span,
                "this metadata is not a mapping of names to values",
            ));
        };
        entries.insert("scope".to_owned(), scope.word().into());
        normalize(entries);
        self.list.push(Annotation {
            scope,
            said,
            rule_start,
        });
        Ok(())
    }

    /// Takes over what another module of the same package says about the package.
    pub(super) fn adopt(&mut self, other: &Self) {
        if self.package == other.package {
            let about = |annotation: &&Annotation| annotation.scope >= Scope::Package;
            self.list.extend(other.list.iter().filter(about).cloned());
        }
    }

    /// The annotations that stand for a rule, nearest first.
    pub(super) fn for_rule(&self, rule: &Rule) -> Vec<&Annotation> {
        let path = rule_path(rule);
        let mut found: Vec<&Annotation> = self
            .list
            .iter()
            .filter(|annotation| match annotation.scope {
                Scope::Rule => annotation.rule_start == Some(rule.span.start),
                Scope::Document => self.document_path(annotation) == Some(&path),
                Scope::Package | Scope::Subpackages => true,
            })
            .collect();
        found.sort_by_key(|annotation| annotation.scope);
        found
    }

    fn document_path(&self, annotation: &Annotation) -> Option<&Vec<String>> {
        self.rules
            .iter()
            .find(|(start, _)| Some(*start) == annotation.rule_start)
            .map(|(_, path)| path)
    }

    /// What `rego.metadata.chain()` gives in a rule.
    pub(super) fn chain(&self, rule: &Rule) -> Json {
        let mut path = self.package.clone();
        path.extend(rule_path(rule));
        let found = self.for_rule(rule);
        let mut chain = Vec::new();
        if !found
            .iter()
            .any(|annotation| annotation.scope == Scope::Rule)
        {
            chain.push(json!({ "path": path }));
        }
        for annotation in found {
            let at = match annotation.scope {
                Scope::Rule | Scope::Document => &path,
                Scope::Package | Scope::Subpackages => &self.package,
            };
            chain.push(json!({ "annotations": annotation.said, "path": at }));
        }
        Json::Array(chain)
    }

    /// What `rego.metadata.rule()` gives in a rule.
    pub(super) fn rule(&self, rule: &Rule) -> Json {
        self.for_rule(rule)
            .into_iter()
            .find(|annotation| annotation.scope == Scope::Rule)
            .map_or_else(|| json!({}), |annotation| annotation.said.clone())
    }
}

/// The constant beginning of a rule's path within its package.
pub(super) fn rule_path(rule: &Rule) -> Vec<String> {
    use super::syntax::{ExprKind, Part};
    if let Some(path) = rule.head.name.path() {
        return path;
    }
    let ExprKind::Ref(head, parts) = &rule.head.name.kind else {
        return Vec::new();
    };
    let mut path = head.path().unwrap_or_default();
    for part in parts {
        match part {
            Part::Field(_, name) => path.push(name.clone()),
            Part::Index(index) => match &index.kind {
                ExprKind::Text(text) => path.push(text.clone()),
                _ => return path,
            },
        }
    }
    path
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize)
        .unwrap_or("")
}

/// Short forms in full: `name <mail>` of authors, a bare address of related resources.
fn normalize(entries: &mut Map<String, Json>) {
    if let Some(Json::Array(authors)) = entries.get_mut("authors") {
        for author in authors {
            if let Some(text) = author.as_str() {
                *author = match text.split_once('<') {
                    Some((name, mail)) => {
                        let mail = mail.trim_end().trim_end_matches('>');
                        if name.trim().is_empty() {
                            json!({ "email": mail })
                        } else {
                            json!({ "name": name.trim(), "email": mail })
                        }
                    }
                    None => json!({ "name": text.trim() }),
                };
            }
        }
    }
    if let Some(Json::Array(resources)) = entries.get_mut("related_resources") {
        for resource in resources {
            if let Some(text) = resource.as_str() {
                *resource = json!({ "ref": text });
            }
        }
    }
}

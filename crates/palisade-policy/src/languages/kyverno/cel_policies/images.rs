//! ImageValidatingPolicy: validations over the images of a request, on supplied facts.

use super::autogen::Form;
use super::{CelPolicy, Variant};
use crate::answer::{Answer, Status};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::languages::cel::admission::{Compiler, Located, Roots, Rules};
use crate::languages::cel::{Environment, Program, Scope, Val};
use crate::languages::kyverno::request::Request;

/// What a policy says of images.
#[derive(Debug)]
pub(super) struct Images {
    extractors: Vec<Located>,
    /// Which images it is about.
    references: Vec<Reference>,
    /// Names of attestors and attestations.
    attestors: Vec<String>,
    attestations: Vec<String>,
}

#[derive(Debug)]
enum Reference {
    Glob(String),
    Expression(Located),
}

/// Names of Pod fields whose containers have images.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

impl Images {
    pub(super) fn compile(
        spec: Datum<'_>,
        form: &Form,
        rules: &Rules,
        mistakes: &mut Vec<PolicyError>,
    ) -> Self {
        let mut extractors = Vec::new();
        let of_pods = form.name.starts_with("autogen") || about_pods(spec);
        if of_pods {
            for field in CONTAINERS {
                let path = form.pod_spec();
                let expression = format!(
                    "(object != null ? object : oldObject).{path}.?{field}.orValue([]).map(e, e.image)"
                );
                match Program::compile(&expression, rules.scope()) {
                    Ok(program) => extractors.push(Located {
                        name: field.to_owned(),
                        program,
                        origin: None,
                    }),
                    Err(mistake) => mistakes.push(PolicyError::new(mistake.message)),
                }
            }
        }
        let mut compiler = Compiler {
            rewrite: None,
            mistakes,
        };
        extractors.extend(compiler.list(spec.get("images"), "expression", rules.scope()));
        let mut image_scope =
            Scope::new(crate::languages::cel::Dialect::Kyverno, &["ref", "image"]);
        image_scope.composed = Vec::new();
        let mut references = Vec::new();
        let list = spec.get("matchImageReferences");
        for entry in list.into_iter().flat_map(Datum::items) {
            if let Some(glob) = entry.get("glob").and_then(Datum::as_text) {
                references.push(Reference::Glob(glob.to_owned()));
            } else if let Some(expression) = entry.get("expression") {
                let program = compiler.expression(expression, &image_scope);
                references.extend(program.map(|program| {
                    Reference::Expression(Located {
                        name: String::new(),
                        program,
                        origin: None,
                    })
                }));
            } else {
                compiler.mistake(
                    entry,
                    "an image reference has a `glob` or `expression`".into(),
                );
            }
        }
        let names = |field| {
            let items = spec.get(field).into_iter().flat_map(Datum::items);
            items
                .filter_map(|item| item.get("name")?.as_text().map(str::to_owned))
                .collect()
        };
        Self {
            extractors,
            references,
            attestors: names("attestors"),
            attestations: names("attestations"),
        }
    }

    /// What expressions see of attestors and attestations: their names.
    pub(super) fn roots<'v>(&'v self, context: &'v Context<'v>, roots: Roots<'v>) -> Roots<'v> {
        let named = |names: &'v [String]| {
            let entries = names.iter().map(|name| {
                let name = Val::Text(name.as_str());
                (name, name)
            });
            let entries: Vec<_> = entries.collect();
            Some(Val::Map(context.arena.alloc_slice_copy(&entries)))
        };
        Roots {
            attestors: named(&self.attestors),
            attestations: named(&self.attestations),
            ..roots
        }
    }

    pub(super) fn evaluate<'v>(
        &'v self,
        policy: &'v CelPolicy,
        variant: &'v Variant,
        context: &'v Context<'v>,
        (request, environment): (&'v Request<'v>, &'v Environment<'v>),
    ) -> Option<Answer> {
        let failed = |message: &str| Some(policy.answer(Status::Error, message));
        match variant.rules.matches(context, environment) {
            Ok(true) => {}
            Ok(false) => {
                return Some(policy.answer(Status::Skip, "a match condition does not hold"));
            }
            Err((fault, _)) => return failed(fault.message()),
        }
        let mut entries = Vec::new();
        for extractor in &self.extractors {
            let found = match extractor.program.run(context, environment) {
                Ok(found) if found.is_list() => found,
                Ok(other) => {
                    let message = format!("images are a list, not of type {}", other.type_name());
                    return failed(&message);
                }
                Err(fault) => return failed(fault.message()),
            };
            let mut kept = Vec::new();
            for image in found.items() {
                let Some(reference) = image.as_text() else {
                    return failed("an image is not a text");
                };
                match self.is_meant(context, reference) {
                    Ok(true) => kept.push(image),
                    Ok(false) => {}
                    Err(message) => return failed(&message),
                }
            }
            let list = Val::List(context.arena.alloc_slice_copy(&kept));
            entries.push((Val::Text(&extractor.name), list));
        }
        let images = Val::Map(context.arena.alloc_slice_copy(&entries));
        let roots = self.roots(
            context,
            Roots {
                images: Some(images),
                exceptions: environment.roots.last().copied().flatten(),
                namespace: &policy.header.namespace,
                ..Roots::default()
            },
        );
        let environment = variant
            .rules
            .environment(context, roots.bind(context, request));
        let judgement = variant.rules.judge(context, environment, policy.failure);
        Some(policy.answer_of(judgement, request))
    }

    fn is_meant<'v>(&'v self, context: &'v Context<'v>, image: &'v str) -> Result<bool, String> {
        if self.references.is_empty() {
            return Ok(true);
        }
        for reference in &self.references {
            let meant = match reference {
                Reference::Glob(glob) => fits(glob, image),
                Reference::Expression(expression) => {
                    let values = [Some(Val::Text(image)), Some(Val::Text(image))];
                    let environment: &'v Environment<'v> = context.arena.alloc(Environment {
                        roots: context.arena.alloc_slice_copy(&values),
                        ..Environment::default()
                    });
                    match expression.program.run(context, environment) {
                        Ok(Val::Bool(value)) => value,
                        Ok(_) => return Err("an image reference is not a bool".to_owned()),
                        Err(fault) => return Err(fault.message().to_owned()),
                    }
                }
            };
            if meant {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the policy as written is about Pods.
fn about_pods(spec: Datum<'_>) -> bool {
    let rules = spec
        .get("matchConstraints")
        .and_then(|constraints| constraints.get("resourceRules"));
    rules.into_iter().flat_map(Datum::items).any(|rule| {
        let resources = rule.get("resources").into_iter().flat_map(Datum::items);
        resources
            .into_iter()
            .any(|item| item.as_text() == Some("pods"))
    })
}

/// Whether a text fits a pattern with `*` and `?`, in time of their product.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == text.get(read) => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (at, read) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

//! Folders with admission policies, and their compiled form.

use std::sync::Arc;

use palisade_document::{Document, Limits, SourceFile, Syntax};

use super::{AdmissionPolicy, Binding};
use crate::answer::Answer;
use crate::compiled::{Compiled, RuleSummary};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::{EvaluationError, PolicyError};
use crate::folder::Folder;
use crate::input::Input;
use crate::language::{Bundle, Settings};
use crate::languages::kyverno::request::Request;
use crate::listed::{is_cut_off, mistakes, objects};

/// Takes the folder's admission policies, with the documents beside them in the same files.
pub(crate) fn discover(folder: &Folder) -> Result<Vec<Bundle>, PolicyError> {
    let unreadable = |error: crate::folder::ReadError| PolicyError::new(error.to_string());
    let mut bundle = Bundle {
        name: folder.shown(""),
        ..Bundle::default()
    };
    for path in folder.files().map_err(unreadable)? {
        if syntax_of(&path).is_none() {
            continue;
        }
        let file = folder.read(&path).map_err(unreadable)?;
        if !file.text().contains("AdmissionPolicy") {
            continue;
        }
        // A text that is cut off may hold a policy: compiling says so, rather than nobody.
        let (document, errors) = read(&file, &path);
        if has_policy(&document) || is_cut_off(&errors) {
            bundle.files.insert(path, file);
        }
    }
    Ok(if bundle.files.is_empty() {
        Vec::new()
    } else {
        vec![bundle]
    })
}

fn syntax_of(path: &str) -> Option<Syntax> {
    let (_, extension) = path.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Some(Syntax::Yaml),
        "json" => Some(Syntax::Json),
        _ => None,
    }
}

fn read(file: &Arc<SourceFile>, path: &str) -> (Document, Vec<palisade_document::SyntaxError>) {
    let syntax = syntax_of(path).unwrap_or(Syntax::Yaml);
    palisade_document::parse(Arc::clone(file), syntax, &Limits::default())
}

fn has_policy(document: &Document) -> bool {
    let mut roots = objects(document).map(Datum::from);
    roots.any(|root| AdmissionPolicy::is(root) || Binding::read(root).is_some())
}

/// The compiled policies of a bundle.
#[derive(Debug)]
struct Policies {
    compiled: Vec<AdmissionPolicy>,
    bindings: Vec<Binding>,
    /// The bundle's own documents: parameters may stand among them.
    documents: Vec<Document>,
    /// Policies that do not load, by name: they answer every request with an error.
    broken: Vec<(String, PolicyError)>,
    errors: Vec<PolicyError>,
    doubts: Vec<PolicyError>,
    rules: Vec<RuleSummary>,
}

/// Compiles a bundle.
pub(crate) fn compile(
    bundle: &Bundle,
    _: &Settings,
) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    let mut set = Policies {
        compiled: Vec::new(),
        bindings: Vec::new(),
        documents: Vec::new(),
        broken: Vec::new(),
        errors: Vec::new(),
        doubts: Vec::new(),
        rules: Vec::new(),
    };
    for (path, file) in &bundle.files {
        let (document, errors) = read(file, path);
        let found = mistakes(file, &errors);
        if !found.is_empty() {
            let found = found.into_iter().map(|error| (path.clone(), error));
            set.broken.extend(found);
            continue;
        }
        for root in objects(&document).map(Datum::from) {
            if AdmissionPolicy::is(root) {
                match AdmissionPolicy::compile(root) {
                    Ok(policy) => set.compiled.push(policy),
                    Err(errors) => {
                        let name = AdmissionPolicy::name_of(root);
                        let errors = errors.into_iter().map(|error| (name.to_owned(), error));
                        set.broken.extend(errors);
                    }
                }
            }
            set.bindings.extend(Binding::read(root));
        }
        set.documents.push(document);
    }
    for binding in &set.bindings {
        let name = &binding.policy;
        let known = set.compiled.iter().any(|policy| policy.name() == name)
            || set.broken.iter().any(|(broken, _)| broken == name);
        if !known {
            let message = format!(
                "the binding `{}` names the policy `{}`, which is not here",
                binding.name, binding.policy
            );
            let error = PolicyError {
                message,
                origin: binding.origin.clone(),
            };
            set.broken.push((binding.name.clone(), error));
        }
    }
    set.errors = set.broken.iter().map(|(_, error)| error.clone()).collect();
    if set.compiled.is_empty() && !set.errors.is_empty() {
        return Err(set.errors);
    }
    let doubts = set.compiled.iter().flat_map(AdmissionPolicy::doubts);
    set.doubts = doubts.cloned().collect();
    set.rules = set
        .compiled
        .iter()
        .flat_map(|policy| policy.summaries(&set.bindings))
        .collect();
    Ok(Arc::new(set))
}

impl Compiled for Policies {
    fn language(&self) -> &'static str {
        "cel"
    }

    fn rules(&self) -> &[RuleSummary] {
        &self.rules
    }

    fn errors(&self) -> &[PolicyError] {
        &self.errors
    }

    fn warnings(&self) -> &[PolicyError] {
        &self.doubts
    }

    fn evaluate<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Result<Vec<Answer>, EvaluationError> {
        let Some(mut request) = Request::of(context.arena, input) else {
            return Ok(Vec::new());
        };
        let own = self.documents.iter().flat_map(objects);
        let own: Vec<Datum<'_>> = request
            .objects
            .iter()
            .copied()
            .chain(own.map(Datum::from))
            .collect();
        request.objects = &own;
        let mut answers = Vec::new();
        for (policy, error) in &self.broken {
            let mut answer = Answer::error(policy, "", error.message.clone());
            answer.defined_at.clone_from(&error.origin);
            answers.push(answer);
        }
        for policy in &self.compiled {
            match context.meter.renew() {
                Ok(()) => answers.extend(policy.evaluate(context, &request, &self.bindings)),
                Err(reason) => {
                    answers.push(Answer::error(policy.name(), "", reason.to_string()));
                }
            }
        }
        Ok(answers)
    }
}

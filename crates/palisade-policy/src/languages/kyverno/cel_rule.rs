//! `validate.cel`: CEL expressions in a rule of a `ClusterPolicy`.

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;
use crate::languages::cel::Dialect;
use crate::languages::cel::admission::{FailurePolicy, Judgement, Roots, Rules, Source};

use super::matching::Selector;
use super::request::Request;
use super::response::Response;
use super::scalars::build;
use super::scope::Scope;

/// A `cel` block with the rule's `celPreconditions`.
#[derive(Debug)]
pub(crate) struct CelRule {
    rules: Result<Rules, Vec<String>>,
    parameters: Option<Parameters>,
}

/// Where the objects are that the expressions read as `params`.
#[derive(Debug)]
struct Parameters {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
    selector: Option<Selector>,
    denies_without: bool,
}

impl CelRule {
    /// Compiles a `cel` block.
    pub(crate) fn read(cel: Datum<'_>, preconditions: Option<Datum<'_>>) -> Self {
        let source = Source {
            match_conditions: preconditions,
            variables: cel.get("variables"),
            validations: cel.get("expressions"),
            audit_annotations: cel.get("auditAnnotations"),
            ..Source::default()
        };
        let rules = Rules::compile(&source, Dialect::Kubernetes);
        let text = |of: &str, key: &str| build::text_at(cel, &[of, key]).unwrap_or("").to_owned();
        Self {
            rules: rules.map_err(|errors| errors.into_iter().map(|one| one.message).collect()),
            parameters: cel.get("paramKind").map(|_| Parameters {
                api_version: text("paramKind", "apiVersion"),
                kind: text("paramKind", "kind"),
                name: text("paramRef", "name"),
                namespace: text("paramRef", "namespace"),
                selector: build::at(cel, &["paramRef", "selector"]).map(Selector::read),
                denies_without: text("paramRef", "parameterNotFoundAction") != "Allow",
            }),
        }
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        found.extend(self.rules.as_ref().err().into_iter().flatten().cloned());
    }

    /// Judges the request, once for each parameter object.
    pub(crate) fn judge<'a>(
        &self,
        scope: &Scope<'_, 'a>,
        rule: &str,
    ) -> Result<Response<'a>, Exhausted> {
        let Ok(rules) = &self.rules else {
            return Ok(Response::new(
                Status::Error,
                "the expressions do not compile",
            ));
        };
        let mut request = *scope.request;
        if request.object.is_some() {
            request.object = scope.object();
        }
        let Some(parameters) = &self.parameters else {
            return judge_with(rules, scope, &request, None, rule);
        };
        let found = parameters.find(scope);
        if found.is_empty() {
            let status = if parameters.denies_without {
                Status::Fail
            } else {
                Status::Pass
            };
            return Ok(Response::new(
                status,
                "no parameters were found for the rule",
            ));
        }
        let mut last = Response::new(Status::Pass, "");
        for params in found {
            last = judge_with(rules, scope, &request, Some(params), rule)?;
            if last.status != Status::Pass {
                break;
            }
        }
        Ok(last)
    }
}

fn judge_with<'a>(
    rules: &Rules,
    scope: &Scope<'_, 'a>,
    request: &Request<'a>,
    params: Option<Datum<'a>>,
    rule: &str,
) -> Result<Response<'a>, Exhausted> {
    let context = scope.context;
    let roots = Roots {
        params,
        ..Roots::default()
    };
    let environment = rules.environment(context, roots.bind(context, request));
    let judgement = rules.judge(context, environment, FailurePolicy::Fail);
    context.charge(0)?;
    Ok(match judgement {
        Judgement::Unmatched => Response::new(Status::Skip, "cel preconditions not met"),
        Judgement::Ignored { message } => Response::new(Status::Skip, message),
        Judgement::Passed => {
            Response::new(Status::Pass, format!("Validation rule '{rule}' passed."))
        }
        Judgement::Failed { message, about, .. } => {
            let mut response = Response::new(Status::Fail, message);
            response.place = about.and_then(Request::place);
            response
        }
        // An expression without a value denies, as `failurePolicy: Fail` says.
        Judgement::Error { message, .. } => Response::new(Status::Fail, message),
    })
}

impl Parameters {
    fn find<'a>(&self, scope: &Scope<'_, 'a>) -> Vec<Datum<'a>> {
        let namespace = match self.namespace.as_str() {
            "" => scope.request.namespace,
            namespace => namespace,
        };
        let found = scope.request.known_objects().filter(|object| {
            let text = |path: &[&str]| build::text_at(*object, path).unwrap_or("");
            let labels = build::at(*object, &["metadata", "labels"]).unwrap_or(Datum::Null);
            let own = text(&["metadata", "namespace"]);
            text(&["apiVersion"]) == self.api_version
                && text(&["kind"]) == self.kind
                && (self.name.is_empty() || text(&["metadata", "name"]) == self.name)
                && (own.is_empty() || own == namespace || scope.request.namespace.is_empty())
                && self.selector.as_ref().is_none_or(|one| one.matches(labels))
        });
        found.collect()
    }
}

//! A compiled bundle: conftest's entry points and Gatekeeper's constraints side by side.

use std::sync::Arc;

use super::asking::{Around, finish, with_question};
use super::broken::Broken;
use super::bundle::{Contents, contents};
use super::conftest::{EntryPoint, entry_points};
use super::doubts;
use super::engine::from_datum;
use super::gatekeeper::{Bound, Review, bind};
use super::modules::{Dialect, Policies, load, load_sound};
use super::query::rewrite_query;
use super::term::Term;
use crate::answer::Answer;
use crate::compiled::{Compiled, RuleSummary};
use crate::context::Context;
use crate::datum::Datum;
use crate::error::{EvaluationError, PolicyError};
use crate::exception::PolicyException;
use crate::input::Input;
use crate::language::{Bundle, Settings};

/// A bundle, ready to judge.
#[derive(Debug)]
struct RegoBundle {
    policies: Option<Policies>,
    entries: Vec<EntryPoint>,
    bound: Vec<Bound>,
    /// Packages that do not run beside these.
    broken_packages: Vec<Broken>,
    /// Templates and constraints that do not run beside these.
    broken_constraints: Vec<Broken>,
    errors: Vec<PolicyError>,
    rules: Vec<RuleSummary>,
    exceptions: Vec<PolicyException>,
    doubts: Vec<PolicyError>,
}

/// Compiles a bundle.
pub(super) fn compile(
    bundle: &Bundle,
    settings: &Settings,
) -> Result<Arc<dyn Compiled>, Vec<PolicyError>> {
    let dialect = Dialect::of(settings.dialect.as_deref()).map_err(|error| vec![error])?;
    let namespaces = namespaces(settings).map_err(|error| vec![error])?;
    let Contents {
        texts,
        data,
        objects: manifests,
        unread,
    } = contents(bundle, dialect, false)?;
    let (policies, broken_packages) = if texts.is_empty() {
        (None, Vec::new())
    } else {
        let (policies, left_out) = load_sound(texts, &data)?;
        let broken = left_out.into_iter().map(Broken::from).collect();
        (Some(policies), broken)
    };
    let (bound, mut broken_constraints) = bind(&manifests);
    let unread = unread
        .into_iter()
        .map(|(name, error)| Broken::new(&name, "", error));
    broken_constraints.extend(unread);
    let broken = broken_packages.iter().chain(&broken_constraints);
    let errors: Vec<PolicyError> = broken.map(|one| one.error.clone()).collect();
    let entries = policies
        .as_ref()
        .map_or_else(Vec::new, |policies| entry_points(policies, &namespaces));
    if entries.is_empty() && bound.is_empty() && !errors.is_empty() {
        return Err(errors);
    }
    let rules = entries.iter().map(EntryPoint::summary);
    let rules = rules.chain(bound.iter().map(Bound::summary)).collect();
    let doubts = policies.as_ref().map_or_else(Vec::new, |policies| {
        let asked = entries.iter().flat_map(EntryPoint::asked).collect();
        doubts::find(&policies.modules, &asked)
    });
    let mut exceptions: Vec<PolicyException> = Vec::new();
    for exception in entries.iter().flat_map(EntryPoint::exceptions) {
        if !exceptions.contains(exception) {
            exceptions.push(exception.clone());
        }
    }
    Ok(Arc::new(RegoBundle {
        policies,
        entries,
        bound,
        broken_packages,
        broken_constraints,
        errors,
        rules,
        exceptions,
        doubts,
    }))
}

/// The packages that are asked: the parameter `namespaces`, a JSON list of names.
fn namespaces(settings: &Settings) -> Result<Vec<String>, PolicyError> {
    let Some(text) = settings.parameters.get("namespaces") else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|_| {
        PolicyError::new(
            "the parameter `namespaces` is not a list of package names, such as [\"main\"]",
        )
    })
}

impl Compiled for RegoBundle {
    fn language(&self) -> &'static str {
        "rego"
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

    fn exceptions(&self) -> &[PolicyException] {
        &self.exceptions
    }

    fn evaluate<'a>(
        &self,
        context: &Context<'a>,
        input: &Input<'a>,
    ) -> Result<Vec<Answer>, EvaluationError> {
        let mut answers: Vec<Answer> = self.broken_packages.iter().map(Broken::answer).collect();
        if let Some(policies) = &self.policies {
            for entry in &self.entries {
                answers.extend(entry.answers(policies, context, input));
            }
        }
        if let Some(review) = Review::of(input) {
            answers.extend(self.broken_constraints.iter().map(Broken::answer));
            for bound in &self.bound {
                answers.extend(bound.answers(context, input, &review));
            }
        }
        Ok(answers)
    }
}

/// The results of a query over a bundle and an input, as `opa eval` prints them: each with its
/// bindings and the values of its expressions.
pub fn query(
    bundle: &Bundle,
    settings: &Settings,
    context: &Context<'_>,
    text: &str,
    input: Option<&Input<'_>>,
) -> Result<serde_json::Value, QueryError> {
    let dialect = Dialect::of(settings.dialect.as_deref()).map_err(|error| vec![error])?;
    let Contents {
        texts,
        data,
        unread,
        ..
    } = contents(bundle, dialect, false)?;
    if !unread.is_empty() {
        return Err(QueryError::Load(
            unread.into_iter().map(|(_, error)| error).collect(),
        ));
    }
    let policies = load(texts, &data)?;
    let text = rewrite_query(text, &policies.replaced).map_err(|mistake| {
        vec![PolicyError::new(format!(
            "the query does not parse: {}",
            mistake.message
        ))]
    })?;
    let around = input.map_or_else(Around::default, |input| Around::of(&policies, input));
    let document = input.map(|input| from_datum(Datum::from(input.document)));
    let outcome = with_question(context, document, &around, |question| {
        policies.program.query(&text, question)
    });
    let results = finish(&policies, context, outcome)?;
    let results = results.into_iter().map(|result| {
        let values = result.values.iter().map(Term::to_json);
        serde_json::json!({
            "bindings": result.bindings.to_json(),
            "values": values.collect::<Vec<_>>(),
        })
    });
    Ok(results.collect())
}

/// Why a query has no results.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The policies or the query do not load.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Load(Vec<PolicyError>),
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
}

impl From<Vec<PolicyError>> for QueryError {
    fn from(errors: Vec<PolicyError>) -> Self {
        Self::Load(errors)
    }
}

//! The team's own policies in a check: every document of the system judged by every policy set,
//! breaches as findings beside those of the twelve patterns.

mod facts;
mod findings;
mod scope;
mod waiting;

use std::sync::Arc;

use bumpalo::Bump;
use palisade_analysis::Analysis;
use palisade_document::{Document, Value};
use palisade_model::Origin;
use palisade_policy::{
    Answer, Budget, Context, Effects, EvaluationError, Input, Meter, Subject, Supplied,
    evaluate_guarded,
};
use palisade_sources::ReadDocument;
use palisade_sources::documents::{self, objects};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::policies::{Loaded, PolicySet};

pub(crate) use self::findings::{excepted, reports};
use self::scope::Scope;
pub(crate) use self::waiting::{Unanswered, unanswered, waiting};

/// One value of a document that is judged by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'d> {
    /// The document that holds it.
    pub(crate) read: &'d ReadDocument,
    /// The value: one object of a manifest, a whole plan.
    pub(crate) value: Value<'d>,
    /// What it is.
    pub(crate) subject: Subject,
}

impl Judged<'_> {
    /// The place of an answer's value in the files that people write.
    pub(crate) fn place(&self, place: &Origin) -> Origin {
        self.read.origin(place.span)
    }
}

/// What one set said about one value; `None` is the whole system.
pub(crate) struct Said<'d> {
    /// What was judged.
    pub(crate) about: Option<Judged<'d>>,
    /// By which set.
    pub(crate) set: &'d PolicySet,
    /// The answers, or why there is none.
    pub(crate) answers: Result<Vec<Answer>, EvaluationError>,
}

/// Judges everything by everything, in parallel; the order is that of the documents and sets.
pub(crate) fn judge<'d>(
    read: &'d [ReadDocument],
    loaded: &'d Loaded,
    system: &'d Document,
    now_ns: i64,
) -> Vec<Said<'d>> {
    let values: Vec<Judged<'d>> = read.iter().flat_map(values).collect();
    let declared = values
        .iter()
        .filter(|judged| judged.subject == Subject::KubernetesObject)
        .map(|judged| judged.value);
    let parameters = loaded.parameters.iter().flat_map(objects);
    let supplied = loaded
        .supplied
        .iter()
        .flat_map(|document| objects(document));
    let objects: Vec<Value<'d>> = declared.chain(parameters).chain(supplied).collect();
    let data = system.roots().next();
    let whole = data.map(|data| (None, data, Subject::System));
    let each = values
        .iter()
        .map(|judged| (Some(*judged), judged.value, judged.subject));
    let questions: Vec<_> = each.chain(whole).collect();
    let effects = Effects {
        now_ns: Some(now_ns),
        ..Effects::default()
    };
    let sets: Vec<(&PolicySet, Scope<'_>)> = loaded
        .sets
        .iter()
        .map(|set| (set, Scope::of(set.compiled.as_ref())))
        .collect();
    // Where the pool is there already, it stays.
    let _known = rayon::ThreadPoolBuilder::new()
        .stack_size(crate::session::DEEP_STACK)
        .build_global();
    questions
        .par_iter()
        .flat_map_iter(|(about, value, subject)| {
            let input = Input {
                data,
                supplied: Supplied {
                    objects: &objects,
                    ..Supplied::default()
                },
                ..Input::new(*subject, *value)
            };
            let (about, subject) = (*about, *subject);
            let judge = |(set, scope): &(&'d PolicySet, Scope<'_>)| {
                let mut answers = ask(set, &input, effects);
                if let Ok(answers) = &mut answers {
                    answers.retain(|answer| scope.holds(answer, subject));
                }
                Said {
                    about,
                    set,
                    answers,
                }
            };
            sets.iter().map(judge).collect::<Vec<_>>()
        })
        .collect()
}

fn ask(
    set: &PolicySet,
    input: &Input<'_>,
    effects: Effects<'_>,
) -> Result<Vec<Answer>, EvaluationError> {
    let arena = Bump::new();
    let context = Context::new(&arena, Meter::start(Budget::default()), effects);
    evaluate_guarded(set.compiled.as_ref(), &context, input)
}

/// The values of a document that policies judge one by one.
fn values(read: &ReadDocument) -> Vec<Judged<'_>> {
    let judged = |value, subject| Judged {
        read,
        value,
        subject,
    };
    match read.kind {
        documents::Kind::Kubernetes => objects(&read.document)
            .into_iter()
            .map(|value| judged(value, Subject::KubernetesObject))
            .collect(),
        kind => {
            let roots = read.document.roots();
            roots.map(|value| judged(value, subject(kind))).collect()
        }
    }
}

/// What a kind of document is to policies.
pub(crate) const fn subject(kind: documents::Kind) -> Subject {
    match kind {
        documents::Kind::Kubernetes => Subject::KubernetesObject,
        documents::Kind::Dockerfile => Subject::Dockerfile,
        documents::Kind::TerraformPlan => Subject::TerraformPlan,
        documents::Kind::Sbom => Subject::Sbom,
        documents::Kind::Workflow => Subject::Workflow,
    }
}

/// The system as policies see it under `data.palisade`.
pub(crate) fn system(analysis: &Analysis<'_>) -> Arc<Document> {
    facts::document(analysis)
}

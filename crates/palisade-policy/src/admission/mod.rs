//! Answers a Kubernetes AdmissionReview (`admission.k8s.io/v1`) with the same compiled policies
//! that judge files: an object in, allowed or refused out, changes as a JSON patch.

mod merge;
mod request;
mod response;
mod secrets;

use std::sync::Arc;
use std::time::Instant;

use bumpalo::Bump;
use palisade_document::{Document, Limits, SourceFile, Value, parse_json};

use crate::answer::{Answer, Change, Enforcement, Status};
use crate::budget::{Budget, Meter};
use crate::compiled::{Compiled, evaluate_guarded};
use crate::context::{Context, Effects};
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::input::Supplied;
use crate::listed::objects;

pub use self::request::{RequestFacts, ReviewError};
pub use self::secrets::Secrets;

/// What a webhook is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Is the object allowed (`ValidatingWebhookConfiguration`)?
    Validate,
    /// How should the object be changed (`MutatingWebhookConfiguration`)?
    Mutate,
}

/// Compiled policies that stand at a door, shared between threads.
#[derive(Debug)]
pub struct Gate {
    sets: Vec<Arc<dyn Compiled>>,
    objects: Vec<Arc<Document>>,
    budget: Budget,
}

/// What a gate decided about one review.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was asked.
    pub facts: RequestFacts,
    /// Whether the object may pass.
    pub allowed: bool,
    /// Answers that are not a pass, in the order of the policies.
    pub answers: Vec<Answer>,
    /// What no log may show of it.
    pub secrets: Secrets,
    /// The AdmissionReview to send back.
    pub response: serde_json::Value,
}

impl Gate {
    /// A gate of these policy sets; `objects` are Kubernetes objects that look-ups are answered
    /// by, `budget` bounds each policy on each review.
    pub fn new(sets: Vec<Arc<dyn Compiled>>, objects: Vec<Arc<Document>>, budget: Budget) -> Self {
        Self {
            sets,
            objects,
            budget,
        }
    }

    /// How many rules stand here.
    pub fn rule_count(&self) -> usize {
        self.sets.iter().map(|set| set.rules().len()).sum()
    }

    /// The policies that do not load: what they would be asked about is refused.
    pub fn errors(&self) -> impl Iterator<Item = &PolicyError> {
        self.sets.iter().flat_map(|set| set.errors())
    }

    /// The answer to one AdmissionReview, as sent, before a moment: a policy that is not reached
    /// by then answers with an error. `Err` means that the text is no review, so
    /// that there is no `uid` to answer to; everything else is a decision, and what could not be
    /// evaluated is refused.
    pub fn review(
        &self,
        body: &str,
        purpose: Purpose,
        now_ns: i64,
        deadline: Instant,
    ) -> Result<Decision, ReviewError> {
        let (document, mistake) = request::parse(body);
        let facts = match &mistake {
            None => RequestFacts::of(&document)?,
            Some(mistake) => request::facts_of_unreadable(body).ok_or_else(|| mistake.clone())?,
        };
        let terms = Terms {
            effects: Effects {
                now_ns: Some(now_ns),
                ..Effects::default()
            },
            deadline,
        };
        let mut judged = Judged::default();
        match (request::unreadable(&document, mistake), purpose) {
            // There is a request to answer, and nothing that could be judged.
            (Some(reason), _) => judged.answers.push(refused(reason)),
            (None, Purpose::Validate) => self.validate(&document, &terms, &mut judged),
            (None, Purpose::Mutate) => self.mutate(&document, &terms, &mut judged),
        }
        let allowed = !judged.answers.iter().any(refuses);
        let response = response::of(&facts, allowed, &judged, &document);
        Ok(Decision {
            facts,
            allowed,
            answers: judged.answers,
            secrets: Secrets::of(&document),
            response,
        })
    }

    fn validate(&self, document: &Document, terms: &Terms, judged: &mut Judged) {
        for set in &self.sets {
            let (answers, _) = self.ask(set.as_ref(), document, None, terms);
            judged.keep(answers);
        }
    }

    /// Each set sees the object as the sets before it changed it.
    fn mutate(&self, document: &Document, terms: &Terms, judged: &mut Judged) {
        let root = document.roots().next();
        let Some(sent) = root.and_then(|root| root.at(&["request", "object"])) else {
            return;
        };
        let mut object = to_json(Datum::Document(sent));
        let mut current: Option<Document> = None;
        for set in &self.sets {
            let (answers, changes) = self.ask(set.as_ref(), document, current.as_ref(), terms);
            let errors = |answer: &Answer| answer.status == Status::Error;
            judged.keep(answers.into_iter().filter(errors));
            if changes.is_empty() {
                continue;
            }
            let seen = object.clone();
            let put_together = changes
                .into_iter()
                .try_fold(object.clone(), |made, change| {
                    merge::merged(&seen, made, serde_json::from_str(&change).ok()?)
                });
            let parsed = put_together.and_then(|made| {
                let parsed = parse_changed(&made.to_string())?;
                Some((made, parsed))
            });
            let Some((made, parsed)) = parsed else {
                judged.keep([broken(set.as_ref())]);
                continue;
            };
            (object, current) = (made, Some(parsed));
        }
        judged.changed = current.is_some().then_some(object);
    }

    /// The answers of one set, and the object as each of its policies would have it.
    fn ask(
        &self,
        set: &dyn Compiled,
        document: &Document,
        current: Option<&Document>,
        terms: &Terms,
    ) -> (Vec<Answer>, Vec<String>) {
        let arena = Bump::new();
        let known: Vec<Value<'_>> = self
            .objects
            .iter()
            .flat_map(|document| objects(document))
            .collect();
        let supplied = Supplied {
            objects: &known,
            ..Supplied::default()
        };
        let Some(input) = request::input(document, current, supplied) else {
            let answer = Answer::error(set.language(), "", "the request holds no object");
            return (vec![answer], Vec::new());
        };
        let meter = Meter::until(terms.deadline, self.budget);
        let context = Context::new(&arena, meter, terms.effects);
        match evaluate_guarded(set, &context, &input) {
            Ok(answers) => {
                let changed = answers.iter().flat_map(|answer| &answer.changes);
                let mutated = changed
                    .filter_map(|change| match change {
                        Change::Mutated(json) => Some(json.clone()),
                        Change::Generated(_) => None,
                    })
                    .collect();
                (answers, mutated)
            }
            Err(error) => {
                let answer = Answer::error(set.language(), "", error.to_string());
                (vec![answer], Vec::new())
            }
        }
    }
}

/// What a review is judged with.
struct Terms {
    effects: Effects<'static>,
    deadline: Instant,
}

/// What the sets said so far.
#[derive(Debug, Default)]
struct Judged {
    answers: Vec<Answer>,
    changed: Option<serde_json::Value>,
}

impl Judged {
    fn keep(&mut self, answers: impl IntoIterator<Item = Answer>) {
        let said = answers
            .into_iter()
            .filter(|answer| !matches!(answer.status, Status::Pass | Status::Skip));
        self.answers.extend(said);
    }
}

/// Whether an answer keeps the object out: a breach of what its author enforces, or no answer.
/// The answer about an object that cannot be read.
fn refused(reason: String) -> Answer {
    let mut answer = Answer::new("admission", "readable-object", Status::Error);
    answer.message = reason;
    answer
}

fn refuses(answer: &Answer) -> bool {
    let enforced = answer.enforcement >= Enforcement::Overridable;
    match answer.status {
        Status::Pass | Status::Skip | Status::Warn => false,
        Status::Fail | Status::Error => enforced,
    }
}

fn parse_changed(json: &str) -> Option<Document> {
    let file = Arc::new(SourceFile::new("mutated", json));
    let (document, errors) = parse_json(file, &Limits::default());
    (errors.is_empty() && !document.is_empty()).then_some(document)
}

fn broken(set: &dyn Compiled) -> Answer {
    let sentence = "the changes of the policies do not fit together";
    Answer::error(set.language(), "", sentence)
}

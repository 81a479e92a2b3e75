//! An AdmissionReview as sent, and what of it policies and logs are told.

use std::sync::Arc;

use palisade_document::{Document, Limits, SourceFile, Value, parse_json};

use crate::input::{Input, Operation, Subject, Supplied};

/// Largest review: twice the largest object that Kubernetes stores (1.5 MiB), with room.
const MAX_BYTES: usize = 8 << 20;

/// Why a text is no AdmissionReview.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an AdmissionReview: {0}")]
pub struct ReviewError(pub(crate) String);

/// Who asks for what; no content of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// Id of the request, which the answer repeats.
    pub uid: String,
    /// What is done.
    pub operation: Operation,
    /// Kind of the object, with its group where it has one: `apps/Deployment`.
    pub kind: String,
    /// Namespace; empty for what has none.
    pub namespace: String,
    /// Name; empty where the server is to make one up.
    pub name: String,
    /// User who asks.
    pub user: String,
    /// Whether nothing will be kept.
    pub dry_run: bool,
    /// API version to answer in.
    pub(crate) api_version: String,
}

/// What can be read of a review, and what is wrong with it.
pub(super) fn parse(body: &str) -> (Document, Option<ReviewError>) {
    let limits = Limits {
        max_bytes: MAX_BYTES,
        ..Limits::default()
    };
    let file = Arc::new(SourceFile::new("review", body));
    let (document, errors) = parse_json(file, &limits);
    let mistake = errors.into_iter().next().map(|error| {
        let place = document.file().position(error.span.start);
        ReviewError(format!(
            "{} at line {}, column {}",
            error.message, place.line, place.column
        ))
    });
    (document, mistake)
}

/// Who asks for what in a review whose object is nested too deeply to be judged: reading is safe at
/// any depth, only what walks objects recurses.
pub(super) fn facts_of_unreadable(body: &str) -> Option<RequestFacts> {
    let limits = Limits {
        max_bytes: MAX_BYTES,
        max_depth: MAX_BYTES,
        ..Limits::default()
    };
    let file = Arc::new(SourceFile::new("review", body));
    let (document, _) = parse_json(file, &limits);
    RequestFacts::of(&document).ok()
}

/// Why the objects of a request cannot be judged, if they cannot.
pub(super) fn unreadable(review: &Document, mistake: Option<ReviewError>) -> Option<String> {
    if let Some(ReviewError(mistake)) = mistake {
        return Some(format!("the object cannot be read: {mistake}"));
    }
    let request = review.roots().next()?.get("request")?;
    ["object", "oldObject"].into_iter().find_map(|key| {
        let object = request.get(key)?;
        let is_none = object.is_null() || object.is_object();
        (!is_none).then(|| format!("`{key}` of the request is no object"))
    })
}

impl RequestFacts {
    pub(super) fn of(document: &Document) -> Result<Self, ReviewError> {
        let root = document
            .roots()
            .next()
            .ok_or_else(|| ReviewError("it is empty".to_owned()))?;
        let api_version = root
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !matches!(
            api_version,
            "admission.k8s.io/v1" | "admission.k8s.io/v1beta1"
        ) {
            return Err(ReviewError(format!(
                "`apiVersion` is `{api_version}`, expected `admission.k8s.io/v1`"
            )));
        }
        let request = root
            .get("request")
            .filter(|request| request.is_object())
            .ok_or_else(|| ReviewError("it has no `request`".to_owned()))?;
        let text = |path: &[&str]| request.at(path).and_then(Value::as_str).unwrap_or_default();
        let uid = text(&["uid"]);
        if uid.is_empty() {
            return Err(ReviewError("its request has no `uid`".to_owned()));
        }
        let operation = operation(request)?;
        let kind = match (text(&["kind", "group"]), text(&["kind", "kind"])) {
            ("", kind) => kind.to_owned(),
            (group, kind) => format!("{group}/{kind}"),
        };
        Ok(Self {
            uid: uid.to_owned(),
            operation,
            kind,
            namespace: text(&["namespace"]).to_owned(),
            name: text(&["name"]).to_owned(),
            user: text(&["userInfo", "username"]).to_owned(),
            dry_run: request.get("dryRun").and_then(Value::as_bool) == Some(true),
            api_version: api_version.to_owned(),
        })
    }
}

fn operation(request: Value<'_>) -> Result<Operation, ReviewError> {
    let word = request.get("operation").and_then(Value::as_str);
    [
        Operation::Create,
        Operation::Update,
        Operation::Delete,
        Operation::Connect,
    ]
    .into_iter()
    .find(|operation| word == Some(operation.word()))
    .ok_or_else(|| {
        ReviewError(format!(
            "`operation` is `{}`, expected CREATE, UPDATE, DELETE or CONNECT",
            word.unwrap_or_default()
        ))
    })
}

/// What policies are asked: the object (for a removal the one that goes), as `current` has it
/// where policies changed it already; nothing where the request holds no object.
pub(super) fn input<'a>(
    review: &'a Document,
    current: Option<&'a Document>,
    supplied: Supplied<'a>,
) -> Option<Input<'a>> {
    let root = review.roots().next()?;
    let request = root.get("request");
    let part = |key: &str| {
        request
            .and_then(|request| request.get(key))
            .filter(|value| !value.is_null())
    };
    let changed = current.and_then(|document| document.roots().next());
    let old = part("oldObject");
    let document = changed.or_else(|| part("object")).or(old)?;
    let operation = request.and_then(|request| operation(request).ok());
    Some(Input {
        old,
        operation: operation.unwrap_or_default(),
        user: part("userInfo"),
        request,
        supplied,
        ..Input::new(Subject::KubernetesObject, document)
    })
}

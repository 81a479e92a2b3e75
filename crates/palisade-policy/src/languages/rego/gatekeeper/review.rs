//! What a template sees as `input.review`.

use std::cell::OnceCell;

use palisade_document::Value;

use super::super::engine::Foreign;
use super::super::engine::from_term;
use super::super::term::Term;
use super::foreign;
use crate::input::{Input, Subject};
use crate::languages::cel::plural;

/// A review of one object.
#[derive(Debug)]
pub(in crate::languages::rego) struct Review<'a> {
    pub(super) group: &'a str,
    version: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    operation: &'a str,
    object: Option<Value<'a>>,
    old: Option<Value<'a>>,
    user: Option<Value<'a>>,
    /// The request that was sent, where one was.
    request: Option<Value<'a>>,
    /// All of it as the engine's value, once for all constraints.
    made: OnceCell<Foreign>,
}

impl<'a> Review<'a> {
    /// The review of an input, if it is about a Kubernetes object.
    pub(in crate::languages::rego) fn of(input: &Input<'a>) -> Option<Self> {
        match input.subject {
            Subject::KubernetesObject => match input.request {
                Some(request) => Self::of_request(request),
                None => Self::of_object(input),
            },
            Subject::AdmissionReview => Self::of_request(input.document.get("request")?),
            _ => None,
        }
    }

    fn of_object(input: &Input<'a>) -> Option<Self> {
        let object = input.document;
        let text = |path: &[&str]| object.at(path).and_then(Value::as_str);
        let version = text(&["apiVersion"])?;
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let operation = input.operation.word();
        let gone = operation == "DELETE";
        Some(Self {
            group,
            version,
            kind: text(&["kind"])?,
            name: text(&["metadata", "name"]).unwrap_or(""),
            namespace: text(&["metadata", "namespace"]).unwrap_or(""),
            operation,
            object: Some(object),
            old: if gone { Some(object) } else { input.old },
            user: input.user,
            request: None,
            made: OnceCell::new(),
        })
    }

    fn of_request(request: Value<'a>) -> Option<Self> {
        let text = |path: &[&str]| request.at(path).and_then(Value::as_str);
        let present = |key: &str| request.get(key).filter(|value| value.is_object());
        let object = present("object").or(present("oldObject"))?;
        let fallback = |path: &[&str]| object.at(path).and_then(Value::as_str);
        Some(Self {
            group: text(&["kind", "group"]).unwrap_or(""),
            version: text(&["kind", "version"]).unwrap_or(""),
            kind: text(&["kind", "kind"]).or_else(|| fallback(&["kind"]))?,
            name: text(&["name"])
                .or_else(|| fallback(&["metadata", "name"]))
                .unwrap_or(""),
            namespace: text(&["namespace"])
                .or_else(|| fallback(&["metadata", "namespace"]))
                .unwrap_or(""),
            operation: text(&["operation"]).unwrap_or("CREATE"),
            object: Some(object),
            old: present("oldObject"),
            user: request.get("userInfo"),
            request: Some(request),
            made: OnceCell::new(),
        })
    }

    pub(super) fn object(&self) -> Option<Value<'a>> {
        self.object
    }

    pub(super) fn old_object(&self) -> Option<Value<'a>> {
        self.old
    }

    /// As a whole input: what OPA's admission control reads under `request`, and what Gatekeeper
    /// reads under `review`.
    pub(in crate::languages::rego) fn question(&self) -> Foreign {
        let text = |text: &str| from_term(&Term::text(text));
        Foreign::object([
            ("apiVersion", text("admission.k8s.io/v1")),
            ("kind", text("AdmissionReview")),
            ("request", self.foreign()),
            ("review", self.foreign()),
            ("parameters", Foreign::object([])),
        ])
    }

    /// As the engine's value.
    pub(super) fn foreign(&self) -> Foreign {
        self.made.get_or_init(|| self.make()).clone()
    }

    fn make(&self) -> Foreign {
        let text = |text: &str| from_term(&Term::text(text));
        let kind = Foreign::object([
            ("group", text(self.group)),
            ("version", text(self.version)),
            ("kind", text(self.kind)),
        ]);
        let mut entries = Vec::with_capacity(10);
        if let Some(request) = self.request {
            let known = [
                "kind",
                "name",
                "namespace",
                "operation",
                "object",
                "oldObject",
            ];
            for entry in request
                .entries()
                .filter(|entry| !known.contains(&entry.key))
            {
                entries.push((entry.key, foreign(entry.value)));
            }
        } else {
            if let Some(user) = self.user {
                entries.push(("userInfo", foreign(user)));
            }
            let resource = Foreign::object([
                ("group", text(self.group)),
                ("version", text(self.version)),
                ("resource", text(&plural(self.kind))),
            ]);
            entries.push(("resource", resource));
        }
        entries.push(("kind", kind));
        entries.push(("name", text(self.name)));
        entries.push(("operation", text(self.operation)));
        if !self.namespace.is_empty() {
            entries.push(("namespace", text(self.namespace)));
        }
        if let Some(object) = self.object {
            entries.push(("object", foreign(object)));
        }
        if let Some(old) = self.old {
            entries.push(("oldObject", foreign(old)));
        }
        Foreign::object(entries)
    }
}

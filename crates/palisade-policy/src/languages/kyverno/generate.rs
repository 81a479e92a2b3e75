//! `generate`: objects made from data, or copied from known ones.

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;

use super::conditions::Conditions;
use super::facts::Entry;
use super::jmespath::{Expression, SearchError};
use super::matching::Selector;
use super::response::Response;
use super::scalars::build;
use super::scope::Scope;
use super::template::Template;

/// A `generate` block.
#[derive(Debug)]
pub(crate) struct Generate {
    make: Make,
    loops: Vec<ForEach>,
}

/// What is made.
#[derive(Debug)]
struct Make {
    target: Template,
    data: Option<Template>,
    clone: Option<Template>,
    clone_list: Option<CloneList>,
}

#[derive(Debug)]
struct CloneList {
    namespace: Template,
    kinds: Vec<String>,
    selector: Option<Selector>,
}

#[derive(Debug)]
struct ForEach {
    list: Result<Expression, String>,
    context: Vec<Entry>,
    preconditions: Option<Conditions>,
    make: Make,
}

impl Generate {
    /// Reads a `generate` block.
    pub(crate) fn read(value: Datum<'_>) -> Self {
        let loops = value.get("foreach").into_iter().flat_map(Datum::items);
        let loops = loops.map(|one| {
            let list = one.get("list").and_then(Datum::as_text).unwrap_or("");
            ForEach {
                list: Expression::compile(list),
                context: Entry::read_all(one.get("context")),
                preconditions: one.get("preconditions").map(Conditions::read),
                make: Make::read(one),
            }
        });
        Self {
            make: Make::read(value),
            loops: loops.collect(),
        }
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        let makes = self.loops.iter().map(|one| &one.make).chain([&self.make]);
        for make in makes {
            make.target.mistakes(found);
            let parts = [&make.data, &make.clone];
            parts
                .into_iter()
                .flatten()
                .for_each(|part| part.mistakes(found));
        }
        found.extend(
            self.loops
                .iter()
                .filter_map(|one| one.list.as_ref().err().cloned()),
        );
    }

    /// Makes the objects; what is copied comes from the objects that were handed in.
    pub(crate) fn apply<'x, 'a>(
        &'x self,
        scope: &Scope<'x, 'a>,
    ) -> Result<Response<'a>, Exhausted> {
        let made = if self.loops.is_empty() {
            self.make.make(scope)
        } else {
            self.make_each(scope)
        };
        match made {
            Ok(made) => {
                let mut response = Response::new(Status::Pass, "");
                response.generated = made;
                Ok(response)
            }
            Err(error) => Response::error("failed to generate", &error),
        }
    }

    fn make_each<'x, 'a>(&'x self, scope: &Scope<'x, 'a>) -> Result<Vec<Datum<'a>>, SearchError> {
        let mut made = Vec::new();
        for one in &self.loops {
            let list = one.list.as_ref();
            let listed =
                scope.query(list.map_err(|mistake| SearchError::Failed(mistake.clone()))?)?;
            let elements: Vec<_> = if listed.is_list() {
                listed.items().collect()
            } else {
                vec![listed]
            };
            let saved = scope.save();
            for (at, element) in elements.into_iter().enumerate() {
                scope.restore(&saved);
                scope.set_element(element, at, 0);
                scope.add_entries(&one.context);
                let holds = match &one.preconditions {
                    Some(preconditions) => preconditions.hold(scope)?.0,
                    None => true,
                };
                if holds {
                    made.extend(one.make.make(scope)?);
                }
            }
            scope.restore(&saved);
        }
        Ok(made)
    }
}

impl Make {
    fn read(value: Datum<'_>) -> Self {
        let arena = bumpalo::Bump::new();
        let entries = value.entries();
        let entries =
            entries.filter(|(key, _)| matches!(*key, "apiVersion" | "kind" | "name" | "namespace"));
        let target = build::map(&arena, entries.collect());
        let clone_list = value.get("cloneList").map(|list| {
            let kinds = list.get("kinds").into_iter().flat_map(Datum::items);
            CloneList {
                namespace: list
                    .get("namespace")
                    .map_or(Template::Text("".into()), Template::of),
                kinds: kinds.map(build::sprint).collect(),
                selector: list.get("selector").map(Selector::read),
            }
        });
        Self {
            target: Template::of(target),
            data: value.get("data").map(Template::of),
            clone: value.get("clone").map(Template::of),
            clone_list,
        }
    }

    fn make<'a>(&self, scope: &Scope<'_, 'a>) -> Result<Vec<Datum<'a>>, SearchError> {
        let target = self.target.fill(scope)?;
        if let Some(list) = &self.clone_list {
            return list.make(scope, target);
        }
        let base = match (&self.data, &self.clone) {
            (Some(data), _) => data.fill(scope)?,
            (None, Some(clone)) => {
                let source = clone.fill(scope)?;
                copied(scope, find_source(scope, target, source)?)
            }
            (None, None) => Datum::Map(&[]),
        };
        Ok(vec![named(scope, base, target)])
    }
}

impl CloneList {
    fn make<'a>(
        &self,
        scope: &Scope<'_, 'a>,
        target: Datum<'a>,
    ) -> Result<Vec<Datum<'a>>, SearchError> {
        let namespace = self.namespace.fill_text(scope)?;
        let found = scope.request.known_objects().filter(|object| {
            let text = |path: &[&str]| build::text_at(*object, path).unwrap_or("");
            let full = format!("{}/{}", text(&["apiVersion"]), text(&["kind"]));
            let labels = build::at(*object, &["metadata", "labels"]).unwrap_or(Datum::Null);
            self.kinds
                .iter()
                .any(|kind| *kind == full || kind == text(&["kind"]))
                && text(&["metadata", "namespace"]) == namespace
                && self.selector.as_ref().is_none_or(|one| one.matches(labels))
        });
        let made = found.map(|object| {
            let name = build::at(object, &["metadata", "name"]).unwrap_or(Datum::Null);
            let arena = scope.context.arena;
            let kind = |key| object.get(key).unwrap_or(Datum::Null);
            let mut target = build::with(arena, target, "name", name);
            target = build::with(arena, target, "apiVersion", kind("apiVersion"));
            target = build::with(arena, target, "kind", kind("kind"));
            named(scope, copied(scope, object), target)
        });
        Ok(made.collect())
    }
}

fn find_source<'a>(
    scope: &Scope<'_, 'a>,
    target: Datum<'a>,
    source: Datum<'a>,
) -> Result<Datum<'a>, SearchError> {
    let text = |of: Datum<'a>, key: &str| of.get(key).and_then(Datum::as_text).unwrap_or("");
    let (namespace, name) = (text(source, "namespace"), text(source, "name"));
    let kind = text(target, "kind");
    let found = scope.request.known_objects().find(|object| {
        let text = |path: &[&str]| build::text_at(*object, path).unwrap_or("");
        text(&["kind"]) == kind
            && text(&["metadata", "name"]) == name
            && text(&["metadata", "namespace"]) == namespace
    });
    found.ok_or_else(|| {
        SearchError::Failed(format!(
            "no {kind} `{namespace}/{name}` is known to copy from"
        ))
    })
}

/// A copy without what belongs to the one object only.
fn copied<'a>(scope: &Scope<'_, 'a>, object: Datum<'a>) -> Datum<'a> {
    let arena = scope.context.arena;
    let Some(metadata) = object.get("metadata") else {
        return object;
    };
    let own = [
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "ownerReferences",
        "selfLink",
    ];
    let kept = metadata.entries().filter(|(key, _)| !own.contains(key));
    let metadata = build::map(arena, kept.collect());
    let object = build::without(arena, object, "status");
    build::with(arena, object, "metadata", metadata)
}

fn named<'a>(scope: &Scope<'_, 'a>, base: Datum<'a>, target: Datum<'a>) -> Datum<'a> {
    let arena = scope.context.arena;
    let mut made = base;
    for key in ["apiVersion", "kind"] {
        if let Some(value) = target.get(key) {
            made = build::with(arena, made, key, value);
        }
    }
    for key in ["name", "namespace"] {
        let value = target.get(key).filter(|value| value.as_text() != Some(""));
        made = match value {
            Some(value) => build::with_at(arena, made, &["metadata", key], value),
            None => made,
        };
    }
    made
}

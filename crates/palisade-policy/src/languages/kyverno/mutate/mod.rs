//! `mutate`: strategic merge patches, JSON patches, loops, and patches of other objects.

mod json_patch;
mod merge;
mod overlay;

use bumpalo::Bump;

use crate::answer::Status;
use crate::budget::Exhausted;
use crate::datum::Datum;

use super::conditions::Conditions;
use super::facts::Entry;
use super::jmespath::{Expression, SearchError};
use super::matching::Selector;
use super::references;
use super::response::Response;
use super::scalars::{build, wildcard};
use super::scope::Scope;
use super::template::Template;

/// A `mutate` block.
#[derive(Debug)]
pub(crate) struct Mutate {
    targets: Vec<Target>,
    patch: Patch,
}

#[derive(Debug)]
struct Target {
    api_version: Template,
    kind: Template,
    namespace: Option<Template>,
    name: Option<Template>,
    selector: Option<Selector>,
    context: Vec<Entry>,
    preconditions: Option<Conditions>,
}

#[derive(Debug)]
enum Patch {
    Merge(Template),
    Json(Template),
    ForEach(Vec<ForEach>),
    None,
}

#[derive(Debug)]
struct ForEach {
    list: Result<Expression, String>,
    descending: bool,
    context: Vec<Entry>,
    preconditions: Option<Conditions>,
    patch: Patch,
}

impl Mutate {
    /// Reads a `mutate` block.
    pub(crate) fn read(arena: &Bump, mutate: Datum<'_>) -> Self {
        let targets = mutate.get("targets").into_iter().flat_map(Datum::items);
        Self {
            targets: targets.map(Target::read).collect(),
            patch: Patch::read(arena, mutate),
        }
    }

    /// Whether it changes other objects than the request's.
    pub(crate) fn is_of_others(&self) -> bool {
        !self.targets.is_empty()
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        self.patch.mistakes(found);
    }
}

impl Target {
    fn read(value: Datum<'_>) -> Self {
        let part = |key| value.get(key).map(Template::of);
        Self {
            api_version: part("apiVersion").unwrap_or(Template::Null),
            kind: part("kind").unwrap_or(Template::Null),
            namespace: part("namespace"),
            name: part("name"),
            selector: value.get("selector").map(Selector::read),
            context: Entry::read_all(value.get("context")),
            preconditions: value.get("preconditions").map(Conditions::read),
        }
    }

    /// The known objects that it names.
    fn find<'a>(&self, scope: &Scope<'_, 'a>) -> Result<Vec<Datum<'a>>, SearchError> {
        let text = |part: &Option<Template>| match part {
            Some(part) => part.fill_text(scope).map(Some),
            None => Ok(None),
        };
        let api_version = self.api_version.fill_text(scope)?;
        let kind = self.kind.fill_text(scope)?;
        let (namespace, name) = (text(&self.namespace)?, text(&self.name)?);
        let fits = |pattern: Option<&str>, text: &str| {
            pattern.is_none_or(|pattern| pattern.is_empty() || wildcard::matches(pattern, text))
        };
        let found = scope.request.known_objects().filter(|object| {
            let text = |path: &[&str]| build::text_at(*object, path).unwrap_or("");
            let labels = build::at(*object, &["metadata", "labels"]).unwrap_or(Datum::Null);
            wildcard::matches(api_version, text(&["apiVersion"]))
                && wildcard::matches(kind, text(&["kind"]))
                && fits(name, text(&["metadata", "name"]))
                && fits(namespace, text(&["metadata", "namespace"]))
                && self.selector.as_ref().is_none_or(|one| one.matches(labels))
        });
        Ok(found.collect())
    }
}

impl Patch {
    fn read(arena: &Bump, block: Datum<'_>) -> Self {
        if let Some(overlay) = block.get("patchStrategicMerge") {
            let overlay = build::copy(arena, overlay);
            return Self::Merge(Template::of(references::resolve(arena, overlay)));
        }
        if let Some(patch) = block.get("patchesJson6902") {
            return Self::Json(Template::of(patch));
        }
        match block.get("foreach") {
            Some(loops) => {
                Self::ForEach(loops.items().map(|one| ForEach::read(arena, one)).collect())
            }
            None => Self::None,
        }
    }

    fn mistakes(&self, found: &mut Vec<String>) {
        match self {
            Self::Merge(template) | Self::Json(template) => template.mistakes(found),
            Self::ForEach(loops) => {
                for one in loops {
                    found.extend(one.list.as_ref().err().cloned());
                    one.context.iter().for_each(|entry| entry.mistakes(found));
                    if let Some(preconditions) = &one.preconditions {
                        preconditions.mistakes(found);
                    }
                    one.patch.mistakes(found);
                }
            }
            Self::None => found.push("`mutate` has no patch".to_owned()),
        }
    }
}

impl ForEach {
    fn read(arena: &Bump, value: Datum<'_>) -> Self {
        let list = value.get("list").and_then(Datum::as_text).unwrap_or("");
        let patch = Patch::read(arena, value);
        let descending = match value.get("order").and_then(Datum::as_text) {
            Some(order) => order == "Descending",
            None => matches!(patch, Patch::Merge(_)),
        };
        Self {
            list: Expression::compile(list),
            descending,
            context: Entry::read_all(value.get("context")),
            preconditions: value.get("preconditions").map(Conditions::read),
            patch,
        }
    }
}

/// What a patch came to: the changed object, nothing to change, or an answer that ends the rule.
enum Applied<'a> {
    Changed(Datum<'a>),
    Unchanged,
    Ended(Box<Response<'a>>),
}

fn failed<'a>(what: &str, error: &SearchError) -> Result<Applied<'a>, Exhausted> {
    Response::error(what, error).map(|response| Applied::Ended(Box::new(response)))
}

/// Changes the request's object, or the objects that the rule names.
pub(crate) fn apply<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    mutate: &'x Mutate,
) -> Result<Vec<Response<'a>>, Exhausted> {
    if mutate.is_of_others() {
        return apply_to_others(scope, mutate);
    }
    let object = scope.object().unwrap_or(Datum::Null);
    let applied = apply_patch(scope, &mutate.patch, object, 0)?;
    Ok(vec![answer(applied, object)])
}

fn answer<'a>(applied: Applied<'a>, object: Datum<'a>) -> Response<'a> {
    match applied {
        Applied::Ended(response) => *response,
        Applied::Unchanged => Response::new(Status::Skip, "no patches applied"),
        Applied::Changed(patched) => {
            let text = |path: &[&str]| build::text_at(object, path).unwrap_or("");
            let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
            let mut message = format!("mutated {kind}/{name}");
            if !text(&["metadata", "namespace"]).is_empty() {
                message.push_str(" in namespace ");
                message.push_str(text(&["metadata", "namespace"]));
            }
            let mut response = Response::new(Status::Pass, message);
            response.patched = Some(patched);
            response
        }
    }
}

fn apply_to_others<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    mutate: &'x Mutate,
) -> Result<Vec<Response<'a>>, Exhausted> {
    let mut responses = Vec::new();
    for target in &mutate.targets {
        let objects = match target.find(scope) {
            Ok(objects) => objects,
            Err(error) => {
                responses.push(Response::error("failed to find targets", &error)?);
                continue;
            }
        };
        for object in objects {
            let saved = scope.save();
            scope.set("target", object);
            scope.add_entries(&target.context);
            let response = apply_to_target(scope, target, &mutate.patch, object);
            scope.restore(&saved);
            responses.push(response?);
        }
    }
    Ok(responses)
}

fn apply_to_target<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    target: &'x Target,
    patch: &'x Patch,
    object: Datum<'a>,
) -> Result<Response<'a>, Exhausted> {
    if let Some(preconditions) = &target.preconditions {
        match preconditions.hold(scope) {
            Ok((true, _)) => {}
            Ok((false, _)) => return Ok(Response::new(Status::Skip, "preconditions not met")),
            Err(error) => return Response::error("failed to evaluate preconditions", &error),
        }
    }
    let mut response = answer(apply_patch(scope, patch, object, 0)?, object);
    response.target = response.patched.take();
    Ok(response)
}

fn apply_patch<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    patch: &'x Patch,
    object: Datum<'a>,
    nesting: usize,
) -> Result<Applied<'a>, Exhausted> {
    let patched = match patch {
        Patch::ForEach(loops) => return for_each(scope, loops, object, nesting),
        Patch::None => {
            let error = SearchError::Failed("`mutate` has no patch".to_owned());
            return failed("failed to mutate", &error);
        }
        Patch::Merge(overlay) => {
            let overlay = match overlay.fill(scope) {
                Ok(overlay) => overlay,
                Err(error) => return failed("variable substitution failed", &error),
            };
            overlay::apply(scope.context, object, overlay)
        }
        Patch::Json(patch) => {
            let patch = match patch.fill(scope) {
                Ok(patch) => patch,
                Err(error) => return failed("variable substitution failed", &error),
            };
            json_patch::apply(scope.context, object, patch)
        }
    };
    match patched {
        Ok(patched) if build::equal(patched, object) => Ok(Applied::Unchanged),
        Ok(patched) => Ok(Applied::Changed(patched)),
        Err(error) => failed("failed to patch resource", &error),
    }
}

fn for_each<'x, 'a>(
    scope: &'x Scope<'x, 'a>,
    loops: &'x [ForEach],
    object: Datum<'a>,
    nesting: usize,
) -> Result<Applied<'a>, Exhausted> {
    let mut patched = object;
    let mut applied = false;
    for one in loops {
        let listed = match &one.list {
            Ok(list) => scope.query(list),
            Err(mistake) => Err(SearchError::Failed(mistake.clone())),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return failed("failed to evaluate list", &error),
        };
        let mut elements: Vec<_> = if listed.is_list() {
            listed.items().enumerate().collect()
        } else {
            vec![(0, listed)]
        };
        if one.descending {
            elements.reverse();
        }
        let saved = scope.save();
        let changed = one.elements(scope, &elements, patched, nesting);
        scope.restore(&saved);
        match changed? {
            Applied::Changed(changed) => {
                applied = true;
                patched = changed;
                if !scope.has("target") {
                    scope.set_object(patched);
                }
            }
            Applied::Unchanged => {}
            ended @ Applied::Ended(_) => return Ok(ended),
        }
    }
    Ok(if applied {
        Applied::Changed(patched)
    } else {
        Applied::Unchanged
    })
}

impl ForEach {
    fn elements<'x, 'a>(
        &'x self,
        scope: &'x Scope<'x, 'a>,
        elements: &[(usize, Datum<'a>)],
        object: Datum<'a>,
        nesting: usize,
    ) -> Result<Applied<'a>, Exhausted> {
        let saved = scope.save();
        let mut patched = object;
        for (index, element) in elements {
            if build::is_null(*element) {
                continue;
            }
            scope.context.charge(1)?;
            scope.restore(&saved);
            scope.set_element(*element, *index, nesting);
            scope.add_entries(&self.context);
            if let Some(preconditions) = &self.preconditions {
                match preconditions.hold(scope) {
                    Ok((true, _)) => {}
                    Ok((false, _)) => continue,
                    Err(error) => return failed("failed to evaluate preconditions", &error),
                }
            }
            match apply_patch(scope, &self.patch, patched, nesting + 1)? {
                Applied::Changed(changed) => patched = changed,
                Applied::Unchanged => {}
                ended @ Applied::Ended(_) => return Ok(ended),
            }
        }
        Ok(if build::equal(patched, object) {
            Applied::Unchanged
        } else {
            Applied::Changed(patched)
        })
    }
}

#[cfg(test)]
mod tests;

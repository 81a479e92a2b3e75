//! A rule's context: variables that are computed, and facts of the cluster and of registries that
//! were handed in with the request. What was not handed in is an error when it is read.

use crate::datum::Datum;

use super::images::Image;
use super::jmespath::{Expression, SearchError};
use super::scalars::build;
use super::scope::Scope;
use super::template::Template;

/// One entry of a context.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name that expressions read it by.
    pub(crate) name: Box<str>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Variable {
        value: Option<Template>,
        path: Option<Template>,
        default: Option<Template>,
    },
    ConfigMap {
        name: Template,
        namespace: Template,
    },
    ApiCall {
        url: Template,
        path: Option<Template>,
        default: Option<Template>,
    },
    Image {
        reference: Template,
        path: Option<Template>,
    },
    Global {
        name: Template,
        path: Option<Template>,
    },
    Unknown,
}

impl Entry {
    /// Reads a `context` list.
    pub(crate) fn read_all(context: Option<Datum<'_>>) -> Vec<Self> {
        context
            .into_iter()
            .flat_map(Datum::items)
            .map(Self::read)
            .collect()
    }

    fn read(entry: Datum<'_>) -> Self {
        let name = entry.get("name").and_then(Datum::as_text).unwrap_or("");
        Self {
            name: name.into(),
            source: Source::read(entry),
        }
    }

    /// The mistakes in its expressions.
    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        let parts: [Option<&Template>; 3] = match &self.source {
            Source::Variable {
                value,
                path,
                default,
            } => [value.as_ref(), path.as_ref(), default.as_ref()],
            Source::ConfigMap { name, namespace } => [Some(name), Some(namespace), None],
            Source::ApiCall { url, path, default } => [Some(url), path.as_ref(), default.as_ref()],
            Source::Image { reference, path } => [Some(reference), path.as_ref(), None],
            Source::Global { name, path } => [Some(name), path.as_ref(), None],
            Source::Unknown => [None; 3],
        };
        parts
            .into_iter()
            .flatten()
            .for_each(|part| part.mistakes(found));
    }
}

impl Source {
    fn read(entry: Datum<'_>) -> Self {
        let part = |of: Datum<'_>, key: &str| of.get(key).map(Template::of);
        let text =
            |of: Datum<'_>, key: &str| part(of, key).unwrap_or_else(|| Template::Text("".into()));
        if let Some(variable) = entry.get("variable") {
            return Self::Variable {
                value: part(variable, "value"),
                path: part(variable, "jmesPath"),
                default: part(variable, "default"),
            };
        }
        if let Some(map) = entry.get("configMap") {
            return Self::ConfigMap {
                name: text(map, "name"),
                namespace: text(map, "namespace"),
            };
        }
        if let Some(call) = entry.get("apiCall") {
            let service = call.get("service").and_then(|service| part(service, "url"));
            return Self::ApiCall {
                url: part(call, "urlPath").or(service).unwrap_or(Template::Null),
                path: part(call, "jmesPath"),
                default: part(call, "default"),
            };
        }
        if let Some(image) = entry.get("imageRegistry") {
            return Self::Image {
                reference: text(image, "reference"),
                path: part(image, "jmesPath"),
            };
        }
        if let Some(global) = entry.get("globalReference") {
            return Self::Global {
                name: text(global, "name"),
                path: part(global, "jmesPath"),
            };
        }
        Self::Unknown
    }
}

type Loaded<'a> = Result<Option<Datum<'a>>, SearchError>;

/// Looks an entry up; `None` if a test file already gives its value.
pub(crate) fn load<'a>(entry: &Entry, scope: &Scope<'_, 'a>) -> Loaded<'a> {
    let loaded = look_up(entry, scope)?;
    if loaded.is_some_and(build::is_too_deep) {
        let (name, most) = (&entry.name, build::MAX_DEPTH);
        let message = format!("context entry `{name}` is nested deeper than {most}");
        return Err(SearchError::Failed(message));
    }
    Ok(loaded)
}

fn look_up<'a>(entry: &Entry, scope: &Scope<'_, 'a>) -> Loaded<'a> {
    let unknown = |reason: String| {
        scope.context.miss(reason.clone());
        let name = &entry.name;
        SearchError::Failed(format!("failed to load context entry `{name}`: {reason}"))
    };
    let failed = |reason: String| {
        let name = &entry.name;
        SearchError::Failed(format!("failed to load context entry `{name}`: {reason}"))
    };
    if let Source::Variable {
        value,
        path,
        default,
    } = &entry.source
    {
        let found =
            variable(scope, value.as_ref(), path.as_ref(), default.as_ref()).map_err(|error| {
                match error {
                    SearchError::Exhausted(_) => error,
                    error => failed(error.to_string()),
                }
            })?;
        if build::is_null(found) {
            return Err(failed("it evaluated to nothing".to_owned()));
        }
        return Ok(Some(found));
    }
    if scope.has(&entry.name) {
        return Ok(None);
    }
    let found = match &entry.source {
        Source::ConfigMap { name, namespace } => {
            let (name, namespace) = (name.fill_text(scope)?, namespace.fill_text(scope)?);
            let found = config_map(scope, name, namespace);
            found.ok_or_else(|| unknown(format!("no ConfigMap `{namespace}/{name}` is known")))?
        }
        Source::ApiCall { url, path, default } => {
            let url = url.fill_text(scope)?;
            match api_call(scope, url) {
                Some(found) => apply(scope, found, path.as_ref())?,
                None => match default {
                    Some(default) => default.fill(scope)?,
                    None => return Err(unknown(format!("no answer to `{url}` is known"))),
                },
            }
        }
        Source::Image { reference, path } => {
            let reference = reference.fill_text(scope)?;
            let found = image_fact(scope, reference);
            let found = found
                .ok_or_else(|| unknown(format!("nothing is known of the image `{reference}`")))?;
            apply(scope, found, path.as_ref())?
        }
        Source::Global { name, path } => {
            let name = name.fill_text(scope)?;
            let found = supplied_variable(scope, name);
            let found = found.ok_or_else(|| unknown(format!("no global `{name}` is known")))?;
            apply(scope, found, path.as_ref())?
        }
        Source::Variable { .. } | Source::Unknown => {
            return Err(failed("its kind is not supported".to_owned()));
        }
    };
    Ok(Some(found))
}

fn variable<'a>(
    scope: &Scope<'_, 'a>,
    value: Option<&Template>,
    path: Option<&Template>,
    default: Option<&Template>,
) -> Result<Datum<'a>, SearchError> {
    let path = match path {
        Some(path) => Some(path.fill_text(scope)?),
        None => None,
    };
    let default = match default {
        Some(default) => Some(default.fill(scope)?),
        None => None,
    };
    let fallback = |found: Result<Datum<'a>, SearchError>| match (found, default) {
        (Err(SearchError::Exhausted(reason)), _) => Err(reason.into()),
        (Ok(found), Some(default)) if build::is_null(found) => Ok(default),
        (Err(_), Some(default)) if !build::is_null(default) => Ok(default),
        (found, _) => found,
    };
    match (value, path) {
        (Some(value), Some(path)) => {
            let value = value.fill(scope)?;
            let compiled = Expression::compile(path).map_err(SearchError::Failed)?;
            fallback(compiled.search(scope.context, value))
        }
        (Some(value), None) => value.fill(scope),
        (None, Some(path)) => {
            let compiled = Expression::compile(path).map_err(SearchError::Failed)?;
            fallback(scope.query(&compiled))
        }
        (None, None) => Ok(default.unwrap_or(Datum::Null)),
    }
}

/// Applies an entry's `jmesPath` to what was found.
fn apply<'a>(
    scope: &Scope<'_, 'a>,
    found: Datum<'a>,
    path: Option<&Template>,
) -> Result<Datum<'a>, SearchError> {
    let Some(path) = path else {
        return Ok(found);
    };
    let path = path.fill_text(scope)?;
    let compiled = Expression::compile(path).map_err(SearchError::Failed)?;
    compiled.search(scope.context, found)
}

fn config_map<'a>(scope: &Scope<'_, 'a>, name: &str, namespace: &str) -> Option<Datum<'a>> {
    scope.request.known_objects().find(|object| {
        let is = |path: &[&str], text: &str| build::text_at(*object, path).unwrap_or("") == text;
        is(&["kind"], "ConfigMap")
            && is(&["metadata", "name"], name)
            && is(&["metadata", "namespace"], namespace)
    })
}

/// The answer of an API call: one that was recorded, or one that known objects give.
fn api_call<'a>(scope: &Scope<'_, 'a>, url: &str) -> Option<Datum<'a>> {
    let recorded = scope.request.supplied.api_calls.iter();
    if let Some((_, answer)) = recorded.clone().find(|(path, _)| *path == url) {
        let answer = Datum::from(*answer);
        // An answer of a service may be given with its status.
        let body = answer.get("body").filter(|_| url.contains("://"));
        return Some(body.unwrap_or(answer));
    }
    let path = url.split('?').next().unwrap_or(url);
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group_version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ((*version).to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return None,
    };
    let (namespace, plural, name) = match rest {
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        [plural] => (None, *plural, None),
        [plural, name] => (None, *plural, Some(*name)),
        _ => return None,
    };
    let mut known = scope.request.known_objects().filter(|object| {
        let text = |path: &[&str]| build::text_at(*object, path).unwrap_or("");
        let kind = text(&["kind"]).to_lowercase();
        let plurals = [
            format!("{kind}s"),
            format!("{kind}es"),
            format!("{}ies", kind.trim_end_matches('y')),
        ];
        text(&["apiVersion"]) == group_version
            && plurals.iter().any(|known| known == plural)
            && namespace.is_none_or(|namespace| text(&["metadata", "namespace"]) == namespace)
    });
    if let Some(name) = name {
        return known.find(|object| build::text_at(*object, &["metadata", "name"]) == Some(name));
    }
    let items: Vec<_> = known.collect();
    if items.is_empty() {
        return None;
    }
    let arena = scope.context.arena;
    Some(build::map(
        arena,
        vec![("items", build::list(arena, items))],
    ))
}

/// What was handed in about an image, by its reference as written or in full.
pub(crate) fn image_fact<'a>(scope: &Scope<'_, 'a>, reference: &str) -> Option<Datum<'a>> {
    let full = Image::parse(reference).map(|image| image.reference());
    let mut known = scope.request.supplied.images.iter();
    known
        .find(|(known, _)| {
            *known == reference
                || full.is_some() && Image::parse(known).map(|image| image.reference()) == full
        })
        .map(|(_, fact)| Datum::from(*fact))
}

fn supplied_variable<'a>(scope: &Scope<'_, 'a>, name: &str) -> Option<Datum<'a>> {
    let mut given = scope.request.variables.iter();
    if let Some((_, value)) = given.find(|(known, _)| *known == name) {
        return Some(*value);
    }
    let variables = Datum::from(scope.request.supplied.variables?);
    variables.get(name)
}

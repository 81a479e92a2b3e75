//! What admission expressions see: `object`, `oldObject`, `request`, `params`, `namespaceObject`,
//! `authorizer` and the facts behind look-ups.

use super::super::environment::Facts;
use super::super::foreign::Foreign;
use super::super::library::authorizer::Access;
use super::super::library::lookups::plural;
use super::super::overload::Dialect;
use super::super::scope::Scope;
use super::super::value::Val;
use crate::context::Context;
use crate::datum::Datum;
use crate::languages::kyverno::request::Request;

/// Names of variables, in the order of their values.
const ROOTS: [&str; 11] = [
    "object",
    "oldObject",
    "request",
    "params",
    "namespaceObject",
    "authorizer",
    "authorizer.requestResource",
    "images",
    "attestors",
    "attestations",
    "exceptions",
];

/// The values of an evaluation's variables, and its facts.
#[derive(Debug)]
pub(crate) struct Bound<'v> {
    /// In the order of [`ROOTS`].
    pub(crate) roots: &'v [Option<Val<'v>>],
    /// What look-ups are answered by.
    pub(crate) facts: Facts<'v>,
}

/// Values besides those of the request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Roots<'v> {
    /// What the policy is parametrised with.
    pub(crate) params: Option<Datum<'v>>,
    /// The object in place of the request's, such as one that was changed by an earlier mutation.
    pub(crate) object: Option<Val<'v>>,
    /// `images`: texts by the name of their extractor.
    pub(crate) images: Option<Val<'v>>,
    /// `attestors` and `attestations` of policies on images.
    pub(crate) attestors: Option<Val<'v>>,
    pub(crate) attestations: Option<Val<'v>>,
    /// What exceptions allow.
    pub(crate) exceptions: Option<Val<'v>>,
    /// The namespace that the policy is confined to.
    pub(crate) namespace: &'v str,
}

impl<'v> Roots<'v> {
    /// The names that expressions may use.
    pub(crate) fn scope(dialect: Dialect) -> Scope {
        let count = if dialect == Dialect::Kyverno {
            ROOTS.len()
        } else {
            7
        };
        Scope::new(dialect, ROOTS.get(..count).unwrap_or(&ROOTS))
    }

    /// The values for a request.
    pub(crate) fn bind(self, context: &'v Context<'v>, request: &'v Request<'v>) -> Bound<'v> {
        let arena = context.arena;
        let or_null = |value: Option<Datum<'v>>| Some(value.map_or(Val::Null, Val::from));
        let access = |access| Some(Val::Foreign(arena.alloc(Foreign::Access(access))));
        let resource = resource_of(context, request);
        let group = request
            .target
            .map_or(request.gvk.group, |target| target.group);
        let own = Access::resource(group, resource, (request.namespace, request.name));
        let empty = || Some(Val::Map(&[]));
        let roots = [
            self.object.or_else(|| or_null(request.object)),
            or_null(request.old_object),
            Some(request_value(context, request, resource)),
            or_null(self.params),
            Some(namespace_object(context, request)),
            access(Access::default()),
            access(own),
            self.images.or_else(empty),
            self.attestors.or_else(empty),
            self.attestations.or_else(empty),
            self.exceptions.or_else(empty),
        ];
        Bound {
            roots: arena.alloc_slice_copy(&roots),
            facts: facts(context, request, self.namespace),
        }
    }
}

fn facts<'v>(context: &'v Context<'v>, request: &'v Request<'v>, namespace: &'v str) -> Facts<'v> {
    let arena = context.arena;
    let objects: Vec<Datum<'v>> = request.known_objects().collect();
    let mut named: Vec<(&'v str, Datum<'v>)> = request.variables.to_vec();
    if let Some(variables) = request.supplied.variables {
        named.extend(Datum::from(variables).entries());
    }
    Facts {
        objects: arena.alloc_slice_copy(&objects),
        supplied: request.supplied,
        named: arena.alloc_slice_copy(&named),
        namespace,
        ..Facts::default()
    }
}

/// The plural resource name, as the request says it or as the kind's name makes it.
pub(crate) fn resource_of<'v>(context: &'v Context<'v>, request: &Request<'v>) -> &'v str {
    if request.resource.is_empty() {
        return context.arena.alloc_str(&plural(request.gvk.kind));
    }
    request.resource
}

fn request_value<'v>(
    context: &'v Context<'v>,
    request: &'v Request<'v>,
    resource: &'v str,
) -> Val<'v> {
    let arena = context.arena;
    let map = |entries: &[(&'v str, Val<'v>)]| {
        let entries = entries.iter().map(|(key, value)| (Val::Text(key), *value));
        let entries: Vec<_> = entries.collect();
        Val::Map(arena.alloc_slice_copy(&entries))
    };
    let gvk = request.gvk;
    let (group, version) = (Val::Text(gvk.group), Val::Text(gvk.version));
    let kind = map(&[
        ("group", group),
        ("version", version),
        ("kind", Val::Text(gvk.kind)),
    ]);
    let resource = Val::Text(resource);
    let resource = map(&[
        ("group", group),
        ("version", version),
        ("resource", resource),
    ]);
    let of_user = |key, default| request.user_info.get(key).map_or(default, Val::from);
    let user = map(&[
        ("username", of_user("username", Val::Text(""))),
        ("uid", of_user("uid", Val::Text(""))),
        ("groups", of_user("groups", Val::List(&[]))),
        ("extra", of_user("extra", Val::Map(&[]))),
    ]);
    let said = |key| request.review.and_then(|review| review.get(key));
    let said = |key, default| said(key).map_or(default, Val::from);
    let or_null = |value: Option<Datum<'v>>| value.map_or(Val::Null, Val::from);
    map(&[
        ("uid", said("uid", Val::Text(""))),
        ("kind", said("kind", kind)),
        ("resource", said("resource", resource)),
        ("subResource", Val::Text(request.subresource)),
        ("requestKind", said("requestKind", kind)),
        ("requestResource", said("requestResource", resource)),
        (
            "requestSubResource",
            said("requestSubResource", Val::Text(request.subresource)),
        ),
        ("name", Val::Text(request.name)),
        ("namespace", Val::Text(request.namespace)),
        ("operation", Val::Text(request.operation.word())),
        ("userInfo", user),
        ("dryRun", Val::Bool(request.dry_run)),
        ("options", said("options", Val::Null)),
        ("object", or_null(request.object)),
        ("oldObject", or_null(request.old_object)),
    ])
}

/// The request's namespace: as it is known, or just its name and labels.
fn namespace_object<'v>(context: &'v Context<'v>, request: &'v Request<'v>) -> Val<'v> {
    if request.namespace.is_empty() {
        return Val::Null;
    }
    let known = request.known_objects().find(|object| {
        let name = object
            .get("metadata")
            .and_then(|metadata| metadata.get("name"));
        object.get("kind").and_then(Datum::as_text) == Some("Namespace")
            && name.and_then(Datum::as_text) == Some(request.namespace)
    });
    if let Some(known) = known {
        return Val::from(known);
    }
    let arena = context.arena;
    // Labels that are unknown are left out: who asks for them gets an error.
    let labels = request.declared_labels.filter(|labels| labels.is_map());
    let labels = labels.map(|labels| (Val::Text("labels"), Val::from(labels)));
    let name = (Val::Text("name"), Val::Text(request.namespace));
    let metadata: Vec<_> = std::iter::once(name).chain(labels).collect();
    let object = [
        (Val::Text("apiVersion"), Val::Text("v1")),
        (Val::Text("kind"), Val::Text("Namespace")),
        (
            Val::Text("metadata"),
            Val::Map(arena.alloc_slice_copy(&metadata)),
        ),
    ];
    Val::Map(arena.alloc_slice_copy(&object))
}

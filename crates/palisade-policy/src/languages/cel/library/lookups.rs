//! Kyverno's look-ups, answered from supplied facts: `resource`, `globalContext`, `image.GetMetadata`,
//! `http`, and `generator.Apply`, which only records what is to be made.

use super::super::fault::Fault;
use super::super::machine::Machine;
use super::super::overload::{Overload, Type};
use super::super::value::{Message, Val};
use super::kyverno::copied;
use super::{text, value};
use crate::context::HttpRequest;
use crate::datum::Datum;

const R: Type = Type::Named("kyverno.resource");
const H: Type = Type::Named("kyverno.http");
const G: Type = Type::Named("kyverno.globalContext");
const MAKE: Type = Type::Named("kyverno.generator");
const T: Type = Type::Text;
const MAP: Type = Type::Map;
const ANY: Type = Type::Any;

pub(super) const OVERLOADS: &[Overload] = &[
    Overload::member("Get", &[R, T, T, T, T], get),
    Overload::member("get", &[R, T, T, T, T], get),
    Overload::member("Get", &[R, T, T, T], get),
    Overload::member("get", &[R, T, T, T], get),
    Overload::member("Get", &[R, ANY, T, T], get),
    Overload::member("get", &[R, ANY, T, T], get),
    Overload::member("List", &[R, T, T, T], list),
    Overload::member("list", &[R, T, T, T], list),
    Overload::member("List", &[R, T, T], list),
    Overload::member("list", &[R, T, T], list),
    Overload::member("List", &[R, ANY, T], list),
    Overload::member("list", &[R, ANY, T], list),
    Overload::member("List", &[R, T, T, T, MAP], list),
    Overload::member("list", &[R, T, T, T, MAP], list),
    Overload::member("List", &[R, T, T, MAP], list),
    Overload::member("list", &[R, T, T, MAP], list),
    Overload::member("Post", &[R, T, T, T, MAP], post),
    Overload::member("post", &[R, T, T, T, MAP], post),
    Overload::member("Post", &[R, T, T, MAP], post),
    Overload::member("post", &[R, T, T, MAP], post),
    Overload::member("ToGVR", &[R, T, T], to_gvr),
    Overload::member("toGVR", &[R, T, T], to_gvr),
    Overload::member("Get", &[G, T], global),
    Overload::member("get", &[G, T], global),
    Overload::member("Get", &[G, T, T], global),
    Overload::member("get", &[G, T, T], global),
    Overload::member("Get", &[H, T], http),
    Overload::member("get", &[H, T], http),
    Overload::member("Get", &[H, T, MAP], http),
    Overload::member("get", &[H, T, MAP], http),
    Overload::member("Post", &[H, T, ANY], http),
    Overload::member("post", &[H, T, ANY], http),
    Overload::member("Post", &[H, T, ANY, MAP], http),
    Overload::member("post", &[H, T, ANY, MAP], http),
    Overload::member("Client", &[H, T], |_, a| value(a, 0)),
    Overload::member("client", &[H, T], |_, a| value(a, 0)),
    Overload::global("image.GetMetadata", &[T], metadata),
    Overload::global("image.getMetadata", &[T], metadata),
    Overload::global("imageData.Get", &[T], metadata),
    Overload::global("imageData.get", &[T], metadata),
    Overload::global("getImageData", &[T], metadata),
    Overload::global("verifyImageSignatures", &[T, Type::List], signatures),
    Overload::global(
        "verifyAttestationSignatures",
        &[T, T, Type::List],
        attestations,
    ),
    Overload::global("extractPayload", &[T, T], payload),
    Overload::member("Apply", &[MAKE, T, Type::List], generate),
    Overload::member("apply", &[MAKE, T, Type::List], generate),
];

/// `apiVersion` and plural resource of a call, and the arguments after them.
fn kind_of<'v, 'c>(arguments: &'c [Val<'v>]) -> Result<(&'v str, &'v str, &'c [Val<'v>]), Fault> {
    let field = |of: Val<'v>, name: &str| of.field(name).and_then(Val::as_text).unwrap_or("");
    match (value(arguments, 1)?, arguments.get(2)) {
        (Val::Text(version), Some(Val::Text(resource))) => {
            Ok((version, resource, arguments.get(3..).unwrap_or(&[])))
        }
        (gvr @ Val::Message(_), _) => Ok((
            field(gvr, "groupVersion"),
            field(gvr, "resource"),
            arguments.get(2..).unwrap_or(&[]),
        )),
        _ => Err(Fault::no_overload()),
    }
}

fn part<'v>(object: Datum<'v>, path: &[&str]) -> Option<&'v str> {
    let found = path.iter().try_fold(object, |value, key| value.get(key));
    found.and_then(Datum::as_text)
}

/// Whether an object is of a resource: its kind's plural is the resource's name.
fn is_of(object: Datum<'_>, version: &str, resource: &str) -> bool {
    let kind = part(object, &["kind"]).unwrap_or("");
    part(object, &["apiVersion"]) == Some(version)
        && (plural(kind) == resource || kind.eq_ignore_ascii_case(resource))
}

/// The plural resource name of a kind.
pub(crate) fn plural(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    if ["s", "x", "ch", "sh"]
        .iter()
        .any(|end| lower.ends_with(end))
        && lower != "endpoints"
    {
        return format!("{lower}es");
    }
    let vowel_before = |word: &str| word.ends_with(['a', 'e', 'i', 'o', 'u']);
    match lower.strip_suffix('y') {
        Some(stem) if !vowel_before(stem) => format!("{stem}ies"),
        _ if lower == "endpoints" => lower,
        _ => format!("{lower}s"),
    }
}

fn api_call<'v>(machine: &Machine<'v>, path: &str) -> Option<Datum<'v>> {
    let calls = machine.environment.facts.supplied.api_calls;
    let found = calls.iter().find(|(known, _)| *known == path);
    found.map(|(_, value)| Datum::from(*value))
}

fn api_path(version: &str, resource: &str, namespace: &str, name: &str) -> String {
    let root = if version.contains('/') { "apis" } else { "api" };
    let mut path = format!("/{root}/{version}");
    if !namespace.is_empty() {
        path.push_str("/namespaces/");
        path.push_str(namespace);
    }
    path.push('/');
    path.push_str(resource);
    if !name.is_empty() {
        path.push('/');
        path.push_str(name);
    }
    path
}

/// The namespace and the rest of a call's arguments: policies of a namespace name none.
fn confined<'v, 'c>(
    machine: &Machine<'v>,
    rest: &'c [Val<'v>],
    others: usize,
) -> Result<(&'v str, &'c [Val<'v>]), Fault> {
    let own = machine.environment.facts.namespace;
    if rest.len() == others && !own.is_empty() {
        return Ok((own, rest));
    }
    let (first, after) = rest.split_first().ok_or_else(Fault::no_overload)?;
    let namespace = first.as_text().ok_or_else(Fault::no_overload)?;
    Ok((namespace, after))
}

fn get<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (version, resource, rest) = kind_of(arguments)?;
    let (namespace, rest) = confined(machine, rest, 1)?;
    let name = text(rest, 0)?;
    let facts = &machine.environment.facts;
    for object in facts.objects {
        machine.context.meter.charge(1)?;
        let in_namespace = part(*object, &["metadata", "namespace"]).unwrap_or("") == namespace
            || namespace.is_empty();
        if is_of(*object, version, resource)
            && in_namespace
            && part(*object, &["metadata", "name"]) == Some(name)
        {
            return Ok(Val::from(*object));
        }
    }
    let path = api_path(version, resource, namespace, name);
    match api_call(machine, &path) {
        Some(answer) => Ok(Val::from(answer)),
        None => Err(unknown(&path)),
    }
}

fn unknown(path: &str) -> Fault {
    Fault::new(format!(
        "failed to get resource: `{path}` is unknown here; supply the object"
    ))
}

fn list<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (version, resource, rest) = kind_of(arguments)?;
    let with_labels = rest.last().is_some_and(|last| last.is_map());
    let (namespace, rest) = confined(machine, rest, usize::from(with_labels))?;
    let labels = rest.first().copied();
    let path = api_path(version, resource, namespace, "");
    if let Some(answer) = api_call(machine, &path) {
        return Ok(Val::from(answer));
    }
    let facts = &machine.environment.facts;
    // With nothing supplied, "there are none" would be a guess.
    if facts.objects.is_empty() {
        return Err(Fault::new(format!(
            "failed to list resource: `{path}` is unknown here; supply the objects"
        )));
    }
    let mut items = Vec::new();
    for object in facts.objects {
        machine.context.meter.charge(1)?;
        let in_namespace = namespace.is_empty()
            || part(*object, &["metadata", "namespace"]).unwrap_or("") == namespace;
        let labelled = labels.is_none_or(|labels| {
            labels.entries().all(|(key, value)| {
                let key = key.as_text().unwrap_or("");
                part(*object, &["metadata", "labels", key]) == value.as_text()
            })
        });
        if is_of(*object, version, resource) && in_namespace && labelled {
            items.push(Val::from(*object));
        }
    }
    let entries = [
        (Val::Text("apiVersion"), Val::Text(version)),
        (Val::Text("items"), machine.new_list(&items)?),
    ];
    machine.new_map(&entries)
}

fn post<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (version, resource, rest) = kind_of(arguments)?;
    let namespace = match rest.first() {
        Some(Val::Text(namespace)) => namespace,
        _ => machine.environment.facts.namespace,
    };
    let path = api_path(version, resource, namespace, "");
    match api_call(machine, &path) {
        Some(answer) => Ok(Val::from(answer)),
        None => Err(Fault::new(format!(
            "failed to create resource: the answer to a POST of `{path}` is unknown here"
        ))),
    }
}

fn to_gvr<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let (group_version, kind) = (text(arguments, 1)?, text(arguments, 2)?);
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let arena = machine.context.arena;
    let resource: &'v str = arena.alloc_str(&plural(kind));
    let fields = [
        ("group", Val::Text(group)),
        ("version", Val::Text(version)),
        ("resource", Val::Text(resource)),
        ("groupVersion", Val::Text(group_version)),
    ];
    Ok(Val::Message(arena.alloc(Message {
        type_name: "resource.GVR",
        fields: arena.alloc_slice_copy(&fields),
    })))
}

/// An entry of the global context; with a projection, the value supplied as `entry.projection`, or
/// else the value at that dotted place of the entry.
fn global<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let name = text(arguments, 1)?;
    let named = |wanted: &str| {
        let mut named = machine.environment.facts.named.iter();
        named
            .find(|(known, _)| *known == wanted)
            .map(|(_, value)| *value)
    };
    let unknown = || {
        Fault::new(format!(
            "the global context entry `{name}` is unknown here; supply it"
        ))
    };
    let Some(Val::Text(projection)) = arguments.get(2) else {
        return named(name).map(Val::from).ok_or_else(unknown);
    };
    if let Some(projected) = named(&format!("{name}.{projection}")) {
        return Ok(Val::from(projected));
    }
    let place = projection
        .split('.')
        .filter(|part| !part.is_empty())
        .try_fold(named(name).ok_or_else(unknown)?, Datum::get);
    Ok(place.map_or(Val::Null, Val::from))
}

fn http<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let url = text(arguments, 1)?;
    if let Some(answer) = api_call(machine, url) {
        return Ok(Val::from(answer));
    }
    let send = machine.context.effects.http;
    let send =
        send.ok_or_else(|| Fault::new("HTTP requests are off, and the answer was not supplied"))?;
    let body = match arguments.get(2) {
        Some(body) if arguments.len() == 4 || !body.is_map() => Some(*body),
        _ => None,
    };
    let body = match body {
        Some(body) => {
            let datum = body.to_datum(machine.context.arena).map_err(Fault::new)?;
            crate::datum::to_json(datum).to_string()
        }
        None => String::new(),
    };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let request = HttpRequest {
        method,
        url,
        headers: &[],
        body: body.as_bytes(),
    };
    let response =
        send(&request).map_err(|error| Fault::new(format!("request failed: {error}")))?;
    let text = String::from_utf8_lossy(&response.body).into_owned();
    machine.context.charge(1 + text.len() as u64 / 32)?;
    let file = std::sync::Arc::new(palisade_document::SourceFile::new(url, text));
    let limits = palisade_document::Limits::default();
    let (document, errors) = palisade_document::parse_json(file, &limits);
    match (document.roots().next(), errors.first()) {
        (Some(root), None) => copied(machine, Datum::from(root)),
        _ => Err(Fault::new("request failed: the answer is not JSON")),
    }
}

fn metadata<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    image_facts(machine, arguments).map(Val::from)
}

/// What is supplied of an image: its configuration, `signedBy` (names of attestors) and
/// `attestations` (by name, each with `signedBy` and `payload`).
fn image_facts<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Datum<'v>, Fault> {
    let image = text(arguments, 0)?;
    let mut known = machine.environment.facts.supplied.images.iter();
    match known.find(|(reference, _)| *reference == image) {
        Some((_, value)) => Ok(Datum::from(*value)),
        None => Err(Fault::new(format!(
            "failed to get the image's data: `{image}` is unknown here; supply it"
        ))),
    }
}

/// How many of the attestors signed, by a supplied list of names.
fn count_signed<'v>(signed: Option<Datum<'v>>, attestors: Val<'v>) -> Result<Val<'v>, Fault> {
    let Some(signed) = signed.filter(|list| list.is_list()) else {
        return Err(Fault::new("who signed is unknown here; supply `signedBy`"));
    };
    let mut count = 0;
    for attestor in attestors.items() {
        let name = attestor.as_text().ok_or_else(Fault::no_overload)?;
        count += usize::from(signed.items().any(|item| item.as_text() == Some(name)));
    }
    Ok(super::count(count))
}

fn signatures<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let facts = image_facts(machine, arguments)?;
    count_signed(facts.get("signedBy"), value(arguments, 1)?)
}

fn attestation<'v>(
    machine: &Machine<'v>,
    arguments: &[Val<'v>],
) -> Result<Option<Datum<'v>>, Fault> {
    let name = text(arguments, 1)?;
    let facts = image_facts(machine, arguments)?;
    Ok(facts.get("attestations").and_then(|all| all.get(name)))
}

fn attestations<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let attestation = attestation(machine, arguments)?;
    let signed = attestation.and_then(|attestation| attestation.get("signedBy"));
    count_signed(signed, value(arguments, 2)?)
}

fn payload<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let attestation = attestation(machine, arguments)?;
    let payload = attestation.and_then(|attestation| attestation.get("payload"));
    payload
        .map(Val::from)
        .ok_or_else(|| Fault::new("the attestation's payload is unknown here; supply it"))
}

/// Notes objects, and the items of lists, to be made in a namespace.
fn generate<'v>(machine: &Machine<'v>, arguments: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let namespace = text(arguments, 1)?;
    let context = machine.context;
    for object in value(arguments, 2)?.items() {
        if !object.is_map() {
            return Err(Fault::new("`generator.Apply` takes a list of objects"));
        }
        let listed = object.field("items").filter(|items| items.is_list());
        let objects = match listed {
            Some(items) => items.items().collect(),
            None => vec![object],
        };
        for object in objects {
            context.charge(1)?;
            let object = object.to_datum(context.arena).map_err(Fault::new)?;
            machine.environment.facts.note(context, namespace, object);
        }
    }
    Ok(Val::Bool(true))
}

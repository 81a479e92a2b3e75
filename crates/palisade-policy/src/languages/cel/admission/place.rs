//! Where in the request the value stands that decided.

use palisade_document::Value;
use palisade_model::Origin;

use crate::datum::Datum;
use crate::languages::kyverno::request::Request;

/// Most values that are looked through for a path.
const MAX_VISITED: usize = 100_000;

/// The place and the path of a value of the request's object; the whole object if it is not known.
pub(crate) fn place_of(
    request: &Request<'_>,
    about: Option<Datum<'_>>,
) -> (Option<Origin>, String) {
    let subject = request.written;
    let place = about.and_then(Request::place);
    let (Some(Datum::Document(wanted)), Datum::Document(root)) = (about, subject) else {
        return (place.or_else(|| Request::place(subject)), String::new());
    };
    if !std::ptr::eq(wanted.document(), root.document()) {
        return (Request::place(subject), String::new());
    }
    let mut path = String::new();
    let mut left = MAX_VISITED;
    if find(root, wanted, &mut path, &mut left) {
        (place, path)
    } else {
        (Request::place(subject), String::new())
    }
}

fn find(value: Value<'_>, wanted: Value<'_>, path: &mut String, left: &mut usize) -> bool {
    if value.span() == wanted.span() && value.kind() == wanted.kind() {
        return true;
    }
    let Some(fewer) = left.checked_sub(1) else {
        return false;
    };
    *left = fewer;
    let around = |outer: Value<'_>| {
        outer.span().start <= wanted.span().start && wanted.span().end <= outer.span().end
    };
    let length = path.len();
    for entry in value.entries().filter(|entry| around(entry.value)) {
        path.push('/');
        path.push_str(&entry.key.replace('~', "~0").replace('/', "~1"));
        if find(entry.value, wanted, path, left) {
            return true;
        }
        path.truncate(length);
    }
    for (index, item) in value.items().enumerate().filter(|(_, item)| around(*item)) {
        path.push('/');
        path.push_str(&index.to_string());
        if find(item, wanted, path, left) {
            return true;
        }
        path.truncate(length);
    }
    false
}

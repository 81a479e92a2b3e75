//! Which value of an input a result is about, as near as the result tells.

use palisade_document::{Kind, Value};

use super::term::Term;

/// Deepest path that is followed.
const MAX_STEPS: usize = 64;

/// The path (as a JSON pointer) and value that a result points at; the whole where it does not.
pub(super) fn offending<'a>(object: Value<'a>, result: &Term) -> (String, Value<'a>) {
    for name in ["path", "field", "fieldPath", "jsonpath"] {
        let details = result.get("details").or_else(|| result.get("metadata"));
        let said = details.and_then(|details| details.get(name));
        if let Some(found) = said
            .or_else(|| result.get(name))
            .and_then(|said| follow(object, said))
        {
            return found;
        }
    }
    let message = match result {
        Term::Text(text) => Some(text.as_str()),
        other => other.get("msg").and_then(Term::as_text),
    };
    message
        .and_then(|message| mentioned(object, message))
        .unwrap_or((String::new(), object))
}

/// Follows a path that is written with dots, as a pointer, or as a list of keys.
fn follow<'a>(object: Value<'a>, said: &Term) -> Option<(String, Value<'a>)> {
    let keys: Vec<String> = match said {
        Term::Array(items) => items.iter().map(Term::display).collect(),
        Term::Text(text) if text.starts_with('/') => text
            .split('/')
            .skip(1)
            .map(|key| key.replace("~1", "/").replace("~0", "~"))
            .collect(),
        Term::Text(text) => dotted(text),
        _ => return None,
    };
    if keys.is_empty() || keys.len() > MAX_STEPS {
        return None;
    }
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    // A rule about a review may say the path from there.
    let keys = match names.as_slice() {
        ["input", "request" | "review", "object", rest @ ..]
        | ["request" | "review", "object", rest @ ..]
        | ["input", rest @ ..]
        | rest => rest,
    };
    let mut value = object;
    let mut path = String::new();
    for key in keys {
        value = match value.kind() {
            Kind::Object => value.get(key)?,
            Kind::Array => value.items().nth(key.parse().ok()?)?,
            _ => return None,
        };
        path.push('/');
        path.push_str(&key.replace('~', "~0").replace('/', "~1"));
    }
    Some((path, value))
}

/// `spec.containers[0].image`, with or without a leading `$.` or `.`.
fn dotted(text: &str) -> Vec<String> {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.replace('[', ".")
        .replace(']', "")
        .split('.')
        .map(|key| key.trim_matches(['"', '\'']).to_owned())
        .filter(|key| !key.is_empty())
        .collect()
}

/// A step from a value to one of its parts.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    At(usize),
}

/// The part whose name or image stands in the message as a word of its own. A word that names the
/// object as well says nothing about its parts.
fn mentioned<'a>(object: Value<'a>, message: &str) -> Option<(String, Value<'a>)> {
    let own = object
        .get("metadata")
        .and_then(|it| it.get("name")?.as_str());
    let named = |value: Value<'a>| {
        let names = ["name", "image"].into_iter();
        names
            .filter_map(|key| value.get(key)?.as_str())
            .any(|name| own != Some(name) && stands_in(message, name))
    };
    let mut taken: Vec<(usize, Step<'a>)> = Vec::new();
    let mut stack = vec![(0, None, object)];
    let mut found: Option<(Vec<Step<'a>>, Value<'a>)> = None;
    while let Some((depth, step, value)) = stack.pop() {
        while taken.last().is_some_and(|(above, _)| *above >= depth) {
            taken.pop();
        }
        taken.extend(step.map(|step| (depth, step)));
        if matches!(step, Some(Step::At(_))) && named(value) {
            found = Some((taken.iter().map(|(_, step)| *step).collect(), value));
        }
        if depth < MAX_STEPS {
            for entry in value.entries() {
                stack.push((depth + 1, Some(Step::Key(entry.key)), entry.value));
            }
            for (at, item) in value.items().enumerate() {
                stack.push((depth + 1, Some(Step::At(at)), item));
            }
        }
    }
    found.map(|(steps, value)| (pointer(&steps), value))
}

/// Steps as a JSON pointer.
fn pointer(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        path.push('/');
        match step {
            Step::Key(key) => path.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::At(at) => path.push_str(&at.to_string()),
        }
    }
    path
}

fn stands_in(message: &str, name: &str) -> bool {
    let is_word =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    !name.is_empty()
        && message.match_indices(name).any(|(at, _)| {
            let bytes = message.as_bytes();
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            let after = bytes.get(at + name.len());
            !before.is_some_and(|byte| is_word(*byte))
                && !after.is_some_and(|byte| is_word(*byte) && *byte != b'.')
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_document::{Limits, SourceFile, parse_yaml};

    use super::*;

    #[test]
    fn a_path_in_the_result_wins_over_names_in_the_message() {
        let text = "spec:\n  containers:\n  - name: web\n    image: shop/web:1\n  - name: log\n    image: shop/log:1\n";
        let (document, _) = parse_yaml(
            Arc::new(SourceFile::new("a.yaml", text)),
            &Limits::default(),
        );
        let object = document.roots().next().unwrap();
        let path = |result: Term| offending(object, &result).0;
        let by_message = Term::text("container <log> runs as root");
        assert_eq!(path(by_message.clone()), "/spec/containers/1");
        let details = Term::object([("path", Term::text("spec.containers[0].image"))]);
        let result = Term::object([("msg", by_message), ("details", details)]);
        assert_eq!(path(result), "/spec/containers/0/image");
        assert_eq!(path(Term::text("no name here, weblog")), "");
    }

    #[test]
    fn a_name_that_object_and_part_share_points_at_the_object() {
        let text =
            "metadata: {name: cart}\nspec:\n  containers:\n  - {name: server, image: cart}\n";
        let (document, _) = parse_yaml(
            Arc::new(SourceFile::new("a.yaml", text)),
            &Limits::default(),
        );
        let object = document.roots().next().unwrap();
        let path = |message: &str| offending(object, &Term::text(message)).0;
        assert_eq!(path("too few replicas of cart"), "");
        assert_eq!(path("too few replicas of cart/server"), "");
        assert_eq!(path("cart: server runs as root"), "/spec/containers/0");
    }
}

//! `$(path)`: a scalar of an overlay that is read from another place of the same overlay.

use bumpalo::Bump;

use crate::datum::Datum;

use super::pattern::anchor;
use super::scalars::build;

/// Most references of one text.
const MAX_REFERENCES: usize = 32;

/// The overlay with its references replaced; one that leads nowhere is left as it is, and then
/// matches nothing.
pub(crate) fn resolve<'a>(arena: &'a Bump, overlay: Datum<'a>) -> Datum<'a> {
    if !build::json(overlay).contains("$(") {
        return overlay;
    }
    let mut path = Vec::new();
    walk(arena, overlay, overlay, &mut path)
}

fn walk<'a>(
    arena: &'a Bump,
    whole: Datum<'a>,
    part: Datum<'a>,
    path: &mut Vec<String>,
) -> Datum<'a> {
    if let Some(text) = part.as_text() {
        return text_of(arena, whole, text, path);
    }
    if part.is_list() {
        let mut items = Vec::new();
        for (at, item) in part.items().enumerate() {
            path.push(at.to_string());
            items.push(walk(arena, whole, item, path));
            path.pop();
        }
        return build::list(arena, items);
    }
    if part.is_map() {
        let mut entries = Vec::new();
        for (key, value) in part.entries() {
            path.push(anchor::bare(key).to_owned());
            entries.push((key, walk(arena, whole, value, path)));
            path.pop();
        }
        return build::map(arena, entries);
    }
    part
}

fn text_of<'a>(arena: &'a Bump, whole: Datum<'a>, text: &'a str, path: &[String]) -> Datum<'a> {
    let mut written = text.to_owned();
    for _ in 0..MAX_REFERENCES {
        let Some(start) = written
            .match_indices("$(")
            .map(|(at, _)| at)
            .find(|at| *at == 0 || written.as_bytes().get(at - 1) != Some(&b'\\'))
        else {
            break;
        };
        let Some(length) = written.get(start..).and_then(|rest| rest.find(')')) else {
            break;
        };
        let Some(found) = written
            .get(start + 2..start + length)
            .and_then(|reference| value_of(whole, reference, path))
        else {
            break;
        };
        written.replace_range(start..=start + length, &found);
    }
    let written = written.replace("\\$(", "$(");
    if written == text {
        return Datum::Text(text);
    }
    build::text(arena, &written)
}

/// The scalar that a reference names, with the reference's operator before it.
fn value_of(whole: Datum<'_>, reference: &str, path: &[String]) -> Option<String> {
    let operators = [">=", "<=", ">", "<", "!"];
    let operator = operators.into_iter().find(|one| reference.starts_with(one));
    let operator = operator.unwrap_or("");
    let target = reference.strip_prefix(operator)?;
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        path.iter().map(String::as_str).collect()
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let found = parts.into_iter().try_fold(whole, |value, part| {
        if value.is_list() {
            return value.item(part.parse().ok()?);
        }
        let mut entries = value.entries();
        entries
            .find(|(key, _)| anchor::bare(key) == part)
            .map(|(_, value)| value)
    })?;
    if found.is_list() || found.is_map() || build::is_null(found) {
        return None;
    }
    Some(format!("{operator}{}", build::sprint(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_its_neighbour() {
        let arena = Bump::new();
        let limits = build::map(&arena, vec![("memory", Datum::Text("1Gi"))]);
        let requests = build::map(
            &arena,
            vec![("memory", Datum::Text("<=$(./../../limits/memory)"))],
        );
        let overlay = build::map(&arena, vec![("requests", requests), ("(limits)", limits)]);
        let resolved = resolve(&arena, overlay);
        assert_eq!(
            build::text_at(resolved, &["requests", "memory"]),
            Some("<=1Gi")
        );
    }
}

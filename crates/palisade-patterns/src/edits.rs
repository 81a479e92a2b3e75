//! Edits that fix a finding in place, for YAML in block style.

use palisade_model::{Container, Origin, Patch};

/// Whether the source of an origin can be edited as written: exact, and no JSON.
fn editable(origin: &Origin) -> bool {
    let json = std::path::Path::new(&*origin.file)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    !origin.near && !json
}

/// Puts another scalar in place of the one at an origin.
fn replace(origin: &Origin, replacement: &str) -> Option<Patch> {
    editable(origin).then(|| Patch {
        file: origin.file.to_string(),
        start: origin.span.start,
        end: origin.span.end,
        replacement: replacement.to_owned(),
    })
}

/// Puts a line before the first key of a mapping, at the mapping's own indentation.
pub(crate) fn insert_line(mapping: &Origin, line: &str) -> Option<Patch> {
    if !editable(mapping) {
        return None;
    }
    // INVARIANT: no block mapping is as short as `{}`, the only mapping that is replaced whole.
    if mapping.span.end.saturating_sub(mapping.span.start) <= 2 {
        return replace(mapping, &format!("{{ {line} }}"));
    }
    let indent = usize::try_from(mapping.start.column.saturating_sub(1)).ok()?;
    Some(Patch {
        file: mapping.file.to_string(),
        start: mapping.span.start,
        end: mapping.span.start,
        replacement: format!("{line}\n{}", " ".repeat(indent)),
    })
}

/// Sets a field of a container's `securityContext`, and makes the block where there is none.
pub(crate) fn set_security(container: &Container, line: &str) -> Option<Patch> {
    if let Some(block) = &container.security.origin {
        return insert_line(block, line);
    }
    let indent = usize::try_from(container.origin.start.column.saturating_add(1)).ok()?;
    let block = format!("securityContext:\n{}{line}", " ".repeat(indent));
    insert_line(&container.origin, &block)
}

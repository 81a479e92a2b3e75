//! Overlay patterns: a tree laid on a resource, with anchors on keys and conditions in scalars.

pub(crate) mod anchor;
pub(crate) mod scalar;

use std::collections::BTreeMap;

use anchor::Anchor;

use crate::budget::Exhausted;
use crate::context::Context;
use crate::datum::Datum;

use super::scalars::{build, wildcard};

/// How a resource fits a pattern that it does not match.
#[derive(Debug)]
pub(crate) struct Mismatch<'a> {
    /// What follows.
    pub(crate) outcome: Outcome,
    /// Where in the resource, such as `/spec/containers/0/image/`.
    pub(crate) path: String,
    /// Why.
    pub(crate) reason: String,
    /// The value there, if there is one.
    pub(crate) value: Option<Datum<'a>>,
}

/// What a mismatch means for the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A condition of the pattern is not met: the rule does not apply.
    Skip,
    /// The resource breaks the rule.
    Fail,
    /// A key that the pattern's conditions need is missing.
    Error,
}

/// Lays a pattern on a resource; the inner result is the match.
pub(crate) fn match_pattern<'a>(
    context: &Context<'a>,
    resource: Datum<'a>,
    pattern: Datum<'a>,
) -> Result<Result<(), Mismatch<'a>>, Exhausted> {
    let mut matcher = Matcher {
        context,
        anchors: BTreeMap::new(),
    };
    let failure = match matcher.element(resource, pattern, "/") {
        Ok(()) => return Ok(Ok(())),
        Err(failure) => failure,
    };
    let outcome = match failure.cause {
        Cause::Exhausted(reason) => return Err(reason),
        Cause::Condition | Cause::Global | Cause::Skipped => Outcome::Skip,
        Cause::Plain if matcher.anchors.values().any(|found| !found) => Outcome::Error,
        Cause::Plain if failure.path.is_empty() => Outcome::Error,
        Cause::Negation | Cause::Plain => Outcome::Fail,
    };
    Ok(Err(Mismatch {
        outcome,
        path: failure.path,
        reason: failure.reason,
        value: failure.value,
    }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Condition,
    Global,
    Negation,
    /// Every part was skipped by a condition.
    Skipped,
    Plain,
    Exhausted(Exhausted),
}

#[derive(Debug)]
struct Failure<'a> {
    cause: Cause,
    path: String,
    reason: String,
    value: Option<Datum<'a>>,
}

impl Failure<'_> {
    fn skips(&self) -> bool {
        matches!(
            self.cause,
            Cause::Condition | Cause::Global | Cause::Skipped
        )
    }
}

type Laid<'a> = Result<(), Failure<'a>>;

struct Matcher<'x, 'a> {
    context: &'x Context<'a>,
    /// Keys of conditions and existence anchors, and whether the resource had them.
    anchors: BTreeMap<&'a str, bool>,
}

impl<'a> Matcher<'_, 'a> {
    fn element(&mut self, resource: Datum<'a>, pattern: Datum<'a>, path: &str) -> Laid<'a> {
        self.context.charge(1).map_err(|reason| Failure {
            cause: Cause::Exhausted(reason),
            path: path.to_owned(),
            reason: reason.to_string(),
            value: None,
        })?;
        if pattern.is_map() {
            if !resource.is_map() {
                return plain(
                    path,
                    resource,
                    "the resource has another structure than the pattern",
                );
            }
            self.note_anchors(resource, pattern);
            return self.map(resource, pattern, path);
        }
        if pattern.is_list() {
            if !resource.is_list() {
                return plain(path, resource, "the resource has no list here");
            }
            return self.list(resource, pattern, path);
        }
        let fits = if resource.is_list() {
            resource.items().all(|item| scalar::matches(item, pattern))
        } else {
            scalar::matches(resource, pattern)
        };
        if fits {
            return Ok(());
        }
        let reason = format!(
            "resource value `{}` does not match `{}`",
            build::sprint(resource),
            build::sprint(pattern)
        );
        plain(path, resource, reason)
    }

    fn note_anchors(&mut self, resource: Datum<'a>, pattern: Datum<'a>) {
        for (key, _) in pattern.entries() {
            if let Some((Anchor::Condition | Anchor::Existence, bare)) = anchor::parse(key) {
                let found = self.anchors.entry(key).or_insert(false);
                *found |= resource.get(bare).is_some();
            }
        }
    }

    fn map(&mut self, resource: Datum<'a>, pattern: Datum<'a>, path: &str) -> Laid<'a> {
        let pattern = self.expand_metadata(resource, pattern);
        let mut anchored = Vec::new();
        let mut others = Vec::new();
        for (key, value) in pattern.entries() {
            match anchor::parse(key) {
                Some((Anchor::Global | Anchor::AddIfAbsent, _)) | None => others.push((key, value)),
                Some(_) => anchored.push((key, value)),
            }
        }
        anchored.sort_unstable_by_key(|(key, _)| *key);
        let mut skips: Vec<Failure<'a>> = Vec::new();
        let mut applied = 0_usize;
        for (key, value) in anchored {
            let sibling = |skips: &[Failure<'_>]| {
                let direct = |skip: &Failure<'_>| skip.cause != Cause::Skipped;
                skips.iter().any(direct)
            };
            match self.key(resource, key, value, path) {
                Ok(()) => applied += 1,
                Err(failure) if failure.skips() => skips.push(failure),
                Err(failure) if !sibling(&skips) => return Err(failure),
                Err(_) => {}
            }
        }
        let direct = skips.iter().any(|skip| skip.cause != Cause::Skipped);
        if !skips.is_empty() && (applied == 0 || direct) {
            return Err(skipped(path, &skips));
        }
        for (key, value) in ordered(others) {
            self.key(resource, key, value, path)?;
        }
        Ok(())
    }

    /// One key of a pattern on a mapping of the resource.
    fn key(&mut self, resource: Datum<'a>, key: &'a str, value: Datum<'a>, path: &str) -> Laid<'a> {
        let (anchor, bare) = match anchor::parse(key) {
            None | Some((Anchor::AddIfAbsent, _)) => {
                return self.plain_key(resource, key, value, path);
            }
            Some(found) => found,
        };
        let here = format!("{path}{bare}/");
        let found = resource.get(bare);
        match (anchor, found) {
            (Anchor::Negation, Some(found)) => Err(Failure {
                cause: Cause::Negation,
                reason: format!("{here} is not allowed"),
                path: here,
                value: Some(found),
            }),
            (Anchor::Condition, None) => Err(Failure {
                cause: Cause::Condition,
                reason: format!("the condition's key `{bare}` is not in the resource"),
                path: here,
                value: None,
            }),
            (Anchor::Condition | Anchor::Global, Some(found)) => {
                let laid = self.element(found, value, &here);
                laid.map_err(|failure| Failure {
                    cause: match failure.cause {
                        Cause::Exhausted(reason) => Cause::Exhausted(reason),
                        _ if anchor == Anchor::Global => Cause::Global,
                        _ => Cause::Condition,
                    },
                    ..failure
                })
            }
            (Anchor::Equality, Some(found)) => self.element(found, value, &here),
            (Anchor::Existence, Some(found)) => self.existence(found, value, &here),
            _ => Ok(()),
        }
    }

    fn plain_key(
        &mut self,
        resource: Datum<'a>,
        key: &'a str,
        value: Datum<'a>,
        path: &str,
    ) -> Laid<'a> {
        let found = resource.get(key);
        if value.as_text() == Some("*") {
            return match found {
                Some(found) if !build::is_null(found) => Ok(()),
                _ => plain(path, resource, format!("`{key}` was not found")),
            };
        }
        let laid = self.element(
            found.unwrap_or(Datum::Null),
            value,
            &format!("{path}{key}/"),
        );
        laid.map_err(|failure| Failure {
            value: failure
                .value
                .filter(|value| value.span().is_some())
                .or(Some(resource)),
            ..failure
        })
    }

    /// Each item of the pattern must match at least one item of the resource.
    fn existence(&mut self, resource: Datum<'a>, pattern: Datum<'a>, path: &str) -> Laid<'a> {
        if !resource.is_list() || !pattern.is_list() {
            return plain(path, resource, "an existence anchor `^()` needs lists");
        }
        for wanted in pattern.items() {
            if !wanted.is_map() {
                return plain(
                    path,
                    resource,
                    "an existence anchor `^()` needs a list of mappings",
                );
            }
            let mut found = false;
            for (at, item) in resource.items().enumerate() {
                match self.element(item, wanted, &format!("{path}{at}/")) {
                    Ok(()) => found = true,
                    Err(failure) if matches!(failure.cause, Cause::Exhausted(_)) => {
                        return Err(failure);
                    }
                    Err(_) => {}
                }
                if found {
                    break;
                }
            }
            if !found {
                return plain(path, resource, "no item matches the existence anchor");
            }
        }
        Ok(())
    }

    fn list(&mut self, resource: Datum<'a>, pattern: Datum<'a>, path: &str) -> Laid<'a> {
        let Some(first) = pattern.item(0) else {
            return plain(path, resource, "the pattern's list is empty");
        };
        let pairs: Vec<(Datum<'a>, Datum<'a>)> = if first.is_map() {
            resource.items().map(|item| (item, first)).collect()
        } else if first.is_list() {
            if resource.len() < pattern.len() {
                return plain("", resource, "the list is shorter than the pattern's");
            }
            resource.items().zip(pattern.items()).collect()
        } else {
            return self.element(resource, first, path);
        };
        let mut skips = Vec::new();
        let mut applied = 0_usize;
        for (at, (item, wanted)) in pairs.into_iter().enumerate() {
            match self.element(item, wanted, &format!("{path}{at}/")) {
                Ok(()) => applied += 1,
                Err(failure) if failure.skips() => skips.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        if applied == 0 && !skips.is_empty() {
            return Err(skipped(path, &skips));
        }
        Ok(())
    }

    /// Keys with wildcards under `metadata.labels` and `metadata.annotations` become the keys of
    /// the resource that they match.
    fn expand_metadata(&self, resource: Datum<'a>, pattern: Datum<'a>) -> Datum<'a> {
        let find =
            |of: Datum<'a>, name: &str| of.entries().find(|(key, _)| anchor::bare(key) == name);
        let (Some((key, metadata)), Some(target)) =
            (find(pattern, "metadata"), resource.get("metadata"))
        else {
            return pattern;
        };
        let arena = self.context.arena;
        let mut expanded = metadata;
        for tag in ["labels", "annotations"] {
            let (Some((tag_key, wanted)), Some(present)) = (find(metadata, tag), target.get(tag))
            else {
                continue;
            };
            if !wanted.entries().any(|(key, _)| wildcard::is_pattern(key)) {
                continue;
            }
            let renamed = wanted.entries().map(|(key, value)| {
                let (mark, bare) = match anchor::parse(key) {
                    Some((found, bare)) => (Some(anchor::mark(found)), bare),
                    None => (None, key),
                };
                let mut matching = present.entries();
                let matching = matching.find(|(name, _)| wildcard::matches(bare, name));
                let name = match (matching, mark) {
                    (None, _) => key,
                    (Some((name, _)), None) => name,
                    (Some((name, _)), Some(mark)) => arena.alloc_str(&format!("{mark}({name})")),
                };
                (name, value)
            });
            let renamed = build::map(arena, renamed.collect());
            expanded = build::with(arena, expanded, tag_key, renamed);
        }
        build::with(arena, pattern, key, expanded)
    }
}

fn plain<'a>(path: &str, value: Datum<'a>, reason: impl Into<String>) -> Laid<'a> {
    Err(Failure {
        cause: Cause::Plain,
        path: path.to_owned(),
        reason: reason.into(),
        value: Some(value),
    })
}

fn skipped<'a>(path: &str, skips: &[Failure<'a>]) -> Failure<'a> {
    let reasons: Vec<_> = skips.iter().map(|skip| skip.reason.as_str()).collect();
    Failure {
        cause: Cause::Skipped,
        path: path.to_owned(),
        reason: reasons.join("; "),
        value: None,
    }
}

/// Keys in the order in which they are tried: those with anchors below them first.
fn ordered<'a>(mut keys: Vec<(&'a str, Datum<'a>)>) -> Vec<(&'a str, Datum<'a>)> {
    keys.sort_unstable_by_key(|(key, _)| *key);
    let (mut first, last): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(key, value)| {
        matches!(anchor::parse(key), Some((Anchor::Global, _))) || has_anchors(*value)
    });
    first.reverse();
    first.extend(last);
    first
}

fn has_anchors(pattern: Datum<'_>) -> bool {
    pattern.items().any(has_anchors)
        || pattern.entries().any(|(key, value)| {
            let anchored =
                anchor::parse(key).is_some_and(|(anchor, _)| anchor != Anchor::AddIfAbsent);
            anchored || has_anchors(value)
        })
}

#[cfg(test)]
mod tests;

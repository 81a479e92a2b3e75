//! Anchors in a strategic merge patch: conditions choose what is patched, and leave the patch.

use crate::context::Context;
use crate::datum::Datum;
use crate::languages::kyverno::jmespath::SearchError;
use crate::languages::kyverno::pattern::anchor::{self, Anchor};
use crate::languages::kyverno::pattern::match_pattern;
use crate::languages::kyverno::scalars::build;

use super::merge;

/// The object with an overlay merged into it; the object itself where a condition is not met.
pub(super) fn apply<'a>(
    context: &Context<'a>,
    object: Datum<'a>,
    overlay: Datum<'a>,
) -> Result<Datum<'a>, SearchError> {
    let preparer = Preparer { context };
    let patch = match preparer.value(overlay, Some(object)) {
        Ok(patch) => patch,
        Err(Stop::Condition | Stop::Global) => return Ok(object),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let Some(patch) = preparer.without_conditions(patch) else {
        return Ok(object);
    };
    Ok(merge::merge(context.arena, object, patch))
}

/// Why a part of an overlay is left out.
enum Stop {
    /// A condition is not met: this item is left out.
    Condition,
    /// A global condition is not met: the whole patch is left out.
    Global,
    Failed(SearchError),
}

struct Preparer<'x, 'a> {
    context: &'x Context<'a>,
}

fn is_condition(key: &str) -> bool {
    matches!(
        anchor::parse(key),
        Some((Anchor::Condition | Anchor::Global, _))
    )
}

fn is_anchor(key: &str) -> bool {
    is_condition(key) || matches!(anchor::parse(key), Some((Anchor::AddIfAbsent, _)))
}

fn any_key(value: Datum<'_>, wanted: fn(&str) -> bool) -> bool {
    value.items().any(|item| any_key(item, wanted))
        || value
            .entries()
            .any(|(key, value)| wanted(key) || any_key(value, wanted))
}

fn is_global(key: &str) -> bool {
    matches!(anchor::parse(key), Some((Anchor::Global, _)))
}

impl<'a> Preparer<'_, 'a> {
    fn value(&self, overlay: Datum<'a>, object: Option<Datum<'a>>) -> Result<Datum<'a>, Stop> {
        let exhausted = |reason| Stop::Failed(SearchError::Exhausted(reason));
        self.context.charge(1).map_err(exhausted)?;
        if overlay.is_map() {
            return self.map(overlay, object);
        }
        if overlay.is_list() && overlay.item(0).is_some_and(Datum::is_map) {
            return self.list(overlay, object);
        }
        Ok(overlay)
    }

    fn map(&self, overlay: Datum<'a>, object: Option<Datum<'a>>) -> Result<Datum<'a>, Stop> {
        let overlay = self.add_if_absent(overlay, object);
        for global in [true, false] {
            for (key, wanted) in overlay.entries() {
                if is_condition(key) && is_global(key) == global {
                    self.check(anchor::bare(key), wanted, object, global)?;
                }
            }
        }
        let mut entries = Vec::with_capacity(overlay.len());
        for (key, value) in overlay.entries() {
            let value = if is_condition(key) {
                match object.and_then(|object| object.get(anchor::bare(key))) {
                    Some(found) if value.is_map() => self.add_if_absent(value, Some(found)),
                    _ => value,
                }
            } else if is_anchor(key) {
                value
            } else {
                self.value(value, object.and_then(|object| object.get(key)))?
            };
            entries.push((key, value));
        }
        Ok(build::map(self.context.arena, entries))
    }

    /// `+(key)` becomes the key where the object lacks it, and goes where it is there.
    fn add_if_absent(&self, overlay: Datum<'a>, object: Option<Datum<'a>>) -> Datum<'a> {
        let entries = overlay.entries().filter_map(|(key, value)| {
            let Some((Anchor::AddIfAbsent, bare)) = anchor::parse(key) else {
                return Some((key, value));
            };
            let there = object.is_some_and(|object| object.get(bare).is_some());
            (!there).then_some((bare, value))
        });
        build::map(self.context.arena, entries.collect())
    }

    fn check(
        &self,
        key: &str,
        wanted: Datum<'a>,
        object: Option<Datum<'a>>,
        global: bool,
    ) -> Result<(), Stop> {
        let stop = || {
            if global {
                Stop::Global
            } else {
                Stop::Condition
            }
        };
        let Some(found) = object.and_then(|object| object.get(key)) else {
            return Err(stop());
        };
        let adds = |key: &str| matches!(anchor::parse(key), Some((Anchor::AddIfAbsent, _)));
        if wanted.entries().any(|(key, _)| adds(key)) {
            return Ok(());
        }
        match match_pattern(self.context, found, wanted) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(stop()),
            Err(reason) => Err(Stop::Failed(SearchError::Exhausted(reason))),
        }
    }

    /// An item with anchors becomes one item for each item of the object that its conditions take,
    /// under that item's name.
    fn list(&self, overlay: Datum<'a>, object: Option<Datum<'a>>) -> Result<Datum<'a>, Stop> {
        let arena = self.context.arena;
        let mut made = Vec::new();
        let mut own = Vec::new();
        for item in overlay.items() {
            if !any_key(item, is_anchor) {
                own.push(item);
                continue;
            }
            let has_global = any_key(item, is_global);
            let mut missed = false;
            let mut met = false;
            let targets = object.into_iter().flat_map(Datum::items).map(Some);
            let nothing = object.is_none().then_some(None);
            for target in targets.chain(nothing) {
                let prepared = match self.value(item, target) {
                    Ok(prepared) => prepared,
                    Err(Stop::Condition) => continue,
                    Err(Stop::Global) => {
                        missed = true;
                        continue;
                    }
                    Err(failed) => return Err(failed),
                };
                met = true;
                if has_global {
                    continue;
                }
                let name = target.and_then(|target| target.get("name"));
                let Some(name) = name else {
                    continue;
                };
                if let Some(item) = self.without_conditions(prepared) {
                    made.push(build::with(arena, item, "name", name));
                }
            }
            if missed && !met {
                return Err(Stop::Global);
            }
        }
        own.extend(made);
        if own.is_empty() {
            // Nothing is taken: the items leave the patch with their anchors, and the list too.
            return Ok(overlay);
        }
        Ok(build::list(arena, own))
    }

    /// The overlay without conditions; nothing if it held nothing else. A condition whose value
    /// holds more than a test becomes a plain key.
    fn without_conditions(&self, overlay: Datum<'a>) -> Option<Datum<'a>> {
        let arena = self.context.arena;
        if overlay.is_map() {
            let mut kept = Vec::new();
            for (key, value) in overlay.entries() {
                if is_condition(key) && !value.is_map() && !value.is_list() {
                    continue;
                }
                if let Some(value) = self.without_conditions(value) {
                    kept.push((
                        if is_condition(key) {
                            anchor::bare(key)
                        } else {
                            key
                        },
                        value,
                    ));
                }
            }
            return (!kept.is_empty()).then(|| build::map(arena, kept));
        }
        if overlay.is_list() {
            let kept: Vec<_> = overlay
                .items()
                .filter(|item| !any_key(*item, is_anchor))
                .filter_map(|item| self.without_conditions(item))
                .collect();
            let emptied = kept.is_empty() && !overlay.is_empty();
            return (!emptied).then(|| build::list(arena, kept));
        }
        Some(overlay)
    }
}

//! Which part of a document a failing policy is about.
//!
//! A policy says `true` or `false`, not where. What it looked at tells: the element at which an
//! `all` failed, the first element that a `filter` kept, the last thing that was looked into.

use std::cell::Cell;

use palisade_document::Value as Borrowed;

use super::super::value::Value;

#[derive(Default)]
pub(super) struct Places<'r> {
    failed: Cell<Option<Borrowed<'r>>>,
    kept: Cell<Option<Borrowed<'r>>>,
    touched: Cell<Option<Borrowed<'r>>>,
}

impl<'r> Places<'r> {
    /// The element that a quantifier singled out.
    pub(super) fn element(&self) -> Option<Borrowed<'r>> {
        self.failed.get().or(self.kept.get())
    }

    /// The last value that was looked up.
    pub(super) fn touched(&self) -> Option<Borrowed<'r>> {
        self.touched.get()
    }

    /// The element at which an `all` failed; the innermost comes first and is kept.
    pub(super) fn fail(&self, element: Value<'r>) {
        if self.failed.get().is_none() {
            self.failed.set(origin(element));
        }
    }

    /// An element that a `filter` kept.
    pub(super) fn keep(&self, element: Value<'r>) {
        if self.kept.get().is_none() {
            self.kept.set(origin(element));
        }
    }

    /// A value that was looked up.
    pub(super) fn touch(&self, value: Value<'r>) {
        if let Some(origin) = origin(value) {
            self.touched.set(Some(origin));
        }
    }
}

fn origin(value: Value<'_>) -> Option<Borrowed<'_>> {
    match value {
        Value::Map(map) => map.origin(),
        Value::List(list) => list.origin(),
        _ => None,
    }
}

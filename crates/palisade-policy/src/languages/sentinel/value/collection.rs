//! Lists and maps that can be changed in place and may begin as parts of a document.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use palisade_document::Value as Borrowed;

use super::table::Table;
use super::{Value, same_key};

/// A list.
pub(in super::super) struct List<'r> {
    items: RefCell<Option<ArenaVec<'r, Value<'r>>>>,
    origin: Option<Borrowed<'r>>,
}

impl<'r> List<'r> {
    pub(in super::super) fn borrowed(origin: Borrowed<'r>) -> Self {
        Self {
            items: RefCell::new(None),
            origin: Some(origin),
        }
    }

    pub(in super::super) fn of(
        arena: &'r Bump,
        items: impl IntoIterator<Item = Value<'r>>,
    ) -> Self {
        let mut owned = ArenaVec::new_in(arena);
        owned.extend(items);
        Self {
            items: RefCell::new(Some(owned)),
            origin: None,
        }
    }

    /// The place in a document that this list was read from.
    pub(in super::super) fn origin(&self) -> Option<Borrowed<'r>> {
        self.origin
    }

    pub(in super::super) fn len(&self) -> usize {
        match (&*self.items.borrow(), self.origin) {
            (Some(items), _) => items.len(),
            (None, Some(origin)) => origin.items().len(),
            (None, None) => 0,
        }
    }

    pub(in super::super) fn get(&self, arena: &'r Bump, index: usize) -> Option<Value<'r>> {
        self.with(arena, |items| items.get(index).copied())
    }

    /// Replaces an item; false if there is none at that index.
    pub(in super::super) fn set(&self, arena: &'r Bump, index: usize, value: Value<'r>) -> bool {
        self.with(arena, |items| match items.get_mut(index) {
            Some(item) => {
                *item = value;
                true
            }
            None => false,
        })
    }

    pub(in super::super) fn push(&self, arena: &'r Bump, value: Value<'r>) {
        self.with(arena, |items| items.push(value));
    }

    /// The items as they are now.
    pub(in super::super) fn items(&self, arena: &'r Bump) -> Vec<Value<'r>> {
        self.with(arena, |items| items.to_vec())
    }

    fn with<T>(&self, arena: &'r Bump, look: impl FnOnce(&mut ArenaVec<'r, Value<'r>>) -> T) -> T {
        let mut items = self.items.borrow_mut();
        let items = items.get_or_insert_with(|| {
            let borrowed = self.origin.into_iter().flat_map(Borrowed::items);
            let mut owned = ArenaVec::new_in(arena);
            owned.extend(borrowed.map(|item| Value::borrow(arena, item)));
            owned
        });
        look(items)
    }
}

/// A map, in the order in which keys came; keys are booleans, numbers and texts.
pub(in super::super) struct Map<'r> {
    table: RefCell<Option<Table<'r>>>,
    origin: Cell<Option<Borrowed<'r>>>,
}

impl<'r> Map<'r> {
    pub(in super::super) fn borrowed(origin: Borrowed<'r>) -> Self {
        Self {
            table: RefCell::new(None),
            origin: Cell::new(Some(origin)),
        }
    }

    pub(in super::super) fn new(arena: &'r Bump) -> Self {
        Self {
            table: RefCell::new(Some(Table::new(arena))),
            origin: Cell::new(None),
        }
    }

    /// The place in a document that this map was read from or stands for.
    pub(in super::super) fn origin(&self) -> Option<Borrowed<'r>> {
        self.origin.get()
    }

    /// Says which part of a document a computed map stands for.
    pub(in super::super) fn stand_for(&self, origin: Borrowed<'r>) {
        self.with_table_only();
        self.origin.set(Some(origin));
    }

    /// A map that is computed keeps its table whatever its origin says.
    fn with_table_only(&self) {
        debug_assert!(self.table.borrow().is_some(), "the map is computed");
    }

    pub(in super::super) fn len(&self) -> usize {
        match (&*self.table.borrow(), self.origin.get()) {
            (Some(table), _) => table.len(),
            (None, Some(origin)) => origin.entries().len(),
            (None, None) => 0,
        }
    }

    pub(in super::super) fn get(&self, arena: &'r Bump, key: Value<'_>) -> Option<Value<'r>> {
        self.with(arena, |table| table.get(key))
    }

    /// The value under a text.
    pub(in super::super) fn get_text(&self, arena: &'r Bump, key: &str) -> Option<Value<'r>> {
        self.with(arena, |table| table.get(Value::Text(key)))
    }

    pub(in super::super) fn set(&self, arena: &'r Bump, key: Value<'r>, value: Value<'r>) {
        self.with(arena, |table| table.set(key, value));
    }

    pub(in super::super) fn remove(&self, arena: &'r Bump, key: Value<'_>) {
        self.with(arena, |table| {
            table.remove(|found| same_key(found, key));
        });
    }

    /// The keys and values as they are now.
    pub(in super::super) fn entries(&self, arena: &'r Bump) -> Vec<(Value<'r>, Value<'r>)> {
        self.with(arena, |table| table.entries().to_vec())
    }

    /// The entry at an index, if there is one.
    pub(in super::super) fn entry(
        &self,
        arena: &'r Bump,
        index: usize,
    ) -> Option<(Value<'r>, Value<'r>)> {
        self.with(arena, |table| table.entries().get(index).copied())
    }

    fn with<T>(&self, arena: &'r Bump, look: impl FnOnce(&mut Table<'r>) -> T) -> T {
        let mut table = self.table.borrow_mut();
        let table = table.get_or_insert_with(|| {
            let mut owned = Table::new(arena);
            for entry in self.origin.get().into_iter().flat_map(Borrowed::entries) {
                owned.set(Value::Text(entry.key), Value::borrow(arena, entry.value));
            }
            owned
        });
        look(table)
    }
}

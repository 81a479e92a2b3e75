//! Keys and values in order, with an index where there are many.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::{Value, same_key};

/// Up to here, looking at every key is faster than an index.
const FEW: usize = 8;
/// Marks a free place of the index.
const FREE: u32 = u32::MAX;

pub(super) struct Table<'r> {
    entries: ArenaVec<'r, (Value<'r>, Value<'r>)>,
    /// Open addressing: indices of entries, a power of two, at most half full. Empty where there
    /// are few entries, or where an entry was removed and the index is to be made anew.
    index: ArenaVec<'r, u32>,
}

impl<'r> Table<'r> {
    pub(super) fn new(arena: &'r Bump) -> Self {
        Self {
            entries: ArenaVec::new_in(arena),
            index: ArenaVec::new_in(arena),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> &[(Value<'r>, Value<'r>)] {
        &self.entries
    }

    pub(super) fn get(&mut self, key: Value<'_>) -> Option<Value<'r>> {
        let at = self.find(key)?;
        self.entries.get(at).map(|(_, value)| *value)
    }

    pub(super) fn set(&mut self, key: Value<'r>, value: Value<'r>) {
        if let Some(at) = self.find(key) {
            if let Some(entry) = self.entries.get_mut(at) {
                entry.1 = value;
            }
            return;
        }
        self.entries.push((key, value));
        if !self.index.is_empty() {
            if self.entries.len() * 2 > self.index.len() {
                self.index.clear();
            } else {
                self.enter(self.entries.len() - 1);
            }
        }
    }

    pub(super) fn remove(&mut self, is_it: impl Fn(Value<'r>) -> bool) {
        let before = self.entries.len();
        self.entries.retain(|(key, _)| !is_it(*key));
        if self.entries.len() != before {
            self.index.clear();
        }
    }

    fn find(&mut self, key: Value<'_>) -> Option<usize> {
        if self.entries.len() <= FEW {
            return self
                .entries
                .iter()
                .position(|(found, _)| same_key(*found, key));
        }
        if self.index.is_empty() {
            self.build();
        }
        let mask = self.index.len() - 1;
        let mut at = hash(key) & mask;
        loop {
            let entry = *self.index.get(at)?;
            if entry == FREE {
                return None;
            }
            let (found, _) = self.entries.get(entry as usize)?;
            if same_key(*found, key) {
                return Some(entry as usize);
            }
            at = (at + 1) & mask;
        }
    }

    fn build(&mut self) {
        let places = (self.entries.len() * 4).next_power_of_two();
        self.index.clear();
        self.index.resize(places, FREE);
        for entry in 0..self.entries.len() {
            self.enter(entry);
        }
    }

    fn enter(&mut self, entry: usize) {
        let (Some((key, _)), Ok(number)) = (self.entries.get(entry), u32::try_from(entry)) else {
            return;
        };
        let mask = self.index.len() - 1;
        let mut at = hash(*key) & mask;
        while let Some(place) = self.index.get_mut(at) {
            if *place == FREE {
                *place = number;
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

/// A hash of a key; equal keys have equal hashes.
fn hash(key: Value<'_>) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = 0_u64;
    let mut add = |word: u64| state = (state.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    match key {
        Value::Bool(value) => add(u64::from(value)),
        Value::Int(value) => add(value.cast_unsigned()),
        Value::Float(value) => add(value.to_bits()),
        Value::Text(text) => {
            let mut chunks = text.as_bytes().chunks_exact(8);
            for chunk in &mut chunks {
                add(chunk
                    .iter()
                    .fold(0, |word, byte| (word << 8) | u64::from(*byte)));
            }
            let rest = chunks.remainder().iter();
            add(rest.fold(text.len() as u64, |word, byte| {
                (word << 8) | u64::from(*byte)
            }));
        }
        _ => add(1),
    }
    // The upper half is mixed best.
    usize::try_from(state >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_are_found_replaced_and_removed() {
        let names: Vec<String> = (0..100).map(|number| format!("key-{number}")).collect();
        let arena = Bump::new();
        let mut table = Table::new(&arena);
        for (number, name) in (0..).zip(&names) {
            table.set(Value::Text(name), Value::Int(number));
            table.set(Value::Int(number), Value::Bool(true));
        }
        assert_eq!(table.len(), 200);
        table.set(Value::Text("key-7"), Value::Int(-7));
        assert!(matches!(
            table.get(Value::Text("key-7")),
            Some(Value::Int(-7))
        ));
        table.remove(|key| same_key(key, Value::Text("key-8")));
        assert!(table.get(Value::Text("key-8")).is_none());
        assert!(matches!(
            table.get(Value::Text("key-99")),
            Some(Value::Int(99))
        ));
        assert!(matches!(table.get(Value::Int(99)), Some(Value::Bool(true))));
        assert!(table.get(Value::Text("99")).is_none());
    }
}

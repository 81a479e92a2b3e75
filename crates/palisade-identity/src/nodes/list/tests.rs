//! Whatever is changed, what travels makes the new list of the old one, and is no more than that.

use std::fmt::Write as _;
use std::sync::Arc;

use palisade_document::SourceFile;

use super::{Held, List, Shelf, Unusable, parts};
use crate::entries::{Entries, compile};
use crate::nodes::proto::State;
use crate::{Attributes, TrustDomain};

fn domain() -> TrustDomain {
    TrustDomain::new("example.org").expect("a name")
}

/// The number of an entry's name and that of its path.
type Numbers = (usize, usize);

/// Entries with these names and paths.
fn entries(all: &[Numbers]) -> Arc<Entries> {
    let mut text = String::from("owner: tests\nentries:\n");
    for (name, path) in all {
        let _infallible = writeln!(
            text,
            "  - {{name: n{name}, match: {{unix.uid: '{name}'}}, id: 'spiffe://{{trust-domain}}/p{path}'}}"
        );
    }
    let file = Arc::new(SourceFile::new("entries.yaml", text));
    let compiled = compile([file], Some(&domain()));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    Arc::new(compiled.entries(domain()).expect("entries"))
}

fn list(shelf: &Shelf, all: &[Numbers]) -> Arc<List> {
    let entries = entries(all);
    shelf
        .list(&entries, &Attributes::default())
        .expect("a list")
}

fn state(entries: crate::nodes::proto::Entries) -> State {
    State {
        entries: Some(entries),
        ..State::default()
    }
}

/// Takes all messages of a state, as an agent does.
fn take(held: &mut Held, state: State) -> Result<(), Unusable> {
    for part in parts(state) {
        if let Some(mut whole) = held.joined(part)? {
            let next = held.next(&mut whole, &domain())?;
            held.hold(next.expect("entries"));
        }
    }
    Ok(())
}

fn size(change: &crate::nodes::proto::Entries) -> (usize, usize) {
    let put = change.runs.iter().map(|run| run.entries.len()).sum();
    (put, change.removed.len())
}

#[test]
fn only_differences_travel() {
    let all: Vec<Numbers> = (0..1000).map(|number| (number, number)).collect();
    let edit = |edit: fn(&mut Vec<Numbers>)| {
        let mut other = all.clone();
        edit(&mut other);
        other
    };
    let cases = [
        (all.clone(), (0, 0)),
        (edit(|all| all[500].1 = 7), (1, 0)),
        (edit(|all| all.insert(300, (5000, 1))), (1, 0)),
        (edit(|all| all.retain(|(name, _)| *name > 0)), (0, 1)),
        (edit(|all| all.rotate_left(1)), (1, 0)),
        (edit(|all| all.swap(10, 900)), (2, 0)),
        (edit(Vec::clear), (0, 1000)),
    ];
    let shelf = Shelf::default();
    let old = list(&shelf, &all);
    for (other, expected) in cases {
        let new = list(&shelf, &other);
        let change = new.since(&old);
        assert_eq!(size(&change), expected);
        let mut held = Held::default();
        take(&mut held, state(old.whole())).expect("taken");
        take(&mut held, state(change)).expect("taken");
        assert_eq!(held.digest(), new.digest());
    }
}

#[test]
fn a_line_above_moves_no_entry() {
    let all = [(1, 1), (2, 2), (3, 3)];
    let shelf = Shelf::default();
    let old = list(&shelf, &all);
    let text = "# a comment\n\nowner: tests\nentries:
  - {name: n1, match: {unix.uid: '1'}, id: 'spiffe://{trust-domain}/p1'}
  - {name: n2, match: {unix.uid: '2'}, id: 'spiffe://{trust-domain}/p2'}
  - {name: n3, match: {unix.uid: '3'}, id: 'spiffe://{trust-domain}/p3'}
";
    let file = Arc::new(SourceFile::new("entries.yaml", text.to_owned()));
    let entries = compile([file], Some(&domain()));
    let entries = Arc::new(entries.entries(domain()).expect("entries"));
    let new = shelf.list(&entries, &Attributes::default());
    assert_eq!(new.expect("a list").digest(), old.digest());
}

#[test]
fn any_list_comes_of_any_other() {
    let mut seed = 12_u64;
    let mut chance = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).expect("fits") % below
    };
    let shelf = Shelf::default();
    let mut now: Vec<Numbers> = (0..40).map(|number| (number, 0)).collect();
    let mut held = Held::default();
    let mut old = list(&shelf, &now);
    take(&mut held, state(old.whole())).expect("taken");
    for round in 1..400 {
        for _ in 0..chance(6) {
            let place = chance(now.len().max(1));
            match chance(4) {
                0 if !now.is_empty() => now.truncate(now.len() - 1),
                1 if !now.is_empty() => now[place].1 = round,
                2 if !now.is_empty() => {
                    let moved = now.remove(place);
                    let place = chance(now.len() + 1);
                    now.insert(place, moved);
                }
                _ => now.insert(place.min(now.len()), (round * 10 + chance(10), 0)),
            }
            now.dedup_by_key(|entry| entry.0);
            let mut known = std::collections::BTreeSet::new();
            now.retain(|entry| known.insert(entry.0));
        }
        let new = list(&shelf, &now);
        take(&mut held, state(new.since(&old))).expect("taken");
        assert_eq!(held.digest(), new.digest(), "{now:?}");
        old = new;
    }
}

#[test]
fn what_is_lost_reordered_or_said_twice_is_seen() {
    let shelf = Shelf::default();
    let lists = [
        list(&shelf, &[(1, 1), (2, 2)]),
        list(&shelf, &[(1, 1), (2, 3)]),
        list(&shelf, &[(1, 1), (2, 3), (4, 4)]),
    ];
    let first = lists[1].since(&lists[0]);
    let second = lists[2].since(&lists[1]);
    let begin = || {
        let mut held = Held::default();
        take(&mut held, state(lists[0].whole())).expect("taken");
        held
    };
    let mut lost = begin();
    assert_eq!(
        take(&mut lost, state(second.clone())),
        Err(Unusable::OutOfStep)
    );
    // What is held is as it was, and the whole puts it right.
    assert_eq!(lost.digest(), lists[0].digest());
    take(&mut lost, state(lists[2].whole())).expect("taken");
    assert_eq!(lost.digest(), lists[2].digest());

    let mut twice = begin();
    take(&mut twice, state(first.clone())).expect("taken");
    assert_eq!(
        take(&mut twice, state(first.clone())),
        Err(Unusable::OutOfStep)
    );

    let mut changed = begin();
    let mut other = first;
    other.runs[0].after.clear();
    assert_eq!(take(&mut changed, state(other)), Err(Unusable::OutOfStep));
    let mut nothing = Held::default();
    assert_eq!(take(&mut nothing, state(second)), Err(Unusable::OutOfStep));
}

#[test]
fn a_large_list_travels_in_bounded_messages() {
    use prost::Message as _;
    let all: Vec<Numbers> = (0..10_000).map(|number| (number, number)).collect();
    let new = list(&Shelf::default(), &all);
    let messages = parts(state(new.whole()));
    assert!(messages.len() > 1);
    let largest = messages.iter().map(State::encoded_len).max();
    assert!(largest < Some(2 << 20), "{largest:?}");
    let mut held = Held::default();
    take(&mut held, state(new.whole())).expect("taken");
    assert_eq!(held.digest(), new.digest());
    // A stream that broke in the middle leaves nothing behind.
    let mut broken = Held::default();
    let mut messages = messages;
    let begun = broken.joined(messages.pop_front().expect("one"));
    assert_eq!(begun, Ok(None));
    broken.begin();
    take(&mut broken, state(new.whole())).expect("taken");
    assert_eq!(broken.digest(), new.digest());
}

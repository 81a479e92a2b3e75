//! Objects and lists: what of them is kept, joined, compared and sorted.

use std::collections::BTreeMap;

use super::super::term::Term;
use super::super::world::{Fault, World};
use super::bounds::{check_bytes, within};
use super::{Builtin, argument, items_argument, wrong_type};

pub(super) const TABLE: &[Builtin] = &[
    Builtin::new("sort", 1, |arguments, _| {
        let mut items = items_argument(arguments, 0)?.to_vec();
        items.sort_by(Term::compare);
        Ok(Term::Array(items))
    }),
    Builtin::new("max", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?.iter();
        extreme(items.max_by(|left, right| left.compare(right)))
    }),
    Builtin::new("min", 1, |arguments, _| {
        let items = items_argument(arguments, 0)?.iter();
        extreme(items.min_by(|left, right| left.compare(right)))
    }),
    Builtin::new("object.subset", 2, subset),
    Builtin::new("object.union", 2, union),
    Builtin::new("object.union_n", 1, union_all),
    Builtin::new("array.concat", 2, concat),
    Builtin::new("json.filter", 2, |arguments, _| {
        pruned(arguments, Pruning::Keep)
    }),
    Builtin::new("json.remove", 2, |arguments, _| {
        pruned(arguments, Pruning::Remove)
    }),
];

fn extreme(found: Option<&Term>) -> Result<Term, Fault> {
    found
        .cloned()
        .ok_or_else(|| Fault::undefined("the collection is empty"))
}

fn subset(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (whole, part) = (argument(arguments, 0)?, argument(arguments, 1)?);
    let holds = match (whole, part) {
        (Term::Object(_), Term::Object(_))
        | (Term::Set(_), Term::Set(_))
        | (Term::Array(_), Term::Array(_)) => contains(whole, part),
        (Term::Array(items), Term::Set(wanted)) => {
            let items = Term::set(items.iter().cloned());
            let items = items.items().unwrap_or_default();
            wanted.iter().all(|item| is_in(items, item))
        }
        _ => {
            return Err(Fault::undefined(
                "both arguments of object.subset must be of the same type or array and set",
            ));
        }
    };
    Ok(Term::Bool(holds))
}

fn is_in(sorted: &[Term], item: &Term) -> bool {
    sorted.binary_search_by(|one| one.compare(item)).is_ok()
}

/// Whether a value holds all of another of its kind; lists as a run of their items.
fn contains(whole: &Term, part: &Term) -> bool {
    match (whole, part) {
        (Term::Object(whole), Term::Object(part)) => part.iter().all(|(key, wanted)| {
            let at = whole.binary_search_by(|(known, _)| known.compare(key));
            let found = at.ok().and_then(|at| whole.get(at));
            found.is_some_and(|(_, value)| contains(value, wanted))
        }),
        (Term::Set(whole), Term::Set(part)) => part.iter().all(|item| is_in(whole, item)),
        (Term::Array(whole), Term::Array(part)) => {
            part.is_empty()
                || whole.windows(part.len()).any(|run| {
                    run.iter()
                        .zip(part)
                        .all(|(left, right)| left.compare(right).is_eq())
                })
        }
        _ => whole.compare(part).is_eq(),
    }
}

fn object_argument(arguments: &[Term], at: usize) -> Result<&[(Term, Term)], Fault> {
    match argument(arguments, at)? {
        Term::Object(entries) => Ok(entries),
        found => Err(wrong_type(at, "object", found)),
    }
}

fn union(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let (left, right) = (
        object_argument(arguments, 0)?,
        object_argument(arguments, 1)?,
    );
    within("object.union", merged(left, right))
}

fn union_all(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let found = argument(arguments, 0)?;
    let Term::Array(objects) = found else {
        return Err(wrong_type(0, "array", found));
    };
    let mut made = Term::Object(Vec::new());
    for object in objects {
        let Term::Object(entries) = object else {
            return Err(wrong_type(0, "an array of objects", object));
        };
        made = merged(made.entries(), entries);
    }
    within("object.union_n", made)
}

/// Both objects in one, the right one's values first; objects within are joined alike.
fn merged(left: &[(Term, Term)], right: &[(Term, Term)]) -> Term {
    let mut made = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return Term::Object(made),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => one.0.compare(&other.0),
        };
        match order {
            std::cmp::Ordering::Less => made.extend(left.next().cloned()),
            std::cmp::Ordering::Greater => made.extend(right.next().cloned()),
            std::cmp::Ordering::Equal => {
                if let (Some((key, one)), Some((_, other))) = (left.next(), right.next()) {
                    let value = match (one, other) {
                        (Term::Object(one), Term::Object(other)) => merged(one, other),
                        _ => other.clone(),
                    };
                    made.push((key.clone(), value));
                }
            }
        }
    }
}

fn concat(arguments: &[Term], _: &mut World) -> Result<Term, Fault> {
    let mut made = Vec::new();
    for at in 0..2 {
        let found = argument(arguments, at)?;
        let Term::Array(items) = found else {
            return Err(wrong_type(at, "array", found));
        };
        check_bytes("array.concat", found.bytes())?;
        made.extend(items.iter().cloned());
    }
    within("array.concat", Term::Array(made))
}

/// What happens to what paths name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pruning {
    Keep,
    Remove,
}

/// Paths as a tree; one that ends takes everything below it.
#[derive(Debug, Default)]
struct Paths {
    ends: bool,
    below: BTreeMap<String, (Term, Paths)>,
}

impl Paths {
    fn add(&mut self, steps: impl Iterator<Item = Term>) {
        let mut here = self;
        for step in steps {
            let below = here.below.entry(step.literal());
            here = &mut below.or_insert_with(|| (step, Self::default())).1;
        }
        here.ends = true;
    }

    fn at(&self, key: &Term) -> Option<&Self> {
        self.below.get(&key.literal()).map(|(_, paths)| paths)
    }

    /// What is said of the item of an array, whose places are texts in paths of one text.
    fn at_index(&self, index: usize) -> Option<&Self> {
        let index = index.to_string();
        let text = self.below.get(&format!("\"{index}\""));
        text.or_else(|| self.below.get(&index))
            .map(|(_, paths)| paths)
    }
}

/// Deepest path.
const MAX_STEPS: usize = 1000;

fn pruned(arguments: &[Term], pruning: Pruning) -> Result<Term, Fault> {
    let entries = object_argument(arguments, 0)?;
    let mut paths = Paths::default();
    for path in items_argument(arguments, 1)? {
        match path {
            Term::Text(text) => {
                let text = text.trim_start_matches('/');
                let steps = text.split('/').take(MAX_STEPS + 1);
                let steps: Vec<Term> = steps
                    .map(|step| Term::Text(step.replace("~1", "/").replace("~0", "~")))
                    .collect();
                deep_enough(steps.len())?;
                paths.add(steps.into_iter());
            }
            Term::Array(steps) => {
                deep_enough(steps.len())?;
                if !steps.is_empty() {
                    paths.add(steps.iter().cloned());
                }
            }
            other => {
                return Err(wrong_type(1, "a collection of paths", other));
            }
        }
    }
    let whole = Term::Object(entries.to_vec());
    Ok(match pruning {
        Pruning::Keep => kept(&whole, &paths),
        Pruning::Remove => without(&whole, &paths),
    })
}

fn deep_enough(steps: usize) -> Result<(), Fault> {
    if steps > MAX_STEPS {
        return Err(Fault::halt(format!(
            "a path of more than {MAX_STEPS} steps"
        )));
    }
    Ok(())
}

fn kept(value: &Term, paths: &Paths) -> Term {
    if paths.ends {
        return value.clone();
    }
    match value {
        Term::Object(entries) => {
            let entries = entries.iter();
            Term::Object(
                entries
                    .filter_map(|(key, value)| Some((key.clone(), kept(value, paths.at(key)?))))
                    .collect(),
            )
        }
        Term::Array(items) => {
            let items = items.iter().enumerate();
            Term::Array(
                items
                    .filter_map(|(at, item)| Some(kept(item, paths.at_index(at)?)))
                    .collect(),
            )
        }
        Term::Set(items) => {
            let items = items.iter();
            Term::set(items.filter_map(|item| Some(kept(item, paths.at(item)?))))
        }
        scalar => scalar.clone(),
    }
}

fn without(value: &Term, paths: &Paths) -> Term {
    // Nothing where a path ends, all of what none names, else what is left below.
    let left = |value: &Term, paths: Option<&Paths>| match paths {
        Some(paths) if paths.ends => None,
        Some(paths) => Some(without(value, paths)),
        None => Some(value.clone()),
    };
    match value {
        Term::Object(entries) => {
            let entries = entries.iter();
            Term::Object(
                entries
                    .filter_map(|(key, value)| Some((key.clone(), left(value, paths.at(key))?)))
                    .collect(),
            )
        }
        Term::Array(items) => {
            let items = items.iter().enumerate();
            Term::Array(
                items
                    .filter_map(|(at, item)| left(item, paths.at_index(at)))
                    .collect(),
            )
        }
        Term::Set(items) => Term::set(items.iter().filter_map(|item| left(item, paths.at(item)))),
        scalar => scalar.clone(),
    }
}

//! The order in which things that need others come after those, or the circle that allows none.

use std::collections::BTreeMap;

/// What each needs, by name.
pub(super) type Needs<'n> = BTreeMap<&'n str, Vec<&'n str>>;

/// Names in an order in which each comes after all that it needs, or one that needs itself. Needs without a name of
/// their own are passed over.
pub(super) fn order<'n>(needs: &Needs<'n>) -> Result<Vec<&'n str>, &'n str> {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: Needs<'n> = BTreeMap::new();
    for (name, needed) in needs {
        let known = needed.iter().filter(|needed| needs.contains_key(*needed));
        waiting.insert(name, known.clone().count());
        for needed in known {
            needed_by.entry(needed).or_default().push(name);
        }
    }
    let free = waiting.iter().filter(|(_, count)| **count == 0);
    let mut free: Vec<&'n str> = free.map(|(name, _)| *name).collect();
    let mut ordered = Vec::new();
    while let Some(name) = free.pop() {
        waiting.remove(name);
        ordered.push(name);
        for dependent in needed_by.remove(name).unwrap_or_default() {
            let Some(count) = waiting.get_mut(dependent) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                free.push(dependent);
            }
        }
    }
    // INVARIANT: each that is left needs another that is left, so that so many steps end in a circle.
    let mut left = waiting.keys().next().copied();
    for _ in 0..waiting.len() {
        let needed = left.and_then(|name| needs.get(name));
        let needed =
            needed.and_then(|needed| needed.iter().find(|name| waiting.contains_key(**name)));
        left = needed.copied();
    }
    left.map_or(Ok(ordered), Err)
}

#[cfg(test)]
mod tests {
    use super::{Needs, order};

    #[test]
    fn what_is_needed_comes_first() {
        let needs: Needs<'_> = [
            ("a", vec!["b", "else"]),
            ("b", vec!["c", "c"]),
            ("c", vec![]),
        ]
        .into();
        assert_eq!(order(&needs), Ok(vec!["c", "b", "a"]));
    }

    #[test]
    fn a_circle_is_told_by_one_that_is_in_it() {
        let needs: Needs<'_> = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"])].into();
        assert!(matches!(order(&needs), Err("b" | "c")));
        let needs: Needs<'_> = [("a", vec!["a"])].into();
        assert_eq!(order(&needs), Err("a"));
    }
}

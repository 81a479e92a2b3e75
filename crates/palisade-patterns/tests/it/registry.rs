//! The list of checks is whole and consistent.

use std::collections::BTreeSet;

use palisade_model::{CheckId, PatternId};
use palisade_patterns::{Unit, find, patterns};

fn units() -> impl Iterator<Item = &'static Unit> {
    patterns().iter().flat_map(|pattern| pattern.units)
}

#[test]
fn all_twelve_patterns_stand_in_order() {
    let listed: Vec<PatternId> = patterns().iter().map(|pattern| pattern.id).collect();
    assert_eq!(listed, PatternId::all().collect::<Vec<_>>());
}

#[test]
fn ids_are_unique_ascending_and_belong_to_their_pattern() {
    for pattern in patterns() {
        let ids: Vec<CheckId> = pattern.units.iter().map(|unit| unit.check.id).collect();
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(ids, sorted, "order of {}", pattern.id.slug());
        for id in ids {
            assert_eq!(id.pattern(), Some(pattern.id), "{id}");
        }
    }
}

#[test]
fn slugs_are_unique_words_joined_by_hyphens() {
    let mut seen = BTreeSet::new();
    for unit in units() {
        let slug = unit.check.slug;
        assert!(seen.insert(slug), "`{slug}` is used twice");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(slug.chars().all(fits), "`{slug}`");
    }
}

#[test]
fn every_check_explains_itself() {
    for unit in units() {
        let check = &unit.check;
        for text in [check.title, check.lets, check.fix] {
            assert!(!text.is_empty(), "{} is silent", check.id);
            assert!(!text.ends_with('.'), "{}: `{text}`", check.id);
        }
        assert!(
            !check.references.is_empty(),
            "{} has no reference",
            check.id
        );
    }
}

#[test]
fn a_check_is_found_by_id_slug_and_other_tools_ids() {
    for unit in units() {
        let check = &unit.check;
        let found = |name: &str| find(name).iter().any(|other| other.check.id == check.id);
        assert!(found(&check.id.to_string().to_lowercase()));
        assert!(found(&check.slug.to_uppercase()));
        for other in check.equivalents {
            assert!(found(other.id), "{} by `{}`", check.id, other.id);
        }
    }
    assert!(find("nothing-of-this-name").is_empty());
}

#[test]
fn the_list_does_not_shrink() {
    assert!(units().count() >= 110, "only {} checks", units().count());
}

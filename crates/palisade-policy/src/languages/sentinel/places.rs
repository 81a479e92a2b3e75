//! Where in a plan a failing policy points.

use std::sync::Arc;

use palisade_document::{SourceFile, Span, Value};

use super::judgement::{Judgement, Place};
use crate::input::Input;

/// What a failing policy is about: the element that a quantifier singled out, if it lies in the
/// first resource that the policy named or if it named none; else that resource; else what was
/// looked up last.
pub(super) fn suspect(judgement: &Judgement, plan: Value<'_>) -> Option<Place> {
    let named = printed(&judgement.prints, plan);
    let element = judgement.element.clone();
    match (named, element) {
        (Some(named), Some(element)) => {
            let within = Arc::ptr_eq(&named.0, &element.0)
                && named.1.start <= element.1.start
                && element.1.end <= named.1.end;
            Some(if within { element } else { named })
        }
        (named, element) => named.or(element).or_else(|| judgement.touched.clone()),
    }
}

/// The first resource of a plan whose address was printed.
fn printed(prints: &[String], plan: Value<'_>) -> Option<Place> {
    let changes = plan.get("resource_changes")?;
    for line in prints {
        let named = changes
            .items()
            .filter_map(|change| Some((change.get("address")?.as_str()?, change)))
            .filter(|(address, _)| !address.is_empty() && holds(line, address))
            .max_by_key(|(address, _)| address.len());
        if let Some((_, change)) = named {
            return Some((Arc::clone(change.document().file()), change.span()));
        }
    }
    None
}

/// Whether a line holds an address as a word of its own.
fn holds(line: &str, address: &str) -> bool {
    let part_of_a_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    line.match_indices(address).any(|(start, found)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + found.len()..);
        let after = after.and_then(|text| text.chars().next());
        !before.is_some_and(part_of_a_name) && !after.is_some_and(part_of_a_name)
    })
}

/// The path of a place in the input, such as `/resource_changes/0/change/after`.
pub(super) fn pointer(input: &Input<'_>, file: &Arc<SourceFile>, span: Span) -> String {
    let roots = [Some(input.document), input.data];
    let mut roots = roots.into_iter().flatten();
    let root = roots.find(|root| Arc::ptr_eq(root.document().file(), file));
    let Some(mut value) = root else {
        return String::new();
    };
    let mut path = String::new();
    let holds = |value: Value<'_>| {
        let own = value.span();
        own.start <= span.start && span.end <= own.end
    };
    while value.span() != span {
        let items = value.items().enumerate();
        let item = items
            .map(|(index, item)| (index.to_string(), item))
            .find(|(_, item)| holds(*item));
        let entry = || {
            let mut entries = value.entries();
            let entry = entries.find(|entry| holds(entry.value))?;
            let key = entry.key.replace('~', "~0").replace('/', "~1");
            Some((key, entry.value))
        };
        let Some((step, next)) = item.or_else(entry) else {
            break;
        };
        path.push('/');
        path.push_str(&step);
        value = next;
    }
    path
}

//! Changes of several policies to one object, put together.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

/// The object with one more policy's change. Some policies start from the object as sent, others
/// from what those before made of it: a change that holds all earlier ones stands as it is, any
/// other is applied to what is there. `None` where it does not fit.
pub(super) fn merged(sent: &Value, current: Value, changed: Value) -> Option<Value> {
    let before = json_patch::diff(sent, &current);
    if holds(&changed, &current, &before) {
        return Some(changed);
    }
    let mut current = current;
    json_patch::patch(&mut current, &json_patch::diff(sent, &changed)).ok()?;
    Some(current)
}

/// Whether every step that led to `current` also stands in `changed`.
fn holds(changed: &Value, current: &Value, steps: &Patch) -> bool {
    steps.0.iter().all(|step| {
        let path = match step {
            PatchOperation::Add(step) => step.path.as_str(),
            PatchOperation::Replace(step) => step.path.as_str(),
            PatchOperation::Remove(step) => return changed.pointer(step.path.as_str()).is_none(),
            PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => {
                return false;
            }
        };
        changed.pointer(path) == current.pointer(path)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_from_the_same_start_are_both_kept() {
        let sent = json!({"labels": {}, "env": ["a"]});
        let first = json!({"labels": {"x": "1"}, "env": ["a", "b"]});
        let second = json!({"labels": {"y": "2"}, "env": ["a", "c"]});
        let merged = merged(&sent, first, second).unwrap();
        assert_eq!(merged["labels"], json!({"x": "1", "y": "2"}));
        let env = merged["env"].as_array().unwrap();
        assert!(env.contains(&json!("b")) && env.contains(&json!("c")));
    }

    #[test]
    fn a_change_of_a_changed_object_is_not_made_twice() {
        let sent = json!({"env": ["a"]});
        let first = json!({"env": ["a", "b"]});
        let second = json!({"env": ["a", "b", "c"]});
        assert_eq!(merged(&sent, first, second.clone()), Some(second));
    }

    #[test]
    fn a_change_that_does_not_fit_is_refused() {
        let sent = json!({"a": {"b": 1}});
        let first = json!({});
        let second = json!({"a": {"b": 2}});
        assert_eq!(merged(&sent, first, second), None);
    }
}

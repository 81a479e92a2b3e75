//! What is doubtful in a policy although it loads.

use super::origin;
use crate::datum::{Datum, to_json};
use crate::error::PolicyError;
use crate::mentions;

/// The variables of a policy that none of its expressions reads.
pub(crate) fn unused_variables(spec: Datum<'_>) -> Vec<PolicyError> {
    let variables = spec.get("variables").into_iter().flat_map(Datum::items);
    let text = to_json(spec).to_string();
    let doubt = |variable: Datum<'_>| {
        let name = variable.get("name")?;
        let word = name.as_text()?;
        let is_used = mentions::count(&text, &format!("variables.{word}")) > 0
            || text.contains(&format!("variables[\\\"{word}"))
            || text.contains(&format!("variables['{word}"));
        (!is_used).then(|| PolicyError {
            message: format!("the variable `{word}` is never used"),
            origin: origin(name),
        })
    };
    variables.filter_map(doubt).collect()
}

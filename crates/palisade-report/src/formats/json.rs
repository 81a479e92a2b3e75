//! The assessment as JSON; `docs/schemas/assessment.json` describes it.

use crate::assessment::Assessment;

pub(super) fn render(assessment: &Assessment) -> String {
    let mut text = serde_json::to_string_pretty(assessment).unwrap_or_default();
    text.push('\n');
    text
}

//! Which detections are answered by a responder that stands in another file.

use palisade_model::ControlKind;

use crate::facts::Facts;

/// Kinds of objects and files that hold rules of Falco.
const FALCO: [&str; 3] = ["ConfigMap", "FalcoRules", "Rulesfile"];

/// Marks the rule sets of Falco that Falco Talon responds to.
pub(super) fn answer(facts: &mut Facts) {
    let responses = std::mem::take(&mut facts.responses);
    for control in &mut facts.model.controls {
        let is_falco = FALCO.contains(&control.kind_name.as_str());
        if let ControlKind::Detection { rules, responds } = &mut control.kind
            && is_falco
        {
            let answers = |named: &Vec<String>| {
                named.is_empty() || named.iter().any(|name| rules.contains(name))
            };
            *responds |= responses.iter().any(|response| answers(&response.rules));
        }
    }
}

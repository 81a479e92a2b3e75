//! Override files: what they say takes the place of what the configuration beside them says.

use super::{Configuration, ConfigurationMistake, mistake};

/// Whether a file overrides the configuration at a path: `override.hcl` or `…_override.hcl` beside
/// it, or the same in JSON.
pub(in crate::languages::sentinel) fn is_override(configuration: &str, file: &str) -> bool {
    let split = |path: &str| match path.rsplit_once('/') {
        Some((folder, name)) => (folder.to_owned(), name.to_owned()),
        None => (String::new(), path.to_owned()),
    };
    let ((folder, _), (beside, name)) = (split(configuration), split(file));
    let stem = name
        .strip_suffix(".hcl")
        .or_else(|| name.strip_suffix(".json"));
    folder == beside && stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

/// Merges an override into a configuration: blocks of the same name are merged, and an attribute
/// takes the place of the one before. A block that stands in no configuration is a mistake.
pub(in crate::languages::sentinel) fn override_with(
    configuration: &mut Configuration,
    over: Configuration,
) -> Result<(), ConfigurationMistake> {
    for entry in over.policies {
        let known = &mut configuration.policies;
        let Some(known) = known.iter_mut().find(|known| known.name == entry.name) else {
            return Err(nothing(&entry.name, entry.span));
        };
        known.source = entry.source.or(known.source.take());
        known.level = entry.level.or(known.level.take());
        known.parameters = entry.parameters.or(known.parameters.take());
    }
    for import in over.imports {
        let mut known = configuration.imports.iter_mut();
        let same = known.find(|known| known.name == import.name && known.is_mock == import.is_mock);
        match same {
            Some(known) => known.from = import.from,
            None => return Err(nothing(&import.name, import.span)),
        }
    }
    let parameters = (&mut configuration.parameters, over.parameters);
    let globals = (&mut configuration.globals, over.globals);
    for (known, values) in [parameters, globals] {
        for (name, value) in values {
            match known.get_mut(&name) {
                Some(known) => *known = value,
                None => return Err(nothing(&name, palisade_document::Span::default())),
            }
        }
    }
    Ok(())
}

fn nothing(name: &str, span: palisade_document::Span) -> ConfigurationMistake {
    let sentence = format!(
        "`{name}` overrides nothing: the configuration beside has no such block; move it there"
    );
    mistake(span, sentence)
}

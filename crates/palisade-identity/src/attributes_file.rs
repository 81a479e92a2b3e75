//! Attributes written down: what `palisade identity explain --attributes` reads.

use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Syntax, parse};
use palisade_model::Diagnostic;

use crate::fields::Fields;
use crate::{Attribute, Attributes};

const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_depth: 4,
    max_nodes: 4096,
    max_alias_nodes: 0,
};
/// The most values of one attribute in a file.
const MOST_VALUES: usize = 512;

/// Reads a mapping of attributes, each with a value or a list of values, from YAML or JSON.
///
/// # Errors
/// Everything that is wrong, each at its place.
pub fn read_attributes(file: Arc<SourceFile>) -> Result<Attributes, Vec<Diagnostic>> {
    let (document, errors) = parse(Arc::clone(&file), Syntax::Yaml, &LIMITS);
    let mut fields = Fields::new(file);
    for error in errors {
        fields.wrong(error.span, &error.message, None);
    }
    let mut attributes = Attributes::default();
    for root in document.roots() {
        if !root.is_object() {
            let help = "write attributes with their values, such as `unix.uid: 1000`";
            let message = "a file of attributes is a mapping";
            fields.wrong(root.span(), message, Some(help.to_owned()));
        }
        for pair in root.entries() {
            if let Err(error) = Attribute::new(pair.key) {
                fields.wrong(pair.key_span, error, None);
                continue;
            }
            let text = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
            let values = fields.list(pair.value, (pair.key, MOST_VALUES), text);
            for value in values.into_iter().flatten() {
                if let Err(error) = attributes.add(pair.key, value) {
                    fields.wrong(pair.value.span(), error, None);
                }
            }
        }
    }
    if fields.diagnostics.is_empty() {
        Ok(attributes)
    } else {
        Err(fields.diagnostics)
    }
}

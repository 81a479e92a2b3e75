//! The formats that are read, one line each.

use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::Outcome;

use crate::facts::Facts;

mod compose;
mod dockerfile;
pub(crate) mod falco;
pub(crate) mod kubernetes;
mod skaffold;

/// A format: whose files it takes, and how it reads them.
pub(crate) struct Format {
    /// Whether a file of this path may be of the format, before its text is read.
    pub(crate) names: fn(path: &str) -> bool,
    /// Whether a text is of the format.
    pub(crate) applies: fn(path: &str, text: &str) -> bool,
    /// Turns a text into facts.
    pub(crate) read: fn(file: &Arc<SourceFile>, facts: &mut Facts) -> Outcome,
}

/// Every format; the first one that applies reads the file.
pub(crate) const FORMATS: &[Format] = &[
    Format {
        names: dockerfile::names,
        applies: |_, _| true,
        read: dockerfile::read,
    },
    Format {
        names: compose::names,
        applies: compose::applies,
        read: compose::read,
    },
    Format {
        names: skaffold::names,
        applies: skaffold::applies,
        read: skaffold::read,
    },
    Format {
        names: falco::names,
        applies: falco::applies,
        read: falco::read,
    },
    Format {
        names: kubernetes::names,
        applies: |_, _| true,
        read: kubernetes::read,
    },
];

/// Whether any format may read a file of this path.
pub(crate) fn is_named(path: &str) -> bool {
    FORMATS.iter().any(|format| (format.names)(path))
}

/// The format that reads this text.
pub(crate) fn of(path: &str, text: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|format| (format.names)(path) && (format.applies)(path, text))
}

/// Whether a name is that of a YAML file.
pub(crate) fn is_yaml(path: &str) -> bool {
    let end = file_name(path).rsplit_once('.').map(|(_, end)| end);
    end.is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"))
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

//! `sentinel.hcl` and test cases: what is configured, in HCL or in either of its JSON forms.

mod hcl;
mod json;
mod levels;
mod overrides;
mod redefined;

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{SourceFile, Span};
use serde_json::Value as Json;

pub(super) use self::levels::enforcement;
pub(super) use self::overrides::{is_override, override_with};

/// A configuration.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) policies: Vec<PolicyEntry>,
    pub(super) imports: Vec<ImportEntry>,
    pub(super) parameters: BTreeMap<String, Json>,
    pub(super) globals: BTreeMap<String, Json>,
    /// Rules with the values that a test expects; `None` without a `test` block.
    pub(super) expected: Option<BTreeMap<String, Json>>,
}

/// A policy of a set.
#[derive(Debug)]
pub(super) struct PolicyEntry {
    pub(super) name: String,
    /// Its path; without one, it lies beside the configuration under its name.
    pub(super) source: Option<String>,
    pub(super) level: Option<String>,
    pub(super) parameters: Option<BTreeMap<String, Json>>,
    pub(super) span: Span,
}

impl PolicyEntry {
    /// The path of its text, seen from the configuration.
    pub(super) fn source(&self) -> String {
        let beside = || format!("{}.sentinel", self.name);
        self.source.clone().unwrap_or_else(beside)
    }
}

/// An import that is configured.
#[derive(Debug)]
pub(super) struct ImportEntry {
    pub(super) name: String,
    pub(super) from: ImportFrom,
    /// Whether it stands in for an import, in tests.
    pub(super) is_mock: bool,
    pub(super) span: Span,
}

/// Where an import comes from.
#[derive(Debug)]
pub(super) enum ImportFrom {
    /// A text in the language, by its path.
    Module(String),
    /// A JSON or YAML file, by its path.
    Static(String),
    /// Data that stands in the configuration.
    Data(Json),
    /// A program to run, or the settings of an import that the engine has.
    Plugin,
}

/// A mistake in a configuration.
#[derive(Debug, Clone)]
pub(super) struct ConfigurationMistake {
    pub(super) message: String,
    pub(super) span: Span,
}

/// Reads a configuration; the ending of its name says whether it is HCL or JSON.
pub(super) fn read(file: &Arc<SourceFile>) -> Result<Configuration, ConfigurationMistake> {
    if file.path().ends_with(".json") {
        json::read(file)
    } else {
        hcl::read(file)
    }
}

fn mistake(span: Span, message: impl Into<String>) -> ConfigurationMistake {
    ConfigurationMistake {
        message: message.into(),
        span,
    }
}

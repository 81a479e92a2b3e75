//! A policy language as data and plain functions, so that it can be listed and shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::SourceFile;

use crate::compiled::Compiled;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::suite::{ConformanceReport, SuiteReport};

/// Texts that are compiled together: a Rego bundle, a folder of Kyverno policies, a Sentinel
/// policy set.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// What a person calls it: its folder.
    pub name: String,
    /// Policies, modules and data, by their paths relative to the bundle's folder.
    pub files: BTreeMap<String, Arc<SourceFile>>,
}

/// How policies are compiled.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Values of parameters, by name, as JSON texts.
    pub parameters: BTreeMap<String, String>,
    /// The language's dialect where a text does not say it (`v0` or `v1` for Rego).
    pub dialect: Option<String>,
}

/// Compiles a bundle.
pub type Compile = fn(&Bundle, &Settings) -> Result<Arc<dyn Compiled>, Vec<PolicyError>>;

/// Scores an engine on an upstream suite.
pub type Conform = fn(&Folder) -> Result<ConformanceReport, PolicyError>;

/// One policy language.
#[derive(Debug, Clone, Copy)]
pub struct Language {
    /// Its name in commands and answers: `rego`, `kyverno`, `sentinel`.
    pub name: &'static str,
    /// Takes the bundles of this language out of a folder; texts of others are left alone.
    pub discover: fn(&Folder) -> Result<Vec<Bundle>, PolicyError>,
    /// Compiles a bundle; every mistake is said, not only the first.
    pub compile: Compile,
    /// Runs the tests below a folder, in the ecosystem's own layouts.
    pub test: fn(&Folder, &Settings) -> Result<Vec<SuiteReport>, PolicyError>,
    /// The files that tests below a folder judge and look up, under the paths that reports show:
    /// they say nothing about the system.
    pub material: fn(&Folder) -> Vec<Arc<str>>,
    /// Scores the engine on an upstream suite, by the suite's name: `rego`, `gatekeeper`,
    /// `kyverno`, `sentinel`, `cel`.
    pub conformance: &'static [(&'static str, Conform)],
}

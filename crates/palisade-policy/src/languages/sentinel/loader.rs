//! Reads the files that a configuration names, each once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{Document, Limits, SourceFile, Syntax, parse};
use palisade_model::Origin;
use serde_json::Value as Json;

use super::configuration::{Configuration, ImportFrom};
use super::environment::{Environment, Source};
use super::syntax::{self, Program};
use crate::error::PolicyError;

/// Gives the text of a file by its path; the error is a sentence.
pub(super) type ReadFile<'f> = dyn Fn(&str) -> Result<Arc<SourceFile>, String> + 'f;

/// Files that were read and parsed.
pub(super) struct Loader<'f> {
    read: &'f ReadFile<'f>,
    programs: RefCell<BTreeMap<String, Result<Arc<Program>, PolicyError>>>,
}

impl<'f> Loader<'f> {
    pub(super) fn new(read: &'f ReadFile<'f>) -> Self {
        Self {
            read,
            programs: RefCell::default(),
        }
    }

    /// A program by its path.
    pub(super) fn program(&self, path: &str) -> Result<Arc<Program>, PolicyError> {
        if let Some(known) = self.programs.borrow().get(path) {
            return known.clone();
        }
        let program = self.parse(path);
        self.programs
            .borrow_mut()
            .insert(path.to_owned(), program.clone());
        program
    }

    /// Forgets what was parsed, where mocks of one case are of no use to the next.
    pub(super) fn forget(&self, keep: impl Fn(&str) -> bool) {
        self.programs.borrow_mut().retain(|path, _| keep(path));
    }

    fn parse(&self, path: &str) -> Result<Arc<Program>, PolicyError> {
        let file = (self.read)(path).map_err(PolicyError::new)?;
        let program = syntax::parse(&file);
        program
            .map(Arc::new)
            .map_err(|mistake| PolicyError::at(Origin::new(&file, mistake.span), mistake.message))
    }

    /// What a configuration at a path gives a policy. What cannot be read is kept as missing, and
    /// is told when it is imported.
    pub(super) fn environment(
        &self,
        configuration: &Configuration,
        path: &str,
        mocks: Mocks,
    ) -> Environment {
        let mut environment = Environment::default();
        // A mock stands in for a module of the same name, whichever is written first.
        let (stand_ins, own): (Vec<_>, Vec<_>) = configuration
            .imports
            .iter()
            .partition(|import| import.is_mock);
        let stand_ins = stand_ins.into_iter().filter(|_| mocks == Mocks::Use);
        for import in own.into_iter().chain(stand_ins) {
            let source = match &import.from {
                ImportFrom::Module(source) => match self.module(path, source) {
                    Ok(program) => Source::Module(program),
                    Err(reason) => Source::Missing(reason),
                },
                ImportFrom::Static(source) => match self.data(path, source) {
                    Ok(document) => Source::Data(document),
                    Err(reason) => Source::Missing(reason),
                },
                ImportFrom::Data(json) => Source::Data(document(json)),
                ImportFrom::Plugin => continue,
            };
            environment.imports.insert(import.name.clone(), source);
        }
        let documents = |values: &BTreeMap<String, Json>| {
            let values = values.iter();
            values
                .map(|(name, value)| (name.clone(), document(value)))
                .collect()
        };
        environment.parameters = documents(&configuration.parameters);
        environment.globals = documents(&configuration.globals);
        environment
    }

    fn module(&self, from: &str, source: &str) -> Result<Arc<Program>, String> {
        let path = beside(from, source)?;
        self.program(&path).map_err(|error| match error.origin {
            Some(origin) => format!("{} at {}:{}", error.message, origin.file, origin.start.line),
            None => error.message,
        })
    }

    fn data(&self, from: &str, source: &str) -> Result<Arc<Document>, String> {
        let file = (self.read)(&beside(from, source)?)?;
        let syntax = match file.path().rsplit_once('.') {
            Some((_, "yaml" | "yml")) => Syntax::Yaml,
            _ => Syntax::Json,
        };
        let (document, errors) = parse(Arc::clone(&file), syntax, &Limits::default());
        let fatal = errors
            .iter()
            .find(|error| error.severity == palisade_document::SyntaxSeverity::Fatal);
        match fatal {
            Some(error) => {
                let place = file.position(error.span.start);
                Err(format!(
                    "{} at {}:{}",
                    error.message,
                    file.path(),
                    place.line
                ))
            }
            None => Ok(Arc::new(document)),
        }
    }
}

/// What happens to the mocks of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mocks {
    /// They stand in for imports: in tests.
    Use,
    /// They must not hide what is really judged.
    LeaveOut,
}

/// The path of a source that is named in a file at another path.
pub(super) fn beside(from: &str, source: &str) -> Result<String, String> {
    if source.contains("://") || source.contains("::") {
        return Err(format!(
            "`{source}` is not on this machine, and nothing is fetched"
        ));
    }
    if source.starts_with('/') {
        return Err(format!(
            "`{source}` is an absolute path; name it relative to the file"
        ));
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for step in source.split('/') {
        match step {
            "" | "." => {}
            ".." if matches!(parts.last(), Some(&last) if last != "..") => {
                parts.pop();
            }
            step => parts.push(step),
        }
    }
    Ok(parts.join("/"))
}

/// JSON as a document.
pub(super) fn document(json: &Json) -> Arc<Document> {
    let file = Arc::new(SourceFile::new("configuration", json.to_string()));
    let (document, _) = palisade_document::parse_json(file, &Limits::default());
    Arc::new(document)
}

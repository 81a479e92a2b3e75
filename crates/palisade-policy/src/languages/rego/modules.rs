//! Policy texts, loaded: parsed with spans, checked, rewritten and given to the engine.

use std::collections::BTreeSet;
use std::sync::Arc;

use palisade_document::{SourceFile, Span};
use palisade_model::Origin;

use super::engine::{EngineError, Foreign, MAX_POLICY_BYTES, Program, Source};
use super::machine_limits::may_run;
use super::metadata::{Annotations, rule_path};
use super::rewrite::{
    Overlaps, Replaced, Surroundings, guard, rename_functions, rewrite, separate,
};
use super::sound::{Candidates, Cause, Found, LeftOut};
use super::syntax::{Mistake, Module, Node, parse, walk_module};
use crate::error::PolicyError;

/// Most times that packages are left out because the engine does not take them.
const MAX_ROUNDS: usize = 64;

/// Which dialect a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    /// The first unless the text says otherwise.
    V0,
    V1,
    /// As the text reads: the first dialect if it has bodies without `if`.
    #[default]
    Told,
}

impl Dialect {
    /// The dialect of a setting.
    pub(super) fn of(setting: Option<&str>) -> Result<Self, PolicyError> {
        match setting {
            None => Ok(Self::Told),
            Some("v0") => Ok(Self::V0),
            Some("v1") => Ok(Self::V1),
            Some(other) => Err(PolicyError::new(format!(
                "`{other}` is no dialect of Rego; say `v0` or `v1`"
            ))),
        }
    }
}

/// A policy text and where it stands.
#[derive(Debug, Clone)]
pub(super) struct PolicyText {
    /// Its path in messages; unique in a set.
    pub(super) name: String,
    pub(super) file: Arc<SourceFile>,
    pub(super) text: Arc<str>,
    /// The value of the file that holds the text, where that is not the whole file.
    pub(super) within: Option<Span>,
    pub(super) dialect: Dialect,
}

impl PolicyText {
    /// A file that is a policy.
    pub(super) fn file(name: &str, file: &Arc<SourceFile>, dialect: Dialect) -> Self {
        Self {
            name: name.to_owned(),
            file: Arc::clone(file),
            text: Arc::from(file.text()),
            within: None,
            dialect,
        }
    }

    /// The place of a span of the text in its file.
    pub(super) fn origin(&self, span: Span) -> Origin {
        let Some(within) = self.within else {
            return Origin::new(&self.file, span);
        };
        let before = self.text.get(..span.start as usize).unwrap_or("");
        let line = before.matches('\n').count();
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        self.line_origin(within, u32::try_from(line).unwrap_or(0), column)
    }

    /// The place of a line (from 1) and column (from 1) of the text.
    pub(super) fn line_origin_of(&self, line: u32, column: u32) -> Origin {
        let line = line.saturating_sub(1);
        let column = column.saturating_sub(1) as usize;
        if let Some(within) = self.within {
            return self.line_origin(within, line, column);
        }
        let span = self.file.line_span(line + 1);
        let start = span.start + u32::try_from(column).unwrap_or(0);
        Origin::new(&self.file, Span::new(start.min(span.end), span.end))
    }

    /// A line of a block that stands indented in its file.
    fn line_origin(&self, within: Span, line: u32, column: usize) -> Origin {
        let text_line = self.text.lines().nth(line as usize).unwrap_or("");
        let first = self.file.position(within.start).line;
        // A block begins in the line after its marker.
        for guess in [first + 1 + line, first + line] {
            let span = self.file.line_span(guess);
            let found = self.file.slice(span);
            if let Some(at) = found
                .find(text_line.trim())
                .filter(|_| !text_line.trim().is_empty())
            {
                let indent = text_line.len() - text_line.trim_start().len();
                let start = at + column.saturating_sub(indent);
                let start = span.start + u32::try_from(start).unwrap_or(0);
                return Origin::new(&self.file, Span::new(start.min(span.end), span.end));
            }
        }
        Origin::new(&self.file, within)
    }
}

/// A loaded module.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) text: PolicyText,
    pub(super) module: Module,
    pub(super) annotations: Annotations,
}

/// Policies that the engine took.
#[derive(Debug)]
pub(super) struct Policies {
    pub(super) program: Program,
    pub(super) modules: Vec<Loaded>,
    /// Paths below `data` that some module refers to and no module defines: `palisade`,
    /// `inventory` and the like.
    pub(super) wanted: BTreeSet<String>,
    /// Builtins that stand in a `with`.
    pub(super) replaced: Replaced,
}

/// Loads texts that must all be sound; every mistake is said.
pub(super) fn load(texts: Vec<PolicyText>, data: &[Foreign]) -> Result<Policies, Vec<PolicyError>> {
    let (policies, left_out) = load_sound(texts, data)?;
    if left_out.is_empty() {
        return Ok(policies);
    }
    let own = |one: &LeftOut| one.cause == Cause::Mistake;
    let own = left_out.into_iter().filter(own);
    Err(own.map(|one| one.error).collect())
}

/// Loads the packages that are sound and need none that is not, and tells the others. `Err` is for
/// mistakes that no package can be told of: nothing runs.
pub(super) fn load_sound(
    texts: Vec<PolicyText>,
    data: &[Foreign],
) -> Result<(Policies, Vec<LeftOut>), Vec<PolicyError>> {
    let mut candidates = Candidates::read(texts)?;
    candidates.check();
    for _ in 0..MAX_ROUNDS {
        match program(&candidates.modules, data) {
            Ok((program, replaced)) => {
                let policies = Policies {
                    program,
                    replaced,
                    wanted: wanted(&candidates.modules),
                    modules: candidates.modules,
                };
                return Ok((policies, candidates.left_out));
            }
            Err(Unfit::Modules(mistakes)) => candidates.leave(mistakes),
            Err(Unfit::Whole(error)) => {
                let mut errors = candidates.mistakes();
                errors.push(error);
                return Err(errors);
            }
        }
    }
    Err(candidates.mistakes())
}

/// What keeps modules from running.
enum Unfit {
    Modules(Vec<Found>),
    Whole(PolicyError),
}

/// The program of modules that are checked.
fn program(modules: &[Loaded], data: &[Foreign]) -> Result<(Program, Replaced), Unfit> {
    let around = Surroundings {
        overlaps: Overlaps::of(modules.iter().map(|loaded| &loaded.module)),
        ..surroundings(modules)
    };
    let mut sources = Vec::new();
    let mut mistakes = Vec::new();
    for (at, loaded) in modules.iter().enumerate() {
        match rewritten(loaded, modules, &around) {
            Ok(texts) => sources.extend(texts),
            Err(mistake) => mistakes.push((at, located(&loaded.text, &mistake))),
        }
    }
    if !mistakes.is_empty() {
        return Err(Unfit::Modules(mistakes));
    }
    guard_all(&mut sources);
    sources.extend(stand_ins(&around));
    let program = Program::new(sources, data.to_vec()).map_err(|errors| {
        let mut mistakes = Vec::new();
        for error in errors {
            let located = located_engine_error(modules, &error);
            let named = |path: &str| modules.iter().position(|one| one.text.name == path);
            match error.place.as_ref().and_then(|(path, ..)| named(path)) {
                Some(at) => mistakes.push((at, located)),
                None => return Unfit::Whole(located),
            }
        }
        Unfit::Modules(mistakes)
    })?;
    Ok((program, around.replaced))
}

/// Gives each source its text for the machine, if the machine may run all of them.
fn guard_all(sources: &mut [Source]) {
    let modules: Vec<Module> = sources
        .iter()
        .filter_map(|source| parse(&source.text).ok())
        .collect();
    let is_ascii = |source: &Source| source.text.is_ascii() && !source.text.contains("\\u");
    if modules.len() != sources.len() || !may_run(&modules) || !sources.iter().all(is_ascii) {
        return;
    }
    for (source, module) in sources.iter_mut().zip(&modules) {
        source.guarded = Some(guard(&source.text, module));
    }
}

/// The texts of a module as the engine takes them.
fn rewritten(
    loaded: &Loaded,
    all: &[Loaded],
    around: &Surroundings,
) -> Result<Vec<Source>, Mistake> {
    let mut sources = Vec::new();
    let none = BTreeSet::new();
    let names = around.rules.get(&loaded.module.package).unwrap_or(&none);
    let text = &loaded.text.text;
    let text = around.replaced.put_in(text, &loaded.module, names)?;
    let renamed = rename_functions(&text, &parse(&text)?);
    for text in separate(&renamed, &parse(&renamed)?) {
        let module = parse(&text)?;
        let mut annotations = Annotations::read(&text, &module)?;
        for other in all.iter().filter(|other| !std::ptr::eq(*other, loaded)) {
            annotations.adopt(&other.annotations);
        }
        let text = rewrite(&text, &module, &annotations, around)?;
        sources.push(Source {
            path: loaded.text.name.clone(),
            guarded: None,
            text,
            v0: is_v0(loaded),
        });
    }
    Ok(sources)
}

/// Reads a text.
pub(super) fn read(text: &PolicyText) -> Result<(Module, Annotations), Mistake> {
    if text.text.len() > MAX_POLICY_BYTES {
        let message = format!("this policy is larger than {MAX_POLICY_BYTES} bytes; split it");
        return Err(Mistake::new(Span::default(), message));
    }
    let module = parse(&text.text)?;
    let annotations = Annotations::read(&text.text, &module)?;
    Ok((module, annotations))
}

/// A mistake at its place in the files.
pub(super) fn located(text: &PolicyText, mistake: &Mistake) -> PolicyError {
    PolicyError::at(text.origin(mistake.span), mistake.message.clone())
}

/// An error of the engine at its place in the files.
pub(super) fn located_engine_error(modules: &[Loaded], error: &EngineError) -> PolicyError {
    let origin = error.place.as_ref().and_then(|(path, line, column)| {
        let loaded = modules.iter().find(|loaded| loaded.text.name == *path)?;
        Some(loaded.text.line_origin_of(*line, *column))
    });
    PolicyError {
        message: error.message.clone(),
        origin,
    }
}

/// Whether a module is in the first dialect.
pub(super) fn is_v0(loaded: &Loaded) -> bool {
    let imports_v1 = loaded
        .module
        .imports
        .iter()
        .any(|import| import.path == ["rego", "v1"]);
    match loaded.text.dialect {
        Dialect::V1 => false,
        Dialect::V0 => !imports_v1,
        Dialect::Told => !imports_v1 && reads_as_v0(&loaded.module),
    }
}

/// Whether some rule has a body without `if`.
fn reads_as_v0(module: &Module) -> bool {
    let mut bodies = module.rules.iter().flat_map(|rule| &rule.bodies);
    bodies.any(|body| !body.after_if)
}

fn surroundings(modules: &[Loaded]) -> Surroundings {
    let mut around = Surroundings::default();
    for loaded in modules {
        let rules = around
            .rules
            .entry(loaded.module.package.clone())
            .or_default();
        rules.extend(
            loaded
                .module
                .rules
                .iter()
                .filter_map(|rule| rule_path(rule).into_iter().next()),
        );
    }
    for loaded in modules {
        if let Some(package) = around.rules.get(&loaded.module.package) {
            around.replaced.add(&loaded.module, package);
        }
    }
    around
}

/// A module with a function for each builtin that stands in a `with`.
fn stand_ins(around: &Surroundings) -> Option<Source> {
    let (path, text) = around.replaced.module()?;
    Some(Source {
        path,
        text,
        v0: false,
        guarded: None,
    })
}

/// First keys below `data` that are referred to and that no module defines.
fn wanted(modules: &[Loaded]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for loaded in modules {
        let imports = loaded.module.imports.iter().filter_map(|import| {
            let (root, rest) = import.path.split_first()?;
            (root == "data").then(|| rest.first().cloned())?
        });
        found.extend(imports);
        walk_module(&loaded.module, &mut |node| {
            if let Node::Expr(expr) = node
                && let Some(first) = super::syntax::data_key(expr)
            {
                found.insert(first);
            }
        });
    }
    for loaded in modules {
        if let Some(first) = loaded.module.package.first() {
            found.remove(first);
        }
    }
    found
}

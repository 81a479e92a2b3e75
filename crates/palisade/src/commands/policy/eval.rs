//! `palisade policy eval`: one document judged by policies, every answer shown.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use bumpalo::Bump;
use clap::{Args, ValueEnum};
use palisade_document::{Document, Limits, SourceFile, Syntax, Value, parse};
use palisade_model::{Diagnostic, DiagnosticLevel};
use palisade_policy::{
    Answer, Budget, Context, Effects, Input, Meter, Status, Subject, evaluate_guarded,
};
use palisade_report::{Texts, render_diagnostic};
use palisade_sources::documents;
use serde_json::json;

use super::PolicyArguments;
use super::check::word;
use super::query;
use crate::arguments::Global;
use crate::failure::UsageError;
use crate::policies::{self, Loaded};
use crate::{guardrails, output, session};

/// What can be typed after `policy eval`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// The document to judge: YAML or JSON
    #[arg(long, value_name = "FILE", required_unless_present = "query")]
    input: Option<PathBuf>,
    /// Ask a Rego query instead, such as `data.main.deny`; the results are printed as JSON
    #[arg(long, value_name = "QUERY", conflicts_with = "format")]
    query: Option<String>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

/// Form of answers.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum AnswerFormat {
    /// For a person
    #[default]
    Human,
    /// For a program
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    let policies = &arguments.policies;
    session::exist(&policies.paths)?;
    session::exist(arguments.input.as_slice())?;
    let loaded = policies::load(
        &root,
        &policies.paths,
        policies.language,
        &policies.settings(),
    );
    let mut complaints = String::new();
    for problem in loaded.errors() {
        complaints.push_str(&render_diagnostic(problem, &loaded.texts));
        complaints.push('\n');
    }
    if !complaints.is_empty() {
        output::complain(&complaints, global.color);
    }
    if loaded.unloaded().next().is_some() {
        return Ok(crate::failure::UNFINISHED);
    }
    let file = arguments.input.as_deref().map(read).transpose()?;
    if let Some(query) = &arguments.query {
        let text = query::results(query, &loaded, file.as_ref(), &policies.settings(), global)?;
        return output::data(&text, 0, global.color);
    }
    let Some(file) = file else {
        return Err(UsageError::new("give a document with --input, or a --query").into());
    };
    let answers = judge(&file, &loaded, global)?;
    let bad = answers
        .iter()
        .any(|answer| matches!(answer.status, Status::Fail | Status::Error));
    let code = match (answers.is_empty(), bad) {
        (true, _) => 4,
        (_, true) => 1,
        (_, false) => 0,
    };
    let text = match arguments.format {
        AnswerFormat::Human => {
            let mut texts = loaded.texts;
            texts.insert(Arc::clone(file.path()), file);
            human(&answers, &texts, global)
        }
        AnswerFormat::Json => as_json(&answers),
    };
    output::data(&text, code, global.color)
}

fn read(path: &Path) -> anyhow::Result<Arc<SourceFile>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let shown = path.to_string_lossy().replace('\\', "/");
    Ok(Arc::new(SourceFile::new(shown, text)))
}

/// The documents of a file; a mistake in it is an error with its place.
pub(super) fn document(file: &Arc<SourceFile>) -> anyhow::Result<Document> {
    let is_json = file.path().ends_with(".json");
    let syntax = if is_json { Syntax::Json } else { Syntax::Yaml };
    let (mut document, mut errors) = parse(Arc::clone(file), syntax, &Limits::default());
    let is_workflow = |root| documents::kind_of_value(root) == Some(documents::Kind::Workflow);
    if !is_json && document.roots().any(is_workflow) {
        // Their runner reads them as YAML 1.2: `on` is a key.
        (document, errors) = parse(Arc::clone(file), Syntax::Yaml12, &Limits::default());
    }
    match errors.first() {
        None => Ok(document),
        Some(error) => {
            let place = file.position(error.span.start);
            anyhow::bail!(
                "{} at {}:{}:{}",
                error.message,
                file.path(),
                place.line,
                place.column
            )
        }
    }
}

fn judge(file: &Arc<SourceFile>, loaded: &Loaded, global: &Global) -> anyhow::Result<Vec<Answer>> {
    let document = document(file)?;
    let effects = Effects {
        now_ns: Some(global.now_ns()),
        ..Effects::default()
    };
    let mut answers = Vec::new();
    let values = document.roots().flat_map(|root| match subject(root) {
        Subject::KubernetesObject => documents::objects_in(root),
        _ => vec![root],
    });
    for root in values {
        let input = Input::new(subject(root), root);
        for set in &loaded.sets {
            let arena = Bump::new();
            let context = Context::new(&arena, Meter::start(Budget::default()), effects);
            match evaluate_guarded(set.compiled.as_ref(), &context, &input) {
                Ok(more) => answers.extend(more),
                Err(error) => {
                    answers.push(Answer::error(set.name.as_str(), "", error.to_string()));
                }
            }
            for line in context.take_prints() {
                output::complain(&line, global.color);
            }
        }
    }
    Ok(answers)
}

/// What a document is, by the fields that its format demands.
pub(crate) fn subject(root: Value<'_>) -> Subject {
    let kind = root.get("kind").and_then(Value::as_str);
    match documents::kind_of_value(root) {
        Some(documents::Kind::Kubernetes) if kind == Some("AdmissionReview") => {
            Subject::AdmissionReview
        }
        Some(kind) => guardrails::subject(kind),
        None => Subject::Other,
    }
}

fn human(answers: &[Answer], texts: &Texts, global: &Global) -> String {
    let mut out = String::new();
    for answer in answers {
        let level = match answer.status {
            Status::Fail | Status::Error => DiagnosticLevel::Error,
            Status::Warn => DiagnosticLevel::Warning,
            Status::Pass | Status::Skip => {
                if global.verbose {
                    let _infallible = writeln!(out, "{}: {}", status(answer.status), answer.name());
                }
                continue;
            }
        };
        let diagnostic = Diagnostic {
            level,
            message: format!("{}: {}", answer.name(), answer.message),
            origin: answer.place.clone().or_else(|| answer.defined_at.clone()),
            help: None,
        };
        out.push_str(&render_diagnostic(&diagnostic, texts));
        out.push('\n');
    }
    let count = |wanted: Status| {
        let same = answers.iter().filter(|answer| answer.status == wanted);
        same.count()
    };
    let _infallible = writeln!(
        out,
        "{} passed · {} failed · {} warned · {} not evaluated · {} skipped",
        count(Status::Pass),
        count(Status::Fail),
        count(Status::Warn),
        count(Status::Error),
        count(Status::Skip),
    );
    out
}

fn as_json(answers: &[Answer]) -> String {
    let answers: Vec<_> = answers
        .iter()
        .map(|answer| {
            json!({
                "policy": answer.policy,
                "rule": answer.rule,
                "status": status(answer.status),
                "message": answer.message,
                "enforcement": word(answer.enforcement),
                "severity": answer.severity,
                "path": answer.path,
                "place": answer.place,
                "defined_at": answer.defined_at,
            })
        })
        .collect();
    format!("{:#}\n", json!(answers))
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Skip => "skip",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Error => "error",
    }
}

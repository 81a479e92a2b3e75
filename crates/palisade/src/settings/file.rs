//! The settings file as written; a wrong key is an error with its line and the nearest right one.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use palisade_document::{SourceFile, Span};
use palisade_model::{
    CheckId, Classification, Diagnostic, DiagnosticLevel, Exception, ExceptionScope, Origin,
    Severity,
};
use palisade_patterns::find;
use serde::Deserialize;
use toml::Spanned;

use crate::failure::LocatedError;
use crate::selection::{named, nearest, nearest_name};
use crate::settings::identity::{IdentityTable, identity};
use crate::settings::{DeclaredDataset, Settings};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    check: CheckTable,
    sources: SourcesTable,
    images: ImagesTable,
    policies: PoliciesTable,
    identity: IdentityTable,
    dataset: Vec<Spanned<DatasetTable>>,
    exception: Vec<Spanned<ExceptionTable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct CheckTable {
    fail_on: Option<Severity>,
    only: Vec<Spanned<String>>,
    skip: Vec<Spanned<String>>,
    exclude: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct SourcesTable {
    render: Option<bool>,
    mesh_root_namespace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct ImagesTable {
    registries: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct PoliciesTable {
    paths: Option<Vec<PathBuf>>,
    objects: Vec<PathBuf>,
    cluster_facts: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DatasetTable {
    name: String,
    classification: Classification,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExceptionTable {
    check: Spanned<String>,
    resource: String,
    #[serde(default)]
    part: String,
    content: String,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<toml::Value>,
}

/// Reads the text of a settings file.
pub(super) fn parse(text: &Arc<SourceFile>) -> Result<Settings, LocatedError> {
    let file: File = toml::from_str(text.text()).map_err(|error| wrong(text, &error))?;
    let mut settings = Settings {
        fail_on: file.check.fail_on,
        only: checks(text, file.check.only)?,
        skip: checks(text, file.check.skip)?,
        exclude: file.check.exclude,
        render: file.sources.render.unwrap_or(true),
        mesh_root_namespace: file.sources.mesh_root_namespace,
        registries: file.images.registries,
        policies: file.policies.paths,
        objects: file.policies.objects,
        cluster_facts: file.policies.cluster_facts,
        identity: identity(text, file.identity)?,
        ..Settings::default()
    };
    for table in file.dataset {
        let origin = place(text, table.span());
        let table = table.into_inner();
        settings.datasets.push(DeclaredDataset {
            name: table.name,
            classification: table.classification,
            origin,
        });
    }
    for table in file.exception {
        let origin = place(text, table.span());
        settings
            .exceptions
            .push(exception(text, table.into_inner(), origin)?);
    }
    Ok(settings)
}

fn exception(
    text: &Arc<SourceFile>,
    table: ExceptionTable,
    origin: Origin,
) -> Result<Exception, LocatedError> {
    let check = one_check(text, &table.check)?;
    for (name, value) in [("owner", &table.owner), ("reason", &table.reason)] {
        if value.get_ref().trim().is_empty() {
            return Err(located(
                text,
                value.span(),
                format!("`{name}` of an exception must say something"),
            ));
        }
    }
    let written = match table.expires.get_ref() {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let expires = written.parse().map_err(|_| {
        let sentence = format!(
            "`expires` is not a date: expected a day such as 2027-01-31, found `{written}`"
        );
        located(text, table.expires.span(), sentence)
    })?;
    Ok(Exception {
        scope: ExceptionScope {
            check,
            resource: table.resource,
            part: table.part,
            content: Some(table.content),
        },
        reason: table.reason.into_inner(),
        owner: table.owner.into_inner(),
        expires,
        origin,
    })
}

/// Names that choose checks, each of which means at least one.
fn checks(
    text: &Arc<SourceFile>,
    names: Vec<Spanned<String>>,
) -> Result<Vec<String>, LocatedError> {
    let known = |name: Spanned<String>| {
        if named(name.get_ref().trim()).is_empty() {
            return Err(unknown_check(text, &name));
        }
        Ok(name.into_inner())
    };
    names.into_iter().map(known).collect()
}

/// The check of an exception: by id, slug or another tool's id, as long as that is one.
fn one_check(text: &Arc<SourceFile>, name: &Spanned<String>) -> Result<CheckId, LocatedError> {
    let found = find(name.get_ref().trim());
    match found.as_slice() {
        [] => Err(unknown_check(text, name)),
        [unit] => Ok(unit.check.id),
        many => {
            let ids: Vec<String> = many.iter().map(|unit| unit.check.id.to_string()).collect();
            let sentence = format!("`{}` is more than one check here", name.get_ref());
            let mut error = located(text, name.span(), sentence);
            error.diagnostic.help = Some(format!("name one of {}", ids.join(", ")));
            Err(error)
        }
    }
}

fn unknown_check(text: &Arc<SourceFile>, name: &Spanned<String>) -> LocatedError {
    let sentence = format!("no check is called `{}`", name.get_ref());
    let mut error = located(text, name.span(), sentence);
    error.diagnostic.help =
        nearest_name(name.get_ref()).map(|near| format!("did you mean `{near}`?"));
    error
}

fn place(text: &SourceFile, span: Range<usize>) -> Origin {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Origin::new(text, Span::new(byte(span.start), byte(span.end)))
}

pub(super) fn located(text: &Arc<SourceFile>, span: Range<usize>, message: String) -> LocatedError {
    LocatedError {
        diagnostic: Box::new(Diagnostic {
            level: DiagnosticLevel::Error,
            message,
            origin: Some(place(text, span)),
            help: None,
        }),
        texts: [(Arc::clone(text.path()), Arc::clone(text))].into(),
    }
}

/// Rewords what the parser says: an unknown key gets the nearest right one.
fn wrong(text: &Arc<SourceFile>, error: &toml::de::Error) -> LocatedError {
    let message = error.message();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (sentence, help) = match quoted.split_first() {
        Some((key, known)) if message.starts_with("unknown field") => {
            let near = nearest(key, known.iter().copied());
            let help = near.map_or_else(
                || format!("the keys here are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("unknown key `{key}`"), Some(help))
        }
        Some((key, _)) if message.starts_with("missing field") => {
            let help = (*key == "content").then(|| {
                "it binds the exception to what the resource is today; `palisade check --format json` shows it and \
                 `palisade baseline` writes it"
                    .to_owned()
            });
            (format!("`{key}` is missing"), help)
        }
        Some((value, known)) if message.starts_with("unknown variant") => {
            let near = nearest(value, known.iter().copied());
            let help = near.map_or_else(
                || format!("the words here are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            (format!("unknown word `{value}`"), Some(help))
        }
        _ if message.starts_with("wanted string") => ("a text is expected here".to_owned(), None),
        _ if message.contains("expected a sequence") => (
            "a list is expected here".to_owned(),
            Some("write it in brackets: `[\"…\"]`".to_owned()),
        ),
        _ => (message.replace('\n', " "), None),
    };
    let mut located = located(text, error.span().unwrap_or(0..0), sentence);
    located.diagnostic.help = help;
    located
}

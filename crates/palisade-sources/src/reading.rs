//! The way from paths to a [`Reading`]: walk, render, read in parallel, put together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::{Limits, SourceFile, Span};
use palisade_model::{Account, Diagnostic, Model, Origin, Outcome};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::documents::ReadDocument;
use crate::facts::Facts;
use crate::rendering::{Rendered, render};
use crate::walk::{Found, walk};
use crate::{build, formats, suppressions, walk as texts};

/// The mesh's root namespace when nobody says otherwise.
const MESH_ROOT: &str = "istio-system";

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bounds on each text.
    pub limits: Limits,
    /// Never run `kubectl`, `kustomize` or `helm`, even where they are installed.
    pub no_render: bool,
    /// The mesh's root namespace; `istio-system` when `None`.
    pub mesh_root_namespace: Option<String>,
    /// Globs of paths to leave out, relative to the root.
    pub exclude: Vec<String>,
    /// Keep the documents, for policies to judge.
    pub keeps_documents: bool,
    /// Files that only tests of policies judge, by the paths that reports show: no part of the
    /// system.
    pub test_material: BTreeSet<Arc<str>>,
}

/// A `palisade:ignore` comment, as written; its meaning is resolved by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionComment {
    /// What stands after `palisade:ignore`.
    pub text: String,
    /// Where the comment stands.
    pub origin: Origin,
    /// Bytes that it covers: the value or object that follows it, or the line it ends.
    pub covers: Span,
}

/// What came out of reading.
#[derive(Debug, Default)]
pub struct Reading {
    /// The system.
    pub model: Model,
    /// What became of each file, sorted by path.
    pub accounts: Vec<Account>,
    /// What is wrong with the texts, sorted.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read, by path, for reports that show lines.
    pub files: BTreeMap<Arc<str>, Arc<SourceFile>>,
    /// Suppression comments, sorted by place.
    pub suppressions: Vec<SuppressionComment>,
    /// Documents, for policies to judge, in the order of their files; empty unless asked for.
    pub documents: Vec<ReadDocument>,
}

/// Reads every file under `paths`; reported paths are relative to `root`.
pub fn read(root: &Path, paths: &[PathBuf], options: &Options) -> Reading {
    // Relative paths of caller and root would be told apart by where they start.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let root = &absolute(root);
    let paths: Vec<PathBuf> = paths.iter().map(|path| absolute(path)).collect();
    let found = walk(root, &paths, options);
    let rendered = render(Some(root), &found.files, options);
    put_together(found, rendered, options)
}

/// Reads texts that are already in memory, for tests, editors and fuzzing; nothing is rendered.
pub fn read_texts(texts: &[(&str, &str)], options: &Options) -> Reading {
    let mut found = Found::default();
    for (name, text) in texts {
        let name: Arc<str> = (*name).into();
        let taken = if !formats::is_named(&name) {
            Err(texts::not_applicable("not a format that is read"))
        } else if text.len() > options.limits.max_bytes {
            Err(texts::unread(&format!(
                "larger than {} bytes",
                options.limits.max_bytes
            )))
        } else {
            texts::accept(&name, (*text).to_owned())
        };
        match taken {
            Ok(file) => {
                found.files.insert(name, Arc::new(file));
            }
            Err(outcome) => {
                found.outcomes.insert(name, outcome);
            }
        }
    }
    let rendered = render(None, &found.files, options);
    put_together(found, rendered, options)
}

fn put_together(found: Found, rendered: Rendered, options: &Options) -> Reading {
    let root = options.mesh_root_namespace.as_deref().unwrap_or(MESH_ROOT);
    let Found {
        files,
        mut outcomes,
        mut diagnostics,
    } = found;
    diagnostics.extend(rendered.diagnostics);
    outcomes.extend(rendered.outcomes);

    let plain: Vec<&Arc<SourceFile>> = files
        .values()
        .filter(|file| !outcomes.contains_key(file.path()))
        .collect();
    let read: Vec<(Facts, Outcome)> = plain
        .par_iter()
        .map(|file| read_one(file, root, options))
        .collect();
    let mut facts = Facts::new(root);
    for (file, (more, outcome)) in plain.iter().zip(read) {
        facts.absorb(more);
        outcomes.insert(Arc::clone(file.path()), outcome);
    }
    facts.limits = options.limits;
    for file in &rendered.parts {
        formats::kubernetes::read_names(file, &mut facts);
    }
    for (file, rendering) in &rendered.texts {
        let mut more = Facts::new(root);
        more.limits = options.limits;
        more.keeps_documents = options.keeps_documents;
        more.declared = std::mem::take(&mut facts.declared);
        let outcome = formats::kubernetes::read_rendered(file, rendering, &mut more);
        if matches!(outcome, Outcome::Unread { .. } | Outcome::Partial { .. }) {
            outcomes.insert(Arc::clone(&rendering.source), outcome);
        }
        facts.absorb(more);
    }

    let suppressions = suppressions::find(&files);
    let documents = std::mem::take(&mut facts.documents);
    let (model, more) = build::finish(facts);
    diagnostics.extend(more);
    diagnostics.sort();
    diagnostics.dedup();
    Reading {
        model,
        accounts: outcomes
            .into_iter()
            .map(|(path, outcome)| Account { path, outcome })
            .collect(),
        diagnostics,
        files,
        suppressions,
        documents,
    }
}

fn read_one(file: &Arc<SourceFile>, root: &str, options: &Options) -> (Facts, Outcome) {
    let mut facts = Facts::new(root);
    facts.limits = options.limits;
    facts.keeps_documents = options.keeps_documents;
    let outcome = match formats::of(file.path(), file.text()) {
        Some(format) => (format.read)(file, &mut facts),
        None => texts::not_applicable("not a format that is read"),
    };
    (facts, outcome)
}

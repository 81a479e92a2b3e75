//! The team's own policies: found, compiled, and what is wrong with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::{Document, Limits, Value, parse_yaml};
use palisade_model::{Diagnostic, DiagnosticLevel};
use palisade_policy::languages;
use palisade_policy::{Bundle, Compiled, Folder, Language, PolicyError, Settings};
use palisade_report::Texts;
use palisade_sources::documents;

/// Folders that policies are looked for in when nobody says where they are.
const USUAL_FOLDERS: [&str; 3] = ["policy", "policies", "guardrails"];

/// A policy set that is ready to judge.
#[derive(Debug)]
pub(crate) struct PolicySet {
    /// Its language.
    pub(crate) language: &'static Language,
    /// What a person calls it.
    pub(crate) name: String,
    /// Its texts, for queries.
    pub(crate) bundle: Bundle,
    /// The policies.
    pub(crate) compiled: Arc<dyn Compiled>,
}

/// What was found in the folders of policies.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Sets that load.
    pub(crate) sets: Vec<PolicySet>,
    /// What does not load (errors) and what is doubtful (warnings).
    pub(crate) problems: Vec<Diagnostic>,
    /// Objects beside the policies that they look up: ConfigMaps and parameters.
    pub(crate) parameters: Vec<Document>,
    /// Manifests that the settings name for policies to look up.
    pub(crate) supplied: Vec<Arc<Document>>,
    /// Whether there is a folder of policies, or one was named.
    pub(crate) has_folder: bool,
    /// The texts of the policies.
    pub(crate) texts: Texts,
    /// Files beside the policies that only their tests judge, by the paths that reports show.
    pub(crate) material: BTreeSet<Arc<str>>,
}

impl Loaded {
    /// The mistakes that keep policies from running.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems
            .iter()
            .filter(|problem| problem.level == DiagnosticLevel::Error)
    }

    /// The mistakes of whole sets, none of whose policies run.
    pub(crate) fn unloaded(&self) -> impl Iterator<Item = &Diagnostic> {
        self.errors().filter(|error| !self.answers(error))
    }

    /// Whether the policy of a mistake answers with it, beside others that run.
    fn answers(&self, error: &Diagnostic) -> bool {
        let mut sets = self.sets.iter().flat_map(|set| set.compiled.errors());
        sets.any(|known| known.message == error.message && known.origin == error.origin)
    }

    /// How many rules there are.
    pub(crate) fn rule_count(&self) -> usize {
        self.sets.iter().map(|set| set.compiled.rules().len()).sum()
    }
}

/// A folder as policies see it: where it is, what reports call it, and the folder around it in
/// which what they name may lie.
pub(crate) fn folder(root: &Path, path: &Path) -> Folder {
    let full: PathBuf = root.join(path).components().collect();
    let (full, only) = match (full.is_file(), full.parent(), full.file_name()) {
        (true, Some(parent), Some(name)) => {
            let name = name.to_string_lossy().into_owned();
            (parent.to_path_buf(), Some(name))
        }
        _ => (full, None),
    };
    let shown = full.strip_prefix(root).unwrap_or(&full);
    let mut folder = Folder::new(full.clone(), shown.to_string_lossy().replace('\\', "/"));
    if let Some(only) = only {
        folder = folder.only(only);
    }
    match around(root, &full) {
        Some(around) => folder.within(around),
        None => folder,
    }
}

/// The run's folder, or the repository of a folder that lies outside of it.
fn around(root: &Path, folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    let root = root.canonicalize().ok()?;
    if folder.starts_with(&root) {
        return Some(root);
    }
    let mut above = folder.ancestors();
    above
        .find(|above| above.join(".git").exists())
        .map(Path::to_owned)
}

/// The usual folders of policies below these paths and in the folder that holds the system of each,
/// sorted.
pub(crate) fn usual(root: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let holders = paths.iter().filter_map(|path| holder(root, path));
    let mut found: Vec<PathBuf> = paths
        .iter()
        .cloned()
        .chain(holders)
        .flat_map(|path| USUAL_FOLDERS.map(|name| path.join(name)))
        .filter(|path| root.join(path).is_dir())
        .collect();
    found.sort();
    // One folder may be named in two ways.
    let mut seen = BTreeSet::new();
    found.retain(|path| {
        let full = root.join(path);
        seen.insert(full.canonicalize().unwrap_or(full))
    });
    found
}

/// The repository of a path, or where the run started if the path is within; nothing where that is
/// the path itself.
fn holder(root: &Path, path: &Path) -> Option<PathBuf> {
    let start = root.join(path).canonicalize().ok()?;
    let current = root.canonicalize().ok()?;
    let repository = start.ancestors().find(|above| above.join(".git").exists());
    let within = || start.starts_with(&current).then_some(&*current);
    let holder = repository.or_else(within)?;
    if holder == start {
        return None;
    }
    Some(if holder == current {
        PathBuf::new()
    } else {
        holder.to_path_buf()
    })
}

/// Finds and compiles the policies of these folders, in every language or in one.
pub(crate) fn load(
    root: &Path,
    paths: &[PathBuf],
    only: Option<&'static Language>,
    settings: &Settings,
) -> Loaded {
    let mut loaded = Loaded {
        has_folder: !paths.is_empty(),
        ..Loaded::default()
    };
    for path in paths {
        let folder = folder(root, path);
        loaded.parameters.extend(parameters(&folder));
        let overlooked = folder.overlooked().into_iter();
        loaded
            .problems
            .extend(overlooked.map(|(place, reason)| Diagnostic {
                level: DiagnosticLevel::Warning,
                message: format!("`{place}` is not read for policies: {reason}"),
                origin: None,
                help: Some("move what is policy to a plain file or folder".to_owned()),
            }));
        for language in languages::ALL {
            if only.is_some_and(|only| only.name != language.name) {
                continue;
            }
            loaded.material.extend((language.material)(&folder));
            match (language.discover)(&folder) {
                Ok(bundles) => bundles
                    .into_iter()
                    .for_each(|bundle| take(&mut loaded, language, bundle, settings)),
                Err(error) => loaded
                    .problems
                    .push(diagnostic(error, DiagnosticLevel::Error)),
            }
        }
    }
    loaded
}

/// Documents of a folder of policies that hold ConfigMaps and nothing else; others, such as the
/// pods that tests judge, say nothing about the system.
fn parameters(folder: &Folder) -> Vec<Document> {
    let files = folder.files().unwrap_or_default();
    let is_yaml = |file: &&String| {
        let end = Path::new(file.as_str()).extension().unwrap_or_default();
        end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml")
    };
    let named = files.iter().filter(is_yaml);
    named
        .filter_map(|file| folder.read(file).ok())
        .filter(|file| file.text().contains("kind: ConfigMap"))
        .map(|file| parse_yaml(file, &Limits::default()).0)
        .filter(|document| {
            let mut objects = documents::objects(document).into_iter();
            objects.all(|object| object.get("kind").and_then(Value::as_str) == Some("ConfigMap"))
        })
        .collect()
}

fn take(loaded: &mut Loaded, language: &'static Language, bundle: Bundle, settings: &Settings) {
    for file in bundle.files.values() {
        loaded
            .texts
            .insert(Arc::clone(file.path()), Arc::clone(file));
    }
    match (language.compile)(&bundle, settings) {
        Ok(compiled) => {
            let errors = compiled.errors().iter().cloned();
            let errors = errors.map(|error| diagnostic(error, DiagnosticLevel::Error));
            let doubts = compiled.warnings().iter().cloned();
            let doubts = doubts.map(|doubt| diagnostic(doubt, DiagnosticLevel::Warning));
            loaded.problems.extend(errors.chain(doubts));
            loaded.sets.push(PolicySet {
                language,
                name: bundle.name.clone(),
                bundle,
                compiled,
            });
        }
        Err(errors) => loaded.problems.extend(
            errors
                .into_iter()
                .map(|error| diagnostic(error, DiagnosticLevel::Error)),
        ),
    }
}

fn diagnostic(error: PolicyError, level: DiagnosticLevel) -> Diagnostic {
    Diagnostic {
        level,
        message: error.message,
        origin: error.origin,
        help: None,
    }
}

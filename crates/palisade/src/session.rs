//! Settings found, system read: what every command that looks at a system starts with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use palisade_model::{Diagnostic, DiagnosticLevel, Fact, NodeId, Outcome};
use palisade_report::{Texts, Verdict};
use palisade_sources::{Options, Reading};

use crate::arguments::{Global, ReadingArguments, SourceArguments};
use crate::commands::read_objects;
use crate::entries::{self, LoadedEntries};
use crate::failure::{UNFINISHED, UsageError};
use crate::policies::{self, Loaded};
use crate::settings::Settings;

/// A system that was read, with the settings that apply to it.
#[derive(Debug)]
pub(crate) struct Session {
    /// Settings of file and defaults.
    pub(crate) settings: Settings,
    /// What was read.
    pub(crate) reading: Reading,
    /// The team's own policies.
    pub(crate) policies: Loaded,
    /// Entry files of workload identities, where there are any.
    pub(crate) entries: Option<LoadedEntries>,
    /// Where the run started; reported paths are relative to it.
    pub(crate) root: PathBuf,
}

impl Session {
    /// Finds the settings and reads the system.
    pub(crate) fn open(sources: &SourceArguments, global: &Global) -> anyhow::Result<Self> {
        Self::read(&sources.paths, &sources.reading, global)
    }

    /// Finds the settings and reads the system under these paths.
    pub(crate) fn read(
        paths: &[PathBuf],
        how: &ReadingArguments,
        global: &Global,
    ) -> anyhow::Result<Self> {
        let root = std::env::current_dir().context("cannot tell the current directory")?;
        exist(paths)?;
        let start = paths
            .first()
            .map_or_else(|| root.clone(), |path| root.join(path));
        let settings = Settings::find(&root, &start, global.config.as_deref())?;
        let loaded = policies(&root, paths, &settings, how)?;
        let options = Options {
            keeps_documents: !loaded.sets.is_empty(),
            test_material: loaded.material.clone(),
            ..options(&settings, how)
        };
        let given = paths;
        let paths: Vec<PathBuf> = paths.iter().map(|path| joined(&root, path)).collect();
        let mut reading = palisade_sources::read(&root, &paths, &options);
        if let Some(file) = &settings.text {
            reading
                .files
                .insert(Arc::clone(file.path()), Arc::clone(file));
        }
        for (name, file) in &loaded.texts {
            reading.files.insert(Arc::clone(name), Arc::clone(file));
        }
        let entries = entries::of_system(&root, given, &settings.identity, &mut reading);
        classify(&mut reading, &settings);
        let left_out = left_out(&reading, &loaded.material);
        reading.diagnostics.extend(left_out);
        Ok(Self {
            settings,
            reading,
            policies: loaded,
            entries,
            root,
        })
    }

    /// The texts that reports quote.
    pub(crate) fn texts(&self) -> &Texts {
        &self.reading.files
    }

    /// Workloads that an entry gives an identity to.
    pub(crate) fn identified(&self) -> BTreeSet<NodeId> {
        match &self.entries {
            Some(entries) => entries.identified(&self.reading.model),
            None => BTreeSet::new(),
        }
    }

    /// Exit code of a command that reports facts rather than a verdict.
    pub(crate) fn code(&self) -> u8 {
        let counts = self.file_counts();
        match (counts.read + counts.partial, counts.unread) {
            (0, 0) => Verdict::NothingToCheck.exit_code(),
            (0, _) => UNFINISHED,
            _ => 0,
        }
    }

    /// How many files were read, whole or in part, and how many were not.
    pub(crate) fn file_counts(&self) -> FileCounts {
        let mut counts = FileCounts::default();
        for account in &self.reading.accounts {
            match account.outcome {
                Outcome::Read { .. } => counts.read += 1,
                Outcome::Partial { .. } => counts.partial += 1,
                Outcome::Unread { .. } => counts.unread += 1,
                Outcome::NotApplicable { .. } => {}
            }
        }
        counts
    }
}

/// The stack of threads that evaluate policies: engines recurse, and what they read is bounded in
/// height so that this is enough.
pub(crate) const DEEP_STACK: usize = 16 << 20;

/// Refuses paths that are not there.
pub(crate) fn exist(paths: &[PathBuf]) -> anyhow::Result<()> {
    for path in paths {
        if let Err(error) = std::fs::symlink_metadata(path) {
            let sentence = format!("cannot read `{}`: {error}", path.display());
            return Err(UsageError::new(sentence).into());
        }
    }
    Ok(())
}

/// What became of the files that are for us.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FileCounts {
    /// Read whole.
    pub(crate) read: usize,
    /// Read in part.
    pub(crate) partial: usize,
    /// Not read.
    pub(crate) unread: usize,
}

/// The team's policies: from where it was typed, else from where the settings say, else from the
/// usual folders.
fn policies(
    root: &Path,
    paths: &[PathBuf],
    settings: &Settings,
    how: &ReadingArguments,
) -> anyhow::Result<Loaded> {
    let folders = if how.no_policies {
        Vec::new()
    } else if !how.policies.is_empty() {
        exist(&how.policies)?;
        how.policies.clone()
    } else if let Some(folders) = &settings.policies {
        exist(folders)?;
        folders.clone()
    } else {
        policies::usual(root, paths)
    };
    let language = palisade_policy::Settings::default();
    let mut loaded = policies::load(root, &folders, None, &language);
    if !folders.is_empty() {
        exist(&settings.objects)?;
        for path in &settings.objects {
            read_objects(root, path, &mut loaded.supplied).map_err(anyhow::Error::msg)?;
        }
    }
    Ok(loaded)
}

/// How many files are no part of the system because tests of policies judge them.
fn left_out(reading: &Reading, material: &BTreeSet<Arc<str>>) -> Option<Diagnostic> {
    const NAMED: usize = 3;
    let accounts = reading.accounts.iter();
    let paths = accounts.filter(|account| material.contains(&account.path));
    let paths: Vec<String> = paths.map(|account| format!("`{}`", account.path)).collect();
    let (count, rest) = (paths.len(), paths.len().saturating_sub(NAMED));
    let named = paths.get(..count.min(NAMED))?.join(", ");
    let further = match rest {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    (count > 0).then(|| Diagnostic {
        level: DiagnosticLevel::Warning,
        message: format!(
            "{count} {} left out, which only tests of policies judge: {named}{further}",
            if count == 1 { "file is" } else { "files are" }
        ),
        origin: None,
        help: None,
    })
}

/// `.` joins to nothing, so that reported paths have no `./`.
fn joined(root: &Path, path: &Path) -> PathBuf {
    root.join(path).components().collect()
}

fn options(settings: &Settings, how: &ReadingArguments) -> Options {
    let mut exclude = settings.exclude.clone();
    exclude.extend(how.exclude.iter().cloned());
    Options {
        no_render: how.no_render || !settings.render,
        mesh_root_namespace: settings.mesh_root_namespace.clone(),
        exclude,
        ..Options::default()
    }
}

/// Gives datasets the classification that the settings say.
fn classify(reading: &mut Reading, settings: &Settings) {
    for declared in &settings.datasets {
        let mut known = false;
        for dataset in &mut reading.model.datasets {
            let full = format!("{}/{}", dataset.namespace, dataset.name);
            if declared.name == dataset.name || declared.name == full {
                known = true;
                let fact = Fact::new(declared.classification, declared.origin.clone());
                dataset.classification = Some(fact);
            }
        }
        if !known && !reading.model.datasets.is_empty() {
            reading.diagnostics.push(Diagnostic {
                level: DiagnosticLevel::Note,
                message: format!("no dataset is called `{}`", declared.name),
                origin: Some(declared.origin.clone()),
                help: None,
            });
        }
    }
}

//! Entry files of workload identities: where they are, and what is wrong with them.

mod system;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_identity::TrustDomain;
use palisade_identity::entries::{Compiled, Entries, FolderError, compile, entry_files};
use palisade_model::{Diagnostic, DiagnosticLevel, Origin};
use palisade_report::Texts;

use crate::failure::UsageError;
use crate::settings::IdentitySettings;

pub(crate) use self::system::of_system;

/// The folder that entry files are looked for in when nobody says where they are.
const USUAL_FOLDER: &str = "identity";

/// Entry files, read and held against each other.
#[derive(Debug)]
pub(crate) struct LoadedEntries {
    /// What they say.
    pub(crate) compiled: Compiled,
    /// How many files there are.
    pub(crate) files: usize,
    /// The issuer's trust domain, where it is known.
    pub(crate) trust_domain: Option<TrustDomain>,
    /// The texts, to show lines of them.
    pub(crate) texts: Texts,
}

/// Where entries are: what was typed, else what the settings say, else the usual folder.
pub(crate) fn places(root: &Path, typed: &[PathBuf], settings: &IdentitySettings) -> Vec<PathBuf> {
    if !typed.is_empty() {
        return typed.to_vec();
    }
    if let Some(paths) = &settings.entries {
        return paths.clone();
    }
    let usual = PathBuf::from(USUAL_FOLDER);
    let exists = root.join(&usual).is_dir();
    exists.then_some(usual).into_iter().collect()
}

/// Reads all entry files of these places.
pub(crate) fn load(
    root: &Path,
    places: &[PathBuf],
    trust_domain: Option<&TrustDomain>,
    settings: &IdentitySettings,
) -> anyhow::Result<LoadedEntries> {
    let files = files(root, places)?;
    Ok(held_together(root, files, trust_domain, settings))
}

/// The files of these places.
fn files(root: &Path, places: &[PathBuf]) -> Result<Vec<Arc<SourceFile>>, FolderError> {
    let mut files = Vec::new();
    for place in places {
        let full: PathBuf = root.join(place).components().collect();
        let shown = full.strip_prefix(root).unwrap_or(&full);
        let shown = if shown.as_os_str().is_empty() {
            Path::new(".")
        } else {
            shown
        };
        files.extend(entry_files(shown)?);
    }
    Ok(files)
}

fn held_together(
    root: &Path,
    files: Vec<Arc<SourceFile>>,
    trust_domain: Option<&TrustDomain>,
    settings: &IdentitySettings,
) -> LoadedEntries {
    let texts = files
        .iter()
        .map(|file| (Arc::clone(file.path()), Arc::clone(file)))
        .collect();
    let trust_domain = trust_domain.or(settings.trust_domain.as_ref());
    let count = files.len();
    let mut compiled = compile(files, trust_domain);
    hold_rules(root, &mut compiled, settings);
    LoadedEntries {
        trust_domain: trust_domain.or_else(|| compiled.trust_domain()).cloned(),
        compiled,
        files: count,
        texts,
    }
}

impl LoadedEntries {
    /// The entries, ready to answer; what is wrong with them goes to `complain`.
    pub(crate) fn ready(self) -> anyhow::Result<Entries> {
        let Some(trust_domain) = self.trust_domain else {
            let sentence = "no entry names a trust domain".to_owned();
            let help = "name it with `--trust-domain`, or as `trust-domain` under `[identity]` in `palisade.toml`";
            return Err(UsageError::new(sentence).help(Some(help.to_owned())).into());
        };
        Ok(self.compiled.entries(trust_domain)?)
    }
}

/// Rules stand where the settings say, and nowhere else: a file that is gone must not mean that
/// everybody may mint everything.
fn hold_rules(root: &Path, compiled: &mut Compiled, settings: &IdentitySettings) {
    let Some(wanted) = &settings.mint else {
        return;
    };
    let full: PathBuf = root.join(wanted).components().collect();
    let shown = full.strip_prefix(root).unwrap_or(&full);
    let shown = shown.to_string_lossy().replace('\\', "/");
    let mut wrong = |message: String, origin: Option<Origin>| {
        compiled.diagnostics.push(Diagnostic {
            level: DiagnosticLevel::Error,
            message,
            origin,
            help: Some(format!(
                "`mint` under `[identity]` in `palisade.toml` names `{shown}`: keep the mint rules there"
            )),
        });
    };
    match compiled.rules.0.first() {
        None => wrong(format!("there are no mint rules in `{shown}`"), None),
        Some(rule) if *rule.origin.file != *shown => {
            let origin = rule.origin.clone();
            wrong(
                "mint rules do not belong in this file".to_owned(),
                Some(origin),
            );
        }
        Some(_) => {}
    }
}

//! `palisade.toml`: found upwards to the repository root, read, and resolved.

mod file;
mod identity;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use palisade_document::SourceFile;
use palisade_identity::TrustDomain;
use palisade_identity::web::Federated;
use palisade_model::{Classification, Exception, Origin, Severity};

/// The name of the settings file.
pub(crate) const FILE_NAME: &str = "palisade.toml";

/// What the settings file says, or the defaults.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file, where there is one.
    pub(crate) path: Option<PathBuf>,
    /// Its text, to show lines of it.
    pub(crate) text: Option<Arc<SourceFile>>,
    /// Severity from which a finding fails a run.
    pub(crate) fail_on: Option<Severity>,
    /// Checks that run; empty means all.
    pub(crate) only: Vec<String>,
    /// Checks that do not run.
    pub(crate) skip: Vec<String>,
    /// Globs of paths to leave out.
    pub(crate) exclude: Vec<String>,
    /// Whether overlays and charts are rendered.
    pub(crate) render: bool,
    /// The mesh's root namespace.
    pub(crate) mesh_root_namespace: Option<String>,
    /// Registries that images may come from.
    pub(crate) registries: Vec<String>,
    /// Folders with the team's own policies, from where the run started; `None` means the usual.
    pub(crate) policies: Option<Vec<PathBuf>>,
    /// Manifests that policies may look up, from where the run started.
    pub(crate) objects: Vec<PathBuf>,
    /// Whether what policies ask for and nobody supplied is known in the cluster: their rules judge
    /// there, and the check only tells them.
    pub(crate) cluster_facts: bool,
    /// Workload identities.
    pub(crate) identity: IdentitySettings,
    /// Datasets with their classification.
    pub(crate) datasets: Vec<DeclaredDataset>,
    /// Exceptions.
    pub(crate) exceptions: Vec<Exception>,
}

/// What the settings say of workload identities.
#[derive(Debug, Default)]
pub(crate) struct IdentitySettings {
    /// Entry files and folders of them, from where the run started; `None` means the usual folder.
    pub(crate) entries: Option<Vec<PathBuf>>,
    /// The only file that mint rules stand in.
    pub(crate) mint: Option<PathBuf>,
    /// The issuer's trust domain.
    pub(crate) trust_domain: Option<TrustDomain>,
    /// Trust domains whose bundles are read.
    pub(crate) federation: Vec<Federated>,
}

/// A dataset that the settings classify.
#[derive(Debug)]
pub(crate) struct DeclaredDataset {
    /// `name` or `namespace/name`.
    pub(crate) name: String,
    /// How harmful a leak is.
    pub(crate) classification: Classification,
    /// Where it is said.
    pub(crate) origin: Origin,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: None,
            text: None,
            fail_on: None,
            only: Vec::new(),
            skip: Vec::new(),
            exclude: Vec::new(),
            render: true,
            mesh_root_namespace: None,
            registries: Vec::new(),
            policies: None,
            objects: Vec::new(),
            cluster_facts: false,
            identity: IdentitySettings::default(),
            datasets: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

impl Settings {
    /// Where the settings file says a key such as `check.fail-on`.
    pub(crate) fn origin_of(&self, key: &str) -> Option<String> {
        let file = self.text.as_ref()?;
        let document = toml_edit::Document::parse(file.text()).ok()?;
        let (table, name) = key.split_once('.')?;
        let span = document.get(table)?.get(name)?.span()?;
        let start = u32::try_from(span.start).ok()?;
        let at = Origin::new(file, palisade_document::Span::new(start, start));
        Some(at.to_string())
    }

    /// The settings for what is read from `start`; `given` replaces the search.
    pub(crate) fn find(root: &Path, start: &Path, given: Option<&Path>) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => Some(path.to_path_buf()),
            None => search(root, start),
        };
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the settings in `{}`", path.display()))?;
        let shown = shown(root, &path);
        let text = Arc::new(SourceFile::new(shown, text));
        let mut settings = file::parse(&text)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let policies = settings.policies.iter_mut().flatten();
        for place in policies.chain(&mut settings.objects) {
            *place = folder.join(&*place);
        }
        let identity = &mut settings.identity;
        for place in identity
            .entries
            .iter_mut()
            .flatten()
            .chain(&mut identity.mint)
        {
            *place = folder.join(&*place);
        }
        settings.path = Some(path);
        settings.text = Some(text);
        Ok(settings)
    }
}

/// Upwards from where reading starts, to the repository root. Outside a repository only the
/// starting directory and those between it and the current one are looked at: a file that
/// somebody left in a shared directory above must not decide a verdict.
fn search(root: &Path, start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    let folder = if start.is_dir() {
        start.as_path()
    } else {
        start.parent()?
    };
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    let current = root
        .canonicalize()
        .ok()
        .filter(|current| folder.starts_with(current));
    let last = repository
        .map(Path::to_path_buf)
        .or(current)
        .unwrap_or_else(|| folder.to_path_buf());
    folder
        .ancestors()
        .take_while(|above| above.starts_with(&last))
        .map(|above| above.join(FILE_NAME))
        .find(|candidate| candidate.is_file())
}

fn shown(root: &Path, path: &Path) -> String {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let relative = full.strip_prefix(&root).unwrap_or(path);
    relative.to_string_lossy().replace('\\', "/")
}

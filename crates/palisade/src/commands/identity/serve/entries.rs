//! Entry files in force, and taking them over when they change.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use palisade_document::SourceFile;
use palisade_identity::entries::{Condition, Facts, FactsFile, Verdict};
use palisade_identity::server::Server;
use palisade_identity::web::Federated;
use palisade_identity::{Attributes, Clock, TrustDomain};
use palisade_model::DiagnosticLevel;
use palisade_report::render_diagnostic;

use crate::arguments::Global;
use crate::entries::{self, LoadedEntries};
use crate::failure::LocatedError;
use crate::output;
use crate::settings::Settings;

/// The deepest folder that is watched.
const DEEPEST: usize = 8;
/// The largest file of facts.
const LARGEST: u64 = 16 << 20;

/// Where entries and facts are.
pub(super) struct Files {
    root: PathBuf,
    places: Vec<PathBuf>,
    facts: Option<PathBuf>,
    typed: Option<TrustDomain>,
    settings: Settings,
}

impl Files {
    pub(super) fn find(
        places: &super::EntryPlaces,
        facts: Option<&Path>,
        global: &Global,
    ) -> anyhow::Result<Self> {
        let root = std::env::current_dir().context("cannot tell the current directory")?;
        let typed = places.entries.as_slice();
        crate::session::exist(typed)?;
        let start = typed.first().map_or(Path::new("."), PathBuf::as_path);
        let settings = Settings::find(&root, &root.join(start), global.config.as_deref())?;
        Ok(Self {
            places: entries::places(&root, typed, &settings.identity),
            facts: facts.map(Path::to_path_buf),
            typed: places.trust_domain.clone(),
            root,
            settings,
        })
    }

    /// The entries as they are now; what is wrong with them is said.
    pub(super) fn load(&self, global: &Global) -> anyhow::Result<LoadedEntries> {
        let typed = self.typed.as_ref();
        let loaded = entries::load(&self.root, &self.places, typed, &self.settings.identity)?;
        for diagnostic in &loaded.compiled.diagnostics {
            if diagnostic.level == DiagnosticLevel::Error {
                output::complain(&render_diagnostic(diagnostic, &loaded.texts), global.color);
            }
        }
        if loaded.compiled.has_errors() {
            anyhow::bail!(
                "the entries are not used: `palisade identity entry check` says what is wrong"
            );
        }
        Ok(loaded)
    }

    /// Puts the entries and facts in force as they are now.
    pub(super) fn reload(
        &self,
        server: &Server,
        facts: &KnownFacts,
        global: &Global,
    ) -> anyhow::Result<usize> {
        facts.set(self.read_facts()?);
        let loaded = self.load(global)?;
        let count = loaded.compiled.entries.len();
        server.set_files(loaded.compiled)?;
        Ok(count)
    }

    /// Trust domains whose bundles are read.
    pub(super) fn federation(&self) -> Vec<Federated> {
        self.settings.identity.federation.clone()
    }

    pub(super) fn read_facts(&self) -> anyhow::Result<FactsFile> {
        let Some(path) = &self.facts else {
            return Ok(FactsFile::default());
        };
        let wrong = || format!("cannot read the facts in `{}`", path.display());
        let known = std::fs::metadata(path).with_context(wrong)?;
        if known.len() > LARGEST {
            anyhow::bail!("`{}` is larger than 16 MiB", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(wrong)?;
        let file = Arc::new(SourceFile::new(path.to_string_lossy().as_ref(), text));
        FactsFile::read(Arc::clone(&file)).map_err(|wrong| {
            let first = wrong.into_iter().next();
            let texts = [(Arc::clone(file.path()), Arc::clone(&file))];
            match first {
                Some(diagnostic) => LocatedError {
                    diagnostic: Box::new(diagnostic),
                    texts: texts.into_iter().collect(),
                }
                .into(),
                None => anyhow::anyhow!("`{}` holds no facts", path.display()),
            }
        })
    }

    /// Changes when a file is added, removed or written.
    pub(super) fn stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for place in self.places.iter().chain(&self.facts) {
            stamp(&self.root.join(place), DEEPEST, &mut hasher);
        }
        hasher.finish()
    }
}

fn stamp(path: &Path, depth: usize, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    let Ok(known) = std::fs::metadata(path) else {
        return;
    };
    known.len().hash(hasher);
    known.modified().ok().hash(hasher);
    if known.is_dir() && depth > 0 {
        let inner = std::fs::read_dir(path).into_iter().flatten();
        let mut inner: Vec<PathBuf> = inner.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inner.sort();
        for path in inner {
            stamp(&path, depth - 1, hasher);
        }
    }
}

/// Facts as they were read last, judged by the clock.
pub(super) struct KnownFacts {
    file: Mutex<Arc<FactsFile>>,
    clock: Arc<dyn Clock>,
}

impl KnownFacts {
    pub(super) fn new(file: FactsFile, clock: Arc<dyn Clock>) -> Self {
        Self {
            file: Mutex::new(Arc::new(file)),
            clock,
        }
    }

    fn set(&self, file: FactsFile) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(file);
    }
}

impl Facts for KnownFacts {
    fn verdict(&self, condition: &Condition, caller: &Attributes) -> Verdict {
        let file = Arc::clone(&self.file.lock().unwrap_or_else(PoisonError::into_inner));
        file.at(self.clock.now()).verdict(condition, caller)
    }
}

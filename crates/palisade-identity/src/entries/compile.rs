//! All entry files of a folder together: what no file can know alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_model::{Diagnostic, DiagnosticLevel, Origin};

use super::entry::Entry;
use super::mint::{MintError, MintRules};
use super::read::read;
use super::set::{Entries, EntriesError, MOST_ENTRIES};
use crate::TrustDomain;

/// What entry files give together.
#[derive(Debug, Default)]
pub struct Compiled {
    /// All entries that could be read, in the order of files.
    pub entries: Vec<Arc<Entry>>,
    /// Who may mint what.
    pub rules: MintRules,
    /// Entries that mint what their owners may not; each is among the diagnostics too.
    pub breaches: Vec<(Arc<Entry>, MintError)>,
    /// What is wrong, file by file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads entry files and holds them against each other and the mint rules.
///
/// `trust_domain` is the issuer's; where it is not known, all files must name one and the same.
pub fn compile(
    files: impl IntoIterator<Item = Arc<SourceFile>>,
    trust_domain: Option<&TrustDomain>,
) -> Compiled {
    let mut compiled = Compiled::default();
    for file in files {
        let found = read(file);
        compiled
            .entries
            .extend(found.entries.into_iter().map(Arc::new));
        compiled.diagnostics.extend(found.diagnostics);
        compiled.add_rules(found.rules);
    }
    compiled.check_names();
    compiled.check_trust_domains(trust_domain);
    compiled.check_rules();
    compiled
}

impl Compiled {
    /// Whether any file must not be used.
    pub fn has_errors(&self) -> bool {
        let error = |diagnostic: &Diagnostic| diagnostic.level == DiagnosticLevel::Error;
        self.diagnostics.iter().any(error)
    }

    /// The only trust domain that entries name, if they name one.
    pub fn trust_domain(&self) -> Option<&TrustDomain> {
        self.entries
            .iter()
            .find_map(|entry| entry.id.trust_domain())
    }

    /// The entries, ready to answer.
    ///
    /// # Errors
    /// There are more entries than an issuer takes, or one that its files' diagnostics name.
    pub fn entries(self, trust_domain: TrustDomain) -> Result<Entries, EntriesError> {
        Entries::new(trust_domain, self.entries, self.rules)
    }

    fn wrong(&mut self, origin: &Origin, message: String, help: Option<&str>) {
        self.diagnostics.push(Diagnostic {
            level: DiagnosticLevel::Error,
            message,
            origin: Some(origin.clone()),
            help: help.map(str::to_owned),
        });
    }

    /// Takes the rules of a file; only one file has any, so that one review guards them.
    fn add_rules(&mut self, rules: Vec<super::MintRule>) {
        let known = self.rules.0.first().map(|rule| rule.origin.clone());
        match (known, rules.first()) {
            (Some(known), Some(first)) if known.file != first.origin.file => {
                let message = format!("mint rules stand here and in `{}`", known.file);
                let help = "keep all of them in one file, so that one review guards them";
                self.wrong(&first.origin, message, Some(help));
            }
            _ => self.rules.0.extend(rules),
        }
    }

    fn check_names(&mut self) {
        let mut names = BTreeMap::new();
        let mut twice = Vec::new();
        for entry in &self.entries {
            if let Some(first) = names.insert(entry.name.clone(), Arc::clone(entry)) {
                twice.push((first, Arc::clone(entry)));
            }
        }
        for (first, second) in twice {
            let message = format!(
                "an entry is called `{}` here and at {}",
                second.name, first.origin
            );
            let help = "records speak of entries by name: give each its own";
            self.wrong(&second.origin, message, Some(help));
        }
        if self.entries.len() > MOST_ENTRIES {
            let error = EntriesError::Count(self.entries.len());
            self.wrong(&Origin::nowhere(), error.to_string(), None);
        }
    }

    fn check_trust_domains(&mut self, own: Option<&TrustDomain>) {
        let Some(own) = own.or_else(|| self.trust_domain()).cloned() else {
            return;
        };
        let foreign =
            |entry: &&Arc<Entry>| entry.id.trust_domain().is_some_and(|theirs| *theirs != own);
        let foreign: Vec<Arc<Entry>> = self.entries.iter().filter(foreign).cloned().collect();
        for entry in foreign {
            let theirs = entry.id.trust_domain().map_or("", TrustDomain::name);
            let message = format!(
                "this entry is for the trust domain `{theirs}`, and others are for `{own}`"
            );
            let help =
                "an issuer has one trust domain: write `spiffe://{trust-domain}/…` for its own";
            self.wrong(&entry.origin, message, Some(help));
        }
    }

    fn check_rules(&mut self) {
        let refused = self.entries.iter().filter_map(|entry| {
            let error = self.rules.permit_entry(entry).err()?;
            Some((Arc::clone(entry), error))
        });
        let refused: Vec<_> = refused.collect();
        for (entry, error) in &refused {
            let help = "match fixed values for what `id` puts in, or let the owner of the mint rules add one";
            self.wrong(&entry.origin, error.to_string(), Some(help));
        }
        self.breaches = refused;
    }
}

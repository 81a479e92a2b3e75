//! Certificates and keys from PEM files.

use std::path::Path;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{path}`: {reason}")]
pub struct PemError {
    /// The file.
    pub path: String,
    /// Why; never a part of what is in the file.
    pub reason: String,
}

impl PemError {
    fn of(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self {
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}

/// All certificates of a file, at least one.
///
/// # Errors
/// The file cannot be read, is cut off, or holds none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| PemError::of(path, &error));
    let found = found?;
    if found.is_empty() {
        return Err(PemError::of(path, &"no certificate in it"));
    }
    Ok(found)
}

/// The private key of a file.
///
/// # Errors
/// The file cannot be read, is cut off, or holds none.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| PemError::of(path, &error))
}

/// Changes when one of the files is written.
pub fn stamp<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<Option<SystemTime>> {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|known| known.modified());
    paths.into_iter().map(|path| changed(path).ok()).collect()
}

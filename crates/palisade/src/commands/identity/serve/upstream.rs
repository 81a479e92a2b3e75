//! An authority above the own one, in files that are read again when they change.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use palisade_identity::authority::Upstream;

/// The authority above.
#[derive(Debug, Args)]
#[command(next_help_heading = "Upstream authority")]
pub(super) struct UpstreamArguments {
    /// Certificate of an authority that signs this one's, with its intermediates, in PEM
    #[arg(long = "upstream-cert", value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Private key of that certificate, in PEM
    #[arg(long = "upstream-key", value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Root certificates that are published, where --upstream-cert is not a root
    #[arg(long = "upstream-roots", value_name = "FILE", requires = "cert")]
    roots: Option<PathBuf>,
}

impl UpstreamArguments {
    /// The authority as its files are now, if there is one.
    pub(super) fn read(&self) -> anyhow::Result<Option<Upstream>> {
        let (Some(certificate), Some(key)) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        let roots = self.roots.as_deref();
        Ok(Some(Upstream::read(certificate, key, roots)?))
    }

    /// Changes when a file is written.
    pub(super) fn stamp(&self) -> [Option<SystemTime>; 3] {
        [&self.cert, &self.key, &self.roots].map(|path| {
            let known = std::fs::metadata(path.as_ref()?);
            known.and_then(|known| known.modified()).ok()
        })
    }
}

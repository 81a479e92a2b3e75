//! Certificates and keys of nodes, in PEM.

use std::path::Path;

use anyhow::Context as _;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// All authorities of a file.
pub(super) fn authorities(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    for certificate in chain(path)? {
        let wrong = || {
            format!(
                "`{}` holds a certificate that is no authority",
                path.display()
            )
        };
        store
            .add(CertificateDer::from(certificate))
            .with_context(wrong)?;
    }
    Ok(store)
}

/// All certificates of a file; DER.
pub(super) fn chain(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let wrong = || format!("cannot read certificates in `{}`", path.display());
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).with_context(wrong)? {
        chain.push(certificate.with_context(wrong)?.to_vec());
    }
    anyhow::ensure!(
        !chain.is_empty(),
        "`{}` holds no certificate in PEM",
        path.display()
    );
    Ok(chain)
}

/// The key of a file; PKCS#8.
pub(super) fn key(path: &Path) -> anyhow::Result<Vec<u8>> {
    let key = PrivatePkcs8KeyDer::from_pem_file(path);
    let key = key.with_context(|| format!("cannot read a PKCS#8 key in `{}`", path.display()))?;
    Ok(key.secret_pkcs8_der().to_vec())
}

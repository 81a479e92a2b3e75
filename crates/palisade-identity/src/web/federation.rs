//! Reads the bundles of other trust domains again and again.
//!
//! Source: Federation standard, sections 4 to 6.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::{BundleUrl, FetchError, get};
use super::verifier::SpiffeServer;
use crate::clock::Clock;
use crate::spiffe::{Bundle, Bundles, SpiffeId, TrustDomain};

/// How often a bundle is read that does not say (section 4.1).
const DEFAULT_LOOK: Duration = Duration::from_mins(5);
/// The least and the longest time between two looks, whatever a bundle says: keys that are taken
/// out are to be noticed within an hour.
const SHORTEST_LOOK: Duration = Duration::from_secs(10);
const LONGEST_LOOK: Duration = Duration::from_hours(1);

/// How the server of a bundle is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// By an authority that the machine knows, and the host in the address.
    HttpsWeb,
    /// By its X509-SVID.
    HttpsSpiffe {
        /// Who the server is.
        server: SpiffeId,
    },
}

/// A trust domain whose bundle is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federated {
    /// Whose bundle it is.
    pub trust_domain: TrustDomain,
    /// Where it is.
    pub url: BundleUrl,
    /// How its server is proven.
    pub profile: Profile,
}

/// When to look at a bundle again.
pub fn next_look(bundle: Option<&Bundle>) -> Duration {
    let hint = bundle.and_then(|bundle| bundle.refresh_hint);
    hint.unwrap_or(DEFAULT_LOOK)
        .clamp(SHORTEST_LOOK, LONGEST_LOOK)
}

/// Whether a bundle that was read takes the place of the one that is known: by its sequence
/// number where both have one, and because it is the later one otherwise.
pub fn accept_bundle(known: Option<&Bundle>, read: &Bundle) -> Result<(), (u64, u64)> {
    match (known.and_then(|known| known.sequence), read.sequence) {
        (Some(known), Some(read)) if read < known => Err((read, known)),
        _ => Ok(()),
    }
}

/// The bundles of other trust domains; each stays apart, under the name it was read for.
#[derive(Debug)]
pub struct Federation {
    endpoints: BTreeMap<TrustDomain, Federated>,
    bundles: watch::Sender<Arc<Bundles>>,
    clock: Arc<dyn Clock>,
    roots: Option<Arc<RootCertStore>>,
}

impl Federation {
    /// Begins with what is known: bundles that were stored, those that an operator gave to prove
    /// servers by at first, and the own one where a server of the own trust domain serves another.
    pub fn new(
        endpoints: impl IntoIterator<Item = Federated>,
        known: Bundles,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let named = |endpoint: Federated| (endpoint.trust_domain.clone(), endpoint);
        Self {
            endpoints: endpoints.into_iter().map(named).collect(),
            bundles: watch::Sender::new(Arc::new(known)),
            clock,
            roots: None,
        }
    }

    /// Proves servers of profile `https_web` by these authorities in place of the machine's own.
    pub fn with_roots(mut self, roots: RootCertStore) -> Self {
        self.roots = Some(Arc::new(roots));
        self
    }

    /// The bundles, now and at every change.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Bundles>> {
        self.bundles.subscribe()
    }

    /// Puts a bundle in place by hand until the next look.
    pub fn set(&self, bundle: Bundle) {
        self.bundles.send_modify(|bundles| {
            let trust_domain = bundle.trust_domain.clone();
            Arc::make_mut(bundles).insert(trust_domain, Arc::new(bundle));
        });
    }

    /// Whose bundles are read.
    pub fn trust_domains(&self) -> impl Iterator<Item = &TrustDomain> {
        self.endpoints.keys()
    }

    /// Takes what an operator or another server made of one trust domain's bundle, unless another
    /// one than `before` was read meanwhile; whether it was taken.
    pub(crate) fn take_over(
        &self,
        trust_domain: &TrustDomain,
        before: Option<&Arc<Bundle>>,
        now: Option<&Arc<Bundle>>,
    ) -> bool {
        self.bundles.send_if_modified(|bundles| {
            if bundles.get(trust_domain) != before {
                return false;
            }
            let all = Arc::make_mut(bundles);
            match now {
                Some(bundle) => all.insert(trust_domain.clone(), Arc::clone(bundle)),
                None => all.remove(trust_domain),
            };
            true
        })
    }

    /// Forgets a trust domain: nothing of it is valid any more.
    pub fn end(&mut self, trust_domain: &TrustDomain) {
        self.endpoints.remove(trust_domain);
        self.bundles.send_modify(|bundles| {
            Arc::make_mut(bundles).remove(trust_domain);
        });
    }

    /// Looks at the bundle of one trust domain now. What is known stays where this fails.
    ///
    /// # Errors
    /// The server is not proven or does not answer, or what it serves is no bundle or an older one.
    pub async fn refresh(&self, trust_domain: &TrustDomain) -> Result<(), FetchError> {
        let Some(endpoint) = self.endpoints.get(trust_domain) else {
            return Err(FetchError::NoBundle(trust_domain.clone()));
        };
        let tls = Arc::new(self.tls(&endpoint.profile)?);
        let text = get(&endpoint.url, &tls).await?;
        let host = || endpoint.url.host().to_owned();
        let read = Bundle::from_jwks(trust_domain, &text).map_err(|reason| FetchError::Bundle {
            host: host(),
            reason,
        })?;
        let mut checked = Ok(());
        self.bundles.send_if_modified(|bundles| {
            let known = bundles.get(trust_domain).map(AsRef::as_ref);
            checked = accept_bundle(known, &read.bundle);
            if checked.is_err() || known == Some(&read.bundle) {
                return false;
            }
            Arc::make_mut(bundles).insert(trust_domain.clone(), Arc::new(read.bundle));
            true
        });
        checked.map_err(|(served, known)| FetchError::Older {
            host: host(),
            served,
            known,
        })
    }

    /// Looks at every bundle, and again as often as it says, until `stop` ends. A failure is told
    /// to `failed`; the next attempts wait longer and longer, at most until the next look, so that
    /// a server in trouble is not run over.
    pub async fn run(
        self: Arc<Self>,
        stop: impl Future<Output = ()>,
        failed: impl Fn(&TrustDomain, &FetchError) + Clone + Send + Sync + 'static,
    ) {
        let mut looks = JoinSet::new();
        for endpoint in self.endpoints.values() {
            let (own, endpoint, failed) = (Arc::clone(&self), endpoint.clone(), failed.clone());
            looks.spawn(async move { own.look(&endpoint, failed).await });
        }
        stop.await;
        looks.shutdown().await;
    }

    async fn look(&self, endpoint: &Federated, failed: impl Fn(&TrustDomain, &FetchError)) {
        let name = &endpoint.trust_domain;
        let mut attempts = 0;
        loop {
            let result = self.refresh(name).await;
            let bundles = Arc::clone(&self.bundles.borrow());
            let next = next_look(bundles.get(name).map(AsRef::as_ref));
            match result {
                Ok(()) => {
                    attempts = 0;
                    tokio::time::sleep(next).await;
                }
                Err(error) => {
                    failed(name, &error);
                    let pause = SHORTEST_LOOK.saturating_mul(1 << attempts).min(next);
                    attempts = (attempts + 1).min(16);
                    if let FetchError::NoBundle(missing) = error {
                        // Whatever proves the server can come at any time.
                        let mut changes = self.subscribe();
                        let given = changes.wait_for(|known| known.contains_key(&missing));
                        drop(tokio::time::timeout(pause, given).await);
                    } else {
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
    }

    fn tls(&self, profile: &Profile) -> Result<ClientConfig, FetchError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let unusable = |error: &dyn std::fmt::Display| FetchError::NoRoots(error.to_string());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?;
        let mut config = match profile {
            Profile::HttpsWeb => {
                let roots = match &self.roots {
                    Some(roots) => Arc::clone(roots),
                    None => Arc::new(system_roots()?),
                };
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|error| unusable(&error))?;
                builder.with_webpki_verifier(verifier).with_no_client_auth()
            }
            Profile::HttpsSpiffe { server } => {
                let verifier = self.spiffe_server(server, provider)?;
                let builder = builder.dangerous();
                let builder = builder.with_custom_certificate_verifier(Arc::new(verifier));
                builder.with_no_client_auth()
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Every look proves the server anew, by the latest bundle.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(config)
    }

    /// The proof of a server by the latest bundle of its own trust domain.
    fn spiffe_server(
        &self,
        server: &SpiffeId,
        provider: Arc<CryptoProvider>,
    ) -> Result<SpiffeServer, FetchError> {
        let trust_domain = server.trust_domain();
        let bundle = self.bundles.borrow().get(&trust_domain).cloned();
        let bundle = bundle.ok_or_else(|| FetchError::NoBundle(trust_domain.clone()))?;
        Ok(SpiffeServer {
            id: server.clone(),
            bundles: Bundles::from([(trust_domain, bundle)]),
            now: self.clock.now(),
            provider,
        })
    }
}

fn system_roots() -> Result<RootCertStore, FetchError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_added, _ignored) = roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let reason = found
            .errors
            .first()
            .map_or_else(String::new, ToString::to_string);
        return Err(FetchError::NoRoots(reason));
    }
    Ok(roots)
}

//! What an authority serves over HTTPS, and its clients.

mod clients;
mod exchange;
mod federation;
mod forged;
mod pages;
mod rules;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use jiff::Timestamp;
use palisade_identity::ManualClock;
use palisade_identity::authority::{Authority, JwtRequest, Keys, Kind, MemoryKeys, Settings};
use palisade_identity::spiffe::{SpiffeId, TrustDomain};
use palisade_identity::web::{
    ExchangeRecord, ExchangeRule, ExchangeRules, ServerIdentity, Site, router, serve,
};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::RootCertStore;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_service::Service as _;

use crate::made::domain;

/// How long a test waits for what must happen.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

pub(super) const ISSUER: &str = "https://identity.example.org";

pub(super) async fn authority_of(
    trust_domain: TrustDomain,
    issuer: Option<&str>,
    clock: &ManualClock,
) -> Arc<Authority> {
    let mut settings = Settings::new(trust_domain);
    settings.kinds = vec![Kind::X509, Kind::Es256];
    settings.issuer = issuer.map(str::to_owned);
    let keys: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let opened = Authority::open(settings, keys, None, Arc::new(clock.clone())).await;
    Arc::new(opened.expect("an authority"))
}

pub(super) type Records = Arc<Mutex<Vec<ExchangeRecord>>>;

/// A site with these rules, and what it records.
pub(super) fn site(
    authority: &Arc<Authority>,
    clock: &ManualClock,
    rules: Vec<ExchangeRule>,
) -> (Router, Records) {
    let records = Records::default();
    let kept = Arc::clone(&records);
    let site = Site {
        authority: Arc::clone(authority),
        clock: Arc::new(clock.clone()),
        rules: tokio::sync::watch::channel(Arc::new(ExchangeRules {
            accepts: vec!["palisade".to_owned()],
            rules,
        }))
        .1,
        admit: Box::new(|| Ok(())),
        record: Box::new(move |record| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(record.clone());
        }),
    };
    (router(site).expect("a router"), records)
}

pub(super) fn token(authority: &Authority, id: &SpiffeId, audience: &str) -> String {
    let audiences = [audience.to_owned()];
    let signed = authority.sign_jwt(&JwtRequest::new(id, &audiences));
    signed.expect("a token").document.token.to_string()
}

/// Asks a router without a network.
pub(super) async fn ask(router: &Router, request: Request<Body>) -> (Response<()>, Vec<u8>) {
    let response = router.clone().call(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 22).await.expect("a body");
    (Response::from_parts(head, ()), body.to_vec())
}

pub(super) async fn get(router: &Router, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let (head, body) = ask(router, request).await;
    (
        head.status(),
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

/// A server that ends with the test.
pub(super) struct Running {
    pub(super) port: u16,
    _stop: oneshot::Sender<()>,
}

pub(super) async fn start(
    listener: TcpListener,
    identity: ServerIdentity,
    pages: Router,
) -> Running {
    let port = listener.local_addr().expect("an address").port();
    let (stop, stopped) = oneshot::channel::<()>();
    drop(tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve(listener, identity, pages, stopped)
            .await
            .expect("serves");
    }));
    Running { port, _stop: stop }
}

pub(super) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

/// A certificate of `localhost` as browsers want it, with its authority.
pub(super) struct WebPki {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) authority: PathBuf,
    pub(super) roots: RootCertStore,
}

impl WebPki {
    pub(super) fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("parameters");
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &issuer).expect("a certificate");
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).expect("added");
        Self {
            certificate: write("server.pem", leaf.pem()),
            key: write("server.key", key.serialize_pem()),
            authority: write("authority.pem", issuer.pem()),
            roots,
        }
    }

    pub(super) fn identity(&self) -> ServerIdentity {
        ServerIdentity::Files {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

/// A clock that shows the time of the machine, for clients that have no other.
pub(super) fn now() -> ManualClock {
    ManualClock::at(Timestamp::now())
}

pub(super) fn own_domain() -> TrustDomain {
    domain()
}

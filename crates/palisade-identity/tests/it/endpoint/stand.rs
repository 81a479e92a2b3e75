//! An endpoint with an issuer that signs for real and forgets everything at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use palisade_identity::endpoint::{Endpoint, SecurityEvent, Settings, bind};
use palisade_identity::spiffe::{Bundle, Bundles, JwtAuthority, JwtSvid, X509Svid};
use palisade_identity::{
    Answer, Attribute, Attributes, Holdings, Issuer, Refusal, SpiffeId, SystemClock, TrustDomain,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use tokio::net::UnixListener;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

/// Long enough for a machine under load; nothing waits so long when all is well.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Who gets what: an attribute value and the path of an identity.
pub(super) type Rule = (&'static str, String, &'static str);

/// An issuer whose rules and keys the test turns.
pub(super) struct TestIssuer {
    trust_domain: TrustDomain,
    authority: Mutex<CertifiedIssuer<'static, KeyPair>>,
    tokens: EcdsaKeyPair,
    rules: Mutex<Vec<Rule>>,
    changes: watch::Sender<u64>,
    callers: Mutex<Vec<(Attributes, watch::Sender<Arc<Holdings>>)>>,
    federated: Mutex<Bundles>,
    hint: Mutex<String>,
}

impl TestIssuer {
    pub(super) fn new(rules: Vec<Rule>) -> Arc<Self> {
        let tokens = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Arc::new(Self {
            trust_domain: TrustDomain::new("example.org").expect("a name"),
            authority: Mutex::new(authority()),
            tokens,
            rules: Mutex::new(rules),
            changes: watch::channel(0).0,
            callers: Mutex::new(Vec::new()),
            federated: Mutex::new(BTreeMap::new()),
            hint: Mutex::new(String::new()),
        })
    }

    /// Everybody of this user gets `/web`.
    pub(super) fn for_everybody() -> Arc<Self> {
        let uid = nix::unistd::geteuid().to_string();
        Self::new(vec![("unix.uid", uid, "/web")])
    }

    /// Signs anew for everybody, with another authority.
    pub(super) fn rotate(&self) {
        *self.authority.lock().expect("a lock") = authority();
        self.push();
    }

    /// Other rules from now on.
    pub(super) fn rule(&self, rules: Vec<Rule>) {
        *self.rules.lock().expect("a lock") = rules;
        self.push();
    }

    /// Gives every document and token the same hint.
    pub(super) fn hint(&self, hint: &str) {
        hint.clone_into(&mut self.hint.lock().expect("a lock"));
        self.push();
    }

    /// Federates with a trust domain.
    pub(super) fn federate(&self, bundle: Bundle) {
        let mut federated = self.federated.lock().expect("a lock");
        federated.insert(bundle.trust_domain.clone(), Arc::new(bundle));
        drop(federated);
        self.push();
    }

    /// The authority's certificate in DER.
    pub(super) fn root(&self) -> Vec<u8> {
        self.authority.lock().expect("a lock").der().to_vec()
    }

    fn push(&self) {
        for (attributes, sender) in &*self.callers.lock().expect("a lock") {
            sender.send_replace(Arc::new(self.sign(attributes)));
        }
        self.changes.send_modify(|count| *count += 1);
    }

    fn ids(&self, caller: &Attributes) -> Vec<SpiffeId> {
        let rules = self.rules.lock().expect("a lock");
        let has = |(name, value, _): &&Rule| {
            let name = Attribute::new(name).expect("a name");
            caller.get(&name).is_some_and(|seen| seen.contains(value))
        };
        rules
            .iter()
            .filter(has)
            .map(|(_, _, path)| self.trust_domain.with_path(path).expect("a path"))
            .collect()
    }

    fn sign(&self, caller: &Attributes) -> Holdings {
        let authority = self.authority.lock().expect("a lock");
        let hint = self.hint.lock().expect("a lock").clone();
        let svids = self.ids(caller).into_iter().map(|id| X509Svid {
            hint: hint.clone(),
            ..leaf(&authority, id)
        });
        Holdings {
            svids: svids.collect(),
            own: Some(Arc::new(Bundle {
                trust_domain: self.trust_domain.clone(),
                x509_authorities: vec![authority.der().to_vec().into()],
                jwt_authorities: vec![JwtAuthority {
                    key_id: "first".to_owned(),
                    jwk: self.jwk(),
                }],
                sequence: Some(1),
                refresh_hint: None,
            })),
            federated: self.federated.lock().expect("a lock").clone(),
        }
    }

    fn jwk(&self) -> serde_json::Map<String, serde_json::Value> {
        let point = self.tokens.public_key().as_ref();
        let jwk = serde_json::json!({
            "kty": "EC",
            "crv": "P-256",
            "x": BASE64_URL_SAFE_NO_PAD.encode(&point[1..33]),
            "y": BASE64_URL_SAFE_NO_PAD.encode(&point[33..65]),
        });
        jwk.as_object().cloned().expect("an object")
    }

    fn token(&self, id: &SpiffeId, audiences: &[String]) -> JwtSvid {
        let now = Timestamp::now();
        let expires = now + SignedDuration::from_mins(5);
        let header = serde_json::json!({ "alg": "ES256", "kid": "first", "typ": "JWT" });
        let claims = serde_json::json!({
            "sub": id.as_str(), "aud": audiences, "iat": now.as_second(), "exp": expires.as_second(),
        });
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let random = SystemRandom::new();
        let signature = self.tokens.sign(&random, signed.as_bytes()).expect("signs");
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref());
        JwtSvid {
            id: id.clone(),
            token: Zeroizing::new(format!("{signed}.{signature}")),
            expires,
            hint: self.hint.lock().expect("a lock").clone(),
        }
    }
}

impl Issuer for TestIssuer {
    fn holdings<'a>(
        &'a self,
        caller: &'a Attributes,
    ) -> Answer<'a, watch::Receiver<Arc<Holdings>>> {
        let (sender, receiver) = watch::channel(Arc::new(self.sign(caller)));
        let mut callers = self.callers.lock().expect("a lock");
        callers.push((caller.clone(), sender));
        Box::pin(std::future::ready(Ok(receiver)))
    }

    fn tokens<'a>(
        &'a self,
        caller: &'a Attributes,
        audiences: &'a [String],
        id: Option<&'a SpiffeId>,
    ) -> Answer<'a, Vec<JwtSvid>> {
        let mut ids = self.ids(caller);
        ids.retain(|own| id.is_none_or(|id| id == own));
        let tokens = ids.iter().map(|id| self.token(id, audiences)).collect();
        let answer = if ids.is_empty() {
            Err(Refusal::NoIdentity)
        } else {
            Ok(tokens)
        };
        Box::pin(std::future::ready(answer))
    }

    fn bundles(&self) -> watch::Receiver<Arc<Bundles>> {
        let mut bundles = self.federated.lock().expect("a lock").clone();
        let own = self.sign(&Attributes::default()).own.expect("a bundle");
        bundles.insert(self.trust_domain.clone(), own);
        watch::channel(Arc::new(bundles)).1
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "example.org");
    params.subject_alt_names = vec![SanType::URI(
        "spiffe://example.org".try_into().expect("ascii"),
    )];
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("signs")
}

fn leaf(authority: &CertifiedIssuer<'static, KeyPair>, id: SpiffeId) -> X509Svid {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.subject_alt_names = vec![SanType::URI(id.as_str().try_into().expect("ascii"))];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("signs");
    let now = Timestamp::now();
    X509Svid {
        id,
        chain: vec![certificate.der().to_vec().into()],
        key: Arc::new(Zeroizing::new(key.serialize_der())),
        not_before: now,
        not_after: now + SignedDuration::from_hours(1),
        hint: String::new(),
    }
}

/// A socket that is not served yet.
pub(super) struct Bound {
    folder: tempfile::TempDir,
    listener: UnixListener,
}

impl Bound {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = bind(&folder.path().join("api.sock")).await.expect("binds");
        Self { folder, listener }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("api.sock")
    }

    /// Serves from now on.
    pub(super) fn serve(self, issuer: Arc<TestIssuer>, settings: Settings) -> Stand {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let clock = Arc::new(SystemClock);
        let endpoint = Endpoint::new(Arc::<TestIssuer>::clone(&issuer), clock, settings);
        let endpoint = endpoint.with_alarm(Arc::new(move |event: &SecurityEvent| {
            seen.lock().expect("a lock").push(event.clone());
        }));
        let (stop, stopped) = oneshot::channel();
        let listener = self.listener;
        tokio::spawn(async move {
            endpoint
                .serve(listener, async { drop(stopped.await) })
                .await
        });
        Stand {
            issuer,
            events,
            folder: self.folder,
            stop: Some(stop),
        }
    }
}

/// An endpoint that serves until it is dropped.
pub(super) struct Stand {
    pub(super) issuer: Arc<TestIssuer>,
    events: Arc<Mutex<Vec<SecurityEvent>>>,
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
}

impl Stand {
    /// Serves with settings for tests: no jitter.
    pub(super) async fn with(issuer: Arc<TestIssuer>) -> Self {
        let settings = Settings {
            jitter: Duration::ZERO,
            ..Settings::default()
        };
        Bound::new().await.serve(issuer, settings)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("api.sock")
    }

    /// What an operator was told.
    pub(super) fn events(&self) -> Vec<SecurityEvent> {
        self.events.lock().expect("a lock").clone()
    }

    /// The address as clients are told.
    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }
}

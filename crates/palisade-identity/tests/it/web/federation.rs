//! Trust domains that read each other's bundles, over real TLS.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use jiff::SignedDuration;
use palisade_identity::authority::{Authority, Kind, Urgency, X509Request};
use palisade_identity::spiffe::{Bundle, Bundles, SpiffeId, TrustDomain, verify_x509};
use palisade_identity::web::{
    BundleUrl, Federated, Federation, FetchError, Profile, ServerIdentity,
};
use palisade_identity::{Clock as _, ManualClock};
use tokio::time::timeout;

use super::{PATIENCE, Running, WebPki, authority_of, listener, now, site, start};
use crate::made::id;

const SERVER: &str = "spiffe://other.org/bundles";

fn other() -> TrustDomain {
    TrustDomain::new("other.org").expect("a name")
}

fn own_bundle(authority: &Authority) -> Arc<Bundle> {
    Arc::clone(&authority.subscribe().borrow().bundle)
}

fn svid(authority: &Arc<Authority>, server: &SpiffeId, clock: &ManualClock) -> ServerIdentity {
    ServerIdentity::Svid {
        authority: Arc::clone(authority),
        id: server.clone(),
        clock: Arc::new(clock.clone()),
    }
}

/// The other trust domain, which serves its bundle with an X509-SVID of its own.
struct Other {
    authority: Arc<Authority>,
    clock: ManualClock,
    running: Running,
}

impl Other {
    async fn new() -> Self {
        let clock = now();
        let authority = authority_of(other(), None, &clock).await;
        let (pages, _) = site(&authority, &clock, Vec::new());
        let identity = svid(&authority, &id(SERVER), &clock);
        let running = start(listener().await, identity, pages).await;
        Self {
            authority,
            clock,
            running,
        }
    }

    fn federation(&self, server: &str, known: Bundles) -> Federation {
        let endpoint = Federated {
            trust_domain: other(),
            url: url(self.running.port, "/bundle"),
            profile: Profile::HttpsSpiffe { server: id(server) },
        };
        Federation::new([endpoint], known, Arc::new(self.clock.clone()))
    }

    fn known(&self) -> Bundles {
        Bundles::from([(other(), own_bundle(&self.authority))])
    }
}

fn url(port: u16, path: &str) -> BundleUrl {
    BundleUrl::parse(&format!("https://localhost:{port}{path}")).expect("an address")
}

fn known(federation: &Federation) -> Option<Arc<Bundle>> {
    federation.subscribe().borrow().get(&other()).cloned()
}

#[tokio::test]
async fn a_bundle_is_read_from_a_server_with_an_svid() {
    let other_side = Other::new().await;
    let federation = other_side.federation(SERVER, other_side.known());
    federation.refresh(&other()).await.expect("read");
    let mut changes = federation.subscribe();
    other_side
        .authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("rotated");
    federation.refresh(&other()).await.expect("read");
    assert!(changes.has_changed().expect("there"));
    let read = Arc::clone(&changes.borrow_and_update()[&other()]);
    assert_eq!(read, own_bundle(&other_side.authority));
    federation.refresh(&other()).await.expect("read again");
    assert!(!changes.has_changed().expect("there"), "nothing changed");

    let web = id("spiffe://other.org/web");
    let signed = other_side
        .authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    let bundles = Arc::clone(&federation.subscribe().borrow());
    verify_x509(&signed.document.chain, &bundles, other_side.clock.now()).expect("federated");
}

#[tokio::test]
async fn the_latest_bundle_proves_the_server() {
    let other_side = Other::new().await;
    let federation = other_side.federation(SERVER, other_side.known());
    federation.refresh(&other()).await.expect("read");
    for _ in 0..3 {
        other_side
            .authority
            .rotate(Kind::X509, Urgency::Now)
            .await
            .expect("rotated");
        federation.refresh(&other()).await.expect("read");
        let published = other_side.authority.subscribe().borrow().clone();
        for info in &published.authorities {
            if info.kind == Kind::X509 && info.stage == palisade_identity::authority::Stage::Old {
                other_side.authority.taint(&info.id).await.expect("tainted");
                federation
                    .refresh(&other())
                    .await
                    .expect("read in spite of a tainted key");
                other_side
                    .authority
                    .revoke(&info.id)
                    .await
                    .expect("revoked");
            }
        }
        federation
            .refresh(&other())
            .await
            .expect("read with a new certificate");
        assert_eq!(known(&federation).expect("known").x509_authorities.len(), 1);
    }
}

#[tokio::test]
async fn another_server_is_not_believed() {
    let other_side = Other::new().await;
    let wrong_id = other_side.federation("spiffe://other.org/else", other_side.known());
    let error = wrong_id
        .refresh(&other())
        .await
        .expect_err("another id")
        .to_string();
    assert!(error.contains("not whom it should be"), "{error}");

    let stranger = authority_of(other(), None, &other_side.clock).await;
    let bundles = Bundles::from([(other(), own_bundle(&stranger))]);
    let wrong_root = other_side.federation(SERVER, bundles);
    let error = wrong_root
        .refresh(&other())
        .await
        .expect_err("another authority");
    assert!(matches!(error, FetchError::Connection { .. }), "{error}");

    let nothing = other_side.federation(SERVER, Bundles::new());
    let error = nothing
        .refresh(&other())
        .await
        .expect_err("nothing to prove it by");
    assert_eq!(error, FetchError::NoBundle(other()));
    assert!(known(&nothing).is_none());

    let folder = tempfile::tempdir().expect("a folder");
    let web_pki = WebPki::new(folder.path());
    let (pages, _) = site(&other_side.authority, &other_side.clock, Vec::new());
    let running = start(listener().await, web_pki.identity(), pages).await;
    let endpoint = Federated {
        trust_domain: other(),
        url: url(running.port, "/bundle"),
        profile: Profile::HttpsSpiffe { server: id(SERVER) },
    };
    let clock = Arc::new(other_side.clock.clone());
    let federation = Federation::new([endpoint], other_side.known(), clock);
    federation
        .refresh(&other())
        .await
        .expect_err("a certificate that is no SVID");
}

#[tokio::test]
async fn a_server_of_another_trust_domain_may_serve() {
    let other_side = Other::new().await;
    let third = TrustDomain::new("third.org").expect("a name");
    let third_authority = authority_of(third.clone(), None, &other_side.clock).await;
    let (pages, _) = site(&third_authority, &other_side.clock, Vec::new());
    let identity = svid(&other_side.authority, &id(SERVER), &other_side.clock);
    let running = start(listener().await, identity, pages).await;
    let endpoint = Federated {
        trust_domain: third.clone(),
        url: url(running.port, "/bundle"),
        profile: Profile::HttpsSpiffe { server: id(SERVER) },
    };
    let clock = Arc::new(other_side.clock.clone());
    let mut federation = Federation::new([endpoint], other_side.known(), clock);
    federation.refresh(&third).await.expect("read");
    let bundles = Arc::clone(&federation.subscribe().borrow());
    assert_eq!(bundles.len(), 2, "each under its own name");
    assert_eq!(bundles[&third], own_bundle(&third_authority));
    assert_eq!(bundles[&other()], own_bundle(&other_side.authority));
    federation.end(&third);
    assert!(!federation.subscribe().borrow().contains_key(&third));
    federation.refresh(&third).await.expect_err("it is over");
}

async fn web(pages: Router) -> (Federation, Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let web_pki = WebPki::new(folder.path());
    let running = start(listener().await, web_pki.identity(), pages).await;
    let endpoint = Federated {
        trust_domain: other(),
        url: url(running.port, "/bundle"),
        profile: Profile::HttpsWeb,
    };
    let federation = Federation::new([endpoint], Bundles::new(), Arc::new(now()));
    (federation.with_roots(web_pki.roots), running, folder)
}

#[tokio::test]
async fn a_bundle_is_read_from_a_server_of_the_web() {
    let clock = now();
    let authority = authority_of(other(), None, &clock).await;
    let (pages, _) = site(&authority, &clock, Vec::new());
    let (federation, running, _folder) = web(pages).await;
    federation.refresh(&other()).await.expect("read");
    assert_eq!(known(&federation), Some(own_bundle(&authority)));

    let endpoint = Federated {
        trust_domain: other(),
        url: url(running.port, "/bundle"),
        profile: Profile::HttpsWeb,
    };
    let machine = Federation::new([endpoint], Bundles::new(), Arc::new(clock));
    let error = machine
        .refresh(&other())
        .await
        .expect_err("not known to the machine");
    assert!(
        matches!(
            error,
            FetchError::Connection { .. } | FetchError::NoRoots(_)
        ),
        "{error}"
    );
}

#[tokio::test]
async fn the_name_in_the_address_is_that_of_the_certificate() {
    let clock = now();
    let authority = authority_of(other(), None, &clock).await;
    let (pages, _) = site(&authority, &clock, Vec::new());
    let (_, running, folder) = web(pages).await;
    let roots = {
        // The same authority, another address of the same machine.
        let text = std::fs::read(folder.path().join("authority.pem")).expect("a file");
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(&text).expect("a certificate");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(der).expect("added");
        roots
    };
    for (host, fits) in [("127.0.0.1", true), ("127.0.0.2", false)] {
        let endpoint = Federated {
            trust_domain: other(),
            url: BundleUrl::parse(&format!("https://{host}:{}/bundle", running.port))
                .expect("an address"),
            profile: Profile::HttpsWeb,
        };
        let federation = Federation::new([endpoint], Bundles::new(), Arc::new(clock.clone()));
        let federation = federation.with_roots(roots.clone());
        assert_eq!(federation.refresh(&other()).await.is_ok(), fits, "{host}");
    }
}

fn served(body: &'static str) -> Router {
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    Router::new().route("/bundle", get(answer))
}

fn sends_to(location: &'static str) -> Router {
    let away = move || async move {
        let status = StatusCode::TEMPORARY_REDIRECT;
        (status, [(header::LOCATION, location)]).into_response()
    };
    let there = || async { r#"{"keys":[]}"# };
    Router::new()
        .route("/bundle", get(away))
        .route("/there", get(there))
}

#[tokio::test]
async fn redirects_are_followed_by_the_same_rules() {
    let (federation, _running, _folder) = web(sends_to("/there")).await;
    federation.refresh(&other()).await.expect("another path");
    let (federation, _running, _folder) = web(sends_to("/bundle")).await;
    let error = federation.refresh(&other()).await.expect_err("in a circle");
    assert!(matches!(error, FetchError::Redirects(_)), "{error}");
    for elsewhere in [
        "http://localhost/there",
        "https://a@localhost/there",
        "//localhost",
        "there",
    ] {
        let (federation, _running, _folder) = web(sends_to(elsewhere)).await;
        let error = federation.refresh(&other()).await.expect_err(elsewhere);
        assert!(matches!(error, FetchError::Url(_)), "{elsewhere}: {error}");
    }
    let other_side = Other::new().await;
    let location = format!("https://localhost:{}/bundle", other_side.running.port);
    let (federation, _running, _folder) = web(sends_to(location.leak())).await;
    let error = federation
        .refresh(&other())
        .await
        .expect_err("a server that is not proven");
    assert!(matches!(error, FetchError::Connection { .. }), "{error}");
}

#[tokio::test]
async fn a_redirect_leads_to_the_same_svid_or_nowhere() {
    let other_side = Other::new().await;
    let location = format!("https://localhost:{}/bundle", other_side.running.port);
    for (server, fits) in [(SERVER, true), ("spiffe://other.org/else", false)] {
        let identity = svid(&other_side.authority, &id(server), &other_side.clock);
        let first = start(
            listener().await,
            identity,
            sends_to(location.clone().leak()),
        )
        .await;
        let endpoint = Federated {
            trust_domain: other(),
            url: url(first.port, "/bundle"),
            profile: Profile::HttpsSpiffe { server: id(server) },
        };
        let clock = Arc::new(other_side.clock.clone());
        let federation = Federation::new([endpoint], other_side.known(), clock);
        let read = federation.refresh(&other()).await;
        assert_eq!(read.is_ok(), fits, "{server}: {read:?}");
    }
}

#[tokio::test]
async fn a_failure_leaves_what_is_known() {
    let known_before = Bundle {
        sequence: Some(7),
        ..Bundle::empty(other())
    };
    for (body, wrong) in [
        ("", "JSON"),
        ("[]", "JSON"),
        (r#"{"keys":7}"#, "list"),
        (r#"{"keys":[],"spiffe_sequence":6}"#, "older than version 7"),
    ] {
        let (federation, _running, _folder) = web(served(body)).await;
        federation.set(known_before.clone());
        let error = federation
            .refresh(&other())
            .await
            .expect_err(body)
            .to_string();
        assert!(error.contains(wrong), "{body}: {error}");
        assert_eq!(known(&federation).as_deref(), Some(&known_before));
    }
    let (federation, running, _folder) = web(Router::new()).await;
    let error = federation.refresh(&other()).await.expect_err("no page");
    assert!(
        matches!(error, FetchError::Status { status: 404, .. }),
        "{error}"
    );
    drop(running);
}

#[tokio::test]
async fn an_empty_bundle_is_a_revocation() {
    let (federation, _running, _folder) = web(served(r#"{"keys":[],"spiffe_sequence":8}"#)).await;
    let clock = now();
    let authority = authority_of(other(), None, &clock).await;
    federation.set(Bundle::clone(&own_bundle(&authority)));
    federation.refresh(&other()).await.expect("read");
    assert!(
        known(&federation)
            .expect("known")
            .x509_authorities
            .is_empty()
    );
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let large = || async { " ".repeat(5 * 1024 * 1024) };
    let (federation, _running, _folder) = web(Router::new().route("/bundle", get(large))).await;
    let error = federation.refresh(&other()).await.expect_err("too large");
    assert!(matches!(error, FetchError::Body(_)), "{error}");
}

#[tokio::test]
async fn looks_are_made_without_being_asked() {
    let other_side = Other::new().await;
    let federation = Arc::new(other_side.federation(SERVER, other_side.known()));
    federation.refresh(&other()).await.expect("read");
    other_side
        .authority
        .rotate(Kind::X509, Urgency::Now)
        .await
        .expect("rotated");
    let mut changes = federation.subscribe();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = Arc::clone(&federation).run(async { drop(stopped.await) }, |_, _| {});
    let running = tokio::spawn(running);
    timeout(PATIENCE, changes.changed())
        .await
        .expect("in time")
        .expect("changed");
    drop(stop);
    timeout(PATIENCE, running)
        .await
        .expect("in time")
        .expect("ended");
}

#[tokio::test]
async fn a_server_renews_its_certificate() {
    let other_side = Other::new().await;
    let federation = other_side.federation(SERVER, other_side.known());
    for _ in 0..4 {
        other_side.clock.turn(SignedDuration::from_mins(50));
        other_side.authority.tick().await.expect("ticks");
        federation.refresh(&other()).await.expect("still proven");
    }
}

//! Clients of clouds that others wrote: `google-auth`, `botocore` and `PyJWT` from PyPI.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use palisade_identity::authority::{Authority, Keys, MemoryKeys, Settings};
use palisade_identity::spiffe::verify_jwt;
use palisade_identity::web::ExchangeRule;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use super::{PATIENCE, Running, WebPki, listener, now, own_domain, site, start, token};
use crate::made::{bundles, id};

const WEB: &str = "spiffe://example.org/web";

struct Cloud {
    authority: Arc<Authority>,
    issuer: String,
    folder: tempfile::TempDir,
    ca: PathBuf,
    _running: Running,
}

/// An authority that serves its pages on this machine.
async fn cloud() -> Cloud {
    let folder = tempfile::tempdir().expect("a folder");
    let web_pki = WebPki::new(folder.path());
    let listener = listener().await;
    let port = listener.local_addr().expect("an address").port();
    let issuer = format!("https://localhost:{port}");
    let clock = now();
    let mut settings = Settings::new(own_domain());
    settings.issuer = Some(issuer.clone());
    settings.rs256_audiences.push("old-cloud".to_owned());
    let keys: Arc<dyn Keys> = Arc::new(MemoryKeys::default());
    let authority = Authority::open(settings, keys, None, Arc::new(clock.clone())).await;
    let authority = Arc::new(authority.expect("an authority"));
    let rules = json!([{ "subject": WEB, "audiences": ["//iam.example/pools/p"] }]);
    let rules: Vec<ExchangeRule> = serde_json::from_value(rules).expect("rules");
    let (pages, _) = site(&authority, &clock, rules);
    let running = start(listener, web_pki.identity(), pages).await;
    Cloud {
        authority,
        issuer,
        folder,
        ca: web_pki.authority,
        _running: running,
    }
}

impl Cloud {
    /// A file with a token for this audience, as workloads hand it to their clients.
    fn token_file(&self, audience: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{audience}.jwt"));
        std::fs::write(&path, token(&self.authority, &id(WEB), audience)).expect("written");
        path
    }

    async fn run(&self, script: &str, arguments: &[&str]) -> Value {
        let home = std::env::home_dir().expect("a home folder");
        let python = home.join(".cache/palisade/test-python/bin/python3");
        assert!(
            python.exists(),
            "the Python packages that this test talks to are missing: run `cargo xtask test`"
        );
        let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/web");
        let output = Command::new(python)
            .arg(scripts.join(script))
            .args(arguments)
            .env("PALISADE_TEST_CA", &self.ca)
            .env("REQUESTS_CA_BUNDLE", &self.ca)
            .env_remove("HTTPS_PROXY")
            .env_remove("https_proxy")
            .kill_on_drop(true)
            .output();
        let output = timeout(PATIENCE, output)
            .await
            .expect("in time")
            .expect("runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        serde_json::from_slice(&output.stdout).expect(&errors)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn google_auth_exchanges_a_token() {
    let cloud = cloud().await;
    let file = cloud.token_file("palisade");
    let url = format!("{}/token", cloud.issuer);
    let file = file.to_str().expect("a path");
    let answer = cloud
        .run("google_client.py", &[&url, file, "//iam.example/pools/p"])
        .await;
    let token = answer["token"].as_str().expect("a token");
    let audience = ["//iam.example/pools/p"];
    let read = verify_jwt(
        token,
        &bundles(&cloud.authority),
        &audience,
        Timestamp::now(),
    );
    assert_eq!(read.expect("valid").id, id(WEB));
    assert_eq!(answer["refused"], "invalid_target", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_assumes_a_role_where_an_independent_reader_proves_the_token() {
    let cloud = cloud().await;
    // ES256 for one audience, RS256 for the other.
    for (audience, algorithm) in [("sts.amazonaws.com", "ES256"), ("old-cloud", "RS256")] {
        let (file, wrong) = (cloud.token_file(audience), cloud.token_file("elsewhere"));
        let (file, wrong) = (
            file.to_str().expect("a path"),
            wrong.to_str().expect("a path"),
        );
        let answer = cloud
            .run("aws_client.py", &[&cloud.issuer, audience, file, wrong])
            .await;
        assert_eq!(answer["subject"], WEB);
        assert_eq!(answer["algorithm"], algorithm);
        assert_eq!(answer["access_key"], "ASIAEXAMPLE");
        assert_eq!(answer["refused"], "InvalidIdentityToken", "{answer}");
    }
}

/// What Mozilla's intermediate recommendations allow, by OpenSSL.
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_that_of_mozilla_intermediate() {
    let cloud = cloud().await;
    let answer = cloud.run("tls_client.py", &[&cloud.issuer]).await;
    for (what, spoken) in [
        ("TLSv1", false),
        ("TLSv1.1", false),
        ("TLSv1.2", true),
        ("TLSv1.3", true),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", true),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", true),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", true),
        ("ECDHE-ECDSA-AES128-SHA256", false),
        ("ECDHE-ECDSA-AES256-SHA", false),
    ] {
        assert_eq!(answer[what], spoken, "{what}: {answer}");
    }
}

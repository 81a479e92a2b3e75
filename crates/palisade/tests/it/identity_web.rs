//! What `palisade identity serve --web` serves over HTTPS, by a client that knows its authority.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use spiffe::bundle::BundleSource as _;
use spiffe::{JwtSvid, WorkloadApiClient};

use crate::identity_serve::{Issuing, PATIENCE, client, entries, runtime, until};
use crate::system::System;

const ISSUER: &str = "https://id.shop.example";
const WEB: &str = "spiffe://shop.example/web";

/// A server's certificate and key for `localhost` in files, and who vouches for it.
pub(crate) fn certificate(folder: &Path) -> RootCertStore {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("signs");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &authority).expect("signs");
    std::fs::write(folder.join("web.crt"), certificate.pem()).expect("writes");
    std::fs::write(folder.join("web.key"), key.serialize_pem()).expect("writes");
    std::fs::write(folder.join("web-ca.crt"), authority.pem()).expect("writes");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("an authority");
    roots
}

/// The address that a line of the server names.
pub(crate) fn web_address(line: &str) -> String {
    let (_, rest) = line.split_once("https://").expect("an address");
    let end = rest.find(' ').unwrap_or(rest.len());
    rest.split_at(end).0.to_owned()
}

/// One request; the status and the body.
fn ask(address: &str, roots: &RootCertStore, request: &str) -> (u16, Value) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let socket = TcpStream::connect(address).expect("connects");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut stream = StreamOwned::new(connection, socket);
    stream.write_all(request.as_bytes()).expect("asks");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    (status.expect("a status"), body)
}

fn get(address: &str, roots: &RootCertStore, page: &str) -> (u16, Value) {
    let head = format!("GET {page} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    ask(address, roots, &head)
}

fn exchange(address: &str, roots: &RootCertStore, token: &str, audience: &str) -> (u16, Value) {
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&\
         subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&\
         subject_token={token}&audience={audience}"
    );
    let request = format!(
        "POST /token HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    ask(address, roots, &request)
}

fn rules(audience: &str) -> String {
    json!({ "rules": [{ "subject": WEB, "audiences": [audience] }] }).to_string()
}

async fn token(client: &WorkloadApiClient) -> String {
    let audience = [ISSUER.to_owned()];
    let token = client.fetch_jwt_token(&audience, None).await;
    token.expect("a token").clone()
}

#[test]
fn clouds_find_the_keys_and_tokens_are_exchanged_by_rules_that_follow_their_file() {
    let system = System::of(&[
        ("identity/test.yaml", &entries("/web")),
        ("rules.json", &rules("db")),
    ]);
    let roots = certificate(system.path());
    let more = "--socket workload.sock --web 127.0.0.1:0 --web-cert web.crt --web-key web.key \
                --issuer https://id.shop.example --exchange-rules rules.json";
    let more: Vec<&str> = more.split_whitespace().collect();
    let issuing = Issuing::serve(system, "state", &more);
    let address = web_address(&issuing.says("issuing for"));
    let (status, discovery) = get(&address, &roots, "/.well-known/openid-configuration");
    assert_eq!((status, &discovery["issuer"]), (200, &json!(ISSUER)));
    assert_eq!(discovery["jwks_uri"], format!("{ISSUER}/keys"));
    let (_, keys) = get(&address, &roots, "/keys");
    let algorithms = keys["keys"].as_array().expect("keys").iter();
    let algorithms: Vec<&Value> = algorithms.map(|key| &key["kty"]).collect();
    assert!(algorithms.contains(&&json!("EC")) && algorithms.contains(&&json!("RSA")));
    let (status, bundle) = get(&address, &roots, "/bundle");
    assert_eq!(status, 200);
    assert!(bundle["spiffe_sequence"].is_u64(), "{bundle}");
    assert_eq!(get(&address, &roots, "/nothing").0, 404);

    runtime().block_on(async {
        let client = client(&issuing.address("workload.sock")).await;
        until(&client, |_| true).await;
        let shown = token(&client).await;
        let (status, answer) = exchange(&address, &roots, &shown, "db");
        assert_eq!(status, 200, "{answer}");
        let given = answer["access_token"].as_str().expect("a token");
        let bundles = client.fetch_jwt_bundles().await.expect("bundles");
        let read = JwtSvid::parse_and_validate(given, &bundles, &["db"]).expect("valid");
        assert_eq!(read.spiffe_id().to_string(), WEB);
        let own = read.spiffe_id().trust_domain();
        assert!(
            bundles
                .bundle_for_trust_domain(own)
                .expect("read")
                .is_some()
        );

        let (status, answer) = exchange(&address, &roots, &shown, "cache");
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_target")));
        let (status, answer) = exchange(&address, &roots, given, "db");
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));

        issuing.system.write("rules.json", &rules("cache"));
        issuing.says("rules for the exchange of tokens are in force");
        assert_eq!(exchange(&address, &roots, &shown, "cache").0, 200);
        assert_eq!(exchange(&address, &roots, &shown, "db").0, 400);
        issuing.system.write("rules.json", "{ \"rules\": ");
        issuing.says("those before stay in force");
        let start = Instant::now();
        while exchange(&address, &roots, &shown, "cache").0 != 200 {
            assert!(start.elapsed() < Duration::from_secs(10));
        }
    });
}

#[test]
fn an_issuer_or_rules_that_cannot_be_used_are_told() {
    let system = System::of(&[
        ("identity/test.yaml", &entries("/web")),
        ("rules.json", "{\"rules\": 1}"),
    ]);
    let cases: [(&[&str], i32, &str); 4] = [
        (&["--issuer", ISSUER], 2, "--web"),
        (
            &["--web", "127.0.0.1:0", "--issuer", "http://id.shop.example"],
            3,
            "https",
        ),
        (
            &[
                "--web",
                "127.0.0.1:0",
                "--issuer",
                ISSUER,
                "--exchange-rules",
                "rules.json",
            ],
            3,
            "cannot read the exchange rules in `rules.json`",
        ),
        (
            &[
                "--web",
                "127.0.0.1:0",
                "--web-cert",
                "rules.json",
                "--web-key",
                "rules.json",
            ],
            3,
            "rules.json",
        ),
    ];
    for (arguments, code, words) in cases {
        let mut all = vec![
            "identity", "serve", "--state", "state", "--socket", "w.sock",
        ];
        all.extend(arguments);
        let run = system.run(&all);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(words), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn strangers_neither_fill_the_evidence_nor_write_lines_of_it() {
    let system = System::of(&[("identity/test.yaml", &entries("/web"))]);
    let roots = certificate(system.path());
    let more = "--socket workload.sock --web 127.0.0.1:0 --web-cert web.crt --web-key web.key \
                --issuer https://id.shop.example --evidence-log evidence.jsonl";
    let more: Vec<&str> = more.split_whitespace().collect();
    let mut issuing = Issuing::serve(system, "state", &more);
    let address = web_address(&issuing.says("issuing for"));
    for number in 0..20 {
        let forged = format!("%0A{number} issued spiffe=1");
        let (status, _) = exchange(&address, &roots, &number.to_string(), &forged);
        assert_eq!(status, 400);
        let (status, _) = exchange(&address, &roots, "x", &format!("a&{forged}"));
        assert_eq!(status, 400);
    }
    let start = Instant::now();
    let mut shown = issuing.ask(&["evidence"]).out;
    while !shown.contains(" exchange") {
        assert!(start.elapsed() < PATIENCE, "{shown}");
        shown = issuing.ask(&["evidence"]).out;
    }
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert_eq!(issuing.end(), 0);
    let log = issuing.system.read("evidence.jsonl");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("\"event\":\"exchange\""), "{log}");
}

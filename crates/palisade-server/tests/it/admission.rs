//! Reviews judged, changed, refused and logged; policies and certificates taken over.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use palisade_document::SourceFile;
use palisade_policy::admission::Gate;
use palisade_policy::{Budget, Bundle, Settings, languages};
use palisade_server::TlsFiles;
use palisade_server::admission::{Overflow, Webhook, serve};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::send;

const OWNER: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: owner
spec:
  validationFailureAction: Enforce
  rules:
    - name: label
      match:
        any:
          - resources: {kinds: [Namespace]}
      validate:
        message: a namespace names its owner
        pattern:
          metadata:
            labels:
              owner: \"?*\"
    - name: tier
      match:
        any:
          - resources: {kinds: [Namespace]}
      mutate:
        patchStrategicMerge:
          metadata:
            labels:
              +(tier): standard
";

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().expect("a lock").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }
}

struct Running {
    address: SocketAddr,
    folder: tempfile::TempDir,
    log: Log,
    certificate: CertificateDer<'static>,
}

fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["webhook.palisade.svc".to_owned()])
        .expect("a certificate");
    // The key goes first: a reader between the two sees a pair that does not fit, as in a rotation.
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).expect("a file");
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).expect("a file");
    made.cert.der().clone()
}

fn gate(path: &Path) -> Result<Gate, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let (language, name) = if text.starts_with("package") {
        ("rego", "slow.rego")
    } else {
        ("kyverno", "owner.yaml")
    };
    let bundle = Bundle {
        name: "owner".to_owned(),
        files: BTreeMap::from([(name.to_owned(), Arc::new(SourceFile::new(name, text)))]),
    };
    let language = languages::find(language).expect("a language");
    let compiled = (language.compile)(&bundle, &Settings::default());
    let compiled = compiled.map_err(|errors| errors[0].message.clone())?;
    Ok(Gate::new(vec![compiled], Vec::new(), Budget::default()))
}

fn stamp(path: &Path) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.bytes()
        .fold(0, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte))
}

async fn start() -> Running {
    let log = Log::default();
    start_with(OWNER, log.clone(), Box::new(log)).await
}

async fn start_with(text: &str, log: Log, decisions: Box<dyn Write + Send>) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("owner.yaml");
    std::fs::write(&policy, text).expect("a file");
    let certificate = certificate(folder.path());
    let (load, watched) = (policy.clone(), policy);
    let webhook = Webhook {
        tls: Some(TlsFiles {
            certificate: folder.path().join("tls.crt"),
            key: folder.path().join("tls.key"),
            client_ca: None,
        }),
        load: Box::new(move || gate(&load)),
        stamp: Box::new(move || stamp(&watched)),
        now_ns: || 1_700_000_000_000_000_000,
        decisions,
        overflow: Overflow::Deny,
        say: |_| {},
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(tokio::spawn(async move {
        serve(listener, webhook, || (), std::future::pending())
            .await
            .expect("it serves");
    }));
    let running = Running {
        address,
        folder,
        log,
        certificate,
    };
    // Once it answers, it has read its policies.
    let ready = send(address, &running.certificate, ("GET", "/readyz"), "").await;
    assert_eq!(ready.expect("an answer").body, "ok");
    running
}

fn review(labels: &Value) -> String {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Namespace"},
            "resource": {"group": "", "version": "v1", "resource": "namespaces"},
            "name": "shop",
            "operation": "CREATE",
            "userInfo": {"username": "deployer", "groups": ["system:authenticated"]},
            "object": {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": "shop", "labels": labels, "annotations": {"token": "s3cret"}},
            },
        },
    })
    .to_string()
}

impl Running {
    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let answer = send(self.address, &self.certificate, ("POST", path), body)
            .await
            .expect("an answer");
        let body = serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body));
        (answer.status, body)
    }
}

#[tokio::test]
async fn a_breach_is_refused_with_its_message_and_logged_without_the_object() {
    let webhook = start().await;
    let (status, body) = webhook
        .post("/validate?timeout=10s", &review(&json!({})))
        .await;
    assert_eq!(status, 200, "{body}");
    let response = &body["response"];
    assert_eq!(response["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["code"], 403);
    let message = response["status"]["message"].as_str().expect("a message");
    assert!(message.contains("a namespace names its owner"), "{message}");

    let owned = review(&json!({"owner": "team-shop"}));
    let (_, body) = webhook.post("/validate", &owned).await;
    assert_eq!(body["response"]["allowed"], true, "{body}");

    let written = eventually(|| async { webhook.log.lines().len() == 2 });
    assert!(written.await, "the decisions are not logged");
    let lines = webhook.log.lines();
    assert_eq!(lines[0]["allowed"], false);
    assert_eq!(lines[0]["user"], "deployer");
    assert_eq!(lines[0]["answers"][0]["policy"], "owner");
    let text = format!("{lines:?}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_mutation_comes_back_as_a_json_patch() {
    use base64::Engine as _;
    let webhook = start().await;
    let owned = review(&json!({"owner": "team-shop"}));
    let (_, body) = webhook.post("/mutate", &owned).await;
    let response = &body["response"];
    assert_eq!(response["allowed"], true, "{body}");
    assert_eq!(response["patchType"], "JSONPatch");
    let patch = response["patch"].as_str().expect("a patch");
    let patch = base64::engine::general_purpose::STANDARD
        .decode(patch)
        .expect("base64");
    let steps: Value = serde_json::from_slice(&patch).expect("JSON");
    assert_eq!(
        steps,
        json!([{"op": "add", "path": "/metadata/labels/tier", "value": "standard"}])
    );
}

#[tokio::test]
async fn what_is_no_review_is_an_error_that_the_api_server_sees() {
    let webhook = start().await;
    for body in ["", "{", "[]", "{\"apiVersion\":\"v1\"}", "\u{1}"] {
        let (status, answer) = webhook.post("/validate", body).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    let large = "x".repeat(9 << 20);
    let (status, _) = webhook.post("/validate", &large).await;
    assert_eq!(status, 413);
    let answer = send(
        webhook.address,
        &webhook.certificate,
        ("GET", "/metrics"),
        "",
    )
    .await;
    let text = answer.expect("an answer").body;
    assert!(
        text.contains(
            "palisade_admission_requests_total{purpose=\"validate\",outcome=\"malformed\"} 5"
        ),
        "{text}"
    );
}

/// Tries until it holds, for as long as a change may take to be seen.
async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) -> bool {
    for _ in 0..60 {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    false
}

#[tokio::test]
async fn changed_policies_and_certificates_are_taken_over_and_broken_ones_are_not() {
    let webhook = start().await;
    let policy = webhook.folder.path().join("owner.yaml");
    let bare = review(&json!({}));
    std::fs::write(
        &policy,
        "kind: ClusterPolicy\napiVersion: kyverno.io/v1\nspec: 7\n",
    )
    .expect("a file");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (_, body) = webhook.post("/validate", &bare).await;
    assert_eq!(
        body["response"]["allowed"], false,
        "a broken policy opens no gate"
    );

    let audited = OWNER.replace("Enforce", "Audit");
    std::fs::write(&policy, audited).expect("a file");
    let taken = eventually(|| async {
        let (_, body) = webhook.post("/validate", &bare).await;
        body["response"]["allowed"] == true && body["response"]["warnings"].is_array()
    });
    assert!(taken.await, "the changed policy is not taken over");

    let renewed = certificate(webhook.folder.path());
    let taken = eventually(|| async {
        let answer = send(webhook.address, &renewed, ("GET", "/healthz"), "").await;
        answer.is_ok_and(|answer| answer.body == "ok")
    });
    assert!(taken.await, "the new certificate is not taken over");
    let old = send(
        webhook.address,
        &webhook.certificate,
        ("GET", "/healthz"),
        "",
    )
    .await;
    assert!(old.is_err(), "the old certificate is still served");
}

/// Takes nothing until it is let go.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Ends when the test drops its side.
        let _gone = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_that_takes_nothing_holds_no_answer_up_and_lets_nothing_in_unseen() {
    let (held, stuck) = std::sync::mpsc::channel();
    let webhook = start_with(OWNER, Log::default(), Box::new(Stuck(stuck))).await;
    let owned = review(&json!({"owner": "team-shop"}));
    let mut refused = None;
    for _ in 0..1100 {
        let (status, body) = webhook.post("/validate", &owned).await;
        assert_eq!(status, 200, "{body}");
        if body["response"]["allowed"] == false {
            refused = Some(body);
            break;
        }
    }
    let refused = refused.expect("the queue is bounded");
    let message = refused["response"]["status"]["message"].as_str();
    assert_eq!(
        message,
        Some("the decision log has no room for this decision")
    );
    let (address, certificate) = (webhook.address, &webhook.certificate);
    let answer = send(address, certificate, ("GET", "/metrics"), "").await;
    let text = answer.expect("an answer").body;
    assert!(
        text.contains("palisade_admission_unlogged_decisions_total 1"),
        "{text}"
    );
    drop(held);
}

const SLOW: &str = "\
package slow

deny contains \"never\" if {
  some x in numbers.range(1, 100000)
  some y in numbers.range(1, 100000)
  x * y == -1
}
";

#[tokio::test]
async fn a_policy_that_never_ends_is_answered_before_the_api_server_gives_up() {
    let log = Log::default();
    let webhook = start_with(SLOW, log.clone(), Box::new(log)).await;
    let review = review(&json!({"owner": "team-shop"}));
    let (status, body) = webhook.post("/validate?timeout=3s", &review).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["response"]["allowed"], false);
    let message = body["response"]["status"]["message"].as_str();
    let message = message.expect("a message");
    assert!(message.contains("slow/deny: not evaluated"), "{message}");
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_refused() {
    let webhook = start().await;
    let asked = review(&json!({"owner": "team-shop"}));
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let deep = asked.replace("\"s3cret\"", &deep);
    let (status, body) = webhook.post("/validate", &deep).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["response"]["allowed"], false, "{body}");
    let uid = &body["response"]["uid"];
    assert_eq!(uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
    for object in [json!("x"), json!([{"kind": "Namespace"}])] {
        let mut body: Value = serde_json::from_str(&asked).expect("JSON");
        body["request"]["object"] = object;
        for path in ["/validate", "/mutate"] {
            let (status, body) = webhook.post(path, &body.to_string()).await;
            assert_eq!((status, &body["response"]["allowed"]), (200, &json!(false)));
        }
    }
}

const TALKATIVE: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata:
  name: password
spec:
  validationFailureAction: Enforce
  rules:
    - name: strong
      match:
        any:
          - resources: {kinds: [Secret]}
      validate:
        message: '{{ request.object.data.password }} is {{ base64_decode(request.object.data.password) }}'
        deny: {}
";

#[tokio::test]
async fn a_message_takes_no_secret_into_the_log() {
    let log = Log::default();
    let webhook = start_with(TALKATIVE, log.clone(), Box::new(log)).await;
    let body = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1",
            "kind": {"group": "", "version": "v1", "kind": "Secret"},
            "operation": "CREATE",
            "object": {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "login"},
                "data": {"password": "aHVudGVyMg=="},
            },
        },
    });
    let (_, body) = webhook.post("/validate", &body.to_string()).await;
    assert_eq!(body["response"]["allowed"], false, "{body}");
    let written = eventually(|| async { webhook.log.lines().len() == 1 });
    assert!(written.await, "the decision is not logged");
    let said = webhook.log.lines()[0].to_string();
    assert!(said.contains("(secret) is (secret)"), "{said}");
    assert!(
        !said.contains("aHVudGVyMg") && !said.contains("hunter2"),
        "{said}"
    );
}

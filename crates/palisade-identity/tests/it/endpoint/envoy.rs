//! Envoy itself takes its certificates over SDS: mutual TLS between two listeners, and a rotation.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::python;
use super::stand::{PATIENCE, Rule, Stand, TestIssuer};

const CLIENT: &str = "spiffe://example.org/client";
const SERVER: &str = "spiffe://example.org/server";

/// Envoy as the server that is first, and as the client that is named.
fn rules() -> Vec<Rule> {
    let uid = nix::unistd::geteuid().to_string();
    vec![
        ("unix.uid", uid.clone(), "/server"),
        ("unix.uid", uid, "/client"),
    ]
}

/// Starts Envoy; it is ended when the child is dropped.
fn start(folder: &Path, identity: &Path, bundle: &str, api: &str) -> Child {
    let config = include_str!("envoy.yaml")
        .replace("api_type: GRPC", &format!("api_type: {api}"))
        .replace("@FOLDER@", folder.to_str().expect("a name"))
        .replace("@IDENTITY@", identity.to_str().expect("a name"))
        .replace("@CLIENT_BUNDLE@", bundle)
        .replace("@CLIENT@", CLIENT)
        .replace("@SERVER@", SERVER);
    let file = folder.join("envoy.yaml");
    std::fs::write(&file, config).expect("writes");
    Command::new(envoy())
        .arg("--config-path")
        .arg(file)
        .args([
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ])
        .kill_on_drop(true)
        .spawn()
        .expect("Envoy starts")
}

/// The program itself; what lies among the scripts only starts it.
fn envoy() -> PathBuf {
    let library = python::programs().join("../lib");
    let mut versions = std::fs::read_dir(library).expect("readable");
    let version = versions.next().expect("a version").expect("readable");
    version.path().join("site-packages/envoy/_bin/envoy")
}

/// One request through both listeners: the answer's head, when there is one.
async fn request(folder: &Path) -> Option<String> {
    let mut socket = UnixStream::connect(folder.join("front.sock")).await.ok()?;
    let request = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    socket.write_all(request).await.ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// Asks until an answer is as wished.
async fn until(folder: &Path, wish: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let last = request(folder).await;
        if let Some(answer) = last.as_deref().filter(|answer| wish(answer)) {
            return answer.to_owned();
        }
        assert!(Instant::now() < end, "not as wished: {last:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

async fn mutual_tls_and_a_rotation(bundle: &str, api: &str) {
    let stand = Stand::with(TestIssuer::new(rules())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let _envoy = start(folder.path(), &stand.socket(), bundle, api);
    let first = until(folder.path(), |answer| answer.starts_with("HTTP/1.1 200")).await;
    assert!(first.ends_with("hello"), "{first}");
    assert_eq!(header(&first, "x-peer"), Some(CLIENT));
    let serial = header(&first, "x-serial").expect("a serial").to_owned();
    stand.issuer.rotate();
    let second = until(folder.path(), |answer| {
        answer.starts_with("HTTP/1.1 200") && header(answer, "x-serial") != Some(&*serial)
    });
    assert_eq!(header(&second.await, "x-peer"), Some(CLIENT));
    assert!(stand.events().is_empty());
}

#[tokio::test]
async fn envoy_validates_by_one_bundle() {
    mutual_tls_and_a_rotation("spiffe://example.org", "GRPC").await;
}

#[tokio::test]
async fn envoy_validates_by_the_bundle_of_each_trust_domain() {
    mutual_tls_and_a_rotation("ALL", "GRPC").await;
}

#[tokio::test]
async fn envoy_takes_changes_one_by_one() {
    mutual_tls_and_a_rotation("spiffe://example.org", "DELTA_GRPC").await;
    mutual_tls_and_a_rotation("ALL", "DELTA_GRPC").await;
}

//! An API server over HTTPS that gives the answers of a real one, as they were recorded.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use palisade_identity::attest::kubernetes::{Access, Api};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(super) const UID: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
pub(super) const CONTAINER: &str =
    "5e0e02cba1f4d9f1f14f4d0f9c8f7f2b6a6d2f7c3e1b0a9988776655443322aa";
const DIGEST: &str = "sha256:2bb2b9c4f8d1a94b8d3a2a1d2b6c4ff0b7a1c1d5e1d1f0a9b8c7d6e5f4a3b2c1";

/// What was asked, in order.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: String,
    pub(super) authorization: String,
    pub(super) body: Value,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, Value>,
    asked: Vec<Asked>,
}

/// A cluster; what it answers is set by the test.
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    pub(super) async fn start() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signs");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.crt"), certificate.pem()).expect("writes");
        std::fs::write(folder.path().join("token"), "first-token\n").expect("writes");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate");
        let tls = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State::default()));
        tokio::spawn(serve(listener, tls, Arc::clone(&state)));
        Self {
            state,
            folder,
            port,
        }
    }

    /// Access to it, as the agent has.
    pub(crate) fn api(&self) -> Api {
        let access = Access {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            authorities: self.folder.path().join("ca.crt"),
            token: self.token(),
        };
        Api::new(access).expect("authorities")
    }

    /// The file of the agent's own token.
    pub(crate) fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// What is answered from now on; `null` is a 404.
    pub(super) fn answer(&self, path: &str, answer: Value) {
        let mut state = self.state.lock().expect("a lock");
        state.answers.insert(path.to_owned(), answer);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("a lock").asked.clone()
    }

    /// The pod `web-0`, which runs, by name and in the list of its node.
    pub(super) fn run(&self, pod: &Value) {
        self.answer("/api/v1/namespaces/shop/pods/web-0", pod.clone());
        let list = json!({ "kind": "PodList", "items": [pod] });
        self.answer("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1", list);
    }

    /// The pod is gone; reviews go on as they were.
    pub(crate) fn remove(&self) {
        self.answer("/api/v1/namespaces/shop/pods/web-0", Value::Null);
        let list = json!({ "kind": "PodList", "items": [] });
        self.answer("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1", list);
    }
}

/// The pod `web-0` as an API server describes it, without what is not read.
pub(super) fn pod() -> Value {
    json!({
        "kind": "Pod",
        "metadata": {
            "namespace": "shop", "name": "web-0", "uid": UID,
            "labels": { "app": "web", "app.kubernetes.io/part-of": "shop" },
            "ownerReferences": [
                { "kind": "StatefulSet", "name": "web", "controller": true, "uid": "0" },
            ],
        },
        "spec": { "nodeName": "node-1", "serviceAccountName": "web" },
        "status": {
            "phase": "Running",
            "containerStatuses": [{
                "name": "server",
                "containerID": format!("containerd://{CONTAINER}"),
                "image": "registry.example/shop/web:1.4",
                "imageID": format!("registry.example/shop/web@{DIGEST}"),
            }],
        },
    })
}

async fn serve(listener: TcpListener, tls: TlsAcceptor, state: Arc<Mutex<State>>) {
    loop {
        let (socket, _) = listener.accept().await.expect("accepts");
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(socket).await else {
                return;
            };
            let service = service_fn(move |request| respond(Arc::clone(&state), request));
            let connection = hyper::server::conn::http1::Builder::new();
            drop(
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn respond(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().to_string();
    let line = format!("{} {path}", request.method());
    let authorization = request.headers().get("authorization");
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let authorization = authorization.unwrap_or_default().to_owned();
    let body = to_bytes(Body::new(request.into_body()), 1 << 20).await;
    let body = serde_json::from_slice(&body.expect("a body")).unwrap_or_default();
    let mut state = state.lock().expect("a lock");
    state.asked.push(Asked {
        line,
        authorization,
        body,
    });
    let answer = state.answers.get(&path).cloned().unwrap_or_default();
    drop(state);
    let status = if answer.is_null() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    let response = Response::builder().status(status);
    Ok(response
        .body(Body::from(answer.to_string()))
        .expect("a response"))
}

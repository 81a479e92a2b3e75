//! An API server that answers as a real one was recorded to: one node with one pod.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// The uid of the pod.
pub(crate) const UID: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
const TOKEN: &str = "token-of-the-account";
const NAMED: &str = "/api/v1/namespaces/shop/pods/web-0";
const LISTED: &str = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1";

/// A cluster of one pod.
pub(crate) struct ApiServer {
    pub(crate) port: u16,
    gone: Arc<AtomicBool>,
}

impl ApiServer {
    /// Starts it; what a pod needs to ask it is in the folder `account`.
    pub(crate) fn start(folder: &Path) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signs");
        let account = folder.join("account");
        std::fs::create_dir_all(&account).expect("a folder");
        std::fs::write(account.join("ca.crt"), certificate.pem()).expect("writes");
        std::fs::write(account.join("token"), format!("{TOKEN}\n")).expect("writes");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let gone = Arc::new(AtomicBool::new(false));
        let is_gone = Arc::clone(&gone);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let tls = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(tls, socket);
                // Whoever goes away has asked nothing.
                drop(answer(&mut stream, is_gone.load(Ordering::SeqCst)));
            }
        });
        Self { port, gone }
    }

    /// The pod is gone from now on.
    pub(crate) fn remove(&self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

fn answer(
    stream: &mut StreamOwned<ServerConnection, std::net::TcpStream>,
    gone: bool,
) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for line in BufReader::new(&mut *stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let asked = lines.first().and_then(|line| line.split(' ').nth(1));
    let bearer = format!("Bearer {TOKEN}");
    let known = lines.iter().any(|line| line.ends_with(&bearer));
    let (status, body) = match asked {
        _ if !known => ("401 Unauthorized", Value::Null),
        Some(LISTED) if gone => ("200 OK", json!({ "kind": "PodList", "items": [] })),
        Some(LISTED) => ("200 OK", json!({ "kind": "PodList", "items": [pod()] })),
        Some(NAMED) if !gone => ("200 OK", pod()),
        _ => ("404 Not Found", Value::Null),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn pod() -> Value {
    json!({
        "kind": "Pod",
        "metadata": {
            "namespace": "shop", "name": "web-0", "uid": UID, "labels": { "app": "web" },
        },
        "spec": { "nodeName": "node-1", "serviceAccountName": "web" },
        "status": { "phase": "Running", "containerStatuses": [] },
    })
}

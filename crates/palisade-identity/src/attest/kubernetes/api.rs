//! A small client of the API server: a few requests, each within bounds.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// Longest time for one request with its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer, in bytes: a list of the pods of one node.
const LARGEST: usize = 32 * 1024 * 1024;
/// The longest token, in bytes.
const LONGEST_TOKEN: u64 = 64 * 1024;
/// The largest file of authorities, in bytes.
const LARGEST_AUTHORITIES: u64 = 1024 * 1024;
/// Where Kubernetes puts what a pod needs to talk to the API server.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where the API server is and how to be let in.
#[derive(Debug, Clone)]
pub struct Access {
    /// The host, as its certificate names it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The authorities of the API server's certificate, in PEM.
    pub authorities: PathBuf,
    /// The own token; the file is read for each request, because Kubernetes renews it.
    pub token: PathBuf,
}

impl Access {
    /// What a pod has: the address comes from the environment, the files from Kubernetes.
    pub fn of_pod(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            authorities: format!("{ACCOUNT}/ca.crt").into(),
            token: format!("{ACCOUNT}/token").into(),
        }
    }
}

/// Why the API server gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A file that access needs does not read.
    #[error("cannot read `{}`, which access to the API server needs", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The authorities are not certificates.
    #[error("`{}` has no certificate of an authority in PEM", .0.display())]
    Authorities(PathBuf),
    /// The server cannot be reached, or is not whom it should be.
    #[error("the API server `{host}` cannot be reached: {reason}")]
    Connection {
        /// Which server.
        host: String,
        /// Why.
        reason: String,
    },
    /// It takes too long.
    #[error("the API server `{0}` did not answer within 10 s")]
    Late(String),
    /// The server refuses.
    #[error("the API server answered `{path}` with status {status}: {}", hint(*status))]
    Status {
        /// What was asked for.
        path: String,
        /// The status code.
        status: u16,
    },
    /// What came does not read.
    #[error("the answer of the API server to `{0}` does not read, or is too large")]
    Body(String),
}

fn hint(status: u16) -> &'static str {
    match status {
        401 => "its own token is not accepted; look whether the agent's service account exists",
        403 => {
            "the agent's service account may not do this; bind it to a role with `create tokenreviews` and `get, list pods`"
        }
        _ => "look at the API server's log",
    }
}

impl ApiError {
    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status: 404, .. })
    }
}

/// The API server of a cluster.
#[derive(Clone)]
pub struct Api {
    access: Access,
    tls: TlsConnector,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("host", &self.access.host)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Prepares access; the server is not asked yet.
    ///
    /// # Errors
    /// The authorities do not read.
    pub fn new(access: Access) -> Result<Self, ApiError> {
        let path = &access.authorities;
        let pem = read(path, LARGEST_AUTHORITIES)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
            roots.add(certificate).ok();
        }
        if roots.is_empty() {
            return Err(ApiError::Authorities(path.clone()));
        }
        let unreachable = |error: rustls::Error| ApiError::Connection {
            host: access.host.clone(),
            reason: error.to_string(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unreachable)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            access,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Reads an object.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.ask(Method::GET, path, None).await
    }

    /// Creates an object, and hands over what the server made of it.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value, ApiError> {
        self.ask(Method::POST, path, Some(object)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let answer = self.exchange(method, path, body);
        let late = || ApiError::Late(self.access.host.clone());
        tokio::time::timeout(TIMEOUT, answer)
            .await
            .map_err(|_| late())?
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let request = self.request(method, path, body)?;
        let host = &self.access.host;
        let name = ServerName::try_from(host.clone()).map_err(|error| self.unreachable(&error))?;
        let tcp = TcpStream::connect((host.as_str(), self.access.port)).await;
        let tcp = tcp.map_err(|error| self.unreachable(&error))?;
        let tls = self.tls.connect(name, tcp).await;
        let tls = tls.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tls))
            .await
            .map_err(|error| self.unreachable(&error))?;
        let answer = async {
            let response = sender.send_request(request).await;
            let response = response.map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            if !matches!(status, StatusCode::OK | StatusCode::CREATED) {
                return Err(ApiError::Status {
                    path: path.to_owned(),
                    status: status.as_u16(),
                });
            }
            let unread = || ApiError::Body(path.to_owned());
            let body = Body::new(response.into_body());
            let bytes = axum::body::to_bytes(body, LARGEST).await;
            let bytes = bytes.map_err(|_| unread())?;
            serde_json::from_slice(&bytes).map_err(|_| unread())
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => match ended {
                // The server closes after its answer, which is then here.
                Ok(()) => answer.await,
                Err(error) => Err(self.unreachable(&error)),
            },
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Body>, ApiError> {
        let token = Zeroizing::new(read(&self.access.token, LONGEST_TOKEN)?);
        let token = std::str::from_utf8(&token).unwrap_or_default().trim();
        let mut bearer = header::HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|error| self.unreachable(&error))?;
        bearer.set_sensitive(true);
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.access.host)
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, reason: &dyn fmt::Display) -> ApiError {
        ApiError::Connection {
            host: self.access.host.clone(),
            reason: reason.to_string(),
        }
    }
}

fn read(path: &PathBuf, most: u64) -> Result<Vec<u8>, ApiError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|source| ApiError::File {
            path: path.clone(),
            source,
        })?;
    Ok(bytes)
}

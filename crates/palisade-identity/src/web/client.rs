//! Reads one document over HTTPS, within bounds.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, OtherError};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::spiffe::LARGEST_BUNDLE;

/// Longest time for one document with everything that belongs to it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most times that a server may send elsewhere.
const MOST_REDIRECTS: usize = 5;
/// The longest address.
const LONGEST_URL: usize = 2048;

/// The address of a bundle: `https`, and nobody's name in it (Federation sections 5.2.1.1 and
/// 5.2.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleUrl {
    uri: Uri,
    host: String,
    port: u16,
}

/// Why a document is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address of a bundle.
    #[error("`{0}` is not the address of a bundle: it is `https://` with a host and no user name")]
    Url(String),
    /// The server is not there, or is not whom it should be.
    #[error("`{host}` cannot be reached: {reason}")]
    Connection {
        /// Which server.
        host: String,
        /// Why.
        reason: String,
    },
    /// It takes too long.
    #[error("`{0}` did not answer within 30 s")]
    Late(String),
    /// The answer is not a document.
    #[error("`{host}` answered with status {status}")]
    Status {
        /// Which server.
        host: String,
        /// The status code.
        status: u16,
    },
    /// Sent from one to another.
    #[error("`{0}` sends elsewhere more than {MOST_REDIRECTS} times")]
    Redirects(String),
    /// The answer is too long.
    #[error("the answer of `{0}` does not read, or has more than 4 MiB")]
    Body(String),
    /// What came is no bundle.
    #[error("what `{host}` serves is not a bundle: {reason}")]
    Bundle {
        /// Which server.
        host: String,
        /// Why.
        reason: crate::spiffe::BundleError,
    },
    /// Older than what is known.
    #[error("`{host}` serves version {served}, which is older than version {known} that is known")]
    Older {
        /// Which server.
        host: String,
        /// The version that was served.
        served: u64,
        /// The version that is known.
        known: u64,
    },
    /// Nothing proves the server.
    #[error("there is no bundle of `{0}` to prove the server by; give one to begin with")]
    NoBundle(crate::TrustDomain),
    /// The system has no authorities.
    #[error("this machine knows no certificate authorities: {0}")]
    NoRoots(String),
}

impl BundleUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// It is not `https`, has no host, or has a user name.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let wrong = || FetchError::Url(text.chars().take(200).collect());
        if text.len() > LONGEST_URL {
            return Err(wrong());
        }
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority.host().to_owned();
        let named = authority.as_str().contains('@');
        if uri.scheme_str() != Some("https") || host.is_empty() || named {
            return Err(wrong());
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str() == host => 443,
            None => return Err(wrong()),
        };
        Ok(Self { uri, host, port })
    }

    /// The host, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where a redirect leads: another address, or another path of the same server.
    fn join(&self, location: &str) -> Result<Self, FetchError> {
        if location.starts_with('/') && !location.starts_with("//") {
            let authority = self
                .uri
                .authority()
                .map_or("", |authority| authority.as_str());
            return Self::parse(&format!("https://{authority}{location}"));
        }
        Self::parse(location)
    }

    fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

impl std::fmt::Display for BundleUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.uri.fmt(f)
    }
}

/// Reads the document at this address; every server on the way is proven by the same rules.
pub(super) async fn get(url: &BundleUrl, tls: &Arc<ClientConfig>) -> Result<Vec<u8>, FetchError> {
    let late = |_| FetchError::Late(url.host.clone());
    tokio::time::timeout(TIMEOUT, follow(url, tls))
        .await
        .map_err(late)?
}

async fn follow(url: &BundleUrl, tls: &Arc<ClientConfig>) -> Result<Vec<u8>, FetchError> {
    let mut at = url.clone();
    for _ in 0..=MOST_REDIRECTS {
        match one(&at, tls).await? {
            Answer::Document(text) => return Ok(text),
            Answer::Elsewhere(location) => at = at.join(&location)?,
        }
    }
    Err(FetchError::Redirects(url.host.clone()))
}

enum Answer {
    Document(Vec<u8>),
    Elsewhere(String),
}

async fn one(url: &BundleUrl, tls: &Arc<ClientConfig>) -> Result<Answer, FetchError> {
    let failed = |reason: &dyn std::fmt::Display| FetchError::Connection {
        host: url.host.clone(),
        reason: reason.to_string(),
    };
    // A host in brackets is an address of IPv6.
    let host = url
        .host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let stream = TcpStream::connect((host.as_str(), url.port)).await;
    let stream = stream.map_err(|error| failed(&error))?;
    let name = ServerName::try_from(host).map_err(|error| failed(&error))?;
    let connector = TlsConnector::from(Arc::clone(tls));
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| failed(&reason(&error)))?;
    let opened = http1::Builder::new()
        .max_buf_size(64 * 1024)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = opened.map_err(|error| failed(&error))?;
    // The connection ends when the answer is read and the sender is gone.
    let driven = tokio::spawn(connection);
    let host = url
        .uri
        .authority()
        .map_or("", |authority| authority.as_str());
    let request = Request::get(url.path())
        .header(header::HOST, host)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "palisade")
        .body(Body::empty())
        .map_err(|error| failed(&error))?;
    let response = sender.send_request(request).await;
    let answer = match response {
        Ok(response) => read(url, response).await,
        Err(error) => Err(failed(&error)),
    };
    driven.abort();
    answer
}

/// The reason of our own verifier where there is one, in its own words.
fn reason(error: &std::io::Error) -> String {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(own)))) => {
            own.to_string()
        }
        _ => error.to_string(),
    }
}

async fn read(
    url: &BundleUrl,
    response: hyper::Response<hyper::body::Incoming>,
) -> Result<Answer, FetchError> {
    let status = response.status();
    if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        if let Some(location) = location {
            return Ok(Answer::Elsewhere(location.to_owned()));
        }
    }
    if !status.is_success() {
        return Err(FetchError::Status {
            host: url.host.clone(),
            status: status.as_u16(),
        });
    }
    let body = axum::body::to_bytes(Body::new(response.into_body()), LARGEST_BUNDLE).await;
    let body = body.map_err(|_| FetchError::Body(url.host.clone()))?;
    Ok(Answer::Document(body.to_vec()))
}

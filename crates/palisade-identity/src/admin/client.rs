//! Asks a running server or agent.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::Value;
use tokio::net::UnixStream;

use super::Told;
use crate::server::WrongEntry;

/// The largest answer.
const LARGEST: usize = 256 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nobody listens.
    #[error(
        "nothing answers on `{}`: start `palisade identity serve`, or name the state folder that it was started with by --state (its socket by --admin-socket)",
        path.display()
    )]
    NobodyThere {
        /// Which socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The other side hung up.
    #[error("`{}` does not answer as palisade does: {reason}", path.display())]
    Broken {
        /// Which socket.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The answer is no.
    #[error("{0}")]
    Refused(String),
    /// The answer is no because of some entries.
    #[error("{said}")]
    Wrong {
        /// The answer.
        said: String,
        /// Which entries, and why.
        entries: Vec<WrongEntry>,
    },
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Does something.
    Post,
    /// Sets.
    Put,
    /// Forgets.
    Delete,
}

/// Asks one question.
///
/// # Errors
/// Nobody listens, or the answer is no.
pub async fn call<Q: Serialize + Sync>(
    socket: &Path,
    verb: Verb,
    what: &str,
    question: &Q,
) -> Result<Value, AdminError> {
    let stream = UnixStream::connect(socket).await;
    let stream = stream.map_err(|source| AdminError::NobodyThere {
        path: socket.to_owned(),
        source,
    })?;
    let broken = |reason: String| AdminError::Broken {
        path: socket.to_owned(),
        reason,
    };
    let asked = tokio::time::timeout(PATIENCE, ask(stream, verb, what, question));
    let (is_done, bytes) = asked
        .await
        .map_err(|_| broken("no answer in a minute".to_owned()))?
        .map_err(|error| broken(error.to_string()))?;
    if is_done {
        return serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()));
    }
    match serde_json::from_slice::<Told>(&bytes) {
        Ok(told) if told.wrong.is_empty() => Err(AdminError::Refused(told.error)),
        Ok(told) => Err(AdminError::Wrong {
            said: told.error,
            entries: told.wrong,
        }),
        Err(_) => Err(broken(
            String::from_utf8_lossy(&bytes).chars().take(200).collect(),
        )),
    }
}

async fn ask<Q: Serialize + Sync>(
    stream: UnixStream,
    verb: Verb,
    what: &str,
    question: &Q,
) -> Result<(bool, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    drop(tokio::spawn(connection));
    let verb = match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Put => "PUT",
        Verb::Delete => "DELETE",
    };
    let request = Request::builder()
        .method(verb)
        .uri(what)
        .header("host", "localhost")
        .body(Body::from(serde_json::to_vec(question)?))?;
    let response = sender.send_request(request).await?;
    let is_done = response.status().is_success();
    let bytes = to_bytes(Body::new(response.into_body()), LARGEST).await?;
    Ok((is_done, bytes))
}

//! Whose token of a service account it is, by the API server's word and the pod's own existence.

use serde_json::{Value, json};

use super::api::{Api, ApiError};
use super::objects::{Pod, PodError};

/// The longest token, in bytes.
const LONGEST: usize = 16 * 1024;
const USER: &str = "system:serviceaccount:";
const POD_NAME: &str = "/status/user/extra/authentication.kubernetes.io~1pod-name/0";
const POD_UID: &str = "/status/user/extra/authentication.kubernetes.io~1pod-uid/0";

/// A service account whose token was accepted, with the pod that holds the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The pod that the token is bound to, which runs.
    pub pod: Pod,
}

/// Why a token proves nobody.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Empty, or too long.
    #[error("a token of a service account has 1 to {LONGEST} bytes")]
    Length,
    /// The API server does not accept it.
    #[error("the API server does not accept the token for the audience `{audience}`: {reason}")]
    Refused {
        /// The audience that was asked for.
        audience: String,
        /// What the server says.
        reason: String,
    },
    /// It is for somebody else.
    #[error("the token is not for the audience `{0}`: project one with this audience")]
    Audience(String),
    /// It is no token of a pod.
    #[error("the token is not bound to a pod: use a projected token of a service account")]
    Unbound,
    /// The pod is not there, or another one.
    #[error(transparent)]
    Pod(#[from] PodError),
    /// The API server gives no answer.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Api {
    /// Whose token it is: accepted for this audience, and bound to a pod that runs.
    ///
    /// # Errors
    /// Tells what the token does not prove.
    pub async fn review(&self, token: &str, audience: &str) -> Result<ServiceAccount, ReviewError> {
        if token.is_empty() || token.len() > LONGEST {
            return Err(ReviewError::Length);
        }
        let review = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": { "token": token, "audiences": [audience] },
        });
        let answer = self
            .create("/apis/authentication.k8s.io/v1/tokenreviews", &review)
            .await?;
        let (namespace, name) = accepted(&answer, audience)?;
        let text = |path| answer.pointer(path).and_then(Value::as_str);
        let (pod, uid) = text(POD_NAME)
            .zip(text(POD_UID))
            .ok_or(ReviewError::Unbound)?;
        // The review goes on accepting the token of a pod that is gone; the pod itself does not.
        let pod = self.pod_with_uid(&namespace, pod, uid).await?;
        if pod.service_account != name {
            return Err(PodError::Different {
                what: format!("runs as `{}`, not as `{name}`", pod.service_account),
                name: pod.name,
            }
            .into());
        }
        Ok(ServiceAccount {
            namespace,
            name,
            pod,
        })
    }
}

fn accepted(answer: &Value, audience: &str) -> Result<(String, String), ReviewError> {
    let status = answer.get("status").unwrap_or(&Value::Null);
    if status.get("authenticated") != Some(&Value::Bool(true)) {
        let reason = status.get("error").and_then(Value::as_str);
        return Err(ReviewError::Refused {
            audience: audience.to_owned(),
            reason: reason
                .unwrap_or("no reason given")
                .chars()
                .take(200)
                .collect(),
        });
    }
    // A server that does not know audiences leaves them out: then nothing says whom it is for.
    let audiences = status.get("audiences").and_then(Value::as_array);
    let mut audiences = audiences.into_iter().flatten();
    if !audiences.any(|found| found.as_str() == Some(audience)) {
        return Err(ReviewError::Audience(audience.to_owned()));
    }
    let user = status.pointer("/user/username").and_then(Value::as_str);
    let account = user.and_then(|user| user.strip_prefix(USER));
    let (namespace, name) = account
        .and_then(|account| account.split_once(':'))
        .ok_or(ReviewError::Unbound)?;
    Ok((namespace.to_owned(), name.to_owned()))
}

//! The secret discovery protocol: subscribe, acknowledge, reject, subscribe to others.

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use super::raw::{self, Rejection, SecretRequest, SecretResponse};
use super::stand::{PATIENCE, Stand, TestIssuer};

const TYPE: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

fn request(names: &[&str]) -> SecretRequest {
    SecretRequest {
        resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        type_url: TYPE.to_owned(),
        ..SecretRequest::default()
    }
}

/// A stream that is open in both directions.
struct Session {
    requests: mpsc::Sender<SecretRequest>,
    responses: Streaming<SecretResponse>,
}

impl Session {
    async fn open(stand: &Stand, first: SecretRequest) -> Self {
        let (requests, receiver) = mpsc::channel(8);
        requests.send(first).await.expect("is open");
        let channel = raw::channel(&stand.socket()).await;
        let responses =
            raw::secrets(&channel, "StreamSecrets", ReceiverStream::new(receiver)).await;
        Self {
            requests,
            responses: responses.expect("answers"),
        }
    }

    async fn next(&mut self) -> SecretResponse {
        let next = timeout(PATIENCE, self.responses.message()).await;
        next.expect("in time")
            .expect("goes on")
            .expect("a response")
    }

    async fn say(&self, request: SecretRequest, about: &SecretResponse) {
        let request = SecretRequest {
            version_info: about.version_info.clone(),
            response_nonce: about.nonce.clone(),
            ..request
        };
        self.requests.send(request).await.expect("is open");
    }
}

#[tokio::test]
async fn an_acknowledgement_waits_for_the_next_change() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let names = [
        "default",
        "ROOTCA",
        "ALL",
        "spiffe://example.org/web",
        "spiffe://example.org",
    ];
    let mut session = Session::open(&stand, request(&names)).await;
    let first = session.next().await;
    assert_eq!(first.names(), names);
    assert_eq!(first.type_url, TYPE);
    session.say(request(&names), &first).await;
    // Nothing is said about the acknowledgement: what comes next is the change.
    stand.issuer.rotate();
    let second = session.next().await;
    assert_ne!(
        (&first.version_info, &first.nonce),
        (&second.version_info, &second.nonce)
    );
    assert_ne!(first.resources, second.resources);
    assert_eq!(second.names(), names);
}

#[tokio::test]
async fn a_rejection_is_not_answered_with_the_same_again() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let mut session = Session::open(&stand, request(&["default"])).await;
    let first = session.next().await;
    let rejection = SecretRequest {
        error_detail: Some(Rejection {
            code: 3,
            message: "not now".to_owned(),
        }),
        ..request(&["default"])
    };
    session.say(rejection, &first).await;
    stand.issuer.rotate();
    let second = session.next().await;
    assert_ne!(first.resources, second.resources);
}

#[tokio::test]
async fn other_names_are_answered_at_once_and_stale_requests_not() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let mut session = Session::open(&stand, request(&["default"])).await;
    let first = session.next().await;
    session.say(request(&["ROOTCA"]), &first).await;
    let second = session.next().await;
    assert_eq!(second.names(), ["ROOTCA"]);
    // About the first response, which is no longer the last one.
    session.say(request(&["ALL"]), &first).await;
    session.say(request(&["default", "ROOTCA"]), &second).await;
    assert_eq!(session.next().await.names(), ["default", "ROOTCA"]);
}

#[tokio::test]
async fn without_names_everything_is_given() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let channel = raw::channel(&stand.socket()).await;
    let all = raw::fetch(&channel, request(&[])).await.expect("answers");
    assert_eq!(
        all.names(),
        ["spiffe://example.org/web", "spiffe://example.org"]
    );
}

#[tokio::test]
async fn what_is_not_the_callers_is_refused() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let channel = raw::channel(&stand.socket()).await;
    let many = vec!["default"; 257];
    let long = format!("spiffe://example.org/{}", "a".repeat(2048));
    let mut other = request(&["default"]);
    other.type_url = "type.googleapis.com/envoy.config.cluster.v3.Cluster".to_owned();
    for (request, code) in [
        (
            request(&["spiffe://example.org/other"]),
            Code::PermissionDenied,
        ),
        (request(&["spiffe://other.example"]), Code::PermissionDenied),
        (request(&["my-secret"]), Code::InvalidArgument),
        (request(&many), Code::InvalidArgument),
        (request(&[&long]), Code::InvalidArgument),
        (other, Code::InvalidArgument),
    ] {
        let status = raw::fetch(&channel, request).await.expect_err("refused");
        assert_eq!(status.code(), code, "{status:?}");
    }
    stand.issuer.rule(Vec::new());
    let nothing = raw::fetch(&channel, request(&["ROOTCA"])).await;
    assert_eq!(nothing.expect_err("refused").code(), Code::PermissionDenied);
}

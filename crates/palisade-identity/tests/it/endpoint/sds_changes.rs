//! The secret discovery protocol, one by one: only what changed is sent.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::raw::{self, ChangesRequest, ChangesResponse, Rejection};
use super::stand::{PATIENCE, Stand, TestIssuer};

const WEB: &str = "spiffe://example.org/web";
const OWN: &str = "spiffe://example.org";

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn subscribe(of: &[&str]) -> ChangesRequest {
    ChangesRequest {
        subscribe: names(of),
        ..ChangesRequest::default()
    }
}

/// A stream that is open in both directions.
struct Session {
    requests: mpsc::Sender<ChangesRequest>,
    responses: Streaming<ChangesResponse>,
}

impl Session {
    async fn open(stand: &Stand, first: ChangesRequest) -> Self {
        let (requests, receiver) = mpsc::channel(8);
        requests.send(first).await.expect("is open");
        let channel = raw::channel(&stand.socket()).await;
        let requested = ReceiverStream::new(receiver);
        let responses = raw::secrets(&channel, "DeltaSecrets", requested).await;
        Self {
            requests,
            responses: responses.expect("answers"),
        }
    }

    async fn message(&mut self) -> Result<Option<ChangesResponse>, Status> {
        timeout(PATIENCE, self.responses.message())
            .await
            .expect("in time")
    }

    async fn next(&mut self) -> ChangesResponse {
        self.message().await.expect("goes on").expect("a response")
    }

    async fn say(&self, request: ChangesRequest) {
        self.requests.send(request).await.expect("is open");
    }
}

/// The names of what is sent, which are those of the secrets in it.
fn sent(response: &ChangesResponse) -> Vec<&str> {
    for one in &response.resources {
        let secret = one.secret.as_ref().expect("a secret");
        let named: raw::Named = prost::Message::decode(&*secret.value).expect("a secret");
        assert_eq!(named.name, one.name);
    }
    let mut names = Vec::new();
    names.extend(response.resources.iter().map(|one| one.name.as_str()));
    names
}

#[tokio::test]
async fn only_what_changed_is_sent_and_an_acknowledgement_waits() {
    let uid = nix::unistd::geteuid().to_string();
    let rule = |path| ("unix.uid", uid.clone(), path);
    let stand = Stand::with(TestIssuer::new(vec![rule("/web")])).await;
    let mut session = Session::open(&stand, subscribe(&["default", "ROOTCA"])).await;
    let first = session.next().await;
    assert_eq!(sent(&first), ["ROOTCA", "default"]);
    let acknowledged = ChangesRequest {
        nonce: first.nonce.clone(),
        ..ChangesRequest::default()
    };
    session.say(acknowledged).await;
    let rejected = ChangesRequest {
        nonce: first.nonce.clone(),
        error_detail: Some(Rejection {
            code: 3,
            message: "not now".to_owned(),
        }),
        ..ChangesRequest::default()
    };
    session.say(rejected).await;
    // Another document under the same authority: the bundle is not sent again.
    stand.issuer.rule(vec![rule("/other"), rule("/web")]);
    let second = session.next().await;
    assert_eq!(sent(&second), ["default"]);
    assert_ne!(second.nonce, first.nonce);
    stand.issuer.rotate();
    assert_eq!(sent(&session.next().await), ["ROOTCA", "default"]);
}

#[tokio::test]
async fn what_is_asked_for_again_is_sent_again_and_what_is_given_up_is_not() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let mut session = Session::open(&stand, subscribe(&[WEB])).await;
    assert_eq!(sent(&session.next().await), [WEB]);
    session.say(subscribe(&[WEB, OWN])).await;
    assert_eq!(sent(&session.next().await), [OWN, WEB]);
    let given_up = ChangesRequest {
        unsubscribe: names(&[WEB]),
        ..ChangesRequest::default()
    };
    session.say(given_up).await;
    session.say(subscribe(&["ALL"])).await;
    assert_eq!(sent(&session.next().await), ["ALL"]);
    stand.issuer.rotate();
    let changed = session.next().await;
    assert_eq!(sent(&changed), ["ALL", OWN]);
    assert!(changed.removed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn a_client_that_comes_back_gets_only_what_it_has_not() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let mut session = Session::open(&stand, subscribe(&["ROOTCA"])).await;
    let known = session.next().await.resources.remove(0);
    let back = |subscribed: &[&str]| ChangesRequest {
        versions: BTreeMap::from([
            (known.name.clone(), known.version.clone()),
            ("spiffe://example.org/gone".to_owned(), "1".to_owned()),
        ]),
        ..subscribe(subscribed)
    };
    let mut session = Session::open(&stand, back(&["ROOTCA", "default"])).await;
    let first = session.next().await;
    assert_eq!(sent(&first), ["default"]);
    assert_eq!(first.removed, ["spiffe://example.org/gone"]);
}

#[tokio::test]
async fn without_names_everything_is_given_and_taken() {
    let uid = nix::unistd::geteuid().to_string();
    let rule = |path| ("unix.uid", uid.clone(), path);
    let issuer = TestIssuer::new(vec![rule("/web"), rule("/api")]);
    let stand = Stand::with(issuer).await;
    for first in [subscribe(&[]), subscribe(&["*"])] {
        stand.issuer.rule(vec![rule("/web"), rule("/api")]);
        let mut session = Session::open(&stand, first).await;
        let api = "spiffe://example.org/api";
        assert_eq!(sent(&session.next().await), [OWN, api, WEB]);
        stand.issuer.rule(vec![rule("/web")]);
        let changed = loop {
            let changed = session.next().await;
            if !changed.removed.is_empty() {
                break changed;
            }
        };
        assert_eq!(changed.removed, [api]);
    }
    // Nothing is left: the stream ends as the other one does.
    let mut session = Session::open(&stand, subscribe(&[WEB])).await;
    session.next().await;
    stand.issuer.rule(Vec::new());
    let ended = session.message().await.expect_err("refused");
    assert_eq!(ended.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn what_is_not_the_callers_is_refused() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let other_type = ChangesRequest {
        type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster".to_owned(),
        ..subscribe(&["default"])
    };
    let many: Vec<String> = (0..257).map(|number| format!("{OWN}/{number}")).collect();
    let versions = many.iter().map(|name| (name.clone(), String::new()));
    let many_versions = ChangesRequest {
        versions: versions.collect(),
        ..subscribe(&["default"])
    };
    let many_names = ChangesRequest {
        subscribe: many.clone(),
        ..ChangesRequest::default()
    };
    for (request, code) in [
        (
            subscribe(&["spiffe://example.org/other"]),
            Code::PermissionDenied,
        ),
        (subscribe(&["my-secret"]), Code::InvalidArgument),
        (many_names, Code::InvalidArgument),
        (many_versions, Code::InvalidArgument),
        (other_type, Code::InvalidArgument),
    ] {
        let mut session = Session::open(&stand, request).await;
        let status = session.message().await.expect_err("refused");
        assert_eq!(status.code(), code, "{status:?}");
    }
}

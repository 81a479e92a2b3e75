//! The Broker API, by the client of the crate `spiffe`: another process gets the documents of a
//! workload that it refers to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use palisade_identity::attest::kubernetes::Node;
use palisade_identity::endpoint::{BrokerAccess, BrokerListener, Endpoint, Settings, bind};
use palisade_identity::{Attributes, Holdings, Issuer as _, SystemClock};
use prost::Message as _;
use spiffe::broker_api::SecurityHeader;
use spiffe::broker_api::pb::spiffe::broker::api_client::ApiClient;
use spiffe::broker_api::pb::spiffe::broker::{
    FetchJwtsvidRequest, KubernetesObjectKey, KubernetesObjectReference, KubernetesObjectType,
    SubscribeToX509BundlesRequest, SubscribeToX509svidRequest, WorkloadPidReference,
    WorkloadReference,
};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Uri};
use tonic::{Code, Status};

use super::attacks::{digest_of, trusted};
use super::cluster::{Cluster, UID, pod};
use super::spiffe_tls::connector;
use super::stand::{PATIENCE, TestIssuer};

const ENDPOINT: &str = "spiffe://example.org/agent";

type Client = ApiClient<InterceptedService<Channel, SecurityHeader>>;

/// A broker endpoint on a socket.
struct Place {
    issuer: Arc<TestIssuer>,
    folder: tempfile::TempDir,
}

async fn holdings(issuer: &TestIssuer, role: &str) -> watch::Receiver<Arc<Holdings>> {
    let mut attributes = Attributes::default();
    attributes.add("test.role", role).expect("fits");
    issuer.holdings(&attributes).await.expect("documents")
}

async fn access(issuer: &TestIssuer) -> BrokerAccess {
    let gateway = "spiffe://example.org/gateway".parse().expect("an id");
    BrokerAccess {
        own: Arc::new(holdings(issuer, "endpoint").await),
        brokers: BTreeSet::from([gateway]),
    }
}

fn issuer() -> Arc<TestIssuer> {
    TestIssuer::new(vec![
        ("test.role", "endpoint".to_owned(), "/agent"),
        ("test.role", "gateway".to_owned(), "/gateway"),
        ("test.role", "web".to_owned(), "/web"),
        ("unix.sha256", digest_of(&trusted()), "/sleeper"),
        ("k8s.pod-name", "web-0".to_owned(), "/pod"),
    ])
}

fn endpoint(issuer: &Arc<TestIssuer>) -> Endpoint {
    let settings = Settings {
        jitter: Duration::ZERO,
        ..Settings::default()
    };
    Endpoint::new(
        Arc::<TestIssuer>::clone(issuer),
        Arc::new(SystemClock),
        settings,
    )
}

impl Place {
    async fn serve(with: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        let issuer = issuer();
        let folder = tempfile::tempdir().expect("a folder");
        let listener = bind(&folder.path().join("broker.sock"))
            .await
            .expect("binds");
        let access = access(&issuer).await;
        let endpoint = with(endpoint(&issuer));
        let listener = BrokerListener::Unix(listener);
        tokio::spawn(endpoint.serve_brokers(listener, access, std::future::pending()));
        Self { issuer, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("broker.sock")
    }

    /// A channel whose client shows the documents of this role.
    async fn channel(&self, role: &str) -> Result<Channel, tonic::transport::Error> {
        let own = holdings(&self.issuer, role).await;
        let tls = connector(&own.borrow(), ENDPOINT);
        let socket = self.socket();
        let connect = move |_: Uri| {
            let (tls, socket) = (tls.clone(), socket.clone());
            async move {
                let stream = UnixStream::connect(socket).await?;
                let name = "agent".try_into().expect("a name");
                Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, stream).await?))
            }
        };
        tonic::transport::Endpoint::from_static("http://agent")
            .connect_with_connector(tower::service_fn(connect))
            .await
    }

    async fn client(&self, role: &str) -> Client {
        let channel = self.channel(role).await.expect("connects");
        ApiClient::with_interceptor(channel, SecurityHeader::new())
    }
}

/// A workload that knows nothing of identities.
struct Workload(Child);

impl Workload {
    fn start() -> Self {
        let child = Command::new(trusted()).arg("600").spawn().expect("starts");
        let workload = Self(child);
        // The child is this test's program until it has executed its own.
        let exe = PathBuf::from(format!("/proc/{}/exe", workload.0.id()));
        while std::fs::read_link(&exe).ok().as_deref() != Some(Path::new(&trusted())) {
            std::thread::yield_now();
        }
        workload
    }

    fn reference(&self) -> WorkloadReference {
        let pid = i32::try_from(self.0.id()).expect("fits");
        WorkloadReference::from(WorkloadPidReference { pid })
    }

    fn end(&mut self) {
        self.0.kill().expect("ends");
        self.0.wait().expect("ends");
    }
}

impl Drop for Workload {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn svids(reference: WorkloadReference) -> SubscribeToX509svidRequest {
    SubscribeToX509svidRequest {
        reference: Some(reference),
    }
}

/// The reason that the standard names.
fn reason(status: &Status) -> String {
    let details = spiffe_details::Details::decode(status.details()).expect("details");
    let info = spiffe_details::Info::decode(&*details.details[0].value).expect("info");
    assert_eq!(info.domain, "spiffe.io");
    info.reason
}

/// The error model of Google's APIs, as far as it is looked at.
mod spiffe_details {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Details {
        #[prost(message, repeated, tag = "3")]
        pub(super) details: Vec<prost_types::Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Info {
        #[prost(string, tag = "1")]
        pub(super) reason: String,
        #[prost(string, tag = "2")]
        pub(super) domain: String,
    }
}

#[tokio::test]
async fn a_broker_gets_the_documents_of_a_process() {
    let place = Place::serve(|endpoint| endpoint).await;
    let mut client = place.client("gateway").await;
    let mut workload = Workload::start();
    let answer = client
        .subscribe_to_x509svid(svids(workload.reference()))
        .await;
    let mut stream = answer.expect("answers").into_inner();
    let first = stream.message().await.expect("goes on").expect("documents");
    assert_eq!(first.svids[0].spiffe_id, "spiffe://example.org/sleeper");
    place.issuer.rotate();
    let next = timeout(PATIENCE, stream.message()).await.expect("in time");
    let second = next.expect("goes on").expect("documents");
    assert_ne!(first.svids[0].x509_svid, second.svids[0].x509_svid);

    let tokens = client.fetch_jwtsvid(FetchJwtsvidRequest {
        reference: Some(workload.reference()),
        audience: vec!["shop".to_owned()],
        spiffe_id: String::new(),
    });
    let tokens = tokens.await.expect("answers").into_inner();
    assert_eq!(tokens.svids[0].spiffe_id, "spiffe://example.org/sleeper");
    let bundles = client.subscribe_to_x509_bundles(SubscribeToX509BundlesRequest {
        reference: Some(workload.reference()),
    });
    let mut bundles = bundles.await.expect("answers").into_inner();
    let bundles = bundles.message().await.expect("goes on").expect("bundles");
    assert_eq!(bundles.bundles["spiffe://example.org"], place.issuer.root());

    workload.end();
    let last = timeout(PATIENCE, stream.message()).await.expect("in time");
    let status = last.expect_err("the process has ended");
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status), "WORKLOAD_NOT_FOUND");
}

#[tokio::test]
async fn references_that_mean_nothing_are_refused_by_the_standards_codes() {
    let place = Place::serve(|endpoint| endpoint).await;
    let mut client = place.client("gateway").await;
    let mut gone = Workload::start();
    gone.end();
    let unknown = WorkloadReference {
        reference: Some(prost_types::Any {
            type_url: "type.googleapis.com/example.Thing".to_owned(),
            value: Vec::new(),
        }),
    };
    let itself = WorkloadPidReference {
        pid: i32::try_from(std::process::id()).expect("fits"),
    };
    for (reference, code, why) in [
        (
            WorkloadReference::default(),
            Code::InvalidArgument,
            "WORKLOAD_REFERENCE_INVALID",
        ),
        (unknown, Code::InvalidArgument, "WORKLOAD_REFERENCE_INVALID"),
        (
            WorkloadPidReference { pid: 0 }.into(),
            Code::InvalidArgument,
            "WORKLOAD_REFERENCE_INVALID",
        ),
        (
            WorkloadPidReference { pid: -7 }.into(),
            Code::InvalidArgument,
            "WORKLOAD_REFERENCE_INVALID",
        ),
        (gone.reference(), Code::NotFound, "WORKLOAD_NOT_FOUND"),
        (
            itself.into(),
            Code::PermissionDenied,
            "WORKLOAD_NOT_ENTITLED",
        ),
    ] {
        let status = client.subscribe_to_x509svid(svids(reference)).await;
        let status = status.expect_err("refused");
        assert_eq!(
            (status.code(), &*reason(&status)),
            (code, why),
            "{status:?}"
        );
    }
}

#[tokio::test]
async fn only_brokers_are_served() {
    let place = Place::serve(|endpoint| endpoint).await;
    let workload = Workload::start();
    let mut client = place.client("web").await;
    let answer = client
        .subscribe_to_x509svid(svids(workload.reference()))
        .await;
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(
        status
            .message()
            .contains("`spiffe://example.org/web` is no broker")
    );

    let mut bare = ApiClient::new(place.channel("gateway").await.expect("connects"));
    let answer = bare
        .subscribe_to_x509svid(svids(workload.reference()))
        .await;
    let status = answer.expect_err("the metadata is missing");
    assert_eq!(status.code(), Code::InvalidArgument);

    // A document of another authority proves nobody.
    let other = Place::serve(|endpoint| endpoint).await;
    let own = holdings(&other.issuer, "gateway").await;
    let tls = connector(&own.borrow(), ENDPOINT);
    let stream = UnixStream::connect(place.socket()).await.expect("connects");
    let name = "agent".try_into().expect("a name");
    assert!(
        tls.connect(name, stream).await.is_err(),
        "each side proves the other"
    );
}

#[tokio::test]
async fn silent_connections_keep_no_broker_out() {
    let place = Place::serve(|endpoint| endpoint).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(UnixStream::connect(place.socket()).await.expect("connects"));
    }
    let mut client = place.client("gateway").await;
    let workload = Workload::start();
    let answer = client
        .subscribe_to_x509svid(svids(workload.reference()))
        .await;
    let first = answer.expect("answers").into_inner().message().await;
    assert!(first.expect("goes on").is_some());
}

#[tokio::test]
async fn process_ids_mean_nothing_over_the_network() {
    let issuer = issuer();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    let access = access(&issuer).await;
    let serves = endpoint(&issuer);
    let listener = BrokerListener::Tcp(listener);
    tokio::spawn(serves.serve_brokers(listener, access, std::future::pending()));
    let own = holdings(&issuer, "gateway").await;
    let tls = connector(&own.borrow(), ENDPOINT);
    let connect = move |_: Uri| {
        let tls = tls.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = "agent".try_into().expect("a name");
            Ok::<_, std::io::Error>(TokioIo::new(tls.connect(name, stream).await?))
        }
    };
    let channel = tonic::transport::Endpoint::from_static("http://agent")
        .connect_with_connector(tower::service_fn(connect))
        .await
        .expect("connects");
    let mut client = ApiClient::with_interceptor(channel, SecurityHeader::new());
    let workload = Workload::start();
    let answer = client
        .subscribe_to_x509svid(svids(workload.reference()))
        .await;
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("only on its own machine"),
        "{status:?}"
    );
}

fn pod_reference(name: Option<&str>, uid: &str) -> WorkloadReference {
    KubernetesObjectReference {
        r#type: Some(KubernetesObjectType {
            plural: "pods".to_owned(),
            group: "core".to_owned(),
        }),
        key: name.map(|name| KubernetesObjectKey {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        }),
        uid: uid.to_owned(),
    }
    .into()
}

#[tokio::test]
async fn a_broker_refers_to_a_pod_by_name_and_uid() {
    let cluster = Cluster::start().await;
    cluster.run(&pod());
    let node = Arc::new(Node::new(cluster.api(), "node-1".to_owned()));
    let place = Place::serve(|endpoint| endpoint.with_node(node)).await;
    let mut client = place.client("gateway").await;
    for reference in [
        pod_reference(Some("web-0"), ""),
        pod_reference(None, UID),
        pod_reference(Some("web-0"), UID),
    ] {
        let answer = client.subscribe_to_x509svid(svids(reference)).await;
        let mut stream = answer.expect("answers").into_inner();
        let first = stream.message().await.expect("goes on").expect("documents");
        assert_eq!(first.svids[0].spiffe_id, "spiffe://example.org/pod");
    }
    let other = client
        .subscribe_to_x509svid(svids(pod_reference(Some("web-0"), "another")))
        .await;
    assert_eq!(
        reason(&other.expect_err("another pod")),
        "WORKLOAD_NOT_FOUND"
    );
    let nothing = client
        .subscribe_to_x509svid(svids(pod_reference(None, "")))
        .await;
    assert_eq!(
        reason(&nothing.expect_err("no pod")),
        "WORKLOAD_REFERENCE_INVALID"
    );

    let answer = client
        .subscribe_to_x509svid(svids(pod_reference(None, UID)))
        .await;
    let mut stream = answer.expect("answers").into_inner();
    stream.message().await.expect("goes on").expect("documents");
    cluster.remove();
    place.issuer.rotate();
    let last = timeout(PATIENCE, stream.message()).await.expect("in time");
    assert_eq!(last.expect_err("the pod is gone").code(), Code::NotFound);
}

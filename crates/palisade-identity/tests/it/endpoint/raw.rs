//! Calls without any client's habits: whatever message, whatever metadata.

use std::collections::BTreeMap;
use std::path::Path;

use hyper_util::rt::TokioIo;
use prost::Message;
use prost_types::Any;
use tokio::net::UnixStream;
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// The part of a discovery request that matters.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SecretRequest {
    #[prost(string, tag = "1")]
    pub(super) version_info: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) resource_names: Vec<String>,
    #[prost(string, tag = "4")]
    pub(super) type_url: String,
    #[prost(string, tag = "5")]
    pub(super) response_nonce: String,
    #[prost(message, optional, tag = "6")]
    pub(super) error_detail: Option<Rejection>,
}

/// Why a response is rejected.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Rejection {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SecretResponse {
    #[prost(string, tag = "1")]
    pub(super) version_info: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) resources: Vec<Any>,
    #[prost(string, tag = "4")]
    pub(super) type_url: String,
    #[prost(string, tag = "5")]
    pub(super) nonce: String,
}

/// The part of a request for changes that matters.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ChangesRequest {
    #[prost(string, tag = "2")]
    pub(super) type_url: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) subscribe: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub(super) unsubscribe: Vec<String>,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) versions: BTreeMap<String, String>,
    #[prost(string, tag = "6")]
    pub(super) nonce: String,
    #[prost(message, optional, tag = "7")]
    pub(super) error_detail: Option<Rejection>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ChangesResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) resources: Vec<Resource>,
    #[prost(string, tag = "5")]
    pub(super) nonce: String,
    #[prost(string, repeated, tag = "6")]
    pub(super) removed: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Resource {
    #[prost(string, tag = "1")]
    pub(super) version: String,
    #[prost(message, optional, tag = "2")]
    pub(super) secret: Option<Any>,
    #[prost(string, tag = "3")]
    pub(super) name: String,
}

/// A message that is not looked into.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Closed {
    /// A field that no message has.
    #[prost(bytes = "vec", tag = "536870911")]
    nothing: Vec<u8>,
}

/// The name of a secret.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Named {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

impl SecretResponse {
    /// The names of all secrets in it.
    pub(super) fn names(&self) -> Vec<String> {
        let named = |any: &Any| Named::decode(&*any.value).expect("a secret").name;
        self.resources.iter().map(named).collect()
    }
}

/// A connection of its own.
pub(super) async fn channel(socket: &Path) -> Channel {
    let socket = socket.to_owned();
    let connect = move |_: Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    };
    Endpoint::from_static("http://localhost")
        .connect_with_connector(tower::service_fn(connect))
        .await
        .expect("connects")
}

/// Asks for X.509 documents, with this value of the metadata that clients must send.
pub(super) async fn svids(
    channel: &Channel,
    metadata: &[&'static str],
) -> Result<Streaming<Closed>, Status> {
    let mut request = Request::new(());
    for value in metadata {
        let value = value.parse().expect("ascii");
        request.metadata_mut().append("workload.spiffe.io", value);
    }
    let path = "/SpiffeWorkloadAPI/FetchX509SVID".parse().expect("a path");
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("is open");
    let codec: ProstCodec<(), Closed> = ProstCodec::default();
    let answer = client.server_streaming(request, path, codec).await?;
    Ok(answer.into_inner())
}

/// Opens a stream of secrets: `StreamSecrets` or `DeltaSecrets`.
pub(super) async fn secrets<Q, A>(
    channel: &Channel,
    method: &str,
    requests: impl Stream<Item = Q> + Send + 'static,
) -> Result<Streaming<A>, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    let path = format!("/envoy.service.secret.v3.SecretDiscoveryService/{method}");
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("is open");
    let codec: ProstCodec<Q, A> = ProstCodec::default();
    let answer = client.streaming(Request::new(requests), path.parse().expect("a path"), codec);
    Ok(answer.await?.into_inner())
}

/// Asks for secrets once.
pub(super) async fn fetch(
    channel: &Channel,
    request: SecretRequest,
) -> Result<SecretResponse, Status> {
    let path = "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets";
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("is open");
    let codec: ProstCodec<SecretRequest, SecretResponse> = ProstCodec::default();
    let answer = client.unary(Request::new(request), path.parse().expect("a path"), codec);
    Ok(answer.await?.into_inner())
}

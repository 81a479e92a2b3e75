//! The services of the workload endpoint, and what holds for every call.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tonic_reflection::pb::v1::server_reflection_server as v1;
use tonic_reflection::pb::v1alpha::server_reflection_server as v1alpha;
use tonic_reflection::server::Builder;

use super::limits;
use super::peer::Peer;
use super::proto::envoy::service::secret::v3::secret_discovery_service_server::{
    SERVICE_NAME as SECRETS, SecretDiscoveryServiceServer,
};
use super::proto::spiffe_workload_api_server::{SERVICE_NAME as WORKLOAD, SpiffeWorkloadApiServer};
use super::sds::Secrets;
use super::subject::Later;
use super::workload_api::WorkloadApi;

/// The largest request message, in bytes: a token to validate is the longest thing that is sent.
pub(crate) const LARGEST_REQUEST: usize = 64 * 1024;
/// Descriptions of all services, for reflection.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
const HEALTH: &str = "grpc.health.v1.Health";

/// Services that are the same for every caller.
#[derive(Clone)]
pub(crate) struct Common {
    health: HealthServer<HealthService>,
    reflection: Option<[Handler; 2]>,
}

type Handler = Arc<dyn Fn(Request<Incoming>) -> Later<'static, Response<Body>> + Send + Sync>;

impl Common {
    /// Health as it is reported, and a description of these services.
    pub(crate) fn new(reporter: HealthReporter, services: &[&str]) -> Self {
        let health = HealthService::from_health_reporter(reporter);
        Self {
            health: HealthServer::new(health).max_decoding_message_size(LARGEST_REQUEST),
            reflection: reflection(services),
        }
    }

    /// Answers a call of one of these services.
    pub(crate) async fn call(&mut self, request: Request<Incoming>) -> Response<Body> {
        match (service_of(&request), &self.reflection) {
            (HEALTH, _) => infallible(self.health.call(request).await),
            (v1::SERVICE_NAME, Some([current, _])) => current(request).await,
            (v1alpha::SERVICE_NAME, Some([_, older])) => older(request).await,
            _ => Status::unimplemented("this endpoint has no such service").into_http(),
        }
    }
}

/// Both versions of reflection, because clients in use still ask for the older one.
fn reflection(services: &[&str]) -> Option<[Handler; 2]> {
    let builder = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name(HEALTH)
            .with_service_name(v1::SERVICE_NAME)
            .with_service_name(v1alpha::SERVICE_NAME);
        let name = |builder: Builder<'static>, name: &&str| builder.with_service_name(*name);
        services.iter().fold(builder, name)
    };
    let (current, older) = (builder().build_v1().ok()?, builder().build_v1alpha().ok()?);
    Some([handler(current), handler(older)])
}

fn handler<S>(service: S) -> Handler
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
{
    Arc::new(move |request| {
        let mut service = service.clone();
        Box::pin(async move { infallible(service.call(request).await) })
    })
}

/// The services of one connection.
#[derive(Clone)]
pub(crate) struct Services {
    account: Arc<limits::Connection>,
    workload: SpiffeWorkloadApiServer<WorkloadApi>,
    secrets: SecretDiscoveryServiceServer<Secrets>,
    common: Common,
}

/// What the workload endpoint serves.
pub(crate) const WORKLOAD_SERVICES: [&str; 2] = [WORKLOAD, SECRETS];

impl Services {
    pub(crate) fn new(peer: &Arc<Peer>, common: Common) -> Self {
        let (workload, secrets) = (Arc::clone(peer), Arc::clone(peer));
        Self {
            account: Arc::clone(peer.account()),
            workload: SpiffeWorkloadApiServer::new(WorkloadApi { peer: workload })
                .max_decoding_message_size(LARGEST_REQUEST),
            secrets: SecretDiscoveryServiceServer::new(Secrets { peer: secrets })
                .max_decoding_message_size(LARGEST_REQUEST),
            common,
        }
    }

    pub(crate) async fn call(
        mut self,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let counted = match self.account.stream() {
            Ok(counted) => counted,
            Err(status) => return Ok(status.into_http()),
        };
        let response = match service_of(&request) {
            WORKLOAD => match admitted(&request, "workload.spiffe.io") {
                Ok(()) => infallible(self.workload.call(request).await),
                Err(status) => status.into_http(),
            },
            SECRETS => infallible(self.secrets.call(request).await),
            _ => self.common.call(request).await,
        };
        Ok(response.map(|body| Body::new(Counted { body, counted })))
    }
}

/// A request that was forged through somebody else's client lacks the key (Workload Endpoint and
/// Broker Endpoint, section 3).
pub(crate) fn admitted<B>(request: &Request<B>, key: &'static str) -> Result<(), Status> {
    let mut values = request.headers().get_all(key).iter();
    if values.next().is_some_and(|value| value == "true") && values.next().is_none() {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "the metadata `{key}: true` is missing: use a SPIFFE client, or send it with every call"
    )))
}

/// The service that a path names: `/service/call`.
pub(crate) fn service_of<B>(request: &Request<B>) -> &str {
    let path = request.uri().path();
    let inner = path.strip_prefix('/').unwrap_or(path);
    inner.split_once('/').map_or("", |(service, _)| service)
}

pub(crate) fn infallible<T>(answer: Result<T, Infallible>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// A body whose stream is counted until it ends.
pub(crate) struct Counted<C> {
    pub(crate) body: Body,
    #[expect(dead_code, reason = "it is held to be dropped")]
    pub(crate) counted: C,
}

impl<C: Unpin> http_body::Body for Counted<C> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! The SPIFFE Broker API: both profiles.
//!
//! Source: SPIFFE Broker API standard, sections 3 to 6.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tonic::{Request, Response, Status};

use super::Origin;
use super::details::explained;
use super::reference::resolve;
use crate::endpoint::answers;
use crate::endpoint::proto::spiffe::broker::api_server::Api as BrokerApi;
use crate::endpoint::proto::spiffe::broker::{
    FetchJwtsvidRequest, SubscribeToJwtBundlesRequest, SubscribeToX509BundlesRequest,
    SubscribeToX509svidRequest, WorkloadReference,
};
use crate::endpoint::proto::{
    JwtBundlesResponse, JwtsvidResponse, X509BundlesResponse, X509svidResponse,
};
use crate::endpoint::pushes::{self, Answers, Form};
use crate::endpoint::server::Shared;
use crate::endpoint::subject::{Later, Subject};
use crate::endpoint::workload_api::wanted;
use crate::{Attributes, Refusal, SpiffeId};

/// The service; one value serves one broker.
pub(super) struct Api {
    shared: Arc<Shared>,
    origin: Origin,
    /// Who asks.
    broker: SpiffeId,
}

/// A workload that a broker asks for: entries and evidence see who asked.
struct OnBehalf {
    workload: Arc<dyn Subject>,
    broker: SpiffeId,
}

impl Subject for OnBehalf {
    fn attest(&self) -> Later<'_, Result<Attributes, Status>> {
        Box::pin(async {
            let mut seen = self.workload.attest().await?;
            let added = seen.add("broker.id", self.broker.as_str());
            added.map_err(|error| Status::permission_denied(error.to_string()))?;
            Ok(seen)
        })
    }

    fn ended(&self) -> Later<'_, ()> {
        self.workload.ended()
    }
}

impl Api {
    pub(super) fn new(shared: Arc<Shared>, origin: Origin, broker: SpiffeId) -> Self {
        Self {
            shared,
            origin,
            broker,
        }
    }

    async fn workload(
        &self,
        reference: Option<WorkloadReference>,
    ) -> Result<Arc<dyn Subject>, Status> {
        let workload = resolve(&self.shared, self.origin, reference).await?;
        Ok(Arc::new(OnBehalf {
            workload,
            broker: self.broker.clone(),
        }))
    }

    async fn stream<M: Send + 'static>(
        &self,
        reference: Option<WorkloadReference>,
        form: Form<M>,
    ) -> Result<Response<Answers<M>>, Status> {
        let begun = async {
            let subject = self.workload(reference).await?;
            let jitter = self.shared.settings.jitter;
            pushes::begin(subject, &*self.shared.issuer, form, jitter).await
        };
        let answers = begun.await.map_err(explained)?;
        let answers = answers.map(|answer| answer.map_err(explained));
        Ok(Response::new(Box::pin(answers)))
    }
}

#[tonic::async_trait]
impl BrokerApi for Api {
    type SubscribeToX509SVIDStream = Answers<X509svidResponse>;
    type SubscribeToX509BundlesStream = Answers<X509BundlesResponse>;
    type SubscribeToJWTBundlesStream = Answers<JwtBundlesResponse>;

    async fn subscribe_to_x509svid(
        &self,
        request: Request<SubscribeToX509svidRequest>,
    ) -> Result<Response<Self::SubscribeToX509SVIDStream>, Status> {
        let reference = request.into_inner().reference;
        self.stream(reference, answers::x509_svids).await
    }

    async fn subscribe_to_x509_bundles(
        &self,
        request: Request<SubscribeToX509BundlesRequest>,
    ) -> Result<Response<Self::SubscribeToX509BundlesStream>, Status> {
        let reference = request.into_inner().reference;
        self.stream(reference, answers::x509_bundles).await
    }

    async fn fetch_jwtsvid(
        &self,
        request: Request<FetchJwtsvidRequest>,
    ) -> Result<Response<JwtsvidResponse>, Status> {
        let FetchJwtsvidRequest {
            reference,
            audience,
            spiffe_id,
        } = request.into_inner();
        let id = wanted(&audience, &spiffe_id)?;
        let tokens = async {
            let subject = self.workload(reference).await?;
            let attested = subject.attest().await?;
            let issuer = &self.shared.issuer;
            let tokens = issuer.tokens(&attested, &audience, id.as_ref()).await;
            let tokens = tokens.map_err(|refusal| answers::status(&refusal))?;
            if tokens.is_empty() {
                return Err(answers::status(&Refusal::NoIdentity));
            }
            Ok(answers::jwt_svids(&tokens))
        };
        tokens.await.map(Response::new).map_err(explained)
    }

    async fn subscribe_to_jwt_bundles(
        &self,
        request: Request<SubscribeToJwtBundlesRequest>,
    ) -> Result<Response<Self::SubscribeToJWTBundlesStream>, Status> {
        let reference = request.into_inner().reference;
        self.stream(reference, answers::jwt_bundles).await
    }
}

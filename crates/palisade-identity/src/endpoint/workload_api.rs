//! The SPIFFE Workload API: X.509-SVID and JWT-SVID profiles.
//!
//! Source: SPIFFE Workload API standard, sections 4 to 6; Workload Endpoint, sections 3 and 6.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::answers;
use super::peer::Peer;
use super::proto::spiffe_workload_api_server::SpiffeWorkloadApi;
use super::proto::{
    JwtBundlesRequest, JwtBundlesResponse, JwtsvidRequest, JwtsvidResponse, ValidateJwtsvidRequest,
    ValidateJwtsvidResponse, X509BundlesRequest, X509BundlesResponse, X509svidRequest,
    X509svidResponse,
};
use super::pushes::{self, Answers, Form};
use super::subject::Subject;
use crate::spiffe::{LONGEST_AUDIENCE, MOST_AUDIENCES, verify_jwt};
use crate::{Refusal, SpiffeId};

/// The service; one value serves one connection.
pub(crate) struct WorkloadApi {
    pub(crate) peer: Arc<Peer>,
}

impl WorkloadApi {
    async fn stream<M: Send + 'static>(
        &self,
        form: Form<M>,
    ) -> Result<Response<Answers<M>>, Status> {
        let subject = Arc::<Peer>::clone(&self.peer) as Arc<dyn Subject>;
        let jitter = self.peer.shared.settings.jitter;
        let answers = pushes::begin(subject, &*self.peer.shared.issuer, form, jitter).await?;
        Ok(Response::new(answers))
    }
}

#[tonic::async_trait]
impl SpiffeWorkloadApi for WorkloadApi {
    type FetchX509SVIDStream = Answers<X509svidResponse>;
    type FetchX509BundlesStream = Answers<X509BundlesResponse>;
    type FetchJWTBundlesStream = Answers<JwtBundlesResponse>;

    async fn fetch_x509svid(
        &self,
        _: Request<X509svidRequest>,
    ) -> Result<Response<Self::FetchX509SVIDStream>, Status> {
        self.stream(answers::x509_svids).await
    }

    async fn fetch_x509_bundles(
        &self,
        _: Request<X509BundlesRequest>,
    ) -> Result<Response<Self::FetchX509BundlesStream>, Status> {
        self.stream(answers::x509_bundles).await
    }

    async fn fetch_jwtsvid(
        &self,
        request: Request<JwtsvidRequest>,
    ) -> Result<Response<JwtsvidResponse>, Status> {
        let JwtsvidRequest {
            audience,
            spiffe_id,
        } = request.into_inner();
        let id = wanted(&audience, &spiffe_id)?;
        let attested = self.peer.attest().await?;
        let tokens = self
            .peer
            .shared
            .issuer
            .tokens(&attested, &audience, id.as_ref())
            .await
            .map_err(|refusal| answers::status(&refusal))?;
        if tokens.is_empty() {
            return Err(answers::status(&Refusal::NoIdentity));
        }
        Ok(Response::new(answers::jwt_svids(&tokens)))
    }

    async fn fetch_jwt_bundles(
        &self,
        _: Request<JwtBundlesRequest>,
    ) -> Result<Response<Self::FetchJWTBundlesStream>, Status> {
        self.stream(answers::jwt_bundles).await
    }

    async fn validate_jwtsvid(
        &self,
        request: Request<ValidateJwtsvidRequest>,
    ) -> Result<Response<ValidateJwtsvidResponse>, Status> {
        let ValidateJwtsvidRequest { audience, svid } = request.into_inner();
        if audience.is_empty() || svid.is_empty() {
            return Err(Status::invalid_argument("`audience` or `svid` is empty"));
        }
        let attested = self.peer.attest().await?;
        let holdings = self.peer.shared.issuer.holdings(&attested).await;
        let holdings = holdings.map_err(|refusal| answers::status(&refusal))?;
        let bundles = answers::trusted(&holdings.borrow())?;
        let now = self.peer.shared.clock.now();
        let identity = verify_jwt(&svid, &bundles, &[&audience], now)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        Ok(Response::new(answers::validated(identity)))
    }
}

/// Checks what a call for tokens asks for.
pub(crate) fn wanted(audiences: &[String], id: &str) -> Result<Option<SpiffeId>, Status> {
    if audiences.is_empty() || audiences.iter().any(String::is_empty) {
        return Err(Status::invalid_argument(
            "`audience` is empty: name the party that the token is for",
        ));
    }
    if audiences.len() > MOST_AUDIENCES || audiences.iter().any(|a| a.len() > LONGEST_AUDIENCE) {
        return Err(Status::invalid_argument(format!(
            "a call names at most {MOST_AUDIENCES} audiences of at most {LONGEST_AUDIENCE} bytes"
        )));
    }
    if id.is_empty() {
        return Ok(None);
    }
    let id = id.parse().map_err(|error| {
        Status::invalid_argument(format!("`spiffe_id` is not a SPIFFE ID: {error}"))
    })?;
    Ok(Some(id))
}

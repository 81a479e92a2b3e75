//! The questions that a server answers its operator.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Agent, EvidenceAsked, EvidenceTold, Invite, Invited, Key, Push, Rotate, Status, Told, Withdraw,
};
use crate::agent::Agent as AgentOfNode;
use crate::authority::{AuthorityError, Urgency};
use crate::nodes::pin::ServerKey;
use crate::server::{Effect, PushError, Server, ServerError, WrongEntry};
use crate::spiffe::{Bundle, bundles_to_json};
use crate::store::{Change, StoreError};
use crate::{SpiffeId, TrustDomain};

/// The largest question: a bundle.
const LARGEST: usize = 4 << 20;
/// The largest question about entries: as large as the largest entry file.
const LARGEST_PUSH: usize = 16 << 20;
/// The longest life of a join token.
const LONGEST_INVITATION: u32 = 7 * 24 * 3600;

type Shared = State<Arc<Server>>;
type Answer = Result<Response, Refused>;

/// The questions that an agent answers.
pub fn agent_router(agent: Arc<AgentOfNode>) -> Router {
    let status = |State(agent): State<Arc<AgentOfNode>>| async move { json(&agent.status()) };
    let elsewhere = || async {
        let sentence =
            "this is an agent, which answers `status` alone: ask the server that it follows";
        Refused::new(StatusCode::NOT_FOUND, sentence.to_owned())
    };
    Router::new()
        .route("/status", get(status))
        .fallback(elsewhere)
        .with_state(agent)
}

/// A question that was not answered.
struct Refused {
    status: StatusCode,
    said: String,
    wrong: Vec<WrongEntry>,
}

impl Refused {
    fn new(status: StatusCode, said: String) -> Self {
        Self {
            status,
            said,
            wrong: Vec::new(),
        }
    }
}

/// All questions.
pub fn router(server: Arc<Server>) -> Router {
    let large = DefaultBodyLimit::max(LARGEST_PUSH);
    Router::new()
        .route("/status", get(status))
        .route("/rotate", post(rotate))
        .route("/taint", post(taint))
        .route("/revoke", post(revoke))
        .route("/token", post(token))
        .route("/entries", get(entries))
        .route("/evidence", post(evidence))
        .route("/entries/push", post(push).layer(large))
        .route("/entries/withdraw", post(withdraw).layer(large))
        .route("/bundles", get(bundles))
        .route("/bundles/{name}", put(set_bundle).delete(drop_bundle))
        .route("/agents/ban", post(ban))
        .route("/agents/evict", post(evict))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(server)
}

/// Ends what was begun even if whoever asked hangs up: a change that is stored takes effect and
/// has its evidence.
async fn whole(work: impl Future<Output = Answer> + Send + 'static) -> Answer {
    let ended = tokio::spawn(work).await;
    ended.unwrap_or_else(|_| {
        let sentence = "the server is stopping".to_owned();
        Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, sentence))
    })
}

async fn status(State(server): Shared) -> Answer {
    json(&Status::of(&server).await)
}

async fn rotate(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Rotate = question(&body)?;
        let urgency = if asked.now {
            Urgency::Now
        } else {
            Urgency::Published
        };
        let all = server.authority().settings().kinds.clone();
        let kinds = asked.kind.map_or(all, |kind| vec![kind]);
        for kind in kinds {
            server.authority().rotate(kind, urgency).await?;
        }
        status(State(server)).await
    })
    .await
}

async fn taint(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Key = question(&body)?;
        server.authority().taint(&asked.id).await?;
        status(State(server)).await
    })
    .await
}

async fn revoke(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Key = question(&body)?;
        server.authority().revoke(&asked.id).await?;
        status(State(server)).await
    })
    .await
}

async fn token(State(server): Shared, body: Bytes) -> Answer {
    let asked: Invite = question(&body)?;
    if asked.seconds == 0 || asked.seconds > LONGEST_INVITATION {
        return Err(wrong(
            "a join token lives between one second and seven days",
        ));
    }
    let agent = server
        .agent_id(&asked.agent)
        .map_err(|error| wrong(&error.to_string()))?;
    let expires = server
        .now()
        .saturating_add(SignedDuration::from_secs(i64::from(asked.seconds)))
        .map_err(|error| wrong(&error.to_string()))?;
    let key = ServerKey::open(server.store()).await;
    let key =
        key.map_err(|error| Refused::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let token = server.store().invite(agent.as_str(), expires).await?;
    json(&Invited {
        token: format!("{}.{}", token.text.as_str(), key.pin),
        agent: token.agent,
        expires: token.expires,
    })
}

async fn entries(State(server): Shared) -> Answer {
    json(&server.entries().all())
}

async fn evidence(State(server): Shared, body: Bytes) -> Answer {
    let asked: EvidenceAsked = question(&body)?;
    let store = server.store();
    let kept = store
        .evidence(asked.after, asked.count, asked.id.as_deref())
        .await?;
    let told = kept.into_iter().map(|kept| EvidenceTold {
        number: kept.number,
        at: kept.evidence.at,
        record: serde_json::from_str(&kept.evidence.record).unwrap_or_default(),
    });
    json(&told.collect::<Vec<_>>())
}

async fn push(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Push = question(&body)?;
        let (effect, expected) = (effect(asked.dry_run), asked.expected.as_deref());
        json(&server.push_over(asked.entries, effect, expected).await?)
    })
    .await
}

async fn withdraw(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Withdraw = question(&body)?;
        server.withdraw(&asked.names, effect(asked.dry_run)).await?;
        json(&asked.names)
    })
    .await
}

fn effect(is_trial: bool) -> Effect {
    if is_trial {
        Effect::Trial
    } else {
        Effect::Real
    }
}

async fn bundles(State(server): Shared) -> Answer {
    let bundles = Arc::clone(&crate::Issuer::bundles(&*server).borrow());
    json(&bundles_to_json(&bundles))
}

async fn set_bundle(State(server): Shared, Path(name): Path<String>, body: Bytes) -> Answer {
    whole(async move {
        let name = foreign(&server, &name)?;
        let read = Bundle::from_jwks(&name, &body).map_err(|error| wrong(&error.to_string()))?;
        if let Some((place, reason)) = read.skipped.first() {
            return Err(wrong(&format!(
                "key {place} of the bundle is not taken: {reason}"
            )));
        }
        server.set_bundle(&read.bundle).await?;
        bundles(State(server)).await
    })
    .await
}

async fn drop_bundle(State(server): Shared, Path(name): Path<String>) -> Answer {
    whole(async move {
        let name = foreign(&server, &name)?;
        server.drop_bundle(&name).await?;
        bundles(State(server)).await
    })
    .await
}

async fn ban(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Agent = question(&body)?;
        let id = agent_id(&asked)?;
        let mut agent = known_agent(&server, &id).await?;
        agent.banned = true;
        server
            .store()
            .change(None, &[Change::PutAgent(agent)])
            .await?;
        status(State(server)).await
    })
    .await
}

async fn evict(State(server): Shared, body: Bytes) -> Answer {
    whole(async move {
        let asked: Agent = question(&body)?;
        let id = agent_id(&asked)?;
        known_agent(&server, &id).await?;
        let change = Change::DropAgent(id.to_string());
        server.store().change(None, &[change]).await?;
        status(State(server)).await
    })
    .await
}

async fn known_agent(server: &Server, id: &SpiffeId) -> Result<crate::store::KeptAgent, Refused> {
    let unknown = || {
        let sentence =
            format!("no agent `{id}` was attested: `palisade identity status` lists them");
        Refused::new(StatusCode::NOT_FOUND, sentence)
    };
    server.store().agent(id.as_str()).await?.ok_or_else(unknown)
}

fn agent_id(asked: &Agent) -> Result<SpiffeId, Refused> {
    let parsed: Result<SpiffeId, _> = asked.id.parse();
    parsed.map_err(|error| wrong(&error.to_string()))
}

fn foreign(server: &Server, name: &str) -> Result<TrustDomain, Refused> {
    let name = TrustDomain::new(name).map_err(|error| wrong(&error.to_string()))?;
    if name == *server.trust_domain() {
        return Err(wrong(
            "the own bundle follows from the own keys and cannot be set",
        ));
    }
    Ok(name)
}

fn question<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| wrong(&error.to_string()))
}

fn json<T: Serialize>(answer: &T) -> Answer {
    let text = serde_json::to_vec(answer)
        .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}

fn wrong(sentence: &str) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, sentence.to_owned())
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<AuthorityError> for Refused {
    fn from(error: AuthorityError) -> Self {
        let status = match error {
            AuthorityError::Unknown(_) => StatusCode::NOT_FOUND,
            AuthorityError::Stage(_) | AuthorityError::Full => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ServerError> for Refused {
    fn from(error: ServerError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<PushError> for Refused {
    fn from(error: PushError) -> Self {
        let said = error.to_string();
        let (status, wrong) = match error {
            PushError::Wrong(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, wrong),
            PushError::Count(_) | PushError::Full(_) => (StatusCode::BAD_REQUEST, Vec::new()),
            PushError::Changed(_) => (StatusCode::CONFLICT, Vec::new()),
            PushError::Server(_) => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        };
        Self {
            status,
            said,
            wrong,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let told = Told {
            error: self.said,
            wrong: self.wrong,
        };
        let told = serde_json::to_vec(&told).unwrap_or_default();
        (self.status, [(CONTENT_TYPE, "application/json")], told).into_response()
    }
}

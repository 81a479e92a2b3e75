//! Takes what the server says on its stream: bundles, and changes of the entries that are held.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use tonic::client::GrpcService;
use tonic::codegen::StdError;
use tonic::{Code, Status, Streaming};

use super::Agent;
use super::follow::{End, FIRST_PAUSE};
use crate::issuing::World;
use crate::nodes::proto::nodes_client::NodesClient;
use crate::nodes::proto::{State, WatchRequest};
use crate::nodes::{Held, Unusable};
use crate::spiffe::bundles_from_json;
use crate::{Attributes, TrustDomain};

/// How often it is looked whether the own document has to be renewed.
const LOOK: Duration = Duration::from_secs(5);

/// Why a stream is no longer read.
enum Ended {
    /// The entries are out of step with the server's.
    OutOfStep,
    /// For the reason of the connection.
    With(End),
}

impl Agent {
    /// Follows the server's stream; `stands` is called once the server has taken the call. When
    /// entries are out of step, the whole list is asked for on another stream.
    pub(super) async fn watch<T>(
        &self,
        client: &mut NodesClient<T>,
        pause: &mut Duration,
        stands: impl FnOnce(),
    ) -> End
    where
        T: GrpcService<tonic::body::Body>,
        T::Error: Into<StdError>,
        T::ResponseBody: Body<Data = Bytes> + Send + 'static,
        <T::ResponseBody as Body>::Error: Into<StdError> + Send,
    {
        let mut holds = self.held().digest();
        let mut stands = Some(stands);
        loop {
            let is_whole = holds.is_empty();
            let mut states = match client.watch(WatchRequest { holds }).await {
                Ok(states) => states.into_inner(),
                // A certificate that is refused shows when it is first used.
                Err(status) => return refused(&status),
            };
            if let Some(stands) = stands.take() {
                stands();
            }
            self.held().begin();
            let mut is_in_step = false;
            match self.read(&mut states, pause, &mut is_in_step).await {
                Ended::With(end) => return end,
                Ended::OutOfStep if is_whole && !is_in_step => {
                    let reason = "it does not send the whole list of entries: run the same version";
                    return End::Away(reason.to_owned());
                }
                Ended::OutOfStep => {
                    (self.say)("the entries are out of step with the server: all are asked for");
                    holds = Vec::new();
                }
            }
        }
    }

    async fn read(
        &self,
        states: &mut Streaming<State>,
        pause: &mut Duration,
        is_in_step: &mut bool,
    ) -> Ended {
        loop {
            let state = tokio::select! {
                state = states.message() => state,
                () = tokio::time::sleep(LOOK) => {
                    if self.is_due() {
                        return Ended::With(End::Renewal);
                    }
                    continue;
                }
            };
            let taken = match state {
                Ok(Some(state)) => self.take(state),
                Ok(None) => {
                    let reason = "the server ended the connection".to_owned();
                    return Ended::With(End::Away(reason));
                }
                Err(status) => return Ended::With(refused(&status)),
            };
            match taken {
                Ok(()) => {
                    *pause = FIRST_PAUSE;
                    *is_in_step = true;
                }
                Err(Unusable::OutOfStep) => return Ended::OutOfStep,
                Err(Unusable::Broken(reason)) => {
                    let reason = format!(
                        "what the server says cannot be used: {reason}; run the same version"
                    );
                    return Ended::With(End::Away(reason));
                }
            }
        }
    }

    /// Puts in force what the server says, once its last message has come.
    fn take(&self, part: State) -> Result<(), Unusable> {
        let Some(mut state) = self.held().joined(part)? else {
            return Ok(());
        };
        let broken = |error: &dyn std::fmt::Display| Unusable::Broken(error.to_string());
        let trust_domain = TrustDomain::new(&state.trust_domain).map_err(|error| broken(&error))?;
        let attributes: Attributes =
            serde_json::from_slice(&state.attributes).map_err(|error| broken(&error))?;
        let world = match &state.bundles {
            None => (*self.engine.world()).clone(),
            Some(text) => {
                let mut federated = bundles_from_json(text).map_err(|error| broken(&error))?;
                World {
                    own: federated.remove(&trust_domain),
                    federated,
                    ..World::default()
                }
            }
        };
        let list = self.held().next(&mut state, &trust_domain)?;
        let entries = match &list {
            None => None,
            Some(list) => Some(list.entries().map_err(|error| broken(&error))?),
        };
        self.engine.set_world(World {
            distrusted: state.distrusted.into_iter().collect(),
            ..world
        });
        if let (Some(entries), Some(list)) = (entries, list) {
            self.engine.set_entries(entries);
            self.held().hold(list);
        }
        self.is_followed(trust_domain, attributes);
        Ok(())
    }

    fn is_followed(&self, trust_domain: TrustDomain, attributes: Attributes) {
        let was_away = {
            let mut known = self.known();
            known.trust_domain = Some(trust_domain);
            known.attributes = attributes;
            known.problem = None;
            known.away_since.take()
        };
        if was_away.is_some() {
            (self.say)(&format!(
                "following the server at `{}`",
                self.server.address
            ));
            self.engine.touch();
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What a refused or broken stream means. A certificate that the server does not take ends the
/// connection without a word, so everything but a word that says otherwise counts as that.
fn refused(status: &Status) -> End {
    let reason = status.message().to_owned();
    match status.code() {
        Code::Unavailable => End::Away(reason),
        _ => End::Refused(reason),
    }
}

#[cfg(test)]
mod tests;

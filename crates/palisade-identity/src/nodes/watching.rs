//! The stream of states of one agent, each with what differs from the one before.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch::Receiver;
use tonic::Status;

use super::list::{List, parts};
use super::proto::State;
use super::service::{Connection, of_agent};
use crate::Attributes;
use crate::issuing::World;
use crate::spiffe::bundles_to_json;

/// What one agent was told, and what it is told next.
pub(super) struct Watching {
    own: Connection,
    generations: Receiver<u64>,
    /// The digest of the entries that the agent said it holds.
    holds: Vec<u8>,
    told: Option<Told>,
    /// The rest of a state that takes several messages.
    rest: VecDeque<State>,
}

struct Told {
    list: Arc<List>,
    world: Arc<World>,
    attributes: Attributes,
}

impl Watching {
    pub(super) fn new(own: Connection, holds: Vec<u8>) -> Self {
        Self {
            generations: own.nodes.server.engine.generations(),
            own,
            holds,
            told: None,
            rest: VecDeque::new(),
        }
    }

    /// Waits for the next message.
    pub(super) async fn next(&mut self) -> Result<State, Status> {
        loop {
            if let Some(part) = self.rest.pop_front() {
                return Ok(part);
            }
            if self.told.is_some() {
                let changed = self.generations.changed().await;
                changed.map_err(|_| Status::unavailable("the server is stopping"))?;
            } else {
                self.generations.mark_unchanged();
            }
            if let Some(state) = self.state()? {
                self.rest = parts(state);
            }
        }
    }

    /// What the agent has not been told yet, if anything.
    fn state(&mut self) -> Result<Option<State>, Status> {
        let (agent, known) = self.own.agent()?;
        let nodes = &self.own.nodes;
        let server = &nodes.server;
        let attributes = of_agent(agent, &known)?;
        let (entries, world) = (server.engine.entries(), server.engine.world());
        let wrong = |error: serde_json::Error| Status::internal(error.to_string());
        let list = nodes.lists.list(&entries, &attributes).map_err(wrong)?;
        let change = match &self.told {
            Some(told) if told.list.digest() == list.digest() => None,
            Some(told) => Some(list.since(&told.list)),
            None if list.digest()[..] == self.holds[..] => None,
            None => Some(list.whole()),
        };
        let told = self.told.as_ref();
        let new_world = told.is_none_or(|told| !Arc::ptr_eq(&told.world, &world));
        let new_attributes = told.is_none_or(|told| told.attributes != attributes);
        let mut state = None;
        if change.is_some() || new_world || new_attributes {
            let bundles = new_world.then(|| {
                let bundles = Arc::clone(&crate::Issuer::bundles(&**server).borrow());
                bundles_to_json(&bundles).to_string().into_bytes()
            });
            state = Some(State {
                entries: change,
                bundles,
                trust_domain: server.trust_domain().to_string(),
                distrusted: world.distrusted.iter().cloned().collect(),
                attributes: serde_json::to_vec(&attributes).map_err(wrong)?,
                more: false,
            });
        }
        self.told = Some(Told {
            list,
            world,
            attributes,
        });
        Ok(state)
    }
}

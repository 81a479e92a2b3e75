//! An agent whose server's changes do not fit what it holds.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::Stream;
use palisade_document::SourceFile;
use tonic::{Request, Response, Status};

use crate::agent::follow::End;
use crate::agent::{Agent, Credential, Parts, ServerAddress};
use crate::entries::compile;
use crate::nodes::proto::nodes_client::NodesClient;
use crate::nodes::proto::nodes_server::{Nodes, NodesServer};
use crate::nodes::proto::{
    AttestRequest, Attested, Entries, IssueRequest, Issued, MintRequest, Minted, ReportRequest,
    Reported, State, WatchRequest,
};
use crate::nodes::{List, PIN_LENGTH, Shelf, parts};
use crate::{Attributes, Refusal, SystemClock, TrustDomain};

/// Says what it is told to say, one stream after the other.
#[derive(Default)]
struct Fake {
    streams: Mutex<VecDeque<Vec<State>>>,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
}

type States = Pin<Box<dyn Stream<Item = Result<State, Status>> + Send>>;

#[tonic::async_trait]
impl Nodes for Fake {
    type WatchStream = States;

    async fn attest(&self, _: Request<AttestRequest>) -> Result<Response<Attested>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<States>, Status> {
        self.asked
            .lock()
            .expect("a lock")
            .push(request.into_inner().holds);
        let states = self.streams.lock().expect("a lock").pop_front();
        let states = states.ok_or_else(|| Status::unavailable("nothing more is said"))?;
        let states = states.into_iter().map(Ok);
        Ok(Response::new(Box::pin(futures_util::stream::iter(states))))
    }

    async fn issue(&self, _: Request<IssueRequest>) -> Result<Response<Issued>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn report(&self, _: Request<ReportRequest>) -> Result<Response<Reported>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn mint(&self, _: Request<MintRequest>) -> Result<Response<Minted>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

fn domain() -> TrustDomain {
    TrustDomain::new("example.org").expect("a name")
}

fn list(paths: &[&str]) -> Arc<List> {
    let mut text = String::from("owner: tests\nentries:\n");
    for (number, path) in paths.iter().enumerate() {
        let _infallible = writeln!(
            text,
            "  - {{name: n{number}, match: {{unix.uid: '{number}'}}, id: 'spiffe://{{trust-domain}}{path}'}}"
        );
    }
    let file = Arc::new(SourceFile::new("entries.yaml", text));
    let entries = compile([file], Some(&domain())).entries(domain());
    Shelf::default()
        .list(&Arc::new(entries.expect("entries")), &Attributes::default())
        .expect("a list")
}

fn states(entries: Option<Entries>) -> Vec<State> {
    let state = State {
        entries,
        trust_domain: domain().to_string(),
        attributes: b"{}".to_vec(),
        ..State::default()
    };
    parts(state).into()
}

fn agent(folder: &std::path::Path) -> Agent {
    let agent = Agent::open(Parts {
        server: ServerAddress {
            address: "nowhere".to_owned(),
            pin: "A".repeat(PIN_LENGTH).parse().expect("a pin"),
        },
        credential: Some(Credential::JoinToken("token".to_owned().into())),
        state: folder.to_owned(),
        clock: Arc::new(SystemClock),
        say: Arc::new(|_| {}),
    });
    agent.expect("an agent")
}

#[tokio::test]
async fn a_workload_that_waits_shortens_the_pause() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent(folder.path());
    let refused = crate::Issuer::holdings(&agent, &Attributes::default()).await;
    assert!(matches!(refused, Err(Refusal::Unavailable(_))));
    // Without it this takes between a minute and two.
    let rest = agent.rest(Duration::from_mins(2));
    tokio::time::timeout(Duration::from_mins(1), rest)
        .await
        .expect("it is short");
}

/// Lets an agent watch; gives what it asked with, what it ended for, and the entries in force.
async fn watched(streams: Vec<Vec<State>>) -> (Vec<Vec<u8>>, End, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = agent(folder.path());
    let fake = Fake {
        streams: Mutex::new(streams.into()),
        ..Fake::default()
    };
    let asked = Arc::clone(&fake.asked);
    let mut client = NodesClient::new(NodesServer::new(fake));
    let mut pause = Duration::from_secs(1);
    let end = agent.watch(&mut client, &mut pause, || {}).await;
    let ids = agent.engine.entries();
    let ids = ids.all().iter().map(|entry| entry.id.to_string()).collect();
    let asked = asked.lock().expect("a lock").clone();
    (asked, end, ids)
}

#[tokio::test]
async fn two_changes_are_taken_one_after_the_other() {
    let lists = [list(&["/a", "/b"]), list(&["/a", "/c"]), list(&["/c"])];
    let mut said = states(Some(lists[0].whole()));
    said.extend(states(Some(lists[1].since(&lists[0]))));
    said.extend(states(Some(lists[2].since(&lists[1]))));
    let (asked, _, ids) = watched(vec![said]).await;
    assert_eq!(asked, [Vec::<u8>::new()]);
    assert_eq!(ids, ["spiffe://{trust-domain}/c"]);
}

#[tokio::test]
async fn a_lost_change_has_the_whole_list_asked_for() {
    let lists = [
        list(&["/a", "/b"]),
        list(&["/a", "/c"]),
        list(&["/a", "/d"]),
    ];
    let mut said = states(Some(lists[0].whole()));
    said.extend(states(Some(lists[2].since(&lists[1]))));
    let again = states(Some(lists[2].whole()));
    let (asked, _, ids) = watched(vec![said, again]).await;
    assert_eq!(asked, [Vec::<u8>::new(), Vec::new()]);
    assert_eq!(
        ids,
        ["spiffe://{trust-domain}/a", "spiffe://{trust-domain}/d"]
    );
}

#[tokio::test]
async fn a_server_that_never_sends_the_whole_list_counts_as_away() {
    let lists = [list(&["/a", "/x"]), list(&["/b", "/x"])];
    let part = || states(Some(lists[1].since(&lists[0])));
    for said in [part(), states(None)] {
        let (asked, end, ids) = watched(vec![said.clone(), said]).await;
        assert_eq!(asked.len(), 1);
        let End::Away(reason) = end else {
            panic!("the server is there");
        };
        assert!(reason.contains("run the same version"), "{reason}");
        assert!(ids.is_empty(), "{ids:?}");
    }
}

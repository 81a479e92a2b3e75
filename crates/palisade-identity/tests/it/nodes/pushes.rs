//! What travels to an agent when entries change, counted on the wire.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use palisade_identity::agent::{Credential, ServerAddress};
use palisade_identity::{Holdings, Issuer as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch::Receiver;

use super::stand::{PATIENCE, Running, Serving, folder, until};
use crate::server::{caller, files};

const ENTRIES: usize = 3_000;
/// More than one entry with everything around it, and far less than all of them.
const LITTLE: usize = 20_000;

/// Entries of which some give another identity.
fn entries(changed: &[(usize, &str)]) -> String {
    let mut text = String::from("owner: tests\nentries:\n");
    for number in 0..ENTRIES {
        let other = changed.iter().find(|(other, _)| *other == number);
        let path = other.map_or("first", |(_, path)| path);
        let _infallible = writeln!(
            text,
            "  - {{name: n{number}, match: {{unix.uid: '{number}'}}, id: 'spiffe://{{trust-domain}}/{path}/{number}'}}"
        );
    }
    text
}

/// Hands everything on and counts what the server says.
async fn relay(server: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let counted = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok((agent, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(server).await else {
                continue;
            };
            let (mut from_agent, mut to_agent) = agent.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            tokio::spawn(async move {
                drop(tokio::io::copy(&mut from_agent, &mut to_server).await);
            });
            let counting = Arc::clone(&counting);
            tokio::spawn(async move {
                let mut piece = vec![0; 64 << 10];
                while let Ok(count @ 1..) = from_server.read(&mut piece).await {
                    counting.fetch_add(count, Ordering::SeqCst);
                    if to_agent.write_all(&piece[..count]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, counted)
}

async fn comes_to(held: &mut Receiver<Arc<Holdings>>, path: &str) {
    let is_there = held.wait_for(|held| {
        held.svids
            .first()
            .is_some_and(|svid| svid.id.path() == path)
    });
    tokio::time::timeout(PATIENCE, is_there)
        .await
        .expect("pushed")
        .expect("open");
}

#[tokio::test]
async fn only_changed_entries_travel_and_a_known_list_does_not_travel_again() {
    let mut serving = Serving::new(None).await;
    let set = |serving: &Serving, changed: &[(usize, &str)]| {
        let server = &serving.stand.server;
        server.set_files(files(&entries(changed))).expect("entries");
    };
    set(&serving, &[]);
    let (address, counted) = relay(serving.address).await;
    let server = ServerAddress {
        address: address.to_string(),
        pin: serving.pin.parse().expect("a pin"),
    };
    let (credential, _) = Credential::token(&serving.token("one").await).expect("a token");
    let running = Running::new(server, Some(credential), folder(), &serving.stand.clock);
    let mut held = running.holds("1000").await;
    comes_to(&mut held, "/first/1000").await;
    let whole = counted.swap(0, Ordering::SeqCst);
    assert!(whole > 20 * LITTLE, "{whole}");

    set(&serving, &[(1000, "second")]);
    comes_to(&mut held, "/second/1000").await;
    set(&serving, &[(1000, "third"), (7, "third")]);
    comes_to(&mut held, "/third/1000").await;
    let changes = counted.swap(0, Ordering::SeqCst);
    assert!(changes < LITTLE, "{changes} of {whole}");

    // The server goes and comes back with the same entries: the agent says what it holds.
    serving.stop().await;
    until(async || running.agent.status().outage.away_since).await;
    serving.begin().await;
    until(async || {
        running
            .agent
            .status()
            .outage
            .away_since
            .is_none()
            .then_some(())
    })
    .await;
    let again = counted.swap(0, Ordering::SeqCst);
    assert!(again < LITTLE, "{again} of {whole}");

    // With others: what the agent holds is stale, and it gets what is so now.
    serving.stop().await;
    until(async || running.agent.status().outage.away_since).await;
    set(&serving, &[(1000, "late"), (8, "late")]);
    serving.begin().await;
    comes_to(&mut held, "/late/1000").await;
    let entry = running.agent.holdings(&caller("8")).await.expect("held");
    assert_eq!(entry.borrow().svids[0].id.path(), "/late/8");
    let entry = running.agent.holdings(&caller("7")).await.expect("held");
    assert_eq!(entry.borrow().svids[0].id.path(), "/first/7");
}

//! Peers who take too much, on real connections.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use palisade_http::{Bounds, pem, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";
const PATIENCE: Duration = Duration::from_mins(1);

/// A bound that no test reaches unless it sets it.
const WIDE: Bounds = Bounds {
    connections: 16,
    silent: 16,
    of_one_peer: 16,
    streams: 4,
    head: PATIENCE,
    request: PATIENCE,
    idle: PATIENCE,
    life: PATIENCE,
    drain: PATIENCE,
};

struct Stand {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Stand {
    async fn new(bounds: Bounds) -> Self {
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/slow", get(slow))
            .route("/body", post(|body: String| async { body }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            serve(listener, || None, router, bounds, stopped).await;
        });
        Self {
            address,
            stop,
            served,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }
}

/// What comes until these words or the end of the connection.
async fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let mut text = Vec::new();
    let reading = async {
        let mut buffer = [0; 1024];
        while !String::from_utf8_lossy(&text).contains(words) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("in time");
    String::from_utf8_lossy(&text).into_owned()
}

async fn is_answered(stream: &mut TcpStream) -> bool {
    // The peer may have closed it already.
    let _closed = stream.write_all(ASKED).await;
    read_until(stream, "here").await.contains("here")
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let stand = Stand::new(Bounds {
        of_one_peer: 2,
        ..WIDE
    })
    .await;
    let (mut first, mut second) = (stand.connect().await, stand.connect().await);
    assert!(is_answered(&mut first).await && is_answered(&mut second).await);
    assert!(
        !is_answered(&mut stand.connect().await).await,
        "one too many"
    );
    assert!(is_answered(&mut first).await, "those before go on");
    drop((first, second));
    while !is_answered(&mut stand.connect().await).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn silent_peers_keep_out_each_other_only() {
    let stand = Stand::new(Bounds {
        connections: 4,
        silent: 2,
        ..WIDE
    })
    .await;
    let mut known = stand.connect().await;
    assert!(is_answered(&mut known).await);
    let mut silent = Vec::new();
    for _ in 0..12 {
        silent.push(stand.connect().await);
    }
    assert!(is_answered(&mut stand.connect().await).await);
    assert!(is_answered(&mut known).await, "who asked before goes on");
    drop(silent);
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends() {
    let stand = Stand::new(Bounds {
        head: Duration::from_millis(50),
        ..WIDE
    })
    .await;
    let mut silent = stand.connect().await;
    silent.write_all(b"GET / HT").await.expect("written");
    let said = read_until(&mut silent, "here").await;
    assert!(!said.contains("200"), "{said}");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_ends() {
    let short = Duration::from_millis(50);
    let stand = Stand::new(Bounds {
        head: short,
        ..WIDE
    })
    .await;
    let mut silent = stand.connect().await;
    assert_eq!(read_until(&mut silent, "here").await, "");
    let stand = Stand::new(Bounds {
        idle: short,
        ..WIDE
    })
    .await;
    let mut idle = stand.connect().await;
    assert!(is_answered(&mut idle).await);
    assert_eq!(read_until(&mut idle, "here").await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_ends() {
    let request = Duration::from_millis(50);
    let stand = Stand::new(Bounds { request, ..WIDE }).await;
    let mut slow = stand.connect().await;
    let asked = b"POST /body HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nhalf";
    slow.write_all(asked).await.expect("written");
    let said = read_until(&mut slow, "408").await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn a_connection_ends_with_its_life_and_what_is_open_is_answered() {
    let stand = Stand::new(Bounds {
        life: Duration::from_millis(100),
        ..WIDE
    })
    .await;
    let mut stream = stand.connect().await;
    let asked = b"GET /slow HTTP/1.1\r\nhost: test\r\n\r\n";
    stream.write_all(asked).await.expect("written");
    let said = read_until(&mut stream, "never said").await;
    assert!(said.ends_with("slow"), "{said}");
}

#[tokio::test]
async fn the_server_stops_although_all_connections_are_taken() {
    let stand = Stand::new(Bounds {
        connections: 1,
        ..WIDE
    })
    .await;
    let mut only = stand.connect().await;
    assert!(is_answered(&mut only).await);
    let _waiting = stand.connect().await;
    stand.stop.send(()).expect("it serves");
    let ended = tokio::time::timeout(PATIENCE, stand.served).await;
    ended.expect("in time").expect("it ends");
}

#[test]
fn files_that_are_no_pem_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tls.pem");
    std::fs::write(&path, "nothing of the kind").expect("written");
    let wrong = pem::certificates(&path).expect_err("no certificate");
    let sentence = wrong.to_string();
    assert!(sentence.contains("tls.pem"), "{sentence}");
    assert!(sentence.ends_with("no certificate in it"), "{sentence}");
    assert!(pem::private_key(&path).is_err());
}

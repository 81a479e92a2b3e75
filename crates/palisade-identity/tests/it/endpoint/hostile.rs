//! Callers who flood, hold all they can, or leave out what they must send.

use std::time::Duration;

use palisade_identity::endpoint::{Limits, Settings};
use tokio::time::timeout;
use tonic::{Code, Status};

use super::raw;
use super::stand::{Bound, PATIENCE, Stand, TestIssuer};

fn settings(limits: Limits) -> Settings {
    Settings {
        jitter: Duration::ZERO,
        limits,
        ..Settings::default()
    }
}

async fn stand(limits: Limits) -> Stand {
    let bound = Bound::new().await;
    bound.serve(TestIssuer::for_everybody(), settings(limits))
}

#[tokio::test]
async fn a_call_without_the_metadata_is_refused() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let channel = raw::channel(&stand.socket()).await;
    for metadata in [&[][..], &["false"], &["True"], &["true", "true"]] {
        let status = raw::svids(&channel, metadata).await.err();
        let code = status.map(|status| status.code());
        assert_eq!(code, Some(Code::InvalidArgument), "{metadata:?}");
    }
    raw::svids(&channel, &["true"]).await.expect("answers");
}

#[tokio::test]
async fn ten_thousand_streams_of_one_caller_stop_at_its_quota() {
    const QUOTA: usize = 1000;
    let limits = Limits {
        streams: 1000,
        burst: 20_000,
        ..Limits::default()
    };
    let stand = stand(limits).await;
    let (mut held, mut refused) = (Vec::new(), Vec::new());
    let mut channels = Vec::new();
    for _ in 0..50 {
        let channel = raw::channel(&stand.socket()).await;
        let calls = (0..200).map(|_| raw::svids(&channel, &["true"]));
        for answer in futures_util::future::join_all(calls).await {
            match answer {
                Ok(stream) => held.push(stream),
                Err(status) => refused.push(status),
            }
        }
        channels.push(channel);
    }
    assert_eq!((held.len(), refused.len()), (QUOTA, 9000));
    assert!(
        refused
            .iter()
            .all(|status| status.code() == Code::Unavailable)
    );
    let said = refused.first().map_or("", Status::message);
    assert!(
        said.contains("holds 1000 streams, which is all it may"),
        "{said}"
    );
    // What is given back can be used again.
    drop(held);
    let again = async {
        while raw::svids(&channels[0], &["true"]).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.expect("in time");
}

#[tokio::test]
async fn a_flood_of_calls_is_slowed_down() {
    let limits = Limits {
        burst: 10,
        rate: 1,
        ..Limits::default()
    };
    let stand = stand(limits).await;
    let channel = raw::channel(&stand.socket()).await;
    let mut refused = None;
    for _ in 0..200 {
        if let Err(status) = raw::svids(&channel, &["true"]).await {
            refused = Some(status);
            break;
        }
    }
    let status = refused.expect("the quota ends");
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("more than 1 times a second"),
        "{status:?}"
    );
}

#[tokio::test]
async fn connections_beyond_the_quota_are_closed() {
    let limits = Limits {
        connections: 3,
        ..Limits::default()
    };
    let stand = stand(limits).await;
    let mut channels = Vec::new();
    for _ in 0..3 {
        let channel = raw::channel(&stand.socket()).await;
        raw::svids(&channel, &["true"]).await.expect("answers");
        channels.push(channel);
    }
    let mut socket = tokio::net::UnixStream::connect(stand.socket())
        .await
        .expect("connects");
    let mut byte = [0];
    let read = timeout(
        PATIENCE,
        tokio::io::AsyncReadExt::read(&mut socket, &mut byte),
    );
    assert_eq!(
        read.await.expect("in time").unwrap_or_default(),
        0,
        "it is closed"
    );
    for channel in &channels {
        raw::svids(channel, &["true"]).await.expect("goes on");
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_process_must_not_go_on() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let channel = raw::channel(&stand.socket()).await;
    let mut stream = raw::svids(&channel, &["true"]).await.expect("answers");
    stream.message().await.expect("goes on").expect("documents");
    stand.issuer.rule(Vec::new());
    let last = timeout(PATIENCE, stream.message()).await.expect("in time");
    assert_eq!(
        last.expect_err("nothing is left").code(),
        Code::PermissionDenied
    );
}

/// The user `nobody`.
const ANOTHER: u32 = 65_534;
const SOCKET: &str = "PALISADE_TEST_SOCKET";

#[tokio::test]
#[ignore = "the next test runs it as another user"]
async fn another_user_asks() {
    assert_eq!(nix::unistd::geteuid().as_raw(), ANOTHER);
    let socket = std::env::var_os(SOCKET).expect("a socket");
    let channel = raw::channel(socket.as_ref()).await;
    let mut stream = raw::svids(&channel, &["true"]).await.expect("answers");
    let first = timeout(PATIENCE, stream.message()).await.expect("in time");
    first.expect("goes on").expect("documents");
}

#[tokio::test]
async fn another_user_is_served_while_one_holds_its_whole_quota() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can begin a process of another user");
        return;
    }
    let limits = Limits {
        connections: 3,
        streams: 6,
        all_connections: 6,
        ..Limits::default()
    };
    let bound = Bound::new().await;
    let rules = [(0, "/one"), (ANOTHER, "/another")];
    let rules = rules.map(|(uid, path)| ("unix.uid", uid.to_string(), path));
    let stand = bound.serve(TestIssuer::new(rules.to_vec()), settings(limits));
    let mut held = Vec::new();
    for _ in 0..3 {
        let channel = raw::channel(&stand.socket()).await;
        for _ in 0..2 {
            let mut stream = raw::svids(&channel, &["true"]).await.expect("answers");
            stream.message().await.expect("goes on").expect("documents");
            held.push((channel.clone(), stream));
        }
    }
    let more = raw::svids(&held[0].0, &["true"]).await.err();
    assert_eq!(more.map(|status| status.code()), Some(Code::Unavailable));
    let mut socket = tokio::net::UnixStream::connect(stand.socket())
        .await
        .expect("connects");
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut socket, &mut byte);
    let read = timeout(PATIENCE, read).await.expect("in time");
    assert_eq!(read.unwrap_or_default(), 0, "it is closed");

    // This program again, where the other user can reach it.
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("it");
    let own = std::env::current_exe().expect("a program");
    std::fs::copy(own, &program).expect("copied");
    let socket = stand.socket();
    for open in [folder.path(), socket.parent().expect("a folder")] {
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(open, readable).expect("may be set");
    }
    let asked = tokio::process::Command::new(&program)
        .args([
            "--exact",
            "endpoint::hostile::another_user_asks",
            "--ignored",
        ])
        .current_dir("/")
        .env(SOCKET, &socket)
        .uid(ANOTHER)
        .gid(ANOTHER)
        .output();
    let asked = timeout(PATIENCE, asked).await.expect("in time");
    let asked = asked.expect("it runs");
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    drop(held);
}

//! Peers that break HTTP/2 or fill it with nothing: only their own connection suffers.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::raw;
use super::stand::{PATIENCE, Stand, TestIssuer};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("fits").to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn literal(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.len()).expect("short")];
    bytes.extend(text.as_bytes());
    bytes
}

/// The head of a call, as HPACK has it.
fn head() -> Vec<u8> {
    // `:method: POST`, `:scheme: http`
    let mut head = vec![0x83, 0x86];
    head.push(0x04);
    head.extend(literal("/SpiffeWorkloadAPI/FetchX509SVID"));
    head.push(0x01);
    head.extend(literal("localhost"));
    for (name, value) in [
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("workload.spiffe.io", "true"),
    ] {
        head.push(0x00);
        head.extend(literal(name));
        head.extend(literal(value));
    }
    head
}

/// Many headers, as long as a frame may be.
fn headers() -> Vec<u8> {
    let mut block = Vec::new();
    while block.len() < 16_000 {
        block.push(0x00);
        block.extend(literal("x"));
        block.extend(literal(&"y".repeat(100)));
    }
    block
}

fn begun() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

fn attacks() -> Vec<(&'static str, Vec<u8>)> {
    let mut resets = begun();
    for stream in (1..40_000).step_by(2) {
        resets.extend(frame(HEADERS, END_HEADERS, stream, &head()));
        resets.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut continued = begun();
    continued.extend(frame(HEADERS, 0, 1, &head()));
    for _ in 0..2_000 {
        continued.extend(frame(CONTINUATION, 0, 1, &headers()));
    }
    let mut empty = begun();
    empty.extend(frame(HEADERS, 0, 1, &head()));
    for _ in 0..100_000 {
        empty.extend(frame(CONTINUATION, 0, 1, &[]));
    }
    let mut long = begun();
    long.extend(frame(HEADERS, 0, 1, &head()));
    long.extend(frame(CONTINUATION, 0, 1, &headers()));
    long.extend(frame(CONTINUATION, END_HEADERS, 1, &headers()));
    let mut large = begun();
    large.extend(frame(HEADERS, END_HEADERS, 1, &head()));
    // A message of two gigabytes is announced.
    large.extend(frame(DATA, 0, 1, &[0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3]));
    let mut settings = begun();
    let mut pings = begun();
    for _ in 0..50_000 {
        settings.extend(frame(SETTINGS, 0, 0, &[]));
        pings.extend(frame(PING, 0, 0, b"12345678"));
    }
    let half = frame(HEADERS, END_HEADERS, 1, &head());
    let cut = [&begun()[..], &half[..half.len() / 2]].concat();
    vec![
        ("streams that are reset at once", resets),
        ("headers without an end", continued),
        ("empty continuations without an end", empty),
        ("headers that are too long", long),
        ("a message that is too large", large),
        ("settings again and again", settings),
        ("pings again and again", pings),
        (
            "another protocol",
            b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
        ),
        ("half a frame", cut),
        ("noise", (0..=255).cycle().take(1 << 20).collect()),
    ]
}

#[tokio::test]
async fn whoever_floods_a_connection_harms_that_connection_alone() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    // Whoever was there before goes on.
    let before = raw::channel(&stand.socket()).await;
    let mut held = raw::svids(&before, &["true"]).await.expect("answers");
    assert!(held.message().await.expect("goes on").is_some());
    let mut open = Vec::new();
    for (what, bytes) in attacks() {
        let socket = UnixStream::connect(stand.socket()).await;
        let (mut reads, mut writes) = socket.expect("connects").into_split();
        let attack = tokio::spawn(async move {
            drop(writes.write_all(&bytes).await);
            // The connection stays open from this side.
            writes
        });
        let answers = tokio::spawn(async move {
            let mut all = [0; 4096];
            while reads.read(&mut all).await.is_ok_and(|count| count > 0) {}
        });
        let channel = raw::channel(&stand.socket()).await;
        let asked = async {
            let mut answer = raw::svids(&channel, &["true"]).await?;
            answer.message().await
        };
        let answer = timeout(PATIENCE, asked).await;
        let answer = answer.unwrap_or_else(|_| panic!("{what}: nobody is served"));
        assert!(answer.expect(what).is_some(), "{what}");
        open.push((attack, answers));
    }
    stand.issuer.rotate();
    let pushed = timeout(PATIENCE, held.message()).await.expect("in time");
    assert!(pushed.expect("goes on").is_some());
    for (attack, answers) in open {
        attack.abort();
        answers.abort();
    }
}

/// A flood ends with its connection, which is not kept at the server's expense.
#[tokio::test]
async fn a_connection_that_floods_is_ended() {
    let stand = Stand::with(TestIssuer::for_everybody()).await;
    let flood = |what: &str| what.contains("without an end") || what.contains("reset at once");
    for (what, bytes) in attacks().into_iter().filter(|(what, _)| flood(what)) {
        let socket = UnixStream::connect(stand.socket()).await;
        let (mut reads, mut writes) = socket.expect("connects").into_split();
        let attack = tokio::spawn(async move {
            drop(writes.write_all(&bytes).await);
            writes
        });
        let ended = async {
            let mut all = [0; 4096];
            while reads.read(&mut all).await.is_ok_and(|count| count > 0) {}
        };
        let ended = timeout(PATIENCE, ended).await;
        assert!(ended.is_ok(), "{what}: it goes on");
        attack.abort();
    }
}

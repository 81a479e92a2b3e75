//! Entries that are pushed into the store: held against the same rules as files, and in force at
//! every server of the store.

use std::future::Future as _;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use palisade_document::SourceFile;
use palisade_identity::admin;
use palisade_identity::entries::{Entry, EntryName, compile};
use palisade_identity::server::{Effect, PushError, Server};
use palisade_identity::store::{KeptEvidence, Location, MOST_EVIDENCE};
use palisade_identity::{Clock as _, Issuer as _};

use crate::postgres::Cluster;
use crate::server::{Stand, caller, files};

const JOB: &str = "\
entries:
  - name: job
    owner: ops
    match: {unix.uid: '2000'}
    id: spiffe://{trust-domain}/job
";

/// Entries of a file as a person writes it.
fn entries(text: &str) -> Vec<Entry> {
    let file = Arc::new(SourceFile::new("job.yaml", text.to_owned()));
    let compiled = compile([file], None);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    let entries = compiled.entries.iter();
    entries.map(|entry| Entry::clone(entry)).collect()
}

fn names(all: &[&str]) -> Vec<EntryName> {
    let name = |name: &&str| EntryName::new(name).expect("a name");
    all.iter().map(name).collect()
}

/// The path that a user's identity has, if there is one.
async fn path(server: &Server, uid: &str) -> Option<String> {
    let held = server.holdings(&caller(uid)).await.ok()?;
    let held = held.borrow();
    Some(held.svids.first()?.id.path().to_owned())
}

/// What is wrong, in words.
fn wrong(answer: Result<impl std::fmt::Debug, PushError>) -> String {
    let error = answer.expect_err("not taken");
    assert!(matches!(error, PushError::Wrong(_)), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_pushed_entry_gives_an_identity_until_it_is_withdrawn() {
    let stand = Stand::new().await;
    let server = &stand.server;
    let tried = server.push(entries(JOB), Effect::Trial).await;
    let added = tried.expect("could be taken");
    assert_eq!(added.added, names(&["job"]));
    assert!(added.changed.is_empty() && added.unchanged.is_empty());
    assert_eq!(path(server, "2000").await, None);

    let pushed = server.push(entries(JOB), Effect::Real).await;
    assert_eq!(pushed.expect("taken"), added);
    assert_eq!(path(server, "2000").await.as_deref(), Some("/job"));
    let again = server.push(entries(JOB), Effect::Real).await;
    assert_eq!(again.expect("taken").unchanged, names(&["job"]));

    let other = JOB.replace("/job", "/nightly");
    let changed = server.push(entries(&other), Effect::Real).await;
    assert_eq!(changed.expect("taken").changed, names(&["job"]));
    server.tick().await.expect("ticked");
    assert_eq!(path(server, "2000").await.as_deref(), Some("/nightly"));

    let job = names(&["job"]);
    server.withdraw(&job, Effect::Trial).await.expect("could");
    assert_eq!(server.entries().all().len(), 3);
    server.withdraw(&job, Effect::Real).await.expect("gone");
    server.tick().await.expect("ticked");
    assert_eq!(path(server, "2000").await, None);
    let said = wrong(server.withdraw(&names(&["job", "web"]), Effect::Real).await);
    assert!(
        said.contains("entry `job`: no entry of this name was pushed"),
        "{said}"
    );
    assert!(
        said.contains("entry `web`: it is in a file, at entries.yaml:2:5"),
        "{said}"
    );
}

#[tokio::test]
async fn one_wrong_entry_keeps_all_of_a_push_out() {
    let stand = Stand::new().await;
    let server = &stand.server;
    let rules = "\
owner: shop
entries:
  - {name: web, match: {unix.uid: '1000'}, id: 'spiffe://{trust-domain}/web'}
mint:
  - {path: /web, files: ['*']}
  - {path: /job, owners: [ops]}
";
    server.set_files(files(rules)).expect("entries");
    let cases = [
        (
            JOB.replace("name: job", "name: web"),
            "an entry of a file is called so",
        ),
        (
            JOB.replace("{trust-domain}", "other.org"),
            "this issuer is `example.org`",
        ),
        (JOB.replace("/job", "/root"), "`ops` may mint `/job`"),
        // A rule over files is for files that somebody reviews.
        (
            JOB.replace("/job", "/web").replace("ops", "shop"),
            "from `pushed:job.yaml`",
        ),
    ];
    let good = JOB.replace("name: job", "name: good");
    for (text, words) in cases {
        let both = format!("{good}{}", text.replace("entries:\n", ""));
        let said = wrong(server.push(entries(&both), Effect::Real).await);
        assert!(said.contains(words), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(server.entries().all().len(), 1);
    }
    let many = vec![entries(JOB).remove(0); 10_001];
    let error = server.push(many, Effect::Real).await.expect_err("too many");
    assert!(matches!(error, PushError::Count(10_001)), "{error:?}");
}

#[tokio::test]
async fn files_go_before_what_was_pushed() {
    let stand = Stand::new().await;
    let server = &stand.server;
    server
        .push(entries(JOB), Effect::Real)
        .await
        .expect("taken");
    let with_job = "\
owner: shop
entries:
  - {name: job, match: {unix.uid: '3000'}, id: 'spiffe://{trust-domain}/file'}
";
    server.set_files(files(with_job)).expect("entries");
    assert_eq!(path(server, "3000").await.as_deref(), Some("/file"));
    assert_eq!(path(server, "2000").await, None);
    assert_eq!(server.left_out().len(), 1);
    let said = stand.said.lock().expect("not poisoned").join("\n");
    assert!(
        said.contains("the pushed entry `job` is not in force"),
        "{said}"
    );
    // Once the file no longer says so, it is in force again.
    server
        .set_files(files(&with_job.replace("name: job", "name: other")))
        .expect("entries");
    assert_eq!(path(server, "2000").await.as_deref(), Some("/job"));
    assert!(server.left_out().is_empty());
}

#[tokio::test]
async fn every_server_of_a_store_has_what_was_pushed() {
    let cluster = Cluster::start();
    let location = Location::Postgres(cluster.database());
    let folder = || tempfile::tempdir().expect("a folder");
    let one = Stand::on(&location, folder()).await;
    let other = Stand::on(&location, folder()).await;
    let running = Arc::clone(&other.server);
    let background = tokio::spawn(async move { running.run(std::future::pending()).await });
    one.server
        .push(entries(JOB), Effect::Real)
        .await
        .expect("taken");
    let comes_to = async |wanted: Option<&str>| {
        let comes = async {
            while path(&other.server, "2000").await.as_deref() != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), comes)
            .await
            .expect("told");
    };
    comes_to(Some("/job")).await;
    other
        .server
        .withdraw(&names(&["job"]), Effect::Real)
        .await
        .expect("gone");
    comes_to(None).await;
    let gone = wrong(one.server.withdraw(&names(&["job"]), Effect::Real).await);
    assert!(gone.contains("no entry of this name was pushed"), "{gone}");
    background.abort();
}

#[tokio::test]
async fn what_is_replaced_is_told_and_a_push_can_depend_on_it() {
    let stand = Stand::new().await;
    let server = &stand.server;
    let push = async |text: &str, effect, expected: Option<&str>| {
        server.push_over(entries(text), effect, expected).await
    };
    let seen = push(JOB, Effect::Trial, None).await.expect("could");
    push(JOB, Effect::Real, Some(&seen.before))
        .await
        .expect("nobody was faster");
    let mine = JOB.replace("/job", "/mine");
    let seen = push(&mine, Effect::Trial, None).await.expect("could");
    let theirs = JOB.replace("/job", "/theirs").replace("ops", "others");
    let other = push(&theirs, Effect::Real, None).await.expect("taken");
    let replaced = &other.replaced[0];
    assert_eq!(
        (replaced.id.as_str(), replaced.owner.as_str()),
        ("spiffe://{trust-domain}/job", "ops")
    );
    assert_eq!(replaced.pushed, stand.clock.now());
    for effect in [Effect::Trial, Effect::Real] {
        let late = push(&mine, effect, Some(&seen.before)).await;
        let late = late.expect_err("somebody was faster");
        assert!(matches!(late, PushError::Changed(_)), "{late:?}");
    }
    assert_eq!(path(server, "2000").await.as_deref(), Some("/theirs"));
    // Entries of other names are no reason.
    let seen = push(&mine, Effect::Trial, None).await.expect("could");
    push(&JOB.replace("name: job", "name: other"), Effect::Real, None)
        .await
        .expect("taken");
    push(&mine, Effect::Real, Some(&seen.before))
        .await
        .expect("nobody changed it");
}

#[tokio::test]
async fn two_operators_who_push_at_once_are_told_what_each_replaced() {
    let cluster = Cluster::start();
    let location = Location::Postgres(cluster.database());
    let folder = || tempfile::tempdir().expect("a folder");
    let one = Stand::on(&location, folder()).await;
    let other = Stand::on(&location, folder()).await;
    for turn in 0..20 {
        let text = |who: &str| JOB.replace("/job", &format!("/{who}-{turn}"));
        let (first, second) = tokio::join!(
            one.server.push(entries(&text("one")), Effect::Real),
            other.server.push(entries(&text("other")), Effect::Real),
        );
        let told = [first.expect("taken"), second.expect("taken")];
        // One of them came second, and says that it replaced the other's.
        let ids = told.iter().flat_map(|told| &told.replaced);
        let replaced = ids
            .filter(|one| one.id.ends_with(&format!("-{turn}")))
            .count();
        assert_eq!(replaced, 1, "{told:?}");
    }
}

/// The operator's program is ended at any moment of a push: all of it is done, or nothing.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_half_done() {
    let stand = Stand::new().await;
    let server = &stand.server;
    let running = Arc::clone(server);
    let background = tokio::spawn(async move { running.run(std::future::pending()).await });
    for polls in 1..30_usize {
        let name = format!("job-{polls}");
        let text = JOB.replace("name: job", &format!("name: {name}"));
        let question = serde_json::json!({ "entries": entries(&text) });
        let request = http::Request::post("/entries/push")
            .body(axum::body::Body::from(question.to_string()))
            .expect("a request");
        let mut router = admin::router(Arc::clone(server));
        let mut answer = Box::pin(tower::Service::call(&mut router, request));
        for _ in 0..polls {
            let polled = std::future::poll_fn(|context| Poll::Ready(answer.as_mut().poll(context)));
            if polled.await.is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        drop(answer);
        let is_done = async || {
            let wanted = names(&[&name]);
            let in_force = server.entries().named(&wanted[0]).is_some();
            let kept = server.store().entries().await.expect("read");
            let evidence = server.store().evidence(None, MOST_EVIDENCE, None).await;
            let words = format!("\"entry\":\"{name}\"");
            let has_evidence = |one: &KeptEvidence| one.evidence.record.contains(&words);
            in_force
                && kept.iter().any(|kept| kept.name == name)
                && evidence.expect("read").iter().any(has_evidence)
        };
        let comes = async {
            while !is_done().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), comes)
            .await
            .unwrap_or_else(|_| panic!("half done after {polls} polls"));
    }
    background.abort();
}

//! The same suite on SQLite and PostgreSQL, and what only one of them can show.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use palisade_identity::store::{
    Change, KeptAgent, KeptBundle, KeptEntry, Location, MOST_EVIDENCE, NewEvidence, Seal, Store,
    StoreError,
};
use tempfile::TempDir;

use crate::postgres::Cluster;

const NOW: i64 = 1_800_000_000;

/// Names each test of the suite once for each database.
macro_rules! suite {
    ($($name:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    let place = super::Place::sqlite();
                    super::$name(&place).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    let place = super::Place::postgres();
                    super::$name(&place).await;
                }
            )*
        }
    };
}

suite! {
    keeps_everything,
    changes_all_or_nothing,
    refuses_a_change_of_what_was_not_seen,
    replaces_keys_of_the_version_that_was_read,
    redeems_a_token_once,
    keeps_keys_sealed,
    refuses_a_newer_database,
    keeps_evidence_in_order,
}

struct Place {
    location: Location,
    folder: TempDir,
    _cluster: Option<Arc<Cluster>>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            location: Location::Sqlite(folder.path().join("identity.db")),
            folder,
            _cluster: None,
        }
    }

    fn postgres() -> Self {
        let cluster = Cluster::shared();
        Self {
            location: Location::Postgres(cluster.database()),
            folder: tempfile::tempdir().expect("a folder"),
            _cluster: Some(cluster),
        }
    }

    fn seal(&self) -> Seal {
        Seal::file(&self.folder.path().join("seal.key")).expect("a key")
    }

    async fn open(&self) -> Store {
        Store::open(&self.location, self.seal())
            .await
            .expect("it opens")
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).expect("a time")
}

fn entry(name: &str) -> Change {
    Change::PutEntry(KeptEntry {
        name: name.to_owned(),
        document: "{\"id\": \"/web\"}".to_owned(),
        changed: at(1),
    })
}

async fn keeps_everything(place: &Place) {
    let agent = KeptAgent {
        id: "spiffe://example.org/agent/one".to_owned(),
        method: "join-token".to_owned(),
        attributes: "{}".to_owned(),
        public_key: vec![1, 2, 3],
        attested: at(0),
        expires: at(3600),
        banned: false,
    };
    let entry = KeptEntry {
        name: "web".to_owned(),
        document: "{\"id\": \"/web\"}".to_owned(),
        changed: at(1),
    };
    let bundle = KeptBundle {
        trust_domain: "other.org".to_owned(),
        document: "{\"keys\": []}".to_owned(),
        changed: at(2),
    };
    let changes = [
        Change::PutAgent(agent.clone()),
        Change::PutEntry(entry.clone()),
        Change::PutBundle(bundle.clone()),
    ];
    let store = place.open().await;
    assert_eq!(store.change(None, &changes).await.expect("kept"), 1);
    store.close().await;
    drop(store);

    let store = place.open().await;
    assert_eq!(store.revision().await.expect("read"), 1);
    assert_eq!(
        store.agents().await.expect("read"),
        std::slice::from_ref(&agent)
    );
    assert_eq!(
        store.agent(&agent.id).await.expect("read"),
        Some(agent.clone())
    );
    assert_eq!(
        store.agent("spiffe://example.org/no").await.expect("read"),
        None
    );
    assert_eq!(store.entries().await.expect("read"), [entry]);
    assert_eq!(store.bundles().await.expect("read"), [bundle]);

    let banned = KeptAgent {
        banned: true,
        ..agent.clone()
    };
    let changes = [
        Change::PutAgent(banned.clone()),
        Change::DropEntry("web".to_owned()),
        Change::DropBundle("other.org".to_owned()),
    ];
    assert_eq!(store.change(Some(1), &changes).await.expect("kept"), 2);
    assert_eq!(*store.revisions().borrow(), 2);
    assert_eq!(store.agents().await.expect("read"), [banned]);
    assert!(store.entries().await.expect("read").is_empty());
    assert!(store.bundles().await.expect("read").is_empty());
    store
        .change(None, &[Change::DropAgent(agent.id)])
        .await
        .expect("kept");
    assert!(store.agents().await.expect("read").is_empty());
}

async fn changes_all_or_nothing(place: &Place) {
    let store = place.open().await;
    let token = store
        .invite("spiffe://example.org/agent", at(60))
        .await
        .expect("made");
    // The second change breaks a rule of the table: the same token twice.
    let changes = [entry("a"), Change::PutToken(token)];
    let error = store.change(None, &changes).await.expect_err("refused");
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert!(store.entries().await.expect("read").is_empty());
    assert_eq!(store.revision().await.expect("read"), 1);
}

async fn refuses_a_change_of_what_was_not_seen(place: &Place) {
    let store = place.open().await;
    let seen = store.revision().await.expect("read");
    let (first, second) = ([entry("first")], [entry("second")]);
    let (one, other) = tokio::join!(
        store.change(Some(seen), &first),
        store.change(Some(seen), &second),
    );
    assert!(one.is_err() != other.is_err(), "{one:?} {other:?}");
    let error = one.err().or(other.err()).expect("one lost");
    assert!(matches!(error, StoreError::Conflict), "{error}");
    assert_eq!(store.entries().await.expect("read").len(), 1);
}

async fn replaces_keys_of_the_version_that_was_read(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.keys().await.expect("read"), None);
    let (one, other) = tokio::join!(
        store.replace_keys(0, 1, b"one"),
        store.replace_keys(0, 1, b"other"),
    );
    assert!(one.is_err() != other.is_err(), "{one:?} {other:?}");
    let first = store.keys().await.expect("read").expect("kept");
    store.replace_keys(1, 2, b"next").await.expect("replaced");
    assert_ne!(store.keys().await.expect("read"), Some(first));
    for stale in [0, 1, 3] {
        let error = store
            .replace_keys(stale, 9, b"stale")
            .await
            .expect_err("refused");
        assert!(matches!(error, StoreError::Conflict), "{error}");
    }
    let (version, content) = store.keys().await.expect("read").expect("kept");
    assert_eq!((version, content.as_slice()), (2, b"next".as_slice()));
    assert_eq!(*store.revisions().borrow(), 2);
}

async fn redeems_a_token_once(place: &Place) {
    let store = place.open().await;
    let token = store
        .invite("spiffe://example.org/agent/a", at(600))
        .await
        .expect("made");
    assert!(!format!("{token:?}").contains(token.text.as_str()));
    let tries = (0..8).map(|_| {
        let (store, text) = (store.clone(), token.text.to_string());
        tokio::spawn(async move { store.redeem(&text, at(0)).await })
    });
    let mut got = Vec::new();
    for tried in tries.collect::<Vec<_>>() {
        got.extend(tried.await.expect("no panic").ok());
    }
    assert_eq!(got, ["spiffe://example.org/agent/a"]);

    let late = store
        .invite("spiffe://example.org/agent/b", at(600))
        .await
        .expect("made");
    for wrong in ["", "f00d", &"a".repeat(10_000), late.text.as_str()] {
        let error = store.redeem(wrong, at(600)).await.expect_err("refused");
        assert!(matches!(error, StoreError::Token), "{error}");
    }
}

async fn keeps_keys_sealed(place: &Place) {
    let store = place.open().await;
    store
        .replace_keys(0, 1, b"the private key")
        .await
        .expect("kept");
    store.close().await;
    drop(store);
    let other = Seal::of(&[7; 32]).expect("a key");
    let store = Store::open(&place.location, other).await.expect("it opens");
    let error = store.keys().await.expect_err("another key");
    assert!(matches!(error, StoreError::Seal(_)), "{error}");
    store.close().await;
    drop(store);
    if let Location::Sqlite(path) = &place.location {
        for name in [path.clone(), path.with_extension("db-wal")] {
            let bytes = std::fs::read(&name).unwrap_or_default();
            let secret = b"the private key".as_slice();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret));
        }
        let mode = std::fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

async fn refuses_a_newer_database(place: &Place) {
    drop(place.open().await);
    let url = match &place.location {
        Location::Sqlite(path) => format!("sqlite://{}", path.display()),
        Location::Postgres(url) => url.clone(),
    };
    let pool = sqlx::AnyPool::connect(&url).await.expect("it opens");
    let newer = "INSERT INTO _sqlx_migrations
         (version, description, success, checksum, execution_time)
         SELECT 99, description, success, checksum, execution_time FROM _sqlx_migrations";
    sqlx::query(newer).execute(&pool).await.expect("written");
    pool.close().await;
    let error = Store::open(&place.location, place.seal())
        .await
        .expect_err("refused");
    assert!(matches!(error, StoreError::Newer), "{error}");
}

async fn keeps_evidence_in_order(place: &Place) {
    let store = place.open().await;
    let record = |number: i64, subject: &str| NewEvidence {
        at: at(number),
        subject: subject.to_owned(),
        record: format!("{{\"number\": {number}}}"),
    };
    let records = [record(1, "web"), record(2, "cart"), record(3, "web")];
    store.record(&records).await.expect("kept");
    let all = store
        .evidence(Some(0), MOST_EVIDENCE, None)
        .await
        .expect("read");
    let read: Vec<_> = all.iter().map(|kept| kept.evidence.clone()).collect();
    assert_eq!(read, records);
    let web = store
        .evidence(Some(0), MOST_EVIDENCE, Some("web"))
        .await
        .expect("read");
    assert_eq!(web.len(), 2);
    let after = store
        .evidence(Some(all[1].number), MOST_EVIDENCE, None)
        .await
        .expect("read");
    assert_eq!(after.len(), 1);
    assert_eq!(store.forget_evidence(at(3)).await.expect("forgotten"), 2);
    assert_eq!(kept_by(&store).await, 1);
    assert_eq!(store.revision().await.expect("read"), 0);
}

/// How many records there are.
async fn kept_by(store: &Store) -> usize {
    let kept = store.evidence(Some(0), MOST_EVIDENCE, None).await;
    kept.expect("read").len()
}

/// Runs the test below in a file system of its own, that holds one megabyte.
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("this program");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && shift && exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(own)
        .args(["--exact", "store::on_a_small_disk", "--ignored"])
        .env("TMPDIR", folder.path())
        .output()
        .expect("`unshare` of util-linux");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "fills the disk: `a_full_disk_is_told_and_loses_nothing` gives it a small one"]
async fn on_a_small_disk() {
    let place = Place::sqlite();
    let ballast = place.folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 256 << 10]).expect("written");
    let store = place.open().await;
    store.replace_keys(0, 1, b"keys").await.expect("kept");
    let filler = NewEvidence {
        at: at(0),
        subject: "web".to_owned(),
        record: "x".repeat(4096),
    };
    let mut kept = 0;
    let error = loop {
        match store.record(std::slice::from_ref(&filler)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the disk never fills");
    };
    assert!(matches!(error, StoreError::Full), "{error}");
    assert!(error.to_string().contains("free some space"));
    let error = store.replace_keys(1, 2, &vec![1; 100_000]).await;
    assert!(matches!(error, Err(StoreError::Full)), "{error:?}");
    let (version, keys) = store.keys().await.expect("read").expect("kept");
    assert_eq!((version, keys.as_slice()), (1, b"keys".as_slice()));
    assert_eq!(kept_by(&store).await, kept);
    // With space again, the same store goes on.
    std::fs::remove_file(&ballast).expect("freed");
    store.replace_keys(1, 2, b"next").await.expect("kept");
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.keys().await.expect("read").expect("kept").0, 2);
}

#[tokio::test]
async fn one_server_uses_an_embedded_database() {
    let place = Place::sqlite();
    let _store = place.open().await;
    let error = Store::open(&place.location, place.seal())
        .await
        .expect_err("refused");
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    assert!(error.to_string().contains("--database"), "{error}");
}

#[tokio::test]
async fn a_damaged_file_is_told() {
    let place = Place::sqlite();
    std::fs::write(
        place.folder.path().join("identity.db"),
        "no database".repeat(500),
    )
    .expect("written");
    let error = Store::open(&place.location, place.seal())
        .await
        .expect_err("refused");
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

#[test]
fn a_sealing_key_that_is_cut_off_or_open_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seal.key");
    Seal::file(&path).expect("made");
    Seal::file(&path).expect("read again");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("set");
    let error = Seal::file(&path).expect_err("open to others").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
    std::fs::write(&path, [1; 31]).expect("written");
    let error = Seal::file(&path).expect_err("cut off").to_string();
    assert!(error.contains("32 bytes"), "{error}");
}

#[tokio::test]
async fn servers_tell_each_other_of_changes() {
    let place = Place::postgres();
    let (one, other) = (place.open().await, place.open().await);
    let mut revisions = other.revisions();
    let changes = [entry("a")];
    let revision = one.change(None, &changes).await.expect("kept");
    let told = revisions.wait_for(|seen| *seen == revision);
    tokio::time::timeout(Duration::from_mins(1), told)
        .await
        .expect("told")
        .expect("open");
    assert_eq!(other.entries().await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_database_that_goes_away_loses_no_change_and_keeps_no_half() {
    let cluster = Cluster::start();
    let location = Location::Postgres(cluster.database());
    let seal = Seal::of(&[1; 32]).expect("a key");
    let (one, other) = (
        Store::open(&location, seal.clone()).await.expect("open"),
        Store::open(&location, seal).await.expect("open"),
    );
    let store = one.clone();
    let rotating = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let pair = ["old", "new"].map(|half| entry(&format!("{number:06}-{half}")));
            match store.change(None, &pair).await {
                Ok(_) => acknowledged.push(number),
                Err(error) => return (acknowledged, error),
            }
        }
        unreachable!("the database goes away")
    });
    let mut revisions = other.revisions();
    let begun = revisions.wait_for(|seen| *seen >= 20);
    tokio::time::timeout(Duration::from_mins(1), begun)
        .await
        .expect("begun")
        .expect("open");
    cluster.crash();
    let (acknowledged, error) = rotating.await.expect("no panic");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("does not answer"), "{error}");

    cluster.resume();
    let revision = one.revision().await.expect("read");
    let kept = one.entries().await.expect("read");
    let ids: Vec<&str> = kept.iter().map(|kept| kept.name.as_str()).collect();
    for number in &acknowledged {
        assert!(
            ids.contains(&format!("{number:06}-old").as_str()),
            "{number} is lost"
        );
    }
    assert_eq!(ids.len() % 2, 0, "half a change was kept");
    assert_eq!(usize::try_from(revision).expect("positive"), ids.len() / 2);
    // The other server hears of changes again without a hand.
    let next = one.change(Some(revision), &[]).await.expect("kept");
    let told = revisions.wait_for(|seen| *seen == next);
    tokio::time::timeout(Duration::from_mins(1), told)
        .await
        .expect("told")
        .expect("open");
}

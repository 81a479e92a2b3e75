//! Learns at once what other servers changed: PostgreSQL tells it on one connection that stays open.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch::Sender;

use super::Store;
use super::change::CHANNEL;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Follows changes in the background until the store goes.
pub(super) fn follow(url: String, store: &Store) {
    let (pool, seen) = (store.pool.clone(), store.seen.clone());
    tokio::spawn(async move {
        let mut pause = FIRST_PAUSE;
        while !pool.is_closed() {
            if listen(&url, &pool, &seen).await.is_ok() {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = pool.close_event() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    });
}

/// Until the connection is lost. Whatever was changed before it stood is read first.
async fn listen(url: &str, pool: &sqlx::AnyPool, seen: &Sender<i64>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    let row = sqlx::query("SELECT revision FROM state WHERE id = 1")
        .fetch_one(pool)
        .await?;
    raise(seen, sqlx::Row::try_get(&row, 0)?);
    loop {
        let told = tokio::select! {
            () = pool.close_event() => return Ok(()),
            told = listener.try_recv() => told,
        };
        match told {
            Ok(Some(notification)) => {
                if let Ok(revision) = notification.payload().parse() {
                    raise(seen, revision);
                }
            }
            Ok(None) | Err(_) => return Ok(()),
        }
    }
}

/// Says a revision to all who wait, unless they know a newer one.
pub(super) fn raise(seen: &Sender<i64>, revision: i64) {
    seen.send_if_modified(|seen| {
        let newer = revision > *seen;
        *seen = (*seen).max(revision);
        newer
    });
}

//! Streams that say everything at once, and say it again whole whenever it changes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;
use tonic::Status;

use super::answers;
use super::subject::Subject;
use crate::{Attributes, Holdings, Issuer};

/// A stream of answers.
pub(crate) type Answers<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// Makes a message of everything that the subject holds.
pub(crate) type Form<M> = fn(&Holdings) -> Result<M, Status>;

/// What a stream needs to go on.
struct Push<M> {
    subject: Arc<dyn Subject>,
    attested: Attributes,
    holdings: watch::Receiver<Arc<Holdings>>,
    form: Form<M>,
    jitter: Duration,
    first: bool,
}

/// Attests the subject and begins a stream; a refusal is the answer to the call itself.
pub(crate) async fn begin<M: Send + 'static>(
    subject: Arc<dyn Subject>,
    issuer: &dyn Issuer,
    form: Form<M>,
    jitter: Duration,
) -> Result<Answers<M>, Status> {
    let attested = subject.attest().await?;
    let holdings = issuer
        .holdings(&attested)
        .await
        .map_err(|refusal| answers::status(&refusal))?;
    let mut push = Push {
        subject,
        attested,
        holdings,
        form,
        jitter,
        first: true,
    };
    let first = push.render()?;
    push.first = false;
    let later = unfold(Some(push), |push| async {
        let mut push = push?;
        let next = push.next().await;
        // An error is the last thing that a stream says.
        let rest = next.is_ok().then_some(push);
        Some((next, rest))
    });
    let first = futures_util::stream::once(std::future::ready(Ok(first)));
    Ok(Box::pin(futures_util::StreamExt::chain(first, later)))
}

impl<M> Push<M> {
    fn render(&mut self) -> Result<M, Status> {
        let holdings = Arc::clone(&self.holdings.borrow_and_update());
        (self.form)(&holdings)
    }

    async fn next(&mut self) -> Result<M, Status> {
        tokio::select! {
            changed = self.holdings.changed() => changed.map_err(|_| stopped())?,
            () = self.subject.ended() => return Err(ended()),
        }
        wait_a_chance(self.jitter).await;
        if self.subject.attest().await? != self.attested {
            return Err(changed());
        }
        self.render()
    }
}

/// The subject is gone.
pub(crate) fn ended() -> Status {
    Status::not_found("the process has ended")
}

/// Nobody says any more what the subject holds.
pub(crate) fn stopped() -> Status {
    Status::unavailable("the issuer has stopped: connect again")
}

/// Other attributes are attested than at the beginning.
pub(crate) fn changed() -> Status {
    Status::permission_denied("what is attested of this process has changed: call again")
}

/// Waits a random part of a time, so that many streams do not speak at the same moment.
pub(crate) async fn wait_a_chance(longest: Duration) {
    tokio::time::sleep(chance_of(longest)).await;
}

fn chance_of(longest: Duration) -> Duration {
    let mut bytes = [0; 4];
    if longest.is_zero() || aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return Duration::ZERO;
    }
    longest.mul_f64(f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}

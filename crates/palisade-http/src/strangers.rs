//! Connections of whom nothing is proven yet: only so many at a time, and the oldest goes when
//! another comes.
//!
//! Whoever is honest proves itself, or is answered, within moments. So peers that connect and keep
//! silent drive out each other and not those who come after them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Everybody who is unknown yet.
#[derive(Debug)]
pub struct Strangers {
    most: usize,
    here: Mutex<Here>,
}

#[derive(Debug, Default)]
struct Here {
    /// The oldest has the smallest number. Whose sender is dropped is sent away.
    all: BTreeMap<u64, oneshot::Sender<()>>,
    next: u64,
}

/// A place among them, until dropped.
#[derive(Debug)]
pub struct Stranger {
    number: u64,
    away: oneshot::Receiver<()>,
    strangers: Arc<Strangers>,
}

impl Strangers {
    /// Room for so many.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            here: Mutex::default(),
        })
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes somebody in, in the place of the oldest where there is no room.
    pub fn come(self: &Arc<Self>) -> Stranger {
        let (stays, away) = oneshot::channel();
        let mut here = self.here();
        while here.all.len() >= self.most {
            if here.all.pop_first().is_none() {
                break;
            }
        }
        let number = here.next;
        here.next = here.next.saturating_add(1);
        here.all.insert(number, stays);
        drop(here);
        Stranger {
            number,
            away,
            strangers: Arc::clone(self),
        }
    }
}

impl Stranger {
    /// Does something while there is room for the stranger; nothing comes of it otherwise.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = &mut self.away => None,
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.strangers.here().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    //! Silent connections drive out each other, the oldest first.

    use super::{Stranger, Strangers};

    /// Whether there is still room for somebody.
    async fn stays(stranger: &mut Stranger) -> bool {
        let moment = async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        };
        stranger.during(moment).await.is_some()
    }

    #[tokio::test]
    async fn the_oldest_goes_when_another_comes() {
        let strangers = Strangers::new(2);
        let (mut first, mut second) = (strangers.come(), strangers.come());
        assert!(stays(&mut first).await && stays(&mut second).await);
        let mut third = strangers.come();
        assert!(!stays(&mut first).await);
        assert!(stays(&mut second).await && stays(&mut third).await);
        // Whoever goes by itself makes room.
        drop(second);
        let mut fourth = strangers.come();
        assert!(stays(&mut third).await && stays(&mut fourth).await);
        drop(first);
        assert_eq!(strangers.here().all.len(), 2);
    }
}

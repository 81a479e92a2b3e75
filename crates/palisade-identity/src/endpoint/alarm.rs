//! What an operator is told at once: signs that a process passes itself off as another one.

use std::fmt;
use std::sync::Arc;

/// A sign of an attack, or of a program that cannot be attested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    /// The attested process.
    pub pid: u32,
    /// The user that it runs as.
    pub uid: u32,
    /// What was seen.
    pub sign: Sign,
}

/// What was seen on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// Another process wrote on the connection.
    Stranger {
        /// The one that wrote.
        pid: u32,
    },
    /// The process did not answer the challenge in time.
    Silent,
    /// Something that must stay has changed.
    Changed {
        /// What it is.
        what: &'static str,
    },
}

impl fmt::Display for SecurityEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, uid, sign } = self;
        match sign {
            Sign::Stranger { pid: stranger } => write!(
                f,
                "process {stranger} used the connection of process {pid} (user {uid}): nothing was issued on it; a program that forks opens a new connection in the child"
            ),
            Sign::Silent => write!(
                f,
                "process {pid} (user {uid}) did not answer on its own connection: nothing was issued on it; look whether the connection was handed to another process"
            ),
            Sign::Changed { what } => write!(
                f,
                "process {pid} (user {uid}) has changed its {what} since it connected: nothing was issued; it connects again as what it is now"
            ),
        }
    }
}

/// Is told of every event, on the thread that serves: hand it on and return.
pub type Alarm = Arc<dyn Fn(&SecurityEvent) + Send + Sync>;

//! Finds out who somebody is, without asking them.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod executable;
pub mod kubernetes;
#[cfg(target_os = "linux")]
mod process;

#[cfg(target_os = "linux")]
pub use executable::Digests;
#[cfg(target_os = "linux")]
pub use process::Process;

use std::io;

use crate::AttributeError;

/// Why a process cannot be attested; each is a refusal.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    /// The process has ended.
    #[error("the process has ended")]
    Ended,
    /// The process is in a namespace of processes that is not visible from here.
    #[error(
        "the process is not visible from here: run the agent in the machine's own pid namespace (`hostPID: true` on Kubernetes)"
    )]
    Invisible,
    /// The kernel cannot do what attestation stands on.
    #[error("this kernel cannot attest processes (`{call}`): Linux 6.5 or newer is needed")]
    Kernel {
        /// What was called.
        call: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// Something that is to be seen may not be.
    #[error(
        "cannot see {what} of process {pid}: run palisade as root, with CAP_SYS_PTRACE, or as the same user as that process"
    )]
    Forbidden {
        /// What was to be seen.
        what: &'static str,
        /// Of which process.
        pid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// Something that is to be seen cannot be read.
    #[error("cannot read {what} of process {pid}")]
    Read {
        /// What was to be read.
        what: &'static str,
        /// Of which process.
        pid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// The process is no longer what it was when it connected.
    #[error("process {pid} has changed its {what} since it connected")]
    Changed {
        /// What has changed.
        what: &'static str,
        /// Of which process.
        pid: u32,
    },
    /// There is too much to take in.
    #[error(transparent)]
    Attribute(#[from] AttributeError),
}

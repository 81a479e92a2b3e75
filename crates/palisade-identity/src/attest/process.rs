//! A process of this machine, held by a descriptor that never means another one.

use std::fs::{File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use nix::sys::socket::{getsockopt, sockopt};
use pidfd_util::{PidFd, PidFdExt};

use super::AttestationError;
use crate::Attributes;

/// A process as it was when it was first seen.
pub struct Process {
    pid: u32,
    handle: Mutex<PidFd>,
    first: Sight,
}

/// What must stay as it is for as long as answers go to the process.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    user: u32,
    group: u32,
    executable: (u64, u64),
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl Process {
    /// The process that connected this socket, seen now.
    ///
    /// # Errors
    /// It has ended, is not visible, or the kernel is too old.
    pub fn of_peer(socket: impl AsFd) -> Result<Self, AttestationError> {
        let descriptor = getsockopt(&socket, sockopt::PeerPidfd).map_err(|error| match error {
            nix::Error::EINVAL | nix::Error::ENODATA | nix::Error::ESRCH => AttestationError::Ended,
            other => AttestationError::Kernel {
                call: "SO_PEERPIDFD",
                source: other.into(),
            },
        })?;
        Self::see(descriptor)
    }

    fn see(descriptor: OwnedFd) -> Result<Self, AttestationError> {
        let handle = PidFd::from(descriptor);
        let pid = handle
            .get_pid()
            .map_err(|error| ended("PIDFD_GET_INFO", error))?;
        let pid = u32::try_from(pid).map_err(|_| AttestationError::Ended)?;
        if pid == 0 {
            return Err(AttestationError::Invisible);
        }
        let first = sight(pid, &handle)?;
        Ok(Self {
            pid,
            handle: Mutex::new(handle),
            first,
        })
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// A descriptor that becomes readable when the process ends.
    ///
    /// # Errors
    /// There are no descriptors left.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.handle().as_fd().try_clone_to_owned()
    }

    /// Everything that is attested of the process now. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// The process has ended, or is no longer what it was when it was first seen.
    pub fn attest(&self) -> Result<Attributes, AttestationError> {
        self.confirm()?;
        let mut attributes = Attributes::default();
        attributes.add("unix.uid", self.first.user.to_string())?;
        attributes.add("unix.gid", self.first.group.to_string())?;
        if let Ok(path) = std::fs::read_link(self.proc("exe")) {
            attributes.add("unix.path", path.to_string_lossy())?;
        }
        self.confirm()?;
        Ok(attributes)
    }

    /// Whether the process is still what it was when it was first seen.
    ///
    /// # Errors
    /// It is not, or it has ended.
    pub fn confirm(&self) -> Result<(), AttestationError> {
        let now = sight(self.pid, &self.handle())?;
        let changed = |what| AttestationError::Changed {
            what,
            pid: self.pid,
        };
        if now.executable != self.first.executable {
            return Err(changed("executable"));
        }
        if now != self.first {
            return Err(changed("user or group"));
        }
        Ok(())
    }

    fn handle(&self) -> MutexGuard<'_, PidFd> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proc(&self, name: &str) -> PathBuf {
        proc(self.pid, name)
    }
}

fn sight(pid: u32, handle: &PidFd) -> Result<Sight, AttestationError> {
    let executable = executable(pid)?;
    let credentials = handle
        .get_creds()
        .map_err(|error| ended("PIDFD_GET_INFO", error))?;
    // INVARIANT: the descriptor answered after the files were read, so they were of this process.
    Ok(Sight {
        user: credentials.euid,
        group: credentials.egid,
        executable: (executable.dev(), executable.ino()),
    })
}

fn executable(pid: u32) -> Result<Metadata, AttestationError> {
    File::open(proc(pid, "exe"))
        .and_then(|file| file.metadata())
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => AttestationError::Ended,
            _ => AttestationError::Read {
                what: "the executable",
                pid,
                source,
            },
        })
}

fn proc(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn ended(call: &'static str, source: io::Error) -> AttestationError {
    match source.kind() {
        io::ErrorKind::Unsupported => AttestationError::Kernel { call, source },
        _ => AttestationError::Ended,
    }
}

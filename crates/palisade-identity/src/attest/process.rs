//! A process of this machine, held by a descriptor that never means another one.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::socket::{getsockopt, sockopt};
use nix::unistd::{Gid, Group, Uid, User};
use pidfd_util::{PidFd, PidFdExt};

use super::AttestationError;
use super::cgroup::{self, Cgroup};
use super::executable::{self, Digests, FileState};
use crate::Attributes;

/// The longest `/proc/PID/status` that is read, in bytes.
const LONGEST_STATUS: u64 = 64 * 1024;
/// The most supplementary groups that become attributes.
const MOST_GROUPS: usize = 64;

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
    /// The file that is executed. Nobody can write to it meanwhile, and its number is not given
    /// to another file; that it loses its name, as in an upgrade, is no change of the process.
    executable: (u64, u64),
    /// The number that the kernel gives the control group; zero where it has none.
    cgroup_id: u64,
    /// The control group's path; empty where it is not visible.
    cgroup: String,
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
        Self::see(PidFd::from(descriptor))
    }

    /// The process that has this number now.
    ///
    /// # Errors
    /// There is none, or it is not visible.
    pub fn of_number(pid: u32) -> Result<Self, AttestationError> {
        let number = i32::try_from(pid).map_err(|_| AttestationError::Ended)?;
        if number == 0 {
            return Err(AttestationError::Ended);
        }
        Self::see(PidFd::from_pid(number).map_err(|error| ended("pidfd_open", error))?)
    }

    fn see(handle: PidFd) -> Result<Self, AttestationError> {
        let pid = alive(&handle)?;
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

    /// The user that the process runs as.
    pub fn uid(&self) -> u32 {
        self.first.user
    }

    /// Whom the process runs as, and in which control group: who shares both shares a quota.
    pub fn quota(&self) -> String {
        format!("user {} in {}", self.first.user, self.first.cgroup)
    }

    /// A descriptor that becomes readable when the process ends.
    ///
    /// # Errors
    /// There are no descriptors left.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.handle().as_fd().try_clone_to_owned()
    }

    /// Whether the process is still what it was when it was first seen.
    ///
    /// # Errors
    /// It is not, or it has ended.
    pub fn confirm(&self) -> Result<(), AttestationError> {
        let now = sight(self.pid, &self.handle())?;
        let pid = self.pid;
        let changed = |what| Err(AttestationError::Changed { what, pid });
        if now.executable != self.first.executable {
            return changed("executable");
        }
        if (now.user, now.group) != (self.first.user, self.first.group) {
            return changed("user or group");
        }
        if now != self.first {
            return changed("control group");
        }
        Ok(())
    }

    /// Everything that is attested of the process now. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// The process has ended, or is no longer what it was when it was first seen.
    pub fn attest(&self, digests: &Digests) -> Result<Attributes, AttestationError> {
        self.confirm()?;
        let mut attributes = Attributes::default();
        self.add_user(&mut attributes)?;
        self.add_executable(digests, &mut attributes)?;
        self.add_cgroup(&mut attributes)?;
        // INVARIANT: what was read above is of the process that was seen first, because it is
        // still the same now.
        self.confirm()?;
        Ok(attributes)
    }

    fn add_user(&self, to: &mut Attributes) -> Result<(), AttestationError> {
        let Sight { user, group, .. } = self.first;
        to.add("unix.uid", user.to_string())?;
        to.add("unix.gid", group.to_string())?;
        if let Ok(Some(user)) = User::from_uid(Uid::from_raw(user)) {
            to.add("unix.user", user.name)?;
        }
        if let Ok(Some(group)) = Group::from_gid(Gid::from_raw(group)) {
            to.add("unix.group", group.name)?;
        }
        let status = text_of(self.pid, "status", LONGEST_STATUS)?;
        let groups = status.lines().find_map(|line| line.strip_prefix("Groups:"));
        for group in groups
            .unwrap_or_default()
            .split_whitespace()
            .take(MOST_GROUPS)
        {
            to.add("unix.supplementary-gid", group)?;
        }
        Ok(())
    }

    fn add_executable(
        &self,
        digests: &Digests,
        to: &mut Attributes,
    ) -> Result<(), AttestationError> {
        let mut file = open(self.pid, "exe")?;
        let read = |source| unreadable("the executable", self.pid, source);
        let state = FileState::of(&file.metadata().map_err(read)?);
        let path = std::fs::read_link(proc(self.pid, "exe")).ok();
        let path = path.and_then(|link| executable::path(link, state));
        if let Some(path) = path.as_deref().and_then(|path| path.to_str()) {
            to.add("unix.path", path)?;
        }
        if let Some(digest) = digests.sha256(&mut file).map_err(read)? {
            to.add("unix.sha256", digest)?;
        }
        Ok(())
    }

    fn add_cgroup(&self, to: &mut Attributes) -> Result<(), AttestationError> {
        let cgroup = Cgroup::at(&self.first.cgroup);
        let Some(cgroup) = cgroup else {
            return Ok(());
        };
        to.add("unix.cgroup", cgroup.path())?;
        if let Some(id) = cgroup.container() {
            to.add("unix.container", id)?;
        }
        if let Some(uid) = cgroup.pod() {
            to.add("unix.pod-uid", uid)?;
        }
        if let Some(unit) = cgroup.unit() {
            to.add("systemd.unit", unit)?;
        }
        Ok(())
    }

    fn handle(&self) -> MutexGuard<'_, PidFd> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sight(pid: u32, handle: &PidFd) -> Result<Sight, AttestationError> {
    let executable = open(pid, "exe")?
        .metadata()
        .map_err(|source| unreadable("the executable", pid, source))?;
    let cgroup_id = cgroup_id(handle)?;
    let text = text_of(pid, "cgroup", cgroup::LONGEST)?;
    let cgroup = Cgroup::read(&text).map(|cgroup| cgroup.path().to_owned());
    let (user, group) = credentials(pid, handle)?;
    // INVARIANT: `pid` was not given to another process while files were read, because the
    // descriptor still says that number; and the path is of the group whose number was read.
    if alive(handle)? != pid {
        return Err(AttestationError::Ended);
    }
    if cgroup_id != self::cgroup_id(handle)? {
        return Err(AttestationError::Changed {
            what: "control group",
            pid,
        });
    }
    Ok(Sight {
        user,
        group,
        executable: FileState::of(&executable).file(),
        cgroup_id,
        cgroup: cgroup.unwrap_or_default(),
    })
}

fn alive(handle: &PidFd) -> Result<u32, AttestationError> {
    let pid = handle.get_pid();
    let pid = pid.map_err(|error| ended("PIDFD_GET_INFO", error))?;
    // The descriptor says -1 of a process that is gone, on kernels that tell it as text.
    u32::try_from(pid).map_err(|_| AttestationError::Ended)
}

/// The effective user and group: by the descriptor, or as text before Linux 6.13.
fn credentials(pid: u32, handle: &PidFd) -> Result<(u32, u32), AttestationError> {
    match handle.get_creds() {
        Ok(credentials) => Ok((credentials.euid, credentials.egid)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let status = text_of(pid, "status", LONGEST_STATUS)?;
            let effective = |name| {
                let line = status.lines().find_map(|line| line.strip_prefix(name))?;
                line.split_whitespace().nth(1)?.parse::<u32>().ok()
            };
            effective("Uid:")
                .zip(effective("Gid:"))
                .ok_or_else(|| unreadable("the user", pid, io::ErrorKind::InvalidData.into()))
        }
        Err(error) => Err(ended("PIDFD_GET_INFO", error)),
    }
}

fn cgroup_id(handle: &PidFd) -> Result<u64, AttestationError> {
    match handle.get_cgroupid() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(0),
        other => other.map_err(|error| ended("PIDFD_GET_INFO", error)),
    }
}

fn open(pid: u32, name: &'static str) -> Result<File, AttestationError> {
    File::open(proc(pid, name)).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => AttestationError::Ended,
        _ => unreadable(shown(name), pid, source),
    })
}

/// A file below `/proc` in words.
fn shown(name: &'static str) -> &'static str {
    match name {
        "exe" => "the executable",
        "cgroup" => "the control group",
        _ => name,
    }
}

fn text_of(pid: u32, name: &'static str, longest: u64) -> Result<String, AttestationError> {
    let mut bytes = Vec::new();
    let read = open(pid, name)?.take(longest).read_to_end(&mut bytes);
    read.map_err(|source| match source.raw_os_error() {
        Some(number) if number == nix::Error::ESRCH as i32 => AttestationError::Ended,
        _ => unreadable(name, pid, source),
    })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= longest {
        return Err(unreadable(name, pid, io::ErrorKind::FileTooLarge.into()));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(name, pid, io::ErrorKind::InvalidData.into()))
}

fn proc(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

fn unreadable(what: &'static str, pid: u32, source: io::Error) -> AttestationError {
    match source.kind() {
        io::ErrorKind::PermissionDenied => AttestationError::Forbidden { what, pid, source },
        _ => AttestationError::Read { what, pid, source },
    }
}

fn ended(call: &'static str, source: io::Error) -> AttestationError {
    match source.kind() {
        io::ErrorKind::Unsupported => AttestationError::Kernel { call, source },
        _ => AttestationError::Ended,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::unreadable;

    #[test]
    fn what_may_not_be_seen_is_told_with_the_way_out() {
        let forbidden = io::ErrorKind::PermissionDenied.into();
        let said = unreadable("the executable", 1, forbidden).to_string();
        assert_eq!(
            said,
            "cannot see the executable of process 1: run palisade as root, with CAP_SYS_PTRACE, or as the same user as that process"
        );
        let broken = unreadable("status", 1, io::ErrorKind::InvalidData.into());
        assert_eq!(broken.to_string(), "cannot read status of process 1");
    }
}

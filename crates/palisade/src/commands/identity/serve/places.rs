//! Where a server keeps its state and listens when nobody says it.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

const STATE: &str = "/var/lib/palisade/identity";
const RUN: &str = "/run/palisade";

/// Where state is.
#[derive(Debug, Args)]
pub(in crate::commands::identity) struct StatePlace {
    /// Folder with the state: database, sealing key, the operator's socket
    #[arg(
        long,
        value_name = "DIR",
        env = "PALISADE_IDENTITY_STATE",
        hide_env_values = true
    )]
    state: Option<PathBuf>,
    /// Socket for operators, instead of `admin.sock` in the state folder
    #[arg(long, value_name = "PATH")]
    admin_socket: Option<PathBuf>,
}

impl StatePlace {
    /// The state folder.
    pub(super) fn folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.state {
            return Ok(folder.clone());
        }
        if is_root() {
            return Ok(PathBuf::from(STATE));
        }
        if let Some(folder) = std::env::var_os("XDG_STATE_HOME").filter(|name| !name.is_empty()) {
            return Ok(PathBuf::from(folder).join("palisade/identity"));
        }
        let home = std::env::home_dir()
            .context("nobody says where the state is: name a folder with --state")?;
        Ok(home.join(".local/state/palisade/identity"))
    }

    /// The state folder, made for its owner alone where it is missing.
    pub(super) fn made(&self) -> anyhow::Result<PathBuf> {
        let folder = self.folder()?;
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.with_context(|| format!("cannot make the state folder `{}`", folder.display()))?;
        let mode = std::fs::metadata(&folder)
            .with_context(|| format!("cannot use the state folder `{}`", folder.display()))?
            .mode();
        if mode & 0o022 != 0 {
            bail!(
                "others can write to the state folder `{0}`: make it yours alone with `chmod 700 {0}`",
                folder.display()
            );
        }
        Ok(folder)
    }

    /// The operator's socket.
    pub(in crate::commands::identity) fn admin_socket(&self) -> anyhow::Result<PathBuf> {
        match &self.admin_socket {
            Some(path) => Ok(path.clone()),
            None => Ok(self.folder()?.join("admin.sock")),
        }
    }
}

/// The socket of the Workload API when nobody says it; its folder is made where it is missing.
pub(super) fn workload_socket(typed: Option<&Path>, state: &Path) -> anyhow::Result<PathBuf> {
    if let Some(path) = typed {
        make_folder_of(path)?;
        return Ok(path.to_owned());
    }
    let folder = if is_root() {
        PathBuf::from(RUN)
    } else {
        match std::env::var_os("XDG_RUNTIME_DIR").filter(|name| !name.is_empty()) {
            Some(folder) => PathBuf::from(folder).join("palisade"),
            None => state.to_owned(),
        }
    };
    let path = folder.join("workload.sock");
    make_folder_of(&path)?;
    Ok(path)
}

/// Makes the folder of a socket where it is missing: everybody may go through it.
pub(super) fn make_folder_of(socket: &Path) -> anyhow::Result<()> {
    let folder = socket
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder);
    made.with_context(|| {
        let folder = folder.display();
        format!("cannot make `{folder}`, the folder of the socket")
    })
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

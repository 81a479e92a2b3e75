//! The socket file: where it lies, who may connect, and what to do with one that was left.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Something else answers there.
    #[error("`{}` is in use by another process: stop it or choose another socket", .0.display())]
    InUse(PathBuf),
    /// The path names something that is no socket.
    #[error("`{}` is there and is not a socket: choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The system refuses.
    #[error("cannot open the socket `{}`", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Opens a socket that every process of the machine may connect to: who connects is attested.
///
/// A socket that nobody listens on any more is replaced.
///
/// # Errors
/// Another process listens there, something else lies there, or the system refuses.
pub async fn bind(path: &Path) -> Result<UnixListener, SocketError> {
    let refused = |source| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(refused(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => match UnixStream::connect(path).await {
            Ok(_) => return Err(SocketError::InUse(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(refused)?;
            }
            Err(error) => return Err(refused(error)),
        },
    }
    let listener = UnixListener::bind(path).map_err(refused)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).map_err(refused)?;
    Ok(listener)
}

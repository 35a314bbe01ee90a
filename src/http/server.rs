//! Where connections come in.

mod connections;

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, UnixListener};

use self::connections::Connections;
use crate::config::Listen;

/// When connections cannot be taken, as without file descriptors, the next attempt comes after this.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// Through a Unix socket.
    Socket,
    /// From this machine, maybe through a proxy on it.
    Loopback,
    /// From another.
    Elsewhere,
}

/// What connections come in on.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken.
    pub(super) async fn bind(listen: &Listen) -> io::Result<Self> {
        Ok(match listen {
            Listen::Tcp(address) => Self::Tcp(TcpListener::bind(address).await?),
            Listen::Unix(path) => Self::Unix(bind_socket(path)?),
        })
    }

    /// Where it listens.
    pub(super) fn address(&self, asked: &Listen) -> io::Result<Listen> {
        Ok(match self {
            Self::Tcp(listener) => Listen::Tcp(listener.local_addr()?),
            Self::Unix(_) => asked.clone(),
        })
    }

    /// Serves for ever.
    pub(super) async fn serve(self, router: Router) {
        let open = Arc::new(Connections::default());
        loop {
            let taken = match &self {
                Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| {
                    // Answers are small, and somebody waits for them.
                    let _ = stream.set_nodelay(true);
                    let local = peer.ip().to_canonical().is_loopback();
                    let peer = if local { Peer::Loopback } else { Peer::Elsewhere };
                    open.take(stream, peer, &router);
                }),
                Self::Unix(listener) => {
                    listener.accept().await.map(|(stream, _)| open.take(stream, Peer::Socket, &router))
                }
            };
            if let Err(error) = taken {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// A socket that its owner and the owner's group may use. One that nobody listens on any more is taken over.
fn bind_socket(path: &Path) -> io::Result<UnixListener> {
    // Other files refuse connections as well.
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err_and(|error| refused(&error)) {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

//! The server: it takes connections, and lets none of them keep others out.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;
use tower_service::Service;

use crate::config::Listen;

/// The headers of the first request have come within this …
const FIRST_HEADERS: Duration = Duration::from_secs(10);
/// … and those of the next within this after the answer before: longer than proxies keep idle connections, so that none of them sends
/// a request into one that is being closed. (nginx: 60 s.)
const NEXT_HEADERS: Duration = Duration::from_secs(75);
/// The most bytes of a request's headers.
const LARGEST_HEADERS: usize = 16 * 1024;
/// Connections that are open at a time. One more, and the one that has been idle for longest is closed.
const MOST: usize = 512;
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

/// The connections that are open, by the order in which they came.
#[derive(Default)]
struct Connections(Mutex<(u64, BTreeMap<u64, Arc<Connection>>)>);

struct Connection {
    /// Requests in work.
    in_work: AtomicUsize,
    /// When it was made, or was last answered.
    active: Mutex<Instant>,
    has_asked: AtomicBool,
    close: Notify,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Arc<Connection>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a connection. Where there are too many, the one that has been idle for longest is closed; where none is idle, this one.
    fn take<S>(self: &Arc<Self>, stream: S, peer: Peer, router: &Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = Arc::new(Connection::new());
        let mut open = self.lock();
        if open.1.len() >= MOST {
            let idle = open.1.iter().filter(|(_, other)| other.in_work.load(Ordering::Relaxed) == 0);
            let Some(number) = idle.min_by_key(|(_, other)| other.active()).map(|(number, _)| *number) else {
                return;
            };
            if let Some(least) = open.1.remove(&number) {
                least.close.notify_one();
            }
        }
        open.0 += 1;
        let number = open.0;
        open.1.insert(number, Arc::clone(&connection));
        drop(open);
        let (place, router) = (Place(Arc::clone(self), number), router.clone());
        tokio::spawn(async move {
            connection.serve(stream, peer, router).await;
            drop(place);
        });
    }
}

/// A connection's place among those that are open, given back however it ends.
struct Place(Arc<Connections>, u64);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().1.remove(&self.1);
    }
}

/// A request in work, until it is answered or given up.
struct InWork(Arc<Connection>);

impl InWork {
    fn new(connection: &Arc<Connection>) -> Self {
        connection.has_asked.store(true, Ordering::Relaxed);
        connection.in_work.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(connection))
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.in_work.fetch_sub(1, Ordering::Relaxed);
        *self.0.active.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Connection {
    fn new() -> Self {
        Self {
            in_work: AtomicUsize::new(0),
            active: Mutex::new(Instant::now()),
            has_asked: AtomicBool::new(false),
            close: Notify::new(),
        }
    }

    fn active(&self) -> Instant {
        *self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve<S>(self: &Arc<Self>, stream: S, peer: Peer, router: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request: Request<Incoming>| {
            let (in_work, mut router) = (InWork::new(self), router.clone());
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                let answer = router.call(request).await;
                drop(in_work);
                answer
            }
        });
        let mut protocol = http1::Builder::new();
        protocol.timer(TokioTimer::new()).header_read_timeout(NEXT_HEADERS).max_buf_size(LARGEST_HEADERS);
        let serving = protocol.serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            // Who goes away in the middle of something is nobody's concern.
            _ = serving => {}
            () = self.close.notified() => {}
            () = self.asks_for_nothing() => {}
        }
    }

    async fn asks_for_nothing(&self) {
        tokio::time::sleep(FIRST_HEADERS).await;
        if self.has_asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

//! The connections that are open: none of them keeps others out.

use std::collections::BTreeMap;
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
use tokio::sync::Notify;
use tower_service::Service;

use super::Peer;

/// The headers of the first request have come within this …
const FIRST_HEADERS: Duration = Duration::from_secs(10);
/// … and those of the next within this after the answer before: longer than proxies keep idle connections, so that none of them sends
/// a request into one that is being closed. (nginx: 60 s.)
const NEXT_HEADERS: Duration = Duration::from_secs(75);
/// The most bytes of a request's headers.
const LARGEST_HEADERS: usize = 16 * 1024;
/// Connections that are open at a time. One more, and the one that has been idle for longest is closed.
const MOST: usize = 512;
/// The connections that are open.
#[derive(Default)]
pub(super) struct Connections(Mutex<Open>);

#[derive(Default)]
struct Open {
    /// How many have come.
    taken: u64,
    /// By the order in which they came.
    connections: BTreeMap<u64, Arc<Connection>>,
}

struct Connection {
    /// Requests in work.
    in_work: AtomicUsize,
    /// When it was made, or was last answered.
    active: Mutex<Instant>,
    has_asked: AtomicBool,
    close: Notify,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a connection. Where there are too many, the one that has been idle for longest is closed; where none is idle, this one.
    pub(super) fn take<S>(self: &Arc<Self>, stream: S, peer: Peer, router: &Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = Arc::new(Connection::new());
        let mut open = self.lock();
        if open.connections.len() >= MOST {
            let idle =
                open.connections.iter().filter(|(_, other)| other.in_work.load(Ordering::Relaxed) == 0);
            let Some(number) = idle.min_by_key(|(_, other)| other.active()).map(|(number, _)| *number) else {
                return;
            };
            if let Some(least) = open.connections.remove(&number) {
                least.close.notify_one();
            }
        }
        open.taken += 1;
        let number = open.taken;
        open.connections.insert(number, Arc::clone(&connection));
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
        self.0.lock().connections.remove(&self.1);
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

//! Many who have no business there: half-sent requests that are held open, and tokens that are guessed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Requests of which only half comes, at a time.
const HELD: usize = 300;
/// The time between two guesses: five hundred a second.
const BETWEEN: Duration = Duration::from_millis(2);

/// It goes on until it is dropped.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    /// Against whoever listens there.
    pub(crate) fn start(address: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut held, mut held_since) = (Vec::new(), Instant::now());
            while !stopped.load(Ordering::Acquire) {
                let began = Instant::now();
                // They are closed after ten seconds.
                if held.is_empty() || held_since.elapsed() > Duration::from_secs(9) {
                    held = (0..HELD).filter_map(|_| half_a_request(&address)).collect();
                    held_since = Instant::now();
                }
                guess(&address);
                std::thread::sleep(BETWEEN.saturating_sub(began.elapsed()));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // A thread that panicked has reported it.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn half_a_request(address: &str) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.write_all(b"GET /api/v1/rules HTTP/1.1\r\nHost: ").ok()?;
    Some(socket)
}

fn guess(address: &str) -> Option<usize> {
    let mut socket = TcpStream::connect(address).ok()?;
    let head = "GET /api/v1/credit/exposures HTTP/1.1\r\nHost: x\r\nConnection: close";
    write!(socket, "{head}\r\nAuthorization: Bearer lw_guess\r\n\r\n").ok()?;
    socket.read_to_end(&mut Vec::new()).ok()
}

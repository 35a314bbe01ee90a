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
/// It comes and goes: what is measured while it is there is compared with what is measured meanwhile, not with another run.
const EVERY: Duration = Duration::from_secs(10);
/// Whoever floods is elsewhere in real life: here it takes no time from those that it shares the cores with.
const NICE: i32 = 19;

/// When there is a flood.
#[derive(Clone, Copy)]
pub(crate) struct Times(Instant);

impl Times {
    pub(crate) fn from_now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn have(self, at: Instant) -> bool {
        at.saturating_duration_since(self.0).as_secs() / EVERY.as_secs() % 2 == 1
    }
}

/// It comes and goes until it is dropped.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Flood {
    /// Against whoever listens there.
    pub(crate) fn start(address: String, times: Times) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            // Without it the figures are those of a harder test.
            let _ = rustix::process::setpriority_process(None, NICE);
            let (mut held, mut held_since, mut guesses) = (Vec::new(), Instant::now(), 0);
            while !stopped.load(Ordering::Acquire) {
                let began = Instant::now();
                if times.have(began) {
                    // They are closed after ten seconds.
                    if held.is_empty() || held_since.elapsed() > Duration::from_secs(9) {
                        held = (0..HELD).filter_map(|_| half_a_request(&address)).collect();
                        held_since = Instant::now();
                    }
                    guesses += u64::from(guess(&address).is_some());
                } else {
                    held.clear();
                }
                std::thread::sleep(BETWEEN.saturating_sub(began.elapsed()));
            }
            guesses
        });
        Self { stop, thread: Some(thread) }
    }

    /// Ends it; answers how many guesses were refused.
    pub(crate) fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Release);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or(0)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
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

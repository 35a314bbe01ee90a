//! A TCP proxy that delays, swallows, half-closes and resets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the proxy does to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Weather {
    /// Nothing.
    Fine,
    /// Each piece waits.
    Slow,
    /// What the client says arrives, what the server answers does not.
    AnswersLost,
    /// What the client says does not arrive.
    QuestionsLost,
    /// Nobody gets in; whoever is in is cut off.
    Closed,
}

/// A proxy on a port of its own.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<String>,
    weather: AtomicU8,
    /// Raised to end all connections that are open.
    generation: AtomicU64,
}

impl Proxy {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target: Mutex::default(),
            weather: AtomicU8::new(Weather::Fine as u8),
            generation: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.take(&client);
            }
        });
        Self { port, shared }
    }

    pub fn forward_to(&self, target: String) {
        *self.shared.target.lock().unwrap() = target;
    }

    pub fn set(&self, weather: Weather) {
        self.shared.weather.store(weather as u8, Ordering::SeqCst);
        if weather == Weather::Closed {
            self.reset();
        }
    }

    /// Ends all connections.
    pub fn reset(&self) {
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn is(&self, weather: Weather) -> bool {
        self.weather.load(Ordering::SeqCst) == weather as u8
    }

    fn take(self: &Arc<Self>, client: &TcpStream) {
        let target = self.target.lock().unwrap().clone();
        if self.is(Weather::Closed) {
            return;
        }
        let Ok(server) = TcpStream::connect(target) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let generation = self.generation.load(Ordering::SeqCst);
        let pairs = [
            (client.try_clone(), server.try_clone(), Weather::QuestionsLost),
            (server.try_clone(), client.try_clone(), Weather::AnswersLost),
        ];
        for (from, to, lost) in pairs {
            let (Ok(from), Ok(to)) = (from, to) else { return };
            let shared = Arc::clone(self);
            std::thread::spawn(move || shared.carry(from, to, lost, generation));
        }
    }

    /// Carries bytes one way until an end closes or all connections are ended.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, lost: Weather, generation: u64) {
        let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
        let mut piece = vec![0; 65_536];
        while self.generation.load(Ordering::SeqCst) == generation {
            match from.read(&mut piece) {
                Ok(0) => break,
                Ok(_) if self.is(lost) => {}
                Ok(bytes) => {
                    if self.is(Weather::Slow) {
                        std::thread::sleep(Duration::from_millis(40));
                    }
                    if to.write_all(&piece[..bytes]).is_err() {
                        break;
                    }
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) => {}
                Err(_) => break,
            }
        }
        // The other direction may still have something to carry: this is what a half-closed connection is.
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
    }
}

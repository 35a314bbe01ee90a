//! A TCP proxy that delays, swallows, half-closes and resets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Weak};
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
    /// The connections that are open, so that they can be ended.
    open: Mutex<Vec<Weak<Passage>>>,
}

/// A client's connection, and the one to the server that it is carried on.
struct Passage {
    client: TcpStream,
    server: TcpStream,
}

impl Proxy {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            target: Mutex::default(),
            weather: AtomicU8::new(Weather::Fine as u8),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.take(client);
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
        for passage in self.shared.open.lock().unwrap().drain(..).filter_map(|passage| passage.upgrade()) {
            passage.end();
        }
    }
}

impl Shared {
    fn is(&self, weather: Weather) -> bool {
        self.weather.load(Ordering::SeqCst) == weather as u8
    }

    fn take(self: &Arc<Self>, client: TcpStream) {
        let target = self.target.lock().unwrap().clone();
        if self.is(Weather::Closed) {
            return;
        }
        let Ok(server) = TcpStream::connect(target) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let passage = Arc::new(Passage { client, server });
        let mut open = self.open.lock().unwrap();
        open.retain(|passage| passage.strong_count() > 0);
        open.push(Arc::downgrade(&passage));
        drop(open);
        // It may have been closed since.
        if self.is(Weather::Closed) {
            return;
        }
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        let other = Arc::clone(&passage);
        std::thread::spawn(move || there.carry(&passage.client, &passage.server, Weather::QuestionsLost));
        std::thread::spawn(move || back.carry(&other.server, &other.client, Weather::AnswersLost));
    }

    /// Carries bytes one way until an end closes or the connection is ended.
    fn carry(&self, mut from: &TcpStream, mut to: &TcpStream, lost: Weather) {
        let mut piece = vec![0; 65_536];
        loop {
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
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // The other direction may still have something to carry: this is what a half-closed connection is.
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
    }
}

impl Passage {
    /// Ends it, whoever waits for whom.
    fn end(&self) {
        let _ = (self.client.shutdown(Shutdown::Both), self.server.shutdown(Shutdown::Both));
    }
}

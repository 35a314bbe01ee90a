//! ACLs, given and taken in Kafka's own protocol: its command takes more than a second for each.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A right of the user `ledgerwell`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    resource: String,
    pub name: String,
    pattern: String,
    pub operation: String,
}

/// Keys of requests: <https://kafka.apache.org/protocol#protocol_api_keys>.
const CREATE: i16 = 30;
const DELETE: i16 = 31;
/// The last version without tagged fields.
const VERSION: i16 = 1;

impl Acl {
    pub fn new(resource: &str, name: &str, pattern: &str, operation: &str) -> Self {
        let [resource, name, pattern, operation] = [resource, name, pattern, operation].map(str::to_owned);
        Self { resource, name, pattern, operation }
    }

    /// Gives it, at a listener whose users may do everything.
    pub fn give(&self, broker: &str) {
        self.request(broker, CREATE);
    }

    /// Takes it away.
    pub fn take(&self, broker: &str) {
        let answer = self.request(broker, DELETE);
        // Behind the error's code and text, the number of ACLs that matched.
        assert_eq!(answer[4..8], 1_i32.to_be_bytes(), "{self:?} was not there");
    }

    /// Sends a request about this one ACL; answers what comes behind the number of results.
    fn request(&self, broker: &str, key: i16) -> Vec<u8> {
        let mut request = Vec::new();
        for number in [key, VERSION] {
            request.extend(number.to_be_bytes());
        }
        request.extend(0_i32.to_be_bytes());
        text(&mut request, "test");
        request.extend(1_i32.to_be_bytes());
        request.push(code(&self.resource));
        text(&mut request, &self.name);
        request.push(code(&self.pattern));
        text(&mut request, "User:ledgerwell");
        text(&mut request, "*");
        request.push(code(&self.operation));
        request.push(code("allow"));
        let mut socket = TcpStream::connect(broker).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        socket.write_all(&i32::try_from(request.len()).unwrap().to_be_bytes()).unwrap();
        socket.write_all(&request).unwrap();
        let mut length = [0; 4];
        socket.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        socket.read_exact(&mut answer).unwrap();
        // Behind the request's number, the throttle time and the number of results: the code of an error.
        let answer = answer.split_off(12);
        assert_eq!(answer[..2], [0, 0], "{self:?}: {}", String::from_utf8_lossy(&answer));
        answer
    }
}

fn text(request: &mut Vec<u8>, text: &str) {
    request.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    request.extend(text.as_bytes());
}

/// The numbers that Kafka has for these words.
fn code(word: &str) -> u8 {
    match word {
        "topic" => 2,
        "group" | "literal" | "Read" | "allow" => 3,
        "prefixed" | "Write" => 4,
        "transactional-id" => 5,
        other => panic!("this test does not know the number of `{other}`"),
    }
}

//! A processor without Kafka and Postgres, for tests: the [`Driver`] runs a stream, and the [`laws!`](crate::laws) hold of every
//! processor whatever the stream. Behind the feature `testkit`.

mod driver;
pub mod laws;
mod samples;
mod stream;

pub use driver::Driver;
pub use laws::Specimen;
pub use stream::Step;

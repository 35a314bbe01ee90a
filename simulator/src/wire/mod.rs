//! The bytes on the wire: JSON, row layouts and the change envelope.

pub(crate) mod envelope;
pub(crate) mod json;
pub(crate) mod layout;

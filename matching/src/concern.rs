//! What a line's explanation rests on, one number each: what it looked under when it was weighed. Who keeps proposals weighs a line again
//! when something changes that it rests on, and no other line. Two things may share a number; a line is looked at in vain then.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::records::PartnerId;

/// Something that an explanation may rest on, besides items.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Concern<'a> {
    /// Whose a bank account is.
    Account(&'a str),
    /// Whose a name is, or who has a word in it.
    Name(&'a str),
    /// What is known of lines with these words that come in, or go out.
    Text(&'a str, bool),
    /// Whether a word is usual.
    Word(&'a str),
    /// What a partner is.
    Partner(PartnerId),
    /// Other lines that have this fingerprint.
    Lines(u64),
}

impl Concern<'_> {
    /// Its number.
    pub fn key(self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

//! A record as it is compared: its tokens, comparison by comparison. About 300 bytes.

use crate::normalise::script::Native;

/// A word, a code or a number of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Of its text; equal texts have equal hashes.
    pub hash: u32,
    /// How rare it is, in hundredths of a bit, by the frequencies that were frozen.
    pub rarity: u16,
    /// Where its text begins in the record's.
    start: u16,
    /// How long its text is, in bytes; `0` where only the hash is stored.
    length: u8,
    /// What else is known of it: [`Token::NICKNAME`], [`Token::VALID`] and the others.
    pub marks: u8,
    /// The characters that it was written with, where they are not Latin.
    pub native: Native,
}

impl Token {
    /// It may be a nickname, or stand for one.
    pub const NICKNAME: u8 = 1;
    /// Its check digits hold.
    pub const VALID: u8 = 2;
    /// It is the domain of an e-mail address.
    pub const DOMAIN: u8 = 4;
    /// It sets one apart from others of the same name: `III`, `Junior`.
    pub const SUFFIX: u8 = 8;
    /// It is one person's: a mobile phone, a mailbox that is no function's.
    pub const PERSONAL: u8 = 16;
    /// It is the first letters of given names.
    pub const INITIALS: u8 = 32;
    /// It is known as a given name.
    pub const GIVEN: u8 = 64;

    /// How long its text is, in bytes.
    pub fn length(&self) -> u8 {
        self.length
    }
}

/// A record, ready to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    text: Box<[u8]>,
    tokens: Box<[Token]>,
    /// Where the tokens of each comparison end.
    ends: Box<[u16]>,
    /// What it belongs to and where, so that what hangs together is not taken for the same.
    pub place: Place,
}

/// Where a record stands among the others. `0` is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its own id.
    pub id: i32,
    /// The record that it belongs to: a contact's company.
    pub owner: i32,
    /// The company that alone may see it.
    pub company: i32,
    /// Which file it came from, where records of one file are never the same.
    pub file: i32,
}

/// The tokens of one comparison.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'r> {
    /// In the order in which they were written.
    pub tokens: &'r [Token],
    text: &'r [u8],
}

impl<'r> Slot<'r> {
    /// Whether there is nothing to compare.
    pub fn is_missing(&self) -> bool {
        self.tokens.is_empty()
    }

    /// A token's text.
    pub fn text(&self, token: &Token) -> &'r [u8] {
        let start = usize::from(token.start);
        self.text.get(start..start + usize::from(token.length)).unwrap_or_default()
    }
}

impl Record {
    /// The tokens of a comparison.
    pub fn slot(&self, comparison: usize) -> Slot<'_> {
        let end = |comparison: usize| self.ends.get(comparison).map_or(0, |end| usize::from(*end));
        let start = comparison.checked_sub(1).map_or(0, end);
        Slot { tokens: &self.tokens[start..end(comparison).max(start)], text: &self.text }
    }

    /// Sets how rare each token is.
    pub fn weigh(&mut self, rarity: impl Fn(usize, u32) -> u16) {
        let mut start = 0;
        for (comparison, end) in self.ends.iter().enumerate() {
            let end = usize::from(*end);
            for token in &mut self.tokens[start..end] {
                token.rarity = rarity(comparison, token.hash);
            }
            start = end;
        }
    }

    /// Something of each part of it. Who is about to look at many records asks all of them first: then memory brings them side by
    /// side, not one after the other.
    pub(crate) fn touch(&self) -> u32 {
        let middle = self.tokens.get(self.tokens.len() / 2);
        let tokens = self.tokens.first().into_iter().chain(middle).chain(self.tokens.last());
        let text = self.text.first().into_iter().chain(self.text.get(self.text.len() / 2));
        let ends = self.ends.first().map_or(0, |end| u32::from(*end));
        tokens
            .map(|token| token.hash)
            .chain(text.map(|byte| u32::from(*byte)))
            .fold(ends, |sum, part| sum ^ part)
    }

    /// What its values are known by, whatever its model says about them: equal values have equal fingerprints.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        for token in &self.tokens {
            hasher.update(&token.hash.to_le_bytes());
            if token.native != Native::default() {
                hasher.update(&token.native.bits().to_le_bytes());
            }
        }
        for end in &self.ends {
            hasher.update(&end.to_le_bytes());
        }
        hasher.digest()
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(&*self.tokens) + size_of_val(&*self.ends)
    }
}

/// A record under construction.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    text: Vec<u8>,
    tokens: Vec<Token>,
    ends: Vec<u16>,
}

/// A record has no more text and no more tokens than this; what is longer is cut off.
const MOST_TEXT: usize = u16::MAX as usize;
const MOST_TOKENS: usize = 2_000;

impl Builder {
    /// Adds a token with its text.
    pub(crate) fn push(&mut self, text: &str, marks: u8) {
        self.push_native(text, marks, Native::default());
    }

    /// The same, written with other characters.
    pub(crate) fn push_native(&mut self, text: &str, marks: u8, native: Native) {
        let text = &text.as_bytes()[..text.len().min(usize::from(u8::MAX))];
        if text.is_empty() || self.text.len() + text.len() > MOST_TEXT {
            return;
        }
        let start = u16::try_from(self.text.len()).unwrap_or(u16::MAX);
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        self.text.extend_from_slice(text);
        self.add(Token { hash: hash(text), rarity: 0, start, length, marks, native });
    }

    /// Adds a token by its hash alone.
    pub(crate) fn push_hash(&mut self, hash: u32) {
        self.add(Token { hash, ..Token::default() });
    }

    fn add(&mut self, token: Token) {
        if self.tokens.len() < MOST_TOKENS {
            self.tokens.push(token);
        }
    }

    /// What comes next belongs to the next comparison.
    pub(crate) fn next(&mut self) {
        self.ends.push(u16::try_from(self.tokens.len()).unwrap_or(u16::MAX));
    }

    /// The record.
    pub(crate) fn finish(self, place: Place) -> Record {
        Record { text: self.text.into(), tokens: self.tokens.into(), ends: self.ends.into(), place }
    }
}

/// The hash of a token's text. It is part of what a frozen model means, so it never changes.
pub(crate) fn hash(text: &[u8]) -> u32 {
    u32::try_from(xxhash_rust::xxh3::xxh3_64(text) & u64::from(u32::MAX)).unwrap_or_default()
}

//! Walks a JSON object member by member and leaves each value as it is written, so that only wanted ones are ever read.
//!
//! What is skipped is followed as far as is needed to find its end and no further: a nested value that is not JSON may pass, a
//! wanted one is read by serde_json and may not.

/// The members of a JSON object that have not been walked over.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
    first: bool,
}

/// Where an object stopped being one, in bytes from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) usize);

impl<'a> Members<'a> {
    /// The members of the object that `text` is; `None` where it is none.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let mut members = Self { text, at: 0, first: true };
        members.skip_space();
        members.eat(b'{').then_some(members)
    }

    /// The next member: its name between the quotes, escapes untouched, and its value as it is written. `None` behind the last
    /// one.
    ///
    /// # Errors
    /// Where there is no member and no end.
    #[inline]
    pub(crate) fn next_member(&mut self) -> Result<Option<(&'a str, &'a str)>, Malformed> {
        self.skip_space();
        if self.eat(b'}') {
            self.skip_space();
            return if self.at == self.text.len() { Ok(None) } else { Err(Malformed(self.at)) };
        }
        if !self.first {
            self.expect(b',')?;
            self.skip_space();
        }
        self.first = false;
        let name = self.at;
        self.skip_string()?;
        let name = name + 1..self.at - 1;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        let value = self.at;
        self.skip_value()?;
        match (self.text.get(name), self.text.get(value..self.at)) {
            (Some(name), Some(value)) => Ok(Some((name, value))),
            _ => Err(Malformed(self.at)),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.byte() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.eat(wanted) { Ok(()) } else { Err(Malformed(self.at)) }
    }

    fn skip_string(&mut self) -> Result<(), Malformed> {
        self.expect(b'"')?;
        let begin = self.at;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(quote) = memchr::memchr(b'"', rest) else { return Err(Malformed(self.at)) };
            self.at += quote + 1;
            // A quote behind an odd number of backslashes ends nothing.
            let inside = &self.text.as_bytes()[begin..self.at - 1];
            if inside.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0 {
                return Ok(());
            }
        }
    }

    fn skip_value(&mut self) -> Result<(), Malformed> {
        match self.byte() {
            Some(b'"') => self.skip_string(),
            Some(b'{' | b'[') => self.skip_nested(),
            _ => {
                let begin = self.at;
                while let Some(b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E') = self.byte() {
                    self.at += 1;
                }
                if self.at > begin { Ok(()) } else { Err(Malformed(begin)) }
            }
        }
    }

    fn skip_nested(&mut self) -> Result<(), Malformed> {
        let mut depth = 0_usize;
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(Malformed(self.at)),
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Map, Value, json};

    use super::*;

    fn walk(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut members = Members::new(text)?;
        let mut all = Vec::new();
        while let Some(member) = members.next_member().ok()? {
            all.push(member);
        }
        Some(all)
    }

    #[test]
    fn values_stay_as_they_are_written() {
        let text = r#" { "id" : 7 ,"a\"b":"x}\\\",", "n":[{"x":"]"}, 1.5e-3],"z":null } "#;
        let members =
            [("id", "7"), (r#"a\"b"#, r#""x}\\\",""#), ("n", r#"[{"x":"]"}, 1.5e-3]"#), ("z", "null")];
        assert_eq!(walk(text).unwrap(), members);
        assert_eq!(walk("{}").unwrap(), []);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in [
            "",
            "[]",
            "7",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1}x",
            "{\"a\" 1}",
            "{\"a\":\"\\",
            "{\"a\":[1}",
            "{\"a\":1 2}",
            "{,}",
        ] {
            assert!(walk(text).is_none(), "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,5}", inner, 0..5).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        /// serde_json is the oracle: the same members with the same values.
        #[test]
        fn any_object_is_walked_as_serde_json_reads_it(
            members in prop::collection::btree_map(".{0,8}", value(), 0..8), pretty: bool,
        ) {
            let object = Value::Object(members.into_iter().collect::<Map<_, _>>());
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let read = |(name, value): &(&str, &str)| {
                (serde_json::from_str(&format!("\"{name}\"")).unwrap(), serde_json::from_str(value).unwrap())
            };
            let walked: Map<String, Value> = walk(&text).unwrap().iter().map(read).collect();
            prop_assert_eq!(Value::Object(walked), serde_json::from_str::<Value>(&text).unwrap());
        }

        /// Whatever comes, nothing panics, and what serde_json takes is taken.
        #[test]
        fn noise_is_refused_or_walked(text in r#"[{}\[\]":,\\a1 é]{0,40}"#) {
            let walked = walk(&text).is_some();
            let is_object = serde_json::from_str::<&RawValue>(&text).is_ok() && text.trim_start().starts_with('{');
            prop_assert!(walked || !is_object);
        }
    }
}

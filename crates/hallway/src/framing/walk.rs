/// A walk to the end of the JSON object or list that stands at the start of some bytes, in whatever pieces
/// they come. Nothing is checked but what it takes to find that end: quotes, escapes, and brackets of the
/// kind that it begins with.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    /// The bracket that it begins with. What begins with another byte has no end that could be found.
    first: Option<u8>,
    passed: usize,
    depth: usize,
    in_text: bool,
    /// The next byte is escaped.
    escaped: bool,
}

impl Walk {
    /// Where it ends, once it does. `input` begins as it did the last time.
    pub(super) fn end(&mut self, input: &[u8]) -> Option<usize> {
        let passed = self.passed;
        let end = self.on(input.get(passed..)?)?;
        Some(passed + end)
    }

    /// Where in the next piece it ends, if it does there.
    pub(super) fn on(&mut self, piece: &[u8]) -> Option<usize> {
        self.first = self.first.or_else(|| piece.first().copied());
        let (open, close) = match self.first? {
            b'{' => (b'{', b'}'),
            b'[' => (b'[', b']'),
            _ => return None,
        };
        let mut at = usize::from(self.escaped);
        while let Some(rest) = piece.get(at..) {
            let found = match self.in_text {
                true => memchr::memchr2(b'"', b'\\', rest),
                false => memchr::memchr3(b'"', open, close, rest),
            };
            let Some((skipped, &byte)) = found.and_then(|found| Some((found, rest.get(found)?))) else {
                at = piece.len();
                break;
            };
            at += skipped + 1;
            match byte {
                // And what is escaped.
                b'\\' => at += 1,
                b'"' => self.in_text = !self.in_text,
                byte if byte == open => self.depth += 1,
                // It began with the one that opens.
                _ => self.depth -= 1,
            }
            if self.depth == 0 {
                self.passed += at;
                return Some(at);
            }
        }
        self.escaped = at > piece.len();
        self.passed += piece.len();
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(input: &str, size: usize) -> Option<usize> {
        let mut walk = Walk::default();
        (size..input.len() + size)
            .step_by(size)
            .find_map(|end| walk.end(&input.as_bytes()[..end.min(input.len())]))
    }

    #[test]
    fn it_ends_with_the_bracket_that_began() {
        for (input, end) in [
            ("{}", Some(2)),
            ("{}{}", Some(2)),
            ("[]x", Some(2)),
            ("[{},[1]] ", Some(8)),
            (r#"{"a":{"b":[1,{}]}}"#, Some(18)),
            (r#"{"a":"}"} "#, Some(9)),
            (r#"{"a":"\"}"}"#, Some(11)),
            (r#"{"a":"\\"}"}"#, Some(10)),
            // Another kind of bracket changes nothing.
            ("{]}", Some(3)),
            ("[}]", Some(3)),
            (r#"{"a":"\"#, None),
            (r#"{"a":"\"}"#, None),
            ("{", None),
            ("{{}", None),
            ("x{}", None),
            (" {}", None),
            ("", None),
        ] {
            for size in [1, 2, 3, 100] {
                assert_eq!(in_pieces(input, size), end, "{input} by {size}");
            }
        }
    }
}

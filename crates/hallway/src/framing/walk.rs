/// A walk to the end of the JSON object or list that stands at the start of some bytes, in whatever pieces
/// they come. Nothing is checked but what it takes to find that end: quotes, escapes, and brackets of the
/// kind that it begins with.
#[derive(Debug, Default)]
pub(super) struct Walk {
    at: usize,
    depth: usize,
    in_text: bool,
}

impl Walk {
    /// Where it ends, once it does. `input` begins as it did the last time.
    pub(super) fn end(&mut self, input: &[u8]) -> Option<usize> {
        let (open, close) = match input.first()? {
            b'{' => (b'{', b'}'),
            b'[' => (b'[', b']'),
            _ => return None,
        };
        while let Some(rest) = input.get(self.at..) {
            let found = match self.in_text {
                true => memchr::memchr2(b'"', b'\\', rest),
                false => memchr::memchr3(b'"', open, close, rest),
            };
            let Some((skipped, &byte)) = found.and_then(|at| Some((at, rest.get(at)?))) else {
                self.at = input.len();
                return None;
            };
            self.at += skipped + 1;
            match byte {
                // And what is escaped.
                b'\\' => self.at += 1,
                b'"' => self.in_text = !self.in_text,
                byte if byte == open => self.depth += 1,
                // It began with the one that opens.
                _ => self.depth -= 1,
            }
            if self.depth == 0 {
                return Some(self.at);
            }
        }
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

/// The member names of a JSON message that may be cut short, in order: those of the object, or of each
/// object in the list. Nothing is checked but what it takes to find them.
#[derive(Debug)]
pub(super) struct Names<'a> {
    rest: &'a [u8],
    depth: usize,
    /// The depth at which members count.
    level: usize,
    /// At that depth, there is an object.
    in_object: bool,
    /// The next text is a name.
    due: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A member's name, as it is written.
    Member(&'a [u8]),
    /// The message has ended.
    Over,
    /// The bytes have.
    Cut,
}

impl<'a> Names<'a> {
    /// Those of a message that begins with a brace or a bracket.
    pub(super) fn new(body: &'a [u8]) -> Self {
        let level = if body.first() == Some(&b'[') { 2 } else { 1 };
        Self { rest: body, depth: 0, level, in_object: false, due: false }
    }

    pub(super) fn next(&mut self) -> Name<'a> {
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'"' => {
                    let Some((text, after)) = text(rest) else { break };
                    self.rest = after;
                    if std::mem::take(&mut self.due) {
                        return Name::Member(text);
                    }
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth == self.level {
                        self.in_object = byte == b'{';
                    }
                    self.due = self.depth == self.level && self.in_object;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.due = false;
                    if self.depth == 0 {
                        return Name::Over;
                    }
                }
                b',' => self.due = self.depth == self.level && self.in_object,
                _ => (),
            }
        }
        self.rest = &[];
        Name::Cut
    }
}

/// What stands before the closing quote, and what after it.
fn text(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', input.get(at..)?)?;
        if input.get(found) == Some(&b'"') {
            return Some((input.get(..found)?, input.get(found + 1..)?));
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> (Vec<&str>, Name<'_>) {
        let (mut names, mut found) = (Names::new(body.as_bytes()), Vec::new());
        loop {
            match names.next() {
                Name::Member(name) => found.push(std::str::from_utf8(name).unwrap()),
                end => return (found, end),
            }
        }
    }

    #[test]
    fn only_the_names_of_the_message_itself() {
        for (body, expected, end) in [
            (r#"{"a":1,"b":"c"}"#, vec!["a", "b"], Name::Over),
            (r#"{ "a" : {"b":[{"c":1}]} , "d" : "e,f" } , "g""#, vec!["a", "d"], Name::Over),
            (r#"{"a":["b","c"],"d":1"#, vec!["a", "d"], Name::Cut),
            (r#"{"a\"b":1}"#, vec![r#"a\"b"#], Name::Over),
            (r#"{"a"#, vec![], Name::Cut),
            (r#"{"a\"#, vec![], Name::Cut),
            (r#"{"a""#, vec!["a"], Name::Cut),
            (r#"[{"a":1},{"b":{"c":1}}]"#, vec!["a", "b"], Name::Over),
            (r#"["a",{"b":1},["c","d"],[{"e":1}],5]"#, vec!["b"], Name::Over),
            ("{}", vec![], Name::Over),
            ("[]", vec![], Name::Over),
            ("{oops}", vec![], Name::Over),
        ] {
            assert_eq!(names(body), (expected, end), "{body}");
        }
    }
}

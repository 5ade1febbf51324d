//! Goes over JSON (RFC 8259) that nobody has to read: each byte is looked at once, and nothing is built.
//!
//! It says no to more than is wrong: what it does not take may also be rare, and is for the reader that says what is wrong.
//! What it takes is valid, as far as it has gone, if the whole [is text](Cursor::is_text) as well.

/// How deep a value may nest here: one bit of a word says what each level is.
pub(super) const DEPTH_MAX: u32 = u64::BITS;

/// A place in JSON. Each step goes over what it is named after, or says that something else is there; the cursor is good
/// for nothing then.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// The high bits of all bytes in its texts.
    high: u64,
}

/// Whether a text stands for itself: none of it has to be escaped.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.plain();
    cursor.at == text.len()
}

/// What the eight bytes of a word are repeated from.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each of them.
const HIGH: u64 = 0x80 * EACH;

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, high: 0 }
    }

    /// Whether this is the end, and everything before was UTF-8.
    pub(crate) fn is_end_of_text(&self) -> bool {
        self.at == self.text.len() && (self.high & HIGH == 0 || std::str::from_utf8(self.text).is_ok())
    }

    /// These bytes.
    pub(crate) fn literal<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        let is_next = self.text.get(self.at..)?.first_chunk() == Some(expected);
        self.at += if is_next { N } else { 0 };
        is_next.then_some(())
    }

    /// A whole number without a sign, of no more digits than any number of 64 bits has room for.
    pub(crate) fn integer(&mut self) -> Option<u64> {
        const DIGITS_MAX: usize = 19;
        let start = self.at;
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at - start == DIGITS_MAX {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
            self.at += 1;
        }
        let is_canonical = self.at - start == 1 || self.text.get(start) != Some(&b'0');
        (self.at > start && is_canonical).then_some(number)
    }

    /// A text without escapes; what is between its quotes.
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        self.byte(b'"')?;
        let start = self.at;
        self.plain();
        let text = std::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        self.byte(b'"')?;
        Some(text)
    }

    /// A value, as it stands there.
    pub(crate) fn raw_value(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.value()?;
        self.text.get(start..self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    /// Goes behind this byte, if it is next.
    pub(crate) fn byte(&mut self, expected: u8) -> Option<()> {
        let is_next = self.peek() == Some(expected);
        self.at += usize::from(is_next);
        is_next.then_some(())
    }

    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn colon(&mut self) -> Option<()> {
        self.space();
        self.byte(b':')
    }

    /// Goes behind the value that begins here.
    fn value(&mut self) -> Option<()> {
        // One bit for each level: whether it is an object.
        let (mut objects, mut depth) = (0_u64, 0);
        loop {
            self.space();
            match self.next()? {
                b'"' => self.string()?,
                b'{' => {
                    self.space();
                    if self.byte(b'}').is_none() {
                        (objects, depth) = (objects << 1 | 1, deeper(depth)?);
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.space();
                    if self.byte(b']').is_none() {
                        (objects, depth) = (objects << 1, deeper(depth)?);
                        continue;
                    }
                }
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                first => self.number(first)?,
            }
            // The value has ended, and with it perhaps those that it stands in.
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.space();
                match (self.next()?, objects & 1) {
                    (b',', 0) => break,
                    (b',', _) => {
                        self.space();
                        self.key()?;
                        break;
                    }
                    (b']', 0) | (b'}', 1) => (objects, depth) = (objects >> 1, depth - 1),
                    _ => return None,
                }
            }
        }
    }

    /// Goes behind the name of a member of an inner object.
    fn key(&mut self) -> Option<()> {
        self.byte(b'"')?;
        self.string()?;
        self.colon()
    }

    /// Goes to the next byte of a text that does not stand for itself.
    #[inline]
    fn plain(&mut self) {
        let (mut rest, mut high) = (self.text.get(self.at..).unwrap_or_default(), 0);
        while let Some((word, behind)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            let found = special(word) & HIGH;
            high |= word;
            if found != 0 {
                rest = rest.get(found.trailing_zeros() as usize / 8..).unwrap_or_default();
                break;
            }
            rest = behind;
        }
        while let Some((&byte, behind)) = rest.split_first()
            && byte >= 0x20
            && byte != b'"'
            && byte != b'\\'
        {
            high |= u64::from(byte);
            rest = behind;
        }
        self.high |= high;
        self.at = self.text.len() - rest.len();
    }

    /// Goes behind the text that has begun.
    fn string(&mut self) -> Option<()> {
        loop {
            self.plain();
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => (),
                    b'u' => {
                        for _ in 0..4 {
                            self.next().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        let found = self.text.get(self.at..)?.starts_with(rest);
        self.at += rest.len();
        found.then_some(())
    }

    /// Goes behind the number that has begun with this byte.
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => (),
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.byte(b'.').is_some() {
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits();
        (self.at > start).then_some(())
    }
}

fn deeper(depth: u32) -> Option<u32> {
    (depth < DEPTH_MAX).then_some(depth + 1)
}

/// Which bytes do not stand for themselves in a text: the high bit of each, and perhaps of some behind the first one; the
/// other bits say nothing.
fn special(word: u64) -> u64 {
    // Turned over, a quotation mark is the first that is no control character, and those stay among themselves.
    let turned = word ^ (0x02 * EACH);
    let escape = word ^ (u64::from(b'\\') * EACH);
    (turned.wrapping_sub(0x21 * EACH) & !turned) | (escape.wrapping_sub(EACH) & !escape)
}

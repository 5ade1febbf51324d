//! What makes two messages the same message.

use sha2::{Digest as _, Sha256};

/// Headers in which mail programs keep their own state, which changes while the message stays the same.
const BOOKKEEPING: &[&str] = &[
    "status",
    "x-status",
    "x-keywords",
    "x-uid",
    "x-imap",
    "x-imapbase",
    "x-mozilla-status",
    "x-mozilla-status2",
    "x-mozilla-keys",
    "content-length",
    "lines",
];

/// The hash of a message that does not depend on the kind of mailbox it lies in: line ends, blank
/// lines at the end and bookkeeping headers do not count.
pub(super) fn content_hash(raw: &[u8]) -> [u8; 32] {
    let end = raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let text = raw.get(..end).unwrap_or_default();
    let mut hash = Sha256::new();
    let (mut in_headers, mut skipping) = (true, false);
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if in_headers {
            in_headers = !line.is_empty();
            let continued = line.starts_with(b" ") || line.starts_with(b"\t");
            skipping = if continued { skipping } else { in_headers && is_bookkeeping(line) };
            if skipping {
                continue;
            }
        }
        hash.update(line);
        hash.update(b"\n");
    }
    hash.finalize().into()
}

fn is_bookkeeping(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    BOOKKEEPING.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_mailbox_does_not_matter() {
        let plain = content_hash(b"Subject: a\nTo: b\n\nbody\nStatus: said\n");
        assert_eq!(plain, content_hash(b"Subject: a\r\nTo: b\r\n\r\nbody\r\nStatus: said\r\n"));
        assert_eq!(
            plain,
            content_hash(b"Subject: a\nSTATUS: RO\nX-Keywords: x\n y\nTo: b\n\nbody\nStatus: said\n\n\n")
        );
    }

    #[test]
    fn what_was_written_does_matter() {
        let one = content_hash(b"Subject: a\n\nbody\nStatus: said");
        for other in [
            &b"Subject: b\n\nbody\nStatus: said"[..],
            b"Subject: a\n\nbody",
            b"Subject: a\n\nbody \nStatus: said",
            b"Subject: a\nbody\nStatus: said",
            b"",
        ] {
            assert_ne!(one, content_hash(other));
        }
    }
}

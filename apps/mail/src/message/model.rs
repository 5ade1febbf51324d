use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use mail_parser::{HeaderName, MessageParser};

use super::{body, headers, text};

/// The most of a message's body that is kept, in bytes: beyond the longest prose, below what a log file
/// pasted into a mail would cost an index.
pub const TEXT_MAX: usize = 1 << 20;

/// The most text kept of all attachments of a message together, in bytes: enough for notes, patches and
/// forwarded mail, while a data file does not fill the index with its numbers.
pub const ATTACHMENT_TEXT_MAX: usize = 1 << 18;

/// The most items kept of any list in a message: addresses, ids, attachments. Above the largest
/// distribution lists seen in real mail; a hostile header holds a million.
pub const LIST_MAX: usize = 1_000;

/// The most of a single-line value that is kept, in bytes: a subject, a name, an id. Four times the
/// longest line that SMTP allows.
pub const LINE_MAX: usize = 4_096;

/// A parsed message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// The ids that In-Reply-To names, without angle brackets.
    pub in_reply_to: Vec<String>,
    /// The ids that References names, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// The subject on one line; empty when there is none.
    pub subject: String,
    /// The authors.
    pub from: Vec<Address>,
    /// The recipients of every To header, groups flattened.
    pub to: Vec<Address>,
    /// The recipients of every Cc header, groups flattened.
    pub cc: Vec<Address>,
    /// The recipients of every Bcc header, groups flattened.
    pub bcc: Vec<Address>,
    /// When it was written in Unix seconds: the Date header, else the last time a server received it.
    pub date: Option<i64>,
    /// The body as text, HTML rendered, at most [`TEXT_MAX`] bytes.
    pub text: String,
    /// What is attached, forwarded messages and what is attached to those included.
    pub attachments: Vec<Attachment>,
    /// The text of attached texts and forwarded messages, at most [`ATTACHMENT_TEXT_MAX`] bytes.
    pub attachment_text: String,
}

impl Message {
    /// Reads the bytes of one mail, headers first, without an mbox's `From ` line.
    ///
    /// Never fails and never panics: what cannot be read is left out, and bytes that show no sign of a
    /// message are taken as text.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let as_text = || text::block(&String::from_utf8_lossy(raw), TEXT_MAX);
        let whole = Self::attempt(|| PARSER.parse(raw));
        let headers = || Self::attempt(|| PARSER.parse_headers(raw));
        let message = whole.or_else(|| headers().map(|message| Self { text: as_text(), ..message }));
        match message {
            // Without a colon there is no header, and the parser takes the text for one.
            Some(message) if message != Self::default() || raw.contains(&b':') => message,
            _ => Self { text: as_text(), ..Self::default() },
        }
    }

    /// Reads what `parse` gives. In debug builds the parser asserts things that malformed mail makes untrue;
    /// in any build one such mail must not end an import.
    fn attempt<'a>(parse: impl FnOnce() -> Option<mail_parser::Message<'a>>) -> Option<Self> {
        catch_unwind(AssertUnwindSafe(|| parse().map(Self::from_parsed))).ok().flatten()
    }

    fn from_parsed(parsed: mail_parser::Message<'_>) -> Self {
        let mut message = headers::read(&parsed);
        message.text = body::text(&parsed, TEXT_MAX);
        body::take_attachments(parsed, &mut message);
        message
    }
}

/// Someone who writes or receives mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: Option<String>,
    /// The address as written; empty when the header holds a name only.
    pub address: String,
}

/// A file that came with a message, or a message forwarded inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The name its sender gave it. Never to be used as a path.
    pub filename: Option<String>,
    /// Its type in lower case, such as `application/pdf`.
    pub media_type: String,
    /// Its size in bytes after decoding; a text's after conversion to UTF-8.
    pub size: u64,
}

/// Reads only the headers that are used: the others are the larger part of today's mail.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_minimal_headers()
        .with_message_ids()
        .header_received(HeaderName::Received)
        .default_header_ignore()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Message {
        Message::parse(raw.as_bytes())
    }

    fn address(name: &str, address: &str) -> Address {
        Address { name: (!name.is_empty()).then(|| name.to_owned()), address: address.to_owned() }
    }

    #[test]
    fn headers_are_decoded_and_repeated_recipients_joined() {
        let message = parse(
            "Message-ID: <1@example.org>\nIn-Reply-To: <0@example.org> (your mail)\n\
             References: <a@example.org>\n <0@example.org>\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n  an alle\n\
             From: =?ISO-8859-1?Q?J=FCrgen?= <j@example.org>\nTo: a@example.org, \"B, C\" <b@example.org>\n\
             To: Team: c@example.org, d@example.org;\nDate: Sat, 3 Jan 2026 10:00:00 +0100\n\nHallo\n",
        );
        assert_eq!(message.message_id.as_deref(), Some("1@example.org"));
        assert_eq!(message.in_reply_to, ["0@example.org"]);
        assert_eq!(message.references, ["a@example.org", "0@example.org"]);
        assert_eq!(message.subject, "Grüße an alle");
        assert_eq!(message.from, [address("Jürgen", "j@example.org")]);
        let to = [("", "a"), ("B, C", "b"), ("", "c"), ("", "d")];
        assert_eq!(message.to, to.map(|(name, local)| address(name, &format!("{local}@example.org"))));
        assert_eq!(message.date, Some(1_767_430_800));
        assert_eq!(message.text, "Hallo\n");
    }

    #[test]
    fn the_last_hop_dates_a_message_whose_own_date_is_unreadable() {
        let received = "Received: from a by b; Sat, 3 Jan 2026 10:00:00 +0000\n\
                        Received: from c by a; Fri, 2 Jan 2026 10:00:00 +0000\n";
        assert_eq!(parse(&format!("{received}Date: soon\n\n")).date, Some(1_767_434_400));
        assert_eq!(parse("Date: soon\n\n").date, None);
    }

    #[test]
    fn html_is_rendered_where_there_is_no_plain_text_or_it_is_blank() {
        assert_eq!(parse("Content-Type: text/html\n\n<p>one</p><p>two</p>").text, "one\n\ntwo");
        let alternative = |plain: &str| {
            parse(&format!(
                "Content-Type: multipart/alternative; boundary=x\n\n--x\nContent-Type: text/plain\n\n{plain}\n\
                 --x\nContent-Type: text/html\n\n<i>markup</i>\n--x--\n"
            ))
        };
        assert_eq!(alternative("plain").text, "plain");
        assert_eq!(alternative(" \n ").text, "markup");
        assert_eq!(alternative(" \n ").attachments, []);
    }

    #[test]
    fn attachments_are_listed_and_their_text_is_kept_apart() {
        let message = parse(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nbody\n\
             --x\nContent-Type: text/csv; name=\"list.csv\"\nContent-Disposition: attachment\n\na,b\n\
             --x\nContent-Type: Application/PDF\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename*=UTF-8''Pr%C3%BCfung.pdf\n\nJVBERi0=\n--x--\n",
        );
        assert_eq!(message.text, "body");
        assert_eq!(message.attachment_text, "a,b");
        let attachment = |name: &str, media_type: &str, size| Attachment {
            filename: Some(name.to_owned()),
            media_type: media_type.to_owned(),
            size,
        };
        let expected =
            [attachment("list.csv", "text/csv", 3), attachment("Prüfung.pdf", "application/pdf", 5)];
        assert_eq!(message.attachments, expected);
    }

    #[test]
    fn a_forwarded_message_is_an_attachment_whose_words_are_found() {
        let message = parse(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nsee below\n--x\nContent-Type: message/rfc822\n\n\
             Subject: inner\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\ninside\n\
             --y\nContent-Type: image/png; name=p.png\n\nx\n--y--\n--x--\n",
        );
        assert_eq!(message.text, "see below");
        assert_eq!(message.attachment_text, "inner\ninside");
        let types: Vec<_> = message.attachments.iter().map(|a| a.media_type.as_str()).collect();
        assert_eq!(types, ["message/rfc822", "image/png"]);
    }

    #[test]
    fn bytes_without_a_header_are_text() {
        assert_eq!(parse("").text, "");
        assert_eq!(parse("\n\u{1b}just text\n").text.trim(), "just text");
        assert_eq!(Message::parse(b"\xff\xfe\x00").text, "\u{fffd}\u{fffd}");
    }

    #[test]
    fn everything_is_bounded() {
        let many = |item: &str| item.repeat(3 * LIST_MAX);
        let message = parse(&format!(
            "Subject: {}\nTo: {}z@example.org\nReferences: {}<last@x>\n\n{}",
            "s".repeat(2 * LINE_MAX),
            many("a@example.org, "),
            many("<a@x> "),
            "ü".repeat(TEXT_MAX),
        ));
        assert_eq!(message.subject.len(), LINE_MAX);
        assert_eq!(message.to.len(), LIST_MAX);
        assert_eq!(message.references.len(), LIST_MAX);
        assert_eq!(message.references.last().unwrap(), "last@x");
        assert_eq!(message.text.len(), TEXT_MAX);
        let part = format!("--x\nContent-Type: text/csv\n\n{}\n", "v".repeat(1_000));
        let message = parse(&format!("Content-Type: multipart/mixed; boundary=x\n\n{}", many(&part)));
        assert_eq!(message.attachments.len(), LIST_MAX);
        assert_eq!(message.attachment_text.len(), ATTACHMENT_TEXT_MAX);
    }

    #[test]
    fn messages_nested_without_end_are_read() {
        let message = parse(&"Content-Type: message/rfc822\n\n".repeat(100_000));
        assert_eq!(message.attachments.len(), LIST_MAX);
    }

    #[test]
    fn a_message_that_the_parser_fails_on_keeps_its_headers_and_text() {
        let message = parse(
            "Subject: kept\nContent-Type: multipart/x; boundary=x\n\n--xContent-Type: message/rfc822\n\n\
             8\nContent-Type: message/rfc822\n\n\n--x--",
        );
        assert_eq!(message.subject, "kept");
    }
}

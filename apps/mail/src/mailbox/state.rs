use std::sync::LazyLock;

use mail_parser::{HeaderName, HeaderValue, Message, MessageParser};

use super::Flags;

/// The most labels taken from one message's headers, far above what people give.
const LABELS_MAX: usize = 100;

/// What mail programs wrote about a message into its own headers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) flags: Flags,
    pub(super) labels: Vec<String>,
}

impl State {
    /// Reads the headers that mbox mail carries its state in; no such header means a new message.
    pub(super) fn read(raw: &[u8]) -> Self {
        let Some(headers) = PARSER.parse_headers(raw) else { return Self::default() };
        let gmail: Vec<String> = texts(&headers, GMAIL_LABELS).flat_map(split_quoted).collect();
        let keywords = texts(&headers, KEYWORDS).flat_map(|value| value.split([' ', ',']).map(str::to_owned));
        let labels = keywords.chain(gmail.iter().cloned()).filter(|label| !label.is_empty());
        Self { flags: flags(&headers, &gmail), labels: labels.take(LABELS_MAX).collect() }
    }
}

const STATUS: &str = "Status";
const X_STATUS: &str = "X-Status";
const MOZILLA_STATUS: &str = "X-Mozilla-Status";
const KEYWORDS: &str = "X-Keywords";
const GMAIL_LABELS: &str = "X-Gmail-Labels";

static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    [STATUS, X_STATUS, MOZILLA_STATUS, KEYWORDS, GMAIL_LABELS]
        .into_iter()
        .fold(MessageParser::new(), |parser, name| parser.header_text(HeaderName::Other(name.into())))
        .default_header_ignore()
});

/// Any program's word that a message was read, marked or answered counts.
fn flags(headers: &Message<'_>, gmail: &[String]) -> Flags {
    let letter = |name, letter| texts(headers, name).any(|value| value.contains(letter));
    let mozilla = texts(headers, MOZILLA_STATUS)
        .filter_map(|value| u32::from_str_radix(value.trim(), 16).ok())
        .fold(0, |all, bits| all | bits);
    let labelled = |name| gmail.iter().any(|label| label == name);
    Flags {
        read: letter(STATUS, 'R') || mozilla & 1 != 0 || !gmail.is_empty() && !labelled("Unread"),
        flagged: letter(X_STATUS, 'F') || mozilla & 4 != 0 || labelled("Starred"),
        replied: letter(X_STATUS, 'A') || mozilla & 2 != 0,
    }
}

fn texts<'a>(headers: &'a Message<'_>, name: &'static str) -> impl Iterator<Item = &'a str> {
    headers.header_values(HeaderName::Other(name.into())).filter_map(HeaderValue::as_text)
}

/// Splits at commas outside double quotes.
fn split_quoted(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        match (c, parts.last_mut()) {
            ('"', _) => quoted = !quoted,
            (',', _) if !quoted => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(headers: &str) -> State {
        State::read(format!("From: a@example.org\n{headers}\nSubject: x\n\nStatus: RO\n").as_bytes())
    }

    fn flags(read: bool, flagged: bool, replied: bool) -> Flags {
        Flags { read, flagged, replied }
    }

    #[test]
    fn a_message_without_state_is_new() {
        assert_eq!(state("X-Other: R"), State::default());
        assert_eq!(State::read(b""), State::default());
    }

    #[test]
    fn status_headers_of_every_kind_are_understood() {
        assert_eq!(state("Status: O").flags, flags(false, false, false));
        assert_eq!(state("Status: RO\nX-Status: AF").flags, flags(true, true, true));
        assert_eq!(state("X-Mozilla-Status: 0005").flags, flags(true, true, false));
        assert_eq!(state("x-mozilla-status: 0003").flags, flags(true, false, true));
        assert_eq!(state("X-Gmail-Labels: Inbox,Unread,Starred").flags, flags(false, true, false));
        assert_eq!(state("X-Gmail-Labels: Inbox").flags, flags(true, false, false));
    }

    #[test]
    fn labels_are_split_and_decoded() {
        assert_eq!(state("X-Keywords: work   urgent ").labels, ["work", "urgent"]);
        let gmail = state("X-Gmail-Labels: =?UTF-8?Q?Caf=C3=A9,_\"a,_b\"?=,\n Inbox").labels;
        assert_eq!(gmail, ["Café", "a, b", "Inbox"]);
    }
}

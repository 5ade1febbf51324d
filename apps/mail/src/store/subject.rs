//! Subjects without what replying and forwarding puts in front of them.

/// Prefixes of replies, in the languages of widespread mail programs.
const REPLY: &[&str] = &[
    "re", "aw", "antw", "antwort", "sv", "vs", "rif", "r", "res", "odp", "ynt", "atb", "отв", "απ", "回复",
    "答复", "回覆", "返信", "답장",
];

/// Prefixes of forwarded mail.
const FORWARD: &[&str] = &[
    "fwd",
    "fw",
    "wg",
    "tr",
    "enc",
    "rv",
    "i",
    "pd",
    "vb",
    "vl",
    "doorst",
    "vidarebefordrat",
    "ilt",
    "пересл",
    "πρθ",
    "转发",
    "轉寄",
    "転送",
    "전달",
];

/// A subject, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// What the conversation is about: no prefixes, one case, single spaces; empty if nothing is left.
    pub(super) key: String,
    /// Whether a prefix says that the message is a reply.
    pub(super) is_reply: bool,
}

impl Subject {
    pub(super) fn read(subject: &str) -> Self {
        let mut rest = subject.trim_start();
        let mut is_reply = false;
        while let Some((prefix, after)) = rest.split_once([':', '：']) {
            let word = without_counter(prefix).to_lowercase();
            let replies = REPLY.contains(&word.as_str());
            if !replies && !FORWARD.contains(&word.as_str()) {
                break;
            }
            is_reply |= replies;
            rest = after.trim_start();
        }
        let words: Vec<String> = rest.split_whitespace().map(str::to_lowercase).collect();
        Self { key: words.join(" "), is_reply }
    }
}

/// `Re[2]` and `Re(2)` count how often; so does `Re²`, rarely enough to be left alone.
fn without_counter(prefix: &str) -> &str {
    let prefix = prefix.trim_end();
    let Some(inner) = prefix.strip_suffix([']', ')']) else { return prefix };
    let before = inner.trim_end_matches(|c: char| c.is_ascii_digit());
    before.strip_suffix(['[', '(']).unwrap_or(prefix).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_taken_off() {
        for (subject, key, is_reply) in [
            ("Lunch", "lunch", false),
            ("Re: Lunch", "lunch", true),
            ("RE: Fwd: AW:  Lunch \t today", "lunch today", true),
            ("Re[2]: Lunch", "lunch", true),
            ("Re (12) : Lunch", "lunch", true),
            ("SV:VS:Lunch", "lunch", true),
            ("Fw: Lunch", "lunch", false),
            ("回复：午餐", "午餐", true),
            ("Refactoring: part 1", "refactoring: part 1", false),
            ("Re:", "", true),
            ("", "", false),
            ("Re", "re", false),
        ] {
            assert_eq!(Subject::read(subject), Subject { key: key.into(), is_reply }, "{subject}");
        }
    }
}

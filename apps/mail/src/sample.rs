//! A small mailbox that comes with the program, to try it without mail of one's own.
//!
//! Nobody in it exists. It is the mail of a few people who restore a watermill: threads, attachments,
//! several languages and character sets, and a little of what goes wrong in real mail.

use std::path::Path;

use crate::mailbox::{Found, MailboxError, Mbox};

/// Reads the sample mailbox, oldest message first.
pub fn sample() -> impl Iterator<Item = Result<Found, MailboxError>> {
    Mbox::new(MBOX, Path::new("sample"))
}

const MBOX: &[u8] = include_bytes!("sample/weir.mbox");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::mailbox::Entry;
    use crate::message::Message;

    fn entries() -> Vec<(Entry, Message)> {
        let entry = |found| match found {
            Ok(Found::Message(entry)) => entry,
            other => panic!("{other:?}"),
        };
        sample().map(entry).map(|entry| (Message::parse(&entry.raw), entry)).map(|(m, e)| (e, m)).collect()
    }

    fn find(subject: &str) -> Message {
        let found =
            entries().into_iter().map(|(_, message)| message).find(|message| message.subject == subject);
        found.unwrap_or_else(|| panic!("{subject}"))
    }

    #[test]
    fn every_message_is_whole_and_different() {
        let entries = entries();
        assert_eq!(entries.len(), 57);
        assert!(entries.iter().all(|(_, message)| message.date.is_some() && !message.from.is_empty()));
        assert!(entries.iter().all(|(_, message)| !message.text.contains(char::REPLACEMENT_CHARACTER)));
        let texts: HashSet<_> = entries.iter().map(|(_, message)| &message.text).collect();
        assert_eq!(texts.len(), entries.len());
        let ids: HashSet<_> = entries.iter().filter_map(|(_, message)| message.message_id.as_ref()).collect();
        assert_eq!(ids.len(), entries.len() - 1);
    }

    #[test]
    fn alice_has_mail_that_is_unread() {
        let by_alice =
            |message: &Message| message.from.iter().any(|from| from.address == "alice@example.org");
        let unread = entries().into_iter().filter(|(entry, message)| !entry.flags.read && by_alice(message));
        assert_eq!(unread.count(), 10);
    }

    #[test]
    fn all_flags_and_labels_occur() {
        let entries = entries();
        assert!(entries.iter().any(|(entry, _)| entry.flags.flagged));
        assert!(entries.iter().any(|(entry, _)| entry.flags.replied));
        assert!(entries.iter().any(|(entry, _)| entry.labels == ["open-day", "money"]));
    }

    #[test]
    fn every_language_can_be_read() {
        for (subject, words) in [
            ("Wizyta klasy czwartej", "w którą stronę ma się obracać"),
            ("Перила у водосброса", "кронштейны совсем проржавели, их я оставил в сарае."),
            ("ひな祭り", "昔うちの村にもあった"),
            ("Cartaz do dia aberto", "O «ç» desapareceu"),
            ("Weihnachtsfeier: Wer bringt was?", "Süßes"),
        ] {
            assert!(find(subject).text.contains(words), "{subject}");
        }
        let chinese = entries().into_iter().find(|(_, message)| message.text.contains("面包炉我来负责吧"));
        assert_eq!(chinese.unwrap().1.from[0].name.as_deref(), Some("吴静"));
    }

    #[test]
    fn what_is_attached_or_forwarded_is_found() {
        let forward = find("Fwd: Abstraction licence 2025/118: further information required");
        let types: Vec<_> = forward.attachments.iter().map(|a| a.media_type.as_str()).collect();
        assert_eq!(types, ["message/rfc822", "application/pdf"]);
        assert!(forward.attachment_text.contains("measured and\nnot estimated"));
        let invoice = find("Rechnung 2026-0417");
        assert_eq!(invoice.attachments[0].filename.as_deref(), Some("Rechnung für die Mühle.pdf"));
        assert!(find("Minutes of 5 January").attachment_text.contains("slate, in two stages"));
    }

    #[test]
    fn html_and_broken_mail_give_their_text() {
        let news = find("Rivers & Weirs, June: eels, sluices and a lost millstone").text;
        assert!(news.contains("It weighs 1.4 tonnes, and nobody knows"), "{news}");
        assert!(!news.contains("Georgia") && !news.contains("<read>"), "{news}");
        let broken = find("Six chairs and a coffee machine");
        assert!(broken.text.contains("the café next to the hall"));
        assert_eq!((broken.message_id, broken.date), (None, Some(1_773_219_621)));
        assert_eq!(broken.attachments[0].filename.as_deref(), Some("chairs.doc"));
    }
}

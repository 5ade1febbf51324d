//! Made-up mail in any amount, for measurements: the same seed gives the same mail.
//!
//! The words follow Zipf's law, so that an index sees common and rare terms as it would in real mail.
//! They are made of syllables; the word of rank 1 is the most common. Every mailbox of this kind has
//! mail from alice@example.org.

use std::io::{self, Write};

use mail_parser::DateTime;

use crate::mailbox::{Entry, Flags};

/// How many people write, the first of them Alice.
const SENDERS: u64 = 200;

/// How many conversations go on at the same time.
const OPEN_THREADS: usize = 64;

/// The most ids in one References header; mail programs shorten longer ones too.
const REFERENCES_MAX: usize = 12;

/// The vocabulary has `2^OCTAVES - 1` words.
const OCTAVES: u64 = 15;

/// The Unix time of the first message, 1 January 2015.
const FIRST_DATE: i64 = 1_420_070_400;

/// The mean time between two messages in seconds: 100,000 messages cover about ten years.
const MEAN_GAP: u64 = 3_150;

/// Makes `count` messages of 1 to 20 KiB, oldest first.
pub fn mailbox(seed: u64, count: u64) -> impl Iterator<Item = Entry> {
    let mut writer = Writer::new(seed);
    (0..count).map(move |number| writer.message(number))
}

/// Writes the messages of [`mailbox`] as an mbox file.
///
/// # Errors
///
/// Fails when `out` does.
pub fn write_mbox(seed: u64, count: u64, out: &mut impl Write) -> io::Result<()> {
    for entry in mailbox(seed, count) {
        writeln!(out, "From {}@example.org Thu Jan  1 00:00:00 2015", entry.origin.replace('/', "-"))?;
        out.write_all(status(entry.flags).as_bytes())?;
        if !entry.labels.is_empty() {
            writeln!(out, "X-Keywords: {}", entry.labels.join(" "))?;
        }
        // No line begins with `From `: words are in lower case and headers come first.
        out.write_all(&entry.raw)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn status(flags: Flags) -> String {
    let letter = |set, letter| if set { letter } else { "" };
    let (read, flagged, replied) =
        (letter(flags.read, "R"), letter(flags.flagged, "F"), letter(flags.replied, "A"));
    format!("Status: {read}O\nX-Status: {replied}{flagged}\n")
}

struct Writer {
    seed: u64,
    random: Random,
    words: Vec<String>,
    threads: Vec<Thread>,
    date: i64,
}

struct Thread {
    subject: String,
    references: Vec<String>,
}

impl Writer {
    fn new(seed: u64) -> Self {
        let words = (0..(1 << OCTAVES) - 1).map(word).collect();
        Self { seed, random: Random(seed), words, threads: Vec::new(), date: FIRST_DATE }
    }

    fn message(&mut self, number: u64) -> Entry {
        self.date += 1 + i64::try_from(self.random.below(2 * MEAN_GAP)).unwrap_or_default();
        let id = format!("{number}.{}@example.org", self.seed);
        let mut raw = self.headers(&id);
        let kib = 1 << self.random.below(4);
        let body = self.text(kib);
        if self.random.chance(10) {
            self.attach(&mut raw, &body);
        } else {
            raw.push_str(&format!("Content-Type: text/plain; charset=utf-8\n\n{body}"));
        }
        let read = self.random.chance(80);
        let flags = Flags { read, flagged: self.random.chance(3), replied: read && self.random.chance(15) };
        let labels =
            if self.random.chance(30) { vec![format!("label{}", self.random.zipf(4))] } else { Vec::new() };
        Entry { raw: raw.into_bytes(), flags, labels, origin: format!("synthetic/{}/{number}", self.seed) }
    }

    /// Writes the headers of a reply two times in three, else of a new conversation in place of an old one.
    fn headers(&mut self, id: &str) -> String {
        let slot = self.random.index(OPEN_THREADS);
        let is_reply = slot < self.threads.len() && self.random.chance(66);
        if !is_reply {
            let subject = self.sentence(6);
            let thread = Thread { subject, references: Vec::new() };
            match self.threads.get_mut(slot) {
                Some(old) => *old = thread,
                None => self.threads.push(thread),
            }
        }
        let (from, to, date) =
            (self.person(), self.person(), DateTime::from_timestamp(self.date).to_rfc822());
        let last = self.threads.len().saturating_sub(1);
        let Some(thread) = self.threads.get_mut(slot.min(last)) else { return String::new() };
        let (re, subject) = (if is_reply { "Re: " } else { "" }, &thread.subject);
        let mut raw =
            format!("From: {from}\nTo: {to}\nDate: {date}\nMessage-ID: <{id}>\nSubject: {re}{subject}\n");
        if let Some(parent) = thread.references.last() {
            let references =
                thread.references.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>().join("\n ");
            raw.push_str(&format!("In-Reply-To: <{parent}>\nReferences: {references}\n"));
        }
        // The first id is the conversation; it stays when the list is shortened.
        if thread.references.len() == REFERENCES_MAX {
            thread.references.remove(1);
        }
        thread.references.push(id.to_owned());
        raw
    }

    fn attach(&mut self, raw: &mut String, body: &str) {
        let (name, table) = (self.word().to_owned(), self.text(1).replace(' ', ";"));
        raw.push_str(&format!(
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=-=\"\n\n\
             --=-=\nContent-Type: text/plain; charset=utf-8\n\n{body}\n\
             --=-=\nContent-Type: text/csv; charset=utf-8\nContent-Disposition: attachment; filename=\"{name}.csv\"\n\n\
             {table}\n--=-=--\n"
        ));
    }

    /// Writes between `kib` and twice as many KiB in lines.
    fn text(&mut self, kib: usize) -> String {
        let length = kib * 1_024 + self.random.index(kib * 1_024);
        let mut text = String::with_capacity(length + 80);
        while text.len() < length {
            let words = 8 + self.random.index(6);
            text.push_str(&self.sentence(words));
            text.push('\n');
        }
        text
    }

    fn sentence(&mut self, words: usize) -> String {
        let mut sentence = String::with_capacity(words * 8);
        for nth in 0..words {
            if nth > 0 {
                sentence.push(' ');
            }
            sentence.push_str(self.word());
        }
        sentence
    }

    fn word(&mut self) -> &str {
        let rank = self.random.zipf(OCTAVES);
        usize::try_from(rank).ok().and_then(|rank| self.words.get(rank)).map_or("", String::as_str)
    }

    fn person(&mut self) -> String {
        match self.random.zipf(8) % SENDERS {
            0 => "Alice Moreau <alice@example.org>".to_owned(),
            number => {
                let (first, last) = (word(number), word(number * 977));
                format!("{first} {last} <{first}.{last}@example.com>")
            }
        }
    }
}

/// Spells the word of a rank; common words are the short ones.
fn word(rank: u64) -> String {
    let mut word = String::new();
    let mut rest = rank + 1;
    while rest > 0 {
        rest -= 1;
        let nth = usize::try_from(rest % SYLLABLES.len() as u64).unwrap_or_default();
        word.push_str(SYLLABLES.get(nth).copied().unwrap_or_default());
        rest /= SYLLABLES.len() as u64;
    }
    word
}

const SYLLABLES: [&str; 32] = [
    "an", "ter", "lo", "mi", "re", "sta", "qu", "dor", "ven", "ka", "sul", "po", "ni", "gra", "bel", "tu",
    "hem", "os", "ril", "fa", "jun", "ce", "mar", "ul", "wis", "de", "tho", "ga", "pri", "xen", "zo", "ley",
];

/// The splitmix64 generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is small enough for the remainder's bias not to matter.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).unwrap_or_default()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A rank below `2^octaves - 1`: every octave of ranks is as likely as the next, as Zipf's law has it.
    fn zipf(&mut self, octaves: u64) -> u64 {
        let octave = 1 << self.below(octaves);
        octave + self.below(octave) - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::path::Path;

    use super::*;
    use crate::mailbox::{Found, Mbox};
    use crate::message::Message;

    #[test]
    fn the_same_seed_gives_the_same_mail_and_another_seed_other_mail() {
        assert!(mailbox(7, 100).eq(mailbox(7, 100)));
        assert!(mailbox(7, 100).zip(mailbox(8, 100)).all(|(a, b)| a.raw != b.raw));
    }

    #[test]
    fn words_are_spelled_differently() {
        let words: HashSet<_> = (0..100_000).map(word).collect();
        assert_eq!(words.len(), 100_000);
    }

    #[test]
    fn the_mail_is_like_mail() {
        let entries: Vec<_> = mailbox(1, 1_000).collect();
        let messages: Vec<_> = entries.iter().map(|entry| Message::parse(&entry.raw)).collect();
        assert!(entries.iter().all(|entry| (1_000..40_000).contains(&entry.raw.len())));
        let replies = messages.iter().filter(|message| !message.references.is_empty()).count();
        assert!((500..800).contains(&replies), "{replies}");
        let ids: HashSet<_> = messages.iter().filter_map(|message| message.message_id.as_ref()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(messages.iter().flat_map(|message| &message.references).all(|id| ids.contains(id)));
        let senders: HashSet<_> = messages.iter().map(|message| &message.from[0].address).collect();
        assert!(
            senders.contains(&"alice@example.org".to_owned()) && senders.len() > 100,
            "{}",
            senders.len()
        );
        let attachments = messages.iter().filter(|message| message.attachments.len() == 1).count();
        assert!((50..150).contains(&attachments), "{attachments}");
        assert!(messages.windows(2).all(|pair| pair[0].date < pair[1].date));
    }

    #[test]
    fn a_few_words_are_most_of_the_text() {
        let mut counts = HashMap::new();
        for entry in mailbox(2, 200) {
            for word in Message::parse(&entry.raw).text.split_whitespace() {
                *counts.entry(word.to_owned()).or_insert(0_u64) += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let (all, top): (u64, u64) = (counts.iter().sum(), counts.iter().take(127).sum());
        // Of 15 octaves the first seven are 127 words.
        assert!((40..55).contains(&(100 * top / all)), "{top} of {all}");
        assert!(counts.len() > 10_000, "{}", counts.len());
    }

    #[test]
    fn an_mbox_of_it_reads_back() {
        let mut mbox = Vec::new();
        write_mbox(3, 300, &mut mbox).unwrap();
        let found: Vec<_> = Mbox::new(mbox.as_slice(), Path::new("x")).map(Result::unwrap).collect();
        assert_eq!(found.len(), 300);
        for (written, found) in mailbox(3, 300).zip(found) {
            let Found::Message(read) = found else { panic!("{found:?}") };
            assert!(read.raw.ends_with(&written.raw));
            assert_eq!((read.flags, read.labels), (written.flags, written.labels));
        }
    }
}

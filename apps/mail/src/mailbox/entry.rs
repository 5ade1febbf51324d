use std::io;

/// A message as a mailbox holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The bytes of the mail, headers first, at most [`MESSAGE_MAX`](super::MESSAGE_MAX).
    pub raw: Vec<u8>,
    /// What its reader did with it.
    pub flags: Flags,
    /// The folders and keywords it was filed under, in the mailbox's order, without repetition.
    pub labels: Vec<String>,
    /// Where it is: the file, and the place inside an mbox. Of a file in a Maildir, the name without the flags.
    ///
    /// The same at the next import as long as the message is not moved to another folder.
    pub origin: String,
}

/// What a reader did with a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// It was opened.
    pub read: bool,
    /// It was marked as important.
    pub flagged: bool,
    /// It was answered.
    pub replied: bool,
}

impl Flags {
    /// The same as a number, a bit each.
    #[cfg(feature = "program")]
    pub(crate) fn bits(self) -> u8 {
        u8::from(self.read) | u8::from(self.flagged) << 1 | u8::from(self.replied) << 2
    }
}

/// What is found at one place of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A message.
    Message(Entry),
    /// A message that the caller knows as it is, see [`Mailbox::pass_over`](super::Mailbox::pass_over).
    Known,
    /// Something that should be a message or a folder and cannot be read.
    Broken {
        /// Where in the mailbox it is, as in [`Entry::origin`].
        origin: String,
        /// What is wrong with it, for people.
        reason: String,
    },
}

impl Found {
    pub(super) fn broken(origin: String, reason: impl Into<String>) -> Self {
        Self::Broken { origin, reason: reason.into() }
    }

    pub(super) fn unreadable(origin: String, error: &io::Error) -> Self {
        Self::broken(origin, format!("it cannot be read: {error}"))
    }
}

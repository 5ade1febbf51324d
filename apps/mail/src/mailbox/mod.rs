//! Where mail is found: an mbox file, a Maildir or a directory of `.eml` files.

/// The state a mailbox keeps of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// It has been read.
    pub read: bool,
    /// It is flagged.
    pub flagged: bool,
    /// It has been replied to.
    pub replied: bool,
}

/// A message as it lies in a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The bytes of the mail.
    pub raw: Vec<u8>,
    /// Its state.
    pub flags: Flags,
    /// Its labels.
    pub labels: Vec<String>,
    /// Where inside the mailbox it lies; stable between imports.
    pub origin: String,
}

/// What a mailbox holds at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A message.
    Message(Entry),
    /// Something that cannot be read as a message.
    Broken {
        /// Where it lies.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a mailbox cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// Reading failed.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// What cannot be read.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

//! One message: the bytes of a mail read into what is searched and shown.

use mail_parser::{HeaderValue, MessageParser, MimeHeaders as _};

/// Someone who writes or receives mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: Option<String>,
    /// The address as written.
    pub address: String,
}

/// A file that came with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The name its sender gave it.
    pub filename: Option<String>,
    /// Its type in lower case.
    pub media_type: String,
    /// Its size in bytes after decoding.
    pub size: u64,
}

/// A parsed message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The Message-ID without its angle brackets.
    pub message_id: Option<String>,
    /// The ids that In-Reply-To names.
    pub in_reply_to: Vec<String>,
    /// The ids that References names, oldest first.
    pub references: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The authors.
    pub from: Vec<Address>,
    /// The recipients.
    pub to: Vec<Address>,
    /// The carbon-copy recipients.
    pub cc: Vec<Address>,
    /// The hidden recipients.
    pub bcc: Vec<Address>,
    /// When it was written, in Unix seconds.
    pub date: Option<i64>,
    /// The body as text.
    pub text: String,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// The text of attachments.
    pub attachment_text: String,
}

impl Message {
    /// Reads the bytes of one mail; never fails.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let Some(mail) = MessageParser::default().parse(raw) else { return Self::default() };
        let ids = |value: &HeaderValue<'_>| -> Vec<String> {
            value.as_text_list().unwrap_or_default().iter().map(ToString::to_string).collect()
        };
        let people = |list: Option<&mail_parser::Address<'_>>| -> Vec<Address> {
            list.into_iter()
                .flat_map(|list| list.iter())
                .map(|a| Address {
                    name: a.name().map(str::to_owned),
                    address: a.address().unwrap_or_default().to_owned(),
                })
                .collect()
        };
        Self {
            message_id: mail.message_id().map(str::to_owned),
            in_reply_to: ids(mail.in_reply_to()),
            references: ids(mail.references()),
            subject: mail.subject().unwrap_or_default().to_owned(),
            from: people(mail.from()),
            to: people(mail.to()),
            cc: people(mail.cc()),
            bcc: people(mail.bcc()),
            date: mail.date().map(mail_parser::DateTime::to_timestamp),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            attachments: mail
                .attachments()
                .map(|part| Attachment {
                    filename: part.attachment_name().map(str::to_owned),
                    media_type: part.content_type().map_or_else(String::new, |t| {
                        format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default()).to_lowercase()
                    }),
                    size: part.len() as u64,
                })
                .collect(),
            attachment_text: String::new(),
        }
    }
}

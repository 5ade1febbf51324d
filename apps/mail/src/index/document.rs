//! Makes the document of a message.

use tantivy::TantivyDocument;

use super::address;
use super::schema::{Fields, Tag};
use super::words::fold_whole;
use crate::message::Message;
use crate::model::{Flags, MessageId};

/// Everything a document is made of.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) id: MessageId,
    /// Unix seconds.
    pub(crate) date: Option<i64>,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) flags: Flags,
    pub(crate) labels: &'a [String],
    pub(crate) message: &'a Message,
}

/// Makes the document of `source`.
pub(super) fn document(fields: &Fields, source: &Source<'_>) -> TantivyDocument {
    let message = source.message;
    let mut document = TantivyDocument::default();
    document.add_i64(fields.id, source.id.0);
    if let Some(date) = source.date {
        document.add_i64(fields.date, date);
    }
    document.add_u64(fields.size, source.size);
    document.add_pre_tokenized_text(fields.from, address::tokens(&message.from));
    let recipients = [message.to.as_slice(), &message.bcc].concat();
    document.add_pre_tokenized_text(fields.to, address::tokens(&recipients));
    document.add_pre_tokenized_text(fields.cc, address::tokens(&message.cc));
    document.add_text(fields.subject, &message.subject);
    document.add_text(fields.body, &message.text);
    document.add_text(fields.body, &message.attachment_text);
    for filename in message.attachments.iter().filter_map(|attachment| attachment.filename.as_deref()) {
        document.add_text(fields.filename, filename);
    }
    let state = [
        (source.flags.unread, Tag::Unread),
        (source.flags.flagged, Tag::Flagged),
        (source.flags.replied, Tag::Replied),
        (!message.attachments.is_empty(), Tag::Attachment),
    ];
    for (_, tag) in state.into_iter().filter(|(holds, _)| *holds) {
        document.add_text(fields.tags, tag.text());
    }
    for label in source.labels {
        document.add_text(fields.tags, Tag::Label(&fold_whole(label)).text());
    }
    document
}

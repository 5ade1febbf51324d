use std::collections::VecDeque;

use mail_parser::{MessagePart, MimeHeaders as _, PartType};

use super::model::{ATTACHMENT_TEXT_MAX, Attachment, LINE_MAX, LIST_MAX, Message};
use super::{headers, html, text};

/// Returns the body as text: the plain text, or the HTML rendered where there is none or it is blank.
pub(super) fn text(parsed: &mail_parser::Message<'_>, limit: usize) -> String {
    let mut out = String::new();
    for ids in [&parsed.text_body, &parsed.html_body] {
        for part in ids.iter().filter_map(|id| parsed.part(*id)) {
            append(&mut out, part, limit);
        }
        if !out.trim().is_empty() {
            break;
        }
        out.clear();
    }
    out
}

/// Moves what is attached into `message`, that of forwarded messages after that of the message itself.
///
/// Takes `parsed` apart level by level: mail may nest messages a hundred thousand deep, and dropping
/// that from the top would recurse as deep.
pub(super) fn take_attachments(parsed: mail_parser::Message<'_>, message: &mut Message) {
    let mut levels = VecDeque::from([parsed]);
    while let Some(mut level) = levels.pop_front() {
        for part in level.attachments.iter().filter_map(|id| level.part(*id)) {
            if message.attachments.len() < LIST_MAX {
                message.attachments.push(attachment(part));
            }
            append_attached(&mut message.attachment_text, part);
        }
        for part in std::mem::take(&mut level.parts) {
            if let PartType::Message(nested) = part.body {
                levels.push_back(nested);
            }
        }
    }
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let filename = part.attachment_name().map(|name| text::line(name, LINE_MAX));
    Attachment {
        filename: filename.filter(|name| !name.is_empty()),
        media_type: media_type(part),
        size: part.len() as u64,
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    match (part.content_type(), &part.body) {
        (Some(found), _) => {
            let full = format!("{}/{}", found.ctype(), found.subtype().unwrap_or("*"));
            text::line(&full, LINE_MAX).to_ascii_lowercase()
        }
        (None, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, PartType::Text(_)) => "text/plain".to_owned(),
        (None, _) => "application/octet-stream".to_owned(),
    }
}

/// Adds what is worth searching in an attachment; of a forwarded message its subject and body.
fn append_attached(out: &mut String, part: &MessagePart<'_>) {
    let PartType::Message(nested) = &part.body else {
        append(out, part, ATTACHMENT_TEXT_MAX);
        return;
    };
    let room = ATTACHMENT_TEXT_MAX.saturating_sub(out.len());
    text::append(out, &headers::subject(nested), ATTACHMENT_TEXT_MAX);
    text::append(out, &self::text(nested, room), ATTACHMENT_TEXT_MAX);
}

/// Adds a text part on a line of its own; any other part adds nothing.
fn append(out: &mut String, part: &MessagePart<'_>, limit: usize) {
    match &part.body {
        PartType::Text(plain) => text::append(out, plain, limit),
        PartType::Html(markup) => {
            let room = limit.saturating_sub(out.len());
            text::append(out, &html::to_text(markup, room), limit);
        }
        _ => {}
    }
}

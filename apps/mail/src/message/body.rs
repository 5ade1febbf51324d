use std::collections::{HashSet, VecDeque};

use mail_parser::{ContentType, MessagePart, MessagePartId, MimeHeaders as _, PartType};

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
            return out;
        }
        out.clear();
    }
    if let Some(only) = only_text(parsed) {
        append(&mut out, only, limit);
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
        let shown = shown_parts(&level);
        for (part, id) in level.parts.iter().zip(0..).filter(|(part, _)| !part.is_multipart()) {
            let is_shown = shown.contains(&id);
            if !is_shown {
                append_attached(&mut message.attachment_text, part);
            }
            if (!is_shown || is_file(part)) && message.attachments.len() < LIST_MAX {
                message.attachments.push(attachment(part));
            }
        }
        for part in std::mem::take(&mut level.parts) {
            if let PartType::Message(nested) = part.body {
                levels.push_back(nested);
            }
        }
    }
}

/// The texts that are the body in one form or another.
fn shown_parts(level: &mail_parser::Message<'_>) -> HashSet<MessagePartId> {
    let bodies = level.text_body.iter().chain(&level.html_body).copied();
    let texts = bodies.filter(|id| level.part(*id).is_some_and(MessagePart::is_text));
    texts.chain(only_text(level).map(|_| ROOT)).collect()
}

/// The message itself where it is one text: its body, whatever kind of text it says it is.
fn only_text<'a, 'm>(parsed: &'a mail_parser::Message<'m>) -> Option<&'a MessagePart<'m>> {
    parsed.part(ROOT).filter(|part| (part.is_text() || is_undivided(part)) && !is_file(part))
}

/// The part that is the message itself.
const ROOT: MessagePartId = 0;

/// Whether a part says that it has parts and none are found in it: what it holds is taken as text.
fn is_undivided(part: &MessagePart<'_>) -> bool {
    part.is_binary() && part.content_type().is_some_and(|found| found.ctype() == "multipart")
}

/// Whether a part says that it is a file, shown or not.
fn is_file(part: &MessagePart<'_>) -> bool {
    part.attachment_name().is_some() || part.content_disposition().is_some_and(ContentType::is_attachment)
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
        PartType::Binary(bytes) if is_undivided(part) => {
            text::append(out, &String::from_utf8_lossy(bytes), limit);
        }
        _ => {}
    }
}

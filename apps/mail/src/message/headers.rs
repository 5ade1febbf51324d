use mail_parser::{Addr, DateTime, HeaderName, HeaderValue};

use super::model::{Address, LINE_MAX, LIST_MAX, Message};
use super::text;

/// Reads everything but the body.
///
/// Of a header that may occur once the first is taken, of address lists every one counts.
pub(super) fn read(parsed: &mail_parser::Message<'_>) -> Message {
    Message {
        message_id: ids(parsed, HeaderName::MessageId).into_iter().next(),
        in_reply_to: ids(parsed, HeaderName::InReplyTo),
        references: ids(parsed, HeaderName::References),
        subject: subject(parsed),
        from: addresses(parsed, HeaderName::From),
        to: addresses(parsed, HeaderName::To),
        cc: addresses(parsed, HeaderName::Cc),
        bcc: addresses(parsed, HeaderName::Bcc),
        date: date(parsed),
        ..Message::default()
    }
}

pub(super) fn subject(parsed: &mail_parser::Message<'_>) -> String {
    let found = parsed.header_values(HeaderName::Subject).find_map(HeaderValue::as_text);
    text::line(found.unwrap_or_default(), LINE_MAX)
}

/// The last ids win when there are too many: the nearest ancestors come last in References.
fn ids(parsed: &mail_parser::Message<'_>, name: HeaderName<'static>) -> Vec<String> {
    let found = parsed.header_values(name).find_map(HeaderValue::as_text_list).unwrap_or_default();
    let mut ids: Vec<String> = found
        .iter()
        .map(|id| text::line(id, LINE_MAX))
        .filter(|id| !id.is_empty() && !id.contains(' '))
        .collect();
    ids.drain(..ids.len().saturating_sub(LIST_MAX));
    ids
}

fn addresses(parsed: &mail_parser::Message<'_>, name: HeaderName<'static>) -> Vec<Address> {
    parsed
        .header_values(name)
        .filter_map(HeaderValue::as_address)
        .flat_map(mail_parser::Address::iter)
        .filter_map(address)
        .take(LIST_MAX)
        .collect()
}

fn address(found: &Addr<'_>) -> Option<Address> {
    let one_line = |value: &str| text::line(value, LINE_MAX);
    let name = found.name().map(one_line).filter(|name| !name.is_empty());
    let address = found.address().map(one_line).unwrap_or_default();
    (name.is_some() || !address.is_empty()).then_some(Address { name, address })
}

fn date(parsed: &mail_parser::Message<'_>) -> Option<i64> {
    let written = parsed.header_values(HeaderName::Date).find_map(|value| seconds(value.as_datetime()?));
    written.or_else(|| parsed.received_all().find_map(|hop| seconds(hop.date.as_ref()?)))
}

fn seconds(date: &DateTime) -> Option<i64> {
    date.is_valid().then(|| date.to_timestamp())
}

//! One message: the bytes of a mail read into what is searched and shown.
//!
//! Knows MIME and nothing of mailboxes, indexes or daemons. Reading never fails: mail comes from
//! strangers, so a broken message gives what can be read of it, and every list and text that comes
//! out is bounded by a named constant. Texts are free of control characters other than line feed and
//! tab, so that what a stranger wrote cannot drive the terminal that shows it.

mod body;
mod headers;
mod html;
mod model;
mod text;

pub use model::{ATTACHMENT_TEXT_MAX, LINE_MAX, LIST_MAX, TEXT_MAX};
pub use model::{Address, Attachment, Message};

//! What a query means, free of how it was written.

use jiff::civil::Date;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every message.
    All,
    /// Messages that satisfy each of these.
    And(Vec<Self>),
    /// Messages that satisfy at least one of these.
    Or(Vec<Self>),
    /// Messages that do not satisfy this.
    Not(Box<Self>),
    /// Messages that satisfy one condition.
    Term(Term),
}

/// One condition on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// The words occur in this order, in `field` or (when `None`) in any part.
    Text {
        /// The only part to look in.
        field: Option<TextField>,
        /// The words; at least one letter or digit.
        text: String,
    },
    /// The message is in this state.
    Is(State),
    /// The message has an attachment.
    HasAttachment,
    /// The message carries this label.
    Label(String),
    /// The message is dated before the period begins.
    Before(When),
    /// The message is dated within the period.
    On(When),
    /// The message is dated after the period has ended.
    After(When),
    /// The message is older than this.
    Older(Age),
    /// The message is this old or younger.
    Newer(Age),
    /// The message has more bytes than this.
    Larger(u64),
    /// The message has fewer bytes than this.
    Smaller(u64),
}

/// A part of a message that can be searched by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// The sender.
    From,
    /// The recipients, hidden ones included.
    To,
    /// The carbon-copy recipients.
    Cc,
    /// The subject.
    Subject,
    /// The text.
    Body,
    /// The names of the attachments.
    Filename,
}

/// A state a message can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not read yet.
    Unread,
    /// Read.
    Read,
    /// Flagged.
    Flagged,
    /// Replied to.
    Replied,
}

/// A period of whole days in the reader's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The day the query runs.
    Today,
    /// The day before the query runs.
    Yesterday,
    /// A part of the calendar.
    Calendar(DatePart),
}

/// A year, a month or a day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// The year that begins on this day.
    Year(Date),
    /// The month that begins on this day.
    Month(Date),
    /// This day.
    Day(Date),
}

/// A length of time back from the moment the query runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// How many units, at most 9999.
    pub count: u16,
    /// Of which length.
    pub unit: AgeUnit,
}

/// The unit of an [`Age`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeUnit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

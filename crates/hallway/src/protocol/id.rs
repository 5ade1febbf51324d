use std::fmt;

/// What correlates an answer with its call; chosen by the caller, unique among its open calls.
///
/// The native envelope has whole numbers from 1 on; other dialects have more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Id {
    /// A number from 1 to [`Id::NUMBER_MAX`].
    Number(u64),
    /// Text, at most [`Id::TEXT_MAX`] bytes.
    Text(Box<str>),
    /// Any other number, or `null`, letter by letter as it came, at most [`Id::TEXT_MAX`] bytes: it is echoed
    /// so, whatever numbers this side can hold.
    Literal(Box<str>),
    /// None: the caller did not choose one, and is answered all the same, in turn. The number is the
    /// receiver's own, to tell such calls apart; it does not travel.
    Unnamed(u64),
    /// None either: the events of this name that a peer is sent without having asked.
    Event(&'static str),
}

impl Id {
    /// The largest number that every language holds exactly (a double's 53 bits).
    pub const NUMBER_MAX: u64 = (1 << 53) - 1;
    /// The longest text, in bytes: room for a UUID with a prefix; it is kept and echoed.
    pub const TEXT_MAX: usize = 128;

    /// The id that stands for none, in a dialect where that is one.
    #[must_use]
    pub fn null() -> Self {
        Self::Literal(NULL.into())
    }

    /// Whether it stands for none.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Literal(literal) if **literal == *NULL)
    }
}

const NULL: &str = "null";

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Literal(literal) => f.write_str(literal),
            Self::Unnamed(number) => write!(f, "unnamed {number}"),
            Self::Event(name) => write!(f, "event {name}"),
        }
    }
}

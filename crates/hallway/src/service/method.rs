/// A method as a client names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// `service.method`.
    pub name: &'static str,
    /// Whether running it twice is the same as once, so that a call whose fate is unknown may be sent
    /// again.
    pub idempotent: bool,
}

/// One element of a topic's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<T> {
    /// Something was published.
    Item {
        /// Its number: one more than that of the one before.
        seq: u64,
        /// What.
        value: T,
    },
    /// The subscriber fell behind; stands before the next item.
    Lagged {
        /// How many items it has missed for good.
        missed: u64,
        /// The number of the item that comes next.
        next: u64,
    },
}

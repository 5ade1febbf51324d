//! What an error may be.

#[derive(Debug, hallway::Error)]
pub struct NotAnEnum;

#[derive(Debug, hallway::Error)]
pub enum Never {}

#[derive(Debug, hallway::Error)]
pub enum Generic<T> {
    #[error("no {what}")]
    Missing { what: T },
}

#[derive(Debug, hallway::Error)]
pub enum MailError {
    Silent,
    #[error("column {0}")]
    BadQuery(u32),
    #[error(message = "busy")]
    NoMessage,
    #[error("no message {}", id)]
    Arguments { id: u64 },
    #[error("late", retryable, retryable)]
    Late,
}

fn main() {}

//! What the codes of an error may be.

#[derive(Debug, hallway::Error)]
pub enum MailError {
    #[error("something broke")]
    Internal,
    #[error("no such method", code = "unknown_method")]
    NoMethod,
    #[error("no message")]
    NotFound,
    #[error("no folder", code = "not_found")]
    NoFolder,
    #[error("odd", code = "Odd-One")]
    Odd,
}

fn main() {}

use super::ErrorsDescription;
use crate::connection::CallError;
use crate::protocol::WireError;

/// A service's own way to say no; `#[derive(hallway::Error)]` writes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that a service can answer with",
    label = "has no codes for the wire",
    note = "write an enum of what can go wrong and derive `hallway::Error` for it"
)]
pub trait ServiceError: std::error::Error + Sized + Send + 'static {
    /// The error as it goes over the wire.
    fn to_wire(&self) -> WireError;

    /// The error that came over the wire; `None` for a code that this build does not know.
    fn from_wire(error: &WireError) -> Option<Self>;

    /// Describes the codes.
    fn describe(into: &mut ErrorsDescription<'_>);

    /// Tells the service's no from a conversation that failed.
    ///
    /// # Errors
    /// The conversation's failure, a code that this build does not know among them.
    fn sort<T>(outcome: Result<T, CallError>) -> Result<Result<T, Self>, CallError> {
        match outcome {
            Err(CallError::Remote(error)) => Self::from_wire(&error).map(Err).ok_or(CallError::Remote(error)),
            outcome => outcome.map(Ok),
        }
    }
}

/// The error of a method that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {}

impl std::fmt::Display for Never {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

impl ServiceError for Never {
    fn to_wire(&self) -> WireError {
        match *self {}
    }

    fn from_wire(_: &WireError) -> Option<Self> {
        None
    }

    fn describe(_: &mut ErrorsDescription<'_>) {}
}

use tokio::sync::{mpsc, oneshot};

/// Why a daemon was not replaced. It goes on serving.
#[derive(Debug, Clone, PartialEq, Eq, hallway::Error)]
#[non_exhaustive]
pub enum RestartError {
    /// Nothing can take this server's place. The message says why, and what to do.
    #[error("{reason}")]
    CannotRestart {
        /// Why.
        reason: String,
    },
    /// The successor could not serve. The message has its own words.
    #[error("the successor could not serve: {reason}")]
    SuccessorFailed {
        /// Why.
        reason: String,
    },
}

impl RestartError {
    pub(crate) fn cannot(reason: impl std::fmt::Display) -> Self {
        Self::CannotRestart { reason: reason.to_string() }
    }
}

/// Somebody asks that the daemon be replaced, and waits to hear whether it will be.
pub(crate) type Request = oneshot::Sender<Result<(), RestartError>>;

/// Where a server sends those who ask, if it is one that can be replaced. One is heard at a time.
pub(crate) type Requests = mpsc::Sender<Request>;

/// Asks, and waits for the answer.
pub(super) async fn ask(requests: &Requests) -> Result<(), RestartError> {
    let (request, answer) = oneshot::channel();
    match requests.try_send(request) {
        Ok(()) => answer.await.unwrap_or_else(|_| Err(RestartError::cannot("the daemon is about to leave"))),
        Err(_full_or_gone) => Err(RestartError::cannot("it is being replaced, or leaves, already")),
    }
}

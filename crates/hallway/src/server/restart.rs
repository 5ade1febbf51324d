use tokio::sync::{mpsc, oneshot};

use super::ServerHandle;

/// What a daemon answers that was started by `lifecycle`, and no other server. Frozen, as [`Admin`](super::admin) is.
#[hallway::service(name = "hallway.daemon", version = "1.0", reserved)]
pub trait Control {
    /// Has the daemon replaced by its successor: the installed program, which may be a newer one. No call fails of
    /// it: open ones finish, and further ones go to the successor, or to this daemon again if that one cannot serve.
    /// `true` once it is decided; the connection then ends.
    async fn restart(
        &self,
        /// Only if no other call is open and nothing else goes on; `false` is the answer if that is not so.
        #[default(false)]
        if_idle: bool,
    ) -> Result<bool, RestartError>;
}

impl Control for ServerHandle {
    async fn restart(&self, if_idle: bool) -> Result<bool, RestartError> {
        Self::restart(self, if_idle).await
    }
}

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

use super::{ServerHandle, Status};
use crate::service::Description;

/// What every daemon answers, whatever else it serves. Frozen: it is how clients of every version ask for
/// the version, and stop what they cannot talk to.
#[hallway::service(name = "hallway", version = "1.0", reserved)]
pub trait Admin {
    /// Answers, to tell that the daemon is there.
    #[idempotent]
    async fn ping(&self);

    /// What the services of this daemon offer: all of them, or one.
    #[idempotent]
    async fn describe(
        &self,
        /// A service's name.
        service: Option<String>,
    ) -> Vec<Description>;

    /// How the daemon is.
    #[idempotent]
    async fn status(&self) -> Status;

    /// Stops the daemon in good order: open calls finish, further ones are refused. The answer comes at
    /// once; the connection ends when the daemon has finished.
    #[idempotent]
    async fn stop(&self);
}

impl Admin for ServerHandle {
    async fn ping(&self) {}

    async fn describe(&self, service: Option<String>) -> Vec<Description> {
        let wanted =
            |description: &Description| service.as_ref().is_none_or(|name| *name == description.name);
        self.descriptions().into_iter().filter(wanted).collect()
    }

    async fn status(&self) -> Status {
        Self::status(self).unwrap_or_default()
    }

    async fn stop(&self) {
        self.drain("asked to stop");
    }
}

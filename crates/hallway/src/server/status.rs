use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a server is: the answer of `hallway.status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Status {
    /// The program and its version.
    pub program: String,
    /// Its process.
    pub pid: u32,
    /// For how long it has served, in milliseconds.
    pub uptime_ms: u64,
    /// The services that it offers, with their versions.
    pub services: Vec<ServiceStatus>,
    /// Connections, now and since it serves.
    pub connections: Count,
    /// Calls being served now.
    pub calls_open: u64,
    /// Whether it is about to stop.
    pub draining: bool,
    /// Why the last attempt to replace the daemon came to nothing, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_failed: Option<String>,
    /// Every limit that a client can run into, by name.
    pub limits: std::collections::BTreeMap<String, u64>,
}

/// One service of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl ServiceStatus {
    pub(super) fn of(description: &crate::service::Description) -> Self {
        Self { name: description.name.clone(), version: description.version.clone() }
    }
}

/// Something that comes and goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Count {
    /// Now.
    pub now: u64,
    /// At the most, so far.
    pub peak: u64,
    /// In all.
    pub total: u64,
}

impl Count {
    pub(super) fn add(&mut self) {
        self.now += 1;
        self.total += 1;
        self.peak = self.peak.max(self.now);
    }

    pub(super) fn remove(&mut self) {
        self.now = self.now.saturating_sub(1);
    }
}

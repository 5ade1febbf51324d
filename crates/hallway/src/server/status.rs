use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection::budgets::Budgets;
use crate::limits::{SEND_ROOMS_MAX, SPARE_ALL_MAX};

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
    /// What is used of that which all connections have together, by name.
    #[serde(default)]
    pub usage: BTreeMap<String, Usage>,
    /// Every limit that a client can run into, by name.
    pub limits: BTreeMap<String, u64>,
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

/// How much of something is used that is bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Usage {
    /// Now.
    pub now: u64,
    /// At the most, so far.
    pub peak: u64,
    /// The limit: of all connections together, or of each where its name says so.
    pub max: u64,
}

impl Usage {
    pub(super) fn of(
        budgets: &Budgets,
        connections: Count,
        (of_peer, most_of_peer): (usize, usize),
    ) -> BTreeMap<String, Self> {
        let Budgets {
            limits,
            calls_open,
            subscriptions,
            places,
            inbound,
            outbound,
            spare,
            send_rooms,
            turns: _,
            begun: _,
        } = budgets;
        let now = usize::try_from(connections.now).unwrap_or(usize::MAX);
        let peak = usize::try_from(connections.peak).unwrap_or(usize::MAX);
        let all_subscriptions = limits.subscriptions.saturating_mul(limits.connections);
        let rows = [
            ("connections", now, peak, limits.connections),
            ("connections_of_peer", of_peer, most_of_peer, limits.connections_of_peer),
            ("calls_open", calls_open.now(), calls_open.peak(), limits.calls_open_all),
            ("calls_running", places.now(), places.peak(), limits.calls_running_all),
            ("subscriptions", subscriptions.now(), subscriptions.peak(), all_subscriptions),
            ("inbound_bytes", inbound.now(), inbound.peak(), limits.inbound_all),
            ("outbound_bytes", outbound.now(), outbound.peak(), limits.outbound_all),
            ("spare_bytes", spare.now(), spare.peak(), SPARE_ALL_MAX),
            ("send_rooms", send_rooms.now(), send_rooms.peak(), SEND_ROOMS_MAX),
        ];
        let usage = |(name, now, peak, max): (&str, usize, usize, usize)| {
            (name.to_owned(), Self { now: now as u64, peak: peak as u64, max: max as u64 })
        };
        rows.into_iter().map(usage).collect()
    }
}

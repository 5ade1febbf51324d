//! Time as it is written down for other processes: no setting of the clock moves it, and no other boot shares it.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Goes on while the machine sleeps.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;

/// Milliseconds since the machine was started.
pub(super) fn uptime_ms() -> u64 {
    let since = clock_gettime(CLOCK).map(Duration::from).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Tells one boot from another; empty where the system has no word for it.
pub(super) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

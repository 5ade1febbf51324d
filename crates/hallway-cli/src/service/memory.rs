//! How much memory a process takes, where the system tells.

use std::fs::read_to_string;

/// The memory that a process takes and that is in the machine's memory now, in bytes.
pub(crate) fn memory(pid: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

//! Choices that a seed repeats.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// A seed that nobody has chosen.
pub(super) fn fresh() -> u64 {
    RandomState::new().hash_one(0)
}

/// xorshift64*: enough to spread moments.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit.max(1)
    }

    /// Up to `limit`.
    pub(super) fn pause(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(limit.as_micros()).unwrap_or(u64::MAX)))
    }
}

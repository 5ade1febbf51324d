use std::hash::{BuildHasherDefault, Hasher};

/// Spreads the ids of open calls over a table, at next to no cost.
///
/// Peers choose ids, and may choose them to collide: a table holds no more than
/// [`CALLS_OPEN_MAX`](crate::limits::CALLS_OPEN_MAX), so that looking through all of it takes microseconds.
pub(super) type BuildIdHasher = BuildHasherDefault<IdHasher>;

#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing: the table looks at the high and at the low bits.
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }
}

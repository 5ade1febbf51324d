use crate::limits::{BUFFER_STEP, MEMORY_BESIDE, READ_SIZE, SPARE_MAX};

/// The beginning of a message whose rest has not arrived.
///
/// A long one is read straight into the room behind it. That room grows by a quarter at a time: doubling would take twice
/// of what has arrived. When the message is through, the buffer is kept for the next long one, until it is let go.
#[derive(Debug, Default)]
pub(super) struct Held {
    buffer: Vec<u8>,
    /// Where what is kept begins, and ends; what is behind it is room.
    start: usize,
    filled: usize,
}

/// Kept buffers up to this capacity, in bytes, are not worth giving back.
pub(super) const KEEP: usize = 1024;

impl Held {
    pub(super) fn len(&self) -> usize {
        self.filled - self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == self.start
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.filled).unwrap_or_default()
    }

    /// Adds what has arrived. `false`: there is no memory for it.
    pub(super) fn append(&mut self, arrived: &[u8]) -> bool {
        if arrived.is_empty() {
            // A turn that goes on where the last one has left brings nothing, and must not move the rest each time.
            return true;
        }
        self.move_to_front();
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let (fits, rest) = arrived.split_at(room.len().min(arrived.len()));
        if let Some(room) = room.get_mut(..fits.len()) {
            room.copy_from_slice(fits);
        }
        if !reserve(&mut self.buffer, rest.len()) {
            return false;
        }
        self.buffer.extend_from_slice(rest);
        self.filled += arrived.len();
        true
    }

    /// Room to read into, of a message that is long already.
    pub(super) fn space(&mut self) -> Option<&mut [u8]> {
        if self.len() < READ_SIZE {
            return None;
        }
        self.move_to_front();
        if self.buffer.len() - self.filled < BUFFER_STEP {
            let size = self.filled + BUFFER_STEP;
            let more = size - self.buffer.len();
            if !reserve(&mut self.buffer, more) {
                return None;
            }
            let size = self.buffer.capacity().min(self.filled + self.filled / 4).max(size);
            self.buffer.resize(size, 0);
        }
        self.buffer.get_mut(self.filled..)
    }

    /// So many bytes have been read into the room.
    pub(super) fn filled(&mut self, more: usize) {
        self.filled = self.buffer.len().min(self.filled + more);
    }

    /// The first bytes are done with.
    pub(super) fn drain(&mut self, used: usize) {
        self.start = self.filled.min(self.start + used);
        if self.is_empty() {
            (self.start, self.filled) = (0, 0);
        }
        let capacity = self.buffer.capacity();
        if self.is_empty() && capacity > KEEP && !(READ_SIZE..=SPARE_MAX).contains(&capacity) {
            *self = Self::default();
        }
    }

    /// So many bytes from there on, in the same memory, of which the rest is given back.
    pub(super) fn into_part(mut self, from: usize, bytes: usize) -> Vec<u8> {
        self.drain(from);
        self.move_to_front();
        self.buffer.truncate(self.filled.min(bytes));
        self.buffer.shrink_to_fit();
        self.buffer
    }

    fn move_to_front(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= std::mem::take(&mut self.start);
        }
    }

    /// How much is kept for the next message alone, in bytes.
    #[cfg(any(test, feature = "tokio"))]
    pub(super) fn spare(&self) -> usize {
        if self.is_empty() { self.buffer.capacity() } else { 0 }
    }

    /// Gives back what is kept for the next message alone.
    #[cfg(any(test, feature = "tokio"))]
    pub(super) fn let_go_of_spare(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

/// Makes room for so many bytes, in steps. `false`: there is no memory for it.
fn reserve(buffer: &mut Vec<u8>, more: usize) -> bool {
    if buffer.capacity() - buffer.len() >= more {
        return true;
    }
    let step = if buffer.len() < BUFFER_STEP { buffer.len() } else { buffer.len() / 4 };
    try_reserve(buffer, more.max(step))
}

/// Makes room for so many bytes more, as a peer has it. `false`: there is no memory for it, or hardly any beside it. What is small is
/// taken without asking, and has to be there: the words of the refusal, for one.
pub(super) fn try_reserve(buffer: &mut Vec<u8>, more: usize) -> bool {
    if buffer.try_reserve_exact(more).is_err() {
        return false;
    }
    let is_left = || std::hint::black_box(Vec::<u8>::new()).try_reserve_exact(MEMORY_BESIDE).is_ok();
    let is_there = more < MEMORY_BESIDE || is_left();
    if !is_there {
        buffer.shrink_to_fit();
    }
    is_there
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_read_into_its_place_and_the_room_stays_for_the_next() {
        let mut held = Held::default();
        assert!(
            held.append(&[1; 100]) && held.space().is_none(),
            "a short one comes through the thread's buffer"
        );
        assert!(held.append(&[2; READ_SIZE]));
        let mut wanted = held.bytes().to_vec();
        while held.len() < 1_000_000 {
            let space = held.space().unwrap();
            assert!(space.len() >= BUFFER_STEP);
            space[..1000].fill(3);
            held.filled(1000);
            wanted.extend_from_slice(&[3; 1000]);
            assert!(held.buffer.capacity() <= held.len() * 5 / 4 + 2 * BUFFER_STEP);
        }
        assert_eq!(held.bytes(), wanted);
        held.drain(wanted.len() - 3);
        assert_eq!(held.bytes(), [3; 3]);
        assert_eq!(held.spare(), 0, "it is in use");
        held.drain(3);
        assert!(held.spare() >= 1_000_000);
        assert!(held.append(&[4; 10]));
        assert_eq!(held.bytes(), [4; 10]);
        held.drain(10);
        held.let_go_of_spare();
        assert_eq!(held.spare(), 0);
    }

    #[test]
    fn what_is_too_long_or_not_long_is_not_kept() {
        for size in [KEEP + 1, READ_SIZE - 1, SPARE_MAX + 1] {
            let mut held = Held::default();
            assert!(held.append(&vec![0; size]));
            held.drain(size);
            assert_eq!(held.spare(), 0, "{size}");
        }
    }
}

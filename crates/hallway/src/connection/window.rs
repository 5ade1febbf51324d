use super::arrival::Arrival;
use crate::limits::{STREAM_WINDOW, STREAM_WINDOW_BYTES, STREAM_WINDOW_GROWN, STREAM_WINDOW_MAX};

/// How many items of a stream may be on the way to who reads them, and when more are granted: half a window at a time. A
/// message for each item would be wasteful, a whole window would let the sender run dry.
///
/// The window of who has not asked for one grows while its items are small: a sender and a reader on two processors
/// would else wait for each other most of the time.
#[derive(Debug)]
pub(crate) struct Window {
    size: u32,
    max: u32,
    /// Taken since the last grant: items, and their bytes.
    taken: u32,
    bytes: usize,
}

impl Window {
    /// What the reader has asked for, if it has.
    pub(crate) fn new(asked: Option<u32>) -> Self {
        let size = asked.unwrap_or(STREAM_WINDOW).min(STREAM_WINDOW_MAX);
        let max = if asked.is_some() { size } else { STREAM_WINDOW_GROWN };
        Self { size, max, taken: 0, bytes: 0 }
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Something has been taken; how many more items that grants, if it is time.
    pub(crate) fn took(&mut self, arrival: &Arrival) -> Option<u32> {
        let items = arrival.items();
        self.taken += items;
        self.bytes += arrival.size();
        if items == 0 || self.taken < self.size.div_ceil(2) {
            return None;
        }
        let grown = (2 * self.size).min(self.max);
        let fits = self.bytes / self.taken as usize * grown as usize <= STREAM_WINDOW_BYTES;
        let more = if fits { grown.saturating_sub(self.size) } else { 0 };
        self.size += more;
        self.bytes = 0;
        Some(std::mem::take(&mut self.taken) + more)
    }
}

#[cfg(test)]
mod tests {
    use super::super::arrival::{Arrivals, Next, Room};
    use super::*;

    fn item(bytes: usize) -> Arrival {
        let mut arrivals = Arrivals::new(None);
        arrivals.item(None, &vec![0; bytes], &Room::default()).unwrap();
        let Some(Next::Arrival(arrival)) = arrivals.next() else { panic!("an item") };
        arrival
    }

    /// How many items are on the way after so many, if the sender always sends what it may.
    fn on_the_way(window: &mut Window, items: usize, bytes: usize) -> u32 {
        let mut granted = window.size();
        for _ in 0..items {
            granted = granted - 1 + window.took(&item(bytes)).unwrap_or_default();
        }
        granted
    }

    #[test]
    fn it_grows_while_items_are_small_and_nobody_has_asked() {
        assert!(on_the_way(&mut Window::new(None), 10_000, 100) > STREAM_WINDOW_GROWN / 2);
        assert!(on_the_way(&mut Window::new(None), 10_000, STREAM_WINDOW_BYTES / 64) <= STREAM_WINDOW);
        assert!(on_the_way(&mut Window::new(Some(10)), 10_000, 1) <= 10);
    }
}

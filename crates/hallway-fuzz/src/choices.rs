use std::ops::RangeInclusive;

use hallway::connection::Wire;

/// The fuzzer's bytes as a row of choices. What there is no byte left for is chosen to be zero.
#[derive(Debug)]
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u8>) -> u8 {
        range.start() + self.byte() % (range.end() - range.start()).saturating_add(1).max(1)
    }

    /// A small number, or one beside which arithmetic goes wrong.
    pub(crate) fn number(&mut self) -> u64 {
        const EDGES: &[u64] = &[
            0,
            1,
            1 << 16,
            (1 << 31) - 1,
            1 << 31,
            (1 << 32) - 1,
            1 << 32,
            (1 << 53) - 1,
            1 << 53,
            (1 << 63) - 1,
            1 << 63,
            u64::MAX / 1000,
            u64::MAX - 1,
            u64::MAX,
        ];
        match self.byte() {
            small @ ..=223 => small.into(),
            edge => EDGES[usize::from(edge - 224) % EDGES.len()],
        }
    }

    /// Bytes of a length that is chosen.
    pub(crate) fn some(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        self.take(length)
    }

    pub(crate) fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn wire(&mut self) -> Wire {
        let which = usize::from(self.byte()) % Wire::all().count();
        Wire::all().nth(which).expect("one of them")
    }

    /// How bytes are cut into pieces: the sizes, over and over.
    pub(crate) fn sizes(&mut self) -> Vec<usize> {
        let count = self.within(1..=7);
        (0..count).map(|_| usize::from(self.byte()).max(1)).collect()
    }
}

/// Cuts bytes into pieces of these sizes, over and over.
pub(crate) fn pieces<'a>(mut bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut sizes = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let size = (*sizes.next()?).min(bytes.len());
        let (piece, rest) = bytes.split_at_checked(size).filter(|(piece, _)| !piece.is_empty())?;
        bytes = rest;
        Some(piece)
    })
}

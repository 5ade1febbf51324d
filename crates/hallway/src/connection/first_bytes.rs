use std::borrow::Cow;

use super::{Recognition, recognise};

/// What a peer has sent that has not told yet what it speaks: less than
/// [`RECOGNISE_MAX`](crate::limits::RECOGNISE_MAX) bytes.
#[derive(Debug, Default)]
pub(super) struct FirstBytes(Vec<u8>);

impl FirstBytes {
    /// Takes in what was read: what it tells, and everything that has been read by then. Nothing is copied
    /// where the first read tells, as that of a client of ours does.
    pub(super) fn receive<'a>(&mut self, input: &'a [u8]) -> (Recognition, Cow<'a, [u8]>) {
        let mut all = Cow::Borrowed(input);
        if !self.0.is_empty() {
            self.0.extend_from_slice(input);
            all = Cow::Owned(std::mem::take(&mut self.0));
        }
        let recognition = recognise(&all);
        if recognition == Recognition::NeedMore {
            self.0 = all.into_owned();
            return (recognition, Cow::Borrowed(&[]));
        }
        (recognition, all)
    }
}

use hallway::connection::{Recognition, recognise};
use hallway::limits::RECOGNISE_MAX;

use crate::choices::{Choices, pieces};

/// The choices: the sizes of pieces; the rest are the first bytes of a connection.
///
/// - Once there is an answer, nothing that follows changes it.
/// - Bytes that have told nothing by [`RECOGNISE_MAX`] are answered all the same.
pub fn recognition(data: &[u8]) {
    let mut choices = Choices::new(data);
    let sizes = choices.sizes();
    let input = choices.rest();

    let verdict = recognise(input);
    let (mut so_far, mut first) = (0, Recognition::NeedMore);
    for piece in pieces(input, &sizes) {
        so_far += piece.len();
        let found = recognise(&input[..so_far]);
        if first != Recognition::NeedMore {
            assert_eq!(found, first, "after {so_far} bytes, in pieces of {sizes:?}");
        }
        assert!(so_far < RECOGNISE_MAX || found != Recognition::NeedMore, "undecided after {so_far} bytes");
        first = found;
    }
    assert_eq!(first, verdict, "in pieces of {sizes:?}");
}

use hallway::connection::{Recognition, recognise};
use hallway::limits::RECOGNISE_MAX;

use crate::choices::{Choices, pieces};

/// The choices: the sizes of pieces, and of a run of blanks; the rest are the first bytes of a connection, with the run in
/// it, so that the limit is within reach of short inputs.
///
/// - Once there is an answer, nothing that follows changes it.
/// - Bytes that have told nothing by [`RECOGNISE_MAX`] are answered all the same.
pub fn recognition(data: &[u8]) {
    let mut choices = Choices::new(data);
    let sizes = choices.sizes();
    let (run, at) = (usize::from(choices.byte()) / 4 * RUN, usize::from(choices.byte()));
    let rest = choices.rest();
    let mut input = rest.to_vec();
    let at = at.min(rest.len());
    input.splice(at..at, std::iter::repeat_n(b' ', run));
    let input = input.as_slice();

    // Every piece looks at all that is there so far.
    let sizes: Vec<_> = sizes.iter().map(|size| size * (1 + input.len() / 64)).collect();
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

/// A quarter of the highest byte's worth of these is a little more than [`RECOGNISE_MAX`].
const RUN: usize = RECOGNISE_MAX / 60;

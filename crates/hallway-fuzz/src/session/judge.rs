use std::collections::HashMap;

use hallway::connection::{Inbox, Received, Recognition, Wire, recognise};
use hallway::encoding::Raw;
use hallway::limits::UNLIMITED;
use hallway::protocol::{Call, Id, Message, Protocol};

/// What has been said to the library and heard of it, and whether that fits together: no call has more ends than it
/// was made times, nothing comes for a call that is over, no more items than granted, no event is lost in silence.
#[derive(Debug)]
pub(super) struct Judge {
    wire: Known,
    calls: HashMap<Id, Tally>,
    /// Calls that cannot be taken back, and may go on for as long as there is a connection.
    lasting: u64,
    /// The highest id of the library's own calls.
    theirs: u64,
    hellos: usize,
}

/// What is spoken.
#[derive(Debug)]
enum Known {
    /// The first bytes have not told.
    NotYet(Vec<u8>),
    Wire {
        said: Box<Inbox>,
        heard: Box<Inbox>,
        wire: Wire,
    },
    /// Nothing that could be followed any more.
    Nothing,
}

/// The calls of one id.
#[derive(Debug, Default)]
struct Tally {
    asked: u64,
    /// So many of them have to be answered while the connection lasts.
    due: u64,
    answered: u64,
    /// How many items may come; no end if not said.
    granted: Option<u64>,
    items: u64,
    /// The number of the next event, once it is known.
    next: Option<u64>,
}

impl Judge {
    /// Of a conversation in this wire; `None`: the stranger begins, and so tells.
    pub(super) fn new(wire: Option<Wire>) -> Self {
        let wire = wire.map_or(Known::NotYet(Vec::new()), Known::from);
        Self { wire, calls: HashMap::new(), lasting: 0, theirs: 0, hellos: 0 }
    }

    /// The ids of calls that were made and have no end yet.
    pub(super) fn open(&self) -> Vec<Id> {
        let open = self.calls.iter().filter(|(_, tally)| tally.answered < tally.asked);
        open.map(|(id, _)| id.clone()).collect()
    }

    /// Whether something may go on that cannot be taken back.
    pub(super) fn lasts(&self) -> bool {
        self.lasting > 0
    }

    /// Whether the stranger has said enough for that.
    pub(super) fn knows_what_is_spoken(&self) -> bool {
        !matches!(self.wire, Known::NotYet(_))
    }

    /// The highest id of a call of the library's own.
    pub(super) fn theirs(&self) -> u64 {
        self.theirs
    }

    /// What is spoken, if the library can be followed and the next byte that is said begins a message.
    pub(super) fn between_messages(&self) -> Option<Wire> {
        match &self.wire {
            Known::Wire { said, wire, .. } => (!said.is_within_message()).then_some(*wire),
            _ => None,
        }
    }

    /// The library can read these bytes.
    pub(super) fn said(&mut self, bytes: &[u8]) {
        let (mut told, mut bytes) = (Vec::new(), bytes);
        if let Known::NotYet(first) = &mut self.wire {
            first.extend_from_slice(bytes);
            let wire = match recognise(first) {
                Recognition::NeedMore => return,
                Recognition::Wire(wire) => Known::from(wire),
                _ => Known::Nothing,
            };
            told = std::mem::take(first);
            bytes = &told;
            self.wire = wire;
        }
        let Known::Wire { said, wire, .. } = &mut self.wire else { return };
        let (wire, calls, lasting) = (*wire, &mut self.calls, &mut self.lasting);
        let mut said_one = |message: &Message<'_, Raw<'_>>, due| {
            if let Message::Call(Call { id, .. }) | Message::Named(Call { id, .. }) = message {
                *lasting += u64::from(matches!(id, None | Some(Id::Unnamed(_))));
            }
            asked(wire, calls, message, due);
        };
        let mut refused = Vec::new();
        let followed = said.receive(bytes, |received| match received {
            Received::Message(message) => said_one(&message, 1),
            Received::Refused(refusal) => refused.extend(refusal.id),
            Received::Batch(list) => list.into_iter().for_each(|message| match message {
                // The list as a whole may be refused.
                Ok(message) => said_one(&message, 0),
                Err(refusal) => refused.extend(refusal.id),
            }),
            other => panic!("{other:?} is not tried"),
        });
        refused.iter().for_each(|id| asked_by(calls, Some(id), 0));
        drop(told);
        if followed.is_err() {
            // The library says so, and ends the connection.
            self.calls.values_mut().for_each(|tally| tally.due = 0);
        }
    }

    /// The library has said this.
    pub(super) fn heard(&mut self, bytes: &[u8]) {
        let Known::Wire { heard, wire, .. } = &mut self.wire else { return };
        let (wire, calls, theirs, hellos) = (*wire, &mut self.calls, &mut self.theirs, &mut self.hellos);
        let read = heard.receive(bytes, |received| match received {
            Received::Message(message) => answer(wire, calls, theirs, hellos, message),
            Received::Batch(list) => list.into_iter().for_each(|message| {
                answer(wire, calls, theirs, hellos, message.expect("what the library can read itself"));
            }),
            other => panic!("the library says what it cannot read itself: {other:?}"),
        });
        assert_eq!(read, Ok(()), "{wire}");
    }

    /// Nothing more is granted, and so nothing held back.
    pub(super) fn finished(&mut self) {
        self.calls.values_mut().for_each(|tally| tally.granted = None);
    }

    /// Every call has its end.
    pub(super) fn all_answered(&self) {
        for (id, tally) in &self.calls {
            assert!(tally.answered >= tally.due, "{id:?} is not answered: {tally:?}");
        }
    }
}

impl From<Wire> for Known {
    fn from(wire: Wire) -> Self {
        Self::Wire { said: Box::new(Inbox::new(wire)), heard: Box::new(Inbox::new(wire)), wire }
    }
}

/// Takes in what the stranger has said.
fn asked(wire: Wire, calls: &mut HashMap<Id, Tally>, message: &Message<'_, Raw<'_>>, due: u64) {
    match message {
        Message::Call(call) | Message::Named(call) => {
            let Some(id) = call.id.as_ref().filter(|id| !matches!(id, Id::Unnamed(_))) else { return };
            let tally = calls.entry(id.clone()).or_default();
            let window = call.window.unwrap_or(wire.protocol().window());
            let granted = (window != UNLIMITED || call.window.is_some()).then_some(window.into());
            // An id that is used again begins anew, as far as can be told from here.
            *tally = match tally.asked {
                0 => Tally { granted, ..Tally::default() },
                _ => Tally { granted: None, next: None, items: 0, ..*tally },
            };
            asked_by(calls, Some(id), due);
        }
        Message::Unknown { id } => asked_by(calls, id.as_ref(), 0),
        Message::Grant { id, items } => {
            if let Some(Tally { granted: Some(granted), .. }) = calls.get_mut(id) {
                *granted += u64::from(*items);
            }
        }
        _ => (),
    }
}

fn asked_by(calls: &mut HashMap<Id, Tally>, id: Option<&Id>, due: u64) {
    // Whose answer it is that has the id that stands for none, nobody can tell.
    let Some(id) = id.filter(|id| !id.is_null()) else { return };
    let tally = calls.entry(id.clone()).or_default();
    tally.asked += 1;
    tally.due += due;
}

/// Takes in what the library has said.
fn answer(
    wire: Wire,
    calls: &mut HashMap<Id, Tally>,
    theirs: &mut u64,
    hellos: &mut usize,
    message: Message<'_, Raw<'_>>,
) {
    match message {
        Message::Result { id, .. }
        | Message::Error { id: Some(id), .. }
        | Message::Named(Call { id: Some(id), .. }) => {
            if let Some(tally) = open(calls, &id) {
                tally.answered += 1;
            }
        }
        Message::Item { id, seq, .. } => {
            let Some(tally) = open(calls, &id) else { return };
            tally.items += 1;
            assert!(tally.granted.is_none_or(|granted| tally.items <= granted), "{id:?}: {tally:?}");
            if let (Some(seq), Some(next)) = (seq, tally.next) {
                assert_eq!(seq, next, "{id:?}: events are missing, and nobody says so");
            }
            tally.next = seq.map(|seq| seq + 1).filter(|_| tally.asked == 1);
        }
        Message::Lagged { id, next, .. } => {
            let Some(tally) = open(calls, &id) else { return };
            tally.next = Some(next).filter(|_| tally.asked == 1);
        }
        // In JSON-RPC, progress has a name of its own.
        Message::Progress { id, .. } if wire.protocol() != Protocol::JsonRpc => {
            open(calls, &id);
        }
        Message::Call(Call { id: Some(Id::Number(id)), .. }) => {
            assert!(id > *theirs, "call {id} comes after call {theirs}");
            *theirs = id;
        }
        Message::Hello(_) => {
            *hellos += 1;
            assert_eq!(*hellos, 1, "hello is said once");
        }
        Message::Unknown { id } => panic!("the library says something of no kind: {id:?}"),
        _ => (),
    }
}

/// The call that something has come for. `None`: whose it is cannot be told.
fn open<'a>(calls: &'a mut HashMap<Id, Tally>, id: &Id) -> Option<&'a mut Tally> {
    if matches!(id, Id::Unnamed(_)) || id.is_null() {
        return None;
    }
    let tally = calls.entry(id.clone()).or_default();
    assert!(tally.answered < tally.asked, "{id:?} is over: {tally:?}");
    Some(tally)
}

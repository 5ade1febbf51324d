//! The engine under `kill -9`, in the middle of everything.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hallway_mail::{Engine, Mark, MessageId};
use rusqlite::{Connection, OpenFlags};

use crate::child;
use crate::mail::{ids, import, numbered};

/// More than three batches, so that there is something on both sides of every death.
const MESSAGES: usize = 1700;

/// How many data directories are filled, and how often the process that fills each is killed.
const ROUNDS: u64 = 6;
const KILLS: u64 = 4;

#[test]
fn killed_anywhere_nothing_is_lost_or_doubled_and_the_index_follows() {
    let mut random = Random::new();
    println!("seed {}", random.0);
    let mut died_inside = 0;
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..KILLS {
            let acknowledged = run_and_kill(dir.path(), &mut random);
            died_inside += u64::from(acknowledged.last_line != "end");
            check(dir.path(), &acknowledged);
        }
        let engine = Engine::open(dir.path()).unwrap();
        let report = import(&engine, (0..MESSAGES).map(numbered));
        assert_eq!(report.added + report.duplicate, MESSAGES as u64);
        assert_eq!(ids(&engine, "").len(), MESSAGES);
        assert_eq!(engine.stats().unwrap().indexed, MESSAGES as u64);
    }
    assert!(died_inside >= 20, "only {died_inside} of {} died before they were done", ROUNDS * KILLS);
}

/// Not a test of its own: the process that is killed. Imports, marks, and rebuilds the index, and
/// prints a line before each message it hands over and after everything that is done for good.
#[test]
fn victim() {
    let Some(dir) = child::dir() else { return };
    let say = |line: &str| {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}").and_then(|()| stdout.flush()).unwrap();
    };
    let engine = Engine::open(dir).unwrap();
    let mut entries = (0..MESSAGES).map(|n| {
        say("read");
        Ok(numbered(n))
    });
    let mut marked = 0;
    engine
        .import(&mut entries, &mut |progress| {
            say(&format!("stored {}", progress.added + progress.duplicate));
            let unflagged = ids(&engine, "-is:flagged");
            let (chosen, _) = unflagged.split_at(unflagged.len().min(30));
            marked += engine.mark(chosen, Mark::Flagged).unwrap();
            chosen.iter().for_each(|id| say(&format!("flagged {id}")));
            ControlFlow::Continue(())
        })
        .unwrap();
    engine.reindex(&mut |_| ControlFlow::Continue(())).unwrap();
    say("end");
}

/// What the victim said was done.
#[derive(Debug, Default)]
struct Acknowledged {
    stored: u64,
    flagged: BTreeSet<MessageId>,
    last_line: String,
}

/// Runs a victim and kills it a little after a line chosen at random.
fn run_and_kill(dir: &Path, random: &mut Random) -> Acknowledged {
    let mut victim = child::command("crash::victim", dir).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    // Half of the deaths are around the end of a batch, where all the writing is.
    let deadly = match random.below(4) {
        0 | 1 => 500 * (1 + random.below(3)),
        2 => random.below(MESSAGES as u64),
        _ => MESSAGES as u64 + random.below(60),
    };
    let mut acknowledged = Acknowledged::default();
    for (n, line) in (0..).zip(lines) {
        let line = line.unwrap();
        if let Some(stored) = line.strip_prefix("stored ") {
            acknowledged.stored = stored.parse().unwrap();
        } else if let Some(id) = line.strip_prefix("flagged ") {
            acknowledged.flagged.insert(id.parse().unwrap());
        }
        acknowledged.last_line = line;
        if n == deadly {
            // Spreads the deaths over the work that follows the line; nothing is waited for.
            std::thread::sleep(Duration::from_micros(random.below(40_000)));
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    acknowledged
}

/// Looks at what a dead victim left behind.
fn check(dir: &Path, acknowledged: &Acknowledged) {
    let engine = Engine::open(dir).unwrap();
    let listed = ids(&engine, "");
    let indexed: BTreeSet<MessageId> = listed.iter().copied().collect();
    let stats = engine.stats().unwrap();
    assert_eq!((stats.indexed, stats.index_behind), (indexed.len() as u64, 0));
    let flagged: BTreeSet<MessageId> = ids(&engine, "is:flagged").into_iter().collect();
    drop(engine);

    let path = dir.join("mail.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let state: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(state, "ok");
    let column = |sql: &str| -> BTreeSet<MessageId> {
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0).map(MessageId)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let stored = column("SELECT id FROM messages");
    assert_eq!(indexed, stored, "the index is not level");
    assert_eq!(flagged, column("SELECT id FROM messages WHERE flagged"), "the index is not level");
    assert!(flagged.is_superset(&acknowledged.flagged), "a mark was lost");
    assert!(stored.len() as u64 >= acknowledged.stored, "a message was lost");
    assert_eq!(stored, column("SELECT message FROM raw"));
    let origins: u32 =
        db.query_row("SELECT count(DISTINCT origin) FROM origins", [], |row| row.get(0)).unwrap();
    assert_eq!(origins as usize, stored.len(), "a message was doubled");
}

/// Numbers that differ from run to run; the seed is printed.
struct Random(u64);

impl Random {
    fn new() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        Self(RandomState::new().hash_one(0) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

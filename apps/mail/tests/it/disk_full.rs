//! The engine on a disk that fills up.

use std::fs;
use std::ops::ControlFlow;

use hallway_mail::{Engine, EngineError, Mark, MessageId};

use crate::child;
use crate::mail::{ids, import, numbered};

/// In bytes. Room for nothing to a dozen batches, so that the disk fills up in the middle of different things.
const DISKS: [u64; 5] = [4500 << 10, 5500 << 10, 7 << 20, 10 << 20, 13 << 20];

/// What is deleted when the user makes space.
const BALLAST: usize = 4 << 20;

const MESSAGES: usize = 20_000;

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    for disk in DISKS {
        let dir = tempfile::tempdir().unwrap();
        let output = child::on_small_disk("disk_full::starved", dir.path(), disk)
            .output()
            .unwrap_or_else(|error| panic!("cannot run unshare ({error}): apt-get install util-linux"));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("recovered"),
            "on {disk} bytes: {said}\n{}\nif it may not mount: sysctl kernel.unprivileged_userns_clone=1",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Not a test of its own: runs where the data directory is a small disk.
#[test]
fn starved() {
    let Some(dir) = child::dir() else { return };
    let (data, ballast) = (dir.join("data"), dir.join("ballast"));
    fs::write(&ballast, vec![0; BALLAST]).unwrap();
    let engine = Engine::open(&data).unwrap();

    let mut acknowledged = 0;
    let error = engine
        .import(&mut (0..MESSAGES).map(numbered).map(Ok), &mut |progress| {
            acknowledged = progress.added;
            ControlFlow::Continue(())
        })
        .unwrap_err();
    assert!(matches!(error, EngineError::StorageFull { .. }), "{error:?}");
    let stats = engine.stats().unwrap();
    assert!(stats.messages >= acknowledged);
    println!("{} messages fitted", stats.messages);

    // What needs no space works, with the database as it was; what needs some fails as it should.
    let some = MessageId(1);
    let there: &[MessageId] = if stats.messages > 0 { &[some] } else { &[] };
    assert!(there.iter().all(|&id| !engine.raw(id).unwrap().is_empty()));
    for _ in 0..3 {
        match engine.mark(there, Mark::Flagged).and_then(|_| engine.count("")) {
            Ok(count) => assert_eq!(count, stats.messages),
            Err(error) => assert!(matches!(error, EngineError::StorageFull { .. }), "{error:?}"),
        }
    }
    drop(engine);
    let engine = match Engine::open(&data) {
        Ok(engine) => engine,
        Err(error) => {
            assert!(matches!(error, EngineError::StorageFull { .. }), "{error:?}");
            fs::remove_file(&ballast).unwrap();
            Engine::open(&data).unwrap()
        }
    };

    // With space again everything that was stored is found, and more can be stored.
    let _ = fs::remove_file(&ballast);
    assert_eq!(engine.stats().unwrap().messages, stats.messages);
    let found = ids(&engine, "");
    assert_eq!(found.len() as u64, stats.messages.min(10_000));
    assert_eq!(engine.count("").unwrap(), stats.messages);
    assert_eq!(engine.stats().unwrap().indexed, stats.messages);
    engine.mark(there, Mark::Flagged).unwrap();
    assert_eq!(ids(&engine, "is:flagged"), there);
    let again = import(&engine, (0..stats.messages as usize + 100).map(numbered));
    assert_eq!((again.added, again.duplicate), (100, stats.messages));
    println!("recovered");
}

//! The engine on a disk that fills up.

use std::fs;
use std::ops::ControlFlow;

use hallway_mail::{Engine, EngineError, Mark};

use crate::child;
use crate::mail::{ids, import, numbered};

/// Room for a few batches.
const DISK: u64 = 12 << 20;

/// What is deleted when the user makes space.
const BALLAST: usize = 4 << 20;

const MESSAGES: usize = 20_000;

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let output = child::on_small_disk("disk_full::starved", dir.path(), DISK)
        .output()
        .unwrap_or_else(|error| panic!("cannot run unshare ({error}): apt-get install util-linux"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("recovered"),
        "{said}\n{}\nwithout permission to mount: sysctl kernel.unprivileged_userns_clone=1",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Not a test of its own: runs where the data directory is a small disk.
#[test]
#[ignore = "run by the test above"]
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
    assert!(acknowledged > 0, "nothing fitted");
    let stats = engine.stats().unwrap();
    assert!(stats.messages >= acknowledged);
    println!("{} messages fitted", stats.messages);

    // What needs no space works, with the database as it was; what needs some fails as it should.
    let some = hallway_mail::MessageId(1);
    assert!(!engine.raw(some).unwrap().is_empty());
    for _ in 0..3 {
        match engine.mark(&[some], Mark::Flagged).and_then(|_| engine.count("")) {
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
    engine.mark(&[some], Mark::Flagged).unwrap();
    assert_eq!(ids(&engine, "is:flagged"), [some]);
    let again = import(&engine, (0..stats.messages as usize + 100).map(numbered));
    assert_eq!((again.added, again.duplicate), (100, stats.messages));
    println!("recovered");
}

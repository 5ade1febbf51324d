//! Many threads on one engine.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use hallway_mail::{Engine, Mark, Sort};

use crate::mail::{ids, import, mail, numbered};

fn assert_shareable<T: Send + Sync>() {}

#[test]
fn searches_and_marks_go_on_during_an_import() {
    assert_shareable::<Engine>();
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    import(&engine, [mail("first").at("first")]);
    let first = ids(&engine, "first")[0];
    let (importing, searches) = (AtomicBool::new(true), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while importing.load(Ordering::Acquire) {
                    let found = engine.search("unique7 OR first", 10, Sort::Date).unwrap();
                    assert!(found.iter().any(|envelope| envelope.id == first));
                    let count = engine.count("").unwrap();
                    assert!(count >= last, "messages vanished");
                    last = count;
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            while importing.load(Ordering::Acquire) {
                for (mark, query) in [(Mark::Flagged, "is:flagged"), (Mark::Unflagged, "first -is:flagged")] {
                    engine.mark(&[first], mark).unwrap();
                    assert_eq!(ids(&engine, query), [first]);
                }
            }
        });
        // The entry after the first batch waits until a search has answered: were searches held up by
        // the import, this would never end.
        let mut entries = (0..3000).map(|n| {
            if n == 501 {
                let before = searches.load(Ordering::Relaxed);
                while searches.load(Ordering::Relaxed) < before + 3 {
                    thread::yield_now();
                }
            }
            Ok(numbered(n))
        });
        let report = engine.import(&mut entries, &mut |_| ControlFlow::Continue(())).unwrap();
        importing.store(false, Ordering::Release);
        assert_eq!(report.added, 3000);
    });
    assert_eq!(engine.count("").unwrap(), 3001);
    assert_eq!(engine.stats().unwrap().indexed, 3001);
}

#[test]
fn two_imports_of_one_mailbox_at_once_add_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let added: u64 = thread::scope(|scope| {
        let imports: Vec<_> =
            (0..3).map(|_| scope.spawn(|| import(&engine, (0..1200).map(numbered)).added)).collect();
        imports.into_iter().map(|import| import.join().unwrap()).sum()
    });
    assert_eq!(added, 1200);
    assert_eq!(ids(&engine, "").len(), 1200);
    assert_eq!(engine.stats().unwrap().indexed, 1200);
}

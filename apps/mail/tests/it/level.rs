//! The index against the database.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hallway_mail::{Engine, EngineError, IndexProgress, Mark};

use crate::mail::{ids, import, numbered};

const MESSAGES: usize = 1200;

fn filled(dir: &Path) -> Engine {
    let engine = Engine::open(dir).unwrap();
    import(&engine, (0..MESSAGES).map(numbered));
    let all = ids(&engine, "");
    engine.mark(&all[..7], Mark::Flagged).unwrap();
    engine.label(&all[..5], &["kept".to_owned()], &[]).unwrap();
    engine
}

fn check(engine: &Engine) {
    assert_eq!(engine.count("").unwrap(), MESSAGES as u64);
    assert_eq!(ids(engine, "").len(), MESSAGES);
    assert_eq!(engine.count("is:flagged").unwrap(), 7);
    assert_eq!(engine.count("label:kept").unwrap(), 5);
    assert_eq!(engine.count("unique77").unwrap(), 1);
    let stats = engine.stats().unwrap();
    assert_eq!((stats.messages, stats.indexed, stats.index_behind), (MESSAGES as u64, MESSAGES as u64, 0));
}

#[test]
fn a_lost_damaged_or_old_index_is_built_anew() {
    type Damage = fn(&Path);
    let damages: &[(&str, Damage)] = &[
        ("missing", |index| fs::remove_dir_all(index).unwrap()),
        ("empty", |index| {
            fs::remove_dir_all(index).unwrap();
            fs::create_dir(index).unwrap();
        }),
        ("a file", |index| {
            fs::remove_dir_all(index).unwrap();
            fs::write(index, "not a directory").unwrap();
        }),
        ("no marker", |index| fs::remove_file(index.join("version")).unwrap()),
        ("another version", |index| fs::write(index.join("version"), "0").unwrap()),
        ("unreadable meta.json", |index| fs::write(index.join("meta.json"), "{").unwrap()),
        ("a segment gone", |index| fs::remove_file(index_file(index, "term")).unwrap()),
        ("a segment cut short", |index| {
            let file = fs::OpenOptions::new().write(true).open(index_file(index, "term")).unwrap();
            file.set_len(10).unwrap();
        }),
        ("the remains of a build", |index| {
            fs::rename(index, index.with_extension("new")).unwrap();
            fs::create_dir(index.with_extension("old")).unwrap();
        }),
    ];
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    for (name, damage) in damages {
        damage(&dir.path().join("index"));
        let engine = Engine::open(dir.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(engine.stats().unwrap().indexed, 0, "{name} was not noticed");
        check(&engine);
        drop(engine);
        check(&Engine::open(dir.path()).unwrap());
    }
    let names: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.starts_with("index.")), "{names:?}");
}

fn index_file(index: &Path, extension: &str) -> PathBuf {
    let mut files = fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|found| found == extension)).unwrap()
}

/// Damages a file all over, its footer excepted, which is looked at when the index opens.
fn scramble(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let end = bytes.len().saturating_sub(200);
    bytes[..end].iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_index_that_turns_out_to_be_damaged_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    for extension in ["term", "pos", "fast"] {
        scramble(&index_file(&dir.path().join("index"), extension));
        let engine = Engine::open(dir.path()).unwrap();
        let phrase = || engine.count("\"message unique77\"").unwrap();
        assert_eq!(phrase(), 1, "{extension}");
        check(&engine);
    }
}

#[test]
fn a_change_of_a_message_goes_to_a_lost_index_too() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let id = engine.thread(hallway_mail::MessageId(1)).unwrap()[0].id;
    engine.mark(&[id], Mark::Read).unwrap();
    assert_eq!(ids(&engine, "is:read"), [id]);
    check(&engine);
}

#[test]
fn reindex_tells_how_far_it_is_and_can_be_stopped_without_harm() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(dir.path());
    let mut reports: Vec<IndexProgress> = Vec::new();
    let stopped = engine.reindex(&mut |progress| {
        reports.push(progress);
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(EngineError::Cancelled)));
    assert_eq!(reports.len(), 1);
    assert!(reports[0].done < reports[0].total && reports[0].total == MESSAGES as u64);
    check(&engine);

    reports.clear();
    engine
        .reindex(&mut |progress| {
            // The old index answers until the new one is done.
            check(&engine);
            reports.push(progress);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(reports.last().map(|report| (report.done, report.total)), Some((1200, 1200)));
    check(&engine);
    let id = ids(&engine, "is:unread")[0];
    engine.mark(&[id], Mark::Read).unwrap();
    assert_eq!(ids(&engine, "is:read"), [id]);
}

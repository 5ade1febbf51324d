use std::fs::{metadata, read_to_string};
use std::os::unix::fs::{MetadataExt as _, symlink};

use super::*;

#[test]
fn a_log_is_private_and_appended() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("state/hallway/mail.log");
    for line in ["one\n", "two\n"] {
        LogFile::open(&path).unwrap().write_all(line.as_bytes()).unwrap();
    }
    assert_eq!(read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_log_is_rotated_while_it_is_written_and_when_it_is_opened() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail.log");
    let older = root.path().join("mail.log.1");
    let mut log = LogFile::with_limit(path.clone(), 100).unwrap();
    for n in 0..20 {
        log.write_all(format!("record {n:02} ......\n").as_bytes()).unwrap();
    }
    let (new, old) = (read_to_string(&path).unwrap(), read_to_string(&older).unwrap());
    assert!(new.len() <= 100 && old.len() <= 100 && new.ends_with("record 19 ......\n"));
    assert!(old.lines().chain(new.lines()).all(|line| line.len() == 16), "a record was split");
    LogFile::with_limit(path.clone(), 10).unwrap();
    assert_eq!((metadata(&path).unwrap().len(), read_to_string(&older).unwrap()), (0, new));
}

#[test]
fn a_log_that_cannot_be_put_aside_grows() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail.log");
    std::fs::create_dir(root.path().join("mail.log.1")).unwrap();
    let mut log = LogFile::with_limit(path.clone(), 10).unwrap();
    for _ in 0..10 {
        log.write_all(b"record\n").unwrap();
    }
    assert_eq!(metadata(&path).unwrap().len(), 70);
}

#[test]
fn a_log_is_not_written_through_a_link() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail.log");
    symlink(root.path().join("elsewhere"), &path).unwrap();
    assert!(LogFile::open(&path).is_err());
    assert!(!root.path().join("elsewhere").exists());
}

#[test]
fn the_tail_is_what_came_since_the_start() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail.log");
    std::fs::write(&path, "last week's panic\n").unwrap();
    let (mut log, mark) = StartMark::write(&path, "mail").unwrap();
    assert_eq!(mark.tail(), "");
    log.write_all(b"opening\nred \x1b[31m alert\n").unwrap();
    assert_eq!(mark.tail(), "opening\nred \\u{1b}[31m alert");
    assert!(read_to_string(&path).unwrap().contains("start of mail\n"));
    for n in 0..5000 {
        log.write_all(format!("line {n}\n").as_bytes()).unwrap();
    }
    assert_eq!(
        (mark.tail().lines().count(), mark.tail().lines().last()),
        (MAX_TAIL_LINES, Some("line 4999"))
    );
}

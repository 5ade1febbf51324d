//! Directories: deep ones work, unsafe ones are refused as they are.

use std::fs::{Permissions, create_dir_all, read_dir, set_permissions, write};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use hallway::lifecycle::{LifecycleError, RuntimeDir, connect};
use nix::unistd::Uid;

use crate::world::{World, deadline, instance, make_dir, world_path};

/// The directory is refused with this code, by daemons and clients alike, in words that name it.
fn refused(world: &World, code: &str, word: &str) {
    let errors = [
        RuntimeDir::open(&world.env()).unwrap_err(),
        RuntimeDir::existing(&world.env()).unwrap_err(),
        connect(&world.env(), &instance(), deadline()).unwrap_err(),
    ];
    for error in errors {
        assert!(error.code() == code && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn f53_a_deep_directory_works() {
    for bytes in [90, 108, 250, 3000] {
        let world = World::new("serves");
        let mut deep = world.path("deep");
        while deep.as_os_str().len() < bytes {
            deep.push("d".repeat(40));
        }
        create_dir_all(deep.parent().unwrap()).unwrap();
        let world = world.var("HALLWAY_RUNTIME_DIR", &deep);
        world.ask();
        assert!(deep.join("fake.sock").exists());
    }
}

#[test]
fn a_missing_directory_is_made_for_us_alone() {
    let world = World::new("serves");
    assert!(RuntimeDir::existing(&world.env()).unwrap().is_none());
    world.dir();
    assert_eq!(std::fs::metadata(world.path("run")).unwrap().mode() & 0o7777, 0o700);
    let world = World::new("serves").var("HALLWAY_RUNTIME_DIR", world_path("no/parent"));
    assert!(matches!(RuntimeDir::open(&world.env()).unwrap_err(), LifecycleError::Io { .. }));
}

#[test]
fn a_cache_directory_is_made_with_its_parents() {
    let root = tempfile::tempdir().unwrap();
    let env = hallway::lifecycle::Env::of([("XDG_CACHE_HOME", root.path().join("a/cache"))]);
    if Path::new(&format!("/run/user/{}", Uid::effective())).is_dir() {
        return; // This session's own directory comes first.
    }
    let dir = RuntimeDir::open(&env).unwrap();
    assert_eq!(dir.path(), root.path().join("a/cache/hallway/run"));
    assert_eq!(std::fs::metadata(root.path().join("a")).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a3_a_directory_open_to_others_is_refused_and_not_repaired() {
    for mode in [0o777, 0o1777, 0o755, 0o750, 0o710, 0o701] {
        let world = World::new("serves");
        make_dir(&world.path("run"), mode);
        refused(&world, "dir_unsafe", "chmod 700");
        assert_eq!(std::fs::metadata(world.path("run")).unwrap().mode() & 0o7777, mode);
        assert_eq!(read_dir(world.path("run")).unwrap().count(), 0);
    }
}

#[test]
fn a3_a_link_or_a_file_is_refused() {
    let world = World::new("serves");
    make_dir(&world.path("target"), 0o700);
    symlink(world.path("target"), world.path("run")).unwrap();
    refused(&world, "dir_unsafe", "link");
    // A slash at the end would make the system follow the link.
    let slash = format!("{}/", world.path("run").display());
    let world = world.var("HALLWAY_RUNTIME_DIR", slash);
    refused(&world, "dir_unsafe", "link");
    assert_eq!(read_dir(world.path("target")).unwrap().count(), 0);

    let world = World::new("serves");
    write(world.path("run"), "").unwrap();
    refused(&world, "dir_unsafe", "file");
    let world = World::new("serves");
    symlink(world.path("nowhere"), world.path("run")).unwrap();
    refused(&world, "dir_unsafe", "link");
}

#[test]
fn a3_another_users_directory_is_refused() {
    let world = World::new("serves");
    if Uid::effective().is_root() {
        make_dir(&world.path("run"), 0o700);
        chown(world.path("run"), Some(4242), None).unwrap();
        refused(&world, "dir_foreign", "uid 4242");
    } else {
        refused(&world.var("HALLWAY_RUNTIME_DIR", "/usr"), "dir_foreign", "uid 0");
    }
}

#[test]
fn a_directory_swapped_after_it_was_opened_is_not_followed() {
    let world = World::new("serves");
    let dir = world.dir();
    std::fs::rename(world.path("run"), world.path("moved")).unwrap();
    make_dir(&world.path("run"), 0o700);
    set_permissions(world.path("run"), Permissions::from_mode(0o777)).unwrap();
    let lock = hallway::lifecycle::InstanceLock::try_acquire(&dir, &instance()).unwrap();
    let _published = hallway::lifecycle::publish(&lock).unwrap();
    assert!(world.path("moved/fake.sock").exists());
    assert_eq!(read_dir(world.path("run")).unwrap().count(), 0);
}

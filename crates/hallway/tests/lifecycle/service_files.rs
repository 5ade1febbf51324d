//! Service files: written whole, read only from where nobody else can write.

use std::fs::{self, Permissions, read_dir, set_permissions, write};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use hallway::lifecycle::{Env, Instance, LifecycleError, ServiceFile};
use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkfifo};

use crate::world::{World, instance};

fn file(world: &World) -> ServiceFile {
    let mut file = ServiceFile::new(instance(), world.path("bin/fake"));
    file.args = vec!["daemon".to_owned(), "--quiet \"\u{e9}\"".to_owned()];
    (file.version, file.description) = ("1.2.3".to_owned(), "A fake.".to_owned());
    file.env = vec!["EDITOR".to_owned()];
    file
}

/// A place with a service file.
fn world() -> World {
    let world = World::new("serves");
    assert!(file(&world).write(&world.env()).unwrap());
    world
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The file is refused with this code, in words that name what is wrong with what.
fn refused(world: &World, code: &str, path: &Path, word: &str) {
    let error = ServiceFile::read(&world.env(), &instance()).unwrap_err();
    let text = error.to_string();
    assert!(error.code() == code && text.contains(word) && text.contains(path.to_str().unwrap()), "{text}");
}

#[test]
fn what_is_written_is_read() {
    let world = world();
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap(), file(&world));
    assert_eq!(ServiceFile::path(&world.env(), &instance()).unwrap(), world.service("fake.json"));
    assert_eq!(mode(&world.service("fake.json")), 0o600);
    for dir in ["data", "data/hallway", "data/hallway/services"] {
        assert_eq!(mode(&world.path(dir)), 0o700, "{dir}");
    }
    let text = fs::read_to_string(world.service("fake.json")).unwrap();
    let members: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  \"")?.split('"').next()).collect();
    assert_eq!(members, ["service", "program", "args", "version", "description", "env"], "{text}");
}

#[test]
fn what_is_the_same_is_not_written_again() {
    let world = world();
    chmod(&world.service("fake.json"), 0o644);
    assert!(!file(&world).write(&world.env()).unwrap());
    assert_eq!(mode(&world.service("fake.json")), 0o644);
    let mut other = file(&world);
    other.args.clear();
    assert!(other.write(&world.env()).unwrap());
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap(), other);
}

#[test]
fn what_is_removed_is_not_installed() {
    let world = world();
    assert!(ServiceFile::remove(&world.env(), &instance()).unwrap());
    assert!(!ServiceFile::remove(&world.env(), &instance()).unwrap());
    refused(&world, "not_installed", &world.service("fake.json"), "`install`");
    fs::remove_dir_all(world.path("data")).unwrap();
    assert!(!ServiceFile::remove(&world.env(), &instance()).unwrap());
    assert!(ServiceFile::list(&world.env()).unwrap().is_empty());
    refused(&world, "not_installed", &world.service("fake.json"), "fake does not run");
    assert!(!world.path("data").exists(), "looking made a directory");
}

#[test]
fn the_list_is_by_name_and_tells_of_what_is_broken() {
    let world = world();
    for name in ["zebra", "ant@work", "ant"] {
        let instance: Instance = name.parse().unwrap();
        ServiceFile::new(instance, "/bin/ant").write(&world.env()).unwrap();
    }
    write(world.service("mole.json"), "{").unwrap();
    for noise in ["Upper.json", ".json", "ant.json.7-0.new", "README"] {
        write(world.service(noise), "{}").unwrap();
    }
    let listed: Vec<(String, Option<&str>)> = ServiceFile::list(&world.env())
        .unwrap()
        .into_iter()
        .map(|(instance, file)| (instance.to_string(), file.err().map(|error| error.code())))
        .collect();
    let expected = [("ant", None), ("ant@work", None), ("fake", None), ("mole", Some("bad_service_file"))];
    let expected = expected.into_iter().chain([("zebra", None)]);
    assert_eq!(listed, expected.map(|(name, code)| (name.to_owned(), code)).collect::<Vec<_>>());
}

#[test]
fn what_others_can_write_is_refused_and_not_repaired() {
    for bits in [0o666, 0o660, 0o602] {
        let world = world();
        let path = world.service("fake.json");
        chmod(&path, bits);
        refused(&world, "service_file_unsafe", &path, "chmod go-w");
        assert_eq!(mode(&path), bits);
        // Written anew, nothing of it remains.
        assert!(file(&world).write(&world.env()).unwrap());
        assert_eq!(mode(&path), 0o600);
    }
    for dir in ["data/hallway", "data/hallway/services"] {
        let world = world();
        chmod(&world.path(dir), 0o777);
        refused(&world, "service_file_unsafe", &world.path(dir), "chmod go-w");
        let errors = [
            file(&world).write(&world.env()).unwrap_err(),
            ServiceFile::remove(&world.env(), &instance()).unwrap_err(),
            ServiceFile::list(&world.env()).unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.code() == "service_file_unsafe"), "{errors:?}");
        assert_eq!(mode(&world.path(dir)), 0o777);
    }
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    if !Uid::effective().is_root() {
        return; // Nothing can be given away; a unit test of `service_dir.rs` holds the rule.
    }
    for path in ["data/hallway/services/fake.json", "data/hallway/services", "data/hallway"] {
        let world = world();
        chown(world.path(path), Some(4242), None).unwrap();
        refused(&world, "service_file_unsafe", &world.path(path), "uid 4242");
    }
    // A data directory of somebody else is passed over, as after `su`.
    let world = world();
    chown(world.path("data"), Some(4242), None).unwrap();
    assert!(!ServiceFile::path(&world.env(), &instance()).unwrap().starts_with(world.path("")));
}

#[test]
fn a_link_is_not_followed() {
    let world = world();
    let elsewhere = world.path("elsewhere");
    fs::rename(world.service("fake.json"), &elsewhere).unwrap();
    symlink(&elsewhere, world.service("fake.json")).unwrap();
    refused(&world, "service_file_unsafe", &world.service("fake.json"), "link");
    // The link is replaced, and what it named stays as it was.
    let before = fs::read(&elsewhere).unwrap();
    let mut other = file(&world);
    other.version = "2".to_owned();
    assert!(other.write(&world.env()).unwrap());
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap(), other);

    for dir in ["data/hallway", "data/hallway/services"] {
        let world = self::world();
        let elsewhere = world.path("elsewhere");
        fs::rename(world.path(dir), &elsewhere).unwrap();
        symlink(&elsewhere, world.path(dir)).unwrap();
        refused(&world, "service_file_unsafe", &world.path(dir), "link");
        assert_eq!(file(&world).write(&world.env()).unwrap_err().code(), "service_file_unsafe");
    }
    let world = World::new("serves");
    fs::create_dir_all(world.path("data")).unwrap();
    fs::create_dir(world.path("empty")).unwrap();
    symlink(world.path("empty"), world.path("data/hallway")).unwrap();
    assert_eq!(file(&world).write(&world.env()).unwrap_err().code(), "service_file_unsafe");
    assert_eq!(read_dir(world.path("empty")).unwrap().count(), 0, "something was written behind the link");
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let makes: [fn(&Path); 3] = [
        |path| fs::create_dir(path).unwrap(),
        |path| mkfifo(path, Mode::S_IRWXU).unwrap(),
        |path| drop(UnixListener::bind(path).unwrap()),
    ];
    for make in makes {
        let world = world();
        fs::remove_file(world.service("fake.json")).unwrap();
        make(&world.service("fake.json"));
        refused(&world, "service_file_unsafe", &world.service("fake.json"), "must be a file");
    }
    let world = World::new("serves");
    fs::create_dir_all(world.path("data/hallway")).unwrap();
    write(world.path("data/hallway/services"), "").unwrap();
    refused(&world, "service_file_unsafe", &world.path("data/hallway/services"), "must be a directory");
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = world();
    let not_text = Path::new(std::ffi::OsStr::from_bytes(b"/bin/\xff"));
    let (program, args, env) = (Path::new("/bin/x"), "", "X");
    for (program, args, env) in [
        (Path::new("bin/x"), args, env),
        (Path::new("/bin/\0x"), args, env),
        (not_text, args, env),
        (program, "\0", env),
        (program, &*"x".repeat(64 * 1024), env),
        (program, args, ""),
        (program, args, "A=B"),
    ] {
        let mut other = ServiceFile::new(instance(), program);
        (other.args, other.env) = (vec![args.to_owned()], vec![env.to_owned()]);
        let error = other.write(&world.env()).unwrap_err();
        assert_eq!(error.code(), "bad_service_file", "{error}");
    }
    assert_eq!(ServiceFile::read(&world.env(), &instance()).unwrap(), file(&world));
    assert_eq!(read_dir(world.service("")).unwrap().count(), 1);
}

#[test]
fn two_writers_and_a_reader_see_whole_files_only() {
    const ROUNDS: usize = 200;
    let world = world();
    let (env, read, writing) = (world.env(), AtomicUsize::new(0), AtomicUsize::new(2));
    std::thread::scope(|scope| {
        for writer in ["a", "b"] {
            let (env, writing, world) = (&env, &writing, &world);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let mut file = file(world);
                    // Of very different lengths, so that one file with the other's end would show.
                    file.args = vec![writer.repeat(1 + round % 2 * 5000), round.to_string()];
                    file.write(env).unwrap();
                }
                writing.fetch_sub(1, Ordering::Relaxed);
            });
        }
        while writing.load(Ordering::Relaxed) > 0 {
            ServiceFile::read(&env, &instance()).unwrap();
            read.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(read.into_inner() > 0);
    assert_eq!(read_dir(world.service("")).unwrap().count(), 1, "something was left behind");
}

#[test]
fn a_data_directory_that_is_not_usable() {
    let world = World::new("serves");
    let env = Env::of([("XDG_DATA_HOME", "relative".into()), ("HOME", world.path(""))]);
    let path = ServiceFile::path(&env, &instance()).unwrap();
    assert_eq!(path, world.path(".local/share/hallway/services/fake.json"));
    write(world.path("data"), "a file where the directory belongs").unwrap();
    let error = file(&world).write(&world.env()).unwrap_err();
    assert!(matches!(error, LifecycleError::Io { .. }), "{error}");
}

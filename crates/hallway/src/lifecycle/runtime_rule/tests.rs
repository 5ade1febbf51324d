use std::fs::{Permissions, create_dir, set_permissions, write};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::*;

/// A place with directories of every kind; whatever is not given does not exist.
struct Place {
    root: tempfile::TempDir,
    vars: Vec<(&'static str, PathBuf)>,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        create_dir(&home).unwrap();
        Self { root, vars: vec![("HOME", home)] }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn dir(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// A directory of another user, and who that is.
    fn foreign(&self) -> (PathBuf, u32) {
        if !Uid::effective().is_root() {
            return (PathBuf::from("/usr"), 0);
        }
        let path = self.dir("foreign", 0o700);
        chown(&path, Some(4242), None).unwrap();
        (path, 4242)
    }

    fn var(mut self, name: &'static str, value: impl Into<PathBuf>) -> Self {
        self.vars.retain(|(known, _)| *known != name);
        self.vars.push((name, value.into()));
        self
    }

    fn choose(&self) -> Result<RuntimePath, LifecycleError> {
        let mut env = Env::of(self.vars.clone());
        env.run_user = self.path("run-user");
        RuntimePath::choose(&env)
    }

    fn expect(&self, rule: Rule, below: &str) -> RuntimePath {
        let chosen = self.choose().unwrap();
        assert_eq!((chosen.rule, &chosen.path), (rule, &self.path(below)));
        chosen
    }
}

fn euid() -> String {
    Uid::effective().to_string()
}

#[test]
fn f54_the_explicit_directory_wins() {
    let place = Place::new();
    let xdg = place.dir("xdg", 0o700);
    let place = place.var("XDG_RUNTIME_DIR", xdg);
    let explicit = place.path("anywhere");
    place.var("HALLWAY_RUNTIME_DIR", explicit).expect(Rule::Explicit, "anywhere");
}

#[test]
fn f54_a_relative_explicit_directory_is_an_error() {
    let error = Place::new().var("HALLWAY_RUNTIME_DIR", "run").choose().unwrap_err();
    assert_eq!(error.code(), "dir_unsafe");
}

#[test]
fn f54_an_empty_variable_is_unset() {
    let place = Place::new().var("HALLWAY_RUNTIME_DIR", "").var("XDG_RUNTIME_DIR", "");
    assert!(
        place
            .expect(Rule::HomeCache, "home/.cache/hallway/run")
            .skipped
            .iter()
            .all(|s| s.path != Path::new(""))
    );
}

#[test]
fn f54_the_session_directory() {
    let place = Place::new();
    let xdg = place.dir("xdg", 0o700);
    place.var("XDG_RUNTIME_DIR", xdg).expect(Rule::XdgRuntime, "xdg/hallway");
}

#[test]
fn f54_slashes_and_dots_do_not_matter() {
    let place = Place::new();
    let xdg = place.dir("xdg", 0o700);
    let odd = format!("{}/.//", xdg.display());
    place.var("XDG_RUNTIME_DIR", odd).expect(Rule::XdgRuntime, "xdg/hallway");
    let place = Place::new();
    let odd = format!("{}//", place.path("explicit").display());
    place.var("HALLWAY_RUNTIME_DIR", odd).expect(Rule::Explicit, "explicit");
}

#[test]
fn f54_an_unusable_session_directory_is_passed_over_with_its_reason() {
    let place = Place::new();
    write(place.path("file"), "").unwrap();
    symlink(place.path("nowhere"), place.path("dangling")).unwrap();
    let cases = [
        (PathBuf::from("xdg"), "not absolute"),
        (place.path("missing"), "No such file"),
        (place.path("file"), "not a directory"),
        (place.path("dangling"), "No such file"),
        (place.dir("open", 0o755), "mode is 0755"),
        (place.dir("sticky", 0o1777), "mode is 0777"),
    ];
    let mut place = place;
    for (value, reason) in cases {
        place = place.var("XDG_RUNTIME_DIR", &value);
        let chosen = place.expect(Rule::HomeCache, "home/.cache/hallway/run");
        let told = &chosen.skipped[0];
        assert!(told.path == value && told.reason.contains(reason), "{told}");
    }
}

#[test]
fn f55_another_users_session_directory_is_passed_over() {
    let place = Place::new();
    let (foreign, owner) = place.foreign();
    let chosen = place.var("XDG_RUNTIME_DIR", foreign).expect(Rule::HomeCache, "home/.cache/hallway/run");
    assert!(chosen.skipped[0].reason.contains(&format!("belongs to uid {owner}")));
}

#[test]
fn f54_the_session_directory_is_found_without_the_variable() {
    let place = Place::new();
    let below = format!("run-user/{}", euid());
    place.dir(&below, 0o700);
    place.expect(Rule::RunUser, &format!("{below}/hallway"));
    place.dir(&below, 0o750);
    place.expect(Rule::HomeCache, "home/.cache/hallway/run");
}

#[test]
fn f54_the_cache_directory_need_not_exist() {
    let place = Place::new();
    let cache = place.path("home/some/cache");
    place.var("XDG_CACHE_HOME", cache).expect(Rule::XdgCache, "home/some/cache/hallway/run");
}

#[test]
fn f55_nothing_is_put_into_another_users_home() {
    let place = Place::new();
    let (foreign, _) = place.foreign();
    let place = place.var("HOME", &foreign).var("XDG_CACHE_HOME", foreign.join(".cache"));
    // The password file's home instead, for a user who has one.
    match (nix::unistd::User::from_uid(Uid::effective()).unwrap(), place.choose()) {
        (Some(own), Ok(chosen)) => {
            assert_eq!((chosen.rule, chosen.path), (Rule::HomeCache, own.dir.join(".cache/hallway/run")));
        }
        (_, chosen) => assert_eq!(chosen.unwrap_err().code(), "no_dir"),
    }
}

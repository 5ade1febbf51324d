//! `service-files.json`: where an instance's service file is, and what it says.

use std::collections::BTreeMap;
use std::fs::{Permissions, create_dir, create_dir_all, rename, set_permissions, write};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use hallway::lifecycle::{Env, Instance, LifecycleError, ServiceFile};
use serde::Deserialize;

use super::cases::{Bytes, Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFileCase {
    name: String,
    instance: String,
    env: Option<BTreeMap<String, String>>,
    text: Option<Bytes>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    link: Option<String>,
    directory: Option<String>,
    path: Option<String>,
    says: Option<Says>,
    refused: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Says {
    program: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    env: Vec<String>,
}

impl Case for ServiceFileCase {
    fn name(&self) -> &str {
        &self.name
    }
}

#[test]
fn places_and_contents() {
    run("service-files.json", |case: &ServiceFileCase| {
        let root = tempfile::tempdir().unwrap();
        let (expected, found) = match &case.path {
            Some(path) => (Ok(path.clone()), place(case, root.path())),
            None => {
                make(case, root.path());
                let read = says(case, root.path()).map(|says| format!("{says:?}"));
                (case.says.as_ref().map(|says| format!("{says:?}")).ok_or(case.refused.clone()), read)
            }
        };
        let found = found.map_err(|error| Some(error.code().to_owned()));
        if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
    });
}

fn place(case: &ServiceFileCase, root: &Path) -> Result<String, LifecycleError> {
    let root = root.to_str().unwrap();
    let env = case.env.iter().flatten().map(|(name, value)| (name, value.replace("$ROOT", root)));
    let path = ServiceFile::path(&Env::of(env), &case.instance.parse()?)?;
    Ok(path.to_str().unwrap().replace(root, "$ROOT"))
}

fn make(case: &ServiceFileCase, root: &Path) {
    let at = |name: &str| root.join(name);
    let chmod = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    create_dir_all(at("hallway/services")).unwrap();
    chmod(&at("hallway"), 0o700);
    chmod(&at("hallway/services"), 0o700);
    if let Some(text) = &case.text {
        let file = at("hallway/services").join(format!("{}.json", case.instance));
        write(&file, text.get()).unwrap();
        chmod(&file, 0o600);
    }
    if let Some(directory) = &case.directory {
        create_dir(at(directory)).unwrap();
    }
    for (name, mode) in &case.modes {
        chmod(&at(name), u32::from_str_radix(mode, 8).unwrap());
    }
    if let Some(link) = &case.link {
        rename(at(link), at("elsewhere")).unwrap();
        symlink(at("elsewhere"), at(link)).unwrap();
    }
}

fn says(case: &ServiceFileCase, root: &Path) -> Result<Says, LifecycleError> {
    let instance: Instance = case.instance.parse()?;
    let ServiceFile { program, args, version, description, env, .. } =
        ServiceFile::read(&Env::of([("XDG_DATA_HOME", root)]), &instance)?;
    Ok(Says { program: program.into_os_string().into_string().unwrap(), args, version, description, env })
}

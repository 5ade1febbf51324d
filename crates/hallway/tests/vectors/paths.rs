//! `paths.json`: which names an instance may have, and which directory its socket is in.

use std::collections::BTreeMap;
use std::fs::{Permissions, create_dir, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use hallway::lifecycle::{Env, Instance, LifecycleError, RuntimePath};
use serde::Deserialize;

use super::cases::{Case, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathCase {
    name: String,
    name_of: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    make: BTreeMap<String, String>,
    service: Option<String>,
    instance: Option<String>,
    directory: Option<String>,
    refused: Option<String>,
}

impl Case for PathCase {
    fn name(&self) -> &str {
        &self.name
    }
}

/// What comes out, in the order of the members.
#[derive(Debug, PartialEq)]
struct Outcome {
    service: Option<String>,
    instance: Option<String>,
    directory: Option<String>,
    refused: Option<String>,
}

#[test]
fn names_and_directories() {
    run("paths.json", |case: &PathCase| {
        let expected = Outcome {
            service: case.service.clone(),
            instance: case.instance.clone(),
            directory: case.directory.clone(),
            refused: case.refused.clone(),
        };
        let found = case.name_of.as_deref().map_or_else(|| directory(case), name).unwrap_or_else(|error| {
            let refused = Some(error.code().to_owned());
            Outcome { service: None, instance: None, directory: None, refused }
        });
        if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
    });
}

fn name(text: &str) -> Result<Outcome, LifecycleError> {
    let name: Instance = text.parse()?;
    let instance = name.name().map(str::to_owned);
    Ok(Outcome { service: Some(name.service().to_owned()), instance, directory: None, refused: None })
}

fn directory(case: &PathCase) -> Result<Outcome, LifecycleError> {
    let root = tempfile::tempdir().unwrap();
    for (dir, mode) in &case.make {
        let dir = root.path().join(dir);
        create_dir(&dir).unwrap();
        set_permissions(&dir, Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap())).unwrap();
    }
    let root = root.path().to_str().unwrap();
    let env = Env::of(case.env.iter().map(|(name, value)| (name, value.replace("$ROOT", root))));
    let chosen = RuntimePath::choose(&env)?.path.to_str().unwrap().replace(root, "$ROOT");
    Ok(Outcome { service: None, instance: None, directory: Some(chosen), refused: None })
}

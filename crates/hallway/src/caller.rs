use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a method may know of the process that calls it: a parameter like any other, for methods that ask for it.
///
/// A daemon serves callers from everywhere, and has nothing of the one that had it started. A method that is given a
/// relative path, or that runs the caller's editor, takes one of these and says in its docs which variables it reads;
/// the caller fills it with [`Caller::here`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Caller {
    /// The caller's working directory, an absolute path.
    pub cwd: String,
    /// Variables of its environment, by name; one that is not set is not there.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

impl Caller {
    /// This process, with those of the named variables that are set.
    ///
    /// # Errors
    /// When there is no working directory, or it or a variable is not UTF-8.
    pub fn here<'a>(variables: impl IntoIterator<Item = &'a str>) -> io::Result<Self> {
        let not_text =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{what} is not UTF-8"));
        let cwd = std::env::current_dir()?.into_os_string();
        let cwd = cwd.into_string().map_err(|_| not_text("the working directory"))?;
        let mut env = BTreeMap::new();
        for name in variables {
            if let Some(value) = std::env::var_os(name) {
                env.insert(name.to_owned(), value.into_string().map_err(|_| not_text(name))?);
            }
        }
        Ok(Self { cwd, env })
    }

    /// A path as the caller means it: from its working directory.
    #[must_use]
    pub fn resolve(&self, path: impl AsRef<Path>) -> PathBuf {
        Path::new(&self.cwd).join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_tells_where_it_is_and_what_was_asked_for() {
        let here = Caller::here(["PATH", "HALLWAY_NOT_SET"]).unwrap();
        assert_eq!(here.resolve("x"), std::env::current_dir().unwrap().join("x"));
        assert_eq!(here.resolve("/x"), Path::new("/x"));
        assert_eq!(here.env.keys().collect::<Vec<_>>(), ["PATH"]);
        let text = serde_json::to_string(&here).unwrap();
        assert_eq!(serde_json::from_str::<Caller>(&text).unwrap(), here);
        assert!(serde_json::from_str::<Caller>(r#"{"cwd":"/"}"#).unwrap().env.is_empty());
    }
}

//! The rules of the house that the compiler does not know.

mod bans;
mod files;
mod layers;

use std::error::Error;
use std::path::Path;

use crate::sources;

/// Checks everything, and tells of all that is wrong.
pub(crate) fn run(root: &Path) -> Result<(), Box<dyn Error>> {
    let library = sources::rust(root, "crates/hallway/src")?;
    let mut all = sources::rust(root, "crates")?;
    all.extend(sources::rust(root, "apps")?);
    all.extend(sources::rust(root, "xtask")?);
    let every = sources::text(root)?;

    let mut wrong = Vec::new();
    library.iter().for_each(|source| layers::check(source, &mut wrong));
    all.iter().for_each(|source| bans::check(source, &mut wrong));
    all.iter().for_each(|source| files::check_length(source, &mut wrong));
    every.iter().for_each(|source| files::check_merged(source, &mut wrong));
    files::check_modules(&all, &mut wrong);
    if wrong.is_empty() {
        println!(
            "{} Rust files: layers, bans, lengths, test modules are in order; {} files: none is half merged",
            all.len(),
            every.len()
        );
        return Ok(());
    }
    Err(wrong.join("\n").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_in_order() {
        run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    }
}

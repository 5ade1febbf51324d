//! What is said of files as a whole.

use crate::sources::Source;

/// The most lines of a file that ship.
const LINES_MAX: usize = 600;

/// What a merge leaves where two sides differ; in two pieces, so that this file is none.
const MARKERS: [&str; 3] = [concat!("<<<<", "<<< "), concat!("||||", "||| "), concat!(">>>>", ">>> ")];

pub(super) fn check_length(source: &Source, wrong: &mut Vec<String>) {
    let lines = source.shipped().count();
    if lines > LINES_MAX && !source.is_test() {
        wrong.push(format!(
            "{}: {lines} lines, where {LINES_MAX} are the most: it holds more than one idea",
            source.path
        ));
    }
}

/// Nobody has left a merge half done.
pub(super) fn check_merged(source: &Source, wrong: &mut Vec<String>) {
    for (number, line) in source.text.lines().enumerate() {
        if MARKERS.iter().any(|marker| line.starts_with(marker)) {
            wrong.push(format!("{}:{}: a merge is half done", source.path, number + 1));
        }
    }
}

/// A file of tests that no `mod` names is never run.
pub(super) fn check_modules(all: &[Source], wrong: &mut Vec<String>) {
    for source in all {
        let Some((dir, file)) = source.path.rsplit_once('/') else { continue };
        let main = format!("{dir}/main.rs");
        let Some(main) = all.iter().find(|other| dir.contains("/tests/") && other.path == main) else {
            continue;
        };
        let name = file.trim_end_matches(".rs");
        if name != "main" && !main.text.contains(&format!("mod {name};")) {
            wrong.push(format!("{}: {} does not name it, so it is never run", source.path, main.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::found;

    #[test]
    fn what_is_out_of_order_is_found() {
        let long = Source::new("apps/mail/src/x.rs", &"x\n".repeat(LINES_MAX + 1));
        assert_eq!(found(|wrong| check_length(&long, wrong)).len(), 1);
        let forgotten = [Source::new("a/tests/it/main.rs", "mod one;"), Source::new("a/tests/it/two.rs", "")];
        assert_eq!(found(|wrong| check_modules(&forgotten, wrong)).len(), 1);
        for marker in MARKERS {
            let half = Source::new("README.md", &format!("one\n{marker}HEAD\ntwo\n"));
            assert_eq!(found(|wrong| check_merged(&half, wrong)), ["README.md:2: a merge is half done"]);
        }
        let heading = Source::new("README.md", "Title\n=======\n  >>>>>>> quoted\n");
        assert!(found(|wrong| check_merged(&heading, wrong)).is_empty());
    }
}

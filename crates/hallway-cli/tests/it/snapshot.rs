//! Transcripts of what the tool prints, held against those in `snapshots/`.
//!
//! A transcript has a line `$ COMMAND` for each command, what it prints, what it prints on standard error behind `! `,
//! and how it exits if that is not 0. What differs from run to run stands there by name: `WORLD`, `PID`, `TIME`, `SIZE`,
//! `LOG`, and `KITCHEN` for this program.

use std::fs;
use std::path::Path;

use crate::world::World;

impl World {
    /// Runs command lines, in a shell, and holds what they print against the snapshot of this name.
    #[track_caller]
    pub(crate) fn snapshot(&self, name: &str, lines: &[&str]) {
        let transcript: String = lines.iter().map(|line| self.transcript(line)).collect();
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(format!("{name}.txt"));
        if std::env::var("HALLWAY_SNAPSHOTS").as_deref() == Ok("update") {
            fs::write(&path, &transcript).unwrap();
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        if let Some(at) = differs(&wanted, &transcript) {
            panic!(
                "{name}.txt differs from line {at} on; HALLWAY_SNAPSHOTS=update writes it anew. Printed was:\n{transcript}"
            );
        }
    }

    fn transcript(&self, line: &str) -> String {
        let ran = self.shell(line);
        let mut transcript = format!("$ {line}\n{}", self.named(&ran.out));
        for line in self.named(&ran.err).lines() {
            transcript += &format!("! {line}\n");
        }
        if ran.code != 0 {
            transcript += &format!("(exit {})\n", ran.code);
        }
        transcript + "\n"
    }

    /// Calls what differs from run to run by its name.
    fn named(&self, printed: &str) -> String {
        let program = std::env::current_exe().unwrap().display().to_string();
        let text = printed.replace(&self.root().display().to_string(), "WORLD").replace(&program, "KITCHEN");
        let text = without_log(&text);
        let pids = self.pids();
        if pids.iter().all(|pid| !text.contains(pid)) {
            return text;
        }
        let line = |line: &str| {
            let line = pids.iter().fold(line.to_owned(), |line, pid| line.replace(pid, "PID"));
            columns(&line).map(named_cell).collect::<Vec<_>>().join("  ") + "\n"
        };
        text.lines().map(line).collect()
    }

    /// The daemons' processes, and this one, which may hold their locks.
    fn pids(&self) -> Vec<String> {
        let run = fs::read_dir(self.path("run")).into_iter().flatten().flatten();
        let records = run.filter(|entry| entry.path().extension().is_some_and(|it| it == "json"));
        let pid = |text: String| {
            let record: serde_json::Value = serde_json::from_str(&text).ok()?;
            Some(record["pid"].to_string())
        };
        let own = std::process::id().to_string();
        records.filter_map(|entry| pid(fs::read_to_string(entry.path()).ok()?)).chain([own]).collect()
    }
}

/// What stands for the lines of a daemon's log: how many there are by now is a matter of chance.
const LOG: &str = "  LOG\n";

/// A text in which the lines of a log are called by their name.
fn without_log(text: &str) -> String {
    let is_log =
        |line: &str| line.contains("--- 20") || line.contains("Z  INFO ") || line.contains("Z  WARN ");
    text.split_inclusive('\n').fold(String::new(), |text, line| match is_log(line) {
        true if text.ends_with(LOG) => text,
        true => text + LOG,
        false => text + line,
    })
}

/// The columns of a table's line: their widths are those of what differs.
fn columns(line: &str) -> impl Iterator<Item = &str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty())
}

/// A time or a size by its name.
fn named_cell(cell: &str) -> &str {
    let (number, unit) =
        cell.split_at(cell.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(cell.len()));
    match unit.trim() {
        "s" if !number.is_empty() => "TIME",
        "KiB" | "MiB" => "SIZE",
        _ => cell,
    }
}

/// The first line in which two texts differ, counted from 1.
fn differs(wanted: &str, found: &str) -> Option<usize> {
    let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let (wanted, found) = (lines(wanted), lines(found));
    (0..wanted.len().max(found.len())).find(|&at| wanted.get(at) != found.get(at)).map(|at| at + 1)
}

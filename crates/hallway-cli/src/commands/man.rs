//! `hallway man`: the manual.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::Arguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::out;

/// Prints the page of the tool or of one of its commands, or writes all of them into a directory.
pub(crate) fn run(command: Option<&str>, dir: Option<&Path>) -> Result<(), Failure> {
    let mut tool = Arguments::command();
    tool.build();
    if let Some(dir) = dir {
        return pages(&tool, dir).map_err(|error| {
            let message = format!("cannot write into {}: {error}", dir.display());
            Failure::new(Exit::Refused, "io", message)
        });
    }
    let page = match command {
        None => &tool,
        Some(name) => tool.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = tool.get_subcommands().map(Command::get_name).collect();
            Failure::usage(hallway::service::near::unknown(&format!("command `{name}`"), name, &names))
        })?,
    };
    out(|out| write(out, page))
}

fn pages(tool: &Command, dir: &Path) -> io::Result<()> {
    let write_page = |name: &str, page: &Command| {
        let mut text = Vec::new();
        write(&mut text, page)?;
        std::fs::write(dir.join(format!("{name}.1")), text)
    };
    write_page("hallway", tool)?;
    tool.get_subcommands()
        .filter(|command| command.get_name() != "help")
        .try_for_each(|command| write_page(&format!("hallway-{}", command.get_name()), command))
}

fn write(mut out: &mut dyn Write, page: &Command) -> io::Result<()> {
    let name = page.get_bin_name().unwrap_or("hallway").replace(' ', "-");
    // Its date is that of no build: the same sources make the same page.
    Man::new(page.clone().name(name))
        .date("")
        .source(concat!("hallway ", env!("CARGO_PKG_VERSION")))
        .render(&mut out)
}

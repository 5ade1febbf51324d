//! What a person reads: tables, names with values, times and sizes.

use std::io::{self, Write};

use console::{Style, Term, measure_text_width, style, truncate_str};

use super::json::compact;
use super::{Value, plain};

/// A cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    /// Text, made harmless.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: plain::line(text.as_ref()).into_owned(), style: Style::new(), right: false }
    }

    /// Something that stands at the right of its column: a number.
    pub(crate) fn right(text: impl AsRef<str>) -> Self {
        Self { right: true, ..Self::new(text) }
    }

    pub(crate) fn bold(self) -> Self {
        Self { style: self.style.bold(), ..self }
    }

    pub(crate) fn dim(self) -> Self {
        Self { style: self.style.dim(), ..self }
    }

    pub(crate) fn green(self) -> Self {
        Self { style: self.style.green(), ..self }
    }

    pub(crate) fn red(self) -> Self {
        Self { style: self.style.red(), ..self }
    }
}

/// A table. Its last column is cut where the terminal ends; in a pipe nothing is.
pub(crate) fn table(
    out: &mut dyn Write,
    head: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> io::Result<()> {
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    let right = |column: usize| rows.iter().all(|row| row.get(column).is_some_and(|cell| cell.right));
    let cell = |(column, text): (usize, &&str)| Cell { right: right(column), ..Cell::new(text).dim() };
    let first: Vec<Cell> = head.iter().enumerate().map(cell).collect();
    rows.insert(0, first);
    let widths: Vec<usize> = (0..head.len())
        .map(|column| rows.iter().filter_map(|row| Some(width(row.get(column)?))).max().unwrap_or_default())
        .collect();
    for row in &rows {
        let mut line = String::new();
        let mut used = 0;
        for (at, (cell, &widest)) in row.iter().zip(&widths).enumerate() {
            let last = at + 1 == row.len();
            let room = if last { terminal_width().saturating_sub(used).max(MIN_LAST) } else { usize::MAX };
            let text = truncate_str(&cell.text, room, "…");
            let blank = " ".repeat(widest.saturating_sub(width(cell)));
            let styled = cell.style.apply_to(text);
            line += &if cell.right { format!("{blank}{styled}") } else { format!("{styled}{blank}") };
            line += "  ";
            used += widest + 2;
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The least that is left for the last column.
const MIN_LAST: usize = 20;

fn width(cell: &Cell) -> usize {
    measure_text_width(&cell.text)
}

/// How wide the terminal is; without end where there is none.
pub(crate) fn terminal_width() -> usize {
    Term::stdout().size_checked().map_or(usize::MAX, |(_, columns)| columns.into())
}

/// Names with their values, below each other.
pub(crate) fn pairs(out: &mut dyn Write, rows: Vec<(&str, String)>) -> io::Result<()> {
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    rows.into_iter().try_for_each(|(name, value)| {
        let name = style(format!("{name:<widest$}")).bold();
        writeln!(out, "{name}  {}", plain::line(&value))
    })
}

/// A paragraph, reflowed to the terminal's width behind an indent. Nothing of nothing.
pub(crate) fn wrapped(out: &mut dyn Write, text: &str, indent: usize) -> io::Result<()> {
    let room = terminal_width().min(PARAGRAPH).saturating_sub(indent).max(MIN_LAST);
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word = plain::line(word);
        if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(&word) > room {
            writeln!(out, "{:indent$}{line}", "")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += &word;
    }
    if line.is_empty() { Ok(()) } else { writeln!(out, "{:indent$}{line}", "") }
}

/// The widest that text is set: wider is hard to read.
const PARAGRAPH: usize = 100;

/// Any value as a table: a row for each element, a column for each member that one of them has.
pub(super) fn value_table(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    let mut columns: Vec<&str> = Vec::new();
    for element in value.elements() {
        let Value::Object(members) = element else { continue };
        for (name, _) in members {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    if columns.is_empty() {
        return value.elements().iter().try_for_each(|element| bare(out, element));
    }
    let cell = |element: &Value, column: &str| match element.member(column) {
        None | Some(Value::Null) => Ok(Cell::new("")),
        Some(Value::Text(text)) => Ok(Cell::new(text)),
        Some(value @ Value::Number(_)) => compact(value).map(Cell::right),
        Some(value) => compact(value).map(Cell::new),
    };
    let rows: Result<Vec<Vec<Cell>>, io::Error> = value
        .elements()
        .iter()
        .map(|element| columns.iter().map(|column| cell(element, column)).collect())
        .collect();
    table(out, &columns, rows?.into_iter())
}

/// A value alone on a line: text without quotes, anything else as JSON.
pub(super) fn bare(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    match value {
        Value::Text(text) => writeln!(out, "{}", plain::on_terminal(text)),
        value => writeln!(out, "{}", compact(value)?),
    }
}

/// A length of time, to two units.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m {}s", s / 60, s % 60),
        3600..86_400 => format!("{}h {}m", s / 3600, s / 60 % 60),
        _ => format!("{}d {}h", s / 86_400, s / 3600 % 24),
    }
}

/// A size in bytes, to three digits.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{size} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        let times = [999, 59_000, 61_000, 3_660_000, 90_000_000].map(duration);
        assert_eq!(times, ["0s", "59s", "1m 1s", "1h 1m", "1d 1h"]);
        assert_eq!(
            [0, 999, 1024, 5 << 20, 3 << 40].map(bytes),
            ["0 B", "999 B", "1.0 KiB", "5.0 MiB", "3.0 TiB"]
        );
    }
}

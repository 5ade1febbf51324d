//! Tables in Markdown that can be read as they are, and numbers as people write them.

use std::fmt::Write as _;

/// A table; the first column is names, the others are numbers.
#[derive(Debug)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self(vec![head.iter().map(|&cell| cell.to_owned()).collect()])
    }

    pub fn row(&mut self, row: Vec<String>) {
        self.0.push(row);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.0
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in self.0.iter().enumerate() {
            let mut line = String::from("|");
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(line, " {cell:width$} |")?;
                } else {
                    write!(line, " {cell:>width$} |")?;
                }
            }
            writeln!(f, "{line}")?;
            if index == 0 {
                let rules = widths.iter().enumerate().map(|(column, &width)| match column {
                    0 => format!("-{}-|", "-".repeat(width)),
                    _ => format!("-{}:|", "-".repeat(width)),
                });
                writeln!(f, "|{}", rules.collect::<String>())?;
            }
        }
        Ok(())
    }
}

/// Three digits that count, and the thousands and millions by their letters.
pub fn number(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", digits(value / 1e6)),
        value if value >= 1e4 => format!("{}k", digits(value / 1e3)),
        value => digits(value),
    }
}

fn digits(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

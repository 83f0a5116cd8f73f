//! Lists: a text table with headings, or JSON.

use std::{fmt, io};

use clap::Args;
use serde::Serialize;

use super::screen::Screen;

#[derive(Debug, Clone, Copy, Args)]
pub struct ListFlags {
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// How a list is printed.
pub(super) struct Listing<const N: usize> {
    pub(super) json: bool,
    /// The note instead of an empty table.
    pub(super) none: &'static str,
    pub(super) headings: [&'static str; N],
}

impl<const N: usize> Listing<N> {
    /// Colours are for the last column only: their codes count as width.
    pub(super) fn print<'t, T, J: Serialize>(
        self,
        screen: Screen,
        all: &'t [T],
        view: impl Fn(&'t T) -> J,
        row: impl Fn(&'t T) -> [String; N],
    ) -> io::Result<()> {
        if self.json {
            screen.items(all.iter().map(view))
        } else if all.is_empty() {
            screen.note(self.none)
        } else {
            screen.line(Table::of(self.headings, all.iter().map(row)))
        }
    }
}

#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn of(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        Self { rows: std::iter::once(headings.map(str::to_owned)).chain(rows).collect() }
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; N] = std::array::from_fn(|at| self.rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let end = if index + 1 < self.rows.len() { "\n" } else { "" };
            write!(f, "{}{end}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let table = Table::of(["NAME", "IS"], [["königsallee".into(), "open".into()], ["x".into(), String::new()]]);
        assert_eq!(table.to_string(), "NAME         IS\nkönigsallee  open\nx");
    }
}

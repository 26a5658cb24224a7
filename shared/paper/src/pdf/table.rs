//! Tables: a head that stands again on every page, and rows that are not broken.

use std::rc::Rc;

use krilla::tagging::{TableHeaderScope, Tag};

use super::document::{Document, Type};
use super::flow::{Ink, Mark, Strip, WIDTH};
use super::tags::Branch;
use super::text;

/// Space at both sides of a cell, and above and under its text.
const PAD: (f32, f32) = (6.0, 3.5);

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    /// What stands in the column.
    pub head: &'a str,
    /// Its part of the table's width; the parts need not add up to anything.
    pub share: f32,
    /// Whether it is set to the right, as figures are.
    pub right: bool,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    /// The columns.
    pub columns: Vec<Column<'a>>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Vec<String>>,
    /// Whether the last row is a sum, and stands out.
    pub sum: bool,
    /// The part of the page's width that it takes, from the right.
    pub width: f32,
}

impl Document {
    /// A table.
    pub fn table(&mut self, table: &Table<'_>) {
        let tag = self.tags.root(Tag::Table);
        let heads: Vec<String> = table.columns.iter().map(|column| column.head.to_owned()).collect();
        let mut head = self.row(table, &heads, tag, Row::Head);
        head.marks.insert(0, Mark::Ground { x: WIDTH * (1.0 - table.width), y: 0.0, width: WIDTH * table.width, height: head.height });
        let again = Rc::new(Strip { gap: 0.0, ..head.clone() });
        self.strips.push(head);
        let last = table.rows.len().saturating_sub(1);
        for (at, cells) in table.rows.iter().enumerate() {
            let sum = table.sum && at == last;
            let mut strip = self.row(table, cells, tag, if sum { Row::Sum } else { Row::Plain });
            // A sum does not stand alone.
            strip.keep = table.sum && at + 1 == last;
            strip.repeat = Some(Rc::clone(&again));
            self.strips.push(strip);
        }
        self.let_go();
    }

    fn row(&mut self, table: &Table<'_>, cells: &[String], parent: Branch, row: Row) -> Strip {
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        let full = WIDTH * table.width;
        let left = WIDTH - full;
        let tag = self.tags.under(parent, Tag::TR);
        let mut strip = Strip { gap: if row == Row::Head { 12.0 } else { 0.0 }, keep: row == Row::Head, ..Strip::default() };
        let mut x = left;
        for (column, cell) in table.columns.iter().zip(cells) {
            let width = full * column.share / shares;
            let tag = match row {
                Row::Head => self.tags.under(tag, Tag::TH(TableHeaderScope::Column)),
                Row::Plain | Row::Sum => self.tags.under(tag, Tag::TD),
            };
            let set = match row {
                Row::Head => Type::LABEL,
                Row::Plain => Type::BODY,
                Row::Sum => Type::STRONG,
            };
            let cell = text::value(&self.faces, cell);
            let height = self.set(&mut strip, set, &cell, (x + PAD.0, PAD.1, width - 2.0 * PAD.0), tag, column.right);
            strip.height = strip.height.max(height + 2.0 * PAD.1);
            x += width;
        }
        let (weight, ink) = if row == Row::Sum { (1.0, Ink::Accent) } else { (0.5, Ink::Hair) };
        strip.marks.push(Mark::Rule { x: left, y: strip.height, width: full, weight, ink });
        strip
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Head,
    Plain,
    Sum,
}

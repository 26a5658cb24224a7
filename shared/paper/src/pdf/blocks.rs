//! What a form is made of.

use std::num::NonZeroU16;

use krilla::tagging::{ListNumbering, Tag};

use super::document::{Document, Type};
use super::flow::{Ink, Mark, Strip, WIDTH};
use super::text;

/// Space between the fields of a row.
const GUTTER: f32 = 16.0;
/// Columns that the spans of a row's fields add up to.
const COLUMNS: f32 = 12.0;
/// Where the text of a list begins.
const INDENT: f32 = 15.0;
/// Height from which a panel takes no further line, so that a page holds it.
const PANEL: f32 = 450.0;
/// Side of a box to tick.
const TICK: f32 = 8.5;

/// A labelled value.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// What the value is.
    pub label: &'a str,
    /// The value; without one, or when nothing of it can be shown, a line to write on.
    pub value: Option<String>,
    /// How many of a row's twelve columns the field takes.
    pub span: u8,
}

impl<'a> Field<'a> {
    /// A field with a value, which may be empty.
    pub fn new(label: &'a str, value: impl Into<String>, span: u8) -> Self {
        Self { label, value: Some(value.into()), span }
    }

    /// A field that is filled in by hand where there is no value.
    pub fn optional(label: &'a str, value: Option<&str>, span: u8) -> Self {
        Self { label, value: value.map(str::to_owned), span }
    }

    /// A field to fill in by hand.
    pub const fn blank(label: &'a str, span: u8) -> Self {
        Self { label, value: None, span }
    }
}

/// Lines under a label, in a frame.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// What the lines are.
    pub label: &'a str,
    /// The lines; the first is set strong.
    pub lines: Vec<String>,
}

/// Where the paper is signed.
#[derive(Debug, Clone)]
pub struct Signature<'a> {
    /// Label of the line for the place.
    pub place: &'a str,
    /// Label of the line for the date.
    pub date: &'a str,
    /// Label of the frame: who signs.
    pub signer: &'a str,
}

impl Document {
    /// A heading; it stays with what follows. An empty one is none.
    pub fn heading(&mut self, heading: &str) {
        let heading = text::clean(&self.faces, heading);
        if heading.is_empty() {
            return;
        }
        let level = NonZeroU16::MIN.saturating_add(1);
        let tag = self.tags.root(Tag::Hn(level, Some(heading.clone())));
        let mut strip = Strip { gap: 9.0, keep: true, outline: Some((2, heading.clone())), ..Strip::default() };
        strip.height = self.set(&mut strip, Type::HEADING, &heading, (0.0, 0.0, WIDTH), tag, false) + 1.0;
        self.strips.push(strip);
    }

    /// A paragraph; it may go on on the next page, but not with a line alone.
    pub fn paragraph(&mut self, paragraph: &str) {
        let tag = self.tags.root(Tag::P);
        self.lines(Type::BODY, paragraph, 4.0, 0.0, tag, false);
    }

    /// A paragraph that stays with what follows.
    pub fn lead(&mut self, paragraph: &str) {
        let tag = self.tags.root(Tag::P);
        self.lines(Type::BODY, paragraph, 4.0, 0.0, tag, true);
    }

    /// A paragraph in small print.
    pub fn note(&mut self, note: &str) {
        let tag = self.tags.root(Tag::P);
        self.lines(Type::NOTE, note, 8.0, 0.0, tag, false);
    }

    /// A list of sentences.
    pub fn bullets(&mut self, items: &[&str]) {
        let list = self.tags.root(Tag::L(ListNumbering::Disc));
        for item in items {
            let entry = self.tags.under(list, Tag::LI);
            let label = self.tags.under(entry, Tag::Lbl);
            let body = self.tags.under(entry, Tag::LBody);
            let first = self.strips.len();
            self.lines(Type::BODY, item, 2.5, INDENT, body, false);
            if let Some(strip) = self.strips.get_mut(first) {
                let Type { weight, size, ink } = Type::BODY;
                strip.marks.insert(0, Mark::Text { x: 4.0, y: Type::BODY.baseline(), text: "•".to_owned(), weight, size, ink, tag: label });
            }
        }
    }

    /// Boxes to tick; where the second of a pair is set, with a line to write on after the text.
    pub fn choices(&mut self, items: &[(&str, bool)]) {
        let list = self.tags.root(Tag::L(ListNumbering::None));
        for (item, blank) in items {
            let entry = self.tags.under(list, Tag::LI);
            let label = self.tags.under(entry, Tag::Lbl);
            let body = self.tags.under(entry, Tag::LBody);
            let item = text::clean(&self.faces, item);
            let mut strip = Strip { gap: 4.0, keep: true, ..Strip::default() };
            strip.marks.push(Mark::Tick { x: 0.5, y: 2.2, side: TICK, tag: label });
            strip.height = self.set(&mut strip, Type::BODY, &item, (INDENT, 0.0, WIDTH - INDENT), body, false);
            if *blank {
                let last = self.wrap(Type::BODY, &item, WIDTH - INDENT).pop().map_or(0.0, |line| line.width);
                let x = INDENT + last + 5.0;
                strip.marks.push(Mark::Blank { x, y: strip.height - 1.5, width: WIDTH - x, tag: body });
            }
            self.strips.push(strip);
        }
        self.let_go();
    }

    /// Rows of labelled values.
    pub fn fields(&mut self, rows: &[Vec<Field<'_>>]) {
        let list = self.tags.root(Tag::L(ListNumbering::None));
        for row in rows {
            let mut strip = Strip { gap: 3.0, ..Strip::default() };
            let mut x = 0.0;
            let mut lines = Vec::new();
            for field in row {
                let width = (WIDTH + GUTTER) * f32::from(field.span) / COLUMNS - GUTTER;
                let entry = self.tags.under(list, Tag::LI);
                let label_tag = self.tags.under(entry, Tag::Lbl);
                let value_tag = self.tags.under(entry, Tag::LBody);
                let label = text::clean(&self.faces, field.label);
                let value = field.value.as_deref().map(|value| text::value(&self.faces, value)).filter(|value| !value.is_empty());
                let top = self.set(&mut strip, Type::LABEL, &label, (x, 0.0, width), label_tag, false);
                let height = match &value {
                    Some(value) => self.set(&mut strip, Type::VALUE, value, (x, top, width), value_tag, false),
                    None => Type::VALUE.line() + 3.0,
                };
                strip.height = strip.height.max(top + height + 2.0);
                lines.push((x, width, value.is_none().then_some(value_tag)));
                x += width + GUTTER;
            }
            let y = strip.height;
            strip.marks.extend(lines.into_iter().map(|(x, width, blank)| match blank {
                Some(tag) => Mark::Blank { x, y, width, tag },
                None => Mark::Rule { x, y, width, weight: 0.5, ink: Ink::Hair },
            }));
            self.strips.push(strip);
        }
    }

    /// Two frames side by side.
    pub fn panels(&mut self, panels: &[Panel<'_>; 2]) {
        let width = (WIDTH - GUTTER) / 2.0;
        let mut strip = Strip { gap: 12.0, ..Strip::default() };
        let mut x = 0.0;
        for panel in panels {
            let tag = self.tags.root(Tag::P);
            let label = text::clean(&self.faces, panel.label);
            let mut y = 8.0;
            y += self.set(&mut strip, Type::LABEL, &label, (x + 10.0, y, width - 20.0), tag, false) + 1.0;
            let mut set = Type::STRONG;
            for line in &panel.lines {
                let line = text::value(&self.faces, line);
                if !line.is_empty() {
                    let tag = self.tags.root(Tag::P);
                    y += self.set(&mut strip, set, &line, (x + 10.0, y, width - 20.0), tag, false);
                    set = Type::BODY;
                }
                if y > PANEL {
                    let tag = self.tags.root(Tag::P);
                    y += self.set(&mut strip, set, "…", (x + 10.0, y, width - 20.0), tag, false);
                    break;
                }
            }
            strip.height = strip.height.max(y + 8.0);
            x += width + GUTTER;
        }
        let height = strip.height;
        strip.marks.extend([0.0, width + GUTTER].map(|x| Mark::Frame { x, y: 0.0, width, height, ink: Ink::Hair }));
        self.strips.push(strip);
    }

    /// Lines for place and date, and a frame for the signature.
    pub fn signature(&mut self, signature: &Signature<'_>) {
        let (left, height) = (WIDTH * 0.4, 62.0);
        let list = self.tags.root(Tag::L(ListNumbering::None));
        let mut strip = Strip { gap: 8.0, height, ..Strip::default() };
        for (label, y) in [(signature.place, 0.0), (signature.date, 34.0)] {
            let entry = self.tags.under(list, Tag::LI);
            let tag = self.tags.under(entry, Tag::Lbl);
            let blank = self.tags.under(entry, Tag::LBody);
            let label = text::clean(&self.faces, label);
            self.set(&mut strip, Type::LABEL, &label, (0.0, y, left), tag, false);
            strip.marks.push(Mark::Blank { x: 0.0, y: y + 28.0, width: left, tag: blank });
        }
        let entry = self.tags.under(list, Tag::LI);
        let tag = self.tags.under(entry, Tag::Lbl);
        let blank = self.tags.under(entry, Tag::LBody);
        let x = left + 2.0 * GUTTER;
        let signer = text::clean(&self.faces, signature.signer);
        strip.marks.push(Mark::Frame { x, y: 0.0, width: WIDTH - x, height, ink: Ink::Grey });
        self.set(&mut strip, Type::LABEL, &signer, (x + 8.0, 5.0, WIDTH - x - 16.0), tag, false);
        strip.marks.push(Mark::Blank { x: x + 8.0, y: height - 12.0, width: WIDTH - x - 16.0, tag: blank });
        self.strips.push(strip);
    }

    /// The last strip may be followed by a new page.
    pub(super) fn let_go(&mut self) {
        if let Some(strip) = self.strips.last_mut() {
            strip.keep = false;
        }
    }

    /// A strip for each line, the first two and the last two of them kept together.
    fn lines(&mut self, set: Type, text: &str, gap: f32, indent: f32, tag: super::tags::Branch, keep: bool) {
        let text = text::clean(&self.faces, text);
        let lines = self.wrap(set, &text, WIDTH - indent);
        let count = lines.len();
        for (at, line) in lines.into_iter().enumerate() {
            let last = at + 1 == count;
            self.strips.push(Strip {
                gap: if at == 0 { gap } else { 0.0 },
                height: set.line(),
                keep: if last { keep } else { keep || at == 0 || at + 2 == count },
                marks: vec![Mark::Text { x: indent, y: set.baseline(), text: line.text, weight: set.weight, size: set.size, ink: set.ink, tag }],
                ..Strip::default()
            });
        }
    }
}

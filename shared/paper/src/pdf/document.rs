//! A document while it is written: strips and tags grow together, block after block.

use std::num::NonZeroU16;

use jiff::civil::Date;
use krilla::tagging::Tag;

use super::face::{Faces, Weight};
use super::flow::{self, Ink, Mark, Strip, WIDTH};
use super::paint;
use super::tags::{Branch, Tags};
use super::text::{self, Line};
use crate::error::PaperError;
use crate::language::Language;

/// Height of a line as parts of the size of its text.
const LEADING: f32 = 1.36;
/// Where the baseline lies in a line, as parts of the size.
const BASELINE: f32 = 1.02;

/// What a document is, for its head, its foot and its metadata.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The title, on top and in the metadata; never empty, for it is what a screen reader says first.
    pub title: &'a str,
    /// Whose paper it is: in the head and in the foot of every page.
    pub provider: &'a str,
    /// Where help is found, in the foot of every page.
    pub support: &'a str,
    /// What the reference is, such as "Order".
    pub reference_label: &'a str,
    /// What the paper is filed under, at the top right.
    pub reference: &'a str,
    /// When the paper was made, in words, under the provider's name.
    pub dated: &'a str,
    /// The language that screen readers speak.
    pub language: Language,
    /// The document's date, for its metadata.
    pub date: Date,
}

/// What head, foot and metadata show, made fit to print.
pub(super) struct Shown {
    pub title: String,
    pub provider: String,
    pub support: String,
    pub reference: String,
    pub language: Language,
    pub date: Date,
}

/// A place between two blocks of a document.
#[derive(Debug)]
pub struct Place(usize);

/// A document while it is written.
pub struct Document {
    pub(super) faces: Faces,
    pub(super) tags: Tags,
    pub(super) strips: Vec<Strip>,
    pub(super) shown: Shown,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub weight: Weight,
    pub size: f32,
    pub ink: Ink,
}

impl Type {
    pub const BODY: Self = Self { weight: Weight::Regular, size: 9.5, ink: Ink::Dark };
    pub const STRONG: Self = Self { weight: Weight::Strong, size: 9.5, ink: Ink::Dark };
    pub const VALUE: Self = Self { weight: Weight::Regular, size: 10.5, ink: Ink::Dark };
    pub const LABEL: Self = Self { weight: Weight::Regular, size: 7.5, ink: Ink::Grey };
    pub const NOTE: Self = Self { weight: Weight::Regular, size: 8.0, ink: Ink::Grey };
    pub const HEADING: Self = Self { weight: Weight::Strong, size: 11.0, ink: Ink::Accent };
    pub const TITLE: Self = Self { weight: Weight::Strong, size: 17.0, ink: Ink::Dark };
    const BRAND: Self = Self { weight: Weight::Strong, size: 13.0, ink: Ink::Accent };
    const REFERENCE: Self = Self { weight: Weight::Strong, size: 10.5, ink: Ink::Dark };

    /// Height of one line.
    pub fn line(self) -> f32 {
        self.size * LEADING
    }

    /// Distance of a line's baseline from its top.
    pub fn baseline(self) -> f32 {
        self.size * BASELINE
    }
}

impl Document {
    /// Begins a document: head, rule and title stand.
    ///
    /// # Errors
    /// [`PaperError::Font`] when the font that is compiled in is broken.
    pub fn new(about: &About<'_>) -> Result<Self, PaperError> {
        let faces = Faces::load()?;
        let reference_label = text::value(&faces, about.reference_label);
        let reference = text::value(&faces, about.reference);
        let shown = Shown {
            title: text::value(&faces, about.title),
            provider: text::value(&faces, about.provider),
            support: text::value(&faces, about.support),
            reference: format!("{reference_label} {reference}"),
            language: about.language,
            date: about.date,
        };
        let mut document = Self { faces, tags: Tags::default(), strips: Vec::new(), shown };
        document.head(&reference_label, &reference, &text::clean(&document.faces, about.dated));
        document.title();
        Ok(document)
    }

    /// A place in the document, for [`Document::keep_from`].
    pub fn place(&self) -> Place {
        Place(self.strips.len())
    }

    /// Keeps together on a page what was added since a place, as far as a page holds it.
    pub fn keep_from(&mut self, place: &Place) {
        for strip in self.strips.iter_mut().skip(place.0) {
            strip.keep = true;
        }
        self.let_go();
    }

    /// Lays the document out and writes it.
    ///
    /// # Errors
    /// [`PaperError::Pdf`] when it would not be accessible, or cannot be written; an empty title is one way.
    pub fn finish(self) -> Result<Vec<u8>, PaperError> {
        let pages = flow::pages(self.strips);
        paint::write(&pages, &self.faces, self.tags, &self.shown)
    }

    fn head(&mut self, reference_label: &str, reference: &str, dated: &str) {
        let half = WIDTH / 2.0 - 10.0;
        let mut strip = Strip { keep: true, ..Strip::default() };
        let tag = self.tags.root(Tag::P);
        let provider = self.shown.provider.clone();
        let brand = self.set(&mut strip, Type::BRAND, &provider, (0.0, 0.0, half), tag, false);
        let tag = self.tags.root(Tag::P);
        let brand = brand + self.set(&mut strip, Type::NOTE, dated, (0.0, brand, half), tag, false);
        let tag = self.tags.root(Tag::P);
        let left = WIDTH - half;
        let label = self.set(&mut strip, Type::LABEL, reference_label, (left, 2.0, half), tag, true) + 2.0;
        let code = self.set(&mut strip, Type::REFERENCE, reference, (left, label, half), tag, true);
        strip.height = brand.max(label + code) + 5.0;
        strip.marks.push(Mark::Rule { x: 0.0, y: strip.height, width: WIDTH, weight: 1.4, ink: Ink::Accent });
        self.strips.push(strip);
    }

    fn title(&mut self) {
        let title = self.shown.title.clone();
        let tag = self.tags.root(Tag::Hn(NonZeroU16::MIN, Some(title.clone())));
        let mut strip = Strip { gap: 11.0, keep: true, outline: Some((1, title.clone())), ..Strip::default() };
        strip.height = self.set(&mut strip, Type::TITLE, &title, (0.0, 0.0, WIDTH), tag, false);
        self.strips.push(strip);
    }

    /// Breaks clean text into lines no wider than `width`.
    pub(super) fn wrap(&self, set: Type, text: &str, width: f32) -> Vec<Line> {
        text::wrap(self.faces.of(set.weight), set.size, text, width)
    }

    /// Sets clean text in a box of a strip, given by its left, top and width; the height that it took.
    pub(super) fn set(&self, strip: &mut Strip, set: Type, text: &str, (x, top, width): (f32, f32, f32), tag: Branch, right: bool) -> f32 {
        let mut y = top;
        for line in self.wrap(set, text, width) {
            let x = if right { x + width - line.width } else { x };
            strip.marks.push(Mark::Text { x, y: y + set.baseline(), text: line.text, weight: set.weight, size: set.size, ink: set.ink, tag });
            y += set.line();
        }
        y - top
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::{Column, Field, Panel, Signature, Table};
    use super::*;

    fn about<'a>(text: &'a str) -> About<'a> {
        About {
            title: if text.is_empty() { "Titolo" } else { text },
            provider: text,
            support: text,
            reference_label: text,
            reference: text,
            dated: text,
            language: Language::It,
            date: date(2026, 3, 5),
        }
    }

    #[test]
    fn nothing_leaves_its_place() {
        for text in ["breve", &"lungo ".repeat(70), &"W".repeat(400), ""] {
            let mut document = Document::new(&about(text)).unwrap();
            document.heading(text);
            document.paragraph(text);
            document.note(text);
            document.bullets(&[text]);
            document.choices(&[(text, true), ("x", false)]);
            document.fields(&[vec![Field::new("Etichetta", text, 2), Field::optional("x", Some(text), 6), Field::blank("x", 4)]]);
            document.panels(&[Panel { label: text, lines: vec![text.to_owned(); 12] }, Panel { label: "x", lines: Vec::new() }]);
            document.signature(&Signature { place: "Luogo", date: "Data", signer: "Firma" });
            let columns = vec![Column { head: "x", share: 1.0, right: false }, Column { head: "x", share: 3.0, right: true }];
            document.table(&Table { columns, rows: vec![vec![text.to_owned(); 2]; 2], sum: true, width: 0.7 });
            for strip in &document.strips {
                assert!(flow::LATER_TOP + strip.height < flow::BOTTOM, "a strip fits on a page: {}", strip.height);
                for mark in &strip.marks {
                    let (left, right, bottom) = match mark {
                        Mark::Text { x, y, text, weight, size, .. } => (*x, x + document.faces.of(*weight).width(text.trim_end_matches(' '), *size), *y),
                        Mark::Blank { x, y, width, .. } | Mark::Rule { x, y, width, .. } => (*x, x + width, *y),
                        Mark::Tick { x, y, side, .. } => (*x, x + side, y + side),
                        Mark::Frame { x, y, width, height, .. } | Mark::Ground { x, y, width, height } => (*x, x + width, y + height),
                    };
                    assert!(left >= 0.0 && left <= right && right <= WIDTH + 0.1 && bottom <= strip.height + 0.1, "{mark:?} in {}", strip.height);
                }
            }
            assert_eq!(document.finish().map(|_| ()), Ok(()), "{text:?}");
        }
    }
}

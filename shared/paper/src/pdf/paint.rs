//! Strips at their places become the pages of a PDF.

use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder, Validator};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag};

use super::document::{Shown, Type};
use super::face::{Face, Faces};
use super::flow::{Ink, Mark, PAGE, Placed, SIDE, WIDTH};
use super::tags::{Branch, Tags};
use super::text;
use crate::error::PaperError;
use crate::language::Language;

/// Width of a line to write on and of a frame.
const LINE: f32 = 0.7;

/// Writes the document.
pub(super) fn write(pages: &[Vec<Placed>], faces: &Faces, tags: Tags, shown: &Shown) -> Result<Vec<u8>, PaperError> {
    let refused = |what: &str| PaperError::Pdf(what.to_owned());
    let configuration = ConfigurationBuilder::new()
        .set_validator(Validator::A(Archival::A2_A))
        .set_validator(Validator::Ua(Accessibility::UA1))
        .finish()
        .map_err(|_| refused("the standards do not go together"))?;
    let mut document = krilla::Document::new_with(krilla::SerializeSettings { configuration, ..krilla::SerializeSettings::default() });
    let mut brush = Brush { faces, tags, shown };
    for (number, placed) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| refused("no such page"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        if number > 0 {
            brush.header(&mut surface);
        }
        for placed in placed {
            for mark in &placed.strip.marks {
                brush.mark(&mut surface, mark, placed.y, placed.again);
            }
        }
        brush.footer(&mut surface, number + 1, pages.len());
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(brush.tags.finish(shown.language.tag()));
    document.set_outline(outline(pages));
    document.set_metadata(metadata(shown));
    document.finish().map_err(|error| PaperError::Pdf(error.to_string()))
}

fn metadata(shown: &Shown) -> Metadata {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    let date = DateTime::new(u16::try_from(shown.date.year()).unwrap_or_default()).month(part(shown.date.month())).day(part(shown.date.day()));
    Metadata::new()
        .title(shown.title.clone())
        .language(shown.language.tag().to_owned())
        .authors(vec![shown.provider.clone()])
        .creator("Sportello".to_owned())
        .creation_date(date)
}

/// Headings under the title, for the reader's side bar.
fn outline(pages: &[Vec<Placed>]) -> Outline {
    let mut outline = Outline::new();
    let mut title: Option<OutlineNode> = None;
    for (number, placed) in pages.iter().enumerate() {
        for Placed { y, strip, .. } in placed {
            let Some((level, text)) = &strip.outline else { continue };
            let node = OutlineNode::new(text.clone(), XyzDestination::new(number, Point::from_xy(SIDE, *y)));
            match (&mut title, level) {
                (Some(title), 2..) => title.push_child(node),
                _ => {
                    if let Some(done) = title.replace(node.with_open(true)) {
                        outline.push_child(done);
                    }
                }
            }
        }
    }
    if let Some(title) = title {
        outline.push_child(title);
    }
    outline
}

struct Brush<'a> {
    faces: &'a Faces,
    tags: Tags,
    shown: &'a Shown,
}

impl Brush<'_> {
    /// Paints a mark of a strip that begins at `top`; what stands there again is not read again.
    fn mark(&mut self, surface: &mut Surface<'_>, mark: &Mark, top: f32, again: bool) {
        let language = self.shown.language;
        match mark {
            Mark::Text { x, y, text, weight, size, ink, tag } => {
                let face = self.faces.of(*weight);
                self.tagged(surface, SpanTag::empty(), *tag, again, |surface| glyphs(surface, face, text, *size, *ink, (SIDE + x, top + y)));
            }
            Mark::Blank { x, y, width, tag } => {
                let span = SpanTag::empty().with_alt_text(Some(language.pick("da compilare", "to be filled in")));
                self.tagged(surface, span, *tag, again, |surface| line(surface, (SIDE + x, top + y, *width), LINE, Ink::Grey));
            }
            Mark::Tick { x, y, side, tag } => {
                let alt = language.pick("casella da barrare", "box to tick");
                let span = SpanTag::empty().with_alt_text(Some(alt)).with_actual_text(Some("☐ "));
                self.tagged(surface, span, *tag, again, |surface| frame(surface, (SIDE + x, top + y, *side, *side), Ink::Dark));
            }
            Mark::Rule { x, y, width, weight, ink } => {
                untagged(surface, ArtifactType::Layout, |surface| line(surface, (SIDE + x, top + y, *width), *weight, *ink));
            }
            Mark::Frame { x, y, width, height, ink } => {
                untagged(surface, ArtifactType::Layout, |surface| frame(surface, (SIDE + x, top + y, *width, *height), *ink));
            }
            Mark::Ground { x, y, width, height } => {
                untagged(surface, ArtifactType::Layout, |surface| ground(surface, (SIDE + x, top + y, *width, *height)));
            }
        }
    }

    fn tagged(&mut self, surface: &mut Surface<'_>, span: SpanTag<'_>, branch: Branch, again: bool, paint: impl FnOnce(&mut Surface<'_>)) {
        if again {
            return untagged(surface, ArtifactType::PaginationOther, paint);
        }
        let leaf = surface.start_tagged(ContentTag::Span(span));
        paint(surface);
        surface.end_tagged();
        self.tags.leaf(branch, leaf);
    }

    fn header(&self, surface: &mut Surface<'_>) {
        let set = Type::NOTE;
        let face = self.faces.of(set.weight);
        let text = format!("{} · {}", self.shown.title, self.shown.reference);
        let text = text::wrap(face, set.size, &text, WIDTH).into_iter().next().map(|line| line.text).unwrap_or_default();
        untagged(surface, ArtifactType::Header, |surface| {
            glyphs(surface, face, &text, set.size, set.ink, (SIDE, 48.0));
            line(surface, (SIDE, 54.0, WIDTH), 0.5, Ink::Hair);
        });
    }

    fn footer(&self, surface: &mut Surface<'_>, number: usize, count: usize) {
        let set = Type::NOTE;
        let face = self.faces.of(set.weight);
        let Shown { provider, support, language, .. } = self.shown;
        let text = format!("{provider} · {}: {support}", help(*language));
        let top = PAGE.1 - 48.0;
        untagged(surface, ArtifactType::Footer, |surface| {
            line(surface, (SIDE, top, WIDTH), 0.5, Ink::Hair);
            // Two lines at most: the rest of the page's foot is not printable on every machine.
            let mut y = top + set.line() + 1.0;
            for line in text::wrap(face, set.size, &text, WIDTH - 40.0).into_iter().take(2) {
                glyphs(surface, face, &line.text, set.size, set.ink, (SIDE, y));
                y += set.line();
            }
        });
        let page = format!("{number}/{count}");
        let x = SIDE + WIDTH - face.width(&page, set.size);
        untagged(surface, ArtifactType::PageNumber, |surface| glyphs(surface, face, &page, set.size, set.ink, (x, top + set.line() + 1.0)));
    }
}

const fn help(language: Language) -> &'static str {
    language.pick("Assistenza", "Support")
}

fn untagged(surface: &mut Surface<'_>, kind: ArtifactType, paint: impl FnOnce(&mut Surface<'_>)) {
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(kind)));
    paint(surface);
    surface.end_tagged();
}

fn glyphs(surface: &mut Surface<'_>, face: &Face, text: &str, size: f32, ink: Ink, (x, y): (f32, f32)) {
    surface.set_stroke(None);
    surface.set_fill(Some(fill(ink)));
    surface.draw_glyphs(Point::from_xy(x, y), &face.glyphs(text), face.font.clone(), text, size, false);
}

fn line(surface: &mut Surface<'_>, (x, y, width): (f32, f32, f32), weight: f32, ink: Ink) {
    let mut path = PathBuilder::new();
    path.move_to(x, y);
    path.line_to(x + width, y);
    stroke(surface, path, weight, ink);
}

fn frame(surface: &mut Surface<'_>, (x, y, width, height): (f32, f32, f32, f32), ink: Ink) {
    let Some(rect) = Rect::from_xywh(x, y, width, height) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    stroke(surface, path, LINE, ink);
}

fn ground(surface: &mut Surface<'_>, (x, y, width, height): (f32, f32, f32, f32)) {
    let Some(rect) = Rect::from_xywh(x, y, width, height) else { return };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    let Some(path) = path.finish() else { return };
    surface.set_stroke(None);
    surface.set_fill(Some(fill(Ink::Shade)));
    surface.draw_path(&path);
}

fn stroke(surface: &mut Surface<'_>, path: PathBuilder, width: f32, ink: Ink) {
    let Some(path) = path.finish() else { return };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: color(ink).into(), width, ..Stroke::default() }));
    surface.draw_path(&path);
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: color(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

fn color(ink: Ink) -> rgb::Color {
    let (red, green, blue) = match ink {
        Ink::Dark => (0x17, 0x1e, 0x2b),
        Ink::Grey => (0x4f, 0x5d, 0x6c),
        Ink::Accent => (0x00, 0x4a, 0x99),
        Ink::Hair => (0xb4, 0xbe, 0xc8),
        Ink::Shade => (0xee, 0xf2, 0xf6),
    };
    rgb::Color::new(red, green, blue)
}

//! Strips: what is not broken across pages, and how strips are dealt out to pages.

use std::rc::Rc;

use super::face::Weight;
use super::tags::Branch;

/// Width and height of an A4 page, in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// Left and right margin.
pub(super) const SIDE: f32 = 56.0;
/// Width between the margins.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * SIDE;
/// Where the first page's content begins.
pub(super) const TOP: f32 = 36.0;
/// Where the content of later pages begins, under their header.
pub(super) const LATER_TOP: f32 = 74.0;
/// Where content ends, above the footer.
pub(super) const BOTTOM: f32 = PAGE.1 - 56.0;

/// Colours. All have a contrast of more than 4.5 to 1 on white and on the shade, but for the hairline, which tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Running text.
    Dark,
    /// Labels.
    Grey,
    /// Headings.
    Accent,
    /// Lines under what is filled in.
    Hair,
    /// Ground of a table's head.
    Shade,
}

/// A mark on the paper; places are relative to the strip's top and the left margin.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    /// Clean text on one baseline.
    Text { x: f32, y: f32, text: String, weight: Weight, size: f32, ink: Ink, tag: Branch },
    /// A line to write on, read as a gap to fill in.
    Blank { x: f32, y: f32, width: f32, tag: Branch },
    /// A box to tick.
    Tick { x: f32, y: f32, side: f32, tag: Branch },
    /// A line that tells nothing.
    Rule { x: f32, y: f32, width: f32, weight: f32, ink: Ink },
    /// A frame that tells nothing.
    Frame { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    /// A ground that tells nothing.
    Ground { x: f32, y: f32, width: f32, height: f32 },
}

/// What stays together on one page.
#[derive(Debug, Clone, Default)]
pub(super) struct Strip {
    /// Space above, but not at the top of a page.
    pub gap: f32,
    /// Height without the gap.
    pub height: f32,
    /// Whether the next strip must stand on the same page.
    pub keep: bool,
    /// What is painted.
    pub marks: Vec<Mark>,
    /// What is painted again above this strip when it begins a page.
    pub repeat: Option<Rc<Strip>>,
    /// The level and text that this strip adds to the document's outline.
    pub outline: Option<(u8, String)>,
}

/// A strip at its place on a page.
#[derive(Debug)]
pub(super) struct Placed {
    /// Distance from the page's top.
    pub y: f32,
    /// What stands there.
    pub strip: Rc<Strip>,
    /// Whether it is there a second time, and read only once.
    pub again: bool,
}

/// Deals strips out to pages. There is at least one page.
pub(super) fn pages(strips: Vec<Strip>) -> Vec<Vec<Placed>> {
    let mut pages = vec![Vec::new()];
    let mut y = TOP;
    let strips: Vec<Rc<Strip>> = strips.into_iter().map(Rc::new).collect();
    for chunk in strips.chunk_by(|strip, _| strip.keep) {
        let needed: f32 = chunk.iter().map(|strip| strip.gap + strip.height).sum();
        // A chunk that no page holds is broken between its strips.
        let whole = LATER_TOP + needed <= BOTTOM;
        for (at, strip) in chunk.iter().enumerate() {
            let over = if whole { at == 0 && y + needed > BOTTOM } else { y + strip.gap + strip.height > BOTTOM };
            if over && pages.last().is_some_and(|page| !page.is_empty()) {
                pages.push(Vec::new());
                y = LATER_TOP;
            }
            let Some(page) = pages.last_mut() else { continue };
            if page.is_empty() {
                if let Some(head) = &strip.repeat {
                    page.push(Placed { y, strip: Rc::clone(head), again: true });
                    y += head.height;
                }
            } else {
                y += strip.gap;
            }
            page.push(Placed { y, strip: Rc::clone(strip), again: false });
            y += strip.height;
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(height: f32, keep: bool) -> Strip {
        Strip { height, keep, ..Strip::default() }
    }

    fn heights(pages: &[Vec<Placed>]) -> Vec<Vec<f32>> {
        pages.iter().map(|page| page.iter().map(|placed| placed.strip.height).collect()).collect()
    }

    #[test]
    fn what_does_not_fit_begins_a_page_with_what_it_belongs_to() {
        let dealt = pages(vec![strip(600.0, false), strip(20.0, true), strip(200.0, false)]);
        assert_eq!(heights(&dealt), [vec![600.0], vec![20.0, 200.0]]);
    }

    #[test]
    fn what_fits_nowhere_is_broken() {
        let dealt = pages((0..4).map(|_| strip(300.0, true)).collect());
        assert_eq!(heights(&dealt), [vec![300.0, 300.0], vec![300.0, 300.0]]);
        assert_eq!(heights(&pages(vec![strip(2000.0, false), strip(10.0, false)])), [vec![2000.0], vec![10.0]]);
        assert_eq!(heights(&pages(Vec::new())), [Vec::<f32>::new()]);
    }

    #[test]
    fn a_head_stands_again_on_the_next_page_only() {
        let head = Rc::new(strip(15.0, true));
        let row = || Strip { repeat: Some(Rc::clone(&head)), ..strip(400.0, false) };
        assert_eq!(heights(&pages(vec![strip(15.0, true), row(), row()])), [vec![15.0, 400.0], vec![15.0, 400.0]]);
    }
}

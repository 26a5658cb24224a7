//! Text made fit to print, and broken into lines.

use unicode_normalization::UnicodeNormalization;

use super::face::{Face, Faces, Weight};

/// What stands where the font has no glyph: visible, so that nobody takes the text for complete.
const MISSING: char = '\u{fffd}';
/// Most characters of one value; an unbreakable row of values stays shorter than a page.
const LONGEST: usize = 250;

/// A line of a broken text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Ends with a space where the text was broken at one: readers and copies put the lines together again.
    pub text: String,
    /// Width in points, without that space.
    pub width: f32,
}

/// Text as it can be shown: composed, on one line, single spaces, no control, no invisible or direction-changing character;
/// what the font has no glyph for becomes a visible sign.
pub(super) fn clean(faces: &Faces, text: &str) -> String {
    let face = faces.of(Weight::Regular);
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        if is_invisible(c) {
            continue;
        }
        if (c.is_whitespace() && c != '\u{a0}') || c.is_control() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(if face.has(c) { c } else { MISSING });
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A value that others typed: clean, and cut where no form has room for more.
pub(super) fn value(faces: &Faces, text: &str) -> String {
    let mut text = clean(faces, text);
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

/// Characters that show nothing and can change how their neighbours show.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Breaks clean text into lines of at most `width` points: at spaces, and inside a word only where the word alone is too wide. Never empty.
pub(super) fn wrap(face: &Face, size: f32, text: &str, width: f32) -> Vec<Line> {
    let space = face.width_of(' ', size);
    let mut lines = Vec::new();
    let mut line = Line { text: String::new(), width: 0.0 };
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = face.width(word, size);
        if !line.text.is_empty() {
            if line.width + space + wide <= width {
                line.text.push(' ');
                line.text.push_str(word);
                line.width += space + wide;
                continue;
            }
            line.text.push(' ');
            lines.push(std::mem::replace(&mut line, Line { text: String::new(), width: 0.0 }));
        }
        if wide <= width {
            line = Line { text: word.to_owned(), width: wide };
            continue;
        }
        for c in word.chars() {
            let wide = face.width_of(c, size);
            if line.width + wide > width && !line.text.is_empty() {
                lines.push(std::mem::replace(&mut line, Line { text: String::new(), width: 0.0 }));
            }
            line.text.push(c);
            line.width += wide;
        }
    }
    if !line.text.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_cannot_be_shown_is_seen_or_goes() {
        let faces = Faces::load().unwrap();
        for (given, expected) in [
            ("  Giulia\tBianchi\r\n ", "Giulia Bianchi"),
            ("Nicolo\u{300} \u{202e}D\u{2019}Angio\u{300}\u{200b}", "Nicolò D’Angiò"),
            ("a\u{0}b\u{1b}[31m", "a b [31m"),
            ("山田 太郎", "�� ��"),
            ("😀 \u{e000}\u{ffff}", "� ��"),
            ("20\u{a0}€", "20\u{a0}€"),
            ("\u{feff}\u{200b} \n", ""),
        ] {
            assert_eq!(clean(&faces, given), expected);
        }
        let long = value(&faces, &"è".repeat(500));
        assert_eq!((long.chars().count(), long.ends_with("è…")), (251, true));
        assert_eq!(value(&faces, &"è".repeat(250)).chars().count(), 250);
    }

    proptest! {
        #[test]
        fn lines_fit_and_lose_nothing(text in "[ \\PC]{0,300}", width in 20.0f32..400.0) {
            let faces = Faces::load().unwrap();
            let text = clean(&faces, &text);
            let face = faces.of(Weight::Regular);
            let lines = wrap(face, 10.0, &text, width);
            let joined: String = lines.iter().map(|line| line.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            for line in &lines {
                prop_assert!(line.width <= width + 0.01);
                prop_assert!((face.width(line.text.trim_end_matches(' '), 10.0) - line.width).abs() < 0.05);
            }
        }
    }
}

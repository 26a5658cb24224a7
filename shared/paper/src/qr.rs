//! QR codes as SVG and PNG, from text.
//!
//! What is encoded is often a secret (an otpauth address, rule 41; a sign-in, rule 20): it stands in the modules only, never in a label, a title or a comment.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use crate::error::PaperError;

/// Modules left white on each side; scanners ask for four.
const QUIET: usize = 4;
/// Pixels of a module at most: the largest code then is a picture of 2,960 pixels a side.
const MOST_SCALE: u8 = 16;

/// The code's modules with the white border, row by row; `true` is dark.
struct Modules {
    side: usize,
    dark: Vec<bool>,
}

impl Modules {
    fn of(text: &str) -> Result<Self, PaperError> {
        if text.is_empty() {
            return Err(PaperError::QrText);
        }
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| PaperError::QrText)?;
        let width = code.width();
        let side = width + 2 * QUIET;
        let mut dark = vec![false; side * QUIET];
        for row in code.to_colors().chunks(width) {
            dark.extend([false; QUIET]);
            dark.extend(row.iter().map(|color| *color == Color::Dark));
            dark.extend([false; QUIET]);
        }
        dark.resize(side * side, false);
        Ok(Self { side, dark })
    }

    fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks(self.side)
    }
}

/// The text as a QR code in SVG: no script, no style, no reference to anything outside, one unit a module.
/// `label` is what a screen reader says; it must not tell the text.
///
/// # Errors
/// [`PaperError::QrText`] when the text is empty or too long.
pub fn qr_svg(text: &str, label: &str) -> Result<String, PaperError> {
    let modules = Modules::of(text)?;
    let side = modules.side;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" aria-label="{}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d=""##,
        escaped(label)
    );
    for (y, row) in modules.rows().enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&true) {
                // Writing to a string cannot fail.
                let _ = write!(svg, "M{x} {y}h{0}v1h-{0}z", run.len());
            }
            x += run.len();
        }
    }
    svg.push_str(r#""/></svg>"#);
    Ok(svg)
}

/// The text as a QR code in PNG, of one bit a pixel and `scale` pixels a module.
///
/// # Errors
/// [`PaperError::QrText`] when the text is empty or too long, [`PaperError::Scale`] when the scale is 0 or above 16.
pub fn qr_png(text: &str, scale: u8) -> Result<Vec<u8>, PaperError> {
    if scale == 0 || scale > MOST_SCALE {
        return Err(PaperError::Scale { most: MOST_SCALE });
    }
    let modules = Modules::of(text)?;
    let scale = usize::from(scale);
    let pixels = u32::try_from(modules.side * scale).map_err(|_| PaperError::QrText)?;
    let mut data = Vec::new();
    for row in modules.rows() {
        let line = packed(row.iter().flat_map(|dark| std::iter::repeat_n(*dark, scale)));
        data.extend(std::iter::repeat_n(line, scale).flatten());
    }
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, pixels, pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let failed = |error: png::EncodingError| PaperError::Png(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(png)
}

/// One row of pixels, eight a byte, the first in the highest bit; white is 1.
fn packed(dark: impl Iterator<Item = bool>) -> Vec<u8> {
    let light: Vec<bool> = dark.map(|dark| !dark).collect();
    light.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |bits, (place, light)| bits | (u8::from(*light) << (7 - place)))).collect()
}

/// Text for an attribute in double quotes; what XML cannot hold at all becomes a space.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_leave_its_attribute() {
        assert_eq!(escaped("a\"b'<c>&d\u{0}\n\u{ffff}è"), "a&quot;b&#39;&lt;c&gt;&amp;d   è");
    }

    #[test]
    fn pixels_are_packed_from_the_high_bit() {
        assert_eq!(packed([true, false, false, false, false, false, false, false, true, false].into_iter()), [0b0111_1111, 0b0100_0000]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(qr_svg("", "x"), Err(PaperError::QrText));
        assert_eq!(qr_svg(&"x".repeat(2332), "x"), Err(PaperError::QrText));
        assert!(qr_svg(&"x".repeat(2331), "x").is_ok());
        assert_eq!(qr_png("x", 0), Err(PaperError::Scale { most: MOST_SCALE }));
        assert_eq!(qr_png("x", 17), Err(PaperError::Scale { most: MOST_SCALE }));
    }
}

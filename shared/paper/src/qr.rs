//! QR codes, as SVG and PNG: error correction M, four modules of quiet zone.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use crate::PaperError;

/// Modules of the quiet zone around a code (ISO/IEC 18004).
const QUIET: usize = 4;

fn rows(text: &str) -> Result<Vec<Vec<bool>>, PaperError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| PaperError::TooLong)?;
    let width = code.width();
    let colors = code.to_colors();
    let side = width + 2 * QUIET;
    let mut rows = vec![vec![false; side]; side];
    for (y, line) in colors.chunks(width).enumerate() {
        for (x, color) in line.iter().enumerate() {
            if let Some(module) = rows.get_mut(y + QUIET).and_then(|row| row.get_mut(x + QUIET)) {
                *module = *color == Color::Dark;
            }
        }
    }
    Ok(rows)
}

/// A QR code as SVG, with a label for those who do not see it.
///
/// # Errors
/// [`PaperError::TooLong`].
pub fn qr_svg(text: &str, label: &str) -> Result<String, PaperError> {
    let rows = rows(text)?;
    let side = rows.len();
    let mut path = String::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
            write!(path, "M{x} {y}h1v1h-1z").map_err(|_| PaperError::Picture)?;
        }
    }
    let label = label.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"{label}\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

/// A QR code as PNG, each module so many pixels wide.
///
/// # Errors
/// [`PaperError`].
pub fn qr_png(text: &str, scale: u32) -> Result<Vec<u8>, PaperError> {
    let rows = rows(text)?;
    let scale = usize::try_from(scale.max(1)).map_err(|_| PaperError::Picture)?;
    let side = rows.len() * scale;
    let mut pixels = Vec::new();
    for row in &rows {
        let line: Vec<bool> = row.iter().flat_map(|dark| std::iter::repeat_n(!*dark, scale)).collect();
        let bytes: Vec<u8> = line.chunks(8).map(|bits| bits.iter().enumerate().fold(0, |byte, (i, light)| byte | (u8::from(*light) << (7 - i)))).collect();
        for _ in 0..scale {
            pixels.extend_from_slice(&bytes);
        }
    }
    let mut png = Vec::new();
    let side = u32::try_from(side).map_err(|_| PaperError::Picture)?;
    let mut encoder = png::Encoder::new(&mut png, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(|_| PaperError::Picture)?;
    writer.write_image_data(&pixels).map_err(|_| PaperError::Picture)?;
    writer.finish().map_err(|_| PaperError::Picture)?;
    Ok(png)
}

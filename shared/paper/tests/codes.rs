//! What a scanner reads from the codes that were drawn.
#![cfg(test)]

use rqrr::PreparedImage;
use sportello_paper::qr::{qr_png, qr_svg};

/// What is scanned: short, longer than 180 characters, accented, and the most that fits.
fn texts() -> [String; 4] {
    let otpauth = "otpauth://totp/Sportello%20ID:niccolo.dangio%40example.it?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Sportello%20ID&algorithm=SHA256&digits=6&period=30&image=https%3A%2F%2Fexample.it";
    assert!(otpauth.len() >= 180);
    ["https://selfcare.example/q/1".into(), otpauth.into(), "perché più €".into(), "x".repeat(2331)]
}

/// Reads the only code in a grey picture.
fn scan(side: usize, grey: impl FnMut(usize, usize) -> u8) -> String {
    let mut image = PreparedImage::prepare_from_greyscale(side, side, grey);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    let (meta, text) = grids[0].decode().unwrap();
    assert_eq!(meta.ecc_level, 0, "level M");
    text
}

fn pixels(bytes: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let info = reader.info();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::One));
    let (side, height) = (info.width as usize, info.height as usize);
    assert_eq!(side, height);
    let mut packed = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut packed).unwrap();
    let bytes_a_row = side.div_ceil(8);
    let grey = (0..side * side).map(|at| if packed[at / side * bytes_a_row + at % side / 8] >> (7 - at % side % 8) & 1 == 1 { 255 } else { 0 });
    (side, grey.collect())
}

/// The dark modules of an SVG, from its second path.
fn modules(svg: &str) -> (usize, Vec<bool>) {
    let side: usize = svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let path = svg.split("fill=\"#000\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut dark = vec![false; side * side];
    for run in path.split('M').skip(1) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (length, end) = rest.split_once('v').unwrap();
        assert_eq!(end, format!("1h-{length}z"));
        let (x, y, length): (usize, usize, usize) = (x.parse().unwrap(), y.parse().unwrap(), length.parse().unwrap());
        dark[y * side + x..][..length].fill(true);
    }
    (side, dark)
}

#[test]
fn a_picture_is_read_back() {
    for text in texts() {
        for scale in [3, 8] {
            let bytes = qr_png(&text, scale).unwrap();
            let (side, grey) = pixels(&bytes);
            assert_eq!(scan(side, |x, y| grey[y * side + x]), text);
        }
    }
}

#[test]
fn a_drawing_is_read_back() {
    for text in texts() {
        let svg = qr_svg(&text, "Codice QR").unwrap();
        let (side, dark) = modules(&svg);
        let scale = 4;
        assert_eq!(scan(side * scale, |x, y| if dark[y / scale * side + x / scale] { 0 } else { 255 }), text);
    }
}

#[test]
fn four_modules_are_left_white() {
    for text in texts() {
        let (side, dark) = modules(&qr_svg(&text, "x").unwrap());
        for at in (0..side * side).filter(|at| dark[*at]) {
            let (x, y) = (at % side, at / side);
            assert!((4..side - 4).contains(&x) && (4..side - 4).contains(&y), "{x} {y}");
        }
        assert!(dark[4 * side + 4], "the first finder begins there");
        let (pixels, grey) = pixels(&qr_png(&text, 2).unwrap());
        assert_eq!((pixels, grey[8 * pixels + 8], grey[7 * pixels + 7]), (side * 2, 0, 255));
    }
}

#[test]
fn a_drawing_is_only_a_drawing() {
    let svg = qr_svg("otpauth://totp/x?secret=SEGRETO", "Codice \"QR\" <script>alert('x')</script> & più").unwrap();
    assert!(svg.contains(r#"role="img" aria-label="Codice &quot;QR&quot; &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; più""#), "{svg}");
    assert_eq!(svg.matches('<').count(), 4, "svg, two paths, /svg: {svg}");
    assert!(!svg.contains("SEGRETO") && !svg.contains("href") && !svg.contains("style"), "{svg}");
    assert_eq!(svg.matches("http").count(), 1, "the namespace");
}

#[test]
fn the_same_text_gives_the_same_code() {
    assert_eq!(qr_svg("a", "b"), qr_svg("a", "b"));
    assert_eq!(qr_png("a", 4), qr_png("a", 4));
}

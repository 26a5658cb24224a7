//! QR codes are read back from what was drawn.
#![cfg(test)]

use rqrr::PreparedImage;
use sportello_paper::qr::{qr_png, qr_svg};

const URI: &str = "otpauth://totp/Sportello%20ID:persona.con.un.nome.molto.lungo%40dominio.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sportello%20ID&algorithm=SHA1&digits=6&period=30";

fn read(width: usize, dark: impl Fn(usize, usize) -> bool) -> String {
    let mut image = PreparedImage::prepare_from_greyscale(width, width, |x, y| if dark(x, y) { 0 } else { 255 });
    image.detect_grids().first().expect("a code").decode().expect("readable").1
}

#[test]
fn a_png_is_read_back() {
    for text in ["x", URI, "https://id.example/qr-sign-ins/0123456789abcdef0123456789abcdef"] {
        let mut reader = png::Decoder::new(std::io::Cursor::new(qr_png(text, 4).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let width = usize::try_from(info.width).unwrap();
        let dark = |x: usize, y: usize| pixels[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0;
        assert_eq!(read(width, dark), text);
    }
}

#[test]
fn an_svg_is_labelled_and_runs_nothing() {
    let svg = qr_svg(URI, "a \"label\" <b>").unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("role=\"img\"") && svg.contains("aria-label=\"a &quot;label&quot; &lt;b&gt;\""), "{svg}");
    for element in ["<script", "href", "onload", "<image", "style="] {
        assert!(!svg.contains(element), "{element}");
    }
}

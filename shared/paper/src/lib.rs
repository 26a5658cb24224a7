//! What people scan or print.

#[cfg(feature = "qr")]
pub mod qr;

/// Why something cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The text is too long for a QR code.
    #[error("the text does not fit into a QR code")]
    TooLong,
    /// The picture cannot be written.
    #[error("the picture cannot be written")]
    Picture,
}

//! Why a paper could not be made. No variant holds what was to be printed.

use thiserror::Error;

/// Why a paper could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PaperError {
    /// The amounts of an invoice do not fit in 64 bits of cents.
    #[error("an amount is too large")]
    Amount,
    /// The text is longer than a QR code holds, or empty.
    #[error("the text does not fit in a QR code")]
    QrText,
    /// The picture would have no pixels, or more than is sensible.
    #[error("the scale is not between 1 and {most}")]
    Scale {
        /// The largest scale.
        most: u8,
    },
    /// The picture was not written.
    #[error("the picture was not written: {0}")]
    Png(String),
    /// A font of this crate is broken.
    #[error("a font cannot be read")]
    Font,
    /// The document was not written, or would not be accessible.
    #[error("the document was not written: {0}")]
    Pdf(String),
}

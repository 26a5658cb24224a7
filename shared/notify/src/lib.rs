//! What holders and customers are told by mail: the notices, their words in Italian and English, and the way out through SES.
//!
//! Nothing here reads a clock, the environment or a table: a notice carries its instants, the caller brings links and recipient.

mod address;
mod blocks;
mod feedback;
mod notice;
mod render;
mod ses;
mod templates;
mod words;

pub use address::{AddressError, EmailAddress};
pub use feedback::Feedback;
pub use notice::{Notice, NoticeError};
pub use render::{Language, Links, Mail, Provider, Recipient, RenderError, render};
pub use ses::{Mailer, SendError};

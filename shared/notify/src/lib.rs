//! What holders and customers are told by mail or text message: the notices, their words in Italian and English, and the ways out through SES and SNS.
//!
//! Nothing here reads a clock, the environment or a table: a notice carries its instants, the caller brings links and recipient.

mod address;
mod blocks;
mod feedback;
mod notice;
mod render;
mod ses;
mod sns;
mod templates;
mod words;

pub use address::{AddressError, EmailAddress};
pub use feedback::Feedback;
pub use notice::{AccountOtpChange, Addressee, Channel, CodePurpose, CredentialChange, Notice, NoticeError, TicketTopic};
pub use render::{Language, Links, Mail, Provider, Recipient, RenderError, render, render_sms};
pub use ses::{Mailer, SendError};
pub use sns::Texter;

//! What people print or scan: pre-filled forms and invoices as PDF, QR codes as SVG and PNG.
//!
//! Nothing here reads a clock, the environment, a file or a table, and nothing is random: the same values give the same bytes.

mod error;
mod forms;
mod language;
pub mod pdf;
pub mod qr;
mod totals;

pub use error::PaperError;
pub use forms::{IdentityKind, Invoice, Party, Provider, RevocationForm, Withdrawal, WithdrawalForm, invoice, revocation_form, withdrawal_form};
pub use language::Language;
pub use totals::{InvoiceLine, InvoiceTotals, VatGroup, invoice_totals};

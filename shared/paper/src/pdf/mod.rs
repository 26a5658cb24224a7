//! A layout of A4 forms: headings, paragraphs, labelled fields, boxes to tick, tables, a place to sign; top to bottom, over as many pages as needed.
//!
//! What comes out is tagged for screen readers and fit for an archive (PDF/UA-1 and PDF/A-2a; the library refuses to write anything else).

mod blocks;
mod document;
mod face;
mod flow;
mod paint;
mod table;
mod tags;
mod text;

pub use blocks::{Field, Panel, Signature};
pub use document::{About, Document, Place};
pub use table::{Column, Table};

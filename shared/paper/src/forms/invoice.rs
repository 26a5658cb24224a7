//! The invoice of an order (rule 65).

use jiff::civil::Date;

use super::words::{day, euros, rate};
use crate::error::PaperError;
use crate::language::Language;
use crate::pdf::{About, Column, Document, Panel, Table};
use crate::totals::{InvoiceLine, InvoiceTotals, invoice_totals};

/// Who sells or buys.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// Name or company name.
    pub name: String,
    /// The address, a line each.
    pub address: Vec<String>,
    /// Fiscal code.
    pub fiscal_code: Option<String>,
    /// VAT number.
    pub vat_number: Option<String>,
}

/// What the invoice tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Who sells.
    pub seller: Party,
    /// Where help is found, in the foot of every page.
    pub support: String,
    /// Who buys.
    pub buyer: Party,
    /// The invoice's number.
    pub number: String,
    /// The invoice's day.
    pub issued_on: Date,
    /// The order.
    pub order_id: String,
    /// What was sold.
    pub lines: Vec<InvoiceLine>,
    /// How it was or is to be paid, as shown.
    pub payment: String,
    /// Whether the invoice itself went through the Sistema di Interscambio, and this paper is a copy for reading.
    pub courtesy_copy: bool,
}

/// The invoice, as PDF.
///
/// # Errors
/// [`PaperError::Amount`] when a figure does not fit; [`PaperError::Pdf`] or [`PaperError::Font`] when it cannot be written.
pub fn invoice(invoice: &Invoice, language: Language) -> Result<Vec<u8>, PaperError> {
    let t = |it, en| language.pick(it, en);
    let totals = invoice_totals(&invoice.lines)?;
    let mut paper = Document::new(&About {
        title: &format!("{} {}", t("Fattura n.", "Invoice no."), invoice.number),
        provider: &invoice.seller.name,
        support: &invoice.support,
        reference_label: t("Ordine", "Order"),
        reference: &invoice.order_id,
        dated: &format!("{} {}", t("Emessa il", "Issued on"), day(invoice.issued_on, language)),
        language,
        date: invoice.issued_on,
    })?;
    paper.panels(&[panel(&invoice.seller, t("Venditore", "Seller"), language), panel(&invoice.buyer, t("Cliente", "Customer"), language)]);
    paper.table(&lines(&invoice.lines, language)?);
    paper.table(&sums(&totals, language));
    paper.heading(t("Pagamento", "Payment"));
    paper.paragraph(&invoice.payment);
    if invoice.courtesy_copy {
        paper.note(t(
            "Copia di cortesia senza valore fiscale: la fattura è quella elettronica trasmessa attraverso il Sistema di Interscambio.",
            "Courtesy copy without fiscal value: the invoice is the electronic one, sent through the Sistema di Interscambio.",
        ));
    }
    paper.finish()
}

fn panel<'a>(party: &Party, label: &'a str, language: Language) -> Panel<'a> {
    let mut lines = vec![party.name.clone()];
    lines.extend(party.address.iter().cloned());
    if let Some(code) = &party.fiscal_code {
        lines.push(format!("{}: {code}", language.pick("Codice fiscale", "Fiscal code")));
    }
    if let Some(number) = &party.vat_number {
        lines.push(format!("{}: {number}", language.pick("Partita IVA", "VAT number")));
    }
    Panel { label, lines }
}

fn lines(lines: &[InvoiceLine], language: Language) -> Result<Table<'static>, PaperError> {
    let t = |it, en| language.pick(it, en);
    let row = |line: &InvoiceLine| {
        Ok(vec![
            line.description.clone(),
            line.quantity.to_string(),
            euros(line.unit_net_cents, language),
            rate(line.vat_basis_points, language),
            euros(line.net_cents()?, language),
        ])
    };
    Ok(Table {
        columns: vec![
            Column { head: t("Descrizione", "Description"), share: 5.0, right: false },
            Column { head: t("Quantità", "Quantity"), share: 1.2, right: true },
            Column { head: t("Prezzo unitario", "Unit price"), share: 2.0, right: true },
            Column { head: t("IVA", "VAT"), share: 1.0, right: true },
            Column { head: t("Importo netto", "Net amount"), share: 2.0, right: true },
        ],
        rows: lines.iter().map(row).collect::<Result<_, PaperError>>()?,
        sum: false,
        width: 1.0,
    })
}

fn sums(totals: &InvoiceTotals, language: Language) -> Table<'static> {
    let t = |it, en| language.pick(it, en);
    let mut rows: Vec<Vec<String>> = Vec::with_capacity(totals.groups.len() + 1);
    for group in &totals.groups {
        rows.push(vec![
            rate(group.vat_basis_points, language),
            euros(group.net_cents, language),
            euros(group.vat_cents, language),
            euros(group.gross_cents, language),
        ]);
    }
    rows.push(vec![
        t("Totale fattura", "Invoice total").to_owned(),
        euros(totals.net_cents, language),
        euros(totals.vat_cents, language),
        euros(totals.gross_cents, language),
    ]);
    Table {
        columns: vec![
            Column { head: t("Aliquota IVA", "VAT rate"), share: 1.4, right: false },
            Column { head: t("Imponibile", "Taxable amount"), share: 1.4, right: true },
            Column { head: t("Imposta", "VAT"), share: 1.4, right: true },
            Column { head: t("Totale", "Total"), share: 1.4, right: true },
        ],
        rows,
        sum: true,
        width: 0.72,
    }
}

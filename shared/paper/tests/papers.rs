//! Every paper in every language as approved, and what holds for all of them.
#![cfg(test)]

use std::fs;
use std::path::Path;

use jiff::civil::date;
use lopdf::Document as Pdf;
use sportello_paper::{
    IdentityKind, Invoice, InvoiceLine, Language, Party, Provider, RevocationForm, Withdrawal, WithdrawalForm, invoice, revocation_form, withdrawal_form,
};

fn provider() -> Provider {
    Provider {
        name: "Sportello ID".into(),
        support: "numero verde 800 000 000, assistenza@sportello.example".into(),
        forms_to: "revoche@pec.sportello.example oppure Sportello ID, via dell’Esempio 1, 00100 Roma".into(),
    }
}

fn revocation() -> RevocationForm {
    RevocationForm {
        provider: provider(),
        given_name: "Niccolò".into(),
        family_name: "D’Angiò-Çelik".into(),
        birth_date: Some(date(1989, 12, 13)),
        birth_place: Some("Forlì (FC)".into()),
        fiscal_code: "DNGNCL89T13D704X".into(),
        vat_number: Some("IT12345678903".into()),
        identity_type: IdentityKind::Professional,
        spid_code: Some("SPRT0123456789".into()),
        email: Some("niccolo.dangio@example.it".into()),
        mobile: Some("+39 333 123 4567".into()),
        residence: Some("via San Carlo 12, 47121 Forlì (FC)".into()),
        document_number: Some("CA12345AB".into()),
        reference_code: "RV-7K4M-92QX".into(),
        printed_on: date(2026, 3, 5),
    }
}

fn bare() -> RevocationForm {
    RevocationForm {
        birth_date: None,
        birth_place: None,
        vat_number: None,
        identity_type: IdentityKind::Minor,
        spid_code: None,
        email: None,
        mobile: None,
        residence: Some(" \u{200b}".into()),
        document_number: None,
        ..revocation()
    }
}

fn withdrawal(withdrawal: Withdrawal) -> WithdrawalForm {
    WithdrawalForm {
        provider: provider(),
        withdrawal,
        days: 14,
        last_day: date(2026, 4, 7),
        customer_name: "Caffè «Perché No» S.r.l.".into(),
        customer_email: "ordini@perche-no.example".into(),
        order_id: "ORD-2026-000123".into(),
        contract_date: date(2026, 3, 23),
        service_id: "srv-42".into(),
        offer: "SPID Professionale con token".into(),
        identity_type: IdentityKind::Professional,
        holder_username: Some("anna.verdi@example.it".into()),
        printed_on: date(2026, 3, 30),
    }
}

fn line(description: &str, quantity: u32, unit_net_cents: i64, vat_basis_points: u32) -> InvoiceLine {
    InvoiceLine { description: description.into(), quantity, unit_net_cents, vat_basis_points }
}

fn bill() -> Invoice {
    Invoice {
        seller: Party {
            name: "Sportello ID S.p.A.".into(),
            address: vec!["via dell’Esempio 1".into(), "00100 Roma (RM)".into()],
            fiscal_code: Some("12345678903".into()),
            vat_number: Some("IT12345678903".into()),
        },
        support: provider().support,
        buyer: Party {
            name: "Caffè «Perché No» S.r.l.".into(),
            address: vec!["corso Libertà 8".into(), "47121 Forlì (FC)".into()],
            fiscal_code: None,
            vat_number: Some("IT01234567890".into()),
        },
        number: "2026/000045".into(),
        issued_on: date(2026, 3, 23),
        order_id: "ORD-2026-000123".into(),
        lines: vec![
            line("SPID Professionale, 12 mesi", 1, 123_490, 2200),
            line("Token OTP (livello 2)", 2, 1_650, 2200),
            line("Manuale d’uso stampato", 1, 505, 400),
            line("Sconto di benvenuto", 1, -500, 2200),
        ],
        payment: "Carta di credito, pagata il 23/03/2026".into(),
        courtesy_copy: true,
    }
}

fn every(language: Language) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("revocation", revocation_form(&revocation(), language).unwrap()),
        ("revocation-bare", revocation_form(&bare(), language).unwrap()),
        ("withdrawal-within", withdrawal_form(&withdrawal(Withdrawal::WithinDays), language).unwrap()),
        ("withdrawal-beyond", withdrawal_form(&withdrawal(Withdrawal::BeyondDays), language).unwrap()),
        ("invoice", invoice(&bill(), language).unwrap()),
    ]
}

/// The text of a paper, page by page.
fn text(pdf: &[u8]) -> String {
    let pdf = Pdf::load_mem(pdf).unwrap();
    let pages: Vec<String> = pdf.get_pages().keys().map(|page| pdf.extract_text(&[*page]).unwrap()).collect();
    pages.join("\n--- page ---\n")
}

/// Compares with the file in `snapshots/`; `UPDATE_SNAPSHOTS=1` writes it.
#[expect(clippy::disallowed_methods, reason = "whether to write the snapshots is said to the test, not to the product")]
fn approved(name: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1") {
        fs::write(&file, now).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap_or_default(), now, "{name} changed: look at it with UPDATE_SNAPSHOTS=1 and `git diff`");
}

#[test]
fn every_paper_says_what_was_approved() {
    for language in Language::ALL {
        for (name, pdf) in every(language) {
            approved(&format!("{name}.{}.txt", language.tag()), &text(&pdf));
        }
    }
}

#[test]
fn the_same_values_give_the_same_bytes() {
    for ((name, first), (_, second)) in every(Language::It).into_iter().zip(every(Language::It)) {
        assert!(first == second, "{name}");
        assert!(first.starts_with(b"%PDF-1.") && first.len() < 200_000, "{name}: {}", first.len());
    }
}

#[test]
fn a_title_and_a_language_stand_in_the_file() {
    for language in Language::ALL {
        for (name, pdf) in every(language) {
            let pdf = Pdf::load_mem(&pdf).unwrap();
            let catalog = pdf.catalog().unwrap();
            let said = catalog.get(b"Lang").and_then(|lang| lang.as_str()).unwrap();
            assert!(String::from_utf8_lossy(said).starts_with(language.tag()), "{name}");
            assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"MarkInfo"), "{name} is readable aloud");
        }
    }
}

#[test]
fn long_and_odd_texts_make_no_paper_fail() {
    for odd in ["a".repeat(200), "Ünïcödé Straße ".repeat(20), "line\none\u{0}\u{202e}two\u{ffff}".to_owned(), "漢字".to_owned(), String::new()] {
        for language in Language::ALL {
            let form = RevocationForm { given_name: odd.clone(), family_name: odd.clone(), residence: Some(odd.clone()), ..revocation() };
            let shown = text(&revocation_form(&form, language).unwrap());
            assert!(shown.contains("RV-7K4M-92QX"), "the rest is there");
        }
    }
}

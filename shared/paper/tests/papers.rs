//! Every paper in every language as approved, and what holds for all of them (`UPDATE_SNAPSHOTS=1` writes the approved text).
#![cfg(test)]

use std::fs;
use std::path::Path;

use jiff::civil::date;
use lopdf::{Document as Pdf, Object};
use proptest::prelude::*;
use sportello_paper::{
    IdentityKind, Invoice, InvoiceLine, Language, PaperError, Party, Provider, RevocationForm, Withdrawal, WithdrawalForm, invoice, revocation_form,
    withdrawal_form,
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
fn pages(pdf: &[u8]) -> Vec<String> {
    let pdf = Pdf::load_mem(pdf).unwrap();
    let text = |page| pdf.extract_text(&[page]).unwrap().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    pdf.get_pages().into_keys().map(text).collect()
}

/// The text of a paper as one line, for searching across line ends.
fn flat(pdf: &[u8]) -> String {
    pages(pdf).concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the snapshots is said to the test, not to the product")]
fn papers_read_as_approved() {
    let update = std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut known = Vec::new();
    for language in Language::ALL {
        for (name, pdf) in every(language) {
            let file = format!("{name}.{}.txt", language.tag());
            let text = pages(&pdf).join("--- page ---\n");
            if update {
                fs::write(folder.join(&file), &text).unwrap();
            }
            let approved = fs::read_to_string(folder.join(&file)).unwrap_or_default();
            assert_eq!(text, approved, "{file} differs: read it, then run with UPDATE_SNAPSHOTS=1");
            known.push(file);
        }
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&file), "{file} belongs to no paper");
    }
}

#[test]
fn the_same_values_give_the_same_bytes() {
    for language in Language::ALL {
        assert_eq!(every(language), every(language));
    }
    let later = RevocationForm { printed_on: date(2026, 3, 6), ..revocation() };
    assert_ne!(revocation_form(&revocation(), Language::It), revocation_form(&later, Language::It));
}

#[test]
fn a_paper_says_what_it_is() {
    for language in Language::ALL {
        for (name, bytes) in every(language) {
            let pdf = Pdf::load_mem(&bytes).unwrap();
            let catalog = pdf.catalog().unwrap();
            assert_eq!(catalog.get(b"Lang").and_then(Object::as_str).unwrap(), language.tag().as_bytes(), "{name}");
            assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"Outlines") && catalog.has(b"MarkInfo"), "{name}");
            assert!(!catalog.has(b"OpenAction") && !catalog.has(b"AA") && !catalog.has(b"AcroForm"), "{name} acts");
            let xmp = pdf.get_object(catalog.get(b"Metadata").and_then(Object::as_reference).unwrap()).and_then(Object::as_stream).unwrap();
            let xmp = String::from_utf8(xmp.get_plain_content().unwrap()).unwrap();
            for needed in ["<pdfuaid:part>1<", "<pdfaid:part>2<", "<pdfaid:conformance>A<"] {
                assert!(xmp.contains(needed), "{name}: {needed} in {xmp}");
            }
            assert!(bytes.len() < 60_000, "{name}: the font is a subset");
        }
    }
    let pdf = Pdf::load_mem(&revocation_form(&revocation(), Language::It).unwrap()).unwrap();
    let info = pdf.trailer.get(b"Info").and_then(Object::as_reference).and_then(|id| pdf.get_dictionary(id)).unwrap();
    let title = lopdf::decode_text_string(info.get(b"Title").unwrap()).unwrap();
    assert_eq!(title, "Richiesta di revoca dell’identità digitale SPID");
    assert_eq!(info.get(b"CreationDate").and_then(Object::as_str).unwrap(), b"D:20260305000000Z");
}

#[test]
fn an_ordinary_request_is_one_sheet() {
    for language in Language::ALL {
        let pages = pages(&revocation_form(&revocation(), language).unwrap());
        assert_eq!(pages.len(), 1);
        assert!(pages[0].trim_end().ends_with("1/1"), "{}", pages[0]);
    }
}

#[test]
fn long_names_are_whole() {
    let words = "Ètienne-Þóra ".repeat(15);
    let unbroken = "Wolfeschlegelsteinhausenbergerdorff".repeat(6);
    let form = RevocationForm { given_name: words.clone(), family_name: unbroken[..200].to_owned(), ..revocation() };
    let text = flat(&revocation_form(&form, Language::It).unwrap());
    assert!(text.contains(words.trim()), "{text}");
    assert!(text.replace(' ', "").contains(&unbroken[..200]), "{text}");
}

#[test]
fn a_value_cannot_pretend_to_be_the_form() {
    let form = RevocationForm { given_name: "Anna\u{202e}\nCognome\nRossi\u{0}".into(), residence: Some("山 \u{e000}".into()), ..revocation() };
    let pages = pages(&revocation_form(&form, Language::It).unwrap());
    assert!(pages[0].contains("\nAnna Cognome Rossi\n"), "{}", pages[0]);
    assert!(pages[0].contains("\n� �\n"), "what is missing is seen: {}", pages[0]);
}

#[test]
fn the_days_are_the_ones_given() {
    for language in Language::ALL {
        for variant in [Withdrawal::WithinDays, Withdrawal::BeyondDays] {
            let form = WithdrawalForm { days: 30, last_day: date(2027, 1, 2), ..withdrawal(variant) };
            let text = flat(&withdrawal_form(&form, language).unwrap());
            assert!(text.contains("30 giorni") || text.contains("30 days"), "{text}");
            assert!(!text.contains("14 "), "{text}");
        }
    }
}

#[test]
fn many_lines_go_on_under_the_same_head() {
    let lines: Vec<_> = (1..=90).map(|number| line(&format!("Voce-{number:03}"), 1, 100, 2200)).collect();
    let pages = pages(&invoice(&Invoice { lines, ..bill() }, Language::It).unwrap());
    assert!(pages.len() > 2, "{}", pages.len());
    for (at, page) in pages.iter().enumerate() {
        assert!(page.trim_end().ends_with(&format!("{}/{}", at + 1, pages.len())), "{page}");
        assert!(!page.contains("Voce-") || page.contains("Prezzo unitario\n"), "{page}");
        assert!(at == 0 || page.starts_with("Fattura n. 2026/000045 · Ordine ORD-2026-000123\n"), "{page}");
    }
    let all = pages.concat();
    for number in 1..=90 {
        assert_eq!(all.matches(&format!("Voce-{number:03}\n")).count(), 1);
    }
}

#[test]
fn amounts_that_do_not_fit_are_refused() {
    let lines = vec![line("x", 2, i64::MAX, 0)];
    assert_eq!(invoice(&Invoice { lines, ..bill() }, Language::It), Err(PaperError::Amount));
    assert!(invoice(&Invoice { lines: Vec::new(), ..bill() }, Language::It).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_value_makes_a_form_fail(texts in proptest::collection::vec(proptest::collection::vec(any::<char>(), 0..700), 8), kind in 0..4usize, beyond: bool) {
        let texts: Vec<String> = texts.into_iter().map(String::from_iter).collect();
        let text = |at: usize| texts[at].clone();
        let provider = Provider { name: text(0), support: text(1), forms_to: text(2) };
        let identity_type = [IdentityKind::Personal, IdentityKind::Minor, IdentityKind::Professional, IdentityKind::Business][kind];
        let form = RevocationForm {
            provider: provider.clone(),
            given_name: text(3),
            family_name: text(4),
            fiscal_code: text(5),
            residence: Some(text(6)),
            document_number: Some(text(7)),
            reference_code: text(3),
            identity_type,
            ..bare()
        };
        prop_assert!(revocation_form(&form, Language::En).is_ok());
        let kind = if beyond { Withdrawal::BeyondDays } else { Withdrawal::WithinDays };
        let form = WithdrawalForm { provider, customer_name: text(4), order_id: text(5), service_id: text(6), offer: text(7), identity_type, ..withdrawal(kind) };
        prop_assert!(withdrawal_form(&form, Language::It).is_ok());
        let party = Party { name: text(0), address: texts.clone(), fiscal_code: Some(text(1)), vat_number: Some(text(2)) };
        let lines = texts.iter().map(|text| line(text, 1, 100, 2200)).collect();
        let bill = Invoice { seller: party.clone(), buyer: party, number: text(3), payment: text(4), order_id: text(5), lines, ..bill() };
        prop_assert!(invoice(&bill, Language::En).is_ok());
    }
}

//! GET /v1/customer/offers: what can be bought today, with its price and VAT (rules 61, 64).

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::identity::IdentityType;
use sportello_rules::order::Item;
use sportello_rules::service::CredentialKind;
use sportello_runtime::access::Anyone;
use sportello_runtime::ordering::{offer_of, price_of};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::order_view::Subject;

/// Lists what is sold.
pub struct OfferList;

/// What is sold.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The day of these prices, in Rome.
    #[schemars(with = "String", extend("format" = "date"))]
    on: Date,
    /// Every offer.
    offers: Vec<Offer>,
}

/// One offer.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// What it is.
    subject: Subject,
    /// Type of the identity that it is for.
    #[schemars(with = "String", extend("enum" = ["personal", "minor", "professional", "business"]))]
    r#type: IdentityType,
    /// The credential, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    credential: Option<CredentialKind>,
    /// What it is called.
    name: String,
    /// For how many months.
    term_months: u32,
    /// Price without VAT, in euro cents.
    net_cents: u64,
    /// VAT, in euro cents.
    vat_cents: u64,
    /// Rate of VAT in hundredths of a percent.
    vat_basis_points: u32,
    /// What is to be paid, in euro cents.
    gross_cents: u64,
    /// Always EUR.
    currency: &'static str,
}

impl Operation for OfferList {
    const SPEC: Spec = Spec::get("customer.offer.list", "/v1/customer/offers")
        .summary("List what can be bought today, by type and credential, with price and VAT")
        .limit(Limit::GUARDED);
    type Auth = Anyone;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, (): (), (): ()) -> Result<Reply<Output>, Failure> {
        let mut offers = Vec::new();
        for kind in IdentityType::ALL {
            let credentials = CredentialKind::FOR_SALE.into_iter().filter(|credential| sportello_rules::service::is_for(kind, *credential));
            let of_credentials = credentials.flat_map(|credential| [Item::Credential(credential), Item::CredentialRenewal(credential)]);
            for item in [Item::Identity(kind), Item::IdentityRenewal].into_iter().chain(of_credentials) {
                // What the price list does not name is not sold today.
                offers.extend(price_of(cx, item, kind).ok().map(|price| offer(cx, item, kind, price)));
            }
        }
        Ok(Reply::of(Output { on: cx.today(), offers }))
    }
}

fn offer(cx: &Cx, item: Item, kind: IdentityType, price: sportello_runtime::ordering::Price) -> Offer {
    let policy = &cx.policy().service;
    let (subject, credential, term_months) = match item {
        Item::Identity(_) => (Subject::Identity, None, sportello_rules::service::term_months(kind, policy)),
        Item::IdentityRenewal => (Subject::IdentityRenewal, None, sportello_rules::service::term_months(kind, policy)),
        Item::Credential(credential) => (Subject::Credential, Some(credential), policy.credential_term_months),
        Item::CredentialRenewal(credential) => (Subject::CredentialRenewal, Some(credential), policy.credential_term_months),
    };
    Offer {
        subject,
        r#type: kind,
        credential,
        name: offer_of(cx, kind),
        term_months,
        net_cents: price.net_cents,
        vat_cents: price.vat_cents,
        vat_basis_points: price.vat_basis_points,
        gross_cents: price.gross_cents,
        currency: "EUR",
    }
}

//! GET /v1/customer/orders/{orderId}/invoice: the invoice of a paid order, as PDF (rule 65).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Language};
use sportello_contract::spec::{Limit, Spec};
use sportello_paper::{Invoice, InvoiceLine, invoice};
use sportello_rules::order::Item;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::Parties;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::record::OrderRecord;

/// Makes the invoice.
pub struct OrderInvoice;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The order.
    #[schemars(length(min = 1, max = 64))]
    order_id: String,
}

impl Operation for OrderInvoice {
    const SPEC: Spec = Spec::get("customer.order.invoice", "/v1/customer/orders/{orderId}/invoice")
        .summary("Download the invoice of a paid order as PDF in the customer's language")
        .pdf()
        .limit(Limit::GUARDED)
        .problems(&[Code::NotFound, Code::NoInvoice]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let order = customer.records.orders.iter().find(|order| order.order_id == input.order_id).ok_or(Code::NotFound)?;
        let number = order.invoice.as_ref().ok_or(Code::NoInvoice)?;
        let sealed = &customer.records.profile;
        let (seller, buyer) = Parties::of_invoice(cx, &customer.owner, &customer.records, order)?.printed();
        let language = sealed.language;
        let provider = &cx.app.provider;
        let paper = Invoice {
            seller,
            support: provider.support.clone(),
            buyer,
            number: number.number.clone(),
            issued_on: number.issued_on,
            order_id: order.order_id.clone(),
            lines: vec![InvoiceLine {
                description: described(order, language),
                quantity: 1,
                unit_net_cents: i64::try_from(order.net_cents).map_err(|_| Failure::fault("an amount that does not fit"))?,
                vat_basis_points: order.vat_basis_points,
            }],
            payment: match language {
                Language::It => "Pagata con il metodo di pagamento del cliente".to_owned(),
                Language::En => "Paid by the customer's payment method".to_owned(),
            },
            courtesy_copy: true,
        };
        let language = match language {
            Language::It => sportello_paper::Language::It,
            Language::En => sportello_paper::Language::En,
        };
        Ok(Reply::file(invoice(&paper, language).map_err(|error| Failure::fault(error.to_string()))?))
    }
}

fn described(order: &OrderRecord, language: Language) -> String {
    let item = match (order.item, language) {
        (Item::Identity(_), Language::It) => "Identità digitale",
        (Item::Identity(_), Language::En) => "Digital identity",
        (Item::Credential(_), Language::It) => "Credenziale aggiuntiva",
        (Item::Credential(_), Language::En) => "Further credential",
        (Item::IdentityRenewal, Language::It) => "Rinnovo dell'identità digitale",
        (Item::IdentityRenewal, Language::En) => "Renewal of the digital identity",
        (Item::CredentialRenewal(_), Language::It) => "Rinnovo della credenziale",
        (Item::CredentialRenewal(_), Language::En) => "Renewal of the credential",
    };
    let credential = match order.item {
        Item::Credential(kind) | Item::CredentialRenewal(kind) => format!(" ({})", sportello_rules::renewal::name(Some(kind))),
        Item::Identity(_) | Item::IdentityRenewal => String::new(),
    };
    let period = order.period.map(|from| format!(", {from}")).unwrap_or_default();
    format!("{item}{credential}: {}{period}", order.offer)
}

//! GET /v1/customer/help: the help menu: guides by type and status of a service, how support is reached, whether a ticket can be opened (rule 65).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Language};
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::help::{Guide, guides};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::order_list::ServiceId;
use crate::ticket_open::{Topic, opened_today};

/// Reads the help menu.
pub struct HelpRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service that help is needed for; without it the menu is that of the account.
    #[serde(default)]
    #[schemars(with = "Option<String>", length(min = 1, max = 64))]
    service: Option<ServiceId>,
}

/// The menu.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Guides, the most useful first.
    guides: Vec<GuideOutput>,
    /// How the provider's support is reached.
    contact: String,
    /// Address of the selfcare.
    selfcare_url: String,
    /// Requests for help.
    ticket: TicketOutput,
}

/// A guide.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuideOutput {
    /// Which.
    #[schemars(with = "String")]
    guide: Guide,
    /// What it is called, in the customer's language.
    title: &'static str,
    /// Where it is.
    url: String,
}

/// Whether a ticket can be opened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketOutput {
    /// Whether one can be opened now; so many are taken in a day.
    possible: bool,
    /// What one can be about.
    topics: Vec<Topic>,
    /// Most characters of its text.
    most_characters: u32,
}

impl Operation for HelpRead {
    const SPEC: Spec = Spec::get("customer.help.read", "/v1/customer/help")
        .summary("Read the help menu: guides by type and status of a service, contact, ticket")
        .limit(Limit::ORDINARY)
        .problems(&[Code::NotFound]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Output>, Failure> {
        let records = &customer.records;
        let service = match &input.service {
            Some(id) => Some(records.services.iter().find(|service| service.service_id == id.0).ok_or(Code::NotFound)?),
            None => None,
        };
        let language = records.profile.language;
        let guide = |guide: Guide| {
            let name = serde_json::to_value(guide).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default();
            GuideOutput { guide, title: title(guide, language), url: format!("{}/guides/{}/{name}", cx.app.addresses.customer_area, language.tag()) }
        };
        let help = &cx.policy().help;
        Ok(Reply::of(Output {
            guides: guides(service.map(|service| (service.kind, service.status))).into_iter().map(guide).collect(),
            contact: cx.app.provider.support.clone(),
            selfcare_url: cx.app.addresses.selfcare.clone(),
            ticket: TicketOutput {
                possible: opened_today(cx, &records.account) < help.tickets_per_day,
                topics: Topic::ALL.to_vec(),
                most_characters: help.ticket_characters,
            },
        }))
    }
}

fn title(guide: Guide, language: Language) -> &'static str {
    let (it, en) = match guide {
        Guide::Activation => ("Attivare l'identità", "Activating the identity"),
        Guide::MinorActivation => ("Attivare l'identità di un minore", "Activating a minor's identity"),
        Guide::SignIn => ("Accedere con SPID e recuperare l'accesso", "Signing in with SPID and getting back in"),
        Guide::Credentials => ("App, dispositivi, smart card e firma", "App, devices, smart card and signature"),
        Guide::AddCredential => ("Aggiungere una credenziale", "Adding a credential"),
        Guide::Suspension => ("Sospendere e riattivare l'identità", "Suspending the identity and taking it into use again"),
        Guide::Revocation => ("Revocare l'identità", "Revoking the identity"),
        Guide::FreeRenewal => ("Il rinnovo gratuito", "The free renewal"),
        Guide::PaidRenewal => ("Il rinnovo, automatico o manuale", "The renewal, automatic or by hand"),
        Guide::Cancellation => ("Annullare l'ordine", "Cancelling the order"),
        Guide::Withdrawal => ("Recedere dal contratto", "Withdrawing from the contract"),
        Guide::Orders => ("Ordini, pagamenti e fatture", "Orders, payments and invoices"),
        Guide::Account => ("L'account dell'area clienti", "The account of the customer area"),
    };
    match language {
        Language::It => it,
        Language::En => en,
    }
}

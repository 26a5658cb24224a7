//! POST /v1/customer/tickets: asks for help: support and the customer get a mail (rule 65).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::hex::hex;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{Notice, TicketTopic};
use sportello_rules::calendar::{add_months, days_after, start_of_day};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, entropy};
use sportello_store::commit::Commit;
use sportello_store::record::{AccountRecord, CodeDay, TicketRecord};
use sportello_store::ticket::tickets_pk;

use crate::account_proof::seal;
use crate::ticket_view::{FIELD, Ticket};

/// Opens a ticket.
pub struct TicketOpen;

/// Bytes of a ticket's id.
const ID: usize = 8;
/// Most characters that the document allows; the policy may allow fewer.
const MOST: usize = 2000;

/// What a ticket is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Activating an identity.
    Activation,
    /// Signing in, with SPID or to the customer area.
    SignIn,
    /// A credential.
    Credential,
    /// An order, a payment or an invoice.
    Payment,
    /// Renewing.
    Renewal,
    /// Cancelling, withdrawing or revoking.
    Cancellation,
    /// Anything else.
    Other,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 7] = [Self::Activation, Self::SignIn, Self::Credential, Self::Payment, Self::Renewal, Self::Cancellation, Self::Other];
}

impl From<Topic> for TicketTopic {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Activation => Self::Activation,
            Topic::SignIn => Self::SignIn,
            Topic::Credential => Self::Credential,
            Topic::Payment => Self::Payment,
            Topic::Renewal => Self::Renewal,
            Topic::Cancellation => Self::Cancellation,
            Topic::Other => Self::Other,
        }
    }
}

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// What it is about.
    topic: Topic,
    /// The service that it is about.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    service: Option<String>,
    /// What the customer writes; no password and no code.
    #[schemars(length(min = 1, max = MOST), extend("pattern" = "\\S"))]
    text: String,
}

/// Tickets that were opened today, in Rome.
#[must_use]
pub fn opened_today(cx: &Cx, account: &AccountRecord) -> u32 {
    account.ticket_day.filter(|day| day.day == cx.today()).map_or(0, |day| day.sent)
}

impl Operation for TicketOpen {
    const SPEC: Spec = Spec::create("customer.ticket.open", "/v1/customer/tickets")
        .summary("Ask for help: support and the customer get a mail")
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Orders, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::NotFound, Code::TooManyRequests, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Ticket;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Ticket>, Failure> {
        let (owner, account, help) = (&customer.owner, &customer.records.account, &cx.policy().help);
        let most = usize::try_from(help.ticket_characters).unwrap_or(MOST).min(MOST);
        if input.text.trim().is_empty() || input.text.chars().count() > most {
            return Err(Problem::from(Code::InvalidField).field("text").into());
        }
        if let Some(id) = &input.service {
            customer.records.services.iter().find(|service| service.service_id == *id).ok_or(Code::NotFound)?;
        }
        let opened = opened_today(cx, account);
        if opened >= help.tickets_per_day {
            let tomorrow = start_of_day(days_after(cx.today(), 1)).as_second();
            let wait = u32::try_from(tomorrow.saturating_sub(cx.now.as_second()).max(1)).unwrap_or(u32::MAX);
            return Err(Problem::from(Code::TooManyRequests).retry_after(wait).into());
        }
        let ticket_id = format!("tkt-{}", hex(entropy::bytes::<ID>(cx.entropy())?));
        let until = start_of_day(add_months(cx.today(), i32::try_from(help.ticket_months).unwrap_or(i32::MAX)));
        let record = TicketRecord {
            pk: tickets_pk(owner),
            sk: format!("{:016}#{ticket_id}", cx.now.as_millisecond()),
            ticket_id: ticket_id.clone(),
            opened_at: cx.now,
            topic: topic_name(input.topic),
            service_id: input.service.clone(),
            sealed: seal(cx, owner, account, FIELD, &input.text)?,
            ttl: until.as_second(),
        };
        let mut commit = Commit::new();
        let update = Commit::auth(owner).version(account.version).same_epoch(account.epoch);
        commit.update_auth(update.ticket_day(&CodeDay { day: cx.today(), sent: opened + 1 }), Code::ChangedMeanwhile);
        commit.open_ticket(&record);
        let topic = input.topic.into();
        let told = Notice::TicketOpened { at: cx.now, ticket_id: ticket_id.clone(), topic };
        let sealed = codes::carry(cx, owner, &account.data_key, &input.text)?;
        let received = Notice::TicketReceived { at: cx.now, ticket_id: ticket_id.clone(), topic, service_id: input.service.clone(), sealed };
        for notice in [told, received] {
            commit.notice(&format!("{}#{}#{ticket_id}", notice.kind(), owner.pk()), owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        }
        Ok(Reply::after(commit, Ticket::new(ticket_id, cx.now, input.topic, input.service, input.text)))
    }
}

fn topic_name(topic: Topic) -> String {
    serde_json::to_value(topic).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// The topic of a kept name.
#[must_use]
pub fn topic_of(name: &str) -> Topic {
    serde_json::from_value(name.into()).unwrap_or(Topic::Other)
}

/// From when on tickets are shown.
#[must_use]
pub fn shown_since(cx: &Cx) -> Timestamp {
    start_of_day(sportello_rules::calendar::sub_months(cx.today(), cx.policy().help.ticket_months))
}

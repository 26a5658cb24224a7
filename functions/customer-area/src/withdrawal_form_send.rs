//! POST /v1/customer/services/{serviceId}/withdrawal-form: the customer sends the withdrawal form: it is registered with its instant, which decides which of
//! the two it is, the service is cancelled, and a mail answers (rules 62, 63).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::{Code, Problem};
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::calendar::date_of;
use sportello_rules::order::{Event, Step, apply};
use sportello_rules::service::WithdrawalForm;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{refused, rewrite};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::withdrawal_form::by_now;

/// Sends the form.
pub struct WithdrawalFormSend;

/// The word that says that the customer means it.
const WORD: &str = "WITHDRAW";

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
    /// That the customer withdraws from the contract: the word `WITHDRAW`.
    #[schemars(with = "String", extend("enum" = ["WITHDRAW"]))]
    confirmation: String,
}

/// What was registered.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Which of the two forms it was.
    #[schemars(with = "String", extend("enum" = ["within-14-days", "beyond-14-days"]))]
    form: WithdrawalForm,
    /// When it was sent.
    #[schemars(with = "String", extend("format" = "date-time"))]
    sent_at: Timestamp,
    /// What is given back, in euro cents.
    refund_cents: u64,
}

impl Operation for WithdrawalFormSend {
    const SPEC: Spec = Spec::create("customer.withdrawal-form.send", "/v1/customer/services/{serviceId}/withdrawal-form")
        .summary("Send the withdrawal form of a service: registered with its instant, answered by mail; within the days what was paid is given back")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Identities, Action::UpdateItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::NotFound, Code::CancelDirectly, Code::RevokeFirst, Code::AlreadyCancelled, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Output>, Failure> {
        if input.confirmation != WORD {
            return Err(Problem::from(Code::InvalidField).field("confirmation").into());
        }
        let (owner, records) = (&customer.owner, &customer.records);
        let service = records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        let sent = by_now(cx, service)?;
        let mut commit = Commit::new();
        commit.withdraw_service(service, &sent);
        if let Some(identity) = service.identity.as_deref() {
            // An identity whose contract is gone can never be activated.
            commit.revoke_unactivated(identity, cx.now);
        }
        let within = sent.form == WithdrawalForm::Within14Days;
        let mut refund_cents = 0;
        if let Some(order) = records.orders.iter().find(|order| order.order_id == service.order_id).filter(|_| within)
            && let Step::Changed { order: next, .. } = apply(&order.order, &Event::Withdraw, cx.now).map_err(refused)?
        {
            // The job of the orders gives it back, however often it has to ask.
            rewrite(cx, &mut commit, owner, order, next);
            refund_cents = order.gross_cents;
        }
        let notice = Notice::WithdrawalSent {
            at: cx.now,
            service_id: service.service_id.clone(),
            order_id: service.order_id.clone(),
            offer: service.offer.clone(),
            contract_on: date_of(service.contract_at),
            within,
            refund_cents,
        };
        commit.notice(&format!("{}#{}#{}", notice.kind(), owner.pk(), service.service_id), owner, notice.to_json()?, cx.now, Code::AlreadyCancelled);
        Ok(Reply::after(commit, Output { form: sent.form, sent_at: sent.sent_at, refund_cents }))
    }
}

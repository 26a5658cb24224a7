//! POST /v1/customer/services/{serviceId}/cancellation: cancels a service, or says which form does (rules 62, 63).

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_rules::identity::Status;
use sportello_rules::order::{Event, Order, Step, apply};
use sportello_rules::service::{Cancellation, Refusal, WithdrawalForm, cancellation};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::ordering::{facts, refused, rewrite};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;
use sportello_store::record::OrderRecord;

/// Cancels a service.
pub struct ServiceCancel;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The service.
    #[schemars(length(min = 1, max = 64))]
    service_id: String,
}

/// What cancelling has come to.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Output {
    /// The order is cancelled.
    Cancelled {
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        cancelled_at: Timestamp,
    },
    /// Nothing was changed: the withdrawal form must be sent, the one of the two that the instant of sending decides.
    WithdrawalForm {
        /// Which form applies now.
        #[schemars(with = "String", extend("enum" = ["within-14-days", "beyond-14-days"]))]
        form: WithdrawalForm,
        /// The last day of the first form, a working day of Rome.
        #[schemars(with = "String", extend("format" = "date"))]
        last_day: Date,
        /// The end of that day; from this instant on the second form applies.
        #[schemars(with = "String", extend("format" = "date-time"))]
        until: Timestamp,
    },
}

impl Operation for ServiceCancel {
    const SPEC: Spec = Spec::post("customer.service.cancel", "/v1/customer/services/{serviceId}/cancellation")
        .summary("Cancel a service, or learn which withdrawal form does")
        .limit(Limit::ORDINARY)
        .idempotent()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Orders, Action::PutItem), grant(Table::Identities, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::NotFound, Code::RevokeFirst, Code::AlreadyCancelled, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Output>, Failure> {
        let service = customer.records.services.iter().find(|service| service.service_id == input.service_id).ok_or(Code::NotFound)?;
        match cancellation(&facts(service), cx.now, &cx.policy().service) {
            Ok(Cancellation::WithdrawalForm { form, last_day, until }) => Ok(Reply::of(Output::WithdrawalForm { form, last_day, until })),
            Ok(Cancellation::CancelNow) => {
                let mut commit = Commit::new();
                let pending = service.status == Status::ToActivate;
                commit.cancel_service(service, pending, cx.now);
                if let Some(order) = customer.records.orders.iter().find(|order| order.order_id == service.order_id).filter(|_| pending)
                    && let Step::Changed { order: next, .. } = apply(&kept(order), &Event::Annul, cx.now).map_err(refused)?
                {
                    // Where it cost something, the job of the orders gives that back.
                    rewrite(cx, &mut commit, &customer.owner, order, next);
                }
                if let Some(identity) = service.identity.as_deref().filter(|_| pending) {
                    // An identity whose order is gone can never be activated.
                    commit.revoke_unactivated(identity, cx.now);
                }
                let notice = Notice::ServiceCancelled { at: cx.now, service_id: service.service_id.clone(), offer: service.offer.clone() };
                let id = format!("{}#{}", notice.kind(), service.service_id);
                commit.notice(&id, &customer.owner, notice.to_json()?, cx.now, Code::AlreadyCancelled);
                Ok(Reply::after(commit, Output::Cancelled { cancelled_at: cx.now }))
            }
            Err(Refusal::AlreadyCancelled) => Err(Code::AlreadyCancelled.into()),
            Err(Refusal::RevokeFirst) => Err(Code::RevokeFirst.into()),
            Err(other) => Err(Failure::fault(format!("cancelling refused for {}", other.code()))),
        }
    }
}

/// The order as the rules see it: what was free of charge has no payment to give back, whatever stands there.
fn kept(order: &OrderRecord) -> Order {
    Order { payment: order.order.payment.clone().filter(|_| order.gross_cents > 0), ..order.order.clone() }
}

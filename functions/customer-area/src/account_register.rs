//! POST /v1/customer/account: somebody wants an account; a mail to the address goes on from there, the answer never tells whether it has one (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::clock::HOUR;
use sportello_runtime::registration::Registration;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::address_mail::Asked;

/// Asks for an account.
pub struct AccountRegister;

/// Input of the operation. Nothing else that a stranger says goes to the address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// E-mail address, which becomes the username. The mail comes in the language of `Accept-Language`.
    #[schemars(length(min = 3, max = 254))]
    email: String,
}

impl Operation for AccountRegister {
    const SPEC: Spec = Spec::post("customer.account.register", "/v1/customer/account")
        .summary("Ask for an account of the customer area; a mail to the address goes on from there, the answer is always the same")
        .nothing()
        .limit(Limit::GUARDED)
        .charges()
        .idempotent()
        .grants(&[grant(Table::Lookups, Action::GetItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::EmailRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let policy = &cx.policy().account;
        let asked = Asked::count(cx, "register", &input.email, policy.address_link_hours.saturating_mul(HOUR)).await?;
        let registration = Registration { email: asked.email.clone(), language: cx.language, asked_at: cx.now };
        let (notice, owner) = match asked.known {
            // One mail too many is written all the same, and goes to nobody.
            _ if asked.number > policy.registration_mails => (Notice::AccountExists { at: cx.now }, asked.nobody),
            Some(owner) => (Notice::AccountExists { at: cx.now }, owner),
            None => (registration.notice(cx)?, registration.owner(cx)),
        };
        let mut commit = Commit::new();
        commit.notice(&asked.notice_id(notice.kind()), &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}

//! POST /v1/customer/account/recoveries: a forgotten password: a link goes to the address on file, the answer never tells whether there is an account (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

use crate::address_mail::Asked;

/// Begins to recover an account.
pub struct AccountRecover;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The e-mail address of the account, the present one or the one that it was opened with.
    #[schemars(length(min = 3, max = 254))]
    email: String,
}

impl Operation for AccountRecover {
    const SPEC: Spec = Spec::post("customer.account.recover", "/v1/customer/account/recoveries")
        .summary("Ask for a link that sets a new password, and for the username; it goes to the address on file, the answer is always the same")
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
        // A window is no longer than a link lives: whoever asks in vain was sent one that is good, unless it was used.
        let asked = Asked::count(cx, "recover", &input.email, policy.recovery_link_minutes).await?;
        // One mail too many is written all the same, and goes to nobody.
        let owner = asked.known.filter(|_| asked.number <= policy.recovery_mails).unwrap_or(asked.nobody);
        let minutes = jiff::SignedDuration::from_mins(i64::from(policy.recovery_link_minutes));
        let notice = Notice::AccountRecovery { at: cx.now, expires_at: cx.now.saturating_add(minutes).unwrap_or(jiff::Timestamp::MAX) };
        let mut commit = Commit::new();
        commit.notice(&asked.notice_id(notice.kind()), &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}

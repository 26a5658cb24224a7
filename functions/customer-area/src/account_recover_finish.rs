//! POST /v1/customer/account/recoveries/{token}: sets the password that was forgotten; a code too, where the account has an app (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::link::{self, Link};
use sportello_runtime::profile::Profile;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::record::CustomerRecords;

use crate::account_password::{check, confirmed, next};
use crate::account_proof::prove_code;

/// Finishes the recovery of an account.
pub struct AccountRecoverFinish;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
    /// The new password.
    new: Secret,
    /// The new password again.
    confirmation: Secret,
    /// A code of the app, or a recovery code; needed where the account has an app.
    #[serde(default)]
    code: Option<Secret>,
}

/// A link that is good, with what it is of: a password that was set after it was sent has ended it.
///
/// # Errors
/// `link-not-valid`, whatever is wrong with it.
pub async fn opened(cx: &Cx, token: &Secret) -> Result<(Link, CustomerRecords), Failure> {
    let (link, records) = link::customer(cx, token, Purpose::AccountRecovery).await?;
    if records.account.password.changed_at > link.issued_at() { Err(Code::LinkNotValid.into()) } else { Ok((link, records)) }
}

impl Operation for AccountRecoverFinish {
    const SPEC: Spec = Spec::post("customer.account.recover.finish", "/v1/customer/account/recoveries/{token}")
        .summary("Set the password that was forgotten; ends every session and tells by mail")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[
            grant(Table::Orders, Action::Query),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::PasswordRefused, Code::ConfirmationMismatch, Code::MissingField, Code::ProofRefused, Code::ChangedMeanwhile]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        confirmed(&input.new, &input.confirmation)?;
        let (link, records) = opened(cx, &input.token).await?;
        let (owner, account) = (link.owner(), &records.account);
        if account.totp.is_some() && input.code.is_none() {
            return Err(Problem::from(Code::MissingField).field("code").into());
        }
        let profile = Profile::open(cx, &owner, &records.profile)?;
        check(cx, &profile, &input.new)?;
        let (update, mut commit) = prove_code(cx, &owner, account, input.code.as_ref(), Code::ProofRefused).await?;
        let stored = next(cx, account, &input.new).await?;
        let update = update.version(account.version).password(&stored).clear_password_tries().end_account_sessions();
        commit.use_once(&owner, &link.nonce(), link.over_at, Code::LinkNotValid);
        commit.update_auth(update, Code::ChangedMeanwhile);
        let notice = Notice::AccountPasswordChanged { at: cx.now, recovered: true };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), stored.version);
        commit.notice(&id, &owner, notice.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}

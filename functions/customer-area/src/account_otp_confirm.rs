//! POST /v1/customer/account/otp-app/confirmation: the first code of the app switches it on; recovery codes come with it (rules 22, 59).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{AccountOtpChange, Notice};
use sportello_rules::credential::Dates;
use sportello_rules::otp::totp_step;
use sportello_rules::recovery::code;
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::profile::TOTP_FIELD;
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, throttle};
use sportello_store::charge::Secrets;
use sportello_store::commit::Commit;
use sportello_store::key::OwnerKind;
use sportello_store::record::{AccountRecord, StoredTotp};

use crate::account_proof::recovery_digest;

/// Finishes the enrolment.
pub struct AccountOtpConfirm;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The enrolment, as its beginning named it.
    enrolment_id: Secret,
    /// The first code that the app shows.
    code: Secret,
}

/// What the customer keeps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Each stands once for a code of the app, when it is lost; shown this once.
    recovery_codes: Vec<Secret>,
}

impl Operation for AccountOtpConfirm {
    const SPEC: Spec = Spec::post("customer.account.otp.confirm", "/v1/customer/account/otp-app/confirmation")
        .summary("Switch the app on by its first code; answers recovery codes, ends every session and tells by mail")
        .limit(Limit::GUARDED)
        .charges()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::ProofRefused]);
    type Auth = Customer;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<Output>, Failure> {
        let (owner, refused) = (customer.owner, Code::ProofRefused);
        let account: AccountRecord = throttle::charge_code(cx, &owner, Secrets::OTP, refused).await?;
        let token = Token::open(input.enrolment_id.expose(), Purpose::Enrolment, OwnerKind::Customer, cx.keys());
        let token = token.filter(|token| token.owner == owner && cx.now < token.over_at(cx.policy().session.enrolment_minutes));
        let enrolment = account.enrolment.as_ref().filter(|enrolment| {
            // Whatever ends the sessions ends an enrolment under way.
            token.as_ref().is_some_and(|token| token.nonce() == enrolment.nonce && token.version == account.password.version) && enrolment.epoch == account.epoch
        });
        let step = match enrolment {
            Some(enrolment) => {
                let secret = cx.keys().data_key(&owner, &account.data_key)?.open(&owner, TOTP_FIELD, &enrolment.secret)?;
                totp_step(&secret, input.code.expose(), cx.now, None, &cx.policy().totp).map_err(|error| Failure::fault(error.to_string()))?
            }
            None => None,
        };
        let (Some(enrolment), Some(step)) = (enrolment, step) else {
            return Err(Failure::with(refused, throttle::after_failure(cx, &owner, &account, Secrets::OTP, refused)?));
        };
        let (codes, digests) = recovery_codes(cx, &owner)?;
        let totp =
            StoredTotp { secret: enrolment.secret.clone(), dates: Dates::active_since(cx.now, None), moved_at: None, app: None, device_key: None, sso_qr: false };
        let update = Commit::auth(&owner)
            .version(account.version)
            .same_epoch(account.epoch)
            .enrolling(&enrolment.nonce)
            .totp(Some(&totp))
            .first_step(step)
            .recovery_codes(&digests)
            .clear_otp_tries()
            .end_account_sessions();
        let mut commit = Commit::new();
        commit.update_auth(update, refused);
        let notice = Notice::AccountOtpChanged { at: cx.now, change: AccountOtpChange::Activated };
        let id = format!("{}#{}#{}", notice.kind(), owner.pk(), account.version);
        commit.notice(&id, &owner, notice.to_json()?, cx.now, refused);
        Ok(Reply::after(commit, Output { recovery_codes: codes.into_iter().map(Secret::new).collect() }))
    }
}

/// New recovery codes, and what is kept of them.
fn recovery_codes(cx: &Cx, owner: &sportello_store::key::Owner) -> Result<(Vec<String>, BTreeMap<String, bool>), Failure> {
    let policy = &cx.policy().account;
    let mut codes = Vec::new();
    for _ in 0..policy.recovery_codes {
        let mut random = vec![0; usize::try_from(policy.recovery_code_length).unwrap_or_default()];
        cx.entropy().fill(&mut random)?;
        codes.push(code(&random));
    }
    let digests = codes.iter().map(|code| (recovery_digest(cx, owner, code), true)).collect();
    Ok((codes, digests))
}

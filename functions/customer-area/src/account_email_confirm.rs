//! POST /v1/customer/account/emails/{token}: the link of a new address is confirmed: from now on it is the account's (rules 49, 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{EmailAddress, Notice};
use sportello_runtime::access::Anyone;
use sportello_runtime::link::{self, Link};
use sportello_runtime::profile::Profile;
use sportello_runtime::token::Purpose;
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, lookup};
use sportello_store::commit::Commit;
use sportello_store::record::{CustomerRecords, SealedProfile};

use crate::account_email_change::FIELD;
use crate::account_proof::open;

/// Confirms the link.
pub struct AccountEmailConfirm;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
}

/// A link that is good, with the records and the address that it confirms: only the one that it went to.
///
/// # Errors
/// `link-not-valid`, whatever is wrong with it.
pub async fn pending(cx: &Cx, token: &Secret) -> Result<(Link, CustomerRecords, EmailAddress), Failure> {
    let (link, records) = link::customer(cx, token, Purpose::AccountAddress).await?;
    let waiting = records.account.pending_address.as_ref().filter(|pending| pending.nonce == link.nonce()).ok_or(Code::LinkNotValid)?;
    let address = open(cx, &link.owner(), &records.account, FIELD, &waiting.sealed)?;
    let address = EmailAddress::parse(&address).map_err(|error| Failure::fault(error.to_string()))?;
    Ok((link, records, address))
}

impl Operation for AccountEmailConfirm {
    const SPEC: Spec = Spec::post("customer.account.email.confirm", "/v1/customer/account/emails/{token}")
        .summary("Confirm the link of a new address: from now on it is the account's; tells the old and the new one")
        .nothing()
        .limit(Limit::GUARDED)
        .idempotent()
        .grants(&[
            grant(Table::Orders, Action::Query),
            grant(Table::Orders, Action::UpdateItem),
            grant(Table::Orders, Action::PutItem),
            grant(Table::Lookups, Action::PutItem),
            grant(Table::Lookups, Action::DeleteItem),
            grant(Table::Outbox, Action::PutItem),
        ])
        .problems(&[Code::LinkNotValid, Code::EmailTaken, Code::ChangedMeanwhile]);
    type Auth = Anyone;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<()>, Failure> {
        let (link, records, email) = pending(cx, &input.token).await?;
        let (owner, account) = (link.owner(), &records.account);
        let mut profile = Profile::open(cx, &owner, &records.profile)?;
        let old = std::mem::replace(&mut profile.email, email);
        let mut commit = Commit::new();
        let update = Commit::auth(&owner).version(account.version).same_epoch(account.epoch).confirming(&link.nonce()).address_confirmed(cx.now);
        // The link of a lock went to the mailbox before, and is over with it; whoever asked for this one has proved who they are.
        let update = update.clear_password_tries().clear_otp_tries();
        commit.use_once(&owner, &link.nonce(), link.over_at, Code::LinkNotValid);
        commit.update_auth(update, Code::ChangedMeanwhile);
        // One address leads to one account; the first one leads here still, for the username is made of it, and any other is free again.
        let (before, first) = (lookup::mailbox(cx.keys(), &old), EmailAddress::parse(&profile.username).ok().map(|first| lookup::mailbox(cx.keys(), &first)));
        if old != profile.email && first.as_ref() != Some(&before) {
            commit.free_mailbox(&before, &owner);
        }
        commit.put_mailbox(&lookup::mailbox(cx.keys(), &profile.email), &owner, Code::EmailTaken);
        let key = cx.keys().data_key(&owner, &records.profile.data_key)?;
        commit.put_profile(&owner, &SealedProfile { sealed: profile.seal(&key, &owner, cx.entropy())?, ..records.profile.clone() });
        for (which, sealed) in [("old", Some(codes::carry(cx, &owner, &account.data_key, old.expose())?)), ("new", None)] {
            let notice = Notice::AccountAddressChanged { at: cx.now, done: true, sealed };
            let id = format!("{}#{}#{}#{which}", notice.kind(), owner.pk(), link.nonce());
            commit.notice(&id, &owner, notice.to_json()?, cx.now, Code::LinkNotValid);
        }
        Ok(Reply::after(commit, ()))
    }
}

//! POST /v1/customer/account/confirmations/{token}: whoever reads the mails of the address chooses the password, and the account is opened (rule 59).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::hex::hex;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::Notice;
use sportello_runtime::access::Anyone;
use sportello_runtime::profile::Profile;
use sportello_runtime::registration::Registration;
use sportello_runtime::{Cx, Failure, Operation, Reply, entropy, lookup};
use sportello_store::commit::Commit;
use sportello_store::key::PROFILE;
use sportello_store::record::{AccountRecord, Bytes, SealedProfile, StoredPassword};

use crate::account_data::{LONGEST, name};
use crate::account_password::{check, confirmed};

/// Opens the account.
pub struct AccountConfirm;

/// Bytes of an account's salt.
const SALT: usize = 16;
/// Bytes of a customer's public id.
const ID: usize = 10;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The last part of the link.
    token: Secret,
    /// The password: as long as the policy asks for, fifteen characters where it says nothing else, and nothing that is expected.
    new: Secret,
    /// The password again.
    confirmation: Secret,
    /// Given name.
    #[schemars(length(min = 1, max = LONGEST))]
    given_name: String,
    /// Family name.
    #[schemars(length(min = 1, max = LONGEST))]
    family_name: String,
}

/// The account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The username: with it and the password one signs in.
    username: String,
}

impl Operation for AccountConfirm {
    const SPEC: Spec = Spec::create("customer.account.confirm", "/v1/customer/account/confirmations/{token}")
        .summary("Open the account that was asked for: choose its password; tells by mail")
        .limit(Limit::GUARDED)
        .hashing()
        .idempotent()
        .grants(&[grant(Table::Orders, Action::PutItem), grant(Table::Lookups, Action::PutItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::LinkNotValid, Code::PasswordRefused, Code::ConfirmationMismatch, Code::AccountRefused]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let (given_name, family_name) = (name(&input.given_name, "givenName")?, name(&input.family_name, "familyName")?);
        let registration = Registration::of_link(cx, &input.token)?;
        confirmed(&input.new, &input.confirmation)?;
        let owner = registration.owner(cx);
        let profile = Profile::of_customer(registration.email.clone(), given_name, family_name);
        check(cx, &profile, &input.new)?;
        let (key, data_key) = cx.keys().new_data_key(&owner, cx.entropy())?;
        let salt = Bytes(entropy::bytes::<SALT>(cx.entropy())?.to_vec());
        let scheme = cx.hasher().scheme();
        let digest = cx.hasher().digest(input.new.expose(), &salt, &scheme).await?;
        let password = StoredPassword { digest, scheme, version: 1, changed_at: cx.now };
        let account = AccountRecord::new(&owner, hex(entropy::bytes::<ID>(cx.entropy())?), data_key.clone(), salt, password);
        let sealed = profile.seal(&key, &owner, cx.entropy())?;
        let mut commit = Commit::new();
        // Of any number of links one opens the account; whoever tried to sign in before has left a placeholder at most.
        commit.create_account(&account, Code::LinkNotValid);
        commit.put_mailbox(&lookup::mailbox(cx.keys(), &registration.email), &owner, Code::LinkNotValid);
        commit.put_profile(&owner, &SealedProfile { pk: owner.pk(), sk: PROFILE.to_owned(), language: registration.language, data_key, sealed });
        let notice = Notice::AccountOpened { at: cx.now };
        commit.notice(&format!("{}#{}", notice.kind(), owner.pk()), &owner, notice.to_json()?, cx.now, Code::LinkNotValid);
        Ok(Reply::after(commit, Output { username: profile.username }))
    }
}

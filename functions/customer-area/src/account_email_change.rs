//! POST /v1/customer/account/emails: the customer wants to be reached at another address: its link confirms it, until then nothing changes (rules 49, 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::hex::hex;
use sportello_contract::problem::{Code, Problem};
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_notify::{EmailAddress, Notice};
use sportello_rules::calendar::{days_after, start_of_day};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::token::{Purpose, Token};
use sportello_runtime::{Cx, Failure, Operation, Reply, codes, entropy};
use sportello_store::record::{CodeDay, PendingAddress};

use crate::account_proof::{Proved, prove, seal};

/// Name of the sealed field.
pub const FIELD: &str = "pending-address";

/// Asks for another address.
pub struct AccountEmailChange;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The new address.
    #[schemars(length(min = 3, max = 254))]
    email: String,
    /// The password.
    password: Secret,
    /// A code of the app, or a recovery code; needed where the account has an app.
    #[serde(default)]
    code: Option<Secret>,
}

impl Operation for AccountEmailChange {
    const SPEC: Spec = Spec::post("customer.account.email.change", "/v1/customer/account/emails")
        .summary("Ask to be reached at another address: a link goes there, and the present address is told")
        .nothing()
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .idempotent()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::EmailRefused, Code::ProofRefused, Code::CodeRequired, Code::ChangedMeanwhile, Code::TooManyRequests]);
    type Auth = Customer;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<()>, Failure> {
        let email = EmailAddress::parse(&input.email).map_err(|_| Problem::from(Code::EmailRefused).field("email"))?;
        let (owner, today) = (&customer.owner, cx.today());
        let asked = customer.records.account.address_day.filter(|day| day.day == today).map_or(0, |day| day.sent);
        if asked >= cx.policy().account.address_changes_per_day {
            let tomorrow = start_of_day(days_after(today, 1)).as_second();
            let wait = u32::try_from(tomorrow.saturating_sub(cx.now.as_second()).max(1)).unwrap_or(u32::MAX);
            return Err(Problem::from(Code::TooManyRequests).retry_after(wait).into());
        }
        let Proved { account, update, mut commit } = prove(cx, owner, &input.password, input.code.as_ref(), Code::ProofRefused).await?;
        let expires_at = {
            let hours = jiff::SignedDuration::from_hours(i64::from(cx.policy().account.address_link_hours));
            cx.now.saturating_add(hours).unwrap_or(jiff::Timestamp::MAX)
        };
        // The link is known by its notice, so that the one that goes to this address confirms this address and no other.
        let request = hex(entropy::bytes::<16>(cx.entropy())?);
        let confirmation =
            Notice::AccountAddressConfirmation { at: cx.now, expires_at, sealed: codes::carry(cx, owner, &account.data_key, email.expose())? };
        let id = format!("{}#{}#{request}", confirmation.kind(), owner.pk());
        let nonce = Token::of_notice(*owner, &id, Purpose::AccountAddress, cx.now, cx.keys()).nonce();
        let pending = PendingAddress { sealed: seal(cx, owner, &account, FIELD, email.expose())?, nonce };
        // Two requests at once: the day's count rests on the version.
        let update = update.version(customer.records.account.version).pending_address(Some(&pending)).address_day(&CodeDay { day: today, sent: asked + 1 });
        commit.update_auth(update, Code::ChangedMeanwhile);
        commit.notice(&id, owner, confirmation.to_json()?, cx.now, Code::ChangedMeanwhile);
        let told = Notice::AccountAddressChanged { at: cx.now, done: false, sealed: None };
        commit.notice(&format!("{}#{}#{request}", told.kind(), owner.pk()), owner, told.to_json()?, cx.now, Code::ChangedMeanwhile);
        Ok(Reply::after(commit, ()))
    }
}
